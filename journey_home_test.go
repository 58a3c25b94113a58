package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestJourneyInvoices looks at what is owed, at what is paid, and at the papers.
func TestJourneyInvoices(t *testing.T) {
	modes(t, func(p *person) {
		p.customer("past due")
		p.see("Open invoices", "Past due", "Auto Pay")
		p.audit("home")
		if p.mode.phone {
			p.until("what is owed, the invoices, and then the rest", `const at = (id) => document.getElementById(id).getBoundingClientRect().top;
				return at("owed-title") < at("invoice-lists") && at("invoice-lists") < at("auto-title") && at("auto-title") < at("contact-title")`)
		}
		name, pdf := p.download("View")
		if !strings.HasSuffix(name, ".pdf") || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
			t.Errorf("View brought %q, %.20q", name, pdf)
		}
		p.press("Show Paid Invoices")
		p.see("Paid invoices")
		p.until("its address", `return location.search.includes("paid=1")`)
		p.audit("home with paid invoices")
		p.reload()
		p.see("Paid invoices")
		p.press("Show Paid Invoices")
		p.miss("Paid invoices")
	})
}

// TestJourneyContact edits the contact information in its box.
func TestJourneyContact(t *testing.T) {
	modes(t, func(p *person) {
		p.customer("past due")
		p.press("Edit")
		p.until("the box", `return !!document.querySelector("dialog:modal")`)
		p.audit("contact box")
		p.fill("Last Name", "")
		p.press("Save")
		p.until("a refusal", `return !!document.querySelector("dialog:modal .error-summary") || !!document.querySelector("dialog:modal :invalid")`)
		p.fill("Last Name", "Álvarez-O'Neil")
		p.fill("City", "Marblehead")
		p.follow("Save")
		p.see("Álvarez-O'Neil", "Marblehead")
		p.audit("home after a change")
	})
}

// TestJourneyPaymentHistory looks at what was paid, with the receipt and the
// statement.
func TestJourneyPaymentHistory(t *testing.T) {
	modes(t, func(p *person) {
		p.customer("past due")
		p.follow("Payment History")
		p.see("Payment Type", "Check")
		p.audit("payment history")
		name, pdf := p.download("Receipt")
		if !strings.HasSuffix(name, ".pdf") || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
			t.Errorf("Receipt brought %q, %.20q", name, pdf)
		}
		if name, csv := p.download("CSV"); !strings.HasSuffix(name, ".csv") || len(csv) == 0 {
			t.Errorf("the statement came as %q, %d bytes", name, len(csv))
		}
		p.follow(await[string](p, "a payment's link", `return document.querySelector("td[data-label=Reference] a")?.innerText.trim() || ""`))
		p.see("Reference", "Invoices of this payment")
		p.audit("one payment")
	})
}

// TestJourneyWithoutScript does the same without script, by plain forms and links.
func TestJourneyWithoutScript(t *testing.T) {
	p := newPerson(t, newSite(t), plain)
	c := p.site.Guide.Customers[0]
	p.visit("/login")
	p.fill("Username", c.Email)
	p.fill("Password", "wrong")
	p.follow("Log In")
	p.see("Please check")
	p.fill("Password", c.Password)
	p.follow("Log In")
	p.see(c.Number, "Amount due")
	p.follow("Edit")
	p.at("/contact/edit")
	p.fill("City", "Marblehead")
	p.follow("Save")
	p.at("/")
	p.see("Marblehead")
	p.press("Show Paid Invoices")
	p.follow("Show")
	p.see("Paid invoices")
	p.follow("Payment History")
	p.see("Payment Type")
	p.follow("Log Out")
	p.at("/login")
}
