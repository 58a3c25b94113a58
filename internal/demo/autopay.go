package demo

import (
	"context"

	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
)

// monthly lays out the months of the customers with Auto Recurring: one who pays
// by it, one whose card declines until it is replaced, and one the office holds.
// The runs, their retries and notices are those of the portal itself, on the
// mornings on which it would have made them.
func (o *online) monthly(pays, declines, held int) {
	today := o.made.today
	good := sandbox.Entry{Number: "4242424242424242", Expiry: o.expiry(34), CVC: "123"}
	begins := o.made.bills[o.left(pays)[0]].date.AddDays(-3)
	o.on(begins, 20, o.keep(pays, gateway.Card, good, true))
	for _, customer := range []int{declines, held} {
		entry := good
		if customer == declines {
			entry.Number = "4000000000000341" // goes on file, then declines
		}
		o.on(o.made.bills[o.left(customer)[0]].date.AddDays(4), 19, o.keep(customer, gateway.Card, entry, true))
	}
	first := calendar.NewDate(begins.Year(), begins.Month(), 1)
	for n := 0; ; n++ {
		month := first.AddMonths(n)
		if month.AddDays(-10) > today {
			break
		}
		for _, after := range []int{-10, 0, 1, 4, 8} {
			if on := month.AddDays(after); on > begins && on <= today {
				o.on(on, 6, o.morning)
				o.on(on, 7, o.morning) // what the banks and the processor said meanwhile
			}
		}
	}
	// the card is replaced three days after it first declined, the day before the
	// second retry
	failed := calendar.NewDate(today.Year(), today.Month(), 1)
	if today.DaysUntil(failed) > -9 {
		failed = failed.AddMonths(-1)
	}
	o.on(failed.AddDays(3), 20, o.keep(declines, gateway.Card, sandbox.Entry{Number: "5555555555554444", Expiry: o.expiry(40), CVC: "123"}, true))
	hold := failed.AddDays(-2)
	o.on(hold, 14, func(ctx context.Context) error {
		return o.AutoPay.Hold(ctx, o.desk(o.books.clerk, "billing"), o.books.customers[held], "Waits for the credit for the false alarms")
	})
}

// morning is what the portal's own job does at that hour.
func (o *online) morning(ctx context.Context) error {
	for range 2 { // the second ends what the first began
		if err := o.AutoPay.Run(ctx); err != nil {
			return err
		}
	}
	return nil
}
