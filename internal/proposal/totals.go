package proposal

import (
	"slices"

	"customerportal/internal/fault"
	"customerportal/internal/money"
)

// Line is a line of a proposal. A negative unit price is a discount.
type Line struct {
	Position    int64 // from 1
	Description string
	Quantity    money.Quantity
	UnitPrice   money.Cents
	Taxable     bool
	// Cycle is after how many months it is charged again; 0 = paid once.
	Cycle int64
	// Optional lines may be left out by the customer; Chosen says whether one is
	// chosen beforehand, and is always set for the others.
	Optional, Chosen bool
	// Tax is what it is taxed with as things stood when it was saved.
	Tax money.Cents
}

// Amount is what the line comes to without tax, rounded half up to the cent.
func (l Line) Amount() money.Cents { return money.Extend(l.Quantity, l.UnitPrice) }

// Totals is what a proposal comes to with certain optional lines chosen.
type Totals struct {
	// Once, Tax and Total are of what is paid once: without tax, its tax, with it.
	Once, Tax, Total money.Cents
	// Monthly is what recurs in a month, a twelfth of its year rounded half up,
	// without tax.
	Monthly money.Cents
	// Recurring is what recurs as it is charged, the shortest cycle first.
	Recurring []Recurring
	// Deposit is asked for with the acceptance; it is never more than Total.
	Deposit money.Cents
	// Asked is what was asked of it before, with versions that were accepted
	// earlier. [TotalsOf] does not know of those.
	Asked money.Cents
}

// DepositDue is what is asked for with the acceptance.
func (t Totals) DepositDue() money.Cents { return max(0, t.Deposit-t.Asked) }

// Recurring is what is charged every so many months.
type Recurring struct {
	Cycle              int64 // in months
	Amount, Tax, Total money.Cents
}

// Preset returns the positions of the optional lines that are chosen beforehand.
func Preset(lines []Line) []int64 {
	chosen := []int64{}
	for _, l := range lines {
		if l.Optional && l.Chosen {
			chosen = append(chosen, l.Position)
		}
	}
	return chosen
}

// TotalsOf adds up the lines that are not optional and the optional ones whose
// positions are chosen. The deposit is an amount, or parts per million of what
// is paid once with its tax, rounded half up; it is at most all of that. A
// position that is no optional line is an Invalid fault of the field options.
func TotalsOf(lines []Line, chosen []int64, depositCents money.Cents, depositPPM int64) (Totals, error) {
	var t Totals
	for _, position := range chosen {
		if !slices.ContainsFunc(lines, func(l Line) bool { return l.Optional && l.Position == position }) {
			return t, fault.Field("options", "This proposal has no such option. Please look at it again.")
		}
	}
	var year money.Cents
	for _, l := range lines {
		if l.Optional && !slices.Contains(chosen, l.Position) {
			continue
		}
		if l.Cycle == 0 {
			t.Once += l.Amount()
			t.Tax += l.Tax
			continue
		}
		year += l.Amount() * money.Cents(12/l.Cycle)
		at := slices.IndexFunc(t.Recurring, func(r Recurring) bool { return r.Cycle == l.Cycle })
		if at < 0 {
			at = len(t.Recurring)
			t.Recurring = append(t.Recurring, Recurring{Cycle: l.Cycle})
		}
		r := &t.Recurring[at]
		r.Amount += l.Amount()
		r.Tax += l.Tax
		r.Total += l.Amount() + l.Tax
	}
	slices.SortFunc(t.Recurring, func(a, b Recurring) int { return int(a.Cycle - b.Cycle) })
	t.Total = t.Once + t.Tax
	t.Monthly = twelfth(year)
	if t.Deposit = depositCents; depositPPM != 0 {
		t.Deposit = money.Tax(t.Total, money.RatePPM(depositPPM))
	}
	t.Deposit = max(0, min(t.Deposit, t.Total))
	return t, nil
}

// twelfth is a year's twelfth, rounded half up, away from zero as in money.
func twelfth(year money.Cents) money.Cents {
	if year < 0 {
		return -twelfth(-year)
	}
	return (year + 6) / 12
}

// Cycles are the cycles a line may have, in months; 0 = paid once.
var Cycles = []int64{0, 1, 2, 3, 6, 12}

// CycleName is how a line is paid, in words: "once", "every month".
func CycleName(months int64) string {
	switch months {
	case 0:
		return "once"
	case 1:
		return "every month"
	case 2:
		return "every 2 months"
	case 3:
		return "every 3 months"
	case 6:
		return "every 6 months"
	}
	return "every year"
}

// In reports whether the line is part of it when those options are chosen.
func (l Line) In(chosen []int64) bool { return !l.Optional || slices.Contains(chosen, l.Position) }
