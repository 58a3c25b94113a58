package autopay

import (
	"context"
	"fmt"
	"time"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
)

// Two rules ask for a word to the customer before money is taken.
//
// Regulation E, 12 CFR 1005.10(d)(1): when a preauthorized transfer varies in
// amount from the one before, or from the amount authorized, the payee gives
// written notice of amount and date at least ten days before it. It is made for
// bank accounts and debit cards; here it is kept for every method.
//
// The card networks ask for at least seven working days' notice of a recurring
// payment when more than six months have passed since the last one (Visa,
// "Stored Credential Transaction" and recurring payment rules; Mastercard asks
// for seven days when the interval is longer than six months).
const (
	noticeDays    = 10
	dormantDays   = 7 // working days
	dormantMonths = 6
)

// expected is what is to be told to one customer about his next payment.
type expected struct {
	a       *account
	due     calendar.Date
	t       taking
	last    *db.ListAutoPayLatestTakenRow
	amount  bool // it differs from the last one, or is the first
	dormant bool
}

// notices mails what customers are to know ahead. It looks through everybody
// once a day, from six in the morning; the rows see to it that nobody is told
// twice.
func (s *Service) notices(ctx context.Context) error {
	_, day, err := s.today(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	done := s.noticed == day
	s.mu.Unlock()
	if done {
		return nil
	}
	if all, err := holdOfAll(ctx, s.db.Read()); err != nil || all != nil {
		return err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	info, err := s.payments.AutoPayGateway(ctx)
	if fault.Is(err, fault.Unavailable) {
		return nil
	}
	if err != nil {
		return err
	}
	r := rulesOf(set, info)
	for after := int64(0); ; {
		ids, err := s.db.Read().ListAutoPayCustomers(ctx, db.ListAutoPayCustomersParams{After: after, Most: most})
		if err != nil {
			return fmt.Errorf("autopay: %w", err)
		}
		if len(ids) == 0 {
			break
		}
		var tell []expected
		err = s.db.View(ctx, func(q *db.Queries) error {
			tell, err = s.expect(ctx, q, ids, day, set.Zone, r)
			return err
		})
		if err != nil {
			return err
		}
		for len(tell) > 0 {
			n, err := s.notify(ctx, tell)
			if err != nil {
				return err
			}
			tell = tell[n:]
		}
		after = ids[len(ids)-1]
	}
	s.mu.Lock()
	s.noticed = day
	s.mu.Unlock()
	return nil
}

// expect works out who of some customers is to be told something on a day.
func (s *Service) expect(ctx context.Context, q *db.Queries, ids []int64, day calendar.Date, zone *time.Location, r rules) ([]expected, error) {
	list, err := load(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	taken, err := q.ListAutoPayLatestTaken(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("autopay: payments: %w", err)
	}
	last := make(map[int64]*db.ListAutoPayLatestTakenRow, len(taken))
	for _, p := range taken {
		last[p.CustomerID] = &p
	}
	var out []expected
	for _, a := range list {
		due := a.days.Next(day)
		if !a.started(due, zone) {
			continue
		}
		e := expected{a: a, due: due, last: last[a.CustomerID], t: a.take(due, due, r)}
		if e.t.amount == 0 || e.t.obstacle != free {
			continue
		}
		e.amount = day >= due.AddDays(-noticeDays) && (e.last == nil || e.last.AmountCents != e.t.amount)
		since := a.AcceptedAt.Date(zone)
		if e.last != nil {
			since = e.last.PaymentDate
		}
		e.dormant = a.Kind == string(gateway.Card) && since.AddMonths(dormantMonths) < due && day >= workingDaysBefore(due, dormantDays)
		if e.amount || e.dormant {
			out = append(out, e)
		}
	}
	return out, nil
}

// notify writes down and mails as many notices as fit into a moment, in one
// transaction.
func (s *Service) notify(ctx context.Context, tell []expected) (int, error) {
	n := 0
	err := s.db.Write(ctx, func(q *db.Queries) error {
		n = 0
		began := s.clock()
		for _, e := range tell {
			if n > 0 && s.clock().Sub(began) > breath {
				return nil
			}
			n++
			if err := s.notifyOne(ctx, q, e); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

func (s *Service) notifyOne(ctx context.Context, q *db.Queries, e expected) error {
	period, now := ledger.AutoPayPeriod(e.due), s.clock.Now()
	sent, err := q.ListAutoPayNotices(ctx, db.ListAutoPayNoticesParams{CustomerID: e.a.CustomerID, Period: period})
	if err != nil {
		return fmt.Errorf("autopay: notices: %w", err)
	}
	// what was told of this month before, and with which amount
	told := map[string]money.Cents{}
	for _, row := range sent {
		told[row.Kind] = row.ExpectedCents
	}
	_, amountTold := told["amount"]
	before, dormantTold := told["dormant"]
	amount := e.amount && !amountTold && (!dormantTold || before != e.t.amount)
	dormant := e.dormant && !dormantTold && !amountTold
	if !amount && !dormant {
		return nil
	}
	mailed := int64(0)
	if e.a.Email != "" {
		mailed = 1
	}
	for kind, due := range map[string]bool{"amount": amount, "dormant": dormant} {
		if !due {
			continue
		}
		err := q.AddAutoPayNotice(ctx, db.AddAutoPayNoticeParams{CustomerID: e.a.CustomerID, Period: period, Kind: kind, ExpectedCents: e.t.amount, Mailed: mailed, MadeAt: now})
		if err != nil {
			return fmt.Errorf("autopay: notice: %w", err)
		}
	}
	if mailed == 0 {
		return nil
	}
	letter := outbox.AutoPayAhead{Amount: e.t.amount, Date: e.due, Method: e.a.label(), Credit: e.t.credit, Dormant: e.dormant, Path: methodsPath}
	if e.last != nil {
		letter.Last = e.last.AmountCents
	}
	if e.t.capped {
		letter.Capped = e.a.CapCents
	}
	for _, part := range e.t.parts {
		if part.take > 0 {
			letter.Invoices = append(letter.Invoices, outbox.PaidInvoice{Number: part.number, Amount: part.take, Left: max(0, part.balance-part.reserved-part.credit-part.take)})
		}
	}
	kind := "amount"
	if !amount {
		kind = "dormant"
	}
	return s.mail.Enqueue(ctx, q, now, outbox.Mail{Fact: fmt.Sprintf("auto pay %d %s notice %s", e.a.CustomerID, period, kind), CustomerID: e.a.CustomerID,
		ToName: e.a.DisplayName, ToEmail: e.a.Email, Body: letter})
}

// workingDaysBefore is the last day by which so many working days lie between it
// and another day: neither Saturday, Sunday nor a federal holiday.
func workingDaysBefore(d calendar.Date, n int) calendar.Date {
	for n > 0 {
		d = d.AddDays(-1)
		if workingDay(d) {
			n--
		}
	}
	return d
}

func weekday(d calendar.Date) time.Weekday {
	return d.Time(time.UTC).Weekday()
}

func workingDay(d calendar.Date) bool {
	if w := weekday(d); w == time.Saturday || w == time.Sunday {
		return false
	}
	return !federalHoliday(d)
}

// federalHoliday reports whether federal offices and the Federal Reserve's
// payment services are closed on a day of the week (5 U.S.C. 6103). A holiday of
// a fixed date that falls on a Sunday is kept on the Monday after it; on a
// Saturday federal offices keep the Friday before, the Reserve Banks do not: both
// are counted as closed, which only makes a notice go out earlier.
func federalHoliday(d calendar.Date) bool {
	year := d.Year()
	for _, h := range []struct {
		month time.Month
		day   int
	}{{time.January, 1}, {time.June, 19}, {time.July, 4}, {time.November, 11}, {time.December, 25}} {
		for _, y := range []int{year, year + 1} { // New Year's Day on a Saturday is kept in the old year
			day := calendar.NewDate(y, h.month, h.day)
			switch weekday(day) {
			case time.Sunday:
				day = day.AddDays(1)
			case time.Saturday:
				day = day.AddDays(-1)
			}
			if day == d {
				return true
			}
		}
	}
	switch d.Month() {
	case time.January: // Martin Luther King, Jr.
		return d == nth(year, time.January, time.Monday, 3)
	case time.February: // Washington
		return d == nth(year, time.February, time.Monday, 3)
	case time.May: // Memorial Day, the last Monday
		last := calendar.NewDate(year, time.June, 0)
		return weekday(d) == time.Monday && d.DaysUntil(last) < 7
	case time.September: // Labor Day
		return d == nth(year, time.September, time.Monday, 1)
	case time.October: // Columbus Day
		return d == nth(year, time.October, time.Monday, 2)
	case time.November: // Thanksgiving
		return d == nth(year, time.November, time.Thursday, 4)
	}
	return false
}

// nth is the n-th of a day of the week in a month.
func nth(year int, month time.Month, w time.Weekday, n int) calendar.Date {
	first := calendar.NewDate(year, month, 1)
	ahead := (int(w) - int(weekday(first)) + 7) % 7
	return first.AddDays(ahead + 7*(n-1))
}
