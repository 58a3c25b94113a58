package workorder_test

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
	"customerportal/internal/workorder"
)

// Who does what in these tests.
var (
	ann        = audit.Actor{Kind: audit.Customer, UserID: 1}
	dispatcher = audit.Actor{Kind: audit.Staff, StaffID: 1, Role: "service"}
	dana       = audit.Actor{Kind: audit.Staff, StaffID: 2, Role: "technician"}
	eve        = audit.Actor{Kind: audit.Staff, StaffID: 3, Role: "technician"}
)

// shop is work orders on a file of its own, with customers 1 and 2 (numbers C1
// and C2), each with a site and a system of the same id, and site 11 of customer
// 1 without any. It is Nov 16, 2026, noon in New York.
type shop struct {
	testing.TB
	db     *db.DB
	clock  *calendar.Fake
	store  *settings.Store
	orders *workorder.Service
	forms  int
}

func newShop(tb testing.TB) *shop {
	tb.Helper()
	s := &shop{TB: tb, db: dbtest.New(tb), clock: calendar.NewFake(time.Date(2026, 11, 16, 17, 0, 0, 0, time.UTC))}
	clock := calendar.Clock(s.clock.Now)
	sealer, err := settings.LoadSealer(filepath.Join(tb.TempDir(), "portal.key"))
	s.must(err)
	s.store = settings.New(s.db, clock, sealer)
	mail, err := outbox.NewWriter(s.store, "https://portal.example.com")
	s.must(err)
	s.orders = workorder.New(s.db, clock, s.store, mail, slog.New(slog.DiscardHandler))
	s.set("service.email", "service@dealer.example", "company.name", "Acme Alarm", "company.phone", "518-555-0100")
	for id := 1; id <= 2; id++ {
		s.exec(`INSERT INTO customers (id, number, first_name, last_name, display_name, address1, city, state, zip, registration_key, created_at, updated_at)
			VALUES (?, ?, 'Ann', 'Lee', 'Ann Lee', '1 Main St', 'Troy', 'NY', '12180', ?, 1, 1)`, id, fmt.Sprintf("C%d", id), fmt.Sprintf("A%015d", id))
		s.exec(`INSERT INTO customer_emails (customer_id, position, email) VALUES (?, 0, ?)`, id, fmt.Sprintf("c%d@example.com", id))
		s.exec(`INSERT INTO customer_phones (customer_id, position, phone, digits) VALUES (?, 0, '(518) 555-0142', '5185550142')`, id)
		s.exec(`INSERT INTO sites (id, customer_id, name) VALUES (?, ?, 'Shop')`, id, id)
		s.exec(`INSERT INTO systems (id, site_id, name, system_type, account_number) VALUES (?, ?, 'Burglary', 'DSC Neo', '40-1234')`, id, id)
	}
	s.exec(`INSERT INTO sites (id, customer_id, name, address1, city, state, zip) VALUES (11, 1, 'Barn', '9 Mill Rd', 'Troy', 'NY', '12182')`)
	s.exec(`INSERT INTO users (id, email, created_at) VALUES (1, 'ann@example.com', 1)`)
	s.exec(`INSERT INTO customer_users (customer_id, user_id, granted_at) VALUES (1, 1, 1)`)
	for _, f := range []struct {
		id         int
		name, role string
	}{{1, "Pat Desk", "service"}, {2, "Dana Rivera", "technician"}, {3, "Eve Stone", "technician"}} {
		s.exec(`INSERT INTO staff (id, email, name, role, created_at) VALUES (?, ?, ?, ?, 1)`, f.id, fmt.Sprintf("s%d@dealer.example", f.id), f.name, f.role)
	}
	return s
}

func (s *shop) set(pairs ...string) {
	s.Helper()
	changes := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		changes[pairs[i]] = pairs[i+1]
	}
	s.must(s.store.Set(s.Context(), audit.Program, changes))
}

func (s *shop) exec(query string, args ...any) {
	s.Helper()
	s.must(s.db.WriteTx(s.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	}))
}

func (s *shop) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// refused fails the test unless err is a fault of that kind on that field, and
// returns its message.
func (s *shop) refused(err error, kind fault.Kind, field string) string {
	s.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != kind || f.Field != field {
		s.Errorf("got %v; want a refusal of kind %d on %q", err, kind, field)
		return ""
	}
	return f.Message
}

// one reads a single value.
func one[T any](s *shop, query string, args ...any) T {
	s.Helper()
	var v T
	s.must(s.db.Reader().QueryRowContext(s.Context(), query, args...).Scan(&v))
	return v
}

// nonce is of a fresh form.
func (s *shop) nonce() string {
	s.forms++
	return fmt.Sprintf("form %d", s.forms)
}

// requested makes a work order of customer 1 for the shop.
func (s *shop) requested() string {
	s.Helper()
	number, err := s.orders.Create(s.Context(), ann, workorder.NewOrder{CustomerID: 1, SiteID: 1, SystemID: 1, Source: workorder.Portal, Note: "The keypad beeps", Nonce: s.nonce()})
	s.must(err)
	return number
}

// window is tomorrow, eight to ten.
var window = workorder.Window{Date: "2026-11-17", From: 480, Until: 600}

// in makes a work order of customer 1 and brings it into a state.
func (s *shop) in(state workorder.State) string {
	s.Helper()
	number := s.requested()
	ctx := s.Context()
	if state == workorder.Cancelled {
		s.must(s.orders.Cancel(ctx, dispatcher, number, workorder.Any, "Not needed"))
		return number
	}
	if state == workorder.Requested {
		return number
	}
	s.must(s.orders.Schedule(ctx, dispatcher, number, workorder.Any, workorder.Appointment{TechnicianID: 2, Window: window}))
	if state == workorder.Scheduled {
		return number
	}
	s.must(s.orders.Dispatch(ctx, dana, number, workorder.Any))
	if state == workorder.Dispatched {
		return number
	}
	s.must(s.orders.Arrive(ctx, dana, number, workorder.Any))
	if state == workorder.Arrived {
		return number
	}
	s.must(s.orders.Complete(ctx, dana, number, workorder.Any))
	return number
}

// get reads a work order.
func (s *shop) get(number string) db.WorkOrder {
	s.Helper()
	o, err := s.db.Read().GetWorkOrder(s.Context(), number)
	s.must(err)
	return o
}

// mails lists who was or will be mailed what, in order.
func (s *shop) mails() []string {
	s.Helper()
	rows, err := s.db.Reader().QueryContext(s.Context(), `SELECT to_email || ': ' || subject FROM outbox ORDER BY id`)
	s.must(err)
	defer func() { s.must(rows.Close()) }()
	var list []string
	for rows.Next() {
		var line string
		s.must(rows.Scan(&line))
		list = append(list, line)
	}
	s.must(rows.Err())
	return list
}

// whole fails the test unless every work order has as many events as its version
// says, and stands where its last move put it.
func (s *shop) whole() {
	s.Helper()
	err := s.db.View(s.Context(), func(q *db.Queries) error {
		found, err := workorder.Check(s.Context(), q, s.clock2())
		for _, f := range found {
			s.Error(f)
		}
		return err
	})
	s.must(err)
}

func (s *shop) clock2() calendar.Instant { return calendar.Clock(s.clock.Now).Now() }

// has fails the test unless text contains all the parts.
func (s *shop) has(text string, parts ...string) {
	s.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			s.Errorf("%q is missing in %q", p, text)
		}
	}
}
