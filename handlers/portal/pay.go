package portal

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
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

// pay shows the payment screen: with the invoices of the address or all of them
// on Yes, or with the choices of an attempt that did not go through.
func (h *Handlers) pay(c echo.Context) error {
	ctx, customer := c.Request().Context(), web.Who(c).CustomerID
	s := paying{choice: payment.Choice{Rows: map[string]payment.RowChoice{}}}
	if again := c.QueryParam("again"); again != "" {
		r, err := h.Payments.Return(ctx, customer, again)
		if err != nil {
			return err
		}
		if s.choice, err = h.Payments.Chosen(ctx, customer, again); err != nil {
			return err
		}
		switch {
		case r.State.GaveUp():
			s.previous = r.Reference
			s.problem = pages.PayProblem{Heading: "Your payment was not made", Message: r.Message}
		case r.State == payment.Action && r.Redirect != "":
			s.problem = pages.PayProblem{Heading: "You came back without paying", Message: "Nothing was charged. Your choices are still here."}
		default:
			return web.See(c, paymentHref(r.Reference))
		}
	}
	for _, number := range c.QueryParams()["invoice"] {
		s.choice.Rows[number] = payment.RowChoice{Yes: true}
	}
	if c.QueryParam("all") == "1" {
		open, err := ledger.Payable(ctx, h.DB.Read(), customer)
		if err != nil {
			return err
		}
		for _, o := range open {
			s.choice.Rows[o.Number] = payment.RowChoice{Yes: o.Payable() > 0}
		}
	}
	return h.payScreen(c, http.StatusOK, s)
}

// payPreview answers a changed choice with the checked amounts and the sum.
// Without script it also turns a row's Yes to No and opens its box.
func (h *Handlers) payPreview(c echo.Context) error {
	s, err := readPreview(c)
	if err != nil {
		return err
	}
	return h.payScreen(c, http.StatusOK, s)
}

// readPreview reads the form and what was pressed in it.
func readPreview(c echo.Context) (paying, error) {
	s, err := readPaying(c)
	if err != nil {
		return s, err
	}
	if flip := c.FormValue("flip"); flip != "" && c.FormValue("local") == "" {
		row := s.choice.Rows[flip]
		row.Yes = !row.Yes
		s.choice.Rows[flip] = row
	}
	s.editing = c.FormValue("edit")
	return s, nil
}

// payCredit puts the customer's credit towards the invoices on Yes.
func (h *Handlers) payCredit(c echo.Context) error {
	s, err := readPaying(c)
	if err != nil {
		return err
	}
	who := web.Who(c)
	applied, err := h.Payments.UseCredit(c.Request().Context(), web.Actor(c), who.CustomerID, payment.Order{Choice: s.choice, Nonce: s.nonce})
	if err != nil {
		return h.payRefused(c, s, err)
	}
	notice := "Your credit was used already."
	if applied > 0 {
		notice = applied.String() + " of your credit is used."
	}
	// the rows that are still open stay chosen
	var left []string
	open, err := ledger.Payable(c.Request().Context(), h.DB.Read(), who.CustomerID)
	if err != nil {
		return err
	}
	for _, o := range open {
		if s.choice.Rows[o.Number].Yes {
			left = append(left, "invoice="+url.QueryEscape(o.Number))
		}
	}
	if len(left) == 0 {
		return h.SeeNotice(c, "/", notice)
	}
	return h.SeeNotice(c, "/pay?"+strings.Join(left, "&"), notice)
}

// paySubmit takes the payment.
func (h *Handlers) paySubmit(c echo.Context) error {
	s, err := readPaying(c)
	if err != nil {
		return err
	}
	r, err := h.Payments.Submit(c.Request().Context(), web.Actor(c), web.Who(c).CustomerID,
		payment.Order{Choice: s.choice, Nonce: s.nonce, Previous: s.previous, Total: c.FormValue("total")})
	if err != nil {
		return h.payRefused(c, s, err)
	}
	switch {
	case r.State == payment.Action && r.Redirect != "":
		return web.See(c, r.Redirect)
	case r.State.GaveUp():
		s.previous = r.Reference
		s.problem = pages.PayProblem{Heading: "Your payment was not made", Message: r.Message}
		return h.payScreen(c, http.StatusPaymentRequired, s)
	}
	return web.See(c, paymentHref(r.Reference))
}

// seeOther leads on from an address that only a form is sent to. Without script
// such an address stays behind a refused form, and is reloaded and kept.
func seeOther(path string) echo.HandlerFunc {
	return func(c echo.Context) error { return web.See(c, path) }
}

// payRefused shows the screen again with every choice kept.
func (h *Handlers) payRefused(c echo.Context, s paying, err error) error {
	refused, ok := web.FieldErrors(err)
	if !ok {
		return err
	}
	s.refused = refused
	status := http.StatusUnprocessableEntity
	if fault.Is(err, fault.Conflict) {
		status = http.StatusConflict
		if earlier, ok := errors.AsType[*payment.Earlier](err); ok {
			s.earlier = paymentHref(earlier.Reference)
		}
	}
	return h.payScreen(c, status, s)
}

// payReturn is where the processor's page sends the customer back to, paid or
// not. It looks up what became of the payment and shows that; it may be
// reloaded, bookmarked and opened without its query.
func (h *Handlers) payReturn(c echo.Context) error {
	reference := c.QueryParam("payment")
	r, err := h.Payments.Return(c.Request().Context(), web.Who(c).CustomerID, reference)
	if reference == "" && fault.Is(err, fault.NotFound) {
		return web.See(c, "/payments")
	}
	if err != nil {
		return err
	}
	if r.State.GaveUp() || r.State == payment.Action && r.Redirect != "" {
		return web.See(c, "/pay?again="+url.QueryEscape(r.Reference))
	}
	return web.See(c, paymentHref(r.Reference))
}

// paying is the payment screen's form as it came in, and what is said about it.
type paying struct {
	choice          payment.Choice
	nonce, previous string
	editing         string // the invoice whose box is open
	problem         pages.PayProblem
	refused         views.FieldErrors
	earlier         string
}

// readPaying reads the form. Amounts stay as they were typed.
func readPaying(c echo.Context) (paying, error) {
	form, err := c.FormParams()
	if err != nil {
		return paying{}, echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
	}
	kind := form.Get("kind")
	s := paying{nonce: form.Get("nonce"), previous: form.Get("previous"), choice: payment.Choice{
		Rows: map[string]payment.RowChoice{}, Kind: kind, Method: form.Get("method-" + kind), Keep: form.Get("keep-"+kind) == "1"}}
	for _, number := range form["row"] {
		s.choice.Rows[number] = payment.RowChoice{Amount: form.Get(payment.AmountField(number)), Was: form.Get("was-" + payment.Key(number))}
	}
	for _, number := range form["pay"] {
		row, shown := s.choice.Rows[number]
		if !shown {
			row = payment.RowChoice{Amount: form.Get(payment.AmountField(number)), Was: form.Get("was-" + payment.Key(number))}
		}
		row.Yes = true
		s.choice.Rows[number] = row
	}
	return s, nil
}

// payScreen renders the screen, to htmx its form alone.
func (h *Handlers) payScreen(c echo.Context, status int, s paying) error {
	f, status, err := h.payForm(c, status, web.Who(c).CustomerID, s)
	if err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, status, "portal/pay", "pay-form", f)
	}
	return h.Page(c, status, "portal/pay", &pages.PayPage{Base: views.Base{Title: "Make a payment", Tab: "invoices", Errors: f.Errors}, Form: f})
}

// payForm fills the screen's form, with a fresh nonce. A refused amount makes it
// a refused form, of which a whole page tells on top as well.
func (h *Handlers) payForm(c echo.Context, status int, customer int64, s paying) (pages.PayForm, int, error) {
	ctx := c.Request().Context()
	screen, err := h.Payments.Preview(ctx, customer, s.choice)
	if err != nil {
		return pages.PayForm{}, status, err
	}
	today, err := h.Ledger.Today(ctx)
	if err != nil {
		return pages.PayForm{}, status, err
	}
	f := pages.PayForm{Action: "/pay", Errors: s.refused, Nonce: payment.NewNonce(), Previous: s.previous, Problem: s.problem, Earlier: s.earlier,
		Total: screen.Total, Credit: screen.Credit, Closed: screen.Closed}
	for _, r := range screen.Rows {
		state := r.State(today)
		row := pages.PayRow{Number: r.Number, Key: payment.Key(r.Number), Date: r.Date, Due: r.Due, Site: r.Site, Balance: r.Balance,
			State: string(state), StateClass: web.InvoiceClass(state), Age: r.Age(today), Yes: r.Yes, Amount: r.Amount, Typed: r.Amount.Plain(),
			Editing: r.Error != "" || r.Number == s.editing, Error: r.Error, Reason: r.Reason, ViewHref: viewHref(r.Number)}
		if r.Error != "" {
			row.Typed = r.Typed
			if status == http.StatusOK {
				status = http.StatusUnprocessableEntity
			}
			if len(s.refused) == 0 && !web.IsHTMX(c) {
				f.Errors = append(f.Errors, views.FieldError{Field: "amount-" + row.Key, Message: r.Error})
			}
		}
		f.Payable = f.Payable || r.Reason == ""
		f.Rows = append(f.Rows, row)
	}
	if c.Request().Method == http.MethodGet {
		f.Gone = gone(c.QueryParams()["invoice"], screen.Rows)
	}
	s.choice.Kind, s.choice.Method = string(screen.Kind), screen.Method
	for _, k := range screen.Kinds {
		f.Kinds = append(f.Kinds, payKind(k, screen.Methods, s.choice, s.refused))
	}
	return f, status, nil
}

// gone lists the numbers that are not among the open invoices any more, as after
// the browser's Back from a payment.
func gone(numbers []string, rows []payment.Row) []string {
	return slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(numbers))), func(number string) bool {
		return slices.ContainsFunc(rows, func(r payment.Row) bool { return strings.EqualFold(r.Number, number) })
	})
}

// payKind fills one box of "Pay with" and its drop-down.
func payKind(k gateway.Kind, methods []payment.Method, chosen payment.Choice, refused views.FieldErrors) pages.PayKind {
	v := pages.PayKind{Kind: string(k), Label: ledger.Kind(k).Label(), Chosen: chosen.Kind == string(k), New: "New credit card…",
		KeepLabel: "Keep this card on file for next time", Keep: chosen.Kind == string(k) && chosen.Keep, Error: refused.Of("method-" + string(k))}
	if k == gateway.ECheck {
		v.New, v.KeepLabel = "New eCheck…", "Keep this bank account on file for next time"
	}
	picked := false
	for _, m := range methods {
		if m.Kind != k {
			continue
		}
		id := strconv.FormatInt(m.ID, 10)
		entry := pages.PayMethod{ID: id, Label: m.Label(), Expired: m.Expired}
		// the newest that works is ready, unless another one was chosen
		if v.Chosen && chosen.Method != "" {
			entry.Chosen = chosen.Method == id
		} else if !picked && !m.Expired {
			entry.Chosen, picked = true, true
		}
		v.Methods = append(v.Methods, entry)
	}
	v.NewChosen = v.Chosen && chosen.Method == payment.NewMethod
	return v
}

// webhook takes an event from a payment processor. Who sends it is proven by its
// signature; it needs no session, and no browser can send it.
func (h *Handlers) webhook(c echo.Context) error {
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return err
	}
	err = h.Payments.Receive(c.Request().Context(), c.Param("gateway"), body, c.Request().Header.Get)
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusOK)
}
