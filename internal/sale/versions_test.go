package sale_test

import (
	"fmt"
	"sync"
	"testing"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/proposal"
	"customerportal/internal/sale"
)

// reader is the first customer, logged in.
func (s *shop) reader() proposal.Reader {
	s.exec(`INSERT OR IGNORE INTO users (id, email, created_at) VALUES (1, 'ann@example.com', 1)`)
	return proposal.Reader{CustomerID: s.customer[0], By: audit.Actor{Kind: audit.Customer, UserID: 1, IP: "203.0.113.9", UserAgent: "Firefox"}}
}

// newer writes the next version of a proposal, with another deposit and price of
// its first line.
func (s *shop) newer(id int64, deposit, price money.Cents) (draft int64, o proposal.Sending) {
	s.Helper()
	s.n++
	saved, err := s.proposals.NewVersion(s.Context(), teller, id, "2027-01-31", fmt.Sprint("newer ", s.n))
	s.must(err)
	var d proposal.Draft
	s.must(s.db.View(s.Context(), func(q *db.Queries) (err error) {
		d, _, err = proposal.Read(s.Context(), q, saved.ID)
		return err
	}))
	d.DepositCents, d.Lines[0].UnitPrice = deposit, price
	saved, err = s.proposals.Save(s.Context(), teller, d)
	s.must(err)
	var row db.GetProposalRow
	s.must(s.db.View(s.Context(), func(q *db.Queries) (err error) {
		_, row, err = proposal.Read(s.Context(), q, saved.ID)
		return err
	}))
	return saved.ID, proposal.Sending{ID: saved.ID, Saves: row.Saves, Total: row.TotalCents, Monthly: row.MonthlyCents}
}

// accept accepts the newest version that was sent, as it stands.
func (s *shop) accept(number string, chosen ...int64) error {
	who := s.reader()
	v, err := s.proposals.ReadForCustomer(s.Context(), who, number, 0, chosen)
	if err != nil {
		return err
	}
	return s.proposals.Accept(s.Context(), who, proposal.Acceptance{Answer: proposal.Answer{Number: number, Version: v.Version, Form: s.proposals.NewForm(v.ID, who.CustomerID), Shown: v.Sum},
		Chosen: v.Chosen, Total: v.Totals.Fingerprint(), Consent: true, TypedName: "Ann Lee"})
}

func (s *shop) void(invoice string) {
	s.Helper()
	s.write(func(q *db.Queries) error {
		_, err := ledger.VoidInvoice(s.Context(), q, ledger.Voiding{CustomerID: s.customer[0], InvoiceID: s.count(`SELECT id FROM invoices WHERE number = ?`, invoice), Date: today, At: 1})
		return err
	})
}

// TestCarryOutAVersion: what was accepted waits while a newer version is with the
// customer, and is not carried out any more once that is accepted; that one takes
// off the deposits of both.
func TestCarryOutAVersion(t *testing.T) {
	s := newShop(t)
	first := s.deal(offered(), 2)
	number := s.text(`SELECT number FROM proposals WHERE id = ?`, first)
	second, o := s.newer(first, 300_00, 999_00)
	if n := s.count(`SELECT count(*) FROM proposals WHERE version = 2 AND state = 'draft'`); n != 1 {
		t.Fatal("no draft")
	}
	_, err := s.proposals.Send(t.Context(), teller, o)
	s.must(err)
	_, err = s.sale.CarryOut(t.Context(), teller, first, everything)
	s.refused(err, fault.Conflict, "", "Version 2 is with the customer. This one can be carried out once that is rejected, withdrawn or has expired.")
	if sum, err := s.db.Read().SumProposalsToCarryOut(t.Context(), db.SumProposalsToCarryOutParams{Today: today.ISO()}); err != nil || sum.Many != 0 {
		t.Errorf("%d wait to be carried out, %v", sum.Many, err)
	}
	s.must(s.accept(number, 2))
	_, err = s.sale.CarryOut(t.Context(), teller, first, everything)
	s.refused(err, fault.Conflict, "", "Version 2 was accepted in the place of this one")
	got, err := s.sale.CarryOut(t.Context(), teller, second, everything)
	s.must(err)
	// 999.00 and 83.25 with 6.25 % each, less 100.00 and 200.00
	for query, want := range map[string]int64{
		`SELECT total_cents FROM invoices WHERE number = '` + got.Invoice + `'`:                                    849_89,
		`SELECT sum(total_cents) FROM invoices`:                                                                    1149_89,
		`SELECT total_cents FROM proposal_decisions WHERE proposal_id = ` + fmt.Sprint(second):                     1149_89,
		`SELECT count(*) FROM invoice_lines WHERE description LIKE 'Less deposit, invoice 100_' AND tax_cents = 0`: 2,
		`SELECT count(*) FROM work_orders`:                                                                         1,
		`SELECT count(*) FROM proposal_results`:                                                                    1,
	} {
		if n := s.count(query); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	// neither deposit is voided while that invoice takes it off
	for _, deposit := range []string{"1001", "1002"} {
		err := s.db.Write(t.Context(), func(q *db.Queries) error {
			_, err := ledger.VoidInvoice(t.Context(), q, ledger.Voiding{CustomerID: s.customer[0], InvoiceID: s.count(`SELECT id FROM invoices WHERE number = ?`, deposit), Date: today, At: 1})
			return err
		})
		s.refused(err, fault.Conflict, "", "Invoice "+got.Invoice+" takes this deposit off")
	}
	_, err = s.proposals.NewVersion(t.Context(), teller, second, "2027-01-31", "too late")
	s.refused(err, fault.Conflict, "", "Version 2 was carried out")
	s.whole()

	// what the doctor finds when both were carried out
	s.exec(`DROP TRIGGER proposal_results_of_one_version`)
	s.exec(`INSERT INTO proposal_results (proposal_id, at) VALUES (?, 1)`, first)
	for _, f := range s.found() {
		if f.Problem == "version 1 was carried out, but version 2 was accepted in its place" {
			return
		}
	}
	t.Errorf("not found: %v", s.found())
}

// TestCarryOutWhatStands: a newer version that was withdrawn or expired is in
// nobody's way.
func TestCarryOutWhatStands(t *testing.T) {
	s := newShop(t)
	for i, end := range []func(id int64){
		func(id int64) { _, err := s.proposals.Withdraw(t.Context(), teller, id, "a slip", false); s.must(err) },
		func(int64) { s.clock.Set(s.clock.Now().AddDate(0, 6, 0)) },
	} {
		first := s.deal(offered())
		second, o := s.newer(first, 300_00, 999_00)
		_, err := s.proposals.Send(t.Context(), teller, o)
		s.must(err)
		end(second)
		o2 := everything
		o2.From = calendar.DateOf(s.clock.Now()).AddDays(i)
		got, err := s.sale.CarryOut(t.Context(), teller, first, o2)
		if err != nil || s.count(`SELECT total_cents FROM invoices WHERE number = ?`, got.Invoice) != 855_19 {
			t.Errorf("%+v, %v", got, err)
		}
	}
	s.whole()
}

// TestDepositsAboveTheTotal: where a later version comes to less than what was
// asked as a deposit, nothing is made of it until a deposit is voided.
func TestDepositsAboveTheTotal(t *testing.T) {
	s := newShop(t)
	r := offered()
	r.Deposit = 900_00
	first := s.deal(r)
	second, o := s.newer(first, 0, 400_00)
	_, err := s.proposals.Send(t.Context(), teller, o)
	s.must(err)
	s.must(s.accept(s.text(`SELECT number FROM proposals WHERE id = ?`, first)))
	_, err = s.sale.CarryOut(t.Context(), teller, second, everything)
	s.refused(err, fault.Conflict, "", "The deposits that were asked (invoice 1001 over $900.00) are more than the $425.00 that is paid once. Void one of them first")
	if n := s.count(`SELECT count(*) FROM work_orders`); n != 0 {
		t.Error("a work order was made")
	}
	s.void("1001")
	got, err := s.sale.CarryOut(t.Context(), teller, second, everything)
	if err != nil || s.count(`SELECT total_cents FROM invoices WHERE number = ?`, got.Invoice) != 425_00 {
		t.Errorf("%+v, %v", got, err)
	}
	s.whole()
}

// TestCarryOutSendAccept: twenty at once carry out the accepted version, send the
// next and accept it. One of the two is carried out at most, nothing is both
// replaced and carried out, and whoever comes too late is told.
func TestCarryOutSendAccept(t *testing.T) {
	s := newShop(t)
	outcomes := map[string]int{}
	for round := range 8 {
		first := s.deal(offered(), 2)
		number := s.text(`SELECT number FROM proposals WHERE id = ?`, first)
		second, o := s.newer(first, 300_00, 999_00)
		if round%2 == 0 { // it is with the customer already
			_, err := s.proposals.Send(t.Context(), teller, o)
			s.must(err)
		}
		s.reader()
		start := make(chan struct{})
		var all sync.WaitGroup
		deeds := []func() error{
			func() error {
				_, err := s.sale.CarryOut(t.Context(), teller, first, sale.Order{WorkOrder: true, Invoice: true})
				return err
			},
			func() error { _, err := s.proposals.Send(t.Context(), teller, o); return err },
			func() error { return s.accept(number, 2) },
			func() error {
				_, err := s.sale.CarryOut(t.Context(), teller, second, sale.Order{WorkOrder: true})
				return err
			},
		}
		for i := range 20 {
			all.Go(func() {
				<-start
				if err := deeds[i%len(deeds)](); err != nil && !fault.Is(err, fault.Conflict) {
					t.Errorf("round %d, deed %d: %v", round, i%len(deeds), err)
				}
			})
		}
		close(start)
		all.Wait()
		state := s.text(`SELECT group_concat(state || ' ' || EXISTS (SELECT 1 FROM proposal_results r WHERE r.proposal_id = p.id), ', ') FROM (SELECT * FROM proposals WHERE number = ? ORDER BY version) p`, number)
		outcomes[state]++
		switch state {
		case "accepted 1, draft 0", "accepted 0, sent 0", "accepted 0, accepted 0", "accepted 0, accepted 1":
		default:
			t.Errorf("round %d: %s", round, state)
		}
	}
	t.Log(outcomes)
	s.whole()
}
