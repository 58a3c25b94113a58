package demo

import (
	"testing"

	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// TestHistoryOnAnyDay holds that the history ends on the day it is made, pays
// nothing twice and leaves each of the people what the guide says of them.
func TestHistoryOnAnyDay(t *testing.T) {
	for day := calendar.Date("2026-01-01"); day < "2028-03-05"; day = day.AddDays(5) {
		m := history(day)
		paid := map[int]money.Cents{}
		for n, b := range m.bills {
			if b.date > day || b.due < b.date || b.total() <= 0 || n > 0 && b.date < m.bills[n-1].date {
				t.Fatalf("%s: bill %+v", day.ISO(), b)
			}
		}
		for _, r := range m.receipts {
			if r.date > day {
				t.Fatalf("%s: receipt %+v", day.ISO(), r)
			}
			if r.part >= 0 {
				paid[r.part] += m.bills[r.part].total() / 2
			}
			for _, n := range r.bills {
				if m.bills[n].date > r.date || m.bills[n].customer != r.customer {
					t.Fatalf("%s: receipt %+v for %+v", day.ISO(), r, m.bills[n])
				}
				paid[n] += m.bills[n].total()
			}
		}
		open := map[int]int{}
		for n, b := range m.bills {
			if paid[n] > b.total() {
				t.Fatalf("%s: paid twice: %+v", day.ISO(), b)
			}
			if paid[n] < b.total() {
				open[b.customer]++
			}
		}
		// Maria, Siobhán, Harbor View, Minh Châu, Ebenezer, Zoë
		for customer, least := range map[int]int{0: 3, 1: 4, 2: 3, 3: 2, 4: 20, 21: 2} {
			if open[customer] < least {
				t.Errorf("%s: %s has %d open invoices", day.ISO(), households[customer].display(), open[customer])
			}
		}
		if open[5] != 0 {
			t.Errorf("%s: %s owes something", day.ISO(), households[5].display())
		}
		o := &online{made: m}
		// Zoë's bill was paid and a part of it refunded before today
		if paid := m.bills[o.left(21)[0]].date; paid.AddDays(refundAfter) >= day {
			t.Errorf("%s: the refund of a bill of %s lies ahead", day.ISO(), paid.ISO())
		}
		for _, p := range people {
			for _, i := range p.customers {
				if left := o.left(i); len(left) != households[i].online {
					t.Errorf("%s: %s has %d invoices left to pay in the portal", day.ISO(), households[i].display(), len(left))
				}
			}
		}
	}
}

// TestHouseholds holds that no two customers can be taken for one another.
func TestHouseholds(t *testing.T) {
	if n := len(households); n < 40 {
		t.Errorf("%d customers", n)
	}
	emails, phones := map[string]bool{}, map[string]bool{}
	for i, h := range households {
		if a := h.address(); a != "" && emails[a] {
			t.Errorf("%s: %s twice", h.display(), a)
		}
		emails[h.address()] = true
		if p := h.phone(i); phones[p] || len(p) != len("(617) 555-0142") {
			t.Errorf("%s: phone %q", h.display(), p)
		}
		phones[h.phone(i)] = true
		for _, p := range h.sites {
			if len(p.systems) == 0 {
				t.Errorf("%s: no system at %s", h.display(), p.name)
			}
		}
	}
	for _, n := range newcomers {
		for _, p := range people {
			for _, i := range p.customers {
				if i == n.customer {
					t.Errorf("%s has a log-in already", households[i].display())
				}
			}
		}
	}
}
