package autopay_test

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"customerportal/internal/audit"
	"customerportal/internal/money"
	"customerportal/internal/payment"
)

// page opens the processor's page for an invoice, as a customer does who pays by
// a new card and then walks away.
func (b *books) page(c *customer, invoice int64) {
	b.Helper()
	b.numbers++
	number := b.text(`SELECT number FROM invoices WHERE id = ?`, invoice)
	r, err := b.pay.Submit(b.Context(), audit.Actor{Kind: audit.Customer}, c.id, payment.Order{
		Nonce:  strings.Repeat("0", 24) + fmt.Sprintf("%08d", b.numbers),
		Choice: payment.Choice{Rows: map[string]payment.RowChoice{number: {Yes: true}}, Kind: "card", Method: payment.NewMethod}})
	b.ok(err)
	if r.State != payment.Action || r.Redirect == "" {
		b.Fatalf("%+v", r)
	}
}

// TestALowerCapHoldsForWhatIsStillToBeTaken lowers the cap after the month's
// first attempt was planned: neither what waits to be sent nor another attempt
// takes more than the customer allows by now.
func TestALowerCapHoldsForWhatIsStillToBeTaken(t *testing.T) {
	const was, cap = money.Cents(4500), money.Cents(1000)
	t.Run("before another attempt", func(t *testing.T) {
		b := open(t, newYork, "2026-10-20 12:00")
		c := b.customer("pm_card_chargeCustomerFail", 1, was)
		b.invoice(c, "2026-11-01", 4500)
		b.on("2026-11-01 06:00")
		b.expect("2026-11", "retry", c)
		b.at("2026-11-01 12:00")
		b.method(c, "pm_card_visa")
		b.consent(c, 1, cap)
		b.on("2026-11-02 06:00")
		b.taken(c, 1, cap)
		b.agree()
	})
	t.Run("between plan and claim", func(t *testing.T) {
		b := open(t, newYork, "2026-10-20 12:00")
		c := b.customer("pm_card_visa", 1, was)
		b.invoice(c, "2026-11-01", 4500)
		b.wire(b.db, &misconfigured{Adapter: b.sandbox, on: true})
		b.on("2026-11-01 06:00")
		b.wire(b.db, b.sandbox)
		b.consent(c, 1, cap)
		b.on("2026-11-02 07:00")
		b.run()
		b.taken(c, 1, cap)
		b.agree()
	})
}

// TestAPageLeftOpenHoldsUpNoMonth: it is closed before another attempt, and
// before what was late is taken, as it is on the day itself.
func TestAPageLeftOpenHoldsUpNoMonth(t *testing.T) {
	t.Run("on the day", func(t *testing.T) {
		b := open(t, newYork, "2026-10-20 12:00")
		c := b.customer("pm_card_visa", 1, 0)
		i := b.invoice(c, "2026-11-01", 4500)
		b.at("2026-11-01 05:30")
		b.page(c, i)
		b.on("2026-11-01 06:00")
		b.expect("2026-11", "paid", c)
		b.taken(c, 1, 4500)
	})
	t.Run("before another attempt", func(t *testing.T) {
		b := open(t, newYork, "2026-10-20 12:00")
		c := b.customer("pm_card_chargeCustomerFail", 1, 0)
		i := b.invoice(c, "2026-11-01", 4500)
		b.on("2026-11-01 06:00")
		b.method(c, "pm_card_visa")
		b.consent(c, 1, 0)
		b.at("2026-11-02 05:30")
		b.page(c, i)
		b.on("2026-11-02 06:00")
		b.expect("2026-11", "paid", c)
		b.taken(c, 1, 4500)
		if n := b.number(`SELECT count(*) FROM audit WHERE action = 'autopay.run'`); n != 2 {
			t.Errorf("%d runs were begun", n)
		}
		b.agree()
	})
	t.Run("before what was late", func(t *testing.T) {
		b := open(t, newYork, "2026-10-20 12:00")
		c := b.customer("pm_card_visa", 1, 0)
		i := b.invoice(c, "2026-11-01", 4500)
		b.on("2026-11-10 09:00")
		b.expect("2026-11", "asks", c)
		b.page(c, i)
		b.ok(b.auto.Decide(t.Context(), b.staff, b.number(`SELECT run_id FROM auto_pay_periods`), true))
		b.run()
		b.expect("2026-11", "paid", c)
		b.taken(c, 1, 4500)
		b.agree()
	})
}

// TestOneAttemptThatCannotBeFollowedStopsNobody: what can be acted on is.
func TestOneAttemptThatCannotBeFollowedStopsNobody(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	var three [3]*customer
	for i := range three {
		three[i] = b.customer("pm_card_visa", 1, 0)
		b.invoice(three[i], "2026-11-01", 4500)
	}
	b.ok(b.db.WriteTx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`CREATE TRIGGER broken BEFORE UPDATE ON auto_pay_attempts WHEN OLD.moved = 1 AND NEW.moved = 0 AND OLD.customer_id = ` +
			strconv.FormatInt(three[0].id, 10) + ` BEGIN SELECT RAISE(ABORT, 'broken'); END`)
		return err
	}))
	b.at("2026-11-01 06:00")
	if err := b.auto.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("Run = %v, want what could not be written", err)
	}
	for i, want := range []string{"planned", "paid", "paid"} {
		if got := b.month(three[i], "2026-11"); got != want {
			t.Errorf("customer %d is %s, want %s", i, got, want)
		}
		b.taken(three[i], 1, 4500)
	}
	b.ok(b.db.WriteTx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`DROP TRIGGER broken`)
		return err
	}))
	b.run()
	b.expect("2026-11", "paid", three[:]...)
	b.agree()
}
