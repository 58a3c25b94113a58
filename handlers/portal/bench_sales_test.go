package portal_test

import (
	"database/sql"
	"net/http"
	"testing"

	"customerportal/db/dbtest"
)

// 20,000 work orders and 10,000 proposals of 2,000 customers; the customer of the
// screens has 60 and 30 of them.
const seedSales = `
INSERT INTO documents (id, kind, name, mime, sha256, body, made_at) VALUES (1, 'attachment', 'x', 'application/pdf', printf('%064d', 0), x'', 1);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
INSERT INTO customers (id, number, first_name, last_name, display_name, registration_key, created_at, updated_at)
SELECT 100 + i, 'C' || i, 'Ann', 'Lee', 'Ann Lee', printf('%016d', i), 1, 1 FROM n;
INSERT INTO sites (id, customer_id, name) SELECT id, id, 'Shop' FROM customers WHERE id > 100;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO work_orders (id, number, customer_id, site_id, state, source, title, nonce, requested_at, changed_at)
SELECT i, printf('W-%06d', i), c, (SELECT min(id) FROM sites WHERE customer_id = c), 'requested', 'portal', 'The keypad beeps and shows low battery', 'n' || i, i, i
FROM (SELECT i, CASE WHEN i % 333 = 0 THEN ?1 ELSE 101 + i % 2000 END AS c FROM n);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
INSERT INTO proposals (number, version, customer_id, title, residential, proposal_date, valid_until, state, total_cents, monthly_cents, document_id, nonce, created_at, updated_at, sent_at)
SELECT printf('P-%06d', i), 1, CASE WHEN i % 333 = 0 THEN ?1 ELSE 101 + i % 2000 END, 'Cameras for the shop', 0, '2026-11-01', '2026-12-01', 'sent', 90000, 1900, 1, 'n' || i, i, i, i FROM n;`

// BenchmarkSales is what the lists of work orders and proposals cost the server,
// with the counts on the tabs and all middleware.
func BenchmarkSales(b *testing.B) {
	s := newScreens(b, dbtest.New(b)).fill()
	must(b, s.db.WriteTx(b.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(seedSales, s.customer[0])
		return err
	}))
	for _, c := range []struct{ name, address string }{{"work orders", "/workorders"}, {"work order", "/workorders/W-019980"}, {"new work order", "/workorders/new"}, {"proposals", "/proposals"}} {
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
