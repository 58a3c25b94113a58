package portal

import (
	"strconv"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/money"
	"customerportal/views"
)

// ProposalsPage is the tab "Proposals".
type ProposalsPage struct {
	views.Base
	Rows         []ProposalRow
	Newer, Older string // addresses of the other pages, "" for none
}

// ProposalRow is one proposal of the list, in its newest version.
type ProposalRow struct {
	Number, Title     string
	Version           string // of one that is not the newest, else ""
	Date, ValidUntil  calendar.Date
	Total, Monthly    money.Cents
	State, StateClass string
	Href, PDF         string
	Accept, Reject    string // addresses, "" when it cannot be answered
}

// ProposalPage is one version of a proposal.
type ProposalPage struct {
	views.Base
	Proposal ProposalView
}

// ProposalView is what the pages of one version show of it.
type ProposalView struct {
	Number, Title       string
	Version             int64
	State, StateClass   string
	Introduction, Terms string
	Date, ValidUntil    calendar.Date
	Site, System        string
	Salesperson         string
	Once, Recurring     []ProposalLine
	Options             bool // some lines are optional
	Sums                ProposalSums
	Attached            []ProposalFile
	Others              []ProposalVersion
	CancelWords         bool   // it is a sale at home
	Open                bool   // it can be answered
	Closed              string // why not, "" when it can or was answered
	Newer               string // address of the version that replaced it, "" for none
	Stands              string // how it stands to the versions that were accepted, "" when there is nothing to say
	StandsTo            int64  // the version that is about, and its address
	StandsHref          string // "" for who came by a link to one version
	Decision            *ProposalDecision
	ByLink              bool // its reader has no log-in
	// Addresses.
	Path, PDF, Accept, Reject, Viewed string
}

// ProposalLine is one line; Every is "" for what is paid once.
type ProposalLine struct {
	Position         int64
	Description      string
	Quantity         string
	Every            string
	UnitPrice        money.Cents
	Tax, Amount      money.Cents
	Optional, Chosen bool
	Boxes            bool // the table has a column for boxes
	Choice           bool // the box can be ticked
}

// ID is the id of the line's box.
func (l ProposalLine) ID() string { return "option-" + strconv.FormatInt(l.Position, 10) }

// ProposalSums is what the chosen lines come to.
type ProposalSums struct {
	Once, Tax, Total money.Cents
	Recurring        []ProposalRecurring
	Deposit          money.Cents
	DepositDue       money.Cents // of it, with the acceptance
	Asked            string      // "$300.00 asked already with version 1", "" when nothing was
	Fingerprint      string      // all of it, as a form carries it
}

// ProposalRecurring is what is charged every so often.
type ProposalRecurring struct {
	Every, Label       string // "every month", "Every month"
	Amount, Tax, Total money.Cents
}

// ProposalFile is a PDF that goes with a proposal.
type ProposalFile struct {
	Name, Size, Href string
	Pages            int64 // 0 = not known
}

// ProposalVersion is another version that was sent.
type ProposalVersion struct {
	Version           int64
	State, StateClass string
	Sent              time.Time
	Total, Monthly    money.Cents
	Href              string
}

// ProposalDecision is how it was answered.
type ProposalDecision struct {
	Accepted    bool
	Name, Email string
	When        string // in the dealer's time
	Reason      string
	Drawing     views.Drawing
	Signed      string // address of the signed copy
	Deposit     money.Cents
	DepositLeft money.Cents
	PayHref     string        // where the deposit is paid, "" when nothing is left to pay
	CancelBy    calendar.Date // the last day to cancel, none when it is no sale at home
}

// AcceptPage is the page on which a proposal is signed.
type AcceptPage struct {
	views.Base
	Form AcceptForm
}

// AcceptForm is its form.
type AcceptForm struct {
	Errors       views.FieldErrors
	Proposal     ProposalView
	Action, Back string
	Form, Shown  string   // what the form says was shown
	Words        []string // the consent in full
	Consent      bool
	Name         string
	Drawing      string
	NameInput    views.Input
	Pad          views.SignaturePad
}

// RejectPage is the page on which a proposal is rejected.
type RejectPage struct {
	views.Base
	Form RejectForm
}

// RejectForm is its form.
type RejectForm struct {
	Errors       views.FieldErrors
	Proposal     ProposalView
	Action, Back string
	Form, Shown  string
	Reason       string
	Most         int // characters
}

// CodePage is the way in by a mailed link.
type CodePage struct {
	views.Base
	Form CodeForm
}

// CodeForm asks for a code to be mailed, and then for the code.
type CodeForm struct {
	Errors views.FieldErrors
	Path   string
	To     string // the address, most of it hidden
	Sent   bool
	Input  views.Input
}
