package office_test

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/handlers"
	"customerportal/handlers/office"
	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/internal/accounting"
	"customerportal/internal/audit"
	"customerportal/internal/autopay"
	"customerportal/internal/billing"
	files "customerportal/internal/books"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/proposal"
	"customerportal/internal/reminder"
	"customerportal/internal/sale"
	"customerportal/internal/settings"
	"customerportal/internal/workorder"
	"customerportal/static"
	"customerportal/views"
	officeviews "customerportal/views/office"
	portalviews "customerportal/views/portal"
)

const today calendar.Date = "2026-11-15"

// desk is the office on books of its own, with two customers and one staff
// member of each role.
type desk struct {
	testing.TB
	db       *db.DB
	clock    *calendar.Fake
	store    *settings.Store
	accounts *account.Service
	ledger   *ledger.Service
	screens  *office.Handlers
	handler  http.Handler
	staff    map[string]int64
	customer [2]int64
	// number and path of the first customer: a number that has to be escaped
	number, path string
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	return newDeskOn(t, dbtest.New(t))
}

func newDeskOn(t testing.TB, books *db.DB) *desk {
	t.Helper()
	d := &desk{TB: t, db: books, clock: calendar.NewFake(time.Date(2026, 11, 15, 17, 0, 0, 0, time.UTC)), staff: map[string]int64{}, number: "A/10 42"}
	d.path = "/office/customers/" + url.PathEscape(d.number)
	clock := calendar.Clock(d.clock.Now)
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	must(t, err)
	d.store = settings.New(d.db, clock, sealer)
	writer, err := outbox.NewWriter(d.store, "http://portal.example")
	must(t, err)
	d.accounts = account.New(d.db, clock, d.store, writer)
	d.ledger = ledger.New(d.db, clock, d.store, writer)
	assets, err := static.New()
	must(t, err)
	renderer, err := views.New(views.Shared, map[string]fs.FS{"portal": portalviews.Files, "office": officeviews.Files}, assets.URL)
	must(t, err)
	log := slog.New(slog.DiscardHandler)
	app := &web.App{DB: d.db, Clock: clock, Log: log, Settings: d.store, Views: renderer, Assets: assets, PublicURL: "http://portal.example",
		Authenticate: func(c echo.Context) (web.Viewer, error) {
			switch role := c.Request().Header.Get("X-Role"); role {
			case "":
				return web.Viewer{}, nil
			case "customer":
				return web.Viewer{UserID: 1, CustomerID: d.customer[0], Session: []byte("s")}, nil
			default:
				return web.Viewer{StaffID: d.staff[role], Role: role, Name: role, Session: []byte("s")}, nil
			}
		}}
	d.screens = &office.Handlers{App: app, Accounts: d.accounts, Ledger: d.ledger, Drafts: billing.NewDrafts(d.db, clock, d.ledger), Payments: payment.New(d.db, clock, d.store, writer, d.ledger, nil, log), Mail: outbox.NewWorker(d.db, clock, d.store, writer, outbox.Relay{}, log)}
	d.screens.Billing = billing.New(d.db, clock, d.store, writer, d.ledger, log)
	d.screens.AutoPay = autopay.New(d.db, clock, d.store, writer, d.screens.Payments, d.ledger, log)
	d.screens.Reminders = reminder.New(d.db, clock, d.store, writer, d.ledger, log)
	d.screens.Accounting = accounting.New(d.db, clock, d.store)
	d.screens.Desk = files.NewDesk(files.New(d.db, clock, d.store, nil), filepath.Join(t.TempDir(), "import"), log)
	d.screens.Books = d.screens.Desk.Service
	d.screens.WorkOrders = workorder.New(d.db, clock, d.store, writer, log)
	d.screens.Proposals = proposal.New(d.db, clock, d.store, writer, d.ledger, log)
	d.screens.Sale = sale.New(d.db, clock, d.ledger, d.screens.WorkOrders)
	d.handler = handlers.New(app, nil, d.screens.Routes())
	d.write(func(q *db.Queries) (err error) {
		for _, role := range account.Roles {
			if d.staff[role], err = q.AddStaff(t.Context(), db.AddStaffParams{Email: role + "@dealer.example", Name: "The " + role, Role: role, CreatedAt: 1}); err != nil {
				return err
			}
		}
		if err := q.SetStaffPassword(t.Context(), db.SetStaffPasswordParams{PasswordHash: "x", ID: d.staff["owner"]}); err != nil {
			return err
		}
		for i, r := range []account.Record{
			{Number: d.number, FirstName: "Zoë", LastName: "O'Neil", Address1: "1 Main St", City: "Troy", State: "NY", Zip: "12180", Terms: "Net 30",
				Phones: []string{"(518) 555-0142", "518-555-0143"}, Emails: []string{"zoe@example.com"}},
			{Number: "1043", BusinessName: "Acme <xpr0be> Corp", Address1: "<xpr0be>", City: "Albany", Emails: []string{"acme@example.com"}},
		} {
			if d.customer[i], _, err = account.SaveCustomer(t.Context(), q, 1, r); err != nil {
				return err
			}
		}
		site, _, err := account.SaveSite(t.Context(), q, 1, account.SiteRecord{CustomerID: d.customer[0], Name: "Shop & <xpr0be>"})
		if err != nil {
			return err
		}
		_, _, err = account.SaveSystem(t.Context(), q, 1, account.SystemRecord{SiteID: site, Name: "Fire", AccountNumber: "CS-77"})
		return err
	})
	return d
}

func (d *desk) write(fn func(q *db.Queries) error) {
	d.Helper()
	must(d, d.db.Write(d.Context(), fn))
}

// exec changes the books behind everybody's back.
func (d *desk) exec(query string, args ...any) {
	d.Helper()
	must(d, d.db.WriteTx(d.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(query, args...); return err }))
}

func (d *desk) count(query string, args ...any) (n int64) {
	d.Helper()
	must(d, d.db.Reader().QueryRowContext(d.Context(), query, args...).Scan(&n))
	return n
}

func (d *desk) text(query string, args ...any) (s string) {
	d.Helper()
	must(d, d.db.Reader().QueryRowContext(d.Context(), query, args...).Scan(&s))
	return s
}

func (d *desk) issue(customer int64, number string, due calendar.Date, total money.Cents) (id int64) {
	d.Helper()
	d.write(func(q *db.Queries) (err error) {
		id, err = ledger.IssueInvoice(d.Context(), q, 1, ledger.InvoiceRecord{Number: number, CustomerID: customer, Date: due.AddDays(-30), Due: due,
			Lines: []ledger.Line{{Description: "Monitoring", Quantity: 1000, UnitPrice: total}}})
		return err
	})
	return id
}

// send sends a request as a role; a form makes it a POST. Headers come in pairs.
func (d *desk) send(role, address string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	d.Helper()
	r := httptest.NewRequest(http.MethodGet, address, nil)
	if form != nil {
		r = httptest.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Host = "portal.example"
	if role != "" {
		r.Header.Set("X-Role", role)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") && strings.Contains(w.Body.String(), "<xpr0be") {
		d.Errorf("%s shows what was typed as markup", address)
	}
	if w.Code >= 500 {
		d.Errorf("%s: %d\n%s", address, w.Code, w.Body)
	}
	return w
}

func (d *desk) page(role, address string) *goquery.Document {
	d.Helper()
	return d.parse(d.send(role, address, nil), 200)
}

func (d *desk) parse(w *httptest.ResponseRecorder, status int) *goquery.Document {
	d.Helper()
	if w.Code != status {
		d.Fatalf("status %d, want %d\n%s", w.Code, status, w.Body)
	}
	doc, err := goquery.NewDocumentFromReader(w.Body)
	must(d, err)
	return doc
}

// done expects that a form was taken: 303 to a plain one, HX-Redirect to htmx.
func (d *desk) done(w *httptest.ResponseRecorder, to string) {
	d.Helper()
	got := w.Header().Get("Location")
	if w.Code == 200 {
		got = w.Header().Get("HX-Redirect")
	}
	if w.Code != 303 && w.Code != 200 || got != to {
		d.Fatalf("status %d to %q, want %q\n%s", w.Code, got, to, w.Body)
	}
}

var htmx = []string{"HX-Request", "true"}

// asked is a form that htmx or a plain browser sends.
var ways = map[string][]string{"plain": nil, "htmx": htmx}

// says checks what a page says, in any case and with any blanks.
func says(t testing.TB, doc *goquery.Document, wanted ...string) {
	t.Helper()
	text := strings.Join(strings.Fields(doc.Text()), " ")
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("does not say %q:\n%s", want, text)
		}
	}
}

func hides(t testing.TB, doc *goquery.Document, unwanted ...string) {
	t.Helper()
	text := strings.Join(strings.Fields(doc.Text()), " ")
	for _, bad := range unwanted {
		if strings.Contains(text, bad) {
			t.Errorf("says %q:\n%s", bad, text)
		}
	}
}

// roles is who may use each route. A route without a line fails the test.
var roles = map[string]string{
	"office": "owner billing service sales technician", "office.confirm": "owner",
	"office.day": "owner service technician", "office.day.order": "owner service technician", "office.day.follow": "owner service technician", "office.day.photo": "owner service technician", "office.day.tap": "owner service technician",
	"office.account": "owner billing service sales technician", "office.account.password": "owner billing service sales technician", "office.account.codes": "owner billing service sales technician",
	"office.customers": "owner billing service sales", "office.customer": "owner billing service sales", "office.customer.history": "owner billing service sales",
	"office.invoices": "owner billing service sales", "office.invoice.pdf": "owner billing service sales",
	"office.customer.new": "owner billing service", "office.customer.add": "owner billing service", "office.site.new": "owner billing service", "office.site.add": "owner billing service",
	"office.site": "owner billing service", "office.site.save": "owner billing service", "office.system.new": "owner billing service", "office.system.add": "owner billing service",
	"office.system": "owner billing service", "office.system.save": "owner billing service", "office.notes": "owner billing service sales", "office.notes.add": "owner billing service sales",
	"office.draft.new": "owner billing", "office.draft.new.preview": "owner billing", "office.draft.new.save": "owner billing",
	"office.draft": "owner billing", "office.draft.save": "owner billing", "office.draft.preview": "owner billing", "office.draft.delete": "owner billing",
	"office.draft.pdf": "owner billing", "office.draft.ask": "owner billing", "office.draft.issue": "owner billing",
	"office.all_invoices": "owner billing", "office.all_invoices.print": "owner billing", "office.invoice": "owner billing service sales",
	"office.invoice.mail": "owner billing", "office.invoice.print": "owner billing", "office.prints": "owner billing", "office.prints.pdf": "owner billing",
	"office.payments": "owner billing service sales", "office.payment": "owner billing service sales",
	"office.contact": "owner billing service", "office.contact.save": "owner billing service",
	"office.users": "owner billing service", "office.users.add": "owner billing service", "office.users.key": "owner billing service", "office.users.do": "owner billing service",
	"office.payment.new": "owner billing", "office.payment.preview": "owner billing", "office.payment.record": "owner billing",
	"office.method.remove": "owner billing",
	"office.autopay":       "owner billing service sales", "office.autopay.csv": "owner billing service sales", "office.autopay.cards": "owner billing service sales",
	"office.autopay.run": "owner billing", "office.autopay.run.now": "owner billing", "office.autopay.runs": "owner billing service sales", "office.autopay.result": "owner billing service sales",
	"office.autopay.late": "owner billing", "office.autopay.late.decide": "owner billing", "office.customer.autopay.retry": "owner billing",
	"office.autopay.hold": "owner billing", "office.autopay.release": "owner billing",
	"office.refund": "owner billing", "office.refund.preview": "owner billing", "office.refund.do": "owner billing",
	"office.returned": "owner billing", "office.returned.preview": "owner billing", "office.returned.do": "owner billing",
	"office.void": "owner billing", "office.void.preview": "owner billing", "office.void.do": "owner billing",
	"office.credit": "owner billing service sales", "office.credit.new": "owner billing", "office.credit.preview": "owner billing", "office.credit.do": "owner billing",
	"office.credit.apply": "owner billing", "office.credit.unapply": "owner billing",
	"office.approvals": "owner billing", "office.approvals.do": "owner billing", "office.disputes": "owner billing", "office.dispute": "owner billing",
	"office.customer.autopay": "owner billing service sales", "office.customer.autopay.paper": "owner billing service sales",
	"office.customer.autopay.day": "owner billing", "office.customer.autopay.off": "owner billing", "office.customer.autopay.hold": "owner billing", "office.customer.autopay.release": "owner billing",
	"office.customer.autopay.form": "owner billing", "office.customer.autopay.form.pdf": "owner billing", "office.customer.autopay.form.enter": "owner billing",
	"office.paylinks": "owner billing", "office.paylinks.revoke": "owner billing", "office.paylinks.do": "owner billing", "office.reminders.do": "owner billing", "office.reminders": "owner billing",
	"office.statement.pdf": "owner billing", "office.statement.csv": "owner billing", "office.statement.mail": "owner billing",
	"office.workorders": "owner billing service sales", "office.workorders.list": "owner billing service sales", "office.workorder": "owner billing service sales", "office.workorder.photo": "owner billing service sales",
	"office.workorders.follow": "owner billing service sales", "office.workorder.follow": "owner billing service sales",
	"office.workorder.bill": "owner billing", "office.workorder.invoice": "owner billing",
	"office.workorder.work": "owner billing service", "office.workorder.work.preview": "owner billing service", "office.workorder.work.save": "owner billing service",
	"office.workorder.new": "owner service", "office.workorder.new.preview": "owner service", "office.workorder.add": "owner service", "office.workorder.ask": "owner service", "office.workorder.move": "owner service",
	"office.workorder.preview": "owner service", "office.workorder.note": "owner service", "office.workorder.photos": "owner service", "office.workorder.merge": "owner service",
	"office.workorder.edit": "owner service", "office.workorder.edit.save": "owner service",
	"office.registrations": "owner billing service", "office.registrations.do": "owner billing service",
	"office.mail": "owner billing service", "office.mail.one": "owner billing service", "office.mail.retry": "owner billing service", "office.mail.test": "owner",
	"office.processor": "owner", "office.processor.selftest": "owner", "office.processor.webhook": "owner",
	"office.billing": "owner billing", "office.billing.csv": "owner billing", "office.billing.run": "owner billing", "office.billing.one": "owner billing",
	"office.billing.do": "owner billing", "office.billing.paper": "owner billing", "office.billing.revenue": "owner billing", "office.billing.revenue.csv": "owner billing",
	"office.recurring": "owner billing service sales", "office.recurring.one": "owner billing service sales", "office.recurring.new": "owner billing",
	"office.recurring.add": "owner billing", "office.recurring.do": "owner billing", "office.customer.tax": "owner billing", "office.customer.tax.save": "owner billing",
	"office.proposals": "owner billing sales", "office.proposal": "owner billing sales", "office.proposal.paper": "owner billing sales", "office.proposal.attachment": "owner billing sales",
	"office.proposal.verify": "owner billing sales", "office.proposal.verify.do": "owner billing sales",
	"office.proposal.carry_out": "owner billing sales", "office.proposal.carry_out.do": "owner billing sales",
	"office.proposal.new": "owner sales", "office.proposal.new.preview": "owner sales", "office.proposal.new.save": "owner sales",
	"office.proposal.draft": "owner sales", "office.proposal.draft.save": "owner sales", "office.proposal.draft.preview": "owner sales", "office.proposal.draft.pdf": "owner sales",
	"office.proposal.draft.delete": "owner sales", "office.proposal.ask": "owner sales", "office.proposal.send": "owner sales", "office.proposal.mail": "owner sales",
	"office.proposal.withdraw": "owner sales", "office.proposal.again": "owner sales", "office.proposal.copy": "owner sales",
	"office.tax": "owner", "office.tax.add": "owner", "office.tax.one": "owner", "office.tax.do": "owner",
	"office.accounting": "owner billing", "office.accounting.file": "owner billing", "office.accounting.report": "owner billing", "office.accounting.lock": "owner", "office.accounting.unlock": "owner",
	"office.import": "owner", "office.import.bring": "owner", "office.import.start": "owner", "office.import.cancel": "owner", "office.import.refused": "owner",
	"office.export": "owner", "office.export.file": "owner",
	"office.settings": "owner", "office.settings.save": "owner", "office.settings.logo": "owner", "office.settings.logo.remove": "owner",
	"office.staff": "owner", "office.staff.invite": "owner", "office.staff.do": "owner",
}

func TestRoles(t *testing.T) {
	d := newDesk(t)
	fill := strings.NewReplacer(":number", url.PathEscape(d.number), ":id", "999", ":invoice", "9", ":verb", "nothing", ":section", "nothing", ":paper", "9.pdf", ":ref", "NONE")
	seen := 0
	for _, r := range d.screens.Routes() {
		if access := r.Access.String(); !strings.HasPrefix(access, "staff") {
			continue // logging in and setting up have tests of their own
		}
		allowed, listed := roles[r.Name]
		if !listed {
			t.Errorf("the route %s has no line in roles", r.Name)
		}
		seen++
		address := fill.Replace(r.Path)
		var form url.Values
		if r.Method == http.MethodPost {
			form = url.Values{}
		}
		for _, role := range account.Roles {
			w := d.send(role, address, form)
			if forbidden := w.Code == 403; forbidden == strings.Contains(allowed, role) {
				t.Errorf("%s as %s: %d", r.Name, role, w.Code)
			}
			if w.Code == 403 && !strings.Contains(w.Body.String(), "Your role does not include this page") {
				t.Errorf("%s refuses %s without words", r.Name, role)
			}
			if w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s: Cache-Control %q", r.Name, w.Header().Get("Cache-Control"))
			}
		}
		if w := d.send("", address, form); w.Code != 303 || !strings.HasPrefix(w.Header().Get("Location"), "/login") {
			t.Errorf("%s as nobody: %d", r.Name, w.Code)
		}
		if w := d.send("customer", address, form); w.Code != 404 {
			t.Errorf("%s as a customer: %d", r.Name, w.Code)
		}
	}
	if seen != len(roles) {
		t.Errorf("%d routes, %d lines in roles", seen, len(roles))
	}
}

// TestTabsOfferWhatOpens opens every tab of every role, and every link and form
// of the pages behind them.
func TestTabsOfferWhatOpens(t *testing.T) {
	d := newDesk(t)
	d.issue(d.customer[0], "9/1", today, 5000)
	_, err := d.accounts.SaveUser(t.Context(), "zoe@example.com", "correct horse battery", d.customer[0])
	must(t, err)
	for _, role := range account.Roles {
		todo, seen := []string{}, map[string]bool{}
		for _, tab := range office.Tabs(role) {
			todo = append(todo, tab.Href)
		}
		for len(todo) > 0 && len(seen) < 60 {
			address, _, _ := strings.Cut(todo[0], "#")
			todo = todo[1:]
			if seen[address] {
				continue
			}
			seen[address] = true
			w := d.send(role, address, nil)
			if w.Code != 200 {
				t.Errorf("%s is offered %s: %d", role, address, w.Code)
				continue
			}
			if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
				continue
			}
			doc := d.parse(w, 200)
			doc.Find("main a[href]").Each(func(_ int, a *goquery.Selection) {
				if href := a.AttrOr("href", ""); strings.HasPrefix(href, "/office") {
					todo = append(todo, href)
				}
			})
			doc.Find("main form[method=post]").Each(func(_ int, f *goquery.Selection) {
				// sent with nothing in it: refused, but never for the role
				if action := f.AttrOr("action", ""); !seen["POST "+action] {
					seen["POST "+action] = true
					if w := d.send(role, action, url.Values{}); w.Code == 403 || w.Code == 404 {
						t.Errorf("%s is offered the form %s: %d", role, action, w.Code)
					}
				}
			})
		}
		if want := map[string]int{"owner": 12, "technician": 1}[role]; len(seen) < want {
			t.Errorf("%s reached only %v", role, seen)
		}
	}
}

// TestHomeOfANewPortal says what the portal waits for before anybody can come, to
// the one who can do it.
func TestHomeOfANewPortal(t *testing.T) {
	d := newDesk(t)
	says(t, d.page("owner", "/office"), "Your company", "Your mail server", "nobody can register")
	hides(t, d.page("owner", "/office"), "Your customers", "Nothing waits for you")
	says(t, d.page("billing", "/office"), "Nothing waits for you")
	for _, table := range []string{"systems", "sites", "customer_phones", "customer_emails", "customer_words", "customers"} {
		d.exec("DELETE FROM " + table)
	}
	says(t, d.page("owner", "/office"), "Your customers", "CSV files")
	for role, there := range map[string]int{"owner": 1, "service": 0} {
		if n := d.page(role, "/office/customers").Find(`.empty a[href="/office/import"]`).Length(); n != there {
			t.Errorf("%s is led to the import %d times", role, n)
		}
	}
}

func TestHome(t *testing.T) {
	d := newDesk(t)
	must(t, d.store.Set(t.Context(), audit.Program, map[string]string{"company.phone": "518-555-0100", "mail.server": "smtp://mail.example:587"}))
	doc := d.page("owner", "/office")
	says(t, doc, "Nothing waits for you", "Taken in November", "$0.00", "No copy of the books has been made yet")
	if doc.Find("form").Length() != 0 {
		t.Error("an empty home offers a form")
	}
	must(t, d.store.Set(t.Context(), audit.Program, map[string]string{"mail.server": ""}))

	for i, due := range []calendar.Date{today.AddDays(1), today, today.AddDays(-1), today.AddDays(-30), today.AddDays(-31), today.AddDays(-60), today.AddDays(-90), today.AddDays(-91), today.AddDays(-400)} {
		d.issue(d.customer[0], "H"+strconv.Itoa(i), due, money.Cents(100_00+i))
	}
	pay := func(reference string, date calendar.Date, cents money.Cents) {
		d.write(func(q *db.Queries) error {
			_, err := ledger.RecordPayment(t.Context(), q, 1, ledger.PaymentRecord{Reference: reference, CustomerID: d.customer[1], Kind: ledger.Cash, Amount: cents, Date: date, Source: "import"})
			return err
		})
	}
	pay("OCT", "2026-10-31", 9_99)
	pay("NOV", "2026-11-01", 70_00)
	pay("NOV2", "2026-11-15", 5_01)
	d.write(func(q *db.Queries) error {
		id := d.count(`SELECT id FROM payments WHERE reference = 'NOV'`)
		_, _, err := ledger.Reverse(t.Context(), q, ledger.Reversal{PaymentID: id, CustomerID: d.customer[1], Cents: 20_00, Reason: ledger.Refund, Fact: "refund 1", Date: today, At: 1})
		return err
	})
	now := d.clock.Now().UnixMilli()
	d.exec(`INSERT INTO registrations (customer_id, state, failed_field, customer_number, first_name, last_name, zip, phone, email, ip, at)
		VALUES (?, 'asked', 'email', '1', 'Z', 'O', '', '', 'new@example.com', '203.0.113.7', 1), (NULL, 'failed', 'proof', '2', '<xpr0be>', '', '', '', '', '203.0.113.7', 2)`, d.customer[0])
	d.exec(`INSERT INTO outbox (fact, kind, to_email, subject, text_body, html_body, state, message_id, next_try_at, created_at)
		VALUES ('a', 'test', 'a@example.com', '<xpr0be>', '', '', 'failed', 'a', 0, 1), ('b', 'test', 'b@example.com', 's', '', '', 'waiting', 'b', 0, 1)`)
	d.exec(`INSERT INTO jobs (name, started_at, finished_at, error) VALUES ('mail', ?, ?, 'sql: SELECT <xpr0be>'), ('payments', 1, 1, ''), ('fine', ?, ?, '')`, now, now, now, now)
	payment := func(reference, state string, submitted int64) {
		d.exec(`INSERT INTO payments (reference, customer_id, state, source, kind, type_label, amount_cents, payment_date, idempotency_key, nonce, failure_message, created_at, submitted_at)
			VALUES (?1, ?2, ?3, 'portal', 'card', 'Credit Card', 1234, '2026-11-14', ?1, ?1, '<xpr0be>', ?4, ?4)`, reference, d.customer[0], state, submitted)
	}
	payment("UNKNOWN", "submitted", now-10*60_000)
	payment("JUST-NOW", "submitted", now-1000)
	payment("BACK", "returned", now+1000)
	payment("OLD", "failed", now-30*86_400_000)

	doc = d.page("billing", "/office")
	says(t, doc, "1 customer asks to add an e-mail address", "1 registration failed", "1 mail could not be delivered", "1 mail waits", "No mail server is set",
		"Sending mail failed", "Looking up payments did not run", "Outcome unknown: $12.34", "Returned: $12.34",
		"Taken in November$55.01", "9 open invoices", "$900.36")
	hides(t, doc, "SELECT", "fine did not", "JUST-NOW", "OLD")
	var ages []string
	doc.Find("tbody tr").Each(func(_ int, r *goquery.Selection) { ages = append(ages, strings.Join(strings.Fields(r.Text()), " ")) })
	if want := []string{"1 to 30 days2$200.05", "31 to 60 days2$200.09", "61 to 90 days1$100.06", "More than 90 days2$200.15"}; !slices.Equal(ages, want) {
		t.Errorf("ages %q, want %q", ages, want)
	}
	hides(t, d.page("service", "/office"), "Taken in", "Outcome unknown")
	hides(t, d.page("sales", "/office"), "Taken in", "could not be delivered")
	d.done(d.send("technician", "/office", nil), "/office/day")
}

// TestConfirmBooks opens books that were carried here from elsewhere.
func TestConfirmBooks(t *testing.T) {
	for way, headers := range ways {
		t.Run(way, func(t *testing.T) {
			books, err := db.OpenBooks(t.Context(), filepath.Join(t.TempDir(), "portal.db"), time.Now)
			must(t, err)
			defer func() { must(t, books.Close()) }()
			d := newDeskOn(t, books)
			d.exec(`UPDATE file SET hold = 'copied'`)
			doc := d.page("billing", "/office")
			says(t, doc, "No money is taken until you confirm", "The owner of this portal can confirm")
			if doc.Find("main form").Length() != 0 {
				t.Error("billing is offered to confirm")
			}
			if got := d.page("owner", "/office").Find(`form[action="/office/hold/confirm"] button`).Text(); got != "This is the one running copy" {
				t.Fatalf("button %q", got)
			}
			confirmed := func() int64 {
				return d.count(`SELECT count(*) FROM audit WHERE action = 'books.confirm' AND staff_id = ?`, d.staff["owner"])
			}
			if confirmed() != 0 {
				t.Error("confirmed by looking")
			}
			for range 2 { // the second finds nothing to confirm
				d.done(d.send("owner", "/office/hold/confirm", url.Values{}, headers...), "/office")
			}
			hold, err := books.Hold(t.Context())
			if err != nil || hold != db.NoHold || confirmed() != 1 {
				t.Errorf("hold %q, %v, %d traces", hold, err, confirmed())
			}
			hides(t, d.page("owner", "/office"), "No money is taken")
		})
	}
}

func TestCustomersSearch(t *testing.T) {
	d := newDesk(t)
	d.write(func(q *db.Queries) error {
		for _, r := range []account.Record{
			{Number: "200", FirstName: "Ann", LastName: "Exact", City: "Troy"},
			{Number: "2001", FirstName: "Bob", LastName: "Longer", City: "200 Mile House"},
			{Number: "3000", FirstName: "Cy", LastName: "Street", Address1: "200 Oak Ave", Status: "inactive"},
		} {
			if _, _, err := account.SaveCustomer(t.Context(), q, 1, r); err != nil {
				return err
			}
		}
		return nil
	})
	d.issue(d.customer[0], "INV-77", today, 12_34)
	found := func(query string) (numbers []string) {
		doc := d.page("sales", "/office/customers?q="+url.QueryEscape(query))
		doc.Find("tbody th").Each(func(_ int, th *goquery.Selection) { numbers = append(numbers, th.Text()) })
		return numbers
	}
	for _, tt := range []struct {
		query string
		want  []string
	}{
		{"200", []string{"200", "2001", "3000"}}, // the number itself goes first
		{"zoe", []string{d.number}}, {"ZOË o'neil", []string{d.number}}, {"main tro", []string{d.number}},
		{"518 555 0142", []string{d.number}}, {"(518) 555-0143", []string{d.number}}, {"zoe@example.com", []string{d.number}}, {"INV-77", []string{d.number}},
		{"acme", []string{"1043"}}, {"nobody at all", nil}, {`" OR 1=1 --`, nil}, {"*", nil}, {"<xpr0be", []string{"1043"}}, {"NEAR(", nil},
	} {
		if got := found(tt.query); !slices.Equal(got, tt.want) {
			t.Errorf("%q finds %q, want %q", tt.query, got, tt.want)
		}
	}
	// typing asks for the results alone, and the whole page shows the same
	w := d.send("sales", "/office/customers?q=zoe", nil, htmx...)
	if body := w.Body.String(); strings.Contains(body, "<html") || !strings.Contains(body, "1 customer") || !strings.Contains(body, "$12.34") {
		t.Errorf("results: %s", body)
	}
	doc := d.page("sales", "/office/customers?q=zoe")
	if href := doc.Find("tbody a").First().AttrOr("href", ""); href != d.path {
		t.Errorf("leads to %q", href)
	}
	if input := doc.Find("input[name=q]"); input.AttrOr("value", "") != "zoe" || input.AttrOr("hx-target", "") != "#results" {
		t.Error("the search box lost its word or its target")
	}
	// without a word it is the list of all, a page at a time
	d.write(func(q *db.Queries) error {
		for i := range 30 {
			if _, _, err := account.SaveCustomer(t.Context(), q, 1, account.Record{Number: "P" + strconv.Itoa(100+i), FirstName: "P", LastName: "Q"}); err != nil {
				return err
			}
		}
		return nil
	})
	seen := map[string]bool{}
	address := "/office/customers"
	for address != "" && len(seen) < 100 {
		doc := d.page("sales", address)
		doc.Find("tbody th").Each(func(_ int, th *goquery.Selection) {
			if seen[th.Text()] {
				t.Errorf("%s twice", th.Text())
			}
			seen[th.Text()] = true
		})
		address = doc.Find(".paging a").AttrOr("href", "")
	}
	if len(seen) != 35 {
		t.Errorf("the list has %d customers", len(seen))
	}
}

func TestCustomerPage(t *testing.T) {
	d := newDesk(t)
	past := d.issue(d.customer[0], "10/1", today.AddDays(-20), 50_00)
	d.issue(d.customer[0], "10023", today.AddDays(10), 30_00)
	d.write(func(q *db.Queries) error {
		_, err := ledger.RecordPayment(t.Context(), q, 1, ledger.PaymentRecord{Reference: "OLD-1", CustomerID: d.customer[0], Kind: ledger.Check, Number: "77", Amount: 60_00, Date: today, Source: "import",
			Allocations: []ledger.Allocation{{InvoiceID: past, Cents: 20_00}}})
		return err
	})
	d.exec(`INSERT INTO outbox (fact, kind, customer_id, to_email, subject, text_body, html_body, state, last_error, message_id, next_try_at, created_at)
		VALUES ('a', 'test', ?, 'zoe@example.com', 'Your receipt', '', '', 'failed', 'There is no mailbox zoe@example.com', 'a', 0, 1)`, d.customer[0])
	_, err := d.accounts.SaveUser(t.Context(), "zoe@example.com", "correct horse battery", d.customer[0])
	must(t, err)
	doc := d.page("service", d.path)
	says(t, doc, "Zoë O'Neil #A/10 42", "1 Main St", "Troy, NY 12180", "(518) 555-0142", "zoe@example.com", "Net 30", "Auto Pay", "Off",
		"Due$60.00", "Past due$30.00", "Unapplied credit$40.00", "Shop & <xpr0be>", "Fire", "CS-77", "10/1", "10023", "20 days past due", "OLD-1", "Check", "77",
		"Your receipt", "Failed", "There is no mailbox zoe@example.com", "Active")
	hides(t, doc, "Record a payment")
	if doc.Find(`a[href="`+d.path+`/contact"]`).Length() != 1 {
		t.Error("service is not offered Edit")
	}
	hides(t, d.page("sales", d.path), "Edit", "Record a payment")
	says(t, d.page("billing", d.path), "Record a payment")

	// the paper, and that it was taken
	w := d.send("sales", d.path+"/invoices/"+url.PathEscape("10/1.pdf"), nil)
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/pdf" || !strings.HasPrefix(w.Body.String(), "%PDF") {
		t.Errorf("paper: %d %v", w.Code, w.Header())
	}
	if d.count(`SELECT count(*) FROM audit WHERE action = 'invoice.download' AND object = 'invoice 10/1' AND customer_id = ? AND staff_id = ?`, d.customer[0], d.staff["sales"]) != 1 {
		t.Error("taking the paper left no trace")
	}
	for _, address := range []string{"/office/customers/nobody", "/office/customers/1043/invoices/10023.pdf", d.path + "/invoices/10023", d.path + "/payments/NONE", "/office/customers/1043/payments/OLD-1",
		"/office/customers/1043/payments/OLD-1.pdf", "/office/customers/%00", "/office/customers/%3Cxpr0be"} {
		if w := d.send("owner", address, nil); w.Code != 404 {
			t.Errorf("%s: %d", address, w.Code)
		}
	}
	says(t, d.page("sales", d.path+"/payments/OLD-1"), "Payment OLD-1", "$60.00", "Received", "Check 77", "10/1", "$20.00", "Unapplied credit: $40.00")
	if w := d.send("sales", d.path+"/payments/OLD-1.pdf", nil); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "%PDF") {
		t.Errorf("receipt: %d", w.Code)
	}
	d.page("sales", "/office/customers/1043")

	// long lists go by pages, each row once
	for i := range 45 {
		d.issue(d.customer[1], "L"+strconv.Itoa(100+i), today.AddDays(-i/3), 1_00)
	}
	seen, address := map[string]bool{}, "/office/customers/1043/invoices"
	for address != "" && len(seen) < 100 {
		doc := d.page("sales", address)
		doc.Find("tbody th").Each(func(_ int, th *goquery.Selection) { seen[th.Text()] = true })
		address = doc.Find(".paging a").AttrOr("href", "")
	}
	if len(seen) != 45 {
		t.Errorf("%d invoices in the pages", len(seen))
	}
	d.page("sales", "/office/customers/1043/invoices?before=nonsense")
	d.page("sales", "/office/customers/1043/payments?before=2026-02-31.x")
}

func contactForm(doc *goquery.Document) url.Values {
	form := url.Values{}
	doc.Find("#contact-form").Find("input[name], textarea[name], select[name]").Each(func(_ int, in *goquery.Selection) {
		value := in.AttrOr("value", "")
		switch goquery.NodeName(in) {
		case "textarea":
			value = strings.TrimPrefix(in.Text(), "\n")
		case "select":
			value = in.Find("option[selected]").AttrOr("value", "")
		}
		form.Set(in.AttrOr("name", ""), value)
	})
	return form
}

// TestCustomerHistory walks the history from the customer's page to its end: each
// entry once, those of one instant too, the newest first.
func TestCustomerHistory(t *testing.T) {
	d := newDesk(t)
	const entries = 75
	d.exec(`INSERT INTO audit (at, actor, action, object, customer_id, before_json, after_json, ip)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
		SELECT 1000 * (i / 50), 'system', 'site.edit', 'site ' || i, ?1, '', '', '' FROM n`, d.customer[0], entries)
	d.exec(`INSERT INTO audit (at, actor, action, object, customer_id, before_json, after_json, ip) VALUES (5, 'system', 'site.edit', 'foreign', ?, '', '', '')`, d.customer[1])
	var seen []string
	address := d.path
	for range 5 {
		doc := d.page("sales", address)
		doc.Find(`table:has(caption:contains("History of changes")) td[data-label="What"] .muted`).Each(func(_ int, s *goquery.Selection) { seen = append(seen, s.Text()) })
		next, more := doc.Find(`.paging a:contains("Older changes")`).Attr("href")
		if !more {
			break
		}
		address = next
	}
	var want []string
	for i := entries; i > 0; i-- {
		want = append(want, "site "+strconv.Itoa(i))
	}
	if !slices.Equal(seen, want) {
		t.Errorf("the history shows %v", seen)
	}
	// what is no position begins at the newest
	says(t, d.page("sales", d.path+"/history?before=x"), "History of changes", "site 75", "Older changes")
	hides(t, d.page("sales", "/office/customers/1043/history"), "Older changes", "site 75")
	if w := d.send("sales", "/office/customers/nobody/history", nil); w.Code != 404 {
		t.Errorf("nobody's history: %d", w.Code)
	}
}

func TestContact(t *testing.T) {
	for way, headers := range ways {
		t.Run(way, func(t *testing.T) {
			d := newDesk(t)
			form := contactForm(d.page("service", d.path+"/contact"))
			if form.Get("first_name") != "Zoë" || form.Get("phone") != "(518) 555-0142\n518-555-0143" || form.Get("status") != "active" {
				t.Fatalf("the form holds %v", form)
			}
			// saved as it is: nothing changed, nothing is written down
			d.done(d.send("service", d.path+"/contact", form, headers...), d.path)
			if d.count(`SELECT count(*) FROM audit`) != 0 {
				t.Error("a form without a change left a trace")
			}
			d.clock.Advance(time.Minute)
			other := url.Values{}
			for k, v := range form {
				other[k] = v
			}
			form.Set("city", "Albany")
			form.Set("email", "zoe@example.com\r\nbilling@example.com\r\n")
			d.done(d.send("service", d.path+"/contact", form, headers...), d.path)
			doc := d.page("service", d.path)
			says(t, doc, "Albany, NY 12180", "billing@example.com", "changed the contact block", "city: Troy → Albany", "The service")
			says(t, d.page("sales", "/office/customers?q=albany+billing"), d.number)

			// refused: everything typed comes back, nothing is stored
			form = contactForm(d.page("service", d.path+"/contact"))
			form.Set("first_name", "")
			form.Set("last_name", "")
			form.Set("city", "<xpr0be>")
			form.Set("email", "zoe@example.com\nnot an address")
			form.Set("phone", "call me")
			w := d.send("service", d.path+"/contact", form, headers...)
			if full := strings.Contains(w.Body.String(), "<html"); full == (way == "htmx") {
				t.Errorf("whole page: %v", full)
			}
			doc = d.parse(w, 422)
			if got := contactForm(doc); got.Get("city") != "<xpr0be>" || got.Get("phone") != "call me" || !strings.Contains(got.Get("email"), "not an address") {
				t.Errorf("what was typed came back as %v", got)
			}
			if doc.Find(".error-summary[role=alert] a").Length() != 3 || doc.Find("#e-email, #e-phone, #e-last_name").Length() != 3 {
				t.Errorf("errors: %s", doc.Find(".error-summary").Text())
			}
			says(t, d.page("service", d.path), "Albany")

			// somebody was quicker: the second is told, and may insist
			other.Set("city", "Utica")
			w = d.send("billing", d.path+"/contact", other, headers...)
			doc = d.parse(w, 422)
			says(t, doc, "Somebody changed this customer while you were editing")
			again := contactForm(doc)
			if again.Get("city") != "Utica" || again.Get("version") == other.Get("version") {
				t.Errorf("the form came back as %v", again)
			}
			d.done(d.send("billing", d.path+"/contact", again, headers...), d.path)
			says(t, d.page("billing", d.path), "Utica")
		})
	}
}

func TestCustomerUsers(t *testing.T) {
	for way, headers := range ways {
		t.Run(way, func(t *testing.T) {
			d := newDesk(t)
			tab := d.path + "/users"
			seen := func() int64 { return d.count(`SELECT count(*) FROM audit WHERE action = 'customer.key_seen'`) }
			doc := d.page("service", tab)
			key := doc.Find(".key").Text()
			if key != account.FormatKey(d.text(`SELECT registration_key FROM customers WHERE id = ?`, d.customer[0])) || len(key) != 19 {
				t.Errorf("key %q", key)
			}
			d.page("service", tab)
			if seen() != 2 {
				t.Errorf("two looks at the key left %d traces", seen())
			}
			if strings.Contains(d.text(`SELECT group_concat(object || before_json || after_json) FROM audit`), strings.ReplaceAll(key, "-", "")) {
				t.Error("the trail holds the key")
			}
			if got := doc.Find(`nav[aria-label^="Edit"] a[aria-current]`).Text(); got != "Customer Users" {
				t.Errorf("the tab is %q", got)
			}

			d.done(d.send("service", tab+"/key", url.Values{}, headers...), tab)
			if now := d.page("service", tab).Find(".key").Text(); now == key {
				t.Error("the key stayed")
			}

			w := d.send("service", tab, url.Values{"email": {"<xpr0be"}}, headers...)
			if full := strings.Contains(w.Body.String(), "<html"); full == (way == "htmx") {
				t.Errorf("whole page: %v", full)
			}
			doc = d.parse(w, 422)
			if doc.Find("#f-email").AttrOr("value", "") != "<xpr0be" || doc.Find("#e-email").Length() != 1 {
				t.Error("the refused address is not back")
			}
			d.done(d.send("service", tab, url.Values{"email": {"new@example.com"}}, headers...), tab)
			id := d.count(`SELECT id FROM users WHERE email = 'new@example.com'`)
			mails := func() int64 { return d.count(`SELECT count(*) FROM outbox WHERE to_email = 'new@example.com'`) }
			if mails() != 1 {
				t.Errorf("%d mails", mails())
			}
			says(t, d.page("service", tab), "new@example.com", "Has not logged in yet")
			do := func(verb string) *httptest.ResponseRecorder {
				return d.send("service", tab+"/"+strconv.FormatInt(id, 10)+"/"+verb, url.Values{}, headers...)
			}
			d.done(do("mail"), tab)
			if mails() != 2 {
				t.Errorf("%d mails", mails())
			}
			d.done(do("lock"), tab)
			says(t, d.page("service", tab), "Locked")
			if w := do("mail"); w.Code != 409 {
				t.Errorf("a mail to a locked log-in: %d", w.Code)
			}
			d.done(do("unlock"), tab)
			d.exec(`UPDATE users SET password_hash = 'x' WHERE id = ?`, id)
			d.exec(`INSERT INTO sessions (hash, user_id, customer_id, created_at, last_seen_at, expires_at) VALUES (zeroblob(32), ?, ?, 1, ?, ?)`,
				id, d.customer[0], d.clock.Now().UnixMilli(), d.clock.Now().Add(time.Hour).UnixMilli())
			says(t, d.page("service", tab), "1 device signed in")
			d.done(do("sign-out"), tab)
			if d.count(`SELECT count(*) FROM sessions`) != 0 {
				t.Error("the session lives")
			}
			// through another customer's page nothing happens to it
			foreign := "/office/customers/1043/users/" + strconv.FormatInt(id, 10)
			for _, verb := range []string{"lock", "remove", "mail", "sign-out", "unlock"} {
				if w := d.send("service", foreign+"/"+verb, url.Values{}, headers...); w.Code != 404 {
					t.Errorf("%s by another customer: %d", verb, w.Code)
				}
			}
			if w := do("explode"); w.Code != 404 {
				t.Errorf("unknown verb: %d", w.Code)
			}
			d.done(do("remove"), tab)
			hides(t, d.page("service", tab), "new@example.com")
		})
	}
}

func TestRegistrations(t *testing.T) {
	for way, headers := range ways {
		t.Run(way, func(t *testing.T) {
			d := newDesk(t)
			says(t, d.page("service", "/office/registrations"), "No registration needs help")
			d.exec(`INSERT INTO registrations (id, customer_id, state, failed_field, customer_number, first_name, last_name, zip, phone, email, ip, at) VALUES
				(1, ?1, 'asked', 'email', ?2, 'Zoë', 'O''Neil', '12180', '5185550142', 'zoe2@example.com', '203.0.113.7', 1),
				(2, ?1, 'failed', 'last_name', ?2, 'Zoë', '<xpr0be>', '12180', '', '', '203.0.113.8', 2),
				(3, NULL, 'failed', 'proof', '77', '', '', '', '', '', '203.0.113.9', 3),
				(4, NULL, 'failed', 'limit', '78', '', '', '', '', '', '203.0.113.10', 4)`, d.customer[0], d.number)
			doc := d.page("service", "/office/registrations")
			says(t, doc, "zoe2@example.com", "Zoë O'Neil", "Last Name", "Key, number and zip do not belong together", "Too many tries", "203.0.113.10", "not proved")
			if doc.Find(`section[aria-labelledby=asked] a`).AttrOr("href", "") != d.path {
				t.Error("the customer who asks is not linked")
			}
			do := func(id, verb string) *httptest.ResponseRecorder {
				return d.send("service", "/office/registrations/"+id+"/"+verb, url.Values{}, headers...)
			}
			d.done(do("1", "approve"), "/office/registrations")
			if d.count(`SELECT count(*) FROM customer_emails WHERE customer_id = ? AND email = 'zoe2@example.com'`, d.customer[0]) != 1 ||
				d.count(`SELECT count(*) FROM outbox WHERE to_email = 'zoe2@example.com'`) != 1 {
				t.Error("approved, but there is no address or no mail")
			}
			d.done(do("2", "dismiss"), "/office/registrations")
			for _, again := range []string{"approve", "dismiss"} {
				if w := do("1", again); w.Code != 409 {
					t.Errorf("%s again: %d", again, w.Code)
				}
			}
			if w := do("3", "approve"); w.Code != 409 {
				t.Errorf("approving somebody unproved: %d", w.Code)
			}
			for _, bad := range []string{"99", "x", "-1"} {
				if w := do(bad, "dismiss"); w.Code != 404 {
					t.Errorf("registration %s: %d", bad, w.Code)
				}
			}
			hides(t, d.page("service", "/office/registrations"), "zoe2@example.com")
			if d.count(`SELECT count(*) FROM audit WHERE action LIKE 'registration.%' AND staff_id = ?`, d.staff["service"]) != 2 {
				t.Error("the decisions left no trace")
			}
		})
	}
}

// paymentForm is the form as the page holds it.
func paymentForm(doc *goquery.Document) url.Values {
	form := url.Values{}
	doc.Find("input[name], select[name]").Each(func(_ int, in *goquery.Selection) {
		value := in.AttrOr("value", "")
		if goquery.NodeName(in) == "select" {
			value = in.Find("option[selected]").AttrOr("value", "")
		}
		if _, checked := in.Attr("checked"); in.AttrOr("type", "") != "checkbox" || checked {
			form.Set(in.AttrOr("name", ""), value)
		}
	})
	return form
}

func TestRecordPayment(t *testing.T) {
	for way, headers := range ways {
		t.Run(way, func(t *testing.T) {
			d := newDesk(t)
			newest := d.issue(d.customer[0], "N", today.AddDays(10), 30_00)
			oldest := d.issue(d.customer[0], "O", today.AddDays(-20), 50_00)
			foreign := d.issue(d.customer[1], "F", today, 50_00)
			field := func(id int64) string { return "apply-" + strconv.FormatInt(id, 10) }

			doc := d.page("billing", d.path+"/payments/new")
			form := paymentForm(doc)
			if form.Get("payment_date") != "2026-11-15" || form.Get("kind") != "check" || len(form.Get("nonce")) < 16 || doc.Find("button[formaction]").Length() != 0 {
				t.Fatalf("the empty form holds %v", form)
			}
			if order := doc.Find("tbody th").Text(); order != "ON" {
				t.Errorf("invoices in the order %q", order)
			}
			preview := func() *goquery.Document {
				t.Helper()
				w := d.send("billing", d.path+"/payments/preview", form, headers...)
				doc := d.parse(w, 200)
				for k, v := range paymentForm(doc) {
					form[k] = v
				}
				return doc
			}
			// the oldest first, the rest as credit; another amount proposes anew
			form.Set("amount", "60.00")
			form.Set("reference", "1042")
			preview()
			if form.Get(field(oldest)) != "50.00" || form.Get(field(newest)) != "10.00" {
				t.Errorf("proposed %v", form)
			}
			form.Set("amount", "100")
			doc = preview()
			if form.Get(field(oldest)) != "50.00" || form.Get(field(newest)) != "30.00" {
				t.Errorf("proposed %v", form)
			}
			says(t, doc, "Stays as credit$20.00", "Record $100.00")
			// parts that somebody typed stay
			form.Set(field(oldest), "5")
			form.Set(field(newest), "")
			doc = preview()
			if form.Get(field(oldest)) != "5" || form.Get(field(newest)) != "" {
				t.Errorf("typed parts became %v", form)
			}
			says(t, doc, "$45.00", "$95.00")
			if d.count(`SELECT count(*) FROM payments`) != 0 {
				t.Fatal("a preview entered a payment")
			}

			// another customer's invoice is not looked at
			form.Set(field(foreign), "5")
			w := d.send("billing", d.path+"/payments", form, headers...)
			reference := d.text(`SELECT reference FROM payments`)
			d.done(w, d.path+"/payments/"+reference)
			if got := d.count(`SELECT balance_cents FROM invoices WHERE id = ?`, foreign); got != 50_00 {
				t.Errorf("another customer's invoice has %d", got)
			}
			if got := d.count(`SELECT balance_cents FROM invoices WHERE id = ?`, oldest); got != 45_00 {
				t.Errorf("the invoice has %d", got)
			}
			// the same form again ends at the same page
			d.done(d.send("billing", d.path+"/payments", form, headers...), d.path+"/payments/"+reference)
			if n := d.count(`SELECT count(*) FROM payments`); n != 1 {
				t.Errorf("%d payments", n)
			}
			if w := d.send("billing", "/office/customers/1043/payments", form, headers...); w.Code != 409 {
				t.Errorf("the form for another customer: %d", w.Code)
			}
			says(t, d.page("billing", d.path+"/payments/"+reference), "$100.00", "Check 1042", "Unapplied credit: $95.00")
			if d.count(`SELECT count(*) FROM audit WHERE action = 'payment.enter' AND staff_id = ?`, d.staff["billing"]) != 1 {
				t.Error("the payment left no trace")
			}
			if d.count(`SELECT count(*) FROM outbox`) != 0 {
				t.Error("a mail nobody asked for")
			}
			found, err := ledger.CheckBooks(t.Context(), d.db.Read(), calendar.InstantOf(d.clock.Now()))
			must(t, err)
			if len(found) > 0 {
				t.Errorf("the books: %v", found)
			}
		})
	}
}

func TestRecordPaymentRefuses(t *testing.T) {
	d := newDesk(t)
	id := strconv.FormatInt(d.issue(d.customer[0], "O", today, 50_00), 10)
	good := url.Values{"nonce": {"n"}, "kind": {"check"}, "reference": {"1042"}, "payment_date": {"2026-11-15"}, "amount": {"60.00"}}
	for name, change := range map[string]map[string]string{
		"no amount": {"amount": ""}, "zero": {"amount": "0"}, "negative": {"amount": "-5"}, "exponent": {"amount": "1e3"}, "not a number": {"amount": "NaN"},
		"three decimals": {"amount": "1.005"}, "foreign digit": {"amount": "٥"}, "twenty digits": {"amount": strings.Repeat("9", 20)}, "markup": {"amount": "<xpr0be>"},
		"no check number": {"reference": " "}, "unknown kind": {"kind": "credit"}, "no day": {"payment_date": ""}, "no such day": {"payment_date": "2026-02-30"}, "tomorrow": {"payment_date": "2026-11-16"},
		"more than owed": {"apply-" + id: "50.01"}, "more than paid": {"amount": "10", "apply-" + id: "10.01"}, "part is markup": {"apply-" + id: "<xpr0be>"}, "part is negative": {"apply-" + id: "-1"},
		"no nonce": {"nonce": ""}, "long memo": {"memo": strings.Repeat("x", 501)},
	} {
		for way, headers := range ways {
			form := url.Values{}
			for k, v := range good {
				form[k] = v
			}
			for k, v := range change {
				form.Set(k, v)
			}
			doc := d.parse(d.send("billing", d.path+"/payments", form, headers...), 422)
			if doc.Find(".error-summary[role=alert] li").Length() == 0 {
				t.Errorf("%s, %s: no summary", name, way)
			}
			got := paymentForm(doc)
			for k, v := range change {
				if k != "kind" && k != "nonce" && got.Get(k) != v {
					t.Errorf("%s, %s: %s came back as %q", name, way, k, got.Get(k))
				}
			}
		}
	}
	if n := d.count(`SELECT count(*) FROM payments`); n != 0 {
		t.Errorf("%d payments were entered", n)
	}
	// cash needs no number; the receipt goes by mail when asked for
	good.Set("kind", "cash")
	good.Set("reference", "")
	good.Set("mail_receipt", "yes")
	good.Set("payment_date", "11/14/2026")
	if w := d.send("billing", d.path+"/payments", good); w.Code != 303 {
		t.Errorf("cash: %d\n%s", w.Code, w.Body)
	}
	if d.count(`SELECT count(*) FROM outbox WHERE to_email = 'zoe@example.com'`) != 1 || d.text(`SELECT payment_date FROM payments`) != "2026-11-14" {
		t.Error("no receipt by mail, or another day")
	}
}

func TestMailLog(t *testing.T) {
	d := newDesk(t)
	says(t, d.page("service", "/office/mail"), "No mail has been written yet", "none", "No mail server is set")
	d.exec(`INSERT INTO outbox (id, fact, kind, customer_id, to_name, to_email, subject, text_body, html_body, secret, state, tries, last_error, message_id, next_try_at, created_at) VALUES
		(1, 'a', 'test', ?1, '<xpr0be>', 'a@example.com', 'Failed <xpr0be>', 'Text <xpr0be>', '', 0, 'failed', 3, 'There is no mailbox a@example.com', 'a', 0, 1),
		(2, 'b', 'test', NULL, '', 'b@example.com', 'Waiting', 'Temporary Password: 12345', '', 1, 'waiting', 0, '', 'b', 5, 2),
		(3, 'c', 'test', NULL, '', 'c@example.com', 'Secret', '', '', 1, 'failed', 1, 'Refused', 'c', 0, 3)`, d.customer[0])
	doc := d.page("service", "/office/mail")
	says(t, doc, "Failed <xpr0be>", "<xpr0be> <a@example.com>", "There is no mailbox", "3 tries", "Waiting", "Send again")
	hides(t, doc, "12345", "Send a test")
	failed := d.page("service", "/office/mail?show=failed")
	says(t, failed, "There is no mailbox")
	hides(t, failed, "b@example.com")
	says(t, d.page("service", "/office/mail/1"), "Text <xpr0be>", "There is no mailbox", "Zoë O'Neil")
	secret := d.page("owner", "/office/mail/2")
	says(t, secret, "its text is not shown")
	hides(t, secret, "12345")
	for way, headers := range ways {
		d.exec(`UPDATE outbox SET state = 'failed' WHERE id = 1`)
		d.done(d.send("service", "/office/mail/1/retry", url.Values{}, headers...), "/office/mail")
		if got := d.text(`SELECT state FROM outbox WHERE id = 1`); got != "waiting" {
			t.Errorf("%s: sent again, and %s", way, got)
		}
		for _, id := range []string{"1", "3", "99", "x"} {
			if w := d.send("service", "/office/mail/"+id+"/retry", url.Values{}, headers...); w.Code != 409 {
				t.Errorf("%s: mail %s again: %d", way, id, w.Code)
			}
		}
		// a test says in words what is wrong
		for to, words := range map[string]string{"nonsense <xpr0be": "Enter an e-mail address", "me@example.com": "No mail server is set."} {
			w := d.send("owner", "/office/mail/test", url.Values{"to": {to}}, headers...)
			if full := strings.Contains(w.Body.String(), "<html"); full == (way == "htmx") {
				t.Errorf("%s: whole page %v", way, full)
			}
			doc := d.parse(w, 422)
			says(t, doc, words)
			if doc.Find("#f-to").AttrOr("value", "") != to {
				t.Errorf("%s: the address did not come back", way)
			}
		}
	}
	for _, id := range []string{"99", "x"} {
		if w := d.send("service", "/office/mail/"+id, nil); w.Code != 404 {
			t.Errorf("mail %s: %d", id, w.Code)
		}
	}
	for i := range 45 {
		d.exec(`INSERT INTO outbox (fact, kind, to_email, subject, text_body, html_body, message_id, next_try_at, created_at) VALUES (?1, 'test', 'x@example.com', ?1, '', '', ?1, 0, ?2)`, "m"+strconv.Itoa(i), 100+i/4)
	}
	seen, address := map[string]bool{}, "/office/mail"
	for address != "" && len(seen) < 100 {
		doc := d.page("service", address)
		doc.Find("tbody th a").Each(func(_ int, a *goquery.Selection) { seen[a.AttrOr("href", "")] = true })
		address = doc.Find(".paging a").AttrOr("href", "")
	}
	if len(seen) != 48 {
		t.Errorf("%d mails in the pages", len(seen))
	}
}

func TestSettings(t *testing.T) {
	for way, headers := range ways {
		t.Run(way, func(t *testing.T) {
			d := newDesk(t)
			save := func(section string, form url.Values) *httptest.ResponseRecorder {
				return d.send("owner", "/office/settings/"+section, form, headers...)
			}
			current := func(key string) string {
				s, err := d.store.Current(t.Context())
				must(t, err)
				return s.Value(key)
			}
			d.page("owner", "/office/settings")
			d.done(save("company", url.Values{"company.name": {"Tom's <xpr0be> Alarm"}, "company.phone": {"518-555-0000"}, "time.zone": {"America/Chicago"}, "stripe.secret_key": {"smuggled"}}), "/office/settings#company")
			if current("company.name") != "Tom's <xpr0be> Alarm" || current("time.zone") != "America/Chicago" || current("stripe.secret_key") != "" || current("company.color") != "#1d5fa8" {
				t.Error("the company was stored wrongly")
			}
			w := save("company", url.Values{"company.name": {"Kept"}, "company.phone": {"12"}, "company.color": {"red;}</style>"}, "company.email": {"a@b\r\nBcc: x@y"}})
			if full := strings.Contains(w.Body.String(), "<html"); full == (way == "htmx") {
				t.Errorf("whole page: %v", full)
			}
			doc := d.parse(w, 422)
			if doc.Find(".error-summary li").Length() != 3 || doc.Find(`[name="company.name"]`).AttrOr("value", "") != "Kept" || doc.Find(`[name="company.phone"]`).AttrOr("value", "") != "12" {
				t.Errorf("refused: %s", doc.Find("form").First().Text())
			}
			if current("company.name") == "Kept" {
				t.Error("half of a refused form was stored")
			}

			// Stripe is not chosen without its keys; keys are kept sealed and never shown
			doc = d.parse(save("payments", url.Values{"payments.gateway": {"stripe"}, "payments.minimum": {"1.00"}, "methods.delete": {"no"}}), 422)
			says(t, doc, "Stripe needs this")
			d.done(save("payments", url.Values{"payments.gateway": {"stripe"}, "stripe.secret_key": {"sk_test_SECRET1"}, "stripe.webhook_secret": {"whsec_SECRET2"}}), "/office/settings#payments")
			if body := d.send("owner", "/office/settings", nil).Body.String(); strings.Contains(body, "SECRET") || strings.Count(body, "Set, and never shown") != 2 {
				t.Error("a key is shown, or not said to be set")
			}
			if strings.Contains(d.text(`SELECT group_concat(value) FROM settings`)+d.text(`SELECT group_concat(before_json || after_json) FROM audit`), "SECRET") {
				t.Error("a key lies open in the books")
			}
			// Authorize.Net is chosen after its keys are there, in a section of their own
			doc = d.parse(save("payments", url.Values{"payments.gateway": {"authorizenet"}}), 422)
			says(t, doc, "Authorize.Net needs its keys first")
			doc = d.parse(save("authorizenet", url.Values{"authorizenet.login_id": {"SECRETLOGIN"}, "authorizenet.transaction_key": {"SECRETKEY"}, "authorizenet.signature_key": {"SECRETSIG"}}), 422)
			says(t, doc, "128 digits")
			if strings.Contains(doc.Text(), "SECRET") || current("authorizenet.login_id") != "" {
				t.Error("a refused key is repeated, or half of the form was stored")
			}
			keys := url.Values{"authorizenet.login_id": {"SECRETLOGIN"}, "authorizenet.transaction_key": {"SECRETKEY"}, "authorizenet.signature_key": {strings.Repeat("0A", 64)}, "authorizenet.echeck": {"no"}}
			d.done(save("authorizenet", keys), "/office/settings#authorizenet")
			d.done(save("payments", url.Values{"payments.gateway": {"authorizenet"}}), "/office/settings#payments")
			says(t, d.page("owner", "/office/settings"), "Test mode: no money moves.")
			says(t, d.page("owner", "/office/settings/processor"), "/webhooks/authorizenet")
			doc = d.parse(save("authorizenet", url.Values{"authorizenet.signature_key.remove": {"yes"}}), 422)
			says(t, doc, "Authorize.Net needs this")
			d.done(save("authorizenet", url.Values{"authorizenet.environment": {"production"}}), "/office/settings#authorizenet")
			if doc := d.page("owner", "/office/settings"); strings.Contains(doc.Text(), "no money moves.") {
				t.Error("money moves, and the banner says that none does")
			}
			d.done(save("payments", url.Values{"payments.gateway": {"stripe"}}), "/office/settings#payments")
			d.done(save("authorizenet", url.Values{"authorizenet.login_id.remove": {"yes"}, "authorizenet.transaction_key.remove": {"yes"}, "authorizenet.signature_key.remove": {"yes"}}), "/office/settings#authorizenet")

			// left empty it stays; the box takes it away, unless Stripe is in use
			d.done(save("payments", url.Values{"payments.gateway": {"stripe"}, "payments.minimum": {"2.00"}, "stripe.secret_key": {""}}), "/office/settings#payments")
			if current("stripe.secret_key") != "sk_test_SECRET1" || current("payments.minimum") != "2.00" {
				t.Error("an empty box took the key away")
			}
			d.parse(save("payments", url.Values{"payments.gateway": {"stripe"}, "stripe.secret_key.remove": {"yes"}}), 422)
			d.done(save("payments", url.Values{"payments.gateway": {"off"}, "stripe.secret_key.remove": {"yes"}}), "/office/settings#payments")
			if current("stripe.secret_key") != "" || current("stripe.webhook_secret") == "" {
				t.Error("the key is still there")
			}
			d.done(save("registration", url.Values{"registration.names": {"loose"}}), "/office/settings#registration")
			if current("registration.names") != "loose" || current("registration.phone") != "strict" {
				t.Error("registration was stored wrongly")
			}
			d.parse(save("registration", url.Values{"registration.names": {"anything"}}), 422)
			if w := save("nonsense", url.Values{}); w.Code != 404 {
				t.Errorf("unknown section: %d", w.Code)
			}
		})
	}
}

// upload sends a file as the logo.
func (d *desk) upload(file []byte, headers ...string) *httptest.ResponseRecorder {
	d.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("logo", "<xpr0be>.png")
	must(d, err)
	_, err = part.Write(file)
	must(d, err)
	must(d, form.Close())
	r := httptest.NewRequest(http.MethodPost, web.LogoPath, &body)
	r.Host = "portal.example"
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("X-Role", "owner")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w
}

func picture(t testing.TB, width, height int, kind string) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		img.Set(x, height/2, color.NRGBA{uint8(x), 80, 160, 255})
	}
	var b bytes.Buffer
	if kind == "jpeg" {
		must(t, jpeg.Encode(&b, img, nil))
	} else {
		must(t, png.Encode(&b, img))
	}
	return b.Bytes()
}

// bomb is a PNG of a few bytes that says it is enormous.
func bomb() []byte {
	head := make([]byte, 17)
	copy(head, "IHDR")
	binary.BigEndian.PutUint32(head[4:], 10_000)
	binary.BigEndian.PutUint32(head[8:], 10_000)
	head[12], head[13] = 8, 6
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	_ = binary.Write(&b, binary.BigEndian, uint32(13))
	b.Write(head)
	_ = binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(head))
	return b.Bytes()
}

func TestLogo(t *testing.T) {
	d := newDesk(t)
	good := append(picture(t, 300, 100, "png"), "<script>alert(1)</script><xpr0be>"...)
	for name, file := range map[string][]byte{
		"nothing": nil, "SVG": []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "HTML": []byte("<html><xpr0be>"), "bomb": bomb(), "GIF": []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
		"too wide": picture(t, 4001, 20, "png"), "cut off": good[:100], "2.5 MB": append(picture(t, 300, 100, "png"), make([]byte, 5<<19)...),
	} {
		for way, headers := range ways {
			w := d.upload(file, headers...)
			if w.Code != 422 || !strings.Contains(w.Body.String(), `id="e-logo"`) {
				t.Errorf("%s, %s: %d", name, way, w.Code)
			}
		}
	}
	if w := d.upload(make([]byte, 4<<20)); w.Code != 413 {
		t.Errorf("4 MB: %d", w.Code)
	}
	if d.count(`SELECT count(*) FROM documents WHERE kind = 'logo'`) != 0 {
		t.Fatal("a refused file was kept")
	}
	for _, file := range [][]byte{good, picture(t, 2000, 900, "jpeg")} {
		for way, headers := range ways {
			d.done(d.upload(file, headers...), "/office/settings#logo")
			address := d.page("owner", "/office/settings").Find("header img").AttrOr("src", "")
			w := d.send("", address, nil)
			if w.Code != 200 || w.Header().Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(w.Header().Get("Content-Type"), "image/") || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
				t.Fatalf("%s: %s: %d %v", way, address, w.Code, w.Header())
			}
			if bytes.Contains(w.Body.Bytes(), []byte("script")) {
				t.Error("what followed the picture was kept")
			}
			if _, _, err := image.Decode(w.Body); err != nil {
				t.Error(err)
			}
		}
	}
	d.done(d.send("owner", web.LogoPath+"/remove", url.Values{}), "/office/settings#logo")
	if d.page("owner", "/office").Find("header img").Length() != 0 {
		t.Error("the logo is still there")
	}
}

func TestStaff(t *testing.T) {
	for way, headers := range ways {
		t.Run(way, func(t *testing.T) {
			d := newDesk(t)
			invite := url.Values{"email": {"new@dealer.example"}, "name": {"New <xpr0be>"}, "role": {"service"}, "mail": {"yes"}}
			for field, bad := range map[string]string{"email": "<xpr0be", "name": " ", "role": "god"} {
				form := url.Values{}
				for k, v := range invite {
					form[k] = v
				}
				form.Set(field, bad)
				w := d.send("owner", "/office/staff", form, headers...)
				if full := strings.Contains(w.Body.String(), "<html"); full == (way == "htmx") {
					t.Errorf("whole page: %v", full)
				}
				doc := d.parse(w, 422)
				if doc.Find("#e-"+field).Length() != 1 {
					t.Errorf("%s is not refused", field)
				}
			}
			w := d.send("owner", "/office/staff", invite, headers...)
			link := d.parse(w, 200).Find("#f-link").AttrOr("value", "")
			path, ours := strings.CutPrefix(link, "http://portal.example/office/setup?t=")
			if !ours || len(path) < 40 {
				t.Fatalf("link %q", link)
			}
			if d.count(`SELECT count(*) FROM outbox WHERE to_email = 'new@dealer.example' AND secret = 1 AND instr(text_body, ?) > 0`, link) != 1 {
				t.Error("the link was not mailed")
			}
			setup, err := d.accounts.CheckSetup(t.Context(), path)
			if err != nil || setup.Email != "new@dealer.example" || setup.Role != "service" {
				t.Errorf("the link opens %v, %v", setup, err)
			}
			doc := d.parse(d.send("owner", "/office/staff", invite, headers...), 422)
			says(t, doc, "on the list of staff already")
			page := d.page("owner", "/office/staff")
			says(t, page, "new@dealer.example", "Invited", "The owner")
			hides(t, page, link)

			id := d.count(`SELECT id FROM staff WHERE email = 'new@dealer.example'`)
			do := func(id int64, verb string, form url.Values) *httptest.ResponseRecorder {
				return d.send("owner", "/office/staff/"+strconv.FormatInt(id, 10)+"/"+verb, form, headers...)
			}
			fresh := d.parse(do(id, "link", url.Values{}), 200).Find("#f-link").AttrOr("value", "")
			if fresh == link {
				t.Error("the new link is the old one")
			}
			if _, err := d.accounts.CheckSetup(t.Context(), path); err == nil {
				t.Error("the old link still opens")
			}
			d.done(do(id, "role", url.Values{"role": {"billing"}}), "/office/staff")
			d.done(do(id, "disable", url.Values{}), "/office/staff")
			says(t, d.page("owner", "/office/staff"), "Disabled")
			if w := do(id, "link", url.Values{}); w.Code != 409 {
				t.Errorf("a link for somebody disabled: %d", w.Code)
			}
			d.done(do(id, "enable", url.Values{}), "/office/staff")
			// the last owner stays one, and nobody shuts themselves out
			own := d.staff["owner"]
			if w := do(own, "role", url.Values{"role": {"sales"}}); w.Code != 409 {
				t.Errorf("the last owner gave up: %d", w.Code)
			}
			if w := do(own, "disable", url.Values{}); w.Code != 409 {
				t.Errorf("the owner is out: %d", w.Code)
			}
			for verb, status := range map[string]int{"link": 404, "role": 404, "disable": 404, "enable": 404, "explode": 404} {
				if w := do(999, verb, url.Values{"role": {"sales"}}); w.Code != status {
					t.Errorf("%s of nobody: %d", verb, w.Code)
				}
			}
			if d.count(`SELECT count(*) FROM audit WHERE action LIKE 'staff.%' AND staff_id = ?`, own) != 5 {
				t.Error("changes of staff left no trace")
			}
		})
	}
}

func TestMethods(t *testing.T) {
	for way, headers := range ways {
		t.Run(way, func(t *testing.T) {
			d := newDesk(t)
			says(t, d.page("billing", d.path), "Nothing is on file")
			d.exec(`INSERT INTO methods (id, customer_id, gateway, ref, kind, brand, last4, exp_year, exp_month, created_at)
				VALUES (7, ?, 'sandbox', 'pm_1', 'card', 'Visa', '4242', 2028, 4, 1), (8, ?, 'sandbox', 'pm_2', 'echeck', '<xpr0be>', '6789', 0, 0, 1)`, d.customer[0], d.customer[1])
			d.exec(`INSERT INTO mandates (customer_id, method_id, consent_text, consent_sha256, consent_version, day, shown_at, accepted_at, ip, user_agent, authenticated)
				VALUES (?, 7, 'x', printf('%064d', 1), '1', 1, 1, 1, '', '', '')`, d.customer[0])
			doc := d.page("billing", d.path)
			says(t, doc, "Visa ending 4242", "04/2028", "1st of the month", "Maximum per monthnone")
			hides(t, d.page("service", d.path), "Remove")
			d.page("billing", "/office/customers/1043")
			action, _ := doc.Find(`section[aria-labelledby=methods] form`).Attr("action")
			for _, foreign := range []string{d.path + "/methods/8/remove", "/office/customers/1043/methods/7/remove", d.path + "/methods/x/remove"} {
				if w := d.send("billing", foreign, url.Values{}, headers...); w.Code != 404 {
					t.Errorf("%s: %d", foreign, w.Code)
				}
			}
			d.done(d.send("billing", action, url.Values{}, headers...), d.path)
			doc = d.page("billing", d.path)
			says(t, doc, "Nothing is on file", "removed a card or bank account")
			hides(t, doc, "on, day 1")
			if w := d.send("billing", action, url.Values{}, headers...); w.Code != 404 {
				t.Errorf("removed again: %d", w.Code)
			}
		})
	}
}
