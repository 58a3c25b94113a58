package portal_test

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/handlers"
	"customerportal/handlers/portal"
	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/proposal"
	"customerportal/internal/settings"
	"customerportal/internal/workorder"
	"customerportal/static"
	"customerportal/views"
	officeviews "customerportal/views/office"
	portalviews "customerportal/views/portal"
)

const today calendar.Date = "2026-11-15"

// screens are the invoices' and payments' screens on books of their own, with
// two customers; requests are sent as the first unless they say otherwise.
type screens struct {
	testing.TB
	db       *db.DB
	clock    *calendar.Fake
	ledger   *ledger.Service
	settings *settings.Store
	sandbox  *sandbox.Sandbox
	payments *payment.Service
	orders   *workorder.Service
	offers   *proposal.Service
	handler  http.Handler
	customer [2]int64
	site     int64
}

func newScreens(t testing.TB, d *db.DB) *screens {
	t.Helper()
	s := &screens{TB: t, db: d, clock: calendar.NewFake(time.Date(2026, 11, 15, 17, 0, 0, 0, time.UTC))}
	clock := calendar.Clock(s.clock.Now)
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	must(t, err)
	store := settings.New(d, clock, sealer)
	mail, err := outbox.NewWriter(store, "http://portal.example")
	must(t, err)
	s.ledger = ledger.New(d, clock, store, mail)
	assets, err := static.New()
	must(t, err)
	renderer, err := views.New(views.Shared, map[string]fs.FS{"portal": portalviews.Files, "office": officeviews.Files}, assets.URL)
	must(t, err)
	app := &web.App{DB: d, Clock: clock, Log: slog.New(slog.DiscardHandler), Settings: store, Views: renderer, Assets: assets, PublicURL: "http://portal.example",
		Authenticate: func(c echo.Context) (web.Viewer, error) {
			id, _ := strconv.ParseInt(c.Request().Header.Get("X-Customer"), 10, 64)
			if id == 0 {
				return web.Viewer{}, nil
			}
			return web.Viewer{UserID: 1, CustomerID: id, Session: []byte("s")}, nil
		}}
	s.settings = store
	s.orders = workorder.New(d, clock, store, mail, app.Log)
	s.sandbox, err = sandbox.New(sandbox.Config{BaseURL: "http://portal.example/sandbox", Business: "Acme", Clock: clock})
	must(t, err)
	s.payments = payment.New(d, clock, store, mail, s.ledger, payment.Gateways{
		"sandbox": func(*settings.Settings) (gateway.Adapter, error) { return s.sandbox, nil }}, app.Log)
	s.offers = proposal.New(d, clock, store, mail, s.ledger, app.Log)
	customers := &portal.Handlers{App: app, Proposals: s.offers, Ledger: s.ledger, Accounts: account.New(d, clock, store, mail), Payments: s.payments, WorkOrders: s.orders}
	app.Decorate = func(c echo.Context, v web.Viewer) (views.Viewer, error) {
		tabs, err := customers.Tabs(c.Request().Context(), v.CustomerID)
		return views.Viewer{SignedIn: true, Tabs: tabs}, err
	}
	s.handler = handlers.New(app, nil, customers.Routes())
	return s
}

// fill makes the two customers.
func (s *screens) fill() *screens {
	s.Helper()
	s.write(func(q *db.Queries) (err error) {
		for i, r := range []account.Record{
			{Number: "1042", FirstName: "Zoë", LastName: "O'Neil", Address1: "1 Main St", City: "Troy", State: "NY", Zip: "12180",
				Phones: []string{"(518) 555-0142", "518-555-0143"}, Emails: []string{"zoe@example.com"}},
			{Number: "1043", BusinessName: "Acme <b>Corp</b>", Emails: []string{"acme@example.com"}},
		} {
			if s.customer[i], _, err = account.SaveCustomer(s.Context(), q, 1, r); err != nil {
				return err
			}
		}
		s.site, _, err = account.SaveSite(s.Context(), q, 1, account.SiteRecord{CustomerID: s.customer[0], Name: "Shop & Store"})
		return err
	})
	return s
}

func (s *screens) write(fn func(q *db.Queries) error) {
	s.Helper()
	must(s, s.db.Write(s.Context(), fn))
}

func (s *screens) issue(customer int64, number string, due calendar.Date, total money.Cents) (id int64) {
	s.Helper()
	site := s.site
	if customer != s.customer[0] {
		site = 0
	}
	s.write(func(q *db.Queries) (err error) {
		id, err = ledger.IssueInvoice(s.Context(), q, 1, ledger.InvoiceRecord{Number: number, CustomerID: customer, SiteID: site,
			Date: due.AddDays(-30), Due: due, Lines: []ledger.Line{{Description: "Monitoring", Quantity: 1000, UnitPrice: total}}})
		return err
	})
	return id
}

func (s *screens) pay(customer int64, reference string, date calendar.Date, amount money.Cents, invoices ...int64) {
	s.Helper()
	r := ledger.PaymentRecord{Reference: reference, CustomerID: customer, Kind: ledger.Check, Number: "1042", Amount: amount, Date: date, Source: "import"}
	for _, id := range invoices {
		r.Allocations = append(r.Allocations, ledger.Allocation{InvoiceID: id})
	}
	s.write(func(q *db.Queries) error { _, err := ledger.RecordPayment(s.Context(), q, 1, r); return err })
}

// exec changes the books behind everybody's back.
func (s *screens) exec(query string, args ...any) {
	s.Helper()
	must(s, s.db.WriteTx(s.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(query, args...); return err }))
}

// get asks for an address as the i-th customer; headers come in pairs.
func (s *screens) get(i int, address string, headers ...string) *httptest.ResponseRecorder {
	s.Helper()
	r := httptest.NewRequest(http.MethodGet, address, nil)
	r.Host = "portal.example"
	if i >= 0 {
		r.Header.Set("X-Customer", strconv.FormatInt(s.customer[i], 10))
	}
	for n := 0; n < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

func page(t testing.TB, w *httptest.ResponseRecorder, status int) *goquery.Document {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status %d, not %d:\n%s", w.Code, status, w.Body)
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(w.Body.Bytes()))
	must(t, err)
	return doc
}

// text is what a part of the page says, blanks folded.
func text(s *goquery.Selection) string { return strings.Join(strings.Fields(s.Text()), " ") }

// named are the links and buttons whose accessible name begins with a word.
func named(doc *goquery.Document, word string) *goquery.Selection {
	return doc.Find("a, button").FilterFunction(func(_ int, s *goquery.Selection) bool {
		name, ok := s.Attr("aria-label")
		if !ok {
			name = text(s)
		}
		return strings.HasPrefix(name, word) && strings.HasPrefix(text(s), word)
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestHome(t *testing.T) {
	s := newScreens(t, dbtest.New(t)).fill()
	past := s.issue(s.customer[0], "10023", today.AddDays(-3), 10000)
	flight := s.issue(s.customer[0], "10024", today.AddDays(10), 5000)
	part := s.issue(s.customer[0], "10025", today.AddDays(20), 7000)
	paid := s.issue(s.customer[0], "10001", today.AddDays(-60), 900)
	s.issue(s.customer[1], "20001", today, 4321)
	s.pay(s.customer[0], "P1", today, 1100, paid)
	s.exec(`INSERT INTO payments (id, reference, customer_id, state, source, kind, type_label, amount_cents, payment_date, idempotency_key, nonce, created_at)
		VALUES (90, 'R90', ?, 'processing', 'portal', 'echeck', 'eCheck', 7000, '2026-11-15', 'K', 'N', 1)`, s.customer[0])
	s.exec(`INSERT INTO allocations VALUES (90, ?, 5000), (90, ?, 2000)`, flight, part)
	s.exec(`INSERT INTO methods (id, customer_id, gateway, ref, kind, brand, last4, created_at) VALUES (1, ?, 'stripe', 'pm', 'card', 'Visa', '4242', 1)`, s.customer[0])
	s.exec(`INSERT INTO mandates (customer_id, method_id, consent_text, consent_sha256, consent_version, day, shown_at, accepted_at, ip, user_agent, authenticated)
		VALUES (?, 1, 'yes', ?, '1', 1, 1, 1, '', '', '')`, s.customer[0], strings.Repeat("a", 64))
	_ = past

	w := s.get(0, "/")
	doc := page(t, w, http.StatusOK)
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	tiles := doc.Find(".summary-tiles")
	for _, want := range []string{"Amount due $150.00", "$100.00 past due", "Next due date: Dec 5, 2026", "$70.00 more in payments in progress", "Credit on your account: $2.00",
		"Next payment: Dec 1, 2026 About $98.00 Visa ending 4242",
		"NameZoë O'Neil Customer #1042 Billing address1 Main StTroy, NY 12180 Phone(518) 555-0142518-555-0143 Emailzoe@example.com Edit"} {
		if !strings.Contains(text(tiles), want) {
			t.Errorf("missing %q in %q", want, text(tiles))
		}
	}
	var rows []string
	doc.Find("table tbody tr").Each(func(_ int, r *goquery.Selection) { rows = append(rows, text(r)) })
	want := []string{
		"10023 Oct 13, 2026 Nov 12, 2026 Shop & Store $100.00 $100.00 Past due3 days past due Pay It View",
		"10024 Oct 26, 2026 Nov 25, 2026 Shop & Store $50.00 $50.00 Payment in progress View",
		"10025 Nov 5, 2026 Dec 5, 2026 Shop & Store $70.00 $70.00 Duedue in 20 days$20.00 in progress Pay It View",
	}
	if strings.Join(rows, "\n") != strings.Join(want, "\n") {
		t.Errorf("rows\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	if all := named(doc, "Make a payment"); all.AttrOr("href", "") != "/pay?all=1" {
		t.Errorf("Make a payment leads to %q", all.AttrOr("href", ""))
	}
	if pay := named(doc, "Pay It"); pay.Length() != 2 || pay.First().AttrOr("href", "") != "/pay?invoice=10023" || pay.First().AttrOr("aria-label", "") != "Pay It, invoice 10023" {
		t.Errorf("Pay It: %d, %s", pay.Length(), pay.First().AttrOr("href", ""))
	}
	if view := named(doc, "View"); view.Length() != 3 || view.First().AttrOr("href", "") != "/invoices/10023.pdf" {
		t.Errorf("View: %d", view.Length())
	}
	if named(doc, "Edit").AttrOr("href", "") != "/contact/edit" || named(doc, "Save").Length() != 1 || named(doc, "Cancel").Length() != 1 {
		t.Error("the box of the contact information")
	}
	if body := w.Body.String(); strings.Contains(body, "20001") || strings.Contains(body, "10001") {
		t.Error("home shows what it should not")
	}
}

func TestHomeWithNothingToShow(t *testing.T) {
	s := newScreens(t, dbtest.New(t)).fill()
	doc := page(t, s.get(1, "/?paid=1"), http.StatusOK)
	all := text(doc.Find("main"))
	for _, want := range []string{"Amount due $0.00", "Nothing to pay. Thank you!", "Set up Auto Pay", "No open invoices.", "No paid invoices.", "Acme <b>Corp</b>"} {
		if !strings.Contains(all, want) {
			t.Errorf("missing %q in %q", want, all)
		}
	}
	if named(doc, "Make a payment").Length() != 0 || doc.Find("input[name=paid]").AttrOr("checked", "no") == "no" {
		t.Error("a payment is offered, or the box lost its tick")
	}
	for address, want := range map[string]int{"/": http.StatusSeeOther, "/?paid=1": http.StatusSeeOther} {
		if w := s.get(-1, address); w.Code != want {
			t.Errorf("nobody at %s: %d", address, w.Code)
		}
	}
}

// The paid invoices come newest first in pages, by plain links and by htmx alike.
func TestShowPaidInvoices(t *testing.T) {
	s := newScreens(t, dbtest.New(t)).fill()
	var want []string
	for i := range 60 { // several on the same day
		number := fmt.Sprintf("A/%d ü", i)
		id := s.issue(s.customer[0], number, today.AddDays(-100+i/3), 100)
		s.pay(s.customer[0], "", today, 100, id)
		want = append([]string{number}, want...)
	}
	open := s.issue(s.customer[0], "open", today, 100)
	foreign := s.issue(s.customer[1], "foreign", today, 100)
	s.pay(s.customer[1], "", today, 100, foreign)
	_ = open
	for _, headers := range [][]string{nil, {"HX-Request", "true"}} {
		var got []string
		address, pages := "/?paid=1", 0
		for address != "" {
			w := s.get(0, address, headers...)
			doc := page(t, w, http.StatusOK)
			if fragment := !strings.Contains(w.Body.String(), "<html"); fragment != (headers != nil) {
				t.Fatalf("%v: fragment %v", headers, fragment)
			}
			tables := doc.Find("#invoice-lists table")
			if text(tables.First().Find("caption")) != "Open invoices" || text(tables.Last().Find("caption")) != "Paid invoices" {
				t.Fatal(text(tables))
			}
			tables.Last().Find("tbody tr").Each(func(_ int, r *goquery.Selection) {
				got = append(got, text(r.Find("th")))
				if !strings.Contains(text(r), "$1.00 $0.00 Paid View") {
					t.Error(text(r))
				}
			})
			address = named(doc, "Older paid invoices").AttrOr("href", "")
			pages++
		}
		if pages != 3 || strings.Join(got, ",") != strings.Join(want, ",") {
			t.Errorf("%d pages:\n%v\nwant\n%v", pages, got, want)
		}
	}
	if w := s.get(0, "/?paid=1&after=foreign"); w.Code != http.StatusNotFound {
		t.Errorf("after another's invoice: %d", w.Code)
	}
	// a number with signs in it has a paper like any other
	doc := page(t, s.get(0, "/?paid=1"), http.StatusOK)
	href := doc.Find("#invoice-lists table").Last().Find("a").First().AttrOr("href", "")
	if w := s.get(0, href); w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Content-Disposition"), `filename="INV-A-59 _.pdf"`) {
		t.Errorf("%s: %d, %s", href, w.Code, w.Header().Get("Content-Disposition"))
	}
}

func TestInvoicePDF(t *testing.T) {
	s := newScreens(t, dbtest.New(t)).fill()
	s.issue(s.customer[0], "10023", today, 10000)
	first := s.get(0, "/invoices/10023.pdf")
	if first.Code != http.StatusOK || first.Header().Get("Content-Type") != "application/pdf" || first.Header().Get("Cache-Control") != "no-store" ||
		first.Header().Get("Content-Disposition") != `attachment; filename="INV-10023.pdf"; filename*=UTF-8''INV-10023.pdf` {
		t.Errorf("%d %v", first.Code, first.Header())
	}
	if !bytes.HasPrefix(first.Body.Bytes(), []byte("%PDF-")) || !bytes.Equal(first.Body.Bytes(), s.get(0, "/invoices/10023.pdf").Body.Bytes()) {
		t.Error("not one and the same PDF")
	}
	missing := s.get(0, "/invoices/nothing.pdf")
	for address, i := range map[string]int{"/invoices/10023.pdf": 1, "/invoices/10023": 0, "/invoices/.pdf": 0, "/invoices/..%2F..%2F10023.pdf": 0} {
		w := s.get(i, address)
		if w.Code != http.StatusNotFound || text(page(t, w, w.Code).Find("main")) != text(page(t, missing, missing.Code).Find("main")) {
			t.Errorf("%s: %d", address, w.Code)
		}
	}
	if w := s.get(-1, "/invoices/10023.pdf"); w.Code != http.StatusSeeOther {
		t.Errorf("nobody: %d", w.Code)
	}
}

func TestPayments(t *testing.T) {
	s := newScreens(t, dbtest.New(t)).fill()
	one := s.issue(s.customer[0], "10023", today, 10000)
	s.pay(s.customer[0], "P-1", "2026-11-02", 12500, one)
	s.pay(s.customer[1], "P-2", "2026-11-02", 777)
	for i, state := range []string{"processing", "failed", "returned", "refunded", "disputed", "canceled", "draft", "expired"} {
		s.exec(`INSERT INTO payments (reference, customer_id, state, source, kind, type_label, number_label, brand, amount_cents, payment_date, idempotency_key, nonce, created_at)
			VALUES (?, ?, ?, 'portal', 'card', 'Credit Card', '4242', 'Visa', 100, ?, ?, ?, 1)`, "R-"+state, s.customer[0], state, "2026-10-2"+strconv.Itoa(9-i), "K"+state, "N"+state)
	}
	doc := page(t, s.get(0, "/payments"), http.StatusOK)
	var rows []string
	doc.Find("tbody tr").Each(func(_ int, r *goquery.Selection) { rows = append(rows, text(r)) })
	want := []string{
		"Nov 2, 2026 Check 1042 $125.00 Received P-1 Receipt",
		"Oct 29, 2026 Credit Card Visa ending 4242 $1.00 Submitted R-processing Receipt",
		"Oct 28, 2026 Credit Card Visa ending 4242 $1.00 Declined R-failed",
		"Oct 27, 2026 Credit Card Visa ending 4242 $1.00 Returned R-returned Receipt",
		"Oct 26, 2026 Credit Card Visa ending 4242 $1.00 Refunded R-refunded Receipt",
		"Oct 25, 2026 Credit Card Visa ending 4242 $1.00 Disputed R-disputed Receipt",
	}
	if strings.Join(rows, "\n") != strings.Join(want, "\n") {
		t.Errorf("rows\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	for _, head := range []string{"Payment Date", "Payment Type", "Check / Credit Card #", "Amount"} {
		if !strings.Contains(text(doc.Find("thead")), head) {
			t.Errorf("missing the column %q", head)
		}
	}
	for i := range 30 {
		s.pay(s.customer[0], fmt.Sprint("Q-", i), "2026-11-03", 100)
	}
	doc = page(t, s.get(0, "/payments"), http.StatusOK)
	older := named(doc, "Older payments").AttrOr("href", "")
	if first := doc.Find("tbody tr"); first.Length() != 25 || older != "/payments?after=Q-5" {
		t.Errorf("%d rows, then %s", first.Length(), older)
	}
	if second := page(t, s.get(0, older), http.StatusOK); second.Find("tbody tr").Length() != 5+6 || named(second, "Newest payments").Length() != 1 {
		t.Error("the second page")
	}
	if w := s.get(0, "/payments?after=P-2"); w.Code != http.StatusNotFound {
		t.Errorf("after another's payment: %d", w.Code)
	}
	if empty := text(page(t, s.get(1, "/payments?after=P-2"), http.StatusOK).Find("main")); !strings.Contains(empty, "No older payments.") {
		t.Error(empty)
	}
}

func TestPaymentAndReceipt(t *testing.T) {
	s := newScreens(t, dbtest.New(t)).fill()
	one, two := s.issue(s.customer[0], "10023", today, 10000), s.issue(s.customer[0], "10024", today.AddDays(1), 5000)
	s.pay(s.customer[0], "P-1", "2026-11-02", 12500, one, two)
	s.pay(s.customer[1], "P-2", "2026-11-02", 777)
	doc := page(t, s.get(0, "/payments/P-1"), http.StatusOK)
	all := text(doc.Find("main"))
	for _, want := range []string{"Receipt $125.00 Received", "ReferenceP-1 Payment DateNov 2, 2026 Payment TypeCheck MethodCheck 1042",
		"10023 Oct 16, 2026 $100.00 $100.00 $0.00 View", "10024 Oct 17, 2026 $50.00 $25.00 $25.00 View", "Left to pay"} {
		if !strings.Contains(all, want) {
			t.Errorf("missing %q in %q", want, all)
		}
	}
	href := named(doc, "Receipt").AttrOr("href", "")
	if w := s.get(0, href); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/pdf" ||
		!strings.Contains(w.Header().Get("Content-Disposition"), `attachment; filename="Receipt-P-1.pdf"`) || !bytes.HasPrefix(w.Body.Bytes(), []byte("%PDF-")) {
		t.Errorf("%s: %d %v", href, w.Code, w.Header())
	}
	if all := text(page(t, s.get(1, "/payments/P-2"), http.StatusOK).Find("main")); !strings.Contains(all, "Kept as credit$7.77") {
		t.Error(all)
	}
	s.exec(`INSERT INTO payments (reference, customer_id, state, source, kind, type_label, amount_cents, payment_date, failure_message, idempotency_key, nonce, created_at)
		VALUES ('R', ?, 'failed', 'portal', 'card', 'Credit Card', 100, '2026-11-01', 'The card has expired.', 'K', 'N', 1)`, s.customer[0])
	doc = page(t, s.get(0, "/payments/R"), http.StatusOK)
	if all := text(doc.Find("main")); !strings.Contains(all, "Payment declined $1.00 Declined This payment did not go through and nothing was charged. The card has expired.") || named(doc, "Receipt").Length() != 0 {
		t.Error(all)
	}
	for _, address := range []string{"/payments/P-2", "/payments/P-2.pdf", "/payments/R.pdf", "/payments/none", "/payments/none.pdf"} {
		if w := s.get(0, address); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", address, w.Code)
		}
	}
}

func TestStatement(t *testing.T) {
	s := newScreens(t, dbtest.New(t)).fill()
	one := s.issue(s.customer[0], "10023", today, 10000)
	s.issue(s.customer[1], "20001", today, 4321)
	s.pay(s.customer[0], "=P", "2026-11-02", 4000, one)
	w := s.get(0, "/statement.csv?from=2026-10-01&to=2026-11-15")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/csv; charset=utf-8" ||
		!strings.HasPrefix(w.Header().Get("Content-Disposition"), `attachment; filename="Statement-2026-10-01-2026-11-15.csv"`) {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	body, bom := strings.CutPrefix(w.Body.String(), "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	must(t, err)
	var got []string
	for _, r := range rows[1:] {
		got = append(got, strings.Join(r[1:], "|"))
	}
	want := "2026-10-01|Opening balance|||0.00\n2026-10-16|Invoice|10023|100.00|100.00\n2026-11-02|Payment, Check 1042|'=P|-40.00|60.00\n2026-11-15|Closing balance|||60.00"
	if strings.Join(got, "\n") != want || !bom {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	if w := s.get(0, "/statement.pdf?from=2026-10-01&to=2026-11-15"); w.Code != http.StatusOK || !bytes.HasPrefix(w.Body.Bytes(), []byte("%PDF-")) {
		t.Errorf("%d", w.Code)
	}
	for query, field := range map[string]string{"": "from", "?from=2026-01-01&to=nonsense": "to", "?from=2026-02-02&to=2026-02-01": "to"} {
		doc := page(t, s.get(0, "/statement.pdf"+query), http.StatusUnprocessableEntity)
		if doc.Find("[role=alert] a[href='#f-"+field+"']").Length() != 1 || doc.Find("input[name="+field+"]").AttrOr("aria-invalid", "") != "true" ||
			!strings.HasPrefix(doc.Find("title").Text(), "Error: ") {
			t.Errorf("%s: %s", query, text(doc.Find("main")))
		}
	}
}
