package accounting

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"customerportal/db"
	"customerportal/internal/books"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// File is one of the files that are made of a period.
type File struct {
	Name  string // "payments.csv"; of the download, too
	Title string // "Payments"
	What  string // what is in it, in a sentence
	write func(*writer, context.Context, io.Writer) error
}

// Files lists the files of a period in the order of the pages that offer them.
// All together are [Service.Zip].
func Files() []File { return files }

var files = []File{
	{"summary.csv", "Summary", "What customers owed at the beginning, what moved, and what they owed at the end.", (*writer).summary},
	{"invoices.csv", "Invoices", "Every invoice with what was taxed, what was not, and the tax.", (*writer).invoices},
	{"payments.csv", "Payments", "Every payment that was received, with how it was made.", (*writer).payments},
	{"deposits.csv", "Deposits", "What reached the bank by day and way of paying, fees taken off.", (*writer).deposits},
	{"refunds.csv", "Refunds and returns", "Money that left again: refunds, returned debits and checks, disputes.", (*writer).refunds},
	{"fees.csv", "Fees", "What processors kept of each payment, where they tell it.", (*writer).fees},
	{"credits.csv", "Credits and voids", "What customers owe less without a payment.", (*writer).credits},
	{"journal.csv", "Journal", "All of it in double entry, under the account names of the settings.", (*writer).journal},
	{"quickbooks-desktop.iif", "QuickBooks Desktop", "Customers, invoices, payments, credits and deposits as one IIF file.", (*writer).iif},
	{"quickbooks-online.zip", "QuickBooks Online", "Customers, invoices and journal entries as CSV files, each small enough for one import.", (*writer).onlineZip},
}

// writer makes files of one period, of one moment.
type writer struct {
	reader
	accounts Accounts
}

// FileOf returns the file of that name; NotFound when there is none.
func FileOf(name string) (File, error) {
	for _, f := range files {
		if f.Name == name {
			return f, nil
		}
	}
	return File{}, fault.Missing("file")
}

// Write makes one file of a period and writes it as it is made, in bounded
// memory. A name that [Files] does not have is NotFound, a period that is none
// Invalid, both before anything is written.
func (s *Service) Write(ctx context.Context, p Period, name string, to io.Writer) error {
	f, err := FileOf(name)
	if err != nil {
		return err
	}
	return s.with(ctx, p, func(w *writer) error {
		if err := f.write(w, ctx, to); err != nil {
			return fmt.Errorf("accounting: %s: %w", name, err)
		}
		return nil
	})
}

// Zip writes all files of a period into one archive as they are made, in bounded
// memory, with a page of text that says what each is for.
func (s *Service) Zip(ctx context.Context, p Period, to io.Writer) error {
	return s.with(ctx, p, func(w *writer) error {
		if err := w.zip(ctx, to); err != nil {
			return fmt.Errorf("accounting: archive: %w", err)
		}
		return nil
	})
}

func (s *Service) with(ctx context.Context, p Period, fn func(w *writer) error) error {
	if err := p.Check(); err != nil {
		return err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	return s.db.ViewApart(ctx, func(q *db.Queries) error {
		return fn(&writer{reader: reader{q: q, p: p}, accounts: accounts(set)})
	})
}

func (w *writer) zip(ctx context.Context, to io.Writer) error {
	z := zip.NewWriter(to)
	readme, err := z.Create("README.txt")
	if err != nil {
		return err
	}
	if _, err := io.WriteString(readme, w.readme()); err != nil {
		return err
	}
	for _, f := range files {
		if f.Name == "quickbooks-online.zip" {
			if err := w.online(ctx, zipFiles(z, "quickbooks-online/")); err != nil {
				return err
			}
			continue
		}
		part, err := z.Create(f.Name)
		if err != nil {
			return err
		}
		if err := f.write(w, ctx, part); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return z.Close()
}

// sheet writes one CSV file; fill adds its rows.
func sheet(to io.Writer, header []string, fill func(row func(cells ...string)) error) error {
	s := books.NewSheet(to, header...)
	if err := fill(s.Row); err != nil {
		return err
	}
	return s.Flush()
}

func (w *writer) invoices(ctx context.Context, to io.Writer) error {
	return sheet(to, []string{"Invoice", "Date", "Due date", "Customer #", "Customer", "Site", "Tax code", "PO number", "Taxed", "Not taxed", "Tax", "Total"},
		func(row func(...string)) error {
			return w.reader.invoices(ctx, func(i invoice) error {
				var taxed, untaxed money.Cents
				for _, l := range i.lines {
					if l.TaxCents != 0 {
						taxed += l.AmountCents
					} else {
						untaxed += l.AmountCents
					}
				}
				row(i.Number, i.InvoiceDate.ISO(), i.DueDate.ISO(), i.CustomerNumber, i.DisplayName, i.Site, i.TaxCode, i.PoNumber,
					taxed.Plain(), untaxed.Plain(), i.TaxCents.Plain(), i.TotalCents.Plain())
				return nil
			})
		})
}

func (w *writer) payments(ctx context.Context, to io.Writer) error {
	return sheet(to, []string{"Date", "Payment", "Customer #", "Customer", "Payment type", "Check / Credit Card #", "Deposited as", "Amount", "To invoices", "To credit", "Invoice"},
		func(row func(...string)) error {
			return w.factsOf(ctx, " payment ", func(f fact) error {
				row(f.date.ISO(), f.reference, f.customerNumber, f.customer, f.label, f.number, method(f.kind, f.gateway),
					(-f.cents).Plain(), (f.credit - f.cents).Plain(), (-f.credit).Plain(), f.invoicesInWords())
				return nil
			})
		})
}

// invoicesInWords names the invoice a fact was booked on.
func (f fact) invoicesInWords() string {
	if f.invoices > 1 {
		return strconv.Itoa(f.invoices) + " invoices"
	}
	return f.invoice
}

func (w *writer) deposits(ctx context.Context, to io.Writer) error {
	return sheet(to, []string{"Date", "Deposited as", "Received", "Refunded", "Returned", "Fees", "Net"}, func(row func(...string)) error {
		return w.reader.deposits(ctx, func(d deposit) error {
			row(d.date.ISO(), d.method, d.received.Plain(), d.refunded.Plain(), d.returned.Plain(), d.fees.Plain(), d.net().Plain())
			return nil
		})
	})
}

func (w *writer) refunds(ctx context.Context, to io.Writer) error {
	return sheet(to, []string{"Date", "What", "Payment", "Customer #", "Customer", "Payment type", "Check / Credit Card #", "Amount", "Invoice"}, func(row func(...string)) error {
		return w.factsOf(ctx, " refund return dispute dispute_won ", func(f fact) error {
			what := map[ledger.Reason]string{ledger.Refund: "Refund", ledger.Return: "Return", ledger.Dispute: "Dispute", ledger.DisputeWon: "Dispute won"}[f.reason]
			row(f.date.ISO(), what, f.reference, f.customerNumber, f.customer, f.label, f.number, f.cents.Plain(), f.invoicesInWords())
			return nil
		})
	})
}

func (w *writer) fees(ctx context.Context, to io.Writer) error {
	return sheet(to, []string{"Date", "Payment", "Customer #", "Customer", "Deposited as", "Fee"}, func(row func(...string)) error {
		return w.reader.fees(ctx, func(f feeRow) error {
			row(f.EntryDate.ISO(), f.Reference, f.CustomerNumber, f.DisplayName, method(f.Kind, f.Gateway), f.Cents.Plain())
			return nil
		})
	})
}

func (w *writer) credits(ctx context.Context, to io.Writer) error {
	return sheet(to, []string{"Date", "What", "Invoice", "Customer #", "Customer", "Amount", "Of it tax"}, func(row func(...string)) error {
		return w.factsOf(ctx, " credit void ", func(f fact) error {
			switch f.reason {
			case ledger.Credit:
				row(f.date.ISO(), "Credit", f.invoice, f.customerNumber, f.customer, (-f.cents).Plain(), "")
			case ledger.Void:
				row(f.date.ISO(), "Void", f.invoice, f.customerNumber, f.customer, (-f.cents).Plain(), f.tax.Plain())
			}
			return nil
		})
	})
}

func (w *writer) journal(ctx context.Context, to io.Writer) error {
	return sheet(to, []string{"Date", "Entry", "Account", "Debit", "Credit", "Customer #", "Customer", "Number", "Memo"}, func(row func(...string)) error {
		n := 0
		return w.reader.journal(ctx, w.accounts, func(e entry) error {
			n++
			for _, p := range e.postings {
				debit, credit := columns(p.cents)
				row(e.date.ISO(), strconv.Itoa(n), p.account, debit, credit, e.customerNumber, e.customer, e.number, e.memo)
			}
			return nil
		})
	})
}

// columns puts an amount into the column it belongs to: debit or credit.
func columns(c money.Cents) (debit, credit string) {
	if c < 0 {
		return "", (-c).Plain()
	}
	return c.Plain(), ""
}

func (w *writer) summary(ctx context.Context, to io.Writer) error {
	s, err := summarize(ctx, w.q, w.p)
	if err != nil {
		return err
	}
	return sheet(to, []string{"What", "On invoices", "Unapplied credit", "Receivable"}, func(row func(...string)) error {
		for _, l := range s.Lines() {
			row(l.Label, l.Invoices.Plain(), l.Credit.Plain(), l.Net().Plain())
		}
		row("Sales tax invoiced", s.Tax.Plain(), "", "")
		row("Fees of processors", s.Fees.Plain(), "", "")
		return nil
	})
}

// readme is the page of text in the archive.
func (w *writer) readme() string {
	var b strings.Builder
	fmt.Fprintf(&b, "The books from %s\r\n\r\n", w.p)
	for _, f := range files {
		fmt.Fprintf(&b, "%s\r\n    %s\r\n", f.Name, f.What)
	}
	a := w.accounts
	fmt.Fprintf(&b, "\r\nEach file balances by itself. What customers owe is one account, %q, of which\r\n"+
		"the credit held for them is a part. Everything stands on the day it happened:\r\n"+
		"an invoice that was voided later is in the month of its date, its voiding in\r\n"+
		"the month in which it was voided.\r\n\r\n"+
		"QuickBooks Desktop: File > Utilities > Import > IIF Files. Make a copy of the\r\n"+
		"company file first; the import cannot be undone. Accounts, customers and items\r\n"+
		"that are missing are made. Payments come in unapplied, for IIF cannot say which\r\n"+
		"invoice a payment is for: Customers > Receive Payments applies them. Money goes\r\n"+
		"to %q and from there to %q by day.\r\n\r\n"+
		"QuickBooks Online: the gear > Import data; first Customers, then Invoices, then\r\n"+
		"Journal entries, the files of each in the order of their numbers. The accounts\r\n"+
		"and the products %q and %q must be there before; sales tax is a line of\r\n"+
		"the invoice, so that it comes to the cent to what the customer was charged.\r\n"+
		"Turn account numbers off for the import, and custom transaction numbers on.\r\n", a.Receivable, a.Undeposited, a.Bank, a.Item, a.TaxItem)
	return b.String()
}
