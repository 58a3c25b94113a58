package autopay_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/payment"
)

// many adds customers who pay by themselves, each with an invoice due on the
// first of November 2026, all in a few transactions.
func (b *books) many(n int) []*customer {
	b.Helper()
	list := make([]*customer, n)
	methods := make([]gateway.Method, n)
	for i := range n {
		c := &customer{number: fmt.Sprint(100000 + i)}
		var err error
		c.ref, err = b.sandbox.SaveCustomer(b.Context(), "test-customer-"+c.number, "", gateway.Customer{Reference: c.number, Name: "Ann"})
		b.ok(err)
		_, err = b.sandbox.Attach(c.ref, "pm_card_visa")
		b.ok(err)
		on, err := b.sandbox.Methods(b.Context(), c.ref)
		b.ok(err)
		list[i], methods[i] = c, on[0]
	}
	for start := 0; start < n; start += 500 {
		b.ok(b.db.Write(b.Context(), func(q *db.Queries) error {
			for i := start; i < min(n, start+500); i++ {
				if err := b.one(q, list[i], methods[i]); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	return list
}

func (b *books) one(q *db.Queries, c *customer, m gateway.Method) error {
	ctx := b.Context()
	var err error
	c.id, _, err = account.SaveCustomer(ctx, q, b.now(), account.Record{Number: c.number, FirstName: "Ann", LastName: "No" + c.number,
		Address1: "1 Main St", City: "Troy", State: "NY", Zip: "12180", Emails: []string{"c" + c.number + "@example.com"}})
	if err != nil {
		return err
	}
	if err := q.PutGatewayCustomer(ctx, db.PutGatewayCustomerParams{CustomerID: c.id, Gateway: "sandbox", Ref: c.ref}); err != nil {
		return err
	}
	c.method, err = q.AddMethod(ctx, db.AddMethodParams{CustomerID: c.id, Gateway: "sandbox", Ref: m.ID, Kind: string(m.Kind), Brand: m.Brand, Last4: m.Last4,
		ExpYear: int64(m.ExpYear), ExpMonth: int64(m.ExpMonth), CreatedAt: b.now()})
	if err != nil {
		return err
	}
	_, err = q.AddMandate(ctx, db.AddMandateParams{CustomerID: c.id, MethodID: c.method, ConsentText: "I authorize", ConsentSha256: strings.Repeat("0", 64),
		ConsentVersion: payment.ConsentVersion, Day: 1, ShownAt: b.now(), AcceptedAt: b.now()})
	if err != nil {
		return err
	}
	_, err = ledger.IssueInvoice(ctx, q, b.now(), ledger.InvoiceRecord{Number: "I" + c.number, CustomerID: c.id, Date: "2026-10-12", Due: "2026-11-01",
		Lines: []ledger.Line{{Description: "Monitoring", Quantity: money.QuantityScale, UnitPrice: 4500}}})
	return err
}

// BenchmarkRun is the first of the month: AUTOPAY_CUSTOMERS of them, 10,000 when
// it is not set, are planned, charged on the sandbox and booked, with receipts
// and the summary. Meanwhile a visitor looks at a customer's auto pay and another
// one writes, as they did before on the idle books: both are reported as ratios
// of the same run, beside customers a second and the highest heap above what the
// sandbox, whose books lie in memory, holds when all is over.
func BenchmarkRun(b *testing.B) {
	n := 10_000
	if s := os.Getenv("AUTOPAY_CUSTOMERS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	for range b.N {
		b.StopTimer()
		w := open(b, newYork, "2026-10-20 12:00")
		list := w.many(n)
		w.at("2026-11-01 06:00")
		began, first := time.Now(), w.clock.Now()
		w.time = func() time.Time { return first.Add(time.Since(began)) }
		w.wire(w.db, w.sandbox)
		visit := w.visits(list[n/2], 400*time.Millisecond, nil)

		var after, peak runtime.MemStats
		done := make(chan struct{})
		var work sync.WaitGroup
		var busy [2]time.Duration
		work.Go(func() { busy = w.visits(list[n/2], 0, done) })
		var high uint64
		work.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(50 * time.Millisecond):
					runtime.ReadMemStats(&peak)
					high = max(high, peak.HeapAlloc)
				}
			}
		})
		b.StartTimer()
		at := time.Now()
		w.ok(w.auto.Run(b.Context()))
		took := time.Since(at)
		b.StopTimer()
		close(done)
		work.Wait()
		if taken := w.number(`SELECT count(*) FROM payments WHERE state = 'succeeded'`); taken != int64(n) {
			b.Fatalf("%d of %d taken", taken, n)
		}
		b.ReportMetric(float64(n)/took.Seconds(), "customers/s")
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(w) // the sandbox's own books count as idle
		b.ReportMetric(float64(max(high, after.HeapAlloc)-after.HeapAlloc)/1e6, "MB-above-idle")
		b.ReportMetric(float64(busy[0])/float64(visit[0]), "read-vs-idle")
		b.ReportMetric(float64(busy[1])/float64(visit[1]), "write-vs-idle")
		b.ReportMetric(float64(busy[1].Microseconds())/1000, "write-ms")
	}
}

// visits reads and writes as customers do, for a time or until done, and returns
// the median time of each.
func (b *books) visits(c *customer, d time.Duration, done <-chan struct{}) [2]time.Duration {
	var reads, writes []time.Duration
	over := time.Now().Add(d)
	for d == 0 || time.Now().Before(over) {
		select {
		case <-done:
			d = 1
			over = time.Now()
		default:
		}
		at := time.Now()
		if _, err := b.pay.AutoPay(context.Background(), c.id); err != nil {
			b.Error(err)
		}
		reads = append(reads, time.Since(at))
		at = time.Now()
		err := b.db.Write(context.Background(), func(q *db.Queries) error {
			return audit.Record(context.Background(), q, b.now(), audit.Program, audit.Entry{Action: "page.visit", CustomerID: c.id})
		})
		if err != nil {
			b.Error(err)
		}
		writes = append(writes, time.Since(at))
		time.Sleep(2 * time.Millisecond) // a visitor, not a load test
	}
	slices.Sort(reads)
	slices.Sort(writes)
	return [2]time.Duration{reads[len(reads)/2], writes[len(writes)/2]}
}
