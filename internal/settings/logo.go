package settings

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	_ "image/jpeg" // one of the two formats a logo may come in
	"image/png"

	"golang.org/x/image/draw"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
)

// MaxLogoBytes is the largest file that is taken for a logo.
const MaxLogoBytes = 2 << 20

// What else a logo may be, and what is kept of it: enough for 300 dots per inch
// on paper.
const (
	logoPixels = 4000
	logoWidth  = 1200
	logoHeight = 480
)

// SetLogo takes a PNG or JPEG for the dealer's logo in one transaction. The
// picture is decoded and encoded anew, so that nothing but the picture is kept.
func (s *Store) SetLogo(ctx context.Context, by audit.Actor, picture []byte) error {
	body, err := cleanLogo(picture)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	now := s.clock.Now()
	return s.changeLogo(ctx, by, hash, func(q *db.Queries) error {
		_, err := q.AddDocument(ctx, db.AddDocumentParams{Kind: "logo", Name: "logo.png", Mime: "image/png", SHA256: hash, Body: body, MadeAt: now})
		return err
	})
}

// RemoveLogo goes back to the dealer's name in letters, in one transaction.
func (s *Store) RemoveLogo(ctx context.Context, by audit.Actor) error {
	return s.changeLogo(ctx, by, "", func(*db.Queries) error { return nil })
}

func (s *Store) changeLogo(ctx context.Context, by audit.Actor, hash string, add func(*db.Queries) error) error {
	before, err := s.Current(ctx)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		if err := q.DeleteLogos(ctx); err != nil {
			return err
		}
		if err := add(q); err != nil {
			return err
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "settings.set", Object: "company.logo", Before: before.Company.Logo, After: hash})
	})
	if err != nil {
		return fmt.Errorf("settings: logo: %w", err)
	}
	s.mu.Lock()
	s.cached = nil
	s.mu.Unlock()
	return nil
}

// cleanLogo returns the picture as a PNG no larger than paper needs.
func cleanLogo(picture []byte) ([]byte, error) {
	refuse := func(format string, args ...any) error { return fault.Field("company.logo", format, args...) }
	if len(picture) > MaxLogoBytes {
		return nil, refuse("The picture is larger than %d MB", MaxLogoBytes>>20)
	}
	if len(picture) == 0 {
		return nil, refuse("Choose a picture first")
	}
	size, format, err := image.DecodeConfig(bytes.NewReader(picture))
	if err != nil || format != "png" && format != "jpeg" {
		return nil, refuse("This is neither a PNG nor a JPEG picture")
	}
	if size.Width < 16 || size.Height < 16 || size.Width > logoPixels || size.Height > logoPixels {
		return nil, refuse("The picture is %d by %d pixels; it must be between 16 and %d each way", size.Width, size.Height, logoPixels)
	}
	decoded, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, refuse("The picture is damaged")
	}
	var out bytes.Buffer
	if err := png.Encode(&out, FitLogo(decoded, logoWidth, logoHeight)); err != nil {
		return nil, fmt.Errorf("settings: logo: %w", err)
	}
	return out.Bytes(), nil
}

// FitLogo scales a picture down into a box of pixels; a smaller one stays as it is.
func FitLogo(picture image.Image, width, height int) image.Image {
	w, h := picture.Bounds().Dx(), picture.Bounds().Dy()
	scale := min(float64(width)/float64(w), float64(height)/float64(h), 1)
	fitted := image.NewNRGBA(image.Rect(0, 0, max(1, int(float64(w)*scale)), max(1, int(float64(h)*scale))))
	draw.CatmullRom.Scale(fitted, fitted.Bounds(), picture, picture.Bounds(), draw.Src, nil)
	return fitted
}
