package payment_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/payment"
)

// One payment that cannot be booked keeps nobody else's waiting.
func TestOnePaymentThatCannotBeBookedStopsNobody(t *testing.T) {
	b := open(t)
	b.sandbox.SetDelivery(sandbox.Withheld)
	method := b.method("pm_usBankAccount")
	var paid []payment.Result
	for _, number := range []string{"10001", "10002", "10003"} {
		b.invoice(number, 4500)
		r := b.submit(order("echeck", method, map[string]string{number: ""}))
		paid = append(paid, r)
	}
	for _, r := range paid {
		b.ok(b.sandbox.Settle(b.payment(r.Reference).ChargeRef))
	}
	// nothing can be written for the first
	b.ok(b.db.WriteTx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`CREATE TRIGGER broken BEFORE UPDATE ON payments WHEN OLD.reference = '` + paid[0].Reference + `' BEGIN SELECT RAISE(ABORT, 'broken'); END`)
		return err
	}))
	b.clock.Advance(24 * time.Hour)
	if err := b.pay.Settle(t.Context()); err == nil || !strings.Contains(err.Error(), paid[0].Reference) {
		t.Errorf("Settle = %v, want the payment that failed", err)
	}
	for i, want := range []payment.State{payment.Processing, payment.Succeeded, payment.Succeeded} {
		if got := payment.State(b.payment(paid[i].Reference).State); got != want {
			t.Errorf("payment %d is %s, want %s", i, got, want)
		}
	}
}
