package payment_test

import (
	"bufio"
	"context"
	"database/sql"
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
	"customerportal/db/dbtest"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/authorizenet"
	"customerportal/internal/gateway/authorizenet/authorizenettest"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/gateway/stripe"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/settings"
)

// The portal is killed while it takes a payment. This test binary starts itself
// again as the portal that is to die; the processor lives in the parent and is
// reached over HTTP, so its books survive whatever happens to the child.

func TestMain(m *testing.M) {
	if os.Getenv("PAYMENT_CHILD") == "" {
		os.Exit(m.Run())
	}
	if err := child(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// program opens the books at path and wires the nouns over the processor at api.
func program(path, api string, clock calendar.Clock, wrap func(gateway.Adapter) gateway.Adapter, log io.Writer) (*db.DB, *payment.Service, *settings.Store, error) {
	d, err := db.Open(context.Background(), path)
	if err != nil {
		return nil, nil, nil, err
	}
	sealer, err := settings.LoadSealer(filepath.Join(filepath.Dir(path), "portal.key"))
	if err != nil {
		return nil, nil, nil, err
	}
	store := settings.New(d, clock, sealer)
	mail, err := outbox.NewWriter(store, "https://portal.test")
	if err != nil {
		return nil, nil, nil, err
	}
	name := "stripe"
	var adapter gateway.Adapter
	if strings.HasSuffix(api, authorizeNetPath) {
		name = "authorizenet"
		adapter, err = authorizenet.New(authorizenet.Config{LoginID: authorizenettest.LoginID, TransactionKey: authorizenettest.TransactionKey, Clock: clock, APIURL: api})
	} else {
		adapter, err = stripe.New(stripe.Config{SecretKey: "sk_test_sandbox", Clock: clock, BaseURL: api})
	}
	if err != nil {
		return nil, nil, nil, err
	}
	g := wrap(adapter)
	asked := 0
	service := payment.New(d, clock, store, mail, ledger.New(d, clock, store, mail), payment.Gateways{
		name: func(*settings.Settings) (gateway.Adapter, error) {
			// asked once to plan, and again once the plan is committed
			if asked++; asked == 2 {
				at("planned")
			}
			if os.Getenv("PAYMENT_REFUND") != "" { // asked only once the plan is committed
				at("refund planned")
			}
			return g, nil
		}}, slog.New(slog.NewTextHandler(log, nil)))
	return d, service, store, nil
}

// at dies here when this is the point to die at.
func at(point string) {
	if os.Getenv("PAYMENT_DIES_AT") == point {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// mortal dies around the calls that matter.
type mortal struct{ gateway.Adapter }

func (m mortal) Charge(ctx context.Context, key string, c gateway.Charge) (gateway.Outcome, error) {
	at("claimed")
	out, err := m.Adapter.Charge(ctx, key, c)
	at("charged")
	return out, err
}

func (m mortal) OpenPaymentPage(ctx context.Context, key string, p gateway.PaymentPage) (gateway.Page, error) {
	at("page claimed")
	page, err := m.Adapter.OpenPaymentPage(ctx, key, p)
	at("page opened")
	return page, err
}

func (m mortal) Refund(ctx context.Context, key string, r gateway.Refund) (gateway.RefundOutcome, error) {
	at("refund claimed")
	out, err := m.Adapter.Refund(ctx, key, r)
	at("refund made")
	return out, err
}

// child is the portal that dies: it takes one payment, or gives a part of one back.
func child() error {
	d, service, _, err := program(os.Getenv("PAYMENT_CHILD"), os.Getenv("PAYMENT_API"), time.Now,
		func(g gateway.Adapter) gateway.Adapter { return mortal{g} }, io.Discard)
	if err != nil {
		return err
	}
	customer, err := strconv.ParseInt(os.Getenv("PAYMENT_CUSTOMER"), 10, 64)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	if reference := os.Getenv("PAYMENT_REFUND"); reference != "" {
		if _, err := service.Refund(context.Background(), audit.Program, childRefund(customer, os.Getenv("PAYMENT_NONCE"), reference)); err != nil {
			return err
		}
		at("refund answered")
		fmt.Println("done")
		return d.Close()
	}
	_, err = service.Submit(context.Background(), audit.Program, customer, childOrder(os.Getenv("PAYMENT_NONCE"), os.Getenv("PAYMENT_METHOD"), os.Getenv("PAYMENT_INVOICE")))
	if err != nil {
		return err
	}
	at("answered")
	fmt.Println("done")
	return d.Close()
}

func childOrder(nonce, method, invoice string) payment.Order {
	o := order("card", method, map[string]string{invoice: "45.00"})
	o.Nonce = nonce
	return o
}

// world is what survives the kills.
type world struct {
	*books
	path   string
	api    string
	delay  atomic.Int64
	method string
	more   []string           // of the child's environment
	taken  func() money.Cents // by the processor
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{path: filepath.Join(t.TempDir(), "portal.db-live")}
	b := &books{TB: t, db: dbtest.Open(t, w.path), clock: calendar.NewFake(time.Now()), invoices: map[string]int64{}}
	w.books = b
	var err error
	b.sandbox, err = sandbox.New(sandbox.Config{BaseURL: "https://portal.test/sandbox", Business: "Acme", Clock: b.clock.Now})
	b.ok(err)
	forward := b.sandbox.Transport()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(w.delay.Load()))
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
	t.Cleanup(server.Close)
	w.api = server.URL
	w.taken = func() (sum money.Cents) {
		for _, c := range b.sandbox.Charges() {
			if c.State == gateway.Succeeded {
				sum += c.Amount
			}
		}
		return sum
	}
	d, service, store, err := program(w.path, w.api, b.clock.Now, func(g gateway.Adapter) gateway.Adapter { return g }, t.Output())
	b.ok(err)
	b.pay, b.settings = service, store
	t.Cleanup(func() { _ = d.Close() })
	b.ok(store.Set(t.Context(), audit.Program, map[string]string{"payments.gateway": "stripe", "company.email": "office@acme.test"}))
	b.customer, b.user = b.addCustomer("1001", "ann@example.com")
	w.method = b.method("pm_card_visa")
	b.ok(b.db.WriteTx(t.Context(), func(tx *sql.Tx) error {
		for _, statement := range []string{`UPDATE methods SET gateway = 'stripe'`, `UPDATE gateway_customers SET gateway = 'stripe'`} {
			if _, err := tx.Exec(statement); err != nil {
				return err
			}
		}
		return nil
	}))
	return w
}

// kill starts a portal that pays an invoice and kills it: at a point of its own,
// or after a while when there is none.
func (w *world) kill(nonce, method, invoice, point string, after time.Duration) {
	w.Helper()
	exe, err := os.Executable()
	w.ok(err)
	cmd := exec.CommandContext(w.Context(), exe)
	cmd.Env = append(os.Environ(), "PAYMENT_CHILD="+w.path, "PAYMENT_API="+w.api, "PAYMENT_CUSTOMER="+strconv.FormatInt(w.customer, 10),
		"PAYMENT_NONCE="+nonce, "PAYMENT_METHOD="+method, "PAYMENT_INVOICE="+invoice, "PAYMENT_DIES_AT="+point)
	cmd.Env = append(cmd.Env, w.more...)
	out, err := cmd.StdoutPipe()
	w.ok(err)
	w.ok(cmd.Start())
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		w.Fatalf("the child did not start: %q", lines.Text())
	}
	if point == "" {
		time.Sleep(after) // the moment of the kill is the point of this test
		_ = cmd.Process.Kill()
	}
	for lines.Scan() {
	}
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); point != "" && (!ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
		w.Fatalf("the child did not die at %q: %v", point, err)
	}
}

// recover starts the portal again after a kill and proves that the invoice can
// be paid exactly once, whatever the customer does meanwhile.
func (w *world) recover(nonce, method, invoice string) {
	w.Helper()
	w.clock.Set(time.Now())
	d, service, _, err := program(w.path, w.api, w.clock.Now, func(g gateway.Adapter) gateway.Adapter { return g }, w.Output())
	w.ok(err)
	defer func() { w.ok(d.Close()) }()
	w.pay = service
	service.NoPause()
	// the browser sends the form again, and somebody tries in another tab
	again, err := service.Submit(w.Context(), w.ann(), w.customer, childOrder(nonce, method, invoice))
	if err != nil && !fault.Is(err, fault.Invalid) {
		w.Fatal(err)
	}
	if _, err := service.Submit(w.Context(), w.ann(), w.customer, childOrder(payment.NewNonce(), w.method, invoice)); err != nil && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict) {
		w.Fatal(err)
	}
	for range 4 {
		w.settle()
		w.clock.Advance(10 * time.Minute)
	}
	w.settle()
	if again.Reference != "" {
		if st := payment.State(w.payment(again.Reference).State); st == payment.Planned || st == payment.Submitted {
			w.Errorf("%s is still %s", again.Reference, st)
		}
	}
	// whoever still owes pays; whoever has paid is told so
	if w.balance(invoice) != 0 {
		r := w.submit(childOrder(payment.NewNonce(), w.method, invoice))
		if r.State != payment.Succeeded {
			w.Errorf("paying after the kill: %+v", r)
		}
	}
	w.agree()
	if w.balance(invoice) != 0 {
		w.Errorf("invoice %s is not paid", invoice)
	}
	taken := w.taken()
	var booked int64
	w.ok(w.db.Reader().QueryRow(`SELECT -coalesce(sum(cents), 0) FROM ledger`).Scan(&booked))
	if want := money.Cents(4500 * len(w.invoices)); taken != want || money.Cents(booked) != want {
		w.Fatalf("the processor took %s, the ledger says %s, and the invoices were %s", taken, money.Cents(booked), want)
	}
}

func TestKilledAtEachPoint(t *testing.T) { killedAtEachPoint(t, newWorld(t)) }

func killedAtEachPoint(t *testing.T, w *world) {
	for i, point := range []string{"planned", "claimed", "charged", "answered", "page claimed", "page opened"} {
		method := w.method
		if i >= 4 {
			method = payment.NewMethod
		}
		invoice, nonce := fmt.Sprintf("1%04d", i), payment.NewNonce()
		w.invoice(invoice, 4500)
		w.kill(nonce, method, invoice, point, 0)
		w.recover(nonce, method, invoice)
		if t.Failed() {
			t.Fatalf("after dying at %q", point)
		}
	}
}

func childRefund(customer int64, nonce, reference string) payment.RefundOrder {
	return payment.RefundOrder{CustomerID: customer, Payment: reference, Amount: 2000, Way: payment.WayGateway, Reason: "Charged twice", Nonce: nonce}
}

// killRefund starts a portal that gives back a part of a payment and kills it, then
// starts it again and proves that the money went back once, as was ordered.
func (w *world) killRefund(invoice, point string, after time.Duration) {
	w.Helper()
	w.clock.Set(time.Now())
	w.invoice(invoice, 4500)
	paid := w.submit(childOrder(payment.NewNonce(), w.method, invoice))
	nonce := payment.NewNonce()
	w.more = []string{"PAYMENT_REFUND=" + paid.Reference}
	w.kill(nonce, w.method, invoice, point, after)
	w.more = nil

	d, service, _, err := program(w.path, w.api, w.clock.Now, func(g gateway.Adapter) gateway.Adapter { return g }, w.Output())
	w.ok(err)
	defer func() { w.ok(d.Close()) }()
	service.NoPause()
	old := w.pay
	w.pay = service
	defer func() { w.pay = old }()
	// the browser sends the form again
	w.refund(audit.Program, childRefund(w.customer, nonce, paid.Reference))
	for range 4 {
		w.settle()
		w.clock.Advance(10 * time.Minute)
	}
	w.settle()
	done := w.refund(audit.Program, childRefund(w.customer, nonce, paid.Reference))
	var given money.Cents
	for _, c := range w.sandbox.Charges() {
		if c.Reference == paid.Reference {
			given = c.Refunded
		}
	}
	want := money.Cents(2000)
	if done.State == "failed" { // the request was cut off before it arrived: staff are told so
		want = 0
	}
	if done.State != "succeeded" && done.State != "failed" || given != want || w.balance(invoice) != want {
		w.Errorf("after dying at %q the refund is %+v; the processor gave back %s, and invoice %s owes %s", point, done, given, invoice, w.balance(invoice))
	}
	if n := w.tally(`SELECT count(*) FROM outbox WHERE kind = 'payment_reversed' AND text_body LIKE '%' || ? || '%'`, paid.Reference); n != int64(min(want, 1)) {
		w.Errorf("after dying at %q: %d mails", point, n)
	}
	w.sound()
}

func TestRefundKilledAtEachPoint(t *testing.T) {
	w := newWorld(t)
	for i, point := range []string{"refund planned", "refund claimed", "refund made", "refund answered"} {
		w.killRefund(fmt.Sprintf("3%04d", i), point, 0)
		if t.Failed() {
			t.Fatalf("after dying at %q", point)
		}
	}
}

func TestRefundKilledAtAnyMoment(t *testing.T) {
	w := newWorld(t)
	w.delay.Store(int64(4 * time.Millisecond))
	for i := range 8 {
		w.killRefund(fmt.Sprintf("4%04d", i), "", time.Duration(rand.Int64N(int64(60*time.Millisecond))))
		if t.Failed() {
			t.Fatalf("in round %d", i)
		}
	}
}

func TestKilledAtAnyMoment(t *testing.T) {
	rounds := 12
	if s := os.Getenv("PAYMENT_KILLS"); s != "" {
		rounds, _ = strconv.Atoi(s)
	}
	killedAtAnyMoment(t, newWorld(t), rounds)
}

func killedAtAnyMoment(t *testing.T, w *world, rounds int) {
	w.delay.Store(int64(4 * time.Millisecond))
	for i := range rounds {
		invoice, nonce := fmt.Sprintf("2%04d", i), payment.NewNonce()
		w.invoice(invoice, 4500)
		w.kill(nonce, w.method, invoice, "", time.Duration(rand.Int64N(int64(60*time.Millisecond))))
		w.recover(nonce, w.method, invoice)
		if t.Failed() {
			t.Fatalf("in round %d", i)
		}
	}
	counts := map[string]int{}
	rows, err := w.db.Reader().Query(`SELECT state || ' ' || failure_code FROM payments`)
	w.ok(err)
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s string
		w.ok(rows.Scan(&s))
		counts[s]++
	}
	t.Logf("%d kills: %v", rounds, counts)
}
