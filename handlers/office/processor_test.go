package office_test

import (
	"log/slog"
	"net/url"
	"testing"

	"customerportal/internal/audit"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/gateway/stripe"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/settings"
)

func TestProcessor(t *testing.T) {
	d := newDesk(t)
	says(t, d.page("owner", "/office/settings/processor"), "Payments are off", "Put the processor's keys into the settings first")
	d.parse(d.send("owner", "/office/settings/processor/selftest", url.Values{}), 422)

	box, err := sandbox.New(sandbox.Config{BaseURL: "http://portal.example/sandbox", Business: "Granite Alarm", Clock: d.clock.Now})
	must(t, err)
	t.Cleanup(func() { must(t, box.Close()) })
	writer, err := outbox.NewWriter(d.store, "http://portal.example")
	must(t, err)
	d.screens.Payments = payment.New(d.db, d.clock.Now, d.store, writer, d.ledger, payment.Gateways{
		"stripe": func(s *settings.Settings) (gateway.Adapter, error) {
			return stripe.New(stripe.Config{SecretKey: s.Value("stripe.secret_key"), WebhookSecret: s.Value("stripe.webhook_secret"), Clock: d.clock.Now, Transport: box.Transport()})
		}}, slog.New(slog.DiscardHandler))
	must(t, d.store.Set(t.Context(), audit.Program, map[string]string{"stripe.secret_key": "sk_live_<xpr0be>"}))

	doc := d.page("owner", "/office/settings/processor")
	says(t, doc, "Stripe can be tried out before it is chosen", "http://portal.example/webhooks/stripe", "Last webhooknone yet", "The keys in the settings are live", "No self-test has been run yet")
	if n := doc.Find(`form[action="/office/settings/processor/webhook"]`).Length(); n != 1 {
		t.Error("no button to add the webhook")
	}
	// webhooks need https, and say so
	for name, way := range ways {
		doc := d.parse(d.send("owner", "/office/settings/processor/webhook", url.Values{}, way...), 422)
		says(t, doc, "Webhooks are sent to https addresses only")
		if name == "plain" && doc.Find("title").Text()[:6] != "Error:" {
			t.Error("the title does not say that something is wrong")
		}
		doc = d.parse(d.send("owner", "/office/settings/processor/selftest", url.Values{"secret_key": {"sk_live_no"}, "webhook_secret": {"x"}}, way...), 422)
		says(t, doc, "A test key begins with sk_test_", "The signing secret begins with whsec_")
		hides(t, doc, "sk_live_no")
	}

	d.done(d.send("owner", "/office/settings/processor/selftest", url.Values{}), "/office/settings/processor")
	if doc := d.page("owner", "/office/settings/processor"); doc.Find("#selftest[hx-get]").Length() != 1 {
		t.Error("a self-test that runs is not followed")
	}
	d.parse(d.send("owner", "/office/settings/processor/selftest", url.Values{}, htmx...), 422)
	must(t, d.screens.Payments.RunSelfTests(t.Context()))
	doc = d.page("owner", "/office/settings/processor")
	says(t, doc, "with live keys", "Not everything works yet", "Failed The keys open your account", "Not tried A charge is made, and only once")
	if doc.Find("#selftest[hx-get]").Length() != 0 {
		t.Error("a self-test that is over is still asked for")
	}
	if n := d.count(`SELECT count(*) FROM audit WHERE action = 'gateway.selftest' AND staff_id = ?`, d.staff["owner"]); n != 1 {
		t.Errorf("%d audit rows", n)
	}
}
