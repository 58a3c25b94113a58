package payment

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
)

// sourceLink is the source of payments that were made by a pay link.
const sourceLink = "paylink"

// byLink reports whether a payment was made by a pay link.
func byLink(p db.Payment) bool { return p.Source == sourceLink }

// returnPath is where the processor's page sends its visitor back to. It is kept
// by the processor, and comes back in what it tells us, so that it names no pay
// link: which one it was stands in a cookie of the visitor's.
func returnPath(p db.Payment) string {
	if byLink(p) {
		return "/p/return?payment=" + p.Reference
	}
	return "/pay/return?payment=" + p.Reference
}

// GuestPayment brings a payment that was made by a pay link of the customer's up
// to date and returns where it stands; surely as with [Service.Return], else as
// with [Service.Refresh]. Any other payment is NotFound.
func (s *Service) GuestPayment(ctx context.Context, customerID int64, reference string, surely bool) (Result, error) {
	if _, err := s.db.Read().GetGuestPaymentForCustomer(ctx, db.GetGuestPaymentForCustomerParams{Reference: reference, CustomerID: customerID}); err != nil {
		return Result{}, found(err, "payment")
	}
	return s.refresh(ctx, customerID, reference, surely)
}

// mostReceipts is how many addresses one payment's receipt is mailed to.
const mostReceipts = 3

// MailGuestReceipt mails the receipt of a payment that was made by a pay link to
// an address the payer types, once to each. It returns an Invalid fault for what
// is no address, NotFound for any other payment, and a Conflict for one that has
// no receipt.
func (s *Service) MailGuestReceipt(ctx context.Context, by audit.Actor, customerID int64, reference, email string) error {
	email = strings.TrimSpace(email)
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != email || len(email) > 254 || !strings.Contains(email[strings.LastIndexByte(email, '@')+1:], ".") {
		return fault.Field("email", "Enter an e-mail address, like name@example.com")
	}
	if _, err := s.db.Read().GetGuestPaymentForCustomer(ctx, db.GetGuestPaymentForCustomerParams{Reference: reference, CustomerID: customerID}); err != nil {
		return found(err, "payment")
	}
	r, err := s.ledger.ReceiptFor(ctx, customerID, reference)
	if err != nil {
		return err
	}
	if !r.State.HasReceipt() {
		return fault.New(fault.Conflict, "There is no receipt of this payment.")
	}
	body := outbox.GuestReceipt{Reference: r.Reference, Date: r.Date, Method: r.Method, Amount: r.Amount, State: string(r.State), Settled: r.State == ledger.Received}
	for _, part := range r.Parts {
		body.Invoices = append(body.Invoices, outbox.PaidInvoice{Number: part.Invoice, Amount: part.Amount})
	}
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		prefix := "payment " + reference + " guest receipt to "
		sent, err := q.CountMailOfFact(ctx, db.CountMailOfFactParams{After: prefix, Before: prefix + "\xff"})
		if err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		if sent >= mostReceipts {
			return fault.Field("email", "The receipt of this payment was mailed to three addresses already.")
		}
		return errors.Join(
			s.mail.Enqueue(ctx, q, now, outbox.Mail{Fact: prefix + strings.ToLower(email), CustomerID: customerID, ToEmail: email, Body: body}),
			audit.Record(ctx, q, now, by, audit.Entry{Action: "payment.receipt_mailed", CustomerID: customerID, Object: "payment " + reference,
				After: map[string]string{"to": email}}))
	})
	return err
}
