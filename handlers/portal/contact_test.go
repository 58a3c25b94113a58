package portal_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"customerportal/db/dbtest"
	"customerportal/internal/calendar"
)

// post sends a form as the i-th customer.
func (s *screens) post(i int, address string, form url.Values, htmx bool) *httptest.ResponseRecorder {
	s.Helper()
	r := httptest.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	r.Host = "portal.example"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Customer", strconv.FormatInt(s.customer[i], 10))
	if htmx {
		r.Header.Set("HX-Request", "true")
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

func TestContact(t *testing.T) {
	s := newScreens(t, dbtest.New(t)).fill()
	s.exec(`INSERT INTO users (id, email, created_at) VALUES (1, 'zoe@example.com', 1)`)
	form := url.Values{}
	doc := page(t, s.get(0, "/contact/edit"), http.StatusOK)
	for _, input := range doc.Find("#contact-form input").EachIter() {
		form.Set(input.AttrOr("name", ""), input.AttrOr("value", ""))
	}
	if len(form) != 13 || form.Get("phone") != "(518) 555-0142" || form.Get("phone2") != "518-555-0143" || form.Get("email") != "zoe@example.com" || form.Get("zip") != "12180" {
		t.Fatalf("%v", form)
	}

	bad := url.Values{}
	for name, v := range form {
		bad[name] = v
	}
	bad.Set("phone", "12")
	bad.Set("first_name", "")
	bad.Set("city", "<b>")
	for _, htmx := range []bool{false, true} {
		w := s.post(0, "/contact", bad, htmx)
		doc := page(t, w, http.StatusUnprocessableEntity)
		if strings.Contains(w.Body.String(), "<html") == htmx {
			t.Errorf("htmx %v: a whole page or not", htmx)
		}
		form := doc.Find("#contact-form")
		if form.Length() != 1 || form.Find("[role=alert] a").Length() != 2 || form.Find("[name=phone]").AttrOr("value", "") != "12" ||
			form.Find("[name=phone]").AttrOr("aria-invalid", "") != "true" || form.Find("[name=city]").AttrOr("value", "") != "<b>" {
			t.Errorf("htmx %v: %s", htmx, w.Body)
		}
	}

	for _, htmx := range []bool{false, true} {
		form.Set("city", map[bool]string{false: "Albany", true: "Utica"}[htmx])
		form.Set("phone2", "")
		form.Set("phone3", "518 555 0199")
		w := s.post(0, "/contact", form, htmx)
		if !htmx && (w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/") || htmx && (w.Code != http.StatusOK || w.Header().Get("HX-Redirect") != "/") {
			t.Errorf("htmx %v: %d %v", htmx, w.Code, w.Header())
		}
		block := text(page(t, s.get(0, "/"), http.StatusOK).Find(".facts"))
		if !strings.Contains(block, form.Get("city")+", NY 12180") || !strings.Contains(block, "(518) 555-0142518 555 0199") {
			t.Errorf("htmx %v: %s", htmx, block)
		}
	}
	// the other customer's block is his own, whatever the form says
	if block := text(page(t, s.get(1, "/"), http.StatusOK).Find(".facts")); strings.Contains(block, "Utica") {
		t.Error(block)
	}
}

// A new address shows on the home of whom it is for, until it is confirmed or the
// link is too old.
func TestContactSaysWhichAddressWaits(t *testing.T) {
	s := newScreens(t, dbtest.New(t)).fill()
	ask := func(hash string, payload string, created, expires calendar.Instant) {
		s.exec(`INSERT INTO tokens (hash, purpose, customer_id, payload, created_at, expires_at) VALUES (?, 'change_email', ?, ?, ?, ?)`,
			[]byte(strings.Repeat(hash, 32)), s.customer[0], payload, created, expires)
	}
	now := calendar.InstantOf(s.clock.Now())
	ask("a", `{"old":"zoe@example.com","new":"older@example.com"}`, now-2, now.Add(time.Hour))
	waits := func(i int) string {
		return text(page(t, s.get(i, "/"), http.StatusOK).Find(".facts"))
	}
	if got := waits(0); !strings.Contains(got, "older@example.com") {
		t.Error(got)
	}
	s.exec(`UPDATE tokens SET used_at = ?`, now) // as a newer one does
	ask("b", `{"old":"zoe@example.com","new":"newer@example.com"}`, now-1, now.Add(time.Hour))
	if got := waits(0); !strings.Contains(got, "newer@example.com") || strings.Contains(got, "older@") {
		t.Error(got)
	}
	if got := waits(1); strings.Contains(got, "newer@") {
		t.Errorf("the other customer sees it: %s", got)
	}
	s.clock.Advance(time.Hour)
	if got := waits(0); strings.Contains(got, "New email") {
		t.Error(got)
	}
}
