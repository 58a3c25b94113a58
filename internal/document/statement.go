package document

import (
	"fmt"

	"customerportal/internal/money"
)

// Statement makes the PDF of an account over a period. It fails when the entries
// do not lead from the opening to the closing balance, when the period has no
// end, or when the logo is not a PNG or JPEG.
func Statement(d StatementData) ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	s, err := newSheet(d.Dealer, d.heading(), d.Created, d.To)
	if err != nil {
		return nil, err
	}
	if d.Sandbox {
		s.banner = sandboxBanner
	}
	sums := d.sums()
	closing := s.closing("Questions about this statement?", "See and pay your invoices online at", d.PortalURL)
	if d.InFlight > 0 {
		flight := text(d.InFlight.String()) + " more has been submitted and is not settled yet. It is not part of the balance above."
		closing.lines = append(regular().wrap(flight, body.size, width), closing.lines...)
	}

	y := s.letterhead()
	what := text("Balance Due")
	if d.Closing < 0 {
		what = "Credit on your account"
	}
	y = s.band(y, what, text(max(d.Closing, -d.Closing).String()), "As of "+text(d.To.String()))
	y = s.drawTable(d.table(), y, sumHeight(sums)+closing.height())
	y = s.putSums(y, sums)
	s.putClosing(closing, y)
	return s.finish()
}

func (d *StatementData) check() error {
	sum := d.Opening
	for _, e := range d.Entries {
		sum += e.Amount
	}
	if sum != d.Closing {
		return fmt.Errorf("document: statement of %s: entries lead to %s, not %s", d.CustomerNumber, sum, d.Closing)
	}
	return nil
}

func (d *StatementData) heading() heading {
	h := heading{
		title:    "Statement",
		number:   text(d.From.String() + " to " + d.To.String()),
		customer: clean(d.CustomerNumber),
		billHead: "Customer",
		billTo:   cleanLines(d.BillTo),
	}
	h.add("From", text(d.From.String()), false)
	h.add("To", text(d.To.String()), false)
	return h
}

func (d *StatementData) table() *table {
	t := &table{columns: []column{
		{head: "Date"},
		{head: "Description", flexible: true},
		{head: "Number"},
		{head: "Charges", right: true},
		{head: "Payments", right: true},
		{head: "Balance", right: true},
	}}
	balance := d.Opening
	t.rows = append(t.rows, row{bold: true, cells: []text{
		text(d.From.String()), "Opening balance", "", "", "", text(balance.String())}})
	for _, e := range d.Entries {
		balance += e.Amount
		var charge, payment text
		if e.Amount < 0 {
			payment = text((-e.Amount).String())
		} else {
			charge = text(e.Amount.String())
		}
		t.rows = append(t.rows, row{cells: []text{
			text(e.Date.String()), clean(e.Description), clean(e.Reference), charge, payment, text(balance.String())}})
	}
	return t
}

func (d *StatementData) sums() []sumLine {
	var charges, payments money.Cents
	for _, e := range d.Entries {
		if e.Amount < 0 {
			payments += e.Amount
		} else {
			charges += e.Amount
		}
	}
	return []sumLine{
		{label: "Opening Balance", amount: text(d.Opening.String())},
		{label: "Charges", amount: text(charges.String())},
		{label: "Payments and Credits", amount: text(payments.String())},
		{label: "Closing Balance", amount: text(d.Closing.String()), strong: true},
	}
}
