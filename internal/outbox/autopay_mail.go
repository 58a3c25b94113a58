package outbox

import (
	"customerportal/internal/calendar"
	"customerportal/internal/money"
	"customerportal/internal/settings"
)

// AutoPayFailed tells a customer that his auto payment was not taken, why, and
// what mends it.
type AutoPayFailed struct {
	Payment        // without a reference when nothing could be sent
	Reason  string // what happened and what he can do
	Retry   calendar.Date
	// Last says that it was tried several times and is not tried again.
	Last     bool
	Returned bool // the bank sent the money back after it had been taken
	// FixPath is where the card or bank account is replaced; "" when that mends
	// nothing.
	FixPath string
	PayPath string // where it is paid by hand
}

// Template implements [Body].
func (AutoPayFailed) Template() string { return "auto_pay_failed" }

// Subject implements [Body].
func (p AutoPayFailed) Subject(dealer settings.Company) string {
	if p.Returned {
		return dealer.Name + ": your auto payment of " + p.Amount.String() + " was returned"
	}
	return dealer.Name + ": your auto payment of " + p.Amount.String() + " did not go through"
}

// AutoPayAhead tells a customer of an auto payment before it is taken.
type AutoPayAhead struct {
	Amount money.Cents
	Date   calendar.Date
	Method string
	// Last is what was taken the time before, 0 for the first time; Capped the
	// customer's own limit when it cuts the amount, else 0; Credit what is used of
	// the credit on the account.
	Last, Capped, Credit money.Cents
	// Dormant says that nothing was taken for more than six months.
	Dormant  bool
	Invoices []PaidInvoice // Left is what stays open
	Path     string        // where auto pay is switched off or the method replaced
}

// Template implements [Body].
func (AutoPayAhead) Template() string { return "auto_pay_ahead" }

// Subject implements [Body].
func (p AutoPayAhead) Subject(dealer settings.Company) string {
	return dealer.Name + ": " + p.Amount.String() + " will be taken on " + p.Date.String()
}

// AutoPaySummary tells the dealer what became of one run.
type AutoPaySummary struct {
	Day   calendar.Date
	Lines []string // counts and sums
	// Failed are those of whom nothing was taken, with the reason; More is how
	// many others there are.
	Failed []AutoPayLine
	More   int
	Path   string
}

// AutoPayLine is one customer in a summary.
type AutoPayLine struct {
	Customer string // "Ann Lee (customer 1042)"
	Amount   money.Cents
	Words    string
}

// Template implements [Body].
func (AutoPaySummary) Template() string { return "auto_pay_summary" }

// Subject implements [Body].
func (p AutoPaySummary) Subject(settings.Company) string {
	return "Auto Recurring on " + p.Day.String()
}
