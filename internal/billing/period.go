package billing

import (
	"fmt"
	"slices"

	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// Terms are what decides the periods of a recurring item.
type Terms struct {
	Start calendar.Date // the first day that is charged for
	End   calendar.Date // the last one; none = it goes on
	Cycle int           // months: 1, 2, 3, 6 or 12
	// Prorate charges by days: the first period ends with the month it starts
	// in, and from then on periods begin on the 1st; an end or a new price in the
	// middle of a period counts from its day. Without it periods begin on the
	// day of the month on which the item starts, and each is charged whole, at
	// the price of its first day.
	Prorate bool
	// Arrears charges a period when it is over, instead of when it begins.
	Arrears bool
}

// Period is one period of an item: the days that are charged for, and how many
// days the whole of it has.
type Period struct {
	From, Until calendar.Date // first and last day
	WholeDays   int
}

// Days is how many days are charged for.
func (p Period) Days() int { return p.From.DaysUntil(p.Until) + 1 }

// String names the days as they stand on an invoice: "Dec 1-31, 2026".
func (p Period) String() string { return daysInWords(p.From, p.Until) }

// daysInWords writes a span of days as short as it can be told: "Dec 1-31, 2026",
// "Dec 15, 2026 - Jan 14, 2027", "Oct 1 - Dec 31, 2026".
func daysInWords(from, until calendar.Date) string {
	switch {
	case from == until:
		return from.String()
	case from.Year() != until.Year():
		return from.String() + " - " + until.String()
	case from.Month() != until.Month():
		return shortDay(from) + " - " + until.String()
	}
	return shortDay(from) + "-" + dayOf(until) + fmt.Sprintf(", %d", until.Year())
}

func shortDay(d calendar.Date) string { return d.Month().String()[:3] + " " + dayOf(d) }

// dayOf is the day of the month without a leading zero.
func dayOf(d calendar.Date) string {
	day := d.ISO()[8:]
	if day[0] == '0' {
		return day[1:]
	}
	return day
}

// firstOf is the 1st of the month a day is in.
func firstOf(d calendar.Date) calendar.Date { return calendar.NewDate(d.Year(), d.Month(), 1) }

// anchor is the day from which all periods are counted.
func (t Terms) anchor() calendar.Date {
	if first := firstOf(t.Start); t.Prorate && first != t.Start {
		return first.AddMonths(1)
	}
	return t.Start
}

// NextPeriod returns the period that begins on the given day, or the first one
// after it. Days before the start count as the start. False says that none is
// left.
//
// Every period is counted in whole cycles from the same anchor, so an item that
// starts on the 31st has periods from Feb 28 and again from Mar 31.
func (t Terms) NextPeriod(day calendar.Date) (Period, bool) {
	if day < t.Start {
		day = t.Start
	}
	anchor := t.anchor()
	months := (day.Year()-anchor.Year())*12 + int(day.Month()) - int(anchor.Month())
	k := floorDiv(months, t.Cycle)
	for anchor.AddMonths(k*t.Cycle) > day { // the day of the month is not reached yet
		k--
	}
	for anchor.AddMonths((k+1)*t.Cycle) <= day {
		k++
	}
	first := anchor.AddMonths(k * t.Cycle)
	if !t.Prorate && first < day {
		k++
		first = anchor.AddMonths(k * t.Cycle)
	}
	last := anchor.AddMonths((k + 1) * t.Cycle).AddDays(-1)
	p := Period{From: first, Until: last, WholeDays: first.DaysUntil(last) + 1}
	if t.Prorate {
		p.From = day
	}
	if !t.End.IsZero() {
		if p.From > t.End {
			return Period{}, false
		}
		if t.Prorate && p.Until > t.End {
			p.Until = t.End
		}
	}
	return p, true
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// BillMonth returns the 1st of the month with which a period is billed: the
// month in which it begins, or, in arrears, the first one by which it is over.
func (t Terms) BillMonth(p Period) calendar.Date {
	if !t.Arrears {
		return firstOf(p.From)
	}
	over := p.Until.AddDays(1)
	if first := firstOf(over); first < over {
		return first.AddMonths(1)
	}
	return over
}

// DatedPrice is what one piece costs for one cycle from a day on.
type DatedPrice struct {
	From   calendar.Date
	Amount money.Cents
}

// priceOn returns the price on a day: of the last one that has begun, or the
// first when none has.
func priceOn(prices []DatedPrice, day calendar.Date) money.Cents {
	at := prices[0].Amount
	for _, p := range prices {
		if p.From > day {
			break
		}
		at = p.Amount
	}
	return at
}

// Part is the share of a period that is charged at one price.
type Part struct {
	From, Until calendar.Date
	Quantity    money.Quantity
	UnitPrice   money.Cents
	// Days of WholeDays are charged for; the two are equal for a whole period.
	Days, WholeDays int
}

// Amount is what the part comes to without tax.
func (p Part) Amount() money.Cents { return money.Extend(p.Quantity, p.UnitPrice) }

// Charge returns what a period costs, in parts when its price changes within
// it. The prices are in the order of their days.
//
// A whole period at one price is the quantity times the price. Otherwise every
// day costs the same share of the whole period. The running sum is worked out
// exactly and rounded half up to the cent after each part, and a part is what it
// rose by. So the parts of a change always add up to what the period costs,
// rounded once, none is a cent or more off its own share, and a change to the
// same price costs nothing.
func (t Terms) Charge(p Period, quantity money.Quantity, prices []DatedPrice) []Part {
	if !t.Prorate {
		return []Part{{From: p.From, Until: p.Until, Quantity: quantity, UnitPrice: priceOn(prices, p.From), Days: p.WholeDays, WholeDays: p.WholeDays}}
	}
	cuts := []calendar.Date{p.From}
	for _, price := range prices {
		if price.From > p.From && price.From <= p.Until && price.Amount != priceOn(prices, price.From.AddDays(-1)) {
			cuts = append(cuts, price.From)
		}
	}
	slices.Sort(cuts)
	if len(cuts) == 1 && p.Days() == p.WholeDays {
		return []Part{{From: p.From, Until: p.Until, Quantity: quantity, UnitPrice: priceOn(prices, p.From), Days: p.WholeDays, WholeDays: p.WholeDays}}
	}
	parts := make([]Part, len(cuts))
	var exact int64 // cents times days of the whole period
	var given money.Cents
	for i, from := range cuts {
		until := p.Until
		if i+1 < len(cuts) {
			until = cuts[i+1].AddDays(-1)
		}
		part := Part{From: from, Until: until, Quantity: money.QuantityScale, Days: from.DaysUntil(until) + 1, WholeDays: p.WholeDays}
		exact += int64(money.Extend(quantity, priceOn(prices, from))) * int64(part.Days)
		part.UnitPrice = perDays(exact, p.WholeDays) - given
		given += part.UnitPrice
		parts[i] = part
	}
	return parts
}

// perDays divides half up; there is no negative price.
func perDays(sum int64, days int) money.Cents {
	d := int64(days)
	return money.Cents((2*sum + d) / (2 * d))
}

func total(parts []Part) money.Cents {
	var sum money.Cents
	for _, p := range parts {
		sum += p.Amount()
	}
	return sum
}
