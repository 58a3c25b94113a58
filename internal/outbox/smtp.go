package outbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Server is where mail is handed in: the submission server of the dealer's
// provider, or a relay on this machine.
type Server struct {
	Host, Port     string
	Implicit       bool // encrypted from the first byte (smtps://)
	User, Password string
}

// ParseServer reads smtp://host:587 or smtps://host:465; user and password may
// be empty.
func ParseServer(address, user, password string) (Server, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Port() == "" || u.User != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return Server{}, fmt.Errorf("outbox: %q is not a mail server like smtp://host:587 or smtps://host:465", address)
	}
	return Server{Host: u.Hostname(), Port: u.Port(), Implicit: u.Scheme == "smtps", User: user, Password: password}, nil
}

// Address is the server's name and port; "" for no server.
func (s Server) Address() string {
	if s.Host == "" {
		return ""
	}
	return net.JoinHostPort(s.Host, s.Port)
}

// loopback reports whether the server runs on this machine, where nobody can
// listen in on a connection without encryption.
func (s Server) loopback() bool {
	if strings.EqualFold(s.Host, "localhost") {
		return true
	}
	ip := net.ParseIP(s.Host)
	return ip != nil && ip.IsLoopback()
}

var (
	errNoSTARTTLS = errors.New("the server does not offer STARTTLS")
	errNoAuth     = errors.New("the server does not offer AUTH PLAIN or LOGIN")
	errNoUTF8     = errors.New("the server does not take addresses that are not ASCII")
)

// patience is how long each part of the talk may take.
type patience struct {
	connect time.Duration // the connection and the handshake
	command time.Duration // the answer to one command
	accept  time.Duration // the server's word after the whole message
	mail    time.Duration // one mail altogether
	grace   time.Duration // a mail under way when the program is told to stop
}

var usualPatience = patience{connect: 20 * time.Second, command: 30 * time.Second, accept: 2 * time.Minute, mail: 5 * time.Minute, grace: 4 * time.Second}

// line is a connection to the server over which mails go one by one.
type line struct {
	server Server
	client *smtp.Client
	conn   net.Conn
	pace   patience
	used   bool // a mail went over it before: it may have died since
}

// network is how servers are reached; tests put their own in its place.
type network struct {
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
	roots *x509.CertPool // nil = the machine's own
	pace  patience
}

// connect connects, encrypts and logs in. Its error is always a *trouble.
func (n network) connect(ctx context.Context, s Server, hello string) (*line, error) {
	pace := n.pace
	ctx, cancel := context.WithTimeout(ctx, pace.connect+4*pace.command)
	defer cancel()
	conn, err := n.reach(ctx, s)
	if err != nil {
		return nil, explain(stepConnect, s, "", err)
	}
	// closing the connection is what ends a blocked read or write
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	config := &tls.Config{ServerName: s.Host, RootCAs: n.roots, MinVersion: tls.VersionTLS12}
	l := &line{server: s, conn: conn, pace: pace}
	if s.Implicit {
		secure := tls.Client(conn, config)
		if err := handshake(ctx, secure, pace); err != nil {
			_ = conn.Close()
			return nil, explain(stepTLS, s, "", err)
		}
		conn = secure
	}
	l.client = smtp.NewClient(conn)
	l.client.CommandTimeout, l.client.SubmissionTimeout = pace.command, pace.accept
	if at, err := l.open(config, hello); err != nil {
		_ = l.client.Close()
		return nil, explain(at, s, "", err)
	}
	return l, nil
}

func (n network) reach(ctx context.Context, s Server) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, n.pace.connect)
	defer cancel()
	return n.dial(ctx, "tcp", s.Address())
}

func handshake(ctx context.Context, secure *tls.Conn, pace patience) error {
	ctx, cancel := context.WithTimeout(ctx, pace.connect)
	defer cancel()
	return secure.HandshakeContext(ctx)
}

// open greets, encrypts and logs in, and says at which step it failed.
func (l *line) open(config *tls.Config, hello string) (step, error) {
	s := l.server
	if !s.Implicit && !s.loopback() {
		// NewClientStartTLS greets once in the clear and once encrypted; the
		// certificate is checked before anything of ours is sent
		client, err := smtp.NewClientStartTLS(l.conn, config)
		if err != nil {
			return startTLSStep(err)
		}
		client.CommandTimeout, client.SubmissionTimeout = l.pace.command, l.pace.accept
		l.client = client
	}
	if err := l.client.Hello(hello); err != nil {
		if !s.Implicit && !s.loopback() {
			return stepTLS, err // the handshake happens with the first command
		}
		return stepConnect, err
	}
	if s.User == "" {
		return 0, nil
	}
	var auth sasl.Client
	switch {
	case l.client.SupportsAuth(sasl.Plain):
		auth = sasl.NewPlainClient("", s.User, s.Password)
	case l.client.SupportsAuth(sasl.Login):
		auth = sasl.NewLoginClient(s.User, s.Password)
	default:
		return stepAuth, errNoAuth
	}
	return stepAuth, l.client.Auth(auth)
}

// startTLSStep tells what of the greeting in the clear went wrong.
func startTLSStep(err error) (step, error) {
	if reply, ok := errors.AsType[*smtp.SMTPError](err); ok {
		if reply.Code == 454 || reply.Code >= 501 && reply.Code <= 503 {
			return stepTLS, err
		}
		return stepConnect, err
	}
	if strings.Contains(err.Error(), "support STARTTLS") { // go-smtp has no name for it
		return stepTLS, errNoSTARTTLS
	}
	return stepConnect, err
}

// send hands in one message and returns the server's word on taking it, which
// holds its queue id. Its error is always a *trouble. When ctx ends the
// connection is closed.
func (l *line) send(ctx context.Context, from, to string, message []byte) (receipt string, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.pace.mail)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = l.conn.Close() })
	defer stop()
	at, receipt, err := l.hand(from, to, message)
	if err == nil {
		l.used = true
		return receipt, nil
	}
	if errors.Is(err, errNoUTF8) {
		return "", &trouble{step: at, reach: reachMailForGood, words: l.server.Host + " does not take addresses with letters outside of ASCII, such as " + to + ".", err: err}
	}
	return "", explain(at, l.server, to, err)
}

func (l *line) hand(from, to string, message []byte) (step, string, error) {
	options := smtp.MailOptions{Size: int64(len(message))}
	if !ascii(from) || !ascii(to) {
		if ok, _ := l.client.Extension("SMTPUTF8"); !ok {
			return stepSender, "", errNoUTF8
		}
		options.UTF8 = true
	}
	if err := l.client.Mail(from, &options); err != nil {
		return stepSender, "", err
	}
	if err := l.client.Rcpt(to, nil); err != nil {
		return stepRecipient, "", err
	}
	data, err := l.client.Data()
	if err != nil {
		return stepData, "", err
	}
	if _, err := data.Write(message); err != nil {
		return stepData, "", err
	}
	response, err := data.CloseWithResponse()
	if err != nil {
		return stepAccept, "", err
	}
	return stepAccept, response.StatusText, nil
}

// reset makes the connection ready for the next mail after one that was
// refused; false means that it is of no more use.
func (l *line) reset(ctx context.Context) bool {
	stop := context.AfterFunc(ctx, func() { _ = l.conn.Close() })
	defer stop()
	return l.client.Reset() == nil
}

// close says good-bye, or just hangs up when ctx has ended.
func (l *line) close(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { _ = l.conn.Close() })
	defer stop()
	if l.client.Quit() != nil {
		_ = l.client.Close()
	}
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7e })
}
