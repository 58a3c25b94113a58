package web

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

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
		retryAfter(c, f)
	case errors.As(err, &he) && he.Code < 500:
		p.Status = he.Code
		p.Heading, p.Message = clientError(he.Code)
	case errors.Is(err, context.DeadlineExceeded):
		p.Status, p.Heading = http.StatusServiceUnavailable, heading(fault.Unavailable)
		p.Message = "The portal is very busy. Please try again in a moment."
		c.Response().Header().Set("Retry-After", "5")
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

// retryAfter tells a browser or a script for how long a limit holds.
func retryAfter(c echo.Context, f *fault.Error) {
	if f.RetryAfter > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	}
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

// clientError puts the refusals of the router and the middleware into words.
func clientError(status int) (heading, message string) {
	switch status {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return "Not found", "There is no such page here."
	case http.StatusRequestEntityTooLarge:
		return "Too large", "What you sent is too large for us to take."
	case http.StatusMisdirectedRequest:
		return "Not here", "The portal is not reached at this address. Please use the address your security company gave you."
	case http.StatusBadRequest:
		return "This did not work", "What your browser sent could not be read. Please go back and try again."
	}
	return "This did not work", http.StatusText(status) + "."
}

// errorWithin bounds the work on an error page.
const errorWithin = 5 * time.Second

// sendError shows an error as a page, or to htmx as a box at the top of the
// page the reader is on, where everything typed stays. When even that cannot be
// rendered, the page made at start is sent.
func (a *App) sendError(c echo.Context, p *views.ErrorPage) {
	// the time of the request may be over: the page that says so has its own
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), errorWithin)
	defer cancel()
	c.SetRequest(c.Request().WithContext(ctx))
	// the router's own 404 comes before any guard: whoever mistyped an address
	// keeps the tabs
	if c.Get(viewerKey) == nil && p.Status == http.StatusNotFound {
		if v, err := a.Authenticate(c); err == nil {
			c.Set(viewerKey, v)
		}
	}
	const page = "portal/error" // for staff too: the layout shows whose page it is
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	var err error
	if IsHTMX(c) {
		h.Set("HX-Retarget", "#problem")
		h.Set("HX-Reswap", "innerHTML")
		h.Set("HX-Push-Url", "false")
		err = a.Fragment(c, p.Status, page, "problem", p)
	} else {
		err = a.Page(c, p.Status, page, p)
	}
	if err != nil && !c.Response().Committed {
		a.Log.Error("error page failed", "request", RequestID(c), "error", err.Error())
		_ = c.HTMLBlob(p.Status, a.Views.LastResort(RequestID(c)))
	}
}

// signedOut sends a visitor to the log-in page, and back afterwards: for htmx to
// the page it asked from. Whose session has ended meanwhile is told so.
func (a *App) signedOut(c echo.Context) {
	target := "/login"
	next := currentPage(c) // of what htmx asks for
	if c.Request().Method == http.MethodGet && !IsHTMX(c) {
		next = c.Request().URL.RequestURI()
	}
	if next != "" && next != "/" {
		target += "?next=" + url.QueryEscape(next)
	}
	if WantsEvents(c) {
		// an event stream would follow to a page that is none
		_ = c.NoContent(http.StatusUnauthorized)
		return
	}
	if _, err := c.Cookie(cookieName(a.Secure(), "session")); err == nil {
		a.carryNotice(c, "You were logged out. Please log in again.")
	}
	if IsHTMX(c) {
		c.Response().Header().Set("HX-Redirect", target)
		_ = c.NoContent(http.StatusUnauthorized)
		return
	}
	_ = c.Redirect(http.StatusSeeOther, target)
}
