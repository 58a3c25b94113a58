package ledger_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

// link returns the pay link of an invoice as a mail would carry it, and its token.
func (b *books) link(invoice int64) (url, token string) {
	b.Helper()
	must(b.TB, b.write(func(q *db.Queries) (err error) {
		url, err = b.service.PayLink(b.Context(), q, calendar.Clock(b.clock.Now).Now(), invoice)
		return err
	}))
	token, ok := strings.CutPrefix(url, "https://portal.example.com/p/")
	if !ok || len(token) != 26 {
		b.Fatalf("the link is %s", url)
	}
	return url, token
}

func TestPayLinkLivesAndEnds(t *testing.T) {
	b := newBooks(t)
	one, two := b.issue(1, "10001", today, 10000), b.issue(1, "10002", today, 5000)
	other := b.issue(2, "20001", today, 5000)
	url, token := b.link(one)
	if again, _ := b.link(one); again != url {
		t.Error("the same invoice got another link")
	}
	_, second := b.link(two)
	_, foreign := b.link(other)
	opens := func(token string, want bool, when string) {
		t.Helper()
		v, err := b.service.OpenPayLink(t.Context(), token)
		if want && (err != nil || v.CustomerID != 1 || v.CustomerName != "Ann Lee") || !want && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %+v, %v", when, v, err)
		}
	}
	opens(token, true, "new")
	opens(strings.ToUpper(token), true, "in capitals")
	b.clock.Advance(400 * 24 * time.Hour)
	opens(token, true, "open for a year")
	_, err := b.record(1, 10000, ledger.Allocation{InvoiceID: one})
	must(t, err)
	// record books at the instant 1; what counts is when it was booked
	b.exec(`DROP TRIGGER ledger_no_update`)
	b.exec(`UPDATE ledger SET at = ?`, int64(calendar.Clock(b.clock.Now).Now()))
	b.clock.Advance(90*24*time.Hour - time.Second)
	opens(token, true, "paid for just under 90 days")
	opens(second, true, "of another invoice")
	b.clock.Advance(2 * time.Second)
	opens(token, false, "paid for 90 days")
	opens(second, true, "of an invoice that is open")
	b.link(one)
	opens(token, true, "mailed again")
	b.clock.Advance(90 * 24 * time.Hour)
	opens(token, false, "90 days after it was mailed again")

	n, err := b.service.RevokePayLink(t.Context(), audit.Program, 1, "10002")
	must(t, err)
	opens(second, false, "revoked")
	if again, err := b.service.RevokePayLink(t.Context(), audit.Program, 1, "10002"); n != 1 || again != 0 || err != nil {
		t.Errorf("revoked %d, then %d, %v", n, again, err)
	}
	_, third := b.link(two)
	opens(third, true, "mailed again after it was revoked")
	opens(second, false, "revoked, and followed by another")
	if n, err = b.service.RevokePayLink(t.Context(), audit.Program, 1, ""); n != 2 || err != nil {
		t.Errorf("revoked %d, %v", n, err)
	}
	opens(third, false, "revoked with all of the customer's")
	if v, err := b.service.OpenPayLink(t.Context(), foreign); err != nil || v.CustomerID != 2 {
		t.Errorf("another customer's link: %+v, %v", v, err)
	}
	if _, err := b.service.RevokePayLink(t.Context(), audit.Program, 1, "20001"); !fault.Is(err, fault.NotFound) {
		t.Errorf("revoking another customer's: %v", err)
	}
	if _, err := b.service.ShowPayLink(t.Context(), audit.Program, 1, "20001"); !fault.Is(err, fault.NotFound) {
		t.Errorf("showing another customer's: %v", err)
	}
	for _, hostile := range []string{"", "x", strings.Repeat("a", 26), strings.Repeat("a", 10000), "' OR 1=1 --aaaaaaaaaaaaaaa", "invoice-1-1", token[:25], token + "a", "\x00" + token[1:]} {
		opens(hostile, false, hostile[:min(len(hostile), 30)])
	}
}

// TestACopiedFileOpensNoPayLink mails an invoice, prints it, and looks for its
// token in everything a copied file holds; then it goes on with another key.
func TestACopiedFileOpensNoPayLink(t *testing.T) {
	b := newBooks(t)
	must(t, b.store.Set(t.Context(), audit.Program, map[string]string{"invoices.attach_pdf": "yes"}))
	b.exec(`INSERT INTO customer_emails VALUES (1, 0, 'ann@example.com'), (1, 1, 'bob@example.com')`)
	id := b.issue(1, "10001", today, 10000)
	must(t, b.write(func(q *db.Queries) error {
		queued, err := b.service.MailInvoice(t.Context(), q, calendar.Clock(b.clock.Now).Now(), id, "issued")
		if !queued {
			t.Error("not queued")
		}
		return err
	}))
	_, token := b.link(id)
	paper, err := b.service.InvoicePaper(t.Context(), 1, "10001")
	must(t, err)
	if !bytes.HasPrefix(paper.Body, []byte("%PDF-")) || !bytes.Contains(paper.Body, []byte("/URI (https://portal.example.com/p/"+token+")")) {
		t.Fatal("the paper is not a PDF with the link")
	}
	must(t, b.db.WriteTx(t.Context(), func(tx *sql.Tx) error {
		var stored []byte
		if err := tx.QueryRow(`SELECT body FROM documents WHERE kind = 'invoice'`).Scan(&stored); err != nil {
			return err
		}
		if bytes.Contains(stored, []byte("%PDF")) || len(stored) < len(paper.Body) {
			t.Error("the paper with the link lies open in the file")
		}
		return nil
	}))
	if batch, err := b.service.BatchPaper(t.Context(), []int64{id, b.issue(1, "10002", today, 5000)}); err != nil || !bytes.HasPrefix(batch.Body, []byte("%PDF-")) {
		t.Errorf("printed together: %v", err)
	}
	copied, err := b.db.Backup(t.Context(), filepath.Join(t.TempDir(), "copy.db"))
	must(t, err)
	raw, err := os.ReadFile(copied)
	must(t, err)
	for _, form := range []string{token, strings.ToUpper(token)} {
		if bytes.Contains(raw, []byte(form)) {
			t.Errorf("the file holds %s", form)
		}
	}
	if !bytes.Contains(raw, []byte("ann@example.com")) {
		t.Error("the copy holds nothing at all")
	}

	// on another machine, without the key file: the mailed link goes on to work
	// for whoever holds it, the paper is made again, and nobody can tell the link
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	must(t, err)
	b.store = settings.New(b.db, b.clock.Now, sealer)
	mail, err := outbox.NewWriter(b.store, "https://portal.example.com")
	must(t, err)
	b.service = ledger.New(b.db, b.clock.Now, b.store, mail)
	if _, err := b.service.OpenPayLink(t.Context(), token); err != nil {
		t.Error(err)
	}
	again, err := b.service.InvoicePaper(t.Context(), 1, "10001")
	must(t, err)
	if !bytes.HasPrefix(again.Body, []byte("%PDF-")) || again.SHA256 == paper.SHA256 || b.count("documents") != 2 {
		t.Error("the paper was not made again")
	}
	same, err := b.service.InvoicePaper(t.Context(), 1, "10001")
	must(t, err)
	if same.SHA256 != again.SHA256 {
		t.Error("and again")
	}
	if _, next := b.link(id); next == token {
		t.Error("another key made the same token")
	}
	if _, err := b.service.OpenPayLink(t.Context(), token); !fault.Is(err, fault.NotFound) {
		t.Errorf("the link that nobody can tell any more: %v", err)
	}
}

func TestMailInvoice(t *testing.T) {
	b := newBooks(t)
	id := b.issue(1, "10001", "2026-12-10", 10000)
	mail := func(why string) bool {
		t.Helper()
		queued := false
		must(t, b.write(func(q *db.Queries) (err error) {
			queued, err = b.service.MailInvoice(t.Context(), q, calendar.Clock(b.clock.Now).Now(), id, why)
			return err
		}))
		return queued
	}
	last := func() (subject, text, html string) {
		must(t, b.db.Reader().QueryRow(`SELECT subject, text_body, html_body FROM outbox ORDER BY id DESC LIMIT 1`).Scan(&subject, &text, &html))
		return
	}
	if mail("issued") || b.count("pay_links") != 0 {
		t.Error("mailed to nobody")
	}
	b.exec(`INSERT INTO customer_emails VALUES (1, 0, 'ann@example.com'), (1, 1, 'bob@example.com')`)
	if !mail("issued") || b.count("outbox") != 2 {
		t.Errorf("%d mails", b.count("outbox"))
	}
	if mail("issued"); b.count("outbox") != 2 {
		t.Error("the same occasion was mailed twice")
	}
	subject, text, html := last()
	if !strings.Contains(subject, "invoice 10001, $100.00 due Dec 10, 2026") || !strings.Contains(text, "Amount due: $100.00\nDue date: Dec 10, 2026") ||
		!strings.Contains(text, "Pay it here, no login needed: https://portal.example.com/p/invoice-1-1") || !strings.HasSuffix(strings.TrimSpace(text), "https://portal.example.com/") ||
		!strings.Contains(html, `class="action" href="https://portal.example.com/p/invoice-1-1"`) || b.count("outbox_attachments") != 0 {
		t.Errorf("%s\n%s\n%s", subject, text, html)
	}

	// whoever has a login may want none of these
	b.exec(`INSERT INTO users (id, email, created_at) VALUES (7, 'BOB@example.com', 1)`)
	b.exec(`INSERT INTO mail_choices VALUES (7, 0, 1)`)
	if mail("sent again 1"); b.count("outbox") != 3 {
		t.Errorf("%d mails", b.count("outbox"))
	}
	b.exec(`UPDATE mail_choices SET invoices = 1`)

	// auto pay
	b.exec(`INSERT INTO methods (id, customer_id, gateway, ref, kind, brand, last4, created_at) VALUES (5, 1, 'sandbox', 'pm_1', 'card', 'Visa', '4242', 1)`)
	b.exec(`INSERT INTO mandates (customer_id, method_id, consent_text, consent_sha256, consent_version, day, shown_at, accepted_at, ip, user_agent, authenticated)
		VALUES (1, 5, 'yes', ?, '1', 5, 1, 1, '', '', '')`, strings.Repeat("0", 64))
	mail("sent again 2")
	subject, text, html = last()
	if !strings.HasSuffix(subject, "by auto pay") || !strings.Contains(text, "$100.00 will be taken on Jan 5, 2027 from Visa ending 4242 by auto pay.") || strings.Contains(html, `class="action"`) {
		t.Errorf("%s\n%s\n%s", subject, text, html)
	}

	// taken before it is due, or held: then it is the customer's to pay
	must(t, b.store.Set(t.Context(), audit.Program, map[string]string{"autopay.takes": "all"}))
	mail("sent again 3")
	if _, text, _ = last(); !strings.Contains(text, "will be taken between Dec 5, 2026 and Jan 5, 2027 from Visa ending 4242") {
		t.Error(text)
	}
	b.exec(`INSERT INTO auto_pay_holds (customer_id, reason, placed_at) VALUES (1, 'moving', 1)`)
	mail("sent again 4")
	if _, text, _ = last(); strings.Contains(text, "auto pay") || !strings.Contains(text, "Pay it here") {
		t.Error(text)
	}

	// paid, and void
	_, err := b.record(1, 10000, ledger.Allocation{InvoiceID: id})
	must(t, err)
	mail("sent again 5")
	if _, text, _ = last(); !strings.Contains(text, "Nothing is left to pay") || strings.Contains(text, "/p/") {
		t.Error(text)
	}
	b.exec(`UPDATE invoices SET state = 'void' WHERE id = ?`, id)
	err = b.write(func(q *db.Queries) error {
		_, err := b.service.MailInvoice(t.Context(), q, 1, id, "sent again 6")
		return err
	})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("a void invoice: %v", err)
	}
}

func TestTheMailOfAnInvoiceNamesItsTax(t *testing.T) {
	b := newBooks(t)
	b.exec(`INSERT INTO customer_emails VALUES (1, 0, 'ann@example.com')`)
	must(t, b.write(func(q *db.Queries) error {
		id, err := ledger.IssueInvoice(t.Context(), q, 1, ledger.InvoiceRecord{Number: "10001", CustomerID: 1, SiteID: 1, Date: "2026-11-10", Due: "2026-12-10", Lines: []ledger.Line{
			{Description: "Service call", Quantity: 1000, UnitPrice: 10000, Tax: 625}, {Description: "Battery", Quantity: 2000, UnitPrice: 1235, Tax: 154}}})
		if err != nil {
			return err
		}
		_, err = b.service.MailInvoice(t.Context(), q, calendar.Clock(b.clock.Now).Now(), id, "issued")
		return err
	}))
	var text, html string
	must(t, b.db.Reader().QueryRow(`SELECT text_body, html_body FROM outbox`).Scan(&text, &html))
	if !strings.Contains(text, "Service call: $100.00\nBattery: $24.70\nTax: $7.79\nTotal: $132.49\n") || !strings.Contains(html, ">$7.79</td>") {
		t.Errorf("%s\n%s", text, html)
	}
}
