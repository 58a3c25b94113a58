package db

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"modernc.org/sqlite"

	"customerportal/internal/calendar"
)

// The only file whose name ends in .db is a snapshot: whole, closed, checked,
// and safe to copy at any moment. The running books lie beside it under names
// that nobody takes for the database:
//
//	portal.db            the snapshot
//	portal.db-live       the running books, with -wal and -shm
//	portal.db-lock       held by the one `portal serve`
//	portal.db-instance   which running copy this is
//	portal-backups/      the snapshots of the last days
func livePath(path string) string     { return path + "-live" }
func lockPath(path string) string     { return path + "-lock" }
func instancePath(path string) string { return path + "-instance" }
func backupDir(path string) string {
	return filepath.Join(filepath.Dir(path), strings.TrimSuffix(filepath.Base(path), ".db")+"-backups")
}

// Hold says why these books take no money at the moment.
type Hold string

// The reasons. NoHold takes money.
const (
	NoHold   Hold = ""
	Copied   Hold = "copied"   // the file was carried here from elsewhere
	Restored Hold = "restored" // an older file was put back
)

// init makes SQLite's locks belong to the open file instead of the process, so
// that nothing in this process that opens and closes the file can drop them.
// Kernels without such locks keep the ordinary ones.
func init() { _, _ = sqlite.OFDLocking(true) }

// OpenBooks opens the books whose snapshot is named path. On a new machine with
// only a snapshot, that becomes the books. It refuses, and changes nothing,
// when the file under the snapshot's name is not the one it wrote. Books that
// were copied or restored come up on hold: see [DB.Hold].
func OpenBooks(ctx context.Context, path string, clock calendar.Clock) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	live := livePath(path)
	switch _, err := os.Stat(live); {
	case err == nil:
		if err := sameSnapshot(ctx, path); err != nil {
			return nil, err
		}
	case errors.Is(err, fs.ErrNotExist):
		if err := adopt(ctx, path); err != nil {
			return nil, err
		}
	default:
		return nil, err
	}
	if err := snapshotBeforeMigration(ctx, path); err != nil {
		return nil, err
	}
	d, err := Open(ctx, live)
	if err != nil {
		return nil, err
	}
	d.snapshot, d.clock = path, clock
	if err := d.checkInstance(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// adopt makes the snapshot at path the running books, when there is one.
func adopt(ctx context.Context, path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := CheckFile(ctx, path); err != nil {
		return err
	}
	// a log that is left of other books would be replayed into these
	for _, stale := range []string{livePath(path) + "-wal", livePath(path) + "-shm"} {
		if err := os.Remove(stale); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return copyFile(path, livePath(path))
}

// changeCounter reads the counter that SQLite raises with every change of a
// closed file (database file format, 1.3.7), to notice a snapshot that somebody
// has edited.
func changeCounter(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	var raw [4]byte
	if _, err := f.ReadAt(raw[:], 24); err != nil {
		return 0, err
	}
	return int64(binary.BigEndian.Uint32(raw[:])), nil
}

// sameSnapshot refuses a file under the snapshot's name that this program did
// not put there: somebody wants to go back to it, or left it by mistake.
func sameSnapshot(ctx context.Context, path string) error {
	there, err := readFile(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		ours, liveErr := readFile(ctx, livePath(path))
		if liveErr != nil {
			return liveErr
		}
		// a snapshot carries its own id as the one being made; killed between
		// the rename and the note of it, the running books still say so too
		if there.SnapshotPending == ours.SnapshotPending && ours.SnapshotPending != ours.Snapshot {
			return nil
		}
		if counter, err := changeCounter(path); err == nil && there.SnapshotPending == ours.Snapshot && counter == ours.SnapshotCounter {
			return nil
		}
	}
	name := filepath.Base(path)
	return fmt.Errorf("%s is not the snapshot this portal wrote; nothing was changed. To go back to it, run: portal restore %s. To go on with the running books, move it away and start again", name, name)
}

// readFile reads what a file knows of itself without changing it. A file with
// no such knowledge is an error.
func readFile(ctx context.Context, path string) (File, error) {
	if _, err := os.Stat(path); err != nil {
		return File{}, err
	}
	conn, err := sql.Open("sqlite", fileURI(path, "mode=ro&_pragma=busy_timeout(5000)"))
	if err != nil {
		return File{}, err
	}
	defer func() { _ = conn.Close() }()
	f, err := New(conn).GetFile(ctx)
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return f, nil
}

// CheckFile reports in words what is wrong with a database file that is not
// running: not SQLite, damaged, or not books of a portal.
func CheckFile(ctx context.Context, path string) error {
	name := filepath.Base(path)
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	head := make([]byte, 16)
	_, err = io.ReadFull(f, head)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil || string(head) != "SQLite format 3\x00" {
		return fmt.Errorf("%s is not a database file", name)
	}
	conn, err := sql.Open("sqlite", fileURI(path, "mode=ro&immutable=1"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	var verdict string
	if err := conn.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil || verdict != "ok" {
		return fmt.Errorf("%s is damaged (%s); use another backup", name, firstOf(err, verdict))
	}
	if _, err := New(conn).GetFile(ctx); err != nil {
		return fmt.Errorf("%s holds no books of a portal", name)
	}
	return nil
}

func firstOf(err error, verdict string) string {
	if err != nil {
		return err.Error()
	}
	return verdict
}

// copyFile copies a closed file to a new name, whole or not at all.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	temp := to + ".new"
	out, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temp, to)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return syncDir(filepath.Dir(to))
}

// syncDir makes renames in a directory last through a loss of power.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Lock takes the books for one `portal serve`. It fails at once, in words, when
// another one holds them. The lock ends with the process, however it ends.
func Lock(path string) (release func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	release, err = lockFile(lockPath(path), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("another portal is running on %s; stop it first", path)
	}
	return release, err
}

// lockFile locks a file of its own beside the books until released.
func lockFile(path string, how int) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// instance is what the instance file holds: a random id, and where it was made,
// so that a copied folder is noticed too.
type instance struct {
	ID      string `json:"instance"`
	Machine string `json:"machine"`
	Folder  string `json:"folder"`
}

// here describes this machine and folder; the machine's id is hashed because
// systemd asks that it never be shown (machine-id(5)).
func here(path string) instance {
	i := instance{Folder: filepath.Dir(path)}
	if id, err := os.ReadFile("/etc/machine-id"); err == nil {
		sum := sha256.Sum256(append([]byte("customerportal "), id...))
		i.Machine = hex.EncodeToString(sum[:8])
	}
	return i
}

// checkInstance puts the books on hold unless the instance file beside them
// belongs to them, to this machine and to this folder.
func (d *DB) checkInstance(ctx context.Context) error {
	known, err := d.read.GetFile(ctx)
	if err != nil {
		return fmt.Errorf("db: %w", err)
	}
	var file instance
	body, err := os.ReadFile(instancePath(d.snapshot))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(body, &file); err != nil {
			file = instance{}
		}
	}
	where := here(d.snapshot)
	if known.Instance != "" && file.ID == known.Instance && file.Machine == where.Machine && file.Folder == where.Folder {
		return nil
	}
	hold := Copied
	switch {
	case known.Instance == "":
		// new books: every file that could be copied already has an instance
		hold = NoHold
	case known.Hold != "":
		hold = Hold(known.Hold)
	case file.ID == restoredMark:
		hold = Restored
	}
	return d.takeInstance(ctx, hold)
}

// restoredMark stands in the instance file after a restore, so that the next
// start knows why nothing matches.
const restoredMark = "restored"

// takeInstance makes this the running copy under a new id.
func (d *DB) takeInstance(ctx context.Context, hold Hold) error {
	i := here(d.snapshot)
	i.ID = randomID()
	if err := d.Write(ctx, func(q *Queries) error {
		return q.SetInstance(ctx, SetInstanceParams{Instance: i.ID, Hold: string(hold)})
	}); err != nil {
		return fmt.Errorf("db: %w", err)
	}
	return writeInstance(d.snapshot, i)
}

func writeInstance(path string, i instance) error {
	body, err := json.Marshal(i)
	if err != nil {
		return err
	}
	temp := instancePath(path) + ".new"
	if err := os.WriteFile(temp, append(body, '\n'), 0o600); err != nil {
		return err
	}
	if err := os.Rename(temp, instancePath(path)); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// Hold returns why these books take no money, NoHold when they do.
func (d *DB) Hold(ctx context.Context) (Hold, error) {
	f, err := d.read.GetFile(ctx)
	if err != nil {
		return Copied, fmt.Errorf("db: %w", err)
	}
	return Hold(f.Hold), nil
}

// Confirm ends the hold: the owner says that this is the one running copy.
func (d *DB) Confirm(ctx context.Context) error { return d.takeInstance(ctx, NoHold) }

func randomID() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // crypto/rand.Read never fails
	return hex.EncodeToString(raw)
}
