package main

import (
	"strings"
	"testing"
)

// TestJourneyCarryOut makes of an accepted proposal all that it promises, with
// one press from the office's home, and of a completed work order its invoice.
func TestJourneyCarryOut(t *testing.T) {
	modes(t, func(p *person) {
		p.staff()
		p.visit("/office")
		p.see("Accepted: Door contacts and cellular backup", "nothing was made of it yet", "Work without an invoice")
		p.audit("office home with sales")
		address, err := eval[string](p, `return [...document.querySelectorAll("main li")].find(l => l.textContent.includes("Door contacts")).querySelector("a").getAttribute("href")`)
		p.must(err)
		p.visit(address)
		p.next(func() { p.press("Carry out…") })
		// 6 x 31.50 and 189.00 with 6.25 % each, and 380.00; less 30 % of it
		p.see("Issue an invoice of $547.13", "Less deposit, invoice", "Make a work order")
		p.audit("office carry out")
		p.press("Make a work order") // left out for now
		p.next(func() { p.press("Carry out") })
		p.see("Carried out: invoice", "on its way by e-mail", "Carried out")
		p.miss("work order W-")
		p.audit("office carried out")
		p.mail("james.whitfield@example.com", "$547.13")

		// what was left out is made later, and nothing twice
		p.visit(address)
		p.next(func() { p.press("Carry out…") })
		p.see("Made already", "Make a work order")
		p.miss("Issue an invoice")
		p.next(func() { p.press("Carry out") })
		p.see("Carried out: work order W-")
		order, err := eval[string](p, `return document.querySelector('main a[href^="/office/workorders/W-"]').getAttribute("href")`)
		p.must(err)
		p.visit(order)
		p.see("Door contacts and cellular backup", "Requested", "6 × Door contact, recessed", "It is charged by the proposal's own invoice")
		p.visit("/office")
		p.miss("Door contacts and cellular backup")

		// a completed work order becomes its invoice
		done, err := eval[string](p, `return (async () => {
			const page = await (await fetch("/office/workorders/list?state=completed")).text();
			for (const m of page.matchAll(/\/office\/workorders\/W-[0-9A-Z]{6}(?=")/g))
				if ((await (await fetch(m[0])).text()).includes("Make invoice, ")) return m[0];
			return "";
		})()`)
		p.must(err)
		if done == "" {
			p.Fatal("no completed work order waits for its invoice")
		}
		p.visit(done)
		p.next(func() { p.press("Make invoice, $") })
		// a siren of 64.00 and 40 ft of wire at 0.35 with 6.25 %, and an hour and a quarter
		p.see("Make the invoice", "Siren 110 dB", "Labour", "$201.63")
		p.audit("office work order invoice")
		p.next(func() { p.press("Make invoice, $201.63") })
		p.see("$201.63")
		p.mail("minhchau@example.com", "$201.63")
		p.visit(done)
		p.miss("Make invoice, ")
		if !strings.Contains(p.text(), "nvoice") {
			p.Error("the work order does not name its invoice")
		}
	})
}
