package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestJourneyPayLink opens the link of an invoice's mail on a phone, with nobody
// logged in, pays two invoices, one of them in part, on the processor's page and
// has the receipt mailed. The paper of the invoice leads to the same place.
func TestJourneyPayLink(t *testing.T) {
	p := newPerson(t, newSite(t), phone)
	c := p.site.Guide.Customers[0]
	p.mail(c.Email, "invoice ")
	p.audit("the mail of an invoice")
	p.picture("mail")
	path, err := eval[string](p, `return document.querySelector("pre.letter").innerText.match(/\/p\/[a-z2-7]{26}/)?.[0] ?? ""`)
	p.must(err)
	if path == "" {
		t.Fatalf("the mail has no link:\n%s", p.text())
	}
	p.visit(path)
	p.see("Open invoices of", "Amount Applied")
	p.miss("Log Out")
	p.audit("pay link")
	p.picture("open")
	first := p.sum()
	p.press("No, pay invoice")
	p.until("the sum to follow", `return document.querySelector("#pay-sum").textContent !== a`, first)
	p.pressNth("Change Apply Amount", 0)
	p.until("the box", `return document.activeElement.matches(".apply-edit input")`)
	p.key("5.50\r")
	p.until("the sum to follow", `return document.querySelectorAll("#pay-form button[aria-pressed=true]").length === 2 && document.querySelector(".apply-amount").textContent === "$5.50"`)
	p.press("Submit Payment " + p.sum())
	p.see("Choose Credit Card or eCheck.")
	p.forget("422")
	p.audit("pay link, refused")
	p.press("Credit Card")
	total := p.sum()
	p.picture("ready")
	p.follow("Submit Payment " + total)
	p.card("4242 4242 4242 4242")
	if name, err := eval[string](p, `return document.body.innerText + document.querySelector("form").innerHTML`); err != nil || strings.Contains(name, "Alvarez") {
		t.Errorf("the processor's page knows whose invoices these are: %v", err)
	}
	p.follow("Pay")
	p.see("Receipt", total, "Visa ending 4242", "$5.50", "Receipt by mail")
	p.miss("Payment History")
	p.audit("receipt of a guest")
	p.picture("receipt")
	p.fill("E-mail address", "friend@example.com")
	p.follow("E-mail the receipt")
	p.see("on its way to friend@example.com")
	receipt, err := eval[string](p, "return location.pathname")
	p.must(err)
	p.reload()
	p.see("Receipt", total)
	p.follow("Open invoices")
	p.see("Open invoices of")
	p.picture("left")
	p.visit("/p/" + strings.Repeat("a", 26))
	p.see("This link does not open")
	p.forget("404")
	p.audit("a link that does not open")
	p.picture("dead")
	p.mail("friend@example.com", "receipt")
	p.miss("Alvarez")

	// whoever logs in sees the payment among his own; the paper has the same link
	p.mail(c.Email, "invoice ")
	_, number, _ := strings.Cut(p.text(), "Invoice: ")
	number = strings.Fields(number)[0]
	p.logIn(c.Email, c.Password)
	p.see("Amount due")
	p.visit("/payments/" + receipt[strings.LastIndex(receipt, "/")+1:])
	p.see("Receipt", total)
	cookie := p.site.logIn(t, c.Email, c.Password)
	_, paper := p.site.get(t, "/invoices/"+number+".pdf", "Cookie", cookie)
	if !bytes.Contains(paper, []byte("/URI ("+p.site.URL+path+")")) {
		t.Errorf("the paper of invoice %s has another link", number)
	}
}
