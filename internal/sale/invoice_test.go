package sale_test

import (
	"database/sql"
	"strings"
	"sync"
	"testing"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/sale"
	"customerportal/internal/workorder"
)

func TestACompletedWorkOrderBecomesAnInvoice(t *testing.T) {
	s := newShop(t)
	number := s.work()
	b := s.bill(number)
	// 39.98 taxed with 6.25 % is 2.49875, half up 2.50; labour is not taxed
	if b.Why != "" || b.Subtotal != 39_98+142_50 || b.TaxTotal != 2_50 || b.Total != 184_98 || len(b.Lines) != 2 {
		t.Fatalf("%+v", b)
	}
	follow, stop := s.orders.Follow(number)
	defer stop()
	got, err := s.sale.InvoiceWorkOrder(t.Context(), teller, number, b.Version, b.Total, true)
	s.must(err)
	if got.Before || !got.Mailed || got.Number == "" {
		t.Errorf("%+v", got)
	}
	select {
	case <-follow:
	default:
		t.Error("an open page was not told")
	}
	for query, want := range map[string]int64{
		`SELECT total_cents FROM invoices`:   184_98,
		`SELECT balance_cents FROM invoices`: 184_98,
		`SELECT tax_cents FROM invoices`:     2_50,
		`SELECT count(*) FROM invoices WHERE invoice_date = '2026-11-15' AND due_date = '2026-11-25'`:       1,
		`SELECT count(*) FROM invoice_lines WHERE description = 'Work order ' || '` + number + `: Battery'`: 1,
		`SELECT count(*) FROM work_orders WHERE invoice_id IS NOT NULL`:                                     1,
		`SELECT count(*) FROM work_order_events WHERE kind = 'invoiced' AND staff_id = 1`:                   1,
		`SELECT count(*) FROM outbox WHERE kind = 'invoice_issued' AND to_email = 'ann@example.com'`:        1,
		`SELECT count(*) FROM audit WHERE action IN ('workorder.invoice', 'invoice.issue')`:                 2,
	} {
		if n := s.count(query); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	again, err := s.sale.InvoiceWorkOrder(t.Context(), teller, number, b.Version, b.Total, true)
	if err != nil || !again.Before || again.Number != got.Number || again.InvoiceID != got.InvoiceID || s.count(`SELECT count(*) FROM invoices`) != 1 {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	if s.bill(number).Invoice != got.Number {
		t.Error("the page does not know of it")
	}
	s.whole()
}

func TestWhatIsNotInvoiced(t *testing.T) {
	s := newShop(t)
	number := s.work()
	b := s.bill(number)
	try := func(number string, b sale.Bill) error {
		_, err := s.sale.InvoiceWorkOrder(t.Context(), teller, number, b.Version, b.Total, true)
		return err
	}
	s.refused(try("W-NOTHING", b), fault.NotFound, "", "work order")
	other := b
	other.Total++
	s.refused(try(number, other), fault.Conflict, "", "It comes to $184.98 now, not to $184.99")
	other = b
	other.Version--
	s.refused(try(number, other), fault.Conflict, "", "Somebody changed this work order")
	s.exec(`DROP TRIGGER tax_rates_frozen`)
	s.exec(`UPDATE tax_rates SET ppm = 100000`)
	s.refused(try(number, b), fault.Conflict, "", "It comes to $186.48 now")
	s.exec(`UPDATE tax_rates SET ppm = 62500`)
	s.exec(`INSERT INTO settings (key, value, updated_at) VALUES ('books.locked_until', '2026-11-15', 1)`)
	s.refused(try(number, b), fault.Invalid, "invoice_date", "closed")
	s.exec(`DELETE FROM settings WHERE key = 'books.locked_until'`)
	s.exec(`UPDATE sites SET tax_code = 'NOWHERE'`)
	s.refused(try(number, s.bill(number)), fault.Conflict, "", "not among the tax codes")
	s.exec(`UPDATE sites SET tax_code = 'MA'`)

	s.exec(`UPDATE work_order_lines SET unit_price_cents = 0`)
	s.refused(try(number, s.bill(number)), fault.Conflict, "", "come to $0.00")
	s.exec(`DELETE FROM work_order_lines`)
	s.refused(try(number, s.bill(number)), fault.Conflict, "", "no parts and no labour")
	open, err := s.orders.Create(t.Context(), teller, workorder.NewOrder{CustomerID: s.customer[0], SiteID: s.site, Source: workorder.Office, Note: "Another", Nonce: "another"})
	s.must(err)
	s.refused(try(open, s.bill(open)), fault.Conflict, "", "not completed yet")
	if n := s.count(`SELECT (SELECT count(*) FROM invoices) + (SELECT count(*) FROM work_order_events WHERE kind = 'invoiced')`); n != 0 {
		t.Errorf("%d rows were left behind", n)
	}
	s.whole()
}

func TestTwoPeopleMakeOneInvoice(t *testing.T) {
	s := newShop(t)
	number := s.work()
	b := s.bill(number)
	var made [4]sale.Invoiced
	var all sync.WaitGroup
	for i := range made {
		all.Go(func() {
			var err error
			if made[i], err = s.sale.InvoiceWorkOrder(t.Context(), teller, number, b.Version, b.Total, false); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	first := 0
	for _, m := range made {
		if !m.Before {
			first++
		}
		if m.Number != made[0].Number {
			t.Errorf("%+v", made)
		}
	}
	if first != 1 || s.count(`SELECT count(*) FROM invoices`) != 1 {
		t.Errorf("%+v", made)
	}
	s.whole()
}

// voided makes the invoice of a work order void.
func (s *shop) voided(number string) {
	s.Helper()
	id := s.count(`SELECT invoice_id FROM work_orders WHERE number = ?`, number)
	s.write(func(q *db.Queries) error {
		_, err := ledger.VoidInvoice(s.Context(), q, ledger.Voiding{CustomerID: s.customer[0], InvoiceID: id, Date: today, At: calendar.InstantOf(s.clock.Now())})
		return err
	})
}

// TestAfterAVoidedInvoice makes another invoice of the same work order: one, of
// however many people press at once, and its history names the one before.
func TestAfterAVoidedInvoice(t *testing.T) {
	s := newShop(t)
	number := s.work()
	b := s.bill(number)
	first, err := s.sale.InvoiceWorkOrder(t.Context(), teller, number, b.Version, b.Total, false)
	s.must(err)
	s.refused(s.orders.SetWork(t.Context(), teller, number, workorder.Any, nil), fault.Conflict, "", "has its invoice already")
	s.refused(s.orders.Reopen(t.Context(), teller, number, workorder.Any), fault.Conflict, "", "Its invoice is made")

	s.voided(number)
	s.whole()
	if b = s.bill(number); b.Invoice != "" || b.Why != "" {
		t.Fatalf("%+v", b)
	}
	// what was wrong on it can be put right
	s.must(s.orders.SetWork(t.Context(), teller, number, workorder.Any, []workorder.Line{{Description: "Battery", Quantity: 1000, UnitPrice: 19_99}}))
	b = s.bill(number)
	var made [20]sale.Invoiced
	var all sync.WaitGroup
	for i := range made {
		all.Go(func() {
			var err error
			if made[i], err = s.sale.InvoiceWorkOrder(t.Context(), teller, number, b.Version, b.Total, false); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	fresh := 0
	for _, m := range made {
		if !m.Before {
			fresh++
		}
		if m.Number == first.Number || m.Number != made[0].Number {
			t.Errorf("%+v", m)
		}
	}
	if n := s.count(`SELECT count(*) FROM invoices WHERE state <> 'void'`); fresh != 1 || n != 1 {
		t.Errorf("%d of twenty made one; %d count", fresh, n)
	}
	if got, want := s.text(`SELECT details FROM work_order_events WHERE kind = 'invoiced' ORDER BY id DESC LIMIT 1`), "invoice "+made[0].Number+", in place of "+first.Number+", which is void"; got != want {
		t.Errorf("%q; want %q", got, want)
	}
	s.whole()

	// behind everybody's back the books still keep one for each
	err = s.db.WriteTx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE work_orders SET invoice_id = ? WHERE number = ?`, first.InvoiceID, number)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "keeps its number, its customer and its invoice") {
		t.Errorf("an invoice that counts was replaced: %v", err)
	}
	s.exec(`DROP TRIGGER invoices_frozen`)
	s.exec(`UPDATE invoices SET state = 'issued' WHERE id = ?`, first.InvoiceID)
	found, err := workorder.Check(t.Context(), s.db.Read(), 0)
	if want := "work order " + number + ": invoice " + first.Number + " was made of it, too, and is not void"; err != nil || len(found) != 1 || found[0].Object+": "+found[0].Problem != want {
		t.Errorf("%v, %v; want %q", found, err, want)
	}
}

// TestReopenedAfterAVoidedInvoice goes on with the work, and invoices it then.
func TestReopenedAfterAVoidedInvoice(t *testing.T) {
	s := newShop(t)
	number := s.work()
	b := s.bill(number)
	_, err := s.sale.InvoiceWorkOrder(t.Context(), teller, number, b.Version, b.Total, false)
	s.must(err)
	s.voided(number)
	s.must(s.orders.Reopen(t.Context(), teller, number, workorder.Any))
	s.whole()
	s.must(s.orders.Arrive(t.Context(), dana, number, workorder.Any))
	s.must(s.orders.Complete(t.Context(), dana, number, workorder.Any))
	b = s.bill(number)
	if done, err := s.sale.InvoiceWorkOrder(t.Context(), teller, number, b.Version, b.Total, false); err != nil || done.Before {
		t.Errorf("%+v, %v", done, err)
	}
	s.whole()
}
