package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/money"
)

// shop is a sandbox with one customer.
type shop struct {
	*testing.T
	*sandbox.Sandbox
	clock    *calendar.Fake
	customer string
}

func newShop(t *testing.T, c sandbox.Config) *shop {
	t.Helper()
	clock := calendar.NewFake(start)
	c.Clock = clock.Now
	s := &shop{T: t, Sandbox: open(t, c), clock: clock}
	id, err := s.SaveCustomer(t.Context(), "customer", "", gateway.Customer{Reference: "10042", Name: "Zoë O'Brien <b>", Zip: "62701"})
	s.must(err)
	s.customer = id
	return s
}

func (s *shop) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *shop) charge(reference, shortcut string, amount money.Cents) gateway.Outcome {
	s.Helper()
	id, err := s.Attach(s.customer, shortcut)
	s.must(err)
	kind := gateway.Card
	if strings.HasPrefix(shortcut, "pm_usBank") {
		kind = gateway.ECheck
	}
	o, err := s.Charge(s.Context(), reference, gateway.Charge{
		Reference: reference, CustomerID: s.customer, MethodID: id, Kind: kind, Amount: amount,
		ReturnURL: "https://portal.example.com/back?ref=" + reference,
	})
	s.must(err)
	return o
}

func (s *shop) page(reference string, kind gateway.Kind, keep bool) gateway.Page {
	s.Helper()
	p, err := s.OpenPaymentPage(s.Context(), reference, gateway.PaymentPage{
		Reference: reference, CustomerID: s.customer, Kind: kind, Amount: 1234_50, Description: "Invoices 1041 & 1042",
		KeepOnFile: keep, SuccessURL: "https://portal.example.com/done?page={CHECKOUT_SESSION_ID}",
		CancelURL: "https://portal.example.com/pay?a=1&b=2", ExpiresAt: calendar.InstantOf(s.clock.Now().Add(time.Hour)),
	})
	s.must(err)
	return p
}

func (s *shop) get(address string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
	return w
}

func (s *shop) post(address string, form url.Values) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.Handler().ServeHTTP(w, r)
	return w
}

func goodCard() url.Values {
	return url.Values{"number": {"4242 4242 4242 4242"}, "expiry": {"12 / 30"}, "cvc": {"123"}, "name": {"Zoë O'Brien"}, "zip": {"62701-1234"}}
}

func TestPaymentPageIsAForm(t *testing.T) {
	s := newShop(t, sandbox.Config{})
	p := s.page("PAY-1", gateway.Card, true)
	w := s.get(p.URL)
	if w.Code != http.StatusOK {
		t.Fatalf("status %d", w.Code)
	}
	for _, want := range []string{
		"Sandbox: no money moves", "Granite Alarm", "Pay $1,234.50", "Invoices 1041 &amp; 1042", "kept on file",
		`autocomplete="cc-number"`, `autocomplete="cc-exp"`, `autocomplete="cc-csc"`, `autocomplete="cc-name"`,
		`value="Zoë O&#39;Brien &lt;b&gt;"`, `href="https://portal.example.com/pay?a=1&amp;b=2"`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, never := range []string{"<script", " style=", "onclick", "<style"} {
		if strings.Contains(w.Body.String(), never) {
			t.Errorf("the page has %s, which its CSP forbids", never)
		}
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'self'; form-action 'self';") {
		t.Errorf("CSP %q", csp)
	}
	style := between(t, w.Body.String(), `href="`, `.css"`)
	if css := s.get(style + ".css"); css.Code != http.StatusOK || !strings.HasPrefix(css.Header().Get("Content-Type"), "text/css") {
		t.Errorf("style sheet %s: %d", style, css.Code)
	}
}

func between(t *testing.T, s, before, after string) string {
	t.Helper()
	head, _, ok := strings.Cut(s, after)
	if !ok {
		t.Fatalf("no %s", after)
	}
	return head[strings.LastIndex(head, before)+len(before):]
}

func TestPaymentPageTakesTheMoneyOnce(t *testing.T) {
	s := newShop(t, sandbox.Config{})
	p := s.page("PAY-1", gateway.Card, false)
	for range 2 {
		w := s.post(p.URL, goodCard())
		if want := "https://portal.example.com/done?page=" + p.ID; w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			t.Fatalf("status %d, to %q", w.Code, w.Header().Get("Location"))
		}
	}
	if sum, n := s.Taken(""); sum != 1234_50 || n != 1 {
		t.Errorf("taken %s in %d charges", sum, n)
	}
	if w := s.get(p.URL); !strings.Contains(w.Body.String(), "Nothing more is charged") {
		t.Errorf("a paid page shows %s", w.Body)
	}
}

func TestPaymentPageRefusesWhatItCannotRead(t *testing.T) {
	s := newShop(t, sandbox.Config{})
	for _, c := range []struct{ field, value, says string }{
		{"number", "4111111111111111", "test card number"},
		{"number", "", "test card number"},
		{"number", "4242424242424242٢", "test card number"},
		{"expiry", "13/30", "MM / YY"},
		{"expiry", "1/", "MM / YY"},
		{"expiry", "10/26", "has passed"},
		{"cvc", "12", "3 digits"},
		{"cvc", "1234", "3 digits"},
		{"cvc", "12a", "3 digits"},
		{"name", "  ", "name on the card"},
		{"zip", "627", "five digits"},
	} {
		p := s.page("PAY-"+c.field+c.value, gateway.Card, false)
		form := goodCard()
		form.Set(c.field, c.value)
		w := s.post(p.URL, form)
		body := w.Body.String()
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(body, `id="`+c.field+`-error"`) || !strings.Contains(body, c.says) || !strings.Contains(body, `role="alert"`) {
			t.Errorf("%s=%q: status %d, %s", c.field, c.value, w.Code, body)
		}
		if strings.Contains(body, "4111111111111111") {
			t.Error("a number that is no test number was sent back")
		}
		if c.field != "number" && !strings.Contains(body, `value="4242424242424242"`) {
			t.Errorf("%s=%q: the test number was not kept", c.field, c.value)
		}
	}
	bank := s.page("PAY-BANK", gateway.ECheck, false)
	w := s.post(bank.URL, url.Values{"name": {""}, "routing": {"011000015"}, "account": {"123456789"}})
	for _, field := range []string{"name", "routing", "account"} {
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `id="`+field+`-error"`) {
			t.Errorf("bank form without %s: status %d", field, w.Code)
		}
	}
	if _, n := s.Taken(""); n != 0 {
		t.Errorf("%d charges", n)
	}
	if w := s.get("/sandbox/pay/cs_nobody"); w.Code != http.StatusNotFound {
		t.Errorf("a page that does not exist: %d", w.Code)
	}
	if w := s.post("/sandbox/pay/cs_nobody", goodCard()); w.Code != http.StatusNotFound {
		t.Errorf("a page that does not exist: %d", w.Code)
	}
	if w := s.get("/sandbox/"); w.Code != http.StatusNotFound {
		t.Errorf("the control page is served though it is off: %d", w.Code)
	}
}

func TestDeclineIsShownOnThePage(t *testing.T) {
	s := newShop(t, sandbox.Config{})
	p := s.page("PAY-1", gateway.Card, false)
	form := goodCard()
	form.Set("number", "4000000000009995")
	for _, w := range []*httptest.ResponseRecorder{s.post(p.URL, form), s.get(p.URL)} {
		if !strings.Contains(w.Body.String(), "insufficient funds") {
			t.Errorf("status %d, %s", w.Code, w.Body)
		}
	}
	s.must(s.Expire(p.ID))
	if w := s.post(p.URL, goodCard()); w.Code != http.StatusGone {
		t.Errorf("an expired page answers %d", w.Code)
	}
}

func TestAuthenticatePage(t *testing.T) {
	s := newShop(t, sandbox.Config{})
	o := s.charge("PAY-1", "pm_card_authenticationRequired", 75_00)
	if w := s.get(o.ActionURL); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "$75.00") ||
		!strings.Contains(w.Header().Get("Content-Security-Policy"), "form-action 'self';") {
		t.Fatalf("status %d, %s", w.Code, w.Body)
	}
	if w := s.get(o.ActionURL[:len(o.ActionURL)-1]); w.Code != http.StatusNotFound {
		t.Errorf("a wrong secret answers %d", w.Code)
	}
	w := s.post(o.ActionURL, url.Values{"result": {"pass"}})
	if want := "https://portal.example.com/back?payment_intent=" + o.PaymentID + "&redirect_status=succeeded&ref=PAY-1"; w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
		t.Errorf("status %d, to %q", w.Code, w.Header().Get("Location"))
	}
	if w := s.get(o.ActionURL); !strings.Contains(w.Body.String(), "Nothing to confirm") {
		t.Errorf("after it: %s", w.Body)
	}
}

func TestVerifyPage(t *testing.T) {
	s := newShop(t, sandbox.Config{File: filepath.Join(t.TempDir(), "sandbox.json")})
	p := s.page("PAY-1", gateway.ECheck, true)
	w := s.post(p.URL, url.Values{"name": {"Zoë"}, "routing": {"110000000"}, "account": {"000123456789"}, "deposits": {"yes"}})
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "https://portal.example.com/done") {
		t.Fatalf("status %d, to %q", w.Code, w.Header().Get("Location"))
	}
	o, err := s.Lookup(t.Context(), p.ID)
	s.must(err)
	if w := s.get(o.ActionURL); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "First deposit") {
		t.Fatalf("status %d, %s", w.Code, w.Body)
	}
	if w := s.get(o.ActionURL + "x"); w.Code != http.StatusNotFound {
		t.Errorf("a wrong secret answers %d", w.Code)
	}
	if w := s.post(o.ActionURL, url.Values{"first": {"1"}, "second": {"2"}}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `id="first-error"`) {
		t.Errorf("wrong amounts: status %d, %s", w.Code, w.Body)
	}
	if w := s.post(o.ActionURL, url.Values{"first": {"32"}, "second": {"45"}}); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "verified") {
		t.Errorf("right amounts: status %d, %s", w.Code, w.Body)
	}
	if w := s.post(o.ActionURL, url.Values{"first": {"32"}, "second": {"45"}}); w.Code != http.StatusNotFound {
		t.Errorf("a second time: status %d", w.Code)
	}
	if _, n := s.Taken("PAY-1"); n != 1 {
		t.Errorf("%d charges", n)
	}
	// The third wrong try ends it.
	p = s.page("PAY-2", gateway.ECheck, true)
	s.post(p.URL, url.Values{"name": {"Zoë"}, "routing": {"110000000"}, "account": {"000123456789"}, "deposits": {"yes"}})
	o, err = s.Lookup(t.Context(), p.ID)
	s.must(err)
	for range 3 {
		w = s.post(o.ActionURL, url.Values{"first": {"1"}, "second": {"2"}})
	}
	if !strings.Contains(w.Body.String(), "the last try") || w.Code != http.StatusUnprocessableEntity {
		t.Errorf("the last try: status %d, %s", w.Code, w.Body)
	}
	if _, n := s.Taken("PAY-2"); n != 0 {
		t.Errorf("%d charges", n)
	}
}

func TestControlPage(t *testing.T) {
	s := newShop(t, sandbox.Config{Control: true})
	card, bank := s.charge("PAY-1", "pm_card_visa", 10_00), s.charge("PAY-2", "pm_usBankAccount", 20_00)
	do := func(what, id string) {
		t.Helper()
		if w := s.post("/sandbox/", url.Values{"do": {what}, "id": {id}}); w.Code != http.StatusSeeOther {
			t.Fatalf("%s: status %d", what, w.Code)
		}
	}
	do("settle", bank.PaymentID)
	do("R10", bank.PaymentID)
	do("dispute", card.PaymentID)
	do("won", card.PaymentID)
	if w := s.post("/sandbox/", url.Values{"do": {"settle"}, "id": {card.PaymentID}}); w.Code != http.StatusConflict {
		t.Errorf("settling a card payment: %d", w.Code)
	}
	if w := s.post("/sandbox/", url.Values{"do": {"fault"}, "op": {"charge"}, "effect": {"refuse"}, "times": {"2"}}); w.Code != http.StatusSeeOther {
		t.Errorf("ordering a fault: %d", w.Code)
	}
	body := s.get("/sandbox/").Body.String()
	for _, want := range []string{"won:fraudulent", "lost:debit_not_authorized", "charge: refuse, 2 times", "PAY-1", "$20.00"} {
		if !strings.Contains(body, want) {
			t.Errorf("the control page lacks %q", want)
		}
	}
}

// A key is forgotten after a day, as Stripe forgets it: the same key charges
// again. The engine must look up instead, and gateway.KeyLife tells it when.
func TestKeyIsForgottenAfterADay(t *testing.T) {
	s := newShop(t, sandbox.Config{})
	id, err := s.Attach(s.customer, "pm_card_visa")
	s.must(err)
	c := gateway.Charge{Reference: "PAY-1", CustomerID: s.customer, MethodID: id, Kind: gateway.Card, Amount: 10_00}
	for _, step := range []struct {
		after   time.Duration
		charges int
	}{{0, 1}, {gateway.KeyLife, 1}, {24*time.Hour - gateway.KeyLife, 2}} {
		s.clock.Advance(step.after)
		_, err = s.Charge(t.Context(), "key", c)
		s.must(err)
		if _, n := s.Taken("PAY-1"); n != step.charges {
			t.Errorf("after %s more: %d charges; want %d", step.after, n, step.charges)
		}
	}
	o, err := s.Find(t.Context(), gateway.Find{Reference: "PAY-1", CustomerID: s.customer, Since: calendar.InstantOf(start)})
	s.must(err)
	if len(o.Duplicates) != 1 {
		t.Errorf("the second charge is not reported: %+v", o)
	}
}

func TestTimeSettlesDebitsAndEndsPages(t *testing.T) {
	s := newShop(t, sandbox.Config{SettleAfter: time.Minute})
	good, poor := s.charge("PAY-1", "pm_usBankAccount", 10_00), s.charge("PAY-2", "pm_usBankAccount_insufficientFunds", 10_00)
	never, back := s.charge("PAY-3", "pm_usBankAccount_processing", 10_00), s.charge("PAY-4", "pm_usBankAccount_dispute", 10_00)
	page := s.page("PAY-5", gateway.Card, false)
	state := func(id string, want gateway.State) gateway.Outcome {
		t.Helper()
		o, err := s.Lookup(t.Context(), id)
		s.must(err)
		if o.State != want {
			t.Errorf("%s is %s; want %s", id, o.State, want)
		}
		return o
	}
	s.clock.Advance(59 * time.Second)
	state(good.PaymentID, gateway.Processing)
	s.clock.Advance(time.Second)
	state(good.PaymentID, gateway.Succeeded)
	state(poor.PaymentID, gateway.Failed)
	if o := state(back.PaymentID, gateway.Succeeded); !o.Returned() {
		t.Errorf("not returned: %+v", o)
	}
	re, err := s.Refund(t.Context(), "refund", gateway.Refund{Reference: "REF-1", PaymentID: good.PaymentID, Amount: 1_00})
	s.must(err)
	if re.State != gateway.RefundPending {
		t.Errorf("refund to a bank account: %+v", re)
	}
	s.clock.Advance(time.Hour)
	state(never.PaymentID, gateway.Processing)
	state(page.ID, gateway.Canceled)
	if list, err := s.Refunds(t.Context(), good.PaymentID); err != nil || list[0].State != gateway.RefundSucceeded {
		t.Errorf("refunds %+v, %v", list, err)
	}
}

func TestRefundThatFails(t *testing.T) {
	s := newShop(t, sandbox.Config{})
	o := s.charge("PAY-1", "pm_card_refundFail", 10_00)
	_, err := s.Refund(t.Context(), "refund", gateway.Refund{Reference: "REF-1", PaymentID: o.PaymentID, Amount: 10_00})
	s.must(err)
	list, err := s.Refunds(t.Context(), o.PaymentID)
	s.must(err)
	o, err = s.Lookup(t.Context(), o.PaymentID)
	s.must(err)
	if len(list) != 1 || list[0].State != gateway.RefundFailed || o.Refunded != 0 {
		t.Errorf("refunds %+v, refunded %s", list, o.Refunded)
	}
}

func TestWebhooksAreDeliveredSigned(t *testing.T) {
	for manner, want := range map[sandbox.Delivery][]string{
		sandbox.InOrder:   {"payment_intent.processing", "payment_intent.succeeded"},
		sandbox.Backwards: {"payment_intent.succeeded", "payment_intent.processing"},
		sandbox.Twice:     {"payment_intent.processing", "payment_intent.processing", "payment_intent.succeeded", "payment_intent.succeeded"},
		sandbox.Withheld:  nil,
	} {
		t.Run(string(manner), func(t *testing.T) {
			var got []string
			var s *shop
			down := true
			s = newShop(t, sandbox.Config{Deliver: func(_ context.Context, body []byte, signature string) error {
				if down {
					return errors.New("the portal is down")
				}
				e, err := s.VerifyWebhook(body, func(string) string { return signature })
				s.must(err)
				if o, err := s.Lookup(context.Background(), e.ObjectID); err != nil || o.Reference != "PAY-1" {
					t.Errorf("event %+v leads to %+v, %v", e, o, err)
				}
				got = append(got, e.Type)
				return nil
			}})
			s.SetDelivery(manner)
			o := s.charge("PAY-1", "pm_usBankAccount", 10_00)
			s.must(s.Settle(o.PaymentID))
			if n := s.DeliverPending(t.Context()); n != 0 {
				t.Errorf("%d were accepted by nobody", n)
			}
			down = false
			if n := s.DeliverPending(t.Context()); n != 0 && manner != sandbox.Withheld {
				t.Errorf("%d were tried again at once", n)
			}
			s.clock.Advance(5 * time.Second)
			s.DeliverPending(t.Context())
			s.DeliverPending(t.Context())
			if !slices.Equal(got, want) {
				t.Errorf("delivered %v; want %v", got, want)
			}
		})
	}
}

func TestRunDelivers(t *testing.T) {
	arrived := make(chan string, 10)
	s := newShop(t, sandbox.Config{Deliver: func(_ context.Context, body []byte, _ string) error {
		arrived <- string(body)
		return nil
	}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.Sandbox.Run(ctx); close(done) }()
	o := s.charge("PAY-1", "pm_card_visa", 10_00)
	if body := <-arrived; !strings.Contains(body, o.PaymentID) {
		t.Errorf("delivered %s", body)
	}
	cancel()
	<-done
}

// What the processor has said it remembers, whenever and however the program
// ended: the journal is cut at every byte, as a kill cuts it.
func TestStateSurvivesBeingKilled(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sandbox.json")
	s := newShop(t, sandbox.Config{File: file})
	o := s.charge("PAY-1", "pm_card_visa", 10_00)
	page := s.page("PAY-2", gateway.Card, true)
	if w := s.post(page.URL, goodCard()); w.Code != http.StatusSeeOther {
		t.Fatalf("status %d", w.Code)
	}
	before, err := os.ReadFile(file)
	s.must(err)
	s.charge("PAY-3", "pm_card_visa", 30_00)
	whole, err := os.ReadFile(file)
	s.must(err)
	if !bytes.HasPrefix(whole, before) {
		t.Fatal("the journal is not only added to")
	}
	for cut := len(before); cut <= len(whole); cut += 97 {
		copied := filepath.Join(dir, fmt.Sprintf("cut-%d.json", cut))
		s.must(os.WriteFile(copied, whole[:cut], 0o600))
		again := &shop{T: t, Sandbox: open(t, sandbox.Config{File: copied, Clock: s.clock.Now}), clock: s.clock, customer: s.customer}
		found, err := again.Lookup(t.Context(), o.PaymentID)
		if err != nil || found.State != gateway.Succeeded {
			t.Fatalf("cut at %d: %+v, %v", cut, found, err)
		}
		if sum, n := again.Taken("PAY-2"); sum != 1234_50 || n != 1 {
			t.Fatalf("cut at %d: PAY-2 has %s in %d charges", cut, sum, n)
		}
		if again.WebhookSecret() != s.WebhookSecret() {
			t.Fatalf("cut at %d: another webhook secret", cut)
		}
		// The same key is still known, and the books can be added to.
		id, err := again.SaveCustomer(t.Context(), "customer", "", gateway.Customer{Reference: "10042", Name: "Zoë O'Brien <b>", Zip: "62701"})
		if err != nil || id != s.customer {
			t.Fatalf("cut at %d: customer %q, %v", cut, id, err)
		}
		again.charge("PAY-4", "pm_card_visa", 40_00)
	}
	info, err := os.Stat(file)
	s.must(err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the state file has mode %v", info.Mode())
	}
	s.must(os.WriteFile(filepath.Join(dir, "foreign"), []byte("not a journal\n"), 0o600))
	if _, err := sandbox.New(sandbox.Config{BaseURL: "http://a.example/sandbox", Clock: s.clock.Now, File: filepath.Join(dir, "foreign")}); err == nil {
		t.Error("a foreign file was taken for the state")
	}
}

func TestNoNumberIsEverWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sandbox.json")
	s := newShop(t, sandbox.Config{File: file})
	card, bank := s.page("PAY-1", gateway.Card, true), s.page("PAY-2", gateway.ECheck, true)
	declined := goodCard()
	declined.Set("number", "4000000000009995")
	foreign := goodCard()
	foreign.Set("number", "4111111111111111")
	for _, form := range []url.Values{foreign, declined, goodCard()} {
		s.post(card.URL, form)
	}
	s.post(bank.URL, url.Values{"name": {"Zoë"}, "routing": {"110000000"}, "account": {"000123456789"}})
	if _, n := s.Taken(""); n != 2 {
		t.Fatalf("%d charges", n)
	}
	s.charge("PAY-3", "pm_card_mastercard", 1_00)
	state, err := os.ReadFile(file)
	s.must(err)
	for _, number := range []string{"4242424242424242", "4242 4242", "4000000000009995", "4111111111111111", "000123456789", "5555555555554444", `"123"`} {
		if bytes.Contains(state, []byte(number)) {
			t.Errorf("the state holds %s", number)
		}
	}
	if !bytes.Contains(state, []byte(`"Last4":"4242"`)) {
		t.Error("the search of this test looks in the wrong place")
	}
}

// The fake is as strict as Stripe about what it is sent.
func TestUnknownParametersAreRefused(t *testing.T) {
	s := newShop(t, sandbox.Config{})
	p := gateway.PaymentPage{
		Reference: "PAY-1", CustomerID: s.customer, Kind: gateway.Card, Amount: 10_00, Description: "x",
		SuccessURL: "https://portal.example.com/a", CancelURL: "https://portal.example.com/b",
		ExpiresAt: calendar.InstantOf(s.clock.Now().Add(time.Minute)),
	}
	_, err := s.OpenPaymentPage(t.Context(), "k1", p)
	if err == nil || gateway.ClassOf(err) != gateway.Config || !strings.Contains(err.Error(), "expires_at") {
		t.Errorf("a page that lives a minute: %v", err)
	}
	p.ExpiresAt, p.CustomerID = calendar.InstantOf(s.clock.Now().Add(time.Hour)), "cus_nobody"
	if _, err := s.OpenPaymentPage(t.Context(), "k2", p); !errors.Is(err, gateway.ErrNotFound) {
		t.Errorf("a page for nobody: %v", err)
	}
	id, err := s.Attach(s.customer, "pm_card_visa")
	s.must(err)
	for _, amount := range []money.Cents{0, -1, 49, 1_000_000_00} {
		o, err := s.Charge(t.Context(), fmt.Sprint(amount), gateway.Charge{Reference: "R", CustomerID: s.customer, MethodID: id, Kind: gateway.Card, Amount: amount})
		if err != nil || o.State != gateway.Failed || o.Failure.Code != gateway.AmountNotAccepted {
			t.Errorf("%s: %+v, %v", amount, o, err)
		}
	}
}
