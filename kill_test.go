package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"modernc.org/sqlite"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/config"
	"customerportal/internal/demo"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/payment"
	"customerportal/internal/schedule"
)

// The kill matrix. The portal runs as a process of its own on real books; the
// processor and the mail server live in the test, so that what they were told
// survives whatever happens to the portal. The portal is killed at its first
// step, its second, and so on until it comes to its end unharmed: a step is a
// commit of the books, a request to the processor about to be sent, an answer
// of the processor just received. After each kill it is started again, and then
// the processor's statement must agree with the books to the cent.

// killEnv names what the child reads its orders from.
const killEnv = "PORTAL_KILL_ORDERS"

// orders are what a child is to do.
type orders struct {
	db, api, smtp string
	at            []int64  // moments, milliseconds UTC: the child's clock goes on from each in turn
	dieAt         int64    // the step to die at, 0 = none
	jobs          []string // the jobs to run, in this order
	rounds        int      // how often at each moment
}

func (o orders) String() string {
	v := url.Values{"db": {o.db}, "api": {o.api}, "smtp": {o.smtp}, "die": {fmt.Sprint(o.dieAt)}, "job": o.jobs, "rounds": {fmt.Sprint(o.rounds)}}
	for _, at := range o.at {
		v.Add("at", fmt.Sprint(at))
	}
	return v.Encode()
}

func readOrders(s string) (o orders, err error) {
	v, err := url.ParseQuery(s)
	if err != nil {
		return o, err
	}
	o = orders{db: v.Get("db"), api: v.Get("api"), smtp: v.Get("smtp"), jobs: v["job"]}
	for _, at := range v["at"] {
		ms, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			return o, err
		}
		o.at = append(o.at, ms)
	}
	if o.dieAt, err = strconv.ParseInt(v.Get("die"), 10, 64); err != nil {
		return o, err
	}
	o.rounds, err = strconv.Atoi(v.Get("rounds"))
	return o, err
}

// mortality counts the child's steps and ends it at the one it was told.
type mortality struct{ steps, dieAt atomic.Int64 }

func (m *mortality) step() {
	if m.steps.Add(1) == m.dieAt.Load() {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// toProcessor carries the requests to the processor in the test.
type toProcessor struct {
	api   string
	life  *mortality
	clock *movedClock
}

// nowHeader tells the processor's clock what the portal's says.
const nowHeader = "X-Portal-Now"

func (p toProcessor) RoundTrip(r *http.Request) (*http.Response, error) {
	p.life.step()
	to, err := url.Parse(p.api)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = to.Scheme, to.Host, ""
	r.Header.Set(nowHeader, fmt.Sprint(p.clock.now().UnixMilli()))
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err == nil {
		// all of the answer is here before the step
		body, rerr := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		resp.Body = io.NopCloser(strings.NewReader(string(body)))
		err = rerr
	}
	p.life.step()
	return resp, err
}

// TestKillMatrixChild is the portal that is killed, when it is told to be one.
func TestKillMatrixChild(t *testing.T) {
	told := os.Getenv(killEnv)
	if told == "" {
		return
	}
	if err := obey(t.Context(), told); err != nil {
		fmt.Println("child:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func obey(ctx context.Context, told string) error {
	o, err := readOrders(told)
	if err != nil {
		return err
	}
	var life mortality
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, dsn string) error {
		if hooks, ok := conn.(sqlite.HookRegisterer); ok && strings.Contains(dsn, "immediate") {
			hooks.RegisterCommitHook(func() int32 { life.step(); return 0 })
		}
		return nil
	})
	clock := &movedClock{}
	clock.set(time.UnixMilli(o.at[0]))
	http.DefaultTransport = toProcessor{o.api, &life, clock}
	p, err := open(ctx, config.Config{DB: o.db, PublicURL: "https://portal.test", SMTP: o.smtp, Quiet: true}, clock.now)
	if err != nil {
		return err
	}
	if address := os.Getenv("PORTAL_KILL_SERVE"); address != "" {
		p.cfg.Listen = address
		h, err := p.handler()
		if err != nil {
			return err
		}
		return p.work(ctx, h, io.Discard)
	}
	jobs := append(p.jobs(), schedule.Job{Name: "sales", Run: func(ctx context.Context) error { return sell(ctx, p) }})
	life.steps.Store(0)
	life.dieAt.Store(o.dieAt)
	for _, at := range o.at {
		clock.set(time.UnixMilli(at))
		for range o.rounds {
			for _, name := range o.jobs {
				i := slices.IndexFunc(jobs, func(j schedule.Job) bool { return j.Name == name })
				if i < 0 {
					return fmt.Errorf("there is no job %q", name)
				}
				// a job that fails is run again, as the schedule does
				if err := jobs[i].Run(ctx); err != nil {
					fmt.Println(name, "failed:", err)
				}
			}
		}
	}
	steps := life.steps.Load()
	life.dieAt.Store(0)
	fmt.Println("steps", steps)
	return p.close()
}

// matrix is what survives the kills: the processor, the mail server, and the
// books as they lie in the folder.
type matrix struct {
	*testing.T
	dir     string
	sandbox *sandbox.Sandbox
	api     string
	mailbox *demo.Mailbox

	movedClock // of the processor and the mail server

	cut   atomic.Int64 // every so many answers to writes are lost on the way; 0 = none
	asked atomic.Int64

	listener atomic.Pointer[string] // of the portal that serves
}

// movedClock goes on from wherever it was set.
type movedClock struct {
	mu          sync.Mutex
	base, since time.Time
}

func (c *movedClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base.Add(time.Since(c.since))
}

func (c *movedClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base, c.since = t, time.Now()
}

func (m *matrix) ok(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

func (m *matrix) path() string { return filepath.Join(m.dir, "portal.db") }

// killZone is where the dealer of the matrix lives.
var killZone = func() *time.Location {
	zone, err := time.LoadLocation("America/Chicago")
	if err != nil {
		panic(err)
	}
	return zone
}()

// newMatrix makes books of a dealer whose customers pay by themselves on the 1st
// of December: by cards and bank accounts that pay, that decline, that are capped.
func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{T: t, dir: t.TempDir()}
	m.set(time.Date(2026, 11, 20, 12, 0, 0, 0, killZone))
	var err error
	m.sandbox, err = sandbox.New(sandbox.Config{BaseURL: "https://portal.test/sandbox", Business: "Acme Alarm", Clock: m.now, Deliver: m.deliver})
	m.ok(err)
	t.Cleanup(func() { m.ok(m.sandbox.Close()) })
	forward := m.sandbox.Transport()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if ms, err := strconv.ParseInt(r.Header.Get(nowHeader), 10, 64); err == nil && time.UnixMilli(ms).After(m.now()) {
			m.set(time.UnixMilli(ms))
		}
		r.RequestURI, r.URL.Scheme, r.URL.Host = "", "https", "api.stripe.com"
		// what was asked is carried out whether or not the portal lives on
		resp, err := forward.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
		if n := m.cut.Load(); err != nil || n > 0 && r.Method == http.MethodPost && m.asked.Add(1)%n == 0 {
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
	m.api = server.URL
	m.mailbox, err = demo.OpenMailbox(filepath.Join(t.TempDir(), "mail"), m.now)
	m.ok(err)
	t.Cleanup(func() { m.ok(m.mailbox.Close()) })
	m.with(func(p *program) {
		m.ok(p.settings.Set(t.Context(), audit.Program, map[string]string{
			"payments.gateway": "stripe", "stripe.secret_key": sandbox.SecretKey, "stripe.webhook_secret": m.sandbox.WebhookSecret(),
			"time.zone": killZone.String(), "company.name": "Acme Alarm", "company.phone": "555-010-0100", "company.email": "office@acme.test"}))
		// the list of changes has been read until an hour ago
		m.ok(p.books.Write(t.Context(), func(q *db.Queries) error {
			return q.PutGatewayCursor(t.Context(), db.PutGatewayCursorParams{Gateway: "stripe", Cursor: fmt.Sprint(first.Add(-time.Hour).Unix()), ReadAt: 1})
		}))
		for i, c := range []struct {
			method string
			limit  money.Cents
			owes   []money.Cents
		}{
			{"pm_card_visa", 0, []money.Cents{4500}},
			{"pm_usBankAccount", 0, []money.Cents{6000, 1500}},
			{"pm_card_chargeCustomerFail", 0, []money.Cents{2500}},
			{"pm_card_mastercard", 10000, []money.Cents{9000, 3000}},
		} {
			m.customer(p, fmt.Sprint(1001+i), c.method, c.limit, c.owes)
		}
	})
	return m
}

// with opens the books as the program does, in this process.
func (m *matrix) with(do func(*program)) {
	m.Helper()
	p, err := open(m.Context(), config.Config{DB: m.path(), PublicURL: "https://portal.test", SMTP: m.mailbox.Address(), Quiet: true}, m.now)
	m.ok(err)
	do(p)
	m.ok(p.close())
}

// customer adds one with a method on file, a consent and open invoices that are
// due on the 1st of December.
func (m *matrix) customer(p *program, number, shortcut string, limit money.Cents, owes []money.Cents) {
	m.Helper()
	ctx, now := m.Context(), calendar.InstantOf(m.now())
	ref, err := m.sandbox.SaveCustomer(ctx, "customer-"+number, "", gateway.Customer{Reference: number, Name: "Ann"})
	m.ok(err)
	token, err := m.sandbox.Attach(ref, shortcut)
	m.ok(err)
	list, err := m.sandbox.Methods(ctx, ref)
	m.ok(err)
	on := list[slices.IndexFunc(list, func(have gateway.Method) bool { return have.ID == token })]
	m.ok(p.books.Write(ctx, func(q *db.Queries) error {
		id, _, err := account.SaveCustomer(ctx, q, now, account.Record{Number: number, FirstName: "Ann", LastName: "Lee", Address1: "1 Main St", City: "Troy",
			State: "NY", Zip: "12180", Emails: []string{"c" + number + "@example.com"}})
		if err != nil {
			return err
		}
		if err := q.PutGatewayCustomer(ctx, db.PutGatewayCustomerParams{CustomerID: id, Gateway: "stripe", Ref: ref}); err != nil {
			return err
		}
		method, err := q.AddMethod(ctx, db.AddMethodParams{CustomerID: id, Gateway: "stripe", Ref: token, Kind: string(on.Kind), Brand: on.Brand,
			Last4: on.Last4, ExpYear: int64(on.ExpYear), ExpMonth: int64(on.ExpMonth), CreatedAt: now})
		if err != nil {
			return err
		}
		if _, err := q.AddMandate(ctx, db.AddMandateParams{CustomerID: id, MethodID: method, ConsentText: "I authorize", ConsentSha256: strings.Repeat("0", 64),
			ConsentVersion: payment.ConsentVersion, CapCents: limit, Day: 1, ShownAt: now, AcceptedAt: now}); err != nil {
			return err
		}
		for i, cents := range owes {
			if _, err := ledger.IssueInvoice(ctx, q, now, ledger.InvoiceRecord{Number: fmt.Sprintf("%s%d", number, i), CustomerID: id, Date: "2026-11-20", Due: "2026-12-01",
				Lines: []ledger.Line{{Description: "Monitoring", Quantity: money.QuantityScale, UnitPrice: cents}}}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// everything is what the portal does by itself, in an order of its own.
var everything = []string{"billing", "auto pay", "payments", "mail"}

// start starts a portal that does its jobs and may die at a step. Wait for it
// with end.
func (m *matrix) start(dieAt int64, rounds int, at ...time.Time) *exec.Cmd {
	m.Helper()
	cmd := exec.CommandContext(m.Context(), os.Args[0], "-test.run=^TestKillMatrixChild$")
	o := orders{db: m.path(), api: m.api, smtp: m.mailbox.Address(), dieAt: dieAt, jobs: everything, rounds: rounds}
	for _, t := range at {
		o.at = append(o.at, t.UnixMilli())
	}
	cmd.Env = append(os.Environ(), killEnv+"="+o.String())
	return cmd
}

// run runs a portal to its end or its death, and reports how many steps it took
// when it came to its end.
func (m *matrix) run(dieAt int64, rounds int, at ...time.Time) (steps int64, died bool) {
	m.Helper()
	out, err := m.start(dieAt, rounds, at...).Output()
	if killed(err) {
		return 0, true
	}
	if err != nil {
		m.Fatalf("the portal failed: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "steps "); ok {
			steps, err = strconv.ParseInt(n, 10, 64)
			m.ok(err)
		}
	}
	return steps, false
}

// charged is what the processor has taken for good or has on its way, by our
// reference of the payment.
func (m *matrix) charged() map[string]money.Cents {
	taken := map[string]money.Cents{}
	for _, c := range m.sandbox.Charges() {
		if c.State != gateway.Failed {
			taken[c.Reference] += c.Amount
		}
	}
	return taken
}

// agree proves that the books and the processor say the same, that nobody was
// charged for more than was owed, and that no fact was mailed twice.
func (m *matrix) agree(want money.Cents) {
	m.Helper()
	var sum money.Cents
	taken := m.charged()
	for _, cents := range taken {
		sum += cents
	}
	if sum != want {
		m.Errorf("the processor took %s, want %s: %v", sum, want, taken)
	}
	m.with(func(p *program) {
		rows, err := p.books.Reader().QueryContext(m.Context(), `SELECT reference, amount_cents, state FROM payments`)
		m.ok(err)
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var reference, state string
			var cents money.Cents
			m.ok(rows.Scan(&reference, &cents, &state))
			switch st := payment.State(state); {
			case st == payment.Planned || st == payment.Submitted:
				m.Errorf("%s is still %s", reference, state)
			case st == payment.Succeeded || st == payment.Processing:
				if taken[reference] != cents {
					m.Errorf("%s is %s with %s, and the processor took %s", reference, state, cents, taken[reference])
				}
				delete(taken, reference)
			}
		}
		m.ok(rows.Err())
		for reference, cents := range taken {
			m.Errorf("the processor took %s for %s, of which the books know nothing", cents, reference)
		}
		m.ok(p.books.View(m.Context(), func(q *db.Queries) error {
			found, err := ledger.CheckBooks(m.Context(), q, calendar.InstantOf(m.now()))
			for _, f := range found {
				m.Errorf("doctor: %s", f)
			}
			return err
		}))
		var twice int64
		m.ok(p.books.Reader().QueryRowContext(m.Context(), `SELECT count(*) FROM (SELECT 1 FROM outbox GROUP BY kind, to_email, subject, text_body HAVING count(*) > 1)`).Scan(&twice))
		if twice > 0 {
			m.Errorf("%d mails were written twice", twice)
		}
	})
}

// letters counts the mails that were delivered, by the Message-ID that a mail
// keeps however often it is sent.
func (m *matrix) letters() map[string]int {
	m.Helper()
	counts := map[string]int{}
	for _, e := range m.mailbox.List() {
		l, err := m.mailbox.Open(e.ID)
		m.ok(err)
		counts[l.MessageID]++
	}
	return counts
}

// first is the morning of the 1st of December, after auto pay's hour.
var first = time.Date(2026, 12, 1, 6, 30, 0, 0, killZone)

// due is what is taken on that day: a card, two debits in one, a cap of $100.00.
// The card that declines is charged nothing.
const due money.Cents = 4500 + 7500 + 10000

// later are the moments at which a killed portal is started again: at once, a
// quarter of an hour later, and when the processor has forgotten its keys.
var later = []time.Time{first, first.Add(15 * time.Minute), first.Add(26 * time.Hour)}

func TestKillMatrix(t *testing.T) {
	for step := int64(1); ; step++ {
		m := newMatrix(t)
		m.set(first)
		steps, died := m.run(step, 2, first)
		m.run(0, 2, later...)
		m.agree(due)
		// A kill between the mail server's word and its commit leaves one mail whose
		// sending is not known: it is sent again, under the same Message-ID.
		twice := 0
		for id, n := range m.letters() {
			if n > 1 {
				twice++
			}
			if n > 2 || twice > 1 {
				t.Errorf("mail %s was delivered %d times", id, n)
			}
		}
		if twice > 0 && !died {
			t.Error("a mail was delivered twice although nothing was killed")
		}
		if t.Failed() {
			t.Fatalf("after dying at step %d", step)
		}
		if !died {
			t.Logf("%d kills, and %d steps when it lives", step-1, steps)
			break
		}
	}
}

// The month is billed and then taken: killed at each step of both, every item is
// billed once, and what is taken is exactly that.
func TestKillMatrixBilling(t *testing.T) {
	const monthly money.Cents = 2995
	for step := int64(1); ; step++ {
		m := newMatrix(t)
		m.with(func(p *program) {
			for _, number := range []string{"1001", "1002", "1004"} {
				c, err := p.books.Read().GetCustomerByNumber(t.Context(), number)
				m.ok(err)
				_, err = p.billing.AddItem(t.Context(), audit.Program, billing.ItemRecord{CustomerID: c.ID, Description: "Monitoring", Quantity: money.QuantityScale,
					Terms: billing.Terms{Cycle: 1, Start: "2026-12-01"}, Prices: []billing.DatedPrice{{From: "2026-12-01", Amount: monthly}}})
				m.ok(err)
			}
			_, err := p.billing.Start(t.Context(), audit.Program, billing.Order{Month: "2026-12-01", Date: "2026-11-20", Due: "2026-12-01", Mail: true})
			m.ok(err)
		})
		_, died := m.run(step, 1, m.now())
		m.run(0, 2, later...)
		// customer 1004 reaches the maximum of $100.00 without it
		m.agree(due + 2*monthly)
		m.with(func(p *program) {
			if n := number(t, p, `SELECT count(*) FROM invoices WHERE total_cents = 2995`); n != 3 {
				t.Errorf("%d invoices were made of 3 items", n)
			}
			if n := number(t, p, `SELECT count(DISTINCT number) FROM invoices`) - number(t, p, `SELECT count(*) FROM invoices`); n != 0 {
				t.Error("a number was given twice")
			}
		})
		if t.Failed() {
			t.Fatalf("after dying at step %d", step)
		}
		if !died {
			t.Logf("%d kills", step-1)
			break
		}
	}
}

// Four programs at once, which the lock of `serve` would not allow: the rows are
// the guard, not the lock.
func TestKillMatrixFourRunners(t *testing.T) {
	m := newMatrix(t)
	m.set(first)
	m.cut.Store(5)
	var work sync.WaitGroup
	for i := range 4 {
		work.Go(func() {
			// one of them dies on the way
			cmd := m.start([]int64{0, 0, 0, 9}[i], 3, first)
			if out, err := cmd.CombinedOutput(); err != nil && !killed(err) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	work.Wait()
	m.cut.Store(0)
	m.run(0, 2, later...)
	m.agree(due)
}

// Every answer is lost, and then the processor has forgotten its keys: what was
// carried out is found, and nothing is sent a second time.
func TestKillMatrixLostAnswers(t *testing.T) {
	for _, every := range []int64{1, 2, 3} {
		m := newMatrix(t)
		m.set(first)
		m.cut.Store(every)
		m.run(0, 3, first)
		m.cut.Store(0)
		m.run(0, 2, first.Add(26*time.Hour), first.Add(27*time.Hour))
		m.agree(due)
	}
}

// An older file is put back after the run: it charges nobody until somebody
// confirms it, and then finds what was charged before it asks for more.
func TestKillMatrixRestored(t *testing.T) {
	m := newMatrix(t)
	older := filepath.Join(t.TempDir(), "older.db")
	m.with(func(p *program) {
		_, err := p.books.Backup(t.Context(), older)
		m.ok(err)
	})
	m.set(first)
	m.run(0, 2, first)
	m.agree(due)

	_, err := db.Restore(t.Context(), m.path(), older, m.now)
	m.ok(err)
	m.run(0, 2, first.Add(time.Hour))
	m.with(func(p *program) {
		if n := number(t, p, `SELECT count(*) FROM payments`); n != 0 {
			t.Errorf("books on hold planned %d payments", n)
		}
		m.ok(p.books.Confirm(t.Context()))
	})
	m.run(0, 2, first.Add(2*time.Hour), first.Add(30*time.Hour))
	m.agree(due)
}

// The file is copied to another machine: the copy charges nobody.
func TestKillMatrixCopied(t *testing.T) {
	m := newMatrix(t)
	copied := filepath.Join(t.TempDir(), "portal.db")
	m.with(func(p *program) {
		_, err := p.books.Backup(t.Context(), copied)
		m.ok(err)
	})
	key, err := os.ReadFile(filepath.Join(m.dir, "portal.key"))
	m.ok(err)
	m.ok(os.WriteFile(filepath.Join(filepath.Dir(copied), "portal.key"), key, 0o600))
	original := m.dir
	m.dir = filepath.Dir(copied)
	m.set(first)
	m.run(0, 2, later...)
	if taken := m.charged(); len(taken) != 0 {
		t.Errorf("the copy charged %v", taken)
	}
	m.dir = original
	m.run(0, 2, later...)
	m.agree(due)
}

// The whole portal serves, hears webhooks - twice, backwards, late - and is
// killed again and again at any moment.
func TestKillMatrixAtAnyMoment(t *testing.T) {
	rounds := 8
	if s := os.Getenv("PORTAL_KILLS"); s != "" {
		rounds, _ = strconv.Atoi(s)
	}
	m := newMatrix(t)
	want := due
	m.with(func(p *program) {
		for i := range 12 {
			m.customer(p, fmt.Sprint(2001+i), []string{"pm_card_visa", "pm_usBankAccount", "pm_card_amex"}[i%3], 0, []money.Cents{money.Cents(1000 + i)})
			want += money.Cents(1000 + i)
		}
	})
	m.set(first)
	manners := []sandbox.Delivery{sandbox.Twice, sandbox.Backwards, sandbox.InOrder, sandbox.Withheld}
	m.cut.Store(7)
	for i := range rounds {
		m.sandbox.SetDelivery(manners[i%len(manners)])
		address := freeAddress(t)
		m.listener.Store(&address)
		cmd := m.start(0, 0, m.now())
		cmd.Env = append(cmd.Env, "PORTAL_KILL_SERVE="+address)
		m.ok(cmd.Start())
		dies := time.After(time.Duration(rand.Int64N(int64(2 * time.Second)))) // the moment is the point of this test
		for deliver := true; deliver; {
			select {
			case <-dies:
				deliver = false
			case <-time.After(50 * time.Millisecond):
				m.sandbox.DeliverPending(t.Context())
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	m.cut.Store(0)
	m.run(0, 2, m.now().Add(15*time.Minute), m.now().Add(30*time.Hour))
	m.agree(want)
}

// deliver brings a webhook to the portal that serves at the moment.
func (m *matrix) deliver(ctx context.Context, body []byte, signature string) error {
	address := m.listener.Load()
	if address == nil {
		return errors.New("nobody listens")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+*address+"/webhooks/stripe", strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	r.Header.Set("Stripe-Signature", signature)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode >= 300 {
		return errors.New(resp.Status)
	}
	return nil
}

// killed reports whether a process was ended by SIGKILL.
func killed(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	return ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
}

func number(t *testing.T, p *program, query string) (n int64) {
	t.Helper()
	if err := p.books.Reader().QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
