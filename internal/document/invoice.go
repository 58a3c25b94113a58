package document

import (
	"fmt"

	"rsc.io/qr"

	"customerportal/internal/money"
)

// The lower third of an invoice's last page is the slip that goes back with the
// payment: 3 1/2 inches, as tall as a #9 envelope takes.
const (
	perforation = pageHeight - 252
	remitBottom = 750.0 // baseline of the last line in the answer's window
)

// Invoice makes the PDF of an issued invoice. It fails when the invoice does not
// add up, has no date, or the logo is not a PNG or JPEG.
func Invoice(d InvoiceData) ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	s, err := newSheet(d.Dealer, d.heading(), d.Created, d.Date)
	if err != nil {
		return nil, err
	}
	if d.Draft {
		s.banner, s.watermark = "Draft - not an invoice yet", "DRAFT"
	}
	p := panel{url: clean(d.PortalURL), address: d.PortalURL, scan: d.PortalURL, key: clean(d.RegistrationKey), title: "See and pay your invoices online"}
	if d.PayURL != "" {
		p.scan, p.title = d.PayURL, "Scan to pay, no login needed. All your invoices:"
	}
	if d.PortalURL != "" {
		// An address longer than a QR code holds is printed only.
		p.code, _ = qr.Encode(p.scan, qr.M)
	}
	if p.key != "" {
		s.lastFooter = func() {
			st := style{bold: true, size: labelSize, color: red}
			s.put(left, footerLine, st.face().cut("Registration Key  "+p.key, st.size, width-80), st)
		}
	}
	sums := d.sums()
	slip := d.Balance > 0 && !d.Draft
	end := bodyBottom
	if slip {
		end = perforation - 12
	}
	tail := max(sumHeight(sums), p.height()+12) + bodyBottom - end

	y := s.letterhead()
	y = s.band(y, d.bandLabel(), text(d.Balance.String()), d.bandWhen())
	y = s.drawTable(d.table(), y, tail)
	s.putSums(y, sums)
	s.putPanel(p, end-p.height())
	if slip {
		s.putSlip(&d)
	}
	return s.finish()
}

// check refuses an invoice whose sums are not those of its lines: a document of
// the books is right or it is not made.
func (d *InvoiceData) check() error {
	var subtotal, tax money.Cents
	for _, l := range d.Lines {
		subtotal += l.Amount
		tax += l.Tax
	}
	if subtotal != d.Subtotal || tax != d.Tax || subtotal+tax != d.Total {
		return fmt.Errorf("document: invoice %s: lines come to %s and %s tax, not %s and %s, total %s",
			d.Number, subtotal, tax, d.Subtotal, d.Tax, d.Total)
	}
	return nil
}

func (d *InvoiceData) heading() heading {
	h := heading{
		title:    "Invoice",
		number:   clean(d.Number),
		customer: clean(d.CustomerNumber),
		billHead: "Bill To",
		billTo:   cleanLines(d.BillTo),
		sideHead: "Service At",
		side:     cleanLines(d.Site),
	}
	if d.Total < 0 {
		h.title = "Credit"
	}
	h.add(h.title+" #", h.number, true)
	h.add("Date", text(d.Date.String()), false)
	h.add("Due Date", text(d.Due.String()), true)
	h.add("PO #", clean(d.PONumber), false)
	h.add("Terms", clean(d.Terms), false)
	return h
}

// add adds a fact, unless it is empty.
func (h *heading) add(label, value text, bold bool) {
	if value != "" {
		h.facts = append(h.facts, fact{label, value, bold})
	}
}

func (d *InvoiceData) bandLabel() text {
	if d.Balance < 0 {
		return "Credit on your account"
	}
	return "Balance Due"
}

func (d *InvoiceData) bandWhen() text {
	switch {
	case d.Balance <= 0:
		return "No payment is needed"
	case d.Due.IsZero():
		return ""
	}
	return "Due " + text(d.Due.String())
}

func (d *InvoiceData) table() *table {
	t := &table{columns: []column{
		{head: "Description", flexible: true},
		{head: "Quantity", right: true},
		{head: "Unit Price", right: true},
		{head: "Tax", right: true},
		{head: "Amount", right: true},
	}}
	for _, l := range d.Lines {
		t.rows = append(t.rows, row{cells: []text{
			clean(l.Description),
			text(l.Quantity.String()),
			text(l.UnitPrice.String()),
			text(l.Tax.String()),
			text(l.Amount.String()),
		}})
	}
	if note := clean(d.Note); note != "" {
		t.rows = append(t.rows, row{cells: []text{note}, across: true})
	}
	return t
}

func (d *InvoiceData) sums() []sumLine {
	lines := []sumLine{
		{label: "Subtotal", amount: text(d.Subtotal.String())},
		{label: "Tax", amount: text(d.Tax.String())},
		{label: "Total", amount: text(d.Total.String())},
	}
	if paid := d.Balance - d.Total; paid != 0 {
		lines = append(lines, sumLine{label: "Payments and Credits", amount: text(paid.String())})
	}
	return append(lines, sumLine{label: "Balance Due", amount: text(d.Balance.String()), strong: true})
}

// panel shows the way to the portal: QR code, address, Registration Key.
type panel struct {
	url     text
	address string // the URL as it was given, for the link
	scan    string // what the QR code holds
	title   text
	key     text
	code    *qr.Code
}

const (
	qrSide    = 66.0
	keyHeight = 36.0
)

func (p *panel) height() float64 {
	switch {
	case p.url == "" && p.key == "":
		return 0
	case p.url == "":
		return keyHeight
	case p.key == "":
		return qrSide
	}
	return max(qrSide, 14+11*float64(len(p.lines()))+keyHeight+4)
}

// lines is the portal's address as it fits beside the QR code.
func (p *panel) lines() []text {
	return wrapAll([]text{p.url}, label, p.room(), 4)
}

// room is the width beside the QR code, up to the totals.
func (p *panel) room() float64 {
	if p.code == nil {
		return side - 55 - left
	}
	return side - 55 - left - qrSide - 12
}

// putPanel draws the panel with its top at y.
func (s *sheet) putPanel(p panel, y float64) {
	x := left
	if p.code != nil {
		s.putQR(p.code, left, y, qrSide)
		s.link(left, y, qrSide, qrSide, p.scan)
		x += qrSide + 12
	}
	if p.url != "" {
		s.put(x, y+9, p.title, style{bold: true, size: labelSize, color: ink})
		lines := p.lines()
		s.putLines(x, y+21, 11, lines, style{size: labelSize, color: ink})
		s.link(x, y+12, p.room(), 11*float64(len(lines)), p.address)
		y += 14 + 11*float64(len(lines)) + 4
	}
	if p.key == "" {
		return
	}
	// Red, and boxed and bold as well, so that it stands out on a grey copy.
	key := style{bold: true, size: 13, color: red}
	for key.size > 6 && key.face().width(p.key, key.size) > p.room()-16 {
		key.size -= 0.5
	}
	s.box(x+0.6, y, p.room(), keyHeight, 1.2, red)
	s.put(x+8, y+13, "Registration Key", style{bold: true, size: labelSize, color: red})
	s.putRight(x+p.room()-8, y+13, "needed to sign up", style{size: 8.5, color: muted})
	s.put(x+8, y+29, key.face().cut(p.key, key.size, p.room()-16), key)
}

// putQR draws a QR code, each run of dark modules in a row as one rectangle. The
// white around it is the page's.
func (s *sheet) putQR(code *qr.Code, x, y, size float64) {
	module := size / float64(code.Size)
	s.pdf.SetFillColor(ink.r, ink.g, ink.b)
	for row := range code.Size {
		for from := 0; from < code.Size; from++ {
			to := from
			for code.Black(to, row) {
				to++
			}
			if to > from {
				// A trace taller, lest a viewer show seams between the rows.
				s.pdf.Rect(x+float64(from)*module, y+float64(row)*module, float64(to-from)*module, module*1.02, "F")
				from = to
			}
		}
	}
}

// putSlip draws the remittance slip on the lower third of the page.
func (s *sheet) putSlip(d *InvoiceData) {
	s.pdf.SetDrawColor(muted.r, muted.g, muted.b)
	s.pdf.SetLineWidth(0.8)
	s.pdf.SetDashPattern([]float64{4, 3}, 0)
	s.pdf.Line(0, perforation, pageWidth, perforation)
	s.pdf.SetDashPattern(nil, 0)
	const detach text = "Detach and return with payment"
	w := label.face().width(detach, label.size)
	s.fill((pageWidth-w)/2-8, perforation-6, w+16, 12, white)
	s.put((pageWidth-w)/2, perforation+3, detach, label)

	remit := cleanLines(d.Dealer.Remit)
	if len(remit) == 0 {
		remit = append([]text{s.name}, cleanLines(d.Dealer.Address)...)
	}

	// From whom, above the window.
	y := perforation + 26
	if len(remit) > 0 {
		payee := "Make checks payable to " + remit[0]
		s.put(left, y, bold().cut(payee, tableSize, side-15-left), strong)
	}
	from := wrapAll(s.heading.billTo, style{size: 9.5}, side-15-left, 6)
	s.put(left, y+19, "From", label)
	s.putLines(left, y+33, 12.5, from, style{size: 9.5, color: ink})

	// For what, beside the window.
	for _, f := range []fact{
		{"Customer #", s.heading.customer, false},
		{s.heading.title + " #", s.heading.number, false},
		{"Due Date", text(d.Due.String()), false},
		{"Amount Due", text(d.Balance.String()), true},
	} {
		if f.value == "" {
			continue
		}
		st := style{bold: f.bold, size: 10.5, color: ink}
		room := right - side - label.face().width(f.label+"  ", label.size)
		s.put(side, y, f.label, label)
		s.putRight(right, y, st.face().cut(f.value, st.size, room), st)
		y += 17
	}
	s.put(side, y+12, "Amount Enclosed", style{bold: true, size: labelSize, color: ink})
	s.box(side, y+18, right-side, 32, 1, ink)
	s.put(side+8, y+39, "$", style{size: 13, color: ink})

	// To whom, in the window of the answer's envelope.
	remit = wrapAll(remit, body, side-15-left, 6)
	st, step := body, addressStep
	if len(remit) > 4 {
		st.size, step = 9, 11
	}
	s.putLines(left, remitBottom-step*float64(len(remit)-1), step, remit, st)
}
