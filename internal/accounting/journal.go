package accounting

import (
	"context"
	"strings"

	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/settings"
)

// Accounts are the names by which QuickBooks, or another program, knows what
// the books are posted to; see the settings accounting.….
type Accounts struct {
	Receivable, Undeposited, Bank, Income, Tax, Credits, Refunds, Fees string
	Item, TaxItem, TaxAgency                                           string
}

func accounts(s *settings.Settings) Accounts {
	v := func(name string) string { return s.Value("accounting." + name) }
	return Accounts{Receivable: v("receivable"), Undeposited: v("undeposited"), Bank: v("bank"), Income: v("income"), Tax: v("tax"),
		Credits: v("credits"), Refunds: v("refunds"), Fees: v("fees"), Item: v("item"), TaxItem: v("tax_item"), TaxAgency: v("tax_agency")}
}

// posting is one line of double entry; a credit is negative.
type posting struct {
	account string
	cents   money.Cents
	tax     bool // it is sales tax
}

// entry is one entry of double entry: its postings come to zero. What customers
// owe is one account, of which the credit held for them is a part, as QuickBooks
// has it.
type entry struct {
	date           calendar.Date
	number         string // of the invoice or payment
	customerNumber string // "" for deposits
	customer       string
	memo           string
	postings       []posting // the one that names the entry first
}

// post adds a line, unless it is nothing.
func (e *entry) post(account string, cents money.Cents) {
	e.add(posting{account: account, cents: cents})
}

func (e *entry) add(p posting) {
	if p.cents != 0 {
		e.postings = append(e.postings, p)
	}
}

func (a Accounts) invoice(i invoice) entry {
	e := entry{date: i.InvoiceDate, number: i.Number, customerNumber: i.CustomerNumber, customer: i.DisplayName, memo: "Invoice " + i.Number}
	e.post(a.Receivable, i.TotalCents)
	e.post(a.Income, i.TaxCents-i.TotalCents)
	e.add(posting{a.Tax, -i.TaxCents, true})
	return e
}

func (a Accounts) fact(f fact) entry {
	e := entry{date: f.date, number: f.reference, customerNumber: f.customerNumber, customer: f.customer, memo: f.words()}
	if e.number == "" {
		e.number = f.invoice
	}
	switch f.reason {
	case ledger.Payment:
		e.post(a.Undeposited, -f.cents)
		e.post(a.Receivable, f.cents)
	case ledger.Refund, ledger.Return, ledger.Dispute, ledger.DisputeWon:
		e.post(a.Receivable, f.cents)
		e.post(a.Refunds, -f.cents)
	case ledger.Void:
		e.post(a.Receivable, f.cents)
		e.post(a.Income, -f.cents-f.tax)
		e.add(posting{a.Tax, f.tax, true})
	default:
		e.post(a.Receivable, f.cents)
		e.post(a.Credits, -f.cents)
	}
	return e
}

func (a Accounts) deposit(d deposit) entry {
	e := entry{date: d.date, number: "D" + strings.ReplaceAll(d.date.ISO(), "-", ""), memo: "Deposit, " + d.method}
	if d.net() < 0 {
		e.memo = "Withdrawal, " + d.method
	}
	e.post(a.Bank, d.net())
	e.post(a.Undeposited, -d.received)
	e.post(a.Refunds, d.refunded+d.returned)
	e.post(a.Fees, d.fees)
	return e
}

// words say what a fact is.
func (f fact) words() string {
	switch f.reason {
	case ledger.Payment:
		return strings.TrimSpace("Payment, " + f.label + " " + f.number)
	case ledger.Refund:
		return "Refund of payment " + f.reference
	case ledger.Return:
		return "Returned payment " + f.reference
	case ledger.Dispute:
		return "Disputed payment " + f.reference
	case ledger.DisputeWon:
		return "Dispute won, payment " + f.reference
	case ledger.Void:
		return "Invoice " + f.invoice + " voided"
	}
	if f.invoice == "" {
		return "Credit"
	}
	return "Credit on invoice " + f.invoice
}

// journal calls fn for every entry of the period: first what was invoiced, then
// what moved, then what reached the bank.
func (r reader) journal(ctx context.Context, a Accounts, fn func(e entry) error) error {
	err := r.invoices(ctx, func(i invoice) error { return fn(a.invoice(i)) })
	if err != nil {
		return err
	}
	return r.moves(ctx, a, fn)
}

// moves is the journal without what was invoiced.
func (r reader) moves(ctx context.Context, a Accounts, fn func(e entry) error) error {
	if err := r.facts(ctx, func(f fact) error { return fn(a.fact(f)) }); err != nil {
		return err
	}
	return r.deposits(ctx, func(d deposit) error { return fn(a.deposit(d)) })
}
