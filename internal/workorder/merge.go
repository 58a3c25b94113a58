package workorder

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// Merge ends a work order that is open as the duplicate of another open one of the
// same customer, which goes on; notes and photos stay where they were written and
// are shown with the one that goes on. What was merged into the duplicate before
// is then merged into that one, too, so that there are never chains. The customer
// is mailed only of an appointment that is off by it: nothing else changes in what
// is done for him.
//
// A work order that cannot be the one to go on is refused with the field "into".
// seen is as for [Service.Schedule].
func (s *Service) Merge(ctx context.Context, by audit.Actor, number string, seen int64, into string) error {
	var stays *db.WorkOrder
	err := s.change(ctx, by, number, seen, func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) (err error) {
		if stays, err = survivor(ctx, q, o, into); err != nil {
			return err
		}
		if !State(o.State).Open() {
			return wrongState(o, "Only an open one is merged.")
		}
		before, err := q.ListDuplicatesOf(ctx, db.NullID(o.ID))
		if err != nil {
			return fmt.Errorf("work order %s: duplicates: %w", o.Number, err)
		}
		for _, earlier := range before {
			e, err := load(ctx, q, audit.Program, earlier, Any)
			if err != nil {
				return err
			}
			if err := s.mergeInto(ctx, q, now, by, e, stays); err != nil {
				return err
			}
		}
		if err := s.mergeInto(ctx, q, now, by, o, stays); err != nil {
			return err
		}
		if _, err := keep(ctx, q, now, by, stays, event{kind: "merged", details: o.Number + " is merged into this one"}); err != nil {
			return err
		}
		return record(ctx, q, now, by, o, "merge", nil, map[string]any{"into": stays.Number})
	})
	if err == nil {
		s.Changed(stays.CustomerID, stays.Number)
	}
	return err
}

// survivor is the work order that goes on: another open one of the same customer.
// That of a stranger is said not to exist.
func survivor(ctx context.Context, q *db.Queries, o *db.WorkOrder, into string) (*db.WorkOrder, error) {
	if into == "" {
		return nil, fault.Field("into", "Choose the work order that goes on")
	}
	stays, err := q.GetWorkOrder(ctx, into)
	if err == nil && stays.CustomerID != o.CustomerID || errors.Is(err, sql.ErrNoRows) {
		return nil, fault.Field("into", "This customer has no work order %s", into)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("work order %s: %w", into, err)
	case stays.ID == o.ID:
		return nil, fault.Field("into", "A work order is not its own duplicate")
	case stays.MergedIntoID.Valid:
		return nil, fault.Field("into", "%s was itself merged into another one; choose that one", stays.Number)
	case !State(stays.State).Open():
		return nil, fault.Field("into", "%s is %s; choose an open one", stays.Number, stays.State)
	}
	return &stays, nil
}

// mergeInto ends o in favour of the one that stays. It runs in the caller's
// transaction.
func (s *Service) mergeInto(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, o, stays *db.WorkOrder) error {
	from, was := State(o.State), windowOf(o)
	if err := s.leave(ctx, q, o); err != nil {
		return err
	}
	o.MergedIntoID = db.NullID(stays.ID)
	o.CancelReason = "Merged into " + stays.Number
	e := event{kind: "merged", details: "merged into " + stays.Number, shown: true}
	if from != Cancelled {
		e.from, e.to = from, Cancelled
		enter(o, Cancelled, now)
	}
	id, err := keep(ctx, q, now, by, o, e)
	if err != nil || from != Scheduled && from != Dispatched || was == windowOf(stays) {
		return err
	}
	return s.mailUnscheduled(ctx, q, now, o, id, was, stays.Number)
}
