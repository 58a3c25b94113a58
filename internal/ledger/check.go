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
	// Do says what to do about it, "" when the problem says it.
	Do string
}

// String joins them into one line.
func (f Finding) String() string {
	if f.Do == "" {
		return f.Object + ": " + f.Problem
	}
	return f.Object + ": " + f.Problem + ". " + f.Do
}

// most bounds how many findings of one kind are listed: a hundred say as much
// as a million.
const most = 100

// How long a payment or refund may be under way without anybody having asked the
// processor about it: while its outcome is not known, and while it waits for a bank
// or the customer. Events of the processor are looked into, or given up, sooner
// than eventAfter.
const (
	staleAfter   = time.Hour
	waitingAfter = 13 * time.Hour
	eventAfter   = 4 * 24 * time.Hour
)

// What to do about the kinds of findings.
const (
	// doRestore is for what no part of the program can have written.
	doRestore = "The program does not write this: the file was changed from outside, or is damaged. Keep a copy of it, and compare with the last good backup"
	doStart   = "Start the portal: it looks by itself; when it runs, its log says why it cannot"
)

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
		found = append(found, Finding{Object: object, Problem: fmt.Sprintf(problem, args...), Do: doRestore})
	}
	for _, check := range []func(context.Context, *db.Queries, func(object, problem string, args ...any)) error{
		checkInvoices, checkPayments, checkOwners, checkPayLinks,
	} {
		if err := check(ctx, q, add); err != nil {
			return nil, fmt.Errorf("ledger: check: %w", err)
		}
	}
	after, err := checkUnderWay(ctx, q, now)
	if err != nil {
		return nil, fmt.Errorf("ledger: check: %w", err)
	}
	return append(found, after...), nil
}

// checkUnderWay finds what waits for the program itself.
func checkUnderWay(ctx context.Context, q *db.Queries, now calendar.Instant) ([]Finding, error) {
	var found []Finding
	stale, err := q.CheckStale(ctx, db.CheckStaleParams{Before: now.Add(-staleAfter), LongBefore: now.Add(-waitingAfter), Most: most})
	if err != nil {
		return nil, err
	}
	refunds, err := q.CheckStaleRefunds(ctx, db.CheckStaleRefundsParams{Before: now.Add(-staleAfter), LongBefore: now.Add(-waitingAfter), Most: most})
	if err != nil {
		return nil, err
	}
	waits := func(object, state string) {
		problem := "was sent to the processor, and for more than an hour nobody asked what became of it"
		switch state {
		case "planned":
			problem = "was written down and neither sent nor given up for more than an hour"
		case "action", "processing", "pending":
			problem = "is under way at the processor, and for more than half a day nobody asked how it stands"
		}
		found = append(found, Finding{Object: object, Problem: problem, Do: doStart})
	}
	for _, p := range stale {
		waits("payment "+p.Reference, p.State)
	}
	for _, r := range refunds {
		waits("refund "+r.Reference, r.State)
	}
	events, err := q.CheckEvents(ctx, db.CheckEventsParams{ReceivedAt: now.Add(-eventAfter), Limit: most})
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		found = append(found, Finding{Object: "event " + e.EventRef, Problem: fmt.Sprintf("%s told of %q days ago and nobody looked into it", e.Gateway, e.Type), Do: doStart})
	}
	approvals, err := q.CheckApprovals(ctx, db.CheckApprovalsParams{ExpiresAt: now.Add(-waitingAfter), Limit: most})
	if err != nil {
		return nil, err
	}
	for _, a := range approvals {
		f := Finding{Object: fmt.Sprintf("approval %d", a.ID), Problem: fmt.Sprintf("the request for a %s of %s should have run out by now", a.Kind, a.Cents), Do: doStart}
		if a.State == "approved" {
			f.Problem, f.Do = fmt.Sprintf("the %s of %s is approved, but not by a second person, or nothing came of it", a.Kind, a.Cents), doRestore
		}
		found = append(found, f)
	}
	mails, err := q.CheckMails(ctx, most)
	if err != nil {
		return nil, err
	}
	for _, m := range mails {
		found = append(found, Finding{Object: "mail to " + m.ToEmail, Problem: fmt.Sprintf("%q was queued %d times with the same words", m.Subject, m.Copies),
			Do: "Look at the page Mail whether it went out more than once, and tell the one who got it"})
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
	voids, err := q.CheckVoids(ctx, most)
	if err != nil {
		return err
	}
	for _, i := range voids {
		add("invoice "+i.Number, "it is void, but %s are owed on it", i.BalanceCents)
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
	splits, err := q.CheckSplits(ctx, most)
	if err != nil {
		return err
	}
	for _, p := range splits {
		add("payment "+p.Reference, "it is %s, but only %s of it are meant for invoices", p.AmountCents, money.Cents(p.Allocated))
	}
	if err := checkRefunds(ctx, q, add); err != nil {
		return err
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
	trail, err := q.CheckTrail(ctx, most)
	if err != nil {
		return err
	}
	for _, p := range trail {
		add("payment "+p.Reference, "it is %s, but the audit trail does not say when it became so", p.State)
	}
	return nil
}

func checkRefunds(ctx context.Context, q *db.Queries, add func(object, problem string, args ...any)) error {
	sums, err := q.CheckRefunds(ctx, most)
	if err != nil {
		return err
	}
	for _, p := range sums {
		add("payment "+p.Reference, "it says that %s of %s were given back, but its refunds come to %s", p.RefundedCents, p.AmountCents, money.Cents(p.Given))
	}
	rows, err := q.CheckRefundRows(ctx, most)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Booked == 0 {
			add("refund "+r.Reference, "it is %s, but the ledger took %s off payment %s for it", r.State, money.Cents(r.Taken), r.Payment)
		} else {
			add("refund "+r.Reference, "%s of payment %s were given back, but the ledger took %s off for it", r.Cents, r.Payment, money.Cents(r.Taken))
		}
	}
	disputes, err := q.CheckDisputes(ctx, most)
	if err != nil {
		return err
	}
	for _, p := range disputes {
		add("payment "+p.Reference, "it is %s, but its disputes say otherwise", p.State)
	}
	fees, err := q.CheckFees(ctx, most)
	if err != nil {
		return err
	}
	for _, f := range fees {
		add("payment "+f.Reference, "the fee for its return, invoice %s, is another customer's", f.Number)
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
