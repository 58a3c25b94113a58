package office

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/settings"
	view "customerportal/views/office"
)

const (
	// expiringIn is how many days before its end an open proposal is on the home
	// page, rejectedFor how long one that was turned down is, and billableFor how
	// long a completed work order that has no invoice is.
	expiringIn  = 5
	rejectedFor = 7 * 24 * time.Hour
	billableFor = 60 * 24 * time.Hour
)

// salesNeeds puts what work orders and proposals want of the viewer before the
// other needs.
func (h *Handlers) salesNeeds(c echo.Context, s *settings.Settings, needs []view.Need) ([]view.Need, error) {
	ctx := c.Request().Context()
	var first []view.Need
	add := func(more []view.Need, err error) error {
		first = append(first, more...)
		return err
	}
	var err error
	if may(c, dispatchers) {
		err = errors.Join(err, add(h.workOrderNeeds(ctx, s)))
	}
	if may(c, tellers) {
		err = errors.Join(err, add(h.workToInvoiceNeeds(ctx)))
	}
	if may(c, sellers) || may(c, tellers) {
		err = errors.Join(err, add(h.proposalNeeds(ctx, s)))
	}
	return append(first, needs...), err
}

// workOrderNeeds names the work orders that somebody has to look at: new ones,
// those whose appointment has passed and those that nobody is sent to.
func (h *Handlers) workOrderNeeds(ctx context.Context, s *settings.Settings) ([]view.Need, error) {
	today, minute := h.moment(s)
	tomorrow := today.AddDays(1)
	n, err := h.DB.Read().CountWorkOrderNeeds(ctx, tomorrow)
	if err != nil {
		return nil, fmt.Errorf("work orders at home: %w", err)
	}
	overdue, err := h.DB.Read().CountOverdueOrders(ctx, db.CountOverdueOrdersParams{Today: today.ISO(), Minute: minute})
	if err != nil {
		return nil, fmt.Errorf("work orders at home: %w", err)
	}
	var needs []view.Need
	if n.Requested > 0 {
		lines := []string{count(n.Requested, "work order waits", "work orders wait") + " for an appointment"}
		if oldest := calendar.Instant(n.Oldest); oldest > 0 {
			lines = append(lines, "The first came in "+oldest.Format(s.Zone))
		}
		needs = append(needs, view.Need{Title: "New work orders", Lines: lines, Href: workOrdersTab + "/list?state=requested&sort=old", Action: "See them", Urgent: true})
	}
	if overdue > 0 {
		needs = append(needs, view.Need{Title: "Appointments that have passed", Lines: []string{count(overdue, "appointment", "appointments") + " went by with nobody under way"},
			Href: workOrdersTab + "?overdue=1", Action: "See them on the board", Urgent: true})
	}
	if n.Unassigned > 0 {
		needs = append(needs, view.Need{Title: "Appointments without a technician", Lines: []string{count(n.Unassigned, "work order", "work orders") + " due by tomorrow"},
			Href: workOrdersTab + "/list?state=scheduled&tech=none&sort=window&to=" + tomorrow.ISO(), Action: "See them", Urgent: true})
	}
	return needs, nil
}

// workToInvoiceNeeds names what was done and not charged for.
func (h *Handlers) workToInvoiceNeeds(ctx context.Context) ([]view.Need, error) {
	n, err := h.DB.Read().CountWorkToInvoice(ctx, h.Clock.Now().Add(-billableFor))
	if err != nil {
		return nil, fmt.Errorf("work to invoice at home: %w", err)
	}
	if n == 0 {
		return nil, nil
	}
	return []view.Need{{Title: "Work without an invoice", Lines: []string{count(n, "completed work order has", "completed work orders have") + " parts or labour and no invoice"},
		Href: workOrdersTab + "/list?state=billable", Action: "See the work orders"}}, nil
}

// proposalNeeds names the proposals that were answered and not carried out, those
// that were turned down lately and those that expire soon.
func (h *Handlers) proposalNeeds(ctx context.Context, s *settings.Settings) ([]view.Need, error) {
	q, today := h.DB.Read(), h.Clock.Today(s.Zone)
	accepted, err := q.ListAcceptedAtHome(ctx, db.ListAcceptedAtHomeParams{Today: today.ISO(), Most: atHome})
	if err != nil {
		return nil, fmt.Errorf("proposals at home: %w", err)
	}
	var needs []view.Need
	for _, p := range accepted {
		needs = append(needs, view.Need{Title: "Accepted: " + p.Title, Lines: []string{p.DisplayName, "Proposal " + p.Number + ", accepted " + p.DecidedAt.Format(s.Zone) + "; nothing was made of it yet"},
			Href: proposalAt(p.Number, p.Version), Action: "Carry it out", Urgent: true})
	}
	n, err := q.CountProposalNeeds(ctx, db.CountProposalNeedsParams{Today: today.ISO(), Soon: today.AddDays(expiringIn).ISO(), Since: h.Clock.Now().Add(-rejectedFor)})
	if err != nil {
		return nil, fmt.Errorf("proposals at home: %w", err)
	}
	if n.Rejected > 0 {
		needs = append(needs, view.Need{Title: "Rejected proposals", Lines: []string{count(n.Rejected, "proposal was", "proposals were") + " rejected in the last 7 days"},
			Href: proposalsPath + "?show=rejected", Action: "See why"})
	}
	if n.Expiring > 0 {
		needs = append(needs, view.Need{Title: "Proposals that expire soon", Lines: []string{count(n.Expiring, "proposal waits", "proposals wait") + fmt.Sprintf(" for an answer and ends within %d days", expiringIn)},
			Href: proposalsPath + "?show=expiring", Action: "See them"})
	}
	return needs, nil
}
