package main

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// card types a card into the processor's page.
func (p *person) card(number string) {
	p.Helper()
	p.see("stands in for the card processor")
	p.audit("the processor's page for a card")
	p.fill("Card number", number)
	p.fill("Expiry date", "12 / 40")
	p.fill("Security code", "123")
	p.fill("Name on card", "A. Customer")
	p.fill("Billing zip code", "02108")
}

// TestJourneyNewCard pays with a card that is not on file, on the processor's
// own page. A double click opens the amount's box; what is no amount is refused.
func TestJourneyNewCard(t *testing.T) {
	modes(t, func(p *person) {
		p.customer("many open invoices")
		p.follow("Pay It")
		p.see("Amount Applied")
		number, err := eval[string](p, `return document.querySelector(".pay-table tbody th").innerText.trim()`)
		p.must(err)
		if !p.mode.phone {
			at, err := eval[point](p, `
				const e = document.querySelector(".apply-amount");
				e.scrollIntoView({block: "center"});
				const r = e.getBoundingClientRect();
				return {X: r.x + r.width / 2, Y: r.y + r.height / 2}`)
			p.must(err)
			p.must(chromedp.Do(p.ctx, chromedp.MouseClickXY(at.X, at.Y), chromedp.MouseClickXY(at.X, at.Y, chromedp.ClickCount(2))))
		} else {
			p.press("Change Apply Amount of invoice " + number)
		}
		p.until("the box", `return !!document.activeElement?.matches(".apply-edit input")`)
		p.fill("Apply Amount of invoice "+number, "12.34")
		p.key(kb.Enter)
		p.until("the sum", `return document.querySelector("#pay-sum").textContent === "$12.34"`)
		p.press("Credit Card")
		p.fill("Credit Card to use", "New credit card")
		p.follow("Submit Payment $12.34")
		p.card("4000 0000 0000 0002")
		p.press("Pay $12.34")
		p.see("declined")
		p.audit("declined on the processor's page")
		p.card("4242 4242 4242 4242")
		p.follow("Pay $12.34")
		p.see("Receipt", "$12.34", number)
		p.audit("receipt")
		reference, err := eval[string](p, `return location.pathname.split("/").pop()`)
		p.must(err)

		// a reload charges nothing more
		p.reload()
		p.see(reference)
		p.visit("/payments")
		p.see(reference)
		if n := strings.Count(p.text(), "$12.34"); n != 1 {
			t.Errorf("the payment stands %d times in the history", n)
		}
		p.mail("accounts@ebenezer.example", "12.34")
		p.see(reference)
	})
}

// TestJourneyECheck pays from a bank account, which takes days to be sure.
func TestJourneyECheck(t *testing.T) {
	modes(t, func(p *person) {
		p.customer("past due")
		p.follow("Pay It")
		p.see("Amount Applied")
		p.press("eCheck")
		p.fill("eCheck to use", "New eCheck")
		p.follow("Submit Payment")
		p.see("stands in for the card processor")
		p.audit("the processor's page for a bank account")
		p.fill("Account holder's name", "Maria Alvarez")
		p.fill("Routing number", "110000000")
		p.fill("Account number", "000123456789")
		p.follow("Pay")
		p.see("Reference", "Submitted")
		p.audit("submitted")
	})
}

// TestJourneyAutoRecurring puts a card on file with Auto Recurring, and
// switches it off again.
func TestJourneyAutoRecurring(t *testing.T) {
	modes(t, func(p *person) {
		p.customer("past due")
		p.follow("CC/eCheck")
		p.audit("methods")
		p.follow("New Credit Card")
		p.see("Bill To Options", "Credit Card Information")
		p.audit("new credit card")
		if ticked, err := eval[bool](p, `return [...document.querySelectorAll("[type=checkbox]")].some((c) => c.checked)`); err != nil || ticked {
			t.Errorf("Auto Recurring is ticked beforehand (%v)", err)
		}
		p.press("Auto Recurring")
		p.follow("Save")
		p.card("4242 4242 4242 4242")
		p.follow("Save")
		p.see("ending 4242", "On")
		p.audit("methods with Auto Recurring")
		p.follow("Switch off Auto Recurring")
		p.see("Nothing is taken by itself")
	})
}
