package proposal_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/proposal"
)

// accepted is a desk with an office and a proposal of Ann's that she accepted, with
// a deposit of $500.00.
func accepted(t *testing.T) (b *desk, id int64, number string) {
	t.Helper()
	b = newDesk(t)
	b.office()
	d := written()
	d.DepositCents, d.DepositPPM = 500_00, 0
	s := b.save(d)
	_, err := b.noun.Send(t.Context(), seller, b.sending(s.ID, "ann@example.com"))
	b.must(err)
	b.must(b.noun.Accept(t.Context(), ann(), b.form(s.Number, 2)))
	return b, s.ID, s.Number
}

// newer sends the next version of a proposal with another deposit.
func (b *desk) newer(id int64, nonce string, deposit money.Cents, to ...string) int64 {
	b.Helper()
	saved, err := b.noun.NewVersion(b.Context(), seller, id, "2026-12-15", nonce)
	b.must(err)
	d, _ := b.read(saved.ID)
	d.DepositCents, d.DepositPPM, d.Title = deposit, 0, "Better alarm system"
	b.save(d)
	b.clock.Advance(24 * time.Hour)
	_, err = b.noun.Send(b.Context(), seller, b.sending(saved.ID, to...))
	b.must(err)
	return saved.ID
}

func (b *desk) version(number string, version int64) proposal.Version {
	b.Helper()
	v, err := b.noun.ReadForCustomer(b.Context(), ann(), number, version, nil)
	b.must(err)
	return v
}

// TestNewVersionOfAnAcceptedOne follows a proposal that was accepted, changed, and
// accepted again.
func TestNewVersionOfAnAcceptedOne(t *testing.T) {
	b, first, number := accepted(t)
	signed, err := b.noun.SignedForCustomer(t.Context(), ann(), number, 1)
	b.must(err)
	trail := b.text(`SELECT group_concat(hash) FROM proposal_events WHERE proposal_id = ?`, first)
	b.exec(`DELETE FROM outbox_attachments`)
	b.exec(`DELETE FROM outbox`)

	second := b.newer(first, "v-2", 800_00, "ann@example.com")
	if got := b.text(`SELECT subject || ' | ' || text_body FROM outbox`); !strings.Contains(got, "a new version of the proposal you accepted") || !strings.Contains(got, "That one stands until you accept this one") {
		t.Errorf("mail %s", got)
	}
	if v := b.version(number, 1); v.State != proposal.StateAccepted || v.StandsTo != 2 || !strings.Contains(v.Stands, "Until you accept that one, this one stands") || v.Decision.DepositInvoice == "" {
		t.Errorf("version 1: %s, %q", v.State, v.Stands)
	}
	if got := b.text(`SELECT group_concat(hash) FROM proposal_events WHERE proposal_id = ?`, first); got != trail {
		t.Error("sending changed the trail of what was accepted")
	}
	v := b.version(number, 0)
	if v.Version != 2 || v.State != proposal.StateNew || v.Stands != "You accepted version 1 on Nov 2, 2026. It stands until you accept this one; if you reject this one or leave it, nothing changes." {
		t.Errorf("version %d, %s: %q", v.Version, v.State, v.Stands)
	}
	if v.Totals.Deposit != 800_00 || v.Totals.Asked != 500_00 || v.Totals.DepositDue() != 300_00 || v.AskedWith != "with version 1" {
		t.Errorf("%+v, %s", v.Totals, v.AskedWith)
	}
	if !strings.Contains(v.Paper.TakesPlace, "takes the place of version 1, which was accepted on Nov 2, 2026") || !strings.Contains(v.Paper.TakesPlace, "$500.00 that was asked with version 1 (invoice 1001)") {
		t.Errorf("the paper says %q", v.Paper.TakesPlace)
	}

	b.exec(`DELETE FROM outbox_attachments`)
	b.exec(`DELETE FROM outbox`)
	b.must(b.noun.Accept(t.Context(), ann(), b.form(number, 2)))
	if got := b.text(`SELECT group_concat(total_cents || ' ' || description, '; ') FROM (SELECT i.total_cents, l.description FROM invoices i JOIN invoice_lines l ON l.invoice_id = i.id ORDER BY i.id)`); got !=
		"50000 Deposit on proposal "+number+", version 1; 30000 Deposit on proposal "+number+", version 2: $800.00, less $500.00 that was asked before" {
		t.Errorf("deposits %s", got)
	}
	for _, kind := range []string{"proposal_accepted", "proposal_signed"} {
		if got := b.text(`SELECT text_body FROM outbox WHERE kind = ?`, kind); !strings.Contains(got, "It takes the place of version 1") || !strings.Contains(got, "$300.00") || !strings.Contains(got, "Deposit, asked before: $500.00") {
			t.Errorf("%s: %s", kind, got)
		}
	}
	old, now := b.version(number, 1), b.version(number, 2)
	if old.State != proposal.StateReplaced || old.Closed != "" || old.Stands != "Accepted Nov 2, 2026; replaced by version 2, accepted Nov 3, 2026." || old.Decision.DepositInvoice != "" || old.Decision.CancelBy != "" {
		t.Errorf("version 1: %s, %q, %+v", old.State, old.Stands, old.Decision)
	}
	if now.State != proposal.StateAccepted || now.Decision.Deposit != 800_00 || now.Decision.DepositLeft != 800_00 || now.Decision.DepositInvoice != "1001" || now.Decision.CancelBy != "2026-11-06" || now.Totals.DepositDue() != 300_00 {
		t.Errorf("version 2: %s, %+v", now.State, now.Decision)
	}
	if got := b.text(`SELECT group_concat(state, ' ') FROM (SELECT state FROM proposals ORDER BY version)`); got != "accepted accepted" {
		t.Errorf("states %s", got)
	}
	if !slices.ContainsFunc(now.Others, func(o proposal.Other) bool { return o.Version == 1 && o.State == proposal.StateReplaced }) {
		t.Errorf("others %+v", now.Others)
	}
	// the evidence of the first stays, and tells of the second
	again, err := b.noun.SignedForCustomer(t.Context(), ann(), number, 1)
	b.must(err)
	verdict, err := b.noun.Verify(t.Context(), again.Body)
	b.must(err)
	if again.SHA256 != signed.SHA256 || !verdict.Genuine() || !strings.HasSuffix(verdict.Words(), "It is no longer what is agreed on: version 2 was accepted in its place on Nov 3, 2026.") {
		t.Errorf("%s", verdict.Words())
	}
	if verdict, err = b.noun.Verify(t.Context(), b.signed(number, 2)); err != nil || !verdict.Genuine() || verdict.ReplacedBy != 0 {
		t.Errorf("%s, %v", verdict.Words(), err)
	}
	if text := pdfText(t, b.signed(number, 2)); !strings.Contains(text, "takes the place of version 1") {
		t.Error("the signed copy does not say whose place it takes")
	}
	if found := b.check(); len(found) != 0 {
		t.Errorf("found %v", found)
	}
	b.exported(number, "Better alarm system")
	b.listed(1)
	// a third may follow, and what was asked counts for it
	b.newer(second, "v-3", 100_00)
	if v := b.version(number, 3); v.Totals.Asked != 800_00 || v.Totals.DepositDue() != 0 || v.AskedWith != "with versions 1 and 2" || v.StandsTo != 2 {
		t.Errorf("version 3: %+v, %q", v.Totals, v.Stands)
	}
	b.must(b.noun.Accept(t.Context(), ann(), b.form(number, 2)))
	if got := b.text(`SELECT count(*) FROM invoices`); got != "2" {
		t.Errorf("%s deposits", got)
	}
	if v := b.version(number, 1); v.Stands != "Accepted Nov 2, 2026; replaced by version 2, accepted Nov 3, 2026." {
		t.Errorf("version 1: %q", v.Stands)
	}
	if v := b.version(number, 3); v.Decision.Deposit != 800_00 || v.Stands != "It took the place of version 2, which you accepted on Nov 3, 2026." {
		t.Errorf("version 3: %q, %+v", v.Stands, v.Decision)
	}
	if found := b.check(); len(found) != 0 {
		t.Errorf("found %v", found)
	}
	// what doctor finds when the entry is missing
	b.exec(`DROP TRIGGER proposal_events_no_delete`)
	b.exec(`DELETE FROM proposal_events WHERE kind = 'replaced'`)
	if found := strings.Join(b.check(), "; "); !strings.Contains(found, "trail does not tell that a later version was accepted in its place") {
		t.Errorf("found %s", found)
	}
}

func (b *desk) signed(number string, version int64) []byte {
	b.Helper()
	p, err := b.noun.SignedForCustomer(b.Context(), ann(), number, version)
	b.must(err)
	return p.Body
}

// TestWhatWasAcceptedStands: a new version that comes to nothing leaves the
// accepted one as it was.
func TestWhatWasAcceptedStands(t *testing.T) {
	for name, end := range map[string]func(b *desk, id int64, number string){
		"rejected": func(b *desk, _ int64, number string) {
			b.must(b.noun.Reject(b.Context(), ann(), proposal.Rejection{Answer: b.form(number).Answer, Reason: "too dear"}))
			if got := b.text(`SELECT text_body FROM outbox WHERE kind = 'proposal_rejected'`); !strings.Contains(got, "Version 1, which was accepted before, stands and can be carried out.") {
				b.Errorf("mail %s", got)
			}
		},
		"withdrawn": func(b *desk, id int64, _ string) {
			_, err := b.noun.Withdraw(b.Context(), seller, id, "a slip", true)
			b.must(err)
			if got := b.text(`SELECT text_body FROM outbox WHERE kind = 'proposal_withdrawn'`); !strings.Contains(got, "version 1, which you accepted, stands as it is") {
				b.Errorf("mail %s", got)
			}
		},
		"expired": func(b *desk, _ int64, _ string) { b.clock.Advance(60 * 24 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			b, first, number := accepted(t)
			second := b.newer(first, "v-2", 800_00, "ann@example.com")
			end(b, second, number)
			if v := b.version(number, 2); v.Stands != "Version 1, which you accepted on Nov 2, 2026, stands." || v.StandsTo != 1 {
				t.Errorf("version 2: %q", v.Stands)
			}
			if v := b.version(number, 1); v.State != proposal.StateAccepted || v.Stands != "" || v.Decision.Deposit != 500_00 {
				t.Errorf("version 1: %s %q", v.State, v.Stands)
			}
			if got := b.text(`SELECT count(*) FROM invoices`); got != "1" {
				t.Errorf("%s invoices", got)
			}
			b.exported(number, "New alarm system")
			b.listed(2)
			// another may follow, from either
			if _, err := b.noun.NewVersion(t.Context(), seller, first, "2027-03-01", "v-3"); err != nil {
				t.Error(err)
			}
			if found := b.check(); len(found) != 0 {
				t.Errorf("found %v", found)
			}
		})
	}
}

// TestAVoidedDepositDoesNotCount: what was asked is looked at when the new version
// is accepted, and other sums than those that were shown are not agreed to.
func TestAVoidedDepositDoesNotCount(t *testing.T) {
	b, first, number := accepted(t)
	b.newer(first, "v-2", 800_00)
	form := b.form(number, 2)
	b.exec(`UPDATE invoices SET state = 'void', balance_cents = 0`)
	b.refused(b.noun.Accept(t.Context(), ann(), form), fault.Conflict, "")
	b.must(b.noun.Accept(t.Context(), ann(), b.form(number, 2)))
	if got := b.text(`SELECT group_concat(total_cents || ' ' || state, '; ') FROM (SELECT * FROM invoices ORDER BY id)`); got != "50000 void; 80000 issued" {
		t.Errorf("deposits %s", got)
	}
	if found := b.check(); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}

// TestNothingAfterItWasCarriedOut: of what was carried out there is no new version,
// and one that was written before is not sent; the database refuses that by itself,
// too.
func TestNothingAfterItWasCarriedOut(t *testing.T) {
	b, first, _ := accepted(t)
	draft, err := b.noun.NewVersion(t.Context(), seller, first, "2026-12-15", "v-2")
	b.must(err)
	b.exec(`INSERT INTO proposal_results (proposal_id, at) VALUES (?, 1)`, first)
	_, err = b.noun.Send(t.Context(), seller, b.sending(draft.ID))
	b.refused(err, fault.Conflict, "")
	if err == nil || !strings.Contains(err.Error(), "Version 1 was carried out") {
		t.Errorf("sent: %v", err)
	}
	if err := b.try(`UPDATE proposals SET state = 'sent', document_id = (SELECT document_id FROM proposals WHERE id = ?), sent_at = 1 WHERE id = ?`, first, draft.ID); err == nil {
		t.Error("the database takes a version after one that was carried out")
	}
	b.must(b.noun.Delete(t.Context(), seller, draft.ID, 1))
	_, err = b.noun.NewVersion(t.Context(), seller, first, "2026-12-15", "v-3")
	b.refused(err, fault.Conflict, "")

}

// TestAcceptedOrCarriedOut: the one that comes first shuts out the other.
func TestAcceptedOrCarriedOut(t *testing.T) {
	b, first, number := accepted(t)
	second := b.newer(first, "v-2", 800_00)
	form := b.form(number, 2)
	b.exec(`INSERT INTO proposal_results (proposal_id, at) VALUES (?, 1)`, first)
	err := b.noun.Accept(t.Context(), ann(), form)
	b.refused(err, fault.Conflict, "")
	if err == nil || !strings.Contains(err.Error(), "Version 1 of this proposal was carried out already") {
		t.Errorf("accepted: %v", err)
	}
	if err := b.try(`UPDATE proposals SET state = 'accepted', decided_at = 1 WHERE id = ?`, second); err == nil {
		t.Error("the database accepts a version after one that was carried out")
	}
	b.exec(`DELETE FROM proposal_results`)
	b.must(b.noun.Accept(t.Context(), ann(), form))
	if err := b.try(`INSERT INTO proposal_results (proposal_id, at) VALUES (?, 1)`, first); err == nil {
		t.Error("the database carries out what was replaced")
	}
}

// exported expects that an export has the version with that title, as one that was
// accepted, and that an import finds the same.
func (b *desk) exported(number, title string) {
	b.Helper()
	rows, err := b.db.Read().ExportProposals(b.Context(), db.ExportProposalsParams{UpToID: 1000})
	b.must(err)
	if len(rows) != 4 {
		b.Errorf("%d lines in the export", len(rows))
	}
	for _, r := range rows {
		if r.Title != title || r.State != "accepted" {
			b.Errorf("exported is %q, %s", r.Title, r.State)
		}
	}
	papers, err := b.db.Read().ExportProposalPapers(b.Context(), db.ExportProposalPapersParams{HowMany: 10})
	b.must(err)
	if len(papers) != 1 || !papers[0].SignedDocumentID.Valid {
		b.Errorf("papers in the export: %+v", papers)
	}
	if found, err := b.db.Read().FindProposal(b.Context(), number); err != nil || found.Title != title {
		b.Errorf("an import finds %q, %v", found.Title, err)
	}
}

// listed expects that many versions in Ann's list.
func (b *desk) listed(many int) {
	b.Helper()
	rows, err := b.db.Read().ListProposalsForCustomer(b.Context(), db.ListProposalsForCustomerParams{CustomerID: 1, Most: 10})
	b.must(err)
	if len(rows) != many {
		b.Errorf("%d are listed, not %d", len(rows), many)
	}
}
