package outbox

import (
	"customerportal/internal/calendar"
	"customerportal/internal/money"
	"customerportal/internal/settings"
)

// Reminder tells a customer what is past due or soon due, all in one mail.
type Reminder struct {
	Name           string
	CustomerNumber string
	PastDue        bool // any of it is
	Invoices       []ReminderInvoice
	Total          money.Cents
	Link           string // a [Writer.PayLinkMark]
}

// ReminderInvoice is one invoice of a reminder.
type ReminderInvoice struct {
	Number string
	Due    calendar.Date
	Age    string // "7 days past due"
	Amount money.Cents
}

// Template implements [Body].
func (Reminder) Template() string { return "reminder" }

// Subject implements [Body].
func (r Reminder) Subject(dealer settings.Company) string {
	if r.PastDue {
		return dealer.Name + ": " + r.Total.String() + " is past due"
	}
	return dealer.Name + ": " + r.Total.String() + " is due soon"
}

// Statement brings a customer a statement of the account as a PDF.
type Statement struct {
	Name     string
	From, To calendar.Date
	Closing  money.Cents // what is owed at the end; negative: credit
}

// Template implements [Body].
func (Statement) Template() string { return "statement" }

// Subject implements [Body].
func (s Statement) Subject(dealer settings.Company) string {
	return dealer.Name + ": your statement, " + s.From.String() + " to " + s.To.String()
}

// Owed reports whether something is owed at the end.
func (s Statement) Owed() bool { return s.Closing > 0 }
