package portal_test

import (
	"net/http"
	"testing"

	"customerportal/db/dbtest"
)

// A tab counts what waits for the customer, and nothing that does not.
func TestTabsCountWhatWaits(t *testing.T) {
	s := newScreens(t, dbtest.New(t)).fill()
	tabs := func(i int) string {
		t.Helper()
		return text(page(t, s.get(i, "/payments"), http.StatusOK).Find(".tabs ul"))
	}
	s.issue(s.customer[0], "10001", today, 100)
	s.issue(s.customer[1], "20001", today.AddDays(-40), 100)
	s.exec(`INSERT INTO methods (id, customer_id, gateway, ref, kind, brand, last4, exp_year, exp_month, ended_at, created_at) VALUES
		(1, ?1, 'stripe', 'a', 'card', 'Visa', '0001', 2027, 1, 0, 1), (2, ?1, 'stripe', 'b', 'card', 'Visa', '0002', 2026, 10, 0, 1),
		(3, ?1, 'stripe', 'c', 'card', 'Visa', '0003', 2026, 12, 5, 1), (4, ?1, 'stripe', 'd', 'echeck', 'Bank', '0004', 0, 0, 0, 1)`, s.customer[0])
	if got, want := tabs(0), "Invoices CC/eCheck Payment History"; got != want {
		t.Errorf("nothing waits: %q, want %q", got, want)
	}
	if got, want := tabs(1), "Invoices 1 past due CC/eCheck Payment History"; got != want {
		t.Errorf("the other customer: %q, want %q", got, want)
	}

	s.issue(s.customer[0], "10002", today.AddDays(-1), 100)
	part := s.issue(s.customer[0], "10003", today.AddDays(-9), 100)
	whole := s.issue(s.customer[0], "10004", today.AddDays(-9), 100)
	s.exec(`INSERT INTO payments (id, reference, customer_id, state, source, kind, type_label, amount_cents, payment_date, idempotency_key, nonce, created_at)
		VALUES (90, 'R90', ?, 'processing', 'portal', 'echeck', 'eCheck', 160, '2026-11-15', 'K', 'N', 1)`, s.customer[0])
	s.exec(`INSERT INTO allocations VALUES (90, ?, 60), (90, ?, 100)`, part, whole)
	// the card that has expired matters under Auto Recurring, the one that soon will in any case
	s.exec(`UPDATE methods SET exp_year = 2026, exp_month = 11 WHERE id = 1`)
	if got, want := tabs(0), "Invoices 2 past due CC/eCheck 1 to look at Payment History"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	s.exec(`INSERT INTO mandates (customer_id, method_id, consent_text, consent_sha256, consent_version, day, shown_at, accepted_at, ip, user_agent, authenticated)
		VALUES (?, 2, 'yes', ?, '1', 1, 1, 1, '', '', '')`, s.customer[0], "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	s.exec(`INSERT INTO method_setups (reference, customer_id, nonce, gateway, kind, billing_json, state, created_at) VALUES ('S', ?, 'n', 'stripe', 'echeck', '{}', 'verifying', 1)`, s.customer[0])
	if got, want := tabs(0), "Invoices 2 past due CC/eCheck 3 to look at Payment History"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
