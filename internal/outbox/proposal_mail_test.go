package outbox

import (
	"errors"
	"strings"
	"testing"

	"customerportal/internal/settings"
)

// TestProposalLinkMarks: a mark becomes the link only on the wire, and only in a
// mail to the address that the link is for.
func TestProposalLinkMarks(t *testing.T) {
	w := newOffice(t, Relay{}).writer
	mine := func(link int64) (bool, error) { return link == 7, nil }
	token := ProposalLinkToken(w.settings.Sealer(), 7)
	mark := w.ProposalLinkMark(7)
	if strings.Contains(mark, token) || len(token) != 26 || token == ProposalLinkToken(w.settings.Sealer(), 72) || token == PayLinkToken(w.settings.Sealer(), 7, 0) {
		t.Fatalf("the mark %s, the token %s", mark, token)
	}
	for text, want := range map[string]string{
		"See it: " + mark + "\nBye":                     "See it: " + w.PublicURL("/s/"+token) + "\nBye",
		`<a href="` + mark + `">`:                       `<a href="` + w.PublicURL("/s/"+token) + `">`,
		"another's: " + mark + "2":                      "another's: " + mark + "2",
		"https://evil.example/s/proposal-7":             "https://evil.example/s/proposal-7",
		w.PublicURL("/s/proposal-99999999999999999999"): w.PublicURL("/s/proposal-99999999999999999999"),
	} {
		if got, err := w.fillProposalLinks(text, mine); err != nil || got != want {
			t.Errorf("%q became %q, %v", text, got, err)
		}
	}
	broken := errors.New("no books")
	if _, err := w.fillProposalLinks(mark, func(int64) (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Errorf("without books: %v", err)
	}
}

// TestAcceptedSubject: a proposal that only recurs names what recurs, not that
// nothing is paid once.
func TestAcceptedSubject(t *testing.T) {
	for want, p := range map[string]Proposal{
		"$97.00":             {Total: 9_700, Recurring: []string{"$19.00 every month"}},
		"$0.00":              {},
		"$19.00 every month": {Recurring: []string{"$19.00 every month"}},
		"$19.00 every month and $5.00 every year": {Recurring: []string{"$19.00 every month", "$5.00 every year"}},
	} {
		p.Number, p.Customer = "P-1", "Ann Lee"
		if got := (ProposalAccepted{p}).Subject(settings.Company{}); got != "Accepted: proposal P-1, Ann Lee, "+want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
