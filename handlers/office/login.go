package office

import (
	"net/http"

	"github.com/labstack/echo/v4"
	"rsc.io/qr"

	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/views"
	view "customerportal/views/office"
)

// code asks for the second factor.
func (h *Handlers) code(c echo.Context) error {
	return h.Page(c, http.StatusOK, "office/code", codePage("", nil))
}

func codePage(typed string, refused views.FieldErrors) *view.CodePage {
	return &view.CodePage{Base: views.Base{Title: "Second step", Errors: refused}, Code: codeInput("The six digits of your authenticator app, or one of your recovery codes", typed, refused)}
}

func codeInput(hint, typed string, refused views.FieldErrors) views.Input {
	return views.Input{Label: "Code", Name: "code", Value: typed, Autocomplete: "one-time-code", Hint: hint, Error: refused.Of("code"), Required: true, MaxLength: 40}
}

// checkCode is its form. A good code leaves the log-in complete, under a new
// session.
func (h *Handlers) checkCode(c echo.Context) error {
	login, err := h.Accounts.CheckCode(c.Request().Context(), web.Actor(c), c.FormValue("code"))
	if refused, ok := web.FieldErrors(err); ok {
		return h.RefusedBy(c, err, "office/code", "form", codePage(c.FormValue("code"), refused))
	}
	if err != nil {
		return err
	}
	if err := h.Sessions.Begin(c, login); err != nil {
		return err
	}
	return web.See(c, "/office")
}

// enrol shows the second factor that is to be set up.
func (h *Handlers) enrol(c echo.Context) error {
	p, err := h.enrolPage(c, nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/enrol", p)
}

func (h *Handlers) enrolPage(c echo.Context, refused views.FieldErrors) (*view.EnrolPage, error) {
	e, err := h.Accounts.Enrolment(c.Request().Context(), web.Who(c).StaffID)
	if err != nil {
		return nil, err
	}
	return &view.EnrolPage{
		Base:   views.Base{Title: "Second step", Errors: refused},
		Secret: account.FormatKey(e.Secret), Code: codeInput("The six digits that the app shows now", c.FormValue("code"), refused),
	}, nil
}

// enrolPicture is the QR code of the second factor that is to be set up.
func (h *Handlers) enrolPicture(c echo.Context) error {
	e, err := h.Accounts.Enrolment(c.Request().Context(), web.Who(c).StaffID)
	if err != nil {
		return err
	}
	picture, err := qr.Encode(e.URI, qr.M)
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, "image/png", picture.PNG())
}

// enrolled is its form: the recovery codes are shown this once.
func (h *Handlers) enrolled(c echo.Context) error {
	by := web.Actor(c)
	codes, err := h.Accounts.Enrol(c.Request().Context(), by, c.FormValue("code"))
	if refused, ok := web.FieldErrors(err); ok {
		p, failed := h.enrolPage(c, refused)
		if failed != nil {
			return failed
		}
		return h.RefusedBy(c, err, "office/enrol", "form", p)
	}
	if err != nil {
		return err
	}
	if err := h.Sessions.Begin(c, account.Login{StaffID: by.StaffID, Role: by.Role}); err != nil {
		return err
	}
	return h.showCodes(c, codes)
}

// showCodes answers with the recovery codes, which are kept nowhere.
func (h *Handlers) showCodes(c echo.Context, codes []string) error {
	p := &view.CodesPage{Base: views.Base{Title: "Recovery codes"}, Codes: codes}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/codes", "codes", p)
	}
	return h.Page(c, http.StatusOK, "office/codes", p)
}
