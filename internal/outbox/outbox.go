// Package outbox holds the mail that waits to be sent. A mail is put in the
// same transaction as the fact it reports, and a worker sends it; trouble with
// mail never blocks or fails a page.
package outbox

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"math"
	"net/url"
	"regexp"
	"strings"
	texttemplate "text/template"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/settings"
)

//go:embed templates
var files embed.FS

// Body is the content of one sort of mail: a struct whose fields its two
// templates use, templates/<Template>.txt and templates/<Template>.html.
type Body interface {
	// Template names the pair of templates; it is also the mail's kind in the log.
	Template() string
	// Subject is the subject line; line breaks in it are removed.
	Subject(dealer settings.Company) string
}

// Mail is one mail to be queued.
type Mail struct {
	// Fact names what the mail reports, "payment 71 receipt": a second mail of
	// the same fact is not queued.
	Fact       string
	CustomerID int64 // whose page in the office shows it; 0 = none
	ToName     string
	ToEmail    string
	ReplyTo    string // whom an answer reaches, "" = the dealer's office
	Body       Body
	// Secret marks a mail that holds a temporary password or a one-time link:
	// its text is emptied in the database once it is sent.
	Secret bool
	// Documents are the ids of documents to attach, in order.
	Documents []int64
	// NotBefore is when it goes out at the earliest; zero = at once.
	NotBefore calendar.Instant
}

// Writer renders mails and queues them.
type Writer struct {
	settings  *settings.Store
	publicURL string
	texts     *texttemplate.Template
	htmls     map[string]*template.Template
	marks     *regexp.Regexp

	proposalMarks *regexp.Regexp
	queued        chan struct{} // tells the worker that a mail is on its way into the outbox
}

// NewWriter returns a writer whose links begin with publicURL, the portal's own
// address without a slash at the end.
func NewWriter(store *settings.Store, publicURL string) (*Writer, error) {
	texts, err := texttemplate.ParseFS(files, "templates/*.txt")
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	w := &Writer{settings: store, publicURL: strings.TrimRight(publicURL, "/"), texts: texts, htmls: map[string]*template.Template{}, queued: make(chan struct{}, 1)}
	w.marks, w.proposalMarks = payLinkMarks(w.publicURL), proposalMarks(w.publicURL)
	entries, err := files.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".html")
		if !ok || name == "layout" {
			continue
		}
		if w.htmls[name], err = template.ParseFS(files, "templates/layout.html", "templates/"+e.Name()); err != nil {
			return nil, fmt.Errorf("outbox: %w", err)
		}
	}
	return w, nil
}

// PublicURL returns the portal's address with a path behind it.
func (w *Writer) PublicURL(path string) string { return w.publicURL + path }

// Page is what every mail template is executed with: the body's fields stand
// under .Body, the dealer's under .Dealer.
type Page struct {
	Dealer    settings.Company
	PublicURL string
	Subject   string
	Sandbox   bool
	Body      Body
}

// Ink is the colour of writing on the dealer's own: white, or black where that
// has more contrast.
func (p Page) Ink() string {
	raw, err := hex.DecodeString(strings.TrimPrefix(p.Dealer.Color, "#"))
	if err != nil || len(raw) != 3 {
		return "#ffffff"
	}
	// relative luminance, WCAG 2.2; at 0.179 both have the same contrast
	var light float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		part := float64(raw[i]) / 255
		if part <= 0.04045 {
			part /= 12.92
		} else {
			part = math.Pow((part+0.055)/1.055, 2.4)
		}
		light += weight * part
	}
	if light > 0.179 {
		return "#000000"
	}
	return "#ffffff"
}

// Enqueue renders the mail and puts it into the outbox. It runs in the caller's
// transaction. A mail whose fact was queued before is left out silently.
func (w *Writer) Enqueue(ctx context.Context, q *db.Queries, at calendar.Instant, m Mail) error {
	s, err := w.settings.Current(ctx)
	if err != nil {
		return err
	}
	name := m.Body.Template()
	subject, text, html, err := w.render(s, m.Body)
	if err != nil {
		return err
	}
	id, err := q.AddMail(ctx, db.AddMailParams{
		Fact: m.Fact, Kind: name, CustomerID: db.NullID(m.CustomerID), ToName: oneLine(m.ToName), ToEmail: m.ToEmail,
		ReplyTo: cmp.Or(m.ReplyTo, s.Company.Email), Subject: subject, TextBody: text, HtmlBody: html,
		Secret: db.Flag(m.Secret), MessageID: w.messageID(), NextTryAt: max(at, m.NotBefore), CreatedAt: at,
	})
	if err != nil {
		return fmt.Errorf("outbox: queueing %s: %w", name, err)
	}
	if len(id) == 0 {
		return nil
	}
	for i, document := range m.Documents {
		if err := q.AddMailAttachment(ctx, db.AddMailAttachmentParams{OutboxID: id[0], Position: int64(i), DocumentID: document}); err != nil {
			return fmt.Errorf("outbox: attaching to %s: %w", name, err)
		}
	}
	// The worker claims by the same single writer that is busy with the caller's
	// transaction, so it looks only when that is committed.
	w.wake()
	return nil
}

func (w *Writer) wake() {
	select {
	case w.queued <- struct{}{}:
	default: // it has been told already
	}
}

// render executes the two templates of a body.
func (w *Writer) render(s *settings.Settings, body Body) (subject, text, html string, err error) {
	page := Page{Dealer: s.Company, PublicURL: w.publicURL, Sandbox: s.NoMoney() != "", Body: body, Subject: oneLine(body.Subject(s.Company))}
	name := body.Template()
	var t, h bytes.Buffer
	if err := w.texts.ExecuteTemplate(&t, name+".txt", page); err != nil {
		return "", "", "", fmt.Errorf("outbox: %w", err)
	}
	set, ok := w.htmls[name]
	if !ok {
		return "", "", "", fmt.Errorf("outbox: there is no templates/%s.html", name)
	}
	if err := set.ExecuteTemplate(&h, "layout.html", page); err != nil {
		return "", "", "", fmt.Errorf("outbox: %w", err)
	}
	return page.Subject, t.String(), h.String(), nil
}

// messageID returns a fresh Message-ID (RFC 5322, 3.6.4) in the portal's domain.
func (w *Writer) messageID() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // crypto/rand.Read never fails
	host := "portal.invalid"
	if u, err := url.Parse(w.publicURL); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	return hex.EncodeToString(raw) + "@" + host
}

// oneLine keeps text out of the header lines that follow it.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
