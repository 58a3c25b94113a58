package payment_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/settings"
)

// books is a dealer with one customer, the sandbox for a processor, and a clock
// that tests turn by hand.
type books struct {
	testing.TB
	db        *db.DB
	clock     *calendar.Fake
	settings  *settings.Store
	sandbox   *sandbox.Sandbox
	pay       *payment.Service
	customer  int64
	user      int64
	invoices  map[string]int64
	deliverTo string // the gateway that webhooks arrive for
}

var start = time.Date(2026, 11, 10, 15, 0, 0, 0, time.UTC)

func open(t testing.TB) *books {
	t.Helper()
	b := &books{TB: t, db: dbtest.New(t), clock: calendar.NewFake(start), invoices: map[string]int64{}, deliverTo: "sandbox"}
	var err error
	b.sandbox, err = sandbox.New(sandbox.Config{BaseURL: "https://portal.test/sandbox", Business: "Acme Alarm", Clock: b.clock.Now,
		Deliver: func(ctx context.Context, body []byte, signature string) error {
			return b.pay.Receive(ctx, b.deliverTo, body, func(name string) string {
				if name == "Stripe-Signature" {
					return signature
				}
				return ""
			})
		}})
	b.ok(err)
	b.wire(b.sandbox)
	b.ok(b.settings.Set(t.Context(), audit.Program, map[string]string{
		"payments.gateway": "sandbox", "company.name": "Acme Alarm", "company.phone": "555-010-0100", "company.email": "office@acme.test"}))
	b.customer, b.user = b.addCustomer("1001", "ann@example.com")
	return b
}

// wire puts the nouns together over a gateway.
func (b *books) wire(g gateway.Adapter) {
	b.Helper()
	sealer, err := settings.LoadSealer(filepath.Join(b.TempDir(), "portal.key"))
	b.ok(err)
	b.settings = settings.New(b.db, b.clock.Now, sealer)
	mail, err := outbox.NewWriter(b.settings, "https://portal.test")
	b.ok(err)
	b.pay = payment.New(b.db, b.clock.Now, b.settings, mail, ledger.New(b.db, b.clock.Now, b.settings, mail),
		payment.Gateways{"sandbox": func(*settings.Settings) (gateway.Adapter, error) { return g, nil }},
		slog.New(slog.NewTextHandler(b.Output(), nil)))
	b.pay.NoPause()
}

func (b *books) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *books) addCustomer(number, email string) (customer, user int64) {
	b.Helper()
	err := b.db.Write(b.Context(), func(q *db.Queries) error {
		var err error
		customer, _, err = account.SaveCustomer(b.Context(), q, calendar.InstantOf(b.clock.Now()), account.Record{Number: number,
			FirstName: "Ann", LastName: "O'Neil", Address1: "1 Main St", City: "Troy", State: "NY", Zip: "12180", Emails: []string{email}})
		return err
	})
	b.ok(err)
	b.ok(b.db.WriteTx(b.Context(), func(tx *sql.Tx) error {
		r, err := tx.Exec(`INSERT INTO users (email, created_at) VALUES (?, 1)`, email)
		if err == nil {
			user, err = r.LastInsertId()
		}
		return err
	}))
	return customer, user
}

// invoice issues an invoice of one line that is due in a month.
func (b *books) invoice(number string, total money.Cents) {
	b.Helper()
	b.invoiceFor(b.customer, number, total)
}

func (b *books) invoiceFor(customer int64, number string, total money.Cents) {
	b.Helper()
	b.ok(b.db.Write(b.Context(), func(q *db.Queries) error {
		id, err := ledger.IssueInvoice(b.Context(), q, calendar.InstantOf(b.clock.Now()), ledger.InvoiceRecord{Number: number, CustomerID: customer,
			Date: "2026-11-01", Due: "2026-12-01", Lines: []ledger.Line{{Description: "Monitoring", Quantity: money.QuantityScale, UnitPrice: total}}})
		b.invoices[number] = id
		return err
	}))
}

// method puts one of the processor's test methods on file.
func (b *books) method(shortcut string) string {
	b.Helper()
	return b.methodFor(b.customer, "1001", shortcut)
}

func (b *books) methodFor(customer int64, number, shortcut string) string {
	b.Helper()
	ref, err := b.db.Read().GetGatewayCustomer(b.Context(), db.GetGatewayCustomerParams{CustomerID: customer, Gateway: "sandbox"})
	if err != nil {
		ref, err = b.sandbox.SaveCustomer(b.Context(), "test-customer-"+number, "", gateway.Customer{Reference: number, Name: "Ann"})
		b.ok(err)
	}
	token, err := b.sandbox.Attach(ref, shortcut)
	b.ok(err)
	list, err := b.sandbox.Methods(b.Context(), ref)
	b.ok(err)
	for _, m := range list {
		if m.ID != token {
			continue
		}
		var id int64
		b.ok(b.db.Write(b.Context(), func(q *db.Queries) error {
			if err := q.PutGatewayCustomer(b.Context(), db.PutGatewayCustomerParams{CustomerID: customer, Gateway: "sandbox", Ref: ref}); err != nil {
				return err
			}
			id, err = q.AddMethod(b.Context(), db.AddMethodParams{CustomerID: customer, Gateway: "sandbox", Ref: token, Kind: string(m.Kind),
				Brand: m.Brand, Last4: m.Last4, ExpYear: int64(m.ExpYear), ExpMonth: int64(m.ExpMonth), CreatedAt: calendar.InstantOf(b.clock.Now())})
			return err
		}))
		return fmt.Sprint(id)
	}
	b.Fatal("the method is not on file")
	return ""
}

func (b *books) ann() audit.Actor {
	return audit.Actor{Kind: audit.Customer, UserID: b.user, IP: "192.0.2.7", UserAgent: "Browser/1"}
}

// order chooses invoices in full, or an amount with "10001=20.00".
func order(kind, method string, pay map[string]string) payment.Order {
	o := payment.Order{Nonce: payment.NewNonce(), Choice: payment.Choice{Kind: kind, Method: method, Rows: map[string]payment.RowChoice{}}}
	for number, amount := range pay {
		o.Rows[number] = payment.RowChoice{Yes: true, Amount: amount}
	}
	return o
}

func (b *books) submit(o payment.Order) payment.Result {
	b.Helper()
	r, err := b.pay.Submit(b.Context(), b.ann(), b.customer, o)
	b.ok(err)
	return r
}

func (b *books) settle() {
	b.Helper()
	b.ok(b.pay.Settle(b.Context()))
}

// later turns the clock and settles.
func (b *books) later(d time.Duration) {
	b.Helper()
	b.clock.Advance(d)
	b.settle()
}

func (b *books) payment(reference string) db.Payment {
	b.Helper()
	p, err := b.db.Read().GetPaymentByReference(b.Context(), reference)
	b.ok(err)
	return p
}

func (b *books) balance(number string) money.Cents {
	b.Helper()
	var cents int64
	b.ok(b.db.Reader().QueryRow(`SELECT balance_cents FROM invoices WHERE number = ?`, number).Scan(&cents))
	return money.Cents(cents)
}

// expect compares a payment's state, what is owed on an invoice, the credit held
// and what the processor took for it all.
func (b *books) expect(reference string, state payment.State, number string, balance, credit money.Cents) {
	b.Helper()
	if p := b.payment(reference); p.State != string(state) {
		b.Errorf("payment is %s, want %s (%s)", p.State, state, p.FailureMessage)
	}
	if got := b.balance(number); got != balance {
		b.Errorf("invoice %s: %s owed, want %s", number, got, balance)
	}
	held, err := ledger.Unapplied(b.Context(), b.db.Read(), b.customer)
	b.ok(err)
	if held != credit {
		b.Errorf("credit held %s, want %s", held, credit)
	}
	b.agree()
}

// agree compares every charge the processor has in its books with the payments
// and the ledger here, to the cent, and proves what must hold after any fault.
func (b *books) agree() {
	b.Helper()
	charged := map[string]money.Cents{}
	var charges []sandbox.ChargeRecord
	if b.sandbox != nil {
		charges = b.sandbox.Charges()
	}
	for _, c := range charges {
		if c.State == gateway.Failed {
			continue
		}
		if charged[c.Reference] != 0 {
			b.Errorf("the processor took payment %s twice", c.Reference)
		}
		charged[c.Reference] += c.Amount
		p := b.payment(c.Reference)
		if st := payment.State(p.State); st.GaveUp() || p.AmountCents != c.Amount {
			b.Errorf("the processor took %s for payment %s, which is %s of %s here", c.Amount, c.Reference, p.State, p.AmountCents)
		}
	}
	queries := map[string]string{
		"a balance that is not its ledger":     `SELECT count(*) FROM invoices i WHERE balance_cents <> total_cents + coalesce((SELECT sum(cents) FROM ledger l WHERE l.invoice_id = i.id), 0)`,
		"allocations that are not the payment": `SELECT count(*) FROM payments p WHERE source = 'portal' AND amount_cents <> (SELECT sum(cents) FROM allocations a WHERE a.payment_id = p.id)`,
		"a received payment that is not wholly booked": `SELECT count(*) FROM payments p WHERE source = 'portal' AND state NOT IN ('draft','planned','submitted','action','processing','failed','canceled','expired')
			AND -amount_cents <> (SELECT coalesce(sum(cents), 0) FROM ledger l WHERE l.payment_id = p.id AND l.reason = 'payment' AND l.fact LIKE 'payment %')`,
		"a payment that was not received but is booked": `SELECT count(*) FROM payments p WHERE state IN ('planned','submitted','action','processing','failed','canceled','expired') AND EXISTS (SELECT 1 FROM ledger l WHERE l.payment_id = p.id)`,
		"a change of state without its trail":           `SELECT count(*) FROM payments p WHERE source = 'portal' AND state <> 'planned' AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.object = 'payment ' || p.reference)`,
	}
	for what, query := range queries {
		var n int
		b.ok(b.db.Reader().QueryRow(query).Scan(&n))
		if n != 0 {
			b.Errorf("%s: %d", what, n)
		}
	}
}

// mails lists the subjects of what was queued, oldest first.
func (b *books) mails() []string {
	b.Helper()
	rows, err := b.db.Reader().Query(`SELECT kind || ' ' || to_email FROM outbox ORDER BY id`)
	b.ok(err)
	defer func() { _ = rows.Close() }()
	var list []string
	for rows.Next() {
		var s string
		b.ok(rows.Scan(&s))
		list = append(list, s)
	}
	b.ok(rows.Err())
	return list
}

// check is a check the office enters.
func (b *books) check(q *db.Queries, number string, cents money.Cents) error {
	_, err := ledger.RecordPayment(b.Context(), q, calendar.InstantOf(b.clock.Now()), ledger.PaymentRecord{CustomerID: b.customer, Kind: ledger.Check,
		Number: "1042", Amount: cents, Date: "2026-11-10", Source: "office", Allocations: []ledger.Allocation{{InvoiceID: b.invoices[number], Cents: cents}}})
	return err
}

// early is a processor whose webhooks arrive before its answer.
type early struct {
	*sandbox.Sandbox
	books *books
}

func (e early) Charge(ctx context.Context, key string, c gateway.Charge) (gateway.Outcome, error) {
	out, err := e.Sandbox.Charge(ctx, key, c)
	e.DeliverPending(ctx)
	return out, err
}
