package workorder

import "customerportal/internal/calendar"

// ReadPicture makes the picture of a file.
var ReadPicture = readPicture

// Check refuses what [Service.Create] would.
func (p Preferred) Check(today calendar.Date) error { return p.check(today) }
