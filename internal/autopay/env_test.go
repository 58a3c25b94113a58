package autopay_test

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/autopay"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/settings"
)

// books is a dealer whose customers pay by themselves, the sandbox for a
// processor, and a clock that tests turn by hand.
type books struct {
	testing.TB
	db       *db.DB
	dir      string
	clock    *calendar.Fake
	zone     *time.Location
	settings *settings.Store
	sandbox  *sandbox.Sandbox
	pay      *payment.Service
	ledger   *ledger.Service
	auto     *autopay.Service
	numbers  int
	staff    audit.Actor
	// time is the clock the nouns work by: the one turned by hand, unless a
	// benchmark lets it run
	time calendar.Clock
}

// newYork is the zone of most tests.
var newYork = mustZone("America/New_York")

func mustZone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return z
}

// open returns a dealer's books at a moment "2026-10-20 12:00" of a zone.
func open(t testing.TB, zone *time.Location, at string) *books {
	t.Helper()
	dir := t.TempDir()
	b := &books{TB: t, dir: dir, db: dbtest.Open(t, filepath.Join(dir, "portal.db-live")), zone: zone, clock: calendar.NewFake(time.Time{})}
	b.at(at)
	var err error
	b.sandbox, err = sandbox.New(sandbox.Config{BaseURL: "https://portal.test/sandbox", Business: "Acme Alarm", Clock: b.clock.Now})
	b.ok(err)
	b.wire(b.db, b.sandbox)
	b.ok(b.settings.Set(t.Context(), audit.Program, map[string]string{"payments.gateway": "sandbox", "time.zone": zone.String(),
		"company.name": "Acme Alarm", "company.phone": "555-010-0100", "company.email": "office@acme.test"}))
	b.ok(b.db.WriteTx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO staff (id, email, name, role, created_at) VALUES (1, 'olga@acme.test', 'Olga Office', 'owner', 1)`)
		return err
	}))
	b.staff = audit.Actor{Kind: audit.Staff, StaffID: 1, Role: "owner"}
	return b
}

// wire puts the nouns together over a gateway, as a program that starts does.
func (b *books) wire(d *db.DB, g gateway.Adapter) *autopay.Service {
	b.Helper()
	if b.time == nil {
		b.time = b.clock.Now
	}
	sealer, err := settings.LoadSealer(filepath.Join(b.dir, "portal.key"))
	b.ok(err)
	b.settings = settings.New(d, b.time, sealer)
	mail, err := outbox.NewWriter(b.settings, "https://portal.test")
	b.ok(err)
	log := slog.New(slog.NewTextHandler(b.Output(), nil))
	b.ledger = ledger.New(d, b.time, b.settings, mail)
	b.pay = payment.New(d, b.time, b.settings, mail, b.ledger,
		payment.Gateways{"sandbox": func(*settings.Settings) (gateway.Adapter, error) { return g, nil }}, log)
	b.auto = autopay.New(d, b.time, b.settings, mail, b.pay, b.ledger, log)
	return b.auto
}

func (b *books) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// at sets the clock to a local time of the dealer's.
func (b *books) at(local string) {
	b.Helper()
	t, err := time.ParseInLocation("2006-01-02 15:04", local, b.zone)
	b.ok(err)
	b.clock.Set(t)
}

func (b *books) now() calendar.Instant { return calendar.InstantOf(b.clock.Now()) }

// customer is one who pays by himself.
type customer struct {
	id     int64
	number string
	ref    string // at the processor
	method int64
}

// customer adds one with a method on file and a consent for a day of the month.
func (b *books) customer(method string, day int, capped money.Cents) *customer {
	b.Helper()
	b.numbers++
	c := &customer{number: fmt.Sprint(1000 + b.numbers)}
	b.ok(b.db.Write(b.Context(), func(q *db.Queries) error {
		var err error
		c.id, _, err = account.SaveCustomer(b.Context(), q, b.now(), account.Record{Number: c.number, FirstName: "Ann", LastName: "No" + c.number,
			Address1: "1 Main St", City: "Troy", State: "NY", Zip: "12180", Emails: []string{"c" + c.number + "@example.com"}})
		return err
	}))
	b.method(c, method)
	b.consent(c, day, capped)
	return c
}

// method puts one of the processor's test methods on the customer's file.
func (b *books) method(c *customer, shortcut string) {
	b.Helper()
	var err error
	if c.ref == "" {
		c.ref, err = b.sandbox.SaveCustomer(b.Context(), "test-customer-"+c.number, "", gateway.Customer{Reference: c.number, Name: "Ann"})
		b.ok(err)
	}
	token, err := b.sandbox.Attach(c.ref, shortcut)
	b.ok(err)
	list, err := b.sandbox.Methods(b.Context(), c.ref)
	b.ok(err)
	for _, m := range list {
		if m.ID != token {
			continue
		}
		b.ok(b.db.Write(b.Context(), func(q *db.Queries) error {
			if err := q.PutGatewayCustomer(b.Context(), db.PutGatewayCustomerParams{CustomerID: c.id, Gateway: "sandbox", Ref: c.ref}); err != nil {
				return err
			}
			c.method, err = q.AddMethod(b.Context(), db.AddMethodParams{CustomerID: c.id, Gateway: "sandbox", Ref: token, Kind: string(m.Kind),
				Brand: m.Brand, Last4: m.Last4, ExpYear: int64(m.ExpYear), ExpMonth: int64(m.ExpMonth), CreatedAt: b.now()})
			return err
		}))
	}
}

// consent gives the customer's permission with the method on file now, in place
// of one that stood.
func (b *books) consent(c *customer, day int, capped money.Cents) {
	b.Helper()
	b.ok(b.db.Write(b.Context(), func(q *db.Queries) error {
		if _, err := q.RevokeMandate(b.Context(), db.RevokeMandateParams{RevokedAt: b.now(), RevokedBy: "replaced", CustomerID: c.id}); err != nil {
			return err
		}
		_, err := q.AddMandate(b.Context(), db.AddMandateParams{CustomerID: c.id, MethodID: c.method, ConsentText: "I authorize", ConsentSha256: strings.Repeat("0", 64),
			ConsentVersion: payment.ConsentVersion, CapCents: capped, Day: int64(day), ShownAt: b.now(), AcceptedAt: b.now()})
		return err
	}))
}

// invoice issues an invoice of one line.
func (b *books) invoice(c *customer, due calendar.Date, total money.Cents) int64 {
	b.Helper()
	b.numbers++
	var id int64
	b.ok(b.db.Write(b.Context(), func(q *db.Queries) error {
		var err error
		id, err = ledger.IssueInvoice(b.Context(), q, b.now(), ledger.InvoiceRecord{Number: fmt.Sprint(20000 + b.numbers), CustomerID: c.id, Date: due.AddDays(-20), Due: due,
			Lines: []ledger.Line{{Description: "Monitoring", Quantity: money.QuantityScale, UnitPrice: total}}})
		return err
	}))
	return id
}

// credit is a check for nothing in particular.
func (b *books) credit(c *customer, cents money.Cents) {
	b.Helper()
	b.ok(b.db.Write(b.Context(), func(q *db.Queries) error {
		_, err := ledger.RecordPayment(b.Context(), q, b.now(), ledger.PaymentRecord{CustomerID: c.id, Kind: ledger.Check, Number: "77",
			Amount: cents, Date: b.now().Date(b.zone), Source: "import"})
		return err
	}))
}

func (b *books) preview() *autopay.Plan {
	b.Helper()
	p, err := b.auto.Preview(b.Context())
	b.ok(err)
	return p
}

// number reads one number out of the books.
func (b *books) number(query string, args ...any) int64 {
	b.Helper()
	var n int64
	b.ok(b.db.Reader().QueryRow(query, args...).Scan(&n))
	return n
}

// text reads one text out of the books.
func (b *books) text(query string, args ...any) string {
	b.Helper()
	var s string
	b.ok(b.db.Reader().QueryRow(query, args...).Scan(&s))
	return s
}

// expire sets the last month of the customer's card.
func (b *books) expire(c *customer, year, month int) {
	b.Helper()
	b.ok(b.db.WriteTx(b.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE methods SET exp_year = ?, exp_month = ? WHERE id = ?`, year, month, c.method)
		return err
	}))
}

// run lets auto pay and the poller do what is to be done now.
func (b *books) run() {
	b.Helper()
	b.ok(b.auto.Run(b.Context()))
	b.ok(b.pay.Settle(b.Context()))
	b.ok(b.auto.Run(b.Context()))
}

// on sets the clock and runs.
func (b *books) on(local string) {
	b.Helper()
	b.at(local)
	b.run()
}

// month is the state of a customer's month.
func (b *books) month(c *customer, period string) string {
	b.Helper()
	var s string
	err := b.db.Reader().QueryRow(`SELECT state FROM auto_pay_periods WHERE customer_id = ? AND period = ?`, c.id, period).Scan(&s)
	if errors.Is(err, sql.ErrNoRows) {
		return ""
	}
	b.ok(err)
	return s
}

// expect compares the states of the month of customers.
func (b *books) expect(period, state string, who ...*customer) {
	b.Helper()
	for _, c := range who {
		if got := b.month(c, period); got != state {
			b.Errorf("customer %s in %s: %q, want %q", c.number, period, got, state)
		}
	}
}

// charges is how often, and how much, the processor took of a customer.
func (b *books) charges(c *customer) (n int, sum money.Cents) {
	for _, ch := range b.sandbox.Charges() {
		if ch.State != gateway.Failed && ch.CustomerID == c.ref {
			n++
			sum += ch.Amount
		}
	}
	return n, sum
}

// taken compares what the processor took of a customer in all.
func (b *books) taken(c *customer, n int, sum money.Cents) {
	b.Helper()
	if gotN, gotSum := b.charges(c); gotN != n || gotSum != sum {
		b.Errorf("the processor took %s of customer %s in %d charges, want %s in %d", gotSum, c.number, gotN, sum, n)
	}
}

// mails lists kind and receiver of what was queued, in order.
func (b *books) mails(kinds string) []string {
	b.Helper()
	rows, err := b.db.Reader().Query(`SELECT kind || ' ' || to_email FROM outbox ORDER BY id`)
	b.ok(err)
	defer func() { _ = rows.Close() }()
	var list []string
	for rows.Next() {
		var s string
		b.ok(rows.Scan(&s))
		if strings.HasPrefix(s, kinds) {
			list = append(list, s)
		}
	}
	b.ok(rows.Err())
	return list
}

// mail is the text of the latest mail of a kind.
func (b *books) letter(kind string) string {
	b.Helper()
	return b.text(`SELECT text_body FROM outbox WHERE kind = ? ORDER BY id DESC LIMIT 1`, kind)
}

// agree compares every charge the processor has with the payments and the ledger
// here, to the cent, and proves what must hold after anything.
func (b *books) agree() {
	b.Helper()
	charged, sum := map[string]bool{}, money.Cents(0)
	for _, c := range b.sandbox.Charges() {
		if c.State != gateway.Succeeded || len(c.Disputes) > 0 {
			continue
		}
		if charged[c.Reference] {
			b.Errorf("the processor took payment %s twice", c.Reference)
		}
		charged[c.Reference] = true
		sum += c.Amount
		if n := b.number(`SELECT count(*) FROM payments WHERE reference = ? AND amount_cents = ? AND state = 'succeeded'`, c.Reference, int64(c.Amount)); n != 1 {
			b.Errorf("the processor took %s for payment %s, which is not received here", c.Amount, c.Reference)
		}
	}
	booked := b.number(`SELECT -coalesce(sum(l.cents), 0) FROM ledger l JOIN payments p ON p.id = l.payment_id WHERE p.gateway <> ''`)
	if money.Cents(booked) != sum {
		b.Errorf("the processor took %s, the ledger says %s", sum, money.Cents(booked))
	}
	if n := b.number(`SELECT count(*) FROM (SELECT a.customer_id, a.period FROM auto_pay_attempts a JOIN payments p ON p.id = a.payment_id
		WHERE p.state IN ('succeeded','processing','submitted') GROUP BY 1, 2 HAVING count(*) > 1)`); n != 0 {
		b.Errorf("%d months were taken twice", n)
	}
	b.ok(b.db.View(b.Context(), func(q *db.Queries) error {
		found, err := ledger.CheckBooks(b.Context(), q, b.now())
		if err != nil {
			return err
		}
		more, err := autopay.Check(b.Context(), q, b.now())
		for _, f := range append(found, more...) {
			b.Errorf("doctor: %s", f)
		}
		return err
	}))
}

// setZone moves the dealer to another time zone.
func (b *books) setZone(name string) {
	b.Helper()
	b.zone = mustZone(name)
	b.ok(b.settings.Set(b.Context(), audit.Program, map[string]string{"time.zone": name}))
	b.clock.Advance(2 * time.Second)
}

// another opens the same books a second time, as a second program would.
func (b *books) another() *db.DB {
	b.Helper()
	d, err := db.Open(b.Context(), filepath.Join(b.dir, "portal.db-live"))
	b.ok(err)
	b.Cleanup(func() { _ = d.Close() })
	return d
}

// check is a check the office enters for an invoice.
func (b *books) check(c *customer, invoice int64, cents money.Cents) {
	b.Helper()
	b.ok(b.db.Write(b.Context(), func(q *db.Queries) error {
		_, err := ledger.RecordPayment(b.Context(), q, b.now(), ledger.PaymentRecord{CustomerID: c.id, Kind: ledger.Check, Number: "1042",
			Amount: cents, Date: b.now().Date(b.zone), Source: "import", Allocations: []ledger.Allocation{{InvoiceID: invoice, Cents: cents}}})
		return err
	}))
}

// leave makes the customer inactive.
func (b *books) leave(c *customer) {
	b.Helper()
	b.ok(b.db.WriteTx(b.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE customers SET status = 'inactive' WHERE id = ?`, c.id)
		return err
	}))
}

func (b *books) hold(c *customer) {
	b.Helper()
	b.ok(b.auto.Hold(b.Context(), b.staff, c.id, "moves house"))
}

// copyBooks writes a copy of the books beside them and returns its path.
func (b *books) copyBooks() string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "older")
	d, err := sql.Open("sqlite", "file:"+filepath.Join(b.dir, "portal.db-live"))
	b.ok(err)
	defer func() { _ = d.Close() }()
	_, err = d.Exec(`VACUUM INTO ?`, path)
	b.ok(err)
	return path
}

// useBooks goes on with a copy of the books, which are on hold then as restored
// ones are.
func (b *books) useBooks(path string) {
	b.Helper()
	b.db = dbtest.Open(b, path)
	b.ok(b.db.WriteTx(b.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE file SET hold = 'restored'`)
		return err
	}))
	b.wire(b.db, b.sandbox)
}

// confirmBooks is the owner's word that this is the one running copy.
func (b *books) confirmBooks() {
	b.Helper()
	b.ok(b.db.Write(b.Context(), func(q *db.Queries) error {
		return audit.Record(b.Context(), q, b.now(), b.staff, audit.Entry{Action: "books.confirm"})
	}))
	b.ok(b.db.WriteTx(b.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE file SET hold = ''`)
		return err
	}))
}

// consentFor gives the permission in another wording.
func (b *books) consentFor(c *customer, day int, version string) {
	b.Helper()
	b.ok(b.db.Write(b.Context(), func(q *db.Queries) error {
		if _, err := q.RevokeMandate(b.Context(), db.RevokeMandateParams{RevokedAt: b.now(), RevokedBy: "replaced", CustomerID: c.id}); err != nil {
			return err
		}
		_, err := q.AddMandate(b.Context(), db.AddMandateParams{CustomerID: c.id, MethodID: c.method, ConsentText: "I authorize", ConsentSha256: strings.Repeat("0", 64),
			ConsentVersion: version, Day: int64(day), ShownAt: b.now(), AcceptedAt: b.now()})
		return err
	}))
}

// broken returns what the doctor finds after a change by hand, which is undone.
func (b *books) broken(change string) []string {
	b.Helper()
	var list []string
	undone := errors.New("undone")
	err := b.db.WriteTx(b.Context(), func(tx *sql.Tx) error {
		if _, err := tx.Exec(change); err != nil {
			return err
		}
		found, err := autopay.Check(b.Context(), db.New(tx), b.now())
		if err != nil {
			return err
		}
		for _, f := range found {
			list = append(list, f.String())
		}
		return undone
	})
	if !errors.Is(err, undone) {
		b.Fatal(err)
	}
	return list
}
