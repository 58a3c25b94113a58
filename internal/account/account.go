// Package account holds the dealer's customers and everybody who logs in:
// registration by the key on a paper invoice, passwords, sessions, one-time
// links, and the staff with their second factor.
package account

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"net/mail"
	"strings"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

// Service reads and changes customers and log-ins. It is safe for use by
// several goroutines.
type Service struct {
	db       *db.DB
	clock    calendar.Clock
	settings *settings.Store
	mail     *outbox.Writer
}

// New returns the service of the open books.
func New(d *db.DB, clock calendar.Clock, store *settings.Store, mail *outbox.Writer) *Service {
	return &Service{db: d, clock: clock, settings: store, mail: mail}
}

// noRow turns sql.ErrNoRows into the NotFound fault of a thing in words.
func noRow(err error, thing string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Missing(thing)
	}
	return err
}

// CleanEmail trims an e-mail address as typed and reports whether it is one,
// without a name and of at most 254 bytes (RFC 5321, 4.5.3.1).
func CleanEmail(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 254 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return s, false
	}
	a, err := mail.ParseAddress(s)
	return s, err == nil && a.Address == s && a.Name == ""
}

// fold is the form in which addresses are compared and counted.
func fold(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// draw returns n letters of an alphabet of 32, each of 5 random bits.
func draw(alphabet string, n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // crypto/rand.Read never fails
	for i, b := range raw {
		raw[i] = alphabet[b&31]
	}
	return string(raw)
}

// groups puts a dash after every fourth letter.
func groups(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return b.String()
}
