package portal

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/views"
	view "customerportal/views/portal"
)

// forgot shows "Forgot Password?".
func (h *Handlers) forgot(c echo.Context) error {
	return h.Page(c, http.StatusOK, "portal/forgot", forgotPage("", nil))
}

func forgotPage(username string, refused views.FieldErrors) *view.ForgotPage {
	return &view.ForgotPage{
		Base:     views.Base{Title: "Forgot Password?", Errors: refused},
		Username: views.Input{Label: "Username", Name: "username", Type: "email", Value: username, Autocomplete: "username", Hint: "Your e-mail address", Error: refused.Of("username"), Required: true, MaxLength: 254},
	}
}

// sendLink is its form. The answer does not say whether anybody has the address.
func (h *Handlers) sendLink(c echo.Context) error {
	username := c.FormValue("username")
	err := h.Accounts.ForgotPassword(c.Request().Context(), web.Actor(c), username)
	if refused, ok := web.FieldErrors(err); ok {
		return h.RefusedBy(c, err, "portal/forgot", "form", forgotPage(username, refused))
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, "/login", "If there is a log-in with that address, a link to choose a new password is on its way to it. The link works for an hour.")
}

func passwordPage(p view.PasswordPage, refused views.FieldErrors) *view.PasswordPage {
	p.Title, p.Errors = "Choose a password", refused
	p.Password, p.Confirm = newPassword("Password", refused)
	return &p
}

// newPassword is the pair of boxes in which a new password is typed.
func newPassword(label string, refused views.FieldErrors) (password, confirm views.Input) {
	password = views.Input{Label: label, Name: "password", Type: "password", Autocomplete: "new-password", Required: true, MaxLength: 512, Error: refused.Of("password"),
		Hint: "At least 10 characters, anything you like; passwords are case sensitive. Four words that do not belong together are easy to remember."}
	confirm = views.Input{Label: "Confirm Password", Name: "confirm", Type: "password", Autocomplete: "new-password", Required: true, MaxLength: 512, Error: refused.Of("confirm")}
	return password, confirm
}

// recover shows where a password is chosen by a mailed link. Opening it uses
// nothing up.
func (h *Handlers) recover(c echo.Context) error {
	r, err := h.Accounts.CheckRecover(c.Request().Context(), c.QueryParam("t"))
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "portal/password", recoverPage(r, c.QueryParam("t"), nil))
}

func recoverPage(r account.Recovering, token string, refused views.FieldErrors) *view.PasswordPage {
	return passwordPage(view.PasswordPage{Action: "/password/recover", Username: r.Email, Token: token}, refused)
}

// recovered is its form.
func (h *Handlers) recovered(c echo.Context) error {
	ctx, token := c.Request().Context(), c.FormValue("t")
	r, err := h.Accounts.CheckRecover(ctx, token)
	if err != nil {
		return err
	}
	err = h.Accounts.RecoverPassword(ctx, web.Actor(c), token, c.FormValue("password"), c.FormValue("confirm"))
	if refused, ok := web.FieldErrors(err); ok {
		return h.RefusedBy(c, err, "portal/password", "form", recoverPage(r, token, refused))
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, "/login", passwordIsSet)
}

const passwordIsSet = "Your password is set. Log in with your username and your new password."

// reset shows where a password is chosen after logging in with a temporary one.
func (h *Handlers) reset(c echo.Context) error {
	return h.Page(c, http.StatusOK, "portal/password", resetPage(web.Who(c).Email, nil))
}

func resetPage(username string, refused views.FieldErrors) *view.PasswordPage {
	return passwordPage(view.PasswordPage{Action: "/password/reset", Username: username,
		Hint: "Your temporary password worked. Now choose a password of your own."}, refused)
}

// resetDone is its form.
func (h *Handlers) resetDone(c echo.Context) error {
	err := h.Accounts.ResetPassword(c.Request().Context(), web.Actor(c), c.FormValue("password"), c.FormValue("confirm"))
	if refused, ok := web.FieldErrors(err); ok {
		return h.RefusedBy(c, err, "portal/password", "form", resetPage(web.Who(c).Email, refused))
	}
	if err != nil {
		return err
	}
	if err := h.Sessions.End(c); err != nil {
		return err
	}
	return h.SeeNotice(c, "/login", passwordIsSet)
}
