package handlers_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/handlers"
	"customerportal/handlers/office"
	"customerportal/handlers/portal"
	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
	"customerportal/static"
	"customerportal/views"
	officeviews "customerportal/views/office"
	portalviews "customerportal/views/portal"
)

const (
	key       = "4F7K92QMXW3C8H1R"
	goodPass  = "four green apples"
	staffPass = "nine small boats"
	secret    = "JBSWY3DPEHPK3PXP"
)

// site is the portal as a browser meets it, on books of its own.
type site struct {
	*testing.T
	handler  http.Handler
	app      *web.App
	db       *db.DB
	fake     *calendar.Fake
	accounts *account.Service
	log      *bytes.Buffer
	host     string
}

func newSite(t *testing.T, publicURL string) *site {
	t.Helper()
	s := &site{T: t, db: dbtest.New(t), fake: calendar.NewFake(time.Date(2026, 11, 2, 15, 0, 0, 0, time.UTC)), log: &bytes.Buffer{}}
	clock := calendar.Clock(s.fake.Now)
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	must(t, err)
	store := settings.New(s.db, clock, sealer)
	must(t, store.Set(t.Context(), audit.Program, map[string]string{"company.name": "Hometown Alarm", "company.phone": "518-555-0000", "company.email": "office@hometown.example"}))
	mail, err := outbox.NewWriter(store, publicURL)
	must(t, err)
	assets, err := static.New()
	must(t, err)
	renderer, err := views.New(views.Shared, map[string]fs.FS{"portal": portalviews.Files, "office": officeviews.Files}, assets.URL)
	must(t, err)
	s.accounts = account.New(s.db, clock, store, mail)
	app := &web.App{DB: s.db, Clock: clock, Log: slog.New(slog.NewJSONHandler(s.log, nil)), Settings: store, Views: renderer, Assets: assets, PublicURL: publicURL}
	app.Sessions = web.NewSessions(s.accounts, app.Secure())
	app.Authenticate, app.Decorate = app.Sessions.Authenticate, app.Sessions.Decorate
	customers := &portal.Handlers{App: app, Accounts: s.accounts, Ledger: ledger.New(s.db, clock, store, mail)}
	app.Sessions.PortalTabs = customers.Tabs
	staff := &office.Handlers{App: app, Accounts: s.accounts}
	s.app = app
	s.handler = handlers.New(app, nil, customers.Routes(), staff.Routes())
	u, err := url.Parse(publicURL)
	must(t, err)
	s.host = u.Host
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// customer saves a customer of that number.
func (s *site) customer(number string, edit func(*account.Record)) int64 {
	s.Helper()
	r := account.Record{
		Number: number, FirstName: "Siobhán", LastName: "O'Brien", Address1: "12 Elm St", City: "Albany", State: "NY", Zip: "12207",
		Phones: []string{"(518) 555-0101"}, Emails: []string{"siobhan@example.com"},
	}
	if edit != nil {
		edit(&r)
	}
	var id int64
	must(s, s.db.Write(s.Context(), func(q *db.Queries) (err error) {
		id, _, err = account.SaveCustomer(s.Context(), q, calendar.InstantOf(s.fake.Now()), r)
		return err
	}))
	return id
}

// mail returns the newest mail of a kind.
func (s *site) mail(kind string) string {
	s.Helper()
	var text string
	must(s, s.db.Reader().QueryRowContext(s.Context(), `SELECT text_body FROM outbox WHERE kind = ? ORDER BY id DESC LIMIT 1`, kind).Scan(&text))
	return text
}

func (s *site) count(query string, args ...any) int {
	s.Helper()
	var n int
	must(s, s.db.Reader().QueryRowContext(s.Context(), query, args...).Scan(&n))
	return n
}

var (
	linkIn      = regexp.MustCompile(`https://portal\.example\.com(/\S+\?t=[A-Za-z0-9_-]{43})`)
	temporaryIn = regexp.MustCompile(`Temporary Password: (\S+)`)
)

func (s *site) find(form *regexp.Regexp, text string) string {
	s.Helper()
	m := form.FindStringSubmatch(text)
	if m == nil {
		s.Fatalf("no %s in\n%s", form, text)
	}
	return m[1]
}

// browser keeps cookies and remembers the last answer.
type browser struct {
	*site
	htmx    bool
	cookies map[string]*http.Cookie
	code    int
	header  http.Header
	body    string
}

func (s *site) browser(htmx bool) *browser {
	return &browser{site: s, htmx: htmx, cookies: map[string]*http.Cookie{}}
}

// send does one request and follows nothing.
func (b *browser) send(method, target string, form url.Values) *browser {
	b.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	r.Host = b.host
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/140")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if b.htmx {
			r.Header.Set("HX-Request", "true")
		}
	}
	for _, c := range b.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		b.cookies[c.Name] = c
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	b.code, b.header, b.body = w.Code, w.Result().Header, w.Body.String()
	return b
}

func (b *browser) get(target string) *browser { b.Helper(); return b.send(http.MethodGet, target, nil) }

// post sends a form in pairs of name and value.
func (b *browser) post(target string, pairs ...string) *browser {
	b.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.send(http.MethodPost, target, form)
}

// to is where the answer sends the browser, "" for nowhere.
func (b *browser) to() string {
	if b.htmx && b.header.Get("HX-Redirect") != "" {
		return b.header.Get("HX-Redirect")
	}
	return b.header.Get("Location")
}

// goes follows an answer that must lead to that path.
func (b *browser) goes(path string) *browser {
	b.Helper()
	if b.to() != path {
		b.Fatalf("status %d leads to %q, want %q\n%s", b.code, b.to(), path, b.text())
	}
	return b.get(path)
}

// shows checks the status and that the page has the words.
func (b *browser) shows(code int, words ...string) *browser {
	b.Helper()
	text := b.text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			b.Errorf("%q is missing (status %d) in:\n%s", w, b.code, text)
		}
	}
	if b.code != code {
		b.Errorf("status %d, want %d:\n%s", b.code, code, text)
	}
	return b
}

// text is what a person reads of the last answer.
func (b *browser) text() string {
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(b.body))
	if err != nil {
		return b.body
	}
	return strings.Join(strings.Fields(doc.Find("body").Text()), " ")
}

// refused lists the controls of the last answer that are marked refused, and
// checks that what was typed stands in them.
func (b *browser) refused(typed ...string) []string {
	b.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(b.body))
	must(b, err)
	if doc.Find("[role=alert] li").Length() == 0 {
		b.Error("there is no summary of what is refused")
	}
	for i := 0; i+1 < len(typed); i += 2 {
		if got, _ := doc.Find("[name=" + typed[i] + "]").Attr("value"); got != typed[i+1] {
			b.Errorf("%s comes back as %q, typed was %q", typed[i], got, typed[i+1])
		}
	}
	var names []string
	doc.Find("[aria-invalid=true]").Each(func(_ int, one *goquery.Selection) {
		name, _ := one.Attr("name")
		names = append(names, name)
		if described, _ := one.Attr("aria-describedby"); doc.Find("#e-"+name).Length() != 1 || !strings.Contains(described, "e-"+name) {
			b.Errorf("%s has no message of its own", name)
		}
	})
	return names
}

// logIn logs the customer in.
func (b *browser) logIn(username, password string) *browser {
	b.Helper()
	return b.post("/login", "username", username, "password", password)
}

// eachWay runs a test with plain forms and with htmx.
func eachWay(t *testing.T, test func(t *testing.T, b *browser)) {
	for name, htmx := range map[string]bool{"plain": false, "htmx": true} {
		t.Run(name, func(t *testing.T) { test(t, newSite(t, "https://portal.example.com").browser(htmx)) })
	}
}

// registration is the good form of customer 1001, as pairs.
func registration(edits ...string) []string {
	pairs := []string{"key", "4f7k-92qm-xw3c-8h1r", "number", "1001", "zip", "12207", "first_name", "Siobhan", "last_name", "OBrien", "phone", "518 555 0101", "email", "Siobhan@example.com"}
	for i := 0; i+1 < len(edits); i += 2 {
		if at := slices.Index(pairs, edits[i]); at >= 0 {
			pairs[at+1] = edits[i+1]
		} else {
			pairs = append(pairs, edits[i], edits[i+1])
		}
	}
	return pairs
}

func withKey(r *account.Record) { r.RegistrationKey = key }

// TestFirstDay is the manual's way in, from the paper invoice to the portal.
func TestFirstDay(t *testing.T) {
	eachWay(t, func(t *testing.T, b *browser) {
		b.customer("1001", withKey)
		b.get("/").goes("/login").shows(200, "Log in to Hometown Alarm", "518-555-0000", "New Customer Registration", "Forgot Password?")
		b.get("/register").shows(200, "Registration Key", "Customer #", "Zip Code", "First Name", "Last Name", "Phone", "Email", "Create")

		typed := registration("first_name", "Jim", "email", "jim@example.com")
		b.post("/register", typed...).shows(422, "The first name does not match what we have on file")
		if got := b.refused(typed...); !slices.Equal(got, []string{"first_name", "email"}) {
			t.Errorf("refused %v", got)
		}
		typed = registration("number", key)
		b.post("/register", typed...).shows(422, "looks like your Registration Key")
		if got := b.refused(typed...); !slices.Equal(got, []string{"number"}) {
			t.Errorf("refused %v", got)
		}
		typed = registration("zip", "99999")
		b.post("/register", typed...).shows(422, "do not belong together", "518-555-0000")
		if got := b.refused(typed...); len(got) != 0 {
			t.Errorf("the proof says which is wrong: %v", got)
		}

		b.post("/register", registration()...).goes("/register/done").shows(200, "We mailed your temporary password to Siobhan@example.com.")
		temporary := b.find(temporaryIn, b.mail("registered"))
		b.logIn("siobhan@example.com", temporary).goes("/password/reset").shows(200, "Password", "Confirm Password", "Reset Password")
		for _, path := range []string{"/", "/account", "/payments", "/invoices/10023.pdf", "/contact/edit", "/office/code"} {
			if b.get(path); b.to() != "/password/reset" {
				t.Errorf("%s leads to %q before a password is chosen", path, b.to())
			}
		}
		if b.post("/account/switch", "number", "1001"); b.to() != "/password/reset" {
			t.Errorf("a form leads to %q before a password is chosen", b.to())
		}
		b.post("/password/reset", "password", "password123", "confirm", "password123").shows(422, "easy to guess")
		b.post("/password/reset", "password", goodPass, "confirm", "four green pears").shows(422, "not the same")
		if got := b.refused("password", "", "confirm", ""); !slices.Equal(got, []string{"confirm"}) {
			t.Errorf("refused %v", got)
		}
		b.post("/password/reset", "password", goodPass, "confirm", goodPass).goes("/login").shows(200, "Your password is set.")
		b.get("/login")
		if strings.Contains(b.body, "Your password is set") {
			t.Error("the word of success stays")
		}
		b.logIn("siobhan@example.com", temporary).shows(422, "is not right")
		if got := b.refused("username", "siobhan@example.com", "password", ""); !slices.Equal(got, []string{"username"}) {
			t.Errorf("refused %v", got)
		}
		b.logIn("siobhan@example.com", goodPass).goes("/").shows(200, "Siobhán O'Brien", "Invoices", "CC/eCheck", "Payment History")
		b.post("/register", registration()...).shows(409, "has a log-in for this account already", "Choose a new password")
	})
}

// TestFirstDayByLink goes in by the mail's link. Opening it changes nothing.
func TestFirstDayByLink(t *testing.T) {
	eachWay(t, func(t *testing.T, b *browser) {
		b.customer("1001", withKey)
		b.post("/register", registration()...)
		link := b.find(linkIn, b.mail("registered"))
		token := link[strings.Index(link, "=")+1:]
		for range 3 {
			b.get(link).shows(200, "Choose a password", "Reset Password")
		}
		b.post("/password/recover", "t", token, "password", "short", "confirm", "short").shows(422, "at least 10 characters")
		if got := b.refused("t", token); !slices.Equal(got, []string{"password"}) {
			t.Errorf("refused %v", got)
		}
		b.post("/password/recover", "t", token, "password", goodPass, "confirm", goodPass).goes("/login").shows(200, "Your password is set.")
		b.get(link).shows(404, "has been used or is too old")
		b.post("/password/recover", "t", token, "password", goodPass, "confirm", goodPass)
		if b.code != 404 {
			t.Errorf("the link again: %d", b.code)
		}
		b.logIn("siobhan@example.com", goodPass).goes("/")
	})
}

func TestForgotPasswordAnswersAlike(t *testing.T) {
	eachWay(t, func(t *testing.T, b *browser) {
		id := b.customer("1001", nil)
		_, err := b.accounts.SaveUser(t.Context(), "siobhan@example.com", goodPass, id)
		must(t, err)
		b.get("/password/forgot").shows(200, "Username", "Send the link")
		b.post("/password/forgot", "username", "nobody").shows(422, "your e-mail address")
		var answers []string
		for _, name := range []string{"siobhan@example.com", "nobody@example.com"} {
			b.post("/password/forgot", "username", name)
			status := b.code
			b.goes("/login")
			answers = append(answers, http.StatusText(status)+b.text())
		}
		if answers[0] != answers[1] || !strings.Contains(answers[0], "is on its way") {
			t.Errorf("known and unknown differ:\n%s\n%s", answers[0], answers[1])
		}
		if n := b.count(`SELECT count(*) FROM outbox`); n != 1 {
			t.Errorf("%d mails", n)
		}
		link := b.find(linkIn, b.mail("recover"))
		other := b.site.browser(b.htmx)
		other.logIn("siobhan@example.com", goodPass).goes("/").shows(200, "Siobhán O'Brien")
		b.get(link).shows(200, "Choose a password")
		b.post("/password/recover", "t", link[strings.Index(link, "=")+1:], "password", "five green apples", "confirm", "five green apples").goes("/login")
		if other.get("/account"); other.to() != "/login?next=%2Faccount" {
			t.Errorf("another session survived the reset: %d %s", other.code, other.to())
		}
		for range 3 {
			b.post("/password/forgot", "username", "nobody@example.com")
		}
		if b.code != 429 || b.header.Get("Retry-After") == "" {
			t.Errorf("the fourth in an hour: %d, Retry-After %q", b.code, b.header.Get("Retry-After"))
		}
		b.shows(429, "too many tries")
	})
}

func TestAskTheDealerToAddAnAddress(t *testing.T) {
	eachWay(t, func(t *testing.T, b *browser) {
		b.customer("1001", func(r *account.Record) { r.RegistrationKey, r.Emails = key, nil })
		b.post("/register", registration()...).shows(422, "Hometown Alarm has no e-mail address of yours on file yet", "Ask Hometown Alarm to add my e-mail")
		b.post("/register", registration("ask", "yes")...).goes("/register/asked").shows(200, "Hometown Alarm has been asked")
		if n := b.count(`SELECT count(*) FROM registrations WHERE state = 'asked'`); n != 1 {
			t.Errorf("%d requests in the office's list", n)
		}
	})
}

func TestJoinByMail(t *testing.T) {
	eachWay(t, func(t *testing.T, b *browser) {
		first := b.customer("2002", nil)
		b.customer("1001", func(r *account.Record) { r.RegistrationKey, r.BusinessName = key, "O'Brien Books" })
		_, err := b.accounts.SaveUser(t.Context(), "siobhan@example.com", goodPass, first)
		must(t, err)
		b.post("/register", registration()...).goes("/login").shows(200, "has a log-in already")
		link := b.find(linkIn, b.mail("join"))
		b.get(link)
		target := "/login?next=" + url.QueryEscape(link)
		b.goes(target).shows(200, "Log in to add the account.")
		b.post("/login", "username", "siobhan@example.com", "password", goodPass, "next", link).goes(link).shows(200, "O'Brien Books", "Add this account")
		b.post("/register/join", "t", link[strings.Index(link, "=")+1:]).goes("/").shows(200, "O'Brien Books was added to your log-in.", "#1001")
		b.get("/account").shows(200, "Accounts under this login", "2002", "Shown now")
		b.post("/account/switch", "number", "2002").goes("/").shows(200, "#2002")
		b.customer("3003", func(r *account.Record) { r.Emails = nil })
		for _, number := range []string{"3003", "9999", ""} {
			b.post("/account/switch", "number", number)
			if b.code != 404 {
				t.Errorf("switching to %q: %d", number, b.code)
			}
		}
		b.get("/").shows(200, "#2002")
	})
}

func TestAccountPage(t *testing.T) {
	eachWay(t, func(t *testing.T, b *browser) {
		id := b.customer("1001", nil)
		_, err := b.accounts.SaveUser(t.Context(), "siobhan@example.com", goodPass, id)
		must(t, err)
		_, err = b.accounts.SaveUser(t.Context(), "eve@example.com", "five green apples", id)
		must(t, err)
		phone, tablet, eve := b.site.browser(b.htmx), b.site.browser(b.htmx), b.site.browser(b.htmx)
		for _, one := range []*browser{b, phone, tablet} {
			one.logIn("siobhan@example.com", goodPass).goes("/")
		}
		eve.logIn("eve@example.com", "five green apples").goes("/")
		device := regexp.MustCompile(`name="device" value="([^"]+)"`)
		b.get("/account").shows(200, "Signed-in devices", "Chrome on Linux", "This device", "Sign out", "Sign out all others")
		found := device.FindAllStringSubmatch(b.body, -1)
		if len(found) != 2 {
			t.Fatalf("%d other devices", len(found))
		}
		eve.post("/account/devices/end", "device", found[0][1])
		if eve.code != 404 {
			t.Errorf("ending somebody else's session: %d", eve.code)
		}
		b.post("/account/devices/end", "device", found[0][1])
		if b.htmx {
			b.shows(200, "Signed-in devices")
		} else {
			b.goes("/account").shows(200, "The device is signed out.")
		}
		if left := device.FindAllString(b.body, -1); len(left) != 1 {
			t.Errorf("%d other devices are left", len(left))
		}
		b.post("/account/devices/end-others")
		for _, one := range []*browser{phone, tablet} {
			if one.get("/"); one.to() != "/login" {
				t.Errorf("a device is still in: %d", one.code)
			}
		}
		eve.get("/").shows(200)
		b.post("/account/password", "current", "x", "password", "six green apples", "confirm", "six green apples").shows(422, "This is not your present password")
		if got := b.refused("current", "", "password", ""); !slices.Equal(got, []string{"current"}) {
			t.Errorf("refused %v", got)
		}
		b.post("/account/password", "current", goodPass, "password", "six green apples", "confirm", "six green apples").goes("/account").shows(200, "Your password is changed.")
		b.post("/session/extend")
		if want := map[bool]int{true: 204, false: 303}[b.htmx]; b.code != want {
			t.Errorf("staying logged in: %d", b.code)
		}
		value := b.cookies["__Host-session"].Value
		b.post("/logout")
		if got := b.header.Get("Clear-Site-Data"); got != `"cache", "storage"` {
			t.Errorf("Clear-Site-Data %q", got)
		}
		b.goes("/login").shows(200, "You are logged out.")
		b.cookies["__Host-session"] = &http.Cookie{Name: "__Host-session", Value: value}
		if b.get("/account"); b.to() != "/login?next=%2Faccount" {
			t.Errorf("the cookie lives after the log-out: %d", b.code)
		}
	})
}

func TestSessionCookie(t *testing.T) {
	for _, tt := range []struct {
		address, name string
		secure        bool
	}{{"https://portal.example.com", "__Host-session", true}, {"http://portal.example.com", "session", false}} {
		t.Run(tt.address, func(t *testing.T) {
			b := newSite(t, tt.address).browser(false)
			id := b.customer("1001", nil)
			_, err := b.accounts.SaveUser(t.Context(), "siobhan@example.com", goodPass, id)
			must(t, err)
			// a value that was planted before the log-in is worth nothing after it
			b.cookies[tt.name] = &http.Cookie{Name: tt.name, Value: "planted"}
			b.logIn("siobhan@example.com", goodPass)
			c := b.cookies[tt.name]
			if c == nil || c.Value == "planted" || len(c.Value) != 43 {
				t.Fatalf("cookie %+v", c)
			}
			if !c.HttpOnly || c.Secure != tt.secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 0 {
				t.Errorf("cookie %+v", c)
			}
			first := c.Value
			b.logIn("siobhan@example.com", goodPass)
			if b.cookies[tt.name].Value == first {
				t.Error("a new log-in keeps the old value")
			}
			if n := b.count(`SELECT count(*) FROM sessions`); n != 1 {
				t.Errorf("%d sessions; the one before must be gone", n)
			}
			if n := b.count(`SELECT count(*) FROM sessions WHERE instr(hash, ?) OR instr(data, ?)`, first, first); n != 0 {
				t.Error("the value itself is stored")
			}
			if b.get("/account"); b.header.Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control %q", b.header.Get("Cache-Control"))
			}
		})
	}
}

func TestLogInGoesOnlyToOwnPaths(t *testing.T) {
	s := newSite(t, "https://portal.example.com")
	id := s.customer("1001", nil)
	_, err := s.accounts.SaveUser(t.Context(), "siobhan@example.com", goodPass, id)
	must(t, err)
	for next, want := range map[string]string{
		"": "/", "/payments": "/payments", "/pay?invoice=7": "/pay?invoice=7",
		"//evil.example": "/", "https://evil.example": "/", `/\evil.example`: "/", "/\tevil": "/", "javascript:alert(1)": "/", "/office": "/",
	} {
		b := s.browser(false)
		b.post("/login", "username", "siobhan@example.com", "password", goodPass, "next", next)
		if b.to() != want {
			t.Errorf("next=%q leads to %q", next, b.to())
		}
	}
}

func TestLogInThrottledWhateverAddressIsClaimed(t *testing.T) {
	s := newSite(t, "https://portal.example.com")
	id := s.customer("1001", nil)
	_, err := s.accounts.SaveUser(t.Context(), "siobhan@example.com", goodPass, id)
	must(t, err)
	last := 0
	for i := range 50 {
		form := url.Values{"username": {"siobhan@example.com"}, "password": {"wrong password"}}
		r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(form.Encode()))
		r.Host = s.host
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-For", "198.51.100."+strconv.Itoa(i))
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		last = w.Code
		if i >= 10 && (last != 429 || w.Header().Get("Retry-After") == "") {
			t.Errorf("try %d: %d, Retry-After %q", i, last, w.Header().Get("Retry-After"))
		}
	}
	if n := s.count(`SELECT count(*) FROM audit WHERE ip LIKE '198.51.100.%'`); n != 0 {
		t.Errorf("%d lines of the trail believe the header", n)
	}
}

// TestStaffWayIn sets the first owner up and logs in with the second factor.
func TestStaffWayIn(t *testing.T) {
	eachWay(t, func(t *testing.T, b *browser) {
		b.get("/office/setup").shows(404)
		b.get("/office/setup?t=guess").shows(404)
		b.post("/office/setup", "t", "guess", "email", "eve@example.com", "name", "Eve", "password", staffPass, "confirm", staffPass)
		if b.code != 404 || b.count(`SELECT count(*) FROM staff`) != 0 {
			t.Fatalf("set up without a link: %d", b.code)
		}
		path, err := b.accounts.FirstOwner(t.Context())
		must(t, err)
		token := path[strings.Index(path, "=")+1:]
		b.get(path).shows(200, "Set up your portal")
		b.post("/office/setup", "t", token, "email", "ann", "name", "", "password", "x", "confirm", "x").shows(422)
		if got := b.refused("email", "ann", "t", token); !slices.Equal(got, []string{"email", "name", "password"}) {
			t.Errorf("refused %v", got)
		}
		b.post("/office/setup", "t", token, "email", "ann@hometown.example", "name", "Ann", "password", staffPass, "confirm", staffPass).goes("/office/enrol").shows(200, "Set up your second step")
		b.get(path).shows(404)
		if b.get("/office/enrol.png"); b.code != 200 || b.header.Get("Content-Type") != "image/png" || b.header.Get("Cache-Control") != "no-store" {
			t.Errorf("picture: %d %v", b.code, b.header)
		}
		if b.get("/"); b.to() != "/office/enrol" {
			t.Errorf("before the second step / leads to %q", b.to())
		}
		secret := strings.ReplaceAll(b.find(regexp.MustCompile(`<code>([A-Z2-7-]+)</code>`), b.get("/office/enrol").body), "-", "")
		b.post("/office/enrol", "code", "12").shows(422, "six digits")
		if got := b.refused("code", "12"); !slices.Equal(got, []string{"code"}) {
			t.Errorf("refused %v", got)
		}
		code, err := account.CodeAt(secret, b.fake.Now())
		must(t, err)
		before := b.cookies["__Host-session"].Value
		b.post("/office/enrol", "code", code).shows(200, "Keep these recovery codes")
		if b.cookies["__Host-session"].Value == before {
			t.Error("the session's value stays over the second step")
		}
		recovery := b.find(regexp.MustCompile(`<code>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})</code>`), b.body)

		next := b.site.browser(b.htmx)
		next.logIn("Ann@hometown.example", staffPass).goes("/office/code").shows(200, "Second step")
		if next.get("/account"); next.to() != "/office/code" {
			t.Errorf("before the code /account leads to %q", next.to())
		}
		next.post("/office/code", "code", code).shows(422, "was used before")
		next.post("/office/code", "code", recovery)
		if next.to() != "/office" {
			t.Errorf("a recovery code leads to %q", next.to())
		}
		// staff are not customers
		if next.get("/account"); next.code != 404 {
			t.Errorf("/account for staff: %d", next.code)
		}
		next.get("/office/account").shows(200, "ann@hometown.example", "9 recovery codes are left")
		next.post("/office/account/password", "current", "x", "password", "ten small boats", "confirm", "ten small boats").shows(422, "This is not your present password")
		next.post("/office/account/password", "current", staffPass, "password", "ten small boats", "confirm", "ten small boats").goes("/office/account").shows(200, "Your password is changed.")
		if b.get("/office/account"); b.to() != "/login?next=%2Foffice%2Faccount" {
			t.Errorf("another device is still in: %d", b.code)
		}
		next.post("/office/account/codes", "code", code).shows(422, "was used before")
		b.fake.Advance(30 * time.Second)
		code, err = account.CodeAt(secret, b.fake.Now())
		must(t, err)
		next.post("/office/account/codes", "code", code).shows(200, "Keep these recovery codes")
		next.post("/logout").goes("/login")
	})
}

func TestEmailIsConfirmedByTheButton(t *testing.T) {
	eachWay(t, func(t *testing.T, b *browser) {
		id := b.customer("1001", nil)
		user, err := b.accounts.SaveUser(t.Context(), "siobhan@example.com", goodPass, id)
		must(t, err)
		c, err := b.accounts.ContactOf(t.Context(), id)
		must(t, err)
		c.Email, c.Password = "new@example.com", goodPass
		must(t, b.accounts.UpdateContact(t.Context(), audit.Actor{Kind: audit.Customer, UserID: user}, id, c))
		link := b.find(linkIn, b.mail("confirm_email"))
		for range 2 {
			b.get(link).shows(200, "new@example.com", "Confirm this address")
		}
		if n := b.count(`SELECT count(*) FROM users WHERE email = 'new@example.com'`); n != 0 {
			t.Error("opening the link changed the address")
		}
		b.post("/email/confirm", "t", link[strings.Index(link, "=")+1:]).goes("/login").shows(200, "new@example.com is your e-mail address from now on.")
		b.logIn("new@example.com", goodPass).goes("/")
		b.get(link).shows(404)
	})
}

// TestNothingSecretIsLogged feeds marks to every field and looks for them in
// the log, and for control characters that would forge a line.
func TestNothingSecretIsLogged(t *testing.T) {
	s := newSite(t, "https://portal.example.com")
	s.customer("1001", withKey)
	b := s.browser(false)
	marks := []string{}
	mark := func(name string) string {
		m := "MARK" + name + "\n{\"level\":\"ERROR\"}"
		marks = append(marks, "MARK"+name)
		return m
	}
	b.post("/login", "username", mark("user"), "password", mark("pass"), "next", "/x?"+mark("next"))
	b.post("/register", "key", mark("key"), "number", mark("number"), "zip", mark("zip"), "first_name", mark("first"), "last_name", mark("last"), "phone", mark("phone"), "email", mark("email"))
	b.post("/password/forgot", "username", mark("forgot"))
	b.get("/password/recover?t=MARKtoken")
	b.get("/login?next=/MARKquery")
	marks = append(marks, "MARKtoken", "MARKquery", key)
	b.post("/register", registration()...)
	temporary := b.find(temporaryIn, b.mail("registered"))
	link := b.find(linkIn, b.mail("registered"))
	b.get(link)
	b.logIn("siobhan@example.com", temporary).goes("/password/reset")
	marks = append(marks, temporary, link[strings.Index(link, "=")+1:], b.cookies["__Host-session"].Value, goodPass)
	b.post("/password/reset", "password", goodPass, "confirm", goodPass)
	for _, m := range marks {
		if strings.Contains(s.log.String(), m) {
			t.Errorf("the log has %s", m)
		}
	}
	for line := range strings.Lines(s.log.String()) {
		if !strings.HasPrefix(line, `{"time":`) || !strings.HasSuffix(line, "}\n") {
			t.Errorf("a forged line: %q", line)
		}
	}
	for _, table := range []string{"audit", "attempts", "registrations", "tokens", "sessions"} {
		rows, err := s.db.Reader().QueryContext(t.Context(), `SELECT * FROM `+table)
		must(t, err)
		cols, err := rows.Columns()
		must(t, err)
		for rows.Next() {
			values := make([]any, len(cols))
			for i := range values {
				values[i] = new(any)
			}
			must(t, rows.Scan(values...))
			for i, v := range values {
				text, _ := (*v.(*any)).(string)
				for _, m := range []string{"MARKpass", "MARKuser", key, temporary, goodPass} {
					if strings.Contains(text, m) {
						t.Errorf("%s.%s holds %s", table, cols[i], m)
					}
				}
			}
		}
		must(t, rows.Err())
		must(t, rows.Close())
	}
}

// TestNoGetChangesAnything opens every page of logging in and compares the
// books before and after.
func TestNoGetChangesAnything(t *testing.T) {
	s := newSite(t, "https://portal.example.com")
	id := s.customer("1001", withKey)
	_, err := s.accounts.SaveUser(t.Context(), "siobhan@example.com", goodPass, id)
	must(t, err)
	b := s.browser(false)
	b.post("/password/forgot", "username", "siobhan@example.com")
	link := b.find(linkIn, b.mail("recover"))
	setup, err := s.accounts.FirstOwner(t.Context())
	must(t, err)
	b.logIn("siobhan@example.com", goodPass)
	// the version of the file's content that another connection sees
	version := func() int {
		return s.count(`SELECT (SELECT count(*) FROM audit) + (SELECT count(*) FROM attempts) + (SELECT count(*) FROM outbox) + (SELECT sum(used_at > 0) FROM tokens) + (SELECT count(*) FROM sessions) + (SELECT sum(last_seen_at) FROM sessions) + (SELECT count(*) FROM registrations)`)
	}
	before := version()
	for _, path := range []string{"/login", "/register", "/register/done", "/register/asked", "/register/join?t=x", "/password/forgot", link, setup, "/account", "/email/confirm?t=x", "/logout", "/session/extend", "/account/switch", "/"} {
		b.get(path)
	}
	if version() != before {
		t.Error("a GET changed the books")
	}
}

// TestMailChoices: what a log-in does not want it does not get, by a plain form
// and by htmx; receipts are no matter of choice.
func TestMailChoices(t *testing.T) {
	for _, htmx := range []bool{false, true} {
		s := newSite(t, "https://portal.example.com")
		id := s.customer("1001", nil)
		_, err := s.accounts.SaveUser(t.Context(), "siobhan@example.com", goodPass, id)
		must(t, err)
		b := s.browser(htmx)
		b.logIn("siobhan@example.com", goodPass).goes("/")
		b.get("/account").shows(200)
		if !strings.Contains(b.body, `name="invoices" value="1" checked`) || !strings.Contains(b.body, `name="reminders" value="1" checked`) {
			t.Fatalf("not all are wanted at first:\n%s", b.body)
		}
		b.post("/account/mail", "invoices", "1", "receipts", "0").goes("/account")
		b.get("/account")
		if !strings.Contains(b.body, `name="invoices" value="1" checked`) || strings.Contains(b.body, `name="reminders" value="1" checked`) {
			t.Errorf("after the choice:\n%s", b.body)
		}
		b.post("/account/mail", "invoices", "1")
		if n := s.count(`SELECT count(*) FROM audit WHERE action = 'user.mail_choices'`); n != 1 {
			t.Errorf("%d lines in the trail", n)
		}
	}
}
