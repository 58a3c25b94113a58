package workorder

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// Tap is what a technician pressed on the phone. It may come late, for the phone
// may have been out of reach, and more than once, for the answer may be lost.
type Tap struct {
	// Key is made by the phone for this tap alone: what comes again under it
	// changes nothing and has the same result.
	Key    string
	Number string
	Action Action
	// Seen is the work order's version on the screen that was pressed on.
	Seen int64
	// Ago is how long it took to get here. A span, not a time: the phone's clock
	// may be wrong, and counts all the same.
	Ago time.Duration
	// From is, for UndoStep, the state to leave.
	From State
	// Text and Internal are the note, for WriteNote.
	Text     string
	Internal bool
	// Lines are the parts and labour, for EnterWork.
	Lines []Line
	// Signature is the customer's, for Finish; the zero Signature says that there
	// was no one on site.
	Signature Signature
}

// Action is what a tap does.
type Action string

// The actions.
const (
	SetOut    Action = "dispatch"
	ComeIn    Action = "arrive"
	Finish    Action = "complete"
	UndoStep  Action = "undo"
	WriteNote Action = "note"
	EnterWork Action = "work"
)

// Tap carries out what was pressed, in one transaction with its key. A refusal is
// kept under the key as well, and comes back as a Conflict when the tap does. A
// work order that is not, or no longer, the technician's is Missing.
func (s *Service) Tap(ctx context.Context, by audit.Actor, t Tap) error {
	if len(t.Key) < 16 || len(t.Key) > 64 || strings.ContainsFunc(t.Key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fault.New(fault.Invalid, "This form is not complete. Please open the page again.")
	}
	if by.StaffID == 0 {
		return fault.Missing("work order")
	}
	outcome, err := s.tap(ctx, by, t, nil)
	if err == nil || !refusal(err) {
		return cmp.Or(err, outcome)
	}
	// whatever was begun is taken back; the refusal stays under the key
	outcome, kept := s.tap(ctx, by, t, err)
	return cmp.Or(kept, outcome)
}

// refusal tells what is kept as a tap's outcome from what may go away by itself.
func refusal(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.Forbidden:
		return true
	}
	return false
}

// tap is one transaction: it carries the tap out, or keeps that it was refused.
// The outcome is what the technician is told; of a tap that came before, what he
// was told then. Nothing is kept when it returns an error.
func (s *Service) tap(ctx context.Context, by audit.Actor, t Tap, refused error) (outcome, err error) {
	var o *db.WorkOrder
	err = s.db.Write(ctx, func(q *db.Queries) error {
		var known bool
		var err error
		if known, outcome, err = tapped(ctx, q, by, t); known || err != nil {
			return err
		}
		now := s.clock.Now()
		if o, err = load(ctx, q, by, t.Number, Any); err != nil {
			return err
		}
		at, err := happened(ctx, q, now, o, t.Ago)
		if err != nil {
			return err
		}
		outcome = refused
		if refused == nil {
			if err := s.carryOut(ctx, q, now, by, o, t, at); err != nil && !errors.Is(err, errUnchanged) {
				return err
			}
		}
		err = q.AddTap(ctx, db.AddTapParams{Key: t.Key, WorkOrderID: o.ID, StaffID: by.StaffID, Action: string(t.Action), Refused: inWords(refused), HappenedAt: at, At: now})
		if err != nil {
			return fmt.Errorf("work order %s: tap: %w", o.Number, err)
		}
		return nil
	})
	if err == nil && outcome == nil && o != nil {
		s.Changed(o.CustomerID, o.Number)
	}
	return outcome, err
}

// tapped reports whether the tap came before, and with what outcome.
func tapped(ctx context.Context, q *db.Queries, by audit.Actor, t Tap) (known bool, outcome, err error) {
	row, err := q.GetTap(ctx, t.Key)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil, nil
	}
	if err != nil {
		return false, nil, fmt.Errorf("work order %s: tap: %w", t.Number, err)
	}
	if row.StaffID != by.StaffID || !strings.EqualFold(row.Number, t.Number) || row.Action != string(t.Action) {
		return true, fault.New(fault.Conflict, "This form was used for something else. Please open the page again."), nil
	}
	if row.Refused != "" {
		return true, fault.New(fault.Conflict, "%s", row.Refused), nil
	}
	return true, nil, nil
}

// inWords is a refusal as one text, "" for none.
func inWords(err error) string {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return ""
	}
	var words []string
	for _, e := range f.All() {
		words = append(words, strings.TrimSuffix(e.Message, ".")+".")
	}
	return strings.Join(words, " ")
}

// happened is when something was done that got here after so long a time: not
// before the step that the work order took last, and not after now.
func happened(ctx context.Context, q *db.Queries, now calendar.Instant, o *db.WorkOrder, ago time.Duration) (calendar.Instant, error) {
	last, err := q.GetLastMoveTime(ctx, o.ID)
	if err != nil {
		return 0, fmt.Errorf("work order %s: last step: %w", o.Number, err)
	}
	return bounded(now, ago, max(calendar.Instant(last), o.RequestedAt)), nil
}

func bounded(now calendar.Instant, ago time.Duration, last calendar.Instant) calendar.Instant {
	return min(max(now.Add(-max(ago, 0)), last), now)
}

// carryOut does what was pressed, in the caller's transaction.
func (s *Service) carryOut(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, o *db.WorkOrder, t Tap, at calendar.Instant) error {
	switch t.Action {
	case SetOut:
		if err := asSeen(ctx, q, by, o, t.Seen, "scheduled", "rescheduled", "unscheduled", "assigned", "reopened"); err != nil {
			return err
		}
		return s.advance(ctx, q, now, by, o, Dispatched, at)
	case ComeIn:
		return s.advance(ctx, q, now, by, o, Arrived, at)
	case Finish:
		if State(o.State) == Completed {
			return errUnchanged
		}
		if !State(o.State).May(Completed) {
			return s.advance(ctx, q, now, by, o, Completed, at) // refuses in words
		}
		if err := sign(ctx, q, now, by, o, t.Signature, at); err != nil {
			return err
		}
		return s.advance(ctx, q, now, by, o, Completed, at)
	case UndoStep:
		if t.From != "" && t.From != State(o.State) {
			return wrongState(o, "There is nothing of yours to undo.")
		}
		return s.undo(ctx, q, now, by, o)
	case WriteNote:
		return s.addNote(ctx, q, now, by, o, Note{Number: o.Number, Text: t.Text, Internal: t.Internal, Nonce: "tap " + t.Key, written: at})
	case EnterWork:
		if err := asSeen(ctx, q, by, o, t.Seen, "work"); err != nil {
			return err
		}
		return setWork(ctx, q, now, by, o, t.Lines)
	}
	return fault.New(fault.Invalid, "This form is not complete. Please open the page again.")
}

// asSeen refuses what was pressed on a screen that did not show yet what somebody
// else changed meanwhile. A work order has one event for each of its versions.
func asSeen(ctx context.Context, q *db.Queries, by audit.Actor, o *db.WorkOrder, seen int64, kinds ...string) error {
	if seen == Any || seen >= o.Version {
		return nil
	}
	later, err := q.ListEventsAfter(ctx, db.ListEventsAfterParams{WorkOrderID: o.ID, Seen: seen})
	if err != nil {
		return fmt.Errorf("work order %s: %w", o.Number, err)
	}
	for _, e := range later {
		if e.StaffID.Int64 != by.StaffID && slices.Contains(kinds, e.Kind) {
			who := cmp.Or(e.StaffName, "The office")
			what := deeds[e.Kind]
			if e.Details != "" {
				what += " (" + e.Details + ")"
			}
			return fault.New(fault.Conflict, "%s %s meanwhile. Look at work order %s as it is now, and press again if it is still right.", who, what, o.Number)
		}
	}
	return nil
}

// CanUndo reports whether a step from one state to another may be taken back by
// who took it.
func CanUndo(from, to State) bool { return slices.Contains(undoes[to], from) }
