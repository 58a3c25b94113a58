package outbox_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

func TestEnqueueOncePerFactAndOneLinePerHeader(t *testing.T) {
	d := dbtest.New(t)
	clock := calendar.Clock(calendar.NewFake(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)).Now)
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	if err != nil {
		t.Fatal(err)
	}
	store := settings.New(d, clock, sealer)
	if err := store.Set(t.Context(), audit.Program, map[string]string{"company.name": "O'Brien & Söhne <Alarm>"}); err != nil {
		t.Fatal(err)
	}
	w, err := outbox.NewWriter(store, "https://portal.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	mail := outbox.Mail{Fact: "test 1", ToName: "Eve\r\nBcc: x@y", ToEmail: "eve@example.com", Body: outbox.Test{When: "<b>now</b>"}}
	for range 2 {
		if err := d.Write(t.Context(), func(q *db.Queries) error { return w.Enqueue(t.Context(), q, clock.Now(), mail) }); err != nil {
			t.Fatal(err)
		}
	}
	var n int
	var name, html, text string
	if err := d.Reader().QueryRow(`SELECT count(*), to_name, html_body, text_body FROM outbox`).Scan(&n, &name, &html, &text); err != nil {
		t.Fatal(err)
	}
	if n != 1 || strings.ContainsAny(name, "\r\n") {
		t.Errorf("queued %d times, to %q", n, name)
	}
	if strings.Contains(html, "<b>now") || !strings.Contains(html, "O&#39;Brien &amp; Söhne") || !strings.Contains(text, "O'Brien & Söhne <Alarm>") {
		t.Errorf("bodies:\n%s\n%s", html, text)
	}
}
