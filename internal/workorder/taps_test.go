package workorder_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/workorder"
)

// key is of a fresh tap.
func (s *shop) key() string { return fmt.Sprintf("%032d", s.forms+1000*len(s.nonce())) }

// tap sends a fresh tap of Dana's.
func (s *shop) tap(number string, action workorder.Action, change ...func(*workorder.Tap)) error {
	s.Helper()
	t := workorder.Tap{Key: s.key(), Number: number, Action: action}
	for _, f := range change {
		f(&t)
	}
	return s.orders.Tap(s.Context(), dana, t)
}

func (s *shop) taps() (done, refused int) {
	s.Helper()
	return one[int](s, `SELECT count(*) FROM work_order_taps WHERE refused = ''`), one[int](s, `SELECT count(*) FROM work_order_taps WHERE refused <> ''`)
}

var smoke = workorder.Line{Description: "Smoke detector", Quantity: 2 * money.QuantityScale, UnitPrice: 4550, Taxable: true}
var hours = workorder.Line{Labour: true, Description: "Labour", Quantity: money.QuantityScale * 3 / 2, UnitPrice: 9500}

// TestTapsCountOnce sends each kind of tap again and again, at once from many
// sides too: it is done once, and each answer is the same.
func TestTapsCountOnce(t *testing.T) {
	for _, tt := range []struct {
		name  string
		in    workorder.State
		tap   workorder.Tap
		ask   string
		again int
	}{
		{"dispatch", workorder.Scheduled, workorder.Tap{Action: workorder.SetOut}, `SELECT count(*) FROM work_order_events WHERE kind = 'dispatched'`, 1},
		{"arrive", workorder.Dispatched, workorder.Tap{Action: workorder.ComeIn}, `SELECT count(*) FROM work_order_events WHERE kind = 'arrived'`, 1},
		{"complete", workorder.Arrived, workorder.Tap{Action: workorder.Finish, Signature: workorder.Signature{Name: "Ann Lee"}}, `SELECT count(*) FROM work_order_signatures`, 1},
		{"note", workorder.Arrived, workorder.Tap{Action: workorder.WriteNote, Text: "Replaced the keypad"}, `SELECT count(*) FROM work_order_notes WHERE note = 'Replaced the keypad'`, 1},
		{"work", workorder.Arrived, workorder.Tap{Action: workorder.EnterWork, Lines: []workorder.Line{smoke, hours}}, `SELECT count(*) FROM work_order_events WHERE kind = 'work'`, 1},
		{"undo", workorder.Arrived, workorder.Tap{Action: workorder.UndoStep, From: workorder.Arrived}, `SELECT count(*) FROM work_order_events WHERE kind = 'undone'`, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t)
			tt.tap.Number, tt.tap.Key = s.in(tt.in), s.key()
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if err := s.orders.Tap(t.Context(), dana, tt.tap); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if n := one[int](s, tt.ask); n != tt.again {
				t.Errorf("done %d times", n)
			}
			if done, refused := s.taps(); done != 1 || refused != 0 {
				t.Errorf("%d taps are kept, %d refused", done, refused)
			}
			s.whole()
		})
	}
}

// TestTapsThatAreRefused keeps the refusal under the key, so that the tap has the
// same answer when it comes again, whatever happened meanwhile.
func TestTapsThatAreRefused(t *testing.T) {
	s := newShop(t)
	number := s.in(workorder.Dispatched)
	s.must(s.orders.Cancel(t.Context(), dispatcher, number, workorder.Any, "The customer called off"))
	arrive := workorder.Tap{Key: s.key(), Number: number, Action: workorder.ComeIn}
	first := s.refused(s.orders.Tap(t.Context(), dana, arrive), fault.Conflict, "")
	s.has(first, number, "cancelled")
	s.must(s.orders.Reopen(t.Context(), dispatcher, number, workorder.Any))
	if again := s.refused(s.orders.Tap(t.Context(), dana, arrive), fault.Conflict, ""); again != first {
		t.Errorf("first %q, then %q", first, again)
	}
	if state := s.get(number).State; state != "scheduled" {
		t.Errorf("it is %s", state)
	}
	// a signature without a name takes nothing with it
	number = s.in(workorder.Arrived)
	sign := workorder.Tap{Key: s.key(), Number: number, Action: workorder.Finish}
	s.has(s.refused(s.orders.Tap(t.Context(), dana, sign), fault.Invalid, "name"), "Type the name")
	s.has(s.refused(s.orders.Tap(t.Context(), dana, sign), fault.Conflict, ""), "Type the name")
	if state := s.get(number).State; state != "arrived" {
		t.Errorf("it is %s", state)
	}
	// a key is one tap's
	for name, other := range map[string]workorder.Tap{
		"another order":  {Key: sign.Key, Number: s.in(workorder.Arrived), Action: workorder.Finish},
		"another action": {Key: sign.Key, Number: number, Action: workorder.WriteNote, Text: "x"},
	} {
		s.has(s.refused(s.orders.Tap(t.Context(), dana, other), fault.Conflict, ""), "something else")
		_ = name
	}
	s.has(s.refused(s.orders.Tap(t.Context(), dispatcher, sign), fault.Conflict, ""), "something else")
	for _, bad := range []string{"", "short", strings.Repeat("k", 65), "with blanks in it, long enough"} {
		s.refused(s.orders.Tap(t.Context(), dana, workorder.Tap{Key: bad, Number: number, Action: workorder.ComeIn}), fault.Invalid, "")
	}
	s.refused(s.tap(number, "explode"), fault.Invalid, "")
	s.whole()
}

// TestTapsAreTheTechnicians finds no work order of another technician, before and
// after it was given away.
func TestTapsAreTheTechnicians(t *testing.T) {
	s := newShop(t)
	number := s.in(workorder.Scheduled)
	for _, action := range []workorder.Action{workorder.SetOut, workorder.ComeIn, workorder.Finish, workorder.UndoStep, workorder.WriteNote, workorder.EnterWork} {
		s.refused(s.orders.Tap(t.Context(), eve, workorder.Tap{Key: s.key(), Number: number, Action: action, Text: "x"}), fault.NotFound, "")
		s.refused(s.orders.Tap(t.Context(), dana, workorder.Tap{Key: s.key(), Number: "W-000000", Action: action, Text: "x"}), fault.NotFound, "")
		s.refused(s.orders.Tap(t.Context(), ann, workorder.Tap{Key: s.key(), Number: number, Action: action, Text: "x"}), fault.NotFound, "")
	}
	done := workorder.Tap{Key: s.key(), Number: number, Action: workorder.SetOut}
	s.must(s.orders.Tap(t.Context(), dana, done))
	s.must(s.orders.Schedule(t.Context(), dispatcher, number, workorder.Any, workorder.Appointment{TechnicianID: 3, Window: window}))
	s.refused(s.tap(number, workorder.ComeIn), fault.NotFound, "")
	s.must(s.orders.Tap(t.Context(), dana, done)) // what was done is done
	// the office may press for a technician
	s.must(s.orders.Tap(t.Context(), dispatcher, workorder.Tap{Key: s.key(), Number: number, Action: workorder.SetOut}))
	s.whole()
}

// TestWhenATapHappened takes the time from the phone as a span, never before the
// step before and never after now.
func TestWhenATapHappened(t *testing.T) {
	s := newShop(t)
	number := s.in(workorder.Scheduled)
	scheduled := calendar.InstantOf(s.clock.Now())
	s.clock.Advance(3 * time.Hour)
	now := calendar.InstantOf(s.clock.Now())
	for _, step := range []struct {
		action workorder.Action
		ago    time.Duration
		want   calendar.Instant
	}{
		{workorder.SetOut, 5 * time.Hour, scheduled}, // a phone that thinks so
		{workorder.UndoStep, 0, 0},
		{workorder.SetOut, 2 * time.Hour, now.Add(-2 * time.Hour)},
		{workorder.ComeIn, time.Hour, now.Add(-time.Hour)},
		{workorder.Finish, 90 * time.Minute, now.Add(-time.Hour)}, // not before it came in
	} {
		s.must(s.tap(number, step.action, func(t *workorder.Tap) { t.Ago, t.Signature.NoOne = step.ago, true }))
		if step.want == 0 {
			continue
		}
		got := one[calendar.Instant](s, `SELECT happened_at FROM work_order_events ORDER BY id DESC LIMIT 1`)
		if at := one[calendar.Instant](s, `SELECT at FROM work_order_events ORDER BY id DESC LIMIT 1`); got != step.want || at != now {
			t.Errorf("%s %s ago: happened %s after it was scheduled, booked %s; want %s", step.action, step.ago, got.Sub(scheduled), at.Sub(scheduled), step.want.Sub(scheduled))
		}
	}
	number = s.in(workorder.Scheduled)
	s.must(s.tap(number, workorder.SetOut, func(t *workorder.Tap) { t.Ago = -time.Hour }))
	if got := s.get(number).DispatchedAt; got != now {
		t.Errorf("a tap of the future happened %s from now", got.Sub(now))
	}
	s.whole()
}

// TestUndoForAMinute counts the minute from the server's booking, so that steps
// that waited in the phone can be taken back too.
func TestUndoForAMinute(t *testing.T) {
	s := newShop(t)
	number := s.in(workorder.Scheduled)
	s.must(s.tap(number, workorder.SetOut, func(t *workorder.Tap) { t.Ago = time.Hour }))
	s.clock.Advance(59 * time.Second)
	s.must(s.tap(number, workorder.UndoStep, func(t *workorder.Tap) { t.From = workorder.Dispatched }))
	s.must(s.tap(number, workorder.SetOut))
	s.clock.Advance(61 * time.Second)
	s.has(s.refused(s.tap(number, workorder.UndoStep), fault.Conflict, ""), "more than a minute ago", "Ask the office")
	s.must(s.tap(number, workorder.ComeIn))
	// not what the screen did not show as done
	s.has(s.refused(s.tap(number, workorder.UndoStep, func(t *workorder.Tap) { t.From = workorder.Dispatched }), fault.Conflict, ""), "nothing of yours")
	s.has(s.refused(s.orders.Tap(t.Context(), dispatcher, workorder.Tap{Key: s.key(), Number: number, Action: workorder.UndoStep}), fault.Conflict, ""), "nothing of yours")
	s.must(s.tap(number, workorder.UndoStep))
	if state := s.get(number).State; state != "dispatched" {
		t.Errorf("it is %s", state)
	}
	s.whole()
}

// TestOvertakenTaps tells the technician what the office changed on what the
// phone still showed, where that matters.
func TestOvertakenTaps(t *testing.T) {
	s := newShop(t)
	number := s.in(workorder.Scheduled)
	seen := func(v int64) func(*workorder.Tap) { return func(t *workorder.Tap) { t.Seen = v } }
	shown := s.get(number).Version
	s.must(s.orders.AddNote(t.Context(), dispatcher, workorder.Note{Number: number, Text: "Bring a ladder", Internal: true, Nonce: s.nonce()}))
	moved := workorder.Window{Date: "2026-11-19", From: 600, Until: 720}
	s.must(s.orders.Schedule(t.Context(), dispatcher, number, workorder.Any, workorder.Appointment{TechnicianID: 2, Window: moved}))
	s.has(s.refused(s.tap(number, workorder.SetOut, seen(shown)), fault.Conflict, ""), "Pat Desk moved the appointment", "Nov 19", "press again")
	s.must(s.tap(number, workorder.SetOut, seen(s.get(number).Version)))
	s.must(s.tap(number, workorder.ComeIn, seen(shown))) // who is there is there
	// a note of the office is no reason to lose parts and labour; other parts are
	shown = s.get(number).Version
	s.must(s.tap(number, workorder.EnterWork, func(t *workorder.Tap) { t.Seen, t.Lines = shown, []workorder.Line{smoke} }))
	s.must(s.tap(number, workorder.EnterWork, func(t *workorder.Tap) { t.Seen, t.Lines = shown, []workorder.Line{smoke, hours} }))
	s.must(s.orders.SetWork(t.Context(), dispatcher, number, workorder.Any, []workorder.Line{hours}))
	s.has(s.refused(s.tap(number, workorder.EnterWork, func(t *workorder.Tap) { t.Seen, t.Lines = shown, []workorder.Line{smoke} }), fault.Conflict, ""), "Pat Desk changed parts and labour")
	s.whole()
}

// TestSetWork refuses what no invoice could be made of, each beside its field.
func TestSetWork(t *testing.T) {
	s := newShop(t)
	number := s.in(workorder.Arrived)
	with := func(change func(l *workorder.Line)) []workorder.Line {
		l := smoke
		change(&l)
		return []workorder.Line{hours, l}
	}
	for name, tt := range map[string]struct {
		lines []workorder.Line
		field string
	}{
		"no words":       {with(func(l *workorder.Line) { l.Description = " \t " }), "description-2"},
		"long words":     {with(func(l *workorder.Line) { l.Description = strings.Repeat("é", 201) }), "description-2"},
		"none":           {with(func(l *workorder.Line) { l.Quantity = 0 }), "quantity-2"},
		"less than none": {with(func(l *workorder.Line) { l.Quantity = -1 }), "quantity-2"},
		"too many":       {with(func(l *workorder.Line) { l.Quantity = 10_001 * money.QuantityScale }), "quantity-2"},
		"a credit":       {with(func(l *workorder.Line) { l.UnitPrice = -1 }), "price-2"},
		"too dear":       {with(func(l *workorder.Line) { l.UnitPrice = 100_000_01 }), "price-2"},
		"too much":       {with(func(l *workorder.Line) { l.UnitPrice, l.Quantity = 100_000_00, 10_000*money.QuantityScale }), "lines"},
		"too long":       {make([]workorder.Line, workorder.MaxLines+1), "lines"},
	} {
		t.Run(name, func(t *testing.T) {
			s.refused(s.orders.SetWork(t.Context(), dana, number, workorder.Any, tt.lines), fault.Invalid, tt.field)
		})
	}
	s.must(s.orders.SetWork(t.Context(), dana, number, workorder.Any, []workorder.Line{{Description: "  Door \n contact ", Quantity: 250}}))
	version := s.get(number).Version
	s.must(s.orders.SetWork(t.Context(), dana, number, workorder.Any, []workorder.Line{{Description: "Door contact", Quantity: 250}}))
	if s.get(number).Version != version {
		t.Error("the same lines again are a change")
	}
	s.must(s.orders.SetWork(t.Context(), dana, number, workorder.Any, []workorder.Line{smoke, hours}))
	if got := one[string](s, `SELECT group_concat(kind || ' ' || description || ' ' || quantity || ' ' || unit_price_cents || ' ' || taxable, '; ') FROM work_order_lines`); got != "part Smoke detector 2000 4550 1; labour Labour 1500 9500 0" {
		t.Error(got)
	}
	s.must(s.orders.Complete(t.Context(), dana, number, workorder.Any))
	s.has(s.refused(s.orders.SetWork(t.Context(), dana, number, workorder.Any, nil), fault.Conflict, ""), "Ask the office")
	s.must(s.orders.SetWork(t.Context(), dispatcher, number, workorder.Any, []workorder.Line{smoke}))
	cancelled := s.in(workorder.Cancelled)
	s.refused(s.orders.SetWork(t.Context(), dispatcher, cancelled, workorder.Any, []workorder.Line{smoke}), fault.Conflict, "")
	s.whole()
}

// drawn is a name drawn by hand; dots is none.
const (
	drawn = `{"width":3400,"height":1360,"strokes":[[200,200,0,900,900,40,1700,300,90,2600,1000,150]]}`
	dots  = `{"width":3400,"height":1360,"strokes":[[200,200,0]]}`
)

// TestSignatures keeps who signed for what, and completes nothing that is
// neither signed nor said to have nobody to sign it.
func TestSignatures(t *testing.T) {
	for name, tt := range map[string]struct {
		sign  workorder.Signature
		field string // refused
		want  string // kept
		event string
	}{
		"name alone":          {workorder.Signature{Name: "  Ann   Lee "}, "", "Ann Lee||2 x Smoke detector", "Ann Lee"},
		"a name turned round": {workorder.Signature{Name: "\u202eAnn\u200b Lee\x1b"}, "", "Ann Lee||2 x Smoke detector", "Ann Lee"},
		"not seen":            {workorder.Signature{Name: "\u202e\u2066"}, "name", "", ""},
		"name and drawing":    {workorder.Signature{Name: "Ann Lee", Strokes: drawn}, "", "Ann Lee|drawn|2 x Smoke detector", "Ann Lee"},
		"as it was shown":     {workorder.Signature{Name: "Ann Lee", Shown: "2 x Smoke detector\r\n1 x Battery"}, "", "Ann Lee||2 x Smoke detector\n1 x Battery", "Ann Lee, for parts and labour that are not those entered"},
		"nothing was shown":   {workorder.Signature{Name: "Ann Lee", ShownNothing: true}, "", "Ann Lee||", "Ann Lee, for parts and labour that are not those entered"},
		"a dot":               {workorder.Signature{Name: "Ann Lee", Strokes: dots}, "", "Ann Lee||2 x Smoke detector", "Ann Lee"},
		"no one":              {workorder.Signature{NoOne: true, Name: "left over", Strokes: drawn}, "", "", ""},
		"nothing":             {workorder.Signature{}, "name", "", ""},
		"a drawing alone":     {workorder.Signature{Strokes: drawn}, "name", "", ""},
		"a long name":         {workorder.Signature{Name: strings.Repeat("x", 101)}, "name", "", ""},
		"no drawing":          {workorder.Signature{Name: "Ann Lee", Strokes: `{"width":1}`}, "", "Ann Lee||2 x Smoke detector", "Ann Lee"},
		"a broken drawing":    {workorder.Signature{Name: "Ann Lee", Strokes: `{"width`}, "strokes", "", ""},
		"5 MB of strokes":     {workorder.Signature{Name: "Ann Lee", Strokes: strings.Repeat("x", 5<<20)}, "strokes", "", ""},
		"too much was shown":  {workorder.Signature{Name: "Ann Lee", Shown: strings.Repeat("x", 20_001)}, "", "-", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			number := s.in(workorder.Arrived)
			s.must(s.orders.SetWork(t.Context(), dana, number, workorder.Any, []workorder.Line{smoke}))
			err := s.tap(number, workorder.Finish, func(t *workorder.Tap) { t.Signature = tt.sign })
			if tt.field != "" || tt.want == "-" {
				s.refused(err, fault.Invalid, tt.field)
				if state, n := s.get(number).State, one[int](s, `SELECT count(*) FROM work_order_signatures`); state != "arrived" || n != 0 {
					t.Errorf("it is %s, with %d signatures", state, n)
				}
				return
			}
			s.must(err)
			got := one[string](s, `SELECT coalesce((SELECT name || '|' || CASE WHEN strokes <> '' THEN 'drawn' ELSE '' END || '|' || work FROM work_order_signatures), '')`)
			event := one[string](s, `SELECT coalesce((SELECT details FROM work_order_events WHERE kind = 'signed'), '')`)
			if got != tt.want || event != tt.event || s.get(number).State != "completed" {
				t.Errorf("kept %q, told %q, %s", got, event, s.get(number).State)
			}
			if n := one[int](s, `SELECT count(*) FROM audit WHERE action = 'workorder.unsigned'`); (n == 1) != tt.sign.NoOne {
				t.Errorf("the trail says %d times that there was no one", n)
			}
			s.whole()
		})
	}
}

// TestSignedAgain completes a work order a second time, after Undo and after the
// office opened it again: each signature stays.
func TestSignedAgain(t *testing.T) {
	s := newShop(t)
	number := s.in(workorder.Arrived)
	finish := func(name string) {
		t.Helper()
		s.must(s.tap(number, workorder.Finish, func(t *workorder.Tap) { t.Signature.Name = name }))
	}
	finish("Ann")
	s.must(s.tap(number, workorder.UndoStep))
	finish("Ann Lee")
	s.must(s.orders.Reopen(t.Context(), dispatcher, number, workorder.Any))
	s.must(s.tap(number, workorder.ComeIn))
	finish("Bob Lee")
	if got := one[string](s, `SELECT group_concat(name) FROM work_order_signatures`); got != "Ann,Ann Lee,Bob Lee" {
		t.Error(got)
	}
	s.whole()
}

// TestTapsTakeNothingHalf refuses a tap at each of the statements it needs: it is
// done with its key, or nothing of it is.
func TestTapsTakeNothingHalf(t *testing.T) {
	s := newShop(t)
	for _, table := range []string{"work_order_events", "work_order_signatures", "work_order_taps", "audit", "outbox"} {
		number := s.in(workorder.Arrived)
		before := s.state()
		s.exec(`CREATE TRIGGER broken BEFORE INSERT ON ` + table + ` BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END`)
		key := s.key()
		finish := workorder.Tap{Key: key, Number: number, Action: workorder.Finish, Signature: workorder.Signature{Name: "Ann"}}
		if err := s.orders.Tap(t.Context(), dana, finish); err == nil || fault.KindOf(err) != fault.Internal {
			t.Errorf("without %s: %v", table, err)
		}
		if after := s.state(); after != before {
			t.Errorf("without %s: %s, before %s", table, after, before)
		}
		s.exec(`DROP TRIGGER broken`)
		s.must(s.orders.Tap(t.Context(), dana, finish)) // the phone tries again
	}
	s.whole()
}

// state sums up what a tap may change.
func (s *shop) state() string {
	s.Helper()
	return one[string](s, `SELECT (SELECT group_concat(number || state || version) FROM work_orders) || (SELECT count(*) FROM work_order_events) || ' ' ||
		(SELECT count(*) FROM work_order_signatures) || ' ' || (SELECT count(*) FROM work_order_taps) || ' ' || (SELECT count(*) FROM outbox)`)
}

// TestANoteCarriesWhenItWasWritten takes the time as that of a step is taken, and
// tells both times where the note was long on its way.
func TestANoteCarriesWhenItWasWritten(t *testing.T) {
	s := newShop(t)
	number := s.in(workorder.Scheduled) // at noon in New York
	noon := calendar.InstantOf(s.clock.Now())
	s.clock.Advance(3 * time.Hour)
	zone, err := time.LoadLocation("America/New_York")
	s.must(err)
	for _, c := range []struct {
		ago  time.Duration
		want calendar.Instant
		says string
	}{
		{0, noon.Add(3 * time.Hour), "Nov 16, 2026, 3:00 PM"},
		{4 * time.Minute, noon.Add(176 * time.Minute), "Nov 16, 2026, 2:56 PM"},
		{2 * time.Hour, noon.Add(time.Hour), "written Nov 16, 2026, 1:00 PM, arrived 3:00 PM"},
		{50 * time.Hour, noon, "written Nov 16, 2026, 12:00 PM, arrived 3:00 PM"}, // a phone that thinks so
		{-time.Hour, noon.Add(3 * time.Hour), "Nov 16, 2026, 3:00 PM"},
	} {
		s.must(s.tap(number, workorder.WriteNote, func(t *workorder.Tap) { t.Ago, t.Text = c.ago, "Battery is low" }))
		written := one[calendar.Instant](s, `SELECT written_at FROM work_order_notes ORDER BY id DESC LIMIT 1`)
		arrived := one[calendar.Instant](s, `SELECT at FROM work_order_notes ORDER BY id DESC LIMIT 1`)
		if got := workorder.NoteTime(written, arrived, zone); written != c.want || got != c.says {
			t.Errorf("%s ago: %q, %s after noon; want %q", c.ago, got, written.Sub(noon), c.says)
		}
		mail := one[string](s, `SELECT text_body FROM outbox ORDER BY id DESC LIMIT 1`)
		if late := strings.Contains(mail, "Written: Nov 16, 2026, 1"); late != strings.HasPrefix(c.says, "written") {
			t.Errorf("%s ago: the mail says\n%s", c.ago, mail)
		}
	}
	// over night both days are named
	if got, want := workorder.NoteTime(noon, noon.Add(20*time.Hour), zone), "written Nov 16, 2026, 12:00 PM, arrived Nov 17, 2026, 8:00 AM"; got != want {
		t.Errorf("%q; want %q", got, want)
	}
	s.must(s.orders.AddNote(t.Context(), dispatcher, workorder.Note{Number: number, Text: "Call first", Nonce: "n"}))
	if n := one[int](s, `SELECT count(*) FROM work_order_notes WHERE written_at = 0 AND note = 'Call first'`); n != 1 {
		t.Error("a note from the office has a second time")
	}
	s.whole()
}
