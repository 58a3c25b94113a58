package payment_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// TestManyVisitorsDoNotWaitForEachOther shows the payment screen to far more
// visitors at once than there are connections, while the settings have to be
// read anew all the time: a visitor who holds a connection must never need a
// second one of the same pool.
func TestManyVisitorsDoNotWaitForEachOther(t *testing.T) {
	w := open(t)
	for i := range 5 {
		w.invoice(fmt.Sprint(10000+i), 4500)
	}
	w.method("pm_card_visa")
	c := order("card", "", map[string]string{"10001": ""}).Choice
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var visitors sync.WaitGroup
	for range 32 {
		visitors.Go(func() {
			for range 40 {
				w.clock.Advance(2 * time.Second)
				if _, err := w.pay.Preview(ctx, w.customer, c); err != nil {
					t.Errorf("payment screen: %v", err)
					return
				}
				if _, err := w.pay.Wallet(ctx, w.customer); err != nil {
					t.Errorf("methods: %v", err)
					return
				}
			}
		})
	}
	visitors.Wait()
}
