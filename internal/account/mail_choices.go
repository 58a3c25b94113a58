package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"customerportal/db"
	"customerportal/internal/audit"
)

// MailChoices is which mails a log-in wants of those it may do without. Receipts
// and whatever keeps the log-in safe are mailed in any case.
type MailChoices struct {
	Invoices  bool `json:"invoices"`
	Reminders bool `json:"reminders"`
}

// MailChoices returns what a log-in chose; all, until it did.
func (s *Service) MailChoices(ctx context.Context, userID int64) (MailChoices, error) {
	row, err := s.db.Read().GetMailChoices(ctx, userID)
	if errors.Is(err, sql.ErrNoRows) {
		return MailChoices{Invoices: true, Reminders: true}, nil
	}
	if err != nil {
		return MailChoices{}, fmt.Errorf("mail choices: %w", err)
	}
	return MailChoices{Invoices: row.Invoices != 0, Reminders: row.Reminders != 0}, nil
}

// ChooseMail keeps what the log-in that acts chose.
func (s *Service) ChooseMail(ctx context.Context, by audit.Actor, c MailChoices) error {
	before, err := s.MailChoices(ctx, by.UserID)
	if err != nil || before == c {
		return err
	}
	now := s.clock.Now()
	row := db.PutMailChoicesParams{UserID: by.UserID}
	if c.Invoices {
		row.Invoices = 1
	}
	if c.Reminders {
		row.Reminders = 1
	}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		if err := q.PutMailChoices(ctx, row); err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "user.mail_choices", Before: before, After: c})
	})
	if err != nil {
		return fmt.Errorf("mail choices: %w", err)
	}
	return nil
}
