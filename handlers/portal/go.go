package portal

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"customerportal/views"
	pages "customerportal/views/portal"
)

// goOn leads on to a processor's page that is opened by a form: the script posts
// it at once, without script the button does. The address opens for whoever has
// it, as the processor's page would; after its time it only leads back.
func (h *Handlers) goOn(c echo.Context) error {
	f, err := h.Payments.PageForm(c.Request().Context(), c.Param("key"))
	if err != nil {
		return err
	}
	c.Response().Header().Set("X-Robots-Tag", "noindex, nofollow")
	// the processor is told where the form comes from, and no more of the address
	c.Response().Header().Set("Referrer-Policy", "strict-origin")
	p := &pages.GoPage{Base: views.Base{Title: "On to the payment page"}, Back: f.Back, Over: f.Over}
	status := http.StatusOK
	if f.Over {
		status = http.StatusGone
		p.Title = "This payment page has run out"
	} else {
		p.Action = f.URL
		for _, field := range f.Fields {
			p.Fields = append(p.Fields, pages.GoField{Name: field.Name, Value: field.Value})
		}
	}
	return h.Page(c, status, "portal/go", p)
}
