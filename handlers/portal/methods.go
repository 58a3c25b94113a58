package portal

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/payment"
	"customerportal/views"
	pages "customerportal/views/portal"
)

// methods shows the tab "CC/eCheck".
func (h *Handlers) methods(c echo.Context) error {
	w, err := h.Payments.Wallet(c.Request().Context(), web.Who(c).CustomerID)
	if err != nil {
		return err
	}
	p := &pages.MethodsPage{Base: views.Base{Title: "CC/eCheck", Tab: "methods"}, Closed: w.Closed, SelfDelete: w.SelfDelete,
		Auto: pages.AutoRecurring{On: w.AutoPay.On, Method: w.AutoPay.Method, Day: w.AutoPay.DayInWords(), Next: w.AutoPay.Next, Estimate: w.AutoPay.Estimate, Limit: w.AutoPay.Limit}}
	if w.AutoPay.Then != 0 {
		p.Auto.Then, p.Auto.ThenFrom = payment.DayInWords(w.AutoPay.Then), w.AutoPay.ThenFrom
	}
	if p.Given, err = h.given(c); err != nil {
		return err
	}
	for _, m := range w.Methods {
		id := strconv.FormatInt(m.ID, 10)
		row := pages.MethodRow{Label: m.Label(), Kind: ledger.Kind(m.Kind).Label(), Brand: m.Brand, Last4: m.Last4, Expiry: m.Expiry(), Expired: m.Expired,
			ExpiresSoon: m.ExpiresSoon, Auto: m.AutoRecurring, AskDelete: "/methods/" + id + "/ask-delete", Delete: "/methods/" + id + "/delete"}
		if w.Closed == "" {
			row.TurnOn = "/methods/" + id + "/auto"
			if m.AutoRecurring && !m.Expired {
				p.Auto.Change = row.TurnOn
			}
			if m.Expired || m.ExpiresSoon {
				row.Replace = "/methods/new?kind=" + string(m.Kind) + "&replace=" + id
			}
		}
		p.Methods = append(p.Methods, row)
	}
	for _, v := range w.Verifying {
		p.Verifying = append(p.Verifying, pages.VerifyingRow{Kind: ledger.Kind(v.Kind).Label(), Href: v.URL})
	}
	for _, k := range w.Kinds {
		p.New = append(p.New, pages.NewMethod{Label: "New " + ledger.Kind(k).Label(), Href: "/methods/new?kind=" + string(k)})
	}
	return h.Page(c, http.StatusOK, "portal/methods", p)
}

// given lists the authorizations of auto pay that the customer has given.
func (h *Handlers) given(c echo.Context) ([]pages.Authorization, error) {
	ctx := c.Request().Context()
	set, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	list, err := h.Payments.Consents(ctx, web.Who(c).CustomerID)
	if err != nil {
		return nil, err
	}
	var out []pages.Authorization
	for _, r := range list {
		a := pages.Authorization{When: r.Accepted.Format(set.Zone), Method: r.Method, Day: payment.DayInWords(r.Day), State: "In force", Active: r.Ended.IsZero(),
			Href: "/methods/authorizations/" + strconv.Itoa(r.Number) + ".pdf"}
		if r.Limit > 0 {
			a.Limit = r.Limit.String()
		}
		if !a.Active {
			a.State = "Ended " + r.Ended.Format(set.Zone)
		}
		out = append(out, a)
	}
	return out, nil
}

// authorization sends the record of one authorization.
func (h *Handlers) authorization(c echo.Context) error {
	name, ok := strings.CutSuffix(web.Param(c, "paper"), ".pdf")
	number, err := strconv.Atoi(name)
	if !ok || err != nil {
		return fault.Missing("authorization")
	}
	paper, err := h.Payments.ConsentPaper(c.Request().Context(), web.Who(c).CustomerID, number)
	if err != nil {
		return err
	}
	return web.Download(c, paper.Name, paper.MIME, paper.Body)
}

// methodNew shows the form of a new card or bank account.
func (h *Handlers) methodNew(c echo.Context) error {
	bill, err := h.Payments.BillTo(c.Request().Context(), web.Who(c).CustomerID)
	if err != nil {
		return err
	}
	replaces, err := replacedBy(c.QueryParam("replace"))
	if err != nil {
		return err
	}
	return h.methodForm(c, http.StatusOK, payment.SetupOrder{Kind: c.QueryParam("kind"), Billing: bill, Replaces: replaces}, nil, false, "")
}

// replacedBy reads the id of the method that is to be replaced, 0 for none.
func replacedBy(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id <= 0 {
		return 0, fault.Missing("payment method")
	}
	return id, nil
}

// methodForm renders the form with what it holds.
func (h *Handlers) methodForm(c echo.Context, status int, o payment.SetupOrder, refused views.FieldErrors, ticked bool, limit string) error {
	ctx, who := c.Request().Context(), web.Who(c)
	if o.Kind != string(gateway.Card) && o.Kind != string(gateway.ECheck) {
		return fault.Missing("page")
	}
	kinds, err := h.Payments.Kinds(ctx)
	if err != nil {
		return err
	}
	if len(kinds) == 0 {
		return web.See(c, "/methods") // which says why
	}
	box, err := h.consentBox(c, gateway.Kind(o.Kind), 0, limit, refused)
	if err != nil {
		return err
	}
	box.Ticked = ticked
	p := &pages.MethodNewPage{Base: views.Base{Title: "New " + ledger.Kind(o.Kind).Label(), Tab: "methods", Errors: refused}}
	f := &p.Form
	f.Errors, f.Kind, f.Label, f.Nonce = refused, o.Kind, ledger.Kind(o.Kind).Label(), payment.NewNonce()
	f.Consent = box
	if o.Replaces != 0 {
		old, err := h.Payments.Method(ctx, who.CustomerID, o.Replaces)
		if err != nil {
			return err
		}
		f.Replaces, f.ReplacesLabel, f.ReplacesAuto = strconv.FormatInt(old.ID, 10), old.Label(), old.AutoRecurring
	}
	input := func(label, name, value, complete string, required bool) views.Input {
		return views.Input{Label: label, Name: name, Value: value, Autocomplete: complete, Required: required, MaxLength: 120, Error: refused.Of(name)}
	}
	f.Street = []views.Input{input("Name", "name", o.Billing.Name, "billing name", true),
		input("Address", "line1", o.Billing.Line1, "billing address-line1", true), input("Address line 2", "line2", o.Billing.Line2, "billing address-line2", false)}
	f.Town = []views.Input{input("City", "city", o.Billing.City, "billing address-level2", true),
		input("State", "state", o.Billing.State, "billing address-level1", true), input("Zip Code", "zip", o.Billing.Zip, "billing postal-code", true)}
	if web.IsHTMX(c) {
		return h.Fragment(c, status, "portal/method_new", "method-form", p.Form)
	}
	return h.Page(c, status, "portal/method_new", p)
}

// consentBox is the box "Auto Recurring" for a method on file, or with id 0 for
// one of a kind that is about to be entered, with the limit as it was typed.
func (h *Handlers) consentBox(c echo.Context, kind gateway.Kind, id int64, typed string, refused views.FieldErrors) (pages.ConsentBox, error) {
	ctx, who := c.Request().Context(), web.Who(c)
	limit, err := h.Payments.ParseLimit(ctx, typed)
	if err != nil && !fault.Is(err, fault.Invalid) {
		return pages.ConsentBox{}, err
	}
	wrong, _ := web.FieldErrors(err) // then the text is the one without a limit
	consent, err := h.Payments.ConsentUpTo(ctx, who.CustomerID, who.UserID, kind, id, limit)
	if err != nil {
		return pages.ConsentBox{}, err
	}
	box := pages.ConsentBox{Paragraphs: consent.Paragraphs, Token: consent.Token, First: consent.First, Estimate: consent.Estimate, Error: refused.Of("auto"),
		Reread: "/methods/consent?kind=" + string(kind) + "&id=" + strconv.FormatInt(id, 10),
		Limit: views.Input{Label: "Maximum per month (optional)", Name: "cap", Value: typed, Inputmode: "decimal", Autocomplete: "off", MaxLength: 20, Error: refused.Of("cap"),
			Hint: "In dollars. Auto Recurring never takes more than this in one month; leave it empty for no maximum"}}
	switch {
	case wrong != nil:
		box.Said = wrong[0].Message
	case limit > 0:
		box.Said = "The authorization says: never more than " + limit.String() + " in one month."
	}
	return box, nil
}

// methodConsent is the text of the authorization with another limit, for the
// form that is open.
func (h *Handlers) methodConsent(c echo.Context) error {
	id, err := strconv.ParseInt(c.QueryParam("id"), 10, 64)
	kind := gateway.Kind(c.QueryParam("kind"))
	if err != nil || kind != gateway.Card && kind != gateway.ECheck {
		return fault.Missing("page")
	}
	if !web.IsHTMX(c) {
		return web.See(c, "/methods")
	}
	box, err := h.consentBox(c, kind, id, c.QueryParam("cap"), nil)
	if err != nil {
		return err
	}
	return h.Fragment(c, http.StatusOK, "portal/method_auto", "consent-text", box)
}

// methodSave goes on to the processor's page, where the numbers are typed.
func (h *Handlers) methodSave(c echo.Context) error {
	replaces, err := replacedBy(c.FormValue("replaces"))
	if err != nil {
		return err
	}
	o := payment.SetupOrder{Nonce: c.FormValue("nonce"), Kind: c.FormValue("kind"), Replaces: replaces, Billing: payment.Billing{
		Name: c.FormValue("name"), Line1: c.FormValue("line1"), Line2: c.FormValue("line2"),
		City: c.FormValue("city"), State: c.FormValue("state"), Zip: c.FormValue("zip")}}
	ticked := c.FormValue("auto") == "1"
	if ticked {
		o.Auto = c.FormValue("consent")
	}
	if ticked && o.Auto == "" {
		return fault.Missing("page")
	}
	limit := c.FormValue("cap")
	if ticked {
		err = h.Payments.SameLimit(c.Request().Context(), web.Who(c).CustomerID, o.Auto, limit)
	}
	var r payment.SetupResult
	if err == nil {
		r, err = h.Payments.StartSetup(c.Request().Context(), web.Actor(c), web.Who(c).CustomerID, o)
	}
	if err != nil {
		refused, ok := web.FieldErrors(err)
		if !ok {
			return err
		}
		status := http.StatusUnprocessableEntity
		if fault.Is(err, fault.Conflict) {
			status = http.StatusConflict
		}
		return h.methodForm(c, status, o, refused, ticked, limit)
	}
	if r.Redirect != "" {
		return web.See(c, r.Redirect)
	}
	return web.See(c, "/methods/return?setup="+url.QueryEscape(r.Reference))
}

// methodReturn is where the processor's page sends the customer back to. It may
// be reloaded and opened without its query.
func (h *Handlers) methodReturn(c echo.Context) error {
	reference := c.QueryParam("setup")
	if reference == "" {
		return web.See(c, "/methods")
	}
	r, err := h.Payments.Setup(c.Request().Context(), web.Who(c).CustomerID, reference)
	if err != nil {
		return err
	}
	notice := r.Message
	switch {
	case r.Done:
		notice = r.Label + " is on file."
	case r.Waiting:
		notice = "Your bank account has to be verified before it can be used."
	case r.Redirect != "":
		notice = "Nothing was saved yet: you came back before the processor's page was finished."
	}
	return h.SeeNotice(c, "/methods", notice)
}

// methodAuto shows the authorization for a method on file.
func (h *Handlers) methodAuto(c echo.Context) error {
	limit := ""
	auto, err := h.Payments.AutoPay(c.Request().Context(), web.Who(c).CustomerID)
	if err != nil {
		return err
	}
	if auto.Limit > 0 { // of the authorization in force, to begin with
		limit = auto.Limit.Plain()
	}
	return h.autoForm(c, http.StatusOK, nil, false, limit)
}

func (h *Handlers) autoForm(c echo.Context, status int, refused views.FieldErrors, ticked bool, limit string) error {
	id, err := methodID(c)
	if err != nil {
		return err
	}
	m, err := h.Payments.Method(c.Request().Context(), web.Who(c).CustomerID, id)
	if err != nil {
		return err
	}
	box, err := h.consentBox(c, m.Kind, m.ID, limit, refused)
	if err != nil {
		return err
	}
	box.Ticked = ticked
	p := &pages.MethodAutoPage{Base: views.Base{Title: "Auto Recurring", Tab: "methods", Errors: refused}}
	p.Form = pages.AutoForm{Errors: refused, Label: m.Label(), Action: "/methods/" + strconv.FormatInt(m.ID, 10) + "/auto", On: m.AutoRecurring, Consent: box}
	if web.IsHTMX(c) {
		return h.Fragment(c, status, "portal/method_auto", "auto-form", p.Form)
	}
	return h.Page(c, status, "portal/method_auto", p)
}

func methodID(c echo.Context) (int64, error) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return 0, fault.Missing("payment method")
	}
	return id, nil
}

// methodAutoOn switches Auto Recurring on for a method on file.
func (h *Handlers) methodAutoOn(c echo.Context) error {
	id, err := methodID(c)
	if err != nil {
		return err
	}
	ctx, customer := c.Request().Context(), web.Who(c).CustomerID
	token, limit := "", c.FormValue("cap")
	if c.FormValue("auto") == "1" {
		token = c.FormValue("consent")
	}
	if token != "" {
		err = h.Payments.SameLimit(ctx, customer, token, limit)
	}
	if err == nil {
		err = h.Payments.TurnOn(ctx, web.Actor(c), customer, id, token)
	}
	if refused, ok := web.FieldErrors(err); ok {
		return h.autoForm(c, http.StatusUnprocessableEntity, refused, token != "", limit)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, "/methods", "Auto Recurring is on. A copy of your authorization is mailed to you.")
}

// methodAutoOff switches Auto Recurring off at once.
func (h *Handlers) methodAutoOff(c echo.Context) error {
	if err := h.Payments.TurnOff(c.Request().Context(), web.Actor(c), web.Who(c).CustomerID); err != nil {
		return err
	}
	return h.SeeNotice(c, "/methods", "Auto Recurring is off. A confirmation is mailed to you.")
}

// methodAskDelete sends the dealer the request to delete a method.
func (h *Handlers) methodAskDelete(c echo.Context) error {
	id, err := methodID(c)
	if err != nil {
		return err
	}
	if err := h.Payments.RequestDelete(c.Request().Context(), web.Actor(c), web.Who(c).CustomerID, id); err != nil {
		return err
	}
	set, err := h.Settings.Current(c.Request().Context())
	if err != nil {
		return err
	}
	return h.SeeNotice(c, "/methods", "Your request was sent to "+set.Company.Name+".")
}

// methodDelete deletes a method where the dealer lets customers do that.
func (h *Handlers) methodDelete(c echo.Context) error {
	id, err := methodID(c)
	if err != nil {
		return err
	}
	if err := h.Payments.Delete(c.Request().Context(), web.Actor(c), web.Who(c).CustomerID, id); err != nil {
		return err
	}
	return h.SeeNotice(c, "/methods", "It is deleted.")
}
