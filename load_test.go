package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/config"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/payment"
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

// runCustomers is how many customers BenchmarkPagesDuringAutoPay charges.
const runCustomers = 10_000

// BenchmarkPagesDuringAutoPay charges ten thousand customers through the sandbox
// while one of them asks for home and for the payment screen over HTTP, with a
// session, and reports the run's rate and how much longer the pages take than
// before it began, in the same run.
func BenchmarkPagesDuringAutoPay(b *testing.B) {
	for range b.N { // not b.Loop: the books are made with the timer stopped
		pagesDuringAutoPay(b)
	}
}

func pagesDuringAutoPay(b *testing.B) {
	b.StopTimer()
	ok := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	clock := &movedClock{}
	clock.set(first)
	p, err := open(b.Context(), config.Config{DB: filepath.Join(b.TempDir(), "portal.db"), PublicURL: "http://portal.example", Quiet: true}, clock.now)
	ok(err)
	defer func() { ok(p.close()) }()
	ok(p.settings.Set(b.Context(), audit.Program, map[string]string{"payments.gateway": "sandbox", "time.zone": killZone.String(), "company.name": "Acme Alarm", "company.email": "office@acme.test"}))
	set, err := p.settings.Current(b.Context())
	ok(err)
	box, err := p.gateways.openSandbox(set)
	ok(err)
	var visitor int64
	for from := 0; from < runCustomers; from += 500 {
		type onFile struct{ ref, token string }
		var have []onFile
		for i := from; i < from+500; i++ {
			ref, err := box.SaveCustomer(b.Context(), fmt.Sprint("customer-", i), "", gateway.Customer{Reference: fmt.Sprint(i), Name: "Ann"})
			ok(err)
			token, err := box.Attach(ref, "pm_card_visa")
			ok(err)
			have = append(have, onFile{ref, token})
		}
		now := first.AddDate(0, 0, -11) // when they gave their consent
		ok(p.books.Write(b.Context(), func(q *db.Queries) error {
			for i, h := range have {
				id, err := payer(b.Context(), q, calendar.InstantOf(now), fmt.Sprint(10_000+from+i), h.ref, h.token)
				if err != nil {
					return err
				}
				visitor = id
			}
			return nil
		}))
	}
	_, err = p.accounts.SaveUser(b.Context(), "load@example.com", "a quiet evening", visitor)
	ok(err)
	h, err := p.handler()
	ok(err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = "portal.example"
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	jar, err := cookiejar.New(nil)
	ok(err)
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	_, err = client.PostForm(server.URL+"/login", url.Values{"username": {"load@example.com"}, "password": {"a quiet evening"}})
	ok(err)
	visits := func(until <-chan struct{}) map[string]time.Duration {
		took := map[string][]time.Duration{}
		for i := 0; ; i++ {
			select {
			case <-until:
				out := map[string]time.Duration{}
				for path, list := range took {
					slices.Sort(list)
					out[path] = list[len(list)/2]
				}
				return out
			default:
			}
			path := []string{"/", "/pay"}[i%2]
			began := time.Now()
			resp, err := client.Get(server.URL + path)
			ok(err)
			_, err = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			ok(err)
			if resp.StatusCode != http.StatusOK {
				b.Fatalf("%s: %s", path, resp.Status)
			}
			took[path] = append(took[path], time.Since(began))
			time.Sleep(2 * time.Millisecond) // a visitor, not a load
		}
	}
	quiet := make(chan struct{})
	time.AfterFunc(3*time.Second, func() { close(quiet) })
	idle := visits(quiet)

	done := make(chan struct{})
	b.StartTimer()
	began := time.Now()
	go func() {
		defer close(done)
		if err := p.autopay.Run(b.Context()); err != nil {
			b.Error(err)
		}
	}()
	busy := visits(done)
	b.StopTimer()
	if _, n := box.Taken(""); n != runCustomers {
		b.Errorf("%d charges", n)
	}
	b.ReportMetric(runCustomers/time.Since(began).Seconds(), "customers/s")
	for path, name := range map[string]string{"/": "home", "/pay": "pay"} {
		b.ReportMetric(float64(idle[path].Microseconds())/1000, name+"-idle-ms")
		b.ReportMetric(float64(busy[path])/float64(idle[path]), name+"-during/idle")
	}
}

// payer adds a customer who pays by card on the 1st and owes one invoice.
func payer(ctx context.Context, q *db.Queries, now calendar.Instant, number, ref, token string) (int64, error) {
	id, _, err := account.SaveCustomer(ctx, q, now, account.Record{Number: number, FirstName: "Ann", LastName: "Lee", Address1: "1 Main St", City: "Troy",
		State: "NY", Zip: "12180", Emails: []string{"c" + number + "@example.com"}})
	if err != nil {
		return 0, err
	}
	if err := q.PutGatewayCustomer(ctx, db.PutGatewayCustomerParams{CustomerID: id, Gateway: "sandbox", Ref: ref}); err != nil {
		return 0, err
	}
	method, err := q.AddMethod(ctx, db.AddMethodParams{CustomerID: id, Gateway: "sandbox", Ref: token, Kind: "card", Brand: "Visa", Last4: "4242", ExpYear: 2031, ExpMonth: 1, CreatedAt: now})
	if err != nil {
		return 0, err
	}
	if _, err := q.AddMandate(ctx, db.AddMandateParams{CustomerID: id, MethodID: method, ConsentText: "I authorize", ConsentSha256: strings.Repeat("0", 64),
		ConsentVersion: payment.ConsentVersion, Day: 1, ShownAt: now, AcceptedAt: now}); err != nil {
		return 0, err
	}
	_, err = ledger.IssueInvoice(ctx, q, now, ledger.InvoiceRecord{Number: "I" + number, CustomerID: id, Date: "2026-11-20", Due: "2026-12-01",
		Lines: []ledger.Line{{Description: "Monitoring", Quantity: money.QuantityScale, UnitPrice: 2995}}})
	return id, err
}
