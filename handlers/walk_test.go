package handlers_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"customerportal/handlers"
	"customerportal/handlers/web"
	"customerportal/internal/account"
)

// safe are the methods that change nothing.
func safe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// TestOtherSitesSendNothing sends every form from a page of another site, in
// each way a browser says so, to whoever is signed in: nothing is carried out,
// the webhook included, whose senders are no browsers.
func TestOtherSitesSendNothing(t *testing.T) {
	s := newSite(t, "https://portal.example.com")
	id := s.customer("1001", nil)
	_, err := s.accounts.SaveUser(t.Context(), "siobhan@example.com", goodPass, id)
	must(t, err)
	customer := s.browser(false)
	customer.logIn("siobhan@example.com", goodPass).goes("/").shows(200)
	forms := 0
	for _, r := range tables() {
		if safe(r.Method) {
			continue
		}
		forms++
		path := strings.NewReplacer(":gateway", "sandbox", ":number", "1001", ":id", "1", ":verb", "end", ":section", "company").Replace(r.Path)
		for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
			for _, who := range []*browser{s.browser(false), customer} {
				req := httptest.NewRequest(r.Method, path, strings.NewReader("username=siobhan%40example.com&password="+url.QueryEscape(goodPass)))
				req.Host = s.host
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				req.Header.Set(header[0], header[1])
				for _, c := range who.cookies {
					req.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
				}
				w := httptest.NewRecorder()
				s.handler.ServeHTTP(w, req)
				if w.Code != http.StatusForbidden || len(w.Result().Cookies()) != 0 {
					t.Errorf("%s %s with %s: %d, %d cookies", r.Method, path, header, w.Code, len(w.Result().Cookies()))
				}
				for _, key := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Strict-Transport-Security"} {
					if w.Header().Get(key) == "" {
						t.Errorf("%s %s: the refusal has no %s", r.Method, path, key)
					}
				}
				if w.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("%s %s: the refusal may be kept", r.Method, path)
				}
			}
		}
	}
	if forms < 30 {
		t.Errorf("only %d forms", forms)
	}
	customer.get("/account").shows(200) // still signed in
	if n := s.count(`SELECT count(*) FROM sessions`); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// TestClientAddress believes X-Forwarded-For from a proxy that was named, and
// there only what the proxy itself put last.
func TestClientAddress(t *testing.T) {
	_, proxies, err := net.ParseCIDR("192.0.2.0/24")
	must(t, err)
	s := newSite(t, "https://portal.example.com")
	for _, tt := range []struct {
		name, peer, forwarded, want string
		trusted                     []*net.IPNet
	}{
		{"nobody is trusted", "192.0.2.1:9", "198.51.100.7", "192.0.2.1", nil},
		{"the proxy's word", "192.0.2.1:9", "198.51.100.7", "198.51.100.7", []*net.IPNet{proxies}},
		{"not the client's own", "192.0.2.1:9", "203.0.113.1, 198.51.100.7", "198.51.100.7", []*net.IPNet{proxies}},
		{"past a second proxy", "192.0.2.1:9", "203.0.113.1, 198.51.100.7, 192.0.2.2", "198.51.100.7", []*net.IPNet{proxies}},
		{"not another peer's", "203.0.113.9:9", "198.51.100.7", "203.0.113.9", []*net.IPNet{proxies}},
		{"not the machine's own", "127.0.0.1:9", "198.51.100.7", "127.0.0.1", []*net.IPNet{proxies}},
		{"not a private net's", "10.0.0.1:9", "198.51.100.7", "10.0.0.1", []*net.IPNet{proxies}},
		{"nonsense", "192.0.2.1:9", "unknown", "192.0.2.1", []*net.IPNet{proxies}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			h := handlers.New(s.app, tt.trusted, []web.Route{{Name: "who", Method: http.MethodGet, Path: "/who", Access: web.Anyone(), Handler: func(c echo.Context) error {
				got = c.RealIP()
				return nil
			}}})
			r := httptest.NewRequest(http.MethodGet, "/who", nil)
			r.Host, r.RemoteAddr = s.host, tt.peer
			r.Header.Set("X-Forwarded-For", tt.forwarded)
			r.Header.Set("X-Real-Ip", "203.0.113.200")
			h.ServeHTTP(httptest.NewRecorder(), r)
			if got != tt.want {
				t.Errorf("%s", got)
			}
		})
	}
}

// TestExtraFieldsRaiseNobody adds to each of a customer's forms the fields that
// would make more of him, were forms read blindly.
func TestExtraFieldsRaiseNobody(t *testing.T) {
	s := newSite(t, "https://portal.example.com")
	id := s.customer("1001", nil)
	s.customer("2002", func(r *account.Record) {
		r.Emails, r.RegistrationKey = []string{"other@example.com"}, "0000111122223333"
	})
	_, err := s.accounts.SaveUser(t.Context(), "siobhan@example.com", goodPass, id)
	must(t, err)
	b := s.browser(false)
	extra := []string{
		"role", "owner", "staff", "1", "staff_id", "1", "stage", "", "user_id", "1", "customer", "2002", "customer_id", "2",
		"id", "2", "balance_cents", "0", "auto_pay_day", "28", "status", "inactive", "registration_key", "AAAABBBBCCCCDDDD", "granted_at", "1", "temporary", "x",
	}
	state := func() string {
		var text string
		must(t, s.db.Reader().QueryRowContext(t.Context(), `SELECT
			(SELECT group_concat(number || status || auto_pay_day || registration_key || terms) FROM customers) ||
			(SELECT group_concat(customer_id || ' ' || user_id) FROM customer_users) ||
			(SELECT count(*) FROM staff) || ' ' || (SELECT group_concat(customer_id || coalesce(staff_id, '-') || stage) FROM sessions)`).Scan(&text))
		return text
	}
	b.post("/login", append([]string{"username", "siobhan@example.com", "password", goodPass}, extra...)...).goes("/").shows(200, "#1001")
	before := state()
	b.post("/session/extend", extra...)
	b.post("/contact", append([]string{"first_name", "Siobhán", "last_name", "O'Brien", "address1", "13 Elm St", "city", "Albany", "state", "NY", "zip", "12207", "phone", "(518) 555-0101", "email", "siobhan@example.com"}, extra...)...)
	if b.code >= 400 {
		t.Fatalf("the form itself was refused: %d %s", b.code, b.text())
	}
	b.post("/account/password", append([]string{"current", goodPass, "password", "six green apples", "confirm", "six green apples"}, extra...)...).goes("/account").shows(200, "Your password is changed.")
	if n := s.count(`SELECT count(*) FROM customers WHERE address1 = '13 Elm St'`); n != 1 {
		t.Errorf("%d customers moved", n)
	}
	if after := state(); after != before {
		t.Errorf("before %s\nafter  %s", before, after)
	}
	if b.get("/office"); b.code != http.StatusNotFound {
		t.Errorf("the office for a customer: %d", b.code)
	}
	b.get("/").shows(200, "#1001")
}
