package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/settings"
)

const (
	// lease is how long a mail may be 'sending' before another worker takes it up.
	lease = 15 * time.Minute
	// giveUpAfter is how long after its first try a mail is tried again.
	giveUpAfter = 72 * time.Hour
	// secretFor is how old a mail with a one-time link or password may be before
	// it is not worth sending: what it holds has expired.
	secretFor = 72 * time.Hour
)

// pauses are the waits after the first, second, ... try of one mail; the last
// goes on until giveUpAfter.
var pauses = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 12 * time.Hour}

// serverPauses are the waits while no mail can go at all. They stay short, so
// that everything goes out soon after the server is back.
var serverPauses = []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute}

// pause returns the wait after the nth try or failure, counted from 1.
func pause(list []time.Duration, n int) time.Duration {
	return list[min(max(n, 1), len(list))-1]
}

// Relay is the mail server named on the command line; it wins over the settings.
// Address is "" for none.
type Relay struct{ Address, User, Password string }

// Worker sends the mails of the outbox. Run is called by one goroutine at a
// time; the other methods by any.
type Worker struct {
	db       *db.DB
	clock    calendar.Clock
	settings *settings.Store
	writer   *Writer
	relay    Relay
	log      *slog.Logger
	net      network

	mu       sync.Mutex
	began    bool   // what an earlier program left behind has been taken up
	server   Server // what the last run sent by
	failures int    // runs in a row that the server as a whole failed
}

// NewWorker returns the worker of the open books. Trouble is written to log
// without the addresses and texts of mails.
func NewWorker(d *db.DB, clock calendar.Clock, store *settings.Store, w *Writer, relay Relay, log *slog.Logger) *Worker {
	return &Worker{db: d, clock: clock, settings: store, writer: w, relay: relay, log: log,
		net: network{dial: new(net.Dialer).DialContext, pace: usualPatience}}
}

// Queued is signalled when a mail was put into the outbox by this process.
func (w *Worker) Queued() <-chan struct{} { return w.writer.queued }

// sender is what all mails of a run share.
type sender struct {
	server Server
	from   mail.Address
	name   string // the dealer's
}

// sender reads the server and the sender's address; a server without a Host
// means that none is set.
func (w *Worker) sender(ctx context.Context) (sender, error) {
	s, err := w.settings.Current(ctx)
	if err != nil {
		return sender{}, err
	}
	relay := w.relay
	if relay.Address == "" {
		relay = Relay{s.Value("mail.server"), s.Value("mail.user"), s.Value("mail.password")}
	}
	if relay.Address == "" {
		return sender{}, nil
	}
	server, err := ParseServer(relay.Address, relay.User, relay.Password)
	if err != nil {
		return sender{}, &trouble{step: stepConfig, words: "The mail server is written wrongly. Write smtp://host:587 or smtps://host:465.", err: err}
	}
	from := s.Value("mail.from")
	if from == "" {
		from = s.Company.Email
	}
	if from == "" {
		return sender{server: server}, &trouble{step: stepConfig, words: "There is no address to send from. Set company.email or mail.from."}
	}
	a, err := address(s.Company.Name, from)
	if err != nil {
		return sender{server: server}, &trouble{step: stepConfig, words: "The address to send from is not an e-mail address. Set mail.from.", err: err}
	}
	return sender{server: server, from: a, name: s.Company.Name}, nil
}

// hello is the name the portal greets servers with (RFC 5321, 4.1.3).
func (w *Worker) hello() string {
	u, err := url.Parse(w.writer.publicURL)
	if err != nil || u.Hostname() == "" {
		return "localhost"
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil {
		if ip.To4() != nil {
			return "[" + ip.String() + "]"
		}
		return "[IPv6:" + ip.String() + "]"
	}
	return u.Hostname()
}

// Run sends all mails that are due, one after the other over one connection,
// and returns when none is left or the server is of no use. Trouble with mail
// is kept with each mail and is no error here; an error is trouble with the
// books. When ctx ends, the mail under way is finished if it takes no longer
// than a few seconds. Without a server set it does nothing and mails wait.
func (w *Worker) Run(ctx context.Context) error {
	who, err := w.sender(ctx)
	configured, wrong := err == nil, (*trouble)(nil)
	if t, ok := errors.AsType[*trouble](err); ok {
		wrong = t
	} else if err != nil {
		return err
	}
	if configured && who.server.Host == "" {
		return nil
	}
	if err := w.begin(ctx, who.server); err != nil {
		return err
	}
	if wrong != nil {
		return w.postpone(ctx, wrong)
	}

	// what is done for a mail is finished even when the program stops
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(w.net.pace.grace, cancel) })()

	var l *line
	defer func() {
		if l != nil {
			l.close(work)
		}
	}()
	for ctx.Err() == nil {
		now := w.clock.Now()
		claimed, err := claim(work, w.db, now)
		if err != nil {
			return err
		}
		if claimed == nil {
			return nil
		}
		receipt, again, err := w.deliver(work, &l, who, claimed)
		t, ok := errors.AsType[*trouble](err)
		if err != nil && !ok {
			return err
		}
		if work.Err() != nil && t != nil {
			// the program stopped in the middle: the next one starts afresh
			t.reach, again = reachMail, false
			return w.settle(context.WithoutCancel(ctx), claimed, "", t, now)
		}
		if err := w.settle(work, claimed, receipt, t, w.clock.Now()); err != nil {
			return err
		}
		if t != nil && t.reach == reachServer {
			return w.postpone(work, t)
		}
		if !again {
			return nil
		}
	}
	return nil
}

// begin takes up what a killed program left, once, and hurries what waits when
// the server was changed.
func (w *Worker) begin(ctx context.Context, s Server) error {
	w.mu.Lock()
	first, changed := !w.began, w.began && w.server != s
	w.mu.Unlock()
	if !first && !changed {
		return nil
	}
	err := w.db.Write(ctx, func(q *db.Queries) error {
		if first {
			n, err := q.ReclaimMail(ctx, w.clock.Now())
			if err != nil {
				return err
			}
			if n > 0 {
				w.log.Warn("mails are taken up again that were being sent when the program stopped", "mails", n)
			}
			return nil
		}
		_, err := q.HastenMail(ctx, w.clock.Now())
		return err
	})
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	w.mu.Lock()
	w.began, w.server, w.failures = true, s, 0
	w.mu.Unlock()
	return nil
}

// claim takes the next due mail, nil when there is none.
func claim(ctx context.Context, d *db.DB, now calendar.Instant) (*db.ClaimMailRow, error) {
	var rows []db.ClaimMailRow
	err := d.Write(ctx, func(q *db.Queries) (err error) {
		rows, err = q.ClaimMail(ctx, db.ClaimMailParams{Now: now, LeaseUntil: now.Add(lease)})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("outbox: claiming: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return &rows[0], nil
}

// deliver sends one claimed mail over l, connecting when need be. Again is
// false when the server should be left alone for a while.
func (w *Worker) deliver(ctx context.Context, l **line, who sender, m *db.ClaimMailRow) (receipt string, again bool, err error) {
	if m.Secret != 0 && w.clock.Now().Sub(m.CreatedAt) > secretFor {
		return "", true, &trouble{reach: reachMailForGood, words: "It waited so long that the password or link in it has expired."}
	}
	to, err := address(m.ToName, m.ToEmail)
	if err != nil {
		return "", true, &trouble{reach: reachMailForGood, words: m.ToEmail + " is not an e-mail address.", err: err}
	}
	message, err := w.compose(ctx, who, to, m)
	if err != nil {
		return "", true, err
	}
	for {
		if *l == nil {
			if *l, err = w.net.connect(ctx, who.server, w.hello()); err != nil {
				return "", false, err
			}
		}
		receipt, err = (*l).send(ctx, who.from.Address, to.Address, message)
		if err == nil {
			w.mu.Lock()
			w.failures = 0
			w.mu.Unlock()
			return receipt, true, nil
		}
		t, _ := errors.AsType[*trouble](err)
		code := replyCode(t)
		used := (*l).used
		if code != 0 && code != 421 && (*l).reset(ctx) {
			return "", true, err // refused in good order: the connection stays
		}
		_ = (*l).client.Close()
		*l = nil
		if used && t.step == stepSender && (code == 0 || code == 421) {
			continue // the server closed an idle or well-used connection; this mail was not begun
		}
		return "", code != 421, err
	}
}

// compose builds the message of a claimed mail.
func (w *Worker) compose(ctx context.Context, who sender, to mail.Address, m *db.ClaimMailRow) ([]byte, error) {
	papers, err := w.db.Read().ListMailAttachments(ctx, m.ID)
	if err != nil {
		return nil, fmt.Errorf("outbox: reading attachments: %w", err)
	}
	l := letter{from: who.from, to: to, subject: m.Subject, messageID: m.MessageID, date: m.CreatedAt.Time()}
	mine := func(invoiceID, generation int64) (bool, error) {
		n, err := w.db.Read().CountPayLinkForCustomer(ctx, db.CountPayLinkForCustomerParams{InvoiceID: invoiceID, Generation: generation, CustomerID: m.CustomerID.Int64})
		return n == 1, err
	}
	if l.text, err = w.writer.fillPayLinks(m.TextBody, mine); err == nil {
		l.html, err = w.writer.fillPayLinks(m.HtmlBody, mine)
	}
	if err != nil {
		return nil, fmt.Errorf("outbox: pay links: %w", err)
	}
	addressee := func(linkID int64) (bool, error) {
		n, err := w.db.Read().CountProposalLinkTo(ctx, db.CountProposalLinkToParams{ID: linkID, CustomerID: m.CustomerID.Int64, Email: m.ToEmail})
		return n == 1, err
	}
	if l.text, err = w.writer.fillProposalLinks(l.text, addressee); err == nil {
		l.html, err = w.writer.fillProposalLinks(l.html, addressee)
	}
	if err != nil {
		return nil, fmt.Errorf("outbox: links to proposals: %w", err)
	}
	dealer := who.name
	if s, err := w.settings.Current(ctx); err == nil {
		l.date = l.date.In(s.Zone)
		if !strings.EqualFold(m.ReplyTo, s.Company.Email) {
			dealer = "" // a customer's address does not go under the dealer's name
		}
	}
	if reply, err := address(dealer, m.ReplyTo); err == nil && reply.Address != who.from.Address {
		l.replyTo = reply
	}
	for _, p := range papers {
		body, err := w.settings.Sealer().OpenPaper(p.Body, p.SHA256)
		if err != nil {
			return nil, &trouble{step: stepConfig, reach: reachMailForGood, words: "The paper attached to this mail was sealed on another machine. Please send the invoice again.", err: err}
		}
		l.attachments = append(l.attachments, attachment{name: p.Name, kind: p.Mime, body: body})
	}
	raw, err := compose(l)
	if err != nil {
		return nil, &trouble{step: stepConfig, reach: reachMailForGood, words: "This mail could not be put together.", err: err}
	}
	return raw, nil
}

// settle records what became of a claimed mail.
func (w *Worker) settle(ctx context.Context, m *db.ClaimMailRow, receipt string, t *trouble, now calendar.Instant) error {
	err := w.db.Write(ctx, func(q *db.Queries) (err error) {
		switch {
		case t == nil:
			_, err = q.MailSent(ctx, db.MailSentParams{SentAt: now, Receipt: shorten(oneLine(receipt), 500), ID: m.ID})
		case t.reach == reachMailForGood:
			_, err = q.MailFailed(ctx, db.MailFailedParams{LastError: t.words, ID: m.ID})
		case now.Sub(m.FirstTryAt) >= giveUpAfter:
			_, err = q.MailFailed(ctx, db.MailFailedParams{LastError: "Given up after three days. " + t.words, ID: m.ID})
		default:
			next := now.Add(pause(pauses, int(m.Tries)))
			if t.reach == reachServer {
				next = now // postponed with all the others
			}
			_, err = q.MailWaits(ctx, db.MailWaitsParams{NextTryAt: next, LastError: t.words, ID: m.ID})
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("outbox: recording mail %d: %w", m.ID, err)
	}
	switch {
	case t == nil:
		w.log.Info("mail sent", "mail", m.ID, "kind", m.Kind, "tries", m.Tries)
	case t.reach == reachMailForGood:
		w.log.Warn("mail failed", "mail", m.ID, "kind", m.Kind, "step", int(t.step), "code", replyCode(t))
	case t.reach == reachMail:
		w.log.Info("mail waits", "mail", m.ID, "kind", m.Kind, "tries", m.Tries, "step", int(t.step), "code", replyCode(t))
	}
	return nil
}

// postpone makes all due mails wait while the server as a whole is of no use.
func (w *Worker) postpone(ctx context.Context, t *trouble) error {
	w.mu.Lock()
	n := w.failures + 1
	w.mu.Unlock()
	now, held := w.clock.Now(), int64(0)
	err := w.db.Write(ctx, func(q *db.Queries) (err error) {
		held, err = q.PostponeMail(ctx, db.PostponeMailParams{Now: now, NextTryAt: now.Add(pause(serverPauses, n)), LastError: t.words})
		return err
	})
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	if held == 0 {
		return nil
	}
	w.mu.Lock()
	w.failures = n
	w.mu.Unlock()
	w.log.Warn("no mail goes out", "server", w.Server(), "mails", held, "step", int(t.step), "code", replyCode(t), "reason", t.words)
	return nil
}

// Server is the mail server of the last run as host:port, "" for none.
func (w *Worker) Server() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.server.Address()
}

// Status is how mail stands, for the office.
type Status struct {
	Server  string // host:port; "" when none is set and mail waits
	Trouble string // why mails that wait do so; "" when all is well
	Waiting int64
	Failed  int64
	Oldest  calendar.Instant // of those that wait
}

// Status reads how mail stands.
func (w *Worker) Status(ctx context.Context) (Status, error) {
	row, err := w.db.Read().CountMail(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("outbox: %w", err)
	}
	out := Status{Trouble: row.Trouble, Waiting: row.Waiting, Failed: row.Failed, Oldest: calendar.Instant(row.Oldest)}
	who, err := w.sender(ctx)
	if t, ok := errors.AsType[*trouble](err); ok {
		out.Trouble = t.words
	} else if err != nil {
		return Status{}, err
	}
	out.Server = who.server.Address()
	if out.Server == "" && out.Trouble == "" {
		out.Trouble = "No mail server is set, so mails wait here."
	}
	return out, nil
}

// Test sends a test mail to an address at once, outside of the outbox, and
// returns the server's word on taking it. When it does not go the error is a
// fault that says in words what is wrong and what to do.
func (w *Worker) Test(ctx context.Context, to string) (receipt string, err error) {
	a, err := address("", to)
	if err != nil {
		return "", fault.Field("to", "Enter an e-mail address, like name@example.com")
	}
	receipt, err = w.test(ctx, a)
	if t, ok := errors.AsType[*trouble](err); ok {
		return "", &fault.Error{Kind: fault.Unavailable, Message: t.words, Err: t.err}
	}
	return receipt, err
}

func (w *Worker) test(ctx context.Context, to mail.Address) (string, error) {
	who, err := w.sender(ctx)
	if err != nil {
		return "", err
	}
	if who.server.Host == "" {
		return "", &trouble{words: "No mail server is set."}
	}
	s, err := w.settings.Current(ctx)
	if err != nil {
		return "", err
	}
	now := w.clock.Now()
	body := Test{When: now.Format(s.Zone)}
	subject, text, html, err := w.writer.render(s, body)
	if err != nil {
		return "", err
	}
	message, err := compose(letter{from: who.from, to: to, subject: subject, messageID: w.writer.messageID(), date: now.Time().In(s.Zone), text: text, html: html})
	if err != nil {
		return "", err
	}
	// a person waits for this answer
	quick := w.net
	quick.pace.connect = min(quick.pace.connect, 10*time.Second)
	quick.pace.command = min(quick.pace.command, 10*time.Second)
	quick.pace.accept = min(quick.pace.accept, 20*time.Second)
	ctx, cancel := context.WithTimeout(ctx, 45*time.Second)
	defer cancel()
	l, err := quick.connect(ctx, who.server, w.hello())
	if err != nil {
		return "", err
	}
	defer l.close(ctx)
	return l.send(ctx, who.from.Address, to.Address, message)
}

// Resend queues a failed mail again. It owns one transaction. A mail whose text
// was forgotten because it held a password or a link cannot be sent again: that
// is a Conflict.
func (w *Worker) Resend(ctx context.Context, by audit.Actor, id int64) error {
	now := w.clock.Now()
	err := w.db.Write(ctx, func(q *db.Queries) error {
		n, err := q.ResendMail(ctx, db.ResendMailParams{ID: id, Now: now})
		if err != nil {
			return fmt.Errorf("outbox: %w", err)
		}
		if n == 0 {
			return fault.New(fault.Conflict, "This mail cannot be sent again: it went out, or it held a password or link that is no longer kept.")
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "mail.resend", Object: fmt.Sprintf("mail %d", id)})
	})
	if err != nil {
		return err
	}
	w.writer.wake()
	return nil
}

// replyCode returns the server's reply code, 0 when it did not answer.
func replyCode(t *trouble) int {
	if t == nil {
		return 0
	}
	if reply, ok := errors.AsType[*smtp.SMTPError](t.err); ok {
		return reply.Code
	}
	return 0
}
