package sale

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// Bill is what a work order comes to as an invoice of a day.
type Bill struct {
	Number, Title  string // of the work order
	CustomerID     int64
	CustomerNumber string
	Customer       string
	// Version is the work order's, for [Service.InvoiceWorkOrder].
	Version  int64
	Lines    []ledger.Line // with the tax of each
	Tax      billing.Tax   // of the site
	Subtotal money.Cents
	TaxTotal money.Cents
	Total    money.Cents
	// Invoice is the number of the invoice it became, "" when it has none yet or
	// that was voided.
	Invoice string
	// Why says why no invoice can be made of it, "" when one can.
	Why string
}

// BillOf works out what a work order comes to: its parts and labour, each with
// the tax of the site on that day. It reads in the caller's transaction. A number
// that is none is NotFound.
func BillOf(ctx context.Context, q *db.Queries, number string, on calendar.Date) (Bill, error) {
	b, _, err := bill(ctx, q, number, on)
	return b, err
}

// Bill is [BillOf] as of today.
func (s *Service) Bill(ctx context.Context, number string) (Bill, error) {
	today, err := s.books.Today(ctx)
	if err != nil {
		return Bill{}, err
	}
	return BillOf(ctx, s.db.Read(), number, today)
}

func bill(ctx context.Context, q *db.Queries, number string, on calendar.Date) (Bill, db.GetWorkOrderToInvoiceRow, error) {
	w, err := q.GetWorkOrderToInvoice(ctx, number)
	if errors.Is(err, sql.ErrNoRows) {
		return Bill{}, w, fault.Missing("work order")
	}
	if err != nil {
		return Bill{}, w, fmt.Errorf("sale: work order %s: %w", number, err)
	}
	b := Bill{Number: w.Number, Title: w.Title, CustomerID: w.CustomerID, CustomerNumber: w.CustomerNumber, Customer: w.DisplayName, Version: w.Version, Invoice: w.InvoiceNumber}
	work, err := q.ListWorkToInvoice(ctx, w.ID)
	if err != nil {
		return b, w, fmt.Errorf("sale: work order %s: %w", number, err)
	}
	for _, l := range work {
		if l.Taxable != 0 && b.Tax == (billing.Tax{}) {
			b.Tax, err = billing.TaxOn(ctx, q, w.SiteID, on, false)
			if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
				b.Why = f.Message + "."
			} else if err != nil {
				return b, w, err
			}
		}
		line := ledger.Line{Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPriceCents}
		if len(b.Lines) == 0 {
			line.Description = "Work order " + w.Number + ": " + l.Description
		}
		if l.Taxable != 0 {
			line.Tax = b.Tax.Of(line.Amount())
		}
		b.Subtotal += line.Amount()
		b.TaxTotal += line.Tax
		b.Lines = append(b.Lines, line)
	}
	b.Total = b.Subtotal + b.TaxTotal
	switch {
	case b.Why != "":
	case w.State != "completed":
		b.Why = "The work order is not completed yet."
	case len(b.Lines) == 0:
		b.Why = "There is nothing to charge: no parts and no labour are written down."
	case b.Total <= 0:
		b.Why = "There is nothing to charge: parts and labour come to " + b.Total.String() + "."
	}
	return b, w, nil
}

// Invoiced is what became of a work order.
type Invoiced struct {
	InvoiceID int64
	Number    string
	Mailed    bool // the mail is in the outbox
	// Before says that somebody had made the invoice before: nothing was done
	// this time.
	Before bool
}

// InvoiceWorkOrder makes the invoice of a completed work order: today's, with the
// next number of the dealer's sequence, for its parts and labour, and mailed to
// the customer when asked to, all in one transaction. Done twice it makes one
// invoice; the second is told of the first. Of a work order whose invoice was
// voided it makes another one.
//
// Version and seen are the work order's version and the total that whoever
// presses agreed to. What was changed meanwhile is a Conflict, and so is a work
// order that is not completed or has nothing to charge; a closed period is
// Invalid, a number that is none NotFound.
func (s *Service) InvoiceWorkOrder(ctx context.Context, by audit.Actor, number string, version int64, seen money.Cents, mail bool) (Invoiced, error) {
	var out Invoiced
	today, err := s.books.Today(ctx)
	if err != nil {
		return out, err
	}
	now, customer := s.clock.Now(), int64(0)
	err = s.db.Write(ctx, func(q *db.Queries) error {
		b, w, err := bill(ctx, q, number, today)
		if err != nil {
			return err
		}
		if w.InvoiceID != 0 {
			out = Invoiced{InvoiceID: w.InvoiceID, Number: w.InvoiceNumber, Before: true}
			return nil
		}
		switch {
		case b.Why != "":
			return fault.New(fault.Conflict, "%s", b.Why)
		case b.Total != seen:
			return fault.New(fault.Conflict, "It comes to %s now, not to %s. Look at it again before the invoice is made.", b.Total, seen)
		case w.Version != version:
			return fault.New(fault.Conflict, "Somebody changed this work order while you had it open. Look at it again before the invoice is made.")
		}
		r := ledger.InvoiceRecord{CustomerID: w.CustomerID, SiteID: w.SiteID, Date: today, Lines: b.Lines}
		if out.InvoiceID, err = ledger.IssueInvoice(ctx, q, now, r); err != nil {
			return err
		}
		if out.Number, err = q.GetInvoiceNumberOf(ctx, out.InvoiceID); err != nil {
			return fmt.Errorf("sale: invoicing work order %s: %w", w.Number, err)
		}
		if err := s.orders.InvoicedIn(ctx, q, now, by, w.Number, w.Version, out.InvoiceID, out.Number); err != nil {
			return err
		}
		if mail {
			if out.Mailed, err = s.books.MailInvoice(ctx, q, now, out.InvoiceID, "issued"); err != nil {
				return err
			}
		}
		customer = w.CustomerID
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "invoice.issue", CustomerID: w.CustomerID, Object: "invoice " + out.Number,
			After: map[string]string{"date": today.ISO(), "total": b.Total.Plain(), "work order": w.Number}})
	})
	if err == nil && !out.Before {
		s.orders.Changed(customer, number)
	}
	return out, err
}
