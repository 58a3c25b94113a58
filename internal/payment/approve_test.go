package payment_test

import (
	"testing"
	"time"

	"customerportal/internal/money"
	"customerportal/internal/payment"
)

// What needs a second person as a whole needs one in parts, too.
func TestPartsDoNotEscapeTheSecondPerson(t *testing.T) {
	b := open(t)
	olive, bill := b.clerk("olive@acme.test", "owner"), b.clerk("bill@acme.test", "billing")
	b.set("approvals.above", "20.00")

	b.invoice("10001", 9000)
	paid := b.submit(order("card", b.method("pm_card_visa"), map[string]string{"10001": ""}))
	refund := func(cents money.Cents) payment.Done { return b.refund(bill, b.back(paid.Reference, cents)) }
	if done := refund(1500); done.Asked != 0 {
		t.Errorf("$15.00: %+v", done)
	}
	over := refund(501)
	if over.Asked == 0 {
		t.Error("$15.00 and $5.01 went through without a second person")
	}
	if done := refund(500); done.Asked != 0 {
		t.Errorf("$15.00 and $5.00 are no more than the limit: %+v", done)
	}
	_, err := b.pay.Approve(t.Context(), olive, over.Asked)
	b.ok(err)

	credit := func(cents money.Cents) payment.Done {
		t.Helper()
		done, err := b.pay.GiveCredit(t.Context(), bill, payment.CreditOrder{CustomerID: b.customer, Amount: cents, Reason: "kindness", Nonce: payment.NewNonce()})
		b.ok(err)
		return done
	}
	if done := credit(2000); done.Asked != 0 {
		t.Errorf("$20.00: %+v", done)
	}
	if done := credit(1); done.Asked == 0 {
		t.Error("$20.00 and a cent went through without a second person")
	} else if _, err := b.pay.Approve(t.Context(), olive, done.Asked); err != nil {
		t.Error(err)
	}
	b.clock.Advance(24*time.Hour + time.Minute)
	if done := credit(2000); done.Asked != 0 {
		t.Errorf("the day after: %+v", done)
	}
	b.sound()
}
