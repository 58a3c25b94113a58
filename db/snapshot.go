package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"

	"customerportal/internal/calendar"
)

// Snapshot writes the books as they stand now to the .db name: a whole, closed
// file, checked and then renamed over the old one, so that whoever copies it
// gets either the old or the new. It is also linked into the folder of backups,
// which is thinned. Nobody who reads or writes waits for it.
func (d *DB) Snapshot(ctx context.Context) error {
	// a command may run beside the server: one snapshot at a time, or the later
	// rename could belong to the earlier note
	release, err := lockFile(d.snapshot+"-making", syscall.LOCK_EX)
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	defer release()
	id, now := randomID(), d.clock()
	err = d.Write(ctx, func(q *Queries) error {
		return q.BeginSnapshot(ctx, BeginSnapshotParams{SnapshotPending: id, SnapshotMadeAt: calendar.InstantOf(now)})
	})
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	temp := d.snapshot + "-new"
	if err := vacuumInto(ctx, d.path, temp); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	counter, err := changeCounter(temp)
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	if err := os.Rename(temp, d.snapshot); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	if err := syncDir(filepath.Dir(d.snapshot)); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	err = d.Write(ctx, func(q *Queries) error {
		return q.EndSnapshot(ctx, EndSnapshotParams{SnapshotCounter: counter, SnapshotPending: id})
	})
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	return d.keep(now)
}

// vacuumInto writes a checked, synced copy of the books at path to a name that
// is free afterwards whatever happens.
func vacuumInto(ctx context.Context, path, to string) (err error) {
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	conn, err := sql.Open("sqlite", fileURI(path, "_pragma=busy_timeout(5000)"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	defer func() {
		if err != nil {
			_ = os.Remove(to)
		}
	}()
	if _, err := conn.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return friendly(err)
	}
	if err := os.Chmod(to, 0o600); err != nil {
		return err
	}
	f, err := os.Open(to)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return CheckFile(ctx, to)
}

// Backup writes a snapshot of the running books to a file of the caller's, or
// into a folder under a name with the time in it, and returns its path. It does
// not replace a file that is there.
func (d *DB) Backup(ctx context.Context, to string) (string, error) {
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		to = filepath.Join(to, backupName(d.clock()))
	}
	if _, err := os.Stat(to); err == nil {
		return "", fmt.Errorf("%s is there already; name another file", to)
	}
	temp := to + ".new"
	if err := vacuumInto(ctx, d.path, temp); err != nil {
		return "", err
	}
	if err := os.Rename(temp, to); err != nil {
		return "", err
	}
	return to, syncDir(filepath.Dir(to))
}

const backupForm = "portal-20060102-150405.db"

func backupName(at time.Time) string { return at.UTC().Format(backupForm) }

// keepFor is how long snapshots are kept: each hour's last for a day, each
// day's last for two weeks.
const (
	keepHourly = 24 * time.Hour
	keepDaily  = 14 * 24 * time.Hour
)

// keep links the snapshot into the folder of backups and thins that out.
func (d *DB) keep(now time.Time) error {
	dir := backupDir(d.snapshot)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("backups: %w", err)
	}
	to := filepath.Join(dir, backupName(now))
	if err := os.Link(d.snapshot, to); err != nil && !errors.Is(err, fs.ErrExist) {
		// a file system without links
		if err := copyFile(d.snapshot, to); err != nil {
			return fmt.Errorf("backups: %w", err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("backups: %w", err)
	}
	var times []time.Time
	for _, e := range entries {
		if at, err := time.Parse(backupForm, e.Name()); err == nil {
			times = append(times, at)
		}
	}
	for _, at := range surplus(times, now.UTC()) {
		if err := os.Remove(filepath.Join(dir, backupName(at))); err != nil {
			return fmt.Errorf("backups: %w", err)
		}
	}
	return nil
}

// surplus returns the backups that thinning removes: all but the newest of each
// hour of the last day and of each day of the last fourteen. The newest of all
// always stays.
func surplus(times []time.Time, now time.Time) []time.Time {
	slices.SortFunc(times, func(a, b time.Time) int { return b.Compare(a) })
	seen := map[string]bool{}
	var out []time.Time
	for i, at := range times {
		age := now.Sub(at)
		bucket := at.Format("2006-01-02")
		if age < keepHourly {
			bucket = at.Format("2006-01-02 15")
		}
		if i > 0 && (seen[bucket] || age > keepDaily) {
			out = append(out, at)
			continue
		}
		seen[bucket] = true
	}
	return out
}

// snapshotBeforeMigration copies running books whose schema is about to change
// into the folder of backups.
func snapshotBeforeMigration(ctx context.Context, path string) error {
	live := livePath(path)
	info, err := os.Stat(live)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		// new books, or killed the moment they were made
		return nil
	}
	conn, err := sql.Open("sqlite", fileURI(live, "mode=ro&_pragma=busy_timeout(5000)"))
	if err != nil {
		return err
	}
	var version int64
	err = conn.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version").Scan(&version)
	if err := errors.Join(err, conn.Close()); err != nil {
		return fmt.Errorf("%s is not the books of this program, or is damaged: %w", filepath.Base(live), err)
	}
	newest, err := newestSchema()
	if err != nil || version >= newest || version == 0 {
		return err
	}
	dir := backupDir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return vacuumInto(ctx, live, filepath.Join(dir, fmt.Sprintf("before-schema-%d-from-%d.db", newest, version)))
}

// newestSchema is the version of the newest migration in this program.
func newestSchema() (int64, error) {
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, err
	}
	return goose.NumericComponent(entries[len(entries)-1].Name())
}

// snapshotShare bounds what snapshots cost: the next one waits at least a
// hundred times as long as the last one took.
const (
	snapshotShare = 100
	snapshotEvery = time.Minute
)

// KeepSnapshots makes a snapshot whenever the books have changed, after a
// minute for small books and less often as they grow, until ctx ends. Trouble
// is logged and tried again.
func (d *DB) KeepSnapshots(ctx context.Context, log *slog.Logger) {
	last, pause := int64(-1), snapshotEvery
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		began := d.clock()
		version, err := d.snapshotIfChanged(ctx, last)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.Error("snapshot failed", "error", err.Error())
		case version != last:
			last, pause = version, max(snapshotEvery, snapshotShare*d.clock().Sub(began))
		}
	}
}

// snapshotIfChanged makes a snapshot when the books are of another version than
// the last one. It returns their version afterwards: what the snapshot itself
// notes in the books is no reason for the next.
func (d *DB) snapshotIfChanged(ctx context.Context, last int64) (int64, error) {
	version, err := dataVersion(ctx, d.aside)
	if err != nil || version == last {
		return version, err
	}
	if err := d.Snapshot(ctx); err != nil {
		return last, err
	}
	return dataVersion(ctx, d.aside)
}

// dataVersion changes whenever another connection has committed; it must be
// asked on the same connection each time.
func dataVersion(ctx context.Context, conn *sql.DB) (version int64, err error) {
	err = conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version)
	return version, err
}

// Restore makes the file at from the books of path. The books that it replaces
// are kept in the folder of backups, whose path it returns. No portal may be
// running on them. The restored books are on hold until the owner confirms them.
func Restore(ctx context.Context, path, from string, clock calendar.Clock) (kept string, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	release, err := Lock(path)
	if err != nil {
		return "", err
	}
	defer release()
	if err := CheckFile(ctx, from); err != nil {
		return "", err
	}
	live := livePath(path)
	next := live + "-restored"
	if err := copyFile(from, next); err != nil {
		return "", err
	}
	// a folder of its own: nothing of the replaced books is ever overwritten
	kept = filepath.Join(backupDir(path), clock().UTC().Format("replaced-20060102-150405"))
	if err := os.MkdirAll(kept, 0o700); err != nil {
		return "", err
	}
	// the mark first: killed after this, the next start holds rather than charges
	if err := writeInstance(path, instance{ID: restoredMark}); err != nil {
		return "", err
	}
	settle(ctx, live)
	for _, name := range []string{live + "-wal", live + "-shm", live, path} {
		err := os.Rename(name, filepath.Join(kept, filepath.Base(name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	if err := os.Rename(next, live); err != nil {
		return "", err
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return "", err
	}
	d, err := OpenBooks(ctx, path, clock)
	if err != nil {
		return kept, err
	}
	return kept, errors.Join(d.Snapshot(ctx), d.Close())
}

// settle folds the log of closed books into their file, so that the file alone
// holds all of them. Books too damaged for that keep their log beside them.
func settle(ctx context.Context, live string) {
	if _, err := os.Stat(live); err != nil {
		return
	}
	conn, err := sql.Open("sqlite", fileURI(live, "_pragma=busy_timeout(5000)"))
	if err != nil {
		return
	}
	_, _ = conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	_ = conn.Close()
}

// Describe says in words what is held, for the owner.
func (h Hold) Describe() string {
	switch h {
	case Copied:
		return "These books were copied or moved here from elsewhere. No money is taken until you confirm that this is the one running copy."
	case Restored:
		return "These books were restored from a backup. No money is taken until you confirm them; payments made since the backup may be missing."
	}
	return ""
}

// SnapshotTime returns when the snapshot under the .db name was made.
func (d *DB) SnapshotTime(ctx context.Context) (calendar.Instant, error) {
	f, err := d.read.GetFile(ctx)
	if err != nil {
		return 0, fmt.Errorf("db: %w", err)
	}
	return f.SnapshotMadeAt, nil
}

// Integrity runs SQLite's own checks on the running books and returns what they
// find, in the database's words; nothing when all is well.
func (d *DB) Integrity(ctx context.Context) ([]string, error) {
	var found []string
	for _, check := range []string{"PRAGMA integrity_check(20)", "PRAGMA foreign_key_check"} {
		rows, err := d.reader.QueryContext(ctx, check)
		if err != nil {
			return nil, fmt.Errorf("db: %w", err)
		}
		columns, err := rows.Columns()
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		for rows.Next() {
			cells := make([]sql.NullString, len(columns))
			into := make([]any, len(columns))
			for i := range cells {
				into[i] = &cells[i]
			}
			if err := rows.Scan(into...); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			line := make([]string, len(cells))
			for i, cell := range cells {
				line[i] = cell.String
			}
			if text := strings.Join(line, " "); text != "ok" {
				found = append(found, text)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, fmt.Errorf("db: %w", err)
		}
	}
	return found, nil
}
