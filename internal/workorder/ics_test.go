package workorder_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"customerportal/internal/calendar"
	"customerportal/internal/workorder"
)

func entry(t testing.TB) workorder.Entry {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	return workorder.Entry{
		Number: "W-7K3Q9X", Version: 4, Window: workorder.Window{Date: "2026-11-24", From: 480, Until: 600}, Zone: zone,
		ChangedAt: calendar.InstantOf(time.Date(2026, 11, 16, 17, 0, 0, 0, time.UTC)),
		Dealer:    "Beacon, Hill; Security", Email: "office+visits@example.com", Phone: "617-555-0142", Site: "Café", Address: "1 Main St, Troy, NY 12180",
		Title: "The keypad\r\nbeeps \\ BEGIN:VALARM", Technician: "Dana R.", Link: "https://portal.example.com/workorders/W-7K3Q9X", Host: "https://portal.example.com",
	}
}

// unfold reads the content lines of a file as a calendar does (RFC 5545, 3.1).
func unfold(file []byte) []string {
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(file), "\r\n ", ""), "\r\n"), "\r\n")
}

func TestCalendarFile(t *testing.T) {
	want := []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//customerportal//work orders//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH", "BEGIN:VEVENT",
		`ORGANIZER;CN="Beacon, Hill; Security":mailto:office+visits@example.com`,
		"UID:W-7K3Q9X@portal.example.com", "SEQUENCE:4", "DTSTAMP:20261116T170000Z", "DTSTART:20261124T130000Z", "DTEND:20261124T150000Z",
		`SUMMARY:Beacon\, Hill\; Security\, work order W-7K3Q9X`, `LOCATION:Café\, 1 Main St\, Troy\, NY 12180`,
		`DESCRIPTION:The keypad\nbeeps \\ BEGIN:VALARM\nTechnician: Dana R.\nQuestions? Call 617-555-0142\nhttps://portal.example.com/workorders/W-7K3Q9X`,
		"STATUS:CONFIRMED", "TRANSP:OPAQUE", "END:VEVENT", "END:VCALENDAR",
	}
	got := unfold(entry(t).File())
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

// TestCalendarFileInSummer begins at the same hour of the wall's clock.
func TestCalendarFileInSummer(t *testing.T) {
	e := entry(t)
	e.Window.Date = "2026-07-01"
	if file := string(e.File()); !strings.Contains(file, "DTSTART:20260701T120000Z") {
		t.Errorf("%s", file)
	}
	// where the hour from two to three is skipped it still ends after it begins
	e.Window = workorder.Window{Date: "2026-03-08", From: 150, Until: 180}
	if file := string(e.File()); !strings.Contains(file, "DTSTART:20260308T073000Z\r\nDTEND:20260308T080000Z") {
		t.Errorf("%s", file)
	}
}

// TestCalendarFileOfWhom leaves out an organizer that cannot be written, and keeps
// his name within its quotes.
func TestCalendarFileOfWhom(t *testing.T) {
	e := entry(t)
	e.Dealer = "Bob's \"Best\"\r\nATTENDEE:mailto:x@example.com"
	if file := unfold(e.File()); file[6] != `ORGANIZER;CN="Bob's 'Best'  ATTENDEE:mailto:x@example.com":mailto:office+visits@example.com` {
		t.Errorf("%q", file[6])
	}
	for _, email := range []string{"", "no address", "a@example.com\r\nATTENDEE:x", "A <a@example.com>"} {
		e.Email = email
		if file := unfold(e.File()); !strings.HasPrefix(file[6], "UID:") || len(file) != 18 {
			t.Errorf("%q: %q", email, file)
		}
	}
}

// FuzzCalendarFile puts anything into it: the file keeps its lines and their
// length, and no text begins a line of its own.
func FuzzCalendarFile(f *testing.F) {
	f.Add("The keypad beeps", "Shop")
	f.Add("a\r\nATTACH:http://evil.example", "b\nc\rd\\;,")
	f.Add(strings.Repeat("é", 200), strings.Repeat("\U0001F512", 60))
	f.Add("\xff\xfe", "\x00\x1b")
	e := entry(f)
	f.Fuzz(func(t *testing.T, title, site string) {
		e.Title, e.Site, e.Dealer = title, site, site
		file := e.File()
		if !utf8.Valid(file) {
			t.Error("it is no UTF-8")
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(string(file), "\r\n"), "\r\n") {
			if len(line) > 75 || strings.ContainsAny(line, "\r\n") || !utf8.ValidString(line) {
				t.Errorf("line %q", line)
			}
		}
		if lines := unfold(file); len(lines) != 19 {
			t.Errorf("%d lines: %q", len(lines), lines)
		}
	})
}

// FuzzPreferred reads any preferred times: what passes is stored in few lines.
func FuzzPreferred(f *testing.F) {
	f.Add("2026-11-20", "morning", "please call")
	f.Add("2026-02-30", "any", "\x00")
	f.Fuzz(func(t *testing.T, day, part, words string) {
		p := workorder.Preferred{Times: []workorder.Time{{Date: calendar.Date(day), Part: workorder.Part(part)}}, Words: words}
		if p.Check("2026-11-16") != nil {
			return
		}
		if lines := strings.Split(p.String(), "\n"); len(lines) > 2 || len(p.String()) > 4*400 {
			t.Errorf("%q", lines)
		}
	})
}
