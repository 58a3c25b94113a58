package proposal

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/outbox"
)

// The limits of the way in by a mailed link.
const (
	linkLife  = 90 * 24 * time.Hour // of a link, after the version was decided, withdrawn, replaced or has expired
	codeLife  = 10 * time.Minute
	codeTries = 5
	codesADay = 5

	// SessionLife is how long a browser that confirmed by a code may do nothing.
	SessionLife = 30 * time.Minute
	// it is prolonged when it was not for that long, so that few requests write
	sessionStep = 5 * time.Minute
)

// Link is a mailed link to one version, for who has no log-in.
type Link struct {
	ID         int64
	ProposalID int64
	CustomerID int64
	Email      string // the address it was mailed to
	Number     string
	Version    int64
	Title      string
	Customer   string // the name on the customer's papers

	session string // the hash of the browser that confirmed
	until   calendar.Instant
	hash    string // of the token
}

// LinkInMail returns what stands in the text of a mail for the link by which the
// owner of that address opens a version, and makes the link when there is none.
// It runs in the caller's transaction.
func (s *Service) LinkInMail(ctx context.Context, q *db.Queries, now calendar.Instant, proposalID int64, email string) (string, error) {
	l, err := q.GetProposalLink(ctx, db.GetProposalLinkParams{ProposalID: proposalID, Email: email})
	if errors.Is(err, sql.ErrNoRows) {
		// a hash that no token has, until the link has its id
		raw := make([]byte, 32)
		_, _ = rand.Read(raw) // crypto/rand.Read never fails
		l.ID, err = q.AddProposalLink(ctx, db.AddProposalLinkParams{ProposalID: proposalID, Email: email, TokenHash: sumOf(raw), CreatedAt: now})
	}
	if err != nil {
		return "", fmt.Errorf("proposal: link: %w", err)
	}
	hash := sumOf([]byte(outbox.ProposalLinkToken(s.settings.Sealer(), l.ID)))
	if hash != l.TokenHash || l.RevokedAt != 0 {
		if err := q.SetProposalLinkToken(ctx, db.SetProposalLinkTokenParams{TokenHash: hash, ID: l.ID}); err != nil {
			return "", fmt.Errorf("proposal: link: %w", err)
		}
	}
	return s.mail.ProposalLinkMark(l.ID), nil
}

// OpenLink returns what a token opens, once it is confirmed by a code. A token
// that never was, was revoked or has run out, or was mailed to an address that is
// the customer's no longer, is NotFound, all alike. It only reads.
func (s *Service) OpenLink(ctx context.Context, token string) (Link, error) {
	token = strings.ToLower(strings.TrimSpace(token))
	if len(token) != 26 {
		return Link{}, fault.Missing("page")
	}
	row, err := s.findLink(ctx, s.db.Read(), sumOf([]byte(token)))
	if err != nil {
		return Link{}, err
	}
	return linkOf(row, sumOf([]byte(token))), nil
}

func linkOf(r db.FindProposalLinkRow, hash string) Link {
	return Link{ID: r.ID, ProposalID: r.ProposalID, CustomerID: r.CustomerID, Email: r.Email, Number: r.Number, Version: r.Version, Title: r.Title,
		Customer: r.DisplayName, session: r.SessionHash, until: calendar.Instant(r.SessionUntil), hash: hash}
}

func (s *Service) findLink(ctx context.Context, q *db.Queries, hash string) (db.FindProposalLinkRow, error) {
	row, err := q.FindProposalLink(ctx, hash)
	if errors.Is(err, sql.ErrNoRows) {
		return row, fault.Missing("page")
	}
	if err != nil {
		return row, fmt.Errorf("proposal: link: %w", err)
	}
	over := max(row.DecidedAt, row.WithdrawnAt)
	if row.State == "replaced" {
		over = row.UpdatedAt
	}
	if over == 0 && row.ValidUntil != "" {
		set, err := s.settings.Current(ctx)
		if err != nil {
			return row, err
		}
		over = calendar.InstantOf(calendar.Date(row.ValidUntil).AddDays(1).Time(set.Zone))
	}
	if row.RevokedAt != 0 || over != 0 && s.clock.Now() >= over.Add(linkLife) {
		return row, fault.Missing("page")
	}
	return row, nil
}

// Masked is the address of the link as strangers may see it: "m…@example.com".
func (l Link) Masked() string {
	name, domain, ok := strings.Cut(l.Email, "@")
	if !ok || name == "" {
		return "the address it was mailed to"
	}
	for _, r := range name {
		return string(r) + "…@" + domain
	}
	return ""
}

// SendCode mails a one-time code to the address of the link. Codes before it are
// good no longer. More than a few on one day are TooMany.
func (s *Service) SendCode(ctx context.Context, by audit.Actor, l Link) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	day := now.Date(set.Zone).ISO()
	code, err := newCode()
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		row, err := s.findLink(ctx, q, l.hash)
		if err != nil {
			return err
		}
		sent := row.CodesSent
		if row.CodesDay != day {
			sent = 0
		}
		if sent >= codesADay {
			return &fault.Error{Kind: fault.TooMany, Message: "We have mailed as many codes today as we mail in a day. Please use the last one, try again tomorrow, or " + reach(set.Company) + ".",
				RetryAfter: calendar.InstantOf(now.Date(set.Zone).AddDays(1).Time(set.Zone)).Sub(now)}
		}
		until := now.Add(codeLife)
		if err := q.SetProposalCode(ctx, db.SetProposalCodeParams{CodeHash: s.codeHash(l.ID, code, until), CodeUntil: int64(until), CodesSent: sent + 1, CodesDay: day, ID: l.ID}); err != nil {
			return fmt.Errorf("proposal: code: %w", err)
		}
		err = s.mail.Enqueue(ctx, q, now, outbox.Mail{Fact: fmt.Sprintf("proposal link %d code %s %d", l.ID, day, sent+1), CustomerID: l.CustomerID,
			ToName: row.DisplayName, ToEmail: row.Email, Secret: true,
			Body: outbox.ProposalCode{Number: row.Number, Title: row.Title, Code: code, Minutes: int(codeLife.Minutes())}})
		if err != nil {
			return err
		}
		return record(ctx, q, now, by, l.ProposalID, evCodeSent, "to "+row.Email)
	})
}

// newCode returns six random digits.
func newCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("proposal: code: %w", err)
	}
	return fmt.Sprintf("%06d", n), nil
}

// codeHash is what is kept of a code: without the key file it cannot be found out
// by trying all of them.
func (s *Service) codeHash(linkID int64, code string, until calendar.Instant) string {
	return s.settings.Sealer().LinkToken(fmt.Sprintf("proposal code %d %s %d", linkID, code, until))
}

// ConfirmCode lets a browser in that brings the code that was mailed last, and
// returns the value of its cookie. A wrong code is Invalid (field code); after a
// few no code is good until another is mailed, which is TooMany.
func (s *Service) ConfirmCode(ctx context.Context, by audit.Actor, l Link, code string) (session string, err error) {
	code = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, strings.TrimSpace(code))
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return "", fault.Field("code", "Enter the six digits that we mailed you")
	}
	now := s.clock.Now()
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // crypto/rand.Read never fails
	session = base64.RawURLEncoding.EncodeToString(raw)
	// a refusal is committed, for the try counts
	var refused error
	err = s.db.Write(ctx, func(q *db.Queries) error {
		row, err := s.findLink(ctx, q, l.hash)
		if err != nil {
			return err
		}
		n, err := q.CountProposalCodeTry(ctx, db.CountProposalCodeTryParams{ID: l.ID, Now: int64(now), Most: codeTries})
		if err != nil {
			return fmt.Errorf("proposal: code: %w", err)
		}
		switch {
		case n == 0 && row.CodeHash != "" && row.CodeTries >= codeTries:
			refused = fault.New(fault.TooMany, "That were too many tries. Please have another code mailed.")
			return nil
		case n == 0:
			refused = fault.Field("code", "This code is no longer good. Please have another one mailed")
			return nil
		case subtle.ConstantTimeCompare([]byte(s.codeHash(l.ID, code, calendar.Instant(row.CodeUntil))), []byte(row.CodeHash)) != 1:
			refused = fault.Field("code", "This is not the code that we mailed last")
			return nil
		}
		err = q.OpenProposalSession(ctx, db.OpenProposalSessionParams{SessionHash: sumOf([]byte(session)), SessionUntil: int64(now.Add(SessionLife)), ID: l.ID})
		if err != nil {
			return fmt.Errorf("proposal: code: %w", err)
		}
		return record(ctx, q, now, by, l.ProposalID, evConfirmed, "by "+row.Email)
	})
	if err = errors.Join(err, refused); err != nil {
		return "", err
	}
	return session, nil
}

// Inside reports whether a browser's cookie is that of the one that confirmed by
// the last code, and not gone for too long. Who goes on using it stays in.
func (s *Service) Inside(ctx context.Context, l Link, cookie string) (bool, error) {
	now := s.clock.Now()
	if cookie == "" || l.session == "" || now >= l.until || subtle.ConstantTimeCompare([]byte(sumOf([]byte(cookie))), []byte(l.session)) != 1 {
		return false, nil
	}
	if l.until.Sub(now) > SessionLife-sessionStep {
		return true, nil
	}
	err := s.db.Write(ctx, func(q *db.Queries) error {
		return q.KeepProposalSession(ctx, db.KeepProposalSessionParams{SessionUntil: int64(now.Add(SessionLife)), ID: l.ID})
	})
	if err != nil {
		return false, fmt.Errorf("proposal: link: %w", err)
	}
	return true, nil
}

// PayDeposit returns the pay link of the invoice over the deposit, of the first
// that is not paid when there are several, for who accepted by a mailed link. It
// is NotFound where no deposit was asked.
func (s *Service) PayDeposit(ctx context.Context, l Link) (url string, err error) {
	err = s.db.Write(ctx, func(q *db.Queries) error {
		kin, err := KinOf(ctx, q, l.Number, l.Version, "")
		if err != nil {
			return err
		}
		if len(kin.Deposits) == 0 {
			return fault.Missing("deposit")
		}
		at := max(0, slices.IndexFunc(kin.Deposits, func(d Deposit) bool { return d.Left > 0 }))
		url, err = s.books.PayLink(ctx, q, s.clock.Now(), kin.Deposits[at].InvoiceID)
		return err
	})
	return url, err
}
