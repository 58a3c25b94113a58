package office

import "customerportal/views"

// ContactPage is the tab "Contact" of a customer's "Edit"; its define "form" is
// what a refused form is answered with.
type ContactPage struct {
	views.Base
	Customer Ref
	EditTab  string
	Action   string
	// Version is when the customer was last changed, as this form knows it.
	Version int64
	Name    []views.Input
	Address []views.Input
	Phones  Text
	Emails  Text
	Terms   views.Input
	Sales   views.Input
	Status  Choice
}
