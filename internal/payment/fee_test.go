package payment_test

import (
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/money"
	"customerportal/internal/payment"
)

func TestTheProcessorsFeeIsWrittenDownOnce(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	r := b.submit(order("card", b.method("pm_card_visa"), map[string]string{"10001": ""}))
	fee := func() (cents money.Cents, rows int) {
		t.Helper()
		b.ok(b.db.Reader().QueryRow(`SELECT coalesce(sum(cents), 0), count(*) FROM payment_fees WHERE payment_id = ?`, b.payment(r.Reference).ID).Scan(&cents, &rows))
		return cents, rows
	}
	first, rows := fee()
	if first <= 0 || first >= 4500 || rows != 1 {
		t.Fatalf("fee %s in %d rows", first, rows)
	}
	b.sandbox.DeliverPending(t.Context())
	b.later(10 * time.Minute)
	if again, rows := fee(); again != first || rows != 1 {
		t.Errorf("heard of again: %s in %d rows", again, rows)
	}
}

// A debit that is returned after its period was closed counts on the day it is
// told, and the dealer reads so.
func TestAReturnInAClosedPeriodCountsOnItsOwnDay(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	r := b.submit(order("echeck", b.method("pm_usBankAccount"), map[string]string{"10001": ""}))
	id := b.payment(r.Reference).ChargeRef
	b.ok(b.sandbox.Settle(id))
	b.later(time.Hour)
	b.expect(r.Reference, payment.Succeeded, "10001", 0, 0)
	paid := b.payment(r.Reference).PaymentDate
	b.ok(b.db.WriteTx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO settings (key, value, updated_at) VALUES ('books.locked_until', ?, 1)`, string(paid))
		return err
	}))
	b.later(24 * time.Hour)
	b.ok(b.sandbox.Return(id, "R01"))
	b.sandbox.DeliverPending(t.Context())
	b.expect(r.Reference, payment.Returned, "10001", 4500, 0)
	var day, mail string
	b.ok(b.db.Reader().QueryRow(`SELECT entry_date FROM ledger WHERE reason = 'return'`).Scan(&day))
	b.ok(b.db.Reader().QueryRow(`SELECT text_body FROM outbox WHERE kind = 'payment_notice' ORDER BY id DESC LIMIT 1`).Scan(&mail))
	if day <= string(paid) || !strings.Contains(mail, "The books are closed up to "+paid.String()+", so this counts on ") {
		t.Errorf("booked on %s, told\n%s", day, mail)
	}
}
