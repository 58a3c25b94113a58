package office

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/payment"
	"customerportal/views"
	view "customerportal/views/office"
)

// payLinks shows what goes to a customer about what is owed: the pay links of the
// open invoices, the reminders, a statement.
func (h *Handlers) payLinks(c echo.Context) error {
	p, err := h.payLinksPage(c, nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/paylinks", p)
}

func (h *Handlers) payLinksPage(c echo.Context, refused views.FieldErrors) (*view.PayLinksPage, error) {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return nil, err
	}
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	links, err := h.Ledger.PayLinks(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	now, today := h.Clock.Now(), h.Clock.Today(s.Zone)
	p := &view.PayLinksPage{Base: views.Base{Title: "Pay links and reminders of " + who.Name, Tab: "customers", Errors: refused}, Customer: who, Nonce: payment.NewNonce(),
		Reason: views.Input{Name: "reason", Label: "Why", MaxLength: 300, Required: true, Autocomplete: "off", Value: c.FormValue("reason"), Error: refused.Of("reason")},
		From:   views.Input{Name: "from", Label: "From", Type: "date", Required: true, Value: calendar.NewDate(today.Year(), 1, 1).ISO(), Error: refused.Of("from")},
		To:     views.Input{Name: "to", Label: "To", Type: "date", Required: true, Value: today.ISO(), Error: refused.Of("to")}}
	for _, in := range []*views.Input{&p.From, &p.To} {
		if typed := c.FormValue(in.Name); typed != "" {
			in.Value = typed
		}
	}
	for _, l := range links {
		r := view.PayLinkRow{Number: l.Invoice, Href: invoicePath(l.Invoice), Due: l.Due.String(), Balance: l.Balance.String(),
			Path: who.Href + "/paylinks/" + url.PathEscape(l.Invoice), Opens: l.Opens(now)}
		if l.Made {
			r.Mailed = l.Mailed.Format(s.Zone)
		}
		switch {
		case !l.Made:
			r.State, r.StateClass = "None yet", "state-off"
		case l.Revoked != 0:
			r.State, r.StateClass = "Revoked "+l.Revoked.Date(s.Zone).String(), "state-failed"
		case !r.Opens:
			r.State, r.StateClass = "Ran out "+l.Ends.Date(s.Zone).String(), "state-off"
		case l.Ends != 0:
			r.State, r.StateClass = "Opens until "+l.Ends.Date(s.Zone).String(), "state-ok"
		default:
			r.State, r.StateClass = "Opens", "state-ok"
		}
		p.AnyOpens = p.AnyOpens || r.Opens
		p.Links = append(p.Links, r)
	}
	hold, err := h.Reminders.HoldOf(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	if hold != nil {
		p.Hold = fmt.Sprintf("%s (%s%s)", hold.Reason, hold.At.Format(s.Zone), prefixed(", ", hold.By))
	}
	return p, nil
}

// fillPayLinks puts the way to that page onto the customer's.
func (h *Handlers) fillPayLinks(c echo.Context, p *view.CustomerPage, id int64) error {
	if !may(c, tellers) {
		return nil
	}
	hold, err := h.Reminders.HoldOf(c.Request().Context(), id)
	if err != nil {
		return err
	}
	p.PayLinksHref = p.Customer.Href + "/paylinks"
	if hold != nil {
		p.LeftAlone = hold.Reason
	}
	return nil
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// changePayLink shows, revokes or mails the pay link of one invoice.
func (h *Handlers) changePayLink(c echo.Context) error {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	number, back := web.Param(c, "invoice"), who.Href+"/paylinks"
	switch c.Param("verb") {
	case "show":
		link, err := h.Ledger.ShowPayLink(ctx, web.Actor(c), row.ID, number)
		if err != nil {
			return err
		}
		p, err := h.payLinksPage(c, nil)
		if err != nil {
			return err
		}
		p.ShownNumber, p.Shown = number, link
		return h.Page(c, http.StatusOK, "office/paylinks", p)
	case "revoke":
		if _, err := h.Ledger.RevokePayLink(ctx, web.Actor(c), row.ID, number); err != nil {
			return err
		}
		return h.SeeNotice(c, back, "The pay link of invoice "+number+" opens nothing any more.")
	case "mail":
		if err := h.Ledger.SendInvoiceOf(ctx, web.Actor(c), row.ID, c.FormValue("nonce"), number); err != nil {
			return err
		}
		return h.SeeNotice(c, back, "Invoice "+number+" is on its way by e-mail.")
	}
	return fault.Missing("page")
}

// revokePayLinks ends all pay links of a customer.
func (h *Handlers) revokePayLinks(c echo.Context) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	n, err := h.Ledger.RevokePayLink(c.Request().Context(), web.Actor(c), row.ID, "")
	if err != nil {
		return err
	}
	return h.SeeNotice(c, who.Href+"/paylinks", fmt.Sprintf("%d pay links open nothing any more.", n))
}

// holdReminders leaves a customer alone, or reminds him again.
func (h *Handlers) holdReminders(c echo.Context) error {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	back := who.Href + "/paylinks"
	switch c.Param("verb") {
	case "hold":
		err := h.Reminders.Hold(ctx, web.Actor(c), row.ID, c.FormValue("reason"))
		if refused, ok := web.FieldErrors(err); ok {
			return h.payLinksRefused(c, refused)
		}
		if err != nil {
			return err
		}
		return h.SeeNotice(c, back, "No reminders and no late fees until you say so.")
	case "release":
		if err := h.Reminders.Release(ctx, web.Actor(c), row.ID); err != nil {
			return err
		}
		return h.SeeNotice(c, back, "Reminders go out again.")
	}
	return fault.Missing("page")
}

func (h *Handlers) payLinksRefused(c echo.Context, refused views.FieldErrors) error {
	p, err := h.payLinksPage(c, refused)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusUnprocessableEntity, "office/paylinks", p)
}

// period reads the days of a statement's form.
func period(c echo.Context) (from, to calendar.Date, err error) {
	var refused fault.Fields
	day := func(name string) calendar.Date {
		d, err := calendar.ParseDate(c.FormValue(name))
		if err != nil {
			refused.Add(name, "%s", err.Error())
		}
		return d
	}
	from, to = day("from"), day("to")
	return from, to, refused.Err()
}

// statementPDF sends a customer's account over a period to staff.
func (h *Handlers) statementPDF(c echo.Context) error { return h.statement(c, h.Ledger.StatementPaper) }

// statementCSV sends the same for a spreadsheet.
func (h *Handlers) statementCSV(c echo.Context) error { return h.statement(c, h.Ledger.StatementTable) }

func (h *Handlers) statement(c echo.Context, draw func(ctx context.Context, customer int64, from, to calendar.Date) (ledger.Paper, error)) error {
	ctx := c.Request().Context()
	row, _, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	from, to, err := period(c)
	var paper ledger.Paper
	if err == nil {
		paper, err = draw(ctx, row.ID, from, to)
	}
	if refused, ok := web.FieldErrors(err); ok {
		return h.payLinksRefused(c, refused)
	}
	if err != nil {
		return err
	}
	if err := h.record(ctx, web.Actor(c), audit.Entry{Action: "statement.download", CustomerID: row.ID, Object: from.ISO() + " to " + to.ISO()}); err != nil {
		return err
	}
	return web.Download(c, paper.Name, paper.MIME, paper.Body)
}

// mailStatement mails a statement to the customer.
func (h *Handlers) mailStatement(c echo.Context) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	from, to, err := period(c)
	addresses := 0
	if err == nil {
		addresses, err = h.Ledger.MailStatement(c.Request().Context(), web.Actor(c), row.ID, c.FormValue("nonce"), from, to)
	}
	if refused, ok := web.FieldErrors(err); ok {
		return h.payLinksRefused(c, refused)
	}
	if err != nil {
		return err
	}
	notice := "The statement is on its way by e-mail."
	if addresses > 1 {
		notice = fmt.Sprintf("The statement is on its way to %d addresses.", addresses)
	}
	return h.SeeNotice(c, who.Href+"/paylinks", notice)
}

// reminders shows what the next run brings and what the last ones did.
func (h *Handlers) reminders(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	plan, err := h.Reminders.Preview(ctx)
	if err != nil {
		return err
	}
	const shown = 100
	p := &view.RemindersPage{Base: views.Base{Title: "Reminders and late fees", Tab: "mail"}, Day: plan.Day.String(), On: plan.Reminders, FeesOn: plan.LateFees,
		Days: s.Value("reminders.days"), Owner: may(c, owners)}
	for _, l := range plan.Letters {
		if l.Why == "" {
			p.Mails++
		}
		if len(p.Letters) == shown {
			p.MoreLetters++
			continue
		}
		r := view.LetterRow{Customer: ref(l.CustomerNumber, l.Name), Total: l.Total.String(), Why: l.Why}
		for _, o := range l.Invoices {
			r.Invoices = append(r.Invoices, fmt.Sprintf("%s, %s, %s", o.Number, o.Payable(), o.Age(plan.Day)))
		}
		p.Letters = append(p.Letters, r)
	}
	for _, f := range plan.Fees {
		if len(p.Fees) == shown {
			p.MoreFees++
			continue
		}
		p.Fees = append(p.Fees, view.FeeRow{Customer: ref(f.CustomerNumber, f.Name), Invoice: f.Invoice, InvoiceHref: invoicePath(f.Invoice), Due: f.Due.String(), Amount: f.Cents.String(), Why: f.Why})
	}
	done, err := h.DB.Read().ListReminders(ctx, shown)
	if err != nil {
		return err
	}
	for _, r := range done {
		row := view.ReminderRow{Day: r.SentDate.String(), Customer: ref(r.CustomerNumber, r.DisplayName), Invoice: r.Number, InvoiceHref: invoicePath(r.Number), Step: stepInWords(r.Days), Outcome: "Mailed", Class: "state-ok"}
		if r.Outcome != "mailed" {
			row.Outcome, row.Class, row.Why = "Not mailed", "state-off", r.Reason
		}
		p.Done = append(p.Done, row)
	}
	charged, err := h.DB.Read().ListLateFees(ctx, shown)
	if err != nil {
		return err
	}
	for _, f := range charged {
		state, class := "Open", "state-due"
		switch {
		case f.State == "void":
			state, class = "Voided", "state-off"
		case f.BalanceCents == 0:
			state, class = "Paid", "state-paid"
		}
		p.Charged = append(p.Charged, view.FeeRow{Customer: ref(f.CustomerNumber, f.DisplayName), Day: f.At.Date(s.Zone).String(), Invoice: f.Number, InvoiceHref: invoicePath(f.Number),
			Fee: f.FeeNumber, FeeHref: invoicePath(f.FeeNumber), Amount: f.Cents.String(), State: state, Class: class})
	}
	return h.Page(c, http.StatusOK, "office/reminders", p)
}

func stepInWords(days int64) string {
	switch {
	case days < 0:
		return fmt.Sprintf("%d before it is due", -days)
	case days == 0:
		return "on the due date"
	}
	return fmt.Sprintf("%d past due", days)
}
