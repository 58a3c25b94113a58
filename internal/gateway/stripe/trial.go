package stripe

import (
	"context"
	"errors"
	"slices"

	"customerportal/internal/gateway"

	stripego "github.com/stripe/stripe-go/v86"
)

var _ gateway.Trial = (*Adapter)(nil)

// Account implements [gateway.Trial].
func (a *Adapter) Account(ctx context.Context) (gateway.Account, error) {
	got, err := a.client.V1Accounts.Retrieve(ctx, nil)
	if err != nil {
		return gateway.Account{}, classify("read account", err)
	}
	out := gateway.Account{ID: got.ID, Charges: got.ChargesEnabled}
	if got.Settings != nil && got.Settings.Dashboard != nil {
		out.Name = got.Settings.Dashboard.DisplayName
	}
	if out.Name == "" && got.BusinessProfile != nil {
		out.Name = got.BusinessProfile.Name
	}
	if c := got.Capabilities; c != nil {
		if c.CardPayments == stripego.AccountCapabilityStatusActive {
			out.Kinds = append(out.Kinds, gateway.Card)
		}
		if c.USBankAccountACHPayments == stripego.AccountCapabilityStatusActive {
			out.Kinds = append(out.Kinds, gateway.ECheck)
		}
	}
	return out, nil
}

// testMethods are Stripe's names of its test methods
// (https://docs.stripe.com/testing?testing-method=payment-methods,
// https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment#test-account-numbers).
var testMethods = map[gateway.TestMethod]struct {
	id   string
	kind gateway.Kind
}{
	gateway.TestCard:     {"pm_card_visa", gateway.Card},
	gateway.TestDecliner: {"pm_card_chargeCustomerFail", gateway.Card},
	gateway.TestAccount:  {"pm_usBankAccount_success", gateway.ECheck},
}

// testDeposits verify every test account, in cents (same page).
var testDeposits = []*int64{stripego.Int64(32), stripego.Int64(45)}

// PutOnFile implements [gateway.Trial]: a SetupIntent, confirmed here instead of
// on Stripe's page, as a test method needs nobody to type it.
func (a *Adapter) PutOnFile(ctx context.Context, key, customerID string, m gateway.TestMethod) (gateway.Method, error) {
	const op = "put a test method on file"
	if !a.info.Test {
		return gateway.Method{}, &gateway.Error{Class: gateway.Config, Op: op, Err: errors.New("the keys are live")}
	}
	if err := gateway.Begun(ctx, op); err != nil {
		return gateway.Method{}, err
	}
	test := testMethods[m]
	p := &stripego.SetupIntentCreateParams{
		Customer:           stripego.String(customerID),
		PaymentMethod:      stripego.String(test.id),
		PaymentMethodTypes: []*string{stripego.String(methodTypes[test.kind])},
		Usage:              stripego.String("off_session"),
		Confirm:            stripego.Bool(true),
	}
	if test.kind == gateway.ECheck {
		p.MandateData = &stripego.SetupIntentCreateMandateDataParams{
			CustomerAcceptance: &stripego.SetupIntentCreateMandateDataCustomerAcceptanceParams{
				Type:    stripego.String(string(stripego.MandateCustomerAcceptanceTypeOffline)),
				Offline: &stripego.SetupIntentCreateMandateDataCustomerAcceptanceOfflineParams{},
			},
		}
	}
	p.AddExpand("payment_method")
	p.SetIdempotencyKey(key)
	si, err := a.client.V1SetupIntents.Create(ctx, p)
	if err != nil {
		return gateway.Method{}, classify(op, err)
	}
	if si.NextAction != nil && si.NextAction.VerifyWithMicrodeposits != nil {
		v := &stripego.SetupIntentVerifyMicrodepositsParams{Amounts: testDeposits}
		v.AddExpand("payment_method")
		v.SetIdempotencyKey(key + "-deposits")
		if si, err = a.client.V1SetupIntents.VerifyMicrodeposits(ctx, si.ID, v); err != nil {
			return gateway.Method{}, classify(op, err)
		}
	}
	out := setup(si)
	if out.State != gateway.Succeeded || out.Method == nil {
		return gateway.Method{}, &gateway.Error{Class: gateway.Config, Op: op, Code: string(si.Status), Err: errors.New("the set-up did not succeed")}
	}
	return *out.Method, nil
}

// Endpoints implements [gateway.Trial].
func (a *Adapter) Endpoints(ctx context.Context) ([]gateway.Endpoint, error) {
	p := &stripego.WebhookEndpointListParams{}
	p.Limit = stripego.Int64(100)
	var list []gateway.Endpoint
	for e, err := range a.client.V1WebhookEndpoints.List(ctx, p).All(ctx) {
		if err != nil {
			return nil, classify("list webhook endpoints", err)
		}
		got := gateway.Endpoint{URL: e.URL, On: e.Status == "enabled"}
		if !slices.Contains(e.EnabledEvents, "*") {
			for _, kind := range EventTypes {
				if !slices.Contains(e.EnabledEvents, kind) {
					got.Missing = append(got.Missing, kind)
				}
			}
		}
		list = append(list, got)
	}
	return list, nil
}

// AddEndpoint implements [gateway.Trial].
func (a *Adapter) AddEndpoint(ctx context.Context, key, url string) (string, error) {
	const op = "add a webhook endpoint"
	if err := gateway.Begun(ctx, op); err != nil {
		return "", err
	}
	p := &stripego.WebhookEndpointCreateParams{
		URL: stripego.String(url), EnabledEvents: stripego.StringSlice(EventTypes),
		Description: stripego.String("Customer portal"),
	}
	p.SetIdempotencyKey(key)
	made, err := a.client.V1WebhookEndpoints.Create(ctx, p)
	if err != nil {
		return "", classify(op, err)
	}
	return made.Secret, nil
}
