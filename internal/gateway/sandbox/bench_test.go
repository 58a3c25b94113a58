package sandbox_test

import (
	"path/filepath"
	"strconv"
	"testing"

	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
)

// BenchmarkCharge is what the processor's side costs of a payment with a saved
// card: the floor under every measurement of the portal's own.
func BenchmarkCharge(b *testing.B) {
	for name, file := range map[string]string{"memory": "", "file": filepath.Join(b.TempDir(), "sandbox.json")} {
		b.Run(name, func(b *testing.B) {
			s, err := sandbox.New(sandbox.Config{BaseURL: "https://portal.example.com/sandbox", Clock: calendar.NewFake(start).Now, File: file})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			customer, err := s.SaveCustomer(b.Context(), "customer", "", gateway.Customer{Reference: "1", Name: "A"})
			if err != nil {
				b.Fatal(err)
			}
			card, err := s.Attach(customer, "pm_card_visa")
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				o, err := s.Charge(b.Context(), strconv.Itoa(n), gateway.Charge{
					Reference: strconv.Itoa(n), CustomerID: customer, MethodID: card, Kind: gateway.Card, Amount: 1_00,
				})
				if err != nil || o.State != gateway.Succeeded {
					b.Fatal(o, err)
				}
			}
		})
	}
}
