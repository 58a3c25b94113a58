package books_test

import (
	"testing"

	"customerportal/db/dbtest"
	"customerportal/internal/books"
	"customerportal/internal/books/bookstest"
)

// BenchmarkImport takes new books of 20,000 lines in, with their payments.
func BenchmarkImport(b *testing.B) {
	sources := folder(b, bookstest.Size{Customers: 400, Lines: 20_000})
	b.ReportAllocs()
	for b.Loop() {
		r := imported(b, service(b, dbtest.New(b)), books.Options{}, sources...)
		b.ReportMetric(r.Wrote.Seconds()*1e6/float64(r.Totals().New), "µs-held/row")
	}
}
