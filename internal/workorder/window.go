package workorder

import (
	"fmt"
	"time"

	"customerportal/internal/calendar"
)

// Window is when somebody comes: a day, and two times of it in minutes after
// midnight by the dealer's clock. The zero Window is none.
type Window struct {
	Date        calendar.Date
	From, Until int64
}

// IsZero reports whether there is no appointment.
func (w Window) IsZero() bool { return w.Date == "" }

// String is the window in words: "Tue, Nov 24, 2026, 8:00 AM to 10:00 AM".
func (w Window) String() string {
	if w.IsZero() {
		return ""
	}
	return Weekday(w.Date) + ", " + w.Times()
}

// Times is the window without its day: "8:00 AM to 10:00 AM".
func (w Window) Times() string { return Clock(w.From) + " to " + Clock(w.Until) }

// Begin is when the window begins in the given zone.
func (w Window) Begin(zone *time.Location) time.Time { return at(w.Date, w.From, zone) }

// End is when the window ends in the given zone, which is always after it begins,
// also in a night in which an hour is skipped.
func (w Window) End(zone *time.Location) time.Time {
	begin, end := w.Begin(zone), at(w.Date, w.Until, zone)
	if !end.After(begin) {
		return begin.Add(time.Duration(w.Until-w.From) * time.Minute)
	}
	return end
}

// at is the time that a clock on the wall shows; a time that a change to summer
// time skips is the one an hour later.
func at(d calendar.Date, minutes int64, zone *time.Location) time.Time {
	day := d.Time(time.UTC)
	t := time.Date(day.Year(), day.Month(), day.Day(), int(minutes/60), int(minutes%60), 0, 0, zone)
	if int64(t.Hour()*60+t.Minute()) != minutes%(24*60) {
		t = t.Add(time.Hour)
	}
	return t
}

// Clock is minutes after midnight as people read them: "8:30 AM", "midnight" at
// the end of the day.
func Clock(minutes int64) string {
	if minutes == 24*60 {
		return "midnight"
	}
	h, half := minutes/60, "AM"
	if h >= 12 {
		h, half = h-12, "PM"
	}
	if h == 0 {
		h = 12
	}
	return fmt.Sprintf("%d:%02d %s", h, minutes%60, half)
}

// Weekday is a day with the name it has in the week: "Tue, Nov 24, 2026".
func Weekday(d calendar.Date) string { return d.Time(time.UTC).Format("Mon, Jan 2, 2006") }
