// Package accounting hands the books to the dealer's accountant: what happened
// in a period as sums, reports and files, and the day up to which it is closed.
//
// It writes nothing to the ledger. Everything it shows is made of the ledger's
// rows and the issued invoices, each on its own day, so that a period shows the
// same whenever it is looked at.
package accounting

import (
	"context"
	"fmt"
	"strings"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/settings"
)

// Service is the accounting of the open books. It is safe for use by several
// goroutines.
type Service struct {
	db       *db.DB
	clock    calendar.Clock
	settings *settings.Store
}

// New returns the accounting of the open books.
func New(d *db.DB, clock calendar.Clock, store *settings.Store) *Service {
	return &Service{db: d, clock: clock, settings: store}
}

// Period is a stretch of days, both included.
type Period struct{ From, To calendar.Date }

// Check refuses a period that is none, with Invalid faults for from and to.
func (p Period) Check() error {
	var refused fault.Fields
	if p.From.IsZero() {
		refused.Add("from", "Enter the first day of the period")
	}
	if p.To.IsZero() {
		refused.Add("to", "Enter the last day of the period")
	}
	if !p.From.IsZero() && !p.To.IsZero() && p.To < p.From {
		refused.Add("to", "The period ends before it begins")
	}
	return refused.Err()
}

// String shows the period to people: "Nov 1, 2026 to Nov 30, 2026".
func (p Period) String() string {
	if p.From == p.To {
		return p.From.String()
	}
	return p.From.String() + " to " + p.To.String()
}

// Preset is a period with a name, counted from today.
type Preset struct {
	Name string // "Last month"
	Period
}

// Presets are the periods that are asked for most, the one that is shown first
// before the others.
func Presets(today calendar.Date) []Preset {
	month := calendar.NewDate(today.Year(), today.Month(), 1)
	quarter := calendar.NewDate(today.Year(), (today.Month()-1)/3*3+1, 1)
	year := calendar.NewDate(today.Year(), time.January, 1)
	months := func(first calendar.Date, n int) Period { return Period{first, first.AddMonths(n).AddDays(-1)} }
	return []Preset{
		{"This month", months(month, 1)}, {"Last month", months(month.AddMonths(-1), 1)},
		{"This quarter", months(quarter, 3)}, {"Last quarter", months(quarter.AddMonths(-3), 3)},
		{"This year", months(year, 12)}, {"Last year", months(year.AddMonths(-12), 12)},
	}
}

// lockedKey is the setting that holds the last day of the closed period.
const lockedKey = "books.locked_until"

// LockedUntil returns the last day of the closed period, the zero Date when
// nothing is closed.
func (s *Service) LockedUntil(ctx context.Context) (calendar.Date, error) {
	return ledger.LockedUntil(ctx, s.db.Read())
}

// Lock closes the books up to a day and records who did it. The day must have
// passed, and a closed period only grows: an Invalid fault for until otherwise.
func (s *Service) Lock(ctx context.Context, by audit.Actor, until calendar.Date) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	switch {
	case until.IsZero():
		return fault.Field("until", "Enter the last day of the period to close")
	case until >= s.clock.Today(set.Zone):
		return fault.Field("until", "Only days that have passed can be closed")
	}
	return s.move(ctx, by, "books.lock", "", func(locked calendar.Date) (calendar.Date, error) {
		switch {
		case until == locked:
			return "", fault.Field("until", "The books are closed up to this day already")
		case until < locked:
			return "", fault.Field("until", "The books are closed up to %s; open the period to close less", locked)
		}
		return until, nil
	})
}

// Unlock opens the closed period, all of it or what comes after a day, and
// records who did it and why: a reason is needed (field reason). Until is the
// last day that stays closed, the zero Date for none (field keep).
func (s *Service) Unlock(ctx context.Context, by audit.Actor, until calendar.Date, reason string) error {
	reason = strings.TrimSpace(reason)
	switch {
	case reason == "":
		return fault.Field("reason", "Say why the period is opened")
	case len(reason) > 500:
		return fault.Field("reason", "This is longer than 500 characters")
	}
	return s.move(ctx, by, "books.unlock", reason, func(locked calendar.Date) (calendar.Date, error) {
		switch {
		case locked.IsZero():
			return "", fault.New(fault.Conflict, "Nothing is closed.")
		case until >= locked:
			return "", fault.Field("keep", "The books are closed up to %s; keep an earlier day closed, or none", locked)
		}
		return until, nil
	})
}

// move puts another day in the place of the last closed one, in one transaction
// with its line in the trail.
func (s *Service) move(ctx context.Context, by audit.Actor, action, reason string, to func(locked calendar.Date) (calendar.Date, error)) error {
	now := s.clock.Now()
	return s.db.Write(ctx, func(q *db.Queries) error {
		before, err := ledger.LockedUntil(ctx, q)
		if err != nil {
			return err
		}
		after, err := to(before)
		if err != nil {
			return err
		}
		if err := q.PutSetting(ctx, db.PutSettingParams{Key: lockedKey, Value: after.ISO(), UpdatedAt: now}); err != nil {
			return fmt.Errorf("accounting: %w", err)
		}
		entry := audit.Entry{Action: action, Object: "books", Before: map[string]string{"until": before.ISO()}, After: map[string]string{"until": after.ISO()}}
		if reason != "" {
			entry.After = map[string]string{"until": after.ISO(), "reason": reason}
		}
		return audit.Record(ctx, q, now, by, entry)
	})
}
