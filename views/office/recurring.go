package office

import "customerportal/views"

// RecurringPage is a customer's recurring items.
type RecurringPage struct {
	views.Base
	Customer Ref
	Monthly  string // recurring revenue of a month
	New, Tax string // where they lead, "" for none
	Rows     []RecurringRow
}

// RecurringRow is one item in a list.
type RecurringRow struct {
	Href, Description string
	Place             string // site and system
	Amount, Cycle     string
	Days              string // from when until when
	Next              string // the next period to be billed
	Ended             bool
	State, StateClass string
	Monthly           string
}

// NewRecurringPage adds an item; its define "recurring-form" is what a refused
// one is answered with.
type NewRecurringPage struct {
	views.Base
	Customer               Ref
	Action                 string
	Place                  Choice
	Description            views.Input
	Quantity, Amount       views.Input
	Cycle                  Choice
	Start, BillFrom        views.Input
	Prorate, When, Taxable Choice
	Reason                 views.Input
}

// RecurringItemPage is one item with its prices and periods, and the forms that
// change it.
type RecurringItemPage struct {
	views.Base
	Customer Ref
	RecurringRow
	Facts   []Fact
	Prices  []RecurringPrice
	Periods []RecurringPeriod
	Price   *RecurringForm
	End     *RecurringForm
	From    *RecurringForm
	Again   string // where the button goes that bills voided periods again
}

// RecurringPrice is an amount with the day from which it holds.
type RecurringPrice struct{ From, Amount, Reason string }

// RecurringPeriod is what was billed.
type RecurringPeriod struct{ Days, Amount, Tax, Invoice, PDF, Note string }

// RecurringForm is one of the forms that change an item. Its own errors are in
// it, so that a page of many forms shows them where they belong.
type RecurringForm struct {
	Errors           views.FieldErrors
	Key, Title, Hint string
	Action, Button   string
	Confirm          string
	Inputs           []views.Input
	Choice           *Choice
	Credit           string // what would be credited, in words; "" for nothing
}
