package payment_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/payment"
)

// clerk adds somebody to the staff who can log in.
func (b *books) clerk(email, role string) audit.Actor {
	b.Helper()
	var id int64
	b.ok(b.db.Write(b.Context(), func(q *db.Queries) error {
		var err error
		if id, err = q.AddStaff(b.Context(), db.AddStaffParams{Email: email, Name: strings.ToUpper(email[:1]) + email[1:strings.Index(email, "@")], Role: role, CreatedAt: 1}); err != nil {
			return err
		}
		return q.SetStaffPassword(b.Context(), db.SetStaffPasswordParams{PasswordHash: "x", ID: id})
	}))
	return audit.Actor{Kind: audit.Staff, StaffID: id, Role: role}
}

func (b *books) set(key, value string) {
	b.Helper()
	b.ok(b.settings.Set(b.Context(), audit.Program, map[string]string{key: value}))
}

// back orders a refund through the processor.
func (b *books) back(reference string, cents money.Cents) payment.RefundOrder {
	return payment.RefundOrder{CustomerID: b.customer, Payment: reference, Amount: cents, Way: payment.WayGateway, Reason: "Charged twice", Nonce: payment.NewNonce()}
}

func (b *books) refund(by audit.Actor, o payment.RefundOrder) payment.Done {
	b.Helper()
	done, err := b.pay.Refund(b.Context(), by, o)
	b.ok(err)
	return done
}

// sound proves the whole of the books.
func (b *books) sound() {
	b.Helper()
	b.ok(b.db.View(b.Context(), func(q *db.Queries) error {
		found, err := ledger.CheckBooks(b.Context(), q, calendar.InstantOf(b.clock.Now()))
		for _, f := range found {
			b.Errorf("the books: %s", f)
		}
		return err
	}))
}

func (b *books) tally(query string, args ...any) (n int64) {
	b.Helper()
	b.ok(b.db.Reader().QueryRow(query, args...).Scan(&n))
	return n
}

func (b *books) mailText(kind string) string {
	b.Helper()
	var text string
	err := b.db.Reader().QueryRow(`SELECT subject || char(10) || text_body FROM outbox WHERE kind = ? ORDER BY id DESC LIMIT 1`, kind).Scan(&text)
	if !errors.Is(err, sql.ErrNoRows) {
		b.ok(err)
	}
	return text
}

func TestRefundThroughTheProcessor(t *testing.T) {
	b := open(t)
	olive := b.clerk("olive@acme.test", "owner")
	b.invoice("10001", 4500)
	b.invoice("10002", 3000)
	r := b.submit(order("card", b.method("pm_card_visa"), map[string]string{"10001": "", "10002": ""}))
	o := b.back(r.Reference, 4000)
	done := b.refund(olive, o)
	if done.State != "succeeded" || !strings.HasPrefix(done.Reference, "R") || done.Asked != 0 {
		t.Fatalf("%+v", done)
	}
	// the invoice that is due last first
	b.expect(r.Reference, payment.PartiallyRefunded, "10002", 3000, 0)
	b.expect(r.Reference, payment.PartiallyRefunded, "10001", 1000, 0)
	if got := b.mailText("payment_reversed"); !strings.Contains(got, "$40.00 of your payment was given back") || !strings.Contains(got, "Reason: Charged twice") ||
		!strings.Contains(got, "Invoice 10002: $30.00 left to pay") {
		t.Errorf("the mail says:\n%s", got)
	}
	// the same form again, and all that the processor tells of it
	if again := b.refund(olive, o); again != done {
		t.Errorf("the same form again: %+v", again)
	}
	other := o
	other.Amount = 100
	if _, err := b.pay.Refund(t.Context(), olive, other); !fault.Is(err, fault.Conflict) {
		t.Errorf("the form with another amount: %v", err)
	}
	b.sandbox.DeliverPending(t.Context())
	b.later(24 * time.Hour)
	b.expect(r.Reference, payment.PartiallyRefunded, "10001", 1000, 0)

	// parts as staff chose them
	o = b.back(r.Reference, 1500)
	o.Parts = []payment.RefundPart{{Invoice: "10001", Cents: 1500}}
	b.refund(olive, o)
	b.expect(r.Reference, payment.PartiallyRefunded, "10001", 2500, 0)
	b.refund(olive, b.back(r.Reference, 2000))
	b.expect(r.Reference, payment.Refunded, "10001", 4500, 0)
	if _, err := b.pay.Refund(t.Context(), olive, b.back(r.Reference, 1)); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "All of this payment was given back") {
		t.Errorf("beyond the amount: %v", err)
	}
	if n := b.tally(`SELECT count(*) FROM outbox WHERE kind = 'payment_reversed'`); n != 3 {
		t.Errorf("%d mails for three refunds", n)
	}
	b.sound()
}

func TestRefundsThatAreRefused(t *testing.T) {
	b := open(t)
	olive := b.clerk("olive@acme.test", "owner")
	b.invoice("10001", 4500)
	b.invoice("10002", 3000)
	b.invoice("10003", 2000)
	card := b.method("pm_card_visa")
	r := b.submit(order("card", card, map[string]string{"10001": ""}))
	for field, change := range map[string]func(o *payment.RefundOrder){
		"amount":                   func(o *payment.RefundOrder) { o.Amount = 4501 },
		"amount ":                  func(o *payment.RefundOrder) { o.Amount = 0 },
		"amount  ":                 func(o *payment.RefundOrder) { o.Amount = -1 },
		"reason":                   func(o *payment.RefundOrder) { o.Reason = " " },
		"reason ":                  func(o *payment.RefundOrder) { o.Reason = strings.Repeat("x", 301) },
		"way":                      func(o *payment.RefundOrder) { o.Way = "gold" },
		"number":                   func(o *payment.RefundOrder) { o.Way = payment.WayCheck },
		payment.PartField("10002"): func(o *payment.RefundOrder) { o.Parts = []payment.RefundPart{{Invoice: "10002", Cents: 1}} },
		payment.PartField("10001"): func(o *payment.RefundOrder) { o.Parts = []payment.RefundPart{{Invoice: "10001", Cents: 4501}} },
		"amount   ":                func(o *payment.RefundOrder) { o.Parts = []payment.RefundPart{{Invoice: "10001", Cents: 1001}} },
	} {
		o := b.back(r.Reference, 1000)
		change(&o)
		_, err := b.pay.Refund(t.Context(), olive, o)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.Invalid || f.Field != strings.TrimSpace(field) {
			t.Errorf("%q: %v", field, err)
		}
	}
	o := b.back(r.Reference, 1000)
	o.CustomerID, _ = b.addCustomer("2002", "bob@example.com")
	if _, err := b.pay.Refund(t.Context(), olive, o); !fault.Is(err, fault.NotFound) {
		t.Errorf("a foreign payment: %v", err)
	}
	if _, err := b.pay.Refund(t.Context(), olive, payment.RefundOrder{Nonce: "1"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a nonce that is not ours: %v", err)
	}
	conflict := func(reference, words string) {
		t.Helper()
		if _, err := b.pay.Refund(t.Context(), olive, b.back(reference, 100)); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), words) {
			t.Errorf("%v, want %q", err, words)
		}
	}
	b.ok(b.sandbox.Dispute(b.payment(r.Reference).ChargeRef))
	b.sandbox.DeliverPending(t.Context())
	conflict(r.Reference, "disputed")
	b.ok(b.sandbox.EndDispute(b.payment(r.Reference).ChargeRef, false))
	b.sandbox.DeliverPending(t.Context())
	conflict(r.Reference, "taken this payment back")
	bank := b.method("pm_usBankAccount")
	e := b.submit(order("echeck", bank, map[string]string{"10002": ""}))
	conflict(e.Reference, "not settled")
	if n := b.tally(`SELECT count(*) FROM refunds`); n != 0 {
		t.Errorf("%d refunds", n)
	}
	b.sound()
}

func TestTwentyPressesMakeOneRefund(t *testing.T) {
	b := open(t)
	olive := b.clerk("olive@acme.test", "owner")
	b.invoice("10001", 4500)
	r := b.submit(order("card", b.method("pm_card_visa"), map[string]string{"10001": ""}))
	o := b.back(r.Reference, 2000)
	var work sync.WaitGroup
	got := make([]payment.Done, 20)
	for i := range got {
		work.Go(func() {
			var err error
			if got[i], err = b.pay.Refund(t.Context(), olive, o); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	for _, d := range got {
		if d != got[0] || d.State != "succeeded" {
			t.Errorf("%+v, want the first one's result", d)
		}
	}
	if c := b.sandbox.Charges()[0]; c.Refunded != 2000 {
		t.Errorf("the processor gave back %s", c.Refunded)
	}
	// forty different forms for more than there is
	for range 40 {
		work.Go(func() { _, _ = b.pay.Refund(t.Context(), olive, b.back(r.Reference, 1000)) })
	}
	work.Wait()
	if c := b.sandbox.Charges()[0]; c.Refunded != 4000 {
		t.Errorf("the processor gave back %s", c.Refunded)
	}
	b.expect(r.Reference, payment.PartiallyRefunded, "10001", 4000, 0)
	b.sound()
}

// An answer that is lost leaves the refund submitted; it is looked up and never
// sent again.
func TestLostAnswersOfRefunds(t *testing.T) {
	for _, c := range []struct {
		effect      sandbox.Effect
		first, last string
	}{
		{sandbox.Refuse, "succeeded", "succeeded"},
		{sandbox.RateLimit, "succeeded", "succeeded"},
		{sandbox.CutBefore, "submitted", "failed"},
		{sandbox.BadGateway, "submitted", "failed"},
		{sandbox.ErrorBefore, "submitted", "failed"},
		{sandbox.CutAfter, "submitted", "succeeded"},
		{sandbox.CutMidAnswer, "submitted", "succeeded"},
		{sandbox.ErrorAfter, "submitted", "succeeded"},
	} {
		for _, told := range []bool{false, true} {
			t.Run(fmt.Sprint(c.effect, told), func(t *testing.T) {
				b := open(t)
				olive := b.clerk("olive@acme.test", "owner")
				b.invoice("10001", 4500)
				r := b.submit(order("card", b.method("pm_card_visa"), map[string]string{"10001": ""}))
				b.sandbox.DeliverPending(t.Context())
				b.sandbox.Order(sandbox.Fault{Op: sandbox.OpRefund, Effect: c.effect})
				o := b.back(r.Reference, 2000)
				done := b.refund(olive, o)
				if done.State != c.first {
					t.Fatalf("first %+v, want %s", done, c.first)
				}
				// the money on its way is not given back a second time
				if c.first == "submitted" {
					if _, err := b.pay.Refund(t.Context(), olive, b.back(r.Reference, 2501)); !fault.Is(err, fault.Invalid) {
						t.Errorf("beyond what is left: %v", err)
					}
				}
				if told { // a webhook comes first
					b.sandbox.DeliverPending(t.Context())
				}
				b.later(time.Minute)
				if state := b.refund(olive, o).State; c.last == "failed" && state != "submitted" {
					t.Errorf("%s after a minute", state)
				}
				b.later(10 * time.Minute)
				if state := b.refund(olive, o).State; state != c.last {
					t.Errorf("in the end %s, want %s", state, c.last)
				}
				want, state := money.Cents(2000), payment.PartiallyRefunded
				if c.last == "failed" {
					want, state = 0, payment.Succeeded
				}
				b.expect(r.Reference, state, "10001", want, 0)
				if got := b.sandbox.Charges()[0].Refunded; got != want {
					t.Errorf("the processor gave back %s", got)
				}
				if n := b.tally(`SELECT count(*) FROM outbox WHERE kind = 'payment_reversed'`); n != int64(min(want, 1)) {
					t.Errorf("%d mails", n)
				}
				b.sound()
			})
		}
	}
}

// A bank that refuses the refund days later gets the money back into the books.
func TestARefundThatComesBack(t *testing.T) {
	for _, whole := range []bool{false, true} {
		b := open(t)
		olive := b.clerk("olive@acme.test", "owner")
		b.invoice("10001", 4500)
		b.invoice("10002", 3000)
		r := b.submit(order("echeck", b.method("pm_usBankAccount"), map[string]string{"10001": "", "10002": ""}))
		id := b.payment(r.Reference).ChargeRef
		b.ok(b.sandbox.Settle(id))
		b.sandbox.DeliverPending(t.Context())
		cents := money.Cents(4000)
		if whole {
			cents = 7500
		}
		done := b.refund(olive, b.back(r.Reference, cents))
		if done.State != "pending" {
			t.Fatalf("%+v", done)
		}
		if b.balance("10002") != 3000 {
			t.Error("a pending refund does not open the invoice")
		}
		b.ok(b.sandbox.EndRefund(b.sandbox.Charges()[0].Pending[0], false))
		b.sandbox.DeliverPending(t.Context())
		b.expect(r.Reference, payment.Succeeded, "10001", 0, 0)
		b.expect(r.Reference, payment.Succeeded, "10002", 0, 0)
		if got := b.mailText("payment_notice"); !strings.Contains(got, "A refund did not go through") {
			t.Errorf("the dealer is told:\n%s", got)
		}
		if got := b.mailText("payment_reversed"); !strings.Contains(got, "did not take the refund") {
			t.Errorf("the customer is told:\n%s", got)
		}
		b.later(24 * time.Hour)
		b.sound()
	}
}

func TestRefundsByHand(t *testing.T) {
	b := open(t)
	olive := b.clerk("olive@acme.test", "owner")
	b.invoice("10001", 4500)
	b.ok(b.db.Write(t.Context(), func(q *db.Queries) error { return b.check(q, "10001", 4500) }))
	var reference string
	b.ok(b.db.Reader().QueryRow(`SELECT reference FROM payments`).Scan(&reference))
	o := b.back(reference, 1000)
	if _, err := b.pay.Refund(t.Context(), olive, o); !fault.Is(err, fault.Invalid) {
		t.Errorf("a check through the processor: %v", err)
	}
	o.Way, o.Number = payment.WayCheck, "2201"
	if done := b.refund(olive, o); done.State != "succeeded" {
		t.Errorf("%+v", done)
	}
	b.expect(reference, payment.PartiallyRefunded, "10001", 1000, 0)
	if got := b.mailText("payment_reversed"); !strings.Contains(got, "by check 2201") {
		t.Errorf("the mail says:\n%s", got)
	}
	// a card payment that is paid out in cash: the processor knows nothing of it
	b.invoice("10002", 3000)
	r := b.submit(order("card", b.method("pm_card_visa"), map[string]string{"10002": ""}))
	o = b.back(r.Reference, 500)
	o.Way = payment.WayCash
	b.refund(olive, o)
	b.sandbox.DeliverPending(t.Context())
	b.later(24 * time.Hour)
	b.expect(r.Reference, payment.PartiallyRefunded, "10002", 500, 0)
	b.refund(olive, b.back(r.Reference, 2500))
	b.expect(r.Reference, payment.Refunded, "10002", 3000, 0)
	b.sound()
}

// What books gave back before refunds had rows of their own is not given back, nor
// booked, once more.
func TestRefundsOfBooksFromBefore(t *testing.T) {
	for _, fails := range []bool{false, true} {
		b := open(t)
		olive := b.clerk("olive@acme.test", "owner")
		b.invoice("10001", 4500)
		r := b.submit(order("card", b.method("pm_card_visa"), map[string]string{"10001": ""}))
		p := b.payment(r.Reference)
		b.ok(b.db.WriteTx(t.Context(), func(tx *sql.Tx) error {
			for _, statement := range []string{
				`INSERT INTO ledger (customer_id, payment_id, invoice_id, cents, reason, fact, entry_date, at) VALUES (1, 1, 1, 1000, 'refund', 'refund X to 10.00 at 5 invoice 1', '2026-11-10', 5)`,
				`UPDATE invoices SET balance_cents = balance_cents + 1000`,
				`UPDATE payments SET refunded_cents = 1000, state = 'partially_refunded'`,
				`INSERT INTO refunds (reference, payment_id, source, way, cents, state, booked, carried_cents, idempotency_key, nonce, refund_date, created_at) VALUES ('Rold', 1, 'earlier', 'gateway', 1000, 'succeeded', 1, 1000, 'e', 'e', '2026-11-10', 5)`,
				`INSERT INTO audit (at, actor, action, customer_id, object) SELECT 5, 'system', 'payment.partially_refunded', 1, 'payment ' || reference FROM payments`,
			} {
				if _, err := tx.Exec(statement); err != nil {
					return err
				}
			}
			return nil
		}))
		out, err := b.sandbox.Refund(t.Context(), "before", gateway.Refund{Reference: "elsewhere", PaymentID: p.ChargeRef, Amount: 1000})
		b.ok(err)
		b.sandbox.DeliverPending(t.Context())
		b.expect(r.Reference, payment.PartiallyRefunded, "10001", 1000, 0)
		b.refund(olive, b.back(r.Reference, 500))
		b.expect(r.Reference, payment.PartiallyRefunded, "10001", 1500, 0)
		if fails {
			b.ok(b.sandbox.EndRefund(out.ID, false))
			b.sandbox.DeliverPending(t.Context())
			b.expect(r.Reference, payment.PartiallyRefunded, "10001", 500, 0)
		}
		b.sound()
	}
}

// TestTheOrderOfEventsDoesNotMatter lets the same refunds, refused refunds,
// disputes and returns become known in any order, several times and by every way:
// the books come out the same.
func TestTheOrderOfEventsDoesNotMatter(t *testing.T) {
	for story := range 6 {
		var want string
		for turn := range 6 {
			got := tellStory(t, uint64(story), uint64(turn))
			if want == "" {
				want = got
			}
			if got != want {
				t.Fatalf("story %d in order %d ends in\n%s\nnot in\n%s", story, turn, got, want)
			}
		}
	}
}

// scripted is a processor that says of a payment what the test wants, whatever
// the sandbox has.
type scripted struct {
	*sandbox.Sandbox
	refunds  []gateway.RefundOutcome
	disputes []gateway.Dispute
}

func (s *scripted) Lookup(ctx context.Context, id string) (gateway.Outcome, error) {
	out, err := s.Sandbox.Lookup(ctx, id)
	out.Refunded = 0
	for _, r := range s.refunds {
		if r.State != gateway.RefundFailed {
			out.Refunded += r.Amount
		}
	}
	out.Disputes = slices.Clone(s.disputes)
	return out, err
}

func (s *scripted) Refunds(context.Context, string) ([]gateway.RefundOutcome, error) {
	return slices.Clone(s.refunds), nil
}

// tellStory makes up what happens by the story's number and lets it become known
// in an order of its own.
func tellStory(t *testing.T, story, turn uint64) string {
	t.Helper()
	b := open(t)
	s := &scripted{Sandbox: b.sandbox}
	b.invoice("10001", 4500)
	b.invoice("10002", 3000)
	method := b.method("pm_card_visa")
	b.wire(s)
	r := b.submit(order("card", method, map[string]string{"10001": "", "10002": ""}))
	id := b.payment(r.Reference).ChargeRef

	rng := rand.New(rand.NewPCG(story, 1))
	type event func()
	var events []event
	for i := range 1 + rng.IntN(3) {
		amount, fails := money.Cents(500+rng.Int64N(3000)), rng.IntN(2) == 0
		ref := fmt.Sprintf("re_%d", i)
		put := func(state gateway.RefundState) {
			out := gateway.RefundOutcome{ID: ref, PaymentID: id, State: state, Amount: amount, Created: calendar.Instant(1000 + i)}
			if at := slices.IndexFunc(s.refunds, func(r gateway.RefundOutcome) bool { return r.ID == ref }); at >= 0 {
				if s.refunds[at].State != gateway.RefundFailed {
					s.refunds[at] = out
				}
				return
			}
			s.refunds = append(s.refunds, out)
		}
		events = append(events, func() { put(gateway.RefundPending) }, func() { put(gateway.RefundSucceeded) })
		if fails {
			events = append(events, func() { put(gateway.RefundFailed) })
		}
	}
	for i := range rng.IntN(3) {
		amount, end := money.Cents(1000+rng.Int64N(6500)), []gateway.DisputeState{gateway.DisputeOpen, gateway.DisputeWon, gateway.DisputeLost}[rng.IntN(3)]
		ref, back := fmt.Sprintf("dp_%d", i), rng.IntN(4) == 0
		put := func(state gateway.DisputeState) {
			d := gateway.Dispute{ID: ref, State: state, Amount: amount, Return: back && state == gateway.DisputeLost, Created: 1,
				Failure: *gateway.NewFailure(gateway.Card, gateway.HolderDispute, "fraudulent")}
			if at := slices.IndexFunc(s.disputes, func(d gateway.Dispute) bool { return d.ID == ref }); at >= 0 {
				if s.disputes[at].State != end {
					s.disputes[at] = d
				}
				return
			}
			s.disputes = append(s.disputes, d)
		}
		events = append(events, func() { put(gateway.DisputeOpen) }, func() { put(end) })
		if end == gateway.DisputeWon { // lost first, won after all
			events = append(events, func() { put(gateway.DisputeLost) })
		}
	}
	// in any order, each of them twice or more
	shuffle := rand.New(rand.NewPCG(turn, 2))
	for range 2 {
		for _, i := range shuffle.Perm(len(events)) {
			events[i]()
			if shuffle.IntN(3) > 0 {
				b.clock.Advance(time.Minute)
				b.tell(id)
			}
		}
	}
	b.tell(id)
	b.tell(id)
	b.sound()
	p := b.payment(r.Reference)
	held, err := ledger.Unapplied(t.Context(), b.db.Read(), b.customer)
	b.ok(err)
	return fmt.Sprintf("payment %s, %s given back; 10001 owes %s, 10002 owes %s, credit %s", p.State, p.RefundedCents, b.balance("10001"), b.balance("10002"), held)
}

// tell lets a webhook hint at the payment.
func (b *books) tell(id string) {
	b.Helper()
	b.exec(`INSERT INTO gateway_events (gateway, event_ref, type, object_ref, body, received_at) VALUES ('sandbox', hex(randomblob(8)), 't', 'payment ' || ?, x'00', 1)`, id)
	b.settle()
}

func TestDisputesAreWrittenDown(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	r := b.submit(order("card", b.method("pm_card_visa"), map[string]string{"10001": ""}))
	id := b.payment(r.Reference).ChargeRef
	b.ok(b.sandbox.Dispute(id))
	b.sandbox.DeliverPending(t.Context())
	b.sandbox.DeliverPending(t.Context())
	rows, err := b.db.Read().ListDisputes(t.Context(), db.ListDisputesParams{Open: 1, Most: 10})
	b.ok(err)
	if len(rows) != 1 || rows[0].Reference != r.Reference || rows[0].Cents != 4500 || rows[0].AnswerByAt.IsZero() || rows[0].Reason == "" {
		t.Fatalf("%+v", rows)
	}
	if got := b.mailText("payment_notice"); !strings.Contains(got, "A payment is disputed") || !strings.Contains(got, "answered by Nov 24, 2026") {
		t.Errorf("the dealer is told:\n%s", got)
	}
	b.ok(b.sandbox.EndDispute(id, true))
	b.sandbox.DeliverPending(t.Context())
	b.expect(r.Reference, payment.Won, "10001", 0, 0)
	if got := b.mailText("payment_notice"); !strings.Contains(got, "decided for you") {
		t.Errorf("the dealer is told:\n%s", got)
	}
	if n := b.tally(`SELECT count(*) FROM outbox WHERE kind = 'payment_reversed'`); n != 0 {
		t.Errorf("the customer got %d mails about a dispute that changed nothing", n)
	}
	b.sound()
}

// An eCheck that comes back weeks later opens the invoice and tells both sides,
// with the fee when the dealer wants one.
func TestAnECheckThatComesBackWithAFee(t *testing.T) {
	for _, settled := range []bool{true, false} {
		b := open(t)
		b.set("fees.return", "25.00")
		b.set("fees.return_auto", "yes")
		b.invoice("10001", 4500)
		r := b.submit(order("echeck", b.method("pm_usBankAccount"), map[string]string{"10001": ""}))
		id := b.payment(r.Reference).ChargeRef
		if settled {
			b.ok(b.sandbox.Settle(id))
			b.sandbox.DeliverPending(t.Context())
			b.clock.Advance(30 * 24 * time.Hour)
		}
		b.ok(b.sandbox.Return(id, "R01"))
		for range 3 {
			b.sandbox.DeliverPending(t.Context())
			b.later(time.Hour)
		}
		kind, state := "payment_reversed", payment.Returned
		if !settled {
			kind, state = "payment_failed", payment.Failed
		}
		b.expect(r.Reference, state, "10001", 4500, 0)
		if n := b.tally(`SELECT count(*) FROM return_fees f JOIN invoices i ON i.id = f.invoice_id WHERE i.total_cents = 2500 AND i.balance_cents = 2500`); n != 1 {
			t.Errorf("settled %v: %d fees", settled, n)
		}
		if got := b.mailText(kind); !strings.Contains(got, "not enough money") || !strings.Contains(got, "A fee of $25.00 for the returned payment was charged as invoice") {
			t.Errorf("settled %v: the customer is told:\n%s", settled, got)
		}
		if settled && !strings.Contains(b.mailText("payment_notice"), "left the account again") {
			t.Errorf("the dealer is told:\n%s", b.mailText("payment_notice"))
		}
		b.sound()
	}
}

func TestOldEventsAreClearedAway(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	b.submit(order("card", b.method("pm_card_visa"), map[string]string{"10001": ""}))
	b.sandbox.DeliverPending(t.Context())
	if b.tally(`SELECT count(*) FROM gateway_events`) < 1 {
		t.Fatal("no events")
	}
	b.exec(`INSERT INTO gateway_events (gateway, event_ref, type, object_ref, body, received_at) VALUES ('sandbox', 'open', 't', 'other x', x'00', 1)`)
	b.exec(`INSERT INTO gateway_events (gateway, event_ref, type, object_ref, body, received_at, handled_at) VALUES ('sandbox', 'last', 't', 'other x', x'00', 1, 1)`)
	b.ok(b.pay.Sweep(t.Context()))
	before := b.tally(`SELECT count(*) FROM gateway_events`)
	b.clock.Advance(91 * 24 * time.Hour)
	b.ok(b.pay.Sweep(t.Context()))
	if got := b.tally(`SELECT count(*) FROM gateway_events`); got != 2 || before <= 2 {
		t.Errorf("%d of %d events are left, want the open one and the newest", got, before)
	}
}
