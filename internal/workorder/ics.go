package workorder

import (
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"customerportal/internal/calendar"
)

// The calendar file's name and type.
const (
	AppointmentFile = "appointment.ics"
	AppointmentType = "text/calendar"
)

// Entry is an appointment as calendars keep it.
type Entry struct {
	Number string
	// Version counts up with every change: of two files a calendar keeps the
	// later one.
	Version    int64
	Window     Window
	Zone       *time.Location
	ChangedAt  calendar.Instant
	Cancelled  bool
	Dealer     string
	Email      string // the dealer's, "" for none
	Phone      string
	Site       string
	Address    string
	Title      string
	Technician string
	Link       string
	Host       string // the portal's address, whose name makes the entry's own unique
}

// File writes the entry as an iCalendar file (RFC 5545). Times are in UTC, which
// every calendar shows by the clock of its owner.
func (e Entry) File() []byte {
	host := "portal.invalid"
	if u, err := url.Parse(e.Host); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	status, method := "CONFIRMED", "PUBLISH"
	if e.Cancelled {
		status, method = "CANCELLED", "CANCEL" // RFC 5546, 3.2.5
	}
	about := []string{e.Title}
	if e.Technician != "" {
		about = append(about, "Technician: "+e.Technician)
	}
	if e.Phone != "" {
		about = append(about, "Questions? Call "+e.Phone)
	}
	about = append(about, e.Link)
	const utc = "20060102T150405Z"
	var b strings.Builder
	for _, l := range []contentLine{
		{"BEGIN", "VCALENDAR"},
		{"VERSION", "2.0"},
		{"PRODID", "-//customerportal//work orders//EN"},
		{"CALSCALE", "GREGORIAN"},
		{"METHOD", method},
		{"BEGIN", "VEVENT"},
		e.organizer(),
		{"UID", escape(e.Number + "@" + host)},
		{"SEQUENCE", strconv.FormatInt(e.Version, 10)},
		{"DTSTAMP", e.ChangedAt.Time().Format(utc)},
		{"DTSTART", e.Window.Begin(e.Zone).UTC().Format(utc)},
		{"DTEND", e.Window.End(e.Zone).UTC().Format(utc)},
		{"SUMMARY", escape(e.Dealer + ", work order " + e.Number)},
		{"LOCATION", escape(strings.TrimSuffix(e.Site+", "+e.Address, ", "))},
		{"DESCRIPTION", escape(strings.Join(about, "\n"))},
		{"STATUS", status},
		{"TRANSP", "OPAQUE"},
		{"END", "VEVENT"},
		{"END", "VCALENDAR"},
	} {
		if l.name != "" {
			fold(&b, l.name+":"+l.value)
		}
	}
	return []byte(b.String())
}

// contentLine is one line of the file: a name, with its parameters, and a value.
type contentLine struct{ name, value string }

// organizer says whose appointment it is, which a calendar asks of one that is
// published and of one that is called off (RFC 5546, 3.2.1 and 3.2.5).
func (e Entry) organizer() contentLine {
	a, err := mail.ParseAddress(e.Email)
	if err != nil || a.Address != e.Email {
		return contentLine{}
	}
	name := strings.Map(func(r rune) rune { // a parameter in quotes holds none (RFC 5545, 3.2)
		switch {
		case r == '"':
			return '\''
		case r < ' ' || r == 0x7f:
			return ' '
		}
		return r
	}, strings.ToValidUTF8(e.Dealer, "\uFFFD"))
	return contentLine{`ORGANIZER;CN="` + name + `"`, "mailto:" + url.PathEscape(e.Email)}
}

// escape writes a TEXT value (RFC 5545, 3.3.11).
func escape(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(s)
}

// fold writes a content line in pieces of at most 75 octets, none of which ends
// within a letter (RFC 5545, 3.1).
func fold(b *strings.Builder, line string) {
	room := 75
	for len(line) > room {
		cut := room
		for !utf8.RuneStart(line[cut]) {
			cut--
		}
		b.WriteString(line[:cut])
		b.WriteString("\r\n ")
		line, room = line[cut:], 74
	}
	b.WriteString(line)
	b.WriteString("\r\n")
}
