package portal_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/ledger"
)

// visitor is a browser that nobody is logged in with.
type visitor struct {
	*screens
	cookies []*http.Cookie
	htmx    bool
	ip      string
	viewer  string // who is logged in beside it, "" for nobody
}

func (v *visitor) send(method, address string, form url.Values) *httptest.ResponseRecorder {
	v.Helper()
	r := httptest.NewRequest(method, "http://portal.example"+address, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.htmx {
		r.Header.Set("HX-Request", "true")
	}
	if v.viewer != "" {
		r.Header.Set("X-Customer", v.viewer)
	}
	if v.ip != "" {
		r.RemoteAddr = v.ip
	}
	for _, c := range v.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		v.cookies = append(slices.DeleteFunc(v.cookies, func(o *http.Cookie) bool { return o.Name == c.Name }), c)
	}
	return w
}

func (v *visitor) get(address string) *httptest.ResponseRecorder {
	v.Helper()
	return v.send(http.MethodGet, address, nil)
}

func (v *visitor) post(address string, form url.Values) *httptest.ResponseRecorder {
	v.Helper()
	return v.send(http.MethodPost, address, form)
}

// led is where an answer leads to, for a plain form and for htmx.
func led(w *httptest.ResponseRecorder) string {
	if to := w.Header().Get("HX-Redirect"); to != "" {
		return to
	}
	return w.Header().Get("Location")
}

// payLink returns the path of an invoice's pay link.
func (s *screens) payLink(invoice int64) (path string) {
	s.Helper()
	s.write(func(q *db.Queries) (err error) {
		path, err = s.ledger.PayLink(s.Context(), q, calendar.Clock(s.clock.Now).Now(), invoice)
		return err
	})
	return strings.TrimPrefix(path, "http://portal.example")
}

func (s *screens) invoice(number string) (id int64) {
	s.Helper()
	must(s, s.db.Reader().QueryRow(`SELECT id FROM invoices WHERE number = ?`, number).Scan(&id))
	return id
}

// everything is a fingerprint of all that stands in the books.
func (s *screens) everything() string {
	s.Helper()
	rows, err := s.db.Reader().Query(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
	must(s, err)
	var tables []string
	for rows.Next() {
		var name string
		must(s, rows.Scan(&name))
		tables = append(tables, name)
	}
	must(s, rows.Err())
	must(s, rows.Close())
	if len(tables) < 30 {
		s.Fatalf("only the tables %v", tables)
	}
	h := sha256.New()
	for _, name := range tables {
		rows, err := s.db.Reader().Query(`SELECT * FROM "` + name + `"`)
		must(s, err)
		columns, err := rows.Columns()
		must(s, err)
		for rows.Next() {
			values, at := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				at[i] = &values[i]
			}
			must(s, rows.Scan(at...))
			fmt.Fprintln(h, name, values)
		}
		must(s, rows.Err())
		must(s, rows.Close())
	}
	return hex.EncodeToString(h.Sum(nil))
}

func TestPayLinkShowsWhatIsOpenAndNothingElse(t *testing.T) {
	s, _ := paying(t)
	s.exec(`UPDATE customers SET display_name = 'Zoë <b>O''Neil</b>' WHERE id = ?`, s.customer[0])
	path := s.payLink(s.invoice("10002"))
	s.pay(s.customer[0], "OLD-1", today, 100)
	before := s.everything()
	// a scanner opens it, a prefetcher, and whoever is logged in as another customer
	for _, viewer := range []string{"", fmt.Sprint(s.customer[1])} {
		v := &visitor{screens: s, viewer: viewer}
		w := v.get(path)
		doc := page(t, w, http.StatusOK)
		body, _ := doc.Find("body").Html()
		for _, want := range []string{"10001", "10002", "A/3 b", "$45.00", "$30.00", "Dec 1, 2026", "Zoë &lt;b&gt;O"} {
			if !strings.Contains(body, want) {
				t.Errorf("%s is missing:\n%s", want, body)
			}
		}
		for _, secret := range []string{"1 Main St", "Troy", "12180", "555-0142", "zoe@example.com", "4242", "Shop", "credit on", "20001", "1042", "Keep this", "/invoices/", "OLD-1", "Log Out"} {
			if strings.Contains(strings.ReplaceAll(body, "617-555-0142", ""), secret) {
				t.Errorf("it shows %s", secret)
			}
		}
		if yes := text(doc.Find("tr.chosen th")); yes != "10002" {
			t.Errorf("on Yes: %s", yes)
		}
		for name, want := range map[string]string{"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "same-origin"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		if w := v.send(http.MethodHead, path, nil); w.Code != http.StatusOK {
			t.Errorf("HEAD: %d", w.Code)
		}
		if w := v.get(path + "/preview"); led(w) != path {
			t.Errorf("the preview's address, reloaded: %d %s", w.Code, led(w))
		}
		if len(v.cookies) != 0 {
			t.Errorf("cookies %v", v.cookies)
		}
		for _, wrong := range []string{"/p/nothing", "/p/" + strings.Repeat("a", 26), path + "x", path[:len(path)-1], "/p/return", "/p/return?payment=OLD-1", path + "/payments/OLD-1", "/p/invoice-1-1", path + "?again=OLD-1", "/p/%00", "/p/" + strings.Repeat("%27", 30)} {
			w := v.get(wrong)
			if body := w.Body.String(); strings.Contains(body, "10001") || strings.Contains(body, "O'Neil") || w.Code >= 500 {
				t.Errorf("%s: %d %s", wrong, w.Code, body)
			}
		}
	}
	if s.everything() != before {
		t.Error("a GET changed the books")
	}
}

func TestPayLinkTakesTwoInvoicesOneInPart(t *testing.T) {
	for _, htmx := range []bool{false, true} {
		s, _ := paying(t)
		path := s.payLink(s.invoice("10001"))
		v := &visitor{screens: s, htmx: htmx}
		press := func(address string, f url.Values) *goquery.Document {
			t.Helper()
			return page(t, v.post(address, f), http.StatusOK)
		}
		f := form(page(t, v.get(path), http.StatusOK))
		f.Set("flip", "10002")
		doc := press(path+"/preview", f)
		f = form(doc)
		f.Set("edit", "10002")
		doc = press(path+"/preview", f)
		f = form(doc)
		f.Set("amount-10002", "12.34")
		doc = press(path+"/preview", f)
		if got := text(doc.Find("#pay-submit")); got != "Submit Payment $57.34" {
			t.Fatalf("%s", got)
		}
		if strings.Contains(text(doc.Selection), "on file") || doc.Find("select").Length() != 0 || doc.Find("form").AttrOr("action", "") != path+"/preview" {
			t.Errorf("the form is not a guest's")
		}
		// hostile amounts, and what only a customer may choose
		for _, amount := range []string{"-5", "0", "1e3", "NaN", "1.005", "٥", "99999999999999999999", "30.01", ""} {
			f := form(doc)
			f.Set("kind", "card")
			f.Set("amount-10002", amount)
			if w := v.post(path, f); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "amount-10002") {
				t.Errorf("%q: %d", amount, w.Code)
			}
		}
		f = form(doc)
		if w := v.post(path, f); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Choose Credit Card or eCheck.") {
			t.Errorf("no kind: %d", w.Code)
		}
		f.Set("kind", "card")
		f.Set("method-card", "1")
		f.Set("keep-card", "1")
		stranger := form(doc)
		stranger.Set("kind", "card")
		stranger.Set("pay", "20001")
		foreign := v.post(path, stranger)
		stranger.Set("pay", "no-such")
		if none := v.post(path, stranger); foreign.Code != none.Code || foreign.Code != http.StatusUnprocessableEntity {
			t.Errorf("another customer's invoice %d, none at all %d", foreign.Code, none.Code)
		}
		w := v.post(path, f)
		hosted := led(w)
		if !strings.HasPrefix(hosted, "http://portal.example/sandbox/pay/") {
			t.Fatalf("%d, to %s", w.Code, hosted)
		}
		// a double click and a second tab with the same form come to the same page
		if again := led(v.post(path, f)); again != hosted {
			t.Errorf("the second press leads to %s", again)
		}
		var reference, source, key string
		var kept, method int
		must(t, s.db.Reader().QueryRow(`SELECT reference, source, keep_method, coalesce(method_id, 0), customer_ref FROM payments WHERE source = 'paylink'`).Scan(&reference, &source, &kept, &method, &key))
		if kept != 0 || method != 0 || key != "" {
			t.Errorf("kept %d, method %d, customer %q", kept, method, key)
		}
		// back without paying
		back := v.get("/p/return?payment=" + reference + "&back=1")
		if led(back) != path+"?again="+reference {
			t.Fatalf("back leads to %d %s", back.Code, led(back))
		}
		v.htmx = false // what follows a redirect is a page
		if got := text(page(t, v.get(led(back)), http.StatusOK).Selection); !strings.Contains(got, "You came back without paying") || !strings.Contains(got, "$57.34") {
			t.Errorf("%s", got)
		}
		// another browser has no business there
		other := &visitor{screens: s}
		if w := other.get("/p/return?payment=" + reference); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "57.34") || !strings.Contains(w.Body.String(), "Back from the payment page") {
			t.Errorf("another browser: %d %s", w.Code, w.Body)
		}
		_, problems, err := s.sandbox.Submit(hosted[strings.LastIndex(hosted, "/")+1:], sandbox.Entry{Name: "Ann", Number: "4242424242424242", Expiry: "11/30", CVC: "123", Zip: "12180"})
		if err != nil || problems != nil {
			t.Fatal(problems, err)
		}
		for range 3 {
			if w := v.get("/p/return?payment=" + reference); led(w) != path+"/payments/"+reference {
				t.Fatalf("paid leads to %d %s", w.Code, led(w))
			}
		}
		got := text(page(t, v.get(path+"/payments/"+reference), http.StatusOK).Find("main"))
		for _, want := range []string{"Receipt", "$57.34", "Invoice 10001$45.00", "Invoice 10002$12.34", reference, "Visa ending 4242"} {
			if !strings.Contains(got, want) {
				t.Errorf("the receipt lacks %s: %s", want, got)
			}
		}
		if strings.Contains(got, "A/3 b") || strings.Contains(got, "Troy") {
			t.Errorf("the receipt shows more: %s", got)
		}
		if mails := s.mails(); !slices.Equal(mails, []string{"payment_receipt zoe@example.com"}) {
			t.Errorf("mails %v", mails)
		}
		// nothing about a link stands anywhere in the books
		token := strings.TrimPrefix(path, "/p/")
		if s.holds(token) {
			t.Error("the books hold the token")
		}
		// one receipt more, to whom the payer names
		v.htmx = htmx
		for _, wrong := range []string{"", "x", "a@b", "a@example.com\r\nBcc: b@example.com", "Ann <a@example.com>", "a@example.com, b@example.com"} {
			if w := v.post(path+"/payments/"+reference+"/mail", url.Values{"email": {wrong}}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "e-email") {
				t.Errorf("%q: %d", wrong, w.Code)
			}
		}
		for _, to := range []string{"friend@example.com", "FRIEND@example.com", "b@example.com", "c@example.com"} {
			if w := v.post(path+"/payments/"+reference+"/mail", url.Values{"email": {to}}); led(w) != path+"/payments/"+reference {
				t.Errorf("%s: %d", to, w.Code)
			}
		}
		if w := v.post(path+"/payments/"+reference+"/mail", url.Values{"email": {"d@example.com"}}); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("a fourth address: %d", w.Code)
		}
		if mails := s.mails(); len(mails) != 4 || !slices.Contains(mails, "guest_receipt friend@example.com") {
			t.Errorf("mails %v", mails)
		}
		var letter string
		must(t, s.db.Reader().QueryRow(`SELECT text_body || html_body FROM outbox WHERE kind = 'guest_receipt' LIMIT 1`).Scan(&letter))
		if strings.Contains(letter, "Zo") || strings.Contains(letter, "/p/") || strings.Contains(letter, "/payments/") {
			t.Errorf("the payer's mail says more than the payment:\n%s", letter)
		}
		// what is left is open, the rest is paid
		if got := text(page(t, v.get(path), http.StatusOK).Find("tbody")); strings.Contains(got, "10001") || !strings.Contains(got, "$17.66") {
			t.Errorf("left open: %s", got)
		}
		if findings, err := ledger.CheckBooks(t.Context(), s.db.Read(), calendar.Clock(s.clock.Now).Now()); err != nil || len(findings) != 0 {
			t.Errorf("%v, %v", findings, err)
		}
	}
}

// mails lists what was queued: the kind and to whom.
func (s *screens) mails() (list []string) {
	s.Helper()
	rows, err := s.db.Reader().Query(`SELECT kind || ' ' || to_email FROM outbox ORDER BY 1`)
	must(s, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var m string
		must(s, rows.Scan(&m))
		list = append(list, m)
	}
	must(s, rows.Err())
	return list
}

// holds reports whether a text stands anywhere in the books.
func (s *screens) holds(text string) bool {
	s.Helper()
	var n int
	must(s, s.db.Reader().QueryRow(`SELECT (SELECT count(*) FROM payments WHERE session_url || memo || failure_message LIKE '%' || ?1 || '%')
		+ (SELECT count(*) FROM outbox WHERE text_body || html_body || subject || fact LIKE '%' || ?1 || '%')
		+ (SELECT count(*) FROM gateway_events WHERE CAST(body AS TEXT) LIKE '%' || ?1 || '%')
		+ (SELECT count(*) FROM audit WHERE object || before_json || after_json LIKE '%' || ?1 || '%')`, text).Scan(&n))
	return n > 0
}

// TestPayLinkAndPortalPayOnce pays the same invoice by the link and behind the
// login, each way round.
func TestPayLinkAndPortalPayOnce(t *testing.T) {
	s, cards := paying(t)
	path := s.payLink(s.invoice("10001"))
	v := &visitor{screens: s}
	f := form(page(t, v.get(path), http.StatusOK))
	f.Set("kind", "card")
	hosted := led(v.post(path, f))
	guests := ""
	must(t, s.db.Reader().QueryRow(`SELECT reference FROM payments WHERE source = 'paylink'`).Scan(&guests))
	// the guest pays there; the customer, not knowing, pays the same with his card
	if _, problems, err := s.sandbox.Submit(hosted[strings.LastIndex(hosted, "/")+1:], sandbox.Entry{Name: "Ann", Number: "4242424242424242", Expiry: "11/30", CVC: "123", Zip: "12180"}); err != nil || problems != nil {
		t.Fatal(problems, err)
	}
	c := s.payForm(0, "?invoice=10001")
	c.Set("kind", "card")
	c.Set("method-card", cards[0])
	if w := s.post(0, "/pay", c, false); w.Code != http.StatusConflict {
		t.Errorf("the customer's payment: %d", w.Code)
	}
	// the customer opens a page, and pays on it; the guest is told no more than that
	c = s.payForm(0, "?invoice=10002")
	c.Set("kind", "card")
	c.Set("method-card", "new")
	theirs := s.post(0, "/pay", c, false).Header().Get("Location")
	own := ""
	must(t, s.db.Reader().QueryRow(`SELECT reference FROM payments WHERE source = 'portal' ORDER BY id DESC LIMIT 1`).Scan(&own))
	g := form(page(t, v.get(path), http.StatusOK))
	g.Set("pay", "10002")
	g.Set("kind", "card")
	g.Del("total")
	if _, problems, err := s.sandbox.Submit(theirs[strings.LastIndex(theirs, "/")+1:], sandbox.Entry{Name: "Zoë", Number: "4242424242424242", Expiry: "11/30", CVC: "123", Zip: "12180"}); err != nil || problems != nil {
		t.Fatal(problems, err)
	}
	w := v.post(path, g)
	if w.Code != http.StatusConflict || strings.Contains(w.Body.String(), own) || !strings.Contains(w.Body.String(), "paid a moment ago") {
		t.Errorf("the guest: %d %s", w.Code, w.Body)
	}
	// neither sees the other's payment under his own address
	for _, address := range []string{path + "/payments/" + own, path + "?again=" + own} {
		if w := v.get(address); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", address, w.Code)
		}
	}
	v.cookies = append(v.cookies, &http.Cookie{Name: "link-" + own, Value: strings.TrimPrefix(path, "/p/")})
	if w := v.get("/p/return?payment=" + own); w.Code != http.StatusOK || strings.Contains(w.Body.String(), own) {
		t.Errorf("a cookie made by hand: %d", w.Code)
	}
	// the form of the customer's payment is worth nothing here
	if w := v.post(path, c); w.Code != http.StatusConflict && w.Code != http.StatusUnprocessableEntity || strings.Contains(w.Body.String(), own) {
		t.Errorf("the customer's form: %d", w.Code)
	}
	var charges int
	for _, charge := range s.sandbox.Charges() {
		if charge.State == "succeeded" {
			charges++
		}
	}
	if charges != 2 {
		t.Errorf("%d charges", charges)
	}
}

func TestPayLinkUnknownOutcome(t *testing.T) {
	s, _ := paying(t)
	path := s.payLink(s.invoice("10001"))
	v := &visitor{screens: s}
	f := form(page(t, v.get(path), http.StatusOK))
	f.Set("kind", "card")
	s.sandbox.Order(sandbox.Fault{Op: sandbox.OpPage, Effect: sandbox.CutAfter})
	w := v.post(path, f)
	if w.Code != http.StatusPaymentRequired || !strings.Contains(w.Body.String(), "Nothing was charged") {
		t.Fatalf("%d %s", w.Code, text(page(t, w, w.Code).Find("main")))
	}
	s.clock.Advance(24 * time.Hour)
	must(t, s.payments.Settle(t.Context()))
	if n := len(s.sandbox.Charges()); n != 0 {
		t.Errorf("%d charges", n)
	}
	again := form(page(t, v.get(path), http.StatusOK))
	again.Set("kind", "card")
	if to := led(v.post(path, again)); !strings.Contains(to, "/sandbox/pay/") {
		t.Errorf("and again: %s", to)
	}
}

// TestPayLinkFailsLater pays by eCheck that the bank refuses days later: the
// customer's mail leads to the link again, not to a login nobody may have.
func TestPayLinkFailsLater(t *testing.T) {
	s, _ := paying(t)
	path := s.payLink(s.invoice("10001"))
	v := &visitor{screens: s}
	f := form(page(t, v.get(path), http.StatusOK))
	f.Set("kind", "echeck")
	hosted := led(v.post(path, f))
	if _, problems, err := s.sandbox.Submit(hosted[strings.LastIndex(hosted, "/")+1:], sandbox.Entry{Name: "Ann", Routing: "110000000", Account: "000222222227"}); err != nil || problems != nil {
		t.Fatal(problems, err)
	}
	s.clock.Advance(time.Hour)
	must(t, s.payments.Settle(t.Context()))
	charge := s.sandbox.Charges()[0].PaymentID
	must(t, s.sandbox.Return(charge, "R01"))
	for range 2 {
		s.clock.Advance(24 * time.Hour)
		must(t, s.payments.Settle(t.Context()))
	}
	var letter string
	must(t, s.db.Reader().QueryRow(`SELECT text_body FROM outbox WHERE kind = 'payment_failed'`).Scan(&letter))
	if !strings.Contains(letter, "http://portal.example/p/invoice-") || strings.Contains(letter, "/pay?") {
		t.Errorf("%s", letter)
	}
	if got := text(page(t, v.get(path), http.StatusOK).Find("tbody")); !strings.Contains(got, "10001") {
		t.Errorf("not open again: %s", got)
	}
}

func TestPayLinkEndsMidway(t *testing.T) {
	s, _ := paying(t)
	path := s.payLink(s.invoice("10001"))
	for _, htmx := range []bool{false, true} {
		v := &visitor{screens: s}
		f := form(page(t, v.get(path), http.StatusOK))
		f.Set("kind", "card")
		_, err := s.ledger.RevokePayLink(t.Context(), audit.Program, s.customer[0], "")
		must(t, err)
		v.htmx = htmx
		for _, address := range []string{path, path + "/preview"} {
			w := v.post(address, f)
			if htmx && led(w) != path || !htmx && (w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "617-555-0142")) {
				t.Errorf("%s: %d", address, w.Code)
			}
		}
		path = s.payLink(s.invoice("10001"))
	}
	var n int
	must(t, s.db.Reader().QueryRow(`SELECT count(*) FROM payments`).Scan(&n))
	if n != 0 {
		t.Errorf("%d payments", n)
	}
	// by the clock: 90 days after the invoice was paid
	s.pay(s.customer[0], "CHECK-1", today, 4500, s.invoice("10001"))
	v := &visitor{screens: s}
	if w := v.get(path); w.Code != http.StatusOK {
		t.Errorf("right after it was paid: %d", w.Code)
	}
	s.clock.Advance(90 * 24 * time.Hour)
	if w := v.get(path); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "10002") {
		t.Errorf("90 days after: %d", w.Code)
	}
	open := s.payLink(s.invoice("10002"))
	s.exec(`UPDATE invoices SET state = 'void', balance_cents = 0 WHERE number = '10002'`)
	s.clock.Advance(91 * 24 * time.Hour)
	if w := v.get(open); w.Code != http.StatusNotFound {
		t.Errorf("of an invoice that was voided: %d", w.Code)
	}
}

func TestWrongPayLinksAreLimited(t *testing.T) {
	s, _ := paying(t)
	path := s.payLink(s.invoice("10001"))
	v := &visitor{screens: s, ip: "[2001:db8::1]:4000"}
	for i := range 60 {
		v.ip = fmt.Sprintf("[2001:db8::%x]:4000", i+1) // all of one connection
		if w := v.get(fmt.Sprintf("/p/%026d", i)); w.Code != http.StatusNotFound {
			t.Fatalf("%d: %d", i, w.Code)
		}
	}
	w := v.get("/p/" + strings.Repeat("b", 26))
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "600" {
		t.Errorf("the 61st: %d, Retry-After %s", w.Code, w.Header().Get("Retry-After"))
	}
	other := &visitor{screens: s, ip: "192.0.2.7:4000"}
	if w := other.get(path); w.Code != http.StatusOK {
		t.Errorf("another address: %d", w.Code)
	}
	s.clock.Advance(10 * time.Minute)
	if w := v.get(path); w.Code != http.StatusOK {
		t.Errorf("ten minutes later: %d", w.Code)
	}
}
