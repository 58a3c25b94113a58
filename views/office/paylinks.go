package office

import "customerportal/views"

// PayLinksPage is what goes to a customer about what is owed.
type PayLinksPage struct {
	views.Base
	Customer Ref
	Links    []PayLinkRow
	AnyOpens bool
	// Shown is the link staff asked to see, ShownNumber its invoice; "" for none.
	Shown, ShownNumber string
	Nonce              string
	Hold               string // why the customer is not reminded, "" when he is
	Reason             views.Input
	From, To           views.Input
}

// PayLinkRow is the pay link of one invoice.
type PayLinkRow struct {
	Number, Href, Due, Balance string
	State, StateClass          string
	Mailed                     string // when last, "" = never
	Opens                      bool
	Path                       string
}

// RemindersPage is what the next run of reminders and late fees brings, and what
// the last ones did.
type RemindersPage struct {
	views.Base
	Day         string
	On, FeesOn  bool
	Days        string // the schedule as it was typed
	Owner       bool
	Mails       int // how many letters go out
	Letters     []LetterRow
	MoreLetters int
	Fees        []FeeRow
	MoreFees    int
	Done        []ReminderRow
	Charged     []FeeRow
}

// LetterRow is one customer's reminder to come.
type LetterRow struct {
	Customer Ref
	Invoices []string
	Total    string
	Why      string // why none is mailed, "" when one is
}

// FeeRow is one late fee, to come or charged.
type FeeRow struct {
	Customer             Ref
	Day                  string
	Invoice, InvoiceHref string
	Fee, FeeHref         string
	Due, Amount          string
	Why                  string
	State, Class         string
}

// ReminderRow is a step that was decided.
type ReminderRow struct {
	Day                  string
	Customer             Ref
	Invoice, InvoiceHref string
	Step, Outcome, Class string
	Why                  string
}
