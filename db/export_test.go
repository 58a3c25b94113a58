package db

import "context"

// SnapshotIfChanged is what the snapshot job does each time it wakes.
func (d *DB) SnapshotIfChanged(ctx context.Context, last int64) (int64, error) {
	return d.snapshotIfChanged(ctx, last)
}
