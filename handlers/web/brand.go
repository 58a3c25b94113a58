package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image/png"
	"net/http"

	"github.com/labstack/echo/v4"

	"customerportal/internal/fault"
	"customerportal/internal/settings"
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

// logoURL returns the address of the dealer's logo by its hash, "" for none.
func logoURL(hash string) string {
	if hash == "" {
		return ""
	}
	return brandPrefix + "logo." + hash[:12] + ".png"
}

// Brand serves the dealer's colour and logo.
func (a *App) Brand() Route {
	return Route{Name: "brand", Method: http.MethodGet, Path: brandPrefix + ":file", Access: Unasked(), Handler: a.brand}
}

func (a *App) brand(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := a.Settings.Current(ctx)
	if err != nil {
		return err
	}
	kind, body := "", []byte(nil)
	switch brandPrefix + c.Param("file") {
	case accentURL(s.Company.Color):
		css, _ := views.AccentCSS(s.Company.Color)
		kind, body = "text/css; charset=utf-8", []byte(css)
	case logoURL(s.Company.Logo):
		kind = "image/png"
		if body, err = a.logo(ctx, s.Company.Logo); err != nil {
			return err
		}
	default:
		return fault.Missing("file")
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return c.Blob(http.StatusOK, kind, body)
}

// The header shows a logo up to 256 by 54 CSS pixels, on screens with up to two
// dots for each; its weight is a part of every first visit.
const (
	logoWidth  = 512
	logoHeight = 108
	logoWeight = 16 << 10
)

// screenLogo is the logo made ready for screens, with the hash it was made from.
type screenLogo struct {
	hash string
	body []byte
}

// logo returns the logo as screens get it, made once.
func (a *App) logo(ctx context.Context, hash string) ([]byte, error) {
	if l := a.lastLogo.Load(); l != nil && l.hash == hash {
		return l.body, nil
	}
	row, err := a.DB.Read().GetLogo(ctx)
	if err != nil {
		return nil, fmt.Errorf("logo: %w", err)
	}
	picture, err := png.Decode(bytes.NewReader(row.Body))
	if err != nil {
		return nil, fmt.Errorf("logo: %w", err)
	}
	l := &screenLogo{hash: hash}
	// a photograph weighs much as a PNG: it is shown with fewer dots
	for w, h := logoWidth, logoHeight; l.body == nil || len(l.body) > logoWeight && h > logoHeight/4; w, h = w*3/4, h*3/4 {
		var out bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, settings.FitLogo(picture, w, h)); err != nil {
			return nil, fmt.Errorf("logo: %w", err)
		}
		l.body = out.Bytes()
	}
	a.lastLogo.Store(l)
	return l.body, nil
}
