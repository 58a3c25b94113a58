package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/config"
	"customerportal/internal/workorder"
)

// The technician of these journeys.
const (
	technicianEmail    = "riley@hometown.example"
	technicianPassword = "twelve brass keys"
	technicianSecret   = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
)

// van is books with a technician's day in them: the numbers of three work orders
// of today, and of one of somebody else.
type van struct {
	today  [3]string
	others string
	office audit.Actor
}

// sendOut fills the day of a technician in books that nobody runs yet.
func (s *site) sendOut(t *testing.T) (v van) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	p, err := open(t.Context(), config.Config{DB: filepath.Join(s.Dir, "portal.db"), PublicURL: "http://portal.example.com", Quiet: true}, time.Now)
	must(err)
	defer func() { must(p.close()) }()
	ctx := t.Context()
	me, err := p.accounts.SaveStaff(ctx, account.StaffRecord{Email: technicianEmail, Name: "Riley Moss", Role: "technician", Password: technicianPassword, Secret: technicianSecret})
	must(err)
	other, err := p.accounts.SaveStaff(ctx, account.StaffRecord{Email: "sam@hometown.example", Name: "Sam Other", Role: "technician", Password: technicianPassword, Secret: technicianSecret})
	must(err)
	// it is noon for the dealer whenever this runs: no midnight falls into the day
	must(p.settings.Set(ctx, audit.Program, map[string]string{"time.zone": fmt.Sprintf("Etc/GMT%+d", time.Now().UTC().Hour()-12)}))
	set, err := p.settings.Current(ctx)
	must(err)
	v.office = audit.Actor{Kind: audit.Staff, StaffID: 1, Role: "owner"}
	today := p.clock.Today(set.Zone)
	send := func(n int, technician int64, day int, from int64) string {
		t.Helper()
		customer, err := p.books.Read().GetCustomerByNumber(ctx, s.Guide.Customers[n%len(s.Guide.Customers)].Number)
		must(err)
		sites, err := p.books.Read().ListSitesForCustomer(ctx, customer.ID)
		must(err)
		number, err := p.orders.Create(ctx, v.office, workorder.NewOrder{CustomerID: customer.ID, SiteID: sites[0].ID, Source: workorder.Office,
			Note: "The keypad beeps every few minutes and shows a low battery.", Internal: "The dog bites.", Nonce: fmt.Sprint("journey ", n, day, from)})
		must(err)
		must(p.orders.Schedule(ctx, v.office, number, workorder.Any, workorder.Appointment{TechnicianID: technician, Window: workorder.Window{Date: today.AddDays(day), From: from, Until: from + 120}}))
		return number
	}
	for i := range v.today {
		v.today[i] = send(i, me, 0, int64(480+150*i))
	}
	send(0, me, -1, 600)
	send(1, me, 1, 600)
	v.others = send(1, other, 0, 600)
	return v
}

// technician logs in and is in the day.
func (p *person) technician() {
	p.Helper()
	p.logIn(technicianEmail, technicianPassword)
	p.enterCode()
}

// enterCode is the second step of the technician's log-in.
func (p *person) enterCode() {
	p.Helper()
	code, err := account.CodeAt(technicianSecret, time.Now())
	p.must(err)
	p.fill("Code", code)
	p.key("\r")
	p.at("/office/day")
}

// noNetwork takes the network away from the page, and gives it back.
func (p *person) noNetwork(gone bool) {
	p.Helper()
	tell := func() {
		_, err := chromedp.Call(p.ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: gone, DownloadThroughput: -1, UploadThroughput: -1})
		p.must(err)
	}
	if gone { // the page leaves its stream before it breaks
		tell()
		p.until("the page to know", `return !navigator.onLine`)
	}
	p.lost(gone)
	if !gone {
		tell()
	}
	p.until("the network", `return navigator.onLine !== a`, gone)
}

// lost lets nothing through although the browser believes in its network.
func (p *person) lost(lost bool) {
	p.Helper()
	_, err := chromedp.Call(p.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Offline: lost, DownloadThroughput: -1, UploadThroughput: -1}}})
	p.must(err)
}

// unreached forgets the browser's own lines that it did not reach these
// addresses while there was no network.
func (p *person) unreached(paths ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trouble = slices.DeleteFunc(p.trouble, func(line string) bool {
		return strings.HasPrefix(line, "network: Failed to load resource: net::ERR_INTERNET_DISCONNECTED ") &&
			slices.ContainsFunc(paths, func(path string) bool { return strings.Contains(line, path) })
	})
}

// draw draws over what a selector finds, with the finger.
func (p *person) draw(selector string) {
	p.Helper()
	box, err := eval[*struct{ X, Y, W, H float64 }](p, `
		const e = [...document.querySelectorAll(a)].find((e) => e.checkVisibility() && e.getBoundingClientRect().width);
		if (!e) return null;
		e.scrollIntoView({block: "center", behavior: "instant"});
		const r = e.getBoundingClientRect();
		return {X: r.x, Y: r.y, W: r.width, H: r.height};`, selector)
	p.must(err)
	if box == nil {
		p.Fatalf("there is no pad %s", selector)
	}
	touch := func(kind input.DispatchTouchEventType, x, y float64) {
		p.Helper()
		points := []*input.TouchPoint{{X: box.X + x*box.W, Y: box.Y + y*box.H}}
		if kind == input.DispatchTouchEventTypeTouchEnd {
			points = []*input.TouchPoint{}
		}
		_, err := chromedp.Call(p.ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points})
		p.must(err)
	}
	touch(input.DispatchTouchEventTypeTouchStart, .1, .7)
	for i := range 20 {
		touch(input.DispatchTouchEventTypeTouchMove, .1+.04*float64(i), []float64{.7, .3, .6, .4}[i%4])
	}
	touch(input.DispatchTouchEventTypeTouchEnd, 0, 0)
}

// reloadAnyway asks for the page anew although it warns.
func (p *person) reloadAnyway() (warned bool) {
	p.Helper()
	asked := make(chan struct{}, 1)
	p.must(chromedp.Listen(p.ctx, func(ev any) {
		if e, ok := ev.(*page.EventJavascriptDialogOpening); ok && e.Type == page.DialogTypeBeforeunload {
			go func() {
				_, _ = chromedp.Call(p.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
				asked <- struct{}{}
			}()
		}
	}))
	_, err := chromedp.Call(p.ctx, page.Reload, page.ReloadParams{})
	p.must(err)
	select {
	case <-asked:
		return true
	case <-time.After(patience):
		return false
	}
}

// open opens the part of a work order that is folded.
func (p *person) open(number string) {
	p.Helper()
	p.press("Notes, photos, parts of " + number)
}

// TestJourneyTechnician is a day in the van on a phone: out, back by Undo, out
// again, into a dead zone where the work is done and signed for, and home.
func TestJourneyTechnician(t *testing.T) {
	t.Parallel()
	s := copiedDemo(t)
	v := s.sendOut(t)
	startSite(t, s)
	p := newPerson(t, s, phone)
	books, err := db.Open(t.Context(), filepath.Join(s.Dir, "portal.db-live"))
	p.must(err)
	defer func() { _ = books.Close() }()
	count := func(query string, args ...any) (n int) {
		t.Helper()
		p.must(books.Reader().QueryRow(query, args...).Scan(&n))
		return n
	}
	in := func(what, query string, want int, args ...any) {
		t.Helper()
		if n := count(query, args...); n != want {
			t.Errorf("%s: %d times in the books, want %d", what, n, want)
		}
	}
	_, err = chromedp.Call(p.ctx, network.Enable, network.EnableParams{})
	p.must(err)

	p.technician()
	p.see("My day", "Today", "Left from before", "Tomorrow", "The keypad beeps", "8:00 AM to 10:00 AM")
	if strings.Contains(p.text(), v.others) {
		t.Error("another technician's work order is in the day")
	}
	p.audit("my day")
	p.until("big buttons", `return [...document.querySelectorAll(".day-next .day-big")].filter((b) => b.checkVisibility()).every((b) => b.getBoundingClientRect().height >= 56)`)

	// out, a slip, out again
	p.press("Dispatch")
	p.see("Dispatched", "Undo")
	p.until("the state in the books", `return document.querySelector("[data-order='" + a + "']").dataset.server === "dispatched"`, v.today[0])
	p.press("Undo")
	p.until("the step back", `return document.querySelector("[data-order='" + a + "']").dataset.server === "scheduled" && !document.querySelector("[data-order='" + a + "'] .day-undo").checkVisibility()`, v.today[0])
	p.pause()
	p.press("Dispatch")
	p.until("the state in the books", `return document.querySelector("[data-order='" + a + "']").dataset.server === "dispatched"`, v.today[0])
	in("dispatched", `SELECT count(*) FROM work_order_events e JOIN work_orders w ON w.id = e.work_order_id WHERE w.number = ? AND e.kind = 'dispatched'`, 2, v.today[0])
	in("undone", `SELECT count(*) FROM work_order_events e JOIN work_orders w ON w.id = e.work_order_id WHERE w.number = ? AND e.kind = 'undone'`, 1, v.today[0])

	// the dead zone
	p.noNetwork(true)
	p.pause()
	p.press("Arrive")
	p.see("Arrived", "Not sent yet", "Waiting to be sent - 1 tap")
	p.open(v.today[0])
	p.fill("Add Note", "Replaced the battery of the keypad.")
	p.press("Save note")
	p.see("Note: Replaced the battery of the keypad.", "Waiting to be sent - 2 taps")
	p.fill("Part", "Battery 12 V")
	p.fill("Price each", "24.50")
	p.press("A quarter of an hour more")
	p.fill("Labour", "Service call")
	p.fill("Price an hour", "95")
	p.press("Save parts and labour")
	p.see("Waiting to be sent - 3 taps")
	p.pause()
	p.press("Complete " + v.today[0])
	p.see("Work done", "1 x Battery 12 V", "1.25 x Service call")
	p.fill("Type Your Name", "Ann Lee")
	p.draw("dialog:modal canvas")
	p.until("the drawing", `return document.querySelector("dialog:modal [name^=strokes]").value.length > 50`)
	p.audit("completing")
	p.until("the sheet to lie still", `return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
	p.press("Complete work order")
	p.see("Completed", "Waiting to be sent - 4 taps")
	p.pause()
	p.until("the other work orders", `return document.querySelector("[data-order='" + a + "'] .when-scheduled button").checkVisibility()`, v.today[1])
	p.picture("waiting")
	for _, f := range p.axe(`{resultTypes: ["violations"]}`) {
		t.Errorf("waiting: %s", f)
	}
	in("taps of the dead zone", `SELECT count(*) FROM work_order_taps t JOIN work_orders w ON w.id = t.work_order_id WHERE w.number = ?`, 3, v.today[0])

	// the page is lost, and comes back with the network
	if !p.reloadAnyway() {
		t.Error("the page did not warn")
	}
	p.noNetworkOnAnErrorPage()
	p.visit("/office/day")
	p.until("all to be sent", `
		const c = document.querySelector("[data-order='" + a + "']");
		return c && c.dataset.server === "completed" && !c.hasAttribute("data-unsent") && !document.getElementById("waiting").textContent`, v.today[0])
	for _, tt := range []struct {
		kind string
		want int
	}{{"arrived", 1}, {"note", 1}, {"work", 1}, {"signed", 1}, {"completed", 1}} {
		in(tt.kind, `SELECT count(*) FROM work_order_events e JOIN work_orders w ON w.id = e.work_order_id WHERE w.number = ? AND e.kind = ? AND e.staff_id = w.technician_id`, tt.want, v.today[0], tt.kind)
	}
	in("the signature with its drawing and what it is for", `SELECT count(*) FROM work_order_signatures WHERE name = 'Ann Lee' AND length(strokes) > 50 AND work = '1 x Battery 12 V' || char(10) || '1.25 x Service call'`, 1)
	in("true times", `SELECT count(*) FROM work_order_events e JOIN work_orders w ON w.id = e.work_order_id WHERE w.number = ? AND e.kind IN ('arrived', 'completed') AND e.happened_at < e.at`, 2, v.today[0])
	in("taps", `SELECT count(*) FROM work_order_taps t JOIN work_orders w ON w.id = t.work_order_id WHERE w.number = ? AND t.refused = ''`, 7, v.today[0])
	p.until("nothing to be left in the browser", `
		return new Promise((done) => { const r = indexedDB.open("taps"); r.onsuccess = () => { const c = r.result.transaction("taps").objectStore("taps").count(); c.onsuccess = () => { r.result.close(); done(c.result === 0); }; }; })`)
	p.audit("my day, one done")

	// the office is quicker: what it refuses stays to be read
	p.noNetwork(true)
	p.pressNth("Dispatch", 0)
	p.see("Waiting to be sent - 1 tap")
	next, err := eval[string](p, `return document.querySelector("[data-unsent]").dataset.order`)
	p.must(err)
	p.must(books.WriteTx(t.Context(), execute(`UPDATE work_orders SET state = 'cancelled', cancelled_at = changed_at, cancel_reason = 'The customer called off' WHERE number = ?`, next)))
	p.noNetwork(false)
	p.see("was not accepted", "Cancelled")
	p.picture("refused")
	for _, f := range p.axe(`{resultTypes: ["violations"]}`) {
		t.Errorf("refused: %s", f)
	}
	p.press("Take note, remove")
	p.miss("was not accepted")

	// a session that ended meanwhile: what waits is sent after the next log-in
	p.noNetwork(true)
	p.pressNth("Dispatch", 0)
	p.see("Waiting to be sent - 1 tap")
	// another tab has begun to log in, and waits for the code
	p.must(books.WriteTx(t.Context(), execute(`UPDATE sessions SET stage = 'totp' WHERE staff_id = (SELECT id FROM staff WHERE email = ?)`, technicianEmail)))
	p.noNetwork(false)
	p.see("You are logged out.", "to send 1 tap")
	p.noNetwork(true)
	p.see("Waiting to be sent - 1 tap")
	p.must(books.WriteTx(t.Context(), execute(`DELETE FROM sessions WHERE staff_id = (SELECT id FROM staff WHERE email = ?)`, technicianEmail)))
	p.noNetwork(false)
	p.see("You are logged out.", "to send 1 tap")
	p.follow("Log in again")
	p.fill("Username", technicianEmail)
	p.fill("Password", technicianPassword)
	p.must(books.WriteTx(t.Context(), execute(`UPDATE staff SET totp_last_step = 0`))) // the same code is good once
	p.follow("Log In")
	p.enterCode()
	p.until("the tap to be sent", `return document.querySelector("[data-order='" + a + "']").dataset.server === "dispatched"`, v.today[2])

	// a network that is there and lets nothing through
	p.lost(true)
	p.pause()
	p.pressNth("Dispatch", 0)
	p.see("Waiting to be sent - 1 tap")
	p.lost(false)
	p.until("the tap to be sent", `return !document.getElementById("waiting").textContent && !document.querySelector("[data-unsent]")`)
	p.unreached("/taps", "/office/day/follow")

	// one work order in full, with a picture
	p.visit("/office/day/" + v.today[2])
	p.see("The dog bites.", "Work order "+v.today[2])
	p.audit("one work order of the day")
	p.photograph()
	p.until("the photo", `return [...document.querySelectorAll(".day-photos img")].some((i) => i.complete && i.naturalWidth)`)
	in("the photo", `SELECT count(*) FROM work_order_photos p JOIN work_orders w ON w.id = p.work_order_id WHERE w.number = ?`, 1, v.today[2])
	p.visit("/office/day/" + v.others)
	p.see("There is no such work order here.")

	// nothing is left behind
	p.visit("/office/day")
	p.follow("Log Out")
	p.until("no database", `return indexedDB.databases().then((l) => l.length === 0)`)
}

// pause lets the moment go by in which a second knock of the same finger does
// nothing.
func (p *person) pause() {
	p.Helper()
	p.until("the finger to be off", `return new Promise((done) => setTimeout(() => done(true), 1250))`)
}

// noNetworkOnAnErrorPage gives the network back where no page of ours is.
func (p *person) noNetworkOnAnErrorPage() {
	p.Helper()
	p.lost(false)
	_, err := chromedp.Call(p.ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{DownloadThroughput: -1, UploadThroughput: -1})
	p.must(err)
}

// photograph takes a picture for the work order that is shown, larger than it
// need be.
func (p *person) photograph() {
	p.Helper()
	_, err := eval[bool](p, `
		const canvas = document.createElement("canvas");
		canvas.width = 3000; canvas.height = 2000;
		const c = canvas.getContext("2d");
		c.fillStyle = "teal"; c.fillRect(0, 0, 3000, 2000);
		c.fillStyle = "gold"; c.fillRect(300, 300, 900, 900);
		return new Promise((done) => canvas.toBlob((b) => {
			const all = new DataTransfer(), input = document.querySelector("input[type=file]");
			all.items.add(new File([b], "panel.jpg", {type: "image/jpeg"}));
			input.files = all.files;
			input.dispatchEvent(new Event("change", {bubbles: true}));
			done(true);
		}, "image/jpeg"))`)
	p.must(err)
}

// TestJourneyTechnicianWithoutScript is a visit by plain forms alone, looked at by
// the office afterwards.
func TestJourneyTechnicianWithoutScript(t *testing.T) {
	t.Parallel()
	s := copiedDemo(t)
	v := s.sendOut(t)
	startSite(t, s)
	p := newPerson(t, s, plain)
	p.technician()
	p.see("My day", "8:00 AM to 10:00 AM")
	p.follow("Dispatch")
	p.see("Work order "+v.today[0], "Dispatched", "Undo")
	p.follow("Undo")
	p.follow("I am there already")
	p.fill("Add Note", "Replaced the battery.")
	p.follow("Save note")
	p.see("Replaced the battery.")
	p.fill("Part", "Battery 12 V")
	p.fill("Price each", "1000000")
	p.follow("Save parts and labour")
	p.see("Please check one thing", "Enter a price up to")
	p.fill("Price each", "24.50")
	p.follow("Save parts and labour")
	p.see("Saved: $24.50, before tax")
	p.follow("Complete " + v.today[0])
	p.see("Work done", "1 x Battery 12 V")
	p.follow("Complete work order")
	p.see("Type the name of who signs")
	p.press("No one on site to sign")
	p.follow("Complete work order")
	p.see("Work order " + v.today[0] + " is completed.")
}

// TestJourneyTechnicianAtTheDesk looks at the day on a wide screen, as the owner does
// for somebody else.
func TestJourneyTechnicianAtTheDesk(t *testing.T) {
	t.Parallel()
	s := copiedDemo(t)
	v := s.sendOut(t)
	startSite(t, s)
	p := newPerson(t, s, desk)
	p.staff()
	p.visit("/office/day")
	p.fill("Technician", "Riley Moss")
	p.follow("Show")
	p.see("Day of Riley Moss", "8:00 AM to 10:00 AM")
	p.audit("the day at the desk")
	// meanwhile one more is given to him: it comes into the open page
	books, err := db.Open(t.Context(), filepath.Join(s.Dir, "portal.db-live"))
	p.must(err)
	defer func() { _ = books.Close() }()
	p.must(books.WriteTx(t.Context(), execute(`UPDATE staff SET totp_last_step = 0`))) // the same code is good once
	owner := s.owner(t)
	path := "/office/workorders/" + v.others + "/move"
	doc := s.show(t, path+"?to=scheduled", owner)
	for range 2 { // the second time although he is elsewhere then
		form := doc.Find("form.move-form")
		if form.Length() == 0 {
			break
		}
		move := filled(form)
		move.Set("technician", form.Find(`option:contains("Riley Moss")`).AttrOr("value", ""))
		doc = s.submitMove(t, path, owner, move)
	}
	p.until("one more in the open page", `return !!document.querySelector("[data-section=today] [data-order='" + a + "'] [data-pad]:not([hidden])")`, v.others)
	p.visit("/office/day/" + v.others)
	p.see("Work order " + v.others)
	p.audit("one of the day at the desk")
}

// submitMove sends a form that may be refused once.
func (s *site) submitMove(t *testing.T, path, cookie string, form url.Values) *goquery.Document {
	t.Helper()
	_, body := s.send(t, http.MethodPost, path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin", "Cookie", cookie)
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestJourneyTechnicianParts enters parts alone where an hour of labour has its
// price already: a blank line is no line, and nobody signs for what is not saved.
func TestJourneyTechnicianParts(t *testing.T) {
	t.Parallel()
	s := copiedDemo(t)
	v := s.sendOut(t)
	startSite(t, s)
	p := newPerson(t, s, phone)
	p.technician()
	number := v.today[0]
	p.open(number)
	p.press("I am there already")
	p.until("the arrival", `return document.querySelector("[data-order='" + a + "']").dataset.server === "arrived"`, number)
	p.until("the price of an hour", `return document.querySelector("[data-order='" + a + "'] [data-kind=labour] [name^=price]").value === "95.00"`, number)
	p.fill("Part", "Battery 12 V")
	p.fill("Price each", "24.50")
	p.press("Save parts and labour")
	p.see("Saved: $24.50, before tax")

	p.press("A quarter of an hour more")
	p.pause()
	p.press("Complete " + number)
	p.until("the hours to be asked for", `
		const what = document.querySelector("[data-order='" + a + "'] [data-kind=labour] [name^=description]");
		return what.validationMessage === "What was it?" && !document.querySelector("dialog:modal")`, number)
	p.fill("Labour", "Service call")
	p.press("Complete " + number)
	p.see("Work done")
	if got, err := eval[string](p, `return [...document.querySelectorAll("dialog:modal [data-done] li")].map((l) => l.innerText).join("; ")`); err != nil || got != "1 x Battery 12 V; 1.25 x Service call" {
		t.Errorf("the customer signs for %q, %v", got, err)
	}
	p.press("Not yet")
	p.see("Saved: $143.25, before tax")
}
