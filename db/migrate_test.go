package db_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"modernc.org/sqlite"

	"customerportal/db"
)

// earlierBooks makes books of an earlier version under the name of running ones,
// with something in them.
func earlierBooks(t *testing.T, version int64) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "portal.db")
	conn, err := db.OpenAt(t.Context(), path+"-live", version)
	must(t, err)
	for _, statement := range []string{
		`INSERT INTO customers (id, number, first_name, last_name, display_name, registration_key, created_at, updated_at)
		 VALUES (1, '1001', 'Ann', 'Lee', 'Ann Lee', '0123456789ABCDEF', 1, 1)`,
		`INSERT INTO invoices (id, number, customer_id, state, invoice_date, due_date, tax_cents, total_cents, balance_cents, issued_at, created_at)
		 VALUES (1, '10001', 1, 'issued', '2026-11-01', '2026-12-01', 0, 4500, 2000, 1, 1)`,
		`INSERT INTO payments (id, reference, customer_id, state, source, kind, type_label, amount_cents, payment_date, idempotency_key, nonce, created_at)
		 VALUES (1, 'P-1', 1, 'succeeded', 'office', 'check', 'Check', 2500, '2026-11-02', 'k', 'n', 1)`,
		`INSERT INTO allocations (payment_id, invoice_id, cents) VALUES (1, 1, 2500)`,
		`INSERT INTO ledger (customer_id, payment_id, invoice_id, cents, reason, fact, entry_date, at) VALUES (1, 1, 1, -2500, 'payment', 'payment 1 invoice 1', '2026-11-02', 1)`,
		`INSERT INTO settings (key, value, updated_at) VALUES ('company.name', 'Acme', 1)`,
	} {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	must(t, conn.Close())
	return path
}

// schema is all that is in the file but its rows.
func schema(t *testing.T, d *db.DB) []string {
	t.Helper()
	rows, err := d.Reader().QueryContext(t.Context(), `SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'goose%' ORDER BY 1`)
	must(t, err)
	defer func() { _ = rows.Close() }()
	var list []string
	for rows.Next() {
		var s string
		must(t, rows.Scan(&s))
		list = append(list, s)
	}
	must(t, rows.Err())
	return list
}

func number(t *testing.T, d *db.DB, query string) (n int64) {
	t.Helper()
	must(t, d.Reader().QueryRowContext(t.Context(), query).Scan(&n))
	return n
}

func newest(t *testing.T) int64 {
	t.Helper()
	versions, err := db.Versions()
	must(t, err)
	return versions[len(versions)-1]
}

// Books of every earlier version, and those whose migration was killed between
// two files, come up with today's schema and all they held.
func TestMigratesFromEveryVersion(t *testing.T) {
	fresh := books(t, filepath.Join(t.TempDir(), "portal.db"))
	want := schema(t, fresh)
	must(t, fresh.Close())
	versions, err := db.Versions()
	must(t, err)
	for _, version := range versions {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			path := earlierBooks(t, version)
			for range 2 { // and again, when nothing is left to do
				d := books(t, path)
				if got := schema(t, d); !slices.Equal(got, want) {
					t.Errorf("the schema is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
				if number(t, d, `SELECT balance_cents FROM invoices WHERE number = '10001'`) != 2000 || number(t, d, `SELECT sum(cents) FROM ledger`) != -2500 || get(t, d, "company.name") != "Acme" {
					t.Error("the books lost something")
				}
				if n := number(t, d, `SELECT count(*) FROM pragma_foreign_key_check`); n != 0 {
					t.Errorf("%d references lead nowhere", n)
				}
				must(t, d.Close())
			}
			copies, err := filepath.Glob(filepath.Join(filepath.Dir(path), "portal-backups", "before-schema-*.db"))
			must(t, err)
			if older := version < newest(t); older != (len(copies) == 1) {
				t.Errorf("copies made before: %v", copies)
			}
			for _, c := range copies {
				must(t, db.CheckFile(t.Context(), c))
			}
		})
	}
}

// A migration that does not come to its end - a kill, a full disk - leaves the
// books as they were, and the next start does all of it.
func TestAMigrationThatFailsChangesNothing(t *testing.T) {
	path := earlierBooks(t, 1)
	fails := 0 // at which commit
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, dsn string) error {
		if hooks, ok := conn.(sqlite.HookRegisterer); ok && fails > 0 && strings.Contains(dsn, "portal.db-live") && strings.Contains(dsn, "immediate") {
			commits := 0
			hooks.RegisterCommitHook(func() int32 {
				if commits++; commits == fails {
					return 1 // rolls back
				}
				return 0
			})
		}
		return nil
	})
	defer func() { fails = 0 }()
	last := int64(1)
	for fails = 1; ; fails++ {
		d, err := db.OpenBooks(t.Context(), path, time.Now)
		if err == nil {
			must(t, d.Close())
			break // there are fewer commits left than that
		}
		conn, err := sql.Open("sqlite", "file:"+path+"-live")
		must(t, err)
		var version, cents int64
		err = errors.Join(conn.QueryRowContext(t.Context(), `SELECT max(version_id) FROM goose_db_version`).Scan(&version),
			conn.QueryRowContext(t.Context(), `SELECT sum(cents) FROM ledger`).Scan(&cents), conn.Close())
		must(t, err)
		if version < last || fails == 1 && version != 1 || cents != -2500 {
			t.Errorf("after commit %d failed: version %d, ledger %d", fails, version, cents)
		}
		last = version
	}
	if fails < 3 {
		t.Errorf("only %d commits were made to fail", fails-1)
	}
	fails = 0
	d := books(t, path)
	if get(t, d, "company.name") != "Acme" {
		t.Error("the books lost something")
	}
	must(t, d.Close())
	// the copy of the books as they were at first is still there
	must(t, db.CheckFile(t.Context(), filepath.Join(filepath.Dir(path), "portal-backups", fmt.Sprintf("before-schema-%d-from-1.db", newest(t)))))
}
