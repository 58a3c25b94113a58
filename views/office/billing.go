package office

import "customerportal/views"

// BillingPage is what the next billing run makes, and the runs so far; its
// define "billing-form" is what a refused run is answered with.
type BillingPage struct {
	views.Base
	Month   string // "December 2026"
	Months  []BillingMonth
	BillBy  string // the day by which it is to be billed
	Late    bool   // that day has passed
	Auto    string // when it begins by itself, "" when the dealer presses
	Revenue string // recurring, of a month
	// Totals of the preview.
	Invoices, Customers, Periods int
	Tax, Total                   string
	ToPrint                      int
	Open                         *BillingRunRow // a run that is not finished
	// Form, empty when there is nothing to bill.
	Run              string // where it goes
	MonthValue       string
	Date, Due        views.Input
	Per, Mail        Choice
	Button, Confirm  string
	Rows             []BillingRow
	CSV, Next, Prev  string
	Problems         []BillingProblem
	MoreProblems     int
	Runs             []BillingRunRow
	TaxHref, SetHref string // to the settings, for the owner
}

// BillingMonth is a month that can be looked at.
type BillingMonth struct {
	Label, Href string
	Current     bool
}

// BillingRow is an invoice that the run would make.
type BillingRow struct {
	Customer           Ref
	Lines              []BillingLine
	Due                string
	Amount, Tax, Total string
	Print              bool // nobody to mail it to
}

// BillingLine is one line of it.
type BillingLine struct{ Words, Amount string }

// BillingProblem is what the dealer should know of a customer.
type BillingProblem struct {
	Customer Ref
	Words    string
	Held     bool
}

// BillingRunRow is one run in a list.
type BillingRunRow struct {
	Href, Month, Started, By string
	State, StateClass        string
	Invoices, Problems       int64
	Total                    string
}

// BillingRunPage is one run: its progress and what it made. Its define "run" is
// what the page is asked for again and again while the run lasts.
type BillingRunPage struct {
	views.Base
	BillingRunRow
	Poll         string // the page's own address while the run lasts, else ""
	Trouble      string
	Done, ToDo   int64
	Facts        []Fact
	Stop, Go     string // where the buttons go, "" for none
	Close        string
	Print        []BillingPrint
	ProblemRows  []BillingProblem
	MoreProblems int64
	Rows         []BillingRunInvoice
	Next         string
}

// BillingPrint is a file with invoices of the run that were not mailed.
type BillingPrint struct{ Words, Href string }

// BillingRunInvoice is an invoice that a run made.
type BillingRunInvoice struct {
	Number, PDF string
	Customer    Ref
	Due         string
	Tax, Total  string
	How         string // "Mailed", "To print"
}

// RevenuePage is the recurring revenue and what changed it in a month.
type RevenuePage struct {
	views.Base
	Month            string
	Months           []BillingMonth
	Before, After    string
	Change           string
	Items, Customers int64
	Chart            *Chart // of the months up to this one, nil when there is nothing to compare
	Rows             []RevenueRow
	CSV              string
}

// RevenueRow is one change.
type RevenueRow struct {
	Day         string
	Customer    Ref
	Description string
	What        string
	Reason      string
	Monthly     string
}
