package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// autoPay is the source of the payments that the portal takes by itself. They
// are planned by the auto pay noun and go the way of all others from the claim
// on; only what their failure leads to is decided, and told, over there.
const autoPay = "autopay"

const (
	// callers is how many auto payments are at the processor at once. Stripe takes
	// 100 requests a second and more (https://docs.stripe.com/rate-limits); a few
	// leave room for the customers who are paying by hand.
	callers = 6
	// breath is how long one transaction goes on with the next result of a batch,
	// so that a customer's click waits a moment at most.
	breath = 30 * time.Millisecond
)

// AutoPayGateway tells what the processor of the dealer's choice takes; an
// Unavailable fault when payments are off or the books are on hold, for then
// auto pay takes nothing.
func (s *Service) AutoPayGateway(ctx context.Context) (gateway.Info, error) {
	g, _, err := s.active(ctx)
	if err != nil {
		return gateway.Info{}, err
	}
	return g.Info(), nil
}

// AutoOrder is one payment that auto pay plans.
type AutoOrder struct {
	CustomerID int64
	MethodID   int64
	UserID     int64 // who gave the consent and gets the receipt; 0 = the address on file
	PreviousID int64 // the attempt before it, 0 for the first
	// Reference is unique for the attempt and the same whenever the same attempt is
	// planned again, in books that were put back too.
	Reference   string
	Date        calendar.Date
	Allocations []ledger.Allocation // each with its amount
}

// PlanAutoPay writes a payment and its split down, to be claimed and sent by
// [Service.ChargeAutoPay]. It runs in the caller's transaction and returns the
// payment's id. A Conflict: another payment has the reference.
func (s *Service) PlanAutoPay(ctx context.Context, q *db.Queries, now calendar.Instant, o AutoOrder) (int64, error) {
	if _, err := q.GetPaymentByReference(ctx, o.Reference); err == nil {
		return 0, fault.New(fault.Conflict, "There is a payment %s already.", o.Reference)
	} else if !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("payment: %w", err)
	}
	m, err := q.GetMethod(ctx, o.MethodID)
	if err != nil {
		return 0, found(err, "payment method")
	}
	var total money.Cents
	for _, a := range o.Allocations {
		total += a.Cents
	}
	kind := ledger.Kind(m.Kind)
	id, err := q.AddPayment(ctx, db.AddPaymentParams{
		Reference: o.Reference, CustomerID: o.CustomerID, Source: autoPay, Kind: m.Kind, TypeLabel: kind.Label(), NumberLabel: m.Last4, Brand: m.Brand,
		AmountCents: total, PaymentDate: o.Date, Gateway: m.Gateway, MethodID: db.NullID(m.ID),
		IdempotencyKey: "autopay-" + o.Reference, Nonce: "autopay-" + o.Reference,
		PreviousID: db.NullID(o.PreviousID), UserID: db.NullID(o.UserID), CreatedAt: now,
	})
	if err != nil {
		return 0, fmt.Errorf("payment: %w", err)
	}
	for _, a := range o.Allocations {
		if err := q.AddAllocation(ctx, db.AddAllocationParams{PaymentID: id, InvoiceID: a.InvoiceID, Cents: a.Cents}); err != nil {
			return 0, fmt.Errorf("payment: %w", err)
		}
	}
	return id, audit.Record(ctx, q, now, audit.Program, audit.Entry{Action: "payment.plan", CustomerID: o.CustomerID, Object: "payment " + o.Reference,
		After: map[string]string{"amount": total.Plain(), "kind": m.Kind}})
}

// SwitchedOff is the code of a planned auto payment that was canceled because
// auto pay was switched off.
const SwitchedOff = "off"

// CancelAutoPay gives a planned auto payment up before it was claimed. It runs in
// the caller's transaction and reports whether it was still to be canceled.
func (s *Service) CancelAutoPay(ctx context.Context, q *db.Queries, now calendar.Instant, p db.Payment, code, words string) (bool, error) {
	if State(p.State) != Planned {
		return false, nil
	}
	a := application{Service: s, q: q, by: audit.Program, now: now, p: &p}
	return a.move(ctx, Canceled, &gateway.Failure{Code: gateway.Code(code), Message: words})
}

// ClosePages closes the processor's pages of payments that customers left open,
// so that what they are for can be paid otherwise. One that cannot be closed
// keeps no other open.
func (s *Service) ClosePages(ctx context.Context, references []string) error {
	var failed error
	for _, r := range references {
		if ctx.Err() != nil {
			return errors.Join(failed, ctx.Err())
		}
		_, err := s.closePage(ctx, audit.Program, r)
		failed = errors.Join(failed, err)
	}
	return failed
}

// CatchUp reads the processor's own list of changes to its end and looks into
// what is new in it, so that a run is planned on what the processor knows. It
// returns an error when the list cannot be read: nothing is planned then.
func (s *Service) CatchUp(ctx context.Context) error {
	g, _, err := s.active(ctx)
	if err != nil {
		return err
	}
	row, err := s.db.Read().GetGatewayCursor(ctx, g.Info().Name)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("payment: %w", err)
	}
	for cursor, more := row.Cursor, true; more; {
		if cursor, more, err = s.stretch(ctx, g, cursor, s.clock.Now()); err != nil {
			return err
		}
	}
	// the rest is looked into by Settle meanwhile; what it finds moves payments
	// forward and can only lower what is open
	const rounds = 8
	for range rounds {
		open, err := s.db.Read().ListOpenGatewayEvents(ctx, 1)
		if err != nil {
			return fmt.Errorf("payment: events: %w", err)
		}
		if len(open) == 0 {
			return nil
		}
		if err := s.openEvents(ctx); err != nil {
			return err
		}
	}
	return nil
}

// AutoCharge is how a batch of planned auto payments is carried out.
type AutoCharge struct {
	// May is asked in the transaction of the claim, for what was decided since the
	// payment was planned: a hold, a consent that was revoked. It may cancel the
	// payment. Nothing is sent for which it says no.
	May func(ctx context.Context, q *db.Queries, p db.Payment) (bool, error)
	// LookFirst asks the processor for each payment by its reference before it is
	// sent: the books may have been put back to before it was made.
	LookFirst bool
}

// AutoTally is what became of a batch.
type AutoTally struct {
	Claimed int
	Settled int // the processor gave an outcome, good or bad
	Unsent  int // put back: the processor could not be reached or takes no more now
	Unknown int // it may have been carried out: it is looked up
	// Refused is the payment with which the processor said that it cannot work
	// like this, with its words; 0 when it did not. It was put back, as were those
	// that came after it.
	Refused int64
	Cause   error
}

// auto is one payment of a batch on its way.
type auto struct {
	p       db.Payment
	out     gateway.Outcome
	err     error
	unsent  bool
	outcome bool
}

// ChargeAutoPay claims planned auto payments, charges them with the customer not
// there, a few at a time, and writes down what became of them, several in one
// transaction. Each goes through the same function as every other payment. No
// transaction is open while the processor is called. When ctx ends, what is at
// the processor is waited for and written down, and the rest is put back.
//
// It returns an Unavailable fault when payments are off.
func (s *Service) ChargeAutoPay(ctx context.Context, ids []int64, c AutoCharge) (AutoTally, error) {
	var t AutoTally
	g, _, err := s.active(ctx)
	if err != nil {
		return t, err
	}
	batch, err := s.ready(ctx, g, ids, &t)
	defer func() {
		for _, a := range batch {
			s.busy.release(a.p.Reference)
		}
	}()
	if err != nil || len(batch) == 0 {
		return t, err
	}
	claimed, err := s.claim(ctx, batch, c)
	if err != nil {
		return t, err
	}
	t.Claimed = len(claimed)
	err = s.chargeAll(ctx, g, claimed, c, &t)
	if t.Unknown > 0 {
		s.Wake()
	}
	return t, err
}

// ready takes the locks of the payments and makes sure that the processor knows
// the customers.
func (s *Service) ready(ctx context.Context, g gateway.Adapter, ids []int64, t *AutoTally) ([]*auto, error) {
	var batch []*auto
	for _, id := range ids {
		if ctx.Err() != nil {
			return batch, nil
		}
		p, err := s.db.Read().GetPayment(ctx, id)
		if err != nil {
			return batch, fmt.Errorf("payment: %w", err)
		}
		if State(p.State) != Planned || p.Source != autoPay || !s.busy.try(p.Reference) {
			continue
		}
		a := &auto{p: p}
		batch = append(batch, a)
		if p.Gateway != g.Info().Name {
			continue // the claim asks and finds that the method is of no use now
		}
		a.p.CustomerRef, err = s.customer(ctx, g, p.CustomerID, "")
		if err != nil {
			s.log.Warn("payment: customer not known to the processor", "payment", p.Reference, "error", err.Error())
			a.unsent = true
			t.Unsent++
			if gateway.ClassOf(err) == gateway.Config && t.Refused == 0 {
				t.Refused, t.Cause = p.ID, err
			}
		}
	}
	return batch, nil
}

// claim makes submitted payments of the planned ones, all in one transaction.
func (s *Service) claim(ctx context.Context, batch []*auto, c AutoCharge) ([]*auto, error) {
	var claimed []*auto
	err := s.db.Write(ctx, func(q *db.Queries) error {
		claimed = claimed[:0]
		now := s.clock.Now()
		for _, a := range batch {
			if a.unsent {
				continue
			}
			p, err := q.GetPayment(ctx, a.p.ID)
			if err != nil {
				return fmt.Errorf("payment: %w", err)
			}
			if State(p.State) != Planned {
				continue // somebody else has it
			}
			may, err := c.May(ctx, q, p)
			if err != nil {
				return err
			}
			if !may {
				continue
			}
			n, err := q.ClaimPayment(ctx, db.ClaimPaymentParams{CustomerRef: a.p.CustomerRef, SubmittedAt: now, CheckedAt: now, ID: p.ID})
			if err != nil {
				return fmt.Errorf("payment: claim: %w", err)
			}
			if n == 1 {
				ref := a.p.CustomerRef
				a.p = p
				a.p.State, a.p.CustomerRef, a.p.SubmittedAt, a.p.CheckedAt = string(Submitted), ref, now, now
				claimed = append(claimed, a)
			}
		}
		return nil
	})
	return claimed, err
}

// chargeAll sends the claimed payments and writes the answers down as they come.
func (s *Service) chargeAll(ctx context.Context, g gateway.Adapter, claimed []*auto, c AutoCharge, t *AutoTally) error {
	todo, done := make(chan *auto), make(chan *auto, len(claimed))
	halt := make(chan struct{}) // closed when nothing more is to be sent
	var once sync.Once
	var work sync.WaitGroup
	for range min(callers, len(claimed)) {
		work.Go(func() {
			for a := range todo {
				select {
				case <-halt:
					a.unsent = true
				default:
					s.chargeAuto(ctx, g, a, c.LookFirst)
					if a.err != nil && gateway.ClassOf(a.err) != gateway.Unknown {
						once.Do(func() { close(halt) })
					}
				}
				done <- a
			}
		})
	}
	work.Go(func() {
		defer close(todo)
		for _, a := range claimed {
			todo <- a
		}
	})
	// what was sent is written down even when the program stops meanwhile; the
	// callers go by the context that ends with it
	writing := context.WithoutCancel(ctx)
	var waiting []*auto
	var failed error
	for left := len(claimed); left > 0; {
		if len(waiting) == 0 {
			waiting = append(waiting, <-done)
		}
		for more := true; more; {
			select {
			case a := <-done:
				waiting = append(waiting, a)
			default:
				more = false
			}
		}
		n, err := s.record(writing, waiting, t)
		if err != nil {
			// the books take nothing at the moment: what was charged stays submitted
			// and is looked up
			failed, n = errors.Join(failed, err), len(waiting)
			once.Do(func() { close(halt) })
		}
		left -= n
		waiting = slices.Delete(waiting, 0, n)
	}
	work.Wait()
	return failed
}

// chargeAuto sends one claimed payment, or finds it at the processor.
func (s *Service) chargeAuto(ctx context.Context, g gateway.Adapter, a *auto, lookFirst bool) {
	if ctx.Err() != nil {
		a.unsent = true
		return
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	p := a.p
	method, err := s.db.Read().GetMethod(ctx, p.MethodID.Int64)
	if err != nil {
		a.unsent, a.err = true, &gateway.Error{Class: gateway.NotSent, Op: "charge", Err: err}
		return
	}
	description, err := s.description(ctx, p)
	if err != nil {
		a.unsent, a.err = true, &gateway.Error{Class: gateway.NotSent, Op: "charge", Err: err}
		return
	}
	if lookFirst || p.SubmittedAt.Sub(p.CreatedAt) > gateway.KeyLife {
		a.out, err = g.Find(ctx, gateway.Find{Reference: p.Reference, CustomerID: p.CustomerRef, Since: p.CreatedAt.Add(-lookBack)})
		switch {
		case err == nil:
			a.outcome = true
			return
		case !errors.Is(err, gateway.ErrNotFound):
			// nothing was sent, whatever became of the question
			class := gateway.NotSent
			if gateway.ClassOf(err) == gateway.Config {
				class = gateway.Config
			}
			a.unsent, a.err = true, &gateway.Error{Class: class, Op: "find", Err: err}
			return
		}
	}
	err = s.again(ctx, func() error {
		a.out, err = g.Charge(ctx, p.IdempotencyKey, gateway.Charge{
			Reference: p.Reference, CustomerID: p.CustomerRef, MethodID: method.Ref, Kind: gateway.Kind(p.Kind), Amount: p.AmountCents,
			Description: description, OffSession: true, ReturnURL: s.mail.PublicURL("/payments/" + p.Reference),
		})
		return err
	})
	switch {
	case err == nil:
		a.outcome = true
	case errors.Is(err, gateway.ErrNotFound):
		a.outcome = true
		a.out = gateway.Outcome{State: gateway.Failed, Reference: p.Reference, Failure: gateway.NewFailure(gateway.Kind(p.Kind), gateway.MethodGone, "")}
	default:
		a.err = err
		a.unsent = gateway.ClassOf(err) != gateway.Unknown
		s.log.Error("payment: no outcome", "payment", p.Reference, "class", gateway.ClassOf(err).String(), "error", err.Error())
	}
}

// lookBack is how long before a payment was planned here it may have been made,
// in books that were since put back.
const lookBack = 40 * 24 * time.Hour

// record writes down what became of some payments: as many as fit into a moment,
// each in a savepoint of its own, so that one that cannot be booked holds up no
// other. It returns how many it has dealt with.
func (s *Service) record(ctx context.Context, list []*auto, t *AutoTally) (int, error) {
	today, err := s.ledger.Today(ctx)
	if err != nil {
		return 0, err
	}
	var n int
	var tally AutoTally
	err = s.db.WriteTx(ctx, func(tx *sql.Tx) error {
		n, tally = 0, *t
		began := s.clock()
		for _, a := range list {
			if n > 0 && s.clock().Sub(began) > breath {
				return nil
			}
			n++
			err := savepoint(ctx, tx, func(q *db.Queries) error { return s.recordOne(ctx, q, a, today, &tally) })
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		*t = tally
	}
	return n, err
}

// savepoint runs f on its own within a transaction: what it wrote is undone when
// it fails on something that is in the books, and the others go on. An error of
// the database itself ends the transaction.
func savepoint(ctx context.Context, tx *sql.Tx, f func(q *db.Queries) error) error {
	if _, err := tx.ExecContext(ctx, `SAVEPOINT result`); err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	if err := f(db.New(tx)); err != nil {
		if _, undo := tx.ExecContext(ctx, `ROLLBACK TO result`); undo != nil {
			return errors.Join(err, undo)
		}
	}
	if _, err := tx.ExecContext(ctx, `RELEASE result`); err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	return nil
}

func (s *Service) recordOne(ctx context.Context, q *db.Queries, a *auto, today calendar.Date, t *AutoTally) error {
	switch {
	case a.unsent:
		if a.err != nil && gateway.ClassOf(a.err) == gateway.Config && t.Refused == 0 {
			t.Refused, t.Cause = a.p.ID, a.err
		}
		t.Unsent++
		_, err := q.UnclaimPayment(ctx, a.p.ID)
		return err
	case !a.outcome:
		t.Unknown++
		return nil
	}
	p, err := q.GetPayment(ctx, a.p.ID)
	if err == nil {
		run := application{Service: s, q: q, by: audit.Program, now: s.clock.Now(), today: today, p: &p, out: a.out}
		err = run.run(ctx)
	}
	if err != nil {
		// it stays submitted, and Settle tries to book it again
		s.log.Error("payment: not booked", "payment", a.p.Reference, "error", err.Error())
		t.Unknown++
		return err
	}
	t.Settled++
	return nil
}

// RefuseAutoPay ends one planned auto payment that the processor will not carry
// out although it carries out others.
func (s *Service) RefuseAutoPay(ctx context.Context, id int64, cause error) error {
	p, err := s.db.Read().GetPayment(ctx, id)
	if err != nil {
		return found(err, "payment")
	}
	if !s.busy.try(p.Reference) {
		return nil
	}
	defer s.busy.release(p.Reference)
	s.log.Error("payment: refused by the processor", "payment", p.Reference, "error", cause.Error())
	return s.db.Write(ctx, func(q *db.Queries) error {
		p, err := q.GetPayment(ctx, id)
		if err != nil {
			return found(err, "payment")
		}
		_, err = s.CancelAutoPay(ctx, q, s.clock.Now(), p, "configuration", "The payment processor does not carry this payment out. Nothing was charged.")
		return err
	})
}
