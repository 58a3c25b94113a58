package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/config"
)

// BenchmarkLoad is the load run: as many visitors as fit ask for home at once,
// over real connections, with sessions, in a file of a million invoices. Beside
// it, in the same run, a bare Echo page does the same single query: the two
// rates are compared as a ratio, for the machines differ.
func BenchmarkLoad(b *testing.B) {
	path := filepath.Join(b.TempDir(), "portal.db")
	p, err := open(b.Context(), config.Config{DB: path, PublicURL: "http://portal.example", Quiet: true}, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := p.close(); err != nil {
			b.Error(err)
		}
	})
	dbtest.FillLarge(b, p.books)
	if _, err := p.accounts.SaveUser(b.Context(), "load@example.com", "a quiet evening", dbtest.LargeCustomer); err != nil {
		b.Fatal(err)
	}
	if err := p.settings.Set(b.Context(), audit.Program, map[string]string{"company.name": "Acme Alarm"}); err != nil {
		b.Fatal(err)
	}

	bare := echo.New()
	bare.GET("/", func(c echo.Context) error {
		rows, err := p.books.Read().ListOpenInvoicesForCustomer(c.Request().Context(), dbtest.LargeCustomer)
		if err != nil {
			return err
		}
		var page bytes.Buffer
		for _, r := range rows {
			fmt.Fprintln(&page, r.Number, r.DueDate, r.BalanceCents)
		}
		return c.HTMLBlob(http.StatusOK, page.Bytes())
	})
	portal, err := p.handler()
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		h    http.Handler
	}{{"bare", bare}, {"home", portal}} {
		b.Run(c.name, func(b *testing.B) { load(b, c.h) })
	}
}

// load asks the handler for "/" from many connections and reports the rate.
func load(b *testing.B, h http.Handler) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = "portal.example"
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: 64}, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	// the bare page has no log-in and answers this with 404
	if _, err := client.PostForm(server.URL+"/login", url.Values{"username": {"load@example.com"}, "password": {"a quiet evening"}}); err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(8)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := client.Get(server.URL + "/")
			if err != nil {
				b.Error(err)
				return
			}
			_, err = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if err != nil || resp.StatusCode != http.StatusOK {
				b.Errorf("%s, %v", resp.Status, err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}
