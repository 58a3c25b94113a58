package document

import (
	"strings"

	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// PlannedPayment is one row of the list of what auto pay is about to take.
type PlannedPayment struct {
	Day            calendar.Date
	CustomerNumber string
	Customer       string
	Method         string
	Open, InFlight money.Cents
	Credit, Amount money.Cents
	Limit          money.Cents // the customer's own, 0 for none
	State          string      // "will be taken", "will fail", "on hold", "nothing due"
	Words          string      // why, and what else is to be known
}

// PlanTable makes the CSV file of what auto pay is about to take; it opens in
// Excel like [StatementTable].
func PlanTable(rows []PlannedPayment) []byte {
	var b strings.Builder
	b.WriteString("\ufeff")
	writeRow(&b, "Day", "Customer #", "Customer", "Method", "Open", "Under way", "From credit", "Amount", "Maximum", "State", "To know")
	for _, r := range rows {
		limit := ""
		if r.Limit > 0 {
			limit = r.Limit.Plain()
		}
		writeRow(&b, r.Day.ISO(), r.CustomerNumber, r.Customer, r.Method, r.Open.Plain(), r.InFlight.Plain(), r.Credit.Plain(), r.Amount.Plain(), limit, r.State, r.Words)
	}
	return []byte(b.String())
}
