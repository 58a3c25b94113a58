package accounting_test

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/internal/accounting"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

var update = flag.Bool("update", false, "write the golden files anew")

var november = accounting.Period{From: "2026-11-01", To: "2026-11-30"}

// small books have one of everything in November, and something before it.
func small(tb testing.TB) *books {
	b := newBooks(tb)
	b.issue(1, "10000", "2026-10-01", 4000, 320)
	one := b.issue(1, "10001", "2026-11-01", 4500, 360)
	two := b.issue(2, "=10002", "2026-11-01", 12000, 0)
	three := b.issue(3, "INV-2026-000010003", "2026-11-02", 9900, 792)
	four := b.issue(2, "10004", "2026-11-03", 5000, 400)
	b.pay(1, "CHK-1", ledger.Check, "2026-11-05", 6000, one) // 11.40 stay as credit
	card := b.pay(2, "CARD-1", ledger.Card, "2026-11-05", 12000, two)
	b.exec(`UPDATE payments SET gateway = 'stripe', charge_ref = 'ch_1' WHERE id = ?`, card)
	b.fee(card, 378, "2026-11-05")
	debit := b.pay(3, "ACH-1", ledger.ECheck, "2026-11-06", 10692, three)
	b.reverse(debit, 3, 0, ledger.Return, "return 1", "2026-11-09")
	b.exec(`UPDATE payments SET state = 'returned' WHERE id = ?`, debit)
	b.reverse(card, 2, 2000, ledger.Refund, "refund 1", "2026-11-10")
	b.exec(`UPDATE payments SET state = 'partially_refunded', refunded_cents = 2000 WHERE id = ?`, card)
	b.fee(card, 15, "2026-11-12") // told later, on a day of its own
	b.post(ledger.Entry{CustomerID: 3, InvoiceID: three, Cents: -692, Reason: ledger.Credit, Fact: "credit 1", Date: "2026-11-11"})
	b.post(ledger.Entry{CustomerID: 2, InvoiceID: four, Cents: -5400, Reason: ledger.Void, Fact: "void 1", Date: "2026-11-12"})
	b.exec(`UPDATE invoices SET state = 'void' WHERE id = ?`, four)
	b.write(func(q *db.Queries) error {
		return ledger.ApplyCredit(b.Context(), q, ledger.CreditUse{CustomerID: 1, InvoiceID: 1, Cents: 1000, Fact: "apply 1", Date: "2026-11-13", At: b.now()})
	})
	return b
}

// TestGolden compares every file of small books with the one that people have
// looked at.
func TestGolden(t *testing.T) {
	b := small(t)
	for _, f := range accounting.Files() {
		if strings.HasSuffix(f.Name, ".zip") {
			continue
		}
		golden(t, f.Name, b.file(november, f.Name))
	}
	for name, body := range unzip(t, b.file(november, "quickbooks-online.zip")) {
		golden(t, "online-"+name, body)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if got != string(want) {
		t.Errorf("%s is not what it was:\n%s", name, got)
	}
}

func unzip(t testing.TB, body string) map[string]string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	must(t, err)
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		must(t, err)
		text, err := io.ReadAll(r)
		must(t, err)
		must(t, r.Close())
		out[f.Name] = string(text)
	}
	return out
}

func TestZipHasEveryFileAsItIsAlone(t *testing.T) {
	b := small(t)
	var out bytes.Buffer
	must(t, b.accounting.Zip(t.Context(), november, &out))
	parts := unzip(t, out.String())
	for _, f := range accounting.Files() {
		if f.Name == "quickbooks-online.zip" {
			for name, body := range unzip(t, b.file(november, f.Name)) {
				if parts["quickbooks-online/"+name] != body {
					t.Errorf("%s differs in the archive", name)
				}
				delete(parts, "quickbooks-online/"+name)
			}
			continue
		}
		if parts[f.Name] == "" || parts[f.Name] != b.file(november, f.Name) {
			t.Errorf("%s differs in the archive", f.Name)
		}
		delete(parts, f.Name)
	}
	if !strings.Contains(parts["README.txt"], "Nov 1, 2026 to Nov 30, 2026") || len(parts) != 1 {
		t.Errorf("and %v", slices.Collect(maps.Keys(parts)))
	}
}

// TestSummaryOfSmallBooks adds the month up by hand.
func TestSummaryOfSmallBooks(t *testing.T) {
	s, err := small(t).accounting.Summarize(t.Context(), november)
	must(t, err)
	want := "4320/0 32952/0 -5400/0 -692/0 -27552/1140 -1000/-1000 2000/0 10692/0 15320/140 "
	got := ""
	for _, l := range s.Lines() {
		got += fmt.Sprintf("%d/%d ", l.Invoices, l.Credit)
	}
	if got != want || s.Count != 4 || s.Tax != 360+792 || s.Fees != 393 {
		t.Errorf("%s, %d invoices, tax %s, fees %s", got, s.Count, s.Tax, s.Fees)
	}
}

func TestPeriodsThatAreNone(t *testing.T) {
	b := newBooks(t)
	for _, p := range []accounting.Period{{}, {From: "2026-11-01"}, {To: "2026-11-01"}, {From: "2026-11-02", To: "2026-11-01"}} {
		if _, err := b.accounting.Summarize(t.Context(), p); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", p, err)
		}
		if err := b.accounting.Write(t.Context(), p, "payments.csv", io.Discard); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if err := b.accounting.Write(t.Context(), november, "../portal.key", io.Discard); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

func TestPresets(t *testing.T) {
	for _, c := range []struct {
		today calendar.Date
		want  string
	}{
		{"2026-11-22", "2026-11-01 2026-11-30|2026-10-01 2026-10-31|2026-10-01 2026-12-31|2026-07-01 2026-09-30|2026-01-01 2026-12-31|2025-01-01 2025-12-31"},
		{"2024-03-31", "2024-03-01 2024-03-31|2024-02-01 2024-02-29|2024-01-01 2024-03-31|2023-10-01 2023-12-31|2024-01-01 2024-12-31|2023-01-01 2023-12-31"},
		{"2027-01-01", "2027-01-01 2027-01-31|2026-12-01 2026-12-31|2027-01-01 2027-03-31|2026-10-01 2026-12-31|2027-01-01 2027-12-31|2026-01-01 2026-12-31"},
	} {
		var got []string
		for _, p := range accounting.Presets(c.today) {
			got = append(got, p.From.ISO()+" "+p.To.ISO())
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("on %s: %s", c.today, s)
		}
	}
}

// TestAnyBooksBalance books at random over months and holds every file of every
// month to the ledger, to the cent.
func TestAnyBooksBalance(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			b := newBooks(t)
			b.random(rand.New(rand.NewPCG(seed, 7)), 250)
			b.balances()
		})
	}
}

// random books whatever the ledger takes, with days from August to November in
// no order.
func (b *books) random(r *rand.Rand, times int) {
	b.Helper()
	type invoice struct{ id, customer int64 }
	type payment struct{ id, customer int64 }
	var invoices []invoice
	var payments []payment
	kinds := []ledger.Kind{ledger.Check, ledger.Cash, ledger.Card, ledger.ECheck, ledger.Other}
	for n := range times {
		day := calendar.NewDate(2026, 8, 1+r.IntN(122))
		customer := 1 + r.Int64N(3)
		at := b.now()
		err := b.db.Write(b.Context(), func(q *db.Queries) error {
			pick := func() (invoice, bool) {
				if len(invoices) == 0 {
					return invoice{}, false
				}
				return invoices[r.IntN(len(invoices))], true
			}
			switch what := r.IntN(10); what {
			case 0, 1, 2:
				record := ledger.InvoiceRecord{Number: fmt.Sprint(20000 + n), CustomerID: customer, Date: day, Due: day.AddDays(30)}
				for range 1 + r.IntN(3) {
					price := money.Cents(r.IntN(20000))
					record.Lines = append(record.Lines, ledger.Line{Description: "Service\tcall \"late\"\nby night", Quantity: money.Quantity(1 + r.IntN(3000)), UnitPrice: price, Tax: price / money.Cents(1+r.IntN(20))})
				}
				id, err := ledger.IssueInvoice(b.Context(), q, at, record)
				if err == nil {
					invoices = append(invoices, invoice{id, customer})
				}
				return err
			case 3, 4, 5:
				record := ledger.PaymentRecord{Reference: fmt.Sprintf("P%d", n), CustomerID: customer, Kind: kinds[r.IntN(len(kinds))], Number: "77", Amount: money.Cents(1 + r.IntN(30000)), Date: day, Source: "import"}
				for _, i := range invoices {
					if i.customer == customer && r.IntN(2) == 0 {
						record.Allocations = append(record.Allocations, ledger.Allocation{InvoiceID: i.id})
					}
				}
				id, err := ledger.RecordPayment(b.Context(), q, at, record)
				if err == nil {
					payments = append(payments, payment{id, customer})
					if r.IntN(2) == 0 {
						err = q.AddPaymentFee(b.Context(), db.AddPaymentFeeParams{PaymentID: id, Cents: money.Cents(1 + r.IntN(500)), EntryDate: day.AddDays(r.IntN(3)), At: at})
					}
				}
				return err
			case 6:
				if len(payments) == 0 {
					return nil
				}
				p := payments[r.IntN(len(payments))]
				reason := []ledger.Reason{ledger.Refund, ledger.Return, ledger.Dispute}[r.IntN(3)]
				_, _, err := ledger.Reverse(b.Context(), q, ledger.Reversal{PaymentID: p.id, CustomerID: p.customer, Cents: money.Cents(r.IntN(5000)), Reason: reason, Fact: fmt.Sprintf("reverse %d", n), Date: day, At: at})
				if err == nil && reason == ledger.Dispute {
					err = ledger.Book(b.Context(), q, ledger.Booking{PaymentID: p.id, CustomerID: p.customer, Amount: money.Cents(1 + r.IntN(900)), Reason: ledger.DisputeWon, Fact: fmt.Sprintf("won %d", n), Date: day, At: at + 1})
				}
				return err
			case 7:
				i, ok := pick()
				e := ledger.Entry{CustomerID: customer, Cents: -money.Cents(1 + r.IntN(3000)), Reason: ledger.Credit, Fact: fmt.Sprintf("credit %d", n), Date: day, At: at}
				if ok && r.IntN(3) > 0 {
					e.CustomerID, e.InvoiceID = i.customer, i.id
				}
				return ledger.Post(b.Context(), q, e)
			case 8:
				i, ok := pick()
				if !ok {
					return nil
				}
				return ledger.ApplyCredit(b.Context(), q, ledger.CreditUse{CustomerID: i.customer, InvoiceID: i.id, Cents: money.Cents(1 + r.IntN(2000)), Fact: fmt.Sprintf("apply %d", n), Date: day, At: at})
			default:
				i, ok := pick()
				if !ok {
					return nil
				}
				row, err := q.GetInvoiceBalanceForCustomer(b.Context(), db.GetInvoiceBalanceForCustomerParams{ID: i.id, CustomerID: i.customer})
				if err != nil || row.BalanceCents == 0 {
					return err
				}
				return ledger.Post(b.Context(), q, ledger.Entry{CustomerID: i.customer, InvoiceID: i.id, Cents: -row.BalanceCents, Reason: ledger.Void, Fact: fmt.Sprintf("void %d", n), Date: day, At: at})
			}
		})
		if err != nil && fault.KindOf(err) == fault.Internal {
			b.Fatal(err)
		}
		b.clock.Advance(1e9)
	}
}

// number returns one number from the books.
func (b *books) number(query string, args ...any) (n money.Cents) {
	b.Helper()
	must(b.TB, b.db.Reader().QueryRowContext(b.Context(), query, args...).Scan(&n))
	return n
}

// balances holds the files of each month, and those of all months at once, to
// the ledger.
func (b *books) balances() {
	b.Helper()
	set, err := b.settings.Current(b.Context())
	must(b.TB, err)
	receivable, bank, fees := set.Value("accounting.receivable"), set.Value("accounting.bank"), set.Value("accounting.fees")
	undeposited, refunds := set.Value("accounting.undeposited"), set.Value("accounting.refunds")
	all := accounting.Period{From: "2026-08-01", To: "2026-12-31"}
	var opening accounting.Line
	for _, p := range []accounting.Period{{From: "2026-08-01", To: "2026-08-31"}, {From: "2026-09-01", To: "2026-09-30"}, {From: "2026-10-01", To: "2026-10-31"},
		{From: "2026-11-01", To: "2026-12-31"}, all} {
		s, err := b.accounting.Summarize(b.Context(), p)
		must(b.TB, err)
		// the summary by itself, and against the ledger read from its beginning
		owed := b.number(`SELECT coalesce((SELECT sum(total_cents) FROM invoices WHERE invoice_date <= ?1), 0)
			+ coalesce((SELECT sum(cents) FROM ledger WHERE invoice_id IS NOT NULL AND entry_date <= ?1), 0)`, string(p.To))
		held := b.number(`SELECT -coalesce(sum(cents), 0) FROM ledger WHERE invoice_id IS NULL AND entry_date <= ?`, string(p.To))
		if s.Closing.Invoices != owed || s.Closing.Credit != held {
			b.Errorf("%s closes with %s and %s, the ledger with %s and %s", p, s.Closing.Invoices, s.Closing.Credit, owed, held)
		}
		if p.From != "2026-08-01" && (s.Opening.Invoices != opening.Invoices || s.Opening.Credit != opening.Credit) {
			b.Errorf("%s opens with %s, the month before closes with %s", p, s.Opening.Invoices, opening.Invoices)
		}
		opening = s.Closing
		// the three journals: each to zero, and alike
		journal, online, iif := map[string]money.Cents{}, map[string]money.Cents{}, map[string]money.Cents{}
		for _, row := range b.rows(b.file(p, "journal.csv")) {
			journal[row[2]] += b.cents(row[3]) - b.cents(row[4])
		}
		_, list := b.readIIF(b.file(p, "quickbooks-desktop.iif"))
		for _, x := range list {
			for _, l := range x.lines {
				iif[l["ACCNT"]] += b.cents(l["AMOUNT"])
			}
		}
		b.readOnline(p, online)
		for name, sums := range map[string]map[string]money.Cents{"journal": journal, "IIF": iif, "QuickBooks Online": online} {
			var sum money.Cents
			for account, cents := range sums {
				sum += cents
				if cents != journal[account] {
					b.Errorf("%s: %s posts %s to %s, the journal %s", p, name, cents, account, journal[account])
				}
			}
			if sum != 0 {
				b.Errorf("%s: %s is %s out of balance", p, name, sum)
			}
		}
		if got, want := journal[receivable], s.Closing.Net()-s.Opening.Net(); got != want {
			b.Errorf("%s: the journal moves the receivable by %s, the summary by %s", p, got, want)
		}
		// all money that came in is in the bank or kept as a fee, and nothing is left between
		if got := journal[undeposited] + journal[refunds]; got != 0 {
			b.Errorf("%s: %s are left undeposited", p, got)
		}
		moved := -b.number(`SELECT coalesce(sum(cents), 0) FROM ledger WHERE reason IN ('payment', 'refund', 'return', 'dispute', 'dispute_won') AND entry_date BETWEEN ? AND ?`, string(p.From), string(p.To))
		var net money.Cents
		for _, row := range b.rows(b.file(p, "deposits.csv")) {
			net += b.cents(row[6])
		}
		if journal[bank]+journal[fees] != moved || net != journal[bank] || journal[fees] != s.Fees {
			b.Errorf("%s: %s in the bank, %s by the deposits, %s kept; the ledger moved %s", p, journal[bank], net, journal[fees], moved)
		}
		sums := map[string]money.Cents{}
		for name, column := range map[string]int{"payments.csv": 7, "refunds.csv": 7, "credits.csv": 5, "invoices.csv": 11, "fees.csv": 5} {
			for _, row := range b.rows(b.file(p, name)) {
				sums[name] += b.cents(row[column])
			}
		}
		if sums["payments.csv"] != -s.Received.Net() || sums["refunds.csv"] != s.Refunded.Net()+s.Returned.Net() ||
			sums["credits.csv"] != -s.Credits.Net()-s.Voided.Net() || sums["invoices.csv"] != s.Invoiced.Net() || sums["fees.csv"] != s.Fees {
			b.Errorf("%s: the files come to %v, the summary is %+v", p, sums, s)
		}
	}
	if owed := b.number(`SELECT coalesce(sum(balance_cents), 0) FROM invoices`); opening.Invoices != owed {
		b.Errorf("in the end %s are owed, the balances come to %s", opening.Invoices, owed)
	}
}

// readOnline adds the files for QuickBooks Online up by account and holds them
// to what it takes.
func (b *books) readOnline(p accounting.Period, sums map[string]money.Cents) {
	b.Helper()
	set, err := b.settings.Current(b.Context())
	must(b.TB, err)
	a := func(name string) string { return set.Value("accounting." + name) }
	entries := map[string]money.Cents{}
	for name, body := range unzip(b.TB, b.file(p, "quickbooks-online.zip")) {
		rows := b.rows(body)
		if len(rows) > 1000 {
			b.Errorf("%s has %d rows", name, len(rows))
		}
		numbers := map[string]bool{}
		for _, row := range rows {
			switch {
			case strings.HasPrefix(name, "2-invoices"):
				numbers[row[0]] = true
				sums[a("receivable")] += b.cents(row[8])
				if row[4] == a("tax_item") {
					sums[a("tax")] -= b.cents(row[8])
				} else {
					sums[a("income")] -= b.cents(row[8])
				}
			case strings.HasPrefix(name, "3-journal"):
				cents := b.cents(row[3]) - b.cents(row[4])
				entries[name+row[0]] += cents
				sums[row[2]] += cents
				if (row[2] == a("receivable")) != (row[6] != "") {
					b.Errorf("%s: %q has the name %q", name, row[2], row[6])
				}
			}
		}
		if len(numbers) > 100 {
			b.Errorf("%s has %d invoices", name, len(numbers))
		}
	}
	for entry, sum := range entries {
		if sum != 0 {
			b.Errorf("entry %s is %s out of balance", entry, sum)
		}
	}
}

// TestClosedMonthStaysAsItWas makes the files of a closed month again after all
// kinds of things have happened to its invoices and payments.
func TestClosedMonthStaysAsItWas(t *testing.T) {
	b := newBooks(t)
	one, two := b.issue(1, "10001", "2026-10-01", 4500, 360), b.issue(2, "10002", "2026-10-02", 9900, 0)
	paid := b.pay(1, "CHK-1", ledger.Check, "2026-10-05", 4860, one)
	must(t, b.accounting.Lock(t.Context(), audit.Program, "2026-10-31"))
	october := accounting.Period{From: "2026-10-01", To: "2026-10-31"}
	before := map[string]string{}
	for _, f := range accounting.Files() {
		before[f.Name] = b.file(october, f.Name)
	}
	b.reverse(paid, 1, 0, ledger.Return, "return 1", "2026-11-09")
	b.post(ledger.Entry{CustomerID: 2, InvoiceID: two, Cents: -9900, Reason: ledger.Void, Fact: "void 1", Date: "2026-11-10"})
	b.exec(`UPDATE invoices SET state = 'void' WHERE id = ?`, two)
	b.fee(paid, 100, "2026-11-10")
	for name, was := range before {
		if strings.HasSuffix(name, ".zip") {
			continue // its parts carry the time of their making
		}
		if is := b.file(october, name); is != was {
			t.Errorf("%s of the closed month is another:\n%s\nwas\n%s", name, is, was)
		}
	}
}
