package authorizenet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/money"
)

var now = time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)

var signatureKey = strings.Repeat("0123456789abcdef", 8)

// answers is a transport that answers by the method that is called.
type answers func(method string) (status int, body string, err error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var root map[string]json.RawMessage
	if err := json.Unmarshal(raw, &root); err != nil {
		return nil, err
	}
	for method := range root {
		status, body, err := a(method)
		if err != nil {
			return nil, err
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
	return nil, errors.New("no method")
}

const none = `{"messages":{"resultCode":"Ok","message":[{"code":"I00004","text":"No records found."}]}}`

// charges answers look-ups with nothing and charges with the given answer.
func charges(status int, body string, err error) answers {
	return func(method string) (int, string, error) {
		if method == "createTransactionRequest" {
			return status, body, err
		}
		return 200, none, nil
	}
}

func adapter(t testing.TB, transport http.RoundTripper) *Adapter {
	t.Helper()
	a, err := New(Config{LoginID: "login", TransactionKey: "verysecret", SignatureKey: signatureKey, Transport: transport, Clock: calendar.NewFake(now).Now})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func problem(code string) string {
	return fmt.Sprintf(`{"messages":{"resultCode":"Error","message":[{"code":%q,"text":"words of Authorize.Net"}]}}`, code)
}

func refusal(response int, reason string) string {
	return fmt.Sprintf(`{"transactionResponse":{"responseCode":"%d","transId":"123","accountNumber":"XXXX1111","accountType":"Visa","errors":[{"errorCode":%q,"errorText":"words"}]},
		"messages":{"resultCode":"Error","message":[{"code":"E00027","text":"The transaction was unsuccessful."}]}}`, response, reason)
}

var saved = gateway.Charge{Reference: "PAY-1", CustomerID: "7", MethodID: "7-8", Kind: gateway.Card, Amount: 10_00}

// Whether something is sent again hangs on these classes.
func TestErrorsAreClassed(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		err    error
		want   gateway.Class
	}{
		"no connection":         {err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, want: gateway.NotSent},
		"no name":               {err: &net.DNSError{Err: "no such host", Name: "api.authorize.net"}, want: gateway.NotSent},
		"cut":                   {err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}, want: gateway.Unknown},
		"end of file":           {err: io.ErrUnexpectedEOF, want: gateway.Unknown},
		"time-out":              {err: context.DeadlineExceeded, want: gateway.Unknown},
		"429":                   {429, "", nil, gateway.NotSent},
		"500":                   {500, "", nil, gateway.Unknown},
		"503 of the balancer":   {503, "<html>", nil, gateway.Unknown},
		"403 of the balancer":   {403, "<html>", nil, gateway.Config},
		"408":                   {408, "", nil, gateway.Unknown},
		"a redirect":            {302, "", nil, gateway.Unknown},
		"empty":                 {200, "", nil, gateway.Unknown},
		"half an answer":        {200, `{"transactionResponse":{"respon`, nil, gateway.Unknown},
		"no verdict":            {200, `{}`, nil, gateway.Unknown},
		"Ok and no transaction": {200, none, nil, gateway.Unknown},
		"during processing":     {200, problem("E00001"), nil, gateway.Unknown},
		"too busy":              {200, problem("E00053"), nil, gateway.Unknown},
		"unsuccessful, no word": {200, problem("E00027"), nil, gateway.Unknown},
		"a code of next year":   {200, problem("E09999"), nil, gateway.Unknown},
		"maintenance":           {200, problem("E00104"), nil, gateway.NotSent},
		"out of order":          {200, problem("E00003"), nil, gateway.Config},
		"wrong key":             {200, problem("E00007"), nil, gateway.Config},
		"inactive":              {200, problem("E00008"), nil, gateway.Config},
		"not allowed":           {200, problem("E00010"), nil, gateway.Config},
		"too long":              {200, problem("E00015"), nil, gateway.Config},
		"merchant login":        {200, refusal(3, "13"), nil, gateway.Config},
		"no eCheck":             {200, refusal(3, "18"), nil, gateway.Config},
		"void may have failed":  {200, refusal(3, "121"), nil, gateway.Unknown},
		"reason of next year":   {200, refusal(3, "9999"), nil, gateway.Unknown},
		"response of next year": {200, refusal(7, "1"), nil, gateway.Unknown},
		"a duplicate, not seen": {200, refusal(3, "11"), nil, gateway.Unknown},
		"test mode":             {200, `{"transactionResponse":{"responseCode":"1","transId":"0"},"messages":{"resultCode":"Ok"}}`, nil, gateway.Config},
		"a part":                {200, `{"transactionResponse":{"responseCode":"1","transId":"5","splitTenderId":"9"},"messages":{"resultCode":"Ok"}}`, nil, gateway.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			a := adapter(t, charges(c.status, c.body, c.err))
			_, err := a.Charge(t.Context(), "", saved)
			e, ok := errors.AsType[*gateway.Error](err)
			if !ok || e.Class != c.want || e.Op != "charge" {
				t.Fatalf("error %v; want class %q", err, c.want)
			}
			if strings.Contains(err.Error(), "verysecret") {
				t.Errorf("the error tells the key: %v", err)
			}
			// after an unknown outcome nothing is sent for the reference
			again := 0
			a.client.http.Transport = answers(func(method string) (int, string, error) {
				if method == "createTransactionRequest" {
					again++
				}
				return 200, none, nil
			})
			if _, err := a.Charge(t.Context(), "", saved); c.want == gateway.Unknown && (again != 0 || gateway.ClassOf(err) != gateway.Unknown) {
				t.Errorf("sent %d times more after an unknown outcome: %v", again, err)
			}
		})
	}
}

// What cannot be looked for is not sent.
func TestNothingIsSentWithoutALook(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want gateway.Class
	}{"busy": {problem("E00053"), gateway.NotSent}, "half": {`{"transa`, gateway.NotSent}, "no right": {problem("E00011"), gateway.Config}} {
		sent := 0
		a := adapter(t, answers(func(method string) (int, string, error) {
			if method == "createTransactionRequest" {
				sent++
			}
			return 200, c.body, nil
		}))
		if _, err := a.Charge(t.Context(), "", saved); err == nil || gateway.ClassOf(err) != c.want || sent != 0 {
			t.Errorf("%s: sent %d, error %v; want class %q", name, sent, err, c.want)
		}
	}
}

// Declines that the stand-in does not have.
func TestDeclinesAreResults(t *testing.T) {
	for _, c := range []struct {
		response int
		reason   string
		want     gateway.Code
	}{
		{2, "2", gateway.Declined}, {2, "4", gateway.CardLost}, {2, "27", gateway.IncorrectDetails}, {2, "65", gateway.IncorrectDetails},
		{2, "a reason of next year", gateway.Declined}, {3, "8", gateway.CardExpired}, {3, "6", gateway.IncorrectDetails}, {3, "9", gateway.NoAccount},
		{3, "17", gateway.CardNotSupported}, {3, "19", gateway.ProcessorTrouble}, {3, "49", gateway.AmountNotAccepted}, {2, "251", gateway.Declined},
	} {
		o, err := adapter(t, charges(200, refusal(c.response, c.reason), nil)).Charge(t.Context(), "", saved)
		if err != nil || o.State != gateway.Failed || o.Failure.Code != c.want || o.Failure.Raw != c.reason || o.Reference != "PAY-1" {
			t.Errorf("%d/%s: %+v, %+v, %v", c.response, c.reason, o, o.Failure, err)
		}
	}
	o, err := adapter(t, charges(200, problem("E00040"), nil)).Charge(t.Context(), "", saved)
	if err != nil || o.State != gateway.Failed || o.Failure.Code != gateway.MethodGone {
		t.Errorf("a profile that is gone: %+v, %v", o, err)
	}
}

// The statuses of a transaction, transactionStatusEnum.
func TestStatuses(t *testing.T) {
	card := `"payment":{"creditCard":{"cardNumber":"XXXX1111","expirationDate":"XXXX","cardType":"Visa"}}`
	bank := `"payment":{"bankAccount":{"routingNumber":"XXXX0000","accountNumber":"XXXX6789","nameOnAccount":"A"}}`
	for status, want := range map[string][2]gateway.State{
		"capturedPendingSettlement": {gateway.Succeeded, gateway.Processing}, "settledSuccessfully": {gateway.Succeeded, gateway.Succeeded},
		"pendingFinalSettlement": {gateway.Succeeded, gateway.Processing}, "updatingSettlement": {gateway.Succeeded, gateway.Processing},
		"underReview": {gateway.Processing, gateway.Processing}, "FDSPendingReview": {gateway.Processing, gateway.Processing},
		"FDSAuthorizedPendingReview": {gateway.Processing, gateway.Processing}, "approvedReview": {gateway.Processing, gateway.Processing},
		"authorizedPendingCapture": {gateway.Processing, gateway.Processing}, "declined": {gateway.Failed, gateway.Failed},
		"failedReview": {gateway.Failed, gateway.Failed}, "expired": {gateway.Failed, gateway.Failed}, "generalError": {gateway.Failed, gateway.Failed},
		"communicationError": {gateway.Failed, gateway.Failed}, "voided": {gateway.Succeeded, gateway.Canceled},
		"settlementError": {gateway.Unclear, gateway.Unclear}, "couldNotVoid": {gateway.Unclear, gateway.Unclear}, "of next year": {gateway.Unclear, gateway.Unclear},
	} {
		for i, payment := range []string{card, bank} {
			o, err := adapter(t, answers(func(method string) (int, string, error) {
				if method != "getTransactionDetailsRequest" {
					return 200, none, nil
				}
				return 200, fmt.Sprintf("\xef\xbb\xbf"+`{"transaction":{"transId":"123","submitTimeUTC":"2026-11-20T09:00:00.12Z","transactionType":"authCaptureTransaction","transactionStatus":%q,
					"responseCode":1,"responseReasonCode":1,"authAmount":45.10,"settleAmount":45.1,"order":{"invoiceNumber":"PAY-1"},%s},"messages":{"resultCode":"Ok"}}`, status, payment), nil
			})).Lookup(t.Context(), "123")
			if err != nil || o.State != want[i] || o.Amount != 45_10 || o.Reference != "PAY-1" {
				t.Errorf("%s: %+v, %v; want %s", status, o, err, want[i])
			}
			if status == "voided" && (o.Refunded != 45_10) != (i == 1) {
				t.Errorf("voided: refunded %s", o.Refunded)
			}
		}
	}
}

// A POST is sent once whatever becomes of the connection. net/http would repeat
// it by itself with an Idempotency-Key header, or on a connection that was idle.
func TestACutPostIsSentOnce(t *testing.T) {
	var got atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !bytes.Contains(body, []byte("createTransactionRequest")) {
			_, _ = io.WriteString(w, none)
			return
		}
		got.Add(1)
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	a := adapter(t, newTransport())
	a.client.url = server.URL
	for i := range 3 {
		c := saved
		c.Reference = fmt.Sprintf("PAY-%d", i)
		if _, err := a.Charge(t.Context(), "key", c); err == nil || gateway.ClassOf(err) != gateway.Unknown {
			t.Errorf("error %v", err)
		}
	}
	if got.Load() != 3 {
		t.Errorf("3 charges were sent %d times", got.Load())
	}
}

func TestReferencesAreKeptWhole(t *testing.T) {
	a := adapter(t, charges(500, "", nil))
	for _, reference := range []string{"", "4F7K9-QXT2B-4F7K9-QXT", "a b", "a.b", "é", strings.Repeat("x", 21)} {
		c := saved
		c.Reference = reference
		_, errCharge := a.Charge(t.Context(), "", c)
		_, errPage := a.OpenPaymentPage(t.Context(), "", gateway.PaymentPage{Reference: reference, CustomerID: "7", Kind: gateway.Card, Amount: 1})
		_, errSetup := a.OpenSetupPage(t.Context(), "", gateway.SetupPage{Reference: reference, CustomerID: "7", Kind: gateway.Card})
		_, errRefund := a.Refund(t.Context(), "", gateway.Refund{Reference: reference, PaymentID: "1", Amount: 1})
		for _, err := range []error{errCharge, errPage, errSetup, errRefund} {
			if err == nil || gateway.ClassOf(err) != gateway.Config {
				t.Errorf("%q: %v", reference, err)
			}
		}
	}
}

func TestNewChecksTheKeys(t *testing.T) {
	clock := calendar.NewFake(now).Now
	good := Config{LoginID: "5KP3u95bQpv", TransactionKey: "346HZ32z3fP4hTG2", SignatureKey: signatureKey, Clock: clock}
	for _, change := range []func(*Config){
		func(c *Config) { c.LoginID = "" }, func(c *Config) { c.LoginID = strings.Repeat("x", 26) }, func(c *Config) { c.TransactionKey = "" },
		func(c *Config) { c.TransactionKey = "346HZ32z3fP4hTG2x" }, func(c *Config) { c.TransactionKey = "346HZ32z3fP4hTG\n" },
		func(c *Config) { c.SignatureKey = "ABC" }, func(c *Config) { c.SignatureKey = strings.Repeat("G", 128) }, func(c *Config) { c.Clock = nil },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
	for production, origin := range map[bool]string{true: "https://accept.authorize.net", false: "https://test.authorize.net"} {
		c := good
		c.Production, c.SignatureKey = production, ""
		a, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		if i := a.Info(); i.Test == production || i.Name != "authorizenet" || len(i.PageOrigins) != 1 || i.PageOrigins[0] != origin || len(i.Kinds) != 2 || i.PageLife == 0 {
			t.Errorf("%+v", i)
		}
		// Without a signature key, an empty one must not verify.
		body := []byte(`{"notificationId":"1","eventType":"net.authorize.payment.void.created"}`)
		if _, err := a.VerifyWebhook(body, func(string) string { return sign(body, nil) }); !errors.Is(err, gateway.ErrSignature) {
			t.Errorf("webhook without a key: %v", err)
		}
	}
}

// The signature key may be meant as text or as the bytes it stands for, and the
// digits of the signature in either case.
func TestWebhookSignatures(t *testing.T) {
	a := adapter(t, nil)
	body := []byte(`{"notificationId":"d0e8","eventType":"net.authorize.customer.paymentProfile.deleted","payload":{"customerProfileId":394,"entityName":"customerPaymentProfile","id":"694"}}`)
	for _, key := range signingKeys(signatureKey) {
		for _, value := range []string{sign(body, key), strings.ToLower(sign(body, key))} {
			e, err := a.VerifyWebhook(body, func(string) string { return value })
			if err != nil || e.Subject != gateway.AboutMethod || e.ObjectID != "394-694" || e.ID != "d0e8" {
				t.Errorf("%+v, %v", e, err)
			}
		}
	}
	for _, value := range []string{"", "sha512=", strings.TrimPrefix(sign(body, []byte(signatureKey)), "sha512="), sign(body, nil), sign(body, []byte("other"))} {
		if _, err := a.VerifyWebhook(body, func(string) string { return value }); !errors.Is(err, gateway.ErrSignature) {
			t.Errorf("%q was believed", value)
		}
	}
}

func TestAmounts(t *testing.T) {
	for in, want := range map[string]money.Cents{"0": 0, "1": 1_00, "12.3": 12_30, "12.34": 12_34, "12.3400": 12_34, `"45.10"`: 45_10, "1018.88": 1018_88, "null": 0, `""`: 0, "123456789012.00": 12345678901200} {
		var d dollars
		if err := json.Unmarshal([]byte(in), &d); err != nil || money.Cents(d) != want {
			t.Errorf("%s: %d, %v", in, d, err)
		}
	}
	for _, in := range []string{"-1", "1e3", "1.005", "1.23456", `"1."`, `".5"`, `"1,000"`, `"1.2.3"`, `" 1"`, "1234567890123", "true", "{}"} {
		var d dollars
		if err := json.Unmarshal([]byte(in), &d); err == nil {
			t.Errorf("%s was read as %d", in, d)
		}
	}
}

// The same answer with lists as in the XML, and in the forms that numbers come in.
func TestListsComeInTwoForms(t *testing.T) {
	for _, forms := range [][2]string{{"[", "]"}, {`{"returnedItem":[`, "]}"}, {`{"returnedItem":`, "}"}} {
		items := forms[0] + `{"id":"456","dateUTC":"2026-11-21T09:00:00Z","code":"R01","description":"NSF"}` + forms[1]
		o, err := adapter(t, answers(func(method string) (int, string, error) {
			if method != "getTransactionDetailsRequest" {
				return 200, none, nil
			}
			return 200, `{"transaction":{"transId":123,"submitTimeUTC":"2026-11-18T09:00:00Z","transactionStatus":"settledSuccessfully","authAmount":"45.10",
				"order":{"invoiceNumber":"PAY-1"},"payment":{"bankAccount":{"accountNumber":"XXXX6789"}},"returnedItems":` + items + `},"messages":{"resultCode":"Ok"}}`, nil
		})).Lookup(t.Context(), "123")
		if err != nil || !o.Returned() || o.Disputes[0].Failure.Network != "R01" || o.Disputes[0].ID != "456" {
			t.Errorf("%s: %+v, %v", items, o, err)
		}
	}
}

// A list that says "not found" of a customer who has paid nothing yet is no
// reason to take his card for gone.
func TestACustomerWithoutTransactions(t *testing.T) {
	a := adapter(t, answers(func(method string) (int, string, error) {
		switch method {
		case "getTransactionListForCustomerRequest":
			return 200, problem("E00040"), nil
		case "createTransactionRequest":
			return 200, `{"transactionResponse":{"responseCode":"1","transId":"99","accountNumber":"XXXX1111","accountType":"MasterCard"},"messages":{"resultCode":"Ok"}}`, nil
		}
		return 200, none, nil
	}))
	o, err := a.Charge(t.Context(), "", saved)
	if err != nil || o.State != gateway.Succeeded || o.PaymentID != "99" || o.Method.Brand != "Mastercard" || o.Method.Last4 != "1111" {
		t.Errorf("%+v, %v", o, err)
	}
}

// What a profile says may stand in another one, too.
func TestAProfileLikeAnother(t *testing.T) {
	a := adapter(t, answers(func(string) (int, string, error) {
		return 200, `{"messages":{"resultCode":"Error","message":[{"code":"E00039","text":"A duplicate record with ID 41 already exists."}]}}`, nil
	}))
	for given, want := range map[string]string{"": "41", "40": "40"} {
		if id, err := a.SaveCustomer(t.Context(), "", given, gateway.Customer{Reference: "1", Name: "A"}); err != nil || id != want {
			t.Errorf("%q saved as %q, %v", given, id, err)
		}
	}
}

func TestPageIDsAreReadBack(t *testing.T) {
	for _, v := range []visit{
		{Reference: "4F7K9-QXT2B", Customer: "1929820", Kind: gateway.Card, Amount: 123_45, Opened: 1_795_338_000_123, Ends: 1_795_341_600_000},
		{Setup: true, Reference: "S4F7K9-QXT2B", Customer: "7", Kind: gateway.ECheck, Highest: 60_000_000_001, Opened: 1_795_338_000_000, Ends: 1_795_341_600_000},
	} {
		if got, ok := parseVisit(v.id()); !ok || got != v {
			t.Errorf("%s is read as %+v", v.id(), got)
		}
		if mark := v.mark(true); len(mark) > 25 {
			t.Errorf("%s is too long for a purchase order number", mark)
		}
	}
	for _, id := range []string{"", "pay", "cs_1", "pay.a.1.card.1.1", "pay.a b.1.card.1.1.1", "pay.a.x.card.1.1.1", "pay.a.1.cash.1.1.1", "pay.a.1.card.-1.1.1", "set.a.1.card.1.1.x"} {
		if v, ok := parseVisit(id); ok {
			t.Errorf("%q is read as %+v", id, v)
		}
	}
}

func FuzzVerifyWebhook(f *testing.F) {
	body := []byte(`{"notificationId":"d0e8","eventType":"net.authorize.payment.void.created","payload":{"entityName":"transaction","id":"1"}}`)
	f.Add(body, SignWebhook(body, signatureKey))
	f.Add([]byte("{}"), "sha512=00")
	a := adapter(f, nil)
	f.Fuzz(func(t *testing.T, b []byte, signature string) {
		e, err := a.VerifyWebhook(b, func(string) string { return signature })
		if err != nil && e != (gateway.Event{}) {
			t.Errorf("a refused webhook told %+v", e)
		}
		if err == nil && !strings.EqualFold(strings.TrimSpace(signature), sign(b, a.webhook[0])) && !strings.EqualFold(strings.TrimSpace(signature), sign(b, a.webhook[1])) {
			t.Errorf("%q signed %q was believed", b, signature)
		}
	})
}

// Whatever comes as an answer, nothing panics and no money is made up.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{none, problem("E00040"), refusal(2, "2"), refusal(3, "11"), `{"transactionResponse":{"responseCode":1,"transId":123},"messages":{"resultCode":"Ok"}}`,
		`{"transaction":{"transId":"123","transactionStatus":"settledSuccessfully","authAmount":1.00,"payment":{"creditCard":{"cardNumber":"1"}},"returnedItems":[{"id":"1","code":"R01"}]},"messages":{"resultCode":"Ok"}}`,
		`{"transactions":[{"transId":"123","invoiceNumber":"PAY-1"}],"messages":{"resultCode":"Ok"}}`, `{"batchList":[{"batchId":"1","settlementTimeUTC":"x"}]}`,
		`{"profile":{"paymentProfiles":[{"customerPaymentProfileId":"8","payment":{"bankAccount":{"accountNumber":""}}}]},"messages":{"resultCode":"Ok"}}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		a := adapter(t, answers(func(string) (int, string, error) { return 200, body, nil }))
		ctx := t.Context()
		out, err := a.Charge(ctx, "", saved)
		if err == nil && out.State == gateway.Succeeded && (out.Received != out.Amount && out.PaymentID == "" || out.PaymentID == "") {
			t.Errorf("%q succeeded without a transaction: %+v", body, out)
		}
		_, _ = a.Lookup(ctx, "123")
		_, _ = a.Lookup(ctx, visit{Reference: "PAY-1", Customer: "7", Kind: gateway.Card, Amount: 1, Opened: 1, Ends: 2}.id())
		_, _ = a.Find(ctx, gateway.Find{Reference: "PAY-1", CustomerID: "7"})
		_, _ = a.LookupSetup(ctx, visit{Setup: true, Reference: "S", Customer: "7", Kind: gateway.Card, Opened: 1, Ends: 2}.id())
		_, _ = a.Refund(ctx, "", gateway.Refund{Reference: "REF-1", PaymentID: "123", Amount: 1})
		_, _ = a.Refunds(ctx, "123")
		_, _ = a.Methods(ctx, "7")
		_, _ = a.SaveCustomer(ctx, "", "", gateway.Customer{Reference: "1"})
		_, _, _, _ = a.Changes(ctx, "")
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("1795338000 1 2")
	f.Add("")
	f.Add("x")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := parseCursor(s)
		if err != nil || c.at.IsZero() {
			return
		}
		if again, err := parseCursor(c.String()); err != nil || !again.at.Equal(c.at) || len(again.batches) != len(c.batches) {
			t.Errorf("%q became %q, %v", s, c, err)
		}
	})
}
