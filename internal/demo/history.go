package demo

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// salesTax is Massachusetts' rate, on parts but not on monitoring or labor
// (https://www.mass.gov/guides/sales-and-use-tax).
const salesTax money.RatePPM = 62500

// monthsBack is how far the history goes.
const monthsBack = 24

// firstInvoice is the number before the first invoice: the dealer's books are
// older than what was brought over.
const firstInvoice = 20417

// bill is an invoice before it has its number.
type bill struct {
	customer int
	site     int
	date     calendar.Date
	due      calendar.Date
	po       string
	lines    []ledger.Line
	// monitoring says that its first lines are those of the sites
	monitoring bool
}

func (b bill) total() money.Cents {
	var sum money.Cents
	for _, l := range b.lines {
		sum += l.Amount() + l.Tax
	}
	return sum
}

// receipt is a payment of the past.
type receipt struct {
	customer int
	date     calendar.Date
	kind     ledger.Kind
	number   string
	brand    string
	bills    []int // places in the list of bills, paid in full
	part     int   // a bill that is paid by half, or -1
	extra    money.Cents
}

// maker makes the history up. Its dice fall the same way every time.
type maker struct {
	today    calendar.Date
	dice     *rand.Rand
	bills    []bill
	receipts []receipt
	checks   []int // the next check number of each customer
}

// history makes up two years of invoices and payments that end today.
func history(today calendar.Date) *maker {
	m := &maker{today: today, dice: rand.New(rand.NewPCG(48, 2)), checks: make([]int, len(households))}
	for i, h := range households {
		m.checks[i] = 1000 + m.dice.IntN(4000)
		m.invoice(i, h)
	}
	slices.SortStableFunc(m.bills, func(a, b bill) int { return cmp.Compare(a.date, b.date) })
	for i, h := range households {
		m.pay(i, h)
	}
	return m
}

// invoice makes the bills of one customer.
func (m *maker) invoice(i int, h household) {
	first := calendar.NewDate(m.today.Year(), m.today.Month(), 1)
	for back := min(h.since, monthsBack); back >= 0 && h.monthly > 0; back-- {
		date := first.AddMonths(-back)
		if (h.since-back)%h.cycle != 0 || date > m.today {
			continue
		}
		b := bill{customer: i, date: date, due: ledger.DueDate(date, h.terms), monitoring: true}
		for s, p := range h.sites {
			price := money.Cents(h.monthly)
			if s > 0 {
				price = price * 7 / 10
			}
			b.lines = append(b.lines, monitoring(h, p, date, price))
		}
		if h.business != "" && back%9 == 4 {
			b.lines = append(b.lines, part("Cellular communicator, LTE", 1000, 18900), part("Backup battery, 12 V 7 Ah", 2000, 3450))
		}
		b.lines = taxed(h, b.lines)
		if h.habit == quarterly {
			b.po = fmt.Sprintf("PO-%d", 4400+back)
		}
		m.bills = append(m.bills, b)
	}
	for visit := range 3 {
		days := 40 + visit*210 + m.dice.IntN(150)
		if days > h.since*30 || h.habit == byCash && visit > 0 {
			continue
		}
		m.serviceCall(i, h, m.today.AddDays(-days))
	}
	// something to pay that is not due yet
	if i < 4 || i%5 == 2 {
		m.serviceCall(i, h, m.today.AddDays(-4))
	}
}

// monitoring is the line that most invoices have.
func monitoring(h household, p place, date calendar.Date, monthly money.Cents) ledger.Line {
	text := "Monitoring, " + date.Month().String() + " " + fmt.Sprint(date.Year())
	if h.cycle > 1 {
		last := date.AddMonths(h.cycle - 1)
		text = fmt.Sprintf("Monitoring, %s %d to %s %d", date.Month(), date.Year(), last.Month(), last.Year())
	}
	if len(h.sites) > 1 {
		text += ", " + p.name
	}
	return ledger.Line{Description: text, Quantity: money.Quantity(1000 * h.cycle), UnitPrice: monthly}
}

// part is something sold, with tax; quantity in thousandths.
func part(name string, quantity money.Quantity, price money.Cents) ledger.Line {
	l := ledger.Line{Description: name, Quantity: quantity, UnitPrice: price}
	l.Tax = money.Tax(l.Amount(), salesTax)
	return l
}

// calls are what technicians are sent for.
var calls = []struct {
	work  string
	hours money.Quantity
	parts []ledger.Line
}{
	{"Service call: motion detector in the hallway replaced", 1000, []ledger.Line{part("Motion detector, wireless, pet immune", 1000, 7900)}},
	{"Service call: smoke detectors tested and two replaced", 1500, []ledger.Line{part("Smoke detector, photoelectric", 2000, 8450)}},
	{"Service call: panel battery replaced", 500, []ledger.Line{part("Backup battery, 12 V 7 Ah", 1000, 3450)}},
	{"Service call: door contact realigned", 750, nil},
	{"Service call: camera over the back door replaced", 2000, []ledger.Line{part("Camera, turret, 4 MP", 1000, 21900), part("Cable, Cat 6, per foot", 65000, 42)}},
	{"Annual fire alarm inspection with report", 3000, []ledger.Line{part("Inspection tags", 12000, 150)}},
}

const hourly money.Cents = 12500

func (m *maker) serviceCall(i int, h household, date calendar.Date) {
	c := calls[m.dice.IntN(len(calls))]
	lines := append([]ledger.Line{{Description: c.work, Quantity: c.hours, UnitPrice: hourly}}, c.parts...)
	m.bills = append(m.bills, bill{customer: i, site: m.dice.IntN(len(h.sites)), date: date, due: ledger.DueDate(date, h.terms), lines: taxed(h, lines)})
}

// taxed takes the tax off for those who pay none.
func taxed(h household, lines []ledger.Line) []ledger.Line {
	if h.exempt {
		for i := range lines {
			lines[i].Tax = 0
		}
	}
	return lines
}

// pay makes the payments of one customer for the bills in order.
func (m *maker) pay(i int, h household) {
	var own []int
	for n, b := range m.bills {
		if b.customer == i {
			own = append(own, n)
		}
	}
	var open []int // of one who pays several at once
	for k, n := range own[:max(0, len(own)-h.online)] {
		b := m.bills[n]
		due := b.due
		r := receipt{customer: i, bills: []int{n}, part: -1, kind: ledger.Check}
		switch h.habit {
		case byCheck, byCash, byCard, byECheck, partly:
			r.date = due.AddDays(-m.dice.IntN(8))
		case late:
			r.date = due.AddDays(20 + m.dice.IntN(30))
		case stopped:
			if b.date > m.today.AddMonths(-4) {
				continue
			}
			r.date = due
		case never:
			continue
		case overpaying:
			r.date = due.AddDays(-9)
			if r.date > m.today { // never behind, whatever day it is
				r.date = m.today.AddDays(-1)
			}
			r.extra = money.Cents(10000-int64(b.total())%10000) % 500
		case quarterly:
			open = append(open, n)
			if k%3 != 2 {
				continue
			}
			r.bills, open = open, nil
			r.date = due.AddDays(-2)
		}
		switch h.habit {
		case byCard, partly:
			r.kind, r.brand, r.number = ledger.Card, []string{"Visa", "Mastercard", "American Express"}[i%3], fmt.Sprintf("%04d", 1000+137*i%9000)
		case byECheck:
			r.kind, r.number = ledger.ECheck, fmt.Sprintf("%04d", 1000+211*i%9000)
		case byCash:
			r.kind = ledger.Cash
		default:
			m.checks[i]++
			r.number = fmt.Sprint(m.checks[i])
		}
		if h.habit == partly {
			// the last four months: two open, one paid by half, the rest paid
			if left := len(own) - k; left <= 2 {
				continue
			} else if left == 3 {
				r.bills, r.part = nil, n
			}
		}
		if r.date < b.date {
			r.date = b.date
		}
		if r.date >= m.today && h.habit != overpaying {
			continue
		}
		m.receipts = append(m.receipts, r)
	}
	slices.SortStableFunc(m.receipts, func(a, b receipt) int { return cmp.Compare(a.date, b.date) })
}

// noon is the moment of a day at which the office enters things.
func noon(d calendar.Date, zone *time.Location) calendar.Instant {
	return calendar.InstantOf(d.Time(zone).Add(12 * time.Hour))
}

// books are the ids of what was written.
type books struct {
	customers []int64
	keys      []string
	sites     [][]int64
	systems   [][][]int64 // by customer and site
	invoices  []int64     // by the place of the bill
	// who works in the office
	owner, clerk, seller int64
	techs                []int64
}

// write puts the customers and their history into the books. It runs in the
// caller's transaction.
func (m *maker) write(ctx context.Context, q *db.Queries, zone *time.Location) (*books, error) {
	b := &books{invoices: make([]int64, len(m.bills))}
	for i, h := range households {
		if err := b.customer(ctx, q, noon(m.today.AddMonths(-h.since), zone), i, h); err != nil {
			return nil, fmt.Errorf("customer %s: %w", customerNumber(i), err)
		}
	}
	for n, inv := range m.bills {
		id, err := ledger.IssueInvoice(ctx, q, noon(inv.date, zone), ledger.InvoiceRecord{
			Number: fmt.Sprint(firstInvoice + n + 1), CustomerID: b.customers[inv.customer], SiteID: b.sites[inv.customer][inv.site],
			Date: inv.date, Due: inv.due, PONumber: inv.po, Lines: inv.lines,
		})
		if err != nil {
			return nil, fmt.Errorf("invoice %d: %w", firstInvoice+n+1, err)
		}
		b.invoices[n] = id
	}
	for n, r := range m.receipts {
		p := ledger.PaymentRecord{
			CustomerID: b.customers[r.customer], Kind: r.kind, Number: r.number, Brand: r.brand, Date: r.date, Amount: r.extra, Source: "import",
		}
		for _, bill := range r.bills {
			p.Amount += m.bills[bill].total()
			p.Allocations = append(p.Allocations, ledger.Allocation{InvoiceID: b.invoices[bill], Cents: m.bills[bill].total()})
		}
		if r.part >= 0 {
			half := m.bills[r.part].total() / 2
			p.Amount += half
			p.Allocations = append(p.Allocations, ledger.Allocation{InvoiceID: b.invoices[r.part], Cents: half})
		}
		if _, err := ledger.RecordPayment(ctx, q, noon(r.date, zone), p); err != nil {
			return nil, fmt.Errorf("payment %d of customer %s: %w", n, customerNumber(r.customer), err)
		}
	}
	return b, nil
}

// customer writes one customer with sites and systems.
func (b *books) customer(ctx context.Context, q *db.Queries, now calendar.Instant, i int, h household) error {
	key := account.NewRegistrationKey()
	r := account.Record{
		Number: customerNumber(i), BusinessName: h.business, FirstName: h.first, LastName: h.last,
		Address1: h.street, City: h.city, State: "MA", Zip: h.zip, Phones: []string{h.phone(i)}, RegistrationKey: key, Terms: h.terms,
	}
	if a := h.address(); a != "" {
		r.Emails = []string{a}
	}
	id, _, err := account.SaveCustomer(ctx, q, now, r)
	if err != nil {
		return err
	}
	b.customers, b.keys = append(b.customers, id), append(b.keys, key)
	var sites []int64
	var systems [][]int64
	for n, p := range h.sites {
		if p.street == "" {
			p.street, p.city, p.zip = h.street, h.city, h.zip
		}
		site, _, err := account.SaveSite(ctx, q, now, account.SiteRecord{
			CustomerID: id, Name: p.name, Address1: p.street, City: p.city, State: "MA", Zip: p.zip, TaxCode: "MA", TaxExempt: h.exempt,
		})
		if err != nil {
			return err
		}
		var here []int64
		for _, kind := range p.systems {
			system, _, err := account.SaveSystem(ctx, q, now, account.SystemRecord{
				SiteID: site, Name: kind, SystemType: kind, AccountNumber: fmt.Sprintf("BH-%03d%d", i+100, n+1),
			})
			if err != nil {
				return err
			}
			here = append(here, system)
		}
		sites, systems = append(sites, site), append(systems, here)
	}
	b.sites, b.systems = append(b.sites, sites), append(b.systems, systems)
	return nil
}
