package payment

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
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
)

// VoidOrder is an issued invoice that is not to be paid.
type VoidOrder struct {
	CustomerID int64
	Invoice    string
	Reason     string // read by the customer when he is mailed
	Mail       bool   // tells the customer
	Nonce      string
}

// VoidInvoice voids an invoice. What was paid on it becomes unapplied credit; the
// processor's pages that are open for it are closed first. Money under way for it
// is a Conflict. Above the dealer's limit (by the invoice's total) it only asks a
// second person. An invoice that is void already is left as it is.
//
// Its Invalid faults name the fields reason and mail.
func (s *Service) VoidInvoice(ctx context.Context, by audit.Actor, o VoidOrder) (Done, error) {
	return s.voidInvoice(ctx, by, o, nil)
}

func (s *Service) voidInvoice(ctx context.Context, by audit.Actor, o VoidOrder, approved *db.Approval) (Done, error) {
	if !validNonce(o.Nonce) {
		return Done{}, errOldForm
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return Done{}, err
	}
	o.Reason = strings.TrimSpace(o.Reason)
	var done Done
	err = s.withoutPages(ctx, by, func(q *db.Queries, free func(invoices ...int64) error) error {
		done = Done{}
		i, err := q.GetInvoiceForCustomer(ctx, db.GetInvoiceForCustomerParams{CustomerID: o.CustomerID, Number: o.Invoice})
		if err != nil {
			return found(err, "invoice")
		}
		if i.State == "void" && approved == nil {
			return nil
		}
		if approved == nil {
			if done.Asked, err = askedBefore(ctx, q, o.Nonce); done.Asked != 0 || err != nil {
				return err
			}
		}
		var refused fault.Fields
		checkReason(&refused, o.Reason)
		to, err := q.GetCustomerMail(ctx, o.CustomerID)
		if err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		if o.Mail && to.Email == "" && approved == nil {
			refused.Add("mail", "There is no e-mail address on file for this customer")
		}
		if err := refused.Err(); err != nil {
			return err
		}
		if i.Reserved > 0 {
			return fault.New(fault.Conflict, "%s for invoice %s is under way. Wait until that payment is settled, then void it.", money.Cents(i.Reserved), i.Number)
		}
		if approved == nil && aboveLimit(set, by, i.TotalCents, 0) {
			done.Asked, err = s.ask(ctx, q, by, asking{kind: "void", customerID: o.CustomerID, invoiceID: i.ID, cents: i.TotalCents,
				reason: o.Reason, order: o, nonce: o.Nonce, object: "invoice " + i.Number})
			return err
		}
		if err := free(i.ID); err != nil {
			return err
		}
		now := s.clock.Now()
		day, err := ledger.OpenDay(ctx, q, s.clock.Today(set.Zone))
		if err != nil {
			return err
		}
		freed, err := ledger.VoidInvoice(ctx, q, ledger.Voiding{CustomerID: o.CustomerID, InvoiceID: i.ID, Date: day, At: now})
		if err != nil {
			return err
		}
		after := map[string]string{"total": i.TotalCents.Plain(), "reason": o.Reason}
		if freed > 0 {
			after["credit"] = freed.Plain()
		}
		err = audit.Record(ctx, q, now, by, audit.Entry{Action: "invoice.void", CustomerID: o.CustomerID, Object: "invoice " + i.Number, After: after})
		if err != nil {
			return err
		}
		if approved != nil {
			if err := s.decide(ctx, q, by, approved, "approved", "", i.Number); err != nil {
				return err
			}
		}
		if !o.Mail || to.Email == "" {
			return nil
		}
		letter := outbox.InvoiceVoided{Number: i.Number, Date: i.InvoiceDate.String(), Total: i.TotalCents.String(), Reason: o.Reason}
		if freed > 0 {
			letter.Credit = freed.String()
		}
		return s.mail.Enqueue(ctx, q, now, outbox.Mail{Fact: fmt.Sprintf("invoice %d void", i.ID), CustomerID: o.CustomerID,
			ToName: to.DisplayName, ToEmail: to.Email, Body: letter})
	})
	return done, err
}

// CreditOrder is a credit that the dealer gives: on an invoice or to the account.
type CreditOrder struct {
	CustomerID int64
	Invoice    string // its number, "" = to the account
	Amount     money.Cents
	Reason     string // read by the customer
	Mail       bool
	Nonce      string
}

// GiveCredit makes a credit memo. On an invoice it lowers what is owed there by
// at most what is owed and not under way; to the account it becomes unapplied
// credit. Above the dealer's limit it only asks a second person. The same form
// again returns the first one's result.
//
// Its Invalid faults name the fields amount, invoice, reason and mail.
func (s *Service) GiveCredit(ctx context.Context, by audit.Actor, o CreditOrder) (Done, error) {
	return s.giveCredit(ctx, by, o, nil)
}

func (s *Service) giveCredit(ctx context.Context, by audit.Actor, o CreditOrder, approved *db.Approval) (Done, error) {
	if !validNonce(o.Nonce) {
		return Done{}, errOldForm
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return Done{}, err
	}
	o.Reason = strings.TrimSpace(o.Reason)
	var done Done
	err = s.withoutPages(ctx, by, func(q *db.Queries, free func(invoices ...int64) error) error {
		done = Done{}
		first, err := q.GetPaymentByNonce(ctx, o.Nonce)
		switch {
		case err == nil && first.CustomerID == o.CustomerID && first.AmountCents == o.Amount:
			done.Reference = first.Reference
			return nil
		case err == nil:
			return fault.New(fault.Conflict, "This form was used before. Please open the page again.")
		case !errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("payment: %w", err)
		}
		if approved == nil {
			if done.Asked, err = askedBefore(ctx, q, o.Nonce); done.Asked != 0 || err != nil {
				return err
			}
		}
		invoice, to, err := s.checkCredit(ctx, q, o, approved != nil)
		if err != nil {
			return err
		}
		alone, err := s.creditedAlone(ctx, q, o.CustomerID)
		if err != nil {
			return err
		}
		if approved == nil && aboveLimit(set, by, o.Amount, alone) {
			object := "the account"
			if o.Invoice != "" {
				object = "invoice " + o.Invoice
			}
			done.Asked, err = s.ask(ctx, q, by, asking{kind: "credit", customerID: o.CustomerID, invoiceID: invoice, cents: o.Amount,
				reason: o.Reason, order: o, nonce: o.Nonce, object: object})
			return err
		}
		if invoice != 0 {
			if err := free(invoice); err != nil {
				return err
			}
		}
		now := s.clock.Now()
		day, err := ledger.OpenDay(ctx, q, s.clock.Today(set.Zone))
		if err != nil {
			return err
		}
		record := ledger.PaymentRecord{CustomerID: o.CustomerID, Kind: ledger.CreditMemo, Amount: o.Amount, Date: day,
			Reference: ledger.NewReference(), Memo: o.Reason, Source: "office", StaffID: by.StaffID, Nonce: o.Nonce}
		if approved != nil {
			record.StaffID = approved.AskedID
		}
		if invoice != 0 {
			record.Allocations = []ledger.Allocation{{InvoiceID: invoice, Cents: o.Amount}}
		}
		if _, err := ledger.RecordPayment(ctx, q, now, record); err != nil {
			return err
		}
		done.Reference = record.Reference
		after := map[string]string{"amount": o.Amount.Plain(), "reason": o.Reason}
		if o.Invoice != "" {
			after["invoice"] = o.Invoice
		}
		err = audit.Record(ctx, q, now, by, audit.Entry{Action: "credit.give", CustomerID: o.CustomerID, Object: "payment " + record.Reference, After: after})
		if err != nil {
			return err
		}
		if approved != nil {
			if err := s.decide(ctx, q, by, approved, "approved", "", record.Reference); err != nil {
				return err
			}
		}
		if !o.Mail || to.Email == "" {
			return nil
		}
		letter := outbox.CreditGiven{Amount: o.Amount.String(), Reference: record.Reference, Reason: o.Reason, Path: "/payments/" + record.Reference}
		if invoice != 0 {
			i, err := q.GetInvoiceBalanceForCustomer(ctx, db.GetInvoiceBalanceForCustomerParams{ID: invoice, CustomerID: o.CustomerID})
			if err != nil {
				return fmt.Errorf("payment: %w", err)
			}
			letter.Invoice, letter.Left = i.Number, i.BalanceCents.String()
		}
		return s.mail.Enqueue(ctx, q, now, outbox.Mail{Fact: "credit " + record.Reference, CustomerID: o.CustomerID,
			ToName: to.DisplayName, ToEmail: to.Email, Body: letter})
	})
	return done, err
}

// checkCredit refuses what cannot be credited, and returns the invoice's id, 0 for
// the account, and whom a mail would go to.
func (s *Service) checkCredit(ctx context.Context, q *db.Queries, o CreditOrder, approved bool) (int64, db.GetCustomerMailRow, error) {
	var refused fault.Fields
	switch {
	case o.Amount <= 0:
		refused.Add("amount", "Enter an amount above zero")
	case o.Amount > money.Max:
		refused.Add("amount", "This amount is too large")
	}
	checkReason(&refused, o.Reason)
	to, err := q.GetCustomerMail(ctx, o.CustomerID)
	if err != nil {
		return 0, to, fmt.Errorf("payment: %w", err)
	}
	if o.Mail && to.Email == "" && !approved {
		refused.Add("mail", "There is no e-mail address on file for this customer")
	}
	if o.Invoice == "" {
		return 0, to, refused.Err()
	}
	i, err := q.GetInvoiceForCustomer(ctx, db.GetInvoiceForCustomerParams{CustomerID: o.CustomerID, Number: o.Invoice})
	if err != nil {
		return 0, to, found(err, "invoice")
	}
	left := i.BalanceCents - money.Cents(i.Reserved)
	switch {
	case i.State != "issued":
		refused.Add("invoice", "Invoice %s is void", i.Number)
	case left <= 0:
		refused.Add("invoice", "Nothing is left to credit on invoice %s. Give the credit to the account", i.Number)
	case o.Amount > left && i.Reserved > 0:
		refused.Add("amount", "Only %s is left on invoice %s: %s is under way", left, i.Number, money.Cents(i.Reserved))
	case o.Amount > left:
		refused.Add("amount", "Only %s is left to pay on invoice %s. Give the rest to the account", left, i.Number)
	}
	return i.ID, to, refused.Err()
}

// ApplyOrder is unapplied credit that staff put towards an invoice.
type ApplyOrder struct {
	CustomerID int64
	Payment    string // whose credit, "" = the oldest first
	Invoice    string
	Amount     money.Cents
	Nonce      string
}

// ApplyCredit puts unapplied credit of a customer's towards an invoice of his, by
// at most what is owed there and not under way. The same form again changes
// nothing. Its Invalid faults name the fields amount and invoice.
func (s *Service) ApplyCredit(ctx context.Context, by audit.Actor, o ApplyOrder) error {
	if !validNonce(o.Nonce) {
		return errOldForm
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	return s.withoutPages(ctx, by, func(q *db.Queries, free func(invoices ...int64) error) error {
		used, err := q.CountCreditUses(ctx, db.CountCreditUsesParams{CustomerID: o.CustomerID, Prefix: creditFact(o.Nonce) + " "})
		if err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		if used > 0 {
			return nil
		}
		i, from, err := s.ends(ctx, q, o.CustomerID, o.Invoice, o.Payment)
		if err != nil {
			return err
		}
		left := i.BalanceCents - money.Cents(i.Reserved)
		switch {
		case i.State != "issued":
			return fault.Field("invoice", "Invoice %s is void", i.Number)
		case o.Amount <= 0:
			return fault.Field("amount", "Enter an amount above zero")
		case o.Amount > left:
			return fault.Field("amount", "Only %s is left to pay on invoice %s", max(left, 0), i.Number)
		}
		if err := free(i.ID); err != nil {
			return err
		}
		now := s.clock.Now()
		day, err := ledger.OpenDay(ctx, q, s.clock.Today(set.Zone))
		if err != nil {
			return err
		}
		err = ledger.ApplyCredit(ctx, q, ledger.CreditUse{CustomerID: o.CustomerID, InvoiceID: i.ID, From: from, Cents: o.Amount,
			Fact: fmt.Sprintf("%s %d", creditFact(o.Nonce), i.ID), Date: day, At: now})
		if err != nil {
			return asField(err, "amount")
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "credit.apply", CustomerID: o.CustomerID, Object: "invoice " + i.Number,
			After: map[string]string{"amount": o.Amount.Plain()}})
	})
}

// UnapplyOrder is money that staff take off an invoice again; it stays as
// unapplied credit.
type UnapplyOrder struct {
	CustomerID int64
	Payment    string // whose money it is, "" = credit that came from no payment
	Invoice    string
	Amount     money.Cents
	Nonce      string
}

// UnapplyCredit takes money of a payment off an invoice, which is open again by
// it, and keeps it as unapplied credit. The same form again changes nothing. Its
// Invalid fault names the field amount.
func (s *Service) UnapplyCredit(ctx context.Context, by audit.Actor, o UnapplyOrder) error {
	if !validNonce(o.Nonce) {
		return errOldForm
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		i, from, err := s.ends(ctx, q, o.CustomerID, o.Invoice, o.Payment)
		if err != nil {
			return err
		}
		if o.Amount <= 0 {
			return fault.Field("amount", "Enter an amount above zero")
		}
		now := s.clock.Now()
		day, err := ledger.OpenDay(ctx, q, s.clock.Today(set.Zone))
		if err != nil {
			return err
		}
		done, err := ledger.UnapplyCredit(ctx, q, ledger.TakeOff{CustomerID: o.CustomerID, InvoiceID: i.ID, From: from, Cents: o.Amount,
			Fact: "unapply " + o.Nonce, Date: day, At: now})
		if err != nil {
			return asField(err, "amount")
		}
		if done == 0 {
			return nil
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "credit.unapply", CustomerID: o.CustomerID, Object: "invoice " + i.Number,
			After: map[string]string{"amount": done.Plain()}})
	})
}

// asField turns a Conflict about an amount into a refusal of its field.
func asField(err error, field string) error {
	if f, ok := asFault(err); ok && f.Kind == fault.Conflict {
		return fault.Field(field, "%s", f.Message)
	}
	return err
}

// ends looks up the invoice and the payment between which money is moved.
func (s *Service) ends(ctx context.Context, q *db.Queries, customerID int64, invoice, payment string) (db.GetInvoiceForCustomerRow, int64, error) {
	i, err := q.GetInvoiceForCustomer(ctx, db.GetInvoiceForCustomerParams{CustomerID: customerID, Number: invoice})
	if err != nil {
		return i, 0, found(err, "invoice")
	}
	if payment == "" {
		return i, 0, nil
	}
	id, err := q.GetPaymentIDForCustomer(ctx, db.GetPaymentIDForCustomerParams{Reference: payment, CustomerID: customerID})
	if err != nil {
		return i, 0, found(err, "payment")
	}
	return i, id, nil
}

// errPagesOpen gives a transaction up because pages have to be closed first.
var errPagesOpen = errors.New("payment: pages are open at the processor")

// withoutPages runs f in a transaction. Before f changes what is owed on invoices
// it calls free with them: when the processor has pages open on which they could
// be paid, the transaction is given up, the pages are closed, and f runs again. A
// page that turns out to be paid is a Conflict that names the payment.
func (s *Service) withoutPages(ctx context.Context, by audit.Actor, f func(q *db.Queries, free func(invoices ...int64) error) error) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	for range 4 {
		var open []string
		err := s.db.Write(ctx, func(q *db.Queries) error {
			return f(q, func(invoices ...int64) error {
				pages, err := q.ListOpenPages(ctx, invoices)
				if err != nil {
					return fmt.Errorf("payment: %w", err)
				}
				if open = pages; len(pages) > 0 {
					return errPagesOpen
				}
				return nil
			})
		})
		if !errors.Is(err, errPagesOpen) {
			return err
		}
		for _, page := range open {
			p, err := s.closePage(ctx, by, page)
			if err != nil {
				return err
			}
			if st := State(p.State); st.kept() || st == Processing {
				return toldOf(p, "was paid on a page that was open")
			}
		}
	}
	return fault.New(fault.Conflict, "A payment on this invoice is being made right now. Please wait a moment and look again.")
}

// ReturnOrder is a check, or another payment that no processor has, that the bank
// has sent back.
type ReturnOrder struct {
	CustomerID int64
	Payment    string
	Reason     string
	Date       calendar.Date
	Fee        bool // charges the return fee of the settings
	Mail       bool // tells the customer
	Nonce      string
}

// ReturnPayment books that a recorded payment was returned by the bank: all that
// is left of it comes off its invoices, which are open again. Both sides are
// mailed, the customer when asked for. A payment that is returned already is left
// as it is.
//
// Its Invalid faults name the fields reason, date, fee and mail.
func (s *Service) ReturnPayment(ctx context.Context, by audit.Actor, o ReturnOrder) error {
	if !validNonce(o.Nonce) {
		return errOldForm
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	today := s.clock.Today(set.Zone)
	o.Reason = strings.TrimSpace(o.Reason)
	return s.db.Write(ctx, func(q *db.Queries) error {
		p, err := q.GetPaymentByReferenceForCustomer(ctx, db.GetPaymentByReferenceForCustomerParams{Reference: o.Payment, CustomerID: o.CustomerID})
		if err != nil {
			return found(err, "payment")
		}
		if why := CannotReturn(p); why != "" {
			if p.State == string(Returned) && p.Gateway == "" {
				return nil
			}
			return fault.New(fault.Conflict, "%s", why)
		}
		var refused fault.Fields
		checkReason(&refused, o.Reason)
		switch {
		case o.Date.IsZero():
			refused.Add("date", "Enter the day it was returned, like 11/01/2026")
		case o.Date > today:
			refused.Add("date", "This day is still to come")
		case o.Date < p.PaymentDate:
			refused.Add("date", "This is before the payment was made, on %s", p.PaymentDate)
		}
		if !o.Date.IsZero() {
			if err := ledger.CheckOpen(ctx, q, "date", o.Date); err != nil {
				f, ok := asFault(err)
				if !ok {
					return err
				}
				refused.Add(f.Field, "%s", f.Message)
			}
		}
		if o.Fee && ReturnFee(set) == 0 {
			refused.Add("fee", "No return fee is set in the settings")
		}
		to, err := q.GetCustomerMail(ctx, o.CustomerID)
		if err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		if o.Mail && to.Email == "" {
			refused.Add("mail", "There is no e-mail address on file for this customer")
		}
		if err := refused.Err(); err != nil {
			return err
		}
		if today, err = ledger.OpenDay(ctx, q, today); err != nil {
			return err
		}
		a := application{Service: s, q: q, by: by, now: s.clock.Now(), today: today, p: &p}
		return a.returned(ctx, o)
	})
}

// CannotReturn says why a payment cannot be marked as returned by hand; "" when it
// can.
func CannotReturn(p db.Payment) string {
	switch {
	case p.Gateway != "":
		return "The processor tells by itself when a bank returns this payment."
	case p.Kind == string(ledger.CreditMemo) || p.Kind == string(ledger.Cash):
		return "A bank does not return cash or a credit."
	case p.State == string(Returned):
		return "This payment was returned already."
	case p.State != string(Succeeded) && p.State != string(PartiallyRefunded):
		return "Nothing of this payment is left that could be returned."
	}
	return ""
}

// returned books the return of a recorded payment.
func (a *application) returned(ctx context.Context, o ReturnOrder) error {
	p := a.p
	was := p.State
	n, err := a.q.MoveEnteredPayment(ctx, db.MoveEnteredPaymentParams{State: string(Returned), FailureCode: "returned", FailureMessage: o.Reason, ID: p.ID})
	if err != nil {
		return fmt.Errorf("payment: %s: %w", p.Reference, err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "This payment has changed meanwhile. Please look again.")
	}
	p.State, p.FailureCode, p.FailureMessage = string(Returned), "returned", o.Reason
	took, reopened, err := ledger.Reverse(ctx, a.q, ledger.Reversal{PaymentID: p.ID, CustomerID: p.CustomerID, Reason: ledger.Return,
		Fact: "return " + p.Reference, Date: o.Date, At: a.now})
	if err != nil {
		return err
	}
	err = audit.Record(ctx, a.q, a.now, a.by, audit.Entry{Action: "payment.returned", CustomerID: p.CustomerID, Object: "payment " + p.Reference,
		Before: map[string]string{"state": was}, After: map[string]string{"state": p.State, "amount": took.Plain(), "reason": o.Reason, "date": o.Date.ISO()}})
	if err != nil {
		return err
	}
	letter := outbox.PaymentReversed{Title: "Payment returned", Reason: o.Reason,
		Words: fmt.Sprintf("Your bank returned this payment unpaid on %s, so %s of it does not count as paid any more.", o.Date, took)}
	if o.Fee {
		fee, err := a.returnFee(ctx, true)
		if err != nil {
			return err
		}
		letter.Words += fee
	}
	if o.Mail {
		if err := a.tellReversed(ctx, "returned", letter, reopened); err != nil {
			return err
		}
	}
	letter.Words = "The bank returned it: " + o.Reason
	return a.tellTakenBack(ctx, "payment "+p.Reference+" returned", letter, took, reopened)
}
