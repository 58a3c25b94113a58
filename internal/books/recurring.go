package books

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"customerportal/db"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
)

// A recurring item has no number: the customer, the site, the system, the
// description and the first day name it. Beyond the columns that every dealer's
// program has, price_history ("2026-01-01:45.00;2026-12-01:47.50") and
// billed_until carry over what the amount alone cannot say.

// recurringKey are the columns that name an item.
var recurringKey = []string{"customer_number", "site_name", "system_name", "description", "start_date"}

// recurringMayChange are the columns that a file may change of an item in the
// books. What was billed, and how, stays.
var recurringMayChange = []string{"amount", "price_history", "end_date", "end_reason", "taxable"}

// parsePrices reads price_history.
func parsePrices(s string) ([]billing.DatedPrice, error) {
	var out []billing.DatedPrice
	for _, part := range parseList(s) {
		day, amount, ok := strings.Cut(part, ":")
		if !ok {
			return nil, fmt.Errorf("%s is not a day and an amount, like 2026-11-01:45.00", strconv.Quote(shorten(part)))
		}
		from, err := parseDate(strings.TrimSpace(day))
		if err != nil {
			return nil, err
		}
		cents, err := parseMoney(strings.TrimSpace(amount))
		if err != nil {
			return nil, err
		}
		out = append(out, billing.DatedPrice{From: from, Amount: cents})
	}
	return out, nil
}

// formatPrices is the opposite of parsePrices.
func formatPrices(prices []billing.DatedPrice) string {
	parts := make([]string, len(prices))
	for i, p := range prices {
		parts[i] = p.From.ISO() + ":" + p.Amount.Plain()
	}
	return strings.Join(parts, ";")
}

// recurringValue reads one cell of recurring.csv into the form in which the
// books write it.
func (w *row) recurringValue(column string) string {
	switch column {
	case "customer_number":
		return w.needed(column)
	case "description":
		return oneLine(w.description())
	case "amount":
		c := w.money(column, true)
		if w.refused(column) {
			return ""
		}
		return c.Plain()
	case "cycle_months":
		s := w.needed(column)
		n, err := strconv.Atoi(s)
		if s != "" && (err != nil || !slices.Contains(billing.Cycles, n)) {
			w.no(column, "%s is not 1, 2, 3, 6 or 12 months", strconv.Quote(shorten(s)))
		}
		return strconv.Itoa(n)
	case "start_date":
		return w.date(column, true).ISO()
	case "end_date", "billed_until":
		return w.date(column, false).ISO()
	case "prorate", "arrears", "taxable":
		return w.yes(column)
	case "quantity":
		s := w.text(column)
		if s == "" {
			return ""
		}
		q, err := parseQuantity(s)
		if err != nil {
			w.no(column, "%s", err)
		}
		return q.String()
	case "price_history":
		prices, err := parsePrices(w.raw(column))
		if err != nil {
			w.no(column, "%s", err)
		}
		return formatPrices(prices)
	}
	return w.text(column)
}

// foundItem is an item in the books, with what it holds as cells.
type foundItem struct {
	id    int64
	next  calendar.Date
	cells []string
}

// recurringItem returns the item that a row names, nil when it is new.
func recurringItem(ctx context.Context, q *db.Queries, customerID int64, t thing) (*foundItem, error) {
	if customerID == 0 {
		return nil, nil
	}
	r, err := q.FindRecurringItem(ctx, db.FindRecurringItemParams{CustomerID: customerID, SiteName: t.cell("site_name"), SystemName: t.cell("system_name"),
		Description: t.cell("description"), StartDate: calendar.Date(t.cell("start_date"))})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("books: recurring item: %w", err)
	}
	cells, err := recurringCells(ctx, q, db.ExportRecurringItemsRow{ID: r.ID, CustomerNumber: t.cell("customer_number"), SiteName: t.cell("site_name"), SystemName: t.cell("system_name"),
		Description: r.Description, Quantity: r.Quantity, CycleMonths: r.CycleMonths, StartDate: r.StartDate, EndDate: r.EndDate, Prorate: r.Prorate, Arrears: r.Arrears,
		Taxable: r.Taxable, Reason: r.Reason, EndReason: r.EndReason, NextDate: r.NextDate, Billed: r.Billed})
	if err != nil {
		return nil, err
	}
	return &foundItem{r.ID, r.NextDate, cells}, nil
}

// recurringCells is an item as recurring.csv has it.
func recurringCells(ctx context.Context, q *db.Queries, r db.ExportRecurringItemsRow) ([]string, error) {
	amounts, err := q.ExportRecurringAmounts(ctx, r.ID)
	if err != nil {
		return nil, fmt.Errorf("books: recurring item %d: %w", r.ID, err)
	}
	prices := make([]billing.DatedPrice, len(amounts))
	for i, a := range amounts {
		prices[i] = billing.DatedPrice{From: a.FromDate, Amount: a.AmountCents}
	}
	until := calendar.Date(r.Billed)
	switch {
	case r.NextDate.IsZero():
		until = max(until, r.EndDate)
	default: // the day before the start says that nothing was billed
		until = max(until, r.NextDate.AddDays(-1))
	}
	last := ""
	if len(prices) > 0 {
		last = prices[len(prices)-1].Amount.Plain()
	}
	return []string{r.CustomerNumber, r.SiteName, r.SystemName, r.Description, last, strconv.FormatInt(r.CycleMonths, 10), r.StartDate.ISO(), r.EndDate.ISO(),
		yesNo(r.Prorate), yesNo(r.Arrears), r.Quantity.String(), yesNo(r.Taxable), until.ISO(), formatPrices(prices), r.Reason, r.EndReason}, nil
}

// recurringRecord makes a new item of cells. When the file does not say until
// when it was billed, what began by today counts as billed elsewhere: an import
// never charges for the past by itself.
func (t thing) recurringRecord(today calendar.Date) (billing.ItemRecord, error) {
	r := billing.ItemRecord{Description: t.cell("description"), Quantity: money.QuantityScale, Taxable: t.cell("taxable") != "no",
		Terms:       billing.Terms{Start: calendar.Date(t.cell("start_date")), End: calendar.Date(t.cell("end_date")), Prorate: t.cell("prorate") == "yes", Arrears: t.cell("arrears") == "yes"},
		BilledUntil: calendar.Date(t.cell("billed_until")), Reason: t.cell("reason"), EndReason: t.cell("end_reason")}
	r.Terms.Cycle, _ = strconv.Atoi(t.cell("cycle_months"))
	var err error
	if s := t.cell("quantity"); s != "" {
		if r.Quantity, err = parseQuantity(s); err != nil {
			return r, err
		}
	}
	amount, err := parseMoney(t.cell("amount"))
	if err != nil {
		return r, err
	}
	if r.Prices, err = parsePrices(t.cell("price_history")); err != nil {
		return r, err
	}
	switch {
	case len(r.Prices) == 0:
		r.Prices = []billing.DatedPrice{{From: r.Terms.Start, Amount: amount}}
	case r.Prices[len(r.Prices)-1].Amount != amount:
		return r, fault.Field("price_history", "it ends with %s, but the amount is %s", r.Prices[len(r.Prices)-1].Amount, amount)
	}
	if r.BilledUntil.IsZero() && r.Terms.Start <= today && r.Check() == nil {
		r.BilledUntil = begunBy(r.Terms, today)
	}
	return r, nil
}

// begunBy is the last day of what counts as billed by a day: of the period that
// has begun, or, in arrears, of the one that is over.
func begunBy(t billing.Terms, today calendar.Date) calendar.Date {
	open := t
	open.End = ""
	p, _ := open.NextPeriod(open.Start)
	until := p.From.AddDays(-1)
	for p.From <= today {
		if t.Arrears && p.Until >= today {
			break
		}
		until = p.Until
		p, _ = open.NextPeriod(p.Until.AddDays(1))
	}
	if until < t.Start {
		return ""
	}
	return until
}

// newPrices are the prices of a row that an item in the books does not have and
// that can still hold: nothing before the day where billing goes on.
func (i *foundItem) newPrices(t thing) ([]billing.DatedPrice, error) {
	have, err := parsePrices(i.cells[slices.Index(recurringFile.columns, "price_history")])
	if err != nil {
		return nil, err
	}
	want, err := parsePrices(t.cell("price_history"))
	if err != nil {
		return nil, err
	}
	amount, err := parseMoney(t.cell("amount"))
	if err != nil {
		return nil, err
	}
	if i.next.IsZero() {
		return nil, nil
	}
	if len(want) == 0 || want[len(want)-1].Amount != amount {
		if len(have) == 0 || have[len(have)-1].Amount != amount {
			want = append(want, billing.DatedPrice{From: i.next, Amount: amount})
		}
	}
	var out []billing.DatedPrice
	for _, p := range want {
		if p.From >= i.next && !slices.Contains(have, p) {
			out = append(out, p)
		}
	}
	return out, nil
}

func (p *planner) recurring(ctx context.Context) error {
	return p.stage.things(ctx, recurringFile, func(t thing) error {
		p.tick(1)
		number, site, system := t.cell("customer_number"), t.cell("site_name"), t.cell("system_name")
		id, why, err := p.owner(ctx, number)
		if err != nil {
			return err
		}
		column := "customer_number"
		var siteID int64
		if why == "" && site != "" {
			column = "site_name"
			if siteID, why, err = p.place(ctx, id, number, site); err != nil {
				return err
			}
		}
		if why == "" && system != "" {
			column = "system_name"
			if why, err = p.systemOf(ctx, siteID, number, site, system); err != nil {
				return err
			}
		}
		if why != "" {
			return errors.Join(p.refuse(t.file, t.line, column, "%s", why), p.decide(t, isRefused))
		}
		old, err := recurringItem(ctx, p.q, id, t)
		if err != nil {
			return err
		}
		if old == nil {
			r, err := t.recurringRecord(p.today)
			if err == nil {
				err = r.Check()
			}
			if err != nil {
				return errors.Join(p.refuseFault(t.file, t.line, err), p.decide(t, isRefused))
			}
			return p.decide(t, isNew)
		}
		t = t.over(old.cells)
		prices, err := old.newPrices(t)
		if err != nil {
			return err
		}
		return p.compare(t, old.cells, func(column string) string {
			switch {
			case column == "description":
				return "the item is written otherwise in the books, which stays"
			case column == "billed_until":
				return "the books say what was billed, which stays"
			case !slices.Contains(recurringMayChange, column):
				return "the item is in the books and stays as it is; end it and add another"
			case (column == "amount" || column == "price_history") && len(prices) == 0:
				return "what is billed stays as it is"
			case (column == "end_date" || column == "end_reason") && old.next.IsZero():
				return "the item has ended, and all of it is billed"
			}
			return ""
		})
	}, undecided)
}

// systemOf says in words that a site has no such system, "" when it has.
func (p *planner) systemOf(ctx context.Context, siteID int64, number, site, system string) (string, error) {
	if site == "" {
		return "a system is at a site; name the site, too", nil
	}
	if siteID != 0 {
		_, err := p.q.GetSystemOfSite(ctx, db.GetSystemOfSiteParams{SiteID: siteID, Name: system})
		if err == nil {
			return "", nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return "", fmt.Errorf("books: system %s: %w", system, err)
		}
	}
	taken, refused, err := p.staged(systemsFile, number+separator+site+separator+system)
	switch {
	case err != nil || taken:
		return "", err
	case refused != 0:
		return fmt.Sprintf("system %s on line %d of systems.csv was refused", strconv.Quote(shorten(system)), refused), nil
	}
	return fmt.Sprintf("the site %s has no system %s", strconv.Quote(shorten(site)), strconv.Quote(shorten(system))), nil
}

func (w *writer) recurring(ctx context.Context) error {
	quiet := context.WithoutCancel(ctx)
	return w.stage.things(ctx, recurringFile, func(t thing) error {
		w.tick(1)
		id, err := w.ids.find(quiet, w.q, t.cell("customer_number"))
		if err != nil {
			return err
		}
		old, err := recurringItem(quiet, w.q, id, t)
		if err != nil {
			return err
		}
		if old == nil {
			return w.at(t.file, t.line, w.newItem(quiet, id, t))
		}
		t = t.over(old.cells)
		prices, err := old.newPrices(t)
		if err != nil {
			return w.at(t.file, t.line, err)
		}
		return w.at(t.file, t.line, billing.UpdateItem(quiet, w.q, w.now, id, old.id, billing.ItemUpdate{
			Prices: prices, End: calendar.Date(t.cell("end_date")), EndReason: t.cell("end_reason"), Taxable: t.cell("taxable") != "no"}))
	}, isNew, isChanged)
}

func (w *writer) newItem(ctx context.Context, customerID int64, t thing) error {
	r, err := t.recurringRecord(w.today)
	if err != nil {
		return err
	}
	r.CustomerID = customerID
	if site := t.cell("site_name"); site != "" {
		if r.SiteID, err = w.q.FindSite(ctx, db.FindSiteParams{CustomerID: customerID, Name: site}); err != nil {
			return err
		}
		if system := t.cell("system_name"); system != "" {
			y, err := w.q.GetSystemOfSite(ctx, db.GetSystemOfSiteParams{SiteID: r.SiteID, Name: system})
			if err != nil {
				return err
			}
			r.SystemID = y.ID
		}
	}
	_, err = billing.AddItem(ctx, w.q, w.now, r)
	return err
}

func (e *exporter) recurring(ctx context.Context) error {
	return pages(ctx, func(after int64) (int64, int, error) {
		list, err := e.q.ExportRecurringItems(ctx, db.ExportRecurringItemsParams{AfterID: after, HowMany: pageOf})
		for _, r := range list {
			cells, err := recurringCells(ctx, e.q, r)
			if err != nil {
				return 0, 0, err
			}
			e.row(cells...)
			after = r.ID
		}
		return after, len(list), err
	})
}
