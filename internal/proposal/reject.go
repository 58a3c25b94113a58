package proposal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
)

// Rejection is the form that rejects a proposal, as it was sent.
type Rejection struct {
	Answer
	Reason string
}

// Reject records that the customer does not want a version, and why. It is as
// final as [Service.Accept], happens once in the same way, and has the same
// faults; its one field is reason.
func (s *Service) Reject(ctx context.Context, who Reader, r Rejection) error {
	for range 5 {
		err := s.reject(ctx, who, r)
		if !errors.Is(err, errMoved) {
			return err
		}
	}
	return &fault.Error{Kind: fault.Unavailable, Message: "The portal is very busy. Please try again in a moment.", Err: errMoved}
}

func (s *Service) reject(ctx context.Context, who Reader, r Rejection) error {
	o, done, err := s.begin(ctx, who, r.Answer, "rejected")
	if done || err != nil {
		return err
	}
	reason := strings.TrimSpace(strings.ReplaceAll(r.Reason, "\r\n", "\n"))
	switch {
	case reason == "":
		return fault.Field("reason", "Tell us why, in a few words; it helps us to make you a better proposal")
	case utf8.RuneCountInString(reason) > MaxReason:
		return fault.Field("reason", "This is too long: at most %d characters", MaxReason)
	}
	evidence := db.AddProposalDecisionParams{ProposalID: o.row.ID, Decision: "rejected", Nonce: r.Form, Reason: reason, Chosen: "[]"}
	if err := s.fill(ctx, &evidence, who, o); err != nil {
		return err
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		if err := s.claim(ctx, q, who, o, "rejected"); err != nil {
			return err
		}
		if err := record(ctx, q, o.now, who.By, o.row.ID, evRejected, who.note(reason+" (evidence "+evidenceSum(evidence)+")")); err != nil {
			return err
		}
		if err := q.AddProposalDecision(ctx, evidence); err != nil {
			return fmt.Errorf("proposal: decision: %w", err)
		}
		if err := s.mailRejected(ctx, q, who, o, reason); err != nil {
			return err
		}
		return audit.Record(ctx, q, o.now, who.By, audit.Entry{Action: "proposal.reject", CustomerID: who.CustomerID, Object: object(o.row.Number, o.row.Version),
			After: map[string]any{"reason": reason}})
	})
}
