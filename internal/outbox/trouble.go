package outbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/emersion/go-smtp"
)

// trouble is why a mail did not go out, in words for the dealer.
type trouble struct {
	step  step
	reach reach
	words string
	err   error
}

// Error returns the words and the server's own answer.
func (t *trouble) Error() string { return t.words }

// Unwrap returns the cause.
func (t *trouble) Unwrap() error { return t.err }

// step is how far the talk with the server came.
type step int

const (
	stepConfig    step = iota // before anything was sent: no sender address
	stepConnect               // name look-up, connection, greeting
	stepTLS                   // STARTTLS and the handshake
	stepAuth                  // user and password
	stepSender                // MAIL FROM
	stepRecipient             // RCPT TO
	stepData                  // DATA and the message itself
	stepAccept                // the server's word on the whole message
)

// reach is what a trouble concerns, and with it what is done about it.
type reach int

const (
	// reachServer: no mail can go at the moment; all of them wait.
	reachServer reach = iota
	// reachMail: this mail waits and is tried again.
	reachMail
	// reachMailForGood: this mail can never go.
	reachMailForGood
)

// explain turns an error of the talk into trouble. The classes of reply follow
// RFC 5321, 4.2.1: 4yz is worth another try, 5yz is not.
func explain(at step, s Server, to string, err error) *trouble {
	t := &trouble{step: at, err: err}
	if reply, ok := errors.AsType[*smtp.SMTPError](err); ok {
		t.reach, t.words = explainReply(at, s, to, reply)
		t.words += " " + answered(reply)
		return t
	}
	t.words = explainNetwork(at, s, err)
	if at >= stepRecipient {
		// a server that hangs up on one mail must not hold up the others
		t.reach = reachMail
	}
	return t
}

// answered quotes the server, on one line and not at endless length.
func answered(e *smtp.SMTPError) string {
	code := fmt.Sprint(e.Code)
	if e.EnhancedCode[0] > 0 {
		code += fmt.Sprintf(" %d.%d.%d", e.EnhancedCode[0], e.EnhancedCode[1], e.EnhancedCode[2])
	}
	return fmt.Sprintf("(It answered: %s %s)", code, shorten(strings.Join(strings.Fields(oneLine(e.Message)), " "), 300))
}

func explainReply(at step, s Server, to string, e *smtp.SMTPError) (reach, string) {
	temporary := e.Code < 500
	tooLarge := e.EnhancedCode == smtp.EnhancedCode{5, 3, 4} || e.Code == 552 && at != stepRecipient
	switch {
	case e.Code == 530 || e.Code == 538 || (e.Code == 535 && at != stepAuth):
		if s.User == "" {
			return reachServer, s.Host + " takes mail only from somebody who logs in. Give it a user and a password."
		}
		return reachServer, s.Host + " did not take our log-in for sending mail."
	case at == stepConnect:
		return reachServer, s.Host + " is there but does not take mail from us at the moment."
	case at == stepTLS:
		return reachServer, s.Host + " offers an encrypted connection and then refuses to start it."
	case at == stepAuth && temporary:
		return reachServer, s.Host + " could not check the user and password just now."
	case at == stepAuth && e.Code == 535:
		return reachServer, "The user or the password is wrong. Some providers want an app password made for this purpose instead of your own."
	case at == stepAuth:
		return reachServer, s.Host + " refused the log-in. The account may need to allow sending by SMTP first."
	case tooLarge:
		return reachMailForGood, "The mail with its attachments is larger than the server takes."
	case at == stepSender && temporary:
		return reachServer, s.Host + " does not take mail at the moment."
	case at == stepSender:
		return reachServer, s.Host + " does not let us send from this address. Set mail.from to an address that belongs to the user who logs in."
	case temporary && e.Code == 452 && at == stepRecipient:
		return reachMail, "The mailbox of " + to + " is full, or the server is out of space."
	case temporary:
		return reachMail, s.Host + " asks us to try again later."
	case at == stepRecipient && (e.EnhancedCode == smtp.EnhancedCode{5, 7, 1} || e.Code == 554):
		return reachMailForGood, s.Host + " refuses to pass mail on to " + to + "."
	case at == stepRecipient && (e.EnhancedCode == smtp.EnhancedCode{5, 2, 2} || e.Code == 552):
		return reachMailForGood, "The mailbox of " + to + " is full."
	case at == stepRecipient:
		return reachMailForGood, "There is no mailbox " + to + ", or it takes no mail."
	}
	return reachMailForGood, s.Host + " refused the mail itself, perhaps as spam."
}

func explainNetwork(at step, s Server, err error) string {
	var (
		name      *net.DNSError
		untrusted x509.UnknownAuthorityError
		wrongName x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, errNoSTARTTLS):
		return s.Host + " offers no encryption (STARTTLS) on port " + s.Port + ", and mails hold passwords and links. Use port 587 of your provider, or smtps:// with port 465."
	case errors.Is(err, errNoAuth):
		return s.Host + " offers no log-in by user and password on port " + s.Port + ". Try port 587, or smtps:// with port 465."
	case errors.As(err, &untrusted):
		return "The certificate of " + s.Host + " is signed by nobody this machine knows, so it may not be the server it says it is."
	case errors.As(err, &wrongName):
		return "The certificate that answered is not for " + s.Host + ". Write the server's name just as your provider gives it."
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "The certificate of " + s.Host + " has expired, or this machine's clock is wrong."
	case errors.As(err, &record):
		return s.Host + " does not begin with encryption on port " + s.Port + ". Write smtp:// instead of smtps://, or use port 465."
	case errors.As(err, &name) && name.IsNotFound:
		return "There is no server called " + s.Host + ". Check the name."
	case errors.As(err, &name):
		return "The name " + s.Host + " could not be looked up. Is this machine online?"
	case errors.Is(err, syscall.ECONNREFUSED):
		return s.Host + " refuses connections on port " + s.Port + ". Check the port; 587 and 465 are usual."
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return s.Host + " cannot be reached from this machine."
	case at == stepConnect && !s.Implicit && s.Port == "465" && silent(err):
		return s.Host + " says nothing on port 465. Write smtps:// instead of smtp:// for this port."
	case at == stepConnect && silent(err):
		return s.Host + " does not answer on port " + s.Port + ". Many hosting companies block mail ports until asked; 587 and 465 are the likeliest to be open."
	case silent(err):
		return s.Host + " stopped answering in the middle of the talk."
	case at == stepAccept:
		return "The connection broke just after the mail was handed over, so it is not known whether it was taken. It is sent once more."
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		if at == stepConnect {
			return s.Host + " hung up at once. On port 465 write smtps:// instead of smtp://."
		}
		return s.Host + " hung up in the middle of the talk."
	case at == stepTLS:
		return "No encrypted connection to " + s.Host + " could be made: " + shorten(oneLine(err.Error()), 200)
	}
	return "The talk with " + s.Host + " failed: " + shorten(oneLine(err.Error()), 200)
}

// silent reports whether the server let the time run out.
func silent(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) || errors.As(err, &timeout) && timeout.Timeout()
}
