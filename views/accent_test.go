package views

import (
	"regexp"
	"testing"
)

// TestAccentContrast checks, for a net of colours over the whole space, that
// every pair which the style sheet puts together can be read.
func TestAccentContrast(t *testing.T) {
	sheet := regexp.MustCompile(`--accent:(#\w{6});--accent-ink:(#\w{6});--accent-hover:(#\w{6});--accent-text:(#\w{6})`)
	surfaces := [2][]rgb{
		{white, {0xf4, 0xf6, 0xf8}, {0xee, 0xf1, 0xf5}, lightSurface},
		{{0x11, 0x16, 0x1d}, {0x19, 0x20, 0x2a}, darkSurface, {0x17, 0x2b, 0x40}},
	}
	steps := []uint8{0, 0x33, 0x66, 0x80, 0x99, 0xcc, 0xff}
	for _, r := range steps {
		for _, g := range steps {
			for _, b := range steps {
				c := rgb{r, g, b}
				css, ok := AccentCSS(c.String())
				if !ok {
					t.Fatalf("%s was refused", c)
				}
				schemes := sheet.FindAllStringSubmatch(css, -1)
				if len(schemes) != 2 {
					t.Fatalf("%s: the sheet has %d schemes: %s", c, len(schemes), css)
				}
				for i, m := range schemes {
					fill, ink, hover, text := must(t, m[1]), must(t, m[2]), must(t, m[3]), must(t, m[4])
					if got := contrast(fill, ink); got < 4.5 {
						t.Errorf("%s scheme %d: label %s on button %s has %.2f", c, i, ink, fill, got)
					}
					if got := contrast(hover, ink); got < 4.5 {
						t.Errorf("%s scheme %d: label %s on pressed button %s has %.2f", c, i, ink, hover, got)
					}
					for _, s := range surfaces[i] {
						if got := contrast(text, s); got < 4.5 {
							t.Errorf("%s scheme %d: text %s on %s has %.2f", c, i, text, s, got)
						}
					}
				}
			}
		}
	}
}

func must(t *testing.T, s string) rgb {
	t.Helper()
	c, ok := parseRGB(s)
	if !ok {
		t.Fatalf("%q is not a colour", s)
	}
	return c
}

func TestAccentKeepsTheDealersColour(t *testing.T) {
	css, _ := AccentCSS("#f2c200") // a yellow that white cannot be read on
	if want := ":root:root{--accent:#f2c200;--accent-ink:#10151c"; css[:len(want)] != want {
		t.Errorf("the button is not yellow with dark ink: %s", css)
	}
}

func TestAccentRefuses(t *testing.T) {
	for _, s := range []string{"", "red", "#fff", "#12345g", "1d5fa8", "#1d5fa8;", "#+d5fa8"} {
		if css, ok := AccentCSS(s); ok {
			t.Errorf("AccentCSS(%q) = %q", s, css)
		}
	}
}

// TestContrast has the two ends and a known pair of WCAG's own examples.
func TestContrast(t *testing.T) {
	if got := contrast(rgb{}, white); got != 21 {
		t.Errorf("black on white: %v", got)
	}
	if got := contrast(white, white); got != 1 {
		t.Errorf("white on white: %v", got)
	}
	if got := contrast(rgb{0x76, 0x76, 0x76}, white); got < 4.5 || got > 4.6 {
		t.Errorf("#767676 on white: %v, want 4.54", got)
	}
}
