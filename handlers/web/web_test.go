package web_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/db/dbtest"
	"customerportal/handlers"
	"customerportal/handlers/web"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/settings"
	"customerportal/static"
	"customerportal/views"
	officeviews "customerportal/views/office"
	portalviews "customerportal/views/portal"
)

const ownHost = "portal.example.com"

// house is the frame with a few routes of its own, without any real screen.
type house struct {
	app     *web.App
	handler http.Handler
	log     *bytes.Buffer
	viewer  web.Viewer
	// got is the form that the last POST /echo was given
	got url.Values
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{log: &bytes.Buffer{}}
	clock := calendar.Clock(func() time.Time { return time.Date(2026, 11, 2, 15, 0, 0, 0, time.UTC) })
	books := dbtest.New(t)
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	if err != nil {
		t.Fatal(err)
	}
	assets, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := views.New(views.Shared, map[string]fs.FS{"portal": portalviews.Files, "office": officeviews.Files}, assets.URL)
	if err != nil {
		t.Fatal(err)
	}
	h.app = &web.App{
		DB: books, Clock: clock, Log: slog.New(slog.NewTextHandler(h.log, nil)), Settings: settings.New(books, clock, sealer),
		Views: renderer, Assets: assets, PublicURL: "https://" + ownHost, FormTargets: []string{"https://pay.example"},
		Authenticate: func(echo.Context) (web.Viewer, error) { return h.viewer, nil },
	}
	fail := func(err error) echo.HandlerFunc { return func(echo.Context) error { return err } }
	route := func(method, path string, access web.Access, f echo.HandlerFunc) web.Route {
		return web.Route{Name: method + path, Method: method, Path: path, Access: access, Handler: f}
	}
	table := []web.Route{
		route("GET", "/words", web.Anyone(), func(c echo.Context) error {
			return c.HTML(http.StatusOK, strings.Repeat("<p>words</p>", 1000))
		}),
		route("POST", "/echo", web.Anyone(), func(c echo.Context) error {
			h.got = c.Request().Form
			_ = c.FormValue("note")
			return c.String(http.StatusOK, "ok")
		}),
		route("GET", "/panic", web.Anyone(), func(echo.Context) error { panic("SELECT secret FROM table") }),
		route("GET", "/broken", web.Anyone(), fail(errors.New("sql: /var/lib/portal.db: disk I/O error"))),
		route("GET", "/busy", web.Anyone(), fail(&fault.Error{Kind: fault.TooMany, Message: "Wait a minute.", RetryAfter: 90*time.Second + 1})),
		route("GET", "/gone", web.Anyone(), fail(fault.Missing("invoice"))),
		route("GET", "/changed", web.Anyone(), fail(fault.New(fault.Conflict, "Somebody <b>else</b> was quicker."))),
		route("POST", web.ProposalsPath+"late", web.Anyone(), func(c echo.Context) error {
			if err := h.app.ReadForm(c); err != nil {
				return err
			}
			if err := c.Request().Context().Err(); err != nil {
				return fmt.Errorf("after the form: %w", err)
			}
			return fault.New(fault.Conflict, "It came to %s, too late.", c.FormValue("note"))
		}),
		route("POST", "/workorders/new", web.Anyone(), func(c echo.Context) error {
			sent, err := h.app.Photos(c)
			if err != nil {
				return err
			}
			defer sent.Close()
			return fault.Missing("site")
		}),
		route("GET", "/slow", web.Anyone(), func(c echo.Context) error {
			<-c.Request().Context().Done()
			return c.Request().Context().Err()
		}),
		route("GET", "/customer", web.Customer(), func(c echo.Context) error { return c.String(http.StatusOK, "private") }),
		route("GET", "/office/billing", web.Staff("billing"), func(c echo.Context) error { return c.String(http.StatusOK, "private") }),
		route("GET", "/forgotten", web.Access{}, func(c echo.Context) error { return c.String(http.StatusOK, "private") }),
	}
	h.handler = handlers.New(h.app, nil, table)
	return h
}

// do sends a request from a browser on the portal's own pages.
func (h *house) do(method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = ownHost
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

// checkHeaders holds an answer to the headers that every answer has.
func checkHeaders(t *testing.T, name string, w *httptest.ResponseRecorder) {
	t.Helper()
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
			"form-action 'self' https://pay.example; frame-ancestors 'none'; base-uri 'none'; object-src 'none'",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Strict-Transport-Security":    "max-age=31536000; includeSubDomains",
	}
	for key, value := range want {
		if got := w.Header().Get(key); got != value {
			t.Errorf("%s: %s is %q, want %q", name, key, got, value)
		}
	}
	for _, key := range []string{"Permissions-Policy", "Cache-Control"} {
		if w.Header().Get(key) == "" {
			t.Errorf("%s: no %s", name, key)
		}
	}
	for _, key := range []string{"Server", "X-Powered-By", "Access-Control-Allow-Origin"} {
		if got := w.Header().Get(key); got != "" {
			t.Errorf("%s: %s is %q", name, key, got)
		}
	}
}

func TestErrorsBecomePages(t *testing.T) {
	tests := []struct {
		name, method, target, body string
		header                     []string
		status                     int
		says                       string
	}{
		{name: "unknown address", method: "GET", target: "/nothing", status: 404, says: "There is no such page here."},
		{name: "wrong method", method: "DELETE", target: "/words", status: 405, says: "There is no such page here."},
		{name: "missing thing", method: "GET", target: "/gone", status: 404, says: "There is no such invoice here."},
		{name: "missing file", method: "GET", target: "/static/portal.000000000000.css", status: 404, says: "There is no such file here."},
		{name: "file by its plain name", method: "GET", target: "/static/portal.css", status: 404, says: "There is no such file here."},
		{name: "colour of another day", method: "GET", target: "/brand/accent.000000000000.css", status: 404, says: "There is no such file here."},
		{name: "changed", method: "GET", target: "/changed", status: 409, says: "Somebody &lt;b&gt;else&lt;/b&gt; was quicker."},
		{name: "too many", method: "GET", target: "/busy", status: 429, says: "Wait a minute."},
		{name: "broken", method: "GET", target: "/broken", status: 500, says: "This is our fault, not yours."},
		{name: "panic", method: "GET", target: "/panic", status: 500, says: "This is our fault, not yours."},
		{name: "too large where files are sent", method: "POST", target: "/office/proposals/new", body: "note=" + strings.Repeat("x", 1<<20), status: 413, says: "too large"},
		{name: "too large where photos are sent", method: "POST", target: "/workorders/new", body: "note=" + strings.Repeat("x", 1<<20), status: 413, says: "too large"},
		{name: "too large", method: "POST", target: "/echo", body: "note=" + strings.Repeat("x", 1<<20), status: 413, says: "too large"},
		{name: "another site", method: "POST", target: "/echo", body: "note=x", header: []string{"Sec-Fetch-Site", "cross-site"}, status: 403, says: "came from another site"},
		{name: "another site by origin", method: "POST", target: "/echo", body: "note=x", header: []string{"Origin", "https://evil.example"}, status: 403, says: "came from another site"},
		{name: "no origin", method: "POST", target: "/echo", body: "note=x", header: []string{"Origin", "null"}, status: 403, says: "came from another site"},
		{name: "another host", method: "GET", target: "/words", header: []string{"Host", "evil.example"}, status: 421, says: "not reached at this address"},
		{name: "nobody's route", method: "GET", target: "/forgotten", status: 404, says: "There is no such page here."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			for _, htmx := range []bool{false, true} {
				header := tt.header
				if htmx {
					header = append([]string{"HX-Request", "true"}, header...)
				}
				w := h.do(tt.method, tt.target, tt.body, header...)
				checkHeaders(t, tt.name, w)
				body := w.Body.String()
				if w.Code != tt.status || !strings.Contains(body, tt.says) {
					t.Errorf("htmx %v: status %d, want %d with %q\n%s", htmx, w.Code, tt.status, tt.says, body)
				}
				if w.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("htmx %v: Cache-Control %q", htmx, w.Header().Get("Cache-Control"))
				}
				if full := strings.Contains(body, "<html"); full == htmx {
					t.Errorf("htmx %v: whole page %v", htmx, full)
				}
				if htmx && w.Header().Get("HX-Retarget") != "#problem" {
					t.Errorf("HX-Retarget %q", w.Header().Get("HX-Retarget"))
				}
				for _, leak := range []string{"SELECT", "sql:", "/var/lib", "goroutine", ".go:"} {
					if strings.Contains(body, leak) {
						t.Errorf("the page says %q", leak)
					}
				}
			}
		})
	}
}

func TestErrorReferenceIsInTheLog(t *testing.T) {
	h := newHouse(t)
	for _, target := range []string{"/broken", "/panic"} {
		h.log.Reset()
		body := h.do("GET", target, "").Body.String()
		_, after, found := strings.Cut(body, "please mention <strong>")
		reference, _, _ := strings.Cut(after, "</strong>")
		if !found || len(reference) != 12 || strings.Count(h.log.String(), "request="+reference) < 2 {
			t.Errorf("%s: reference %q is not with the error in the log:\n%s", target, reference, h.log)
		}
	}
	if w := h.do("GET", "/busy", ""); w.Header().Get("Retry-After") != "91" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
}

// TestErrorPageWithoutBooks closes the books under the running program: the
// page of last resort needs none.
func TestErrorPageWithoutBooks(t *testing.T) {
	h := newHouse(t)
	if err := h.app.DB.Close(); err != nil {
		t.Fatal(err)
	}
	w := h.do("GET", "/nothing", "")
	checkHeaders(t, "last resort", w)
	if body := w.Body.String(); w.Code != 404 || !strings.Contains(body, "Something went wrong") || strings.Contains(body, "REFERENCE") {
		t.Errorf("status %d\n%s", w.Code, body)
	}
	if w := h.do("GET", "/healthz", ""); w.Code != 500 {
		t.Errorf("health without books: %d", w.Code)
	}
}

// TestErrorPageAfterTheTime answers in words when the time of the request is over,
// and gives it anew behind an upload that took all of it.
func TestErrorPageAfterTheTime(t *testing.T) {
	h := newHouse(t)
	send := func(method, path, body string) *httptest.ResponseRecorder {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		form, to := io.Pipe()
		go func() { // all of it comes when the time is over
			<-ctx.Done()
			_, _ = io.WriteString(to, "--edge\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n"+body+"\r\n--edge--\r\n")
			_ = to.Close()
		}()
		r := httptest.NewRequestWithContext(ctx, method, path, form)
		r.Host = ownHost
		if method == "POST" {
			r.Header.Set("Content-Type", "multipart/form-data; boundary=edge")
		}
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		return w
	}
	for path, want := range map[string]struct {
		method string
		status int
		words  string
	}{
		web.ProposalsPath + "late": {"POST", 409, "It came to five, too late."},
		"/workorders/new":          {"POST", 404, "There is no such site here."},
		"/slow":                    {"GET", 503, "The portal is very busy."},
	} {
		if w := send(want.method, path, "five"); w.Code != want.status || !strings.Contains(w.Body.String(), want.words) {
			t.Errorf("%s: %d\n%s", path, w.Code, w.Body.String())
		}
	}
}

func TestHealthNeedsNoName(t *testing.T) {
	h := newHouse(t)
	if w := h.do("GET", "/healthz", "", "Host", "127.0.0.1:8080"); w.Code != 200 || w.Body.String() != "ok\n" {
		t.Errorf("health: %d %q", w.Code, w.Body)
	}
	for _, host := range []string{"", "evil.example", ownHost + ".evil.example", "127.0.0.1"} {
		if w := h.do("GET", "/healthz/words", "", "Host", host); w.Code != 421 {
			t.Errorf("Host %q passed with %d", host, w.Code)
		}
	}
	if w := h.do("GET", "/words", "", "Host", strings.ToUpper(ownHost)); w.Code != 200 {
		t.Errorf("Host in capitals: %d", w.Code)
	}
}

func TestOwnFormsPass(t *testing.T) {
	h := newHouse(t)
	for _, header := range [][]string{{}, {"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"}, {"Origin", "https://" + ownHost}} {
		if w := h.do("POST", "/echo", "note=hello", header...); w.Code != 200 || h.got.Get("note") != "hello" {
			t.Errorf("%v: %d, note %q", header, w.Code, h.got.Get("note"))
		}
	}
}

// TestHostileRequests sends what no form of ours sends: it never comes further
// than the door, and never makes an error of ours.
func TestHostileRequests(t *testing.T) {
	multipart := func(body string) []string {
		return []string{"Content-Type", "multipart/form-data; boundary=x", "Content-Length", "0"}
	}
	tests := []struct {
		name, method, target, body string
		header                     []string
		status                     int
	}{
		{name: "NUL", method: "POST", target: "/echo", body: "note=a%00b", status: 400},
		{name: "bad UTF-8", method: "POST", target: "/echo", body: "note=%ff%fe", status: 400},
		{name: "bad UTF-8 in a name", method: "POST", target: "/echo", body: "%ff=1", status: 400},
		{name: "bad escape", method: "POST", target: "/echo", body: "note=%zz", status: 400},
		{name: "semicolons", method: "POST", target: "/echo", body: "a=1;b=2", status: 400},
		{name: "NUL in a query", method: "GET", target: "/words?q=%00", status: 400},
		{name: "mangled query", method: "GET", target: "/words?discount=100%", status: 200},
		{name: "NUL in the path", method: "GET", target: "/%00", status: 404},
		{name: "no type", method: "POST", target: "/echo", body: "note=x", header: []string{"Content-Type", ""}, status: 200},
		{name: "nonsense type", method: "POST", target: "/echo", body: "note=x", header: []string{"Content-Type", "a/b/c; ;;="}, status: 400},
		{name: "JSON", method: "POST", target: "/echo", body: `{"note":"x"}`, header: []string{"Content-Type", "application/json"}, status: 200},
		{name: "multipart without boundary", method: "POST", target: "/echo", body: "--x", header: []string{"Content-Type", "multipart/form-data"}, status: 400},
		{name: "multipart cut off", method: "POST", target: "/echo", body: "--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhal", header: multipart(""), status: 400},
		{name: "multipart of another boundary", method: "POST", target: "/echo", body: "--y\r\n\r\n--y--", header: multipart(""), status: 400},
		{name: "multipart with a NUL", method: "POST", target: "/echo", body: "--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n\x00\r\n--x--\r\n", header: multipart(""), status: 400},
		{name: "encoded slashes", method: "GET", target: "/static/..%2f..%2fgo.mod", status: 404},
		{name: "dots", method: "GET", target: "/static/../../go.mod", status: 404},
		{name: "unknown verb", method: "BREW", target: "/words", status: 405},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			w := h.do(tt.method, tt.target, tt.body, tt.header...)
			checkHeaders(t, tt.name, w)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d\n%s", w.Code, tt.status, w.Body)
			}
		})
	}
}

// TestEndlessBody sends a body without a length that never ends.
func TestEndlessBody(t *testing.T) {
	h := newHouse(t)
	r := httptest.NewRequest("POST", "/echo", io.MultiReader(strings.NewReader("note="), endless{}))
	r.Host, r.ContentLength = ownHost, -1
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	if w.Code != 413 {
		t.Errorf("status %d", w.Code)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestCompression(t *testing.T) {
	h := newHouse(t)
	unpack := func(w *httptest.ResponseRecorder) string {
		t.Helper()
		if got := w.Header().Get("Content-Encoding"); got != "gzip" {
			t.Fatalf("Content-Encoding %q", got)
		}
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if got := unpack(h.do("GET", "/words", "", "Accept-Encoding", "gzip")); !strings.HasPrefix(got, "<p>words</p>") {
		t.Errorf("page: %.40q", got)
	}
	// packed once, at start
	if got := unpack(h.do("GET", h.app.Assets.URL("portal.css"), "", "Accept-Encoding", "gzip")); !strings.HasPrefix(got, "/* Our layer") {
		t.Errorf("style sheet: %.40q", got)
	}
	if w := h.do("GET", "/words", ""); w.Header().Get("Content-Encoding") != "" || !strings.HasPrefix(w.Body.String(), "<p>") {
		t.Errorf("unasked: %q", w.Header().Get("Content-Encoding"))
	}
}

func TestHeadIsGetWithoutBody(t *testing.T) {
	server := httptest.NewServer(newHouse(t).handler)
	defer server.Close()
	resp, err := http.Head(server.URL + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("HEAD: %d", resp.StatusCode)
	}
}

func TestAccent(t *testing.T) {
	h := newHouse(t)
	accent := func() string {
		t.Helper()
		_, after, found := strings.Cut(h.do("GET", "/nothing", "").Body.String(), `href="/brand/accent.`)
		hash, _, _ := strings.Cut(after, `"`)
		if !found {
			t.Fatal("the page has no accent")
		}
		return "/brand/accent." + hash
	}
	before := accent()
	w := h.do("GET", before, "")
	checkHeaders(t, "accent", w)
	if w.Code != 200 || !strings.Contains(w.Body.String(), "--accent:#1d5fa8") || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") ||
		w.Header().Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("accent: %d %v\n%s", w.Code, w.Header(), w.Body)
	}
	if err := h.app.Settings.Set(t.Context(), audit.Actor{Kind: audit.System}, map[string]string{"company.color": "#a01030"}); err != nil {
		t.Fatal(err)
	}
	if after := accent(); after == before || !strings.Contains(h.do("GET", after, "").Body.String(), "--accent:#a01030") {
		t.Errorf("the accent stayed at %s", after)
	}
}

func TestLogo(t *testing.T) {
	h := newHouse(t)
	photo := image.NewRGBA(image.Rect(0, 0, 1600, 500))
	for i := range photo.Pix { // noise, which no format packs
		photo.Pix[i] = byte(i * i >> 3)
	}
	var body bytes.Buffer
	if err := png.Encode(&body, photo); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(h.do("GET", "/nothing", "").Body.String(), "/brand/logo") {
		t.Error("a logo from nowhere")
	}
	if err := h.app.Settings.SetLogo(t.Context(), audit.Actor{Kind: audit.System}, body.Bytes()); err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(h.do("GET", "/nothing", "").Body.String(), `<img src="/brand/logo.`)
	name, _, _ := strings.Cut(after, `"`)
	if !found {
		t.Fatal("the page has no logo")
	}
	for range 2 { // made, then kept
		w := h.do("GET", "/brand/logo."+name, "")
		checkHeaders(t, "logo", w)
		shown, err := png.Decode(w.Body)
		if err != nil || w.Header().Get("Content-Type") != "image/png" || shown.Bounds().Dx() > 512 || shown.Bounds().Dy() > 108 {
			t.Errorf("logo: %d %v %v", w.Code, w.Header(), err)
		}
	}
}

func TestGuards(t *testing.T) {
	nobody := web.Viewer{}
	customer := web.Viewer{UserID: 1, CustomerID: 1, Session: []byte{1}}
	halfway := web.Viewer{UserID: 1, CustomerID: 1, Session: []byte{1}, Stage: "reset"}
	staff := func(role string) web.Viewer { return web.Viewer{StaffID: 1, Role: role, Session: []byte{1}} }
	tests := []struct {
		name   string
		viewer web.Viewer
		target string
		status int
	}{
		{"nobody on a customer's page", nobody, "/customer", 303},
		{"customer", customer, "/customer", 200},
		{"half logged in", halfway, "/customer", 303},
		{"staff on a customer's page", staff("owner"), "/customer", 404},
		{"nobody in the office", nobody, "/office/billing", 303},
		{"customer in the office", customer, "/office/billing", 404},
		{"technician at billing", staff("technician"), "/office/billing", 403},
		{"billing", staff("billing"), "/office/billing", 200},
		{"owner", staff("owner"), "/office/billing", 200},
		{"owner on a route without access", staff("owner"), "/forgotten", 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			h.viewer = tt.viewer
			w := h.do("GET", tt.target, "")
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			if private := strings.Contains(w.Body.String(), "private"); private != (tt.status == 200) {
				t.Errorf("private shown: %v", private)
			}
			if w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control %q", w.Header().Get("Cache-Control"))
			}
			if tt.status == 303 {
				want := "/login?next=" + url.QueryEscape(tt.target)
				if tt.viewer.Stage == "reset" {
					want = "/password/reset"
				}
				if got := w.Header().Get("Location"); got != want {
					t.Errorf("Location %q, want %q", got, want)
				}
				if w := h.do("GET", tt.target, "", "Accept", "text/event-stream"); w.Code != 401 || w.Body.Len() != 0 {
					t.Errorf("an event stream: %d, %q", w.Code, w.Body)
				}
				w := h.do("GET", tt.target, "", "HX-Request", "true")
				if tt.viewer.Stage != "" {
					if w.Header().Get("HX-Redirect") != want || w.Body.Len() != 0 {
						t.Errorf("htmx: %d, %q, %q", w.Code, w.Header().Get("HX-Redirect"), w.Body)
					}
				} else if w.Code != 401 || w.Header().Get("HX-Redirect") != "/login" || w.Body.Len() != 0 {
					t.Errorf("htmx: %d, %q, %q", w.Code, w.Header().Get("HX-Redirect"), w.Body)
				}
			}
		})
	}
}

// TestEndedSession: whose session has ended while a page lay open is told so at
// the log-in, and comes back to that page; who never had one hears nothing.
func TestEndedSession(t *testing.T) {
	h := newHouse(t)
	page := []string{"HX-Request", "true", "HX-Current-URL", "https://" + ownHost + "/pay?invoice=1"}
	for _, cookie := range []string{"", "session=gone; __Host-session=gone"} {
		w := h.do("GET", "/customer", "", append(page, "Cookie", cookie)...)
		if got := w.Header().Get("HX-Redirect"); w.Code != http.StatusUnauthorized || got != "/login?next=%2Fpay%3Finvoice%3D1" {
			t.Errorf("%q: %d to %q", cookie, w.Code, got)
		}
		if told := strings.Contains(w.Header().Get("Set-Cookie"), "notice="); told != (cookie != "") {
			t.Errorf("%q: told %t", cookie, told)
		}
	}
}

func TestSafePath(t *testing.T) {
	for next, want := range map[string]string{
		"/pay?invoice=1": "/pay?invoice=1", "/": "/", "": "/home", "pay": "/home", "//evil.example": "/home", "/\\evil.example": "/home",
		"https://evil.example": "/home", "/a\nb": "/home", "/\t/evil.example": "/home", "javascript:alert(1)": "/home",
	} {
		if got := web.SafePath(next, "/home"); got != want {
			t.Errorf("SafePath(%q) = %q, want %q", next, got, want)
		}
	}
}

// TestOtherNamesOfThisMachine lets whoever tries the portal out type localhost.
func TestOtherNamesOfThisMachine(t *testing.T) {
	h := newHouse(t)
	h.app.PublicURL = "http://127.0.0.1:8080"
	local := handlers.New(h.app, nil)
	for _, c := range []struct {
		method, host string
		status       int
		location     string
	}{
		{"GET", "localhost:8080", 303, "http://127.0.0.1:8080//evil.example/?next=%2F"},
		{"GET", "[::1]:8080", 303, "http://127.0.0.1:8080//evil.example/?next=%2F"},
		{"POST", "localhost:8080", 421, ""},
		{"GET", "evil.example", 421, ""},
		{"GET", "localhost.evil.example", 421, ""},
	} {
		r := httptest.NewRequest(c.method, "http://127.0.0.1:8080//evil.example/?next=%2F", nil)
		r.Host = c.host
		w := httptest.NewRecorder()
		local.ServeHTTP(w, r)
		if w.Code != c.status || w.Header().Get("Location") != c.location {
			t.Errorf("%s %s: %d to %q", c.method, c.host, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestSee(t *testing.T) {
	for name, c := range map[string]struct {
		htmx, from, to  string
		status          int
		header, content string
	}{
		"plain":                       {"", "", "/office/settings#mail", 303, "Location", "/office/settings#mail"},
		"to another page":             {"true", "https://portal.example/office", "/office/settings#mail", 200, "HX-Redirect", "/office/settings#mail"},
		"to another part of the page": {"true", "https://portal.example/office/settings", "/office/settings#mail", 200, "HX-Refresh", "true"},
		"to the page itself":          {"true", "https://portal.example/office/settings", "/office/settings", 200, "HX-Redirect", "/office/settings"},
		"to another query":            {"true", "https://portal.example/office?a=1", "/office?a=2#b", 200, "HX-Redirect", "/office?a=2#b"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.Header.Set("HX-Request", c.htmx)
			r.Header.Set("HX-Current-URL", c.from)
			w := httptest.NewRecorder()
			if err := web.See(echo.New().NewContext(r, w), c.to); err != nil {
				t.Fatal(err)
			}
			if w.Code != c.status || w.Header().Get(c.header) != c.content {
				t.Errorf("%d, %v", w.Code, w.Header())
			}
		})
	}
}
