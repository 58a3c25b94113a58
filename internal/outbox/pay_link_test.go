package outbox

import (
	"errors"
	"strings"
	"testing"
)

// A mark becomes the link only on the wire, only under the portal's own address,
// and only for whom the mail is: whoever types one into a name gets nothing.
func TestPayLinkMarks(t *testing.T) {
	w := newOffice(t, Relay{}).writer
	mine := func(invoice, generation int64) (bool, error) { return invoice == 7 && generation == 2, nil }
	token := PayLinkToken(w.settings.Sealer(), 7, 2)
	mark := w.PayLinkMark(7, 2)
	if strings.Contains(mark, token) || len(token) != 26 {
		t.Fatalf("the mark %s, the token %s", mark, token)
	}
	for text, want := range map[string]string{
		"Pay it: " + mark + "\nBye":                     "Pay it: " + w.PublicURL("/p/"+token) + "\nBye",
		`<a href="` + mark + `">`:                       `<a href="` + w.PublicURL("/p/"+token) + `">`,
		mark + " " + mark:                               w.PublicURL("/p/"+token) + " " + w.PublicURL("/p/"+token),
		"of another: " + w.PayLinkMark(8, 2):            "of another: " + w.PayLinkMark(8, 2),
		"of one to come: " + w.PayLinkMark(7, 3):        "of one to come: " + w.PayLinkMark(7, 3),
		"elsewhere: https://evil.example/p/invoice-7-2": "elsewhere: https://evil.example/p/invoice-7-2",
		mark + "0": mark + "0",
		w.PublicURL("/p/invoice-99999999999999999999-2"): w.PublicURL("/p/invoice-99999999999999999999-2"),
	} {
		if got, err := w.fillPayLinks(text, mine); err != nil || got != want {
			t.Errorf("%q became %q, %v", text, got, err)
		}
	}
	broken := errors.New("no books")
	if _, err := w.fillPayLinks(mark, func(int64, int64) (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Errorf("without books: %v", err)
	}
	if PayLinkToken(w.settings.Sealer(), 72, 0) == PayLinkToken(w.settings.Sealer(), 7, 20) || PayLinkToken(w.settings.Sealer(), 7, 1) == token {
		t.Error("two links have one token")
	}
}
