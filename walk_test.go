package main

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

// The walks go through every page and every form of the running program, as a
// visitor, a customer and the owner, by plain HTTP.

// serve runs `portal serve` on the site's books as a process of its own, which
// logs into a file.
func (s *site) serve(t *testing.T) (cmd *exec.Cmd, log string) {
	t.Helper()
	address := freeAddress(t)
	s.URL = "http://" + address
	log = filepath.Join(t.TempDir(), "log")
	out, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	cmd = process(t, "serve", "--db", filepath.Join(s.Dir, "portal.db"), "--listen", address, "--log", "json")
	cmd.Stderr = out
	awaitPortal(t, cmd, address)
	return cmd, log
}

// stop ends a process as a server is stopped, and waits for it.
func stop(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

// owner logs the demonstration's owner in, with the code of the moment.
func (s *site) owner(t *testing.T) (cookie string) {
	t.Helper()
	half := s.logIn(t, s.Guide.Staff.Email, s.Guide.Staff.Password)
	code, err := account.CodeAt(s.Guide.Staff.Secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	resp, body := s.post(t, "/office/code", half, "code", code)
	for _, c := range resp.Cookies() {
		if c.Name == "session" && c.Value != "" {
			return c.Name + "=" + c.Value
		}
	}
	t.Fatalf("the owner could not log in: %s\n%s", resp.Status, body)
	return ""
}

// some addresses are alike but for a number or a reference.
var (
	numbered = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}\b|[0-9A-Za-z%]*[0-9][0-9A-Za-z%.-]*`)
	alike    = 3 // of those that are, so many are looked at
)

// page is one HTML page of a walk.
type walked struct {
	path string
	doc  *goquery.Document
}

// walk follows every link from some pages on, each kind of address a few times,
// holds every answer to what all must keep, and returns the pages. Forms are
// left alone.
func (s *site) walk(t *testing.T, cookie string, look func(path string, resp *http.Response, body []byte), from ...string) []walked {
	t.Helper()
	seen, kinds := map[string]bool{}, map[string]int{}
	var pages []walked
	for queue := from; len(queue) > 0; queue = queue[1:] {
		path := queue[0]
		kind := numbered.ReplaceAllString(path, "#")
		if seen[path] || kinds[kind] >= alike {
			continue
		}
		seen[path] = true
		kinds[kind]++
		resp, body := s.get(t, path, "Cookie", cookie)
		s.held(t, path, resp, body)
		if resp.StatusCode != http.StatusOK && (cookie != "" || resp.Header.Get("Location") != "/login") {
			t.Errorf("%s, which a page leads to, answers %s", path, resp.Status)
		}
		look(path, resp, body)
		if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
			continue
		}
		doc, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, walked{path, doc})
		here, err := url.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		doc.Find("a[href], link[href], script[src], img[src]").Each(func(_ int, e *goquery.Selection) {
			to, err := url.Parse(e.AttrOr("href", e.AttrOr("src", "")))
			if err != nil {
				t.Errorf("%s leads to %v", path, err)
				return
			}
			to = here.ResolveReference(to)
			if (to.Scheme == "" || to.Scheme == "http") && (to.Host == "" || "http://"+to.Host == s.URL) && to.Opaque == "" {
				queue = append(queue, to.RequestURI())
			}
		})
	}
	return pages
}

// held holds an answer to what every answer must keep.
func (s *site) held(t *testing.T, name string, resp *http.Response, body []byte) {
	t.Helper()
	h := resp.Header
	csp := "default-src 'none'; script-src 'self'; style-src 'self';"
	if strings.HasPrefix(name, "/sandbox/") {
		csp = "default-src 'none'; style-src 'self';" // the processor's pages have no script
	}
	for key, part := range map[string]string{
		"Content-Security-Policy": csp, "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "same-origin", "Permissions-Policy": "camera=()", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if !strings.HasPrefix(h.Get(key), part) {
			t.Errorf("%s: %s is %q", name, key, h.Get(key))
		}
	}
	for _, key := range []string{"Server", "X-Powered-By", "Access-Control-Allow-Origin"} {
		if h.Get(key) != "" {
			t.Errorf("%s: %s is %q", name, key, h.Get(key))
		}
	}
	public := strings.HasPrefix(name, "/static/") || strings.HasPrefix(name, "/brand/")
	if h.Get("Cache-Control") != "no-store" && !public {
		t.Errorf("%s: Cache-Control %q", name, h.Get("Cache-Control"))
	}
	kind := h.Get("Content-Type")
	if (strings.HasPrefix(kind, "application/pdf") || strings.HasPrefix(kind, "text/csv")) && !strings.HasPrefix(h.Get("Content-Disposition"), "attachment; filename=") {
		t.Errorf("%s: %s is not a download: %q", name, kind, h.Get("Content-Disposition"))
	}
	if resp.StatusCode >= 500 {
		t.Errorf("%s: %s", name, resp.Status)
	}
	if strings.HasPrefix(kind, "text/html") {
		for _, bad := range []string{"<xpr0be", "SELECT ", "goroutine ", ".go:", s.Dir} {
			if bytes.Contains(body, []byte(bad)) {
				t.Errorf("%s: %q stands in the page", name, bad)
			}
		}
	}
}

func nothing(string, *http.Response, []byte) {}

// machines are the columns that a program reads, not a person; every other text
// column is taken for what somebody may have written.
var machines = regexp.MustCompile(`(^|\.)(key|sha256|mime|role|password_hash|totp_secret|code_hash|registration_key|status|digits|temporary_hash|purpose|payload|kind|gateway|ref|reference|idempotency_key|nonce|\w+_ref|session_url|failure_code|fact|cursor|type|state|message_id|\w+_json|hold|instance|snapshot\w*|html_body|consent_version|consent_sha256|subject|strokes|chosen|paper|failed_field|ended_reason|action|actor|source|authenticated|revoked_by)$|^(users|staff)\.email$|^settings\.|^jobs\.|^file\.|^attempts\.|^customer_words\.|^goose`)

// TestEveryPageShowsTextAsText writes a tag into every text that the books keep
// and walks through all pages: none has it as a tag.
func TestEveryPageShowsTextAsText(t *testing.T) {
	s := copiedDemo(t)
	books, err := db.Open(t.Context(), filepath.Join(s.Dir, "portal.db-live"))
	if err != nil {
		t.Fatal(err)
	}
	probes := map[string]string{} // the tag's number and the column
	var deep []string             // pages that few customers have
	err = books.WriteTx(t.Context(), func(tx *sql.Tx) error {
		column := func(query string) (found [][2]string) {
			rows, err := tx.QueryContext(t.Context(), query)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = rows.Close() }()
			for rows.Next() {
				var a, b string
				if err := rows.Scan(&a, &b); err != nil {
					t.Fatal(err)
				}
				found = append(found, [2]string{a, b})
			}
			return found
		}
		// what is frozen in a dealer's books is written here by force
		for _, trigger := range column(`SELECT name, '' FROM sqlite_schema WHERE type = 'trigger' AND name NOT LIKE 'customer_words%'`) {
			if _, err := tx.ExecContext(t.Context(), `DROP TRIGGER `+trigger[0]); err != nil {
				return err
			}
		}
		// the demonstration has none of these
		if _, err := tx.ExecContext(t.Context(), `UPDATE invoices SET po_number = 'PO 7';
			UPDATE customers SET address2 = 'x'; UPDATE sites SET address2 = 'x'; UPDATE payments SET memo = 'x'; UPDATE invoice_drafts SET po_number = 'x'; UPDATE recurring_amounts SET reason = 'x';
			UPDATE refunds SET way = 'check', number_label = 'x', failure_message = 'x'; UPDATE auto_pay_runs SET trouble = 'x'; UPDATE jobs SET error = 'x'; UPDATE outbox SET last_error = 'x'; UPDATE methods SET ended_reason = 'x';
			INSERT INTO customer_notes (customer_id, note, nonce, at) SELECT id, 'x', 'walk ' || id, 1 FROM customers;
			INSERT INTO auto_pay_days (customer_id, day, from_period, reason, made_at) SELECT id, 5, '2026-12', 'x', 1 FROM customers;
			INSERT INTO reminder_holds (customer_id, reason, placed_at) SELECT id, 'x', 1 FROM customers;
			INSERT INTO reminders (invoice_id, days, customer_id, sent_date, outcome, reason, at) SELECT id, 3, customer_id, '2026-11-04', 'skipped', 'x', 1 FROM invoices WHERE balance_cents > 0;
			INSERT OR IGNORE INTO tax_exemptions (site_id, certificate, updated_at) SELECT id, 'x', 1 FROM sites; UPDATE tax_exemptions SET certificate = 'x'; UPDATE sites SET tax_exempt = 1;
			INSERT INTO billing_runs (month_date, invoice_date, due_date, per_site, mail, automatic, state, trouble, to_do, problems, started_at) VALUES ('2026-10-01', '2026-10-01', '2026-11-01', 0, 0, 0, 'stopped', 'x', 1, 1, 1);
			INSERT INTO billing_run_problems (run_id, customer_id, words, held) SELECT max(r.id), 1, 'x', 1 FROM billing_runs r;
			INSERT INTO self_tests (gateway, test, started_at, finished_at) VALUES ('sandbox', 1, 1, 2);
			INSERT INTO self_test_steps (self_test_id, position, title, result, words) SELECT max(id), 1, 'x', 'failed', 'x' FROM self_tests;
			INSERT INTO registrations (state, customer_number, first_name, last_name, zip, phone, email, ip, at) VALUES ('asked', 'x', 'x', 'x', 'x', 'x', 'x@example.com', 'x', 1)`); err != nil {
			return err
		}
		for i, c := range column(`SELECT l.name, x.name FROM pragma_table_list l, pragma_table_xinfo(l.name) x WHERE l.schema = 'main' AND l.type = 'table' AND x.type = 'TEXT' AND l.name NOT LIKE 'sqlite_%'`) {
			name := c[0] + "." + c[1]
			if machines.MatchString(name) {
				continue
			}
			if _, err := tx.ExecContext(t.Context(), fmt.Sprintf(`UPDATE OR IGNORE %s SET %s = %s || '<xpr0be%d>' WHERE %s <> ''`, c[0], c[1], c[1], i, c[1])); err == nil {
				probes[fmt.Sprint(i)] = name // a date or a state refuses it
			}
		}
		for _, of := range column(`SELECT c.number, '/payments/' || p.reference FROM refunds r JOIN payments p ON p.id = r.payment_id JOIN customers c ON c.id = p.customer_id
			UNION ALL SELECT c.number, '/autopay' FROM mandates m JOIN customers c ON c.id = m.customer_id GROUP BY c.id
			UNION ALL SELECT c.number, '/recurring/' || max(i.id) FROM recurring_items i JOIN customers c ON c.id = i.customer_id`) {
			deep = append(deep, "/office/customers/"+url.PathEscape(of[0])+of[1])
		}
		_, err := tx.ExecContext(t.Context(), `UPDATE settings SET value = value || '<xpr0be0>' WHERE key IN ('company.name', 'company.phone', 'company.address1', 'company.city', 'invoice.note')`)
		return err
	})
	probes["0"] = "settings"
	if err != nil {
		t.Fatal(err)
	}
	if err := books.Close(); err != nil {
		t.Fatal(err)
	}
	cmd, _ := s.serve(t)
	escaped := regexp.MustCompile(`&lt;xpr0be(\d+)&gt;`)
	shown := map[string]bool{}
	look := func(_ string, _ *http.Response, body []byte) {
		for _, m := range escaped.FindAllSubmatch(body, -1) {
			shown[probes[string(m[1])]] = true
		}
	}
	s.walk(t, "", look, "/login", "/register", "/password/forgot")
	s.walk(t, s.logIn(t, s.Guide.Customers[0].Email, s.Guide.Customers[0].Password), look, "/", "/?paid=1", "/pay", "/methods", "/payments", "/account", "/contact/edit")
	s.walk(t, s.owner(t), look, append(deep, "/office", "/office/customers?q=a")...)
	for _, must := range []string{"settings", "customer_notes.note", "recurring_items.description", "auto_pay_holds.reason", "auto_pay_runs.trouble", "billing_runs.trouble", "billing_run_problems.words", "invoice_draft_lines.description",
		"refunds.reason", "refunds.number_label", "approvals.reason", "reminder_holds.reason", "reminders.reason", "tax_codes.name", "tax_exemptions.certificate", "self_test_steps.words", "payments.memo", "invoices.po_number",
		"customers.display_name", "customers.address1", "customer_phones.phone", "customer_emails.email", "sites.name", "invoices.number", "payments.number_label", "payments.type_label", "outbox.text_body", "staff.name", "registrations.first_name"} {
		if !shown[must] {
			t.Errorf("no page shows %s, so the walk proves nothing of it", must)
		}
	}
	var hidden []string
	for _, name := range probes {
		if !shown[name] {
			hidden = append(hidden, name)
		}
	}
	slices.Sort(hidden)
	t.Logf("%d columns were written to, %d of them are shown, not %v", len(probes), len(shown), hidden)

	// what is put into a mail's HTML is text there, too
	s.post(t, "/password/forgot", "", "username", s.Guide.Customers[0].Email)
	stop(t, cmd)
	books, err = db.Open(t.Context(), filepath.Join(s.Dir, "portal.db-live"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = books.Close() }()
	var html string
	if err := books.Reader().QueryRowContext(t.Context(), `SELECT html_body FROM outbox WHERE kind = 'recover' ORDER BY id DESC LIMIT 1`).Scan(&html); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(html, "<xpr0be") || !strings.Contains(html, "&lt;xpr0be") {
		t.Errorf("the mail's HTML:\n%s", html)
	}
}

// filled is a form as a browser would send it.
func filled(form *goquery.Selection) url.Values {
	v := url.Values{}
	form.Find("input[name], select[name], textarea[name]").Each(func(_ int, e *goquery.Selection) {
		_, disabled := e.Attr("disabled")
		_, checked := e.Attr("checked")
		kind := e.AttrOr("type", "text")
		switch {
		case disabled, (kind == "radio" || kind == "checkbox") && !checked, kind == "file", kind == "submit":
			return
		case goquery.NodeName(e) == "select":
			option := e.Find("option[selected]")
			if option.Length() == 0 {
				option = e.Find("option").First()
			}
			v.Add(e.AttrOr("name", ""), option.AttrOr("value", ""))
		case goquery.NodeName(e) == "textarea":
			v.Add(e.AttrOr("name", ""), e.Text())
		default:
			v.Add(e.AttrOr("name", ""), e.AttrOr("value", ""))
		}
	})
	return v
}

// submit sends a form and returns the page it leads to in the end.
func (s *site) submit(t *testing.T, path, cookie string, form url.Values) (string, *goquery.Document) {
	t.Helper()
	resp, body := s.send(t, http.MethodPost, path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin", "Cookie", cookie)
	for range 5 {
		if resp.StatusCode != http.StatusSeeOther {
			break
		}
		path = strings.TrimPrefix(resp.Header.Get("Location"), s.URL)
		resp, body = s.get(t, path, "Cookie", cookie)
	}
	s.held(t, path, resp, body)
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return path, doc
}

// show opens a page.
func (s *site) show(t *testing.T, path, cookie string) *goquery.Document {
	t.Helper()
	resp, body := s.get(t, path, "Cookie", cookie)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", path, resp.Status)
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// The numbers that people type on the processor's page, and what else must
// leave no trace.
const (
	cardNumber    = "4242424242424242"
	accountNumber = "000123456789"
)

// payNew pays with a method that is not on file, on the processor's own page.
func (s *site) payNew(t *testing.T, cookie, kind string) {
	t.Helper()
	form := filled(s.show(t, "/pay", cookie).Find("#pay-form"))
	if len(form["pay"]) == 0 {
		form["pay"] = form["row"][:1]
	}
	form.Set("kind", kind)
	form.Set("method-"+kind, "new")
	form.Set("keep-"+kind, "1")
	_, doc := s.submit(t, "/pay/preview", cookie, form)
	form = filled(doc.Find("#pay-form"))
	path, doc := s.submit(t, "/pay", cookie, form)
	if !strings.HasPrefix(path, "/sandbox/") {
		t.Fatalf("%s led to %s: %s", kind, path, doc.Find("main").Text())
	}
	if path, doc = s.submit(t, path, cookie, s.typed(doc)); !strings.HasPrefix(path, "/payments/") {
		t.Fatalf("%s led to %s: %s", kind, path, doc.Find("main").Text())
	}
}

// typed fills the processor's page in.
func (s *site) typed(doc *goquery.Document) url.Values {
	form := filled(doc.Find("form").First())
	for name, value := range map[string]string{"number": "4242 4242 4242 4242", "expiry": "12 / 40", "cvc": "737", "name": "A. Customer", "zip": "02108", "routing": "110000000", "account": accountNumber} {
		if _, there := form[name]; there {
			form.Set(name, value)
		}
	}
	return form
}

// TestNothingSecretLeavesATrace pays with a new card and a new bank account,
// keeps a card, sends marks through every field of every form, and then reads
// the log and every file beside the books.
func TestNothingSecretLeavesATrace(t *testing.T) {
	s := copiedDemo(t)
	// what the portal makes or makes anew is its owner's alone; the mailbox is
	// the demonstration's, and has nothing to do with a dealer's books
	link := s.mailedPayLink(t)
	if err := os.RemoveAll(filepath.Join(s.Dir, "mail")); err != nil {
		t.Fatal(err)
	}
	proposal := s.proposalLink(t)
	cmd, log := s.serve(t)
	c := s.Guide.Customers[0]
	cookie := s.logIn(t, c.Email, c.Password)
	s.payByLink(t, link)
	// a proposal's link is opened by who does not know the code
	inside := ""
	for _, code := range []string{"000000", "MARKcode"} {
		resp, _ := s.send(t, http.MethodPost, proposal+"/code", nil, "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("a code for the proposal: %d", resp.StatusCode)
		}
		resp, body := s.send(t, http.MethodPost, proposal+"/confirm", strings.NewReader(url.Values{"code": {code}}.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
		s.held(t, "a wrong code", resp, body)
		inside += resp.Header.Get("Set-Cookie")
	}
	if inside != "" {
		t.Errorf("a wrong code is let in with %q", inside)
	}
	s.payNew(t, cookie, "card")
	s.payNew(t, cookie, "echeck")
	form := filled(s.show(t, "/methods/new?kind=card", cookie).Find("#method-form"))
	path, doc := s.submit(t, "/methods", cookie, form)
	if path, doc = s.submit(t, path, cookie, s.typed(doc)); path != "/methods" {
		t.Fatalf("keeping a card led to %s: %s", path, doc.Find("main").Text())
	}
	owner := s.owner(t)
	// the keys of both processors, typed by the owner
	typed := map[string]string{"authorizenet.login_id": "5KP3u95bQpv", "authorizenet.transaction_key": "346HZ32z3fP4hTG2", "authorizenet.signature_key": strings.Repeat("5E2C91D0", 16), "stripe.secret_key": "sk_test_51HousekeepersOwnKey", "stripe.webhook_secret": "whsec_HousekeepersOwnSecret"}
	settingsPage := s.show(t, "/office/settings", owner)
	for name, value := range typed {
		of := settingsPage.Find("form:has([name='" + name + "'])").First()
		keys := filled(of)
		keys.Set(name, value)
		_, after := s.submit(t, of.AttrOr("action", "/office/settings"), owner, keys)
		if after.Find(".error-summary, [aria-invalid=true]").Length() > 0 {
			t.Fatalf("%s was refused: %s", name, words(after.Find("main")))
		}
		if shown, err := after.Html(); err != nil || strings.Contains(shown, value) {
			t.Errorf("the page shows %s again (%v)", name, err)
		}
	}

	// every form once plainly and once by htmx, each field with a mark that
	// would also forge a line of the log and a tag of the page
	mark := func(name string) string { return "MARK" + name + "\r\n{\"level\":\"ERROR\"}<xpr0be>" }
	forms := 0
	for _, who := range []struct {
		cookie string
		from   []string
	}{
		{"", []string{"/login", "/register", "/password/forgot", "/password/recover?t=MARKtoken", "/email/confirm?t=MARKtoken"}},
		{cookie, []string{"/", "/pay", "/methods", "/methods/new?kind=card", "/payments", "/account", "/contact/edit", "/workorders", "/workorders/new", "/proposals"}},
		{owner, officePages},
	} {
		for _, page := range s.pages(t, who.cookie, who.from) {
			page.doc.Find("form").Each(func(_ int, f *goquery.Selection) {
				action := f.AttrOr("action", page.path)
				if action == "/logout" || strings.HasPrefix(action, "/sandbox/") {
					return
				}
				forms++
				v := filled(f)
				for name := range v {
					kind := f.Find("[name='"+name+"']").AttrOr("type", "text")
					if kind == "hidden" && name != "t" && name != "next" || kind == "radio" || kind == "checkbox" || f.Find("select[name='"+name+"']").Length() > 0 {
						continue
					}
					v.Set(name, mark(name))
				}
				v.Set("unasked", mark("unasked"))
				for _, htmx := range []string{"", "true"} {
					name := f.AttrOr("method", "get") + " " + action
					header := []string{"Cookie", who.cookie, "Sec-Fetch-Site", "same-origin", "HX-Request", htmx, "User-Agent", "MARKagent", "Referer", "http://x.example/?MARKreferer"}
					if f.AttrOr("method", "get") == "get" {
						resp, body := s.get(t, action+"?"+v.Encode(), header...)
						s.held(t, name, resp, body)
						continue
					}
					resp, body := s.send(t, http.MethodPost, action+"?q=MARKquery", strings.NewReader(v.Encode()), append(header, "Content-Type", "application/x-www-form-urlencoded")...)
					s.held(t, name, resp, body)
				}
			})
		}
	}
	if forms < 25 {
		t.Errorf("only %d forms were found", forms)
	}
	s.post(t, "/login", "", "username", "MARKuser@example.com", "password", "MARKpassword")
	s.post(t, "/password/forgot", "", "username", c.Email)
	stop(t, cmd)

	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(`"route":"/pay"`)) {
		t.Error("the log does not even say what was asked for")
	}
	session, staffSession := strings.TrimPrefix(cookie, "session="), strings.TrimPrefix(owner, "session=")
	for _, secret := range []string{"MARK", "xpr0be", cardNumber, "4242 4242", accountNumber, c.Password, s.Guide.Staff.Password, s.Guide.Staff.Secret, session, staffSession, s.Guide.New[0].Key, strings.ReplaceAll(s.Guide.New[0].Key, "-", "")} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the log has %q", secret)
		}
	}
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(line, []byte(`{"time":`)) || !bytes.HasSuffix(line, []byte("}\n")) {
			t.Errorf("a line of the log that is none: %q", line)
		}
	}

	// no file keeps what opens an account or takes money, and each is its
	// owner's alone
	token := strings.TrimPrefix(link, "/p/")
	if bytes.Contains(text, []byte(token)) {
		t.Error("the log has a pay link")
	}
	offer := strings.TrimPrefix(proposal, "/s/")
	if bytes.Contains(text, []byte(offer)) {
		t.Error("the log has the link of a proposal")
	}
	secrets := []string{offer, strings.ToUpper(offer), cardNumber, "4242 4242 4242", "4242-4242-4242", accountNumber, session, staffSession, "MARKpassword", token, strings.ToUpper(token)}
	for name, key := range typed {
		secrets = append(secrets, key)
		if bytes.Contains(text, []byte(key)) {
			t.Errorf("the log has the key %s", name)
		}
	}
	files := 0
	err = filepath.WalkDir(s.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, want := strings.TrimPrefix(path, s.Dir), fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has the mode %v", name, info.Mode())
		}
		if d.IsDir() || name == "/demo.json" {
			return nil
		}
		files++
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, secret := range secrets {
			if bytes.Contains(body, []byte(secret)) {
				t.Errorf("%s holds %q", name, secret)
			}
		}
		return nil
	})
	if err != nil || files < 4 {
		t.Errorf("%d files, %v", files, err)
	}
	books, err := db.Open(t.Context(), filepath.Join(s.Dir, "portal.db-live"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = books.Close() }()
	for name := range typed {
		var sealed bool
		if err := books.Reader().QueryRowContext(t.Context(), `SELECT sealed FROM settings WHERE key = ?`, name).Scan(&sealed); err != nil || !sealed {
			t.Errorf("%s was typed, and is not in the books under seal (%v)", name, err)
		}
	}
}

// mailedPayLink is the pay link of an invoice in the mailbox.
func (s *site) mailedPayLink(t *testing.T) (path string) {
	t.Helper()
	link := regexp.MustCompile(`/p/[a-z2-7]{26}`)
	err := filepath.WalkDir(filepath.Join(s.Dir, "mail"), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(file)
		if found := link.Find(bytes.ReplaceAll(body, []byte("=\r\n"), nil)); found != nil {
			path = string(found)
		}
		return err
	})
	if err != nil || path == "" {
		t.Fatalf("no mail has a pay link: %v", err)
	}
	return path
}

// proposalLink is a link to an open proposal of the demonstration for an address
// that has no log-in.
func (s *site) proposalLink(t *testing.T) (path string) {
	t.Helper()
	books, err := db.Open(t.Context(), filepath.Join(s.Dir, "portal.db-live"))
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := settings.LoadSealer(filepath.Join(s.Dir, "portal.key"))
	if err != nil {
		t.Fatal(err)
	}
	err = books.WriteTx(t.Context(), func(tx *sql.Tx) error {
		var id int64
		if err := tx.QueryRow(`INSERT INTO proposal_links (proposal_id, email, token_hash, created_at)
			SELECT id, 'cousin@example.com', printf('%064d', 1), 1 FROM proposals WHERE state IN ('sent', 'viewed') ORDER BY id LIMIT 1 RETURNING id`).Scan(&id); err != nil {
			return err
		}
		token := outbox.ProposalLinkToken(sealer, id)
		path = "/s/" + token
		sum := sha256.Sum256([]byte(token))
		if _, err := tx.Exec(`UPDATE proposal_links SET token_hash = ? WHERE id = ?`, hex.EncodeToString(sum[:]), id); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO customer_emails (customer_id, position, email) SELECT p.customer_id, 9, l.email FROM proposal_links l JOIN proposals p ON p.id = l.proposal_id WHERE l.id = ?`, id)
		return err
	})
	if err := errors.Join(err, books.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// payByLink pays what a pay link is for on the processor's page, comes back by
// it, and looks at the paper of the invoice behind the login.
func (s *site) payByLink(t *testing.T, link string) {
	t.Helper()
	form := filled(s.show(t, link, "").Find("#pay-form"))
	form.Set("kind", "card")
	resp, body := s.send(t, http.MethodPost, link, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
	hosted, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(hosted.Path, "/sandbox/") {
		t.Fatalf("paying by the link: %d to %s\n%s", resp.StatusCode, hosted, body)
	}
	cookie := strings.SplitN(resp.Header.Get("Set-Cookie"), ";", 2)[0]
	path, doc := s.submit(t, hosted.Path, cookie, s.typed(s.show(t, hosted.Path, cookie)))
	if !strings.HasPrefix(path, link+"/payments/") {
		t.Fatalf("paying by the link led to %s: %s", path, doc.Find("main").Text())
	}
}

// officePages are those of the office that have forms; those of one customer
// come with the list of customers.
var officePages = []string{"/office", "/office/customers", "/office/customers/new", "/office/invoices", "/office/billing", "/office/billing/revenue", "/office/autopay", "/office/autopay/cards", "/office/autopay/run",
	"/office/approvals", "/office/disputes", "/office/reminders", "/office/registrations", "/office/mail", "/office/accounting", "/office/import", "/office/export", "/office/settings", "/office/settings/tax", "/office/settings/processor",
	"/office/staff", "/office/account", "/office/day", "/office/workorders", "/office/proposals", "/office/proposals?show=drafts", "/office/proposals/verify"}

// pages are some pages as they are, without what they lead to.
func (s *site) pages(t *testing.T, cookie string, paths []string) []walked {
	t.Helper()
	var out []walked
	for _, path := range paths {
		resp, body := s.get(t, path, "Cookie", cookie)
		s.held(t, path, resp, body)
		doc, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, walked{path, doc})
		// one work order and one proposal, with their forms
		for at, of := range map[string][]string{
			"/workorders": {""}, "/proposals": {"", "/accept", "/reject"}, "/office/workorders": {"", "/work", "/edit"}, "/office/proposals": {""}, "/office/proposals?show=drafts": {""},
		} {
			if at != path {
				continue
			}
			to := strings.TrimSuffix(at, "?show=drafts")
			numbered := regexp.MustCompile("^" + to + "/(?:[WP]-[0-9A-Z]+|drafts/[0-9]+)$")
			doc.Find("a[href]").EachWithBreak(func(_ int, a *goquery.Selection) bool {
				href := a.AttrOr("href", "")
				if !numbered.MatchString(href) {
					return true
				}
				for _, more := range of {
					out = append(out, s.pages(t, cookie, []string{href + more})...)
				}
				return false
			})
		}
		// one customer's pages in the office, with their forms
		if path == "/office/customers" {
			if href := doc.Find(`a[href^="/office/customers/"]`).First().AttrOr("href", ""); href != "" {
				for _, of := range []string{"", "/contact", "/users", "/payments/new", "/invoices/new", "/recurring", "/recurring/new", "/tax", "/credit", "/credit/new", "/autopay", "/autopay/form", "/paylinks", "/notes", "/history", "/sites/new"} {
					out = append(out, s.pages(t, cookie, []string{href + of})...)
				}
			}
		}
	}
	return out
}

// TestForeignAndMissingAreAlike asks as one customer for everything another one
// has: each answer is the very one for what is not there at all.
func TestForeignAndMissingAreAlike(t *testing.T) {
	s := copiedDemo(t)
	cmd, _ := s.serve(t)
	defer stop(t, cmd)
	mine, theirs := s.Guide.Customers[0], s.Guide.Customers[1]
	cookie, other := s.logIn(t, mine.Email, mine.Password), s.logIn(t, theirs.Email, theirs.Password)
	reference := regexp.MustCompile(`[0-9A-Z]{12}`)
	var asked []string
	see := func(path, missing string) {
		gone := false
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if method == http.MethodPost && strings.Contains(path, "?") {
				continue // what a form sends is not in its address
			}
			ask := func(path string) string {
				resp, body := s.send(t, method, path, nil, "Cookie", other, "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
				return resp.Status + "\n" + reference.ReplaceAllString(string(body), "")
			}
			foreign, none := ask(path), ask(missing)
			if foreign != none {
				t.Errorf("%s %s answers\n%.300s\nbut %s\n%.300s", method, path, foreign, missing, none)
			}
			gone = gone || strings.HasPrefix(foreign, "404")
			if !strings.HasPrefix(foreign, "404") && !strings.HasPrefix(foreign, "405") {
				t.Errorf("%s %s answers %.60s", method, path, foreign)
			}
		}
		if !gone {
			t.Errorf("%s is no address at all", path)
		}
	}
	objects := regexp.MustCompile(`^(/invoices/|/payments/|/methods/|/pay\?(?:invoice|again)=|/methods/new\?.*replace=|/methods/return\?|/pay/return\?|/workorders/W-|/proposals/P-)(.*?)((?:\.pdf|/auto|/delete|/ask-delete|/receipt\.pdf|/appointment\.ics|/photos/[0-9]+|/accept|/reject|/signed\.pdf|/attachments/1\.pdf)?)$`)
	kinds := map[string]bool{}
	for _, page := range s.walk(t, cookie, nothing, "/", "/?paid=1", "/pay", "/methods", "/payments", "/workorders", "/proposals") {
		page.doc.Find("a[href], form[action]").Each(func(_ int, e *goquery.Selection) {
			path := e.AttrOr("href", e.AttrOr("action", ""))
			m := objects.FindStringSubmatch(path)
			if m == nil || slices.Contains(asked, path) || !strings.ContainsAny(m[2], "0123456789") || kinds[m[1]+m[3]] && len(asked) > 60 {
				return
			}
			asked, kinds[m[1]+m[3]] = append(asked, path), true
			see(path, m[1]+"999999"+m[3])
		})
		text := page.doc.Find("body").Text()
		for _, foreign := range []string{theirs.Name, theirs.Email, "#" + theirs.Number} {
			if strings.Contains(text, foreign) {
				t.Errorf("%s shows %s of another customer", page.path, foreign)
			}
		}
	}
	for _, kind := range []string{"/invoices/.pdf", "/payments/", "/payments/.pdf", "/pay?invoice=", "/workorders/W-", "/proposals/P-", "/proposals/P-.pdf"} {
		if !kinds[kind] {
			t.Errorf("nothing like %s was met among %v", kind, asked)
		}
	}
}
