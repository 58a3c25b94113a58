package office_test

import (
	"database/sql"
	"net/http"
	"testing"

	"customerportal/db/dbtest"
)

// A large dealer: 20,000 customers with 50 invoices each, 60,000 of those open
// and most of these past due, and 50,000 payments, half of them this month.
const seedBooks = `
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO customers (id, number, first_name, last_name, display_name, address1, city, state, zip, registration_key, created_at, updated_at)
SELECT 100 + i, 'C' || i, 'Ann', 'Lee' || (i % 400), 'Ann Lee' || (i % 400), i || ' Main St', 'Troy', 'NY', '12180', printf('%016d', i), 1, 1 FROM n;
INSERT INTO customer_words (customer_id, number, name, address, phones, emails)
SELECT id, number, display_name, address1 || ' ' || city, '518555' || printf('%04d', id % 10000), 'c' || id || '@example.com' FROM customers WHERE id > 100;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
INSERT INTO invoices (id, number, customer_id, state, invoice_date, due_date, tax_cents, total_cents, balance_cents, issued_at, created_at)
SELECT 100 + i, 'INV' || i, 101 + i % 20000, 'issued', date('2026-11-20', '-' || (i / 700) || ' days'), date('2026-12-20', '-' || (i / 700) || ' days'), 0, 4500,
    CASE WHEN i <= 60000 THEN 4500 ELSE 0 END, 1, 1 FROM n;
INSERT INTO payments (id, reference, customer_id, state, source, kind, type_label, amount_cents, payment_date, idempotency_key, nonce, created_at, settled_at)
SELECT id, 'P' || id, customer_id, 'succeeded', 'import', 'check', 'Check', 4500, CASE id % 2 WHEN 0 THEN '2026-11-05' ELSE '2026-10-05' END, 'K' || id, 'N' || id, 1, 1
FROM invoices WHERE id BETWEEN 100000 AND 149999;
INSERT INTO ledger (customer_id, payment_id, invoice_id, cents, reason, fact, entry_date, at)
SELECT customer_id, id, id, -4500, 'payment', 'payment ' || id, payment_date, 1 FROM payments;`

// BenchmarkOffice is what the office's busiest pages cost the server over a
// million invoices, all middleware included.
func BenchmarkOffice(b *testing.B) {
	books := dbtest.New(b)
	must(b, books.WriteTx(b.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(seedBooks)
		return err
	}))
	d := newDeskOn(b, books)
	for _, c := range []struct{ name, address string }{
		{"home", "/office"}, {"customers", "/office/customers"}, {"typing", "/office/customers?q=lee3+tro"}, {"number", "/office/customers?q=C777"},
		{"customer", "/office/customers/C777"}, {"mail", "/office/mail"},
		{"invoices", "/office/invoices"}, {"invoices past due", "/office/invoices?show=past"}, {"invoices paid, deep", "/office/invoices?show=paid&after=2024-01-01.500000"},
		{"invoices all, deep", "/office/invoices?show=all&after=2024-01-01.500000"}, {"invoices search", "/office/invoices?q=INV9999"}, {"invoices by name", "/office/invoices?q=lee3"},
		{"invoice", "/office/invoices/INV777"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if w := d.send("owner", c.address, nil); w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
