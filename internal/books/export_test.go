package books_test

import (
	"bytes"
	stdcsv "encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/account"
	"customerportal/internal/billing"
	"customerportal/internal/books"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// exported returns the files of an export by name.
func exported(t *testing.T, s *books.Service) map[string]string {
	t.Helper()
	files := map[string]*bytes.Buffer{}
	if _, err := s.Export(t.Context(), func(name string) (io.WriteCloser, error) {
		files[name] = &bytes.Buffer{}
		return closer{files[name]}, nil
	}); err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for name, b := range files {
		texts[name] = b.String()
	}
	return texts
}

// rowsOf reads a file with the library's reader, its rows sorted by their first
// column: where a row stands in a file says nothing.
func rowsOf(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := stdcsv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return rows
}

// words makes texts of what breaks CSV files.
type words struct{ *rand.Rand }

func (w words) text(pieces ...string) string {
	all := append([]string{"O'Brien", `5" pipe`, "a, b; c", "=1+1", "'", "@home", "-", "+1", "Ångström", "日本", "tab", "''=x", "x", "007", `="01"`}, pieces...)
	var b strings.Builder
	for range 1 + w.IntN(3) {
		if w.IntN(2) == 0 && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(all[w.IntN(len(all))])
	}
	return b.String()
}

func (w words) maybe(s string) string {
	if w.IntN(2) == 0 {
		return ""
	}
	return s
}

// fill makes up books by the nouns' own functions.
func (w words) fill(t *testing.T, q *db.Queries) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var codes []string
	for c := range w.IntN(4) {
		codes = append(codes, w.tax(t, q, c, must))
	}
	for c := range 8 {
		w.customer(t, q, c, codes, must)
	}
}

const now = calendar.Instant(1793534400000)

// tax makes up a tax code with its rates, or with none.
func (w words) tax(t *testing.T, q *db.Queries, n int, must func(error)) string {
	t.Helper()
	c := billing.TaxCode{Code: fmt.Sprint(strings.TrimSpace(w.maybe(w.text())), n), Name: w.text(), Recurring: w.IntN(2) == 0, Other: w.IntN(2) == 0}
	id, err := billing.SaveTaxCode(t.Context(), q, now, c)
	must(err)
	day := calendar.NewDate(2019, 1, 1)
	for range w.IntN(4) {
		day = day.AddDays(1 + w.IntN(1500))
		must(billing.SaveTaxRate(t.Context(), q, now, id, money.RatePPM(w.IntN(500_001)), day))
	}
	return c.Code
}

// customer makes up one customer with his books.
func (w words) customer(t *testing.T, q *db.Queries, c int, codes []string, must func(error)) {
	t.Helper()
	r := account.Record{Number: fmt.Sprintf("%s%d", w.maybe(w.text()), c), BusinessName: w.text(), FirstName: w.maybe(w.text()), LastName: w.maybe(w.text()),
		Address1: w.maybe(w.text()), Address2: w.maybe(w.text()), City: w.maybe(w.text()), State: w.maybe("MA"), Zip: w.maybe("01101"), Terms: w.maybe("Net 30"),
		Phones: []string{fmt.Sprintf("+1 413 555 01%02d", c), fmt.Sprintf("(413) 555-02%02d x5", c)}[:w.IntN(3)],
		Emails: []string{fmt.Sprintf("a%d@example.com", c), fmt.Sprintf("o'brien%d@example.com", c)}[:w.IntN(3)], Status: []string{"active", "inactive"}[w.IntN(2)]}
	id, _, err := account.SaveCustomer(t.Context(), q, now, r)
	must(err)
	code := w.maybe(w.text()) // one that may be nowhere else in the books
	if len(codes) > 0 && w.IntN(2) == 0 {
		code = codes[w.IntN(len(codes))]
	}
	site, _, err := account.SaveSite(t.Context(), q, now, account.SiteRecord{CustomerID: id, Name: w.text(), TaxCode: code, TaxExempt: w.IntN(2) == 0})
	must(err)
	if w.IntN(2) == 0 {
		must(billing.SaveExemption(t.Context(), q, now, site, strings.TrimSpace(w.maybe(w.text())), calendar.Date(w.maybe("2027-06-30"))))
	}
	system, _, err := account.SaveSystem(t.Context(), q, now, account.SystemRecord{SiteID: site, Name: w.text(), SystemType: w.maybe(w.text()), AccountNumber: w.maybe("0042")})
	must(err)
	for i := range w.IntN(4) {
		must(w.recurring(t, q, now, id, []int64{0, site}[w.IntN(2)], []int64{0, system}[w.IntN(2)], i))
	}
	var invoices []ledger.Allocation
	for i := range w.IntN(5) {
		date := calendar.NewDate(2026, 1, 1).AddDays(w.IntN(300))
		record := ledger.InvoiceRecord{Number: strings.ReplaceAll(fmt.Sprintf("%s%d-%d", w.maybe(w.text()), c, i), ";", ""), CustomerID: id, SiteID: []int64{0, site}[w.IntN(2)],
			Date: date, PONumber: w.maybe(w.text())}
		for range 1 + w.IntN(4) {
			record.Lines = append(record.Lines, ledger.Line{Description: w.text("two\nlines", "=a\n\n=b"), Quantity: money.Quantity(1 + w.IntN(5000)), UnitPrice: money.Cents(w.IntN(100_000)), Tax: money.Cents(w.IntN(100))})
		}
		record.Lines = append(record.Lines, ledger.Line{Description: w.text(), Quantity: money.QuantityScale, UnitPrice: -money.Cents(w.IntN(2)), Tax: 1})
		invoice, err := ledger.IssueInvoice(t.Context(), q, now, record)
		must(err)
		invoices = append(invoices, ledger.Allocation{InvoiceID: invoice})
	}
	for p := range w.IntN(4) {
		kind, label := ledger.ParseKind([]string{"Check", "Cash", "Visa", "ACH", "=Barter"}[w.IntN(5)])
		record := ledger.PaymentRecord{CustomerID: id, Kind: kind, Label: label, Number: w.maybe("=1001"), Amount: money.Cents(1 + w.IntN(200_000)),
			Date: calendar.NewDate(2026, 11, 1).AddDays(p), Source: "office", Nonce: fmt.Sprint(c, " ", p), Allocations: invoices[:w.IntN(len(invoices)+1)]}
		payment, err := ledger.RecordPayment(t.Context(), q, now, record)
		must(err)
		switch w.IntN(3) {
		case 0: // some of it is given back
			_, _, err = ledger.Reverse(t.Context(), q, ledger.Reversal{PaymentID: payment, CustomerID: id, Cents: record.Amount/2 + 1, Reason: ledger.Refund, Fact: fmt.Sprint("refund ", payment), Date: record.Date, At: now})
			must(err)
		case 1: // what was left over goes to an invoice
			credit, err := ledger.Unapplied(t.Context(), q, id)
			must(err)
			open, err := ledger.Payable(t.Context(), q, id)
			must(err)
			if credit > 0 && len(open) > 0 {
				must(ledger.ApplyCredit(t.Context(), q, ledger.CreditUse{CustomerID: id, InvoiceID: open[0].ID, Cents: min(credit, open[0].Balance), Fact: fmt.Sprint("apply ", payment), Date: record.Date, At: now}))
			}
		}
	}
	// a credit of the dealer's, on an invoice or on the account
	if w.IntN(2) == 0 {
		credit := ledger.PaymentRecord{CustomerID: id, Kind: ledger.CreditMemo, Amount: money.Cents(1 + w.IntN(500)), Date: "2026-11-20", Source: "office",
			Nonce: fmt.Sprint("credit ", c), Memo: "kindness"}
		if open, err := ledger.Payable(t.Context(), q, id); err == nil && len(open) > 0 {
			credit.Allocations = []ledger.Allocation{{InvoiceID: open[0].ID}}
		}
		_, err := ledger.RecordPayment(t.Context(), q, now, credit)
		must(err)
	}
	// one that is not to be paid, whatever was paid on it
	if len(invoices) > 0 && w.IntN(2) == 0 {
		_, err := ledger.VoidInvoice(t.Context(), q, ledger.Voiding{CustomerID: id, InvoiceID: invoices[w.IntN(len(invoices))].InvoiceID, Date: "2026-11-21", At: now})
		must(err)
	}
}

// recurring makes up an item that was billed until some day, or not at all.
func (w words) recurring(t *testing.T, q *db.Queries, now calendar.Instant, customer, site, system int64, n int) error {
	start := calendar.NewDate(2024, 1, 1).AddDays(w.IntN(1200))
	r := billing.ItemRecord{CustomerID: customer, SiteID: site, SystemID: system, Description: fmt.Sprint(strings.TrimSpace(w.text()), " ", n), Quantity: money.Quantity(1 + w.IntN(5000)),
		Terms: billing.Terms{Start: start, Cycle: billing.Cycles[w.IntN(5)], Prorate: w.IntN(2) == 0, Arrears: w.IntN(2) == 0}, Taxable: w.IntN(2) == 0,
		Reason: strings.TrimSpace(w.maybe(w.text())), Prices: []billing.DatedPrice{{From: start, Amount: money.Cents(w.IntN(100_000))}}}
	for day := start; w.IntN(2) == 0; {
		day = day.AddDays(1 + w.IntN(400))
		r.Prices = append(r.Prices, billing.DatedPrice{From: day, Amount: money.Cents(w.IntN(100_000))})
	}
	if w.IntN(3) == 0 {
		r.Terms.End, r.EndReason = start.AddDays(w.IntN(1500)-1), strings.TrimSpace(w.text())
	}
	if w.IntN(2) == 0 {
		r.BilledUntil = start.AddDays(w.IntN(900) - 1)
	}
	_, err := billing.AddItem(t.Context(), q, now, r)
	return err
}

func TestExportedBooksImportedIntoAnEmptyFileAreTheSameBooks(t *testing.T) {
	for seed := range uint64(25) {
		d := dbtest.New(t)
		offers := proposals(t, d)
		if err := d.Write(t.Context(), func(q *db.Queries) error {
			w := words{rand.New(rand.NewPCG(seed, 7))}
			w.fill(t, q)
			return w.offers(t, q, offers)
		}); err != nil {
			t.Fatal(err)
		}
		first := service(t, d)
		files := exported(t, first)
		var sources []books.Source
		for name, text := range files {
			if strings.HasSuffix(name, ".pdf") {
				sources = append(sources, csv(name, text))
			}
		}
		for _, name := range []string{"proposals.csv", "payments.csv", "invoices.csv", "recurring.csv", "systems.csv", "sites.csv", "taxes.csv", "customers.csv"} {
			sources = append(sources, csv(name, files[name]))
		}
		// into its own books: nothing to do
		if r := imported(t, first, books.Options{}, sources...); r.Written || r.Totals().Refused+r.Totals().Kept != 0 {
			t.Fatalf("seed %d, into its own books: %+v\n%v\n%v\n%v", seed, r.Totals(), r.Refused, r.Kept, r.Changed)
		}
		empty := dbtest.New(t)
		second := service(t, empty)
		if r := imported(t, second, books.Options{}, sources...); r.Totals().Refused+r.Totals().Changed+r.Totals().Kept != 0 {
			t.Fatalf("seed %d: %+v\n%v", seed, r.Totals(), r.Refused)
		}
		again := exported(t, second)
		for _, name := range []string{"customers.csv", "taxes.csv", "sites.csv", "systems.csv", "recurring.csv", "invoices.csv", "payments.csv", "proposals.csv"} {
			a, b := rowsOf(t, files[name]), rowsOf(t, again[name])
			if len(a) != len(b) {
				t.Fatalf("seed %d, %s: %d rows became %d", seed, name, len(a), len(b))
			}
			for i := range a {
				if !slices.Equal(a[i], b[i]) && !(name == "payments.csv" && samePayment(a[i], b[i])) {
					t.Errorf("seed %d, %s:\n%q became\n%q", seed, name, a[i], b[i])
				}
			}
		}
		for _, query := range []string{
			`SELECT coalesce(sum(balance_cents), 0) FROM invoices`, `SELECT coalesce(sum(total_cents * 7 + tax_cents), 0) FROM invoices`,
			`SELECT coalesce(sum(cents), 0) FROM ledger`, `SELECT coalesce(sum(cents), 0) FROM ledger WHERE invoice_id IS NULL`,
			`SELECT coalesce(sum(length(code) + length(name) * 3 + taxes_recurring * 5 + taxes_other * 7), 0) FROM tax_codes`,
			`SELECT CAST(coalesce(sum(ppm + julianday(from_date) * 2), 0) AS INTEGER) FROM tax_rates`,
			`SELECT CAST(coalesce(sum(length(certificate) + coalesce(julianday(expires_date), 0) * 2), 0) AS INTEGER) FROM tax_exemptions`,
			`SELECT coalesce(sum(total_cents * 3 + monthly_cents * 5 + deposit_cents * 7 + length(title) + length(terms) + length(introduction)), 0) FROM proposals`,
			`SELECT count(*) FROM proposals WHERE state = 'sent' AND document_id IS NOT NULL AND paper <> ''`,
			`SELECT coalesce(sum(amount_cents + tax_cents * 3 + cycle_months * 5 + optional * 7 + chosen * 11), 0) FROM proposal_lines`,
			`SELECT count(*) FROM recurring_items`, `SELECT count(*) FROM recurring_items WHERE next_date = ''`, `SELECT coalesce(sum(amount_cents), 0) FROM recurring_amounts`,
			`SELECT CAST(coalesce(sum(julianday(next_date) * 4 + julianday(bill_date) * 2), 0) AS INTEGER) FROM recurring_items WHERE next_date <> ''`,
			`SELECT count(*) FROM invoices WHERE balance_cents <> total_cents + (SELECT coalesce(sum(cents), 0) FROM ledger WHERE invoice_id = invoices.id)`,
		} {
			if a, b := count(t, d, query), count(t, empty, query); a != b {
				t.Errorf("seed %d: %s was %d and is %d", seed, query, a, b)
			}
		}
	}
}

// samePayment allows the parts of apply_to another order: it follows due dates,
// and among equal ones the order in which invoices were entered.
func samePayment(a, b []string) bool {
	parts := func(row []string) []string {
		p := strings.Split(row[6], ";")
		slices.Sort(p)
		return p
	}
	return slices.Equal(a[:6], b[:6]) && slices.Equal(parts(a), parts(b))
}

func TestTheJournalBalancesAndNoFileHoldsAFormula(t *testing.T) {
	d := dbtest.New(t)
	if err := d.Write(t.Context(), func(q *db.Queries) error {
		words{rand.New(rand.NewPCG(3, 7))}.fill(t, q)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	files := exported(t, service(t, d))
	var debit, credit money.Cents
	for _, row := range rowsOf(t, files["journal.csv"]) {
		if row[0] == "date" {
			continue
		}
		for i, sum := range []*money.Cents{&debit, &credit} {
			if row[2+i] == "" {
				continue
			}
			c, err := money.Parse(row[2+i])
			if err != nil {
				t.Fatal(err)
			}
			*sum += c
		}
	}
	if debit != credit || debit == 0 {
		t.Errorf("debits are %s, credits %s", debit, credit)
	}
	for name, text := range files {
		if !strings.HasPrefix(text, "\ufeff\"") || !strings.HasSuffix(text, "\"\r\n") {
			t.Errorf("%s does not open rightly in Excel", name)
		}
		for _, row := range rowsOf(t, text) {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+@\t\r", rune(cell[0])) {
					t.Errorf("%s holds %q", name, cell)
				}
			}
		}
	}
}
