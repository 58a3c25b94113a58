package books_test

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/books"
	"customerportal/internal/books/bookstest"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/proposal"
	"customerportal/internal/settings"
)

// service returns the import of the books in d.
func service(tb testing.TB, d *db.DB) *books.Service {
	tb.Helper()
	sealer, err := settings.NewSealer(make([]byte, 32))
	if err != nil {
		tb.Fatal(err)
	}
	clock := calendar.NewFake(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)).Now
	return books.New(d, clock, settings.New(d, clock, sealer), proposals(tb, d))
}

// proposals returns the proposals of the books in d.
func proposals(tb testing.TB, d *db.DB) *proposal.Service {
	tb.Helper()
	sealer, err := settings.NewSealer(make([]byte, 32))
	if err != nil {
		tb.Fatal(err)
	}
	clock := calendar.NewFake(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)).Now
	store := settings.New(d, clock, sealer)
	mail, err := outbox.NewWriter(store, "http://portal.example")
	if err != nil {
		tb.Fatal(err)
	}
	return proposal.New(d, clock, store, mail, ledger.New(d, clock, store, mail), slog.New(slog.DiscardHandler))
}

// csv makes a source of a text.
func csv(name, text string) books.Source {
	return books.Source{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

func imported(tb testing.TB, s *books.Service, o books.Options, sources ...books.Source) *books.Report {
	tb.Helper()
	r, err := s.Import(tb.Context(), audit.Program, sources, o)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// count runs a query that answers one number.
func count(tb testing.TB, d *db.DB, query string, args ...any) (n int64) {
	tb.Helper()
	if err := d.Reader().QueryRowContext(tb.Context(), query, args...).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

func folder(tb testing.TB, size bookstest.Size) []books.Source {
	tb.Helper()
	dir := tb.TempDir()
	create, err := books.Folder(dir)
	if err != nil {
		tb.Fatal(err)
	}
	if err := bookstest.Write(create, size, 1); err != nil {
		tb.Fatal(err)
	}
	sources, notes, err := books.Files(dir)
	if err != nil || len(notes) != 0 {
		tb.Fatal(err, notes)
	}
	return sources
}

// smallBooks is the size that every test can afford; the great one is measured
// with the program itself (see bookstest).
var smallBooks = bookstest.Size{Customers: 100, Lines: 2_500}

func TestABookOfTenThousandLinesGoesInOnceAndTwiceChangesNothing(t *testing.T) {
	for _, size := range []bookstest.Size{smallBooks, {Customers: 200, Lines: 10_000, Shuffle: true}} {
		d := dbtest.New(t)
		s := service(t, d)
		sources := folder(t, size)
		dry := imported(t, s, books.Options{DryRun: true}, sources...)
		if n := count(t, d, `SELECT count(*) FROM customers`); n != 0 || dry.Written {
			t.Fatalf("a dry run wrote %d customers", n)
		}
		first := imported(t, s, books.Options{}, sources...)
		a, b := dry.Totals(), first.Totals()
		if a != b || a.Refused != 0 || a.Changed != 0 || a.Unchanged != 0 || !first.Written {
			t.Fatalf("dry run %+v\nfor real %+v\n%v", a, b, first.Refused)
		}
		if n := count(t, d, `SELECT count(*) FROM invoice_lines`); n != int64(size.Lines) {
			t.Fatalf("%d lines", n)
		}
		if open := count(t, d, `SELECT count(*) FROM invoices WHERE balance_cents > 0`); open != int64(size.Lines*2/5/20) {
			t.Fatalf("%d open invoices", open)
		}
		if n := count(t, d, `SELECT count(*) FROM invoices i WHERE balance_cents <> total_cents + (SELECT coalesce(sum(cents), 0) FROM ledger WHERE invoice_id = i.id)`); n != 0 {
			t.Fatalf("%d balances are not what the ledger says", n)
		}
		changes := count(t, d, `SELECT total_changes() + (SELECT max(id) FROM audit)`)
		second := imported(t, s, books.Options{}, sources...)
		c := second.Totals()
		if c.Unchanged != b.New || c.New+c.Changed+c.Refused+c.Kept != 0 || second.Written {
			t.Fatalf("the second time: %+v\n%v %v", c, second.Changed, second.Kept)
		}
		if again := count(t, d, `SELECT total_changes() + (SELECT max(id) FROM audit)`); again != changes {
			t.Error("the second time something was written")
		}
	}
}
