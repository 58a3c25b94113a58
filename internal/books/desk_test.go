package books_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/books"
	"customerportal/internal/fault"
)

// desk is an import desk on books of its own.
type desk struct {
	testing.TB
	*books.Desk
	db     *db.DB
	folder string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{TB: t, db: dbtest.New(t), folder: filepath.Join(t.TempDir(), "import")}
	d.Desk = books.NewDesk(service(t, d.db), d.folder, slog.New(slog.DiscardHandler))
	return d
}

func (d *desk) ok(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// bring brings files, each a name and its text.
func (d *desk) bring(files ...string) error {
	return d.Receive(d.Context(), audit.Program, func() (*books.Part, error) {
		if len(files) == 0 {
			return nil, io.EOF
		}
		part := &books.Part{Name: files[0], Body: strings.NewReader(files[1])}
		files = files[2:]
		return part, nil
	}, func() bool { return false })
}

func (d *desk) is(want books.Phase) *books.Visit {
	d.Helper()
	v, err := d.Last(d.Context())
	d.ok(err)
	if v == nil || v.Phase != want {
		d.Fatalf("%+v, want %s", v, want)
	}
	return v
}

// kept lists what lies in the desk's folder.
func (d *desk) kept() (names []string) {
	d.Helper()
	d.ok(filepath.WalkDir(d.folder, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, filepath.Base(path))
			if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
				d.Errorf("%s may be read by others: %v %v", path, info.Mode(), err)
			}
		}
		return err
	}))
	return names
}

func TestDesk(t *testing.T) {
	d := newDesk(t)
	if v, err := d.Last(t.Context()); v != nil || err != nil {
		t.Fatalf("%v %v", v, err)
	}
	d.ok(d.Run(t.Context())) // nothing to do
	d.ok(d.bring(`C:\books\customers.csv`, oneCustomer, "customers.csv", "customer_number,business_name\n1044,\n", "../invoices.csv", oneInvoice))
	if v := d.is(books.Checking); strings.Join(v.Files, " ") != "customers.csv customers (2).csv invoices.csv" {
		t.Errorf("%q", v.Files)
	}
	d.ok(d.Run(t.Context()))
	v := d.is(books.Checked)
	if n := v.Report.Totals(); n.New != 4 || n.Refused != 1 || len(v.Refused) != 1 || v.Refused[0] != "customers (2).csv" {
		t.Errorf("%+v %q", n, v.Refused)
	}
	if n := count(t, d.db, `SELECT count(*) FROM customers`); n != 0 {
		t.Errorf("the dry run wrote %d customers", n)
	}
	d.ok(d.Start(t.Context(), audit.Program, v.ID))
	if err := d.Start(t.Context(), audit.Program, v.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("started twice: %v", err)
	}
	d.ok(d.Run(t.Context()))
	v = d.is(books.Done)
	if !v.Report.Written || count(t, d.db, `SELECT count(*) FROM invoices`) != 2 {
		t.Errorf("%+v", v.Report)
	}
	// what was brought is thrown away, the refused rows are not
	if got := d.kept(); len(got) != 1 || got[0] != "refused-1" {
		t.Errorf("kept %q", got)
	}
	f, err := d.Refused(t.Context(), "customers (2).csv")
	d.ok(err)
	body, err := io.ReadAll(f)
	d.ok(errors.Join(err, f.Close()))
	if !strings.Contains(string(body), `"1044"`) {
		t.Errorf("%s", body)
	}
	for _, none := range []string{"customers.csv", "../../portal.key", ""} {
		if _, err := d.Refused(t.Context(), none); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", none, err)
		}
	}
	// the same files again change nothing
	d.ok(d.bring("customers.csv", oneCustomer, "invoices.csv", oneInvoice))
	d.ok(d.Run(t.Context()))
	if n := d.is(books.Checked).Report.Totals(); n.New != 0 || n.Changed != 0 || n.Unchanged != 4 {
		t.Errorf("%+v", n)
	}
}

func TestDeskRefusesWhatItCannotRead(t *testing.T) {
	d := newDesk(t)
	archive := func(files ...string) string {
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		for i := 0; i < len(files); i += 2 {
			w, err := z.Create(files[i])
			d.ok(err)
			_, err = io.WriteString(w, files[i+1])
			d.ok(err)
		}
		d.ok(z.Close())
		return out.String()
	}
	whole := archive("customers.csv", strings.Repeat(oneCustomer, 100))
	for name, files := range map[string][]string{
		"nothing": {}, "an empty archive": {"a.zip", archive()}, "no archive": {"a.zip", "customer_number\n"},
		"a cut archive": {"a.zip", whole[:len(whole)/2]}, "a spoiled archive": {"a.zip", strings.Replace(whole, whole[40:60], strings.Repeat("x", 20), 1)},
		"other files": {"a.zip", archive("photo.jpg", "x", "readme.csv", "x", "customers.csv/", "")},
	} {
		if err := d.bring(files...); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := d.kept(); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
	// a file that is none of the kind is told after the check
	d.ok(d.bring("customers.csv", "name,age\nAnn,7\n"))
	d.ok(d.Run(t.Context()))
	if v := d.is(books.Failed); !strings.Contains(v.Problem, "customer_number") {
		t.Errorf("%q", v.Problem)
	}
	if got := d.kept(); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}

// TestDeskCancel stops an import while it is written.
func TestDeskCancel(t *testing.T) {
	d := newDesk(t)
	d.ok(d.bring("customers.csv", manyCustomers(3000)))
	d.ok(d.Run(t.Context()))
	v := d.is(books.Checked)
	d.ok(d.Start(t.Context(), audit.Program, v.ID))
	ran := make(chan error, 1)
	go func() { ran <- d.Run(t.Context()) }()
	// as soon as it is under way, however far it has come
	for {
		v, err := d.Last(t.Context())
		d.ok(err)
		if v.Progress.Doing != "" || v.Phase == books.Done {
			break
		}
	}
	d.ok(d.Cancel(t.Context(), audit.Program, v.ID))
	d.ok(<-ran)
	last, err := d.Last(t.Context())
	d.ok(err)
	n := count(t, d.db, `SELECT count(*) FROM customers`)
	if last.Phase == books.Canceled && n != 0 || last.Phase == books.Done && n != 3000 || last.Phase.Open() {
		t.Errorf("%s with %d customers", last.Phase, n)
	}
	if got := d.kept(); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}

func manyCustomers(n int) string {
	var b strings.Builder
	b.WriteString("customer_number,business_name\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,Shop\n", 5000+i)
	}
	return b.String()
}

// TestDeskAfterARestart: a check is done again, an import that was under way is
// not, for nobody knows who confirmed it; the books are as they were.
func TestDeskAfterARestart(t *testing.T) {
	d := newDesk(t)
	d.ok(d.bring("customers.csv", oneCustomer))
	stopped, stop := context.WithCancel(t.Context())
	stop()
	_ = d.Run(stopped) // the program ends before it has begun
	d.is(books.Checking)
	again := func() { d.Desk = books.NewDesk(service(t, d.db), d.folder, slog.New(slog.DiscardHandler)) }
	again()
	d.ok(d.Run(t.Context()))
	v := d.is(books.Checked)
	d.ok(d.Start(t.Context(), audit.Program, v.ID))
	again()
	d.ok(d.Run(t.Context()))
	if v := d.is(books.Failed); !strings.Contains(v.Problem, "The books are as they were") || count(t, d.db, `SELECT count(*) FROM customers`) != 0 {
		t.Errorf("%q", v.Problem)
	}
}

// TestDeskAsksAgainWhenMoreIsRefused changes the books between the check and the
// import.
func TestDeskAsksAgainWhenMoreIsRefused(t *testing.T) {
	d := newDesk(t)
	d.ok(d.bring("customers.csv", oneCustomer, "invoices.csv", oneInvoice))
	d.ok(d.Run(t.Context()))
	v := d.is(books.Checked)
	d.ok(d.db.WriteTx(t.Context(), func(tx *db.Tx) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO settings (key, value, updated_at) VALUES ('books.locked_until', '2026-11-30', 5)`)
		return err
	}))
	d.ok(d.Start(t.Context(), audit.Program, v.ID))
	d.ok(d.Run(t.Context()))
	v = d.is(books.Checked)
	if !strings.Contains(v.Problem, "more rows are refused now") || v.Report.Totals().Refused != 2 || count(t, d.db, `SELECT count(*) FROM customers`) != 0 {
		t.Errorf("%q %+v", v.Problem, v.Report.Totals())
	}
	d.ok(d.Start(t.Context(), audit.Program, v.ID))
	d.ok(d.Run(t.Context()))
	if d.is(books.Done); count(t, d.db, `SELECT count(*) FROM customers`) != 2 {
		t.Error("what is not refused was not imported")
	}
}

// FuzzBring brings anything under any name: it is taken or refused, never more
// than that, and nothing lies outside the desk's folder.
func FuzzBring(f *testing.F) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, _ := z.Create("../customers.csv")
	_, _ = io.WriteString(w, oneCustomer)
	_ = z.Close()
	f.Add("a.zip", out.Bytes())
	f.Add("customers.csv", []byte(oneCustomer))
	f.Add("../../etc/customers.csv\x00.zip", []byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, name string, body []byte) {
		folder := t.TempDir()
		names, err := books.Intake(folder, name, bytes.NewReader(body))
		if err != nil && !fault.Is(err, fault.Invalid) && !errors.Is(err, books.ErrTooLarge) {
			t.Fatalf("%q: %v", name, err)
		}
		for _, n := range names {
			if n == "" || strings.ContainsAny(n, "/\\\x00\r\n") || len([]rune(n)) > 110 {
				t.Errorf("kept under the name %q", n)
			}
		}
		entries, err := os.ReadDir(filepath.Dir(folder))
		if err != nil || len(entries) != 1 {
			t.Errorf("%v %v", entries, err)
		}
	})
}
