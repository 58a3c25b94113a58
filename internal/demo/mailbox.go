package demo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	message "github.com/emersion/go-message"
	messagemail "github.com/emersion/go-message/mail"
	"github.com/emersion/go-smtp"

	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// Mailbox is a mail server on this machine that delivers nothing: it keeps
// every mail in a folder, to be looked at in the browser.
type Mailbox struct {
	dir      string
	clock    calendar.Clock
	listener net.Listener
	server   *smtp.Server
	served   chan error

	mu      sync.Mutex
	last    int
	letters []Envelope // oldest first
}

const (
	mailboxKeeps   = 500      // the oldest are thrown away
	mailboxLargest = 20 << 20 // of one mail, as servers usually have it
)

// Envelope is what a list of mails shows of one.
type Envelope struct {
	ID       int
	At       calendar.Instant
	From, To string
	Subject  string
}

// Letter is one mail taken apart.
type Letter struct {
	Envelope
	ReplyTo     string
	MessageID   string
	Text, HTML  string
	Attachments []Attachment
	Raw         []byte
}

// Attachment is one paper that came with a mail.
type Attachment struct {
	Name, MIME string
	Body       []byte
}

// OpenMailbox opens the mailbox in a folder, with the mails it already holds,
// and takes mail for it until it is closed.
func OpenMailbox(dir string, clock calendar.Clock) (*Mailbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	b := &Mailbox{dir: dir, clock: clock, served: make(chan error, 1)}
	for _, file := range files {
		id, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(file), ".eml"))
		if err != nil {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		info, err := os.Stat(file)
		if err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		b.letters = append(b.letters, envelope(id, calendar.InstantOf(info.ModTime()), raw))
		b.last = max(b.last, id)
	}
	slices.SortFunc(b.letters, func(x, y Envelope) int { return x.ID - y.ID })
	if b.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	b.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{box: b}, nil }))
	b.server.Domain = "demo.invalid"
	b.server.MaxMessageBytes = mailboxLargest
	b.server.MaxRecipients = 20
	b.server.EnableSMTPUTF8 = true
	b.server.ReadTimeout, b.server.WriteTimeout = time.Minute, time.Minute
	b.server.ErrorLog = log.New(io.Discard, "", 0)
	go func() { b.served <- b.server.Serve(b.listener) }()
	return b, nil
}

// Address is where the mailbox takes mail: smtp://127.0.0.1:port.
func (b *Mailbox) Address() string { return "smtp://" + b.listener.Addr().String() }

// Close ends the taking of mail.
func (b *Mailbox) Close() error {
	err := b.server.Close()
	// a server that was closed before it had begun to serve does not know its listener
	if closed := b.listener.Close(); !errors.Is(closed, net.ErrClosed) {
		err = errors.Join(err, closed)
	}
	if served := <-b.served; !errors.Is(served, smtp.ErrServerClosed) && !errors.Is(served, net.ErrClosed) {
		err = errors.Join(err, served)
	}
	if err != nil {
		return fmt.Errorf("demo: mailbox: %w", err)
	}
	return nil
}

// session is one connection to the mailbox.
type session struct{ box *Mailbox }

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return s.box.keep(raw)
}

// keep writes a mail to its file and lists it.
func (b *Mailbox) keep(raw []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	id := b.last + 1
	path := b.path(id)
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	now := b.clock()
	if err := os.Chtimes(path, now, now); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	b.last = id
	b.letters = append(b.letters, envelope(id, calendar.InstantOf(now), raw))
	for len(b.letters) > mailboxKeeps {
		if err := os.Remove(b.path(b.letters[0].ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("demo: %w", err)
		}
		b.letters = b.letters[1:]
	}
	return nil
}

func (b *Mailbox) path(id int) string { return filepath.Join(b.dir, fmt.Sprintf("%06d.eml", id)) }

// List returns what the mailbox holds, newest first.
func (b *Mailbox) List() []Envelope {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := slices.Clone(b.letters)
	slices.Reverse(out)
	return out
}

// Open takes a mail apart. It returns a NotFound fault when there is none.
func (b *Mailbox) Open(id int) (Letter, error) {
	b.mu.Lock()
	i := slices.IndexFunc(b.letters, func(e Envelope) bool { return e.ID == id })
	if i < 0 {
		b.mu.Unlock()
		return Letter{}, fault.Missing("mail")
	}
	e := b.letters[i]
	b.mu.Unlock()
	raw, err := os.ReadFile(b.path(id))
	if err != nil {
		return Letter{}, fmt.Errorf("demo: %w", err)
	}
	return takeApart(e, raw)
}

func envelope(id int, at calendar.Instant, raw []byte) Envelope {
	e := Envelope{ID: id, At: at}
	entity, err := message.Read(bytes.NewReader(raw))
	if err != nil {
		return e
	}
	h := messagemail.Header{Header: entity.Header}
	e.From, e.To = addresses(h, "From"), addresses(h, "To")
	e.Subject, _ = h.Subject()
	return e
}

func addresses(h messagemail.Header, field string) string {
	list, err := h.AddressList(field)
	if err != nil {
		return h.Get(field)
	}
	names := make([]string, 0, len(list))
	for _, a := range list {
		if a.Name == "" {
			names = append(names, a.Address)
			continue
		}
		names = append(names, a.Name+" <"+a.Address+">")
	}
	return strings.Join(names, ", ")
}

func takeApart(e Envelope, raw []byte) (Letter, error) {
	l := Letter{Envelope: e, Raw: raw}
	r, err := messagemail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		return l, fmt.Errorf("demo: reading mail %d: %w", e.ID, err)
	}
	l.ReplyTo = addresses(r.Header, "Reply-To")
	l.MessageID, _ = r.Header.MessageID()
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err != nil {
			return l, fmt.Errorf("demo: reading mail %d: %w", e.ID, err)
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			return l, fmt.Errorf("demo: reading mail %d: %w", e.ID, err)
		}
		switch h := part.Header.(type) {
		case *messagemail.InlineHeader:
			mime, _, _ := h.ContentType()
			if mime == "text/html" {
				l.HTML = string(body)
			} else {
				l.Text = string(body)
			}
		case *messagemail.AttachmentHeader:
			name, _ := h.Filename()
			mime, _, _ := h.ContentType()
			l.Attachments = append(l.Attachments, Attachment{Name: name, MIME: mime, Body: body})
		}
	}
}
