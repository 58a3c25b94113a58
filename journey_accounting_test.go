package main

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
	"time"
)

// agree answers what a page asks before something final.
func (p *person) agree() {
	p.Helper()
	_, err := eval[bool](p, `window.confirm = () => true; return true`)
	p.must(err)
}

// date puts a day into the date box of a form field, as its calendar does.
func (p *person) date(field, day string) {
	p.Helper()
	_, err := eval[bool](p, `
		const box = document.getElementById("f-" + a);
		box.value = b;
		box.dispatchEvent(new Event("input", {bubbles: true}));
		box.dispatchEvent(new Event("change", {bubbles: true}));
		return box.value === b`, field, day)
	p.must(err)
}

// TestJourneyAccounting is the end of a month: its figures, the files for the
// accountant, and the period closed so that nothing is added to it.
func TestJourneyAccounting(t *testing.T) {
	modes(t, func(p *person) {
		p.staff()
		p.follow("Accounting")
		p.see("Received", "Download everything (ZIP)", "Nothing is closed")
		p.audit("accounting")
		p.picture("accounting")
		p.follow("Last month")
		p.see("On the evening of")
		name, body := p.download("Download everything (ZIP)")
		z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
		p.must(err)
		var names []string
		for _, f := range z.File {
			names = append(names, f.Name)
		}
		if all := strings.Join(names, " "); !strings.HasPrefix(name, "books-") || !strings.Contains(all, "quickbooks-desktop.iif") || !strings.Contains(all, "deposits.csv") {
			p.Errorf("%s holds %s", name, all)
		}
		for _, report := range []string{"Aging", "Cash received", "Sales tax"} {
			p.follow(report)
			p.see("Download (CSV)", "Total")
			p.audit("report " + report)
			p.picture("report " + report)
		}
		p.follow("Period")
		p.agree()
		zone, err := time.LoadLocation("America/New_York")
		p.must(err)
		today := time.Now().In(zone) // the dealer's day
		last := time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -1)
		p.date("until", "2199-01-01")
		p.press("Close the period")
		p.see("Only days that have passed can be closed")
		p.audit("accounting refused")
		p.date("until", last.Format(time.DateOnly))
		p.next(func() { p.press("Close the period") })
		p.see("The books are closed up to " + last.Format("Jan 2, 2006"))
		p.audit("accounting closed")

		// a check of that time is refused beside its date
		p.visit("/office/customers/" + p.site.Guide.Customers[0].Number + "/payments/new")
		p.fill("Check #", "1042")
		p.fill("Amount", "20.01")
		p.date("payment_date", last.Format(time.DateOnly))
		p.see("Record $20.01")
		p.press("Record $20.01")
		p.until("the refusal beside the date", `return (document.getElementById("e-payment_date")?.textContent || "").startsWith("The books are closed up to")`)
		p.audit("closed period")

		// and taken once the period is open again
		p.visit("/office/accounting")
		p.agree()
		p.fill("Reason", "a check was forgotten")
		p.next(func() { p.press("Open the period") })
		p.see("Nothing is closed")
	})
}

// choose puts files into the box of an upload: names and texts.
func (p *person) choose(files ...string) {
	p.Helper()
	_, err := eval[bool](p, `
		const all = new DataTransfer();
		for (let i = 0; i + 1 < a.length; i += 2) all.items.add(new File([a[i + 1]], a[i]));
		document.getElementById("f-files").files = all.files;
		return true`, files)
	p.must(err)
}

// TestJourneyImport brings files with a bad row, looks at what would happen,
// corrects it, and imports.
func TestJourneyImport(t *testing.T) {
	const head = "customer_number,first_name,last_name,zip,email\n"
	modes(t, func(p *person) {
		p.staff()
		p.follow("Accounting")
		p.follow("Import")
		p.see("Bring files")
		p.audit("import")
		p.follow("Check the files")
		p.see("Choose the files to import")
		p.audit("import refused")
		p.choose("customers.csv", head+"70001,Ann,Lee,12180,ann.lee@example.com\n70002,Bo,Reed,12180,not an address\n")
		p.follow("Check the files")
		p.see("Checked: nothing is imported yet", "is not an e-mail address", "Import 1 new, 0 changed")
		p.audit("import checked")
		p.picture("import checked")
		_, refused := p.download("Download refused-customers.csv")
		if !bytes.Contains(refused, []byte("70002")) || bytes.Contains(refused, []byte("70001")) {
			p.Errorf("the refused rows are\n%s", refused)
		}
		p.press("Cancel")
		p.see("Canceled: nothing was imported")
		p.choose("customers.csv", head+"70001,Ann,Lee,12180,ann.lee@example.com\n70002,Bo,Reed,12180,bo.reed@example.com\n",
			"invoices.csv", "invoice_number,customer_number,invoice_date,description,unit_price\n990001,70002,11/1/2026,Monitoring,45.00\n")
		p.follow("Check the files")
		p.see("Import 3 new, 0 changed")
		p.press("Import 3 new, 0 changed")
		p.see("3 new and 0 changed rows are in the books now")
		p.audit("import done")
		p.reload()
		p.see("3 new and 0 changed rows are in the books now")
		p.visit("/office/customers/70002")
		p.see("990001", "$45.00")
		p.visit("/office/export")
		p.audit("export")
		if name, body := p.download("Download the books (ZIP)"); !strings.HasSuffix(name, ".zip") || len(body) < 1000 {
			p.Errorf("%s has %d bytes", name, len(body))
		}
	})
}
