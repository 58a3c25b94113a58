package outbox

import (
	"customerportal/internal/calendar"
	"customerportal/internal/money"
	"customerportal/internal/settings"
)

// Payment is what the mails about an online payment show of it.
type Payment struct {
	Reference string
	Date      calendar.Date
	Amount    money.Cents
	Method    string // "Visa ending 4242"
	Invoices  []PaidInvoice
	Path      string // of the payment's page
}

// PaidInvoice is the part of a payment that goes to one invoice, and what is
// left to pay on it.
type PaidInvoice struct {
	Number       string
	Amount, Left money.Cents
}

// PaymentReceipt tells the payer that the money has arrived.
type PaymentReceipt struct{ Payment }

// Template implements [Body].
func (PaymentReceipt) Template() string { return "payment_receipt" }

// Subject implements [Body].
func (p PaymentReceipt) Subject(dealer settings.Company) string {
	return dealer.Name + ": receipt for your payment of " + p.Amount.String()
}

// PaymentSubmitted tells the payer that a bank debit is on its way.
type PaymentSubmitted struct{ Payment }

// Template implements [Body].
func (PaymentSubmitted) Template() string { return "payment_submitted" }

// Subject implements [Body].
func (p PaymentSubmitted) Subject(dealer settings.Company) string {
	return dealer.Name + ": your eCheck of " + p.Amount.String() + " is submitted"
}

// PaymentFailed tells the payer that a payment did not go through while he was
// not looking.
type PaymentFailed struct {
	Payment
	Reason  string // what he can do about it
	PayPath string // where he pays again
}

// Template implements [Body].
func (PaymentFailed) Template() string { return "payment_failed" }

// Subject implements [Body].
func (p PaymentFailed) Subject(dealer settings.Company) string {
	return dealer.Name + ": your payment of " + p.Amount.String() + " did not go through"
}

// PaymentReversed tells the payer that money of a received payment left again:
// refunded, returned by the bank, or lost in a dispute.
type PaymentReversed struct {
	Payment
	Title    string        // "Payment returned"
	Words    string        // what happened, in sentences
	Reason   string        // the dealer's, "" = none
	Reopened bool          // whether invoices are open again by it
	Owed     []PaidInvoice // the open ones with what is left to pay
	PayPath  string
}

// Template implements [Body].
func (PaymentReversed) Template() string { return "payment_reversed" }

// Subject implements [Body].
func (p PaymentReversed) Subject(dealer settings.Company) string {
	return dealer.Name + ": " + p.Title + ", payment " + p.Reference
}

// ConsentCopy is the customer's copy of the authorization for auto pay.
type ConsentCopy struct {
	Method     string
	Paragraphs []string // as they were shown
	Accepted   string
	Signed     calendar.Date // the day of the signed form the office entered it from
	SHA256     string
	First      calendar.Date // of the first payment
	Path       string
}

// Template implements [Body].
func (ConsentCopy) Template() string { return "consent_copy" }

// Subject implements [Body].
func (ConsentCopy) Subject(dealer settings.Company) string {
	return dealer.Name + ": your authorization for Auto Recurring"
}

// AutoPayOff confirms that auto pay is off.
type AutoPayOff struct {
	Method string
	When   string
	Reason string // why, when it was not the customer who switched it off
	Path   string
}

// Template implements [Body].
func (AutoPayOff) Template() string { return "auto_pay_off" }

// Subject implements [Body].
func (AutoPayOff) Subject(dealer settings.Company) string {
	return dealer.Name + ": Auto Recurring is off"
}

// AutoPayDay tells a customer that auto pay is taken on another day of the month.
type AutoPayDay struct {
	Method string
	Day    string        // "15th"
	First  calendar.Date // the first payment on it
	Before calendar.Date // the payment before that, on the day as it was; "" for none
	Path   string
}

// Template implements [Body].
func (AutoPayDay) Template() string { return "auto_pay_day" }

// Subject implements [Body].
func (m AutoPayDay) Subject(dealer settings.Company) string {
	return dealer.Name + ": Auto Recurring is taken on the " + m.Day + " from " + m.First.String() + " on"
}

// CardExpires tells a customer that the card auto pay draws on runs out.
type CardExpires struct {
	Method string
	Until  calendar.Date // the last day it is good for
	Next   calendar.Date // of the next auto payment
	Last   bool          // no other mail about it follows
	Path   string        // where it is replaced
}

// Template implements [Body].
func (CardExpires) Template() string { return "card_expires" }

// Subject implements [Body].
func (m CardExpires) Subject(dealer settings.Company) string {
	return dealer.Name + ": " + m.Method + " expires on " + m.Until.String()
}

// PaymentNotice tells the dealer's office of something about payments that a
// person should know or do.
type PaymentNotice struct {
	Title    string
	Customer string // who it is about, "" when it is about nobody
	Lines    []string
	Path     string
}

// Template implements [Body].
func (PaymentNotice) Template() string { return "payment_notice" }

// Subject implements [Body].
func (p PaymentNotice) Subject(settings.Company) string {
	if p.Customer == "" {
		return p.Title
	}
	return p.Title + ": " + p.Customer
}
