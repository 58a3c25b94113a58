package signature

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

const drawn = `{"width":5000,"height":2000,"strokes":[[500,1000,0,900,400,40,1400,1500,90,2000,700,160],[2500,1000,400,3000,1000,450]]}`

func TestParse(t *testing.T) {
	s, err := Parse(" " + drawn + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if s.Width != 5000 || s.Height != 2000 || len(s.Strokes) != 2 || len(s.Strokes[0]) != 4 || s.Strokes[0][2] != (Point{1400, 1500, 90}) {
		t.Errorf("read as %+v", s)
	}
	if s.String() != drawn {
		t.Errorf("written as %s", s)
	}
	if s.Blank() {
		t.Error("a drawing is blank")
	}

	s, err = Parse(`{"width":5000,"height":2000,"strokes":[[1,1,50,2,2,40],[3,3,10]]}`)
	if err != nil || s.String() != `{"width":5000,"height":2000,"strokes":[[1,1,50,2,2,50],[3,3,50]]}` {
		t.Errorf("a clock set back: %v, %v", s, err)
	}
}

func TestParseRefuses(t *testing.T) {
	stroke := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("1,1,1,", n), ",") + "]" }
	pad := func(strokes string) string { return `{"width":5000,"height":2000,"strokes":[` + strokes + `]}` }
	many := func(n int) string { return strings.TrimSuffix(strings.Repeat(stroke(1)+",", n), ",") }
	if _, err := Parse(pad(many(MaxStrokes))); err != nil {
		t.Errorf("as many strokes as are allowed: %v", err)
	}
	if _, err := Parse(pad(stroke(MaxPoints))); err != nil {
		t.Errorf("as many points as are allowed: %v", err)
	}
	for name, s := range map[string]string{
		"no JSON":           "hello",
		"another shape":     `[{"x":1,"y":1}]`,
		"more than it":      drawn + drawn,
		"an unknown name":   `{"width":5000,"height":2000,"strokes":[[1,1,1]],"picture":"data:"}`,
		"no pad":            `{"strokes":[[1,1,1]]}`,
		"a huge pad":        `{"width":50000,"height":2000,"strokes":[[1,1,1]]}`,
		"outside on the x":  pad("[5001,1,1]"),
		"outside on the y":  pad("[1,2001,1]"),
		"before the pad":    pad("[-1,1,1]"),
		"before the start":  pad("[1,1,-1]"),
		"part of a point":   pad("[1,1,1,2]"),
		"an empty stroke":   pad("[1,1,1],[]"),
		"a fraction":        pad("[1.5,1,1]"),
		"not a number":      pad("[NaN,1,1]"),
		"beyond numbers":    pad("[1e999,1,1]"),
		"a null":            pad("null"),
		"too many strokes":  pad(many(MaxStrokes + 1)),
		"too many points":   pad(stroke(MaxPoints + 1)),
		"too many bytes":    pad(stroke(5 << 20 / 6)),
		"nothing but depth": strings.Repeat("[", 100_000),
	} {
		got, err := Parse(s)
		if err != ErrLarge && err != ErrBroken || len(got.Strokes) != 0 {
			t.Errorf("%s: %v, %d strokes", name, err, len(got.Strokes))
		} else if !strings.Contains(err.Error(), "typed name alone") {
			t.Errorf("%s says no way on: %v", name, err)
		}
	}
}

func TestBlank(t *testing.T) {
	for s, want := range map[string]bool{
		"": true,
		`{"width":5000,"height":2000,"strokes":[]}`:                                           true,
		`{"width":5000,"height":2000,"strokes":[[2500,1000,0]]}`:                              true, // a dot
		`{"width":5000,"height":2000,"strokes":[[2500,1000,0],[2600,1000,9],[9,9,10]]}`:       true, // three dots
		`{"width":5000,"height":2000,"strokes":[[2500,1000,0,2540,1030,30]]}`:                 true, // the trace of a touch
		`{"width":5000,"height":2000,"strokes":[[2500,1000,0,2700,1000,30]]}`:                 false,
		`{"width":5000,"height":2000,"strokes":[[0,0,0,100,0,9],[0,50,20,100,50,30]]}`:        false,
		`{"width":3500,"height":1400,"strokes":[[1000,300,0,1000,900,80,1300,900,130]]}`:      false, // an L
		`{"width":5000,"height":2000,"strokes":[[2500,1000,0,2500,1000,30,2500,1000,60]]}`:    true,  // the pen stood still
		`{"width":5000,"height":2000,"strokes":[[2500,1000,0,2510,1000,5,2500,1000,10]]}`:     true,  // it trembled
		`{"width":5000,"height":2000,"strokes":[[100,100,0,150,100,5],[100,100,10,160,100]]}`: true,  // unreadable
	} {
		got, _ := Parse(s)
		if got.Blank() != want {
			t.Errorf("%s: blank %v", s, !want)
		}
	}
}

// TestCurves holds the curves to what is known of them: they begin and end where
// the pen was, hang together without a corner, and fill the box as the pad was
// filled.
func TestCurves(t *testing.T) {
	s, err := Parse(drawn)
	if err != nil {
		t.Fatal(err)
	}
	curves := s.Curves(250, 200) // twice as high as needed: centred
	if len(curves) != 4 {        // a dot and two curves, and the dot of a stroke of two points
		t.Fatalf("%d curves", len(curves))
	}
	if c := curves[0]; c.X0 != 25 || c.Y0 != 100 || c.X3 != 25 {
		t.Errorf("begins with %+v", c)
	}
	if c := curves[2]; c.X3 != 70 || c.Y3 != 125 {
		t.Errorf("ends at %v, %v", c.X3, c.Y3)
	}
	if c := curves[3]; c.X0 != 125 || c.X3 != 125 {
		t.Errorf("a stroke of two points: %+v", c)
	}
	for i := range 2 {
		a, b := curves[i], curves[i+1]
		if a.X3 != b.X0 || a.Y3 != b.Y0 {
			t.Errorf("curve %d does not go on where the one before ended", i+1)
		}
		// the control points around a joint lie on one line through it
		cross := (a.X3-a.X2)*(b.Y1-b.Y0) - (a.Y3-a.Y2)*(b.X1-b.X0)
		if math.Abs(cross) > 1e-6 {
			t.Errorf("a corner at joint %d: %v", i, cross)
		}
	}
	for _, c := range curves {
		if c.Width < 2*thinnest*250 || c.Width > 2*thickest*250 {
			t.Errorf("a pen %v wide", c.Width)
		}
	}
	if fmt.Sprint(s.Curves(250, 200)) != fmt.Sprint(curves) {
		t.Error("the same drawing gives other curves")
	}

	dot := Signature{Width: 5000, Height: 2000, Strokes: [][]Point{{{1000, 500, 0}}}}
	if c := dot.Curves(500, 200)[0]; c.X0 != 100 || c.X3 != 100 || c.Y3 != 50 || c.Width == 0 {
		t.Errorf("a dot: %+v", c)
	}
	if (Signature{}).Curves(100, 100) != nil || (Signature{}).Path() != "" {
		t.Error("an empty pad has curves")
	}
}

// TestFasterIsThinner holds the pen to the hand's speed.
func TestFasterIsThinner(t *testing.T) {
	line := func(ms int) float64 {
		s := Signature{Width: 5000, Height: 2000}
		var stroke []Point
		for i := range 10 {
			stroke = append(stroke, Point{500 + 300*i, 1000, ms * i})
		}
		s.Strokes = [][]Point{stroke}
		curves := s.Curves(500, 200)
		return curves[len(curves)-1].Width
	}
	if slow, fast := line(200), line(8); slow <= fast {
		t.Errorf("a slow hand %v, a fast one %v", slow, fast)
	}
}

func TestPath(t *testing.T) {
	s, _ := Parse(`{"width":5000,"height":2000,"strokes":[[1000,1000,0,2000,1000,100,3000,1000,200],[500,500,300]]}`)
	if got := s.Path(); got != "M1000 1000 C1000 1000 1000 1000 1000 1000 1500 1000 1500 1000 2000 1000 M500 500 C500 500 500 500 500 500" {
		t.Errorf("path %q", got)
	}
	if s.ViewBox() != "0 0 5000 2000" || s.PenWidth() != 28 {
		t.Errorf("viewBox %q, pen %d", s.ViewBox(), s.PenWidth())
	}
}

func FuzzParse(f *testing.F) {
	f.Add(drawn)
	f.Add("")
	f.Add(`{"width":5000,"height":2000,"strokes":[[1,1,1,2,2,2]]}`)
	f.Add(`{"width":400,"height":400,"strokes":[[0,0,0,400,400,2147483647,0,400,0]]}`)
	f.Fuzz(func(t *testing.T, in string) {
		s, err := Parse(in)
		if err != nil {
			if err != ErrLarge && err != ErrBroken {
				t.Fatalf("%q: %v", in, err)
			}
			return
		}
		again, err := Parse(s.String())
		if err != nil || again.String() != s.String() {
			t.Fatalf("%q is written as %q, which reads as %q, %v", in, s, again, err)
		}
		for _, c := range s.Curves(200, 80) {
			for _, n := range []float64{c.X0, c.Y0, c.X1, c.Y1, c.X2, c.Y2, c.X3, c.Y3, c.Width} {
				if math.IsNaN(n) || math.IsInf(n, 0) {
					t.Fatalf("%q has the curve %+v", in, c)
				}
			}
			if c.X0 < -1e-6 || c.X0 > 200+1e-6 || c.Y0 < -1e-6 || c.Y0 > 80+1e-6 || c.Width <= 0 {
				t.Fatalf("%q runs off the paper: %+v", in, c)
			}
		}
		if strings.ContainsAny(s.Path(), "NI<>\"'") {
			t.Fatalf("%q has the path %q", in, s.Path())
		}
		s.Blank()
	})
}
