package proposal

import (
	"context"
	"fmt"
	"strings"

	"customerportal/db"
	"customerportal/internal/document"
	"customerportal/internal/outbox"
)

// attachLimit is how large the attachments of one mail may be together: more
// than that many mail servers refuse.
const attachLimit = 10 << 20

// salesperson returns whom answers are mailed to: the one the proposal names,
// else the customer's, else the dealer's own address; "" when there is none.
func (s *Service) salesperson(ctx context.Context, q *db.Queries, o open) (name, email string, err error) {
	r, err := q.GetProposalSalesperson(ctx, o.row.ID)
	if err != nil {
		return "", "", fmt.Errorf("proposal: salesperson: %w", err)
	}
	if r.StaffEmail != "" && r.Disabled == 0 {
		return r.StaffName, r.StaffEmail, nil
	}
	for _, e := range []string{r.SalespersonEmail, r.CustomersSalesperson, o.set.Company.Email} {
		if e != "" {
			return "", e, nil
		}
	}
	return "", "", nil
}

// facts are what the mails about an answer say of the proposal.
func facts(o open) outbox.Proposal {
	return outbox.Proposal{Number: o.row.Number, Version: o.row.Version, Title: o.row.Title, Customer: o.row.DisplayName, CustomerNumber: o.row.CustomerNumber,
		Path: "/office/proposals/" + outbox.PathEscape(o.row.Number)}
}

// mailAccepted queues the mails of an acceptance: to the salesperson and to the
// customer, each with the signed copy and with what is attached to the proposal
// as far as a mail takes it. It runs in the caller's transaction.
func (s *Service) mailAccepted(ctx context.Context, q *db.Queries, who Reader, o open, e db.AddProposalDecisionParams, sums Totals) error {
	attached, err := q.ListProposalAttachments(ctx, o.row.ID)
	if err != nil {
		return fmt.Errorf("proposal: attachments: %w", err)
	}
	papers, left := []int64{e.SignedDocumentID.Int64}, int64(attachLimit)
	kept := 0 // what is too large for the mail and waits in the portal
	for _, a := range attached {
		if a.Bytes > left {
			kept++
			continue
		}
		left -= a.Bytes
		papers = append(papers, a.DocumentID)
	}
	p := facts(o)
	p.Answered, p.Name, p.Email, p.IP = o.now.Format(o.set.Zone), e.TypedName, s.address(ctx, q, who), e.IP
	p.Total, p.Deposit, p.Asked, p.TakesPlace = sums.Total, sums.DepositDue(), min(sums.Asked, sums.Deposit), o.kin.Before.Version
	for _, r := range sums.Recurring {
		p.Recurring = append(p.Recurring, r.Total.String()+" "+CycleName(r.Cycle))
	}
	p.LeftOut = kept
	name, email, err := s.salesperson(ctx, q, o)
	if err != nil {
		return err
	}
	if email != "" {
		err := s.mail.Enqueue(ctx, q, o.now, outbox.Mail{Fact: fmt.Sprintf("proposal %d accepted to the office", o.row.ID), CustomerID: who.CustomerID,
			ToName: name, ToEmail: email, Body: outbox.ProposalAccepted{Proposal: p}, Documents: papers})
		if err != nil {
			return err
		}
	}
	p.Path = "/proposals/" + outbox.PathEscape(o.row.Number)
	if who.Link.ID != 0 {
		p.Path = ""
	}
	signed := outbox.ProposalSigned{Proposal: p}
	if e.DepositInvoiceID.Valid {
		if signed.PayLink, err = s.books.PayLinkInMail(ctx, q, o.now, e.DepositInvoiceID.Int64); err != nil {
			return err
		}
	}
	if o.row.Residential != 0 {
		signed.CancelBy = document.CancelBy(o.now.Date(o.set.Zone))
	}
	for _, to := range s.addresses(ctx, q, who, p.Email) {
		err := s.mail.Enqueue(ctx, q, o.now, outbox.Mail{Fact: fmt.Sprintf("proposal %d signed to %s", o.row.ID, strings.ToLower(to)), CustomerID: who.CustomerID,
			ToName: o.row.DisplayName, ToEmail: to, Body: signed, Documents: papers})
		if err != nil {
			return err
		}
	}
	return nil
}

// mailRejected queues the salesperson's mail of a rejection. It runs in the
// caller's transaction.
func (s *Service) mailRejected(ctx context.Context, q *db.Queries, who Reader, o open, reason string) error {
	name, email, err := s.salesperson(ctx, q, o)
	if err != nil || email == "" {
		return err
	}
	p := facts(o)
	p.Answered, p.Email, p.IP, p.Stands = o.now.Format(o.set.Zone), s.address(ctx, q, who), who.By.IP, o.kin.Before.Version
	return s.mail.Enqueue(ctx, q, o.now, outbox.Mail{Fact: fmt.Sprintf("proposal %d rejected to the office", o.row.ID), CustomerID: who.CustomerID,
		ToName: name, ToEmail: email, Body: outbox.ProposalRejected{Proposal: p, Reason: reason}})
}

// address is the e-mail address of who answers, "" when it is not known.
func (s *Service) address(ctx context.Context, q *db.Queries, who Reader) string {
	if who.Link.ID != 0 {
		return who.Link.Email
	}
	email, err := q.GetProposalUser(ctx, who.By.UserID)
	if err != nil {
		return ""
	}
	return email
}

// addresses are where the signed copy goes: to who signed, and to the customer's
// first address where that is another.
func (s *Service) addresses(ctx context.Context, q *db.Queries, who Reader, signer string) []string {
	var to []string
	if signer != "" {
		to = append(to, signer)
	}
	if c, err := q.GetProposalCustomer(ctx, who.CustomerID); err == nil && c.Email != "" && !strings.EqualFold(c.Email, signer) {
		to = append(to, c.Email)
	}
	return to
}
