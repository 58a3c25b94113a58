package autopay

import (
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
)

// RemedyOf names what follows a reason.
func RemedyOf(code gateway.Code) string {
	return map[remedy]string{later: "later", soon: "soon", person: "person", never: "never", endMethod: "end method", endConsent: "end consent"}[afterFailure(code)]
}

// NextTry is nextTry.
func NextTry(kind gateway.Kind, first, today calendar.Date, declines int) calendar.Date {
	return nextTry(kind, first, today, declines)
}

// WorkingDaysBefore is workingDaysBefore.
func WorkingDaysBefore(d calendar.Date, n int) calendar.Date { return workingDaysBefore(d, n) }

// CauseOf is the label of the cause under which the report counts a reason.
func CauseOf(code gateway.Code) string { return healthCauses[causeOf(code)].label }
