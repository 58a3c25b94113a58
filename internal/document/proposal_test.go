package document

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/money"
	"customerportal/internal/signature"
)

// sampleProposal has n lines paid once, every third of them optional and every
// sixth chosen, and two that recur.
func sampleProposal(n int) ProposalData {
	d := ProposalData{
		Dealer: sampleDealer(), CustomerNumber: "104-2207",
		BillTo: []string{"Margaret O'Brien-Núñez", "18 Old Mill Road", "Durham, NH 03824"},
		Site:   []string{"O'Brien Residence", "18 Old Mill Road", "Durham, NH 03824"}, System: "Burglar alarm, DSC Neo",
		Number: "P-402117", Version: 2, Title: "New alarm system with monthly monitoring",
		Introduction: "Thank you for asking us to look at your house.\nThis is what we would put in, and what it costs.",
		Terms:        "Payment is due as agreed above.\n\nThe equipment stays ours until it is paid for.",
		Date:         calendar.NewDate(2026, 11, 2), ValidUntil: calendar.NewDate(2026, 12, 2), Salesperson: "Jane Doe",
		PortalURL: "https://portal.harborlight.example/proposals/P-402117", Residential: true,
		Attachments: []ProposalAttachment{{"Panel, data sheet.pdf", 12, strings.Repeat("0123456789abcdef", 4)}, {"Floor plan.pdf", 0, strings.Repeat("fedcba9876543210", 4)}},
		Created:     calendar.Instant(1793534400000),
	}
	for i := range n {
		l := ProposalLine{Description: fmt.Sprintf("Door contact, wireless, zone %d", i+1), Quantity: 1000, UnitPrice: 8950, Optional: i%3 == 2, Chosen: i%3 != 2 || i%6 == 2}
		if i%7 == 6 {
			l.Description = fmt.Sprintf("Zone %d: remove the old hard-wired detector, close the hole, put in a dual-technology detector that pets do not set off, and test it with the central station", i+1)
		}
		l.Amount = money.Extend(l.Quantity, l.UnitPrice)
		l.Tax = money.Tax(l.Amount, 88_750)
		if l.Chosen {
			d.Once += l.Amount
			d.Tax += l.Tax
		}
		d.Lines = append(d.Lines, l)
	}
	d.Total = d.Once + d.Tax
	d.Deposit = d.Total / 2
	d.Lines = append(d.Lines,
		ProposalLine{Description: "Monitoring, burglary and fire", Quantity: 1000, UnitPrice: 3995, Tax: 355, Amount: 3995, Every: "every month", Chosen: true},
		ProposalLine{Description: "Yearly inspection", Quantity: 1000, UnitPrice: 12000, Amount: 12000, Every: "every year", Optional: true})
	d.Recurring = []ProposalRecurring{{"every month", 3995, 355, 4350}}
	return d
}

// sampleDrawing is a wave and a dot, as a hand draws them.
func sampleDrawing() signature.Signature {
	s := signature.Signature{Width: 5000, Height: 2000}
	var wave []signature.Point
	for i := range 60 {
		y := []int{700, 1000, 1300, 1000}[i%4]
		wave = append(wave, signature.Point{X: 500 + i*60, Y: y, T: i * 16})
	}
	s.Strokes = [][]signature.Point{wave, {{X: 4500, Y: 600, T: 1200}}}
	return s
}

func sampleAcceptance() *ProposalAcceptance {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	a := &ProposalAcceptance{TypedName: "Margaret O'Brien-Núñez", Drawing: sampleDrawing(), At: 1793814303123, Shown: 1793813900000, Zone: zone,
		ShownSHA256: strings.Repeat("ab", 32), Consent: []string{"I agree to sign electronically.", "I may ask for a paper copy."}, ConsentVersion: "2026-11", ConsentSHA256: strings.Repeat("cd", 32),
		StrokesSHA256: strings.Repeat("ef", 32), Address: "203.0.113.9", Browser: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)", Authenticated: "logged in as m@example.com with a password",
		TrailSHA256: strings.Repeat("12", 32)}
	for i, what := range []string{"Sent", "Mailed", "Viewed", "Accepted"} {
		a.Trail = append(a.Trail, ProposalEvent{At: calendar.Instant(1793534400000 + int64(i)*60_000), What: what, Who: "m@example.com, 203.0.113.9"})
	}
	return a
}

func mustProposal(t testing.TB, d ProposalData) []byte {
	t.Helper()
	pdf, err := Proposal(d)
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

func TestProposal(t *testing.T) {
	d := sampleProposal(8)
	pdf := mustProposal(t, d)
	if !bytes.Equal(pdf, mustProposal(t, d)) {
		t.Error("the same data gives other bytes")
	}
	tool(t, pdf, "qpdf", "--check", "FILE")
	text := read(t, pdf)
	pages := pageCount(t, pdf)
	for _, want := range []string{"Proposal", "P-402117", "Version 2", "Valid Until Dec 2, 2026", "Jane Doe", "New alarm system with monthly monitoring", "Thank you for asking", "One time", "Recurring",
		"every month", d.Total.String(), d.Deposit.String(), "Terms", "The equipment stays ours", "Panel, data sheet.pdf", "0123456789abcdef0123456789abcdef", "NOTICE OF CANCELLATION", "Copy 1 of 2", "Copy 2 of 2",
		"(the day you accept)", "Harbor Light Security, at 410 Commerce Street, Suite 200, Portsmouth, NH 03801", fmt.Sprintf("Page 1 of %d", pages), "Proposal P-402117, version 2"} {
		if !strings.Contains(strings.ReplaceAll(text, "\n", " "), want) {
			t.Errorf("%q is not on it", want)
		}
	}
	for _, not := range []string{"Certificate", "Accepted and signed", "DRAFT", "not chosen"} {
		if strings.Contains(text, not) {
			t.Errorf("%q is on what is not signed", not)
		}
	}
	d.Residential = false
	if strings.Contains(read(t, mustProposal(t, d)), "CANCEL") {
		t.Error("a sale that is not at home has the notice")
	}
	d.Draft = true
	if !strings.Contains(read(t, mustProposal(t, d)), "Draft - not sent yet") {
		t.Error("a draft is not marked")
	}
}

// TestSignedProposal holds the signed copy to its evidence and its dates.
func TestSignedProposal(t *testing.T) {
	d := sampleProposal(8)
	d.Acceptance = sampleAcceptance()
	pdf := mustProposal(t, d)
	if !bytes.Equal(pdf, mustProposal(t, d)) {
		t.Error("the same data gives other bytes")
	}
	tool(t, pdf, "qpdf", "--check", "FILE")
	text := strings.ReplaceAll(read(t, pdf), "\n", " ")
	for _, want := range []string{"Accepted Nov 4, 2026", "Accepted and signed", "(not chosen)", "Margaret O'Brien-Núñez", "Signature, drawn by hand", "Certificate of Electronic Signature",
		strings.Repeat("ab", 16), strings.Repeat("cd", 16), strings.Repeat("ef", 16), strings.Repeat("12", 16), "203.0.113.9", "iPhone", "logged in as m@example.com", "I may ask for a paper copy.",
		"2 strokes, 61 points", "Viewed", "Date of transaction: Nov 4, 2026", "NOT LATER THAN MIDNIGHT OF Nov 7, 2026", "You, the buyer, may cancel", "A deposit of " + d.Deposit.String(), "EST", "UTC"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on it", want)
		}
	}
	if strings.Contains(tool(t, pdf, "pdfimages", "-list", "FILE"), "image   "+"2 ") {
		t.Error("the signature is a picture")
	}

	d.Acceptance.Drawing = signature.Signature{}
	text = read(t, mustProposal(t, d))
	if !strings.Contains(text, "Signature, by typed name") || !strings.Contains(text, "none: signed by the typed name alone") {
		t.Error("a typed signature is not said to be one")
	}
	d.Acceptance.Drawing = sampleDrawing()
	d.Acceptance.Drawing.Strokes = d.Acceptance.Drawing.Strokes[:1]
	if !strings.Contains(strings.ReplaceAll(read(t, mustProposal(t, d)), "\n", " "), "1 stroke, 60 points") {
		t.Error("one stroke is not counted as one")
	}
}

// TestLongProposal lays out terms of forty pages and two hundred lines.
func TestLongProposal(t *testing.T) {
	d := sampleProposal(200)
	d.Terms = strings.Repeat("The customer keeps the premises in order, lets us in when we come by appointment, and tells us of changes that matter to the alarm. ", 12)
	d.Terms = strings.Repeat(d.Terms+"\n\n", 85) + "The last words of the terms."
	d.Acceptance = sampleAcceptance()
	pdf := mustProposal(t, d)
	pages := pageCount(t, pdf)
	if pages < 40 {
		t.Errorf("%d pages", pages)
	}
	tool(t, pdf, "qpdf", "--check", "FILE")
	text := read(t, pdf)
	for i := 1; i <= pages; i++ {
		if !strings.Contains(text, fmt.Sprintf("Page %d of %d", i, pages)) {
			t.Errorf("no page says it is page %d of %d", i, pages)
		}
	}
	if n := strings.Count(text, "Proposal P-402117, version 2"); n < pages {
		t.Errorf("the number and the version stand on %d of %d pages", n, pages)
	}
	if !strings.Contains(text, "The last words of the terms.") || strings.Count(text, "Door contact") != 172 {
		t.Errorf("something is missing: %d lines", strings.Count(text, "Door contact"))
	}
}

func TestProposalRefuses(t *testing.T) {
	for name, break_ := range map[string]func(*ProposalData){
		"a total that is wrong":             func(d *ProposalData) { d.Total++ },
		"a tax that is wrong":               func(d *ProposalData) { d.Tax++; d.Total++ },
		"recurring that is wrong":           func(d *ProposalData) { d.Recurring[0].Amount++ },
		"recurring that is left out":        func(d *ProposalData) { d.Recurring = nil },
		"an option counted in":              func(d *ProposalData) { d.Lines[5].Chosen = !d.Lines[5].Chosen },
		"no date":                           func(d *ProposalData) { d.Date, d.Created = "", 0 },
		"an acceptance without a name":      func(d *ProposalData) { d.Acceptance.TypedName = "" },
		"an acceptance without a time zone": func(d *ProposalData) { d.Acceptance.Zone = nil },
	} {
		d := sampleProposal(8)
		if strings.HasPrefix(name, "an acceptance") {
			d.Acceptance = sampleAcceptance()
		}
		break_(&d)
		if _, err := Proposal(d); err == nil {
			t.Errorf("%s is printed", name)
		}
	}
}

// TestHostileProposal prints what people may put into it.
func TestHostileProposal(t *testing.T) {
	d := sampleProposal(2)
	bad := "a\r\nBcc: x@y\x00) Tj ET (\\( 𝔘 שלום \u202e " + strings.Repeat("x", 3000)
	d.Title, d.Introduction, d.Terms, d.Number, d.System, d.Salesperson = bad, bad, bad, bad, bad, bad
	d.Lines[0].Description, d.Attachments[0].Name, d.BillTo[0], d.Dealer.Name = bad, bad, bad, bad
	d.Acceptance = sampleAcceptance()
	d.Acceptance.TypedName, d.Acceptance.Browser, d.Acceptance.Authenticated, d.Acceptance.Trail[0].Who = bad, bad, bad, bad
	tool(t, mustProposal(t, d), "qpdf", "--check", "FILE")
}

func BenchmarkProposal(b *testing.B) {
	d := sampleProposal(12)
	d.Acceptance = sampleAcceptance()
	for b.Loop() {
		mustProposal(b, d)
	}
}
