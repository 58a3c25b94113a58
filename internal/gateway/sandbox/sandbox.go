// Package sandbox is a payment gateway that moves no money: the real Stripe
// adapter over a fake of Stripe's HTTP API in the same process. The fake keeps
// state the way Stripe does - idempotency keys, Checkout pages, 3-D Secure, bank
// debits that settle or come back, refunds, disputes, signed webhooks - and its
// hosted pages are served by [Sandbox.Handler]. Faults can be ordered, and what
// was charged can be listed and compared with the ledger.
//
// Its state is its own: in memory, or in a file beside the dealer's database
// that survives the program being killed, as the books of a real processor do.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/stripe"
	"customerportal/internal/money"
)

// SecretKey is the only key the fake API takes.
const SecretKey = "sk_test_sandbox"

const apiVersion = "2026-06-24.dahlia" // of the stripe-go release in go.mod

// Config is one sandbox.
type Config struct {
	// BaseURL is the public address of Handler, without a slash at its end, such
	// as "https://portal.example.com/sandbox".
	BaseURL string
	// Business is the dealer's name on the hosted pages.
	Business string
	Clock    calendar.Clock
	// File keeps the state; "" keeps it in memory.
	File string
	// SettleAfter is how long a bank debit or its refund takes. Zero: until told.
	SettleAfter time.Duration
	// Deliver hands a webhook over, see [Deliver]. Nil: no webhooks are made,
	// changes are seen by asking.
	Deliver Deliver
	// Control serves the control page, where anybody may settle, return and
	// dispute payments and order faults. For demonstrations only.
	Control bool
	// Timeout of one call; zero means the Stripe adapter's own.
	Timeout time.Duration
}

// Deliver hands over one webhook: its body and its Stripe-Signature header. An
// error means that it was not accepted and is to be tried again later.
type Deliver func(ctx context.Context, body []byte, signature string) error

// Sandbox is a [gateway.Adapter] and the processor behind it.
type Sandbox struct {
	*stripe.Adapter

	base        *url.URL
	business    string
	clock       calendar.Clock
	settleAfter time.Duration
	deliver     Deliver
	control     bool
	secret      string // of webhooks

	mu       sync.Mutex // guards all below
	books    *store
	faults   []*Fault
	inFlight map[string]int // keys of requests that are still running
	advanced int64          // the second advance last looked at
	delivery Delivery

	wake chan struct{}  // something is to be delivered
	late sync.WaitGroup // slow requests
}

var _ gateway.Adapter = (*Sandbox)(nil)

// New opens a sandbox. It starts nothing: see [Sandbox.Run].
func New(c Config) (*Sandbox, error) {
	base, err := url.Parse(c.BaseURL)
	if err != nil || !absolute(c.BaseURL) || strings.HasSuffix(c.BaseURL, "/") {
		return nil, fmt.Errorf("sandbox: %q is no base URL", c.BaseURL)
	}
	if c.Clock == nil {
		return nil, errors.New("sandbox: no clock")
	}
	books, err := openStore(c.File, c.Clock().Unix()-keyLife)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{
		base: base, business: c.Business, clock: c.Clock, settleAfter: c.SettleAfter, deliver: c.Deliver, control: c.Control,
		secret: books.account.WebhookSecret, books: books, inFlight: map[string]int{}, wake: make(chan struct{}, 1),
	}
	s.Adapter, err = stripe.New(stripe.Config{
		SecretKey: SecretKey, WebhookSecret: s.secret, Clock: c.Clock, Timeout: c.Timeout, Transport: s.Transport(),
	})
	return s, err
}

// Info implements [gateway.Adapter]. The hosted pages are our own, so that no
// other origin needs to be named.
func (s *Sandbox) Info() gateway.Info {
	info := s.Adapter.Info()
	info.Name, info.PageOrigins = "sandbox", nil
	return info
}

// Close waits for what is under way and closes the state file.
func (s *Sandbox) Close() error {
	s.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.books.journal == nil {
		return nil
	}
	return s.books.journal.Close()
}

// errDone is what the test calls return when a payment is not in a state to have
// that done to it.
var errDone = errors.New("sandbox: not in a state for that")

// act runs one change of the books by hand.
func (s *Sandbox) act(f func(*call) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock().Unix()
	s.advance(now)
	err := f(&call{Sandbox: s, now: now})
	if err := s.books.commit(); err != nil {
		return err
	}
	s.wakeUp()
	return err
}

// ChargeRecord is one charge as the processor has it in its books.
type ChargeRecord struct {
	ID         string
	PaymentID  string
	Reference  string // of the payment
	CustomerID string
	MethodID   string
	Kind       gateway.Kind
	Brand      string
	Last4      string
	Amount     money.Cents
	Refunded   money.Cents
	State      gateway.State // Succeeded, Processing, Failed
	Disputes   []string      // "lost:insufficient_funds", ...
	Created    calendar.Instant
	Pending    []string // ids of refunds under way
}

// Charges lists every charge there has ever been, newest first: what the dealer
// would find on his processor's statement. Tests compare it with the ledger.
func (s *Sandbox) Charges() []ChargeRecord {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(s.clock().Unix())
	_ = s.books.commit() // a failed journal stops the next request
	var list []ChargeRecord
	for _, ch := range newest(s.books.charges, func(c *charge) int64 { return c.Seq }, func(*charge) bool { return true }) {
		list = append(list, s.chargeRecord(ch))
	}
	return list
}

func (s *Sandbox) chargeRecord(ch *charge) ChargeRecord {
	pi, m := s.books.intents[ch.Intent], s.books.methods[ch.Method]
	r := ChargeRecord{
		ID: ch.ID, PaymentID: ch.Intent, Reference: pi.Metadata["reference"], CustomerID: ch.Customer, MethodID: ch.Method,
		Kind: kindOf(m.Type), Brand: m.Brand, Last4: m.Last4, Amount: money.Cents(ch.Amount), Refunded: money.Cents(ch.Refunded),
		Created: calendar.Instant(ch.Created * 1000),
		State:   map[string]gateway.State{"pending": gateway.Processing, "succeeded": gateway.Succeeded, "failed": gateway.Failed}[ch.Status],
	}
	for _, d := range newest(s.books.disputes, func(d *dispute) int64 { return d.Seq }, func(d *dispute) bool { return d.Charge == ch.ID }) {
		r.Disputes = append(r.Disputes, d.Status+":"+d.Reason)
	}
	for _, re := range newest(s.books.refunding, func(re *refund) int64 { return re.Seq }, func(re *refund) bool { return re.Charge == ch.ID }) {
		r.Pending = append(r.Pending, re.ID)
	}
	return r
}

func kindOf(methodType string) gateway.Kind {
	if methodType == "card" {
		return gateway.Card
	}
	return gateway.ECheck
}

// Taken adds up what was really taken, refunds not subtracted: the charges that
// succeeded or are on their way and carry the reference ("" for all).
func (s *Sandbox) Taken(reference string) (sum money.Cents, count int) {
	for _, c := range s.Charges() {
		if c.State != gateway.Failed && (reference == "" || c.Reference == reference) {
			sum += c.Amount
			count++
		}
	}
	return sum, count
}

// Settle makes the bank pay a debit that is in processing.
func (s *Sandbox) Settle(paymentID string) error {
	return s.act(func(c *call) error {
		ch := c.chargeOf(paymentID)
		if ch == nil || ch.Status != "pending" {
			return errDone
		}
		c.settle(ch, "")
		return nil
	})
}

// Return makes the bank send a debit back with a Nacha code ("R01", "R02",
// "R03", "R10", "R16", "R29"): a failure while it is in processing, a dispute
// that is lost at once after it had succeeded.
func (s *Sandbox) Return(paymentID, nacha string) error {
	if _, known := bankReturns[nacha]; !known {
		return fmt.Errorf("sandbox: unknown return code %q", nacha)
	}
	return s.act(func(c *call) error {
		ch := c.chargeOf(paymentID)
		if ch == nil || ch.Status == "failed" || ch.Disputed || c.books.methods[ch.Method].Type == "card" {
			return errDone
		}
		c.bankReturn(ch, nacha)
		return nil
	})
}

// Dispute makes the card's holder dispute a payment.
func (s *Sandbox) Dispute(paymentID string) error {
	return s.act(func(c *call) error {
		ch := c.chargeOf(paymentID)
		if ch == nil || ch.Status != "succeeded" || ch.Disputed {
			return errDone
		}
		c.openDispute(c.books.intents[paymentID], ch, "needs_response", "fraudulent", "10.4")
		return nil
	})
}

// EndDispute decides an open dispute.
func (s *Sandbox) EndDispute(paymentID string, won bool) error {
	return s.act(func(c *call) error {
		for _, d := range c.books.disputes {
			if d.Intent == paymentID && d.Status == "needs_response" {
				if d.Status = "lost"; won {
					d.Status = "won"
				}
				c.books.put(d)
				c.emit("charge.dispute.closed", "dispute", d.ID)
				return nil
			}
		}
		return errDone
	})
}

// EndRefund settles a refund to a bank account, or makes any refund fail: the
// money comes back to the dealer.
func (s *Sandbox) EndRefund(refundID string, paid bool) error {
	return s.act(func(c *call) error {
		re := c.books.refunds[refundID]
		if re == nil || re.Status == "failed" || re.Status == "succeeded" && paid {
			return errDone
		}
		c.endRefund(re, paid)
		return nil
	})
}

// Attach puts one of Stripe's ready-made test methods ("pm_card_visa",
// "pm_usBankAccount", ...) on a customer's file and returns its id.
func (s *Sandbox) Attach(customerID, shortcut string) (string, error) {
	var id string
	err := s.act(func(c *call) error {
		number, known := shortcuts[shortcut]
		if !known || c.books.customers[customerID] == nil {
			return fmt.Errorf("sandbox: no %q or no customer %q", shortcut, customerID)
		}
		m := c.shortcut(number)
		m.Customer = customerID
		c.books.put(m)
		id = m.ID
		return nil
	})
	return id, err
}

// Behave changes what a method does when it is charged next.
func (s *Sandbox) Behave(methodID string, b Behavior) error {
	return s.act(func(c *call) error {
		m := c.books.methods[methodID]
		if m == nil {
			return errDone
		}
		m.Behavior = b
		c.books.put(m)
		return nil
	})
}

// Renew replaces a card on file as its bank would, and as Stripe's updater then
// follows.
func (s *Sandbox) Renew(methodID, last4 string, month, year int) error {
	return s.act(func(c *call) error {
		m := c.books.methods[methodID]
		if m == nil || m.Type != "card" {
			return errDone
		}
		m.Last4, m.ExpMonth, m.ExpYear = last4, month, year
		c.books.put(m)
		c.emit("payment_method.automatically_updated", "payment_method", m.ID)
		return nil
	})
}

// Expire lets an open page run out.
func (s *Sandbox) Expire(pageID string) error {
	return s.act(func(c *call) error {
		p := c.books.sessions[pageID]
		if p == nil || p.Status != "open" {
			return errDone
		}
		c.expirePage(p)
		return nil
	})
}

func (c *call) chargeOf(paymentID string) *charge {
	if r := c.books.intents[paymentID]; r != nil {
		return c.books.charges[r.Charge]
	}
	return nil
}

func (s *Sandbox) authenticateURL(id, secret string) string {
	return s.base.String() + "/authenticate/" + id + "/" + secret
}

// Run delivers webhooks and lets time pass until ctx ends.
func (s *Sandbox) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := s.act(func(*call) error { return nil }); err != nil {
			return // the state file cannot be written: every call says so from now on
		}
		s.DeliverPending(ctx)
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-tick.C:
		}
	}
}

func (s *Sandbox) wakeUp() {
	if len(s.books.undelivered) > 0 {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// Delivery is how webhooks arrive.
type Delivery string

// The manners of delivery.
const (
	InOrder   Delivery = ""          // once each, oldest first
	Twice     Delivery = "twice"     // each two times
	Backwards Delivery = "backwards" // newest first
	Withheld  Delivery = "withheld"  // not at all, until changed
)

// SetDelivery changes how webhooks arrive from now on.
func (s *Sandbox) SetDelivery(d Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delivery = d
	s.wakeUp()
}

// giveUpAfter is how often a webhook is tried; the pauses double from one second,
// so that the last try is about three days after the first, as with Stripe.
const giveUpAfter = 18

// DeliverPending hands over the webhooks that are due and returns how many were
// accepted. Run does it by itself; tests call it when they want it to happen.
func (s *Sandbox) DeliverPending(ctx context.Context) int {
	s.mu.Lock()
	now, manner := s.clock().Unix(), s.delivery
	due := newest(s.books.undelivered, func(e *event) int64 { return -e.Seq }, func(e *event) bool { return e.NextTry <= now })
	s.mu.Unlock()
	switch manner {
	case Withheld:
		return 0
	case Backwards:
		slices.Reverse(due)
	}
	accepted := 0
	for _, e := range due {
		body := jsonBody(eventJSON(e))
		err := s.deliver(ctx, body, stripe.SignWebhook(body, s.secret, s.clock()))
		if err == nil && manner == Twice {
			err = s.deliver(ctx, body, stripe.SignWebhook(body, s.secret, s.clock()))
		}
		if ctx.Err() != nil {
			return accepted
		}
		s.mu.Lock()
		e.Attempts++
		e.Delivered = err == nil || e.Attempts == giveUpAfter
		e.NextTry = s.clock().Unix() + 1<<e.Attempts
		s.books.put(e)
		_ = s.books.commit() // a failed journal stops the next request, and Run
		s.mu.Unlock()
		if err == nil {
			accepted++
		}
	}
	return accepted
}

// Transport is the fake of Stripe's API, as the transport of an HTTP client.
func (s *Sandbox) Transport() http.RoundTripper { return roundTripper{s} }

// WebhookSecret is what the webhooks of this sandbox are signed with.
func (s *Sandbox) WebhookSecret() string { return s.secret }
