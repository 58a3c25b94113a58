package outbox

import "customerportal/internal/settings"

// StaffInvite brings a staff member the one-time link to the office.
type StaffInvite struct {
	Name  string
	Link  string
	Hours int // how long the link lives
}

// Template implements [Body].
func (StaffInvite) Template() string { return "staff_invite" }

// Subject implements [Body].
func (StaffInvite) Subject(dealer settings.Company) string {
	return "Your log-in to the office of " + dealer.Name
}
