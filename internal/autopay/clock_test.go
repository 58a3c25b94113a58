package autopay_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"customerportal/internal/autopay"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// TestEachMonthOnItsDay lets a year and a half pass, a wake every few hours, with
// a leap day, both changes of the clock, ends of months of all lengths, and firsts
// on every day of the week: each customer is charged once a month, on the day.
func TestEachMonthOnItsDay(t *testing.T) {
	b := open(t, newYork, "2027-12-20 12:00")
	days := []int{1, 15, 28}
	customers := make([]*customer, len(days))
	for i, day := range days {
		customers[i] = b.customer("pm_card_visa", day, 0)
	}
	first := calendar.NewDate(2028, time.January, 1)
	months := 15 // to March 2029, past the leap day of 2028 and a change to summer time in each year
	for m := range months {
		for i, c := range customers {
			b.invoice(c, first.AddMonths(m).AddDays(days[i]-1), 1000)
		}
	}
	// hours that do not divide a day, so that the wakes wander through it
	end := first.AddMonths(months).AddDays(-1)
	for at := first.AddDays(-12).Time(newYork); calendar.DateOf(at) <= end; at = at.Add(23 * time.Hour) {
		b.clock.Set(at)
		b.ok(b.auto.Run(t.Context()))
	}
	for i, c := range customers {
		rows, err := b.db.Reader().Query(`SELECT p.payment_date, p.amount_cents, d.period, d.due_date FROM payments p JOIN auto_pay_attempts a ON a.payment_id = p.id
			JOIN auto_pay_periods d ON d.customer_id = a.customer_id AND d.period = a.period WHERE p.customer_id = ? ORDER BY p.id`, c.id)
		b.ok(err)
		n := 0
		for rows.Next() {
			var on, period, due calendar.Date
			var cents int64
			b.ok(rows.Scan(&on, &cents, &period, &due))
			want := first.AddMonths(n).AddDays(days[i] - 1)
			if due != want || string(period) != want.ISO()[:7] || cents != 1000 {
				t.Errorf("day %d, month %d: due %s in %s, %d cents, want %s", days[i], n, due, period, cents, want)
			}
			if late := due.DaysUntil(on); late < 0 || late > 1 {
				t.Errorf("due on %s, taken on %s", due, on)
			}
			n++
		}
		b.ok(rows.Close())
		if n != months {
			t.Errorf("day %d: %d months taken, want %d", days[i], n, months)
		}
	}
	b.agree()
}

// TestAtSixOnTheDealersClock wakes minute by minute around the hour, on a Sunday
// that is the first and the day the clock goes back, and on the day it goes
// forward.
func TestAtSixOnTheDealersClock(t *testing.T) {
	for _, c := range []struct {
		zone, start string
		day         int
		before, on  string
		utc         string // of the first wake that takes it
	}{
		{"America/New_York", "2026-10-20 12:00", 1, "2026-11-01 05:59", "2026-11-01 06:00", "2026-11-01T11:00:00Z"}, // a Sunday, and the end of summer time
		{"America/New_York", "2027-03-01 12:00", 14, "2027-03-14 05:59", "2027-03-14 06:00", "2027-03-14T10:00:00Z"},
		{"Pacific/Honolulu", "2026-10-20 12:00", 1, "2026-11-01 05:59", "2026-11-01 06:00", "2026-11-01T16:00:00Z"},
		{"America/Phoenix", "2026-10-20 12:00", 28, "2026-10-28 05:59", "2026-10-28 06:00", "2026-10-28T13:00:00Z"},
		{"America/New_York", "2028-02-20 12:00", 28, "2028-02-28 05:59", "2028-02-28 06:00", "2028-02-28T11:00:00Z"},
		{"America/New_York", "2027-12-20 12:00", 1, "2028-01-01 05:59", "2028-01-01 06:00", "2028-01-01T11:00:00Z"},
	} {
		t.Run(c.zone+" "+c.on, func(t *testing.T) {
			b := open(t, mustZone(c.zone), c.start)
			who := b.customer("pm_card_visa", c.day, 0)
			b.invoice(who, calendar.Date(c.on[:10]), 4500)
			b.on(c.before)
			b.taken(who, 0, 0)
			b.at(c.on)
			if got := b.clock.Now().UTC().Format(time.RFC3339); got != c.utc {
				t.Errorf("six in the morning is %s", got)
			}
			b.run()
			b.taken(who, 1, 4500)
			// the clock goes back an hour, and once more past six
			b.clock.Advance(-time.Hour)
			b.run()
			b.clock.Advance(2 * time.Hour)
			b.run()
			b.taken(who, 1, 4500)
			b.agree()
		})
	}
}

func TestTheMachineWasOff(t *testing.T) {
	t.Run("for 3 days it catches up", func(t *testing.T) {
		b := open(t, newYork, "2026-10-20 12:00")
		c := b.customer("pm_card_visa", 1, 0)
		b.invoice(c, "2026-11-01", 4500)
		b.invoice(c, "2026-11-03", 1000) // not due on the day
		b.on("2026-11-04 09:00")
		b.expect("2026-11", "paid", c)
		b.taken(c, 1, 4500)
		b.on("2026-12-01 06:00")
		b.taken(c, 2, 5500)
		if due := b.text(`SELECT due_date FROM auto_pay_periods WHERE period = '2026-12'`); due != "2026-12-01" {
			t.Errorf("the day drifted to %s", due)
		}
	})
	t.Run("for 9 days it asks", func(t *testing.T) {
		b := open(t, newYork, "2026-10-20 12:00")
		late, idle, fresh := b.customer("pm_card_visa", 1, 0), b.customer("pm_card_visa", 1, 0), b.customer("pm_card_visa", 7, 0)
		b.invoice(late, "2026-11-01", 4500)
		b.invoice(fresh, "2026-11-01", 2000)
		b.on("2026-11-10 09:00")
		b.expect("2026-11", "asks", late)
		b.expect("2026-11", "nothing", idle)
		b.expect("2026-11", "paid", fresh)
		b.taken(late, 0, 0)
		if got := b.mails("payment_notice"); len(got) != 1 || !strings.Contains(b.letter("payment_notice"), "1 payment for $45.00") {
			t.Errorf("mails %v\n%s", got, b.letter("payment_notice"))
		}
		b.on("2026-11-11 09:00")
		b.taken(late, 0, 0)
		p, err := b.auto.Progress(t.Context())
		b.ok(err)
		if p.Late == nil || p.Late.Count.Asks != 1 {
			t.Fatalf("%+v", p.Late)
		}
		b.ok(b.auto.Decide(t.Context(), b.staff, p.Late.ID, true))
		b.run()
		b.expect("2026-11", "paid", late)
		b.taken(late, 1, 4500)
		if err := b.auto.Decide(t.Context(), b.staff, p.Late.ID, true); err == nil {
			t.Error("decided twice")
		}
		if got := b.mails("payment_notice"); len(got) != 1 {
			t.Errorf("mails %v", got)
		}
		b.agree()
	})
	t.Run("and the office may leave it out", func(t *testing.T) {
		b := open(t, newYork, "2026-10-20 12:00")
		c := b.customer("pm_card_visa", 1, 0)
		b.invoice(c, "2026-11-01", 4500)
		b.on("2026-11-10 09:00")
		b.ok(b.auto.Decide(t.Context(), b.staff, b.number(`SELECT run_id FROM auto_pay_periods`), false))
		b.run()
		b.expect("2026-11", "skipped", c)
		b.taken(c, 0, 0)
		b.on("2026-12-01 06:00")
		b.taken(c, 1, 4500)
	})
	t.Run("for two months it takes the latest", func(t *testing.T) {
		b := open(t, newYork, "2026-10-20 12:00")
		c := b.customer("pm_card_visa", 1, 0)
		b.invoice(c, "2026-11-01", 4500)
		b.invoice(c, "2026-12-01", 4500)
		b.on("2026-12-02 12:00")
		b.taken(c, 1, 9000)
		b.expect("2026-11", "", c)
		b.expect("2026-12", "paid", c)
	})
}

func TestTheZoneChanges(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	c := b.customer("pm_card_visa", 1, 0)
	b.invoice(c, "2026-11-01", 4500)
	b.invoice(c, "2026-11-01", 100)
	b.on("2026-11-01 06:00")
	b.taken(c, 1, 4600)
	b.invoice(c, "2026-11-01", 700)
	// in Honolulu it is one in the morning: the first comes a second time
	b.setZone("Pacific/Honolulu")
	b.run()
	b.on("2026-11-01 06:00")
	b.taken(c, 1, 4600)
	b.setZone("Pacific/Guam") // a day ahead
	b.run()
	b.taken(c, 1, 4600)
	b.on("2026-12-01 06:00")
	b.taken(c, 2, 5300)
	b.agree()
}

func TestTheClockJumps(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	c := b.customer("pm_card_visa", 1, 0)
	b.invoice(c, "2026-11-01", 4500)
	b.on("2026-11-01 06:00")
	b.invoice(c, "2026-11-02", 100)
	for _, at := range []string{"2026-10-31 12:00", "2026-11-01 06:00", "2026-10-01 06:00", "2026-11-01 12:00", "2026-11-20 12:00", "2026-11-01 07:00"} {
		b.on(at)
		b.taken(c, 1, 4500)
	}
	// ahead past the first by mistake: it asks rather than to take December now
	b.on("2026-12-12 12:00")
	b.taken(c, 1, 4500)
	b.on("2026-11-20 12:00")
	b.on("2026-12-01 06:00")
	b.expect("2026-12", "asks", c)
	b.agree()
}

// TestTheCustomersDayChanges moves the day about: a month is never taken twice.
func TestTheCustomersDayChanges(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	c := b.customer("pm_card_visa", 1, 0)
	b.invoice(c, "2026-11-01", 4500)
	b.on("2026-11-01 06:00")
	b.invoice(c, "2026-11-10", 100)
	b.at("2026-11-05 12:00")
	b.consent(c, 15, 0)
	b.on("2026-11-15 06:00")
	b.taken(c, 1, 4500) // November has been taken
	b.on("2026-12-15 06:00")
	b.taken(c, 2, 4600)
	b.invoice(c, "2026-12-16", 200)
	b.at("2026-12-20 12:00")
	b.consent(c, 20, 0) // given on the 20th: the first payment is a month later
	b.on("2026-12-20 18:00")
	b.taken(c, 2, 4600)
	b.on("2027-01-20 06:00")
	b.taken(c, 3, 4800)
	b.agree()
}

// TestFourRunnersAndTwoPrograms lets four runners of two programs work on the
// same books at once.
func TestFourRunnersAndTwoPrograms(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	var customers []*customer
	for i := range 100 {
		method := []string{"pm_card_visa", "pm_usBankAccount", "pm_card_chargeCustomerFail"}[i%3]
		c := b.customer(method, 1, 0)
		b.invoice(c, "2026-11-01", 4500)
		customers = append(customers, c)
	}
	b.at("2026-11-01 06:00")
	first := b.auto
	second := b.wire(b.another(), b.sandbox)
	var work sync.WaitGroup
	for i := range 4 {
		runner := []*autopay.Service{first, second}[i%2]
		work.Go(func() {
			for range 4 {
				// one that finds the books busy comes again, as the job does
				if err := runner.Run(t.Context()); err != nil && !fault.Is(err, fault.Unavailable) {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	b.run()
	for i, c := range customers {
		want := 1
		if i%3 == 2 {
			want = 0
		}
		if n, _ := b.charges(c); n != want {
			t.Errorf("customer %s (%d): %d charges", c.number, i, n)
		}
	}
	if got := b.mails("auto_pay_summary"); len(got) != 1 {
		t.Errorf("%d summaries", len(got))
	}
	for kind, want := range map[string]int{"payment_receipt": 34, "payment_submitted": 33, "auto_pay_failed": 33} {
		if got := len(b.mails(kind)); got != want {
			t.Errorf("%d mails of %s, want %d", got, kind, want)
		}
	}
	if n := b.number(`SELECT count(*) FROM auto_pay_periods`); n != 100 {
		t.Errorf("%d months", n)
	}
	b.agree()
}
