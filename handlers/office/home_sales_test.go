package office_test

import (
	"regexp"
	"slices"
	"testing"
	"time"
)

// TestHomeNamesWhatWaits holds what work orders and proposals want of whom.
func TestHomeNamesWhatWaits(t *testing.T) {
	d := newDesk(t) // 12:00 on Nov 15 at the dealer's
	order := func(number, state, day string, until int, technician any) {
		t.Helper()
		d.exec(`INSERT INTO work_orders (number, customer_id, site_id, state, source, title, technician_id, window_date, window_until, nonce, requested_at, changed_at, completed_at)
			VALUES (?1, ?2, (SELECT min(id) FROM sites), ?3, 'portal', '<xpr0be>', ?4, ?5, ?6, ?1, ?7, ?7, 0)`, number, d.customer[0], state, technician, day, until, d.clock.Now().UnixMilli())
	}
	offer := func(number, state, until string, decided int64) {
		t.Helper()
		d.exec(`INSERT INTO proposals (number, version, customer_id, title, residential, proposal_date, valid_until, state, total_cents, monthly_cents, document_id, nonce, created_at, updated_at, sent_at, decided_at)
			VALUES (?1, 1, ?2, 'Alarm <xpr0be>', 0, '2026-11-01', ?3, ?4, 1, 0, 1, ?1, 1, ?6, 1, ?5)`, number, d.customer[0], until, state, decided, d.clock.Now().UnixMilli())
	}
	d.exec(`INSERT INTO documents (id, kind, name, mime, sha256, body, made_at) VALUES (1, 'attachment', 'x', 'x', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', x'', 1)`)
	tech := d.staff["technician"]
	order("W-1", "requested", "", 0, nil)
	order("W-2", "scheduled", "2026-11-15", 11*60, tech)  // an hour ago
	order("W-3", "dispatched", "2026-11-14", 23*60, tech) // yesterday
	order("W-4", "scheduled", "2026-11-15", 13*60, tech)
	order("W-5", "arrived", "2026-11-14", 60, tech)
	order("W-6", "scheduled", "2026-11-16", 60, nil)
	order("W-7", "completed", "2026-11-10", 60, tech)
	order("W-8", "completed", "2026-11-10", 60, tech)
	d.exec(`INSERT INTO work_order_lines SELECT id, 1, 'part', 'Battery', 1000, 100, 0 FROM work_orders WHERE number = 'W-7'`)
	offer("P-1", "accepted", "", 5)
	offer("P-2", "rejected", "", 5)
	offer("P-3", "sent", "2026-11-15", 0)
	offer("P-4", "viewed", "2026-11-20", 0)
	offer("P-5", "viewed", "2026-11-21", 0)
	offer("P-6", "viewed", "2026-11-14", 0)
	visits := []string{"New work orders", "1 work order waits for an appointment", "Appointments that have passed", "1 appointment went by with nobody under way", "Appointments without a technician", "1 work order due by tomorrow"}
	sold := []string{"Accepted: Alarm", "Proposal P-1, accepted", "Rejected proposals", "1 proposal was rejected", "Proposals that expire soon", "2 proposals wait for an answer"}
	work := []string{"Work without an invoice", "1 completed work order has parts or labour and no invoice"}
	for role, shows := range map[string][3]bool{"owner": {true, true, true}, "service": {true, false, false}, "sales": {false, true, false}, "billing": {false, true, true}} {
		doc := d.page(role, "/office")
		for i, words := range [][]string{visits, sold, work} {
			if shows[i] {
				says(t, doc, words...)
			} else {
				hides(t, doc, words[0], words[1])
			}
		}
	}
	home, numbers := d.page("owner", "/office"), regexp.MustCompile(`[WP]-[0-9]`)
	for title, want := range map[string]string{"New work orders": "W-1", "Appointments that have passed": "W-2", "Appointments without a technician": "W-6", "Work without an invoice": "W-7", "Rejected proposals": "P-2"} {
		address := home.Find("li:has(h3:contains('"+title+"')) a").AttrOr("href", "")
		if got := slices.Compact(numbers.FindAllString(d.page("owner", address).Find("main").Text(), -1)); !slices.Equal(got, []string{want}) {
			t.Errorf("%s leads by %q to %v, want %s", title, address, got, want)
		}
	}
	d.exec(`INSERT INTO proposal_results (proposal_id, at) SELECT id, 1 FROM proposals WHERE number = 'P-1'`)
	d.clock.Advance(8 * 24 * time.Hour)
	hides(t, d.page("sales", "/office"), "Accepted: Alarm", "Rejected proposals", "expire soon")
}
