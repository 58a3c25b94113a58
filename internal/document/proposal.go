package document

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/money"
	"customerportal/internal/signature"
)

// ProposalData is one version of a proposal. The sums must be those of the lines
// that are not optional and of the optional ones that are chosen; [Proposal]
// refuses to print one that does not add up.
type ProposalData struct {
	Dealer         Dealer
	CustomerNumber string
	BillTo         []string // lines: name, then address
	Site           []string // lines of the place it is for; may be empty
	System         string

	Number  string
	Version int
	Title   string
	// Introduction stands above the lines, Terms below; both may have paragraphs.
	Introduction string
	Terms        string
	Date         calendar.Date
	ValidUntil   calendar.Date // none = no end
	Salesperson  string

	Lines     []ProposalLine
	Once      money.Cents // what is paid once, without tax
	Tax       money.Cents // of that
	Total     money.Cents // with it
	Recurring []ProposalRecurring
	Deposit   money.Cents // due with the acceptance
	// TakesPlace says what becomes of a version that was accepted before this one,
	// "" when there is none.
	TakesPlace string `json:",omitempty"`

	Attachments []ProposalAttachment

	// Residential adds the notice of the right to cancel within three business
	// days, in two copies (16 CFR 429.1).
	Residential bool

	// PortalURL is where the proposal is answered; "" leaves it out.
	PortalURL string
	// Draft marks every page as what is not sent yet.
	Draft   bool
	Sandbox bool // see ReceiptData
	Created calendar.Instant

	// Acceptance makes it the signed copy; nil is the proposal as it is offered.
	Acceptance *ProposalAcceptance `json:",omitempty"`
}

// ProposalLine is one line of a proposal. A discount has a negative amount.
type ProposalLine struct {
	Description string
	Quantity    money.Quantity
	UnitPrice   money.Cents
	Tax         money.Cents
	Amount      money.Cents // without tax
	Every       string      // "every month"; "" = paid once
	// Optional lines have a box, which is crossed when the line is Chosen.
	Optional, Chosen bool
}

// ProposalRecurring is what all chosen lines of one cycle come to.
type ProposalRecurring struct {
	Every              string // "every month"
	Amount, Tax, Total money.Cents
}

// ProposalAttachment is a PDF that goes with the proposal.
type ProposalAttachment struct {
	Name   string
	Pages  int // 0 = not known
	SHA256 string
}

// ProposalAcceptance is how a proposal was signed, and the evidence of it.
type ProposalAcceptance struct {
	TypedName string
	Drawing   signature.Signature // empty when it was signed by the typed name alone
	At, Shown calendar.Instant
	Zone      *time.Location `json:"-"` // the dealer's

	ShownSHA256    string   // of the PDF that was shown
	Consent        []string // paragraphs
	ConsentVersion string
	ConsentSHA256  string
	StrokesSHA256  string
	Address        string // the network address it came from
	Browser        string
	Authenticated  string // how it was made sure who it was

	// Trail is all that happened to it, in order, the acceptance last, and
	// TrailSHA256 the hash of the entry before that.
	Trail       []ProposalEvent
	TrailSHA256 string
}

// ProposalEvent is one entry of a proposal's trail.
type ProposalEvent struct {
	At   calendar.Instant
	What string // "Sent", "Viewed"
	Who  string // and from where
}

// Proposal makes the PDF of a proposal, or of a signed one with its certificate.
// It fails when the lines do not add up, when there is no date, or when the logo
// is not a PNG or JPEG.
func Proposal(d ProposalData) ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	// How many pages there are is known when all is laid out, and stands on each:
	// it is drawn twice.
	pages := 0
	for {
		s, err := newSheet(d.Dealer, d.heading(), d.created(), d.Date)
		if err != nil {
			return nil, err
		}
		s.pages = pages
		s.footer = d.footer()
		if d.Draft {
			s.banner, s.watermark = "Draft - not sent yet", "DRAFT"
		} else if d.Sandbox && d.Acceptance != nil {
			s.banner = sandboxBanner
		}
		f := &flow{sheet: s}
		d.draw(f)
		if s.page == pages {
			return s.finish()
		}
		pages = s.page
	}
}

func (d *ProposalData) created() calendar.Instant {
	if d.Acceptance != nil {
		return d.Acceptance.At
	}
	return d.Created
}

func (d *ProposalData) check() error {
	if a := d.Acceptance; a != nil && (a.Zone == nil || a.At.IsZero() || a.TypedName == "") {
		return errors.New("document: an acceptance without its name or its time")
	}
	var once, tax money.Cents
	every := map[string][2]money.Cents{}
	for _, l := range d.Lines {
		switch {
		case l.Optional && !l.Chosen:
		case l.Every == "":
			once += l.Amount
			tax += l.Tax
		default:
			e := every[l.Every]
			every[l.Every] = [2]money.Cents{e[0] + l.Amount, e[1] + l.Tax}
		}
	}
	if once != d.Once || tax != d.Tax || once+tax != d.Total {
		return fmt.Errorf("document: proposal %s: lines come to %s and %s tax, not %s and %s, total %s", d.Number, once, tax, d.Once, d.Tax, d.Total)
	}
	for _, r := range d.Recurring {
		if e := every[r.Every]; e[0] != r.Amount || e[1] != r.Tax || e[0]+e[1] != r.Total {
			return fmt.Errorf("document: proposal %s: %s comes to %s and %s tax, not %s and %s", d.Number, r.Every, e[0], e[1], r.Amount, r.Tax)
		}
		delete(every, r.Every)
	}
	if len(every) > 0 {
		return fmt.Errorf("document: proposal %s: lines recur that are not summed up", d.Number)
	}
	return nil
}

func (d *ProposalData) heading() heading {
	h := heading{
		title: "Proposal", number: clean(d.Number), customer: clean(d.CustomerNumber),
		billHead: "Prepared For", billTo: cleanLines(d.BillTo),
		sideHead: "For", side: cleanLines(append(append([]string{}, d.Site...), d.System)),
	}
	h.add("Proposal #", h.number, true)
	h.add("Version", text(strconv.Itoa(d.Version)), false)
	h.add("Date", text(d.Date.String()), false)
	h.add("Valid Until", text(d.ValidUntil.String()), true)
	h.add("Salesperson", clean(d.Salesperson), false)
	if d.Acceptance != nil {
		h.add("Accepted", text(d.Acceptance.At.Date(d.Acceptance.Zone).String()), true)
	}
	return h
}

func (d *ProposalData) footer() text {
	return clean(fmt.Sprintf("Proposal %s, version %d  ·  %s", d.Number, d.Version, d.Dealer.Name))
}

// draw lays the whole document out, page after page.
func (d *ProposalData) draw(f *flow) {
	f.y = f.letterhead()
	title := style{bold: true, size: 15, color: ink}
	for _, line := range title.face().wrap(clean(d.Title), title.size, width) {
		f.need(20)
		f.put(left, f.y+14, line, title)
		f.y += 19
	}
	f.y += 4
	if d.Introduction != "" {
		f.paragraphs(d.Introduction, body)
		f.y += 8
	}
	d.drawLines(f)
	f.sums(d.sums())
	if d.TakesPlace != "" {
		f.y += 4
		f.paragraphs(d.TakesPlace, body)
	}
	if d.Acceptance == nil && d.PortalURL != "" && !d.Draft {
		f.y += 4
		f.paragraphs("To accept or to reject this proposal, go to "+d.PortalURL+", or call us.", body)
	}
	if d.Terms != "" {
		f.head("Terms")
		f.paragraphs(d.Terms, body)
	}
	if len(d.Attachments) > 0 {
		f.head("Attached documents")
		f.paragraphs("These are part of this proposal. Each is a file of its own; its SHA-256 tells it from every other.", body)
		t := &table{columns: []column{{head: "Document", flexible: true}, {head: "Pages", right: true}, {head: "SHA-256", wide: 210}}}
		for _, a := range d.Attachments {
			pages := text("")
			if a.Pages > 0 {
				pages = text(strconv.Itoa(a.Pages))
			}
			t.rows = append(t.rows, row{cells: []text{clean(a.Name), pages, halves(a.SHA256)}})
		}
		f.table(t)
	}
	if d.Acceptance != nil {
		d.drawAcceptance(f)
	}
	if d.Residential {
		for copy := 1; copy <= 2; copy++ {
			d.drawNotice(f, copy)
		}
	}
	if d.Acceptance != nil {
		d.drawCertificate(f)
	}
}

// drawLines draws the lines, those paid once and those that recur apart.
func (d *ProposalData) drawLines(f *flow) {
	for _, recurring := range []bool{false, true} {
		options := false
		var lines []ProposalLine
		for _, l := range d.Lines {
			if (l.Every != "") == recurring {
				lines = append(lines, l)
				options = options || l.Optional
			}
		}
		if len(lines) == 0 {
			continue
		}
		if recurring {
			f.head("Recurring")
		} else {
			f.head("One time")
		}
		t := &table{}
		if options {
			t.columns = append(t.columns, column{head: "Option"})
		}
		t.columns = append(t.columns, column{head: "Description", flexible: true})
		if recurring {
			t.columns = append(t.columns, column{head: "Billed"})
		}
		t.columns = append(t.columns, column{head: "Quantity", right: true}, column{head: "Unit Price", right: true}, column{head: "Tax", right: true}, column{head: "Amount", right: true})
		for _, l := range lines {
			r := row{}
			if options {
				r.cells = append(r.cells, "")
				if l.Optional {
					r.box = emptyBox
					if l.Chosen {
						r.box = crossedBox
					}
				}
			}
			description := clean(l.Description)
			if l.Optional && !l.Chosen && d.Acceptance != nil {
				description += " (not chosen)"
			}
			r.cells = append(r.cells, description)
			if recurring {
				r.cells = append(r.cells, clean(l.Every))
			}
			r.cells = append(r.cells, text(l.Quantity.String()), text(l.UnitPrice.String()), text(l.Tax.String()), text(l.Amount.String()))
			t.rows = append(t.rows, r)
		}
		f.table(t)
		if options {
			what := "A crossed box is an option that is chosen; you choose when you accept, and the sums follow."
			if d.Acceptance != nil {
				what = "A crossed box is an option that was chosen."
			}
			f.need(14)
			f.put(left, f.y+11, text(what), label)
			f.y += 16
		}
	}
}

func (d *ProposalData) sums() []sumLine {
	lines := []sumLine{
		{label: "Subtotal, one time", amount: text(d.Once.String())},
		{label: "Tax", amount: text(d.Tax.String())},
		{label: "Total, one time", amount: text(d.Total.String()), strong: true},
	}
	for _, r := range d.Recurring {
		every := clean(r.Every)
		if r.Tax != 0 {
			lines = append(lines, sumLine{label: upper(every), amount: text(r.Amount.String())}, sumLine{label: "Tax on it", amount: text(r.Tax.String())})
		}
		lines = append(lines, sumLine{label: "Total, " + every, amount: text(r.Total.String()), strong: true})
	}
	if d.Deposit > 0 {
		lines = append(lines, sumLine{label: "Deposit on signing", amount: text(d.Deposit.String()), strong: true})
	}
	return lines
}

// upper begins a text with a capital letter.
func upper(t text) text {
	if t == "" {
		return t
	}
	return text(strings.ToUpper(string(t[:1]))) + t[1:]
}
