package main

import (
	"strings"
	"testing"
)

// signInAt logs one of the demonstration's customers in.
func signInAt(p *person, email string) {
	p.Helper()
	p.visit("/login")
	p.fill("Username", email)
	p.fill("Password", "lantern-street-48")
	p.follow("Log In")
	p.see("Amount due")
}

// sum is what stands in "Amount Applied".
func (p *person) sum() string {
	p.Helper()
	return await[string](p, "the sum", `return `+settled+` && document.querySelector("#pay-sum").textContent || ""`)
}

// TestJourneyPaySeveral pays three invoices, one of them in part, with a new
// card, and counts what a hand has to do for it.
func TestJourneyPaySeveral(t *testing.T) {
	modes(t, func(p *person) {
		signInAt(p, "maria.alvarez@example.com")
		p.follow("Pay It")
		p.see("Amount Applied")
		p.audit("payment screen")
		p.picture("pay-start")
		first := p.sum()
		p.pressNth("No", 0)
		p.until("the sum to follow", `return document.querySelector("#pay-sum").textContent !== a`, first)
		second := p.sum()
		// the amount of a row on No, by its pencil
		p.pressNth("Change Apply Amount", 2)
		p.until("the box", `return document.activeElement.matches(".apply-edit input")`)
		p.key("5.50\r")
		p.until("the sum to follow", `return document.querySelector("#pay-sum").textContent !== a`, second)
		p.until("three rows on Yes", `return document.querySelectorAll("#pay-form button[aria-pressed=true]").length === 3`)
		p.until("the focus to stay", `return document.activeElement.matches(".pencil")`)
		third := p.sum()
		p.picture("pay-three")
		p.pressNth("Change Apply Amount", 2)
		p.key("1.005\r")
		p.see("Enter an amount in dollars and cents")
		p.forget("422")
		p.picture("pay-refused")
		if p.sum() != third {
			t.Errorf("a refused amount changed the sum from %s to %s", third, p.sum())
		}
		p.key("\u001b")
		p.miss("Enter an amount in dollars and cents")
		p.press("Credit Card")
		p.see("Credit Card to use")
		p.audit("payment screen, ready")
		p.picture("pay-ready")
		// the card on top is one that declines: every choice stays
		p.press("Submit Payment " + third)
		p.see("Your payment was not made", "The card was declined")
		p.forget("402")
		p.audit("payment screen, declined")
		if p.sum() != third || p.value("Credit Card to use") == "" {
			t.Errorf("the decline lost the choices: %s, %q", p.sum(), p.value("Credit Card to use"))
		}
		p.fill("Credit Card to use", "Visa ending 4242")
		paid, err := eval[[]string](p, `return [...document.querySelectorAll("#pay-form tbody th")].map((e) => e.innerText.trim())`)
		p.must(err)
		if len(paid) != 3 {
			p.Fatalf("%v are open, not three", paid)
		}
		p.follow("Submit Payment " + third)
		p.see("Receipt", third, "Visa ending 4242")
		p.see(paid...)
		p.audit("receipt")
		receipt, err := eval[string](p, "return location.pathname")
		p.must(err)
		// the browser's Back leads to a form that says what is left
		p.back()
		p.see("Amount Applied", "Nothing is left to pay on invoice "+paid[0]+".")
		p.until("the paid invoices to be gone", `return [...document.querySelectorAll("#pay-form tbody th")].map((e) => e.innerText.trim()).join() === a`, paid[2])
		p.visit(receipt)
		p.see("Received")
	})
}

// forget drops the browser's own lines about answers of a status.
func (p *person) forget(status string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.trouble[:0]
	for _, line := range p.trouble {
		if !strings.Contains(line, status) {
			kept = append(kept, line)
		}
	}
	p.trouble = kept
}

// TestJourneyPayByNewECheck pays on the processor's page with a bank account
// that is kept on file: back without paying first, then paid, then reloaded.
func TestJourneyPayByNewECheck(t *testing.T) {
	modes(t, func(p *person) {
		signInAt(p, "maria.alvarez@example.com")
		p.follow("Pay It")
		p.press("eCheck")
		p.fill("eCheck to use", "New eCheck…")
		p.press("Keep this bank account on file")
		p.follow("Submit Payment")
		p.see("Routing number")
		p.audit("the processor's page")
		p.back()
		p.see("Amount Applied")
		p.visit("/pay/return") // the way back of one who gave up
		p.see("You came back without paying")
		p.follow("Submit Payment")
		p.see("Routing number")
		p.fill("Account holder's name", "Maria Alvarez")
		p.fill("Routing number", "110000000")
		p.fill("Account number", "000123456789")
		p.follow("Pay")
		p.see("Payment submitted", "ending 6789")
		p.audit("eCheck submitted")
		p.reload()
		p.see("Payment submitted")
		p.visit("/methods")
		p.see("ending 6789")
		p.audit("CC/eCheck")
	})
}
