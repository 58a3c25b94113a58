package office

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/fault"
	"customerportal/views"
	view "customerportal/views/office"
)

// failedFields are the fields of a registration in words.
var failedFields = map[string]string{
	"proof": "Key, number and zip do not belong together", "key": "Registration Key", "number": "Customer #", "zip": "Zip Code",
	"first_name": "First Name", "last_name": "Last Name", "phone": "Phone", "email": "Email", "limit": "Too many tries",
}

// registrations lists those that need help.
func (h *Handlers) registrations(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	cases, err := h.Accounts.ListRegistrations(ctx)
	if err != nil {
		return err
	}
	p := &view.RegistrationsPage{Base: views.Base{Title: "Registrations", Tab: "registrations"}}
	for _, r := range cases {
		row := view.Registration{
			When: r.At.Format(s.Zone), Number: r.Form.Number, Name: joined(" ", r.Form.FirstName, r.Form.LastName), Zip: r.Form.Zip, Phone: r.Form.Phone,
			Email: r.Form.Email, IP: r.IP, Field: failedFields[r.FailedField], Customer: r.CustomerName, Action: "/office/registrations/" + number(r.ID),
		}
		if row.Field == "" {
			row.Field = r.FailedField
		}
		if r.CustomerID != 0 {
			customer, err := h.DB.Read().GetCustomer(ctx, r.CustomerID)
			if err != nil {
				return err
			}
			row.Number, row.CustomerHref = customer.Number, customerPath(customer.Number)
		}
		switch {
		case r.Asked:
			p.Asked = append(p.Asked, row)
		case r.Limited:
			p.Alerts = append(p.Alerts, row)
		default:
			p.Failed = append(p.Failed, row)
		}
	}
	return h.Page(c, http.StatusOK, "office/registrations", p)
}

// decideRegistration is "Approve" and "Dismiss".
func (h *Handlers) decideRegistration(c echo.Context) error {
	ctx, by, id := c.Request().Context(), web.Actor(c), theID(c)
	var done string
	var err error
	switch c.Param("verb") {
	case "approve":
		done, err = "Approved. The address is on file and the registration mail is on its way.", h.Accounts.ApproveRegistration(ctx, by, id)
	case "dismiss":
		done, err = "Dismissed.", h.Accounts.DismissRegistration(ctx, by, id)
	default:
		err = fault.Missing("page")
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, "/office/registrations", done)
}

// number writes an id into an address.
func number(id int64) string { return strconv.FormatInt(id, 10) }
