package workorder

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// Appointment is who comes when. Either may be missing: a window without a
// technician is an appointment, a technician without a window is not.
type Appointment struct {
	TechnicianID int64
	Window
}

// Schedule makes or moves the appointment and assigns the technician, and mails
// the customer when the window is a new one. What was on its way or begun is
// Scheduled again. seen is the version that the caller saw, or [Any]: when it has
// changed since, the fault is a Conflict that tells what happened. Refusals are
// Invalid faults with the fields "date", "from", "until" and "technician". The
// same appointment again changes nothing.
func (s *Service) Schedule(ctx context.Context, by audit.Actor, number string, seen int64, a Appointment) error {
	return s.change(ctx, by, number, seen, func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) error {
		return s.schedule(ctx, q, now, by, o, a)
	})
}

// schedule is Schedule in the caller's transaction.
func (s *Service) schedule(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, o *db.WorkOrder, a Appointment) error {
	from := State(o.State)
	if !from.Open() {
		return wrongState(o, "An appointment cannot be made for it.")
	}
	technician, err := a.check(ctx, q, o)
	if err != nil {
		return err
	}
	was, before := Appointment{o.TechnicianID.Int64, windowOf(o)}, ""
	if was == a {
		return errUnchanged
	}
	if was.TechnicianID != 0 {
		t, err := q.GetTechnician(ctx, was.TechnicianID)
		if err != nil {
			return fmt.Errorf("technician %d: %w", was.TechnicianID, err)
		}
		before = t.Name
	}
	e := event{kind: "rescheduled", from: from, to: Scheduled, shown: true}
	switch {
	case a.Window.IsZero() && was.Window.IsZero():
		e = event{kind: "assigned"}
	case a.Window.IsZero():
		return fault.Field("date", "Choose the day of the appointment, or take the appointment away")
	case was.Window.IsZero():
		e.kind = "scheduled"
	case a.Window == was.Window && from == Scheduled:
		e = event{kind: "assigned", shown: a.TechnicianID != 0}
	case a.Window == was.Window:
		e.kind = "scheduled" // again, for it had gone on
	}
	if err := s.leave(ctx, q, o); err != nil {
		return err
	}
	o.TechnicianID = db.NullID(a.TechnicianID)
	o.WindowDate, o.WindowFrom, o.WindowUntil = a.Date, a.From, a.Until
	e.details = strings.TrimPrefix(a.Window.String()+", "+ShortName(technician), ", ")
	e.details = strings.TrimSuffix(e.details, ", ")
	if e.kind == "assigned" {
		e.details = ShortName(technician)
		if technician == "" {
			e.details = "nobody"
		}
	}
	if e.to == Scheduled {
		enter(o, Scheduled, now)
	}
	id, err := keep(ctx, q, now, by, o, e)
	if err != nil {
		return err
	}
	err = record(ctx, q, now, by, o, "schedule", map[string]any{"window": was.Window.String(), "state": from, "technician": before},
		map[string]any{"window": a.Window.String(), "state": o.State, "technician": technician})
	if err != nil || a.Window == was.Window {
		return err
	}
	return s.mailScheduled(ctx, q, now, o, id, !was.Window.IsZero())
}

// check refuses an appointment that cannot be kept in the books, and returns the
// technician's name.
func (a Appointment) check(ctx context.Context, q *db.Queries, o *db.WorkOrder) (string, error) {
	var refused fault.Fields
	if a.Date != "" {
		if _, err := calendar.ParseDate(string(a.Date)); err != nil {
			refused.Add("date", "%s", err.Error())
		}
		if a.From < 0 || a.From > 24*60-1 {
			refused.Add("from", "Choose when the appointment begins")
		}
		if a.Until > 24*60 || a.Until <= a.From {
			refused.Add("until", "Choose an end after the beginning")
		}
	} else if a.From != 0 || a.Until != 0 {
		refused.Add("date", "Choose the day of the appointment")
	}
	name := ""
	if a.TechnicianID != 0 {
		t, err := q.GetTechnician(ctx, a.TechnicianID)
		switch {
		case errors.Is(err, sql.ErrNoRows), err == nil && t.DisabledAt != 0 && o.TechnicianID.Int64 != t.ID:
			refused.Add("technician", "Choose a technician who works here")
		case err != nil:
			return "", fmt.Errorf("technician %d: %w", a.TechnicianID, err)
		}
		name = t.Name
	}
	return name, refused.Err()
}

// Unschedule takes the appointment away: the work order is Requested again, and
// the customer is mailed. The technician stays. seen is as for [Service.Schedule].
func (s *Service) Unschedule(ctx context.Context, by audit.Actor, number string, seen int64) error {
	return s.change(ctx, by, number, seen, func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) error {
		from := State(o.State)
		if from != Scheduled && from != Dispatched {
			return wrongState(o, "There is no appointment to take away.")
		}
		if err := s.leave(ctx, q, o); err != nil {
			return err
		}
		was := windowOf(o)
		o.WindowDate, o.WindowFrom, o.WindowUntil = "", 0, 0
		enter(o, Requested, now)
		id, err := keep(ctx, q, now, by, o, event{kind: "unscheduled", from: from, to: Requested, details: was.String(), shown: true})
		if err != nil {
			return err
		}
		if err := record(ctx, q, now, by, o, "unschedule", map[string]any{"window": was.String(), "state": from}, map[string]any{"state": Requested}); err != nil {
			return err
		}
		return s.mailUnscheduled(ctx, q, now, o, id, was, "")
	})
}

// Dispatch says that the technician is on the way. It needs one.
func (s *Service) Dispatch(ctx context.Context, by audit.Actor, number string, seen int64) error {
	return s.change(ctx, by, number, seen, func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) error {
		return s.advance(ctx, q, now, by, o, Dispatched, now)
	})
}

// Arrive says that the technician is there.
func (s *Service) Arrive(ctx context.Context, by audit.Actor, number string, seen int64) error {
	return s.change(ctx, by, number, seen, func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) error {
		return s.advance(ctx, q, now, by, o, Arrived, now)
	})
}

// Complete says that the work is done.
func (s *Service) Complete(ctx context.Context, by audit.Actor, number string, seen int64) error {
	return s.change(ctx, by, number, seen, func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) error {
		return s.advance(ctx, q, now, by, o, Completed, now)
	})
}

// advance brings the work order to Dispatched, Arrived or Completed, and queues
// the mail of it. happened is when it was, by the phone of who was out of reach.
// The state it is in already is no change. It runs in the caller's transaction.
func (s *Service) advance(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, o *db.WorkOrder, to State, happened calendar.Instant) error {
	from := State(o.State)
	if from == to {
		return errUnchanged
	}
	if !from.May(to) {
		return wrongState(o, map[State]string{
			Dispatched: "Only a scheduled one can be dispatched.",
			Arrived:    "Only a scheduled or dispatched one can be arrived at.",
			Completed:  "Arrive before you complete it.",
		}[to])
	}
	if !o.TechnicianID.Valid {
		return fault.Field("technician", "Assign a technician first")
	}
	if happened == 0 || happened > now {
		happened = now
	}
	happened = max(happened, o.RequestedAt)
	if err := s.leave(ctx, q, o); err != nil {
		return err
	}
	enter(o, to, happened)
	id, err := keep(ctx, q, now, by, o, event{kind: string(to), from: from, to: to, shown: true, happened: happened})
	if err != nil {
		return err
	}
	if err := record(ctx, q, now, by, o, tapWords[to], map[string]any{"state": from}, map[string]any{"state": to}); err != nil {
		return err
	}
	switch to {
	case Dispatched:
		return s.mailDispatched(ctx, q, now, o, id)
	case Completed:
		return s.mailCompleted(ctx, q, now, o, id)
	}
	return nil
}

var tapWords = map[State]string{Dispatched: "dispatch", Arrived: "arrive", Completed: "complete"}

// Undo takes back the last Dispatch, Arrive or Complete. Only who did it may, and
// within [UndoWithin]; its mail does not go out.
func (s *Service) Undo(ctx context.Context, by audit.Actor, number string, seen int64) error {
	return s.change(ctx, by, number, seen, func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) error {
		return s.undo(ctx, q, now, by, o)
	})
}

// undo is Undo in the caller's transaction.
func (s *Service) undo(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, o *db.WorkOrder) error {
	last, err := q.GetLastMove(ctx, o.ID)
	if err != nil {
		return fmt.Errorf("work order %s: last move: %w", o.Number, err)
	}
	from, to := State(o.State), State(last.FromState)
	allowed := false
	for _, s := range undoes[from] {
		allowed = allowed || s == to
	}
	if !allowed || last.Kind != o.State || by.StaffID == 0 || last.Staff != by.StaffID {
		return wrongState(o, "There is nothing of yours to undo.")
	}
	invoice, err := invoiceOf(ctx, q, o)
	if err != nil {
		return err
	}
	if invoice != "" {
		return fault.New(fault.Conflict, "Work order %s has its invoice already, so it stays completed.", o.Number)
	}
	if now.Sub(last.At) >= UndoWithin { // from then on its mail goes out
		return fault.New(fault.Conflict, "That was more than a minute ago, and the customer may have read of it. Ask the office to change work order %s.", o.Number)
	}
	o.State = string(to)
	switch from {
	case Dispatched:
		o.DispatchedAt = 0
	case Arrived:
		o.ArrivedAt = 0
	case Completed:
		o.CompletedAt = 0
	}
	if _, err := keep(ctx, q, now, by, o, event{kind: "undone", from: from, to: to, shown: true}); err != nil {
		return err
	}
	if err := s.withdraw(ctx, q, last.ID); err != nil {
		return err
	}
	return record(ctx, q, now, by, o, "undo", map[string]any{"state": from}, map[string]any{"state": to})
}

// leave takes back the mail of Dispatched or Completed that has not gone out when
// that is over: nobody is told that the technician is on the way who has been
// there. It runs in the caller's transaction, before the change.
func (s *Service) leave(ctx context.Context, q *db.Queries, o *db.WorkOrder) error {
	if State(o.State) != Dispatched && State(o.State) != Completed {
		return nil
	}
	last, err := q.GetLastMove(ctx, o.ID)
	if err != nil {
		return fmt.Errorf("work order %s: last move: %w", o.Number, err)
	}
	return s.withdraw(ctx, q, last.ID)
}

// Cancel ends a work order that is open, and mails the customer the reason. The
// reason is refused as the field "reason" when it is missing. seen is as for
// [Service.Schedule].
func (s *Service) Cancel(ctx context.Context, by audit.Actor, number string, seen int64, reason string) error {
	reason, err := text("reason", reason, reasonMost, "Say why; the customer is told")
	if err != nil {
		return err
	}
	return s.change(ctx, by, number, seen, func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) error {
		from := State(o.State)
		if !from.May(Cancelled) {
			return wrongState(o, "It cannot be cancelled.")
		}
		if err := s.leave(ctx, q, o); err != nil {
			return err
		}
		o.CancelReason = reason
		enter(o, Cancelled, now)
		id, err := keep(ctx, q, now, by, o, event{kind: "cancelled", from: from, to: Cancelled, details: reason, shown: true})
		if err != nil {
			return err
		}
		if err := record(ctx, q, now, by, o, "cancel", map[string]any{"state": from}, map[string]any{"state": Cancelled, "reason": reason}); err != nil {
			return err
		}
		return s.mailCancelled(ctx, q, now, o, id)
	})
}

// Reopen opens a completed or cancelled work order again: Scheduled when its
// appointment is still to come, of which the customer is mailed, else Requested.
// What was merged into another, or has an invoice that is not void, stays closed.
func (s *Service) Reopen(ctx context.Context, by audit.Actor, number string, seen int64) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	return s.change(ctx, by, number, seen, func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) error {
		from := State(o.State)
		invoice, err := invoiceOf(ctx, q, o)
		switch {
		case err != nil:
			return err
		case from.Open():
			return wrongState(o, "It is open.")
		case o.MergedIntoID.Valid:
			return wrongState(o, "It was merged into another one; go on there.")
		case invoice != "":
			return wrongState(o, "Its invoice is made; make a new work order for what is left to do.")
		}
		to := Requested
		if w := windowOf(o); !w.IsZero() && w.End(set.Zone).After(now.Time()) {
			to = Scheduled
		} else {
			o.WindowDate, o.WindowFrom, o.WindowUntil = "", 0, 0
		}
		if err := s.leave(ctx, q, o); err != nil {
			return err
		}
		o.CancelReason = ""
		enter(o, to, now)
		id, err := keep(ctx, q, now, by, o, event{kind: "reopened", from: from, to: to, shown: true})
		if err != nil {
			return err
		}
		if err := record(ctx, q, now, by, o, "reopen", map[string]any{"state": from}, map[string]any{"state": to}); err != nil || to != Scheduled {
			return err
		}
		return s.mailScheduled(ctx, q, now, o, id, false)
	})
}

// invoiceOf is the number of the invoice that the work order has become, "" for
// none: one that was voided does not count.
func invoiceOf(ctx context.Context, q *db.Queries, o *db.WorkOrder) (string, error) {
	number, err := q.GetInvoiceOfWorkOrder(ctx, o.ID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("work order %s: invoice: %w", o.Number, err)
	}
	return number, nil
}

// InvoicedIn notes the invoice that was made of a completed work order: its first
// one, or one in the place of another that was voided. It runs in the caller's
// transaction, who calls [Service.Changed] when it is committed.
func (s *Service) InvoicedIn(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, number string, seen, invoiceID int64, invoice string) error {
	o, err := load(ctx, q, by, number, seen)
	if err != nil {
		return err
	}
	has, err := invoiceOf(ctx, q, o)
	if err != nil {
		return err
	}
	if has != "" {
		return fault.New(fault.Conflict, "Work order %s has its invoice already.", o.Number)
	}
	if State(o.State) != Completed {
		return wrongState(o, "Only a completed one becomes an invoice.")
	}
	details, before := "invoice "+invoice, any(nil)
	if o.InvoiceID.Valid {
		voided, err := q.GetVoidedInvoice(ctx, o.InvoiceID.Int64)
		if err != nil {
			return fmt.Errorf("work order %s: voided invoice: %w", o.Number, err)
		}
		details += ", in place of " + voided + ", which is void"
		before = map[string]any{"invoice": voided}
	}
	o.InvoiceID = db.NullID(invoiceID)
	if _, err := keep(ctx, q, now, by, o, event{kind: "invoiced", details: details}); err != nil {
		return err
	}
	return record(ctx, q, now, by, o, "invoice", before, map[string]any{"invoice": invoice})
}

// enter brings the work order into a state at a time, and takes away the times
// of the states that come after it.
func enter(o *db.WorkOrder, to State, at calendar.Instant) {
	o.State = string(to)
	times := []*calendar.Instant{&o.RequestedAt, &o.ScheduledAt, &o.DispatchedAt, &o.ArrivedAt, &o.CompletedAt}
	if to == Cancelled {
		o.CancelledAt = at
		return
	}
	o.CancelledAt = 0
	for i, s := range States[:len(times)] {
		if s != to {
			continue
		}
		if to != Requested { // when it was asked for stays
			*times[i] = at
		}
		for _, later := range times[i+1:] {
			*later = 0
		}
	}
}

// windowOf is the work order's appointment.
func windowOf(o *db.WorkOrder) Window { return Window{o.WindowDate, o.WindowFrom, o.WindowUntil} }

// wrongState is the fault of a change that the state does not allow.
func wrongState(o *db.WorkOrder, why string) error {
	return fault.New(fault.Conflict, "Work order %s is %s. %s", o.Number, strings.ToLower(State(o.State).Word()), why)
}

// The greatest lengths, in letters.
const (
	noteMost   = 4000
	reasonMost = 500
)

// text trims what somebody wrote in several lines, and refuses nothing and too much.
func text(field, s string, most int, missing string) (string, error) {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if strings.TrimSpace(s) == "" {
		return "", fault.Field(field, "%s", missing)
	}
	if n := len([]rune(s)); n > most {
		return "", fault.Field(field, "This is %d characters long; %d fit", n, most)
	}
	return s, nil
}
