package main

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/autopay"
)

// payByThemselves gives books that nobody runs yet customers whose day it is:
// one whose card is good, one whose card is declined, and one to be put on hold.
// Everybody is on hold, so that nothing is taken before the office says so.
func (s *site) payByThemselves(t *testing.T) (names []string) {
	t.Helper()
	books, err := db.Open(t.Context(), filepath.Join(s.Dir, "portal.db-live"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = books.Close() }()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	today := time.Now().In(zone)
	for _, c := range []struct{ card, invoice string }{{"1117", "A-GOOD"}, {"0341", "A-BAD"}, {"0005", "A-HELD"}} {
		var customer, method int64
		var name string
		row := books.Reader().QueryRow(`SELECT m.id, c.id, c.display_name FROM methods m JOIN customers c ON c.id = m.customer_id WHERE m.last4 = ? AND m.ended_at = 0
			AND NOT EXISTS (SELECT 1 FROM auto_pay_periods p WHERE p.customer_id = c.id) ORDER BY c.id`, c.card)
		if err := row.Scan(&method, &customer, &name); err != nil {
			t.Fatalf("the card %s: %v", c.card, err)
		}
		names = append(names, name)
		for _, statement := range []struct {
			query string
			args  []any
		}{
			{`UPDATE mandates SET revoked_at = 1, revoked_by = 'replaced' WHERE customer_id = ? AND revoked_at = 0`, []any{customer}},
			{`INSERT INTO mandates (customer_id, method_id, consent_text, consent_sha256, consent_version, day, shown_at, accepted_at, ip, user_agent, authenticated)
				VALUES (?, ?, 'I authorize', printf('%064d', 1), '2026-11', ?, ?, ?, '', '', 'signed in')`,
				[]any{customer, method, min(today.Day(), 28), today.AddDate(0, -2, 0).UnixMilli(), today.AddDate(0, -2, 0).UnixMilli()}},
			{`INSERT INTO invoices (number, customer_id, state, invoice_date, due_date, tax_cents, total_cents, balance_cents, issued_at, created_at)
				VALUES (?, ?, 'issued', ?, ?, 0, 1234, 1234, 1, 1)`, []any{c.invoice, customer, today.AddDate(0, 0, -30).Format(time.DateOnly), today.AddDate(0, 0, -5).Format(time.DateOnly)}},
		} {
			if err := books.WriteTx(t.Context(), execute(statement.query, statement.args...)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := books.WriteTx(t.Context(), execute(`INSERT INTO auto_pay_holds (reason, placed_at) VALUES ('the office looks first', 1)`)); err != nil {
		t.Fatal(err)
	}
	return names
}

// TestJourneyAutoPay is the first of the month at the office: who is charged and
// what will fail, one on hold, the run with its progress, the result, another
// try.
func TestJourneyAutoPay(t *testing.T) {
	for _, m := range []mode{desk, phone} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			s := copiedDemo(t)
			names := s.payByThemselves(t)
			theFirstOfTheMonth(newPerson(t, startSite(t, s), m), names[0], names[1], names[2])
		})
	}
}

func theFirstOfTheMonth(p *person, good, bad, held string) {
	p.staff()
	p.follow("Auto Pay")
	p.see("All are on hold: the office looks first", "Will fail", good, bad, held, "Will be taken")
	p.audit("office auto pay")
	p.fill("Search the plan", held)
	p.see("1 customer,")
	p.follow("Hold " + held)
	p.see("Auto Pay of " + held)
	p.audit("office auto pay of a customer")
	p.press("Hold")
	p.see("Please check one thing")
	p.audit("office hold refused")
	p.fill("Reason", "asked us to wait")
	p.follow("Hold")
	p.see("On hold: nothing is taken of this customer until it is released.", "asked us to wait")
	p.visit("/office/autopay?show=held")
	p.see(held, "asked us to wait", "Release")

	p.visit("/office/autopay/run")
	p.see("All are on hold: the office looks first")
	p.audit("office run by hand")
	p.visit("/office/autopay")
	p.press("Release everybody")
	p.fill("Reason", "all is as it should be")
	_, err := eval[bool](p, `window.confirm = () => true; return true`) // asked whether to, yes
	p.must(err)
	began := time.Now()
	p.follow("Release all")
	p.see("Released.")
	p.visit(p.site.runSince(p.T, began))
	p.see("Auto Pay of")
	p.until("the end of the run", `return document.querySelector("#run .state").textContent.includes("Finished")`)
	p.see("Succeeded", "Failed", bad)
	p.audit("office run finished")
	p.follow("Skipped")
	p.see(held, "asked us to wait")
	p.follow("Taken")
	p.see(good, "Received")
	p.audit("office run, who was taken")
	p.follow("Failed")
	_, err = eval[bool](p, `window.confirm = () => true; return true`)
	p.must(err)
	p.follow("Retry " + bad)
	p.see("Another attempt is made today")
	p.visit("/office/autopay/runs")
	p.see("Auto Pay of")
	p.audit("office runs")
	p.visit("/office/autopay/cards")
	p.audit("office cards that expire")

	// with a signed form
	p.visit("/office/customers")
	p.fill("Search customers", strings.Fields(held)[len(strings.Fields(held))-1])
	p.see("customer")
	p.visit("/office/autopay?day=all&show=held")
	p.follow(held)
	p.follow("Enter another signed form")
	p.see("The signed form says the same")
	p.audit("office signed form")
	p.fill("Maximum per month", "45")
	p.key("\t")
	p.until("the text with the maximum", `return document.querySelector("#paper-text").textContent.includes("Never more than $45.00")`)
	p.press("Switch on")
	p.see("Please check these 3 things")
	p.audit("office signed form refused")
}

// runSince waits for the run that began after a moment and returns where the
// office sees it.
func (s *site) runSince(t *testing.T, began time.Time) string {
	t.Helper()
	books, err := db.Open(t.Context(), filepath.Join(s.Dir, "portal.db-live"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = books.Close() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for time.Since(began) < patience {
		var id int64
		if err := books.Reader().QueryRow(`SELECT coalesce(max(id), 0) FROM auto_pay_runs WHERE started_at >= ?`, began.UnixMilli()).Scan(&id); err != nil {
			t.Fatal(err)
		}
		if id != 0 {
			return autopay.RunPath(id)
		}
		<-tick.C
	}
	t.Fatal("no run began")
	return ""
}

// TestJourneyMaximum sets a maximum per month while Auto Recurring is switched
// on, and takes the authorization home.
func TestJourneyMaximum(t *testing.T) {
	modes(t, func(p *person) {
		p.customer("Auto Recurring")
		p.follow("CC/eCheck")
		p.see("Your authorizations", "In force")
		p.follow("Set a maximum")
		p.see("I set no maximum.")
		p.audit("the maximum")
		p.fill("Maximum per month", "55.5")
		p.key("\t")
		p.until("the text with the maximum", `return document.querySelector("#consent-text").textContent.includes("Never more than $55.50 in one month.")`)
		p.press("Auto Recurring")
		p.follow("Save")
		p.see("never more than $55.50", "Change the maximum", "Ended")
		p.audit("authorizations")
		name, body := p.download("PDF")
		if !strings.HasPrefix(string(body), "%PDF-") || !strings.HasPrefix(name, "Authorization-") {
			t.Errorf("%s of %d bytes", name, len(body))
		}
	})
}

// execute is a transaction of one statement.
func execute(query string, args ...any) func(tx *sql.Tx) error {
	return func(tx *sql.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	}
}
