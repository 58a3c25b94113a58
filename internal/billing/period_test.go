package billing_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// periods lists the first periods of an item in words.
func periods(t billing.Terms, n int) string {
	var out []string
	p, ok := t.NextPeriod(t.Start)
	for ; ok && len(out) < n; p, ok = t.NextPeriod(p.Until.AddDays(1)) {
		out = append(out, fmt.Sprintf("%s..%s/%d", p.From.ISO(), p.Until.ISO(), p.WholeDays))
	}
	return strings.Join(out, " ")
}

func TestPeriodsNeverDrift(t *testing.T) {
	for _, c := range []struct {
		name  string
		terms billing.Terms
		want  string
	}{
		{"the 1st", billing.Terms{Start: "2026-11-01", Cycle: 1}, "2026-11-01..2026-11-30/30 2026-12-01..2026-12-31/31 2027-01-01..2027-01-31/31"},
		{"the 31st", billing.Terms{Start: "2026-01-31", Cycle: 1}, "2026-01-31..2026-02-27/28 2026-02-28..2026-03-30/31 2026-03-31..2026-04-29/30 2026-04-30..2026-05-30/31 2026-05-31..2026-06-29/30"},
		{"the 31st in a leap year", billing.Terms{Start: "2028-01-31", Cycle: 1}, "2028-01-31..2028-02-28/29 2028-02-29..2028-03-30/31 2028-03-31..2028-04-29/30"},
		{"the 30th", billing.Terms{Start: "2027-01-30", Cycle: 1}, "2027-01-30..2027-02-27/29 2027-02-28..2027-03-29/30 2027-03-30..2027-04-29/31"},
		{"Feb 29 every year", billing.Terms{Start: "2028-02-29", Cycle: 12}, "2028-02-29..2029-02-27/365 2029-02-28..2030-02-27/365 2030-02-28..2031-02-27/365 2031-02-28..2032-02-28/366 2032-02-29..2033-02-27/365"},
		{"a quarter from the 15th", billing.Terms{Start: "2026-11-15", Cycle: 3}, "2026-11-15..2027-02-14/92 2027-02-15..2027-05-14/89"},
		{"two months", billing.Terms{Start: "2026-12-31", Cycle: 2}, "2026-12-31..2027-02-27/59 2027-02-28..2027-04-29/61 2027-04-30..2027-06-29/61"},
		{"half a year", billing.Terms{Start: "2026-08-31", Cycle: 6}, "2026-08-31..2027-02-27/181 2027-02-28..2027-08-30/184 2027-08-31..2028-02-28/182"},
		{"prorated from the 15th", billing.Terms{Start: "2026-11-15", Cycle: 1, Prorate: true}, "2026-11-15..2026-11-30/30 2026-12-01..2026-12-31/31"},
		{"prorated from the 31st", billing.Terms{Start: "2026-01-31", Cycle: 1, Prorate: true}, "2026-01-31..2026-01-31/31 2026-02-01..2026-02-28/28"},
		{"a prorated quarter", billing.Terms{Start: "2026-11-15", Cycle: 3, Prorate: true}, "2026-11-15..2026-11-30/91 2026-12-01..2027-02-28/90"},
		{"a prorated end", billing.Terms{Start: "2026-11-01", End: "2026-12-10", Cycle: 1, Prorate: true}, "2026-11-01..2026-11-30/30 2026-12-01..2026-12-10/31"},
		{"an end that is not prorated", billing.Terms{Start: "2026-11-01", End: "2026-12-10", Cycle: 1}, "2026-11-01..2026-11-30/30 2026-12-01..2026-12-31/31"},
		{"one day", billing.Terms{Start: "2026-11-15", End: "2026-11-15", Cycle: 1, Prorate: true}, "2026-11-15..2026-11-15/30"},
		{"never", billing.Terms{Start: "2026-11-15", End: "2026-11-14", Cycle: 1, Prorate: true}, ""},
	} {
		limit := len(strings.Fields(c.want))
		if !c.terms.End.IsZero() {
			limit = 100 // all there are
		}
		if got := periods(c.terms, limit); got != c.want {
			t.Errorf("%s:\n%s; want\n%s", c.name, got, c.want)
		}
	}
}

// TestPeriodsLeaveNoGap goes through twenty years of every sort of item: each
// day stands in exactly one period, wherever one begins to look.
func TestPeriodsLeaveNoGap(t *testing.T) {
	dice := rand.New(rand.NewPCG(7, 7))
	for range 400 {
		start := calendar.NewDate(2020+dice.IntN(12), 1, 1).AddDays(dice.IntN(366))
		terms := billing.Terms{Start: start, Cycle: []int{1, 2, 3, 6, 12}[dice.IntN(5)], Prorate: dice.IntN(2) == 0}
		day := start
		for range 60 {
			p, ok := terms.NextPeriod(day)
			if !ok || p.From != day || p.Until < p.From || p.Days() > p.WholeDays {
				t.Fatalf("%+v: from %s comes %+v", terms, day, p)
			}
			if !terms.Prorate && p.From.Time(time.UTC).Day() != start.Time(time.UTC).Day() && p.From.AddDays(1).Month() == p.From.Month() {
				t.Fatalf("%+v: a period begins on %s", terms, p.From)
			}
			inside := p.From.AddDays(dice.IntN(p.Days()))
			if again, _ := terms.NextPeriod(inside); terms.Prorate && again.Until != p.Until || !terms.Prorate && inside > p.From && again.From != p.Until.AddDays(1) {
				t.Fatalf("%+v: from %s comes %+v", terms, inside, again)
			}
			day = p.Until.AddDays(1)
		}
	}
}

func TestBillMonth(t *testing.T) {
	for _, c := range []struct {
		terms billing.Terms
		want  calendar.Date
	}{
		{billing.Terms{Start: "2026-12-01", Cycle: 1}, "2026-12-01"},
		{billing.Terms{Start: "2026-12-31", Cycle: 1}, "2026-12-01"},
		{billing.Terms{Start: "2026-11-01", Cycle: 1, Arrears: true}, "2026-12-01"},
		{billing.Terms{Start: "2026-11-02", Cycle: 1, Arrears: true}, "2027-01-01"},
		{billing.Terms{Start: "2026-11-15", Cycle: 1, Arrears: true, Prorate: true}, "2026-12-01"},
		{billing.Terms{Start: "2026-01-01", Cycle: 12, Arrears: true}, "2027-01-01"},
		{billing.Terms{Start: "2026-12-01", End: "2026-12-10", Cycle: 1, Arrears: true, Prorate: true}, "2027-01-01"},
	} {
		p, ok := c.terms.NextPeriod(c.terms.Start)
		if got := c.terms.BillMonth(p); !ok || got != c.want {
			t.Errorf("%+v is billed with %s; want %s", c.terms, got, c.want)
		}
	}
}

// TestProration works examples out by hand.
func TestProration(t *testing.T) {
	type prices = []billing.DatedPrice
	for _, c := range []struct {
		name     string
		terms    billing.Terms
		day      calendar.Date // in the period
		quantity money.Quantity
		prices   prices
		want     string // days/whole=amount of each part
	}{
		// 45.00 x 16/30 = 24.00
		{"starts on Nov 15", billing.Terms{Start: "2026-11-15", Cycle: 1, Prorate: true}, "2026-11-15", 1000, prices{{"2026-11-15", 4500}}, "16/30=24.00"},
		// 45.00 x 17/31 = 24.677
		{"starts on Dec 15", billing.Terms{Start: "2026-12-15", Cycle: 1, Prorate: true}, "2026-12-15", 1000, prices{{"2026-12-15", 4500}}, "17/31=24.68"},
		// 45.00 x 14/28 = 22.50; in a leap year x 15/29 = 23.276
		{"starts on Feb 15", billing.Terms{Start: "2027-02-15", Cycle: 1, Prorate: true}, "2027-02-15", 1000, prices{{"2027-02-15", 4500}}, "14/28=22.50"},
		{"starts on Feb 15, leap year", billing.Terms{Start: "2028-02-15", Cycle: 1, Prorate: true}, "2028-02-15", 1000, prices{{"2028-02-15", 4500}}, "15/29=23.28"},
		// half a cent goes up: 0.01 x 15/30
		{"half a cent", billing.Terms{Start: "2026-11-16", Cycle: 1, Prorate: true}, "2026-11-16", 1000, prices{{"2026-11-16", 1}}, "15/30=0.01"},
		// ends on Dec 10: 45.00 x 10/31 = 14.516
		{"ends on Dec 10", billing.Terms{Start: "2026-01-01", End: "2026-12-10", Cycle: 1, Prorate: true}, "2026-12-01", 1000, prices{{"2026-01-01", 4500}}, "10/31=14.52"},
		// 45.00 x 14/31 = 20.323, 50.00 x 17/31 = 27.419; together 47.742
		{"a new price on Dec 15", billing.Terms{Start: "2026-01-01", Cycle: 1, Prorate: true}, "2026-12-01", 1000, prices{{"2026-01-01", 4500}, {"2026-12-15", 5000}}, "14/31=20.32 17/31=27.42"},
		// 10.05 x 15/30 = 5.025, 10.07 x 15/30 = 5.035; together 10.06, not 5.03 + 5.04
		{"two halves", billing.Terms{Start: "2026-11-01", Cycle: 1, Prorate: true}, "2026-11-01", 1000, prices{{"2026-11-01", 1005}, {"2026-11-16", 1007}}, "15/30=5.03 15/30=5.03"},
		{"the same price anew", billing.Terms{Start: "2026-11-01", Cycle: 1, Prorate: true}, "2026-11-01", 1000, prices{{"2026-11-01", 1005}, {"2026-11-16", 1005}}, "30/30=10.05"},
		{"there and back", billing.Terms{Start: "2026-11-01", Cycle: 1, Prorate: true}, "2026-11-01", 1000, prices{{"2026-11-01", 3000}, {"2026-11-11", 6000}, {"2026-11-21", 3000}}, "10/30=10.00 10/30=20.00 10/30=10.00"},
		// a quarter of 92 days: 135.00 x 46/92 = 67.50, 150.00 x 46/92 = 75.00
		{"in the middle of a quarter", billing.Terms{Start: "2026-10-01", Cycle: 3, Prorate: true}, "2026-10-01", 1000, prices{{"2026-10-01", 13500}, {"2026-11-16", 15000}}, "46/92=67.50 46/92=75.00"},
		// three pieces of 15.00 for 10 of 31 days: 45.00 x 10/31
		{"three pieces", billing.Terms{Start: "2026-01-01", End: "2026-12-10", Cycle: 1, Prorate: true}, "2026-12-01", 3000, prices{{"2026-01-01", 1500}}, "10/31=14.52"},
		{"not prorated", billing.Terms{Start: "2026-11-15", End: "2026-12-20", Cycle: 1}, "2026-12-15", 2000, prices{{"2026-11-15", 4500}, {"2026-12-16", 5000}}, "31/31=90.00"},
		{"not prorated, next period", billing.Terms{Start: "2026-11-15", Cycle: 1}, "2027-01-15", 1000, prices{{"2026-11-15", 4500}, {"2026-12-16", 5000}}, "31/31=50.00"},
		{"an older month at its own price", billing.Terms{Start: "2026-01-01", Cycle: 1, Prorate: true}, "2026-09-01", 1000, prices{{"2026-01-01", 4500}, {"2026-10-01", 5000}}, "30/30=45.00"},
	} {
		p, ok := c.terms.NextPeriod(c.day)
		if !ok {
			t.Errorf("%s: no period", c.name)
			continue
		}
		var got []string
		for _, part := range c.terms.Charge(p, c.quantity, c.prices) {
			got = append(got, fmt.Sprintf("%d/%d=%s", part.Days, part.WholeDays, part.Amount().Plain()))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s; want %s", c.name, s, c.want)
		}
	}
}

// TestProrationAddsUp holds the rule for any change at all: the parts come to
// the exact sum rounded once, and no part is a cent off its own share.
func TestProrationAddsUp(t *testing.T) {
	dice := rand.New(rand.NewPCG(3, 9))
	for range 5000 {
		start := calendar.NewDate(2026, 1, 1).AddMonths(dice.IntN(36))
		terms := billing.Terms{Start: start, Cycle: []int{1, 2, 3, 6, 12}[dice.IntN(5)], Prorate: true}
		p, _ := terms.NextPeriod(start)
		prices := []billing.DatedPrice{{From: start, Amount: money.Cents(dice.IntN(100_000))}}
		for day := 1 + dice.IntN(40); day < p.WholeDays; day += 1 + dice.IntN(200) {
			prices = append(prices, billing.DatedPrice{From: start.AddDays(day), Amount: money.Cents(dice.IntN(100_000))})
		}
		var exact int64
		var sum money.Cents
		for _, part := range terms.Charge(p, 1000, prices) {
			share := int64(0)
			for _, price := range prices {
				if price.From <= part.From {
					share = int64(price.Amount)
				}
			}
			share *= int64(part.Days)
			exact += share
			sum += part.Amount()
			if off := int64(part.Amount())*int64(p.WholeDays) - share; off >= int64(p.WholeDays) || off <= -int64(p.WholeDays) {
				t.Fatalf("%+v: %+v is off", prices, part)
			}
		}
		if off := int64(sum)*int64(p.WholeDays) - exact; 2*off > int64(p.WholeDays) || 2*off <= -int64(p.WholeDays) {
			t.Fatalf("%v over %+v: %s is not the rounded sum", prices, p, sum)
		}
	}
}

func TestPeriodInWords(t *testing.T) {
	for want, p := range map[string]billing.Period{
		"Dec 1-31, 2026":              {From: "2026-12-01", Until: "2026-12-31"},
		"Dec 5, 2026":                 {From: "2026-12-05", Until: "2026-12-05"},
		"Oct 1 - Dec 31, 2026":        {From: "2026-10-01", Until: "2026-12-31"},
		"Dec 15, 2026 - Jan 14, 2027": {From: "2026-12-15", Until: "2027-01-14"},
	} {
		if p.String() != want {
			t.Errorf("%q; want %q", p.String(), want)
		}
	}
}
