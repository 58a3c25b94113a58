package office_test

import (
	"database/sql"
	"net/http"
	"testing"

	"customerportal/db/dbtest"
	"customerportal/internal/audit"
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
		{"invoice", "/office/invoices/INV777"}, {"accounting, a month", "/office/accounting"},
		{"accounting, all years", "/office/accounting?from=2020-01-01&to=2026-11-30"}, {"aging", "/office/accounting/reports/aging"},
		{"cash received", "/office/accounting/reports/cash"}, {"sales tax", "/office/accounting/reports/tax"},
	} {
		b.Run(c.name, func(b *testing.B) { d.again(b, c.address) })
	}
}

// again asks for a page as often as the benchmark wants, and reports its bytes.
func (d *desk) again(b *testing.B, address string) {
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		w := d.send("owner", address, nil)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
		size = w.Body.Len()
	}
	b.ReportMetric(float64(size), "page-bytes")
}

// Before the first of the month: 10,000 of 20,000 customers pay by themselves
// and owe three invoices each, and each of the 20,000 has a recurring item.
const seedMonth = `
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO customers (id, number, first_name, last_name, display_name, address1, city, state, zip, registration_key, created_at, updated_at)
SELECT 100 + i, 'C' || i, 'Ann', 'Lee' || (i % 400), 'Ann Lee' || (i % 400), i || ' Main St', 'Troy', 'NY', '12180', printf('%016d', i), 1, 1 FROM n;
INSERT INTO customer_emails (customer_id, position, email) SELECT id, 1, 'c' || id || '@example.com' FROM customers WHERE id > 100;
INSERT INTO sites (id, customer_id, name) SELECT id, id, 'Shop' FROM customers WHERE id > 100;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
INSERT INTO invoices (id, number, customer_id, site_id, state, invoice_date, due_date, tax_cents, total_cents, balance_cents, issued_at, created_at)
SELECT 100 + i, 'INV' || i, 101 + i % 20000, 101 + i % 20000, 'issued', '2026-11-01', date('2026-12-01', '-' || (i / 20000) || ' months'), 0, 4500, 4500, 1, 1 FROM n;
INSERT INTO methods (id, customer_id, gateway, ref, kind, brand, last4, exp_year, exp_month, created_at)
SELECT id, id, 'sandbox', 'pm' || id, 'card', 'Visa', '4242', 2031, 1, 1 FROM customers WHERE id BETWEEN 101 AND 10100;
INSERT INTO mandates (customer_id, method_id, consent_text, consent_sha256, consent_version, day, shown_at, accepted_at, ip, user_agent, authenticated)
SELECT id, id, 'I authorize', printf('%064d', 0), '1', 1, 1, 1, '', '', '' FROM methods WHERE id > 100;
INSERT INTO recurring_items (id, customer_id, site_id, description, quantity, cycle_months, start_date, prorate, arrears, taxable, next_date, bill_date, created_at)
SELECT id, id, id, 'Monitoring', 1000, 1, '2026-01-01', 0, 0, 0, '2026-12-01', '2026-12-01', 1 FROM customers WHERE id > 100;
INSERT INTO recurring_amounts (item_id, from_date, amount_cents, created_at) SELECT id, '2026-01-01', 4500, 1 FROM recurring_items;`

// BenchmarkMonth is what the pages cost that show the plan of everybody.
func BenchmarkMonth(b *testing.B) {
	d := newDesk(b)
	d.exec(seedMonth)
	must(b, d.store.Set(b.Context(), audit.Program, map[string]string{"payments.gateway": "sandbox"}))
	for _, c := range []struct{ name, address string }{
		{"auto pay", "/office/autopay"}, {"auto pay, page 300", "/office/autopay?page=300"}, {"auto pay, found", "/office/autopay?q=lee3"},
		{"billing", "/office/billing"}, {"billing, page 600", "/office/billing?page=600"}, {"home", "/office"}, {"revenue", "/office/billing/revenue"},
	} {
		b.Run(c.name, func(b *testing.B) { d.again(b, c.address) })
		b.Run(c.name+", after a change", func(b *testing.B) {
			for b.Loop() {
				d.exec(`UPDATE customers SET updated_at = updated_at + 1 WHERE id = 101`)
				if w := d.send("owner", c.address, nil); w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
