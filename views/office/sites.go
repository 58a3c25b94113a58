package office

import "customerportal/views"

// NewCustomerPage is the form of a new customer.
type NewCustomerPage struct {
	views.Base
	Number  views.Input
	Name    []views.Input
	Address []views.Input
	Phones  Text
	Emails  Text
	Terms   views.Input
	Sales   views.Input
}

// SitePage is the form of a site, with its systems once it is saved.
type SitePage struct {
	views.Base
	Customer  Ref
	Name      string // of the saved site, "" for a new one
	Action    string
	Seen      string
	Fields    []views.Input
	Tax       Choice
	Exempt    bool
	Systems   []System
	NewSystem string
	Saved     bool
}

// SystemPage is the form of a system at a site.
type SystemPage struct {
	views.Base
	Customer Ref
	Site     string
	SiteHref string
	Name     string // of the saved system, "" for a new one
	Action   string
	Seen     string
	Fields   []views.Input
}

// NotesPage is what staff wrote down about a customer, with the form for more.
type NotesPage struct {
	views.Base
	Customer Ref
	Action   string
	Nonce    string
	Note     Text
	Rows     []Note
	Next     string
}

// Note is one note.
type Note struct {
	When, Who string
	Lines     []string
}
