package portal

import (
	"net/http"
	"net/url"
	"strconv"

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
		Auto: pages.AutoRecurring{On: w.AutoPay.On, Method: w.AutoPay.Method, Day: w.AutoPay.DayInWords(), Next: w.AutoPay.Next, Estimate: w.AutoPay.Estimate}}
	for _, m := range w.Methods {
		id := strconv.FormatInt(m.ID, 10)
		row := pages.MethodRow{Label: m.Label(), Kind: ledger.Kind(m.Kind).Label(), Brand: m.Brand, Last4: m.Last4, Expiry: m.Expiry(), Expired: m.Expired,
			ExpiresSoon: m.ExpiresSoon, Auto: m.AutoRecurring, AskDelete: "/methods/" + id + "/ask-delete", Delete: "/methods/" + id + "/delete"}
		if w.Closed == "" {
			row.TurnOn = "/methods/" + id + "/auto"
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
	return h.methodForm(c, http.StatusOK, payment.SetupOrder{Kind: c.QueryParam("kind"), Billing: bill, Replaces: replaces}, nil, false)
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
func (h *Handlers) methodForm(c echo.Context, status int, o payment.SetupOrder, refused views.FieldErrors, ticked bool) error {
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
	consent, err := h.Payments.Consent(ctx, who.CustomerID, who.UserID, gateway.Kind(o.Kind), 0)
	if err != nil {
		return err
	}
	p := &pages.MethodNewPage{Base: views.Base{Title: "New " + ledger.Kind(o.Kind).Label(), Tab: "methods", Errors: refused}}
	f := &p.Form
	f.Errors, f.Kind, f.Label, f.Nonce = refused, o.Kind, ledger.Kind(o.Kind).Label(), payment.NewNonce()
	f.Consent = consentBox(consent, ticked, refused)
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

func consentBox(c payment.Consent, ticked bool, refused views.FieldErrors) pages.ConsentBox {
	return pages.ConsentBox{Paragraphs: c.Paragraphs, Token: c.Token, First: c.First, Estimate: c.Estimate, Ticked: ticked, Error: refused.Of("auto")}
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
	r, err := h.Payments.StartSetup(c.Request().Context(), web.Actor(c), web.Who(c).CustomerID, o)
	if err != nil {
		refused, ok := web.FieldErrors(err)
		if !ok {
			return err
		}
		status := http.StatusUnprocessableEntity
		if fault.Is(err, fault.Conflict) {
			status = http.StatusConflict
		}
		return h.methodForm(c, status, o, refused, ticked)
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
	return h.autoForm(c, http.StatusOK, nil)
}

func (h *Handlers) autoForm(c echo.Context, status int, refused views.FieldErrors) error {
	ctx, who := c.Request().Context(), web.Who(c)
	id, err := methodID(c)
	if err != nil {
		return err
	}
	m, err := h.Payments.Method(ctx, who.CustomerID, id)
	if err != nil {
		return err
	}
	consent, err := h.Payments.Consent(ctx, who.CustomerID, who.UserID, m.Kind, m.ID)
	if err != nil {
		return err
	}
	p := &pages.MethodAutoPage{Base: views.Base{Title: "Auto Recurring", Tab: "methods", Errors: refused}}
	p.Form = pages.AutoForm{Errors: refused, Label: m.Label(), Action: "/methods/" + strconv.FormatInt(m.ID, 10) + "/auto", Consent: consentBox(consent, false, refused)}
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
	token := ""
	if c.FormValue("auto") == "1" {
		token = c.FormValue("consent")
	}
	err = h.Payments.TurnOn(c.Request().Context(), web.Actor(c), web.Who(c).CustomerID, id, token)
	if refused, ok := web.FieldErrors(err); ok {
		return h.autoForm(c, http.StatusUnprocessableEntity, refused)
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
