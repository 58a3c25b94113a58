package settings

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"customerportal/internal/money"
)

// mostSteps bounds a schedule of reminders: more would be a nuisance.
const mostSteps = 6

// ReminderDays reads a schedule of reminders, days from the due date: "-3, 7,
// 21". It returns them in order; none for "".
func ReminderDays(s string) ([]int, error) {
	var days []int
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		if part == "" && strings.TrimSpace(s) == "" {
			return nil, nil
		}
		n, err := strconv.Atoi(part)
		if err != nil || n < -30 || n > 180 {
			return nil, errors.New("write days from -30 to 180 with commas between them, like -3, 7, 21")
		}
		if slices.Contains(days, n) {
			return nil, fmt.Errorf("%d is there twice", n)
		}
		days = append(days, n)
	}
	if len(days) > mostSteps {
		return nil, fmt.Errorf("at most %d reminders are mailed for an invoice", mostSteps)
	}
	slices.Sort(days)
	return days, nil
}

func reminderDays(s string) error {
	_, err := ReminderDays(s)
	return err
}

func daysPastDue(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 1 || n > 180 {
		return fmt.Errorf("%q is not a number of days from 1 to 180", s)
	}
	return nil
}

var percentForm = regexp.MustCompile(`^([0-9]{1,2})(?:\.([0-9]{1,2}))?$`)

// Percent reads a percentage of at most 25 with up to two decimals, as parts
// per million: "1.5" is 15,000.
func Percent(s string) (money.RatePPM, error) {
	m := percentForm.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("%q is not a percentage like 1.5", s)
	}
	whole, _ := strconv.Atoi(m[1]) // digits alone
	hundredths, _ := strconv.Atoi((m[2] + "00")[:2])
	if rate := whole*100 + hundredths; rate <= 2500 {
		return money.RatePPM(rate * 100), nil
	}
	return 0, errors.New("a late fee is at most 25 percent")
}

func percent(s string) error {
	_, err := Percent(s)
	return err
}
