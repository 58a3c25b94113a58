package outbox

import "customerportal/internal/settings"

// PaymentReceived tells a customer that a check, cash or another payment at the
// office is in the books.
type PaymentReceived struct {
	Name           string
	CustomerNumber string
	Reference      string
	Date           string // in words, like the amounts
	Method         string // "Check 1042"
	Amount         string
	Parts          []PaymentPart
	Credit         string // what went to no invoice; "" = nothing
	Link           string // of the payment's page
}

// PaymentPart is the part of a payment that went to one invoice.
type PaymentPart struct{ Invoice, Amount, Left string }

// Template implements [Body].
func (PaymentReceived) Template() string { return "payment_received" }

// Subject implements [Body].
func (p PaymentReceived) Subject(dealer settings.Company) string {
	return dealer.Name + ": we received your payment of " + p.Amount
}
