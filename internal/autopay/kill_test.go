package autopay_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/autopay"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/stripe"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/settings"
)

// The portal is killed in the middle of a run. This test binary starts itself
// again as the portal that is to die; the processor lives in the parent and is
// reached over HTTP, so that its books survive whatever happens to the child.

func TestMain(m *testing.M) {
	if os.Getenv("AUTOPAY_CHILD") == "" {
		os.Exit(m.Run())
	}
	if err := child(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// at dies here when this is the point to die at, at the n-th time it is come to.
func at(point string) {
	times := int64(1)
	if point != "before the plan" {
		times = 3 // some are through
	}
	if os.Getenv("AUTOPAY_DIES_AT") == point && passed.Add(1) == times {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

var passed atomic.Int64

// mortal dies around the calls that matter.
type mortal struct{ gateway.Adapter }

func (m mortal) Charge(ctx context.Context, key string, c gateway.Charge) (gateway.Outcome, error) {
	at("claimed")
	out, err := m.Adapter.Charge(ctx, key, c)
	at("charged")
	return out, err
}

func (m mortal) Changes(ctx context.Context, cursor string) ([]gateway.Event, string, bool, error) {
	at("before the plan")
	return m.Adapter.Changes(ctx, cursor)
}

// program opens the books of a folder over the processor at an address.
func program(dir, api string, clock calendar.Clock, wrap func(gateway.Adapter) gateway.Adapter, log io.Writer) (*db.DB, *payment.Service, *autopay.Service, error) {
	d, err := db.Open(context.Background(), filepath.Join(dir, "portal.db-live"))
	if err != nil {
		return nil, nil, nil, err
	}
	sealer, err := settings.LoadSealer(filepath.Join(dir, "portal.key"))
	if err != nil {
		return nil, nil, nil, err
	}
	store := settings.New(d, clock, sealer)
	mail, err := outbox.NewWriter(store, "https://portal.test")
	if err != nil {
		return nil, nil, nil, err
	}
	adapter, err := stripe.New(stripe.Config{SecretKey: "sk_test_sandbox", Clock: clock, BaseURL: api})
	if err != nil {
		return nil, nil, nil, err
	}
	g := named{wrap(adapter)}
	logger := slog.New(slog.NewTextHandler(log, nil))
	books := ledger.New(d, clock, store, mail)
	pay := payment.New(d, clock, store, mail, books, payment.Gateways{"sandbox": func(*settings.Settings) (gateway.Adapter, error) { return g, nil }}, logger)
	return d, pay, autopay.New(d, clock, store, mail, pay, books, logger), nil
}

// named calls itself the sandbox, whose methods are on file in the books.
type named struct{ gateway.Adapter }

func (n named) Info() gateway.Info {
	info := n.Adapter.Info()
	info.Name = "sandbox"
	return info
}

// child is the portal that dies: it does the run of the day.
func child() error {
	ms, err := strconv.ParseInt(os.Getenv("AUTOPAY_NOW"), 10, 64)
	if err != nil {
		return err
	}
	clock := calendar.NewFake(time.UnixMilli(ms))
	d, _, auto, err := program(os.Getenv("AUTOPAY_CHILD"), os.Getenv("AUTOPAY_API"), clock.Now,
		func(g gateway.Adapter) gateway.Adapter { return mortal{g} }, io.Discard)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	for range 2 { // an open run is ended by the first, what is to be tried again taken by the second
		if err := auto.Run(context.Background()); err != nil {
			return err
		}
	}
	fmt.Println("done")
	return d.Close()
}

// serve puts the sandbox behind HTTP.
func (b *books) serve() string {
	forward := b.sandbox.Transport()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r.RequestURI, r.URL.Scheme, r.URL.Host = "", "https", "api.stripe.com"
		// the processor carries a request out whether or not the portal lives on
		resp, err := forward.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer func() { _ = resp.Body.Close() }()
		for k, v := range resp.Header {
			rw.Header()[k] = v
		}
		rw.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(rw, resp.Body)
	}))
	b.Cleanup(server.Close)
	return server.URL
}

// kill starts a portal that does the run and kills it: at a point of its own, or
// after a while when there is none.
func (b *books) kill(api, point string, after time.Duration) {
	b.Helper()
	exe, err := os.Executable()
	b.ok(err)
	cmd := exec.CommandContext(b.Context(), exe)
	cmd.Env = append(os.Environ(), "AUTOPAY_CHILD="+b.dir, "AUTOPAY_API="+api, "AUTOPAY_DIES_AT="+point,
		"AUTOPAY_NOW="+strconv.FormatInt(b.clock.Now().UnixMilli(), 10))
	out, err := cmd.StdoutPipe()
	b.ok(err)
	b.ok(cmd.Start())
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		b.Fatalf("the child did not start: %q", lines.Text())
	}
	if point == "" {
		time.Sleep(after) // the moment of the kill is the point of this test
		_ = cmd.Process.Kill()
	}
	for lines.Scan() {
	}
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); point != "" && (!ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
		b.Fatalf("the child did not die at %q: %v", point, err)
	}
}

// TestKilledInTheRun kills the portal at each point of a run and at any moment,
// again and again, and proves that the run comes to the end it would have come to.
func TestKilledInTheRun(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	var customers []*customer
	for i := range 40 {
		c := b.customer([]string{"pm_card_visa", "pm_card_visa", "pm_usBankAccount", "pm_card_chargeCustomerFail"}[i%4], 1, 0)
		b.invoice(c, "2026-11-01", 4500)
		customers = append(customers, c)
	}
	api := b.serve()
	b.at("2026-11-01 06:00")
	// what the poller does some minutes after a kill
	poll := func() {
		b.clock.Advance(6 * time.Minute)
		b.ok(b.pay.Settle(t.Context()))
	}
	for _, point := range []string{"before the plan", "charged", "claimed"} {
		b.kill(api, point, 0)
		if n := b.number(`SELECT count(*) FROM auto_pay_periods`); n != 0 && n != 40 {
			t.Fatalf("%d months after dying at %q", n, point)
		}
		poll()
	}
	for day := range 5 {
		b.at(fmt.Sprintf("2026-11-%02d 06:00", 2+day))
		b.kill(api, "", time.Duration(rand.Int64N(int64(150*time.Millisecond))))
		poll()
	}
	// started again, for good
	for range 6 {
		b.run()
		b.clock.Advance(12 * time.Hour)
	}
	for i, c := range customers {
		want, state := 1, []string{"paid", "paid", "processing", "retry failed"}[i%4]
		if i%4 == 3 {
			want = 0
		}
		if n, _ := b.charges(c); n != want {
			t.Errorf("customer %s: %d charges, want %d", c.number, n, want)
		}
		if got := b.month(c, "2026-11"); !strings.Contains(state, got) {
			t.Errorf("customer %s is %s, want %s", c.number, got, state)
		}
	}
	t.Logf("%d attempts", b.number(`SELECT count(*) FROM auto_pay_attempts`))
	for kind, want := range map[string]int{"payment_receipt": 20, "payment_submitted": 10, "auto_pay_failed": 10} {
		if got := len(b.mails(kind)); got != want && (kind != "auto_pay_failed" || got < want) {
			t.Errorf("%d mails of %s, want %d", got, kind, want)
		}
	}
	b.agree()
}

// TestStoppedInTheRun stops the program in the middle of the run: what was sent is
// written down, the rest is put back, and the next program goes on.
func TestStoppedInTheRun(t *testing.T) {
	b := open(t, newYork, "2026-10-20 12:00")
	var customers []*customer
	for range 100 {
		c := b.customer("pm_card_visa", 1, 0)
		b.invoice(c, "2026-11-01", 4500)
		customers = append(customers, c)
	}
	b.at("2026-11-01 06:00")
	ctx, stop := context.WithCancel(t.Context())
	b.wire(b.db, &stopping{Adapter: b.sandbox, after: 30, stop: stop})
	if err := b.auto.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("the stopped run: %v", err)
	}
	if n := b.number(`SELECT count(*) FROM payments WHERE state = 'submitted'`); n != 0 {
		t.Errorf("%d are left as sent", n)
	}
	if n := b.number(`SELECT count(*) FROM payments WHERE state = 'planned'`); n == 0 {
		t.Error("the run was not stopped")
	}
	b.wire(b.db, b.sandbox)
	b.run()
	b.expect("2026-11", "paid", customers...)
	if n := len(b.sandbox.Charges()); n != 100 {
		t.Errorf("%d charges", n)
	}
	if got := b.mails("auto_pay_summary"); len(got) != 1 {
		t.Errorf("summaries %v", got)
	}
	b.agree()
}

// stopping stops the program after so many charges.
type stopping struct {
	gateway.Adapter
	after int64
	seen  atomic.Int64
	stop  func()
}

func (s *stopping) Charge(ctx context.Context, key string, c gateway.Charge) (gateway.Outcome, error) {
	if s.seen.Add(1) == s.after {
		s.stop()
	}
	return s.Adapter.Charge(ctx, key, c)
}
