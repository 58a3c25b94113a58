package billing_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// monthly is an item of 45.00 a month at the customer's site.
func monthly(customer int64, start calendar.Date) billing.ItemRecord {
	return billing.ItemRecord{CustomerID: customer, SiteID: customer, Description: "Monitoring", Quantity: 1000,
		Terms: billing.Terms{Start: start, Cycle: 1, Prorate: true}, Prices: []billing.DatedPrice{{From: start, Amount: 4500}}, Taxable: true, Reason: "New system"}
}

func (b *books) add(r billing.ItemRecord) int64 {
	b.Helper()
	id, err := b.billing.AddItem(b.Context(), office, r)
	b.must(err)
	return id
}

// bill runs a month as the settings have it and returns the run.
func (b *books) bill(month calendar.Date) db.GetBillingRunRow {
	b.Helper()
	s, err := b.store.Current(b.Context())
	b.must(err)
	id, err := b.billing.Start(b.Context(), office, billing.DefaultOrder(s, calendar.Clock(b.clock.Now).Today(s.Zone), month))
	b.must(err)
	b.must(b.billing.Run(b.Context()))
	return b.theRun(id)
}

func (b *books) theRun(id int64) db.GetBillingRunRow {
	b.Helper()
	r, err := b.db.Read().GetBillingRun(b.Context(), id)
	b.must(err)
	return r
}

// invoices lists every invoice with its lines.
func (b *books) invoices() string {
	b.Helper()
	rows, err := b.db.Reader().QueryContext(b.Context(), `SELECT i.id, i.number, c.number, i.invoice_date, i.due_date, i.total_cents FROM invoices i JOIN customers c ON c.id = i.customer_id ORDER BY i.id`)
	b.must(err)
	defer func() { b.must(rows.Close()) }()
	var out strings.Builder
	for rows.Next() {
		var id, total int64
		var number, customer, date, due string
		b.must(rows.Scan(&id, &number, &customer, &date, &due, &total))
		fmt.Fprintf(&out, "%s %s %s due %s %s\n", number, customer, date, due, money.Cents(total).Plain())
		lines, err := b.db.Read().ListInvoiceLines(b.Context(), id)
		b.must(err)
		for _, l := range lines {
			fmt.Fprintf(&out, "  %s: %s x %s = %s + %s\n", l.Description, l.Quantity, l.UnitPriceCents.Plain(), l.AmountCents.Plain(), l.TaxCents.Plain())
		}
	}
	b.must(rows.Err())
	return out.String()
}

// sound fails the test when the doctor finds anything.
func (b *books) sound() {
	b.Helper()
	b.must(b.db.View(b.Context(), func(q *db.Queries) error {
		found, err := billing.Check(b.Context(), q, 1)
		for _, f := range found {
			b.Errorf("the doctor: %s", f)
		}
		more, err2 := ledger.CheckBooks(b.Context(), q, calendar.Clock(b.clock.Now).Now())
		for _, f := range more {
			b.Errorf("the doctor: %s", f)
		}
		return errors.Join(err, err2)
	}))
}

func TestRunMakesTheMonthsInvoices(t *testing.T) {
	b := newBooks(t)
	b.day("2026-11-20")
	b.must(b.store.Set(t.Context(), audit.Program, map[string]string{"company.email": "office@dealer.example"}))
	_, err := b.billing.AddTaxCode(t.Context(), office, billing.TaxCode{Code: "NY", Name: "New York", Recurring: true}, 82_500, "2020-01-01")
	b.must(err)
	b.must(b.billing.SetSiteTax(t.Context(), office, 1, billing.SiteTax{SiteID: 1, Code: "NY"}))
	b.exec(`DELETE FROM customer_emails WHERE customer_id = 2`)
	b.add(monthly(1, "2026-12-01"))
	lease := monthly(1, "2026-12-01")
	lease.Description, lease.Quantity, lease.Prices[0].Amount, lease.Taxable, lease.Terms.Cycle = "Camera lease", 3000, 1999, false, 3
	b.add(lease)
	b.add(monthly(2, "2026-12-15"))
	preview, err := b.billing.Preview(t.Context(), billing.Order{Month: "2026-12-01", Date: "2026-11-20", Due: "2026-12-01", Mail: true},
		func(i *billing.PlannedInvoice, p *billing.Problem) error {
			if p != nil && (p.Held || !strings.Contains(p.Words, "no tax code")) {
				t.Errorf("a problem: %+v", p)
			}
			return nil
		})
	b.must(err)
	run := b.bill("2026-12-01")
	// 45.00 + 8.25 % = 3.7125; 17 of 31 days of 45.00 = 24.677
	want := `1001 C1 2026-11-20 due 2026-12-01 108.68
  Monitoring, Dec 1-31, 2026: 1 x 45.00 = 45.00 + 3.71
  Camera lease, Dec 1, 2026 - Feb 28, 2027: 3 x 19.99 = 59.97 + 0.00
1002 C2 2026-11-20 due 2026-12-01 24.68
  Monitoring, Dec 15-31, 2026 (17 of 31 days): 1 x 24.68 = 24.68 + 0.00
`
	if got := b.invoices(); got != want {
		t.Errorf("made\n%s; want\n%s", got, want)
	}
	if run.State != "done" || run.Invoices != 2 || run.Periods != 3 || run.Mailed != 1 || run.TotalCents != 13336 || run.TaxCents != 371 || run.Problems != 1 || run.Customers != run.ToDo {
		t.Errorf("the run: %+v", run)
	}
	if preview.Total != run.TotalCents || preview.Tax != run.TaxCents || preview.Invoices != 2 || preview.Periods != 3 || preview.ToPrint != 1 {
		t.Errorf("the preview said %+v", preview)
	}
	if n := b.count(`SELECT count(*) FROM outbox WHERE to_email = 'c1@example.com' AND subject LIKE '%1001%'`); n != 1 {
		t.Errorf("%d mails to the customer", n)
	}
	if n := b.count(`SELECT count(*) FROM outbox WHERE to_email = 'office@dealer.example' AND subject = 'December 2026 is billed'`); n != 1 {
		t.Errorf("%d summaries", n)
	}
	b.sound()

	// again makes nothing
	_, err = b.billing.Start(t.Context(), office, billing.Order{Month: "2026-12-01", Date: "2026-11-20", Due: "2026-12-01"})
	b.refused(err, fault.Conflict, "")
	b.day("2026-12-20")
	b.bill("2027-01-01")
	if got := strings.TrimPrefix(b.invoices(), want); got != `1003 C1 2026-12-20 due 2027-01-01 48.71
  Monitoring, Jan 1-31, 2027: 1 x 45.00 = 45.00 + 3.71
1004 C2 2026-12-20 due 2027-01-01 45.00
  Monitoring, Jan 1-31, 2027: 1 x 45.00 = 45.00 + 0.00
` {
		t.Errorf("January:\n%s", got)
	}
	b.sound()
}

// A month that nobody ran is caught up, each period at its own price and tax.
func TestRunCatchesUp(t *testing.T) {
	b := newBooks(t)
	b.day("2026-11-20")
	id, err := b.billing.AddTaxCode(t.Context(), office, billing.TaxCode{Code: "NY", Name: "New York", Recurring: true}, 100_000, "2020-01-01")
	b.must(err)
	b.must(b.billing.AddTaxRate(t.Context(), office, id, 200_000, "2026-11-01"))
	b.must(b.billing.SetSiteTax(t.Context(), office, 1, billing.SiteTax{SiteID: 1, Code: "NY"}))
	item := b.add(monthly(1, "2026-09-16"))
	b.must(b.billing.SetPrice(t.Context(), office, 1, item, "2026-11-16", 6000, "New tariff"))
	run := b.bill("2026-12-01")
	// Sep 16-30 is half of 45.00; November is half at 45.00 and half at 60.00
	want := `1001 C1 2026-11-20 due 2026-12-01 209.25
  Monitoring, Sep 16-30, 2026 (15 of 30 days): 1 x 22.50 = 22.50 + 2.25
  Monitoring, Oct 1-31, 2026: 1 x 45.00 = 45.00 + 4.50
  Monitoring, Nov 1-15, 2026 (15 of 30 days): 1 x 22.50 = 22.50 + 4.50
  Monitoring, Nov 16-30, 2026 (15 of 30 days): 1 x 30.00 = 30.00 + 6.00
  Monitoring, Dec 1-31, 2026: 1 x 60.00 = 60.00 + 12.00
`
	if got := b.invoices(); got != want {
		t.Errorf("made\n%s; want\n%s", got, want)
	}
	if run.Periods != 4 || run.Problems != 1 {
		t.Errorf("the run: %+v", run)
	}
	b.sound()
}

// What looks like a slip is not billed for years back.
func TestRunHoldsWhatWasNotBilledForYears(t *testing.T) {
	b := newBooks(t)
	item := b.add(monthly(1, "2019-01-01"))
	run := b.bill("2026-12-01")
	if run.Invoices != 0 || run.Problems != 1 {
		t.Fatalf("the run: %+v", run)
	}
	b.refused(b.billing.BillFrom(t.Context(), office, 1, item, "2026-12-01", ""), fault.Invalid, "reason")
	b.must(b.billing.BillFrom(t.Context(), office, 1, item, "2026-12-01", "Billed in the old books"))
	if run = b.bill("2026-12-01"); run.Invoices != 1 || run.Periods != 1 || run.TotalCents != 4500 {
		t.Errorf("the run: %+v", run)
	}
}

func TestRunInArrears(t *testing.T) {
	b := newBooks(t)
	r := monthly(1, "2026-11-10")
	r.Terms.Arrears = true
	b.add(r)
	b.exec(`UPDATE customers SET terms = 'Net 30' WHERE id = 1`)
	b.bill("2026-12-01")
	// 21 of 30 days of 45.00; due by the customer's terms, which are longer
	if got := b.invoices(); got != `1001 C1 2026-11-15 due 2026-12-15 31.50
  Monitoring, Nov 10-30, 2026 (21 of 30 days): 1 x 31.50 = 31.50 + 0.00
` {
		t.Errorf("made\n%s", got)
	}
	if n := b.count(`SELECT count(*) FROM recurring_items WHERE next_date = '2026-12-01' AND bill_date = '2027-01-01'`); n != 1 {
		t.Error("the item does not go on with December, billed in January")
	}
}

func TestRunPerSiteAndPerCustomer(t *testing.T) {
	for _, per := range []string{"customer", "site"} {
		b := newBooks(t)
		b.must(b.store.Set(t.Context(), audit.Program, map[string]string{"billing.invoices": per}))
		b.exec(`INSERT INTO sites (id, customer_id, name) VALUES (7, 1, 'Warehouse')`)
		b.exec(`INSERT INTO systems (id, site_id, name) VALUES (7, 7, 'Fire')`)
		b.add(monthly(1, "2026-12-01"))
		far := monthly(1, "2026-12-01")
		far.SiteID, far.SystemID = 0, 7
		b.add(far)
		b.bill("2026-12-01")
		want := `1001 C1 2026-11-15 due 2026-12-01 90.00
  Shop, Monitoring, Dec 1-31, 2026: 1 x 45.00 = 45.00 + 0.00
  Warehouse, Fire: Monitoring, Dec 1-31, 2026: 1 x 45.00 = 45.00 + 0.00
`
		if per == "site" {
			want = `1001 C1 2026-11-15 due 2026-12-01 45.00
  Monitoring, Dec 1-31, 2026: 1 x 45.00 = 45.00 + 0.00
1002 C1 2026-11-15 due 2026-12-01 45.00
  Monitoring, Dec 1-31, 2026: 1 x 45.00 = 45.00 + 0.00
`
		}
		if got := b.invoices(); got != want {
			t.Errorf("per %s:\n%s; want\n%s", per, got, want)
		}
		b.sound()
	}
}

// What cannot be billed is said in words and waits; the rest is billed.
func TestRunHoldsWhatCannotBeBilled(t *testing.T) {
	b := newBooks(t)
	b.customer(3, "")
	b.exec(`UPDATE sites SET tax_code = 'XX' WHERE id = 1`)
	b.exec(`UPDATE customers SET status = 'inactive' WHERE id = 2`)
	b.add(monthly(1, "2026-12-01"))
	untaxed := monthly(1, "2026-12-01")
	untaxed.Taxable, untaxed.Description = false, "Lease"
	b.add(untaxed)
	b.add(monthly(2, "2026-12-01"))
	free := monthly(3, "2026-12-01")
	free.Prices[0].Amount = 0
	b.add(free)
	run := b.bill("2026-12-01")
	if run.Invoices != 1 || run.Problems != 3 || run.Customers != 3 || run.Periods != 2 {
		t.Errorf("the run: %+v", run)
	}
	problems, err := b.db.Read().ListBillingRunProblems(t.Context(), db.ListBillingRunProblemsParams{RunID: run.ID, Most: 10})
	b.must(err)
	for i, want := range []string{"the site Shop has the tax code XX", "inactive", "costs nothing"} {
		if !strings.Contains(problems[i].Words, want) || (problems[i].Held == 0) != (i == 2) {
			t.Errorf("problem %d: %+v", i, problems[i])
		}
	}
	b.sound()
	// put right, they are billed by the next run; what was free is not asked again
	b.exec(`UPDATE sites SET tax_code = '' WHERE id = 1`)
	b.exec(`UPDATE customers SET status = 'active' WHERE id = 2`)
	if run = b.bill("2026-12-01"); run.Invoices != 2 || run.Problems != 0 || run.TotalCents != 9000 {
		t.Errorf("the second run: %+v", run)
	}
	b.sound()
}

// A customer whose invoice the books refuse is left out; the others are billed.
func TestRunGoesOnBehindAFault(t *testing.T) {
	b := newBooks(t)
	b.add(monthly(1, "2026-12-01"))
	b.add(monthly(2, "2026-12-01"))
	// the period is there, so billing it again is refused by the database
	b.exec(`CREATE TRIGGER broken BEFORE INSERT ON recurring_periods WHEN NEW.item_id = 1 BEGIN SELECT RAISE(ABORT, 'broken'); END`)
	run := b.bill("2026-12-01")
	if run.State != "done" || run.Invoices != 1 || run.Problems != 1 || b.count(`SELECT count(*) FROM invoices`) != 1 || b.count(`SELECT count(*) FROM outbox WHERE kind LIKE 'invoice%'`) != 1 {
		t.Errorf("the run: %+v\n%s", run, b.invoices())
	}
	b.exec(`DROP TRIGGER broken`)
	if run = b.bill("2026-12-01"); run.Invoices != 1 || b.count(`SELECT count(*) FROM invoices`) != 2 {
		t.Errorf("the second run: %+v", run)
	}
	b.sound()
}

func TestRunStopsAndGoesOn(t *testing.T) {
	b := newBooks(t)
	b.add(monthly(1, "2026-12-01"))
	b.add(monthly(2, "2026-12-01"))
	order := billing.Order{Month: "2026-12-01", Date: "2026-11-20", Due: "2026-12-01", Mail: true}
	id, err := b.billing.Start(t.Context(), office, order)
	b.must(err)
	_, err = b.billing.Start(t.Context(), office, order)
	b.refused(err, fault.Conflict, "")
	b.must(b.billing.Stop(t.Context(), office, id))
	b.must(b.billing.Run(t.Context()))
	if n := b.count(`SELECT count(*) FROM invoices`); n != 0 {
		t.Errorf("%d invoices by a stopped run", n)
	}
	b.refused(b.billing.Stop(t.Context(), office, id), fault.Conflict, "")
	b.must(b.billing.Continue(t.Context(), office, id))
	b.must(b.billing.Run(t.Context()))
	if r := b.theRun(id); r.State != "done" || r.Invoices != 2 {
		t.Errorf("%+v", r)
	}
	b.refused(b.billing.Continue(t.Context(), office, id), fault.Conflict, "")
	b.refused(b.billing.Stop(t.Context(), office, 99), fault.NotFound, "")
}

// TestRunSurvivesAnyStop lets the program end at every statement in turn, and
// starts it again until the run is done: every period is billed once, every mail
// queued once.
func TestRunSurvivesAnyStop(t *testing.T) {
	b := newBooks(t)
	const customers = 6
	for id := 3; id <= customers; id++ {
		b.customer(id, fmt.Sprintf("c%d@example.com", id))
	}
	for id := range int64(customers) {
		b.add(monthly(id+1, "2026-11-01"))
	}
	order := billing.Order{Month: "2026-12-01", Date: "2026-11-20", Due: "2026-12-01", Mail: true}
	id, err := b.billing.Start(t.Context(), office, order)
	b.must(err)
	for after := 1; b.theRun(id).State != "done"; after += 7 {
		ctx := dyingAfter(t.Context(), after)
		if err := b.billing.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("after %d: %v", after, err)
		}
		if after > 10_000 {
			t.Fatal("the run never ends")
		}
		if b.theRun(id).State == "stopped" {
			t.Fatalf("after %d: the run was stopped: %s", after, b.theRun(id).Trouble)
		}
		b.wire() // a new start of the program
	}
	if n := b.count(`SELECT count(*) FROM invoices`); n != customers {
		t.Errorf("%d invoices", n)
	}
	if n := b.count(`SELECT count(*) FROM outbox WHERE customer_id IS NOT NULL`); n != customers {
		t.Errorf("%d mails", n)
	}
	b.sound()
}

// dying is a context that ends after it was asked so many times, by whichever
// goroutine asks.
type dying struct {
	context.Context
	end  context.CancelFunc
	left atomic.Int64
}

func dyingAfter(ctx context.Context, asked int) *dying {
	d := &dying{}
	d.Context, d.end = context.WithCancel(ctx)
	d.left.Store(int64(asked))
	return d
}

func (d *dying) count() {
	if d.left.Add(-1) < 0 {
		d.end()
	}
}

func (d *dying) Err() error {
	d.count()
	return d.Context.Err()
}

func (d *dying) Done() <-chan struct{} {
	d.count()
	return d.Context.Done()
}

// Several at once, in one program or in two, bill everything once.
func TestRunsAtOnce(t *testing.T) {
	b := newBooks(t)
	for id := 3; id <= 40; id++ {
		b.customer(id, "")
	}
	for id := range int64(40) {
		b.add(monthly(id+1, "2026-12-01"))
	}
	_, err := b.billing.Start(t.Context(), office, billing.Order{Month: "2026-12-01", Date: "2026-11-20", Due: "2026-12-01"})
	b.must(err)
	errs := make(chan error)
	for range 4 {
		go func() { errs <- b.billing.Run(t.Context()) }()
	}
	for range 4 {
		b.must(<-errs)
	}
	if n := b.count(`SELECT count(*) FROM invoices`); n != 40 {
		t.Errorf("%d invoices", n)
	}
	b.sound()
}

func TestAutomaticRun(t *testing.T) {
	zone, err := time.LoadLocation("Pacific/Honolulu")
	if err != nil {
		t.Fatal(err)
	}
	b := newBooks(t)
	b.must(b.store.Set(t.Context(), audit.Program, map[string]string{"time.zone": "Pacific/Honolulu", "billing.automatic": "yes"}))
	b.add(monthly(1, "2026-12-01"))
	at := func(want int, year int, month time.Month, day, hour int) {
		t.Helper()
		b.clock.Set(time.Date(year, month, day, hour, 0, 0, 0, zone).UTC())
		b.must(b.billing.Run(t.Context()))
		if n := b.count(`SELECT count(*) FROM invoices`); n != want {
			t.Errorf("%d invoices by %s; want %d\n%s", n, b.clock.Now(), want, b.invoices())
		}
	}
	at(0, 2026, 11, 19, 23) // already the 20th in London
	at(1, 2026, 11, 20, 0)
	at(1, 2026, 11, 20, 1)
	at(1, 2026, 12, 19, 23)
	at(2, 2026, 12, 20, 0) // January
	at(2, 2027, 1, 5, 0)
	at(3, 2027, 2, 3, 12)  // off on Jan 20: February is made up for
	at(4, 2027, 2, 20, 12) // March
	at(4, 2027, 3, 14, 1)  // the night of the change to summer time
	b.must(b.store.Set(t.Context(), audit.Program, map[string]string{"billing.automatic": "no"}))
	b.clock.Advance(time.Minute) // past the settings' cache
	at(4, 2027, 3, 25, 0)
	if due := b.count(`SELECT count(*) FROM invoices WHERE due_date IN ('2026-12-01', '2027-01-01', '2027-02-13', '2027-03-02')`); due != 4 {
		t.Errorf("the due dates: %s", b.invoices())
	}
	b.sound()
}

// New books do not bill a month that began before they were there.
func TestAutomaticRunBeginsOnItsDay(t *testing.T) {
	b := newBooks(t)
	b.must(b.store.Set(t.Context(), audit.Program, map[string]string{"billing.automatic": "yes"}))
	b.add(monthly(1, "2026-11-01"))
	b.must(b.billing.Run(t.Context()))
	if n := b.count(`SELECT count(*) FROM invoices`); n != 0 {
		t.Errorf("%d invoices", n)
	}
}

// The pages of a preview, put together, are the preview, and they are made anew
// when something changes.
func TestPagesOfAPreview(t *testing.T) {
	b := newBooks(t)
	for id := 3; id <= 9; id++ {
		b.customer(id, "")
	}
	for id := int64(1); id <= 9; id++ {
		if id == 4 {
			continue
		}
		b.add(monthly(id, "2026-12-01"))
		if id%3 == 0 { // a second site, and so a second invoice
			b.exec(`INSERT INTO sites (id, customer_id, name) VALUES (?, ?, 'Yard')`, id+100, id)
			yard := monthly(id, "2026-12-01")
			yard.SiteID = id + 100
			b.add(yard)
		}
	}
	b.exec(`UPDATE customers SET status = 'inactive' WHERE id IN (2, 7)`)
	order := billing.Order{Month: "2026-12-01", Date: "2026-11-20", Due: "2026-12-01", PerSite: true, Mail: true}
	compare := func(perPage, most int) {
		t.Helper()
		var want, got []string
		words := func(i *billing.PlannedInvoice) string { return fmt.Sprint(i.Number, i.SiteID, i.Lines, i.Total) }
		problems := 0
		totals, err := b.billing.Preview(t.Context(), order, func(i *billing.PlannedInvoice, p *billing.Problem) error {
			if p != nil {
				problems++
				return nil
			}
			want = append(want, words(i))
			return nil
		})
		b.must(err)
		for n := 1; ; n++ {
			page, err := b.billing.PreviewPage(t.Context(), order, n, perPage, most)
			b.must(err)
			if page.Totals != totals || len(page.Problems) != min(most, problems) || len(page.Invoices) > perPage {
				t.Fatalf("page %d: %+v, want %+v", n, page, totals)
			}
			for i := range page.Invoices {
				got = append(got, words(&page.Invoices[i]))
			}
			if !page.More {
				break
			}
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("pages of %d:\n%s\nwant\n%s", perPage, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	for perPage := 1; perPage <= 11; perPage++ {
		compare(perPage, 1)
	}
	b.add(monthly(4, "2026-12-01"))
	b.exec(`UPDATE customers SET status = 'active' WHERE id = 2`)
	compare(2, 9)
	for _, none := range []int{0, -1, 99} {
		if page, err := b.billing.PreviewPage(t.Context(), order, none, 2, 9); err != nil || len(page.Invoices) != 0 || page.Totals.Invoices != 11 {
			t.Errorf("page %d: %+v, %v", none, page, err)
		}
	}
}

func TestOrdersThatCannotBeMeant(t *testing.T) {
	b := newBooks(t)
	b.add(monthly(1, "2026-11-01"))
	for field, o := range map[string]billing.Order{
		"month":        {Month: "2027-02-01", Date: "2026-11-20", Due: "2026-12-01"},
		"invoice_date": {Month: "2026-12-01", Due: "2026-12-01"},
		"due_date":     {Month: "2026-12-01", Date: "2026-11-20", Due: "2026-11-19"},
	} {
		_, err := b.billing.Start(t.Context(), office, o)
		b.refused(err, fault.Invalid, field)
	}
}

func TestDefaultOrderLeavesTimeForTheNotice(t *testing.T) {
	b := newBooks(t)
	s, err := b.store.Current(t.Context())
	b.must(err)
	for _, c := range []struct{ today, due calendar.Date }{
		{"2026-11-10", "2026-12-01"}, {"2026-11-20", "2026-12-01"}, {"2026-11-21", "2026-12-01"}, {"2026-11-22", "2026-12-02"}, {"2026-12-05", "2026-12-15"},
	} {
		if got := billing.DefaultOrder(s, c.today, "2026-12-01"); got.Due != c.due || got.Date != c.today || got.PerSite || !got.Mail {
			t.Errorf("on %s: %+v", c.today, got)
		}
	}
	if by := billing.BillBy(s, "2027-01-01"); by != "2026-12-20" {
		t.Errorf("January is billed by %s", by)
	}
}

// The doctor finds what cannot be made by the program.
func TestDoctorFindsWrongBilling(t *testing.T) {
	b := newBooks(t)
	b.add(monthly(1, "2026-12-01"))
	b.add(monthly(2, "2026-12-01"))
	b.bill("2026-12-01")
	b.sound()
	b.exec(`INSERT INTO recurring_periods (item_id, from_date, until_date, position, lines, amount_cents, tax_cents) VALUES (1, '2026-12-15', '2027-01-14', 0, 0, 0, 0)`)
	b.exec(`UPDATE recurring_periods SET amount_cents = 4499 WHERE item_id = 2`)
	b.exec(`UPDATE recurring_periods SET invoice_id = (SELECT id FROM invoices WHERE customer_id = 2) WHERE item_id = 1 AND from_date = '2026-12-01'`)
	b.exec(`INSERT INTO recurring_items (customer_id, description, quantity, cycle_months, start_date, prorate, arrears, taxable, created_at) VALUES (1, 'Lease', 1000, 1, '2026-01-01', 0, 0, 0, 1)`)
	b.exec(`UPDATE billing_runs SET total_cents = 1`)
	var found []string
	b.must(b.db.View(t.Context(), func(q *db.Queries) error {
		list, err := billing.Check(t.Context(), q, 1)
		for _, f := range list {
			found = append(found, f.String())
		}
		return err
	}))
	all := strings.Join(found, "\n")
	for _, want := range []string{"billed twice", "to be billed again", "its lines come to", "another customer's invoice", "has no amount", "billing of December 2026"} {
		if !strings.Contains(all, want) {
			t.Errorf("nothing says %q in\n%s", want, all)
		}
	}
}

// BenchmarkRun bills 20,000 items of as many customers, then once more.
func BenchmarkRun(bm *testing.B) {
	const customers = 20_000
	for bm.Loop() {
		bm.StopTimer()
		b := &books{TB: bm}
		*b = *newBooks(bm)
		b.must(b.db.WriteTx(bm.Context(), func(tx *sql.Tx) error {
			q := db.New(db.NewPrepared(tx))
			for id := int64(3); id <= customers; id++ {
				for _, s := range []string{
					`INSERT INTO customers (id, number, first_name, last_name, display_name, registration_key, created_at, updated_at) VALUES (?1, 'C' || ?1, 'Ann', 'Lee', 'Ann Lee', printf('A%015d', ?1), 1, 1)`,
					`INSERT INTO customer_emails (customer_id, position, email) VALUES (?1, 0, 'c' || ?1 || '@example.com')`,
					`INSERT INTO sites (id, customer_id, name) VALUES (?1, ?1, 'Shop')`,
				} {
					if _, err := tx.Exec(s, id); err != nil {
						return err
					}
				}
			}
			for id := range int64(customers) {
				if _, err := billing.AddItem(bm.Context(), q, 1, monthly(id+1, "2026-12-01")); err != nil {
					return err
				}
			}
			return nil
		}))
		bm.StartTimer()
		began := time.Now()
		run := b.bill("2026-12-01")
		bm.ReportMetric(float64(run.Invoices)/time.Since(began).Seconds(), "invoices/s")
		bm.StopTimer()
		if run.Invoices != customers || run.Mailed != customers {
			bm.Fatalf("%+v", run)
		}
		if _, err := b.billing.Start(bm.Context(), office, billing.Order{Month: "2026-12-01", Date: "2026-11-20", Due: "2026-12-01"}); !fault.Is(err, fault.Conflict) {
			bm.Fatalf("a second run: %v", err)
		}
		bm.StartTimer()
	}
}
