package office

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/audit"
	"customerportal/internal/autopay"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/payment"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

func autoPayPath(who view.Ref) string { return who.Href + "/autopay" }

// limitInWords is a maximum per month, "none" without one.
func limitInWords(limit money.Cents) string {
	if limit == 0 {
		return "none"
	}
	return limit.String()
}

// autoPayFacts says how a customer's auto pay stands.
func autoPayFacts(s *settings.Settings, a payment.AutoPay) []view.Fact {
	day := a.DayInWords() + " of the month"
	if !a.On {
		return facts("Day", day)
	}
	if a.Then != 0 {
		day += "\nfrom " + a.ThenFrom.String() + " on the " + payment.DayInWords(a.Then)
	}
	next := a.Next.String() + ", about " + a.Estimate.String()
	if a.Estimate == 0 {
		next = a.Next.String() + ", nothing is due by then so far"
	}
	return facts("With", a.Method, "Since", a.Since.Format(s.Zone), "Day", day, "Maximum per month", limitInWords(a.Limit), "Next", next)
}

// holdInWords says why nothing is taken of a customer, "" when it is.
func (h *Handlers) holdInWords(ctx context.Context, customerID int64) (string, error) {
	holds, err := h.AutoPay.Holds(ctx, customerID)
	if err != nil || len(holds) == 0 || holds[0].Released {
		return "", err
	}
	words := "On hold: " + holds[0].Reason
	if holds[0].By != "" {
		words += " (" + holds[0].By + ")"
	}
	return words, nil
}

// autoPayBrief is auto pay on the customer's page.
func (h *Handlers) autoPayBrief(ctx context.Context, s *settings.Settings, row db.Customer) (view.AutoPayBrief, error) {
	a, err := h.Payments.AutoPay(ctx, row.ID)
	if err != nil {
		return view.AutoPayBrief{}, err
	}
	hold, err := h.holdInWords(ctx, row.ID)
	return view.AutoPayBrief{On: a.On, Hold: hold, Fact: autoPayFacts(s, a), Href: customerPath(row.Number) + "/autopay"}, err
}

// autoPayCustomer is one customer's auto pay.
func (h *Handlers) autoPayCustomer(c echo.Context) error {
	p, err := h.autoPayCustomerPage(c)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/autopay_customer", p)
}

func (h *Handlers) autoPayCustomerPage(c echo.Context) (*view.AutoPayCustomerPage, error) {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return nil, err
	}
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	a, err := h.Payments.AutoPay(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	p := &view.AutoPayCustomerPage{Base: views.Base{Title: "Auto Pay of " + who.Name, Tab: "customers"}, Customer: who, On: a.On, CanAct: may(c, tellers), Facts: autoPayFacts(s, a)}
	if p.Hold, err = h.holdInWords(ctx, row.ID); err != nil {
		return nil, err
	}
	methods, err := h.onFile(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	if len(methods) > 0 {
		p.FormHref = who.Href + web.SignedFormPath
	}
	day := a.Day
	if a.Then != 0 {
		day = a.Then
	}
	p.Day = dayForm(who, a.On, strconv.Itoa(day), "", nil)
	if a.On {
		off := offForm(who, "", nil)
		p.Off = &off
	}
	if a.On || p.Hold != "" {
		hold := customerHoldForm(who, p.Hold != "", "", nil)
		hold.Back = backTo(c, "")
		p.HoldForm = &hold
	}
	consents, err := h.Payments.Consents(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range consents {
		p.Consents = append(p.Consents, consentRow(s, who, r))
	}
	months, err := h.AutoPay.Months(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range months {
		p.Months = append(p.Months, monthRow(who, m, p.CanAct))
	}
	holds, err := h.AutoPay.Holds(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range holds {
		p.Holds = append(p.Holds, view.HoldRow{From: r.At.Format(s.Zone), By: r.By, Reason: r.Reason, Until: r.ReleasedAt, ReleasedBy: r.ReleasedBy, ReleaseReason: r.ReleaseReason})
	}
	return p, nil
}

// monthClasses are the looks of a month's states.
var monthClasses = map[autopay.State]string{autopay.Paid: "state-ok", autopay.Planned: "state-progress", autopay.Processing: "state-progress", autopay.Retrying: "state-progress",
	autopay.Failed: "state-failed", autopay.Trouble: "state-failed", autopay.Asks: "state-past"}

func monthRow(who view.Ref, m autopay.Month, act bool) view.MonthRow {
	row := view.MonthRow{Due: m.Due.String(), State: firstUpper(m.State.Words()), StateClass: cmp.Or(monthClasses[m.State], "state-off"), Words: m.Words,
		Run: autopay.RunPath(m.RunID), Reference: m.Reference}
	if m.Amount > 0 {
		row.Amount = m.Amount.String()
	}
	if m.Retry != "" {
		row.Retry = "Tried again on " + m.Retry.String()
	}
	if m.Reference != "" {
		row.Payment = paymentPath(who.Number, m.Reference)
	}
	switch m.State {
	case autopay.Failed, autopay.Retrying, autopay.Trouble, autopay.Held, autopay.Skipped:
		if act {
			row.Again, row.Period = autoPayPath(who)+"/retry", m.Period
		}
	}
	return row
}

func consentRow(s *settings.Settings, who view.Ref, r payment.ConsentRecord) view.ConsentRow {
	v := view.ConsentRow{When: r.Accepted.Format(s.Zone), Method: r.Method, Day: payment.DayInWords(r.Day), How: r.How, State: "In force", Active: r.Ended.IsZero(),
		Record: autoPayPath(who) + "/papers/" + strconv.Itoa(r.Number) + ".pdf", SHA256: r.SHA256}
	if r.Limit > 0 {
		v.Limit = r.Limit.String()
	}
	if r.Signed != "" {
		v.How = "signed on " + r.Signed.String() + ", " + strings.TrimPrefix(r.How, "signed on paper, ")
	}
	if r.HasForm {
		v.Form = autoPayPath(who) + "/papers/" + strconv.Itoa(r.Number) + "-form"
	}
	if !v.Active {
		v.State = "Ended " + r.Ended.Format(s.Zone) + ", " + r.EndedBy
	}
	return v
}

// onFile are the customer's cards and bank accounts that the processor in use
// can charge.
func (h *Handlers) onFile(ctx context.Context, id int64) ([]payment.Method, error) {
	wallet, err := h.Payments.Wallet(ctx, id)
	if err != nil {
		return nil, err
	}
	var list []payment.Method
	for _, m := range wallet.Methods {
		if !m.Expired && wallet.Closed == "" {
			list = append(list, m)
		}
	}
	return list, nil
}

func dayForm(who view.Ref, on bool, day, reason string, refused views.FieldErrors) view.DayForm {
	f := view.DayForm{Errors: refused, Action: autoPayPath(who) + "/day", On: on, Day: view.Choice{Label: "Day", Name: "day", Error: refused.Of("day")},
		Reason: views.Input{Label: "Reason (optional)", Name: "day_reason", Value: reason, MaxLength: 200, Autocomplete: "off", Error: refused.Of("day_reason")}}
	for n := 1; n <= 28; n++ {
		v := strconv.Itoa(n)
		f.Day.Options = append(f.Day.Options, view.Option{Value: v, Label: payment.DayInWords(n), Chosen: v == day})
	}
	return f
}

func offForm(who view.Ref, reason string, refused views.FieldErrors) view.ReasonForm {
	return view.ReasonForm{Errors: refused, ID: "off-form", Action: autoPayPath(who) + "/off", Title: "Switch off", Button: "Switch off",
		Words:   "It ends at once, what is planned and not sent yet with it. The customer is mailed, with the reason.",
		Confirm: "Switch Auto Pay off for " + who.Name + "?",
		Reason:  views.Input{Label: "Reason (optional)", Name: "off_reason", Value: reason, MaxLength: 200, Autocomplete: "off", Error: refused.Of("off_reason")}}
}

func customerHoldForm(who view.Ref, held bool, reason string, refused views.FieldErrors) view.ReasonForm {
	f := view.ReasonForm{Errors: refused, ID: "hold-form", Action: autoPayPath(who) + "/hold", Title: "Hold", Button: "Hold",
		Words:  "Nothing is taken of this customer until it is released. The authorization stays.",
		Reason: views.Input{Label: "Reason", Name: "hold_reason", Value: reason, MaxLength: 300, Autocomplete: "off", Error: refused.Of("hold_reason"), Required: true}}
	if held {
		f.Action, f.Title, f.Button = autoPayPath(who)+"/release", "Release", "Release"
		f.Words = "From now on it is taken again. What was skipped meanwhile stays open."
	}
	return f
}

// renamed gives the messages of a field to the box that has another name on a
// page of several forms.
func renamed(refused views.FieldErrors, from, to string) views.FieldErrors {
	out := make(views.FieldErrors, len(refused))
	for i, e := range refused {
		if e.Field == from || e.Field == "" {
			e.Field = to
		}
		out[i] = e
	}
	return out
}

// refusedForm answers a refused form of a customer's auto pay: with that form to
// htmx, else with the page that has it.
func (h *Handlers) refusedForm(c echo.Context, define string, form any, put func(p *view.AutoPayCustomerPage)) error {
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusUnprocessableEntity, "office/autopay_customer", define, form)
	}
	p, err := h.autoPayCustomerPage(c)
	if err != nil {
		return err
	}
	put(p)
	p.Title = "Error: " + p.Title
	return h.Page(c, http.StatusUnprocessableEntity, "office/autopay_customer", p)
}

// arrangeDay arranges another day of the month with the customer.
func (h *Handlers) arrangeDay(c echo.Context) error {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	a, err := h.Payments.AutoPay(ctx, row.ID)
	if err != nil {
		return err
	}
	day, _ := strconv.Atoi(c.FormValue("day")) // 0 is refused as no day
	first, err := h.Payments.ArrangeDay(ctx, web.Actor(c), row.ID, day, c.FormValue("day_reason"))
	if refused, ok := web.FieldErrors(err); ok {
		f := dayForm(who, a.On, c.FormValue("day"), c.FormValue("day_reason"), renamed(refused, "reason", "day_reason"))
		return h.refusedForm(c, "day-form", f, func(p *view.AutoPayCustomerPage) { p.Day = f })
	}
	if err != nil {
		return err
	}
	words := "Arranged: the " + payment.DayInWords(day) + " of the month."
	if a.On {
		words = "Arranged: the " + payment.DayInWords(day) + ", from " + first.String() + " on. " + h.toldInWords(ctx, row.ID)
	}
	return h.SeeNotice(c, autoPayPath(who), words)
}

// toldInWords says whether the customer was mailed.
func (h *Handlers) toldInWords(ctx context.Context, id int64) string {
	emails, err := h.DB.Read().ListEmailsForCustomer(ctx, id)
	if err != nil || len(emails) == 0 {
		return "The customer has no e-mail address on file: please tell them."
	}
	return "The customer is mailed."
}

// autoPayOff switches a customer's auto pay off at once.
func (h *Handlers) autoPayOff(c echo.Context) error {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	err = h.Payments.TurnOffAtTheOffice(ctx, web.Actor(c), row.ID, c.FormValue("off_reason"))
	if refused, ok := web.FieldErrors(err); ok {
		f := offForm(who, c.FormValue("off_reason"), renamed(refused, "reason", "off_reason"))
		return h.refusedForm(c, "reason-form", f, func(p *view.AutoPayCustomerPage) { p.Off = &f })
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, autoPayPath(who), "Auto Pay is off. "+h.toldInWords(ctx, row.ID))
}

// holdCustomer and releaseCustomer keep auto pay from taking anything of one
// customer, and let it go on.
func (h *Handlers) holdCustomer(c echo.Context) error {
	return h.changeHold(c, false, h.AutoPay.Hold, "On hold: nothing is taken of this customer until it is released.")
}

func (h *Handlers) releaseCustomer(c echo.Context) error {
	return h.changeHold(c, true, h.AutoPay.Release, "Released.")
}

func (h *Handlers) changeHold(c echo.Context, held bool, change func(context.Context, audit.Actor, int64, string) error, done string) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	err = change(c.Request().Context(), web.Actor(c), row.ID, c.FormValue("hold_reason"))
	if fault.Is(err, fault.Conflict) { // somebody was quicker, and it is as it was wanted
		return h.SeeNotice(c, backTo(c, autoPayPath(who)), done)
	}
	if refused, ok := web.FieldErrors(err); ok {
		f := customerHoldForm(who, held, c.FormValue("hold_reason"), renamed(refused, "reason", "hold_reason"))
		f.Back = backTo(c, "")
		return h.refusedForm(c, "reason-form", f, func(p *view.AutoPayCustomerPage) { p.HoldForm = &f })
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, backTo(c, autoPayPath(who)), done)
}

// backTo is the page that a hold was come from, else the given one.
func backTo(c echo.Context, fallback string) string {
	if back := c.FormValue("back"); back != "" {
		return web.SafePath(back, fallback)
	}
	return fallback
}

// signedForm shows the form that switches auto pay on with a signed paper.
func (h *Handlers) signedForm(c echo.Context) error {
	p, err := h.signedFormPage(c, c.QueryParam, nil)
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/autopay_form", "paper-text", p.Form.Text)
	}
	return h.Page(c, http.StatusOK, "office/autopay_form", p)
}

func (h *Handlers) signedFormPage(c echo.Context, typed func(string) string, refused views.FieldErrors) (*view.AutoPayFormPage, error) {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return nil, err
	}
	methods, err := h.onFile(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	if len(methods) == 0 {
		return nil, fault.New(fault.Conflict, "The customer has no card or bank account on file that auto pay could draw on.")
	}
	p := &view.AutoPayFormPage{Base: views.Base{Title: "Switch on Auto Pay of " + who.Name, Tab: "customers", Errors: refused}, Customer: who}
	f := &p.Form
	f.Errors, f.Action, f.Back, f.Says = refused, who.Href+web.SignedFormPath, autoPayPath(who), typed("says") == "1"
	f.SaysWord, f.FileWord = refused.Of("says"), refused.Of("paper")
	f.Method = view.Choice{Label: "Card or bank account", Name: "method", Error: refused.Of("method")}
	chosen := methods[0].ID
	for _, m := range methods {
		id := strconv.FormatInt(m.ID, 10)
		if id == typed("method") {
			chosen = m.ID
		}
		f.Method.Options = append(f.Method.Options, view.Option{Value: id, Label: m.Label(), Chosen: id == typed("method")})
	}
	f.Limit = views.Input{Label: "Maximum per month (optional)", Name: "cap", Value: typed("cap"), Inputmode: "decimal", Autocomplete: "off", MaxLength: 20, Error: refused.Of("cap"),
		Hint: "In dollars, as the customer filled it in; empty for no maximum"}
	f.Signed = views.Input{Label: "Date signed", Name: "signed", Type: "date", Value: typed("signed"), Autocomplete: "off", Error: refused.Of("signed")}
	emails, err := h.DB.Read().ListEmailsForCustomer(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	f.NoMail = len(emails) == 0
	a, err := h.Payments.AutoPay(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	if a.On {
		f.Replaces = "Auto pay is on with " + a.Method + ". This takes the place of the authorization in force."
	}
	limit, err := h.Payments.ParseLimit(ctx, typed("cap"))
	if wrong, ok := web.FieldErrors(err); ok {
		f.Text.Error = wrong[0].Message
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := h.Payments.PaperConsent(ctx, row.ID, chosen, limit)
	if err != nil {
		return nil, err
	}
	f.Text = view.PaperText{Paragraphs: text.Paragraphs, First: text.First.String(),
		Print: autoPayPath(who) + "/form.pdf?" + url.Values{"method": {strconv.FormatInt(chosen, 10)}, "cap": {typed("cap")}}.Encode()}
	return p, nil
}

// blankForm sends the text on paper, to be signed.
func (h *Handlers) blankForm(c echo.Context) error {
	ctx := c.Request().Context()
	row, _, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(c.QueryParam("method"), 10, 64)
	if err != nil {
		return fault.Missing("payment method")
	}
	limit, err := h.Payments.ParseLimit(ctx, c.QueryParam("cap"))
	if err != nil {
		return err
	}
	paper, err := h.Payments.BlankConsent(ctx, row.ID, id, limit)
	if err != nil {
		return err
	}
	return web.Download(c, paper.Name, paper.MIME, paper.Body)
}

// enterSignedForm switches auto pay on with a signed paper.
func (h *Handlers) enterSignedForm(c echo.Context) error {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	file, err := uploaded(c, "paper", payment.MaxFormBytes)
	if err != nil {
		return err
	}
	method, _ := strconv.ParseInt(c.FormValue("method"), 10, 64) // 0 is refused as none
	err = h.Payments.TurnOnByForm(ctx, web.Actor(c), row.ID, payment.FormOrder{Method: method, Limit: c.FormValue("cap"),
		Signed: c.FormValue("signed"), Says: c.FormValue("says") == "1", File: file})
	if refused, ok := web.FieldErrors(err); ok {
		if file != nil && refused.Of("paper") == "" {
			// browsers do not send a file twice by themselves
			refused = append(refused, views.FieldError{Field: "paper", Message: "Please choose the signed form again"})
		}
		p, err := h.signedFormPage(c, c.FormValue, refused)
		if err != nil {
			return err
		}
		if web.IsHTMX(c) {
			return h.Fragment(c, http.StatusUnprocessableEntity, "office/autopay_form", "paper-form", p.Form)
		}
		p.Title = "Error: " + p.Title
		return h.Page(c, http.StatusUnprocessableEntity, "office/autopay_form", p)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, autoPayPath(who), "Auto Pay is on. "+h.toldInWords(ctx, row.ID))
}

// consentPaper sends the record of an authorization, "3.pdf", or the signed form
// it was entered from, "3-form", and writes down who took it.
func (h *Handlers) consentPaper(c echo.Context) error {
	ctx := c.Request().Context()
	row, _, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	name, send, what := web.Param(c, "paper"), h.Payments.ConsentPaper, "authorization "
	digits, ok := strings.CutSuffix(name, ".pdf")
	if !ok {
		digits, ok = strings.CutSuffix(name, "-form")
		send, what = h.Payments.ConsentForm, "signed form of authorization "
	}
	n, err := strconv.Atoi(digits)
	if !ok || err != nil {
		return fault.Missing("authorization")
	}
	var paper ledger.Paper
	if paper, err = send(ctx, row.ID, n); err != nil {
		return err
	}
	err = h.record(ctx, web.Actor(c), audit.Entry{Action: "consent.download", CustomerID: row.ID, Object: what + strconv.Itoa(n)})
	if err != nil {
		return err
	}
	return web.Download(c, paper.Name, paper.MIME, paper.Body)
}
