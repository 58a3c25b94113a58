package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/internal/fault"
	"customerportal/views"
)

// page is what a page struct that embeds views.Base can do.
type page interface{ SetBase(views.Base) }

// Page renders a whole page: the verb of reads and of refused plain forms.
func (a *App) Page(c echo.Context, status int, name string, data page) error {
	base, err := a.base(c)
	if err != nil {
		return err
	}
	data.SetBase(base)
	body, err := a.Views.Page(name, data)
	if err != nil {
		return err
	}
	return c.HTMLBlob(status, body)
}

// Fragment renders one define of a page's file: the verb of htmx answers.
func (a *App) Fragment(c echo.Context, status int, name, define string, data any) error {
	body, err := a.Views.Fragment(name, define, data)
	if err != nil {
		return err
	}
	return c.HTMLBlob(status, body)
}

// Refused answers a form that was refused: 422 with the fragment to htmx, with
// the whole page to a plain form. What was typed must already stand in data.
func (a *App) Refused(c echo.Context, name, define string, data page) error {
	return a.refused(c, http.StatusUnprocessableEntity, name, define, data)
}

// RefusedBy is [App.Refused] with the status that belongs to the error: 429 with
// Retry-After for too many tries, 409 for what has changed, else 422.
func (a *App) RefusedBy(c echo.Context, err error, name, define string, data page) error {
	status := http.StatusUnprocessableEntity
	if f, ok := asFault(err); ok {
		status = statusOf[f.Kind]
		retryAfter(c, f)
	}
	return a.refused(c, status, name, define, data)
}

// StatusOf is the status that belongs to a refusal.
func StatusOf(err error) int { return statusOf[fault.KindOf(err)] }

func (a *App) refused(c echo.Context, status int, name, define string, data page) error {
	if !IsHTMX(c) {
		return a.Page(c, status, name, data)
	}
	base, err := a.base(c)
	if err != nil {
		return err
	}
	data.SetBase(base)
	return a.Fragment(c, status, name, define, data)
}

// FieldErrors turns an Invalid (or Declined, Conflict, TooMany) fault into what
// a form shows. It reports false for any other error, which is then returned to
// the error edge.
func FieldErrors(err error) (views.FieldErrors, bool) {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Declined, fault.Conflict, fault.TooMany:
	default:
		return nil, false
	}
	f, ok := asFault(err)
	if !ok {
		return nil, false
	}
	var out views.FieldErrors
	for _, e := range f.All() {
		out = append(out, views.FieldError{Field: e.Field, Message: e.Message})
	}
	return out, true
}

// base gathers what the layout shows.
func (a *App) base(c echo.Context) (views.Base, error) {
	s, err := a.Settings.Current(c.Request().Context())
	if err != nil {
		return views.Base{}, err
	}
	b := views.Base{
		Dealer: views.Dealer{
			Name: s.Company.Name, Phone: s.Company.Phone, PhoneLink: PhoneLink(s.Company.Phone),
			Email: s.Company.Email, Web: s.Company.Web, AccentCSS: accentURL(s.Company.Color), Logo: logoURL(s.Company.Logo),
		},
		NoMoney: s.NoMoney(),
	}
	if v := Who(c); v.SignedIn() && a.Decorate != nil {
		if b.Viewer, err = a.Decorate(c, v); err != nil {
			return views.Base{}, err
		}
		if a.Sessions != nil {
			b.IdleMinutes = int(a.Sessions.Idle(v).Minutes())
		}
	}
	b.Notice = a.notice(c)
	return b, nil
}

// PhoneLink turns a phone number as people write it into a tel: address (RFC 3966).
func PhoneLink(phone string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, phone)
	if len(digits) == 10 {
		return "+1" + digits
	}
	return digits
}
