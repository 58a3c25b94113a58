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
	// Given are the authorizations of auto pay, the newest first.
	Given []Authorization
}

// Authorization is one consent to auto pay that was given.
type Authorization struct {
	When   string
	Method string
	Limit  string // "" for none
	Day    string
	State  string // "In force", "Ended Nov 3, 2026, ..."
	Active bool
	Href   string // its record as a PDF
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
	Limit    money.Cents // the most in one month, 0 for no limit
	// Then is the day that was arranged from ThenFrom on, "" for no other.
	Then     string
	ThenFrom calendar.Date
	// Change is where the maximum is changed, "" when it cannot be now.
	Change string
}

// ConsentBox is the checkbox "Auto Recurring" with its text in full.
type ConsentBox struct {
	Paragraphs []string
	Token      string
	First      calendar.Date
	Estimate   money.Cents
	Ticked     bool
	Error      string
	Limit      views.Input // the most in one month, as typed
	Reread     string      // where the text with another limit is fetched
	Said       string      // what has changed in the text
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
	On      bool // it is on with this method: a change of the maximum
	Consent ConsentBox
}
