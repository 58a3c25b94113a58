package demo

import (
	"context"
	"fmt"

	"customerportal/db"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// more is what some customers pay for beside monitoring; days are counted from
// the 1st of this month.
type more struct {
	customer    int
	description string
	cents       money.Cents
	cycle       int
	from, day   int // months from now, and the day of that month
	until       int // months from now of the last day of a month; 0 = it goes on
	reason, end string
}

var extras = []more{
	{customer: 15, description: "Video verification", cents: 1950, cycle: 1, from: 1, day: 15, reason: "Cameras added over the back door"},
	{customer: 5, description: "Guard response", cents: 1200, cycle: 1, from: -8, day: 1, until: 1, reason: "Asked for after the break-in next door", end: "Price"},
	{customer: 9, description: "Annual fire alarm inspection", cents: 24000, cycle: 12, from: -11, day: 1, reason: "Required by the town"},
	{customer: 2, description: "Cellular backup", cents: 895, cycle: 1, from: -2, day: 1, reason: "Landline given up"},
}

// raised is who pays more from the month after the next on.
const raised = 12

// taxes sets the state's sales tax up as it was when the dealer's books begin.
func taxes(ctx context.Context, q *db.Queries, now calendar.Instant) error {
	id, err := q.AddTaxCode(ctx, db.AddTaxCodeParams{Code: "MA", Name: "Massachusetts sales tax", TaxesOther: 1, CreatedAt: now})
	if err != nil {
		return err
	}
	// https://www.mass.gov/guides/sales-and-use-tax
	return q.AddTaxRate(ctx, db.AddTaxRateParams{TaxCodeID: id, FromDate: "2009-08-01", Ppm: int64(salesTax), CreatedAt: now})
}

// recurring writes the items that the invoices of the past were made by, with
// what each of them billed, so that the next run goes on where they end.
func (m *maker) recurring(ctx context.Context, q *db.Queries, now calendar.Instant, b *books) error {
	first := calendar.NewDate(m.today.Year(), m.today.Month(), 1)
	for i, h := range households {
		if h.monthly == 0 {
			continue
		}
		start := first.AddMonths(-h.since)
		for s := range h.sites {
			price := money.Cents(h.monthly) * money.Cents(h.cycle)
			if s > 0 {
				price = money.Cents(h.monthly) * 7 / 10 * money.Cents(h.cycle)
			}
			r := billing.ItemRecord{CustomerID: b.customers[i], SiteID: b.sites[i][s], Description: "Monitoring", Quantity: money.QuantityScale,
				Terms: billing.Terms{Start: start, Cycle: h.cycle, Prorate: true}, Prices: []billing.DatedPrice{{From: start, Amount: price}}, Taxable: true,
				Reason: "New system"}
			if i == raised {
				r.Prices = append(r.Prices, billing.DatedPrice{From: first.AddMonths(2), Amount: price + 500})
			}
			var billed []billing.Billed
			for n, bill := range m.bills {
				if bill.customer != i || !bill.monitoring {
					continue
				}
				p := billing.Billed{From: bill.date, Until: bill.date.AddMonths(h.cycle).AddDays(-1), InvoiceID: b.invoices[n], Position: s + 1,
					Amount: bill.lines[s].Amount(), Tax: bill.lines[s].Tax}
				billed = append(billed, p)
				r.BilledUntil = max(r.BilledUntil, p.Until)
			}
			id, err := billing.AddItem(ctx, q, now, r)
			if err != nil {
				return fmt.Errorf("recurring item of customer %s: %w", customerNumber(i), err)
			}
			for _, p := range billed {
				if err := billing.RecordPeriod(ctx, q, id, p); err != nil {
					return err
				}
			}
		}
	}
	for _, x := range extras {
		start := first.AddMonths(x.from).AddDays(x.day - 1)
		r := billing.ItemRecord{CustomerID: b.customers[x.customer], SiteID: b.sites[x.customer][0], Description: x.description, Quantity: money.QuantityScale,
			Terms: billing.Terms{Start: start, Cycle: x.cycle, Prorate: true}, Prices: []billing.DatedPrice{{From: start, Amount: x.cents}}, Taxable: true,
			Reason: x.reason, EndReason: x.end, BilledUntil: first.AddMonths(1).AddDays(-1)}
		if x.until != 0 {
			r.Terms.End = first.AddMonths(x.until).AddDays(-1)
		}
		if _, err := billing.AddItem(ctx, q, now, r); err != nil {
			return fmt.Errorf("recurring item of customer %s: %w", customerNumber(x.customer), err)
		}
	}
	return nil
}
