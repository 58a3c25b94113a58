package autopay_test

import (
	"database/sql"
	"slices"
	"testing"
	"time"

	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway/sandbox"
)

// A day that the office arranged counts from the period it was arranged for: no
// month is taken twice and none is left out, whether it moves to a later day or
// to an earlier one, and the consent is not touched.
func TestAnArrangedDay(t *testing.T) {
	for name, c := range map[string]struct {
		day, then int
		next      calendar.Date // seen from the day it is arranged, Nov 10
		want      []calendar.Date
	}{
		"later":   {1, 15, "2026-12-15", []calendar.Date{"2026-11-01", "2026-12-15", "2027-01-15"}},
		"earlier": {20, 3, "2026-11-20", []calendar.Date{"2026-11-20", "2026-12-03", "2027-01-03"}},
		"as near": {28, 1, "2026-11-28", []calendar.Date{"2026-11-28", "2026-12-01", "2027-01-01"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, newYork, "2026-10-28 12:00")
			who := b.customer("pm_card_visa", c.day, 0)
			for _, due := range []calendar.Date{"2026-11-01", "2026-12-01", "2027-01-01"} {
				b.invoice(who, due, 1000)
			}
			arranged := false
			for at := calendar.Date("2026-10-29").Time(newYork); calendar.DateOf(at) < "2027-01-20"; at = at.Add(11 * time.Hour) {
				b.clock.Set(at)
				b.ok(b.auto.Run(t.Context()))
				if !arranged && calendar.DateOf(at) >= "2026-11-10" {
					arranged = true
					first, err := b.pay.ArrangeDay(t.Context(), b.staff, who.id, c.then, "")
					b.ok(err)
					if first != c.want[1] {
						t.Fatalf("the first on it is %s, want %s", first, c.want[1])
					}
					if plan := b.preview(); len(plan.Rows) != 1 || plan.Rows[0].Day != c.next {
						t.Errorf("the plan: %+v", plan.Rows)
					}
				}
			}
			rows, err := b.db.Reader().Query(`SELECT d.due_date FROM auto_pay_periods d JOIN auto_pay_attempts a ON a.customer_id = d.customer_id AND a.period = d.period ORDER BY d.period`)
			b.ok(err)
			var got []calendar.Date
			for rows.Next() {
				var due calendar.Date
				b.ok(rows.Scan(&due))
				got = append(got, due)
			}
			b.ok(rows.Close())
			if !slices.Equal(got, c.want) {
				t.Errorf("taken on %v, want %v", got, c.want)
			}
			if n := b.number(`SELECT count(*) FROM mandates WHERE day = ?`, c.day); n != 1 {
				t.Error("the consent was changed")
			}
			b.agree()
		})
	}
}

// Switched off between the plan and the claim: nothing is sent, the month is
// closed at once, and the customer hears of it once.
func TestSwitchedOffWhileItIsPlanned(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	who := b.customer("pm_card_visa", 1, 0)
	b.invoice(who, "2026-11-01", 1000)
	other := b.customer("pm_card_visa", 1, 0)
	b.invoice(other, "2026-11-01", 500)
	b.at("2026-11-01 07:00")
	b.sandbox.Order(sandbox.Fault{Op: sandbox.OpCharge, Effect: sandbox.CutBefore, Times: 20})
	b.ok(b.auto.Run(t.Context()))
	if err := b.db.WriteTx(t.Context(), func(tx *sql.Tx) error { // as a program killed before the claim leaves it
		_, err := tx.Exec(`UPDATE payments SET state = 'planned', submitted_at = 0 WHERE customer_id = ?`, who.id)
		if err == nil {
			_, err = tx.Exec(`UPDATE auto_pay_periods SET state = 'planned', retry_date = '' WHERE customer_id = ?`, who.id)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	b.ok(b.pay.TurnOff(t.Context(), audit.Actor{Kind: audit.Customer}, who.id))
	if got := b.text(`SELECT state FROM payments WHERE customer_id = ?`, who.id); got != "canceled" {
		t.Errorf("what was planned is %s", got)
	}
	b.ok(b.auto.Run(t.Context()))
	if got := b.text(`SELECT state || ' ' || reason FROM auto_pay_periods WHERE customer_id = ?`, who.id); got != "off Auto Recurring was switched off." {
		t.Errorf("the month is %s", got)
	}
	if n := b.number(`SELECT count(*) FROM outbox WHERE customer_id = ? AND kind = 'auto_pay_failed'`, who.id); n != 0 {
		t.Errorf("%d mails of a failure", n)
	}
}
