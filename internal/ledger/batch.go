package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/document"
	"customerportal/internal/fault"
)

// MaxBatch is how many invoices are printed into one file.
const MaxBatch = 500

// BatchPaper returns one PDF with the papers of many invoices behind each other,
// in the order of the ids: each is the paper that its customer gets, made and
// frozen when it was not before. One after the other is held in memory, and the
// file that comes of it. An invoice that is missing, a draft or void is a
// Conflict; so are none at all, and more than [MaxBatch].
func (s *Service) BatchPaper(ctx context.Context, invoiceIDs []int64) (Paper, error) {
	if len(invoiceIDs) == 0 || len(invoiceIDs) > MaxBatch {
		return Paper{}, fault.New(fault.Conflict, "Print between 1 and %d invoices at a time.", MaxBatch)
	}
	var body bytes.Buffer
	m, err := document.NewMerger(&body)
	if err != nil {
		return Paper{}, err
	}
	for _, id := range invoiceIDs {
		paper, err := s.paperOf(ctx, id)
		if err != nil {
			return Paper{}, err
		}
		if err := m.Add(paper); err != nil {
			return Paper{}, fmt.Errorf("ledger: batch, invoice %d: %w", id, err)
		}
	}
	if err := m.Close(); err != nil {
		return Paper{}, err
	}
	return Paper{Name: fmt.Sprintf("Invoices-%d.pdf", len(invoiceIDs)), MIME: pdf, Body: body.Bytes()}, nil
}

// paperOf is the frozen paper of one invoice, made when there is none.
func (s *Service) paperOf(ctx context.Context, id int64) ([]byte, error) {
	row, err := s.db.Read().GetInvoiceStanding(ctx, id)
	if err := printable(row, err); err != nil {
		return nil, err
	}
	paper, err := s.InvoicePaper(ctx, row.CustomerID, row.Number)
	return paper.Body, err
}

// printable refuses what cannot be printed.
func printable(row db.GetInvoiceStandingRow, err error) error {
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fault.New(fault.Conflict, "One of these invoices is not in the books.")
	case err != nil:
		return fmt.Errorf("ledger: printing: %w", err)
	case row.State != "issued":
		return fault.New(fault.Conflict, "Invoice %s is %s and is not printed.", row.Number, row.State)
	}
	return nil
}

// PrintInvoices writes down that invoices are printed together, so that they are
// not printed twice unasked, and returns the id of the batch, under which the
// file can be fetched again ([Service.BatchPaper]). The same form sent again
// returns the first one's batch. Refusals are those of BatchPaper.
func (s *Service) PrintInvoices(ctx context.Context, by audit.Actor, nonce string, invoiceIDs []int64) (int64, error) {
	if len(invoiceIDs) == 0 || len(invoiceIDs) > MaxBatch {
		return 0, fault.New(fault.Conflict, "Print between 1 and %d invoices at a time.", MaxBatch)
	}
	if nonce == "" {
		return 0, fault.New(fault.Conflict, "This form is not complete. Please open it again.")
	}
	var batch int64
	now := s.clock.Now()
	err := s.db.Write(ctx, func(q *db.Queries) error {
		made, err := q.AddPrintBatch(ctx, db.AddPrintBatchParams{Nonce: nonce, StaffID: db.NullID(by.StaffID), MadeAt: now})
		if err != nil {
			return fmt.Errorf("ledger: printing: %w", err)
		}
		if len(made) == 0 {
			batch, err = q.GetPrintBatchByNonce(ctx, nonce)
			return err
		}
		batch = made[0]
		for i, id := range invoiceIDs {
			row, err := q.GetInvoiceStanding(ctx, id)
			if err := printable(row, err); err != nil {
				return err
			}
			if err := q.AddPrintBatchInvoice(ctx, db.AddPrintBatchInvoiceParams{BatchID: batch, Position: int64(i + 1), InvoiceID: id}); err != nil {
				return fmt.Errorf("ledger: printing: %w", err)
			}
			if err := q.RemoveInvoiceToSend(ctx, id); err != nil {
				return fmt.Errorf("ledger: printing: %w", err)
			}
			err = audit.Record(ctx, q, now, by, audit.Entry{Action: "invoice.print", CustomerID: row.CustomerID, Object: "invoice " + row.Number})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return batch, err
}

// SendInvoice queues the mail of an issued invoice once more, because staff asked
// for it. The same form sent again mails nothing twice. When nobody can be mailed
// that is a Conflict; a void invoice too; a missing one is NotFound.
func (s *Service) SendInvoice(ctx context.Context, by audit.Actor, nonce, number string) error {
	if nonce == "" {
		return fault.New(fault.Conflict, "This form is not complete. Please open it again.")
	}
	now := s.clock.Now()
	return s.db.Write(ctx, func(q *db.Queries) error {
		i, err := q.GetInvoiceByNumber(ctx, number)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.Missing("invoice")
		}
		if err != nil {
			return fmt.Errorf("ledger: invoice %s: %w", number, err)
		}
		queued, err := s.MailInvoice(ctx, q, now, i.ID, "sent by "+nonce)
		if err != nil {
			return err
		}
		if !queued {
			return fault.New(fault.Conflict, "There is no e-mail address on file that wants invoices. Print it, or add an address.")
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "invoice.mail", CustomerID: i.CustomerID, Object: "invoice " + i.Number})
	})
}
