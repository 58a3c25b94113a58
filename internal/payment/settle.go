package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
)

// The ladder of look-ups: the pause grows by half of the time since the payment
// was sent, between these two.
const (
	shortestPause = 5 * time.Second
	longestPause  = 6 * time.Hour
	// batch is how many rows one round of Settle reads.
	batch = 64
	// changesPause is how often the processor's own list of changes is read, for
	// the events that no webhook brought.
	changesPause = 5 * time.Minute
)

// Woken tells when there is something to settle before the next regular time.
func (s *Service) Woken() <-chan struct{} { return s.wake }

// Settle finds every payment and set-up that is under way and due for a look,
// and every event nobody has looked into, and brings them up to what the
// processor says. It is called at start, which recovers from a kill at any
// point, and every few seconds after that. What cannot be settled now is left
// for the next call; the errors of the processor are logged, those of the
// database returned.
//
// Books that may be a copy of others are left alone until that is confirmed.
func (s *Service) Settle(ctx context.Context) error {
	if held, err := s.held(ctx); err != nil || held {
		return err
	}
	if err := s.changes(ctx); err != nil {
		return err
	}
	if err := s.openEvents(ctx); err != nil {
		return err
	}
	payments := s.each(ctx, func() ([]string, error) {
		return s.db.Read().ListPaymentsToSettle(ctx, db.ListPaymentsToSettleParams{
			Shortest: shortestPause.Milliseconds(), Longest: longestPause.Milliseconds(), Now: s.clock.Now(), Most: batch})
	}, s.settlePayment)
	refunds := s.each(ctx, func() ([]string, error) {
		return s.db.Read().ListRefundsToSettle(ctx, db.ListRefundsToSettleParams{
			Shortest: shortestPause.Milliseconds(), Longest: longestPause.Milliseconds(), Now: s.clock.Now(), Most: batch})
	}, s.settleRefunds)
	approvals := s.expireApprovals(ctx)
	setups := s.each(ctx, func() ([]string, error) {
		return s.db.Read().ListSetupsToSettle(ctx, db.ListSetupsToSettleParams{
			Shortest: shortestPause.Milliseconds(), Longest: longestPause.Milliseconds(), Now: s.clock.Now(), Most: batch})
	}, s.settleSetup)
	return errors.Join(payments, refunds, approvals, setups)
}

// each works through a list that is read in batches until nothing new is on it.
// One that fails keeps none of the others waiting; what failed is returned at the
// end.
func (s *Service) each(ctx context.Context, list func() ([]string, error), work func(context.Context, string) error) error {
	seen := map[string]bool{}
	var failed []error
	for {
		references, err := list()
		if err != nil {
			return errors.Join(append(failed, fmt.Errorf("payment: %w", err))...)
		}
		fresh := 0
		for _, reference := range references {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if seen[reference] {
				continue
			}
			seen[reference] = true
			fresh++
			if !s.busy.try(reference) {
				continue // somebody is at work on it
			}
			err := work(ctx, reference)
			s.busy.release(reference)
			if err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", reference, err))
			}
		}
		if fresh == 0 {
			return errors.Join(failed...)
		}
	}
}

// settlePayment brings one payment up to what the processor says. The caller
// holds its lock.
func (s *Service) settlePayment(ctx context.Context, reference string) error {
	p, err := s.db.Read().GetPaymentByReference(ctx, reference)
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	if !State(p.State).UnderWay() {
		return nil
	}
	if State(p.State) == Planned && p.Source == autoPay {
		return nil // the run that planned it, or the one after it, claims it
	}
	if State(p.State) == Planned {
		// Nobody in this program is at work on it, and it was never claimed: a
		// kill came between. Nothing was sent, and the customer is no longer
		// there to want it sent now.
		_, err := s.giveUp(ctx, audit.Program, p, ending{code: "interrupted",
			words: "This payment was interrupted before it was sent. Nothing was charged. Please pay again."})
		return err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	g, err := s.adapter(set, p.Gateway)
	if err != nil {
		s.log.Error("payment: cannot be looked up", "payment", reference, "error", err.Error())
		return s.touch(ctx, p)
	}
	// what was learnt is written down even when the caller's time is over by then
	asking, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	ctx = context.WithoutCancel(ctx)
	out, err := s.look(asking, g, p)
	switch {
	case errors.Is(err, gateway.ErrNotFound):
		return s.notFound(ctx, p)
	case err != nil:
		s.log.Warn("payment: look-up failed", "payment", reference, "error", err.Error())
		return s.touch(ctx, p)
	}
	if out, err = s.overdue(asking, g, p, out); err != nil {
		s.log.Warn("payment: could not be closed", "payment", reference, "error", err.Error())
		return s.touch(ctx, p)
	}
	_, err = s.apply(ctx, audit.Program, reference, out, false)
	if _, later := errors.AsType[*notListed](err); later {
		s.log.Warn("payment: look-up failed", "payment", reference, "error", err.Error())
		return s.touch(ctx, p)
	}
	return err
}

// look reads the payment at the processor, by the processor's id when one is
// known and by our reference when the answer that would have told it was lost.
func (s *Service) look(ctx context.Context, g gateway.Adapter, p db.Payment) (gateway.Outcome, error) {
	switch {
	case p.ChargeRef != "":
		return g.Lookup(ctx, p.ChargeRef)
	case p.SessionRef != "":
		return g.Lookup(ctx, p.SessionRef)
	}
	return g.Find(ctx, gateway.Find{Reference: p.Reference, CustomerID: p.CustomerRef, Since: p.SubmittedAt})
}

// notFound decides about a submitted payment the processor knows nothing of.
// After [gateway.InFlight] that is proof that nothing was charged; a page whose
// address nobody was given cannot be paid at any time. Nothing is sent again.
func (s *Service) notFound(ctx context.Context, p db.Payment) error {
	if p.Hosted == 0 && s.clock.Now().Sub(p.SubmittedAt) < gateway.InFlight {
		return s.touch(ctx, p)
	}
	_, err := s.giveUp(ctx, audit.Program, p, ending{code: "not_sent", tell: p.Hosted == 0,
		words: "This payment did not reach the payment processor. Nothing was charged. Please pay again."})
	return err
}

// overdue closes what waited for the customer long enough: a page whose address
// nobody was given, 3-D Secure that nobody finished.
func (s *Service) overdue(ctx context.Context, g gateway.Adapter, p db.Payment, out gateway.Outcome) (gateway.Outcome, error) {
	now := s.clock.Now()
	life := actionLife
	if p.Kind == string(gateway.ECheck) {
		life = verifyLife
	}
	switch {
	case out.State == gateway.Open && State(p.State) == Submitted:
		p.SessionRef = out.PageID
	case out.State == gateway.Open && now >= p.CreatedAt.Add(pageLife+10*time.Minute):
	case out.State == gateway.Action && now >= p.SubmittedAt.Add(life):
	default:
		return out, nil
	}
	return s.stop(ctx, g, p)
}

func (s *Service) touch(ctx context.Context, p db.Payment) error {
	err := s.db.Write(ctx, func(q *db.Queries) error {
		return q.TouchPayment(ctx, db.TouchPaymentParams{CheckedAt: s.clock.Now(), ID: p.ID})
	})
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	return nil
}

// Refresh brings one payment of the customer's up to date when it is under way
// and was not looked at in the last moment, for the pages that show it, and
// returns where it stands. It does not wait for somebody who is at work on it.
func (s *Service) Refresh(ctx context.Context, customerID int64, reference string) (Result, error) {
	return s.refresh(ctx, customerID, reference, false)
}

// Return is [Service.Refresh] for a customer who comes from the processor's page,
// where something has just happened: it is looked up in any case. An empty
// reference means the latest payment that is under way.
func (s *Service) Return(ctx context.Context, customerID int64, reference string) (Result, error) {
	return s.refresh(ctx, customerID, reference, true)
}

func (s *Service) refresh(ctx context.Context, customerID int64, reference string, surely bool) (Result, error) {
	var p db.Payment
	var err error
	if reference == "" {
		p, err = s.db.Read().GetLatestUnderWayForCustomer(ctx, customerID)
	} else {
		p, err = s.db.Read().GetPaymentByReferenceForCustomer(ctx, db.GetPaymentByReferenceForCustomerParams{Reference: reference, CustomerID: customerID})
	}
	if err != nil {
		return Result{}, found(err, "payment")
	}
	const fresh = time.Second
	if !State(p.State).UnderWay() || !surely && s.clock.Now().Sub(p.CheckedAt) < fresh {
		return resultOf(p), nil
	}
	// a page does not wait long for a slow processor: the poller goes on
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.pageTime)
	defer cancel()
	if surely && s.busy.take(work, p.Reference) == nil || !surely && s.busy.try(p.Reference) {
		err := s.settlePayment(work, p.Reference)
		s.busy.release(p.Reference)
		if err != nil {
			return Result{}, err
		}
	}
	if p, err = s.db.Read().GetPayment(ctx, p.ID); err != nil {
		return Result{}, found(err, "payment")
	}
	return resultOf(p), nil
}

// Chosen returns the choices an unfinished or refused payment was made of, so
// that the payment screen can show them again.
func (s *Service) Chosen(ctx context.Context, customerID int64, reference string) (Choice, error) {
	p, err := s.db.Read().GetPaymentByReferenceForCustomer(ctx, db.GetPaymentByReferenceForCustomerParams{Reference: reference, CustomerID: customerID})
	if err != nil {
		return Choice{}, found(err, "payment")
	}
	allocations, err := s.db.Read().ListAllocations(ctx, p.ID)
	if err != nil {
		return Choice{}, fmt.Errorf("payment: %w", err)
	}
	c := Choice{Rows: map[string]RowChoice{}, Kind: p.Kind, Method: NewMethod, Keep: p.KeepMethod != 0}
	if p.MethodID.Valid && p.Hosted == 0 {
		c.Method = fmt.Sprint(p.MethodID.Int64)
	}
	for _, a := range allocations {
		c.Rows[a.Number] = RowChoice{Yes: true, Amount: a.Cents.Plain(), Was: a.Cents.Plain()}
	}
	return c, nil
}

// Receive takes one webhook: the signature is checked, the raw event stored,
// and then the object it names is looked up. The payload itself is never
// believed. It returns NotFound for a gateway that is not there and Forbidden
// for a signature that does not fit; an event that was stored is never an error.
func (s *Service) Receive(ctx context.Context, name string, body []byte, header func(string) string) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	g, err := s.adapter(set, name)
	if err != nil {
		return fault.Missing("page")
	}
	event, err := g.VerifyWebhook(body, header)
	if s.trial.heard(name, body, header, event, err) {
		return nil
	}
	if err != nil {
		return &fault.Error{Kind: fault.Forbidden, Message: "The signature does not fit.", Err: err}
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := s.storeEvent(ctx, name, event, body); err != nil {
		return err
	}
	row, err := s.db.Read().GetGatewayEvent(ctx, db.GetGatewayEventParams{Gateway: name, EventRef: event.ID})
	if err != nil {
		return fmt.Errorf("payment: event: %w", err)
	}
	if row.HandledAt != 0 {
		return nil
	}
	if err := s.handle(ctx, g, row.ID, event); err != nil {
		s.log.Warn("payment: event left for later", "event", event.ID, "error", err.Error())
	}
	return nil
}

func (s *Service) storeEvent(ctx context.Context, name string, e gateway.Event, body []byte) error {
	err := s.db.Write(ctx, func(q *db.Queries) error {
		_, err := q.AddGatewayEvent(ctx, db.AddGatewayEventParams{Gateway: name, EventRef: e.ID, Type: e.Type,
			ObjectRef: string(e.Subject) + " " + e.ObjectID, Body: body, ReceivedAt: s.clock.Now()})
		return err
	})
	if err != nil {
		return fmt.Errorf("payment: event %s: %w", e.ID, err)
	}
	return nil
}

// errBusy leaves an event for the next round: its payment is being worked on.
var errBusy = errors.New("payment: being worked on")

// handle looks up what an event is about.
func (s *Service) handle(ctx context.Context, g gateway.Adapter, id int64, e gateway.Event) error {
	note, err := s.lookInto(ctx, g, e)
	switch {
	case errors.Is(err, gateway.ErrNotFound):
		note = "the processor knows no such object"
	case err != nil:
		return err
	}
	return s.finishEvent(ctx, id, note)
}

// finishEvent writes down what came of an event.
func (s *Service) finishEvent(ctx context.Context, id int64, note string) error {
	err := s.db.Write(ctx, func(q *db.Queries) error {
		return q.FinishGatewayEvent(ctx, db.FinishGatewayEventParams{HandledAt: s.clock.Now(), Note: note, ID: id})
	})
	if err != nil {
		return fmt.Errorf("payment: event: %w", err)
	}
	return nil
}

func (s *Service) lookInto(ctx context.Context, g gateway.Adapter, e gateway.Event) (note string, err error) {
	switch e.Subject {
	case gateway.AboutPage:
		if setup, err := s.db.Read().GetMethodSetupBySession(ctx, db.GetMethodSetupBySessionParams{Gateway: g.Info().Name, SessionRef: e.ObjectID}); err == nil {
			return "set-up " + setup.Reference, s.locked(setup.Reference, func() error { return s.settleSetup(ctx, setup.Reference) })
		}
		return s.lookIntoPayment(ctx, g, e.ObjectID)
	case gateway.AboutPayment:
		return s.lookIntoPayment(ctx, g, e.ObjectID)
	case gateway.AboutSetup:
		setup, err := g.LookupSetup(ctx, e.ObjectID)
		if err != nil {
			return "", err
		}
		row, err := s.db.Read().GetMethodSetupByReference(ctx, setup.Reference)
		if errors.Is(err, sql.ErrNoRows) {
			return "not from here", nil
		}
		if err != nil {
			return "", err
		}
		return "set-up " + row.Reference, s.locked(row.Reference, func() error { return s.settleSetup(ctx, row.Reference) })
	case gateway.AboutMethod:
		return s.syncMethod(ctx, g, e.ObjectID)
	}
	return "nothing to do", nil
}

// lookIntoPayment finds the payment of ours that an object at the processor
// belongs to, takes its lock, and only then reads what to go by.
func (s *Service) lookIntoPayment(ctx context.Context, g gateway.Adapter, id string) (string, error) {
	p, err := s.db.Read().GetPaymentByObject(ctx, db.GetPaymentByObjectParams{Gateway: g.Info().Name, Object: id})
	if errors.Is(err, sql.ErrNoRows) {
		// a refund, a dispute, or a payment whose answer was lost: only the
		// processor knows whose it is
		out, err := g.Lookup(ctx, id)
		if err != nil {
			return "", err
		}
		p, err = s.db.Read().GetPaymentByReference(ctx, out.Reference)
		if errors.Is(err, sql.ErrNoRows) {
			return "not from here", nil
		}
		if err != nil {
			return "", err
		}
	} else if err != nil {
		return "", err
	}
	return "payment " + p.Reference, s.locked(p.Reference, func() error {
		out, err := g.Lookup(ctx, id)
		if err != nil {
			return err
		}
		if out.State == gateway.Open {
			return nil
		}
		if out.Reference != p.Reference {
			return fmt.Errorf("payment: the processor says that %s belongs to payment %q, not %s", id, out.Reference, p.Reference)
		}
		_, err = s.apply(ctx, audit.Program, p.Reference, out, false)
		return err
	})
}

// locked runs f with a lock that nobody else holds, errBusy when somebody does.
func (s *Service) locked(reference string, f func() error) error {
	if !s.busy.try(reference) {
		return errBusy
	}
	defer s.busy.release(reference)
	return f()
}

// openEvents looks into the events that were stored and not looked into yet.
func (s *Service) openEvents(ctx context.Context) error {
	list, err := s.db.Read().ListOpenGatewayEvents(ctx, batch)
	if err != nil {
		return fmt.Errorf("payment: events: %w", err)
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	for _, row := range list {
		g, err := s.adapter(set, row.Gateway)
		if err != nil {
			continue
		}
		if err := s.handle(ctx, g, row.ID, eventOf(row.EventRef, row.Type, row.ObjectRef)); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.log.Warn("payment: event left for later", "event", row.EventRef, "error", err.Error())
			if s.clock.Now().Sub(row.ReceivedAt) > eventPatience {
				err = s.finishEvent(ctx, row.ID, "given up: "+err.Error())
			} else {
				err = nil
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// eventPatience is how long an event that cannot be looked into is kept for
// another try, so that it does not stand in the way of others for ever.
const eventPatience = 72 * time.Hour

// eventOf reads a stored event back.
func eventOf(ref, kind, object string) gateway.Event {
	subject, id, _ := strings.Cut(object, " ")
	return gateway.Event{ID: ref, Type: kind, Subject: gateway.Subject(subject), ObjectID: id}
}

// changes reads the processor's own list of what happened, so that nothing is
// missed when webhooks do not arrive.
func (s *Service) changes(ctx context.Context) error {
	g, _, err := s.active(ctx)
	if fault.Is(err, fault.Unavailable) {
		return nil
	}
	if err != nil {
		return err
	}
	name := g.Info().Name
	cursor, err := s.db.Read().GetGatewayCursor(ctx, name)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("payment: %w", err)
	}
	now := s.clock.Now()
	if cursor.ReadAt != 0 && now.Sub(cursor.ReadAt) < changesPause {
		return nil
	}
	// a long list is read over several rounds, so that payments need not wait
	const stretches = 8
	for range stretches {
		next, more, err := s.stretch(ctx, g, cursor.Cursor, now)
		if errors.Is(err, errList) {
			s.log.Warn("payment: list of changes", "gateway", name, "error", err.Error())
			return nil
		}
		if err != nil {
			return err
		}
		if !more {
			break
		}
		cursor.Cursor = next
	}
	return nil
}

// errList says that the processor did not hand out its list of changes.
var errList = errors.New("payment: the processor's list of changes cannot be read")

// stretch reads one stretch of the processor's list of changes and writes it
// down with how far the list is read now.
func (s *Service) stretch(ctx context.Context, g gateway.Adapter, cursor string, now calendar.Instant) (next string, more bool, err error) {
	name := g.Info().Name
	events, next, more, err := g.Changes(ctx, cursor)
	if err != nil {
		return "", false, fmt.Errorf("%w: %w", errList, err)
	}
	read := now
	if more {
		read = 0
	}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		for _, e := range events {
			_, err := q.AddGatewayEvent(ctx, db.AddGatewayEventParams{Gateway: name, EventRef: e.ID, Type: e.Type,
				ObjectRef: string(e.Subject) + " " + e.ObjectID, Body: []byte{}, ReceivedAt: now})
			if err != nil {
				return err
			}
		}
		return q.PutGatewayCursor(ctx, db.PutGatewayCursorParams{Gateway: name, Cursor: next, ReadAt: read})
	})
	if err != nil {
		return "", false, fmt.Errorf("payment: %w", err)
	}
	return next, more, nil
}
