package office

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/views"
	view "customerportal/views/office"
)

// taxes lists the tax codes.
func (h *Handlers) taxes(c echo.Context) error {
	p, err := h.taxesPage(c, taxForm{taxes: "other"}, nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/taxes", p)
}

// taxForm is a new tax code as it was typed.
type taxForm struct{ code, name, rate, from, taxes string }

// taxKinds are what a code can tax.
var taxKinds = []string{"other", "Parts and labor, but not what recurs", "recurring", "What recurs, but nothing else", "both", "Everything", "none", "Nothing"}

func taxKind(recurring, other bool) string {
	switch {
	case recurring && other:
		return "both"
	case recurring:
		return "recurring"
	case other:
		return "other"
	}
	return "none"
}

func taxKindWords(kind string) string {
	for i := 0; i < len(taxKinds); i += 2 {
		if taxKinds[i] == kind {
			return taxKinds[i+1]
		}
	}
	return ""
}

func (h *Handlers) taxesPage(c echo.Context, f taxForm, refused views.FieldErrors) (*view.TaxesPage, error) {
	ctx := c.Request().Context()
	today, err := h.Ledger.Today(ctx)
	if err != nil {
		return nil, err
	}
	q := h.DB.Read()
	codes, err := q.ListTaxCodes(ctx)
	if err != nil {
		return nil, err
	}
	rates, err := q.ListTaxRates(ctx)
	if err != nil {
		return nil, err
	}
	uses, err := q.ListTaxCodeUse(ctx)
	if err != nil {
		return nil, err
	}
	p := &view.TaxesPage{Base: views.Base{Title: "Sales tax", Tab: "settings", Errors: refused},
		Code:  taxInput("code", "Code", "What sites name it by, like MA", f.code, 40, refused),
		Name:  taxInput("name", "Name", "As reports call it, like Massachusetts sales tax", f.name, 100, refused),
		Rate:  taxInput("rate", "Rate in percent", "Like 6.25", f.rate, 12, refused),
		From:  taxInput("from_date", "From", "The first day on which it holds", f.from, 10, refused),
		Taxes: choice("taxes", "Taxes", "", f.taxes, refused.Of("taxes"), taxKinds...),
	}
	p.From.Type, p.Rate.Inputmode = "date", "decimal"
	known := map[string]bool{"": true}
	for _, t := range codes {
		known[strings.ToLower(t.Code)] = true
		row := view.TaxRow{Code: t.Code, Name: t.Name, Href: taxPath(t.ID), Taxes: taxKindWords(taxKind(t.TaxesRecurring != 0, t.TaxesOther != 0)), Rate: "none yet"}
		for _, r := range rates {
			if r.TaxCodeID == t.ID && r.FromDate <= today {
				row.Rate, row.Since = billing.FormatRate(money.RatePPM(r.Ppm))+" %", r.FromDate.String()
			}
		}
		for _, u := range uses {
			if strings.EqualFold(u.TaxCode, t.Code) {
				row.Sites, row.Exempt = row.Sites+u.Sites, row.Exempt+u.Exempt
			}
		}
		p.Rows = append(p.Rows, row)
	}
	for _, u := range uses {
		if u.TaxCode == "" {
			p.None = u.Sites
		} else if !known[strings.ToLower(u.TaxCode)] {
			p.Unknown = append(p.Unknown, view.TaxUse{Code: u.TaxCode, Sites: u.Sites})
		}
	}
	return p, nil
}

func taxInput(name, label, hint, value string, most int, refused views.FieldErrors) views.Input {
	return views.Input{Name: name, Label: label, Hint: hint, Value: value, Autocomplete: "off", MaxLength: most, Error: refused.Of(name)}
}

func taxPath(id int64) string { return "/office/settings/tax/" + number(id) }

// readRate reads a rate and its first day.
func readRate(rateText, fromText string) (rate money.RatePPM, from calendar.Date, refused views.FieldErrors) {
	rate, err := billing.ParseRate(rateText)
	if err != nil {
		refused = append(refused, views.FieldError{Field: "rate", Message: err.Error()})
	}
	if from, err = parseDay(strings.TrimSpace(fromText)); err != nil {
		refused = append(refused, views.FieldError{Field: "from_date", Message: err.Error()})
	}
	return rate, from, refused
}

// addTax adds a tax code with its first rate.
func (h *Handlers) addTax(c echo.Context) error {
	f := taxForm{code: c.FormValue("code"), name: c.FormValue("name"), rate: c.FormValue("rate"), from: c.FormValue("from_date"), taxes: c.FormValue("taxes")}
	rate, from, refused := readRate(f.rate, f.from)
	code := billing.TaxCode{Code: f.code, Name: f.name, Recurring: f.taxes == "recurring" || f.taxes == "both", Other: f.taxes == "other" || f.taxes == "both"}
	if refused == nil {
		_, err := h.Billing.AddTaxCode(c.Request().Context(), web.Actor(c), code, rate, from)
		if err == nil {
			return h.SeeNotice(c, "/office/settings/tax", "The tax code is added.")
		}
		known, ok := web.FieldErrors(err)
		if !ok {
			return err
		}
		refused = known
	}
	p, err := h.taxesPage(c, f, refused)
	if err != nil {
		return err
	}
	return h.Refused(c, "office/taxes", "tax-form", p)
}

// oneTax shows one code with its rates and sites.
func (h *Handlers) oneTax(c echo.Context) error {
	p, err := h.taxPage(c, nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/tax", p)
}

func (h *Handlers) taxPage(c echo.Context, refused views.FieldErrors) (*view.TaxPage, error) {
	ctx := c.Request().Context()
	today, err := h.Ledger.Today(ctx)
	if err != nil {
		return nil, err
	}
	q := h.DB.Read()
	t, err := q.GetTaxCodeByID(ctx, theID(c))
	if err != nil {
		return nil, errors.Join(fault.Missing("tax code"), err)
	}
	rates, err := q.ListTaxRates(ctx)
	if err != nil {
		return nil, err
	}
	form := c.Request().Form
	name, kind := t.Name, taxKind(t.TaxesRecurring != 0, t.TaxesOther != 0)
	if form.Has("name") {
		name, kind = form.Get("name"), form.Get("taxes")
	}
	p := &view.TaxPage{Base: views.Base{Title: t.Name, Tab: "settings", Errors: refused}, Code: t.Code, Name: t.Name, Href: taxPath(t.ID),
		Rate:    taxInput("rate", "New rate in percent", "Like 6.25", form.Get("rate"), 12, refused),
		From:    taxInput("from_date", "From", "The first day on which it holds", form.Get("from_date"), 10, refused),
		NewName: taxInput("name", "Name", "", name, 100, refused),
		Taxes:   choice("taxes", "Taxes", "", kind, "", taxKinds...)}
	p.From.Type, p.Rate.Inputmode = "date", "decimal"
	now := -1
	for _, r := range rates {
		if r.TaxCodeID != t.ID {
			continue
		}
		row := view.TaxRateRow{From: r.FromDate.String(), Rate: billing.FormatRate(money.RatePPM(r.Ppm)) + " %"}
		if r.FromDate > today {
			row.State, row.Remove = "To come", p.Href+"/remove?from="+r.FromDate.ISO()
		} else {
			now = len(p.Rates)
		}
		p.Rates = append(p.Rates, row)
	}
	if now >= 0 {
		p.Rates[now].State = "Now"
	}
	after, _ := strconv.ParseInt(c.QueryParam("after"), 10, 64)
	sites, err := q.ListSitesOfTaxCode(ctx, db.ListSitesOfTaxCodeParams{TaxCode: t.Code, AfterID: after, HowMany: perPage + 1})
	if err != nil {
		return nil, err
	}
	if len(sites) > perPage {
		sites = sites[:perPage]
		p.Next = p.Href + "?after=" + number(sites[perPage-1].ID)
	}
	for _, s := range sites {
		p.Sites = append(p.Sites, view.TaxSite{Customer: ref(s.CustomerNumber, s.DisplayName), Site: s.Name, Exempt: s.TaxExempt != 0, Certificate: certificateWords(s.Certificate, s.Expires)})
	}
	return p, nil
}

func certificateWords(certificate, expires string) string {
	if expires == "" {
		return certificate
	}
	return joined(", ", certificate, "until "+calendar.Date(expires).String())
}

// changeTax adds a rate, takes back one that has not begun, or changes the name
// and what is taxed.
func (h *Handlers) changeTax(c echo.Context) error {
	ctx, by, id := c.Request().Context(), web.Actor(c), theID(c)
	var refused views.FieldErrors
	var err error
	define, word := "tax-rate", ""
	switch c.Param("verb") {
	case "rate":
		word = "The rate is added."
		rate, from, wrong := readRate(c.FormValue("rate"), c.FormValue("from_date"))
		if refused = wrong; refused == nil {
			err = h.Billing.AddTaxRate(ctx, by, id, rate, from)
		}
	case "edit":
		define, word = "tax-edit", "Saved."
		kind := c.FormValue("taxes")
		err = h.Billing.EditTaxCode(ctx, by, id, billing.TaxCode{Name: c.FormValue("name"), Recurring: kind == "recurring" || kind == "both", Other: kind == "other" || kind == "both"})
	case "remove":
		from, parseErr := calendar.ParseDate(c.QueryParam("from"))
		if parseErr != nil {
			return fault.Missing("tax rate")
		}
		if err := h.Billing.RemoveTaxRate(ctx, by, id, from); err != nil {
			return err
		}
		return h.SeeNotice(c, taxPath(id), "The rate is taken back.")
	default:
		return fault.Missing("page")
	}
	if refused == nil {
		known, ok := web.FieldErrors(err)
		switch {
		case err == nil:
			return h.SeeNotice(c, taxPath(id), word)
		case !ok:
			return err
		}
		refused = known
	}
	p, err := h.taxPage(c, refused)
	if err != nil {
		return err
	}
	return h.Refused(c, "office/tax", define, p)
}

// customerTax shows how a customer's sites are taxed.
func (h *Handlers) customerTax(c echo.Context) error {
	p, err := h.customerTaxPage(c)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/customer_tax", p)
}

func (h *Handlers) customerTaxPage(c echo.Context) (*view.CustomerTaxPage, error) {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return nil, err
	}
	today, err := h.Ledger.Today(ctx)
	if err != nil {
		return nil, err
	}
	codes, err := h.taxCodes(ctx)
	if err != nil {
		return nil, err
	}
	sites, err := h.DB.Read().ListSiteTaxesForCustomer(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	p := &view.CustomerTaxPage{Base: views.Base{Title: "Sales tax of " + who.Name, Tab: "customers"}, Customer: who}
	for _, s := range sites {
		t := siteTaxForm(who, s.ID, s.Name, s.TaxCode, yesOrNo(s.TaxExempt != 0), s.Certificate, s.Expires, codes, nil)
		if s.TaxExempt != 0 && s.Expires != "" && calendar.Date(s.Expires) < today {
			t.Warning = "The certificate ended on " + calendar.Date(s.Expires).String() + ", so tax is charged."
		}
		p.Sites = append(p.Sites, t)
	}
	return p, nil
}

func yesOrNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// taxCodes are the codes as a list to choose from.
func (h *Handlers) taxCodes(ctx context.Context) ([]string, error) {
	rows, err := h.DB.Read().ListTaxCodes(ctx)
	if err != nil {
		return nil, err
	}
	out := []string{"", "None"}
	for _, t := range rows {
		out = append(out, t.Code, fmt.Sprintf("%s, %s", t.Code, t.Name))
	}
	return out, nil
}

func siteTaxForm(who view.Ref, id int64, site, code, exempt, certificate, expires string, codes []string, refused views.FieldErrors) view.CustomerTax {
	name := func(s string) string { return s + "-" + number(id) }
	t := view.CustomerTax{Errors: refused, ID: id, Site: site, Action: who.Href + "/tax/" + number(id),
		Code:        choice(name("tax_code"), "Tax code", "", code, refused.Of(name("tax_code")), codes...),
		Exempt:      choice(name("exempt"), "Exempt from tax", "", exempt, "", "no", "No", "yes", "Yes"),
		Certificate: taxInput(name("certificate"), "Certificate #", "Of the exemption", certificate, 100, refused),
		Expires:     taxInput(name("expires_date"), "Certificate holds until", "After that day tax is charged again; empty when it does not end", expires, 10, refused)}
	t.Expires.Type = "date"
	known := false
	for i := range t.Code.Options {
		if strings.EqualFold(t.Code.Options[i].Value, code) {
			t.Code.Options[i].Chosen, known = true, true
		}
	}
	if !known {
		t.Code.Options = append(t.Code.Options, view.Option{Value: code, Label: code + ", not set up", Chosen: true})
	}
	return t
}

// saveCustomerTax stores how one site is taxed.
func (h *Handlers) saveCustomerTax(c echo.Context) error {
	ctx, id := c.Request().Context(), theID(c)
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	field := func(s string) string { return s + "-" + number(id) }
	value := func(s string) string { return strings.TrimSpace(c.FormValue(field(s))) }
	t := billing.SiteTax{SiteID: id, Code: value("tax_code"), Exempt: value("exempt") == "yes", Certificate: value("certificate")}
	var refused views.FieldErrors
	if s := value("expires_date"); s != "" {
		if t.Expires, err = parseDay(s); err != nil {
			refused = views.FieldErrors{{Field: field("expires_date"), Message: err.Error()}}
		}
	}
	if refused == nil {
		err := h.Billing.SetSiteTax(ctx, web.Actor(c), row.ID, t)
		if err == nil {
			return h.SeeNotice(c, who.Href+"/tax", "Saved.")
		}
		known, ok := web.FieldErrors(err)
		if !ok {
			return err
		}
		for _, e := range known {
			refused = append(refused, views.FieldError{Field: field(e.Field), Message: e.Message})
		}
	}
	p, err := h.customerTaxPage(c)
	if err != nil {
		return err
	}
	codes, err := h.taxCodes(ctx)
	if err != nil {
		return err
	}
	for i, s := range p.Sites {
		if s.ID == id {
			p.Sites[i] = siteTaxForm(who, id, s.Site, value("tax_code"), value("exempt"), c.FormValue(field("certificate")), value("expires_date"), codes, refused)
			p.Errors = refused
			if web.IsHTMX(c) {
				return h.Fragment(c, http.StatusUnprocessableEntity, "office/customer_tax", "site-tax", p.Sites[i])
			}
		}
	}
	return h.Page(c, http.StatusUnprocessableEntity, "office/customer_tax", p)
}
