package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/settings"
)

func asFault(err error) (*fault.Error, bool) { return errors.AsType[*fault.Error](err) }

// Order is one press of "Submit Payment".
type Order struct {
	Choice
	// Nonce is of the rendered form: it pays once.
	Nonce string
	// Previous is the reference of the attempt that did not go through and whose
	// choices this form showed again, or "".
	Previous string
	// Total is the amount that stood on the button, "" when it is not known. A
	// payment of another amount is refused.
	Total string
}

// Result is what became of an order so far.
type Result struct {
	Reference string
	State     State
	// Redirect is where the customer goes on at the processor, with Action.
	Redirect string
	// Message tells the customer why no money was taken, for a payment that
	// [State.GaveUp].
	Message string
}

// Submit takes one payment as the customer ordered it. What was chosen is
// committed before anything is sent to the processor.
//
// It returns an Invalid fault that names the refused fields, NotFound for an
// invoice or method that is not the customer's, Unavailable when payments are
// off. A form that was submitted before is answered with the first one's
// result, or with a Conflict when it holds something else by now. A Conflict is
// also returned when an earlier page of the same invoices turns out to be paid.
// A decline is a Result.
func (s *Service) Submit(ctx context.Context, by audit.Actor, customerID int64, o Order) (Result, error) {
	if !validNonce(o.Nonce) {
		return Result{}, fault.New(fault.Conflict, "This form is too old. Please check the amounts and submit it again.")
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	g, set, off := s.active(ctx)
	if off != nil && !fault.Is(off, fault.Unavailable) {
		return Result{}, off
	}
	today, err := s.ledger.Today(ctx)
	if err != nil {
		return Result{}, err
	}
	// The lock is taken before the row exists, so that the poller never takes a
	// payment that is just being made for one left over by a kill.
	reference := ledger.NewReference()
	if err := s.busy.take(ctx, reference); err != nil {
		return Result{}, err
	}
	defer s.busy.release(reference)
	for range 4 {
		plan := plan{order: o, customerID: customerID, by: by, reference: reference, today: today, set: set, gateway: g, off: off}
		err := s.db.Write(ctx, func(q *db.Queries) error { return plan.write(ctx, q, s.clock.Now()) })
		switch {
		case err != nil:
			return Result{}, err
		case plan.earlier != nil:
			return s.repeat(ctx, *plan.earlier, plan)
		case len(plan.pages) == 0:
			return s.send(ctx, by, reference)
		}
		for _, page := range plan.pages {
			p, err := s.closePage(ctx, by, page)
			if err != nil {
				return Result{}, err
			}
			if life := g.Info().PageLife; life > 0 && State(p.State) == Action && p.Hosted != 0 {
				return s.stillOpen(ctx, p, o, life)
			}
			if st := State(p.State); st.kept() || st == Processing {
				if o.Guest && !byLink(p) {
					// what the customer did behind the login is not the guest's to know
					return Result{}, fault.New(fault.Conflict, "These invoices were paid a moment ago. Nothing more was charged.")
				}
				return Result{}, toldOf(p, "was paid on the page you opened before")
			}
		}
	}
	return Result{}, fault.New(fault.Conflict, "Another payment on these invoices is being made right now. Please wait a moment and look again.")
}

// toldOf is the Conflict that names the payment which was there first.
func toldOf(p db.Payment, how string) error {
	return &fault.Error{Kind: fault.Conflict, Err: &Earlier{Reference: p.Reference},
		Message: fmt.Sprintf("Payment %s of %s %s. Nothing more was charged.", p.Reference, p.AmountCents, how)}
}

// Earlier is the cause of a Conflict with a payment that was made before.
type Earlier struct{ Reference string }

// Error names the payment.
func (e *Earlier) Error() string { return "payment " + e.Reference + " was there first" }

// plan is an order on its way to a row.
type plan struct {
	order      Order
	customerID int64
	by         audit.Actor
	reference  string
	today      calendar.Date
	set        *settings.Settings
	gateway    gateway.Adapter
	off        error

	// what write found instead of writing
	earlier *db.Payment // the form was used before
	pages   []string    // open at the processor for some of the invoices
}

// write checks the order against the books of this moment and writes payment
// and allocations down. It runs in the caller's transaction: two tabs cannot
// both find an invoice open.
func (p *plan) write(ctx context.Context, q *db.Queries, now calendar.Instant) error {
	earlier, err := q.GetPaymentByNonce(ctx, p.order.Nonce)
	if err == nil {
		if earlier.CustomerID != p.customerID || p.order.Guest != byLink(earlier) {
			return fault.New(fault.Conflict, "This form is too old. Please check the amounts and submit it again.")
		}
		p.earlier = &earlier
		return nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("payment: %w", err)
	}
	if p.off != nil {
		return p.off
	}
	list, err := rows(ctx, q, p.set, p.customerID, p.order.Choice)
	if err != nil {
		return err
	}
	var refused fault.Fields
	total := p.check(&refused, list)
	method, err := p.method(ctx, q, &refused)
	if err != nil {
		return err
	}
	if err := refused.Err(); err != nil {
		return err
	}
	var invoices []int64
	for _, r := range list {
		if r.Yes {
			invoices = append(invoices, r.ID)
		}
	}
	pages, err := q.ListOpenPagesForCustomer(ctx, db.ListOpenPagesForCustomerParams{CustomerID: p.customerID, Invoices: invoices})
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	if len(pages) > 0 {
		for _, page := range pages {
			p.pages = append(p.pages, page.Reference)
		}
		return nil
	}
	kind := ledger.Kind(p.order.Kind)
	source := "portal"
	if p.order.Guest {
		source = sourceLink
	}
	row := db.AddPaymentParams{
		Reference: p.reference, CustomerID: p.customerID, Source: source, Kind: string(kind), TypeLabel: kind.Label(),
		AmountCents: total, PaymentDate: p.today, Gateway: p.gateway.Info().Name,
		IdempotencyKey: "payment-" + random(16), Nonce: p.order.Nonce,
		UserID: db.NullID(p.by.UserID), StaffID: db.NullID(p.by.StaffID), CreatedAt: now,
	}
	if method == nil {
		row.Hosted = 1
		if p.order.Keep && !p.order.Guest {
			row.KeepMethod = 1
		}
	} else {
		row.MethodID, row.NumberLabel, row.Brand = db.NullID(method.ID), method.Last4, method.Brand
	}
	if p.order.Previous != "" {
		previous, err := q.GetPaymentByReferenceForCustomer(ctx, db.GetPaymentByReferenceForCustomerParams{Reference: p.order.Previous, CustomerID: p.customerID})
		switch {
		case err == nil && State(previous.State).GaveUp():
			row.PreviousID = db.NullID(previous.ID)
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("payment: %w", err)
		}
	}
	id, err := q.AddPayment(ctx, row)
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	for _, r := range list {
		if !r.Yes {
			continue
		}
		if err := q.AddAllocation(ctx, db.AddAllocationParams{PaymentID: id, InvoiceID: r.ID, Cents: r.Amount}); err != nil {
			return fmt.Errorf("payment: %w", err)
		}
	}
	return audit.Record(ctx, q, now, p.by, audit.Entry{Action: "payment.submit", CustomerID: p.customerID, Object: "payment " + p.reference,
		After: map[string]string{"amount": total.Plain(), "kind": string(kind), "split": split(list)}})
}

// split lists the Yes rows for the audit trail: "10023 45.00, 10024 20.00".
func split(list []Row) string {
	var parts []string
	for _, r := range list {
		if r.Yes {
			parts = append(parts, r.Number+" "+r.Amount.Plain())
		}
	}
	return strings.Join(parts, ", ")
}

// check adds up the Yes rows and collects what is refused.
func (p *plan) check(refused *fault.Fields, list []Row) money.Cents {
	var total money.Cents
	named := map[string]bool{}
	for _, r := range list {
		named[strings.ToLower(r.Number)] = true
		chosen, ok := p.order.Rows[r.Number]
		switch {
		case r.Error != "":
			refused.Add(AmountField(r.Number), "Invoice %s: %s", r.Number, lowerFirst(r.Error))
		case r.Reason != "" && ok && chosen.Yes:
			refused.Add("pay", "Invoice %s cannot be paid now: %s", r.Number, lowerFirst(r.Reason))
		case r.Yes:
			total += r.Amount
		}
	}
	for number, chosen := range p.order.Rows {
		if chosen.Yes && !named[strings.ToLower(number)] {
			if p.order.Guest {
				refused.Add("pay", "Invoice %s is not open any more.", number)
				continue
			}
			refused.Add("pay", "Invoice %s is paid already.", number)
		}
	}
	if refused.Err() != nil {
		return total
	}
	info := p.gateway.Info()
	switch {
	case total == 0:
		refused.Add("pay", "Choose at least one invoice: press No beside it so that it says Yes.")
	case total < info.Min:
		refused.Add("pay", "Online payments are at least %s.", info.Min)
	case total > info.Max:
		refused.Add("pay", "Online payments are at most %s. Choose fewer invoices, or call us.", info.Max)
	case p.order.Total != "" && p.order.Total != total.Plain():
		refused.Add("pay", "The amount is now %s. Please check it and press Submit Payment again.", total)
	}
	return total
}

// method returns the method on file that was chosen, nil for a new one.
func (p *plan) method(ctx context.Context, q *db.Queries, refused *fault.Fields) (*db.Method, error) {
	known := false
	for _, k := range p.gateway.Info().Kinds {
		known = known || string(k) == p.order.Kind
	}
	if !known {
		refused.Add("kind", "Choose Credit Card or eCheck.")
		return nil, nil
	}
	if p.order.Method == NewMethod || p.order.Method == "" || p.order.Guest {
		return nil, nil
	}
	id, err := strconv.ParseInt(p.order.Method, 10, 64)
	if err != nil {
		return nil, fault.Missing("payment method")
	}
	m, err := q.GetMethodForCustomer(ctx, db.GetMethodForCustomerParams{ID: id, CustomerID: p.customerID, Gateway: p.gateway.Info().Name})
	if err != nil {
		return nil, found(err, "payment method")
	}
	if m.Kind != p.order.Kind {
		return nil, fault.Missing("payment method")
	}
	if expired(m, p.today) {
		refused.Add("method-"+m.Kind, "This card has expired. Choose another one or a new card.")
	}
	return &m, nil
}

// repeat answers a form that was submitted before with what became of it.
func (s *Service) repeat(ctx context.Context, p db.Payment, again plan) (Result, error) {
	same, err := s.same(ctx, p, again.order)
	if err != nil {
		return Result{}, err
	}
	if !same {
		return Result{}, toldOf(p, "was already made with this form")
	}
	// the first press may still be at work: its result is this one's
	wait, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if s.busy.take(wait, p.Reference) == nil {
		s.busy.release(p.Reference)
	}
	if p, err = s.db.Read().GetPayment(ctx, p.ID); err != nil {
		return Result{}, fmt.Errorf("payment: %w", err)
	}
	return resultOf(p), nil
}

// same reports whether the order is the one the payment was made of.
func (s *Service) same(ctx context.Context, p db.Payment, o Order) (bool, error) {
	allocations, err := s.db.Read().ListAllocations(ctx, p.ID)
	if err != nil {
		return false, fmt.Errorf("payment: %w", err)
	}
	method := NewMethod
	if p.Hosted == 0 {
		method = strconv.FormatInt(p.MethodID.Int64, 10)
	}
	if chosen := o.Method; o.Kind != p.Kind || chosen != method && !(chosen == "" && method == NewMethod) {
		return false, nil
	}
	yes := 0
	for number, r := range o.Rows {
		if !r.Yes {
			continue
		}
		yes++
		matches := false
		for _, a := range allocations {
			if !strings.EqualFold(a.Number, number) {
				continue
			}
			amount, err := money.Parse(r.Amount)
			matches = r.Amount == "" || err == nil && amount == a.Cents
		}
		if !matches {
			return false, nil
		}
	}
	return yes == len(allocations), nil
}

func resultOf(p db.Payment) Result {
	r := Result{Reference: p.Reference, State: State(p.State)}
	if r.State == Action {
		r.Redirect = p.SessionUrl
	}
	if r.State.GaveUp() {
		if r.Message = p.FailureMessage; r.Message == "" {
			r.Message = "This payment was not made. Nothing was charged."
		}
	}
	return r
}

// send carries a planned payment to the processor. The caller holds its lock.
func (s *Service) send(ctx context.Context, by audit.Actor, reference string) (Result, error) {
	p, err := s.db.Read().GetPaymentByReference(ctx, reference)
	if err != nil {
		return Result{}, fmt.Errorf("payment: %w", err)
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return Result{}, err
	}
	g, err := s.adapter(set, p.Gateway)
	if err != nil {
		return s.unsent(ctx, by, p, &gateway.Error{Class: gateway.Config, Op: "open", Err: err})
	}
	customer := "" // a guest's payment is on nobody's file
	if !byLink(p) {
		if customer, err = s.customer(ctx, g, p.CustomerID, ""); err != nil {
			return s.unsent(ctx, by, p, err)
		}
	}
	now := s.clock.Now()
	var claimed int64
	err = s.db.Write(ctx, func(q *db.Queries) error {
		claimed, err = q.ClaimPayment(ctx, db.ClaimPaymentParams{CustomerRef: customer, SubmittedAt: now, CheckedAt: now, ID: p.ID})
		return err
	})
	if err != nil {
		return Result{}, fmt.Errorf("payment: claim: %w", err)
	}
	p, err = s.db.Read().GetPayment(ctx, p.ID)
	if err != nil {
		return Result{}, fmt.Errorf("payment: %w", err)
	}
	if claimed == 0 { // somebody else has it
		return resultOf(p), nil
	}
	description, err := s.description(ctx, p)
	if err != nil {
		return Result{}, err
	}
	if p.Hosted != 0 {
		return s.sendHosted(ctx, by, g, p, description)
	}
	return s.sendCharge(ctx, by, g, p, description)
}

// description is what the processor's page and the dealer's list there say of it.
func (s *Service) description(ctx context.Context, p db.Payment) (string, error) {
	allocations, err := s.db.Read().ListAllocations(ctx, p.ID)
	if err != nil {
		return "", fmt.Errorf("payment: %w", err)
	}
	numbers := make([]string, len(allocations))
	for i, a := range allocations {
		numbers[i] = a.Number
	}
	noun := "Invoice "
	if len(numbers) > 1 {
		noun = "Invoices "
	}
	const most = 12
	if len(numbers) > most {
		return fmt.Sprintf("%s%s and %d more", noun, strings.Join(numbers[:most], ", "), len(numbers)-most), nil
	}
	return noun + strings.Join(numbers, ", "), nil
}

// attempts is how often a request that was not sent is tried within one press
// of the button.
var attempts = []time.Duration{300 * time.Millisecond, 1200 * time.Millisecond}

// again calls f until it is not "not sent" any more, a few times at most. The
// key stays the same, so that this is one request whatever happens.
func (s *Service) again(ctx context.Context, f func() error) error {
	err := f()
	for _, pause := range attempts {
		if err == nil || errors.Is(err, gateway.ErrNotFound) || gateway.ClassOf(err) != gateway.NotSent || ctx.Err() != nil {
			break
		}
		s.pause(ctx, pause)
		err = f()
	}
	return err
}

// sendCharge charges a method on file.
func (s *Service) sendCharge(ctx context.Context, by audit.Actor, g gateway.Adapter, p db.Payment, description string) (Result, error) {
	method, err := s.db.Read().GetMethod(ctx, p.MethodID.Int64)
	if err != nil {
		return Result{}, fmt.Errorf("payment: %w", err)
	}
	var out gateway.Outcome
	err = s.again(ctx, func() error {
		out, err = g.Charge(ctx, p.IdempotencyKey, gateway.Charge{
			Reference: p.Reference, CustomerID: p.CustomerRef, MethodID: method.Ref, Kind: gateway.Kind(p.Kind), Amount: p.AmountCents,
			Description: description, ReturnURL: s.mail.PublicURL("/pay/return?payment=" + p.Reference),
		})
		return err
	})
	if err != nil {
		if errors.Is(err, gateway.ErrNotFound) {
			out = gateway.Outcome{State: gateway.Failed, Reference: p.Reference, Failure: gateway.NewFailure(gateway.Kind(p.Kind), gateway.MethodGone, "")}
		} else {
			return s.unsent(ctx, by, p, err)
		}
	}
	if p, err = s.apply(ctx, by, p.Reference, out, true); err != nil {
		return Result{}, err
	}
	return resultOf(p), nil
}

// sendHosted opens the processor's page for the payment.
func (s *Service) sendHosted(ctx context.Context, by audit.Actor, g gateway.Adapter, p db.Payment, description string) (Result, error) {
	var page gateway.Page
	open := func() error {
		var err error
		page, err = g.OpenPaymentPage(ctx, p.IdempotencyKey, gateway.PaymentPage{
			Reference: p.Reference, CustomerID: p.CustomerRef, Kind: gateway.Kind(p.Kind), Amount: p.AmountCents,
			Description: description, KeepOnFile: p.KeepMethod != 0,
			SuccessURL: s.mail.PublicURL(returnPath(p)),
			CancelURL:  s.mail.PublicURL(returnPath(p) + "&back=1"),
			ExpiresAt:  p.CreatedAt.Add(pageLife),
		})
		return err
	}
	if err := s.again(ctx, open); err != nil {
		if errors.Is(err, gateway.ErrNotFound) && !byLink(p) {
			// the processor has deleted its record of the customer: the next
			// attempt makes a new one
			if _, err := s.customer(ctx, g, p.CustomerID, p.CustomerRef); err != nil {
				return s.unsent(ctx, by, p, err)
			}
			err = &gateway.Error{Class: gateway.NotSent, Op: "open payment page", Err: gateway.ErrNotFound}
		}
		// Whether or not the page exists, nobody has its address: it cannot be paid.
		return s.unsent(ctx, by, p, closed(err))
	}
	now := s.clock.Now()
	err := s.db.Write(ctx, func(q *db.Queries) error {
		address, err := s.pageAddress(ctx, q, now, page, returnPath(p)+"&back=1")
		if err != nil {
			return err
		}
		_, err = q.OpenPaymentPage(ctx, db.OpenPaymentPageParams{SessionRef: page.ID, SessionUrl: address, CheckedAt: now, ID: p.ID})
		return err
	})
	if err != nil {
		return Result{}, fmt.Errorf("payment: %w", err)
	}
	if p, err = s.db.Read().GetPayment(ctx, p.ID); err != nil {
		return Result{}, fmt.Errorf("payment: %w", err)
	}
	return resultOf(p), nil
}

// closed turns an unknown outcome of opening a page into "not sent": a page
// whose address nobody has cannot take money.
func closed(err error) error {
	if gateway.ClassOf(err) == gateway.Unknown {
		return &gateway.Error{Class: gateway.NotSent, Op: "open payment page", Err: err}
	}
	return err
}

// unsent writes down that the processor gave no outcome. Where nothing can have
// been charged the payment ends; where it may have been, it stays submitted and
// is looked up.
func (s *Service) unsent(ctx context.Context, by audit.Actor, p db.Payment, err error) (Result, error) {
	class := gateway.ClassOf(err)
	if State(p.State) == Planned && class == gateway.Unknown {
		class = gateway.NotSent // only the processor's record of the customer was at stake
	}
	s.log.Error("payment: no outcome", "payment", p.Reference, "class", class.String(), "error", err.Error())
	if class == gateway.Unknown {
		s.Wake()
		return resultOf(p), nil
	}
	words := "We could not reach the payment processor. Nothing was charged. Please try again in a few minutes."
	code := "not_sent"
	if class == gateway.Config {
		code = "configuration"
		words = "Online payment does not work at the moment. Nothing was charged."
		if set, err := s.settings.Current(ctx); err == nil && set.Company.Phone != "" {
			words += " Please call " + set.Company.Name + " at " + set.Company.Phone + "."
		}
	}
	p, moveErr := s.giveUp(ctx, by, p, ending{code: code, words: words, cause: err})
	if moveErr != nil {
		return Result{}, moveErr
	}
	return resultOf(p), nil
}

// Wake asks for [Service.Settle] to be called now.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// closePage closes the processor's page of a payment, so that it cannot be paid
// any more, and returns what the payment has become.
func (s *Service) closePage(ctx context.Context, by audit.Actor, reference string) (db.Payment, error) {
	if err := s.busy.take(ctx, reference); err != nil {
		return db.Payment{}, err
	}
	defer s.busy.release(reference)
	p, err := s.db.Read().GetPaymentByReference(ctx, reference)
	if err != nil {
		return p, fmt.Errorf("payment: %w", err)
	}
	if State(p.State) != Action {
		return p, nil
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return p, err
	}
	g, err := s.adapter(set, p.Gateway)
	if err == nil {
		var out gateway.Outcome
		if out, err = s.stop(ctx, g, p); err == nil {
			return s.apply(ctx, by, reference, out, true)
		}
	}
	return p, &fault.Error{Kind: fault.Unavailable, RetryAfter: 30 * time.Second, Err: err,
		Message: "The payment page you opened before could not be closed yet, so nothing new was started. Please try again in a minute."}
}

// stop closes a page, or a payment that waits for the customer.
func (s *Service) stop(ctx context.Context, g gateway.Adapter, p db.Payment) (gateway.Outcome, error) {
	id := p.SessionRef
	if id == "" {
		id = p.ChargeRef
	}
	return g.Cancel(ctx, p.IdempotencyKey+"-cancel", id)
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
