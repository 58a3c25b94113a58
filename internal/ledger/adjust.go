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
)

// TakeOff is money that goes from an invoice back to the account as unapplied
// credit.
type TakeOff struct {
	CustomerID int64
	InvoiceID  int64
	// From is the payment whose money it is, 0 = credit that came from none.
	From  int64
	Cents money.Cents // 0 = all that the payment has there
	Fact  string      // as in Booking: "unapply 4F7K9-QXT2B"
	Date  calendar.Date
	At    calendar.Instant
}

// UnapplyCredit takes what a payment has on an invoice off again and keeps it as
// unapplied credit of the same payment; it returns how much that was. More than
// it has there is a Conflict. It runs in the caller's transaction; the same fact
// again changes nothing and returns 0.
func UnapplyCredit(ctx context.Context, q *db.Queries, t TakeOff) (money.Cents, error) {
	n, err := q.CountLedgerFacts(ctx, db.CountLedgerFactsParams{CustomerID: t.CustomerID, After: t.Fact + " ", Before: t.Fact + " z"})
	if err != nil {
		return 0, fmt.Errorf("ledger: unapplying: %w", err)
	}
	if n > 0 {
		return 0, nil
	}
	rows, err := q.ListAppliedOfInvoice(ctx, db.NullID(t.InvoiceID))
	if err != nil {
		return 0, fmt.Errorf("ledger: unapplying: %w", err)
	}
	var applied money.Cents
	for _, r := range rows {
		if r.PaymentID.Int64 == t.From {
			applied = money.Cents(r.Applied)
		}
	}
	part := t.Cents
	if part == 0 {
		part = applied
	}
	if part <= 0 || part > applied {
		return 0, fault.New(fault.Conflict, "Only %s of this is applied there.", applied)
	}
	e := Entry{CustomerID: t.CustomerID, PaymentID: t.From, InvoiceID: t.InvoiceID, Cents: part, Reason: Unapply,
		Fact: factOf(t.Fact, t.InvoiceID), Date: t.Date, At: t.At}
	if err := Post(ctx, q, e); err != nil {
		return 0, err
	}
	e.InvoiceID, e.Cents, e.Fact = 0, -part, factOf(t.Fact, 0)
	return part, Post(ctx, q, e)
}

// Voiding is an invoice that is not to be paid.
type Voiding struct {
	CustomerID int64
	InvoiceID  int64
	Date       calendar.Date
	At         calendar.Instant
}

// VoidInvoice makes an issued invoice void: what was paid on it becomes unapplied credit
// of its payments, what is left is written off, and nothing is owed on it any
// more. It returns how much became credit. Money that is under way for it is a
// Conflict, and so is an invoice that is void already, and one over a deposit that
// another invoice takes off. It runs in the caller's
// transaction, which must be given up on an error.
func VoidInvoice(ctx context.Context, q *db.Queries, v Voiding) (money.Cents, error) {
	i, err := q.GetInvoiceBalanceForCustomer(ctx, db.GetInvoiceBalanceForCustomerParams{ID: v.InvoiceID, CustomerID: v.CustomerID})
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fault.Missing("invoice")
	}
	if err != nil {
		return 0, fmt.Errorf("ledger: voiding: %w", err)
	}
	if i.State != "issued" {
		return 0, fault.New(fault.Conflict, "Invoice %s cannot be voided: it is %s.", i.Number, i.State)
	}
	reserved, err := q.SumReserved(ctx, v.InvoiceID)
	if err != nil {
		return 0, fmt.Errorf("ledger: voiding %s: %w", i.Number, err)
	}
	if reserved > 0 {
		return 0, fault.New(fault.Conflict, "%s for invoice %s is under way. Wait until that payment is settled, then void it.", money.Cents(reserved), i.Number)
	}
	less, err := q.ListInvoicesLessDeposit(ctx, db.NullID(v.InvoiceID))
	if err != nil {
		return 0, fmt.Errorf("ledger: voiding %s: %w", i.Number, err)
	}
	if len(less) > 0 {
		return 0, fault.New(fault.Conflict, "Invoice %s takes this deposit off. Void that one first; the proposal can then be invoiced anew.", less[0])
	}
	rows, err := q.ListAppliedOfInvoice(ctx, db.NullID(v.InvoiceID))
	if err != nil {
		return 0, fmt.Errorf("ledger: voiding %s: %w", i.Number, err)
	}
	fact := fmt.Sprintf("void %d", v.InvoiceID)
	var freed money.Cents
	for _, r := range rows {
		part, err := UnapplyCredit(ctx, q, TakeOff{CustomerID: v.CustomerID, InvoiceID: v.InvoiceID, From: r.PaymentID.Int64,
			Fact: fmt.Sprintf("%s from %d", fact, r.PaymentID.Int64), Date: v.Date, At: v.At})
		if err != nil {
			return 0, err
		}
		freed += part
	}
	if open := i.BalanceCents + freed; open > 0 {
		err := Post(ctx, q, Entry{CustomerID: v.CustomerID, InvoiceID: v.InvoiceID, Cents: -open, Reason: Void,
			Fact: fact + " written off", Date: v.Date, At: v.At})
		if err != nil {
			return 0, err
		}
	}
	n, err := q.VoidInvoice(ctx, v.InvoiceID)
	if err != nil {
		return 0, fmt.Errorf("ledger: voiding %s: %w", i.Number, err)
	}
	if n == 0 {
		return 0, fmt.Errorf("ledger: voiding %s: something is still owed on it", i.Number)
	}
	return freed, nil
}
