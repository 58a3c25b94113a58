// Package autopay takes what customers who gave their permission owe, once a
// month on their day: it plans, has the payment engine claim and charge, follows
// what became of it, tries again what may be tried again, and tells both sides.
//
// What keeps it from taking anything twice:
//
//   - A customer's month is decided by a row with the key (customer, month). The
//     day is derived from the consent, never from the run before; however often
//     the job runs, in however many programs, whatever the clock does, a month
//     has one row.
//   - Each attempt is a payment of its own, planned in the transaction that
//     decides the month. Its reference and its idempotency key are derived from
//     customer, month and number of the attempt, so that an attempt can be found
//     at the processor even when the books were put back to before it was made.
//   - It is claimed by an UPDATE of its row, with no transaction open around the
//     call, and what the processor answers goes through the payment engine's one
//     function. An outcome that is not known stays so until it is looked up.
//
// A hold, a revoked consent or a replaced method counts until the moment of the
// claim.
package autopay

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/settings"
)

const (
	// hour of the dealer's day at which the day begins for auto pay.
	hour = 6
	// catchUp is for how many days after a customer's day the payment is taken
	// late without asking, after the portal was off or payments were.
	catchUp = 5
	// most is how many customers one transaction decides about at most.
	most = 64
	// breath is how long a transaction goes on with the next one of a batch.
	breath = 30 * time.Millisecond
)

// Service is the auto pay of the open books. It is safe for use by several
// goroutines.
type Service struct {
	db       *db.DB
	clock    calendar.Clock
	settings *settings.Store
	mail     *outbox.Writer
	payments *payment.Service
	ledger   *ledger.Service
	log      *slog.Logger
	wake     chan struct{}
	preview  db.Kept[[]Row]

	mu sync.Mutex
	// searched is the day for which all customers were looked through and noticed
	// the one for which all notices were made, so that the job, which wakes often,
	// does it once a day. They are only ever a saving: the rows are the guard.
	searched, noticed calendar.Date
	again             calendar.Instant // when somebody could not be decided about

	next nextMemo
}

// New returns the auto pay of the open books.
func New(d *db.DB, clock calendar.Clock, store *settings.Store, mail *outbox.Writer, payments *payment.Service, books *ledger.Service, log *slog.Logger) *Service {
	return &Service{db: d, clock: clock, settings: store, mail: mail, payments: payments, ledger: books, log: log, wake: make(chan struct{}, 1)}
}

// Woken tells when there is something to do before the next regular time.
func (s *Service) Woken() <-chan struct{} { return s.wake }

// Wake asks for [Service.Run] to be called now.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// today is the dealer's day, and day the one that auto pay works for: until six
// in the morning it is the day before.
func (s *Service) today(ctx context.Context) (today, day calendar.Date, err error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return "", "", err
	}
	now := s.clock().In(set.Zone)
	today = calendar.DateOf(now)
	if day = today; now.Hour() < hour {
		day = today.AddDays(-1)
	}
	return today, day, nil
}

// latest is the last of a customer's days that is not after a day. It is counted
// from the months, so it never drifts.
func latest(on calendar.Date, days ledger.AutoPayDays) calendar.Date {
	period := ledger.AutoPayPeriod(on)
	due := ledger.AutoPayOn(period, days.In(period))
	if due > on {
		period = lastPeriod(on)
		due = ledger.AutoPayOn(period, days.In(period))
	}
	return due
}

// lastPeriod is the month before that of a day.
func lastPeriod(on calendar.Date) string {
	return ledger.AutoPayPeriod(calendar.NewDate(on.Year(), on.Month()-1, 1))
}

// dueOf is latest for a row of those who are due.
func dueOf(on calendar.Date, r db.ListAutoPayDueRow) calendar.Date {
	if due := ledger.AutoPayOn(ledger.AutoPayPeriod(on), int(r.ThisDay)); due <= on {
		return due
	}
	return ledger.AutoPayOn(lastPeriod(on), int(r.LastDay))
}

// referenceAlphabet is that of [ledger.NewReference].
const referenceAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// referenceOf is the reference of one attempt: the same whenever it is asked for,
// so that a payment made before the books were put back is found again. Salt is
// for the case that another payment has it by chance.
func referenceOf(customerID int64, made calendar.Instant, period string, number int64, salt int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "auto pay %d %d %s %d %d", customerID, made, period, number, salt))
	b := make([]byte, 0, 11)
	for i := range 10 {
		if i == 5 {
			b = append(b, '-')
		}
		b = append(b, referenceAlphabet[sum[i]&31])
	}
	return string(b)
}

// Hold says that auto pay takes nothing: of one customer, or of anybody.
type Hold struct {
	Reason string
	By     string // who placed it; "" = the program
	At     calendar.Instant
}

func holdOf(reason, by string, at calendar.Instant) *Hold {
	return &Hold{Reason: reason, By: by, At: at}
}

// holdOfAll returns the hold of everybody, nil when there is none.
func holdOfAll(ctx context.Context, q *db.Queries) (*Hold, error) {
	h, err := q.GetAutoPayHoldOfAll(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("autopay: hold: %w", err)
	}
	return holdOf(h.Reason, h.Staff, h.PlacedAt), nil
}
