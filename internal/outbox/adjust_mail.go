package outbox

import "customerportal/internal/settings"

// InvoiceVoided tells a customer that an invoice is not to be paid.
type InvoiceVoided struct {
	Number, Date, Total string
	Reason              string
	Credit              string // what had been paid on it and is credit now, "" = nothing
}

// Template implements [Body].
func (InvoiceVoided) Template() string { return "invoice_voided" }

// Subject implements [Body].
func (v InvoiceVoided) Subject(dealer settings.Company) string {
	return dealer.Name + ": invoice " + v.Number + " is void"
}

// CreditGiven tells a customer of a credit.
type CreditGiven struct {
	Amount, Reference, Reason string
	Invoice, Left             string // the invoice it is on and what is left there, "" = it is on the account
	Path                      string
}

// Template implements [Body].
func (CreditGiven) Template() string { return "credit_given" }

// Subject implements [Body].
func (c CreditGiven) Subject(dealer settings.Company) string {
	return dealer.Name + ": a credit of " + c.Amount
}
