package portal

import (
	"customerportal/internal/calendar"
	"customerportal/internal/money"
	"customerportal/views"
)

// PayLinkPage is what a pay link opens: the payment screen of a guest.
type PayLinkPage struct {
	views.Base
	Customer string // as it is printed on the invoice
	Form     PayForm
}

// NoLinkPage is the page of a pay link that opens nothing; with Returned, of a
// guest who came back from the processor's page in a browser without cookies.
type NoLinkPage struct {
	views.Base
	Returned bool
}

// LinkPaymentPage is one payment that a guest made.
type LinkPaymentPage struct {
	views.Base
	Heading    string
	Path       string // the page's own address
	Reference  string
	Date       calendar.Date
	Type       string
	Method     string
	Amount     money.Cents
	State      string
	StateClass string
	Meaning    string
	Failure    string
	Parts      []PaymentPart
	Sandbox    bool // no money moved
	Checking   bool
	GoOn       string
	Again      string
	Back       string      // to the open invoices
	Email      views.Input // whom the receipt is mailed to; no Name when there is none
}
