// Package office serves the screens of the dealer's staff.
package office

import (
	"customerportal/handlers/web"
)

// Handlers serves the staff's screens; its fields are the nouns they use.
type Handlers struct {
	*web.App
}

// Routes is the whole surface of the office.
func (h *Handlers) Routes() []web.Route {
	return []web.Route{}
}
