package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/fault"
	"customerportal/internal/money"
)

// StatementPaper returns the account of a customer over a period, both days
// included, as a PDF. A period that ends before it begins is Invalid.
func (s *Service) StatementPaper(ctx context.Context, customerID int64, from, to calendar.Date) (Paper, error) {
	d, err := s.statement(ctx, customerID, from, to)
	if err != nil {
		return Paper{}, err
	}
	body, err := document.Statement(d)
	if err != nil {
		return Paper{}, fmt.Errorf("ledger: statement: %w", err)
	}
	return Paper{Name: statementName(from, to) + ".pdf", MIME: pdf, Body: body}, nil
}

// StatementTable returns the same as a CSV file.
func (s *Service) StatementTable(ctx context.Context, customerID int64, from, to calendar.Date) (Paper, error) {
	d, err := s.statement(ctx, customerID, from, to)
	if err != nil {
		return Paper{}, err
	}
	return Paper{Name: statementName(from, to) + ".csv", MIME: "text/csv; charset=utf-8", Body: document.StatementTable(d)}, nil
}

func statementName(from, to calendar.Date) string {
	return "Statement-" + from.ISO() + "-" + to.ISO()
}

// statement gathers the account over a period, all of one moment.
func (s *Service) statement(ctx context.Context, customerID int64, from, to calendar.Date) (document.StatementData, error) {
	if to < from {
		return document.StatementData{}, fault.Field("to", "The period ends before it begins")
	}
	dealer, set, err := s.dealer(ctx, s.db.Read())
	if err != nil {
		return document.StatementData{}, err
	}
	d := document.StatementData{Dealer: dealer, From: from, To: to, Sandbox: set.NoMoney() != "", PortalURL: s.mail.PublicURL("/")}
	err = s.db.View(ctx, func(q *db.Queries) error {
		c, err := q.GetAccountForCustomer(ctx, customerID)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.Missing("customer")
		}
		if err != nil {
			return fmt.Errorf("ledger: statement: %w", err)
		}
		d.CustomerNumber, d.BillTo = c.Number, AddressLines(c.DisplayName, c.Address1, c.Address2, c.City, c.State, c.Zip)
		if err := fillStatement(ctx, q, customerID, &d); err != nil {
			return fmt.Errorf("ledger: statement of %s: %w", c.Number, err)
		}
		return nil
	})
	return d, err
}

func fillStatement(ctx context.Context, q *db.Queries, customerID int64, d *document.StatementData) error {
	opening, err := q.SumBeforeForCustomer(ctx, db.SumBeforeForCustomerParams{CustomerID: customerID, InvoiceDate: d.From})
	if err != nil {
		return err
	}
	invoices, err := q.ListStatementInvoicesForCustomer(ctx, db.ListStatementInvoicesForCustomerParams{CustomerID: customerID, FromDate: d.From, ToDate: d.To})
	if err != nil {
		return err
	}
	rows, err := q.ListStatementEntriesForCustomer(ctx, db.ListStatementEntriesForCustomerParams{CustomerID: customerID, FromDate: d.From, ToDate: d.To})
	if err != nil {
		return err
	}
	flight, err := q.SumInFlightForCustomer(ctx, db.SumInFlightForCustomerParams{CustomerID: customerID, PaymentDate: d.To})
	if err != nil {
		return err
	}
	d.Opening, d.InFlight = money.Cents(opening), money.Cents(flight)
	for _, i := range invoices {
		d.Entries = append(d.Entries, document.Entry{Date: i.InvoiceDate, Description: "Invoice", Reference: i.Number, Amount: i.TotalCents})
	}
	for _, r := range rows {
		e := document.Entry{Date: r.EntryDate, Reference: r.Reference, Amount: money.Cents(r.Total),
			Description: entryInWords(Reason(r.Reason), MethodInWords(Kind(r.Kind), r.TypeLabel, r.Brand, r.NumberLabel))}
		if e.Reference == "" {
			e.Reference = r.Invoice
		}
		d.Entries = append(d.Entries, e)
	}
	// invoices of a day come before its payments
	slices.SortStableFunc(d.Entries, func(a, b document.Entry) int { return cmp.Compare(a.Date, b.Date) })
	d.Closing = d.Opening
	for _, e := range d.Entries {
		d.Closing += e.Amount
	}
	return nil
}

// entryInWords says on a statement what a row of the ledger is.
func entryInWords(reason Reason, method string) string {
	what := ""
	switch reason {
	case Payment:
		what = "Payment"
	case Refund:
		what = "Refund"
	case Return:
		what = "Returned payment"
	case Dispute:
		what = "Disputed payment"
	case DisputeWon:
		what = "Dispute decided, payment"
	case Credit:
		return "Credit"
	case Void:
		return "Invoice voided"
	case Apply, Unapply:
		return "Credit moved"
	}
	if method == "" {
		return what
	}
	return what + ", " + method
}
