package web

import (
	"errors"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

func TestDisposition(t *testing.T) {
	for name, want := range map[string]string{
		"INV-10023.pdf":   `attachment; filename="INV-10023.pdf"; filename*=UTF-8''INV-10023.pdf`,
		`a/b\"c'.pdf`:     `attachment; filename="a-b--c'.pdf"; filename*=UTF-8''a-b--c%27.pdf`,
		"Zoë\r\nX: y.pdf": `attachment; filename="Zo_--X- y.pdf"; filename*=UTF-8''Zo%C3%AB--X-%20y.pdf`,
	} {
		if got := disposition(name); got != want {
			t.Errorf("%q:\n%s\nwant\n%s", name, got, want)
		}
	}
}

func FuzzDisposition(f *testing.F) {
	f.Add("INV-10023.pdf")
	f.Add("a;b\",c(d)=%.pdf")
	f.Fuzz(func(t *testing.T, name string) {
		got := disposition(name)
		if strings.ContainsAny(got, "\r\n") {
			t.Fatalf("%q", got)
		}
		kind, params, err := mime.ParseMediaType(got)
		if kind != "attachment" || err != nil || strings.ContainsAny(params["filename"], `/\`) {
			t.Fatalf("%q: %v", got, err)
		}
	})
}

// TestUploadEnds cuts off who goes on sending a little at a time for ever.
func TestUploadEnds(t *testing.T) {
	now := time.Date(2026, 11, 2, 15, 0, 0, 0, time.UTC)
	a := &App{Clock: func() time.Time { return now }}
	r := httptest.NewRequest(http.MethodPost, "/workorders/new", strings.NewReader(strings.Repeat("x", 100)))
	body := a.uploadOf(echo.New().NewContext(r, httptest.NewRecorder()))
	piece := make([]byte, 1)
	for range uploadWithin / (receiveWithin - time.Second) {
		if _, err := body.Read(piece); err != nil {
			t.Fatal(err)
		}
		now = now.Add(receiveWithin - time.Second)
	}
	now = now.Add(receiveWithin)
	if n, err := body.Read(piece); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d, %v", n, err)
	}
}
