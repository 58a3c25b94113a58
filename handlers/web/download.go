package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

// Download sends a paper to be saved under a name. The name is given twice (RFC
// 6266, 4.3): in plain ASCII for old browsers, and as it is.
func Download(c echo.Context, name, mime string, body []byte) error {
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", disposition(name))
	return c.Blob(http.StatusOK, mime, body)
}

func disposition(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, name)
	plain := strings.Map(func(r rune) rune {
		if r > '~' {
			return '_'
		}
		return r
	}, name)
	// what PathEscape leaves alone beyond attr-char (RFC 5987, 3.2.1)
	exact := strings.NewReplacer("@", "%40", ":", "%3A", "=", "%3D", "'", "%27", "(", "%28", ")", "%29", ",", "%2C", ";", "%3B").Replace(url.PathEscape(name))
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + exact
}
