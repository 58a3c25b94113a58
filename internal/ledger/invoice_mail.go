package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
)

// mostLines is how many lines of an invoice its mail shows.
const mostLines = 12

// MailInvoice queues the mail of an issued invoice to every address the dealer
// has on file for the customer, but for those whose owner does not want such
// mails: amount, due date, what auto pay will do, a pay link, and the PDF when
// the dealer wants it attached. Why makes the mail unique for its occasion:
// "issued", "sent again 3". It runs in the caller's transaction.
//
// It reports false when there is nobody to mail it to. An invoice that is
// missing or a draft is NotFound, a void one a Conflict.
func (s *Service) MailInvoice(ctx context.Context, q *db.Queries, now calendar.Instant, invoiceID int64, why string) (queued bool, err error) {
	i, err := q.GetInvoiceToMail(ctx, invoiceID)
	if errors.Is(err, sql.ErrNoRows) || err == nil && i.State == "draft" {
		return false, fault.Missing("invoice")
	}
	if err != nil {
		return false, fmt.Errorf("ledger: mailing an invoice: %w", err)
	}
	if i.State != "issued" {
		return false, fault.New(fault.Conflict, "Invoice %s is void, so it is not mailed.", i.Number)
	}
	to, err := q.ListInvoiceMailTargets(ctx, i.CustomerID)
	if err != nil {
		return false, fmt.Errorf("ledger: mailing invoice %s: %w", i.Number, err)
	}
	if len(to) == 0 {
		return false, nil
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return false, err
	}
	generation, err := s.payLink(ctx, q, now, invoiceID, true)
	if err != nil {
		return false, err
	}
	body := outbox.InvoiceIssued{Name: i.DisplayName, CustomerNumber: i.CustomerNumber, Number: i.Number, Date: i.InvoiceDate, Due: i.DueDate,
		Site: i.Site, Total: i.TotalCents, Balance: i.BalanceCents, Link: s.mail.PayLinkMark(invoiceID, generation)}
	lines, err := q.ListInvoiceLines(ctx, invoiceID)
	if err != nil {
		return false, fmt.Errorf("ledger: mailing invoice %s: %w", i.Number, err)
	}
	body.MoreLines = max(0, len(lines)-mostLines)
	for i, l := range lines {
		body.Tax += l.TaxCents
		if i < mostLines {
			body.Lines = append(body.Lines, outbox.InvoiceLine{Description: l.Description, Amount: l.AmountCents})
		}
	}
	left := max(0, i.BalanceCents-money.Cents(i.Reserved))
	if i.AutoPayOn > 0 && i.Held == 0 && left > 0 {
		days, err := DaysOfAutoPay(ctx, q, i.CustomerID)
		if err != nil {
			return false, err
		}
		method := MethodInWords(Kind(i.MethodKind), "", i.MethodBrand, i.MethodLast4)
		body.AutoPay = autoPayInWords(now.Date(set.Zone), i.DueDate, days, set.Value("autopay.takes") == "all", left, i.Cap, method)
	}
	var papers []int64
	if set.Yes("invoices.attach_pdf") {
		paper, err := s.paperToAttach(ctx, q, invoiceID)
		if err != nil {
			return false, err
		}
		papers, body.Attached = []int64{paper}, true
	}
	for _, address := range to {
		err := s.mail.Enqueue(ctx, q, now, outbox.Mail{Fact: fmt.Sprintf("invoice %d %s to %s", i.ID, why, address), CustomerID: i.CustomerID,
			ToName: i.DisplayName, ToEmail: address, Body: body, Documents: papers})
		if err != nil {
			return false, err
		}
	}
	if err := q.RemoveInvoiceToSend(ctx, invoiceID); err != nil {
		return false, fmt.Errorf("ledger: mailing invoice %s: %w", i.Number, err)
	}
	return true, nil
}

// autoPayInWords says on an invoice's mail when auto pay takes it: on the first
// of the customer's days that is not before the due date, or earlier where the
// dealer has it take (all) what is not due yet, too.
func autoPayInWords(today, due calendar.Date, days AutoPayDays, all bool, left money.Cents, limit int64, method string) string {
	next := days.Next(today)
	on := next
	for on != "" && on < due {
		on = days.Next(on)
	}
	when := "on " + on.String()
	if all && next != on {
		when = "between " + next.String() + " and " + on.String()
	}
	if limit > 0 && left > money.Cents(limit) {
		return fmt.Sprintf("It is set for auto pay %s from %s, up to the %s you allowed; please pay the rest yourself.", when, method, money.Cents(limit))
	}
	return fmt.Sprintf("%s will be taken %s from %s by auto pay. You need not do anything.", left, when, method)
}
