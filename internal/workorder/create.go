package workorder

import (
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

// Source is how a work order came about.
type Source string

// The sources.
const (
	Portal   Source = "portal"
	Office   Source = "office"
	Proposal Source = "proposal"
)

// NewOrder is a work order that is asked for.
type NewOrder struct {
	CustomerID int64
	SiteID     int64
	SystemID   int64 // 0 = none, for a site without systems
	Source     Source
	Note       string
	// Internal is a further note for staff only, "" for none.
	Internal  string
	Preferred Preferred
	// Nonce is of the form that is sent: sent twice it makes one work order.
	Nonce string
}

// Create makes the work order with the photos that were uploaded under its nonce,
// mails all of it to the dealer's service address and the confirmation to the
// customer, and returns its number. The same form again returns the first one's
// number. Refusals are Invalid faults with the fields "site", "system", "note",
// "preferred" and those of [Preferred].
func (s *Service) Create(ctx context.Context, by audit.Actor, n NewOrder) (string, error) {
	number := ""
	err := s.db.Write(ctx, func(q *db.Queries) (err error) {
		number, err = s.CreateIn(ctx, q, s.clock.Now(), by, n)
		return err
	})
	if err != nil {
		return "", err
	}
	s.Changed(n.CustomerID, number)
	return number, nil
}

// CreateIn is [Service.Create] in the caller's transaction, who calls
// [Service.Changed] when it is committed.
func (s *Service) CreateIn(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, n NewOrder) (string, error) {
	if n.Nonce == "" {
		return "", errors.New("work order: a form without a nonce")
	}
	made, err := q.GetWorkOrderByNonce(ctx, n.Nonce)
	if err == nil && made.CustomerID == n.CustomerID {
		return made.Number, nil
	}
	if err == nil {
		return "", fault.Missing("work order")
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("work order: %w", err)
	}
	if err := limited(ctx, q, now, by, n.CustomerID); err != nil {
		return "", err
	}
	note, internal, err := s.examine(ctx, q, now, n)
	if err != nil {
		return "", err
	}
	o, err := insert(ctx, q, now, by, n, title(note))
	if err != nil {
		return "", err
	}
	for i, words := range []string{note, internal} {
		if words == "" {
			continue
		}
		p := db.AddWorkOrderNoteParams{WorkOrderID: o.ID, Internal: int64(i), Note: words, Nonce: fmt.Sprintf("%s/%d", n.Nonce, i), StaffID: db.NullID(by.StaffID), At: now}
		if i == 0 {
			p.UserID = db.NullID(by.UserID)
		}
		if _, err := q.AddWorkOrderNote(ctx, p); err != nil {
			return "", fmt.Errorf("work order: note: %w", err)
		}
	}
	if err := takeUploads(ctx, q, now, by, o); err != nil {
		return "", err
	}
	id, err := addEvent(ctx, q, now, by, o, event{kind: "created", to: Requested, shown: true})
	if err != nil {
		return "", err
	}
	if err := record(ctx, q, now, by, o, "create", nil, map[string]any{"title": o.Title, "source": o.Source}); err != nil {
		return "", err
	}
	return o.Number, s.mailCreated(ctx, q, now, o, id, note)
}

// Examine returns what [Service.Create] would refuse, and makes nothing: for a form
// that is refused already for its photos.
func (s *Service) Examine(ctx context.Context, n NewOrder) error {
	_, _, err := s.examine(ctx, s.db.Read(), s.clock.Now(), n)
	return err
}

// examine refuses what cannot become a work order, and returns its notes.
func (s *Service) examine(ctx context.Context, q *db.Queries, now calendar.Instant, n NewOrder) (note, internal string, err error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return "", "", err
	}
	var refused fault.Fields
	add := func(err error) {
		if f, ok := errors.AsType[*fault.Error](err); ok {
			for _, e := range f.All() {
				refused.Add(e.Field, "%s", e.Message)
			}
		}
	}
	if err := place(ctx, q, n, &refused); err != nil {
		return "", "", err
	}
	note, err = text("note", n.Note, noteMost, "Write what we can do for you")
	add(err)
	if strings.TrimSpace(n.Internal) != "" {
		internal, err = text("internal", n.Internal, noteMost, "")
		add(err)
	}
	add(n.Preferred.check(now.Date(set.Zone)))
	return note, internal, refused.Err()
}

// What a customer may send within an hour, and how many photos may wait in forms
// that are not saved: far more than anybody needs.
const (
	ordersAnHour   = 20
	notesAnHour    = 60
	photosAnHour   = 100
	uploadsWaiting = 40
)

// limited refuses a customer who floods the dealer with work orders, notes or
// photos. It runs in the caller's transaction.
func limited(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, customerID int64) error {
	if by.Kind != audit.Customer {
		return nil
	}
	n, err := q.CountRecentOrdersForCustomer(ctx, db.CountRecentOrdersForCustomerParams{CustomerID: customerID, SinceAt: now.Add(-time.Hour)})
	if err != nil {
		return fmt.Errorf("work orders of customer %d: %w", customerID, err)
	}
	if n.Orders >= ordersAnHour || n.Notes >= notesAnHour || n.Photos >= photosAnHour || n.Uploads >= uploadsWaiting {
		return &fault.Error{Kind: fault.TooMany, Message: "That is a lot within an hour. Please call us; what you have sent is here.", RetryAfter: time.Hour}
	}
	return nil
}

// place refuses a site that is not the customer's and a system that is not at the
// site. What does not exist, or is somebody else's, is Missing.
func place(ctx context.Context, q *db.Queries, n NewOrder, refused *fault.Fields) error {
	if n.SiteID == 0 {
		refused.Add("site", "Choose the site")
		return nil
	}
	if _, err := q.GetOrderSiteForCustomer(ctx, db.GetOrderSiteForCustomerParams{ID: n.SiteID, CustomerID: n.CustomerID}); errors.Is(err, sql.ErrNoRows) {
		return fault.Missing("site")
	} else if err != nil {
		return fmt.Errorf("work order: site %d: %w", n.SiteID, err)
	}
	if n.SystemID == 0 {
		return nil
	}
	if _, err := q.GetOrderSystem(ctx, db.GetOrderSystemParams{ID: n.SystemID, SiteID: n.SiteID}); errors.Is(err, sql.ErrNoRows) {
		return fault.Missing("system")
	} else if err != nil {
		return fmt.Errorf("work order: system %d: %w", n.SystemID, err)
	}
	return nil
}

// insert adds the row under a number that is free.
func insert(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, n NewOrder, title string) (*db.WorkOrder, error) {
	for range 5 {
		number := newNumber()
		ids, err := q.AddWorkOrder(ctx, db.AddWorkOrderParams{
			Number: number, CustomerID: n.CustomerID, SiteID: n.SiteID, SystemID: db.NullID(n.SystemID), Source: string(n.Source), Title: title,
			Preferred: n.Preferred.String(), Nonce: n.Nonce, UserID: db.NullID(by.UserID), StaffID: db.NullID(by.StaffID), RequestedAt: now, ChangedAt: now,
		})
		if err != nil {
			return nil, fmt.Errorf("work order: %w", err)
		}
		if len(ids) == 1 {
			o, err := q.GetWorkOrder(ctx, number)
			if err != nil {
				return nil, fmt.Errorf("work order %s: %w", number, err)
			}
			return &o, nil
		}
	}
	return nil, errors.New("work order: no number is free")
}

// title is the beginning of the note, for lists.
func title(note string) string {
	const most = 80
	words := strings.Fields(note)
	line := strings.Join(words, " ")
	r := []rune(line)
	if len(r) <= most {
		return line
	}
	line = string(r[:most-1])
	// at the end of a word, if there is one
	if i := strings.LastIndexByte(line, ' '); i > most/2 {
		line = line[:i]
	}
	return line + "…"
}

// Preferred is when it suits the customer.
type Preferred struct {
	Times []Time
	Words string // in the customer's own words
}

// Time is a part of a day that suits.
type Time struct {
	Date calendar.Date
	Part Part
}

// Part is a part of a day.
type Part string

// The parts of a day.
const (
	Morning   Part = "morning"
	Afternoon Part = "afternoon"
	AnyTime   Part = "any"
)

// Parts lists them with their words.
var Parts = []struct {
	Part Part
	Word string
}{{AnyTime, "any time"}, {Morning, "morning"}, {Afternoon, "afternoon"}}

// MostTimes is how many times a customer may prefer.
const MostTimes = 3

// The bounds of preferred times.
const (
	preferredDays  = 365
	preferredWords = 300
)

// check refuses days that are past or too far, with the fields "day1" to "day3",
// and too many words, with the field "times".
func (p Preferred) check(today calendar.Date) error {
	var refused fault.Fields
	if len(p.Times) > MostTimes {
		refused.Add("times", "Choose at most %d times", MostTimes)
	}
	for i, t := range p.Times {
		field := fmt.Sprintf("day%d", i+1)
		if t.Date == "" {
			continue
		}
		if _, err := calendar.ParseDate(string(t.Date)); err != nil {
			refused.Add(field, "%s", err.Error())
			continue
		}
		if days := today.DaysUntil(t.Date); days < 0 {
			refused.Add(field, "%s is over; choose a day to come", t.Date)
		} else if days > preferredDays {
			refused.Add(field, "Choose a day within a year")
		}
		if !slices.ContainsFunc(Parts, func(k struct {
			Part Part
			Word string
		}) bool {
			return k.Part == t.Part
		}) {
			refused.Add(field, "Choose morning, afternoon or any time")
		}
	}
	if n := len([]rune(p.Words)); n > preferredWords {
		refused.Add("times", "This is %d characters long; %d fit", n, preferredWords)
	}
	return refused.Err()
}

// String puts them into lines: "Tue, Nov 24, 2026, morning".
func (p Preferred) String() string {
	var lines []string
	for _, t := range p.Times {
		if t.Date == "" {
			continue
		}
		for _, k := range Parts {
			if k.Part == t.Part {
				lines = append(lines, Weekday(t.Date)+", "+k.Word)
			}
		}
	}
	if words := strings.Join(strings.Fields(p.Words), " "); words != "" {
		lines = append(lines, words)
	}
	return strings.Join(lines, "\n")
}
