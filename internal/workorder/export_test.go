package workorder

import "customerportal/internal/calendar"

// Check refuses what [Service.Create] would.
func (p Preferred) Check(today calendar.Date) error { return p.check(today) }
