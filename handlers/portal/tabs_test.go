package portal_test

import (
	"net/http"
	"strings"
	"testing"

	"customerportal/db/dbtest"
	"customerportal/internal/audit"
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
	if got, want := tabs(0), "Invoices CC/eCheck Payment History Work Orders Proposals"; got != want {
		t.Errorf("nothing waits: %q, want %q", got, want)
	}
	if got, want := tabs(1), "Invoices 1 past due CC/eCheck Payment History Work Orders Proposals"; got != want {
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
	if got, want := tabs(0), "Invoices 2 past due CC/eCheck 1 to look at Payment History Work Orders Proposals"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	s.exec(`INSERT INTO mandates (customer_id, method_id, consent_text, consent_sha256, consent_version, day, shown_at, accepted_at, ip, user_agent, authenticated)
		VALUES (?, 2, 'yes', ?, '1', 1, 1, 1, '', '', '')`, s.customer[0], "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	s.exec(`INSERT INTO method_setups (reference, customer_id, nonce, gateway, kind, billing_json, state, created_at) VALUES ('S', ?, 'n', 'stripe', 'echeck', '{}', 'verifying', 1)`, s.customer[0])
	if got, want := tabs(0), "Invoices 2 past due CC/eCheck 3 to look at Payment History Work Orders Proposals"; got != want {
		t.Errorf("%q, want %q", got, want)
	}

	// who is on the way or comes today, and what can be answered
	order := func(number, state, day string) {
		s.exec(`INSERT INTO work_orders (number, customer_id, site_id, state, source, title, technician_id, window_date, window_until, nonce, requested_at, changed_at)
			VALUES (?1, ?2, ?3, ?4, 'portal', 'x', 1, ?5, 60, ?1, 1, 1)`, number, s.customer[0], s.site, state, day)
	}
	s.exec(`INSERT INTO staff (id, email, name, role, created_at) VALUES (1, 'dana@dealer.example', 'Dana', 'technician', 1)`)
	order("W-1", "requested", "")
	order("W-2", "scheduled", "2026-11-15")
	order("W-3", "scheduled", "2026-11-16")
	order("W-4", "arrived", "2026-11-14")
	order("W-5", "completed", "2026-11-15")
	offer := func(number, state, until string, decided int) {
		s.exec(`INSERT INTO documents (id, kind, name, mime, sha256, body, made_at) VALUES (1, 'attachment', 'x', 'x', ?, x'', 1) ON CONFLICT DO NOTHING`, strings.Repeat("a", 64))
		s.exec(`INSERT INTO proposals (number, version, customer_id, title, residential, proposal_date, valid_until, state, total_cents, monthly_cents, document_id, nonce, created_at, updated_at, sent_at, decided_at)
			VALUES (?1, 1, ?2, 'x', 0, '2026-11-01', ?3, ?4, 1, 0, 1, ?1, 1, 1, 1, ?5)`, number, s.customer[0], until, state, decided)
	}
	offer("P-1", "sent", "", 0)
	offer("P-2", "viewed", "2026-11-15", 0)
	offer("P-3", "sent", "2026-11-14", 0)
	offer("P-4", "rejected", "", 5)
	if got, want := tabs(0), "Invoices 2 past due CC/eCheck 3 to look at Payment History Work Orders 2 under way or today Proposals 2 to answer"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := tabs(1), "Invoices 1 past due CC/eCheck Payment History Work Orders Proposals"; got != want {
		t.Errorf("the other customer: %q, want %q", got, want)
	}
}

// A tab that the dealer keeps from customers is gone with all its pages.
func TestTabsThatAreSwitchedOff(t *testing.T) {
	s := newScreens(t, dbtest.New(t)).fill()
	for tab, paths := range map[string][]string{
		"workorders": {"/workorders", "/workorders/new", "/workorders/W-1", "/workorders/W-1/appointment.ics", "/workorders/follow"},
		"proposals":  {"/proposals", "/proposals/P-1", "/proposals/P-1/accept", "/proposals/P-1/signed.pdf"},
	} {
		must(t, s.settings.Set(t.Context(), audit.Program, map[string]string{"portal." + tab: "no"}))
		if page(t, s.get(0, "/payments"), http.StatusOK).Find(`.tabs a[href="/`+tab+`"]`).Length() != 0 {
			t.Errorf("the tab %s is offered", tab)
		}
		for _, path := range paths {
			page(t, s.get(0, path), http.StatusNotFound)
		}
		must(t, s.settings.Set(t.Context(), audit.Program, map[string]string{"portal." + tab: "yes"}))
		page(t, s.get(0, "/"+tab), http.StatusOK)
	}
}
