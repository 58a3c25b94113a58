package books_test

import (
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/internal/books"
)

// TestAnImportTakesNothingIntoAClosedPeriod: new rows of the closed period are
// refused at their date; what is in the books already is unchanged.
func TestAnImportTakesNothingIntoAClosedPeriod(t *testing.T) {
	s, d := filled(t)
	err := d.WriteTx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO settings (key, value, updated_at) VALUES ('books.locked_until', '2026-11-01', 1)`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const payments = "payment_number,customer_number,payment_date,payment_type,amount\nP1,1042,11/1/2026,Check,5.00\nP2,1042,11/2/2026,Check,5.00\n"
	r := imported(t, s, books.Options{}, csv("payments.csv", payments),
		csv("invoices.csv", oneInvoice+"10025,1042,11/1/2026,Monitoring,45.00\n10026,1042,11/2/2026,Monitoring,45.00\n"))
	if n := r.Totals(); n.New != 2 || n.Unchanged != 2 || n.Refused != 2 || !r.Written {
		t.Fatalf("%+v %v", n, r.Refused)
	}
	want := []string{"invoices.csv, line 4, invoice_date: the books are closed up to Nov 1, 2026", "payments.csv, line 2, payment_date: the books are closed up to Nov 1, 2026"}
	for i, f := range r.Refused {
		if !strings.HasPrefix(f.String(), want[i]) {
			t.Errorf("%s", f)
		}
	}
}
