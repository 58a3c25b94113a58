// Package calendar holds the two kinds of time the books know: a [Date], which
// is a day in the dealer's own time zone, and an [Instant], which is a moment in
// UTC. The current time always comes from a [Clock].
package calendar

import (
	"errors"
	"fmt"
	"time"
)

// Clock tells the current time. Only main.go makes one from time.Now.
type Clock func() time.Time

// Instant is a moment as milliseconds since 1970 UTC, the form in which it is
// stored. Zero means "not yet" or "never".
type Instant int64

// InstantOf returns the instant of a time, cut to the millisecond.
func InstantOf(t time.Time) Instant {
	if t.IsZero() {
		return 0
	}
	return Instant(t.UnixMilli())
}

// Now is the clock's current instant.
func (c Clock) Now() Instant { return InstantOf(c()) }

// Today is the clock's current date in the given zone.
func (c Clock) Today(zone *time.Location) Date { return DateOf(c().In(zone)) }

// Time returns the instant as a time in UTC; the zero time for zero.
func (i Instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(i)).UTC()
}

// Add returns the instant moved by d.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d.Milliseconds()) }

// Sub returns the time between two instants.
func (i Instant) Sub(o Instant) time.Duration { return time.Duration(i-o) * time.Millisecond }

// IsZero reports whether the instant is "not yet".
func (i Instant) IsZero() bool { return i == 0 }

// Date returns the day of the instant in the given zone.
func (i Instant) Date(zone *time.Location) Date { return DateOf(i.Time().In(zone)) }

// Format shows the instant in a zone as "Nov 1, 2026, 3:04 PM".
func (i Instant) Format(zone *time.Location) string {
	if i == 0 {
		return ""
	}
	return i.Time().In(zone).Format("Jan 2, 2006, 3:04 PM")
}

// Date is a day of the dealer's calendar in the form "2026-11-01", so that
// dates compare and sort as text in Go and in SQL alike. The empty Date means
// "none". Make one with [NewDate], [ParseDate] or [DateOf].
type Date string

// ErrDate is returned for anything that is not a day of the calendar.
var ErrDate = errors.New("Enter a date, like 11/01/2026")

// NewDate returns the given day; days past the month's end roll over as in
// time.Date.
func NewDate(year int, month time.Month, day int) Date {
	return DateOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// DateOf returns the day t falls on in t's own location.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// ParseDate reads a date in the stored form "2026-11-01".
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1900 || t.Year() > 2999 {
		return "", ErrDate
	}
	return Date(s), nil
}

// IsZero reports whether there is no date.
func (d Date) IsZero() bool { return d == "" }

// Time returns the first moment of the day in the given zone. Where a change
// to summer time skips midnight it is the first moment that exists.
func (d Date) Time(zone *time.Location) time.Time {
	t := d.utc()
	start := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
	if start.Day() != t.Day() {
		start = start.Add(time.Hour)
	}
	return start
}

func (d Date) utc() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		panic(fmt.Sprintf("calendar: %q is not a date", string(d)))
	}
	return t
}

// Year returns the year.
func (d Date) Year() int { return d.utc().Year() }

// Month returns the month of the year.
func (d Date) Month() time.Month { return d.utc().Month() }

// AddDays returns the date n days later.
func (d Date) AddDays(n int) Date { return DateOf(d.utc().AddDate(0, 0, n)) }

// AddMonths returns the same day n months later, or the last day of that month
// when it is shorter. Count from a fixed anchor so that the 31st does not drift
// to the 28th: anchor.AddMonths(n), never d = d.AddMonths(1).
func (d Date) AddMonths(n int) Date {
	t := d.utc()
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return NewDate(first.Year(), first.Month(), min(t.Day(), last))
}

// DaysUntil returns how many days later o is; negative when o is earlier.
func (d Date) DaysUntil(o Date) int {
	return int(o.utc().Sub(d.utc()).Hours() / 24)
}

// String shows the date to a person: "Nov 1, 2026"; "" for no date.
func (d Date) String() string {
	if d == "" {
		return ""
	}
	return d.utc().Format("Jan 2, 2006")
}

// ISO returns the stored form, "2026-11-01".
func (d Date) ISO() string { return string(d) }
