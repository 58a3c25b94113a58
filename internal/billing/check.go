package billing

import (
	"context"
	"fmt"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// most bounds how many findings of one kind are listed.
const most = 100

// Check proves what was billed: no day of an item is billed twice or is to be,
// every period stands on an invoice of its customer and for what its lines come
// to, every item has an amount, every run adds up to its invoices. It returns
// what is wrong, nothing when all is well. It only reads; give it one read
// transaction ([db.DB.View]).
func Check(ctx context.Context, q *db.Queries, _ calendar.Instant) ([]ledger.Finding, error) {
	var found []ledger.Finding
	add := func(customer, description, problem string, args ...any) {
		found = append(found, ledger.Finding{Object: "customer " + customer + ", " + description, Problem: fmt.Sprintf(problem, args...)})
	}
	overlaps, err := q.CheckPeriodOverlaps(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("billing: check: %w", err)
	}
	for _, o := range overlaps {
		add(o.CustomerNumber, o.Description, "days are billed twice, by the periods from %s and from %s", o.FromDate.ISO(), o.Other)
	}
	again, err := q.CheckNextPeriods(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("billing: check: %w", err)
	}
	for _, n := range again {
		add(n.CustomerNumber, n.Description, "it is billed until %s, but is to be billed again from %s", n.UntilDate.ISO(), n.NextDate.ISO())
	}
	lines, err := q.CheckPeriodLines(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("billing: check: %w", err)
	}
	for _, l := range lines {
		add(l.CustomerNumber, l.Description, "%s are billed with %s and %s tax, but on invoice %s its lines come to %s and %s tax",
			daysInWords(l.FromDate, l.UntilDate), l.AmountCents, l.TaxCents, l.Number, money.Cents(l.LineAmount), money.Cents(l.LineTax))
	}
	owners, err := q.CheckPeriodOwners(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("billing: check: %w", err)
	}
	for _, o := range owners {
		add(o.CustomerNumber, o.Description, "%s are billed on %s, another customer's invoice", daysInWords(o.FromDate, o.UntilDate), o.Number)
	}
	unpriced, err := q.CheckUnpriced(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("billing: check: %w", err)
	}
	for _, u := range unpriced {
		add(u.CustomerNumber, u.Description, "it has no amount from its start on")
	}
	runs, err := q.CheckBillingRuns(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("billing: check: %w", err)
	}
	for _, r := range runs {
		found = append(found, ledger.Finding{Object: "billing of " + MonthInWords(r.MonthDate), Problem: fmt.Sprintf("it counts %d invoices of %s, but made %d of %s",
			r.Invoices, r.TotalCents, r.Made, money.Cents(r.Total))})
	}
	return found, nil
}
