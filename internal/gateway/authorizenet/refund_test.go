package authorizenet_test

import (
	"fmt"
	"testing"
	"time"

	"customerportal/internal/gateway"
	"customerportal/internal/gateway/authorizenet/authorizenettest"
)

// paid is an account with one customer and a charge on his card.
func paid(t *testing.T, reference string) (processor, string, gateway.Outcome) {
	t.Helper()
	p := newProcessor(t)
	customer, err := p.adapter.SaveCustomer(t.Context(), "", "", gateway.Customer{Reference: "10042", Name: "Zoë", Email: "zoe@example.com"})
	must(t, err)
	return p, customer, p.charge(t, customer, reference, 10_00)
}

func (p processor) charge(t *testing.T, customer, reference string, amount int64) gateway.Outcome {
	t.Helper()
	profile, err := p.Fake.Attach(customer, gateway.Card, authorizenettest.GoodCard)
	must(t, err)
	o, err := p.adapter.Charge(t.Context(), "", gateway.Charge{Reference: reference, CustomerID: customer, MethodID: customer + "-" + profile, Kind: gateway.Card, Amount: 10_00})
	must(t, err)
	if o.State != gateway.Succeeded || int64(o.Amount) != amount {
		t.Fatalf("charge: %+v", o)
	}
	return o
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Before the daily cut-off all of a payment is voided; a part has to wait.
func TestARefundBeforeSettlementIsAVoid(t *testing.T) {
	p, _, o := paid(t, "PAY-1")
	part, err := p.adapter.Refund(t.Context(), "", gateway.Refund{Reference: "REF-1", PaymentID: o.PaymentID, Amount: 4_00})
	must(t, err)
	if part.State != gateway.RefundFailed || part.Failure.Code != gateway.NotRefundable || part.Failure.Message == gateway.NewFailure(gateway.Card, gateway.NotRefundable, "").Message {
		t.Errorf("a part before settlement: %+v, %+v", part, part.Failure)
	}
	p.Order(authorizenettest.Fault{Method: "createTransactionRequest", Effect: authorizenettest.CutAfter})
	whole := gateway.Refund{Reference: "REF-2", PaymentID: o.PaymentID, Amount: 10_00}
	if _, err := p.adapter.Refund(t.Context(), "", whole); err == nil || gateway.ClassOf(err) != gateway.Unknown {
		t.Fatalf("a void whose answer is lost: %v", err)
	}
	again, err := p.adapter.Refund(t.Context(), "", whole)
	must(t, err)
	if again.State != gateway.RefundSucceeded || again.Amount != 10_00 || again.Reference != "REF-2" || again.ID == "" {
		t.Errorf("found again: %+v", again)
	}
	got, err := p.adapter.Lookup(t.Context(), again.ID)
	must(t, err)
	if got.PaymentID != o.PaymentID || got.State != gateway.Succeeded || got.Refunded != 10_00 {
		t.Errorf("after the void: %+v", got)
	}
	list, err := p.adapter.Refunds(t.Context(), o.PaymentID)
	must(t, err)
	if len(list) != 1 || !list[0].Void || list[0].ID != again.ID {
		t.Errorf("refunds: %+v", list)
	}
	if n := p.Requests("createTransactionRequest"); n != 2 {
		t.Errorf("%d transactions were asked for; want the charge and the void", n)
	}
}

// A refund whose answer was lost is found by its reference, and while it is not
// found it is not sent again.
func TestARefundIsMadeOnce(t *testing.T) {
	for effect, made := range map[authorizenettest.Effect]bool{
		authorizenettest.CutAfter: true, authorizenettest.CutMid: true, authorizenettest.ErrorAfter: true, authorizenettest.Busy: true,
		authorizenettest.CutBefore: false, authorizenettest.ErrorBefore: false, authorizenettest.BadGateway: false,
	} {
		t.Run(string(effect), func(t *testing.T) {
			p, _, o := paid(t, "PAY-1")
			p.clock.Advance(20 * time.Hour)
			p.SettleAll()
			p.Order(authorizenettest.Fault{Method: "createTransactionRequest", Effect: effect})
			order := gateway.Refund{Reference: "REF-1", PaymentID: o.PaymentID, Amount: 4_00}
			if _, err := p.adapter.Refund(t.Context(), "", order); err == nil || gateway.ClassOf(err) != gateway.Unknown {
				t.Fatalf("error %v", err)
			}
			again, err := p.adapter.Refund(t.Context(), "", order)
			if !made {
				if err == nil || gateway.ClassOf(err) != gateway.Unknown {
					t.Fatalf("sent again while the first may still arrive: %+v, %v", again, err)
				}
				p.clock.Advance(gateway.InFlight)
				again, err = p.adapter.Refund(t.Context(), "", order)
			}
			must(t, err)
			if again.State != gateway.RefundPending || again.Reference != "REF-1" || again.Amount != 4_00 {
				t.Errorf("%+v", again)
			}
			order.Amount = 5_00
			if _, err := p.adapter.Refund(t.Context(), "", order); err == nil || gateway.ClassOf(err) != gateway.Unknown {
				t.Errorf("the reference with another amount: %v", err)
			}
			p.clock.Advance(20 * time.Hour)
			p.SettleAll()
			list, err := p.adapter.Refunds(t.Context(), o.PaymentID)
			must(t, err)
			if len(list) != 1 || list[0].State != gateway.RefundSucceeded || list[0].ID != again.ID {
				t.Errorf("refunds %+v", list)
			}
		})
	}
}

// When a batch has settled, its payments are looked up one by one; the lists of
// refunds are read once for all of them, and anew after a refund.
func TestManyLookupsReadTheRefundsOnce(t *testing.T) {
	p, customer, first := paid(t, "PAY-0")
	all := []gateway.Outcome{first}
	for i := range 20 {
		all = append(all, p.charge(t, customer, fmt.Sprintf("PAY-%d", i+1), 10_00))
	}
	p.clock.Advance(20 * time.Hour)
	p.SettleAll()
	before := p.Requests("getSettledBatchListRequest")
	for _, o := range all {
		_, err := p.adapter.Lookup(t.Context(), o.PaymentID)
		must(t, err)
	}
	if n := p.Requests("getSettledBatchListRequest") - before; n > 1 {
		t.Errorf("the batches were listed %d times for %d payments", n, len(all))
	}
	made, err := p.adapter.Refund(t.Context(), "", gateway.Refund{Reference: "REF-1", PaymentID: all[3].PaymentID, Amount: 4_00})
	must(t, err)
	for _, id := range []string{all[3].PaymentID, made.ID} {
		if o, err := p.adapter.Lookup(t.Context(), id); err != nil || o.Refunded != 4_00 {
			t.Errorf("after the refund, by %s: %+v, %v", id, o, err)
		}
	}
}

// A settled batch is read once: the cursor remembers it as long as a late one may
// still turn up beside it.
func TestChangesReadABatchOnce(t *testing.T) {
	p, customer, first := paid(t, "PAY-1")
	_, cursor, _, err := p.adapter.Changes(t.Context(), "")
	must(t, err)
	seen := map[string]int{}
	for i := range 12 {
		p.clock.Advance(6 * time.Hour)
		if i%4 == 0 {
			p.SettleAll()
			p.charge(t, customer, fmt.Sprintf("PAY-%d", i+2), 10_00)
		}
		more := true
		for more {
			var events []gateway.Event
			events, cursor, more, err = p.adapter.Changes(t.Context(), cursor)
			must(t, err)
			for _, e := range events {
				if e.Type == "settledSuccessfully" {
					seen[e.ObjectID]++
				}
			}
		}
	}
	if len(seen) != 3 || seen[first.PaymentID] != 1 {
		t.Errorf("settled: %v", seen)
	}
	if n := p.Requests("getTransactionListRequest"); n != 3 {
		t.Errorf("3 batches were read %d times", n)
	}
	if e, _, _, err := p.adapter.Changes(t.Context(), ""); err != nil || len(e) != 0 {
		t.Errorf("the first stretch of an empty cursor: %v, %v", e, err)
	}
}
