package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"customerportal/db"
	"customerportal/internal/document"
	"customerportal/internal/fault"
)

// DraftPaper returns the PDF of an invoice that is not issued, marked DRAFT on
// every page. It is kept nowhere and has no number, no slip and no code that it
// could be paid by. The record must have its due date and the tax of its lines.
func (s *Service) DraftPaper(ctx context.Context, r InvoiceRecord) (Paper, error) {
	q := s.db.Read()
	dealer, _, err := s.dealer(ctx, q)
	if err != nil {
		return Paper{}, err
	}
	c, err := q.GetDraftParty(ctx, db.GetDraftPartyParams{SiteID: r.SiteID, CustomerID: r.CustomerID})
	if errors.Is(err, sql.ErrNoRows) {
		return Paper{}, fault.Missing("customer")
	}
	if err != nil {
		return Paper{}, fmt.Errorf("ledger: draft to print: %w", err)
	}
	d := document.InvoiceData{
		Dealer: dealer, CustomerNumber: c.Number, BillTo: AddressLines(c.DisplayName, c.Address1, c.Address2, c.City, c.State, c.Zip),
		Site: AddressLines(c.Site, c.SiteAddress1, c.SiteAddress2, c.SiteCity, c.SiteState, c.SiteZip),
		Date: r.Date, Due: r.Due, PONumber: r.PONumber, Terms: c.Terms, Draft: true,
	}
	for _, l := range r.Lines {
		d.Lines = append(d.Lines, document.Line{Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPrice, Tax: l.Tax, Amount: l.Amount()})
		d.Subtotal += l.Amount()
		d.Tax += l.Tax
	}
	d.Total = d.Subtotal + d.Tax
	d.Balance = d.Total
	body, err := document.Invoice(d)
	if err != nil {
		return Paper{}, fmt.Errorf("ledger: draft to print: %w", err)
	}
	return Paper{Name: "Draft-" + c.Number + ".pdf", MIME: pdf, Body: body}, nil
}
