package autopay_test

import (
	"slices"
	"strings"
	"testing"

	"customerportal/internal/audit"
	"customerportal/internal/autopay"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/payment"
)

func TestAHeldCustomerIsSkippedAndTheOfficeIsTold(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	c := b.customer("pm_card_visa", 1, 0)
	b.invoice(c, "2026-11-01", 4500)
	if err := b.auto.Hold(t.Context(), b.staff, c.id, "  "); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	if err := b.auto.Hold(t.Context(), b.staff, 999, "x"); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody: %v", err)
	}
	b.hold(c)
	if err := b.auto.Hold(t.Context(), b.staff, c.id, "again"); !fault.Is(err, fault.Conflict) {
		t.Errorf("twice: %v", err)
	}
	b.on("2026-11-01 06:00")
	b.expect("2026-11", "held", c)
	if text := b.letter("auto_pay_summary"); !strings.Contains(text, "On hold: moves house") || !strings.Contains(text, "1 customer on hold") {
		t.Errorf("the summary:\n%s", text)
	}
	months, err := b.auto.Months(t.Context(), c.id)
	b.ok(err)
	if len(months) != 1 || months[0].Words != "moves house" {
		t.Errorf("%+v", months)
	}
	// it can be taken after all, once the hold is released
	if err := b.auto.Take(t.Context(), b.staff, c.id, "2026-11"); !fault.Is(err, fault.Conflict) {
		t.Errorf("while on hold: %v", err)
	}
	b.ok(b.auto.Release(t.Context(), b.staff, c.id, "moved"))
	b.run()
	b.expect("2026-11", "held", c)
	b.ok(b.auto.Take(t.Context(), b.staff, c.id, "2026-11"))
	b.run()
	b.expect("2026-11", "paid", c)
	b.taken(c, 1, 4500)
	if err := b.auto.Take(t.Context(), b.staff, c.id, "2026-11"); !fault.Is(err, fault.Conflict) {
		t.Errorf("what is paid: %v", err)
	}
	holds, err := b.auto.Holds(t.Context(), c.id)
	b.ok(err)
	if len(holds) != 1 || holds[0].By != "Olga Office" || holds[0].ReleaseReason != "moved" {
		t.Errorf("%+v", holds)
	}
	b.agree()
}

// TestWhatIsDecidedBetweenPlanAndClaimWins stops the run between the two by a
// processor that cannot be reached.
func TestWhatIsDecidedBetweenPlanAndClaimWins(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	var six [6]*customer
	for i := range six {
		six[i] = b.customer("pm_card_visa", 1, 0)
	}
	onHold, off, replaced, paid, left, all := six[0], six[1], six[2], six[3], six[4], six[5]
	due := map[*customer]int64{}
	for _, c := range six {
		due[c] = b.invoice(c, "2026-11-01", 4500)
	}
	b.wire(b.db, &misconfigured{Adapter: b.sandbox, on: true})
	b.on("2026-11-01 06:00")
	b.wire(b.db, b.sandbox)
	b.hold(onHold)
	b.ok(b.pay.TurnOff(t.Context(), audit.Program, off.id))
	old := replaced.method
	b.method(replaced, "pm_card_mastercard")
	b.consent(replaced, 1, 0)
	b.check(paid, due[paid], 2000)
	b.leave(left)
	b.ok(b.auto.HoldAll(t.Context(), b.staff, "wait"))
	if err := b.auto.RunNow(t.Context(), b.staff); !fault.Is(err, fault.Conflict) {
		t.Errorf("while all are on hold: %v", err)
	}
	b.on("2026-11-02 07:00")
	if n := len(b.sandbox.Charges()); n != 0 {
		t.Errorf("%d charges while all are on hold", n)
	}
	b.ok(b.auto.ReleaseAll(t.Context(), b.staff, "go"))
	b.run()
	b.run()
	b.expect("2026-11", "held", onHold)
	b.expect("2026-11", "off", off)
	b.expect("2026-11", "paid", replaced, paid, all)
	b.taken(onHold, 0, 0)
	b.taken(off, 0, 0)
	b.taken(left, 0, 0)
	b.taken(replaced, 1, 4500)
	b.taken(paid, 1, 2500)
	b.taken(all, 1, 4500)
	if n := b.number(`SELECT count(*) FROM payments WHERE method_id = ? AND state = 'succeeded'`, old); n != 0 {
		t.Error("the replaced card was charged")
	}
	b.agree()
}

// TestAllOnHoldLosesNobodysMonth: what came due meanwhile is taken on release.
func TestAllOnHoldLosesNobodysMonth(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	c := b.customer("pm_card_visa", 1, 0)
	b.invoice(c, "2026-11-01", 4500)
	b.ok(b.auto.HoldAll(t.Context(), b.staff, "prices are wrong"))
	b.on("2026-11-01 06:00")
	b.expect("2026-11", "", c)
	b.at("2026-11-03 12:00")
	b.ok(b.auto.ReleaseAll(t.Context(), b.staff, "mended"))
	b.run()
	b.expect("2026-11", "paid", c)
}

func TestRunNowTakesTodaysAndNotTomorrows(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	today, tomorrow := b.customer("pm_card_visa", 1, 0), b.customer("pm_card_visa", 2, 0)
	b.invoice(today, "2026-11-01", 4500)
	b.invoice(tomorrow, "2026-11-01", 4500)
	b.on("2026-10-31 12:00")
	if err := b.auto.RunNow(t.Context(), b.staff); !fault.Is(err, fault.Conflict) {
		t.Errorf("the day before: %v", err)
	}
	b.at("2026-11-01 00:30")
	b.ok(b.auto.RunNow(t.Context(), b.staff))
	if err := b.auto.RunNow(t.Context(), b.staff); !fault.Is(err, fault.Conflict) {
		t.Errorf("twice: %v", err)
	}
	b.run()
	b.expect("2026-11", "paid", today)
	b.taken(tomorrow, 0, 0)
	runs, err := b.auto.Runs(t.Context(), 0, 5)
	b.ok(err)
	if len(runs) != 1 || runs[0].Kind != "hand" || runs[0].By != "Olga Office" || runs[0].Count.Taken != 1 {
		t.Errorf("%+v", runs)
	}
	b.on("2026-11-01 06:00")
	b.taken(today, 1, 4500)
	b.on("2026-11-02 06:00")
	b.taken(tomorrow, 1, 4500)
	b.agree()
}

func TestTheOfficeTriesAFailedOneAgain(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	c := b.customer("pm_card_visa_chargeDeclinedLostCard", 1, 0)
	b.invoice(c, "2026-11-01", 4500)
	b.on("2026-11-01 06:00")
	info, lines, err := b.auto.Result(t.Context(), b.number(`SELECT run_id FROM auto_pay_periods WHERE period = '2026-11'`))
	b.ok(err)
	if info.Count.Failed != 1 || len(lines) != 1 || !lines[0].CanRetry || lines[0].State != payment.Failed || lines[0].Retry != "" {
		t.Fatalf("%+v %+v", info, lines)
	}
	if err := b.auto.Take(t.Context(), b.staff, c.id, "2026-11"); !fault.Is(err, fault.Conflict) {
		t.Errorf("with the card that was refused for good: %v", err)
	}
	if err := b.auto.Take(t.Context(), b.staff, c.id, "2026-10"); !fault.Is(err, fault.NotFound) {
		t.Errorf("no such month: %v", err)
	}
	b.method(c, "pm_card_visa")
	b.consent(c, 1, 0)
	b.ok(b.auto.Take(t.Context(), b.staff, c.id, "2026-11"))
	b.run()
	b.expect("2026-11", "paid", c)
	taken, err := b.auto.Lines(t.Context(), info.ID+1, autopay.ShowTaken, 0, 10)
	b.ok(err)
	if len(taken) != 1 || taken[0].AttemptNumber != 2 {
		t.Errorf("%+v", taken)
	}
	b.agree()
}

// TestWhatIsTaken: the dealer's choice, within the customer's permission.
func TestWhatIsTaken(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	b.ok(b.settings.Set(t.Context(), audit.Program, map[string]string{"autopay.takes": "all", "autopay.credit_first": "no"}))
	narrow, wide := b.customer("pm_card_visa", 1, 0), b.customer("pm_card_visa", 1, 0)
	b.consentFor(wide, 1, payment.ConsentVersion+"-all")
	for _, c := range []*customer{narrow, wide} {
		b.invoice(c, "2026-11-01", 4500)
		b.invoice(c, "2026-11-20", 1000)
		b.credit(c, 300)
	}
	b.on("2026-11-01 06:00")
	b.taken(narrow, 1, 4500)
	b.taken(wide, 1, 5500)
	b.agree()
}

func TestTheNoticesAhead(t *testing.T) {
	b := open(t, newYork, "2026-04-10 12:00")
	same, other, capped, dormant, silent := b.customer("pm_usBankAccount", 1, 0), b.customer("pm_card_visa", 1, 0), b.customer("pm_card_visa", 1, 2000), b.customer("pm_card_visa", 1, 0), b.customer("pm_card_visa", 1, 0)
	for _, c := range []*customer{same, other, capped, dormant} {
		b.invoice(c, "2026-05-01", 4500)
	}
	b.on("2026-04-20 06:00")
	if got := b.mails("auto_pay_ahead"); len(got) != 0 {
		t.Errorf("eleven days ahead: %v", got)
	}
	b.on("2026-04-21 05:59")
	b.on("2026-04-21 06:00") // the first payment: everybody
	if got := b.mails("auto_pay_ahead"); len(got) != 4 {
		t.Errorf("ten days ahead: %v", got)
	}
	if text := b.letter("auto_pay_ahead"); !strings.Contains(text, "On May 1, 2026 your Auto Recurring will take") {
		t.Errorf("%s", text)
	}
	for _, at := range []string{"2026-04-21 12:00", "2026-04-25 06:00", "2026-05-01 06:00"} {
		b.on(at)
	}
	if got := b.mails("auto_pay_ahead"); len(got) != 4 {
		t.Errorf("again: %v", got)
	}
	b.at("2026-05-10 12:00")
	b.invoice(same, "2026-06-01", 4500)
	b.invoice(other, "2026-06-01", 4700)
	b.on("2026-05-22 06:00")
	if got := b.mails("auto_pay_ahead"); !slices.Equal(got[4:], []string{"auto_pay_ahead c1002@example.com"}) {
		t.Errorf("what differs, and the rest of a capped one: %v", got[4:])
	}
	if text := b.letter("auto_pay_ahead"); !strings.Contains(text, "$47.00") || !strings.Contains(text, "The time before it was $45.00") {
		t.Errorf("%s", text)
	}
	b.on("2026-06-01 06:00")
	b.on("2026-07-01 06:00")
	// more than six months after the last one: seven working days ahead
	b.at("2026-11-15 12:00")
	b.invoice(dormant, "2026-12-01", 4500)
	sent := len(b.mails("auto_pay_ahead"))
	b.on("2026-11-18 06:00")
	if got := b.mails("auto_pay_ahead")[sent:]; len(got) != 0 {
		t.Errorf("too early: %v", got)
	}
	b.on("2026-11-19 06:00") // Thanksgiving and two days of a weekend lie between
	if got := b.mails("auto_pay_ahead")[sent:]; !slices.Equal(got, []string{"auto_pay_ahead c1004@example.com"}) || !strings.Contains(b.letter("auto_pay_ahead"), "more than six months") {
		t.Errorf("seven working days ahead: %v\n%s", got, b.letter("auto_pay_ahead"))
	}
	b.on("2026-11-22 06:00")
	if got := b.mails("auto_pay_ahead")[sent:]; len(got) != 1 {
		t.Errorf("told twice: %v", got)
	}
	_ = silent
}

func TestWorkingDays(t *testing.T) {
	for _, c := range []struct{ due, told calendar.Date }{
		{"2026-12-01", "2026-11-19"}, // Thanksgiving on the 26th
		{"2026-11-01", "2026-10-22"},
		{"2026-07-10", "2026-06-30"}, // Independence Day on a Saturday, kept on Friday
		{"2027-01-04", "2026-12-22"}, // Christmas and New Year's Day
		{"2026-09-10", "2026-08-31"}, // Labor Day
		{"2028-01-03", "2027-12-21"}, // Christmas and New Year's Day on Saturdays
	} {
		if got := autopay.WorkingDaysBefore(c.due, 7); got != c.told {
			t.Errorf("%s: %s, want %s", c.due, got, c.told)
		}
	}
}

func TestWhatTheDoctorFinds(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	c := b.customer("pm_card_visa", 1, 0)
	b.invoice(c, "2026-11-01", 4500)
	b.on("2026-11-01 06:00")
	b.agree()
	for break_, want := range map[string]string{
		`UPDATE auto_pay_periods SET attempts = 2 WHERE period = '2026-11'`:       "not all there",
		`UPDATE auto_pay_attempts SET number = 7`:                                 "no attempt at any month",
		`UPDATE auto_pay_periods SET amount_cents = 100 WHERE period = '2026-11'`: "more than the $1.00",
		`UPDATE payments SET state = 'planned', created_at = 1`:                   "nobody sent it",
	} {
		found := b.broken(break_)
		if !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("%s: %v", want, found)
		}
	}
}

func TestARunWithNothingToTakeIsNotListed(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	c := b.customer("pm_card_visa", 1, 0)
	b.on("2026-11-01 06:00")
	b.expect("2026-11", "nothing", c)
	runs, err := b.auto.Runs(t.Context(), 0, 5)
	b.ok(err)
	if len(runs) != 0 {
		t.Errorf("%+v", runs)
	}
	// the customer's month still leads to it
	info, _, err := b.auto.Result(t.Context(), b.number(`SELECT run_id FROM auto_pay_periods WHERE period = '2026-11'`))
	b.ok(err)
	if info.Count.NothingDue != 1 {
		t.Errorf("%+v", info)
	}

	b.ok(b.auto.Hold(t.Context(), b.staff, c.id, "moves house"))
	b.invoice(c, "2026-11-20", 4500)
	b.on("2026-12-01 06:00")
	if runs, err = b.auto.Runs(t.Context(), 0, 5); err != nil || len(runs) != 1 || runs[0].Count.Held != 1 {
		t.Errorf("who was held back is listed: %v %+v", err, runs)
	}
}
