package settings_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/settings"
)

func newStore(t *testing.T) (*settings.Store, *db.DB) {
	t.Helper()
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	if err != nil {
		t.Fatal(err)
	}
	d := dbtest.New(t)
	return settings.New(d, calendar.NewFake(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)).Now, sealer), d
}

func TestSetChecksEveryKeyAndWritesNothingWhenOneIsRefused(t *testing.T) {
	store, _ := newStore(t)
	err := store.Set(t.Context(), audit.Program, map[string]string{
		"company.name": "Acme Alarm", "time.zone": "Mars/Olympus", "company.color": "red", "no.such": "x",
		"company.email": "a@b.example\r\nBcc: x@y.example", "payments.gateway": "paypal",
	})
	var e *fault.Error
	if !errors.As(err, &e) || len(e.All()) != 5 {
		t.Fatalf("Set = %v", err)
	}
	s, err := store.Current(t.Context())
	if err != nil || s.Company.Name == "Acme Alarm" {
		t.Fatalf("after a refused Set: %q, %v", s.Company.Name, err)
	}
}

func TestSecretsAreSealedAndNeverAudited(t *testing.T) {
	store, d := newStore(t)
	if err := store.Set(t.Context(), audit.Program, map[string]string{"mail.password": "hunter2-secret", "company.name": "Acme"}); err != nil {
		t.Fatal(err)
	}
	s, err := store.Current(t.Context())
	if err != nil || s.Value("mail.password") != "hunter2-secret" || s.Company.Name != "Acme" {
		t.Fatalf("Current: %v", err)
	}
	var found int
	if err := d.Reader().QueryRow(`SELECT (SELECT count(*) FROM settings WHERE value LIKE '%hunter2%')
		+ (SELECT count(*) FROM audit WHERE before_json || after_json LIKE '%hunter2%')`).Scan(&found); err != nil || found != 0 {
		t.Fatalf("the secret stands in the file %d times, %v", found, err)
	}
}

func TestASecretMovedElsewhereOrToAnotherMachineDoesNotOpen(t *testing.T) {
	store, d := newStore(t)
	sealed := store.Sealer().Seal("s", "here")
	if _, err := store.Sealer().Open(sealed, "there"); err == nil {
		t.Error("opened in another context")
	}
	if err := store.Set(t.Context(), audit.Program, map[string]string{"mail.password": "s"}); err != nil {
		t.Fatal(err)
	}
	other, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := settings.New(d, time.Now, other).Current(t.Context())
	if err != nil || s.Value("mail.password") != "" {
		t.Errorf("with another key: %q, %v", s.Value("mail.password"), err)
	}
}

func TestKeyFileOthersCanReadIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "portal.key")
	if err := os.WriteFile(path, make([]byte, 32), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := settings.LoadSealer(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("LoadSealer = %v", err)
	}
}
