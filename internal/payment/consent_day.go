package payment

import (
	"context"
	"fmt"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
)

// dayNotice is how many days before a payment its new day is told. For a
// transfer that varies Regulation E asks for amount and date ten days ahead (12
// CFR 1005.10(d)).
const dayNotice = 10

// ArrangeDay arranges with a customer the day of the month (1 to 28) that auto
// payments are taken on, and returns the first one on it. A standing consent
// stays as it was given: the new day counts from the next period on that leaves
// time to tell the customer, who is mailed the new date in the same transaction.
// It is Invalid for another day (field "day") or for a reason that is too long
// (field "reason").
func (s *Service) ArrangeDay(ctx context.Context, by audit.Actor, customerID int64, day int, reason string) (calendar.Date, error) {
	if day < 1 || day > 28 {
		return "", fault.Field("day", "Choose a day from 1 to 28")
	}
	reason, err := oneLine("reason", reason)
	if err != nil {
		return "", err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return "", err
	}
	now, today := s.clock.Now(), s.clock.Today(set.Zone)
	first := firstOn(today, day)
	err = s.db.Write(ctx, func(q *db.Queries) error {
		before, err := s.autoPay(ctx, q, customerID)
		if err != nil {
			return err
		}
		if last := max(before.Then, 0); last == day || last == 0 && before.Day == day {
			return fault.Field("day", "It is the %s already", DayInWords(day))
		}
		id, err := q.AddAutoPayDay(ctx, db.AddAutoPayDayParams{CustomerID: customerID, Day: int64(day), FromPeriod: ledger.AutoPayPeriod(first),
			Reason: reason, StaffID: db.NullID(by.StaffID), MadeAt: now})
		if err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		if err := q.SetAutoPayDay(ctx, db.SetAutoPayDayParams{AutoPayDay: int64(day), UpdatedAt: now, ID: customerID}); err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		after := map[string]string{"day": DayInWords(day)}
		if before.On {
			after["from"] = first.ISO()
		}
		if reason != "" {
			after["reason"] = reason
		}
		err = audit.Record(ctx, q, now, by, audit.Entry{Action: "autopay.day", CustomerID: customerID,
			Before: map[string]string{"day": before.DayInWords()}, After: after})
		if err != nil || !before.On {
			return err
		}
		mail := outbox.AutoPayDay{Method: before.Method, Day: DayInWords(day), First: first, Path: "/methods"}
		if before.Next < first {
			mail.Before = before.Next
		}
		return s.tellCustomer(ctx, q, now, fmt.Sprintf("auto pay day %d", id), customerID, 0, mail)
	})
	return first, err
}

// firstOn is the first payment on a newly arranged day: next month's, or a later
// one when that is too near to be told in time.
func firstOn(today calendar.Date, day int) calendar.Date {
	month := calendar.NewDate(today.Year(), today.Month(), 1)
	for n := 1; ; n++ {
		on := ledger.AutoPayOn(ledger.AutoPayPeriod(month.AddMonths(n)), day)
		if today.DaysUntil(on) >= dayNotice {
			return on
		}
	}
}
