package reminder_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/reminder"
	"customerportal/internal/settings"
)

type books struct {
	*testing.T
	db     *db.DB
	clock  *calendar.Fake
	store  *settings.Store
	mail   *outbox.Writer
	ledger *ledger.Service
	*reminder.Service
}

// newBooks is a dealer in Honolulu on Sunday, Nov 15, 2026, at eight in the
// morning, with customers C1 to C3.
func newBooks(t *testing.T) *books {
	t.Helper()
	b := &books{T: t, db: dbtest.New(t), clock: calendar.NewFake(time.Date(2026, 11, 15, 18, 0, 0, 0, time.UTC))}
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	b.must(err)
	b.store = settings.New(b.db, b.clock.Now, sealer)
	b.set("time.zone", "Pacific/Honolulu", "company.name", "Acme", "company.phone", "808-555-0100")
	b.mail, err = outbox.NewWriter(b.store, "https://portal.example.com")
	b.must(err)
	b.ledger = ledger.New(b.db, b.clock.Now, b.store, b.mail)
	b.restart()
	for id := 1; id <= 3; id++ {
		b.exec(`INSERT INTO customers (id, number, first_name, last_name, display_name, registration_key, terms, created_at, updated_at)
			VALUES (?, ?, 'Ann', 'Lee', 'Ann Lee', ?, 'Net 10', 1, 1)`, id, fmt.Sprintf("C%d", id), fmt.Sprintf("ABCDEFGHJKMNPQR%d", id))
		b.exec(`INSERT INTO customer_emails VALUES (?, 0, ?)`, id, fmt.Sprintf("c%d@example.com", id))
	}
	return b
}

// restart is the program started again: what it knew by heart is gone.
func (b *books) restart() {
	b.Service = reminder.New(b.db, b.clock.Now, b.store, b.mail, b.ledger, slog.New(slog.DiscardHandler))
}

func (b *books) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *books) exec(query string, args ...any) {
	b.Helper()
	b.must(b.db.WriteTx(b.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(query, args...); return err }))
}

func (b *books) set(pairs ...string) {
	b.Helper()
	changes := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		changes[pairs[i]] = pairs[i+1]
	}
	b.must(b.store.Set(b.Context(), audit.Program, changes))
}

func (b *books) issue(customer int64, number string, due calendar.Date, total money.Cents) (id int64) {
	b.Helper()
	b.must(b.db.Write(b.Context(), func(q *db.Queries) (err error) {
		id, err = ledger.IssueInvoice(b.Context(), q, 1, ledger.InvoiceRecord{Number: number, CustomerID: customer, Date: due.AddDays(-10), Due: due,
			Lines: []ledger.Line{{Description: "Monitoring", Quantity: 1000, UnitPrice: total}}})
		return err
	}))
	return id
}

func (b *books) run() {
	b.Helper()
	b.must(b.Service.Run(b.Context()))
}

// day goes on to a day, at an hour in Honolulu, and runs the job.
func (b *books) day(day calendar.Date, hour int) {
	b.Helper()
	zone, err := time.LoadLocation("Pacific/Honolulu")
	b.must(err)
	b.clock.Set(day.Time(zone).Add(time.Duration(hour) * time.Hour))
	b.run()
}

// mailed lists the reminders that were queued: to whom and the subject after the
// dealer's name.
func (b *books) mailed() (list []string) { return b.mails("reminder") }

func (b *books) mails(kind string) (list []string) {
	b.Helper()
	rows, err := b.db.Reader().Query(`SELECT to_email || ' ' || substr(subject, 7) FROM outbox WHERE kind = ? ORDER BY id`, kind)
	b.must(err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s string
		b.must(rows.Scan(&s))
		list = append(list, s)
	}
	b.must(rows.Err())
	return list
}

func (b *books) expect(when string, want ...string) {
	b.Helper()
	if got := b.mailed(); !slices.Equal(got, want) {
		b.Errorf("%s: %q, not %q", when, got, want)
	}
	b.exec(`UPDATE outbox SET kind = 'seen' WHERE kind = 'reminder'`)
}

func TestScheduleSendsNothingToOldDebts(t *testing.T) {
	b := newBooks(t)
	b.issue(1, "1", "2024-03-01", 10000) // ages ago
	b.issue(1, "2", "2026-11-08", 5000)  // seven days past due on the 15th
	b.issue(2, "3", "2026-11-07", 700)   // eight
	b.day("2026-11-15", 10)
	b.expect("off")
	b.set("reminders.days", "-3, 7, 21")
	b.restart()
	b.day("2026-11-15", 10)
	// one mail to a customer, and it lists all that is past due
	b.expect("switched on", "c1@example.com $150.00 is past due")
	for range 3 {
		b.restart()
		b.run()
	}
	b.expect("again and again")
	b.day("2026-11-16", 8)
	b.expect("before nine")
	b.day("2026-11-16", 9)
	b.expect("the day after")
	b.day("2026-11-28", 9) // step 21 of invoice 3
	b.expect("21 days", "c2@example.com $7.00 is past due")
	b.issue(3, "4", "2026-12-04", 900)
	b.day("2026-12-01", 9)
	b.expect("three days ahead", "c3@example.com $9.00 is due soon")
	// a step that is taken out and put in again counts anew
	b.set("reminders.days", "-3, 21")
	b.day("2026-12-02", 9)
	b.set("reminders.days", "-3, 7, 21")
	b.day("2026-12-13", 9) // 4 would have been seven days late on the 11th
	b.expect("put in again")
}

func TestADayThatWasMissed(t *testing.T) {
	for _, c := range []struct {
		up   calendar.Date
		want int
	}{{"2026-11-20", 1}, {"2026-11-21", 1}, {"2026-11-22", 0}, {"2026-11-29", 0}} {
		b := newBooks(t)
		b.set("reminders.days", "5")
		b.day("2026-11-15", 9)
		b.issue(1, "1", "2026-11-15", 5000)
		b.day(c.up, 14)
		if got := b.mailed(); len(got) != c.want {
			t.Errorf("up again on %s: %q", c.up, got)
		}
	}
}

func TestWhoIsLeftAlone(t *testing.T) {
	for name, leave := range map[string]func(b *books){
		"Auto pay takes it": func(b *books) {
			b.exec(`INSERT INTO methods (id, customer_id, gateway, ref, kind, brand, last4, created_at) VALUES (5, 1, 'sandbox', 'pm_1', 'card', 'Visa', '4242', 1)`)
			b.exec(`INSERT INTO mandates (customer_id, method_id, consent_text, consent_sha256, consent_version, day, shown_at, accepted_at, ip, user_agent, authenticated)
				VALUES (1, 5, 'yes', ?, '1', 5, 1, 1, '', '', '')`, strings.Repeat("0", 64))
		},
		"A payment is under way": func(b *books) {
			b.exec(`INSERT INTO payments (id, reference, customer_id, state, source, kind, type_label, amount_cents, payment_date, idempotency_key, nonce, created_at)
				VALUES (9, 'R', 1, 'processing', 'portal', 'echeck', 'eCheck', 100, '2026-11-14', 'k', 'n', 1)`)
			b.exec(`INSERT INTO allocations VALUES (9, 1, 100)`)
		},
		"A payment is disputed": func(b *books) {
			b.exec(`INSERT INTO payments (id, reference, customer_id, state, source, kind, type_label, amount_cents, payment_date, idempotency_key, nonce, created_at)
				VALUES (9, 'R', 1, 'disputed', 'portal', 'card', 'Card', 100, '2026-11-14', 'k', 'n', 1)`)
		},
		"On hold: moving out": func(b *books) {
			b.must(b.Hold(b.Context(), audit.Program, 1, "moving out"))
		},
		"No e-mail address on file, or reminders switched off": func(b *books) {
			b.exec(`INSERT INTO users (id, email, created_at) VALUES (1, 'C1@example.com', 1)`)
			b.exec(`INSERT INTO mail_choices VALUES (1, 1, 0)`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBooks(t)
			b.set("reminders.days", "7", "latefee.days", "7", "latefee.flat", "5.00")
			b.run()
			b.issue(1, "1", "2026-11-10", 5000)
			leave(b)
			b.day("2026-11-16", 10)
			p, err := b.Preview(t.Context())
			b.must(err)
			if p.Day != "2026-11-17" || len(p.Letters) != 1 || p.Letters[0].Why != name || p.Letters[0].Total == 0 && name != "A payment is under way" {
				t.Errorf("the preview: %+v", p)
			}
			b.day("2026-11-17", 10)
			var rows int
			b.must(b.db.Reader().QueryRow(`SELECT count(*) FROM reminders`).Scan(&rows))
			if len(b.mailed()) != 0 || rows != 0 {
				t.Errorf("mailed %q, %d decided", b.mailed(), rows)
			}
			// it is given up the day after, and stays so
			b.day("2026-11-18", 10)
			var reason string
			b.must(b.db.Reader().QueryRow(`SELECT reason FROM reminders WHERE outcome = 'skipped'`).Scan(&reason))
			b.exec(`DELETE FROM reminder_holds`)
			b.day("2026-11-19", 10)
			if reason != name || len(b.mailed()) != 0 {
				t.Errorf("%q, mailed %q", reason, b.mailed())
			}
			var fees int
			b.must(b.db.Reader().QueryRow(`SELECT count(*) FROM late_fees`).Scan(&fees))
			if want := map[bool]int{true: 1}[strings.HasPrefix(name, "On hold") || strings.HasPrefix(name, "No e-mail")]; fees != want {
				t.Errorf("%d late fees", fees)
			}
		})
	}
}

func TestHoldNeedsAReason(t *testing.T) {
	b := newBooks(t)
	if err := b.Hold(t.Context(), audit.Program, 1, " \n"); !fault.Is(err, fault.Invalid) {
		t.Errorf("without: %v", err)
	}
	b.must(b.Hold(t.Context(), audit.Program, 1, "asked to"))
	if h, err := b.HoldOf(t.Context(), 1); err != nil || h == nil || h.Reason != "asked to" {
		t.Errorf("%+v, %v", h, err)
	}
	b.must(b.Release(t.Context(), audit.Program, 1))
	b.must(b.Release(t.Context(), audit.Program, 1))
	if h, err := b.HoldOf(t.Context(), 1); err != nil || h != nil {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestReminderMail(t *testing.T) {
	b := newBooks(t)
	b.set("reminders.days", "7")
	b.run()
	b.issue(1, "101", "2026-11-10", 5000)
	b.issue(1, "102", "2026-11-16", 2000)
	b.issue(1, "103", "2026-12-16", 9900)
	b.day("2026-11-17", 9)
	var text, html string
	b.must(b.db.Reader().QueryRow(`SELECT text_body, html_body FROM outbox WHERE kind = 'reminder'`).Scan(&text, &html))
	for _, want := range []string{"Invoice 101: $50.00, due Nov 10, 2026 (7 days past due)", "Invoice 102: $20.00, due Nov 16, 2026 (1 day past due)", "Total: $70.00", "https://portal.example.com/p/invoice-1-1"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "103") || !strings.Contains(html, "$70.00") || !strings.HasSuffix(strings.TrimSpace(text), "https://portal.example.com/") {
		t.Errorf("%s\n%s", text, html)
	}
}

func TestLateFee(t *testing.T) {
	for _, c := range []struct {
		flat, percent, most string
		balance, want       money.Cents
	}{
		{"0.00", "0", "0.00", 10000, 0},
		{"5.00", "0", "0.00", 10000, 500},
		{"0.00", "1.5", "0.00", 3333, 50}, // 49.995 cents
		{"0.00", "1.5", "0.00", 3366, 50}, // 50.49
		{"0.00", "1.5", "0.00", 3367, 51}, // 50.505
		{"5.00", "2", "0.00", 10000, 700},
		{"5.00", "2", "6.00", 10000, 600},
		{"0.00", "0.01", "0.00", 40, 0}, // less than half a cent
	} {
		b := newBooks(t)
		b.set("latefee.days", "10", "latefee.flat", c.flat, "latefee.percent", c.percent, "latefee.most", c.most)
		b.issue(2, "old", "2025-01-01", 10000)
		b.run()
		b.issue(1, "1", "2026-11-15", c.balance)
		b.day("2026-11-24", 12)
		p, err := b.Preview(t.Context())
		b.must(err)
		if c.want > 0 && (len(p.Fees) != 1 || p.Fees[0].Cents != c.want || p.Fees[0].Invoice != "1") || c.want == 0 && len(p.Fees) != 0 {
			t.Errorf("%+v: the preview says %+v", c, p.Fees)
		}
		var none int
		b.must(b.db.Reader().QueryRow(`SELECT count(*) FROM late_fees`).Scan(&none))
		// off for three days: a fee is not lost by that, nor charged twice
		b.day("2026-11-28", 12)
		b.restart()
		b.run()
		b.day("2026-12-28", 12)
		var count int
		var total, balance money.Cents
		var fee int64
		b.must(b.db.Reader().QueryRow(`SELECT count(*), coalesce(sum(i.total_cents), 0), coalesce(sum(i.balance_cents), 0), coalesce(max(i.id), 0)
			FROM late_fees f JOIN invoices i ON i.id = f.fee_invoice_id WHERE i.customer_id = 1`).Scan(&count, &total, &balance, &fee))
		if none != 0 || total != c.want || balance != c.want || c.want > 0 && (count != 1 || len(b.mails("invoice_issued")) != 1) {
			t.Errorf("%+v: %d fees of %s before, then %d", c, none, total, count)
		}
		if findings := b.findings(); findings != "" {
			t.Error(findings)
		}
		if c.want == 0 {
			continue
		}
		// voided, it is gone and not charged again
		b.exec(`UPDATE invoices SET state = 'void', balance_cents = 0 WHERE id = ?`, fee)
		b.restart()
		b.day("2026-12-29", 12)
		b.must(b.db.Reader().QueryRow(`SELECT count(*) FROM late_fees`).Scan(&count))
		if count != 1 {
			t.Errorf("%+v: %d fees after it was voided", c, count)
		}
	}
}

func (b *books) findings() string {
	b.Helper()
	var all []ledger.Finding
	b.must(b.db.View(b.Context(), func(q *db.Queries) error {
		books, err := ledger.CheckBooks(b.Context(), q, 1)
		if err != nil {
			return err
		}
		own, err := reminder.Check(b.Context(), q, 1)
		all = append(books, own...)
		return err
	}))
	return fmt.Sprint(all)[1 : len(fmt.Sprint(all))-1]
}

func TestSettingsOfReminders(t *testing.T) {
	b := newBooks(t)
	for key, bad := range map[string][]string{
		"reminders.days":  {"x", "7,", "7, 7", "200", "1,2,3,4,5,6,7", "-31", "1.5"},
		"latefee.days":    {"0", "-1", "x", "181"},
		"latefee.percent": {"26", "1.555", "-1", "1,5", "x", ""},
		"latefee.flat":    {"-1.00", "x", "5"},
	} {
		for _, value := range bad {
			if err := b.store.Set(t.Context(), audit.Program, map[string]string{key: value}); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s=%q: %v", key, value, err)
			}
		}
	}
	b.set("reminders.days", " 21,-3 , 7", "latefee.percent", "1.5")
	b.set("reminders.days", "", "latefee.days", "")
}
