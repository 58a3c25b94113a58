package ledger

import (
	"context"
	"fmt"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// AutoPayDay is a day of the month (1 to 28) that auto payments are taken on
// from a period on, the month as "2026-12"; From is "" for ever since.
type AutoPayDay struct {
	From string
	Day  int
}

// AutoPayDays are the days of a customer's standing consent in the order they
// came about: its own, then what was arranged with the office since. There is
// always one.
type AutoPayDays []AutoPayDay

// AutoPayPeriod is the period that a day falls into, "2026-12".
func AutoPayPeriod(on calendar.Date) string { return on.ISO()[:len("2026-12")] }

// AutoPayOn is a day of the month in a period: the 15th in "2026-12" is
// 2026-12-15.
func AutoPayOn(period string, day int) calendar.Date {
	return calendar.Date(fmt.Sprintf("%s-%02d", period, day))
}

// DaysOfAutoPay reads the days of a customer's standing consent; none when auto
// pay is off. It runs in the caller's transaction.
func DaysOfAutoPay(ctx context.Context, q *db.Queries, customerID int64) (AutoPayDays, error) {
	rows, err := q.ListMandateDaysForCustomer(ctx, customerID)
	if err != nil {
		return nil, fmt.Errorf("ledger: auto pay: %w", err)
	}
	var days AutoPayDays
	for _, r := range rows {
		days = append(days, AutoPayDay{From: r.FromPeriod, Day: int(r.Day)})
	}
	return days, nil
}

// In returns the day of the month that holds in a period: the last that came
// about of those that have begun by then.
func (d AutoPayDays) In(period string) int {
	day := 0
	for _, a := range d {
		if a.From <= period {
			day = a.Day
		}
	}
	return day
}

// Next returns the day of the next auto payment seen from today: the first one
// after it.
func (d AutoPayDays) Next(today calendar.Date) calendar.Date {
	for month := range 3 {
		first := calendar.NewDate(today.Year(), today.Month(), 1).AddMonths(month)
		period := AutoPayPeriod(first)
		if next := AutoPayOn(period, d.In(period)); next > today {
			return next
		}
	}
	return "" // a period has one payment each month, so that it is never farther away
}

// NextAutoPay returns the day of the next auto payment of a customer whose day
// of the month is given (1 to 28), seen from today: the first such day after it.
func NextAutoPay(today calendar.Date, day int) calendar.Date {
	return AutoPayDays{{Day: day}}.Next(today)
}

// EstimateAutoPay returns what an auto payment on that day comes to as things
// stand: what may be paid of the invoices due by then, less the credit that is
// used first (0 = none), not above the cap (0 = none).
func EstimateAutoPay(open []OpenInvoice, on calendar.Date, limit, credit money.Cents) money.Cents {
	var sum money.Cents
	for _, o := range open {
		if o.Due <= on {
			sum += o.Payable()
		}
	}
	sum = max(0, sum-credit)
	if limit > 0 {
		sum = min(sum, limit)
	}
	return sum
}
