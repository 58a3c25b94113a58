package ledger

import (
	"context"
	"fmt"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// LockedUntil returns the last day of the closed period (setting
// books.locked_until), the zero Date when nothing is closed. It runs in the
// caller's transaction.
func LockedUntil(ctx context.Context, q *db.Queries) (calendar.Date, error) {
	day, err := q.GetLockedUntil(ctx)
	if err != nil {
		return "", fmt.Errorf("ledger: closed period: %w", err)
	}
	return calendar.Date(day), nil
}

// CheckOpen refuses a day of the closed period, with an Invalid fault for the
// field in which the day was typed. Whatever books on a day that people choose
// asks here first; [Post], [IssueInvoice] and [RecordPayment] ask in any case.
// It runs in the caller's transaction.
func CheckOpen(ctx context.Context, q *db.Queries, field string, day calendar.Date) error {
	locked, err := LockedUntil(ctx, q)
	if err != nil || locked.IsZero() || day > locked {
		return err
	}
	return closed(field, locked)
}

func closed(field string, locked calendar.Date) error {
	return fault.Field(field, "The books are closed up to %s; use a later day", locked)
}

// OpenDay returns the day on which a fact counts that nobody chose the day of: a
// payment that the processor received, a return, a fee. That is today, and when
// today is closed, as after a clock that was wrong, the first day that is not:
// money that moved is always booked. It runs in the caller's transaction.
func OpenDay(ctx context.Context, q *db.Queries, today calendar.Date) (calendar.Date, error) {
	locked, err := LockedUntil(ctx, q)
	if err != nil || today > locked {
		return today, err
	}
	return locked.AddDays(1), nil
}
