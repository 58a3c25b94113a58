package outbox

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// fakeServer is a mail server whose manners a test sets.
type fakeServer struct {
	tb      testing.TB
	address string

	mu       sync.Mutex
	talks    int      // connections that came as far as a greeting
	log      []string // MAIL, RCPT, DATA, AUTH in order
	received [][]byte
	// on is asked before each step; what it returns is the answer
	on func(step, recipient string, c *smtp.Conn) error
}

// fakeOptions are what the server is like from the start.
type fakeOptions struct {
	tls      *tls.Config // offers STARTTLS, or with implicit speaks it at once
	implicit bool
	utf8     bool
	noAuth   bool
	user     string
	password string
}

func newFake(tb testing.TB, o fakeOptions) *fakeServer {
	tb.Helper()
	f := &fakeServer{tb: tb, on: func(string, string, *smtp.Conn) error { return nil }}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	f.address = l.Addr().String()
	if o.implicit {
		l = tls.NewListener(l, o.tls)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		f.mu.Lock()
		f.talks++
		f.mu.Unlock()
		s := &fakeSession{fake: f, conn: c, options: o}
		if o.noAuth {
			return plainSession{s}, nil
		}
		return s, nil
	}))
	server.Domain, server.AllowInsecureAuth, server.EnableSMTPUTF8 = "mail.example.com", true, o.utf8
	server.ErrorLog = log.New(io.Discard, "", 0)
	if !o.implicit {
		server.TLSConfig = o.tls
	}
	done := make(chan struct{})
	go func() { _ = server.Serve(l); close(done) }()
	tb.Cleanup(func() { _ = server.Close(); <-done })
	return f
}

// answer sets what the server answers from now on to a step of a mail to a
// recipient, who is not known before RCPT; nil = it agrees.
func (f *fakeServer) answer(on func(step, recipient string, c *smtp.Conn) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on = on
}

func (f *fakeServer) ask(step, recipient string, c *smtp.Conn) error {
	f.mu.Lock()
	f.log = append(f.log, step)
	on := f.on
	f.mu.Unlock()
	return on(step, recipient, c)
}

// mails returns what arrived so far.
func (f *fakeServer) mails() [][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([][]byte(nil), f.received...)
}

func (f *fakeServer) count() (talks int, steps []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.talks, append([]string(nil), f.log...)
}

type fakeSession struct {
	fake    *fakeServer
	conn    *smtp.Conn
	options fakeOptions
	to      string
}

// plainSession hides that the session can authenticate.
type plainSession struct{ smtp.Session }

func (s *fakeSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *fakeSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if err := s.fake.ask("AUTH", "", s.conn); err != nil {
			return err
		}
		if user != s.options.user || password != s.options.password {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *fakeSession) Mail(string, *smtp.MailOptions) error {
	return s.fake.ask("MAIL", "", s.conn)
}

func (s *fakeSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return s.fake.ask("RCPT", to, s.conn)
}

func (s *fakeSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.fake.ask("DATA", s.to, s.conn); err != nil {
		return err
	}
	s.fake.mu.Lock()
	s.fake.received = append(s.fake.received, raw)
	s.fake.mu.Unlock()
	// how servers hand out their queue id
	return &smtp.SMTPError{Code: 250, EnhancedCode: smtp.EnhancedCode{2, 0, 0}, Message: "Ok: queued as 4XyZ"}
}

func (s *fakeSession) Reset()        {}
func (s *fakeSession) Logout() error { return nil }

func reply(code int, enhanced smtp.EnhancedCode, words string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: words}
}

// hangUp breaks the connection without a word.
func hangUp(c *smtp.Conn) error {
	_ = c.Conn().Close()
	return errors.New("gone")
}

// silent is a server that takes connections and says nothing.
func silentServer(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wait.Go(func() { _, _ = io.Copy(io.Discard, c); _ = c.Close() })
		}
	})
	tb.Cleanup(func() { _ = l.Close(); wait.Wait() })
	return l.Addr().String()
}

// forever is when the certificates of tests run out.
var forever = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// authority is a certificate authority made for one test.
type authority struct {
	pool *x509.CertPool
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(tb testing.TB) authority {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Unix(0, 0), NotAfter: forever, KeyUsage: x509.KeyUsageCertSign}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		tb.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return authority{pool: pool, cert: cert, key: key}
}

// serves returns the configuration of a server with that name.
func (a authority) serves(tb testing.TB, name string, until time.Time) *tls.Config {
	tb.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Unix(0, 0), NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		tb.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: a.key}}}
}

// to sends every connection to one address, whatever name was asked for.
func to(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}
