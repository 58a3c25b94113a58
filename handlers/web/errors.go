package web

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"customerportal/internal/fault"
	"customerportal/views"
)

// statusOf is the one table from kinds of error to HTTP status.
var statusOf = map[fault.Kind]int{
	fault.Internal:    http.StatusInternalServerError,
	fault.Invalid:     http.StatusUnprocessableEntity,
	fault.NotFound:    http.StatusNotFound,
	fault.Conflict:    http.StatusConflict,
	fault.Forbidden:   http.StatusForbidden,
	fault.SignedOut:   http.StatusUnauthorized,
	fault.Declined:    http.StatusPaymentRequired,
	fault.TooMany:     http.StatusTooManyRequests,
	fault.Unavailable: http.StatusServiceUnavailable,
}

func asFault(err error) (*fault.Error, bool) { return errors.AsType[*fault.Error](err) }

// HandleError is the error edge: every error that a handler or the router
// returns ends here, is logged once when it is ours, and becomes a page.
func (a *App) HandleError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p := views.ErrorPage{Base: views.Base{Title: "Error"}, Status: http.StatusInternalServerError,
		Heading: "Something went wrong", Message: "This is our fault, not yours. Nothing was lost; please try again in a moment."}
	f, known := asFault(err)
	var he *echo.HTTPError
	switch {
	case known && f.Kind == fault.SignedOut:
		a.signedOut(c)
		return
	case known && f.Kind != fault.Internal:
		p.Status, p.Message, p.Heading = statusOf[f.Kind], f.Message, heading(f.Kind)
		if f.RetryAfter > 0 {
			c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
		}
	case errors.As(err, &he) && he.Code < 500:
		p.Status, p.Heading, p.Message = he.Code, "This did not work", http.StatusText(he.Code)+"."
		if he.Code == http.StatusNotFound || he.Code == http.StatusMethodNotAllowed {
			p.Heading, p.Message = heading(fault.NotFound), "There is no such page here."
		}
		if he.Code == http.StatusRequestEntityTooLarge {
			p.Heading, p.Message = "Too large", "What you sent is too large for us to take."
		}
	case errors.Is(err, context.Canceled):
		// the browser went away: nobody is there to answer
		p.Status = 499
	}
	p.Title = p.Heading
	if p.Status >= 500 {
		p.Reference = RequestID(c)
		a.Log.LogAttrs(c.Request().Context(), slog.LevelError, "request failed",
			slog.String("request", p.Reference), slog.String("route", c.Path()), slog.String("error", err.Error()))
	}
	a.sendError(c, &p)
}

func heading(k fault.Kind) string {
	switch k {
	case fault.NotFound:
		return "Not found"
	case fault.Forbidden:
		return "Not allowed"
	case fault.TooMany:
		return "Too many tries"
	case fault.Unavailable:
		return "Please try again in a moment"
	case fault.Conflict:
		return "This has changed"
	}
	return "This did not work"
}

// sendError renders the page; when even that fails it sends plain words.
func (a *App) sendError(c echo.Context, p *views.ErrorPage) {
	area := "portal/error"
	if Who(c).StaffID != 0 {
		area = "office/error"
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	if IsHTMX(c) {
		// an error page swapped into a corner of another page would be a riddle:
		// htmx is told to show it as a page of its own
		c.Response().Header().Set("HX-Retarget", "body")
		c.Response().Header().Set("HX-Reswap", "innerHTML")
	}
	err := a.Page(c, p.Status, area, p)
	if err != nil && !c.Response().Committed {
		a.Log.Error("error page failed", "error", err.Error())
		_ = c.String(p.Status, p.Heading+". "+p.Message+"\n")
	}
}

// signedOut sends a visitor to the log-in page, and back afterwards.
func (a *App) signedOut(c echo.Context) {
	target := "/login"
	if c.Request().Method == http.MethodGet && !IsHTMX(c) {
		if next := c.Request().URL.RequestURI(); next != "/" {
			target += "?next=" + url.QueryEscape(next)
		}
	}
	if IsHTMX(c) {
		c.Response().Header().Set("HX-Redirect", target)
		_ = c.NoContent(http.StatusUnauthorized)
		return
	}
	_ = c.Redirect(http.StatusSeeOther, target)
}
