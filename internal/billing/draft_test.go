package billing_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"

	"customerportal/db"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

const day calendar.Date = "2026-11-15"

func newDrafts(b *books) *billing.Drafts {
	return billing.NewDrafts(b.db, calendar.Clock(b.clock.Now), b.ledger)
}

// taxed gives site 1 a tax of 8.25 % on what does not recur.
func (b *books) taxed() {
	b.Helper()
	b.exec(`INSERT INTO tax_codes (id, code, name, taxes_recurring, taxes_other, created_at) VALUES (1, 'NY', 'New York', 0, 1, 1)`)
	b.exec(`INSERT INTO tax_rates (tax_code_id, from_date, ppm, created_at) VALUES (1, '2026-01-01', 82500, 1)`)
	b.exec(`UPDATE sites SET tax_code = 'NY' WHERE id = 1`)
}

// keypad is a draft of three lines: 89.95 and 2.5 hours at 120.00 taxed, and ten
// dollars off that are not.
func keypad() billing.Draft {
	return billing.Draft{Nonce: "n1", CustomerID: 1, SiteID: 1, Date: day, PONumber: " 77 ", Lines: []billing.DraftLine{
		{Description: " Keypad\n new ", Quantity: 1000, UnitPrice: 8995, Taxable: true},
		{Description: "Labour, hours", Quantity: 2500, UnitPrice: 12000, Taxable: true},
		{Description: "Goodwill", Quantity: 1000, UnitPrice: -1000},
	}}
}

// keypadTotal is 379.95 with 7.42 and 24.75 tax.
const keypadTotal money.Cents = 37995 + 742 + 2475

func (b *books) count(query string, args ...any) (n int) {
	b.Helper()
	b.must(b.db.Reader().QueryRow(query, args...).Scan(&n))
	return n
}

func (b *books) read(id int64) (d billing.Draft, row db.GetDraftRow) {
	b.Helper()
	b.must(b.db.View(b.Context(), func(q *db.Queries) (err error) {
		d, row, err = billing.Read(b.Context(), q, id)
		return err
	}))
	return d, row
}

func TestDraftIsSavedOncePerForm(t *testing.T) {
	b := newBooks(t)
	b.taxed()
	s := newDrafts(b)
	id, err := s.Save(t.Context(), office, keypad())
	b.must(err)
	again, err := s.Save(t.Context(), office, keypad())
	b.must(err)
	if id == 0 || again != id || b.count(`SELECT count(*) FROM invoice_drafts`) != 1 {
		t.Errorf("%d and %d", id, again)
	}
	d, row := b.read(id)
	if d.PONumber != "77" || d.Lines[0].Description != "Keypad new" || len(d.Lines) != 3 || !d.Lines[1].Taxable || d.Lines[2].Taxable || row.TotalCents != keypadTotal {
		t.Errorf("%+v, %s", d, row.TotalCents)
	}
	other := keypad()
	other.CustomerID, other.SiteID = 2, 2
	if _, err := s.Save(t.Context(), office, other); !fault.Is(err, fault.Conflict) {
		t.Errorf("the form of another customer: %v", err)
	}
}

func TestDraftOfTwoPeople(t *testing.T) {
	b := newBooks(t)
	s := newDrafts(b)
	id, err := s.Save(t.Context(), office, keypad())
	b.must(err)
	mine, _ := b.read(id)
	theirs := mine
	mine.PONumber, theirs.PONumber = "mine", "theirs"
	_, err = s.Save(t.Context(), office, theirs)
	b.must(err)
	_, err = s.Save(t.Context(), office, mine)
	b.refused(err, fault.Conflict, "")
	b.refused(s.Delete(t.Context(), office, id, mine.Version), fault.Conflict, "")
	_, err = s.Issue(t.Context(), office, id, mine.Version, keypadTotal, false)
	b.refused(err, fault.Conflict, "")
	now, _ := b.read(id)
	if now.PONumber != "theirs" || len(now.Lines) != 3 || b.count(`SELECT count(*) FROM invoices`) != 0 {
		t.Errorf("%+v", now)
	}
	// the slower one looks, and puts theirs in its place all the same
	mine.Version = now.Version
	_, err = s.Save(t.Context(), office, mine)
	b.must(err)
	b.must(s.Delete(t.Context(), office, id, now.Version+1))
	b.refused(s.Delete(t.Context(), office, id, now.Version+1), fault.NotFound, "")
	if b.count(`SELECT count(*) FROM invoice_draft_lines`)+b.count(`SELECT count(*) FROM invoice_drafts`) != 0 {
		t.Error("the draft left something behind")
	}
}

func TestDraftIsIssuedOnce(t *testing.T) {
	b := newBooks(t)
	b.taxed()
	s := newDrafts(b)
	id, err := s.Save(t.Context(), office, keypad())
	b.must(err)
	var wg sync.WaitGroup
	var issued [6]billing.Issued
	for i := range issued {
		wg.Go(func() {
			var err error
			if issued[i], err = s.Issue(t.Context(), office, id, 1, keypadTotal, false); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	first := 0
	for _, i := range issued {
		if i.Number != "1001" || i.InvoiceID == 0 {
			t.Errorf("%+v", i)
		}
		if !i.Before {
			first++
		}
	}
	if first != 1 || b.count(`SELECT count(*) FROM invoices`) != 1 || b.count(`SELECT count(*) FROM audit WHERE action = 'invoice.issue'`) != 1 {
		t.Errorf("%d were the first", first)
	}
	if n := b.count(`SELECT total_cents FROM invoices WHERE state = 'issued' AND balance_cents = total_cents AND tax_cents = 742 + 2475 AND po_number = '77' AND due_date = '2026-11-15'`); n != int(keypadTotal) {
		t.Errorf("it comes to %d", n)
	}
	if b.count(`SELECT count(*) FROM invoices_to_send`) != 1 {
		t.Error("nobody is told that it has yet to go out")
	}
	// it is a draft no longer
	d := keypad()
	d.ID, d.Version = id, 1
	_, err = s.Save(t.Context(), office, d)
	b.refused(err, fault.Conflict, "")
	b.refused(s.Delete(t.Context(), office, id, 1), fault.Conflict, "")
	_, err = s.Paper(t.Context(), id)
	b.refused(err, fault.Conflict, "")
	b.proved()
}

// proved fails the test when the books or the drafts are not right.
func (b *books) proved() {
	b.Helper()
	b.must(b.db.View(b.Context(), func(q *db.Queries) error {
		for _, check := range []func(context.Context, *db.Queries, calendar.Instant) ([]ledger.Finding, error){ledger.CheckBooks, billing.CheckDrafts} {
			found, err := check(b.Context(), q, b.clockNow())
			if err != nil {
				return err
			}
			for _, f := range found {
				b.Error(f)
			}
		}
		return nil
	}))
}

func (b *books) clockNow() calendar.Instant { return calendar.Clock(b.clock.Now).Now() }

func TestDraftsAreRefused(t *testing.T) {
	b := newBooks(t)
	b.taxed()
	s := newDrafts(b)
	line := func(l billing.DraftLine) func(*billing.Draft) {
		return func(d *billing.Draft) { d.Lines = append(d.Lines[:1:1], l) }
	}
	for _, c := range []struct {
		field string
		kind  fault.Kind
		spoil func(*billing.Draft)
	}{
		{"invoice_date", fault.Invalid, func(d *billing.Draft) { d.Date = "" }},
		{"invoice_date", fault.Invalid, func(d *billing.Draft) { d.Date = "2062-11-15" }},
		{"invoice_date", fault.Invalid, func(d *billing.Draft) { d.Date = "2006-11-15" }},
		{"due_date", fault.Invalid, func(d *billing.Draft) { d.Due = "2026-11-14" }},
		{"due_date", fault.Invalid, func(d *billing.Draft) { d.Due = "2036-11-14" }},
		{"po_number", fault.Invalid, func(d *billing.Draft) { d.PONumber = strings.Repeat("x", 101) }},
		{"site", fault.Invalid, func(d *billing.Draft) { d.SiteID = 2 }},
		{"", fault.NotFound, func(d *billing.Draft) { d.CustomerID, d.SiteID = 9, 0 }},
		{"", fault.NotFound, func(d *billing.Draft) { d.ID = 9 }},
		{"lines", fault.Invalid, func(d *billing.Draft) { d.Lines = make([]billing.DraftLine, billing.MaxDraftLines+1) }},
		{"description-2", fault.Invalid, line(billing.DraftLine{Description: " ", Quantity: 1000, UnitPrice: 1})},
		{"description-2", fault.Invalid, line(billing.DraftLine{Description: strings.Repeat("x", 1001), Quantity: 1000, UnitPrice: 1})},
		{"quantity-2", fault.Invalid, line(billing.DraftLine{Description: "x", UnitPrice: 1})},
		{"unit_price-2", fault.Invalid, line(billing.DraftLine{Description: "x", Quantity: 1000, UnitPrice: money.Max + 1})},
		{"unit_price-2", fault.Invalid, line(billing.DraftLine{Description: "x", Quantity: 2_000_000, UnitPrice: money.Max})},
	} {
		d := keypad()
		c.spoil(&d)
		_, err := s.Save(t.Context(), office, d)
		b.refused(err, c.kind, c.field)
	}
	if b.count(`SELECT count(*) FROM invoice_drafts`) != 0 {
		t.Error("a refused draft left something behind")
	}

	// what may be saved and still is no invoice
	for nonce, lines := range map[string][]billing.DraftLine{"none": nil, "below zero": {{Description: "Goodwill", Quantity: 1000, UnitPrice: -1}}} {
		d := keypad()
		d.Nonce, d.Lines = nonce, lines
		id, err := s.Save(t.Context(), office, d)
		b.must(err)
		_, row := b.read(id)
		if _, err = s.Issue(t.Context(), office, id, 1, row.TotalCents, false); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", nonce, err)
		}
	}
	if b.count(`SELECT count(*) FROM invoices`) != 0 {
		t.Error("something was issued")
	}
}

// TestDraftWhoseTaxChanged does not issue another sum than the one agreed to.
func TestDraftWhoseTaxChanged(t *testing.T) {
	b := newBooks(t)
	b.taxed()
	s := newDrafts(b)
	id, err := s.Save(t.Context(), office, keypad())
	b.must(err)
	b.exec(`INSERT INTO tax_rates (tax_code_id, from_date, ppm, created_at) VALUES (1, '2026-11-01', 90000, 1)`)
	_, err = s.Issue(t.Context(), office, id, 1, keypadTotal, false)
	b.refused(err, fault.Conflict, "")
	got, err := s.Issue(t.Context(), office, id, 1, 37995+810+2700, false)
	b.must(err)
	if got.Before || got.Number == "" {
		t.Errorf("%+v", got)
	}
	// a code that nobody set up refuses a taxed line, and only that
	b.exec(`UPDATE sites SET tax_code = 'NONE' WHERE id = 1`)
	d := keypad()
	d.Nonce = "n2"
	_, err = s.Save(t.Context(), office, d)
	b.refused(err, fault.Invalid, "site")
	d.Lines[0].Taxable, d.Lines[1].Taxable = false, false
	_, err = s.Save(t.Context(), office, d)
	b.must(err)
}

func TestDraftPaper(t *testing.T) {
	b := newBooks(t)
	s := newDrafts(b)
	id, err := s.Save(t.Context(), office, keypad())
	b.must(err)
	paper, err := s.Paper(t.Context(), id)
	b.must(err)
	if paper.Name != "Draft-C1.pdf" || paper.SHA256 != "" || !bytes.HasPrefix(paper.Body, []byte("%PDF-")) || b.count(`SELECT count(*) FROM documents`) != 0 {
		t.Errorf("%s, %d bytes", paper.Name, len(paper.Body))
	}
	if _, err := s.Paper(t.Context(), 99); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

// TestCustomersNeverSeeDrafts reads everything that the portal reads of invoices.
func TestCustomersNeverSeeDrafts(t *testing.T) {
	b := newBooks(t)
	s := newDrafts(b)
	id, err := s.Save(t.Context(), office, keypad())
	b.must(err)
	q := b.db.Read()
	open, err := ledger.Payable(t.Context(), q, 1)
	b.must(err)
	paid, err := q.ListPaidInvoicesForCustomer(t.Context(), db.ListPaidInvoicesForCustomerParams{CustomerID: 1, InvoiceDate: "9999-12-31", Most: 20})
	b.must(err)
	if len(open)+len(paid) != 0 || b.count(`SELECT count(*) FROM invoices`)+b.count(`SELECT count(*) FROM ledger`)+b.count(`SELECT count(*) FROM outbox`) != 0 {
		t.Errorf("%v %v", open, paid)
	}
	for _, number := range []string{"", "1", "1001", "draft 1", "77"} {
		if _, err := b.ledger.InvoicePaper(t.Context(), 1, number); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", number, err)
		}
	}
	// and nothing can be booked on one
	err = b.db.Write(t.Context(), func(q *db.Queries) error {
		return ledger.Post(t.Context(), q, ledger.Entry{CustomerID: 1, InvoiceID: id, Cents: -1, Reason: ledger.Payment, Fact: "x", Date: day, At: 1})
	})
	b.refused(err, fault.NotFound, "")
	b.proved()
}

func TestDoctorFindsDrafts(t *testing.T) {
	b := newBooks(t)
	s := newDrafts(b)
	id, err := s.Save(t.Context(), office, keypad())
	b.must(err)
	b.exec(`INSERT INTO invoices (id, number, customer_id, state, invoice_date, due_date, tax_cents, total_cents, balance_cents, created_at)
		VALUES (70, 'D-1', 2, 'draft', '2026-11-01', '2026-11-01', 0, 5, 5, 1), (71, 'D-2', 2, 'draft', '2026-11-01', '2026-11-01', 0, 0, 0, 1)`)
	b.exec(`INSERT INTO ledger (customer_id, invoice_id, cents, reason, fact, entry_date, at) VALUES (2, 70, -5, 'credit', 'f', '2026-11-01', 1)`)
	b.exec(`UPDATE invoice_drafts SET site_id = 2 WHERE id = ?`, id)
	b.exec(`INSERT INTO invoice_drafts (customer_id, invoice_date, total_cents, nonce, invoice_id, created_at, updated_at) VALUES (1, '2026-11-01', 0, 'z', 71, 1, 1)`)
	var said []string
	b.must(b.db.View(t.Context(), func(q *db.Queries) error {
		found, err := billing.CheckDrafts(t.Context(), q, 1)
		for _, f := range found {
			said = append(said, f.String())
		}
		return err
	}))
	for _, want := range []string{
		"invoice D-1: it is a draft, but the ledger has 1 rows of it",
		"invoice D-2: it stands as a draft among the invoices",
		"draft 2: it was issued as invoice D-2, which is another customer's",
		"draft 1: it is for customer C1, but for a site of another",
	} {
		if !strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("%q is not among\n%s", want, strings.Join(said, "\n"))
		}
	}
}
