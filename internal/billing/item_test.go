package billing_test

import (
	"strings"
	"testing"

	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
)

// over is what an item was billed for days after a last one.
func (b *books) over(id int64, last calendar.Date) billing.Overpaid {
	b.Helper()
	over, err := b.billing.AfterEnd(b.Context(), 1, id, last)
	b.must(err)
	return over
}

func TestEndOfAnItem(t *testing.T) {
	b := newBooks(t)
	_, err := b.billing.AddTaxCode(t.Context(), office, billing.TaxCode{Code: "NY", Name: "New York", Recurring: true}, 82_500, "2020-01-01")
	b.must(err)
	b.must(b.billing.SetSiteTax(t.Context(), office, 1, billing.SiteTax{SiteID: 1, Code: "NY"}))
	id := b.add(monthly(1, "2026-11-01"))
	b.bill("2026-12-01")
	// December is billed with 45.00 + 3.71. Ten of its 31 days are 14.52 (14.516)
	// with 3.71 x 14.52 / 45.00 = 1.197 tax; the rest of both goes back
	if over := b.over(id, "2026-12-10"); over != (billing.Overpaid{From: "2026-12-11", Until: "2026-12-31", Cents: 4500 - 1452 + 371 - 120}) {
		t.Errorf("after Dec 10: %+v", over)
	}
	// nothing of December is kept, and half of November: 22.50 with 1.86 tax
	if over := b.over(id, "2026-11-15"); over.From != "2026-11-16" || over.Until != "2026-12-31" || over.Cents != 4871+4871-2250-186 {
		t.Errorf("after Nov 15: %+v", over)
	}
	for _, last := range []calendar.Date{"2026-12-31", "2027-03-01"} {
		if over := b.over(id, last); over.Cents != 0 {
			t.Errorf("after %s: %+v", last, over)
		}
	}
	_, err = b.billing.EndItem(t.Context(), office, 1, id, billing.Ending{LastDay: "2026-12-10"})
	b.refused(err, fault.Invalid, "end_reason")
	_, err = b.billing.EndItem(t.Context(), office, 1, id, billing.Ending{LastDay: "2026-10-30", Reason: "Moved"})
	b.refused(err, fault.Invalid, "end_date")
	_, err = b.billing.EndItem(t.Context(), office, 2, id, billing.Ending{LastDay: "2026-12-10", Reason: "Moved"})
	b.refused(err, fault.NotFound, "")
	over, err := b.billing.EndItem(t.Context(), office, 1, id, billing.Ending{LastDay: "2026-12-10", Reason: "Moved"})
	if err != nil || over.Cents != 3299 {
		t.Errorf("%+v, %v", over, err)
	}
	_, err = b.billing.EndItem(t.Context(), office, 1, id, billing.Ending{Reason: "After all"})
	b.refused(err, fault.Conflict, "")
	_, err = b.billing.Start(t.Context(), office, billing.Order{Month: "2027-01-01", Date: "2026-11-20", Due: "2027-01-01"})
	b.refused(err, fault.Conflict, "") // nothing is left
	b.sound()
}

// An item that is not prorated is charged by whole periods, and keeps them.
func TestEndOfAnItemThatIsNotProrated(t *testing.T) {
	b := newBooks(t)
	r := monthly(1, "2026-11-20")
	r.Terms.Prorate = false
	id := b.add(r)
	b.bill("2026-12-01")
	if over := b.over(id, "2026-12-25"); over.Cents != 0 {
		t.Errorf("%+v", over)
	}
	// an end that lies ahead can be moved and taken back
	_, err := b.billing.EndItem(t.Context(), office, 1, id, billing.Ending{LastDay: "2027-02-10", Reason: "Sold"})
	b.must(err)
	_, err = b.billing.EndItem(t.Context(), office, 1, id, billing.Ending{LastDay: "2027-01-25", Reason: "Sold sooner"})
	b.must(err)
	b.day("2026-12-20")
	b.bill("2027-01-01")
	if got := b.invoices(); !strings.Contains(got, "Monitoring, Jan 20 - Feb 19, 2027: 1 x 45.00") {
		t.Errorf("the period of the end is not charged whole:\n%s", got)
	}
	if n := b.count(`SELECT count(*) FROM recurring_items WHERE next_date <> ''`); n != 0 {
		t.Error("it goes on after its end")
	}
}

func TestPriceOfAnItem(t *testing.T) {
	b := newBooks(t)
	id := b.add(monthly(1, "2026-11-01"))
	b.bill("2026-12-01")
	price := func(from calendar.Date, amount money.Cents, reason string) error {
		return b.billing.SetPrice(t.Context(), office, 1, id, from, amount, reason)
	}
	b.refused(price("2026-12-31", 5000, "Tariff"), fault.Invalid, "from_date") // billed
	b.refused(price("2027-01-01", 5000, " "), fault.Invalid, "reason")
	b.refused(price("2027-01-01", money.Max+1, "Tariff"), fault.Invalid, "amount")
	b.must(price("2027-01-16", 5000, "Tariff"))
	b.must(price("2027-01-16", 5500, "Tariff, once more")) // in the place of the first
	b.day("2026-12-20")
	b.bill("2027-01-01")
	// 45.00 x 15/31 = 21.774; with 55.00 x 16/31 = 28.387 it is 50.161
	if got := b.invoices(); !strings.Contains(got, "Jan 1-15, 2027 (15 of 31 days): 1 x 21.77") || !strings.Contains(got, "Jan 16-31, 2027 (16 of 31 days): 1 x 28.39") {
		t.Errorf("January:\n%s", got)
	}
	b.sound()
}

// What was voided is billed again when somebody says so, and only that.
func TestVoidedPeriodIsBilledAgain(t *testing.T) {
	b := newBooks(t)
	id := b.add(monthly(1, "2026-11-01"))
	b.bill("2026-11-01")
	b.bill("2026-12-01")
	_, err := b.billing.BillAgain(t.Context(), office, 1, id)
	b.refused(err, fault.Conflict, "")
	b.exec(`INSERT INTO ledger (customer_id, invoice_id, cents, reason, fact, entry_date, at) SELECT customer_id, id, -total_cents, 'void', 'void 1', '2026-11-16', 1 FROM invoices WHERE number = '1001'`)
	b.exec(`UPDATE invoices SET state = 'void', balance_cents = 0 WHERE number = '1001'`)
	n, err := b.billing.BillAgain(t.Context(), office, 1, id)
	if err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	run := b.bill("2026-12-01")
	if got := b.invoices(); run.Periods != 1 || !strings.HasSuffix(got, "  Monitoring, Nov 1-30, 2026: 1 x 45.00 = 45.00 + 0.00\n") {
		t.Errorf("%+v\n%s", run, got)
	}
	if n := b.count(`SELECT count(*) FROM recurring_items WHERE next_date = '2027-01-01'`); n != 1 {
		t.Error("the item does not go on with January")
	}
}

func TestItemsThatAreRefused(t *testing.T) {
	b := newBooks(t)
	for field, change := range map[string]func(*billing.ItemRecord){
		"description":   func(r *billing.ItemRecord) { r.Description = " \n" },
		"quantity":      func(r *billing.ItemRecord) { r.Quantity = 0 },
		"cycle_months":  func(r *billing.ItemRecord) { r.Terms.Cycle = 4 },
		"end_date":      func(r *billing.ItemRecord) { r.Terms.End = "2026-11-01" },
		"amount":        func(r *billing.ItemRecord) { r.Prices[0].Amount = -1 },
		"price_history": func(r *billing.ItemRecord) { r.Prices[0].From = "2026-12-02" },
		"site_name":     func(r *billing.ItemRecord) { r.SiteID = 2 },
		"system_name":   func(r *billing.ItemRecord) { r.SystemID = 2 },
	} {
		r := monthly(1, "2026-12-01")
		change(&r)
		_, err := b.billing.AddItem(t.Context(), office, r)
		b.refused(err, fault.Invalid, field)
	}
	b.add(monthly(1, "2026-12-01"))
	_, err := b.billing.AddItem(t.Context(), office, monthly(1, "2026-12-01"))
	b.refused(err, fault.Invalid, "description")
}

func TestRevenue(t *testing.T) {
	b := newBooks(t)
	b.add(monthly(1, "2026-01-01")) // 45.00
	year := monthly(1, "2026-11-10")
	year.Description, year.Terms.Cycle, year.Prices[0].Amount, year.Quantity = "Inspection", 12, 10_000, 2000 // 200.00 a year, 16.67
	b.add(year)
	ended := monthly(2, "2026-01-01")
	ended.Terms.End, ended.EndReason = "2026-11-20", "Moved"
	b.add(ended)
	raised := monthly(2, "2026-01-01")
	raised.Description = "Lease"
	raised.Prices = append(raised.Prices, billing.DatedPrice{From: "2026-11-15", Amount: 5000})
	b.add(raised)
	was, err := billing.RevenueOn(t.Context(), b.db.Read(), "2026-10-31")
	b.must(err)
	is, err := billing.RevenueOn(t.Context(), b.db.Read(), "2026-11-30")
	b.must(err)
	if was.Monthly != 13500 || is.Monthly != 4500+1667+5000 || is.Items != 3 || is.Customers != 2 {
		t.Errorf("%+v, then %+v", was, is)
	}
	changes, err := billing.RevenueChanges(t.Context(), b.db.Read(), "2026-10-31", "2026-11-30")
	b.must(err)
	var sum money.Cents
	var words []string
	for _, c := range changes {
		sum += c.Monthly
		words = append(words, c.What)
	}
	if sum != is.Monthly-was.Monthly || strings.Join(words, ",") != "New,New amount,Ended" {
		t.Errorf("%+v", changes)
	}
}
