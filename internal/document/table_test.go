package document

import (
	"math/rand/v2"
	"testing"
)

// TestPaginate checks on random tables what a reader relies on: nothing is lost,
// doubled or out of order, nothing runs off a page, and the totals have their
// room and company.
func TestPaginate(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const next = 660.0
	for range 20_000 {
		var pieces []piece
		for i := range random.IntN(60) {
			pieces = append(pieces, piece{row: i, from: 0, to: 1 + random.IntN(longestPiece), last: true})
		}
		first := 150 + random.Float64()*350
		tail := 60 + random.Float64()*330
		pages := paginate(pieces, first, next, tail)

		at, room, used := 0, first, 0.0
		for i, page := range pages {
			used = 0
			for _, p := range page {
				if p != pieces[at] {
					t.Fatalf("page %d: %v where %v belongs", i, p, pieces[at])
				}
				at++
				used += p.height()
			}
			if i > 0 {
				room = next
			}
			if used > room {
				t.Fatalf("page %d holds %v of %v", i, used, room)
			}
			if i > 0 && len(page) == 0 && len(pieces) > 1 {
				t.Fatalf("page %d of %d is empty", i, len(pages))
			}
		}
		if at != len(pieces) {
			t.Fatalf("%d of %d pieces drawn", at, len(pieces))
		}
		if used+tail > room {
			t.Fatalf("no room for the totals: %v + %v of %v", used, tail, room)
		}
	}
}

// TestPieces checks that a long row is cut without leaving a line alone.
func TestPieces(t *testing.T) {
	for n := 1; n < 40; n++ {
		pieces := (&table{rows: []row{{lines: n}}}).pieces()
		at := 0
		for _, p := range pieces {
			if p.from != at || p.to <= p.from || p.to-p.from > longestPiece {
				t.Fatalf("%d lines: pieces %v", n, pieces)
			}
			if n > 1 && p.to-p.from == 1 {
				t.Fatalf("%d lines: one stands alone: %v", n, pieces)
			}
			at = p.to
		}
		if at != n {
			t.Fatalf("%d lines: pieces %v", n, pieces)
		}
	}
}
