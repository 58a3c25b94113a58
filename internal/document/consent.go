package document

import (
	"errors"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// ConsentData is an authorization of auto pay as it was given, or with Blank one
// that is to be signed on paper.
type ConsentData struct {
	Dealer         Dealer
	CustomerNumber string
	BillTo         []string // lines: name, then address

	Paragraphs []string // the text in full, as it was shown
	Method     string   // "Visa ending 4242"
	Day        string   // "1st"
	Limit      money.Cents

	Version string // of the wording
	SHA256  string // of the text, in hexadecimal

	// How it was given.
	Shown, Accepted calendar.Instant
	Zone            *time.Location // the dealer's
	Address         string         // the network address it came from
	Browser         string
	Authenticated   string // how it was made sure who it was

	// Of one that was entered from a signed form.
	Signed     calendar.Date
	FormSHA256 string

	// Blank leaves a place for name, signature and date instead of saying how it
	// was given; On is the day it was printed.
	Blank bool
	On    calendar.Date

	Sandbox bool // see ReceiptData
}

// Consent makes the PDF of an authorization. It fails when the text is missing,
// when a given one has no time, or when the logo is not a PNG or JPEG.
func Consent(d ConsentData) ([]byte, error) {
	if len(d.Paragraphs) == 0 || !d.Blank && (d.Accepted.IsZero() || d.Zone == nil) {
		return nil, errors.New("document: an authorization without its text or its time")
	}
	s, err := newSheet(d.Dealer, d.heading(), d.Accepted, d.On)
	if err != nil {
		return nil, err
	}
	if d.Sandbox && !d.Blank {
		s.banner = sandboxBanner
	}
	closing := s.closing("Questions, or to end this authorization?", "", "")
	tail := closing.height()
	if d.Blank {
		tail += signHeight
	}
	y := s.letterhead()
	y = s.band(y, "Auto Recurring", clean(d.Method), "On the "+clean(d.Day)+" of each month")
	y = s.drawTable(d.table(), y, tail)
	if d.Blank {
		y = s.putSignature(y)
	}
	s.putClosing(closing, y)
	return s.finish()
}

func (d *ConsentData) heading() heading {
	h := heading{title: "Authorization", number: clean(d.CustomerNumber), customer: clean(d.CustomerNumber), billHead: "Customer", billTo: cleanLines(d.BillTo)}
	if !d.Blank {
		h.add("Given", text(d.Accepted.Date(d.Zone).String()), true)
	}
	h.add("Wording", clean(d.Version), false)
	return h
}

// table is the text, and below it the record of how it was given.
func (d *ConsentData) table() *table {
	t := &table{columns: []column{{head: "What"}, {head: "Authorization", flexible: true}}}
	add := func(what, value text) {
		if value != "" {
			t.rows = append(t.rows, row{cells: []text{what, value}})
		}
	}
	for i, p := range cleanLines(d.Paragraphs) {
		what := text("Text")
		if i > 0 {
			what = ""
		}
		add(what, p)
	}
	add("Method", clean(d.Method))
	add("Day", clean(d.Day)+" of each month")
	limit := text("none set")
	if d.Limit > 0 {
		limit = text(d.Limit.String())
	}
	add("Maximum per month", limit)
	if d.Blank {
		return t
	}
	add("Signed on paper", text(d.Signed.String()))
	add("Shown", d.moment(d.Shown))
	add("Given", d.moment(d.Accepted))
	add("By", clean(d.Authenticated))
	add("From address", clean(d.Address))
	add("Browser", clean(d.Browser))
	add("Text, SHA-256", halves(d.SHA256))
	add("Signed form, SHA-256", halves(d.FormSHA256))
	return t
}

// halves parts a hash where a line may end, so that it is read in two equal
// pieces.
func halves(sum string) text {
	if len(sum) != 64 {
		return clean(sum)
	}
	return clean(sum[:32] + " " + sum[32:])
}

// moment is a time in the dealer's zone and in UTC.
func (d *ConsentData) moment(at calendar.Instant) text {
	if at.IsZero() {
		return ""
	}
	return text(at.Time().In(d.Zone).Format("Jan 2, 2006, 3:04:05 PM MST") + " (" + at.Time().Format("2006-01-02 15:04:05.000") + " UTC)")
}

const signHeight = 108.0

// putSignature draws the lines to be filled in by hand and returns where they
// end.
func (s *sheet) putSignature(y float64) float64 {
	const gap = 18.0
	y += 46
	half := (width - gap) / 2
	s.rule(left, left+half, y, 0.8, ink)
	s.rule(left+half+gap, right, y, 0.8, ink)
	s.put(left, y+11, "Signature", label)
	s.put(left+half+gap, y+11, "Date", label)
	y += 42
	s.rule(left, left+half, y, 0.8, ink)
	s.put(left, y+11, "Name in print", label)
	return y + 20
}
