package books

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// Desk is where the office brings files: they are kept beside the books, checked
// first, and imported once that is confirmed, while people go on working. There
// is one import at a time. It is safe for use by several goroutines.
type Desk struct {
	*Service
	folder string
	log    *slog.Logger
	wake   chan struct{}

	mu       sync.Mutex
	running  int64 // the import that is worked on, 0 for none
	cancel   context.CancelFunc
	canceled bool
	done     chan struct{} // closed when it has ended
	progress Progress
	began    time.Time   // of what is being done
	started  int64       // the import that was confirmed in this process
	by       audit.Actor // and by whom
}

// NewDesk returns the desk of the open books; files are kept in the folder, which
// is made when it is needed.
func NewDesk(s *Service, folder string, log *slog.Logger) *Desk {
	return &Desk{Service: s, folder: folder, log: log, wake: make(chan struct{}, 1)}
}

// Woken tells the job that there is work; see [Desk.Run].
func (d *Desk) Woken() <-chan struct{} { return d.wake }

func (d *Desk) wakeUp() {
	select {
	case d.wake <- struct{}{}:
	default: // it is awake
	}
}

// Phase is how far an import is.
type Phase string

// The phases of an import. It is open until it is Done, Failed or Canceled.
const (
	Checking  Phase = "checking"  // the dry run is under way
	Checked   Phase = "checked"   // and waits to be confirmed
	Importing Phase = "importing" // it is under way
	Done      Phase = "done"
	Failed    Phase = "failed"
	Canceled  Phase = "canceled"
)

// Open reports whether the import has not ended.
func (p Phase) Open() bool { return p == Checking || p == Checked || p == Importing }

// Running reports whether it is being worked on.
func (p Phase) Running() bool { return p == Checking || p == Importing }

// Visit is an import as the office sees it.
type Visit struct {
	ID        int64
	Phase     Phase
	Files     []string
	Overwrite bool
	Report    *Report // of the dry run or the import, nil before there is one
	Problem   string  // why it failed, or what to know before confirming
	Staff     string  // who brought the files
	At        calendar.Instant
	Finished  calendar.Instant
	// Refused are the files of which refused rows can be downloaded.
	Refused []string

	// While it runs: what is being done and how long it still takes, 0 when that
	// is not known.
	Progress Progress
	Left     time.Duration
}

// Last returns the import that is open or was the last; nil when there never was
// one.
func (d *Desk) Last(ctx context.Context) (*Visit, error) {
	row, err := d.db.Read().GetLastImport(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("books: import: %w", err)
	}
	v := &Visit{ID: row.ID, Phase: Phase(row.State), Overwrite: row.Overwrite != 0, Problem: row.Problem, Staff: row.StaffName, At: row.CreatedAt, Finished: row.FinishedAt}
	if v.Staff == "" {
		v.Staff = row.StaffEmail
	}
	what, err := broughtOf(row.FilesJson)
	if err != nil {
		return nil, err
	}
	papers := 0
	for n, f := range what.Files {
		if isPaper(f.Name) {
			papers++
			continue
		}
		v.Files = append(v.Files, f.Name)
		if _, err := os.Stat(d.refusedFile(row.Folder, n)); err == nil && !v.Phase.Running() {
			v.Refused = append(v.Refused, f.Name)
		}
	}
	if papers > 0 {
		v.Files = append(v.Files, papersInWords(papers))
	}
	if v.Report, err = reportOf(row.ReportJson); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running == v.ID && v.Phase.Running() {
		v.Progress = d.progress
		if p := d.progress; p.Done > 0 && p.Total > p.Done {
			took := d.clock().Sub(d.began)
			v.Left = time.Duration(float64(took) / float64(p.Done) * float64(p.Total-p.Done))
		}
	}
	return v, nil
}

func broughtOf(raw string) (b brought, err error) {
	if err := json.Unmarshal([]byte(raw), &b); err != nil {
		return b, fmt.Errorf("books: import: %w", err)
	}
	return b, nil
}

func reportOf(raw string) (*Report, error) {
	if raw == "" {
		return nil, nil
	}
	r := new(Report)
	if err := json.Unmarshal([]byte(raw), r); err != nil {
		return nil, fmt.Errorf("books: import: %w", err)
	}
	return r, nil
}

func (d *Desk) refusedFile(folder string, n int) string {
	return filepath.Join(d.folder, folder, fmt.Sprintf("refused-%d", n))
}

// papersInWords counts the PDFs that go along with proposals.
func papersInWords(n int) string {
	if n == 1 {
		return "1 PDF"
	}
	return grouped(int64(n)) + " PDFs"
}

// Part is one file of what is brought; see [Desk.Receive].
type Part struct {
	Name string
	Body io.Reader
}

// Receive takes files and begins their dry run. Next returns one file after the
// other and io.EOF after the last; files are written to disk as they come and
// never held in memory. It is a Conflict while another import is open, Invalid
// (field files) when there is nothing to read in what was brought, and
// [ErrTooLarge] when it is more than is taken. What is refused leaves nothing
// behind. Overwrite is asked for after the last file.
func (d *Desk) Receive(ctx context.Context, by audit.Actor, next func() (*Part, error), overwrite func() bool) error {
	if err := d.free(ctx, d.db.Read()); err != nil {
		return err
	}
	raw := make([]byte, 10)
	_, _ = rand.Read(raw) // crypto/rand.Read never fails
	name := base32.StdEncoding.EncodeToString(raw)
	folder := filepath.Join(d.folder, name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("books: %w", err)
	}
	err := d.receive(ctx, by, name, next, overwrite)
	if err != nil {
		return errors.Join(err, os.RemoveAll(folder))
	}
	d.wakeUp()
	return nil
}

func (d *Desk) receive(ctx context.Context, by audit.Actor, folder string, next func() (*Part, error), overwrite func() bool) error {
	in := newIntake(filepath.Join(d.folder, folder))
	for {
		part, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := in.take(part.Name, part.Body); err != nil {
			return err
		}
	}
	known := 0
	names := []string{}
	for _, f := range in.files {
		if !isPaper(f.Name) {
			known++
			names = append(names, f.Name)
		}
	}
	if in.papers > 0 {
		names = append(names, papersInWords(in.papers))
	}
	if known == 0 {
		if len(in.notes)+in.papers > 0 {
			return fault.Field("files", "There is no file in it that an import knows; it looks for %s", kindNames())
		}
		return fault.Field("files", "Choose the files to import")
	}
	files, err := json.Marshal(brought{in.files, in.notes})
	if err != nil {
		return fmt.Errorf("books: import: %w", err)
	}
	now := d.clock.Now()
	return d.db.Write(ctx, func(q *db.Queries) error {
		if err := d.free(ctx, q); err != nil {
			return err
		}
		row := db.AddImportParams{Folder: folder, FilesJson: string(files), StaffID: db.NullID(by.StaffID), CreatedAt: now}
		if overwrite() {
			row.Overwrite = 1
		}
		if _, err := q.AddImport(ctx, row); err != nil {
			return fmt.Errorf("books: import: %w", err)
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "books.import.bring", Object: "import", After: map[string]any{"files": names}})
	})
}

// free refuses a second import while one is open.
func (d *Desk) free(ctx context.Context, q *db.Queries) error {
	_, err := q.GetOpenImport(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("books: import: %w", err)
	}
	return fault.New(fault.Conflict, "Another import is open. Confirm or cancel it first.")
}

// Start confirms a checked import: its accepted rows go into the books. It is a
// Conflict when that import does not wait to be confirmed.
func (d *Desk) Start(ctx context.Context, by audit.Actor, id int64) error {
	err := d.db.Write(ctx, func(q *db.Queries) error {
		row, err := q.GetOpenImport(ctx)
		if errors.Is(err, sql.ErrNoRows) || err == nil && (row.ID != id || Phase(row.State) != Checked) {
			return fault.New(fault.Conflict, "This import does not wait to be confirmed any more.")
		}
		if err != nil {
			return fmt.Errorf("books: import: %w", err)
		}
		d.mu.Lock()
		d.started, d.by = id, by
		d.mu.Unlock()
		return d.move(ctx, q, id, Importing, row.ReportJson, "")
	})
	if err == nil {
		d.wakeUp()
	}
	return err
}

// Cancel ends an open import and leaves the books as they were. It returns when
// that is so. An import that has ended meanwhile stays as it is.
func (d *Desk) Cancel(ctx context.Context, by audit.Actor, id int64) error {
	d.mu.Lock()
	if d.running == id {
		d.canceled = true
		d.cancel()
		done := d.done
		d.mu.Unlock()
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	d.mu.Unlock()
	return d.db.Write(ctx, func(q *db.Queries) error {
		row, err := q.GetOpenImport(ctx)
		if errors.Is(err, sql.ErrNoRows) || err == nil && row.ID != id {
			return nil
		}
		if err != nil {
			return fmt.Errorf("books: import: %w", err)
		}
		if err := d.move(ctx, q, id, Canceled, "", ""); err != nil {
			return err
		}
		if err := audit.Record(ctx, q, d.clock.Now(), by, audit.Entry{Action: "books.import.cancel", Object: "import"}); err != nil {
			return err
		}
		return os.RemoveAll(filepath.Join(d.folder, row.Folder))
	})
}

// move writes down what becomes of an import, in the caller's transaction.
func (d *Desk) move(ctx context.Context, q *db.Queries, id int64, to Phase, report, problem string) error {
	row := db.MoveImportParams{State: string(to), ReportJson: report, Problem: problem, ID: id}
	if to.Open() {
		row.Open = sql.NullInt64{Int64: 1, Valid: true}
	} else {
		row.FinishedAt = d.clock.Now()
	}
	if _, err := q.MoveImport(ctx, row); err != nil {
		return fmt.Errorf("books: import: %w", err)
	}
	return nil
}

// Refused opens the refused rows of a file of the last import, as CSV. It is
// NotFound when there are none, or not any more.
func (d *Desk) Refused(ctx context.Context, name string) (io.ReadCloser, error) {
	row, err := d.db.Read().GetLastImport(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.Missing("file")
	}
	if err != nil {
		return nil, fmt.Errorf("books: import: %w", err)
	}
	what, err := broughtOf(row.FilesJson)
	if err != nil {
		return nil, err
	}
	n := slices.IndexFunc(what.Files, func(f staged) bool { return f.Name == name })
	if n < 0 || Phase(row.State).Running() {
		return nil, fault.Missing("file")
	}
	f, err := os.Open(d.refusedFile(row.Folder, n))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fault.Missing("file")
	}
	return f, err
}

// keepFor is how long refused rows can be downloaded after an import.
const keepFor = 24 * time.Hour

// Run is the job that works on the open import, and throws away what is left of
// those that ended.
func (d *Desk) Run(ctx context.Context) error {
	if err := d.sweep(ctx); err != nil {
		return err
	}
	row, err := d.db.Read().GetOpenImport(ctx)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !Phase(row.State).Running() {
		return nil
	}
	if err != nil {
		return fmt.Errorf("books: import: %w", err)
	}
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	d.mu.Lock()
	d.running, d.cancel, d.canceled, d.done = row.ID, cancel, false, make(chan struct{})
	d.progress, d.began = Progress{}, d.clock()
	by, confirmed := d.by, d.started == row.ID
	d.mu.Unlock()
	err = d.work(work, row, by, confirmed)
	d.mu.Lock()
	canceled := d.canceled
	d.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		err = d.end(ctx, row, by, canceled, err)
	}
	d.mu.Lock()
	d.running = 0
	close(d.done)
	d.mu.Unlock()
	return err
}

// errChanged says that the books have changed since the dry run so that more
// rows would be refused than people have seen.
var errChanged = errors.New("books: changed since the dry run")

func (d *Desk) work(ctx context.Context, row db.GetOpenImportRow, by audit.Actor, confirmed bool) error {
	what, err := broughtOf(row.FilesJson)
	if err != nil {
		return err
	}
	files := what.Files
	if Phase(row.State) == Importing && !confirmed {
		return fault.New(fault.Conflict, "The program was stopped while it imported. The books are as they were; bring the files again.")
	}
	sources := make([]Source, len(files))
	for n, f := range files {
		sources[n] = Source{Name: f.Name, Open: func() (io.ReadCloser, error) { return os.Open(filepath.Join(d.folder, row.Folder, f.File)) }}
	}
	o := Options{DryRun: Phase(row.State) == Checking, OverwriteContact: row.Overwrite != 0, Progress: d.note,
		Rejects: func(name string) (io.WriteCloser, error) {
			n := slices.IndexFunc(files, func(f staged) bool { return f.Name == name })
			return createFile(d.refusedFile(row.Folder, n))
		}}
	if o.DryRun {
		report, err := d.Import(ctx, by, sources, o)
		if err != nil {
			return err
		}
		report.Notes = append(what.Notes, report.Notes...)
		return d.db.Write(ctx, func(q *db.Queries) error { return d.keep(ctx, q, row.ID, Checked, report, "") })
	}
	before, err := reportOf(row.ReportJson)
	if err != nil {
		return err
	}
	o.Confirm = func(r *Report) error {
		if before == nil || r.Totals().Refused > before.Totals().Refused {
			return errChanged
		}
		return nil
	}
	o.Written = func(ctx context.Context, q *db.Queries, r *Report) error {
		r.Written = true
		return d.keep(ctx, q, row.ID, Done, r, "")
	}
	report, err := d.Import(ctx, by, sources, o)
	switch {
	case errors.Is(err, errChanged):
		return d.db.Write(ctx, func(q *db.Queries) error {
			return d.keep(ctx, q, row.ID, Checked, report, "The books have changed since the files were checked, and more rows are refused now. Nothing was imported yet; look at them and confirm again.")
		})
	case err != nil:
		return err
	case !report.Written: // there was nothing to write
		err = d.db.Write(ctx, func(q *db.Queries) error { return d.keep(ctx, q, row.ID, Done, report, "") })
	}
	return errors.Join(err, d.discard(row.Folder, files))
}

// keep moves an import on with what was found.
func (d *Desk) keep(ctx context.Context, q *db.Queries, id int64, to Phase, r *Report, problem string) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("books: import: %w", err)
	}
	return d.move(ctx, q, id, to, string(raw), problem)
}

// end ends an import that did not go well.
func (d *Desk) end(ctx context.Context, row db.GetOpenImportRow, by audit.Actor, canceled bool, cause error) error {
	to, problem := Failed, "The files could not be imported. This is our fault, not yours; the program's log says why. The books are as they were."
	switch e, ok := errors.AsType[*fault.Error](cause); {
	case canceled:
		to, problem = Canceled, ""
	case ok && e.Kind != fault.Internal:
		problem = e.Message
	default:
		d.log.Error("import failed", "error", cause.Error())
	}
	err := d.db.Write(ctx, func(q *db.Queries) error {
		if err := d.move(ctx, q, row.ID, to, "", problem); err != nil || to != Canceled {
			return err
		}
		return audit.Record(ctx, q, d.clock.Now(), by, audit.Entry{Action: "books.import.cancel", Object: "import"})
	})
	return errors.Join(err, os.RemoveAll(filepath.Join(d.folder, row.Folder)))
}

// note keeps the progress for whoever looks.
func (d *Desk) note(p Progress) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p.Doing != d.progress.Doing {
		d.began = d.clock()
	}
	d.progress = p
}

// discard throws the files away that were brought; refused rows stay for a day.
func (d *Desk) discard(folder string, files []staged) error {
	var errs []error
	for _, f := range files {
		errs = append(errs, os.Remove(filepath.Join(d.folder, folder, f.File)))
	}
	return errors.Join(errs...)
}

// sweep removes the folders of imports that ended longer ago than keepFor, and
// of files that never became one.
func (d *Desk) sweep(ctx context.Context) error {
	kept, err := d.db.Read().ListKeptImports(ctx, d.clock.Now().Add(-keepFor))
	if err != nil {
		return fmt.Errorf("books: import: %w", err)
	}
	entries, err := os.ReadDir(d.folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("books: import: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		// one that is just being filled is not known yet
		if err != nil || slices.Contains(kept, e.Name()) || d.clock().Sub(info.ModTime()) < keepFor {
			continue
		}
		if err := os.RemoveAll(filepath.Join(d.folder, e.Name())); err != nil {
			return fmt.Errorf("books: import: %w", err)
		}
	}
	return nil
}
