package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/internal/fault"
	"customerportal/views"
)

// brandPrefix is where the dealer's own colour and logo are served. Like the
// built-in files they have a hash of their content in the name.
const brandPrefix = "/brand/"

// accentURL returns the address of the style sheet with the dealer's colour.
func accentURL(color string) string {
	css, ok := views.AccentCSS(color)
	if !ok {
		return ""
	}
	sum := sha256.Sum256([]byte(css))
	return brandPrefix + "accent." + hex.EncodeToString(sum[:6]) + ".css"
}

// Brand serves the dealer's colour and logo.
func (a *App) Brand() Route {
	return Route{Name: "brand", Method: http.MethodGet, Path: brandPrefix + ":file", Access: Unasked(), Handler: a.brand}
}

func (a *App) brand(c echo.Context) error {
	s, err := a.Settings.Current(c.Request().Context())
	if err != nil {
		return err
	}
	path := brandPrefix + c.Param("file")
	if !strings.HasPrefix(path, brandPrefix+"accent.") || path != accentURL(s.Company.Color) {
		return fault.Missing("file")
	}
	css, _ := views.AccentCSS(s.Company.Color)
	c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return c.Blob(http.StatusOK, "text/css; charset=utf-8", []byte(css))
}
