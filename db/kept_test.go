package db_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"customerportal/db"
	"customerportal/db/dbtest"
)

func TestKeptIsMadeAnewAfterAnyChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "portal.db-live")
	d, other := dbtest.Open(t, path), dbtest.Open(t, path)
	change := func(d *db.DB) error {
		return d.WriteTx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.Exec(`UPDATE jobs SET error = error || 'x' WHERE name = 'kept'`)
			return err
		})
	}
	if err := d.WriteTx(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec(`INSERT INTO jobs (name) VALUES ('kept')`); return err }); err != nil {
		t.Fatal(err)
	}
	var kept db.Kept[int]
	made := 0
	get := func(key string) int {
		t.Helper()
		n, err := kept.Get(t.Context(), d, key, func() (*int, error) { made++; n := made; return &n, nil })
		if err != nil {
			t.Fatal(err)
		}
		return *n
	}
	want := func(key string, n int, when string) {
		t.Helper()
		if got := get(key); got != n {
			t.Errorf("%s it is the %d. that was made, not the %d.", when, got, n)
		}
	}
	want("a", 1, "at first")
	want("a", 1, "asked again")
	want("b", 2, "for another key")
	for _, books := range []*db.DB{d, other} { // the other stands for another process
		if err := change(books); err != nil {
			t.Fatal(err)
		}
		want("b", made+1, "after a change")
		want("b", made, "asked again")
	}
	// a change while it is worked out
	_, err := kept.Get(t.Context(), d, "c", func() (*int, error) { made++; return &made, change(d) })
	if err != nil {
		t.Fatal(err)
	}
	want("c", made+1, "after a change in between")
	// an error is not kept
	if _, err := kept.Get(t.Context(), d, "d", func() (*int, error) { return nil, errors.New("no") }); err == nil {
		t.Error("the error is lost")
	}
	want("d", made+1, "after an error")
	want("d", made, "asked again")
}

func TestKeptIsWorkedOutOnceForAllWhoAsk(t *testing.T) {
	d := dbtest.New(t)
	var kept db.Kept[int]
	made := 0
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := kept.Get(t.Context(), d, "", func() (*int, error) { made++; return &made, nil }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made != 1 {
		t.Errorf("made %d times", made)
	}
}
