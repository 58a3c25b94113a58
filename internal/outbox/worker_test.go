package outbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/settings"
)

// office is an outbox with its worker, on a clock set by hand.
type office struct {
	t      *testing.T
	db     *db.DB
	clock  *calendar.Fake
	store  *settings.Store
	writer *Writer
	worker *Worker
	log    bytes.Buffer
	n      int
}

// newOffice returns an outbox that sends by relay, "" for none.
func newOffice(t *testing.T, relay Relay) *office {
	t.Helper()
	o := &office{t: t, db: dbtest.New(t), clock: calendar.NewFake(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))}
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	if err != nil {
		t.Fatal(err)
	}
	o.store = settings.New(o.db, o.clock.Now, sealer)
	o.set(map[string]string{"company.name": "Söhne & O'Brien", "company.email": "office@dealer.example", "mail.from": "billing@dealer.example"})
	if o.writer, err = NewWriter(o.store, "https://portal.dealer.example"); err != nil {
		t.Fatal(err)
	}
	o.restart(relay)
	return o
}

func (o *office) set(values map[string]string) {
	o.t.Helper()
	if err := o.store.Set(o.t.Context(), audit.Program, values); err != nil {
		o.t.Fatal(err)
	}
}

// restart puts a fresh worker in place, as a new start of the program does.
func (o *office) restart(relay Relay) {
	o.worker = NewWorker(o.db, o.clock.Now, o.store, o.writer, relay, slog.New(slog.NewTextHandler(&o.log, nil)))
	o.worker.net.pace = patience{connect: 2 * time.Second, command: 2 * time.Second, accept: 2 * time.Second, mail: 4 * time.Second, grace: 2 * time.Second}
}

// queue puts mails into the outbox.
func (o *office) queue(mails ...Mail) {
	o.t.Helper()
	err := o.db.Write(o.t.Context(), func(q *db.Queries) error {
		for _, m := range mails {
			o.n++
			if m.Fact == "" {
				m.Fact = fmt.Sprint("fact ", o.n)
			}
			if m.ToEmail == "" {
				m.ToName, m.ToEmail = "José Núñez", "jose@example.com"
			}
			m.Body = Test{When: "tèn o'clock"}
			if err := o.writer.Enqueue(o.t.Context(), q, calendar.Clock(o.clock.Now).Now(), m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) run() {
	o.t.Helper()
	if err := o.worker.Run(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

// mail returns the nth mail of the outbox, counted from 1.
func (o *office) mail(n int64) db.GetMailRow {
	o.t.Helper()
	m, err := o.db.Read().GetMail(o.t.Context(), n)
	if err != nil {
		o.t.Fatal(err)
	}
	return m
}

// waits checks that the mail waits for so long, with words about why.
func (o *office) waits(n int64, pause time.Duration, words string) {
	o.t.Helper()
	m := o.mail(n)
	if m.State != "waiting" || m.NextTryAt != calendar.InstantOf(o.clock.Now().Add(pause)) || !strings.Contains(m.LastError, words) {
		o.t.Errorf("mail %d is %s, next try in %v: %q; want waiting, %v, %q", n, m.State,
			m.NextTryAt.Sub(calendar.InstantOf(o.clock.Now())), m.LastError, pause, words)
	}
}

func TestSendsAllOverOneConnection(t *testing.T) {
	fake := newFake(t, fakeOptions{user: "u", password: "p"})
	o := newOffice(t, Relay{"smtp://" + fake.address, "u", "p"})
	paper := []byte("%PDF-1.7 not really")
	sum := sha256.Sum256(paper)
	var document int64
	err := o.db.Write(t.Context(), func(q *db.Queries) (err error) {
		document, err = q.AddDocument(t.Context(), db.AddDocumentParams{Kind: "receipt", Name: "Receipt 71.pdf", Mime: "application/pdf", SHA256: hex.EncodeToString(sum[:]), Body: paper})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	o.queue(Mail{Documents: []int64{document}}, Mail{Secret: true}, Mail{ReplyTo: "ann@example.com"})
	o.run()

	talks, steps := fake.count()
	if want := []string{"AUTH", "MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA"}; talks != 1 || !slices.Equal(steps, want) {
		t.Errorf("%d connections, steps %v", talks, steps)
	}
	for n := range int64(3) {
		m := o.mail(n + 1)
		if m.State != "sent" || m.SentAt == 0 || m.Tries != 1 || m.LastError != "" || !strings.Contains(m.Receipt, "queued as 4XyZ") {
			t.Errorf("mail %d: %+v", n+1, m)
		}
		if emptied := m.TextBody == "" && m.HtmlBody == ""; emptied != (m.Secret == 1) {
			t.Errorf("mail %d with secret %d: body emptied: %v", n+1, m.Secret, emptied)
		}
	}
	if answered, _, _, _ := read(t, fake.mails()[2]); answered.Get("Reply-To") != "<ann@example.com>" {
		t.Errorf("an answer goes to %q", answered.Get("Reply-To"))
	}
	h, text, html, papers := read(t, fake.mails()[0])
	if !bytes.Equal(papers["Receipt 71.pdf"], paper) {
		t.Errorf("attachments %v", papers)
	}
	if !strings.Contains(text, "tèn o'clock") || !strings.Contains(html, "tèn o&#39;clock") {
		t.Errorf("parts:\n%s\n%s", text, html)
	}
	for field, want := range map[string]string{
		"Message-Id": "<" + o.mail(1).MessageID + ">", "Reply-To": "office@dealer.example", "From": "<billing@dealer.example>", "Date": "Sun, 01 Nov 2026 07:00:00 -0500",
	} {
		if got := h.Get(field); !strings.Contains(got, want) {
			t.Errorf("%s: %q; want %q", field, got, want)
		}
	}
	o.run()
	if n := len(fake.mails()); n != 3 {
		t.Errorf("%d mails after a second run", n)
	}
	if s := o.log.String(); strings.Contains(s, "example.com") || strings.Contains(s, "o'clock") {
		t.Errorf("the log tells whom or what:\n%s", s)
	}
}

// TestReplies holds what becomes of a mail for each answer of the server, and
// that the mail behind it goes its own way.
func TestReplies(t *testing.T) {
	const minute = time.Minute
	for _, c := range []struct {
		name, step string
		err        error
		state      string // of the mail it befalls
		words      string
		holds      bool // the mail behind it waits too
	}{
		{"421 at once", "MAIL", reply(421, smtp.EnhancedCode{4, 3, 2}, "too many connections"), "waiting", "does not take mail at the moment", true},
		{"sender refused", "MAIL", reply(553, smtp.EnhancedCode{5, 7, 1}, "not owned by user"), "waiting", "does not let us send from this address", true},
		{"log-in wanted", "MAIL", reply(530, smtp.EnhancedCode{5, 7, 0}, "authentication required"), "waiting", "takes mail only from somebody who logs in", true},
		{"too large", "MAIL", reply(552, smtp.EnhancedCode{5, 3, 4}, "size"), "failed", "larger than the server takes", false},
		{"greylisted", "RCPT", reply(451, smtp.EnhancedCode{4, 7, 1}, "greylisted"), "waiting", "asks us to try again later", false},
		{"421 at RCPT", "RCPT", reply(421, smtp.EnhancedCode{4, 7, 0}, "rate limit"), "waiting", "asks us to try again later", false},
		{"full for now", "RCPT", reply(452, smtp.EnhancedCode{4, 2, 2}, "over quota"), "waiting", "is full", false},
		{"no mailbox", "RCPT", reply(550, smtp.EnhancedCode{5, 1, 1}, "no\r\nsuch user"), "failed", "There is no mailbox eve@example.com", false},
		{"full", "RCPT", reply(552, smtp.EnhancedCode{5, 2, 2}, "mailbox full"), "failed", "The mailbox of eve@example.com is full", false},
		{"no relaying", "RCPT", reply(554, smtp.EnhancedCode{5, 7, 1}, "relay access denied"), "failed", "refuses to pass mail on", false},
		{"spam", "DATA", reply(554, smtp.EnhancedCode{5, 7, 1}, "looks like spam"), "failed", "refused the mail itself", false},
		{"out of space", "DATA", reply(452, smtp.EnhancedCode{4, 3, 1}, "out of space"), "waiting", "try again later", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake := newFake(t, fakeOptions{noAuth: true})
			o := newOffice(t, Relay{Address: "smtp://" + fake.address})
			o.queue(Mail{ToEmail: "eve@example.com", Secret: true}, Mail{})
			fake.answer(func(step, recipient string, _ *smtp.Conn) error {
				if step == c.step && (step == "MAIL" && len(fake.mails()) == 0 || recipient == "eve@example.com") {
					return c.err
				}
				return nil
			})
			if c.step == "MAIL" && !c.holds {
				refused := false
				fake.answer(func(step, _ string, _ *smtp.Conn) error {
					if step == "MAIL" && !refused {
						refused = true
						return c.err
					}
					return nil
				})
			}
			o.run()
			m := o.mail(1)
			if m.State != c.state || !strings.Contains(m.LastError, c.words) || !strings.Contains(m.LastError, "It answered: ") || strings.ContainsAny(m.LastError, "\r\n") {
				t.Errorf("%s: %q", m.State, m.LastError)
			}
			if emptied := m.TextBody == ""; emptied != (c.state == "failed") {
				t.Errorf("secret body emptied: %v", emptied)
			}
			if c.state == "waiting" {
				o.waits(1, minute, c.words)
			}
			if c.holds {
				o.waits(2, minute, c.words)
			} else if n := replyCode(&trouble{err: c.err}); n == 421 {
				// the server wants to be left alone: the next mail goes at the next run
				o.run()
			}
			if !c.holds && o.mail(2).State != "sent" {
				t.Errorf("the mail behind it is %s: %q", o.mail(2).State, o.mail(2).LastError)
			}
			// when the server is well again what waited goes out
			fake.answer(func(string, string, *smtp.Conn) error { return nil })
			o.clock.Advance(minute)
			o.run()
			if m := o.mail(1); c.state == "waiting" && m.State != "sent" {
				t.Errorf("later it is %s: %q", m.State, m.LastError)
			}
		})
	}
}

// TestServerOutOfReach holds what is said of servers with which no talk comes
// about. None of it fails a mail.
func TestServerOutOfReach(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for _, c := range []struct {
		name   string
		server string // name and port as configured
		at     func(t *testing.T) string
		words  string
		auth   bool // the password may be sent
	}{
		{"down", "smtp://mail.example.com:587", func(*testing.T) string { return closed.Addr().String() }, "refuses connections on port 587", false},
		{"silent", "smtp://mail.example.com:587", func(t *testing.T) string { return silentServer(t) }, "does not answer on port 587", false},
		{"silent on 465", "smtp://mail.example.com:465", func(t *testing.T) string { return silentServer(t) }, "Write smtps:// instead of smtp://", false},
		{"no encryption", "smtp://mail.example.com:587", func(t *testing.T) string { return newFake(t, fakeOptions{}).address }, "offers no encryption", false},
		{"strange signature", "smtp://mail.example.com:587", func(t *testing.T) string {
			return newFake(t, fakeOptions{tls: other.serves(t, "mail.example.com", forever)}).address
		}, "signed by nobody this machine knows", false},
		{"strange signature, TLS at once", "smtps://mail.example.com:465", func(t *testing.T) string {
			return newFake(t, fakeOptions{implicit: true, tls: other.serves(t, "mail.example.com", forever)}).address
		}, "signed by nobody this machine knows", false},
		{"another name", "smtp://mail.example.com:587", func(t *testing.T) string {
			return newFake(t, fakeOptions{tls: ca.serves(t, "mx.example.net", forever)}).address
		}, "is not for mail.example.com", false},
		{"expired", "smtps://mail.example.com:465", func(t *testing.T) string {
			return newFake(t, fakeOptions{implicit: true, tls: ca.serves(t, "mail.example.com", time.Unix(1, 0))}).address
		}, "has expired", false},
		{"smtps to a plain port", "smtps://mail.example.com:587", func(t *testing.T) string { return newFake(t, fakeOptions{}).address }, "Write smtp:// instead of smtps://", false},
		{"wrong password", "smtp://mail.example.com:587", func(t *testing.T) string {
			return newFake(t, fakeOptions{tls: ca.serves(t, "mail.example.com", forever), user: "u", password: "other"}).address
		}, "The user or the password is wrong", true},
		{"no log-in", "smtps://mail.example.com:465", func(t *testing.T) string {
			return newFake(t, fakeOptions{implicit: true, tls: ca.serves(t, "mail.example.com", forever), noAuth: true}).address
		}, "offers no log-in", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, Relay{c.server, "u", "hunter-22"})
			o.worker.net.dial, o.worker.net.roots = to(c.at(t)), ca.pool
			if strings.HasPrefix(c.name, "silent") {
				o.worker.net.pace.command, o.worker.net.pace.connect = 30*time.Millisecond, 30*time.Millisecond
			}
			o.queue(Mail{}, Mail{Secret: true})
			o.run()
			o.waits(1, time.Minute, c.words)
			o.waits(2, time.Minute, c.words)
			if s := o.log.String(); strings.Contains(s, "hunter-22") {
				t.Errorf("the log holds the password:\n%s", s)
			}
			_, err := o.worker.Test(t.Context(), "eve@example.com")
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Unavailable || !strings.Contains(f.Message, c.words) {
				t.Errorf("Send a test: %v", err)
			}
			status, err := o.worker.Status(t.Context())
			if err != nil || status.Waiting != 2 || status.Failed != 0 || !strings.Contains(status.Trouble, c.words) || !strings.Contains(c.server, status.Server) {
				t.Errorf("status %+v, %v", status, err)
			}
		})
	}
}

func TestPasswordGoesOnlyOverEncryption(t *testing.T) {
	ca := newAuthority(t)
	for name, options := range map[string]fakeOptions{
		"plain":             {},
		"strange signature": {tls: newAuthority(t).serves(t, "mail.example.com", forever)},
		"encrypted":         {tls: ca.serves(t, "mail.example.com", forever)},
		"encrypted at once": {tls: ca.serves(t, "mail.example.com", forever), implicit: true},
	} {
		options.user, options.password = "u", "p"
		fake := newFake(t, options)
		scheme := "smtp"
		if options.implicit {
			scheme = "smtps"
		}
		o := newOffice(t, Relay{scheme + "://mail.example.com:587", "u", "p"})
		o.worker.net.dial, o.worker.net.roots = to(fake.address), ca.pool
		o.queue(Mail{})
		o.run()
		_, steps := fake.count()
		if sent := len(fake.mails()) == 1; sent != strings.HasPrefix(name, "encrypted") || slices.Contains(steps, "AUTH") != sent {
			t.Errorf("%s: sent %v, steps %v", name, sent, steps)
		}
	}
}

func TestSlowAndBrokenTalks(t *testing.T) {
	for _, c := range []struct {
		name, step, words string
		broken            bool
		reaches           bool // the server keeps the mail all the same
	}{
		{"slow at RCPT", "RCPT", "stopped answering", false, false},
		{"slow at the end", "DATA", "stopped answering", false, false},
		{"hangs up at RCPT", "RCPT", "hung up", true, false},
		{"hangs up after DATA", "DATA", "not known whether it was taken", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake := newFake(t, fakeOptions{noAuth: true})
			o := newOffice(t, Relay{Address: "smtp://" + fake.address})
			if !c.broken {
				o.worker.net.pace.command, o.worker.net.pace.accept = 50*time.Millisecond, 50*time.Millisecond
			}
			release := make(chan struct{})
			var kept atomic.Int64
			fake.answer(func(step, recipient string, conn *smtp.Conn) error {
				if step != c.step || recipient != "eve@example.com" {
					return nil
				}
				if c.reaches {
					kept.Add(1)
				}
				if c.broken {
					return hangUp(conn)
				}
				<-release
				return errors.New("too late")
			})
			o.queue(Mail{ToEmail: "eve@example.com"}, Mail{})
			o.run()
			close(release)
			// it waits by itself; the other went over a new connection
			o.waits(1, time.Minute, c.words)
			if m := o.mail(2); m.State != "sent" {
				t.Errorf("the mail behind it is %s: %q", m.State, m.LastError)
			}
			fake.answer(func(string, string, *smtp.Conn) error { return nil })
			o.clock.Advance(time.Minute)
			o.run()
			// after a lost answer, and only then, it arrives twice
			if m := o.mail(1); m.State != "sent" || len(fake.mails()) != 2 || c.reaches != (kept.Load() == 1) {
				t.Errorf("later: %s %q, %d arrived, %d before", m.State, m.LastError, len(fake.mails()), kept.Load())
			}
		})
	}
}

func TestPausesGrowUntilThreeDays(t *testing.T) {
	fake := newFake(t, fakeOptions{noAuth: true})
	fake.answer(func(step, _ string, _ *smtp.Conn) error {
		if step == "RCPT" {
			return reply(451, smtp.EnhancedCode{4, 7, 1}, "later")
		}
		return nil
	})
	o := newOffice(t, Relay{Address: "smtp://" + fake.address})
	o.queue(Mail{})
	begun := o.clock.Now()
	var got []time.Duration
	for o.mail(1).State == "waiting" {
		o.run()
		m := o.mail(1)
		if m.State == "failed" {
			break
		}
		wait := m.NextTryAt.Sub(calendar.InstantOf(o.clock.Now()))
		got = append(got, wait)
		o.clock.Advance(wait - time.Second)
		o.run() // nothing happens before its time
		if o.mail(1).Tries != m.Tries {
			t.Fatal("tried before its time")
		}
		o.clock.Advance(time.Second)
	}
	const h = time.Hour
	want := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, h, 3 * h, 12 * h, 12 * h, 12 * h, 12 * h, 12 * h, 12 * h}
	if !slices.Equal(got, want) {
		t.Errorf("pauses %v; want %v", got, want)
	}
	m := o.mail(1)
	if after := o.clock.Now().Sub(begun); after < 72*h || after > 84*h || !strings.HasPrefix(m.LastError, "Given up after three days.") {
		t.Errorf("given up after %v: %q", after, m.LastError)
	}
	// a person may send it again
	if err := o.worker.Resend(t.Context(), audit.Program, 1); err != nil {
		t.Fatal(err)
	}
	fake.answer(func(string, string, *smtp.Conn) error { return nil })
	o.run()
	if m := o.mail(1); m.State != "sent" {
		t.Errorf("sent again: %s %q", m.State, m.LastError)
	}
	if err := o.worker.Resend(t.Context(), audit.Program, 1); !fault.Is(err, fault.Conflict) {
		t.Errorf("Resend of a sent mail: %v", err)
	}
}

func TestWaitsWithoutServerAndGoesWhenThereIsOne(t *testing.T) {
	fake := newFake(t, fakeOptions{noAuth: true})
	o := newOffice(t, Relay{})
	o.queue(Mail{}, Mail{Secret: true})
	o.run()
	status, err := o.worker.Status(t.Context())
	if err != nil || status.Waiting != 2 || status.Server != "" || status.Trouble == "" || status.Oldest != calendar.InstantOf(o.clock.Now()) {
		t.Errorf("status %+v, %v", status, err)
	}
	if m := o.mail(1); m.State != "waiting" || m.Tries != 0 {
		t.Errorf("without a server: %s after %d tries", m.State, m.Tries)
	}
	// a month later the link in the second has expired
	o.clock.Advance(30 * 24 * time.Hour)
	o.set(map[string]string{"mail.server": "smtp://" + fake.address})
	o.run()
	if m := o.mail(1); m.State != "sent" {
		t.Errorf("with a server: %s %q", m.State, m.LastError)
	}
	if m := o.mail(2); m.State != "failed" || !strings.Contains(m.LastError, "expired") || m.TextBody != "" {
		t.Errorf("the old secret: %s %q", m.State, m.LastError)
	}
}

func TestChangedServerIsTriedAtOnce(t *testing.T) {
	fake := newFake(t, fakeOptions{noAuth: true})
	o := newOffice(t, Relay{})
	o.set(map[string]string{"mail.server": "smtp://127.0.0.1:1"})
	o.queue(Mail{})
	for range 6 {
		o.run()
		o.clock.Advance(10 * time.Minute)
	}
	o.run()
	o.waits(1, 10*time.Minute, "refuses connections")
	o.set(map[string]string{"mail.server": "smtp://" + fake.address})
	o.run()
	if m := o.mail(1); m.State != "sent" {
		t.Errorf("%s %q", m.State, m.LastError)
	}
}

func TestNoAddressToSendFrom(t *testing.T) {
	fake := newFake(t, fakeOptions{noAuth: true})
	o := newOffice(t, Relay{Address: "smtp://" + fake.address})
	o.set(map[string]string{"mail.from": "", "company.email": ""})
	o.queue(Mail{})
	o.run()
	o.waits(1, time.Minute, "no address to send from")
}

func TestAddressesThatCannotBe(t *testing.T) {
	fake := newFake(t, fakeOptions{noAuth: true})
	o := newOffice(t, Relay{Address: "smtp://" + fake.address})
	o.queue(Mail{ToEmail: "eve@example.com\r\nBcc: x@y"}, Mail{ToEmail: "josé@example.com"}, Mail{ToEmail: "eve@bücher.example"})
	o.run()
	if m := o.mail(1); m.State != "failed" || !strings.Contains(m.LastError, "not an e-mail address") {
		t.Errorf("%s %q", m.State, m.LastError)
	}
	if m := o.mail(2); m.State != "failed" || !strings.Contains(m.LastError, "outside of ASCII") {
		t.Errorf("%s %q", m.State, m.LastError)
	}
	if m := o.mail(3); m.State != "sent" {
		t.Errorf("%s %q", m.State, m.LastError)
	}
	modern := newFake(t, fakeOptions{noAuth: true, utf8: true})
	o.restart(Relay{Address: "smtp://" + modern.address})
	o.queue(Mail{ToEmail: "josé@example.com"})
	o.run()
	if m := o.mail(4); m.State != "sent" {
		t.Errorf("%s %q", m.State, m.LastError)
	}
}

// TestKilledWhileSending: what a killed program was sending is sent by the next.
func TestKilledWhileSending(t *testing.T) {
	fake := newFake(t, fakeOptions{noAuth: true})
	relay := Relay{Address: "smtp://" + fake.address}
	o := newOffice(t, relay)
	o.queue(Mail{})
	if claimed, err := claim(t.Context(), o.db, calendar.Clock(o.clock.Now).Now()); err != nil || claimed == nil {
		t.Fatalf("claim: %v, %v", claimed, err)
	}
	o.restart(relay)
	o.run()
	if m := o.mail(1); m.State != "sent" || len(fake.mails()) != 1 {
		t.Errorf("%s, %d arrived", m.State, len(fake.mails()))
	}

	// two workers at once never send the same mail
	o.queue(Mail{})
	if _, err := claim(t.Context(), o.db, calendar.Clock(o.clock.Now).Now()); err != nil {
		t.Fatal(err)
	}
	o.run()
	if n := len(fake.mails()); n != 1 {
		t.Errorf("%d arrived", n)
	}
	o.clock.Advance(lease)
	o.run()
	if n := len(fake.mails()); n != 2 {
		t.Errorf("%d arrived once the lease was over", n)
	}
}

// TestStop: a mail under way is finished, one that hangs is let go and waits.
func TestStop(t *testing.T) {
	for _, hangs := range []bool{false, true} {
		fake := newFake(t, fakeOptions{noAuth: true})
		o := newOffice(t, Relay{Address: "smtp://" + fake.address})
		o.queue(Mail{}, Mail{})
		ctx, stop := context.WithCancel(t.Context())
		release := make(chan struct{})
		if hangs {
			o.worker.net.pace.grace = 20 * time.Millisecond
		}
		fake.answer(func(step, _ string, _ *smtp.Conn) error {
			if step != "DATA" {
				return nil
			}
			stop()
			if hangs {
				<-release
			}
			return nil
		})
		if err := o.worker.Run(ctx); err != nil {
			t.Fatal(err)
		}
		close(release)
		if first := o.mail(1); hangs {
			o.waits(1, time.Minute, "stopped answering")
		} else if first.State != "sent" {
			t.Errorf("the mail under way is %s: %q", first.State, first.LastError)
		}
		if m := o.mail(2); m.State != "waiting" || m.Tries != 0 {
			t.Errorf("the next one is %s after %d tries", m.State, m.Tries)
		}
	}
}

// TestWorn: a server that closes well-used connections costs nobody a try.
func TestWorn(t *testing.T) {
	fake := newFake(t, fakeOptions{noAuth: true})
	o := newOffice(t, Relay{Address: "smtp://" + fake.address})
	o.queue(Mail{}, Mail{}, Mail{}, Mail{})
	used := map[*smtp.Conn]int{}
	fake.answer(func(step, _ string, c *smtp.Conn) error {
		if step == "MAIL" {
			if used[c]++; used[c] > 2 {
				return reply(421, smtp.EnhancedCode{4, 7, 0}, "too many messages")
			}
		}
		return nil
	})
	o.run()
	for n := range int64(4) {
		if m := o.mail(n + 1); m.State != "sent" || m.Tries != 1 {
			t.Errorf("mail %d is %s after %d tries: %q", n+1, m.State, m.Tries, m.LastError)
		}
	}
}

func TestQueuedWakes(t *testing.T) {
	o := newOffice(t, Relay{})
	select {
	case <-o.worker.Queued():
		t.Error("awake before anything was queued")
	default:
	}
	o.queue(Mail{}, Mail{})
	select {
	case <-o.worker.Queued():
	default:
		t.Error("asleep after a mail was queued")
	}
}

func TestSendATest(t *testing.T) {
	fake := newFake(t, fakeOptions{noAuth: true})
	o := newOffice(t, Relay{Address: "smtp://" + fake.address})
	receipt, err := o.worker.Test(t.Context(), "eve@example.com")
	if err != nil || !strings.Contains(receipt, "4XyZ") {
		t.Fatalf("%q, %v", receipt, err)
	}
	if _, text, _, _ := read(t, fake.mails()[0]); !strings.Contains(text, "Mail works") {
		t.Errorf("text part:\n%s", text)
	}
	if _, err := o.worker.Test(t.Context(), "eve"); !fault.Is(err, fault.Invalid) {
		t.Errorf("to nobody: %v", err)
	}
	fake.answer(func(step, _ string, _ *smtp.Conn) error {
		if step == "RCPT" {
			return reply(550, smtp.EnhancedCode{5, 1, 1}, "no such user")
		}
		return nil
	})
	if _, err := o.worker.Test(t.Context(), "eve@example.com"); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "There is no mailbox eve@example.com") {
		t.Errorf("to a stranger: %v", err)
	}
	none := newOffice(t, Relay{})
	if _, err := none.worker.Test(t.Context(), "eve@example.com"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("without a server: %v", err)
	}
}

func TestParseServer(t *testing.T) {
	for _, bad := range []string{"", "mail.example.com", "smtp://mail.example.com", "http://mail.example.com:25", "smtp://u:p@mail.example.com:25", "smtp://:25"} {
		if s, err := ParseServer(bad, "", ""); err == nil {
			t.Errorf("ParseServer(%q) = %+v", bad, s)
		}
	}
	for in, loopback := range map[string]bool{"smtp://localhost:25": true, "smtp://127.0.0.1:25": true, "smtp://[::1]:25": true, "smtp://10.0.0.1:25": false, "smtp://localhost.example.com:25": false} {
		if s, err := ParseServer(in, "", ""); err != nil || s.loopback() != loopback {
			t.Errorf("ParseServer(%q).loopback() = %v, %v", in, s.loopback(), err)
		}
	}
}
