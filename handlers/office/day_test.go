package office_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"customerportal/internal/audit"
	"customerportal/internal/workorder"
)

// sendOut plans a work order for a role of the staff, days from today.
func (d *desk) sendOut(role string, days int) (number string) {
	d.Helper()
	n := d.count(`SELECT count(*) FROM work_orders`)
	number, err := d.screens.WorkOrders.Create(d.Context(), audit.Actor{Kind: audit.Staff, StaffID: d.staff["service"], Role: "service"}, workorder.NewOrder{
		CustomerID: d.customer[0], SiteID: 1, SystemID: 1, Source: workorder.Office, Note: "The keypad beeps <xpr0be>", Internal: "The dog bites", Nonce: fmt.Sprint("day ", n)})
	must(d, err)
	must(d, d.screens.WorkOrders.Schedule(d.Context(), audit.Actor{Kind: audit.Staff, StaffID: d.staff["service"], Role: "service"}, number, workorder.Any,
		workorder.Appointment{TechnicianID: d.staff[role], Window: workorder.Window{Date: today.AddDays(days), From: 480 + 60*n, Until: 540 + 60*n}}))
	return number
}

// dayForms counts the keys of taps.
var dayForms atomic.Int64

// pressed sends a tap as the page's script does, or as a plain form.
func (d *desk) pressed(role, number, action string, fields ...string) *httptest.ResponseRecorder {
	d.Helper()
	form := url.Values{"key": {fmt.Sprintf("%032d", dayForms.Add(1))}, "action": {action}}
	var headers []string
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i] == "HX-Request" {
			headers = htmx
			continue
		}
		form.Add(fields[i], fields[i+1])
		if fields[i] == "key" {
			form.Set("key", fields[i+1])
		}
	}
	return d.send(role, "/office/day/"+number+"/taps", form, headers...)
}

// TestDay lists a technician's own work orders in order: today, what was left,
// tomorrow; for the office, anybody's.
func TestDay(t *testing.T) {
	d := newDesk(t)
	says(t, d.page("technician", "/office/day"), "Nothing is planned for this day")
	tomorrow, first, left, second := d.sendOut("technician", 1), d.sendOut("technician", 0), d.sendOut("technician", -1), d.sendOut("technician", 0)
	others, later := d.sendOut("owner", 0), d.sendOut("technician", 2)
	doc := d.page("technician", "/office/day")
	order := doc.Find("[data-order]").Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("data-order", "") })
	if got, want := fmt.Sprint(order), fmt.Sprint([]string{first, second, left, tomorrow}); got != want {
		t.Errorf("in order %s, want %s", got, want)
	}
	says(t, doc, "Today", "Left from before", "from Nov 14, 2026", "Tomorrow", "Zoë O'Neil", "Shop & <xpr0be>", "Account CS-77", "The keypad beeps", "Call (518) 555-0142")
	hides(t, doc, others, later, "Technician")
	if doc.Find(`a[href="tel:+15185550142"]`).Length() != 4 {
		t.Error("no numbers to call")
	}
	says(t, d.page("technician", "/office/day?date=2026-11-17"), later)
	says(t, d.page("technician", fmt.Sprintf("/office/day?technician=%d", d.staff["owner"])), first)
	for _, role := range []string{"owner", "service"} {
		says(t, d.page(role, fmt.Sprintf("/office/day?technician=%d", d.staff["technician"])), "Day of The technician", first, "Technician", "Date")
	}
	says(t, d.page("owner", "/office/day"), others)
	// the page's script asks for the list alone
	fragment := d.parse(d.send("technician", "/office/day", nil, htmx...), 200)
	if fragment.Find("#day-list").Length() != 1 || fragment.Find("header.site-header").Length() != 0 {
		t.Error("not the list alone")
	}
	hides(t, doc, "$", "balance", "invoice") // nothing of the customer's money
}

// TestCompleteLeadsToItsForm lands whom no script opens a dialog for on the form
// itself, which stands far below the work order.
func TestCompleteLeadsToItsForm(t *testing.T) {
	d := newDesk(t)
	number := d.sendOut("technician", 0)
	d.done(d.pressed("technician", number, "arrive"), "/office/day/"+number)
	path, fragment, _ := strings.Cut(d.page("technician", "/office/day").Find("a.day-big.when-arrived").AttrOr("href", ""), "#")
	if fragment == "" || d.page("technician", path).Find("dialog[open]").AttrOr("id", "") != fragment {
		t.Errorf("%s#%s opens at no form", path, fragment)
	}
}

// TestDayOfOneTechnician hides every other technician's work orders, pictures and
// forms.
func TestDayOfOneTechnician(t *testing.T) {
	d := newDesk(t)
	number := d.sendOut("owner", 0)
	for _, path := range []string{"/office/day/" + number, "/office/day/" + number + "/photos/1", "/office/day/W-000000"} {
		if w := d.send("technician", path, nil); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
		for _, role := range []string{"billing", "sales"} {
			if w := d.send(role, path, nil); w.Code != 403 {
				t.Errorf("%s as %s: %d", path, role, w.Code)
			}
		}
	}
	for _, action := range []string{"dispatch", "arrive", "complete", "undo", "note", "work", "photo"} {
		for _, to := range []string{number, "W-000000"} {
			w := d.pressed("technician", to, action, "note", "x", "HX-Request", "")
			if w.Code != 404 || !strings.Contains(w.Body.String(), "There is no such work order here.") {
				t.Errorf("%s on %s: %d", action, to, w.Code)
			}
		}
	}
	if d.count(`SELECT count(*) FROM work_order_taps`) != 0 || d.state(number) != "scheduled" {
		t.Error("something was taken")
	}
}

// TestTaps goes through a visit by plain forms and by the page's script.
func TestTaps(t *testing.T) {
	for way := range ways {
		t.Run(way, func(t *testing.T) {
			d := newDesk(t)
			number := d.sendOut("technician", 0)
			path := "/office/day/" + number
			press := func(action string, fields ...string) *goquery.Document {
				t.Helper()
				if way == "plain" {
					to := path
					if action == "complete" {
						to = "/office/day"
					}
					d.done(d.pressed("technician", number, action, fields...), to)
					return d.page("technician", path)
				}
				return d.parse(d.pressed("technician", number, action, append(fields, "HX-Request", "")...), 200)
			}
			doc := press("dispatch")
			says(t, doc, "Dispatched 12:00 PM", "Undo")
			if got := doc.Find("[data-order]").AttrOr("data-state", ""); got != "dispatched" {
				t.Errorf("the page shows %s", got)
			}
			d.clock.Advance(30 * time.Second)
			if left := press("arrive", "ago", "60000").Find(".day-undo").AttrOr("data-left", ""); left != "60" {
				t.Errorf("Undo for %s seconds", left)
			}
			press("undo", "from", "arrived")
			if got := d.state(number); got != "dispatched" {
				t.Errorf("undone to %s", got)
			}
			press("arrive")
			says(t, press("note", "note", "Replaced the battery"), "The technician, Nov 15, 2026", "Replaced the battery")
			says(t, press("note", "note", "Beware", "internal", "1"), "internal", "Beware")
			doc = press("work", "line", "1", "kind-1", "part", "description-1", "Battery", "quantity-1", "2", "price-1", "24.50", "taxable-1", "1",
				"line", "2", "kind-2", "labour", "description-2", "Service call", "quantity-2", "1.25", "price-2", "$95",
				"line", "3", "kind-3", "part", "quantity-3", "1", "price-3", "", "line", "4", "kind-4", "labour", "quantity-4", "1", "price-4", "95.00")
			says(t, doc, "2 x Battery", "1.25 x Service call", "$167.75")
			d.clock.Advance(2 * time.Minute)
			press("complete", "name", "Zoë", "work", "2 x Battery\n1.25 x Service call", "strokes-"+number, "")
			says(t, d.page("technician", path), "Completed", "Signed by Zoë, Nov 15, 2026, 12:02 PM")
			if d.count(`SELECT count(*) FROM work_order_signatures WHERE work = '2 x Battery' || char(10) || '1.25 x Service call'`) != 1 {
				t.Error("no signature for the work")
			}
			// what was entered is offered again
			if got := d.page("technician", "/office/day/"+d.sendOut("technician", 0)).Find(`#recent-part option`).AttrOr("data-price", ""); got != "24.50" {
				t.Errorf("offered again at %q", got)
			}
			d.clock.Advance(2 * time.Minute)
			doc = d.page("technician", path)
			if _, hidden := doc.Find(".day-undo").Attr("hidden"); !hidden {
				t.Error("Undo is offered after its minute")
			}
			if doc.Find("form[data-tap=work]").Length() != 0 {
				t.Error("parts and labour can be changed after it was completed")
			}
		})
	}
}

// TestTapsRefused brings a refused form back with what was typed and the reason
// beside it; the script gets the reason and how the work order is now.
func TestTapsRefused(t *testing.T) {
	d := newDesk(t)
	number := d.sendOut("technician", 0)
	d.pressed("technician", number, "arrive")
	for _, tt := range []struct {
		name   string
		action string
		fields []string
		says   []string
		field  string
		value  string
	}{
		{"no note", "note", []string{"note", "  "}, []string{"Write a note first"}, "note", "  "},
		{"no signature", "complete", []string{"name", " "}, []string{"Type the name of who signs"}, "name", " "},
		{"a broken drawing", "complete", []string{"name", "Zoë", "strokes-" + number, "{"}, []string{"could not be read"}, "name", "Zoë"},
		{"no price", "work", []string{"line", "7", "kind-7", "part", "description-7", "Battery", "quantity-7", "two", "price-7", "dear"}, []string{"Enter an amount"}, "description-1", "Battery"},
		{"no words", "work", []string{"line", "7", "kind-7", "part", "quantity-7", "1", "price-7", "9"}, []string{"Say what it was"}, "price-1", "9"},
		{"nothing to undo", "undo", []string{"from", "dispatched"}, []string{"nothing of yours to undo"}, "", ""},
		{"no photo", "photo", nil, []string{"Take a photo first"}, "", ""},
		{"nonsense", "explode", nil, []string{"This form is not complete"}, "", ""},
		{"no key", "arrive", []string{"key", "x"}, []string{"This form is not complete"}, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			doc := d.parse(d.pressed("technician", number, tt.action, tt.fields...), 422)
			says(t, doc, tt.says...)
			if tt.field != "" {
				box := doc.Find(fmt.Sprintf(`[data-tap="%s"] [name="%s"]`, tt.action, tt.field))
				if got := box.AttrOr("value", box.Text()); got != tt.value {
					t.Errorf("%s came back as %q", tt.field, got)
				}
			}
			if !strings.HasPrefix(doc.Find("title").Text(), "Error: ") {
				t.Error("the title does not say so")
			}
			doc.Find(".error-summary a").Each(func(_ int, a *goquery.Selection) {
				if doc.Find(fmt.Sprintf(`[id="%s"]`, strings.TrimPrefix(a.AttrOr("href", ""), "#"))).Length() != 1 {
					t.Errorf("%s leads nowhere", a.AttrOr("href", ""))
				}
			})
			fragment := d.parse(d.pressed("technician", number, tt.action, append(tt.fields, "HX-Request", "")...), 422)
			if got := fragment.Find("[data-refused]").Text(); !strings.Contains(got, tt.says[0]) {
				t.Errorf("the script is told %q", got)
			}
		})
	}
	if got := d.state(number); got != "arrived" {
		t.Errorf("it is %s", got)
	}
}

// TestTapAgain sends the same form twice, as a phone does that got no answer.
func TestTapAgain(t *testing.T) {
	d := newDesk(t)
	number := d.sendOut("technician", 0)
	for range 3 {
		if w := d.pressed("technician", number, "dispatch", "key", "0123456789abcdef", "HX-Request", ""); w.Code != 200 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	if n := d.count(`SELECT count(*) FROM work_order_events WHERE kind = 'dispatched'`); n != 1 {
		t.Errorf("dispatched %d times", n)
	}
	// the office takes it away: the phone is told in words that give nothing away
	d.exec(`UPDATE work_orders SET technician_id = ? WHERE number = ?`, d.staff["owner"], number)
	if w := d.pressed("technician", number, "arrive", "HX-Request", ""); w.Code != 404 {
		t.Errorf("%d", w.Code)
	}
}

// TestTapPhoto takes a picture once, without what the camera wrote into it, and
// shows it to this technician alone.
func TestTapPhoto(t *testing.T) {
	d := newDesk(t)
	number := d.sendOut("technician", 0)
	var picture bytes.Buffer
	must(t, jpeg.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 60, 40)), nil))
	send := func(key string, body []byte) *httptest.ResponseRecorder {
		t.Helper()
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		must(t, w.WriteField("key", key))
		must(t, w.WriteField("action", "photo"))
		part, err := w.CreateFormFile("photo", "photo.jpg")
		must(t, err)
		_, err = part.Write(body)
		must(t, err)
		must(t, w.Close())
		r := httptest.NewRequest(http.MethodPost, "/office/day/"+number+"/taps", &form)
		r.Host = "portal.example"
		r.Header.Set("Content-Type", w.FormDataContentType())
		r.Header.Set("X-Role", "technician")
		r.Header.Set("HX-Request", "true")
		answer := httptest.NewRecorder()
		d.handler.ServeHTTP(answer, r)
		return answer
	}
	for range 2 {
		doc := d.parse(send("0123456789abcdef", picture.Bytes()), 200)
		src := doc.Find(".day-photos img").AttrOr("src", "")
		if w := d.send("technician", src, nil); w.Code != 200 || w.Header().Get("Content-Type") != "image/jpeg" {
			t.Errorf("%s: %d %s", src, w.Code, w.Header().Get("Content-Type"))
		}
		if w := d.send("technician", strings.Replace(src, number, d.sendOut("technician", 0), 1), nil); w.Code != 404 {
			t.Errorf("behind another work order: %d", w.Code)
		}
	}
	if n := d.count(`SELECT count(*) FROM work_order_photos`); n != 1 {
		t.Errorf("%d photos", n)
	}
	says(t, d.parse(send("1123456789abcdef", []byte("not a picture")), 422), "photo.jpg")
	if w := send("2123456789abcdef", make([]byte, 14<<20)); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("14 MB: %d", w.Code)
	}
}

// TestANoteFromADeadZone tells the technician and the office when it was written
// and when it arrived.
func TestANoteFromADeadZone(t *testing.T) {
	d := newDesk(t)
	number := d.sendOut("technician", 0)
	d.clock.Advance(3 * time.Hour)
	d.parse(d.pressed("technician", number, "note", "note", "From the cellar", "ago", "7200000", "HX-Request", ""), 200)
	for role, address := range map[string]string{"technician": "/office/day/" + number, "service": board(number)} {
		says(t, d.page(role, address), "written Nov 15, 2026, 1:00 PM, arrived 3:00 PM")
	}
}
