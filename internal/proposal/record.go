package proposal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/fault"
	"customerportal/internal/money"
)

// Record is a proposal as another program's books hold it, to be taken in as it
// was sent there.
type Record struct {
	Number           string
	CustomerID       int64
	SiteID           int64 // 0 = none
	Title            string
	Introduction     string
	Terms            string
	Date             calendar.Date
	ValidUntil       calendar.Date // none = no end
	SalespersonEmail string
	Lines            []Line
	Deposit          money.Cents
	// Paper is the PDF it was sent with elsewhere, nil for none; it goes along as
	// an attachment.
	Paper []byte
}

// Check returns the Invalid fault that taking it in would be refused with, as far
// as the books are not needed for it. Its fields are the columns of proposals.csv.
func (r Record) Check() error {
	var refused fault.Fields
	if r.Number == "" || len(r.Number) > 40 || strings.ContainsFunc(r.Number, func(c rune) bool { return c < ' ' || c == 0x7f || c == '/' || c == '\\' }) {
		refused.Add("proposal_number", "A proposal number is at most 40 letters, digits and signs, without slashes")
	}
	if slices.Contains(taken, strings.ToLower(r.Number)) || strings.HasPrefix(r.Number, ".") || paperLike(r.Number) {
		refused.Add("proposal_number", "This word cannot be a number")
	}
	if r.Title == "" || len(r.Title) > 200 {
		refused.Add("title", "A title has between 1 and 200 letters")
	}
	if len(r.Introduction) > maxText || len(r.Terms) > maxText {
		refused.Add("terms", "Introduction and terms have at most 20,000 letters each")
	}
	if r.Date.IsZero() {
		refused.Add("date", "Enter a date, like 11/01/2026")
	}
	if !r.ValidUntil.IsZero() && r.ValidUntil < r.Date {
		refused.Add("valid_until", "This is before the proposal's own date")
	}
	if len(r.Lines) == 0 || len(r.Lines) > MaxLines {
		refused.Add("description", "A proposal has between 1 and %d lines", MaxLines)
	}
	if r.Deposit < 0 {
		refused.Add("deposit", "A deposit is not below zero")
	}
	totals, err := TotalsOf(r.Lines, Preset(r.Lines), r.Deposit, 0)
	if err != nil {
		f, _ := errors.AsType[*fault.Error](err)
		refused.Add(f.Field, "%s", f.Message)
	}
	if totals.Total > money.Max || totals.Total < -money.Max || totals.Monthly > money.Max || totals.Monthly < -money.Max {
		refused.Add("unit_price", "The proposal is too large")
	}
	return refused.Err()
}

// ImportIn takes a proposal into the books as one that was sent: frozen with its
// PDF, and mailed to nobody, for that was done elsewhere. Its trail begins with
// that. It runs in the caller's transaction and refuses what [Record.Check]
// does; a number that is taken is a Conflict.
func (s *Service) ImportIn(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, r Record) error {
	if err := r.Check(); err != nil {
		return err
	}
	t, err := TotalsOf(r.Lines, Preset(r.Lines), r.Deposit, 0)
	if err != nil {
		return err
	}
	seller, err := q.FindSalesperson(ctx, r.SalespersonEmail)
	if err != nil {
		return fmt.Errorf("proposal %s: salesperson: %w", r.Number, err)
	}
	id, err := q.AddImportedProposal(ctx, db.AddImportedProposalParams{Number: r.Number, CustomerID: r.CustomerID, SiteID: db.NullID(r.SiteID), Title: r.Title,
		Introduction: r.Introduction, Terms: r.Terms, ProposalDate: r.Date, ValidUntil: r.ValidUntil.ISO(), SalespersonID: db.NullID(seller), SalespersonEmail: r.SalespersonEmail,
		DepositCents: r.Deposit, TotalCents: t.Total, MonthlyCents: t.Monthly, Nonce: "import " + strings.ToLower(r.Number), StaffID: db.NullID(by.StaffID), CreatedAt: now})
	if db.IsUnique(err) {
		return &fault.Error{Kind: fault.Conflict, Field: "proposal_number", Message: "There is a proposal with this number already"}
	}
	if err != nil {
		return fmt.Errorf("proposal %s: %w", r.Number, err)
	}
	for i, l := range r.Lines {
		err := q.AddImportedProposalLine(ctx, db.AddImportedProposalLineParams{ProposalID: id, Position: int64(i + 1), Description: l.Description, Quantity: l.Quantity,
			UnitPriceCents: l.UnitPrice, Taxable: db.Flag(l.Taxable), CycleMonths: l.Cycle, Optional: db.Flag(l.Optional), Chosen: db.Flag(l.Chosen || !l.Optional),
			AmountCents: l.Amount(), TaxCents: l.Tax})
		if err != nil {
			return fmt.Errorf("proposal %s, line %d: %w", r.Number, i+1, err)
		}
	}
	details := "Sent before it came here"
	if len(r.Paper) > 0 {
		pages, err := document.Inspect(r.Paper)
		if err != nil {
			return fault.Field("proposal_number", "%s", err.Error())
		}
		name := r.Number + ".pdf"
		paper, err := q.AddDocument(ctx, db.AddDocumentParams{Kind: "attachment", Name: name, Mime: "application/pdf", SHA256: sumOf(r.Paper), Body: r.Paper, MadeAt: now})
		if err != nil {
			return fmt.Errorf("proposal %s: PDF: %w", r.Number, err)
		}
		if err := q.AddImportedAttachment(ctx, db.AddImportedAttachmentParams{ProposalID: id, DocumentID: paper, Name: name, Pages: int64(pages)}); err != nil {
			return fmt.Errorf("proposal %s: PDF: %w", r.Number, err)
		}
		details += ", with " + name
	}
	pdf, drawn, err := s.draw(ctx, q, id, false)
	if err != nil {
		return err
	}
	sent, err := q.AddDocument(ctx, db.AddDocumentParams{Kind: "attachment", Name: "Proposal-" + r.Number + ".pdf", Mime: "application/pdf", SHA256: sumOf(pdf), Body: pdf, MadeAt: now})
	if err != nil {
		return fmt.Errorf("proposal %s: PDF: %w", r.Number, err)
	}
	n, err := q.SendImportedProposal(ctx, db.SendImportedProposalParams{DocumentID: db.NullID(sent), Paper: drawn, SentAt: now, ID: id})
	if err != nil || n != 1 {
		return fmt.Errorf("proposal %s, %d rows: %w", r.Number, n, err)
	}
	return record(ctx, q, now, by, id, evImported, details)
}

// CarriedOutIn adds to the trail of an accepted proposal what was made of it. It
// runs in the caller's transaction.
func CarriedOutIn(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, proposalID int64, what string) error {
	return record(ctx, q, now, by, proposalID, evCarried, what)
}
