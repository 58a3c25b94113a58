package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/autopay"
	"customerportal/internal/calendar"
	"customerportal/internal/config"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/payment"
)

// payByThemselves gives books that nobody runs yet customers whose day it is:
// one whose card is good, one whose card is declined, and one to be put on hold.
// They are new, for what the demonstration's own customers have paid by themselves
// this month depends on its day. Everybody is on hold, so that nothing is taken
// before the office says so.
func (s *site) payByThemselves(t *testing.T) (names []string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p, err := open(t.Context(), config.Config{DB: filepath.Join(s.Dir, "portal.db"), PublicURL: "http://portal.example.com", Quiet: true}, time.Now)
	must(err)
	defer func() { must(p.close()) }()
	set, err := p.settings.Current(t.Context())
	must(err)
	box, err := p.gateways.openSandbox(set)
	must(err)
	now, today := p.clock.Now(), p.clock.Today(set.Zone)
	for i, c := range []struct{ last, card string }{{"Goodwin", "pm_card_visa"}, {"Badcock", "pm_card_chargeCustomerFail"}, {"Holder", "pm_card_mastercard"}} {
		number := fmt.Sprint(60001 + i)
		ref, err := box.SaveCustomer(t.Context(), "customer-"+number, "", gateway.Customer{Reference: number, Name: "Pat " + c.last})
		must(err)
		token, err := box.Attach(ref, c.card)
		must(err)
		must(p.books.Write(t.Context(), func(q *db.Queries) error {
			id, _, err := account.SaveCustomer(t.Context(), q, now, account.Record{Number: number, FirstName: "Pat", LastName: c.last, Address1: "1 Main St", City: "Troy",
				State: "NY", Zip: "12180", Emails: []string{c.last + "@example.com"}})
			if err != nil {
				return err
			}
			if err := q.PutGatewayCustomer(t.Context(), db.PutGatewayCustomerParams{CustomerID: id, Gateway: "sandbox", Ref: ref}); err != nil {
				return err
			}
			method, err := q.AddMethod(t.Context(), db.AddMethodParams{CustomerID: id, Gateway: "sandbox", Ref: token, Kind: "card", Brand: "Visa", Last4: "4242",
				ExpYear: int64(today.Year() + 4), ExpMonth: 1, CreatedAt: now})
			if err != nil {
				return err
			}
			since := calendar.InstantOf(time.Now().AddDate(0, -2, 0))
			if _, err := q.AddMandate(t.Context(), db.AddMandateParams{CustomerID: id, MethodID: method, ConsentText: "I authorize", ConsentSha256: strings.Repeat("0", 64),
				ConsentVersion: payment.ConsentVersion, Day: int64(min(time.Now().In(set.Zone).Day(), 28)), ShownAt: since, AcceptedAt: since}); err != nil {
				return err
			}
			_, err = ledger.IssueInvoice(t.Context(), q, now, ledger.InvoiceRecord{Number: "A-" + number, CustomerID: id, Date: today.AddDays(-30), Due: today.AddDays(-5),
				Lines: []ledger.Line{{Description: "Monitoring", Quantity: money.QuantityScale, UnitPrice: 1234}}})
			names = append(names, "Pat "+c.last)
			return err
		}))
	}
	must(p.books.WriteTx(t.Context(), execute(`INSERT INTO auto_pay_holds (reason, placed_at) VALUES ('the office looks first', 1)`)))
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
