package office

import "customerportal/views"

// UsersPage is the tab "Customer Users" of a customer's "Edit"; its define
// "form" is what a refused address is answered with.
type UsersPage struct {
	views.Base
	Customer Ref
	EditTab  string
	Key      string // in groups, as it is printed
	Action   string // where the forms of this tab go
	Users    []CustomerUser
	Email    views.Input
}
