package db

import (
	"context"
	"database/sql"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// SnapshotIfChanged is what the snapshot job does each time it wakes.
func (d *DB) SnapshotIfChanged(ctx context.Context, last int64) (int64, error) {
	return d.snapshotIfChanged(ctx, last)
}

// OpenAt makes books at path with the schema of an earlier version.
func OpenAt(ctx context.Context, path string, version int64) (*sql.DB, error) {
	writer, err := sql.Open("sqlite", dsn(path, true))
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, writer, files)
	if err != nil {
		return nil, err
	}
	_, err = provider.UpTo(ctx, version)
	return writer, err
}

// Versions lists the versions of the schema, the oldest first.
func Versions() ([]int64, error) {
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		return nil, err
	}
	var list []int64
	for _, e := range entries {
		v, err := goose.NumericComponent(e.Name())
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}
