package office

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/internal/fault"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

// newCustomer is the form of a new customer; the number in it is the next free
// one.
func (h *Handlers) newCustomer(c echo.Context) error {
	highest, err := h.DB.Read().GetHighestCustomerNumber(c.Request().Context())
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/customer_new", newCustomerPage(account.Record{Number: number(max(highest, 1000) + 1)}, nil))
}

// addCustomer stores the form.
func (h *Handlers) addCustomer(c echo.Context) error {
	r := account.Record{
		Number: c.FormValue("customer_number"), BusinessName: c.FormValue("business_name"), FirstName: c.FormValue("first_name"), LastName: c.FormValue("last_name"),
		Address1: c.FormValue("address1"), Address2: c.FormValue("address2"), City: c.FormValue("city"), State: c.FormValue("state"), Zip: c.FormValue("zip"),
		Phones: lines(c.FormValue("phone")), Emails: lines(c.FormValue("email")), Terms: c.FormValue("terms"), SalespersonEmail: c.FormValue("salesperson_email"),
	}
	made, err := h.Accounts.AddCustomer(c.Request().Context(), web.Actor(c), r)
	if refused, ok := web.FieldErrors(err); ok {
		return h.Refused(c, "office/customer_new", "form", newCustomerPage(r, refused))
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, customerPath(made), "The customer is added. Next: a site, and what is billed for it.")
}

func newCustomerPage(r account.Record, refused views.FieldErrors) *view.NewCustomerPage {
	c := contactPage(view.Ref{}, 0, r, refused)
	p := &view.NewCustomerPage{Base: views.Base{Title: "New customer", Tab: "customers", Errors: refused}, Name: c.Name, Address: c.Address, Phones: c.Phones, Emails: c.Emails,
		Terms: c.Terms, Sales: c.Sales,
		Number: views.Input{Name: "customer_number", Label: "Customer #", Hint: "The next free one, or your own", Value: r.Number, MaxLength: 40, Autocomplete: "off", Error: refused.Of("customer_number")}}
	return p
}

func sitePath(customer string, id int64) string {
	return customerPath(customer) + "/sites/" + number(id)
}

func systemPath(customer string, id int64) string {
	return customerPath(customer) + "/systems/" + number(id)
}

// theSite is the customer in the address with the site whose id stands there.
func (h *Handlers) theSite(c echo.Context) (db.Customer, view.Ref, db.Site, error) {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return row, who, db.Site{}, err
	}
	site, err := h.DB.Read().GetSiteByIDForCustomer(c.Request().Context(), db.GetSiteByIDForCustomerParams{ID: theID(c), CustomerID: row.ID})
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.Missing("site")
	}
	return row, who, site, err
}

func siteOf(s db.Site) account.SiteRecord {
	return account.SiteRecord{CustomerID: s.CustomerID, Name: s.Name, Address1: s.Address1, Address2: s.Address2, City: s.City, State: s.State, Zip: s.Zip, TaxCode: s.TaxCode, TaxExempt: s.TaxExempt != 0}
}

// newSite is the form of a new site, with the billing address to begin with.
func (h *Handlers) newSite(c echo.Context) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	r := account.SiteRecord{Address1: row.Address1, Address2: row.Address2, City: row.City, State: row.State, Zip: row.Zip}
	p, err := h.sitePage(c.Request().Context(), who, db.Site{}, r, "", nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/site", p)
}

// site is a site's form with its systems.
func (h *Handlers) site(c echo.Context) error {
	_, who, site, err := h.theSite(c)
	if err != nil {
		return err
	}
	p, err := h.sitePage(c.Request().Context(), who, site, siteOf(site), account.SeenSite(site), nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/site", p)
}

func readSite(c echo.Context, customerID int64) account.SiteRecord {
	return account.SiteRecord{CustomerID: customerID, Name: c.FormValue("site_name"), Address1: c.FormValue("address1"), Address2: c.FormValue("address2"), City: c.FormValue("city"),
		State: c.FormValue("state"), Zip: c.FormValue("zip"), TaxCode: c.FormValue("tax_code"), TaxExempt: c.FormValue("tax_exempt") != ""}
}

// addSite stores a new site and goes on to its systems.
func (h *Handlers) addSite(c echo.Context) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	r := readSite(c, row.ID)
	id, err := h.Accounts.AddSite(c.Request().Context(), web.Actor(c), r)
	if refused, ok := web.FieldErrors(err); ok {
		return h.refuseSite(c, who, db.Site{}, r, "", refused)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, sitePath(row.Number, id), "The site is added. Its systems come next.")
}

// saveSite stores a site.
func (h *Handlers) saveSite(c echo.Context) error {
	row, who, site, err := h.theSite(c)
	if err != nil {
		return err
	}
	r, seen := readSite(c, row.ID), c.FormValue("seen")
	err = h.Accounts.EditSite(c.Request().Context(), web.Actor(c), site.ID, seen, r)
	if refused, ok := web.FieldErrors(err); ok {
		if fault.Is(err, fault.Conflict) { // having been told, the next save counts
			seen = account.SeenSite(site)
		}
		return h.refuseSite(c, who, site, r, seen, refused)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, who.Href+"#sites", "Saved.")
}

func (h *Handlers) refuseSite(c echo.Context, who view.Ref, site db.Site, r account.SiteRecord, seen string, refused views.FieldErrors) error {
	p, err := h.sitePage(c.Request().Context(), who, site, r, seen, refused)
	if err != nil {
		return err
	}
	return h.Refused(c, "office/site", "form", p)
}

func (h *Handlers) sitePage(ctx context.Context, who view.Ref, site db.Site, r account.SiteRecord, seen string, refused views.FieldErrors) (*view.SitePage, error) {
	input := func(name, label, value string, most int) views.Input {
		return views.Input{Name: name, Label: label, Value: value, MaxLength: most, Error: refused.Of(name), Autocomplete: "off"}
	}
	p := &view.SitePage{Base: views.Base{Title: "New site of " + who.Name, Tab: "customers", Errors: refused}, Customer: who, Action: who.Href + "/sites", Seen: seen, Exempt: r.TaxExempt,
		Fields: []views.Input{input("site_name", "Site", r.Name, 100), input("address1", "Address", r.Address1, 200), input("address2", "Address, second line", r.Address2, 200),
			input("city", "City", r.City, 100), input("state", "State", r.State, 40), input("zip", "Zip Code", r.Zip, 20)},
		Tax: view.Choice{Name: "tax_code", Label: "Sales tax", Hint: "The codes and their rates are in the settings", Error: refused.Of("tax_code"), Options: []view.Option{{Value: "", Label: "None"}}}}
	p.Fields[0].Hint = "As the customer calls it, like Home or Main St shop"
	codes, err := h.DB.Read().ListTaxCodes(ctx)
	if err != nil {
		return nil, err
	}
	known := r.TaxCode == ""
	for _, t := range codes {
		chosen := strings.EqualFold(t.Code, r.TaxCode)
		known = known || chosen
		p.Tax.Options = append(p.Tax.Options, view.Option{Value: t.Code, Label: t.Code + ", " + t.Name, Chosen: chosen})
	}
	if !known {
		p.Tax.Options = append(p.Tax.Options, view.Option{Value: r.TaxCode, Label: r.TaxCode + ", not set up yet", Chosen: true})
	}
	if site.ID == 0 {
		return p, nil
	}
	p.Saved, p.Name, p.Title, p.Action = true, site.Name, "Site "+site.Name, sitePath(who.Number, site.ID)
	p.NewSystem = p.Action + "/systems/new"
	systems, err := h.DB.Read().ListSystemsOfSite(ctx, site.ID)
	for _, y := range systems {
		p.Systems = append(p.Systems, view.System{Name: y.Name, Type: y.SystemType, Account: y.AccountNumber, Href: systemPath(who.Number, y.ID)})
	}
	return p, err
}

// newSystem and system are the forms of a system.
func (h *Handlers) newSystem(c echo.Context) error {
	_, who, site, err := h.theSite(c)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/system", systemPage(who, site.ID, site.Name, 0, account.SystemRecord{}, "", nil))
}

func (h *Handlers) system(c echo.Context) error {
	_, who, y, err := h.theSystem(c)
	if err != nil {
		return err
	}
	r := account.SystemRecord{Name: y.Name, SystemType: y.SystemType, AccountNumber: y.AccountNumber}
	p := systemPage(who, y.SiteID, y.Site, y.ID, r, account.SeenSystem(y.Name, y.SystemType, y.AccountNumber), nil)
	p.Name, p.Title = y.Name, "System "+y.Name
	return h.Page(c, http.StatusOK, "office/system", p)
}

func (h *Handlers) theSystem(c echo.Context) (db.Customer, view.Ref, db.GetSystemToEditForCustomerRow, error) {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return row, who, db.GetSystemToEditForCustomerRow{}, err
	}
	y, err := h.DB.Read().GetSystemToEditForCustomer(c.Request().Context(), db.GetSystemToEditForCustomerParams{ID: theID(c), CustomerID: row.ID})
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.Missing("system")
	}
	return row, who, y, err
}

func readSystem(c echo.Context) account.SystemRecord {
	return account.SystemRecord{Name: c.FormValue("system_name"), SystemType: c.FormValue("system_type"), AccountNumber: c.FormValue("account_number")}
}

// addSystem stores a new system.
func (h *Handlers) addSystem(c echo.Context) error {
	row, who, site, err := h.theSite(c)
	if err != nil {
		return err
	}
	r := readSystem(c)
	r.SiteID = site.ID
	err = h.Accounts.AddSystem(c.Request().Context(), web.Actor(c), row.ID, r)
	if refused, ok := web.FieldErrors(err); ok {
		return h.Refused(c, "office/system", "form", systemPage(who, site.ID, site.Name, 0, r, "", refused))
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, sitePath(row.Number, site.ID), "The system is added.")
}

// saveSystem stores a system.
func (h *Handlers) saveSystem(c echo.Context) error {
	row, who, y, err := h.theSystem(c)
	if err != nil {
		return err
	}
	r, seen := readSystem(c), c.FormValue("seen")
	err = h.Accounts.EditSystem(c.Request().Context(), web.Actor(c), row.ID, y.ID, seen, r)
	if refused, ok := web.FieldErrors(err); ok {
		if fault.Is(err, fault.Conflict) { // having been told, the next save counts
			seen = account.SeenSystem(y.Name, y.SystemType, y.AccountNumber)
		}
		p := systemPage(who, y.SiteID, y.Site, y.ID, r, seen, refused)
		p.Name, p.Title = y.Name, "System "+y.Name
		return h.Refused(c, "office/system", "form", p)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, sitePath(row.Number, y.SiteID), "Saved.")
}

func systemPage(who view.Ref, siteID int64, site string, id int64, r account.SystemRecord, seen string, refused views.FieldErrors) *view.SystemPage {
	input := func(name, label, value, hint string, most int) views.Input {
		return views.Input{Name: name, Label: label, Value: value, Hint: hint, MaxLength: most, Error: refused.Of(name), Autocomplete: "off"}
	}
	p := &view.SystemPage{Base: views.Base{Title: "New system", Tab: "customers", Errors: refused}, Customer: who, Site: site, SiteHref: sitePath(who.Number, siteID), Seen: seen,
		Action: sitePath(who.Number, siteID) + "/systems",
		Fields: []views.Input{input("system_name", "System", r.Name, "As in Burglary, or Fire, 2nd floor", 100), input("system_type", "Type", r.SystemType, "As in Fire, Video, Access", 60),
			input("account_number", "Central station account", r.AccountNumber, "The number its signals come in under", 60)}}
	if id != 0 {
		p.Action = systemPath(who.Number, id)
	}
	return p
}

// notes are what staff wrote down about a customer.
func (h *Handlers) notes(c echo.Context) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	p, err := h.notesPage(c, row.ID, who, formNonce(), "", nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/notes", p)
}

func (h *Handlers) notesPage(c echo.Context, customerID int64, who view.Ref, nonce, typed string, refused views.FieldErrors) (*view.NotesPage, error) {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	p := &view.NotesPage{Base: views.Base{Title: "Notes on " + who.Name, Tab: "customers", Errors: refused}, Customer: who, Action: who.Href + "/notes", Nonce: nonce,
		Note: view.Text{Name: "note", Label: "Note", Rows: 4, MaxLength: 4000, Value: typed, Error: refused.Of("note")}}
	before, err := strconv.ParseInt(c.QueryParam("before"), 10, 64)
	if err != nil || before <= 0 {
		before = math.MaxInt64
	}
	rows, next, err := h.noteRows(ctx, s, customerID, before, perPage)
	if err != nil {
		return nil, err
	}
	if next != 0 {
		p.Next = fmt.Sprintf("%s/notes?before=%d", who.Href, next)
	}
	p.Rows = rows
	return p, nil
}

// noteRows are notes before a certain one, newest first, and where the next page
// begins, 0 when there is none.
func (h *Handlers) noteRows(ctx context.Context, s *settings.Settings, customerID, before int64, most int) (out []view.Note, next int64, err error) {
	rows, err := h.DB.Read().ListNotesForCustomer(ctx, db.ListNotesForCustomerParams{CustomerID: customerID, Before: before, Most: int64(most) + 1})
	if err != nil {
		return nil, 0, err
	}
	if len(rows) > most {
		rows = rows[:most]
		next = rows[most-1].ID
	}
	for _, r := range rows {
		out = append(out, view.Note{When: r.At.Format(s.Zone), Who: r.Staff, Lines: strings.Split(r.Note, "\n")})
	}
	return out, next, nil
}

// addNote writes one down.
func (h *Handlers) addNote(c echo.Context) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	nonce, typed := c.FormValue("nonce"), c.FormValue("note")
	err = h.Accounts.AddNote(c.Request().Context(), web.Actor(c), row.ID, nonce, typed)
	if refused, ok := web.FieldErrors(err); ok {
		p, err := h.notesPage(c, row.ID, who, nonce, typed, refused)
		if err != nil {
			return err
		}
		return h.Refused(c, "office/notes", "form", p)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, who.Href+"/notes", "Written down.")
}
