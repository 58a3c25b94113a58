package office

import "customerportal/views"

// CodePage asks for the second factor.
type CodePage struct {
	views.Base
	Code views.Input
}

// EnrolPage sets up the second factor.
type EnrolPage struct {
	views.Base
	Secret string // to type by hand, in groups
	Code   views.Input
}

// CodesPage shows the recovery codes, once.
type CodesPage struct {
	views.Base
	Codes []string
}

// AccountPage is a staff member's own page.
type AccountPage struct {
	views.Base
	Email, Role                string
	Current, Password, Confirm views.Input
	Code                       views.Input
	Left                       int // recovery codes
}

// SetupPage is where a staff member begins, by a one-time link.
type SetupPage struct {
	views.Base
	Token             string
	First             bool
	Role              string
	Email, Name       views.Input
	Password, Confirm views.Input
}
