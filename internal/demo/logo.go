package demo

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// The logo is drawn here rather than kept as a picture, so that nobody has to
// wonder where it came from.
var (
	logoGreen = color.NRGBA{0x0b, 0x6e, 0x4f, 0xff}
	logoLight = color.NRGBA{0xf4, 0xc4, 0x4e, 0xff}
	logoInk   = color.NRGBA{0x1c, 0x23, 0x2d, 0xff}
)

// logo draws a beacon on a shield with the dealer's name beside it, as a PNG.
func logo() ([]byte, error) {
	const width, height = 900, 240
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	fill := func(c color.Color, points ...[2]float32) {
		r := vector.NewRasterizer(width, height)
		r.MoveTo(points[0][0], points[0][1])
		for _, p := range points[1:] {
			r.LineTo(p[0], p[1])
		}
		r.ClosePath()
		r.Draw(img, img.Bounds(), image.NewUniform(c), image.Point{})
	}
	shield := vector.NewRasterizer(width, height)
	shield.MoveTo(110, 12)
	shield.LineTo(204, 44)
	shield.LineTo(204, 122)
	shield.QuadTo(204, 196, 110, 230)
	shield.QuadTo(16, 196, 16, 122)
	shield.LineTo(16, 44)
	shield.ClosePath()
	shield.Draw(img, img.Bounds(), image.NewUniform(logoGreen), image.Point{})
	// beams, lamp, roof, tower with its stripe, rock
	fill(logoLight, [2]float32{94, 80}, [2]float32{38, 58}, [2]float32{38, 102})
	fill(logoLight, [2]float32{126, 80}, [2]float32{182, 58}, [2]float32{182, 102})
	fill(color.White, [2]float32{92, 66}, [2]float32{110, 44}, [2]float32{128, 66})
	fill(logoLight, [2]float32{97, 70}, [2]float32{123, 70}, [2]float32{123, 92}, [2]float32{97, 92})
	fill(color.White, [2]float32{88, 96}, [2]float32{132, 96}, [2]float32{132, 102}, [2]float32{88, 102})
	fill(color.White, [2]float32{96, 106}, [2]float32{124, 106}, [2]float32{134, 186}, [2]float32{86, 186})
	fill(logoGreen, [2]float32{92.5, 132}, [2]float32{127.5, 132}, [2]float32{130, 152}, [2]float32{90, 152})
	fill(color.White, [2]float32{72, 192}, [2]float32{148, 192}, [2]float32{136, 204}, [2]float32{84, 204})

	for _, line := range []struct {
		text string
		face []byte
		size float64
		y    int
		ink  color.Color
	}{
		{"Beacon Hill", gobold.TTF, 104, 118, logoInk},
		{"S E C U R I T Y", goregular.TTF, 58, 196, logoGreen},
	} {
		f, err := opentype.Parse(line.face)
		if err != nil {
			return nil, fmt.Errorf("logo: %w", err)
		}
		face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: line.size, DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			return nil, fmt.Errorf("logo: %w", err)
		}
		d := font.Drawer{Dst: img, Src: image.NewUniform(line.ink), Face: face, Dot: fixed.P(244, line.y)}
		d.DrawString(line.text)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, cropped(img)); err != nil {
		return nil, fmt.Errorf("logo: %w", err)
	}
	return b.Bytes(), nil
}

// cropped cuts the empty right edge off.
func cropped(img *image.NRGBA) image.Image {
	right := 0
	for y := range img.Rect.Dy() {
		for x := img.Rect.Dx() - 1; x > right; x-- {
			if img.NRGBAAt(x, y).A > 0 {
				right = x
			}
		}
	}
	out := image.NewNRGBA(image.Rect(0, 0, min(right+12, img.Rect.Dx()), img.Rect.Dy()))
	draw.Draw(out, out.Rect, img, image.Point{}, draw.Src)
	return out
}
