package calendar

import "time"

// AddBusinessDays returns the nth business day after d, as the rule of the three
// days to cancel a sale at home counts them (16 CFR 429.0(f)): every day is one,
// Saturdays too, but Sundays and federal holidays. A holiday of the weekend is
// left out on its own day and on the day it is observed, so that the time to
// cancel is rather a day longer than too short.
func (d Date) AddBusinessDays(n int) Date {
	for n > 0 {
		if d = d.AddDays(1); d.business() {
			n--
		}
	}
	return d
}

func (d Date) business() bool {
	t := d.utc()
	return t.Weekday() != time.Sunday && !federalHoliday(t)
}

// federalHoliday reports whether a day is one of the legal public holidays (5
// U.S.C. 6103(a)) or the day one of them is observed on: the Friday before a
// Saturday (6103(b)), the Monday after a Sunday (Executive Order 11582).
func federalHoliday(t time.Time) bool {
	if legalHoliday(t) {
		return true
	}
	switch t.Weekday() {
	case time.Friday:
		return legalHoliday(t.AddDate(0, 0, 1))
	case time.Monday:
		return legalHoliday(t.AddDate(0, 0, -1))
	}
	return false
}

func legalHoliday(t time.Time) bool {
	nth := func(month time.Month, weekday time.Weekday, n int) bool {
		return t.Month() == month && t.Weekday() == weekday && (t.Day()-1)/7+1 == n
	}
	on := func(month time.Month, day int) bool { return t.Month() == month && t.Day() == day }
	return on(time.January, 1) || on(time.June, 19) || on(time.July, 4) || on(time.November, 11) || on(time.December, 25) ||
		nth(time.January, time.Monday, 3) || nth(time.February, time.Monday, 3) || nth(time.September, time.Monday, 1) ||
		nth(time.October, time.Monday, 2) || nth(time.November, time.Thursday, 4) ||
		t.Month() == time.May && t.Weekday() == time.Monday && t.Day() > 24 // the last one
}
