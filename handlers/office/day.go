package office

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/settings"
	"customerportal/internal/workorder"
	"customerportal/views"
	view "customerportal/views/office"
)

const dayPath = "/office/day"

func dayOrderPath(number string) string { return dayPath + "/" + url.PathEscape(number) }

// day is a technician's day: his own, or for the office anybody's. To its own
// script it answers with the list alone.
func (h *Handlers) day(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	today := h.Clock.Today(s.Zone)
	date := today
	if d, err := calendar.ParseDate(c.QueryParam("date")); err == nil {
		date = d
	}
	who := web.Who(c)
	technician := h.dayOf(c)
	path := func(d calendar.Date) string {
		q := url.Values{}
		if d != today {
			q.Set("date", d.ISO())
		}
		if technician != who.StaffID {
			q.Set("technician", number(technician))
		}
		if len(q) == 0 {
			return dayPath
		}
		return dayPath + "?" + q.Encode()
	}
	p := &view.DayPage{Base: views.Base{Title: "My day", Tab: "day"}, Heading: "My day", Me: number(who.StaffID), Zone: s.Zone.String(), Refresh: path(date), Follow: dayPath + web.FollowPath + "?technician=" + number(technician),
		Earlier: view.DayLink{Href: path(date.AddDays(-1)), Label: "Day before"}, Later: view.DayLink{Href: path(date.AddDays(1)), Label: "Day after"}}
	if date != today {
		p.Title, p.Heading = workorder.Weekday(date), workorder.Weekday(date)
		p.Today = view.DayLink{Href: path(today), Label: "Today"}
	}
	if who.Role != "technician" {
		if err := h.pickDay(ctx, p, technician, date); err != nil {
			return err
		}
	}
	rows, err := h.DB.Read().ListDayOrders(ctx, db.ListDayOrdersParams{TechnicianID: db.NullID(technician), Day: date, NextDay: date.AddDays(1), Since: calendar.InstantOf(date.Time(s.Zone))})
	if err != nil {
		return err
	}
	orders, err := h.dayOrders(ctx, c, s, rows)
	if err != nil {
		return err
	}
	names := [3]string{"Today", "Left from before", "Tomorrow"}
	if date != today {
		names[0], names[2] = workorder.Weekday(date), workorder.Weekday(date.AddDays(1))
	}
	p.Sections = []view.DaySection{{Key: "today", Title: names[0], Empty: "Nothing is planned for this day. What the office assigns appears here."}, {Key: "before", Title: names[1]}, {Key: "next", Title: names[2]}}
	for i, r := range rows {
		at := 0
		switch {
		case r.WindowDate < date:
			at = 1
			orders[i].Late = "from " + r.WindowDate.String()
		case r.WindowDate > date:
			at = 2
		}
		p.Sections[at].Orders = append(p.Sections[at].Orders, orders[i])
	}
	p.Sections = slices.DeleteFunc(p.Sections, func(s view.DaySection) bool { return len(s.Orders) == 0 && s.Empty == "" })
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/day", "day-list", p)
	}
	if p.Recent, err = h.recentWork(ctx); err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/day", p)
}

// followed is how far back a day looks for changes.
const followed = 14

// followDay is the event stream of a day. Of all the changes it tells of those
// in the technician's own work orders, for a phone has better to do.
func (h *Handlers) followDay(c echo.Context) error {
	if !web.WantsEvents(c) {
		return web.See(c, dayPath)
	}
	ctx, technician := c.Request().Context(), h.dayOf(c)
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	look := func() (string, error) {
		return h.DB.Read().GetDayVersion(ctx, db.GetDayVersionParams{TechnicianID: db.NullID(technician), Since: h.Clock.Today(s.Zone).AddDays(-followed)})
	}
	all, stop := h.WorkOrders.FollowAll()
	defer stop()
	last, err := look()
	if err != nil {
		return err
	}
	own := make(chan struct{}, 1)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-all:
			}
			// trouble with the books is told by the page that is asked for
			if now, err := look(); err != nil || now != last {
				last = now
				select {
				case own <- struct{}{}:
				default: // it has been told already
				}
			}
		}
	}()
	return h.Follow(c, own, true)
}

// dayOf is whose day is asked for: a technician's own, for the office anybody's.
func (h *Handlers) dayOf(c echo.Context) int64 {
	who := web.Who(c)
	if id, err := strconv.ParseInt(c.QueryParam("technician"), 10, 64); err == nil && who.Role != "technician" {
		return id
	}
	return who.StaffID
}

// pickDay lets the office choose whose day it looks at.
func (h *Handlers) pickDay(ctx context.Context, p *view.DayPage, technician int64, date calendar.Date) error {
	list, err := h.DB.Read().ListDayTechnicians(ctx, date.AddDays(-60))
	if err != nil {
		return err
	}
	choice := view.Choice{Name: "technician", Label: "Technician", Options: []view.Option{{Label: "Me"}}}
	for _, t := range list {
		name := cmp.Or(t.Name, t.Email)
		choice.Options = append(choice.Options, view.Option{Value: number(t.ID), Label: name, Chosen: t.ID == technician})
		if t.ID == technician {
			p.Title, p.Heading = "Day of "+name, "Day of "+name
		}
	}
	p.Picker = &view.DayPicker{Technician: choice, Date: views.Input{Name: "date", Label: "Date", Type: "date", Value: date.ISO()}}
	return nil
}

// recentWork is what technicians entered lately, to be entered with one tap.
func (h *Handlers) recentWork(ctx context.Context) ([]view.RecentWork, error) {
	rows, err := h.DB.Read().ListRecentWork(ctx)
	if err != nil {
		return nil, err
	}
	var recent []view.RecentWork
	for _, r := range rows {
		recent = append(recent, view.RecentWork{Description: r.Description, Price: r.UnitPriceCents.Plain(), Labour: r.Kind == "labour", Taxable: r.Taxable != 0})
	}
	return recent, nil
}

// theDayOrder is the work order whose number stands in the address; a technician
// finds only his own.
func (h *Handlers) theDayOrder(c echo.Context) (db.ListDayOrdersRow, error) {
	row, err := h.DB.Read().GetDayOrder(c.Request().Context(), web.Param(c, "number"))
	if errors.Is(err, sql.ErrNoRows) {
		return db.ListDayOrdersRow{}, fault.Missing("work order")
	}
	if who := web.Who(c); err == nil && who.Role == "technician" && row.TechnicianID.Int64 != who.StaffID {
		return db.ListDayOrdersRow{}, fault.Missing("work order")
	}
	return db.ListDayOrdersRow(row), err
}

// dayOrder is one work order in full.
func (h *Handlers) dayOrder(c echo.Context) error {
	row, err := h.theDayOrder(c)
	if err != nil {
		return err
	}
	return h.showDayOrder(c, http.StatusOK, row, func(o *view.DayOrder) {
		// the address of the sheet outlives the work order's being completed
		o.Completing = c.QueryParam("step") == "complete" && row.State == string(workorder.Arrived)
	})
}

// showDayOrder answers with the page of a work order, to the script with the work
// order alone. Change puts in what was typed and refused.
func (h *Handlers) showDayOrder(c echo.Context, status int, row db.ListDayOrdersRow, change func(o *view.DayOrder)) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	orders, err := h.dayOrders(ctx, c, s, []db.ListDayOrdersRow{row})
	if err != nil {
		return err
	}
	o := orders[0]
	change(&o)
	if web.IsHTMX(c) {
		return h.Fragment(c, status, "office/day", "day-order", o)
	}
	o.Open = true
	p := &view.DayPage{Base: views.Base{Title: "Work order " + row.Number, Tab: "day", Errors: o.Errors}, Heading: "Work order " + row.Number,
		Me: number(web.Who(c).StaffID), Zone: s.Zone.String(), Back: dayPath, Sections: []view.DaySection{{Key: "one", Title: workorder.Weekday(cmp.Or(row.WindowDate, h.Clock.Today(s.Zone))), Orders: []view.DayOrder{o}}}}
	if who := web.Who(c); who.Role != "technician" && row.TechnicianID.Valid && row.TechnicianID.Int64 != who.StaffID {
		p.Back += "?technician=" + number(row.TechnicianID.Int64)
	}
	if p.Recent, err = h.recentWork(ctx); err != nil {
		return err
	}
	return h.Page(c, status, "office/day", p)
}

// dayOrders fills the screens of work orders with all that belongs to them.
func (h *Handlers) dayOrders(ctx context.Context, c echo.Context, s *settings.Settings, rows []db.ListDayOrdersRow) ([]view.DayOrder, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	var ids, customers []int64
	at := map[int64]int{}
	orders := make([]view.DayOrder, len(rows))
	for i, r := range rows {
		ids, customers = append(ids, r.ID), append(customers, r.CustomerID)
		at[r.ID] = i
		orders[i] = dayOrderOf(r, s)
	}
	q := h.DB.Read()
	phones, err := q.ListDayPhones(ctx, customers)
	if err != nil {
		return nil, err
	}
	for _, p := range phones {
		for i, r := range rows {
			if r.CustomerID == p.CustomerID && len(orders[i].Phones) < 2 {
				orders[i].Phones = append(orders[i].Phones, view.DayPhone{Link: web.PhoneLink(p.Phone), Text: p.Phone})
			}
		}
	}
	notes, err := q.ListDayNotes(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, n := range notes {
		o := &orders[at[n.WorkOrderID]]
		who := cmp.Or(n.StaffName, "The office")
		if n.UserID.Valid {
			who = "The customer"
		}
		if o.About == "" && n.Internal == 0 {
			o.About = n.Note
		}
		o.Notes = append(o.Notes, view.DayNote{Who: who, At: workorder.NoteTime(n.WrittenAt, n.At, s.Zone), Text: n.Note, Internal: n.Internal != 0})
	}
	photos, err := q.ListDayPhotos(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, p := range photos {
		o := &orders[at[p.WorkOrderID]]
		whose := "of the technician or the office"
		if p.UserID.Valid {
			whose = "of the customer"
		}
		href := o.Href + "/photos/" + number(p.ID)
		o.Photos = append(o.Photos, view.DayPhoto{Href: href, Thumb: href + "?small=1", Alt: "Photo " + number(int64(len(o.Photos)+1)) + " " + whose, Internal: p.Internal != 0, Width: p.Width, Height: p.Height})
	}
	lines, err := q.ListDayLines(ctx, ids)
	if err != nil {
		return nil, err
	}
	work := make([][]workorder.Line, len(rows))
	for _, l := range lines {
		i := at[l.WorkOrderID]
		work[i] = append(work[i], workorder.Line{Labour: l.Kind == "labour", Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPriceCents, Taxable: l.Taxable != 0})
	}
	for i := range orders {
		showWork(&orders[i], work[i], s)
	}
	signatures, err := q.ListDaySignatures(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, g := range signatures {
		orders[at[g.WorkOrderID]].Signed = "Signed by " + g.Name + ", " + g.HappenedAt.Format(s.Zone)
	}
	moves, err := q.ListLastMoves(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, m := range moves {
		left := workorder.UndoWithin - h.Clock.Now().Sub(m.At)
		o := &orders[at[m.WorkOrderID]]
		if m.Kind != o.State || m.StaffID.Int64 != web.Who(c).StaffID || left <= 0 || !workorder.CanUndo(workorder.State(m.FromState), workorder.State(m.ToState)) {
			continue
		}
		o.Before = m.FromState
		o.Undo = &view.DayUndo{Text: workorder.State(m.ToState).Word() + " " + clockTime(m.HappenedAt, s.Zone), From: m.ToState, Left: int(left / time.Second)}
	}
	return orders, nil
}

func clockTime(at calendar.Instant, zone *time.Location) string {
	return at.Time().In(zone).Format("3:04 PM")
}

// mapPlace is where an address opens the phone's map. Of the two forms that there
// are, geo: is not known to iPhones; this one opens the map's app on Android and,
// where Google's is installed, on iPhones, and a map in the browser anywhere else
// (developers.google.com/maps/documentation/urls).
const mapPlace = "https://www.google.com/maps/search/?api=1&query="

func dayOrderOf(r db.ListDayOrdersRow, s *settings.Settings) view.DayOrder {
	o := view.DayOrder{Number: r.Number, Href: dayOrderPath(r.Number), State: r.State, Seen: number(r.Version), Key: formNonce(), Customer: r.DisplayName, Site: r.SiteName,
		Account: r.AccountNumber, Preferred: r.Preferred, Cancelled: r.CancelReason, Window: "No appointment", Closed: !workorder.State(r.State).Open()}
	o.Taps, o.FinishHref = o.Href+"/taps", o.Href+"?step=complete"
	o.System = systemName(r.SystemName, r.SystemType)
	if w := (workorder.Window{Date: r.WindowDate, From: r.WindowFrom, Until: r.WindowUntil}); !w.IsZero() {
		o.Window = w.Times()
	}
	o.Address = joined(", ", r.Address1, r.Address2, joined(" ", joined(", ", r.City, r.SiteState), r.Zip))
	if o.Address != "" {
		o.Map = mapPlace + url.QueryEscape(o.Address)
	}
	for _, t := range []struct {
		state workorder.State
		at    calendar.Instant
	}{{workorder.Dispatched, r.DispatchedAt}, {workorder.Arrived, r.ArrivedAt}, {workorder.Completed, r.CompletedAt}} {
		if !t.at.IsZero() {
			o.Times = append(o.Times, view.DayTime{Label: t.state.Word(), At: t.at.Format(s.Zone)})
		}
	}
	o.Pad = views.SignaturePad{Label: "Draw Your Name", Name: "strokes-" + r.Number, Hint: "If you like; the typed name signs as well"}
	return o
}

// showWork puts parts and labour into the form, with a blank row of each kind to
// go on with.
func showWork(o *view.DayOrder, lines []workorder.Line, s *settings.Settings) {
	var total money.Cents
	for _, l := range lines {
		total += l.Amount()
		o.Lines = append(o.Lines, view.WorkLine{Text: l.String()})
		o.Rows = append(o.Rows, view.WorkRow{Labour: l.Labour, Description: l.Description, Quantity: l.Quantity.String(), Price: l.UnitPrice.Plain(), Taxable: l.Taxable})
	}
	o.Shown = workorder.Shown(lines)
	if len(lines) > 0 {
		o.Total = total.String()
	}
	goOnWork(o, s)
}

// goOnWork adds the blank rows and numbers them all.
func goOnWork(o *view.DayOrder, s *settings.Settings) {
	o.Rows = append(o.Rows, view.WorkRow{Quantity: "1", Taxable: true}, view.WorkRow{Labour: true, Quantity: "1", Price: labourRate(s)})
	for i := range o.Rows {
		o.Rows[i].Key, o.Rows[i].Kind = i+1, "part"
		if o.Rows[i].Labour {
			o.Rows[i].Kind = "labour"
		}
	}
}

// labourRate is the dealer's price of an hour, "" when it is entered each time.
func labourRate(s *settings.Settings) string {
	rate, err := money.Parse(s.Value("workorders.labour_rate"))
	if err != nil {
		return ""
	}
	return rate.Plain()
}

// dayPhoto sends a picture, small with ?small.
func (h *Handlers) dayPhoto(c echo.Context) error {
	row, err := h.theDayOrder(c)
	if err != nil {
		return err
	}
	paper, err := h.DB.Read().GetDayPhoto(c.Request().Context(), db.GetDayPhotoParams{Small: db.Flag(c.QueryParam("small") != ""), ID: theID(c), WorkOrderID: row.ID})
	if err != nil {
		return missing(err, "photo")
	}
	return c.Blob(http.StatusOK, paper.Mime, paper.Body)
}

// tap takes what was pressed, from the page's script or from a plain form. The
// script gets the work order as it is now; of what was refused it gets the reason
// with it.
func (h *Handlers) tap(c echo.Context) error {
	if err := h.ReadForm(c); err != nil {
		return err
	}
	// it goes on when the phone has lost its network meanwhile: the next try finds
	// it done
	if err := h.AnswerAnew(c); err != nil {
		return err
	}
	ctx := c.Request().Context()
	by := web.Actor(c)
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	before, err := h.theDayOrder(c)
	if err != nil {
		return err
	}
	f := readTap(c, before.Number)
	refused := f.refused
	if refused == nil {
		err = h.carryOut(ctx, c, by, f)
		known, ok := web.FieldErrors(err)
		if !ok && err != nil {
			return err
		}
		refused = f.byKey(known)
	}
	if refused == nil && !web.IsHTMX(c) {
		// a plain form goes on where it stood, or in the day when that was the last step
		if f.tap.Action == workorder.Finish {
			return h.SeeNotice(c, dayPath, "Work order "+before.Number+" is completed.")
		}
		return web.See(c, dayOrderPath(before.Number))
	}
	row, err := h.theDayOrder(c)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if refused != nil {
		status = http.StatusUnprocessableEntity
	}
	return h.showDayOrder(c, status, row, func(o *view.DayOrder) { f.show(o, s, refused) })
}

// carryOut hands the tap to the noun that books it.
func (h *Handlers) carryOut(ctx context.Context, c echo.Context, by audit.Actor, f *tapForm) error {
	if f.tap.Action != photoTap {
		return h.WorkOrders.Tap(ctx, by, f.tap)
	}
	file, err := c.FormFile("photo")
	if err != nil {
		return fault.Field("photo", "Take a photo first")
	}
	body, err := file.Open()
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	// the same photo under the same key is added once
	_, err = h.WorkOrders.AddPhotos(ctx, by, workorder.Photos{Number: f.tap.Number, Internal: f.tap.Internal, Nonce: "tap " + f.tap.Key,
		Uploads: []workorder.Upload{{Name: file.Filename, Size: file.Size, File: body}}})
	return err
}

// photoTap is the tap that brings a picture.
const photoTap workorder.Action = "photo"

// tapForm is a tap as it was sent.
type tapForm struct {
	tap     workorder.Tap
	rows    []view.WorkRow
	refused views.FieldErrors
}

func readTap(c echo.Context, orderNumber string) *tapForm {
	f := &tapForm{tap: workorder.Tap{Key: c.FormValue("key"), Number: orderNumber, Action: workorder.Action(c.FormValue("action")), From: workorder.State(c.FormValue("from")),
		Text: c.FormValue("note"), Internal: c.FormValue("internal") != "",
		Signature: workorder.Signature{Name: c.FormValue("name"), Strokes: c.FormValue("strokes-" + orderNumber), Shown: c.FormValue("work"), ShownNothing: c.Request().Form.Has("work") && strings.TrimSpace(c.FormValue("work")) == "", NoOne: c.FormValue("no_one") != ""}}}
	f.tap.Seen, _ = strconv.ParseInt(c.FormValue("seen"), 10, 64) // anything else is no version
	if ago, err := strconv.ParseInt(c.FormValue("ago"), 10, 64); err == nil && ago > 0 {
		f.tap.Ago = time.Duration(min(ago, (90*24*time.Hour).Milliseconds())) * time.Millisecond
	}
	if f.tap.Action == workorder.EnterWork {
		f.readWork(c)
	}
	return f
}

// readWork reads parts and labour. Rows that nothing was typed into are left out.
func (f *tapForm) readWork(c echo.Context) {
	refuse := func(row *string, field string, key int, message string) {
		*row = message
		f.refused = append(f.refused, views.FieldError{Field: field + "-" + f.tap.Number + "-" + strconv.Itoa(key), Message: message})
	}
	for _, s := range c.Request().Form["line"] {
		key, err := strconv.Atoi(s)
		if err != nil || key <= 0 || len(f.rows) > workorder.MaxLines+2 {
			continue
		}
		of := func(name string) string { return strings.TrimSpace(c.FormValue(name + "-" + s)) }
		row := view.WorkRow{Labour: of("kind") == "labour", Description: of("description"), Quantity: of("quantity"), Price: of("price"), Taxable: of("taxable") != ""}
		// a blank row brings the quantity and the price of an hour that it was made with
		if row.Description == "" && (row.Price == "" || row.Labour) {
			continue
		}
		line := workorder.Line{Labour: row.Labour, Description: row.Description, Taxable: row.Taxable}
		f.rows = append(f.rows, row)
		at, key := &f.rows[len(f.rows)-1], len(f.rows)
		if line.Quantity, err = money.ParseQuantity(cmp.Or(row.Quantity, "1")); err != nil {
			refuse(&at.QuantityError, "quantity", key, err.Error())
		}
		if line.UnitPrice, err = money.Parse(cmp.Or(row.Price, "?")); err != nil {
			refuse(&at.PriceError, "price", key, err.Error())
		}
		f.tap.Lines = append(f.tap.Lines, line)
	}
}

// byKey gives the refusals of the noun the names of the page's controls, and puts
// those of parts and labour beside their rows.
func (f *tapForm) byKey(refused views.FieldErrors) views.FieldErrors {
	for i, r := range refused {
		name, n, _ := strings.Cut(r.Field, "-")
		switch name {
		case "description", "quantity", "price":
			if at, err := strconv.Atoi(n); err == nil && at >= 1 && at <= len(f.rows) {
				*map[string]*string{"description": &f.rows[at-1].DescriptionError, "quantity": &f.rows[at-1].QuantityError, "price": &f.rows[at-1].PriceError}[name] = r.Message
			}
			refused[i].Field = name + "-" + f.tap.Number + "-" + n
		case "note", "name", "strokes":
			refused[i].Field = name + "-" + f.tap.Number
		default:
			refused[i].Field = ""
		}
	}
	return refused
}

// show puts what was typed and refused back on the screen.
func (f *tapForm) show(o *view.DayOrder, s *settings.Settings, refused views.FieldErrors) {
	if refused == nil {
		return
	}
	o.Errors = refused
	var words []string
	for _, e := range refused {
		words = append(words, strings.TrimSuffix(e.Message, ".")+".")
	}
	o.Refused = strings.Join(words, " ")
	switch f.tap.Action {
	case workorder.WriteNote:
		o.NoteTyped, o.NoteInternal = f.tap.Text, f.tap.Internal
	case workorder.EnterWork:
		o.Rows = f.rows
		goOnWork(o, s)
	case workorder.Finish:
		o.Completing, o.SignTyped, o.NoOne = true, f.tap.Signature.Name, f.tap.Signature.NoOne
		o.SignError = refused.Of("name-" + f.tap.Number)
		o.Pad.Value, o.Pad.Error = f.tap.Signature.Strokes, refused.Of("strokes-"+f.tap.Number)
	}
}
