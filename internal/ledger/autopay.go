package ledger

import (
	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// NextAutoPay returns the day of the next auto payment of a customer whose day
// of the month is given (1 to 28), seen from today: the first such day after it.
func NextAutoPay(today calendar.Date, day int) calendar.Date {
	next := calendar.NewDate(today.Year(), today.Month(), day)
	if next <= today {
		next = calendar.NewDate(today.Year(), today.Month()+1, day)
	}
	return next
}

// EstimateAutoPay returns what an auto payment on that day comes to as things
// stand: what may be paid of the invoices due by then, not above the cap (0 =
// none).
func EstimateAutoPay(open []OpenInvoice, on calendar.Date, limit money.Cents) money.Cents {
	var sum money.Cents
	for _, o := range open {
		if o.Due <= on {
			sum += o.Payable()
		}
	}
	if limit > 0 {
		sum = min(sum, limit)
	}
	return sum
}
