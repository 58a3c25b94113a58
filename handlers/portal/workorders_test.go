package portal_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/workorder"
)

var (
	dispatcher = audit.Actor{Kind: audit.Staff, StaffID: 1, Role: "service"}
	technician = audit.Actor{Kind: audit.Staff, StaffID: 2, Role: "technician"}
)

// serviced is the screens of customer 0 with the sites "Shop & Store" (systems
// Burglary and Fire) and "Barn" (none), and of customer 1 with one site and one
// system.
func serviced(t testing.TB) *screens {
	t.Helper()
	s := newScreens(t, dbtest.New(t)).fill()
	s.exec(`INSERT INTO users (id, email, created_at) VALUES (1, 'zoe@example.com', 1)`)
	s.exec(`INSERT INTO staff (id, email, name, role, created_at) VALUES (1, 'pat@dealer.example', 'Pat Desk', 'service', 1), (2, 'dana@dealer.example', 'Dana Rivera', 'technician', 1)`)
	must(t, s.settings.Set(t.Context(), audit.Program, map[string]string{"company.name": "Beacon", "company.phone": "617-555-0142", "service.email": "service@beacon.example"}))
	s.write(func(q *db.Queries) error {
		_, _, err := account.SaveSite(t.Context(), q, 1, account.SiteRecord{CustomerID: s.customer[0], Name: "Barn"})
		if err == nil {
			_, _, err = account.SaveSite(t.Context(), q, 1, account.SiteRecord{CustomerID: s.customer[1], Name: "Office"})
		}
		return err
	})
	s.exec(`INSERT INTO systems (site_id, name, system_type) SELECT id, 'Burglary', 'DSC Neo' FROM sites WHERE name <> 'Barn'`)
	s.exec(`INSERT INTO systems (site_id, name) SELECT id, 'Fire' FROM sites WHERE name = 'Shop & Store'`)
	return s
}

// id reads one number.
func (s *screens) id(query string, args ...any) (id int64) {
	s.Helper()
	must(s, s.db.Reader().QueryRowContext(s.Context(), query, args...).Scan(&id))
	return id
}

// fields reads a form as a browser would send it, but for its files.
func fields(doc *goquery.Document, selector string) url.Values {
	v := url.Values{}
	doc.Find(selector).Find("input, textarea, select").Each(func(_ int, e *goquery.Selection) {
		name, kind := e.AttrOr("name", ""), e.AttrOr("type", "")
		_, checked := e.Attr("checked")
		switch {
		case kind == "file", kind == "checkbox" && !checked:
		case goquery.NodeName(e) == "select":
			chosen := e.Find("option[selected]")
			if chosen.Length() == 0 {
				chosen = e.Find("option").First()
			}
			v.Add(name, chosen.AttrOr("value", ""))
		case goquery.NodeName(e) == "textarea":
			v.Add(name, strings.TrimPrefix(e.Text(), "\n"))
		default:
			v.Add(name, e.AttrOr("value", ""))
		}
	})
	return v
}

// file is one that a form brings.
type file struct {
	name string
	body []byte
}

// send posts a form with files as the i-th customer.
func (s *screens) send(i int, address string, v url.Values, htmx bool, files ...file) *httptest.ResponseRecorder {
	s.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, values := range v {
		for _, value := range values {
			must(s, form.WriteField(name, value))
		}
	}
	for _, f := range files {
		part, err := form.CreateFormFile("photos", f.name)
		must(s, err)
		_, err = part.Write(f.body)
		must(s, err)
	}
	if len(files) == 0 { // what browsers send when nothing was chosen
		_, err := form.CreateFormFile("photos", "")
		must(s, err)
	}
	must(s, form.Close())
	r := httptest.NewRequest(http.MethodPost, address, &body)
	r.Host = "portal.example"
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("X-Customer", strconv.FormatInt(s.customer[i], 10))
	if htmx {
		r.Header.Set("HX-Request", "true")
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

// picture is a photo, of another width each.
func picture(t testing.TB, width int) file {
	t.Helper()
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, width, 30)), nil))
	return file{fmt.Sprintf("p%d.jpg", width), b.Bytes()}
}

// orderForm is the form of a new work order of customer 0 for the shop.
func (s *screens) orderForm() url.Values {
	s.Helper()
	v := fields(page(s, s.get(0, fmt.Sprintf("/workorders/new?site=%d&system=%d", s.site, s.id(`SELECT id FROM systems WHERE name = 'Fire'`))), http.StatusOK), "#order-form")
	v.Set("note", "The keypad beeps.\nBack door, too.")
	return v
}

// order makes a work order of customer 0.
func (s *screens) order() (number string) {
	s.Helper()
	number, err := s.orders.Create(s.Context(), audit.Actor{Kind: audit.Customer, UserID: 1}, workorder.NewOrder{
		CustomerID: s.customer[0], SiteID: s.site, Source: workorder.Portal, Note: "The keypad beeps", Nonce: fmt.Sprintf("n%d", s.id(`SELECT count(*) FROM work_orders`))})
	must(s, err)
	return number
}

// led is where an answer sends the browser.
func ledTo(w *httptest.ResponseRecorder) string {
	return w.Header().Get("Location") + w.Header().Get("HX-Redirect")
}

func TestWorkOrderPlace(t *testing.T) {
	s := serviced(t)
	shop, barn := s.site, s.id(`SELECT id FROM sites WHERE name = 'Barn'`)
	burglary := s.id(`SELECT id FROM systems WHERE name = 'Burglary' AND site_id = ?`, shop)
	at := func(query string, htmx ...string) *goquery.Document {
		t.Helper()
		return page(t, s.get(0, "/workorders/new"+query, htmx...), http.StatusOK)
	}
	// step by step without script
	doc := at("")
	if doc.Find("#f-site option").Length() != 3 || doc.Find("#f-system").Length() != 0 {
		t.Errorf("%s", text(doc.Find("main")))
	}
	doc = at("?site=")
	if got := text(doc.Find("#e-site")); got != "Choose the site" {
		t.Errorf("%q", got)
	}
	doc = at(fmt.Sprintf("?site=%d", shop))
	if got := text(doc.Find("#f-system")); got != "Choose the system Burglary (DSC Neo) Fire The whole site, or I am not sure" {
		t.Errorf("%q", got)
	}
	doc = at(fmt.Sprintf("?site=%d&system=", shop))
	if got := text(doc.Find("#e-system")); got != "Choose the system" || doc.Find(".error-summary").Length() != 1 {
		t.Errorf("%q", got)
	}
	doc = at(fmt.Sprintf("?site=%d&system=%d", shop, burglary))
	if got := text(doc.Find("#order-form dl")); got != "SiteShop & Store SystemBurglary (DSC Neo)" {
		t.Errorf("%q", got)
	}
	// a site without systems, and a system of the site chosen before
	if doc = at(fmt.Sprintf("?site=%d&system=%d", barn, burglary)); doc.Find("#order-form").Length() != 0 || doc.Find("#order-place").Length() != 1 {
		t.Error("a system of another site passed")
	}
	if doc = at(fmt.Sprintf("?site=%d&system=0", barn)); doc.Find("#order-form").Length() != 1 {
		t.Error("a site without systems")
	}
	// with script the systems follow the site
	doc = at(fmt.Sprintf("?site=%d&pick=site", shop), "HX-Request", "true")
	if doc.Find("#order-place #f-system").Length() != 1 || doc.Find("h1").Length() != 0 {
		t.Errorf("%s", text(doc.Selection))
	}
	// whoever has one of each is not asked
	doc = page(t, s.get(1, "/workorders/new"), http.StatusOK)
	if got := text(doc.Find("#order-form dl")); got != "SiteOffice SystemBurglary (DSC Neo)" {
		t.Errorf("%q", got)
	}
	// another's
	if w := s.get(1, fmt.Sprintf("/workorders/new?site=%d", shop)); w.Code != http.StatusNotFound {
		t.Errorf("another's site: %d", w.Code)
	}
}

func TestWorkOrderSave(t *testing.T) {
	for _, htmx := range []bool{false, true} {
		s := serviced(t)
		v := s.orderForm()
		v.Set("day1", "2026-11-20")
		v.Set("part1", "morning")
		v.Set("times", "please call")
		w := s.send(0, "/workorders/new", v, htmx, picture(t, 40), picture(t, 50))
		if !strings.HasPrefix(ledTo(w), "/workorders/W-") {
			t.Fatalf("%d %s\n%s", w.Code, ledTo(w), w.Body)
		}
		first := ledTo(w)
		// the same form again, by Back or a second press
		if w = s.send(0, "/workorders/new", v, htmx, picture(t, 40)); ledTo(w) != first {
			t.Errorf("again: %d %s", w.Code, ledTo(w))
		}
		if n := s.id(`SELECT count(*) FROM work_orders`); n != 1 {
			t.Errorf("%d work orders", n)
		}
		doc := page(t, s.get(0, first), http.StatusOK)
		got := text(doc.Find("main"))
		for _, want := range []string{"Requested", "Shop & Store", "Fire", "Fri, Nov 20, 2026, morningplease call", "You", "The keypad beeps.Back door, too."} {
			if !strings.Contains(got, want) {
				t.Errorf("%q is missing in %s", want, got)
			}
		}
		if n := doc.Find(".photos img").Length(); n != 2 {
			t.Errorf("%d photos", n)
		}
		list := page(t, s.get(0, "/workorders"), http.StatusOK)
		if got := text(list.Find("tbody")); !strings.Contains(got, "Shop & Store Fire Requested") {
			t.Errorf("%s", got)
		}
		// a form without files, as a program would send it
		v = s.orderForm()
		if w = s.post(0, "/workorders/new", v, htmx); !strings.HasPrefix(ledTo(w), "/workorders/W-") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}

// TestWorkOrderRefused gives the whole form back: what was typed, and the photos
// that are good.
func TestWorkOrderRefused(t *testing.T) {
	for _, htmx := range []bool{false, true} {
		s := serviced(t)
		spill := t.TempDir()
		t.Setenv("TMPDIR", spill)
		v := s.orderForm()
		v.Set("day2", "2026-11-01")
		v.Set("part2", "afternoon")
		v.Set("times", `<b>"x"`)
		doc := page(t, s.send(0, "/workorders/new", v, htmx, picture(t, 40), file{"x.heic", []byte("\x00\x00\x00\x18ftypheic")}, picture(t, 50)), http.StatusUnprocessableEntity)
		if got := text(doc.Find("#e-photos")); !strings.Contains(got, "x.heic is a HEIC picture") {
			t.Errorf("%q", got)
		}
		// all that is wrong is said at once
		if got := text(doc.Find(".error-summary")); !strings.Contains(got, "these 2 things") || !strings.Contains(text(doc.Find("#e-day2")), "is over") {
			t.Errorf("%q", got)
		}
		again := fields(doc, "#order-form")
		for _, name := range []string{"note", "day2", "part2", "times", "nonce", "site", "system"} {
			if again.Get(name) != v.Get(name) {
				t.Errorf("%s is %q, was %q", name, again.Get(name), v.Get(name))
			}
		}
		if got := text(doc.Find(".check")); got != "p40.jpg p50.jpg" || len(again["keep"]) != 2 {
			t.Errorf("%q, %v", got, again)
		}
		// now the day is refused; one photo is left out after all, too many come
		again["keep"] = again["keep"][:1]
		doc = page(t, s.send(0, "/workorders/new", again, htmx, picture(t, 60), picture(t, 70), picture(t, 80), picture(t, 90), picture(t, 100)), http.StatusUnprocessableEntity)
		if got := text(doc.Find("form")); !strings.Contains(got, "p100.jpg was not taken: 5 photos fit") || doc.Find("input[type=file]").Length() != 0 {
			t.Errorf("%q", got)
		}
		again = fields(doc, "#order-form")
		doc = page(t, s.send(0, "/workorders/new", again, htmx), http.StatusUnprocessableEntity)
		if got := text(doc.Find("#e-day2")); !strings.Contains(got, "is over") {
			t.Errorf("%q", got)
		}
		again = fields(doc, "#order-form")
		again.Set("day2", "")
		w := s.send(0, "/workorders/new", again, htmx)
		doc = page(t, s.get(0, ledTo(w)), http.StatusOK)
		if n := doc.Find(".photos img").Length(); n != 5 {
			t.Errorf("%d photos", n)
		}
		left, err := os.ReadDir(spill)
		must(t, err)
		if len(left) != 0 {
			t.Errorf("%d files are left on disk", len(left))
		}
	}
}

// TestWorkOrderLargePhoto names a photo that is too large, and keeps the text.
func TestWorkOrderLargePhoto(t *testing.T) {
	s := serviced(t)
	v := s.orderForm()
	doc := page(t, s.send(0, "/workorders/new", v, true, file{"large.jpg", make([]byte, 13<<20)}), http.StatusUnprocessableEntity)
	if got := text(doc.Find("#e-photos")); got != "large.jpg is larger than 12 MB" || fields(doc, "#order-form").Get("note") != v.Get("note") {
		t.Errorf("%q", got)
	}
	if w := s.send(0, "/workorders/new", v, true, file{"huge.jpg", make([]byte, 101<<20)}); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", w.Code)
	}
	var many []file
	for i := range 11 {
		many = append(many, file{fmt.Sprintf("%d.jpg", i), []byte("x")})
	}
	if w := s.send(0, "/workorders/new", v, true, many...); w.Code != http.StatusBadRequest {
		t.Errorf("eleven files: %d", w.Code)
	}
}

// TestWorkOrderOfOthers answers 404 to every address and every field of another
// customer's.
func TestWorkOrderOfOthers(t *testing.T) {
	s := serviced(t)
	number := s.order()
	_, err := s.orders.AddPhotos(t.Context(), dispatcher, workorder.Photos{Number: number, Nonce: "a", Uploads: []workorder.Upload{{Name: "a.jpg", File: bytes.NewReader(picture(t, 40).body)}}})
	must(t, err)
	must(t, s.orders.Schedule(t.Context(), dispatcher, number, workorder.Any, workorder.Appointment{TechnicianID: 2, Window: workorder.Window{Date: "2026-11-20", From: 480, Until: 600}}))
	photo := s.id(`SELECT id FROM work_order_photos`)
	own := "/workorders/" + number
	for _, path := range []string{own, own + "/appointment.ics", fmt.Sprintf("%s/photos/%d", own, photo), fmt.Sprintf("%s/photos/%d?size=small", own, photo), "/workorders?after=" + number} {
		if w := s.get(0, path); w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
		if w := s.get(1, path); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "keypad") {
			t.Errorf("another's %s: %d", path, w.Code)
		}
	}
	if w := s.get(1, own+"/follow", "Accept", "text/event-stream"); w.Code != http.StatusNotFound {
		t.Errorf("another's stream: %d", w.Code)
	}
	other := s.order()
	if w := s.get(0, fmt.Sprintf("/workorders/%s/photos/%d", other, photo)); w.Code != http.StatusNotFound {
		t.Errorf("a photo of another work order: %d", w.Code)
	}
	for _, htmx := range []bool{false, true} {
		if w := s.post(1, own+"/notes", url.Values{"note": {"x"}, "nonce": {"n"}}, htmx); w.Code != http.StatusNotFound {
			t.Errorf("another's note: %d", w.Code)
		}
		if w := s.send(1, own+"/photos", url.Values{"nonce": {"n"}}, htmx, picture(t, 40)); w.Code != http.StatusNotFound {
			t.Errorf("another's photo: %d", w.Code)
		}
		foreign := s.id(`SELECT id FROM sites WHERE name = 'Office'`)
		for field, value := range map[string]int64{"site": foreign, "system": s.id(`SELECT id FROM systems WHERE site_id = ?`, foreign)} {
			v := s.orderForm()
			v.Set(field, strconv.FormatInt(value, 10))
			if w := s.send(0, "/workorders/new", v, htmx, picture(t, 40)); w.Code != http.StatusNotFound {
				t.Errorf("another's %s: %d", field, w.Code)
			}
		}
	}
	if n := s.id(`SELECT count(*) FROM work_order_notes`) + s.id(`SELECT count(*) FROM work_orders`); n != 4 {
		t.Errorf("something was made of it: %d", n)
	}
}

// TestWorkOrderNotesAndPhotos adds both, tells what is refused, and shows nothing
// that is internal.
func TestWorkOrderNotesAndPhotos(t *testing.T) {
	for _, htmx := range []bool{false, true} {
		s := serviced(t)
		number := s.order()
		path := "/workorders/" + number
		must(t, s.orders.AddNote(t.Context(), dispatcher, workorder.Note{Number: number, Text: "secret price", Internal: true, Nonce: "i"}))
		must(t, s.orders.AddNote(t.Context(), dispatcher, workorder.Note{Number: number, Text: "We call you", Nonce: "s"}))
		_, err := s.orders.AddPhotos(t.Context(), dispatcher, workorder.Photos{Number: number, Internal: true, Nonce: "a", Uploads: []workorder.Upload{{Name: "a.jpg", File: bytes.NewReader(picture(t, 44).body)}}})
		must(t, err)
		v := fields(page(t, s.get(0, path), http.StatusOK), "#order-note")
		v.Set("note", "<xpr0be> & more\nline")
		for range 2 { // twice the same
			if w := s.post(0, path+"/notes", v, htmx); ledTo(w) != path {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
		}
		v = fields(page(t, s.get(0, path), http.StatusOK), "#order-note")
		doc := page(t, s.post(0, path+"/notes", v, htmx), http.StatusUnprocessableEntity)
		if got := text(doc.Find("#e-note")); got != "Write a note first" {
			t.Errorf("%q", got)
		}
		w := s.get(0, path)
		if strings.Contains(w.Body.String(), "<xpr0be") || strings.Contains(w.Body.String(), "secret price") {
			t.Errorf("%s", w.Body)
		}
		doc = page(t, w, http.StatusOK)
		if got := text(doc.Find(".order-note")); !strings.HasSuffix(got, "<xpr0be> & moreline") || !strings.Contains(got, "Pat D., Beacon") || doc.Find(".order-note").Length() != 3 || doc.Find(".photos img").Length() != 0 {
			t.Errorf("%q", got)
		}
		if w := s.get(0, fmt.Sprintf("%s/photos/%d", path, s.id(`SELECT id FROM work_order_photos`))); w.Code != http.StatusNotFound {
			t.Errorf("an internal photo: %d", w.Code)
		}
		v = fields(doc, "#order-photos")
		doc = page(t, s.send(0, path+"/photos", v, htmx, file{"t.txt", []byte("text")}, picture(t, 40)), http.StatusUnprocessableEntity)
		if got := text(doc.Find("#e-photos")); got != "t.txt is no JPEG or PNG picture. The rest is saved: 1" {
			t.Errorf("%q", got)
		}
		if w := s.send(0, path+"/photos", fields(doc, "#order-photos"), htmx, picture(t, 60)); ledTo(w) != path {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if n := page(t, s.get(0, path), http.StatusOK).Find(".photos img").Length(); n != 2 {
			t.Errorf("%d photos", n)
		}
		// what was typed while it was cancelled is not lost
		must(t, s.orders.Cancel(t.Context(), dispatcher, number, workorder.Any, "Doubled"))
		v.Set("note", "One more thing")
		doc = page(t, s.post(0, path+"/notes", v, htmx), http.StatusConflict)
		if got := fields(doc, "#order-note").Get("note"); got != "One more thing" || !strings.Contains(text(doc.Find(".error-summary")), "is cancelled") {
			t.Errorf("%q", got)
		}
		doc = page(t, s.get(0, path), http.StatusOK)
		if doc.Find("form#order-note, form#order-photos").Length() != 0 || !strings.Contains(text(doc.Find("main")), "Reason: Doubled") {
			t.Error("a closed work order takes notes")
		}
	}
}

// TestWorkOrderFormsCountForTheirOwn sends what one form was made with to another
// place: nothing is lost, and nothing takes a name that the portal uses itself.
func TestWorkOrderFormsCountForTheirOwn(t *testing.T) {
	s := serviced(t)
	a, b := s.order(), s.order()
	v := url.Values{"nonce": {"one-and-the-same"}, "note": {"Bring a ladder"}}
	for _, number := range []string{a, b} {
		if w := s.post(0, "/workorders/"+number+"/notes", v, false); w.Code != http.StatusSeeOther {
			t.Errorf("a note: %d %s", w.Code, w.Body)
		}
		if w := s.send(0, "/workorders/"+number+"/photos", v, false, picture(t, 40)); w.Code != http.StatusSeeOther {
			t.Errorf("a photo: %d %s", w.Code, w.Body)
		}
	}
	if notes, photos := s.id(`SELECT count(*) FROM work_order_notes WHERE note = 'Bring a ladder'`), s.id(`SELECT count(*) FROM work_order_photos`); notes != 2 || photos != 2 {
		t.Errorf("%d notes and %d photos on two work orders", notes, photos)
	}
	for _, taken := range []string{"proposal 1", "proposal 1/0", "tap 0123456789abcdef", "live 1", strings.Repeat("n", 65)} {
		v := s.orderForm()
		v.Set("nonce", taken)
		if w := s.send(0, "/workorders/new", v, false); ledTo(w) != "/workorders/new" {
			t.Errorf("%q led to %d %q", taken, w.Code, ledTo(w))
		}
	}
	if n := s.id(`SELECT count(*) FROM work_orders`); n != 2 {
		t.Errorf("%d work orders", n)
	}
}

// TestWorkOrderTimeline shows each state with its time, the technician's short
// name, and nothing of what was taken back.
func TestWorkOrderTimeline(t *testing.T) {
	s := serviced(t)
	number := s.order()
	ctx, path := t.Context(), "/workorders/"+number
	must(t, s.orders.Schedule(ctx, dispatcher, number, workorder.Any, workorder.Appointment{TechnicianID: 2, Window: workorder.Window{Date: "2026-11-20", From: 480, Until: 600}}))
	must(t, s.orders.Dispatch(ctx, technician, number, workorder.Any))
	must(t, s.orders.Undo(ctx, technician, number, workorder.Any))
	doc := page(t, s.get(0, path), http.StatusOK)
	if got := text(doc.Find(".timeline")); got != "Requested Nov 15, 2026, 12:00 PM Scheduled Nov 15, 2026, 12:00 PMFri, Nov 20, 2026, 8:00 AM to 10:00 AM, Dana R." {
		t.Errorf("%q", got)
	}
	facts := text(doc.Find("#order-live"))
	for _, want := range []string{"AppointmentFri, Nov 20, 2026, 8:00 AM to 10:00 AM", "TechnicianDana R.", "Add to my calendar"} {
		if !strings.Contains(facts, want) {
			t.Errorf("%q is missing in %s", want, facts)
		}
	}
	if strings.Contains(facts, "Rivera") {
		t.Error("the technician's whole name")
	}
	ics := s.get(0, path+"/appointment.ics")
	if got := ics.Header().Get("Content-Type"); got != "text/calendar" || !strings.Contains(ics.Body.String(), "DTSTART:20261120T130000Z") {
		t.Errorf("%s\n%s", got, ics.Body)
	}
	must(t, s.orders.Dispatch(ctx, technician, number, workorder.Any))
	must(t, s.orders.Arrive(ctx, technician, number, workorder.Any))
	s.exec(`INSERT INTO work_order_lines SELECT id, 1, 'part', 'Battery', 2000, 4500, 1 FROM work_orders`)
	must(t, s.orders.Complete(ctx, technician, number, workorder.Any))
	for _, name := range []string{"Ann Lee", "Zoë O'Neil"} { // completed twice: the last word counts
		s.exec(`INSERT INTO work_order_signatures (work_order_id, name, work, staff_id, ip, user_agent, happened_at, at) SELECT id, ?, 'x', 2, '', '', 1763200000000, 1763200000000 FROM work_orders`, name)
	}
	w := s.get(0, path)
	got := text(page(t, w, http.StatusOK).Find("main"))
	if !strings.Contains(got, "2 × Battery") || !strings.Contains(got, "Signed by Zoë O'Neil") || strings.Contains(w.Body.String(), "45.00") || strings.Contains(got, "Add Note") {
		t.Errorf("%s", got)
	}
	if w := s.get(0, path+"/appointment.ics"); w.Code != http.StatusNotFound {
		t.Errorf("the calendar of what is done: %d", w.Code)
	}
}

func TestWorkOrdersAreListedInPages(t *testing.T) {
	s := serviced(t)
	if got := text(page(t, s.get(0, "/workorders"), http.StatusOK).Find(".empty")); !strings.Contains(got, "No work orders.") {
		t.Errorf("%q", got)
	}
	var numbers []string
	for range 30 {
		s.clock.Advance(4 * time.Minute)
		numbers = append(numbers, s.order())
	}
	must(t, s.orders.Cancel(t.Context(), dispatcher, numbers[29], workorder.Any, "x"))
	doc := page(t, s.get(0, "/workorders"), http.StatusOK)
	if got := doc.Find("tbody tr").Length(); got != 25 || !strings.Contains(text(doc.Find("tbody tr").First()), numbers[28]) || doc.Find("[data-follow]").Length() != 1 {
		t.Errorf("%d rows, first %s", got, text(doc.Find("tbody tr").First()))
	}
	doc = page(t, s.get(0, named(doc, "More work orders").AttrOr("href", "")), http.StatusOK)
	if got := doc.Find("tbody tr").Length(); got != 5 || !strings.Contains(text(doc.Find("tbody tr").Last()), numbers[29]+"The keypad beeps") || doc.Find("[data-follow]").Length() != 0 {
		t.Errorf("%d rows, last %s", got, text(doc.Find("tbody tr").Last()))
	}
	// a page that follows gets the list alone
	if doc := page(t, s.get(0, "/workorders", "HX-Request", "true"), http.StatusOK); doc.Find("#orders").Length() != 1 || doc.Find("h1").Length() != 0 {
		t.Error("the fragment")
	}
}

// TestWorkOrderStream tells of a change at once, and at once when the page is of
// before it; whoever opens the address himself is sent to the page.
func TestWorkOrderStream(t *testing.T) {
	s := serviced(t)
	number := s.order()
	for _, path := range []string{"/workorders/" + number + "/follow", "/workorders/follow"} {
		if w := s.get(0, path); ledTo(w)+"/follow" != path {
			t.Errorf("%s: %d %s", path, w.Code, ledTo(w))
		}
		ctx, cancel := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, path+"?seen=1", nil)
		r.Host = "portal.example"
		r.Header.Set("X-Customer", strconv.FormatInt(s.customer[0], 10))
		r.Header.Set("Accept", "text/event-stream")
		w := &watched{ResponseRecorder: httptest.NewRecorder(), wrote: make(chan string, 10)}
		ended := make(chan struct{})
		go func() { s.handler.ServeHTTP(w, r); close(ended) }()
		first := <-w.wrote
		stale := path == "/workorders/follow" && s.id(`SELECT sum(version) FROM work_orders`) != 1 || path != "/workorders/follow" && s.id(`SELECT version FROM work_orders`) != 1
		if strings.Contains(first, "event: changed") != stale || !strings.HasPrefix(first, "retry: ") || w.Header().Get("Content-Type") != "text/event-stream" {
			t.Errorf("%s began with %q", path, first)
		}
		must(t, s.orders.AddNote(t.Context(), dispatcher, workorder.Note{Number: number, Text: "x", Nonce: path}))
		if got := <-w.wrote; got != "event: changed\ndata:\n\n" {
			t.Errorf("%q", got)
		}
		cancel()
		<-ended
	}
}

// watched tells of each piece of an answer.
type watched struct {
	*httptest.ResponseRecorder
	wrote chan string
}

func (w *watched) Write(p []byte) (int, error) {
	w.wrote <- string(p)
	return len(p), nil
}

// TestWorkOrderMerged shows what was written on the duplicate with the one that
// goes on, and leads from the one to the other.
func TestWorkOrderMerged(t *testing.T) {
	s := serviced(t)
	stays, double := s.order(), s.order()
	ctx := t.Context()
	must(t, s.orders.AddNote(ctx, dispatcher, workorder.Note{Number: double, Text: "On the double", Nonce: "a"}))
	_, err := s.orders.AddPhotos(ctx, dispatcher, workorder.Photos{Number: double, Nonce: "b", Uploads: []workorder.Upload{{Name: "a.jpg", File: bytes.NewReader(picture(t, 44).body)}}})
	must(t, err)
	must(t, s.orders.Merge(ctx, dispatcher, double, workorder.Any, stays))
	doc := page(t, s.get(0, "/workorders/"+stays), http.StatusOK)
	if got := text(doc.Find(".order-note")); !strings.Contains(got, "On the double") {
		t.Errorf("%q", got)
	}
	if w := s.get(0, doc.Find(".photos img").AttrOr("src", "")); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/jpeg" {
		t.Errorf("the double's photo: %d", w.Code)
	}
	doc = page(t, s.get(0, "/workorders/"+double), http.StatusOK)
	if got := text(doc.Find("main")); !strings.Contains(got, "It goes on as work order "+stays) || strings.Contains(got, "Nobody comes") || doc.Find(`a[href="/workorders/`+stays+`"]`).Length() != 1 {
		t.Errorf("%s", got)
	}
	if w := s.get(1, "/workorders/"+stays); w.Code != http.StatusNotFound {
		t.Errorf("another customer: %d", w.Code)
	}
}
