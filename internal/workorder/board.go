package workorder

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// Busy is an appointment that a technician has.
type Busy struct {
	ID     int64
	Number string
	State  State
	Title  string
	Window
	Customer, Site string
}

// Overlaps reports whether two windows have time in common. One that begins when
// the other ends has none.
func (w Window) Overlaps(o Window) bool {
	return !w.IsZero() && w.Date == o.Date && w.From < o.Until && o.From < w.Until
}

// Past reports whether the window is over at a time of the dealer's day, in
// minutes after midnight.
func (w Window) Past(today calendar.Date, minute int64) bool {
	return !w.IsZero() && (w.Date < today || w.Date == today && w.Until <= minute)
}

// Day lists what a technician has on a day, in order; what is done is in it, what
// was cancelled is not. It runs in the caller's transaction.
func Day(ctx context.Context, q *db.Queries, technicianID int64, day calendar.Date) ([]Busy, error) {
	rows, err := q.ListTechnicianDay(ctx, db.ListTechnicianDayParams{TechnicianID: db.NullID(technicianID), WindowDate: day})
	if err != nil {
		return nil, fmt.Errorf("work orders of technician %d: %w", technicianID, err)
	}
	var out []Busy
	for _, r := range rows {
		out = append(out, Busy{ID: r.ID, Number: r.Number, State: State(r.State), Title: r.Title, Window: Window{day, r.WindowFrom, r.WindowUntil},
			Customer: r.DisplayName, Site: r.Site})
	}
	return out, nil
}

// Clashes are those appointments of the technician's day that overlap with a new
// one of the work order with that id, 0 for one that is not made yet. What is done
// takes no time any more. It runs in the caller's transaction.
func Clashes(ctx context.Context, q *db.Queries, a Appointment, id int64) (Clash, error) {
	if a.TechnicianID == 0 || a.Window.IsZero() {
		return nil, nil
	}
	day, err := Day(ctx, q, a.TechnicianID, a.Date)
	return slices.DeleteFunc(day, func(b Busy) bool { return b.ID == id || !b.State.Open() || !b.Overlaps(a.Window) }), err
}

// Clash is the error of an appointment at a time when the technician has others.
// It is no fault: who has seen them may make the appointment all the same.
type Clash []Busy

// Error names the appointments.
func (c Clash) Error() string {
	var numbers []string
	for _, b := range c {
		numbers = append(numbers, b.Number+" "+b.Window.String())
	}
	return "overlaps with " + strings.Join(numbers, ", ")
}

// Key stands for just these appointments: who accepts them accepts no others.
func (c Clash) Key() string {
	if len(c) == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(c.Error()))
	return hex.EncodeToString(sum[:8])
}

// farthest is how many days ahead an appointment may be: a slip of the year is
// not found later.
const farthest = 731

// Book is [Service.Schedule] for the office: it also refuses no day and one that is
// over, with the field "date", somebody who cannot be sent, with the field "technician",
// and a time at which the technician has another appointment, with the error
// [Clash]. The key of that Clash as anyway accepts it.
func (s *Service) Book(ctx context.Context, by audit.Actor, number string, seen int64, a Appointment, anyway string) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	return s.change(ctx, by, number, seen, func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) error {
		if err := bookable(ctx, q, now.Date(set.Zone), o, a, anyway); err != nil {
			return err
		}
		return s.schedule(ctx, q, now, by, o, a)
	})
}

// bookable refuses what [Service.Book] refuses beyond [Service.Schedule]. It runs
// in the caller's transaction.
func bookable(ctx context.Context, q *db.Queries, today calendar.Date, o *db.WorkOrder, a Appointment, anyway string) error {
	var refused fault.Fields
	if a.Window.IsZero() {
		refused.Add("date", "Choose the day of the appointment")
	}
	if _, err := calendar.ParseDate(string(a.Date)); err == nil && a.Window != windowOf(o) {
		switch days := today.DaysUntil(a.Date); {
		case days < 0:
			refused.Add("date", "%s is over; choose today or a day to come", a.Date)
		case days > farthest:
			refused.Add("date", "This is more than two years away; look at the year")
		}
	}
	if err := sendable(ctx, q, a.TechnicianID, &refused); err != nil {
		return err
	}
	if err := refused.Err(); err != nil {
		return err
	}
	if a.Date == "" || a.Until <= a.From {
		return nil // which is refused with the rest of the appointment
	}
	clash, err := Clashes(ctx, q, a, o.ID)
	if err != nil {
		return err
	}
	if len(clash) > 0 && clash.Key() != anyway {
		return clash
	}
	return nil
}

// Sendable are the roles of the staff who can be sent to customers: in a small
// company the owner goes himself.
var Sendable = []string{"technician", "service", "owner"}

// sendable refuses who does not work here any more and who is not sent out.
func sendable(ctx context.Context, q *db.Queries, id int64, refused *fault.Fields) error {
	if id == 0 {
		return nil
	}
	t, err := q.GetTechnician(ctx, id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		refused.Add("technician", "Choose a technician who works here")
	case err != nil:
		return fmt.Errorf("technician %d: %w", id, err)
	case t.DisabledAt != 0:
		refused.Add("technician", "%s may not log in any more; choose somebody else", t.Name)
	case !slices.Contains(Sendable, t.Role):
		refused.Add("technician", "%s is not sent to customers; choose somebody else", t.Name)
	}
	return nil
}

// Send is [Service.Dispatch] of a technician who is chosen at that moment. It
// refuses as [Service.Book] does, and nobody at all with the field "technician".
func (s *Service) Send(ctx context.Context, by audit.Actor, number string, seen, technicianID int64, anyway string) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	return s.change(ctx, by, number, seen, func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) error {
		if technicianID == 0 {
			return fault.Field("technician", "Choose who goes")
		}
		a := Appointment{TechnicianID: technicianID, Window: windowOf(o)}
		if State(o.State) == Scheduled && o.TechnicianID.Int64 != technicianID {
			if err := bookable(ctx, q, now.Date(set.Zone), o, a, anyway); err != nil {
				return err
			}
			if err := s.schedule(ctx, q, now, by, o, a); err != nil && !errors.Is(err, errUnchanged) {
				return err
			}
		}
		return s.advance(ctx, q, now, by, o, Dispatched, now)
	})
}

// CreateBooked makes a work order and its appointment at once, for a customer who
// is on the phone. It refuses as [Service.Create] and [Service.Book] do, and then
// makes neither. The same form again returns the first one's number and changes
// nothing.
func (s *Service) CreateBooked(ctx context.Context, by audit.Actor, n NewOrder, a Appointment, anyway string) (string, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return "", err
	}
	number := ""
	err = s.db.Write(ctx, func(q *db.Queries) error {
		_, err := q.GetWorkOrderByNonce(ctx, n.Nonce)
		again := err == nil
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("work order: %w", err)
		}
		now := s.clock.Now()
		if number, err = s.CreateIn(ctx, q, now, by, n); err != nil || again {
			return err
		}
		o, err := load(ctx, q, by, number, Any)
		if err != nil {
			return err
		}
		if err := bookable(ctx, q, now.Date(set.Zone), o, a, anyway); err != nil {
			return err
		}
		return s.schedule(ctx, q, now, by, o, a)
	})
	if err != nil {
		return "", err
	}
	s.Changed(n.CustomerID, number)
	return number, nil
}

// Relocate changes the site and the system of a work order that is open. A
// refusal is an Invalid fault with the field "site"; seen is as for
// [Service.Schedule].
func (s *Service) Relocate(ctx context.Context, by audit.Actor, number string, seen, siteID, systemID int64) error {
	return s.change(ctx, by, number, seen, func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) error {
		if !State(o.State).Open() {
			return wrongState(o, "Where it was stays as it is.")
		}
		if o.SiteID == siteID && o.SystemID.Int64 == systemID {
			return errUnchanged
		}
		var refused fault.Fields
		if err := place(ctx, q, NewOrder{CustomerID: o.CustomerID, SiteID: siteID, SystemID: systemID}, &refused); err != nil {
			return err
		}
		if err := refused.Err(); err != nil {
			return err
		}
		before, err := placeName(ctx, q, o)
		if err != nil {
			return err
		}
		o.SiteID, o.SystemID = siteID, db.NullID(systemID)
		if err := q.SetOrderPlace(ctx, db.SetOrderPlaceParams{SiteID: o.SiteID, SystemID: o.SystemID, ID: o.ID}); err != nil {
			return fmt.Errorf("work order %s: %w", o.Number, err)
		}
		after, err := placeName(ctx, q, o)
		if err != nil {
			return err
		}
		if _, err := keep(ctx, q, now, by, o, event{kind: "edited", details: before + " → " + after}); err != nil {
			return err
		}
		return record(ctx, q, now, by, o, "edit", map[string]any{"where": before}, map[string]any{"where": after})
	})
}

// placeName is a work order's site and system in words.
func placeName(ctx context.Context, q *db.Queries, o *db.WorkOrder) (string, error) {
	site, err := q.GetOrderSiteForCustomer(ctx, db.GetOrderSiteForCustomerParams{ID: o.SiteID, CustomerID: o.CustomerID})
	if err != nil {
		return "", fmt.Errorf("work order %s: site: %w", o.Number, err)
	}
	if !o.SystemID.Valid {
		return site.Name, nil
	}
	system, err := q.GetOrderSystem(ctx, db.GetOrderSystemParams{ID: o.SystemID.Int64, SiteID: o.SiteID})
	if err != nil {
		return "", fmt.Errorf("work order %s: system: %w", o.Number, err)
	}
	return site.Name + ", " + system.Name, nil
}

// ParseClock reads a time of the day as minutes after midnight, from "08:30" as
// browsers send it and from "8:30 am", "8a", "noon" as people type it. "24:00" and
// "midnight" are the end of the day.
func ParseClock(s string) (int64, error) {
	bad := errors.New("Enter a time, like 8:30 AM")
	t := strings.ToLower(strings.Join(strings.Fields(s), ""))
	switch t {
	case "noon":
		return 12 * 60, nil
	case "midnight":
		return 24 * 60, nil
	}
	half := ""
	for _, suffix := range []string{"a.m.", "p.m.", "am", "pm", "a", "p"} {
		if rest, ok := strings.CutSuffix(t, suffix); ok {
			t, half = rest, suffix[:1]
			break
		}
	}
	hours, minutes, colon := strings.Cut(t, ":")
	h, ok := digits(hours)
	m := int64(0)
	if colon && ok {
		m, ok = digits(minutes)
		ok = ok && len(minutes) == 2
	}
	switch {
	case !ok || m > 59 || h > 24 || h == 24 && m > 0:
		return 0, bad
	case half != "" && (h < 1 || h > 12):
		return 0, bad
	case half == "p" && h < 12:
		h += 12
	case half == "a" && h == 12:
		h = 0
	}
	return h*60 + m, nil
}

// digits reads a number of one or two digits.
func digits(s string) (n int64, ok bool) {
	for _, r := range s {
		if r < '0' || r > '9' {
			return 0, false
		}
		n = n*10 + int64(r-'0')
	}
	return n, len(s) == 1 || len(s) == 2
}
