package payment_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/authorizenet"
	"customerportal/internal/gateway/authorizenet/authorizenettest"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/settings"
)

// The engine over a processor that has no idempotency keys, whose pages must be
// posted to and cannot be closed, and which has no list of events.

const authorizeNetPath = "/xml/v1/request.api"

// merchant is a dealer with an account at Authorize.Net.
type merchant struct {
	*books
	fake *authorizenettest.Fake
	ref  string // the customer's profile there
}

func openMerchant(t testing.TB) *merchant {
	t.Helper()
	m := &merchant{books: &books{TB: t, db: dbtest.New(t), clock: calendar.NewFake(start), invoices: map[string]int64{}}}
	m.fake = authorizenettest.New(m.clock.Now)
	adapter, err := authorizenet.New(authorizenet.Config{LoginID: authorizenettest.LoginID, TransactionKey: authorizenettest.TransactionKey,
		SignatureKey: authorizenettest.SignatureKey, Transport: m.fake, Clock: m.clock.Now})
	m.ok(err)
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	m.ok(err)
	m.settings = settings.New(m.db, m.clock.Now, sealer)
	mail, err := outbox.NewWriter(m.settings, "https://portal.test")
	m.ok(err)
	m.pay = payment.New(m.db, m.clock.Now, m.settings, mail, ledger.New(m.db, m.clock.Now, m.settings, mail),
		payment.Gateways{"authorizenet": func(*settings.Settings) (gateway.Adapter, error) { return adapter, nil }}, slog.New(slog.NewTextHandler(t.Output(), nil)))
	m.pay.NoPause()
	m.ok(m.settings.Set(t.Context(), audit.Program, map[string]string{
		"payments.gateway": "authorizenet", "company.name": "Acme Alarm", "company.phone": "555-010-0100", "company.email": "office@acme.test"}))
	m.customer, m.user = m.addCustomer("1001", "ann@example.com")
	m.ref, err = adapter.SaveCustomer(t.Context(), "", "", gateway.Customer{Reference: "1001", Name: "Ann O'Neil", Email: "ann@example.com"})
	m.ok(err)
	return m
}

// onFile puts a card or account on the customer's file, there and here.
func (m *merchant) onFile(kind gateway.Kind, number string) string {
	m.Helper()
	return onFileAt(m.books, m.fake, m.ref, kind, number)
}

func onFileAt(b *books, fake *authorizenettest.Fake, ref string, kind gateway.Kind, number string) string {
	b.Helper()
	profile, err := fake.Attach(ref, kind, number)
	b.ok(err)
	var id int64
	b.ok(b.db.Write(b.Context(), func(q *db.Queries) error {
		if err := q.PutGatewayCustomer(b.Context(), db.PutGatewayCustomerParams{CustomerID: b.customer, Gateway: "authorizenet", Ref: ref}); err != nil {
			return err
		}
		row := db.AddMethodParams{CustomerID: b.customer, Gateway: "authorizenet", Ref: ref + "-" + profile, Kind: string(kind), Brand: "Visa",
			Last4: number[len(number)-4:], CreatedAt: calendar.InstantOf(b.clock.Now())}
		if kind == gateway.Card {
			row.ExpYear, row.ExpMonth = 2030, 12
		}
		id, err = q.AddMethod(b.Context(), row)
		return err
	}))
	return fmt.Sprint(id)
}

// page is what the browser is sent to for a redirect: the form behind our own
// address.
func (m *merchant) page(redirect string) gateway.Page {
	m.Helper()
	key, ok := strings.CutPrefix(redirect, "https://portal.test/go/")
	if !ok {
		m.Fatalf("the customer is sent to %q", redirect)
	}
	f, err := m.pay.PageForm(m.Context(), key)
	m.ok(err)
	if f.Over {
		m.Fatal("the form is over")
	}
	fields := url.Values{}
	for _, field := range f.Fields {
		fields.Add(field.Name, field.Value)
	}
	return gateway.Page{URL: f.URL, Post: fields.Encode()}
}

// check compares every transaction of the processor with the books.
func (m *merchant) check() {
	m.Helper()
	m.agree()
	rows, err := m.db.Reader().Query(`SELECT reference, amount_cents, state FROM payments`)
	m.ok(err)
	defer func() { _ = rows.Close() }()
	var sum money.Cents
	for rows.Next() {
		var reference, state string
		var amount money.Cents
		m.ok(rows.Scan(&reference, &amount, &state))
		taken, n := m.fake.Taken(reference)
		sum += taken
		st := payment.State(state)
		if n > 1 {
			m.Errorf("the processor took payment %s %d times", reference, n)
		}
		if n == 1 && (taken != amount || st.GaveUp()) || n == 0 && (st == payment.Succeeded || st == payment.Processing) {
			m.Errorf("payment %s is %s of %s here; the processor took %s in %d", reference, state, amount, taken, n)
		}
	}
	m.ok(rows.Err())
	if all, _ := m.fake.Taken(""); all != sum {
		m.Errorf("the processor took %s, of which %s is known here", all, sum)
	}
}

func TestLostAnswersOfAuthorizeNet(t *testing.T) {
	for _, c := range []struct {
		effect      authorizenettest.Effect
		first, last payment.State
	}{
		{authorizenettest.Refuse, payment.Succeeded, payment.Succeeded},
		{authorizenettest.RateLimit, payment.Succeeded, payment.Succeeded},
		{authorizenettest.Maintenance, payment.Succeeded, payment.Succeeded},
		{authorizenettest.CutBefore, payment.Submitted, payment.Failed},
		{authorizenettest.BadGateway, payment.Submitted, payment.Failed},
		{authorizenettest.ErrorBefore, payment.Submitted, payment.Failed},
		{authorizenettest.CutAfter, payment.Submitted, payment.Succeeded},
		{authorizenettest.CutMid, payment.Submitted, payment.Succeeded},
		{authorizenettest.ErrorAfter, payment.Submitted, payment.Succeeded},
		{authorizenettest.Busy, payment.Submitted, payment.Succeeded},
		{authorizenettest.Twice, payment.Succeeded, payment.Succeeded}, // the duplicate window takes one
	} {
		t.Run(string(c.effect), func(t *testing.T) {
			m := openMerchant(t)
			m.invoice("10001", 4500)
			m.fake.Order(authorizenettest.Fault{Method: "createTransactionRequest", Effect: c.effect})
			method := m.onFile(gateway.Card, authorizenettest.GoodCard)
			o := order("card", method, map[string]string{"10001": ""})
			r := m.submit(o)
			if r.State != c.first {
				t.Fatalf("first %s, want %s", r.State, c.first)
			}
			if c.first == payment.Submitted {
				if again := m.submit(o); again.State != payment.Submitted || again.Reference != r.Reference {
					t.Errorf("the same form again: %+v", again)
				}
				_, err := m.pay.Submit(t.Context(), m.ann(), m.customer, order("card", method, map[string]string{"10001": "10.00"}))
				if !fault.Is(err, fault.Invalid) {
					t.Errorf("a second attempt while the first is not known: %v", err)
				}
			}
			m.later(time.Minute)
			if c.last == payment.Failed && m.payment(r.Reference).State != string(payment.Submitted) {
				t.Errorf("given up after a minute: %s", m.payment(r.Reference).State)
			}
			m.later(10 * time.Minute)
			left := money.Cents(0)
			if c.last == payment.Failed {
				left = 4500
			}
			m.expect(r.Reference, c.last, "10001", left, 0)
			m.check()
			if sent := m.fake.Requests("createTransactionRequest"); c.effect != authorizenettest.Twice && sent > 1 {
				t.Errorf("%d charges were carried out", sent)
			}
		})
	}
}

func TestAPageThatIsPostedTo(t *testing.T) {
	m := openMerchant(t)
	m.invoice("10001", 4500)
	o := order("card", payment.NewMethod, map[string]string{"10001": ""})
	o.Keep = true
	r := m.submit(o)
	if r.State != payment.Action {
		t.Fatalf("%+v", r)
	}
	page := m.page(r.Redirect)
	if page.URL != "https://test.authorize.net/payment/payment" {
		t.Errorf("the form is posted to %s", page.URL)
	}
	if location, err := m.fake.Submit(page, authorizenettest.Entry{Card: authorizenettest.PoorCard}); location != "" || err != nil {
		t.Fatalf("a declined card: %q, %v", location, err)
	}
	// A declined try is on the list of changes, and the page can still be paid.
	m.later(6 * time.Minute)
	m.expect(r.Reference, payment.Action, "10001", 4500, 0)
	location, err := m.fake.Submit(page, authorizenettest.Entry{Card: authorizenettest.GoodCard, Save: true})
	m.ok(err)
	if location != "https://portal.test/pay/return?payment="+r.Reference {
		t.Errorf("the customer comes back to %s", location)
	}
	back, err := m.pay.Return(t.Context(), m.customer, r.Reference)
	m.ok(err)
	if back.State != payment.Succeeded {
		t.Errorf("%+v", back)
	}
	m.expect(r.Reference, payment.Succeeded, "10001", 0, 0)
	m.check()
	w, err := m.pay.Wallet(t.Context(), m.customer)
	m.ok(err)
	if len(w.Methods) != 1 || w.Methods[0].Last4 != "4242" {
		t.Errorf("on file: %+v", w.Methods)
	}
	// and what was kept can be charged
	m.invoice("10002", 3000)
	r = m.submit(order("card", fmt.Sprint(w.Methods[0].ID), map[string]string{"10002": ""}))
	m.expect(r.Reference, payment.Succeeded, "10002", 0, 0)
	m.check()
}

// The processor cannot close its pages: the same order goes on there, another
// waits until the page has run out, and what is paid even later is booked.
func TestAPageThatCannotBeClosed(t *testing.T) {
	m := openMerchant(t)
	m.invoice("10001", 4500)
	o := order("card", payment.NewMethod, map[string]string{"10001": ""})
	first := m.submit(o)
	page := m.page(first.Redirect)
	o.Nonce = payment.NewNonce()
	if again := m.submit(o); again.Reference != first.Reference || again.Redirect != first.Redirect {
		t.Errorf("the same order again: %+v after %+v", again, first)
	}
	other := order("card", payment.NewMethod, map[string]string{"10001": "20.00"})
	_, err := m.pay.Submit(t.Context(), m.ann(), m.customer, other)
	named, told := errors.AsType[*payment.Earlier](err)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "20 minutes") || !told || named.Reference != first.Reference {
		t.Errorf("another order while the page is open: %v", err)
	}
	guest := other
	guest.Guest, guest.Nonce = true, payment.NewNonce()
	if _, err := m.pay.Submit(t.Context(), m.ann(), m.customer, guest); !fault.Is(err, fault.Conflict) {
		t.Errorf("a guest while the customer's page is open: %v", err)
	} else if _, told := errors.AsType[*payment.Earlier](err); told {
		t.Error("a guest is told of the customer's payment")
	}
	key := strings.TrimPrefix(first.Redirect, "https://portal.test/go/")
	m.clock.Advance(16 * time.Minute)
	if f, err := m.pay.PageForm(t.Context(), key); err != nil || !f.Over || f.Back != "/pay/return?payment="+first.Reference+"&back=1" {
		t.Errorf("after its time: %+v, %v", f, err)
	}
	m.clock.Advance(5 * time.Minute)
	second, err := m.pay.Submit(t.Context(), m.ann(), m.customer, other)
	m.ok(err)
	m.expect(first.Reference, payment.Canceled, "10001", 4500, 0)
	if _, err := m.fake.Submit(page, authorizenettest.Entry{Card: authorizenettest.GoodCard}); err == nil {
		t.Error("an expired page was paid")
	}
	_, err = m.fake.Submit(m.page(second.Redirect), authorizenettest.Entry{Card: authorizenettest.GoodCard})
	m.ok(err)
	m.later(6 * time.Minute)
	m.expect(second.Reference, payment.Succeeded, "10001", 2500, 0)
	m.check()
	m.clock.Advance(48 * time.Hour)
	third := m.submit(order("card", payment.NewMethod, map[string]string{"10001": ""}))
	m.page(third.Redirect)
	if _, err := m.pay.PageForm(t.Context(), key); !fault.Is(err, fault.NotFound) {
		t.Errorf("an old form is still kept: %v", err)
	}
}

func TestASetupPageThatIsPostedTo(t *testing.T) {
	m := openMerchant(t)
	r, err := m.pay.StartSetup(t.Context(), m.ann(), m.customer, payment.SetupOrder{Nonce: payment.NewNonce(), Kind: "echeck",
		Billing: payment.Billing{Name: "Ann O'Neil", Line1: "1 Main St", City: "Troy", State: "NY", Zip: "12180"}})
	m.ok(err)
	page := m.page(r.Redirect)
	if page.URL != "https://test.authorize.net/customer/addPayment" {
		t.Errorf("the form is posted to %s", page.URL)
	}
	_, err = m.fake.Submit(page, authorizenettest.Entry{Account: authorizenettest.GoodAccount})
	m.ok(err)
	if r, err = m.pay.Setup(t.Context(), m.customer, r.Reference); err != nil || !r.Done {
		t.Fatalf("%+v, %v", r, err)
	}
	w, err := m.pay.Wallet(t.Context(), m.customer)
	m.ok(err)
	if len(w.Methods) != 1 || w.Methods[0].Kind != gateway.ECheck || w.Methods[0].Last4 != "6789" {
		t.Errorf("on file: %+v", w.Methods)
	}
}

// An eCheck settles, and comes back weeks later, told by the lists alone.
func TestAnECheckOfAuthorizeNet(t *testing.T) {
	m := openMerchant(t)
	m.invoice("10001", 4500)
	r := m.submit(order("echeck", m.onFile(gateway.ECheck, authorizenettest.GoodAccount), map[string]string{"10001": ""}))
	m.expect(r.Reference, payment.Processing, "10001", 4500, 0)
	id := m.payment(r.Reference).ChargeRef
	m.clock.Advance(30 * time.Hour)
	m.fake.SettleAll()
	m.later(12 * time.Hour)
	m.expect(r.Reference, payment.Succeeded, "10001", 0, 0)
	m.clock.Advance(20 * 24 * time.Hour)
	m.ok(m.fake.Return(id, "R10"))
	m.clock.Advance(time.Hour)
	for range 12 {
		m.settle()
	}
	m.expect(r.Reference, payment.Returned, "10001", 4500, 0)
	want := []string{"payment_submitted ann@example.com", "payment_receipt ann@example.com", "payment_reversed ann@example.com", "payment_notice office@acme.test"}
	if got := m.mails(); !slices.Equal(got, want) {
		t.Errorf("mails %v", got)
	}
	if w, err := m.pay.Wallet(t.Context(), m.customer); err != nil || w.AutoPay.On {
		t.Errorf("%+v, %v", w, err)
	}
}

// What the dealer's fraud filters hold is neither paid nor failed until he
// decides.
func TestHeldForReview(t *testing.T) {
	for _, approve := range []bool{true, false} {
		m := openMerchant(t)
		m.invoice("10001", 4500)
		r := m.submit(order("card", m.onFile(gateway.Card, authorizenettest.HeldCard), map[string]string{"10001": ""}))
		m.expect(r.Reference, payment.Processing, "10001", 4500, 0)
		if _, err := m.pay.Submit(t.Context(), m.ann(), m.customer, order("card", m.onFile(gateway.Card, authorizenettest.GoodCard), map[string]string{"10001": ""})); !fault.Is(err, fault.Invalid) {
			t.Errorf("paid again while it is held: %v", err)
		}
		m.clock.Advance(time.Hour)
		m.ok(m.fake.Review(m.payment(r.Reference).ChargeRef, approve))
		m.later(12 * time.Hour)
		if approve {
			// held: nothing counts as taken until then
			m.expect(r.Reference, payment.Succeeded, "10001", 0, 0)
		} else {
			m.expect(r.Reference, payment.Canceled, "10001", 4500, 0)
		}
	}
}

// A dealer who voids or is charged back on the processor's own site.
func TestChangesMadeAtAuthorizeNet(t *testing.T) {
	m := openMerchant(t)
	m.invoice("10001", 4500)
	m.invoice("10002", 3000)
	method := m.onFile(gateway.Card, authorizenettest.GoodCard)
	voided := m.submit(order("card", method, map[string]string{"10001": ""}))
	charged := m.submit(order("card", method, map[string]string{"10002": ""}))
	m.ok(m.fake.Void(m.payment(voided.Reference).ChargeRef))
	m.later(6 * time.Minute)
	m.expect(voided.Reference, payment.Refunded, "10001", 4500, 0)
	m.clock.Advance(24 * time.Hour)
	m.fake.SettleAll()
	m.clock.Advance(10 * 24 * time.Hour)
	m.ok(m.fake.Chargeback(m.payment(charged.Reference).ChargeRef, false))
	m.later(time.Hour)
	m.settle()
	m.expect(charged.Reference, payment.Lost, "10002", 3000, 0)
	m.clock.Advance(30 * 24 * time.Hour)
	m.ok(m.fake.Chargeback(m.payment(charged.Reference).ChargeRef, true))
	m.clock.Advance(time.Hour)
	for range 12 {
		m.settle()
	}
	if st := m.payment(charged.Reference).State; st != string(payment.Won) {
		t.Errorf("after the reversal: %s", st)
	}
}

// Staff give money back: all of it before the payment has settled, by a void
// whose answer is lost; a part only after that.
func TestRefundsAtAuthorizeNet(t *testing.T) {
	m := openMerchant(t)
	m.invoice("10001", 4500)
	m.invoice("10002", 3000)
	method := m.onFile(gateway.Card, authorizenettest.GoodCard)
	first := m.submit(order("card", method, map[string]string{"10001": ""}))
	second := m.submit(order("card", method, map[string]string{"10002": ""}))
	olive := m.clerk("olive@acme.test", "owner")
	if done := m.refund(olive, m.back(first.Reference, 1000)); done.State != "failed" || !strings.Contains(done.Message, "not settled yet") {
		t.Errorf("a part before settlement: %+v", done)
	}
	m.fake.Order(authorizenettest.Fault{Method: "createTransactionRequest", Effect: authorizenettest.CutAfter})
	if done := m.refund(olive, m.back(first.Reference, 4500)); done.State != "submitted" {
		t.Errorf("a void whose answer is lost: %+v", done)
	}
	m.later(time.Minute)
	m.later(10 * time.Minute)
	m.expect(first.Reference, payment.Refunded, "10001", 4500, 0)
	m.clock.Advance(24 * time.Hour)
	m.fake.SettleAll()
	if done := m.refund(olive, m.back(second.Reference, 1000)); done.State != "pending" {
		t.Errorf("a part after settlement: %+v", done)
	}
	m.clock.Advance(24 * time.Hour)
	m.fake.SettleAll()
	m.later(12 * time.Hour)
	m.settle()
	m.expect(second.Reference, payment.PartiallyRefunded, "10002", 1000, 0)
	var rows, wrong int
	m.ok(m.db.Reader().QueryRow(`SELECT count(*), sum(source <> 'office' OR state NOT IN ('succeeded', 'failed')) FROM refunds`).Scan(&rows, &wrong))
	if rows != 3 || wrong != 0 {
		t.Errorf("%d refunds, %d of them not ours or not over", rows, wrong)
	}
}

// Auto pay charges what is on file with nobody there.
func TestAutoPayWithAuthorizeNet(t *testing.T) {
	m := openMerchant(t)
	m.invoice("10001", 4500)
	_ = m.onFile(gateway.Card, authorizenettest.GoodCard)
	var method int64
	m.ok(m.db.Reader().QueryRow(`SELECT id FROM methods`).Scan(&method))
	var id int64
	reference := ledger.NewReference()
	m.ok(m.db.Write(t.Context(), func(q *db.Queries) (err error) {
		id, err = m.pay.PlanAutoPay(t.Context(), q, calendar.InstantOf(m.clock.Now()), payment.AutoOrder{Reference: reference, CustomerID: m.customer, MethodID: method,
			Date: "2026-11-10", Allocations: []ledger.Allocation{{InvoiceID: m.invoices["10001"], Cents: 4500}}})
		return err
	}))
	yes := func(context.Context, *db.Queries, db.Payment) (bool, error) { return true, nil }
	m.fake.Order(authorizenettest.Fault{Method: "createTransactionRequest", Effect: authorizenettest.CutAfter})
	tally, err := m.pay.ChargeAutoPay(t.Context(), []int64{id}, payment.AutoCharge{May: yes})
	m.ok(err)
	if tally.Claimed != 1 || tally.Unknown != 1 {
		t.Errorf("%+v", tally)
	}
	m.later(time.Minute)
	m.expect(reference, payment.Succeeded, "10001", 0, 0)
	m.check()
}

// Whatever answer is lost, at any call: what the processor took is what the
// books say, and nothing is taken twice.
func TestAnyLostAnswerOfAuthorizeNet(t *testing.T) {
	effects := []authorizenettest.Effect{authorizenettest.Refuse, authorizenettest.CutBefore, authorizenettest.CutAfter, authorizenettest.CutMid,
		authorizenettest.ErrorBefore, authorizenettest.ErrorAfter, authorizenettest.RateLimit, authorizenettest.BadGateway, authorizenettest.Maintenance,
		authorizenettest.Busy, authorizenettest.Twice}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	m := openMerchant(t)
	cards := []string{m.onFile(gateway.Card, authorizenettest.GoodCard), m.onFile(gateway.Card, authorizenettest.PoorCard), payment.NewMethod}
	account := m.onFile(gateway.ECheck, authorizenettest.GoodAccount)
	for i := range 60 {
		number := fmt.Sprintf("3%04d", i)
		m.invoice(number, 4500)
		for range random.IntN(4) {
			m.fake.Order(authorizenettest.Fault{Effect: effects[random.IntN(len(effects))]})
		}
		o := order("card", cards[random.IntN(len(cards))], map[string]string{number: ""})
		if random.IntN(3) == 0 {
			o = order("echeck", account, map[string]string{number: ""})
		}
		r, err := m.pay.Submit(t.Context(), m.ann(), m.customer, o)
		if err == nil && r.State == payment.Action && random.IntN(2) == 0 {
			_, err := m.fake.Submit(m.page(r.Redirect), authorizenettest.Entry{Card: authorizenettest.GoodCard})
			m.ok(err)
		} else if err != nil && !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		if random.IntN(8) == 0 {
			m.fake.SettleAll()
		}
		m.later(time.Duration(random.IntN(20)) * time.Minute)
	}
	for range 8 {
		m.later(time.Hour)
	}
	m.fake.SettleAll()
	for range 8 {
		m.later(7 * time.Hour)
	}
	m.check()
	var open int
	m.ok(m.db.Reader().QueryRow(`SELECT count(*) FROM payments WHERE state IN ('planned','submitted','action','processing')`).Scan(&open))
	if open != 0 {
		t.Errorf("%d payments are still under way", open)
	}
}

// newMerchantWorld is the world of the kill tests with Authorize.Net in it.
func newMerchantWorld(t *testing.T) *world {
	t.Helper()
	w := &world{path: filepath.Join(t.TempDir(), "portal.db-live")}
	b := &books{TB: t, db: dbtest.Open(t, w.path), clock: calendar.NewFake(time.Now()), invoices: map[string]int64{}}
	w.books = b
	fake := authorizenettest.New(b.clock.Now)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(w.delay.Load()))
		r.RequestURI, r.GetBody = "", nil
		// the processor carries a request out whether or not the portal lives on
		resp, err := fake.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
		if err != nil {
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Error(err)
			}
			panic(http.ErrAbortHandler)
		}
		defer func() { _ = resp.Body.Close() }()
		_, _ = io.Copy(rw, resp.Body)
	}))
	t.Cleanup(server.Close)
	w.api = server.URL + authorizeNetPath
	w.taken = func() money.Cents { sum, _ := fake.Taken(""); return sum }
	d, service, store, err := program(w.path, w.api, b.clock.Now, func(g gateway.Adapter) gateway.Adapter { return g }, t.Output())
	b.ok(err)
	b.pay, b.settings = service, store
	t.Cleanup(func() { _ = d.Close() })
	b.ok(store.Set(t.Context(), audit.Program, map[string]string{"payments.gateway": "authorizenet", "company.email": "office@acme.test"}))
	b.customer, b.user = b.addCustomer("1001", "ann@example.com")
	adapter, err := authorizenet.New(authorizenet.Config{LoginID: authorizenettest.LoginID, TransactionKey: authorizenettest.TransactionKey, Transport: fake, Clock: b.clock.Now})
	b.ok(err)
	ref, err := adapter.SaveCustomer(t.Context(), "", "", gateway.Customer{Reference: "1001", Name: "Ann O'Neil", Email: "ann@example.com"})
	b.ok(err)
	w.method = onFileAt(b, fake, ref, gateway.Card, authorizenettest.GoodCard)
	return w
}

func TestKilledAtEachPointWithAuthorizeNet(t *testing.T) { killedAtEachPoint(t, newMerchantWorld(t)) }

func TestKilledAtAnyMomentWithAuthorizeNet(t *testing.T) {
	killedAtAnyMoment(t, newMerchantWorld(t), 6)
}
