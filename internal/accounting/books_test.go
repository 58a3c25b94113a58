package accounting_test

import (
	"encoding/csv"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/accounting"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/settings"
)

// books are books on a file of their own with three customers, on Nov 22, 2026.
type books struct {
	testing.TB
	db         *db.DB
	clock      *calendar.Fake
	settings   *settings.Store
	accounting *accounting.Service
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func newBooks(tb testing.TB) *books {
	tb.Helper()
	b := &books{TB: tb, db: dbtest.New(tb), clock: calendar.NewFake(time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC))}
	sealer, err := settings.LoadSealer(filepath.Join(tb.TempDir(), "portal.key"))
	must(tb, err)
	b.settings = settings.New(b.db, b.clock.Now, sealer)
	b.accounting = accounting.New(b.db, b.clock.Now, b.settings)
	for id, name := range []string{"Ann Lee", "Müller & Söhne \"Werk\"", "Ann Lee"} {
		b.exec(`INSERT INTO customers (id, number, first_name, last_name, display_name, address1, city, state, zip, registration_key, created_at, updated_at)
			VALUES (?, ?, 'Ann', 'Lee', ?, '1 Main St', 'Troy', 'NY', '12180', ?, 1, 1)`,
			id+1, fmt.Sprintf("C%d", id+1), name, fmt.Sprintf("ABCDEFGHJKMNPQR%d", id+1))
	}
	b.exec(`INSERT INTO sites (id, customer_id, name, tax_code) VALUES (1, 1, 'Shop', 'NY-TROY')`)
	return b
}

// exec changes the books behind the nouns' backs.
func (b *books) exec(query string, args ...any) {
	b.Helper()
	must(b.TB, b.db.WriteTx(b.Context(), func(tx *db.Tx) error {
		_, err := tx.ExecContext(b.Context(), query, args...)
		return err
	}))
}

// text returns one text from the books.
func (b *books) text(query string, args ...any) (s string) {
	b.Helper()
	must(b.TB, b.db.Reader().QueryRowContext(b.Context(), query, args...).Scan(&s))
	return s
}

// write books in one transaction.
func (b *books) write(fn func(q *db.Queries) error) {
	b.Helper()
	must(b.TB, b.db.Write(b.Context(), fn))
}

func (b *books) now() calendar.Instant { return calendar.Clock(b.clock.Now).Now() }

// issue puts an invoice of one line into the books and returns its id.
func (b *books) issue(customer int64, number string, date calendar.Date, price, tax money.Cents) (id int64) {
	b.Helper()
	site := int64(0)
	if customer == 1 {
		site = 1
	}
	b.write(func(q *db.Queries) (err error) {
		id, err = ledger.IssueInvoice(b.Context(), q, b.now(), ledger.InvoiceRecord{Number: number, CustomerID: customer, SiteID: site, Date: date, Due: date.AddDays(30),
			Lines: []ledger.Line{{Description: "Monitoring, monthly", Quantity: money.QuantityScale, UnitPrice: price, Tax: tax}}})
		return err
	})
	return id
}

// pay records a payment made outside the portal and returns its id.
func (b *books) pay(customer int64, reference string, kind ledger.Kind, date calendar.Date, amount money.Cents, invoices ...int64) (id int64) {
	b.Helper()
	r := ledger.PaymentRecord{Reference: reference, CustomerID: customer, Kind: kind, Number: "1042", Amount: amount, Date: date, Source: "import"}
	for _, i := range invoices {
		r.Allocations = append(r.Allocations, ledger.Allocation{InvoiceID: i})
	}
	b.write(func(q *db.Queries) (err error) {
		id, err = ledger.RecordPayment(b.Context(), q, b.now(), r)
		return err
	})
	b.clock.Advance(time.Second)
	return id
}

// post adds one row to the ledger.
func (b *books) post(e ledger.Entry) {
	b.Helper()
	e.At = b.now()
	b.write(func(q *db.Queries) error { return ledger.Post(b.Context(), q, e) })
	b.clock.Advance(time.Second)
}

// reverse takes money of a payment back.
func (b *books) reverse(payment, customer int64, cents money.Cents, reason ledger.Reason, fact string, date calendar.Date) {
	b.Helper()
	b.write(func(q *db.Queries) error {
		_, _, err := ledger.Reverse(b.Context(), q, ledger.Reversal{PaymentID: payment, CustomerID: customer, Cents: cents, Reason: reason, Fact: fact, Date: date, At: b.now()})
		return err
	})
	b.clock.Advance(time.Second)
}

// fee writes down what a processor kept of a payment.
func (b *books) fee(payment int64, cents money.Cents, date calendar.Date) {
	b.Helper()
	b.write(func(q *db.Queries) error {
		return q.AddPaymentFee(b.Context(), db.AddPaymentFeeParams{PaymentID: payment, Cents: cents, EntryDate: date, At: b.now()})
	})
}

// file makes one file of a period.
func (b *books) file(p accounting.Period, name string) string {
	b.Helper()
	var out strings.Builder
	must(b.TB, b.accounting.Write(b.Context(), p, name, &out))
	return out.String()
}

// rows reads a CSV file as a spreadsheet would, without its header.
func (b *books) rows(body string) [][]string {
	b.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	must(b.TB, err)
	if !strings.HasPrefix(body, "\ufeff") || strings.Count(body, "\n") != strings.Count(body, "\r\n") {
		b.Errorf("no file for Excel: %.60q", body)
	}
	return rows[1:]
}

// cents reads an amount of a file.
func (b *books) cents(s string) money.Cents {
	b.Helper()
	if s == "" {
		return 0
	}
	c, err := money.ParseSigned(s)
	must(b.TB, err)
	return c
}

// iifTransaction is one transaction of an IIF file as QuickBooks reads it.
type iifTransaction struct {
	kind  string
	lines []map[string]string
}

// readIIF reads an IIF file by its headers and holds it to the format's rules.
func (b *books) readIIF(body string) (lists map[string][]map[string]string, list []iifTransaction) {
	b.Helper()
	lists = map[string][]map[string]string{}
	headers := map[string][]string{}
	var open *iifTransaction
	for n, line := range strings.Split(strings.TrimSuffix(body, "\r\n"), "\r\n") {
		if strings.ContainsAny(line, "\r\n\"") {
			b.Errorf("line %d: %q", n+1, line)
		}
		cells := strings.Split(line, "\t")
		if name, ok := strings.CutPrefix(cells[0], "!"); ok {
			headers[name] = cells
			continue
		}
		header := headers[cells[0]]
		if header == nil || len(cells) > len(header) {
			b.Fatalf("line %d does not fit its header: %q", n+1, line)
		}
		row := map[string]string{}
		for i, c := range cells {
			row[header[i]] = c
		}
		if utf8.RuneCountInString(row["NAME"]) > 41 || len(row["DOCNUM"]) > 11 {
			b.Errorf("line %d: too long: %q", n+1, line)
		}
		switch cells[0] {
		case "TRNS":
			if open != nil {
				b.Fatalf("line %d: a transaction in a transaction", n+1)
			}
			open = &iifTransaction{kind: row["TRNSTYPE"], lines: []map[string]string{row}}
		case "SPL":
			if open == nil || open.kind != row["TRNSTYPE"] || open.lines[0]["DATE"] != row["DATE"] {
				b.Fatalf("line %d belongs to no transaction: %q", n+1, line)
			}
			open.lines = append(open.lines, row)
		case "ENDTRNS":
			var sum money.Cents
			for _, l := range open.lines {
				sum += b.cents(l["AMOUNT"])
				if _, err := time.Parse("01/02/2006", l["DATE"]); err != nil {
					b.Errorf("line %d: %v", n+1, err)
				}
			}
			if sum != 0 {
				b.Errorf("line %d: a %s is %s out of balance", n+1, open.kind, sum)
			}
			list, open = append(list, *open), nil
		default:
			lists[cells[0]] = append(lists[cells[0]], row)
		}
	}
	if open != nil {
		b.Error("the last transaction is not ended")
	}
	return lists, list
}
