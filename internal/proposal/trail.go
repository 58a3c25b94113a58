package proposal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
)

// The kinds of entries of the trail.
const (
	evCreated   = "created"
	evSent      = "sent"
	evMailed    = "mailed"
	evOpened    = "link_opened"
	evCodeSent  = "code_sent"
	evConfirmed = "code_confirmed"
	evViewed    = "viewed"
	evLoaded    = "downloaded"
	evAccepted  = "accepted"
	evRejected  = "rejected"
	evWithdrawn = "withdrawn"
	evReplaced  = "replaced"
	evReminded  = "reminded"
	evDeposit   = "deposit_invoiced"
	evCarried   = "carried_out"
	evImported  = "imported"
)

var eventWords = map[string]string{
	evCreated: "Written", evSent: "Sent", evMailed: "Mailed", evOpened: "Link opened", evCodeSent: "Code mailed", evConfirmed: "Code confirmed",
	evViewed: "Viewed", evLoaded: "PDF downloaded", evAccepted: "Accepted", evRejected: "Rejected", evWithdrawn: "Withdrawn", evReplaced: "Replaced",
	evReminded: "Reminded", evDeposit: "Deposit invoiced", evCarried: "Carried out", evImported: "Imported",
}

// link is one entry of the trail as it is hashed.
type link struct {
	proposal      int64
	kind, details string
	user, staff   int64 // 0 = none
	ip, agent     string
	at            calendar.Instant
	previous      string // the hash of the entry before it, "" of the first
}

// hash is the SHA-256, in hexadecimal, of the entry's one encoding: a JSON array
// of, in this order, the words "proposal trail 1", the id of the proposal's
// version, kind, details, the ids of the log-in and of the staff member (0 for
// none), the network address, the browser, the time in milliseconds since 1970
// UTC, and the hash of the entry before it. All proposals share one trail, so
// that none can be taken out of it with all its entries.
func (l link) hash() (string, error) {
	raw, err := json.Marshal([]any{"proposal trail 1", l.proposal, l.kind, l.details, l.user, l.staff, l.ip, l.agent, int64(l.at), l.previous})
	if err != nil {
		return "", fmt.Errorf("proposal: trail: %w", err)
	}
	return sumOf(raw), nil
}

// sumOf is the SHA-256 in hexadecimal.
func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// agentLimit is how much of a browser's name is kept: what is longer is no name.
const agentLimit = 500

// browser is the name of the actor's browser as it is kept: valid text, not
// endless. JSON would write what is no text differently from what was stored.
func browser(by audit.Actor) string { return shorten(by.UserAgent, agentLimit) }

func shorten(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "")
}

// record adds an entry to the trail. It runs in the caller's transaction.
func record(ctx context.Context, q *db.Queries, at calendar.Instant, by audit.Actor, proposalID int64, kind, details string) error {
	previous, err := q.GetProposalTrailHead(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("proposal: trail: %w", err)
	}
	l := link{proposal: proposalID, kind: kind, details: strings.ToValidUTF8(details, "\uFFFD"), user: by.UserID, staff: by.StaffID, ip: by.IP, agent: browser(by), at: at, previous: previous}
	hash, err := l.hash()
	if err != nil {
		return err
	}
	err = q.AddProposalEvent(ctx, db.AddProposalEventParams{ProposalID: proposalID, Kind: kind, Details: l.details, UserID: db.NullID(by.UserID), StaffID: db.NullID(by.StaffID),
		IP: l.ip, UserAgent: l.agent, At: at, PreviousHash: previous, Hash: hash})
	if err != nil {
		return fmt.Errorf("proposal: trail: %w", err)
	}
	return nil
}

// Event is one entry of a proposal's trail, in words.
type Event struct {
	Kind      string // as it is stored
	What      string // "Viewed"
	Who       string // the log-in or the staff member, "" when it was the portal itself
	Details   string
	IP        string
	UserAgent string
	At        calendar.Instant
	Hash      string
}

// Trail returns all that happened to one version, in order. It only reads.
func (s *Service) Trail(ctx context.Context, proposalID int64) ([]Event, error) {
	return trail(ctx, s.db.Read(), proposalID)
}

func trail(ctx context.Context, q *db.Queries, proposalID int64) ([]Event, error) {
	rows, err := q.ListProposalEvents(ctx, proposalID)
	if err != nil {
		return nil, fmt.Errorf("proposal: trail: %w", err)
	}
	events := make([]Event, len(rows))
	for i, r := range rows {
		e := Event{Kind: r.Kind, What: eventWords[r.Kind], Details: r.Details, IP: r.IP, UserAgent: r.UserAgent, At: r.At, Hash: r.Hash}
		switch {
		case r.UserEmail != "":
			e.Who = r.UserEmail
		case r.StaffName != "":
			e.Who = r.StaffName
		default:
			e.Who = r.StaffEmail
		}
		events[i] = e
	}
	return events, nil
}
