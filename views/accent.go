package views

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// rgb is a colour of the sRGB space, each part from 0 to 255.
type rgb [3]uint8

var (
	white = rgb{0xff, 0xff, 0xff}
	black = rgb{0x10, 0x15, 0x1c}

	// the surfaces of portal.css that accent-coloured text and borders stand
	// on: of each scheme the one that makes it hardest
	lightSurface = rgb{0xe6, 0xef, 0xf8}
	darkSurface  = rgb{0x22, 0x2b, 0x37}
)

const (
	textContrast = 4.5 // the least contrast of text, WCAG 2.2, 1.4.3
	fillContrast = 1.5 // so that a dark button is seen to be filled on a dark page; its border is bright
)

// AccentCSS returns the style sheet that gives the pages the dealer's accent
// colour, "#rrggbb". The colour itself fills buttons, with whichever ink can be
// read on it; as text and as a border it is darkened or lightened as far as the
// surfaces of the light and the dark scheme need. It reports false when color
// is not a colour.
func AccentCSS(color string) (string, bool) {
	accent, ok := parseRGB(color)
	if !ok {
		return "", false
	}
	var b strings.Builder
	scheme := func(fill, text rgb) {
		fill, ink := readable(fill)
		// the hover goes away from the ink, so that the label only gets clearer
		hover := mix(fill, rgb{}, 0.18)
		if ink != white {
			hover = mix(fill, white, 0.25)
		}
		fmt.Fprintf(&b, ":root:root{--accent:%s;--accent-ink:%s;--accent-hover:%s;--accent-text:%s}", fill, ink, hover, text)
	}
	scheme(accent, until(accent, rgb{}, lightSurface, textContrast))
	b.WriteString("@media (prefers-color-scheme:dark){")
	scheme(until(accent, white, darkSurface, fillContrast), until(accent, white, darkSurface, textContrast))
	b.WriteString("}\n")
	return b.String(), true
}

func parseRGB(s string) (rgb, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 16, 32)
	if err != nil || len(s) != 7 || s[0] != '#' {
		return rgb{}, false
	}
	return rgb{uint8(n >> 16), uint8(n >> 8), uint8(n)}, true
}

// String returns "#rrggbb".
func (c rgb) String() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

// readable returns the fill with the ink that can be read on it. A few middling
// colours take neither ink well: they are darkened a little for the white one.
func readable(fill rgb) (rgb, rgb) {
	if contrast(fill, white) < textContrast && contrast(fill, black) >= textContrast {
		return fill, black
	}
	return until(fill, rgb{}, white, textContrast), white
}

// until moves c towards an end in small steps until it stands out enough from
// the surface.
func until(c, end, surface rgb, enough float64) rgb {
	for step := 0.0; step < 1; step += 0.02 {
		if moved := mix(c, end, step); contrast(moved, surface) >= enough {
			return moved
		}
	}
	return end
}

// mix returns the colour that lies at share between a and b.
func mix(a, b rgb, share float64) rgb {
	var m rgb
	for i := range m {
		m[i] = uint8(math.Round(float64(a[i]) + (float64(b[i])-float64(a[i]))*share))
	}
	return m
}

// contrast is the contrast ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b rgb) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(c rgb) float64 {
	part := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*part(c[0]) + 0.7152*part(c[1]) + 0.0722*part(c[2])
}
