package autopay_test

import (
	"strings"
	"testing"
	"time"

	"customerportal/internal/audit"
	"customerportal/internal/autopay"
	"customerportal/internal/money"
)

// row returns a customer's row of the plan.
func row(t *testing.T, p *autopay.Plan, c *customer) autopay.Row {
	t.Helper()
	for _, r := range p.Rows {
		if r.CustomerID == c.id {
			return r
		}
	}
	t.Fatalf("customer %s is not in the plan", c.number)
	return autopay.Row{}
}

func TestPreviewSaysWhoHowMuchWithWhatAndWhatWillFail(t *testing.T) {
	b := open(t, newYork, "2026-10-12 12:00")
	plain, capped, later := b.customer("pm_card_visa", 1, 0), b.customer("pm_usBankAccount", 1, 3000), b.customer("pm_card_visa", 15, 0)
	idle, broken, onHold, partly := b.customer("pm_card_visa", 1, 0), b.customer("pm_card_visa", 1, 0), b.customer("pm_card_visa", 1, 0), b.customer("pm_card_visa", 1, 0)
	for _, c := range []*customer{plain, capped, later, broken, onHold, partly} {
		b.invoice(c, "2026-11-01", 4500)
	}
	b.invoice(idle, "2026-11-02", 4500) // not due by the day
	b.invoice(plain, "2026-10-15", 1000)
	b.credit(partly, 1500)
	b.expire(broken, 2026, 10)
	b.ok(b.auto.Hold(t.Context(), b.staff, onHold.id, "moves house"))

	p := b.preview()
	if p.Day != "2026-11-01" || p.Stopped != "" {
		t.Errorf("day %s, stopped %q", p.Day, p.Stopped)
	}
	for _, c := range []struct {
		who            *customer
		amount, credit money.Cents
		trouble        string
		problem        bool
	}{
		{plain, 5500, 0, "", false},
		{capped, 3000, 0, "", false},
		{idle, 0, 0, "Nothing is due.", false},
		{broken, 4500, 0, "Visa ending 4242 expired at the end of 10/2026.", true},
		{onHold, 4500, 0, "On hold: moves house", false},
		{partly, 3000, 1500, "", false},
	} {
		r := row(t, p, c.who)
		if r.Amount != c.amount || r.Credit != c.credit || r.Trouble != c.trouble || r.Problem != c.problem || r.Day != "2026-11-01" || r.Period != "2026-11" {
			t.Errorf("%s: %+v", c.who.number, r)
		}
	}
	if r := row(t, p, later); r.Day != "2026-10-15" || r.Amount != 0 {
		t.Errorf("the 15th: %+v", r)
	}
	if r := row(t, p, plain); len(r.Invoices) != 2 || r.Invoices[0].Amount != 1000 || r.Invoices[0].Due != "2026-10-15" {
		t.Errorf("the oldest due date first: %+v", r.Invoices)
	}
	if r := row(t, p, capped); len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "limit of $30.00") {
		t.Errorf("the cap: %v", r.Warnings)
	}
	days := p.Days()
	if len(days) != 2 || days[1].Count != 3 || days[1].Amount != 11500 || days[1].Held != 1 || days[1].Troubled != 1 || days[1].Idle != 1 {
		t.Errorf("%+v", days)
	}

	b.ok(b.auto.HoldAll(t.Context(), b.staff, "invoices are wrong"))
	if p := b.preview(); p.Hold == nil || p.Hold.By != "Olga Office" || !strings.Contains(p.Stopped, "invoices are wrong") {
		t.Errorf("%q %+v", p.Stopped, p.Hold)
	}
	b.ok(b.auto.ReleaseAll(t.Context(), b.staff, "mended"))
	b.ok(b.settings.Set(t.Context(), audit.Program, map[string]string{"payments.gateway": "off"}))
	if p := b.preview(); !strings.Contains(p.Stopped, "switched off") {
		t.Errorf("%q", p.Stopped)
	}
}

func TestNextIsRememberedAsLongAsItIsWorth(t *testing.T) {
	b := open(t, newYork, "2026-10-12 12:00")
	c := b.customer("pm_card_visa", 1, 0)
	b.invoice(c, "2026-11-01", 4500)
	now := b.clock.Now()
	slow := time.Duration(0) // what every look at the clock takes
	b.time = func() time.Time { now = now.Add(slow); return now }
	b.wire(b.db, b.sandbox)
	next := func(amount money.Cents) {
		t.Helper()
		n, err := b.auto.Next(t.Context())
		b.ok(err)
		if n.Amount != amount || amount > 0 && (n.Count != 1 || n.Day != "2026-11-01") {
			t.Errorf("%+v, want %s", n, amount)
		}
	}
	next(4500)
	b.invoice(c, "2026-10-20", 1000)
	next(5500) // was worked out in no time, and is again
	slow = time.Second
	b.ok(b.auto.Hold(t.Context(), b.staff, c.id, "moves"))
	next(0)
	b.ok(b.auto.Release(t.Context(), b.staff, c.id, "moved"))
	next(5500)
	b.invoice(c, "2026-10-21", 500)
	next(5500)
	now = now.Add(time.Hour)
	next(6000)
}
