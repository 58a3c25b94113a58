package outbox

import (
	"customerportal/internal/calendar"
	"customerportal/internal/money"
	"customerportal/internal/settings"
)

// InvoiceIssued brings a customer an invoice, with a link to pay it by.
type InvoiceIssued struct {
	Name           string
	CustomerNumber string
	Number         string
	Date, Due      calendar.Date
	Site           string
	Lines          []InvoiceLine
	MoreLines      int         // how many are left out
	Tax            money.Cents // of all lines
	Total          money.Cents
	Balance        money.Cents // what is left to pay; zero when it is paid
	// AutoPay says what auto pay will do, "" when it is off: "… will be taken on
	// Dec 1, 2026 from Visa ending 4242". With it nothing need be done.
	AutoPay  string
	Link     string // a [Writer.PayLinkMark]
	Attached bool   // the PDF
}

// InvoiceLine is what one line of an invoice charges for.
type InvoiceLine struct {
	Description string
	Amount      money.Cents // before tax
}

// Template implements [Body].
func (InvoiceIssued) Template() string { return "invoice_issued" }

// Subject implements [Body].
func (i InvoiceIssued) Subject(dealer settings.Company) string {
	s := dealer.Name + ": invoice " + i.Number
	switch {
	case i.Balance == 0:
		return s
	case i.AutoPay != "":
		return s + ", " + i.Balance.String() + ", by auto pay"
	}
	return s + ", " + i.Balance.String() + " due " + i.Due.String()
}

// GuestReceipt is the receipt of a payment that somebody made by a pay link, for
// an address he typed. It has no way into the portal, and says nothing of the
// customer but the invoices he paid.
type GuestReceipt struct {
	Reference string
	Date      calendar.Date
	Method    string
	Amount    money.Cents
	State     string
	Settled   bool
	Invoices  []PaidInvoice // what is left is not the payer's to know
}

// Template implements [Body].
func (GuestReceipt) Template() string { return "guest_receipt" }

// Subject implements [Body].
func (g GuestReceipt) Subject(dealer settings.Company) string {
	return dealer.Name + ": receipt for your payment of " + g.Amount.String()
}
