// Package db opens the dealer's books, one SQLite file, and holds what touches
// it: pools, transactions, migrations and snapshots. The queries themselves are
// written in queries/ and made into Go by sqlc.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// Readers is how many connections read at once, each with its own page cache.
const Readers = 4

// queueLimit bounds how many writes may wait for the one writer. Past it a
// visitor is told to come back in a moment rather than made to wait for ever.
const queueLimit = 256

// DB is the open books: one writer and a pool of readers on one file. It is
// safe for use by several goroutines.
type DB struct {
	path   string
	writer *sql.DB
	reader *sql.DB
	read   *Queries
	queue  chan struct{}

	// one connection beside the pools: for what is asked while others wait for
	// the answer, and for noticing that the books have changed
	aside *sql.DB

	// of books that were opened by OpenBooks
	snapshot string
	clock    calendar.Clock
}

// Open opens the SQLite file at path, makes it when it is missing, and brings
// its schema up to date. It refuses a file whose schema is newer than this
// program. Close it when done.
func Open(ctx context.Context, path string) (*DB, error) {
	writer, err := sql.Open("sqlite", dsn(path, true))
	if err != nil {
		return nil, fmt.Errorf("db: %w", err)
	}
	writer.SetMaxOpenConns(1)
	if err := migrate(ctx, writer); err != nil {
		return nil, errors.Join(fmt.Errorf("db: %s: %w", path, err), writer.Close())
	}
	reader, err := sql.Open("sqlite", dsn(path, false))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("db: %w", err), writer.Close())
	}
	reader.SetMaxOpenConns(Readers)
	reader.SetMaxIdleConns(Readers)
	aside, err := sql.Open("sqlite", dsn(path, false))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("db: %w", err), reader.Close(), writer.Close())
	}
	aside.SetMaxOpenConns(1)
	return &DB{path: path, writer: writer, reader: reader, aside: aside, read: New(reader), queue: make(chan struct{}, queueLimit)}, nil
}

// dsn names the file with its pragmas. busy_timeout comes first so that the
// others already wait their turn; a pragma sent later would reach only one
// connection of the pool.
func dsn(path string, write bool) string {
	q := url.Values{}
	q["_pragma"] = []string{
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "journal_size_limit(67108864)",
	}
	if write {
		q.Set("_txlock", "immediate")
	} else {
		q["_pragma"] = append(q["_pragma"], "query_only(1)", "cache_size(-8192)")
	}
	return fileURI(path, q.Encode())
}

// fileURI names a file for SQLite; without the scheme the query would be dropped.
func fileURI(path, query string) string {
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query}).String()
}

// Close closes all connections.
func (d *DB) Close() error {
	return errors.Join(d.aside.Close(), d.reader.Close(), d.writer.Close())
}

// Read returns the queries on the read pool. A query that writes fails there.
func (d *DB) Read() *Queries { return d.read }

// Reader returns the read pool itself, for the few statements sqlc cannot parse.
func (d *DB) Reader() *sql.DB { return d.reader }

// Aside returns the queries on a connection beside the read pool. The settings
// are read there: they are asked for in the middle of a [DB.View] too, and if
// that needed a second connection of the pool, as many visitors as there are
// readers could wait for each other for ever.
func (d *DB) Aside() *Queries { return New(d.aside) }

// View runs fn in one read transaction, so that all it reads is of one moment.
// It holds a connection of the read pool: fn must not use [DB.Read].
func (d *DB) View(ctx context.Context, fn func(q *Queries) error) error {
	tx, err := d.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("db: begin read: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	return fn(d.read.WithTx(tx))
}

// ViewApart is [DB.View] on a connection of its own, for what reads for as long
// as somebody takes to download it: no visitor waits for it. Its queries are
// prepared once.
func (d *DB) ViewApart(ctx context.Context, fn func(q *Queries) error) (err error) {
	apart, err := sql.Open("sqlite", dsn(d.path, false))
	if err != nil {
		return fmt.Errorf("db: %w", err)
	}
	defer func() { err = errors.Join(err, apart.Close()) }()
	apart.SetMaxOpenConns(1)
	tx, err := apart.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("db: begin read: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	return fn(New(NewPrepared(tx)))
}

// Write runs fn in one write transaction and commits it when fn returns nil.
// There is one writer, and transactions take their turn; fn must not call
// anything slow, and above all no network. When more than 256 wait already it
// returns a fault of kind Unavailable. A panic in fn rolls back.
func (d *DB) Write(ctx context.Context, fn func(q *Queries) error) error {
	return d.WriteTx(ctx, func(tx *sql.Tx) error { return fn(New(tx)) })
}

// WriteTx is [DB.Write] for the few places that need the transaction itself
// (bulk import, statements that sqlc cannot parse).
func (d *DB) WriteTx(ctx context.Context, fn func(tx *sql.Tx) error) error {
	select {
	case d.queue <- struct{}{}:
		defer func() { <-d.queue }()
	default:
		return &fault.Error{Kind: fault.Unavailable, Message: "The portal is very busy. Please try again in a moment.", RetryAfter: 5 * time.Second}
	}
	tx, err := d.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("db: begin: %w", friendly(err))
	}
	defer func() { _ = tx.Rollback() }()
	if err := fn(tx); err != nil {
		return friendly(err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("db: commit: %w", friendly(err))
	}
	return nil
}

// friendly turns the database troubles that pass, or that the dealer can mend,
// into faults with words; anything else is returned as it is.
func friendly(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY:
		return &fault.Error{Kind: fault.Unavailable, Message: "The portal cannot save anything at the moment. Nothing was changed; please try again later.", RetryAfter: time.Minute, Err: err}
	case sqlite3.SQLITE_BUSY:
		return &fault.Error{Kind: fault.Unavailable, Message: "The portal is very busy. Please try again in a moment.", RetryAfter: 5 * time.Second, Err: err}
	}
	return err
}

// IsUnique reports whether err says that a row with the same unique value is
// there already.
func IsUnique(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// Tx is a write transaction.
type Tx = sql.Tx

// NullID returns the reference to an id, absent when it is 0.
func NullID(id int64) sql.NullInt64 { return sql.NullInt64{Int64: id, Valid: id != 0} }

// Flag is a yes or no as the books keep it: 1 or 0.
func Flag(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
