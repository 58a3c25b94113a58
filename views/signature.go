package views

import "customerportal/internal/signature"

// SignaturePad is a pad to draw a name on, shown by the part "signature". The
// page loads signing.js, which makes the pad work; without script it stays
// hidden and says that the typed name signs.
type SignaturePad struct {
	Label string // "Draw Your Name"
	Name  string // the hidden field that holds the strokes
	Value string // the strokes as they were sent, so that a refused form keeps them
	Hint  string // that it is optional, in words
	Error string
}

// Drawing is a kept signature, shown by the part "drawing"; nothing is shown
// for one without strokes.
type Drawing struct {
	Label         string // whose it is, for who does not see it
	Path, ViewBox string
	PenWidth      int
}

// DrawingOf returns how strokes are shown that package signature has written.
func DrawingOf(strokes, label string) Drawing {
	s, err := signature.Parse(strokes)
	if err != nil {
		return Drawing{}
	}
	return Drawing{Label: label, Path: s.Path(), ViewBox: s.ViewBox(), PenWidth: s.PenWidth()}
}
