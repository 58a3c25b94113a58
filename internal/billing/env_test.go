package billing_test

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

// office is who presses the buttons in these tests.
var office = audit.Actor{Kind: audit.System}

// books is billing on a file of its own, with customers 1 and 2 (numbers C1 and
// C2), each with a site and a system of the same id. It is Nov 15, 2026.
type books struct {
	testing.TB
	db      *db.DB
	clock   *calendar.Fake
	store   *settings.Store
	ledger  *ledger.Service
	billing *billing.Service
}

func newBooks(tb testing.TB) *books {
	tb.Helper()
	b := &books{TB: tb, db: dbtest.New(tb), clock: calendar.NewFake(time.Date(2026, 11, 15, 17, 0, 0, 0, time.UTC))}
	b.wire()
	for id := 1; id <= 2; id++ {
		b.customer(id, fmt.Sprintf("c%d@example.com", id))
	}
	return b
}

// wire puts the nouns over the file, as a fresh start of the program would.
func (b *books) wire() {
	b.Helper()
	clock := calendar.Clock(b.clock.Now)
	sealer, err := settings.LoadSealer(filepath.Join(b.TempDir(), "portal.key"))
	b.must(err)
	b.store = settings.New(b.db, clock, sealer)
	mail, err := outbox.NewWriter(b.store, "https://portal.example.com")
	b.must(err)
	b.ledger = ledger.New(b.db, clock, b.store, mail)
	b.billing = billing.New(b.db, clock, b.store, mail, b.ledger, slog.New(slog.DiscardHandler))
}

// customer adds a customer with one site and one system, all of the same id.
func (b *books) customer(id int, email string) {
	b.Helper()
	b.exec(`INSERT INTO customers (id, number, first_name, last_name, display_name, address1, city, state, zip, registration_key, created_at, updated_at)
		VALUES (?, ?, 'Ann', 'Lee', 'Ann Lee', '1 Main St', 'Troy', 'NY', '12180', ?, 1, 1)`, id, fmt.Sprintf("C%d", id), fmt.Sprintf("A%015d", id))
	if email != "" {
		b.exec(`INSERT INTO customer_emails (customer_id, position, email) VALUES (?, 0, ?)`, id, email)
	}
	b.exec(`INSERT INTO sites (id, customer_id, name) VALUES (?, ?, 'Shop')`, id, id)
	b.exec(`INSERT INTO systems (id, site_id, name) VALUES (?, ?, 'Burglary')`, id, id)
}

func (b *books) exec(query string, args ...any) {
	b.Helper()
	b.must(b.db.WriteTx(b.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	}))
}

func (b *books) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// refused fails the test unless err is a fault of that kind on that field.
func (b *books) refused(err error, kind fault.Kind, field string) {
	b.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != kind || f.Field != field {
		b.Errorf("got %v; want a refusal of %q", err, field)
	}
}

func (b *books) day(iso string) {
	b.Helper()
	d, err := calendar.ParseDate(iso)
	b.must(err)
	s, err := b.store.Current(b.Context())
	b.must(err)
	b.clock.Set(d.Time(s.Zone).Add(10 * time.Hour))
}
