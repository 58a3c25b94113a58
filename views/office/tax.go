package office

import "customerportal/views"

// TaxesPage is the tax codes; its define "tax-form" is what a refused new one is
// answered with.
type TaxesPage struct {
	views.Base
	Rows    []TaxRow
	Unknown []TaxUse // codes that sites name and nobody set up
	None    int64    // sites without any code
	Code    views.Input
	Name    views.Input
	Rate    views.Input
	From    views.Input
	Taxes   Choice
}

// TaxRow is one tax code.
type TaxRow struct {
	Code, Name, Href string
	Rate, Since      string // what holds today
	Taxes            string // what is taxed by it
	Sites, Exempt    int64
}

// TaxUse is how often sites name a code.
type TaxUse struct {
	Code  string
	Sites int64
}

// TaxPage is one code with its rates and sites; its defines "tax-rate" and
// "tax-edit" are what refused changes are answered with.
type TaxPage struct {
	views.Base
	Code, Name string
	Href       string
	Rates      []TaxRateRow
	Rate, From views.Input
	NewName    views.Input
	Taxes      Choice
	Sites      []TaxSite
	Next       string
}

// TaxRateRow is a rate with the day from which it holds.
type TaxRateRow struct {
	From, Rate string
	State      string // "Now", "To come", "" for one of the past
	Remove     string // where the button goes that takes it back, "" once it holds
}

// TaxSite is a site under a code.
type TaxSite struct {
	Customer    Ref
	Site        string
	Exempt      bool
	Certificate string
}

// CustomerTaxPage is how a customer's sites are taxed.
type CustomerTaxPage struct {
	views.Base
	Customer Ref
	Sites    []CustomerTax
}

// CustomerTax is the form of one site. Its own errors are in it, so that a page
// of many forms shows them where they belong.
type CustomerTax struct {
	Errors       views.FieldErrors
	ID           int64
	Site, Action string
	Code, Exempt Choice
	Certificate  views.Input
	Expires      views.Input
	Warning      string
}
