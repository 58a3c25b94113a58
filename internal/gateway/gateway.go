// Package gateway is the one way money is asked for: the interface every payment
// processor is reached through, its value types and its classes of error. It
// knows nothing of invoices, customers' balances or auto pay; an adapter carries
// out one request and reports what the processor says, and never decides what
// that means for the books.
//
// Three rules hold for every adapter, and the contract suite in gatewaytest
// proves them:
//
//   - A decline is a result ([Failed] with a [Failure]), never an error.
//   - An error says what is known about the money: see [Class].
//   - A write that is repeated with the same key and the same fields, within
//     [KeyLife], happens once and gives the same answer.
package gateway

import (
	"context"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// Limits that every adapter keeps and the payment engine plans by.
const (
	// KeyLife is how long an idempotency key may be relied on. Stripe removes
	// keys once they are at least 24 hours old
	// (https://docs.stripe.com/api/idempotent_requests); four hours are left for
	// clocks and queues. An older attempt is looked up by its reference instead
	// of being sent again.
	KeyLife = 20 * time.Hour

	// InFlight is how long a request whose answer was lost may still be at work
	// on the processor's side. Within it [ErrNotFound] from a look-up is no proof
	// that nothing was charged; after it, it is.
	InFlight = 5 * time.Minute

	// MinPageLife and MaxPageLife bound [PaymentPage.ExpiresAt] and
	// [SetupPage.ExpiresAt], counted from the call. They are Stripe's for
	// expires_at (https://docs.stripe.com/api/checkout/sessions/create), with
	// five minutes taken off each end so that a repeated call still fits.
	MinPageLife = 35 * time.Minute
	MaxPageLife = 23*time.Hour + 55*time.Minute
)

// Adapter is one processor account. Its methods may be called concurrently and
// give up when ctx ends (then with class [Unknown] if the request may have been
// sent). No database transaction may be open around a call.
//
// A key is the caller's own idempotency key: made and committed before the first
// call, and given again, with every field unchanged, when the call is repeated.
// References are the caller's too: unique for each attempt, at most 20 letters,
// digits, dashes and underscores, and never re-used; an attempt can be found by
// it for as long as the processor keeps its records. Where a processor has no
// idempotency keys the reference takes the key's place, together with
// [InFlight]: within it a call whose outcome is unknown is answered by what is
// found, or with class [Unknown].
type Adapter interface {
	// Info tells what the adapter is; it makes no request.
	Info() Info

	// SaveCustomer makes the processor's record of a customer (id "") or brings
	// it up to date, and returns its id. It moves no money: after an error it may
	// simply be repeated. ErrNotFound: the processor has deleted that customer
	// and what was on file; make a new one.
	SaveCustomer(ctx context.Context, key, id string, c Customer) (string, error)

	// OpenPaymentPage makes a page on the processor's side where the customer
	// types a new card or bank account and pays. Nothing is charged by this call.
	// Called again with the same key it gives a page with the same id.
	// ErrNotFound as with SaveCustomer, here and for OpenSetupPage and Methods.
	OpenPaymentPage(ctx context.Context, key string, p PaymentPage) (Page, error)

	// OpenSetupPage makes a page on the processor's side where the customer
	// leaves a card or bank account on file without paying.
	OpenSetupPage(ctx context.Context, key string, p SetupPage) (Page, error)

	// Charge takes money from a method on file. The outcome is [Succeeded],
	// [Processing] (bank debits), [Action] (send the customer to ActionURL; never
	// when OffSession) or [Failed]. A method that no longer exists is Failed with
	// [MethodGone].
	Charge(ctx context.Context, key string, c Charge) (Outcome, error)

	// Lookup reads a payment by any id the processor gave: of the page, the
	// payment, the charge, a refund or a dispute, as found in [Page], [Outcome]
	// or [Event]. It is [ErrNotFound] when there is no payment under the id.
	Lookup(ctx context.Context, id string) (Outcome, error)

	// Find reads a payment by our own reference, when no id is known because the
	// answer was lost. It sees what was made a moment ago (no search index is
	// involved). ErrNotFound: see [InFlight]. When several payments carry the
	// reference, the one that took money is returned and the rest are named in
	// Outcome.Duplicates.
	Find(ctx context.Context, f Find) (Outcome, error)

	// LookupSetup reads how a set-up page ended, by its page id or by the id in
	// an [Event] about a set-up.
	LookupSetup(ctx context.Context, id string) (Setup, error)

	// Cancel closes a page that is open or a payment that waits for the customer,
	// so that it cannot be paid any more, and returns what it has become. When
	// it was paid first, or the processor cannot cancel it (a payment from a page
	// whose bank account waits for verification stays Action until that fails or
	// runs out), nothing is canceled and the outcome says so: the caller
	// goes by the outcome's state alone. So does a page that the processor cannot
	// close: it stays Open until it has run out. For a set-up page only State,
	// Reference and PageID are filled.
	Cancel(ctx context.Context, key, id string) (Outcome, error)

	// Refund sends money of a succeeded payment back to where it came from.
	// A refund the processor will not make is a result too ([RefundFailed]).
	Refund(ctx context.Context, key string, r Refund) (RefundOutcome, error)

	// Refunds lists the refunds of a payment, newest first.
	Refunds(ctx context.Context, paymentID string) ([]RefundOutcome, error)

	// Methods lists the cards and bank accounts the customer has on file, newest
	// first.
	Methods(ctx context.Context, customerID string) ([]Method, error)

	// DetachMethod removes a method from the customer's file for good. A method
	// that is gone already is no error.
	DetachMethod(ctx context.Context, key, methodID string) error

	// VerifyWebhook checks the signature of a webhook over its raw body and
	// returns which object it is about, and nothing else of it: a webhook is a
	// hint what to look up. header is the request's Header.Get. Any reason to
	// refuse it is [ErrSignature].
	VerifyWebhook(body []byte, header func(name string) string) (Event, error)

	// Changes lists what happened since the cursor of the call before, oldest
	// first, and the next cursor. An empty cursor begins at the oldest change the
	// processor keeps (Stripe: 30 days). The same change may come twice, in this
	// list and by webhook: tell them apart by Event.ID. more says that the list
	// goes on at once from the next cursor.
	Changes(ctx context.Context, cursor string) (events []Event, next string, more bool, err error)
}

// Info describes an adapter.
type Info struct {
	// Name is "stripe", "sandbox", ...
	Name string
	// Test says that no money moves.
	Test bool
	// PageOrigins are the origins of the processor's pages, as they must stand in
	// the form-action of our Content-Security-Policy so that a form of ours may
	// be answered by a redirect to them. It is empty when the pages are our own.
	PageOrigins []string
	// PageLife is how long a page stays open at a processor that cannot close its
	// pages; 0 where [Adapter.Cancel] closes them.
	PageLife time.Duration
	// Kinds are the kinds of method this account takes.
	Kinds []Kind
	// Min and Max bound the amount of one payment.
	Min, Max money.Cents
}

// Kind is how money is taken.
type Kind string

// The kinds of method.
const (
	Card   Kind = "card"
	ECheck Kind = "echeck" // a debit of a US bank account (ACH)
)

// Customer is what the processor is told about a customer; it fills in its
// hosted pages and helps the dealer to find payments on the processor's own site.
type Customer struct {
	Reference string // the dealer's customer number
	Name      string
	Email     string
	Phone     string
	Line1     string
	Line2     string
	City      string
	State     string
	Zip       string
}

// PaymentPage asks for a hosted payment page.
type PaymentPage struct {
	Reference string
	// CustomerID is from SaveCustomer; "" for a payer who may not be the
	// customer. To him the page shows nothing that is on the customer's file, not
	// even a name, and nothing he types is kept there.
	CustomerID  string
	Kind        Kind
	Amount      money.Cents
	Description string // shown to the customer on the page, such as "Invoices 1041, 1042"
	// KeepOnFile stores the method with the customer's file when the payment is
	// made. Set it only when the customer ticked it.
	KeepOnFile bool
	SuccessURL string // where the customer comes back to, paid or processing
	CancelURL  string // where the customer comes back to without paying
	// ExpiresAt is fixed by the caller, not counted from the call, because a
	// repeated call must be the same in every field.
	ExpiresAt calendar.Instant
}

// SetupPage asks for a hosted page that puts a method on file.
type SetupPage struct {
	Reference  string
	CustomerID string
	Kind       Kind
	SuccessURL string
	CancelURL  string
	ExpiresAt  calendar.Instant
}

// Page is a hosted page. What opens it holds for one customer.
type Page struct {
	ID  string
	URL string
	// Post is "" when the page is opened by its address. Otherwise it is opened by
	// a form that posts these fields there, given as in a query, until PostUntil.
	Post      string
	PostUntil calendar.Instant
}

// Charge asks for money from a method on file.
type Charge struct {
	Reference   string
	CustomerID  string
	MethodID    string
	Kind        Kind
	Amount      money.Cents
	Description string
	// OffSession says that the customer is not there (auto pay): nothing can be
	// asked of him, so what would be Action is Failed with AuthenticationRequired.
	OffSession bool
	// ReturnURL is where the customer comes back to after ActionURL.
	ReturnURL string
}

// Find asks for the payment with our reference.
type Find struct {
	Reference  string
	CustomerID string           // the payment was made for this customer; "" as in PaymentPage
	Since      calendar.Instant // when the attempt was first sent, or earlier
}

// State is what has become of a payment at the processor.
type State string

// The states of a payment. Open and Action wait for the customer; Succeeded can
// still be refunded, disputed or (bank debits) returned.
const (
	Open       State = "open"       // a hosted page that can still be paid; nothing is charged
	Action     State = "action"     // the customer must authenticate or verify at ActionURL
	Processing State = "processing" // on its way; bank debits take up to four business days
	Succeeded  State = "succeeded"
	Failed     State = "failed"   // declined or returned before it succeeded; Failure says why
	Canceled   State = "canceled" // canceled, or a page that expired: no money was or will be taken
	Unclear    State = "unclear"  // a state this adapter does not know: treat as an unknown outcome
)

// Final reports whether the state can change only through refunds, disputes and
// returns.
func (s State) Final() bool { return s == Succeeded || s == Failed || s == Canceled }

// Outcome is what the processor says about one payment.
type Outcome struct {
	State     State
	Reference string // ours; "" for a payment that did not come from here
	PaymentID string // the processor's id of the payment; "" before one exists
	PageID    string // the hosted page it was paid on, when looked up by it
	ChargeID  string // the processor's id of the movement itself; "" before one exists

	CustomerID string
	Method     *Method // what was charged or tried last; nil when not known yet
	Amount     money.Cents
	Received   money.Cents      // what was taken; Amount when Succeeded
	Fee        *money.Cents     // the processor's fee; nil when not known (yet)
	Created    calendar.Instant // when the processor made it

	ActionURL string   // with Action; may be "" when the customer acts elsewhere
	Failure   *Failure // with Failed; with Open, why the last try on the page failed

	Refunded   money.Cents // sum of refunds that were not refused
	Disputes   []Dispute   // newest first; includes bank returns after success
	Duplicates []string    // further payments with the same reference: a person must look
}

// Returned reports whether the money of a succeeded bank debit was sent back by
// the bank.
func (o Outcome) Returned() bool {
	for _, d := range o.Disputes {
		if d.Return && d.State == DisputeLost {
			return true
		}
	}
	return false
}

// Disputed reports whether the payment is or was disputed or returned.
func (o Outcome) Disputed() bool { return len(o.Disputes) > 0 }

// DisputeState is how a dispute stands.
type DisputeState string

// The states of a dispute. Open may already have moved the money away.
const (
	DisputeOpen DisputeState = "open"
	DisputeWon  DisputeState = "won" // also: an inquiry that was closed without loss
	DisputeLost DisputeState = "lost"
)

// Dispute is money claimed back after a payment succeeded: a card holder's
// dispute or, with Return, a bank's return of a debit, which is final.
type Dispute struct {
	ID      string
	State   DisputeState
	Return  bool
	Amount  money.Cents
	Failure Failure
	Created calendar.Instant
	// AnswerBy is until when an open dispute must be answered with proof; 0 when
	// there is nothing to answer, or the processor does not say.
	AnswerBy calendar.Instant
}

// Method is a card or bank account. No more of its number is known here than
// the last four digits.
type Method struct {
	ID          string
	Kind        Kind
	Brand       string // "Visa", or the bank's name
	Last4       string
	ExpMonth    int    // 1-12; 0 for bank accounts
	ExpYear     int    // four digits; 0 for bank accounts
	Fingerprint string // the same for the same number within one account; may be ""
	OnFile      bool   // kept with the customer's file: it can be charged again
}

// Setup is how a set-up page ended.
type Setup struct {
	State      State // Open, Action (the bank account waits for verification), Succeeded, Failed, Canceled
	Reference  string
	PageID     string
	CustomerID string
	Method     *Method // with Succeeded
	ActionURL  string
	Failure    *Failure
}

// Refund asks for money to be sent back.
type Refund struct {
	Reference string // of this refund
	PaymentID string
	Amount    money.Cents
}

// RefundState is how a refund stands.
type RefundState string

// The states of a refund.
const (
	RefundPending   RefundState = "pending"
	RefundSucceeded RefundState = "succeeded"
	RefundFailed    RefundState = "failed" // the money stays with, or came back to, the dealer
)

// RefundOutcome is one refund. ID is "" for one the processor refused to make.
type RefundOutcome struct {
	ID        string
	Reference string
	// Void says that the whole payment was taken back before it settled, at a
	// processor that keeps no reference with that.
	Void      bool
	PaymentID string
	State     RefundState
	Amount    money.Cents
	Failure   *Failure // with RefundFailed
	Created   calendar.Instant
}

// Subject is the kind of thing an event is about.
type Subject string

// The subjects of events.
const (
	AboutPayment Subject = "payment" // Lookup(ObjectID)
	AboutPage    Subject = "page"    // Lookup or LookupSetup(ObjectID), as the page was opened
	AboutSetup   Subject = "setup"   // LookupSetup(ObjectID)
	AboutMethod  Subject = "method"  // Methods of the customers that have ObjectID on file
	AboutOther   Subject = "other"   // nothing to do
)

// Event is a hint that something changed at the processor.
type Event struct {
	ID       string
	Type     string // the processor's own word
	Subject  Subject
	ObjectID string
	Created  calendar.Instant // zero when it came by webhook
}
