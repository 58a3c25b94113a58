package office

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/views"
	view "customerportal/views/office"
)

// account is the staff member's own page: password and recovery codes.
func (h *Handlers) account(c echo.Context) error {
	p, err := h.accountPage(c, nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/account", p)
}

func (h *Handlers) accountPage(c echo.Context, refused views.FieldErrors) (*view.AccountPage, error) {
	v := web.Who(c)
	left, err := h.Accounts.RecoveryCodesLeft(c.Request().Context(), v.StaffID)
	if err != nil {
		return nil, err
	}
	box := func(name, label, autocomplete, hint string) views.Input {
		return views.Input{Label: label, Name: name, Type: "password", Autocomplete: autocomplete, Hint: hint, Error: refused.Of(name), Required: true, MaxLength: 512}
	}
	return &view.AccountPage{
		Base: views.Base{Title: "Your account", Errors: refused}, Email: v.Email, Role: v.Role, Left: left,
		Current:  box("current", "Present Password", "current-password", ""),
		Password: box("password", "New Password", "new-password", "At least 10 characters; passwords are case sensitive"),
		Confirm:  box("confirm", "Confirm Password", "new-password", ""),
		Code:     codeInput("The six digits that your app shows now", c.FormValue("code"), refused),
	}, nil
}

// changePassword is "Change Password".
func (h *Handlers) changePassword(c echo.Context) error {
	err := h.Accounts.ChangeStaffPassword(c.Request().Context(), web.Actor(c), web.Who(c).Session, c.FormValue("current"), c.FormValue("password"), c.FormValue("confirm"))
	if refused, ok := web.FieldErrors(err); ok {
		return h.refuseAccount(c, err, "password", refused)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, "/office/account", "Your password is changed. Every other device was signed out.")
}

// newCodes is "New recovery codes": they are shown this once.
func (h *Handlers) newCodes(c echo.Context) error {
	codes, err := h.Accounts.NewRecoveryCodes(c.Request().Context(), web.Actor(c), c.FormValue("code"))
	if refused, ok := web.FieldErrors(err); ok {
		return h.refuseAccount(c, err, "recovery", refused)
	}
	if err != nil {
		return err
	}
	return h.showCodes(c, codes)
}

func (h *Handlers) refuseAccount(c echo.Context, err error, define string, refused views.FieldErrors) error {
	if refused[0].Field == "" { // a limit: it belongs to the form that was sent
		refused[0].Field = map[string]string{"password": "current", "recovery": "code"}[define]
	}
	p, failed := h.accountPage(c, refused)
	if failed != nil {
		return failed
	}
	return h.RefusedBy(c, err, "office/account", define, p)
}
