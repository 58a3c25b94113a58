package billing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
)

// Tax is the sales tax that a line is charged with. The zero Tax is none.
type Tax struct {
	Rate money.RatePPM
	Name string // of the tax, "" when the site has none
	// Exempt says that the site pays none although it has a tax.
	Exempt bool
}

// Of returns the tax on one line's amount, rounded half up to the cent.
func (t Tax) Of(amount money.Cents) money.Cents { return money.Tax(amount, t.Rate) }

// TaxOn returns the sales tax of a site on a day, for what recurs or for
// anything else. No site, or a site without a tax code, has none; so has one
// whose exemption holds on that day: when its certificate has expired, tax is
// charged again.
//
// A site whose code is not among the tax codes, or has no rate yet on that day,
// is an Invalid fault with the field tax_code: nothing can be charged until
// that is put right. It reads in the caller's transaction.
func TaxOn(ctx context.Context, q *db.Queries, siteID int64, on calendar.Date, recurring bool) (Tax, error) {
	if siteID == 0 {
		return Tax{}, nil
	}
	row, err := q.GetSiteTax(ctx, db.GetSiteTaxParams{OnDate: on, SiteID: siteID})
	if errors.Is(err, sql.ErrNoRows) {
		return Tax{}, fault.Missing("site")
	}
	if err != nil {
		return Tax{}, fmt.Errorf("billing: tax of site %d: %w", siteID, err)
	}
	t := siteRule{site: row.SiteName, code: row.TaxCode, exempt: exempt(row.TaxExempt, row.ExemptUntil, on), known: row.CodeID != 0, name: row.TaxName,
		taxed: row.TaxesRecurring != 0, ppm: row.Ppm}
	if !recurring {
		t.taxed = row.TaxesOther != 0
	}
	return t.on(on)
}

// siteRule is what the books say of a site's tax on one day.
type siteRule struct {
	site, code, name     string
	exempt, known, taxed bool
	ppm                  int64 // -1 = no rate yet
}

func (t siteRule) on(day calendar.Date) (Tax, error) {
	switch {
	case t.code == "":
		return Tax{}, nil
	case t.exempt:
		return Tax{Name: t.name, Exempt: true}, nil
	case !t.known:
		return Tax{}, fault.Field("tax_code", "The site %s has the tax code %s, which is not among the tax codes in the settings", t.site, t.code)
	case !t.taxed:
		return Tax{Name: t.name}, nil
	case t.ppm < 0:
		return Tax{}, fault.Field("tax_code", "The tax code %s of the site %s has no rate on %s", t.code, t.site, day)
	}
	return Tax{Rate: money.RatePPM(t.ppm), Name: t.name}, nil
}

// taxTable is all the tax codes, for work that asks for the tax of many sites.
type taxTable map[string]*taxLine // by the code in small letters

type taxLine struct {
	db.ListTaxCodesRow
	rates []db.TaxRate // oldest first
}

func readTaxTable(ctx context.Context, q *db.Queries) (taxTable, error) {
	codes, err := q.ListTaxCodes(ctx)
	if err != nil {
		return nil, fmt.Errorf("billing: tax codes: %w", err)
	}
	rates, err := q.ListTaxRates(ctx)
	if err != nil {
		return nil, fmt.Errorf("billing: tax rates: %w", err)
	}
	table := taxTable{}
	for _, c := range codes {
		line := &taxLine{ListTaxCodesRow: c}
		for _, r := range rates {
			if r.TaxCodeID == c.ID {
				line.rates = append(line.rates, r)
			}
		}
		table[strings.ToLower(c.Code)] = line
	}
	return table, nil
}

// recurring is [TaxOn] for what recurs.
func (t taxTable) recurring(site, code string, exemptNow bool, on calendar.Date) (Tax, error) {
	s := siteRule{site: site, code: code, exempt: exemptNow, ppm: -1}
	if line := t[strings.ToLower(code)]; line != nil {
		s.known, s.name, s.taxed = true, line.Name, line.TaxesRecurring != 0
		for _, r := range line.rates {
			if r.FromDate <= on {
				s.ppm = r.Ppm
			}
		}
	}
	return s.on(on)
}

// exempt reports whether a site's exemption holds on a day.
func exempt(flag int64, until string, on calendar.Date) bool {
	return flag != 0 && (until == "" || calendar.Date(until) >= on)
}

// maxRate is the highest tax rate that is taken, 50 %: more is a slip.
const maxRate money.RatePPM = 500_000

// ParseRate reads a tax rate in percent as people type it, "6.25" or "8.875 %",
// with at most four decimals.
func ParseRate(s string) (money.RatePPM, error) {
	wrong := errors.New("Enter a rate in percent, like 6.25")
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "%"))
	whole, frac, point := strings.Cut(s, ".")
	if whole == "" || len(whole) > 3 || !digits(whole) || len(frac) > 4 || !digits(frac) || point && frac == "" {
		return 0, wrong
	}
	n, _ := strconv.ParseInt(whole+frac+strings.Repeat("0", 4-len(frac)), 10, 64)
	if money.RatePPM(n) > maxRate {
		return 0, errors.New("A rate is at most 50 %")
	}
	return money.RatePPM(n), nil
}

// FormatRate writes a rate in percent without trailing zeros: "6.25".
func FormatRate(r money.RatePPM) string {
	s := fmt.Sprintf("%d.%04d", r/10_000, r%10_000)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// TaxCode is a tax as the dealer sets it up.
type TaxCode struct {
	Code string // what sites name it by
	Name string // as screens and reports call it
	// Recurring and Other say whether recurring charges are taxed by it, and
	// everything else.
	Recurring, Other bool
}

func (c *TaxCode) check() fault.Fields {
	var refused fault.Fields
	c.Code, c.Name = oneLine(c.Code), oneLine(c.Name)
	switch {
	case c.Code == "":
		refused.Add("code", "Enter a code, like MA")
	case len(c.Code) > 40:
		refused.Add("code", "A code has at most 40 letters")
	}
	switch {
	case c.Name == "":
		refused.Add("name", "Enter a name, like Massachusetts sales tax")
	case len(c.Name) > 100:
		refused.Add("name", "A name has at most 100 letters")
	}
	return refused
}

// Check returns the Invalid fault that saving the code would be refused with,
// as far as the books are not needed for it.
func (c TaxCode) Check() error {
	refused := c.check()
	return refused.Err()
}

// SaveTaxCode adds a tax code or, when the books have one of that code in
// whatever case, gives it the name and what it taxes; the code itself stays as
// it is. It returns its id and runs in the caller's transaction.
func SaveTaxCode(ctx context.Context, q *db.Queries, now calendar.Instant, c TaxCode) (int64, error) {
	refused := c.check()
	if err := refused.Err(); err != nil {
		return 0, err
	}
	old, err := q.GetTaxCode(ctx, c.Code)
	if errors.Is(err, sql.ErrNoRows) {
		return addTaxCode(ctx, q, now, c)
	}
	if err != nil {
		return 0, fmt.Errorf("billing: tax code %s: %w", c.Code, err)
	}
	err = q.UpdateTaxCode(ctx, db.UpdateTaxCodeParams{Name: c.Name, TaxesRecurring: db.Flag(c.Recurring), TaxesOther: db.Flag(c.Other), ID: old.ID})
	if err != nil {
		return 0, fmt.Errorf("billing: tax code %s: %w", c.Code, err)
	}
	return old.ID, nil
}

// AddTaxCode adds a tax code with its first rate and returns its id. A code
// that is there already is an Invalid fault of the field code; the other fields
// are name, rate and from_date.
func (s *Service) AddTaxCode(ctx context.Context, by audit.Actor, c TaxCode, rate money.RatePPM, from calendar.Date) (int64, error) {
	refused := c.check()
	if from.IsZero() {
		refused.Add("from_date", "Enter the day from which the rate holds")
	}
	if rate < 0 || rate > maxRate {
		refused.Add("rate", "A rate is at most 50 %%")
	}
	if err := refused.Err(); err != nil {
		return 0, err
	}
	var id int64
	err := s.db.Write(ctx, func(q *db.Queries) (err error) {
		if id, err = addTaxCode(ctx, q, s.clock.Now(), c); err != nil {
			return err
		}
		if err := SaveTaxRate(ctx, q, s.clock.Now(), id, rate, from); err != nil {
			return err
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "tax.add", Object: "tax code " + c.Code,
			After: map[string]string{"name": c.Name, "recurring": yesNo(c.Recurring), "other": yesNo(c.Other), "rate": FormatRate(rate), "from": from.ISO()}})
	})
	return id, err
}

func addTaxCode(ctx context.Context, q *db.Queries, now calendar.Instant, c TaxCode) (int64, error) {
	id, err := q.AddTaxCode(ctx, db.AddTaxCodeParams{Code: c.Code, Name: c.Name, TaxesRecurring: db.Flag(c.Recurring), TaxesOther: db.Flag(c.Other), CreatedAt: now})
	if db.IsUnique(err) {
		return 0, fault.Field("code", "There is a tax code %s already", c.Code)
	}
	if err != nil {
		return 0, fmt.Errorf("billing: tax code %s: %w", c.Code, err)
	}
	return id, nil
}

// EditTaxCode changes a code's name and what it taxes. The code itself stays:
// sites name it.
func (s *Service) EditTaxCode(ctx context.Context, by audit.Actor, id int64, c TaxCode) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		old, err := taxCode(ctx, q, id)
		if err != nil {
			return err
		}
		c.Code = old.Code
		refused := c.check()
		if err := refused.Err(); err != nil {
			return err
		}
		if err := q.UpdateTaxCode(ctx, db.UpdateTaxCodeParams{Name: c.Name, TaxesRecurring: db.Flag(c.Recurring), TaxesOther: db.Flag(c.Other), ID: id}); err != nil {
			return fmt.Errorf("billing: tax code %s: %w", c.Code, err)
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "tax.edit", Object: "tax code " + c.Code,
			Before: map[string]string{"name": old.Name, "recurring": yesNo(old.TaxesRecurring != 0), "other": yesNo(old.TaxesOther != 0)},
			After:  map[string]string{"name": c.Name, "recurring": yesNo(c.Recurring), "other": yesNo(c.Other)}})
	})
}

func taxCode(ctx context.Context, q *db.Queries, id int64) (db.GetTaxCodeByIDRow, error) {
	row, err := q.GetTaxCodeByID(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return row, fault.Missing("tax code")
	}
	if err != nil {
		return row, fmt.Errorf("billing: tax code %d: %w", id, err)
	}
	return row, nil
}

// AddTaxRate adds the rate that a code has from a day on. A rate that holds
// already is never edited: what was billed by it was billed rightly. A day that
// has a rate already is an Invalid fault of the field from_date.
func (s *Service) AddTaxRate(ctx context.Context, by audit.Actor, id int64, rate money.RatePPM, from calendar.Date) error {
	var refused fault.Fields
	if from.IsZero() {
		refused.Add("from_date", "Enter the day from which the rate holds")
	}
	if rate < 0 || rate > maxRate {
		refused.Add("rate", "A rate is at most 50 %%")
	}
	if err := refused.Err(); err != nil {
		return err
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		code, err := taxCode(ctx, q, id)
		if err != nil {
			return err
		}
		if err := SaveTaxRate(ctx, q, s.clock.Now(), id, rate, from); err != nil {
			return err
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "tax.rate", Object: "tax code " + code.Code,
			After: map[string]string{"rate": FormatRate(rate), "from": from.ISO()}})
	})
}

// SaveTaxRate adds the rate that a code has from a day on, in the caller's
// transaction. A day that has a rate already is an Invalid fault of the field
// from_date: a rate is never edited.
func SaveTaxRate(ctx context.Context, q *db.Queries, now calendar.Instant, id int64, rate money.RatePPM, from calendar.Date) error {
	err := q.AddTaxRate(ctx, db.AddTaxRateParams{TaxCodeID: id, FromDate: from, Ppm: int64(rate), CreatedAt: now})
	if db.IsUnique(err) {
		return fault.Field("from_date", "There is a rate from %s already", from)
	}
	if err != nil {
		return fmt.Errorf("billing: tax rate: %w", err)
	}
	return nil
}

// RemoveTaxRate takes back a rate that has not begun. One that has is a Conflict.
func (s *Service) RemoveTaxRate(ctx context.Context, by audit.Actor, id int64, from calendar.Date) error {
	today, err := s.today(ctx)
	if err != nil {
		return err
	}
	if from <= today {
		return fault.New(fault.Conflict, "The rate from %s holds already. It stays, and a new one is added.", from)
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		code, err := taxCode(ctx, q, id)
		if err != nil {
			return err
		}
		n, err := q.RemoveTaxRate(ctx, db.RemoveTaxRateParams{TaxCodeID: id, FromDate: from})
		if err != nil {
			return fmt.Errorf("billing: tax rate: %w", err)
		}
		if n == 0 {
			return fault.Missing("tax rate")
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "tax.rate_removed", Object: "tax code " + code.Code,
			Before: map[string]string{"from": from.ISO()}})
	})
}

// SiteTax is how a site is taxed.
type SiteTax struct {
	SiteID      int64
	Code        string // of the tax, "" for none
	Exempt      bool
	Certificate string        // of the exemption, "" when there is none
	Expires     calendar.Date // its last day; none = it holds for ever
}

// SetSiteTax stores how one of a customer's sites is taxed. Its Invalid faults
// have the fields tax_code, certificate and expires_date.
func (s *Service) SetSiteTax(ctx context.Context, by audit.Actor, customerID int64, t SiteTax) error {
	t.Code, t.Certificate = oneLine(t.Code), oneLine(t.Certificate)
	if err := CheckCertificate(t.Certificate); err != nil {
		return err
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		if t.Code != "" {
			code, err := q.GetTaxCode(ctx, t.Code)
			if errors.Is(err, sql.ErrNoRows) {
				return fault.Field("tax_code", "There is no tax code %s", t.Code)
			}
			if err != nil {
				return fmt.Errorf("billing: tax code %s: %w", t.Code, err)
			}
			t.Code = code.Code
		}
		n, err := q.SetSiteTaxForCustomer(ctx, db.SetSiteTaxForCustomerParams{TaxCode: t.Code, TaxExempt: db.Flag(t.Exempt), ID: t.SiteID, CustomerID: customerID})
		if err != nil {
			return fmt.Errorf("billing: tax of site %d: %w", t.SiteID, err)
		}
		if n == 0 {
			return fault.Missing("site")
		}
		if err := SaveExemption(ctx, q, s.clock.Now(), t.SiteID, t.Certificate, t.Expires); err != nil {
			return err
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "tax.site", CustomerID: customerID, Object: fmt.Sprintf("site %d", t.SiteID),
			After: map[string]string{"tax_code": t.Code, "exempt": yesNo(t.Exempt), "certificate": t.Certificate, "expires": t.Expires.ISO()}})
	})
}

// CheckCertificate returns the Invalid fault of the field certificate that a
// number too long is refused with.
func CheckCertificate(number string) error {
	if len(number) > 100 {
		return fault.Field("certificate", "A certificate's number has at most 100 letters")
	}
	return nil
}

// SaveExemption stores the paper behind a site's exemption, in the caller's
// transaction: the certificate's number, "" for none, and its last day, none for
// one that holds for ever.
func SaveExemption(ctx context.Context, q *db.Queries, now calendar.Instant, siteID int64, certificate string, expires calendar.Date) error {
	err := q.PutTaxExemption(ctx, db.PutTaxExemptionParams{SiteID: siteID, Certificate: certificate, ExpiresDate: expires, UpdatedAt: now})
	if err != nil {
		return fmt.Errorf("billing: exemption of site %d: %w", siteID, err)
	}
	return nil
}

// today is the dealer's local date.
func (s *Service) today(ctx context.Context) (calendar.Date, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return "", err
	}
	return s.clock.Today(set.Zone), nil
}

// oneLine trims text and makes one blank of what would break a line and of
// several blanks, as an import reads it.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
