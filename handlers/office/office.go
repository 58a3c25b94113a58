// Package office serves the screens of the dealer's staff.
package office

import (
	"net/http"

	"customerportal/handlers/web"
	"customerportal/internal/account"
)

// Handlers serves the staff's screens; its fields are the nouns they use.
type Handlers struct {
	*web.App
	Accounts *account.Service
}

// Routes is the whole surface of the office.
func (h *Handlers) Routes() []web.Route {
	return []web.Route{
		{Name: "office.code", Method: http.MethodGet, Path: "/office/code", Access: web.Stage(account.StageCode), Handler: h.code},
		{Name: "office.code.form", Method: http.MethodPost, Path: "/office/code", Access: web.Stage(account.StageCode), Handler: h.checkCode},
		{Name: "office.enrol", Method: http.MethodGet, Path: "/office/enrol", Access: web.Stage(account.StageEnrol), Handler: h.enrol},
		{Name: "office.enrol.picture", Method: http.MethodGet, Path: "/office/enrol.png", Access: web.Stage(account.StageEnrol), Handler: h.enrolPicture},
		{Name: "office.enrol.form", Method: http.MethodPost, Path: "/office/enrol", Access: web.Stage(account.StageEnrol), Handler: h.enrolled},
		{Name: "office.setup", Method: http.MethodGet, Path: "/office/setup", Access: web.Anyone(), Handler: h.setup},
		{Name: "office.setup.form", Method: http.MethodPost, Path: "/office/setup", Access: web.Anyone(), Handler: h.setUp},
	}
}
