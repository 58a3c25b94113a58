package calendar

import (
	"testing"
	"time"
)

func TestAddMonthsKeepsTheAnchor(t *testing.T) {
	anchor := NewDate(2026, time.January, 31)
	want := []Date{"2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"}
	for n, w := range want {
		if got := anchor.AddMonths(n); got != w {
			t.Errorf("AddMonths(%d) = %s; want %s", n, got.ISO(), w.ISO())
		}
	}
	if got := NewDate(2027, time.November, 29).AddMonths(3); got != "2028-02-29" {
		t.Errorf("leap day: %s", got.ISO())
	}
	if got := NewDate(2026, time.March, 31).AddMonths(-1); got != "2026-02-28" {
		t.Errorf("backwards: %s", got.ISO())
	}
}

func TestParseDate(t *testing.T) {
	for _, bad := range []string{"", "2026-02-30", "2026-2-3", "11/1/2026", "0001-01-01", "3026-01-01"} {
		if d, err := ParseDate(bad); err == nil {
			t.Errorf("ParseDate(%q) = %s", bad, d.ISO())
		}
	}
	d, err := ParseDate("2026-11-01")
	if err != nil || d.String() != "Nov 1, 2026" {
		t.Errorf("ParseDate = %q, %v", d, err)
	}
}

// The dealer's day, not the server's: 05:30 UTC is still yesterday in Honolulu.
func TestTodayIsTheDealersDay(t *testing.T) {
	honolulu, err := time.LoadLocation("Pacific/Honolulu")
	if err != nil {
		t.Fatal(err)
	}
	clock := Clock(NewFake(time.Date(2026, 11, 1, 5, 30, 0, 0, time.UTC)).Now)
	if got := clock.Today(honolulu); got != "2026-10-31" {
		t.Errorf("Today = %s", got.ISO())
	}
}

func TestDateTimeAcrossMissingMidnight(t *testing.T) {
	santiago, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	day := Date("2026-09-06") // midnight does not exist: 00:00 becomes 01:00
	if got := DateOf(day.Time(santiago)); got != day {
		t.Errorf("first moment falls on %s", got.ISO())
	}
}

func TestDaysUntil(t *testing.T) {
	if n := Date("2026-10-25").DaysUntil("2026-11-08"); n != 14 {
		t.Errorf("across a DST change: %d", n)
	}
}

func TestInstant(t *testing.T) {
	at := InstantOf(time.Date(2026, 11, 1, 12, 0, 0, 999_999, time.UTC))
	if at.Add(time.Hour).Sub(at) != time.Hour || at.Time().Nanosecond() != 0 {
		t.Errorf("instant arithmetic: %v", at.Time())
	}
	if Instant(0).Format(time.UTC) != "" || !Instant(0).Time().IsZero() {
		t.Error("zero instant is not empty")
	}
}
