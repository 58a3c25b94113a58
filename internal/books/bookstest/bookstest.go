// Package bookstest makes up a dealer's books as CSV files of any size, for
// tests and measurements of the import.
package bookstest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

// Size says how large the books are.
type Size struct {
	Customers int
	Lines     int // of invoices, two or three on each
	// Shuffle puts the rows of invoices.csv into random order, so that those of
	// one invoice stand far apart.
	Shuffle bool
}

var (
	firstNames = []string{"Mary", "José", "Siobhán", "Wei", "Anne-Marie", "D'Angelo", "Björn", "Olga", "James", "Patricia"}
	lastNames  = []string{"O'Brien", "Muñoz", "Smith", "van der Berg", "Kowalski", "Nguyen", "Müller", "Johnson", "St. Clair", "Łukasz"}
	businesses = []string{"Corner Hardware", `The "Blue" Door`, "Smith, Jones & Co", "Café Zoë", "Harbor Storage"}
	services   = []string{"Monitoring, monthly", "Cellular backup", "Fire panel inspection", "Service call\nTwo technicians", `Keypad 5" display`}
)

// Write makes the files, each with create. The same seed makes the same books.
func Write(create func(name string) (io.WriteCloser, error), size Size, seed uint64) error {
	g := &maker{rng: rand.New(rand.NewPCG(seed, 1)), create: create, size: size}
	for _, f := range []struct {
		name  string
		write func(out *bufio.Writer)
	}{
		{"customers.csv", g.customers}, {"sites.csv", g.sites}, {"systems.csv", g.systems},
		{"invoices.csv", g.invoices}, {"payments.csv", g.payments},
	} {
		w, err := create(f.name)
		if err != nil {
			return err
		}
		out := bufio.NewWriterSize(w, 1<<16)
		f.write(out)
		if err := errors.Join(out.Flush(), w.Close()); err != nil {
			return err
		}
	}
	return nil
}

type maker struct {
	rng    *rand.Rand
	create func(string) (io.WriteCloser, error)
	size   Size
}

// row writes cells as programs do: in quotes where they must be.
func row(out *bufio.Writer, cells ...string) {
	for i, c := range cells {
		if i > 0 {
			out.WriteByte(',')
		}
		if strings.ContainsAny(c, ",\"\r\n") {
			c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		out.WriteString(c)
	}
	out.WriteString("\r\n") // errors stay in the writer until it is flushed
}

func number(customer int) string { return fmt.Sprint(1000 + customer) }

func (g *maker) customers(out *bufio.Writer) {
	row(out, "Customer Number", "Business Name", "First Name", "Last Name", "Address1", "City", "State", "Zip", "Phone", "Email", "Status", "Terms")
	for i := range g.size.Customers {
		business := ""
		if i%7 == 0 {
			business = fmt.Sprintf("%s %d", businesses[i/7%len(businesses)], i)
		}
		first, last := firstNames[g.rng.IntN(len(firstNames))], lastNames[g.rng.IntN(len(lastNames))]
		row(out, number(i), business, first, last, fmt.Sprintf("%d Main St", 1+i), "Springfield", "MA", fmt.Sprint(1101+i%800),
			fmt.Sprintf("(413) 555-%04d", i%10000), fmt.Sprintf("customer%d@example.com", i), "active", "Net 30")
	}
}

func (g *maker) sites(out *bufio.Writer) {
	row(out, "customer_number", "site_name", "address1", "city", "state", "zip")
	for i := range g.size.Customers {
		row(out, number(i), "Main", fmt.Sprintf("%d Main St", 1+i), "Springfield", "MA", "01101")
		if i%10 == 0 {
			row(out, number(i), "Warehouse", fmt.Sprintf("%d Dock Rd", 1+i), "Springfield", "MA", "01102")
		}
	}
}

func (g *maker) systems(out *bufio.Writer) {
	row(out, "customer_number", "site_name", "system_name", "system_type", "account_number")
	for i := range g.size.Customers {
		row(out, number(i), "Main", "Burglary", "DSC Neo", fmt.Sprintf("A%06d", i))
	}
}

// lines is how many lines an invoice has: two or three by turns.
func lines(invoice int) int { return 2 + invoice%2 }

// price of a line, so that totals can be known without holding them.
func price(invoice, line int) int { return 1995 + (invoice*37+line*101)%4000 }

func (g *maker) count() int { return g.size.Lines * 2 / 5 }

func (g *maker) invoices(out *bufio.Writer) {
	row(out, "invoice_number", "customer_number", "invoice_date", "due_date", "site_name", "description", "quantity", "unit_price", "tax", "Memo")
	write := func(i, l int) {
		row(out, fmt.Sprint(100000+i), number(i%g.size.Customers), date(i/g.size.Customers), "", "Main", services[(i+l)%len(services)], "1",
			dollars(price(i, l)), dollars(price(i, l)/16), "made up")
	}
	if !g.size.Shuffle {
		for i := range g.count() {
			for l := range lines(i) {
				write(i, l)
			}
		}
		return
	}
	for l := range 3 {
		for _, i := range g.rng.Perm(g.count()) {
			if l < lines(i) {
				write(i, l)
			}
		}
	}
}

func (g *maker) payments(out *bufio.Writer) {
	row(out, "payment_number", "customer_number", "payment_date", "payment_type", "reference", "amount", "apply_to")
	for i := range g.count() {
		if i%20 == 0 { // one in twenty is open
			continue
		}
		total := 0
		for l := range lines(i) {
			total += price(i, l) + price(i, l)/16
		}
		row(out, fmt.Sprintf("P%d", i), number(i%g.size.Customers), date(i/g.size.Customers+1), "Check", fmt.Sprint(2000+i%7000), dollars(total), fmt.Sprint(100000+i))
	}
}

func date(month int) string {
	return fmt.Sprintf("%d/%d/%d", 1+month%12, 1+month%28, 2020+month/12)
}

func dollars(cents int) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }
