// Package stripe is the gateway adapter for Stripe: cards and US bank accounts,
// entered on Stripe's own Checkout pages so that no number ever reaches us.
//
// Why look-ups list and never search: Stripe says that its search API must not
// be used to read what was just written and may lag by a minute or, in an
// outage, an hour, and that the list APIs are not subject to that delay
// (https://docs.stripe.com/search, "Data freshness"). So Find lists the
// customer's own payments and pages since the attempt was made and compares our
// reference, which is kept in the metadata of both and is never shortened.
//
// A cut answer can therefore be settled in two ways. Within the life of the key
// the same call may be sent again: Stripe stores the status and body of the first
// request under its key, errors of its own included, and replays them for at
// least 24 hours (https://docs.stripe.com/api/idempotent_requests); while the
// first is still running it answers 409. A replayed 500 stays a 500, so it is
// settled by Find.
package stripe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/money"

	stripego "github.com/stripe/stripe-go/v86"
)

// Config is one Stripe account.
type Config struct {
	// SecretKey is the account's secret or restricted key: sk_live_, sk_test_,
	// rk_live_ or rk_test_.
	SecretKey string
	// WebhookSecret is the endpoint's signing secret (whsec_). Without one every
	// webhook is refused.
	WebhookSecret string
	// Kinds are the methods enabled in the account; nil means card and eCheck.
	Kinds []gateway.Kind
	// Transport carries the requests; nil means [http.DefaultTransport].
	Transport http.RoundTripper
	// Timeout bounds one call, answer included; zero means 30 seconds.
	Timeout time.Duration
	// Clock dates the window of Changes and the age of webhooks.
	Clock calendar.Clock
	// BaseURL is "" for Stripe itself.
	BaseURL string
}

// Adapter is a [gateway.Adapter] on Stripe's API.
type Adapter struct {
	client        *stripego.Client
	webhookSecret string
	clock         calendar.Clock
	info          gateway.Info
}

var _ gateway.Adapter = (*Adapter)(nil)

// pageOrigins are where Checkout, 3-D Secure and the verification of bank
// accounts take place; each may be the next address after a form of ours.
var pageOrigins = []string{"https://checkout.stripe.com", "https://hooks.stripe.com", "https://payments.stripe.com"}

// PageOrigins are the origins of every adapter's Info, for a policy that is made
// before any key is known.
func PageOrigins() []string { return slices.Clone(pageOrigins) }

// New returns an adapter, or an error that says in plain words what is wrong
// with the keys. It makes no request.
func New(c Config) (*Adapter, error) {
	prefix, rest, ok := cutKey(c.SecretKey)
	if !ok || rest == "" {
		return nil, errors.New("the Stripe secret key must begin with sk_live_, sk_test_, rk_live_ or rk_test_")
	}
	if c.WebhookSecret != "" && !strings.HasPrefix(c.WebhookSecret, "whsec_") {
		return nil, errors.New("the Stripe webhook secret must begin with whsec_")
	}
	if c.Clock == nil {
		return nil, errors.New("stripe: no clock")
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Kinds == nil {
		c.Kinds = []gateway.Kind{gateway.Card, gateway.ECheck}
	}
	backend := &stripego.BackendConfig{
		HTTPClient: &http.Client{
			Transport:     c.Transport,
			Timeout:       c.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		// What to send again, and when, is the engine's to decide.
		MaxNetworkRetries: stripego.Int64(0),
		EnableTelemetry:   stripego.Bool(false),
		// Errors are returned, classed and logged once, by the caller.
		LeveledLogger: &stripego.LeveledLogger{Level: stripego.LevelNull},
	}
	if c.BaseURL != "" {
		backend.URL = stripego.String(c.BaseURL)
	}
	return &Adapter{
		client:        stripego.NewClient(c.SecretKey, stripego.WithBackends(stripego.NewBackendsWithConfig(backend))),
		webhookSecret: c.WebhookSecret,
		clock:         c.Clock,
		info: gateway.Info{
			Name:        "stripe",
			Test:        strings.HasSuffix(prefix, "_test_"),
			PageOrigins: slices.Clone(pageOrigins),
			Kinds:       slices.Clone(c.Kinds),
			Min:         50,        // https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
			Max:         999999_99, // eight digits, same page
		},
	}, nil
}

func cutKey(key string) (prefix, rest string, ok bool) {
	for _, p := range []string{"sk_live_", "sk_test_", "rk_live_", "rk_test_"} {
		if rest, ok = strings.CutPrefix(key, p); ok {
			return p, rest, !strings.ContainsFunc(rest, func(r rune) bool { return r <= ' ' || r > '~' })
		}
	}
	return "", "", false
}

// Info implements [gateway.Adapter].
func (a *Adapter) Info() gateway.Info { return a.info }

// Keys of the metadata that every payment, page and refund of ours carries.
const (
	metaReference = "reference"
	metaPage      = "page" // "checkout" on payments made on a hosted page
)

var methodTypes = map[gateway.Kind]string{gateway.Card: "card", gateway.ECheck: "us_bank_account"}

// SaveCustomer implements [gateway.Adapter]. What Stripe would refuse of a
// dealer's grown books - a phone field with three numbers in it, "none" for an
// e-mail address - is left out: a customer must be able to pay all the same.
func (a *Adapter) SaveCustomer(ctx context.Context, key, id string, c gateway.Customer) (string, error) {
	const op = "save customer"
	if err := gateway.Begun(ctx, op); err != nil {
		return "", err
	}
	if len(c.Email) > maxEmail {
		c.Email = ""
	}
	if len(c.Phone) > maxPhone {
		c.Phone = ""
	}
	saved, err := a.saveCustomer(ctx, key, id, c)
	if e, ok := errors.AsType[*stripego.Error](err); ok && e.Code == stripego.ErrorCodeEmailInvalid {
		c.Email = ""
		saved, err = a.saveCustomer(ctx, key+"-without-email", id, c)
	}
	if err != nil {
		return "", classify(op, err)
	}
	if saved.Deleted {
		return "", fmt.Errorf("%s: %w", op, gateway.ErrNotFound)
	}
	return saved.ID, nil
}

func (a *Adapter) saveCustomer(ctx context.Context, key, id string, c gateway.Customer) (*stripego.Customer, error) {
	address := &stripego.AddressParams{
		Line1: stripego.String(c.Line1), Line2: stripego.String(c.Line2), City: stripego.String(c.City),
		State: stripego.String(c.State), PostalCode: stripego.String(c.Zip), Country: stripego.String("US"),
	}
	if c.Line1+c.City+c.Zip == "" {
		address = nil
	}
	name, metadata := fit(c.Name, maxName), map[string]string{metaReference: c.Reference}
	if id == "" {
		p := &stripego.CustomerCreateParams{
			Name: filled(name), Email: filled(c.Email), Phone: filled(c.Phone), Address: address, Metadata: metadata,
		}
		p.SetIdempotencyKey(key)
		return a.client.V1Customers.Create(ctx, p)
	}
	// An empty value clears what Stripe has.
	p := &stripego.CustomerUpdateParams{
		Name: &name, Email: stripego.String(c.Email), Phone: stripego.String(c.Phone), Address: address, Metadata: metadata,
	}
	p.SetIdempotencyKey(key)
	return a.client.V1Customers.Update(ctx, id, p)
}

// Lengths that Stripe's published API bounds, in characters. The name of a line
// on the page has no published bound and is kept short for phones.
const (
	maxName        = 256
	maxEmail       = 512
	maxPhone       = 20
	maxDescription = 1000
	maxItem        = 250
)

// fit cuts a text to n characters.
func fit(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// OpenPaymentPage implements [gateway.Adapter].
func (a *Adapter) OpenPaymentPage(ctx context.Context, key string, p gateway.PaymentPage) (gateway.Page, error) {
	meta := map[string]string{metaReference: p.Reference, metaPage: "checkout"}
	params := &stripego.CheckoutSessionCreateParams{
		Mode:               stripego.String("payment"),
		Customer:           filled(p.CustomerID),
		ClientReferenceID:  stripego.String(p.Reference),
		Metadata:           meta,
		PaymentMethodTypes: []*string{stripego.String(methodTypes[p.Kind])},
		LineItems: []*stripego.CheckoutSessionCreateLineItemParams{{
			Quantity: stripego.Int64(1),
			PriceData: &stripego.CheckoutSessionCreateLineItemPriceDataParams{
				Currency:    stripego.String("usd"),
				UnitAmount:  stripego.Int64(int64(p.Amount)),
				ProductData: &stripego.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: stripego.String(fit(cmp.Or(p.Description, "Payment"), maxItem))},
			},
		}},
		PaymentIntentData: &stripego.CheckoutSessionCreatePaymentIntentDataParams{
			Description: filled(fit(p.Description, maxDescription)),
			Metadata:    meta,
		},
		SubmitType: stripego.String("pay"),
		SuccessURL: stripego.String(p.SuccessURL),
		CancelURL:  stripego.String(p.CancelURL),
		ExpiresAt:  stripego.Int64(p.ExpiresAt.Time().Unix()),
	}
	if p.KeepOnFile {
		// off_session: the authorisation the customer gives on the page also
		// covers auto pay, should he consent to it on our side.
		params.PaymentIntentData.SetupFutureUsage = stripego.String("off_session")
	}
	return a.openPage(ctx, "open payment page", key, params)
}

// OpenSetupPage implements [gateway.Adapter].
func (a *Adapter) OpenSetupPage(ctx context.Context, key string, p gateway.SetupPage) (gateway.Page, error) {
	meta := map[string]string{metaReference: p.Reference, metaPage: "checkout"}
	return a.openPage(ctx, "open set-up page", key, &stripego.CheckoutSessionCreateParams{
		Mode:               stripego.String("setup"),
		Customer:           stripego.String(p.CustomerID),
		ClientReferenceID:  stripego.String(p.Reference),
		Metadata:           meta,
		PaymentMethodTypes: []*string{stripego.String(methodTypes[p.Kind])},
		SetupIntentData:    &stripego.CheckoutSessionCreateSetupIntentDataParams{Metadata: meta},
		SuccessURL:         stripego.String(p.SuccessURL),
		CancelURL:          stripego.String(p.CancelURL),
		ExpiresAt:          stripego.Int64(p.ExpiresAt.Time().Unix()),
	})
}

func (a *Adapter) openPage(ctx context.Context, op, key string, p *stripego.CheckoutSessionCreateParams) (gateway.Page, error) {
	if err := gateway.Begun(ctx, op); err != nil {
		return gateway.Page{}, err
	}
	p.SetIdempotencyKey(key)
	s, err := a.client.V1CheckoutSessions.Create(ctx, p)
	if err != nil {
		return gateway.Page{}, classify(op, err)
	}
	return gateway.Page{ID: s.ID, URL: s.URL}, nil
}

// Charge implements [gateway.Adapter].
func (a *Adapter) Charge(ctx context.Context, key string, c gateway.Charge) (gateway.Outcome, error) {
	const op = "charge"
	if err := gateway.Begun(ctx, op); err != nil {
		return gateway.Outcome{}, err
	}
	p := &stripego.PaymentIntentCreateParams{
		Amount:             stripego.Int64(int64(c.Amount)),
		Currency:           stripego.String("usd"),
		Customer:           stripego.String(c.CustomerID),
		PaymentMethod:      stripego.String(c.MethodID),
		PaymentMethodTypes: []*string{stripego.String(methodTypes[c.Kind])},
		Confirm:            stripego.Bool(true),
		Description:        filled(fit(c.Description, maxDescription)),
		Metadata:           map[string]string{metaReference: c.Reference},
	}
	if c.OffSession {
		p.OffSession = stripego.Bool(true)
	} else {
		p.ReturnURL = filled(c.ReturnURL)
	}
	for _, e := range paymentExpand {
		p.AddExpand(e)
	}
	p.SetIdempotencyKey(key)
	pi, err := a.client.V1PaymentIntents.Create(ctx, p)
	if err == nil {
		return a.payment(ctx, pi)
	}
	return a.declined(ctx, op, c, err)
}

// declined turns the errors that Stripe uses to tell of a decline into an
// outcome, and leaves all others to classify.
func (a *Adapter) declined(ctx context.Context, op string, c gateway.Charge, err error) (gateway.Outcome, error) {
	e, ok := errors.AsType[*stripego.Error](err)
	if !ok || (e.HTTPStatusCode != http.StatusBadRequest && e.HTTPStatusCode != http.StatusPaymentRequired && e.HTTPStatusCode != http.StatusNotFound) {
		return gateway.Outcome{}, classify(op, err)
	}
	out := gateway.Outcome{
		State: gateway.Failed, Reference: c.Reference, CustomerID: c.CustomerID, Amount: c.Amount,
		Method: method(e.PaymentMethod),
	}
	if e.PaymentIntent != nil {
		out.PaymentID, out.Created = e.PaymentIntent.ID, seconds(e.PaymentIntent.Created)
		out.ChargeID = e.ChargeID
	}
	switch code, known := declineCode(string(e.DeclineCode), string(e.Code)); {
	case e.Type == stripego.ErrorTypeCard, known:
		out.Failure = gateway.NewFailure(c.Kind, code, rawCode(e))
		return out, nil
	case e.Code == stripego.ErrorCodeAmountTooSmall, e.Code == stripego.ErrorCodeAmountTooLarge:
		out.Failure = gateway.NewFailure(c.Kind, gateway.AmountNotAccepted, string(e.Code))
		return out, nil
	case e.Type == stripego.ErrorTypeInvalidRequest && a.gone(ctx, c):
		out.Failure = gateway.NewFailure(c.Kind, gateway.MethodGone, rawCode(e))
		return out, nil
	}
	return gateway.Outcome{}, classify(op, err)
}

// gone reports whether the method is no longer the customer's. Stripe has
// several messages for it, and no code they have in common, so the method itself
// is asked for.
func (a *Adapter) gone(ctx context.Context, c gateway.Charge) bool {
	pm, err := a.client.V1PaymentMethods.Retrieve(ctx, c.MethodID, nil)
	if err != nil {
		return missing(err)
	}
	return pm.Customer == nil || pm.Customer.ID != c.CustomerID
}

// Cancel implements [gateway.Adapter].
func (a *Adapter) Cancel(ctx context.Context, key, id string) (gateway.Outcome, error) {
	const op = "cancel"
	if err := gateway.Begun(ctx, op); err != nil {
		return gateway.Outcome{}, err
	}
	if strings.HasPrefix(id, "cs_") {
		return a.expire(ctx, key, id)
	}
	p := &stripego.PaymentIntentCancelParams{CancellationReason: stripego.String("abandoned")}
	p.SetIdempotencyKey(key)
	if _, err := a.client.V1PaymentIntents.Cancel(ctx, id, p); err != nil && !refused(err) {
		return gateway.Outcome{}, classify(op, err)
	}
	out, err := a.Lookup(ctx, id)
	if err == nil && out.PageID != "" && !out.State.Final() {
		// A payment made by Checkout is canceled by closing its page.
		return a.expire(ctx, key+"-page", out.PageID)
	}
	return out, err
}

func (a *Adapter) expire(ctx context.Context, key, id string) (gateway.Outcome, error) {
	const op = "cancel page"
	p := &stripego.CheckoutSessionExpireParams{}
	p.SetIdempotencyKey(key)
	if _, err := a.client.V1CheckoutSessions.Expire(ctx, id, p); err != nil && !refused(err) {
		return gateway.Outcome{}, classify(op, err)
	}
	s, err := a.session(ctx, id)
	if err != nil {
		return gateway.Outcome{}, classify(op, err)
	}
	if s.Mode == stripego.CheckoutSessionModeSetup {
		setup := setupOfSession(s)
		return gateway.Outcome{State: setup.State, Reference: setup.Reference, PageID: setup.PageID}, nil
	}
	return a.page(ctx, s)
}

// Refund implements [gateway.Adapter].
func (a *Adapter) Refund(ctx context.Context, key string, r gateway.Refund) (gateway.RefundOutcome, error) {
	const op = "refund"
	if err := gateway.Begun(ctx, op); err != nil {
		return gateway.RefundOutcome{}, err
	}
	p := &stripego.RefundCreateParams{
		PaymentIntent: stripego.String(r.PaymentID),
		Amount:        stripego.Int64(int64(r.Amount)),
		Metadata:      map[string]string{metaReference: r.Reference},
	}
	p.SetIdempotencyKey(key)
	made, err := a.client.V1Refunds.Create(ctx, p)
	if err == nil {
		return refund(made), nil
	}
	if missing(err) {
		return gateway.RefundOutcome{}, fmt.Errorf("%s: %w", op, gateway.ErrNotFound)
	}
	e, ok := errors.AsType[*stripego.Error](err)
	if ok && slices.Contains(refundRefusals, e.Code) || ok && e.Type == stripego.ErrorTypeInvalidRequest && e.Param == "amount" {
		return gateway.RefundOutcome{
			Reference: r.Reference, PaymentID: r.PaymentID, Amount: r.Amount, State: gateway.RefundFailed,
			Failure: gateway.NewFailure(gateway.Card, gateway.NotRefundable, rawCode(e)),
		}, nil
	}
	return gateway.RefundOutcome{}, classify(op, err)
}

// refundRefusals are the codes that mean "this cannot be sent back", as opposed
// to "this request is wrong".
var refundRefusals = []stripego.ErrorCode{
	stripego.ErrorCodeChargeAlreadyRefunded, stripego.ErrorCodeChargeDisputed,
	stripego.ErrorCodeChargeNotRefundable, stripego.ErrorCodeRefundDisputedPayment,
}

// Refunds implements [gateway.Adapter].
func (a *Adapter) Refunds(ctx context.Context, paymentID string) ([]gateway.RefundOutcome, error) {
	p := &stripego.RefundListParams{PaymentIntent: stripego.String(paymentID)}
	p.Limit = stripego.Int64(100)
	var list []gateway.RefundOutcome
	for r, err := range a.client.V1Refunds.List(ctx, p).All(ctx) {
		if err != nil {
			return nil, classify("list refunds", err)
		}
		list = append(list, refund(r))
	}
	return list, nil
}

// Methods implements [gateway.Adapter].
func (a *Adapter) Methods(ctx context.Context, customerID string) ([]gateway.Method, error) {
	p := &stripego.CustomerListPaymentMethodsParams{Customer: stripego.String(customerID)}
	p.Limit = stripego.Int64(100)
	var list []gateway.Method
	for pm, err := range a.client.V1Customers.ListPaymentMethods(ctx, p).All(ctx) {
		if err != nil {
			return nil, classify("list methods", err)
		}
		if m := method(pm); m != nil {
			m.OnFile = true
			list = append(list, *m)
		}
	}
	return list, nil
}

// DetachMethod implements [gateway.Adapter].
func (a *Adapter) DetachMethod(ctx context.Context, key, methodID string) error {
	const op = "detach method"
	if err := gateway.Begun(ctx, op); err != nil {
		return err
	}
	p := &stripego.PaymentMethodDetachParams{}
	p.SetIdempotencyKey(key)
	_, err := a.client.V1PaymentMethods.Detach(ctx, methodID, p)
	if err == nil || missing(err) {
		return nil
	}
	if refused(err) {
		// Refused for one that is detached already; make sure of it.
		pm, lookup := a.client.V1PaymentMethods.Retrieve(ctx, methodID, nil)
		if missing(lookup) || lookup == nil && pm.Customer == nil {
			return nil
		}
	}
	return classify(op, err)
}

// filled leaves a parameter out when there is nothing to say.
func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func seconds(unix int64) calendar.Instant {
	if unix == 0 {
		return 0
	}
	return calendar.Instant(unix * 1000)
}

func cents(n int64) money.Cents { return money.Cents(n) }
