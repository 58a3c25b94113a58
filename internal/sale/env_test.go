package sale_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/proposal"
	"customerportal/internal/sale"
	"customerportal/internal/settings"
	"customerportal/internal/workorder"
)

const today calendar.Date = "2026-11-15"

// shop is the nouns on books of their own, with two customers. The first has a
// site with sales tax and a system.
type shop struct {
	testing.TB
	db        *db.DB
	clock     *calendar.Fake
	settings  *settings.Store
	ledger    *ledger.Service
	orders    *workorder.Service
	proposals *proposal.Service
	sale      *sale.Service
	customer  [2]int64
	site      int64
	system    int64
	n         int
}

var (
	teller = audit.Actor{Kind: audit.Staff, StaffID: 1, Role: "billing"}
	dana   = audit.Actor{Kind: audit.Staff, StaffID: 2, Role: "technician"}
)

func newShop(t testing.TB) *shop {
	t.Helper()
	s := &shop{TB: t, db: dbtest.New(t), clock: calendar.NewFake(time.Date(2026, 11, 15, 17, 0, 0, 0, time.UTC))}
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	s.must(err)
	clock := calendar.Clock(s.clock.Now)
	s.settings = settings.New(s.db, clock, sealer)
	mail, err := outbox.NewWriter(s.settings, "http://portal.example")
	s.must(err)
	log := slog.New(slog.DiscardHandler)
	s.ledger = ledger.New(s.db, clock, s.settings, mail)
	s.orders = workorder.New(s.db, clock, s.settings, mail, log)
	s.proposals = proposal.New(s.db, clock, s.settings, mail, s.ledger, log)
	s.sale = sale.New(s.db, clock, s.ledger, s.orders)
	s.write(func(q *db.Queries) error {
		for _, role := range []string{"billing", "technician"} {
			if _, err := q.AddStaff(t.Context(), db.AddStaffParams{Email: role + "@dealer.example", Name: "The " + role, Role: role, CreatedAt: 1}); err != nil {
				return err
			}
		}
		for i, r := range []account.Record{{Number: "1042", FirstName: "Ann", LastName: "Lee", Emails: []string{"ann@example.com"}, Terms: "Net 10"}, {Number: "1043", BusinessName: "Bolt"}} {
			if s.customer[i], _, err = account.SaveCustomer(t.Context(), q, 1, r); err != nil {
				return err
			}
		}
		tax, err := billing.SaveTaxCode(t.Context(), q, 1, billing.TaxCode{Code: "MA", Name: "Massachusetts sales tax", Other: true})
		if err != nil {
			return err
		}
		if err := billing.SaveTaxRate(t.Context(), q, 1, tax, 62_500, "2020-01-01"); err != nil {
			return err
		}
		if s.site, _, err = account.SaveSite(t.Context(), q, 1, account.SiteRecord{CustomerID: s.customer[0], Name: "Shop", TaxCode: "MA"}); err != nil {
			return err
		}
		s.system, _, err = account.SaveSystem(t.Context(), q, 1, account.SystemRecord{SiteID: s.site, Name: "Burglar"})
		return err
	})
	return s
}

func (s *shop) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *shop) write(fn func(q *db.Queries) error) {
	s.Helper()
	s.must(s.db.Write(s.Context(), fn))
}

// exec changes the books behind everybody's back.
func (s *shop) exec(query string, args ...any) {
	s.Helper()
	s.must(s.db.WriteTx(s.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(query, args...); return err }))
}

func (s *shop) count(query string, args ...any) (n int64) {
	s.Helper()
	s.must(s.db.Reader().QueryRowContext(s.Context(), query, args...).Scan(&n))
	return n
}

func (s *shop) text(query string, args ...any) (text string) {
	s.Helper()
	s.must(s.db.Reader().QueryRowContext(s.Context(), query, args...).Scan(&text))
	return text
}

// refused expects a fault of that kind that says those words, for that field
// when one is named.
func (s *shop) refused(err error, kind fault.Kind, field, words string) {
	s.Helper()
	f, ok := err.(*fault.Error)
	if !ok || f.Kind != kind || !strings.Contains(err.Error(), words) || field != "" && f.Field != field {
		s.Errorf("got %v, want %q of the field %q", err, words, field)
	}
}

// work is a completed work order with two taxed parts and an hour and a half of
// labour: 2 x $19.99 and 1.5 x $95.00.
func (s *shop) work() string {
	s.Helper()
	s.n++
	number, err := s.orders.Create(s.Context(), teller, workorder.NewOrder{CustomerID: s.customer[0], SiteID: s.site, SystemID: s.system, Source: workorder.Office, Note: "Keypad is dead", Nonce: fmt.Sprint("work ", s.n)})
	s.must(err)
	s.must(s.orders.Schedule(s.Context(), teller, number, workorder.Any, workorder.Appointment{TechnicianID: 2, Window: workorder.Window{Date: "2026-11-16", From: 480, Until: 600}}))
	s.must(s.orders.Arrive(s.Context(), dana, number, workorder.Any))
	s.must(s.orders.Complete(s.Context(), dana, number, workorder.Any))
	s.exec(`INSERT INTO work_order_lines (work_order_id, position, kind, description, quantity, unit_price_cents, taxable)
		SELECT id, 1, 'part', 'Battery', 2000, 1999, 1 FROM work_orders WHERE number = ?1 UNION ALL SELECT id, 2, 'labour', 'Labour', 1500, 9500, 0 FROM work_orders WHERE number = ?1`, number)
	return number
}

func (s *shop) bill(number string) sale.Bill {
	s.Helper()
	b, err := sale.BillOf(s.Context(), s.db.Read(), number, today)
	s.must(err)
	return b
}

// deal is a proposal that was sent and accepted with those options and its
// deposit invoiced, as an acceptance writes it.
func (s *shop) deal(r proposal.Record, chosen ...int64) int64 {
	s.Helper()
	s.n++
	r.Number, r.Date = fmt.Sprintf("P-%06d", s.n), today
	if r.CustomerID == 0 {
		r.CustomerID, r.SiteID = s.customer[0], s.site
	}
	if r.Title == "" {
		r.Title = "Shop alarm"
	}
	var id int64
	s.write(func(q *db.Queries) error {
		return s.proposals.ImportIn(s.Context(), q, calendar.InstantOf(s.clock.Now()), teller, r)
	})
	id = s.count(`SELECT id FROM proposals WHERE number = ?`, r.Number)
	totals, err := proposal.TotalsOf(r.Lines, chosen, r.Deposit, 0)
	s.must(err)
	var invoice sql.NullInt64
	if totals.Deposit > 0 {
		s.write(func(q *db.Queries) error {
			i, err := ledger.IssueInvoice(s.Context(), q, 1, ledger.InvoiceRecord{CustomerID: r.CustomerID, Date: today, Due: today,
				Lines: []ledger.Line{{Description: "Deposit on proposal " + r.Number, Quantity: money.QuantityScale, UnitPrice: totals.Deposit}}})
			invoice = db.NullID(i)
			return err
		})
	}
	if chosen == nil {
		chosen = []int64{}
	}
	raw, err := json.Marshal(chosen)
	s.must(err)
	s.exec(`UPDATE proposals SET state = 'accepted', decided_at = 5 WHERE id = ?`, id)
	s.exec(`INSERT INTO proposal_decisions (proposal_id, decision, nonce, typed_name, consent_text, chosen, total_cents, tax_cents, monthly_cents, deposit_cents, deposit_invoice_id,
			shown_sha256, shown_at, at, local_time, ip, user_agent, authenticated, signed_document_id)
		SELECT id, 'accepted', number, 'Ann Lee', 'I agree', ?, ?, ?, ?, ?, ?, ?, 1, 5, '', '', '', 'log-in', document_id FROM proposals WHERE id = ?`,
		string(raw), int64(totals.Total), int64(totals.Tax), int64(totals.Monthly), int64(totals.Deposit), invoice, strings.Repeat("a", 64), id)
	return id
}

func (s *shop) found() []ledger.Finding {
	s.Helper()
	found, err := sale.Check(s.Context(), s.db.Read(), 0)
	s.must(err)
	return found
}

// whole expects that the books, the work orders and the sales are in order.
func (s *shop) whole() {
	s.Helper()
	found := s.found()
	for _, check := range []func() ([]ledger.Finding, error){
		func() ([]ledger.Finding, error) {
			return ledger.CheckBooks(s.Context(), s.db.Read(), calendar.InstantOf(s.clock.Now()))
		},
		func() ([]ledger.Finding, error) { return workorder.Check(s.Context(), s.db.Read(), 0) },
		func() ([]ledger.Finding, error) { return billing.Check(s.Context(), s.db.Read(), 0) },
	} {
		more, err := check()
		s.must(err)
		found = append(found, more...)
	}
	for _, f := range found {
		s.Error(f)
	}
}
