package office

import (
	"database/sql"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/internal/fault"
	"customerportal/views"
	view "customerportal/views/office"
)

// staff lists who works in the office.
func (h *Handlers) staff(c echo.Context) error {
	p, err := h.staffPage(c)
	if err != nil {
		return err
	}
	inviteForm(p, account.StaffInvite{Role: "billing", Mail: true}, nil)
	return h.Page(c, http.StatusOK, "office/staff", p)
}

func (h *Handlers) staffPage(c echo.Context) (*view.StaffPage, error) {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := h.DB.Read().ListStaff(ctx)
	if err != nil {
		return nil, err
	}
	p := &view.StaffPage{Base: views.Base{Title: "Staff and roles", Tab: "settings"}}
	for _, r := range rows {
		row := view.StaffRow{Email: r.Email, Name: r.Name, Role: r.Role, LastLogin: r.LastLoginAt.Format(s.Zone), Self: r.ID == web.Who(c).StaffID,
			Disabled: r.DisabledAt != 0, Action: "/office/staff/" + number(r.ID), Roles: roleChoice(r.Role, "")}
		for i := range row.Roles.Options {
			row.Roles.Options[i].Label = row.Roles.Options[i].Value // a row of a table is narrow
		}
		if row.Name == "" {
			row.Name = r.Email
		}
		switch {
		case row.Disabled:
			row.State, row.StateClass = "Disabled", "state-off"
		case r.HasPassword == 0:
			row.State, row.StateClass = "Invited", "state-progress"
		case r.TotpConfirmedAt.IsZero():
			row.State, row.StateClass = "No second factor yet", "state-progress"
		default:
			row.State, row.StateClass = "Active", "state-ok"
			row.Codes = count(r.RecoveryCodes, "recovery code left", "recovery codes left")
		}
		p.Staff = append(p.Staff, row)
	}
	return p, nil
}

// roleHints say in a few words what each role is for.
var roleHints = map[string]string{
	"owner": "owner: everything", "billing": "billing: customers and payments", "service": "service: customers and work orders",
	"sales": "sales: proposals", "technician": "technician: their own work orders",
}

func roleChoice(chosen, refused string) view.Choice {
	choice := view.Choice{Name: "role", Label: "Role", Error: refused}
	for _, r := range account.Roles {
		choice.Options = append(choice.Options, view.Option{Value: r, Label: roleHints[r], Chosen: r == chosen})
	}
	return choice
}

func inviteForm(p *view.StaffPage, i account.StaffInvite, refused views.FieldErrors) {
	p.Errors, p.Mail = refused, i.Mail
	p.Email = views.Input{Name: "email", Label: "E-mail", Type: "email", Value: i.Email, Autocomplete: "off", MaxLength: 254, Error: refused.Of("email")}
	p.Name = views.Input{Name: "name", Label: "Name", Value: i.Name, Autocomplete: "off", MaxLength: 100, Error: refused.Of("name")}
	p.Role = roleChoice(i.Role, refused.Of("role"))
}

// inviteStaff adds a staff member and shows the one-time link.
func (h *Handlers) inviteStaff(c echo.Context) error {
	i := account.StaffInvite{Email: c.FormValue("email"), Name: c.FormValue("name"), Role: c.FormValue("role"), Mail: c.FormValue("mail") != ""}
	link, err := h.Accounts.Invite(c.Request().Context(), web.Actor(c), i)
	if refused, ok := web.FieldErrors(err); ok {
		p := &view.StaffPage{Base: views.Base{Title: "Staff and roles", Tab: "settings"}}
		if !web.IsHTMX(c) {
			if p, err = h.staffPage(c); err != nil {
				return err
			}
		}
		inviteForm(p, i, refused)
		return h.Refused(c, "office/staff", "form", p)
	}
	if err != nil {
		return err
	}
	return h.invited(c, &view.InvitedPage{Email: i.Email, Link: link, Mailed: i.Mail})
}

// invited shows a one-time link. It is answered to the POST itself and kept
// nowhere, so that it is seen once.
func (h *Handlers) invited(c echo.Context, p *view.InvitedPage) error {
	p.Base = views.Base{Title: "One-time link", Tab: "settings"}
	if web.IsHTMX(c) {
		return h.Fragment(c, http.StatusOK, "office/staff_invited", "invited", p)
	}
	return h.Page(c, http.StatusOK, "office/staff_invited", p)
}

// changeStaff does one of the things that are offered beside a staff member.
func (h *Handlers) changeStaff(c echo.Context) error {
	ctx, by, id := c.Request().Context(), web.Actor(c), theID(c)
	var done string
	var err error
	switch c.Param("verb") {
	case "link":
		row, err := h.DB.Read().GetStaff(ctx, id)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.Missing("staff member")
		}
		if err != nil {
			return err
		}
		link, err := h.Accounts.InviteAgain(ctx, by, id, false)
		if err != nil {
			return err
		}
		return h.invited(c, &view.InvitedPage{Email: row.Email, Link: link})
	case "role":
		done, err = "The role is set. It counts from now on.", h.Accounts.SetStaffRole(ctx, by, id, c.FormValue("role"))
	case "disable":
		done, err = "Disabled. All sessions have ended.", h.Accounts.DisableStaff(ctx, by, id)
	case "enable":
		done, err = "Enabled.", h.Accounts.EnableStaff(ctx, by, id)
	default:
		err = fault.Missing("page")
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, "/office/staff", done)
}
