package calendar

import "testing"

func TestAddBusinessDays(t *testing.T) {
	for from, want := range map[Date]Date{
		"2026-11-02": "2026-11-05", // Monday
		"2026-11-05": "2026-11-09", // Thursday: Friday, Saturday, Monday
		"2026-11-06": "2026-11-10", // Friday: Saturday, Monday, Tuesday
		"2026-11-07": "2026-11-12", // Saturday: Monday, Tuesday, not Veterans Day, Thursday
		"2026-11-08": "2026-11-12", // Sunday
		"2026-11-24": "2026-11-28", // Thanksgiving is the 26th
		"2026-12-23": "2026-12-28", // Christmas is a Friday: 24th, 26th, 28th
		"2026-12-30": "2027-01-04", // New Year's Day is a Friday: 31st, 2nd, 4th
		"2026-07-01": "2026-07-07", // the 4th is a Saturday, observed on Friday: 2nd, 6th, 7th
		"2027-07-02": "2027-07-07", // the 4th is a Sunday, observed on Monday: 3rd, 6th, 7th
		"2026-05-22": "2026-05-27", // Memorial Day is the 25th: 23rd, 26th, 27th
		"2026-06-18": "2026-06-23", // Juneteenth is a Friday: 20th, 22nd, 23rd
		"2026-01-16": "2026-01-21", // the birthday of Martin Luther King, Jr. is the 19th
		"2026-02-13": "2026-02-18", // Washington's Birthday is the 16th
		"2026-09-04": "2026-09-09", // Labor Day is the 7th
		"2026-10-09": "2026-10-14", // Columbus Day is the 12th
		"2026-05-15": "2026-05-19", // the 18th is no holiday
		"2021-12-30": "2022-01-05", // New Year's Day is a Saturday, observed on Friday: 3rd, 4th, 5th
	} {
		got := from.AddBusinessDays(3)
		if got != want {
			t.Errorf("three business days after %s: %s, want %s", from, got, want)
		}
	}
	if got := Date("2026-11-02").AddBusinessDays(0); got != "2026-11-02" {
		t.Errorf("none after: %s", got)
	}
}
