package accounting

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"strings"

	"customerportal/internal/books"
	"customerportal/internal/money"
)

// The files of QuickBooks Online's "Import data". Columns by the names under
// which it maps them by itself: of invoices, as listed at
// quickbooks.intuit.com/learn-support/en-ca/sales-and-invoicing/do-we-need-to-map-field-everytime-when-import-invoices/01/394876;
// of journal entries, as at
// quickbooks.intuit.com/learn-support/en-au/help-article/import-export-files/import-journal-entries-quickbooks-online/L4tQBwbs7_AU_en_AU
// with the spelling of its sample file (postbooks.app/blog/how-to-import-journal-entries-into-quickbooks-online).
// Days are MM/DD/YYYY; amounts have neither signs of currency nor commas.
const (
	onlineRows     = 1000 // of one file
	onlineInvoices = 100  // of one file (synder.com/blog/how-to-import-invoices-into-quickbooks)
	onlineNumber   = 21   // characters of an invoice's or entry's number
)

// parts writes rows to files that are parted where one import ends.
type parts struct {
	create func(name string) (io.Writer, error)
	name   string // of the file without its number
	header []string
	groups int // most groups of a file, 0 for any number

	n, rows, inFile int
	sheet           *books.Sheet
}

// group writes rows that must stand in one file.
func (p *parts) group(rows [][]string) error {
	if p.sheet == nil || p.rows+len(rows) > onlineRows || p.groups > 0 && p.inFile == p.groups {
		if err := p.close(); err != nil {
			return err
		}
		p.n++
		to, err := p.create(fmt.Sprintf("%s-%03d.csv", p.name, p.n))
		if err != nil {
			return err
		}
		p.sheet, p.rows, p.inFile = books.NewSheet(to, p.header...), 0, 0
	}
	for _, row := range rows {
		p.sheet.Row(row...)
	}
	p.rows += len(rows)
	p.inFile++
	return nil
}

func (p *parts) close() error {
	if p.sheet == nil {
		return nil
	}
	return p.sheet.Flush()
}

// zipFiles makes files in a folder of an archive.
func zipFiles(z *zip.Writer, folder string) func(name string) (io.Writer, error) {
	return func(name string) (io.Writer, error) { return z.Create(folder + name) }
}

// onlineZip writes the files for QuickBooks Online as an archive of their own.
func (w *writer) onlineZip(ctx context.Context, to io.Writer) error {
	z := zip.NewWriter(to)
	if err := w.online(ctx, zipFiles(z, "")); err != nil {
		return err
	}
	return z.Close()
}

// online writes the files for QuickBooks Online: the customers, the invoices,
// and everything else as journal entries, for it imports no payments.
func (w *writer) online(ctx context.Context, create func(name string) (io.Writer, error)) error {
	customers := &parts{create: create, name: "1-customers", header: []string{"Name", "Company", "Email", "Phone", "Street", "City", "State", "ZIP"}}
	err := w.customers(ctx, func(c customerRow) error {
		street := c.Address1
		if c.Address2 != "" {
			street += ", " + c.Address2
		}
		return customers.group([][]string{{customerName(c.Number, c.DisplayName), c.BusinessName, c.Email, c.Phone, street, c.City, c.State, c.Zip}})
	})
	if err == nil {
		err = customers.close()
	}
	if err != nil {
		return err
	}
	invoices := &parts{create: create, name: "2-invoices", groups: onlineInvoices, header: []string{"InvoiceNo", "Customer", "InvoiceDate", "DueDate",
		"Item(Product/Service)", "ItemDescription", "ItemQuantity", "ItemRate", "ItemAmount", "Taxable", "TaxRate"}}
	err = w.reader.invoices(ctx, func(i invoice) error { return invoices.group(w.onlineInvoice(i)) })
	if err == nil {
		err = invoices.close()
	}
	if err != nil {
		return err
	}
	journal := &parts{create: create, name: "3-journal", header: []string{"JournalNo", "JournalDate", "AccountName", "Debits", "Credits", "Description", "Name"}}
	n := 0
	err = w.moves(ctx, w.accounts, func(e entry) error {
		if len(e.postings) == 0 {
			return nil
		}
		n++
		rows := make([][]string, len(e.postings))
		for at, p := range e.postings {
			debit, credit := columns(p.cents)
			name := ""
			if p.account == w.accounts.Receivable {
				name = customerName(e.customerNumber, e.customer)
			}
			// numbered by the period, so that two periods never share a number
			number := fmt.Sprintf("P%s-%d", compact(w.p), n)
			rows[at] = []string{number, usDate(e.date), p.account, debit, credit, e.memo, name}
		}
		return journal.group(rows)
	})
	if err != nil {
		return err
	}
	return journal.close()
}

// compact writes the first day of a period as six digits.
func compact(p Period) string {
	iso := p.From.ISO()
	return iso[2:4] + iso[5:7] + iso[8:10]
}

// onlineInvoice is an invoice as rows. Its sales tax is a line of its own and no
// line is taxable: QuickBooks would else compute the tax anew and differ by
// cents from what the customer was charged.
func (w *writer) onlineInvoice(i invoice) [][]string {
	rows := make([][]string, 0, len(i.lines)+1)
	add := func(item, description, quantity string, rate, amount money.Cents) {
		rows = append(rows, []string{tail(i.Number, onlineNumber), customerName(i.CustomerNumber, i.DisplayName), usDate(i.InvoiceDate), usDate(i.DueDate),
			item, cut(strings.Join(strings.Fields(description), " "), memoLength), quantity, rate.Plain(), amount.Plain(), "N", "0%"})
	}
	for _, l := range i.lines {
		add(w.accounts.Item, l.Description, l.Quantity.String(), l.UnitPriceCents, l.AmountCents)
	}
	if i.TaxCents != 0 {
		add(w.accounts.TaxItem, "Sales tax", "1", i.TaxCents, i.TaxCents)
	}
	return rows
}
