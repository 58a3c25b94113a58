package autopay_test

import (
	"slices"
	"strings"
	"testing"
)

func TestTheFirstOfTheMonth(t *testing.T) {
	b := open(t, newYork, "2026-10-12 12:00")
	card, bank := b.customer("pm_card_visa", 1, 0), b.customer("pm_usBankAccount", 1, 0)
	capped, idle, credit, other := b.customer("pm_card_visa", 1, 3000), b.customer("pm_card_visa", 1, 0), b.customer("pm_card_visa", 1, 0), b.customer("pm_card_visa", 15, 0)
	for _, c := range []*customer{card, bank, capped, credit, other} {
		b.invoice(c, "2026-11-01", 4500)
	}
	b.invoice(card, "2026-10-20", 1234)
	b.credit(credit, 9000)

	b.on("2026-11-01 05:59")
	b.expect("2026-11", "", card, bank, capped, idle, credit, other)
	b.on("2026-11-01 06:00")
	b.expect("2026-11", "paid", card, capped, credit)
	b.expect("2026-11", "processing", bank)
	b.expect("2026-11", "nothing", idle)
	b.expect("2026-11", "", other)
	b.taken(card, 1, 5734)
	b.taken(bank, 1, 4500)
	b.taken(capped, 1, 3000)
	b.taken(credit, 0, 0)
	if left := b.number(`SELECT -sum(cents) FROM ledger WHERE customer_id = ? AND invoice_id IS NULL`, credit.id); left != 4500 {
		t.Errorf("%d of the credit is left", left)
	}
	b.agree()
	if got := b.mails("auto_pay_summary"); len(got) != 1 || got[0] != "auto_pay_summary office@acme.test" {
		t.Fatalf("summaries %v", got)
	}
	text := b.letter("auto_pay_summary")
	for _, want := range []string{"2 payments taken, $87.34", "1 payment on the way at the banks, $45.00", "$45.00 of credit on accounts used first", "1 customer covered by credit alone", "/office/autopay/runs/"} {
		if !strings.Contains(text, want) {
			t.Errorf("the summary does not say %q:\n%s", want, text)
		}
	}
	receipts := b.mails("payment_")
	slices.Sort(receipts)
	if want := []string{"payment_receipt c1001@example.com", "payment_receipt c1003@example.com", "payment_submitted c1002@example.com"}; !slices.Equal(receipts, want) {
		t.Errorf("receipts %v", receipts)
	}

	// nothing more happens that day, whatever runs how often
	for range 3 {
		b.run()
	}
	b.on("2026-11-01 23:00")
	b.taken(card, 1, 5734)
	b.on("2026-11-15 06:00")
	b.expect("2026-11", "paid", other)
	if got := b.mails("auto_pay_summary"); len(got) != 2 {
		t.Errorf("summaries %v", got)
	}
	b.agree()
}
