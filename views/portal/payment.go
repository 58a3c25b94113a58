package portal

import (
	"customerportal/internal/calendar"
	"customerportal/internal/money"
	"customerportal/views"
)

// PaymentPage is one payment, its receipt on the screen.
type PaymentPage struct {
	views.Base
	Heading    string // "Receipt", "Payment declined"
	Reference  string
	Date       calendar.Date
	Type       string
	Method     string // "Visa ending 4242"
	Amount     money.Cents
	Refunded   money.Cents
	State      string
	StateClass string
	Meaning    string // what the state means, "" when the word says it all
	Failure    string // why it was declined
	Parts      []PaymentPart
	LeftLabel  string // what the last column says
	Unapplied  money.Cents
	Receipt    string // address of the PDF, "" when there is none
	Sandbox    bool   // no money moved
	Checking   bool   // the page asks again by itself until the outcome is known
	GoOn       string // where the customer goes on at the processor, "" when nothing waits there
	Again      string // where to pay again what was not paid, "" when it was
}

// PaymentPart is the part of a payment that went to one invoice.
type PaymentPart struct {
	Invoice  string
	ViewHref string
	Date     calendar.Date
	Total    money.Cents
	Amount   money.Cents
	Left     money.Cents
}
