package proposal

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// Verdict is what the books know of a PDF.
type Verdict struct {
	SHA256 string // of the file that was given
	// Known says that it is, byte for byte, one that was shown, signed or attached
	// here. Of one that is not known nothing more is said.
	Known bool
	// Kind is "signed", "shown" or "attached".
	Kind           string
	Number         string
	Version        int64
	Title          string
	State          State
	Customer       string
	CustomerNumber string
	Sent           calendar.Instant
	// How it was signed, of a signed copy.
	SignedBy      string
	Email         string
	SignedAt      string // in the dealer's time
	Authenticated string
	Total         money.Cents
	Monthly       money.Cents
	// ReplacedBy is the version that was accepted in the place of this one, 0 when
	// none was, and ReplacedOn when.
	ReplacedBy int64
	ReplacedOn calendar.Date
	// Problems say what of the books contradicts the file; none for a genuine one.
	Problems []string
}

// Genuine reports whether it is a file of this portal that nothing speaks against.
func (v Verdict) Genuine() bool { return v.Known && len(v.Problems) == 0 }

// Words is the verdict in one sentence.
func (v Verdict) Words() string {
	if !v.Known {
		return "This file is not known here: it was altered since, or it never was one of this portal's."
	}
	which := fmt.Sprintf("proposal %s, version %d, for %s", v.Number, v.Version, v.Customer)
	switch {
	case len(v.Problems) > 0:
		return "This is a file of " + which + ", but the books contradict it: " + strings.Join(v.Problems, "; ") + "."
	case v.Kind == "signed":
		return "Genuine: the signed copy of " + which + ", signed by " + v.SignedBy + " on " + v.SignedAt + "." + v.replaced()
	case v.Kind == "attached":
		return "Genuine: a document that was attached to " + which + "."
	}
	return "Genuine, but not signed: the paper of " + which + ", as it was shown." + v.replaced()
}

func (v Verdict) replaced() string {
	if v.ReplacedBy == 0 {
		return ""
	}
	return fmt.Sprintf(" It is no longer what is agreed on: version %d was accepted in its place on %s.", v.ReplacedBy, v.ReplacedOn)
}

// Verify tells whether a PDF is one that was shown, signed or attached here, by
// its SHA-256 against the documents and the trail. It only reads.
func (s *Service) Verify(ctx context.Context, pdf []byte) (v Verdict, err error) {
	v.SHA256 = sumOf(pdf)
	set, err := s.settings.Current(ctx)
	if err != nil {
		return v, err
	}
	err = s.db.View(ctx, func(q *db.Queries) error {
		rows, err := q.FindProposalPaper(ctx, v.SHA256)
		if err != nil {
			return fmt.Errorf("proposal: verify: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		// a PDF that is attached to several is told by the newest, and one that was
		// signed or shown here is that, whatever it is attached to since
		row := rows[0]
		v.Known, v.Kind, v.Number, v.Version, v.Title, v.Customer, v.CustomerNumber, v.Sent = true, row.Kind, row.Number, row.Version, row.Title, row.DisplayName, row.CustomerNumber, row.SentAt
		v.State = StateOf(row.State, calendar.Date(row.ValidUntil), s.clock.Today(set.Zone))
		kin, err := KinOf(ctx, q, row.Number, row.Version, s.clock.Today(set.Zone))
		if err != nil {
			return err
		}
		if kin.Successor.ID != 0 {
			v.State, v.ReplacedBy, v.ReplacedOn = StateReplaced, kin.Successor.Version, kin.Successor.Accepted.Date(set.Zone)
		}
		if sumOf(row.Body) != v.SHA256 {
			v.Problems = append(v.Problems, "the document that is kept is another one than its hash says")
		}
		events, err := q.ListProposalEvents(ctx, row.ID)
		if err != nil {
			return fmt.Errorf("proposal: verify: %w", err)
		}
		for _, e := range events {
			hash, err := link{proposal: row.ID, kind: e.Kind, details: e.Details, user: e.UserID.Int64, staff: e.StaffID.Int64, ip: e.IP, agent: e.UserAgent, at: e.At, previous: e.PreviousHash}.hash()
			if err != nil {
				return err
			}
			if hash != e.Hash {
				v.Problems = append(v.Problems, "the entry \""+eventWords[e.Kind]+"\" of its trail was changed")
			}
		}
		if row.Kind != "signed" {
			return nil
		}
		d, err := q.GetProposalDecision(ctx, row.ID)
		if err != nil {
			return fmt.Errorf("proposal: verify: %w", err)
		}
		v.SignedBy, v.Email, v.SignedAt, v.Authenticated, v.Total, v.Monthly = d.TypedName, d.UserEmail+d.LinkEmail, d.LocalTime, d.Authenticated, d.TotalCents, d.MonthlyCents
		if !slices.ContainsFunc(events, func(e db.ListProposalEventsRow) bool {
			return e.Kind == evAccepted && strings.Contains(e.Details, v.SHA256)
		}) {
			v.Problems = append(v.Problems, "its trail does not tell of this signature")
		}
		if sum := "evidence " + evidenceSum(evidenceOf(d)); !slices.ContainsFunc(events, func(e db.ListProposalEventsRow) bool {
			return e.Kind == evAccepted && strings.Contains(e.Details, sum)
		}) {
			v.Problems = append(v.Problems, "the evidence that is kept is not what its trail tells of")
		}
		return nil
	})
	return v, err
}
