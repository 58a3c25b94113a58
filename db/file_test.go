package db_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/calendar"
)

func books(t *testing.T, path string) *db.DB {
	t.Helper()
	d, err := db.OpenBooks(t.Context(), path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func set(t *testing.T, d *db.DB, key, value string) {
	t.Helper()
	err := d.Write(context.WithoutCancel(t.Context()), func(q *db.Queries) error {
		return q.PutSetting(context.WithoutCancel(t.Context()), db.PutSettingParams{Key: key, Value: value})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, d *db.DB, key string) string {
	t.Helper()
	rows, err := d.Read().ListSettings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Key == key {
			return r.Value
		}
	}
	return ""
}

func hold(t *testing.T, d *db.DB) db.Hold {
	t.Helper()
	h, err := d.Hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	body, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, body, 0o600))
}

// Support staff copy the .db at any moment: none of the copies may be broken,
// empty or older than the last snapshot.
func TestBareCopiesUnderSteadyWritesAreWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "portal.db")
	d := books(t, path)
	must(t, d.Snapshot(t.Context()))
	ctx, stop := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			set(t, d, "company.name", fmt.Sprint(i))
			set(t, d, fmt.Sprintf("filler.%d", i%500), strings.Repeat("x", 2000))
		}
	})
	work.Go(func() {
		for ctx.Err() == nil {
			if err := d.Snapshot(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	})
	dir := t.TempDir()
	for i := range 200 {
		to := filepath.Join(dir, fmt.Sprintf("copy-%d.db", i))
		in, err := os.Open(path)
		must(t, err)
		out, err := os.Create(to)
		must(t, err)
		if _, err := io.Copy(out, in); err != nil {
			t.Fatal(err)
		}
		must(t, in.Close())
		must(t, out.Close())
		if err := db.CheckFile(t.Context(), to); err != nil {
			t.Errorf("copy %d: %v", i, err)
		}
		must(t, os.Remove(to))
	}
	stop()
	work.Wait()
	must(t, d.Close())
}

func TestCopyOnAnotherMachineBecomesBooksOnHoldUntilConfirmed(t *testing.T) {
	home := filepath.Join(t.TempDir(), "portal.db")
	d := books(t, home)
	if h := hold(t, d); h != db.NoHold {
		t.Fatalf("new books on hold: %s", h)
	}
	set(t, d, "company.name", "Acme")
	must(t, d.Snapshot(t.Context()))
	must(t, d.Close())

	away := filepath.Join(t.TempDir(), "portal.db")
	copyTo(t, home, away)
	d = books(t, away)
	if get(t, d, "company.name") != "Acme" || hold(t, d) != db.Copied || db.Copied.Describe() == "" {
		t.Fatalf("copied books: %q, hold %q", get(t, d, "company.name"), hold(t, d))
	}
	must(t, d.Snapshot(t.Context()))
	must(t, d.Close())
	d = books(t, away)
	if hold(t, d) != db.Copied {
		t.Error("the hold ended by starting twice")
	}
	must(t, d.Confirm(t.Context()))
	must(t, d.Close())
	d = books(t, away)
	if hold(t, d) != db.NoHold {
		t.Error("still on hold after it was confirmed")
	}
	must(t, d.Close())
}

func TestCopyOfTheWholeFolderIsOnHold(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	d := books(t, filepath.Join(from, "portal.db"))
	must(t, d.Snapshot(t.Context()))
	must(t, d.Close())
	for _, name := range []string{"portal.db", "portal.db-live", "portal.db-instance"} {
		copyTo(t, filepath.Join(from, name), filepath.Join(to, name))
	}
	d = books(t, filepath.Join(to, "portal.db"))
	defer func() { must(t, d.Close()) }()
	if hold(t, d) != db.Copied {
		t.Errorf("hold = %q", hold(t, d))
	}
}

func TestOlderSnapshotPutInPlaceIsRefusedBothWaysOn(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "portal.db")
	d := books(t, path)
	set(t, d, "company.name", "old")
	must(t, d.Snapshot(t.Context()))
	copyTo(t, path, filepath.Join(dir, "saved"))
	set(t, d, "company.name", "new")
	must(t, d.Snapshot(t.Context()))
	must(t, d.Close())
	must(t, os.Rename(filepath.Join(dir, "saved"), path))

	_, err := db.OpenBooks(t.Context(), path, time.Now)
	if err == nil || !strings.Contains(err.Error(), "portal restore portal.db") || !strings.Contains(err.Error(), "move it away") {
		t.Fatalf("OpenBooks = %v", err)
	}

	t.Run("move it away to go on", func(t *testing.T) {
		must(t, os.Rename(path, filepath.Join(dir, "moved")))
		d := books(t, path)
		if get(t, d, "company.name") != "new" || hold(t, d) != db.NoHold {
			t.Errorf("name %q, hold %q", get(t, d, "company.name"), hold(t, d))
		}
		must(t, d.Close())
		must(t, os.Rename(filepath.Join(dir, "moved"), path))
	})
	t.Run("restore it to go back", func(t *testing.T) {
		// the log of the books that are replaced must not be replayed
		must(t, os.WriteFile(path+"-live-wal", []byte("stale"), 0o600))
		kept, err := db.Restore(t.Context(), path, path, time.Now)
		must(t, err)
		if _, err := os.Stat(filepath.Join(kept, "portal.db-live")); err != nil {
			t.Errorf("replaced books are not kept: %v", err)
		}
		d := books(t, path)
		if get(t, d, "company.name") != "old" || hold(t, d) != db.Restored {
			t.Errorf("name %q, hold %q", get(t, d, "company.name"), hold(t, d))
		}
		must(t, d.Close())
	})
}

func TestEditedSnapshotIsNoticed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "portal.db")
	d := books(t, path)
	must(t, d.Snapshot(t.Context()))
	must(t, d.Close())
	edited, err := db.Open(t.Context(), path)
	must(t, err)
	set(t, edited, "company.name", "edited by hand")
	must(t, edited.Close())
	if _, err := db.OpenBooks(t.Context(), path, time.Now); err == nil {
		t.Error("an edited snapshot was accepted, and would be overwritten")
	}
}

func TestForeignTruncatedAndNewerFilesAreRefusedAndLeftAsTheyAre(t *testing.T) {
	good := filepath.Join(t.TempDir(), "portal.db")
	d := books(t, good)
	must(t, d.Snapshot(t.Context()))
	must(t, d.Close())
	whole, err := os.ReadFile(good)
	must(t, err)
	for name, body := range map[string][]byte{
		"text": []byte("this is a letter, not a database, and quite a long one at that"), "empty": {}, "truncated": whole[:len(whole)/2],
	} {
		t.Run(name, func(t *testing.T) {
			for _, suffix := range []string{"", "-live"} {
				if len(body) == 0 && suffix == "-live" {
					continue // books killed the moment they were made: they begin anew
				}
				path := filepath.Join(t.TempDir(), "portal.db")
				must(t, os.WriteFile(path+suffix, body, 0o600))
				if d, err := db.OpenBooks(t.Context(), path, time.Now); err == nil {
					must(t, d.Close())
					t.Fatalf("portal.db%s was accepted", suffix)
				}
				after, err := os.ReadFile(path + suffix)
				must(t, err)
				if string(after) != string(body) {
					t.Errorf("portal.db%s was changed", suffix)
				}
			}
		})
	}
	t.Run("newer schema", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "portal.db")
		d := books(t, path)
		must(t, d.WriteTx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
			return err
		}))
		must(t, d.Close())
		if _, err := db.OpenBooks(t.Context(), path, time.Now); err == nil || !strings.Contains(err.Error(), "newer version") {
			t.Errorf("OpenBooks = %v", err)
		}
	})
}

func TestKilledAtTheFirstStartBeginsAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "portal.db")
	must(t, os.WriteFile(path+"-live", nil, 0o600))
	d := books(t, path)
	if hold(t, d) != db.NoHold {
		t.Error("new books are on hold")
	}
	must(t, d.Close())
}

func TestSecondServerIsRefusedInWords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "portal.db")
	release, err := db.Lock(path)
	must(t, err)
	if _, err := db.Lock(path); err == nil || !strings.Contains(err.Error(), "another portal is running") {
		t.Errorf("second Lock = %v", err)
	}
	if _, err := db.Restore(t.Context(), path, path, time.Now); err == nil {
		t.Error("restored under a running portal")
	}
	release()
	release, err = db.Lock(path)
	must(t, err)
	release()
}

func TestBackupIsWholeAndReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	d := books(t, filepath.Join(dir, "portal.db"))
	set(t, d, "company.name", "Acme")
	to, err := d.Backup(t.Context(), dir)
	must(t, err)
	must(t, db.CheckFile(t.Context(), to))
	if _, err := d.Backup(t.Context(), to); err == nil {
		t.Error("a backup replaced a file")
	}
	info, err := os.Stat(to)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	must(t, d.Close())
}

func TestSnapshotsFollowChangesAndAreThinned(t *testing.T) {
	dir := t.TempDir()
	clock := calendar.NewFake(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	d, err := db.OpenBooks(t.Context(), filepath.Join(dir, "portal.db"), clock.Now)
	must(t, err)
	for range 60 {
		must(t, d.Snapshot(t.Context()))
		clock.Advance(10 * time.Hour)
	}
	must(t, d.Close())
	kept, err := filepath.Glob(filepath.Join(dir, "portal-backups", "portal-*.db"))
	must(t, err)
	// 14 days, one a day, and up to three in the last day
	if len(kept) < 14 || len(kept) > 18 {
		t.Errorf("%d backups kept", len(kept))
	}
}

func TestOnlyAChangeMakesASnapshot(t *testing.T) {
	d := books(t, filepath.Join(t.TempDir(), "portal.db"))
	made := func() calendar.Instant {
		at, err := d.SnapshotTime(t.Context())
		must(t, err)
		return at
	}
	version, err := d.SnapshotIfChanged(t.Context(), -1)
	must(t, err)
	first := made()
	if first == 0 {
		t.Fatal("no snapshot was made")
	}
	if version, err = d.SnapshotIfChanged(t.Context(), version); err != nil || made() != first {
		t.Errorf("a snapshot of books that did not change: %v", err)
	}
	set(t, d, "company.name", "Acme")
	if _, err = d.SnapshotIfChanged(t.Context(), version); err != nil || made() == first {
		t.Errorf("no snapshot of books that changed: %v", err)
	}
	must(t, d.Close())
}

func TestKeepSnapshotsStopsWithItsContext(t *testing.T) {
	d := books(t, filepath.Join(t.TempDir(), "portal.db"))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		d.KeepSnapshots(ctx, slog.New(slog.DiscardHandler))
		close(done)
	}()
	stop()
	<-done
	must(t, d.Close())
}
