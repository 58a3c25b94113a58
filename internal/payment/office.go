package payment

import (
	"context"
	"fmt"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
)

// RemoveMethod takes a customer's card or bank account off the file at the
// office, with the auto pay that uses it, and asks the processor to forget it.
// The processor out of reach keeps it; here it is gone all the same. One
// transaction. A method that is missing, ended or another customer's is
// NotFound; while nobody has confirmed that this is the one running copy of the
// books it is Unavailable, for then nothing is done at the processor.
func (s *Service) RemoveMethod(ctx context.Context, by audit.Actor, customerID, id int64) error {
	held, err := s.held(ctx)
	if err != nil {
		return err
	}
	if held {
		return fault.New(fault.Unavailable, "First the owner has to confirm on the office's home that this is the one running copy of the books.")
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	var m db.Method
	err = s.db.Write(ctx, func(q *db.Queries) error {
		if m, err = q.GetMethod(ctx, id); err != nil {
			return found(err, "payment method")
		}
		if m.CustomerID != customerID || !m.EndedAt.IsZero() {
			return fault.Missing("payment method")
		}
		return s.endMethod(ctx, q, s.clock.Now(), by, id, "removed by the office")
	})
	if err != nil {
		return err
	}
	g, err := s.adapter(set, m.Gateway)
	if err != nil {
		s.log.Warn("payment: a method stays on file at the processor", "error", fmt.Sprint(err))
		return nil
	}
	s.detach(ctx, g, m.Ref)
	return nil
}
