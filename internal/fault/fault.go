// Package fault holds the errors that somebody above must tell apart. Any other
// error is internal: it is logged with the request's id and never shown.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what went wrong in terms of what the caller can do about it.
type Kind int

// The kinds. The zero kind is Internal, so that a forgotten kind is never shown.
const (
	Internal    Kind = iota
	Invalid          // the input is refused; Field names the culprit
	NotFound         // it does not exist, or is somebody else's
	Conflict         // it has changed or is already done
	Forbidden        // signed in, but not allowed
	SignedOut        // not signed in, or no longer
	Declined         // the bank or card network said no
	TooMany          // a limit was reached; RetryAfter says for how long
	Unavailable      // a part of the system cannot answer now
)

// Error is an error with words for the person who caused it.
type Error struct {
	Kind       Kind
	Message    string        // a full sentence for the screen
	Field      string        // the form field it belongs to, or ""
	More       []*Error      // further refused fields of the same form
	RetryAfter time.Duration // for TooMany and Unavailable
	Err        error         // the cause, logged and never shown
}

// Error returns the message and the cause, for the log.
func (e *Error) Error() string {
	s := e.Message
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns an error of a kind with a message.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Field returns an Invalid error for one form field.
func Field(field, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Missing returns the NotFound error for a thing in words, as in "invoice". It
// is the same whether the thing does not exist or belongs to somebody else.
func Missing(thing string) *Error {
	return New(NotFound, "There is no such %s here.", thing)
}

// KindOf returns the kind of err, Internal when it is not a fault.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is a fault of the given kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Fields collects the refused fields of one form. Its zero value is ready.
type Fields struct{ list []*Error }

// Add records that a field is refused; the first message of a field stays.
func (f *Fields) Add(field, format string, args ...any) {
	if f.Has(field) {
		return
	}
	f.list = append(f.list, Field(field, format, args...))
}

// Has reports whether the field is refused already.
func (f *Fields) Has(field string) bool {
	for _, e := range f.list {
		if e.Field == field {
			return true
		}
	}
	return false
}

// Err returns nil when nothing was refused, else one Invalid error that holds
// all of them, in the order they were added.
func (f *Fields) Err() error {
	if len(f.list) == 0 {
		return nil
	}
	first := *f.list[0]
	first.More = f.list[1:]
	return &first
}

// All returns e and the further fields it holds, in order.
func (e *Error) All() []*Error { return append([]*Error{e}, e.More...) }
