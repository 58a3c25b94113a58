package office

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/views"
	view "customerportal/views/office"
)

// setup shows where a staff member begins; only a one-time link opens it.
func (h *Handlers) setup(c echo.Context) error {
	s, err := h.Accounts.CheckSetup(c.Request().Context(), c.QueryParam("t"))
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/setup", setupPage(s, account.SetupForm{Token: c.QueryParam("t"), Email: s.Email, Name: s.Name}, nil))
}

func setupPage(s account.Setup, f account.SetupForm, refused views.FieldErrors) *view.SetupPage {
	if !s.First {
		f.Email = s.Email
	}
	return &view.SetupPage{
		Base: views.Base{Title: "Set up", Errors: refused}, Token: f.Token, First: s.First, Role: s.Role,
		Email:    views.Input{Label: "Username", Name: "email", Type: "email", Value: f.Email, Autocomplete: "username", Hint: "Your e-mail address", Error: refused.Of("email"), Required: true, MaxLength: 254},
		Name:     views.Input{Label: "Your name", Name: "name", Value: f.Name, Autocomplete: "name", Error: refused.Of("name"), Required: true, MaxLength: 100},
		Password: views.Input{Label: "Password", Name: "password", Type: "password", Autocomplete: "new-password", Hint: "At least 10 characters; passwords are case sensitive", Error: refused.Of("password"), Required: true, MaxLength: 512},
		Confirm:  views.Input{Label: "Confirm Password", Name: "confirm", Type: "password", Autocomplete: "new-password", Error: refused.Of("confirm"), Required: true, MaxLength: 512},
	}
}

// setUp is its form; the second factor comes next.
func (h *Handlers) setUp(c echo.Context) error {
	ctx := c.Request().Context()
	f := account.SetupForm{Token: c.FormValue("t"), Email: c.FormValue("email"), Name: c.FormValue("name"), Password: c.FormValue("password"), Confirm: c.FormValue("confirm")}
	s, err := h.Accounts.CheckSetup(ctx, f.Token)
	if err != nil {
		return err
	}
	login, err := h.Accounts.SetUp(ctx, web.Actor(c), f)
	if refused, ok := web.FieldErrors(err); ok {
		return h.RefusedBy(c, err, "office/setup", "form", setupPage(s, f, refused))
	}
	if err != nil {
		return err
	}
	if err := h.Sessions.Begin(c, login); err != nil {
		return err
	}
	return web.See(c, "/office/enrol")
}
