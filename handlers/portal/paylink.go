package portal

import (
	"errors"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/payment"
	"customerportal/views"
	pages "customerportal/views/portal"
)

// A pay link opens one customer's open invoices for whoever has it. Nothing here
// asks who is logged in, shows what is behind the login, or changes anything on
// a GET: mail scanners and prefetchers open links, too.

// guest is whoever came by a pay link that opens.
type guest struct {
	ledger.Visit
	path string // "/p/{token}"
}

// payments is the address of one payment under the link.
func (g guest) payment(reference string) string {
	return g.path + "/payments/" + url.PathEscape(reference)
}

// wrongLinks bounds how many links that open nothing one address may try.
const (
	wrongLinks  = 60
	wrongWithin = 10 * time.Minute
)

// linked lets the handler be called with the link of the address. Whatever does
// not open, and whatever is not the link's, is one and the same page.
func (h *Handlers) linked(next func(c echo.Context, g guest) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("X-Robots-Tag", "noindex, nofollow")
		if wait := h.wrong.wait(c.RealIP(), h.Clock()); wait > 0 {
			c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
			return h.noLink(c, http.StatusTooManyRequests)
		}
		v, err := h.Ledger.OpenPayLink(c.Request().Context(), c.Param("token"))
		if fault.Is(err, fault.NotFound) {
			h.wrong.count(c.RealIP(), h.Clock())
			return h.noLink(c, http.StatusNotFound)
		}
		if err != nil {
			return err
		}
		err = next(c, guest{Visit: v, path: "/p/" + c.Param("token")})
		if fault.Is(err, fault.NotFound) {
			return h.noLink(c, http.StatusNotFound)
		}
		return err
	}
}

// noLink is the page of a link that opens nothing, for whatever reason.
func (h *Handlers) noLink(c echo.Context, status int) error {
	if web.IsHTMX(c) && c.Request().Method != http.MethodGet {
		return web.See(c, "/p/"+url.PathEscape(c.Param("token")))
	}
	return h.Page(c, status, "portal/no_link", &pages.NoLinkPage{Base: views.Base{Title: "This link does not open"}})
}

// payLink shows what is open: the invoice of the mail on Yes, or all when nothing
// is left to pay on that one; or the choices of an attempt that did not go
// through.
func (h *Handlers) payLink(c echo.Context, g guest) error {
	ctx := c.Request().Context()
	s := paying{choice: payment.Choice{Rows: map[string]payment.RowChoice{}, Guest: true}}
	if again := c.QueryParam("again"); again != "" {
		r, err := h.Payments.GuestPayment(ctx, g.CustomerID, again, false)
		if err != nil {
			return err
		}
		if s.choice, err = h.Payments.Chosen(ctx, g.CustomerID, again); err != nil {
			return err
		}
		s.choice.Guest = true
		switch {
		case r.State.GaveUp():
			s.previous = r.Reference
			s.problem = pages.PayProblem{Heading: "Your payment was not made", Message: r.Message}
		case r.State == payment.Action && r.Redirect != "":
			s.problem = pages.PayProblem{Heading: "You came back without paying", Message: "Nothing was charged. Your choices are still here."}
		default:
			return web.See(c, g.payment(r.Reference))
		}
		return h.linkScreen(c, http.StatusOK, g, s)
	}
	open, err := ledger.Payable(ctx, h.DB.Read(), g.CustomerID)
	if err != nil {
		return err
	}
	own := slices.ContainsFunc(open, func(o ledger.OpenInvoice) bool { return o.Number == g.Invoice && o.Payable() > 0 })
	for _, o := range open {
		s.choice.Rows[o.Number] = payment.RowChoice{Yes: o.Payable() > 0 && (!own || o.Number == g.Invoice)}
	}
	return h.linkScreen(c, http.StatusOK, g, s)
}

// linkPreview answers a changed choice, as payPreview does.
func (h *Handlers) linkPreview(c echo.Context, g guest) error {
	s, err := readPreview(c)
	if err != nil {
		return err
	}
	return h.linkScreen(c, http.StatusOK, g, s.asGuest())
}

// linkSubmit opens the processor's page for the payment.
func (h *Handlers) linkSubmit(c echo.Context, g guest) error {
	s, err := readPaying(c)
	if err != nil {
		return err
	}
	s = s.asGuest()
	r, err := h.Payments.Submit(c.Request().Context(), web.Actor(c), g.CustomerID,
		payment.Order{Choice: s.choice, Nonce: s.nonce, Previous: s.previous, Total: c.FormValue("total")})
	if refused, ok := web.FieldErrors(err); ok {
		s.refused = refused
		status := http.StatusUnprocessableEntity
		if fault.Is(err, fault.Conflict) {
			status = http.StatusConflict
			if earlier, ok := errors.AsType[*payment.Earlier](err); ok {
				s.earlier = g.payment(earlier.Reference)
			}
		}
		return h.linkScreen(c, status, g, s)
	}
	if err != nil {
		return err
	}
	switch {
	case r.State == payment.Action && r.Redirect != "":
		h.rememberLink(c, r.Reference)
		return web.See(c, r.Redirect)
	case r.State.GaveUp():
		s.previous = r.Reference
		s.problem = pages.PayProblem{Heading: "Your payment was not made", Message: r.Message}
		return h.linkScreen(c, http.StatusPaymentRequired, g, s)
	}
	return web.See(c, g.payment(r.Reference))
}

// asGuest takes from a form whatever only a customer may choose.
func (s paying) asGuest() paying {
	s.choice.Guest, s.choice.Method, s.choice.Keep = true, payment.NewMethod, false
	return s
}

// linkScreen renders the screen, to htmx its form alone.
func (h *Handlers) linkScreen(c echo.Context, status int, g guest, s paying) error {
	f, status, err := h.payForm(c, status, g.CustomerID, s)
	if err != nil {
		return err
	}
	f.Guest, f.Action = true, g.path
	for i := range f.Rows {
		f.Rows[i].Site, f.Rows[i].ViewHref = "", ""
	}
	if web.IsHTMX(c) {
		return h.Fragment(c, status, "portal/pay_link", "pay-form", f)
	}
	return h.Page(c, status, "portal/pay_link", &pages.PayLinkPage{Base: views.Base{Title: "Pay your invoices", Errors: f.Errors}, Customer: g.CustomerName, Form: f})
}

// linkCookie is the cookie in which a visitor's browser keeps which link a
// payment was made by, while he is on the processor's page.
func (h *Handlers) linkCookie(reference string) string {
	name := "link-" + reference
	if h.Secure() {
		name = "__Host-" + name
	}
	return name
}

func (h *Handlers) rememberLink(c echo.Context, reference string) {
	c.SetCookie(&http.Cookie{Name: h.linkCookie(reference), Value: c.Param("token"), Path: "/", MaxAge: int((2 * time.Hour).Seconds()),
		Secure: h.Secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// linkReturn is where the processor's page sends a guest back to, paid or not.
// It looks up what became of the payment and goes on to the link it was made by.
// A browser that keeps no cookies is told to open the link once more.
func (h *Handlers) linkReturn(c echo.Context) error {
	c.Response().Header().Set("X-Robots-Tag", "noindex, nofollow")
	ctx, reference := c.Request().Context(), c.QueryParam("payment")
	thanks := func() error {
		return h.Page(c, http.StatusOK, "portal/no_link", &pages.NoLinkPage{Base: views.Base{Title: "Back from the payment page"}, Returned: true})
	}
	if strings.ContainsFunc(reference, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && r != '-' }) {
		return thanks()
	}
	cookie, err := c.Cookie(h.linkCookie(reference))
	if err != nil {
		return thanks()
	}
	v, err := h.Ledger.OpenPayLink(ctx, cookie.Value)
	if fault.Is(err, fault.NotFound) {
		return thanks()
	}
	if err != nil {
		return err
	}
	g := guest{Visit: v, path: "/p/" + url.PathEscape(cookie.Value)}
	r, err := h.Payments.GuestPayment(ctx, g.CustomerID, reference, true)
	if fault.Is(err, fault.NotFound) {
		return thanks()
	}
	if err != nil {
		return err
	}
	if r.State.GaveUp() || r.State == payment.Action && r.Redirect != "" {
		return web.See(c, g.path+"?again="+url.QueryEscape(r.Reference))
	}
	return web.See(c, g.payment(r.Reference))
}

// linkPayment shows one payment that was made by a pay link, and nothing else.
func (h *Handlers) linkPayment(c echo.Context, g guest) error {
	return h.linkReceipt(c, http.StatusOK, g, "", nil)
}

func (h *Handlers) linkReceipt(c echo.Context, status int, g guest, email string, refused views.FieldErrors) error {
	ctx, reference := c.Request().Context(), web.Param(c, "ref")
	now, err := h.Payments.GuestPayment(ctx, g.CustomerID, reference, false)
	if err != nil {
		return err
	}
	r, err := h.Ledger.ReceiptFor(ctx, g.CustomerID, reference)
	if err != nil {
		return err
	}
	p := &pages.LinkPaymentPage{Base: views.Base{Title: "Payment " + r.Reference, Errors: refused}, Heading: paymentHeading(r.State), Path: g.payment(r.Reference),
		Reference: r.Reference, Date: r.Date, Type: r.Type, Method: r.Method, Amount: r.Amount, State: string(r.State), StateClass: web.PaymentClass(r.State),
		Meaning: r.State.Meaning(), Failure: r.Failure, Sandbox: r.Sandbox, Checking: r.State == ledger.Checking, GoOn: now.Redirect, Back: g.path}
	if now.State.GaveUp() {
		p.Again = g.path + "?again=" + url.QueryEscape(r.Reference)
	}
	for _, part := range r.Parts {
		p.Parts = append(p.Parts, pages.PaymentPart{Invoice: part.Invoice, Amount: part.Amount})
	}
	if r.State.HasReceipt() {
		p.Email = views.Input{Label: "E-mail address", Name: "email", Type: "email", Value: email, Autocomplete: "email", MaxLength: 254, Required: true, Error: refused.Of("email")}
	}
	return h.Page(c, status, "portal/link_payment", p)
}

// linkMail mails the receipt to whom the payer names.
func (h *Handlers) linkMail(c echo.Context, g guest) error {
	email, reference := c.FormValue("email"), web.Param(c, "ref")
	err := h.Payments.MailGuestReceipt(c.Request().Context(), web.Actor(c), g.CustomerID, reference, email)
	if refused, ok := web.FieldErrors(err); ok {
		return h.linkReceipt(c, http.StatusUnprocessableEntity, g, email, refused)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, g.payment(reference), "The receipt is on its way to "+strings.TrimSpace(email)+".")
}

// linkAgain leads on from an address that only a form is sent to.
func (h *Handlers) linkAgain(c echo.Context, g guest) error {
	if reference := web.Param(c, "ref"); reference != "" {
		return web.See(c, g.payment(reference))
	}
	return web.See(c, g.path)
}

// tries counts the links that opened nothing, by the address they came from. It
// lives in memory: a GET writes nothing into the books, and what would be left
// to guess are 128 bits.
type tries struct {
	mu     sync.Mutex
	before map[string]tried
}

type tried struct {
	since time.Time
	n     int
}

// mostTried bounds the memory; beyond it counting begins anew.
const mostTried = 10_000

// origin is whom an address counts for: an IPv6 one for its /64.
func origin(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	if a = a.Unmap(); a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// wait returns for how long an address has to wait, 0 when it has not.
func (t *tries) wait(ip string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.before[origin(ip)]
	if b.n < wrongLinks {
		return 0
	}
	return max(0, b.since.Add(wrongWithin).Sub(now))
}

func (t *tries) count(ip string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.before == nil || len(t.before) >= mostTried {
		t.before = map[string]tried{}
	}
	b := t.before[origin(ip)]
	if now.Sub(b.since) >= wrongWithin {
		b = tried{since: now}
	}
	b.n++
	t.before[origin(ip)] = b
}
