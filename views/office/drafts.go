package office

import "customerportal/views"

// DraftPage is an invoice that is still being written; its define "lines" is
// what a change of the form is answered with.
type DraftPage struct {
	views.Base
	Customer Ref
	Saved    bool   // it is in the books already
	SavedBy  string // "Nov 15, 2026, 5:00 PM by Ann", "" for a new one
	Version  int64
	Nonce    string
	// Preview and Save are the addresses the form goes to.
	Preview, Save string
	PDF, Delete   string // "" for a new one
	Site          Choice
	Date, Due, PO views.Input
	Lines         DraftLines
}

// DraftLines are the lines with what they come to.
type DraftLines struct {
	Preview string
	Rows    []DraftRow
	Error   string // of the lines as a whole
	Priced  bool   // everything could be worked out
	Sums    DraftSums
}

// DraftSums is what a draft comes to.
type DraftSums struct {
	Subtotal, Tax, Total string
	TaxName              string // "New York, 8.25 %", "" for none
	Due                  string
	Exempt               bool
}

// DraftRow is one line as it was typed, with its amounts once they are known.
type DraftRow struct {
	Key                              int64 // stays the line's while others come and go
	Name                             string
	Description, Quantity, UnitPrice string
	Taxable                          bool
	Amount, Tax                      string
	DescriptionError                 string
	QuantityError, UnitPriceError    string
	Focus                            bool // the line was just added
	Only                             bool // it cannot be removed
}

// IssuePage asks before a draft becomes an invoice.
type IssuePage struct {
	views.Base
	Customer Ref
	Version  int64
	Cents    int64 // the total that is agreed to
	Issue    string
	Back     string
	Facts    []Fact
	Lines    []PricedLine
	Sums     DraftSums
	MailTo   string // "" = nobody
	Mail     bool
}

// PricedLine is a line of an invoice as it is shown.
type PricedLine struct{ Description, Quantity, UnitPrice, Tax, Amount string }
