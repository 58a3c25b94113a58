package settings_test

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"path/filepath"
	"testing"
	"time"

	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/settings"
)

func picture(w, h int) image.Image {
	p := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range min(w, h) {
		p.Set(i, i, color.RGBA{200, 30, 30, 255})
	}
	return p
}

func encoded(t *testing.T, encode func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLogo(t *testing.T) {
	books := dbtest.New(t)
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	if err != nil {
		t.Fatal(err)
	}
	clock := calendar.Clock(func() time.Time { return time.Date(2026, 11, 2, 15, 0, 0, 0, time.UTC) })
	store := settings.New(books, clock, sealer)
	by := audit.Actor{Kind: audit.System}
	hash := func() string {
		t.Helper()
		s, err := store.Current(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s.Company.Logo
	}
	if got := hash(); got != "" {
		t.Fatalf("a logo from nowhere: %s", got)
	}

	asJPEG := encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, picture(3000, 300), nil) })
	if err := store.SetLogo(t.Context(), by, append(asJPEG, "<script>alert(1)</script>"...)); err != nil {
		t.Fatal(err)
	}
	first := hash()
	row, err := books.Read().GetLogo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kept, err := png.Decode(bytes.NewReader(row.Body))
	if err != nil || row.Mime != "image/png" || kept.Bounds().Dx() != 1200 || kept.Bounds().Dy() != 120 || bytes.Contains(row.Body, []byte("script")) {
		t.Errorf("kept %s, %v, %v", row.Mime, kept.Bounds(), err)
	}

	if err := store.SetLogo(t.Context(), by, encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, picture(100, 40)) })); err != nil {
		t.Fatal(err)
	}
	if second := hash(); second == first || len(second) != 64 {
		t.Errorf("the second logo is %q after %q", second, first)
	}
	if err := store.RemoveLogo(t.Context(), by); err != nil {
		t.Fatal(err)
	}
	if got := hash(); got != "" {
		t.Errorf("removed, and still %s", got)
	}
}

func TestLogoRefuses(t *testing.T) {
	books := dbtest.New(t)
	store := settings.New(books, func() time.Time { return time.Unix(0, 0) }, nil)
	tests := map[string][]byte{
		"nothing":   nil,
		"text":      []byte("<svg onload=alert(1)>"),
		"a GIF":     encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, picture(100, 100), nil) }),
		"too small": encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, picture(8, 8)) }),
		"too large": encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, picture(4001, 20)) }),
		"cut off":   encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, picture(100, 100)) })[:60],
		"too heavy": make([]byte, 6<<20),
	}
	for name, body := range tests {
		if err := store.SetLogo(t.Context(), audit.Actor{Kind: audit.System}, body); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
