package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// The purposes of one-time links.
const (
	purposeRecover     = "recover"
	purposeFirstLogin  = "first_login"
	purposeChangeEmail = "change_email"
	purposeJoin        = "join"
	purposeInvite      = "staff_invite"
	purposeSetup       = "setup"
)

// How long one-time links live.
const (
	recoverAge   = time.Hour
	temporaryAge = 72 * time.Hour
	emailAge     = 24 * time.Hour
	setupAge     = 24 * time.Hour
)

// addToken stores a one-time link and returns the value that goes into it.
func addToken(ctx context.Context, q *db.Queries, now calendar.Instant, age time.Duration, t db.AddTokenParams) (string, error) {
	reference := NewReference()
	t.Hash, t.CreatedAt, t.ExpiresAt = hashOf(reference), now, now.Add(age)
	if err := q.AddToken(ctx, t); err != nil {
		return "", fmt.Errorf("one-time link %s: %w", t.Purpose, err)
	}
	return reference, nil
}

// linkOver is the one answer to a link that is unknown, used, or too old.
func linkOver() error {
	return fault.New(fault.NotFound, "This link has been used or is too old. Please ask for a new one.")
}

// findToken returns a link that can still be used, for one of the purposes. It
// changes nothing, so that opening a link costs nothing.
func findToken(ctx context.Context, q *db.Queries, now calendar.Instant, reference string, purposes ...string) (db.Token, error) {
	t, err := q.GetToken(ctx, hashOf(reference))
	if errors.Is(err, sql.ErrNoRows) {
		return db.Token{}, linkOver()
	}
	if err != nil {
		return db.Token{}, fmt.Errorf("one-time link: %w", err)
	}
	for _, p := range purposes {
		if t.Purpose == p && t.UsedAt == 0 && now < t.ExpiresAt {
			return t, nil
		}
	}
	return db.Token{}, linkOver()
}

// useToken marks a link used; the second of two that come at once is refused.
func useToken(ctx context.Context, q *db.Queries, now calendar.Instant, t db.Token) error {
	n, err := q.UseToken(ctx, db.UseTokenParams{NowAt: now, Hash: t.Hash})
	if err != nil {
		return fmt.Errorf("one-time link: %w", err)
	}
	if n == 0 {
		return linkOver()
	}
	return nil
}
