package document

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"sync/atomic"

	"golang.org/x/image/draw"
)

// The box a logo is fitted into, in points, and the largest picture taken.
const (
	logoWidth  = 150.0
	logoHeight = 56.0
	logoPixels = 4000 // each way
	logoDots   = 300  // per inch on paper; more only makes the file larger
)

// logo is a picture made ready for print: opaque, no larger than paper shows.
type logo struct {
	of   [sha256.Size]byte // the hash of the bytes it was made of
	data []byte
	kind string  // as fpdf names it
	w, h float64 // on paper, in points
}

// lastLogo keeps the logo prepared last: a program serves one dealer, and the
// work on a picture takes longer than the rest of the page.
var lastLogo atomic.Pointer[logo]

// prepareLogo decodes a PNG or JPEG, lays it on white and scales it down to the
// size it is printed in. fpdf itself takes neither interlaced nor 16-bit PNGs.
func prepareLogo(data []byte) (*logo, error) {
	hash := sha256.Sum256(data)
	if l := lastLogo.Load(); l != nil && l.of == hash {
		return l, nil
	}
	size, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("document: logo: %w", err)
	}
	if format != "png" && format != "jpeg" {
		return nil, fmt.Errorf("document: logo is a %s, not a PNG or JPEG", format)
	}
	if size.Width < 1 || size.Height < 1 || size.Width > logoPixels || size.Height > logoPixels {
		return nil, fmt.Errorf("document: logo of %d x %d pixels", size.Width, size.Height)
	}
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("document: logo: %w", err)
	}

	bounds := picture.Bounds()
	ratio := float64(bounds.Dx()) / float64(bounds.Dy())
	l := &logo{of: hash, w: min(logoWidth, logoHeight*ratio)}
	l.h = l.w / ratio
	width := min(bounds.Dx(), max(1, int(l.w/72*logoDots)))
	height := max(1, int(float64(width)/ratio+0.5))

	paper := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(paper, paper.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.CatmullRom.Scale(paper, paper.Bounds(), picture, bounds, draw.Over, nil)

	var out bytes.Buffer
	if format == "jpeg" {
		l.kind, err = "jpg", jpeg.Encode(&out, paper, &jpeg.Options{Quality: 90})
	} else {
		encoder := png.Encoder{CompressionLevel: png.BestCompression}
		l.kind, err = "png", encoder.Encode(&out, paper)
	}
	if err != nil {
		return nil, fmt.Errorf("document: logo: %w", err)
	}
	l.data = out.Bytes()
	lastLogo.Store(l)
	return l, nil
}
