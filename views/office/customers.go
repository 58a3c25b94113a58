package office

import "customerportal/views"

// CustomersPage is the search for customers; its define "results" is what
// typing swaps in.
type CustomersPage struct {
	views.Base
	New    string // where a customer is added, "" for a role that may not
	Import string // where they are brought as files, "" for a role that may not
	Query  string
	Found  string // "3 customers", in words
	Rows   []CustomerRow
	Next   string // address of the next page of the whole list, "" for none
}

// CustomerRow is one customer in a list.
type CustomerRow struct {
	Number, Name, City, Href string
	Balance                  string // "" when nothing is owed
	Inactive                 bool
}

// Ref names the customer that a page is about.
type Ref struct{ Number, Name, Href string }

// CustomerFinder looks for the customer whom something new is for, shown by the
// part "finder"; typing swaps in the part "customers-found".
type CustomerFinder struct {
	Action string // the address that searches
	Query  string
	Found  string
	Rows   []CustomerRow
	New    string // where a new customer is added, "" when not by this role
}
