package portal

import "customerportal/views"

// LoginPage is "Log in", for customers and staff alike.
type LoginPage struct {
	views.Base
	Username, Password views.Input
	Next               string // where to go on afterwards, a path
}

// RegisterPage is "New Customer Registration".
type RegisterPage struct {
	views.Base
	Proof []views.Input // the three boxes filled in from the invoice
	Rest  []views.Input
	// Ask offers to ask the dealer to add the e-mail address.
	Ask bool
	// HasLogin offers to choose a new password instead.
	HasLogin bool
}

// RegisteredPage follows a registration that went through.
type RegisteredPage struct{ views.Base }

// JoinPage asks whether a further customer is to be added to the log-in.
type JoinPage struct {
	views.Base
	Token, Customer, Number string
}

// ForgotPage is "Forgot Password?".
type ForgotPage struct {
	views.Base
	Username views.Input
}

// PasswordPage is where a password is chosen: after the first log-in, or by a
// mailed link.
type PasswordPage struct {
	views.Base
	Action            string // where the form goes
	Username          string
	Token             string // of the mailed link; "" after a log-in
	Hint              string
	Password, Confirm views.Input
}

// EmailPage asks whether an address is to be confirmed.
type EmailPage struct {
	views.Base
	Token, Email string
}
