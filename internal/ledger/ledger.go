// Package ledger keeps the dealer's books of what is owed: invoices, payments,
// what a payment was split into, and the append-only rows of what actually
// moved. Here, and nowhere else, a balance changes, and here what is open, its
// state and its age are put into words.
//
// The sign of a row is what it does to the customer's debt: a payment is
// negative, its reversal positive. A row with an invoice moves that invoice's
// balance; a row without one is unapplied credit, money the dealer holds for
// the customer.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

// Service is the ledger of the open books. It is safe for use by several
// goroutines.
type Service struct {
	db       *db.DB
	clock    calendar.Clock
	settings *settings.Store
	mail     *outbox.Writer
}

// New returns the ledger of the open books.
func New(d *db.DB, clock calendar.Clock, store *settings.Store, mail *outbox.Writer) *Service {
	return &Service{db: d, clock: clock, settings: store, mail: mail}
}

// Today returns the dealer's local date.
func (s *Service) Today(ctx context.Context) (calendar.Date, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return "", err
	}
	return s.clock.Today(set.Zone), nil
}

// Reason says why a row stands in the ledger.
type Reason string

// The reasons.
const (
	Payment    Reason = "payment"     // a payment was received
	Apply      Reason = "apply"       // unapplied credit went to an invoice
	Unapply    Reason = "unapply"     // and came back from it
	Refund     Reason = "refund"      // the dealer gave money back
	Return     Reason = "return"      // the bank returned a debit or a check
	Dispute    Reason = "dispute"     // the cardholder disputes the charge
	DisputeWon Reason = "dispute_won" // and the dispute ended in the dealer's favour
	Credit     Reason = "credit"      // the dealer owes less without a payment
	Void       Reason = "void"        // the invoice was voided
)

// Entry is one row to be posted.
type Entry struct {
	CustomerID int64
	PaymentID  int64 // 0 = no payment behind it
	InvoiceID  int64 // 0 = unapplied credit
	Cents      money.Cents
	Reason     Reason
	// Fact names what happened, unique over all time: "payment 71 invoice 12".
	Fact string
	Date calendar.Date // the dealer's local day it counts for
	At   calendar.Instant
}

// Post adds one row to the ledger and moves the invoice's balance with it. It
// is the only place that does either, and runs in the caller's transaction.
//
// The same fact posted again changes nothing; the same fact with other contents
// is a Conflict. A row that would take the balance of an invoice below zero or
// above its total, or the customer's unapplied credit below zero, is a Conflict
// too, an invoice that is missing or another customer's is NotFound, and a day
// of the closed period is Invalid (field "date"). A row that is refused leaves
// nothing behind, so the caller may go on.
func Post(ctx context.Context, q *db.Queries, e Entry) error {
	if e.Cents == 0 || e.Fact == "" {
		return fmt.Errorf("ledger: posting %d cents for the fact %q", e.Cents, e.Fact)
	}
	known, err := q.GetLedgerFact(ctx, e.Fact)
	if err == nil {
		if known.CustomerID == e.CustomerID && known.PaymentID == db.NullID(e.PaymentID) && known.InvoiceID == db.NullID(e.InvoiceID) &&
			known.Cents == e.Cents && known.Reason == string(e.Reason) {
			return nil
		}
		return &fault.Error{Kind: fault.Conflict, Message: "This was booked before, with another amount.",
			Err: fmt.Errorf("ledger: fact %q holds %s %s, not %s %s", e.Fact, known.Reason, known.Cents, e.Reason, e.Cents)}
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("ledger: %w", err)
	}
	if err := CheckOpen(ctx, q, "date", e.Date); err != nil {
		return err
	}
	switch {
	case e.InvoiceID != 0:
		err = moveBalance(ctx, q, e)
	case e.Cents > 0:
		err = checkCredit(ctx, q, e)
	default:
		err = nil
	}
	if err != nil {
		return err
	}
	err = q.AddLedgerRow(ctx, db.AddLedgerRowParams{
		CustomerID: e.CustomerID, PaymentID: db.NullID(e.PaymentID), InvoiceID: db.NullID(e.InvoiceID),
		Cents: e.Cents, Reason: string(e.Reason), Fact: e.Fact, EntryDate: e.Date, At: e.At,
	})
	if err != nil {
		return fmt.Errorf("ledger: posting %q: %w", e.Fact, err)
	}
	return nil
}

// moveBalance moves what is owed on the entry's invoice, or says why it cannot.
func moveBalance(ctx context.Context, q *db.Queries, e Entry) error {
	n, err := q.MoveInvoiceBalance(ctx, db.MoveInvoiceBalanceParams{Cents: e.Cents, ID: e.InvoiceID, CustomerID: e.CustomerID})
	if err != nil {
		return fmt.Errorf("ledger: posting %q: %w", e.Fact, err)
	}
	if n == 1 {
		return nil
	}
	i, err := q.GetInvoiceBalanceForCustomer(ctx, db.GetInvoiceBalanceForCustomerParams{ID: e.InvoiceID, CustomerID: e.CustomerID})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fault.Missing("invoice")
	case err != nil:
		return fmt.Errorf("ledger: %w", err)
	case i.State != "issued":
		return fault.New(fault.Conflict, "Invoice %s is not open for payments.", i.Number)
	case e.Cents < 0:
		return fault.New(fault.Conflict, "Invoice %s has only %s left to pay.", i.Number, i.BalanceCents)
	}
	return fault.New(fault.Conflict, "Only %s was paid on invoice %s.", i.TotalCents-i.BalanceCents, i.Number)
}

// checkCredit refuses to use more unapplied credit than there is.
func checkCredit(ctx context.Context, q *db.Queries, e Entry) error {
	held, err := Unapplied(ctx, q, e.CustomerID)
	if err != nil {
		return err
	}
	if e.Cents > held {
		return fault.New(fault.Conflict, "There is only %s of credit on the account.", held)
	}
	return nil
}

// Unapplied returns the credit the dealer holds for the customer, never negative.
func Unapplied(ctx context.Context, q *db.Queries, customerID int64) (money.Cents, error) {
	sum, err := q.SumUnappliedForCustomer(ctx, customerID)
	if err != nil {
		return 0, fmt.Errorf("ledger: unapplied credit: %w", err)
	}
	return money.Cents(-sum), nil
}
