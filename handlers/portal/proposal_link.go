package portal

import (
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/fault"
	"customerportal/internal/proposal"
	"customerportal/views"
	pages "customerportal/views/portal"
)

// A mailed link opens one version of a proposal for who has no log-in, once its
// browser has confirmed by a code that was mailed to the same address. A GET
// mails nothing, confirms nothing and decides nothing.

// proposalLinked lets the handler be called with the link of the address,
// confirmed or not. What does not open is one and the same page.
func (h *Handlers) proposalLinked(next func(c echo.Context, l proposal.Link) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("X-Robots-Tag", "noindex, nofollow")
		if wait := h.wrong.wait(c.RealIP(), h.Clock()); wait > 0 {
			c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
			return h.noProposal(c, http.StatusTooManyRequests)
		}
		l, err := h.Proposals.OpenLink(c.Request().Context(), c.Param("token"))
		if fault.Is(err, fault.NotFound) {
			h.wrong.count(c.RealIP(), h.Clock())
			return h.noProposal(c, http.StatusNotFound)
		}
		if err != nil {
			return err
		}
		err = next(c, l)
		if fault.Is(err, fault.NotFound) {
			return h.noProposal(c, http.StatusNotFound)
		}
		return err
	}
}

func (h *Handlers) noProposal(c echo.Context, status int) error {
	if web.IsHTMX(c) && c.Request().Method != http.MethodGet {
		return web.See(c, linkHref(c))
	}
	return h.Page(c, status, "portal/no_link", &pages.NoLinkPage{Base: views.Base{Title: "This link does not open"}})
}

func linkHref(c echo.Context) string { return "/s/" + c.Param("token") }

// proposalCookie is the cookie of a browser that confirmed by a code.
func (h *Handlers) proposalCookie(l proposal.Link) string {
	name := fmt.Sprintf("proposal-%d", l.ID)
	if h.Secure() {
		name = "__Host-" + name
	}
	return name
}

// inside lets the handler be called with the proposal of a confirmed link; who
// has not confirmed yet is asked to.
func (h *Handlers) inside(next func(c echo.Context, o offered) error) echo.HandlerFunc {
	return h.proposalLinked(func(c echo.Context, l proposal.Link) error {
		value := ""
		if cookie, err := c.Cookie(h.proposalCookie(l)); err == nil {
			value = cookie.Value
		}
		ok, err := h.Proposals.Inside(c.Request().Context(), l, value)
		if err != nil {
			return err
		}
		if !ok {
			if c.Path() != "/s/:token" {
				return web.See(c, linkHref(c))
			}
			return h.codeScreen(c, http.StatusOK, l, pages.CodeForm{})
		}
		return next(c, offered{who: proposal.Reader{By: web.Actor(c), CustomerID: l.CustomerID, Link: l}, number: l.Number, version: l.Version, path: linkHref(c)})
	})
}

// codeScreen shows who the proposal is from, and the way in.
func (h *Handlers) codeScreen(c echo.Context, status int, l proposal.Link, f pages.CodeForm) error {
	f.Path, f.To = linkHref(c), l.Masked()
	f.Input = views.Input{Label: "Code", Name: "code", Autocomplete: "one-time-code", Inputmode: "numeric", MaxLength: 12, Required: true, Error: f.Errors.Of("code"),
		Hint: "The six digits that we mailed to " + f.To + ". Look in the junk folder, too."}
	if web.IsHTMX(c) {
		return h.Fragment(c, status, "portal/proposal_code", "code-form", f)
	}
	return h.Page(c, status, "portal/proposal_code", &pages.CodePage{Base: views.Base{Title: "A proposal for you", Errors: f.Errors}, Form: f})
}

// proposalCode mails a code.
func (h *Handlers) proposalCode(c echo.Context, l proposal.Link) error {
	err := h.Proposals.SendCode(c.Request().Context(), web.Actor(c), l)
	if refused, ok := web.FieldErrors(err); ok {
		return h.codeScreen(c, statusOfCode(err), l, pages.CodeForm{Sent: true, Errors: refused})
	}
	if err != nil {
		return err
	}
	return h.codeScreen(c, http.StatusOK, l, pages.CodeForm{Sent: true})
}

// proposalConfirm lets the browser in that brings the code.
func (h *Handlers) proposalConfirm(c echo.Context, l proposal.Link) error {
	value, err := h.Proposals.ConfirmCode(c.Request().Context(), web.Actor(c), l, c.FormValue("code"))
	if refused, ok := web.FieldErrors(err); ok {
		return h.codeScreen(c, statusOfCode(err), l, pages.CodeForm{Sent: true, Errors: refused})
	}
	if err != nil {
		return err
	}
	c.SetCookie(&http.Cookie{Name: h.proposalCookie(l), Value: value, Path: "/", Secure: h.Secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return web.See(c, linkHref(c))
}

func statusOfCode(err error) int {
	if fault.Is(err, fault.TooMany) {
		return http.StatusTooManyRequests
	}
	return http.StatusUnprocessableEntity
}

// proposalDeposit leads on to the deposit's pay link.
func (h *Handlers) proposalDeposit(c echo.Context, o offered) error {
	link, err := h.Proposals.PayDeposit(c.Request().Context(), o.who.Link)
	if err != nil {
		return err
	}
	return web.See(c, link)
}

// proposalAgain leads from an address that only a form is sent to back to the
// proposal.
func (h *Handlers) proposalAgain(c echo.Context, _ proposal.Link) error {
	return web.See(c, linkHref(c))
}
