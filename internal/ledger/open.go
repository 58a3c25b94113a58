package ledger

import (
	"context"
	"fmt"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// State is an invoice's state in the words customers read.
type State string

// The states of an invoice.
const (
	Due        State = "Due"
	PastDue    State = "Past due"
	InProgress State = "Payment in progress"
	Paid       State = "Paid"
)

// OpenInvoice is an issued invoice on which something is owed.
type OpenInvoice struct {
	ID       int64
	Number   string
	Date     calendar.Date
	Due      calendar.Date
	Site     string
	Total    money.Cents
	Balance  money.Cents // what the books say is owed
	Reserved money.Cents // of it, in payments that are under way
}

// Payable is what may be paid now: the balance less what is under way, never
// below zero.
func (o OpenInvoice) Payable() money.Cents { return max(0, o.Balance-o.Reserved) }

// State puts into words how the invoice stands on a day. An invoice is in
// progress when payments under way cover all that is owed; one that they cover
// in part stays due for the rest.
func (o OpenInvoice) State(today calendar.Date) State {
	switch {
	case o.Balance == 0:
		return Paid
	case o.Payable() == 0:
		return InProgress
	case o.Due < today:
		return PastDue
	}
	return Due
}

// Age puts into words how far the due date is: "due today", "due in 12 days",
// "3 days past due". It is "" when nothing is left to pay.
func (o OpenInvoice) Age(today calendar.Date) string {
	if o.Payable() == 0 {
		return ""
	}
	switch days := today.DaysUntil(o.Due); {
	case days < -1:
		return fmt.Sprintf("%d days past due", -days)
	case days == -1:
		return "1 day past due"
	case days == 0:
		return "due today"
	case days == 1:
		return "due tomorrow"
	default:
		return fmt.Sprintf("due in %d days", days)
	}
}

// Payable returns the customer's open invoices, the oldest due date first, with
// what is under way on each. Those wholly under way are in the list too: see
// [OpenInvoice.Payable]. It runs in the caller's transaction.
func Payable(ctx context.Context, q *db.Queries, customerID int64) ([]OpenInvoice, error) {
	rows, err := q.ListOpenInvoicesForCustomer(ctx, customerID)
	if err != nil {
		return nil, fmt.Errorf("ledger: open invoices: %w", err)
	}
	open := make([]OpenInvoice, len(rows))
	for i, r := range rows {
		open[i] = OpenInvoice{ID: r.ID, Number: r.Number, Date: r.InvoiceDate, Due: r.DueDate, Site: r.Site,
			Total: r.TotalCents, Balance: r.BalanceCents, Reserved: money.Cents(r.Reserved)}
	}
	return open, nil
}

// Owed is what a customer owes over all open invoices.
type Owed struct {
	Balance money.Cents // what the books say
	Due     money.Cents // what may be paid now: Balance less what is under way
	PastDue money.Cents // of Due, what is past its due date
	Next    calendar.Date
}

// Sum adds up the open invoices. Next is the earliest due date, today's or a
// later one, of what may be paid.
func Sum(open []OpenInvoice, today calendar.Date) Owed {
	var o Owed
	for _, i := range open {
		payable := i.Payable()
		o.Balance += i.Balance
		o.Due += payable
		switch {
		case payable == 0:
		case i.Due < today:
			o.PastDue += payable
		case o.Next.IsZero() || i.Due < o.Next:
			o.Next = i.Due
		}
	}
	return o
}
