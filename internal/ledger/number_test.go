package ledger_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
)

// numbered issues an invoice that takes its number from the sequence.
func (b *books) numbered(q *db.Queries) (id int64, err error) {
	return ledger.IssueInvoice(b.Context(), q, 1, ledger.InvoiceRecord{CustomerID: 1, Date: today,
		Lines: []ledger.Line{{Description: "Monitoring", Quantity: 1000, UnitPrice: 4500}}})
}

// next issues one and returns its number.
func (b *books) next() (number string) {
	b.Helper()
	must(b, b.write(func(q *db.Queries) error {
		id, err := b.numbered(q)
		if err != nil {
			return err
		}
		i, err := q.GetInvoiceToPrint(b.Context(), id)
		number = i.Number
		return err
	}))
	return number
}

func (b *books) set(key, value string) {
	b.Helper()
	must(b, b.store.Set(b.Context(), audit.Program, map[string]string{key: value}))
}

func TestInvoiceNumbersFollowEachOther(t *testing.T) {
	b := newBooks(t)
	var got []string
	add := func() { got = append(got, b.next()) }
	add() // empty books
	b.issue(1, "2040", today, 100)
	b.issue(1, "1002", today, 100) // taken by hand
	b.issue(1, "A-9999", today, 100)
	add()
	add()
	b.set("invoices.prefix", "INV-")
	add()
	b.set("invoices.next_number", "0099") // keeps its zeros
	b.issue(1, "inv-0100", today, 100)    // numbers are one in any case
	add()
	add()
	b.set("invoices.prefix", "A-")
	b.set("invoices.next_number", "") // after the highest of the prefix
	add()
	b.set("invoices.prefix", "")
	b.set("invoices.next_number", "")
	add()
	want := []string{"1001", "1003", "1004", "INV-1005", "INV-0099", "INV-0101", "A-10000", "2041"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestInvoiceNumberIsGivenBack(t *testing.T) {
	b := newBooks(t)
	first := b.next()
	undone := errors.New("undone")
	if err := b.write(func(q *db.Queries) error {
		_, err := b.numbered(q)
		return errors.Join(err, undone)
	}); !errors.Is(err, undone) {
		t.Fatal(err)
	}
	// what is refused takes none either, even when the transaction goes on
	must(t, b.write(func(q *db.Queries) error {
		_, err := ledger.IssueInvoice(t.Context(), q, 1, ledger.InvoiceRecord{CustomerID: 1, Date: today})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("an invoice without lines: %v", err)
		}
		return nil
	}))
	if second := b.next(); first != "1001" || second != "1002" {
		t.Errorf("%s, %s", first, second)
	}
}

func TestInvoiceNumbersAtOnce(t *testing.T) {
	b := newBooks(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if err := b.write(func(q *db.Queries) error { _, err := b.numbered(q); return err }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if b.count("invoices") != 16 || b.next() != "1017" {
		t.Errorf("%d invoices", b.count("invoices"))
	}
}

// BenchmarkIssueInvoices issues what a large dealer bills in a month, in one
// transaction, past as many numbers that are taken.
func BenchmarkIssueInvoices(b *testing.B) {
	const many = 20_000
	for b.Loop() {
		b.StopTimer()
		books := newBooks(b)
		must(b, books.write(func(q *db.Queries) error {
			for n := range many {
				_, err := ledger.IssueInvoice(b.Context(), q, 1, ledger.InvoiceRecord{Number: fmt.Sprint(n + 1), CustomerID: 1,
					Date: today, Lines: []ledger.Line{{Description: "Monitoring", Quantity: 1000, UnitPrice: 4500}}})
				if err != nil {
					return err
				}
			}
			return nil
		}))
		books.set("invoices.next_number", "1")
		b.StartTimer()
		must(b, books.write(func(q *db.Queries) error {
			for range many {
				if _, err := books.numbered(q); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	b.ReportMetric(float64(many)*float64(b.N)/b.Elapsed().Seconds(), "invoices/s")
}
