package office_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"customerportal/internal/calendar"
)

// offered is the form of a proposal: a panel, a sensor that may be chosen, and
// monitoring.
func (d *desk) offered() url.Values {
	d.Helper()
	site := d.taxed()
	return url.Values{"nonce": {"n-1"}, "saves": {"0"}, "title": {"Alarm <xpr0be>"}, "place": {site}, "valid_until": {"2026-12-01"}, "deposit": {"30 %"},
		"introduction": {"Dear <xpr0be>"}, "terms": {"Terms <xpr0be>\r\n\r\nof ours"}, "salesperson": {fmt.Sprint(d.staff["sales"])}, "number": {"Q-7 <xpr0be>"},
		"line":          {"1", "4", "6"},
		"description-1": {"Panel <xpr0be>"}, "quantity-1": {"1"}, "unit_price-1": {"1,000"}, "cycle-1": {"0"}, "choice-1": {""}, "taxable-1": {"yes"},
		"description-4": {"Sensor"}, "quantity-4": {"2"}, "unit_price-4": {"50"}, "cycle-4": {"0"}, "choice-4": {"option"}, "taxable-4": {"yes"},
		"description-6": {"Monitoring"}, "quantity-6": {"1"}, "unit_price-6": {"40"}, "cycle-6": {"1"}, "choice-6": {""}}
}

const onePage = "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Kids[3 0 R]>>\nendobj\n3 0 obj\n<</Type/Page>>\nendobj\ntrailer\n<</Root 1 0 R>>\n"

// attach sends a form with files, given as field, name and content.
func (d *desk) attach(role, address string, form url.Values, way []string, files ...string) *httptest.ResponseRecorder {
	d.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name, values := range form {
		for _, v := range values {
			must(d, m.WriteField(name, v))
		}
	}
	for i := 0; i+2 < len(files); i += 3 {
		part, err := m.CreateFormFile(files[i], files[i+1])
		must(d, err)
		_, err = part.Write([]byte(files[i+2]))
		must(d, err)
	}
	must(d, m.Close())
	r := httptest.NewRequest("POST", address, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("X-Role", role)
	r.Host = "portal.example"
	for i := 0; i+1 < len(way); i += 2 {
		r.Header.Set(way[i], way[i+1])
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") && strings.Contains(w.Body.String(), "<xpr0be") {
		d.Errorf("%s shows what was typed as markup", address)
	}
	return w
}

func keysOf(p *goquery.Document, selector string) string {
	return strings.Join(p.Find(selector).Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("value", "") }), " ")
}

func TestProposalPreview(t *testing.T) {
	d := newDesk(t)
	form := d.offered()
	d.exec(`INSERT INTO settings (key, value, updated_at) VALUES ('proposals.terms', 'As always.' || char(10) || 'Two.', 1), ('proposals.valid_days', '14', 1)`)
	ask := "customer=" + url.QueryEscape(d.number)
	p := d.page("sales", "/office/proposals/new?"+ask)
	says(t, p, "New proposal", "Zoë O'Neil", "Add a line", "Save and check")
	if got := p.Find("#f-terms").Text(); strings.TrimSpace(got) != "As always.\nTwo." {
		t.Errorf("terms %q", got)
	}
	if got := p.Find("#f-valid_until").AttrOr("value", ""); got != "2026-11-29" {
		t.Errorf("valid until %q", got)
	}
	if p.Find("#f-residential[checked]").Length() != 1 || p.Find("#f-salesperson option[selected]").Text() != "The sales" || p.Find("#f-place option[selected]").Length() != 1 {
		t.Error("the form does not begin with what is likely")
	}
	if w := d.send("sales", "/office/proposals/new?customer=nobody", nil); w.Code != 404 {
		t.Errorf("for nobody: %d", w.Code)
	}
	at := "/office/proposals/new/preview?" + ask
	for name, way := range ways {
		p := d.parse(d.send("sales", at, form, way...), 200)
		// 1,000.00 and 8.25 %; with the sensors 1,100.00
		says(t, p, "$1,000.00", "$82.50", "$1,082.50", "Every month", "$40.00", "$324.75", "$1,190.75", "New York <xpr0be>, 8.25 %")
		if got := keysOf(p, "input[name=line]"); got != "1 4 6" {
			t.Errorf("%s: lines %q", name, got)
		}
		if whole := p.Find("#proposal-form").Length() == 1; whole != (name == "plain") {
			t.Errorf("%s: the whole form: %v", name, whole)
		}
		p = d.parse(d.send("sales", at, with(form, "add", "1"), way...), 200)
		if got := p.Find("[data-focus]").AttrOr("id", ""); got != "f-description-7" {
			t.Errorf("%s: the focus is on %q", name, got)
		}
		p = d.parse(d.send("sales", at, with(form, "move", "up-6"), way...), 200)
		if got, focus := keysOf(p, "input[name=line]"), p.Find("[data-focus]").AttrOr("id", ""); got != "1 6 4" || focus != "up-6" {
			t.Errorf("%s: moved to %q, the focus is on %q", name, got, focus)
		}
		p = d.parse(d.send("sales", at, with(form, "move", "up-4"), way...), 200)
		if got, focus := keysOf(p, "input[name=line]"), p.Find("[data-focus]").AttrOr("id", ""); got != "4 1 6" || focus != "down-4" {
			t.Errorf("%s: at the top %q, the focus is on %q", name, got, focus)
		}
		p = d.parse(d.send("sales", at, with(form, "remove", "4", "move", "down-99"), way...), 200)
		if got := keysOf(p, "input[name=line]"); got != "1 6" {
			t.Errorf("%s: after removing %q", name, got)
		}
		p = d.parse(d.send("sales", at, with(form, "quantity-1", "two", "unit_price-4", "1.005", "cycle-6", "7", "deposit", "half"), way...), 200)
		says(t, p, "Enter a quantity", "Enter an amount in dollars and cents")
		if p.Find(".sums").Length() != 0 {
			t.Errorf("%s: a sum of what cannot be read", name)
		}
	}
	if d.count(`SELECT count(*) FROM proposals`)+d.count(`SELECT count(*) FROM audit`) != 0 {
		t.Error("a preview changed something")
	}
}

func TestProposalIsWrittenAndSent(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			form := d.offered()
			save := "/office/proposals/new?customer=" + url.QueryEscape(d.number)
			d.done(d.send("sales", save, form, way...), "/office/proposals/drafts/1")
			d.done(d.send("sales", save, with(form, "then", "send"), way...), "/office/proposals/drafts/1/send") // a double click
			if n := d.count(`SELECT count(*) FROM proposals`); n != 1 {
				t.Fatalf("%d drafts", n)
			}
			p := d.page("sales", "/office/proposals/drafts/1")
			says(t, p, "Proposal Q-7 <xpr0be>", "Draft", "by The sales", "$1,082.50")
			if v := p.Find("#f-deposit").AttrOr("value", ""); v != "30 %" || p.Find("#f-choice-2 option[selected]").Text() != "Option" || p.Find("#f-cycle-3 option[selected]").Text() != "Every month" {
				t.Errorf("it came back otherwise: %q", v)
			}
			says(t, d.page("sales", d.path), "Q-7 <xpr0be>", "New proposal", "Draft")
			hides(t, d.page("service", d.path), "New proposal", "Valid until")

			// refused: every value kept, a word beside each field and on top
			bad := with(form, "nonce", "n-2", "title", "", "valid_until", "soon", "deposit", "120 %", "quantity-1", "0", "unit_price-4", "x", "place", "99.1")
			r := d.parse(d.send("sales", save, bad, way...), 422)
			says(t, r, "Please check these 3 things", "A deposit is at most 100 %")
			for field, want := range map[string]string{"#f-valid_until": "soon", "#f-deposit": "120 %", "#f-unit_price-4": "x", "#f-number": "Q-7 <xpr0be>"} {
				if v := r.Find(field).AttrOr("value", ""); v != want {
					t.Errorf("%s came back as %q", field, v)
				}
			}
			r = d.parse(d.send("sales", save, with(form, "nonce", "n-2", "title", "", "description-4", "", "number", "Q-8"), way...), 422)
			if r.Find(`.error-summary a[href="#f-title"]`).Length() != 1 || r.Find("#f-description-4[aria-invalid]").Length() != 1 {
				t.Error("the refusals are not at their fields")
			}
			r = d.parse(d.send("sales", save, with(form, "nonce", "n-2", "number", "q-7 <XPR0BE>"), way...), 422)
			says(t, r, "There is a proposal q-7 <XPR0BE> already")
			d.parse(d.send("sales", save, with(form, "nonce", ""), way...), 422)

			// PDFs come with the rest of the form
			form = with(form, "saves", "1", "then", "attach")
			r = d.parse(d.attach("sales", "/office/proposals/drafts/1", form, way, "attachment", "Bad <xpr0be>.pdf", "GIF89a"), 422)
			says(t, r, "Bad -xpr0be-.pdf: This is not a PDF")
			if v := r.Find("#f-title").AttrOr("value", ""); v != "Alarm <xpr0be>" || r.Find("#f-files[aria-invalid]").Length() != 1 {
				t.Errorf("the title came back as %q", v)
			}
			d.done(d.attach("sales", "/office/proposals/drafts/1", form, way, "attachment", "A <xpr0be>.pdf", onePage, "attachment", "B.pdf", onePage+"%B"), "/office/proposals/drafts/1#attached")
			p = d.page("sales", "/office/proposals/drafts/1")
			says(t, p, "A -xpr0be-.pdf", "1 page, 1 KB")
			ids := strings.Fields(keysOf(p, "input[name=file]"))
			form["file"] = ids
			form = with(form, "saves", "2", "then", "")
			moved := d.parse(d.send("sales", "/office/proposals/drafts/1/preview", with(form, "shift", "down-"+ids[0]), way...), 200)
			if got := keysOf(moved, "input[name=file]"); got != ids[1]+" "+ids[0] {
				t.Errorf("files %q", got)
			}
			if w := d.send("sales", "/office/proposals/versions/1/attachments/"+ids[0], nil); w.Body.String() != onePage || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
				t.Errorf("the PDF: %d", w.Code)
			}
			form["file"] = ids[:1]
			d.done(d.send("owner", "/office/proposals/drafts/1", form, way...), "/office/proposals/drafts/1")

			// the slower of two people is told and loses nothing
			r = d.parse(d.send("sales", "/office/proposals/drafts/1", with(form, "title", "Mine"), way...), 422)
			says(t, r, "Somebody else changed this draft")
			if v := r.Find("#f-title").AttrOr("value", ""); v != "Mine" || r.Find("#proposal-form input[name=saves]").AttrOr("value", "") != "3" {
				t.Errorf("the title came back as %q", v)
			}

			// sent, to those who are chosen
			p = d.page("sales", "/office/proposals/drafts/1/send")
			says(t, p, "Send this proposal?", "zoe@example.com", "no log-in", "$324.75", "A -xpr0be-.pdf")
			send := url.Values{}
			for _, n := range []string{"saves", "replaces", "total", "monthly"} {
				send.Set(n, p.Find("input[name="+n+"]").AttrOr("value", ""))
			}
			r = d.parse(d.send("sales", "/office/proposals/drafts/1/send", with(send, "saves", "2", "to", "zoe@example.com"), way...), 422)
			says(t, r, "Look at it again before it is sent")
			r = d.parse(d.send("sales", "/office/proposals/drafts/1/send", with(send, "to", "<xpr0be>@example.com"), way...), 422)
			says(t, r, "is not an address of this customer")
			if w := d.send("sales", "/office/proposals/drafts/1/draft.pdf", nil); !strings.HasPrefix(w.Body.String(), "%PDF-") {
				t.Errorf("the preview: %d", w.Code)
			}
			here := "/office/proposals/" + url.PathEscape("Q-7 <xpr0be>")
			d.done(d.send("sales", "/office/proposals/drafts/1/send", with(send, "to", "zoe@example.com"), way...), here)
			d.done(d.send("sales", "/office/proposals/drafts/1/send", with(send, "to", "zoe@example.com"), way...), here)
			if n := d.count(`SELECT count(*) FROM outbox`); n != 1 {
				t.Errorf("%d mails", n)
			}
			p = d.page("billing", here)
			says(t, p, "New", "Alarm <xpr0be>", "Terms <xpr0be>", "Written", "Sent", "Mailed", "to zoe@example.com", "$1,082.50")
			hides(t, p, "Withdraw", "Send again", "New version")
			p = d.page("sales", here)
			says(t, p, "Withdraw", "Send again", "New version", "Make a copy")
			d.done(d.send("sales", "/office/proposals/drafts/1", form, way...), here)
			d.done(d.send("sales", "/office/proposals/drafts/1/delete", url.Values{"saves": {"3"}}, way...), here)
			d.done(d.send("sales", "/office/proposals/drafts/1", nil), here)
			for paper, want := range map[string]int{"proposal.pdf": 200, "signed.pdf": 404, "else.pdf": 404} {
				if w := d.send("billing", "/office/proposals/versions/1/"+paper, nil); w.Code != want {
					t.Errorf("%s: %d", paper, w.Code)
				}
			}

			// again, withdrawn, copied, a new version: each refused in words, then done
			mail := "/office/proposals/versions/1/mail"
			says(t, d.parse(d.send("sales", mail, url.Values{"nonce": {"m"}}, way...), 422), "Choose an address")
			d.done(d.send("sales", mail, url.Values{"nonce": {"m"}, "to": {"zoe@example.com"}}, way...), here)
			d.done(d.send("sales", mail, url.Values{"nonce": {"m"}, "to": {"zoe@example.com"}}, way...), here)
			if n := d.count(`SELECT count(*) FROM outbox`); n != 2 {
				t.Errorf("%d mails", n)
			}
			again := "/office/proposals/versions/1/again"
			d.done(d.send("sales", again, url.Values{"nonce": {"v"}}, way...), "/office/proposals/drafts/2")
			d.done(d.send("sales", again, url.Values{"nonce": {"v"}}, way...), "/office/proposals/drafts/2")
			says(t, d.page("sales", here), "A newer version is being written", "version 1", "version 2")
			hides(t, d.page("sales", "/office/proposals/drafts/2"), "Your own; empty")
			copied := "/office/proposals/versions/1/copy"
			says(t, d.parse(d.send("sales", copied, url.Values{"nonce": {"c"}, "customer": {"<xpr0be>"}}, way...), 422), "There is no customer <xpr0be>")
			d.done(d.send("sales", copied, url.Values{"nonce": {"c"}, "customer": {"1043"}}, way...), "/office/proposals/drafts/3")
			says(t, d.page("sales", "/office/proposals/drafts/3"), "Acme <xpr0be> Corp")
			withdraw := "/office/proposals/versions/1/withdraw"
			r = d.parse(d.send("sales", withdraw, url.Values{"reason": {" "}, "told": {"yes"}}, way...), 422)
			says(t, r, "Enter why it is withdrawn")
			d.done(d.send("sales", withdraw, url.Values{"reason": {"No <xpr0be>"}, "told": {"yes"}}, way...), here)
			says(t, d.parse(d.send("sales", withdraw, url.Values{"reason": {"x"}}, way...), 422), "was withdrawn already")
			says(t, d.page("sales", here), "Withdrawn", "No <xpr0be>")
			d.done(d.send("sales", "/office/proposals/drafts/2/delete", url.Values{"saves": {"1"}}, way...), here)
			d.done(d.send("sales", "/office/proposals/drafts/3/delete", url.Values{"saves": {"1"}}, way...), "/office/customers/1043")
			says(t, d.page("owner", d.path), "sent proposal Q-7 <xpr0be>", "withdrew proposal Q-7 <xpr0be>")
		})
	}
}

func TestProposalWithoutAnyAddress(t *testing.T) {
	d := newDesk(t)
	form := d.offered()
	d.exec(`DELETE FROM customer_emails`)
	d.done(d.send("sales", "/office/proposals/new?customer="+url.QueryEscape(d.number), with(form, "number", "N1")), "/office/proposals/drafts/1")
	p := d.page("sales", "/office/proposals/drafts/1/send")
	says(t, p, "No e-mail address is on file, so nobody is mailed")
	send := url.Values{}
	for _, n := range []string{"saves", "replaces", "total", "monthly"} {
		send.Set(n, p.Find("input[name="+n+"]").AttrOr("value", ""))
	}
	d.done(d.send("sales", "/office/proposals/drafts/1/send", send), "/office/proposals/N1")
	if d.count(`SELECT count(*) FROM outbox`) != 0 {
		t.Error("somebody was mailed")
	}
}

func TestProposalLists(t *testing.T) {
	d := newDesk(t)
	add := func(number, state, title string, seller int64, until calendar.Date, at int) {
		document, sent, decided := "NULL", 0, 0
		if state != "draft" {
			d.exec(`INSERT INTO documents (kind, name, mime, sha256, body, made_at) VALUES ('attachment', 'x', 'application/pdf', ?, x'00', 1)`, strings.Repeat("a", 64))
			document, sent = "(SELECT max(id) FROM documents)", 1
		}
		if state == "accepted" || state == "rejected" {
			decided = 1
		}
		d.exec(`INSERT INTO proposals (number, version, customer_id, title, residential, proposal_date, valid_until, salesperson_id, state, total_cents, monthly_cents, document_id, nonce,
			created_at, updated_at, sent_at, decided_at) VALUES (?, 1, ?, ?, 0, '2026-11-01', ?, ?, ?, 10000, 100, CASE ? WHEN 'NULL' THEN NULL ELSE (SELECT max(id) FROM documents) END, ?, 1, ?, ?, ?)`,
			number, d.customer[0], title, until.ISO(), seller, state, document, number, at, sent, decided)
	}
	says(t, d.page("sales", "/office/proposals"), "No customer has an open proposal.", "New proposal")
	hides(t, d.page("billing", "/office/proposals"), "New proposal")
	for i := range 23 {
		add(fmt.Sprintf("O-%02d", i), "sent", "Open thing", d.staff["sales"], "2026-12-01", 100+i)
	}
	add("E-1", "viewed", "Late thing", d.staff["sales"], "2026-11-14", 50)
	add("D-1", "draft", "Drafted", d.staff["owner"], "", 51)
	add("R-1", "rejected", "Turned down", d.staff["owner"], "", 52)
	p := d.page("sales", "/office/proposals")
	says(t, p, "Open proposals", "O-22", "$2,300.00", "$23.00", "23 proposals")
	hides(t, p, "E-1", "O-02", "R-1")
	next := p.Find(".paging a").AttrOr("href", "")
	p = d.page("sales", next)
	says(t, p, "O-02", "O-00")
	hides(t, p, "O-03", "More proposals")
	// those that end soon: today and five days on, as the home page counts them
	for number, until := range map[string]calendar.Date{"S-1": "2026-11-15", "S-2": "2026-11-20", "S-3": "2026-11-21"} {
		add(number, "sent", "Soon thing", d.staff["sales"], until, 40)
	}
	p = d.page("sales", "/office/proposals?show=expiring")
	says(t, p, "Open proposals that end within 5 days", "S-1", "S-2")
	hides(t, p, "S-3", "O-22", "E-1")
	home := d.page("owner", "/office")
	says(t, home, "2 proposals wait for an answer and ends within 5 days")
	if n, label := p.Find("tbody tr").Length(), p.Find(`nav a[aria-current="page"]`).Text(); n != 2 || label != "End soon 2" || home.Find(`main a[href="/office/proposals?show=expiring"]`).Length() != 1 {
		t.Errorf("%d rows behind %q", n, label)
	}
	add("A-1", "accepted", "Done deal <xpr0be>", d.staff["owner"], "", 53)
	says(t, d.page("billing", "/office/proposals"), "Accepted, to carry out", "A-1", "Done deal <xpr0be>")
	hides(t, d.page("billing", fmt.Sprintf("/office/proposals?show=todo&seller=%d", d.staff["sales"])), "A-1")
	for show, want := range map[string]string{"expired": "E-1", "drafts": "D-1", "rejected": "R-1", "accepted": "A-1"} {
		p := d.page("sales", "/office/proposals?show="+show)
		says(t, p, want)
		if n := p.Find("tbody tr").Length(); n != 1 {
			t.Errorf("%s: %d rows", show, n)
		}
	}
	for q, want := range map[string]string{"e-1": "Expired", "late THING": "E-1", "turned": "Rejected", "Zoë": "O-22", "<xpr0be>": "A-1"} {
		for name, way := range ways {
			p := d.parse(d.send("sales", "/office/proposals?q="+url.QueryEscape(q), nil, way...), 200)
			says(t, p, want)
			if whole := p.Find("h1").Length() == 1; whole != (name == "plain") {
				t.Errorf("%s: the whole page: %v", name, whole)
			}
		}
	}
	says(t, d.page("sales", "/office/proposals?q=nothing+like+it"), "No proposal matches")
	if w := d.send("sales", "/office/proposals/none", nil); w.Code != 404 {
		t.Errorf("a proposal that is missing: %d", w.Code)
	}
}

func TestProposalCheck(t *testing.T) {
	d := newDesk(t)
	for name, way := range ways {
		says(t, d.parse(d.attach("billing", "/office/proposals/verify", nil, way), 422), "Choose a PDF first")
		p := d.parse(d.attach("billing", "/office/proposals/verify", nil, way, "paper", "x <xpr0be>.pdf", onePage), 200)
		says(t, p, "Not genuine", "This file is not known here", "SHA-256")
		if whole := p.Find("h1").Length() == 1; whole != (name == "plain") {
			t.Errorf("%s: the whole page: %v", name, whole)
		}
	}
	if w := d.attach("technician", "/office/proposals/verify", nil, nil, "paper", "x.pdf", onePage); w.Code != 403 {
		t.Errorf("a technician: %d", w.Code)
	}
	if w := d.attach("sales", "/office/proposals/verify", nil, nil, "paper", "x.pdf", strings.Repeat("x", 23<<20)); w.Code != 413 {
		t.Errorf("a file that is too large: %d", w.Code)
	}
	if n := d.count(`SELECT count(*) FROM documents`); n != 0 {
		t.Errorf("%d files were kept", n)
	}
}

// TestFindForAProposal: a new proposal begins with whom it is for.
func TestFindForAProposal(t *testing.T) {
	d := newDesk(t)
	says(t, d.page("sales", "/office/proposals/new"), "New proposal", "Who is it for?")
	for name, way := range ways {
		p := d.parse(d.send("sales", "/office/proposals/new?q="+url.QueryEscape(d.number), nil, way...), 200)
		says(t, p, "1 customer")
		if whole := p.Find("h1").Length() == 1; whole != (name == "plain") {
			t.Errorf("%s: the whole page: %v", name, whole)
		}
		says(t, d.page("sales", p.Find("tbody a").AttrOr("href", "")), "New proposal", "What is offered")
	}
	p := d.page("sales", "/office/proposals/new?q=nothing+like+it")
	says(t, p, "No customer is found by this.")
	hides(t, p, "New customer")
}

// accepted is an accepted proposal of the first customer, with no site: a panel of
// $1,000.00 and monitoring.
func (d *desk) accepted() (id int64) {
	d.Helper()
	d.exec(`INSERT INTO proposals (number, version, customer_id, title, residential, proposal_date, state, total_cents, monthly_cents, nonce, created_at, updated_at)
		VALUES ('P-7', 1, ?, 'Alarm <xpr0be>', 0, '2026-11-01', 'draft', 100000, 4000, 'p-7', 1, 1)`, d.customer[0])
	id = d.count(`SELECT id FROM proposals WHERE number = 'P-7'`)
	d.exec(`INSERT INTO proposal_lines VALUES (?1, 1, 'Panel <xpr0be>', 1000, 100000, 0, 0, 0, 1, 100000, 0), (?1, 2, 'Monitoring', 1000, 4000, 0, 1, 0, 1, 4000, 0)`, id)
	d.exec(`INSERT INTO documents (id, kind, name, mime, sha256, body, made_at) VALUES (77, 'attachment', 'x', 'application/pdf', ?, x'00', 1)`, strings.Repeat("a", 64))
	d.exec(`UPDATE proposals SET state = 'accepted', document_id = 77, sent_at = 1, decided_at = 2 WHERE id = ?`, id)
	d.exec(`INSERT INTO proposal_decisions (proposal_id, decision, nonce, typed_name, consent_text, total_cents, monthly_cents, shown_sha256, shown_at, at, local_time, ip, user_agent, authenticated, signed_document_id)
		VALUES (?, 'accepted', 'd-7', 'Ann', 'I agree', 100000, 4000, ?, 1, 2, '', '', '', '', 77)`, id, strings.Repeat("a", 64))
	return id
}

// TestCarryOutForm: what is refused comes back as it was typed, with what is wrong
// beside its field; what is taken leads to the proposal.
func TestCarryOutForm(t *testing.T) {
	d := newDesk(t)
	at := fmt.Sprintf("/office/proposals/versions/%d/carry-out", d.accepted())
	d.exec(`INSERT INTO sites (customer_id, name) VALUES (?1, 'Shop'), (?1, 'Barn <xpr0be>')`, d.customer[0])
	site := fmt.Sprint(d.count(`SELECT id FROM sites WHERE name LIKE 'Barn%'`))
	says(t, d.page("billing", at), "Make a work order", "Issue an invoice of $1,000.00", "Make 1 recurring item", "Charged from")
	ticked := func(p *goquery.Document) string {
		return strings.Join(p.Find(`input[type="checkbox"][checked]`).Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("name", "") }), " ")
	}
	for name, way := range ways {
		refused := func(form url.Values) *goquery.Document {
			p := d.parse(d.send("billing", at, form, way...), 422)
			if whole := p.Find("h1").Length() == 1; whole != (name == "plain") {
				t.Errorf("%s: the whole page: %v", name, whole)
			}
			return p
		}
		p := refused(url.Values{"recurring": {"yes"}, "mail": {"yes"}, "from": {"soon <xpr0be>"}, "site": {site}})
		if got := p.Find("#f-from").AttrOr("value", ""); got != "soon <xpr0be>" || p.Find("#e-from").Length() != 1 || p.Find("#f-from").AttrOr("aria-invalid", "") != "true" {
			t.Errorf("%s: the day came back as %q", name, got)
		}
		if got := ticked(p); got != "mail recurring" {
			t.Errorf("%s: ticked %q", name, got)
		}
		if got := p.Find("#f-site option[selected]").AttrOr("value", ""); got != site {
			t.Errorf("%s: the site came back as %q", name, got)
		}
		p = refused(url.Values{"recurring": {"yes"}, "from": {"2036-01-01"}})
		if got := p.Find("#e-from").Text(); !strings.Contains(got, "more than a year from today") || p.Find("#f-from").AttrOr("value", "") != "2036-01-01" || ticked(p) != "recurring" {
			t.Errorf("%s: beside the day stands %q", name, got)
		}
		p = refused(url.Values{"work_order": {"yes"}, "site": {""}, "from": {"2026-12-24"}})
		if got := p.Find("#e-site").Text(); !strings.Contains(got, "Choose the site") || p.Find("#f-from").AttrOr("value", "") != "2026-12-24" || ticked(p) != "work_order" {
			t.Errorf("%s: beside the site stands %q", name, got)
		}
		says(t, refused(url.Values{"from": {"2026-12-01"}}), "Choose what is to be made of it")
	}
	if n := d.count(`SELECT (SELECT count(*) FROM work_orders) + (SELECT count(*) FROM recurring_items) + (SELECT count(*) FROM proposal_results)`); n != 0 {
		t.Fatalf("%d things were made by what was refused", n)
	}
	d.done(d.send("billing", at, url.Values{"work_order": {"yes"}, "site": {site}, "recurring": {"yes"}, "from": {"2026-12-01"}}), "/office/proposals/P-7?version=1")
	d.done(d.send("sales", at, url.Values{"invoice": {"yes"}, "seen": {"100000"}}, "HX-Request", "true"), "/office/proposals/P-7?version=1")
	p := d.page("sales", "/office/proposals/P-7?version=1")
	says(t, p, "Carried out", "W-", "It was carried out, so there is no new version of it", "Make a copy")
	hides(t, p, "Carry out…", "New version")
}

// TestCarryOutWaits: what a newer version may replace is not carried out, and the
// form says by which.
func TestCarryOutWaits(t *testing.T) {
	d := newDesk(t)
	id := d.accepted()
	at := fmt.Sprintf("/office/proposals/versions/%d/carry-out", id)
	says(t, d.page("sales", "/office/proposals/P-7?version=1"), "Carry out…", "New version")
	d.exec(`INSERT INTO proposals (number, version, customer_id, title, residential, proposal_date, state, total_cents, monthly_cents, previous_id, document_id, nonce, created_at, updated_at, sent_at)
		VALUES ('P-7', 2, ?, 'Alarm', 0, '2026-11-01', 'viewed', 100000, 4000, ?, 77, 'p-7-2', 1, 1, 1)`, d.customer[0], id)
	for name, way := range ways {
		p := d.parse(d.send("billing", at, url.Values{"work_order": {"yes"}}, way...), 422)
		says(t, p, "Version 2 is with the customer. This one can be carried out once that is rejected, withdrawn or has expired.", "Show version 2")
		if p.Find("form#carry-out").Length() != 0 || p.Find(`a[href="/office/proposals/P-7?version=2"]`).Length() != 1 || (p.Find("h1").Length() == 1) != (name == "plain") {
			t.Errorf("%s: %s", name, p.Text())
		}
	}
	p := d.page("sales", "/office/proposals/P-7?version=1")
	says(t, p, "Version 2 is with the customer", "Accepted")
	hides(t, p, "Carry out…", "New version")
	hides(t, d.page("sales", "/office/proposals"), "Accepted, to carry out")
	says(t, d.page("sales", "/office/proposals/P-7"), "Version 1, accepted", "withdrawing this one lifts it", "New version")
	d.exec(`UPDATE proposals SET state = 'accepted', decided_at = 9 WHERE version = 2`)
	says(t, d.page("sales", "/office/proposals/P-7?version=1"), "replaced by version 2", "It is not carried out any more", "Replaced")
	p = d.page("sales", "/office/proposals?show=replaced")
	says(t, p, "P-7", "Replaced")
	p = d.page("sales", "/office/proposals?show=accepted")
	if n := p.Find("tbody tr").Length(); n != 1 {
		t.Errorf("%d accepted", n)
	}
	says(t, d.page("sales", "/office/proposals?q=P-7"), "Replaced", "Accepted")
}
