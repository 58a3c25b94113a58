package autopay_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/money"
)

// TestWhateverHappens lets months pass with customers, invoices, limits, credit,
// checks, holds, faults of the processor, returns of banks and restarts by
// chance: what auto pay took is what the processor charged and what the ledger
// says, once for each customer and month, and never above the limit.
func TestWhateverHappens(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { whatever(t, rand.New(rand.NewPCG(seed, 7))) })
	}
}

func whatever(t *testing.T, dice *rand.Rand) {
	b := open(t, newYork, "2026-10-20 12:00")
	methods := []string{"pm_card_visa", "pm_card_visa", "pm_usBankAccount", "pm_usBankAccount_insufficientFunds", "pm_card_chargeCustomerFail",
		"pm_card_visa_chargeDeclinedLostCard", "pm_usBankAccount_accountClosed", "pm_usBankAccount_debitNotAuthorized", "pm_card_authenticationRequired"}
	type one struct {
		*customer
		limit money.Cents
	}
	var all []one
	for range 12 {
		c := one{limit: []money.Cents{0, 0, 3000}[dice.IntN(3)]}
		c.customer = b.customer(methods[dice.IntN(len(methods))], 1+dice.IntN(28), c.limit)
		all = append(all, c)
	}
	effects := []sandbox.Effect{sandbox.Refuse, sandbox.RateLimit, sandbox.CutBefore, sandbox.CutAfter, sandbox.CutMidAnswer, sandbox.ErrorBefore, sandbox.ErrorAfter}
	start := b.clock.Now()
	for at := start; at.Before(start.AddDate(0, 2, 10)); at = at.Add(time.Duration(5+dice.IntN(26)) * time.Hour) {
		b.clock.Set(at)
		today := calendar.DateOf(at.In(newYork))
		for range dice.IntN(4) {
			c := all[dice.IntN(len(all))]
			switch dice.IntN(12) {
			case 0, 1, 2, 3:
				b.invoice(c.customer, today.AddDays(dice.IntN(25)), money.Cents(100+dice.IntN(9000)))
			case 4:
				b.credit(c.customer, money.Cents(1+dice.IntN(2000)))
			case 5:
				if b.number(`SELECT count(*) FROM auto_pay_holds WHERE customer_id = ? AND released_at = 0`, c.id) == 0 {
					b.hold(c.customer)
				} else {
					b.ok(b.auto.Release(t.Context(), b.staff, c.id, "again"))
				}
			case 6, 7:
				b.sandbox.Order(sandbox.Fault{Op: sandbox.OpCharge, Effect: effects[dice.IntN(len(effects))], Times: 1 + dice.IntN(2)})
			case 8:
				for _, ch := range b.sandbox.Charges() {
					if ch.Kind == gateway.ECheck && ch.State == gateway.Processing {
						if dice.IntN(3) > 0 {
							b.ok(b.sandbox.Settle(ch.PaymentID))
						} else {
							b.ok(b.sandbox.Return(ch.PaymentID, []string{"R01", "R02", "R10"}[dice.IntN(3)]))
						}
						break
					}
				}
			case 9:
				if b.number(`SELECT count(*) FROM mandates WHERE customer_id = ? AND revoked_at = 0`, c.id) == 0 {
					b.method(c.customer, "pm_card_visa")
					b.consent(c.customer, 1+dice.IntN(28), c.limit)
				} else if dice.IntN(3) == 0 {
					b.ok(b.pay.TurnOff(t.Context(), audit.Program, c.id))
				}
			case 10:
				b.wire(b.db, b.sandbox) // a restart
			case 11:
				b.clock.Advance(-time.Duration(dice.IntN(90)) * time.Minute)
			}
		}
		b.ok(b.auto.Run(t.Context()))
		if dice.IntN(3) > 0 {
			b.ok(b.pay.Settle(t.Context()))
		}
	}
	b.sandbox.ClearFaults()
	for range 6 {
		b.clock.Advance(7 * time.Hour)
		b.run()
	}
	// what the processor has is what is here, by reference, amount and fate
	charged, here := money.Cents(0), b.number(`SELECT coalesce(sum(amount_cents), 0) FROM payments WHERE source = 'autopay' AND state IN ('succeeded', 'processing', 'submitted')`)
	for _, ch := range b.sandbox.Charges() {
		if ch.State != gateway.Failed && len(ch.Disputes) == 0 {
			charged += ch.Amount
		}
	}
	if charged != money.Cents(here) {
		t.Errorf("the processor took %s, the payments come to %s", charged, money.Cents(here))
	}
	for _, c := range all {
		if c.limit == 0 {
			continue
		}
		if n := b.number(`SELECT count(*) FROM auto_pay_attempts a JOIN payments p ON p.id = a.payment_id WHERE p.customer_id = ? AND p.amount_cents > ?`, c.id, int64(c.limit)); n != 0 {
			t.Errorf("customer %s: %d payments above the limit", c.number, n)
		}
	}
	if n := b.number(`SELECT count(*) FROM payments WHERE state = 'submitted'`); n != 0 {
		t.Errorf("%d are not known in the end", n)
	}
	b.agree()
	t.Logf("%d months, %d attempts, %s taken", b.number(`SELECT count(*) FROM auto_pay_periods`), b.number(`SELECT count(*) FROM auto_pay_attempts`), charged)
}
