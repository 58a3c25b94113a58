package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/books"
	"customerportal/internal/books/bookstest"
)

// portalSays runs `portal args…` to its end.
func portalSays(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := process(t, args...).CombinedOutput()
	return string(out), err
}

// madeUp writes books of 2,000 lines to a folder.
func madeUp(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "csv")
	create, err := books.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := bookstest.Write(create, bookstest.Size{Customers: 80, Lines: 2_000}, 1); err != nil {
		t.Fatal(err)
	}
	return dir
}

// held counts what an import writes.
func held(t *testing.T, path string) (customers, lines, payments int) {
	t.Helper()
	d, err := db.Open(t.Context(), path+"-live")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	err = d.Reader().QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM invoice_lines), (SELECT count(*) FROM payments)`).Scan(&customers, &lines, &payments)
	if err != nil {
		t.Fatal(err)
	}
	return customers, lines, payments
}

func TestAnImportThatIsKilledOrStoppedLeavesTheBooksAsTheyWere(t *testing.T) {
	dir := madeUp(t)
	began := time.Now()
	if out, err := portalSays(t, "import", dir, "--db", filepath.Join(t.TempDir(), "portal.db")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	whole := time.Since(began)
	path := filepath.Join(t.TempDir(), "portal.db")
	if out, err := portalSays(t, "settings", "--db", path, "company.name=Acme Alarm"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const rounds = 8
	for i := range rounds {
		cmd := process(t, "import", dir, "--db", path)
		var out bytes.Buffer
		cmd.Stderr = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(whole * time.Duration(i+1) / (rounds + 1))
		signal := []os.Signal{syscall.SIGKILL, syscall.SIGINT}[i%2]
		_ = cmd.Process.Signal(signal) // it may be done already
		err := cmd.Wait()
		customers, lines, payments := held(t, path)
		switch {
		case customers == 80 && lines == 2_000 && payments == 760: // it was done before the signal came
		case customers != 0 || lines != 0 || payments != 0:
			t.Fatalf("%v in round %d left %d customers, %d lines, %d payments", signal, i, customers, lines, payments)
		case err == nil:
			t.Fatalf("%v in round %d: an import of nothing went well", signal, i)
		case signal == syscall.SIGINT && out.Len() > 0 && !strings.Contains(out.String(), "nothing was imported"):
			t.Errorf("SIGINT in round %d: %s", i, out.String())
		}
	}
	if out, err := portalSays(t, "import", dir, "--db", path); err != nil {
		t.Fatalf("afterwards: %v\n%s", err, out)
	}
	if customers, lines, payments := held(t, path); customers != 80 || lines != 2_000 || payments != 760 {
		t.Errorf("afterwards: %d customers, %d lines, %d payments", customers, lines, payments)
	}
	if out, err := portalSays(t, "doctor", "--db", path); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestImportAndExportAsCommands(t *testing.T) {
	path := filepath.Join(t.TempDir(), "portal.db")
	file := filepath.Join(t.TempDir(), "customers.csv")
	if err := os.WriteFile(file, []byte("customer_number,business_name,status\n1,A,active\n2,B,perhaps\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rejects := filepath.Join(t.TempDir(), "refused.csv")
	out, err := portalSays(t, "import", file, "--dry-run", "--db", path, "--rejects", rejects)
	if err != nil || !strings.Contains(out, "customers.csv, line 3, status:") || !strings.Contains(out, "nothing was written") {
		t.Errorf("dry run: %v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(rejects), "refused-customers.csv"))
	if err != nil || !strings.Contains(string(text), `"2","B","perhaps","status:`) {
		t.Errorf("refused rows: %v\n%s", err, text)
	}
	// nobody can be asked here, so refused rows need a word beforehand
	if out, err = portalSays(t, "import", file, "--db", path); err == nil || !strings.Contains(out, "--yes") {
		t.Errorf("with refused rows: %v\n%s", err, out)
	}
	if out, err = portalSays(t, "import", "--yes", file, "--db", path); err != nil || !strings.Contains(out, "Imported") {
		t.Errorf("with --yes: %v\n%s", err, out)
	}
	dir := filepath.Join(t.TempDir(), "out")
	if out, err = portalSays(t, "export", dir, "--db", path); err != nil || !strings.Contains(out, "customers.csv: 1 rows") {
		t.Errorf("export: %v\n%s", err, out)
	}
	if out, err = portalSays(t, "export", dir, "--db", path); err == nil || !strings.Contains(out, "is there already") {
		t.Errorf("export over an export: %v\n%s", err, out)
	}
	if out, err = portalSays(t, "import", dir, "--db", path); err != nil || !strings.Contains(out, "nothing to write") {
		t.Errorf("import of the export: %v\n%s", err, out)
	}
}

func TestSettingsAsCommand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "portal.db")
	out, err := portalSays(t, "settings", "--db", path, "company.name=Acme", "time.zone=Mars/Olympus", "company.color=red")
	if err == nil || !strings.Contains(out, "time.zone:") || !strings.Contains(out, "company.color:") {
		t.Errorf("two wrong ones: %v\n%s", err, out)
	}
	if out, err = portalSays(t, "settings", "--db", path, "stripe.secret_key=sk_test_123"); err == nil || strings.Contains(out, "sk_test_123") {
		t.Errorf("a secret on the command line: %v\n%s", err, out)
	}
	cmd := process(t, "settings", "--db", path, "stripe.secret_key=-", "mail.password=-", "company.name=Acme & Sons")
	cmd.Stdin = strings.NewReader("sk_test_123\nhunter2 \n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err = portalSays(t, "settings", "--db", path)
	if err != nil || strings.Contains(out, "sk_test_123") || strings.Contains(out, "hunter2") ||
		!strings.Contains(out, "stripe.secret_key=set ") || !strings.Contains(out, "stripe.webhook_secret=not set ") || !strings.Contains(out, "company.name=Acme & Sons") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, wrong := range []string{"company.name", "no.such=1"} {
		if out, err := portalSays(t, "settings", "--db", path, wrong); err == nil {
			t.Errorf("%s: %s", wrong, out)
		}
	}
}

func TestAnImportBesideARunningPortal(t *testing.T) {
	path, address := filepath.Join(t.TempDir(), "portal.db"), freeAddress(t)
	server := serving(t, path, address)
	defer func() { _ = server.Process.Kill() }()
	answered := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		// the pages are read all the while
		for ctx.Err() == nil {
			resp, err := http.Get("http://" + address + "/login")
			if err == nil && resp.StatusCode != http.StatusOK {
				err = errors.New(resp.Status)
			}
			if err != nil {
				answered <- err
				return
			}
			_ = resp.Body.Close()
		}
		answered <- nil
	}()
	out, err := portalSays(t, "import", madeUp(t), "--db", path)
	stop()
	if err != nil || !strings.Contains(out, "Imported") {
		t.Errorf("%v\n%s", err, out)
	}
	if err := <-answered; err != nil {
		t.Errorf("the portal while importing: %v", err)
	}
	if customers, lines, _ := held(t, path); customers != 80 || lines != 2_000 {
		t.Errorf("%d customers, %d lines", customers, lines)
	}
}
