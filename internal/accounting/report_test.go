package accounting_test

import (
	"fmt"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/internal/accounting"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

func TestAging(t *testing.T) {
	b := newBooks(t) // on Nov 22; due thirty days after the invoice
	for n, c := range []struct {
		days  int // past due
		cents money.Cents
	}{{-30, 100}, {0, 200}, {1, 400}, {30, 800}, {31, 1600}, {60, 3200}, {61, 6400}, {90, 12800}, {91, 25600}, {500, 51200}} {
		b.issue(int64(1+n%2), fmt.Sprint(10000+n), calendar.Date("2026-11-22").AddDays(-30-c.days), c.cents, 0)
	}
	b.pay(3, "P1", "check", "2026-11-01", 777) // held as credit
	a, err := b.accounting.Aging(t.Context())
	must(t, err)
	got := ""
	for _, age := range append(a.Ages, a.Total) {
		got += fmt.Sprintf("%s %d %d|", age.Label, age.Amount, age.Invoices)
	}
	if want := "Not due yet 300 2|1 to 30 days 1200 2|31 to 60 days 4800 2|61 to 90 days 19200 2|More than 90 days 76800 2|Total 102300 10|"; got != want {
		t.Errorf("%s", got)
	}
	var out strings.Builder
	must(t, b.accounting.WriteAging(t.Context(), &out))
	got = ""
	for _, row := range b.rows(out.String()) {
		got += strings.Join(row, " ") + "|"
	}
	if want := `C1 Ann Lee 1.00 4.00 16.00 64.00 256.00 341.00 0.00|C2 Müller & Söhne "Werk" 2.00 8.00 32.00 128.00 512.00 682.00 0.00|C3 Ann Lee 0.00 0.00 0.00 0.00 0.00 0.00 7.77|`; got != want {
		t.Errorf("%s", got)
	}
}

func TestCash(t *testing.T) {
	b := small(t)
	p := accounting.Period{From: "2026-09-15", To: "2026-11-30"}
	c, err := b.accounting.Cash(t.Context(), p)
	must(t, err)
	if len(c.Months) != 3 || c.Months[0].Month != "2026-09-01" || c.Months[0].Net() != 0 {
		t.Fatalf("%+v", c.Months)
	}
	if n := c.Months[2]; fmt.Sprint(c.Kinds) != "[Credit Card eCheck Check Cash Other]" || fmt.Sprint(n.Received) != "[$120.00 $106.92 $60.00 $0.00 $0.00]" || n.GivenBack != 12692 || n.Net() != 16000 {
		t.Errorf("%v %+v", c.Kinds, n)
	}
	if c.Total.Gross() != 28692 || c.Total.Net() != 16000 {
		t.Errorf("%+v", c.Total)
	}
	var out strings.Builder
	must(t, b.accounting.WriteCash(t.Context(), p, &out))
	if rows := b.rows(out.String()); len(rows) != 3 || strings.Join(rows[2], " ") != "2026-11 120.00 106.92 60.00 0.00 0.00 286.92 126.92 160.00" {
		t.Errorf("%v", rows)
	}
}

func TestTax(t *testing.T) {
	b := small(t)
	b.exec(`INSERT INTO tax_codes (id, code, name, taxes_recurring, taxes_other, created_at) VALUES (1, 'NY-TROY', 'Troy, NY', 1, 1, 1)`)
	x, err := b.accounting.Tax(t.Context(), november)
	must(t, err)
	got := ""
	for _, c := range append(x.Codes, x.Total) {
		got += fmt.Sprintf("%s %d %d %d|", c.Label(), c.Taxed, c.Untaxed, c.Tax)
	}
	// without a code: 120.00 untaxed, 99.00 and 50.00 taxed, the 50.00 voided again
	if want := "No tax code 9900 12000 792|Troy, NY 4500 0 360|No tax code 14400 12000 1152|"; got != want {
		t.Errorf("%s", got)
	}
	s, err := b.accounting.Summarize(t.Context(), november)
	must(t, err)
	if s.Tax != x.Total.Tax {
		t.Errorf("the summary has %s of tax, the report %s", s.Tax, x.Total.Tax)
	}
	var out strings.Builder
	must(t, b.accounting.WriteTax(t.Context(), november, &out))
	if rows := b.rows(out.String()); len(rows) != 2 || strings.Join(rows[1], " ") != "NY-TROY Troy, NY no 45.00 0.00 3.60" {
		t.Errorf("%v", rows)
	}
}

// TestRevenue: the changes of a month lead from what it was to what it is.
func TestRevenue(t *testing.T) {
	b := newBooks(t)
	item := func(customer int64, what string, amount money.Cents, start, end calendar.Date) {
		must(t, b.db.Write(t.Context(), func(q *db.Queries) error {
			_, err := billing.AddItem(t.Context(), q, calendar.InstantOf(b.clock.Now()), billing.ItemRecord{CustomerID: customer, Description: what, Quantity: money.QuantityScale,
				Prices: []billing.DatedPrice{{From: start, Amount: amount}}, Terms: billing.Terms{Cycle: 1, Start: start, End: end}})
			return err
		}))
	}
	item(1, "Monitoring", 3000, "2026-01-01", "")
	item(1, "Lease", 1000, "2026-02-01", "2026-11-10")
	item(2, "=Video", 2500, "2026-11-15", "")
	var out strings.Builder
	must(t, b.accounting.WriteRevenue(t.Context(), "2026-11-01", &out))
	got := ""
	for _, row := range b.rows(out.String()) {
		got += strings.Join(row, ";") + "|"
	}
	want := "2026-10-31;;;;At the end of the day;;40.00|2026-11-10;C1;Ann Lee;Lease;Ended;;-10.00|2026-11-15;C2;Müller & Söhne \"Werk\";'=Video;New;;25.00|2026-11-30;;;;At the end of the day;;55.00|"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
