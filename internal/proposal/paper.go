package proposal

import (
	"context"
	"encoding/json"
	"fmt"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// paperData gathers what the paper of a version shows, with the options that are
// chosen beforehand. It reads by the caller's queries.
func (s *Service) paperData(ctx context.Context, q *db.Queries, proposalID int64) (document.ProposalData, error) {
	var d document.ProposalData
	dealer, err := s.books.Letterhead(ctx, q)
	if err != nil {
		return d, err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return d, err
	}
	p, err := q.GetProposalToPrint(ctx, proposalID)
	if err != nil {
		return d, fmt.Errorf("proposal: to print: %w", err)
	}
	lines, err := lines(ctx, q, proposalID)
	if err != nil {
		return d, err
	}
	attached, err := q.ListProposalAttachments(ctx, proposalID)
	if err != nil {
		return d, fmt.Errorf("proposal: attachments: %w", err)
	}
	d = document.ProposalData{
		Dealer: dealer, CustomerNumber: p.CustomerNumber,
		BillTo: ledger.AddressLines(p.DisplayName, p.Address1, p.Address2, p.City, p.Region, p.Zip),
		Site:   ledger.AddressLines(p.Site, p.SiteAddress1, p.SiteAddress2, p.SiteCity, p.SiteState, p.SiteZip),
		System: p.System, Number: p.Number, Version: int(p.Version), Title: p.Title, Introduction: p.Introduction, Terms: p.Terms,
		Date: p.ProposalDate, ValidUntil: calendar.Date(p.ValidUntil), Salesperson: p.Salesperson, Residential: p.Residential != 0,
		PortalURL: s.mail.PublicURL("/proposals"), Draft: p.State == "draft", Sandbox: set.NoMoney() != "", Created: s.clock.Now(),
	}
	for _, a := range attached {
		d.Attachments = append(d.Attachments, document.ProposalAttachment{Name: a.Name, Pages: int(a.Pages), SHA256: a.SHA256})
	}
	kin, err := KinOf(ctx, q, p.Number, p.Version, s.clock.Today(set.Zone))
	if err != nil {
		return d, err
	}
	d.TakesPlace = kin.takesPlace(kin.Before.Accepted.Date(set.Zone))
	return d, choose(&d, lines, Preset(lines), p.DepositCents, p.DepositPpm)
}

// choose fills the lines and the sums for the options that are chosen.
func choose(d *document.ProposalData, lines []Line, chosen []int64, depositCents money.Cents, depositPPM int64) error {
	t, err := TotalsOf(lines, chosen, depositCents, depositPPM)
	if err != nil {
		return err
	}
	d.Lines, d.Recurring = nil, nil
	for _, l := range lines {
		line := document.ProposalLine{Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPrice, Tax: l.Tax, Amount: l.Amount(),
			Optional: l.Optional, Chosen: l.In(chosen)}
		if l.Cycle != 0 {
			line.Every = CycleName(l.Cycle)
		}
		d.Lines = append(d.Lines, line)
	}
	for _, r := range t.Recurring {
		d.Recurring = append(d.Recurring, document.ProposalRecurring{Every: CycleName(r.Cycle), Amount: r.Amount, Tax: r.Tax, Total: r.Total})
	}
	d.Once, d.Tax, d.Total, d.Deposit = t.Once, t.Tax, t.Total, t.Deposit
	return nil
}

// draw makes the PDF of a version as its rows stand, and the text that is kept
// beside it (proposals.paper): what it was made from, without the logo. Draw it
// before the transaction that sends it; sending sets draft to false, so that the
// pages are not marked.
func (s *Service) draw(ctx context.Context, q *db.Queries, proposalID int64, draft bool) (pdf []byte, paper string, err error) {
	d, err := s.paperData(ctx, q, proposalID)
	if err != nil {
		return nil, "", err
	}
	d.Draft = draft
	if pdf, err = document.Proposal(d); err != nil {
		return nil, "", fmt.Errorf("proposal: %w", err)
	}
	d.Dealer.Logo = nil
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, "", fmt.Errorf("proposal: %w", err)
	}
	return pdf, string(raw), nil
}
