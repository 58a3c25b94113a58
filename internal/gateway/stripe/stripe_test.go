package stripe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
)

var now = time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)

// answers is a transport that gives one answer to everything.
type answers func(*http.Request) (*http.Response, error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func status(code int, body string) answers {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Header: http.Header{"Request-Id": {"req_1"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

func broken(err error) answers {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func adapter(t *testing.T, transport http.RoundTripper) *Adapter {
	t.Helper()
	a, err := New(Config{SecretKey: "sk_test_1", WebhookSecret: "whsec_1", Transport: transport, Clock: calendar.NewFake(now).Now})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func problem(kind, code string) string {
	return fmt.Sprintf(`{"error":{"type":%q,"code":%q,"message":"words of Stripe"}}`, kind, code)
}

// Whether something is sent again hangs on these classes.
func TestErrorsAreClassed(t *testing.T) {
	for name, c := range map[string]struct {
		transport http.RoundTripper
		want      gateway.Class
	}{
		"no connection":         {broken(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), gateway.NotSent},
		"no name":               {broken(&net.DNSError{Err: "no such host", Name: "api.stripe.com"}), gateway.NotSent},
		"cut":                   {broken(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), gateway.Unknown},
		"end of file":           {broken(io.ErrUnexpectedEOF), gateway.Unknown},
		"time-out":              {broken(context.DeadlineExceeded), gateway.Unknown},
		"too many":              {status(429, problem("invalid_request_error", "rate_limit")), gateway.NotSent},
		"lock":                  {status(429, problem("invalid_request_error", "lock_timeout")), gateway.NotSent},
		"key in use":            {status(409, problem("idempotency_error", "idempotency_key_in_use")), gateway.Unknown},
		"key with other fields": {status(400, problem("idempotency_error", "")), gateway.Unknown},
		"wrong key":             {status(401, problem("invalid_request_error", "")), gateway.Config},
		"not allowed":           {status(403, problem("invalid_request_error", "")), gateway.Config},
		"malformed":             {status(400, problem("invalid_request_error", "parameter_unknown")), gateway.Config},
		"fault":                 {status(500, problem("api_error", "")), gateway.Unknown},
		"fault of the balancer": {status(503, "<html>"), gateway.Unknown},
		"empty":                 {status(500, ""), gateway.Unknown},
		"half an answer":        {status(200, `{"id": "pi_`), gateway.Unknown},
		"a redirect":            {status(302, ""), gateway.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			a := adapter(t, c.transport)
			_, err := a.OpenPaymentPage(t.Context(), "key", gateway.PaymentPage{Kind: gateway.Card})
			e, ok := errors.AsType[*gateway.Error](err)
			if !ok || e.Class != c.want || e.Op != "open payment page" {
				t.Errorf("error %v; want class %q", err, c.want)
			}
			if _, err := a.Refund(t.Context(), "key", gateway.Refund{PaymentID: "pi_1", Amount: 1}); gateway.ClassOf(err) != c.want {
				t.Errorf("refund: error %v; want class %q", err, c.want)
			}
		})
	}
}

func TestNothingIsRetriedByItself(t *testing.T) {
	for name, inner := range map[string]answers{
		"500": status(500, problem("api_error", "")), "409": status(409, problem("idempotency_error", "lock_timeout")),
		"cut": broken(&net.OpError{Op: "read", Err: syscall.ECONNRESET}),
	} {
		sent := 0
		a := adapter(t, answers(func(r *http.Request) (*http.Response, error) {
			sent++
			if r.Header.Get("Idempotency-Key") != "key" {
				t.Errorf("%s: key %q", name, r.Header.Get("Idempotency-Key"))
			}
			if r.Header.Get("X-Stripe-Client-Telemetry") != "" {
				t.Errorf("%s: telemetry was sent", name)
			}
			return inner(r)
		}))
		if _, err := a.Charge(t.Context(), "key", gateway.Charge{Kind: gateway.Card, Amount: 100}); err == nil {
			t.Errorf("%s: no error", name)
		}
		if sent != 1 {
			t.Errorf("%s: sent %d times", name, sent)
		}
	}
}

// Declines that Stripe tells in other ways than the sandbox does.
func TestDeclinesAreResults(t *testing.T) {
	for body, want := range map[string]gateway.Code{
		`{"error":{"type":"card_error","code":"card_declined","decline_code":"do_not_honor","message":"m"}}`:                     gateway.Declined,
		`{"error":{"type":"card_error","code":"card_declined","decline_code":"try_again_later","message":"m"}}`:                  gateway.ProcessorTrouble,
		`{"error":{"type":"card_error","code":"card_declined","decline_code":"stolen_card","message":"m"}}`:                      gateway.CardLost,
		`{"error":{"type":"card_error","code":"incorrect_cvc","message":"m"}}`:                                                   gateway.IncorrectDetails,
		`{"error":{"type":"card_error","code":"a code of next year","message":"m"}}`:                                             gateway.Declined,
		`{"error":{"type":"invalid_request_error","code":"payment_method_bank_account_blocked","message":"m"}}`:                  gateway.DebitNotAuthorized,
		`{"error":{"type":"invalid_request_error","code":"bank_account_unusable","message":"m","payment_intent":{"id":"pi_7"}}}`: gateway.AccountFrozen,
	} {
		a := adapter(t, status(402, body))
		o, err := a.Charge(t.Context(), "key", gateway.Charge{Reference: "PAY-1", Kind: gateway.Card, Amount: 100})
		if err != nil || o.State != gateway.Failed || o.Failure.Code != want || o.Reference != "PAY-1" {
			t.Errorf("%s: %+v, %+v, %v", body, o, o.Failure, err)
		}
	}
}

// The states of a payment that the sandbox never shows.
func TestStatesOfAPayment(t *testing.T) {
	for body, want := range map[string]gateway.State{
		`{"id":"pi_1","status":"requires_capture"}`:        gateway.Unclear,
		`{"id":"pi_1","status":"requires_confirmation"}`:   gateway.Unclear,
		`{"id":"pi_1","status":"requires_payment_method"}`: gateway.Unclear,
		`{"id":"pi_1","status":"a state of next year"}`:    gateway.Unclear,
		`{"id":"pi_1","status":"canceled"}`:                gateway.Canceled,
		`{"id":"pi_1","status":"processing"}`:              gateway.Processing,
		`{"id":"pi_1","status":"requires_action","next_action":{"type":"verify_with_microdeposits","verify_with_microdeposits":{"hosted_verification_url":"https://payments.stripe.com/x"}}}`: gateway.Action,
	} {
		o, err := adapter(t, status(200, body)).Lookup(t.Context(), "pi_1")
		if err != nil || o.State != want || want == gateway.Action && o.ActionURL == "" {
			t.Errorf("%s: %+v, %v", body, o, err)
		}
	}
}

// The Nacha code of a bank's return says more than the decline code.
func TestBankReturnCodes(t *testing.T) {
	for network, want := range map[string]gateway.Code{
		"R01": gateway.InsufficientFunds, "R09": gateway.InsufficientFunds, "R02": gateway.AccountClosed, "R03": gateway.NoAccount,
		"R04": gateway.NoAccount, "R13": gateway.NoAccount, "R20": gateway.NoAccount, "R16": gateway.AccountFrozen,
		"R05": gateway.DebitNotAuthorized, "R07": gateway.DebitNotAuthorized, "R08": gateway.DebitNotAuthorized,
		"R10": gateway.DebitNotAuthorized, "R11": gateway.DebitNotAuthorized, "R29": gateway.DebitNotAuthorized,
	} {
		body := `{"id":"pi_1","status":"requires_payment_method","payment_method_types":["us_bank_account"],
			"last_payment_error":{"type":"card_error","code":"generic"},
			"latest_charge":{"id":"py_1","object":"charge","outcome":{"network_decline_code":"` + network + `"}}}`
		o, err := adapter(t, status(200, body)).Lookup(t.Context(), "pi_1")
		if err != nil || o.State != gateway.Failed || o.Failure.Code != want || o.Failure.Network != network {
			t.Errorf("%s: %+v, %v", network, o.Failure, err)
		}
	}
}

// Events that appear in the list a little late are not lost: each call goes back
// over the last minutes of the one before.
func TestChangesOverlap(t *testing.T) {
	var asked []string
	a := adapter(t, answers(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.Query().Get("created[gte]")+".."+r.URL.Query().Get("created[lt]"))
		return status(200, `{"object":"list","data":[],"has_more":false}`)(r)
	}))
	cursor := strconv.FormatInt(now.Add(-8*time.Hour).Unix(), 10)
	for more := true; more; {
		var err error
		if _, cursor, more, err = a.Changes(t.Context(), cursor); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		fmt.Sprintf("%d..%d", now.Add(-8*time.Hour-5*time.Minute).Unix(), now.Add(-2*time.Hour).Unix()),
		fmt.Sprintf("%d..", now.Add(-2*time.Hour-5*time.Minute).Unix()),
	}
	if !slices.Equal(asked, want) || cursor != strconv.FormatInt(now.Unix(), 10) {
		t.Errorf("asked %v, next %s; want %v", asked, cursor, want)
	}
	// A cursor older than Stripe keeps events begins at the oldest there are.
	asked = nil
	if _, _, more, err := a.Changes(t.Context(), "1"); err != nil || !more || asked[0] < strconv.FormatInt(now.AddDate(0, 0, -30).Unix(), 10) {
		t.Errorf("asked %v, more %v, %v", asked, more, err)
	}
}

func TestNewChecksTheKeys(t *testing.T) {
	clock := calendar.NewFake(now).Now
	for _, c := range []Config{
		{Clock: clock}, {SecretKey: "pk_live_1", Clock: clock}, {SecretKey: "sk_live_", Clock: clock},
		{SecretKey: "sk_live_1 ", Clock: clock}, {SecretKey: "sk_live_1\n", Clock: clock},
		{SecretKey: "sk_live_1", WebhookSecret: "secret", Clock: clock}, {SecretKey: "sk_live_1"},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
	for key, test := range map[string]bool{"sk_live_1": false, "rk_live_1": false, "sk_test_1": true, "rk_test_1": true} {
		a, err := New(Config{SecretKey: key, Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		info := a.Info()
		if info.Test != test || info.Name != "stripe" || len(info.PageOrigins) == 0 || len(info.Kinds) != 2 {
			t.Errorf("%s: %+v", key, info)
		}
		// Without a webhook secret, an empty one must not verify.
		body := []byte(`{"id":"evt_1","object":"event"}`)
		if _, err := a.VerifyWebhook(body, func(string) string { return SignWebhook(body, "", now) }); !errors.Is(err, gateway.ErrSignature) {
			t.Errorf("%s: webhook without a secret: %v", key, err)
		}
	}
}

func TestErrorsDoNotTellTheKey(t *testing.T) {
	a, err := New(Config{SecretKey: "sk_live_verysecret", Clock: calendar.NewFake(now).Now, Transport: status(401, problem("invalid_request_error", ""))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = a.Methods(t.Context(), "cus_1"); err == nil || strings.Contains(err.Error(), "verysecret") {
		t.Errorf("error %v", err)
	}
}

func FuzzVerifyWebhook(f *testing.F) {
	body := []byte(`{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1"}}}`)
	good := SignWebhook(body, "whsec_1", now)
	f.Add(body, good)
	f.Add(body, strings.Replace(good, "t=", "t=9", 1))
	f.Add([]byte("{}"), "t=,v1=")
	f.Add(body, good+","+good)
	a, err := New(Config{SecretKey: "sk_test_1", WebhookSecret: "whsec_1", Clock: calendar.NewFake(now).Now})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte, signature string) {
		e, err := a.VerifyWebhook(b, func(string) string { return signature })
		if err == nil && !(bytes.Equal(b, body) && strings.Contains(signature, good[strings.Index(good, "v1="):])) {
			t.Errorf("%q signed %q was believed: %+v", b, signature, e)
		}
		if err != nil && e != (gateway.Event{}) {
			t.Errorf("a refused webhook told %+v", e)
		}
	})
}
