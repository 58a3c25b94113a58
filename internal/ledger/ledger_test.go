package ledger_test

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

// books is a ledger on a file of its own, with customers 1 and 2 (numbers C1
// and C2), each with a site of the same id.
type books struct {
	testing.TB
	db      *db.DB
	clock   *calendar.Fake
	store   *settings.Store
	service *ledger.Service
}

const today calendar.Date = "2026-11-15"

func newBooks(t testing.TB) *books {
	t.Helper()
	b := &books{TB: t, db: dbtest.New(t), clock: calendar.NewFake(time.Date(2026, 11, 15, 17, 0, 0, 0, time.UTC))}
	clock := calendar.Clock(b.clock.Now)
	sealer, err := settings.LoadSealer(filepath.Join(t.TempDir(), "portal.key"))
	if err != nil {
		t.Fatal(err)
	}
	b.store = settings.New(b.db, clock, sealer)
	mail, err := outbox.NewWriter(b.store, "https://portal.example.com")
	if err != nil {
		t.Fatal(err)
	}
	b.service = ledger.New(b.db, clock, b.store, mail)
	for id := range 2 {
		b.exec(`INSERT INTO customers (id, number, first_name, last_name, display_name, address1, city, state, zip, registration_key, terms, created_at, updated_at)
			VALUES (?, ?, 'Ann', 'Lee', 'Ann Lee', '1 Main St', 'Troy', 'NY', '12180', ?, 'Net 30', 1, 1)`,
			id+1, fmt.Sprintf("C%d", id+1), fmt.Sprintf("ABCDEFGHJKMNPQR%d", id+1))
		b.exec(`INSERT INTO sites (id, customer_id, name, address1, city, state, zip) VALUES (?, ?, 'Shop', '1 Main St', 'Troy', 'NY', '12180')`, id+1, id+1)
	}
	return b
}

// exec changes the books behind the ledger's back.
func (b *books) exec(query string, args ...any) {
	b.Helper()
	err := b.db.WriteTx(b.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

func (b *books) write(fn func(q *db.Queries) error) error {
	b.Helper()
	return b.db.Write(b.Context(), fn)
}

// issue issues an invoice of one line and returns its id.
func (b *books) issue(customer int64, number string, due calendar.Date, total money.Cents) (id int64) {
	b.Helper()
	err := b.write(func(q *db.Queries) (err error) {
		id, err = ledger.IssueInvoice(b.Context(), q, 1, ledger.InvoiceRecord{Number: number, CustomerID: customer, SiteID: customer,
			Date: due.AddDays(-30), Due: due, Lines: []ledger.Line{{Description: "Monitoring", Quantity: 1000, UnitPrice: total}}})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return id
}

// record enters a check and returns the payment's id.
func (b *books) record(customer int64, amount money.Cents, parts ...ledger.Allocation) (id int64, err error) {
	b.Helper()
	err = b.write(func(q *db.Queries) (err error) {
		id, err = ledger.RecordPayment(b.Context(), q, 1, ledger.PaymentRecord{CustomerID: customer, Kind: ledger.Check, Number: "1042",
			Amount: amount, Date: today, Source: "import", Allocations: parts})
		return err
	})
	return id, err
}

func (b *books) balance(invoice int64) (cents money.Cents) {
	b.Helper()
	if err := b.db.Reader().QueryRow(`SELECT balance_cents FROM invoices WHERE id = ?`, invoice).Scan(&cents); err != nil {
		b.Fatal(err)
	}
	return cents
}

func (b *books) unapplied(customer int64) money.Cents {
	b.Helper()
	c, err := ledger.Unapplied(b.Context(), b.db.Read(), customer)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func (b *books) count(table string) (n int) {
	b.Helper()
	if err := b.db.Reader().QueryRow(`SELECT count(*) FROM ` + table).Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPost(t *testing.T) {
	for _, c := range []struct {
		name  string
		entry ledger.Entry
		kind  fault.Kind
		want  string
	}{
		{"pays a part", ledger.Entry{InvoiceID: 1, Cents: -4000}, 0, ""},
		{"pays all", ledger.Entry{InvoiceID: 1, Cents: -10000}, 0, ""},
		{"pays a cent too much", ledger.Entry{InvoiceID: 1, Cents: -10001}, fault.Conflict, "Invoice 10001 has only $100.00 left to pay."},
		{"gives back what was not paid", ledger.Entry{InvoiceID: 1, Cents: 1}, fault.Conflict, "Only $0.00 was paid on invoice 10001."},
		{"another's invoice", ledger.Entry{InvoiceID: 2, Cents: -1}, fault.NotFound, "There is no such invoice here."},
		{"no invoice of that id", ledger.Entry{InvoiceID: 99, Cents: -1}, fault.NotFound, "There is no such invoice here."},
		{"a void invoice", ledger.Entry{InvoiceID: 3, Cents: -1}, fault.Conflict, "Invoice 10003 is not open for payments."},
		{"credit", ledger.Entry{Cents: -500}, 0, ""},
		{"credit that is not there", ledger.Entry{Cents: 1}, fault.Conflict, "There is only $0.00 of credit on the account."},
		{"nothing", ledger.Entry{InvoiceID: 1}, fault.Internal, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t)
			b.issue(1, "10001", today, 10000)
			b.issue(2, "10002", today, 10000)
			void := b.issue(1, "10003", today, 10000)
			b.exec(`UPDATE invoices SET state = 'void' WHERE id = ?`, void)
			e := c.entry
			e.CustomerID, e.Reason, e.Fact, e.Date, e.At = 1, ledger.Payment, "test", today, 1
			before := b.balance(1)
			var refused error
			must(t, b.write(func(q *db.Queries) error { // a refused row leaves nothing behind, even when the rest is committed
				refused = ledger.Post(t.Context(), q, e)
				return nil
			}))
			if c.want == "" && c.name != "nothing" {
				must(t, refused)
				if e.InvoiceID == 1 && b.balance(1) != before+e.Cents {
					t.Errorf("balance %s", b.balance(1))
				}
				return
			}
			if refused == nil || fault.KindOf(refused) != c.kind {
				t.Fatalf("%v", refused)
			}
			if f, ok := errors.AsType[*fault.Error](refused); ok && f.Message != c.want {
				t.Errorf("%q", f.Message)
			}
			if b.balance(1) != before || b.count("ledger") != 0 {
				t.Error("a refused row left something behind")
			}
		})
	}
}

func TestPostTwiceIsOnce(t *testing.T) {
	b := newBooks(t)
	id := b.issue(1, "10001", today, 10000)
	e := ledger.Entry{CustomerID: 1, InvoiceID: id, Cents: -2500, Reason: ledger.Payment, Fact: "payment 1 invoice 1", Date: today, At: 1}
	for range 3 {
		must(t, b.write(func(q *db.Queries) error { return ledger.Post(t.Context(), q, e) }))
	}
	if b.balance(id) != 7500 || b.count("ledger") != 1 {
		t.Errorf("balance %s, %d rows", b.balance(id), b.count("ledger"))
	}
	e.Cents = -2600
	if err := b.write(func(q *db.Queries) error { return ledger.Post(t.Context(), q, e) }); !fault.Is(err, fault.Conflict) {
		t.Errorf("the same fact with another amount: %v", err)
	}
}

func TestIssueInvoice(t *testing.T) {
	b := newBooks(t)
	good := ledger.InvoiceRecord{Number: "A-1", CustomerID: 1, SiteID: 1, Date: "2026-11-01", PONumber: "PO 7", Lines: []ledger.Line{
		{Description: "Monitoring", Quantity: 1000, UnitPrice: 4500, Tax: 360},
		{Description: "Service, hours", Quantity: 1500, UnitPrice: 9999},
		{Description: "Goodwill", Quantity: 1000, UnitPrice: -500},
	}}
	must(t, b.write(func(q *db.Queries) error {
		_, err := ledger.IssueInvoice(t.Context(), q, 1, good)
		return err
	}))
	var due string
	var tax, total, balance, second money.Cents
	must(t, b.db.Reader().QueryRow(`SELECT due_date, tax_cents, total_cents, balance_cents, (SELECT amount_cents FROM invoice_lines WHERE position = 2) FROM invoices`).
		Scan(&due, &tax, &total, &balance, &second))
	if due != "2026-12-01" || tax != 360 || second != 14999 || total != 4500+360+14999-500 || balance != total {
		t.Errorf("due %s, tax %s, second %s, total %s, balance %s", due, tax, second, total, balance)
	}

	line := func(l ledger.Line) func(*ledger.InvoiceRecord) {
		return func(r *ledger.InvoiceRecord) { r.Lines = []ledger.Line{l} }
	}
	for _, c := range []struct {
		field string
		kind  fault.Kind
		spoil func(*ledger.InvoiceRecord)
	}{
		{"invoice_number", fault.Invalid, func(r *ledger.InvoiceRecord) { r.Number = " " }},
		{"invoice_number", fault.Invalid, func(r *ledger.InvoiceRecord) { r.Number = strings.Repeat("1", 41) }},
		{"invoice_number", fault.Invalid, func(r *ledger.InvoiceRecord) { r.Number = "1\n2" }},
		{"invoice_number", fault.Conflict, func(r *ledger.InvoiceRecord) { r.Number = "a-1" }},
		{"invoice_date", fault.Invalid, func(r *ledger.InvoiceRecord) { r.Date = "" }},
		{"site_name", fault.Invalid, func(r *ledger.InvoiceRecord) { r.SiteID = 2 }},
		{"", fault.NotFound, func(r *ledger.InvoiceRecord) { r.CustomerID, r.SiteID = 9, 0 }},
		{"description", fault.Invalid, func(r *ledger.InvoiceRecord) { r.Lines = nil }},
		{"description", fault.Invalid, line(ledger.Line{Quantity: 1000, UnitPrice: 1})},
		{"quantity", fault.Invalid, line(ledger.Line{Description: "x", UnitPrice: 1})},
		{"quantity", fault.Invalid, line(ledger.Line{Description: "x", Quantity: -1000, UnitPrice: 1})},
		{"unit_price", fault.Invalid, line(ledger.Line{Description: "x", Quantity: 1000, UnitPrice: money.Max + 1})},
		{"unit_price", fault.Invalid, line(ledger.Line{Description: "x", Quantity: 2_000_000, UnitPrice: money.Max})},
		{"unit_price", fault.Invalid, line(ledger.Line{Description: "x", Quantity: 1000, UnitPrice: -1})},
		{"tax", fault.Invalid, line(ledger.Line{Description: "x", Quantity: 1000, UnitPrice: 1, Tax: money.Max + 1})},
	} {
		r := good
		r.Number = "A-2"
		c.spoil(&r)
		var err error
		must(t, b.write(func(q *db.Queries) error { _, err = ledger.IssueInvoice(t.Context(), q, 1, r); return nil }))
		f, _ := errors.AsType[*fault.Error](err)
		if f == nil || f.Kind != c.kind || f.Field != c.field {
			t.Errorf("want kind %d of %q: %v", c.kind, c.field, err)
		}
	}
	if b.count("invoices") != 1 || b.count("invoice_lines") != 3 {
		t.Error("a refused invoice left something behind")
	}
}

func TestDueDate(t *testing.T) {
	for terms, want := range map[string]calendar.Date{
		"": "2026-01-31", "Due on receipt": "2026-01-31", "Net 30": "2026-03-02", "net15": "2026-02-15", "2% 10, NET-45 days": "2026-03-17", "Internet 30": "2026-01-31",
	} {
		if got := ledger.DueDate("2026-01-31", terms); got != want {
			t.Errorf("%q: %s, want %s", terms, got, want)
		}
	}
}

func TestStateAndAge(t *testing.T) {
	for _, c := range []struct {
		due               calendar.Date
		balance, reserved money.Cents
		state             ledger.State
		age               string
		payable           money.Cents
	}{
		{today, 100, 0, ledger.Due, "due today", 100},
		{today.AddDays(1), 100, 0, ledger.Due, "due tomorrow", 100},
		{today.AddDays(20), 100, 40, ledger.Due, "due in 20 days", 60},
		{today.AddDays(-1), 100, 0, ledger.PastDue, "1 day past due", 100},
		{today.AddDays(-45), 100, 99, ledger.PastDue, "45 days past due", 1},
		{today.AddDays(-45), 100, 100, ledger.InProgress, "", 0},
		{today, 100, 250, ledger.InProgress, "", 0},
		{today.AddDays(-45), 0, 0, ledger.Paid, "", 0},
	} {
		o := ledger.OpenInvoice{Due: c.due, Balance: c.balance, Reserved: c.reserved}
		if o.State(today) != c.state || o.Age(today) != c.age || o.Payable() != c.payable {
			t.Errorf("%+v: %s, %q, %s", o, o.State(today), o.Age(today), o.Payable())
		}
	}
}

func TestPayable(t *testing.T) {
	b := newBooks(t)
	late := b.issue(1, "10002", today.AddDays(-3), 5000)
	b.issue(1, "10001", today.AddDays(9), 10000)
	paid := b.issue(1, "10003", today, 100)
	b.issue(2, "20001", today, 7777)
	if _, err := b.record(1, 100, ledger.Allocation{InvoiceID: paid}); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		state   string
		hosted  int
		reserve bool
	}{
		{"planned", 0, true}, {"submitted", 1, true}, {"processing", 0, true}, {"action", 0, true},
		{"action", 1, false}, {"draft", 0, false}, {"failed", 0, false}, {"canceled", 0, false},
	} {
		b.exec(`INSERT INTO payments (id, reference, customer_id, state, source, kind, type_label, amount_cents, payment_date, hosted, idempotency_key, nonce, created_at)
			VALUES (?, ?, 1, ?, 'portal', 'card', 'Credit Card', 2000, '2026-11-15', ?, ?, ?, 1)`, 100+i, fmt.Sprint("R", i), c.state, c.hosted, fmt.Sprint("K", i), fmt.Sprint("N", i))
		b.exec(`INSERT INTO allocations VALUES (?, ?, 2000)`, 100+i, late)
		open, err := ledger.Payable(t.Context(), b.db.Read(), 1)
		must(t, err)
		if len(open) != 2 || open[0].Number != "10002" || open[0].Site != "Shop" || open[1].Reserved != 0 {
			t.Fatalf("%+v", open)
		}
		want := money.Cents(0)
		if c.reserve {
			want = 2000
		}
		if open[0].Reserved != want || open[0].Payable() != 5000-want {
			t.Errorf("%s, hosted %d: reserved %s", c.state, c.hosted, open[0].Reserved)
		}
		o := ledger.Sum(open, today)
		if o.Balance != 15000 || o.Due != 15000-want || o.PastDue != 5000-want || o.Next != today.AddDays(9) {
			t.Errorf("%+v", o)
		}
		b.exec(`UPDATE payments SET state = 'failed' WHERE id = ?`, 100+i)
	}
}

func TestRecordPayment(t *testing.T) {
	b := newBooks(t)
	one, two := b.issue(1, "10001", today, 10000), b.issue(1, "10002", today, 5000)
	foreign := b.issue(2, "20001", today, 5000)
	for _, c := range []struct {
		field string
		r     ledger.PaymentRecord
	}{
		{"amount", ledger.PaymentRecord{Amount: 0}},
		{"amount", ledger.PaymentRecord{Amount: -1}},
		{"amount", ledger.PaymentRecord{Amount: money.Max + 1}},
		{"payment_number", ledger.PaymentRecord{Amount: 1, Reference: "a b"}},
		{"payment_number", ledger.PaymentRecord{Amount: 1, Reference: "a/b"}},
		{"payment_type", ledger.PaymentRecord{Amount: 1, Label: strings.Repeat("x", 41)}},
		{"apply_to", ledger.PaymentRecord{Amount: 100, Allocations: []ledger.Allocation{{InvoiceID: foreign, Cents: 1}}}},
		{"apply_to", ledger.PaymentRecord{Amount: 100, Allocations: []ledger.Allocation{{InvoiceID: one, Cents: 101}}}},
		{"apply_to", ledger.PaymentRecord{Amount: 20000, Allocations: []ledger.Allocation{{InvoiceID: one, Cents: 10001}}}},
		{"apply_to", ledger.PaymentRecord{Amount: 100, Allocations: []ledger.Allocation{{InvoiceID: one, Cents: -5}}}},
		{"apply_to", ledger.PaymentRecord{Amount: 100, Allocations: []ledger.Allocation{{InvoiceID: one, Cents: 5}, {InvoiceID: one, Cents: 5}}}},
	} {
		r := c.r
		r.CustomerID, r.Kind, r.Date, r.Source = 1, ledger.Check, today, "office"
		var err error
		must(t, b.write(func(q *db.Queries) error { _, err = ledger.RecordPayment(t.Context(), q, 1, r); return nil }))
		if f, _ := errors.AsType[*fault.Error](err); f == nil || f.Kind != fault.Invalid || f.Field != c.field {
			t.Errorf("want a refused %s: %v", c.field, err)
		}
	}
	if b.count("payments")+b.count("allocations")+b.count("ledger") != 0 {
		t.Fatal("a refused payment left something behind")
	}
	if _, err := b.record(1, 12000, ledger.Allocation{InvoiceID: two, Cents: 1500}, ledger.Allocation{InvoiceID: one}); err != nil {
		t.Fatal(err)
	}
	if b.balance(one) != 0 || b.balance(two) != 3500 || b.unapplied(1) != 500 {
		t.Errorf("%s, %s, credit %s", b.balance(one), b.balance(two), b.unapplied(1))
	}
}

func TestRecordPaymentTwiceIsOnce(t *testing.T) {
	b := newBooks(t)
	r := ledger.PaymentRecord{Reference: "P-77", CustomerID: 1, Kind: ledger.Cash, Amount: 900, Date: today, Source: "import"}
	var ids []int64
	for range 2 {
		must(t, b.write(func(q *db.Queries) error {
			id, err := ledger.RecordPayment(t.Context(), q, 1, r)
			ids = append(ids, id)
			return err
		}))
	}
	if ids[0] == 0 || ids[0] != ids[1] || b.unapplied(1) != 900 {
		t.Errorf("ids %v, credit %s", ids, b.unapplied(1))
	}
	r.Amount = 901
	if err := b.write(func(q *db.Queries) error { _, err := ledger.RecordPayment(t.Context(), q, 1, r); return err }); !fault.Is(err, fault.Conflict) {
		t.Errorf("the same number with another amount: %v", err)
	}
}

func TestParseKindAndNumberLabel(t *testing.T) {
	for word, want := range map[string]string{
		"check": "check Check", "Cheque": "check Check", " CASH ": "cash Cash", "credit card": "card Credit Card", "Visa": "card Credit Card",
		"ACH": "echeck eCheck", "e-check": "echeck eCheck", "Money  Order": "other Money Order", "": "other Other",
	} {
		if k, label := ledger.ParseKind(word); string(k)+" "+label != want {
			t.Errorf("%q: %s %s", word, k, label)
		}
	}
	for _, c := range []struct {
		kind       ledger.Kind
		in, stored string
	}{
		{ledger.Check, " 1042 ", "1042"}, {ledger.Check, "A-1042", "A-1042"}, {ledger.Check, "021000021 1042", "1042"}, {ledger.Cash, "", ""},
		{ledger.Card, "4242424242424242", "4242"}, {ledger.Card, "xxxx-xxxx-xxxx-1881", "1881"}, {ledger.ECheck, "***6789", "6789"}, {ledger.ECheck, "67", "67"},
		{ledger.Other, "4242 4242 4242 4242", "4242"}, {ledger.Other, strings.Repeat("é", 30), strings.Repeat("é", 20)},
	} {
		if got := ledger.NumberLabel(c.kind, c.in); got != c.stored {
			t.Errorf("%s %q: %q, want %q", c.kind, c.in, got, c.stored)
		}
	}
}

func TestReference(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		r := ledger.NewReference()
		if len(r) != 11 || r[5] != '-' || strings.Trim(r, "0123456789ABCDEFGHJKMNPQRSTVWXYZ-") != "" || seen[r] {
			t.Fatal(r)
		}
		seen[r] = true
	}
}

// A payment that meets other books than it was planned for is never lost.
func TestBookPutsTheExcessIntoCredit(t *testing.T) {
	b := newBooks(t)
	one, two := b.issue(1, "10001", today, 10000), b.issue(1, "10002", today.AddDays(1), 5000)
	b.exec(`INSERT INTO payments (id, reference, customer_id, state, source, kind, type_label, amount_cents, payment_date, idempotency_key, nonce, created_at)
		VALUES (50, 'R', 1, 'succeeded', 'portal', 'card', 'Credit Card', 15000, '2026-11-15', 'K', 'N', 1)`)
	b.exec(`INSERT INTO allocations VALUES (50, ?, 10000), (50, ?, 5000)`, one, two)
	if _, err := b.record(1, 4000, ledger.Allocation{InvoiceID: one}); err != nil {
		t.Fatal(err)
	}
	b.exec(`UPDATE invoices SET state = 'void' WHERE id = ?`, two)
	booking := ledger.Booking{PaymentID: 50, CustomerID: 1, Amount: 15000, Reason: ledger.Payment, Fact: "payment 50", Date: today, At: 1}
	for range 2 {
		must(t, b.write(func(q *db.Queries) error { return ledger.Book(t.Context(), q, booking) }))
	}
	if b.balance(one) != 0 || b.balance(two) != 5000 || b.unapplied(1) != 9000 {
		t.Errorf("%s, %s, credit %s", b.balance(one), b.balance(two), b.unapplied(1))
	}
}

func TestReverse(t *testing.T) {
	for _, c := range []struct {
		name             string
		cents            money.Cents
		done             money.Cents
		one, two, credit money.Cents
		reopened         int
	}{
		{"all", 0, 20000, 10000, 5000, 0, 2},
		{"more than there is", 99999, 20000, 10000, 5000, 0, 2},
		{"within the credit", 3000, 3000, 0, 0, 2000, 0},
		{"credit, then the latest due", 8000, 8000, 0, 3000, 0, 1},
		{"credit, latest, then the oldest", 12000, 12000, 2000, 5000, 0, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t)
			one, two := b.issue(1, "10001", today, 10000), b.issue(1, "10002", today.AddDays(1), 5000)
			id, err := b.record(1, 20000, ledger.Allocation{InvoiceID: two}, ledger.Allocation{InvoiceID: one})
			must(t, err)
			r := ledger.Reversal{PaymentID: id, CustomerID: 1, Cents: c.cents, Reason: ledger.Refund, Fact: "refund 1", Date: today, At: 2}
			for round := range 2 {
				must(t, b.write(func(q *db.Queries) error {
					done, reopened, err := ledger.Reverse(t.Context(), q, r)
					if round == 0 && (done != c.done || len(reopened) != c.reopened) {
						t.Errorf("reversed %s, reopened %v", done, reopened)
					}
					if round == 1 && (done != 0 || reopened != nil) {
						t.Errorf("a second time: %s, %v", done, reopened)
					}
					return err
				}))
			}
			if b.balance(one) != c.one || b.balance(two) != c.two || b.unapplied(1) != c.credit {
				t.Errorf("%s, %s, credit %s", b.balance(one), b.balance(two), b.unapplied(1))
			}
		})
	}
}

func TestApplyCredit(t *testing.T) {
	b := newBooks(t)
	first, err := b.record(1, 3000)
	must(t, err)
	_, err = b.record(1, 4000)
	must(t, err)
	id := b.issue(1, "10001", today, 10000)
	use := ledger.CreditUse{CustomerID: 1, InvoiceID: id, Cents: 5000, Fact: "apply 1", Date: today, At: 1}
	apply := func() error {
		return b.write(func(q *db.Queries) error { return ledger.ApplyCredit(t.Context(), q, use) })
	}
	must(t, apply())
	must(t, apply())
	if b.balance(id) != 5000 || b.unapplied(1) != 2000 {
		t.Fatalf("%s, credit %s", b.balance(id), b.unapplied(1))
	}
	use.Fact, use.Cents = "apply 2", 2001
	if err := apply(); !fault.Is(err, fault.Conflict) || b.unapplied(1) != 2000 || b.balance(id) != 5000 {
		t.Errorf("more credit than there is: %v", err)
	}
	// the check bounces: what was applied of it comes back onto the invoice
	must(t, b.write(func(q *db.Queries) error {
		_, _, err := ledger.Reverse(t.Context(), q, ledger.Reversal{PaymentID: first, CustomerID: 1, Reason: ledger.Return, Fact: "return 1", Date: today, At: 2})
		return err
	}))
	if b.balance(id) != 8000 || b.unapplied(1) != 2000 {
		t.Errorf("%s, credit %s", b.balance(id), b.unapplied(1))
	}
}

// Whatever the order in which facts arrive, however often, and whatever else is
// refused between them, the same facts end in the same books.
func TestAnyOrderOfTheSameFactsEndsInTheSameBooks(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 7))
		b := newBooks(t)
		var invoices []int64
		for i := range 4 {
			invoices = append(invoices, b.issue(1, fmt.Sprint("1000", i), today, money.Cents(1000+rng.IntN(9000))))
		}
		var facts []ledger.Entry
		want := map[int64]money.Cents{}
		for _, id := range invoices {
			balance := b.balance(id)
			want[id] = balance
			for n := range 1 + rng.IntN(4) {
				pay := 1 + money.Cents(rng.IntN(int(balance)/5))
				e := ledger.Entry{CustomerID: 1, InvoiceID: id, Cents: -pay, Reason: ledger.Payment, Fact: fmt.Sprintf("pay %d %d", id, n), Date: today, At: 1}
				facts = append(facts, e)
				want[id] -= pay
				if rng.IntN(2) == 0 {
					e.Cents, e.Reason, e.Fact = pay, ledger.Return, "return of "+e.Fact
					facts = append(facts, e)
					want[id] += pay
				}
			}
		}
		var waiting []ledger.Entry
		for range 3 {
			waiting = append(waiting, facts...) // every fact is told three times
		}
		for round := 0; len(waiting) > 0; round++ {
			if round > 200 {
				t.Fatalf("seed %d: %d facts are never taken", seed, len(waiting))
			}
			rng.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
			must(t, b.write(func(q *db.Queries) error {
				waiting = slices.DeleteFunc(waiting, func(e ledger.Entry) bool {
					err := ledger.Post(t.Context(), q, e)
					if err != nil && !fault.Is(err, fault.Conflict) {
						t.Fatal(err)
					}
					return err == nil
				})
				return nil
			}))
			for id := range want {
				var total, sum money.Cents
				must(t, b.db.Reader().QueryRow(`SELECT total_cents, (SELECT coalesce(sum(cents), 0) FROM ledger WHERE invoice_id = i.id) FROM invoices i WHERE id = ?`, id).Scan(&total, &sum))
				if got := b.balance(id); got != total+sum || got < 0 || got > total {
					t.Fatalf("seed %d: balance %s, total %s, rows %s", seed, got, total, sum)
				}
			}
		}
		for id, w := range want {
			if b.balance(id) != w {
				t.Errorf("seed %d: invoice %d ends at %s, want %s", seed, id, b.balance(id), w)
			}
		}
		if b.count("ledger") != len(facts) {
			t.Errorf("seed %d: %d rows for %d facts", seed, b.count("ledger"), len(facts))
		}
	}
}

func TestNextAutoPay(t *testing.T) {
	for _, c := range []struct {
		today, want calendar.Date
		day         int
	}{
		{"2026-11-15", "2026-12-01", 1}, {"2026-12-31", "2027-01-01", 1}, {"2026-11-15", "2026-11-20", 20},
		{"2026-11-20", "2026-12-20", 20}, {"2027-01-31", "2027-02-28", 28}, {"2026-12-28", "2027-01-28", 28},
	} {
		if got := ledger.NextAutoPay(c.today, c.day); got != c.want {
			t.Errorf("%s, day %d: %s, want %s", c.today, c.day, got, c.want)
		}
	}
	arranged := ledger.AutoPayDays{{Day: 1}, {From: "2026-12", Day: 15}, {From: "2027-02", Day: 28}, {From: "2027-01", Day: 3}}
	for today, want := range map[calendar.Date]calendar.Date{
		"2026-10-31": "2026-11-01", "2026-11-15": "2026-12-15", "2026-12-15": "2027-01-03", "2027-01-03": "2027-02-03", "2027-02-03": "2027-03-03",
	} {
		if got := arranged.Next(today); got != want {
			t.Errorf("arranged, seen from %s: %s, want %s", today, got, want)
		}
	}
	if got := (ledger.AutoPayDays{{Day: 20}, {From: "2026-12", Day: 2}}).Next("2026-11-25"); got != "2026-12-02" {
		t.Errorf("an earlier day from the next month on: %s", got)
	}
	open := []ledger.OpenInvoice{{Due: "2026-10-01", Balance: 100}, {Due: "2026-12-01", Balance: 250, Reserved: 50}, {Due: "2026-12-02", Balance: 1000}}
	if got := ledger.EstimateAutoPay(open, "2026-12-01", 0, 0); got != 300 {
		t.Errorf("without a cap %s", got)
	}
	if got := ledger.EstimateAutoPay(open, "2026-12-01", 120, 0); got != 120 {
		t.Errorf("with a cap %s", got)
	}
}

// Whatever somebody types or imports as a payment's number, no card or account
// number stays in the books.
func FuzzNumberLabel(f *testing.F) {
	f.Add("4242 4242 4242 4242")
	f.Add("021000021-000123456789")
	f.Add("A-1042")
	f.Fuzz(func(t *testing.T, number string) {
		for _, kind := range []ledger.Kind{ledger.Card, ledger.ECheck, ledger.Check, ledger.Cash, ledger.Other} {
			label := ledger.NumberLabel(kind, number)
			digits := 0
			for _, r := range label {
				if r >= '0' && r <= '9' {
					digits++
				}
			}
			if digits > 8 || (kind == ledger.Card || kind == ledger.ECheck) && len(label) > 4 || len([]rune(label)) > 20 {
				t.Errorf("%s %q is kept as %q", kind, number, label)
			}
		}
	})
}
