// Package handlers puts the areas of the portal together into one HTTP handler.
package handlers

import (
	"net"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
)

// Portal is the whole portal as one HTTP handler, with its route tables, which
// the tests walk.
type Portal struct {
	http.Handler
	Routes []web.Route
	stop   func()
}

// New puts the portal together: the route tables of all areas behind their
// guards, and the middleware round it all. Requests from a trusted proxy have their client's address in X-Forwarded-For.
func New(app *web.App, trusted []*net.IPNet, tables ...[]web.Route) *Portal {
	e := echo.New()
	e.HideBanner = true
	e.HTTPErrorHandler = app.HandleError
	e.IPExtractor = echo.ExtractIPDirect()
	if len(trusted) > 0 {
		options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
		for _, n := range trusted {
			options = append(options, echo.TrustIPRange(n))
		}
		e.IPExtractor = echo.ExtractIPFromXFFHeader(options...)
	}
	e.Use(app.Middleware()...)
	routes := []web.Route{app.Static(), app.Brand(), app.Health()}
	for _, table := range tables {
		routes = append(routes, table...)
	}
	app.Register(e, routes)
	return &Portal{Handler: headAsGet(e), Routes: routes, stop: app.StopStreams}
}

// Stop ends what would keep a stop waiting: pages that follow something.
func (p *Portal) Stop() { p.stop() }

// headAsGet lets HEAD be answered wherever GET is; net/http sends no body.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// an event stream has no end to wait for
		if r.Method == http.MethodHead && !strings.HasSuffix(r.URL.Path, web.FollowPath) {
			r = r.Clone(r.Context())
			r.Method = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}
