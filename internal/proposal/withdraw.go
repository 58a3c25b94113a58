package proposal

import (
	"context"
	"fmt"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
	"customerportal/internal/outbox"
)

// Withdraw takes back a version that nobody decided on, with the reason, and
// tells those it was mailed to when asked to; it returns how many those are. Its
// Invalid fault has the field reason. What was decided, or withdrawn, meanwhile is
// a Conflict and stays.
func (s *Service) Withdraw(ctx context.Context, by audit.Actor, id int64, reason string, tell bool) (told int, err error) {
	reason = oneLine(reason)
	switch {
	case reason == "":
		return 0, fault.Field("reason", "Enter why it is withdrawn")
	case len(reason) > 500:
		return 0, fault.Field("reason", "This is longer than 500 letters")
	}
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		row, err := q.GetProposal(ctx, id)
		if err != nil {
			return missing(err)
		}
		n, err := q.WithdrawProposal(ctx, db.WithdrawProposalParams{NowAt: now, ID: id})
		if err != nil {
			return fmt.Errorf("proposal: withdrawing: %w", err)
		}
		if n == 0 {
			return stillOpen(row, "") // an expired one can be withdrawn
		}
		if err := record(ctx, q, now, by, id, evWithdrawn, reason); err != nil {
			return err
		}
		if tell {
			to, err := mailed(ctx, q, row)
			if err != nil {
				return err
			}
			for _, a := range to {
				if err := s.mailTo(ctx, q, now, by, row, a, "", outbox.ProposalWithdrawn{Reason: reason}); err != nil {
					return err
				}
			}
			told = len(to)
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "proposal.withdraw", CustomerID: row.CustomerID, Object: object(row.Number, row.Version),
			After: map[string]string{"reason": reason}})
	})
	return told, err
}

// Mailed returns how many addresses a version was mailed to that are the
// customer's still. It only reads.
func (s *Service) Mailed(ctx context.Context, id int64) (many int, err error) {
	err = s.db.View(ctx, func(q *db.Queries) error {
		row, err := q.GetProposal(ctx, id)
		if err != nil {
			return missing(err)
		}
		to, err := mailed(ctx, q, row)
		many = len(to)
		return err
	})
	return many, err
}

// Paper is one of the PDFs of a version.
type Paper struct {
	Name, SHA256 string
	Body         []byte
}

// Papers of a version.
const (
	PaperSent   = "sent"
	PaperSigned = "signed"
)

// Download returns the PDF of a version as it was sent or signed, and puts into
// the audit trail that staff took it.
func (s *Service) Download(ctx context.Context, by audit.Actor, id int64, which string) (Paper, error) {
	var p Paper
	now := s.clock.Now()
	err := s.db.Write(ctx, func(q *db.Queries) error {
		row, err := q.GetProposal(ctx, id)
		if err != nil {
			return missing(err)
		}
		document := row.DocumentID
		if which == PaperSigned {
			d, err := q.GetDecisionOfProposal(ctx, id)
			if err != nil {
				return missing(err)
			}
			document = d.SignedDocumentID
		}
		if !document.Valid {
			return fault.Missing("paper")
		}
		o, err := q.GetProposalPaper(ctx, document.Int64)
		if err != nil {
			return missing(err)
		}
		p = Paper{Name: o.Name, SHA256: o.SHA256, Body: o.Body}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "proposal.download", CustomerID: row.CustomerID, Object: object(row.Number, row.Version),
			After: map[string]string{"paper": which}})
	})
	return p, err
}

// Attachment returns a PDF that goes with a version.
func (s *Service) Attachment(ctx context.Context, id, document int64) (Paper, error) {
	var p Paper
	err := s.db.View(ctx, func(q *db.Queries) error {
		rows, err := q.ListDraftProposalAttachments(ctx, id)
		if err != nil {
			return fmt.Errorf("proposal: attachments: %w", err)
		}
		for _, r := range rows {
			if r.DocumentID != document {
				continue
			}
			o, err := q.GetProposalPaper(ctx, document)
			p = Paper{Name: r.Name, SHA256: o.SHA256, Body: o.Body}
			return err
		}
		return fault.Missing("PDF")
	})
	return p, err
}
