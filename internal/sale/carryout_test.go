package sale_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/proposal"
	"customerportal/internal/sale"
)

// offered has two lines that are paid once, an option that is, and two that recur.
func offered() proposal.Record {
	return proposal.Record{Deposit: 100_00, Lines: []proposal.Line{
		{Position: 1, Description: "Panel", Quantity: 1000, UnitPrice: 899_00, Tax: 56_19, Taxable: true, Chosen: true},
		{Position: 2, Description: "Sensors", Quantity: 2500, UnitPrice: 33_30, Tax: 5_20, Taxable: true, Optional: true},
		{Position: 3, Description: "Camera", Quantity: 1000, UnitPrice: 250_00, Optional: true},
		{Position: 4, Description: "Monitoring", Quantity: 1000, UnitPrice: 44_95, Cycle: 1, Chosen: true},
		{Position: 5, Description: "Inspection", Quantity: 1000, UnitPrice: 120_00, Cycle: 12, Optional: true},
	}}
}

var everything = sale.Order{WorkOrder: true, Invoice: true, Recurring: true, Mail: true}

func TestCarryOut(t *testing.T) {
	s := newShop(t)
	id := s.deal(offered(), 2, 5)
	s.exec(`DELETE FROM outbox`)
	got, err := s.sale.CarryOut(t.Context(), teller, id, everything)
	s.must(err)
	if got.Before || !got.Mailed || got.Items != 2 || got.Invoice == "" || !strings.HasPrefix(got.WorkOrder, "W-") {
		t.Fatalf("%+v", got)
	}
	// 899.00 + 56.19 + 83.25 + 5.20 = 1,043.64, less the deposit
	for query, want := range map[string]int64{
		`SELECT total_cents FROM invoices WHERE number = '` + got.Invoice + `'`:                                                                                            943_64,
		`SELECT tax_cents FROM invoices WHERE number = '` + got.Invoice + `'`:                                                                                              61_39,
		`SELECT sum(total_cents) FROM invoices`:                                                                                                                            1043_64,
		`SELECT count(*) FROM invoice_lines WHERE unit_price_cents = -10000 AND tax_cents = 0 AND description = 'Less deposit, invoice 1001'`:                              1,
		`SELECT count(*) FROM invoice_lines WHERE description IN ('Camera', 'Monitoring')`:                                                                                 0,
		`SELECT count(*) FROM work_orders WHERE source = 'proposal' AND title = 'Shop alarm' AND state = 'requested'`:                                                      1,
		`SELECT count(*) FROM work_order_notes WHERE internal = 1 AND note LIKE '%2.5 × Sensors%' AND note LIKE '%Inspection, every year%' AND note NOT LIKE '%Camera%'`:   1,
		`SELECT count(*) FROM work_order_lines`:                                                                                                                            0,
		`SELECT count(*) FROM recurring_items WHERE start_date = '2026-12-01' AND prorate = 1 AND site_id = ` + fmt.Sprint(s.site):                                         2,
		`SELECT sum(amount_cents) FROM recurring_amounts`:                                                                                                                  164_95,
		`SELECT count(*) FROM proposal_results WHERE invoice_id IS NOT NULL AND work_order_id IS NOT NULL AND staff_id = 1`:                                                1,
		`SELECT count(*) FROM proposal_result_items`:                                                                                                                       2,
		`SELECT count(*) FROM proposal_events WHERE kind = 'carried_out' AND details LIKE 'work order W-%, invoice 1002 over $943.64, 2 recurring items from Dec 1, 2026'`: 1,
		`SELECT count(*) FROM audit WHERE action = 'proposal.carry_out'`:                                                                                                   1,
		`SELECT count(*) FROM outbox WHERE kind = 'invoice_issued'`:                                                                                                        1,
	} {
		if n := s.count(query); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	again, err := s.sale.CarryOut(t.Context(), teller, id, everything)
	if err != nil || !again.Before || again.Invoice != got.Invoice || again.WorkOrder != got.WorkOrder || again.Items != 2 {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	if n := s.count(`SELECT (SELECT count(*) FROM invoices) * 10000 + (SELECT count(*) FROM work_orders) * 100 + (SELECT count(*) FROM recurring_items)`); n != 2_01_02 {
		t.Errorf("a second time made something: %d", n)
	}
	s.whole()
}

// What was left out at first is made later, and what there is stays.
func TestCarryOutInParts(t *testing.T) {
	s := newShop(t)
	id := s.deal(offered())
	_, err := s.sale.CarryOut(t.Context(), teller, id, sale.Order{})
	s.refused(err, fault.Invalid, "parts", "Choose what")
	first, err := s.sale.CarryOut(t.Context(), teller, id, sale.Order{Recurring: true, From: "2027-01-15"})
	if err != nil || first.Items != 1 || first.Invoice != "" || first.WorkOrder != "" || first.Before {
		t.Fatalf("%+v, %v", first, err)
	}
	if n := s.count(`SELECT count(*) FROM recurring_items WHERE start_date = '2027-01-15'`); n != 1 {
		t.Errorf("%d items", n)
	}
	second, err := s.sale.CarryOut(t.Context(), teller, id, sale.Order{Invoice: true, Recurring: true})
	if err != nil || second.Invoice == "" || second.Items != 1 || second.WorkOrder != "" || second.Mailed {
		t.Fatalf("%+v, %v", second, err)
	}
	third, err := s.sale.CarryOut(t.Context(), teller, id, everything)
	if err != nil || third.WorkOrder == "" || third.Invoice != second.Invoice || third.Before {
		t.Fatalf("%+v, %v", third, err)
	}
	if n := s.count(`SELECT (SELECT count(*) FROM invoices) * 100 + (SELECT count(*) FROM recurring_items) * 10 + (SELECT count(*) FROM work_orders)`); n != 211 {
		t.Errorf("%d", n)
	}
	d, err := sale.DealOf(t.Context(), s.db.Read(), id, today)
	if err != nil || d.LeftToInvoice() || len(d.LeftToRecur()) != 0 || d.WorkOrder != third.WorkOrder {
		t.Errorf("%+v, %v", d, err)
	}
	s.whole()
}

// TestCarryOutAsSeen makes no invoice over another sum than the one that was
// shown: here the deposit was voided meanwhile.
func TestCarryOutAsSeen(t *testing.T) {
	s := newShop(t)
	id := s.deal(offered(), 2, 5)
	seen := money.Cents(943_64)
	order := everything
	order.Seen = &seen
	deposit := s.count(`SELECT deposit_invoice_id FROM proposal_decisions WHERE proposal_id = ?`, id)
	s.write(func(q *db.Queries) error {
		_, err := ledger.VoidInvoice(t.Context(), q, ledger.Voiding{CustomerID: s.customer[0], InvoiceID: deposit, Date: today, At: calendar.InstantOf(s.clock.Now())})
		return err
	})
	_, err := s.sale.CarryOut(t.Context(), teller, id, order)
	s.refused(err, fault.Conflict, "", "comes to $1,043.64 now")
	if n := s.count(`SELECT (SELECT count(*) FROM invoices) * 100 + (SELECT count(*) FROM recurring_items) * 10 + (SELECT count(*) FROM work_orders)`); n != 100 {
		t.Errorf("something was made all the same: %d", n)
	}
	seen = 1043_64
	got, err := s.sale.CarryOut(t.Context(), teller, id, order)
	s.must(err)
	// pressed twice, the second still saw the same
	again, err := s.sale.CarryOut(t.Context(), teller, id, order)
	if err != nil || !again.Before || again.Invoice != got.Invoice {
		t.Errorf("%+v, %v", again, err)
	}
	s.whole()
}

func TestTwoPeopleCarryOutOnce(t *testing.T) {
	s := newShop(t)
	id := s.deal(offered())
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := s.sale.CarryOut(t.Context(), teller, id, everything); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := s.count(`SELECT (SELECT count(*) FROM invoices) * 100 + (SELECT count(*) FROM recurring_items) * 10 + (SELECT count(*) FROM work_orders)`); n != 211 {
		t.Errorf("%d", n)
	}
	s.whole()
}

// What cannot be made refuses all of it: nothing is half carried out.
func TestCarryOutIsAllOrNothing(t *testing.T) {
	s := newShop(t)
	id := s.deal(offered(), 2)
	nothing := func() {
		t.Helper()
		if n := s.count(`SELECT (SELECT count(*) FROM work_orders) + (SELECT count(*) FROM recurring_items) + (SELECT count(*) FROM proposal_results) + (SELECT count(*) FROM invoices) - 1`); n != 0 {
			t.Errorf("%d rows were left behind", n)
		}
	}
	try := func(o sale.Order) error {
		_, err := s.sale.CarryOut(t.Context(), teller, id, o)
		return err
	}
	o := everything
	o.From = "2036-01-01"
	s.refused(try(o), fault.Invalid, "from", "more than a year")
	nothing()
	s.exec(`INSERT INTO settings (key, value, updated_at) VALUES ('books.locked_until', '2026-11-15', 1)`)
	s.refused(try(everything), fault.Invalid, "invoice_date", "closed")
	nothing()
	s.exec(`DELETE FROM settings WHERE key = 'books.locked_until'`)
	s.exec(`DROP TRIGGER proposal_lines_no_update`)
	s.exec(`UPDATE proposal_lines SET unit_price_cents = -100, amount_cents = -100 WHERE position = 4`)
	s.refused(try(everything), fault.Invalid, "recurring", "Monitoring is below zero")
	nothing()
	s.exec(`UPDATE proposal_lines SET tax_cents = 1 WHERE position = 1`)
	s.refused(try(everything), fault.Conflict, "", "was accepted. Run portal doctor")
	nothing()
	_, err := s.sale.CarryOut(t.Context(), teller, 999, everything)
	s.refused(err, fault.NotFound, "", "proposal")
	s.write(func(q *db.Queries) error {
		r := offered()
		r.Number, r.CustomerID, r.Title, r.Date = "OPEN", s.customer[0], "Open", today
		return s.proposals.ImportIn(t.Context(), q, 1, teller, r)
	})
	_, err = s.sale.CarryOut(t.Context(), teller, s.count(`SELECT id FROM proposals WHERE number = 'OPEN'`), everything)
	s.refused(err, fault.Conflict, "", "was not accepted")
}

// A customer without a single site is asked where the work is done.
func TestCarryOutNeedsASite(t *testing.T) {
	s := newShop(t)
	r := offered()
	r.CustomerID, r.Deposit = s.customer[1], 0
	id := s.deal(r)
	_, err := s.sale.CarryOut(t.Context(), teller, id, everything)
	s.refused(err, fault.Invalid, "site", "Choose the site")
	o := everything
	o.SiteID = s.site // another customer's
	_, err = s.sale.CarryOut(t.Context(), teller, id, o)
	s.refused(err, fault.NotFound, "", "site")
	s.exec(`INSERT INTO sites (customer_id, name) VALUES (?, 'Barn')`, s.customer[1])
	if _, err = s.sale.CarryOut(t.Context(), teller, id, everything); err != nil {
		t.Error(err)
	}
	s.whole()
}

// A deposit whose invoice was voided is not taken off.
func TestAVoidedDepositIsNotTakenOff(t *testing.T) {
	s := newShop(t)
	id := s.deal(offered())
	s.write(func(q *db.Queries) error {
		_, err := ledger.VoidInvoice(t.Context(), q, ledger.Voiding{CustomerID: s.customer[0], InvoiceID: s.count(`SELECT id FROM invoices`), Date: today, At: 1})
		return err
	})
	got, err := s.sale.CarryOut(t.Context(), teller, id, everything)
	s.must(err)
	if n := s.count(`SELECT total_cents FROM invoices WHERE number = ?`, got.Invoice); n != 955_19 {
		t.Errorf("%d", n)
	}
	s.whole()
}

// TestVoidedAndMadeAnew voids what a proposal became: the deposit not as long as an
// invoice takes it off, and an invoice that is void is made once more.
func TestVoidedAndMadeAnew(t *testing.T) {
	s := newShop(t)
	id := s.deal(offered())
	got, err := s.sale.CarryOut(t.Context(), teller, id, everything)
	s.must(err)
	void := func(number string) error {
		return s.db.Write(t.Context(), func(q *db.Queries) error {
			_, err := ledger.VoidInvoice(t.Context(), q, ledger.Voiding{CustomerID: s.customer[0], InvoiceID: s.count(`SELECT id FROM invoices WHERE number = ?`, number), Date: today, At: 1})
			return err
		})
	}
	deposit := s.text(`SELECT number FROM invoices ORDER BY id`)
	s.refused(void(deposit), fault.Conflict, "", "Invoice "+got.Invoice+" takes this deposit off")
	s.must(void(got.Invoice))
	s.must(void(deposit))
	again, err := s.sale.CarryOut(t.Context(), teller, id, everything)
	s.must(err)
	if again.Before || again.Invoice == got.Invoice || again.WorkOrder != got.WorkOrder || again.Items != got.Items || s.count(`SELECT total_cents FROM invoices WHERE number = ?`, again.Invoice) != 955_19 {
		t.Errorf("%+v after %+v", again, got)
	}
	if once, err := s.sale.CarryOut(t.Context(), teller, id, everything); err != nil || !once.Before || once.Invoice != again.Invoice {
		t.Errorf("%+v, %v", once, err)
	}
	s.whole()
}

// A proposal that comes to less than nothing is a credit, which is said.
func TestACreditIsNoInvoice(t *testing.T) {
	s := newShop(t)
	id := s.deal(proposal.Record{Lines: []proposal.Line{{Position: 1, Description: "Discount", Quantity: 1000, UnitPrice: -50_00, Chosen: true}}})
	_, err := s.sale.CarryOut(t.Context(), teller, id, everything)
	s.refused(err, fault.Invalid, "invoice", "a credit and no invoice")
	if _, err = s.sale.CarryOut(t.Context(), teller, id, sale.Order{WorkOrder: true}); err != nil {
		t.Error(err)
	}
}

// TestWhatWasAcceptedIsWhatIsCharged carries out random proposals: deposit and
// invoice come to the accepted total, its tax is the accepted tax, and what
// recurs comes to the accepted amounts, all to the cent.
func TestWhatWasAcceptedIsWhatIsCharged(t *testing.T) {
	s := newShop(t)
	for seed := range uint64(60) {
		w := rand.New(rand.NewPCG(seed, 11))
		r := proposal.Record{Deposit: money.Cents(w.IntN(2) * w.IntN(300_000))}
		var chosen []int64
		for i := range 1 + w.IntN(8) {
			l := proposal.Line{Position: int64(i + 1), Description: []string{"Panel", "Sensor", "Monitoring"}[w.IntN(3)], Quantity: money.Quantity(1 + w.IntN(9999)), UnitPrice: money.Cents(w.IntN(90_000)),
				Cycle: proposal.Cycles[w.IntN(6)*w.IntN(2)], Optional: w.IntN(2) == 0, Chosen: true}
			if w.IntN(2) == 0 {
				l.Taxable, l.Tax = true, money.Tax(l.Amount(), 62_500)
			}
			if l.Optional && w.IntN(2) == 0 {
				chosen = append(chosen, l.Position)
			}
			r.Lines = append(r.Lines, l)
		}
		totals, err := proposal.TotalsOf(r.Lines, chosen, r.Deposit, 0)
		s.must(err)
		id := s.deal(r, chosen...)
		before := [2]int64{s.count(`SELECT count(*) FROM invoices`), s.count(`SELECT coalesce(max(id), 0) FROM recurring_items`)}
		o := everything
		o.From = calendar.Date("2026-12-01").AddDays(int(seed)) // the same words recur from different days
		got, err := s.sale.CarryOut(t.Context(), teller, id, o)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		hasOnce := false
		items := map[int64]money.Cents{}
		for _, l := range r.Lines {
			if l.In(chosen) && l.Cycle == 0 {
				hasOnce = true
			}
			if l.In(chosen) && l.Cycle != 0 {
				items[l.Cycle] += l.Amount()
			}
		}
		if hasOnce != (got.Invoice != "") || s.count(`SELECT count(*) FROM invoices`)-before[0] != map[bool]int64{true: 1}[hasOnce] {
			t.Fatalf("seed %d: %+v", seed, got)
		}
		if hasOnce {
			total, tax := money.Cents(s.count(`SELECT total_cents FROM invoices WHERE number = ?`, got.Invoice)), money.Cents(s.count(`SELECT tax_cents FROM invoices WHERE number = ?`, got.Invoice))
			if total+totals.Deposit != totals.Total || tax != totals.Tax {
				t.Errorf("seed %d: invoice %s with tax %s and deposit %s, accepted %s with tax %s", seed, total, tax, totals.Deposit, totals.Total, totals.Tax)
			}
		}
		for _, recurs := range totals.Recurring {
			var sum money.Cents
			rows, err := s.db.Reader().QueryContext(t.Context(), `SELECT i.quantity, a.amount_cents FROM recurring_items i JOIN recurring_amounts a ON a.item_id = i.id WHERE i.id > ? AND i.cycle_months = ?`, before[1], recurs.Cycle)
			s.must(err)
			for rows.Next() {
				var quantity money.Quantity
				var price money.Cents
				s.must(rows.Scan(&quantity, &price))
				sum += money.Extend(quantity, price)
			}
			s.must(rows.Err())
			if sum != recurs.Amount || items[recurs.Cycle] != recurs.Amount {
				t.Errorf("seed %d: every %d months %s, accepted %s", seed, recurs.Cycle, sum, recurs.Amount)
			}
		}
	}
	s.whole()
}

// TestCheckFindsEachBreak breaks what was carried out in one way after the other.
func TestCheckFindsEachBreak(t *testing.T) {
	for name, c := range map[string]struct{ sql, want string }{
		"another customer's invoice":    {`DROP TRIGGER invoices_frozen; UPDATE invoices SET customer_id = 2 WHERE number = '1002'`, "invoice 1002 is another customer's"},
		"another customer's work order": {`DROP TRIGGER work_orders_invoiced_once; UPDATE work_orders SET customer_id = 2`, "was not made for it"},
		"a work order from elsewhere":   {`UPDATE work_orders SET source = 'portal'`, "was not made for it"},
		"another total":                 {`DROP TRIGGER invoices_frozen; UPDATE invoices SET total_cents = total_cents + 1, balance_cents = balance_cents + 1 WHERE number = '1002'`, "of which $100.00 was asked as deposits, but invoice 1002 is over $855.20"},
		"no acceptance":                 {`DROP TRIGGER proposals_frozen; UPDATE proposals SET state = 'withdrawn', decided_at = 0`, "it was carried out, but is withdrawn"},
		"nothing in the trail":          {`DROP TRIGGER proposal_events_no_delete; DELETE FROM proposal_events WHERE kind = 'carried_out'`, "trail does not tell"},
		"another customer's item":       {`UPDATE recurring_items SET customer_id = 2`, "recurring item of line 4 is another customer's"},
		"an item of another line":       {`UPDATE proposal_result_items SET position = 1`, "line 1, which does not recur"},
		"another deposit":               {`DROP TRIGGER invoices_frozen; UPDATE invoices SET total_cents = 1, balance_cents = 1 WHERE number = '1001'`, "a deposit of $100.00 was agreed to, but invoice 1001 is over $0.01"},
		"another customer's deposit":    {`DROP TRIGGER invoices_frozen; UPDATE invoices SET customer_id = 2 WHERE number = '1001'`, "invoice 1001 over its deposit is another customer's"},
		"no deposit":                    {`DROP TRIGGER proposal_decisions_no_update; UPDATE proposal_decisions SET deposit_invoice_id = NULL`, "there is no invoice over it"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			_, err := s.sale.CarryOut(t.Context(), teller, s.deal(offered()), everything)
			s.must(err)
			s.whole()
			for statement := range strings.SplitSeq(c.sql, "; ") {
				s.exec(statement)
			}
			found := s.found()
			for _, f := range found {
				if strings.Contains(f.String(), c.want) {
					return
				}
			}
			t.Errorf("not found: %v", found)
		})
	}
}
