package portal

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/views"
	view "customerportal/views/portal"
)

// account shows password, signed-in devices and the accounts of the log-in.
func (h *Handlers) account(c echo.Context) error {
	p, err := h.accountPage(c, nil)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "portal/account", p)
}

func (h *Handlers) accountPage(c echo.Context, refused views.FieldErrors) (*view.AccountPage, error) {
	ctx, v := c.Request().Context(), web.Who(c)
	p := &view.AccountPage{
		Base: views.Base{Title: "Your account", Errors: refused}, Username: v.Email,
		Current: views.Input{Label: "Present Password", Name: "current", Type: "password", Autocomplete: "current-password", Required: true, MaxLength: 512, Error: refused.Of("current")},
	}
	p.Password, p.Confirm = newPassword("New Password", refused)
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	chosen, err := h.Accounts.MailChoices(ctx, v.UserID)
	if err != nil {
		return nil, err
	}
	p.Invoices, p.Reminders = chosen.Invoices, chosen.Reminders
	devices, err := h.Accounts.Devices(ctx, v.UserID, v.Session)
	if err != nil {
		return nil, err
	}
	for _, d := range devices {
		p.Devices = append(p.Devices, view.Device{
			ID: d.ID, Browser: d.Browser, Address: d.IP, SignedIn: d.SignedInAt.Format(s.Zone), LastSeen: d.LastSeenAt.Format(s.Zone), Current: d.Current,
		})
		p.Others = p.Others || !d.Current
	}
	accounts, err := h.Accounts.CustomersOf(ctx, v.UserID)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		p.Accounts = append(p.Accounts, view.Account{Number: a.Number, Name: a.Name, City: a.City, Current: a.ID == v.CustomerID})
	}
	return p, nil
}

// changePassword is "Change Password".
func (h *Handlers) changePassword(c echo.Context) error {
	v := web.Who(c)
	err := h.Accounts.ChangePassword(c.Request().Context(), web.Actor(c), v.Session, c.FormValue("current"), c.FormValue("password"), c.FormValue("confirm"))
	if refused, ok := web.FieldErrors(err); ok {
		p, failed := h.accountPage(c, refused)
		if failed != nil {
			return failed
		}
		return h.RefusedBy(c, err, "portal/account", "password", p)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, "/account", "Your password is changed. Every other device was signed out.")
}

// chooseMail is "Save" under e-mail: the mails this log-in wants.
func (h *Handlers) chooseMail(c echo.Context) error {
	err := h.Accounts.ChooseMail(c.Request().Context(), web.Actor(c), account.MailChoices{Invoices: c.FormValue("invoices") == "1", Reminders: c.FormValue("reminders") == "1"})
	if err != nil {
		return err
	}
	return h.SeeNotice(c, "/account", "Saved.")
}

// endDevice is "Sign out" beside a device.
func (h *Handlers) endDevice(c echo.Context) error {
	if err := h.Accounts.SignOutDevice(c.Request().Context(), web.Actor(c), c.FormValue("device")); err != nil {
		return err
	}
	return h.devices(c, "The device is signed out.")
}

// endOthers is "Sign out all others".
func (h *Handlers) endOthers(c echo.Context) error {
	if err := h.Accounts.SignOutOthers(c.Request().Context(), web.Actor(c), web.Who(c).Session); err != nil {
		return err
	}
	return h.devices(c, "All other devices are signed out.")
}

// devices answers with the list as it is now.
func (h *Handlers) devices(c echo.Context, notice string) error {
	if !web.IsHTMX(c) {
		return h.SeeNotice(c, "/account", notice)
	}
	p, err := h.accountPage(c, nil)
	if err != nil {
		return err
	}
	return h.Fragment(c, http.StatusOK, "portal/account", "devices", p)
}

// switchAccount shows another of the log-in's accounts.
func (h *Handlers) switchAccount(c echo.Context) error {
	if err := h.Accounts.SwitchCustomer(c.Request().Context(), web.Actor(c), web.Who(c).Session, c.FormValue("number")); err != nil {
		return err
	}
	return web.See(c, "/")
}
