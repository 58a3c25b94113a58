package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
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
	held, _, err := holdings(ctx, q, b.PaymentID)
	if err != nil {
		return err
	}
	rest := b.Amount
	for _, a := range allocations {
		// money that comes back goes where it is missing
		part := min(a.Cents-held[a.InvoiceID], a.BalanceCents, rest)
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

// holdings returns what a payment still holds, by invoice and as unapplied credit
// (0), and its invoices in the order in which they were booked.
func holdings(ctx context.Context, q *db.Queries, paymentID int64) (held map[int64]money.Cents, order []int64, err error) {
	rows, err := q.ListLedgerOfPayment(ctx, db.NullID(paymentID))
	if err != nil {
		return nil, nil, fmt.Errorf("ledger: %w", err)
	}
	held = map[int64]money.Cents{}
	for _, row := range rows {
		id := row.InvoiceID.Int64
		if _, seen := held[id]; !seen && id != 0 {
			order = append(order, id)
		}
		held[id] -= row.Cents
	}
	return held, order, nil
}

// Reversal is money that left again after a payment was booked.
type Reversal struct {
	PaymentID  int64
	CustomerID int64
	Cents      money.Cents // 0 = all that is still booked for the payment
	// Parts is where it comes off as far as that still holds so much, an invoice
	// of 0 being unapplied credit; what is beyond them comes off as by default.
	Parts  []Allocation
	Reason Reason // Refund, Return or Dispute
	Fact   string // as in Booking: "refund re_123"
	Date   calendar.Date
	At     calendar.Instant
}

// Reverse posts the rows of money that left again and returns how much they
// come to and which invoices are open again by them. After the parts that were
// asked for, what the payment still holds as unapplied credit goes first, then
// its invoices, the latest due date first, so that the oldest debt stays paid. It never reverses more than is
// booked for the payment. It runs in the caller's transaction; reversing the
// same fact again changes nothing and returns 0.
func Reverse(ctx context.Context, q *db.Queries, r Reversal) (money.Cents, []int64, error) {
	done, err := posted(ctx, q, r.PaymentID, r.Fact)
	if err != nil || done {
		return 0, nil, err
	}
	held, order, err := holdings(ctx, q, r.PaymentID)
	if err != nil {
		return 0, nil, err
	}
	var total money.Cents
	for _, cents := range held {
		total += cents
	}
	left := r.Cents
	if left == 0 || left > total {
		left = total
	}
	// what comes off each is added up first: one row each, and a fact each
	off := map[int64]money.Cents{}
	take := func(invoiceID int64, most money.Cents) {
		part := min(held[invoiceID]-off[invoiceID], most, left)
		if part > 0 {
			off[invoiceID] += part
			left -= part
		}
	}
	for _, p := range r.Parts {
		take(p.InvoiceID, p.Cents)
	}
	take(0, left)
	// rows were booked with the oldest due date first
	slices.Reverse(order)
	for _, id := range order {
		take(id, left)
	}
	var sum money.Cents
	var reopened []int64
	for _, id := range append([]int64{0}, order...) {
		part := off[id]
		if part == 0 {
			continue
		}
		err := Post(ctx, q, Entry{CustomerID: r.CustomerID, PaymentID: r.PaymentID, InvoiceID: id, Cents: part,
			Reason: r.Reason, Fact: factOf(r.Fact, id), Date: r.Date, At: r.At})
		if err != nil {
			return 0, nil, err
		}
		sum += part
		if id != 0 {
			reopened = append(reopened, id)
		}
	}
	return sum, reopened, nil
}

// CreditUse is unapplied credit put towards an invoice.
type CreditUse struct {
	CustomerID int64
	InvoiceID  int64
	// From is the payment whose credit is used, the oldest first when it is 0.
	From  int64
	Cents money.Cents
	Fact  string // as in Booking: "apply 4F7K9-QXT2B"
	Date  calendar.Date
	At    calendar.Instant
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
	var there money.Cents
	for _, c := range credits {
		if u.From == 0 || c.PaymentID.Int64 == u.From {
			there += money.Cents(-c.Total)
		}
	}
	switch {
	case u.Cents <= there:
	case u.From == 0:
		return fault.New(fault.Conflict, "There is only %s of credit on the account.", there)
	default:
		return fault.New(fault.Conflict, "There is only %s of credit left of this payment.", there)
	}
	left := u.Cents
	for _, c := range credits {
		if u.From != 0 && c.PaymentID.Int64 != u.From {
			continue
		}
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
	return nil
}
