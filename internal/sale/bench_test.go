package sale_test

import (
	"testing"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/outbox"
	"customerportal/internal/proposal"
)

// BenchmarkAccept is what it costs to sign a proposal with a deposit: the signed
// copy drawn, and the decision with its trail, invoice and mails in one
// transaction.
func BenchmarkAccept(b *testing.B) {
	s := newShop(b)
	mail, err := outbox.NewWriter(s.settings, "http://portal.example")
	s.must(err)
	user, err := account.New(s.db, s.clock.Now, s.settings, mail).SaveUser(b.Context(), "ann@example.com", "correct horse battery", s.customer[0])
	s.must(err)
	who := proposal.Reader{By: audit.Actor{Kind: audit.Customer, UserID: user}, CustomerID: s.customer[0]}
	for b.Loop() {
		b.StopTimer()
		s.n++
		r := offered()
		r.Number, r.CustomerID, r.Title, r.Date = "B"+string(rune('A'+s.n/676%26))+string(rune('A'+s.n/26%26))+string(rune('A'+s.n%26)), s.customer[0], "Alarm", today
		s.write(func(q *db.Queries) error {
			return s.proposals.ImportIn(b.Context(), q, calendar.InstantOf(s.clock.Now()), teller, r)
		})
		v, err := s.proposals.ReadForCustomer(b.Context(), who, r.Number, 0, []int64{2})
		s.must(err)
		a := proposal.Acceptance{Answer: proposal.Answer{Number: r.Number, Version: 1, Form: s.proposals.NewForm(v.ID, who.CustomerID), Shown: v.Sum},
			Chosen: []int64{2}, Total: v.Totals.Fingerprint(), Consent: true, TypedName: "Ann Lee"}
		b.StartTimer()
		s.must(s.proposals.Accept(b.Context(), who, a))
	}
}

// BenchmarkCarryOut is what it costs to make a work order, an invoice with its
// mail and recurring items of an accepted proposal.
func BenchmarkCarryOut(b *testing.B) {
	s := newShop(b)
	day := calendar.Date("2026-12-01")
	for b.Loop() {
		b.StopTimer()
		id := s.deal(offered(), 2, 5)
		o := everything
		if o.From, day = day, day.AddDays(1); day > "2027-10-01" { // the same words recur from different days
			day = "2026-12-01"
			s.exec(`UPDATE recurring_items SET description = description || id`)
		}
		b.StartTimer()
		if _, err := s.sale.CarryOut(b.Context(), teller, id, o); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInvoiceWorkOrder is what it costs to make the invoice of a completed
// work order and to queue its mail.
func BenchmarkInvoiceWorkOrder(b *testing.B) {
	s := newShop(b)
	for b.Loop() {
		b.StopTimer()
		number := s.work()
		bill := s.bill(number)
		b.StartTimer()
		if _, err := s.sale.InvoiceWorkOrder(b.Context(), teller, number, bill.Version, bill.Total, true); err != nil {
			b.Fatal(err)
		}
	}
}
