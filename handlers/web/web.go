// Package web is what the customer's and the staff's screens share: routes with
// their guards, the three render verbs, sessions, and the one place where
// errors become pages.
package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/settings"
	"customerportal/static"
	"customerportal/views"
)

// App is what every handler works with.
type App struct {
	DB       *db.DB
	Clock    calendar.Clock
	Log      *slog.Logger
	Settings *settings.Store
	Views    *views.Renderer
	Assets   *static.Assets
	// PublicURL is the portal's own address without a slash at the end; links
	// in mails and redirects from the processor's pages begin with it.
	PublicURL string
	// FormTargets are the origins besides our own that a form may be redirected
	// to: the processor's hosted pages.
	FormTargets []string
	// Authenticate tells who sends the request, by its session. It returns the
	// zero Viewer for a visitor.
	Authenticate func(c echo.Context) (Viewer, error)
	// Sessions is where log-ins begin and end.
	Sessions *Sessions
	// Decorate fills what the layout shows of the viewer: tabs and counts.
	Decorate func(c echo.Context, v Viewer) (views.Viewer, error)

	lastLogo atomic.Pointer[screenLogo]
	streams  streams
	photos   photoRoom
}

// Secure reports whether the portal is reached over https, so that cookies get
// their prefix and the browser is told to stay on https.
func (a *App) Secure() bool { return strings.HasPrefix(a.PublicURL, "https://") }

// Viewer is who sends a request.
type Viewer struct {
	UserID     int64
	StaffID    int64
	Role       string // of a staff member
	CustomerID int64  // the customer looked at, 0 for staff and visitors
	Stage      string // a log-in that is not finished: "reset", "totp", "enrol"
	Email      string
	Name       string
	Session    []byte // hash of the session, nil for visitors
}

// SignedIn reports whether the log-in is complete.
func (v Viewer) SignedIn() bool { return v.Session != nil && v.Stage == "" }

const viewerKey = "viewer"

// Who returns the viewer of the request, found once by the guard.
func Who(c echo.Context) Viewer {
	v, _ := c.Get(viewerKey).(Viewer)
	return v
}

// Actor returns the viewer as the audit trail knows it.
func Actor(c echo.Context) audit.Actor {
	v := Who(c)
	a := audit.Actor{Kind: audit.Visitor, UserID: v.UserID, StaffID: v.StaffID, Role: v.Role, IP: c.RealIP(), UserAgent: c.Request().UserAgent()}
	switch {
	case v.StaffID != 0:
		a.Kind = audit.Staff
	case v.UserID != 0:
		a.Kind = audit.Customer
	}
	return a
}

// IsHTMX reports whether htmx sent the request and waits for a fragment.
func IsHTMX(c echo.Context) bool { return c.Request().Header.Get("HX-Request") == "true" }

// SafePath returns next when it is a path on this site, else fallback. It keeps
// a log-in from being used to send people elsewhere.
func SafePath(next, fallback string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsFunc(next, func(r rune) bool { return r == '\\' || r < ' ' || r == 0x7f }) {
		return fallback
	}
	return next
}

// See answers 303 to a plain form and HX-Redirect to htmx: the verb "done".
//
// A browser does not load a page anew that differs in what stands behind the #
// alone, so htmx is told to load it again where the form stood on that page.
func See(c echo.Context, path string) error {
	if IsHTMX(c) {
		if page, _, part := strings.Cut(path, "#"); part && page == currentPage(c) {
			c.Response().Header().Set("HX-Refresh", "true")
			return c.NoContent(http.StatusOK)
		}
		c.Response().Header().Set("HX-Redirect", path)
		return c.NoContent(http.StatusOK)
	}
	return c.Redirect(http.StatusSeeOther, path)
}

// currentPage is the path and query of the page that an htmx request came from.
func currentPage(c echo.Context) string {
	u, err := url.Parse(c.Request().Header.Get("HX-Current-URL"))
	if err != nil {
		return ""
	}
	return u.RequestURI()
}
