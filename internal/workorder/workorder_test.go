package workorder_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/workorder"
)

// TestMoves tries to bring a work order from every state into every state: what
// the table allows happens with one event and one more version, all else is
// refused and leaves nothing behind.
func TestMoves(t *testing.T) {
	moves := map[workorder.State]func(s *shop, number string) error{
		workorder.Requested: func(s *shop, number string) error {
			if !workorder.State(s.get(number).State).Open() {
				// its appointment is over
				s.clock.Advance(72 * time.Hour)
				return s.orders.Reopen(s.Context(), dispatcher, number, workorder.Any)
			}
			return s.orders.Unschedule(s.Context(), dispatcher, number, workorder.Any)
		},
		workorder.Scheduled: func(s *shop, number string) error {
			if !workorder.State(s.get(number).State).Open() {
				s.exec(`UPDATE work_orders SET window_date = '2026-11-18', window_from = 480, window_until = 600 WHERE number = ?`, number)
				return s.orders.Reopen(s.Context(), dispatcher, number, workorder.Any)
			}
			return s.orders.Schedule(s.Context(), dispatcher, number, workorder.Any,
				workorder.Appointment{TechnicianID: 2, Window: workorder.Window{Date: "2026-11-18", From: 480, Until: 600}})
		},
		workorder.Dispatched: func(s *shop, number string) error {
			return s.orders.Dispatch(s.Context(), dispatcher, number, workorder.Any)
		},
		workorder.Arrived: func(s *shop, number string) error {
			return s.orders.Arrive(s.Context(), dispatcher, number, workorder.Any)
		},
		workorder.Completed: func(s *shop, number string) error {
			return s.orders.Complete(s.Context(), dispatcher, number, workorder.Any)
		},
		workorder.Cancelled: func(s *shop, number string) error {
			return s.orders.Cancel(s.Context(), dispatcher, number, workorder.Any, "Not needed")
		},
	}
	allowed := map[workorder.State]string{
		workorder.Requested:  "scheduled cancelled",
		workorder.Scheduled:  "requested scheduled dispatched arrived cancelled",
		workorder.Dispatched: "requested scheduled arrived cancelled",
		workorder.Arrived:    "scheduled completed cancelled",
		workorder.Completed:  "requested scheduled",
		workorder.Cancelled:  "requested scheduled",
	}
	for _, from := range workorder.States {
		for _, to := range workorder.States {
			t.Run(string(from)+" to "+string(to), func(t *testing.T) {
				may := slices.Contains(strings.Fields(allowed[from]), string(to))
				if from.May(to) != may {
					t.Errorf("May says %v", !may)
				}
				s := newShop(t)
				number := s.in(from)
				before := s.get(number)
				err := moves[to](s, number)
				after := s.get(number)
				tap := to == workorder.Dispatched || to == workorder.Arrived || to == workorder.Completed
				switch {
				case may && (err != nil || after.State != string(to) || after.Version != before.Version+1):
					t.Errorf("got %v; it is %s, version %d after %d", err, after.State, after.Version, before.Version)
				case !may && from == to && tap:
					if err != nil || after.Version != before.Version {
						t.Errorf("the same tap again: %v, version %d after %d", err, after.Version, before.Version)
					}
				case !may:
					s.refused(err, fault.Conflict, "")
					if after.Version != before.Version || after.State != before.State {
						t.Errorf("a refused move changed it: %+v", after)
					}
				}
				s.whole()
			})
		}
	}
}

// TestTimesOfStates keeps the time of each state, none of one that was skipped,
// and takes away those that are no longer so.
func TestTimesOfStates(t *testing.T) {
	s := newShop(t)
	number := s.in(workorder.Scheduled)
	s.clock.Advance(time.Hour)
	s.must(s.orders.Arrive(t.Context(), dana, number, workorder.Any))
	o := s.get(number)
	if o.DispatchedAt != 0 || o.ArrivedAt != s.clock2() || o.ScheduledAt == 0 {
		t.Errorf("skipped: %+v", o)
	}
	s.clock.Advance(time.Hour)
	s.must(s.orders.Complete(t.Context(), dana, number, workorder.Any))
	s.clock.Advance(48 * time.Hour)
	s.must(s.orders.Reopen(t.Context(), dispatcher, number, workorder.Any))
	o = s.get(number)
	if o.State != "requested" || o.ScheduledAt != 0 || o.ArrivedAt != 0 || o.CompletedAt != 0 || o.WindowDate != "" || o.RequestedAt == 0 {
		t.Errorf("reopened: %+v", o)
	}
	s.whole()
}

// TestCreate mails everything to the dealer, confirms to the customer, and makes
// one work order of a form that is sent twice.
func TestCreate(t *testing.T) {
	s := newShop(t)
	n := workorder.NewOrder{
		CustomerID: 1, SiteID: 1, SystemID: 1, Source: workorder.Portal, Note: "  The keypad beeps.\r\nBack door <b>too</b>. ", Nonce: "n1",
		Preferred: workorder.Preferred{Times: []workorder.Time{{Date: "2026-11-20", Part: workorder.Morning}, {}, {Date: "2026-11-21", Part: workorder.AnyTime}}, Words: "ring  twice"},
	}
	number, err := s.orders.Create(t.Context(), ann, n)
	s.must(err)
	if !strings.HasPrefix(number, "W-") || len(number) != 8 || strings.ContainsAny(number[2:], "ILOU") {
		t.Errorf("number %q", number)
	}
	again, err := s.orders.Create(t.Context(), ann, n)
	if err != nil || again != number || one[int](s, `SELECT count(*) FROM work_orders`) != 1 || one[int](s, `SELECT count(*) FROM outbox`) != 3 {
		t.Errorf("again: %s, %v, %d mails", again, err, one[int](s, `SELECT count(*) FROM outbox`))
	}
	// the same form in another's name
	n2 := n
	n2.CustomerID, n2.SiteID, n2.SystemID = 2, 2, 2
	if _, err := s.orders.Create(t.Context(), audit.Actor{Kind: audit.Customer}, n2); !fault.Is(err, fault.NotFound) {
		t.Errorf("another's form: %v", err)
	}
	o := s.get(number)
	if o.Title != "The keypad beeps. Back door <b>too</b>." || o.Preferred != "Fri, Nov 20, 2026, morning\nSat, Nov 21, 2026, any time\nring twice" || o.Version != 1 {
		t.Errorf("%+v", o)
	}
	text := one[string](s, `SELECT text_body FROM outbox WHERE to_email = 'service@dealer.example'`)
	s.has(text, number, "Ann Lee", "C1", "(518) 555-0142", "Shop", "1 Main St, Troy, NY 12180", "Burglary", "DSC Neo", "40-1234", "The keypad beeps.", "Back door <b>too</b>.",
		"Fri, Nov 20, 2026, morning", "ring twice", "https://portal.example.com/office/workorders/"+number)
	if reply := one[string](s, `SELECT reply_to FROM outbox WHERE to_email = 'service@dealer.example'`); reply != "ann@example.com" {
		t.Errorf("the dealer's answer goes to %q", reply)
	}
	if html := one[string](s, `SELECT html_body FROM outbox WHERE to_email = 'service@dealer.example'`); strings.Contains(html, "<b>too") {
		t.Error("the mail holds the customer's markup")
	}
	for _, to := range []string{"c1@example.com", "ann@example.com"} {
		s.has(one[string](s, `SELECT text_body FROM outbox WHERE to_email = ?`, to), "We have your work order "+number, "Shop", "/workorders/"+number)
	}
	if one[int](s, `SELECT count(*) FROM audit WHERE action = 'workorder.create' AND customer_id = 1`) != 1 {
		t.Error("no line in the audit")
	}
	s.whole()
}

func TestCreateRefuses(t *testing.T) {
	s := newShop(t)
	good := workorder.NewOrder{CustomerID: 1, SiteID: 1, SystemID: 1, Source: workorder.Portal, Note: "x", Nonce: "n"}
	for name, c := range map[string]struct {
		change func(n *workorder.NewOrder)
		kind   fault.Kind
		field  string
	}{
		"no site":               {func(n *workorder.NewOrder) { n.SiteID, n.SystemID = 0, 0 }, fault.Invalid, "site"},
		"another's site":        {func(n *workorder.NewOrder) { n.SiteID = 2 }, fault.NotFound, ""},
		"another's system":      {func(n *workorder.NewOrder) { n.SystemID = 2 }, fault.NotFound, ""},
		"another site's system": {func(n *workorder.NewOrder) { n.SiteID = 11 }, fault.NotFound, ""},
		"no note":               {func(n *workorder.NewOrder) { n.Note = " \r\n\t" }, fault.Invalid, "note"},
		"a long note":           {func(n *workorder.NewOrder) { n.Note = strings.Repeat("é", 4001) }, fault.Invalid, "note"},
		"a day that is over": {func(n *workorder.NewOrder) {
			n.Preferred.Times = []workorder.Time{{Date: "2026-11-15", Part: workorder.AnyTime}}
		}, fault.Invalid, "day1"},
		"no day": {func(n *workorder.NewOrder) {
			n.Preferred.Times = []workorder.Time{{}, {Date: "2026-13-01", Part: workorder.AnyTime}}
		}, fault.Invalid, "day2"},
		"far away": {func(n *workorder.NewOrder) {
			n.Preferred.Times = []workorder.Time{{Date: "2027-11-18", Part: workorder.AnyTime}}
		}, fault.Invalid, "day1"},
		"no part of a day": {func(n *workorder.NewOrder) { n.Preferred.Times = []workorder.Time{{Date: "2026-11-18", Part: "night"}} }, fault.Invalid, "day1"},
		"many times":       {func(n *workorder.NewOrder) { n.Preferred.Times = make([]workorder.Time, 4) }, fault.Invalid, "times"},
		"many words":       {func(n *workorder.NewOrder) { n.Preferred.Words = strings.Repeat("x", 301) }, fault.Invalid, "times"},
	} {
		n := good
		c.change(&n)
		_, err := s.orders.Create(t.Context(), ann, n)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != c.kind || f.Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if one[int](s, `SELECT count(*) FROM work_orders`)+one[int](s, `SELECT count(*) FROM outbox`) != 0 {
		t.Error("a refused form left something behind")
	}
	n := good
	n.SiteID, n.SystemID = 11, 0
	if _, err := s.orders.Create(t.Context(), ann, n); err != nil {
		t.Errorf("a site without systems: %v", err)
	}
}

// TestTheSlowerOneIsTold saves nothing of who did not see the last change.
func TestTheSlowerOneIsTold(t *testing.T) {
	s := newShop(t)
	number := s.requested()
	seen := s.get(number).Version
	s.must(s.orders.Schedule(t.Context(), dispatcher, number, seen, workorder.Appointment{TechnicianID: 2, Window: window}))
	err := s.orders.Schedule(t.Context(), dispatcher, number, seen, workorder.Appointment{TechnicianID: 3, Window: window})
	s.has(s.refused(err, fault.Conflict, ""), "Pat Desk", "made the appointment", "Tue, Nov 17, 2026, 8:00 AM to 10:00 AM", "Dana R.")
	if o := s.get(number); o.TechnicianID.Int64 != 2 {
		t.Errorf("%+v", o)
	}
	err = s.orders.Cancel(t.Context(), dispatcher, number, seen, "Not needed")
	s.refused(err, fault.Conflict, "")
	s.whole()
}

func TestSchedule(t *testing.T) {
	s := newShop(t)
	number := s.requested()
	ctx := t.Context()
	for name, c := range map[string]struct {
		a     workorder.Appointment
		field string
	}{
		"no day":         {workorder.Appointment{Window: workorder.Window{From: 480, Until: 600}}, "date"},
		"a wrong day":    {workorder.Appointment{Window: workorder.Window{Date: "2026-02-30", From: 480, Until: 600}}, "date"},
		"backwards":      {workorder.Appointment{Window: workorder.Window{Date: "2026-11-20", From: 600, Until: 600}}, "until"},
		"past midnight":  {workorder.Appointment{Window: workorder.Window{Date: "2026-11-20", From: 600, Until: 1441}}, "until"},
		"nobody of ours": {workorder.Appointment{TechnicianID: 99, Window: window}, "technician"},
	} {
		if err := s.orders.Schedule(ctx, dispatcher, number, workorder.Any, c.a); err == nil {
			t.Errorf("%s passed", name)
		} else {
			s.refused(err, fault.Invalid, c.field)
		}
	}
	before := len(s.mails())
	// a technician without an appointment is none
	s.must(s.orders.Schedule(ctx, dispatcher, number, workorder.Any, workorder.Appointment{TechnicianID: 2}))
	if o := s.get(number); o.State != "requested" || o.TechnicianID.Int64 != 2 || len(s.mails()) != before {
		t.Errorf("%+v", o)
	}
	s.must(s.orders.Schedule(ctx, dispatcher, number, workorder.Any, workorder.Appointment{Window: window}))
	if o := s.get(number); o.State != "scheduled" || o.TechnicianID.Valid {
		t.Errorf("%+v", o)
	}
	// the same again, and another technician, are no news for the customer
	s.must(s.orders.Schedule(ctx, dispatcher, number, workorder.Any, workorder.Appointment{Window: window}))
	s.must(s.orders.Schedule(ctx, dispatcher, number, workorder.Any, workorder.Appointment{TechnicianID: 3, Window: window}))
	s.must(s.orders.Schedule(ctx, dispatcher, number, workorder.Any, workorder.Appointment{TechnicianID: 2, Window: window}))
	// the history names people, not the numbers of their rows
	if n := one[int](s, `SELECT count(*) FROM audit WHERE before_json LIKE '%"Eve Stone"%' AND after_json LIKE '%"Dana Rivera"%'`); n != 1 {
		t.Errorf("%d entries say who went before and who goes now", n)
	}
	moved := window
	moved.From = 540
	s.must(s.orders.Schedule(ctx, dispatcher, number, workorder.Any, workorder.Appointment{TechnicianID: 3, Window: moved}))
	mails := s.mails()[before:]
	want := []string{
		"c1@example.com: Acme Alarm: your appointment on Tue, Nov 17, 2026, 8:00 AM to 10:00 AM",
		"ann@example.com: Acme Alarm: your appointment on Tue, Nov 17, 2026, 8:00 AM to 10:00 AM",
		"c1@example.com: Acme Alarm: your appointment has moved to Tue, Nov 17, 2026, 9:00 AM to 10:00 AM",
		"ann@example.com: Acme Alarm: your appointment has moved to Tue, Nov 17, 2026, 9:00 AM to 10:00 AM",
	}
	if !slices.Equal(mails, want) {
		t.Errorf("mails %q", mails)
	}
	ics := one[string](s, `SELECT CAST(d.body AS TEXT) FROM outbox o JOIN outbox_attachments a ON a.outbox_id = o.id JOIN documents d ON d.id = a.document_id ORDER BY o.id DESC`)
	s.has(ics, "DTSTART:20261117T140000Z\r\n", "DTEND:20261117T150000Z\r\n", "UID:"+number+"@portal.example.com\r\n")
	s.whole()
}

// TestDealerSwitchesMailsOff leaves out the mails that the dealer does not want.
func TestDealerSwitchesMailsOff(t *testing.T) {
	s := newShop(t)
	s.set("workorders.mail_scheduled", "no", "workorders.mail_dispatched", "no", "workorders.mail_completed", "no")
	number := s.requested()
	before := len(s.mails())
	s.must(s.orders.Schedule(t.Context(), dispatcher, number, workorder.Any, workorder.Appointment{TechnicianID: 2, Window: window}))
	s.must(s.orders.Dispatch(t.Context(), dana, number, workorder.Any))
	s.must(s.orders.Arrive(t.Context(), dana, number, workorder.Any))
	s.must(s.orders.Complete(t.Context(), dana, number, workorder.Any))
	if mails := s.mails()[before:]; len(mails) != 0 {
		t.Errorf("mails %q", mails)
	}
}

// TestUndo takes a tap back with its mail, within a minute, by whose it was.
func TestUndo(t *testing.T) {
	for _, c := range []struct{ from, back workorder.State }{
		{workorder.Dispatched, workorder.Scheduled}, {workorder.Arrived, workorder.Dispatched}, {workorder.Completed, workorder.Arrived},
	} {
		t.Run(string(c.from), func(t *testing.T) {
			s := newShop(t)
			number := s.in(c.from)
			o := s.get(number)
			s.refused(s.orders.Undo(t.Context(), dispatcher, number, workorder.Any), fault.Conflict, "")
			if err := s.orders.Undo(t.Context(), eve, number, workorder.Any); !fault.Is(err, fault.NotFound) {
				t.Errorf("another technician: %v", err)
			}
			waiting := `SELECT count(*) FROM outbox WHERE (subject LIKE '%on the way' OR subject LIKE '%is completed')`
			mails := one[int](s, waiting)
			if due := one[int](s, waiting+` AND next_try_at < ?`, int64(s.clock2().Add(workorder.UndoWithin))); due != 0 && c.from != workorder.Arrived {
				t.Errorf("%d mails do not wait for an undo", due)
			}
			s.clock.Advance(workorder.UndoWithin - time.Millisecond)
			s.must(s.orders.Undo(t.Context(), dana, number, workorder.Any))
			after := s.get(number)
			if after.State != string(c.back) || after.Version != o.Version+1 {
				t.Errorf("%+v", after)
			}
			left := one[int](s, waiting)
			if c.from == workorder.Arrived && left != mails || c.from != workorder.Arrived && left != mails-2 {
				t.Errorf("%d of %d mails are left", left, mails)
			}
			// once is all
			s.refused(s.orders.Undo(t.Context(), dana, number, workorder.Any), fault.Conflict, "")
			s.whole()
		})
	}
	t.Run("too late", func(t *testing.T) {
		s := newShop(t)
		number := s.in(workorder.Completed)
		s.clock.Advance(workorder.UndoWithin) // its mail may be on its way
		s.has(s.refused(s.orders.Undo(t.Context(), dana, number, workorder.Any), fault.Conflict, ""), "more than a minute")
		if s.get(number).State != "completed" {
			t.Error("it was undone all the same")
		}
	})
	t.Run("done again", func(t *testing.T) {
		s := newShop(t)
		number := s.in(workorder.Dispatched)
		s.must(s.orders.Undo(t.Context(), dana, number, workorder.Any))
		s.must(s.orders.Dispatch(t.Context(), dana, number, workorder.Any))
		if n := one[int](s, `SELECT count(*) FROM outbox WHERE subject LIKE '%on the way'`); n != 2 {
			t.Errorf("%d mails", n)
		}
	})
}

// TestTechnicianHasHisOwn finds no work order of another technician.
func TestTechnicianHasHisOwn(t *testing.T) {
	s := newShop(t)
	number := s.in(workorder.Scheduled)
	for name, err := range map[string]error{
		"dispatch": s.orders.Dispatch(t.Context(), eve, number, workorder.Any),
		"arrive":   s.orders.Arrive(t.Context(), eve, number, workorder.Any),
		"note":     s.orders.AddNote(t.Context(), eve, workorder.Note{Number: number, Text: "x", Nonce: "n"}),
		"cancel":   s.orders.Cancel(t.Context(), eve, number, workorder.Any, "x"),
		"none":     s.orders.Dispatch(t.Context(), dana, "W-000000", workorder.Any),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNotes(t *testing.T) {
	s := newShop(t)
	number := s.in(workorder.Scheduled)
	ctx := t.Context()
	before := len(s.mails())
	s.must(s.orders.AddNote(ctx, ann, workorder.Note{Number: number, CustomerID: 1, Text: "The dog is friendly", Internal: true, Nonce: "a"}))
	s.must(s.orders.AddNote(ctx, ann, workorder.Note{Number: number, CustomerID: 1, Text: "The dog is friendly", Nonce: "a"}))
	s.must(s.orders.AddNote(ctx, dispatcher, workorder.Note{Number: number, Text: "Bring the long ladder", Internal: true, Nonce: "b"}))
	s.must(s.orders.AddNote(ctx, dispatcher, workorder.Note{Number: number, Text: "We call before we come", Nonce: "c"}))
	want := []string{
		"service@dealer.example: Note on work order " + number + ": Ann Lee (C1)",
		"c1@example.com: Acme Alarm: a note on work order " + number,
		"ann@example.com: Acme Alarm: a note on work order " + number,
	}
	if mails := s.mails()[before:]; !slices.Equal(mails, want) {
		t.Errorf("mails %q", mails)
	}
	if n := one[int](s, `SELECT count(*) FROM work_order_notes WHERE internal = 1`); n != 1 {
		t.Errorf("%d internal notes", n)
	}
	s.refused(s.orders.AddNote(ctx, ann, workorder.Note{Number: number, CustomerID: 1, Text: " ", Nonce: "d"}), fault.Invalid, "note")
	if err := s.orders.AddNote(ctx, ann, workorder.Note{Number: number, CustomerID: 2, Text: "x", Nonce: "e"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("another customer's: %v", err)
	}
	s.must(s.orders.Cancel(ctx, dispatcher, number, workorder.Any, "Not needed"))
	s.refused(s.orders.AddNote(ctx, ann, workorder.Note{Number: number, CustomerID: 1, Text: "x", Nonce: "f"}), fault.Conflict, "")
	s.must(s.orders.AddNote(ctx, dispatcher, workorder.Note{Number: number, Text: "Called", Internal: true, Nonce: "g"}))
	s.whole()
}

func TestCancelNeedsItsReason(t *testing.T) {
	s := newShop(t)
	number := s.requested()
	s.refused(s.orders.Cancel(t.Context(), dispatcher, number, workorder.Any, "  "), fault.Invalid, "reason")
	s.must(s.orders.Cancel(t.Context(), dispatcher, number, workorder.Any, "You asked us to"))
	s.has(one[string](s, `SELECT text_body FROM outbox WHERE subject LIKE '%cancelled' AND to_email = 'ann@example.com'`), "You asked us to")
}

// TestFollow tells who follows of changes, once of many, and not who has stopped.
func TestFollow(t *testing.T) {
	s := newShop(t)
	number, other := s.requested(), s.requested()
	one, stopOne := s.orders.Follow(number)
	mine, stopMine := s.orders.FollowCustomer(1)
	all, stopAll := s.orders.FollowAll()
	others, stopOthers := s.orders.FollowCustomer(2)
	defer stopMine()
	defer stopAll()
	defer stopOthers()
	told := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	s.must(s.orders.AddNote(t.Context(), ann, workorder.Note{Number: other, Text: "x", Nonce: "a"}))
	if told(one) || !told(mine) || !told(all) || told(others) {
		t.Error("a change of another work order")
	}
	for range 3 {
		s.must(s.orders.AddNote(t.Context(), ann, workorder.Note{Number: number, Text: "x", Nonce: s.nonce()}))
	}
	if !told(one) || told(one) {
		t.Error("three changes are not told once")
	}
	// what was refused is no news
	_ = s.orders.Dispatch(t.Context(), dispatcher, number, workorder.Any)
	stopOne()
	stopOne()
	s.must(s.orders.AddNote(t.Context(), ann, workorder.Note{Number: number, Text: "x", Nonce: s.nonce()}))
	if told(one) {
		t.Error("told after stopping")
	}
}

// TestManyAtOnce lets the same form and the same tap come many times at once.
func TestManyAtOnce(t *testing.T) {
	s := newShop(t)
	n := workorder.NewOrder{CustomerID: 1, SiteID: 1, SystemID: 1, Source: workorder.Portal, Note: "x", Nonce: "same"}
	numbers := make([]string, 8)
	var group sync.WaitGroup
	for i := range numbers {
		group.Go(func() {
			var err error
			if numbers[i], err = s.orders.Create(t.Context(), ann, n); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(slices.Compact(numbers)) != 1 {
		t.Errorf("numbers %v", numbers)
	}
	s.must(s.orders.Schedule(t.Context(), dispatcher, numbers[0], workorder.Any, workorder.Appointment{TechnicianID: 2, Window: window}))
	before := s.get(numbers[0]).Version
	for range 8 {
		group.Go(func() {
			if err := s.orders.Dispatch(t.Context(), dana, numbers[0], workorder.Any); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if v := s.get(numbers[0]).Version; v != before+1 {
		t.Errorf("version %d after %d", v, before)
	}
	s.whole()
}

func TestShortName(t *testing.T) {
	for in, want := range map[string]string{"Dana Rivera": "Dana R.", "Dana": "Dana", "": "", " Ana  María  Óñate ": "Ana Ó."} {
		if got := workorder.ShortName(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestWindowInWords(t *testing.T) {
	for _, c := range []struct {
		w    workorder.Window
		want string
	}{
		{workorder.Window{}, ""},
		{workorder.Window{Date: "2026-11-17", From: 0, Until: 720}, "Tue, Nov 17, 2026, 12:00 AM to 12:00 PM"},
		{workorder.Window{Date: "2026-11-17", From: 805, Until: 1440}, "Tue, Nov 17, 2026, 1:25 PM to midnight"},
	} {
		if got := c.w.String(); got != c.want {
			t.Errorf("%q", got)
		}
	}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	// the night when clocks go forward has no half past two
	w := workorder.Window{Date: calendar.Date("2026-03-08"), From: 150, Until: 240}
	if got := w.Begin(zone).UTC().Format(time.RFC3339); got != "2026-03-08T07:30:00Z" {
		t.Errorf("begins %s", got)
	}
}

// TestMailThatIsOvertaken does not go out: nobody is told that the technician is
// on the way who has been there, as when a phone sends a whole day at once.
func TestMailThatIsOvertaken(t *testing.T) {
	waits := func(s *shop, like string) int {
		return one[int](s, `SELECT count(*) FROM outbox WHERE state = 'waiting' AND subject LIKE ?`, like)
	}
	t.Run("a day at once", func(t *testing.T) {
		s := newShop(t)
		s.in(workorder.Completed)
		if way, done := waits(s, "%on the way"), waits(s, "%is completed"); way != 0 || done != 2 {
			t.Errorf("%d on the way, %d completed", way, done)
		}
	})
	for name, change := range map[string]func(s *shop, number string) error{
		"cancelled":   func(s *shop, n string) error { return s.orders.Cancel(s.Context(), dispatcher, n, workorder.Any, "x") },
		"unscheduled": func(s *shop, n string) error { return s.orders.Unschedule(s.Context(), dispatcher, n, workorder.Any) },
		"somebody else": func(s *shop, n string) error {
			return s.orders.Schedule(s.Context(), dispatcher, n, workorder.Any, workorder.Appointment{TechnicianID: 3, Window: window})
		},
		"taken back": func(s *shop, n string) error { return s.orders.Undo(s.Context(), dana, n, workorder.Any) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			number := s.in(workorder.Dispatched)
			sent := waits(s, "%we have your work order%")
			s.must(change(s, number))
			if way, kept := waits(s, "%on the way"), waits(s, "%we have your work order%"); way != 0 || kept != sent {
				t.Errorf("%d on the way; %d of %d others", way, kept, sent)
			}
			s.whole()
		})
	}
	t.Run("opened again", func(t *testing.T) {
		s := newShop(t)
		number := s.in(workorder.Completed)
		s.must(s.orders.Reopen(t.Context(), dispatcher, number, workorder.Any))
		if done, appointments := waits(s, "%is completed"), waits(s, "%your appointment on%"); done != 0 || appointments != 4 {
			t.Errorf("%d completed, %d appointments", done, appointments)
		}
	})
}

// TestWhoLeftIsNotMailed: who asked and has no log-in for the customer any more
// learns nothing further of the work order.
func TestWhoLeftIsNotMailed(t *testing.T) {
	for _, left := range []string{`DELETE FROM customer_users`, `UPDATE users SET locked_at = 1`} {
		s := newShop(t)
		number := s.requested()
		s.exec(left)
		s.exec(`DELETE FROM outbox`)
		s.must(s.orders.Schedule(t.Context(), dispatcher, number, workorder.Any, workorder.Appointment{TechnicianID: 2, Window: window}))
		if got := s.mails(); len(got) != 1 || !strings.HasPrefix(got[0], "c1@example.com: ") {
			t.Errorf("%s: %q", left, got)
		}
	}
}

// TestAppointmentThatIsOff is told to the customer and to his calendar.
func TestAppointmentThatIsOff(t *testing.T) {
	for _, cancel := range []bool{false, true} {
		s := newShop(t)
		number := s.in(workorder.Scheduled)
		if cancel {
			s.must(s.orders.Cancel(t.Context(), dispatcher, number, workorder.Any, "Doubled"))
		} else {
			s.must(s.orders.Unschedule(t.Context(), dispatcher, number, workorder.Any))
		}
		ics := one[string](s, `SELECT CAST(d.body AS TEXT) FROM outbox o JOIN outbox_attachments a ON a.outbox_id = o.id JOIN documents d ON d.id = a.document_id ORDER BY o.id DESC`)
		s.has(ics, "METHOD:CANCEL\r\n", "STATUS:CANCELLED\r\n", "SEQUENCE:3\r\n", "UID:"+number+"@portal.example.com\r\n", "DTSTART:20261117T130000Z\r\n")
		want := "c1@example.com: Acme Alarm: your appointment on Tue, Nov 17, 2026, 8:00 AM to 10:00 AM does not take place"
		if slices.Contains(s.mails(), want) == cancel {
			t.Errorf("cancelled %v: %q", cancel, s.mails())
		}
	}
	// without an appointment there is no calendar to tell
	s := newShop(t)
	s.must(s.orders.Cancel(t.Context(), dispatcher, s.requested(), workorder.Any, "Doubled"))
	if n := one[int](s, `SELECT count(*) FROM outbox_attachments`); n != 0 {
		t.Errorf("%d calendar files", n)
	}
}

func TestTitleEndsWithAWord(t *testing.T) {
	s := newShop(t)
	for note, want := range map[string]string{
		"short":                         "short",
		strings.Repeat("é", 100):        strings.Repeat("é", 79) + "…",
		strings.Repeat("12345678 ", 20): strings.TrimSpace(strings.Repeat("12345678 ", 8)) + "…",
	} {
		number, err := s.orders.Create(t.Context(), ann, workorder.NewOrder{CustomerID: 1, SiteID: 1, Source: workorder.Portal, Note: note, Nonce: s.nonce()})
		s.must(err)
		if got := s.get(number).Title; got != want {
			t.Errorf("%q", got)
		}
	}
}

// TestFloodIsStopped lets a customer send far more than anybody needs, and no
// more; the office is not kept from its work, and the next hour is a new one.
func TestFloodIsStopped(t *testing.T) {
	s := newShop(t)
	ctx := t.Context()
	n := workorder.NewOrder{CustomerID: 1, SiteID: 1, Source: workorder.Portal, Note: "x"}
	number := ""
	for range 20 {
		n.Nonce = s.nonce()
		var err error
		number, err = s.orders.Create(ctx, ann, n)
		s.must(err)
	}
	// the same form again is no further one
	if again, err := s.orders.Create(ctx, ann, n); err != nil || again != number {
		t.Errorf("the same form: %v", err)
	}
	n.Nonce = s.nonce()
	_, err := s.orders.Create(ctx, ann, n)
	s.refused(err, fault.TooMany, "")
	n.Source = workorder.Office
	if _, err := s.orders.Create(ctx, dispatcher, n); err != nil {
		t.Errorf("the office: %v", err)
	}
	s.clock.Advance(61 * time.Minute)
	// each work order came with a note
	for range 60 {
		s.must(s.orders.AddNote(ctx, ann, workorder.Note{Number: number, CustomerID: 1, Text: "x", Nonce: s.nonce()}))
	}
	s.refused(s.orders.AddNote(ctx, ann, workorder.Note{Number: number, CustomerID: 1, Text: "x", Nonce: s.nonce()}), fault.TooMany, "")
	s.must(s.orders.AddNote(ctx, dispatcher, workorder.Note{Number: number, Text: "x", Nonce: s.nonce()}))
	s.whole()
	s.clock.Advance(61 * time.Minute)
	photo := func() error {
		_, err := s.orders.AddPhotos(ctx, ann, workorder.Photos{Number: number, CustomerID: 1, Nonce: s.nonce(), Uploads: []workorder.Upload{{Name: "a.jpg", File: bytes.NewReader(asJPEG(t, corner(40, 30)))}}})
		return err
	}
	s.must(photo())
	s.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) INSERT INTO documents (kind, name, mime, sha256, body, made_at) SELECT 'attachment', 'many', 'image/jpeg', printf('%064d', i), x'00', 1 FROM n`)
	s.exec(`INSERT INTO work_order_photos (work_order_id, document_id, thumb_id, width, height, internal, nonce, user_id, at)
		SELECT (SELECT id FROM work_orders WHERE customer_id = 1 LIMIT 1), d.id, d.id + 1, 1, 1, 0, 'many ' || d.id, 1, ? FROM documents d WHERE d.name = 'many' AND d.id % 2 = (SELECT min(id) % 2 FROM documents WHERE name = 'many')`, s.clock.Now().UnixMilli())
	s.refused(photo(), fault.TooMany, "")
}
