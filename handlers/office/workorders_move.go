package office

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/settings"
	"customerportal/internal/workorder"
	"customerportal/views"
	view "customerportal/views/office"
)

// reopen is the move of what is closed; where it goes to follows from its
// appointment.
const reopen = "reopen"

// typedMove is what was typed into the form of a move.
type typedMove struct {
	to                   string
	technician           int64
	date, from, until    string
	reason, back, anyway string
	dialog               bool
	version              int64
}

func readMove(c echo.Context) typedMove {
	technician, err := strconv.ParseInt(c.FormValue("technician"), 10, 64)
	if err != nil {
		technician = 0 // nobody
	}
	m := typedMove{to: c.FormValue("to"), technician: technician, date: strings.TrimSpace(c.FormValue("date")), from: strings.TrimSpace(c.FormValue("from")), until: strings.TrimSpace(c.FormValue("until")),
		reason: c.FormValue("reason"), back: boardBehind(c), anyway: c.FormValue("anyway"), dialog: c.FormValue("on") == "board", version: seen(c)}
	if from, until, ok := strings.Cut(c.FormValue("preset"), "-"); ok {
		m.from, m.until = from, until
	}
	return m
}

// window reads the appointment that was typed. Its refusals are those of the
// form's fields.
func (m typedMove) window() (workorder.Window, error) {
	var refused fault.Fields
	var w workorder.Window
	var err error
	if m.date == "" {
		refused.Add("date", "Choose the day of the appointment")
	} else if w.Date, err = calendar.ParseDate(m.date); err != nil {
		refused.Add("date", "%s", err.Error())
	}
	for _, t := range []struct {
		name, value string
		into        *int64
	}{{"from", m.from, &w.From}, {"until", m.until, &w.Until}} {
		if *t.into, err = workorder.ParseClock(t.value); err != nil {
			refused.Add(t.name, "%s", err.Error())
		}
	}
	// midnight as the end of the day comes as its beginning from a browser
	if w.Until == 0 && !refused.Has("until") {
		w.Until = 24 * 60
	}
	if !refused.Has("from") && !refused.Has("until") && w.Until <= w.From {
		refused.Add("until", "This is not after %s", workorder.Clock(w.From))
	}
	return w, refused.Err()
}

// clockValue is a time as an input of a browser holds it.
func clockValue(minutes int64) string {
	if minutes >= 24*60 {
		minutes = 0
	}
	return strconv.FormatInt(minutes/60+100, 10)[1:] + ":" + strconv.FormatInt(minutes%60+100, 10)[1:]
}

// windowPresets are the windows that are offered by a press.
var windowPresets = []view.WindowPreset{{Label: "8–12", Value: "08:00-12:00"}, {Label: "12–4", Value: "12:00-16:00"}, {Label: "8–10", Value: "08:00-10:00"}, {Label: "10–12", Value: "10:00-12:00"},
	{Label: "1–3", Value: "13:00-15:00"}, {Label: "3–5", Value: "15:00-17:00"}}

// askMove shows where a work order can go, or the form of one move.
func (h *Handlers) askMove(c echo.Context) error {
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	m := typedMove{to: c.QueryParam("to"), back: boardBehind(c), version: row.WorkOrder.Version, technician: row.WorkOrder.TechnicianID.Int64, dialog: web.IsHTMX(c) && boardBehind(c) != ""}
	if w := windowOfOrder(row.WorkOrder); !w.IsZero() {
		m.date, m.from, m.until = w.Date.ISO(), clockValue(w.From), clockValue(w.Until)
	}
	if row.TechnicianGone != 0 {
		m.technician = 0
	}
	f, err := h.moveForm(c, row, m, nil, nil)
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		define := "move-dialog"
		if c.QueryParam("in") == "dialog" {
			define = "move-form"
		}
		return h.Fragment(c, http.StatusOK, "office/workorder_move", define, f)
	}
	return h.Page(c, http.StatusOK, "office/workorder_move", movePage(f))
}

// movePage is the form as a page of its own, from which the answer leads back to
// the board: there is no board under it that could be told.
func movePage(f *view.MoveForm) *view.MovePage {
	f.Dialog = false
	title := f.Heading
	if title == "" {
		title = "Move " + f.Number
	}
	return &view.MovePage{Base: views.Base{Title: title, Tab: "workorders", Errors: f.Errors}, Form: *f}
}

// previewMove shows the form as it was typed with the technician's day, and
// changes nothing.
func (h *Handlers) previewMove(c echo.Context) error {
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	f, err := h.moveForm(c, row, readMove(c), nil, nil)
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/workorder_move", "move-form", f)
	}
	return h.Page(c, http.StatusOK, "office/workorder_move", movePage(f))
}

// moveWorkOrder moves a work order.
func (h *Handlers) moveWorkOrder(c echo.Context) error {
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	m := readMove(c)
	said, err := h.doMove(c, row, m)
	clash, overlaps := errors.AsType[workorder.Clash](err)
	refused, known := web.FieldErrors(err)
	switch {
	case err == nil:
		if m.dialog && web.IsHTMX(c) {
			return h.Fragment(c, http.StatusOK, "office/workorder_move", "moved", view.Moved{Number: row.WorkOrder.Number, Said: said})
		}
		to := m.back
		if to == "" {
			to = workOrderPath(row.WorkOrder.Number)
		}
		return h.SeeNotice(c, to, said)
	case overlaps:
		m.anyway = clash.Key()
	case !known:
		return err
	case overtaken(err):
		// having been told, the next press counts
		if row, err = h.theWorkOrder(c); err != nil {
			return err
		}
		m.version = row.WorkOrder.Version
	}
	f, err := h.moveForm(c, row, m, refused, clash)
	if err != nil {
		return err
	}
	define := "move-form"
	if c.FormValue("drag") != "" {
		define = "move-dialog"
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusUnprocessableEntity, "office/workorder_move", define, f)
	}
	return h.Page(c, http.StatusUnprocessableEntity, "office/workorder_move", movePage(f))
}

// doMove carries a move out and says in words what became of it.
func (h *Handlers) doMove(c echo.Context, row db.GetOrderInOfficeRow, m typedMove) (string, error) {
	ctx, by, o := c.Request().Context(), web.Actor(c), row.WorkOrder
	is := "Work order " + o.Number + " is "
	to := m.to
	if !workorder.State(o.State).Open() && (to == string(workorder.Requested) || to == string(workorder.Scheduled)) {
		to = reopen
	}
	switch to {
	case string(workorder.Scheduled):
		w, err := m.window()
		if err != nil {
			return "", err
		}
		a := workorder.Appointment{TechnicianID: m.technician, Window: w}
		if w == windowOfOrder(o) && m.technician == o.TechnicianID.Int64 {
			switch workorder.State(o.State) {
			case workorder.Scheduled:
				return is + "scheduled just so already; nothing was changed.", nil
			case workorder.Dispatched, workorder.Arrived:
				return "", fault.Field("date", "This is the appointment that is under way; choose another time or somebody else")
			}
		}
		if err := h.WorkOrders.Book(ctx, by, o.Number, m.version, a, m.anyway); err != nil {
			return "", err
		}
		return is + "scheduled for " + w.String() + ".", nil
	case string(workorder.Requested):
		return is + "requested again; the appointment is removed.", h.WorkOrders.Unschedule(ctx, by, o.Number, m.version)
	case string(workorder.Dispatched):
		who := m.technician
		if c.FormValue("technician") == "" {
			who = o.TechnicianID.Int64
		}
		return is + "dispatched.", h.WorkOrders.Send(ctx, by, o.Number, m.version, who, m.anyway)
	case string(workorder.Arrived):
		return is + "arrived at.", h.WorkOrders.Arrive(ctx, by, o.Number, m.version)
	case string(workorder.Completed):
		return is + "completed.", h.WorkOrders.Complete(ctx, by, o.Number, m.version)
	case string(workorder.Cancelled):
		return is + "cancelled.", h.WorkOrders.Cancel(ctx, by, o.Number, m.version, m.reason)
	case reopen:
		return is + "open again.", h.WorkOrders.Reopen(ctx, by, o.Number, m.version)
	}
	return "", fault.Field("", "Choose where it goes")
}

func windowOfOrder(o db.WorkOrder) workorder.Window {
	return workorder.Window{Date: o.WindowDate, From: o.WindowFrom, Until: o.WindowUntil}
}

// moveForm is the form of a move with what was typed, or the choice of one.
func (h *Handlers) moveForm(c echo.Context, row db.GetOrderInOfficeRow, m typedMove, refused views.FieldErrors, clash workorder.Clash) (*view.MoveForm, error) {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	o, state := row.WorkOrder, workorder.State(row.WorkOrder.State)
	href := workOrderPath(o.Number)
	f := &view.MoveForm{Errors: refused, ID: "move-form", Dialog: m.dialog, Number: o.Number, Href: href, Where: row.DisplayName + ", " + joined(", ", row.Site, row.System), Title: o.Title,
		State: o.State, Action: href + "/move", Preview: href + "/preview", Back: m.back, Version: m.version, To: m.to}
	if f.Back == "" {
		f.Back = href
	}
	if m.back == "" && m.to == string(workorder.Scheduled) && state.Open() {
		f.ID = "schedule-form"
	}
	if !state.Open() && (o.MergedIntoID.Valid || row.Invoice != "") {
		f.Closed = "It has its invoice, so it stays as it is. Make a new work order for what is left to do."
		if o.MergedIntoID.Valid {
			f.Closed = "It was merged into " + row.MergedInto + ". Go on there."
		}
		return f, nil
	}
	if !state.Open() && m.to != "" {
		m.to, f.To = reopen, reopen
	}
	if m.to != "" && m.to != reopen && !state.May(workorder.State(m.to)) {
		m.to, f.To = "", ""
	}
	if m.to == string(workorder.Dispatched) && o.TechnicianID.Valid && refused == nil && clash == nil && row.TechnicianGone == 0 && m.technician == o.TechnicianID.Int64 {
		// there is nothing to type: it stands among the choices as a button
		f.To, m.to = "", ""
	}
	if isDirect(workorder.State(m.to), state, o.TechnicianID.Valid) && m.to != string(workorder.Dispatched) {
		f.To, m.to = "", ""
	}
	switch m.to {
	case "":
		f.Choices = moveChoices(o, row.TechnicianGone != 0, href, m.back)
		for i := range f.Errors {
			f.Errors[i].Field = "" // there is nothing to type here
		}
	case string(workorder.Scheduled):
		f.Heading, f.Button = "Schedule "+o.Number, "Schedule"
		if len(clash) > 0 {
			f.Button = "Schedule anyway"
		}
		if state != workorder.Requested {
			f.Heading, f.Words = "Another appointment for "+o.Number, ""
		}
		f.Words = "The customer is mailed a new day and time."
		if s.Value("workorders.mail_scheduled") != "yes" {
			f.Words = "The customer is not mailed: the settings say so."
		}
		f.Schedule, err = h.scheduleFields(ctx, s, f.ID, f.Preview, m, refused, clash, o.ID)
	case string(workorder.Dispatched):
		f.Heading, f.Button = "Dispatch "+o.Number, "Dispatch"
		if len(clash) > 0 {
			f.Button = "Dispatch anyway"
		}
		m.date, m.from, m.until = o.WindowDate.ISO(), clockValue(o.WindowFrom), clockValue(o.WindowUntil)
		f.Words = "The customer is mailed that somebody is on the way."
		if s.Value("workorders.mail_dispatched") != "yes" {
			f.Words = "The customer is not mailed: the settings say so."
		}
		if f.Schedule, err = h.scheduleFields(ctx, s, f.ID, f.Preview, m, refused, clash, o.ID); err == nil {
			f.Schedule.Only = true
		}
	case string(workorder.Requested):
		f.Heading, f.Button = "Remove the appointment of "+o.Number, "Remove appointment"
		f.Words = "It waits for a new day then. The customer is mailed that the appointment does not take place."
		if s.Value("workorders.mail_scheduled") != "yes" {
			f.Words = "It waits for a new day then. The customer is not mailed: the settings say so."
		}
	case string(workorder.Cancelled):
		f.Heading, f.Button, f.Danger = "Cancel "+o.Number, "Cancel work order", true
		f.Words = "The customer is mailed the reason as it stands here."
		f.Reason = &view.Text{Name: "reason", Label: "Reason", Hint: "The customer reads it", Rows: 3, MaxLength: 500, Value: m.reason, Error: refused.Of("reason")}
	case reopen:
		f.Heading, f.Button = "Open "+o.Number+" again", "Open it again"
		f.Words = "It waits for an appointment again, or keeps the one that is still to come."
	default:
		f.Heading, f.Button = workorder.State(m.to).Word(), workorder.State(m.to).Word()
	}
	return f, err
}

// moveChoices are the states a work order can go to, with what that means.
func moveChoices(o db.WorkOrder, gone bool, href, back string) []view.MoveChoice {
	state := workorder.State(o.State)
	var out []view.MoveChoice
	add := func(to, label, words string, direct bool) {
		v := url.Values{"to": {to}}
		if back != "" {
			v.Set("back", back)
			v.Set("in", "dialog")
		}
		out = append(out, view.MoveChoice{To: to, Label: label, Words: words, Href: withValues(href+"/move", v), Direct: direct, Danger: to == string(workorder.Cancelled)})
	}
	if !state.Open() {
		add(reopen, "Open again", "There is more to do.", false)
		return out
	}
	for _, to := range workorder.Moves[state] {
		direct := isDirect(to, state, o.TechnicianID.Valid && !gone)
		switch to {
		case workorder.Scheduled:
			words := "With a day and time."
			if state != workorder.Requested {
				words = "With another day, time or technician."
			}
			add(string(to), to.Word(), words, false)
		case workorder.Requested:
			add(string(to), to.Word(), "The appointment is removed.", false)
		case workorder.Dispatched:
			words := "Somebody is on the way."
			if !direct {
				words = "Choose who goes."
			}
			add(string(to), to.Word(), words, direct)
		case workorder.Arrived, workorder.Completed:
			if direct {
				add(string(to), to.Word(), map[workorder.State]string{workorder.Arrived: "The technician is there.", workorder.Completed: "The work is done."}[to], true)
			}
		case workorder.Cancelled:
			add(string(to), to.Word(), "With a reason, which the customer is mailed.", false)
		}
	}
	return out
}

// scheduleFields are the fields of an appointment as they were typed, with the
// technician's day beside them.
func (h *Handlers) scheduleFields(ctx context.Context, s *settings.Settings, form, preview string, m typedMove, refused views.FieldErrors, clash workorder.Clash, id int64) (*view.ScheduleFields, error) {
	f := &view.ScheduleFields{Form: form, Preview: preview, Presets: windowPresets, Conflicts: busyEntries(clash, nil), Anyway: clash.Key(),
		Technician: view.Choice{Name: "technician", Label: "Technician", Error: refused.Of("technician"), Options: []view.Option{{Value: "0", Label: "Nobody yet"}}},
		Date:       views.Input{Name: "date", Label: "Day", Type: "date", Value: m.date, Error: refused.Of("date")},
		From:       views.Input{Name: "from", Label: "From", Type: "time", Value: m.from, Error: refused.Of("from")},
		To:         views.Input{Name: "until", Label: "Until", Type: "time", Value: m.until, Error: refused.Of("until")}}
	rows, err := h.DB.Read().ListTechnicians(ctx)
	if err != nil {
		return nil, err
	}
	name := ""
	for _, r := range rows {
		o := view.Option{Value: number(r.ID), Label: staffName(r.Name, r.Email), Chosen: r.ID == m.technician}
		if r.Role != "technician" {
			o.Label += " (" + r.Role + ")"
		}
		if o.Chosen {
			name = staffName(r.Name, r.Email)
		}
		f.Technician.Options = append(f.Technician.Options, o)
	}
	day, err := calendar.ParseDate(m.date)
	if name == "" || err != nil {
		return f, nil
	}
	busy, err := workorder.Day(ctx, h.DB.Read(), m.technician, day)
	if err != nil {
		return nil, err
	}
	typed, _ := m.window() // a window that is not complete overlaps with nothing
	f.Day = &view.TechnicianDay{Name: name, Day: briefDay(day, h.Clock.Today(s.Zone))}
	var others []workorder.Busy
	for _, b := range busy {
		if b.ID != id {
			others = append(others, b)
		}
	}
	f.Day.Entries = busyEntries(others, &typed)
	return f, nil
}

// busyEntries are appointments of a day; those that overlap with a window are
// marked.
func busyEntries(list []workorder.Busy, with *workorder.Window) []view.DayEntry {
	var out []view.DayEntry
	for _, b := range list {
		e := view.DayEntry{Number: b.Number, Href: workOrderPath(b.Number), Window: briefTimes(b.Window), What: joined(", ", b.Customer, b.Site)}
		e.Clash = with != nil && b.State.Open() && b.Overlaps(*with)
		out = append(out, e)
	}
	return out
}
