package office_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/workorder"
)

// order asks for a work order of the first customer, of its site and system.
func (d *desk) order(note string) string {
	d.Helper()
	site := d.count(`SELECT id FROM sites WHERE customer_id = ?`, d.customer[0])
	system := d.count(`SELECT id FROM systems WHERE site_id = ?`, site)
	number, err := d.screens.WorkOrders.Create(d.Context(), audit.Actor{Kind: audit.Staff, StaffID: d.staff["service"], Role: "service"},
		workorder.NewOrder{CustomerID: d.customer[0], SiteID: site, SystemID: system, Source: workorder.Office, Note: note, Nonce: fmt.Sprint("order ", d.count(`SELECT count(*) FROM work_orders`))})
	must(d, err)
	return number
}

// booked makes one with an appointment of the technician tomorrow.
func (d *desk) booked(note string, from, until int64) string {
	d.Helper()
	number := d.order(note)
	must(d, d.screens.WorkOrders.Schedule(d.Context(), audit.Actor{Kind: audit.Staff, StaffID: d.staff["service"], Role: "service"}, number, workorder.Any,
		workorder.Appointment{TechnicianID: d.staff["technician"], Window: workorder.Window{Date: today.AddDays(1), From: from, Until: until}}))
	return number
}

func (d *desk) state(number string) string {
	d.Helper()
	return d.text(`SELECT state FROM work_orders WHERE number = ?`, number)
}

func (d *desk) version(number string) string {
	d.Helper()
	return fmt.Sprint(d.count(`SELECT version FROM work_orders WHERE number = ?`, number))
}

func board(number string) string { return "/office/workorders/" + number }

// cards are the numbers in a column of the board.
func cards(doc *goquery.Document, state string) string {
	var numbers []string
	doc.Find("#column-" + state + " .work-number").Each(func(_ int, a *goquery.Selection) { numbers = append(numbers, a.Text()) })
	return strings.Join(numbers, " ")
}

func TestBoard(t *testing.T) {
	d := newDesk(t)
	says(t, d.page("service", "/office/workorders"), "Nobody waits for an appointment.", "New work order")
	first, second := d.order("Panel beeps <xpr0be>"), d.order("Keypad dead")
	third := d.booked("Camera dark", 480, 600)
	doc := d.page("service", "/office/workorders")
	says(t, doc, "Panel beeps <xpr0be>", "Zoë O'Neil", "Shop & <xpr0be>", "Tomorrow", "8–10 AM", "The technician")
	if got := cards(doc, "requested"); got != first+" "+second {
		t.Errorf("requested: %s", got)
	}
	if got := cards(doc, "scheduled"); got != third {
		t.Errorf("scheduled: %s", got)
	}
	if doc.Find("#column-cancelled").Length() != 0 {
		t.Error("what was cancelled is in sight")
	}
	for filter, want := range map[string][2]string{
		"q=keypad":             {second, ""},
		"q=KEYPAD+shop":        {second, ""},
		"q=neil":               {first + " " + second, third},
		"q=" + third:           {"", third},
		"q=100%25":             {"", ""},
		"tech=none":            {first + " " + second, ""},
		"when=today":           {first + " " + second, ""},
		"when=tomorrow":        {first + " " + second, third},
		"when=2026-11-16":      {first + " " + second, third},
		"when=nonsense":        {first + " " + second, third},
		"overdue=1":            {"", ""},
		"tech=999":             {"", ""},
		"done=14&column=wrong": {first + " " + second, third},
		fmt.Sprintf("tech=%d", d.staff["technician"]): {"", third},
	} {
		doc := d.page("sales", "/office/workorders?"+filter)
		if got := [2]string{cards(doc, "requested"), cards(doc, "scheduled")}; got != want {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
	// htmx asks for the board alone
	if w := d.send("service", "/office/workorders", nil, htmx...); w.Code != 200 || strings.Contains(w.Body.String(), "<h1") || !strings.Contains(w.Body.String(), first) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	// the window goes by
	d.clock.Advance(48 * time.Hour)
	says(t, d.page("service", "/office/workorders?overdue=1"), third, "overdue", "Overdue 1")
	// who only looks moves nothing
	hides(t, d.page("billing", "/office/workorders"), "Move to", "New work order")
	hides(t, d.page("billing", board(first)), "Cancel work order", "Write a note")
}

func TestBoardShowsOverlaps(t *testing.T) {
	d := newDesk(t)
	a, b := d.booked("One", 480, 600), d.booked("Two", 540, 660)
	c := d.booked("Three", 660, 700)
	doc := d.page("service", "/office/workorders")
	for number, want := range map[string]string{a: "overlaps " + b, b: "overlaps " + a} {
		if got := doc.Find("#card-" + number).Text(); !strings.Contains(got, want) {
			t.Errorf("%s: %s", number, got)
		}
	}
	if got := doc.Find("#card-" + c).Text(); strings.Contains(got, "overlaps") {
		t.Errorf("one that begins when another ends: %s", got)
	}
}

func TestWorkOrderList(t *testing.T) {
	d := newDesk(t)
	var numbers []string
	for i := range 45 {
		numbers = append(numbers, d.order(fmt.Sprint("Unit U", i))) // no number of a work order has a U
	}
	d.clock.Advance(time.Minute)
	for i := range 25 {
		must(t, d.screens.WorkOrders.Schedule(t.Context(), audit.Program, numbers[i], workorder.Any, workorder.Appointment{Window: workorder.Window{Date: today.AddDays(25 - i), From: 480, Until: 600}}))
	}
	for sort, want := range map[string]struct {
		rows  int
		first string
	}{"new": {45, numbers[44]}, "old": {45, numbers[0]}, "changed": {45, numbers[24]}, "window": {25, numbers[24]}, "nonsense": {45, numbers[44]}} {
		seen, first, address := map[string]bool{}, "", "/office/workorders/list?sort="+sort
		for pages := 0; address != "" && pages < 5; pages++ {
			doc := d.page("sales", address)
			doc.Find("tbody th a").Each(func(_ int, a *goquery.Selection) {
				if first == "" {
					first = a.Text()
				}
				if seen[a.Text()] {
					t.Errorf("%s: %s twice", sort, a.Text())
				}
				seen[a.Text()] = true
			})
			address = doc.Find(".paging a").AttrOr("href", "")
		}
		if len(seen) != want.rows || first != want.first {
			t.Errorf("%s: %d rows from %s; want %d from %s", sort, len(seen), first, want.rows, want.first)
		}
	}
	for filter, want := range map[string]int{"state=scheduled": 20, "state=billable": 0, "state=closed": 0, "state=open&q=unit+u44": 1, "q=u44": 1, "from=2026-11-20&to=2026-11-21": 2, "from=x": 20, "state=x": 20, "tech=none&state=requested": 20, "after=x": 20, "sort=window&after=..": 20} {
		if got := d.page("sales", "/office/workorders/list?"+filter).Find("tbody tr").Length(); got != want {
			t.Errorf("%s: %d rows, want %d", filter, got, want)
		}
	}
	doc := d.page("sales", "/office/workorders/list?customer="+url.QueryEscape(d.number))
	says(t, doc, "Work orders of Zoë O'Neil", numbers[44])
	doc = d.page("sales", doc.Find(".paging a").AttrOr("href", ""))
	says(t, doc, numbers[24])
	hides(t, d.page("sales", "/office/workorders/list?customer=1043"), numbers[44])
	if w := d.send("sales", "/office/workorders/list?customer=nobody", nil); w.Code != 404 {
		t.Errorf("a stranger's list: %d", w.Code)
	}
	says(t, d.page("sales", d.path), "Work orders", numbers[44], "All work orders of this customer")
	says(t, d.page("service", d.path), "New work order")
}

func TestMoveWorkOrder(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			number := d.order("Panel beeps")
			tech := fmt.Sprint(d.staff["technician"])
			move := func(status int, pairs ...string) *goquery.Document {
				t.Helper()
				form := url.Values{"version": {d.version(number)}}
				w := d.send("service", board(number)+"/move", with(form, pairs...), way...)
				if status == 303 {
					d.done(w, board(number))
					return nil
				}
				return d.parse(w, status)
			}
			// what is missing is said beside its field, and what was typed is there
			p := move(422, "to", "scheduled", "technician", tech, "date", "", "from", "9:00", "until", "8:00")
			says(t, p, "Choose the day of the appointment", "This is not after 9:00 AM")
			if v, _ := p.Find("#f-from").Attr("value"); v != "9:00" || p.Find("#f-technician option[selected]").AttrOr("value", "") != tech {
				t.Error("what was typed is gone")
			}
			if d.state(number) != "requested" {
				t.Error("it moved")
			}
			move(303, "to", "scheduled", "technician", tech, "date", "2026-11-16", "from", "08:00", "until", "12:00")
			says(t, d.page("service", board(number)), "Scheduled", "Mon, Nov 16, 2026, 8:00 AM to 12:00 PM", "The technician")
			move(303, "to", "dispatched")
			// the same again is said to be done
			says(t, move(422, "to", "scheduled", "technician", tech, "date", "2026-11-16", "from", "08:00", "until", "12:00"), "the appointment that is under way")
			says(t, move(422, "to", "completed"), "Arrive before you complete it")
			move(303, "to", "arrived")
			move(303, "to", "completed")
			if d.state(number) != "completed" {
				t.Errorf("it is %s", d.state(number))
			}
			says(t, move(422, "to", "cancelled", "reason", "x"), "It cannot be cancelled")
			move(303, "to", "reopen")
			if got := d.state(number); got != "scheduled" {
				t.Errorf("opened again it is %s", got)
			}
			move(303, "to", "requested")
			says(t, move(422, "to", "cancelled", "reason", "  "), "Say why; the customer is told")
			says(t, move(422, "to", ""), "Choose where it goes")
			says(t, move(422, "to", "nonsense"), "Choose where it goes")
			move(303, "to", "cancelled", "reason", "Solved <xpr0be>")
			says(t, d.page("service", board(number)), "Cancelled: Solved <xpr0be>", "Open again")
			if n := d.count(`SELECT count(*) FROM work_order_events e JOIN work_orders w ON w.id = e.work_order_id WHERE w.number = ?`, number); n != 8 {
				t.Errorf("%d lines of history", n)
			}
		})
	}
}

func TestMoveFromTheBoard(t *testing.T) {
	d := newDesk(t)
	number := d.order("Panel beeps")
	back := "/office/workorders?tech=none"
	// without script: a page of choices, then a page with the form, then back
	p := d.page("service", board(number)+"/move?back="+url.QueryEscape(back))
	says(t, p, "Move "+number, "Scheduled…", "Cancelled…")
	hides(t, p, "Arrived")
	p = d.page("service", p.Find(`.move-choices a`).First().AttrOr("href", ""))
	says(t, p, "Schedule "+number, "Technician")
	form := url.Values{"to": {"scheduled"}, "version": {d.version(number)}, "back": {p.Find(`input[name=back]`).AttrOr("value", "")}, "date": {"2026-11-16"}, "from": {"8 am"}, "until": {"noon"}}
	d.done(d.send("service", board(number)+"/move", form), back)
	// with script: a dialog, and words for the board
	w := d.send("service", board(number)+"/move?back="+url.QueryEscape(back), nil, htmx...)
	if !strings.Contains(w.Body.String(), "<dialog") || strings.Contains(w.Body.String(), "<h1") {
		t.Error(w.Body.String())
	}
	form = url.Values{"to": {"dispatched"}, "on": {"board"}, "version": {d.version(number)}, "back": {back}, "technician": {fmt.Sprint(d.staff["technician"])}}
	w = d.send("service", board(number)+"/move", form, htmx...)
	if w.Code != 200 || !strings.Contains(w.Body.String(), "data-moved") || !strings.Contains(w.Body.String(), "is dispatched") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	// pressed before the script was there: a page like any other, which leads back
	form = url.Values{"to": {"cancelled"}, "on": {"board"}, "version": {d.version(number)}, "back": {back}}
	w = d.send("service", board(number)+"/move", form)
	if w.Code != 422 || !strings.Contains(w.Body.String(), "Say why") || strings.Contains(w.Body.String(), `name="on"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	// nowhere else
	form = url.Values{"to": {"arrived"}, "version": {d.version(number)}, "back": {"/office/customers"}}
	d.done(d.send("service", board(number)+"/move", form), board(number))
	// what was dragged and is refused opens a dialog
	form = url.Values{"to": {"dispatched"}, "on": {"board"}, "drag": {"yes"}, "version": {"1"}, "back": {back}}
	if w = d.send("service", board(number)+"/move", form, htmx...); w.Code != 422 || !strings.Contains(w.Body.String(), "<dialog") || !strings.Contains(w.Body.String(), "has changed meanwhile") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestSecondPersonIsTold(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			number := d.order("Panel beeps")
			form := url.Values{"to": {"scheduled"}, "version": {d.version(number)}, "technician": {fmt.Sprint(d.staff["technician"])}, "date": {"2026-11-17"}, "from": {"13:00"}, "until": {"15:00"}}
			d.done(d.send("owner", board(number)+"/move", with(form, "date", "2026-11-16")), board(number))
			p := d.parse(d.send("service", board(number)+"/move", form, way...), 422)
			says(t, p, "has changed meanwhile: The owner made the appointment (Mon, Nov 16, 2026")
			if p.Find("#f-date").AttrOr("value", "") != "2026-11-17" || p.Find("#f-from").AttrOr("value", "") != "13:00" {
				t.Error("what was typed is gone")
			}
			if got := d.text(`SELECT window_date FROM work_orders WHERE number = ?`, number); got != "2026-11-16" {
				t.Errorf("it is on %s", got)
			}
			// having been told, the next press counts
			again := with(form, "version", p.Find("input[name=version]").AttrOr("value", ""))
			d.done(d.send("service", board(number)+"/move", again, way...), board(number))
			if got := d.text(`SELECT window_date FROM work_orders WHERE number = ?`, number); got != "2026-11-17" {
				t.Errorf("it is on %s", got)
			}
		})
	}
}

func TestOverlapIsAskedFor(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			first, number := d.booked("One", 480, 600), d.order("Two")
			form := url.Values{"to": {"scheduled"}, "version": {d.version(number)}, "technician": {fmt.Sprint(d.staff["technician"])}, "date": {"2026-11-16"}, "from": {"09:00"}, "until": {"11:00"}}
			// before: the day shows it
			p := d.parse(d.send("service", board(number)+"/preview", form, way...), 200)
			says(t, p, "The technician, Tomorrow", first, "overlaps")
			p = d.parse(d.send("service", board(number)+"/preview", with(form, "preset", "10:00-12:00"), way...), 200)
			if p.Find("#f-from").AttrOr("value", "") != "10:00" || p.Find(".day-clash").Length() != 0 {
				t.Error("the preset is not taken")
			}
			p = d.parse(d.send("service", board(number)+"/move", form, way...), 422)
			says(t, p, "This overlaps with another appointment.", first, "8–10 AM", "Schedule anyway")
			anyway := p.Find("input[name=anyway]").AttrOr("value", "")
			d.done(d.send("service", board(number)+"/move", with(form, "anyway", anyway), way...), board(number))
			// and after
			says(t, d.page("service", board(number)), "overlaps")
			// who left meanwhile is refused, and everything typed is there
			d.exec(`UPDATE staff SET disabled_at = 5 WHERE id = ?`, d.staff["technician"])
			other := d.order("Three")
			p = d.parse(d.send("service", board(other)+"/move", with(form, "version", d.version(other), "date", "2026-11-20"), way...), 422)
			says(t, p, "may not log in any more")
			if p.Find("#f-date").AttrOr("value", "") != "2026-11-20" {
				t.Error("what was typed is gone")
			}
			says(t, d.page("service", board(number)), "assign somebody else")
		})
	}
}

func TestWorkOrderNotes(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			number := d.order("Panel beeps")
			at := board(number) + "/notes"
			nonce := d.page("service", board(number)).Find("#note-form input[name=nonce]").AttrOr("value", "")
			form := url.Values{"nonce": {nonce}, "note": {"Gate code 4711 <xpr0be>"}}
			// nothing is sent to anybody before it is said who reads it
			p := d.parse(d.send("service", at, form, way...), 422)
			says(t, p, "Choose who reads it", "Gate code 4711")
			mails := d.count(`SELECT count(*) FROM outbox`)
			d.done(d.send("service", at, with(form, "for", "staff"), way...), board(number))
			d.done(d.send("service", at, with(form, "for", "staff"), way...), board(number)) // sent twice
			if d.count(`SELECT count(*) FROM work_order_notes WHERE internal = 1`) != 1 || d.count(`SELECT count(*) FROM outbox`) != mails {
				t.Error("an internal note is not one, or was mailed")
			}
			d.done(d.send("service", at, url.Values{"nonce": {"n2"}, "note": {"We come at 8"}, "for": {"customer"}}, way...), board(number))
			if d.count(`SELECT count(*) FROM outbox`) != mails+1 {
				t.Error("the customer is not mailed the note")
			}
			says(t, d.parse(d.send("service", at, url.Values{"nonce": {"n3"}, "note": {" "}, "for": {"staff"}}, way...), 422), "Write a note first")
			says(t, d.page("sales", board(number)), "Internal", "Gate code 4711 <xpr0be>", "to the customer", "We come at 8")
		})
	}
}

func TestMergeInTheOffice(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			dup, stays := d.order("Panel beeps"), d.order("The panel still beeps")
			says(t, d.page("service", board(dup)), "Is it a duplicate?", stays)
			form := url.Values{"version": {d.version(dup)}}
			says(t, d.parse(d.send("service", board(dup)+"/merge", form, way...), 422), "Choose the work order that goes on")
			says(t, d.parse(d.send("service", board(dup)+"/merge", with(form, "into", "W-NONE00"), way...), 422), "This customer has no work order W-NONE00")
			d.done(d.send("service", board(dup)+"/merge", with(form, "into", stays), way...), board(stays))
			p := d.page("service", board(stays))
			says(t, p, "Merged into this one", dup, "Panel beeps", "on "+dup)
			p = d.page("service", board(dup))
			says(t, p, "Merged into "+stays)
			hides(t, p, "Open again", "Is it a duplicate?")
			says(t, d.parse(d.send("service", board(dup)+"/move", url.Values{"to": {"reopen"}, "version": {d.version(dup)}}, way...), 422), "merged into "+stays)
		})
	}
}

func TestWorkOrderPlace(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			number := d.order("Panel beeps")
			d.exec(`INSERT INTO sites (id, customer_id, name) VALUES (50, ?, 'Barn'), (51, ?, 'Elsewhere')`, d.customer[0], d.customer[1])
			at := board(number) + "/edit"
			p := d.page("service", at)
			says(t, p, "Barn: no certain system")
			hides(t, p, "Elsewhere")
			form := url.Values{"version": {d.version(number)}, "place": {"50"}}
			for _, bad := range []string{"", "51", "50.1", "x"} {
				p := d.parse(d.send("service", at, with(form, "place", bad), way...), 422)
				if p.Find("#e-place").Length() != 1 {
					t.Errorf("%q is refused without words: %s", bad, p.Text())
				}
			}
			d.done(d.send("service", at, form, way...), board(number))
			says(t, d.page("service", board(number)), "Barn", "changed site or system")
			says(t, d.parse(d.send("service", at, form, way...), 422), "has changed meanwhile")
		})
	}
}

// notice is the word of success that an answer carries to the next page.
func notice(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	for _, c := range w.Result().Cookies() {
		if strings.HasSuffix(c.Name, "notice") {
			said, err := base64.RawURLEncoding.DecodeString(c.Value)
			must(t, err)
			return string(said)
		}
	}
	return ""
}

func TestPhonedIn(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			p := d.page("service", "/office/workorders/new")
			says(t, p, "Who is it for?")
			p = d.page("service", "/office/workorders/new?q=neil")
			says(t, p, "Zoë O'Neil")
			p = d.page("service", p.Find("tbody th a").AttrOr("href", ""))
			says(t, p, "The confirmation is mailed to zoe@example.com", "Fire")
			place := p.Find("#f-place option[selected]").AttrOr("value", "")
			form := url.Values{"customer": {d.number}, "nonce": {p.Find("input[name=nonce]").AttrOr("value", "")}, "place": {place}, "note": {""}, "times": {"after 3"}, "internal": {"Dog"}}
			at := "/office/workorders"
			p = d.parse(d.send("service", at, with(form, "place", ""), way...), 422)
			says(t, p, "Write what we can do for you", "Choose the site")
			if p.Find("#f-times").AttrOr("value", "") != "after 3" || strings.TrimSpace(p.Find("#f-internal").Text()) != "Dog" {
				t.Error("what was typed is gone")
			}
			form.Set("note", "Panel beeps when it opens.")
			// with an appointment over another one, neither is made at first
			other := d.booked("One", 480, 600)
			now := with(form, "now", "yes", "technician", fmt.Sprint(d.staff["technician"]), "date", "2026-11-16", "from", "08:00", "until", "12:00")
			p = d.parse(d.send("service", at, now, way...), 422)
			says(t, p, "This overlaps with another appointment.", other)
			if d.count(`SELECT count(*) FROM work_orders`) != 1 {
				t.Error("it is made all the same")
			}
			says(t, d.parse(d.send("service", at, with(now, "date", ""), way...), 422), "Choose the day of the appointment")
			w := d.send("service", at, with(now, "anyway", p.Find("input[name=anyway]").AttrOr("value", "")), way...)
			made := d.text(`SELECT number FROM work_orders ORDER BY id DESC LIMIT 1`)
			d.done(w, board(made))
			if d.state(made) != "scheduled" || d.count(`SELECT count(*) FROM outbox WHERE to_email = 'zoe@example.com'`) < 2 {
				t.Errorf("it is %s", d.state(made))
			}
			if got := notice(t, w); !strings.HasPrefix(got, "Made and scheduled for ") || !strings.HasSuffix(got, "The customer is mailed the confirmation.") {
				t.Errorf("it says %q", got)
			}
			// the same form again ends at the same one
			d.exec(`DELETE FROM customer_emails`)
			w = d.send("service", at, form, way...)
			d.done(w, board(made))
			if got := notice(t, w); got != "Made. No e-mail address is on file: nobody is mailed." {
				t.Errorf("without an address it says %q", got)
			}
			says(t, d.page("service", "/office/workorders/new?customer="+url.QueryEscape(d.number)), "Open for this customer already:", made+" Scheduled, ", ": Panel beeps when it opens.")
			says(t, d.page("service", "/office/workorders/new?customer=1043"), "has no site yet")
			for _, bad := range []string{"/office/workorders/new?customer=nobody"} {
				if w := d.send("service", bad, nil); w.Code != 404 {
					t.Errorf("%s: %d", bad, w.Code)
				}
			}
			if w := d.send("service", at, with(form, "customer", "nobody"), way...); w.Code != 404 {
				t.Errorf("nobody's: %d", w.Code)
			}
		})
	}
}

func TestMissingWorkOrders(t *testing.T) {
	d := newDesk(t)
	for _, rest := range []string{"", "/move", "/edit", "/photos/1"} {
		if w := d.send("owner", board("W-NONE00")+rest, nil); w.Code != 404 {
			t.Errorf("%s: %d", rest, w.Code)
		}
	}
	for _, rest := range []string{"/move", "/preview", "/notes", "/photos", "/merge", "/edit"} {
		if w := d.send("owner", board("W-NONE00")+rest, url.Values{"to": {"cancelled"}, "version": {"1"}}); w.Code != 404 {
			t.Errorf("%s: %d", rest, w.Code)
		}
	}
}

// TestBoardPlans keeps the board and the list in the indexes made for them.
func TestBoardPlans(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	any := db.ListOrdersNewestParams{ID: math.MaxInt64, Technician: -1, UntilDay: "9999", Most: 20}
	for _, c := range []struct {
		name string
		read func(q *db.Queries) error
		want string
	}{
		{"a column", func(q *db.Queries) error {
			_, err := q.ListBoardOrders(ctx, db.ListBoardOrdersParams{State: "scheduled", Technician: -1, UntilDay: "9999", Most: 40})
			return err
		}, "SEARCH w USING INDEX work_orders_open (state=?"},
		{"the counts", func(q *db.Queries) error {
			_, err := q.CountBoardOrders(ctx, db.CountBoardOrdersParams{Technician: -1, UntilDay: "9999"})
			return err
		}, "SCAN w USING INDEX work_orders_open"},
		{"what is closed", func(q *db.Queries) error {
			_, err := q.ListBoardClosed(ctx, db.ListBoardClosedParams{State: "completed", Since: 1, Technician: -1, UntilDay: "9999", Most: 40})
			return err
		}, "SEARCH w USING INDEX work_orders_closed (state=? AND changed_at>?)"},
		{"the mark", func(q *db.Queries) error { _, err := q.GetOrderMark(ctx); return err }, "SEARCH work_orders USING COVERING INDEX work_orders_changed"},
		{"overdue", func(q *db.Queries) error {
			_, err := q.CountOverdueOrders(ctx, db.CountOverdueOrdersParams{Today: "2026"})
			return err
		}, "work_orders_open (state=?"},
		{"unassigned", func(q *db.Queries) error { _, err := q.CountUnassignedOrders(ctx); return err }, "work_orders_unassigned"},
		{"the newest", func(q *db.Queries) error { _, err := q.ListOrdersNewest(ctx, any); return err }, "SEARCH w USING INTEGER PRIMARY KEY (rowid<?)"},
		{"the oldest", func(q *db.Queries) error {
			_, err := q.ListOrdersOldest(ctx, db.ListOrdersOldestParams(any))
			return err
		}, "SEARCH w USING INTEGER PRIMARY KEY (rowid>?)"},
		{"the last changed", func(q *db.Queries) error {
			_, err := q.ListOrdersChanged(ctx, db.ListOrdersChangedParams{ChangedAt: 9, ID: 9, Technician: -1, UntilDay: "9999", Most: 20})
			return err
		}, "SEARCH w USING INDEX work_orders_changed (changed_at<?)"},
		{"by appointment", func(q *db.Queries) error {
			_, err := q.ListOrdersByWindow(ctx, db.ListOrdersByWindowParams{AfterDay: "2026-01-01", Technician: -1, UntilDay: "9999", Most: 20})
			return err
		}, "SEARCH w USING INDEX work_orders_window (window_date>?"},
		{"a customer's", func(q *db.Queries) error {
			_, err := q.ListOrdersForCustomer(ctx, db.ListOrdersForCustomerParams{CustomerID: 1, RequestedAt: 9, ID: 9, Most: 20})
			return err
		}, "SEARCH w USING INDEX work_orders_customer (customer_id=? AND requested_at<?)"},
		{"a technician's day", func(q *db.Queries) error {
			_, err := q.ListTechnicianDay(ctx, db.ListTechnicianDayParams{TechnicianID: db.NullID(1), WindowDate: calendar.Date("2026-01-01")})
			return err
		}, "work_orders_technician (technician_id=? AND window_date=?)"},
	} {
		p := &planner{DB: d.db.Reader(), t: t}
		must(t, c.read(db.New(p)))
		plan := strings.Join(p.plans, "\n")
		if !strings.Contains(plan, c.want) {
			t.Errorf("%s: missing %q in\n%s", c.name, c.want, plan)
		}
		for _, line := range p.plans {
			sorted := c.name == "a technician's day" && strings.Contains(line, "LAST") || c.name == "a column" && strings.Contains(line, "LAST")
			if strings.Contains(line, "TEMP B-TREE") && !sorted || strings.HasPrefix(line, "SCAN ") && c.name != "the counts" && !strings.Contains(line, "unassigned") {
				t.Errorf("%s: %s in\n%s", c.name, line, plan)
			}
		}
	}
}

// did brings a work order of the first customer to Completed.
func (d *desk) did(note string) string {
	d.Helper()
	number := d.booked(note, 480, 600)
	by := audit.Actor{Kind: audit.Staff, StaffID: d.staff["technician"], Role: "technician"}
	must(d, d.screens.WorkOrders.Arrive(d.Context(), by, number, workorder.Any))
	must(d, d.screens.WorkOrders.Complete(d.Context(), by, number, workorder.Any))
	return number
}

func TestWorkAndInvoice(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			number := d.did("Panel beeps")
			says(t, d.page("billing", board(number)), "No invoice can be made of it yet", "no parts and no labour")
			at := board(number) + "/work"
			form := url.Values{"version": {d.version(number)}, "line": {"1", "2", "3"}, "description-1": {"Smoke detector <xpr0be>"}, "quantity-1": {"2"}, "price-1": {"60.00"}, "kind-1": {"part"},
				"description-2": {"Labour"}, "quantity-2": {"1.5"}, "price-2": {"x"}, "kind-2": {"labour"}, "description-3": {""}, "quantity-3": {"1"}, "price-3": {""}}
			p := d.parse(d.send("service", at+"/preview", with(form, "add", "1"), way...), 200)
			if p.Find("tbody tr").Length() != 4 || !strings.Contains(p.Text(), "$120.00") {
				t.Errorf("the preview: %s", p.Text())
			}
			p = d.parse(d.send("service", at+"/preview", with(form, "remove", "1"), way...), 200)
			if p.Find("tbody tr").Length() != 2 || p.Find("#f-description-2").AttrOr("value", "") != "Labour" {
				t.Errorf("the preview: %s", p.Text())
			}
			p = d.parse(d.send("service", at, form, way...), 422)
			if p.Find("#e-price-2").Length() != 1 || p.Find("#f-price-2").AttrOr("value", "") != "x" {
				t.Errorf("not refused beside the field: %s", p.Text())
			}
			good := with(form, "price-2", "80")
			d.done(d.send("service", at, good, way...), board(number))
			says(t, d.parse(d.send("service", at, with(good, "price-2", "90"), way...), 422), "has changed meanwhile: The service changed parts and labour")
			says(t, d.page("service", board(number)), "Smoke detector <xpr0be>", "1.5 h", "$240.00")
			hides(t, d.page("service", board(number)), "Make invoice")
			says(t, d.page("service", at), "$120.00", "$240.00")

			// the invoice, with the sum that was seen
			says(t, d.page("billing", board(number)), "Make invoice, $240.00")
			at = board(number) + "/invoice"
			p = d.page("billing", at)
			says(t, p, "E-mail it to zoe@example.com", "Make invoice, $240.00")
			press := url.Values{"version": {p.Find("input[name=version]").AttrOr("value", "")}, "total": {p.Find("input[name=total]").AttrOr("value", "")}, "mail": {"yes"}}
			says(t, d.parse(d.send("billing", at, with(press, "total", "1"), way...), 422), "It comes to $240.00 now, not to $0.01")
			says(t, d.parse(d.send("billing", at, with(press, "version", "1"), way...), 422), "Somebody changed this work order")
			w := d.send("billing", at, press, way...)
			made := d.text(`SELECT i.number FROM invoices i JOIN work_orders w ON w.invoice_id = i.id WHERE w.number = ?`, number)
			d.done(w, "/office/invoices/"+made)
			d.done(d.send("billing", at, press, way...), "/office/invoices/"+made)
			if n := d.count(`SELECT count(*) FROM invoices`); n != 1 {
				t.Errorf("%d invoices", n)
			}
			d.done(d.send("billing", at, nil), "/office/invoices/"+made)
			p = d.page("owner", board(number))
			says(t, p, "Invoice "+made+" is made of it.")
			hides(t, p, "Make invoice", "Change parts and labour", "Open again")
			says(t, d.parse(d.send("service", board(number)+"/work", with(good, "version", d.version(number), "price-2", "90"), way...), 422), "has its invoice already")
			says(t, d.page("owner", board(number)+"/move"), "It has its invoice, so it stays as it is.")
			list := "/office/workorders/list?state=billable"
			hides(t, d.page("owner", list), number)

			// an invoice that was voided counts no more, and another one is made
			d.write(func(q *db.Queries) error {
				_, err := ledger.VoidInvoice(t.Context(), q, ledger.Voiding{CustomerID: d.count(`SELECT customer_id FROM invoices`), InvoiceID: d.count(`SELECT id FROM invoices`), Date: "2026-11-18", At: 1})
				return err
			})
			p = d.page("owner", board(number))
			says(t, p, "Invoice "+made+" was made of it and is void.", "Make invoice, $240.00", "Change parts and labour", "Open again")
			hides(t, d.page("owner", board(number)+"/move"), "It has its invoice")
			says(t, d.page("owner", list), number)
			p = d.page("billing", at)
			press = url.Values{"version": {p.Find("input[name=version]").AttrOr("value", "")}, "total": {p.Find("input[name=total]").AttrOr("value", "")}}
			w = d.send("billing", at, press, way...)
			second := d.text(`SELECT i.number FROM invoices i JOIN work_orders w ON w.invoice_id = i.id WHERE w.number = ?`, number)
			d.done(w, "/office/invoices/"+second)
			p = d.page("owner", board(number))
			says(t, p, "Invoice "+second+" is made of it.", "invoice "+second+", in place of "+made+", which is void")
			hides(t, p, "Make invoice", made+" was made of it and is void")
		})
	}
}

// TestWorkOrderPhotos: pictures for the customer, too, or for staff alone.
func TestWorkOrderPhotos(t *testing.T) {
	d := newDesk(t)
	number, other := d.order("Panel beeps"), d.order("Keypad dead")
	var picture bytes.Buffer
	must(t, jpeg.Encode(&picture, image.NewGray(image.Rect(0, 0, 64, 48)), nil))
	send := func(nonce, who, name string, file []byte) *httptest.ResponseRecorder {
		t.Helper()
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		must(t, form.WriteField("nonce", nonce))
		must(t, form.WriteField("for", who))
		part, err := form.CreateFormFile("photos", name)
		must(t, err)
		_, err = part.Write(file)
		must(t, err)
		must(t, form.Close())
		r := httptest.NewRequest(http.MethodPost, board(number)+"/photos", &body)
		r.Host = "portal.example"
		r.Header.Set("Content-Type", form.FormDataContentType())
		r.Header.Set("X-Role", "service")
		w := httptest.NewRecorder()
		d.handler.ServeHTTP(w, r)
		return w
	}
	says(t, d.parse(send("a", "", "keypad.jpg", picture.Bytes()), 422), "Choose who sees them")
	says(t, d.parse(send("a", "staff", "keypad.heic", []byte("....ftypheic")), 422), "keypad.heic")
	if n := d.count(`SELECT count(*) FROM work_order_photos`); n != 0 {
		t.Errorf("%d photos", n)
	}
	d.done(send("b", "staff", "keypad.jpg", picture.Bytes()), board(number))
	d.done(send("b", "staff", "keypad.jpg", picture.Bytes()), board(number)) // sent twice
	if n := d.count(`SELECT count(*) FROM work_order_photos WHERE internal = 1`); n != 1 {
		t.Errorf("%d internal photos", n)
	}
	d.done(send("c", "customer", "keypad.jpg", picture.Bytes()), board(number))
	if n := d.count(`SELECT count(*) FROM work_order_photos WHERE internal = 0`); n != 1 {
		t.Errorf("%d photos for the customer", n)
	}
	p := d.page("sales", board(number))
	if p.Find(".work-photos img").Length() != 2 || p.Find(".work-photos .note-mark").Length() != 1 {
		t.Errorf("the page shows %d", p.Find(".work-photos img").Length())
	}
	href := p.Find(".work-photos a").First().AttrOr("href", "")
	for _, size := range []string{"", "?size=small"} {
		if w := d.send("sales", href+size, nil); w.Code != 200 || w.Header().Get("Content-Type") != "image/jpeg" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("the photo%s: %d %v", size, w.Code, w.Header())
		}
	}
	// another work order has none of that number
	if w := d.send("sales", strings.Replace(href, number, other, 1), nil); w.Code != 404 {
		t.Errorf("under another number: %d", w.Code)
	}
}

// TestBoardFollows ends at once: without an event stream being asked for, the
// address leads to the page.
func TestBoardFollows(t *testing.T) {
	d := newDesk(t)
	number := d.order("Panel beeps")
	d.done(d.send("service", "/office/workorders/follow", nil), "/office/workorders")
	d.done(d.send("service", board(number)+"/follow", nil), board(number))
	if w := d.send("service", board("W-NONE00")+"/follow", nil, "Accept", "text/event-stream"); w.Code != 404 {
		t.Errorf("none: %d", w.Code)
	}
	// what changed since the page was made is told at once
	for role, status := range map[string]int{"technician": 403, "customer": 404} {
		if w := d.send(role, "/office/workorders/follow", nil, "Accept", "text/event-stream"); w.Code != status {
			t.Errorf("as %s: %d", role, w.Code)
		}
	}
	w := d.send("service", board(number), nil, htmx...)
	if !strings.Contains(w.Body.String(), "hx-partial") || strings.Contains(w.Body.String(), "note-form") {
		t.Errorf("what follows: %s", w.Body)
	}
}
