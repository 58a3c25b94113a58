package outbox

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"customerportal/internal/settings"
)

// A pay link stands in a stored mail as a mark that opens nothing; only on the
// wire it becomes the link. So a copied file holds no link that works, the mail
// can be looked at in the office and be sent again.

// PayLinkMark returns the address that stands in a mail's text for the pay link
// of an invoice.
func (w *Writer) PayLinkMark(invoiceID, generation int64) string {
	return w.PublicURL(fmt.Sprintf("/p/invoice-%d-%d", invoiceID, generation))
}

// PayLinkToken returns the token of the pay link of an invoice; each generation
// has another one.
func PayLinkToken(sealer *settings.Sealer, invoiceID, generation int64) string {
	return sealer.LinkToken(fmt.Sprintf("pay link %d %d", invoiceID, generation))
}

// payLinkMarks finds the marks under a portal's own address.
func payLinkMarks(publicURL string) *regexp.Regexp {
	return regexp.MustCompile(regexp.QuoteMeta(publicURL) + `/p/invoice-([0-9]{1,18})-([0-9]{1,9})\b`)
}

// fillPayLinks puts the pay links into the text of a mail. Mine tells whether
// the link is the mail's own customer's and the one that counts: a mark that
// somebody typed into a name stays a mark.
func (w *Writer) fillPayLinks(text string, mine func(invoiceID, generation int64) (bool, error)) (string, error) {
	var failed error
	filled := w.marks.ReplaceAllStringFunc(text, func(mark string) string {
		m := w.marks.FindStringSubmatch(mark)
		invoice, _ := strconv.ParseInt(m[1], 10, 64) // so few digits fit
		generation, _ := strconv.ParseInt(m[2], 10, 64)
		ok, err := mine(invoice, generation)
		if err != nil || !ok {
			failed = errors.Join(failed, err)
			return mark
		}
		return w.PublicURL("/p/" + PayLinkToken(w.settings.Sealer(), invoice, generation))
	})
	return filled, failed
}
