package outbox

import (
	"customerportal/internal/calendar"
	"customerportal/internal/money"
	"customerportal/internal/settings"
)

// ProposalNews is what every mail about a proposal that is still to be decided on
// says of it.
type ProposalNews struct {
	Name           string // the customer's
	Number, Title  string
	Total, Monthly money.Cents   // with the options that are chosen beforehand: once with tax, in a month without
	ValidUntil     calendar.Date // none = no end
	Stands         int64         // the version that the customer accepted before and that stands until this one is accepted, 0 = none
	Link           string        // the portal's page, or a [Writer.ProposalLinkMark]
	Login          bool          // the link asks for a log-in; else for a code that is mailed
}

// ProposalBody is a mail about a proposal, once it is told about which.
type ProposalBody interface{ About(ProposalNews) Body }

// ProposalSent brings the customer the way to a proposal.
type ProposalSent struct {
	ProposalNews
	New   bool // a new version of one that was sent before
	Again bool // it was mailed before
}

// About implements [ProposalBody].
func (p ProposalSent) About(n ProposalNews) Body { p.ProposalNews = n; return p }

// Template implements [Body].
func (ProposalSent) Template() string { return "proposal_sent" }

// Subject implements [Body].
func (p ProposalSent) Subject(dealer settings.Company) string {
	if p.Stands != 0 {
		return dealer.Name + ": a new version of the proposal you accepted, " + p.Number + ", " + p.Title
	}
	if p.New {
		return dealer.Name + ": new version of proposal " + p.Number + ", " + p.Title
	}
	return dealer.Name + ": proposal " + p.Number + ", " + p.Title
}

// ProposalReminder reminds the customer of a proposal that expires soon.
type ProposalReminder struct{ ProposalNews }

// About implements [ProposalBody].
func (p ProposalReminder) About(n ProposalNews) Body { p.ProposalNews = n; return p }

// Template implements [Body].
func (ProposalReminder) Template() string { return "proposal_reminder" }

// Subject implements [Body].
func (p ProposalReminder) Subject(dealer settings.Company) string {
	return dealer.Name + ": proposal " + p.Number + " is valid until " + p.ValidUntil.String()
}

// ProposalWithdrawn tells the customer that a proposal is not on offer any more.
type ProposalWithdrawn struct {
	ProposalNews
	Reason string
}

// About implements [ProposalBody].
func (p ProposalWithdrawn) About(n ProposalNews) Body { p.ProposalNews = n; return p }

// Template implements [Body].
func (ProposalWithdrawn) Template() string { return "proposal_withdrawn" }

// Subject implements [Body].
func (p ProposalWithdrawn) Subject(dealer settings.Company) string {
	return dealer.Name + ": proposal " + p.Number + " was withdrawn"
}
