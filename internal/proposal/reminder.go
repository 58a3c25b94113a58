package proposal

import (
	"context"
	"fmt"
	"strconv"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/outbox"
)

const (
	// reminderHour of the dealer's day is when reminders go out.
	reminderHour = 9
	// mostReminders bounds what one run sends; the next goes on.
	mostReminders = 500
)

// Remind is the job: from nine in the dealer's morning on it mails those whom a
// proposal was mailed to, when it expires within the days that the dealer set
// (proposals.reminder_days; none = never) and nobody has decided on it. Each
// version is reminded of once, and not on the day it was sent. Running it again
// changes nothing.
func (s *Service) Remind(ctx context.Context) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	value := set.Value("proposals.reminder_days")
	local := s.clock().In(set.Zone)
	if value == "" || local.Hour() < reminderHour {
		return nil
	}
	days, err := strconv.Atoi(value)
	if err != nil {
		return fmt.Errorf("proposal: proposals.reminder_days: %w", err)
	}
	today := calendar.DateOf(local)
	due, err := s.db.Read().ListProposalsToRemind(ctx, db.ListProposalsToRemindParams{Today: today.ISO(), Until: today.AddDays(days).ISO(), Most: mostReminders,
		SentBefore: calendar.InstantOf(today.Time(set.Zone))})
	if err != nil {
		return fmt.Errorf("proposal: reminders: %w", err)
	}
	many := 0
	for _, id := range due {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		sent, err := s.remind(ctx, id)
		if err != nil {
			return err
		}
		if sent {
			many++
		}
	}
	if many > 0 {
		s.log.Info("proposals that expire", "reminded", many)
	}
	return nil
}

func (s *Service) remind(ctx context.Context, id int64) (sent bool, err error) {
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		n, err := q.RemindOfProposal(ctx, db.RemindOfProposalParams{NowAt: now, ID: id})
		if err != nil {
			return fmt.Errorf("proposal: reminder: %w", err)
		}
		if n == 0 {
			return nil // decided on, withdrawn or replaced meanwhile
		}
		row, err := q.GetProposal(ctx, id)
		if err != nil {
			return missing(err)
		}
		to, err := mailed(ctx, q, row)
		if err != nil {
			return err
		}
		for _, a := range to {
			if err := s.mailTo(ctx, q, now, audit.Program, row, a, "", outbox.ProposalReminder{}); err != nil {
				return err
			}
			sent = true
		}
		return nil
	})
	return sent, err
}
