package office

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/views"
	view "customerportal/views/office"
)

// contact is the tab "Contact" of "Edit".
func (h *Handlers) contact(c echo.Context) error {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	phones, err := h.DB.Read().ListPhonesForCustomer(ctx, row.ID)
	if err != nil {
		return err
	}
	emails, err := h.DB.Read().ListEmailsForCustomer(ctx, row.ID)
	if err != nil {
		return err
	}
	r := account.Record{BusinessName: row.BusinessName, FirstName: row.FirstName, LastName: row.LastName, Address1: row.Address1, Address2: row.Address2,
		City: row.City, State: row.State, Zip: row.Zip, Emails: emails, Status: row.Status, Terms: row.Terms, SalespersonEmail: row.SalespersonEmail}
	for _, p := range phones {
		r.Phones = append(r.Phones, p.Phone)
	}
	return h.Page(c, http.StatusOK, "office/contact", contactPage(who, row.UpdatedAt, r, nil))
}

// saveContact stores the form.
func (h *Handlers) saveContact(c echo.Context) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	r := account.Record{
		BusinessName: c.FormValue("business_name"), FirstName: c.FormValue("first_name"), LastName: c.FormValue("last_name"),
		Address1: c.FormValue("address1"), Address2: c.FormValue("address2"), City: c.FormValue("city"), State: c.FormValue("state"), Zip: c.FormValue("zip"),
		Phones: lines(c.FormValue("phone")), Emails: lines(c.FormValue("email")),
		Status: c.FormValue("status"), Terms: c.FormValue("terms"), SalespersonEmail: c.FormValue("salesperson_email"),
	}
	seen, _ := strconv.ParseInt(c.FormValue("version"), 10, 64) // anything else is no version of this customer
	err = h.Accounts.EditCustomer(c.Request().Context(), web.Actor(c), row.ID, calendar.Instant(seen), r)
	if refused, ok := web.FieldErrors(err); ok {
		version := calendar.Instant(seen)
		if fault.Is(err, fault.Conflict) {
			if row, err = h.currentCustomer(c, row); err != nil {
				return err
			}
			version = row.UpdatedAt
		}
		return h.Refused(c, "office/contact", "form", contactPage(who, version, r, refused))
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, who.Href, "Saved.")
}

// currentCustomer reads the customer anew, as somebody else has just left it.
func (h *Handlers) currentCustomer(c echo.Context, row db.Customer) (db.Customer, error) {
	return h.DB.Read().GetCustomer(c.Request().Context(), row.ID)
}

// lines are the lines of a box that hold something.
func lines(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func contactPage(who view.Ref, version calendar.Instant, r account.Record, refused views.FieldErrors) *view.ContactPage {
	input := func(name, label, value string, most int) views.Input {
		return views.Input{Name: name, Label: label, Value: value, MaxLength: most, Error: refused.Of(name), Autocomplete: "off"}
	}
	email := input("salesperson_email", "Salesperson's e-mail", r.SalespersonEmail, 254)
	email.Type = "email"
	zip := input("zip", "Zip Code", r.Zip, 20)
	p := &view.ContactPage{
		Base: views.Base{Title: "Contact of " + who.Name, Tab: "customers", Errors: refused}, Customer: who, EditTab: "contact",
		Action: who.Href + "/contact", Version: int64(version),
		Name: []views.Input{input("business_name", "Business", r.BusinessName, 200), input("first_name", "First Name", r.FirstName, 100), input("last_name", "Last Name", r.LastName, 100)},
		Address: []views.Input{input("address1", "Address", r.Address1, 200), input("address2", "Address, second line", r.Address2, 200),
			input("city", "City", r.City, 100), input("state", "State", r.State, 40), zip},
		Phones: view.Text{Name: "phone", Label: "Phones", Hint: "One on each line", Value: strings.Join(r.Phones, "\n"), Rows: 3, MaxLength: 500, Error: refused.Of("phone")},
		Emails: view.Text{Name: "email", Label: "E-mail addresses", Hint: "One on each line, the first for receipts. They may register with any of them",
			Value: strings.Join(r.Emails, "\n"), Rows: 3, MaxLength: 2000, Error: refused.Of("email")},
		Terms: input("terms", "Terms", r.Terms, 100), Sales: email,
		Status: view.Choice{Name: "status", Label: "Status", Error: refused.Of("status"), Options: []view.Option{
			{Value: "active", Label: "Active", Chosen: r.Status != "inactive"}, {Value: "inactive", Label: "Inactive", Chosen: r.Status == "inactive"}}},
	}
	p.Terms.Hint = "As in \"Net 30\": invoices are due that many days later"
	return p
}
