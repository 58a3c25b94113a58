package office

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/settings"
	"customerportal/internal/signature"
	"customerportal/internal/workorder"
	"customerportal/views"
	view "customerportal/views/office"
)

// workOrderForms is what was typed into the forms of a work order's page, and what
// of it was refused.
type workOrderForms struct {
	note, merge, photo views.FieldErrors
	text               string
	nonce              string
	into               string
}

// workOrder is one work order with all there is of it.
func (h *Handlers) workOrder(c echo.Context) error {
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	p, err := h.workOrderPage(c, row, workOrderForms{})
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/workorder", "changed", p)
	}
	return h.Page(c, http.StatusOK, "office/workorder", p)
}

func (h *Handlers) workOrderPage(c echo.Context, row db.GetOrderInOfficeRow, typed workOrderForms) (*view.WorkOrderPage, error) {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	q, o := h.DB.Read(), row.WorkOrder
	state, w := workorder.State(o.State), windowOfOrder(o)
	today, minute := h.moment(s)
	href := workOrderPath(o.Number)
	p := &view.WorkOrderPage{Base: views.Base{Title: "Work order " + o.Number, Tab: "workorders"}, Number: o.Number, Href: href, Title: o.Title, State: orderState(state),
		Customer: ref(row.CustomerNumber, row.DisplayName), Technician: row.Technician, Gone: row.TechnicianGone != 0 && state.Open(), Reason: o.CancelReason,
		Events: href + web.FollowPath + "?seen=" + strconv.FormatInt(o.Version, 10), Address: href, Version: o.Version, Board: workOrdersTab}
	if state == workorder.Scheduled && w.Past(today, minute) {
		p.Late = "The appointment went by and nobody is under way."
	}
	if row.MergedInto != "" {
		p.Merged, p.Reason = &view.WorkLink{Label: row.MergedInto, Href: workOrderPath(row.MergedInto)}, ""
	}
	if row.Invoice != "" {
		p.Invoice = &view.WorkLink{Label: row.Invoice, Href: invoicePath(row.Invoice)}
	}
	if row.Voided != "" {
		p.Voided = &view.WorkLink{Label: row.Voided, Href: invoicePath(row.Voided)}
	}
	source := map[string]string{"portal": "the customer, in the portal", "office": "the office", "proposal": "an accepted proposal"}[o.Source]
	if row.AskedBy != "" {
		source += " (" + row.AskedBy + ")"
	}
	p.Facts = facts("Site", row.Site, "", row.Address1, "", row.Address2, "", joined(", ", row.City, joined(" ", row.SiteState, row.Zip)),
		"System", systemName(row.System, row.SystemType), "", row.AccountNumber, "Appointment", w.String(), "Technician", row.Technician, "Suits the customer", o.Preferred, "Asked by", source)
	p.Steps = workOrderSteps(o, s)
	dispatch := may(c, dispatchers)
	parts := []func() error{
		func() error { return h.fillContact(ctx, p, o.CustomerID) },
		func() error { return fillNotes(ctx, q, s, p, o) },
		func() error { return fillPhotos(ctx, q, s, p, o) },
		func() error { return h.fillWork(ctx, s, p, o) },
		func() error { return fillDuplicates(ctx, q, p, o) },
		func() error { return fillWorkHistory(ctx, q, s, p, o.ID) },
	}
	if may(c, tellers) && state == workorder.Completed && row.Invoice == "" {
		parts = append(parts, func() error { return h.fillBill(ctx, p) })
	}
	if dispatch {
		parts = append(parts, func() error { return h.fillDispatch(c, row, p, typed) })
	}
	for _, fill := range parts {
		if err := fill(); err != nil {
			return nil, err
		}
	}
	// before somebody is there it would only be in the way
	worked := state == workorder.Arrived || state == workorder.Completed || len(p.Work) > 0
	if may(c, helpers) && mayEditWork(row) && worked {
		p.EditWork = href + "/work"
	}
	p.Errors = append(append(append(views.FieldErrors(nil), typed.note...), typed.merge...), typed.photo...)
	return p, nil
}

// systemName is a system with its type, unless it is called by that.
func systemName(name, kind string) string {
	if strings.EqualFold(name, kind) {
		return name
	}
	return joined(", ", name, kind)
}

// fillDispatch puts in what a dispatcher may do.
func (h *Handlers) fillDispatch(c echo.Context, row db.GetOrderInOfficeRow, p *view.WorkOrderPage, typed workOrderForms) error {
	ctx, o := c.Request().Context(), row.WorkOrder
	open := workorder.State(o.State).Open()
	for _, choice := range moveChoices(o, row.TechnicianGone != 0, p.Href, "") {
		switch {
		case choice.To == string(workorder.Scheduled) && open:
			continue // its form stands on the page
		case choice.To == string(workorder.Dispatched) && !choice.Direct:
			continue // somebody is assigned first, by that form
		}
		p.Move = append(p.Move, choice)
	}
	// the next step stands first
	slices.SortStableFunc(p.Move, func(a, b view.MoveChoice) int { return int(db.Flag(b.Direct) - db.Flag(a.Direct)) })
	if !open && (o.MergedIntoID.Valid || row.Invoice != "") {
		p.Move = nil
	}
	if open {
		m := typedMove{to: string(workorder.Scheduled), version: o.Version, technician: o.TechnicianID.Int64}
		if w := windowOfOrder(o); !w.IsZero() {
			m.date, m.from, m.until = w.Date.ISO(), clockValue(w.From), clockValue(w.Until)
		}
		if row.TechnicianGone != 0 {
			m.technician = 0
		}
		f, err := h.moveForm(c, row, m, nil, nil)
		if err != nil {
			return err
		}
		f.Title, f.Where, f.Back = "", "", ""
		p.Schedule, p.Edit = f, p.Href+"/edit"
		if p.Merge, err = h.mergeForm(ctx, row, p.Href, typed); err != nil {
			return err
		}
	}
	nonce := typed.nonce
	if nonce == "" {
		nonce = formNonce()
	}
	p.NoteForm = &view.NoteForm{Errors: typed.note, Action: p.Href + "/notes", Nonce: nonce, Note: view.Text{Name: "note", Label: "New note", Rows: 3, MaxLength: 4000, Value: typed.text, Error: typed.note.Of("note")}}
	p.PhotoAdd = &view.PhotoForm{Errors: typed.photo, Action: p.Href + "/photos", Nonce: formNonce(), Most: workorder.MostPhotos, Error: typed.photo.Of("photos")}
	return nil
}

// orderState is how a state is shown, with no time.
func orderState(state workorder.State) views.WorkOrderState {
	return views.WorkOrderState{State: string(state), Word: state.Word()}
}

// workOrderSteps are the states with the time each was reached.
func workOrderSteps(o db.WorkOrder, s *settings.Settings) []view.Step {
	times := []calendar.Instant{o.RequestedAt, o.ScheduledAt, o.DispatchedAt, o.ArrivedAt, o.CompletedAt}
	var out []view.Step
	for i, st := range workorder.States[:len(times)] {
		out = append(out, view.Step{State: orderState(st), When: times[i].Format(s.Zone), Done: !times[i].IsZero(), Current: o.State == string(st)})
	}
	if o.State == string(workorder.Cancelled) {
		out = append(out, view.Step{State: orderState(workorder.Cancelled), When: o.CancelledAt.Format(s.Zone), Done: true, Current: true})
	}
	return out
}

// fillContact puts in how the customer is reached.
func (h *Handlers) fillContact(ctx context.Context, p *view.WorkOrderPage, customer int64) error {
	phones, err := h.DB.Read().ListPhonesForCustomer(ctx, customer)
	if err != nil {
		return err
	}
	for _, n := range phones {
		p.Phones = append(p.Phones, view.PhoneLink{Label: n.Phone, Href: "tel:" + web.PhoneLink(n.Phone)})
	}
	return nil
}

// written is who wrote a note or sent a photo.
func written(who string, customer bool) string {
	if customer {
		return joined(", ", "the customer", who)
	}
	return who
}

func fillNotes(ctx context.Context, q *db.Queries, s *settings.Settings, p *view.WorkOrderPage, o db.WorkOrder) error {
	rows, err := q.ListOrderNotes(ctx, o.ID)
	for _, r := range rows {
		n := view.WorkNote{When: workorder.NoteTime(r.WrittenAt, r.At, s.Zone), Who: written(r.Who, r.OfCustomer != 0), Internal: r.Internal != 0, Customer: r.OfCustomer != 0, Lines: strings.Split(r.Note, "\n")}
		if r.Number != o.Number {
			n.From = r.Number
		}
		p.Notes = append(p.Notes, n)
	}
	return err
}

func fillPhotos(ctx context.Context, q *db.Queries, s *settings.Settings, p *view.WorkOrderPage, o db.WorkOrder) error {
	rows, err := q.ListOrderPhotos(ctx, o.ID)
	for i, r := range rows {
		of := workOrderPath(r.Number)
		photo := view.WorkPhoto{Href: of + "/photos/" + number(r.ID), Thumb: of + "/photos/" + number(r.ID) + "?size=small", Alt: "Photo " + strconv.Itoa(i+1) + ", " + written(r.Who, r.OfCustomer != 0),
			When: r.At.Format(s.Zone), Who: written(r.Who, r.OfCustomer != 0), Internal: r.Internal != 0}
		if r.Number != o.Number {
			photo.From = r.Number
		}
		p.Photos = append(p.Photos, photo)
	}
	return err
}

// fillWork puts in parts and labour and the customer's word that it was done.
func (h *Handlers) fillWork(ctx context.Context, s *settings.Settings, p *view.WorkOrderPage, o db.WorkOrder) error {
	lines, err := h.DB.Read().ListWorkOrderLines(ctx, o.ID)
	if err != nil {
		return err
	}
	var total money.Cents
	for _, l := range lines {
		amount := money.Extend(l.Quantity, l.UnitPriceCents)
		total += amount
		p.Work = append(p.Work, view.PricedLine{Description: l.Description, Quantity: quantityOf(l.Kind, l.Quantity), UnitPrice: l.UnitPriceCents.String(), Tax: map[int64]string{1: "taxable", 0: "no"}[l.Taxable], Amount: amount.String()})
	}
	if len(lines) > 0 {
		p.WorkTotal = total.String()
	}
	signed, err := h.DB.Read().GetOrderSignature(ctx, o.ID)
	for _, g := range signed {
		p.Signature = &view.WorkSignature{Name: g.Name, When: g.HappenedAt.Format(s.Zone), Technician: g.Technician}
		if drawn, err := signature.Parse(g.Strokes); err == nil && !drawn.Blank() {
			p.Signature.Path, p.Signature.ViewBox = drawn.Path(), drawn.ViewBox()
		}
	}
	return err
}

func quantityOf(kind string, q money.Quantity) string {
	if kind == "labour" {
		return q.String() + " h"
	}
	return q.String()
}

func fillDuplicates(ctx context.Context, q *db.Queries, p *view.WorkOrderPage, o db.WorkOrder) error {
	rows, err := q.ListMergedOrders(ctx, db.NullID(o.ID))
	for _, r := range rows {
		p.Duplicates = append(p.Duplicates, view.WorkLink{Label: r.Number, Href: workOrderPath(r.Number), More: r.Title})
	}
	return err
}

// workDeeds are the kinds of events in words, behind who did it.
var workDeeds = map[string]string{
	"created": "made it", "scheduled": "scheduled it", "rescheduled": "moved the appointment", "assigned": "assigned", "unscheduled": "took the appointment away",
	"dispatched": "dispatched", "arrived": "recorded the arrival", "completed": "completed it", "cancelled": "cancelled it", "reopened": "opened it again", "undone": "took the last step back",
	"note": "added a note", "photo": "added a photo", "work": "changed parts and labour", "signed": "took the signature", "merged": "merged", "invoiced": "made the invoice", "edited": "changed site or system",
}

func fillWorkHistory(ctx context.Context, q *db.Queries, s *settings.Settings, p *view.WorkOrderPage, id int64) error {
	rows, err := q.ListOrderEvents(ctx, id)
	for _, r := range rows {
		e := view.WorkEvent{When: r.HappenedAt.Format(s.Zone), Who: r.Who, What: workDeeds[r.Kind], Details: r.Details, Shown: r.Shown != 0}
		if e.Who == "" {
			e.Who = "The portal"
		}
		if r.FromState != r.ToState && r.FromState != "" && r.ToState != "" {
			e.Details = joined(", ", workorder.State(r.FromState).Word()+" → "+workorder.State(r.ToState).Word(), e.Details)
		}
		if r.At.Sub(r.HappenedAt).Minutes() >= 1 {
			e.Booked = r.At.Format(s.Zone)
		}
		p.History = append(p.History, e)
	}
	return err
}

// mergeForm offers this customer's other open work orders.
func (h *Handlers) mergeForm(ctx context.Context, row db.GetOrderInOfficeRow, href string, typed workOrderForms) (*view.MergeForm, error) {
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := h.DB.Read().ListOpenOrdersForCustomer(ctx, db.ListOpenOrdersForCustomerParams{CustomerID: row.WorkOrder.CustomerID, ID: row.WorkOrder.ID})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	f := &view.MergeForm{Errors: typed.merge, Action: href + "/merge", Version: row.WorkOrder.Version}
	for _, r := range rows {
		w := workorder.Window{Date: r.WindowDate, From: r.WindowFrom, Until: r.WindowUntil}
		f.Others = append(f.Others, view.MergeChoice{Number: r.Number, Href: workOrderPath(r.Number), Label: r.Title, Chosen: r.Number == typed.into,
			More: joined(", ", workorder.State(r.State).Word(), briefWindow(w, h.Clock.Today(s.Zone)), r.Site, r.System, "asked "+r.RequestedAt.Date(s.Zone).String())})
	}
	return f, nil
}

// refuseWorkOrder shows the page again with what was refused.
func (h *Handlers) refuseWorkOrder(c echo.Context, define string, typed workOrderForms) error {
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	p, err := h.workOrderPage(c, row, typed)
	if err != nil {
		return err
	}
	return h.Refused(c, "office/workorder", define, p)
}

// noteWorkOrder adds a note: which of the two buttons was pressed says who reads
// it, and without either nothing is written.
func (h *Handlers) noteWorkOrder(c echo.Context) error {
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	typed := workOrderForms{text: c.FormValue("note"), nonce: c.FormValue("nonce")}
	internal := c.FormValue("for") == "staff"
	if !internal && c.FormValue("for") != "customer" {
		typed.note = views.FieldErrors{{Field: "note", Message: "Choose who reads it: the customer, or staff alone"}}
		return h.refuseWorkOrder(c, "note-form", typed)
	}
	err = h.WorkOrders.AddNote(c.Request().Context(), web.Actor(c), workorder.Note{Number: row.WorkOrder.Number, Text: typed.text, Internal: internal, Nonce: formNonceOf(typed.nonce, row.WorkOrder.Number)})
	if refused, ok := web.FieldErrors(err); ok {
		typed.note = refused
		return h.refuseWorkOrder(c, "note-form", typed)
	}
	if err != nil {
		return err
	}
	said := "The internal note is saved. The customer does not see it."
	if !internal {
		said = "The note is sent to the customer."
	}
	return h.SeeNotice(c, workOrderPath(row.WorkOrder.Number), said)
}

// formNonceOf ties a form's nonce to the work order it stands on, so that it
// counts for no other one.
func formNonceOf(nonce, number string) string {
	if nonce == "" {
		return ""
	}
	return number + "/" + nonce
}

// photoWorkOrder adds photos.
func (h *Handlers) photoWorkOrder(c echo.Context) error {
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	number := row.WorkOrder.Number
	sent, err := h.Photos(c)
	if err != nil {
		return err
	}
	defer sent.Close()
	internal := c.FormValue("for") == "staff"
	if !internal && c.FormValue("for") != "customer" {
		return h.refuseWorkOrder(c, "photo-form", workOrderForms{photo: views.FieldErrors{{Field: "photos", Message: "Choose who sees them: the customer, or staff alone"}}})
	}
	added, err := h.WorkOrders.AddPhotos(c.Request().Context(), web.Actor(c), workorder.Photos{Number: number, Internal: internal, Nonce: formNonceOf(c.FormValue("nonce"), number), Uploads: sent.Uploads()})
	if refused, ok := web.FieldErrors(err); ok {
		if added > 0 {
			refused[0].Message += ". The rest is saved: " + count(int64(added), "photo", "photos")
		}
		return h.refuseWorkOrder(c, "photo-form", workOrderForms{photo: refused})
	}
	if err != nil {
		return err
	}
	said := count(int64(added), "photo is", "photos are") + " added. The customer does not see them."
	if !internal {
		said = count(int64(added), "photo is", "photos are") + " added, for the customer to see, too."
	}
	return h.SeeNotice(c, workOrderPath(number), said)
}

// workOrderPhoto sends a picture, or the small one of it.
func (h *Handlers) workOrderPhoto(c echo.Context) error {
	row, err := h.DB.Read().GetOrderPhoto(c.Request().Context(), db.GetOrderPhotoParams{ID: theID(c), Number: web.Param(c, "number")})
	if err != nil {
		return missing(err, "photo")
	}
	return h.ShowPhoto(c, row.DocumentID, row.ThumbID)
}

// followWorkOrders is the event stream of the board.
func (h *Handlers) followWorkOrders(c echo.Context) error {
	if !web.WantsEvents(c) {
		return web.See(c, workOrdersTab)
	}
	changed, stop := h.WorkOrders.FollowAll()
	defer stop()
	mark, err := h.DB.Read().GetOrderMark(c.Request().Context())
	if err != nil {
		return err
	}
	return h.Follow(c, changed, c.QueryParam("seen") != number(mark))
}

// followWorkOrder is the event stream of one work order.
func (h *Handlers) followWorkOrder(c echo.Context) error {
	number := web.Param(c, "number")
	if !web.WantsEvents(c) {
		return web.See(c, workOrderPath(number))
	}
	changed, stop := h.WorkOrders.Follow(number)
	defer stop()
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	return h.Follow(c, changed, c.QueryParam("seen") != strconv.FormatInt(row.WorkOrder.Version, 10))
}

// mergeWorkOrder ends a work order as the duplicate of another.
func (h *Handlers) mergeWorkOrder(c echo.Context) error {
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	into := strings.ToUpper(strings.TrimSpace(c.FormValue("into")))
	err = h.WorkOrders.Merge(c.Request().Context(), web.Actor(c), row.WorkOrder.Number, seen(c), into)
	if refused, ok := web.FieldErrors(err); ok {
		return h.refuseWorkOrder(c, "merge-form", workOrderForms{merge: refused, into: into})
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, workOrderPath(into), row.WorkOrder.Number+" is merged into this one.")
}

// editWorkOrder is the form of where a work order is.
func (h *Handlers) editWorkOrder(c echo.Context) error {
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	p, err := h.editPage(c, row, placeValue(row.WorkOrder.SiteID, row.WorkOrder.SystemID), row.WorkOrder.Version, nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/workorder_edit", p)
}

func (h *Handlers) editPage(c echo.Context, row db.GetOrderInOfficeRow, place string, version int64, refused views.FieldErrors) (*view.WorkOrderEditPage, error) {
	p := &view.WorkOrderEditPage{Base: views.Base{Title: "Site and system of " + row.WorkOrder.Number, Tab: "workorders", Errors: refused}, Number: row.WorkOrder.Number, Href: workOrderPath(row.WorkOrder.Number), Version: version}
	var err error
	p.Place, err = h.places(c.Request().Context(), row.WorkOrder.CustomerID, place)
	p.Place.Error = refused.Of("place")
	return p, err
}

// saveWorkOrderPlace stores where a work order is.
func (h *Handlers) saveWorkOrderPlace(c echo.Context) error {
	row, err := h.theWorkOrder(c)
	if err != nil {
		return err
	}
	place, version := c.FormValue("place"), seen(c)
	site, system := readPlace(place)
	err = h.WorkOrders.Relocate(c.Request().Context(), web.Actor(c), row.WorkOrder.Number, version, site, system)
	refused, ok := placeErrors(err)
	if !ok {
		if err != nil {
			return err
		}
		return h.SeeNotice(c, workOrderPath(row.WorkOrder.Number), "Saved.")
	}
	if overtaken(err) { // having been told, the next save counts
		if row, err = h.theWorkOrder(c); err != nil {
			return err
		}
		version = row.WorkOrder.Version
	}
	p, err := h.editPage(c, row, place, version, refused)
	if err != nil {
		return err
	}
	return h.Refused(c, "office/workorder_edit", "form", p)
}

// placeErrors is [web.FieldErrors] for a form that has site and system in one
// choice. A site or system that is not the customer's is refused there, too.
func placeErrors(err error) (views.FieldErrors, bool) {
	if fault.Is(err, fault.NotFound) && (strings.Contains(err.Error(), "site") || strings.Contains(err.Error(), "system")) {
		return views.FieldErrors{{Field: "place", Message: "Choose one of this customer's sites"}}, true
	}
	refused, ok := web.FieldErrors(err)
	for i, r := range refused {
		if r.Field == "site" || r.Field == "system" {
			refused[i].Field = "place"
		}
	}
	return refused, ok
}

func placeValue(site int64, system sql.NullInt64) string {
	if system.Valid {
		return number(site) + "." + number(system.Int64)
	}
	return number(site)
}

// readPlace reads a choice of site and system; zero where there is none.
func readPlace(value string) (site, system int64) {
	a, b, _ := strings.Cut(value, ".")
	site, err := strconv.ParseInt(a, 10, 64)
	if err != nil {
		return 0, 0
	}
	if system, err = strconv.ParseInt(b, 10, 64); err != nil {
		system = 0 // the site alone
	}
	return site, system
}

// places are a customer's sites, each with its systems.
func (h *Handlers) places(ctx context.Context, customer int64, chosen string) (view.PlaceChoice, error) {
	var p view.PlaceChoice
	sites, err := h.DB.Read().ListSitesForCustomer(ctx, customer)
	if err != nil {
		return p, err
	}
	systems, err := h.DB.Read().ListSystemsForCustomer(ctx, customer)
	if err != nil {
		return p, err
	}
	for _, s := range sites {
		g := view.PlaceGroup{Name: joined(", ", s.Name, s.Address1, s.City)}
		for _, y := range systems {
			if y.SiteID == s.ID {
				v := number(s.ID) + "." + number(y.ID)
				g.Options = append(g.Options, view.Option{Value: v, Label: s.Name + ": " + systemName(y.Name, y.SystemType), Chosen: v == chosen})
			}
		}
		g.Options = append(g.Options, view.Option{Value: number(s.ID), Label: s.Name + ": no certain system", Chosen: number(s.ID) == chosen})
		p.Sites = append(p.Sites, g)
	}
	return p, nil
}

// newWorkOrder is the form of a work order for a customer who phoned; before it
// is known who that is, it looks for the customer.
func (h *Handlers) newWorkOrder(c echo.Context) error {
	ctx := c.Request().Context()
	name := c.QueryParam("customer")
	if name == "" {
		return h.findForWorkOrder(c)
	}
	row, err := h.DB.Read().GetCustomerByNumber(ctx, name)
	if err != nil {
		return missing(err, "customer")
	}
	sites, err := h.DB.Read().ListSitesForCustomer(ctx, row.ID)
	if err != nil {
		return err
	}
	t := newOrderForm{nonce: formNonce()}
	systems, err := h.DB.Read().ListSystemsForCustomer(ctx, row.ID)
	if err != nil {
		return err
	}
	switch {
	case len(systems) == 1:
		t.place = placeValue(systems[0].SiteID, sql.NullInt64{Int64: systems[0].ID, Valid: true})
	case len(sites) == 1 && len(systems) == 0:
		t.place = number(sites[0].ID)
	}
	p, err := h.newWorkOrderPage(c, row, t, nil, nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/workorder_new", p)
}

// findForWorkOrder looks for the customer who is on the phone.
func (h *Handlers) findForWorkOrder(c echo.Context) error {
	find, err := h.finder(c, workOrdersTab+"/new")
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/workorder_new", "customers-found", find)
	}
	return h.Page(c, http.StatusOK, "office/workorder_new", &view.NewWorkOrderPage{Base: views.Base{Title: "New work order", Tab: "workorders"}, Find: find})
}

// newOrderForm is the form of a new work order as it was typed.
type newOrderForm struct {
	nonce, place, note, preferred, internal string
	now                                     bool
	move                                    typedMove
}

func readNewOrder(c echo.Context) newOrderForm {
	return newOrderForm{nonce: c.FormValue("nonce"), place: c.FormValue("place"), note: c.FormValue("note"), preferred: c.FormValue("times"), internal: c.FormValue("internal"),
		now: c.FormValue("now") != "", move: readMove(c)}
}

func (h *Handlers) newWorkOrderPage(c echo.Context, row db.Customer, t newOrderForm, refused views.FieldErrors, clash workorder.Clash) (*view.NewWorkOrderPage, error) {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	who := ref(row.Number, row.DisplayName)
	p := &view.NewWorkOrderPage{Base: views.Base{Title: "New work order of " + row.DisplayName, Tab: "workorders", Errors: refused}, Customer: &who, Action: workOrdersTab, Nonce: t.nonce, NewSite: who.Href + "/sites/new", Now: t.now,
		Note:      view.Text{Name: "note", Label: "What is it about", Hint: "The customer reads it in the portal and in the mail", Rows: 4, MaxLength: 4000, Value: t.note, Error: refused.Of("note")},
		Preferred: views.Input{Name: "times", Label: "When it suits the customer", Hint: "In words, like Tuesday or Thursday after 3", Value: t.preferred, MaxLength: 300, Autocomplete: "off", Error: refused.Of("times")},
		Internal:  view.Text{Name: "internal", Label: "Internal note", Hint: "For staff alone; the customer never sees it", Rows: 2, MaxLength: 4000, Value: t.internal, Error: refused.Of("internal")}}
	if p.Place, err = h.places(ctx, row.ID, t.place); err != nil {
		return nil, err
	}
	p.Place.Error = refused.Of("place")
	mails, err := h.DB.Read().ListEmailsForCustomer(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	p.MailTo = strings.Join(mails, ", ")
	others, err := h.DB.Read().ListOpenOrdersForCustomer(ctx, db.ListOpenOrdersForCustomerParams{CustomerID: row.ID})
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		p.Others = append(p.Others, view.WorkLink{Label: o.Number, Href: workOrderPath(o.Number), More: joined(", ", workorder.State(o.State).Word(), o.Site) + ": " + o.Title})
	}
	p.Schedule, err = h.scheduleFields(ctx, s, "new-form", workOrdersTab+"/preview", t.move, refused, clash, 0)
	return p, err
}

// theFormsCustomer is the customer whose number a form brings.
func (h *Handlers) theFormsCustomer(c echo.Context) (db.Customer, error) {
	if c.FormValue("customer") == "" {
		return db.Customer{}, fault.New(fault.Invalid, "This form is not complete. Please open it again.")
	}
	row, err := h.DB.Read().GetCustomerByNumber(c.Request().Context(), c.FormValue("customer"))
	if err != nil {
		return row, missing(err, "customer")
	}
	return row, nil
}

// previewWorkOrder shows the form of a new work order as it was typed with the
// technician's day, and changes nothing.
func (h *Handlers) previewWorkOrder(c echo.Context) error {
	row, err := h.theFormsCustomer(c)
	if err != nil {
		return err
	}
	p, err := h.newWorkOrderPage(c, row, readNewOrder(c), nil, nil)
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/workorder_new", "form", p)
	}
	return h.Page(c, http.StatusOK, "office/workorder_new", p)
}

// addWorkOrder makes the work order, with its appointment when it is wanted.
func (h *Handlers) addWorkOrder(c echo.Context) error {
	ctx := c.Request().Context()
	row, err := h.theFormsCustomer(c)
	if err != nil {
		return err
	}
	t := readNewOrder(c)
	site, system := readPlace(t.place)
	n := workorder.NewOrder{CustomerID: row.ID, SiteID: site, SystemID: system, Source: workorder.Office, Note: t.note, Internal: t.internal, Preferred: workorder.Preferred{Words: t.preferred}, Nonce: t.nonce}
	made, said := "", "Made."
	var window workorder.Window
	switch {
	case t.nonce == "":
		err = fault.New(fault.Invalid, "This form is not complete. Please open it again.")
	case t.now:
		if window, err = t.move.window(); err == nil {
			made, err = h.WorkOrders.CreateBooked(ctx, web.Actor(c), n, workorder.Appointment{TechnicianID: t.move.technician, Window: window}, t.move.anyway)
			said = "Made and scheduled for " + window.String() + "."
		}
	default:
		made, err = h.WorkOrders.Create(ctx, web.Actor(c), n)
	}
	clash, overlaps := errors.AsType[workorder.Clash](err)
	refused, known := placeErrors(err)
	if err == nil {
		mails, err := h.DB.Read().ListEmailsForCustomer(ctx, row.ID)
		if err != nil {
			return err
		}
		if len(mails) == 0 {
			return h.SeeNotice(c, workOrderPath(made), said+" No e-mail address is on file: nobody is mailed.")
		}
		return h.SeeNotice(c, workOrderPath(made), said+" The customer is mailed the confirmation.")
	}
	if !overlaps && !known {
		return err
	}
	p, err := h.newWorkOrderPage(c, row, t, refused, clash)
	if err != nil {
		return err
	}
	return h.Refused(c, "office/workorder_new", "form", p)
}
