package demo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/workorder"
)

// Live moves one work order of the first customer on, a step a minute, as
// dispatcher and technician would: an open page is seen to follow it. When it is
// completed it makes another, until it has made enough of them.
type Live struct {
	tools    Tools
	customer string // number
	email    string // by which that customer logs in
	dana     string // the technician's address
	clock    calendar.Clock

	made   int // since the program was started
	number string
	at     calendar.Instant // of the last step
}

const (
	// livePace is how long a step stays: longer than a technician may take his tap
	// back, so that each mail goes out.
	livePace = 65 * time.Second
	// liveMost bounds how many work orders one run of the program makes.
	liveMost = 25
)

// NewLive returns the one that moves by itself, on the demonstration's own books
// and the machine's clock.
func NewLive(t Tools, g *Guide, clock calendar.Clock) *Live {
	l := &Live{tools: t, dana: g.Technician.Email, clock: clock}
	if len(g.Customers) > 0 {
		l.customer, l.email = g.Customers[0].Number, g.Customers[0].Email
	}
	return l
}

// wishes are what the customer asks for, one after the other.
var wishes = []string{
	"The chime does not ring any more when the front door opens.",
	"The motion detector in the hall blinks although nobody is there.",
	"Please change the code of the cleaner, she has left.",
	"The clock of the panel is an hour off.",
	"The panic button by the bed feels loose.",
}

// Run takes the next step when it is time. Whatever somebody else did with the
// work order meanwhile, it goes on from there.
func (l *Live) Run(ctx context.Context) error {
	if l.customer == "" || l.dana == "" || l.clock.Now().Sub(l.at) < livePace {
		return nil
	}
	q := l.tools.DB.Read()
	if l.number == "" && l.made == 0 { // one may be on its way since the last start
		number, err := q.GetLiveWorkOrder(ctx)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("demo: %w", err)
		}
		l.number = number
	}
	if l.number == "" {
		return l.ask(ctx)
	}
	w, err := q.GetWorkOrder(ctx, l.number)
	if err != nil {
		return fmt.Errorf("demo: work order %s: %w", l.number, err)
	}
	if l.clock.Now().Sub(w.ChangedAt) < livePace {
		return nil // somebody is at work on it
	}
	staff, err := q.GetStaffByEmail(ctx, l.dana)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	tech := staff.ID
	office, dana := audit.Program, audit.Actor{Kind: audit.Staff, StaffID: tech, Role: "technician", IP: "198.51.100.21"}
	switch state := workorder.State(w.State); state {
	case workorder.Requested:
		s, err := l.tools.Settings.Current(ctx)
		if err != nil {
			return err
		}
		err = l.tools.Orders.Schedule(ctx, office, l.number, workorder.Any, workorder.Appointment{TechnicianID: tech, Window: soon(l.clock().In(s.Zone))})
		return l.done(err)
	case workorder.Scheduled:
		if w.TechnicianID.Int64 != tech {
			return l.ask(ctx) // it was given to somebody else: it is his now
		}
		return l.done(l.tools.Orders.Dispatch(ctx, dana, l.number, workorder.Any))
	case workorder.Dispatched:
		return l.done(l.tools.Orders.Arrive(ctx, dana, l.number, workorder.Any))
	case workorder.Arrived:
		return l.done(l.tools.Orders.Complete(ctx, dana, l.number, workorder.Any))
	default:
		return l.ask(ctx)
	}
}

// done notes that a step was taken. What is refused is left as it is, and
// another work order is made next.
func (l *Live) done(err error) error {
	l.at = l.clock.Now()
	if err != nil {
		l.number = ""
	}
	return err
}

// ask makes the next work order.
func (l *Live) ask(ctx context.Context) error {
	if l.made >= liveMost {
		return nil
	}
	c, err := l.tools.DB.Read().GetCustomerByNumber(ctx, l.customer)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	site, err := l.tools.DB.Read().GetOnlySite(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	user, err := l.tools.DB.Read().GetUserByEmail(ctx, l.email)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	wish := wishes[l.made%len(wishes)]
	l.made++
	l.number, err = l.tools.Orders.Create(ctx, audit.Actor{Kind: audit.Customer, UserID: user.ID, IP: "203.0.113.20"}, workorder.NewOrder{CustomerID: c.ID, SiteID: site.ID, Source: workorder.Portal, Note: wish,
		Nonce: "live " + account.NewRegistrationKey()})
	l.at = l.clock.Now()
	return err
}

// soon is a window around now, within the day.
func soon(now time.Time) workorder.Window {
	from := int64(min(now.Hour(), 21)) * 60
	return workorder.Window{Date: calendar.DateOf(now), From: from, Until: from + 120}
}
