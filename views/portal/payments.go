package portal

import (
	"customerportal/internal/calendar"
	"customerportal/internal/money"
	"customerportal/views"
)

// PaymentsPage is the tab "Payment History".
type PaymentsPage struct {
	views.Base
	Payments []PaymentRow
	Later    bool   // the page is not the first
	Older    string // address of the next page, "" on the last
	From, To views.Input
}

// PaymentRow is one payment of the list.
type PaymentRow struct {
	Reference  string
	Href       string // of its page
	Date       calendar.Date
	Type       string // "Credit Card"
	Number     string // "Visa ending 4242", "1042"
	Amount     money.Cents
	Refunded   money.Cents
	State      string // in words
	StateClass string
	Receipt    string // address of the PDF, "" when there is none
}
