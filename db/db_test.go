package db_test

import (
	"errors"
	"path/filepath"
	"testing"

	"customerportal/db"
	"customerportal/db/dbtest"
)

func TestReadersCannotWrite(t *testing.T) {
	d := dbtest.New(t)
	err := d.Read().PutSetting(t.Context(), db.PutSettingParams{Key: "company.name", Value: "x"})
	if err == nil {
		t.Fatal("a reader wrote")
	}
}

func TestWriteRollsBackOnError(t *testing.T) {
	d := dbtest.New(t)
	boom := errors.New("boom")
	err := d.Write(t.Context(), func(q *db.Queries) error {
		if err := q.PutSetting(t.Context(), db.PutSettingParams{Key: "company.name", Value: "x"}); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	rows, err := d.Read().ListSettings(t.Context())
	if err != nil || len(rows) != 0 {
		t.Fatalf("after a rollback: %v, %v", rows, err)
	}
}

func TestPathsWithOddCharactersOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "O'Brien & Söhne #1 100%.db-live")
	d, err := db.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.db-live")); len(files) != 1 {
		t.Fatalf("files: %v", files)
	}
}

func TestPragmasReachEveryConnection(t *testing.T) {
	d := dbtest.New(t)
	for range 2 * db.Readers {
		conn, err := d.Reader().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		var keys, only int
		if err := conn.QueryRowContext(t.Context(), "PRAGMA foreign_keys").Scan(&keys); err != nil {
			t.Fatal(err)
		}
		if err := conn.QueryRowContext(t.Context(), "PRAGMA query_only").Scan(&only); err != nil {
			t.Fatal(err)
		}
		if keys != 1 || only != 1 {
			t.Fatalf("foreign_keys %d, query_only %d", keys, only)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryForeignKeyHasAnIndex(t *testing.T) {
	d := dbtest.New(t)
	rows, err := d.Reader().QueryContext(t.Context(), `
		SELECT m.name, f."from" FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f
		WHERE m.type = 'table' AND NOT EXISTS (
			SELECT 1 FROM pragma_index_list(m.name) i JOIN pragma_index_info(i.name) c ON c.seqno = 0
			WHERE c.name = f."from" AND (i.partial = 0 OR i.origin = 'c' AND EXISTS (
				SELECT 1 FROM pragma_index_list(m.name) j JOIN pragma_index_info(j.name) k ON k.seqno = 0
				WHERE k.name = f."from" AND j.partial = 0)))
		AND NOT EXISTS (SELECT 1 FROM pragma_table_info(m.name) p WHERE p.name = f."from" AND p.pk = 1)`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s.%s has no index", table, column)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// TestADateIsADateInTheBooksThemselves holds every column of a day and of a
// month to refuse what is none, whoever writes it: a page that reads one counts
// on it.
func TestADateIsADateInTheBooksThemselves(t *testing.T) {
	d := dbtest.New(t)
	rows, err := d.Reader().QueryContext(t.Context(), `
		SELECT m.name, c.name, m.sql LIKE '%CHECK (%' || c.name || ' GLOB ''[12][0-9][0-9][0-9]-[01][0-9]%'
		FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c
		WHERE m.type = 'table' AND c.type = 'TEXT' AND (c.name LIKE '%\_date' ESCAPE '\' OR c.name IN ('period', 'from_period'))`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns := 0
	for rows.Next() {
		var table, column string
		var held bool
		if err := rows.Scan(&table, &column, &held); err != nil {
			t.Fatal(err)
		}
		if columns++; !held {
			t.Errorf("%s.%s takes what is no date", table, column)
		}
	}
	if err := rows.Err(); err != nil || columns < 20 {
		t.Fatalf("%d columns, %v", columns, err)
	}
}
