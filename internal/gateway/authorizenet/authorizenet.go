// Package authorizenet is the gateway adapter for Authorize.Net: cards and
// eChecks, entered on Authorize.Net's own pages (Accept Hosted, Accept Customer)
// so that no number ever reaches us.
//
// There is no idempotency key. What takes its place:
//
//   - Our reference is the transaction's invoice number (20 characters), and no
//     transaction is made before the lists of recent ones were read for it: what
//     is there is adopted, never made again.
//   - After an answer that was lost, the same reference is refused within
//     [gateway.InFlight] unless it is found: the first request may still arrive.
//   - Every transaction asks for the longest duplicate window, eight hours, in
//     which Authorize.Net refuses a second one with the same card or account,
//     amount and invoice number (response reason 11). That refusal is answered
//     by looking the first one up.
//   - Nothing is sent again by the HTTP library either; see client.send.
//
// What Authorize.Net does not have, so that callers need not wait for it: fees in
// its answers, 3-D Secure on its pages, micro-deposits, and a way to close a
// hosted page early. A page that cannot be closed stays open for [pageLife]. It
// has no events but those of webhooks: Changes reads the lists of transactions.
// Chargebacks of cards appear in them only where the merchant's bank reports
// them.
//
// Field names, their order and their lengths are those of AnetApiSchema.xsd and
// of https://developer.authorize.net/api/reference/index.html.
package authorizenet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/money"
)

// Config is one Authorize.Net account.
type Config struct {
	// LoginID and TransactionKey are the API credentials; at most 25 and 16
	// characters.
	LoginID, TransactionKey string
	// SignatureKey signs the webhooks: 128 hexadecimal digits. Without one every
	// webhook is refused.
	SignatureKey string
	// Production says that money moves; otherwise requests go to the test
	// environment.
	Production bool
	// Kinds are the methods the account is enabled for; nil means card and
	// eCheck.
	Kinds []gateway.Kind
	// Transport carries the requests; nil means connections of their own.
	Transport http.RoundTripper
	// Timeout bounds one call, answer included; zero means 30 seconds.
	Timeout time.Duration
	// Clock dates pages and the window of Changes.
	Clock calendar.Clock
	// APIURL is "" for Authorize.Net itself.
	APIURL string
}

// Adapter is a [gateway.Adapter] on Authorize.Net's API.
type Adapter struct {
	client   *client
	clock    calendar.Clock
	webhook  [][]byte // what a webhook may be signed with
	pages    string   // the origin of the hosted pages
	info     gateway.Info
	attempts attempts
	recent   recent
}

var _ gateway.Adapter = (*Adapter)(nil)

// The origins of the hosted pages.
const (
	productionPages = "https://accept.authorize.net"
	testPages       = "https://test.authorize.net"
)

// PageOrigins are the origins of every adapter's Info, for a policy that is made
// before any key is known.
func PageOrigins() []string { return []string{productionPages, testPages} }

var (
	loginForm     = regexp.MustCompile(`^[!-~]{1,25}$`)
	keyForm       = regexp.MustCompile(`^[!-~]{1,16}$`)
	signatureForm = regexp.MustCompile(`^[0-9A-Fa-f]{128}$`)
)

// New returns an adapter, or an error that says in plain words what is wrong with
// the keys. It makes no request.
func New(c Config) (*Adapter, error) {
	switch {
	case !loginForm.MatchString(c.LoginID):
		return nil, errors.New("the Authorize.Net API login ID must be 1 to 25 characters without spaces")
	case !keyForm.MatchString(c.TransactionKey):
		return nil, errors.New("the Authorize.Net transaction key must be 1 to 16 characters without spaces")
	case c.SignatureKey != "" && !signatureForm.MatchString(c.SignatureKey):
		return nil, errors.New("the Authorize.Net signature key must be 128 hexadecimal digits")
	case c.Clock == nil:
		return nil, errors.New("authorizenet: no clock")
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Transport == nil {
		c.Transport = newTransport()
	}
	if c.Kinds == nil {
		c.Kinds = []gateway.Kind{gateway.Card, gateway.ECheck}
	}
	api, pages := testAPI, testPages
	if c.Production {
		api, pages = productionAPI, productionPages
	}
	if c.APIURL != "" {
		api = c.APIURL
	}
	return &Adapter{
		client: &client{
			http: &http.Client{
				Transport: c.Transport, Timeout: c.Timeout,
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			},
			url: api, auth: merchantAuthentication{Name: c.LoginID, TransactionKey: c.TransactionKey},
		},
		clock: c.Clock, webhook: signingKeys(c.SignatureKey), pages: pages,
		info: gateway.Info{
			Name: "authorizenet", Test: !c.Production, PageOrigins: []string{pages}, PageLife: pageLife, Kinds: slices.Clone(c.Kinds),
			Min: 1, Max: 99_999_99,
		},
	}, nil
}

// Info implements [gateway.Adapter].
func (a *Adapter) Info() gateway.Info { return a.info }

// Lengths of AnetApiSchema.xsd, in characters.
const (
	maxReference   = 20
	maxDescription = 255
	maxEmail       = 255
)

var referenceForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,20}$`)

// checked refuses a reference that could not be kept whole and found again.
func checked(op, reference string) error {
	if !referenceForm.MatchString(reference) {
		return &gateway.Error{Class: gateway.Config, Op: op, Detail: "the reference " + strconv.Quote(reference) + " is not 1 to 20 letters, digits and dashes"}
	}
	return nil
}

// fit cuts a text to n characters.
func fit(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// numeric tells an id of Authorize.Net's from anything else.
func numeric(id string) bool {
	return id != "" && len(id) <= 20 && strings.Trim(id, "0123456789") == ""
}

// SaveCustomer implements [gateway.Adapter]. Authorize.Net refuses a second
// profile with the same customer number, name and e-mail address and names the
// first one, which is then the answer: a repeated call makes one profile. An
// e-mail address it would refuse is left out.
func (a *Adapter) SaveCustomer(ctx context.Context, _, id string, c gateway.Customer) (string, error) {
	const op = "save customer"
	if err := gateway.Begun(ctx, op); err != nil {
		return "", err
	}
	profile := customerProfile{MerchantCustomerID: fit(c.Reference, maxReference), Description: fit(c.Name, maxDescription), CustomerProfileID: id}
	if at, err := mail.ParseAddress(c.Email); err == nil && at.Address == c.Email && len(c.Email) <= maxEmail {
		profile.Email = c.Email
	}
	if id != "" {
		if !numeric(id) {
			return "", fmt.Errorf("%s %q: %w", op, id, gateway.ErrNotFound)
		}
		var saved verdict
		err := a.client.send(ctx, op, "updateCustomerProfileRequest", &saveProfile{Profile: profile}, &saved)
		if err == nil && saved.code() != codeDuplicate { // another profile says the same: this one may stay as it is
			err = saved.err(op)
		}
		if err != nil {
			return "", err
		}
		return id, nil
	}
	var made profileSaved
	if err := a.client.send(ctx, op, "createCustomerProfileRequest", &saveProfile{Profile: profile}, &made); err != nil {
		return "", err
	}
	if made.code() == codeDuplicate {
		if earlier := existingID.FindStringSubmatch(made.text()); earlier != nil {
			return earlier[1], nil
		}
	}
	if err := made.err(op); err != nil {
		return "", err
	}
	if !numeric(string(made.CustomerProfileID)) {
		return "", &gateway.Error{Class: gateway.Unknown, Op: op, Detail: "the answer names no profile"}
	}
	return string(made.CustomerProfileID), nil
}

// existingID is in the text of E00039: "A duplicate record with ID 39598611
// already exists."
var existingID = regexp.MustCompile(`\bID (\d+)\b`)

// duplicateWindow is the longest that Authorize.Net takes, in seconds
// (https://support.authorize.net, "A duplicate transaction has been submitted").
const duplicateWindow = "28800"

func duplicates() *settings {
	return &settings{Setting: []setting{{Name: "duplicateWindow", Value: duplicateWindow}}}
}

// object writes the value of a setting of Accept Hosted, a JSON object in a
// string.
func object(fields any) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false) // addresses with & in them stay as they are
	if err := e.Encode(fields); err != nil {
		panic(err) // strings and truth values only
	}
	return strings.TrimSpace(out.String())
}

// OpenPaymentPage implements [gateway.Adapter] with Accept Hosted. Its token
// must be posted to the page within 15 minutes; a repeated call gets a token of
// its own (https://developer.authorize.net/api/reference/features/accept-hosted.html).
func (a *Adapter) OpenPaymentPage(ctx context.Context, _ string, p gateway.PaymentPage) (gateway.Page, error) {
	const op = "open payment page"
	if err := errors.Join(gateway.Begun(ctx, op), checked(op, p.Reference)); err != nil {
		return gateway.Page{}, err
	}
	if p.CustomerID != "" && !numeric(p.CustomerID) {
		return gateway.Page{}, fmt.Errorf("%s: customer %q: %w", op, p.CustomerID, gateway.ErrNotFound)
	}
	v := visit{Reference: p.Reference, Customer: p.CustomerID, Kind: p.Kind, Amount: p.Amount, Opened: a.clock.Now(), Ends: p.ExpiresAt}
	request := getHostedPaymentPage{
		head: head{RefID: p.Reference},
		Transaction: transactionRequest{
			Type: "authCaptureTransaction", Amount: p.Amount.Plain(),
			Order:    &order{InvoiceNumber: p.Reference, Description: fit(p.Description, maxDescription)},
			PONumber: v.mark(p.KeepOnFile && p.CustomerID != ""), Settings: duplicates(),
		},
	}
	switch {
	case p.CustomerID == "":
	case p.KeepOnFile:
		// This also offers what the customer has on file there.
		request.Transaction.Profile = &profileCharge{CustomerProfileID: p.CustomerID}
	default:
		request.Transaction.Customer = &customer{ID: p.CustomerID}
	}
	type yes map[string]any
	request.Settings.Setting = []setting{
		{Name: "hostedPaymentReturnOptions", Value: object(yes{"showReceipt": false, "url": p.SuccessURL, "urlText": "Continue", "cancelUrl": p.CancelURL, "cancelUrlText": "Cancel"})},
		{Name: "hostedPaymentButtonOptions", Value: object(yes{"text": "Pay"})},
		{Name: "hostedPaymentOrderOptions", Value: object(yes{"show": true})},
		{Name: "hostedPaymentPaymentOptions", Value: object(yes{"cardCodeRequired": p.Kind == gateway.Card, "showCreditCard": p.Kind == gateway.Card, "showBankAccount": p.Kind == gateway.ECheck})},
		{Name: "hostedPaymentBillingAddressOptions", Value: object(yes{"show": true, "required": false})},
		{Name: "hostedPaymentCustomerOptions", Value: object(yes{"showEmail": false, "requiredEmail": false, "addPaymentProfile": p.KeepOnFile && p.CustomerID != ""})},
	}
	return a.openPage(ctx, op, "getHostedPaymentPageRequest", &request, "/payment/payment", v)
}

// OpenSetupPage implements [gateway.Adapter] with Accept Customer's page that
// adds a payment profile
// (https://developer.authorize.net/api/reference/features/customer-profiles.html).
func (a *Adapter) OpenSetupPage(ctx context.Context, _ string, p gateway.SetupPage) (gateway.Page, error) {
	const op = "open set-up page"
	if err := errors.Join(gateway.Begun(ctx, op), checked(op, p.Reference)); err != nil {
		return gateway.Page{}, err
	}
	have, err := a.profiles(ctx, op, p.CustomerID)
	if err != nil {
		return gateway.Page{}, err
	}
	v := visit{Setup: true, Reference: p.Reference, Customer: p.CustomerID, Kind: p.Kind, Opened: a.clock.Now(), Ends: p.ExpiresAt}
	for _, m := range have {
		v.Highest = max(v.Highest, profileNumber(m.ID))
	}
	show := "showCreditCard"
	if p.Kind == gateway.ECheck {
		show = "showBankAccount"
	}
	request := getHostedProfilePage{
		head: head{RefID: p.Reference}, CustomerProfileID: p.CustomerID,
		Settings: settings{Setting: []setting{
			{Name: "hostedProfileReturnUrl", Value: p.SuccessURL},
			{Name: "hostedProfileReturnUrlText", Value: "Continue"},
			{Name: "hostedProfilePageBorderVisible", Value: "false"},
			{Name: "hostedProfileValidationMode", Value: "liveMode"},
			{Name: "hostedProfileBillingAddressRequired", Value: "false"},
			{Name: "hostedProfileCardCodeRequired", Value: strconv.FormatBool(p.Kind == gateway.Card)},
			{Name: "hostedProfilePaymentOptions", Value: show},
		}},
	}
	return a.openPage(ctx, op, "getHostedProfilePageRequest", &request, "/customer/addPayment", v)
}

func (a *Adapter) openPage(ctx context.Context, op, name string, request signer, path string, v visit) (gateway.Page, error) {
	var got tokenAnswer
	if err := a.client.ask(ctx, op, name, request, &got); err != nil {
		return gateway.Page{}, err
	}
	if got.Token == "" {
		return gateway.Page{}, &gateway.Error{Class: gateway.Unknown, Op: op, Detail: "the answer has no token"}
	}
	return gateway.Page{ID: v.id(), URL: a.pages + path, Post: url.Values{"token": {got.Token}}.Encode(),
		PostUntil: v.Opened.Add(tokenLife)}, nil
}

// Charge implements [gateway.Adapter]. The type of an eCheck (WEB, PPD or CCD)
// is the one its payment profile was made with.
func (a *Adapter) Charge(ctx context.Context, _ string, c gateway.Charge) (gateway.Outcome, error) {
	const op = "charge"
	if err := errors.Join(gateway.Begun(ctx, op), checked(op, c.Reference)); err != nil {
		return gateway.Outcome{}, err
	}
	out := gateway.Outcome{State: gateway.Failed, Reference: c.Reference, CustomerID: c.CustomerID, Amount: c.Amount}
	customerID, profileID, ok := splitMethod(c.MethodID)
	if !ok || customerID != c.CustomerID {
		out.Failure = gateway.NewFailure(c.Kind, gateway.MethodGone, codeNotFound)
		return out, nil
	}
	release, err := a.attempts.take(ctx, op, c.Reference)
	if err != nil {
		return gateway.Outcome{}, err
	}
	defer release()
	earlier, err := a.earlier(ctx, op, c)
	if err != nil || earlier != nil {
		return deref(earlier), err
	}
	if a.attempts.lost(c.Reference, a.clock()) {
		return gateway.Outcome{}, &gateway.Error{Class: gateway.Unknown, Op: op, Detail: "the answer to the first request was lost and it may still arrive"}
	}
	request := createTransaction{
		head: head{RefID: c.Reference},
		Transaction: transactionRequest{
			Type: "authCaptureTransaction", Amount: c.Amount.Plain(),
			Profile:  &profileCharge{CustomerProfileID: customerID, PaymentProfile: &profileToCharge{ID: profileID}},
			Order:    &order{InvoiceNumber: c.Reference, Description: fit(c.Description, maxDescription)},
			Settings: duplicates(),
		},
	}
	if c.Kind == gateway.Card {
		// https://developer.authorize.net/api/reference/features/card-on-file.html
		request.Transaction.Processing = &processingOptions{IsSubsequentAuth: c.OffSession, IsStoredCredentials: !c.OffSession}
	}
	var got transactionAnswer
	err = a.client.send(ctx, op, "createTransactionRequest", &request, &got)
	if err == nil {
		out, err = a.charged(op, c, got)
	}
	var again *repeated
	if errors.As(err, &again) {
		earlier, err = a.earlier(ctx, op, c)
		if err == nil && earlier == nil {
			err = &gateway.Error{Class: gateway.Unknown, Op: op, Code: again.reason, Detail: "refused as a duplicate of a transaction that is not on the lists yet"}
		}
		out = deref(earlier)
	}
	if err != nil && !errors.Is(err, gateway.ErrNotFound) && gateway.ClassOf(err) == gateway.Unknown {
		a.attempts.lose(c.Reference, a.clock())
	}
	if errors.Is(err, gateway.ErrNotFound) {
		out.State, out.Failure, err = gateway.Failed, gateway.NewFailure(c.Kind, gateway.MethodGone, codeNotFound), nil
	}
	return out, err
}

// repeated is the refusal of a duplicate.
type repeated struct{ reason string }

func (r *repeated) Error() string { return "a duplicate transaction: reason " + r.reason }

func deref(o *gateway.Outcome) gateway.Outcome {
	if o == nil {
		return gateway.Outcome{}
	}
	return *o
}

// earlier finds what was charged for the reference before; nil when there is
// nothing. No list could be read: nothing was sent, and nothing will be. What is
// there and differs from this charge is not to be adopted.
func (a *Adapter) earlier(ctx context.Context, op string, c gateway.Charge) (*gateway.Outcome, error) {
	found, err := a.byReference(ctx, op, c.Reference, c.CustomerID, a.clock().Add(-gateway.KeyLife), false)
	if err != nil {
		if errors.Is(err, gateway.ErrNotFound) {
			err = &gateway.Error{Class: gateway.Unknown, Op: op, Err: err} // a transaction of the list has no details
		}
		if gateway.ClassOf(err) == gateway.Unknown && !a.attempts.lost(c.Reference, a.clock()) {
			err = &gateway.Error{Class: gateway.NotSent, Op: op, Detail: "looking for an earlier transaction", Err: err}
		}
		return nil, err
	}
	if len(found) == 0 {
		return nil, nil
	}
	best := pick(found)
	if best.Amount != c.Amount || best.CustomerID != "" && best.CustomerID != c.CustomerID {
		return nil, &gateway.Error{Class: gateway.Unknown, Op: op, Detail: "transaction " + best.PaymentID + " has the same reference and other fields"}
	}
	return &best.Outcome, nil
}

// charged reads the answer to a charge.
func (a *Adapter) charged(op string, c gateway.Charge, got transactionAnswer) (gateway.Outcome, error) {
	out := gateway.Outcome{Reference: c.Reference, CustomerID: c.CustomerID, Amount: c.Amount, Created: calendar.InstantOf(a.clock())}
	t := got.Transaction
	if t == nil || t.ResponseCode == "" {
		if err := got.err(op); err != nil {
			return out, err
		}
		return out, &gateway.Error{Class: gateway.Unknown, Op: op, Detail: "the answer names no transaction"}
	}
	if id := string(t.TransID); numeric(id) && id != "0" {
		out.PaymentID, out.ChargeID = id, id
	}
	out.Method = &gateway.Method{ID: c.MethodID, Kind: c.Kind, Brand: brand(t.AccountType, c.Kind), Last4: last4(t.AccountNumber), OnFile: true}
	reason, words := t.reason()
	switch t.ResponseCode {
	case "1", "4":
		if out.PaymentID == "" {
			return out, &gateway.Error{Class: gateway.Config, Op: op, Detail: "the account is in test mode: nothing was charged"}
		}
		if t.SplitTenderID != "" {
			return out, &gateway.Error{Class: gateway.Unknown, Op: op, Detail: "only a part was authorized"}
		}
		out.State = gateway.Processing
		if t.ResponseCode == "1" && c.Kind == gateway.Card {
			out.State, out.Received = gateway.Succeeded, c.Amount
		}
		return out, nil
	case "2", "3":
		switch {
		case duplicate(reason):
			return out, &repeated{reason}
		case uncertain(reason):
			return out, &gateway.Error{Class: gateway.Unknown, Op: op, Code: reason, Detail: words}
		case t.ResponseCode == "3" && misconfigured[reason]:
			return out, &gateway.Error{Class: gateway.Config, Op: op, Code: reason, Detail: words}
		}
		if _, known := failures[reason]; t.ResponseCode == "3" && !known {
			return out, &gateway.Error{Class: gateway.Unknown, Op: op, Code: reason, Detail: words}
		}
		out.State, out.Failure = gateway.Failed, gateway.NewFailure(c.Kind, declineCode(reason), reason)
		return out, nil
	}
	return out, &gateway.Error{Class: gateway.Unknown, Op: op, Code: "response " + string(t.ResponseCode), Detail: words}
}

// Cancel implements [gateway.Adapter]. Authorize.Net cannot close a hosted page,
// and no payment waits for the customer after it: the outcome is what the page or
// payment is.
func (a *Adapter) Cancel(ctx context.Context, _, id string) (gateway.Outcome, error) {
	if v, ok := parseVisit(id); ok && v.Setup {
		s, err := a.LookupSetup(ctx, id)
		return gateway.Outcome{State: s.State, Reference: s.Reference, PageID: s.PageID}, err
	}
	return a.Lookup(ctx, id)
}

// voided marks the refund that is the void of a whole payment: Authorize.Net
// gives a void no id of its own.
const voided = "-void"

// Refund implements [gateway.Adapter]. Before a payment settles, once a day, only
// the whole of it can be given back, by a void; afterwards any part of it.
func (a *Adapter) Refund(ctx context.Context, _ string, r gateway.Refund) (gateway.RefundOutcome, error) {
	const op = "refund"
	if err := errors.Join(gateway.Begun(ctx, op), checked(op, r.Reference)); err != nil {
		return gateway.RefundOutcome{}, err
	}
	release, err := a.attempts.take(ctx, op, r.Reference)
	if err != nil {
		return gateway.RefundOutcome{}, err
	}
	defer release()
	d, err := a.details(ctx, op, r.PaymentID)
	if err != nil {
		return gateway.RefundOutcome{}, unsent(op, err)
	}
	out, err := a.payment(ctx, op, d, true)
	if err != nil {
		return gateway.RefundOutcome{}, unsent(op, err)
	}
	refused := func(raw, words string) (gateway.RefundOutcome, error) {
		f := gateway.NewFailure(kindOf(d.Payment), gateway.NotRefundable, raw)
		if words != "" {
			f.Message = words
		}
		return gateway.RefundOutcome{Reference: r.Reference, PaymentID: r.PaymentID, Amount: r.Amount, State: gateway.RefundFailed, Failure: f}, nil
	}
	if d.Status == "voided" {
		if r.Amount == out.Amount {
			made := voidOf(out)
			made.Reference = r.Reference
			return made, nil
		}
		return refused(d.Status, "")
	}
	if out.Disputed() {
		return refused("disputed", "")
	}
	if d.settled() {
		return a.credit(ctx, op, r, d, refused)
	}
	if out.State != gateway.Succeeded && out.State != gateway.Processing || r.Amount > out.Amount {
		return refused(d.Status, "")
	}
	if r.Amount < out.Amount {
		return refused("unsettled", "This payment has not settled yet: all of it can be sent back now, a part of it once it has settled, usually the next day.")
	}
	if a.attempts.lost(r.Reference, a.clock()) {
		return gateway.RefundOutcome{}, &gateway.Error{Class: gateway.Unknown, Op: op, Detail: "the answer to the first request was lost and it may still arrive"}
	}
	made, err := a.void(ctx, op, r, out)
	if err == nil && made.State == gateway.RefundFailed {
		// it settled a moment ago
		return refused(made.Failure.Raw, "This payment is just being settled. Please try again in an hour.")
	}
	return made, err
}

// unsent turns an unknown outcome of reading into "not sent".
func unsent(op string, err error) error {
	if errors.Is(err, gateway.ErrNotFound) || gateway.ClassOf(err) != gateway.Unknown {
		return err
	}
	return &gateway.Error{Class: gateway.NotSent, Op: op, Detail: "looking the payment up", Err: err}
}

// void gives a payment back that has not settled.
func (a *Adapter) void(ctx context.Context, op string, r gateway.Refund, paid gateway.Outcome) (gateway.RefundOutcome, error) {
	made := voidOf(paid)
	made.Reference = r.Reference
	request := createTransaction{head: head{RefID: r.Reference}, Transaction: transactionRequest{Type: "voidTransaction", RefTransID: r.PaymentID}}
	got, reason, err := a.write(ctx, op, r.Reference, &request)
	if err != nil || got.ResponseCode == "1" {
		return made, err
	}
	made.ID, made.State, made.Failure = "", gateway.RefundFailed, gateway.NewFailure(gateway.Card, gateway.NotRefundable, reason)
	return made, nil
}

// voidOf is the void of a payment as a refund.
func voidOf(paid gateway.Outcome) gateway.RefundOutcome {
	return gateway.RefundOutcome{ID: paid.PaymentID + voided, PaymentID: paid.PaymentID, Void: true, State: gateway.RefundSucceeded, Amount: paid.Amount, Created: paid.Created}
}

// credit gives a settled payment back, or a part of it.
func (a *Adapter) credit(ctx context.Context, op string, r gateway.Refund, d details, refused func(raw, words string) (gateway.RefundOutcome, error)) (gateway.RefundOutcome, error) {
	adopt := func() (*gateway.RefundOutcome, error) {
		list, err := a.refundsOf(ctx, op, d, true)
		if err != nil {
			return nil, unsent(op, err)
		}
		for _, have := range list {
			if have.Reference != r.Reference {
				continue
			}
			if have.Amount != r.Amount {
				return nil, &gateway.Error{Class: gateway.Unknown, Op: op, Detail: "refund " + have.ID + " has the same reference and another amount"}
			}
			return &have, nil
		}
		return nil, nil
	}
	earlier, err := adopt()
	if err != nil {
		return gateway.RefundOutcome{}, err
	}
	if earlier != nil {
		return *earlier, nil
	}
	if a.attempts.lost(r.Reference, a.clock()) {
		return gateway.RefundOutcome{}, &gateway.Error{Class: gateway.Unknown, Op: op, Detail: "the answer to the first request was lost and it may still arrive"}
	}
	request := createTransaction{head: head{RefID: r.Reference}, Transaction: transactionRequest{
		Type: "refundTransaction", Amount: r.Amount.Plain(), Payment: &refundTo{}, RefTransID: string(d.TransID),
		Order:    &order{InvoiceNumber: r.Reference, Description: fit("Refund of "+d.Order.InvoiceNumber, maxDescription)},
		Settings: duplicates(),
	}}
	switch {
	case d.Payment.CreditCard != nil:
		request.Transaction.Payment.CreditCard = &maskedCard{CardNumber: last4(d.Payment.CreditCard.CardNumber), ExpirationDate: "XXXX"}
	case d.Payment.BankAccount != nil:
		b := d.Payment.BankAccount
		request.Transaction.Payment.BankAccount = &bankAccount{AccountType: b.AccountType, RoutingNumber: b.RoutingNumber, AccountNumber: b.AccountNumber, NameOnAccount: b.NameOnAccount}
	default:
		return refused("payment", "")
	}
	got, reason, err := a.write(ctx, op, r.Reference, &request)
	if err != nil {
		return gateway.RefundOutcome{}, err
	}
	switch {
	case got.ResponseCode == "1" || got.ResponseCode == "4":
		return gateway.RefundOutcome{ID: string(got.TransID), Reference: r.Reference, PaymentID: r.PaymentID, State: gateway.RefundPending, Amount: r.Amount, Created: calendar.InstantOf(a.clock())}, nil
	case duplicate(reason):
		if earlier, err = adopt(); err != nil {
			return gateway.RefundOutcome{}, err
		}
		if earlier != nil {
			return *earlier, nil
		}
		a.attempts.lose(r.Reference, a.clock())
		return gateway.RefundOutcome{}, &gateway.Error{Class: gateway.Unknown, Op: op, Code: reason, Detail: "refused as a duplicate of a refund that is not on the lists yet"}
	}
	return refused(reason, "")
}

// write sends a void or a refund. It returns an error unless the answer says
// what became of it.
func (a *Adapter) write(ctx context.Context, op, reference string, request *createTransaction) (transactionResponse, string, error) {
	var got transactionAnswer
	err := a.client.send(ctx, op, "createTransactionRequest", request, &got)
	a.recent.forget()
	t := transactionResponse{}
	reason, words := "", ""
	switch {
	case err != nil:
	case got.Transaction == nil || got.Transaction.ResponseCode == "":
		if err = got.err(op); err == nil {
			err = &gateway.Error{Class: gateway.Unknown, Op: op, Detail: "the answer names no transaction"}
		}
	default:
		t = *got.Transaction
		reason, words = t.reason()
		switch {
		case t.ResponseCode == "1" || t.ResponseCode == "4" || duplicate(reason) || notRefundable[reason] || t.ResponseCode == "2":
		case reason == "16":
			err = fmt.Errorf("%s: %s: %w", op, words, gateway.ErrNotFound)
		case misconfigured[reason]:
			err = &gateway.Error{Class: gateway.Config, Op: op, Code: reason, Detail: words}
		default:
			if _, known := failures[reason]; !known {
				err = &gateway.Error{Class: gateway.Unknown, Op: op, Code: reason, Detail: words}
			}
		}
	}
	if err != nil && !errors.Is(err, gateway.ErrNotFound) && gateway.ClassOf(err) == gateway.Unknown {
		a.attempts.lose(reference, a.clock())
	}
	return t, reason, err
}

// Methods implements [gateway.Adapter].
func (a *Adapter) Methods(ctx context.Context, customerID string) ([]gateway.Method, error) {
	return a.profiles(ctx, "list methods", customerID)
}

// profiles lists a customer's payment profiles, newest first: their ids grow.
func (a *Adapter) profiles(ctx context.Context, op, customerID string) ([]gateway.Method, error) {
	if !numeric(customerID) {
		return nil, fmt.Errorf("%s: customer %q: %w", op, customerID, gateway.ErrNotFound)
	}
	var got profileAnswer
	if err := a.client.ask(ctx, op, "getCustomerProfileRequest", &getCustomerProfile{CustomerProfileID: customerID, UnmaskExpirationDate: true}, &got); err != nil {
		return nil, err
	}
	var list []gateway.Method
	for _, p := range got.Profile.PaymentProfiles {
		if m := method(p.Payment); m != nil && numeric(string(p.ID)) {
			m.ID, m.OnFile = joinMethod(customerID, string(p.ID)), true
			list = append(list, *m)
		}
	}
	slices.SortFunc(list, func(x, y gateway.Method) int { return -compare(profileNumber(x.ID), profileNumber(y.ID)) })
	return list, nil
}

func compare(x, y uint64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// A method's id names the customer's profile too, because Authorize.Net asks for
// both.
func joinMethod(customerID, profileID string) string { return customerID + "-" + profileID }

func splitMethod(id string) (customerID, profileID string, ok bool) {
	customerID, profileID, _ = strings.Cut(id, "-")
	return customerID, profileID, numeric(customerID) && numeric(profileID)
}

// profileNumber is the payment profile's own number in a method's id.
func profileNumber(methodID string) uint64 {
	_, id, _ := splitMethod(methodID)
	n, _ := strconv.ParseUint(id, 10, 64)
	return n
}

// DetachMethod implements [gateway.Adapter].
func (a *Adapter) DetachMethod(ctx context.Context, _, methodID string) error {
	const op = "detach method"
	if err := gateway.Begun(ctx, op); err != nil {
		return err
	}
	customerID, profileID, ok := splitMethod(methodID)
	if !ok {
		return nil // it was never on file here
	}
	err := a.client.ask(ctx, op, "deleteCustomerPaymentProfileRequest", &deletePaymentProfile{CustomerProfileID: customerID, PaymentProfileID: profileID}, &verdict{})
	if errors.Is(err, gateway.ErrNotFound) {
		return nil
	}
	return err
}

// attempts keeps two writes for one reference apart, and remembers the ones whose
// answer was lost for as long as they may still arrive.
type attempts struct {
	mu   sync.Mutex
	busy map[string]chan struct{}
	gone map[string]time.Time
}

// take waits until nobody is at work on the reference.
func (t *attempts) take(ctx context.Context, op, reference string) (release func(), err error) {
	for {
		t.mu.Lock()
		done, taken := t.busy[reference]
		if !taken {
			if t.busy == nil {
				t.busy = map[string]chan struct{}{}
			}
			mine := make(chan struct{})
			t.busy[reference] = mine
			t.mu.Unlock()
			return func() {
				t.mu.Lock()
				defer t.mu.Unlock()
				delete(t.busy, reference)
				close(mine)
			}, nil
		}
		t.mu.Unlock()
		select {
		case <-done:
		case <-ctx.Done():
			return nil, &gateway.Error{Class: gateway.Unknown, Op: op, Err: ctx.Err()}
		}
	}
}

// lose remembers that the answer of a write was lost.
func (t *attempts) lose(reference string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone == nil {
		t.gone = map[string]time.Time{}
	}
	for old, at := range t.gone {
		if now.Sub(at) >= gateway.InFlight {
			delete(t.gone, old)
		}
	}
	t.gone[reference] = now
}

// lost reports whether a write for the reference may still be on its way.
func (t *attempts) lost(reference string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	at, ok := t.gone[reference]
	return ok && now.Sub(at) < gateway.InFlight
}

// last4 are the last digits of a masked number such as XXXX1111.
func last4(number string) string {
	return strings.TrimLeft(number[max(0, len(number)-4):], "X")
}

// brands are the names of accountTypeEnum as people write them.
var brands = map[string]string{"AmericanExpress": "American Express", "MasterCard": "Mastercard", "DinersClub": "Diners Club"}

func brand(accountType string, kind gateway.Kind) string {
	if name, ok := brands[accountType]; ok {
		return name
	}
	if kind == gateway.ECheck {
		return "Bank account"
	}
	if accountType == "" {
		return "Card"
	}
	return accountType
}

func kindOf(p maskedPayment) gateway.Kind {
	if p.BankAccount != nil {
		return gateway.ECheck
	}
	return gateway.Card
}

// method reads a masked card or account, without an id; nil for anything else.
func method(p maskedPayment) *gateway.Method {
	switch {
	case p.CreditCard != nil:
		m := &gateway.Method{Kind: gateway.Card, Brand: brand(p.CreditCard.CardType, gateway.Card), Last4: last4(p.CreditCard.CardNumber)}
		if at, err := time.Parse("2006-01", p.CreditCard.ExpirationDate); err == nil {
			m.ExpYear, m.ExpMonth = at.Year(), int(at.Month())
		}
		return m
	case p.BankAccount != nil:
		name := p.BankAccount.BankName
		if name == "" {
			name = brand("", gateway.ECheck)
		}
		return &gateway.Method{Kind: gateway.ECheck, Brand: name, Last4: last4(p.BankAccount.AccountNumber)}
	}
	return nil
}

// cents of an answer.
func cents(d dollars) money.Cents { return money.Cents(d) }
