package ledger_test

import (
	"context"
	"errors"
	"testing"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// lock closes the books up to a day, past the page that does it.
func (b *books) lock(day calendar.Date) {
	b.Helper()
	b.exec(`INSERT INTO settings (key, value, updated_at) VALUES ('books.locked_until', ?, 1) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, string(day))
}

// TestClosedPeriod dates every kind of entry on the last closed day and on the
// day after it.
func TestClosedPeriod(t *testing.T) {
	const closed, open calendar.Date = "2026-10-31", "2026-11-01"
	staff := audit.Actor{Kind: audit.Staff, StaffID: 7, Role: "billing"}
	for _, c := range []struct {
		name, field string
		book        func(ctx context.Context, b *books, q *db.Queries, invoice int64, day calendar.Date) error
	}{
		{"invoice", "invoice_date", func(ctx context.Context, b *books, q *db.Queries, _ int64, day calendar.Date) error {
			_, err := ledger.IssueInvoice(ctx, q, b.clockNow(), ledger.InvoiceRecord{Number: "10002", CustomerID: 1, Date: day,
				Lines: []ledger.Line{{Description: "Monitoring", Quantity: money.QuantityScale, UnitPrice: 4500}}})
			return err
		}},
		{"imported payment", "payment_date", func(ctx context.Context, b *books, q *db.Queries, _ int64, day calendar.Date) error {
			_, err := ledger.RecordPayment(ctx, q, b.clockNow(), ledger.PaymentRecord{CustomerID: 1, Kind: ledger.Check, Number: "1", Amount: 100, Date: day, Source: "import"})
			return err
		}},
		{"credit", "date", func(ctx context.Context, b *books, q *db.Queries, invoice int64, day calendar.Date) error {
			return ledger.Post(ctx, q, ledger.Entry{CustomerID: 1, InvoiceID: invoice, Cents: -100, Reason: ledger.Credit, Fact: "credit 1", Date: day, At: 1})
		}},
		{"void", "date", func(ctx context.Context, b *books, q *db.Queries, invoice int64, day calendar.Date) error {
			return ledger.Post(ctx, q, ledger.Entry{CustomerID: 1, InvoiceID: invoice, Cents: -4500, Reason: ledger.Void, Fact: "void 1", Date: day, At: 1})
		}},
		{"use of credit", "date", func(ctx context.Context, b *books, q *db.Queries, invoice int64, day calendar.Date) error {
			err := ledger.Post(ctx, q, ledger.Entry{CustomerID: 1, Cents: -500, Reason: ledger.Credit, Fact: "credit 2", Date: open, At: 1})
			if err != nil {
				return err
			}
			return ledger.ApplyCredit(ctx, q, ledger.CreditUse{CustomerID: 1, InvoiceID: invoice, Cents: 500, Fact: "apply 1", Date: day, At: 1})
		}},
		{"refund", "date", func(ctx context.Context, b *books, q *db.Queries, _ int64, day calendar.Date) error {
			id, err := ledger.RecordPayment(ctx, q, b.clockNow(), ledger.PaymentRecord{CustomerID: 1, Kind: ledger.Cash, Amount: 100, Date: open, Source: "import"})
			if err != nil {
				return err
			}
			_, _, err = ledger.Reverse(ctx, q, ledger.Reversal{PaymentID: id, CustomerID: 1, Reason: ledger.Refund, Fact: "refund 1", Date: day, At: 1})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t)
			invoice := b.issue(1, "10001", "2026-10-01", 4500)
			b.lock(closed)
			rows := b.count("ledger")
			err := b.db.Write(t.Context(), func(q *db.Queries) error { return c.book(t.Context(), b, q, invoice, closed) })
			f, _ := errors.AsType[*fault.Error](err)
			if f == nil || f.Kind != fault.Invalid || f.Field != c.field || f.Message != "The books are closed up to Oct 31, 2026; use a later day" {
				t.Errorf("on the last closed day: %v", err)
			}
			if b.count("ledger") != rows || b.count("invoices") != 1 {
				t.Error("what was refused left something behind")
			}
			must(t, b.db.Write(t.Context(), func(q *db.Queries) error { return c.book(t.Context(), b, q, invoice, open) }))
			if c.name == "refund" { // the payment's own state is the payment noun's
				b.exec(`UPDATE payments SET state = 'refunded', refunded_cents = amount_cents`)
				b.exec(`INSERT INTO refunds (reference, payment_id, source, way, cents, state, booked, idempotency_key, nonce, refund_date, created_at)
					SELECT '1', id, 'office', 'cash', amount_cents, 'succeeded', 1, 'k', 'n', payment_date, 1 FROM payments`)
			}
			if got := b.findings(); got != "" {
				t.Error(got)
			}
		})
	}
	t.Run("check at the office", func(t *testing.T) {
		b := newBooks(t)
		b.exec(`INSERT INTO staff (id, email, role, created_at) VALUES (7, 'kim@dealer.example', 'billing', 1)`)
		b.lock(closed)
		check := ledger.Entering{Nonce: "n", CustomerID: 1, Kind: ledger.Check, Number: "1042", Amount: 100, Date: closed}
		_, err := b.service.EnterPayment(t.Context(), staff, check)
		if f, _ := errors.AsType[*fault.Error](err); f == nil || f.Field != "payment_date" {
			t.Errorf("on the last closed day: %v", err)
		}
		check.Date = open
		if _, err = b.service.EnterPayment(t.Context(), staff, check); err != nil {
			t.Error(err)
		}
	})
}

// TestClosedPeriodKeepsWhatIsBooked books the same facts again after their
// period was closed: that changes nothing, and is no error.
func TestClosedPeriodKeepsWhatIsBooked(t *testing.T) {
	b := newBooks(t)
	record := ledger.PaymentRecord{Reference: "P1", CustomerID: 1, Kind: ledger.Check, Number: "1", Amount: 100, Date: "2026-10-05", Source: "import"}
	book := func() (id int64) {
		t.Helper()
		must(t, b.db.Write(t.Context(), func(q *db.Queries) (err error) {
			id, err = ledger.RecordPayment(t.Context(), q, 1, record)
			return err
		}))
		return id
	}
	first := book()
	b.lock("2026-10-31")
	if again := book(); again != first || b.count("ledger") != 1 {
		t.Errorf("%d and %d, %d rows", first, again, b.count("ledger"))
	}
}

// TestOpenDay: what nobody chose the day of is booked all the same.
func TestOpenDay(t *testing.T) {
	b := newBooks(t)
	for _, c := range []struct{ locked, today, want calendar.Date }{
		{"", today, today}, {"2026-10-31", today, today}, {today, today, "2026-11-16"}, {"2026-12-31", today, "2027-01-01"},
	} {
		b.lock(c.locked)
		if got, err := ledger.OpenDay(t.Context(), b.db.Read(), c.today); err != nil || got != c.want {
			t.Errorf("closed up to %q: %s, %v", c.locked, got, err)
		}
	}
}
