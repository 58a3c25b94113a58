package payment

import (
	"context"
	"fmt"
	"time"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/outbox"
)

const (
	lastWarning = 15 // days before a card runs out; the first comes when it expires [soon]
	// mailHour is when such mails are written, in the dealer's zone: people are
	// not woken by them.
	mailHour = 9
	// warnBatch is how many are written in one transaction.
	warnBatch = 100
)

// WarnOfExpiry mails customers whose auto pay draws on a card that runs out: 45
// days ahead, and once more 15 days ahead, each once for a card and its expiry
// date. Other cards on file are marked where they are shown and refused when
// they are used, and nobody is kept waiting for money by them; so they are not
// written about. A program that was off catches up, but sends only the one that
// is due. Books that may be a copy write to nobody.
func (s *Service) WarnOfExpiry(ctx context.Context) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	if now.Time().In(set.Zone).Hour() < mailHour {
		return nil
	}
	if held, err := s.held(ctx); err != nil || held {
		return err
	}
	today := s.clock.Today(set.Zone)
	first, last := ExpiringMonths(today)
	for month := first; month <= last; month++ {
		year, of := (month-1)/12, (month-1)%12+1
		until := calendar.NewDate(int(year), time.Month(of)+1, 0)
		warning := "first"
		if today.DaysUntil(until) <= lastWarning {
			warning = "last"
		}
		for after := int64(0); ; {
			var n int
			err := s.db.Write(ctx, func(q *db.Queries) error {
				cards, err := q.ListCardsToWarnOf(ctx, db.ListCardsToWarnOfParams{Gateway: set.Gateway, ExpYear: year, ExpMonth: of, Warning: warning,
					After: after, Most: warnBatch})
				if err != nil {
					return fmt.Errorf("payment: cards that expire: %w", err)
				}
				n = len(cards)
				for _, c := range cards {
					after = c.ID
					auto, err := s.autoPay(ctx, q, c.CustomerID)
					if err != nil {
						return err
					}
					err = s.tellCustomer(ctx, q, now, fmt.Sprintf("method %d expires %d-%d %s", c.ID, year, of, warning), c.CustomerID, c.UserID, outbox.CardExpires{
						Method: inWords(c.Kind, c.Brand, c.Last4), Until: until, Next: auto.Next, Last: warning == "last",
						Path: fmt.Sprintf("/methods/new?kind=card&replace=%d", c.ID)})
					if err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			if n < warnBatch {
				break
			}
		}
	}
	return nil
}
