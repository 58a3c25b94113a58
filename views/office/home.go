package office

import "customerportal/views"

// HomePage is what needs a person today, and how the money stands.
type HomePage struct {
	views.Base
	// Hold says why no money is taken, "" when it is; CanConfirm gives the
	// owner the button that ends it.
	Hold       string
	CanConfirm bool
	// Works says that the viewer's role takes part in what Needs lists.
	Works bool
	Needs []Need
	Money *Money
	// Snapshot is when the copy of the books was made that people may take away.
	Snapshot string
}

// Need is one thing that waits for a person.
type Need struct {
	Title  string
	Lines  []string
	Href   string // where it is dealt with, "" for nowhere
	Action string // the link's words
	Urgent bool
}

// Money is how the books stand.
type Money struct {
	Month    string // "November 2026"
	Taken    string
	Due      string
	DueCount int64
	Past     string
	Ages     []Age
	Next     NextRun
}

// NextRun is the coming run of auto pay in one tile.
type NextRun struct {
	Day    string // "" when nothing is to be taken
	Amount string
	Lines  []string // of how many customers, and what keeps others out
	Href   string
}

// Age is what is past due by how long.
type Age struct {
	Label    string // "1 to 30 days"
	Amount   string
	Invoices int64
}
