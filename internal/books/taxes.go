package books

import (
	"context"
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

// taxes.csv has a row for each rate: the code, its name and what it taxes, and
// the rate from a day on. A rate in the books is never edited, for what was
// billed by it was billed rightly: a file can only add one.

// taxValue reads one cell of taxes.csv into the form in which the books write it.
func (w *row) taxValue(column string) string {
	switch column {
	case "tax_code":
		return w.needed(column)
	case "taxes_recurring", "taxes_other":
		return w.yes(column)
	case "from_date":
		day := w.date(column, false)
		if day.IsZero() && w.raw("rate_percent") != "" && !w.refused(column) {
			w.no(column, "the day from which the rate holds is missing")
		}
		return day.ISO()
	case "rate_percent":
		s := w.text(column)
		if s == "" {
			if w.raw("from_date") != "" && !w.refused(column) {
				w.no(column, "the rate is missing; write 0 when there is no tax from that day on")
			}
			return ""
		}
		rate, err := billing.ParseRate(s)
		if err != nil {
			w.no(column, "%s is not taken: %s", strconv.Quote(shorten(s)), err)
		}
		return billing.FormatRate(rate)
	}
	return w.text(column)
}

// certificate reads the number of an exemption's paper.
func (w *row) certificate(column string) string {
	s := w.text(column)
	if f, ok := errors.AsType[*fault.Error](billing.CheckCertificate(s)); ok {
		w.no(column, "%s", f.Message)
	}
	return s
}

// taxBook is the tax codes by their names in small letters, as the books and
// then the rows so far have them.
type taxBook map[string]*taxEntry

type taxEntry struct {
	line  int64             // on which the file wrote it first, 0 = only the books have it
	head  [4]string         // tax_code, name, taxes_recurring, taxes_other
	rates map[string]string // by their days
}

// readTaxBook reads the codes of the books.
func readTaxBook(ctx context.Context, q *db.Queries) (taxBook, error) {
	codes, err := q.ListTaxCodes(ctx)
	if err != nil {
		return nil, fmt.Errorf("books: tax codes: %w", err)
	}
	rates, err := q.ListTaxRates(ctx)
	if err != nil {
		return nil, fmt.Errorf("books: tax rates: %w", err)
	}
	b, byID := taxBook{}, map[int64]*taxEntry{}
	for _, c := range codes {
		e := &taxEntry{head: [4]string{c.Code, c.Name, yesNo(c.TaxesRecurring), yesNo(c.TaxesOther)}, rates: map[string]string{}}
		b[asciiLower(c.Code)], byID[c.ID] = e, e
	}
	for _, r := range rates {
		byID[r.TaxCodeID].rates[r.FromDate.ISO()] = billing.FormatRate(money.RatePPM(r.Ppm))
	}
	return b, nil
}

// asciiLower makes codes comparable as the books compare them.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// taxCode makes a tax code of a row. What a new one taxes is everything, unless
// the row says otherwise.
func (t thing) taxCode() billing.TaxCode {
	return billing.TaxCode{Code: t.cell("tax_code"), Name: t.cell("name"), Recurring: t.cell("taxes_recurring") != "no", Other: t.cell("taxes_other") != "no"}
}

// noted keeps what a row says of its code for the rows after it.
func (b taxBook) noted(t thing) {
	c, key := t.taxCode(), asciiLower(t.cell("tax_code"))
	e := b[key]
	if e == nil {
		e = &taxEntry{rates: map[string]string{}}
		b[key] = e
	}
	e.head = [4]string{c.Code, c.Name, "yes", "yes"}
	if !c.Recurring {
		e.head[2] = "no"
	}
	if !c.Other {
		e.head[3] = "no"
	}
	if e.line == 0 {
		e.line = t.line
	}
	if day := t.cell("from_date"); day != "" {
		e.rates[day] = t.cell("rate_percent")
	}
}

func (p *planner) taxes(ctx context.Context) error {
	book, err := readTaxBook(ctx, p.q)
	if err != nil {
		return err
	}
	return p.stage.things(ctx, taxesFile, func(t thing) error {
		p.tick(1)
		day, rate := t.cell("from_date"), t.cell("rate_percent")
		e := book[asciiLower(t.cell("tax_code"))]
		var old []string
		if e != nil {
			old = append(e.head[:len(e.head):len(e.head)], day, rate)
			t = t.over(old)
		}
		refuse := func(column, format string, args ...any) error {
			return errors.Join(p.refuse(t.file, t.line, column, format, args...), p.decide(t, isRefused))
		}
		if err := t.taxCode().Check(); err != nil {
			f, ok := errors.AsType[*fault.Error](err)
			if !ok {
				return err
			}
			if f.Field == "code" { // as the screens call it
				f.Field = "tax_code"
			}
			return refuse(f.Field, "%s", f.Message)
		}
		if e == nil {
			book.noted(t)
			return p.decide(t, isNew)
		}
		if e.line != 0 {
			for i, was := range e.head {
				if column := taxesFile.columns[i]; t.cells[i] != was && !anyCase(taxesFile, column) {
					return refuse(column, "on line %d the tax code %s has %s here", e.line, e.head[0], strconv.Quote(shorten(was)))
				}
			}
		}
		has, there := e.rates[day]
		if there && has != rate {
			return refuse("rate_percent", "from %s on the tax code %s has %s %% in the books, which stays: a rate is never edited, add a new one from a later day", calendar.Date(day), e.head[0], has)
		}
		v := p.differs(t, old, never)
		if day != "" && !there {
			v = isNew
		}
		book.noted(t)
		return p.decide(t, v)
	}, undecided)
}

func (w *writer) taxes(ctx context.Context) error {
	quiet := context.WithoutCancel(ctx)
	book, err := readTaxBook(quiet, w.q)
	if err != nil {
		return err
	}
	return w.stage.things(ctx, taxesFile, func(t thing) error {
		w.tick(1)
		day, rate := t.cell("from_date"), t.cell("rate_percent")
		there := false
		if e := book[asciiLower(t.cell("tax_code"))]; e != nil {
			t = t.over(append(e.head[:len(e.head):len(e.head)], day, rate))
			_, there = e.rates[day]
		}
		id, err := billing.SaveTaxCode(quiet, w.q, w.now, t.taxCode())
		if err != nil {
			return w.at(t.file, t.line, err)
		}
		book.noted(t)
		if day == "" || there {
			return nil
		}
		ppm, err := billing.ParseRate(rate)
		if err == nil {
			err = billing.SaveTaxRate(quiet, w.q, w.now, id, ppm, calendar.Date(day))
		}
		return w.at(t.file, t.line, err)
	}, isNew, isChanged)
}

// exemption stores the paper of a site's exemption when the row says something
// else of it than the books.
func (w *writer) exemption(ctx context.Context, siteID int64, t thing, old []string) error {
	n := slices.Index(sitesFile.columns, "exemption_certificate")
	was := []string{"", ""}
	if old != nil {
		was = old[n:]
	}
	if slices.Equal(t.cells[n:], was) {
		return nil
	}
	return billing.SaveExemption(ctx, w.q, w.now, siteID, t.cells[n], calendar.Date(t.cells[n+1]))
}

func (e *exporter) taxes(ctx context.Context) error {
	list, err := e.q.ExportTaxRates(ctx)
	for _, r := range list {
		day, rate := "", ""
		if r.FromDate != "" {
			day, rate = r.FromDate, billing.FormatRate(money.RatePPM(r.Ppm))
		}
		e.row(r.Code, r.Name, yesNo(r.TaxesRecurring), yesNo(r.TaxesOther), day, rate)
	}
	return err
}
