package portal_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"testing"

	"customerportal/db/dbtest"
)

// The customers of a large dealer: 19,990 with 50 invoices each and one with
// 500, of which 20 are open. Together 1,000,000 invoices.
const seedBooks = `
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 19991)
INSERT INTO customers (id, number, first_name, last_name, display_name, address1, city, state, zip, registration_key, created_at, updated_at)
SELECT i, 'C' || i, 'Ann', 'Lee', 'Ann Lee', i || ' Main St', 'Troy', 'NY', '12180', printf('%016d', i), 1, 1 FROM n;
INSERT INTO sites (id, customer_id, name) SELECT id, id, 'Shop' FROM customers;
INSERT INTO customer_phones SELECT id, 1, '(518) 555-0142', '5185550142' FROM customers;
INSERT INTO customer_emails SELECT id, 1, 'c' || id || '@example.com' FROM customers;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
INSERT INTO invoices (id, number, customer_id, site_id, state, invoice_date, due_date, tax_cents, total_cents, balance_cents, issued_at, created_at)
SELECT i, 'INV' || i, c, c, 'issued', d, date(d, '+30 days'), 0, 4500, CASE WHEN m > o THEN 4500 ELSE 0 END, 1, 1 FROM (
    SELECT i, CASE WHEN i <= 999500 THEN (i - 1) / 50 + 1 ELSE 19991 END AS c,
        CASE WHEN i <= 999500 THEN (i - 1) % 50 ELSE i - 999501 END AS m, CASE WHEN i <= 999500 THEN 47 ELSE 479 END AS o,
        date('2026-11-01', '-' || CASE WHEN i <= 999500 THEN 49 - (i - 1) % 50 ELSE 1000000 - i END || ' days') AS d FROM n);
INSERT INTO invoice_lines SELECT id, 1, 'Monitoring', 1000, 4500, 4500, 0 FROM invoices WHERE customer_id = 19991;
INSERT INTO payments (id, reference, customer_id, state, source, kind, type_label, amount_cents, payment_date, idempotency_key, nonce, created_at, settled_at)
SELECT id, 'P' || id, customer_id, 'succeeded', 'import', 'check', 'Check', 4500, due_date, 'K' || id, 'N' || id, 1, 1 FROM invoices WHERE customer_id = 19991 AND balance_cents = 0;
INSERT INTO allocations SELECT id, id, 4500 FROM payments;
INSERT INTO ledger (customer_id, payment_id, invoice_id, cents, reason, fact, entry_date, at)
SELECT customer_id, id, id, -4500, 'payment', 'payment ' || id, payment_date, 1 FROM payments;
UPDATE customers SET terms = 'Net 30' WHERE id = 19991;`

// largeBooks are the screens over a million invoices, seen by the customer with
// 500 of them.
func largeBooks(b *testing.B) *screens {
	b.Helper()
	d := dbtest.New(b)
	must(b, d.WriteTx(b.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(seedBooks)
		return err
	}))
	s := newScreens(b, d)
	s.customer[0] = 19991
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
