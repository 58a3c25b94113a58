package proposal_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/ledger"
	"customerportal/internal/proposal"
)

func (b *desk) check() []string {
	b.Helper()
	var found []ledger.Finding
	b.must(b.db.View(b.Context(), func(q *db.Queries) (err error) {
		found, err = proposal.Check(b.Context(), q, calendar.Clock(b.clock.Now).Now())
		return err
	}))
	var out []string
	for _, f := range found {
		out = append(out, f.Object+" "+f.Problem)
	}
	return out
}

// decided is a desk with an accepted proposal with an attachment, a rejected one
// and an open one.
func decided(t *testing.T) *desk {
	t.Helper()
	b := newDesk(t)
	pdf, err := document.Proposal(document.ProposalData{Number: "x", Date: "2026-11-02"})
	b.must(err)
	b.send("P-1", func(r *proposal.Record) { r.Paper = pdf })
	b.send("P-2", nil)
	b.send("P-3", nil)
	b.must(b.noun.Accept(t.Context(), ann(), b.form("P-1", 3)))
	b.must(b.noun.Reject(t.Context(), ann(), proposal.Rejection{Answer: b.form("P-2").Answer, Reason: "no"}))
	return b
}

func TestVerify(t *testing.T) {
	b := decided(t)
	signed, err := b.noun.SignedForCustomer(t.Context(), ann(), "P-1", 0)
	b.must(err)
	shown, err := b.noun.PaperForCustomer(t.Context(), ann(), "P-3", 0)
	b.must(err)
	attached, err := b.noun.AttachmentForCustomer(t.Context(), ann(), "P-1", 0, 1)
	b.must(err)
	for name, c := range map[string]struct {
		pdf     []byte
		kind    string
		genuine bool
		words   string
	}{
		"the signed copy": {signed.Body, "signed", true, "Genuine: the signed copy of proposal P-1, version 1, for Ann Lee, signed by Ann Lee on Mon Nov 2, 2026, 12:00:00 PM EST."},
		"what was shown":  {shown.Body, "shown", true, "Genuine, but not signed: the paper of proposal P-3"},
		"an attachment":   {attached.Body, "attached", true, "Genuine: a document that was attached to proposal P-1"},
		"one byte more":   {append(bytes.Clone(signed.Body), '\n'), "", false, "not known here"},
		"one byte other":  {bytes.Replace(signed.Body, []byte("%PDF-1.3"), []byte("%PDF-1.4"), 1), "", false, "not known here"},
		"nothing":         {nil, "", false, "not known here"},
	} {
		v, err := b.noun.Verify(t.Context(), c.pdf)
		b.must(err)
		if v.Kind != c.kind || v.Genuine() != c.genuine || !strings.Contains(v.Words(), c.words) {
			t.Errorf("%s: %+v, %s", name, v, v.Words())
		}
	}
	v, err := b.noun.Verify(t.Context(), signed.Body)
	b.must(err)
	if v.Email != "ann@example.com" || v.Total != 151_200 || v.Monthly != 4_000 || v.State != proposal.StateAccepted || v.CustomerNumber != "C1" || !strings.Contains(v.Authenticated, "logged in") {
		t.Errorf("%+v", v)
	}
	// attached to another one, it is the signed copy still
	b.send("P-4", func(r *proposal.Record) { r.Paper = signed.Body })
	if v, err = b.noun.Verify(t.Context(), signed.Body); err != nil || v.Kind != "signed" || v.Number != "P-1" || !v.Genuine() {
		t.Errorf("a signed copy that is attached elsewhere: %+v, %v", v, err)
	}
	b.exec(`DROP TRIGGER proposal_decisions_no_update`)
	b.exec(`UPDATE proposal_decisions SET authenticated = 'in person', at = at + 1 WHERE decision = 'accepted'`)
	if v, err = b.noun.Verify(t.Context(), signed.Body); err != nil || v.Genuine() || len(v.Problems) != 1 {
		t.Errorf("evidence that was changed: %v, %v", v.Problems, err)
	}
	b.exec(`UPDATE proposal_decisions SET authenticated = ?, at = at - 1 WHERE decision = 'accepted'`, "logged in to the customer portal as ann@example.com, with a password")
	b.exec(`DROP TRIGGER proposal_events_no_update`)
	b.exec(`UPDATE proposal_events SET details = 'signed by somebody else' WHERE kind = 'accepted'`)
	v, err = b.noun.Verify(t.Context(), signed.Body)
	b.must(err)
	if v.Genuine() || len(v.Problems) != 3 {
		t.Errorf("a trail that was changed: %v", v.Problems)
	}
}

// TestCheck breaks the evidence in each way, and each is found.
func TestCheck(t *testing.T) {
	if got := decided(t).check(); len(got) != 0 {
		t.Fatalf("sound books: %v", got)
	}
	for name, c := range map[string]struct{ drop, breaks, want string }{
		"an entry changed":           {"proposal_events_no_update", `UPDATE proposal_events SET at = at + 1 WHERE id = 2`, `the entry "Imported" of its trail was changed`},
		"an entry taken out":         {"proposal_events_no_delete", `DELETE FROM proposal_events WHERE id = 2`, "is missing from the trail"},
		"the answer's entry gone":    {"proposal_events_no_delete", `DELETE FROM proposal_events WHERE kind = 'rejected'`, "its trail does not tell that it was rejected"},
		"the paper changed":          {"", `UPDATE documents SET body = x'00' WHERE id = (SELECT document_id FROM proposals WHERE number = 'P-3')`, "its paper is not the one that was sent"},
		"the signed copy changed":    {"", `UPDATE documents SET body = x'00' WHERE id = (SELECT signed_document_id FROM proposal_decisions WHERE decision = 'accepted')`, "the signed copy is not the one that the trail tells of"},
		"another signed copy":        {"", `UPDATE documents SET body = x'00', sha256 = '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d' WHERE id = (SELECT signed_document_id FROM proposal_decisions WHERE decision = 'accepted')`, "the signed copy is not the one that the trail tells of"},
		"the attachment changed":     {"", `UPDATE documents SET body = x'00' WHERE id = (SELECT document_id FROM proposal_attachments)`, "P-1.pdf is not the document that was attached"},
		"another attachment":         {"", `UPDATE documents SET body = x'00', sha256 = '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d' WHERE id = (SELECT document_id FROM proposal_attachments)`, "P-1.pdf is not on its paper"},
		"the strokes changed":        {"proposal_decisions_no_update", `UPDATE proposal_decisions SET strokes = ' ' || strokes WHERE strokes <> ''`, "the strokes of its signature were changed"},
		"the consent changed":        {"proposal_decisions_no_update", `UPDATE proposal_decisions SET consent_text = 'I agree' WHERE decision = 'accepted'`, "the consent that was given does not have its hash"},
		"another paper shown":        {"proposal_decisions_no_update", `UPDATE proposal_decisions SET shown_sha256 = consent_sha256 WHERE decision = 'accepted'`, "its answer names another paper"},
		"another sum":                {"proposal_decisions_no_update", `UPDATE proposal_decisions SET total_cents = 1 WHERE decision = 'accepted'`, "its lines come to $1,512.00, but $0.01 was accepted"},
		"other options":              {"proposal_decisions_no_update", `UPDATE proposal_decisions SET chosen = '[2,3]' WHERE decision = 'accepted'`, "was accepted"},
		"options that are none":      {"proposal_decisions_no_update", `UPDATE proposal_decisions SET chosen = 'x' WHERE decision = 'accepted'`, "cannot be read"},
		"another deposit":            {"invoices_frozen", `UPDATE invoices SET total_cents = 1, balance_cents = 0`, "its invoice is over $0.01"},
		"a state without its answer": {"proposals_frozen", `UPDATE proposals SET state = 'viewed', decided_at = 0 WHERE number = 'P-1'`, "is viewed, but was accepted"},
		"the last entry gone":        {"proposal_events_no_delete", `DELETE FROM proposal_events WHERE id = (SELECT max(id) FROM proposal_events)`, "something is missing from the trail: it had "},
		"another name":               {"proposal_decisions_no_update", `UPDATE proposal_decisions SET typed_name = 'Eve' WHERE decision = 'accepted'`, "the evidence of its answer is not what the trail tells of"},
		"other strokes":              {"proposal_decisions_no_update", `UPDATE proposal_decisions SET strokes = replace(strokes, '500', '501') WHERE decision = 'accepted'`, "the evidence of its answer is not what the trail tells of"},
		"another address":            {"proposal_decisions_no_update", `UPDATE proposal_decisions SET ip = '192.0.2.1' WHERE decision = 'accepted'`, "the evidence of its answer is not what the trail tells of"},
		"another reason":             {"proposal_decisions_no_update", `UPDATE proposal_decisions SET reason = 'yes' WHERE decision = 'rejected'`, "the evidence of its answer is not what the trail tells of"},
		"a line changed":             {"proposal_lines_no_update", `UPDATE proposal_lines SET unit_price_cents = 1 WHERE position = 1`, "was accepted"},
	} {
		b := decided(t)
		if c.drop != "" {
			b.exec(`DROP TRIGGER ` + c.drop)
		}
		b.exec(c.breaks)
		if got := b.check(); !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, c.want) }) {
			t.Errorf("%s: found %v", name, got)
		}
	}
}

// TestTheBooksRefuse tries to change evidence the way a program that has gone
// wrong would.
func TestTheBooksRefuse(t *testing.T) {
	b := decided(t)
	for _, statement := range []string{
		`UPDATE proposal_decisions SET typed_name = 'x'`, `DELETE FROM proposal_decisions`, `UPDATE proposal_events SET at = 1`, `DELETE FROM proposal_events`,
		`UPDATE proposals SET paper = 'x' WHERE number = 'P-3'`, `UPDATE proposals SET title = 'x' WHERE number = 'P-3'`, `UPDATE proposals SET state = 'sent' WHERE number = 'P-1'`,
		`UPDATE proposals SET state = 'rejected' WHERE number = 'P-1'`, `DELETE FROM proposals WHERE number = 'P-3'`, `UPDATE proposal_lines SET amount_cents = 1`,
		`DELETE FROM proposal_lines`, `DELETE FROM proposal_attachments`, `DELETE FROM proposal_trail`, `UPDATE proposal_trail SET entries = entries - 1`, `INSERT INTO proposal_attachments (proposal_id, position, document_id, name, pages) SELECT id, 9, document_id, 'x', 1 FROM proposals`,
	} {
		if b.try(statement) == nil {
			t.Errorf("%s is carried out", statement)
		}
	}
}
