package main

import (
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers"
	"customerportal/handlers/web"
	"customerportal/internal/audit"
	"customerportal/internal/config"
	"customerportal/internal/document"
	"customerportal/internal/proposal"
	"customerportal/views"
)

// walker calls every route of the whole portal as whoever it is told to be.
type walker struct {
	program *program
	portal  *handlers.Portal
	viewer  web.Viewer
}

func newWalker(t *testing.T) *walker {
	t.Helper()
	dir := demoCopy(t)
	cfg := config.Config{DB: filepath.Join(dir, "portal.db"), PublicURL: "http://portal.example.com", Quiet: true}
	p, err := open(t.Context(), cfg, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	p.log = slog.New(slog.DiscardHandler)
	w := &walker{program: p}
	h, err := p.handler(func(app *web.App) []web.Route {
		app.Authenticate = func(echo.Context) (web.Viewer, error) { return w.viewer, nil }
		app.Decorate = func(echo.Context, web.Viewer) (views.Viewer, error) { return views.Viewer{SignedIn: true}, nil }
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.portal = h.(*handlers.Portal)
	// with everything switched on that a dealer can switch on
	if err := p.settings.Set(t.Context(), audit.Actor{Kind: audit.System}, map[string]string{"methods.delete": "yes"}); err != nil {
		t.Fatal(err)
	}
	w.complete(t)
	return w
}

// complete adds what the demonstration has none of, so that every address with
// a number in it leads to something.
func (w *walker) complete(t *testing.T) {
	t.Helper()
	err := w.program.books.WriteTx(t.Context(), func(tx *sql.Tx) error {
		for _, statement := range []string{
			// one consent more than the stranger has, whose consents count from one, too
			`INSERT INTO mandates (customer_id, method_id, consent_text, consent_sha256, consent_version, day, shown_at, accepted_at, ip, user_agent, authenticated, revoked_at, revoked_by)
				SELECT d.customer_id, d.id, m.consent_text, m.consent_sha256, m.consent_version, 1, n, n, '192.0.2.1', 'x', 'password', n, 'customer'
				FROM mandates m JOIN customers s ON s.id = m.customer_id AND s.number = '10017',
					(SELECT x.id, x.customer_id FROM methods x JOIN customers c ON c.id = x.customer_id AND c.number = '10010' LIMIT 1) d,
					(SELECT 1795000000001 AS n UNION SELECT 1795000000002)`,
			`INSERT INTO print_batches (nonce, made_at) VALUES ('x', 1)`,
			`INSERT INTO print_batch_invoices (batch_id, position, invoice_id) SELECT max(b.id), 1, min(i.id) FROM print_batches b, invoices i`,
			`INSERT INTO billing_runs (month_date, invoice_date, due_date, per_site, mail, automatic, state, to_do, started_at) VALUES ('2026-11-01', '2026-11-01', '2026-12-01', 0, 0, 0, 'done', 0, 1)`,
			`INSERT INTO billing_run_invoices (run_id, invoice_id, mailed) SELECT max(r.id), min(i.id), 0 FROM billing_runs r, invoices i`,
			`INSERT INTO auto_pay_runs (kind, state, run_date, started_at) VALUES ('late', 'asks', '2026-11-01', 1)`,
			`INSERT INTO registrations (state, customer_number, first_name, last_name, zip, phone, email, ip, at) VALUES ('asked', 'x', 'x', 'x', 'x', 'x', 'x@example.com', 'x', 1)`,
		} {
			if _, err := tx.ExecContext(t.Context(), statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.propose(t)
}

// propose sends a customer two proposals, has one of them accepted, and leaves a
// third as a draft.
func (w *walker) propose(t *testing.T) {
	t.Helper()
	who := w.customer(t, "10010")
	pdf, err := document.Proposal(document.ProposalData{Number: "x", Date: "2026-11-02"})
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{"P-OPEN", "P-SIGNED"} {
		err := w.program.books.Write(t.Context(), func(q *db.Queries) error {
			return w.program.proposals.ImportIn(t.Context(), q, w.program.clock.Now(), audit.Program, proposal.Record{Number: number, CustomerID: who.CustomerID, Title: "x", Date: "2026-11-02",
				Lines: []proposal.Line{{Description: "x", Quantity: 1000, UnitPrice: 100, Chosen: true}}, Paper: pdf})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = w.program.proposals.Save(t.Context(), audit.Program, proposal.Draft{Nonce: "walk", CustomerID: who.CustomerID, Number: "P-DRAFT", Title: "x",
		Lines: []proposal.Line{{Description: "x", Quantity: 1000, UnitPrice: 100}}})
	if err != nil {
		t.Fatal(err)
	}
	reader := proposal.Reader{CustomerID: who.CustomerID, By: audit.Actor{Kind: audit.Customer, UserID: who.UserID}}
	v, err := w.program.proposals.ReadForCustomer(t.Context(), reader, "P-SIGNED", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = w.program.proposals.Accept(t.Context(), reader, proposal.Acceptance{Total: v.Totals.Fingerprint(), Consent: true, TypedName: "x",
		Answer: proposal.Answer{Number: v.Number, Version: v.Version, Form: w.program.proposals.NewForm(v.ID, who.CustomerID), Shown: v.Sum}})
	if err != nil {
		t.Fatal(err)
	}
}

// call sends an empty request, as a form of our own pages does.
func (w *walker) call(method, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.Host = "portal.example.com"
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	out := httptest.NewRecorder()
	w.portal.ServeHTTP(out, r)
	return out
}

// text returns one text from the books.
func (w *walker) text(t *testing.T, query string, args ...any) string {
	t.Helper()
	var s string
	if err := w.program.books.Reader().QueryRowContext(t.Context(), query, args...).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

// customer returns the viewer who looks at a customer, by number.
func (w *walker) customer(t *testing.T, number string) web.Viewer {
	t.Helper()
	v := web.Viewer{Email: "x@example.com", Session: []byte{1}}
	err := w.program.books.Reader().QueryRowContext(t.Context(),
		`SELECT c.id, cu.user_id FROM customers c JOIN customer_users cu ON cu.customer_id = c.id WHERE c.number = ?`, number).Scan(&v.CustomerID, &v.UserID)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// path fills a route's parameters with what belongs to a customer. Each name
// must be known here: a new one says whose it is.
func (w *walker) path(t *testing.T, r web.Route, number string) string {
	t.Helper()
	whose := ` WHERE customer_id = (SELECT id FROM customers WHERE number = ?)`
	of := whose + ` LIMIT 1`
	out := r.Path
	fill := func(name, value string) { out = strings.Replace(out, name, url.PathEscape(value), 1) }
	for _, row := range []struct{ part, query string }{
		{"/methods/:id", `SELECT id FROM methods` + of},
		{"/users/:id", `SELECT user_id FROM customer_users` + of},
		{"/sites/:id", `SELECT id FROM sites` + of},
		{"/tax/:id", `SELECT id FROM sites` + of},
		{"/systems/:id", `SELECT y.id FROM systems y JOIN sites s ON s.id = y.site_id` + of},
		{"/recurring/:id", `SELECT id FROM recurring_items` + of},
	} {
		if strings.Contains(r.Path, row.part) && !strings.Contains(r.Path, "/settings/") {
			fill(":id", w.text(t, row.query, number))
		}
	}
	for _, row := range []struct{ part, query string }{
		{"/settings/tax/:id", `SELECT id FROM tax_codes LIMIT 1`},
		{"/office/drafts/:id", `SELECT id FROM invoice_drafts WHERE invoice_id IS NULL LIMIT 1`},
		{"/office/prints/:id", `SELECT id FROM print_batches LIMIT 1`},
		{"/office/approvals/:id", `SELECT id FROM approvals WHERE state = 'waiting'`},
		{"/office/disputes/:id", `SELECT id FROM disputes LIMIT 1`},
		{"/office/autopay/runs/:id", `SELECT id FROM auto_pay_runs WHERE state = 'finished' LIMIT 1`},
		{"/office/autopay/late/:id", `SELECT id FROM auto_pay_runs WHERE state = 'asks'`},
		{"/office/billing/runs/:id", `SELECT id FROM billing_runs LIMIT 1`},
		{"/office/registrations/:id", `SELECT id FROM registrations WHERE state = 'asked'`},
		{"/office/mail/:id", `SELECT max(id) FROM outbox`},
		{"/office/staff/:id", `SELECT max(id) FROM staff`},
		{"/office/invoices/:number", `SELECT number FROM invoices LIMIT 1`},
	} {
		if strings.Contains(r.Path, row.part) {
			fill(row.part[strings.Index(row.part, ":"):], w.text(t, row.query))
		}
	}
	if strings.Contains(r.Path, "/workorders/:number") || strings.Contains(r.Path, "/office/day/:number") {
		order, photo := w.order(t, r.Path, number)
		fill(":number", order)
		fill(":photo", photo)
		fill(":id", photo)
	}
	if strings.HasPrefix(r.Path, "/proposals/") {
		fill(":number", map[bool]string{false: "P-OPEN", true: "P-SIGNED"}[strings.HasSuffix(r.Path, "/signed.pdf")])
		fill(":paper", "1.pdf")
	}
	if strings.HasPrefix(r.Path, "/office/proposals/") {
		one := `SELECT id FROM proposals WHERE number = 'P-SIGNED'`
		if strings.Contains(r.Path, "/drafts/") {
			one = `SELECT id FROM proposals WHERE number = 'P-DRAFT'`
		}
		fill(":id", w.text(t, one))
		fill(":document", w.text(t, `SELECT a.document_id FROM proposal_attachments a JOIN proposals p ON p.id = a.proposal_id WHERE p.number = 'P-SIGNED'`))
		fill(":paper", "signed.pdf")
		fill(":number", "P-SIGNED")
	}
	fill(":number", number)
	if strings.Contains(r.Path, "/authorizations/") || strings.Contains(r.Path, "/papers/") {
		// each customer's consents count from one; the other customer has fewer
		fill(":paper", w.text(t, `SELECT count(*) FROM mandates`+whose, number)+".pdf")
	}
	fill(":paper", w.text(t, `SELECT number FROM invoices`+of, number)+".pdf")
	if strings.Contains(r.Path, ":ref") {
		ref := w.text(t, `SELECT reference FROM payments WHERE customer_id = (SELECT id FROM customers WHERE number = ?) AND state = 'succeeded' ORDER BY id DESC LIMIT 1`, number)
		if strings.HasSuffix(r.Path, ".pdf") {
			ref += ".pdf"
		}
		fill(":ref", ref)
	}
	fill(":token", "no-such-link")
	fill(":invoice", w.text(t, `SELECT number FROM invoices WHERE customer_id = (SELECT id FROM customers WHERE number = ?) AND balance_cents > 0 LIMIT 1`, number))
	fill(":report", "aging")
	fill(":name", "customers.csv")
	switch {
	case strings.Contains(r.Path, "/approvals/"):
		fill(":verb", "decline")
	}
	fill(":verb", "lock")
	fill(":key", "no-such-form")
	fill(":gateway", "stripe")
	fill(":section", "company")
	switch {
	case strings.HasPrefix(r.Path, "/office/accounting/"):
		fill(":file", "invoices.csv")
	}
	fill(":file", "accent.css")
	fill("*", "file")
	if strings.Contains(out, ":") {
		t.Fatalf("%s: nobody told this test what to put for the parameter of %s", r.Name, r.Path)
	}
	return out
}

// order returns a customer's work order that has what an address is about, and
// one of its photos.
func (w *walker) order(t *testing.T, path, customer string) (number, photo string) {
	t.Helper()
	having := `NOT EXISTS (SELECT 1 FROM work_order_photos p WHERE p.work_order_id = w.id)`
	switch {
	case strings.HasSuffix(path, ".ics"):
		having = `w.state = 'scheduled'`
	case strings.Contains(path, "/photos"):
		having = `EXISTS (SELECT 1 FROM work_order_photos p WHERE p.work_order_id = w.id)`
	case strings.HasSuffix(path, "/invoice"):
		having = `w.state = 'completed' AND w.invoice_id IS NULL`
	case strings.HasPrefix(path, "/office/day/"):
		having = `w.technician_id IS NOT NULL`
	}
	number = w.text(t, `SELECT number FROM work_orders w WHERE customer_id = (SELECT id FROM customers WHERE number = ?) AND `+having+` ORDER BY id LIMIT 1`, customer)
	return number, w.text(t, `SELECT coalesce((SELECT p.id FROM work_order_photos p JOIN work_orders w ON w.id = p.work_order_id WHERE w.number = ? LIMIT 1), 0)`, number)
}

// TestEveryRouteHasAnAccess reads the tables: names and addresses are there
// once, and no route was left without saying who may call it.
func TestEveryRouteHasAnAccess(t *testing.T) {
	w := newWalker(t)
	names, addresses := map[string]bool{}, map[string]bool{}
	for _, r := range w.portal.Routes {
		if r.Name == "" || names[r.Name] {
			t.Errorf("the name %q is missing or there twice", r.Name)
		}
		if address := r.Method + " " + r.Path; addresses[address] {
			t.Errorf("%s is there twice", address)
		} else {
			addresses[address] = true
		}
		names[r.Name] = true
		if r.Access.String() == "nobody" {
			t.Errorf("%s says of nobody that he may call it", r.Name)
		}
		if r.Method != http.MethodGet && r.Method != http.MethodPost {
			t.Errorf("%s uses %s", r.Name, r.Method)
		}
	}
	// what anybody at all may call is a list that is looked at
	open := []string{"static", "brand", "health", "login", "login.form", "logout", "register", "register.form", "register.done", "register.asked", "register.join",
		"password.forgot", "password.forgot.form", "password.recover", "password.recover.form", "email.confirm", "email.confirm.form", "office.setup", "office.setup.form"}
	for _, r := range w.portal.Routes {
		public := r.Access.String() == "anyone" || r.Access.String() == "unasked"
		// the processor's side: signed, or the sandbox's own pages
		// and what a pay link or the link to a proposal opens, and the form that opens a processor's page: its
		// address holds a key of its own
		if strings.HasPrefix(r.Path, "/p/:token") || strings.HasPrefix(r.Path, "/s/:token") || r.Path == "/p/return" || r.Path == "/go/:key" {
			continue
		}
		theirs := strings.HasPrefix(r.Path, "/gateway") || strings.HasPrefix(r.Path, "/sandbox") || strings.HasPrefix(r.Path, "/webhooks")
		if public && !theirs && !slices.Contains(open, r.Name) {
			t.Errorf("%s (%s) may be called by anybody", r.Name, r.Path)
		}
	}
}

// TestRoutesAsNobody: whatever is not public sends a visitor to the log-in page.
func TestRoutesAsNobody(t *testing.T) {
	w := newWalker(t)
	for _, r := range w.portal.Routes {
		out := w.call(r.Method, w.path(t, r, "10010"))
		switch access := r.Access.String(); {
		case access == "anyone" || access == "unasked":
			if out.Code >= 500 {
				t.Errorf("%s answered %d", r.Name, out.Code)
			}
		case out.Code != http.StatusSeeOther || !strings.HasPrefix(out.Header().Get("Location"), "/login"):
			t.Errorf("%s (%s) answered a visitor %d %s", r.Name, access, out.Code, out.Header().Get("Location"))
		}
	}
}

// TestRoutesAsAnotherCustomer: what belongs to one customer is not there for
// another, and neither is the office.
func TestRoutesAsAnotherCustomer(t *testing.T) {
	w := newWalker(t)
	owner, stranger := w.customer(t, "10010"), w.customer(t, "10017")
	name := "Alvarez"
	for _, r := range w.portal.Routes {
		path := w.path(t, r, "10010")
		w.viewer = stranger
		out := w.call(r.Method, path)
		if strings.Contains(out.Body.String(), name) {
			t.Errorf("%s shows %s to another customer", r.Name, name)
		}
		access := r.Access.String()
		// an address that leads on to the page tells nobody whether that is there
		leads := out.Code == http.StatusSeeOther && (elsewhere[r.Name] == http.StatusSeeOther || strings.HasSuffix(r.Name, ".reload"))
		switch {
		case strings.HasPrefix(access, "staff") && out.Code != http.StatusNotFound:
			t.Errorf("%s (%s) answered a customer %d", r.Name, access, out.Code)
		case access == "customer" && strings.Contains(r.Path, ":") && out.Code != http.StatusNotFound && !leads:
			t.Errorf("%s answered another customer %d", r.Name, out.Code)
		case out.Code >= 500:
			t.Errorf("%s answered %d", r.Name, out.Code)
		}
		// the test means something only where the owner gets more
		if access == "customer" && r.Method == http.MethodGet && strings.Contains(r.Path, ":") && !leads {
			w.viewer = owner
			if out := w.call(r.Method, path); out.Code != http.StatusOK {
				t.Errorf("%s answered its owner %d", r.Name, out.Code)
			}
		}
	}
}

// TestRoutesAsStaff: each role gets what the table says, and no customer's page.
func TestRoutesAsStaff(t *testing.T) {
	for _, role := range []string{"owner", "billing", "service", "sales", "technician"} {
		t.Run(role, func(t *testing.T) {
			w := newWalker(t)
			w.viewer = web.Viewer{StaffID: 1, Role: role, Email: "staff@example.com", Name: "Staff", Session: []byte{1}}
			// all addresses before the first form is sent, which may end what they are of
			paths := map[string]string{}
			for _, r := range w.portal.Routes {
				paths[r.Name] = w.path(t, r, "10010")
			}
			for _, r := range w.portal.Routes {
				out := w.call(r.Method, paths[r.Name])
				access := r.Access.String()
				may := access == "staff" || strings.HasPrefix(access, "staff ") && (role == "owner" || slices.Contains(strings.Fields(access), role))
				switch {
				case out.Code >= 500:
					t.Errorf("%s answered %d", r.Name, out.Code)
				case may && (out.Code == http.StatusForbidden || strings.HasPrefix(out.Header().Get("Location"), "/login")):
					t.Errorf("%s (%s) refused %s with %d", r.Name, access, role, out.Code)
				case strings.HasPrefix(access, "staff") && !may && out.Code != http.StatusForbidden:
					t.Errorf("%s (%s) answered %s %d", r.Name, access, role, out.Code)
				case access == "customer" && out.Code != http.StatusNotFound:
					t.Errorf("%s answered staff %d", r.Name, out.Code)
				}
			}
		})
	}
}

// elsewhere are the addresses that are there only while something is under way,
// and those that lead on, beside the ones that a reload of an answer asks for.
var elsewhere = map[string]int{
	"office.import.refused": http.StatusNotFound, "pay.return": http.StatusSeeOther, "methods.return": http.StatusSeeOther, "methods.consent": http.StatusSeeOther,
	// an event stream lasts; whoever does not ask for one is led to the page
	"workorders.follow": http.StatusSeeOther, "workorder.follow": http.StatusSeeOther, "office.workorders.follow": http.StatusSeeOther, "office.workorder.follow": http.StatusSeeOther, "office.day.follow": http.StatusSeeOther,
}

// asked is what some addresses must be asked for.
var asked = map[string]string{
	"office.proposal.new":  "?customer=10010",
	"office.billing.paper": "?from=0", "office.customer.autopay.form.pdf": "?method=", "methods.new": "?kind=card", "methods.consent": "?kind=card&id=0", "statement.pdf": "?from=2026-01-01&to=2026-11-01", "statement.csv": "?from=2026-01-01&to=2026-11-01",
	"office.statement.pdf": "?from=2026-01-01&to=2026-11-01", "office.statement.csv": "?from=2026-01-01&to=2026-11-01",
}

// TestReadingChangesNothing opens every page there is, as whoever may, with what
// there is to see: each is there, and afterwards the books are what they were
// but for the trail of who looked.
func TestReadingChangesNothing(t *testing.T) {
	w := newWalker(t)
	before := w.books(t)
	customer, owner := w.customer(t, "10010"), web.Viewer{StaffID: 1, Role: "owner", Email: "staff@example.com", Name: "Staff", Session: []byte{1}}
	for _, r := range w.portal.Routes {
		if r.Method != http.MethodGet {
			continue
		}
		access := r.Access.String()
		switch {
		case strings.HasPrefix(access, "staff"):
			w.viewer = owner
		case access == "customer":
			w.viewer = customer
		default:
			w.viewer = web.Viewer{}
		}
		path := w.path(t, r, "10010")
		path += asked[r.Name]
		if strings.HasSuffix(path, "?method=") {
			path += w.text(t, `SELECT m.id FROM methods m JOIN customers c ON c.id = m.customer_id WHERE c.number = '10010' LIMIT 1`)
		}
		out := w.call(r.Method, path)
		want := http.StatusOK
		if code := elsewhere[r.Name]; code != 0 {
			want = code
		} else if strings.HasSuffix(r.Name, ".reload") {
			want = http.StatusSeeOther
		}
		if (strings.HasPrefix(access, "staff") || access == "customer") && out.Code != want {
			t.Errorf("%s (%s) answered %d to %q", r.Name, path, out.Code, out.Header().Get("Location"))
		}
		after := w.books(t)
		for table, rows := range after {
			if rows != before[table] {
				t.Errorf("%s changed %s:\n%.300s\nwas\n%.300s", r.Name, table, rows, before[table])
			}
		}
		before = after
	}
}

// books is what the books hold, table by table, but for the trail, sessions, and
// the papers that are drawn when they are looked at for the first time.
func (w *walker) books(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for table := range strings.FieldsSeq(w.text(t, `SELECT group_concat(name, ' ') FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'customer_search%'`)) {
		if slices.Contains([]string{"audit", "sessions", "documents", "mandate_papers", "goose_db_version"}, table) {
			continue
		}
		columns := w.text(t, `SELECT group_concat('quote("' || name || '")', ' || '' '' || ') FROM pragma_table_info('`+table+`') WHERE name <> 'document_id'`)
		out[table] = w.text(t, `SELECT coalesce(group_concat(line, char(10)), '') FROM (SELECT `+columns+` AS line FROM `+table+` ORDER BY 1)`)
	}
	return out
}
