package payment

import (
	"context"
	"fmt"

	"customerportal/db"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// fee writes down what the processor keeps of the payment, once it is known; a
// fee that changes later is written as the difference, on the day it is told.
func (a *application) fee(ctx context.Context) error {
	if a.out.Fee == nil {
		return nil
	}
	known, err := a.q.SumPaymentFee(ctx, a.p.ID)
	if change := *a.out.Fee - money.Cents(known); err == nil && change != 0 {
		err = a.q.AddPaymentFee(ctx, db.AddPaymentFeeParams{PaymentID: a.p.ID, Cents: change, EntryDate: a.today, At: a.now})
	}
	if err != nil {
		return fmt.Errorf("payment: fee of %s: %w", a.p.Reference, err)
	}
	return nil
}

// closedNote tells the dealer that money of a closed period moved, and on which
// day it counts; it is nothing when the period is open.
func (a *application) closedNote(ctx context.Context) []string {
	locked, err := ledger.LockedUntil(ctx, a.q)
	if err != nil || a.p.PaymentDate > locked {
		return nil // the notice does without this line rather than the fact without its notice
	}
	return []string{fmt.Sprintf("The books are closed up to %s, so this counts on %s.", locked, a.today)}
}
