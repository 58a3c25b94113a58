package ledger

import (
	"context"
	"fmt"
	"time"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// Finding is one thing that is wrong with the books, in words for the dealer.
type Finding struct {
	Object  string // "invoice 10023", "payment 4F7K9-QXT2B", "customer 1042"
	Problem string
}

// String joins the two into one line.
func (f Finding) String() string { return f.Object + ": " + f.Problem }

// most bounds how many findings of one kind are listed: a hundred say as much
// as a million.
const most = 100

// staleAfter is how long a payment may stand as submitted without anybody
// having asked the processor about it.
const staleAfter = time.Hour

// CheckBooks proves the books: every balance is recomputed from the ledger, every
// total from its lines, every payment from its rows; no payment is meant for more
// than it comes to or for another customer's invoice, no credit is below zero,
// no money taken is without its charge or its line in the audit trail, and no
// payment is left alone half-way.
// It returns what is wrong, at most a hundred of each kind, nothing when all is
// well. It only reads; give it one read transaction ([db.DB.View]) so that all it
// compares is of one moment.
func CheckBooks(ctx context.Context, q *db.Queries, now calendar.Instant) ([]Finding, error) {
	var found []Finding
	add := func(object, problem string, args ...any) {
		found = append(found, Finding{object, fmt.Sprintf(problem, args...)})
	}
	for _, check := range []func(context.Context, *db.Queries, func(object, problem string, args ...any)) error{
		checkInvoices, checkPayments, checkOwners, checkPayLinks,
	} {
		if err := check(ctx, q, add); err != nil {
			return nil, fmt.Errorf("ledger: check: %w", err)
		}
	}
	stale, err := q.CheckStale(ctx, db.CheckStaleParams{Before: now.Add(-staleAfter), Most: most})
	if err != nil {
		return nil, fmt.Errorf("ledger: check: %w", err)
	}
	for _, p := range stale {
		add("payment "+p.Reference, "was sent to the processor, and for more than an hour nobody asked what became of it")
	}
	return found, nil
}

func checkInvoices(ctx context.Context, q *db.Queries, add func(object, problem string, args ...any)) error {
	balances, err := q.CheckBalances(ctx, most)
	if err != nil {
		return err
	}
	for _, i := range balances {
		add("invoice "+i.Number, "its balance is %s, but its total of %s and its ledger rows of %s make %s",
			i.BalanceCents, i.TotalCents, money.Cents(i.Moved), i.TotalCents+money.Cents(i.Moved))
	}
	totals, err := q.CheckTotals(ctx, most)
	if err != nil {
		return err
	}
	for _, i := range totals {
		add("invoice "+i.Number, "its total is %s with %s tax, but its lines come to %s with %s tax",
			i.TotalCents, i.TaxCents, money.Cents(i.Lines), money.Cents(i.Tax))
	}
	return nil
}

func checkPayments(ctx context.Context, q *db.Queries, add func(object, problem string, args ...any)) error {
	payments, err := q.CheckPayments(ctx, most)
	if err != nil {
		return err
	}
	for _, p := range payments {
		add("payment "+p.Reference, "it is %s with %s, %s of it refunded, but the ledger booked %s of it and took %s back",
			p.State, p.AmountCents, p.RefundedCents, money.Cents(p.Booked), money.Cents(p.Taken))
	}
	over, err := q.CheckAllocations(ctx, most)
	if err != nil {
		return err
	}
	for _, p := range over {
		add("payment "+p.Reference, "it is %s, but %s of it are meant for invoices", p.AmountCents, money.Cents(p.Allocated))
	}
	charges, err := q.CheckCharges(ctx, most)
	if err != nil {
		return err
	}
	for _, p := range charges {
		add("payment "+p.Reference, "money was taken by %s, but its charge there is not known", p.Gateway)
	}
	untold, err := q.CheckAudit(ctx, most)
	if err != nil {
		return err
	}
	for _, reference := range untold {
		add("payment "+reference, "the audit trail does not say who made it")
	}
	return nil
}

func checkOwners(ctx context.Context, q *db.Queries, add func(object, problem string, args ...any)) error {
	owners, err := q.CheckOwners(ctx, most)
	if err != nil {
		return err
	}
	for _, p := range owners {
		add("payment "+p.Reference, "it stands in the books of two customers (invoice %q)", p.Number)
	}
	credit, err := q.CheckCredit(ctx, most)
	if err != nil {
		return err
	}
	for _, c := range credit {
		add("customer "+c.Number, "%s more credit was used than there was", money.Cents(c.Total))
	}
	return nil
}
