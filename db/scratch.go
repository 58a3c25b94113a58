package db

import (
	"context"
	"database/sql"
	"fmt"
)

// Scratch opens a private, temporary database on disk, for work that is too
// large for memory. It belongs to no books, has one connection, and is gone once
// it is closed or the process ends, however it ends: SQLite unlinks the file as
// soon as it is open. It lies where SQLite keeps temporary files: $SQLITE_TMPDIR,
// $TMPDIR, /var/tmp or /tmp (https://sqlite.org/tempfiles.html).
func Scratch(ctx context.Context) (*sql.DB, error) {
	d, err := sql.Open("sqlite", "file:?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=cache_size(-16384)")
	if err != nil {
		return nil, fmt.Errorf("db: scratch: %w", err)
	}
	// a second connection would be a second, empty database
	d.SetMaxOpenConns(1)
	if err := d.PingContext(ctx); err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("db: scratch: %w", err)
	}
	return d, nil
}

// Prepared runs statements in a transaction and keeps each prepared for the next
// time. [New] makes queries over it, for work that runs the same few statements
// a million times. It is for one goroutine and lives as long as its transaction.
type Prepared struct {
	tx    *sql.Tx
	stmts map[string]*sql.Stmt
}

// NewPrepared returns an empty set of statements over tx.
func NewPrepared(tx *sql.Tx) *Prepared { return &Prepared{tx, map[string]*sql.Stmt{}} }

// PrepareContext returns the statement, prepared once. It must not be closed.
func (p *Prepared) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := p.stmts[query]; ok {
		return s, nil
	}
	s, err := p.tx.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.stmts[query] = s
	return s, nil
}

// ExecContext runs the statement.
func (p *Prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext runs the statement.
func (p *Prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext runs the statement.
func (p *Prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := p.PrepareContext(ctx, query)
	if err != nil {
		return p.tx.QueryRowContext(ctx, query, args...) // a Row cannot carry the error otherwise
	}
	return s.QueryRowContext(ctx, args...)
}
