package outbox

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	message "github.com/emersion/go-message"
	messagemail "github.com/emersion/go-message/mail"
	"golang.org/x/net/idna"
)

// letter is one mail as it goes over the wire.
type letter struct {
	from, to, replyTo mail.Address // replyTo may be zero
	subject           string
	messageID         string // without the angle brackets
	date              time.Time
	text, html        string
	attachments       []attachment
}

type attachment struct {
	name, kind string
	body       []byte
}

// subjectLimit keeps a subject readable; RFC 5322 would allow 998 octets a line.
const subjectLimit = 200

// compose writes the letter as an RFC 5322 message: the text and HTML parts as
// alternatives in quoted-printable, attachments beside them in base64. No text
// of the letter can begin a header of its own.
func compose(l letter) ([]byte, error) {
	// each field is put above the one before
	var h messagemail.Header
	h.Set("X-Auto-Response-Suppress", "All")  // what Exchange goes by instead of the next
	h.Set("Auto-Submitted", "auto-generated") // RFC 3834: keeps vacation notices from answering
	h.Set("MIME-Version", "1.0")
	h.SetMessageID(shorten(oneLine(l.messageID), subjectLimit))
	h.SetDate(l.date)
	h.SetSubject(shorten(oneLine(l.subject), subjectLimit))
	if l.replyTo.Address != "" {
		h.Set("Reply-To", mailbox(l.replyTo))
	}
	h.Set("To", mailbox(l.to))
	h.Set("From", mailbox(l.from))

	// base64 makes four of three and breaks lines; a buffer that grew by doubling
	// would take as much again
	var b bytes.Buffer
	size := 2*(len(l.text)+len(l.html)) + 4096
	for _, a := range l.attachments {
		size += len(a.body)*4/3*78/76 + 1024
	}
	b.Grow(size)
	if err := l.write(&b, h); err != nil {
		return nil, fmt.Errorf("outbox: composing: %w", err)
	}
	return b.Bytes(), nil
}

// mailbox returns the address as headers carry it. A name that is not ASCII is
// written in base64, for in the other encoding net/mail leaves backslashes bare,
// which a phrase must not hold (RFC 2047, 5).
func mailbox(a mail.Address) string {
	name := shorten(oneLine(a.Name), subjectLimit)
	if ascii(name) {
		return (&mail.Address{Name: name, Address: a.Address}).String()
	}
	return mime.BEncoding.Encode("utf-8", name) + " " + (&mail.Address{Address: a.Address}).String()
}

func (l letter) write(w io.Writer, h messagemail.Header) error {
	if len(l.attachments) == 0 {
		parts, err := messagemail.CreateInlineWriter(w, h)
		if err != nil {
			return err
		}
		return l.alternatives(parts)
	}
	mixed, err := messagemail.CreateWriter(w, h)
	if err != nil {
		return err
	}
	parts, err := mixed.CreateInline()
	if err != nil {
		return err
	}
	if err := l.alternatives(parts); err != nil {
		return err
	}
	for _, a := range l.attachments {
		var ah messagemail.AttachmentHeader
		ah.SetContentType(a.kind, nil)
		ah.SetFilename(oneLine(a.name))
		part, err := mixed.CreateAttachment(ah)
		if err != nil {
			return err
		}
		if err := fill(part, a.body); err != nil {
			return err
		}
	}
	return mixed.Close()
}

// alternatives writes the plain part first: readers show the last one they can.
func (l letter) alternatives(parts *messagemail.InlineWriter) error {
	for _, p := range []struct{ kind, body string }{{"text/plain", l.text}, {"text/html", l.html}} {
		var h message.Header
		h.SetContentType(p.kind, map[string]string{"charset": "utf-8"})
		part, err := parts.CreatePart(messagemail.InlineHeader{Header: h})
		if err != nil {
			return err
		}
		if err := fill(part, []byte(strings.ToValidUTF8(p.body, "\uFFFD"))); err != nil {
			return err
		}
	}
	return parts.Close()
}

func fill(part io.WriteCloser, body []byte) error {
	if _, err := part.Write(body); err != nil {
		return err
	}
	return part.Close()
}

// shorten cuts text to at most limit bytes at the end of a character.
func shorten(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	cut := limit - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strings.TrimRight(s[:cut], " ") + "…"
}

// address reads a stored address as a mail server wants it, its domain in ASCII
// (RFC 5891). It refuses anything but one plain mailbox.
func address(name, email string) (mail.Address, error) {
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != email || strings.ContainsFunc(email, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return mail.Address{}, fmt.Errorf("%q is not an e-mail address", email)
	}
	at := strings.LastIndexByte(email, '@')
	domain, err := idna.Lookup.ToASCII(email[at+1:])
	if err != nil || domain == "" || strings.ContainsAny(email[:at], `"<>()[]\,;:`) {
		return mail.Address{}, fmt.Errorf("%q is not an e-mail address", email)
	}
	return mail.Address{Name: name, Address: email[:at+1] + domain}, nil
}
