package document

import "cmp"

// column is one column of a table. The first flexible one takes the width that
// is left over.
type column struct {
	head     text
	right    bool // amounts, aligned on the right
	flexible bool
	wide     float64 // how wide words may make it; 0 = widestWords
	x, width float64 // set by layOut
}

// row is one row of a table, with a cell for each column.
type row struct {
	cells  []text
	bold   bool
	across bool // the only cell runs across the whole table, without a rule
	box    int  // drawn in the first column: emptyBox, crossedBox or none

	wrapped [][]text // the lines of each cell; set by layOut
	lines   int      // of the tallest cell
}

// piece is some lines of a row, kept together on one page.
type piece struct {
	row, from, to int
	last          bool // the row ends with it
}

type table struct {
	columns []column
	rows    []row
}

// Sizes of a table, in points.
const (
	tableSize  = 10.0
	lineHeight = 13.0
	rowPad     = 3.25
	headHeight = 20.0
	columnGap  = 12.0

	widestWords = 110.0 // of a column that is not flexible
	narrowest   = 80.0  // the flexible column, whatever the others take

	// longestPiece is how many lines of one row are kept together. A longer
	// row may be parted between two pages.
	longestPiece = 8
)

// layOut gives each column its width and wraps the rows.
func (t *table) layOut(width float64) {
	flexible, taken := 0, 0.0
	for i := range t.columns {
		c := &t.columns[i]
		if c.flexible {
			flexible = i
			continue
		}
		c.width = bold().width(c.head, headSize)
		for _, r := range t.rows {
			if !r.across {
				c.width = max(c.width, r.face().width(r.cells[i], tableSize))
			}
		}
		if !c.right { // words, which wrap
			c.width = min(c.width, cmp.Or(c.wide, widestWords))
		}
		c.width += columnGap
		taken += c.width
	}
	t.columns[flexible].width = max(width-taken, narrowest)
	x := left
	for i := range t.columns {
		t.columns[i].x = x
		x += t.columns[i].width
	}
	for i := range t.rows {
		r := &t.rows[i]
		r.wrapped = make([][]text, len(r.cells))
		for j, cell := range r.cells {
			room := width - columnGap
			if !r.across {
				room = t.columns[j].width - columnGap + 0.01 // lest rounding wrap the widest
			}
			r.wrapped[j] = r.face().wrap(cell, tableSize, room)
			r.lines = max(r.lines, len(r.wrapped[j]))
		}
	}
}

func (r *row) face() *face {
	if r.bold {
		return bold()
	}
	return regular()
}

// height of a piece on paper.
func (p piece) height() float64 {
	h := float64(p.to-p.from) * lineHeight
	if p.from == 0 {
		h += rowPad
	}
	if p.last {
		h += rowPad
	}
	return h
}

// pieces cuts the rows into what must stay together.
func (t *table) pieces() []piece {
	out := make([]piece, 0, len(t.rows))
	for i, r := range t.rows {
		n := r.lines
		for from := 0; from < n; {
			to := min(from+longestPiece, n)
			if n-to == 1 { // no single line alone on the next page
				to--
			}
			out = append(out, piece{i, from, to, to == n})
			from = to
		}
	}
	return out
}

// paginate spreads pieces over pages. The first page has room for `first`, each
// further page for `next`, and the last one must also hold the tail: totals that
// never stand on a page alone, but take the last two pieces with them. The result
// has at least one page; only a page that follows a single huge piece is empty.
func paginate(pieces []piece, first, next, tail float64) [][]piece {
	var pages [][]piece
	var page []piece
	room, used := first, 0.0
	for _, p := range pieces {
		h := p.height()
		if used+h > room && len(page) > 0 {
			pages = append(pages, page)
			page, room, used = nil, next, 0
		}
		page = append(page, p)
		used += h
	}
	pages = append(pages, page)
	if used+tail <= room {
		return pages
	}
	keep := max(0, len(page)-2) // what stays when the last two move on
	if keep == 0 && len(page) > 0 {
		keep = 1
	}
	pages[len(pages)-1] = page[:keep]
	return append(pages, page[keep:])
}
