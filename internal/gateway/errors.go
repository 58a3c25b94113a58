package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

// ErrNotFound is returned by look-ups when the processor knows no such payment.
var ErrNotFound = errors.New("gateway: not found")

// ErrSignature is returned for a webhook that cannot be trusted.
var ErrSignature = errors.New("gateway: webhook signature refused")

// Class says what an error means for the money.
type Class int

// The three classes of error. The zero class is Unknown, the careful one.
const (
	// Unknown: the request may have been carried out (time-out, cut answer, the
	// processor's own failure, a conflict of idempotency keys). Look it up; do not
	// send anything new for it.
	Unknown Class = iota
	// NotSent: nothing was carried out (no connection, too many requests). The
	// same call with the same key may be sent again later.
	NotSent
	// Config: nothing was carried out and nothing will be until a person changes
	// something (a wrong key, a kind of payment not enabled, a request the
	// processor finds malformed). Stop and tell the dealer.
	Config
)

// String names the class for a log.
func (c Class) String() string {
	switch c {
	case NotSent:
		return "not sent"
	case Config:
		return "configuration"
	default:
		return "unknown outcome"
	}
}

// Error is what every method of an [Adapter] returns besides [ErrNotFound] and
// [ErrSignature].
type Error struct {
	Class Class
	Op    string // the method, such as "charge"
	// Code and Detail are the processor's own words, for the log and the office;
	// they are never shown to a customer.
	Code   string
	Detail string
	Err    error // the cause, may be nil
}

// Error gives operation, class and the processor's words.
func (e *Error) Error() string {
	s := fmt.Sprintf("gateway: %s: %s", e.Op, e.Class)
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ClassOf returns the class of an error from an adapter; any error that is not an
// [Error] is Unknown. It must not be asked about nil, [ErrNotFound] or
// [ErrSignature].
func ClassOf(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return Unknown
}

// Begun refuses to start a call whose context is over already, so that an error
// of the context afterwards always means that the request may have been sent.
// Adapters ask it before each request.
func Begun(ctx context.Context, op string) error {
	if err := ctx.Err(); err != nil {
		return &Error{Class: NotSent, Op: op, Err: err}
	}
	return nil
}

// TransportClass classes an error of the way to the processor, one that brought
// no answer: NotSent for the failures that happen before a request can have been
// written (name resolution, connecting, the TLS handshake), else Unknown.
func TransportClass(err error) Class {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return NotSent
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return NotSent
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return NotSent
	}
	return Unknown
}
