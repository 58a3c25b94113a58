package payment_test

import (
	"fmt"
	"testing"

	"customerportal/internal/payment"
)

// BenchmarkPreview is the payment screen of a customer with 20 open invoices,
// three of them chosen.
func BenchmarkPreview(b *testing.B) {
	w := open(b)
	for i := range 20 {
		w.invoice(fmt.Sprint(10000+i), 4500)
	}
	w.method("pm_card_visa")
	c := order("card", "", map[string]string{"10001": "", "10002": "20.00", "10003": ""}).Choice
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.pay.Preview(b.Context(), w.customer, c); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSubmit is one payment with a card on file, from the form to the
// ledger, the sandbox's part included.
func BenchmarkSubmit(b *testing.B) {
	w := open(b)
	method := w.method("pm_card_visa")
	w.invoice("10001", 1_000_000)
	b.ReportAllocs()
	for b.Loop() {
		r, err := w.pay.Submit(b.Context(), w.ann(), w.customer, order("card", method, map[string]string{"10001": "1.00"}))
		if err != nil || r.State != payment.Succeeded {
			b.Fatal(r, err)
		}
	}
}
