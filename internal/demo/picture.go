package demo

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"

	"customerportal/internal/money"
	"customerportal/internal/signature"
)

func quantityOf(n int64) money.Quantity { return money.Quantity(n) * money.QuantityScale }

func centsOf(n int64) money.Cents { return money.Cents(n) }

// labourRate is what an hour costs at the made-up dealer's.
const labourRate money.Cents = 95_00

// picture draws a small scene in flat colours, as a stand-in for a photo.
func picture(what string) ([]byte, error) {
	m := image.NewRGBA(image.Rect(0, 0, 800, 600))
	fill := func(x0, y0, x1, y1 int, c color.RGBA) {
		draw.Draw(m, image.Rect(x0, y0, x1, y1), image.NewUniform(c), image.Point{}, draw.Src)
	}
	disc := func(x, y, r int, c color.RGBA) {
		for dy := -r; dy <= r; dy++ {
			half := int(math.Sqrt(float64(r*r - dy*dy)))
			fill(x-half, y+dy, x+half, y+dy+1, c)
		}
	}
	wall, shade, white := color.RGBA{214, 208, 196, 255}, color.RGBA{176, 168, 152, 255}, color.RGBA{244, 244, 240, 255}
	dark, red, green := color.RGBA{44, 48, 54, 255}, color.RGBA{206, 44, 36, 255}, color.RGBA{60, 160, 84, 255}
	fill(0, 0, 800, 600, wall)
	fill(0, 520, 800, 600, shade)
	switch what {
	case "keypad", "panel":
		fill(258, 88, 558, 488, shade)
		fill(250, 80, 550, 480, white)
		fill(275, 110, 525, 180, color.RGBA{150, 178, 140, 255})
		for row := range 4 {
			for column := range 3 {
				x, y := 285+column*85, 210+row*65
				fill(x, y, x+60, y+44, shade)
				fill(x+3, y+3, x+57, y+41, wall)
			}
		}
		lamp := red
		if what == "panel" {
			lamp = green
		}
		disc(500, 145, 14, lamp)
	case "door":
		fill(230, 40, 570, 540, color.RGBA{110, 74, 48, 255})
		fill(255, 65, 545, 520, color.RGBA{132, 92, 62, 255})
		disc(520, 300, 16, color.RGBA{216, 184, 92, 255})
		fill(470, 20, 560, 44, white)
		fill(470, 62, 540, 84, white)
	case "detector":
		disc(400, 260, 190, shade)
		disc(394, 252, 186, white)
		disc(394, 252, 110, wall)
		disc(394, 252, 100, white)
		disc(480, 200, 12, red)
	case "camera":
		fill(380, 0, 420, 180, dark)
		for y := 180; y < 330; y++ { // it hangs askew
			fill(250+(y-180)/2, y, 560+(y-180)/2, y+1, white)
		}
		disc(330, 270, 60, dark)
		disc(330, 270, 34, color.RGBA{84, 110, 150, 255})
	default:
		return nil, fmt.Errorf("there is no picture of %q", what)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 80}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// scribble draws a name as a pen might: a wave for each word, its height by the
// letters.
func scribble(name string) string {
	s := signature.Signature{Width: 6000, Height: 2000}
	x, t := 300.0, 0
	var stroke []signature.Point
	for i, r := range name {
		if r == ' ' {
			s.Strokes = append(s.Strokes, stroke)
			stroke, x, t = nil, x+180, t+160
			continue
		}
		tall := 180 + float64(r%7)*90
		for step := range 6 {
			angle := float64(step) / 6 * 2 * math.Pi
			stroke = append(stroke, signature.Point{X: int(x + float64(step)*32 + 40*math.Sin(angle)), Y: int(1150 - tall*math.Sin(angle) - float64(i%3)*40), T: t})
			t += 14
		}
		x += 190
		if x > 5600 {
			break
		}
	}
	s.Strokes = append(s.Strokes, stroke)
	return s.String()
}
