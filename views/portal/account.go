package portal

import "customerportal/views"

// AccountPage is the log-in's own page: password, devices, other accounts.
type AccountPage struct {
	views.Base
	Username                   string
	Current, Password, Confirm views.Input
	Devices                    []Device
	Others                     bool // there is another device to sign out
	Accounts                   []Account
	// Invoices and Reminders say which of these mails the log-in gets.
	Invoices, Reminders bool
}

// Device is one signed-in browser.
type Device struct {
	ID, Browser, Address string
	SignedIn, LastSeen   string
	Current              bool
}

// Account is one customer that the log-in may see.
type Account struct {
	Number, Name, City string
	Current            bool
}
