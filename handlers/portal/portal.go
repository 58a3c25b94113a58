// Package portal serves the customer's screens.
package portal

import (
	"customerportal/handlers/web"
)

// Handlers serves the customer's screens; its fields are the nouns they use.
type Handlers struct {
	*web.App
}

// Routes is the whole surface of the customer's portal.
func (h *Handlers) Routes() []web.Route {
	return []web.Route{}
}
