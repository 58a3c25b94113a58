package autopay_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"customerportal/internal/audit"
	"customerportal/internal/autopay"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
)

// TestEveryReasonHasItsRemedy holds the table of what follows a failure.
func TestEveryReasonHasItsRemedy(t *testing.T) {
	for code, want := range map[gateway.Code]string{
		gateway.Declined: "later", gateway.InsufficientFunds: "later", gateway.LimitExceeded: "later", gateway.ProcessorTrouble: "later",
		gateway.CardExpired: "person", gateway.IncorrectDetails: "person", gateway.AuthenticationRequired: "person", gateway.AuthenticationFailed: "person",
		gateway.AmountNotAccepted: "person", gateway.HolderDispute: "person", gateway.NotRefundable: "person",
		gateway.CardLost: "never", gateway.CardNotSupported: "never", gateway.AccountFrozen: "never", gateway.VerificationFailed: "never",
		gateway.AccountClosed: "end method", gateway.NoAccount: "end method", gateway.MethodGone: "end method",
		gateway.DebitNotAuthorized: "end consent",
		"not_sent":                 "soon", "interrupted": "soon", "configuration": "person", "something new": "person",
	} {
		if got := autopay.RemedyOf(code); got != want {
			t.Errorf("%s: %s, want %s", code, got, want)
		}
	}
}

func TestTheDaysOfTheAttempts(t *testing.T) {
	for _, c := range []struct {
		kind         gateway.Kind
		first, today calendar.Date
		declines     int
		want         calendar.Date
	}{
		{gateway.Card, "2026-11-01", "2026-11-01", 1, "2026-11-02"},
		{gateway.Card, "2026-11-01", "2026-11-02", 2, "2026-11-05"},
		{gateway.Card, "2026-11-01", "2026-11-05", 3, "2026-11-09"},
		{gateway.Card, "2026-11-01", "2026-11-09", 4, ""},
		{gateway.Card, "2026-11-01", "2026-11-04", 2, "2026-11-05"}, // late: the others do not move
		{gateway.Card, "2026-11-01", "2026-11-08", 2, "2026-11-09"},
		{gateway.Card, "2026-02-25", "2026-02-25", 3, "2026-03-05"},
		{gateway.ECheck, "2026-11-04", "2026-11-04", 1, "2026-11-05"},
		{gateway.ECheck, "2026-11-04", "2026-11-09", 2, "2026-11-10"},
		{gateway.ECheck, "2026-11-04", "2026-11-14", 3, ""},
	} {
		if got := autopay.NextTry(c.kind, c.first, c.today, c.declines); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// TestSoftDeclines follows a card that declines to the end of the ladder.
func TestSoftDeclines(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	c := b.customer("pm_card_chargeCustomerFail", 1, 0)
	b.invoice(c, "2026-11-01", 4500)
	for _, s := range []struct {
		at       string
		attempts int64
		state    string
	}{
		{"2026-11-01 06:00", 1, "retry"}, {"2026-11-01 18:00", 1, "retry"}, {"2026-11-02 05:00", 1, "retry"}, {"2026-11-02 06:00", 2, "retry"},
		{"2026-11-04 06:00", 2, "retry"}, {"2026-11-05 06:00", 3, "retry"}, {"2026-11-09 06:00", 4, "failed"}, {"2026-11-20 06:00", 4, "failed"},
	} {
		b.on(s.at)
		b.expect("2026-11", s.state, c)
		if n := b.number(`SELECT attempts FROM auto_pay_periods`); n != s.attempts {
			t.Errorf("%s: %d attempts, want %d", s.at, n, s.attempts)
		}
	}
	b.taken(c, 0, 0)
	if n := b.number(`SELECT count(*) FROM payments p JOIN payments q ON q.id = p.previous_id AND q.id < p.id WHERE p.source = 'autopay'`); n != 3 {
		t.Errorf("%d attempts name the one before", n)
	}
	if got := b.mails("auto_pay_failed"); len(got) != 2 { // the first, and that it is given up
		t.Errorf("mails %v", got)
	}
	if first := b.text(`SELECT text_body FROM outbox WHERE kind = 'auto_pay_failed' ORDER BY id LIMIT 1`); !strings.Contains(first, "tried again on Nov 2, 2026") ||
		!strings.Contains(first, "https://portal.test/methods") || !strings.Contains(first, "https://portal.test/pay?invoice=") {
		t.Errorf("the first mail:\n%s", first)
	}
	if last := b.letter("auto_pay_failed"); !strings.Contains(last, "not tried again by itself") {
		t.Errorf("the last mail:\n%s", last)
	}
	// a run a day with a failure, each told of once
	if got := b.mails("auto_pay_summary"); len(got) != 4 {
		t.Errorf("summaries %v", got)
	}
	// December takes what is open of both months
	b.invoice(c, "2026-12-01", 1000)
	b.at("2026-11-25 12:00")
	b.method(c, "pm_card_visa")
	b.consent(c, 1, 0)
	b.on("2026-12-01 06:00")
	b.taken(c, 1, 5500)
	b.agree()
}

// TestARetryTakesWhatIsLeft pays a part by check and adds an invoice between the
// attempts, with another card in the end.
func TestARetryTakesWhatIsLeft(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	c, paid, revoked := b.customer("pm_card_chargeCustomerFail", 1, 0), b.customer("pm_card_chargeCustomerFail", 1, 0), b.customer("pm_card_chargeCustomerFail", 1, 0)
	first := b.invoice(c, "2026-11-01", 4500)
	all := b.invoice(paid, "2026-11-01", 4500)
	b.invoice(revoked, "2026-11-01", 4500)
	b.on("2026-11-01 06:00")
	b.expect("2026-11", "retry", c, paid, revoked)
	b.at("2026-11-01 12:00")
	b.invoice(c, "2026-11-01", 9900)
	b.check(c, first, 1500)
	b.check(paid, all, 4500)
	b.ok(b.pay.TurnOff(t.Context(), audit.Program, revoked.id))
	b.method(c, "pm_card_visa")
	b.consent(c, 1, 0)
	b.on("2026-11-02 06:00")
	b.expect("2026-11", "paid", c, paid)
	b.expect("2026-11", "off", revoked)
	b.taken(c, 1, 3000)
	b.taken(paid, 0, 0)
	b.taken(revoked, 0, 0)
	b.agree()
}

func TestHardDeclinesAreNeverTriedAgain(t *testing.T) {
	for _, c := range []struct {
		method string
		again  bool // next month
	}{
		{"pm_card_visa_chargeDeclinedLostCard", false}, {"pm_card_visa_chargeDeclinedStolenCard", false},
		{"pm_card_chargeDeclinedExpiredCard", true}, {"pm_card_authenticationRequired", true},
	} {
		t.Run(c.method, func(t *testing.T) {
			b := open(t, newYork, "2026-10-20 12:00")
			who := b.customer(c.method, 1, 0)
			b.invoice(who, "2026-11-01", 4500)
			for _, at := range []string{"2026-11-01 06:00", "2026-11-02 06:00", "2026-11-05 06:00", "2026-11-09 06:00"} {
				b.on(at)
				b.expect("2026-11", "failed", who)
			}
			if got := b.mails("auto_pay_failed"); len(got) != 1 {
				t.Errorf("mails %v", got)
			}
			text := b.letter("auto_pay_failed")
			if strings.Contains(text, "lost") || strings.Contains(text, "stolen") || !strings.Contains(text, "not tried again") {
				t.Errorf("the mail:\n%s", text)
			}
			if fix := strings.Contains(text, "/methods"); fix == (c.method == "pm_card_authenticationRequired") {
				t.Errorf("the way to mend it:\n%s", text)
			}
			r := row(t, b.preview(), who)
			if r.Problem == c.again {
				t.Errorf("the preview says %q, %v", r.Trouble, r.Warnings)
			}
			b.on("2026-12-01 06:00")
			if want := map[bool]string{true: "failed", false: "trouble"}[c.again]; b.month(who, "2026-12") != want {
				t.Errorf("December is %s", b.month(who, "2026-12"))
			}
			b.agree()
		})
	}
}

func TestWhatBanksReturn(t *testing.T) {
	for _, c := range []struct {
		code       string
		settled    bool // it comes back after it had been paid
		method     bool // what stands afterwards
		consent    bool
		state      string
		failedMail bool
	}{
		{"R01", false, true, true, "retry", true}, {"R01", true, true, true, "retry", true},
		{"R02", false, false, false, "failed", true}, {"R03", false, false, false, "failed", true}, {"R02", true, false, false, "failed", true},
		{"R10", false, true, false, "failed", true}, {"R29", true, true, false, "failed", true}, {"R10", true, true, false, "failed", true},
		{"R16", false, true, true, "failed", true},
	} {
		name := c.code
		if c.settled {
			name += " after it was paid"
		}
		t.Run(name, func(t *testing.T) {
			b := open(t, newYork, "2026-10-20 12:00")
			who := b.customer("pm_usBankAccount", 1, 0)
			b.invoice(who, "2026-11-01", 4500)
			b.on("2026-11-01 06:00")
			b.expect("2026-11", "processing", who)
			id := b.sandbox.Charges()[0].PaymentID
			if c.settled {
				b.at("2026-11-04 12:00")
				b.ok(b.sandbox.Settle(id))
				b.run()
				b.expect("2026-11", "paid", who)
			}
			b.at("2026-11-05 12:00")
			b.ok(b.sandbox.Return(id, c.code))
			b.run()
			b.clock.Advance(10 * time.Minute)
			b.run()
			b.expect("2026-11", c.state, who)
			if n := b.number(`SELECT count(*) FROM methods WHERE id = ? AND ended_at = 0`, who.method); (n == 1) != c.method {
				t.Errorf("methods on file: %d", n)
			}
			if n := b.number(`SELECT count(*) FROM mandates WHERE customer_id = ? AND revoked_at = 0`, who.id); (n == 1) != c.consent {
				t.Errorf("consents: %d", n)
			}
			if got := b.mails("auto_pay_failed"); len(got) != 1 {
				t.Errorf("mails %v", b.mails(""))
			}
			if got := b.mails("auto_pay_off"); (len(got) == 1) == c.consent {
				t.Errorf("mails %v", got)
			}
			if got := b.number(`SELECT sum(balance_cents) FROM invoices`); got != 4500 {
				t.Errorf("%d is owed", got)
			}
			b.agree()
		})
	}
}

// TestABankDebitIsPresentedTwiceMore follows R01 to its end.
func TestABankDebitIsPresentedTwiceMore(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	c := b.customer("pm_usBankAccount", 1, 0)
	b.invoice(c, "2026-11-01", 4500)
	b.on("2026-11-01 06:00")
	for i, at := range []string{"2026-11-04 12:00", "2026-11-09 12:00", "2026-11-14 12:00"} {
		b.at(at)
		charges := b.sandbox.Charges()
		if len(charges) != i+1 {
			t.Fatalf("%d charges by %s", len(charges), at)
		}
		b.ok(b.sandbox.Return(charges[0].PaymentID, "R01"))
		b.clock.Advance(10 * time.Minute)
		b.run()
		b.on(calendar.DateOf(b.clock.Now().In(newYork)).AddDays(1).ISO() + " 06:00") // the day after: days 1 and 4 have passed or come
	}
	b.expect("2026-11", "failed", c)
	b.on("2026-11-28 06:00")
	if n := len(b.sandbox.Charges()); n != 3 {
		t.Errorf("presented %d times", n)
	}
	b.agree()
}

// TestLostAnswers: what is not known stays so until it is looked up, and nothing
// is asked for on the invoice meanwhile.
func TestLostAnswers(t *testing.T) {
	for _, c := range []struct {
		effect sandbox.Effect
		first  string // the month right after
		tries  int64
	}{
		{sandbox.Refuse, "paid", 1}, {sandbox.RateLimit, "paid", 1},
		{sandbox.CutAfter, "planned", 1}, {sandbox.CutMidAnswer, "planned", 1}, {sandbox.ErrorAfter, "planned", 1},
		{sandbox.CutBefore, "planned", 2}, {sandbox.BadGateway, "planned", 2}, {sandbox.ErrorBefore, "planned", 2},
	} {
		t.Run(string(c.effect), func(t *testing.T) {
			b := open(t, newYork, "2026-10-20 12:00")
			who := b.customer("pm_card_visa", 1, 0)
			b.invoice(who, "2026-11-01", 4500)
			b.sandbox.Order(sandbox.Fault{Op: sandbox.OpCharge, Effect: c.effect})
			b.at("2026-11-01 06:00")
			b.ok(b.auto.Run(t.Context()))
			b.expect("2026-11", c.first, who)
			for range 4 {
				b.clock.Advance(4 * time.Minute)
				b.run()
			}
			b.expect("2026-11", "paid", who)
			if n := b.number(`SELECT attempts FROM auto_pay_periods`); n != c.tries {
				t.Errorf("%d attempts, want %d", n, c.tries)
			}
			b.taken(who, 1, 4500)
			b.agree()
			if got := b.mails(""); len(b.mails("payment_receipt")) != 1 || len(b.mails("auto_pay_failed")) != 0 || len(b.mails("auto_pay_summary")) == 0 {
				t.Errorf("mails %v", got)
			}
		})
	}
}

// TestTheProcessorIsOutOfReach puts everything back and goes on later.
func TestTheProcessorIsOutOfReach(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	var all []*customer
	for range 20 {
		c := b.customer("pm_card_visa", 1, 0)
		b.invoice(c, "2026-11-01", 4500)
		all = append(all, c)
	}
	b.sandbox.Order(sandbox.Fault{Op: sandbox.OpCharge, Effect: sandbox.RateLimit, Times: 60})
	b.at("2026-11-01 06:00")
	b.ok(b.auto.Run(t.Context()))
	p, err := b.auto.Progress(t.Context())
	b.ok(err)
	if p.Run == nil || !p.Working || !strings.Contains(p.Run.Trouble, "cannot be reached") || p.Run.Count.Sent != 0 || p.Run.Count.Waiting == 0 {
		t.Fatalf("%+v", p.Run)
	}
	b.sandbox.ClearFaults()
	b.clock.Advance(time.Minute)
	b.run()
	b.expect("2026-11", "paid", all...)
	if p, err = b.auto.Progress(t.Context()); err != nil || p.Working || p.Run.Trouble != "" || p.Run.Count.Percent() != 100 {
		t.Errorf("%+v %v", p.Run, err)
	}
	if got := b.mails("auto_pay_summary"); len(got) != 1 {
		t.Errorf("summaries %v", got)
	}
	b.agree()
}

// TestAWrongKeyStopsTheRun: the dealer is told, nothing is charged, and it goes on
// by hand once it is set right.
func TestAWrongKeyStopsTheRun(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	c, d := b.customer("pm_card_visa", 1, 0), b.customer("pm_card_visa", 1, 0)
	b.invoice(c, "2026-11-01", 4500)
	b.invoice(d, "2026-11-01", 4500)
	broken := &misconfigured{Adapter: b.sandbox, on: true}
	b.wire(b.db, broken)
	b.on("2026-11-01 06:00")
	b.run()
	b.taken(c, 0, 0)
	p, err := b.auto.Progress(t.Context())
	b.ok(err)
	if !p.Stopped || !strings.Contains(p.Run.Trouble, "wrong key") {
		t.Fatalf("%+v", p.Run)
	}
	if got := b.mails("payment_notice"); len(got) != 1 || !strings.Contains(b.letter("payment_notice"), "Auto Recurring stopped") {
		t.Errorf("mails %v", got)
	}
	if n := b.number(`SELECT count(*) FROM payments WHERE state = 'planned'`); n != 2 {
		t.Errorf("%d planned", n)
	}
	broken.on = false
	b.run() // not by itself on the same day
	b.taken(c, 0, 0)
	b.ok(b.auto.RunNow(t.Context(), b.staff))
	b.run()
	b.taken(c, 1, 4500)
	b.taken(d, 1, 4500)
	b.agree()
	if got := b.mails("auto_pay_summary"); len(got) != 1 {
		t.Errorf("summaries %v", got)
	}
}

// TestOnePaymentThatIsRefusedStopsNobody tells a payment the processor will not
// work on from a processor that works on none.
func TestOnePaymentThatIsRefusedStopsNobody(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	var all []*customer
	for range 12 {
		c := b.customer("pm_card_visa", 1, 0)
		b.invoice(c, "2026-11-01", 4500)
		all = append(all, c)
	}
	bad := all[8]
	b.wire(b.db, &misconfigured{Adapter: b.sandbox, customer: bad.ref})
	b.on("2026-11-01 06:00")
	b.expect("2026-11", "failed", bad)
	b.expect("2026-11", "paid", append(append([]*customer{}, all[:8]...), all[9:]...)...)
	if got := b.mails("auto_pay_failed"); len(got) != 0 {
		t.Errorf("the customer was told of the dealer's trouble: %v", got)
	}
	b.agree()
}

// TestBooksThatArePutBack restores books from before a run: what was charged then
// is found at the processor by the reference, and not charged again, a day later
// too, when the key is forgotten there.
func TestBooksThatArePutBack(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	good, bad, unpaid := b.customer("pm_card_visa", 1, 0), b.customer("pm_card_chargeCustomerFail", 1, 0), b.customer("pm_card_visa", 1, 0)
	b.invoice(good, "2026-11-01", 4500)
	b.invoice(bad, "2026-11-01", 2500)
	b.hold(unpaid)
	b.invoice(unpaid, "2026-11-01", 3500)
	older := b.copyBooks()
	b.on("2026-11-01 06:00")
	b.taken(good, 1, 4500)

	b.useBooks(older)
	b.at("2026-11-03 09:00")
	b.ok(b.auto.Run(t.Context())) // on hold: nobody is charged, nothing is planned
	if n := b.number(`SELECT count(*) FROM auto_pay_periods`); n != 0 {
		t.Errorf("%d months decided while on hold", n)
	}
	b.ok(b.auto.Release(t.Context(), b.staff, unpaid.id, "fine"))
	b.confirmBooks()
	b.run()
	b.expect("2026-11", "paid", good, unpaid)
	b.expect("2026-11", "retry", bad)
	b.taken(good, 1, 4500)
	b.taken(unpaid, 1, 3500)
	if n := len(b.sandbox.Charges()); n != 3 {
		t.Errorf("%d charges at the processor", n)
	}
	b.agree()
}

// misconfigured is a processor whose key is wrong, or that refuses one customer.
type misconfigured struct {
	gateway.Adapter
	on       bool
	customer string
}

func (m *misconfigured) Charge(ctx context.Context, key string, c gateway.Charge) (gateway.Outcome, error) {
	if m.on || m.customer == c.CustomerID {
		return gateway.Outcome{}, &gateway.Error{Class: gateway.Config, Op: "charge", Detail: "wrong key"}
	}
	return m.Adapter.Charge(ctx, key, c)
}

// TestADebitStoppedAtTheBankIsMailedOnce: the payment and auto pay do not both
// tell of it.
func TestADebitStoppedAtTheBankIsMailedOnce(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	c := b.customer("pm_usBankAccount", 1, 0)
	b.invoice(c, "2026-11-01", 4500)
	b.on("2026-11-01 06:00")
	b.expect("2026-11", "processing", c)
	before := len(b.mails(""))
	b.wire(b.db, stopped{b.sandbox})
	b.on("2026-11-02 12:00")
	b.run()
	b.expect("2026-11", "failed", c)
	var told []string
	for _, m := range b.mails("")[before:] {
		if strings.HasSuffix(m, "c"+c.number+"@example.com") {
			told = append(told, m)
		}
	}
	if len(told) != 1 || !strings.Contains(b.letter("auto_pay_failed"), "stopped before the bank had settled it") {
		t.Errorf("mails: %v\n%s", told, b.letter("auto_pay_failed"))
	}
}

// stopped is a processor at which every payment was canceled by hand.
type stopped struct{ gateway.Adapter }

func (s stopped) Lookup(ctx context.Context, id string) (gateway.Outcome, error) {
	o, err := s.Adapter.Lookup(ctx, id)
	o.State = gateway.Canceled
	return o, err
}
