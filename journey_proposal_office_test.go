package main

import (
	"encoding/base64"
	"strings"
	"testing"
)

// dataSheet is a PDF of one page, in letters a test can put into a box.
const dataSheet = "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Count 1/Kids[3 0 R]>>\nendobj\n" +
	"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n"

// TestJourneyProposalOffice is a proposal from the first line to the signed paper,
// in the office by the keyboard alone where there is one.
func TestJourneyProposalOffice(t *testing.T) {
	modes(t, func(p *person) {
		enter := func(name string) {
			p.Helper()
			if p.mode.phone {
				p.press(name)
				return
			}
			p.tabTo(name)
			p.key("\r")
		}
		p.staff()
		customer := p.site.Guide.Customers[0]
		p.visit("/office/customers/" + customer.Number)
		p.see("Proposals")
		p.next(func() { enter("New proposal") })
		p.see("New proposal", "What is offered")
		p.audit("office proposal new")

		p.fill("Offer", "Burglar alarm for the shop")
		p.fill("Introduction", "Thank you for showing us around.")
		p.fill("line 1: Description", "Control panel with keypad")
		p.fill("line 1: Unit price", "899")
		enter("Add a line")
		p.until("a second line", `return document.activeElement?.id === "f-description-2"`)
		p.fill("line 2: Description", "Glass break sensor")
		p.fill("line 2: Quantity", "4")
		p.fill("line 2: Unit price", "62.50")
		p.fill("line 2: Choice", "Option")
		enter("Add a line")
		p.until("a third line", `return document.activeElement?.id === "f-description-3"`)
		p.fill("line 3: Description", "Monitoring")
		p.fill("line 3: Unit price", "44.95")
		p.fill("line 3: Paid", "Every month")
		p.fill("Deposit", "30 %")
		p.fill("Terms", "One year's warranty on parts.")
		p.until("the sums", `return document.querySelector(".sums")?.textContent.includes("With every option")`)
		p.see("Deposit with the acceptance", "Every month")
		p.audit("office proposal typed")
		// a line goes up, and its button keeps the focus
		enter("Move line 3 up")
		p.until("the line has moved", `return document.querySelector("#f-lines > li:nth-child(2) .offer-what input").value === "Monitoring"`)
		if got, want := p.focused(), "Move line 2 up"; !p.mode.phone && got != want {
			t.Errorf("the focus is on %q, not on %q", got, want)
		}

		// a PDF goes with it; one that is none is refused with all that was typed
		p.choose("Bad.pdf", "no PDF")
		p.next(func() { enter("Save and attach") })
		p.see("Bad.pdf: This is not a PDF")
		p.audit("office proposal refused")
		if got := p.value("Offer"); got != "Burglar alarm for the shop" {
			t.Errorf("the offer came back as %q", got)
		}
		p.choose("Data sheet.pdf", dataSheet)
		p.next(func() { enter("Save and attach") })
		p.see("Saved with 1 more PDF.", "Data sheet.pdf", "1 page", "Draft")
		p.audit("office proposal draft")
		p.next(func() { enter("Save and check") })
		p.see("Send this proposal?", "Glass break sensor", "Mail it to", "Data sheet.pdf")
		p.audit("office proposal send")
		name, draft := p.download("Preview PDF")
		if !strings.HasPrefix(name, "Draft-P-") || !strings.HasPrefix(string(draft), "%PDF-") {
			t.Errorf("the preview is %s: %.20q", name, draft)
		}
		p.next(func() { enter("Send proposal") })
		p.see("Sent, and on its way to", "New", "What happened", "Sent", "Mailed")
		p.audit("office proposal sent")
		number, err := eval[string](p, `return location.pathname.split("/").pop()`)
		p.must(err)
		p.mail(customer.Email, "proposal "+number)
		p.visit("/office/proposals")
		p.see("To carry out", "Open", "Drafts")
		p.audit("office proposals")
		p.fill("Search proposals", "burglar alarm for")
		p.see(number)

		// the customer takes the option and accepts
		c := newPerson(t, p.site, p.mode)
		c.logIn(customer.Email, customer.Password)
		c.visit("/proposals/" + number)
		c.press("Glass break sensor")
		c.see("$1,220.82")
		c.follow("Accept")
		c.fill("Type Your Name", "Maria Alvarez")
		c.press("I agree to sign electronically")
		c.follow("Accept")

		p.visit("/office/proposals")
		p.see("Accepted, to carry out", number)
		p.next(func() { enter(number) })
		p.see("Accepted", "Maria Alvarez", "Option, was chosen", "$1,220.82", "SHA-256 of what was shown")
		p.audit("office proposal accepted")
		_, signed := p.download("Signed PDF")
		p.visit("/office/proposals")
		p.next(func() { enter("Check a signed PDF") })
		p.see("byte for byte")
		p.audit("office proposal verify")
		enter("Check")
		p.see("Choose a PDF first")
		p.give(signed)
		enter("Check")
		p.see("Genuine: the signed copy of proposal "+number, "signed by Maria Alvarez")
		p.audit("office proposal genuine")
		p.give(append(signed[:len(signed)-1:len(signed)-1], ' '))
		enter("Check")
		p.see("This file is not known here")
		p.audit("office proposal not genuine")

		// a change is a new version: what was accepted stands meanwhile, and waits
		p.visit("/office/proposals/" + number)
		p.next(func() { enter("New version") })
		p.see("A draft of the new version", "version 2")
		p.fill("Deposit", "40 %")
		p.next(func() { enter("Save and check") })
		p.see("Version 1, which was accepted, stands until the customer accepts this one", "The $366.25 that was asked before as a deposit counts for this one")
		p.audit("office proposal send a new version")
		p.next(func() { enter("Send proposal") })
		p.see("Version 1, accepted ", "stands until this one is accepted")
		p.audit("office proposal new version sent")
		p.next(func() { enter("Show version 1") })
		p.see("Version 2 is with the customer", "Accepted")
		p.miss("Carry out…")
		p.miss("A newer version is being written")
		p.audit("office proposal waits for its new version")
		p.mail(customer.Email, "a new version of the proposal you accepted")

		// the customer is asked for what comes on top, and signs again
		c.visit("/proposals")
		c.see("version 1", "Accepted", "New")
		c.audit("proposals with a newer version")
		c.visit("/proposals/" + number)
		c.see("You accepted version 1 on", "asked already with version 1")
		c.press("Glass break sensor")
		c.see("$1,220.82")
		c.audit("proposal, a newer version")
		c.follow("Accept")
		c.see("Deposit $488.33; $366.25 asked already with version 1. $122.08 is due when you accept")
		c.audit("accept a newer version")
		c.fill("Type Your Name", "Maria Alvarez")
		c.press("I agree to sign electronically")
		c.follow("Accept")
		c.see("It took the place of version 1", "A deposit of $488.33 is due now")
		c.audit("a newer version accepted")
		c.follow("See version 1")
		c.see("replaced by version 2", "Signed PDF")
		c.miss("Pay the deposit")
		c.audit("proposal, replaced after it was accepted")
		p.visit("/office/proposals/" + number + "?version=1")
		p.see("replaced by version 2, accepted", "It is not carried out any more")
		p.audit("office proposal replaced after it was accepted")
		p.visit("/office/proposals/verify")
		p.give(signed)
		enter("Check")
		p.see("Genuine: the signed copy of proposal "+number, "It is no longer what is agreed on: version 2 was accepted in its place")

		// one press makes what was agreed to
		p.visit("/office/proposals/" + number)
		p.next(func() { enter("Carry out") })
		p.see("Make a work order", "Less deposit, invoice", "-$366.25", "-$122.08", "Make 1 recurring item")
		p.audit("office proposal carry out")
		p.next(func() { enter("Carry out") })
		p.see("Carried out: work order", "1 recurring item")
		p.miss("Carry out…")
		p.see("It was carried out, so there is no new version of it", "Make a copy")
		p.miss("New version")
		p.audit("office proposal carried out")
	})
}

// give puts a PDF into the box of the check.
func (p *person) give(pdf []byte) {
	p.Helper()
	_, err := eval[bool](p, `
		const all = new DataTransfer();
		all.items.add(new File([Uint8Array.from(atob(a), (c) => c.charCodeAt(0))], "signed.pdf", {type: "application/pdf"}));
		document.getElementById("f-paper").files = all.files;
		return true`, base64.StdEncoding.EncodeToString(pdf))
	p.must(err)
}
