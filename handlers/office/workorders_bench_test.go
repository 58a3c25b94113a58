package office_test

import (
	"database/sql"
	"testing"

	"customerportal/db/dbtest"
)

// 20,000 work orders of 5,000 customers over three years: 1,200 of them open, 600
// of these without an appointment, each with two notes.
const seedWorkOrders = `
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
INSERT INTO customers (id, number, first_name, last_name, display_name, address1, city, state, zip, registration_key, created_at, updated_at)
SELECT 100 + i, 'C' || i, 'Ann', 'Lee' || (i % 400), 'Ann Lee' || (i % 400), i || ' Main St', 'Troy', 'NY', '12180', printf('%016d', i), 1, 1 FROM n;
INSERT INTO sites (id, customer_id, name, city) SELECT id, id, 'Shop', 'Troy' FROM customers WHERE id > 100;
INSERT INTO systems (id, site_id, name) SELECT id, id, 'Burglary' FROM customers WHERE id > 100;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
INSERT INTO staff (id, email, name, role, created_at) SELECT 100 + i, 't' || i || '@dealer.example', 'Tech ' || i, 'technician', 1 FROM n;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO work_orders (id, number, customer_id, site_id, system_id, state, source, title, technician_id, window_date, window_from, window_until, nonce,
    requested_at, scheduled_at, completed_at, changed_at)
SELECT i, printf('W-%06d', i), 101 + i % 5000, 101 + i % 5000, 101 + i % 5000,
    CASE WHEN i > 19400 THEN 'requested' WHEN i > 18800 THEN 'scheduled' ELSE 'completed' END, 'portal', 'The keypad beeps and shows low battery ' || (i % 97),
    CASE WHEN i > 19400 THEN NULL ELSE 101 + i % 20 END,
    CASE WHEN i > 19400 THEN '' WHEN i > 18800 THEN date('2026-11-14', '+' || (i % 10) || ' days') ELSE date('2026-11-14', '-' || ((18800 - i) / 18) || ' days') END,
    CASE WHEN i > 19400 THEN 0 ELSE 480 + 120 * (i % 4) END, CASE WHEN i > 19400 THEN 0 ELSE 600 + 120 * (i % 4) END, 'n' || i,
    1794762000000 - (20000 - i) * 4600000, CASE WHEN i > 19400 THEN 0 ELSE 1794762000000 - (20000 - i) * 4500000 END,
    CASE WHEN i > 18800 THEN 0 ELSE 1794762000000 - (18800 - i) * 4600000 END, 1794762000000 - (20000 - i) * 4500000 FROM n;
INSERT INTO work_order_events (work_order_id, kind, to_state, shown, happened_at, at) SELECT id, 'created', 'requested', 1, requested_at, requested_at FROM work_orders;
INSERT INTO work_order_notes (work_order_id, internal, note, nonce, at) SELECT id, 0, title, 'a' || id, requested_at FROM work_orders;
INSERT INTO work_order_notes (work_order_id, internal, note, nonce, at) SELECT id, 1, 'Dog', 'b' || id, requested_at FROM work_orders;`

// BenchmarkWorkOrders is what the board and the list cost the server over 20,000
// work orders, all middleware included.
func BenchmarkWorkOrders(b *testing.B) {
	books := dbtest.New(b)
	must(b, books.WriteTx(b.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(seedWorkOrders)
		return err
	}))
	d := newDeskOn(b, books)
	for _, c := range []struct{ name, address string }{
		{"board", "/office/workorders"}, {"board, one technician", "/office/workorders?tech=105"}, {"board, words", "/office/workorders?q=lee37+beeps"}, {"board, overdue", "/office/workorders?overdue=1"},
		{"list", "/office/workorders/list"}, {"list, deep", "/office/workorders/list?after=9000"}, {"list, words", "/office/workorders/list?q=lee37+battery"}, {"list, words that nothing has", "/office/workorders/list?q=zebra"},
		{"list, by appointment", "/office/workorders/list?sort=window"}, {"list, last changed", "/office/workorders/list?sort=changed"}, {"list, a customer's", "/office/workorders/list?customer=C777"},
		{"one", "/office/workorders/W-019000"}, {"new", "/office/workorders/new?customer=C777"}, {"move", "/office/workorders/W-019000/move?to=scheduled"},
	} {
		b.Run(c.name, func(b *testing.B) { d.again(b, c.address) })
	}
}
