package ledger_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"testing"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

func TestInvoicePaperIsMadeOnce(t *testing.T) {
	b := newBooks(t)
	id := b.issue(1, "10001", today, 10000)
	papers := make([]ledger.Paper, 8)
	var wg sync.WaitGroup
	for i := range papers {
		wg.Go(func() {
			var err error
			if papers[i], err = b.service.InvoicePaper(t.Context(), 1, "10001"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if b.count("documents") != 1 {
		t.Errorf("%d papers were kept", b.count("documents"))
	}
	// paid, renamed, and still the same paper
	_, err := b.record(1, 10000, ledger.Allocation{InvoiceID: id})
	must(t, err)
	b.exec(`UPDATE customers SET display_name = 'Somebody else' WHERE id = 1`)
	must(t, b.store.Set(t.Context(), audit.Program, map[string]string{"company.name": "Another Alarm Co"}))
	last, err := b.service.InvoicePaper(t.Context(), 1, "10001")
	must(t, err)
	for _, p := range append(papers, last) {
		sum := sha256.Sum256(p.Body)
		if p.Name != "INV-10001.pdf" || p.MIME != "application/pdf" || !bytes.Equal(p.Body, last.Body) || p.SHA256 != hex.EncodeToString(sum[:]) {
			t.Fatalf("%s, %s, %d bytes, %s", p.Name, p.MIME, len(p.Body), p.SHA256)
		}
	}
	if !bytes.HasPrefix(last.Body, []byte("%PDF-")) {
		t.Error("not a PDF")
	}
}

func TestPapersAreTheOwnersAlone(t *testing.T) {
	b := newBooks(t)
	b.issue(2, "20001", today, 10000)
	b.issue(1, "10009", today, 10000)
	b.exec(`INSERT INTO invoices (number, customer_id, state, invoice_date, due_date, tax_cents, total_cents, balance_cents, created_at)
		VALUES ('D-1', 1, 'draft', '2026-11-01', '2026-11-01', 0, 0, 0, 1)`)
	for _, number := range []string{"20001", "nothing", "", "D-1"} {
		if _, err := b.service.InvoicePaper(t.Context(), 1, number); err == nil || err.Error() != fault.Missing("invoice").Error() {
			t.Errorf("%q: %v", number, err)
		}
	}
	must(t, b.write(func(q *db.Queries) error {
		_, err := ledger.RecordPayment(t.Context(), q, 1, ledger.PaymentRecord{Reference: "P2", CustomerID: 2, Kind: ledger.Cash, Amount: 1, Date: today, Source: "import"})
		return err
	}))
	b.payment(60, "failed", "'stripe', ''")
	for _, reference := range []string{"P2", "nothing", ""} {
		if _, err := b.service.ReceiptFor(t.Context(), 1, reference); err == nil || err.Error() != fault.Missing("payment").Error() {
			t.Errorf("%q: %v", reference, err)
		}
	}
	if _, err := b.service.ReceiptPaper(t.Context(), 1, "REF-60"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the receipt of a declined payment: %v", err)
	}
}

func TestReceipt(t *testing.T) {
	b := newBooks(t)
	one, two := b.issue(1, "10001", today, 10000), b.issue(1, "10002", today.AddDays(1), 5000)
	id, err := b.record(1, 12500, ledger.Allocation{InvoiceID: one}, ledger.Allocation{InvoiceID: two, Cents: 2000})
	must(t, err)
	var reference string
	must(t, b.db.Reader().QueryRow(`SELECT reference FROM payments WHERE id = ?`, id).Scan(&reference))
	_, err = b.record(1, 1000, ledger.Allocation{InvoiceID: two}) // a later payment does not change the receipt
	must(t, err)
	r, err := b.service.ReceiptFor(t.Context(), 1, reference)
	must(t, err)
	if r.State != ledger.Received || r.Method != "Check 1042" || r.Unapplied != 500 || len(r.Parts) != 2 ||
		r.Parts[1] != (ledger.ReceiptPart{Invoice: "10002", Date: today.AddDays(1 - 30), Total: 5000, Amount: 2000, Left: 3000, Owed: 2000}) {
		t.Errorf("%+v", r)
	}
	p, err := b.service.ReceiptPaper(t.Context(), 1, reference)
	must(t, err)
	if p.Name != "Receipt-"+reference+".pdf" || !bytes.HasPrefix(p.Body, []byte("%PDF-")) {
		t.Error(p.Name)
	}
	must(t, b.write(func(q *db.Queries) error {
		_, _, err := ledger.Reverse(t.Context(), q, ledger.Reversal{PaymentID: id, CustomerID: 1, Reason: ledger.Return, Fact: "return 1", Date: today, At: 2})
		return err
	}))
	b.exec(`UPDATE payments SET state = 'returned' WHERE id = ?`, id)
	if r, err = b.service.ReceiptFor(t.Context(), 1, reference); err != nil || r.State != ledger.Returned || r.Parts[0].Amount != 10000 || r.Parts[0].Owed != 10000 {
		t.Errorf("%+v, %v", r, err)
	}
	if got := b.findings(); got != "" {
		t.Error(got)
	}

	// one that is under way shows what it is meant for
	b.payment(60, "processing", "'stripe', ''")
	b.exec(`INSERT INTO allocations VALUES (60, ?, 1000)`, two)
	if r, err = b.service.ReceiptFor(t.Context(), 1, "REF-60"); err != nil || r.State != ledger.Submitted || r.Parts[0].Amount != 1000 || r.Parts[0].Left != 3000 || r.Unapplied != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// Every state that is stored has words of its own, and a receipt only when money moved.
func TestStateOf(t *testing.T) {
	for state, want := range map[string]string{
		"draft": "Not made", "canceled": "Not made", "expired": "Not made", "planned": "Being checked", "submitted": "Being checked", "processing": "Submitted +",
		"action": "Waiting for you", "succeeded": "Received +", "won": "Received +", "failed": "Declined", "returned": "Returned +", "lost": "Returned +",
		"disputed": "Disputed +", "partially_refunded": "Partly refunded +", "refunded": "Refunded +",
	} {
		s := ledger.StateOf(state)
		got := string(s)
		if s.HasReceipt() {
			got += " +"
		}
		if got != want || (s.Meaning() == "") != (s == ledger.Received) {
			t.Errorf("%s: %s, %q", state, got, s.Meaning())
		}
	}
}

func TestStatement(t *testing.T) {
	b := newBooks(t)
	one := b.issue(1, "10001", "2026-11-10", 10000) // dated Oct 11
	two := b.issue(1, "10002", "2026-12-10", 5000)  // dated Nov 10
	b.issue(2, "20001", "2026-12-10", 7777)
	id, err := b.record(1, 11000, ledger.Allocation{InvoiceID: one})
	must(t, err)
	must(t, b.write(func(q *db.Queries) error {
		return ledger.ApplyCredit(t.Context(), q, ledger.CreditUse{CustomerID: 1, InvoiceID: two, Cents: 600, Fact: "apply 1", Date: today, At: 1})
	}))
	var reference string
	must(t, b.db.Reader().QueryRow(`SELECT reference FROM payments WHERE id = ?`, id).Scan(&reference))
	csv, err := b.service.StatementTable(t.Context(), 1, "2026-11-01", today)
	must(t, err)
	want := strings.Join([]string{
		`"Customer #","Date","Description","Number","Amount","Balance"`,
		`"C1","2026-11-01","Opening balance","","","100.00"`,
		`"C1","2026-11-10","Invoice","10002","50.00","150.00"`,
		`"C1","2026-11-15","Payment, Check 1042","` + reference + `","-110.00","40.00"`,
		`"C1","2026-11-15","Closing balance","","","40.00"`, "",
	}, "\r\n")
	if string(csv.Body) != "\ufeff"+want || csv.Name != "Statement-2026-11-01-2026-11-15.csv" {
		t.Errorf("%s\n%s\nwant\n%s", csv.Name, csv.Body, want)
	}
	paper, err := b.service.StatementPaper(t.Context(), 1, "2026-11-01", today)
	must(t, err)
	if !bytes.HasPrefix(paper.Body, []byte("%PDF-")) {
		t.Error("not a PDF")
	}
	// what a statement closes with is what is owed, less the credit held
	open, err := ledger.Payable(t.Context(), b.db.Read(), 1)
	must(t, err)
	if owed := ledger.Sum(open, today).Balance - b.unapplied(1); owed != money.Cents(4000) {
		t.Errorf("owed %s", owed)
	}
	if _, err := b.service.StatementTable(t.Context(), 1, today, today.AddDays(-1)); !fault.Is(err, fault.Invalid) {
		t.Errorf("a period that ends before it begins: %v", err)
	}
}
