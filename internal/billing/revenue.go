package billing

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// Revenue is the monthly recurring revenue (RMR) at the end of a day: what the
// items that go on come to in a month, a twelfth of their year.
type Revenue struct {
	Monthly   money.Cents
	Items     int64
	Customers int64
}

// RevenueOn returns the recurring revenue at the end of a day. An item that ends
// on that day does not count any more.
func RevenueOn(ctx context.Context, q *db.Queries, day calendar.Date) (Revenue, error) {
	row, err := q.SumRecurring(ctx, day)
	if err != nil {
		return Revenue{}, fmt.Errorf("billing: recurring revenue: %w", err)
	}
	return Revenue{Monthly: perMonth(row.Year), Items: row.Items, Customers: row.Customers}, nil
}

// perMonth makes a month of thousandths of a cent a year, rounded half up.
func perMonth(year int64) money.Cents {
	const scale = 12 * money.QuantityScale
	if year < 0 {
		return -perMonth(-year)
	}
	return money.Cents((2*year + scale) / (2 * scale))
}

// MonthlyOf is what an item comes to in a month.
func MonthlyOf(amount money.Cents, quantity money.Quantity, cycle int64) money.Cents {
	return perMonth(int64(amount) * int64(quantity) * (12 / cycle))
}

// RevenueChange is one change of the recurring revenue.
type RevenueChange struct {
	Day                      calendar.Date
	CustomerNumber, Customer string
	Description              string
	What                     string // "New", "Ended", "New amount"
	Reason                   string
	Monthly                  money.Cents // by how much it changed
}

// RevenueChanges returns what changed the recurring revenue after one day and
// until the end of another, in the order of the days: items that began, ended or
// got another price and are what they are by then.
func RevenueChanges(ctx context.Context, q *db.Queries, after, until calendar.Date) ([]RevenueChange, error) {
	var out []RevenueChange
	begun, err := q.ListRecurringBegun(ctx, db.ListRecurringBegunParams{AfterDate: after, UntilDate: until})
	if err != nil {
		return nil, fmt.Errorf("billing: recurring revenue: %w", err)
	}
	for _, r := range begun {
		out = append(out, RevenueChange{r.StartDate, r.CustomerNumber, r.DisplayName, r.Description, "New", r.Reason, MonthlyOf(money.Cents(r.Amount), r.Quantity, r.CycleMonths)})
	}
	ended, err := q.ListRecurringEnded(ctx, db.ListRecurringEndedParams{AfterDate: after, UntilDate: until})
	if err != nil {
		return nil, fmt.Errorf("billing: recurring revenue: %w", err)
	}
	for _, r := range ended {
		out = append(out, RevenueChange{r.EndDate, r.CustomerNumber, r.DisplayName, r.Description, "Ended", r.EndReason, -MonthlyOf(money.Cents(r.Amount), r.Quantity, r.CycleMonths)})
	}
	repriced, err := q.ListRecurringRepriced(ctx, db.ListRecurringRepricedParams{AfterDate: after, UntilDate: until})
	if err != nil {
		return nil, fmt.Errorf("billing: recurring revenue: %w", err)
	}
	for _, r := range repriced {
		out = append(out, RevenueChange{calendar.Date(r.Changed), r.CustomerNumber, r.DisplayName, r.Description, "New amount", "",
			MonthlyOf(money.Cents(r.Amount), r.Quantity, r.CycleMonths) - MonthlyOf(money.Cents(r.Was), r.Quantity, r.CycleMonths)})
	}
	slices.SortStableFunc(out, func(a, b RevenueChange) int { return cmp.Compare(a.Day, b.Day) })
	return out, nil
}
