package accounting

import (
	"context"
	"fmt"
	"slices"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// Line is one line of a summary: what it did to what is owed on invoices, and to
// the credit that is held for customers.
type Line struct {
	Label            string
	Invoices, Credit money.Cents
	Total            bool // it is what stood at the beginning or the end
}

// Net is what it did to the receivable as an accountant has it: what is owed
// less what is held.
func (l Line) Net() money.Cents { return l.Invoices - l.Credit }

// Summary is what moved in a period. Each line is signed by what it did.
type Summary struct {
	Period
	Opening, Invoiced, Voided, Credits, Received, Applied, Refunded, Returned, Closing Line

	Count int64       // invoices issued
	Tax   money.Cents // invoiced, and not voided since in the period
	Fees  money.Cents // of processors
}

// Lines lists the summary from the opening to the closing line. Those between
// them come to the difference.
func (s Summary) Lines() []Line {
	return []Line{s.Opening, s.Invoiced, s.Voided, s.Credits, s.Received, s.Applied, s.Refunded, s.Returned, s.Closing}
}

// Summarize adds a period up. Its closing line, for a period that ends today or
// later, is what is owed on all invoices now.
func (s *Service) Summarize(ctx context.Context, p Period) (Summary, error) {
	if err := p.Check(); err != nil {
		return Summary{}, err
	}
	var sum Summary
	err := s.db.View(ctx, func(q *db.Queries) (err error) {
		sum, err = summarize(ctx, q, p)
		return err
	})
	if err != nil {
		return sum, fmt.Errorf("accounting: summary: %w", err)
	}
	return sum, nil
}

// farAway is after every day of the books.
const farAway calendar.Date = "2999-12-31"

// summarize goes from what is owed now back to the first day of the period, so
// that a recent month is quick however long the books are.
func summarize(ctx context.Context, q *db.Queries, p Period) (Summary, error) {
	s := Summary{Period: p}
	owed, err := q.SumOpenBalances(ctx)
	if err != nil {
		return s, err
	}
	held, err := q.SumAllUnapplied(ctx)
	if err != nil {
		return s, err
	}
	invoiced, err := q.SumInvoiced(ctx, db.SumInvoicedParams{FromDate: p.From, ToDate: p.To})
	if err != nil {
		return s, err
	}
	invoicedSince, err := q.SumInvoiced(ctx, db.SumInvoicedParams{FromDate: p.To.AddDays(1), ToDate: farAway})
	if err != nil {
		return s, err
	}
	moved, err := q.SumMoved(ctx, db.SumMovedParams{FromDate: p.From, ToDate: p.To})
	if err != nil {
		return s, err
	}
	movedSince, err := q.SumMoved(ctx, db.SumMovedParams{FromDate: p.To.AddDays(1), ToDate: farAway})
	if err != nil {
		return s, err
	}
	s.Opening = Line{Label: "On the evening before " + p.From.String(), Invoices: money.Cents(owed - invoiced.Total - invoicedSince.Total), Credit: money.Cents(-held), Total: true}
	for _, m := range slices.Concat(moved, movedSince) {
		if m.OnInvoice != 0 {
			s.Opening.Invoices -= money.Cents(m.Total)
		} else {
			s.Opening.Credit += money.Cents(m.Total)
		}
	}
	s.Invoiced = Line{Label: "Invoiced", Invoices: money.Cents(invoiced.Total)}
	s.Count, s.Tax = invoiced.Invoices, money.Cents(invoiced.Tax)
	s.Voided.Label, s.Credits.Label, s.Received.Label, s.Applied.Label = "Invoices voided", "Credits given", "Received", "Credit moved to invoices"
	s.Refunded.Label, s.Returned.Label, s.Closing.Label = "Refunded", "Returned and disputed", "On the evening of "+p.To.String()
	s.Closing.Total = true
	lines := map[ledger.Reason]*Line{ledger.Payment: &s.Received, ledger.DisputeWon: &s.Returned, ledger.Apply: &s.Applied, ledger.Unapply: &s.Applied,
		ledger.Refund: &s.Refunded, ledger.Return: &s.Returned, ledger.Dispute: &s.Returned, ledger.Credit: &s.Credits, ledger.Void: &s.Voided}
	for _, m := range moved {
		l := lines[ledger.Reason(m.Reason)]
		if m.OnInvoice != 0 {
			l.Invoices += money.Cents(m.Total)
		} else {
			l.Credit -= money.Cents(m.Total)
		}
	}
	s.Closing.Invoices, s.Closing.Credit = s.Opening.Invoices, s.Opening.Credit
	for _, l := range []Line{s.Invoiced, s.Voided, s.Credits, s.Received, s.Applied, s.Refunded, s.Returned} {
		s.Closing.Invoices += l.Invoices
		s.Closing.Credit += l.Credit
	}
	voids, err := q.ListVoidsOfPeriod(ctx, db.ListVoidsOfPeriodParams{FromDate: p.From, ToDate: p.To})
	if err != nil {
		return s, err
	}
	for _, v := range voids {
		s.Tax -= taxOf(-v.Cents, v.TotalCents, v.TaxCents)
	}
	fees, err := q.SumFees(ctx, db.SumFeesParams{FromDate: p.From, ToDate: p.To})
	s.Fees = money.Cents(fees)
	return s, err
}
