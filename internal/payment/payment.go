// Package payment takes money: the life of one payment from the customer's
// "Submit Payment" to the ledger, the cards and bank accounts on file, and the
// consents to auto pay. It is the only place that talks to a payment gateway.
//
// What keeps other people's money safe here:
//
//   - Nothing is sent without a committed row that holds its own idempotency
//     key, amount, method and split; the claim is an UPDATE of that row.
//   - No transaction is open around a gateway call.
//   - The gateway's answer, the return page, webhooks and the poller all end in
//     one function, apply, which moves a payment forward only.
//   - An outcome that is not known stays "submitted" and is looked up until it
//     is. Nothing is ever sent a second time for the same payment.
//   - Within this program one thing at a time is done to a payment, so that an
//     older look-up never overtakes a newer one.
package payment

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

// Gateways are the processors a dealer may choose from, by the name in the
// setting payments.gateway. Each is asked for its adapter with the settings of
// the moment, so that a new key counts at once; it returns an error when the
// settings do not suffice, and the same adapter again while they do not change.
type Gateways map[string]func(*settings.Settings) (gateway.Adapter, error)

// Service takes payments for the open books. It is safe for use by several
// goroutines.
type Service struct {
	db       *db.DB
	clock    calendar.Clock
	settings *settings.Store
	mail     *outbox.Writer
	ledger   *ledger.Service
	gateways Gateways
	log      *slog.Logger

	busy locks
	// pictures is held while a large picture is worked on.
	pictures sync.Mutex
	// pause waits before a request that was not sent is tried again.
	pause func(ctx context.Context, d time.Duration)
	wake  chan struct{}
	// pageTime bounds a look-up that a page waits for.
	pageTime time.Duration

	// trial is the self-test under way, if any, and trials asks for it to be run.
	trial  trialSlot
	trials chan struct{}
	// webhookTime is how long a self-test waits for its webhook.
	webhookTime time.Duration
}

// New returns the payments of the open books.
func New(d *db.DB, clock calendar.Clock, store *settings.Store, mail *outbox.Writer, books *ledger.Service, gateways Gateways, log *slog.Logger) *Service {
	return &Service{db: d, clock: clock, settings: store, mail: mail, ledger: books, gateways: gateways, log: log,
		pause: sleep, wake: make(chan struct{}, 1), pageTime: 8 * time.Second,
		trials: make(chan struct{}, 1), webhookTime: time.Minute}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// State is where a payment stands.
type State string

// The states of a payment. Draft is for what is being put together elsewhere;
// the portal begins with Planned.
const (
	Draft             State = "draft"
	Planned           State = "planned"    // written down, not sent
	Submitted         State = "submitted"  // claimed; what became of it is not known until told
	Action            State = "action"     // waits for the customer: the processor's page, 3-D Secure
	Processing        State = "processing" // a bank debit on its way
	Succeeded         State = "succeeded"
	Failed            State = "failed"
	Canceled          State = "canceled"
	Expired           State = "expired" // the processor's page ran out unpaid
	Returned          State = "returned"
	Disputed          State = "disputed"
	Won               State = "won"
	Lost              State = "lost"
	PartiallyRefunded State = "partially_refunded"
	Refunded          State = "refunded"
)

// before lists for each state those it may be reached from. A payment that was
// given up here and turns out to have taken money there is the one way back:
// the money is real.
var before = map[State][]State{
	Submitted:         {Planned},
	Action:            {Submitted},
	Processing:        {Submitted, Action, Failed, Canceled, Expired},
	Succeeded:         {Submitted, Action, Processing, Failed, Canceled, Expired},
	Failed:            {Submitted, Action, Processing},
	Canceled:          {Planned, Submitted, Action, Processing},
	Expired:           {Submitted, Action},
	PartiallyRefunded: received,
	Refunded:          received,
	Disputed:          received,
	Won:               received,
	Lost:              received,
	Returned:          received,
}

// received are the states of a payment whose money came in, whatever became of it
// since. Which of them it is in follows from its refunds, disputes and returns
// alone, not from the one it was in before.
var received = []State{Succeeded, PartiallyRefunded, Refunded, Disputed, Won, Lost, Returned}

// UnderWay reports whether the payment's end is still open.
func (s State) UnderWay() bool {
	return s == Planned || s == Submitted || s == Action || s == Processing
}

// GaveUp reports whether the payment ended without money being taken.
func (s State) GaveUp() bool { return s == Failed || s == Canceled || s == Expired }

// kept reports whether the payment was received, whatever became of it since.
func (s State) kept() bool { return !s.UnderWay() && !s.GaveUp() && s != Draft }

// Lives of the processor's pages, and of what waits for a customer on ours.
const (
	pageLife   = time.Hour
	setupLife  = 2 * time.Hour
	actionLife = time.Hour           // 3-D Secure that nobody finished
	verifyLife = 10 * 24 * time.Hour // micro-deposits: https://docs.stripe.com/payments/ach-direct-debit#verification
)

// callTime bounds everything that is done at the gateway for one request.
const callTime = 50 * time.Second

// detached returns a context that outlives the request of a customer who closes
// the browser: once something may have been sent its outcome is written down.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), callTime)
}

// active returns the adapter of the dealer's choice; an Unavailable fault with
// words for the customer when payments are off.
func (s *Service) active(ctx context.Context) (gateway.Adapter, *settings.Settings, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return nil, nil, err
	}
	if set.Gateway == "off" {
		return nil, set, off(set, nil)
	}
	if held, err := s.held(ctx); err != nil || held {
		return nil, set, errors.Join(err, off(set, errHeld))
	}
	g, err := s.adapter(set, set.Gateway)
	if err != nil {
		return nil, set, off(set, err)
	}
	return g, set, nil
}

var errHeld = errors.New("payment: nobody has confirmed yet that this is the one running copy of the books")

// held reports whether these books may be a copy of others that are running
// elsewhere: then nothing at all is done at the processor.
func (s *Service) held(ctx context.Context) (bool, error) {
	hold, err := s.db.Hold(ctx)
	if err != nil {
		return false, fmt.Errorf("payment: %w", err)
	}
	return hold != db.NoHold, nil
}

// adapter returns the adapter of that name, for a payment that was begun with it.
func (s *Service) adapter(set *settings.Settings, name string) (gateway.Adapter, error) {
	make, ok := s.gateways[name]
	if !ok {
		return nil, fmt.Errorf("payment: there is no gateway %q", name)
	}
	return make(set)
}

func off(set *settings.Settings, err error) error {
	words := "Online payment is not available at the moment."
	if set.Company.Phone != "" {
		words += " To pay, please call " + set.Company.Name + " at " + set.Company.Phone + "."
	}
	return &fault.Error{Kind: fault.Unavailable, Message: words, Err: err}
}

// Kinds returns how the customer can pay right now, none when payments are off.
func (s *Service) Kinds(ctx context.Context) ([]gateway.Kind, error) {
	g, _, err := s.active(ctx)
	if fault.Is(err, fault.Unavailable) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return g.Info().Kinds, nil
}

// NewNonce returns what a rendered form carries so that it counts once.
func NewNonce() string { return random(16) }

// random returns n random bytes as hexadecimal digits.
func random(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // crypto/rand.Read never fails
	return hex.EncodeToString(raw)
}

// validNonce tells a nonce of ours from anything else in the field.
func validNonce(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == 16
}

// found turns the absence of a row into the NotFound fault for a thing.
func found(err error, thing string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Missing(thing)
	}
	return fmt.Errorf("payment: %s: %w", thing, err)
}

// locks is a lock for each payment and set-up by its reference.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

// try takes the lock when it is free.
func (l *locks) try(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = map[string]chan struct{}{}
	}
	if _, taken := l.held[key]; taken {
		return false
	}
	l.held[key] = make(chan struct{})
	return true
}

// take waits for the lock until ctx ends.
func (l *locks) take(ctx context.Context, key string) error {
	for {
		l.mu.Lock()
		done, taken := l.held[key]
		l.mu.Unlock()
		if !taken {
			if l.try(key) {
				return nil
			}
			continue
		}
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *locks) release(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.held[key])
	delete(l.held, key)
}
