package document

import (
	"fmt"

	"customerportal/internal/calendar"
	"customerportal/internal/signature"
)

// cancelWords stand beside the signature of a sale at home, in the words of the
// rule and in bold (16 CFR 429.1(a)).
const cancelWords = "You, the buyer, may cancel this transaction at any time prior to midnight of the third business day after the date of this transaction. See the attached notice of cancellation form for an explanation of this right."

// CancelBy returns the last day on which a sale at home of that day may be
// cancelled.
func CancelBy(day calendar.Date) calendar.Date { return day.AddBusinessDays(3) }

const (
	penWidth  = 250.0 // the box of a drawn signature
	penHeight = 100.0
)

// drawAcceptance draws what was accepted and the signature.
func (d *ProposalData) drawAcceptance(f *flow) {
	a := d.Acceptance
	height := 215.0
	if d.Residential {
		height += 40
	}
	f.need(height)
	f.head("Accepted and signed")
	day := a.At.Date(a.Zone)
	words := fmt.Sprintf("I accept proposal %s, version %d, of %s with the options that are crossed above: %s once, tax included", d.Number, d.Version, d.Dealer.Name, d.Total)
	for _, r := range d.Recurring {
		words += fmt.Sprintf(", and %s %s, tax included", r.Total, r.Every)
	}
	words += "."
	if d.Deposit > 0 {
		words += fmt.Sprintf(" A deposit of %s is due now.", d.Deposit)
	}
	f.paragraphs(words, body)
	if d.Residential {
		f.y += 4
		f.paragraphs(cancelWords, strong)
	}
	f.y += 10
	f.need(penHeight + 34)
	top := f.y
	if a.Drawing.Blank() {
		name := style{size: 22, color: ink}
		f.put(left+8, top+penHeight-14, name.face().cut(clean(a.TypedName), name.size, penWidth-8), name)
	} else {
		f.strokes(a.Drawing, left, top, penWidth, penHeight)
	}
	y := top + penHeight
	f.rule(left, left+penWidth, y, 0.8, ink)
	how := text("Signature, drawn by hand")
	if a.Drawing.Blank() {
		how = "Signature, by typed name"
	}
	f.put(left, y+12, how, label)
	x := left + penWidth + 24
	f.put(x, y-5, body.face().cut(clean(a.TypedName), body.size, right-x), strong)
	f.rule(x, right, y, 0.8, ink)
	f.put(x, y+12, "Name", label)
	f.put(x, y-42, text(day.String()), body)
	f.rule(x, right, y-37, 0.8, ink)
	f.put(x, y-25, "Date", label)
	f.y = y + 24
}

// strokes draws a signature into a box as curves, never as a picture.
func (s *sheet) strokes(drawn signature.Signature, x, y, w, h float64) {
	s.pdf.SetDrawColor(ink.r, ink.g, ink.b)
	s.pdf.SetLineCapStyle("round")
	s.pdf.SetLineJoinStyle("round")
	for _, c := range drawn.Curves(w, h) {
		s.pdf.SetLineWidth(c.Width)
		if c.X0 == c.X3 && c.Y0 == c.Y3 && c.X0 == c.X1 && c.Y0 == c.Y1 {
			s.pdf.Line(x+c.X0, y+c.Y0, x+c.X0, y+c.Y0) // a dot, by its round ends
			continue
		}
		s.pdf.CurveBezierCubic(x+c.X0, y+c.Y0, x+c.X1, y+c.Y1, x+c.X2, y+c.Y2, x+c.X3, y+c.Y3, "D")
	}
	s.pdf.SetLineCapStyle("butt")
	s.pdf.SetLineJoinStyle("miter")
}

// drawNotice draws one copy of the notice of cancellation on a page of its own,
// so that it can be torn off: the words of 16 CFR 429.1(b), in bold.
func (d *ProposalData) drawNotice(f *flow, copy int) {
	f.turn()
	st := strong
	blank := "____________________"
	day, until := blank+" (the day you accept)", "the third business day after the day you accept: "+blank
	if a := d.Acceptance; a != nil {
		on := a.At.Date(a.Zone)
		day, until = on.String(), CancelBy(on).String()
	}
	seller := d.Dealer.Name
	if address := joinAddress(d.Dealer.Address); address != "" {
		seller += ", at " + address
	}
	f.put(left, f.y+14, "NOTICE OF CANCELLATION", style{bold: true, size: 15, color: ink})
	f.putRight(right, f.y+14, text(fmt.Sprintf("Copy %d of 2", copy)), label)
	f.y += 32
	for _, p := range []string{
		"Date of transaction: " + day,
		"You may CANCEL this transaction, without any Penalty or Obligation, within THREE BUSINESS DAYS from the above date.",
		"If you cancel, any property traded in, any payments made by you under the contract or sale, and any negotiable instrument executed by you will be returned within TEN BUSINESS DAYS following receipt by the seller of your cancellation notice, and any security interest arising out of the transaction will be cancelled.",
		"If you cancel, you must make available to the seller at your residence, in substantially as good condition as when received, any goods delivered to you under this contract or sale, or you may, if you wish, comply with the instructions of the seller regarding the return shipment of the goods at the seller's expense and risk.",
		"If you do make the goods available to the seller and the seller does not pick them up within 20 days of the date of your Notice of Cancellation, you may retain or dispose of the goods without any further obligation. If you fail to make the goods available to the seller, or if you agree to return the goods to the seller and fail to do so, then you remain liable for performance of all obligations under the contract.",
		"To cancel this transaction, mail or deliver a signed and dated copy of this Cancellation Notice or any other written notice, or send a telegram, to " + seller + ", NOT LATER THAN MIDNIGHT OF " + until + ".",
		"I HEREBY CANCEL THIS TRANSACTION.",
	} {
		f.paragraphs(p, st)
		f.y += 9
	}
	f.y += 34
	const gap = 18.0
	half := (width - gap) / 2
	f.rule(left, left+half, f.y, 0.8, ink)
	f.rule(left+half+gap, right, f.y, 0.8, ink)
	f.put(left, f.y+11, "Date", label)
	f.put(left+half+gap, f.y+11, "Buyer's signature", label)
	f.y += 30
	f.put(left, f.y, clean(fmt.Sprintf("Proposal %s, version %d", d.Number, d.Version)), label)
}

func joinAddress(lines []string) string {
	out := ""
	for _, l := range cleanLines(lines) {
		if out != "" {
			out += ", "
		}
		out += string(l)
	}
	return out
}

// drawCertificate draws the evidence of the signature on pages of their own.
func (d *ProposalData) drawCertificate(f *flow) {
	a := d.Acceptance
	f.turn()
	f.put(left, f.y+14, "Certificate of Electronic Signature", style{bold: true, size: 15, color: ink})
	f.y += 28
	f.paragraphs("What was recorded when this proposal was signed. "+d.Dealer.Name+" keeps the same record and can tell from this file alone, by its SHA-256, whether it is the one that was signed.", body)
	f.y += 6
	t := &table{columns: []column{{head: "What"}, {head: "Record", flexible: true}}}
	add := func(what, value text) {
		if value != "" {
			t.rows = append(t.rows, row{cells: []text{what, value}})
		}
	}
	add("Document", clean(fmt.Sprintf("Proposal %s, version %d: %s", d.Number, d.Version, d.Title)))
	add("PDF as shown, SHA-256", halves(a.ShownSHA256))
	for i, at := range d.Attachments {
		what := text("Attached, SHA-256")
		if i > 0 {
			what = ""
		}
		add(what, clean(at.Name)+": "+halves(at.SHA256))
	}
	add("Shown", both(a.Shown, a))
	add("Signed", both(a.At, a))
	add("Name as typed", clean(a.TypedName))
	if a.Drawing.Blank() {
		add("Drawing", "none: signed by the typed name alone")
	} else {
		points := 0
		for _, s := range a.Drawing.Strokes {
			points += len(s)
		}
		strokes := "1 stroke"
		if n := len(a.Drawing.Strokes); n != 1 {
			strokes = fmt.Sprintf("%d strokes", n)
		}
		add("Drawing", text(fmt.Sprintf("%s, %d points, kept as vectors", strokes, points)))
		add("Strokes, SHA-256", halves(a.StrokesSHA256))
	}
	add("Authenticated", clean(a.Authenticated))
	add("From address", clean(a.Address))
	add("Browser", clean(a.Browser))
	add("Total, one time", text(d.Total.String()))
	for _, r := range d.Recurring {
		add(text("Total, "+clean(r.Every)), text(r.Total.String()))
	}
	if d.Deposit > 0 {
		add("Deposit", text(d.Deposit.String()))
	}
	add("Consent, version", clean(a.ConsentVersion))
	for i, p := range cleanLines(a.Consent) {
		what := text("Consent to sign electronically")
		if i > 0 {
			what = ""
		}
		add(what, p)
	}
	add("Consent, SHA-256", halves(a.ConsentSHA256))
	f.table(t)

	f.head("Trail")
	trail := &table{columns: []column{{head: "Time (UTC)"}, {head: "What", wide: 150}, {head: "Who, and from where", flexible: true}}}
	for _, e := range a.Trail {
		trail.rows = append(trail.rows, row{cells: []text{text(e.At.Time().Format("2006-01-02 15:04:05")), clean(e.What), clean(e.Who)}})
	}
	f.table(trail)
	if a.TrailSHA256 != "" {
		f.paragraphs("SHA-256 of the trail before the acceptance: "+string(halves(a.TrailSHA256))+". The entry of the acceptance holds the SHA-256 of this file.", label)
	}
}

// both is a time in the dealer's zone and in UTC.
func both(at calendar.Instant, a *ProposalAcceptance) text {
	if at.IsZero() {
		return ""
	}
	return text(at.Time().In(a.Zone).Format("Jan 2, 2006, 3:04:05 PM MST") + " (" + at.Time().Format("2006-01-02 15:04:05.000") + " UTC)")
}

// the boxes of an optional line
const (
	noBox = iota
	emptyBox
	crossedBox
)

// tick draws the box of an optional line with its upper left corner at x, y.
func (s *sheet) tick(x, y float64, box int) {
	const side = 9.0
	s.box(x, y, side, side, 0.9, ink)
	if box == crossedBox {
		s.pdf.SetLineWidth(1.3)
		s.pdf.Line(x+2, y+2, x+side-2, y+side-2)
		s.pdf.Line(x+2, y+side-2, x+side-2, y+2)
	}
}
