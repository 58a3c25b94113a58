package portal

import (
	"customerportal/internal/calendar"
	"customerportal/internal/money"
	"customerportal/views"
)

// MethodsPage is the tab "CC/eCheck".
type MethodsPage struct {
	views.Base
	Methods    []MethodRow
	Verifying  []VerifyingRow
	New        []NewMethod
	Auto       AutoRecurring
	Closed     string // why nothing can be put on file now, "" when it can
	SelfDelete bool   // the customer may delete methods
}

// MethodRow is a card or bank account on file.
type MethodRow struct {
	Label, Kind, Brand, Last4, Expiry string
	Expired, ExpiresSoon, Auto        bool
	// Addresses; "" where that cannot be done.
	Replace, TurnOn, AskDelete, Delete string
}

// VerifyingRow is a bank account that waits to be verified.
type VerifyingRow struct {
	Kind string
	Href string // where, "" when the bank's mail says it
}

// NewMethod is one of the buttons "New Credit Card" and "New eCheck".
type NewMethod struct{ Label, Href string }

// AutoRecurring is how auto pay stands.
type AutoRecurring struct {
	On       bool
	Method   string
	Day      string // "1st"
	Next     calendar.Date
	Estimate money.Cents
}

// ConsentBox is the checkbox "Auto Recurring" with its text in full.
type ConsentBox struct {
	Paragraphs []string
	Token      string
	First      calendar.Date
	Estimate   money.Cents
	Ticked     bool
	Error      string
}

// MethodNewPage is "New Credit Card" or "New eCheck".
type MethodNewPage struct {
	views.Base
	Form MethodForm
}

// MethodForm is what is asked before the processor's page.
type MethodForm struct {
	Errors        views.FieldErrors
	Kind, Label   string
	Nonce         string
	Street, Town  []views.Input // "Bill To Options"
	Replaces      string        // id of the method this one takes the place of
	ReplacesLabel string
	ReplacesAuto  bool
	Consent       ConsentBox
}

// MethodAutoPage switches Auto Recurring on for a method on file.
type MethodAutoPage struct {
	views.Base
	Form AutoForm
}

// AutoForm is its form.
type AutoForm struct {
	Errors  views.FieldErrors
	Label   string
	Action  string
	Consent ConsentBox
}
