package office_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/db/dbtest"
)

// planner passes queries on to the reader and keeps how SQLite means to run them.
type planner struct {
	*sql.DB
	t     *testing.T
	plans []string
}

func (p *planner) explain(query string, args []any) {
	p.t.Helper()
	rows, err := p.DB.Query("EXPLAIN QUERY PLAN "+query, args...)
	must(p.t, err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		must(p.t, rows.Scan(&id, &parent, &unused, &detail))
		p.plans = append(p.plans, detail)
	}
	must(p.t, rows.Err())
}

func (p *planner) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	p.explain(query, args)
	return p.DB.QueryContext(ctx, query, args...)
}

func (p *planner) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	p.explain(query, args)
	return p.DB.QueryRowContext(ctx, query, args...)
}

// TestQueryPlans keeps the office's lists and sums in the indexes made for them,
// so that they cost what they show and not what the books hold.
func TestQueryPlans(t *testing.T) {
	d := dbtest.New(t)
	ctx := t.Context()
	for _, c := range []struct {
		name string
		read func(q *db.Queries) error
		want []string
	}{
		// an index of nothing but open invoices, read in order and no further
		{"what is due by day", func(q *db.Queries) error { _, err := q.ListDueDays(ctx); return err },
			[]string{"SCAN invoices USING COVERING INDEX invoices_aging"}},
		{"what was taken", func(q *db.Queries) error { _, err := q.SumTaken(ctx, today); return err },
			[]string{"SEARCH ledger USING COVERING INDEX ledger_taken (entry_date>?)"}},
		{"unknown outcomes", func(q *db.Queries) error {
			_, err := q.ListUnknownPayments(ctx, db.ListUnknownPaymentsParams{Before: 1, Most: 8})
			return err
		}, []string{"SEARCH p USING INDEX payments_in_flight (state=?)"}},
		{"returned and declined", func(q *db.Queries) error {
			_, err := q.ListTroubledPayments(ctx, db.ListTroubledPaymentsParams{Most: 8})
			return err
		}, []string{"SEARCH p USING INDEX payments_trouble (created_at>?)", "SEARCH n USING INDEX payments_customer (customer_id=?)"}},
		{"registrations", func(q *db.Queries) error { _, err := q.CountHelp(ctx); return err },
			[]string{"SEARCH registrations USING COVERING INDEX registrations_state (state=?)"}},
		{"mail", func(q *db.Queries) error { _, err := q.CountMail(ctx); return err }, []string{"outbox_due", "outbox_failed"}},
		{"failed mail", func(q *db.Queries) error { _, err := q.ListFailedMail(ctx, 8); return err }, []string{"SCAN outbox USING INDEX outbox_failed"}},
		{"mail log", func(q *db.Queries) error {
			_, err := q.ListMail(ctx, db.ListMailParams{BeforeAt: 9, BeforeID: 9, MaxRows: 20})
			return err
		}, []string{"outbox_created"}},
		{"balances of a page", func(q *db.Queries) error { _, err := q.ListBalances(ctx, []int64{1, 2}); return err },
			[]string{"SEARCH invoices USING COVERING INDEX invoices_open (customer_id=?)"}},
		{"all invoices", func(q *db.Queries) error {
			_, err := q.ListInvoices(ctx, db.ListInvoicesParams{InvoiceDate: today, ID: 1, Most: 20})
			return err
		}, []string{"SEARCH i USING INDEX invoices_newest (invoice_date<?)"}},
		{"open invoices", func(q *db.Queries) error {
			_, err := q.ListOpenInvoices(ctx, db.ListOpenInvoicesParams{InvoiceDate: today, ID: 1, Most: 20})
			return err
		}, []string{"SEARCH i USING INDEX invoices_newest_open (invoice_date<?)"}},
		{"paid invoices", func(q *db.Queries) error {
			_, err := q.ListPaidInvoices(ctx, db.ListPaidInvoicesParams{InvoiceDate: today, ID: 1, Most: 20})
			return err
		}, []string{"SEARCH i USING INDEX invoices_newest_paid (invoice_date<?)"}},
		{"void invoices", func(q *db.Queries) error {
			_, err := q.ListVoidInvoices(ctx, db.ListVoidInvoicesParams{InvoiceDate: today, ID: 1, Most: 20})
			return err
		}, []string{"SEARCH i USING INDEX invoices_newest_void (invoice_date<?)"}},
		{"invoices past due", func(q *db.Queries) error {
			_, err := q.ListPastDueInvoices(ctx, db.ListPastDueInvoicesParams{Today: today, DueDate: "2026-01-01", ID: 1, Most: 20})
			return err
		}, []string{"SEARCH i USING INDEX invoices_overdue (due_date>? AND due_date<?)"}},
		{"invoices to send", func(q *db.Queries) error {
			_, err := q.ListInvoicesToSend(ctx, db.ListInvoicesToSendParams{Most: 20})
			return err
		}, []string{"SEARCH t USING INTEGER PRIMARY KEY (rowid>?)"}},
		{"invoices by number", func(q *db.Queries) error {
			_, err := q.FindInvoices(ctx, db.FindInvoicesParams{Number: "A", Beyond: "B", Most: 20})
			return err
		}, []string{"SEARCH i USING INDEX sqlite_autoindex_invoices_1 (number>? AND number<?)"}},
		{"drafts", func(q *db.Queries) error {
			_, err := q.ListDrafts(ctx, db.ListDraftsParams{UpdatedAt: 1, ID: 1, Most: 20})
			return err
		}, []string{"SEARCH d USING INDEX invoice_drafts_open (updated_at<?)"}},
		{"how many have yet to go out", func(q *db.Queries) error { _, err := q.CountInvoicesToSend(ctx); return err },
			[]string{"SCAN t", "SEARCH i EXISTS USING INTEGER PRIMARY KEY (rowid=?)"}},
		{"those that have yet to go out", func(q *db.Queries) error { _, err := q.ListIDsToSend(ctx, 500); return err },
			[]string{"SCAN t", "SEARCH i EXISTS USING INTEGER PRIMARY KEY (rowid=?)"}},
		{"mails of an invoice", func(q *db.Queries) error {
			_, err := q.ListMailsOfInvoice(ctx, db.ListMailsOfInvoiceParams{FromFact: "invoice 1 ", ToFact: "invoice 1!"})
			return err
		}, []string{"SEARCH outbox USING INDEX sqlite_autoindex_outbox_1 (fact>? AND fact<?)"}},
		{"a customer's invoices", func(q *db.Queries) error {
			_, err := q.ListInvoicesForCustomer(ctx, db.ListInvoicesForCustomerParams{CustomerID: 1, InvoiceDate: today, Most: 20})
			return err
		}, []string{"SEARCH i USING INDEX invoices_customer (customer_id=?"}},
		{"a customer's history", func(q *db.Queries) error {
			_, err := q.ListAuditForCustomer(ctx, db.ListAuditForCustomerParams{CustomerID: db.NullID(1), BeforeAt: 9, BeforeID: 9, Most: 30})
			return err
		}, []string{"SEARCH audit USING INDEX audit_customer (customer_id=? AND at<?)"}},
		{"a customer's mail", func(q *db.Queries) error {
			_, err := q.ListMailOfCustomer(ctx, db.ListMailOfCustomerParams{CustomerID: db.NullID(1), Limit: 10})
			return err
		}, []string{"SEARCH outbox USING INDEX outbox_customer (customer_id=?)"}},
	} {
		p := &planner{DB: d.Reader(), t: t}
		must(t, c.read(db.New(p)))
		plan := strings.Join(p.plans, "\n")
		for _, want := range c.want {
			if !strings.Contains(plan, want) {
				t.Errorf("%s: missing %q in\n%s", c.name, want, plan)
			}
		}
		for _, line := range p.plans {
			partial := strings.Contains(line, "invoices_aging") || strings.Contains(line, "outbox_") || line == "SCAN t" // the few that have yet to go out
			if strings.HasPrefix(line, "SCAN ") && !partial && line != "SCAN CONSTANT ROW" {
				t.Errorf("%s: %s", c.name, line)
			}
			// the few payments under way, and one customer's invoices of two states, are sorted
			small := c.name == "unknown outcomes" || c.name == "mails of an invoice" || c.name == "a customer's invoices"
			if strings.Contains(line, "TEMP B-TREE") && !small {
				t.Errorf("%s: %s in\n%s", c.name, line, plan)
			}
		}
	}
}
