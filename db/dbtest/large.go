package dbtest

import (
	"testing"

	"customerportal/db"
)

// LargeCustomer is the id of the customer with 500 invoices in [FillLarge].
const LargeCustomer = 19991

// FillLarge fills empty books with the customers of a large dealer: 19,990 with
// 50 invoices each and one with 500, of which 20 are open. Together 1,000,000
// invoices. It is for benchmarks, and writes past the rules of the nouns: the
// rows that no benchmark reads are not there.
func FillLarge(tb testing.TB, d *db.DB) {
	tb.Helper()
	err := d.WriteTx(tb.Context(), func(tx *db.Tx) error {
		_, err := tx.ExecContext(tb.Context(), largeBooks)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
}

const largeBooks = `
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
