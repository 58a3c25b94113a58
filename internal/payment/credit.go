package payment

import (
	"context"
	"fmt"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// UseCredit puts the credit the dealer holds for the customer towards the Yes
// rows of a choice, the oldest due date first, as far as it goes, and returns
// how much was applied. No processor is involved: it is one transaction of
// ledger rows. The same form twice applies it once and returns 0.
func (s *Service) UseCredit(ctx context.Context, by audit.Actor, customerID int64, o Order) (money.Cents, error) {
	if !validNonce(o.Nonce) {
		return 0, fault.New(fault.Conflict, "This form is too old. Please check the amounts and try again.")
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return 0, err
	}
	now := s.clock.Now()
	var applied money.Cents
	err = s.withoutPages(ctx, by, func(q *db.Queries, free func(invoices ...int64) error) error {
		applied = 0
		list, err := rows(ctx, q, set, customerID, o.Choice)
		if err != nil {
			return err
		}
		used, err := q.CountCreditUses(ctx, db.CountCreditUsesParams{CustomerID: customerID, Prefix: creditFact(o.Nonce) + " "})
		if err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		if used > 0 {
			return nil
		}
		held, err := ledger.Unapplied(ctx, q, customerID)
		if err != nil {
			return err
		}
		var refused fault.Fields
		for _, r := range list {
			if r.Error != "" {
				refused.Add(AmountField(r.Number), "Invoice %s: %s", r.Number, lowerFirst(r.Error))
			}
		}
		if err := refused.Err(); err != nil {
			return err
		}
		var invoices []int64
		for _, r := range list {
			if r.Yes {
				invoices = append(invoices, r.ID)
			}
		}
		if err := free(invoices...); err != nil {
			return err
		}
		for _, r := range list {
			part := min(r.Amount, held-applied)
			if !r.Yes || part <= 0 {
				continue
			}
			err := ledger.ApplyCredit(ctx, q, ledger.CreditUse{CustomerID: customerID, InvoiceID: r.ID, Cents: part,
				Fact: fmt.Sprintf("%s %d", creditFact(o.Nonce), r.ID), Date: s.clock.Today(set.Zone), At: now})
			if err != nil {
				return err
			}
			applied += part
			err = audit.Record(ctx, q, now, by, audit.Entry{Action: "credit.apply", CustomerID: customerID, Object: "invoice " + r.Number,
				After: map[string]string{"amount": part.Plain()}})
			if err != nil {
				return err
			}
		}
		if applied == 0 {
			return fault.Field("pay", "Choose at least one invoice: press No beside it so that it says Yes.")
		}
		return nil
	})
	return applied, err
}

func creditFact(nonce string) string { return "apply " + nonce }
