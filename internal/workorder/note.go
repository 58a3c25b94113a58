package workorder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// Note is what somebody adds to a work order.
type Note struct {
	Number string
	// CustomerID is the customer who writes, 0 for staff: another's work order is
	// Missing.
	CustomerID int64
	Text       string
	// Internal keeps it among staff.
	Internal bool
	// Nonce is of the form that is sent: sent twice it is one note.
	Nonce string
	// written is when, on a phone that was out of reach; zero = now.
	written calendar.Instant
}

// onTheWay is how long a note may take from being written to getting here before
// that is worth a word.
const onTheWay = 5 * time.Minute

// NoteTime is when a note was written, in words. It tells when it arrived as well
// where that was much later. written is zero for a note that was written here.
func NoteTime(written, arrived calendar.Instant, zone *time.Location) string {
	switch {
	case written.IsZero():
		return arrived.Format(zone)
	case arrived.Sub(written) < onTheWay:
		return written.Format(zone)
	case written.Date(zone) == arrived.Date(zone):
		return "written " + written.Format(zone) + ", arrived " + arrived.Time().In(zone).Format("3:04 PM")
	}
	return "written " + written.Format(zone) + ", arrived " + arrived.Format(zone)
}

// AddNote adds a note. Customers may until the work order is closed, and their
// note is mailed to the dealer; one of the staff that is not internal is mailed to
// the customer. A refusal is an Invalid fault with the field "note".
func (s *Service) AddNote(ctx context.Context, by audit.Actor, n Note) error {
	return s.change(ctx, by, n.Number, Any, func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) error {
		return s.addNote(ctx, q, now, by, o, n)
	})
}

// AddNoteForCustomer is [Service.AddNote] by a customer: another's work order is
// Missing.
func (s *Service) AddNoteForCustomer(ctx context.Context, by audit.Actor, customerID int64, n Note) error {
	n.CustomerID = customerID
	return s.AddNote(ctx, by, n)
}

// addNote is AddNote in the caller's transaction.
func (s *Service) addNote(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, o *db.WorkOrder, n Note) error {
	if n.CustomerID != 0 && n.CustomerID != o.CustomerID {
		return fault.Missing("work order")
	}
	if n.Nonce == "" {
		return errors.New("work order: a form without a nonce")
	}
	words, err := text("note", n.Text, noteMost, "Write a note first")
	if err != nil {
		return err
	}
	if n.CustomerID != 0 && !State(o.State).Open() {
		return wrongState(o, "Please make a new work order, or call us.")
	}
	if err := limited(ctx, q, now, by, o.CustomerID); err != nil {
		return err
	}
	internal := n.Internal && n.CustomerID == 0
	ids, err := q.AddWorkOrderNote(ctx, db.AddWorkOrderNoteParams{
		WorkOrderID: o.ID, Internal: db.Flag(internal), Note: words, Nonce: n.Nonce, UserID: db.NullID(by.UserID), StaffID: db.NullID(by.StaffID),
		WrittenAt: n.written, At: now,
	})
	if err != nil {
		return fmt.Errorf("work order %s: note: %w", o.Number, err)
	}
	if len(ids) == 0 {
		return errUnchanged
	}
	id, err := keep(ctx, q, now, by, o, event{kind: "note", happened: n.written})
	if err != nil {
		return err
	}
	action := "note"
	if internal {
		action = "note_internal"
	}
	if err := record(ctx, q, now, by, o, action, nil, nil); err != nil || internal {
		return err
	}
	return s.mailNote(ctx, q, now, o, id, by, words, n.written)
}
