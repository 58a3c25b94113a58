package autopay

import (
	"context"
	"fmt"
	"time"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
)

const (
	// inReport bounds how many findings of one kind are listed.
	inReport = 100
	// unsentAfter is how long a payment may stand as planned while its run goes on.
	unsentAfter = 2 * time.Hour
)

// Check proves the books of auto pay: no month is taken twice, no attempt asks
// for more than the first, every auto payment belongs to a month and every
// month's attempts are there, and nothing planned was forgotten. It only reads;
// give it one read transaction.
func Check(ctx context.Context, q *db.Queries, now calendar.Instant) ([]ledger.Finding, error) {
	var found []ledger.Finding
	add := func(object, problem string, args ...any) {
		found = append(found, ledger.Finding{Object: object, Problem: fmt.Sprintf(problem, args...)})
	}
	twice, err := q.CheckAutoPayTwice(ctx, inReport)
	if err != nil {
		return nil, fmt.Errorf("autopay: check: %w", err)
	}
	for _, r := range twice {
		add("customer "+r.Number, "Auto Recurring took the month %s with %d payments", r.Period, r.Payments)
	}
	stray, err := q.CheckAutoPayStray(ctx, inReport)
	if err != nil {
		return nil, fmt.Errorf("autopay: check: %w", err)
	}
	for _, reference := range stray {
		add("payment "+reference, "Auto Recurring made it, but it is no attempt at any month")
	}
	missing, err := q.CheckAutoPayMissing(ctx, inReport)
	if err != nil {
		return nil, fmt.Errorf("autopay: check: %w", err)
	}
	for _, r := range missing {
		add("customer "+r.Number, "the month %s of Auto Recurring counts %d attempts, and they are not all there", r.Period, r.Attempts)
	}
	waiting, err := q.CheckAutoPayWaiting(ctx, db.CheckAutoPayWaitingParams{Before: now.Add(-unsentAfter), Most: inReport})
	if err != nil {
		return nil, fmt.Errorf("autopay: check: %w", err)
	}
	for _, r := range waiting {
		add("payment "+r.Reference, "Auto Recurring planned it more than two hours ago and nobody sent it")
	}
	more, err := q.CheckAutoPayMore(ctx, inReport)
	if err != nil {
		return nil, fmt.Errorf("autopay: check: %w", err)
	}
	for _, r := range more {
		add("payment "+r.Reference, "it asks for %s, more than the %s its month began with", r.AmountCents, r.FirstCents)
	}
	return found, nil
}
