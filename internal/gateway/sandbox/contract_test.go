package sandbox_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/gatewaytest"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/gateway/stripe"
	"customerportal/internal/money"
)

var start = time.Date(2026, time.November, 22, 9, 0, 0, 0, time.UTC)

func TestContract(t *testing.T) {
	gatewaytest.Run(t, func(t *testing.T) gatewaytest.Processor {
		clock := calendar.NewFake(start)
		return processor{open(t, sandbox.Config{Clock: clock.Now}), clock}
	})
}

// open opens a sandbox and closes it with the test.
func open(t *testing.T, c sandbox.Config) *sandbox.Sandbox {
	t.Helper()
	if c.BaseURL == "" {
		c.BaseURL = "https://portal.example.com/sandbox"
	}
	c.Business = "Granite Alarm"
	s, err := sandbox.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// processor is the sandbox as the contract suite knows it.
type processor struct {
	*sandbox.Sandbox
	clock *calendar.Fake
}

func (p processor) Adapter() gateway.Adapter { return p.Sandbox }
func (p processor) Clock() *calendar.Fake    { return p.clock }

func (p processor) Limits() gatewaytest.Limits { return gatewaytest.Limits{} }

func (p processor) Attach(customerID string, m gatewaytest.Method) (string, error) {
	return p.Sandbox.Attach(customerID, map[gatewaytest.Method]string{
		gatewaytest.GoodCard:    "pm_card_visa",
		gatewaytest.PoorCard:    "pm_card_chargeDeclinedInsufficientFunds",
		gatewaytest.LostCard:    "pm_card_visa_chargeDeclinedLostCard",
		gatewaytest.ExpiredCard: "pm_card_chargeDeclinedExpiredCard",
		gatewaytest.CheckedCard: "pm_card_authenticationRequired",
		gatewaytest.GoodBank:    "pm_usBankAccount",
		gatewaytest.PoorBank:    "pm_usBankAccount_insufficientFunds",
		gatewaytest.ClosedBank:  "pm_usBankAccount_accountClosed",
	}[m])
}

var numbers = map[gatewaytest.Method]string{
	gatewaytest.GoodCard:    "4242 4242 4242 4242",
	gatewaytest.PoorCard:    "4000000000009995",
	gatewaytest.CheckedCard: "4000002760003184",
	gatewaytest.WrongNumber: "4242424242424241",
}

func (p processor) Fill(page gateway.Page, m gatewaytest.Method) (string, error) {
	e := sandbox.Entry{Name: "Zoë O'Brien", Number: numbers[m], Expiry: "12 / 30", CVC: "123", Zip: "62701"}
	switch m {
	case gatewaytest.GoodBank:
		e = sandbox.Entry{Name: "Zoë O'Brien", Routing: "110000000", Account: "000123456789"}
	case gatewaytest.ProvedBank:
		e = sandbox.Entry{Name: "Zoë O'Brien", Routing: "110000000", Account: "000123456789", Deposits: true}
	case gatewaytest.TypedNonsense:
		e = sandbox.Entry{}
	}
	location, problems, err := p.Submit(page.ID, e)
	if location == "" && err == nil && len(problems) == 0 {
		return "", errors.New("the page says nothing")
	}
	return location, err
}

func (p processor) Verify(address string, right bool) error {
	second := "44"
	if right {
		second = "0.32"
	}
	_, err := p.Sandbox.Verify(address, "45", second)
	return err
}

func (p processor) Expire(page gateway.Page) error { return p.Sandbox.Expire(page.ID) }

func (p processor) Break(f gatewaytest.Fault) func() {
	effect := map[gatewaytest.Fault]sandbox.Effect{
		gatewaytest.Refused: sandbox.Refuse, gatewaytest.CutBefore: sandbox.CutBefore, gatewaytest.CutAfter: sandbox.CutAfter,
		gatewaytest.CutMid: sandbox.CutMidAnswer, gatewaytest.ErrorBefore: sandbox.ErrorBefore, gatewaytest.ErrorAfter: sandbox.ErrorAfter,
		gatewaytest.TooMany: sandbox.RateLimit, gatewaytest.HTMLError: sandbox.BadGateway, gatewaytest.TimeOut: sandbox.Slow,
	}[f]
	release := make(chan struct{})
	p.Order(sandbox.Fault{Op: sandbox.OpCharge, Effect: effect, Release: release})
	return func() { close(release); p.Wait() }
}

func (p processor) SignedWebhook(eventID, kind, objectID string) ([]byte, string, string) {
	body, err := json.Marshal(map[string]any{
		"id": eventID, "object": "event", "type": kind, "api_version": "2019-02-19",
		"data": map[string]any{"object": map[string]any{"id": objectID, "amount": 1}},
	})
	if err != nil {
		panic(err)
	}
	return body, "Stripe-Signature", stripe.SignWebhook(body, p.WebhookSecret(), p.clock.Now())
}

func (p processor) Taken(reference string) (money.Cents, int) { return p.Sandbox.Taken(reference) }
