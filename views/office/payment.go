package office

import "customerportal/views"

// PaymentPage is one payment with its receipt.
type PaymentPage struct {
	views.Base
	Customer   Ref
	Reference  string
	Amount     string
	State      string
	StateClass string
	Meaning    string // of the state, in a sentence
	Facts      []Fact
	Parts      []PaymentPart
	Credit     string // what went to no invoice, "" for nothing
	PDF        string // address of the receipt, "" when there is none
	Refunds    []RefundRow
	Disputes   []Link
	Waiting    []Link // what waits for a second person
	// Refund and Return are where money is given back, and where the payment is
	// marked as returned; "" when it cannot be, or the viewer may not.
	Refund, Return string
}

// RefundRow is money of a payment that was given back.
type RefundRow struct {
	Reference, Date, Amount, Way, Reason, State, StateClass, Why string
}

// PaymentPart is what went to one invoice.
type PaymentPart struct{ Invoice, Date, Total, Amount, Left string }

// NewPaymentPage records a check or cash; its define "split" is what a change
// of the form is answered with.
type NewPaymentPage struct {
	views.Base
	Customer Ref
	Nonce    string
	// Preview and Record are the addresses the form goes to.
	Preview, Record string
	Kind            Choice
	Number          views.Input
	Date            views.Input
	Amount          views.Input
	Memo            views.Input
	Mail            bool
	MailTo          string // the address a receipt would go to, "" for none on file
	MailError       string
	Split           Split
}

// Split is how the payment is spread over the open invoices.
type Split struct {
	Rows []SplitRow
	// Auto is what the program proposed, so that a change of the amount
	// proposes anew unless somebody has typed parts of their own.
	Auto string
	// Ready says that the payment can be recorded as shown.
	Ready   bool
	Amount  string
	Applied string
	Credit  string // what is left over, "" for nothing
	Error   string
}

// SplitRow is one open invoice.
type SplitRow struct {
	Number, Due, Balance string
	State, StateClass    string
	Name                 string // of the input
	Value                string
	Left                 string // what stays owed, "" before there is an amount
	Error                string
}
