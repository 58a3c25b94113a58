package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/fault"
	"customerportal/internal/outbox"
)

// MailStatement mails a customer's statement over a period as a PDF to every
// address on file, in one transaction with its line in the audit trail, and
// returns to how many. The same form sent again mails nothing more. It returns
// Invalid for a period that ends before it begins and for a customer without an
// address.
func (s *Service) MailStatement(ctx context.Context, by audit.Actor, customerID int64, nonce string, from, to calendar.Date) (addresses int, err error) {
	d, err := s.statement(ctx, customerID, from, to)
	if err != nil {
		return 0, err
	}
	body, err := document.Statement(d)
	if err != nil {
		return 0, fmt.Errorf("ledger: statement: %w", err)
	}
	sum := sha256.Sum256(body)
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		emails, err := q.ListEmailsForCustomer(ctx, customerID)
		if err != nil {
			return fmt.Errorf("ledger: statement: %w", err)
		}
		if addresses = len(emails); addresses == 0 {
			return fault.Field("to", "There is no e-mail address on file for this customer")
		}
		prefix := fmt.Sprintf("statement %d %s to ", customerID, nonce)
		before, err := q.CountMailOfFact(ctx, db.CountMailOfFactParams{After: prefix, Before: prefix + "\xff"})
		if err != nil || before > 0 {
			return err
		}
		name := statementName(from, to) + ".pdf"
		paper, err := q.AddDocument(ctx, db.AddDocumentParams{Kind: "attachment", Name: name, Mime: pdf, SHA256: hex.EncodeToString(sum[:]), Body: body, MadeAt: now})
		if err != nil {
			return fmt.Errorf("ledger: statement: %w", err)
		}
		for _, email := range emails {
			err := s.mail.Enqueue(ctx, q, now, outbox.Mail{Fact: prefix + email, CustomerID: customerID, ToName: d.BillTo[0], ToEmail: email,
				Body: outbox.Statement{Name: d.BillTo[0], From: from, To: to, Closing: d.Closing}, Documents: []int64{paper}})
			if err != nil {
				return err
			}
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "statement.mail", CustomerID: customerID, Object: from.ISO() + " to " + to.ISO()})
	})
	return addresses, err
}
