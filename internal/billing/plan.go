package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// Order says what a run bills and how.
type Order struct {
	// Month is the 1st of the month that is billed: everything that is charged
	// with it, and what was missed before.
	Month calendar.Date
	// Date is that of the invoices, Due the day they are due; who has terms and no
	// auto pay has at least these.
	Date, Due calendar.Date
	// PerSite makes an invoice for each site instead of one for the customer.
	PerSite bool
	// Mail sends the invoices to those who have an e-mail address.
	Mail bool
}

// Problem is what the dealer should know of a customer before or after a run.
type Problem struct {
	CustomerID   int64
	Number, Name string // of the customer
	Words        string
	// Held says that something is not billed because of it.
	Held bool
}

// PlannedInvoice is an invoice as a run would make it.
type PlannedInvoice struct {
	CustomerID   int64
	Number, Name string // of the customer
	SiteID       int64  // 0 = of several sites, or none
	Date, Due    calendar.Date
	Lines        []ledger.Line
	Tax, Total   money.Cents
	Mail         bool // to an e-mail address; else it is printed
	periods      []plannedPeriod
}

// plannedPeriod is a period that a run bills.
type plannedPeriod struct {
	itemID      int64
	from, until calendar.Date
	position    int // of its first line, from 1
	lines       int
	amount, tax money.Cents
}

// move is where billing of an item goes on after a run.
type move struct {
	itemID      int64
	next, month calendar.Date
}

// customerPlan is what a run does for one customer.
type customerPlan struct {
	id       int64
	invoices []PlannedInvoice
	free     []plannedPeriod // free of charge
	moves    []move
	problems []Problem
}

// caughtUp is how many periods of one item a run bills at most: one that was
// missed for longer than a year is more likely a slip in its dates.
const caughtUp = 13

// page is how many customers are planned at once; it bounds the memory.
const page = 256

// planner makes the plans of a page of customers.
type planner struct {
	q     *db.Queries
	order Order
	taxes taxTable
}

func newPlanner(ctx context.Context, q *db.Queries, o Order) (*planner, error) {
	taxes, err := readTaxTable(ctx, q)
	return &planner{q, o, taxes}, err
}

// customers plans the next customers after an id, at most so many, in the order
// of their ids.
func (p *planner) customers(ctx context.Context, after int64, most int) ([]customerPlan, error) {
	ids, err := p.q.ListDueCustomers(ctx, db.ListDueCustomersParams{MonthDate: p.order.Month, AfterID: after, HowMany: int64(most)})
	if err != nil || len(ids) == 0 {
		return nil, wrap(err)
	}
	first, last := ids[0], ids[len(ids)-1]
	items, err := p.q.ListDueItems(ctx, db.ListDueItemsParams{MonthDate: p.order.Month, FromID: first, ToID: last})
	if err != nil {
		return nil, wrap(err)
	}
	amounts, err := p.q.ListDueAmounts(ctx, db.ListDueAmountsParams{MonthDate: p.order.Month, FromID: first, ToID: last})
	if err != nil {
		return nil, wrap(err)
	}
	prices := map[int64][]DatedPrice{}
	for _, a := range amounts {
		prices[a.ItemID] = append(prices[a.ItemID], DatedPrice{From: a.FromDate, Amount: a.AmountCents})
	}
	periods, err := p.q.ListDuePeriods(ctx, db.ListDuePeriodsParams{MonthDate: p.order.Month, FromID: first, ToID: last})
	if err != nil {
		return nil, wrap(err)
	}
	billed := map[int64][]db.ListDuePeriodsRow{}
	for _, b := range periods {
		billed[b.ItemID] = append(billed[b.ItemID], b)
	}
	plans := make([]customerPlan, 0, len(ids))
	for len(items) > 0 {
		n := slices.IndexFunc(items, func(i db.ListDueItemsRow) bool { return i.CustomerID != items[0].CustomerID })
		if n < 0 {
			n = len(items)
		}
		plans = append(plans, p.customer(items[:n], prices, billed))
		items = items[n:]
	}
	return plans, nil
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("billing: plan: %w", err)
}

// charge is one period of an item, priced.
type charge struct {
	item   db.ListDueItemsRow
	period Period
	parts  []Part
	tax    Tax
}

// customer plans one customer by all the items that are due.
func (p *planner) customer(items []db.ListDueItemsRow, prices map[int64][]DatedPrice, billed map[int64][]db.ListDuePeriodsRow) customerPlan {
	who := items[0]
	plan := customerPlan{id: who.CustomerID}
	say := func(held bool, format string, args ...any) {
		problem := Problem{who.CustomerID, who.CustomerNumber, who.DisplayName, fmt.Sprintf(format, args...), held}
		if !slices.Contains(plan.problems, problem) {
			plan.problems = append(plan.problems, problem)
		}
	}
	if who.Status != "active" {
		say(true, "The customer is inactive, so nothing is billed. End the recurring items, or make the customer active again.")
		return plan
	}
	var charges []charge
	for _, i := range items {
		own, m, err := p.item(i, prices[i.ID], billed[i.ID], say)
		if err != nil {
			say(true, "%s: %s. Nothing is billed for it until that is put right.", i.Description, err.Error())
			continue
		}
		plan.moves = append(plan.moves, m)
		for _, c := range own {
			if total(c.parts) > 0 {
				charges = append(charges, c)
				continue
			}
			say(false, "%s costs nothing for %s, so it is not on the invoice.", i.Description, c.period)
			plan.free = append(plan.free, plannedPeriod{itemID: i.ID, from: c.period.From, until: c.period.Until})
		}
	}
	for len(charges) > 0 {
		of := charges
		charges = nil
		if p.order.PerSite {
			site := of[0].item.SiteID
			of, charges = split(of, func(c charge) bool { return c.item.SiteID == site })
		}
		invoice, err := p.invoice(of)
		if err == nil {
			plan.invoices = append(plan.invoices, invoice)
			continue
		}
		say(true, "The invoice cannot be made: %s", err.Error())
		for _, c := range of {
			plan.moves = slices.DeleteFunc(plan.moves, func(m move) bool { return m.itemID == c.item.ID })
			plan.free = slices.DeleteFunc(plan.free, func(f plannedPeriod) bool { return f.itemID == c.item.ID })
		}
	}
	return plan
}

// split parts a list in two, both in the order of the list.
func split(list []charge, first func(charge) bool) (yes, no []charge) {
	for _, c := range list {
		if first(c) {
			yes = append(yes, c)
		} else {
			no = append(no, c)
		}
	}
	return yes, no
}

// item prices all periods of an item that are to be billed. The error says in
// words why it is held.
func (p *planner) item(i db.ListDueItemsRow, prices []DatedPrice, billed []db.ListDuePeriodsRow, say func(bool, string, ...any)) ([]charge, move, error) {
	m := move{itemID: i.ID}
	if len(prices) == 0 {
		return nil, m, errors.New("it has no amount")
	}
	terms := termsOf(i.StartDate, i.EndDate, i.CycleMonths, i.Prorate, i.Arrears)
	var charges []charge
	for next := i.NextDate; ; {
		period, ok := terms.NextPeriod(next)
		if !ok {
			break
		}
		if over := overlapping(period, billed); !over.IsZero() {
			next = over.AddDays(1)
			continue
		}
		if month := terms.BillMonth(period); month > p.order.Month {
			m.next, m.month = period.From, month
			break
		}
		if !terms.Prorate || len(billed) == 0 {
			next = period.Until.AddDays(1)
		} else {
			// a gap between periods that were billed ends where the next begins
			for _, b := range billed {
				if b.FromDate > period.From && b.FromDate <= period.Until {
					period.Until = b.FromDate.AddDays(-1)
				}
			}
			next = period.Until.AddDays(1)
		}
		if len(charges) == caughtUp {
			return nil, m, fmt.Errorf("it was not billed since %s, for more than %d periods; say on the customer's page from which day it is billed", charges[0].period.From, caughtUp)
		}
		tax, err := p.taxOf(i, period, say)
		if err != nil {
			return nil, m, err
		}
		charges = append(charges, charge{i, period, terms.Charge(period, i.Quantity, prices), tax})
	}
	if len(charges) > 1 {
		say(false, "%s: %d periods are billed at once, from %s on.", i.Description, len(charges), charges[0].period.From)
	}
	return charges, m, nil
}

// overlapping returns the last day of what was billed of a period's first day,
// none when that is free.
func overlapping(p Period, billed []db.ListDuePeriodsRow) calendar.Date {
	for _, b := range billed {
		if b.FromDate <= p.From && b.UntilDate >= p.From {
			return b.UntilDate
		}
	}
	return ""
}

// taxOf is the tax that holds on the first day of a period, so that a month
// that is billed late is taxed as it would have been, and a new rate counts from
// the first period that begins with it.
func (p *planner) taxOf(i db.ListDueItemsRow, period Period, say func(bool, string, ...any)) (Tax, error) {
	if i.Taxable == 0 || len(p.taxes) == 0 && i.TaxCode == "" {
		return Tax{}, nil
	}
	now := exempt(i.TaxExempt, i.ExemptUntil, period.From)
	switch {
	case !i.SiteID.Valid:
		say(false, "%s belongs to no site, so no tax is charged.", i.Description)
	case i.TaxExempt != 0 && !now:
		say(false, "The exemption certificate of the site %s ended on %s, so tax is charged.", i.SiteName, calendar.Date(i.ExemptUntil))
	case i.TaxCode == "" && !now:
		say(false, "The site %s has no tax code, so no tax is charged.", i.SiteName)
	}
	tax, err := p.taxes.recurring(i.SiteName, i.TaxCode, now, period.From)
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return tax, errors.New(lowerFirst(f.Message))
	}
	return tax, err
}

// lowerFirst lets a sentence stand behind a colon.
func lowerFirst(s string) string {
	if s != "" && s[0] >= 'A' && s[0] <= 'Z' {
		return string(s[0]+'a'-'A') + s[1:]
	}
	return s
}

// invoice puts the charges on one invoice.
func (p *planner) invoice(charges []charge) (PlannedInvoice, error) {
	who := charges[0].item
	inv := PlannedInvoice{CustomerID: who.CustomerID, Number: who.CustomerNumber, Name: who.DisplayName, Date: p.order.Date, Due: p.order.Due,
		Mail: p.order.Mail && who.HasEmail != 0}
	if who.AutoPay == 0 {
		inv.Due = max(inv.Due, ledger.DueDate(inv.Date, who.Terms))
	}
	sites, systems := map[int64]bool{}, map[int64]bool{}
	for _, c := range charges {
		sites[c.item.SiteID.Int64] = true
		systems[c.item.SystemID.Int64] = true
	}
	if len(sites) == 1 {
		inv.SiteID = who.SiteID.Int64
	}
	for _, c := range charges {
		period := plannedPeriod{itemID: c.item.ID, from: c.period.From, until: c.period.Until, position: len(inv.Lines) + 1}
		for _, part := range c.parts {
			if part.Amount() == 0 {
				continue
			}
			l := ledger.Line{Description: lineWords(c.item, part, len(sites) > 1, len(systems) > 1), Quantity: part.Quantity, UnitPrice: part.UnitPrice}
			l.Tax = c.tax.Of(l.Amount())
			period.lines++
			period.amount += l.Amount()
			period.tax += l.Tax
			inv.Lines = append(inv.Lines, l)
		}
		inv.periods = append(inv.periods, period)
	}
	var err error
	record := inv.record()
	record.Number = "to come" // the sequence gives it
	inv.Total, inv.Tax, err = record.Check()
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return inv, errors.New(lowerFirst(f.Message))
	}
	return inv, err
}

// lineWords is what stands on the invoice: "Monitoring, Dec 1-31, 2026", with
// the site and the system in front when there are several, and behind it the
// days when a part of the period is charged.
func lineWords(i db.ListDueItemsRow, part Part, site, system bool) string {
	words := i.Description
	if system && i.SystemName != "" {
		words = i.SystemName + ": " + words
	}
	if site && i.SiteName != "" {
		words = i.SiteName + ", " + words
	}
	words += ", " + daysInWords(part.From, part.Until)
	if part.Days < part.WholeDays {
		words += fmt.Sprintf(" (%d of %d days)", part.Days, part.WholeDays)
	}
	return words
}

// record is the invoice as the ledger issues it, with a number of the sequence.
func (i PlannedInvoice) record() ledger.InvoiceRecord {
	return ledger.InvoiceRecord{CustomerID: i.CustomerID, SiteID: i.SiteID, Date: i.Date, Due: i.Due, Lines: i.Lines}
}

// Totals add up what a run makes or would make.
type Totals struct {
	Customers, Invoices, Periods int
	ToPrint                      int // invoices of customers without an e-mail address
	Problems, Held               int
	Tax, Total                   money.Cents
}

// Preview goes through all that a run of the order would make, customer by
// customer in the order of the books, and calls fn for every invoice and every
// problem (one of the two is nil). It writes nothing, reads the books as they
// are at one moment, and holds a page of customers in memory at a time.
func (s *Service) Preview(ctx context.Context, o Order, fn func(*PlannedInvoice, *Problem) error) (Totals, error) {
	var t Totals
	err := s.db.View(ctx, func(q *db.Queries) error {
		p, err := newPlanner(ctx, q, o)
		if err != nil {
			return err
		}
		for after := int64(0); ; {
			plans, err := p.customers(ctx, after, page)
			if err != nil || len(plans) == 0 {
				return err
			}
			for _, plan := range plans {
				if err := t.add(plan, fn); err != nil {
					return err
				}
				after = plan.id
			}
		}
	})
	return t, err
}

func (t *Totals) add(plan customerPlan, fn func(*PlannedInvoice, *Problem) error) error {
	t.Customers++
	t.Periods += len(plan.free)
	for n := range plan.invoices {
		i := &plan.invoices[n]
		t.Invoices++
		t.Periods += len(i.periods)
		t.Tax += i.Tax
		t.Total += i.Total
		if !i.Mail {
			t.ToPrint++
		}
		if err := fn(i, nil); err != nil {
			return err
		}
	}
	for n := range plan.problems {
		t.Problems++
		if plan.problems[n].Held {
			t.Held++
		}
		if err := fn(nil, &plan.problems[n]); err != nil {
			return err
		}
	}
	return nil
}

// PreviewPage is a page of what a run would make, with what it comes to in all.
type PreviewPage struct {
	Totals   Totals
	Invoices []PlannedInvoice // of the page
	Problems []Problem        // the first of them
	More     bool             // pages follow
}

// overview is what is kept of a preview: small, however many customers there are.
type overview struct {
	Totals
	problems []Problem
	starts   []start // of each page
}

// start is where a page begins: with the customer after an id, less as many of
// his invoices as are on the page before.
type start struct {
	after int64
	skip  int
}

// PreviewPage returns one page of [Service.Preview], from 1 on, and at most so
// many problems. Where the pages begin is kept until the books change, so that
// only the customers of the page are planned again.
func (s *Service) PreviewPage(ctx context.Context, o Order, number, perPage, problems int) (PreviewPage, error) {
	all, err := s.overview.Get(ctx, s.db, fmt.Sprint(o, perPage, problems), func() (*overview, error) { return s.lookOver(ctx, o, perPage, problems) })
	if err != nil {
		return PreviewPage{}, err
	}
	p := PreviewPage{Totals: all.Totals, Problems: all.problems, More: number < len(all.starts)}
	if number < 1 || number > len(all.starts) {
		return p, nil
	}
	at := all.starts[number-1]
	err = s.db.View(ctx, func(q *db.Queries) error {
		planner, err := newPlanner(ctx, q, o)
		if err != nil {
			return err
		}
		for len(p.Invoices) < perPage {
			plans, err := planner.customers(ctx, at.after, perPage)
			if err != nil || len(plans) == 0 {
				return err
			}
			for _, plan := range plans {
				skipped := min(at.skip, len(plan.invoices))
				p.Invoices = append(p.Invoices, plan.invoices[skipped:]...)
				at = start{plan.id, at.skip - skipped} // nobody is skipped of whom nothing is billed
			}
		}
		p.Invoices = p.Invoices[:perPage]
		return nil
	})
	return p, err
}

// lookOver goes through all of a preview once.
func (s *Service) lookOver(ctx context.Context, o Order, perPage, problems int) (*overview, error) {
	var all overview
	var before, now int64 // customers
	nth, n := 0, 0        // of the customer's invoices, of all
	t, err := s.Preview(ctx, o, func(i *PlannedInvoice, problem *Problem) error {
		if problem != nil {
			if len(all.problems) < problems {
				all.problems = append(all.problems, *problem)
			}
			return nil
		}
		if i.CustomerID != now {
			before, now, nth = now, i.CustomerID, 0
		}
		if n%perPage == 0 {
			all.starts = append(all.starts, start{after: before, skip: nth})
		}
		n++
		nth++
		return nil
	})
	all.Totals = t
	return &all, err
}
