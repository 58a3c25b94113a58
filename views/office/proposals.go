package office

import "customerportal/views"

// ProposalDraftPage is a proposal that is still being written; its defines
// "lines" and "files" are what changes of the form are answered with.
type ProposalDraftPage struct {
	views.Base
	Customer Ref
	Number   string // with the version when it is not the first, "" for a new one
	SavedBy  string // "Nov 15, 2026, 5:00 PM by Ann", "" for a new one
	Saves    int64
	Nonce    string
	// Preview and Save are the addresses the form goes to.
	Preview, Save string
	PDF, Delete   string // "" for a new one
	Offer         views.Input
	Introduction  Text
	Place         Choice
	Own           *views.Input // the dealer's own number; nil for a later version, which keeps it
	ValidUntil    views.Input
	Salesperson   Choice
	Residential   Tick
	Lines         ProposalLines
	Deposit       views.Input
	Terms         Text
	Files         ProposalFiles
}

// ProposalNewPage looks for the customer whom a new proposal is for.
type ProposalNewPage struct {
	views.Base
	Find CustomerFinder
}

// ProposalLines are the lines with what they come to.
type ProposalLines struct {
	Preview string
	Rows    []ProposalRow
	Error   string // of the lines as a whole
	Priced  bool   // everything could be worked out
	Sums    ProposalSums
}

// ProposalRow is one line as it was typed, with its amounts once they are known.
type ProposalRow struct {
	Key                              int64 // stays the line's while others come and go
	Name                             string
	Description, Quantity, UnitPrice string
	Cycles, Choices                  []Option
	Taxable                          bool
	Amount, Tax                      string
	DescriptionError                 string
	QuantityError, UnitPriceError    string
	Focus                            bool   // the line was just added
	FocusOn                          string // "up" or "down": the button that was just pressed
	First, Last, Only                bool
}

// ProposalSums is what a proposal comes to.
type ProposalSums struct {
	Once, Tax, Total string
	TaxName          string // "New York, 8.25 %", "" for none
	Exempt           bool
	Recurring        []ProposalRecurring
	Monthly          string // of all that recurs, "" when one cycle says it all
	Deposit          string
	// WithAll is what it comes to with every option, once and in a month; "" where
	// no option is left out.
	WithAll, WithAllMonthly string
}

// ProposalRecurring is what is charged every so many months.
type ProposalRecurring struct{ Every, Amount, Tax, Total string }

// ProposalFiles are the PDFs that go with a proposal.
type ProposalFiles struct {
	Preview, Save string
	Rows          []ProposalFile
	Error         string
	Room          string // "Up to 10 PDFs, ..."
}

// ProposalFile is one PDF.
type ProposalFile struct {
	ID          int64
	Name, Facts string // "3 pages, 120 KB"
	Href        string
	SHA256      string
	First, Last bool
	FocusOn     string // see ProposalRow
}

// ProposalsPage is the list of proposals; its define "results" is what typing
// swaps in.
type ProposalsPage struct {
	views.Base
	Show, Title1 string
	Query        string
	Found        string
	Tiles        []Tile
	Filters      []Filter
	Seller       Choice
	Rows         []ProposalItem
	Empty        string
	Next         string
	Verify       string
	Begin        string // where a new one is begun, for who may write one
}

// ProposalItem is one version of a proposal in a list.
type ProposalItem struct {
	Number, Version, Title, Href           string // Version is "" for the first
	Customer, CustomerNumber, CustomerHref string // "" on the customer's own page
	Salesperson                            string
	State, StateClass                      string
	ValidUntil, Changed                    string
	Total, Monthly                         string // of what only recurs Total is "", of what is only paid once Monthly
}

// ProposalSendPage asks before a proposal is sent.
type ProposalSendPage struct {
	views.Base
	Customer Ref
	Number   string
	Saves    int64
	Replaces int64 // the id of the version that the customer has now, 0 = none
	Cents    int64 // what it comes to, once and in a month, as it is agreed to
	Monthly  int64
	Send     string
	Back     string
	PDF      string
	Facts    []Fact
	Before   string // what becomes of the version the customer has, "" when there is none
	Lines    []ProposalLine
	Sums     ProposalSums
	Files    []ProposalFile
	To       ProposalTo
	Copy     *ProposalCopy // when it cannot be sent as a version of what was carried out, nil when it can
}

// ProposalTo are the addresses a proposal can be mailed to, shown by the part
// "proposal-to".
type ProposalTo struct {
	Rows  []ProposalAddress
	Error string
	Edit  string // where an address is added when there is none
}

// ProposalAddress is one of them.
type ProposalAddress struct {
	Email, How string // how the owner gets in
	Ticked     bool
}

// ProposalLine is a line of a proposal as it is shown.
type ProposalLine struct {
	Description, Quantity, UnitPrice, Paid, Tax, Amount string
	Choice                                              string // "Option", "Chosen", "Not chosen", "" when it is no option
	Left                                                bool   // it was not chosen
}

// ProposalPage is one proposal: one of its versions, and what happened to all.
type ProposalPage struct {
	views.Base
	Customer          Ref
	Number, Version   string // Version is "" while there is only one
	Offer             string
	State, StateClass string
	Facts             []Fact
	Introduction      []string
	Terms             []string
	Lines             []ProposalLine
	Sums              ProposalSums
	Files             []ProposalFile
	PDF, Signed       string
	Draft             string       // address of the draft of a newer version, "" for none
	Kin               *ProposalKin // how it stands to the versions that were accepted, nil when there is nothing to say
	Newest            string       // address of the newest version, "" when this is it
	Decision          *ProposalDecision
	CarryOut          string // where it is carried out, "" when it is not accepted, is carried out, or not by this role
	Result            []Fact
	Versions          []ProposalItem
	Trail             []ProposalEvent
	// The forms; nil and "" where there is nothing to do, or not for this role.
	Again      *ProposalAgain
	Withdraw   *ProposalWithdraw
	NewVersion string
	NoVersion  string // why there is no new version of it, "" when that goes without saying
	Copy       *ProposalCopy
	Nonce      string
}

// ProposalKin says how a version stands to those that were accepted.
type ProposalKin struct{ Words, Link, Href string }

// ProposalDecision is what the customer decided, with the evidence.
type ProposalDecision struct {
	Accepted bool
	Reason   string
	Facts    []Fact
	Strokes  *ProposalStrokes // nil = by the typed name alone
	Consent  []string
}

// ProposalStrokes is a drawn signature as a drawing.
type ProposalStrokes struct {
	Box, Path string
	Pen       int // how thick it is drawn
	Name      string
}

// ProposalEvent is one entry of the trail.
type ProposalEvent struct{ When, What, Who, Details, From string }

// ProposalAgain is the form that mails a proposal once more.
type ProposalAgain struct {
	Action string
	Nonce  string
	To     ProposalTo
}

// ProposalWithdraw is the form that withdraws a proposal.
type ProposalWithdraw struct {
	Action string
	Reason views.Input
	Mail   bool // somebody was mailed and can be told
	Told   bool // the box that tells them
}

// ProposalCopy is the form that copies a proposal.
type ProposalCopy struct {
	Action   string
	Nonce    string
	Customer views.Input
}

// CarryOutPage asks what is to be made of an accepted proposal.
type CarryOutPage struct {
	views.Base
	Customer Ref
	Number   string
	Action   string
	Back     string
	// What can still be made: "" and nil when it was made, or there is nothing of
	// its kind.
	WorkOrder *Tick
	Site      *Choice
	Invoice   *Tick
	Mail      *Tick
	Once      []PricedLine
	Sums      DraftSums
	Seen      string // what the invoice comes to, in cents, for the form to bring back
	Recurring *Tick
	From      *views.Input
	Items     []ProposalLine
	Made      []Fact       // what was made of it before
	Blocked   *ProposalKin // why nothing may be made of it now, nil when it may
}

// ProposalVerifyPage checks a PDF against the books.
type ProposalVerifyPage struct {
	views.Base
	Action  string
	Error   string
	Words   string // the verdict, "" before a PDF was given
	Genuine bool
	Facts   []Fact
	Href    string // of the proposal it belongs to
}
