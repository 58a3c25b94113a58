package payment_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"customerportal/internal/audit"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/gateway/stripe"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/settings"
)

// withStripe puts the real adapter over the fake, as a dealer with keys has it.
func (b *books) withStripe(key, webhookSecret, publicURL string, transport http.RoundTripper) {
	b.Helper()
	mail, err := outbox.NewWriter(b.settings, publicURL)
	b.ok(err)
	b.pay = payment.New(b.db, b.clock.Now, b.settings, mail, ledger.New(b.db, b.clock.Now, b.settings, mail),
		payment.Gateways{"stripe": func(s *settings.Settings) (gateway.Adapter, error) {
			return stripe.New(stripe.Config{SecretKey: s.Value("stripe.secret_key"), WebhookSecret: s.Value("stripe.webhook_secret"), Clock: b.clock.Now, Transport: transport})
		}}, slog.New(slog.NewTextHandler(b.Output(), nil)))
	b.pay.NoPause()
	b.pay.ShortWebhooks()
	b.ok(b.settings.Set(b.Context(), audit.Program, map[string]string{"payments.gateway": "stripe", "stripe.secret_key": key, "stripe.webhook_secret": webhookSecret}))
}

// selfTest runs one to its end.
func (b *books) selfTest(name string, keys payment.TestKeys) payment.SelfTest {
	b.Helper()
	b.ok(b.pay.StartSelfTest(b.Context(), audit.Program, name, keys))
	<-b.pay.SelfTestAsked()
	b.ok(b.pay.RunSelfTests(b.Context()))
	t, err := b.pay.LatestSelfTest(b.Context())
	b.ok(err)
	if t.Finished == 0 {
		b.Fatal("the self-test is not over")
	}
	return t
}

func (b *books) step(t payment.SelfTest, title string, want payment.StepResult, words string) {
	b.Helper()
	for _, s := range t.Steps {
		if s.Title == title {
			if s.Result != want || !strings.Contains(s.Words, words) {
				b.Errorf("%s: %s: %s\nwant %s: %s", title, s.Result, s.Words, want, words)
			}
			return
		}
	}
	b.Errorf("no step %q in %+v", title, t.Steps)
}

func TestSelfTest(t *testing.T) {
	b := open(t)
	// the sandbox delivers webhooks as soon as there are some
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); b.sandbox.Run(ctx) }()
	defer func() { stop(); <-done }()

	got := b.selfTest("sandbox", payment.TestKeys{})
	if !got.Well() || !got.Test || len(got.Steps) != 11 {
		t.Errorf("%+v", got)
	}
	for _, s := range got.Steps {
		if s.Result != payment.StepOK {
			t.Errorf("%s: %s: %s", s.Title, s.Result, s.Words)
		}
	}
	if sum, n := b.sandbox.Taken(""); n != 2 || sum != 200 {
		t.Errorf("the test took %s in %d charges, want a card and a debit of $1.00", sum, n)
	}
	for _, c := range b.sandbox.Charges() {
		if c.Kind == gateway.Card && c.State == gateway.Succeeded && c.Refunded != 100 {
			t.Errorf("not refunded: %+v", c)
		}
	}
	// none of it is in the dealer's books
	if n := b.count(`SELECT (SELECT count(*) FROM payments) + (SELECT count(*) FROM methods) + (SELECT count(*) FROM ledger)`); n != 0 {
		t.Errorf("the self-test left %d rows in the books", n)
	}
}

// A dealer with live keys tries the test mode's beside them: nothing live is
// touched, and nothing is kept.
func TestSelfTestWithTypedKeys(t *testing.T) {
	b := open(t)
	b.withStripe("sk_live_abc", "whsec_live", "https://portal.test", b.sandbox.Transport())
	b.sandbox.SetDelivery(sandbox.InOrder)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	b.deliverTo = "stripe"
	go func() { defer close(done); b.sandbox.Run(ctx) }()
	defer func() { stop(); <-done }()

	got := b.selfTest("stripe", payment.TestKeys{SecretKey: sandbox.SecretKey, WebhookSecret: b.sandbox.WebhookSecret()})
	if !got.Well() {
		t.Errorf("%+v", got)
	}
	b.step(got, "A webhook arrives", payment.StepOK, "signature fits")
	b.step(got, "Webhooks are sent to this portal", payment.StepWarning, "https://portal.test/webhooks/stripe")
	if n := b.count(`SELECT count(*) FROM gateway_events`); n != 0 {
		t.Errorf("%d events of the test mode are among the live ones", n)
	}
	s, err := b.settings.Current(t.Context())
	b.ok(err)
	if s.Value("stripe.secret_key") != "sk_live_abc" || s.Value("stripe.webhook_secret") != "whsec_live" {
		t.Error("the typed keys were stored")
	}

	live := b.selfTest("stripe", payment.TestKeys{})
	if live.Test {
		t.Error("live keys ran as a test")
	}
	b.step(live, "A charge is made, and only once", payment.StepSkipped, "no real money")
	if _, n := b.sandbox.Taken(""); n != 2 {
		t.Errorf("%d charges: the live keys were charged with", n)
	}
}

func TestSelfTestSaysWhatIsWrong(t *testing.T) {
	b := open(t)
	b.sandbox.SetDelivery(sandbox.Withheld)
	b.pay.ShortWebhooks()
	b.step(b.selfTest("sandbox", payment.TestKeys{}), "A webhook arrives", payment.StepWarning, "No webhook came")

	b.withStripe(sandbox.SecretKey, "whsec_of_another", "https://portal.test", b.sandbox.Transport())
	b.deliverTo = "stripe"
	b.sandbox.SetDelivery(sandbox.InOrder)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); b.sandbox.Run(ctx) }()
	got := b.selfTest("stripe", payment.TestKeys{})
	stop()
	<-done
	b.step(got, "A webhook arrives", payment.StepFailed, "signature does not fit")

	b.withStripe("sk_test_wrong", "whsec_x", "https://portal.test", b.sandbox.Transport())
	got = b.selfTest("stripe", payment.TestKeys{})
	b.step(got, "The keys open your account", payment.StepFailed, "refused")
	b.step(got, "A charge is made, and only once", payment.StepSkipped, "failed above")

	b.withStripe(sandbox.SecretKey, "whsec_x", "https://portal.test", unplugged{})
	b.step(b.selfTest("stripe", payment.TestKeys{}), "The keys open your account", payment.StepFailed, "could not be reached")
}

// unplugged is a machine without a network.
type unplugged struct{}

func (unplugged) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
}

func TestSelfTestRefuses(t *testing.T) {
	b := open(t)
	b.withStripe("sk_live_abc", "whsec_live", "https://portal.test", b.sandbox.Transport())
	err := b.pay.StartSelfTest(t.Context(), audit.Program, "stripe", payment.TestKeys{SecretKey: "sk_live_other", WebhookSecret: "secret"})
	f := b.fault(err, fault.Invalid)
	if len(f.All()) != 2 || f.All()[0].Field != "secret_key" || f.All()[1].Field != "webhook_secret" {
		t.Errorf("%+v", f.All())
	}
	b.ok(b.pay.StartSelfTest(t.Context(), audit.Program, "stripe", payment.TestKeys{}))
	b.fault(b.pay.StartSelfTest(t.Context(), audit.Program, "stripe", payment.TestKeys{}), fault.Conflict)

	// the program was stopped before it ran: the next one says so
	b.withStripe("sk_live_abc", "whsec_live", "https://portal.test", b.sandbox.Transport())
	b.ok(b.pay.RunSelfTests(t.Context()))
	got, err := b.pay.LatestSelfTest(t.Context())
	b.ok(err)
	b.step(got, "The self-test was interrupted", payment.StepFailed, "Start the self-test again")
	b.ok(b.pay.StartSelfTest(t.Context(), audit.Program, "stripe", payment.TestKeys{}))
}

func TestAddWebhook(t *testing.T) {
	b := open(t)
	b.withStripe(sandbox.SecretKey, "", "http://127.0.0.1:8080", b.sandbox.Transport())
	b.fault(b.pay.AddWebhook(t.Context(), audit.Program), fault.Invalid)

	b.withStripe(sandbox.SecretKey, "", "https://portal.test", b.sandbox.Transport())
	b.ok(b.pay.AddWebhook(t.Context(), audit.Program))
	s, err := b.settings.Current(t.Context())
	b.ok(err)
	if s.Value("stripe.webhook_secret") != b.sandbox.WebhookSecret() {
		t.Error("the signing secret is not in the settings")
	}
	if n := b.count(`SELECT count(*) FROM settings WHERE key = 'stripe.webhook_secret' AND sealed = 1`); n != 1 {
		t.Error("the signing secret is not sealed")
	}
	b.fault(b.pay.AddWebhook(t.Context(), audit.Program), fault.Conflict)
}

func (b *books) count(query string) (n int64) {
	b.Helper()
	b.ok(b.db.WriteTx(b.Context(), func(tx *sql.Tx) error { return tx.QueryRow(query).Scan(&n) }))
	return n
}

// fault returns err as the fault it must be.
func (b *books) fault(err error, kind fault.Kind) *fault.Error {
	b.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != kind {
		b.Fatalf("error %v, want a fault of kind %v", err, kind)
	}
	return f
}
