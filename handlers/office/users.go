package office

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

// users is the tab "Customer Users" of "Edit", with the Registration Key; each
// look at the key is recorded.
func (h *Handlers) users(c echo.Context) error {
	p, err := h.usersPage(c)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/users", p)
}

func (h *Handlers) usersPage(c echo.Context) (*view.UsersPage, error) {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return nil, err
	}
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	p := &view.UsersPage{Base: views.Base{Title: "Customer Users of " + who.Name, Tab: "customers"}, Customer: who, EditTab: "users",
		Action: who.Href + "/users", Email: userInput("", nil)}
	key, err := h.Accounts.KeyOf(ctx, web.Actor(c), row.ID)
	if err != nil {
		return nil, err
	}
	p.Key = account.FormatKey(key)
	p.Users, err = h.customerUsers(ctx, s, row)
	return p, err
}

func userInput(value string, refused views.FieldErrors) views.Input {
	return views.Input{Name: "email", Label: "E-mail", Type: "email", Value: value, Autocomplete: "off", MaxLength: 254, Error: refused.Of("email"),
		Hint: "They get a mail with a temporary password, or are told when they have a log-in already"}
}

// customerUsers lists who may log in.
func (h *Handlers) customerUsers(ctx context.Context, s *settings.Settings, row db.Customer) ([]view.CustomerUser, error) {
	users, err := h.Accounts.UsersOf(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	out := make([]view.CustomerUser, len(users))
	for i, u := range users {
		v := view.CustomerUser{ID: u.ID, Email: u.Email, LastLogin: u.LastLoginAt.Format(s.Zone), Devices: u.Devices, Others: u.Customers - 1,
			Action: customerPath(row.Number) + "/users/" + number(u.ID)}
		switch {
		case !u.LockedAt.IsZero():
			v.Locked, v.State, v.StateClass = true, "Locked", "state-failed"
		case u.Waiting && u.TemporaryUntil <= h.Clock.Now():
			v.Waiting, v.State, v.StateClass = true, "Temporary password ran out", "state-past"
		case u.Waiting:
			v.Waiting, v.State, v.StateClass = true, "Has not logged in yet", "state-progress"
		default:
			v.State, v.StateClass = "Active", "state-ok"
		}
		out[i] = v
	}
	return out, nil
}

// addUser lets an address log in for the customer.
func (h *Handlers) addUser(c echo.Context) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	email := c.FormValue("email")
	err = h.Accounts.AddCustomerUser(c.Request().Context(), web.Actor(c), row.ID, email)
	if refused, ok := web.FieldErrors(err); ok {
		if web.IsHTMX(c) {
			return h.Fragment(c, http.StatusUnprocessableEntity, "office/users", "form",
				&view.UsersPage{Base: views.Base{Errors: refused}, Action: who.Href + "/users", Email: userInput(email, refused)})
		}
		p, err := h.usersPage(c)
		if err != nil {
			return err
		}
		p.Errors, p.Email = refused, userInput(email, refused)
		return h.Page(c, http.StatusUnprocessableEntity, "office/users", p)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, who.Href+"/users", "Added. A mail is on its way to "+email+".")
}

// newKey makes the Registration Key anew.
func (h *Handlers) newKey(c echo.Context) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	if err := h.Accounts.NewKey(c.Request().Context(), web.Actor(c), row.ID); err != nil {
		return err
	}
	return h.SeeNotice(c, who.Href+"/users", "There is a new Registration Key. Invoices made from now on carry it.")
}

// changeUser does one of the things that are offered beside a log-in.
func (h *Handlers) changeUser(c echo.Context) error {
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	verbs := map[string]struct {
		do   func(context.Context, audit.Actor, int64, int64) error
		done string
	}{
		"mail":     {h.Accounts.SendRegistrationMail, "The registration mail is on its way."},
		"lock":     {h.Accounts.Lock, "Locked. All of its sessions have ended."},
		"unlock":   {h.Accounts.Unlock, "Unlocked."},
		"sign-out": {h.Accounts.EndSessions, "All sessions have ended."},
		"remove":   {h.Accounts.RemoveCustomerUser, "Removed. This log-in no longer sees the customer."},
	}
	verb, ok := verbs[c.Param("verb")]
	if !ok {
		return fault.Missing("page")
	}
	if err := verb.do(c.Request().Context(), web.Actor(c), row.ID, theID(c)); err != nil {
		return err
	}
	return h.SeeNotice(c, who.Href+"/users", verb.done)
}
