package portal

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/views"
	view "customerportal/views/portal"
)

// register shows "New Customer Registration".
func (h *Handlers) register(c echo.Context) error {
	return h.Page(c, http.StatusOK, "portal/register", registerPage(account.RegistrationForm{}, nil))
}

func registerPage(f account.RegistrationForm, refused views.FieldErrors) *view.RegisterPage {
	input := func(name, label, value, autocomplete, hint string) views.Input {
		return views.Input{Label: label, Name: name, Value: value, Autocomplete: autocomplete, Hint: hint, Error: refused.Of(name), Required: true, MaxLength: 254}
	}
	p := &view.RegisterPage{
		Base: views.Base{Title: "New Customer Registration", Errors: refused},
		Proof: []views.Input{
			input("key", "Registration Key", f.Key, "off", "In red at the bottom of your invoice, like 4F7K-92QM-XW3C-8H1R"),
			input("number", "Customer #", f.Number, "off", "At the top left of your invoice"),
			input("zip", "Zip Code", f.Zip, "postal-code", "Of your billing address"),
		},
		Rest: []views.Input{
			input("first_name", "First Name", f.FirstName, "given-name", ""),
			input("last_name", "Last Name", f.LastName, "family-name", ""),
			input("phone", "Phone", f.Phone, "tel", "Including area code"),
			input("email", "Email", f.Email, "email", "It becomes your username"),
		},
	}
	p.Proof[2].Inputmode = "numeric"
	p.Rest[2].Type, p.Rest[3].Type = "tel", "email"
	return p
}

// create is the form's "Create", and "Ask … to add my e-mail".
func (h *Handlers) create(c echo.Context) error {
	f := account.RegistrationForm{
		Key: c.FormValue("key"), Number: c.FormValue("number"), Zip: c.FormValue("zip"),
		FirstName: c.FormValue("first_name"), LastName: c.FormValue("last_name"), Phone: c.FormValue("phone"), Email: c.FormValue("email"),
	}
	ctx, by := c.Request().Context(), web.Actor(c)
	if c.FormValue("ask") != "" {
		err := h.Accounts.AskForEmail(ctx, by, f)
		if err == nil {
			return web.See(c, "/register/asked")
		}
		return h.refuseRegistration(c, f, err)
	}
	done, err := h.Accounts.Register(ctx, by, f)
	if err != nil {
		return h.refuseRegistration(c, f, err)
	}
	if done.Join {
		return h.SeeNotice(c, "/login", done.Email+" has a log-in already. We mailed a link to it: open it and log in, and this account is added.")
	}
	return h.SeeNotice(c, "/register/done", "We mailed your temporary password to "+done.Email+".")
}

func (h *Handlers) refuseRegistration(c echo.Context, f account.RegistrationForm, err error) error {
	refused, ok := web.FieldErrors(err)
	if !ok {
		return err
	}
	p := registerPage(f, refused)
	p.Ask, p.HasLogin = errors.Is(err, account.ErrNoAddress), errors.Is(err, account.ErrHasLogin)
	return h.RefusedBy(c, err, "portal/register", "form", p)
}

// registered follows a good registration.
func (h *Handlers) registered(c echo.Context) error {
	return h.Page(c, http.StatusOK, "portal/registered", &view.RegisteredPage{Base: views.Base{Title: "Check your e-mail"}})
}

// asked follows a request to add an address.
func (h *Handlers) asked(c echo.Context) error {
	return h.Page(c, http.StatusOK, "portal/asked", &view.RegisteredPage{Base: views.Base{Title: "Request sent"}})
}

// join shows what a mailed link would add to the log-in; a visitor logs in first.
func (h *Handlers) join(c echo.Context) error {
	v := web.Who(c)
	if err := onlyCustomer(v); err != nil {
		return err
	}
	token := c.QueryParam("t")
	if !v.SignedIn() {
		return h.SeeNotice(c, "/login?next="+url.QueryEscape("/register/join?t="+url.QueryEscape(token)), "Log in to add the account.")
	}
	joining, err := h.Accounts.CheckJoin(c.Request().Context(), v.UserID, token)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "portal/join", &view.JoinPage{
		Base: views.Base{Title: "Add an account"}, Token: token, Customer: joining.Name, Number: joining.Number,
	})
}

// joined is its button.
func (h *Handlers) joined(c echo.Context) error {
	joined, err := h.Accounts.Join(c.Request().Context(), web.Actor(c), web.Who(c).Session, c.FormValue("t"))
	if err != nil {
		return err
	}
	return h.SeeNotice(c, "/", joined.Name+" was added to your log-in.")
}
