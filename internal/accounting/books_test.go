package accounting_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

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

