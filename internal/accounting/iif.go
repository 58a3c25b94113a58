package accounting

import (
	"bufio"
	"context"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// The IIF file of QuickBooks Desktop, as Intuit describes it in the program's
// help ("Reference guide to import files", at
// support.quickbooks.intuit.com/support/Pages/InProductHelp/Core/QB2K8/ContentPackage/Core/IIF/iif_reference_transactions.html,
// and on headers support.quickbooks.intuit.com/support/Articles/HOW12778): lines
// of cells between tabs; header lines that begin with an exclamation mark and
// name the columns; a transaction is one TRNS line, its SPL lines and ENDTRNS,
// and their amounts come to zero. How sales tax stands in an invoice (its own
// SPL line with the agency's name, the tax item and AUTOSTAX, there also when
// nothing is taxed) is from
// github.com/NewPath-Consulting/quickbooks-for-wildapricot.

// Limits of QuickBooks Desktop
// (developer.intuit.com/app/developer/qbdesktop/docs/api-reference/qbdesktop).
const (
	nameLength   = 41 // of a customer
	numberLength = 11 // of a transaction
	memoLength   = 200
)

// iifWriter writes lines in Windows-1252, the only character set that
// QuickBooks Desktop reads.
type iifWriter struct {
	out *bufio.Writer
	err error
}

// line writes one line. No cell may hold what parts cells or lines, nor a quote,
// which QuickBooks takes for the beginning of a quoted cell.
func (i *iifWriter) line(cells ...string) {
	for n, cell := range cells {
		if n > 0 {
			i.write("\t")
		}
		i.write(iifText(cell))
	}
	i.write("\r\n")
}

func (i *iifWriter) write(s string) {
	if i.err == nil {
		_, i.err = i.out.WriteString(s)
	}
}

// iifText makes a text of one line in Windows-1252, without quotes. What that
// character set does not have is written as a question mark.
func iifText(s string) string {
	plain := true
	for n := range len(s) {
		if c := s[n]; c < ' ' || c == '"' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '“' || r == '”':
			b.WriteByte('\'')
		case r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029':
			b.WriteByte(' ')
		default:
			c, ok := charmap.Windows1252.EncodeRune(r)
			if !ok || c < ' ' || c >= 0x80 && r < 0xa0 { // the unused places of the character set
				c = '?'
			}
			b.WriteByte(c)
		}
	}
	return b.String()
}

// customerName is by what QuickBooks knows a customer: the name and the number,
// for names alone are not unique; at most 41 characters and without a colon,
// which parts a job from its customer.
func customerName(number, name string) string {
	tidy := func(s string) string {
		return strings.Join(strings.Fields(strings.ReplaceAll(s, ":", " ")), " ")
	}
	tail := "#" + tidy(number)
	if utf8.RuneCountInString(tail) >= nameLength {
		return cut(tail, nameLength)
	}
	head := strings.TrimSpace(cut(tidy(name), nameLength-1-utf8.RuneCountInString(tail)))
	return strings.TrimSpace(head + " " + tail)
}

// cut keeps the first characters of a text.
func cut(s string, most int) string {
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i]
		}
	}
	return s
}

// tail keeps the last characters of a number, where numbers differ.
func tail(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[len(r)-most:])
	}
	return s
}

// usDate is a day as QuickBooks reads it: MM/DD/YYYY.
func usDate(d calendar.Date) string {
	iso := d.ISO()
	return iso[5:7] + "/" + iso[8:10] + "/" + iso[:4]
}

var (
	trnsHeader = []string{"!TRNS", "TRNSID", "TRNSTYPE", "DATE", "ACCNT", "NAME", "AMOUNT", "DOCNUM", "MEMO", "CLEAR", "TOPRINT", "NAMEISTAXABLE", "DUEDATE", "PAYMETH"}
	splHeader  = []string{"!SPL", "SPLID", "TRNSTYPE", "DATE", "ACCNT", "NAME", "AMOUNT", "DOCNUM", "MEMO", "CLEAR", "QNTY", "PRICE", "INVITEM", "TAXABLE", "PAYMETH", "EXTRA"}
)

// iif writes the period for QuickBooks Desktop.
func (w *writer) iif(ctx context.Context, to io.Writer) error {
	i := &iifWriter{out: bufio.NewWriterSize(to, 64<<10)}
	w.iifLists(i)
	if err := w.iifCustomers(ctx, i); err != nil {
		return err
	}
	i.line(trnsHeader...)
	i.line(splHeader...)
	i.line(append([]string{"!ENDTRNS"}, make([]string, len(splHeader)-1)...)...)
	err := w.reader.invoices(ctx, func(v invoice) error {
		w.iifInvoice(i, v)
		return i.err
	})
	if err != nil {
		return err
	}
	err = w.facts(ctx, func(f fact) error {
		w.iifFact(i, f)
		return i.err
	})
	if err != nil {
		return err
	}
	err = w.reader.deposits(ctx, func(d deposit) error {
		w.iifDeposit(i, d)
		return i.err
	})
	if err != nil {
		return err
	}
	if i.err != nil {
		return i.err
	}
	return i.out.Flush()
}

// iifLists names the accounts, items and the tax agency: QuickBooks makes those
// it does not have, and would make an account that is not named here a bank
// account.
func (w *writer) iifLists(i *iifWriter) {
	a := w.accounts
	i.line("!ACCNT", "NAME", "ACCNTTYPE")
	seen := map[string]bool{}
	for _, one := range []struct{ name, kind string }{
		{a.Receivable, "AR"}, {a.Undeposited, "OCASSET"}, {a.Bank, "BANK"}, {a.Income, "INC"}, {a.Tax, "OCLIAB"},
		{a.Credits, "INC"}, {a.Refunds, "OCASSET"}, {a.Fees, "EXP"},
	} {
		if !seen[one.name] {
			i.line("ACCNT", one.name, one.kind)
			seen[one.name] = true
		}
	}
	i.line("!VEND", "NAME")
	i.line("VEND", a.TaxAgency)
	i.line("!INVITEM", "NAME", "INVITEMTYPE", "DESC", "ACCNT", "PRICE", "TAXABLE", "TAXVEND")
	i.line("INVITEM", a.Item, "SERV", a.Item, a.Income, "0", "Y", "")
	i.line("INVITEM", a.TaxItem, "COMPTAX", a.TaxItem, a.Tax, "0%", "N", a.TaxAgency)
	i.line("INVITEM", creditItem, "SERV", creditItem, a.Credits, "0", "N", "")
}

// creditItem is the item of a credit memo.
const creditItem = "Customer credit"

func (w *writer) iifCustomers(ctx context.Context, i *iifWriter) error {
	i.line("!CUST", "NAME", "BADDR1", "BADDR2", "BADDR3", "BADDR4", "COMPANYNAME", "FIRSTNAME", "LASTNAME", "PHONE1", "EMAIL")
	return w.customers(ctx, func(c customerRow) error {
		address := []string{c.DisplayName}
		for _, line := range []string{c.Address1, c.Address2, cityLine(c)} {
			if line != "" {
				address = append(address, line)
			}
		}
		for n := range address {
			address[n] = cut(address[n], 41)
		}
		address = append(address, "", "", "")
		i.line("CUST", customerName(c.Number, c.DisplayName), address[0], address[1], address[2], address[3],
			cut(c.BusinessName, 41), cut(c.FirstName, 25), cut(c.LastName, 25), cut(c.Phone, 21), cut(c.Email, 99))
		return i.err
	})
}

// customerRow is a customer of whom something happened in the period.
type customerRow = db.ListCustomersOfPeriodRow

func cityLine(c customerRow) string {
	line := strings.TrimSpace(c.State + " " + c.Zip)
	if c.City != "" && line != "" {
		return c.City + ", " + line
	}
	return c.City + line
}

// customers calls fn for every customer of whom something happened in the period.
func (r reader) customers(ctx context.Context, fn func(c customerRow) error) error {
	return pages(ctx, func(after int64) (int64, int, error) {
		list, err := r.q.ListCustomersOfPeriod(ctx, db.ListCustomersOfPeriodParams{AfterID: after, FromDate: r.p.From, ToDate: r.p.To, HowMany: pageOf})
		for _, c := range list {
			if err := fn(c); err != nil {
				return 0, 0, err
			}
			after = c.ID
		}
		return after, len(list), err
	})
}

// transaction is what the lines of one IIF transaction have in common.
type transaction struct {
	kind, date, name, number string
}

func (t transaction) trns(i *iifWriter, account string, cents money.Cents, memo, due, paymeth string) {
	i.line("TRNS", "", t.kind, t.date, account, t.name, cents.Plain(), t.number, cut(memo, memoLength), "N", "N", "N", due, paymeth)
}

// split is one SPL line.
type split struct {
	account, name, memo, quantity, price, item, paymeth, extra string
	cents                                                      money.Cents
	taxed                                                      bool
}

func (t transaction) spl(i *iifWriter, s split) {
	taxable := "N"
	if s.taxed {
		taxable = "Y"
	}
	i.line("SPL", "", t.kind, t.date, s.account, s.name, s.cents.Plain(), t.number, cut(s.memo, memoLength), "N", s.quantity, s.price, s.item, taxable, s.paymeth, s.extra)
}

func (t transaction) end(i *iifWriter) { i.line("ENDTRNS") }

func (w *writer) iifInvoice(i *iifWriter, v invoice) {
	t := transaction{"INVOICE", usDate(v.InvoiceDate), customerName(v.CustomerNumber, v.DisplayName), tail(v.Number, numberLength)}
	t.trns(i, w.accounts.Receivable, v.TotalCents, "Invoice "+v.Number, usDate(v.DueDate), "")
	for _, l := range v.lines {
		// what is sold leaves: QuickBooks writes its quantity as negative
		t.spl(i, split{account: w.accounts.Income, cents: -l.AmountCents, memo: l.Description, quantity: "-" + l.Quantity.String(),
			price: l.UnitPriceCents.Plain(), item: w.accounts.Item, taxed: l.TaxCents != 0})
	}
	w.iifTax(i, t, -v.TaxCents)
	t.end(i)
}

// iifTax writes the line of the sales tax, which QuickBooks wants even when
// there is none.
func (w *writer) iifTax(i *iifWriter, t transaction, cents money.Cents) {
	t.spl(i, split{account: w.accounts.Tax, name: w.accounts.TaxAgency, cents: cents, price: "0%", item: w.accounts.TaxItem, extra: "AUTOSTAX"})
}

func (w *writer) iifFact(i *iifWriter, f fact) {
	a := w.accounts
	number := f.reference
	if number == "" {
		number = f.invoice
	}
	t := transaction{"GENERAL JOURNAL", usDate(f.date), customerName(f.customerNumber, f.customer), tail(number, numberLength)}
	switch {
	case f.reason == ledger.Payment && f.cents < 0:
		t.kind = "PAYMENT"
		t.trns(i, a.Undeposited, -f.cents, f.words(), "", payMeth(f))
		t.spl(i, split{account: a.Receivable, name: t.name, cents: f.cents, memo: f.words(), paymeth: payMeth(f)})
	case (f.reason == ledger.Void || f.reason == ledger.Credit) && f.cents < 0:
		t.kind = "CREDIT MEMO"
		t.trns(i, a.Receivable, f.cents, f.words(), "", "")
		if f.reason == ledger.Void {
			net := -f.cents - f.tax
			t.spl(i, split{account: a.Income, cents: net, memo: f.words(), quantity: "1", price: net.Plain(), item: a.Item, taxed: f.tax != 0})
		} else {
			t.spl(i, split{account: a.Credits, cents: -f.cents, memo: f.words(), quantity: "1", price: (-f.cents).Plain(), item: creditItem})
		}
		w.iifTax(i, t, f.tax)
	default:
		e := a.fact(f)
		w.iifEntry(i, t, e)
		return
	}
	t.end(i)
}

// iifEntry writes an entry of the journal as it is; the customer stands on what
// is his.
func (w *writer) iifEntry(i *iifWriter, t transaction, e entry) {
	for n, p := range e.postings {
		name := ""
		if p.account == w.accounts.Receivable {
			name = t.name
		}
		if n == 0 {
			first := t
			first.name = name
			first.trns(i, p.account, p.cents, e.memo, "", "")
		} else {
			t.spl(i, split{account: p.account, name: name, cents: p.cents, memo: e.memo})
		}
	}
	if len(e.postings) > 0 {
		t.end(i)
	}
}

// payMeth is the payment's way in the names QuickBooks comes with.
func payMeth(f fact) string {
	switch ledger.Kind(f.kind) {
	case ledger.Check, ledger.Cash:
		return ledger.Kind(f.kind).Label()
	case ledger.ECheck:
		return "E-Check"
	case ledger.Card:
		return "Credit Card"
	}
	return "Other"
}

func (w *writer) iifDeposit(i *iifWriter, d deposit) {
	e := w.accounts.deposit(d)
	t := transaction{kind: "DEPOSIT", date: usDate(d.date), number: tail(e.number, numberLength)}
	if d.net() <= 0 {
		t.kind = "GENERAL JOURNAL" // a deposit takes nothing away
	}
	w.iifEntry(i, t, e)
}
