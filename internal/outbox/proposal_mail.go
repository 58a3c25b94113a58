package outbox

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"customerportal/internal/calendar"
	"customerportal/internal/money"
	"customerportal/internal/settings"
)

// Proposal is what the mails about an answered proposal say of it.
type Proposal struct {
	Number         string
	Version        int64
	Title          string
	Customer       string
	CustomerNumber string
	Answered       string // when, in the dealer's time
	Name           string // as it was typed
	Email          string // of who answered, "" when it is not known
	IP             string
	Total          money.Cents
	Recurring      []string    // "$43.50 every month"
	Deposit        money.Cents // invoiced now
	Asked          money.Cents // of the deposit, with a version that was accepted before
	TakesPlace     int64       // the accepted version whose place this one took, 0 = none
	Stands         int64       // the accepted version that stands when this one is rejected, 0 = none
	LeftOut        int         // how many attachments are too large for a mail
	Path           string      // of its page, "" when the reader has none
}

// Once reports whether the sum that is paid once says something: of what only
// recurs it is nothing.
func (p Proposal) Once() bool { return p.Total != 0 || len(p.Recurring) == 0 }

// PathEscape makes a number fit into a path.
func PathEscape(number string) string { return url.PathEscape(number) }

// ProposalAccepted tells the salesperson of an acceptance at once, with the
// signed copy.
type ProposalAccepted struct{ Proposal }

// Template implements [Body].
func (ProposalAccepted) Template() string { return "proposal_accepted" }

// Subject implements [Body].
func (p ProposalAccepted) Subject(settings.Company) string {
	sum := p.Total.String()
	if !p.Once() {
		sum = strings.Join(p.Recurring, " and ")
	}
	return "Accepted: proposal " + p.Number + ", " + p.Customer + ", " + sum
}

// ProposalRejected tells the salesperson of a rejection at once.
type ProposalRejected struct {
	Proposal
	Reason string
}

// Template implements [Body].
func (ProposalRejected) Template() string { return "proposal_rejected" }

// Subject implements [Body].
func (p ProposalRejected) Subject(settings.Company) string {
	return "Rejected: proposal " + p.Number + ", " + p.Customer
}

// ProposalSigned brings the customer the signed copy.
type ProposalSigned struct {
	Proposal
	PayLink  string        // of the deposit, a [Writer.PayLinkMark]; "" when none is asked
	CancelBy calendar.Date // the last day a sale at home may be cancelled, else none
}

// Template implements [Body].
func (ProposalSigned) Template() string { return "proposal_signed" }

// Subject implements [Body].
func (p ProposalSigned) Subject(dealer settings.Company) string {
	return dealer.Name + ": your signed copy of proposal " + p.Number
}

// ProposalCode brings the one-time code of who opened a proposal by its link.
type ProposalCode struct {
	Number  string
	Title   string
	Code    string
	Minutes int // how long it is good
}

// Template implements [Body].
func (ProposalCode) Template() string { return "proposal_code" }

// Subject implements [Body]. The code is not in it: it shows on locked screens.
func (p ProposalCode) Subject(dealer settings.Company) string {
	return dealer.Name + ": your code to open proposal " + p.Number
}

// The link of a proposal stands in a stored mail as a mark that opens nothing,
// like a pay link, and becomes the link on the wire.

// ProposalLinkMark returns the address that stands in a mail's text for the link
// to a proposal.
func (w *Writer) ProposalLinkMark(linkID int64) string {
	return w.PublicURL(fmt.Sprintf("/s/proposal-%d", linkID))
}

// ProposalLinkToken returns the token of a link to a proposal.
func ProposalLinkToken(sealer *settings.Sealer, linkID int64) string {
	return sealer.LinkToken(fmt.Sprintf("proposal link %d", linkID))
}

func proposalMarks(publicURL string) *regexp.Regexp {
	return regexp.MustCompile(regexp.QuoteMeta(publicURL) + `/s/proposal-([0-9]{1,18})\b`)
}

// fillProposalLinks puts the links to proposals into the text of a mail. Mine
// tells whether the link is for the mail's own address.
func (w *Writer) fillProposalLinks(text string, mine func(linkID int64) (bool, error)) (string, error) {
	var failed error
	filled := w.proposalMarks.ReplaceAllStringFunc(text, func(mark string) string {
		id, _ := strconv.ParseInt(w.proposalMarks.FindStringSubmatch(mark)[1], 10, 64) // so few digits fit
		ok, err := mine(id)
		if err != nil || !ok {
			failed = errors.Join(failed, err)
			return mark
		}
		return w.PublicURL("/s/" + ProposalLinkToken(w.settings.Sealer(), id))
	})
	return filled, failed
}
