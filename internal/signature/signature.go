// Package signature holds a signature drawn by hand as what it is: the strokes
// of a pen on a pad, in vectors. It reads what the page's pad sends, tells a
// drawing from an empty pad, and gives the curves to draw it on a screen and on
// paper. A drawing is never a picture.
package signature

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// The limits of one drawing. The page thins what is drawn long before, so that
// nobody who signs meets them.
const (
	MaxBytes   = 512 << 10
	MaxStrokes = 2_000
	MaxPoints  = 20_000

	minSide = 400    // of a pad, in tenths of a pixel
	maxSide = 40_000 // of a pad
)

// Signature is a drawing on a pad. The zero value is an empty pad.
type Signature struct {
	Width, Height int // of the pad, in tenths of a pixel as styled
	Strokes       [][]Point
}

// Point is where the pen was, from the pad's upper left corner in tenths of a
// pixel, and when, in milliseconds since the first point of the drawing.
type Point struct{ X, Y, T int }

// wire is a drawing as the page sends it and as it is stored: each stroke is
// x, y and t of its points in a row.
type wire struct {
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	Strokes [][]int `json:"strokes"`
}

// Errors of [Parse]. Their texts are shown beside the pad.
var (
	ErrLarge  = errors.New("The drawing is too large: press \"Clear\" and draw your name once more, more simply, or sign with your typed name alone")
	ErrBroken = errors.New("The drawing could not be read: press \"Clear\" and draw your name once more, or sign with your typed name alone")
)

// Parse reads a drawing as the page's pad or [Signature.String] wrote it; "" is
// an empty pad. What is too large is [ErrLarge], what is not a drawing or runs off
// its pad [ErrBroken].
func Parse(s string) (Signature, error) {
	if s = strings.TrimSpace(s); s == "" {
		return Signature{}, nil
	}
	if len(s) > MaxBytes {
		return Signature{}, ErrLarge
	}
	var w wire
	d := json.NewDecoder(strings.NewReader(s))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil || d.More() {
		return Signature{}, ErrBroken
	}
	if len(w.Strokes) == 0 {
		return Signature{}, nil
	}
	if w.Width < minSide || w.Width > maxSide || w.Height < minSide || w.Height > maxSide {
		return Signature{}, ErrBroken
	}
	points := 0
	for _, s := range w.Strokes {
		if len(s) == 0 || len(s)%3 != 0 {
			return Signature{}, ErrBroken
		}
		points += len(s) / 3
	}
	if len(w.Strokes) > MaxStrokes || points > MaxPoints {
		return Signature{}, ErrLarge
	}
	sig := Signature{Width: w.Width, Height: w.Height, Strokes: make([][]Point, len(w.Strokes))}
	all := make([]Point, 0, points)
	last := 0
	for i, s := range w.Strokes {
		from := len(all)
		for ; len(s) > 0; s = s[3:] {
			p := Point{s[0], s[1], s[2]}
			if p.X < 0 || p.X > w.Width || p.Y < 0 || p.Y > w.Height || p.T < 0 || p.T > math.MaxInt32 {
				return Signature{}, ErrBroken
			}
			p.T = max(p.T, last) // a clock that was set back stands still
			last = p.T
			all = append(all, p)
		}
		sig.Strokes[i] = all[from:len(all):len(all)]
	}
	return sig, nil
}

// String writes the drawing in its one compact form, which [Parse] reads; ""
// for an empty pad. The same drawing always gives the same text.
func (s Signature) String() string {
	if len(s.Strokes) == 0 {
		return ""
	}
	b := make([]byte, 0, 64+12*len(s.Strokes))
	number := func(n int) { b = strconv.AppendInt(b, int64(n), 10) }
	b = append(b, `{"width":`...)
	number(s.Width)
	b = append(b, `,"height":`...)
	number(s.Height)
	b = append(b, `,"strokes":[`...)
	for i, stroke := range s.Strokes {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		for j, p := range stroke {
			if j > 0 {
				b = append(b, ',')
			}
			number(p.X)
			b = append(b, ',')
			number(p.Y)
			b = append(b, ',')
			number(p.T)
		}
		b = append(b, ']')
	}
	return string(append(b, "]}"...))
}

// leastInk is the part of the pad's width that the strokes must come to in all
// before they are a drawing: some 15 pixels, less than the shortest initials.
const leastInk = 0.03

// Blank reports whether nothing was drawn that could be a name: no stroke, a dot
// or two, the trace of a touch.
func (s Signature) Blank() bool {
	ink := 0.0
	for _, stroke := range s.Strokes {
		for i := 1; i < len(stroke); i++ {
			ink += distance(stroke[i-1], stroke[i])
		}
	}
	return ink == 0 || ink < leastInk*float64(s.Width)
}

func distance(a, b Point) float64 { return math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)) }

// Writing drops from a signer's name, as the mapping of [strings.Map], what is not
// seen and what turns the writing round: a name stands in the midst of other words
// on pages and in mails, and the signed copy is to show it as it is kept. The two
// joiners are letters in some languages.
func Writing(r rune) rune {
	if unicode.Is(unicode.Cf, r) && r != '\u200C' && r != '\u200D' {
		return -1
	}
	return r
}
