package signature

import (
	"math"
	"strconv"
)

// Curve is a piece of a stroke: a cubic Bézier curve with its end points, its
// two control points and the width of the pen, whose ends are round. A dot is a
// curve whose four points are the same.
type Curve struct {
	X0, Y0, X1, Y1, X2, Y2, X3, Y3 float64
	Width                          float64
}

// The pen, as static/sign.js sets it for the pad: the radius of its tip in parts
// of the pad's width, the slowest and the fastest, and how much a new speed
// weighs against the one before.
const (
	thinnest = 0.0014
	thickest = 0.0042
	weighing = 0.7
)

// Curves returns the drawing scaled into a box of the given size, its
// proportions kept, centred. The curves and the width of the pen are those that
// the pad (signature_pad 5) shows: each runs smoothly into the next, and a fast
// hand writes thinner.
func (s Signature) Curves(width, height float64) []Curve {
	if len(s.Strokes) == 0 {
		return nil
	}
	scale := min(width/float64(s.Width), height/float64(s.Height))
	dx := (width - scale*float64(s.Width)) / 2
	dy := (height - scale*float64(s.Height)) / 2
	var out []Curve
	for _, stroke := range s.Strokes {
		for _, c := range s.stroke(stroke) {
			out = append(out, Curve{
				dx + scale*c.X0, dy + scale*c.Y0, dx + scale*c.X1, dy + scale*c.Y1,
				dx + scale*c.X2, dy + scale*c.Y2, dx + scale*c.X3, dy + scale*c.Y3, scale * c.Width,
			})
		}
	}
	return out
}

// stroke returns the curves of one stroke in the pad's own measure: a dot where
// the pen was put down, and from there to the last point but one, as the pad
// leaves the way to the last one out.
func (s Signature) stroke(points []Point) []Curve {
	slow, fast := thickest*float64(s.Width), thinnest*float64(s.Width)
	x, y := float64(points[0].X), float64(points[0].Y)
	out := make([]Curve, 1, len(points))
	out[0] = Curve{x, y, x, y, x, y, x, y, slow + fast}
	speed, radius := 0.0, (slow+fast)/2
	for i := range len(points) - 2 {
		a, b := points[i], points[i+1]
		_, _, x1, y1 := controls(points[max(i-1, 0)], a, b)
		x2, y2, _, _ := controls(a, b, points[i+2])
		now := 0.0
		if b.T > a.T {
			now = distance(a, b) / 10 / float64(b.T-a.T) // pixels in a millisecond
		}
		speed = weighing*now + (1-weighing)*speed
		before := radius
		radius = max(slow/(speed+1), fast)
		// one width stands for the change from one end to the other
		out = append(out, Curve{float64(a.X), float64(a.Y), x1, y1, x2, y2, float64(b.X), float64(b.Y), before + radius})
	}
	return out
}

// controls returns the control points before and behind b, so that the curve
// through a, b and c has no corner at b.
func controls(a, b, c Point) (x1, y1, x2, y2 float64) {
	ax, ay, bx, by, cx, cy := float64(a.X), float64(a.Y), float64(b.X), float64(b.Y), float64(c.X), float64(c.Y)
	x1, y1, x2, y2 = (ax+bx)/2, (ay+by)/2, (bx+cx)/2, (by+cy)/2
	to, from := math.Hypot(ax-bx, ay-by), math.Hypot(bx-cx, by-cy)
	k := 0.0
	if to+from > 0 {
		k = from / (to + from)
	}
	tx, ty := bx-(x2+(x1-x2)*k), by-(y2+(y1-y2)*k)
	return x1 + tx, y1 + ty, x2 + tx, y2 + ty
}

// Path returns the drawing as the data of an SVG path for a screen, in the
// measure of [Signature.ViewBox]; it is to be stroked with round ends, not
// filled. "" for an empty pad.
func (s Signature) Path() string {
	var b []byte
	number := func(n float64) {
		b = append(strconv.AppendInt(b, int64(math.Round(n)), 10), ' ')
	}
	for _, stroke := range s.Strokes {
		for i, c := range s.stroke(stroke) {
			if i == 0 {
				b = append(b, 'M')
				number(c.X0)
				number(c.Y0)
				b = append(b, 'C')
			}
			for _, n := range []float64{c.X1, c.Y1, c.X2, c.Y2, c.X3, c.Y3} {
				number(n)
			}
		}
	}
	if len(b) == 0 {
		return ""
	}
	return string(b[:len(b)-1])
}

// ViewBox returns the viewBox of an SVG that shows [Signature.Path].
func (s Signature) ViewBox() string {
	return "0 0 " + strconv.Itoa(s.Width) + " " + strconv.Itoa(s.Height)
}

// PenWidth returns the width of the line that suits [Signature.Path].
func (s Signature) PenWidth() int {
	return int(math.Round((thinnest + thickest) * float64(s.Width)))
}
