package document

import "strings"

// flow is a sheet that is filled from the top to the bottom, over as many pages
// as it takes.
type flow struct {
	*sheet
	y float64 // where the next thing begins
}

// need begins a new page unless there is room for height.
func (f *flow) need(height float64) {
	if f.y+height > bodyBottom {
		f.turn()
	}
}

// turn begins a new page.
func (f *flow) turn() {
	f.newPage()
	f.y = nextTop
}

// head draws the heading of a section, not alone at the bottom of a page.
func (f *flow) head(t text) {
	st := style{bold: true, size: 12, color: ink}
	f.need(30 + 3*lineHeight)
	f.y += 10
	f.put(left, f.y+12, t, st)
	f.y += 20
}

// paragraphs draws a text of any length: each line of it begins anew, an empty
// one leaves a gap.
func (f *flow) paragraphs(s string, st style) {
	step := st.size * lineHeight / tableSize
	for line := range strings.Lines(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")) {
		t := clean(line)
		if t == "" {
			f.y += step / 2
			continue
		}
		for _, part := range st.face().wrap(t, st.size, width) {
			f.need(step)
			f.put(left, f.y+step*0.75, part, st)
			f.y += step
		}
	}
}

// table draws a table; its head is repeated on every page it comes to.
func (f *flow) table(t *table) {
	t.layOut(width)
	pieces := t.pieces()
	if len(pieces) > 0 {
		f.need(headHeight + pieces[0].height())
	}
	f.y = f.drawHead(t, f.y)
	for _, p := range pieces {
		if f.y+p.height() > bodyBottom {
			f.turn()
			f.y = f.drawHead(t, f.y)
		}
		f.y = f.drawPiece(t, p, f.y)
	}
	f.y += 4
}

// sums draws totals at the right, kept together.
func (f *flow) sums(lines []sumLine) {
	height := sumHeight(lines)
	for _, l := range lines {
		if l.strong {
			height += 4
		}
	}
	f.need(height)
	f.y = f.putSums(f.y, lines)
}
