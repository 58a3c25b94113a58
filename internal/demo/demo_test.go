package demo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/autopay"
	"customerportal/internal/calendar"
	"customerportal/internal/demo"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/proposal"
	"customerportal/internal/sale"
	"customerportal/internal/settings"
	"customerportal/internal/workorder"
)

// made is a demonstration made on one day.
type made struct {
	demo.Tools
	box     *sandbox.Sandbox
	mailbox *demo.Mailbox
	guide   *demo.Guide
}

func build(t *testing.T, now time.Time) *made {
	t.Helper()
	dir := t.TempDir()
	m := &made{Tools: demo.Tools{DB: dbtest.New(t), Clock: calendar.NewFake(now)}}
	clock := m.Clock.Now
	sealer, err := settings.LoadSealer(filepath.Join(dir, "portal.key"))
	if err != nil {
		t.Fatal(err)
	}
	m.Settings = settings.New(m.DB, clock, sealer)
	writer, err := outbox.NewWriter(m.Settings, "http://127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	m.Sandbox = func(s *settings.Settings) (*sandbox.Sandbox, error) {
		if m.box != nil {
			return m.box, nil
		}
		m.box, err = sandbox.New(sandbox.Config{BaseURL: "http://127.0.0.1:8080/sandbox", Business: s.Company.Name, Clock: clock, Control: true,
			Deliver: func(ctx context.Context, body []byte, signature string) error {
				return m.Payments.Receive(ctx, "sandbox", body, func(string) string { return signature })
			}})
		return m.box, err
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	m.Accounts = account.New(m.DB, clock, m.Settings, writer)
	m.Ledger = ledger.New(m.DB, clock, m.Settings, writer)
	m.Payments = payment.New(m.DB, clock, m.Settings, writer, m.Ledger, payment.Gateways{
		"sandbox": func(s *settings.Settings) (gateway.Adapter, error) { return m.Sandbox(s) },
	}, log)
	m.Orders = workorder.New(m.DB, clock, m.Settings, writer, log)
	m.Proposals = proposal.New(m.DB, clock, m.Settings, writer, m.Ledger, log)
	m.Sale = sale.New(m.DB, clock, m.Ledger, m.Orders)
	m.AutoPay = autopay.New(m.DB, clock, m.Settings, writer, m.Payments, m.Ledger, log)
	if m.mailbox, err = demo.OpenMailbox(filepath.Join(dir, "mail"), clock); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.mailbox.Close(); err != nil {
			t.Error(err)
		}
	})
	m.Mail = outbox.NewWorker(m.DB, clock, m.Settings, writer, outbox.Relay{Address: m.mailbox.Address()}, log)
	if m.guide, err = demo.Build(t.Context(), m.Tools); err != nil {
		t.Fatal(err)
	}
	if !m.Clock.Now().Equal(now) {
		t.Errorf("the clock was left at %v", m.Clock.Now())
	}
	return m
}

// customer returns a customer of the guide.
func (m *made) customer(t *testing.T, about string) db.Customer {
	t.Helper()
	for _, l := range m.guide.Customers {
		if strings.Contains(l.About, about) {
			c, err := m.DB.Read().GetCustomerByNumber(t.Context(), l.Number)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
	}
	t.Fatalf("nobody shows %q", about)
	return db.Customer{}
}

// TestBuild makes the demonstration in the middle and at the edge of a month and
// holds that it shows what the guide says.
func TestBuild(t *testing.T) {
	for _, now := range []time.Time{
		time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC),
		time.Date(2027, 3, 1, 6, 0, 0, 0, time.UTC), // just the 1st in Boston
	} {
		t.Run(now.Format(time.DateOnly), func(t *testing.T) {
			m := build(t, now)
			s, err := m.Settings.Current(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			today := calendar.DateOf(now.In(s.Zone))
			if s.Gateway != "sandbox" {
				t.Errorf("gateway %q", s.Gateway)
			}
			open := func(about string) ([]ledger.OpenInvoice, ledger.Owed) {
				list, err := ledger.Payable(t.Context(), m.DB.Read(), m.customer(t, about).ID)
				if err != nil {
					t.Fatal(err)
				}
				return list, ledger.Sum(list, today)
			}
			if list, owed := open("part-paid"); owed.PastDue == 0 || owed.PastDue == owed.Due || list[0].Balance == list[0].Total {
				t.Errorf("part-paid: %+v", owed)
			}
			if list, _ := open("many open"); len(list) < 20 {
				t.Errorf("many open invoices: %d", len(list))
			}
			if list, _ := open("eCheck on its way"); func() bool {
				for _, i := range list {
					if i.Reserved > 0 {
						return false
					}
				}
				return true
			}() {
				t.Errorf("no eCheck on its way: %+v", list)
			}
			credit, err := ledger.Unapplied(t.Context(), m.DB.Read(), m.customer(t, "credit").ID)
			if err != nil || credit == 0 {
				t.Errorf("credit %v, %v", credit, err)
			}
			if auto, err := m.Payments.AutoPay(t.Context(), m.customer(t, "Auto Recurring").ID); err != nil || !auto.On {
				t.Errorf("auto pay %+v, %v", auto, err)
			}
			wallet, err := m.Payments.Wallet(t.Context(), m.customer(t, "expires soon").ID)
			if err != nil || len(wallet.Methods) == 0 || !wallet.Methods[0].ExpiresSoon {
				t.Errorf("methods %+v, %v", wallet, err)
			}
			states := map[string]bool{}
			rows, err := m.DB.Reader().QueryContext(t.Context(), `SELECT DISTINCT state FROM payments UNION SELECT DISTINCT 'kind ' || kind FROM payments`)
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				var s string
				if err := rows.Scan(&s); err != nil {
					t.Fatal(err)
				}
				states[s] = true
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"succeeded", "processing", "failed", "returned", "partially_refunded", "kind check", "kind cash", "kind card", "kind echeck"} {
				if !states[want] {
					t.Errorf("no payment is %s: %v", want, states)
				}
			}
			var wrong int
			err = m.DB.Reader().QueryRowContext(t.Context(), `SELECT count(*) FROM invoices
				WHERE balance_cents <> total_cents + coalesce((SELECT sum(cents) FROM ledger WHERE invoice_id = invoices.id), 0) OR invoice_date > ?`, today).Scan(&wrong)
			if err != nil || wrong != 0 {
				t.Errorf("%d invoices are wrong, %v", wrong, err)
			}
			// every charge at the processor is a payment, and back
			var taken int64
			err = m.DB.Reader().QueryRowContext(t.Context(), `SELECT sum(amount_cents) FROM payments
				WHERE gateway = 'sandbox' AND state NOT IN ('failed', 'canceled', 'expired')`).Scan(&taken)
			if sum, _ := m.box.Taken(""); err != nil || int64(sum) != taken {
				t.Errorf("the processor took %v, the books say %d cents, %v", sum, taken, err)
			}
			if len(m.mailbox.List()) < 10 {
				t.Errorf("%d mails", len(m.mailbox.List()))
			}
			status, err := m.Mail.Status(t.Context())
			if err != nil || status.Waiting+status.Failed > 0 {
				t.Errorf("mail %+v, %v", status, err)
			}
		})
	}
}

// TestGuide logs in and registers by what the guide says.
func TestGuide(t *testing.T) {
	m := build(t, time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC))
	by := audit.Actor{Kind: audit.Visitor, IP: "203.0.113.9"}
	for _, l := range m.guide.Customers {
		if _, err := m.Accounts.LogIn(t.Context(), by, l.Email, l.Password); err != nil {
			t.Errorf("%s: %v", l.Email, err)
		}
	}
	login, err := m.Accounts.LogIn(t.Context(), by, m.guide.Staff.Email, m.guide.Staff.Password)
	if err != nil {
		t.Fatal(err)
	}
	code, seconds, err := m.guide.Staff.Code(m.Clock.Now())
	if err != nil || seconds < 1 || seconds > 30 {
		t.Fatalf("%q for %d s, %v", code, seconds, err)
	}
	staff := audit.Actor{Kind: audit.Staff, StaffID: login.StaffID}
	if _, err := m.Accounts.CheckCode(t.Context(), staff, code); err != nil {
		t.Errorf("code %s: %v", code, err)
	}
	for _, n := range m.guide.New {
		c, err := m.DB.Read().GetCustomerByNumber(t.Context(), n.Number)
		if err != nil || account.FormatKey(c.RegistrationKey) != n.Key || c.Zip != n.Zip || c.FirstName != n.FirstName || c.LastName != n.LastName {
			t.Errorf("%+v is not %+v, %v", n, c, err)
		}
	}

	dir := t.TempDir()
	if err := demo.Finish(dir, m.guide); err != nil {
		t.Fatal(err)
	}
	again, err := demo.Prepare(dir, false)
	if err != nil || again == nil || again.Staff != m.guide.Staff || len(again.Customers) != len(m.guide.Customers) {
		t.Fatalf("the guide read again: %+v, %v", again, err)
	}
	var out bytes.Buffer
	if err := again.Print(&out, "http://127.0.0.1:8080", m.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"maria.alvarez@example.com", m.guide.Customers[0].Password, code, m.guide.New[0].Key, "/demo/mail"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not printed:\n%s", want, out.String())
		}
	}
}

func TestPrepare(t *testing.T) {
	write := func(dir, name string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names := func(dir string) (out []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			out = append(out, e.Name())
		}
		return out
	}

	strange := t.TempDir()
	write(strange, "portal.db")
	write(strange, "portal.db-lock")
	for _, fresh := range []bool{false, true} {
		if _, err := demo.Prepare(strange, fresh, "portal.db-lock"); err == nil || len(names(strange)) != 2 {
			t.Errorf("a folder of somebody's: %v, %v", err, names(strange))
		}
	}

	dir := filepath.Join(t.TempDir(), "demo")
	if guide, err := demo.Prepare(dir, false, "portal.db-lock"); guide != nil || err != nil {
		t.Fatalf("a new folder: %v, %v", guide, err)
	}
	write(dir, "portal.db-live") // and killed while making it
	write(dir, "portal.db-lock")
	if guide, err := demo.Prepare(dir, false, "portal.db-lock"); guide != nil || err != nil || len(names(dir)) != 2 {
		t.Fatalf("half made: %v, %v, %v", guide, err, names(dir))
	}
	if err := demo.Finish(dir, &demo.Guide{Made: 5}); err != nil {
		t.Fatal(err)
	}
	if guide, err := demo.Prepare(dir, false, "portal.db-lock"); err != nil || guide == nil || guide.Made != 5 {
		t.Errorf("made before: %v, %v", guide, err)
	}
	if guide, err := demo.Prepare(dir, true, "portal.db-lock"); guide != nil || err != nil || len(names(dir)) != 2 {
		t.Errorf("afresh: %v, %v, %v", guide, err, names(dir))
	}
}

func TestMailbox(t *testing.T) {
	dir := t.TempDir()
	clock := calendar.NewFake(time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC))
	open := func() *demo.Mailbox {
		b, err := demo.OpenMailbox(dir, clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := open()
	d := dbtest.New(t)
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	if err != nil {
		t.Fatal(err)
	}
	store := settings.New(d, clock.Now, sealer)
	if err := store.Set(t.Context(), audit.Program, map[string]string{"company.name": "Söhne", "company.email": "office@dealer.example"}); err != nil {
		t.Fatal(err)
	}
	writer, err := outbox.NewWriter(store, "http://127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	worker := outbox.NewWorker(d, clock.Now, store, writer, outbox.Relay{Address: b.Address()}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	for range 2 {
		if _, err := worker.Test(t.Context(), "eve@example.com"); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = open()
	defer func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	list := b.List()
	if len(list) != 2 || list[0].ID != 2 || list[0].From != "Söhne <office@dealer.example>" || list[0].To != "eve@example.com" || list[0].At != calendar.InstantOf(clock.Now()) {
		t.Fatalf("%+v", list)
	}
	l, err := b.Open(2)
	if err != nil || !strings.Contains(l.Text, "Mail works") || !strings.Contains(l.HTML, "Mail works") || !bytes.Contains(l.Raw, []byte("Auto-Submitted")) {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := b.Open(3); !fault.Is(err, fault.NotFound) {
		t.Errorf("a mail that is not there: %v", err)
	}
}

// TestWorkOrdersOfTheDemonstration holds that there is one in every state, with
// all that a work order can have, and that nothing about them is wrong.
func TestWorkOrdersOfTheDemonstration(t *testing.T) {
	for _, now := range []time.Time{time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 5, 10, 0, 0, time.UTC), time.Date(2026, 7, 5, 3, 50, 0, 0, time.UTC)} {
		m := build(t, now)
		count := func(query string) (n int64) {
			t.Helper()
			if err := m.DB.Reader().QueryRowContext(t.Context(), query).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		for _, s := range workorder.States {
			if count(`SELECT count(*) FROM work_orders WHERE state = '`+string(s)+`'`) == 0 {
				t.Errorf("%v: none is %s", now, s)
			}
		}
		for what, query := range map[string]string{
			"notes of customers":    `SELECT count(*) FROM work_order_notes WHERE user_id IS NOT NULL`,
			"notes to customers":    `SELECT count(*) FROM work_order_notes WHERE staff_id IS NOT NULL AND internal = 0`,
			"internal notes":        `SELECT count(*) FROM work_order_notes WHERE internal = 1`,
			"photos of customers":   `SELECT count(*) FROM work_order_photos WHERE user_id IS NOT NULL`,
			"photos of technicians": `SELECT count(*) FROM work_order_photos WHERE staff_id IS NOT NULL`,
			"parts":                 `SELECT count(*) FROM work_order_lines WHERE kind = 'part'`,
			"labour":                `SELECT count(*) FROM work_order_lines WHERE kind = 'labour'`,
			"signatures":            `SELECT count(*) FROM work_order_signatures WHERE strokes <> ''`,
			"invoices":              `SELECT count(*) FROM work_orders WHERE invoice_id IS NOT NULL`,
			"duplicates":            `SELECT count(*) FROM work_orders WHERE merged_into_id IS NOT NULL`,
			"work without invoice":  `SELECT count(*) FROM work_orders w WHERE state = 'completed' AND invoice_id IS NULL AND EXISTS (SELECT 1 FROM work_order_lines l WHERE l.work_order_id = w.id AND l.unit_price_cents > 0)`,
			"appointments to come":  `SELECT count(*) FROM work_orders WHERE state = 'scheduled' AND scheduled_at > 0`,
			"mails to customers":    `SELECT count(*) FROM outbox WHERE fact LIKE 'work order %'`,
			"of the first customer": `SELECT count(DISTINCT w.state) - 2 FROM work_orders w JOIN customers c ON c.id = w.customer_id WHERE c.number = '10010'`,
		} {
			if count(query) <= 0 {
				t.Errorf("%v: no %s", now, what)
			}
		}
		if n := count(`SELECT count(*) FROM work_order_events e JOIN work_orders w ON w.id = e.work_order_id WHERE e.at < w.requested_at OR e.at > ` + fmt.Sprint(now.UnixMilli())); n != 0 {
			t.Errorf("%v: %d events lie outside their time", now, n)
		}
		for name, check := range map[string]func(context.Context, *db.Queries, calendar.Instant) ([]ledger.Finding, error){"books": ledger.CheckBooks, "work orders": workorder.Check, "sales": sale.Check} {
			found, err := check(t.Context(), m.DB.Read(), calendar.InstantOf(now))
			if err != nil || len(found) != 0 {
				t.Errorf("%v: %s: %v, %v", now, name, found, err)
			}
		}
	}
}

// TestProposalsOfTheDemonstration holds that there is one in every state, with all
// that a proposal can have.
func TestProposalsOfTheDemonstration(t *testing.T) {
	m := build(t, time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC))
	count := func(query string) (n int64) {
		t.Helper()
		if err := m.DB.Reader().QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, s := range []string{"draft", "sent", "viewed", "accepted", "rejected", "withdrawn", "replaced"} {
		if count(`SELECT count(*) FROM proposals WHERE state = '`+s+`'`) == 0 {
			t.Errorf("none is %s", s)
		}
	}
	for what, query := range map[string]string{
		"expired":                            `SELECT count(*) FROM proposals WHERE state IN ('sent', 'viewed') AND valid_until < '2026-11-22'`,
		"expires soon":                       `SELECT count(*) FROM proposals WHERE state IN ('sent', 'viewed') AND valid_until BETWEEN '2026-11-22' AND '2026-11-27'`,
		"second versions":                    `SELECT count(*) FROM proposals WHERE version = 2 AND state = 'sent'`,
		"a newer version of an accepted one": `SELECT count(*) FROM proposals p JOIN proposals n ON n.number = p.number AND n.version = p.version + 1 WHERE p.state = 'accepted' AND n.state = 'sent'`,
		"drawn signatures":                   `SELECT count(*) FROM proposal_decisions WHERE strokes <> '' AND signed_document_id IS NOT NULL`,
		"paid deposits":                      `SELECT count(*) FROM proposal_decisions d JOIN invoices i ON i.id = d.deposit_invoice_id WHERE i.balance_cents = 0`,
		"carried out":                        `SELECT count(*) FROM proposal_results WHERE invoice_id IS NOT NULL AND work_order_id IS NOT NULL`,
		"accepted, not carried out":          `SELECT count(*) FROM proposals p WHERE state = 'accepted' AND NOT EXISTS (SELECT 1 FROM proposal_results r WHERE r.proposal_id = p.id)`,
		"mailed links":                       `SELECT count(*) FROM proposal_links l JOIN proposals p ON p.id = l.proposal_id WHERE p.state = 'sent'`,
		"all at once for the first customer": `SELECT count(*) FROM proposals p JOIN customers c ON c.id = p.customer_id WHERE c.number = '10010' AND p.state = 'sent' AND p.deposit_ppm > 0
			AND EXISTS (SELECT 1 FROM proposal_attachments a WHERE a.proposal_id = p.id)
			AND EXISTS (SELECT 1 FROM proposal_lines l WHERE l.proposal_id = p.id AND l.optional = 1 AND l.cycle_months = 0)
			AND EXISTS (SELECT 1 FROM proposal_lines l WHERE l.proposal_id = p.id AND l.cycle_months = 1)`,
	} {
		if count(query) == 0 {
			t.Errorf("none is %s", what)
		}
	}
	found := false
	for _, e := range m.mailbox.List() {
		found = found || strings.Contains(e.To, "salvatore.") && strings.Contains(e.Subject, "roposal")
	}
	if !found {
		t.Error("the mailbox has no proposal for the customer without a log-in")
	}
	for name, check := range map[string]func(context.Context, *db.Queries, calendar.Instant) ([]ledger.Finding, error){"books": ledger.CheckBooks, "sales": sale.Check} {
		found, err := check(t.Context(), m.DB.Read(), calendar.InstantOf(m.Clock.Now()))
		if err != nil || len(found) != 0 {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

// TestLive lets the work order that moves by itself go twice through its states,
// and the office interfere.
func TestLive(t *testing.T) {
	m := build(t, time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC))
	live := demo.NewLive(m.Tools, m.guide, m.Clock.Now)
	state := func() (number, state string) {
		t.Helper()
		if err := m.DB.Reader().QueryRowContext(t.Context(), `SELECT number, state FROM work_orders WHERE nonce LIKE 'live %' ORDER BY id DESC LIMIT 1`).Scan(&number, &state); err != nil {
			t.Fatal(err)
		}
		return number, state
	}
	step := func() {
		t.Helper()
		for range 2 { // too early the second time
			if err := live.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		m.Clock.Advance(70 * time.Second)
	}
	first := ""
	for range 2 {
		for _, want := range []string{"requested", "scheduled", "dispatched", "arrived", "completed"} {
			step()
			number, got := state()
			if got != want {
				t.Fatalf("%s, want %s", got, want)
			}
			if want == "requested" && number == first {
				t.Error("no new one was made")
			}
			first = number
		}
	}
	step()
	number, _ := state()
	if err := m.Orders.Cancel(t.Context(), audit.Program, number, workorder.Any, "Called off"); err != nil {
		t.Fatal(err)
	}
	m.Clock.Advance(70 * time.Second)
	step()
	if next, got := state(); next == number || got != "requested" {
		t.Errorf("after a cancellation: %s %s", next, got)
	}
	// a new start goes on with the one that is on its way
	live = demo.NewLive(m.Tools, m.guide, m.Clock.Now)
	next, _ := state()
	step()
	if number, got := state(); number != next || got != "scheduled" {
		t.Errorf("after a new start: %s %s", number, got)
	}
	found, err := workorder.Check(t.Context(), m.DB.Read(), calendar.InstantOf(m.Clock.Now()))
	if err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
}
