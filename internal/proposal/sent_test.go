package proposal_test

import (
	"strings"
	"testing"

	"customerportal/internal/audit"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/proposal"
)

// offer writes and sends a proposal the way the office does, and returns its id.
func (b *desk) offer(d proposal.Draft) int64 {
	b.Helper()
	staff := audit.Actor{Kind: audit.Staff, StaffID: 1, Role: "sales"}
	saved, err := b.noun.Save(b.Context(), staff, d)
	b.must(err)
	b.sendDraft(saved, 0)
	return saved.ID
}

func (b *desk) sendDraft(saved proposal.Saved, replaces int64) {
	b.Helper()
	staff := audit.Actor{Kind: audit.Staff, StaffID: 1, Role: "sales"}
	var total, monthly int64
	b.must(b.db.Reader().QueryRow(`SELECT total_cents, monthly_cents FROM proposals WHERE id = ?`, saved.ID).Scan(&total, &monthly))
	_, err := b.noun.Send(b.Context(), staff, proposal.Sending{ID: saved.ID, Saves: saved.Saves, Replaces: replaces, Total: money.Cents(total), Monthly: money.Cents(monthly), To: []string{"ann@example.com"}})
	b.must(err)
}

func atHome() proposal.Draft {
	return proposal.Draft{Nonce: "n1", CustomerID: 1, Number: "P-1", Title: "New alarm system", Residential: true, ValidUntil: "2026-12-01", SalespersonID: 1, DepositPPM: 300_000,
		Lines: []proposal.Line{{Description: "Panel", Quantity: 1000, UnitPrice: 100_000, Chosen: true}, {Description: "Siren", Quantity: 1000, UnitPrice: 10_000, Optional: true, Chosen: true}}}
}

// staffed adds the salesperson.
func (b *desk) staffed() {
	b.Helper()
	b.exec(`INSERT INTO staff (id, email, name, role, created_at) VALUES (1, 'sally@harborlight.example', 'Sally Sale', 'sales', 1)`)
}

// TestAcceptAtHome fills in the notice of cancellation, counted from the day of
// the acceptance.
func TestAcceptAtHome(t *testing.T) {
	b := newDesk(t)
	b.staffed()
	b.offer(atHome())
	b.must(b.noun.Accept(t.Context(), ann(), b.form("P-1"))) // on Monday, Nov 2
	signed, err := b.noun.SignedForCustomer(t.Context(), ann(), "P-1", 0)
	b.must(err)
	text := pdfText(t, signed.Body)
	for _, want := range []string{"You, the buyer, may cancel this transaction", "Date of transaction: Nov 2, 2026", "NOT LATER THAN MIDNIGHT OF Nov 5, 2026", "Copy 1 of 2", "Copy 2 of 2", "Sally Sale", "Sent", "A deposit of $330.00 is due now"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the signed copy", want)
		}
	}
	if got := b.text(`SELECT text_body FROM outbox WHERE kind = 'proposal_signed'`); !strings.Contains(got, "You may cancel until midnight of Nov 5, 2026") {
		t.Errorf("the mail: %s", got)
	}
	v, err := b.noun.ReadForCustomer(t.Context(), ann(), "P-1", 0, nil)
	b.must(err)
	if v.Decision.CancelBy != "2026-11-05" || v.Decision.Deposit != 33_000 {
		t.Errorf("%+v", v.Decision)
	}
	if got := b.text(`SELECT to_name || ' ' || to_email FROM outbox WHERE kind = 'proposal_accepted'`); got != "Sally Sale sally@harborlight.example" {
		t.Errorf("the salesperson's mail goes to %s", got)
	}
	if found := b.check(); len(found) > 0 {
		t.Error(found)
	}
}

// TestReplacedWhileItIsRead sends a new version while the customer has the old
// one open: it is told, and the new one can be accepted.
func TestReplacedWhileItIsRead(t *testing.T) {
	b := newDesk(t)
	b.staffed()
	first := b.offer(atHome())
	a := b.form("P-1")
	staff := audit.Actor{Kind: audit.Staff, StaffID: 1, Role: "sales"}
	saved, err := b.noun.NewVersion(t.Context(), staff, first, "2026-12-15", "n2")
	b.must(err)
	b.sendDraft(saved, first)
	if err := b.noun.Accept(t.Context(), ann(), a); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("the old version: %v", err)
	}
	v, err := b.noun.ReadForCustomer(t.Context(), ann(), "P-1", 1, nil)
	b.must(err)
	if v.State != proposal.StateReplaced || v.Newer != 2 || !strings.Contains(v.Closed, "newer version") || len(v.Others) != 1 || v.Others[0].Version != 2 {
		t.Errorf("the old version reads %s, newer %d, %q, %v", v.State, v.Newer, v.Closed, v.Others)
	}
	v, err = b.noun.ReadForCustomer(t.Context(), ann(), "P-1", 0, nil)
	b.must(err)
	if v.Version != 2 || v.State != proposal.StateNew {
		t.Fatalf("the newest is version %d, %s", v.Version, v.State)
	}
	// the form of the old version is not good for the new one
	stale := a
	stale.Version = 2
	if err := b.noun.Accept(t.Context(), ann(), stale); !fault.Is(err, fault.Conflict) {
		t.Errorf("the old form for the new version: %v", err)
	}
	b.must(b.noun.Accept(t.Context(), ann(), b.form("P-1")))
	if found := b.check(); len(found) > 0 {
		t.Error(found)
	}
	if n := b.text(`SELECT count(*) FROM proposal_decisions`); n != "1" {
		t.Errorf("%s decisions", n)
	}
}
