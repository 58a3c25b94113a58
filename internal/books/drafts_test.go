package books_test

import (
	"database/sql"
	"maps"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/account"
)

// TestDraftsAreInNoFile: a draft is nobody's debt, so it is not exported, and
// what is exported is the same with drafts and without.
func TestDraftsAreInNoFile(t *testing.T) {
	d := dbtest.New(t)
	if err := d.Write(t.Context(), func(q *db.Queries) error {
		_, _, err := account.SaveCustomer(t.Context(), q, 1, account.Record{Number: "1", BusinessName: "Acme"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	s := service(t, d)
	before := exported(t, s)
	if err := d.WriteTx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO invoice_drafts (id, customer_id, invoice_date, total_cents, nonce, created_at, updated_at) VALUES (1, 1, '2026-11-15', 4500, 'n', 1, 1);
			INSERT INTO invoice_draft_lines VALUES (1, 1, 'Keypad of the draft', 1000, 4500, 1)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	after := exported(t, s)
	if !maps.Equal(before, after) {
		t.Error("a draft changed what is exported")
	}
	for name, text := range after {
		if strings.Contains(text, "Keypad of the draft") {
			t.Errorf("the draft is in %s", name)
		}
	}
}
