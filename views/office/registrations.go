package office

import "customerportal/views"

// RegistrationsPage lists the registrations that need help.
type RegistrationsPage struct {
	views.Base
	Asked  []Registration
	Alerts []Registration // a number or an address reached the limit
	Failed []Registration
}

// Registration is one of them.
type Registration struct {
	When         string
	Number       string // as typed
	Name         string // as typed
	Zip, Phone   string
	Email        string
	IP           string
	Field        string // what did not match, in words
	Customer     string // whose it is, "" when that was not proved
	CustomerHref string
	Action       string
}
