package main

import (
	"testing"
	"time"

	"customerportal/internal/account"
)

// staff logs in to the office as its owner.
func (p *person) staff() {
	p.Helper()
	g := p.site.Guide.Staff
	p.logIn(g.Email, g.Password)
	code, err := account.CodeAt(g.Secret, time.Now())
	p.must(err)
	p.fill("Code", code)
	p.key("\r")
	p.see("What needs a person today")
}

// TestJourneyOffice is a morning in the office: what needs a person, a customer
// on the phone, a check in the mail, a new colleague.
func TestJourneyOffice(t *testing.T) {
	modes(t, func(p *person) {
		p.staff()
		p.audit("office home")
		customer := p.site.Guide.Customers[0]
		at := "/office/customers/" + customer.Number

		// typing finds, without a press of a button
		p.follow("Customers")
		p.see("Search customers")
		p.audit("office customers")
		p.fill("Search customers", customer.Number)
		p.see("1 customer")
		p.follow(customer.Number)
		p.see("History of changes")
		p.audit("office customer")

		// the key, in red
		p.follow("Edit")
		p.see("Billing address")
		p.audit("office contact")
		p.fill("Zip Code", "a zip code far too long for one")
		p.fill("Phones", "call me")
		p.press("Save")
		p.see("is not a phone number")
		p.until("the focus on the summary", `return document.activeElement?.classList.contains("error-summary") && document.title.startsWith("Error: ")`)
		p.audit("office contact refused")
		p.follow("Customer Users")
		p.see("Registration Key")
		red, err := eval[bool](p, `const [r, g, b] = getComputedStyle(document.querySelector(".key")).color.match(/\d+/g).map(Number); return r > 1.4 * g && r > 1.4 * b`)
		p.must(err)
		if !red {
			p.Error("the Registration Key is not red")
		}
		p.audit("office users")
		p.fill("E-mail", "nobody")
		p.press("Add customer user")
		p.see("Please check one thing")
		p.audit("office users refused")
		p.fill("E-mail", "new."+p.mode.name+"@example.com")
		p.follow("Add customer user")
		p.see("A mail is on its way to new." + p.mode.name + "@example.com")

		// a check, with the keyboard alone
		p.visit(at + "/payments/new")
		p.audit("office payment")
		p.fill("Check #", "1042")
		p.fill("Amount", "20.01")
		p.key("\t")
		p.see("Goes to invoices")
		p.audit("office payment split")
		p.tabTo("Record $20.01")
		p.next(func() { p.key("\r") })
		p.see("Recorded.", "Check 1042", "$20.01")
		p.audit("office payment recorded")
		p.visit(at)
		p.see("recorded a payment", "looked at the Registration Key")

		for _, screen := range []string{"registrations", "mail", "mail/1", "settings", "staff"} {
			p.visit("/office/" + screen)
			p.audit("office " + screen)
		}
		p.fill("E-mail", "new@dealer.example")
		p.fill("Name", "New Colleague")
		p.press("Invite")
		p.see("One-time link for new@dealer.example")
		p.audit("office invited")
	})
}
