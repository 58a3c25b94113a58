package billing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
)

// Cycles are how many months a period can have.
var Cycles = []int{1, 2, 3, 6, 12}

// CycleInWords says how often something is charged: "every month".
func CycleInWords(months int) string {
	switch months {
	case 1:
		return "every month"
	case 12:
		return "every year"
	}
	return fmt.Sprintf("every %d months", months)
}

// ItemRecord is a recurring item to be added.
type ItemRecord struct {
	CustomerID  int64
	SiteID      int64 // 0 = none, or that of the system
	SystemID    int64 // 0 = none
	Description string
	Quantity    money.Quantity
	Terms       Terms
	// Prices are the price of one piece for one cycle, from the start on and
	// with every change since, in the order of their days.
	Prices  []DatedPrice
	Taxable bool
	// BilledUntil is the day up to which everything was billed elsewhere; none =
	// nothing was, and all of it is to be billed.
	BilledUntil calendar.Date
	Reason      string // why it is charged
	EndReason   string // why it ends, when it does
}

// Check returns the Invalid fault that adding the item would be refused with,
// as far as the books are not needed for it. Its fields are the columns of
// recurring.csv.
func (r ItemRecord) Check() error {
	var refused fault.Fields
	switch {
	case oneLine(r.Description) == "":
		refused.Add("description", "Enter what is charged for, like Monitoring")
	case len(r.Description) > maxText:
		refused.Add("description", "A description has at most %d letters", maxText)
	}
	if r.Quantity <= 0 || r.Quantity > 1_000_000*money.QuantityScale {
		refused.Add("quantity", "Enter a quantity between 0.001 and 1,000,000")
	}
	if !slices.Contains(Cycles, r.Terms.Cycle) {
		refused.Add("cycle_months", "A cycle has 1, 2, 3, 6 or 12 months")
	}
	switch {
	case r.Terms.Start.IsZero():
		refused.Add("start_date", "Enter the first day that is charged for")
	case r.Terms.Start < earliest || r.Terms.Start > latest:
		refused.Add("start_date", "This year is too far away")
	case !r.Terms.End.IsZero() && r.Terms.End < r.Terms.Start.AddDays(-1):
		refused.Add("end_date", "This is before the start")
	case r.Terms.End > latest:
		refused.Add("end_date", "This year is too far away")
	}
	if len(r.Prices) == 0 {
		refused.Add("amount", "Enter the amount for one cycle, like 45.00")
	}
	for i, p := range r.Prices {
		switch {
		case p.Amount < 0:
			refused.Add("amount", "An amount is not below zero; enter a lower amount instead of a discount")
		case p.Amount > money.Max || r.Quantity > 0 && int64(p.Amount) > int64(money.Max)*money.QuantityScale/int64(r.Quantity):
			refused.Add("amount", "This amount is too large")
		case i == 0 && p.From != r.Terms.Start:
			refused.Add("price_history", "The first price holds from the start on")
		case i > 0 && p.From <= r.Prices[i-1].From:
			refused.Add("price_history", "The prices stand in the order of their days")
		}
	}
	if len(r.Reason) > maxText {
		refused.Add("reason", "A reason has at most %d letters", maxText)
	}
	if len(r.EndReason) > maxText {
		refused.Add("end_reason", "A reason has at most %d letters", maxText)
	}
	return refused.Err()
}

const (
	maxText  = 500
	earliest = calendar.Date("1970-01-01")
	latest   = calendar.Date("2199-12-31")
)

// next returns where billing goes on when everything up to a day is billed: the
// first day of the next period and the month it is billed with, both empty when
// none is left.
func (t Terms) next(after calendar.Date) (next, month calendar.Date) {
	day := t.Start
	if !after.IsZero() && after >= day {
		day = after.AddDays(1)
	}
	p, ok := t.NextPeriod(day)
	if !ok {
		return "", ""
	}
	return p.From, t.BillMonth(p)
}

// AddItem puts a recurring item into the books and returns its id. It runs in
// the caller's transaction, and refuses before it writes. A site or system that
// is not the customer's is an Invalid fault of site_name or system_name.
func AddItem(ctx context.Context, q *db.Queries, now calendar.Instant, r ItemRecord) (int64, error) {
	if err := r.Check(); err != nil {
		return 0, err
	}
	if r.SystemID != 0 {
		y, err := q.GetSystemForCustomer(ctx, db.GetSystemForCustomerParams{ID: r.SystemID, CustomerID: r.CustomerID})
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return 0, fmt.Errorf("billing: %w", err)
		}
		if err != nil || r.SiteID != 0 && r.SiteID != y.SiteID {
			return 0, fault.Field("system_name", "There is no such system at this site")
		}
		r.SiteID = y.SiteID
	}
	if r.SiteID != 0 {
		n, err := q.CountSiteForCustomer(ctx, db.CountSiteForCustomerParams{ID: r.SiteID, CustomerID: r.CustomerID})
		if err != nil {
			return 0, fmt.Errorf("billing: %w", err)
		}
		if n == 0 {
			return 0, fault.Field("site_name", "This customer has no such site")
		}
	}
	next, month := r.Terms.next(r.BilledUntil)
	ended := calendar.Instant(0)
	if !r.Terms.End.IsZero() {
		ended = now
	}
	id, err := q.AddRecurringItem(ctx, db.AddRecurringItemParams{
		CustomerID: r.CustomerID, SiteID: db.NullID(r.SiteID), SystemID: db.NullID(r.SystemID), Description: oneLine(r.Description), Quantity: r.Quantity,
		CycleMonths: int64(r.Terms.Cycle), StartDate: r.Terms.Start, EndDate: r.Terms.End, Prorate: db.Flag(r.Terms.Prorate), Arrears: db.Flag(r.Terms.Arrears),
		Taxable: db.Flag(r.Taxable), Reason: oneLine(r.Reason), EndReason: oneLine(r.EndReason), NextDate: next, BillDate: month, CreatedAt: now, EndedAt: ended,
	})
	if db.IsUnique(err) {
		return 0, fault.Field("description", "This is charged there from %s on already", r.Terms.Start)
	}
	if err != nil {
		return 0, fmt.Errorf("billing: recurring item: %w", err)
	}
	for _, p := range r.Prices {
		if err := q.AddRecurringAmount(ctx, db.AddRecurringAmountParams{ItemID: id, FromDate: p.From, AmountCents: p.Amount, CreatedAt: now}); err != nil {
			return 0, fmt.Errorf("billing: price of recurring item %d: %w", id, err)
		}
	}
	return id, nil
}

// AddItem is the office's [AddItem]: one transaction with its audit row.
func (s *Service) AddItem(ctx context.Context, by audit.Actor, r ItemRecord) (id int64, err error) {
	err = s.db.Write(ctx, func(q *db.Queries) (err error) {
		if id, err = AddItem(ctx, q, s.clock.Now(), r); err != nil {
			return err
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "recurring.add", CustomerID: r.CustomerID, Object: itemName(id, r.Description),
			After: map[string]string{"amount": r.Prices[0].Amount.Plain(), "cycle": fmt.Sprint(r.Terms.Cycle), "start": r.Terms.Start.ISO(), "reason": r.Reason}})
	})
	return id, err
}

func itemName(id int64, description string) string {
	return fmt.Sprintf("recurring item %d, %s", id, oneLine(description))
}

// termsOf are the terms of an item in the books.
func termsOf(start, end calendar.Date, cycle, prorate, arrears int64) Terms {
	return Terms{Start: start, End: end, Cycle: int(cycle), Prorate: prorate != 0, Arrears: arrears != 0}
}

// item is one of a customer's items as the books hold it.
type item struct {
	db.GetRecurringItemForCustomerRow
	terms  Terms
	prices []DatedPrice
	billed []db.ListRecurringPeriodsRow // newest first
}

func readItem(ctx context.Context, q *db.Queries, customerID, id int64) (*item, error) {
	row, err := q.GetRecurringItemForCustomer(ctx, db.GetRecurringItemForCustomerParams{ID: id, CustomerID: customerID})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.Missing("recurring item")
	}
	if err != nil {
		return nil, fmt.Errorf("billing: recurring item %d: %w", id, err)
	}
	i := &item{GetRecurringItemForCustomerRow: row, terms: termsOf(row.StartDate, row.EndDate, row.CycleMonths, row.Prorate, row.Arrears)}
	amounts, err := q.ListRecurringAmounts(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("billing: recurring item %d: %w", id, err)
	}
	for _, a := range amounts {
		i.prices = append(i.prices, DatedPrice{From: a.FromDate, Amount: a.AmountCents})
	}
	if i.billed, err = q.ListRecurringPeriods(ctx, db.ListRecurringPeriodsParams{ItemID: id, Most: 10_000}); err != nil {
		return nil, fmt.Errorf("billing: recurring item %d: %w", id, err)
	}
	return i, nil
}

// move writes where billing goes on.
func (i *item) move(ctx context.Context, q *db.Queries, after calendar.Date) error {
	next, month := i.terms.next(after)
	if err := q.MoveRecurringItem(ctx, db.MoveRecurringItemParams{NextDate: next, BillDate: month, ID: i.ID}); err != nil {
		return fmt.Errorf("billing: recurring item %d: %w", i.ID, err)
	}
	return nil
}

// SetPrice gives one of a customer's items a new price for one piece and cycle
// from a day on. What was billed stays as it was: a day that is billed already
// is an Invalid fault of from_date. A price that was to hold from the same day
// is replaced. The other fields are amount and reason.
func (s *Service) SetPrice(ctx context.Context, by audit.Actor, customerID, id int64, from calendar.Date, amount money.Cents, reason string) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		i, err := readItem(ctx, q, customerID, id)
		if err != nil {
			return err
		}
		reason = oneLine(reason)
		var refused fault.Fields
		switch {
		case from.IsZero():
			refused.Add("from_date", "Enter the day from which the new amount holds")
		case from > latest:
			refused.Add("from_date", "This year is too far away")
		case i.NextDate == "":
			refused.Add("from_date", "The item has ended, and all of it is billed")
		case from < i.NextDate && i.NextDate > i.StartDate:
			refused.Add("from_date", "Everything before %s is billed; choose that day or a later one", i.NextDate)
		case from < i.StartDate:
			refused.Add("from_date", "The item starts on %s", i.StartDate)
		case !i.EndDate.IsZero() && from > i.EndDate:
			refused.Add("from_date", "The item ends on %s", i.EndDate)
		}
		if amount < 0 || amount > money.Max || int64(amount) > int64(money.Max)*money.QuantityScale/int64(i.Quantity) {
			refused.Add("amount", "This amount is too large")
		}
		switch {
		case reason == "":
			refused.Add("reason", "Enter why the amount changes")
		case len(reason) > maxText:
			refused.Add("reason", "A reason has at most %d letters", maxText)
		}
		if err := refused.Err(); err != nil {
			return err
		}
		if _, err := q.RemoveRecurringAmount(ctx, db.RemoveRecurringAmountParams{ItemID: id, FromDate: from}); err != nil {
			return fmt.Errorf("billing: recurring item %d: %w", id, err)
		}
		now := s.clock.Now()
		if err := q.AddRecurringAmount(ctx, db.AddRecurringAmountParams{ItemID: id, FromDate: from, AmountCents: amount, Reason: reason, CreatedAt: now}); err != nil {
			return fmt.Errorf("billing: recurring item %d: %w", id, err)
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "recurring.price", CustomerID: customerID, Object: itemName(id, i.Description),
			Before: map[string]string{"amount": priceOn(i.prices, from).Plain()},
			After:  map[string]string{"amount": amount.Plain(), "from": from.ISO(), "reason": reason}})
	})
}

// Ending is the end of an item.
type Ending struct {
	LastDay calendar.Date // that is charged for; none = the end is taken back
	Reason  string
}

// Overpaid is what was billed of an item for days after its end.
type Overpaid struct {
	From, Until calendar.Date // the days
	Cents       money.Cents   // tax included; 0 = nothing
}

// AfterEnd returns what one of a customer's items was billed for days after the
// last one, if it ended then: of each period that was billed beyond it, what was
// charged less what its days up to the end cost by the rules of [Terms.Charge],
// tax in the same share. An item that is not prorated is charged by whole
// periods, and nothing is overpaid. Voided invoices do not count.
func (s *Service) AfterEnd(ctx context.Context, customerID, id int64, lastDay calendar.Date) (over Overpaid, err error) {
	err = s.db.View(ctx, func(q *db.Queries) error {
		i, err := readItem(ctx, q, customerID, id)
		if err != nil {
			return err
		}
		over = i.afterEnd(lastDay)
		return nil
	})
	return over, err
}

func (i *item) afterEnd(last calendar.Date) Overpaid {
	var over Overpaid
	if !i.terms.Prorate || last.IsZero() {
		return over
	}
	kept := i.terms
	kept.End = last
	for _, b := range i.billed {
		if b.UntilDate <= last || b.InvoiceState == "void" || b.AmountCents <= 0 {
			continue
		}
		var worth money.Cents
		if p, ok := kept.NextPeriod(b.FromDate); ok && p.From == b.FromDate {
			worth = min(total(kept.Charge(p, i.Quantity, i.prices)), b.AmountCents)
		}
		// the tax goes back in the same share, rounded half up on what is kept
		tax := money.Cents((2*int64(b.TaxCents)*int64(worth) + int64(b.AmountCents)) / (2 * int64(b.AmountCents)))
		over.Cents += b.AmountCents - worth + b.TaxCents - tax
		if from := max(b.FromDate, last.AddDays(1)); over.From.IsZero() || from < over.From {
			over.From = from
		}
		over.Until = max(over.Until, b.UntilDate)
	}
	return over
}

// EndItem ends one of a customer's items after a day, or takes its end back,
// with the reason. An item whose end was reached and billed stays ended: that is
// a Conflict. The fields of its Invalid faults are end_date and end_reason.
//
// What was billed for later days is returned, for a credit that the payment noun
// gives: it is the one that knows whether a second person must agree.
func (s *Service) EndItem(ctx context.Context, by audit.Actor, customerID, id int64, e Ending) (over Overpaid, err error) {
	e.Reason = oneLine(e.Reason)
	err = s.db.Write(ctx, func(q *db.Queries) error {
		i, err := readItem(ctx, q, customerID, id)
		if err != nil {
			return err
		}
		if !i.EndDate.IsZero() && i.NextDate.IsZero() {
			return fault.New(fault.Conflict, "This item ended on %s, and all of it is billed. Add a new item to charge for it again.", i.EndDate)
		}
		var refused fault.Fields
		switch {
		case e.LastDay.IsZero() && i.EndDate.IsZero():
			refused.Add("end_date", "Enter the last day that is charged for")
		case !e.LastDay.IsZero() && e.LastDay < i.StartDate.AddDays(-1):
			refused.Add("end_date", "The item starts on %s; to charge nothing at all, end it on %s", i.StartDate, i.StartDate.AddDays(-1))
		case e.LastDay > latest:
			refused.Add("end_date", "This year is too far away")
		}
		switch {
		case e.Reason == "":
			refused.Add("end_reason", "Enter the reason")
		case len(e.Reason) > maxText:
			refused.Add("end_reason", "A reason has at most %d letters", maxText)
		}
		if err := refused.Err(); err != nil {
			return err
		}
		now := s.clock.Now()
		over = i.afterEnd(e.LastDay)
		before := i.EndDate
		i.terms.End = e.LastDay
		var next, month calendar.Date
		if i.NextDate != "" {
			next, month = i.terms.next(i.NextDate.AddDays(-1))
		}
		ended := now
		if e.LastDay.IsZero() {
			ended = 0
		}
		if err := q.EndRecurringItem(ctx, db.EndRecurringItemParams{EndDate: e.LastDay, EndReason: e.Reason, EndedAt: ended, NextDate: next, BillDate: month, ID: id}); err != nil {
			return fmt.Errorf("billing: recurring item %d: %w", id, err)
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "recurring.end", CustomerID: customerID, Object: itemName(id, i.Description),
			Before: map[string]string{"end": before.ISO()}, After: map[string]string{"end": e.LastDay.ISO(), "reason": e.Reason}})
	})
	return over, err
}

// BillFrom says from which day one of a customer's items is billed: periods
// that begin before it are left out. It cannot go back into days that are
// billed. The fields of its Invalid faults are from_date and reason.
func (s *Service) BillFrom(ctx context.Context, by audit.Actor, customerID, id int64, day calendar.Date, reason string) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		i, err := readItem(ctx, q, customerID, id)
		if err != nil {
			return err
		}
		reason = oneLine(reason)
		var refused fault.Fields
		switch {
		case day.IsZero():
			refused.Add("from_date", "Enter the first day that is billed")
		case day < i.StartDate:
			refused.Add("from_date", "The item starts on %s", i.StartDate)
		case day > latest:
			refused.Add("from_date", "This year is too far away")
		case len(i.billed) > 0 && day <= i.billed[0].UntilDate:
			refused.Add("from_date", "Everything up to %s is billed", i.billed[0].UntilDate)
		}
		if reason == "" || len(reason) > maxText {
			refused.Add("reason", "Enter the reason, in at most %d letters", maxText)
		}
		if err := refused.Err(); err != nil {
			return err
		}
		if err := i.move(ctx, q, day.AddDays(-1)); err != nil {
			return err
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "recurring.bill_from", CustomerID: customerID, Object: itemName(id, i.Description),
			Before: map[string]string{"from": i.NextDate.ISO()}, After: map[string]string{"from": day.ISO(), "reason": reason}})
	})
}

// BillAgain frees the periods of one of a customer's items whose invoices were
// voided, so that the next run bills them. It returns how many; none is a
// Conflict.
func (s *Service) BillAgain(ctx context.Context, by audit.Actor, customerID, id int64) (n int, err error) {
	err = s.db.Write(ctx, func(q *db.Queries) error {
		i, err := readItem(ctx, q, customerID, id)
		if err != nil {
			return err
		}
		freed, err := q.ForgetVoidPeriods(ctx, id)
		if err != nil {
			return fmt.Errorf("billing: recurring item %d: %w", id, err)
		}
		if n = len(freed); n == 0 {
			return fault.New(fault.Conflict, "None of this item's invoices was voided.")
		}
		first := freed[0].FromDate
		var days []string
		for _, f := range freed {
			first = min(first, f.FromDate)
			days = append(days, daysInWords(f.FromDate, f.UntilDate))
		}
		if i.NextDate == "" || first < i.NextDate {
			if err := i.move(ctx, q, first.AddDays(-1)); err != nil {
				return err
			}
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "recurring.bill_again", CustomerID: customerID, Object: itemName(id, i.Description),
			Before: days})
	})
	return n, err
}

// Billed is a period of an item that an invoice in the books charges for.
type Billed struct {
	From, Until calendar.Date
	InvoiceID   int64
	Position    int // of its one line on the invoice
	Amount, Tax money.Cents
}

// RecordPeriod notes that a period of an item was billed on an invoice which no
// run made. It runs in the caller's transaction; the item goes on where its
// record says.
func RecordPeriod(ctx context.Context, q *db.Queries, itemID int64, b Billed) error {
	return addPeriod(ctx, q, 0, b.InvoiceID, plannedPeriod{itemID: itemID, from: b.From, until: b.Until, position: b.Position, lines: 1, amount: b.Amount, tax: b.Tax})
}

// ItemUpdate is what an import changes of an item in the books.
type ItemUpdate struct {
	Prices    []DatedPrice // to be added; those of days that are billed must not be among them
	End       calendar.Date
	EndReason string
	Taxable   bool
}

// UpdateItem changes one of a customer's items. It runs in the caller's
// transaction. What was billed stays.
func UpdateItem(ctx context.Context, q *db.Queries, now calendar.Instant, customerID, id int64, u ItemUpdate) error {
	i, err := readItem(ctx, q, customerID, id)
	if err != nil {
		return err
	}
	for _, p := range u.Prices {
		if p.From < i.NextDate || p.Amount < 0 || p.Amount > money.Max {
			return fmt.Errorf("billing: recurring item %d: the price %s from %s", id, p.Amount, p.From)
		}
		if _, err := q.RemoveRecurringAmount(ctx, db.RemoveRecurringAmountParams{ItemID: id, FromDate: p.From}); err != nil {
			return fmt.Errorf("billing: recurring item %d: %w", id, err)
		}
		if err := q.AddRecurringAmount(ctx, db.AddRecurringAmountParams{ItemID: id, FromDate: p.From, AmountCents: p.Amount, CreatedAt: now}); err != nil {
			return fmt.Errorf("billing: recurring item %d: %w", id, err)
		}
	}
	if err := q.SetRecurringTaxable(ctx, db.SetRecurringTaxableParams{Taxable: db.Flag(u.Taxable), ID: id}); err != nil {
		return fmt.Errorf("billing: recurring item %d: %w", id, err)
	}
	if i.NextDate.IsZero() || u.End == i.EndDate && u.EndReason == i.EndReason {
		return nil
	}
	i.terms.End = u.End
	next, month := i.terms.next(i.NextDate.AddDays(-1))
	ended := now
	if u.End.IsZero() {
		ended = 0
	}
	err = q.EndRecurringItem(ctx, db.EndRecurringItemParams{EndDate: u.End, EndReason: oneLine(u.EndReason), EndedAt: ended, NextDate: next, BillDate: month, ID: id})
	if err != nil {
		return fmt.Errorf("billing: recurring item %d: %w", id, err)
	}
	return nil
}
