package ledger_test

import (
	"bytes"
	"errors"
	"testing"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
)

func TestBatchPaper(t *testing.T) {
	b := newBooks(t)
	var ids []int64
	must(t, b.write(func(q *db.Queries) error {
		for range 5 {
			id, err := b.numbered(q)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	}))
	frozen, err := b.service.InvoicePaper(t.Context(), 1, "1003")
	must(t, err)
	paper, err := b.service.BatchPaper(t.Context(), ids)
	must(t, err)
	if paper.Name != "Invoices-5.pdf" || !bytes.HasPrefix(paper.Body, []byte("%PDF-")) || b.count("documents") != 5 {
		t.Errorf("%s, %d papers are kept", paper.Name, b.count("documents"))
	}
	// what the customer gets is what was printed, then and ever after
	again, err := b.service.InvoicePaper(t.Context(), 1, "1003")
	must(t, err)
	if !bytes.Equal(frozen.Body, again.Body) {
		t.Error("printing made another paper")
	}
	second, err := b.service.BatchPaper(t.Context(), ids)
	must(t, err)
	if !bytes.Equal(paper.Body, second.Body) {
		t.Error("the same batch is another file")
	}
	void := b.issue(1, "V", today, 100)
	b.exec(`UPDATE invoices SET state = 'void' WHERE id = ?`, void)
	for name, bad := range map[string][]int64{"none": nil, "a void one": {ids[0], void}, "one that is not there": {99}, "too many": make([]int64, ledger.MaxBatch+1)} {
		if _, err := b.service.BatchPaper(t.Context(), bad); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := b.service.PrintInvoices(t.Context(), audit.Program, name, bad); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b.count("print_batches")+b.count("print_batch_invoices") != 0 {
		t.Error("what was refused is written down as printed")
	}
}

func TestInvoicesGoOutOnce(t *testing.T) {
	b := newBooks(t)
	b.issue(1, "imported", today, 100)
	var first, second int64
	must(t, b.write(func(q *db.Queries) (err error) {
		if first, err = b.numbered(q); err == nil {
			second, err = b.numbered(q)
		}
		return err
	}))
	if b.count("invoices_to_send") != 2 {
		t.Fatalf("%d have yet to go out", b.count("invoices_to_send"))
	}
	undone := errors.New("undone")
	mail := func(end error) error {
		return b.write(func(q *db.Queries) error {
			queued, err := b.service.MailInvoice(t.Context(), q, 1, first, "issued")
			if err != nil || !queued {
				t.Errorf("%v, %v", queued, err)
			}
			return end
		})
	}
	b.exec(`INSERT INTO customer_emails (customer_id, position, email) VALUES (1, 0, 'ann@example.com')`)
	if err := mail(undone); !errors.Is(err, undone) || b.count("invoices_to_send") != 2 {
		t.Errorf("a mail that was not queued counts: %v", err)
	}
	must(t, mail(nil))
	batch, err := b.service.PrintInvoices(t.Context(), audit.Program, "n", []int64{second})
	must(t, err)
	again, err := b.service.PrintInvoices(t.Context(), audit.Program, "n", []int64{second})
	must(t, err)
	if batch == 0 || again != batch || b.count("invoices_to_send") != 0 || b.count("print_batch_invoices") != 1 {
		t.Errorf("batch %d, again %d, %d left", batch, again, b.count("invoices_to_send"))
	}
}
