package accounting_test

import (
	"errors"
	"testing"

	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

func TestLockAndUnlock(t *testing.T) {
	b := newBooks(t) // on Nov 22, 2026
	s, by := b.accounting, audit.Actor{Kind: audit.Staff, Role: "owner"}
	refused := func(err error, field string) {
		t.Helper()
		if f, _ := errors.AsType[*fault.Error](err); f == nil || f.Field != field || f.Kind != fault.Invalid {
			t.Errorf("want a refused %q: %v", field, err)
		}
	}
	is := func(want calendar.Date) {
		t.Helper()
		if got, err := s.LockedUntil(t.Context()); err != nil || got != want {
			t.Errorf("closed up to %q, want %q (%v)", got, want, err)
		}
	}
	is("")
	refused(s.Lock(t.Context(), by, ""), "until")
	refused(s.Lock(t.Context(), by, "2026-11-22"), "until")
	if err := s.Unlock(t.Context(), by, "", "to mend a check"); !fault.Is(err, fault.Conflict) {
		t.Errorf("nothing was closed: %v", err)
	}
	must(t, s.Lock(t.Context(), by, "2026-09-30"))
	is("2026-09-30")
	refused(s.Lock(t.Context(), by, "2026-09-30"), "until")
	refused(s.Lock(t.Context(), by, "2026-08-31"), "until")
	must(t, s.Lock(t.Context(), by, "2026-10-31"))
	is("2026-10-31")
	refused(s.Unlock(t.Context(), by, "2026-09-30", " "), "reason")
	refused(s.Unlock(t.Context(), by, "2026-10-31", "to mend a check"), "keep")
	must(t, s.Unlock(t.Context(), by, "2026-09-30", "to mend a check"))
	is("2026-09-30")
	must(t, s.Unlock(t.Context(), by, "", "all of it again"))
	is("")
	if got := b.text(`SELECT group_concat(action || ' ' || before_json || ' ' || after_json, char(10)) FROM audit`); got !=
		`books.lock {"until":""} {"until":"2026-09-30"}
books.lock {"until":"2026-09-30"} {"until":"2026-10-31"}
books.unlock {"until":"2026-10-31"} {"reason":"to mend a check","until":"2026-09-30"}
books.unlock {"until":"2026-09-30"} {"reason":"all of it again","until":""}` {
		t.Errorf("the trail says\n%s", got)
	}
}
