package portal

import (
	"customerportal/internal/calendar"
	"customerportal/internal/money"
	"customerportal/views"
)

// PayPage is the payment screen.
type PayPage struct {
	views.Base
	Form PayForm
}

// PayForm is the screen's one form; htmx is answered with it alone.
type PayForm struct {
	Action   string // the screen's address: "/pay", or that of a pay link
	Guest    bool   // who pays came by a pay link
	Errors   views.FieldErrors
	Nonce    string
	Previous string // the attempt that did not go through, "" for none
	Problem  PayProblem
	Earlier  string   // address of the payment that was there first, "" for none
	Gone     []string // invoices asked for that have nothing left to pay
	Rows     []PayRow
	Total    money.Cents
	Credit   money.Cents // unapplied, held for the customer
	Kinds    []PayKind
	Closed   string // why no payment can be taken online, "" when it can
	Payable  bool   // whether any row can be paid
}

// PayProblem says why nothing was charged, above the form.
type PayProblem struct{ Heading, Message string }

// PayRow is one open invoice.
type PayRow struct {
	Number     string
	Key        string // the number as part of names and ids
	Date, Due  calendar.Date
	Site       string
	Balance    money.Cents
	State      string
	StateClass string
	Age        string
	Yes        bool
	Amount     money.Cents // in force
	Typed      string      // what stands in the box
	Editing    bool        // the box is open
	Error      string
	Reason     string // why it cannot be paid now, "" when it can
	ViewHref   string
}

// PayKind is "Credit Card" or "eCheck" with what is on file of it.
type PayKind struct {
	Kind, Label string
	Chosen      bool
	Methods     []PayMethod
	New         string // the last entry: "New credit card…"
	NewChosen   bool
	KeepLabel   string
	Keep        bool
	Error       string // of the drop-down
}

// PayMethod is an entry of the drop-down.
type PayMethod struct {
	ID      string
	Label   string
	Chosen  bool
	Expired bool
}
