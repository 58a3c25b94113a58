package books

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"customerportal/db"
)

// The files are read into a scratch database first. There the rows of one
// invoice are found however far apart they stand, rows are checked against each
// other and against the books, and what is to be written is decided, all in
// bounded memory and while the portal goes on writing. Only then one short
// transaction writes.
//
// These tables are no part of the books and live for one import only, which is
// why their statements stand here and not in queries/.
const stageSchema = `
-- customers, sites and systems; key holds the numbers and names that identify one
CREATE TABLE things (
    seq     INTEGER PRIMARY KEY,
    kind    INTEGER NOT NULL,
    key     TEXT NOT NULL COLLATE NOCASE,
    file    INTEGER NOT NULL,
    line    INTEGER NOT NULL,
    cells   TEXT NOT NULL,
    verdict INTEGER NOT NULL DEFAULT 0,
    UNIQUE (kind, key)
);
CREATE TABLE keys (key TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID;
-- the rows of invoices.csv
CREATE TABLE lines (
    seq         INTEGER PRIMARY KEY,
    number      TEXT NOT NULL COLLATE NOCASE,
    file        INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    customer    TEXT NOT NULL,
    date        TEXT NOT NULL,
    due         TEXT NOT NULL,
    po          TEXT NOT NULL,
    site        TEXT NOT NULL,
    description TEXT NOT NULL,
    quantity    INTEGER NOT NULL,
    price       INTEGER NOT NULL,
    tax         INTEGER NOT NULL,
    status      TEXT NOT NULL,
    bad         INTEGER NOT NULL
);
-- what invoices are left with, as payments are split: of new ones, and of those
-- in the books that a payment of the files is for
CREATE TABLE balances (
    number   TEXT PRIMARY KEY COLLATE NOCASE,
    customer TEXT NOT NULL COLLATE NOCASE,
    new      INTEGER NOT NULL,
    state    TEXT NOT NULL,
    cents    INTEGER NOT NULL
) WITHOUT ROWID;
-- the rows of payments.csv
CREATE TABLE payments (
    seq       INTEGER PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    file      INTEGER NOT NULL,
    line      INTEGER NOT NULL,
    customer  TEXT NOT NULL,
    date      TEXT NOT NULL,
    kind      TEXT NOT NULL,
    label     TEXT NOT NULL,
    number    TEXT NOT NULL,
    cents     INTEGER NOT NULL,
    apply_to  TEXT NOT NULL,
    verdict   INTEGER NOT NULL DEFAULT 0,
    split     TEXT NOT NULL DEFAULT ''
);
-- the rows of proposals.csv, the proposals that are new, and the PDFs that go along
CREATE TABLE offers (
    seq    INTEGER PRIMARY KEY,
    number TEXT NOT NULL COLLATE NOCASE,
    file   INTEGER NOT NULL,
    line   INTEGER NOT NULL,
    head   TEXT NOT NULL,
    item   TEXT NOT NULL,
    bad    INTEGER NOT NULL
);
CREATE TABLE new_offers (number TEXT PRIMARY KEY COLLATE NOCASE) WITHOUT ROWID;
CREATE TABLE used_papers (number TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE twins (twin TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID;
-- refused rows; those found while planning are found anew when planning is repeated
CREATE TABLE refused (
    file    INTEGER NOT NULL,
    line    INTEGER NOT NULL,
    planned INTEGER NOT NULL,
    reason  TEXT NOT NULL
);
CREATE INDEX refused_row ON refused (file, line);
`

// verdict is what happens to a row.
type verdict int

const (
	undecided verdict = iota
	isNew
	isChanged
	isUnchanged
	isRefused
)

// stage is the scratch database of one import.
type stage struct {
	db *sql.DB
	tx *db.Prepared
}

func newStage(ctx context.Context) (*stage, error) {
	d, err := db.Scratch(ctx)
	if err != nil {
		return nil, err
	}
	// one transaction for its whole life: nothing in it is to be kept
	tx, err := d.BeginTx(context.WithoutCancel(ctx), nil)
	if err == nil {
		_, err = tx.ExecContext(ctx, stageSchema)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("books: scratch: %w", err), d.Close())
	}
	return &stage{d, db.NewPrepared(tx)}, nil
}

func (s *stage) close() { _ = s.db.Close() } // it holds nothing that could be lost

// The scratch database's statements are too quick to be worth cancelling; the
// loops around them look at the caller's context.

func (s *stage) exec(query string, args ...any) error {
	if _, err := s.tx.ExecContext(context.Background(), query, args...); err != nil {
		return fmt.Errorf("books: scratch: %w", err)
	}
	return nil
}

// one reads one row into dest and reports whether there is one.
func (s *stage) one(query string, args []any, dest ...any) (bool, error) {
	err := s.tx.QueryRowContext(context.Background(), query, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("books: scratch: %w", err)
	}
	return true, nil
}

// each calls fn for every row; fn scans it.
func (s *stage) each(ctx context.Context, query string, args []any, fn func(scan func(...any) error) error) (err error) {
	rows, err := s.tx.QueryContext(context.Background(), query, args...)
	if err != nil {
		return fmt.Errorf("books: scratch: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for n := 0; rows.Next(); n++ {
		if n%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
