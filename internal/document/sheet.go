package document

import (
	"bytes"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/go-pdf/fpdf"

	"customerportal/internal/calendar"
)

// US Letter in points. The left edge and the places of the two addresses suit
// the common window envelopes (#10 outgoing, #9 for the answer: a window of
// 4 1/2 x 1 1/8 inches, 7/8 from the left, 1/2 from the bottom) however the sheet
// slips in them; the side column keeps clear of both windows.
const (
	pageWidth  = 612.0
	pageHeight = 792.0
	left       = 63.0
	right      = 549.0
	width      = right - left
	side       = 395.0 // where the right-hand column begins

	firstTop     = 44.0 // baseline of the first line on a page
	letterTop    = 66.0
	addressTop   = 158.0 // baseline of the first address line in the window
	bandTop      = 228.0 // not above this, so that nothing else shows in the window
	nextTop      = 64.0  // where the table goes on on a following page
	bodyBottom   = 744.0
	footerLine   = 774.0
	cellPad      = 6.0
	headSize     = 9.0
	labelSize    = 9.0
	customerSize = 11.0
	addressStep  = 13.0
	contactStep  = 12.0
)

type rgb struct{ r, g, b int }

var (
	ink    = rgb{0x1a, 0x1a, 0x1a}
	muted  = rgb{0x55, 0x55, 0x55}
	hair   = rgb{0xcc, 0xcc, 0xcc}
	tint   = rgb{0xf2, 0xf3, 0xf5}
	white  = rgb{0xff, 0xff, 0xff}
	red    = rgb{0xb0, 0x00, 0x20}
	accent = rgb{0x37, 0x42, 0x4f}
)

// style is how a piece of text looks.
type style struct {
	bold  bool
	size  float64
	color rgb
}

func (s style) face() *face {
	if s.bold {
		return bold()
	}
	return regular()
}

var (
	body   = style{size: tableSize, color: ink}
	strong = style{bold: true, size: tableSize, color: ink}
	label  = style{size: labelSize, color: muted}
)

// heading is what every document says about itself in its letterhead.
type heading struct {
	title    text
	number   text // repeated with the title on following pages
	customer text
	billHead text
	billTo   []text
	facts    []fact
	sideHead text
	side     []text
}

// fact is a labelled value of the side column.
type fact struct {
	label text
	value text
	bold  bool
}

// sheet is a document being drawn.
type sheet struct {
	pdf     *fpdf.Fpdf
	dealer  Dealer
	name    text
	accent  rgb
	logo    *logo
	banner  text // across the top of every page, or ""
	heading heading

	watermark text // across the middle of every page, or ""
	footer    text // at the bottom left of every page instead of the dealer's name, or ""

	page, pages int    // pages is known once the table is laid out
	lastFooter  func() // drawn at the bottom left of the last page instead of the dealer's name
}

// newSheet begins a document. created is its creation time; when it is zero,
// noon of day stands in, so that the same data always gives the same file.
func newSheet(dealer Dealer, h heading, created calendar.Instant, day calendar.Date) (*sheet, error) {
	s := &sheet{dealer: dealer, name: clean(dealer.Name), accent: accent, heading: h}
	if c, ok := parseColor(dealer.Accent); ok {
		s.accent = c
	}
	if len(dealer.Logo) > 0 {
		var err error
		if s.logo, err = prepareLogo(dealer.Logo); err != nil {
			return nil, err
		}
	}
	at := created.Time()
	if at.IsZero() && !day.IsZero() {
		at = day.Time(time.UTC).Add(12 * time.Hour)
	}
	if at.IsZero() {
		return nil, fmt.Errorf("document: %s %s has no date", h.title, h.number)
	}

	s.pdf = fpdf.New("P", "pt", "Letter", "")
	s.pdf.SetCatalogSort(true)
	s.pdf.SetCreationDate(at)
	s.pdf.SetModificationDate(at)
	s.pdf.SetProducer("", false)
	s.pdf.SetTitle(string(h.title+" "+h.number), true)
	s.pdf.SetAuthor(string(s.name), true)
	s.pdf.SetLang("en-US")
	s.pdf.SetMargins(0, 0, 0)
	s.pdf.SetAutoPageBreak(false, 0)
	addFonts(s.pdf)
	if s.logo != nil {
		s.pdf.RegisterImageOptionsReader("logo", fpdf.ImageOptions{ImageType: s.logo.kind}, bytes.NewReader(s.logo.data))
	}
	return s, nil
}

// finish returns the file.
func (s *sheet) finish() ([]byte, error) {
	s.endPage()
	var out bytes.Buffer
	if err := s.pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("document: %s %s: %w", s.heading.title, s.heading.number, err)
	}
	return out.Bytes(), nil
}

// parseColor reads "#rrggbb".
func parseColor(s string) (rgb, bool) {
	if len(s) != 7 || s[0] != '#' {
		return rgb{}, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	return rgb{int(n >> 16), int(n >> 8 & 0xff), int(n & 0xff)}, err == nil
}

// put draws a text with its baseline at y, beginning at x.
func (s *sheet) put(x, y float64, t text, st style) {
	if t == "" {
		return
	}
	weight := ""
	if st.bold {
		weight = "B"
	}
	s.pdf.SetFont(family, weight, st.size)
	s.pdf.SetTextColor(st.color.r, st.color.g, st.color.b)
	s.pdf.Text(x, y, string(t))
}

// putRight draws a text that ends at x.
func (s *sheet) putRight(x, y float64, t text, st style) {
	s.put(x-st.face().width(t, st.size), y, t, st)
}

// putLines draws lines below each other and returns the baseline that follows.
func (s *sheet) putLines(x, y, step float64, lines []text, st style) float64 {
	for _, t := range lines {
		s.put(x, y, t, st)
		y += step
	}
	return y
}

func (s *sheet) fill(x, y, w, h float64, c rgb) {
	s.pdf.SetFillColor(c.r, c.g, c.b)
	s.pdf.Rect(x, y, w, h, "F")
}

func (s *sheet) box(x, y, w, h, thickness float64, c rgb) {
	s.pdf.SetDrawColor(c.r, c.g, c.b)
	s.pdf.SetLineWidth(thickness)
	s.pdf.Rect(x, y, w, h, "D")
}

func (s *sheet) rule(x1, x2, y, thickness float64, c rgb) {
	s.pdf.SetDrawColor(c.r, c.g, c.b)
	s.pdf.SetLineWidth(thickness)
	s.pdf.Line(x1, y, x2, y)
}

// link makes an area of the page lead to an address, when it is a web address.
func (s *sheet) link(x, y, w, h float64, address string) {
	if u, err := url.Parse(address); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		s.pdf.LinkString(x, y, w, h, u.String())
	}
}

// wrapAll wraps each line of an address. No more than most lines come out; what
// is beyond them could not be a postal address.
func wrapAll(lines []text, st style, width float64, most int) []text {
	var out []text
	for _, t := range lines {
		out = append(out, st.face().wrap(t, st.size, width)...)
	}
	return st.face().most(out, st.size, width, most)
}

// joinLines puts short texts side by side as far as they fit into a line.
func joinLines(parts []text, st style, width float64, most int) []text {
	var out []text
	for _, t := range parts {
		if n := len(out); n > 0 {
			if both := out[n-1] + "  ·  " + t; st.face().width(both, st.size) <= width {
				out[n-1] = both
				continue
			}
		}
		out = append(out, st.face().wrap(t, st.size, width)...)
	}
	return st.face().most(out, st.size, width, most)
}

// newPage begins a page. The customer number stands at the top left of each.
func (s *sheet) newPage() {
	s.endPage()
	s.pdf.AddPage()
	s.page++
	if s.watermark != "" {
		s.putWatermark()
	}
	if s.banner != "" {
		st := style{bold: true, size: 11, color: white}
		s.fill(left, 10, width, 17, ink)
		s.put((pageWidth-st.face().width(s.banner, st.size))/2, 22.5, s.banner, st)
	}
	x := left
	if s.heading.customer != "" {
		number := bold().cut(s.heading.customer, customerSize, width/3)
		s.put(x, firstTop, "Customer #", label)
		x += label.face().width("Customer # ", label.size)
		s.put(x, firstTop, number, style{bold: true, size: customerSize, color: ink})
		x += bold().width(number, customerSize) + 15
	}
	s.fill(left, firstTop+7, width, 1.5, s.accent)
	if s.page == 1 {
		return
	}
	// Which document this page belongs to, and if there is room, whose.
	const more text = " (continued)"
	what := strong.face().cut(s.heading.title+" "+s.heading.number, strong.size, right-x-bold().width(more, strong.size)) + more
	at := right - strong.face().width(what, strong.size)
	s.putRight(at-12, firstTop, regular().cut(s.name, labelSize, at-12-x), label)
	s.put(at, firstTop, what, strong)
}

// putWatermark draws the watermark, under all that follows.
func (s *sheet) putWatermark() {
	st := style{bold: true, size: 130, color: rgb{0xe6, 0xe8, 0xec}}
	s.pdf.TransformBegin()
	s.pdf.TransformRotate(45, pageWidth/2, pageHeight/2)
	s.put((pageWidth-st.face().width(s.watermark, st.size))/2, pageHeight/2+45, s.watermark, st)
	s.pdf.TransformEnd()
}

// sandboxBanner says that a document tells of no real money.
const sandboxBanner text = "Sandbox - no money moved"

// endPage draws the bottom of the page that is being left: last, so that a
// program reading the page aloud comes to it last.
func (s *sheet) endPage() {
	if s.page == 0 {
		return
	}
	if s.page < s.pages {
		s.put(left, bodyBottom+13, "Continued on the next page", label)
	}
	if s.page == s.pages && s.lastFooter != nil {
		s.lastFooter()
	} else {
		from := s.footer
		if from == "" {
			from = s.name
			if phone := clean(s.dealer.Phone); phone != "" {
				from += "  " + phone
			}
		}
		s.put(left, footerLine, label.face().cut(from, label.size, width-80), label)
	}
	s.putRight(right, footerLine, text(fmt.Sprintf("Page %d of %d", s.page, s.pages)), label)
}

// letterhead draws the top of the first page and returns where the body begins.
func (s *sheet) letterhead() float64 {
	s.newPage()

	// The dealer: logo, and beside it name, address, phone.
	x, y := left, letterTop
	name := style{bold: true, size: 15, color: ink}
	if s.logo != nil {
		s.pdf.ImageOptions("logo", left, letterTop, s.logo.w, s.logo.h, false, fpdf.ImageOptions{ImageType: s.logo.kind}, 0, "")
		x += s.logo.w + 14
		y = letterTop + s.logo.h
		name.size = 11
	}
	room := side - 15 - x
	at := letterTop + name.size*0.8
	at = s.putLines(x, at, name.size*1.2, wrapAll([]text{s.name}, name, room, 3), name)
	at = s.putLines(x, at, contactStep, wrapAll(cleanLines(s.dealer.Address), label, room, 5), label)
	contact := cleanLines([]string{s.dealer.Phone, s.dealer.Web, s.dealer.Email})
	at = s.putLines(x, at, contactStep, joinLines(contact, label, room, 4), label)
	y = max(y, at-contactStep)

	// The customer, in the window of the envelope.
	at = max(addressTop, y+30)
	if to := s.heading.billTo; len(to) > 0 {
		s.put(left, at-15, s.heading.billHead, label)
		at = s.putLines(left, at, addressStep, wrapAll(to[:1], strong, side-15-left, 3), strong)
		at = s.putLines(left, at, addressStep, wrapAll(to[1:], body, side-15-left, 7), body)
		at -= addressStep
	}
	y = at

	// What kind of document, its facts, and the place it is about.
	s.putRight(right, letterTop+17, s.heading.title, style{bold: true, size: 22, color: ink})
	at = letterTop + 37
	for _, f := range s.heading.facts {
		s.put(side, at, f.label, label)
		value := style{bold: f.bold, size: tableSize, color: ink}
		used := label.face().width(f.label+"  ", label.size)
		for i, t := range wrapAll([]text{f.value}, value, right-side-used, 3) {
			if i > 0 {
				at += 12
			}
			s.putRight(right, at, t, value)
		}
		at += 14
	}
	if len(s.heading.side) > 0 {
		place := style{size: 9.5, color: ink}
		at = max(addressTop-15, at+6)
		s.put(side, at, s.heading.sideHead, label)
		at = s.putLines(side, at+13, 12, wrapAll(s.heading.side, place, right-side, 8), place)
	}
	return max(bandTop, y+14, at+2)
}

// band draws the one thing to know, and returns where the body goes on.
func (s *sheet) band(y float64, what, amount, when text) float64 {
	const height = 36
	s.fill(left, y, width, height, tint)
	s.fill(left, y, 3, height, s.accent)
	large := style{bold: true, size: 17, color: ink}
	plain := style{size: 12, color: ink}
	s.put(left+14, y+23.5, what, plain)
	s.put(left+14+plain.face().width(what+"  ", plain.size), y+24, amount, large)
	s.putRight(right-12, y+23.5, when, style{bold: true, size: 12, color: ink})
	return y + height + 14
}

// drawTable draws a table that begins at top on the first page, over as many
// pages as it takes, and returns where it ended. Below that, on the last page,
// there is room for tail.
func (s *sheet) drawTable(t *table, top, tail float64) float64 {
	t.layOut(width)
	pages := paginate(t.pieces(), bodyBottom-top-headHeight, bodyBottom-nextTop-headHeight, tail)
	s.pages = len(pages)
	y := top
	for i, page := range pages {
		if i > 0 {
			s.newPage()
			y = nextTop
		}
		if len(page) > 0 {
			y = s.drawHead(t, y)
		}
		for _, p := range page {
			y = s.drawPiece(t, p, y)
		}
	}
	return y
}

func (s *sheet) drawHead(t *table, y float64) float64 {
	s.fill(left, y, width, headHeight, tint)
	st := style{bold: true, size: headSize, color: ink}
	for _, c := range t.columns {
		s.cell(c, y+13.5, c.head, st)
	}
	s.rule(left, right, y+headHeight, 0.8, ink)
	return y + headHeight
}

func (s *sheet) cell(c column, y float64, t text, st style) {
	if c.right {
		s.putRight(c.x+c.width-cellPad, y, t, st)
		return
	}
	s.put(c.x+cellPad, y, t, st)
}

func (s *sheet) drawPiece(t *table, p piece, y float64) float64 {
	r := t.rows[p.row]
	st := body
	st.bold = r.bold
	if r.box != noBox && p.from == 0 {
		s.tick(t.columns[0].x+cellPad, y+rowPad+2, r.box)
	}
	for i, lines := range r.wrapped {
		c := column{x: left}
		if !r.across {
			c = t.columns[i]
		}
		base := y + 9.75
		if p.from == 0 {
			base += rowPad
		}
		for _, line := range lines[min(p.from, len(lines)):min(p.to, len(lines))] {
			s.cell(c, base, line, st)
			base += lineHeight
		}
	}
	y += p.height()
	if !r.across && p.last {
		s.rule(left, right, y, 0.4, hair)
	}
	return y
}

// sumLine is one line of the totals.
type sumLine struct {
	label  text
	amount text
	strong bool
}

const sumStep = 16.0

// sumHeight is the room totals take.
func sumHeight(lines []sumLine) float64 { return 8 + sumStep*float64(len(lines)) + 10 }

// putSums draws totals at the right and returns where they end.
func (s *sheet) putSums(y float64, lines []sumLine) float64 {
	y += 8
	for _, l := range lines {
		st := body
		if l.strong {
			s.rule(side-40, right, y+2.5, 0.8, ink)
			st = style{bold: true, size: 12, color: ink}
			y += 4
		}
		s.put(side-40+cellPad, y+12, l.label, st)
		s.putRight(right-cellPad, y+12, l.amount, st)
		y += sumStep
	}
	return y + 6
}
