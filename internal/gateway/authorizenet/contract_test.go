package authorizenet_test

import (
	"encoding/json"
	"testing"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/authorizenet"
	"customerportal/internal/gateway/authorizenet/authorizenettest"
	"customerportal/internal/gateway/gatewaytest"
	"customerportal/internal/money"
)

var start = time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)

func TestContract(t *testing.T) {
	gatewaytest.Run(t, func(t *testing.T) gatewaytest.Processor { return newProcessor(t) })
}

// processor is the fake as the contract suite knows it.
type processor struct {
	*authorizenettest.Fake
	adapter *authorizenet.Adapter
	clock   *calendar.Fake
}

func newProcessor(t testing.TB) processor {
	t.Helper()
	clock := calendar.NewFake(start)
	fake := authorizenettest.New(clock.Now)
	a, err := authorizenet.New(authorizenet.Config{LoginID: authorizenettest.LoginID, TransactionKey: authorizenettest.TransactionKey,
		SignatureKey: authorizenettest.SignatureKey, Transport: fake, Clock: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return processor{fake, a, clock}
}

func (p processor) Adapter() gateway.Adapter { return p.adapter }
func (p processor) Clock() *calendar.Fake    { return p.clock }

func (p processor) Limits() gatewaytest.Limits {
	return gatewaytest.Limits{
		NoKeys: true, NoFees: true, NoAuthentication: true, NoVerification: true, PagesStayOpen: true, SettlesFirst: true,
		FinalDisputes: true, NoExpiry: true, Timeless: true,
		Declines: map[gatewaytest.Method]gateway.Code{gatewaytest.PoorCard: gateway.Declined},
		Webhook:  [2]string{"net.authorize.payment.authcapture.created", "60000000123"},
		Changes: func(card, bank string) []string {
			return []string{"capturedPendingSettlement " + card, "settledSuccessfully " + bank}
		},
	}
}

var cards = map[gatewaytest.Method]string{
	gatewaytest.GoodCard: authorizenettest.GoodCard, gatewaytest.PoorCard: authorizenettest.PoorCard, gatewaytest.LostCard: authorizenettest.LostCard,
	gatewaytest.ExpiredCard: authorizenettest.ExpiredCard, gatewaytest.WrongNumber: "4242424242424241",
}

var accounts = map[gatewaytest.Method]string{
	gatewaytest.GoodBank: authorizenettest.GoodAccount, gatewaytest.PoorBank: "000222222227", gatewaytest.ClosedBank: "000111111113",
}

func (p processor) Attach(customerID string, m gatewaytest.Method) (string, error) {
	kind, number := gateway.Card, cards[m]
	if account, ok := accounts[m]; ok {
		kind, number = gateway.ECheck, account
	}
	id, err := p.Fake.Attach(customerID, kind, number)
	return customerID + "-" + id, err
}

func (p processor) Force(reference, customerID, methodID string, amount money.Cents) (string, error) {
	return p.Fake.Force(reference, customerID, methodID[len(customerID)+1:], amount)
}

func (p processor) Fill(page gateway.Page, m gatewaytest.Method) (string, error) {
	return p.Submit(page, authorizenettest.Entry{Card: cards[m], Account: accounts[m], Save: true})
}

func (p processor) Authenticate(string, bool) (string, error) { panic("there is no 3-D Secure") }
func (p processor) Verify(string, bool) error                 { panic("there are no micro-deposits") }

func (p processor) Expire(gateway.Page) error {
	p.clock.Advance(20 * time.Minute)
	return nil
}

func (p processor) Settle(id string) error  { return p.Fake.Settle(id) }
func (p processor) Dispute(id string) error { return p.Chargeback(id, false) }
func (p processor) EndDispute(id string, won bool) error {
	if !won {
		return nil
	}
	return p.Chargeback(id, true)
}

func (p processor) Break(f gatewaytest.Fault) func() {
	effect := map[gatewaytest.Fault]authorizenettest.Effect{
		gatewaytest.Refused: authorizenettest.Refuse, gatewaytest.CutBefore: authorizenettest.CutBefore, gatewaytest.CutAfter: authorizenettest.CutAfter,
		gatewaytest.CutMid: authorizenettest.CutMid, gatewaytest.ErrorBefore: authorizenettest.ErrorBefore, gatewaytest.ErrorAfter: authorizenettest.ErrorAfter,
		gatewaytest.TooMany: authorizenettest.RateLimit, gatewaytest.HTMLError: authorizenettest.BadGateway, gatewaytest.TimeOut: authorizenettest.Slow,
	}[f]
	release := make(chan struct{})
	p.Order(authorizenettest.Fault{Method: "createTransactionRequest", Effect: effect, Release: release})
	return func() { close(release); p.Wait() }
}

func (p processor) SignedWebhook(eventID, kind, objectID string) ([]byte, string, string) {
	body, err := json.Marshal(map[string]any{
		"notificationId": eventID, "eventType": kind, "eventDate": "2026-11-22T09:00:00.1234567Z", "webhookId": "3e29069e-a518-4f48-afd1-0a09b53d1f45",
		"payload": map[string]any{"responseCode": 1, "authAmount": 1.00, "entityName": "transaction", "id": objectID},
	})
	if err != nil {
		panic(err)
	}
	return body, "X-ANET-Signature", authorizenet.SignWebhook(body, authorizenettest.SignatureKey)
}
