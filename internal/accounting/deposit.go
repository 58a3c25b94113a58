package accounting

import (
	"cmp"
	"context"
	"slices"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// deposit is what one way of paying brought to the bank on one day.
type deposit struct {
	date   calendar.Date
	method string // "Credit Card (Stripe)", "Check"
	// received is money that came in; refunded and returned are what left again,
	// by the dealer's will and against it, less what came back of disputes; fees
	// are what the processor kept.
	received, refunded, returned, fees money.Cents
}

// net is what the bank account has more of, negative when it has less.
func (d deposit) net() money.Cents { return d.received - d.refunded - d.returned - d.fees }

// method names a way of paying as deposits are told apart: what one processor
// pays out is not mixed with what the office's own terminal or drawer takes.
func method(kind, gateway string) string {
	name := ledger.Kind(kind).Label()
	switch gateway {
	case "":
		return name
	case "stripe":
		return name + " (Stripe)"
	case "authorizenet":
		return name + " (Authorize.Net)"
	case "sandbox":
		return name + " (Sandbox)"
	}
	return name + " (" + gateway + ")"
}

// deposits calls fn for every day and way of paying of the period, the ways of a
// day in the order of their names.
func (r reader) deposits(ctx context.Context, fn func(d deposit) error) error {
	feeDay, err := r.nextFeeDay(ctx, r.p.From)
	if err != nil {
		return err
	}
	var day calendar.Date
	byMethod := map[string]*deposit{}
	of := func(kind, gateway string) *deposit {
		name := method(kind, gateway)
		if byMethod[name] == nil {
			byMethod[name] = &deposit{date: day, method: name}
		}
		return byMethod[name]
	}
	// close hands on the day that is added up, with its fees
	closeDay := func() error {
		if day != "" && feeDay == day {
			err := r.feesOf(ctx, day, func(f feeRow) error {
				of(f.Kind, f.Gateway).fees += f.Cents
				return nil
			})
			if err != nil {
				return err
			}
			if feeDay, err = r.nextFeeDay(ctx, day.AddDays(1)); err != nil {
				return err
			}
		}
		list := make([]*deposit, 0, len(byMethod))
		for _, d := range byMethod {
			list = append(list, d)
		}
		slices.SortFunc(list, func(a, b *deposit) int { return cmp.Compare(a.method, b.method) })
		clear(byMethod)
		for _, d := range list {
			if err := fn(*d); err != nil {
				return err
			}
		}
		return nil
	}
	// feesBefore closes the days on which there are fees and nothing else
	feesBefore := func(next calendar.Date) error {
		for feeDay != "" && feeDay < next {
			day = feeDay
			if err := closeDay(); err != nil {
				return err
			}
		}
		return nil
	}
	err = r.factsOf(ctx, moneyMoved, func(f fact) error {
		if f.date != day {
			if err := closeDay(); err != nil {
				return err
			}
			if err := feesBefore(f.date); err != nil {
				return err
			}
			day = f.date
		}
		d := of(f.kind, f.gateway)
		switch f.reason {
		case ledger.Refund:
			d.refunded += f.cents
		case ledger.Return, ledger.Dispute, ledger.DisputeWon:
			d.returned += f.cents
		default:
			d.received -= f.cents
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := closeDay(); err != nil {
		return err
	}
	return feesBefore(r.p.To.AddDays(1))
}

func (r reader) nextFeeDay(ctx context.Context, from calendar.Date) (calendar.Date, error) {
	if from > r.p.To {
		return "", nil
	}
	day, err := r.q.NextFeeDay(ctx, db.NextFeeDayParams{FromDate: from, ToDate: r.p.To})
	return calendar.Date(day), err
}
