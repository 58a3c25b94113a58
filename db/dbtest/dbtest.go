// Package dbtest gives tests a real, migrated SQLite file of their own.
package dbtest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"customerportal/db"
)

// template is the migrated, empty file that every test starts from: copying it
// is quicker than migrating anew.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "books")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "template")
	d, err := db.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// New returns empty books in a temporary file, closed when the test ends.
func New(tb testing.TB) *db.DB {
	tb.Helper()
	return Open(tb, filepath.Join(tb.TempDir(), "portal.db-live"))
}

// Open returns the books at path, made empty when they are missing, closed
// when the test ends.
func Open(tb testing.TB, path string) *db.DB {
	tb.Helper()
	if _, err := os.Stat(path); os.IsNotExist(err) {
		body, err := template()
		if err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, body, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	d, err := db.Open(tb.Context(), path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := d.Close(); err != nil {
			tb.Error(err)
		}
	})
	return d
}
