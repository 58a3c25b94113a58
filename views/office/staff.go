package office

import "customerportal/views"

// StaffPage is the list of staff; its define "form" is what a refused
// invitation is answered with.
type StaffPage struct {
	views.Base
	Staff []StaffRow
	Email views.Input
	Name  views.Input
	Role  Choice
	Mail  bool
}

// StaffRow is one staff member.
type StaffRow struct {
	Email, Name, Role string
	LastLogin         string
	State, StateClass string
	Codes             string // recovery codes that are left, in words
	Self, Disabled    bool
	Action            string
	Roles             Choice
}

// InvitedPage shows the one-time link of an invitation, once.
type InvitedPage struct {
	views.Base
	Email  string
	Link   string
	Mailed bool
}
