// Package books gets the dealer's books in and out as CSV files: customers,
// tax codes, sites, systems, recurring items, invoices, payments and proposals,
// as every bookkeeping program writes them.
//
// An import reads the files into a scratch database, decides about every row
// there, and then writes the accepted rows in one transaction, all or none. The
// rules it decides by are those of the account and ledger nouns. A portal that
// runs on the same books is only kept waiting while that transaction is
// written; [Report.Wrote] says how long that was.
package books

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/proposal"
	"customerportal/internal/settings"
)

// Service imports into and exports from the open books. It is safe for use by
// several goroutines.
type Service struct {
	db        *db.DB
	clock     calendar.Clock
	settings  *settings.Store
	proposals *proposal.Service
}

// New returns the service of the open books.
func New(d *db.DB, clock calendar.Clock, store *settings.Store, proposals *proposal.Service) *Service {
	return &Service{db: d, clock: clock, settings: store, proposals: proposals}
}

// Options say how to import.
type Options struct {
	// DryRun reads and checks everything and writes nothing.
	DryRun bool
	// OverwriteContact lets the files replace what customers changed in the
	// portal; without it that stays and is reported.
	OverwriteContact bool
	// Confirm is asked before anything is written, with what would be; an error
	// ends the import. It is asked again when the books have changed meanwhile so
	// that more rows are refused. Nil = go on.
	Confirm func(*Report) error
	// Progress is told how far it is, about every 512 rows. It may be nil.
	Progress func(Progress)
	// Rejects makes the file for the refused rows of the file of that name, in
	// the columns of the original and one more with the reason. It is only called
	// for files with refused rows. Nil = they are not written.
	Rejects func(name string) (io.WriteCloser, error)
	// Written is called in the transaction that writes, after all of it: what it
	// adds is there when the import is, and only then. Nil = nothing.
	Written func(ctx context.Context, q *db.Queries, r *Report) error
}

// errStale says that the books have changed since the plan was made.
var errStale = errors.New("books: changed since the plan was made")

// attempts is how often an import plans anew because the books have changed
// meanwhile, before it plans while it holds them.
const attempts = 3

// Import takes the files into the books: all the accepted rows, in one
// transaction, or none. It tells what it did, and of every refused row the file,
// the line, the column and the reason. When a file as a whole cannot be read (a
// needed column is missing, a quote is never closed) it returns an Invalid fault
// and has written nothing.
//
// Rows are matched by number. Reading a file twice changes nothing. A file never
// deletes, an empty cell leaves the books as they are, issued invoices and
// booked payments never change: differences are in [Report.Kept].
func (s *Service) Import(ctx context.Context, by audit.Actor, sources []Source, o Options) (*Report, error) {
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Confirm == nil {
		o.Confirm = func(*Report) error { return nil }
	}
	current, err := s.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	began := s.clock()
	stage, err := newStage(ctx)
	if err != nil {
		return nil, err
	}
	defer stage.close()
	report := &Report{DryRun: o.DryRun}
	r := &reader{stage: stage, report: report, progress: o.Progress, papers: map[string]Source{}}
	if err := r.open(sources); err != nil {
		return nil, err
	}
	if err := r.read(ctx); err != nil {
		return nil, stopped(ctx, err)
	}
	report.readRefused = len(report.Refused)
	p := &planner{stage: stage, inputs: r.inputs, papers: r.papers, notes: len(report.Notes), report: report, overwrite: o.OverwriteContact, progress: o.Progress,
		zone: func(at calendar.Instant) calendar.Date { return at.Date(current.Zone) }, today: s.clock.Today(current.Zone)}
	confirmed := int64(-1)
	for try := 1; ; try++ {
		report.forgetPlan()
		seen, err := s.plan(ctx, p)
		if err != nil {
			return nil, stopped(ctx, err)
		}
		report.Read = s.clock().Sub(began)
		totals := report.Totals()
		if o.Rejects != nil && totals.Refused > 0 {
			if err := writeRejects(ctx, stage, r.inputs, o.Rejects); err != nil {
				return nil, err
			}
		}
		if o.DryRun {
			return report, nil
		}
		if totals.Refused != confirmed {
			if err := o.Confirm(report); err != nil {
				return report, err
			}
			confirmed = totals.Refused
		}
		if totals.New+totals.Changed == 0 {
			return report, nil
		}
		err = s.write(ctx, by, p, seen, try >= attempts, o.Written)
		if err == nil {
			return report, nil
		}
		if !errors.Is(err, errStale) {
			return nil, stopped(ctx, err)
		}
	}
}

// stopped tells an import that was stopped from one that failed: the database
// may answer the first statement after the stop in words of its own.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w (%w)", ctx.Err(), err)
	}
	return err
}

// plan plans against the books as they are at one moment, which it returns.
func (s *Service) plan(ctx context.Context, p *planner) (db.BooksFingerprintRow, error) {
	var seen db.BooksFingerprintRow
	tx, err := s.db.Reader().BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return seen, fmt.Errorf("books: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	p.q = db.New(db.NewPrepared(tx))
	quiet := context.WithoutCancel(ctx)
	if seen, err = p.q.BooksFingerprint(quiet); err != nil {
		return seen, fmt.Errorf("books: %w", err)
	}
	return seen, p.run(ctx)
}

// write writes the plan, unless the books have changed since it was made; the
// last time it plans anew in the transaction itself rather than give up.
func (s *Service) write(ctx context.Context, by audit.Actor, p *planner, seen db.BooksFingerprintRow, last bool,
	written func(context.Context, *db.Queries, *Report) error) error {
	began := s.clock()
	err := s.db.WriteTx(ctx, func(tx *sql.Tx) error {
		// the books' pages that are written; given back at the end
		if _, err := tx.ExecContext(ctx, `PRAGMA cache_size(-49152)`); err != nil {
			return fmt.Errorf("books: %w", err)
		}
		defer func() { _, _ = tx.ExecContext(context.WithoutCancel(ctx), `PRAGMA cache_size(-2000)`) }()
		q := db.New(db.NewPrepared(tx))
		now, err := q.BooksFingerprint(ctx)
		if err != nil {
			return fmt.Errorf("books: %w", err)
		}
		if now != seen {
			if !last {
				return errStale
			}
			refused := p.report.Totals().Refused
			p.report.forgetPlan()
			p.q = q
			if err := p.run(ctx); err != nil {
				return err
			}
			if p.report.Totals().Refused > refused {
				return fault.New(fault.Conflict, "The books have changed while the files were checked, and more rows are refused now. Nothing was imported; please try again.")
			}
		}
		w := &writer{stage: p.stage, q: q, inputs: p.inputs, papers: p.papers, proposals: s.proposals, by: by, now: s.clock.Now(), overwrite: p.overwrite, today: p.today, progress: p.progress,
			total: p.report.Totals().New + p.report.Totals().Changed, ids: customerIDs{}}
		if err := w.run(ctx); err != nil {
			return err
		}
		if err := audit.Record(ctx, q, w.now, by, audit.Entry{Action: "books.import", Object: fileNames(p.report), After: summary(p.report)}); err != nil || written == nil {
			return err
		}
		return written(ctx, q, p.report)
	})
	p.report.Wrote = s.clock().Sub(began)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	p.report.Written = err == nil
	return err
}

func fileNames(r *Report) string {
	names := make([]string, len(r.Files))
	for i, f := range r.Files {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}

func summary(r *Report) any {
	type counts struct {
		File                                   string
		Rows, New, Changed, Unchanged, Refused int64
	}
	list := make([]counts, len(r.Files))
	for i, f := range r.Files {
		list[i] = counts{f.Name, f.Rows, f.New, f.Changed, f.Unchanged, f.Refused}
	}
	return list
}

// writer writes a plan by the nouns' own functions.
type writer struct {
	stage     *stage
	q         *db.Queries
	inputs    []*input
	papers    map[string]Source
	proposals *proposal.Service
	by        audit.Actor
	now       calendar.Instant
	overwrite bool
	today     calendar.Date
	progress  func(Progress)
	done      int64
	total     int64
	ids       customerIDs
}

func (w *writer) tick(rows int) {
	before := w.done
	w.done += int64(rows)
	if w.done/512 != before/512 {
		w.progress(Progress{"Writing", w.done, max(w.total, w.done)})
	}
}

// at says of an error in which row it happened. What the plan foresaw does not
// happen here: it is a fault in the program, and nothing is written.
func (w *writer) at(file int, line int64, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("books: writing %s, line %d: %w", w.inputs[file].Name, line, err)
}

func (w *writer) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{w.customers, w.taxes, w.sites, w.systems, w.recurring, w.invoices, w.payments, w.offers} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	w.progress(Progress{"Writing", w.total, w.total})
	return nil
}

// The statements run without the caller's context, which is looked at between
// rows: watching it costs more than a statement does.

func (w *writer) customers(ctx context.Context) error {
	quiet := context.WithoutCancel(ctx)
	return w.stage.things(ctx, customersFile, func(t thing) error {
		w.tick(1)
		old, _, err := customer(quiet, w.q, t.key)
		if err != nil {
			return err
		}
		if old != nil {
			t.cells[keyColumn] = ""
		}
		_, _, err = account.SaveCustomer(quiet, w.q, w.now, t.over(old).record(w.overwrite))
		return w.at(t.file, t.line, err)
	}, isNew, isChanged)
}

func (w *writer) sites(ctx context.Context) error {
	quiet := context.WithoutCancel(ctx)
	return w.stage.things(ctx, sitesFile, func(t thing) error {
		w.tick(1)
		id, err := w.ids.find(quiet, w.q, t.cell("customer_number"))
		if err != nil {
			return err
		}
		old, err := siteCells(quiet, w.q, id, t.cell("customer_number"), t.cell("site_name"))
		if err != nil {
			return err
		}
		t = t.over(old)
		site, _, err := account.SaveSite(quiet, w.q, w.now, account.SiteRecord{CustomerID: id, Name: t.cell("site_name"),
			Address1: t.cell("address1"), Address2: t.cell("address2"), City: t.cell("city"), State: t.cell("state"), Zip: t.cell("zip"),
			TaxCode: t.cell("tax_code"), TaxExempt: t.cell("tax_exempt") == "yes"})
		if err == nil {
			err = w.exemption(quiet, site, t, old)
		}
		return w.at(t.file, t.line, err)
	}, isNew, isChanged)
}

func (w *writer) systems(ctx context.Context) error {
	quiet := context.WithoutCancel(ctx)
	return w.stage.things(ctx, systemsFile, func(t thing) error {
		w.tick(1)
		number, site := t.cell("customer_number"), t.cell("site_name")
		id, err := w.ids.find(quiet, w.q, number)
		if err != nil {
			return err
		}
		siteID, err := w.q.FindSite(quiet, db.FindSiteParams{CustomerID: id, Name: site})
		if err != nil {
			return w.at(t.file, t.line, err)
		}
		old, err := systemCells(quiet, w.q, siteID, number, site, t.cell("system_name"))
		if err != nil {
			return err
		}
		t = t.over(old)
		_, _, err = account.SaveSystem(quiet, w.q, w.now, account.SystemRecord{SiteID: siteID, Name: t.cell("system_name"),
			SystemType: t.cell("system_type"), AccountNumber: t.cell("account_number")})
		return w.at(t.file, t.line, err)
	}, isNew, isChanged)
}

func (w *writer) invoices(ctx context.Context) error {
	quiet := context.WithoutCancel(ctx)
	return w.stage.invoices(ctx, true, func(i *invoice) error {
		w.tick(len(i.rows))
		first := i.rows[0]
		i.head() // the plan found no differences
		id, err := w.ids.find(quiet, w.q, i.customer)
		if err != nil {
			return err
		}
		var siteID int64
		if i.site != "" {
			if siteID, err = w.q.FindSite(quiet, db.FindSiteParams{CustomerID: id, Name: i.site}); err != nil {
				return w.at(first.file, first.line, err)
			}
		}
		invoice, err := ledger.IssueInvoice(quiet, w.q, w.now, i.record(id, siteID))
		if err == nil && i.status == void {
			_, err = ledger.VoidInvoice(quiet, w.q, ledger.Voiding{CustomerID: id, InvoiceID: invoice, Date: i.date, At: w.now})
		}
		return w.at(first.file, first.line, err)
	})
}

func (w *writer) payments(ctx context.Context) error {
	quiet := context.WithoutCancel(ctx)
	return w.stage.payments(ctx, isNew, func(r paymentRow) error {
		w.tick(1)
		id, err := w.ids.find(quiet, w.q, r.customer)
		if err != nil {
			return err
		}
		shares, err := parseApplyTo(r.split)
		if err != nil {
			return w.at(r.file, r.line, err)
		}
		parts := make([]ledger.Allocation, len(shares))
		for n, s := range shares {
			i, err := w.q.FindInvoice(quiet, s.invoice)
			if err != nil {
				return w.at(r.file, r.line, err)
			}
			parts[n] = ledger.Allocation{InvoiceID: i.ID, Cents: s.cents}
		}
		_, err = ledger.RecordPayment(quiet, w.q, w.now, ledger.PaymentRecord{Reference: r.reference, CustomerID: id, Kind: r.kind, Label: r.label,
			Number: r.number, Amount: r.amount, Date: r.date, Source: source, Allocations: parts})
		return w.at(r.file, r.line, err)
	})
}

// writeRejects writes the refused rows as they stand in the files.
func writeRejects(ctx context.Context, stage *stage, inputs []*input, create func(name string) (io.WriteCloser, error)) error {
	for n, in := range inputs {
		var some bool
		if _, err := stage.one(`SELECT EXISTS (SELECT 1 FROM refused WHERE file = ?)`, []any{n}, &some); err != nil {
			return err
		}
		if !some {
			continue
		}
		f, err := create(in.Name)
		if err != nil {
			return err
		}
		sheet := NewSheet(f, append(in.head.named(), reasonColumn)...)
		err = in.rows(ctx, func(cells []string, line int64) error {
			var reason string
			refused, err := stage.one(`SELECT reason FROM refused WHERE file = ? AND line = ?`, []any{n, line}, &reason)
			if refused {
				row := make([]string, len(in.head.written)+1)
				copy(row, cells)
				row[len(row)-1] = reason
				sheet.Row(row...)
			}
			return err
		})
		if err = errors.Join(err, sheet.Flush()); err != nil {
			return errors.Join(err, abandon(f))
		}
		if err := f.Close(); err != nil {
			return fmt.Errorf("books: %w", err)
		}
	}
	return nil
}

// abandon gives up a file that is not whole.
func abandon(f io.WriteCloser) error {
	if a, ok := f.(interface{ Abandon() error }); ok {
		return a.Abandon()
	}
	return f.Close()
}

// RejectsName names the file for the refused rows of a file: path with the
// original's stem added, so that its name says what is in it when it is sent
// again. "refused.csv" becomes "refused-invoices.csv".
func RejectsName(path, original string) string {
	ext := filepath.Ext(path)
	if stemOf(filepath.Base(path)) == stemOf(original) {
		return path
	}
	return strings.TrimSuffix(path, ext) + "-" + strings.TrimSuffix(original, filepath.Ext(original)) + ".csv"
}

// RejectsFile returns what [Options.Rejects] needs to write beside each other
// the files of refused rows named after path.
func RejectsFile(path string) func(name string) (io.WriteCloser, error) {
	return func(name string) (io.WriteCloser, error) { return createFile(RejectsName(path, name)) }
}
