package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"customerportal/internal/account"
)

// clerk logs in as the second person of the office.
func (p *person) clerk() {
	p.Helper()
	g := p.site.Guide.Clerk
	p.logIn(g.Email, g.Password)
	code, err := account.CodeAt(g.Secret, time.Now())
	p.must(err)
	p.fill("Code", code)
	p.key("\r")
	p.see("What needs a person today")
}

// TestJourneyRefund pays an invoice, gives a part of it back with two people, and
// looks at what the customer sees of it.
func TestJourneyRefund(t *testing.T) {
	modes(t, func(p *person) {
		p.must(run(t.Context(), []string{"settings", "--db", filepath.Join(p.site.Dir, "portal.db"), "approvals.above=5.00"}, io.Discard))
		p.customer("Auto Recurring")
		p.follow("Pay It")
		p.see("Amount Applied")
		p.press("Credit Card")
		p.see("Credit Card to use")
		sum := p.sum()
		p.follow("Submit Payment " + sum)
		p.see("Receipt", sum)
		path, err := eval[string](p, "return location.pathname")
		p.must(err)
		number := ""
		for _, c := range p.site.Guide.Customers {
			if strings.Contains(c.About, "Auto Recurring") {
				number = c.Number
			}
		}
		p.follow("Log Out")

		// the first asks
		p.staff()
		p.visit("/office/customers/" + number + path)
		p.audit("office payment to give back")
		p.follow("Give money back")
		p.see("Where it comes off")
		p.audit("office refund")
		p.fill("Amount", "10.00")
		p.follow("Check what it does")
		p.see("Ask to give back $10.00", "somebody else on the staff has to approve it")
		p.audit("office refund checked")
		p.press("Ask to give back $10.00")
		p.see("Enter a reason")
		p.forget("422")
		p.audit("office refund refused")
		p.fill("Reason", "The technician came a day late")
		p.follow("Ask to give back $10.00")
		p.see("Nothing has happened yet", "Refund of $10.00", "somebody else has to decide")
		p.audit("office approvals of the one who asked")
		p.follow("Log Out")

		// the second decides
		p.clerk()
		p.see("Waiting for a second person")
		p.visit("/office/approvals")
		p.audit("office approvals")
		p.follow("Approve Refund of $10.00")
		p.see("Approved, and done.")
		p.audit("office approved")
		p.visit("/office/customers/" + number + path)
		p.see("Partly refunded", "The technician came a day late")
		p.audit("office payment given back")
		for _, screen := range []string{"disputes", "disputes/1", "customers/" + number + "/credit", "customers/" + number + "/credit/new"} {
			p.visit("/office/" + screen)
			p.audit("office " + screen)
		}
		p.follow("Log Out")

		// and the customer sees it: the money, and the invoice that is open again
		p.customer("Auto Recurring")
		p.see("$10.00")
		p.visit(path)
		p.see("partly refunded", "Given back", "$10.00")
		p.audit("payment given back")
		p.mail(p.site.Guide.Customers[1].Email, "Refund")
		p.see("$10.00 of your payment was given back to you", "The technician came a day late", "$10.00 left to pay")
	})
}
