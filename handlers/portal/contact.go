package portal

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/views"
	pages "customerportal/views/portal"
)

// mostPhones is how many phone numbers the contact form takes.
const mostPhones = 5

// contactBlock is the contact information as home shows it.
func contactBlock(row db.GetHomeForCustomerRow) pages.ContactBlock {
	b := pages.ContactBlock{Name: row.DisplayName, Number: row.Number, Emails: lines(row.Emails), New: row.NewEmail}
	for _, phone := range lines(row.Phones) {
		b.Phones = append(b.Phones, pages.Phone{Text: phone, Link: web.PhoneLink(phone)})
	}
	town := row.City
	if region := strings.TrimSpace(row.State + " " + row.Zip); region != "" {
		town = strings.TrimPrefix(town+", "+region, ", ")
	}
	for _, line := range []string{row.Address1, row.Address2, town} {
		if line != "" {
			b.Address = append(b.Address, line)
		}
	}
	return b
}

func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// contactForm is the form with what the dealer has on file.
func contactForm(row db.GetHomeForCustomerRow) pages.ContactForm {
	email := ""
	if emails := lines(row.Emails); len(emails) > 0 {
		email = emails[0]
	}
	typed := map[string]string{
		"business_name": row.BusinessName, "first_name": row.FirstName, "last_name": row.LastName,
		"address1": row.Address1, "address2": row.Address2, "city": row.City, "state": row.State, "zip": row.Zip, "email": email,
	}
	phones := lines(row.Phones)
	for i, phone := range phones {
		typed[phoneField(i)] = phone
	}
	return fillContactForm(func(name string) string { return typed[name] }, min(len(phones)+1, mostPhones), nil)
}

// phoneField is the name of the i-th phone number's field.
func phoneField(i int) string {
	if i == 0 {
		return "phone"
	}
	return "phone" + strconv.Itoa(i+1)
}

// fillContactForm lays out the form with the values of its fields by name.
func fillContactForm(value func(name string) string, phones int, refused views.FieldErrors) pages.ContactForm {
	input := func(label, name, complete string) views.Input {
		return views.Input{Label: label, Name: name, Value: value(name), Autocomplete: complete, MaxLength: 200, Error: refused.Of(name)}
	}
	f := pages.ContactForm{
		Errors: refused,
		Name: []views.Input{input("First Name", "first_name", "given-name"), input("Last Name", "last_name", "family-name"),
			input("Business Name", "business_name", "organization")},
		Street: []views.Input{input("Address", "address1", "address-line1"), input("Address, second line", "address2", "address-line2")},
		Town: []views.Input{input("City", "city", "address-level2"), input("State", "state", "address-level1"),
			input("Zip Code", "zip", "postal-code")},
	}
	for i := range phones {
		label := "Phone"
		if i > 0 {
			label = "Phone " + strconv.Itoa(i+1)
		}
		in := input(label, phoneField(i), "tel")
		in.Type, in.MaxLength = "tel", 40
		if i > 0 {
			in.Autocomplete = "off"
		}
		f.Reach = append(f.Reach, in)
	}
	email := input("Email", "email", "email")
	email.Type = "email"
	email.Hint = "A new address counts once you open the link we mail to it."
	password := views.Input{Label: "Password", Name: "password", Type: "password", Autocomplete: "current-password", MaxLength: 200,
		Hint: "Only needed to change the email address.", Error: refused.Of("password")}
	f.Mail = []views.Input{email, password}
	return f
}

// editContact shows the contact form as a page of its own.
func (h *Handlers) editContact(c echo.Context) error {
	row, err := h.DB.Read().GetHomeForCustomer(c.Request().Context(), db.GetHomeForCustomerParams{CustomerID: web.Who(c).CustomerID, NowAt: h.Clock.Now()})
	if err != nil {
		return missing(err, "customer")
	}
	return h.Page(c, http.StatusOK, "portal/home", editPage(contactForm(row)))
}

func editPage(form pages.ContactForm) *pages.HomePage {
	return &pages.HomePage{Base: views.Base{Title: "Edit contact information", Tab: "invoices", Errors: form.Errors}, Editing: true, Form: form}
}

// saveContact stores the contact form.
func (h *Handlers) saveContact(c echo.Context) error {
	ctx, customer := c.Request().Context(), web.Who(c).CustomerID
	next := account.Contact{
		BusinessName: c.FormValue("business_name"), FirstName: c.FormValue("first_name"), LastName: c.FormValue("last_name"),
		Address1: c.FormValue("address1"), Address2: c.FormValue("address2"), City: c.FormValue("city"), State: c.FormValue("state"),
		Zip: c.FormValue("zip"), Email: c.FormValue("email"), Password: c.FormValue("password"),
	}
	shown := 1
	for i := range mostPhones {
		if phone := strings.TrimSpace(c.FormValue(phoneField(i))); phone != "" {
			next.Phones = append(next.Phones, phone)
			shown = min(i+2, mostPhones)
		}
	}
	before, err := h.Accounts.ContactOf(ctx, customer)
	if err != nil {
		return err
	}
	err = h.Accounts.UpdateContact(ctx, web.Actor(c), customer, next)
	if refused, ok := web.FieldErrors(err); ok {
		form := fillContactForm(func(name string) string { return c.FormValue(name) }, shown, refused)
		if web.IsHTMX(c) {
			return h.Fragment(c, http.StatusUnprocessableEntity, "portal/home", "contact-form", form)
		}
		return h.Page(c, http.StatusUnprocessableEntity, "portal/home", editPage(form))
	}
	if err != nil {
		return err
	}
	if email := strings.TrimSpace(next.Email); !strings.EqualFold(email, before.Email) {
		return h.SeeNotice(c, "/", "Saved. The new email address counts once you open the link we mailed to "+email+".")
	}
	return h.SeeNotice(c, "/", "Saved.")
}
