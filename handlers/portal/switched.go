package portal

import (
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/fault"
)

// switches are the tabs that the dealer may keep from customers, by what their
// addresses begin with, and the settings that say so.
var switches = map[string]string{
	"/workorders": "portal.workorders",
	"/proposals":  "portal.proposals",
}

// switchOf is the setting that an address depends on, "" for none.
func switchOf(path string) string {
	for prefix, key := range switches {
		if path == prefix || strings.HasPrefix(path, prefix+"/") {
			return key
		}
	}
	return ""
}

// switched makes the pages behind a tab that is switched off answer as if there
// were none.
func (h *Handlers) switched(routes []web.Route) []web.Route {
	for i, r := range routes {
		key := switchOf(r.Path)
		if key == "" {
			continue
		}
		routes[i].Handler = func(c echo.Context) error {
			s, err := h.Settings.Current(c.Request().Context())
			if err != nil {
				return err
			}
			if !s.Yes(key) {
				return fault.Missing("page")
			}
			return r.Handler(c)
		}
	}
	return routes
}
