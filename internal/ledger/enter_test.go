package ledger_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
)

func (b *books) clockNow() calendar.Instant { return calendar.Clock(b.clock.Now).Now() }

func TestEnterPayment(t *testing.T) {
	b := newBooks(t)
	b.exec(`INSERT INTO staff (id, email, role, created_at) VALUES (7, 'kim@dealer.example', 'billing', 1)`)
	b.exec(`INSERT INTO customer_emails VALUES (1, 1, 'ann@example.com')`)
	one := b.issue(1, "10001", today, 10000)
	staff := audit.Actor{Kind: audit.Staff, StaffID: 7, Role: "billing"}
	form := ledger.Entering{Nonce: "n1", CustomerID: 1, Kind: ledger.Check, Number: "1042", Amount: 10500, Date: today, Mail: true,
		Allocations: []ledger.Allocation{{InvoiceID: one, Cents: 10000}}}
	var wg sync.WaitGroup
	references := make([]string, 5)
	for i := range references { // pressed five times
		wg.Go(func() {
			reference, err := b.service.EnterPayment(t.Context(), staff, form)
			if err != nil {
				t.Error(err)
			}
			references[i] = reference
		})
	}
	wg.Wait()
	for _, r := range references {
		if r == "" || r != references[0] {
			t.Fatalf("%q", references)
		}
	}
	if b.count("payments") != 1 || b.count("outbox") != 1 || b.count("audit") != 1 || b.balance(one) != 0 || b.unapplied(1) != 500 {
		t.Errorf("%d payments, %d mails, %d audit rows, balance %s, credit %s", b.count("payments"), b.count("outbox"), b.count("audit"), b.balance(one), b.unapplied(1))
	}
	var text, to string
	must(t, b.db.Reader().QueryRow(`SELECT text_body, to_email FROM outbox`).Scan(&text, &to))
	for _, want := range []string{"Amount: $105.00\n", "Payment Type: Check 1042\n", "Invoice 10001: $100.00 paid, $0.00 left to pay\n",
		"Credit on your account: $5.00\n", "https://portal.example.com/payments/" + references[0]} {
		if !strings.Contains(text, want) {
			t.Errorf("missing %q in\n%s", want, text)
		}
	}
	if to != "ann@example.com" || !strings.HasSuffix(text, "\nhttps://portal.example.com/\n") {
		t.Errorf("to %s:\n%s", to, text)
	}
	if got := b.findings(); got != "" {
		t.Error(got)
	}

	for _, c := range []struct {
		field string
		kind  fault.Kind
		spoil func(*ledger.Entering)
	}{
		{"payment_date", fault.Invalid, func(e *ledger.Entering) { e.Date = today.AddDays(1) }},
		{"reference", fault.Invalid, func(e *ledger.Entering) { e.Number = " " }},
		{"amount", fault.Invalid, func(e *ledger.Entering) { e.Amount = 0 }},
		{"apply_to", fault.Invalid, func(e *ledger.Entering) {}},
		{"mail_receipt", fault.Invalid, func(e *ledger.Entering) { e.CustomerID, e.Allocations = 2, nil }},
		{"", fault.Conflict, func(e *ledger.Entering) { e.Nonce, e.CustomerID, e.Allocations = "n1", 2, nil }},
	} {
		e := form
		e.Nonce = "n2"
		c.spoil(&e)
		_, err := b.service.EnterPayment(t.Context(), staff, e)
		if f, _ := errors.AsType[*fault.Error](err); f == nil || f.Kind != c.kind || f.Field != c.field {
			t.Errorf("want a refused %q: %v", c.field, err)
		}
	}
	if b.count("payments") != 1 {
		t.Error("a refused payment left something behind")
	}
}
