package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestJourneyOfficeInvoice writes an invoice of three lines with the keyboard
// alone, issues and e-mails it, and lets the customer find it, to the cent, on
// the screen and on paper.
func TestJourneyOfficeInvoice(t *testing.T) {
	modes(t, func(p *person) {
		p.staff()
		customer := p.site.Guide.Customers[0]
		p.visit("/office/customers/" + customer.Number)
		p.tabTo("New invoice")
		p.next(func() { p.key("\r") })
		p.see("Add a line")
		p.audit("office new invoice")
		for i, l := range []struct{ description, quantity, price, total string }{
			{"Keypad, wireless", "2", "89.95", "$179.90"},
			{"Labor, hours", "1.125", "120", "$314.90"},
			{"Goodwill", "1", "-10.00", "$304.90"},
		} {
			name := "line " + string(rune('1'+i))
			p.tabTo("Description of " + name)
			p.key(l.description)
			p.tabTo("Quantity of " + name)
			p.key(l.quantity) // Tab chose the 1 that stands there, so that it is typed over
			p.tabTo("Unit price of " + name)
			p.key(l.price)
			p.tabTo(name + " is taxable")
			p.key(" ") // not this one
			p.tabTo("Remove " + name)
			p.see(l.total)
		}
		p.audit("office new invoice, three lines")
		p.picture("invoice-new")
		p.tabTo("Save draft")
		p.next(func() { p.key("\r") })
		p.see("Saved as a draft.", "$304.90")
		p.audit("office draft")
		if name, body := p.download("Preview PDF"); name != "Draft-"+customer.Number+".pdf" || !strings.Contains(p.onPaper(body), "not an invoice yet") {
			t.Errorf("%s does not say that it is a draft:\n%s", name, p.onPaper(body))
		}
		p.visit("/office/invoices?show=drafts")
		p.see(customer.Name, "$304.90")
		p.audit("office drafts")
		p.follow(customer.Name)
		p.tabTo("Save and issue")
		p.next(func() { p.key("\r") })
		p.see("Issue this invoice?", "$304.90", customer.Email)
		p.audit("office issue")
		p.picture("invoice-issue")
		p.tabTo("Issue invoice of $304.90")
		p.next(func() { p.key("\r") })
		p.see("Issued, and on its way by e-mail.")
		p.audit("office invoice")
		p.picture("invoice-page")
		number, err := eval[string](p, `return document.querySelector("h1").textContent.match(/Invoice (\S+)/)[1]`)
		p.must(err)
		p.visit("/office/invoices")
		p.audit("office invoices")
		p.fill("Search invoices", number)
		p.see(number, customer.Name)

		// the customer's side
		p.mail(customer.Email, "invoice "+number)
		p.see("$304.90", "Keypad, wireless")
		p.visit("/office")
		p.follow("Log Out")
		signInAt(p, customer.Email)
		p.see(number, "$304.90")
		name, body := p.download("View, invoice " + number)
		paper := p.onPaper(body)
		for _, want := range []string{number, "Keypad, wireless", "89.95", "1.125", "$135.00", "-$10.00", "$304.90"} {
			if !strings.Contains(paper, want) {
				t.Errorf("%s does not say %q:\n%s", name, want, paper)
			}
		}
		if strings.Contains(paper, "not an invoice yet") {
			t.Error("the customer gets a draft")
		}
	})
}

// onPaper is what a PDF says.
func (p *person) onPaper(body []byte) string {
	p.Helper()
	path := filepath.Join(p.TempDir(), "paper.pdf")
	p.must(os.WriteFile(path, body, 0o600))
	out, err := exec.CommandContext(p.Context(), "pdftotext", "-layout", path, "-").Output()
	p.must(err)
	return string(out)
}
