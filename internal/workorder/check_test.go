package workorder_test

import (
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/internal/workorder"
)

// TestCheckFinds breaks the books behind everybody's back, each time in one way.
func TestCheckFinds(t *testing.T) {
	for name, c := range map[string]struct{ breaks, want string }{
		"a lost event":     {`UPDATE work_orders SET version = version + 1`, "its history has"},
		"another state":    {`UPDATE work_orders SET state = 'arrived'`, "it is arrived, but by its history dispatched"},
		"a jump":           {`INSERT INTO work_order_events (work_order_id, kind, from_state, to_state, shown, happened_at, at) SELECT id, 'dispatched', 'requested', 'dispatched', 1, 1, 1 FROM work_orders`, "it was dispatched from requested, but was dispatched before"},
		"another's site":   {`UPDATE work_orders SET site_id = 2, system_id = NULL`, "the site is another customer's"},
		"another's system": {`UPDATE work_orders SET system_id = 2`, "the system is at another site"},
		"an invoice too early": {`INSERT INTO invoices (id, customer_id, number, invoice_date, due_date, state, tax_cents, total_cents, balance_cents, created_at)
			VALUES (5, 1, 'I5', '2026-11-01', '2026-11-01', 'issued', 0, 0, 0, 1);
			UPDATE work_orders SET invoice_id = 5`, "it has invoice I5 but is not completed"},
		"a photo that is none": {`INSERT INTO documents (id, kind, name, mime, sha256, body, made_at) SELECT n, 'attachment', 'x', 'text/html', '` + strings.Repeat("0", 64) + `', x'00', 1 FROM (SELECT 1 AS n UNION SELECT 2);
			INSERT INTO work_order_photos (work_order_id, document_id, thumb_id, width, height, internal, nonce, at) SELECT id, 1, 2, 1, 1, 0, 'n', 1 FROM work_orders`, "kept as text/html"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.set("workorders.mail_scheduled", "no") // its document would have the id 1
			s.in(workorder.Dispatched)
			s.whole()
			s.exec(c.breaks)
			s.must(s.db.View(t.Context(), func(q *db.Queries) error {
				found, err := workorder.Check(t.Context(), q, s.clock2())
				all := ""
				for _, f := range found {
					all += f.String() + "\n"
				}
				s.has(all, c.want)
				return err
			}))
		})
	}
}
