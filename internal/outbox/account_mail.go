package outbox

import "customerportal/internal/settings"

// ContactLine is one changed line of a contact block.
type ContactLine struct{ Field, Before, After string }

// Registered is the mail of a registration: the username and a temporary password, which
// opens nothing but the page where a password of one's own is chosen.
type Registered struct {
	Customer, Number  string
	Username          string
	TemporaryPassword string
	Link              string // one-time link to choosing a password
	Hours             int    // how long the temporary password lives
}

// Template implements [Body].
func (Registered) Template() string { return "registered" }

// Subject implements [Body].
func (Registered) Subject(dealer settings.Company) string {
	return "Your log-in for " + dealer.Name
}

// Recover is the mail with a one-time link to a new password.
type Recover struct {
	Username string
	Link     string
	Hours    int // how long the link lives
}

// Template implements [Body].
func (Recover) Template() string { return "recover" }

// Subject implements [Body].
func (Recover) Subject(dealer settings.Company) string {
	return "A new password for " + dealer.Name
}

// Join is the mail by which a log-in in use takes a further customer.
type Join struct {
	Customer, Number string
	Link             string
	Hours            int
}

// Template implements [Body].
func (Join) Template() string { return "join" }

// Subject implements [Body].
func (Join) Subject(dealer settings.Company) string {
	return "Add an account to your log-in for " + dealer.Name
}

// Joined is the mail to a log-in in use to which the dealer added a customer.
type Joined struct {
	Customer, Number string
}

// Template implements [Body].
func (Joined) Template() string { return "joined" }

// Subject implements [Body].
func (Joined) Subject(dealer settings.Company) string {
	return "An account was added to your log-in for " + dealer.Name
}

// ConfirmEmail is the mail to a new address with the link that confirms it.
type ConfirmEmail struct {
	Customer string
	New      string // the new address
	Link     string
	Hours    int
}

// Template implements [Body].
func (ConfirmEmail) Template() string { return "confirm_email" }

// Subject implements [Body].
func (ConfirmEmail) Subject(dealer settings.Company) string {
	return "Confirm your new e-mail address for " + dealer.Name
}

// EmailChanging is the notice to the former address that another is to take its place.
type EmailChanging struct {
	Customer string
	New      string // the new address
}

// Template implements [Body].
func (EmailChanging) Template() string { return "email_changing" }

// Subject implements [Body].
func (EmailChanging) Subject(dealer settings.Company) string {
	return "Your e-mail address at " + dealer.Name + " is being changed"
}

// PasswordChanged is the notice that a password was changed.
type PasswordChanged struct {
	When string
}

// Template implements [Body].
func (PasswordChanged) Template() string { return "password_changed" }

// Subject implements [Body].
func (PasswordChanged) Subject(dealer settings.Company) string {
	return "Your password for " + dealer.Name + " was changed"
}

// ContactChanged is the mail to the dealer about what a customer changed.
type ContactChanged struct {
	Customer, Number string
	When             string
	Lines            []ContactLine
}

// Template implements [Body].
func (ContactChanged) Template() string { return "contact_changed" }

// Subject implements [Body].
func (b ContactChanged) Subject(_ settings.Company) string {
	return "Customer " + b.Number + " changed their contact information"
}

// EmailAsked is the mail to the dealer that a customer asks for an address to be added.
type EmailAsked struct {
	Customer, Number string
	Email, Phone     string // as typed
	Link             string // the office's list
}

// Template implements [Body].
func (EmailAsked) Template() string { return "email_asked" }

// Subject implements [Body].
func (b EmailAsked) Subject(_ settings.Company) string {
	return "Customer " + b.Number + " asks for an e-mail address to be added"
}
