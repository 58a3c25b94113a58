package portal

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
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
	pages "customerportal/views/portal"
)

// workOrderRoutes are the tab "Work Orders".
func (h *Handlers) workOrderRoutes() []web.Route {
	return []web.Route{
		{Name: "workorders", Method: http.MethodGet, Path: "/workorders", Access: web.Customer(), Handler: h.workOrders},
		{Name: "workorders.follow", Method: http.MethodGet, Path: "/workorders/follow", Access: web.Customer(), Handler: h.workOrdersFollow},
		{Name: "workorder.new", Method: http.MethodGet, Path: "/workorders/new", Access: web.Customer(), Handler: h.workOrderNew},
		{Name: "workorder.save", Method: http.MethodPost, Path: "/workorders/new", Access: web.Customer(), Handler: h.workOrderSave},
		{Name: "workorder", Method: http.MethodGet, Path: "/workorders/:number", Access: web.Customer(), Handler: h.workOrder},
		{Name: "workorder.follow", Method: http.MethodGet, Path: "/workorders/:number/follow", Access: web.Customer(), Handler: h.workOrderFollow},
		{Name: "workorder.appointment", Method: http.MethodGet, Path: "/workorders/:number/appointment.ics", Access: web.Customer(), Handler: h.workOrderAppointment},
		{Name: "workorder.photo", Method: http.MethodGet, Path: "/workorders/:number/photos/:photo", Access: web.Customer(), Handler: h.workOrderPhoto},
		{Name: "workorder.notes.reload", Method: http.MethodGet, Path: "/workorders/:number/notes", Access: web.Customer(), Handler: backToOrder},
		{Name: "workorder.note", Method: http.MethodPost, Path: "/workorders/:number/notes", Access: web.Customer(), Handler: h.workOrderNote},
		{Name: "workorder.photos.reload", Method: http.MethodGet, Path: "/workorders/:number/photos", Access: web.Customer(), Handler: backToOrder},
		{Name: "workorder.photos", Method: http.MethodPost, Path: "/workorders/:number/photos", Access: web.Customer(), Handler: h.workOrderPhotos},
	}
}

func orderHref(number string) string { return "/workorders/" + url.PathEscape(number) }

// backToOrder answers who reloads the page of a refused form.
func backToOrder(c echo.Context) error { return web.See(c, orderHref(web.Param(c, "number"))) }

// formNonce is of a fresh form.
func formNonce() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // crypto/rand.Read never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

// formNonceOf is the nonce of the form that was sent, "" where there is none or none
// of ours: what the portal itself makes under a name of its own, like the work
// order of a proposal, is not to be taken by a form.
func formNonceOf(c echo.Context) string {
	nonce := c.FormValue("nonce")
	ours := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
	}
	if len(nonce) > 64 || strings.ContainsFunc(nonce, func(r rune) bool { return !ours(r) }) {
		return ""
	}
	return nonce
}

// nonceOf is the nonce of the form that was sent, a fresh one where there is none.
func nonceOf(c echo.Context) string {
	if nonce := formNonceOf(c); nonce != "" {
		return nonce
	}
	return formNonce()
}

// nonceOn ties a nonce to the work order whose form it is, so that the same one
// counts for no other.
func nonceOn(number, nonce string) string { return number + "/" + nonce }

// orderState is how a state is shown.
func orderState(state string, since calendar.Instant, set *settings.Settings) views.WorkOrderState {
	return views.WorkOrderState{State: state, Word: workorder.State(state).Word(), When: since.Format(set.Zone)}
}

// workOrders shows the tab "Work Orders"; a page that follows it gets the list alone.
func (h *Handlers) workOrders(c echo.Context) error {
	ctx, customer := c.Request().Context(), web.Who(c).CustomerID
	set, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	p := &pages.WorkOrdersPage{Base: views.Base{Title: "Work Orders", Tab: "workorders"}}
	begin := db.ListWorkOrdersForCustomerParams{CustomerID: customer, ChangedAt: math.MaxInt64, ID: math.MaxInt64, Most: perPage + 1}
	if after := c.QueryParam("after"); after != "" {
		at, err := h.DB.Read().GetWorkOrderPositionForCustomer(ctx, db.GetWorkOrderPositionForCustomerParams{Number: after, CustomerID: customer})
		if err != nil {
			return missing(err, "work order")
		}
		begin.Closed, begin.ChangedAt, begin.ID, p.Later = at.Closed, at.ChangedAt, at.ID, true
	} else {
		mark, err := h.DB.Read().GetWorkOrderMarkForCustomer(ctx, customer)
		if err != nil {
			return err
		}
		p.Follow = "/workorders/follow?seen=" + strconv.FormatInt(mark, 10)
	}
	rows, err := h.DB.Read().ListWorkOrdersForCustomer(ctx, begin)
	if err != nil {
		return err
	}
	if len(rows) > perPage {
		rows = rows[:perPage]
		p.More = "/workorders?after=" + url.QueryEscape(rows[perPage-1].Number)
	}
	for _, r := range rows {
		row := pages.WorkOrderRow{Number: r.Number, Href: orderHref(r.Number), Title: r.Title, Site: r.Site, System: r.System,
			State: orderState(r.State, calendar.Instant(r.Since), set), Changed: r.ChangedAt.Format(set.Zone)}
		if workorder.State(r.State).Open() {
			row.Appointment = workorder.Window{Date: r.WindowDate, From: r.WindowFrom, Until: r.WindowUntil}.String()
		}
		p.Orders = append(p.Orders, row)
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "portal/workorders", "orders", p)
	}
	return h.Page(c, http.StatusOK, "portal/workorders", p)
}

// workOrdersFollow is the event stream of the list.
func (h *Handlers) workOrdersFollow(c echo.Context) error {
	if !web.WantsEvents(c) {
		return web.See(c, "/workorders")
	}
	customer := web.Who(c).CustomerID
	changed, stop := h.WorkOrders.FollowCustomer(customer)
	defer stop()
	mark, err := h.DB.Read().GetWorkOrderMarkForCustomer(c.Request().Context(), customer)
	if err != nil {
		return err
	}
	return h.Follow(c, changed, c.QueryParam("seen") != strconv.FormatInt(mark, 10))
}

// workOrderFollow is the event stream of one work order.
func (h *Handlers) workOrderFollow(c echo.Context) error {
	number := web.Param(c, "number")
	if !web.WantsEvents(c) {
		return web.See(c, orderHref(number))
	}
	changed, stop := h.WorkOrders.Follow(number)
	defer stop()
	row, err := h.order(c, number)
	if err != nil {
		return err
	}
	return h.Follow(c, changed, c.QueryParam("seen") != strconv.FormatInt(row.WorkOrder.Version, 10))
}

// order finds the viewer's work order.
func (h *Handlers) order(c echo.Context, number string) (db.GetWorkOrderForCustomerRow, error) {
	row, err := h.DB.Read().GetWorkOrderForCustomer(c.Request().Context(), db.GetWorkOrderForCustomerParams{Number: number, CustomerID: web.Who(c).CustomerID})
	return row, missing(err, "work order")
}

// workOrderNew asks for the site and the system, and for the rest when they are
// known. Whoever has one site with one system is not asked.
func (h *Handlers) workOrderNew(c echo.Context) error {
	query := c.QueryParams()
	site, system := query.Get("site"), query.Get("system")
	p := &pages.WorkOrderNewPage{Base: views.Base{Title: "New Work Order", Tab: "workorders"}}
	place, form, err := h.orderPlace(c, site, system, query.Has("site"), query.Has("system") && query.Get("pick") == "")
	if err != nil {
		return err
	}
	if query.Get("pick") != "" && web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "portal/workorder_new", "order-place", place)
	}
	if form == nil {
		p.Place, p.Errors = place, place.Errors
	} else {
		form.Nonce, form.Room = formNonce(), workorder.MostPhotos
		h.orderTimes(c, form, nil)
		p.Form = form
	}
	return h.Page(c, http.StatusOK, "portal/workorder_new", p)
}

// orderPlace is what is asked about the place, and the form of the rest when the
// place is known.
func (h *Handlers) orderPlace(c echo.Context, site, system string, siteAsked, systemAsked bool) (*pages.WorkOrderPlace, *pages.WorkOrderForm, error) {
	ctx, customer := c.Request().Context(), web.Who(c).CustomerID
	sites, err := h.DB.Read().ListOrderSitesForCustomer(ctx, customer)
	if err != nil {
		return nil, nil, err
	}
	place := &pages.WorkOrderPlace{}
	if len(sites) == 0 {
		place.Errors = views.FieldErrors{{Message: "We have no site on file for you yet. Please call us; we are glad to help."}}
		return place, nil, nil
	}
	only := len(sites) == 1 && site == ""
	if only {
		site = strconv.FormatInt(sites[0].ID, 10)
	}
	var chosen *db.ListOrderSitesForCustomerRow
	for i, s := range sites {
		id := strconv.FormatInt(s.ID, 10)
		label := s.Name
		if s.Address1 != "" {
			label += ", " + workorder.Address(s.Address1, "", s.City, "", "")
		}
		if id == site {
			chosen = &sites[i]
		}
		place.Sites = append(place.Sites, pages.Choice{Value: id, Label: label, Chosen: id == site})
	}
	if chosen == nil {
		if site != "" {
			return nil, nil, fault.Missing("site")
		}
		if siteAsked && systemAsked || siteAsked && c.QueryParam("pick") == "" {
			place.Errors = views.FieldErrors{{Field: "site", Message: "Choose the site"}}
		}
		return place, nil, nil
	}
	place.SiteChosen = true
	systems, err := h.DB.Read().ListOrderSystemsForCustomer(ctx, db.ListOrderSystemsForCustomerParams{CustomerID: customer, SiteID: chosen.ID})
	if err != nil {
		return nil, nil, err
	}
	form := &pages.WorkOrderForm{SiteID: chosen.ID, Site: chosen.Name, Address: workorder.Address(chosen.Address1, chosen.Address2, chosen.City, chosen.State, chosen.Zip)}
	if len(sites) > 1 || len(systems) > 0 {
		form.Change = "/workorders/new?site=" + site
	}
	if len(sites) == 1 && len(systems) == 0 {
		return place, form, nil
	}
	if len(systems) == 1 && (only || system == "" && !systemAsked) {
		system = strconv.FormatInt(systems[0].ID, 10)
		if only {
			form.SystemID, form.System = systems[0].ID, systemName(systems[0])
			return place, form, nil
		}
	}
	known := system == "0"
	for _, y := range systems {
		id := strconv.FormatInt(y.ID, 10)
		if id == system {
			known, form.SystemID, form.System = true, y.ID, systemName(y)
		}
		place.Systems = append(place.Systems, pages.Choice{Value: id, Label: systemName(y), Chosen: id == system})
	}
	if len(systems) > 0 {
		place.Systems = append(place.Systems, pages.Choice{Value: "0", Label: "The whole site, or I am not sure", Chosen: system == "0"})
	}
	switch {
	case !systemAsked:
		return place, nil, nil
	case known:
		return place, form, nil
	case system == "":
		place.Errors = views.FieldErrors{{Field: "system", Message: "Choose the system"}}
	}
	return place, nil, nil
}

func systemName(y db.ListOrderSystemsForCustomerRow) string {
	if y.SystemType != "" && !strings.EqualFold(y.SystemType, y.Name) {
		return y.Name + " (" + y.SystemType + ")"
	}
	return y.Name
}

// orderTimes fills the preferred times of the form with what was typed.
func (h *Handlers) orderTimes(c echo.Context, form *pages.WorkOrderForm, refused views.FieldErrors) {
	form.Errors = refused
	form.Note = c.FormValue("note")
	for i := 1; i <= workorder.MostTimes; i++ {
		day, part := fmt.Sprintf("day%d", i), fmt.Sprintf("part%d", i)
		t := pages.PreferredTime{
			Day:  views.Input{Label: choices[i-1] + " choice", Name: day, Type: "date", Value: c.FormValue(day), Error: refused.Of(day)},
			Part: part, Label: "Time of day",
		}
		for _, k := range workorder.Parts {
			t.Parts = append(t.Parts, pages.Choice{Value: string(k.Part), Label: strings.ToUpper(k.Word[:1]) + k.Word[1:], Chosen: c.FormValue(part) == string(k.Part)})
		}
		form.Times = append(form.Times, t)
	}
	form.Words = views.Input{Label: "Anything else about the time", Name: "times", Value: c.FormValue("times"), MaxLength: 300, Error: refused.Of("times"),
		Hint: "Like: not before 10, please call first"}
}

// choices name the preferred times.
var choices = [workorder.MostTimes]string{"First", "Second", "Third"}

// preferred reads the preferred times as they were sent.
func preferred(value func(name string) string) workorder.Preferred {
	p := workorder.Preferred{Words: value("times")}
	for i := 1; i <= workorder.MostTimes; i++ {
		t := workorder.Time{Date: calendar.Date(strings.TrimSpace(value(fmt.Sprintf("day%d", i)))), Part: workorder.Part(value(fmt.Sprintf("part%d", i)))}
		if t.Part == "" {
			t.Part = workorder.AnyTime
		}
		p.Times = append(p.Times, t)
	}
	return p
}

// workOrderSave makes the work order. When something in the form is refused, what
// was typed and the photos that are good stay.
func (h *Handlers) workOrderSave(c echo.Context) error {
	photos, err := h.Photos(c)
	if err != nil {
		return err
	}
	defer photos.Close()
	ctx, who := c.Request().Context(), web.Who(c)
	nonce := formNonceOf(c)
	if nonce == "" {
		return web.See(c, "/workorders/new") // no form of ours
	}
	site, system := formID(c.FormValue("site")), formID(c.FormValue("system"))
	order := workorder.NewOrder{
		CustomerID: who.CustomerID, SiteID: site, SystemID: system, Source: workorder.Portal, Note: c.FormValue("note"),
		Preferred: preferred(c.FormValue), Nonce: nonce,
	}
	if err := h.keepPhotos(c, nonce, photos); err != nil {
		return h.refuseOrder(c, nonce, alsoRefused(h.WorkOrders.Examine(ctx, order), err))
	}
	number, err := h.WorkOrders.Create(ctx, web.Actor(c), order)
	if err != nil {
		return h.refuseOrder(c, nonce, err)
	}
	return h.SeeNotice(c, orderHref(number), "Your work order is saved. Its number is "+number+"; a confirmation is on its way to you by mail.")
}

// alsoRefused is one refusal of two, so that a form comes back once; anything but
// a refused field stands for itself.
func alsoRefused(first, second error) error {
	var all fault.Fields
	for _, err := range []error{first, second} {
		f, ok := errors.AsType[*fault.Error](err)
		if err != nil && (!ok || f.Kind != fault.Invalid) {
			return err
		}
		if ok {
			for _, e := range f.All() {
				all.Add(e.Field, "%s", e.Message)
			}
		}
	}
	return all.Err()
}

// formID reads the id of a drop-down, 0 for none and -1 for what is none.
func formID(s string) int64 {
	if s == "" {
		return 0
	}
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id < 0 {
		return -1
	}
	return id
}

// keepPhotos takes the photos of the form, and leaves out those that were taken
// before and are not wanted any more.
func (h *Handlers) keepPhotos(c echo.Context, nonce string, photos *web.PhotoForm) error {
	ctx, customer := c.Request().Context(), web.Who(c).CustomerID
	if _, err := h.DB.Read().GetOrderSiteForCustomer(ctx, db.GetOrderSiteForCustomerParams{ID: formID(c.FormValue("site")), CustomerID: customer}); err != nil && c.FormValue("site") != "" {
		return missing(err, "site") // before the work of reading them
	}
	keep := c.Request().Form["keep"]
	for _, kept := range c.Request().Form["kept"] {
		if slices.Contains(keep, kept) {
			continue
		}
		if err := h.WorkOrders.DropUpload(ctx, customer, nonce, formID(kept)); err != nil {
			return err
		}
	}
	return h.WorkOrders.KeepUploads(ctx, web.Actor(c), customer, nonce, photos.Uploads())
}

// refuseOrder shows the form of a new work order again.
func (h *Handlers) refuseOrder(c echo.Context, nonce string, err error) error {
	refused, ok := web.FieldErrors(err)
	if !ok {
		return err
	}
	ctx := c.Request().Context()
	place, form, err2 := h.orderPlace(c, c.FormValue("site"), c.FormValue("system"), true, true)
	if err2 != nil {
		return err2
	}
	p := &pages.WorkOrderNewPage{Base: views.Base{Title: "New Work Order", Tab: "workorders", Errors: refused}}
	if form == nil {
		place.Errors = refused
		p.Place = place
		if web.IsHTMX(c) {
			return h.Fragment(c, web.StatusOf(err), "portal/workorder_new", "order-place", place)
		}
		return h.RefusedBy(c, err, "portal/workorder_new", "main", p)
	}
	form.Nonce = nonce
	h.orderTimes(c, form, refused)
	kept, err2 := h.DB.Read().ListWorkOrderUploadsForCustomer(ctx, db.ListWorkOrderUploadsForCustomerParams{Nonce: nonce, CustomerID: web.Who(c).CustomerID})
	if err2 != nil {
		return err2
	}
	for _, k := range kept {
		form.Kept = append(form.Kept, pages.KeptPhoto{ID: k.ID, Name: k.Name, Keep: true})
	}
	form.Room = max(0, workorder.MostPhotos-len(kept))
	p.Form = form
	if !web.IsHTMX(c) {
		return h.RefusedBy(c, err, "portal/workorder_new", "main", p)
	}
	return h.Fragment(c, web.StatusOf(err), "portal/workorder_new", "order-form", form)
}

// workOrder shows one work order; a page that follows it gets what changes alone.
func (h *Handlers) workOrder(c echo.Context) error {
	p, err := h.orderPage(c, web.Param(c, "number"))
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "portal/workorder", "order-live", p.Live)
	}
	return h.Page(c, http.StatusOK, "portal/workorder", p)
}

// orderPage reads all that a work order's page shows, at one moment.
func (h *Handlers) orderPage(c echo.Context, number string) (*pages.WorkOrderPage, error) {
	ctx, customer := c.Request().Context(), web.Who(c).CustomerID
	set, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	var p *pages.WorkOrderPage
	err = h.DB.View(ctx, func(q *db.Queries) error {
		row, err := q.GetWorkOrderForCustomer(ctx, db.GetWorkOrderForCustomerParams{Number: number, CustomerID: customer})
		if err != nil {
			return missing(err, "work order")
		}
		o := row.WorkOrder
		p = &pages.WorkOrderPage{Base: views.Base{Title: "Work order " + o.Number, Tab: "workorders"}, Number: o.Number}
		p.Live = liveOrder(row, set)
		if workorder.State(o.State).Open() {
			p.NoteForm = &pages.WorkOrderNoteForm{Number: o.Number, Nonce: formNonce()}
			p.PhotoForm = &pages.WorkOrderPhotoForm{Number: o.Number, Nonce: formNonce()}
		}
		return fillOrder(ctx, q, &p.Live, customer, o, set)
	})
	return p, err
}

// liveOrder is what stands in the work order itself.
func liveOrder(row db.GetWorkOrderForCustomerRow, set *settings.Settings) pages.WorkOrderLive {
	o := row.WorkOrder
	state := workorder.State(o.State)
	since := map[workorder.State]calendar.Instant{
		workorder.Requested: o.RequestedAt, workorder.Scheduled: o.ScheduledAt, workorder.Dispatched: o.DispatchedAt,
		workorder.Arrived: o.ArrivedAt, workorder.Completed: o.CompletedAt, workorder.Cancelled: o.CancelledAt,
	}[state]
	live := pages.WorkOrderLive{
		Number: o.Number, Href: orderHref(o.Number), Follow: orderHref(o.Number) + "/follow?seen=" + strconv.FormatInt(o.Version, 10), Title: o.Title,
		State: orderState(o.State, since, set), Meaning: state.Meaning(), Reason: o.CancelReason, Site: row.Site, System: row.System,
		Technician: workorder.ShortName(row.Technician), Preferred: lines(o.Preferred), Merged: row.MergedInto, MergedHref: orderHref(row.MergedInto),
		Phone: set.Company.Phone, Link: web.PhoneLink(set.Company.Phone),
	}
	live.State.Big = true
	live.Said = "The work order is " + state.Word()
	window := workorder.Window{Date: o.WindowDate, From: o.WindowFrom, Until: o.WindowUntil}
	if !window.IsZero() && state != workorder.Cancelled {
		live.Appointment = window.String()
		if state.Open() {
			live.Calendar = orderHref(o.Number) + "/appointment.ics"
			live.Said += ", " + live.Appointment
		}
	}
	return live
}

// fillOrder reads what belongs to the work order.
func fillOrder(ctx context.Context, q *db.Queries, live *pages.WorkOrderLive, customer int64, o db.WorkOrder, set *settings.Settings) error {
	events, err := q.ListWorkOrderEventsForCustomer(ctx, db.ListWorkOrderEventsForCustomerParams{Number: o.Number, CustomerID: customer})
	if err != nil {
		return err
	}
	live.Timeline = timeline(events, set)
	notes, err := q.ListWorkOrderNotesForCustomer(ctx, db.ListWorkOrderNotesForCustomerParams{Number: o.Number, CustomerID: customer})
	if err != nil {
		return err
	}
	for _, n := range notes {
		note := pages.WorkOrderNote{Who: "You", When: workorder.NoteTime(n.WrittenAt, n.At, set.Zone), Lines: lines(n.Note), Staff: n.Staff != 0}
		if note.Staff {
			note.Who = strings.TrimPrefix(workorder.ShortName(n.Name)+", "+set.Company.Name, ", ")
		}
		live.Notes = append(live.Notes, note)
	}
	photos, err := q.ListWorkOrderPhotosForCustomer(ctx, db.ListWorkOrderPhotosForCustomerParams{Number: o.Number, CustomerID: customer})
	if err != nil {
		return err
	}
	for i, ph := range photos {
		href := orderHref(ph.Number) + "/photos/" + strconv.FormatInt(ph.ID, 10)
		who := "you"
		if ph.Staff != 0 {
			who = set.Company.Name
		}
		live.Photos = append(live.Photos, pages.WorkOrderPhoto{Href: href, Thumb: href + "?size=small", Label: fmt.Sprintf("Photo %d, by %s, %s", i+1, who, ph.At.Format(set.Zone))})
	}
	if workorder.State(o.State) != workorder.Completed {
		return nil
	}
	work, err := q.ListWorkOrderLinesForCustomer(ctx, db.ListWorkOrderLinesForCustomerParams{Number: o.Number, CustomerID: customer})
	if err != nil {
		return err
	}
	for _, l := range work {
		live.Work = append(live.Work, workorder.WorkLine(l.Kind, l.Description, l.Quantity))
	}
	signed, err := q.GetWorkOrderSignatureForCustomer(ctx, db.GetWorkOrderSignatureForCustomerParams{Number: o.Number, CustomerID: customer})
	if err != nil {
		return err
	}
	for _, g := range signed {
		live.SignedBy, live.SignedAt, live.Signature = g.Name, g.HappenedAt.Format(set.Zone), views.DrawingOf(g.Strokes, "Signature of "+g.Name)
	}
	return nil
}

// timeline puts the history into the customer's words. A tap that was taken back
// is no news.
func timeline(events []db.ListWorkOrderEventsForCustomerRow, set *settings.Settings) []pages.WorkOrderStep {
	var steps []pages.WorkOrderStep
	for _, e := range events {
		if e.Kind == "undone" {
			for i := len(steps) - 1; i >= 0; i-- {
				if steps[i].State.State == e.FromState {
					steps = slices.Delete(steps, i, i+1)
					break
				}
			}
			continue
		}
		step := pages.WorkOrderStep{Details: e.Details, When: e.HappenedAt.Format(set.Zone)}
		switch e.Kind {
		case "assigned":
			step.Words = "Technician assigned"
		case "rescheduled":
			step.Words = "Appointment moved"
		case "unscheduled":
			step.Words, step.Details = "Appointment taken away", "It was "+e.Details
		case "reopened":
			step.Words = "Opened again"
		default:
			step.State = orderState(e.ToState, 0, set)
		}
		steps = append(steps, step)
	}
	return steps
}

// workOrderAppointment sends the calendar file of the appointment.
func (h *Handlers) workOrderAppointment(c echo.Context) error {
	body, err := h.WorkOrders.Appointment(c.Request().Context(), web.Who(c).CustomerID, web.Param(c, "number"))
	if err != nil {
		return err
	}
	return web.Download(c, workorder.AppointmentFile, workorder.AppointmentType, body)
}

// workOrderPhoto shows a photo, large or small.
func (h *Handlers) workOrderPhoto(c echo.Context) error {
	ctx := c.Request().Context()
	id, err := strconv.ParseInt(c.Param("photo"), 10, 64)
	if err != nil {
		return fault.Missing("photo")
	}
	photo, err := h.DB.Read().GetWorkOrderPhotoForCustomer(ctx, db.GetWorkOrderPhotoForCustomerParams{ID: id, Number: web.Param(c, "number"), CustomerID: web.Who(c).CustomerID})
	if err != nil {
		return missing(err, "photo")
	}
	return h.ShowPhoto(c, photo.DocumentID, photo.ThumbID)
}

// workOrderNote adds a note.
func (h *Handlers) workOrderNote(c echo.Context) error {
	number, nonce := web.Param(c, "number"), nonceOf(c)
	err := h.WorkOrders.AddNoteForCustomer(c.Request().Context(), web.Actor(c), web.Who(c).CustomerID, workorder.Note{
		Number: number, Text: c.FormValue("note"), Nonce: nonceOn(number, nonce),
	})
	if refused, ok := web.FieldErrors(err); ok {
		p, err2 := h.orderPage(c, number)
		if err2 != nil {
			return err2
		}
		p.NoteForm = &pages.WorkOrderNoteForm{Number: p.Number, Nonce: nonce, Note: c.FormValue("note"), Errors: refused}
		p.Errors = refused
		if web.IsHTMX(c) {
			return h.Fragment(c, web.StatusOf(err), "portal/workorder", "order-note", p.NoteForm)
		}
		return h.RefusedBy(c, err, "portal/workorder", "main", p)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, orderHref(number), "Your note is saved and on its way to us.")
}

// workOrderPhotos adds photos.
func (h *Handlers) workOrderPhotos(c echo.Context) error {
	number := web.Param(c, "number")
	if _, err := h.order(c, number); err != nil {
		return err
	}
	photos, err := h.Photos(c)
	if err != nil {
		return err
	}
	defer photos.Close()
	nonce := nonceOf(c)
	added, err := h.WorkOrders.AddPhotos(c.Request().Context(), web.Actor(c), workorder.Photos{
		Number: number, CustomerID: web.Who(c).CustomerID, Nonce: nonceOn(number, nonce), Uploads: photos.Uploads(),
	})
	words := "The photos are saved."
	if added == 1 {
		words = "The photo is saved."
	}
	if refused, ok := web.FieldErrors(err); ok {
		p, err2 := h.orderPage(c, number)
		if err2 != nil {
			return err2
		}
		if added > 0 {
			for i := range refused {
				refused[i].Message += fmt.Sprintf(". The rest is saved: %d", added)
			}
		}
		p.PhotoForm = &pages.WorkOrderPhotoForm{Number: p.Number, Nonce: nonce, Errors: refused}
		p.Errors = refused
		if web.IsHTMX(c) {
			return h.Fragment(c, web.StatusOf(err), "portal/workorder", "order-photos", p.PhotoForm)
		}
		return h.RefusedBy(c, err, "portal/workorder", "main", p)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, orderHref(number), words)
}
