package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/settings"
)

// RefundOrder is money that staff give back of a payment.
type RefundOrder struct {
	CustomerID int64
	Payment    string // its reference
	Amount     money.Cents
	// Parts is where it comes off, all of it; without any it comes off as by
	// default: unapplied credit first, then the invoice that is due last.
	Parts  []RefundPart
	Way    Way
	Number string // of the check it is paid out with
	// Reason is read by the customer, too.
	Reason string
	Nonce  string
}

// RefundPart is what of a refund comes off one invoice.
type RefundPart struct {
	Invoice string // its number, "" for unapplied credit
	Cents   money.Cents
}

// Way is how money is given back.
type Way string

// The ways: through the processor to where it came from, or by hand.
const (
	WayGateway Way = "gateway"
	WayCheck   Way = "check"
	WayCash    Way = "cash"
	WayOther   Way = "other"
)

// Done is what came of something that staff ordered.
type Done struct {
	// Reference is of the refund or credit memo.
	Reference string
	// State of a refund: "pending", "succeeded", "failed", "submitted" while its
	// outcome is not known.
	State string
	// Message says why a refund was not made; "" otherwise.
	Message string
	// Asked is the approval that it waits for; nothing has happened yet.
	Asked int64
}

// maxReason is how long a reason may be, in letters.
const maxReason = 300

// Refundable is what may be given back of a payment.
type Refundable struct {
	Amount money.Cents // at most
	// Parts are what the payment holds, in the order in which a refund takes it.
	Parts []RefundPart
	// Gateway says that money can go back to where it came from.
	Gateway bool
	// Method is where that is: "Visa ending 4242".
	Method string
	// Why says why nothing can be given back now; "" when something can.
	Why string
}

// Refundable tells what may be given back of a payment of the customer's now. It
// only reads.
func (s *Service) Refundable(ctx context.Context, customerID int64, reference string) (Refundable, error) {
	var r Refundable
	err := s.db.View(ctx, func(q *db.Queries) error {
		p, err := q.GetPaymentByReferenceForCustomer(ctx, db.GetPaymentByReferenceForCustomerParams{Reference: reference, CustomerID: customerID})
		if err != nil {
			return found(err, "payment")
		}
		r, err = refundable(ctx, q, p)
		return err
	})
	return r, err
}

func refundable(ctx context.Context, q *db.Queries, p db.Payment) (Refundable, error) {
	r := Refundable{Gateway: p.Gateway != "" && p.ChargeRef != "", Method: ledger.MethodInWords(ledger.Kind(p.Kind), p.TypeLabel, p.Brand, p.NumberLabel)}
	switch st := State(p.State); {
	case st == Processing:
		r.Why = "The bank has not settled this eCheck yet. It can be refunded once it has."
	case !st.kept():
		r.Why = "This payment was not received, so there is nothing to give back."
	case st == Disputed:
		r.Why = "This payment is disputed. While that is open nothing is given back: the bank may take the same money. Answer or accept the dispute on the processor's site."
	}
	if r.Why != "" {
		return r, nil
	}
	held, err := q.ListHeldOfPayment(ctx, db.NullID(p.ID))
	if err != nil {
		return r, fmt.Errorf("payment: %w", err)
	}
	refunds, err := q.ListRefundsOfPayment(ctx, p.ID)
	if err != nil {
		return r, fmt.Errorf("payment: %w", err)
	}
	open := false
	for _, x := range refunds {
		if x.State == "planned" || x.State == "submitted" {
			r.Amount -= x.Cents // on its way already
			open = true
		}
	}
	var credit []RefundPart
	for _, h := range held {
		r.Amount += money.Cents(h.Held)
		part := RefundPart{Invoice: h.Number, Cents: money.Cents(h.Held)}
		if !h.InvoiceID.Valid {
			credit = append(credit, part)
		} else {
			r.Parts = append([]RefundPart{part}, r.Parts...) // the last one first
		}
	}
	r.Parts = append(credit, r.Parts...)
	switch {
	case r.Amount > 0:
	case open:
		r.Why = "A refund of all that is left is being made."
	case State(p.State) == Lost || State(p.State) == Returned:
		r.Why = "The bank has taken this payment back, so nothing is left to give back."
	default:
		r.Why = "All of this payment was given back."
	}
	return r, nil
}

// Refund gives money of a payment back: through the processor, or as staff paid
// it out by hand. Above the dealer's limit it only asks a second person: then the
// result names the approval. What is ordered is committed before anything is sent;
// a refund whose outcome is not known stays submitted and is looked up, and is
// never sent a second time.
//
// A form that was sent before is answered with the first one's result. Its Invalid
// faults name the fields amount, reason, way, number and part-… ([PartField]); a
// Conflict says why nothing can be given back now.
func (s *Service) Refund(ctx context.Context, by audit.Actor, o RefundOrder) (Done, error) {
	return s.refund(ctx, by, o, nil)
}

func (s *Service) refund(ctx context.Context, by audit.Actor, o RefundOrder, approved *db.Approval) (Done, error) {
	if !validNonce(o.Nonce) {
		return Done{}, errOldForm
	}
	if o.Way == WayGateway {
		if held, err := s.held(ctx); err != nil || held {
			return Done{}, errors.Join(err, unconfirmed(held))
		}
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	set, err := s.settings.Current(ctx)
	if err != nil {
		return Done{}, err
	}
	// one thing at a time is done to a payment: a second press waits for the
	// first one's result here
	if err := s.busy.take(ctx, o.Payment); err != nil {
		return Done{}, err
	}
	defer s.busy.release(o.Payment)
	var done Done
	var row db.Refund
	err = s.db.Write(ctx, func(q *db.Queries) error {
		var err error
		plan := refunding{Service: s, q: q, by: by, set: set, o: o, approved: approved, now: s.clock.Now()}
		done, row, err = plan.run(ctx)
		return err
	})
	if err != nil || row.State != "planned" {
		return done, err
	}
	return s.sendRefund(ctx, by, row.ID)
}

var errOldForm = fault.New(fault.Conflict, "This form is too old. Please open the page again.")

// unconfirmed is the fault of books that may be a copy of others.
func unconfirmed(held bool) error {
	if !held {
		return nil
	}
	return fault.New(fault.Unavailable, "First the owner has to confirm on the office's home that this is the one running copy of the books.")
}

// refunding is a refund on its way to a row, in its transaction.
type refunding struct {
	*Service
	q        *db.Queries
	by       audit.Actor
	set      *settings.Settings
	o        RefundOrder
	approved *db.Approval
	now      calendar.Instant
}

func (r *refunding) run(ctx context.Context) (Done, db.Refund, error) {
	none := db.Refund{}
	p, err := r.q.GetPaymentByReferenceForCustomer(ctx, db.GetPaymentByReferenceForCustomerParams{Reference: r.o.Payment, CustomerID: r.o.CustomerID})
	if err != nil {
		return Done{}, none, found(err, "payment")
	}
	first, err := r.q.GetRefundByNonce(ctx, r.o.Nonce)
	if err == nil {
		if first.PaymentID != p.ID || first.Cents != r.o.Amount {
			return Done{}, none, fault.New(fault.Conflict, "This form was used before, for a refund of %s. Please open the page again.", first.Cents)
		}
		if first.State == "planned" { // left over by a kill: the job goes on with it
			r.Wake()
			first.State = "submitted"
		}
		return doneOf(first), first, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return Done{}, none, fmt.Errorf("payment: %w", err)
	}
	if r.approved == nil {
		if id, err := askedBefore(ctx, r.q, r.o.Nonce); id != 0 || err != nil {
			return Done{Asked: id}, none, err
		}
	}
	parts, err := r.check(ctx, p)
	if err != nil {
		return Done{}, none, err
	}
	alone, err := refundedAlone(ctx, r.q, p.ID)
	if err != nil {
		return Done{}, none, err
	}
	if r.approved == nil && aboveLimit(r.set, r.by, r.o.Amount, alone) {
		id, err := r.ask(ctx, r.q, r.by, asking{kind: "refund", customerID: p.CustomerID, paymentID: p.ID, cents: r.o.Amount,
			reason: r.o.Reason, order: r.o, nonce: r.o.Nonce, object: "payment " + p.Reference})
		return Done{Asked: id}, none, err
	}
	row, err := r.write(ctx, p, parts)
	if err == nil && r.approved != nil {
		err = r.decide(ctx, r.q, r.by, r.approved, "approved", "", row.Reference)
	}
	if err != nil {
		return Done{}, none, err
	}
	return doneOf(row), row, nil
}

func doneOf(r db.Refund) Done {
	return Done{Reference: r.Reference, State: r.State, Message: r.FailureMessage}
}

// PartField is the name of the form field for what comes off an invoice, "" being
// unapplied credit.
func PartField(invoice string) string { return "part-" + Key(invoice) }

// check refuses what cannot be given back and returns where it comes off.
func (r *refunding) check(ctx context.Context, p db.Payment) ([]ledger.Allocation, error) {
	can, err := refundable(ctx, r.q, p)
	if err != nil {
		return nil, err
	}
	if can.Why != "" {
		return nil, fault.New(fault.Conflict, "%s", can.Why)
	}
	o := &r.o
	o.Reason, o.Number = strings.TrimSpace(o.Reason), strings.TrimSpace(o.Number)
	var refused fault.Fields
	switch {
	case o.Amount <= 0:
		refused.Add("amount", "Enter an amount above zero")
	case o.Amount > can.Amount:
		refused.Add("amount", "Only %s of this payment is left to give back", can.Amount)
	}
	checkReason(&refused, o.Reason)
	switch {
	case o.Way == WayGateway && !can.Gateway:
		refused.Add("way", "This payment did not come through a processor. Choose how it is paid out")
	case o.Way != WayGateway && o.Way != WayCheck && o.Way != WayCash && o.Way != WayOther:
		refused.Add("way", "Choose how it is given back")
	case o.Way == WayCheck && o.Number == "":
		refused.Add("number", "Enter the number of the check")
	case len(o.Number) > 20:
		refused.Add("number", "A check number is at most 20 letters and digits")
	}
	held := map[string]money.Cents{}
	for _, h := range can.Parts {
		held[h.Invoice] = h.Cents
	}
	rows, err := r.q.ListHeldOfPayment(ctx, db.NullID(p.ID))
	if err != nil {
		return nil, fmt.Errorf("payment: %w", err)
	}
	ids := map[string]int64{}
	for _, h := range rows {
		ids[h.Number] = h.InvoiceID.Int64
	}
	var parts []ledger.Allocation
	var sum money.Cents
	for _, part := range o.Parts {
		most, known := held[part.Invoice]
		switch {
		case part.Cents == 0:
			continue
		case !known || part.Cents < 0:
			refused.Add(PartField(part.Invoice), "This payment holds nothing there")
			continue
		case part.Cents > most:
			refused.Add(PartField(part.Invoice), "Only %s of this payment is there", most)
		}
		sum += part.Cents
		delete(held, part.Invoice) // named once
		parts = append(parts, ledger.Allocation{InvoiceID: ids[part.Invoice], Cents: part.Cents})
	}
	if len(parts) > 0 && sum != o.Amount {
		refused.Add("amount", "The parts come to %s, the refund to %s", sum, o.Amount)
	}
	return parts, refused.Err()
}

func checkReason(refused *fault.Fields, reason string) {
	switch {
	case reason == "":
		refused.Add("reason", "Enter a reason")
	case utf8.RuneCountInString(reason) > maxReason:
		refused.Add("reason", "A reason is at most %d letters", maxReason)
	}
}

// write commits the refund: as planned when the processor is to make it, as done
// and booked when it was paid out by hand.
func (r *refunding) write(ctx context.Context, p db.Payment, parts []ledger.Allocation) (db.Refund, error) {
	today, err := ledger.OpenDay(ctx, r.q, r.clock.Today(r.set.Zone))
	if err != nil {
		return db.Refund{}, err
	}
	add := db.AddRefundParams{Reference: "R" + ledger.NewReference(), PaymentID: p.ID, Source: "office", Way: string(r.o.Way), NumberLabel: r.o.Number,
		Cents: r.o.Amount, Reason: r.o.Reason, State: "planned", IdempotencyKey: "refund-" + random(16), Nonce: r.o.Nonce,
		StaffID: db.NullID(r.by.StaffID), RefundDate: today, CreatedAt: r.now}
	if r.o.Way != WayCheck {
		add.NumberLabel = ""
	}
	if r.approved != nil {
		add.ApprovalID, add.StaffID = db.NullID(r.approved.ID), db.NullID(r.approved.AskedID)
	}
	row, err := r.q.AddRefund(ctx, add)
	if err != nil {
		return row, fmt.Errorf("payment: refund of %s: %w", p.Reference, err)
	}
	for i, part := range parts {
		err := r.q.AddRefundPart(ctx, db.AddRefundPartParams{RefundID: row.ID, Position: int64(i), InvoiceID: db.NullID(part.InvoiceID), Cents: part.Cents})
		if err != nil {
			return row, fmt.Errorf("payment: refund of %s: %w", p.Reference, err)
		}
	}
	a := application{Service: r.Service, q: r.q, by: r.by, now: r.now, today: today, p: &p}
	if err := a.recordRefund(ctx, row, ""); err != nil {
		return row, err
	}
	if r.o.Way == WayGateway {
		return row, nil
	}
	return a.settleRefund(ctx, row, gateway.RefundOutcome{Reference: row.Reference, Amount: row.Cents, State: gateway.RefundSucceeded})
}

// settleRefund writes down and books what became of one refund.
func (a *application) settleRefund(ctx context.Context, row db.Refund, out gateway.RefundOutcome) (db.Refund, error) {
	tell, err := a.advance(ctx, &row, out)
	if err != nil {
		return row, err
	}
	claims, err := a.refunds(ctx)
	if err != nil {
		return row, err
	}
	for i := range claims {
		if claims[i].fact == "refund "+row.Reference {
			claims[i].tell = tell
		}
	}
	return row, a.balance(ctx, claims)
}

// sendRefund carries a planned refund to the processor. The caller holds the
// payment's lock.
func (s *Service) sendRefund(ctx context.Context, by audit.Actor, id int64) (Done, error) {
	row, p, err := s.refundRow(ctx, id)
	if err != nil {
		return Done{}, err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return Done{}, err
	}
	g, err := s.adapter(set, p.Gateway)
	if err != nil {
		return s.endRefund(ctx, by, row, "The processor is not set up in the settings. Nothing was given back.")
	}
	now := s.clock.Now()
	var claimed int64
	err = s.db.Write(ctx, func(q *db.Queries) error {
		claimed, err = q.ClaimRefund(ctx, db.ClaimRefundParams{SubmittedAt: now, CheckedAt: now, ID: id})
		return err
	})
	if err != nil {
		return Done{}, fmt.Errorf("payment: claim of a refund: %w", err)
	}
	if row, p, err = s.refundRow(ctx, id); err != nil {
		return Done{}, err
	}
	if claimed == 0 { // somebody else has it
		return doneOf(row), nil
	}
	var out gateway.RefundOutcome
	err = s.again(ctx, func() error {
		out, err = g.Refund(ctx, row.IdempotencyKey, gateway.Refund{Reference: row.Reference, PaymentID: p.ChargeRef, Amount: row.Cents})
		return err
	})
	switch {
	case err == nil:
		return s.settledRefund(ctx, by, row, out)
	case errors.Is(err, gateway.ErrNotFound):
		return s.endRefund(ctx, by, row, "The processor does not know this payment any more. Nothing was given back; pay it out another way.")
	}
	class := gateway.ClassOf(err)
	s.log.Error("payment: no outcome of a refund", "refund", row.Reference, "class", class.String(), "error", err.Error())
	switch class {
	case gateway.NotSent:
		return s.endRefund(ctx, by, row, "The payment processor could not be reached. Nothing was given back. Please try again in a few minutes.")
	case gateway.Config:
		return s.endRefund(ctx, by, row, "The payment processor refuses what the portal sends. Nothing was given back. Check the keys in the settings.")
	}
	s.Wake()
	return doneOf(row), nil
}

func (s *Service) refundRow(ctx context.Context, id int64) (db.Refund, db.Payment, error) {
	row, err := s.db.Read().GetRefund(ctx, id)
	if err != nil {
		return row, db.Payment{}, fmt.Errorf("payment: refund: %w", err)
	}
	p, err := s.db.Read().GetPayment(ctx, row.PaymentID)
	if err != nil {
		return row, p, fmt.Errorf("payment: refund: %w", err)
	}
	return row, p, nil
}

// endRefund writes down that a refund was not made.
func (s *Service) endRefund(ctx context.Context, by audit.Actor, row db.Refund, words string) (Done, error) {
	return s.settledRefund(ctx, by, row, gateway.RefundOutcome{Reference: row.Reference, Amount: row.Cents, State: gateway.RefundFailed,
		Failure: &gateway.Failure{Message: words}})
}

// settledRefund is [application.settleRefund] in a transaction of its own.
func (s *Service) settledRefund(ctx context.Context, by audit.Actor, row db.Refund, out gateway.RefundOutcome) (Done, error) {
	today, err := s.ledger.Today(ctx)
	if err != nil {
		return Done{}, err
	}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		p, err := q.GetPayment(ctx, row.PaymentID)
		if err != nil {
			return fmt.Errorf("payment: refund %s: %w", row.Reference, err)
		}
		if today, err = ledger.OpenDay(ctx, q, today); err != nil {
			return err
		}
		a := application{Service: s, q: q, by: by, now: s.clock.Now(), today: today, p: &p}
		row, err = a.settleRefund(ctx, row, out)
		return err
	})
	if err != nil {
		return Done{}, err
	}
	return doneOf(row), nil
}

// settleRefunds brings the refunds of one payment up to what the processor says:
// those whose answer was lost, those a kill left behind, those a bank has yet to
// take. The caller holds the payment's lock.
func (s *Service) settleRefunds(ctx context.Context, reference string) error {
	p, err := s.db.Read().GetPaymentByReference(ctx, reference)
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	g, err := s.adapter(set, p.Gateway)
	if err != nil {
		s.log.Error("payment: its refunds cannot be looked up", "payment", reference, "error", err.Error())
		return s.touchRefunds(ctx, p)
	}
	asking, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	ctx = context.WithoutCancel(ctx)
	list, err := g.Refunds(asking, p.ChargeRef)
	if err != nil {
		s.log.Warn("payment: look-up of refunds failed", "payment", reference, "error", err.Error())
		return s.touchRefunds(ctx, p)
	}
	today := s.clock.Today(set.Zone)
	var left []db.Refund
	err = s.db.Write(ctx, func(q *db.Queries) error {
		if p, err = q.GetPayment(ctx, p.ID); err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		if today, err = ledger.OpenDay(ctx, q, today); err != nil {
			return err
		}
		a := application{Service: s, q: q, by: audit.Program, now: s.clock.Now(), today: today, p: &p, given: &listed{list}}
		claims, err := a.refunds(ctx)
		if err != nil {
			return err
		}
		if err := a.balance(ctx, claims); err != nil {
			return err
		}
		rows, err := q.ListRefundsOfPayment(ctx, p.ID)
		if err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		for _, r := range rows {
			if r.State == "planned" || r.State == "submitted" {
				left = append(left, r) // the processor knows nothing of it
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range left {
		if err := s.unknownRefund(asking, p, r); err != nil {
			return err
		}
	}
	return nil
}

// unknownRefund decides about a refund that the processor knows nothing of. One
// that a kill left behind before it was sent is sent now, for staff have ordered
// it, unless it is so old that nobody expects it any more. One that was sent did
// not arrive, once [gateway.InFlight] has passed; it is not sent again.
func (s *Service) unknownRefund(ctx context.Context, p db.Payment, r db.Refund) error {
	ctx = context.WithoutCancel(ctx)
	now := s.clock.Now()
	var err error
	switch {
	case r.State == "planned" && now.Sub(r.CreatedAt) > gateway.KeyLife:
		_, err = s.endRefund(ctx, audit.Program, r, "This refund was interrupted before it was sent. Nothing was given back. Please order it again.")
	case r.State == "planned" && State(p.State) != Succeeded && State(p.State) != PartiallyRefunded && State(p.State) != Won:
		_, err = s.endRefund(ctx, audit.Program, r, "This refund was interrupted before it was sent, and the payment has been disputed or returned since. Nothing was given back.")
	case r.State == "planned":
		_, err = s.sendRefund(ctx, audit.Program, r.ID)
	case now.Sub(r.SubmittedAt) < gateway.InFlight:
		err = s.db.Write(ctx, func(q *db.Queries) error {
			return q.TouchRefund(ctx, db.TouchRefundParams{CheckedAt: now, ID: r.ID})
		})
	default:
		_, err = s.endRefund(ctx, audit.Program, r, "This refund did not reach the payment processor. Nothing was given back. Please order it again.")
	}
	return err
}

func (s *Service) touchRefunds(ctx context.Context, p db.Payment) error {
	err := s.db.Write(ctx, func(q *db.Queries) error {
		rows, err := q.ListRefundsOfPayment(ctx, p.ID)
		for _, r := range rows {
			if err == nil && (r.State == "planned" || r.State == "submitted" || r.State == "pending") {
				err = q.TouchRefund(ctx, db.TouchRefundParams{CheckedAt: s.clock.Now(), ID: r.ID})
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	return nil
}

// Events that were looked into are cleared away after keepEvents, so many in one
// transaction; the newest of each processor stays.
const (
	keepEvents = 90 * 24 * time.Hour
	thinAtOnce = 500
)

// Sweep clears away the processor's events that were looked into long ago. It is
// called once a day.
func (s *Service) Sweep(ctx context.Context) error {
	before := s.clock.Now().Add(-keepEvents)
	for {
		n := int64(0)
		err := s.db.Write(ctx, func(q *db.Queries) error {
			var err error
			n, err = q.ThinGatewayEvents(ctx, db.ThinGatewayEventsParams{Before: before, Most: thinAtOnce})
			return err
		})
		if err != nil {
			return fmt.Errorf("payment: events: %w", err)
		}
		if n < thinAtOnce {
			return nil
		}
	}
}
