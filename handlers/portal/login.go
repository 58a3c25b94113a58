package portal

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/fault"
	"customerportal/views"
	view "customerportal/views/portal"
)

// login shows "Log in"; who is logged in already goes on.
func (h *Handlers) login(c echo.Context) error {
	next := web.SafePath(c.QueryParam("next"), "")
	if v := web.Who(c); v.SignedIn() {
		return web.See(c, home(v, next))
	}
	return h.Page(c, http.StatusOK, "portal/login", loginPage(c.QueryParam("username"), next, nil))
}

func loginPage(username, next string, refused views.FieldErrors) *view.LoginPage {
	return &view.LoginPage{
		Base:     views.Base{Title: "Log in", Errors: refused},
		Username: views.Input{Label: "Username", Name: "username", Type: "email", Value: username, Autocomplete: "username", Hint: "Your e-mail address", Error: refused.Of("username"), Required: true, MaxLength: 254},
		Password: views.Input{Label: "Password", Name: "password", Type: "password", Autocomplete: "current-password", Error: refused.Of("password"), Required: true, MaxLength: 512},
		Next:     next,
	}
}

// home is where a finished log-in goes on.
func home(v web.Viewer, next string) string {
	office := strings.HasPrefix(next, "/office")
	switch {
	case v.StaffID != 0 && office, v.StaffID == 0 && next != "" && !office:
		return next
	case v.StaffID != 0:
		return "/office"
	}
	return "/"
}

// logIn is the form of "Log in".
func (h *Handlers) logIn(c echo.Context) error {
	username, next := c.FormValue("username"), web.SafePath(c.FormValue("next"), "")
	login, err := h.Accounts.LogIn(c.Request().Context(), web.Actor(c), username, c.FormValue("password"))
	if refused, ok := web.FieldErrors(err); ok {
		return h.RefusedBy(c, err, "portal/login", "form", loginPage(username, next, refused))
	}
	if err != nil {
		return err
	}
	if err := h.Sessions.Begin(c, login); err != nil {
		return err
	}
	if page, ok := web.StagePage(login.Stage); ok {
		return web.See(c, page)
	}
	return web.See(c, home(web.Viewer{UserID: login.UserID, StaffID: login.StaffID}, next))
}

// logOut ends the session, of customers and staff alike.
func (h *Handlers) logOut(c echo.Context) error {
	if err := h.Sessions.End(c); err != nil {
		return err
	}
	return h.SeeNotice(c, "/login", "You are logged out.")
}

// extend is "Stay logged in". The script wants no page for an answer.
func (h *Handlers) extend(c echo.Context) error {
	if err := h.Sessions.Extend(c); err != nil {
		return err
	}
	if web.IsHTMX(c) {
		return c.NoContent(http.StatusNoContent)
	}
	back := ""
	if u, err := url.Parse(c.Request().Referer()); err == nil && u.Host == c.Request().Host {
		back = u.RequestURI()
	}
	return web.See(c, web.SafePath(back, "/"))
}

// confirmEmail shows what a mailed link would confirm.
func (h *Handlers) confirmEmail(c echo.Context) error {
	email, err := h.Accounts.CheckEmail(c.Request().Context(), c.QueryParam("t"))
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "portal/email", &view.EmailPage{
		Base: views.Base{Title: "Confirm your e-mail address"}, Token: c.QueryParam("t"), Email: email,
	})
}

// emailConfirmed is its button.
func (h *Handlers) emailConfirmed(c echo.Context) error {
	email, err := h.Accounts.ConfirmEmail(c.Request().Context(), web.Actor(c), c.FormValue("t"))
	if err != nil {
		return err
	}
	path := "/login"
	if v := web.Who(c); v.SignedIn() && v.UserID != 0 {
		path = "/"
	}
	return h.SeeNotice(c, path, email+" is your e-mail address from now on.")
}

// onlyCustomer refuses staff on a page that a visitor may open.
func onlyCustomer(v web.Viewer) error {
	if v.SignedIn() && v.StaffID != 0 {
		return fault.Missing("page")
	}
	return nil
}
