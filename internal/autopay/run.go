package autopay

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
)

const (
	// lookAgainAfter is when customers about whom nothing could be decided are
	// looked at again.
	lookAgainAfter = 10 * time.Minute
	// patience is how long a run waits with its summary for outcomes that are not
	// known.
	patience = 15 * time.Minute
	// loneRefusals is how many payments in one go the processor may refuse to work
	// on, while it carries out others, before the run stops.
	loneRefusals = 3
)

// Run does what is to be done now: it looks after attempts whose outcome has
// come, and when the day has begun plans what is due, works it off, mails the
// advance notices, and sums a finished run up. It is called every few seconds
// and decides everything from the books, so it may be killed anywhere, called
// late, and called in several programs at once; what is left it finds again.
//
// Books that may be a copy of others charge nobody. When the processor's own
// list of changes cannot be read nothing is planned, and the error is returned.
func (s *Service) Run(ctx context.Context) error {
	hold, err := s.db.Hold(ctx)
	if err != nil {
		return fmt.Errorf("autopay: %w", err)
	}
	if hold != db.NoHold {
		return nil
	}
	// what cannot be acted on is tried again the next time and stops nothing else
	return errors.Join(s.follow(ctx), s.takeDue(ctx))
}

// takeDue plans and charges what is due and tells of it.
func (s *Service) takeDue(ctx context.Context) error {
	_, err := s.payments.AutoPayGateway(ctx)
	if fault.Is(err, fault.Unavailable) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.plan(ctx); err != nil {
		return err
	}
	if err := s.charge(ctx); err != nil {
		return err
	}
	followed := s.follow(ctx)
	if err := s.finish(ctx); err != nil {
		return errors.Join(followed, err)
	}
	return errors.Join(followed, s.notices(ctx))
}

// plan plans what runs that are to be planned are for, and begins the day's run
// when somebody is due.
func (s *Service) plan(ctx context.Context) error {
	if all, err := holdOfAll(ctx, s.db.Read()); err != nil || all != nil {
		return err
	}
	today, day, err := s.today(ctx)
	if err != nil {
		return err
	}
	searching := s.toSearch(day)
	runs, err := s.db.Read().ListAutoPayOpenRuns(ctx)
	if err != nil {
		return fmt.Errorf("autopay: runs: %w", err)
	}
	working := false
	for _, r := range runs {
		working = working || r.Kind != "late"
	}
	if !working {
		begin, err := s.somethingDue(ctx, day, searching)
		if err != nil {
			return err
		}
		if begin {
			if err := s.begin(ctx, "daily", day, audit.Program); err != nil && !fault.Is(err, fault.Conflict) {
				return err
			}
			if runs, err = s.db.Read().ListAutoPayOpenRuns(ctx); err != nil {
				return fmt.Errorf("autopay: runs: %w", err)
			}
		}
	}
	for _, r := range runs {
		switch r.State {
		case "stopped":
			// the processor refused it; it may have been set right since
			if err := s.resumeNextDay(ctx, r, today); err != nil {
				return err
			}
		case "planning":
			if err := s.planRun(ctx, r, today, day); err != nil {
				return err
			}
		}
	}
	if searching {
		s.mu.Lock()
		s.searched = day
		s.mu.Unlock()
	}
	return nil
}

// toSearch tells whether all customers are to be looked through for the day.
func (s *Service) toSearch(day calendar.Date) bool {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.again.IsZero() && now >= s.again {
		s.again, s.searched = 0, ""
	}
	return s.searched != day
}

// somethingDue tells whether there is anything to plan or to tell on a day.
func (s *Service) somethingDue(ctx context.Context, day calendar.Date, searching bool) (bool, error) {
	q := s.db.Read()
	again, err := q.ListAutoPayRetriesDue(ctx, db.ListAutoPayRetriesDueParams{Day: day, Most: 1})
	if err != nil {
		return false, fmt.Errorf("autopay: %w", err)
	}
	if len(again) > 0 {
		return true, nil
	}
	if !searching {
		return false, nil
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return false, err
	}
	n, err := q.CountAutoPayUnreported(ctx)
	if err != nil || n > 0 {
		return n > 0, err
	}
	const page = 1000
	for after := int64(0); ; {
		rows, err := q.ListAutoPayDue(ctx, dueParams(day, after, page))
		if err != nil {
			return false, fmt.Errorf("autopay: %w", err)
		}
		if len(rows) == 0 {
			return false, nil
		}
		for _, r := range rows {
			if r.AcceptedAt.Date(set.Zone) < dueOf(day, r) {
				return true, nil
			}
			after = r.CustomerID
		}
	}
}

// begin writes a run down. It is a Conflict when one is at work already.
func (s *Service) begin(ctx context.Context, kind string, day calendar.Date, by audit.Actor) error {
	now := s.clock.Now()
	return s.db.Write(ctx, func(q *db.Queries) error {
		n, err := q.AddAutoPayRun(ctx, db.AddAutoPayRunParams{Kind: kind, State: "planning", RunDate: day, StaffID: db.NullID(by.StaffID), StartedAt: now})
		if err != nil {
			return fmt.Errorf("autopay: %w", err)
		}
		if n == 0 {
			return fault.New(fault.Conflict, "A run is at work already.")
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "autopay.run", Object: "auto pay of " + day.ISO(), After: map[string]string{"kind": kind}})
	})
}

// planRun plans one run to its end and lets it charge.
func (s *Service) planRun(ctx context.Context, run db.AutoPayRun, today, day calendar.Date) error {
	if err := s.payments.CatchUp(ctx); err != nil {
		return fmt.Errorf("autopay: before the run of %s: %w", run.RunDate, err)
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	info, err := s.payments.AutoPayGateway(ctx)
	if err != nil {
		return err
	}
	if run.Kind == "hand" {
		day = max(day, run.RunDate) // by hand it may be before six in the morning
	}
	p := &planner{Service: s, run: run, today: today, day: day, zone: set.Zone, rules: rulesOf(set, info)}
	err = p.plan(ctx)
	if errors.Is(err, errHeldAll) {
		return nil
	}
	if err != nil {
		return err
	}
	if p.troubled > 0 {
		s.mu.Lock()
		s.again = s.clock.Now().Add(lookAgainAfter)
		s.mu.Unlock()
	}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		if err := s.moveRun(ctx, q, run, "charging", ""); err != nil {
			return err
		}
		return s.tellLate(ctx, q)
	})
	if errors.Is(err, errMoved) {
		return nil // another program has planned it to its end as well
	}
	return err
}

// moveRun takes a run from the state it was read in to another.
func (s *Service) moveRun(ctx context.Context, q *db.Queries, run db.AutoPayRun, to, trouble string) error {
	row := db.MoveAutoPayRunParams{State: to, Trouble: trouble, StoppedAt: run.StoppedAt, FinishedAt: run.FinishedAt, RunDate: run.RunDate,
		StaffID: run.StaffID, ID: run.ID, Was: run.State}
	switch to {
	case "stopped":
		row.StoppedAt = s.clock.Now()
	case "finished", "skipped":
		row.FinishedAt = s.clock.Now()
	}
	n, err := q.MoveAutoPayRun(ctx, row)
	if err != nil {
		return fmt.Errorf("autopay: run: %w", err)
	}
	if n == 0 {
		return errMoved
	}
	return nil
}

// errMoved says that somebody else moved the run on.
var errMoved = errors.New("autopay: the run has moved on")

// tellLate asks the office about what is too late to be taken by itself, once
// for each late run. It runs in the caller's transaction.
func (s *Service) tellLate(ctx context.Context, q *db.Queries) error {
	late, err := q.GetAutoPayLateRun(ctx)
	if errors.Is(err, sql.ErrNoRows) || err == nil && late.State != "asks" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("autopay: %w", err)
	}
	totals, err := totalsOf(ctx, q, late.ID)
	if err != nil {
		return err
	}
	return s.tellDealer(ctx, q, fmt.Sprintf("auto pay run %d asks", late.ID), outbox.PaymentNotice{
		Title: "Auto Recurring waits for your decision",
		Lines: []string{fmt.Sprintf("The portal or payments were off on the day and for more than %d days after it, so %s for %s were not taken. It may be too late for customers to expect them.",
			catchUp, count(totals.Asks, "payment", "payments"), totals.AsksAmount),
			"Please decide in the office whether they are taken now or left out. Until then nothing of it is taken."},
		Path: RunPath(late.ID)})
}

// tellDealer queues a mail to the dealer's office, once for each fact.
func (s *Service) tellDealer(ctx context.Context, q *db.Queries, fact string, body outbox.Body) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	if set.Company.Email == "" {
		return nil
	}
	return s.mail.Enqueue(ctx, q, s.clock.Now(), outbox.Mail{Fact: fact, ToName: set.Company.Name, ToEmail: set.Company.Email, Body: body})
}

// resumeNextDay lets a run that stopped go on when a day has passed.
func (s *Service) resumeNextDay(ctx context.Context, run db.AutoPayRun, today calendar.Date) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	if run.StoppedAt.Date(set.Zone) >= today {
		return nil
	}
	err = s.db.Write(ctx, func(q *db.Queries) error { return s.moveRun(ctx, q, run, "charging", "") })
	if errors.Is(err, errMoved) {
		return nil
	}
	return err
}

// confirmedWithin is for how long after a confirmed restore payments are looked
// for at the processor before they are sent: longer than a month's attempts last.
const confirmedWithin = 40 * 24 * time.Hour

// charge works off what is planned, batch by batch, until nothing is left or the
// processor takes no more.
func (s *Service) charge(ctx context.Context) error {
	ids, err := s.planned(ctx, 0)
	if err != nil || len(ids) == 0 {
		return err
	}
	confirmed, err := s.db.Read().GetBooksConfirmed(ctx, s.clock.Now().Add(-confirmedWithin))
	if err != nil {
		return fmt.Errorf("autopay: %w", err)
	}
	today, _, err := s.today(ctx)
	if err != nil {
		return err
	}
	order := payment.AutoCharge{LookFirst: confirmed != 0, May: func(ctx context.Context, q *db.Queries, p db.Payment) (bool, error) { return s.may(ctx, q, p, today) }}
	settled, refused := 0, 0
	for len(ids) > 0 && ctx.Err() == nil {
		t, err := s.payments.ChargeAutoPay(ctx, ids, order)
		if fault.Is(err, fault.Unavailable) {
			return nil // payments were switched off, or the books take nothing: later
		}
		if err != nil {
			return err
		}
		settled += t.Settled
		after := ids[len(ids)-1]
		switch {
		case t.Refused != 0 && settled > 0 && refused < loneRefusals:
			refused++
			if err := s.payments.RefuseAutoPay(ctx, t.Refused, t.Cause); err != nil {
				return err
			}
			after = 0
		case t.Refused != 0:
			return s.stop(ctx, t.Cause)
		case t.Unsent > 0:
			return s.note(ctx, "The payment processor cannot be reached, or takes no more at the moment. It is tried again by itself.")
		}
		if err := s.follow(ctx); err != nil {
			// the rest is charged all the same; Run meets it again and returns it
			s.log.Error("autopay: follow", "error", err.Error())
		}
		if ids, err = s.planned(ctx, after); err != nil {
			return err
		}
	}
	return s.note(ctx, "")
}

func (s *Service) planned(ctx context.Context, after int64) ([]int64, error) {
	ids, err := s.db.Read().ListAutoPayPlanned(ctx, db.ListAutoPayPlannedParams{After: after, Most: most})
	if err != nil {
		return nil, fmt.Errorf("autopay: planned payments: %w", err)
	}
	return ids, nil
}

// note writes on the runs at work why they wait, "" that they do not.
func (s *Service) note(ctx context.Context, words string) error {
	runs, err := s.db.Read().ListAutoPayOpenRuns(ctx)
	if err != nil {
		return fmt.Errorf("autopay: runs: %w", err)
	}
	for _, r := range runs {
		if r.State != "charging" || r.Trouble == words {
			continue
		}
		err := s.db.Write(ctx, func(q *db.Queries) error {
			return q.NoteAutoPayRun(ctx, db.NoteAutoPayRunParams{Trouble: words, ID: r.ID, Unless: words})
		})
		if err != nil {
			return fmt.Errorf("autopay: %w", err)
		}
	}
	return nil
}

// stop stops the runs at work, for the processor refuses what the portal sends,
// and tells the dealer.
func (s *Service) stop(ctx context.Context, cause error) error {
	s.log.Error("autopay: stopped", "error", cause.Error())
	runs, err := s.db.Read().ListAutoPayOpenRuns(ctx)
	if err != nil {
		return fmt.Errorf("autopay: runs: %w", err)
	}
	for _, r := range runs {
		if r.State != "charging" {
			continue
		}
		err := s.db.Write(ctx, func(q *db.Queries) error {
			words := "The payment processor refuses what the portal sends: " + cause.Error()
			if err := s.moveRun(ctx, q, r, "stopped", words); err != nil {
				return err
			}
			return s.tellDealer(ctx, q, fmt.Sprintf("auto pay run %d stopped at %d", r.ID, s.clock.Now()), outbox.PaymentNotice{
				Title: "Auto Recurring stopped",
				Lines: []string{words, "What was not sent was not charged. Set it right in the payment settings and let the run go on; otherwise it is tried again tomorrow."},
				Path:  RunPath(r.ID)})
		})
		if err != nil && !errors.Is(err, errMoved) {
			return err
		}
	}
	return nil
}

// may decides in the transaction of the claim whether a planned payment is still
// to be sent, and cancels one that is not.
func (s *Service) may(ctx context.Context, q *db.Queries, p db.Payment, today calendar.Date) (bool, error) {
	if all, err := holdOfAll(ctx, q); err != nil || all != nil {
		return false, err
	}
	attempt, err := q.GetAutoPayAttemptOfPayment(ctx, p.ID)
	if err != nil {
		return false, fmt.Errorf("autopay: attempt: %w", err)
	}
	run, err := q.GetAutoPayRun(ctx, attempt.RunID)
	if err != nil {
		return false, fmt.Errorf("autopay: run: %w", err)
	}
	if run.State != "charging" {
		return false, nil
	}
	m, err := q.GetAutoPayPeriod(ctx, db.GetAutoPayPeriodParams{CustomerID: attempt.CustomerID, Period: attempt.Period})
	if err != nil {
		return false, fmt.Errorf("autopay: month: %w", err)
	}
	next, code, err := s.doubt(ctx, q, p, m, today)
	if err != nil || code == "" {
		return err == nil, err
	}
	words := next.Reason
	if next.State == string(Retrying) {
		words = "It is made anew."
	}
	if _, err := s.payments.CancelAutoPay(ctx, q, s.clock.Now(), p, code, words); err != nil {
		return false, err
	}
	if _, err := q.FollowAutoPayAttempt(ctx, db.FollowAutoPayAttemptParams{Outcome: string(payment.Canceled), ID: attempt.ID}); err != nil {
		return false, fmt.Errorf("autopay: %w", err)
	}
	_, err = s.move(ctx, q, m, next)
	return false, err
}

// doubt says what becomes of the month when its planned payment is not to be
// sent any more; the code is "" when it is.
func (s *Service) doubt(ctx context.Context, q *db.Queries, p db.Payment, m db.AutoPayPeriod, today calendar.Date) (next db.AutoPayPeriod, code string, err error) {
	next = m
	holds, err := q.ListAutoPayHolds(ctx, []sql.NullInt64{db.NullID(p.CustomerID)})
	if err != nil {
		return next, "", fmt.Errorf("autopay: holds: %w", err)
	}
	if len(holds) > 0 {
		next.State, next.Reason = string(Held), holds[0].Reason
		return next, "held", nil
	}
	customer, err := q.GetCustomer(ctx, p.CustomerID)
	if err != nil {
		return next, "", fmt.Errorf("autopay: customer: %w", err)
	}
	if customer.Status != "active" {
		next.State, next.Reason = string(Skipped), notActive
		return next, "inactive", nil
	}
	consent, err := q.GetMandateForCustomer(ctx, p.CustomerID)
	if errors.Is(err, sql.ErrNoRows) {
		next.State, next.Reason = string(Off), "Auto Recurring was switched off."
		return next, payment.SwitchedOff, nil
	}
	if err != nil {
		return next, "", fmt.Errorf("autopay: consent: %w", err)
	}
	if p.PaymentDate.AddDays(catchUp) < today {
		next.State, next.Reason = string(Failed), fmt.Sprintf("It was planned on %s and could not be sent for days.", p.PaymentDate)
		return next, "late", nil
	}
	again := consent.MethodID != p.MethodID.Int64 || consent.CapCents > 0 && p.AmountCents > consent.CapCents
	if !again {
		method, err := q.GetMethod(ctx, consent.MethodID)
		if err != nil {
			return next, "", fmt.Errorf("autopay: method: %w", err)
		}
		set, err := s.settings.Current(ctx)
		if err != nil {
			return next, "", err
		}
		again = !method.EndedAt.IsZero() || method.Gateway != set.Gateway
	}
	parts, err := q.ListAllocations(ctx, p.ID)
	if err != nil {
		return next, "", fmt.Errorf("autopay: %w", err)
	}
	for _, a := range parts {
		again = again || a.Cents > a.BalanceCents // paid by check meanwhile
	}
	if again {
		next.State, next.Reason, next.RetryDate = string(Retrying), "What it was planned for has changed; it is planned anew.", today
		return next, "replanned", nil
	}
	return next, "", nil
}

// RunNow begins today's run now, lets a run that stopped go on, or decides to
// take what was too late, in this order: whichever there is. It never takes what
// is due tomorrow. It returns at once; [Service.Progress] tells how it goes on.
// It is a Conflict when a run is at work, when all are on hold or when nothing
// is due, and Unavailable while payments are off.
func (s *Service) RunNow(ctx context.Context, by audit.Actor) error {
	if _, err := s.payments.AutoPayGateway(ctx); err != nil {
		return err
	}
	if all, err := holdOfAll(ctx, s.db.Read()); err != nil {
		return err
	} else if all != nil {
		return fault.New(fault.Conflict, "All are on hold: %s. Release the hold first.", all.Reason)
	}
	runs, err := s.db.Read().ListAutoPayOpenRuns(ctx)
	if err != nil {
		return fmt.Errorf("autopay: runs: %w", err)
	}
	resumed := false
	for _, r := range runs {
		if r.State != "stopped" {
			return fault.New(fault.Conflict, "A run is at work already.")
		}
		err := s.db.Write(ctx, func(q *db.Queries) error {
			if err := s.moveRun(ctx, q, r, "charging", ""); err != nil {
				return err
			}
			return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "autopay.resume", Object: "auto pay of " + r.RunDate.ISO()})
		})
		if err != nil && !errors.Is(err, errMoved) {
			return err
		}
		resumed = true
	}
	if resumed {
		s.Wake()
		return nil
	}
	today, _, err := s.today(ctx)
	if err != nil {
		return err
	}
	due, err := s.dueNow(ctx, today)
	if err != nil {
		return err
	}
	if due {
		if err := s.begin(ctx, "hand", today, by); err != nil {
			return err
		}
		s.lookAgain()
		return nil
	}
	late, err := s.db.Read().GetAutoPayLateRun(ctx)
	if errors.Is(err, sql.ErrNoRows) || err == nil && late.State != "asks" {
		return fault.New(fault.Conflict, "Nothing is due today.")
	}
	if err != nil {
		return fmt.Errorf("autopay: %w", err)
	}
	return s.Decide(ctx, by, late.ID, true)
}

// dueNow tells whether a run by hand would find anybody who is not too late.
func (s *Service) dueNow(ctx context.Context, today calendar.Date) (bool, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return false, err
	}
	again, err := s.db.Read().ListAutoPayRetriesDue(ctx, db.ListAutoPayRetriesDueParams{Day: today, Most: 1})
	if err != nil || len(again) > 0 {
		return len(again) > 0, err
	}
	const page = 1000
	for after := int64(0); ; {
		rows, err := s.db.Read().ListAutoPayDue(ctx, dueParams(today, after, page))
		if err != nil {
			return false, fmt.Errorf("autopay: %w", err)
		}
		if len(rows) == 0 {
			return false, nil
		}
		for _, r := range rows {
			due := dueOf(today, r)
			if r.AcceptedAt.Date(set.Zone) < due && due.AddDays(catchUp) >= today {
				return true, nil
			}
			after = r.CustomerID
		}
	}
}

// Decide is the office's word on a late run: take it now, or leave it out. It is
// NotFound for a run that does not ask.
func (s *Service) Decide(ctx context.Context, by audit.Actor, runID int64, take bool) error {
	today, _, err := s.today(ctx)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		run, err := q.GetAutoPayRun(ctx, runID)
		if errors.Is(err, sql.ErrNoRows) || err == nil && run.State != "asks" {
			return fault.Missing("run")
		}
		if err != nil {
			return fmt.Errorf("autopay: run: %w", err)
		}
		run.StaffID = db.NullID(by.StaffID)
		word := "taken"
		if take {
			run.RunDate = today
			err = s.moveRun(ctx, q, run, "planning", "")
		} else {
			word = "left out"
			if _, err := q.SkipAutoPayAsked(ctx, db.SkipAutoPayAskedParams{Reason: "The office decided not to take it so late.", DecidedAt: s.clock.Now(), RunID: run.ID}); err != nil {
				return fmt.Errorf("autopay: %w", err)
			}
			err = s.moveRun(ctx, q, run, "skipped", "")
		}
		if err != nil {
			return err
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "autopay.decide", Object: "late auto pay of " + run.RunDate.ISO(), After: map[string]string{"decision": word}})
	})
	if err != nil {
		return err
	}
	s.Wake()
	return nil
}

// Take has a customer's month taken after all, today: one that failed, was
// skipped on hold, or met trouble. A card or account that was refused for good is
// not charged again until it is replaced. It is a Conflict for a month that is
// taken, under way or not to be taken, and NotFound for none.
func (s *Service) Take(ctx context.Context, by audit.Actor, customerID int64, period string) error {
	if _, err := s.payments.AutoPayGateway(ctx); err != nil {
		return err
	}
	today, _, err := s.today(ctx)
	if err != nil {
		return err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	info, err := s.payments.AutoPayGateway(ctx)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		m, err := q.GetAutoPayPeriod(ctx, db.GetAutoPayPeriodParams{CustomerID: customerID, Period: period})
		if errors.Is(err, sql.ErrNoRows) {
			return fault.Missing("month")
		}
		if err != nil {
			return fmt.Errorf("autopay: %w", err)
		}
		switch State(m.State) {
		case Retrying, Failed, Trouble, Held, Skipped, Nothing:
		default:
			return fault.New(fault.Conflict, "This month's payment is %s. Nothing was done.", stateWords[State(m.State)])
		}
		next := m
		next.State, next.Reason, next.RetryDate = string(Retrying), "Another attempt was asked for by the office.", today
		if m.State == string(Retrying) && m.RetryDate == today {
			return fault.New(fault.Conflict, "It is tried again today already.")
		}
		if _, err := s.move(ctx, q, m, next); err != nil {
			return err
		}
		// as it would be decided now: what stands in the way is said at once
		accounts, err := load(ctx, q, []int64{customerID})
		if err != nil {
			return err
		}
		if len(accounts) == 0 {
			return fault.New(fault.Conflict, "Auto Recurring is switched off for this customer.")
		}
		for _, r := range accounts[0].retries {
			if r.Period != period {
				continue
			}
			if t := accounts[0].again(r, today, rulesOf(set, info)); t.obstacle != free {
				return fault.New(fault.Conflict, "%s", t.words)
			}
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "autopay.retry", CustomerID: customerID, Object: "auto pay of " + period})
	})
	if err != nil {
		return err
	}
	s.Wake()
	return nil
}

// stateWords are the states of a month in words.
var stateWords = map[State]string{
	Planned: "under way", Processing: "on its way", Paid: "paid", Retrying: "to be tried again", Failed: "failed", Trouble: "not possible",
	Nothing: "not due", Held: "on hold", Asks: "waiting for a decision", Skipped: "left out", Off: "switched off",
}

// Words names the state for people.
func (s State) Words() string { return stateWords[s] }

// count puts a number and its noun together.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
