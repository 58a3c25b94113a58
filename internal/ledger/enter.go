package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
)

// Entering is a check, cash or a payment at the office's own terminal, as staff
// type it in.
type Entering struct {
	// Nonce is the rendered form's: the form saved twice enters one payment.
	Nonce       string
	CustomerID  int64
	Kind        Kind
	Label       string // the "Payment Type" shown; "" = the kind's own
	Number      string // of the check, or the last four digits
	Amount      money.Cents
	Date        calendar.Date
	Memo        string
	Allocations []Allocation
	// Mail sends the customer a receipt.
	Mail bool
}

// EnterPayment puts a payment into the books that came in at the office, in one
// transaction with its audit row and, when asked for, the mail to the customer.
// It returns the payment's reference. The same form sent again returns the first
// one's reference and enters nothing.
//
// The fields of its Invalid faults are those of [RecordPayment], and
// mail_receipt when there is no address to mail it to.
func (s *Service) EnterPayment(ctx context.Context, by audit.Actor, e Entering) (string, error) {
	if e.Nonce == "" {
		return "", errors.New("ledger: a form without a nonce")
	}
	today, err := s.Today(ctx)
	if err != nil {
		return "", err
	}
	if e.Date > today {
		return "", fault.Field("payment_date", "This day is still to come")
	}
	if e.Kind == Check && strings.TrimSpace(e.Number) == "" {
		return "", fault.Field("reference", "Enter the number of the check")
	}
	now := s.clock.Now()
	reference := NewReference()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		first, err := q.GetEnteredPayment(ctx, e.Nonce)
		if err == nil {
			if first.CustomerID != e.CustomerID {
				return fault.New(fault.Conflict, "This form was used for another customer. Please open it again.")
			}
			reference = first.Reference
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("ledger: entering a payment: %w", err)
		}
		id, err := RecordPayment(ctx, q, now, PaymentRecord{
			Reference: reference, CustomerID: e.CustomerID, Kind: e.Kind, Label: e.Label, Number: e.Number, Amount: e.Amount,
			Date: e.Date, Memo: e.Memo, Source: "office", StaffID: by.StaffID, Nonce: e.Nonce, Allocations: e.Allocations,
		})
		if err != nil {
			return err
		}
		if e.Mail {
			if err := s.mailReceipt(ctx, q, now, id, reference, e); err != nil {
				return err
			}
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "payment.enter", CustomerID: e.CustomerID, Object: "payment " + reference,
			After: map[string]string{"kind": string(e.Kind), "amount": e.Amount.Plain(), "date": e.Date.ISO()}})
	})
	if err != nil {
		return "", err
	}
	return reference, nil
}

// mailReceipt queues the mail that tells the customer of an entered payment.
func (s *Service) mailReceipt(ctx context.Context, q *db.Queries, now calendar.Instant, id int64, reference string, e Entering) error {
	to, err := q.GetReceiptMailTarget(ctx, e.CustomerID)
	if err != nil {
		return fmt.Errorf("ledger: receipt of %s: %w", reference, err)
	}
	if to.Email == "" {
		return fault.Field("mail_receipt", "There is no e-mail address on file for this customer")
	}
	parts, err := q.ListBookableAllocations(ctx, id)
	if err != nil {
		return fmt.Errorf("ledger: receipt of %s: %w", reference, err)
	}
	label := e.Label
	if label == "" {
		label = e.Kind.Label()
	}
	body := outbox.PaymentReceived{
		Name: to.DisplayName, CustomerNumber: to.Number, Reference: reference, Date: e.Date.String(), Amount: e.Amount.String(),
		Method: MethodInWords(e.Kind, label, "", NumberLabel(e.Kind, e.Number)), Link: s.mail.PublicURL("/payments/" + reference),
	}
	rest := e.Amount
	for _, p := range parts {
		body.Parts = append(body.Parts, outbox.PaymentPart{Invoice: p.Number, Amount: p.Cents.String(), Left: p.BalanceCents.String()})
		rest -= p.Cents
	}
	if rest > 0 {
		body.Credit = rest.String()
	}
	return s.mail.Enqueue(ctx, q, now, outbox.Mail{Fact: fmt.Sprintf("payment %d entered", id), CustomerID: e.CustomerID,
		ToName: to.DisplayName, ToEmail: to.Email, Body: body})
}
