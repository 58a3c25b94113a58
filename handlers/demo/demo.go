// Package demo serves the pages that only `portal demo` has: who can log in,
// and the mailbox. It is not wired into `portal serve`.
package demo

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/calendar"
	"customerportal/internal/demo"
	"customerportal/internal/fault"
	demoviews "customerportal/views/demo"
)

// Handlers serves the demonstration's own pages.
type Handlers struct {
	*web.App
	Mailbox *demo.Mailbox
	Guide   demo.Guide
}

// Routes is the surface of the demonstration's own pages.
func (h *Handlers) Routes() []web.Route {
	return []web.Route{
		{Name: "demo", Method: http.MethodGet, Path: "/demo", Access: web.Anyone(), Handler: h.guide},
		{Name: "demo-mail", Method: http.MethodGet, Path: "/demo/mail", Access: web.Anyone(), Handler: h.mail},
		{Name: "demo-letter", Method: http.MethodGet, Path: "/demo/mail/:id", Access: web.Anyone(), Handler: h.letter},
		{Name: "demo-letter-html", Method: http.MethodGet, Path: "/demo/mail/:id/html", Access: web.Anyone(), Handler: h.letterHTML},
		{Name: "demo-letter-source", Method: http.MethodGet, Path: "/demo/mail/:id/source", Access: web.Anyone(), Handler: h.letterSource},
		{Name: "demo-letter-attachment", Method: http.MethodGet, Path: "/demo/mail/:id/attachments/:number", Access: web.Anyone(), Handler: h.letterAttachment},
	}
}

func (h *Handlers) guide(c echo.Context) error {
	s, err := h.Settings.Current(c.Request().Context())
	if err != nil {
		return err
	}
	now := h.Clock()
	p := &demoviews.GuidePage{Address: h.PublicURL, Age: age(h.Guide.Made.Date(s.Zone), h.Clock.Today(s.Zone))}
	p.Title = "Demonstration"
	for _, staff := range []struct {
		login      demo.Staff
		who, about string
	}{
		{h.Guide.Staff, "The owner", "May do everything."},
		{h.Guide.Clerk, "A second person", "Billing; what is above the limit for one person waits until somebody else approves it."},
		{h.Guide.Technician, "A technician", "Has the work orders of the day, best on a phone: Dispatch, Arrive, Complete, parts and labour, photos, the customer's signature."},
		{h.Guide.Seller, "A salesperson", "Writes and sends proposals, and is mailed every answer."},
	} {
		if staff.login.Email == "" {
			continue
		}
		code, seconds, err := staff.login.Code(now)
		if err != nil {
			return err
		}
		p.Office = append(p.Office, demoviews.StaffLogin{Who: staff.who, About: staff.about, Email: staff.login.Email, Password: staff.login.Password, Code: code, Secret: staff.login.Secret, Seconds: seconds})
	}
	for _, l := range h.Guide.Customers {
		p.Customers = append(p.Customers, demoviews.CustomerLogin(l))
	}
	for _, n := range h.Guide.New {
		p.New = append(p.New, demoviews.Newcomer(n))
	}
	private(c)
	return h.Page(c, http.StatusOK, "demo/guide", p)
}

// age tells in words how old the books are.
func age(made, today calendar.Date) string {
	switch n := made.DaysUntil(today); n {
	case 0:
		return "today"
	case 1:
		return "yesterday"
	default:
		return fmt.Sprintf("%d days ago", n)
	}
}

func (h *Handlers) mail(c echo.Context) error {
	s, err := h.Settings.Current(c.Request().Context())
	if err != nil {
		return err
	}
	p := &demoviews.MailPage{}
	p.Title = "Mailbox"
	for _, e := range h.Mailbox.List() {
		p.Letters = append(p.Letters, row(e, s.Zone))
	}
	private(c)
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "demo/mail", "letters", p)
	}
	return h.Page(c, http.StatusOK, "demo/mail", p)
}

func row(e demo.Envelope, zone *time.Location) demoviews.Envelope {
	return demoviews.Envelope{ID: e.ID, At: e.At.Format(zone), To: e.To, Subject: e.Subject}
}

// open finds the mail a route names.
func (h *Handlers) open(c echo.Context) (demo.Letter, error) {
	id, err := strconv.Atoi(c.Param("id"))
	if err != nil {
		return demo.Letter{}, fault.Missing("mail")
	}
	private(c)
	return h.Mailbox.Open(id)
}

// links are what the plain part of a mail is clickable by.
var links = regexp.MustCompile(`https?://[^\s<>"]+[^\s<>".,;:!?)]`)

func (h *Handlers) letter(c echo.Context) error {
	l, err := h.open(c)
	if err != nil {
		return err
	}
	s, err := h.Settings.Current(c.Request().Context())
	if err != nil {
		return err
	}
	p := &demoviews.LetterPage{Envelope: row(l.Envelope, s.Zone), From: l.From, ReplyTo: l.ReplyTo, MessageID: l.MessageID, HTML: l.HTML != ""}
	p.Title = "Mail"
	at := 0
	for _, m := range links.FindAllStringIndex(l.Text, -1) {
		p.Text = append(p.Text, demoviews.Piece{Text: l.Text[at:m[0]]}, demoviews.Piece{Text: l.Text[m[0]:m[1]], Href: l.Text[m[0]:m[1]]})
		at = m[1]
	}
	p.Text = append(p.Text, demoviews.Piece{Text: l.Text[at:]})
	for i, a := range l.Attachments {
		p.Attachments = append(p.Attachments, demoviews.Attachment{Number: i + 1, Name: a.Name, Size: fmt.Sprintf("%d KB", (len(a.Body)+1023)/1024)})
	}
	policy := c.Response().Header().Get(echo.HeaderContentSecurityPolicy)
	c.Response().Header().Set(echo.HeaderContentSecurityPolicy, policy+"; frame-src 'self'")
	return h.Page(c, http.StatusOK, "demo/letter", p)
}

// letterHTML serves a mail's HTML part for the frame on its page. Mails carry
// their style in attributes, so this one answer allows that; in return it
// allows nothing else, and runs in an origin of its own.
func (h *Handlers) letterHTML(c echo.Context) error {
	l, err := h.open(c)
	if err != nil {
		return err
	}
	if l.HTML == "" {
		return fault.Missing("mail")
	}
	header := c.Response().Header()
	header.Set(echo.HeaderContentSecurityPolicy,
		"sandbox allow-top-navigation-by-user-activation; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'")
	header.Set(echo.HeaderXFrameOptions, "SAMEORIGIN")
	// a link in a mail opens in the whole window, as it would from a mail program
	body := bytes.Replace([]byte(l.HTML), []byte("<head>"), []byte(`<head><base target="_top">`), 1)
	return c.HTMLBlob(http.StatusOK, body)
}

func (h *Handlers) letterSource(c echo.Context) error {
	l, err := h.open(c)
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, "text/plain; charset=utf-8", l.Raw)
}

func (h *Handlers) letterAttachment(c echo.Context) error {
	l, err := h.open(c)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(c.Param("number"))
	if err != nil || n < 1 || n > len(l.Attachments) {
		return fault.Missing("attachment")
	}
	a := l.Attachments[n-1]
	kind := "application/octet-stream"
	if strings.EqualFold(a.MIME, "application/pdf") {
		kind = "application/pdf"
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
	return c.Blob(http.StatusOK, kind, a.Body)
}

// private keeps the page out of caches: mails hold passwords and links.
func private(c echo.Context) { c.Response().Header().Set(echo.HeaderCacheControl, "no-store") }
