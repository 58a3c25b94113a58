package portal_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/outbox"
	"customerportal/internal/proposal"
)

// offering is the screens with the proposals P-1 and P-2 to the first customer
// and P-3 to the second.
func offering(t testing.TB) *screens {
	t.Helper()
	s, _ := paying(t)
	for i, number := range []string{"P-1", "P-2", "P-3"} {
		r := proposal.Record{Number: number, CustomerID: s.customer[i/2], Title: "New <alarm> & more", Introduction: "Hello <xpr0be>\nthere", Terms: "Terms <xpr0be>", Date: today, ValidUntil: today.AddDays(30), Deposit: 5_000,
			SalespersonEmail: "sally@example.com", Lines: []proposal.Line{
				{Position: 1, Description: "Panel <xpr0be>", Quantity: 1000, UnitPrice: 10_000, Taxable: true, Tax: 800, Chosen: true},
				{Position: 2, Description: "Siren", Quantity: 1000, UnitPrice: 2_000, Tax: 160, Optional: true, Chosen: true},
				{Position: 3, Description: "Monitoring", Quantity: 1000, UnitPrice: 3_000, Cycle: 1, Optional: true},
			}}
		s.write(func(q *db.Queries) error {
			return s.offers.ImportIn(t.Context(), q, calendar.Clock(s.clock.Now).Now(), audit.Program, r)
		})
	}
	return s
}

// post sends a form as the i-th customer, as a plain form or by htmx.
func (s *screens) sendForm(i int, address string, form url.Values, htmx bool) *httptest.ResponseRecorder {
	s.Helper()
	v := &visitor{screens: s, htmx: htmx}
	if i >= 0 {
		v.viewer = strconv.FormatInt(s.customer[i], 10)
	}
	return v.post(address, form)
}

// inputs reads a form of a page as a browser would send it.
func inputs(doc *goquery.Document, form string) url.Values {
	v := url.Values{}
	doc.Find(form + " input[name], " + form + " textarea[name]").Each(func(_ int, e *goquery.Selection) {
		if _, checked := e.Attr("checked"); e.AttrOr("type", "") == "checkbox" && !checked {
			return
		}
		value := e.AttrOr("value", "")
		if goquery.NodeName(e) == "textarea" {
			value = e.Text()
		}
		v.Add(e.AttrOr("name", ""), value)
	})
	return v
}

const strokes = `{"width":5000,"height":2000,"strokes":[[500,1000,0,900,400,40,1400,1500,90,2000,700,160]]}`

// ready is the form to accept, filled in well.
func (s *screens) ready(i int, address string) url.Values {
	s.Helper()
	f := inputs(page(s, s.get(i, address), http.StatusOK), "#accept-form form")
	f.Set("consent", "1")
	f.Set("name", "Zoë O'Neil")
	f.Set("drawing", strokes)
	return f
}

func TestProposals(t *testing.T) {
	s := offering(t)
	doc := page(t, s.get(0, "/proposals"), http.StatusOK)
	if got := text(doc.Find("tbody tr").First()); !strings.HasPrefix(got, "P-2 New <alarm> & more Nov 15, 2026 Dec 15, 2026 $129.60 New AcceptRejectPrint") {
		t.Errorf("the list begins %q", got)
	}
	if strings.Contains(text(doc.Find("main")), "P-3") {
		t.Error("another customer's proposal is listed")
	}
	doc = page(t, s.get(0, "/proposals/P-1"), http.StatusOK)
	for _, want := range []string{"Hello <xpr0be>", "Panel <xpr0be>", "Total, one time$129.60", "Deposit on signing$50.00", "Terms <xpr0be>"} {
		if !strings.Contains(text(doc.Find("main")), want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if body := s.get(0, "/proposals/P-1").Body.String(); strings.Contains(body, "<xpr0be>") {
		t.Error("what was typed is markup")
	}
	// options by the address, as the button without script sends them; by htmx the sums alone
	doc = page(t, s.get(0, "/proposals/P-1?version=1&chosen=1&option=3"), http.StatusOK)
	if got := text(doc.Find("#proposal-sums")); !strings.Contains(got, "$108.00") || !strings.Contains(got, "Every month$30.00") {
		t.Errorf("sums %q", got)
	}
	w := s.get(0, "/proposals/P-1?version=1&chosen=1&option=3&option=2", "HX-Request", "true")
	if body := w.Body.String(); !strings.Contains(body, "$129.60") || strings.Contains(body, "<h1") || strings.Contains(body, "<html") {
		t.Errorf("the fragment is %s", body)
	}
	for _, odd := range []string{"?chosen=1&option=1", "?chosen=1&option=99", "?chosen=1&option=x&option=-1"} {
		page(t, s.get(0, "/proposals/P-1"+odd), http.StatusOK)
	}
	for _, gone := range []string{"/proposals/P-3", "/proposals/P-9", "/proposals/P-1?version=2", "/proposals/P-1?version=x", "/proposals/P-3.pdf", "/proposals/P-3/accept", "/proposals/P-3/reject", "/proposals/P-3/signed.pdf",
		"/proposals/P-1/signed.pdf", "/proposals/P-1/attachments/1.pdf", "/proposals/P-1/attachments/x"} {
		if w := s.get(0, gone); w.Code != http.StatusNotFound {
			t.Errorf("%s answered %d", gone, w.Code)
		}
	}
	w = s.get(0, "/proposals/P-1.pdf")
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "%PDF") || !strings.Contains(w.Header().Get("Content-Disposition"), "Proposal-P-1-v1.pdf") || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("the PDF: %d %v", w.Code, w.Header())
	}
	before := s.everything()
	s.get(0, "/proposals/P-1/accept")
	s.get(0, "/proposals/P-1/reject")
	if s.everything() != before {
		t.Error("looking changed something")
	}
	for range 2 {
		if w := s.sendForm(0, "/proposals/P-1/viewed?version=1", nil, true); w.Code != http.StatusNoContent {
			t.Errorf("viewed answered %d", w.Code)
		}
	}
	if got := text(page(t, s.get(0, "/proposals/P-1"), http.StatusOK).Find(".state")); got != "Viewed" {
		t.Errorf("it is %s", got)
	}
	if w := s.sendForm(0, "/proposals/P-3/viewed", nil, true); w.Code != http.StatusNotFound && led(w) == "" {
		t.Errorf("another customer's view answered %d", w.Code)
	}
}

// TestAcceptProposal signs as a plain form and by htmx.
func TestAcceptProposal(t *testing.T) {
	for _, htmx := range []bool{false, true} {
		s := offering(t)
		f := s.ready(0, "/proposals/P-1/accept?version=1&chosen=1&option=3")
		if f.Get("option") != "3" || f.Get("proof") == "" || len(f.Get("shown")) != 64 {
			t.Fatalf("the form holds %v", f)
		}
		w := s.sendForm(0, "/proposals/P-1/accept", f, htmx)
		if led(w) != "/proposals/P-1?version=1" {
			t.Fatalf("htmx %v: %d, led to %q\n%s", htmx, w.Code, led(w), w.Body)
		}
		doc := page(t, s.get(0, "/proposals/P-1"), http.StatusOK)
		got := text(doc.Find("main"))
		for _, want := range []string{"Accepted and signed", "By Zoë O'Neil (zoe@example.com) on Sun Nov 15, 2026", "A deposit of $50.00 is due now", "Pay the deposit $50.00", "$108.00"} {
			if !strings.Contains(got, want) {
				t.Errorf("%q is not on the page", want)
			}
		}
		if got := text(page(t, s.get(0, "/proposals"), http.StatusOK).Find("tbody tr:contains('P-1')")); !strings.Contains(got, "$108.00") || !strings.Contains(got, "$30.00 a month") {
			t.Errorf("the list does not say what was accepted: %q", got)
		}
		if doc.Find("svg.drawn path").AttrOr("d", "") == "" {
			t.Error("the signature is not shown")
		}
		if href := doc.Find("a.button:contains('Pay the deposit')").AttrOr("href", ""); !strings.HasPrefix(href, "/pay?invoice=") || text(page(t, s.get(0, href), http.StatusOK).Find("#pay-sum")) != "$50.00" {
			t.Errorf("the deposit is paid at %q", href)
		}
		if w := s.get(0, "/proposals/P-1/signed.pdf"); w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Content-Disposition"), "signed.pdf") {
			t.Errorf("the signed copy: %d", w.Code)
		}
		// the same form again, as by a double click or Back, is the same answer
		if w := s.sendForm(0, "/proposals/P-1/accept", f, htmx); led(w) != "/proposals/P-1?version=1" {
			t.Errorf("again: %d %q", w.Code, led(w))
		}
		// a second tab is told, and keeps what was typed
		f.Set("proof", "another")
		w = s.sendForm(0, "/proposals/P-1/accept", f, htmx)
		if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "accepted already, on Nov 15, 2026") || !strings.Contains(w.Body.String(), "Zoë O") {
			t.Errorf("a second tab: %d", w.Code)
		}
		if led(s.get(0, "/proposals/P-1/accept")) == "" || led(s.get(0, "/proposals/P-1/reject")) == "" {
			t.Error("an answered proposal can be answered")
		}
	}
}

// TestAcceptProposalRefused keeps all that was typed and drawn.
func TestAcceptProposalRefused(t *testing.T) {
	s := offering(t)
	good := s.ready(0, "/proposals/P-1/accept")
	if good.Get("consent") == "" {
		t.Fatal("no form")
	}
	if doc := page(t, s.get(0, "/proposals/P-1/accept"), http.StatusOK); doc.Find("#f-consent[checked]").Length() != 0 {
		t.Error("the consent is ticked beforehand")
	}
	for name, c := range map[string]struct {
		field, value, want string
		status             int
	}{
		"no name":           {"name", "", "Type your name", 422},
		"no consent":        {"consent", "", "Tick that you agree", 422},
		"a dot":             {"drawing", `{"width":5000,"height":2000,"strokes":[[1,1,1]]}`, "only a dot", 422},
		"600 KB of strokes": {"drawing", strings.Repeat("1,", 300<<10), "too large", 422},
		"5 MB of strokes":   {"drawing", strings.Repeat("1,", 5<<19), "too large for us to take, so nothing was signed", 422},
		"a foreign option":  {"option", "1", "no such option", 422},
		"hostile name":      {"name", `<script>alert(1)</script>`, "", 303},
		"other sums":        {"total", "1-0-0", "The sums have changed", 409},
		"a foreign paper":   {"shown", strings.Repeat("a", 64), "has changed since you opened it", 409},
		"a foreign proof":   {"proof", "1-2-3", "has changed since you opened it", 409},
		"a foreign version": {"version", "7", "", 404},
		"no version at all": {"version", "x", "", 404},
	} {
		for _, htmx := range []bool{false, true} {
			s := offering(t)
			f := s.ready(0, "/proposals/P-1/accept")
			f.Set(c.field, c.value)
			w := s.sendForm(0, "/proposals/P-1/accept", f, htmx)
			status := c.status
			if status == 303 && htmx {
				status = 200
			}
			if w.Code != status || c.want != "" && !strings.Contains(strings.ReplaceAll(w.Body.String(), "&#34;", `"`), c.want) {
				t.Errorf("%s, htmx %v: %d", name, htmx, w.Code)
				continue
			}
			if c.status == 422 && c.field != "drawing" || c.status == 409 {
				doc, err := goquery.NewDocumentFromReader(w.Body)
				must(t, err)
				kept := inputs(doc, "#accept-form form")
				for _, field := range []string{"name", "consent", "drawing"} {
					if field != c.field && kept.Get(field) != f.Get(field) {
						t.Errorf("%s, htmx %v: %s is lost: %.40q", name, htmx, field, kept.Get(field))
					}
				}
				if doc.Find("[role=alert]").Length() == 0 || htmx != (doc.Find("header").Length() == 0) {
					t.Errorf("%s, htmx %v: no summary, or the wrong piece of the page", name, htmx)
				}
			}
		}
	}
	// another customer's number in the address, and as the other customer
	if w := s.sendForm(0, "/proposals/P-3/accept", good, false); w.Code != http.StatusNotFound {
		t.Errorf("another customer's proposal: %d", w.Code)
	}
	if w := s.sendForm(1, "/proposals/P-1/accept", good, false); w.Code != http.StatusNotFound {
		t.Errorf("as another customer: %d", w.Code)
	}
	// the form of another proposal of one's own
	if w := s.sendForm(0, "/proposals/P-2/accept", good, false); w.Code != http.StatusConflict {
		t.Errorf("the form of another proposal: %d", w.Code)
	}
	s.clock.Advance(40 * 24 * time.Hour)
	w := s.sendForm(0, "/proposals/P-1/accept", good, false)
	if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "expired on Dec 15, 2026") || !strings.Contains(w.Body.String(), "Zo") {
		t.Errorf("expired: %d", w.Code)
	}
	if got := text(page(t, s.get(0, "/proposals/P-1"), http.StatusOK).Find("main")); !strings.Contains(got, "Expired") || strings.Contains(got, "Reject") {
		t.Errorf("an expired one: %s", got)
	}
}

func TestRejectProposal(t *testing.T) {
	for _, htmx := range []bool{false, true} {
		s := offering(t)
		f := inputs(page(t, s.get(0, "/proposals/P-1/reject"), http.StatusOK), "#reject-form form")
		w := s.sendForm(0, "/proposals/P-1/reject", f, htmx)
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "Tell us why") {
			t.Errorf("without a reason: %d", w.Code)
		}
		f.Set("reason", "Too <xpr0be>\r\ndear")
		if w := s.sendForm(0, "/proposals/P-1/reject", f, htmx); led(w) != "/proposals/P-1?version=1" {
			t.Fatalf("htmx %v: %d %s", htmx, w.Code, w.Body)
		}
		w = s.get(0, "/proposals/P-1")
		if body := w.Body.String(); !strings.Contains(body, "Too &lt;xpr0be&gt;") || !strings.Contains(body, "Rejected") {
			t.Error("the reason is not shown")
		}
		if w := s.sendForm(0, "/proposals/P-3/reject", f, htmx); w.Code != http.StatusNotFound {
			t.Errorf("another customer's: %d", w.Code)
		}
	}
}

// link returns the path of a mailed link to P-1.
func (s *screens) link(email string) string {
	s.Helper()
	var path string
	s.exec(`INSERT INTO customer_emails (customer_id, position, email) VALUES (?, 9, ?)`, s.customer[0], email)
	s.write(func(q *db.Queries) error {
		v, err := q.GetProposalForCustomer(s.Context(), db.GetProposalForCustomerParams{Number: "P-1", CustomerID: s.customer[0]})
		if err != nil {
			return err
		}
		mark, err := s.offers.LinkInMail(s.Context(), q, 1, v.ID, email)
		if err != nil {
			return err
		}
		id, err := strconv.ParseInt(mark[strings.LastIndexByte(mark, '-')+1:], 10, 64)
		path = "/s/" + outbox.ProposalLinkToken(s.settings.Sealer(), id)
		return err
	})
	return path
}

// code is the newest code that was mailed.
func (s *screens) code() string {
	s.Helper()
	var body string
	must(s, s.db.Reader().QueryRow(`SELECT text_body FROM outbox WHERE kind = 'proposal_code' ORDER BY id DESC LIMIT 1`).Scan(&body))
	return regexp.MustCompile(`(?m)^[0-9]{6}$`).FindString(body)
}

// TestProposalByLink goes in by a code, and nowhere without one.
func TestProposalByLink(t *testing.T) {
	for _, htmx := range []bool{false, true} {
		s := offering(t)
		path := s.link("cousin@example.com")
		v := &visitor{screens: s, htmx: htmx}
		before := s.everything()
		plain := &visitor{screens: s}
		for _, at := range []string{"", "/accept", "/reject", "/proposal.pdf", "/signed.pdf", "/attachments/1.pdf", "/code", "/confirm", "/deposit"} {
			w := plain.get(path + at)
			if strings.Contains(w.Body.String(), "alarm") || strings.Contains(w.Body.String(), "O&#39;Neil") || strings.Contains(w.Body.String(), "%PDF") {
				t.Errorf("%s shows the proposal to anybody", at)
			}
			if at != "" && led(w) != path {
				t.Errorf("%s answered %d, led to %q", at, w.Code, led(w))
			}
		}
		if s.everything() != before {
			t.Error("opening the link changed something")
		}
		if w := plain.get(path); !strings.Contains(w.Body.String(), "c…@example.com") || strings.Contains(w.Body.String(), "cousin") || w.Header().Get("X-Robots-Tag") == "" {
			t.Error("the way in says too much or too little")
		}
		for _, at := range []string{"/accept", "/reject", "/viewed", "/deposit"} {
			if w := v.post(path+at, url.Values{"name": {"x"}}); led(w) != path {
				t.Errorf("POST %s answered %d", at, w.Code)
			}
		}
		if w := v.post(path+"/code", nil); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "We mailed a code") {
			t.Fatalf("the code: %d", w.Code)
		}
		code := s.code()
		wrong := fmt.Sprintf("%06d", (func() int { n, _ := strconv.Atoi(code); return (n + 1) % 1_000_000 })())
		for _, typed := range []string{"", "12345", "abcdef", wrong} {
			if w := v.post(path+"/confirm", url.Values{"code": {typed}}); w.Code != http.StatusUnprocessableEntity {
				t.Errorf("code %q answered %d", typed, w.Code)
			}
		}
		if w := v.post(path+"/confirm", url.Values{"code": {" " + code[:3] + "-" + code[3:]}}); led(w) != path {
			t.Fatalf("the right code: %d %s", w.Code, w.Body)
		}
		if w := (&visitor{screens: s}).post(path+"/confirm", url.Values{"code": {code}}); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("a code is good twice: %d", w.Code)
		}
		plain.cookies = v.cookies
		doc := page(t, plain.get(path), http.StatusOK)
		if got := text(doc.Find("main")); !strings.Contains(got, "New <alarm> & more") || strings.Contains(got, "All proposals") {
			t.Errorf("the proposal: %s", got)
		}
		if w := plain.get(path + "/proposal.pdf"); !strings.HasPrefix(w.Body.String(), "%PDF") {
			t.Errorf("the PDF: %d", w.Code)
		}
		// another browser, and half an hour of doing nothing
		if w := (&visitor{screens: s}).get(path + "/accept"); led(w) != path {
			t.Error("another browser is in")
		}
		f := inputs(page(t, plain.get(path+"/accept"), http.StatusOK), "#accept-form form")
		f.Set("consent", "1")
		f.Set("name", "Cousin Joe")
		s.clock.Advance(20 * time.Minute)
		page(t, plain.get(path+"/accept"), http.StatusOK)
		s.clock.Advance(20 * time.Minute)
		page(t, plain.get(path+"/accept"), http.StatusOK)
		if w := v.post(path+"/accept", f); led(w) != path {
			t.Fatalf("accepting: %d %s", w.Code, w.Body)
		}
		doc = page(t, plain.get(path), http.StatusOK)
		if got := text(doc.Find("main")); !strings.Contains(got, "By Cousin Joe (cousin@example.com)") || !strings.Contains(got, "Pay the deposit $50.00") {
			t.Errorf("afterwards: %s", got)
		}
		if w := v.post(path+"/deposit", nil); !strings.Contains(led(w), "/p/") {
			t.Errorf("the deposit leads to %q", led(w))
		}
		var how string
		must(t, s.db.Reader().QueryRow(`SELECT authenticated FROM proposal_decisions`).Scan(&how))
		if how != "by a link mailed to cousin@example.com, and a one-time code mailed to the same address" {
			t.Errorf("authenticated %q", how)
		}
		// who is the customer's no longer is out at once
		page(t, plain.get(path), http.StatusOK)
		s.exec(`UPDATE customer_emails SET customer_id = ? WHERE email = 'cousin@example.com'`, s.customer[1])
		for _, at := range []string{"", "/signed.pdf"} {
			if w := plain.get(path + at); w.Code != http.StatusNotFound {
				t.Errorf("%s for an address that was taken off: %d", at, w.Code)
			}
		}
		if w := v.post(path+"/code", nil); w.Code != http.StatusNotFound && led(w) != path {
			t.Errorf("a code for an address that was taken off: %d", w.Code)
		}
		s.exec(`UPDATE customer_emails SET customer_id = ? WHERE email = 'cousin@example.com'`, s.customer[0])
		s.clock.Advance(31 * time.Minute)
		if w := plain.get(path + "/proposal.pdf"); led(w) != path {
			t.Error("a browser that did nothing for half an hour is in")
		}
		s.clock.Advance(91 * 24 * time.Hour)
		if w := plain.get(path); w.Code != http.StatusNotFound {
			t.Errorf("three months later: %d", w.Code)
		}
	}
}

// TestProposalCodes bounds how many are mailed and tried.
func TestProposalCodes(t *testing.T) {
	s := offering(t)
	path := s.link("cousin@example.com")
	v := &visitor{screens: s}
	v.post(path+"/code", nil)
	code := s.code()
	wrong := "111111"
	if code == wrong {
		wrong = "222222"
	}
	for i := range 5 {
		if w := v.post(path+"/confirm", url.Values{"code": {wrong}}); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("try %d: %d", i+1, w.Code)
		}
	}
	if w := v.post(path+"/confirm", url.Values{"code": {code}}); w.Code != http.StatusTooManyRequests {
		t.Errorf("the right code after five wrong ones: %d", w.Code)
	}
	v.post(path+"/code", nil)
	s.clock.Advance(10 * time.Minute)
	if w := v.post(path+"/confirm", url.Values{"code": {s.code()}}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "no longer good") {
		t.Errorf("an old code: %d", w.Code)
	}
	for range 3 {
		if w := v.post(path+"/code", nil); w.Code != http.StatusOK {
			t.Errorf("a code: %d", w.Code)
		}
	}
	w := v.post(path+"/code", nil)
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" && !strings.Contains(w.Body.String(), "as many codes today") {
		t.Errorf("the sixth code of a day: %d", w.Code)
	}
	if w := v.post(path+"/confirm", url.Values{"code": {s.code()}}); led(w) != path {
		t.Errorf("the last code is not good: %d", w.Code)
	}
	s.clock.Advance(24 * time.Hour)
	if w := v.post(path+"/code", nil); w.Code != http.StatusOK {
		t.Errorf("a code on the next day: %d", w.Code)
	}
	// the code is in no mail that was sent, and the token nowhere in the books
	var n int
	must(t, s.db.Reader().QueryRow(`SELECT count(*) FROM outbox WHERE kind = 'proposal_code' AND secret = 0`).Scan(&n))
	if n != 0 {
		t.Error("a code is kept in the mail log")
	}
	for _, gone := range []string{"/s/" + strings.Repeat("a", 26), "/s/x", "/s/" + strings.Repeat("a", 26) + "/accept"} {
		if w := v.get(gone); w.Code != http.StatusNotFound {
			t.Errorf("%s answered %d", gone, w.Code)
		}
	}
}

// TestProposalThatOnlyRecurs: what is paid once is not said of what only recurs.
func TestProposalThatOnlyRecurs(t *testing.T) {
	s := offering(t)
	r := proposal.Record{Number: "P-4", CustomerID: s.customer[0], Title: "Monitoring", Date: today,
		Lines: []proposal.Line{{Position: 1, Description: "Monitoring", Quantity: 1000, UnitPrice: 1_900, Cycle: 1, Chosen: true}}}
	s.write(func(q *db.Queries) error {
		return s.offers.ImportIn(t.Context(), q, calendar.Clock(s.clock.Now).Now(), audit.Program, r)
	})
	for address, want := range map[string]string{"/proposals": "$19.00 a month", "/proposals/P-4/reject": ", $19.00 every month."} {
		doc := page(t, s.get(0, address), http.StatusOK).Find("main")
		if row := doc.Find("tbody tr:contains('P-4')"); row.Length() > 0 {
			doc = row
		}
		if got := text(doc); !strings.Contains(got, want) || strings.Contains(got, "$0.00") {
			t.Errorf("%s does not say %q: %s", address, want, got)
		}
	}
}
