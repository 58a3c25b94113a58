package books

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// Exported counts what was written.
type Exported struct {
	Name string
	Rows int64
}

// pageOf is how many rows an export holds in memory at once.
const pageOf = 500

// Export writes the books as they stand at one moment: the files that an import
// reads, so that imported into empty books they give the same books; ledger.csv
// and journal.csv for the accountant; the work orders with their notes and
// photos, and the PDFs of proposals. Create makes each file.
//
// Voided invoices are in invoices.csv with the status Void, and credit memos are
// in payments.csv as a payment type of their own. Drafts are not in invoices.csv,
// and payments of which no money stands in the books (returned, refunded, under
// way) are not in payments.csv; all that ever moved is in ledger.csv.
func (s *Service) Export(ctx context.Context, create func(name string) (io.WriteCloser, error)) ([]Exported, error) {
	tx, err := s.db.Reader().BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("books: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	e := &exporter{q: db.New(db.NewPrepared(tx))}
	var all []Exported
	for _, f := range []struct {
		name    string
		columns []string
		write   func(context.Context) error
	}{
		{"customers.csv", customersFile.columns, e.customers},
		{"taxes.csv", taxesFile.columns, e.taxes},
		{"sites.csv", sitesFile.columns, e.sites},
		{"systems.csv", systemsFile.columns, e.systems},
		{"recurring.csv", recurringFile.columns, e.recurring},
		{"invoices.csv", invoicesFile.columns, e.invoices},
		{"payments.csv", paymentsFile.columns, e.payments},
		{"proposals.csv", proposalsFile.columns, e.proposals},
		{"workorders.csv", workOrderColumns, e.workOrders},
		{"workorders-notes.csv", []string{"work_order", "written_at", "staff", "customer", "internal", "note"}, e.workOrderNotes},
		{"ledger.csv", []string{"date", "booked_at", "customer_number", "customer", "invoice_number", "payment_number", "payment_type", "reason", "amount"}, e.ledger},
		{"journal.csv", []string{"date", "account", "debit", "credit", "customer_number", "customer", "invoice_number", "payment_number", "memo"}, e.journal},
	} {
		w, err := create(f.name)
		if err != nil {
			return nil, err
		}
		e.sheet, e.rows = NewSheet(w, f.columns...), 0
		if err = errors.Join(f.write(ctx), e.sheet.Flush()); err != nil {
			return nil, errors.Join(fmt.Errorf("books: writing %s: %w", f.name, err), abandon(w))
		}
		if err := w.Close(); err != nil {
			return nil, fmt.Errorf("books: %w", err)
		}
		all = append(all, Exported{f.name, e.rows})
	}
	papers, err := e.papers(ctx, create)
	return append(all, papers...), err
}

type exporter struct {
	q     *db.Queries
	sheet *Sheet
	rows  int64
}

func (e *exporter) row(cells ...string) {
	e.rows++
	e.sheet.Row(cells...)
}

// pages calls list with the id to go on after until there are no more rows; list
// writes a page and returns the last id of it and its length.
func pages(ctx context.Context, list func(after int64) (last int64, n int, err error)) error {
	for after := int64(0); ; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		last, n, err := list(after)
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		after = last
	}
}

func (e *exporter) customers(ctx context.Context) error {
	return pages(ctx, func(after int64) (int64, int, error) {
		list, err := e.q.ExportCustomers(ctx, db.ExportCustomersParams{AfterID: after, HowMany: pageOf})
		for _, c := range list {
			cells, _, err := customer(ctx, e.q, c.Number)
			if err != nil {
				return 0, 0, err
			}
			cells[keyColumn] = account.FormatKey(cells[keyColumn])
			e.row(cells...)
			after = c.ID
		}
		return after, len(list), err
	})
}

func (e *exporter) sites(ctx context.Context) error {
	return pages(ctx, func(after int64) (int64, int, error) {
		list, err := e.q.ExportSites(ctx, db.ExportSitesParams{AfterID: after, HowMany: pageOf})
		for _, s := range list {
			e.row(s.CustomerNumber, s.Name, s.Address1, s.Address2, s.City, s.State, s.Zip, s.TaxCode, yesNo(s.TaxExempt), s.Certificate, s.Expires)
			after = s.ID
		}
		return after, len(list), err
	})
}

func (e *exporter) systems(ctx context.Context) error {
	return pages(ctx, func(after int64) (int64, int, error) {
		list, err := e.q.ExportSystems(ctx, db.ExportSystemsParams{AfterID: after, HowMany: pageOf})
		for _, s := range list {
			e.row(s.CustomerNumber, s.SiteName, s.Name, s.SystemType, s.AccountNumber)
			after = s.ID
		}
		return after, len(list), err
	})
}

func (e *exporter) invoices(ctx context.Context) error {
	return pages(ctx, func(after int64) (int64, int, error) {
		last, err := e.q.ExportInvoicesUpTo(ctx, db.ExportInvoicesUpToParams{AfterID: after, HowMany: pageOf})
		if err != nil || last == 0 {
			return 0, 0, err
		}
		list, err := e.q.ExportInvoices(ctx, db.ExportInvoicesParams{AfterID: after, UpToID: last})
		for _, l := range list {
			e.row(l.Number, l.CustomerNumber, l.InvoiceDate.ISO(), l.DueDate.ISO(), l.PoNumber, l.Site,
				l.Description, l.Quantity.String(), l.UnitPriceCents.Plain(), l.TaxCents.Plain(), statusOf(l.State))
		}
		return last, 1, err // a page of drafts has no rows, and there may be more behind it
	})
}

func (e *exporter) payments(ctx context.Context) error {
	return pages(ctx, func(after int64) (int64, int, error) {
		list, err := e.q.ExportPayments(ctx, db.ExportPaymentsParams{AfterID: after, HowMany: pageOf})
		for _, p := range list {
			after = p.ID
			if p.Held <= 0 {
				continue
			}
			shares, err := bookedShares(ctx, e.q, p.ID)
			if err != nil {
				return 0, 0, err
			}
			e.row(p.Reference, p.CustomerNumber, p.PaymentDate.ISO(), p.TypeLabel, p.NumberLabel, money.Cents(p.Held).Plain(), formatApplyTo(shares))
		}
		return after, len(list), err
	})
}

func (e *exporter) ledger(ctx context.Context) error {
	return e.entries(ctx, func(l db.ExportLedgerRow) {
		e.row(l.EntryDate.ISO(), l.At.Time().Format(time.RFC3339), l.CustomerNumber, l.DisplayName, l.InvoiceNumber, l.PaymentNumber, l.PaymentType, l.Reason, l.Cents.Plain())
	})
}

func (e *exporter) entries(ctx context.Context, fn func(l db.ExportLedgerRow)) error {
	return pages(ctx, func(after int64) (int64, int, error) {
		list, err := e.q.ExportLedger(ctx, db.ExportLedgerParams{AfterID: after, HowMany: pageOf})
		for _, l := range list {
			fn(l)
			after = l.ID
		}
		return after, len(list), err
	})
}

// The accounts of the journal, in the names that bookkeeping programs use.
const (
	receivable = "Accounts Receivable"
	sales      = "Sales"
	salesTax   = "Sales Tax Payable"
	credits    = "Customer Credits"
	received   = "Undeposited Funds"
	given      = "Credits Given"
)

// journal writes double entry: first what was invoiced, then what moved. Debits
// and credits come to the same.
func (e *exporter) journal(ctx context.Context) error {
	err := pages(ctx, func(after int64) (int64, int, error) {
		list, err := e.q.ExportIssued(ctx, db.ExportIssuedParams{AfterID: after, HowMany: pageOf})
		for _, i := range list {
			post := func(account string, debit money.Cents) {
				e.post(i.InvoiceDate.ISO(), account, debit, i.CustomerNumber, i.DisplayName, i.Number, "", "Invoice "+i.Number)
			}
			post(receivable, i.TotalCents)
			post(sales, i.TaxCents-i.TotalCents)
			post(salesTax, -i.TaxCents)
			after = i.ID
		}
		return after, len(list), err
	})
	if err != nil {
		return err
	}
	return e.entries(ctx, func(l db.ExportLedgerRow) {
		post := func(account string, debit money.Cents) {
			e.post(l.EntryDate.ISO(), account, debit, l.CustomerNumber, l.DisplayName, l.InvoiceNumber, l.PaymentNumber, memo(l))
		}
		if l.InvoiceNumber != "" {
			post(receivable, l.Cents)
		} else {
			post(credits, l.Cents)
		}
		switch ledger.Reason(l.Reason) {
		case ledger.Apply, ledger.Unapply: // the other half is a row of its own
		case ledger.Void:
			post(sales, -l.Cents)
		case ledger.Credit:
			post(given, -l.Cents)
		default:
			post(received, -l.Cents)
		}
	})
}

func memo(l db.ExportLedgerRow) string {
	words := strings.ReplaceAll(l.Reason, "_", " ")
	return strings.TrimSpace(strings.ToUpper(words[:1]) + words[1:] + " " + l.PaymentType)
}

// post writes one line of the journal; a credit is a negative debit.
func (e *exporter) post(date, account string, debit money.Cents, number, name, invoice, payment, memo string) {
	if debit == 0 {
		return
	}
	cells := []string{date, account, debit.Plain(), "", number, name, invoice, payment, memo}
	if debit < 0 {
		cells[2], cells[3] = "", (-debit).Plain()
	}
	e.row(cells...)
}
