package document

import (
	"bytes"
	_ "embed"
	"fmt"
	"sync"

	"github.com/go-pdf/fpdf"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Noto Sans, cut down to the scripts of Europe and Vietnamese. fonts/README.md
// says how the files were made.
var (
	//go:embed fonts/NotoSans-Regular-subset.ttf
	regularTTF []byte
	//go:embed fonts/NotoSans-Bold-subset.ttf
	boldTTF []byte
)

const family = "noto"

// face knows which characters a font has and how wide they are. It is read once
// and never written afterwards, so all documents share it.
type face struct {
	advances map[rune]uint16 // thousandths of the font size
	missing  uint16          // width of the box drawn for a character it lacks
}

var (
	regular = sync.OnceValue(func() *face { return readFace(regularTTF) })
	bold    = sync.OnceValue(func() *face { return readFace(boldTTF) })
)

// readFace reads an embedded font. The files are part of the program, so one
// that cannot be read is a fault of the build.
func readFace(ttf []byte) *face {
	parsed, err := sfnt.Parse(ttf)
	if err != nil {
		panic(fmt.Sprintf("document: embedded font: %v", err))
	}
	var buf sfnt.Buffer
	advance := func(glyph sfnt.GlyphIndex) uint16 {
		width, err := parsed.GlyphAdvance(&buf, glyph, fixed.I(1000), font.HintingNone)
		if err != nil {
			panic(fmt.Sprintf("document: embedded font: glyph %d: %v", glyph, err))
		}
		return uint16(width.Round())
	}
	f := &face{advances: make(map[rune]uint16, parsed.NumGlyphs()), missing: advance(0)}
	for r := rune(' '); r < 0xFFFE; r++ {
		glyph, err := parsed.GlyphIndex(&buf, r)
		if err != nil {
			panic(fmt.Sprintf("document: embedded font: character %U: %v", r, err))
		}
		if glyph != 0 {
			f.advances[r] = advance(glyph)
		}
	}
	return f
}

func (f *face) has(r rune) bool {
	_, ok := f.advances[r]
	return ok
}

// width is how wide a text is at a size, in the unit of the size.
func (f *face) width(t text, size float64) float64 {
	sum := 0
	for _, r := range string(t) {
		if w, ok := f.advances[r]; ok {
			sum += int(w)
		} else {
			sum += int(f.missing)
		}
	}
	return float64(sum) * size / 1000
}

// addFonts gives a new document its fonts. fpdf keeps the bytes it is given and
// may write past the end of a part of them, so each document has its own copy.
func addFonts(pdf *fpdf.Fpdf) {
	pdf.AddUTF8FontFromBytes(family, "", bytes.Clone(regularTTF))
	pdf.AddUTF8FontFromBytes(family, "B", bytes.Clone(boldTTF))
}
