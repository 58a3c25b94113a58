package outbox

import (
	"bytes"
	"io"
	"mime"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	messagemail "github.com/emersion/go-message/mail"
)

// read takes a message apart by another way than it was put together: headers
// by net/mail, parts by the reader of mail programs.
func read(tb testing.TB, raw []byte) (headers mail.Header, text, html string, attachments map[string][]byte) {
	tb.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		tb.Fatalf("%v in\n%s", err, raw)
	}
	r, err := messagemail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		tb.Fatal(err)
	}
	attachments = map[string][]byte{}
	for {
		part, err := r.NextPart()
		if err == io.EOF {
			return m.Header, text, html, attachments
		}
		if err != nil {
			tb.Fatal(err)
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			tb.Fatal(err)
		}
		switch h := part.Header.(type) {
		case *messagemail.InlineHeader:
			if kind, _, _ := h.ContentType(); kind == "text/html" {
				html = string(body)
			} else {
				text = string(body)
			}
		case *messagemail.AttachmentHeader:
			name, err := h.Filename()
			if err != nil {
				tb.Fatal(err)
			}
			attachments[name] = body
		}
	}
}

func sample() letter {
	return letter{
		from: mail.Address{Name: "Söhne & O'Brien, Inc.", Address: "office@dealer.example"}, to: mail.Address{Name: "José Núñez", Address: "jose@example.com"},
		replyTo: mail.Address{Name: "Söhne & O'Brien, Inc.", Address: "billing@dealer.example"},
		subject: "Your receipt – $1,234.50", messageID: "abc@portal.example", date: time.Date(2026, 11, 1, 9, 30, 0, 0, time.FixedZone("EST", -5*3600)),
		text: "Grüße\nline = two\n.\n..dots\n" + strings.Repeat("long ", 300) + "\nend\n", html: "<p>Grüße " + strings.Repeat("x", 3000) + "</p>",
	}
}

func TestCompose(t *testing.T) {
	l := sample()
	paper := bytes.Repeat([]byte{0, 1, 0xff, '\r', '\n'}, 500)
	l.attachments = []attachment{{name: "Rechnung Müller 10023.pdf", kind: "application/pdf", body: paper}}
	raw, err := compose(l)
	if err != nil {
		t.Fatal(err)
	}
	h, text, html, attachments := read(t, raw)
	var decode mime.WordDecoder
	subject, err := decode.DecodeHeader(h.Get("Subject"))
	if err != nil || subject != l.subject {
		t.Errorf("subject %q, %v", subject, err)
	}
	for field, want := range map[string]mail.Address{"From": l.from, "To": l.to, "Reply-To": l.replyTo} {
		got, err := h.AddressList(field)
		if err != nil || len(got) != 1 || *got[0] != want {
			t.Errorf("%s: %v, %v; want %v", field, got, err, want)
		}
	}
	if date, err := h.Date(); err != nil || !date.Equal(l.date) {
		t.Errorf("date %v, %v", date, err)
	}
	for field, want := range map[string]string{"Message-Id": "<abc@portal.example>", "Auto-Submitted": "auto-generated", "Mime-Version": "1.0"} {
		if got := h.Get(field); got != want {
			t.Errorf("%s: %q; want %q", field, got, want)
		}
	}
	if got := strings.ReplaceAll(text, "\r\n", "\n"); got != l.text {
		t.Errorf("text part:\n%q", got)
	}
	if html != l.html {
		t.Errorf("HTML part of %d bytes; want %d", len(html), len(l.html))
	}
	if !bytes.Equal(attachments["Rechnung Müller 10023.pdf"], paper) {
		t.Errorf("attachments: %v", attachments)
	}
	for line := range bytes.Lines(raw) {
		if !bytes.HasSuffix(line, []byte("\r\n")) || len(line) > 80 {
			t.Errorf("line of %d bytes: %q", len(line), line)
		}
		if bytes.ContainsFunc(line, func(r rune) bool { return r > 0x7e }) {
			t.Errorf("not ASCII: %q", line)
		}
	}
}

// headerNames lists what headers a message begins with.
func headerNames(h mail.Header) []string {
	var names []string
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// FuzzCompose holds that no text of a letter makes a header, a part or a second
// recipient.
func FuzzCompose(f *testing.F) {
	f.Add("a\r\nBcc: x@y", "Eve\r\nBcc: x@y", "id\r\nX: y", "body\r\n--boundary\r\nX: y")
	f.Add("=?utf-8?q?a=0D=0ABcc:_x@y?=", "\"<x@y>, ", "\x00", ".\r\n.\r\n")
	f.Add(strings.Repeat("ä", 400), strings.Repeat("long name ", 90), "", strings.Repeat("x", 4000))
	f.Add("a\u2028Bcc: x@y\x85", "a\u0085b, c", "\xff\xfe", "\xff")
	plain, err := compose(sample())
	if err != nil {
		f.Fatal(err)
	}
	h, _, _, _ := read(f, plain)
	want := headerNames(h)
	f.Fuzz(func(t *testing.T, subject, name, id, body string) {
		l := sample()
		l.subject, l.to.Name, l.from.Name, l.messageID, l.text, l.html = subject, name, name, id+"@portal.example", body, body
		raw, err := compose(l)
		if err != nil {
			return // refusing is safe
		}
		h, _, _, attachments := read(t, raw)
		if got := headerNames(h); !slices.Equal(got, want) {
			t.Errorf("headers %v; want %v\n%s", got, want, raw)
		}
		to, err := h.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != l.to.Address {
			t.Errorf("to %v, %v\n%s", to, err, raw)
		}
		if len(attachments) > 0 {
			t.Errorf("attachments out of nowhere:\n%s", raw)
		}
		for line := range bytes.Lines(raw) {
			if len(line) > 1000 { // RFC 5322, 2.1.1
				t.Errorf("line of %d bytes", len(line))
			}
		}
	})
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"eve@example.com":     "eve@example.com",
		"eve+bills@bücher.de": "eve+bills@xn--bcher-kva.de",
		"o'brien@example.com": "o'brien@example.com",
	} {
		if got, err := address("", in); err != nil || got.Address != want {
			t.Errorf("address(%q) = %q, %v; want %q", in, got.Address, err, want)
		}
	}
	for _, bad := range []string{"", "eve", "eve@", "@example.com", "a@b@c", "Eve <eve@example.com>", "eve@example.com, x@y", "eve@example.com\r\nBcc: x@y",
		"eve@exa mple.com", "\"a b\"@example.com", "<eve@example.com>", "eve@-.com", "a\x00@example.com", "eve@[127.0.0.1]"} {
		if got, err := address("", bad); err == nil {
			t.Errorf("address(%q) = %q", bad, got.Address)
		}
	}
}
