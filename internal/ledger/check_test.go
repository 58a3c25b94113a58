package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/internal/ledger"
)

// findings proves the books and returns what is wrong, a line each.
func (b *books) findings() string {
	b.Helper()
	var lines []string
	err := b.db.View(b.Context(), func(q *db.Queries) error {
		found, err := ledger.CheckBooks(b.Context(), q, b.clockNow())
		for _, f := range found {
			lines = append(lines, f.String())
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func (b *books) payment(id int, state string, more string) {
	b.Helper()
	b.exec(fmt.Sprintf(`INSERT INTO payments (id, reference, customer_id, state, source, kind, type_label, amount_cents, payment_date, gateway, charge_ref, idempotency_key, nonce, created_at, submitted_at)
		VALUES (%d, 'REF-%d', 1, '%s', 'portal', 'card', 'Credit Card', 1000, '2026-11-15', %s, 'K%d', 'N%d', 1, 1)`, id, id, state, more, id, id))
}

func TestCheckBooks(t *testing.T) {
	sound := func(t *testing.T) *books {
		b := newBooks(t)
		one, two := b.issue(1, "10001", today, 10000), b.issue(1, "10002", today, 5000)
		b.issue(2, "20001", today, 5000)
		_, err := b.record(1, 12000, ledger.Allocation{InvoiceID: one}, ledger.Allocation{InvoiceID: two, Cents: 1000})
		must(t, err)
		must(t, b.write(func(q *db.Queries) error {
			return ledger.ApplyCredit(t.Context(), q, ledger.CreditUse{CustomerID: 1, InvoiceID: two, Cents: 500, Fact: "apply 1", Date: today, At: 1})
		}))
		return b
	}
	if got := sound(t).findings(); got != "" {
		t.Fatalf("sound books:\n%s", got)
	}
	for _, c := range []struct{ spoil, want string }{
		{`UPDATE invoices SET balance_cents = 4999 WHERE number = '20001'`,
			"invoice 20001: its balance is $49.99, but its total of $50.00 and its ledger rows of $0.00 make $50.00"},
		{`INSERT INTO ledger VALUES (99, 2, NULL, 3, -1, 'credit', 'x', '2026-11-15', 1)`,
			"invoice 20001: its balance is $50.00, but its total of $50.00 and its ledger rows of -$0.01 make $49.99"},
		{`UPDATE invoice_lines SET amount_cents = 4000 WHERE invoice_id = 3`,
			"invoice 20001: its total is $50.00 with $0.00 tax, but its lines come to $40.00 with $0.00 tax"},
		{`UPDATE payments SET state = 'returned'`,
			"it is returned with $120.00, $0.00 of it refunded, but the ledger booked $120.00 of it and took $0.00 back"},
		{`UPDATE payments SET state = 'failed'`,
			"it is failed with $120.00, $0.00 of it refunded, but the ledger booked $120.00 of it and took $0.00 back"},
		{`INSERT INTO ledger VALUES (99, 1, 1, NULL, 500, 'dispute', 'x', '2026-11-15', 1)`,
			"it is succeeded with $120.00, $0.00 of it refunded, but the ledger booked $120.00 of it and took $5.00 back"},
		{`UPDATE payments SET refunded_cents = 100, state = 'partially_refunded'`,
			"$1.00 of it refunded, but the ledger booked $120.00 of it"},
		{`UPDATE allocations SET cents = 11001 WHERE invoice_id = 1`, "it is $120.00, but $120.01 of it are meant for invoices"},
		{`INSERT INTO allocations VALUES (1, 3, 1)`, `it stands in the books of two customers (invoice "20001")`},
		{`INSERT INTO ledger VALUES (99, 1, NULL, NULL, 500, 'refund', 'x', '2026-11-15', 1)`,
			"customer C1: $5.00 more credit was used than there was"},
	} {
		b := sound(t)
		b.exec(c.spoil)
		if got := b.findings(); !strings.Contains(got, c.want) {
			t.Errorf("%s:\n%s\nwant %s", c.spoil, got, c.want)
		}
	}
	for _, c := range []struct{ spoil, want string }{
		{`UPDATE payments SET source = 'portal', amount_cents = 13000`, "it is $130.00, but only $110.00 of it are meant for invoices"},
		{`UPDATE payments SET source = 'portal'`, "it is succeeded, but the audit trail does not say when it became so"},
		{`UPDATE payments SET refunded_cents = 100`, "it says that $1.00 of $120.00 were given back, but its refunds come to $0.00"},
		{`INSERT INTO refunds (reference, payment_id, source, way, cents, state, booked, idempotency_key, nonce, refund_date, created_at) VALUES ('R1', 1, 'office', 'cash', 100, 'succeeded', 1, 'k', 'n', '2026-11-15', 1)`,
			"refund R1: $1.00 of payment"},
		{`INSERT INTO refunds (reference, payment_id, source, way, cents, state, booked, carried_cents, idempotency_key, nonce, refund_date, created_at) VALUES ('R1', 1, 'office', 'cash', 100, 'failed', 0, 100, 'k', 'n', '2026-11-15', 1)`,
			"refund R1: it is failed, but the ledger took $1.00 off payment"},
		{`INSERT INTO refunds (reference, payment_id, source, way, cents, state, idempotency_key, nonce, refund_date, created_at) VALUES ('R1', 1, 'office', 'gateway', 100, 'submitted', 'k', 'n', '2026-11-15', 1)`,
			"refund R1: was sent to the processor, and for more than an hour nobody asked what became of it. Start the portal"},
		{`INSERT INTO refunds (reference, payment_id, source, way, cents, state, idempotency_key, nonce, refund_date, created_at) VALUES ('R1', 1, 'office', 'gateway', 100, 'pending', 'k', 'n', '2026-11-15', 1)`,
			"refund R1: is under way at the processor, and for more than half a day"},
		{`INSERT INTO refunds (reference, payment_id, source, way, cents, state, idempotency_key, nonce, refund_date, created_at) VALUES ('R1', 1, 'office', 'gateway', 100, 'planned', 'k', 'n', '2026-11-15', 1)`,
			"refund R1: was written down and neither sent nor given up"},
		{`INSERT INTO disputes (dispute_ref, payment_id, state, cents, opened_at) VALUES ('d', 1, 'lost', 100, 1)`, "it is succeeded, but its disputes say otherwise"},
		{`UPDATE invoices SET state = 'void', balance_cents = 3500 WHERE number = '10002'`, "invoice 10002: it is void, but $35.00 are owed on it. The program does not write this"},
		{`INSERT INTO return_fees VALUES (1, 3, 1)`, "the fee for its return, invoice 20001, is another customer's"},
		{`INSERT INTO gateway_events (gateway, event_ref, type, object_ref, body, received_at) VALUES ('stripe', 'evt_1', 'charge.refunded', 'payment x', x'00', 1)`,
			`event evt_1: stripe told of "charge.refunded" days ago and nobody looked into it`},
		{`INSERT INTO approvals (kind, state, customer_id, cents, reason, order_json, nonce, asked_id, asked_at, expires_at) VALUES ('credit', 'waiting', 1, 100, 'x', '{}', 'n', 1, 1, 2)`,
			"approval 1: the request for a credit of $1.00 should have run out by now"},
		{`INSERT INTO outbox (fact, kind, to_email, subject, text_body, html_body, message_id, next_try_at, created_at)
			SELECT 'f' || value, 'payment_receipt', 'ann@example.com', 'Receipt', 'body', 'body', 'm' || value, 1, 1 FROM json_each('[1,2]')`,
			`mail to ann@example.com: "Receipt" was queued 2 times with the same words. Look at the page Mail`},
	} {
		b := sound(t)
		b.exec(`INSERT INTO staff (id, email, role, created_at) VALUES (1, 'o@dealer.example', 'owner', 1) ON CONFLICT DO NOTHING`)
		b.exec(c.spoil)
		if got := b.findings(); !strings.Contains(got, c.want) {
			t.Errorf("%s:\n%s\nwant %s", c.spoil, got, c.want)
		}
	}
	b := sound(t)
	b.payment(50, "submitted", "'stripe', ''")
	b.payment(51, "succeeded", "'stripe', ''")
	got := b.findings()
	for _, want := range []string{
		"payment REF-50: was sent to the processor, and for more than an hour nobody asked what became of it",
		"payment REF-51: the audit trail does not say who made it",
		"payment REF-51: money was taken by stripe, but its charge there is not known",
		"payment REF-51: it is succeeded with $10.00, $0.00 of it refunded, but the ledger booked $0.00 of it",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %q in\n%s", want, got)
		}
	}
}
