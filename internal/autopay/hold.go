package autopay

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
)

// longestReason bounds what is kept of a reason.
const longestReason = 300

func reasonOf(reason string) (string, error) {
	reason = strings.Join(strings.Fields(reason), " ")
	switch {
	case reason == "":
		return "", fault.Field("reason", "Say why, so that others understand it later.")
	case len(reason) > longestReason:
		return "", fault.Field("reason", "Keep the reason under %d characters.", longestReason)
	}
	return reason, nil
}

// Hold keeps auto pay from taking anything of a customer until it is released:
// at once, and what is planned for him and not sent yet is not sent. It is one
// transaction. It returns an Invalid fault for a missing reason, NotFound for a
// missing customer and a Conflict when the customer is on hold already.
func (s *Service) Hold(ctx context.Context, by audit.Actor, customerID int64, reason string) error {
	return s.hold(ctx, by, customerID, reason)
}

// HoldAll keeps auto pay from taking anything of anybody. Nobody's month is
// skipped by it: what came due meanwhile is taken when the hold is released, or
// the office is asked when that is more than five days late.
func (s *Service) HoldAll(ctx context.Context, by audit.Actor, reason string) error {
	return s.hold(ctx, by, 0, reason)
}

func (s *Service) hold(ctx context.Context, by audit.Actor, customerID int64, reason string) error {
	reason, err := reasonOf(reason)
	if err != nil {
		return err
	}
	defer s.forgetNext()
	now := s.clock.Now()
	return s.db.Write(ctx, func(q *db.Queries) error {
		object := "all customers"
		if customerID != 0 {
			c, err := q.GetBillTo(ctx, customerID)
			if errors.Is(err, sql.ErrNoRows) {
				return fault.Missing("customer")
			}
			if err != nil {
				return fmt.Errorf("autopay: %w", err)
			}
			object = "customer " + c.Number
		}
		n, err := q.AddAutoPayHold(ctx, db.AddAutoPayHoldParams{CustomerID: db.NullID(customerID), Reason: reason, StaffID: db.NullID(by.StaffID), PlacedAt: now})
		if err != nil {
			return fmt.Errorf("autopay: hold: %w", err)
		}
		if n == 0 {
			return fault.New(fault.Conflict, "Auto Recurring is on hold already.")
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "autopay.hold", CustomerID: customerID, Object: object, After: map[string]string{"reason": reason}})
	})
}

// Release ends the hold of a customer. What was skipped meanwhile stays skipped;
// [Service.Take] takes it after all. It is a Conflict when there is no hold.
func (s *Service) Release(ctx context.Context, by audit.Actor, customerID int64, reason string) error {
	return s.release(ctx, by, customerID, reason)
}

// ReleaseAll ends the hold of everybody; what came due meanwhile is taken at
// once. Holds of single customers stand.
func (s *Service) ReleaseAll(ctx context.Context, by audit.Actor, reason string) error {
	if err := s.release(ctx, by, 0, reason); err != nil {
		return err
	}
	s.lookAgain()
	return nil
}

func (s *Service) release(ctx context.Context, by audit.Actor, customerID int64, reason string) error {
	reason, err := reasonOf(reason)
	if err != nil {
		return err
	}
	defer s.forgetNext()
	now := s.clock.Now()
	return s.db.Write(ctx, func(q *db.Queries) error {
		n, err := q.ReleaseAutoPayHold(ctx, db.ReleaseAutoPayHoldParams{ReleasedAt: now, StaffID: db.NullID(by.StaffID), Reason: reason, CustomerID: customerID})
		if err != nil {
			return fmt.Errorf("autopay: release: %w", err)
		}
		if n == 0 {
			return fault.New(fault.Conflict, "Auto Recurring is not on hold.")
		}
		object := "all customers"
		if customerID != 0 {
			c, err := q.GetBillTo(ctx, customerID)
			if err != nil {
				return fmt.Errorf("autopay: %w", err)
			}
			object = "customer " + c.Number
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "autopay.release", CustomerID: customerID, Object: object, After: map[string]string{"reason": reason}})
	})
}

// lookAgain has the next run look through all customers anew, and soon.
func (s *Service) lookAgain() {
	s.mu.Lock()
	s.searched = ""
	s.mu.Unlock()
	s.Wake()
}

// HoldRecord is one hold of a customer, standing or past.
type HoldRecord struct {
	Hold
	ReleasedBy    string
	ReleaseReason string
	Released      bool
	ReleasedAt    string // in the dealer's zone, for people
}

// Holds lists a customer's holds, the latest first.
func (s *Service) Holds(ctx context.Context, customerID int64) ([]HoldRecord, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Read().ListAutoPayHoldsOfCustomer(ctx, db.NullID(customerID))
	if err != nil {
		return nil, fmt.Errorf("autopay: holds: %w", err)
	}
	out := make([]HoldRecord, len(rows))
	for i, r := range rows {
		out[i] = HoldRecord{Hold: *holdOf(r.Reason, r.Staff, r.PlacedAt), ReleasedBy: r.ReleasedStaff, ReleaseReason: r.ReleaseReason,
			Released: !r.ReleasedAt.IsZero(), ReleasedAt: r.ReleasedAt.Format(set.Zone)}
	}
	return out, nil
}
