package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/settings"
)

// ReturnFee is what the dealer charges for a payment that the bank sent back; 0 =
// nothing. What a state allows is the dealer's business.
func ReturnFee(set *settings.Settings) money.Cents {
	fee, err := money.Parse(set.Value("fees.return"))
	if err != nil {
		return 0 // not set
	}
	return fee
}

// returnFee charges the fee for the payment's return as an invoice of its own,
// once: when staff asked for it by hand, or by itself for an eCheck when the
// settings say so. It returns the sentence about it for the customer's mail, ""
// when nothing was charged.
func (a *application) returnFee(ctx context.Context, byHand bool) (string, error) {
	set, err := a.settings.Current(ctx)
	if err != nil {
		return "", err
	}
	p, fee := a.p, ReturnFee(set)
	if fee == 0 || !byHand && (p.Kind != string(ledger.ECheck) || !set.Yes("fees.return_auto")) {
		return "", nil
	}
	_, err = a.q.GetReturnFee(ctx, p.ID)
	if err == nil {
		return "", nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("payment: return fee: %w", err)
	}
	method := ledger.MethodInWords(ledger.Kind(p.Kind), p.TypeLabel, p.Brand, p.NumberLabel)
	id, err := ledger.IssueInvoice(ctx, a.q, a.now, ledger.InvoiceRecord{CustomerID: p.CustomerID, Date: a.today,
		Lines: []ledger.Line{{Description: fmt.Sprintf("Fee for a returned payment: %s of %s, %s", method, p.PaymentDate, p.AmountCents),
			Quantity: money.QuantityScale, UnitPrice: fee}}})
	if err != nil {
		return "", fmt.Errorf("payment: return fee: %w", err)
	}
	if err := a.q.AddReturnFee(ctx, db.AddReturnFeeParams{PaymentID: p.ID, InvoiceID: id, At: a.now}); err != nil {
		return "", fmt.Errorf("payment: return fee: %w", err)
	}
	i, err := a.q.GetInvoiceBalanceForCustomer(ctx, db.GetInvoiceBalanceForCustomerParams{ID: id, CustomerID: p.CustomerID})
	if err != nil {
		return "", fmt.Errorf("payment: return fee: %w", err)
	}
	err = audit.Record(ctx, a.q, a.now, a.by, audit.Entry{Action: "fee.return", CustomerID: p.CustomerID, Object: "invoice " + i.Number,
		After: map[string]string{"amount": fee.Plain(), "payment": p.Reference}})
	if err != nil {
		return "", err
	}
	if p.Source == autoPay {
		// auto pay writes to the customer about the return itself: the fee comes
		// as an invoice does
		if _, err := a.ledger.MailInvoice(ctx, a.q, a.now, id, "issued"); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf(" A fee of %s for the returned payment was charged as invoice %s.", fee, i.Number), nil
}
