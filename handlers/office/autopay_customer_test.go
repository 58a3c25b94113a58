package office_test

import (
	"bytes"
	"context"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/autopay"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/settings"
)

// till is a desk with a processor: the sandbox.
type till struct {
	*desk
	sandbox *sandbox.Sandbox
	pay     *payment.Service
	auto    *autopay.Service
}

func newTill(t *testing.T) *till {
	t.Helper()
	d := &till{desk: newDesk(t)}
	clock := calendar.Clock(d.clock.Now)
	var err error
	d.sandbox, err = sandbox.New(sandbox.Config{BaseURL: "http://portal.example/sandbox", Business: "Acme", Clock: clock,
		Deliver: func(ctx context.Context, body []byte, signature string) error {
			return d.pay.Receive(ctx, "sandbox", body, func(string) string { return signature })
		}})
	must(t, err)
	must(t, d.store.Set(t.Context(), audit.Program, map[string]string{"payments.gateway": "sandbox", "company.name": "Acme Alarm", "company.phone": "518-555-0100", "company.email": "office@acme.example"}))
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	must(t, err)
	d.store = settings.New(d.db, clock, sealer)
	writer, err := outbox.NewWriter(d.store, "http://portal.example")
	must(t, err)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	d.pay = payment.New(d.db, clock, d.store, writer, d.ledger, payment.Gateways{"sandbox": func(*settings.Settings) (gateway.Adapter, error) { return d.sandbox, nil }}, log)
	d.auto = autopay.New(d.db, clock, d.store, writer, d.pay, d.ledger, log)
	d.screens.Payments, d.screens.AutoPay = d.pay, d.auto
	return d
}

// card puts one of the processor's test methods on a customer's file.
func (d *till) card(customer int64, shortcut string) (id int64) {
	d.Helper()
	key := db.GetGatewayCustomerParams{CustomerID: customer, Gateway: "sandbox"}
	ref, err := d.db.Read().GetGatewayCustomer(d.Context(), key)
	if err != nil {
		ref, err = d.sandbox.SaveCustomer(d.Context(), "customer "+strconv.FormatInt(customer, 10), "", gateway.Customer{Reference: "x", Name: "x"})
		must(d, err)
	}
	token, err := d.sandbox.Attach(ref, shortcut)
	must(d, err)
	list, err := d.sandbox.Methods(d.Context(), ref)
	must(d, err)
	d.write(func(q *db.Queries) error {
		if err := q.PutGatewayCustomer(d.Context(), db.PutGatewayCustomerParams{CustomerID: customer, Gateway: "sandbox", Ref: ref}); err != nil {
			return err
		}
		for _, m := range list {
			if m.ID == token {
				id, err = q.AddMethod(d.Context(), db.AddMethodParams{CustomerID: customer, Gateway: "sandbox", Ref: token, Kind: string(m.Kind), Brand: m.Brand, Last4: m.Last4,
					ExpYear: int64(m.ExpYear), ExpMonth: int64(m.ExpMonth), CreatedAt: calendar.InstantOf(d.clock.Now())})
			}
		}
		return err
	})
	return id
}

// on switches auto pay on, as the office does it with a signed form.
func (d *till) on(customer, method int64) {
	d.Helper()
	must(d, d.pay.TurnOnByForm(d.Context(), audit.Actor{Kind: audit.Staff, StaffID: d.staff["billing"], Role: "billing"}, customer,
		payment.FormOrder{Method: method, Signed: "2026-11-01", Says: true, File: paper}))
}

var paper = []byte("%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n%%EOF\n")

// upload sends a form with a file.
func (d *till) upload(role, address string, form url.Values, file []byte, headers ...string) *httptest.ResponseRecorder {
	d.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range form {
		for _, v := range values {
			must(d, w.WriteField(name, v))
		}
	}
	if file != nil {
		part, err := w.CreateFormFile("paper", "<xpr0be>.exe")
		must(d, err)
		_, err = part.Write(file)
		must(d, err)
	}
	must(d, w.Close())
	r := httptest.NewRequest(http.MethodPost, address, &body)
	r.Host = "portal.example"
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("X-Role", role)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	d.handler.ServeHTTP(rec, r)
	return rec
}

func TestCustomersAutoPay(t *testing.T) {
	for way, headers := range ways {
		t.Run(way, func(t *testing.T) {
			d := newTill(t)
			at := d.path + "/autopay"
			says(t, d.page("sales", at), "never authorized auto pay")
			if w := d.send("billing", at+"/form", nil); w.Code != 409 {
				t.Errorf("a form without anything to charge: %d", w.Code)
			}
			id := d.card(d.customer[0], "pm_card_visa")
			d.issue(d.customer[0], "9/1", "2026-12-01", 8000)

			// the form, its text and the paper to print
			doc := d.page("billing", at+"/form?cap=50&signed=2026-11-02")
			says(t, doc, "Visa ending 4242", "Never more than $50.00 in one month.", "the customer is mailed a copy at once")
			print, _ := doc.Find("#paper-text a[download]").Attr("href")
			if w := d.send("billing", print, nil); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "%PDF-") {
				t.Errorf("%s: %d", print, w.Code)
			}
			if got := d.parse(d.send("billing", at+"/form?cap=x&method="+strconv.FormatInt(id, 10), nil, htmx...), 200); got.Find(".consent").Length() != 0 || got.Find(".field-error").Length() != 1 {
				t.Error("a text for no amount")
			}
			form := url.Values{"method": {strconv.FormatInt(id, 10)}, "cap": {"50"}, "signed": {"2026-11-02"}}
			refused := d.parse(d.upload("billing", at+"/form", form, paper, headers...), 422)
			says(t, refused, "tick that the form says the same", "choose the signed form again")
			if v, _ := refused.Find("#f-cap").Attr("value"); v != "50" {
				t.Errorf("the maximum is not kept: %q", v)
			}
			form.Set("says", "1")
			refused = d.parse(d.upload("billing", at+"/form", form, []byte("MZ\x90"), headers...), 422)
			says(t, refused, "neither a PDF nor a JPEG or PNG")
			if w := d.upload("billing", at+"/form", form, make([]byte, 10<<20), headers...); w.Code != 413 {
				t.Errorf("10 MB: %d", w.Code)
			}
			if w := d.upload("sales", at+"/form", form, paper, headers...); w.Code != 403 {
				t.Errorf("sales: %d", w.Code)
			}
			d.done(d.upload("billing", at+"/form", form, paper, headers...), at)
			doc = d.page("sales", at)
			says(t, doc, "On", "$50.00", "signed on Nov 2, 2026, entered by The billing", "In force")
			if doc.Find("form[action^='"+at+"']").Length() != 0 {
				t.Error("sales may act")
			}
			record, _ := doc.Find("a[href$='.pdf']").Attr("href")
			scan, _ := doc.Find("a[href$='-form']").Attr("href")
			if w := d.send("sales", scan, nil); w.Code != 200 || w.Body.String() != string(paper) || !strings.HasPrefix(w.Header().Get("Content-Disposition"), `attachment; filename="Signed-form.pdf"`) {
				t.Errorf("%q: %d %v", scan, w.Code, w.Header())
			}
			if w := d.send("sales", record, nil); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "%PDF-") {
				t.Errorf("%q: %d", record, w.Code)
			}
			for _, foreign := range []string{"/office/customers/1043/autopay/papers/1.pdf", "/office/customers/1043/autopay/papers/1-form", at + "/papers/2.pdf", at + "/papers/1", at + "/papers/x-form"} {
				if w := d.send("sales", foreign, nil); w.Code != 404 {
					t.Errorf("%s: %d", foreign, w.Code)
				}
			}
			if d.count(`SELECT count(*) FROM audit WHERE action = 'consent.download'`) != 2 {
				t.Error("taking a paper left no trace")
			}

			// another day
			refused = d.parse(d.send("billing", at+"/day", url.Values{"day": {"1"}, "day_reason": {"<xpr0be>"}}, headers...), 422)
			says(t, refused, "It is the 1st already")
			if v, _ := refused.Find("#f-day_reason").Attr("value"); v != "<xpr0be>" {
				t.Errorf("the reason is not kept: %q", v)
			}
			d.done(d.send("billing", at+"/day", url.Values{"day": {"15"}, "day_reason": {"pay day"}}, headers...), at)
			says(t, d.page("billing", at), "from Dec 15, 2026 on the 15th")

			// on hold, and released
			refused = d.parse(d.send("billing", at+"/hold", url.Values{"hold_reason": {" "}}, headers...), 422)
			says(t, refused, "Say why")
			d.done(d.send("billing", at+"/hold", url.Values{"hold_reason": {"disputes the invoice"}}, headers...), at)
			d.done(d.send("owner", at+"/hold", url.Values{"hold_reason": {"a second time"}}, headers...), at)
			says(t, d.page("service", d.path), "On hold: disputes the invoice (The billing)")
			d.done(d.send("billing", at+"/release", url.Values{"hold_reason": {"settled"}, "back": {"/office/autopay?show=held"}}, headers...), "/office/autopay?show=held")
			d.done(d.send("billing", at+"/release", url.Values{"hold_reason": {"settled"}, "back": {"//evil.example"}}, headers...), at)

			// off
			refused = d.parse(d.send("billing", at+"/off", url.Values{"off_reason": {strings.Repeat("x", 201)}}, headers...), 422)
			says(t, refused, "too long")
			d.done(d.send("billing", at+"/off", url.Values{"off_reason": {"moved away"}}, headers...), at)
			says(t, d.page("billing", at), "Ended Nov 15, 2026", "by The billing: Acme Alarm switched it off (moved away)", "settled")
			for _, role := range []string{"service", "sales"} {
				if w := d.send(role, at+"/off", url.Values{}, headers...); w.Code != 403 {
					t.Errorf("%s: %d", role, w.Code)
				}
			}
		})
	}
}
