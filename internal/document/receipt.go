package document

import (
	"fmt"
)

// Receipt makes the PDF of a payment. It fails when the payment does not add up,
// has no date, or the logo is not a PNG or JPEG.
func Receipt(d ReceiptData) ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	words := d.words()
	s, err := newSheet(d.Dealer, d.heading(words.title), d.Created, d.Date)
	if err != nil {
		return nil, err
	}
	if d.Sandbox {
		s.banner = sandboxBanner
	}
	sums := d.sums()
	closing := s.closing("Questions about this payment?", "See it online at", d.PortalURL)

	y := s.letterhead()
	y = s.band(y, words.band, text(d.Amount.String()), text(d.Date.String()))
	if words.meaning != "" {
		y = s.putLines(left, y+4, 14, regular().wrap(words.meaning, body.size, width), body) + 2
	}
	y = s.drawTable(d.table(), y, sumHeight(sums)+closing.height())
	y = s.putSums(y, sums)
	s.putClosing(closing, y)
	return s.finish()
}

func (d *ReceiptData) check() error {
	sum := d.Unapplied
	for _, a := range d.Allocations {
		sum += a.Amount
	}
	if sum != d.Amount {
		return fmt.Errorf("document: receipt %s: parts come to %s, not %s", d.Reference, sum, d.Amount)
	}
	if d.Refunded < 0 || d.Refunded > d.Amount {
		return fmt.Errorf("document: receipt %s: %s refunded of %s", d.Reference, d.Refunded, d.Amount)
	}
	return nil
}

// receiptWords is how the state of a payment is told.
type receiptWords struct{ title, band, meaning text }

func (d *ReceiptData) words() receiptWords {
	switch d.State {
	case Received:
		return receiptWords{"Receipt", "Payment received", ""}
	case Submitted:
		return receiptWords{"Payment", "Payment submitted",
			"This payment has been sent to your bank. It counts as paid once your bank has settled it, which takes a few business days."}
	case Returned:
		return receiptWords{"Payment", "Payment returned",
			"Your bank returned this payment, so it does not count as paid. The invoices below are open again."}
	case Refunded:
		return receiptWords{"Refund", "Payment refunded", d.refundWords()}
	}
	return receiptWords{"Payment", "Payment", ""}
}

func (d *ReceiptData) refundWords() text {
	if d.Refunded > 0 && d.Refunded < d.Amount {
		return text(d.Refunded.String()) + " of this payment was given back to you."
	}
	return "This payment was given back to you in full."
}

func (d *ReceiptData) heading(title text) heading {
	h := heading{
		title:    title,
		number:   clean(d.Reference),
		customer: clean(d.CustomerNumber),
		billHead: "Customer",
		billTo:   cleanLines(d.BillTo),
	}
	h.add("Reference", h.number, true)
	h.add("Date", text(d.Date.String()), false)
	h.add("Method", clean(d.Method), false)
	h.add("State", clean(d.State), true)
	return h
}

func (d *ReceiptData) table() *table {
	t := &table{columns: []column{
		{head: "Invoice", flexible: true},
		{head: "Invoice Date", right: true},
		{head: "Invoice Total", right: true},
		{head: "This Payment", right: true},
		{head: "Left to Pay", right: true},
	}}
	for _, a := range d.Allocations {
		t.rows = append(t.rows, row{cells: []text{
			clean(a.Invoice),
			text(a.Date.String()),
			text(a.Total.String()),
			text(a.Amount.String()),
			text(a.Left.String()),
		}})
	}
	if len(d.Allocations) == 0 {
		t.rows = []row{{cells: []text{"This payment is not applied to an invoice."}, across: true}}
	}
	return t
}

func (d *ReceiptData) sums() []sumLine {
	var lines []sumLine
	if d.Unapplied != 0 {
		lines = append(lines,
			sumLine{label: "Applied to Invoices", amount: text((d.Amount - d.Unapplied).String())},
			sumLine{label: "Credit on Your Account", amount: text(d.Unapplied.String())})
	}
	lines = append(lines, sumLine{label: "Payment", amount: text(d.Amount.String()), strong: true})
	if d.Refunded != 0 {
		lines = append(lines, sumLine{label: "Refunded", amount: text((-d.Refunded).String())},
			sumLine{label: "Payment after Refund", amount: text((d.Amount - d.Refunded).String())})
	}
	return lines
}

// closing is the last words of a receipt or statement.
type closing struct {
	lines   []text
	address string // the portal's, behind the last line
}

// closing words say whom to ask, and where to look.
func (s *sheet) closing(question, online text, portal string) closing {
	c := closing{address: portal}
	phone, email := clean(s.dealer.Phone), clean(s.dealer.Email)
	switch {
	case phone != "" && email != "":
		c.add(question + " Call " + phone + " or write to " + email + ".")
	case phone != "":
		c.add(question + " Call " + phone + ".")
	case email != "":
		c.add(question + " Write to " + email + ".")
	}
	if portal != "" {
		c.add(online + " " + clean(portal))
	}
	return c
}

func (c *closing) add(t text) {
	c.lines = append(c.lines, wrapAll([]text{t}, body, width, 3)...)
}

func (c *closing) height() float64 { return 10 + 15*float64(len(c.lines)) }

func (s *sheet) putClosing(c closing, y float64) {
	y = s.putLines(left, y+18, 15, c.lines, body)
	if c.address != "" {
		s.link(left, y-15-11, width, 14, c.address)
	}
}
