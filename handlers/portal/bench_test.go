package portal_test

import (
	"fmt"
	"net/http"
	"testing"

	"customerportal/db/dbtest"
)

// largeBooks are the screens over a million invoices, seen by the customer with
// 500 of them.
func largeBooks(b *testing.B) *screens {
	b.Helper()
	d := dbtest.New(b)
	dbtest.FillLarge(b, d)
	s := newScreens(b, d)
	s.customer[0] = dbtest.LargeCustomer
	return s
}

// BenchmarkHome is what home costs the server, all middleware included, and the
// same with a page of paid invoices.
func BenchmarkHome(b *testing.B) {
	s := largeBooks(b)
	for _, c := range []struct{ name, address string }{{"open", "/"}, {"paid", "/?paid=1"}, {"deep", "/?paid=1&after=INV999600"}, {"payments", "/payments"}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				w := s.get(0, c.address)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
				size = w.Body.Len()
			}
			b.ReportMetric(float64(size), "bytes/page")
		})
	}
}

// BenchmarkInvoicePDF is what an invoice's paper costs: the first time, when it
// is drawn and frozen, and ever after.
func BenchmarkInvoicePDF(b *testing.B) {
	s := newScreens(b, dbtest.New(b)).fill()
	fetch := func(b *testing.B, number string) {
		if w := s.get(0, "/invoices/"+number+".pdf"); w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
	next := 0
	b.Run("made", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			next++
			number := fmt.Sprint("B", next)
			s.issue(s.customer[0], number, today, 4500)
			b.StartTimer()
			fetch(b, number)
		}
	})
	b.Run("sent", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			fetch(b, "B1")
		}
	})
}
