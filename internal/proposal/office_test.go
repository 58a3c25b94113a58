package proposal_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/fault"
	"customerportal/internal/proposal"
)

// seller is who writes proposals in these tests.
var seller = audit.Actor{Kind: audit.Staff, StaffID: 1, Role: "sales", IP: "198.51.100.7", UserAgent: "Edge"}

// office adds what the office needs: Sally who sells, a taxed site of Ann's with a
// system, an address of Ann's without a log-in, and a site of Bob's.
func (b *desk) office() {
	b.Helper()
	b.exec(`INSERT INTO staff (id, email, name, role, created_at) VALUES (1, 'sally@harborlight.example', 'Sally', 'sales', 1), (2, 'tom@harborlight.example', 'Tom', 'technician', 1)`)
	b.exec(`INSERT INTO tax_codes (id, code, name, taxes_recurring, taxes_other, created_at) VALUES (1, 'NY', 'New York', 0, 1, 1), (2, 'NJ', 'New Jersey', 1, 1, 1)`)
	b.exec(`INSERT INTO tax_rates (tax_code_id, from_date, ppm, created_at) VALUES (1, '2026-01-01', 80000, 1), (1, '2026-11-20', 85000, 1)`)
	b.exec(`INSERT INTO sites (id, customer_id, name, tax_code) VALUES (1, 1, 'Shop', 'NY'), (2, 2, 'Bob''s', ''), (3, 1, 'Barn', 'NJ')`)
	b.exec(`INSERT INTO systems (id, site_id, name) VALUES (1, 1, 'Burglary'), (2, 2, 'Fire')`)
	b.exec(`INSERT INTO customer_emails (customer_id, position, email) VALUES (1, 1, 'partner@example.com')`)
}

// written is a draft to Ann as a form brings it.
func written() proposal.Draft {
	d := proposal.Draft{Nonce: "n-1", CustomerID: 1, SiteID: 1, SystemID: 1, Title: "  New  alarm\tsystem ", Introduction: "Dear Ann,\r\nhere it is.\x07", Terms: "One.\r\n\r\nTwo.",
		Residential: true, ValidUntil: "2026-12-01", SalespersonID: 1, DepositPPM: 500_000}
	for _, l := range lines() {
		l.Tax = 0 // the office does not say what the tax is
		d.Lines = append(d.Lines, l)
	}
	return d
}

func (b *desk) save(d proposal.Draft, files ...proposal.File) proposal.Saved {
	b.Helper()
	s, err := b.noun.Save(b.Context(), seller, d, files...)
	b.must(err)
	return s
}

// read is a version with its row.
func (b *desk) read(id int64) (d proposal.Draft, row db.GetProposalRow) {
	b.Helper()
	b.must(b.db.View(b.Context(), func(q *db.Queries) (err error) {
		d, row, err = proposal.Read(b.Context(), q, id)
		return err
	}))
	return d, row
}

// sending is the press of "Send" by who has just looked at the draft.
func (b *desk) sending(id int64, to ...string) proposal.Sending {
	b.Helper()
	d, row := b.read(id)
	t, err := proposal.TotalsOf(d.Lines, proposal.Preset(d.Lines), d.DepositCents, d.DepositPPM)
	b.must(err)
	o := proposal.Sending{ID: id, Saves: d.Saves, Total: t.Total, Monthly: t.Monthly, To: to}
	versions, err := b.db.Read().ListProposalVersions(b.Context(), row.Number)
	b.must(err)
	for _, v := range versions {
		if v.State == "sent" || v.State == "viewed" {
			o.Replaces = v.ID
		}
	}
	return o
}

func (b *desk) refused(err error, kind fault.Kind, field string) {
	b.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != kind || field != "" && f.Field != field {
		b.Errorf("got %v, want a refusal of %q", err, field)
	}
}

// sheet is a PDF with some pages.
func sheet(pages int) []byte {
	var b strings.Builder
	b.WriteString("%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[" + strings.Repeat("3 0 R ", 1))
	for i := 1; i < pages; i++ {
		fmt.Fprintf(&b, "%d 0 R ", 3+i)
	}
	b.WriteString("]>>\nendobj\n")
	for i := range pages {
		fmt.Fprintf(&b, "%d 0 obj\n<</Type/Page>>\nendobj\n", 3+i)
	}
	b.WriteString("trailer\n<</Root 1 0 R>>\n%%EOF\n")
	return []byte(b.String())
}

func TestSaveDraft(t *testing.T) {
	b := newDesk(t)
	b.office()
	s := b.save(written(), proposal.File{Name: `C:\papers\Data/Sheet.PDF`, Body: sheet(3)}, proposal.File{Name: "..", Body: sheet(1)})
	if again := b.save(written(), proposal.File{Name: "x.pdf", Body: sheet(1)}); again != s || !strings.HasPrefix(s.Number, "P-") || len(s.Number) != 8 || s.Saves != 1 {
		t.Errorf("saved %+v, and again %+v", s, again)
	}
	d, row := b.read(s.ID)
	if d.Title != "New alarm system" || d.Introduction != "Dear Ann,\nhere it is." || d.Terms != "One.\n\nTwo." || row.SalespersonEmail != "sally@harborlight.example" || row.State != "draft" {
		t.Errorf("%+v", d)
	}
	// 8 % of what is paid once, nothing of what recurs: New York does not tax that here
	var tax []int64
	for i, l := range d.Lines {
		tax = append(tax, int64(l.Tax))
		if l.Position != int64(i+1) {
			t.Errorf("line %d is at %d", i, l.Position)
		}
	}
	if !slices.Equal(tax, []int64{8_000, 800, 3_200, 0}) || row.TotalCents != 118_800 || row.MonthlyCents != 4_000 {
		t.Errorf("tax %v, total %s, monthly %s", tax, row.TotalCents, row.MonthlyCents)
	}
	files, err := b.db.Read().ListDraftProposalAttachments(t.Context(), s.ID)
	b.must(err)
	if len(files) != 2 || files[0].Name != "Sheet.pdf" || files[0].Pages != 3 || files[1].Name != "Document.pdf" || files[1].Pages != 1 {
		t.Fatalf("files %+v", files)
	}

	// of two people the slower one is told, and what he saves in spite of it stays
	mine, theirs := d, d
	theirs.Title = "Theirs"
	theirs.Attachments = []int64{files[1].DocumentID, files[0].DocumentID}
	if got := b.save(theirs); got.Saves != 2 || got.Number != s.Number {
		t.Errorf("saved %+v", got)
	}
	_, err = b.noun.Save(t.Context(), seller, mine)
	b.refused(err, fault.Conflict, "")
	if d, _ := b.read(s.ID); d.Title != "Theirs" || d.Attachments[0] != files[1].DocumentID {
		t.Errorf("the slower one wrote over it: %+v", d)
	}
	mine.Saves, mine.Number, mine.Attachments = 2, "Q/7", nil
	_, err = b.noun.Save(t.Context(), seller, mine)
	b.refused(err, fault.Invalid, "number")
	mine.Number = "Q 7"
	b.save(mine)
	if n := b.text(`SELECT count(*) || ' ' || (SELECT count(*) FROM proposal_attachments) FROM documents WHERE kind = 'attachment'`); n != "0 0" {
		t.Errorf("PDFs that were taken off: %s", n)
	}
	other := written()
	other.Nonce, other.Number = "n-2", "q 7"
	_, err = b.noun.Save(t.Context(), seller, other)
	b.refused(err, fault.Invalid, "number")
	other.Nonce, other.CustomerID, other.SiteID, other.SystemID = "n-1", 2, 0, 0
	other.Number = ""
	_, err = b.noun.Save(t.Context(), seller, other)
	b.refused(err, fault.Conflict, "")
	b.must(b.noun.Delete(t.Context(), seller, s.ID, 3))
	if n := b.text(`SELECT count(*) FROM proposals`); n != "0" {
		t.Errorf("%s drafts are left", n)
	}
	if got := b.text(`SELECT group_concat(action, ' ') FROM audit WHERE action LIKE 'proposal.%'`); got != "proposal.new proposal.edit proposal.edit proposal.delete" {
		t.Errorf("audit: %s", got)
	}
}

func TestSaveDraftRefuses(t *testing.T) {
	b := newDesk(t)
	b.office()
	many := make([]proposal.File, 11)
	for i := range many {
		many[i] = proposal.File{Name: "a.pdf", Body: sheet(1)}
	}
	large := append(sheet(1), make([]byte, proposal.MaxAttachmentBytes)...)
	half := append(sheet(1), make([]byte, 7<<20)...)
	cases := map[string]struct {
		change func(d *proposal.Draft)
		files  []proposal.File
		field  string
	}{
		"no title":             {change: func(d *proposal.Draft) { d.Title = " \t " }, field: "title"},
		"the name of a paper":  {change: func(d *proposal.Draft) { d.Number = "Shop.PDF" }, field: "number"},
		"a word of the office": {change: func(d *proposal.Draft) { d.Number = "Verify" }, field: "number"},
		"past":                 {change: func(d *proposal.Draft) { d.ValidUntil = "2026-11-01" }, field: "valid_until"},
		"far":                  {change: func(d *proposal.Draft) { d.ValidUntil = "2062-11-01" }, field: "valid_until"},
		"Bob's site":           {change: func(d *proposal.Draft) { d.SiteID = 2 }, field: "site"},
		"Bob's system":         {change: func(d *proposal.Draft) { d.SystemID = 2 }, field: "system"},
		"a system of no site":  {change: func(d *proposal.Draft) { d.SiteID = 0 }, field: "system"},
		"a site without rate":  {change: func(d *proposal.Draft) { d.SiteID, d.SystemID = 3, 0 }, field: "site"},
		"a technician sells":   {change: func(d *proposal.Draft) { d.SalespersonID = 2 }, field: "salesperson"},
		"a line of nothing":    {change: func(d *proposal.Draft) { d.Lines[1].Description = " " }, field: "description-2"},
		"no quantity":          {change: func(d *proposal.Draft) { d.Lines[2].Quantity = 0 }, field: "quantity-3"},
		"an odd cycle":         {change: func(d *proposal.Draft) { d.Lines[3].Cycle = 5 }, field: "cycle-4"},
		"a large price":        {change: func(d *proposal.Draft) { d.Lines[0].UnitPrice = 2_000_000_000 }, field: "unit_price-1"},
		"201 lines":            {change: func(d *proposal.Draft) { d.Lines = append(d.Lines, make([]proposal.Line, 197)...) }, field: "lines"},
		"long terms":           {change: func(d *proposal.Draft) { d.Terms = strings.Repeat("x", 20_001) }, field: "terms"},
		"deposit of 101 %":     {change: func(d *proposal.Draft) { d.DepositPPM = 1_010_000 }, field: "deposit"},
		"a picture":            {files: []proposal.File{{Name: "a.pdf", Body: []byte("\x89PNG")}}, field: "files"},
		"a large PDF":          {files: []proposal.File{{Name: "a.pdf", Body: large}}, field: "files"},
		"too much":             {files: []proposal.File{{Name: "a.pdf", Body: half}, {Name: "b.pdf", Body: half}, {Name: "c.pdf", Body: half}}, field: "files"},
		"too many":             {files: many, field: "files"},
		"a script":             {files: []proposal.File{{Name: "a.pdf", Body: []byte(strings.Replace(string(sheet(1)), "/Type/Page>>", "/Type/Page/AA<</O<</S/JavaScript>>>>>>", 1))}}, field: "files"},
	}
	for name, c := range cases {
		d := written()
		d.Nonce = name
		if c.change != nil {
			c.change(&d)
		}
		_, err := b.noun.Save(t.Context(), seller, d, c.files...)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.Invalid || f.All()[0].Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := b.text(`SELECT (SELECT count(*) FROM proposals) + (SELECT count(*) FROM documents) + (SELECT count(*) FROM audit WHERE action LIKE 'proposal.%')`); n != "0" {
		t.Errorf("%s things are left of what was refused", n)
	}
}

func TestSend(t *testing.T) {
	b := newDesk(t)
	b.office()
	s := b.save(written(), proposal.File{Name: "Data sheet.pdf", Body: sheet(2)})
	name, preview, err := b.noun.Preview(t.Context(), s.ID)
	b.must(err)
	if words := pdfText(t, preview); name != "Draft-"+s.Number+".pdf" || !strings.Contains(words, "Draft - not sent yet") || !strings.Contains(words, "$1,188.00") {
		t.Errorf("%s: %s", name, words)
	}
	o := b.sending(s.ID, "ann@example.com", "partner@example.com", "ANN@example.com")
	done, err := b.noun.Send(t.Context(), seller, o)
	b.must(err)
	if done.Mailed != 2 || done.Number != s.Number || done.Before {
		t.Errorf("sent %+v", done)
	}
	d, row := b.read(s.ID)
	if row.State != "sent" || row.ProposalDate != "2026-11-02" || row.SentAt.IsZero() {
		t.Errorf("%+v", row)
	}
	paper, err := b.noun.Download(t.Context(), seller, s.ID, proposal.PaperSent)
	b.must(err)
	if words := pdfText(t, paper.Body); strings.Contains(words, "Draft") || !strings.Contains(words, "Data sheet.pdf") || !strings.Contains(words, "$594.00") || !strings.Contains(words, "NOTICE OF CANCELLATION") {
		t.Errorf("the paper says %s", words)
	}
	if pages, err := document.Inspect(paper.Body); err != nil || pages < 3 || paper.SHA256 != row.PaperSha256 || paper.Name != "Proposal-"+s.Number+".pdf" {
		t.Errorf("%s: %d pages, %v", paper.Name, pages, err)
	}
	if got := b.text(`SELECT group_concat(kind || ': ' || details, '; ') FROM proposal_events`); got != "created: saved last Nov 2, 2026, 12:00 PM; sent: PDF with SHA-256 "+row.PaperSha256+"; mailed: to ann@example.com; mailed: to partner@example.com" {
		t.Errorf("trail: %s", got)
	}
	// who logs in is led into the portal, who does not gets a link of his own
	for email, want := range map[string]string{"ann@example.com": "https://portal.example.com/proposals/" + s.Number, "partner@example.com": "https://portal.example.com/s/proposal-1"} {
		if text := b.text(`SELECT text_body FROM outbox WHERE to_email = ?`, email); !strings.Contains(text, want) || !strings.Contains(text, "New alarm system") || !strings.Contains(text, "$1,188.00") || !strings.Contains(text, "Dec 1, 2026") {
			t.Errorf("%s reads\n%s", email, text)
		}
	}
	v, err := b.noun.ReadForCustomer(t.Context(), ann(), s.Number, 0, nil)
	if err != nil || v.State != proposal.StateNew || v.Sum != row.PaperSha256 {
		t.Errorf("Ann sees %s, %v", v.State, err)
	}

	// nothing of it changes any more
	d.Title = "Other"
	_, err = b.noun.Save(t.Context(), seller, d)
	b.refused(err, fault.Conflict, "")
	b.refused(b.noun.Delete(t.Context(), seller, s.ID, d.Saves), fault.Conflict, "")
	if done, err := b.noun.Send(t.Context(), seller, o); err != nil || !done.Before || done.Mailed != 0 {
		t.Errorf("sent again: %+v, %v", done, err)
	}
	if err := b.db.Write(t.Context(), func(q *db.Queries) error { return q.DeleteProposalLines(t.Context(), s.ID) }); err == nil {
		t.Error("the lines of what was sent can be deleted")
	}

	// again, to those who are chosen, once for each form
	many, err := b.noun.SendAgain(t.Context(), seller, s.ID, []string{"partner@example.com"}, "again-1")
	b.must(err)
	twice, err := b.noun.SendAgain(t.Context(), seller, s.ID, []string{"partner@example.com"}, "again-1")
	if many != 1 || twice != 0 || err != nil || len(b.mails()) != 3 {
		t.Errorf("%d, then %d, %v: %v", many, twice, err, b.mails())
	}
	for _, to := range [][]string{nil, {"bob@example.com"}} {
		_, err := b.noun.SendAgain(t.Context(), seller, s.ID, to, "again-2")
		b.refused(err, fault.Invalid, "to")
	}
}

func TestSendRefuses(t *testing.T) {
	b := newDesk(t)
	b.office()
	n := 0
	fresh := func(change func(d *proposal.Draft)) int64 {
		n++
		d := written()
		d.Nonce = fmt.Sprint("f", n)
		if change != nil {
			change(&d)
		}
		return b.save(d).ID
	}
	send := func(o proposal.Sending) error {
		_, err := b.noun.Send(t.Context(), seller, o)
		return err
	}
	b.refused(send(b.sending(fresh(func(d *proposal.Draft) { d.Lines = nil }))), fault.Invalid, "lines")
	b.refused(send(b.sending(fresh(func(d *proposal.Draft) { d.Lines[1].UnitPrice = -120_000 }))), fault.Invalid, "lines")
	b.refused(send(b.sending(fresh(nil), "bob@example.com")), fault.Invalid, "to")
	b.refused(send(proposal.Sending{ID: 999}), fault.NotFound, "")

	// what somebody else saved meanwhile
	id := fresh(nil)
	o := b.sending(id)
	d, _ := b.read(id)
	b.save(d)
	b.refused(send(o), fault.Conflict, "")

	// a tax that changed meanwhile, and the day it is sent
	o = b.sending(id)
	b.clock.Set(time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC))
	b.refused(send(o), fault.Conflict, "")
	o.Total += 550 // half a percent of 1,100.00
	b.must(send(o))
	if d, row := b.read(id); row.ProposalDate != "2026-11-20" || d.Lines[0].Tax != 8_500 || row.TotalCents != 119_350 {
		t.Errorf("sent as %s over %s", row.ProposalDate, row.TotalCents)
	}

	// one that is past its last day
	id = fresh(func(d *proposal.Draft) { d.ValidUntil = "2026-11-21" })
	o = b.sending(id)
	b.clock.Set(time.Date(2026, 11, 22, 17, 0, 0, 0, time.UTC))
	b.refused(send(o), fault.Invalid, "valid_until")
	if got := b.text(`SELECT count(*) FROM proposal_events WHERE proposal_id <> ?`, 5); len(b.mails()) != 0 {
		t.Errorf("mails %v, %s entries", b.mails(), got)
	}
}

// TestSendAtOnce has twenty people press "Send" at the same time.
func TestSendAtOnce(t *testing.T) {
	b := newDesk(t)
	b.office()
	s := b.save(written())
	o := b.sending(s.ID, "ann@example.com")
	var wait sync.WaitGroup
	var mu sync.Mutex
	sent, before := 0, 0
	for range 20 {
		wait.Go(func() {
			done, err := b.noun.Send(t.Context(), seller, o)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case done.Before:
				before++
			default:
				sent++
			}
		})
	}
	wait.Wait()
	if sent != 1 || before != 19 || len(b.mails()) != 1 {
		t.Errorf("%d sent, %d told, mails %v", sent, before, b.mails())
	}
	if got := b.text(`SELECT count(*) || ' ' || (SELECT count(*) FROM documents) FROM proposal_events`); got != "3 1" {
		t.Errorf("entries and papers: %s", got)
	}
}

func TestNewVersion(t *testing.T) {
	b := newDesk(t)
	b.office()
	first := b.save(written(), proposal.File{Name: "a.pdf", Body: sheet(1)})
	_, err := b.noun.Send(t.Context(), seller, b.sending(first.ID))
	b.must(err)
	second, err := b.noun.NewVersion(t.Context(), seller, first.ID, "2026-12-15", "v-1")
	b.must(err)
	if again, err := b.noun.NewVersion(t.Context(), seller, first.ID, "2026-12-15", "v-1"); err != nil || again != second {
		t.Errorf("pressed twice: %+v and %+v, %v", second, again, err)
	}
	_, err = b.noun.NewVersion(t.Context(), seller, first.ID, "2026-12-15", "v-2")
	b.refused(err, fault.Conflict, "")
	d, row := b.read(second.ID)
	if row.Version != 2 || row.Number != first.Number || row.ValidUntil != "2026-12-15" || len(d.Attachments) != 1 || row.PreviousID.Int64 != first.ID || len(d.Lines) != 4 {
		t.Fatalf("%+v", row)
	}
	// drafted, it changes nothing for the customer; sent, it replaces
	if v, err := b.noun.ReadForCustomer(t.Context(), ann(), first.Number, 0, nil); err != nil || v.Version != 1 || v.State != proposal.StateNew {
		t.Errorf("Ann sees version %d, %s, %v", v.Version, v.State, err)
	}
	d.Number, d.Title = "Other", "Better alarm system"
	b.save(d)
	o := b.sending(second.ID, "ann@example.com")
	form := b.form(first.Number, 2)
	_, err = b.noun.Send(t.Context(), seller, o)
	b.must(err)
	if _, row := b.read(first.ID); row.State != "replaced" {
		t.Errorf("version 1 is %s", row.State)
	}
	if _, row := b.read(second.ID); row.State != "sent" || row.Number != first.Number {
		t.Errorf("version 2 is %s %s", row.Number, row.State)
	}
	if subject := b.text(`SELECT subject FROM outbox`); !strings.Contains(subject, "new version") {
		t.Errorf("mail %q", subject)
	}
	b.refused(b.noun.Accept(t.Context(), ann(), form), fault.Conflict, "")

	// what the customer accepted while a new version was looked at stays accepted,
	// and whoever sends the new one is told
	third, err := b.noun.NewVersion(t.Context(), seller, second.ID, "", "v-3")
	b.must(err)
	o = b.sending(third.ID)
	b.must(b.noun.Accept(t.Context(), ann(), b.form(first.Number, 2)))
	_, err = b.noun.Send(t.Context(), seller, o)
	b.refused(err, fault.Conflict, "")
	if _, row := b.read(second.ID); row.State != "accepted" {
		t.Errorf("version 2 is %s", row.State)
	}
	_, err = b.noun.Send(t.Context(), seller, b.sending(third.ID))
	b.must(err)
	if _, row := b.read(second.ID); row.State != "accepted" {
		t.Errorf("version 2 is %s", row.State)
	}
	_, err = b.noun.Copy(t.Context(), seller, second.ID, 1, "", "v-5")
	b.must(err)
}

func TestCopy(t *testing.T) {
	b := newDesk(t)
	b.office()
	first := b.save(written(), proposal.File{Name: "a.pdf", Body: sheet(1)})
	b.exec(`UPDATE staff SET disabled_at = 1 WHERE id = 1`)
	same, err := b.noun.Copy(t.Context(), seller, first.ID, 1, "2026-12-24", "c-1")
	b.must(err)
	if again, err := b.noun.Copy(t.Context(), seller, first.ID, 1, "2026-12-24", "c-1"); err != nil || again.ID != same.ID {
		t.Errorf("copied twice: %+v, %v", again, err)
	}
	d, row := b.read(same.ID)
	if row.Number == first.Number || row.Version != 1 || row.PreviousID.Valid || d.SiteID != 1 || len(d.Attachments) != 1 || d.ValidUntil != "2026-12-24" || d.SalespersonID != 0 {
		t.Errorf("%+v", d)
	}
	other, err := b.noun.Copy(t.Context(), seller, first.ID, 2, "2026-12-24", "c-2")
	b.must(err)
	if d, row := b.read(other.ID); row.CustomerID != 2 || d.SiteID != 0 || d.SystemID != 0 || row.TotalCents != 110_000 {
		t.Errorf("%+v", row)
	}
	// a PDF goes with three: taken off one it stays with the others
	b.must(b.noun.Delete(t.Context(), seller, first.ID, 1))
	if d, _ := b.read(other.ID); len(d.Attachments) != 1 {
		t.Error("the PDF of the copy is gone")
	}
}

func TestWithdraw(t *testing.T) {
	b := newDesk(t)
	b.office()
	s := b.save(written())
	_, err := b.noun.Withdraw(t.Context(), seller, s.ID, "x", true)
	b.refused(err, fault.Conflict, "")
	_, err = b.noun.Send(t.Context(), seller, b.sending(s.ID, "ann@example.com", "partner@example.com"))
	b.must(err)
	form := b.form(s.Number, 2)
	_, err = b.noun.Withdraw(t.Context(), seller, s.ID, " ", true)
	b.refused(err, fault.Invalid, "reason")
	b.exec(`DELETE FROM customer_emails WHERE email = 'partner@example.com'`) // not the customer's any more
	told, err := b.noun.Withdraw(t.Context(), seller, s.ID, "Out of\nstock", true)
	b.must(err)
	if told != 1 || !slices.Contains(b.mails(), "proposal_withdrawn ann@example.com") || len(b.mails()) != 3 {
		t.Errorf("%d told: %v", told, b.mails())
	}
	_, err = b.noun.Withdraw(t.Context(), seller, s.ID, "Again", true)
	b.refused(err, fault.Conflict, "")
	b.refused(b.noun.Accept(t.Context(), ann(), form), fault.Conflict, "")
	if got := b.text(`SELECT group_concat(kind || ' ' || details, '; ') FROM proposal_events WHERE kind = 'withdrawn'`); got != "withdrawn Out of stock" {
		t.Errorf("trail: %s", got)
	}
	if many, err := b.noun.SendAgain(t.Context(), seller, s.ID, []string{"ann@example.com"}, "a"); many != 0 || !fault.Is(err, fault.Conflict) {
		t.Errorf("a withdrawn one was mailed: %v", err)
	}
}

func TestRemind(t *testing.T) {
	b := newDesk(t)
	b.office()
	s := b.save(written()) // valid until Dec 1
	_, err := b.noun.Send(t.Context(), seller, b.sending(s.ID, "ann@example.com"))
	b.must(err)
	open := func(nonce string, to ...string) proposal.Saved {
		d := written()
		d.Nonce = nonce
		s := b.save(d)
		_, err := b.noun.Send(t.Context(), seller, b.sending(s.ID, to...))
		b.must(err)
		return s
	}
	decided := open("decided", "partner@example.com")
	b.must(b.noun.Accept(t.Context(), ann(), b.form(decided.Number, 2)))
	open("to nobody")
	reminders := func() int {
		b.must(b.noun.Remind(t.Context()))
		n := 0
		for _, m := range b.mails() {
			if strings.HasPrefix(m, "proposal_reminder") {
				n++
			}
		}
		return n
	}
	at := func(day, hour int) {
		b.clock.Set(calendar.NewDate(2026, 11, 1).AddDays(day - 1).Time(time.UTC).Add(time.Duration(hour+5) * time.Hour)) // New York is five hours behind
	}
	at(27, 12)
	if n := reminders(); n != 0 {
		t.Errorf("%d reminders while they are off", n)
	}
	b.must(b.store.Set(t.Context(), audit.Program, map[string]string{"proposals.reminder_days": "5"}))
	for _, c := range []struct{ day, hour, want int }{{25, 12, 0}, {26, 8, 0}, {26, 9, 1}, {26, 15, 1}, {28, 9, 1}, {32, 9, 1}} {
		at(c.day, c.hour)
		if n := reminders(); n != c.want {
			t.Errorf("on day %d at %d: %d reminders, want %d", c.day, c.hour, n, c.want)
		}
	}
	if got := b.text(`SELECT group_concat(kind || ' ' || details) FROM proposal_events WHERE kind = 'reminded'`); got != "reminded to ann@example.com" {
		t.Errorf("trail: %s", got)
	}
	// sent on the day, it is reminded of on the next
	at(30, 10)
	open("late", "ann@example.com")
	if n := reminders(); n != 1 {
		t.Errorf("%d reminders on the day it was sent", n-1)
	}
	at(31, 10)
	if n := reminders(); n != 2 {
		t.Errorf("%d reminders on the day after", n-1)
	}
}
