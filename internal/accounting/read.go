package accounting

import (
	"context"
	"database/sql"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// pageOf is how many rows are held in memory at once.
const pageOf = 500

// reader reads a period in the order of its days. All it reads is of the one
// moment of its transaction.
type reader struct {
	q *db.Queries
	p Period
}

// days calls fn for each day of the period that next finds something on.
func days(ctx context.Context, p Period, next func(from calendar.Date) (string, error), fn func(day calendar.Date) error) error {
	for from := p.From; from <= p.To; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		found, err := next(from)
		if err != nil || found == "" {
			return err
		}
		day := calendar.Date(found)
		if err := fn(day); err != nil {
			return err
		}
		from = day.AddDays(1)
	}
	return nil
}

// pages calls list with the id to go on after until a page is empty; list
// returns the last id of its page and the page's length.
func pages(ctx context.Context, list func(after int64) (last int64, n int, err error)) error {
	for after := int64(0); ; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		last, n, err := list(after)
		if err != nil || n == 0 {
			return err
		}
		after = last
	}
}

// invoice is an issued invoice with its lines.
type invoice struct {
	db.ListInvoicesOfDayRow
	lines []db.ListLinesOfDayRow
}

// invoices calls fn for every invoice that was issued with a date of the period,
// also one that was voided since: voiding is a fact of its own day.
func (r reader) invoices(ctx context.Context, fn func(i invoice) error) error {
	next := func(from calendar.Date) (string, error) {
		return r.q.NextInvoiceDay(ctx, db.NextInvoiceDayParams{FromDate: from, ToDate: r.p.To})
	}
	return days(ctx, r.p, next, func(day calendar.Date) error {
		return pages(ctx, func(after int64) (int64, int, error) {
			list, err := r.q.ListInvoicesOfDay(ctx, db.ListInvoicesOfDayParams{InvoiceDate: day, AfterID: after, HowMany: pageOf})
			if err != nil || len(list) == 0 {
				return 0, 0, err
			}
			last := list[len(list)-1].ID
			lines, err := r.q.ListLinesOfDay(ctx, db.ListLinesOfDayParams{InvoiceDate: day, FirstID: list[0].ID, LastID: last})
			if err != nil {
				return 0, 0, err
			}
			for _, row := range list {
				n := 0
				for n < len(lines) && lines[n].InvoiceID == row.ID {
					n++
				}
				if err := fn(invoice{row, lines[:n]}); err != nil {
					return 0, 0, err
				}
				lines = lines[n:]
			}
			return last, len(list), nil
		})
	})
}

// fact is what happened once: the rows of the ledger that were booked for it
// together. Credit that moved between invoices is none, for nothing came or went.
type fact struct {
	date           calendar.Date
	reason         ledger.Reason
	customerNumber string
	customer       string
	// of the payment, "" when there is none behind it
	reference, kind, label, number, gateway string
	// cents is what it did to what is owed, as in the ledger; credit is the part
	// of it that became, or came from, unapplied credit.
	cents, credit money.Cents
	invoice       string      // the one invoice it was booked on, "" for none or several
	invoices      int         // on how many it was booked
	tax           money.Cents // of a voided invoice, the part of -cents that was sales tax

	payment sql.NullInt64
	at      calendar.Instant
}

// The reasons of facts, each between blanks: those that move money, and all. That
// credit was moved between invoices is no fact.
const (
	moneyMoved = " payment dispute_won refund return dispute "
	anyReason  = moneyMoved + "credit void "
)

// facts calls fn for everything of the period that moved what is owed, beside
// invoices, in the order it was booked.
func (r reader) facts(ctx context.Context, fn func(f fact) error) error {
	return r.factsOf(ctx, anyReason, fn)
}

// factsOf is [reader.facts] for some reasons: the others are passed over in the
// index.
func (r reader) factsOf(ctx context.Context, reasons string, fn func(f fact) error) error {
	next := func(from calendar.Date) (string, error) {
		return r.q.NextLedgerDay(ctx, db.NextLedgerDayParams{FromDate: from, ToDate: r.p.To})
	}
	return days(ctx, r.p, next, func(day calendar.Date) error {
		var f fact
		begun := false
		err := pages(ctx, func(after int64) (int64, int, error) {
			list, err := r.q.ListLedgerOfDay(ctx, db.ListLedgerOfDayParams{EntryDate: day, AfterID: after, Reasons: reasons, HowMany: pageOf})
			for _, l := range list {
				after = l.ID
				if !begun || !f.takes(l) {
					if begun {
						if err := fn(f); err != nil {
							return 0, 0, err
						}
					}
					f, begun = newFact(l), true
				}
				f.add(l)
			}
			return after, len(list), err
		})
		if err != nil || !begun {
			return err
		}
		return fn(f)
	})
}

func newFact(l db.ListLedgerOfDayRow) fact {
	return fact{date: l.EntryDate, reason: ledger.Reason(l.Reason), customerNumber: l.CustomerNumber, customer: l.DisplayName,
		reference: l.Reference, kind: l.Kind, label: l.TypeLabel, number: l.NumberLabel, gateway: l.Gateway, payment: l.PaymentID, at: l.At}
}

// takes reports whether the row was booked for the same fact as those before it.
func (f *fact) takes(l db.ListLedgerOfDayRow) bool {
	return l.PaymentID.Valid && f.payment == l.PaymentID && f.reason == ledger.Reason(l.Reason) && f.at == l.At
}

func (f *fact) add(l db.ListLedgerOfDayRow) {
	f.cents += l.Cents
	if !l.InvoiceID.Valid {
		f.credit += l.Cents
		return
	}
	if f.invoices++; f.invoices == 1 {
		f.invoice = l.InvoiceNumber
	} else {
		f.invoice = ""
	}
	if f.reason == ledger.Void {
		f.tax = taxOf(-l.Cents, money.Cents(l.InvoiceTotal), money.Cents(l.InvoiceTax))
	}
}

// taxOf is the sales tax, or another share, in a part of an invoice: all of it in
// the whole, in proportion otherwise, rounded half up.
func taxOf(part, total, tax money.Cents) money.Cents {
	if total == 0 || part == total {
		return tax
	}
	if tax < 0 {
		return -taxOf(part, total, -tax)
	}
	return money.Cents((2*int64(part)*int64(tax) + int64(total)) / (2 * int64(total)))
}

// feeRow is what a processor kept of a payment.
type feeRow = db.ListFeesOfDayRow

// fees calls fn for every fee of the period.
func (r reader) fees(ctx context.Context, fn func(f feeRow) error) error {
	next := func(from calendar.Date) (string, error) {
		return r.q.NextFeeDay(ctx, db.NextFeeDayParams{FromDate: from, ToDate: r.p.To})
	}
	return days(ctx, r.p, next, func(day calendar.Date) error { return r.feesOf(ctx, day, fn) })
}

func (r reader) feesOf(ctx context.Context, day calendar.Date, fn func(f feeRow) error) error {
	return pages(ctx, func(after int64) (int64, int, error) {
		list, err := r.q.ListFeesOfDay(ctx, db.ListFeesOfDayParams{EntryDate: day, AfterID: after, HowMany: pageOf})
		for _, f := range list {
			if err := fn(f); err != nil {
				return 0, 0, err
			}
			after = f.ID
		}
		return after, len(list), err
	})
}
