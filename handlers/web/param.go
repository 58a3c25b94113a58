package web

import (
	"net/url"

	"github.com/labstack/echo/v4"
)

// Param is a part of the address as it was before escaping. The router leaves it
// escaped only where the address itself was not the usual form of its path, as
// with a slash in a number.
func Param(c echo.Context, name string) string {
	value := c.Param(name)
	if c.Request().URL.RawPath == "" {
		return value
	}
	if plain, err := url.PathUnescape(value); err == nil {
		return plain
	}
	return value
}
