package portal_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/gateway/stripe"
	"customerportal/internal/money"
	"customerportal/internal/payment"
)

// paying is the screens with the sandbox chosen, three open invoices of the
// first customer, one of the second, and a card on file for each.
func paying(t testing.TB) (s *screens, cards [2]string) {
	t.Helper()
	s = newScreens(t, dbtest.New(t)).fill()
	s.exec(`INSERT INTO users (id, email, created_at) VALUES (1, 'zoe@example.com', 1)`)
	must(t, s.settings.Set(t.Context(), audit.Program, map[string]string{"payments.gateway": "sandbox", "company.name": "Beacon", "company.phone": "617-555-0142", "company.email": "office@beacon.example"}))
	s.issue(s.customer[0], "10001", "2026-11-01", 4500)
	s.issue(s.customer[0], "10002", "2026-12-01", 3000)
	s.issue(s.customer[0], "A/3 b", "2026-12-15", 10000)
	s.issue(s.customer[1], "20001", "2026-12-01", 700)
	for i := range s.customer {
		cards[i] = s.card(i, "pm_card_visa")
	}
	return s, cards
}

// card puts a test card on the i-th customer's file.
func (s *screens) card(i int, shortcut string) string {
	s.Helper()
	known := db.GetGatewayCustomerParams{CustomerID: s.customer[i], Gateway: "sandbox"}
	ref, err := s.db.Read().GetGatewayCustomer(s.Context(), known)
	if err != nil {
		ref, err = s.sandbox.SaveCustomer(s.Context(), "customer"+strconv.Itoa(i), "", gateway.Customer{Reference: "x", Name: "x"})
		must(s, err)
	}
	token, err := s.sandbox.Attach(ref, shortcut)
	must(s, err)
	kind, brand := "card", "Visa"
	if strings.HasPrefix(shortcut, "pm_usBank") {
		kind, brand = "echeck", "TEST BANK"
	}
	var id int64
	s.write(func(q *db.Queries) error {
		if err := q.PutGatewayCustomer(s.Context(), db.PutGatewayCustomerParams{CustomerID: s.customer[i], Gateway: "sandbox", Ref: ref}); err != nil {
			return err
		}
		id, err = q.AddMethod(s.Context(), db.AddMethodParams{CustomerID: s.customer[i], Gateway: "sandbox", Ref: token, Kind: kind, Brand: brand, Last4: "4242", ExpYear: 2030, ExpMonth: 1, CreatedAt: calendar.InstantOf(s.clock.Now())})
		return err
	})
	return strconv.FormatInt(id, 10)
}

// form reads the payment screen's form as a browser would send it.
func form(doc *goquery.Document) url.Values {
	v := url.Values{}
	doc.Find("#pay-form input, #method-form input, #auto-form input").Each(func(_ int, e *goquery.Selection) {
		_, disabled := e.Attr("disabled")
		_, checked := e.Attr("checked")
		if kind := e.AttrOr("type", "text"); disabled || (kind == "radio" || kind == "checkbox") && !checked {
			return
		}
		v.Add(e.AttrOr("name", ""), e.AttrOr("value", ""))
	})
	doc.Find("#pay-form select").Each(func(_ int, e *goquery.Selection) {
		chosen := e.Find("option[selected]")
		if chosen.Length() == 0 {
			chosen = e.Find("option").First()
		}
		v.Add(e.AttrOr("name", ""), chosen.AttrOr("value", ""))
	})
	return v
}

func (s *screens) payForm(i int, query string) url.Values {
	s.Helper()
	return form(page(s, s.get(i, "/pay"+query), http.StatusOK))
}

func TestPayPlainFormWithoutScript(t *testing.T) {
	s, cards := paying(t)
	doc := page(t, s.get(0, "/pay?invoice=10001"), http.StatusOK)
	var names []string
	doc.Find("#pay-form button").Each(func(_ int, b *goquery.Selection) {
		names = append(names, b.AttrOr("aria-pressed", "-")+" "+b.AttrOr("aria-label", text(b)))
	})
	want := []string{"- Update", "true Yes, pay invoice 10001", "- Change Apply Amount of invoice 10001", "false No, pay invoice 10002",
		"- Change Apply Amount of invoice 10002", "false No, pay invoice A/3 b", "- Change Apply Amount of invoice A/3 b", "- Submit Payment $45.00"}
	if !slices.Equal(names, want) {
		t.Errorf("controls %q", names)
	}
	if got := text(doc.Find("#pay-sum")); got != "$45.00" {
		t.Errorf("Amount Applied %s", got)
	}
	// the page that comes stays at the row, or has the box in focus
	flip, pencil := doc.Find("button[name=flip]").Eq(1).AttrOr("formaction", ""), doc.Find("button[name=edit]").Eq(1).AttrOr("formaction", "")
	if flip != "/pay/preview#row-10002" || pencil != "/pay/preview#f-amount-10002" || doc.Find("#row-10002 #f-amount-10002").Length() != 1 {
		t.Errorf("Yes/No leads to %q, the pencil to %q", flip, pencil)
	}
	// press No of the second: it says Yes
	v := form(doc)
	v.Set("flip", "10002")
	doc = page(t, s.post(0, "/pay/preview", v, false), http.StatusOK)
	if got := text(doc.Find("#pay-sum")); got != "$75.00" {
		t.Errorf("after Yes %s", got)
	}
	// the pencil of the third opens its box; an amount there turns it to Yes
	v = form(doc)
	v.Set("edit", "A/3 b")
	doc = page(t, s.post(0, "/pay/preview", v, false), http.StatusOK)
	box := doc.Find("input[name^=amount-]").Last()
	if _, hidden := box.Parent().Attr("hidden"); hidden {
		t.Error("the box is not open")
	}
	v = form(doc)
	v.Set(box.AttrOr("name", ""), "20")
	doc = page(t, s.post(0, "/pay/preview", v, false), http.StatusOK)
	if got := text(doc.Find("#pay-sum")); got != "$95.00" || text(doc.Find("#pay-submit")) != "Submit Payment $95.00" {
		t.Errorf("after the part %s, %s", got, text(doc.Find("#pay-submit")))
	}
	v = form(doc)
	v.Set("kind", "card")
	v.Set("method-card", cards[0])
	w := s.post(0, "/pay", v, false)
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/payments/") {
		t.Fatalf("%d %s\n%s", w.Code, w.Header().Get("Location"), w.Body)
	}
	doc = page(t, s.get(0, w.Header().Get("Location")), http.StatusOK)
	if got := text(doc.Find("main")); !strings.Contains(got, "Receipt") || !strings.Contains(got, "$95.00") || !strings.Contains(got, "$80.00") {
		t.Errorf("receipt: %s", got)
	}
	if sum, n := s.sandbox.Taken(""); sum != 9500 || n != 1 {
		t.Errorf("%s in %d charges", sum, n)
	}
	// the same form again, by Back: the first one's receipt
	if again := s.post(0, "/pay", v, false); again.Header().Get("Location") != w.Header().Get("Location") {
		t.Errorf("again: %d %s", again.Code, again.Header().Get("Location"))
	}
	// changed, it is told of the first
	v.Set("amount-A_2f_3_20_b", "1.00")
	again := s.post(0, "/pay", v, false)
	doc = page(t, again, http.StatusConflict)
	if href := doc.Find(`#pay-form a[href^="/payments/"]`).AttrOr("href", ""); href != w.Header().Get("Location") {
		t.Errorf("told of %q: %s", href, text(doc.Find(".error-summary")))
	}
	if _, n := s.sandbox.Taken(""); n != 1 {
		t.Errorf("%d charges", n)
	}
}

// The address of a payment that is made already, by Back or a bookmark, says so.
func TestPayInvoiceThatIsPaid(t *testing.T) {
	s, _ := paying(t)
	s.exec(`UPDATE invoices SET balance_cents = 0 WHERE number = '10001'`)
	doc := page(t, s.get(0, "/pay?invoice=10001&invoice=10002&invoice=10001"), http.StatusOK)
	if got := text(doc.Find(".notice")); got != "Nothing is left to pay on invoice 10001." {
		t.Errorf("%q", got)
	}
	if got := text(doc.Find("#pay-sum")); got != "$30.00" {
		t.Errorf("the other one: %s", got)
	}
}

// "Make a payment" below the amount due has all of it on Yes.
func TestPayAll(t *testing.T) {
	s, _ := paying(t)
	s.exec(`INSERT INTO payments (id, reference, customer_id, state, source, kind, type_label, amount_cents, payment_date, idempotency_key, nonce, created_at)
		VALUES (90, 'R90', ?, 'processing', 'portal', 'echeck', 'eCheck', 3000, '2026-11-15', 'K', 'N', 1)`, s.customer[0])
	s.exec(`INSERT INTO allocations SELECT 90, id, 3000 FROM invoices WHERE number = '10002'`)
	doc := page(t, s.get(0, "/pay?all=1"), http.StatusOK)
	if sum, yes := text(doc.Find("#pay-sum")), doc.Find("#pay-form button[aria-pressed=true]").Length(); sum != "$145.00" || yes != 2 {
		t.Errorf("%d rows on Yes, %s", yes, sum)
	}
	if due := text(page(t, s.get(0, "/"), http.StatusOK).Find(".total").First()); due != "$145.00" {
		t.Errorf("amount due %s", due)
	}
}

// The addresses that forms are sent to can be reloaded.
func TestReloadOfARefusedForm(t *testing.T) {
	s, _ := paying(t)
	for address, want := range map[string]string{"/pay/preview": "/pay", "/pay/credit": "/pay", "/contact": "/contact/edit", "/account/password": "/account"} {
		if w := s.get(0, address); w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			t.Errorf("%s: %d to %s", address, w.Code, w.Header().Get("Location"))
		}
	}
}

// What was paid with last is ready; without it the newest that works; and a
// customer with nothing on file chooses.
func TestPaySuggestsAMethod(t *testing.T) {
	s, cards := paying(t)
	ready := func(i int) string {
		t.Helper()
		v := s.payForm(i, "")
		return v.Get("kind") + " " + v.Get("method-"+v.Get("kind"))
	}
	if got := ready(0); got != "card "+cards[0] {
		t.Errorf("the only one: %q", got)
	}
	newest := s.card(0, "pm_usBankAccount_success")
	if got := ready(0); got != "echeck "+newest {
		t.Errorf("the newest: %q", got)
	}
	s.exec(`INSERT INTO payments (reference, customer_id, method_id, gateway, state, source, kind, type_label, amount_cents, payment_date, idempotency_key, nonce, created_at) VALUES
		('R1', ?1, ?2, 'sandbox', 'succeeded', 'portal', 'card', 'Credit Card', 160, '2026-11-15', 'K1', 'N1', 1),
		('R2', ?1, ?3, 'sandbox', 'failed', 'portal', 'echeck', 'eCheck', 160, '2026-11-15', 'K2', 'N2', 1)`, s.customer[0], cards[0], newest)
	if got := ready(0); got != "card "+cards[0] {
		t.Errorf("the one paid with last: %q", got)
	}
	s.exec(`UPDATE methods SET exp_year = 2020 WHERE id = ?`, cards[0])
	if got := ready(0); got != "echeck "+newest {
		t.Errorf("the one paid with last has expired: %q", got)
	}
	// what the customer chose stands
	v := s.payForm(0, "")
	v.Set("kind", "card")
	v.Set("method-card", "new")
	if v = form(page(t, s.post(0, "/pay/preview", v, false), http.StatusOK)); v.Get("kind") != "card" || v.Get("method-card") != "new" {
		t.Errorf("the choice became %s %s", v.Get("kind"), v.Get("method-card"))
	}
	s.exec(`UPDATE methods SET ended_at = 1`)
	if got := ready(0); got != " " {
		t.Errorf("nothing on file: %q", got)
	}
}

func TestPayByHTMX(t *testing.T) {
	s, cards := paying(t)
	v := s.payForm(0, "?invoice=10001")
	// the script turned the row itself and says so
	v.Add("pay", "10002")
	v.Set("flip", "10002")
	v.Set("local", "1")
	w := s.post(0, "/pay/preview", v, true)
	doc := page(t, w, http.StatusOK)
	if strings.Contains(w.Body.String(), "<html") || text(doc.Find("#pay-sum")) != "$75.00" {
		t.Errorf("%s", w.Body)
	}
	v = form(doc)
	v.Set("amount-10002", "30.01")
	w = s.post(0, "/pay/preview", v, true)
	doc = page(t, w, http.StatusUnprocessableEntity)
	if text(doc.Find("#pay-sum")) != "$75.00" || doc.Find("#f-amount-10002").AttrOr("value", "") != "30.01" || !strings.Contains(text(doc.Find("#e-amount-10002")), "$30.00 left to pay") {
		t.Errorf("%s", w.Body)
	}
	v.Set("amount-10002", "30.00")
	v.Set("kind", "card")
	v.Set("method-card", cards[0])
	w = s.post(0, "/pay", v, true)
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("HX-Redirect"), "/payments/") {
		t.Fatalf("%d %v\n%s", w.Code, w.Header(), w.Body)
	}
}

func TestPayRefusesHostileAmountsBesideTheField(t *testing.T) {
	s, cards := paying(t)
	for _, htmx := range []bool{false, true} {
		for _, amount := range []string{"-5", "0", "1e3", "NaN", "1.005", "٥", "99999999999999999999", "45.01", "", "abc", "0.50"} {
			for _, address := range []string{"/pay", "/pay/preview"} {
				v := s.payForm(0, "?invoice=10001")
				v.Set("amount-10001", amount)
				v.Set("kind", "card")
				v.Set("method-card", cards[0])
				doc := page(t, s.post(0, address, v, htmx), http.StatusUnprocessableEntity)
				if text(doc.Find("#e-amount-10001")) == "" || doc.Find("#f-amount-10001").AttrOr("value", "?") != amount ||
					doc.Find("#f-amount-10001").AttrOr("aria-describedby", "") != "e-amount-10001" || text(doc.Find("#pay-sum")) != "$45.00" {
					t.Errorf("%s %q: %s", address, amount, text(doc.Find("#pay-form")))
				}
				// a whole page says so on top as well; what htmx brings while typing only beside the field
				if got, want := doc.Find(`.error-summary a[href="#f-amount-10001"]`).Length(), address == "/pay" || !htmx; (got == 1) != want {
					t.Errorf("%s %q, htmx %t: %d times in the summary", address, amount, htmx, got)
				}
				if !htmx && !strings.HasPrefix(doc.Find("title").Text(), "Error: ") {
					t.Errorf("%s %q: the title %q", address, amount, doc.Find("title").Text())
				}
			}
		}
	}
	if len(s.sandbox.Charges()) != 0 {
		t.Error("charged")
	}
}

func TestPayForeignIDsAreMissing(t *testing.T) {
	s, cards := paying(t)
	base := func() url.Values {
		v := s.payForm(0, "?invoice=10001")
		v.Set("kind", "card")
		v.Set("method-card", cards[0])
		return v
	}
	for name, change := range map[string]func(url.Values){
		"pay": func(v url.Values) { v.Set("pay", "20001") }, "another pay": func(v url.Values) { v.Add("pay", "20001") },
		"row": func(v url.Values) { v.Add("row", "20001") }, "nothing": func(v url.Values) { v.Add("pay", "none") },
		"method": func(v url.Values) { v.Set("method-card", cards[1]) }, "no method": func(v url.Values) { v.Set("method-card", "77") },
	} {
		v := base()
		change(v)
		if w := s.post(0, "/pay", v, false); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if w := s.get(0, "/pay?invoice=20001"); w.Code != http.StatusNotFound {
		t.Errorf("GET: %d", w.Code)
	}
	v := base()
	w := s.post(0, "/pay", v, false)
	theirs := strings.TrimPrefix(w.Header().Get("Location"), "/payments/")
	for _, address := range []string{"/pay?again=" + theirs, "/pay/return?payment=" + theirs, "/payments/" + theirs, "/pay/return?payment=nothing", "/methods/return?setup=nothing"} {
		if w := s.get(1, address); w.Code != http.StatusNotFound {
			t.Errorf("%s as another: %d", address, w.Code)
		}
	}
	for _, address := range []string{"/methods/" + cards[1] + "/auto", "/methods/new?kind=card&replace=" + cards[1], "/methods/new?kind=gold", "/methods/x/auto"} {
		if w := s.get(0, address); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", address, w.Code)
		}
	}
	for _, address := range []string{"/methods/" + cards[1] + "/auto", "/methods/" + cards[1] + "/ask-delete"} {
		if w := s.post(0, address, url.Values{"auto": {"1"}, "consent": {"x"}}, false); w.Code != http.StatusNotFound {
			t.Errorf("POST %s: %d", address, w.Code)
		}
	}
}

func TestPayDeclineKeepsEveryChoice(t *testing.T) {
	s, _ := paying(t)
	bad := s.card(0, "pm_card_chargeCustomerFail")
	for _, htmx := range []bool{false, true} {
		v := s.payForm(0, "?invoice=10001&invoice=10002")
		v.Set("amount-10002", "5.00")
		v = form(page(t, s.post(0, "/pay/preview", v, false), http.StatusOK))
		v.Set("kind", "card")
		v.Set("method-card", bad)
		doc := page(t, s.post(0, "/pay", v, htmx), http.StatusPaymentRequired)
		if got := text(doc.Find(".problem")); !strings.Contains(got, "declined") {
			t.Errorf("%s", got)
		}
		after := form(doc)
		if after.Get("nonce") == v.Get("nonce") || after.Get("previous") == "" || after.Get("method-card") != bad || after.Get("kind") != "card" ||
			after.Get("amount-10002") != "5.00" || !slices.Equal(after["pay"], []string{"10001", "10002"}) {
			t.Errorf("the form after it: %v", after)
		}
		// the address of the attempt shows the same again
		again := form(page(t, s.get(0, "/pay?again="+after.Get("previous")), http.StatusOK))
		if again.Get("previous") != after.Get("previous") || !slices.Equal(again["pay"], after["pay"]) || again.Get("amount-10002") != "5.00" {
			t.Errorf("again: %v", again)
		}
	}
}

func TestPayHostedPageAndTheWayBack(t *testing.T) {
	s, _ := paying(t)
	v := s.payForm(0, "?invoice=10001")
	v.Set("kind", "echeck")
	v.Set("method-echeck", "new")
	v.Set("keep-echeck", "1")
	w := s.post(0, "/pay", v, false)
	hosted := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(hosted, "http://portal.example/sandbox/pay/") {
		t.Fatalf("%d %s", w.Code, hosted)
	}
	if h := s.post(0, "/pay", v, true); h.Header().Get("HX-Redirect") != hosted {
		t.Errorf("by htmx: %v", h.Header())
	}
	var reference string
	must(t, s.db.Reader().QueryRow(`SELECT reference FROM payments WHERE hosted = 1`).Scan(&reference))
	// back without paying, in every manner
	for _, address := range []string{"/pay/return?payment=" + reference + "&back=1", "/pay/return?payment=" + reference, "/pay/return"} {
		w := s.get(0, address)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/pay?again="+reference {
			t.Errorf("%s: %d %s", address, w.Code, w.Header().Get("Location"))
		}
	}
	kept := form(page(t, s.get(0, "/pay?again="+reference), http.StatusOK))
	if kept.Get("kind") != "echeck" || kept.Get("keep-echeck") != "1" || kept.Get("pay") != "10001" {
		t.Errorf("kept %v", kept)
	}
	_, problems, err := s.sandbox.Submit(hosted[strings.LastIndex(hosted, "/")+1:], sandbox.Entry{Name: "Zoë", Routing: "110000000", Account: "000123456789"})
	if err != nil || problems != nil {
		t.Fatal(problems, err)
	}
	for range 2 {
		w := s.get(0, "/pay/return?payment="+reference)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/payments/"+reference {
			t.Errorf("paid: %d %s", w.Code, w.Header().Get("Location"))
		}
	}
	if got := text(page(t, s.get(0, "/payments/"+reference), http.StatusOK).Find("main")); !strings.Contains(got, "Submitted") || strings.Contains(got, "Receipt Payment Date") {
		t.Errorf("%s", got)
	}
	if w := s.get(0, "/pay/return"); w.Code != http.StatusSeeOther {
		t.Errorf("without a query: %d", w.Code)
	}
	doc := page(t, s.get(0, "/methods"), http.StatusOK)
	if got := text(doc.Find("tbody")); !strings.Contains(got, "6789") {
		t.Errorf("not kept: %s", got)
	}
	// the invoice is being paid: nothing more is offered on it
	doc = page(t, s.get(0, "/pay?invoice=10001"), http.StatusOK)
	if got := text(doc.Find("#row-10001")); !strings.Contains(got, "in progress") || doc.Find("#flip-10001").Length() != 0 {
		t.Errorf("%s", got)
	}
}

func TestPayUnknownOutcomeIsBeingChecked(t *testing.T) {
	s, cards := paying(t)
	s.sandbox.Order(sandbox.Fault{Op: sandbox.OpCharge, Effect: sandbox.CutAfter})
	s.sandbox.Order(sandbox.Fault{Op: sandbox.OpRead, Effect: sandbox.CutBefore, Times: 100})
	v := s.payForm(0, "?invoice=10001")
	v.Set("kind", "card")
	v.Set("method-card", cards[0])
	w := s.post(0, "/pay", v, false)
	s.clock.Advance(10 * time.Second)
	doc := page(t, s.get(0, w.Header().Get("Location")), http.StatusOK)
	if got := text(doc.Find("main")); !strings.Contains(got, "Being checked") || !strings.Contains(got, "do not pay again") || doc.Find("[hx-trigger]").Length() == 0 {
		t.Errorf("%s", got)
	}
	if got := text(page(t, s.get(0, "/pay?invoice=10001"), http.StatusOK).Find("#row-10001")); !strings.Contains(got, "being checked") {
		t.Errorf("%s", got)
	}
	s.sandbox.ClearFaults()
	s.clock.Advance(10 * time.Second)
	doc = page(t, s.get(0, w.Header().Get("Location")), http.StatusOK)
	if got := text(doc.Find("main")); !strings.Contains(got, "Received") || doc.Find("[hx-trigger]").Length() != 0 {
		t.Errorf("%s", got)
	}
}

func TestPayCreditFirst(t *testing.T) {
	s, _ := paying(t)
	s.pay(s.customer[0], "P1", "2026-11-02", 5000)
	doc := page(t, s.get(0, "/pay?invoice=10001&invoice=10002"), http.StatusOK)
	if got := text(doc.Find("#pay-form section").First()); !strings.Contains(got, "$50.00 of credit") {
		t.Fatalf("%s", got)
	}
	v := form(doc)
	w := s.post(0, "/pay/credit", v, false)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/pay?invoice=10002" {
		t.Fatalf("%d %s\n%s", w.Code, w.Header().Get("Location"), w.Body)
	}
	s.post(0, "/pay/credit", v, true) // the same form again applies nothing more
	doc = page(t, s.get(0, "/pay?invoice=10002"), http.StatusOK)
	if got := text(doc.Find("#pay-sum")); got != "$25.00" || doc.Find("#row-10001").Length() != 0 || strings.Contains(text(doc.Find("main")), "of credit") {
		t.Errorf("%s left: %s", got, text(doc.Find("main")))
	}
	if len(s.sandbox.Charges()) != 0 {
		t.Error("charged")
	}
}

func TestPayOffOffersNothing(t *testing.T) {
	s, cards := paying(t)
	v := s.payForm(0, "?invoice=10001")
	must(t, s.settings.Set(t.Context(), audit.Program, map[string]string{"payments.gateway": "off"}))
	for _, address := range []string{"/pay?invoice=10001", "/methods"} {
		doc := page(t, s.get(0, address), http.StatusOK)
		if got := text(doc.Find("main")); !strings.Contains(got, "not available") || !strings.Contains(got, "617-555-0142") {
			t.Errorf("%s: %s", address, got)
		}
		if named(doc, "Submit").Length()+named(doc, "Yes").Length()+named(doc, "New").Length() != 0 {
			t.Errorf("%s offers what cannot work", address)
		}
	}
	v.Set("kind", "card")
	v.Set("method-card", cards[0])
	if w := s.post(0, "/pay", v, false); w.Code != http.StatusServiceUnavailable {
		t.Errorf("%d", w.Code)
	}
}

func TestMethodsScreens(t *testing.T) {
	s, cards := paying(t)
	doc := page(t, s.get(0, "/methods"), http.StatusOK)
	if named(doc, "New Credit Card").Length() != 1 || named(doc, "New eCheck").Length() != 1 || !strings.Contains(text(doc.Find("main")), "To delete a card or bank account contact Beacon, 617-555-0142") {
		t.Errorf("%s", text(doc.Find("main")))
	}
	doc = page(t, s.get(0, "/methods/new?kind=card"), http.StatusOK)
	if _, ticked := doc.Find("#f-auto").Attr("checked"); ticked || doc.Find("#f-name").AttrOr("value", "") != "Zoë O'Neil" || doc.Find("#f-zip").AttrOr("value", "") != "12180" {
		t.Errorf("%s", text(doc.Find("main")))
	}
	if got := text(doc.Find(".consent")); !strings.Contains(got, "I authorize Beacon to charge the credit card I enter") {
		t.Errorf("%s", got)
	}
	for _, htmx := range []bool{false, true} {
		v := form(doc)
		v.Set("city", " ")
		v.Set("auto", "1")
		refused := page(t, s.post(0, "/methods", v, htmx), http.StatusUnprocessableEntity)
		if _, ticked := refused.Find("#f-auto").Attr("checked"); !ticked || text(refused.Find("#e-city")) == "" || refused.Find("#f-name").AttrOr("value", "") != "Zoë O'Neil" {
			t.Errorf("%s", text(refused.Find("form")))
		}
	}
	v := form(doc)
	v.Set("auto", "1")
	w := s.post(0, "/methods", v, false)
	hosted := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(hosted, "http://portal.example/sandbox/") {
		t.Fatalf("%d %s\n%s", w.Code, hosted, w.Body)
	}
	_, problems, err := s.sandbox.Submit(hosted[strings.LastIndex(hosted, "/")+1:], sandbox.Entry{Name: "Zoë", Number: "5555555555554444", Expiry: "11/26", CVC: "123", Zip: "12180"})
	if err != nil || problems != nil {
		t.Fatal(problems, err)
	}
	var setup string
	must(t, s.db.Reader().QueryRow(`SELECT reference FROM method_setups`).Scan(&setup))
	for _, address := range []string{"/methods/return?setup=" + setup, "/methods/return?setup=" + setup, "/methods/return"} {
		if w := s.get(0, address); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/methods" {
			t.Errorf("%s: %d", address, w.Code)
		}
	}
	doc = page(t, s.get(0, "/methods"), http.StatusOK)
	if got := text(doc.Find("main")); !strings.Contains(got, "Next payment: Dec 1, 2026, about $75.00") || !strings.Contains(got, "ending 4444") || !strings.Contains(got, "Expires soon") || named(doc, "Replace").Length() != 1 {
		t.Errorf("%s", got)
	}
	// another card takes it over, and off
	auto := "/methods/" + cards[0] + "/auto"
	av := form(page(t, s.get(0, auto), http.StatusOK))
	if w := s.post(0, auto, av, true); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("unticked: %d", w.Code)
	}
	av.Set("auto", "1")
	if w := s.post(0, auto, av, false); w.Code != http.StatusSeeOther {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if got := text(page(t, s.get(0, "/methods"), http.StatusOK).Find("main")); !strings.Contains(got, "On with Visa ending 4242") {
		t.Errorf("%s", got)
	}
	s.post(0, "/methods/auto/off", nil, true)
	if w := s.post(0, "/methods/"+cards[0]+"/ask-delete", nil, true); w.Header().Get("HX-Redirect") != "/methods" {
		t.Errorf("%v", w.Header())
	}
	if w := s.post(0, "/methods/"+cards[0]+"/delete", nil, false); w.Code != http.StatusForbidden {
		t.Errorf("delete: %d", w.Code)
	}
	if got := text(page(t, s.get(0, "/methods"), http.StatusOK).Find("main")); !strings.Contains(got, "Off") {
		t.Errorf("%s", got)
	}
}

func TestWebhookRoute(t *testing.T) {
	s, cards := paying(t)
	s.sandbox.Order(sandbox.Fault{Op: sandbox.OpCharge, Effect: sandbox.CutAfter})
	v := s.payForm(0, "?invoice=10001")
	v.Set("kind", "card")
	v.Set("method-card", cards[0])
	location := s.post(0, "/pay", v, false).Header().Get("Location")
	deliver := func(body, signature string) int {
		r := httptest.NewRequest(http.MethodPost, "/webhooks/sandbox", strings.NewReader(body))
		r.Host = "portal.example"
		r.Header.Set("Stripe-Signature", signature)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		return w.Code
	}
	charge := s.sandbox.Charges()[0]
	body := `{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":{"id":"` + charge.PaymentID + `","amount":1}}}`
	if code := deliver(body, "t=1,v1=00"); code != http.StatusForbidden {
		t.Errorf("forged: %d", code)
	}
	for range 2 {
		if code := deliver(body, stripeSignature(body, s.sandbox.WebhookSecret(), s.clock.Now())); code != http.StatusOK {
			t.Errorf("%d", code)
		}
	}
	// kinds we know nothing of are taken and kept, whoever replays an old one is not
	other := `{"id":"evt_2","object":"event","type":"terminal.reader.action_succeeded","data":{"object":{"id":"tmr_1"}}}`
	if code := deliver(other, stripeSignature(other, s.sandbox.WebhookSecret(), s.clock.Now())); code != http.StatusOK {
		t.Errorf("an unknown kind: %d", code)
	}
	var kept int
	must(t, s.db.Reader().QueryRow(`SELECT count(*) FROM gateway_events WHERE event_ref IN ('evt_1', 'evt_2')`).Scan(&kept))
	if kept != 2 {
		t.Errorf("%d of 2 are kept once", kept)
	}
	if code := deliver(other, stripeSignature(other, s.sandbox.WebhookSecret(), s.clock.Now().Add(-6*time.Minute))); code != http.StatusForbidden {
		t.Errorf("six minutes old: %d", code)
	}
	reference := strings.TrimPrefix(location, "/payments/")
	p, err := s.db.Read().GetPaymentByReference(t.Context(), reference)
	must(t, err)
	if p.State != string(payment.Succeeded) || p.AmountCents != money.Cents(4500) {
		t.Errorf("%s", p.State)
	}
}

// stripeSignature signs a webhook as the processor does.
func stripeSignature(body, secret string, at time.Time) string {
	return stripe.SignWebhook([]byte(body), secret, at)
}
