package main

import (
	"strings"
	"testing"
)

// TestJourneyBilling is the 20th of the month: the preview, the run, its result,
// and the invoice as the customer sees it; then an item that ends in the middle
// of what was billed.
func TestJourneyBilling(t *testing.T) {
	modes(t, func(p *person) {
		p.staff()
		customer := p.site.Guide.Customers[0]
		p.follow("Billing")
		p.see("Recurring revenue", "What it makes", "Monitoring, ")
		p.audit("office billing")
		button, err := eval[string](p, `return document.querySelector("#billing-form button").textContent`)
		p.must(err)
		yes := func() {
			_, err := eval[bool](p, `window.confirm = () => true; return true`) // asked whether to, yes
			p.must(err)
		}
		yes()
		p.follow(button)
		p.see("Billing run of")
		p.until("the end of the run", `return document.querySelector("#run .state")?.textContent === "Done"`)
		p.see("Invoices", "Mailed")
		p.audit("office billing run")
		p.visit("/office/billing/revenue")
		p.see("At its end")
		p.audit("office billing revenue")

		at := "/office/customers/" + customer.Number + "/recurring"
		p.visit(at)
		p.see("Goes on")
		p.audit("office recurring")
		p.visit(at + "/new")
		p.audit("office recurring new")
		p.fill("Description", "Camera lease")
		p.fill("Amount", "12.345")
		p.press("Add the item")
		p.see("Enter an amount in dollars and cents", "Enter why it is charged")
		p.audit("office recurring refused")
		p.fill("Amount", "12.34")
		p.fill("Reason", "New cameras")
		p.follow("Add the item")
		p.see("Added.", "Camera lease")
		p.follow("Monitoring")
		p.see("Change the amount", "Billed")
		p.audit("office recurring item")
		p.visit("/office/customers/" + customer.Number + "/tax")
		p.see("Sales tax of the sites")
		p.audit("office customer tax")
		p.visit("/office/settings/tax")
		p.see("Massachusetts sales tax")
		p.audit("office taxes")
		p.follow("MA")
		p.see("Rates", "6.25 %")
		p.audit("office tax")
		p.follow("Log Out")

		// the customer sees what the run made
		p.logIn(customer.Email, customer.Password)
		p.see("Invoices")
		_, paper := p.download("View")
		if !strings.HasPrefix(string(paper), "%PDF-") {
			t.Errorf("the invoice's paper begins with %q", paper[:min(len(paper), 20)])
		}
	})
}
