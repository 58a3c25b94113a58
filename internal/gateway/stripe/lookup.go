package stripe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"customerportal/internal/gateway"

	stripego "github.com/stripe/stripe-go/v86"
)

// paymentExpand asks for what an Outcome is made of in the same request.
var paymentExpand = []string{"payment_method", "latest_charge.balance_transaction"}

// Lookup implements [gateway.Adapter].
func (a *Adapter) Lookup(ctx context.Context, id string) (gateway.Outcome, error) {
	const op = "look up"
	prefix, _, _ := strings.Cut(id, "_")
	var payment *stripego.PaymentIntent
	var err error
	switch prefix {
	case "cs":
		s, err := a.session(ctx, id)
		if err != nil {
			return gateway.Outcome{}, classify(op, err)
		}
		return a.page(ctx, s)
	case "pi":
		payment = &stripego.PaymentIntent{ID: id}
	case "ch", "py":
		var c *stripego.Charge
		if c, err = a.client.V1Charges.Retrieve(ctx, id, nil); err == nil {
			payment = c.PaymentIntent
		}
	case "re", "pyr":
		var r *stripego.Refund
		if r, err = a.client.V1Refunds.Retrieve(ctx, id, nil); err == nil {
			payment = r.PaymentIntent
		}
	case "dp", "du":
		var d *stripego.Dispute
		if d, err = a.client.V1Disputes.Retrieve(ctx, id, nil); err == nil {
			payment = d.PaymentIntent
		}
	}
	if err != nil {
		return gateway.Outcome{}, classify(op, err)
	}
	if payment == nil {
		return gateway.Outcome{}, fmt.Errorf("%s %q: %w", op, id, gateway.ErrNotFound)
	}
	p := &stripego.PaymentIntentRetrieveParams{}
	for _, e := range paymentExpand {
		p.AddExpand(e)
	}
	pi, err := a.client.V1PaymentIntents.Retrieve(ctx, payment.ID, p)
	if err != nil {
		return gateway.Outcome{}, classify(op, err)
	}
	if pi.Metadata[metaPage] != "" && !moved(pi) {
		// A declined try on a page that is still open is not the end: the page
		// decides.
		s, err := a.sessionOf(ctx, pi.ID)
		if err != nil {
			return gateway.Outcome{}, classify(op, err)
		}
		if s != nil {
			return a.page(ctx, s)
		}
	}
	return a.payment(ctx, pi)
}

// moved reports whether money was taken or is on its way.
func moved(pi *stripego.PaymentIntent) bool {
	return pi.Status == stripego.PaymentIntentStatusSucceeded || pi.Status == stripego.PaymentIntentStatusProcessing
}

func (a *Adapter) session(ctx context.Context, id string) (*stripego.CheckoutSession, error) {
	p := &stripego.CheckoutSessionRetrieveParams{}
	for _, e := range paymentExpand {
		p.AddExpand("payment_intent." + e)
	}
	p.AddExpand("setup_intent.payment_method")
	return a.client.V1CheckoutSessions.Retrieve(ctx, id, p)
}

// sessionOf finds the page a payment was made on; nil if there is none.
func (a *Adapter) sessionOf(ctx context.Context, paymentID string) (*stripego.CheckoutSession, error) {
	p := &stripego.CheckoutSessionListParams{PaymentIntent: stripego.String(paymentID)}
	for s, err := range a.client.V1CheckoutSessions.List(ctx, p).All(ctx) {
		if err != nil {
			return nil, err
		}
		return a.session(ctx, s.ID)
	}
	return nil, nil
}

// clockSkew is how far our clock and Stripe's may be apart.
const clockSkew = 10 * time.Minute

// Find implements [gateway.Adapter].
func (a *Adapter) Find(ctx context.Context, f gateway.Find) (gateway.Outcome, error) {
	const op = "find"
	since := &stripego.RangeQueryParams{GreaterThanOrEqual: f.Since.Time().Add(-clockSkew).Unix()}
	if f.Since.IsZero() {
		since = nil
	}
	var ids []string // of pages and of payments; those made on a page are both
	sessions := &stripego.CheckoutSessionListParams{Customer: filled(f.CustomerID), CreatedRange: since}
	sessions.Limit = stripego.Int64(100)
	for s, err := range a.client.V1CheckoutSessions.List(ctx, sessions).All(ctx) {
		if err != nil {
			return gateway.Outcome{}, classify(op, err)
		}
		if s.ClientReferenceID == f.Reference && s.Mode == stripego.CheckoutSessionModePayment {
			ids = append(ids, s.ID)
		}
	}
	payments := &stripego.PaymentIntentListParams{Customer: filled(f.CustomerID), CreatedRange: since}
	payments.Limit = stripego.Int64(100)
	for pi, err := range a.client.V1PaymentIntents.List(ctx, payments).All(ctx) {
		if err != nil {
			return gateway.Outcome{}, classify(op, err)
		}
		if pi.Metadata[metaReference] == f.Reference {
			ids = append(ids, pi.ID)
		}
	}
	var found []gateway.Outcome
	for _, id := range ids {
		out, err := a.Lookup(ctx, id)
		if err != nil {
			return gateway.Outcome{}, err
		}
		same := func(o gateway.Outcome) bool { return o.PaymentID != "" && o.PaymentID == out.PaymentID }
		if !slices.ContainsFunc(found, same) {
			found = append(found, out)
		}
	}
	if len(found) == 0 {
		return gateway.Outcome{}, fmt.Errorf("%s %q: %w", op, f.Reference, gateway.ErrNotFound)
	}
	// The one that matters most first: money taken, then money that may come.
	slices.SortStableFunc(found, func(x, y gateway.Outcome) int { return weight(x.State) - weight(y.State) })
	best := found[0]
	for _, o := range found[1:] {
		if o.PaymentID != "" {
			best.Duplicates = append(best.Duplicates, o.PaymentID)
		} else {
			best.Duplicates = append(best.Duplicates, o.PageID)
		}
	}
	return best, nil
}

func weight(s gateway.State) int {
	order := []gateway.State{gateway.Succeeded, gateway.Processing, gateway.Action, gateway.Unclear, gateway.Open, gateway.Failed, gateway.Canceled}
	return slices.Index(order, s)
}

// page is the outcome of a payment page.
func (a *Adapter) page(ctx context.Context, s *stripego.CheckoutSession) (gateway.Outcome, error) {
	if s.Mode != stripego.CheckoutSessionModePayment {
		return gateway.Outcome{}, fmt.Errorf("look up %q: not a payment: %w", s.ID, gateway.ErrNotFound)
	}
	out := gateway.Outcome{
		Reference: s.ClientReferenceID, CustomerID: customerID(s.Customer),
		Amount: cents(s.AmountTotal), Created: seconds(s.Created),
	}
	if s.PaymentIntent != nil {
		var err error
		if out, err = a.payment(ctx, s.PaymentIntent); err != nil {
			return gateway.Outcome{}, err
		}
		out.Reference = s.ClientReferenceID
	}
	out.PageID = s.ID
	if s.PaymentIntent != nil && moved(s.PaymentIntent) {
		return out, nil
	}
	switch s.Status {
	case stripego.CheckoutSessionStatusOpen:
		out.State, out.ActionURL = gateway.Open, ""
	case stripego.CheckoutSessionStatusExpired:
		out.State, out.ActionURL, out.Failure = gateway.Canceled, "", nil
	case stripego.CheckoutSessionStatusComplete:
		if s.PaymentIntent == nil {
			out.State = gateway.Unclear
		}
	default:
		out.State = gateway.Unclear
	}
	return out, nil
}

// payment is the outcome of a payment for itself.
func (a *Adapter) payment(ctx context.Context, pi *stripego.PaymentIntent) (gateway.Outcome, error) {
	kind := gateway.Card
	if slices.Contains(pi.PaymentMethodTypes, "us_bank_account") {
		kind = gateway.ECheck
	}
	out := gateway.Outcome{
		Reference: pi.Metadata[metaReference], PaymentID: pi.ID, CustomerID: customerID(pi.Customer),
		Method: method(pi.PaymentMethod), Amount: cents(pi.Amount), Received: cents(pi.AmountReceived),
		Created: seconds(pi.Created),
	}
	charge := pi.LatestCharge
	if charge != nil {
		out.ChargeID = charge.ID
		out.Refunded = cents(charge.AmountRefunded)
		if b := charge.BalanceTransaction; b != nil && b.Object != "" {
			fee := cents(b.Fee)
			out.Fee = &fee
		}
	}
	switch pi.Status {
	case stripego.PaymentIntentStatusSucceeded:
		out.State = gateway.Succeeded
	case stripego.PaymentIntentStatusProcessing:
		out.State = gateway.Processing
	case stripego.PaymentIntentStatusCanceled:
		out.State = gateway.Canceled
	case stripego.PaymentIntentStatusRequiresAction:
		out.State, out.ActionURL = gateway.Action, actionURL(pi.NextAction)
	case stripego.PaymentIntentStatusRequiresPaymentMethod:
		out.State = gateway.Unclear
		if pi.LastPaymentError != nil {
			out.State = gateway.Failed
		}
	default:
		out.State = gateway.Unclear
	}
	if e := pi.LastPaymentError; e != nil && pi.Status == stripego.PaymentIntentStatusRequiresPaymentMethod {
		out.Failure = paymentFailure(kind, e, charge)
		if out.Method == nil {
			out.Method = method(e.PaymentMethod)
		}
	}
	if charge != nil && charge.Disputed {
		list := &stripego.DisputeListParams{PaymentIntent: stripego.String(pi.ID)}
		list.Limit = stripego.Int64(100)
		for d, err := range a.client.V1Disputes.List(ctx, list).All(ctx) {
			if err != nil {
				return gateway.Outcome{}, classify("look up disputes", err)
			}
			out.Disputes = append(out.Disputes, dispute(kind, d))
		}
	}
	return out, nil
}

func paymentFailure(kind gateway.Kind, e *stripego.Error, charge *stripego.Charge) *gateway.Failure {
	raw, network := []string{string(e.DeclineCode), string(e.Code)}, ""
	if charge != nil {
		raw = append(raw, charge.FailureCode)
		if charge.Outcome != nil {
			network = charge.Outcome.NetworkDeclineCode
		}
	}
	code, _ := declineCode(raw...)
	if c, ok := networkCodes[network]; ok && kind == gateway.ECheck {
		code = c
	}
	f := gateway.NewFailure(kind, code, rawCode(e))
	f.Network = network
	return f
}

func actionURL(n *stripego.PaymentIntentNextAction) string {
	switch {
	case n == nil:
		return ""
	case n.RedirectToURL != nil:
		return n.RedirectToURL.URL
	case n.VerifyWithMicrodeposits != nil:
		return n.VerifyWithMicrodeposits.HostedVerificationURL
	}
	return ""
}

// dispute reads a dispute. Stripe reports a bank's return of a debit that had
// succeeded as a dispute, final at once
// (https://docs.stripe.com/payments/ach-direct-debit#disputed-payments).
func dispute(kind gateway.Kind, d *stripego.Dispute) gateway.Dispute {
	out := gateway.Dispute{
		ID: d.ID, State: gateway.DisputeOpen, Return: kind == gateway.ECheck,
		Amount: cents(d.Amount), Created: seconds(d.Created),
	}
	switch d.Status {
	case stripego.DisputeStatusLost:
		out.State = gateway.DisputeLost
	case stripego.DisputeStatusWon, stripego.DisputeStatusWarningClosed, stripego.DisputeStatusPrevented:
		out.State = gateway.DisputeWon
	}
	if e := d.EvidenceDetails; e != nil && out.State == gateway.DisputeOpen {
		out.AnswerBy = seconds(e.DueBy)
	}
	code := gateway.HolderDispute
	if kind == gateway.ECheck {
		code, _ = declineCode(string(d.Reason))
	}
	network := d.NetworkReasonCode
	if c, ok := networkCodes[network]; ok && kind == gateway.ECheck {
		code = c
	}
	if d.PaymentMethodDetails != nil && d.PaymentMethodDetails.Card != nil {
		network = d.PaymentMethodDetails.Card.NetworkReasonCode
	}
	out.Failure = *gateway.NewFailure(kind, code, string(d.Reason))
	out.Failure.Network = network
	return out
}

// LookupSetup implements [gateway.Adapter].
func (a *Adapter) LookupSetup(ctx context.Context, id string) (gateway.Setup, error) {
	const op = "look up set-up"
	switch prefix, _, _ := strings.Cut(id, "_"); prefix {
	case "cs":
		s, err := a.session(ctx, id)
		if err != nil {
			return gateway.Setup{}, classify(op, err)
		}
		if s.Mode != stripego.CheckoutSessionModeSetup {
			return gateway.Setup{}, fmt.Errorf("%s %q: %w", op, id, gateway.ErrNotFound)
		}
		return setupOfSession(s), nil
	case "seti":
		p := &stripego.SetupIntentRetrieveParams{}
		p.AddExpand("payment_method")
		si, err := a.client.V1SetupIntents.Retrieve(ctx, id, p)
		if err != nil {
			return gateway.Setup{}, classify(op, err)
		}
		return setup(si), nil
	}
	return gateway.Setup{}, fmt.Errorf("%s %q: %w", op, id, gateway.ErrNotFound)
}

func setupOfSession(s *stripego.CheckoutSession) gateway.Setup {
	out := gateway.Setup{State: gateway.Unclear}
	if s.SetupIntent != nil {
		out = setup(s.SetupIntent)
	}
	out.PageID, out.Reference, out.CustomerID = s.ID, s.ClientReferenceID, customerID(s.Customer)
	switch s.Status {
	case stripego.CheckoutSessionStatusOpen:
		out.State = gateway.Open
	case stripego.CheckoutSessionStatusExpired:
		out.State, out.Failure = gateway.Canceled, nil
	case stripego.CheckoutSessionStatusComplete:
		if out.State == gateway.Open {
			out.State = gateway.Failed
		}
	}
	return out
}

func setup(si *stripego.SetupIntent) gateway.Setup {
	kind := gateway.Card
	if slices.Contains(si.PaymentMethodTypes, "us_bank_account") {
		kind = gateway.ECheck
	}
	out := gateway.Setup{Reference: si.Metadata[metaReference], CustomerID: customerID(si.Customer)}
	switch si.Status {
	case stripego.SetupIntentStatusSucceeded:
		out.State = gateway.Succeeded
		if out.Method = method(si.PaymentMethod); out.Method != nil {
			out.Method.OnFile = true
		}
	case stripego.SetupIntentStatusProcessing:
		out.State = gateway.Processing
	case stripego.SetupIntentStatusCanceled:
		out.State = gateway.Canceled
	case stripego.SetupIntentStatusRequiresAction:
		out.State = gateway.Action
		if n := si.NextAction; n != nil && n.VerifyWithMicrodeposits != nil {
			out.ActionURL = n.VerifyWithMicrodeposits.HostedVerificationURL
		}
	case stripego.SetupIntentStatusRequiresPaymentMethod:
		out.State = gateway.Open
		if e := si.LastSetupError; e != nil {
			code, _ := declineCode(string(e.DeclineCode), string(e.Code))
			out.Failure = gateway.NewFailure(kind, code, rawCode(e))
		}
	default:
		out.State = gateway.Unclear
	}
	return out
}

func refund(r *stripego.Refund) gateway.RefundOutcome {
	out := gateway.RefundOutcome{
		ID: r.ID, Reference: r.Metadata[metaReference], Amount: cents(r.Amount), Created: seconds(r.Created),
		State: gateway.RefundPending,
	}
	if r.PaymentIntent != nil {
		out.PaymentID = r.PaymentIntent.ID
	}
	switch r.Status {
	case stripego.RefundStatusSucceeded:
		out.State = gateway.RefundSucceeded
	case stripego.RefundStatusFailed, stripego.RefundStatusCanceled:
		out.State = gateway.RefundFailed
		out.Failure = gateway.NewFailure(gateway.Card, gateway.NotRefundable, string(r.FailureReason))
	}
	return out
}

func customerID(c *stripego.Customer) string {
	if c == nil {
		return ""
	}
	return c.ID
}

// brands are the card brands as people write them.
var brands = map[stripego.PaymentMethodCardBrand]string{
	"amex": "American Express", "diners": "Diners Club", "discover": "Discover", "jcb": "JCB",
	"mastercard": "Mastercard", "unionpay": "UnionPay", "visa": "Visa",
}

// method reads a payment method; nil for one that was not sent in full or is of
// a kind we do not take.
func method(pm *stripego.PaymentMethod) *gateway.Method {
	switch {
	case pm == nil:
		return nil
	case pm.Card != nil:
		brand := brands[pm.Card.Brand]
		if brand == "" {
			brand = "Card"
		}
		return &gateway.Method{
			ID: pm.ID, Kind: gateway.Card, Brand: brand, Last4: pm.Card.Last4,
			ExpMonth: int(pm.Card.ExpMonth), ExpYear: int(pm.Card.ExpYear),
			Fingerprint: pm.Card.Fingerprint, OnFile: pm.Customer != nil,
		}
	case pm.USBankAccount != nil:
		bank := pm.USBankAccount.BankName
		if bank == "" {
			bank = "Bank account"
		}
		return &gateway.Method{
			ID: pm.ID, Kind: gateway.ECheck, Brand: bank, Last4: pm.USBankAccount.Last4,
			Fingerprint: pm.USBankAccount.Fingerprint, OnFile: pm.Customer != nil,
		}
	}
	return nil
}
