package outbox

import (
	"bytes"
	"fmt"
	"io"
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
	name, mime string
	body       []byte
}

// subjectLimit keeps a subject readable; RFC 5322 would allow 998 octets a line.
const subjectLimit = 200

// compose writes the letter as an RFC 5322 message: the text and HTML parts as
// alternatives in quoted-printable, attachments beside them in base64. No text
// of the letter can begin a header of its own.
func compose(l letter) ([]byte, error) {
	var h messagemail.Header
	h.SetAddressList("From", []*mail.Address{header(l.from)})
	h.SetAddressList("To", []*mail.Address{header(l.to)})
	if l.replyTo.Address != "" {
		h.SetAddressList("Reply-To", []*mail.Address{header(l.replyTo)})
	}
	h.SetSubject(shorten(oneLine(l.subject), subjectLimit))
	h.SetMessageID(oneLine(l.messageID))
	h.SetDate(l.date)
	h.Set("MIME-Version", "1.0")
	// RFC 3834: keeps vacation notices from answering the portal; the second
	// header is what Exchange goes by
	h.Set("Auto-Submitted", "auto-generated")
	h.Set("X-Auto-Response-Suppress", "All")

	var b bytes.Buffer
	if err := l.write(&b, h); err != nil {
		return nil, fmt.Errorf("outbox: composing: %w", err)
	}
	return b.Bytes(), nil
}

// header returns the address as headers carry it.
func header(a mail.Address) *mail.Address {
	return &mail.Address{Name: shorten(oneLine(a.Name), subjectLimit), Address: oneLine(a.Address)}
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
		ah.SetContentType(a.mime, nil)
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
	for _, p := range []struct{ mime, body string }{{"text/plain", l.text}, {"text/html", l.html}} {
		var h message.Header
		h.SetContentType(p.mime, map[string]string{"charset": "utf-8"})
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
