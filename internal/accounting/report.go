package accounting

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"customerportal/db"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// Aging is what is owed now by how long it is past due.
type Aging struct {
	On    calendar.Date
	Ages  []Age
	Total Age
}

// Age is one column of an aging.
type Age struct {
	Label    string
	Amount   money.Cents
	Invoices int64
}

// ages are the columns by the most days past due, from what is not due yet.
var ages = []struct {
	label string
	most  int
}{{"Not due yet", 0}, {"1 to 30 days", 30}, {"31 to 60 days", 60}, {"61 to 90 days", 90}, {"More than 90 days", 1 << 30}}

// Aging adds up what is owed over all customers.
func (s *Service) Aging(ctx context.Context) (Aging, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return Aging{}, err
	}
	a := Aging{On: s.clock.Today(set.Zone), Total: Age{Label: "Total"}}
	for _, one := range ages {
		a.Ages = append(a.Ages, Age{Label: one.label})
	}
	days, err := s.db.Read().ListAgingDays(ctx)
	if err != nil {
		return a, fmt.Errorf("accounting: aging: %w", err)
	}
	for _, d := range days {
		late := d.DueDate.DaysUntil(a.On)
		for i := range ages {
			if late <= ages[i].most {
				a.Ages[i].Amount += money.Cents(d.Balance)
				a.Ages[i].Invoices += d.Invoices
				break
			}
		}
		a.Total.Amount += money.Cents(d.Balance)
		a.Total.Invoices += d.Invoices
	}
	return a, nil
}

// WriteRevenue writes what changed the monthly recurring revenue in the month
// that begins on a day, as CSV: what it was before, each change, what it is at
// the end.
func (s *Service) WriteRevenue(ctx context.Context, month calendar.Date, to io.Writer) error {
	before, end := month.AddDays(-1), month.AddMonths(1).AddDays(-1)
	err := s.db.ViewApart(ctx, func(q *db.Queries) error {
		return sheet(to, []string{"Date", "Customer #", "Customer", "Item", "What", "Reason", "A month"}, func(row func(...string)) error {
			was, err := billing.RevenueOn(ctx, q, before)
			if err != nil {
				return err
			}
			row(before.ISO(), "", "", "", "At the end of the day", "", was.Monthly.Plain())
			changes, err := billing.RevenueChanges(ctx, q, before, end)
			if err != nil {
				return err
			}
			for _, c := range changes {
				row(c.Day.ISO(), c.CustomerNumber, c.Customer, c.Description, c.What, c.Reason, c.Monthly.Plain())
			}
			is, err := billing.RevenueOn(ctx, q, end)
			if err != nil {
				return err
			}
			row(end.ISO(), "", "", "", "At the end of the day", "", is.Monthly.Plain())
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("accounting: recurring revenue: %w", err)
	}
	return nil
}

// WriteAging writes what each customer owes by age, with the credit held, as CSV.
// Customers who owe and hold nothing are left out.
func (s *Service) WriteAging(ctx context.Context, to io.Writer) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	today := s.clock.Today(set.Zone)
	header := []string{"Customer #", "Customer"}
	for _, a := range ages {
		header = append(header, a.label)
	}
	err = s.db.ViewApart(ctx, func(q *db.Queries) error {
		return sheet(to, append(header, "Total", "Unapplied credit"), func(row func(...string)) error {
			return pages(ctx, func(after int64) (int64, int, error) {
				list, err := q.ListAgingOfCustomers(ctx, db.ListAgingOfCustomersParams{TodayDate: today, Days30Date: today.AddDays(-30),
					Days60Date: today.AddDays(-60), Days90Date: today.AddDays(-90), AfterID: after, HowMany: pageOf})
				for _, c := range list {
					after = c.ID
					total := c.NotDue + c.Late30 + c.Late60 + c.Late90 + c.Later
					if total == 0 && c.Credit == 0 {
						continue
					}
					cells := []string{c.Number, c.DisplayName}
					for _, cents := range []int64{c.NotDue, c.Late30, c.Late60, c.Late90, c.Later, total, c.Credit} {
						cells = append(cells, money.Cents(cents).Plain())
					}
					row(cells...)
				}
				return after, len(list), err
			})
		})
	})
	if err != nil {
		return fmt.Errorf("accounting: aging: %w", err)
	}
	return nil
}

// Cash is what came in over a period, month by month and by what it was paid with.
type Cash struct {
	Period
	Kinds  []string // the columns: "Credit Card", "Check"
	Months []CashMonth
	Total  CashMonth
}

// CashMonth is one month of it, or the part of it that is in the period.
type CashMonth struct {
	Month    calendar.Date // its first day
	Received []money.Cents // by kind
	// GivenBack is what left again by refunds, returns and disputes.
	GivenBack money.Cents
}

// Gross is what was received.
func (m CashMonth) Gross() money.Cents {
	var sum money.Cents
	for _, c := range m.Received {
		sum += c
	}
	return sum
}

// Net is what stayed.
func (m CashMonth) Net() money.Cents { return m.Gross() - m.GivenBack }

// cashKinds is the order of the columns.
var cashKinds = []ledger.Kind{ledger.Card, ledger.ECheck, ledger.Check, ledger.Cash, ledger.Other}

// Cash adds up what came in over a period. Months without money are in it too.
func (s *Service) Cash(ctx context.Context, p Period) (Cash, error) {
	if err := p.Check(); err != nil {
		return Cash{}, err
	}
	c := Cash{Period: p, Total: CashMonth{Received: make([]money.Cents, len(cashKinds))}}
	for _, k := range cashKinds {
		c.Kinds = append(c.Kinds, k.Label())
	}
	rows, err := s.db.Read().ListCashOfPeriod(ctx, db.ListCashOfPeriodParams{FromDate: p.From, ToDate: p.To})
	if err != nil {
		return c, fmt.Errorf("accounting: cash received: %w", err)
	}
	first := calendar.NewDate(p.From.Year(), p.From.Month(), 1)
	for n := range maxMonths {
		month := first.AddMonths(n)
		if month > p.To {
			break
		}
		c.Months = append(c.Months, CashMonth{Month: month, Received: make([]money.Cents, len(cashKinds))})
	}
	for _, r := range rows {
		column := slices.Index(cashKinds, ledger.Kind(r.Kind))
		if column < 0 {
			column = len(cashKinds) - 1
		}
		at := slices.IndexFunc(c.Months, func(m CashMonth) bool { return strings.HasPrefix(m.Month.ISO(), r.Month) })
		if at >= 0 {
			c.Months[at].Received[column] += money.Cents(r.Received)
			c.Months[at].GivenBack += money.Cents(r.GivenBack)
		}
		c.Total.Received[column] += money.Cents(r.Received)
		c.Total.GivenBack += money.Cents(r.GivenBack)
	}
	return c, nil
}

// maxMonths bounds a report by months: what is longer is asked for in parts.
const maxMonths = 240

// WriteCash writes the same as CSV.
func (s *Service) WriteCash(ctx context.Context, p Period, to io.Writer) error {
	c, err := s.Cash(ctx, p)
	if err != nil {
		return err
	}
	return sheet(to, append(append([]string{"Month"}, c.Kinds...), "Received", "Given back", "Net"), func(row func(...string)) error {
		for _, m := range c.Months {
			cells := []string{m.Month.ISO()[:7]}
			for _, cents := range append(slices.Clone(m.Received), m.Gross(), m.GivenBack, m.Net()) {
				cells = append(cells, cents.Plain())
			}
			row(cells...)
		}
		return nil
	})
}

// Tax is the sales tax that was invoiced over a period, by the tax code of the
// site; invoices that were voided in the period are taken off.
type Tax struct {
	Period
	Codes []TaxCode
	Total TaxCode
}

// TaxCode is what one tax code came to.
type TaxCode struct {
	Code, Name string // "" for invoices whose site has none
	Exempt     bool   // of sites with an exemption
	// Taxed and Untaxed are sales by whether tax was charged on them.
	Taxed, Untaxed, Tax money.Cents
}

// Tax adds up the sales tax of a period.
func (s *Service) Tax(ctx context.Context, p Period) (Tax, error) {
	t := Tax{Period: p}
	if err := p.Check(); err != nil {
		return t, err
	}
	err := s.db.View(ctx, func(q *db.Queries) error {
		rows, err := q.ListTaxOfPeriod(ctx, db.ListTaxOfPeriodParams{FromDate: p.From, ToDate: p.To})
		if err != nil {
			return err
		}
		for _, r := range rows {
			t.Codes = append(t.Codes, TaxCode{r.Code, r.Name, r.Exempt != 0, money.Cents(r.Taxable), money.Cents(r.Untaxed), money.Cents(r.Tax)})
		}
		voids, err := q.ListVoidsOfPeriod(ctx, db.ListVoidsOfPeriodParams{FromDate: p.From, ToDate: p.To})
		if err != nil {
			return err
		}
		for _, v := range voids {
			c := t.of(v.Code, v.Name, v.Exempt != 0)
			tax, taxed := taxOf(-v.Cents, v.TotalCents, v.TaxCents), taxOf(-v.Cents, v.TotalCents, money.Cents(v.Taxed))
			c.Tax -= tax
			c.Taxed -= taxed
			c.Untaxed -= -v.Cents - tax - taxed
		}
		return nil
	})
	if err != nil {
		return t, fmt.Errorf("accounting: sales tax: %w", err)
	}
	slices.SortFunc(t.Codes, func(a, b TaxCode) int { return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.label(), b.label())) })
	for _, c := range t.Codes {
		t.Total.Taxed += c.Taxed
		t.Total.Untaxed += c.Untaxed
		t.Total.Tax += c.Tax
	}
	return t, nil
}

// of returns the line of a code, made when it is missing.
func (t *Tax) of(code, name string, exempt bool) *TaxCode {
	i := slices.IndexFunc(t.Codes, func(c TaxCode) bool { return c.Code == code && c.Exempt == exempt })
	if i < 0 {
		t.Codes = append(t.Codes, TaxCode{Code: code, Name: name, Exempt: exempt})
		i = len(t.Codes) - 1
	}
	return &t.Codes[i]
}

// label tells the lines of one code apart.
func (c TaxCode) label() string {
	if c.Exempt {
		return c.Name + ", exempt"
	}
	return c.Name
}

// Label names the line for people: "Troy, NY", "NY-TROY, exempt", "No tax code".
func (c TaxCode) Label() string {
	name := cmp.Or(c.Name, c.Code, "No tax code")
	if c.Exempt {
		name += ", exempt"
	}
	return name
}

// WriteTax writes the same as CSV.
func (s *Service) WriteTax(ctx context.Context, p Period, to io.Writer) error {
	t, err := s.Tax(ctx, p)
	if err != nil {
		return err
	}
	return sheet(to, []string{"Tax code", "Name", "Exempt", "Taxed sales", "Sales not taxed", "Tax"}, func(row func(...string)) error {
		for _, c := range t.Codes {
			exempt := "no"
			if c.Exempt {
				exempt = "yes"
			}
			row(c.Code, c.Name, exempt, c.Taxed.Plain(), c.Untaxed.Plain(), c.Tax.Plain())
		}
		return nil
	})
}
