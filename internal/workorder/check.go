package workorder

import (
	"context"
	"fmt"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
)

// most bounds how many findings of one kind are listed.
const most = 100

// Check proves the history of the work orders: each has as many events as its
// version says, every move begins where the one before ended, and it stands where
// the last one put it; its place, its invoice and what it was merged into are its
// customer's; of the invoices made of it all but the last are void; its photos are pictures. It returns what is wrong, nothing when all
// is well. It only reads; give it one read transaction ([db.DB.View]).
func Check(ctx context.Context, q *db.Queries, _ calendar.Instant) ([]ledger.Finding, error) {
	var found []ledger.Finding
	add := func(number, problem string, args ...any) {
		found = append(found, ledger.Finding{Object: "work order " + number, Problem: fmt.Sprintf(problem, args...)})
	}
	versions, err := q.CheckWorkOrderVersions(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("workorder: check: %w", err)
	}
	for _, v := range versions {
		add(v.Number, "it has changed %d times, but its history has %d lines", v.Version, v.Events)
	}
	states, err := q.CheckWorkOrderStates(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("workorder: check: %w", err)
	}
	for _, s := range states {
		add(s.Number, "it is %s, but by its history %s", s.State, s.MovedTo)
	}
	moves, err := q.CheckWorkOrderMoves(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("workorder: check: %w", err)
	}
	for _, m := range moves {
		add(m.Number, "it was %s from %s, but was %s before", m.Kind, m.FromState, m.MovedFrom)
	}
	owners, err := q.CheckWorkOrderOwners(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("workorder: check: %w", err)
	}
	for _, o := range owners {
		add(o.Number, "%s", o.Problem)
	}
	twice, err := q.CheckWorkOrderInvoices(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("workorder: check: %w", err)
	}
	for _, t := range twice {
		add(t.Number, "invoice %s was made of it, too, and is not void", t.Invoice)
	}
	merges, err := q.CheckWorkOrderMerges(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("workorder: check: %w", err)
	}
	for _, number := range merges {
		add(number, "it is merged round in a circle")
	}
	photos, err := q.CheckWorkOrderPhotos(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("workorder: check: %w", err)
	}
	for _, p := range photos {
		add(p.Number, "one of its photos is kept as %s", p.Mime)
	}
	return found, nil
}
