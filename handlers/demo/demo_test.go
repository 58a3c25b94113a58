package demo_test

import (
	"bytes"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/labstack/echo/v4"

	"customerportal/db/dbtest"
	"customerportal/handlers"
	demoscreens "customerportal/handlers/demo"
	"customerportal/handlers/web"
	"customerportal/internal/calendar"
	"customerportal/internal/demo"
	"customerportal/internal/settings"
	"customerportal/static"
	"customerportal/views"
	demoviews "customerportal/views/demo"
	portalviews "customerportal/views/portal"
)

const letter = "From: =?utf-8?q?S=C3=B6hne?= <office@dealer.example>\r\n" +
	"To: Eve <eve@example.com>\r\n" +
	"Subject: <b>Your</b> receipt\r\n" +
	"Message-ID: <1@portal.example>\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=outer\r\n" +
	"\r\n" +
	"--outer\r\nContent-Type: multipart/alternative; boundary=inner\r\n\r\n" +
	"--inner\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSee <it> at http://127.0.0.1:8080/payments/1?a=b&c=d.\r\n" +
	"--inner\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><head><title>x</title></head><body style=\"color:red\"><script>alert(1)</script><a href=\"http://127.0.0.1:8080/login\">Log in</a></body></html>\r\n" +
	"--inner--\r\n" +
	"--outer\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"Receipt 1.pdf\"\r\n\r\n%PDF-1.7\r\n" +
	"--outer\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename=\"page.html\"\r\n\r\n<script>alert(1)</script>\r\n" +
	"--outer--\r\n"

type site struct {
	t       *testing.T
	mailbox *demo.Mailbox
	handler http.Handler
}

func newSite(t *testing.T) *site {
	t.Helper()
	clock := calendar.Clock(func() time.Time { return time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC) })
	books := dbtest.New(t)
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	if err != nil {
		t.Fatal(err)
	}
	assets, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := views.New(views.Shared, map[string]fs.FS{"demo": demoviews.Files, "portal": portalviews.Files}, assets.URL)
	if err != nil {
		t.Fatal(err)
	}
	mailbox, err := demo.OpenMailbox(t.TempDir(), clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := mailbox.Close(); err != nil {
			t.Error(err)
		}
	})
	app := &web.App{
		DB: books, Clock: clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Settings: settings.New(books, clock, sealer),
		Views: renderer, Assets: assets, PublicURL: "http://127.0.0.1:8080",
		Authenticate: func(echo.Context) (web.Viewer, error) { return web.Viewer{}, nil },
	}
	guide := demo.Guide{Made: clock.Now().Add(-48 * time.Hour), Staff: demo.Staff{Email: "owner@dealer.example", Password: "office-word", Secret: "JBSWY3DPEHPK3PXP"},
		Customers: []demo.Login{{Email: "eve@example.com", Password: "eves-word", Name: "Eve <&> O'Hara", Number: "10010"}},
		New:       []demo.Newcomer{{Key: "AAAA-BBBB-CCCC-DDDD", Number: "10017", Zip: "02108"}}}
	screens := &demoscreens.Handlers{App: app, Mailbox: mailbox, Guide: guide}
	return &site{t: t, mailbox: mailbox, handler: handlers.New(app, nil, screens.Routes())}
}

// send puts a message into the mailbox the way any mail program does.
func (s *site) send(message string) {
	s.t.Helper()
	err := smtp.SendMail(strings.TrimPrefix(s.mailbox.Address(), "smtp://"), nil, "office@dealer.example", []string{"eve@example.com"}, []byte(message))
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) get(path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "127.0.0.1:8080"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

func (s *site) page(path string) *goquery.Document {
	s.t.Helper()
	w := s.get(path)
	if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-store" {
		s.t.Fatalf("GET %s: %d, %v", path, w.Code, w.Header())
	}
	doc, err := goquery.NewDocumentFromReader(w.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return doc
}

func TestMailbox(t *testing.T) {
	s := newSite(t)
	if text := s.page("/demo/mail").Find("#letters").Text(); !strings.Contains(text, "No mail yet") {
		t.Errorf("an empty mailbox says %q", text)
	}
	s.send(letter)
	list := s.page("/demo/mail").Find("#letters")
	if a := list.Find("tbody a"); a.Text() != "<b>Your</b> receipt" || a.AttrOr("href", "") != "/demo/mail/1" {
		t.Errorf("the list shows %q at %q", a.Text(), a.AttrOr("href", ""))
	}
	// the page asks for itself again and swaps the same piece
	fragment := s.get("/demo/mail", "HX-Request", "true")
	if body := fragment.Body.String(); fragment.Code != http.StatusOK || strings.Contains(body, "<html") || !strings.Contains(body, `id="letters"`) || !strings.Contains(body, "/demo/mail/1") {
		t.Errorf("to htmx: %d\n%s", fragment.Code, body)
	}
}

func TestLetter(t *testing.T) {
	s := newSite(t)
	s.send(letter)
	doc := s.page("/demo/mail/1")
	if h1 := doc.Find("h1").Text(); h1 != "<b>Your</b> receipt" {
		t.Errorf("h1 %q", h1)
	}
	if from := doc.Find(".facts dd").First().Text(); from != "Söhne <office@dealer.example>" {
		t.Errorf("from %q", from)
	}
	link := doc.Find("pre a")
	if link.AttrOr("href", "") != "http://127.0.0.1:8080/payments/1?a=b&c=d" || !strings.Contains(doc.Find("pre").Text(), "See <it> at http") {
		t.Errorf("the text part is %q", doc.Find("pre").Text())
	}
	frame := doc.Find("iframe")
	if frame.AttrOr("src", "") != "/demo/mail/1/html" || strings.Contains(frame.AttrOr("sandbox", "allow-scripts"), "allow-scripts") || strings.Contains(frame.AttrOr("sandbox", ""), "allow-same-origin") {
		t.Errorf("the frame has src %q and sandbox %q", frame.AttrOr("src", ""), frame.AttrOr("sandbox", ""))
	}
	policy := s.get("/demo/mail/1").Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "frame-src 'self'") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
		t.Errorf("policy of the page: %s", policy)
	}
	if doc.Find(`a[href="/demo/mail/1/attachments/1"]`).Text() != "Receipt 1.pdf" {
		t.Error("the attachment is not listed")
	}
}

// The one answer that lets a mail style itself lets it do nothing else.
func TestLetterHTML(t *testing.T) {
	s := newSite(t)
	s.send(letter)
	w := s.get("/demo/mail/1/html")
	policy := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"sandbox allow-top-navigation-by-user-activation;", "default-src 'none'", "style-src 'unsafe-inline'", "frame-ancestors 'self'", "form-action 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy lacks %q: %s", want, policy)
		}
	}
	if strings.Contains(policy, "script") || strings.Contains(policy, "allow-same-origin") {
		t.Errorf("policy: %s", policy)
	}
	if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, `<head><base target="_top">`) {
		t.Errorf("%d\n%s", w.Code, body)
	}
	// everywhere else inline style stays forbidden
	for _, path := range []string{"/demo", "/demo/mail", "/demo/mail/1", "/demo/mail/1/source", "/demo/mail/1/attachments/1", "/demo/mail/7/html"} {
		if p := s.get(path).Header().Get("Content-Security-Policy"); p == "" || strings.Contains(p, "unsafe-inline") {
			t.Errorf("%s: policy %q", path, p)
		}
	}
}

func TestAttachmentsAndSource(t *testing.T) {
	s := newSite(t)
	s.send(letter)
	pdf := s.get("/demo/mail/1/attachments/1")
	if pdf.Header().Get("Content-Type") != "application/pdf" || pdf.Header().Get("Content-Disposition") != `attachment; filename="Receipt 1.pdf"` || !bytes.HasPrefix(pdf.Body.Bytes(), []byte("%PDF")) {
		t.Errorf("%v", pdf.Header())
	}
	page := s.get("/demo/mail/1/attachments/2")
	if page.Header().Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(page.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("an attached page would be shown: %v", page.Header())
	}
	source := s.get("/demo/mail/1/source")
	if !strings.HasPrefix(source.Header().Get("Content-Type"), "text/plain") || !strings.Contains(source.Body.String(), "boundary=outer") {
		t.Errorf("source: %v", source.Header())
	}
	for _, missing := range []string{"/demo/mail/2", "/demo/mail/x", "/demo/mail/0/html", "/demo/mail/1/attachments/0", "/demo/mail/1/attachments/3", "/demo/mail/2/source"} {
		if w := s.get(missing); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", missing, w.Code)
		}
	}
}

func TestLetterWithoutHTML(t *testing.T) {
	s := newSite(t)
	s.send("From: a@example.com\r\nTo: b@example.com\r\nSubject: plain\r\n\r\nJust words.\r\n")
	doc := s.page("/demo/mail/1")
	if doc.Find("iframe").Length() != 0 || !strings.Contains(doc.Find("pre").Text(), "Just words.") {
		t.Errorf("%s", doc.Find("main").Text())
	}
	if w := s.get("/demo/mail/1/html"); w.Code != http.StatusNotFound {
		t.Errorf("its HTML part: %d", w.Code)
	}
}

func TestGuide(t *testing.T) {
	s := newSite(t)
	doc := s.page("/demo")
	text := doc.Find("main").Text()
	code, _, err := demo.Staff{Secret: "JBSWY3DPEHPK3PXP"}.Code(time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"made up 2 days ago", "eves-word", "Eve <&> O'Hara", "office-word", code, "AAAA-BBBB-CCCC-DDDD", "4242"} {
		if !strings.Contains(text, want) {
			t.Errorf("the guide does not say %q", want)
		}
	}
}

// TestRoutes holds that what shows mails and passwords is read only.
func TestRoutes(t *testing.T) {
	for _, r := range (&demoscreens.Handlers{}).Routes() {
		if r.Method != http.MethodGet || !strings.HasPrefix(r.Path, "/demo") {
			t.Errorf("%s %s", r.Method, r.Path)
		}
	}
}
