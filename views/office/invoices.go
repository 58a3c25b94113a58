package office

import "customerportal/views"

// InvoicesPage is the list of all invoices; its define "results" is what typing
// is answered with.
type InvoicesPage struct {
	views.Base
	Query   string
	Filters []Filter
	Show    string // the filter that is chosen
	Title1  string // of the list
	Found   string // "3 invoices", when something was searched
	Tiles   []Tile
	Rows    []InvoiceLine
	Drafts  []DraftLine
	Next    string
	// Print is where the invoices that have yet to go out are printed, "" when
	// the list is another.
	Print, Nonce string
	PrintMany    string // "Print these 12"
	Empty        string
}

// Filter is one choice of a list.
type Filter struct {
	Label, Href string
	Current     bool
	Count       int64
}

// Tile is a figure at the top of a page.
type Tile struct {
	Label, Figure, More, Href string
	Past                      bool
}

// InvoiceLine is one invoice of the office's list.
type InvoiceLine struct {
	Number, Href, Customer, CustomerNumber, CustomerHref string
	Date, Due, Total, Balance, State, StateClass, Age    string
}

// DraftLine is one draft of the office's list.
type DraftLine struct{ Href, Customer, CustomerNumber, CustomerHref, Date, Saved, Total string }

// InvoicePage is one invoice in the office.
type InvoicePage struct {
	views.Base
	Customer          Ref
	Number            string
	State, StateClass string
	Age               string
	Total, Balance    string
	InFlight          string // under way, "" for nothing
	Facts             []Fact
	Lines             []PricedLine
	Sums              DraftSums
	Moves             []Move
	UnderWay          []Move
	Mails             []MailRow
	Prints            []PrintRow
	PDF               string
	ToSend            bool // owed, and neither mailed nor printed yet
	MailTo            string
	// What the viewer may do: "" hides the button.
	Mail, Print, Payment string
	// Void and GiveCredit are where that is done, "" when it cannot be.
	Void, GiveCredit string
	Nonce            string
}

// Move is one thing that moved what is owed.
type Move struct{ Date, What, Reference, Href, Amount, Left string }

// PrintRow is one time that an invoice was printed.
type PrintRow struct{ When, Who, Href string }

// PrintsPage is a batch of invoices that were printed together.
type PrintsPage struct {
	views.Base
	When, Who string
	PDF       string
	Rows      []InvoiceLine
	Total     string
}
