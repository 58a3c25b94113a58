package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
)

// Comparing with the processor: so many payments are read at once, and so many
// of them are asked for at the same time.
const (
	comparePage = 200
	compareAsks = 4
)

// CheckProcessor compares the books with the processor's own, for the payments
// made since a moment: each charge there has one payment here, and each payment
// here says of it what the processor says. It changes nothing. What the
// processor's list of changes no longer holds (Stripe keeps 30 days) is compared
// from the side of the books alone.
//
// It returns Unavailable while payments are off, and an error of the gateway when
// the processor does not answer: then nothing is proved.
func (s *Service) CheckProcessor(ctx context.Context, since calendar.Instant) ([]ledger.Finding, error) {
	g, _, err := s.active(ctx)
	if err != nil {
		return nil, err
	}
	c := comparison{Service: s, g: g, name: g.Info().Name, since: since, known: map[string]string{}}
	if err := c.fromBooks(ctx); err != nil {
		return nil, err
	}
	if err := c.fromProcessor(ctx); err != nil {
		return nil, err
	}
	return c.found, nil
}

// comparison is one run of CheckProcessor.
type comparison struct {
	*Service
	g     gateway.Adapter
	name  string
	since calendar.Instant

	mu    sync.Mutex
	known map[string]string // payments of the processor's that belong to a reference of ours
	found []ledger.Finding
}

// add notes what is wrong with a payment and what to do about it.
func (c *comparison) add(reference, do, problem string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.found = append(c.found, ledger.Finding{Object: "payment " + reference, Problem: fmt.Sprintf(problem, args...), Do: do})
}

const lookThere = "Look it up on the processor's site"

// fromBooks asks the processor for every payment of the books that it knows by an
// id of its own.
func (c *comparison) fromBooks(ctx context.Context) error {
	var after int64
	for {
		page, err := c.db.Read().ListPaymentsAtGateway(ctx, db.ListPaymentsAtGatewayParams{Gateway: c.name, Since: c.since, After: after, Most: comparePage})
		if err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		if len(page) == 0 {
			return nil
		}
		after = page[len(page)-1].ID
		var work sync.WaitGroup
		errs := make([]error, compareAsks)
		for i := range compareAsks {
			work.Go(func() {
				for n := i; n < len(page) && errs[i] == nil; n += compareAsks {
					errs[i] = c.one(ctx, page[n])
				}
			})
		}
		work.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
}

func (c *comparison) one(ctx context.Context, p db.ListPaymentsAtGatewayRow) error {
	out, err := c.g.Lookup(ctx, p.ChargeRef)
	if errors.Is(err, gateway.ErrNotFound) {
		if State(p.State).kept() {
			c.add(p.Reference, lookThere, "it stands in the books as %s with %s, and the processor knows no such payment (%s)", p.State, p.AmountCents, p.ChargeRef)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("payment: %s: %w", p.Reference, err)
	}
	c.mu.Lock()
	c.known[out.PaymentID] = p.Reference
	c.mu.Unlock()
	state := State(p.State)
	switch {
	case out.Reference != p.Reference:
		c.add(p.Reference, lookThere, "it points to %s at the processor, which belongs to %q", p.ChargeRef, out.Reference)
	case out.State == gateway.Succeeded && state.GaveUp():
		c.add(p.Reference, "It is booked by itself from the processor's list of changes; if it stays so, refund it on the processor's site", "it stands in the books as %s, and the processor took %s", state, out.Received)
	case state.kept() && out.State != gateway.Succeeded:
		c.add(p.Reference, lookThere, "it stands in the books as %s with %s, and the processor says %s", state, p.AmountCents, out.State)
	case state.kept() && out.Received != p.AmountCents:
		c.add(p.Reference, lookThere, "it stands in the books with %s, and the processor took %s", p.AmountCents, out.Received)
	case state.kept() && out.Refunded != p.RefundedCents && !out.Disputed():
		c.add(p.Reference, "A refund under way is booked by itself; otherwise look it up on the processor's site", "%s of it are refunded in the books and %s at the processor", p.RefundedCents, out.Refunded)
	}
	return nil
}

// fromProcessor goes through what happened at the processor and looks for charges
// under a reference of ours that the books do not have.
func (c *comparison) fromProcessor(ctx context.Context) error {
	cursor, seen := "", map[string]bool{}
	for {
		events, next, more, err := c.g.Changes(ctx, cursor)
		if err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		for _, e := range events {
			if e.Subject != gateway.AboutPayment || e.Created != 0 && e.Created < c.since || seen[e.ObjectID] {
				continue
			}
			seen[e.ObjectID] = true
			if c.known[e.ObjectID] != "" {
				continue
			}
			if err := c.object(ctx, e.ObjectID); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
		cursor = next
	}
}

func (c *comparison) object(ctx context.Context, id string) error {
	out, err := c.g.Lookup(ctx, id)
	if errors.Is(err, gateway.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	if out.State != gateway.Succeeded || out.Reference == "" || strings.HasPrefix(out.Reference, selfTestReference) || c.known[out.PaymentID] != "" {
		return nil
	}
	c.known[out.PaymentID] = out.Reference
	p, err := c.db.Read().GetPaymentByReference(ctx, out.Reference)
	if errors.Is(err, sql.ErrNoRows) {
		c.add(out.Reference, "Refund it on the processor's site, or record it in the office", "the books know nothing of it, and the processor took %s (%s)", out.Received, out.PaymentID)
		return nil
	}
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	if p.ChargeRef != "" && p.ChargeRef != out.PaymentID {
		c.add(out.Reference, "Refund one of them on the processor's site", "the processor took it twice: %s and %s", p.ChargeRef, out.PaymentID)
	}
	return nil
}
