package payment_test

import (
	"errors"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/payment"
)

// What is owed never changes under a page that is open at the processor: it is
// closed first, and one that is paid already is told of.
func TestPagesAreClosedBeforeWhatIsOwedChanges(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(b *books, olive audit.Actor) error
	}{
		{"use of credit", func(b *books, _ audit.Actor) error {
			_, err := b.pay.UseCredit(b.Context(), b.ann(), b.customer, order("", "", map[string]string{"10001": ""}))
			return err
		}},
		{"void", func(b *books, olive audit.Actor) error {
			_, err := b.pay.VoidInvoice(b.Context(), olive, payment.VoidOrder{CustomerID: b.customer, Invoice: "10001", Reason: "x", Nonce: payment.NewNonce()})
			return err
		}},
		{"credit", func(b *books, olive audit.Actor) error {
			_, err := b.pay.GiveCredit(b.Context(), olive, payment.CreditOrder{CustomerID: b.customer, Invoice: "10001", Amount: 4500, Reason: "x", Nonce: payment.NewNonce()})
			return err
		}},
		{"apply", func(b *books, olive audit.Actor) error {
			return b.pay.ApplyCredit(b.Context(), olive, payment.ApplyOrder{CustomerID: b.customer, Invoice: "10001", Amount: 4500, Nonce: payment.NewNonce()})
		}},
	} {
		for _, paid := range []bool{false, true} {
			b := open(t)
			olive := b.clerk("olive@acme.test", "owner")
			b.invoice("10001", 4500)
			_, err := b.pay.GiveCredit(t.Context(), olive, payment.CreditOrder{CustomerID: b.customer, Amount: 5000, Reason: "kindness", Nonce: payment.NewNonce()})
			b.ok(err)
			page := b.submit(order("card", payment.NewMethod, map[string]string{"10001": ""}))
			if paid { // and nobody has told us yet
				card := sandbox.Entry{Name: "Ann", Number: "4242424242424242", Expiry: "12/30", CVC: "123", Zip: "12180"}
				if _, problems, err := b.sandbox.Submit(b.payment(page.Reference).SessionRef, card); err != nil || problems != nil {
					t.Fatal(problems, err)
				}
			}
			err = c.do(b, olive)
			state := payment.State(b.payment(page.Reference).State)
			earlier, told := errors.AsType[*payment.Earlier](err)
			switch {
			case paid && (!told || earlier.Reference != page.Reference || state != payment.Succeeded):
				t.Errorf("%s after the page was paid: %v, the page's payment is %s", c.name, err, state)
			case !paid && (err != nil || state != payment.Canceled):
				t.Errorf("%s while a page is open: %v, the page's payment is %s", c.name, err, state)
			}
			if b.balance("10001") != 0 {
				t.Errorf("%s: %s owed", c.name, b.balance("10001"))
			}
			b.sound()
		}
	}
}

// Money that is under way is neither voided nor credited away.
func TestMoneyUnderWayStopsAVoid(t *testing.T) {
	b := open(t)
	olive := b.clerk("olive@acme.test", "owner")
	b.invoice("10001", 4500)
	b.submit(order("echeck", b.method("pm_usBankAccount"), map[string]string{"10001": "40.00"}))
	_, err := b.pay.VoidInvoice(t.Context(), olive, payment.VoidOrder{CustomerID: b.customer, Invoice: "10001", Reason: "x", Nonce: payment.NewNonce()})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "$40.00 for invoice 10001 is under way") {
		t.Errorf("%v", err)
	}
	credit := payment.CreditOrder{CustomerID: b.customer, Invoice: "10001", Amount: 501, Reason: "x", Nonce: payment.NewNonce()}
	if _, err := b.pay.GiveCredit(t.Context(), olive, credit); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "$40.00 is under way") {
		t.Errorf("%v", err)
	}
	credit.Amount = 500
	_, err = b.pay.GiveCredit(t.Context(), olive, credit)
	b.ok(err)
	b.settle()
	b.sound()
}

// A foreign customer's invoice or payment is the same as none.
func TestAdjustmentsOfForeignCustomers(t *testing.T) {
	b := open(t)
	olive := b.clerk("olive@acme.test", "owner")
	b.invoice("10001", 4500)
	b.ok(b.db.Write(t.Context(), func(q *db.Queries) error { return b.check(q, "10001", 1000) }))
	var reference string
	b.ok(b.db.Reader().QueryRow(`SELECT reference FROM payments`).Scan(&reference))
	other, _ := b.addCustomer("2002", "bob@example.com")
	nonce := payment.NewNonce
	for name, err := range map[string]error{
		"void":    second(b.pay.VoidInvoice(t.Context(), olive, payment.VoidOrder{CustomerID: other, Invoice: "10001", Reason: "x", Nonce: nonce()})),
		"credit":  second(b.pay.GiveCredit(t.Context(), olive, payment.CreditOrder{CustomerID: other, Invoice: "10001", Amount: 1, Reason: "x", Nonce: nonce()})),
		"apply":   b.pay.ApplyCredit(t.Context(), olive, payment.ApplyOrder{CustomerID: other, Invoice: "10001", Amount: 1, Nonce: nonce()}),
		"unapply": b.pay.UnapplyCredit(t.Context(), olive, payment.UnapplyOrder{CustomerID: other, Payment: reference, Invoice: "10001", Amount: 1, Nonce: nonce()}),
		"return":  b.pay.ReturnPayment(t.Context(), olive, payment.ReturnOrder{CustomerID: other, Payment: reference, Reason: "x", Date: "2026-11-10", Nonce: nonce()}),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b.balance("10001") != 3500 {
		t.Errorf("%s owed", b.balance("10001"))
	}
}

func second(_ payment.Done, err error) error { return err }
