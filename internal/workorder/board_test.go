package workorder_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/internal/fault"
	"customerportal/internal/workorder"
)

func TestOverlaps(t *testing.T) {
	w := workorder.Window{Date: "2026-11-17", From: 480, Until: 600}
	for _, c := range []struct {
		name string
		with workorder.Window
		want bool
	}{
		{"the same", w, true},
		{"within", workorder.Window{Date: "2026-11-17", From: 500, Until: 520}, true},
		{"around", workorder.Window{Date: "2026-11-17", From: 0, Until: 1440}, true},
		{"over the end", workorder.Window{Date: "2026-11-17", From: 599, Until: 700}, true},
		{"over the beginning", workorder.Window{Date: "2026-11-17", From: 400, Until: 481}, true},
		{"begins when it ends", workorder.Window{Date: "2026-11-17", From: 600, Until: 700}, false},
		{"ends when it begins", workorder.Window{Date: "2026-11-17", From: 400, Until: 480}, false},
		{"another day", workorder.Window{Date: "2026-11-18", From: 480, Until: 600}, false},
		{"none", workorder.Window{}, false},
	} {
		if got := w.Overlaps(c.with); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		if got := c.with.Overlaps(w); got != c.want {
			t.Errorf("%s, the other way round: %v", c.name, got)
		}
	}
	if (workorder.Window{}).Overlaps(workorder.Window{}) {
		t.Error("two that are none overlap")
	}
}

func TestPast(t *testing.T) {
	w := workorder.Window{Date: "2026-11-17", From: 480, Until: 600}
	for minute, want := range map[int64]bool{599: false, 600: true} {
		if got := w.Past("2026-11-17", minute); got != want {
			t.Errorf("at minute %d: %v", minute, got)
		}
	}
	if w.Past("2026-11-16", 1439) || !w.Past("2026-11-18", 0) || (workorder.Window{}).Past("2026-11-18", 0) {
		t.Error("the days are mixed up")
	}
}

func TestParseClock(t *testing.T) {
	for in, want := range map[string]int64{"08:30": 510, "8:30": 510, "8": 480, " 8 AM ": 480, "8a": 480, "8:05 p.m.": 1205, "12 am": 0, "12 PM": 720, "noon": 720, "midnight": 1440, "00:00": 0, "24:00": 1440, "23:59": 1439} {
		if got, err := workorder.ParseClock(in); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "8:3", "8:60", "25", "24:01", "13 pm", "0 am", "eight", "-8", "8:30:00", "８", "888", ":30", "8:", "am"} {
		if got, err := workorder.ParseClock(in); err == nil {
			t.Errorf("%q is taken for %d", in, got)
		}
	}
}

func FuzzParseClock(f *testing.F) {
	for _, s := range []string{"08:30", "8 am", "noon", "24:00", "p", ":"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := workorder.ParseClock(s); err == nil && (got < 0 || got > 1440) {
			t.Errorf("%q is minute %d", s, got)
		}
	})
}

// book makes an appointment as the office does.
func (s *shop) book(number string, technician int64, w workorder.Window, anyway string) error {
	return s.orders.Book(s.Context(), dispatcher, number, workorder.Any, workorder.Appointment{TechnicianID: technician, Window: w}, anyway)
}

func TestBook(t *testing.T) {
	s := newShop(t)
	first, second := s.requested(), s.requested()
	s.must(s.book(first, 2, window, ""))

	// over another one: told which, and done only by who says so of just these
	over := workorder.Window{Date: window.Date, From: 540, Until: 660}
	err := s.book(second, 2, over, "")
	clash, ok := errors.AsType[workorder.Clash](err)
	if !ok || len(clash) != 1 || clash[0].Number != first || clash[0].Customer != "Ann Lee" || clash[0].Window != window {
		t.Fatalf("got %v", err)
	}
	if got := one[string](s, `SELECT state FROM work_orders WHERE number = ?`, second); got != "requested" {
		t.Errorf("it is %s all the same", got)
	}
	if _, ok := errors.AsType[workorder.Clash](s.book(second, 2, over, "something else")); !ok {
		t.Error("any word accepts it")
	}
	third := s.requested()
	s.must(s.book(third, 2, workorder.Window{Date: window.Date, From: 600, Until: 630}, ""))
	if again, ok := errors.AsType[workorder.Clash](s.book(second, 2, over, clash.Key())); !ok || len(again) != 2 {
		t.Error("a further overlap was not seen")
	} else {
		s.must(s.book(second, 2, over, again.Key()))
	}
	// somebody else has time, and so has who has nothing any more
	fourth := s.requested()
	s.must(s.book(fourth, 3, over, ""))
	s.must(s.orders.Cancel(s.Context(), dispatcher, fourth, workorder.Any, "Not needed"))
	s.must(s.book(s.requested(), 3, over, ""))
	// its own appointment is not in its way, and nobody's is in nobody's
	s.must(s.book(first, 3, workorder.Window{Date: window.Date, From: 420, Until: 480}, ""))
	s.must(s.book(s.requested(), 0, over, ""))
}

func TestBookRefuses(t *testing.T) {
	s := newShop(t)
	number := s.requested()
	s.exec(`INSERT INTO staff (id, email, name, role, created_at) VALUES (8, 's8@dealer.example', 'Sam Sold', 'sales', 1), (9, 's9@dealer.example', 'Gone Away', 'technician', 1)`)
	s.exec(`UPDATE staff SET disabled_at = 5 WHERE id = 9`)
	for _, c := range []struct {
		technician int64
		w          workorder.Window
		field      string
	}{
		{2, workorder.Window{}, "date"},
		{2, workorder.Window{Date: "2026-11-15", From: 480, Until: 600}, "date"},
		{2, workorder.Window{Date: "2029-11-15", From: 480, Until: 600}, "date"},
		{2, workorder.Window{Date: window.Date, From: 600, Until: 600}, "until"},
		{2, workorder.Window{Date: window.Date, From: 600, Until: 480}, "until"},
		{2, workorder.Window{Date: window.Date, From: -1, Until: 480}, "from"},
		{8, window, "technician"}, {9, window, "technician"}, {99, window, "technician"},
	} {
		s.refused(s.book(number, c.technician, c.w, ""), fault.Invalid, c.field)
	}
	s.must(s.book(number, 2, window, ""))
	// who left meanwhile cannot get another appointment, though he had one
	s.exec(`UPDATE staff SET disabled_at = 5 WHERE id = 2`)
	w := window
	w.From += 30
	if words := s.refused(s.book(number, 2, w, ""), fault.Invalid, "technician"); !strings.Contains(words, "Dana Rivera") {
		t.Errorf("%q does not say who", words)
	}
	// two at one record: the slower one is told
	seen := one[int64](s, `SELECT version FROM work_orders WHERE number = ?`, number)
	s.must(s.book(number, 3, w, ""))
	words := s.refused(s.orders.Book(t.Context(), dispatcher, number, seen, workorder.Appointment{Window: window}, ""), fault.Conflict, "")
	if !strings.Contains(words, "Pat Desk") {
		t.Errorf("%q does not say who was quicker", words)
	}
	s.refused(s.book("W-NONE00", 2, window, ""), fault.NotFound, "")
}

func TestSend(t *testing.T) {
	s := newShop(t)
	number := s.requested()
	s.must(s.book(number, 0, window, ""))
	send := func(technician int64, anyway string) error {
		return s.orders.Send(t.Context(), dispatcher, number, workorder.Any, technician, anyway)
	}
	s.refused(send(0, ""), fault.Invalid, "technician")
	other := s.requested()
	s.must(s.book(other, 2, window, ""))
	clash, ok := errors.AsType[workorder.Clash](send(2, ""))
	if !ok {
		t.Fatal("the overlap was not seen")
	}
	s.must(send(2, clash.Key()))
	if got := one[string](s, `SELECT group_concat(kind, ' ') FROM (SELECT kind FROM work_order_events e JOIN work_orders w ON w.id = e.work_order_id WHERE w.number = ? ORDER BY e.id)`, number); got != "created scheduled assigned dispatched" {
		t.Errorf("the history is %s", got)
	}
	s.must(send(2, "")) // again changes nothing
	if got := one[int64](s, `SELECT version FROM work_orders WHERE number = ?`, number); got != 4 {
		t.Errorf("version %d", got)
	}
}

func TestCreateBooked(t *testing.T) {
	s := newShop(t)
	n := workorder.NewOrder{CustomerID: 1, SiteID: 1, SystemID: 1, Source: workorder.Office, Note: "Keypad dead", Internal: "Dog", Nonce: "phone 1"}
	a := workorder.Appointment{TechnicianID: 2, Window: window}
	number, err := s.orders.CreateBooked(t.Context(), dispatcher, n, a, "")
	s.must(err)
	if got := one[string](s, `SELECT state FROM work_orders WHERE number = ?`, number); got != "scheduled" {
		t.Errorf("it is %s", got)
	}
	again, err := s.orders.CreateBooked(t.Context(), dispatcher, n, a, "")
	s.must(err)
	if again != number {
		t.Errorf("the form sent twice made %s and %s", number, again)
	}
	// neither is made when the appointment is refused
	n.Nonce = "phone 2"
	_, err = s.orders.CreateBooked(t.Context(), dispatcher, n, a, "")
	if _, ok := errors.AsType[workorder.Clash](err); !ok {
		t.Errorf("got %v", err)
	}
	a.TechnicianID = 99
	_, err = s.orders.CreateBooked(t.Context(), dispatcher, n, a, "")
	s.refused(err, fault.Invalid, "technician")
	if n := one[int64](s, `SELECT count(*) FROM work_orders`); n != 1 {
		t.Errorf("%d work orders", n)
	}
}

func TestRelocate(t *testing.T) {
	s := newShop(t)
	number := s.requested()
	move := func(site, system int64) error {
		return s.orders.Relocate(t.Context(), dispatcher, number, workorder.Any, site, system)
	}
	s.must(move(11, 0))
	if got := one[string](s, `SELECT details FROM work_order_events WHERE kind = 'edited'`); got != "Shop, Burglary → Barn" {
		t.Errorf("the history says %q", got)
	}
	s.must(move(11, 0))
	if n := one[int64](s, `SELECT count(*) FROM work_order_events WHERE kind = 'edited'`); n != 1 {
		t.Errorf("%d changes", n)
	}
	s.refused(move(0, 0), fault.Invalid, "site")
	s.refused(move(2, 0), fault.NotFound, "")  // somebody else's site
	s.refused(move(11, 1), fault.NotFound, "") // a system of another site
	s.must(s.orders.Cancel(t.Context(), dispatcher, number, workorder.Any, "Not needed"))
	s.refused(move(1, 0), fault.Conflict, "")
}

func TestMerge(t *testing.T) {
	s := newShop(t)
	a, b, c := s.requested(), s.requested(), s.in(workorder.Scheduled)
	merge := func(number, into string) error {
		return s.orders.Merge(t.Context(), dispatcher, number, workorder.Any, into)
	}
	mails := one[int64](s, `SELECT count(*) FROM outbox`)
	into := func(number string) string {
		return one[string](s, `SELECT coalesce(m.number, '') FROM work_orders w LEFT JOIN work_orders m ON m.id = w.merged_into_id WHERE w.number = ?`, number)
	}
	s.refused(merge(a, ""), fault.Invalid, "into")
	s.refused(merge(a, a), fault.Invalid, "into")
	s.refused(merge(a, "W-NONE00"), fault.Invalid, "into")
	s.must(merge(a, b))
	if into(a) != b || one[string](s, `SELECT state FROM work_orders WHERE number = ?`, a) != "cancelled" {
		t.Errorf("%s is merged into %q", a, into(a))
	}
	// no circles, no second time
	if words := s.refused(merge(b, a), fault.Invalid, "into"); !strings.Contains(words, "itself merged") {
		t.Errorf("the circle is refused with %q", words)
	}
	s.refused(merge(a, c), fault.Conflict, "")
	s.refused(s.orders.Reopen(t.Context(), dispatcher, a, workorder.Any), fault.Conflict, "")
	// no chains: what was merged before goes along
	s.must(merge(b, c))
	if into(a) != c || into(b) != c {
		t.Errorf("%s is merged into %s and %s into %s", a, into(a), b, into(b))
	}
	if got := one[int64](s, `SELECT count(*) FROM work_orders w WHERE version <> (SELECT count(*) FROM work_order_events e WHERE e.work_order_id = w.id)`); got != 0 {
		t.Error("a change has no line in the history")
	}
	if n := one[int64](s, `SELECT count(*) FROM outbox`); n != mails {
		t.Errorf("%d mails about it", n-mails)
	}
	// what was announced and is off now does not go out, or is taken back
	e := s.in(workorder.Dispatched)
	s.must(merge(e, c))
	later, err := s.orders.Create(t.Context(), dispatcher, workorder.NewOrder{CustomerID: 1, SiteID: 1, Source: workorder.Office, Note: "x", Nonce: "later"})
	s.must(err)
	s.must(s.orders.Schedule(t.Context(), dispatcher, later, workorder.Any, workorder.Appointment{Window: workorder.Window{Date: "2026-11-19", From: 540, Until: 600}}))
	s.must(merge(later, c))
	if n := one[int64](s, `SELECT count(*) FROM outbox WHERE subject LIKE '%on the way%'`); n != 0 {
		t.Errorf("%d mails that somebody is on the way", n)
	}
	if off := one[string](s, `SELECT text_body FROM outbox WHERE subject LIKE '%Thu, Nov 19, 2026%does not take place'`); !strings.Contains(off, "What is to be done is in work order "+c+", which goes on") {
		t.Errorf("mailed: %s", off)
	}
	if n := one[int64](s, `SELECT count(*) FROM outbox WHERE subject LIKE '%does not take place'`); n != 1 {
		t.Errorf("%d appointments are said to be off", n)
	}
	// nothing closed and nothing of a stranger goes on
	closed := s.in(workorder.Completed)
	s.refused(merge(c, closed), fault.Invalid, "into")
	foreign, err := s.orders.Create(t.Context(), dispatcher, workorder.NewOrder{CustomerID: 2, SiteID: 2, Source: workorder.Office, Note: "x", Nonce: "foreign"})
	s.must(err)
	if words := s.refused(merge(c, foreign), fault.Invalid, "into"); !strings.Contains(words, "has no work order") {
		t.Errorf("%q tells of a stranger's", words)
	}
	// whoever follows either one hears of it
	d := s.requested()
	changed, stop := s.orders.Follow(d)
	defer stop()
	s.must(merge(c, d))
	select {
	case <-changed:
	default:
		t.Error("the one that goes on was not told of")
	}
}

func TestDay(t *testing.T) {
	s := newShop(t)
	late := s.requested()
	s.must(s.book(late, 2, workorder.Window{Date: window.Date, From: 800, Until: 900}, ""))
	early := s.requested()
	s.must(s.book(early, 2, window, ""))
	gone := s.requested()
	s.must(s.book(gone, 2, workorder.Window{Date: window.Date, From: 700, Until: 710}, ""))
	s.must(s.orders.Cancel(t.Context(), dispatcher, gone, workorder.Any, "Not needed"))
	var day []workorder.Busy
	s.must(s.db.View(t.Context(), func(q *db.Queries) (err error) {
		day, err = workorder.Day(t.Context(), q, 2, window.Date)
		return err
	}))
	var numbers []string
	for _, b := range day {
		numbers = append(numbers, b.Number)
	}
	if !slices.Equal(numbers, []string{early, late}) {
		t.Errorf("the day is %v", numbers)
	}
}
