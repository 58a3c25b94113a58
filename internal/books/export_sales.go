package books

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// statuses are the words for the state of a proposal that cannot be answered any
// more; the others say nothing, for what waits is told by its dates.
var statuses = map[string]string{"accepted": "Accepted", "rejected": "Rejected", "withdrawn": "Withdrawn", "replaced": "Withdrawn"}

// proposals writes each proposal's newest version that was sent, a row for each
// line. Drafts are not in it.
func (e *exporter) proposals(ctx context.Context) error {
	return pages(ctx, func(after int64) (int64, int, error) {
		last, err := e.q.ExportProposalsUpTo(ctx, db.ExportProposalsUpToParams{AfterID: after, HowMany: pageOf})
		if err != nil || last == 0 {
			return 0, 0, err
		}
		list, err := e.q.ExportProposals(ctx, db.ExportProposalsParams{AfterID: after, UpToID: last})
		for _, p := range list {
			deposit := p.DepositCents
			if p.DepositPpm != 0 {
				deposit = money.Tax(p.TotalCents, money.RatePPM(p.DepositPpm))
			}
			asked, introduction, terms := "", "", ""
			if p.Position == 1 { // long texts stand once
				introduction, terms = p.Introduction, p.Terms
			}
			if deposit != 0 && p.Position == 1 {
				asked = deposit.Plain()
			}
			optional := "no"
			switch {
			case p.Optional != 0 && p.Chosen != 0:
				optional = "chosen"
			case p.Optional != 0:
				optional = "yes"
			}
			e.row(p.Number, p.CustomerNumber, p.Title, p.ProposalDate.ISO(), p.ValidUntil, p.SalespersonEmail, p.Site,
				p.Description, p.Quantity.String(), p.UnitPriceCents.Plain(), p.TaxCents.Plain(), strconv.FormatInt(p.CycleMonths, 10), optional,
				asked, statuses[p.State], introduction, terms)
		}
		return last, 1, err // a page of drafts has no rows, and there may be more behind it
	})
}

// The columns of workorders.csv.
var workOrderColumns = []string{"work_order", "customer_number", "site_name", "system_name", "state", "source", "title", "preferred", "technician", "appointment_date",
	"appointment_from", "appointment_until", "cancel_reason", "merged_into", "invoice_number", "parts_and_labour", "requested_at", "scheduled_at", "dispatched_at",
	"arrived_at", "completed_at", "cancelled_at"}

func (e *exporter) workOrders(ctx context.Context) error {
	return pages(ctx, func(after int64) (int64, int, error) {
		list, err := e.q.ExportWorkOrders(ctx, db.ExportWorkOrdersParams{AfterID: after, HowMany: pageOf})
		for _, w := range list {
			after = w.ID
			lines, err := e.q.ExportWork(ctx, w.ID)
			if err != nil {
				return 0, 0, err
			}
			work := make([]string, len(lines))
			for i, l := range lines {
				work[i] = fmt.Sprintf("%s: %s x %s at %s", l.Kind, l.Quantity, strings.Join(strings.Fields(l.Description), " "), l.UnitPriceCents.Plain())
			}
			from, until := "", ""
			if w.WindowDate != "" {
				from, until = minute(w.WindowFrom), minute(w.WindowUntil)
			}
			e.row(w.Number, w.CustomerNumber, w.Site, w.System, w.State, w.Source, w.Title, w.Preferred, w.Technician, w.WindowDate.ISO(), from, until,
				w.CancelReason, w.MergedInto, w.InvoiceNumber, strings.Join(work, "\n"), instant(w.RequestedAt), instant(w.ScheduledAt), instant(w.DispatchedAt),
				instant(w.ArrivedAt), instant(w.CompletedAt), instant(w.CancelledAt))
		}
		return after, len(list), err
	})
}

func (e *exporter) workOrderNotes(ctx context.Context) error {
	return pages(ctx, func(after int64) (int64, int, error) {
		list, err := e.q.ExportWorkOrderNotes(ctx, db.ExportWorkOrderNotesParams{AfterID: after, HowMany: pageOf})
		for _, n := range list {
			e.row(n.Number, instant(n.At), n.Staff, n.User, yesNo(n.Internal), n.Note)
			after = n.ID
		}
		return after, len(list), err
	})
}

// minute writes minutes after midnight as a time of day.
func minute(m int64) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }

// instant writes a moment, "" for none.
func instant(at calendar.Instant) string {
	if at.IsZero() {
		return ""
	}
	return at.Time().Format(time.RFC3339)
}

// papers writes the PDFs of proposals and the photos of work orders, one file
// each. A proposal's attachment, or else the PDF that was sent, is named as an
// import looks for it.
func (e *exporter) papers(ctx context.Context, create func(name string) (io.WriteCloser, error)) ([]Exported, error) {
	proposals, photos := Exported{Name: "PDFs of proposals"}, Exported{Name: "photos of work orders"}
	write := func(of *Exported, name string, documentID int64) error {
		of.Rows++
		d, err := e.q.GetDocument(ctx, documentID)
		if err != nil {
			return fmt.Errorf("books: %s: %w", name, err)
		}
		w, err := create(name)
		if err != nil {
			return err
		}
		if _, err := w.Write(d.Body); err != nil {
			return errors.Join(fmt.Errorf("books: writing %s: %w", name, err), abandon(w))
		}
		if err := w.Close(); err != nil {
			return fmt.Errorf("books: %w", err)
		}
		return nil
	}
	err := pages(ctx, func(after int64) (int64, int, error) {
		list, err := e.q.ExportProposalPapers(ctx, db.ExportProposalPapersParams{AfterID: after, HowMany: pageOf})
		for _, p := range list {
			after = p.ID
			stem := safeName(p.Number)
			sent := stem + ".pdf"
			if p.AttachedID.Valid {
				sent = stem + sentSuffix + ".pdf"
				if err := write(&proposals, stem+".pdf", p.AttachedID.Int64); err != nil {
					return 0, 0, err
				}
			}
			if err := write(&proposals, sent, p.DocumentID.Int64); err != nil {
				return 0, 0, err
			}
			if p.SignedDocumentID.Valid {
				if err := write(&proposals, stem+signedSuffix+".pdf", p.SignedDocumentID.Int64); err != nil {
					return 0, 0, err
				}
			}
		}
		return after, len(list), err
	})
	if err != nil {
		return nil, err
	}
	err = pages(ctx, func(after int64) (int64, int, error) {
		list, err := e.q.ExportWorkOrderPhotos(ctx, db.ExportWorkOrderPhotosParams{AfterID: after, HowMany: pageOf})
		for _, p := range list {
			after = p.ID
			if err := write(&photos, fmt.Sprintf("%s photo %d.jpg", p.Number, p.ID), p.DocumentID); err != nil {
				return 0, 0, err
			}
		}
		return after, len(list), err
	})
	var all []Exported
	for _, of := range []Exported{proposals, photos} {
		if of.Rows > 0 {
			all = append(all, of)
		}
	}
	return all, err
}

// What stands behind the number in the names of PDFs that an import does not
// attach.
const (
	sentSuffix   = " as sent"
	signedSuffix = " signed"
)

// ourPaper reports whether a PDF is one that an export wrote for people.
func ourPaper(number string) bool {
	return strings.HasSuffix(number, sentSuffix) || strings.HasSuffix(number, signedSuffix)
}

// safeName makes a file's name of a number.
func safeName(number string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, number)
}
