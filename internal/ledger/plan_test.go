package ledger_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/internal/ledger"
)

// recorder passes queries on to the reader and keeps how SQLite means to run them.
type recorder struct {
	*sql.DB
	t     *testing.T
	plans []string
}

func (r *recorder) explain(query string, args []any) {
	r.t.Helper()
	rows, err := r.DB.Query("EXPLAIN QUERY PLAN "+query, args...)
	must(r.t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		must(r.t, rows.Scan(&id, &parent, &unused, &detail))
		r.plans = append(r.plans, detail)
	}
	must(r.t, rows.Err())
}

func (r *recorder) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	r.explain(query, args)
	return r.DB.QueryContext(ctx, query, args...)
}

func (r *recorder) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	r.explain(query, args)
	return r.DB.QueryRowContext(ctx, query, args...)
}

// What the busy screens read comes out of indexes, in order, whatever the size
// of the books: nothing is scanned and nothing is sorted.
func TestQueryPlans(t *testing.T) {
	b := newBooks(t)
	for _, c := range []struct {
		name string
		read func(q *db.Queries) error
		want []string
	}{
		{"open invoices", func(q *db.Queries) error { _, err := ledger.Payable(t.Context(), q, 1); return err }, []string{
			"SEARCH i USING COVERING INDEX invoices_open (customer_id=?)",
			"SEARCH a USING COVERING INDEX allocations_invoice (invoice_id=?)",
		}},
		{"paid invoices", func(q *db.Queries) error {
			_, err := q.ListPaidInvoicesForCustomer(t.Context(), db.ListPaidInvoicesForCustomerParams{CustomerID: 1, InvoiceDate: today, ID: 1, Most: 25})
			return err
		}, []string{"SEARCH i USING COVERING INDEX invoices_paid (customer_id=? AND invoice_date<?)"}},
		{"what waits behind the tabs", func(q *db.Queries) error {
			_, err := q.GetWaitingForCustomer(t.Context(), db.GetWaitingForCustomerParams{CustomerID: 1, Today: today})
			return err
		}, []string{"SEARCH i USING COVERING INDEX invoices_open (customer_id=? AND due_date<?)", "SEARCH a USING COVERING INDEX allocations_invoice (invoice_id=?)",
			"SEARCH m USING INDEX methods_customer (customer_id=? AND ended_at=?)", "SEARCH s USING COVERING INDEX method_setups_customer (customer_id=? AND state=?)"}},
		{"unapplied credit", func(q *db.Queries) error { _, err := ledger.Unapplied(t.Context(), q, 1); return err },
			[]string{"SEARCH ledger USING COVERING INDEX ledger_unapplied (customer_id=?)"}},
		{"home", func(q *db.Queries) error {
			_, err := q.GetHomeForCustomer(t.Context(), db.GetHomeForCustomerParams{CustomerID: 1})
			return err
		}, []string{
			"SEARCH c USING INTEGER PRIMARY KEY (rowid=?)",
			"SEARCH m USING INDEX mandates_active (customer_id=?) LEFT-JOIN",
			"SEARCH l USING COVERING INDEX ledger_unapplied (customer_id=?)",
		}},
		{"credit by payment", func(q *db.Queries) error {
			_, err := q.CountLedgerFacts(t.Context(), db.CountLedgerFactsParams{CustomerID: 1, After: "a", Before: "b"})
			return err
		},
			[]string{"SEARCH ledger USING INDEX"}},
		{"payments", func(q *db.Queries) error {
			_, err := q.ListPaymentsForCustomer(t.Context(), db.ListPaymentsForCustomerParams{CustomerID: 1, PaymentDate: today, ID: 1, Most: 25})
			return err
		}, []string{"SEARCH payments USING INDEX payments_customer (customer_id=? AND payment_date<?)"}},
		{"posting", func(q *db.Queries) error { _, err := q.ListLedgerOfPayment(t.Context(), db.NullID(1)); return err },
			[]string{"SEARCH ledger USING INDEX ledger_payment (payment_id=?)"}},
		{"logo", func(q *db.Queries) error {
			_, err := q.GetLogo(t.Context())
			if err == sql.ErrNoRows {
				return nil
			}
			return err
		}, []string{"SCAN documents USING INDEX documents_logo"}},
	} {
		r := &recorder{DB: b.db.Reader(), t: t}
		must(t, c.read(db.New(r)))
		plan := strings.Join(r.plans, "\n")
		for _, want := range c.want {
			if !strings.Contains(plan, want) {
				t.Errorf("%s: missing %q in\n%s", c.name, want, plan)
			}
		}
		for _, line := range r.plans {
			harmless := line == "SCAN p" || line == "SCAN e" || // the few phones and addresses of one customer, just searched
				line == "SCAN CONSTANT ROW" || // no table at all
				strings.Contains(line, "documents_logo") // an index of nothing but logos
			if strings.HasPrefix(line, "SCAN ") && !harmless || strings.Contains(line, "TEMP B-TREE") {
				t.Errorf("%s: %s in\n%s", c.name, line, plan)
			}
		}
	}
}
