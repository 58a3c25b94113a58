// Package portal serves the customer's screens.
package portal

import (
	"net/http"

	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/internal/ledger"
)

// Handlers serves the customer's screens; its fields are the nouns they use.
type Handlers struct {
	*web.App
	Accounts *account.Service
	Ledger   *ledger.Service
}

// Routes is the whole surface of the customer's portal.
func (h *Handlers) Routes() []web.Route {
	return []web.Route{
		{Name: "home", Method: http.MethodGet, Path: "/", Access: web.Customer(), Handler: h.Home},
		{Name: "contact", Method: http.MethodGet, Path: "/contact/edit", Access: web.Customer(), Handler: h.ContactEdit},
		{Name: "contact.save", Method: http.MethodPost, Path: "/contact", Access: web.Customer(), Handler: h.ContactSave},
		{Name: "invoice.pdf", Method: http.MethodGet, Path: "/invoices/:paper", Access: web.Customer(), Handler: h.InvoicePDF},
		{Name: "payments", Method: http.MethodGet, Path: "/payments", Access: web.Customer(), Handler: h.Payments},
		{Name: "payment", Method: http.MethodGet, Path: "/payments/:ref", Access: web.Customer(), Handler: h.Payment},
		{Name: "statement.pdf", Method: http.MethodGet, Path: "/statement.pdf", Access: web.Customer(), Handler: h.StatementPDF},
		{Name: "statement.csv", Method: http.MethodGet, Path: "/statement.csv", Access: web.Customer(), Handler: h.StatementCSV},
	}
}
