package autopay

import (
	"context"
	"fmt"
	"slices"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/money"
	"customerportal/internal/payment"
)

// healthMonths is how many months the report on auto pay looks back, this one
// among them.
const healthMonths = 12

// Health is how auto pay fared, month by month.
type Health struct {
	Causes []string // what Failed counts by, in its order
	Months []HealthMonth
	// Total adds the months up; its Customers are those of today.
	Total HealthMonth
}

// HealthMonth is one month of it. Each customer's month counts once, by what its
// last attempt came to: Planned is Taken, Waiting and all of Failed together.
type HealthMonth struct {
	Month     calendar.Date // its first day
	Customers int64         // with a standing consent at its end, or now
	Runs      int64
	Planned   int64
	Taken     int64
	Recovered int64 // of Taken, those that an earlier attempt had failed for
	Waiting   int64 // planned, under way, or an eCheck that is not received yet
	Failed    []int64
	// Amount is what was taken, whatever was given back later.
	Amount money.Cents
	// Billed is what was invoiced in the month, without voided invoices, and Paid
	// what auto pay has paid of those invoices by now.
	Billed, Paid money.Cents
}

// FailedInAll adds up the causes.
func (m HealthMonth) FailedInAll() int64 {
	var sum int64
	for _, n := range m.Failed {
		sum += n
	}
	return sum
}

// Share is how much auto pay has paid of what was invoiced, in tenths of a
// percent, rounded down; none is 0.
func (m HealthMonth) Share() int64 {
	if m.Billed <= 0 {
		return 0
	}
	return int64(m.Paid) * 1000 / int64(m.Billed)
}

// healthCauses sorts what payments fail by into what a dealer can do about it.
// The last takes what no other has.
var healthCauses = []struct {
	label string
	codes []gateway.Code
}{
	{"Not enough money", []gateway.Code{gateway.InsufficientFunds, gateway.LimitExceeded}},
	{"Declined", []gateway.Code{gateway.Declined, gateway.CardLost, gateway.CardNotSupported}},
	{"Expired or mistyped", []gateway.Code{gateway.CardExpired, gateway.IncorrectDetails, gateway.VerificationFailed}},
	{"Account closed", []gateway.Code{gateway.AccountClosed, gateway.AccountFrozen, gateway.NoAccount, gateway.MethodGone}},
	{"Not authorized", []gateway.Code{gateway.DebitNotAuthorized, gateway.HolderDispute, gateway.AuthenticationRequired, gateway.AuthenticationFailed}},
	{"Not tried", nil},
	{"Called off", nil},
	{"Processor", nil},
}

const (
	notTried = iota + 5 // the card had expired, or something else stood in the way
	calledOff
	byProcessor
)

// causeOf is the place of a failure among the causes.
func causeOf(code gateway.Code) int {
	for i, c := range healthCauses {
		if slices.Contains(c.codes, code) {
			return i
		}
	}
	return byProcessor
}

// Health adds up the last twelve months, the oldest first.
func (s *Service) Health(ctx context.Context) (*Health, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	now := s.clock.Now()
	today := now.Date(set.Zone)
	first := calendar.NewDate(today.Year(), today.Month(), 1).AddMonths(1 - healthMonths)
	last := first.AddMonths(healthMonths).AddDays(-1)
	h := &Health{Total: HealthMonth{Failed: make([]int64, len(healthCauses))}}
	for _, c := range healthCauses {
		h.Causes = append(h.Causes, c.label)
	}
	for n := range healthMonths {
		h.Months = append(h.Months, HealthMonth{Month: first.AddMonths(n), Failed: make([]int64, len(healthCauses))})
	}
	err = s.db.ViewApart(ctx, func(q *db.Queries) error {
		for i := range h.Months {
			end := min(calendar.InstantOf(h.Months[i].Month.AddMonths(1).Time(set.Zone)), now+1)
			if h.Months[i].Customers, err = q.CountAutoPayCustomersAt(ctx, end); err != nil {
				return err
			}
		}
		runs, err := q.CountAutoPayRuns(ctx, db.CountAutoPayRunsParams{FromDate: first, ToDate: last})
		if err != nil {
			return err
		}
		for _, r := range runs {
			if m := h.month(r.Month); m != nil {
				m.Runs = r.Count
			}
		}
		months, err := q.SumAutoPayMonths(ctx, db.SumAutoPayMonthsParams{FromMonth: first.ISO()[:7], ToMonth: last.ISO()[:7]})
		if err != nil {
			return err
		}
		for _, r := range months {
			if m := h.month(r.Period); m != nil {
				m.add(r)
			}
		}
		share, err := q.SumAutoPayShare(ctx, db.SumAutoPayShareParams{FromDate: first, ToDate: last})
		if err != nil {
			return err
		}
		for _, r := range share {
			if m := h.month(r.Month); m != nil {
				m.Billed, m.Paid = money.Cents(r.Billed), money.Cents(r.Paid)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("autopay: health: %w", err)
	}
	t := &h.Total
	for _, m := range h.Months {
		t.Customers = m.Customers
		t.Runs, t.Planned, t.Taken, t.Recovered, t.Waiting = t.Runs+m.Runs, t.Planned+m.Planned, t.Taken+m.Taken, t.Recovered+m.Recovered, t.Waiting+m.Waiting
		t.Amount, t.Billed, t.Paid = t.Amount+m.Amount, t.Billed+m.Billed, t.Paid+m.Paid
		for i, n := range m.Failed {
			t.Failed[i] += n
		}
	}
	return h, nil
}

// month finds a month by "2026-11".
func (h *Health) month(iso string) *HealthMonth {
	i := slices.IndexFunc(h.Months, func(m HealthMonth) bool { return m.Month.ISO()[:7] == iso })
	if i < 0 {
		return nil
	}
	return &h.Months[i]
}

// add counts customers' months of which the same became. Those of which nothing
// was to be taken, or that the office left out, are none of it.
func (m *HealthMonth) add(r db.SumAutoPayMonthsRow) {
	switch payment.State(r.Payment) {
	case "":
		switch State(r.Month) {
		case Trouble, Retrying, Failed:
			m.Failed[notTried] += r.Count
		default:
			return
		}
	case payment.Planned, payment.Submitted, payment.Action, payment.Processing:
		m.Waiting += r.Count
	case payment.Canceled:
		m.Failed[calledOff] += r.Count
	case payment.Failed, payment.Expired, payment.Returned:
		m.Failed[causeOf(gateway.Code(r.FailureCode))] += r.Count
	default:
		m.Taken += r.Count
		m.Amount += money.Cents(r.Amount)
		if r.Again != 0 {
			m.Recovered += r.Count
		}
	}
	m.Planned += r.Count
}
