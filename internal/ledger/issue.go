package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
)

// InvoiceRecord is an invoice to be issued.
type InvoiceRecord struct {
	Number     string // "" = the next one of the dealer's sequence
	CustomerID int64
	SiteID     int64 // 0 = none
	Date       calendar.Date
	Due        calendar.Date // none = by the customer's terms
	PONumber   string
	Lines      []Line
}

// Line is one line of an invoice. A negative unit price is a credit.
type Line struct {
	Description string
	Quantity    money.Quantity
	UnitPrice   money.Cents
	Tax         money.Cents
}

// Amount is the line's amount without tax, rounded half up to the cent.
func (l Line) Amount() money.Cents { return money.Extend(l.Quantity, l.UnitPrice) }

// Check returns an Invalid fault that names the column of what is wrong with
// the line: description, quantity, unit_price or tax.
func (l Line) Check() error {
	switch {
	case strings.TrimSpace(l.Description) == "":
		return fault.Field("description", "Enter what is charged for")
	case l.Quantity <= 0 || l.Quantity > 1_000_000*money.QuantityScale:
		return fault.Field("quantity", "Enter a quantity between 0.001 and 1,000,000")
	case l.UnitPrice > money.Max || l.UnitPrice < -money.Max:
		return fault.Field("unit_price", "This amount is too large")
	case l.Amount() > money.Max || l.Amount() < -money.Max:
		return fault.Field("unit_price", "Quantity times unit price is too large")
	case l.Tax > money.Max || l.Tax < -money.Max:
		return fault.Field("tax", "This amount is too large")
	}
	return nil
}

// IssueInvoice puts an issued invoice with its lines into the books and returns
// its id; the whole total is owed. It computes the amounts, the tax and the
// total. It runs in the caller's transaction, and refuses before it writes.
// An invoice that comes without a number takes the next one of the dealer's
// sequence (settings invoices.prefix and invoices.next_number).
//
// The fields of its Invalid faults are the columns of invoices.csv. A number
// that is taken is a Conflict with the field invoice_number. An invoice never
// comes to less than zero: a credit that is larger than its invoice is entered
// as credit, not as an invoice.
func IssueInvoice(ctx context.Context, q *db.Queries, now calendar.Instant, r InvoiceRecord) (int64, error) {
	next := r.Number == ""
	if next {
		r.Number = "to come" // in the words of an error; taken once nothing else is wrong
	}
	r.Number = strings.TrimSpace(r.Number)
	total, tax, err := r.Check()
	if err != nil {
		return 0, err
	}
	if err := CheckOpen(ctx, q, "invoice_date", r.Date); err != nil {
		return 0, err
	}
	if r.SiteID != 0 {
		n, err := q.CountSiteForCustomer(ctx, db.CountSiteForCustomerParams{ID: r.SiteID, CustomerID: r.CustomerID})
		if err != nil {
			return 0, fmt.Errorf("ledger: invoice %s: %w", r.Number, err)
		}
		if n == 0 {
			return 0, fault.Field("site_name", "This customer has no such site")
		}
	}
	if r.Due.IsZero() {
		terms, err := q.GetTerms(ctx, r.CustomerID)
		if errors.Is(err, sql.ErrNoRows) {
			return 0, fault.Missing("customer")
		}
		if err != nil {
			return 0, fmt.Errorf("ledger: invoice %s: %w", r.Number, err)
		}
		r.Due = DueDate(r.Date, terms)
	}
	if next {
		if r.Number, err = nextNumber(ctx, q, now); err != nil {
			return 0, err
		}
	}
	id, err := q.AddInvoice(ctx, db.AddInvoiceParams{
		Number: r.Number, CustomerID: r.CustomerID, SiteID: db.NullID(r.SiteID), InvoiceDate: r.Date, DueDate: r.Due,
		PoNumber: strings.TrimSpace(r.PONumber), TaxCents: tax, TotalCents: total, BalanceCents: total, IssuedAt: now, CreatedAt: now,
	})
	if db.IsUnique(err) {
		return 0, &fault.Error{Kind: fault.Conflict, Field: "invoice_number", Message: "There is an invoice with this number already"}
	}
	if err != nil {
		return 0, fmt.Errorf("ledger: invoice %s: %w", r.Number, err)
	}
	for i, l := range r.Lines {
		err := q.AddInvoiceLine(ctx, db.AddInvoiceLineParams{
			InvoiceID: id, Position: int64(i + 1), Description: strings.TrimSpace(l.Description), Quantity: l.Quantity,
			UnitPriceCents: l.UnitPrice, AmountCents: l.Amount(), TaxCents: l.Tax,
		})
		if err != nil {
			return 0, fmt.Errorf("ledger: invoice %s, line %d: %w", r.Number, i+1, err)
		}
	}
	if next { // written here: it has yet to go out
		if err := q.AddInvoiceToSend(ctx, id); err != nil {
			return 0, fmt.Errorf("ledger: invoice %s: %w", r.Number, err)
		}
	}
	return id, nil
}

// Check adds up the invoice, tax included, without the books. It returns the
// Invalid fault that [IssueInvoice] would return for an invoice that brings its
// own number.
func (r InvoiceRecord) Check() (total, tax money.Cents, err error) {
	var refused fault.Fields
	switch {
	case r.Number == "":
		refused.Add("invoice_number", "Enter an invoice number")
	case len(r.Number) > 40 || strings.ContainsFunc(r.Number, func(c rune) bool { return c < ' ' || c == 0x7f }):
		refused.Add("invoice_number", "An invoice number is at most 40 letters, digits and signs")
	}
	if r.Date.IsZero() {
		refused.Add("invoice_date", "Enter a date, like 11/01/2026")
	}
	if len(r.Lines) == 0 {
		refused.Add("description", "An invoice has at least one line")
	}
	for _, l := range r.Lines {
		if err := l.Check(); err != nil {
			f, _ := errors.AsType[*fault.Error](err)
			refused.Add(f.Field, "%s", f.Message)
			continue
		}
		total += l.Amount() + l.Tax
		tax += l.Tax
		if total > money.Max || total < -money.Max {
			refused.Add("unit_price", "The invoice is too large")
			break
		}
	}
	if total < 0 {
		refused.Add("unit_price", "An invoice never comes to less than zero; enter the rest as a credit")
	}
	return total, tax, refused.Err()
}

var netDays = regexp.MustCompile(`(?i)\bnet\s*-?\s*([0-9]{1,3})\b`)

// DueDate returns when an invoice of that date is due by the customer's terms:
// "Net 30" is thirty days later, anything without such a number is at once.
func DueDate(date calendar.Date, terms string) calendar.Date {
	m := netDays.FindStringSubmatch(terms)
	if m == nil {
		return date
	}
	days, _ := strconv.Atoi(m[1]) // three digits at most
	return date.AddDays(days)
}
