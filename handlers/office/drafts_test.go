package office_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"customerportal/db"
	"customerportal/internal/ledger"
)

// taxed gives the first customer's site a tax of 8.25 % on what does not recur,
// and the dealer a mail address to send from; it returns the site's id.
func (d *desk) taxed() string {
	d.Helper()
	d.exec(`INSERT INTO tax_codes (id, code, name, taxes_recurring, taxes_other, created_at) VALUES (1, 'NY', 'New York <xpr0be>', 0, 1, 1)`)
	d.exec(`INSERT INTO tax_rates (tax_code_id, from_date, ppm, created_at) VALUES (1, '2026-01-01', 82500, 1)`)
	d.exec(`UPDATE sites SET tax_code = 'NY'`)
	return strconv.FormatInt(d.count(`SELECT min(id) FROM sites WHERE customer_id = ?`, d.customer[0]), 10)
}

// keypad is the form of an invoice of three lines, the last of them blank.
func keypad(site string) url.Values {
	return url.Values{"nonce": {"n-1"}, "version": {"0"}, "site": {site}, "invoice_date": {"2026-11-15"}, "due_date": {""}, "po_number": {"PO <xpr0be> 7"},
		"line":          {"1", "4", "5"},
		"description-1": {"Keypad <xpr0be>"}, "quantity-1": {"2"}, "unit_price-1": {"$1,089.95"}, "taxable-1": {"yes"},
		"description-4": {"Labour, hours"}, "quantity-4": {"1.125"}, "unit_price-4": {"120"},
		"description-5": {""}, "quantity-5": {"1"}, "unit_price-5": {""}, "taxable-5": {"yes"}}
}

// keypadTotal is 2,179.90 with 179.84 tax, and 135.00 without.
const keypadTotal = 217990 + 17984 + 13500

func with(form url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for k, v := range form {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

func TestNewInvoicePreview(t *testing.T) {
	d := newDesk(t)
	site := d.taxed()
	at := d.path + "/invoices"
	p := d.page("billing", at+"/new")
	says(t, p, "New invoice", "Zoë O'Neil", "Empty: by the terms, Net 30", "Add a line")
	if v, _ := p.Find("#f-site option[selected]").Attr("value"); v != site {
		t.Errorf("the only site is not chosen: %q", v)
	}
	if v, _ := p.Find("#f-invoice_date").Attr("value"); v != "2026-11-15" {
		t.Errorf("dated %q", v)
	}
	nonce, _ := p.Find(`[name=nonce]`).Attr("value")
	if len(nonce) < 20 || p.Find("input[name=line]").Length() != 1 {
		t.Errorf("nonce %q, %d lines", nonce, p.Find("input[name=line]").Length())
	}
	for name, way := range ways {
		p := d.parse(d.send("billing", at+"/preview", keypad(site), way...), 200)
		says(t, p, "$2,179.90", "$179.84", "$135.00", "$2,494.74", "New York <xpr0be>, 8.25 %", "Dec 15, 2026")
		keys := p.Find("input[name=line]").Map(func(_ int, s *goquery.Selection) string { v, _ := s.Attr("value"); return v })
		if strings.Join(keys, " ") != "1 4 5" {
			t.Errorf("%s: the lines are %q", name, keys)
		}
		if whole := p.Find("#draft-form").Length() == 1; whole != (name == "plain") {
			t.Errorf("%s: the whole form: %v", name, whole)
		}
		// a line more has the focus and is a new one; a line less leaves the others theirs
		p = d.parse(d.send("billing", at+"/preview", with(keypad(site), "add", "1", "description-5", "Battery", "unit_price-5", "9"), way...), 200)
		if id, _ := p.Find("[data-focus]").Attr("id"); id != "f-description-6" {
			t.Errorf("%s: the focus is on %q", name, id)
		}
		p = d.parse(d.send("billing", at+"/preview", with(keypad(site), "remove", "1"), way...), 200)
		if v, _ := p.Find("#f-description-4").Attr("value"); v != "Labour, hours" || p.Find("#f-description-1").Length() != 0 {
			t.Errorf("%s: the wrong line went", name)
		}
		says(t, p, "$135.00")
		// what is not finished is said beside its field and changes nothing
		p = d.parse(d.send("billing", at+"/preview", with(keypad(site), "quantity-1", "two", "unit_price-4", "1.005"), way...), 200)
		says(t, p, "Enter a quantity, like 1 or 1.5", "Enter an amount in dollars and cents")
		if p.Find("#f-quantity-1[aria-invalid][aria-describedby=e-quantity-1]").Length() != 1 || p.Find(".sums").Length() != 0 {
			t.Errorf("%s: the refusal is not beside its field, or a sum is shown", name)
		}
	}
	if d.count(`SELECT count(*) FROM invoice_drafts`)+d.count(`SELECT count(*) FROM audit`)+d.count(`SELECT count(*) FROM invoices`) != 0 {
		t.Error("a preview changed something")
	}
}

func TestNewInvoiceIsSaved(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			site := d.taxed()
			at := d.path + "/invoices"
			d.done(d.send("billing", at, keypad(site), way...), "/office/drafts/1")
			d.done(d.send("billing", at, keypad(site), way...), "/office/drafts/1") // a double click
			d.done(d.send("billing", at, with(keypad(site), "then", "issue"), way...), "/office/drafts/1/issue")
			if n := d.count(`SELECT sum(total_cents) FROM invoice_drafts`); n != keypadTotal || d.count(`SELECT count(*) FROM invoice_draft_lines`) != 2 {
				t.Errorf("the drafts come to %d", n)
			}
			p := d.page("billing", "/office/drafts/1")
			says(t, p, "Draft invoice", "Saved Nov 15, 2026", "by The billing", "$2,494.74", "Delete draft")
			if v, _ := p.Find("#f-unit_price-1").Attr("value"); v != "1089.95" {
				t.Errorf("the price came back as %q", v)
			}
			if v, _ := p.Find("#f-quantity-2").Attr("value"); v != "1.125" || p.Find("#f-taxable-2[checked]").Length() != 0 || p.Find("#f-taxable-1[checked]").Length() != 1 {
				t.Errorf("the second line came back otherwise: %q", v)
			}
			says(t, d.page("billing", d.path), "Draft of Nov 15, 2026")
			hides(t, d.page("service", d.path), "Draft of")
			says(t, d.page("owner", "/office/invoices?show=drafts"), "Zoë O'Neil", "$2,494.74")

			// refused: every value kept, a word beside each field and on top
			bad := with(keypad(site), "nonce", "n-2", "invoice_date", "sometime", "quantity-1", "-1", "description-4", "", "unit_price-4", "x", "site", "99")
			r := d.parse(d.send("billing", at, bad, way...), 422)
			says(t, r, "Please check these 3 things", "Enter a quantity")
			for field, want := range map[string]string{"#f-invoice_date": "sometime", "#f-quantity-1": "-1", "#f-unit_price-4": "x", "#f-po_number": "PO <xpr0be> 7"} {
				if v, _ := r.Find(field).Attr("value"); v != want {
					t.Errorf("%s came back as %q", field, v)
				}
			}
			r = d.parse(d.send("billing", at, with(keypad(site), "nonce", "n-3", "description-4", " "), way...), 422)
			if r.Find("#f-description-4[aria-invalid]").Length() != 1 || r.Find(`.error-summary a[href="#f-description-4"]`).Length() != 1 {
				t.Error("the refusal of the second line is not at the second line")
			}
			r = d.parse(d.send("billing", at, with(keypad("99"), "nonce", "n-4"), way...), 422)
			says(t, r, "This customer has no such site")
			d.parse(d.send("billing", at, with(keypad(site), "nonce", ""), way...), 422)
			if d.count(`SELECT count(*) FROM invoice_drafts`) != 1 {
				t.Error("a refused form was saved")
			}
		})
	}
}

func TestDraftOfTwoStaff(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			site := d.taxed()
			d.done(d.send("billing", d.path+"/invoices", keypad(site)), "/office/drafts/1")
			form := with(keypad(site), "version", "1")
			d.done(d.send("owner", "/office/drafts/1", with(form, "po_number", "theirs"), way...), "/office/drafts/1")
			w := d.send("billing", "/office/drafts/1", with(form, "po_number", "mine"), way...)
			p := d.parse(w, 422)
			says(t, p, "Somebody else changed this draft while you had it open")
			if v, _ := p.Find("#f-po_number").Attr("value"); v != "mine" {
				t.Errorf("what was typed is gone: %q", v)
			}
			if d.text(`SELECT po_number FROM invoice_drafts`) != "theirs" {
				t.Error("the slower one won")
			}
			version, _ := p.Find("[name=version]").Attr("value")
			d.done(d.send("billing", "/office/drafts/1", with(form, "po_number", "mine", "version", version), way...), "/office/drafts/1")
			if d.text(`SELECT po_number FROM invoice_drafts`) != "mine" {
				t.Error("having been told, the second save did not count")
			}
			if w := d.send("billing", "/office/drafts/1/delete", url.Values{"version": {"1"}}, way...); w.Code != 409 {
				t.Errorf("a draft that was changed meanwhile is deleted: %d", w.Code)
			}
			d.done(d.send("billing", "/office/drafts/1/delete", url.Values{"version": {"3"}}, way...), d.path)
			if w := d.send("billing", "/office/drafts/1", nil); w.Code != 404 {
				t.Errorf("a deleted draft: %d", w.Code)
			}
		})
	}
}

func TestDraftIsIssued(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			site := d.taxed()
			d.done(d.send("billing", d.path+"/invoices", with(keypad(site), "then", "issue")), "/office/drafts/1/issue")
			for range 2 { // looking changes nothing
				p := d.page("billing", "/office/drafts/1/issue")
				says(t, p, "Issue this invoice?", "Issue invoice of $2,494.74", "zoe@example.com", "Keypad <xpr0be>", "$179.84", "Dec 15, 2026")
			}
			if d.count(`SELECT count(*) FROM invoices`) != 0 {
				t.Fatal("it was issued by looking")
			}
			// neither another sum nor another version
			for _, bad := range []url.Values{{"version": {"1"}, "total": {"1"}, "mail": {"yes"}}, {"version": {"2"}, "total": {strconv.Itoa(keypadTotal)}}, {}} {
				if w := d.send("billing", "/office/drafts/1/issue", bad, way...); w.Code != 422 {
					t.Errorf("%v: %d", bad, w.Code)
				}
			}
			form := url.Values{"version": {"1"}, "total": {strconv.Itoa(keypadTotal)}, "mail": {"yes"}}
			d.done(d.send("billing", "/office/drafts/1/issue", form, way...), "/office/invoices/1001")
			d.done(d.send("billing", "/office/drafts/1/issue", form, way...), "/office/invoices/1001")
			if d.count(`SELECT count(*) FROM invoices WHERE number = '1001' AND total_cents = ? AND balance_cents = total_cents`, keypadTotal) != 1 || d.count(`SELECT count(*) FROM invoices`) != 1 {
				t.Error("it was not issued once")
			}
			if d.count(`SELECT count(*) FROM outbox`) != 1 || d.text(`SELECT to_email FROM outbox`) != "zoe@example.com" || d.count(`SELECT count(*) FROM invoices_to_send`) != 0 {
				t.Error("it was not mailed once")
			}
			p := d.page("billing", "/office/invoices/1001")
			says(t, p, "Invoice 1001", "Due", "$2,494.74", "PO <xpr0be> 7", "E-mail again", "Waiting", "Nothing was paid or credited yet")
			for _, verb := range []string{"", "/issue"} { // the draft leads to what became of it
				d.done(d.send("billing", "/office/drafts/1"+verb, nil), "/office/invoices/1001")
			}
			d.done(d.send("billing", "/office/drafts/1/delete", url.Values{"version": {"1"}}, way...), "/office/invoices/1001")
			d.done(d.send("billing", "/office/drafts/1", with(keypad(site), "version", "1"), way...), "/office/invoices/1001")
			says(t, d.page("billing", d.path), "issued", "invoice 1001")
		})
	}
}

func TestDraftPDF(t *testing.T) {
	d := newDesk(t)
	d.done(d.send("billing", d.path+"/invoices", keypad(d.taxed())), "/office/drafts/1")
	w := d.send("billing", "/office/drafts/1/draft.pdf", nil)
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/pdf" || !strings.HasPrefix(w.Body.String(), "%PDF-") {
		t.Errorf("%d %s", w.Code, w.Header())
	}
	if w := d.send("billing", "/office/drafts/9/draft.pdf", nil); w.Code != 404 {
		t.Errorf("no such draft: %d", w.Code)
	}
}

func TestInvoiceLists(t *testing.T) {
	d := newDesk(t)
	open := d.issue(d.customer[0], "A/1", "2026-11-20", 5000)
	d.issue(d.customer[1], "A-2", "2026-10-01", 7000)
	paid := d.issue(d.customer[1], "A-3", "2026-10-02", 9000)
	void := d.issue(d.customer[0], "A-4", "2026-10-03", 11000)
	d.exec(`UPDATE invoices SET state = 'void' WHERE id = ?`, void)
	d.write(func(q *db.Queries) error {
		_, err := ledger.RecordPayment(t.Context(), q, 1, ledger.PaymentRecord{Reference: "P1", CustomerID: d.customer[1], Kind: ledger.Check, Number: "77", Amount: 9000,
			Date: today, Source: "import", Allocations: []ledger.Allocation{{InvoiceID: paid}}})
		return err
	})
	d.exec(`UPDATE invoices SET balance_cents = 4000 WHERE id = ?`, open) // as a part payment would
	d.exec(`INSERT INTO ledger (customer_id, invoice_id, cents, reason, fact, entry_date, at) VALUES (?, ?, -1000, 'credit', 'f', '2026-11-02', 1)`, d.customer[0], open)
	numbers := func(address string, headers ...string) string {
		t.Helper()
		p := d.parse(d.send("billing", address, nil, headers...), 200)
		return strings.Join(p.Find("tbody th a").Map(func(_ int, s *goquery.Selection) string { return s.Text() }), " ")
	}
	for address, want := range map[string]string{
		"/office/invoices": "A/1 A-2", "/office/invoices?show=past": "A-2", "/office/invoices?show=paid": "A-3", "/office/invoices?show=void": "A-4",
		"/office/invoices?show=all": "A/1 A-4 A-3 A-2", "/office/invoices?show=drafts": "", "/office/invoices?show=unsent": "", "/office/invoices?show=nonsense": "A/1 A-2",
		"/office/invoices?q=a-": "A-2 A-3 A-4 A/1", "/office/invoices?q=acme": "A-3 A-2", "/office/invoices?q=A%2F1": "A/1 A-4", "/office/invoices?q=zzz": "", "/office/invoices?q=%25": "",
	} {
		for _, headers := range ways {
			if got := numbers(address, headers...); got != want {
				t.Errorf("%s: %q, want %q", address, got, want)
			}
		}
	}
	says(t, d.page("owner", "/office/invoices"), "$110.00", "$70.00", "2 invoices", "1 invoice", "45 days past due")
	says(t, d.page("sales", "/office/invoices/A%2F1"), "Credited", "-$10.00", "$40.00", "Nov 2, 2026")
	says(t, d.page("billing", "/office/invoices/A-3"), "Payment, Check 77", "P1", "-$90.00", "Paid")
	says(t, d.page("billing", "/office/invoices/A-4"), "Void")
	hides(t, d.page("sales", "/office/invoices/A%2F1"), "E-mail again", "Record a payment")
	if n := d.page("sales", "/office/invoices/A%2F1").Find("main form").Length(); n != 0 {
		t.Errorf("sales is offered %d forms", n)
	}
	if w := d.send("billing", "/office/invoices/nothing", nil); w.Code != 404 {
		t.Errorf("no such invoice: %d", w.Code)
	}
	d.exec(`INSERT INTO invoices (number, customer_id, state, invoice_date, due_date, tax_cents, total_cents, balance_cents, created_at)
		VALUES ('D-1', ?, 'draft', '2026-11-01', '2026-11-01', 0, 0, 0, 1)`, d.customer[0])
	if w := d.send("billing", "/office/invoices/D-1", nil); w.Code != 404 {
		t.Errorf("a draft among the invoices: %d", w.Code)
	}
}

// TestInvoiceListPages walks every list to its end: each invoice once.
func TestInvoiceListPages(t *testing.T) {
	d := newDesk(t)
	d.exec(`INSERT INTO invoices (number, customer_id, state, invoice_date, due_date, tax_cents, total_cents, balance_cents, created_at)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 180)
		SELECT 'N' || i, ?, CASE WHEN i % 3 = 2 THEN 'void' ELSE 'issued' END, '2026-09-0' || (1 + i % 4), '2026-10-0' || (1 + i % 5), 0, 100, CASE WHEN i % 3 = 0 THEN 100 ELSE 0 END, 1 FROM n`, d.customer[0])
	d.exec(`INSERT INTO invoices_to_send SELECT id FROM invoices WHERE balance_cents > 0`)
	d.exec(`INSERT INTO invoice_drafts (customer_id, invoice_date, total_cents, nonce, created_at, updated_at) SELECT customer_id, invoice_date, 1, number, 1, id / 30 FROM invoices WHERE id <= 60`)
	for show, want := range map[string]int{"": 60, "past": 60, "paid": 60, "void": 60, "all": 180, "unsent": 60, "drafts": 60} {
		address, seen, rows := "/office/invoices?show="+show, map[string]bool{}, 0
		for range 20 {
			p := d.page("billing", address)
			p.Find("tbody th a").Each(func(_ int, s *goquery.Selection) {
				rows++
				href, _ := s.Attr("href")
				seen[href] = true
			})
			next, more := p.Find(".paging a").Attr("href")
			if !more {
				break
			}
			address = next
		}
		if rows != want || len(seen) != want {
			t.Errorf("%q: %d rows, %d of them different, want %d", show, rows, len(seen), want)
		}
	}
}

// TestPaidInvoicesAreNotSent keeps out of what has yet to go out an invoice that
// was paid before anybody sent it, since its paper asks for the money again; it
// comes back when the payment does not hold.
func TestPaidInvoicesAreNotSent(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			for range 2 {
				d.write(func(q *db.Queries) error {
					_, err := ledger.IssueInvoice(t.Context(), q, 1, ledger.InvoiceRecord{CustomerID: d.customer[1], Date: today, Lines: []ledger.Line{{Description: "x", Quantity: 1000, UnitPrice: 100}}})
					return err
				})
			}
			d.exec(`UPDATE invoices SET balance_cents = 0 WHERE number = '1001'`)
			p := d.page("billing", "/office/invoices?show=unsent")
			says(t, p, "To send 1", "Print 1 invoice")
			if rows := p.Find("tbody th a"); rows.Length() != 1 || rows.Text() != "1002" {
				t.Errorf("to send: %q", rows.Text())
			}
			for number, sent := range map[string]bool{"1001": false, "1002": true} {
				if got := strings.Contains(d.page("billing", "/office/invoices/"+number).Text(), "It has not gone out yet"); got != sent {
					t.Errorf("invoice %s is to be sent: %v", number, got)
				}
			}
			d.done(d.send("billing", "/office/invoices/print", url.Values{"nonce": {"first"}}, way...), "/office/prints/1")
			says(t, d.page("billing", "/office/prints/1"), "1 invoice in all", "1002")
			says(t, d.page("billing", "/office/invoices?show=unsent"), "Every invoice that is owed has gone out")
			d.exec(`UPDATE invoices SET balance_cents = 40 WHERE number = '1001'`)
			says(t, d.page("billing", "/office/invoices?show=unsent"), "To send 1", "1001")
		})
	}
}

func TestInvoicesArePrintedOnce(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			for range 3 {
				d.write(func(q *db.Queries) error {
					_, err := ledger.IssueInvoice(t.Context(), q, 1, ledger.InvoiceRecord{CustomerID: d.customer[1], Date: today, Lines: []ledger.Line{{Description: "x", Quantity: 1000, UnitPrice: 100}}})
					return err
				})
			}
			p := d.page("billing", "/office/invoices?show=unsent")
			says(t, p, "Print 3 invoices")
			nonce, _ := p.Find("[name=nonce]").Attr("value")
			form := url.Values{"nonce": {nonce}}
			d.done(d.send("billing", "/office/invoices/print", form, way...), "/office/prints/1")
			// a double click comes to the same, although nothing is left to print
			d.done(d.send("billing", "/office/invoices/1001/print", form, way...), "/office/prints/1")
			says(t, d.page("billing", "/office/invoices?show=unsent"), "Every invoice that is owed has gone out")
			says(t, d.page("billing", "/office/prints/1"), "Printed Nov 15, 2026", "by The billing", "3 invoices in all", "1001", "1003")
			for range 2 {
				w := d.send("billing", "/office/prints/1/invoices.pdf", nil)
				if w.Code != 200 || !strings.HasPrefix(w.Body.String(), "%PDF-") || !strings.Contains(w.Header().Get("Content-Disposition"), "Invoices-3.pdf") {
					t.Errorf("%d %s", w.Code, w.Header())
				}
			}
			says(t, d.page("billing", "/office/invoices/1002"), "Printed Nov 15, 2026, 12:00 PM by The billing")
			if d.count(`SELECT count(*) FROM audit WHERE action = 'invoice.print'`) != 3 {
				t.Error("the trail does not say so")
			}
			// one alone, again because it was asked for
			d.done(d.send("billing", "/office/invoices/1002/print", url.Values{"nonce": {"again"}}, way...), "/office/prints/2")
			for address, form := range map[string]url.Values{"/office/invoices/print": {"nonce": {"none"}}, "/office/invoices/1002/print": {}} {
				if w := d.send("billing", address, form, way...); w.Code != 409 {
					t.Errorf("%s: %d", address, w.Code)
				}
			}
			if w := d.send("billing", "/office/prints/9", nil); w.Code != 404 {
				t.Errorf("no such batch: %d", w.Code)
			}
		})
	}
}

func TestInvoiceIsMailedAgain(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.issue(d.customer[0], "B-1", "2026-11-20", 5000)
			p := d.page("billing", "/office/invoices/B-1")
			says(t, p, "E-mail", "No mail was written about this invoice")
			nonce, _ := p.Find("[name=nonce]").Attr("value")
			for range 2 {
				d.done(d.send("billing", "/office/invoices/B-1/mail", url.Values{"nonce": {nonce}}, way...), "/office/invoices/B-1")
			}
			if n := d.count(`SELECT count(*) FROM outbox`); n != 1 {
				t.Errorf("%d mails", n)
			}
			d.done(d.send("billing", "/office/invoices/B-1/mail", url.Values{"nonce": {"another day"}}, way...), "/office/invoices/B-1")
			if n := d.count(`SELECT count(*) FROM outbox`); n != 2 {
				t.Errorf("%d mails", n)
			}
			d.exec(`DELETE FROM customer_emails`)
			hides(t, d.page("billing", "/office/invoices/B-1"), "E-mail again")
			for _, c := range []struct {
				number string
				nonce  string
				status int
			}{{"B-1", "more", 409}, {"B-1", "", 409}, {"nothing", "more", 404}} {
				if w := d.send("billing", "/office/invoices/"+c.number+"/mail", url.Values{"nonce": {c.nonce}}, way...); w.Code != c.status {
					t.Errorf("%v: %d", c, w.Code)
				}
			}
		})
	}
}
