package account_test

import (
	"database/sql"
	"encoding/base64"
	"errors"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

// env is the account noun on books of its own.
type env struct {
	t        *testing.T
	db       *db.DB
	fake     *calendar.Fake
	settings *settings.Store
	accounts *account.Service
}

func newEnv(t *testing.T) *env {
	t.Helper()
	e := &env{t: t, db: dbtest.New(t), fake: calendar.NewFake(time.Date(2026, 11, 2, 15, 0, 0, 0, time.UTC))}
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	if err != nil {
		t.Fatal(err)
	}
	e.settings = settings.New(e.db, e.clock(), sealer)
	e.set("company.name", "Hometown Alarm")
	e.set("company.phone", "518-555-0000")
	e.set("company.email", "office@hometown.example")
	mail, err := outbox.NewWriter(e.settings, "https://portal.example.com")
	if err != nil {
		t.Fatal(err)
	}
	e.accounts = account.New(e.db, e.clock(), e.settings, mail)
	return e
}

func (e *env) clock() calendar.Clock { return e.fake.Now }

func (e *env) set(key, value string) {
	e.t.Helper()
	if err := e.settings.Set(e.t.Context(), audit.Program, map[string]string{key: value}); err != nil {
		e.t.Fatal(err)
	}
}

// customer saves a customer and returns its id.
func (e *env) customer(r account.Record) int64 {
	e.t.Helper()
	var id int64
	err := e.db.Write(e.t.Context(), func(q *db.Queries) (err error) {
		id, _, err = account.SaveCustomer(e.t.Context(), q, e.clock().Now(), r)
		return err
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return id
}

// visitor is somebody at an address of the documentation range.
var visitor = audit.Actor{Kind: audit.Visitor, IP: "203.0.113.7", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/140"}

// fieldsOf names the refused fields of an error in order.
func fieldsOf(err error) []string {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		return nil
	}
	var names []string
	for _, one := range f.All() {
		names = append(names, one.Field)
	}
	return names
}

// message is a mail in the outbox.
type message struct{ kind, to, subject, text, html string }

// mails returns what waits in the outbox, oldest first.
func (e *env) mails() []message {
	e.t.Helper()
	rows, err := e.db.Reader().QueryContext(e.t.Context(), `SELECT kind, to_email, subject, text_body, html_body FROM outbox ORDER BY id`)
	if err != nil {
		e.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var out []message
	for rows.Next() {
		var m message
		if err := rows.Scan(&m.kind, &m.to, &m.subject, &m.text, &m.html); err != nil {
			e.t.Fatal(err)
		}
		out = append(out, m)
	}
	if err := rows.Err(); err != nil {
		e.t.Fatal(err)
	}
	return out
}

// last returns the newest mail, which must be of that kind.
func (e *env) last(kind string) message {
	e.t.Helper()
	all := e.mails()
	if len(all) == 0 || all[len(all)-1].kind != kind {
		e.t.Fatalf("the last of %d mails is no %s: %+v", len(all), kind, all)
	}
	return all[len(all)-1]
}

var (
	tokenIn     = regexp.MustCompile(`[?&]t=([A-Za-z0-9_-]{43})`)
	temporaryIn = regexp.MustCompile(`(?m)^Temporary Password: (\S+)$`)
)

func (e *env) find(form *regexp.Regexp, text string) string {
	e.t.Helper()
	m := form.FindStringSubmatch(text)
	if m == nil {
		e.t.Fatalf("no %s in:\n%s", form, text)
	}
	return m[1]
}

// count runs a query that answers one number.
func (e *env) count(query string, args ...any) int {
	e.t.Helper()
	var n int
	if err := e.db.Reader().QueryRowContext(e.t.Context(), query, args...).Scan(&n); err != nil {
		e.t.Fatal(err)
	}
	return n
}

// setHash gives every user a hash of another cost.
func (e *env) setHash(prefix, password string, memory, passes uint32) error {
	salt := []byte("0123456789abcdef")
	sum := base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(password), salt, passes, memory, 1, 32))
	return e.db.WriteTx(e.t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(e.t.Context(), `UPDATE users SET password_hash = ?`, prefix+sum)
		return err
	})
}
