package office

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

func draftPath(id int64) string { return "/office/drafts/" + number(id) }

// formNonce is what makes one rendered form do its work once.
func formNonce() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // crypto/rand.Read never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

// draftForm is an invoice as it is being typed.
type draftForm struct {
	nonce         string
	version       int64
	site          int64
	date, due, po string
	lines         []draftLine
	added         int64 // the key of the line that "Add a line" made
	draft         billing.Draft
	keys          []int64 // of the lines that are in draft
}

type draftLine struct {
	key                         int64
	description, quantity, unit string
	taxable                     bool
}

// blank tells a line that nothing was typed into.
func (l draftLine) blank() bool {
	return l.description == "" && l.unit == "" && (l.quantity == "" || l.quantity == "1")
}

// readDraft reads the form, with a line more or less when a button said so, and
// a blank line at the end to go on with.
func readDraft(c echo.Context) *draftForm {
	f := &draftForm{nonce: c.FormValue("nonce"), date: strings.TrimSpace(c.FormValue("invoice_date")), due: strings.TrimSpace(c.FormValue("due_date")),
		po: strings.TrimSpace(c.FormValue("po_number"))}
	f.version, _ = strconv.ParseInt(c.FormValue("version"), 10, 64) // anything else is no version of this draft
	f.site, _ = strconv.ParseInt(c.FormValue("site"), 10, 64)       // anything else is no site
	remove, _ := strconv.ParseInt(c.FormValue("remove"), 10, 64)    // no line has the key 0
	last := int64(0)
	for _, s := range c.Request().Form["line"] {
		key, err := strconv.ParseInt(s, 10, 32)
		if err != nil || key <= 0 || len(f.lines) > billing.MaxDraftLines {
			continue
		}
		last = max(last, key)
		if key == remove || slices.ContainsFunc(f.lines, func(l draftLine) bool { return l.key == key }) {
			continue
		}
		of := func(name string) string { return strings.TrimSpace(c.FormValue(name + "-" + s)) }
		f.lines = append(f.lines, draftLine{key: key, description: of("description"), quantity: of("quantity"), unit: of("unit_price"), taxable: of("taxable") != ""})
	}
	if c.FormValue("add") != "" {
		f.added = f.goOn(last)
	} else if n := len(f.lines); n == 0 || !f.lines[n-1].blank() {
		f.goOn(last)
	}
	return f
}

// goOn adds a blank line after those there are, or finds the one at the end, and
// returns its key.
func (f *draftForm) goOn(last int64) int64 {
	if n := len(f.lines); n > 0 && f.lines[n-1].blank() {
		return f.lines[n-1].key
	}
	f.lines = append(f.lines, draftLine{key: last + 1, quantity: "1", taxable: true})
	return last + 1
}

// parse turns what was typed into a draft and says what cannot be read. Lines
// that nothing was typed into are left out.
func (f *draftForm) parse(id, customerID int64) views.FieldErrors {
	var refused views.FieldErrors
	refuse := func(field, message string) {
		refused = append(refused, views.FieldError{Field: field, Message: message})
	}
	d := billing.Draft{ID: id, Version: f.version, Nonce: f.nonce, CustomerID: customerID, SiteID: f.site, PONumber: f.po}
	var err error
	if d.Date, err = parseDay(f.date); err != nil {
		refuse("invoice_date", err.Error())
	}
	if f.due != "" {
		if d.Due, err = parseDay(f.due); err != nil {
			refuse("due_date", err.Error())
		}
	}
	f.keys = nil
	for _, l := range f.lines {
		if l.blank() {
			continue
		}
		line := billing.DraftLine{Description: l.description, Taxable: l.taxable}
		if line.Quantity, err = money.ParseQuantity(cmp.Or(l.quantity, "1")); err != nil {
			refuse(keyed("quantity", l.key), err.Error())
		}
		if line.UnitPrice, err = money.ParseSigned(cmp.Or(l.unit, "?")); err != nil {
			refuse(keyed("unit_price", l.key), err.Error())
		}
		d.Lines = append(d.Lines, line)
		f.keys = append(f.keys, l.key)
	}
	f.draft = d
	return refused
}

func keyed(name string, key int64) string { return name + "-" + number(key) }

// byKey gives refusals of the noun, which counts lines, the names of the form's
// controls.
func (f *draftForm) byKey(refused views.FieldErrors) views.FieldErrors {
	for i, r := range refused {
		name, n, ok := strings.Cut(r.Field, "-")
		if at, err := strconv.Atoi(n); ok && err == nil && at >= 1 && at <= len(f.keys) {
			refused[i].Field = keyed(name, f.keys[at-1])
		}
	}
	return refused
}

// draftDesk is what writing an invoice works on.
type draftDesk struct {
	id    int64 // 0 = a new draft
	row   db.Customer
	who   view.Ref
	today calendar.Date
	saved string
	sites []db.Site
}

// newDraftDesk is the desk of a new invoice for the customer in the address.
func (h *Handlers) newDraftDesk(c echo.Context) (*draftDesk, error) {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return nil, err
	}
	return h.sitAt(c.Request().Context(), &draftDesk{row: row, who: who})
}

func (h *Handlers) sitAt(ctx context.Context, t *draftDesk) (*draftDesk, error) {
	var err error
	if t.today, err = h.Ledger.Today(ctx); err != nil {
		return nil, err
	}
	t.sites, err = h.DB.Read().ListSitesForCustomer(ctx, t.row.ID)
	return t, err
}

// theDraft is the draft whose id stands in the address with its desk. One that
// was issued meanwhile has issued set to its invoice's number.
func (h *Handlers) theDraft(c echo.Context) (t *draftDesk, d billing.Draft, issued string, err error) {
	ctx := c.Request().Context()
	var found db.GetDraftRow
	err = h.DB.View(ctx, func(q *db.Queries) (err error) {
		d, found, err = billing.Read(ctx, q, theID(c))
		return err
	})
	if err != nil {
		return nil, d, "", err
	}
	if found.InvoiceID.Valid {
		return nil, d, found.InvoiceNumber, nil
	}
	row, err := h.DB.Read().GetCustomer(ctx, d.CustomerID)
	if err != nil {
		return nil, d, "", err
	}
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, d, "", err
	}
	t = &draftDesk{id: d.ID, row: row, who: ref(row.Number, row.DisplayName), saved: found.UpdatedAt.Format(s.Zone)}
	if found.SavedBy != "" {
		t.saved += " by " + found.SavedBy
	}
	t, err = h.sitAt(ctx, t)
	return t, d, "", err
}

// formOf is the form that shows a saved draft.
func formOf(d billing.Draft) *draftForm {
	f := &draftForm{version: d.Version, site: d.SiteID, date: d.Date.ISO(), due: d.Due.ISO(), po: d.PONumber}
	for i, l := range d.Lines {
		f.lines = append(f.lines, draftLine{key: int64(i + 1), description: l.Description, quantity: l.Quantity.String(), unit: l.UnitPrice.Plain(), taxable: l.Taxable})
	}
	f.goOn(int64(len(f.lines)))
	return f
}

// newInvoice is the form of a new invoice. It is in no books until it is saved.
func (h *Handlers) newInvoice(c echo.Context) error {
	t, err := h.newDraftDesk(c)
	if err != nil {
		return err
	}
	f := &draftForm{nonce: formNonce(), date: t.today.ISO()}
	if len(t.sites) == 1 {
		f.site = t.sites[0].ID
	}
	f.goOn(0)
	return h.showDraft(c, http.StatusOK, t, f)
}

// draft shows a saved draft for editing.
func (h *Handlers) draft(c echo.Context) error {
	t, d, issued, err := h.theDraft(c)
	if err != nil {
		return err
	}
	if issued != "" {
		return web.See(c, invoicePath(issued))
	}
	return h.showDraft(c, http.StatusOK, t, formOf(d))
}

func (h *Handlers) showDraft(c echo.Context, status int, t *draftDesk, f *draftForm) error {
	p, err := h.draftPage(c, t, f, nil)
	if err != nil {
		return err
	}
	return h.Page(c, status, "office/draft", p)
}

// previewNew and previewDraft show what the invoice comes to and add or remove
// lines. They change nothing. To htmx, which asks at every change of the form,
// they answer with the lines alone.
func (h *Handlers) previewNew(c echo.Context) error {
	t, err := h.newDraftDesk(c)
	if err != nil {
		return err
	}
	return h.preview(c, t)
}

func (h *Handlers) previewDraft(c echo.Context) error {
	t, _, issued, err := h.theDraft(c)
	if err != nil {
		return err
	}
	if issued != "" {
		return web.See(c, invoicePath(issued))
	}
	return h.preview(c, t)
}

func (h *Handlers) preview(c echo.Context, t *draftDesk) error {
	f := readDraft(c)
	refused := f.parse(t.id, t.row.ID)
	p, err := h.draftPage(c, t, f, refused)
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/draft", "lines", p.Lines)
	}
	// without script the whole form comes back; what is not finished yet is said
	// beside its field and not on top
	p.Errors = nil
	return h.Page(c, http.StatusOK, "office/draft", p)
}

// saveNew and saveDraft store the form. "Save and issue" goes on to the page
// that asks before issuing.
func (h *Handlers) saveNew(c echo.Context) error {
	t, err := h.newDraftDesk(c)
	if err != nil {
		return err
	}
	return h.saveForm(c, t)
}

func (h *Handlers) saveDraft(c echo.Context) error {
	t, _, issued, err := h.theDraft(c)
	if err != nil {
		return err
	}
	if issued != "" {
		return h.SeeNotice(c, invoicePath(issued), "This draft was issued before; nothing was changed.")
	}
	return h.saveForm(c, t)
}

func (h *Handlers) saveForm(c echo.Context, t *draftDesk) error {
	f := readDraft(c)
	refused := f.parse(t.id, t.row.ID)
	if refused == nil {
		if t.id == 0 && f.nonce == "" {
			refused = views.FieldErrors{{Message: "This form is not complete. Please open it again."}}
		} else {
			id, err := h.Drafts.Save(c.Request().Context(), web.Actor(c), f.draft)
			known, ok := web.FieldErrors(err)
			if !ok {
				if err != nil {
					return err
				}
				if c.FormValue("then") == "issue" {
					return web.See(c, draftPath(id)+"/issue")
				}
				return h.SeeNotice(c, draftPath(id), "Saved as a draft.")
			}
			refused = f.byKey(known)
			if fault.Is(err, fault.Conflict) && t.id != 0 {
				// the next save puts this one in the place of what is there now
				if row, err := h.DB.Read().GetDraft(c.Request().Context(), t.id); err == nil {
					f.version = row.Version
				}
			}
		}
	}
	p, err := h.draftPage(c, t, f, refused)
	if err != nil {
		return err
	}
	return h.Refused(c, "office/draft", "form", p)
}

// draftPage fills the page with what was typed and what it comes to.
func (h *Handlers) draftPage(c echo.Context, t *draftDesk, f *draftForm, refused views.FieldErrors) (*view.DraftPage, error) {
	ctx := c.Request().Context()
	if refused == nil {
		refused = f.parse(t.id, t.row.ID)
	}
	p := &view.DraftPage{
		Base: views.Base{Title: "New invoice", Tab: "invoices"}, Customer: t.who, Saved: t.id != 0, SavedBy: t.saved, Version: f.version, Nonce: f.nonce,
		Preview: t.who.Href + "/invoices/preview", Save: t.who.Href + "/invoices",
		Site: view.Choice{Name: "site", Label: "Site", Hint: "Its tax is charged", Error: refused.Of("site"), Options: []view.Option{{Value: "", Label: "None: no tax"}}},
		Date: views.Input{Name: "invoice_date", Label: "Date", Type: "date", Value: f.date, Hint: "The day it is dated", Error: refused.Of("invoice_date")},
		Due:  views.Input{Name: "due_date", Label: "Due Date", Type: "date", Value: f.due, Hint: "Empty: " + termsHint(t.row.Terms), Error: refused.Of("due_date")},
		PO:   views.Input{Name: "po_number", Label: "PO #", Hint: "The customer's own order, if any", Value: f.po, Autocomplete: "off", MaxLength: 100, Error: refused.Of("po_number")},
	}
	if t.id != 0 {
		p.Title = "Draft invoice"
		p.Preview, p.Save = draftPath(t.id)+"/preview", draftPath(t.id)
		p.PDF, p.Delete = draftPath(t.id)+"/draft.pdf", draftPath(t.id)+"/delete"
	}
	for _, s := range t.sites {
		p.Site.Options = append(p.Site.Options, view.Option{Value: number(s.ID), Label: s.Name, Chosen: s.ID == f.site})
	}
	p.Lines = view.DraftLines{Preview: p.Preview, Error: refused.Of("lines")}
	priced, err := h.price(ctx, f.draft)
	if known, ok := web.FieldErrors(err); ok { // a site without a rate, or of somebody else
		if refused.Of("site") == "" {
			p.Site.Error, p.Lines.Error = known[0].Message, known[0].Message
		}
	} else if err != nil {
		return nil, err
	} else {
		p.Lines.Priced, p.Lines.Sums = true, draftSums(priced)
	}
	for i, l := range f.lines {
		row := view.DraftRow{Key: l.key, Name: "line " + strconv.Itoa(i+1), Description: l.description, Quantity: l.quantity, UnitPrice: l.unit, Taxable: l.taxable,
			DescriptionError: refused.Of(keyed("description", l.key)), QuantityError: refused.Of(keyed("quantity", l.key)), UnitPriceError: refused.Of(keyed("unit_price", l.key)),
			Focus: l.key == f.added, Only: len(f.lines) == 1}
		if at := slices.Index(f.keys, l.key); at >= 0 && at < len(priced.Lines) && row.QuantityError == "" && row.UnitPriceError == "" {
			row.Amount, row.Tax = priced.Lines[at].Amount().String(), priced.Lines[at].Tax.String()
		}
		if row.QuantityError != "" || row.UnitPriceError != "" {
			p.Lines.Priced = false
		}
		p.Lines.Rows = append(p.Lines.Rows, row)
	}
	for i, e := range refused {
		if e.Field == "lines" {
			refused[i].Field = "" // the table has no single control
		}
	}
	p.Errors = refused
	return p, nil
}

// price works out what a draft comes to as things stand; amounts that no line
// may have are left to the refusal beside the line.
func (h *Handlers) price(ctx context.Context, d billing.Draft) (p billing.Priced, err error) {
	for _, l := range d.Lines {
		if l.Quantity > 1_000_000*money.QuantityScale || l.UnitPrice > money.Max || l.UnitPrice < -money.Max {
			return p, nil
		}
	}
	err = h.DB.View(ctx, func(q *db.Queries) error {
		p, err = billing.Price(ctx, q, d)
		return err
	})
	return p, err
}

func termsHint(terms string) string {
	if terms == "" {
		return "on its date"
	}
	return "by the terms, " + terms
}

func draftSums(p billing.Priced) view.DraftSums {
	s := view.DraftSums{Subtotal: p.Subtotal.String(), Tax: p.TaxTotal.String(), Total: p.Total.String(), Exempt: p.Tax.Exempt}
	if p.Tax.Name != "" {
		s.TaxName = p.Tax.Name
		if p.Tax.Rate != 0 {
			s.TaxName += ", " + billing.FormatRate(p.Tax.Rate) + " %"
		}
	}
	if !p.Due.IsZero() {
		s.Due = p.Due.String()
	}
	return s
}

// deleteDraft throws a draft away.
func (h *Handlers) deleteDraft(c echo.Context) error {
	t, _, issued, err := h.theDraft(c)
	if err != nil {
		return err
	}
	if issued != "" {
		return h.SeeNotice(c, invoicePath(issued), "This draft was issued before; nothing was changed.")
	}
	version, _ := strconv.ParseInt(c.FormValue("version"), 10, 64) // anything else is no version of this draft
	if err := h.Drafts.Delete(c.Request().Context(), web.Actor(c), t.id, version); err != nil {
		return err
	}
	return h.SeeNotice(c, t.who.Href, "The draft is deleted.")
}

// draftPDF sends the paper of a draft, marked as one.
func (h *Handlers) draftPDF(c echo.Context) error {
	paper, err := h.Drafts.Paper(c.Request().Context(), theID(c))
	if err != nil {
		return err
	}
	return web.Download(c, paper.Name, paper.MIME, paper.Body)
}

// askIssue shows what is about to be issued, with the sum.
func (h *Handlers) askIssue(c echo.Context) error {
	t, d, issued, err := h.theDraft(c)
	if err != nil {
		return err
	}
	if issued != "" {
		return web.See(c, invoicePath(issued))
	}
	p, err := h.issuePage(c, t, d, nil)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if p.Errors != nil {
		status = http.StatusUnprocessableEntity
	}
	return h.Page(c, status, "office/draft_issue", p)
}

func (h *Handlers) issuePage(c echo.Context, t *draftDesk, d billing.Draft, refused views.FieldErrors) (*view.IssuePage, error) {
	ctx := c.Request().Context()
	priced, err := h.price(ctx, d)
	if known, ok := web.FieldErrors(err); ok {
		refused = append(refused, views.FieldError{Message: known[0].Message})
	} else if err != nil {
		return nil, err
	}
	to, err := h.DB.Read().ListInvoiceMailTargets(ctx, t.row.ID)
	if err != nil {
		return nil, err
	}
	site := ""
	for _, s := range t.sites {
		if s.ID == d.SiteID {
			site = s.Name
		}
	}
	p := &view.IssuePage{Base: views.Base{Title: "Issue this invoice?", Tab: "invoices", Errors: refused}, Customer: t.who, Version: d.Version, Cents: int64(priced.Total),
		Issue: draftPath(t.id) + "/issue", Back: draftPath(t.id), Sums: draftSums(priced), MailTo: strings.Join(to, ", "), Mail: true,
		Facts: facts("Customer", t.who.Name+" #"+t.who.Number, "Site", site, "Date", d.Date.String(), "PO #", d.PONumber)}
	for _, l := range priced.Lines {
		p.Lines = append(p.Lines, view.PricedLine{Description: l.Description, Quantity: l.Quantity.String(), UnitPrice: l.UnitPrice.String(), Tax: l.Tax.String(), Amount: l.Amount().String()})
	}
	return p, nil
}

// issue makes the draft an invoice. Pressed twice it ends at the same invoice
// both times.
func (h *Handlers) issue(c echo.Context) error {
	ctx := c.Request().Context()
	version, _ := strconv.ParseInt(c.FormValue("version"), 10, 64) // anything else is no version of this draft
	total, err := strconv.ParseInt(c.FormValue("total"), 10, 64)
	if err != nil {
		total = -1 // no invoice comes to that
	}
	done, err := h.Drafts.Issue(ctx, web.Actor(c), theID(c), version, money.Cents(total), c.FormValue("mail") != "")
	refused, ok := web.FieldErrors(err)
	if !ok {
		if err != nil {
			return err
		}
		notice := "Issued. It has not gone out: e-mail or print it."
		switch {
		case done.Before:
			notice = "This draft was issued before, as this invoice; nothing was done twice."
		case done.Mailed:
			notice = "Issued, and on its way by e-mail."
		}
		return h.SeeNotice(c, invoicePath(done.Number), notice)
	}
	t, d, issued, err := h.theDraft(c)
	if err != nil {
		return err
	}
	if issued != "" {
		return web.See(c, invoicePath(issued))
	}
	for i := range refused {
		refused[i].Field = "" // there is nothing to type on this page
	}
	p, err := h.issuePage(c, t, d, refused)
	if err != nil {
		return err
	}
	return h.Refused(c, "office/draft_issue", "form", p)
}

// customerDrafts are the invoices that are being written for a customer, for who
// may write them.
func (h *Handlers) customerDrafts(ctx context.Context, s *settings.Settings, id int64, open bool) ([]view.DraftLine, error) {
	if !open {
		return nil, nil
	}
	rows, err := h.DB.Read().ListDraftsForCustomer(ctx, id)
	var out []view.DraftLine
	for _, r := range rows {
		out = append(out, view.DraftLine{Href: draftPath(r.ID), Date: r.InvoiceDate.String(), Saved: r.UpdatedAt.Format(s.Zone), Total: r.TotalCents.String()})
	}
	return out, err
}
