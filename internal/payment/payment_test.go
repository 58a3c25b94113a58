package payment_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/money"
	"customerportal/internal/payment"
)

func TestPaySeveralInvoicesWithACardOnFile(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	b.invoice("10002", 3000)
	b.invoice("10003", 10000)
	r := b.submit(order("card", b.method("pm_card_visa"), map[string]string{"10001": "", "10002": "", "10003": "20.00"}))
	if r.State != payment.Succeeded {
		t.Fatalf("state %s: %s", r.State, r.Message)
	}
	b.expect(r.Reference, payment.Succeeded, "10001", 0, 0)
	b.expect(r.Reference, payment.Succeeded, "10003", 8000, 0)
	if sum, n := b.sandbox.Taken(""); sum != 9500 || n != 1 {
		t.Errorf("the processor took %s in %d charges", sum, n)
	}
	if got := b.mails(); !slices.Equal(got, []string{"payment_receipt ann@example.com"}) {
		t.Errorf("mails %v", got)
	}
	// hearing of it again by every way changes nothing
	b.sandbox.DeliverPending(t.Context())
	b.later(10 * time.Minute)
	b.expect(r.Reference, payment.Succeeded, "10003", 8000, 0)
	if got := b.mails(); len(got) != 1 {
		t.Errorf("mails %v", got)
	}
}

func TestADeclineIsAResultAndTheNextAttemptNamesIt(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	declined := b.method("pm_card_chargeCustomerFail")
	o := order("card", declined, map[string]string{"10001": ""})
	r := b.submit(o)
	if r.State != payment.Failed || r.Message == "" {
		t.Fatalf("%+v", r)
	}
	b.expect(r.Reference, payment.Failed, "10001", 4500, 0)
	if len(b.mails()) != 0 {
		t.Errorf("a decline on the screen was mailed: %v", b.mails())
	}
	if again := b.submit(o); again.Reference != r.Reference || again.State != payment.Failed {
		t.Errorf("the same form again: %+v", again)
	}
	next := order("card", b.method("pm_card_visa"), map[string]string{"10001": ""})
	next.Previous = r.Reference
	r2 := b.submit(next)
	b.expect(r2.Reference, payment.Succeeded, "10001", 0, 0)
	if p := b.payment(r2.Reference); p.PreviousID.Int64 != b.payment(r.Reference).ID {
		t.Error("the new attempt does not name the one before it")
	}
}

func TestOneFormPaysOnce(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	b.invoice("10002", 3000)
	method := b.method("pm_card_visa")
	o := order("card", method, map[string]string{"10001": ""})
	results := make([]payment.Result, 20)
	var work sync.WaitGroup
	for i := range results {
		work.Go(func() {
			r, err := b.pay.Submit(t.Context(), b.ann(), b.customer, o)
			if err != nil {
				t.Error(err)
			}
			results[i] = r
		})
	}
	work.Wait()
	for _, r := range results {
		if r.Reference != results[0].Reference || r.State != payment.Succeeded {
			t.Errorf("%+v, want the first one's result", r)
		}
	}
	b.expect(results[0].Reference, payment.Succeeded, "10001", 0, 0)
	if _, n := b.sandbox.Taken(""); n != 1 {
		t.Errorf("%d charges", n)
	}
	other := o
	other.Choice.Rows = map[string]payment.RowChoice{"10002": {Yes: true}}
	_, err := b.pay.Submit(t.Context(), b.ann(), b.customer, other)
	earlier, told := errors.AsType[*payment.Earlier](err)
	if !fault.Is(err, fault.Conflict) || !told || earlier.Reference != results[0].Reference {
		t.Errorf("the form with other content: %v", err)
	}
	if _, n := b.sandbox.Taken(""); n != 1 {
		t.Errorf("%d charges", n)
	}
}

func TestManyFormsForOneInvoiceTakeOneCharge(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	method := b.method("pm_card_visa")
	var mu sync.Mutex
	paid := 0
	var work sync.WaitGroup
	for range 20 {
		o := order("card", method, map[string]string{"10001": ""})
		work.Go(func() {
			r, err := b.pay.Submit(t.Context(), b.ann(), b.customer, o)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && r.State == payment.Succeeded:
				paid++
			case !fault.Is(err, fault.Invalid):
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	work.Wait()
	if _, n := b.sandbox.Taken(""); n != 1 || paid != 1 {
		t.Errorf("%d charges, %d paid", n, paid)
	}
	b.agree()
	if b.balance("10001") != 0 {
		t.Error("not paid")
	}
}

// While it is not known what became of an attempt, nothing else is paid on that
// invoice; once it is known, the outcome stands, whatever was lost on the way.
func TestLostAnswers(t *testing.T) {
	for _, c := range []struct {
		effect sandbox.Effect
		first  payment.State // what the customer is shown
		last   payment.State // once it is known
	}{
		{sandbox.Refuse, payment.Succeeded, payment.Succeeded}, // tried again with the same key
		{sandbox.RateLimit, payment.Succeeded, payment.Succeeded},
		{sandbox.CutBefore, payment.Submitted, payment.Failed},
		{sandbox.BadGateway, payment.Submitted, payment.Failed},
		{sandbox.ErrorBefore, payment.Submitted, payment.Failed},
		{sandbox.CutAfter, payment.Submitted, payment.Succeeded},
		{sandbox.CutMidAnswer, payment.Submitted, payment.Succeeded},
		{sandbox.ErrorAfter, payment.Submitted, payment.Succeeded},
	} {
		t.Run(string(c.effect), func(t *testing.T) {
			b := open(t)
			b.invoice("10001", 4500)
			method := b.method("pm_card_visa")
			b.sandbox.Order(sandbox.Fault{Op: sandbox.OpCharge, Effect: c.effect})
			o := order("card", method, map[string]string{"10001": ""})
			r := b.submit(o)
			if r.State != c.first {
				t.Fatalf("first %s, want %s", r.State, c.first)
			}
			if c.first == payment.Submitted {
				if again := b.submit(o); again.State != payment.Submitted || again.Reference != r.Reference {
					t.Errorf("the same form again: %+v", again)
				}
				_, err := b.pay.Submit(t.Context(), b.ann(), b.customer, order("card", method, map[string]string{"10001": "10.00"}))
				if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "being checked") {
					t.Errorf("a second attempt while the first is not known: %v", err)
				}
			}
			// soon after, a look-up that finds nothing proves nothing
			b.later(time.Minute)
			if c.last == payment.Failed && b.payment(r.Reference).State != string(payment.Submitted) {
				t.Errorf("given up after a minute: %s", b.payment(r.Reference).State)
			}
			b.later(10 * time.Minute)
			left := money.Cents(0)
			if c.last == payment.Failed {
				left = 4500
			}
			b.expect(r.Reference, c.last, "10001", left, 0)
			want := "payment_receipt ann@example.com"
			if c.last == payment.Failed {
				want = "payment_failed ann@example.com"
			}
			if got := b.mails(); !slices.Equal(got, []string{want}) {
				t.Errorf("mails %v", got)
			}
		})
	}
}

// Much later too the payment is looked up and never sent again.
func TestAnOldAttemptIsLookedUpAndNeverSent(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	method := b.method("pm_card_visa")
	b.sandbox.Order(sandbox.Fault{Op: sandbox.OpCharge, Effect: sandbox.CutBefore})
	b.sandbox.Order(sandbox.Fault{Op: sandbox.OpRead, Effect: sandbox.CutBefore, Times: 3})
	r := b.submit(order("card", method, map[string]string{"10001": ""}))
	b.later(30 * time.Second)
	if p := b.payment(r.Reference); p.State != string(payment.Submitted) {
		t.Fatalf("%s although nobody could look", p.State)
	}
	b.sandbox.ClearFaults()
	b.later(40 * time.Hour)
	b.expect(r.Reference, payment.Failed, "10001", 4500, 0)
	if _, n := b.sandbox.Taken(""); n != 0 {
		t.Errorf("%d charges", n)
	}
}

func TestWebhooksTwiceReorderedAndBeforeTheAnswer(t *testing.T) {
	for _, manner := range []sandbox.Delivery{sandbox.InOrder, sandbox.Twice, sandbox.Backwards} {
		t.Run(string(manner), func(t *testing.T) {
			b := open(t)
			b.invoice("10001", 4500)
			b.sandbox.SetDelivery(manner)
			// the answer is lost and the webhooks are all there is
			b.sandbox.Order(sandbox.Fault{Op: sandbox.OpCharge, Effect: sandbox.CutAfter})
			r := b.submit(order("echeck", b.method("pm_usBankAccount"), map[string]string{"10001": ""}))
			b.sandbox.DeliverPending(t.Context())
			b.expect(r.Reference, payment.Processing, "10001", 4500, 0)
			id := b.payment(r.Reference).ChargeRef
			b.ok(b.sandbox.Settle(id))
			b.sandbox.DeliverPending(t.Context())
			b.expect(r.Reference, payment.Succeeded, "10001", 0, 0)
			b.ok(b.sandbox.Return(id, "R10"))
			b.sandbox.DeliverPending(t.Context())
			b.sandbox.DeliverPending(t.Context())
			b.expect(r.Reference, payment.Returned, "10001", 4500, 0)
			want := []string{"payment_submitted ann@example.com", "payment_receipt ann@example.com",
				"payment_reversed ann@example.com", "payment_notice office@acme.test"}
			if got := b.mails(); !slices.Equal(got, want) {
				t.Errorf("mails %v", got)
			}
			var open int
			b.ok(b.db.Reader().QueryRow(`SELECT count(*) FROM gateway_events WHERE handled_at = 0 OR body = ''`).Scan(&open))
			if open != 0 {
				t.Errorf("%d events not looked into", open)
			}
		})
	}
}

// The mail about an eCheck on its way does not ask for the same money again.
func TestSubmittedMailSaysWhatIsLeft(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	b.invoice("10002", 3000)
	b.submit(order("echeck", b.method("pm_usBankAccount"), map[string]string{"10001": "", "10002": "10.00"}))
	var body string
	b.ok(b.db.Reader().QueryRow(`SELECT text_body FROM outbox WHERE kind = 'payment_submitted'`).Scan(&body))
	for _, line := range []string{"\nInvoice 10001: $45.00\n", "\nInvoice 10002: $10.00 ($20.00 left to pay)\n"} {
		if !strings.Contains(body, line) {
			t.Errorf("missing %q in\n%s", line, body)
		}
	}
}

// A webhook that comes while the charge is still being answered neither waits
// nor books a second time.
func TestAWebhookBeforeTheAnswer(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	method := b.method("pm_card_visa")
	b.wire(early{b.sandbox, b})
	r := b.submit(order("card", method, map[string]string{"10001": ""}))
	b.expect(r.Reference, payment.Succeeded, "10001", 0, 0)
	b.settle()
	b.expect(r.Reference, payment.Succeeded, "10001", 0, 0)
	if got := b.mails(); len(got) != 1 {
		t.Errorf("mails %v", got)
	}
}

func TestAForgedWebhookIsRefusedAndKeepsNothing(t *testing.T) {
	b := open(t)
	err := b.pay.Receive(t.Context(), "sandbox", []byte(`{"id":"evt_1","object":"event"}`), func(string) string { return "t=1,v1=00" })
	if !fault.Is(err, fault.Forbidden) {
		t.Errorf("%v", err)
	}
	if err := b.pay.Receive(t.Context(), "nobody", nil, func(string) string { return "" }); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	var n int
	b.ok(b.db.Reader().QueryRow(`SELECT count(*) FROM gateway_events`).Scan(&n))
	if n != 0 {
		t.Error("kept")
	}
}

// Without any webhook the processor's own list of changes tells the same.
func TestNothingIsMissedWithoutWebhooks(t *testing.T) {
	b := open(t)
	b.sandbox.SetDelivery(sandbox.Withheld)
	b.invoice("10001", 4500)
	r := b.submit(order("echeck", b.method("pm_usBankAccount"), map[string]string{"10001": ""}))
	b.expect(r.Reference, payment.Processing, "10001", 4500, 0)
	id := b.payment(r.Reference).ChargeRef
	b.clock.Advance(24 * time.Hour)
	b.ok(b.sandbox.Settle(id))
	b.later(12 * time.Hour)
	b.expect(r.Reference, payment.Succeeded, "10001", 0, 0)
	b.clock.Advance(20 * 24 * time.Hour)
	b.ok(b.sandbox.Return(id, "R01"))
	b.clock.Advance(time.Hour)
	for range 12 { // a few weeks of changes are read over several rounds
		b.settle()
	}
	b.expect(r.Reference, payment.Returned, "10001", 4500, 0)
}

func TestABankDebitThatComesBackBeforeItSettles(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	method := b.method("pm_usBankAccount_accountClosed")
	r := b.submit(order("echeck", method, map[string]string{"10001": ""}))
	b.ok(b.sandbox.Return(b.payment(r.Reference).ChargeRef, "R02"))
	b.sandbox.DeliverPending(t.Context())
	b.expect(r.Reference, payment.Failed, "10001", 4500, 0)
	if list, err := b.pay.Wallet(t.Context(), b.customer); err != nil || len(list.Methods) != 0 {
		t.Errorf("the closed account is still offered: %+v %v", list, err)
	}
	if got := b.mails(); !slices.Contains(got, "payment_failed ann@example.com") {
		t.Errorf("mails %v", got)
	}
}

func TestRefundsAndDisputesMoveTheBooks(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	b.invoice("10002", 3000)
	r := b.submit(order("card", b.method("pm_card_visa"), map[string]string{"10001": "", "10002": ""}))
	id := b.payment(r.Reference).ChargeRef
	refund := func(key string, cents money.Cents) {
		t.Helper()
		if out, err := b.sandbox.Refund(t.Context(), key, gateway.Refund{Reference: key, PaymentID: id, Amount: cents}); err != nil || out.State == gateway.RefundFailed {
			t.Fatalf("%+v %v", out, err)
		}
		b.sandbox.DeliverPending(t.Context())
		b.sandbox.DeliverPending(t.Context())
	}
	refund("re1", 1000)
	b.expect(r.Reference, payment.PartiallyRefunded, "10002", 1000, 0)
	b.clock.Advance(time.Hour)
	refund("re2", 6500)
	b.expect(r.Reference, payment.Refunded, "10002", 3000, 0)
	b.expect(r.Reference, payment.Refunded, "10001", 4500, 0)

	d := b.submit(order("card", b.method("pm_card_visa"), map[string]string{"10001": ""}))
	id = b.payment(d.Reference).ChargeRef
	b.ok(b.sandbox.Dispute(id))
	b.sandbox.DeliverPending(t.Context())
	b.expect(d.Reference, payment.Disputed, "10001", 0, 0)
	b.ok(b.sandbox.EndDispute(id, false))
	b.sandbox.DeliverPending(t.Context())
	b.expect(d.Reference, payment.Lost, "10001", 4500, 0)

	w := b.submit(order("card", b.method("pm_card_visa"), map[string]string{"10001": ""}))
	id = b.payment(w.Reference).ChargeRef
	b.ok(b.sandbox.Dispute(id))
	b.ok(b.sandbox.EndDispute(id, true))
	b.sandbox.DeliverPending(t.Context())
	b.expect(w.Reference, payment.Won, "10001", 0, 0)
}

func TestHostedPageReservesNothingUntilPaidAndTheSecondClosesTheFirst(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	first := b.submit(order("card", payment.NewMethod, map[string]string{"10001": ""}))
	if first.State != payment.Action || !strings.HasPrefix(first.Redirect, "https://portal.test/sandbox/") {
		t.Fatalf("%+v", first)
	}
	screen, err := b.pay.Preview(t.Context(), b.customer, payment.Choice{})
	b.ok(err)
	if screen.Rows[0].Payable() != 4500 {
		t.Errorf("reserved: %+v", screen.Rows[0])
	}
	second := b.submit(order("card", payment.NewMethod, map[string]string{"10001": ""}))
	b.expect(first.Reference, payment.Canceled, "10001", 4500, 0)
	page := b.payment(second.Reference).SessionRef
	card := sandbox.Entry{Name: "Ann", Number: "4242424242424242", Expiry: "12/30", CVC: "123", Zip: "12180"}
	if _, problems, err := b.sandbox.Submit(page, card); err != nil || problems != nil {
		t.Fatal(problems, err)
	}
	// paid, and nobody has told us yet: a third form is told of it
	_, err = b.pay.Submit(t.Context(), b.ann(), b.customer, order("card", payment.NewMethod, map[string]string{"10001": ""}))
	if earlier, ok := errors.AsType[*payment.Earlier](err); !ok || earlier.Reference != second.Reference {
		t.Fatalf("%v", err)
	}
	b.expect(second.Reference, payment.Succeeded, "10001", 0, 0)
	if _, n := b.sandbox.Taken(""); n != 1 {
		t.Errorf("%d charges", n)
	}
	if w, err := b.pay.Wallet(t.Context(), b.customer); err != nil || len(w.Methods) != 0 {
		t.Errorf("kept on file without a tick: %+v %v", w, err)
	}
}

func TestHostedPageKeepsTheCardWhenTickedAndRunsOut(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	o := order("card", payment.NewMethod, map[string]string{"10001": "45.00"})
	o.Keep = true
	r := b.submit(o)
	if again := b.submit(o); again.Redirect != r.Redirect {
		t.Errorf("the same form again leads to %q, not %q", again.Redirect, r.Redirect)
	}
	b.later(2 * time.Hour)
	b.expect(r.Reference, payment.Expired, "10001", 4500, 0)

	o.Nonce = payment.NewNonce()
	r = b.submit(o)
	declined := sandbox.Entry{Name: "Ann", Number: "4000000000000002", Expiry: "12/30", CVC: "123", Zip: "12180"}
	if _, problems, err := b.sandbox.Submit(b.payment(r.Reference).SessionRef, declined); err != nil || problems == nil {
		t.Fatal(problems, err)
	}
	b.sandbox.DeliverPending(t.Context())
	if p := b.payment(r.Reference); p.State != string(payment.Action) {
		t.Fatalf("a decline on the page ended the payment: %s", p.State)
	}
	declined.Number = "5555555555554444"
	if _, problems, err := b.sandbox.Submit(b.payment(r.Reference).SessionRef, declined); err != nil || problems != nil {
		t.Fatal(problems, err)
	}
	b.sandbox.DeliverPending(t.Context())
	b.expect(r.Reference, payment.Succeeded, "10001", 0, 0)
	w, err := b.pay.Wallet(t.Context(), b.customer)
	b.ok(err)
	if len(w.Methods) != 1 || w.Methods[0].Last4 != "4444" {
		t.Errorf("%+v", w.Methods)
	}
}

// Two pages of parts of the same invoice cannot stand open together, but a check
// entered at the office can come first: then the rest is credit.
func TestExcessBecomesCreditAndCreditPaysTheNext(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	b.invoice("10002", 3000)
	r := b.submit(order("card", payment.NewMethod, map[string]string{"10001": ""}))
	b.ok(b.db.Write(t.Context(), func(q *db.Queries) error { return b.check(q, "10001", 4000) }))
	card := sandbox.Entry{Name: "Ann", Number: "4242424242424242", Expiry: "12/30", CVC: "123", Zip: "12180"}
	_, _, err := b.sandbox.Submit(b.payment(r.Reference).SessionRef, card)
	b.ok(err)
	b.sandbox.DeliverPending(t.Context())
	b.expect(r.Reference, payment.Succeeded, "10001", 0, 4000)

	o := order("", "", map[string]string{"10002": ""})
	applied, err := b.pay.UseCredit(t.Context(), b.ann(), b.customer, o)
	if err != nil || applied != 3000 {
		t.Fatal(applied, err)
	}
	if again, err := b.pay.UseCredit(t.Context(), b.ann(), b.customer, o); err != nil || again != 0 {
		t.Fatal(again, err)
	}
	b.expect(r.Reference, payment.Succeeded, "10002", 0, 1000)
	// a refund of the whole payment finds its money where it went
	_, err = b.sandbox.Refund(t.Context(), "re", gateway.Refund{Reference: "re", PaymentID: b.payment(r.Reference).ChargeRef, Amount: 4500})
	b.ok(err)
	b.sandbox.DeliverPending(t.Context())
	b.expect(r.Reference, payment.Refunded, "10002", 3000, 0)
	b.expect(r.Reference, payment.Refunded, "10001", 500, 0)
}

func TestThreeDSecure(t *testing.T) {
	for _, confirm := range []bool{true, false} {
		b := open(t)
		b.invoice("10001", 4500)
		o := order("card", b.method("pm_card_authenticationRequired"), map[string]string{"10001": ""})
		r := b.submit(o)
		if r.State != payment.Action || r.Redirect == "" {
			t.Fatalf("%+v", r)
		}
		if again := b.submit(o); again.Redirect != r.Redirect {
			t.Errorf("again: %+v", again)
		}
		if _, err := b.pay.Submit(t.Context(), b.ann(), b.customer, order("card", payment.NewMethod, map[string]string{"10001": ""})); !fault.Is(err, fault.Invalid) {
			t.Errorf("a second attempt while the first waits: %v", err)
		}
		_, err := b.sandbox.Authenticate(r.Redirect, confirm)
		b.ok(err)
		got, err := b.pay.Return(t.Context(), b.customer, "")
		b.ok(err)
		if got.Reference != r.Reference {
			t.Errorf("refreshed %s", got.Reference)
		}
		if confirm {
			b.expect(r.Reference, payment.Succeeded, "10001", 0, 0)
		} else {
			b.expect(r.Reference, payment.Failed, "10001", 4500, 0)
		}
	}
	// nobody comes back
	b := open(t)
	b.invoice("10001", 4500)
	r := b.submit(order("card", b.method("pm_card_authenticationRequired"), map[string]string{"10001": ""}))
	b.settle()
	b.later(3 * time.Hour)
	b.expect(r.Reference, payment.Canceled, "10001", 4500, 0)
}

func TestProcessorOutOfReach(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	b.sandbox.Order(sandbox.Fault{Op: sandbox.OpCustomer, Effect: sandbox.Refuse, Times: 3})
	r := b.submit(order("card", payment.NewMethod, map[string]string{"10001": ""}))
	if r.State != payment.Canceled || !strings.Contains(r.Message, "Nothing was charged") {
		t.Errorf("%+v", r)
	}
	b.sandbox.Order(sandbox.Fault{Op: sandbox.OpPage, Effect: sandbox.CutAfter})
	r = b.submit(order("card", payment.NewMethod, map[string]string{"10001": ""}))
	if r.State != payment.Failed {
		t.Errorf("%+v", r)
	}
	b.expect(r.Reference, payment.Failed, "10001", 4500, 0)
	b.sandbox.Order(sandbox.Fault{Op: sandbox.OpCharge, Effect: sandbox.Refuse, Times: 3})
	r = b.submit(order("card", b.method("pm_card_visa"), map[string]string{"10001": ""}))
	b.expect(r.Reference, payment.Failed, "10001", 4500, 0)
}

func TestForeignAndHostileOrders(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	method := b.method("pm_card_visa")
	other, _ := b.addCustomer("2002", "bob@example.com")
	b.invoiceFor(other, "20001", 100)
	foreign := b.methodFor(other, "2002", "pm_card_visa")
	for name, o := range map[string]payment.Order{
		"invoice":      order("card", method, map[string]string{"20001": ""}),
		"both":         order("card", method, map[string]string{"10001": "", "20001": ""}),
		"missing":      order("card", method, map[string]string{"99999": ""}),
		"method":       order("card", foreign, map[string]string{"10001": ""}),
		"method words": order("card", "x", map[string]string{"10001": ""}),
		"other kind":   order("echeck", method, map[string]string{"10001": ""}),
	} {
		if _, err := b.pay.Submit(t.Context(), b.ann(), b.customer, o); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, amount := range []string{"-5", "0", "0.00", "1e3", "NaN", "1.005", "٥", "45.01", "99999999999999999999", "1,0.00", "abc", " ", "0x10", "0.50"} {
		_, err := b.pay.Submit(t.Context(), b.ann(), b.customer, order("card", method, map[string]string{"10001": amount}))
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.Invalid || f.Field != payment.AmountField("10001") {
			t.Errorf("amount %q: %v", amount, err)
		}
	}
	for name, o := range map[string]payment.Order{
		"kind": order("", method, map[string]string{"10001": ""}), "pay": order("card", method, nil),
	} {
		_, err := b.pay.Submit(t.Context(), b.ann(), b.customer, o)
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Invalid || f.Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	stale := order("card", method, map[string]string{"10001": "20.00"})
	stale.Total = "45.00"
	if _, err := b.pay.Submit(t.Context(), b.ann(), b.customer, stale); !fault.Is(err, fault.Invalid) {
		t.Errorf("another amount than the button said: %v", err)
	}
	bad := order("card", method, map[string]string{"10001": ""})
	bad.Nonce = "1"
	if _, err := b.pay.Submit(t.Context(), b.ann(), b.customer, bad); !fault.Is(err, fault.Conflict) {
		t.Errorf("a nonce that is not ours: %v", err)
	}
	if _, n := b.sandbox.Taken(""); n != 0 {
		t.Errorf("%d charges", n)
	}
	// one customer's nonce tells another nothing
	o := order("card", method, map[string]string{"10001": ""})
	b.submit(o)
	theirs := order("card", foreign, map[string]string{"20001": ""})
	theirs.Nonce = o.Nonce
	if _, err := b.pay.Submit(t.Context(), b.ann(), other, theirs); !fault.Is(err, fault.Conflict) || strings.Contains(err.Error(), "45.00") {
		t.Errorf("%v", err)
	}
}

func TestBooksOnHoldTakeNoMoney(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	method := b.method("pm_card_visa")
	b.ok(b.db.Write(t.Context(), func(q *db.Queries) error {
		return q.SetInstance(t.Context(), db.SetInstanceParams{Instance: "x", Hold: string(db.Copied)})
	}))
	if _, err := b.pay.Submit(t.Context(), b.ann(), b.customer, order("card", method, map[string]string{"10001": ""})); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	b.settle()
	if len(b.sandbox.Charges()) != 0 {
		t.Error("charged")
	}
}

// A processor that answers slowly makes no page fail: it shows what is known.
func TestReturnBeforeASlowProcessor(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	r := b.submit(order("card", payment.NewMethod, map[string]string{"10001": ""}))
	release := make(chan struct{})
	b.sandbox.Order(sandbox.Fault{Op: sandbox.OpRead, Effect: sandbox.Slow, Release: release})
	b.pay.ShortPages()
	got, err := b.pay.Return(t.Context(), b.customer, r.Reference)
	close(release)
	if err != nil || got.State != payment.Action {
		t.Errorf("%+v %v", got, err)
	}
}
