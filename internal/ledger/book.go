package ledger

import (
	"context"
	"fmt"
	"strings"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// Booking is money that arrived for a payment.
type Booking struct {
	PaymentID  int64
	CustomerID int64
	Amount     money.Cents
	Reason     Reason // Payment, or DisputeWon for money that came back
	// Fact begins the facts of its rows and names what happened once for all:
	// "payment 71", "dispute dp_123 won".
	Fact string
	Date calendar.Date
	At   calendar.Instant
}

// Book posts the rows of money that arrived: to each invoice what the payment's
// allocations meant for it, as far as it is still owed, and all the rest as
// unapplied credit. So a payment is never lost when an invoice was paid, or
// voided, while it was under way. It runs in the caller's transaction; booking
// the same fact again changes nothing.
func Book(ctx context.Context, q *db.Queries, b Booking) error {
	booked, err := posted(ctx, q, b.PaymentID, b.Fact)
	if err != nil || booked {
		return err
	}
	allocations, err := q.ListBookableAllocations(ctx, b.PaymentID)
	if err != nil {
		return fmt.Errorf("ledger: booking %s: %w", b.Fact, err)
	}
	rest := b.Amount
	for _, a := range allocations {
		part := min(a.Cents, a.BalanceCents, rest)
		if part <= 0 || a.State != "issued" {
			continue
		}
		e := b.entry(a.InvoiceID, -part)
		if err := Post(ctx, q, e); err != nil {
			return err
		}
		rest -= part
	}
	if rest == 0 {
		return nil
	}
	return Post(ctx, q, b.entry(0, -rest))
}

func (b Booking) entry(invoiceID int64, cents money.Cents) Entry {
	return Entry{CustomerID: b.CustomerID, PaymentID: b.PaymentID, InvoiceID: invoiceID, Cents: cents,
		Reason: b.Reason, Fact: factOf(b.Fact, invoiceID), Date: b.Date, At: b.At}
}

// factOf names one row of a fact that has several.
func factOf(fact string, invoiceID int64) string {
	if invoiceID == 0 {
		return fact + " credit"
	}
	return fmt.Sprintf("%s invoice %d", fact, invoiceID)
}

// posted reports whether rows of that fact stand in the ledger for the payment.
func posted(ctx context.Context, q *db.Queries, paymentID int64, fact string) (bool, error) {
	rows, err := q.ListLedgerOfPayment(ctx, db.NullID(paymentID))
	if err != nil {
		return false, fmt.Errorf("ledger: %w", err)
	}
	for _, r := range rows {
		if strings.HasPrefix(r.Fact, fact+" ") {
			return true, nil
		}
	}
	return false, nil
}

// Reversal is money that left again after a payment was booked.
type Reversal struct {
	PaymentID  int64
	CustomerID int64
	Cents      money.Cents // 0 = all that is still booked for the payment
	Reason     Reason      // Refund, Return or Dispute
	Fact       string      // as in Booking: "refund re_123"
	Date       calendar.Date
	At         calendar.Instant
}

// Reverse posts the rows of money that left again and returns how much they
// come to and which invoices are open again by them. What the payment still
// holds as unapplied credit goes first, then its invoices, the latest due date
// first, so that the oldest debt stays paid. It never reverses more than is
// booked for the payment. It runs in the caller's transaction; reversing the
// same fact again changes nothing and returns 0.
func Reverse(ctx context.Context, q *db.Queries, r Reversal) (money.Cents, []int64, error) {
	rows, err := q.ListLedgerOfPayment(ctx, db.NullID(r.PaymentID))
	if err != nil {
		return 0, nil, fmt.Errorf("ledger: reversing %s: %w", r.Fact, err)
	}
	held := map[int64]money.Cents{} // by invoice, 0 = unapplied credit
	var total money.Cents
	var order []int64
	for _, row := range rows {
		if strings.HasPrefix(row.Fact, r.Fact+" ") {
			return 0, nil, nil
		}
		id := row.InvoiceID.Int64
		if _, seen := held[id]; !seen && id != 0 {
			order = append(order, id)
		}
		held[id] -= row.Cents
		total -= row.Cents
	}
	left := r.Cents
	if left == 0 || left > total {
		left = total
	}
	done := money.Cents(0)
	var reopened []int64
	post := func(invoiceID int64) error {
		part := min(held[invoiceID], left)
		if part <= 0 {
			return nil
		}
		err := Post(ctx, q, Entry{CustomerID: r.CustomerID, PaymentID: r.PaymentID, InvoiceID: invoiceID, Cents: part,
			Reason: r.Reason, Fact: factOf(r.Fact, invoiceID), Date: r.Date, At: r.At})
		if err != nil {
			return err
		}
		left -= part
		done += part
		if invoiceID != 0 {
			reopened = append(reopened, invoiceID)
		}
		return nil
	}
	if err := post(0); err != nil {
		return 0, nil, err
	}
	// rows were booked with the oldest due date first
	for i := len(order) - 1; i >= 0; i-- {
		if err := post(order[i]); err != nil {
			return 0, nil, err
		}
	}
	return done, reopened, nil
}

// CreditUse is unapplied credit put towards an invoice.
type CreditUse struct {
	CustomerID int64
	InvoiceID  int64
	Cents      money.Cents
	Fact       string // as in Booking: "apply 4F7K9-QXT2B"
	Date       calendar.Date
	At         calendar.Instant
}

// ApplyCredit moves unapplied credit to an invoice, the oldest credit first,
// each part staying with the payment it came from so that its reversal finds
// it. It is a Conflict when there is not so much credit or not so much is owed.
// It runs in the caller's transaction, which must be given up on an error; the
// same fact again changes nothing.
func ApplyCredit(ctx context.Context, q *db.Queries, u CreditUse) error {
	credits, err := q.ListUnappliedForCustomer(ctx, u.CustomerID)
	if err != nil {
		return fmt.Errorf("ledger: applying credit: %w", err)
	}
	n, err := q.CountLedgerFacts(ctx, db.CountLedgerFactsParams{CustomerID: u.CustomerID, After: u.Fact + " from ", Before: u.Fact + " from z"})
	if err != nil {
		return fmt.Errorf("ledger: applying credit: %w", err)
	}
	if n > 0 {
		return nil
	}
	left := u.Cents
	for _, c := range credits {
		part := min(money.Cents(-c.Total), left)
		if part <= 0 {
			break
		}
		fact := fmt.Sprintf("%s from %d", u.Fact, c.PaymentID.Int64)
		e := Entry{CustomerID: u.CustomerID, PaymentID: c.PaymentID.Int64, InvoiceID: u.InvoiceID, Cents: -part,
			Reason: Apply, Fact: factOf(fact, u.InvoiceID), Date: u.Date, At: u.At}
		if err := Post(ctx, q, e); err != nil {
			return err
		}
		e.InvoiceID, e.Cents, e.Fact = 0, part, factOf(fact, 0)
		if err := Post(ctx, q, e); err != nil {
			return err
		}
		left -= part
	}
	if left > 0 {
		return checkCredit(ctx, q, Entry{CustomerID: u.CustomerID, Cents: u.Cents})
	}
	return nil
}
