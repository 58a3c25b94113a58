package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/config"
	"customerportal/internal/document"
	"customerportal/internal/outbox"
	"customerportal/internal/proposal"
)

// offeredSite is the demonstration in whose books the first customer was sent
// the proposals P-100001 and P-100002. It returns the way in by a mailed link to
// the first one, too.
func offeredSite(t *testing.T) (s *site, link string) {
	t.Helper()
	s = copiedDemo(t)
	p, err := open(t.Context(), config.Config{DB: filepath.Join(s.Dir, "portal.db"), PublicURL: "http://127.0.0.1", Quiet: true}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	paper, err := document.Proposal(document.ProposalData{Number: "Data sheet", Title: "The panel", Date: "2026-11-02"})
	if err != nil {
		t.Fatal(err)
	}
	err = p.books.Write(t.Context(), func(q *db.Queries) error {
		var customer int64
		if err := p.books.Reader().QueryRowContext(t.Context(), `SELECT id FROM customers WHERE number = ?`, s.Guide.Customers[0].Number).Scan(&customer); err != nil {
			return err
		}
		now := p.clock.Now()
		for _, number := range []string{"P-100001", "P-100002"} {
			r := proposal.Record{Number: number, CustomerID: customer, Title: "New alarm system with cameras", Introduction: "Thank you for asking us.\nThis is what we would put in.",
				Terms: strings.Repeat("The customer lets us in when we come by appointment.\n\n", 30), Date: now.Date(time.UTC), ValidUntil: now.Date(time.UTC).AddDays(30), Deposit: 50_000, Paper: paper,
				Lines: []proposal.Line{
					{Position: 1, Description: "Control panel with keypad", Quantity: 1000, UnitPrice: 89_900, Taxable: true, Tax: 7_192, Chosen: true},
					{Position: 2, Description: "Siren outside", Quantity: 1000, UnitPrice: 14_900, Taxable: true, Tax: 1_192, Optional: true, Chosen: true},
					{Position: 3, Description: "Camera at the door", Quantity: 2000, UnitPrice: 24_950, Taxable: true, Tax: 3_992, Optional: true},
					{Position: 4, Description: "Monitoring", Quantity: 1000, UnitPrice: 3_995, Cycle: 1, Chosen: true},
				}}
			if err := p.proposals.ImportIn(t.Context(), q, now, audit.Program, r); err != nil {
				return err
			}
		}
		var id int64
		v, err := q.GetProposalForCustomer(t.Context(), db.GetProposalForCustomerParams{Number: "P-100001", CustomerID: customer})
		if err != nil {
			return err
		}
		id = v.ID
		if err := q.AddEmail(t.Context(), db.AddEmailParams{CustomerID: customer, Position: 9, Email: "cousin@example.com"}); err != nil {
			return err
		}
		mark, err := p.proposals.LinkInMail(t.Context(), q, now, id, "cousin@example.com")
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(mark[strings.LastIndexByte(mark, '-')+1:], 10, 64)
		link = "/s/" + outbox.ProposalLinkToken(p.settings.Sealer(), n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.close(); err != nil {
		t.Fatal(err)
	}
	return startSite(t, s), link
}

// sign writes on the pad as a hand does, by the mouse or by a finger.
func (p *person) sign() {
	p.Helper()
	type rect struct{ X, Y, W, H float64 }
	p.until("the pad", `const c = document.querySelector("canvas[data-signature]"); if (!c) return false; c.scrollIntoView({block: "center", behavior: "instant"}); return c.width > 300 || c.getBoundingClientRect().width > 200`)
	r, err := eval[rect](p, `const r = document.querySelector("canvas[data-signature]").getBoundingClientRect(); return {X: r.x, Y: r.y, W: r.width, H: r.height}`)
	p.must(err)
	for _, stroke := range [][][2]float64{
		{{.10, .75}, {.13, .45}, {.17, .20}, {.20, .30}, {.24, .55}, {.28, .78}},
		{{.14, .58}, {.19, .55}, {.25, .52}},
		{{.34, .75}, {.36, .50}, {.40, .44}, {.44, .52}, {.45, .75}, {.47, .55}, {.51, .44}, {.55, .50}, {.57, .76}, {.62, .60}, {.66, .44}, {.71, .55}, {.74, .78}, {.82, .60}, {.90, .30}},
	} {
		at := func(i int) (float64, float64) { return r.X + r.W*stroke[i][0], r.Y + r.H*stroke[i][1] }
		for i := range stroke {
			x, y := at(i)
			if p.mode.phone {
				kind := input.DispatchTouchEventTypeTouchMove
				if i == 0 {
					kind = input.DispatchTouchEventTypeTouchStart
				}
				_, err := chromedp.Call(p.ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: []*input.TouchPoint{{X: x, Y: y}}})
				p.must(err)
			} else {
				kind := input.DispatchMouseEventTypeMouseMoved
				if i == 0 {
					kind = input.DispatchMouseEventTypeMousePressed
				}
				_, err := chromedp.Call(p.ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: x, Y: y, Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1})
				p.must(err)
			}
			// the pad looks at the pen some sixty times a second
			p.until("the pen", `return performance.now() - (window.penAt ?? 0) > 20 && !!(window.penAt = performance.now())`)
		}
		if p.mode.phone {
			_, err = chromedp.Call(p.ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: input.DispatchTouchEventTypeTouchEnd, TouchPoints: []*input.TouchPoint{}})
		} else {
			x, y := at(len(stroke) - 1)
			_, err = chromedp.Call(p.ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseReleased, X: x, Y: y, Button: input.MouseButtonLeft, ClickCount: 1})
		}
		p.must(err)
	}
	p.until("the strokes to be kept", `const v = document.querySelector("canvas[data-signature]").closest("form").elements.drawing.value; return v && JSON.parse(v).strokes.length === 3`)
}

// ink is a picture of writing: where it is, cut to what is written.
type ink struct {
	w, h int
	at   []bool
}

// inkOf takes the written part out of a picture; dark tells ink from paper.
func inkOf(p image.Image, dark func(x, y int) bool) ink {
	b := p.Bounds()
	cut := image.Rectangle{Min: b.Max, Max: b.Min}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if dark(x, y) {
				cut.Min.X, cut.Min.Y = min(cut.Min.X, x), min(cut.Min.Y, y)
				cut.Max.X, cut.Max.Y = max(cut.Max.X, x+1), max(cut.Max.Y, y+1)
			}
		}
	}
	if cut.Empty() {
		return ink{}
	}
	out := ink{w: cut.Dx(), h: cut.Dy(), at: make([]bool, cut.Dx()*cut.Dy())}
	for i := range out.at {
		out.at[i] = dark(cut.Min.X+i%out.w, cut.Min.Y+i/out.w)
	}
	return out
}

// within is how much of the ink lies on ink of another picture, or within so
// many parts of its width beside it, when both are laid over each other.
func (k ink) within(o ink, slack float64) float64 {
	if len(k.at) == 0 || len(o.at) == 0 {
		return 0
	}
	all, hit := 0, 0
	reach := int(slack*float64(o.w)) + 1
	for i, set := range k.at {
		if !set {
			continue
		}
		all++
		x, y := (i%k.w)*o.w/k.w, (i/k.w)*o.h/k.h
	near:
		for dy := -reach; dy <= reach; dy++ {
			for dx := -reach; dx <= reach; dx++ {
				if u, v := x+dx, y+dy; u >= 0 && v >= 0 && u < o.w && v < o.h && o.at[v*o.w+u] {
					hit++
					break near
				}
			}
		}
	}
	return float64(hit) / float64(all)
}

// canvas returns what the pad shows.
func (p *person) canvas() ink {
	p.Helper()
	url, err := eval[string](p, `return document.querySelector("canvas[data-signature]").toDataURL("image/png")`)
	p.must(err)
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(url, "data:image/png;base64,"))
	p.must(err)
	pic, err := png.Decode(bytes.NewReader(raw))
	p.must(err)
	return inkOf(pic, func(x, y int) bool { _, _, _, a := pic.At(x, y).RGBA(); return a > 0x7fff })
}

// signature returns what stands above the line "Signature, drawn by hand" of a
// PDF, as a printer would print it.
func (p *person) signature(pdf []byte) ink {
	p.Helper()
	for _, tool := range []string{"pdftotext", "pdftoppm"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				p.Fatalf("%s is not installed", tool)
			}
			p.Skipf("%s is not installed; it is in poppler-utils", tool)
		}
	}
	file := filepath.Join(p.TempDir(), "signed.pdf")
	p.must(os.WriteFile(file, pdf, 0o600))
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	boxes, err := exec.CommandContext(ctx, "pdftotext", "-bbox", file, "-").Output()
	p.must(err)
	page, x, y := 0, 0.0, 0.0
	word := regexp.MustCompile(`<word xMin="([0-9.]+)" yMin="([0-9.]+)" xMax="[0-9.]+" yMax="[0-9.]+">Signature,</word>`)
	for i, part := range strings.Split(string(boxes), "<page ")[1:] {
		if m := word.FindStringSubmatch(part); m != nil {
			page = i + 1
			x, _ = strconv.ParseFloat(m[1], 64)
			y, _ = strconv.ParseFloat(m[2], 64)
		}
	}
	if page == 0 {
		p.Fatal("there is no signature in the PDF")
	}
	const dpi = 216.0
	px := func(pt float64) string { return strconv.Itoa(int(pt * dpi / 72)) }
	out, err := exec.CommandContext(ctx, "pdftoppm", "-r", fmt.Sprint(dpi), "-png", "-f", strconv.Itoa(page), "-l", strconv.Itoa(page),
		"-x", px(x), "-y", px(y-102), "-W", px(250), "-H", px(98), file).Output()
	p.must(err)
	pic, err := png.Decode(bytes.NewReader(out))
	p.must(err)
	if images, err := exec.CommandContext(ctx, "pdfimages", "-list", file).Output(); err != nil || strings.Count(string(images), "\n") > 4 {
		p.Errorf("the signature may be a picture: %v\n%s", err, images)
	}
	return inkOf(pic, func(x, y int) bool { r, _, _, _ := pic.At(x, y).RGBA(); return r < 0x8000 })
}

// sameInk holds the signature in the PDF to what the pad showed.
func (p *person) sameInk(shown, printed ink) {
	p.Helper()
	if len(shown.at) == 0 || len(printed.at) == 0 {
		p.Fatal("nothing is drawn")
	}
	a, b := shown.within(printed, .01), printed.within(shown, .01)
	ratio := float64(shown.w) * float64(printed.h) / float64(shown.h) / float64(printed.w)
	p.Logf("%s: %.1f%% of the pad's ink is in the PDF, %.1f%% of the PDF's was on the pad, proportions %.3f", p.mode.name, 100*a, 100*b, ratio)
	if a < .97 || b < .97 || ratio < .97 || ratio > 1.03 {
		p.Errorf("the signature in the PDF is not the one that was drawn: %.3f, %.3f, proportions %.3f", a, b, ratio)
	}
	// the comparison means something: upside down it is another
	upside := ink{w: printed.w, h: printed.h, at: make([]bool, len(printed.at))}
	for i := range upside.at {
		upside.at[i] = printed.at[len(printed.at)-1-i]
	}
	if c := shown.within(upside, .01); c > .8 {
		p.Errorf("any writing passes for this one: %.3f", c)
	}
}

// TestJourneyProposal reads a proposal, chooses an option, is refused, signs by
// hand and finds the same signature in the PDF; then rejects another one.
func TestJourneyProposal(t *testing.T) {
	for _, m := range []mode{desk, phone} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			s, _ := offeredSite(t)
			p := newPerson(t, s, m)
			c := s.Guide.Customers[0]
			p.logIn(c.Email, c.Password)
			p.visit("/proposals")
			p.see("P-100001", "P-100002", "New alarm system with cameras", "New", "$1,131.84", "+ $39.95 a month")
			p.audit("proposals")
			p.picture("list")
			p.follow("P-100001")
			p.see("Thank you for asking us.", "Control panel with keypad", "Total, one time", "$1,131.84", "Terms", "P-100001.pdf")
			p.audit("proposal")
			p.picture("proposal")
			p.press("Camera at the door")
			p.until("the sum to follow", `return document.querySelector("#proposal-sums").textContent.includes("$1,670.76")`)
			p.press("Siren outside")
			p.until("the sum to follow", `return document.querySelector("#proposal-sums").textContent.includes("$1,509.84")`)
			name, body := p.download("View")
			if name != "Proposal-P-100001-v1.pdf" || !bytes.HasPrefix(body, []byte("%PDF")) {
				t.Errorf("viewing it brought %s", name)
			}
			p.follow("Accept")
			p.see("Accept proposal P-100001", "1. Read what you accept", "2. Terms", "3. Consent to sign electronically", "4. Sign", "Type Your Name", "Draw Your Name", "$1,509.84")
			p.audit("accept a proposal")
			p.fill("Type Your Name", "Margaret Alvarez")
			p.press("Accept")
			p.see("Please check", "Tick that you agree to sign electronically")
			p.audit("accept a proposal, refused")
			p.sign()
			p.press("Clear")
			p.until("an empty pad", `return document.querySelector("[name=drawing]").value === ""`)
			p.sign()
			shown := p.canvas()
			// what is drawn stays when the window is another one
			width, height := m.width, m.height
			p.resize(height, width)
			p.until("the pad to follow", `const c = document.querySelector("canvas[data-signature]"); return Math.abs(c.width - c.getBoundingClientRect().width) <= 2`)
			p.resize(width, height)
			p.until("the pad to follow", `const c = document.querySelector("canvas[data-signature]"); return Math.abs(c.width - c.getBoundingClientRect().width) <= 2`)
			if a := p.canvas().within(shown, .01); a < .95 {
				t.Errorf("turning the phone changed the drawing: %.3f", a)
			}
			p.picture("signing")
			// refused once more: all of it stays
			p.press("Accept")
			p.see("Tick that you agree to sign electronically")
			if got := p.value("Type Your Name"); got != "Margaret Alvarez" {
				t.Errorf("the typed name is %q", got)
			}
			p.until("the drawing to be back", `const v = document.querySelector("[name=drawing]").value, c = document.querySelector("canvas[data-signature]"); return v && c.width > 0 && c.getContext("2d").getImageData(0, 0, c.width, c.height).data.some((n) => n > 0)`)
			p.audit("accept a proposal, refused with a drawing")
			p.press("I agree to sign electronically")
			shown = p.canvas()
			p.follow("Accept")
			p.see("Thank you. The proposal is accepted and signed.", "Accepted and signed", "Margaret Alvarez", "A deposit of $500.00 is due now", "Pay the deposit $500.00")
			p.audit("proposal, accepted")
			p.picture("accepted")
			_, signed := p.download("Signed PDF")
			if dir := os.Getenv("PICTURES"); dir != "" {
				_ = os.WriteFile(filepath.Join(dir, "signed_"+m.name+".pdf"), signed, 0o600)
			}
			p.sameInk(shown, p.signature(signed))
			p.follow("Pay the deposit $500.00")
			p.see("Amount Applied", "Yes")
			if got := p.sum(); got != "$500.00" {
				t.Errorf("%s is to be paid", got)
			}
			p.mail(c.Email, "your signed copy of proposal P-100001")
			p.see("Margaret Alvarez", "Proposal-P-100001-v1-signed.pdf")

			p.visit("/proposals/P-100002")
			p.follow("Reject")
			p.see("Reject proposal P-100002", "Reason")
			p.audit("reject a proposal")
			p.press("Reject")
			p.fill("Reason", "Too dear for us this year.")
			p.picture("rejecting")
			p.follow("Reject")
			p.see("The proposal is rejected.", "Too dear for us this year.", "Rejected")
			p.audit("proposal, rejected")
			p.visit("/proposals")
			p.see("Accepted", "Rejected")
			p.forget("422")
		})
	}
}

// TestJourneyProposalWithoutScript signs by the typed name alone where nothing can
// be drawn, which the page says.
func TestJourneyProposalWithoutScript(t *testing.T) {
	s, _ := offeredSite(t)
	p := newPerson(t, s, plain)
	c := s.Guide.Customers[0]
	p.logIn(c.Email, c.Password)
	p.visit("/proposals/P-100001")
	p.see("Update total")
	p.press("Camera at the door")
	p.follow("Update total")
	p.see("$1,670.76")
	p.follow("Accept")
	p.see("$1,670.76", "Drawing needs JavaScript", "Your typed name alone signs just as well.")
	p.miss("Draw Your Name")
	p.press("I agree to sign electronically")
	p.fill("Type Your Name", "Maria Alvarez")
	p.picture("signing")
	p.follow("Accept")
	p.see("Thank you. The proposal is accepted and signed.", "Maria Alvarez", "$1,670.76")
	cookie := s.logIn(t, c.Email, c.Password)
	if _, signed := s.get(t, "/proposals/P-100001/signed.pdf", "Cookie", cookie); !bytes.HasPrefix(signed, []byte("%PDF")) {
		t.Error("there is no signed copy")
	}
}

// TestJourneyProposalByLink comes by a mailed link without a log-in, confirms by
// a code, and signs by hand.
func TestJourneyProposalByLink(t *testing.T) {
	for _, m := range []mode{desk, phone} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			s, link := offeredSite(t)
			p := newPerson(t, s, m)
			p.visit(link)
			p.see("A proposal for you", "c…@example.com", "Send me the code")
			p.miss("New alarm system")
			p.miss("P-100001")
			p.audit("the way in by a link")
			p.picture("way in")
			p.press("Send me the code")
			p.see("We mailed a code to c…@example.com")
			p.audit("the code")
			p.picture("code")
			// the code is read elsewhere, as on a phone's other page
			code := s.code(t, "cousin@example.com")
			wrong := "000000"
			if code == wrong {
				wrong = "000001"
			}
			p.fill("Code", wrong)
			p.press("Open the proposal")
			p.see("This is not the code that we mailed last")
			p.audit("the code, refused")
			p.fill("Code", code[:3]+" "+code[3:])
			p.follow("Open the proposal")
			p.see("New alarm system with cameras", "Control panel with keypad", "$1,131.84")
			p.miss("Log Out")
			p.audit("proposal by a link")
			p.picture("proposal")
			p.press("Camera at the door")
			p.until("the sum to follow", `return document.querySelector("#proposal-sums").textContent.includes("$1,670.76")`)
			p.follow("Accept")
			p.see("Accept proposal P-100001", "$1,670.76")
			p.press("I agree to sign electronically")
			p.fill("Type Your Name", "Cousin Joe")
			p.sign()
			shown := p.canvas()
			p.audit("accept a proposal by a link")
			p.follow("Accept")
			p.see("Thank you. The proposal is accepted and signed.", "Cousin Joe", "cousin@example.com")
			p.audit("proposal by a link, accepted")
			p.picture("accepted")
			_, signed := p.download("Signed PDF")
			p.sameInk(shown, p.signature(signed))
			p.follow("Pay the deposit $500.00")
			p.see("Open invoices of", "Amount Applied")
			if got := p.sum(); got != "$500.00" {
				t.Errorf("%s is to be paid", got)
			}
			p.visit("/s/" + strings.Repeat("a", 26))
			p.see("This link does not open")
			p.forget("404")
			p.forget("422")
		})
	}
}

var sixDigits = regexp.MustCompile(`(?m)^([0-9]{6})\r?$`)

// code waits for the mail with a one-time code and returns the newest.
func (s *site) code(t *testing.T, to string) string {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		_, list := s.get(t, "/demo/mail?to="+to)
		if m := regexp.MustCompile(`/demo/mail/[^"]+`).FindAll(list, -1); len(m) > 0 {
			for _, path := range m {
				_, letter := s.get(t, string(path))
				if bytes.Contains(letter, []byte(to)) {
					if code := sixDigits.FindSubmatch(letter); code != nil {
						return string(code[1])
					}
				}
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("no code was mailed")
		}
		time.Sleep(100 * time.Millisecond)
	}
}
