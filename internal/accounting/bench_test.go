package accounting_test

import (
	"io"
	"path/filepath"
	"testing"
	"time"

	"customerportal/db/dbtest"
	"customerportal/internal/accounting"
	"customerportal/internal/calendar"
	"customerportal/internal/settings"
)

// large is a dealer's books of a million invoices and a million ledger rows.
func large(b *testing.B) *accounting.Service {
	b.Helper()
	d := dbtest.New(b)
	dbtest.FillLarge(b, d)
	books := &books{TB: b, db: d}
	books.exec(`INSERT INTO invoice_lines SELECT id, 1, 'Monitoring', 1000, 4500, 4500, 0 FROM invoices WHERE customer_id <> 19991`)
	books.exec(`INSERT INTO ledger (customer_id, payment_id, invoice_id, cents, reason, fact, entry_date, at)
		SELECT customer_id, NULL, id, -4500, 'credit', 'credit ' || id, invoice_date, 1 FROM invoices WHERE balance_cents = 0 AND customer_id <> 19991`)
	clock := calendar.Clock(calendar.NewFake(calendar.Date("2026-11-01").Time(time.UTC)).Now)
	sealer, err := settings.LoadSealer(filepath.Join(b.TempDir(), "portal.key"))
	must(b, err)
	return accounting.New(d, clock, settings.New(d, clock, sealer))
}

var wholeYears = accounting.Period{From: "2020-01-01", To: "2026-12-31"}

// BenchmarkZip writes every file of a million invoices.
func BenchmarkZip(b *testing.B) {
	s := large(b)
	b.ReportAllocs()
	for b.Loop() {
		must(b, s.Zip(b.Context(), wholeYears, io.Discard))
	}
}

// BenchmarkSummary is what the page of a month costs on the same books.
func BenchmarkSummary(b *testing.B) {
	s := large(b)
	for b.Loop() {
		_, err := s.Summarize(b.Context(), accounting.Period{From: "2026-10-01", To: "2026-10-31"})
		must(b, err)
	}
}
