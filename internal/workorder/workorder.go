// Package workorder keeps the work orders: what customers ask for, who comes
// when, and what was done.
//
// What holds for all of them:
//
//   - Every change raises the work order's version by one and adds one event, so
//     that a work order has as many events as its version says.
//   - State changes only along [Moves].
//   - Whoever saves what he read before somebody else's change is told of that
//     change, and nothing is saved.
//   - Mails are queued in the transaction of what they report, once for each
//     event. Those of Dispatched and Completed wait as long as the technician can
//     take his tap back.
package workorder

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

// UndoWithin is how long a technician may take back his last tap, counted from
// when it was booked here. The mail of that tap waits as long.
const UndoWithin = time.Minute

// Service is the work orders of the open books. It is safe for use by several
// goroutines.
type Service struct {
	db       *db.DB
	clock    calendar.Clock
	settings *settings.Store
	mail     *outbox.Writer
	log      *slog.Logger
	follow   followers
	decoding chan struct{} // one picture is decoded at a time
}

// New returns the work orders of the open books.
func New(d *db.DB, clock calendar.Clock, store *settings.Store, mail *outbox.Writer, log *slog.Logger) *Service {
	return &Service{db: d, clock: clock, settings: store, mail: mail, log: log, decoding: make(chan struct{}, 1)}
}

// Any is the version of who does not mind what happened meanwhile.
const Any = 0

// The letters of a work order's number: Douglas Crockford's base32, without I, L,
// O and U, so that a number is read out on the phone without mistakes.
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newNumber returns a random number, like W-7K3Q9X. It tells nothing of how many
// there are.
func newNumber() string {
	raw := make([]byte, 6)
	_, _ = rand.Read(raw) // crypto/rand.Read never fails
	for i, b := range raw {
		raw[i] = letters[int(b)%len(letters)]
	}
	return "W-" + string(raw)
}

// ShortName is a person of the dealer's staff as customers see him: the first
// name, and the first letter of the last.
func ShortName(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return ""
	}
	if len(words) == 1 {
		return words[0]
	}
	return words[0] + " " + string([]rune(words[len(words)-1])[:1]) + "."
}

// event is one line of a work order's history.
type event struct {
	kind     string
	from, to State
	// details are in words, fit for the customer where shown is set.
	details  string
	shown    bool
	happened calendar.Instant // zero = now
}

// load reads the work order for a change. A technician finds only his own. It
// runs in the caller's transaction.
func load(ctx context.Context, q *db.Queries, by audit.Actor, number string, seen int64) (*db.WorkOrder, error) {
	o, err := q.GetWorkOrder(ctx, number)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.Missing("work order")
	}
	if err != nil {
		return nil, fmt.Errorf("work order %s: %w", number, err)
	}
	if by.Kind == audit.Staff && by.Role == "technician" && o.TechnicianID.Int64 != by.StaffID {
		return nil, fault.Missing("work order")
	}
	if seen != Any && seen != o.Version {
		return nil, overtaken(ctx, q, &o)
	}
	return &o, nil
}

// overtaken is the fault that tells who changed what meanwhile.
func overtaken(ctx context.Context, q *db.Queries, o *db.WorkOrder) error {
	last, err := q.GetLastEvent(ctx, o.ID)
	if err != nil {
		return fmt.Errorf("work order %s: %w", o.Number, err)
	}
	who := last.Who
	if who == "" {
		who = "The portal"
	}
	what := deeds[last.Kind]
	if last.Details != "" {
		what += " (" + last.Details + ")"
	}
	return fault.New(fault.Conflict, "Work order %s has changed meanwhile: %s %s. Nothing of yours was saved; look at it and do it again if it is still right.", o.Number, who, what)
}

// deeds says in words what each kind of event is, behind who did it.
var deeds = map[string]string{
	"created": "made it", "scheduled": "made the appointment", "rescheduled": "moved the appointment", "assigned": "assigned the technician",
	"unscheduled": "took the appointment away", "dispatched": "dispatched the technician", "arrived": "recorded the arrival", "completed": "completed it",
	"cancelled": "cancelled it", "reopened": "opened it again", "undone": "took the last step back", "note": "added a note", "photo": "added a photo",
	"work": "changed parts and labour", "signed": "took the signature", "merged": "merged a duplicate", "invoiced": "made the invoice", "edited": "edited it",
}

// keep stores the changed work order with its event, and returns the event's id.
// o is as it was read but for the columns changed; it is brought up to date. It
// runs in the caller's transaction.
func keep(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, o *db.WorkOrder, e event) (int64, error) {
	// the clock may have been set back; time goes on here
	o.ChangedAt = max(o.ChangedAt, now)
	n, err := q.UpdateWorkOrder(ctx, db.UpdateWorkOrderParams{
		State: o.State, TechnicianID: o.TechnicianID, WindowDate: o.WindowDate, WindowFrom: o.WindowFrom, WindowUntil: o.WindowUntil,
		CancelReason: o.CancelReason, MergedIntoID: o.MergedIntoID, InvoiceID: o.InvoiceID, RequestedAt: o.RequestedAt, ScheduledAt: o.ScheduledAt,
		DispatchedAt: o.DispatchedAt, ArrivedAt: o.ArrivedAt, CompletedAt: o.CompletedAt, CancelledAt: o.CancelledAt,
		ChangedAt: o.ChangedAt, ID: o.ID, Version: o.Version,
	})
	if err != nil {
		return 0, fmt.Errorf("work order %s: %w", o.Number, err)
	}
	if n != 1 {
		return 0, fmt.Errorf("work order %s: its version is not %d", o.Number, o.Version)
	}
	o.Version++
	return addEvent(ctx, q, now, by, o, e)
}

func addEvent(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, o *db.WorkOrder, e event) (int64, error) {
	if e.happened == 0 {
		e.happened = now
	}
	id, err := q.AddWorkOrderEvent(ctx, db.AddWorkOrderEventParams{
		WorkOrderID: o.ID, Kind: e.kind, FromState: string(e.from), ToState: string(e.to), Details: e.details, Shown: db.Flag(e.shown),
		UserID: db.NullID(by.UserID), StaffID: db.NullID(by.StaffID), HappenedAt: e.happened, At: now,
	})
	if err != nil {
		return 0, fmt.Errorf("work order %s: event %s: %w", o.Number, e.kind, err)
	}
	return id, nil
}

// change runs fn on the work order in one write transaction and tells those who
// follow it. When fn changes nothing it returns unchanged.
func (s *Service) change(ctx context.Context, by audit.Actor, number string, seen int64, fn func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) error) error {
	var o *db.WorkOrder
	err := s.db.Write(ctx, func(q *db.Queries) (err error) {
		if o, err = load(ctx, q, by, number, seen); err != nil {
			return err
		}
		return fn(q, s.clock.Now(), o)
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	if err == nil {
		s.Changed(o.CustomerID, o.Number)
	}
	return err
}

// errUnchanged ends a transaction in which there was nothing to do.
var errUnchanged = errors.New("nothing to change")

// record adds the audit's line of a change. It runs in the caller's transaction.
func record(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, o *db.WorkOrder, action string, before, after any) error {
	return audit.Record(ctx, q, now, by, audit.Entry{Action: "workorder." + action, CustomerID: o.CustomerID, Object: "work order " + o.Number, Before: before, After: after})
}
