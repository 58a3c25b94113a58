package books

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// planner decides what becomes of each row by the rows before it and by the
// books, and writes nothing to the books.
type planner struct {
	stage     *stage
	q         *db.Queries
	inputs    []*input
	papers    map[string]Source
	notes     int // of the report, those that reading found
	report    *Report
	overwrite bool
	progress  func(Progress)
	zone      func(calendar.Instant) calendar.Date
	today     calendar.Date
	done      int64
	total     int64
	ids       customerIDs
	kept      int64         // the last thing of which something stays
	locked    calendar.Date // the last day of the closed period
}

// run plans all the rows anew.
func (p *planner) run(ctx context.Context) error {
	for _, s := range []string{
		`DELETE FROM refused WHERE planned = 1`, `DELETE FROM keys`, `DELETE FROM balances`, `DELETE FROM new_offers`, `DELETE FROM used_papers`, `UPDATE payments SET verdict = 0, split = ''`, `UPDATE things SET verdict = 0`,
	} {
		if err := p.stage.exec(s); err != nil {
			return err
		}
	}
	p.ids, p.kept, p.done = customerIDs{}, 0, 0
	p.report.Notes = p.report.Notes[:p.notes]
	var err error
	if p.locked, err = ledger.LockedUntil(context.WithoutCancel(ctx), p.q); err != nil {
		return fmt.Errorf("books: %w", err)
	}
	p.total = p.report.Totals().Rows
	for _, step := range []func(context.Context) error{p.customers, p.taxes, p.sites, p.systems, p.recurring, p.invoices, p.payments, p.offers} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	p.progress(Progress{"Checking", p.total, p.total})
	return nil
}

// tick counts rows that are decided.
func (p *planner) tick(rows int) {
	before := p.done
	p.done += int64(rows)
	if p.done/512 != before/512 {
		p.progress(Progress{"Checking", p.done, max(p.total, p.done)})
	}
}

// refuse refuses one row.
func (p *planner) refuse(file int, line int64, column, format string, args ...any) error {
	f := Finding{p.inputs[file].Name, line, column, fmt.Sprintf(format, args...)}
	p.report.Files[file].Refused++
	note(&p.report.Refused, f)
	return p.stage.exec(`INSERT INTO refused (file, line, planned, reason) VALUES (?, ?, 1, ?)`, file, line, reasonText([]Finding{f}))
}

// refuseFault refuses one row with a noun's own words.
func (p *planner) refuseFault(file int, line int64, err error) error {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	return p.refuse(file, line, e.Field, "%s", e.Message)
}

// thing is a staged customer, site or system.
type thing struct {
	seq   int64
	kind  *kind
	key   string
	file  int
	line  int64
	cells []string // in the order of the kind's columns
}

// things calls fn for the staged rows of a kind with one of the verdicts.
func (s *stage) things(ctx context.Context, k *kind, fn func(t thing) error, verdicts ...verdict) error {
	return s.each(ctx, `SELECT seq, key, file, line, cells, verdict FROM things WHERE kind = ? ORDER BY seq`, []any{k.rank}, func(scan func(...any) error) error {
		t := thing{kind: k}
		var cells string
		var v verdict
		if err := scan(&t.seq, &t.key, &t.file, &t.line, &cells, &v); err != nil {
			return err
		}
		if !slices.Contains(verdicts, v) {
			return nil
		}
		if err := json.Unmarshal([]byte(cells), &t.cells); err != nil {
			return fmt.Errorf("books: scratch: %w", err)
		}
		return fn(t)
	})
}

// cell returns one column.
func (t thing) cell(column string) string { return t.cells[slices.Index(t.kind.columns, column)] }

// over puts the row over what the books hold: a cell that is empty, or a column
// that the file does not have, leaves the books as they are, and phones and
// addresses that the file does not name stay behind those it does. For a file
// never deletes.
func (t thing) over(old []string) thing {
	if old == nil {
		return t
	}
	t.cells = slices.Clone(t.cells)
	for i, column := range t.kind.columns {
		switch {
		case t.cells[i] == "":
			t.cells[i] = old[i]
		case column == "phone":
			t.cells[i] = unite(t.cells[i], old[i], phoneDigits)
		case column == "email":
			t.cells[i] = unite(t.cells[i], old[i], strings.ToLower)
		}
	}
	return t
}

// unite puts two lists together, without what means the same.
func unite(first, more string, same func(string) string) string {
	list := parseList(first)
	for _, m := range parseList(more) {
		if !slices.ContainsFunc(list, func(l string) bool { return same(l) == same(m) }) {
			list = append(list, m)
		}
	}
	return strings.Join(list, ";")
}

// phoneDigits is by what two phones are the same.
func phoneDigits(phone string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
	return digits[max(0, len(digits)-10):]
}

// keyColumn is where customers have their Registration Key.
var keyColumn = slices.Index(customersFile.columns, "registration_key")

// contactColumns are what a customer may change in the portal.
var contactColumns = []string{"business_name", "first_name", "last_name", "address1", "address2", "city", "state", "zip", "phone", "email"}

// customer returns what the books hold of a customer as cells, nil when it is new.
func customer(ctx context.Context, q *db.Queries, number string) (cells []string, edited calendar.Instant, err error) {
	c, err := q.GetCustomerByNumber(ctx, number)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("books: customer %s: %w", number, err)
	}
	phones, err := q.ListPhonesForCustomer(ctx, c.ID)
	if err != nil {
		return nil, 0, fmt.Errorf("books: customer %s: %w", number, err)
	}
	list := make([]string, len(phones))
	for i, p := range phones {
		list[i] = p.Phone
	}
	emails, err := q.ListEmailsForCustomer(ctx, c.ID)
	if err != nil {
		return nil, 0, fmt.Errorf("books: customer %s: %w", number, err)
	}
	return []string{c.Number, c.BusinessName, c.FirstName, c.LastName, c.Address1, c.Address2, c.City, c.State, c.Zip,
		strings.Join(list, ";"), strings.Join(emails, ";"), c.RegistrationKey, c.Status, c.Terms, c.SalespersonEmail}, c.ContactEditedAt, nil
}

// record makes a customer of cells.
func (t thing) record(overwrite bool) account.Record {
	return account.Record{
		Number: t.cell("customer_number"), BusinessName: t.cell("business_name"), FirstName: t.cell("first_name"), LastName: t.cell("last_name"),
		Address1: t.cell("address1"), Address2: t.cell("address2"), City: t.cell("city"), State: t.cell("state"), Zip: t.cell("zip"),
		Phones: parseList(t.cell("phone")), Emails: parseList(t.cell("email")), RegistrationKey: t.cell("registration_key"),
		Status: t.cell("status"), Terms: t.cell("terms"), SalespersonEmail: t.cell("salesperson_email"), Overwrite: overwrite,
	}
}

func (p *planner) customers(ctx context.Context) error {
	return p.stage.things(ctx, customersFile, func(t thing) error {
		p.tick(1)
		old, edited, err := customer(ctx, p.q, t.key)
		if err != nil {
			return err
		}
		key := t.cell("registration_key")
		if old != nil && key != "" && key != old[keyColumn] {
			// an older file would bring back a key that was made void
			p.keep(t, "registration_key", "the customer has another Registration Key in the books, which stays")
			t.cells[keyColumn] = ""
		}
		if old == nil && key != "" {
			if ok, err := p.freeKey(ctx, t, key); !ok || err != nil {
				return err
			}
		}
		t = t.over(old)
		if err := t.record(p.overwrite).Check(); err != nil {
			if err := p.refuseFault(t.file, t.line, err); err != nil {
				return err
			}
			return p.decide(t, isRefused)
		}
		return p.compare(t, old, func(column string) string {
			if edited == 0 || p.overwrite || !slices.Contains(contactColumns, column) {
				return ""
			}
			return "the customer changed this in the portal on " + p.zone(edited).String() + ", which stays"
		})
	}, undecided)
}

// freeKey refuses a new customer whose Registration Key another has.
func (p *planner) freeKey(ctx context.Context, t thing, key string) (bool, error) {
	owner, err := p.q.FindCustomerByKey(ctx, key)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("books: %w", err)
	}
	var line int64
	taken, err := p.stage.one(`SELECT line FROM keys WHERE key = ?`, []any{key}, &line)
	if err != nil {
		return false, err
	}
	switch {
	case owner != "":
		err = p.refuse(t.file, t.line, "registration_key", "customer %s has this Registration Key", owner)
	case taken:
		err = p.refuse(t.file, t.line, "registration_key", "the customer on line %d has this Registration Key", line)
	default:
		return true, p.stage.exec(`INSERT INTO keys (key, line) VALUES (?, ?)`, key, t.line)
	}
	return false, errors.Join(err, p.decide(t, isRefused))
}

// compare decides about a row by what the books hold. Stays says of a column
// why it is not to be changed, "" when it is.
func (p *planner) compare(t thing, old []string, stays func(column string) string) error {
	if old == nil {
		return p.decide(t, isNew)
	}
	return p.decide(t, p.differs(t, old, stays))
}

// differs notes what a row changes of what the books hold.
func (p *planner) differs(t thing, old []string, stays func(column string) string) verdict {
	v := isUnchanged
	for i, column := range t.kind.columns {
		if t.cells[i] == old[i] || anyCase(t.kind, column) && strings.EqualFold(t.cells[i], old[i]) {
			continue
		}
		if why := stays(column); why != "" {
			p.keep(t, column, why)
			continue
		}
		v = isChanged
		note(&p.report.Changed, Finding{p.inputs[t.file].Name, t.line, column, strconv.Quote(shorten(old[i])) + " becomes " + strconv.Quote(shorten(t.cells[i]))})
	}
	return v
}

// anyCase reports whether upper and lower case make no difference in a column:
// in addresses, and in the numbers and names by which rows are matched.
func anyCase(k *kind, column string) bool {
	switch column {
	case "email", "customer_number", "site_name":
		return true
	}
	return (k == systemsFile || k == recurringFile) && column == "system_name" || k == taxesFile && column == "tax_code"
}

// keep notes a difference that is not taken over.
func (p *planner) keep(t thing, column, why string) {
	f := Finding{p.inputs[t.file].Name, t.line, column, why}
	if p.kept != t.seq { // a row counts once, however many of its columns differ
		p.kept = t.seq
		p.report.Files[t.file].Kept++
	}
	note(&p.report.Kept, f)
}

// decide writes down what becomes of a customer, site or system.
func (p *planner) decide(t thing, v verdict) error {
	f := &p.report.Files[t.file]
	switch v {
	case isNew:
		f.New++
	case isChanged:
		f.Changed++
	case isUnchanged:
		f.Unchanged++
	}
	return p.stage.exec(`UPDATE things SET verdict = ? WHERE seq = ?`, v, t.seq)
}

// customerIDs remembers ids of customers in the books, so that a million
// invoices do not look theirs up a million times.
type customerIDs map[string]int64

// find returns the id of a customer in the books, 0 when there is none.
func (ids customerIDs) find(ctx context.Context, q *db.Queries, number string) (int64, error) {
	key := strings.ToLower(number)
	if id, ok := ids[key]; ok {
		return id, nil
	}
	id, err := q.FindCustomer(ctx, number)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("books: customer %s: %w", number, err)
	}
	if len(ids) >= 100_000 { // bounded, whatever the files hold
		clear(ids)
	}
	ids[key] = id
	return id, nil
}

// staged reports whether a customer, site or system is in the files and taken,
// and the line of one that is refused.
func (p *planner) staged(k *kind, key string) (taken bool, refused int64, err error) {
	var v verdict
	var line int64
	found, err := p.stage.one(`SELECT verdict, line FROM things WHERE kind = ? AND key = ?`, []any{k.rank, key}, &v, &line)
	if err != nil || !found {
		return false, 0, err
	}
	if v == isRefused {
		return false, line, nil
	}
	return true, 0, nil
}

// owner finds a row's customer: its id, 0 when it is new. When there is none it
// says so in words.
func (p *planner) owner(ctx context.Context, number string) (id int64, why string, err error) {
	if id, err = p.ids.find(ctx, p.q, number); err != nil || id != 0 {
		return id, "", err
	}
	taken, refused, err := p.staged(customersFile, number)
	switch {
	case err != nil || taken:
		return 0, "", err
	case refused != 0:
		return 0, fmt.Sprintf("customer %s on line %d of customers.csv was refused", number, refused), nil
	}
	return 0, fmt.Sprintf("there is no customer %s", strconv.Quote(shorten(number))), nil
}

// place finds a row's site: its id, 0 when it is new.
func (p *planner) place(ctx context.Context, customerID int64, number, site string) (id int64, why string, err error) {
	if customerID != 0 {
		id, err = p.q.FindSite(ctx, db.FindSiteParams{CustomerID: customerID, Name: site})
		if err == nil {
			return id, "", nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return 0, "", fmt.Errorf("books: site %s: %w", site, err)
		}
	}
	taken, refused, err := p.staged(sitesFile, number+separator+site)
	switch {
	case err != nil || taken:
		return 0, "", err
	case refused != 0:
		return 0, fmt.Sprintf("site %s on line %d of sites.csv was refused", strconv.Quote(shorten(site)), refused), nil
	}
	return 0, fmt.Sprintf("customer %s has no site %s", number, strconv.Quote(shorten(site))), nil
}

func (p *planner) sites(ctx context.Context) error {
	return p.stage.things(ctx, sitesFile, func(t thing) error {
		p.tick(1)
		number := t.cell("customer_number")
		id, why, err := p.owner(ctx, number)
		if err != nil {
			return err
		}
		if why != "" {
			return errors.Join(p.refuse(t.file, t.line, "customer_number", "%s", why), p.decide(t, isRefused))
		}
		old, err := siteCells(ctx, p.q, id, number, t.cell("site_name"))
		if err != nil {
			return err
		}
		return p.compare(t.over(old), old, never)
	}, undecided)
}

func never(string) string { return "" }

// siteCells returns what the books hold of a site, nil when it is new.
func siteCells(ctx context.Context, q *db.Queries, customerID int64, number, name string) ([]string, error) {
	if customerID == 0 {
		return nil, nil
	}
	s, err := q.GetSiteForCustomer(ctx, db.GetSiteForCustomerParams{CustomerID: customerID, Name: name})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("books: site %s: %w", name, err)
	}
	paper, err := q.GetTaxExemption(ctx, s.ID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("books: exemption of site %s: %w", name, err)
	}
	return []string{number, s.Name, s.Address1, s.Address2, s.City, s.State, s.Zip, s.TaxCode, yesNo(s.TaxExempt), paper.Certificate, paper.ExpiresDate.ISO()}, nil
}

func yesNo(n int64) string {
	if n != 0 {
		return "yes"
	}
	return "no"
}

func (p *planner) systems(ctx context.Context) error {
	return p.stage.things(ctx, systemsFile, func(t thing) error {
		p.tick(1)
		number, site := t.cell("customer_number"), t.cell("site_name")
		id, why, err := p.owner(ctx, number)
		if err != nil {
			return err
		}
		column := "customer_number"
		var siteID int64
		if why == "" {
			column = "site_name"
			if siteID, why, err = p.place(ctx, id, number, site); err != nil {
				return err
			}
		}
		if why != "" {
			return errors.Join(p.refuse(t.file, t.line, column, "%s", why), p.decide(t, isRefused))
		}
		old, err := systemCells(ctx, p.q, siteID, number, site, t.cell("system_name"))
		if err != nil {
			return err
		}
		return p.compare(t.over(old), old, never)
	}, undecided)
}

// systemCells returns what the books hold of a system, nil when it is new.
func systemCells(ctx context.Context, q *db.Queries, siteID int64, number, site, name string) ([]string, error) {
	if siteID == 0 {
		return nil, nil
	}
	s, err := q.GetSystemOfSite(ctx, db.GetSystemOfSiteParams{SiteID: siteID, Name: name})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("books: system %s: %w", name, err)
	}
	return []string{number, site, s.Name, s.SystemType, s.AccountNumber}, nil
}

// invoiceRow is a staged row of invoices.csv.
type invoiceRow struct {
	file               int
	line               int64
	number             string
	customer, po, site string
	status             string // "" or Void
	date, due          calendar.Date
	item               ledger.Line
	bad                bool
}

// maxLines bounds what is held in memory of one invoice.
const maxLines = 10_000

// invoice is the staged rows of one number.
type invoice struct {
	number             string
	rows               []invoiceRow
	count              int // of rows, when there are more than maxLines
	customer, po, site string
	status             string
	date, due          calendar.Date
}

// invoices calls fn for every staged invoice in the order of the numbers, each
// with its rows in the order of the files. Only those that are new, or all.
func (s *stage) invoices(ctx context.Context, newOnly bool, fn func(i *invoice) error) error {
	query := `SELECT file, line, number, customer, po, site, date, due, description, quantity, price, tax, status, bad FROM lines ORDER BY number, seq`
	if newOnly {
		query = `SELECT file, line, l.number, l.customer, po, site, date, due, description, quantity, price, tax, status, bad
			FROM balances b CROSS JOIN lines l ON l.number = b.number WHERE b.new = 1 ORDER BY b.number, l.seq`
	}
	var i invoice
	flush := func() error {
		if i.count == 0 {
			return nil
		}
		return fn(&i)
	}
	err := s.each(ctx, query, nil, func(scan func(...any) error) error {
		var r invoiceRow
		var date, due string
		var quantity, price, tax int64
		err := scan(&r.file, &r.line, &r.number, &r.customer, &r.po, &r.site, &date, &due, &r.item.Description, &quantity, &price, &tax, &r.status, &r.bad)
		if err != nil {
			return err
		}
		r.date, r.due = calendar.Date(date), calendar.Date(due)
		r.item.Quantity, r.item.UnitPrice, r.item.Tax = money.Quantity(quantity), money.Cents(price), money.Cents(tax)
		if !sameFold(i.number, r.number) {
			if err := flush(); err != nil {
				return err
			}
			i = invoice{number: r.number, rows: i.rows[:0]}
		}
		i.count++
		if i.count <= maxLines {
			i.rows = append(i.rows, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// sameFold compares as the books compare numbers: letters A to Z in any case.
func sameFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x != y && (lower(x) != lower(y)) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// head takes what stands once on an invoice from its rows, which may repeat it
// or not. It returns the row and the column in which two rows differ.
func (i *invoice) head() (at *invoiceRow, column string) {
	for n := range i.rows {
		r := &i.rows[n]
		for _, f := range []struct {
			column   string
			to, from *string
		}{
			{"customer_number", &i.customer, &r.customer}, {"invoice_date", (*string)(&i.date), (*string)(&r.date)},
			{"due_date", (*string)(&i.due), (*string)(&r.due)}, {"po_number", &i.po, &r.po}, {"site_name", &i.site, &r.site},
			{"status", &i.status, &r.status},
		} {
			switch {
			case *f.from == "" || *f.from == *f.to:
			case *f.to == "":
				*f.to = *f.from
			case !strings.EqualFold(*f.to, *f.from):
				return r, f.column
			}
		}
	}
	return nil, ""
}

// record makes the invoice of its rows.
func (i *invoice) record(customerID, siteID int64) ledger.InvoiceRecord {
	r := ledger.InvoiceRecord{Number: i.number, CustomerID: customerID, SiteID: siteID, Date: i.date, Due: i.due, PONumber: i.po,
		Lines: make([]ledger.Line, len(i.rows))}
	for n, row := range i.rows {
		r.Lines[n] = row.item
	}
	return r
}

func (p *planner) invoices(ctx context.Context) error {
	if err := p.stage.exec(`CREATE INDEX IF NOT EXISTS lines_number ON lines (number)`); err != nil {
		return err
	}
	return p.stage.invoices(ctx, false, func(i *invoice) error {
		p.tick(i.count)
		return p.invoice(ctx, i)
	})
}

func (p *planner) invoice(ctx context.Context, i *invoice) error {
	if i.count > maxLines {
		return p.refuseInvoice(i, nil, "invoice_number", "invoice %s has more than %d rows", i.number, maxLines)
	}
	for n := range i.rows {
		if i.rows[n].bad {
			return p.refuseInvoice(i, &i.rows[n], "", "")
		}
	}
	if at, column := i.head(); at != nil {
		return p.refuseInvoice(i, at, column, "this differs from the rows of invoice %s before it", i.number)
	}
	if i.customer == "" {
		return p.refuseInvoice(i, &i.rows[0], "customer_number", "this must not be empty")
	}
	if i.date == "" {
		return p.refuseInvoice(i, &i.rows[0], "invoice_date", "this must not be empty")
	}
	customerID, why, err := p.owner(ctx, i.customer)
	if err != nil {
		return err
	}
	if why != "" {
		return p.refuseInvoice(i, nil, "customer_number", "%s", why)
	}
	var siteID int64
	if i.site != "" {
		if siteID, why, err = p.place(ctx, customerID, i.customer, i.site); err != nil {
			return err
		}
		if why != "" {
			return p.refuseInvoice(i, nil, "site_name", "%s", why)
		}
	}
	record := i.record(customerID, siteID)
	total, _, err := record.Check()
	if err != nil {
		e, ok := errors.AsType[*fault.Error](err)
		if !ok {
			return err
		}
		return p.refuseInvoice(i, nil, e.Field, "%s", e.Message)
	}
	old, err := p.q.FindInvoice(ctx, i.number)
	if err == nil {
		return p.sameInvoice(ctx, i, old)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("books: invoice %s: %w", i.number, err)
	}
	if i.date <= p.locked {
		return p.refuseInvoice(i, nil, "invoice_date", "%s", p.closed())
	}
	for _, r := range i.rows {
		p.report.Files[r.file].New++
	}
	state := "issued"
	if i.status == void {
		state, total = "void", 0
	}
	return p.stage.exec(`INSERT INTO balances (number, customer, new, state, cents) VALUES (?, ?, 1, ?, ?)`, i.number, i.customer, state, int64(total))
}

// closed says why a row of the closed period is not taken in.
func (p *planner) closed() string {
	return fmt.Sprintf("the books are closed up to %s; the owner can open them on the office's page Accounting", p.locked)
}

// refuseInvoice refuses all the rows of an invoice, for it is taken whole or not
// at all. At is the row to blame, nil when all are; one that was refused while
// reading is counted already.
func (p *planner) refuseInvoice(i *invoice, at *invoiceRow, column, format string, args ...any) error {
	if i.count > maxLines {
		// too many to hold; they are refused where they are
		if err := p.stage.exec(`INSERT INTO refused (file, line, planned, reason) SELECT file, line, 1, ? FROM lines WHERE number = ? AND bad = 0`,
			column+": "+fmt.Sprintf(format, args...), i.number); err != nil {
			return err
		}
		note(&p.report.Refused, Finding{p.inputs[i.rows[0].file].Name, i.rows[0].line, column, fmt.Sprintf(format, args...)})
		return p.stage.each(context.Background(), `SELECT file, count(*) FROM lines WHERE number = ? AND bad = 0 GROUP BY file`, []any{i.number}, func(scan func(...any) error) error {
			var file int
			var n int64
			if err := scan(&file, &n); err != nil {
				return err
			}
			p.report.Files[file].Refused += n
			return nil
		})
	}
	for n := range i.rows {
		r := &i.rows[n]
		var err error
		switch {
		case r.bad:
		case at == nil || at == r:
			err = p.refuse(r.file, r.line, column, format, args...)
		default:
			err = p.refuse(r.file, r.line, "", "invoice %s is refused because of its row on line %d", i.number, at.line)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sameInvoice compares an invoice of the files with the one in the books, which
// never changes.
func (p *planner) sameInvoice(ctx context.Context, i *invoice, old db.FindInvoiceRow) error {
	first := &i.rows[0]
	at, column, was, is := first, "", "", ""
	differ := func(row *invoiceRow, name, books, file string) {
		if column == "" && !strings.EqualFold(books, file) {
			at, column, was, is = row, name, books, file
		}
	}
	differ(first, "customer_number", old.CustomerNumber, i.customer)
	differ(first, "invoice_date", old.InvoiceDate.ISO(), i.date.ISO())
	if i.due != "" {
		differ(first, "due_date", old.DueDate.ISO(), i.due.ISO())
	}
	if i.po != "" {
		differ(first, "po_number", old.PoNumber, i.po)
	}
	if i.site != "" {
		differ(first, "site_name", old.Site, i.site)
	}
	if (old.State == "void") != (i.status == void) {
		differ(first, "status", statusOf(old.State), i.status)
	}
	if column == "" {
		lines, err := p.q.ListLinesOfInvoice(ctx, old.ID)
		if err != nil {
			return fmt.Errorf("books: invoice %s: %w", i.number, err)
		}
		for n := range i.rows {
			if n >= len(lines) {
				differ(&i.rows[n], "description", "", i.rows[n].item.Description)
				break
			}
			r, l := &i.rows[n], lines[n]
			differ(r, "description", l.Description, r.item.Description)
			differ(r, "quantity", l.Quantity.String(), r.item.Quantity.String())
			differ(r, "unit_price", l.UnitPriceCents.Plain(), r.item.UnitPrice.Plain())
			differ(r, "tax", l.TaxCents.Plain(), r.item.Tax.Plain())
		}
		if len(lines) > len(i.rows) {
			differ(first, "description", lines[len(i.rows)].Description, "")
		}
	}
	for _, r := range i.rows {
		p.report.Files[r.file].Unchanged++
	}
	if column != "" {
		p.report.Files[at.file].Kept++
		note(&p.report.Kept, Finding{p.inputs[at.file].Name, at.line, column, fmt.Sprintf("invoice %s is issued and stays as it is, with %s; the file has %s",
			i.number, orNothing(was), orNothing(is))})
	}
	return nil
}

// statusOf is what the column status says of an invoice's state.
func statusOf(state string) string {
	if state == "void" {
		return void
	}
	return ""
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return strconv.Quote(shorten(s))
}

// paymentRow is a staged row of payments.csv.
type paymentRow struct {
	seq       int64
	reference string
	file      int
	line      int64
	customer  string
	date      calendar.Date
	kind      ledger.Kind
	label     string
	number    string
	amount    money.Cents
	applyTo   string // as in the file
	split     string // as it was decided
}

// payments calls fn for the staged payments with a verdict, in the order of
// their dates: the older one takes what an invoice is left with.
func (s *stage) payments(ctx context.Context, v verdict, fn func(r paymentRow) error) error {
	return s.each(ctx, `SELECT seq, reference, file, line, customer, date, kind, label, number, cents, apply_to, split FROM payments WHERE verdict = ? ORDER BY date, seq`,
		[]any{v}, func(scan func(...any) error) error {
			var r paymentRow
			var date, kind string
			var cents int64
			if err := scan(&r.seq, &r.reference, &r.file, &r.line, &r.customer, &date, &kind, &r.label, &r.number, &cents, &r.applyTo, &r.split); err != nil {
				return err
			}
			r.date, r.kind, r.amount = calendar.Date(date), ledger.Kind(kind), money.Cents(cents)
			return fn(r)
		})
}

func (p *planner) payments(ctx context.Context) error {
	return p.stage.payments(ctx, undecided, func(r paymentRow) error {
		p.tick(1)
		customerID, why, err := p.owner(ctx, r.customer)
		if err != nil {
			return err
		}
		if why != "" {
			return p.refuse(r.file, r.line, "customer_number", "%s", why)
		}
		shares, err := parseApplyTo(r.applyTo)
		if err != nil {
			return err
		}
		old, err := p.q.FindPayment(ctx, r.reference)
		if err == nil {
			return p.samePayment(ctx, r, shares, old)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("books: payment %s: %w", r.reference, err)
		}
		return p.newPayment(ctx, r, shares, customerID)
	})
}

// newPayment decides what a payment's invoices get.
func (p *planner) newPayment(ctx context.Context, r paymentRow, shares []share, customerID int64) error {
	if r.date <= p.locked {
		return p.refuse(r.file, r.line, "payment_date", "%s", p.closed())
	}
	// the invoices may have no ids yet: what stands for one is its place in the list
	wanted := make([]ledger.Allocation, len(shares))
	for n, s := range shares {
		wanted[n] = ledger.Allocation{InvoiceID: int64(n), Cents: s.cents}
	}
	parts, err := ledger.Split(r.amount, wanted, func(n int64) (ledger.Owing, error) {
		return p.owing(ctx, shares[n].invoice, r.customer)
	})
	if err != nil {
		return p.refuseFault(r.file, r.line, err)
	}
	split := make([]share, len(parts))
	for n, part := range parts {
		split[n] = share{invoice: shares[part.InvoiceID].invoice, cents: part.Cents}
		if err := p.stage.exec(`UPDATE balances SET cents = cents - ? WHERE number = ?`, int64(part.Cents), split[n].invoice); err != nil {
			return err
		}
	}
	p.report.Files[r.file].New++
	return p.stage.exec(`UPDATE payments SET verdict = ?, split = ? WHERE seq = ?`, isNew, formatApplyTo(split), r.seq)
}

// owing returns what an invoice, new or in the books, is left with after the
// payments planned so far.
func (p *planner) owing(ctx context.Context, number, customer string) (ledger.Owing, error) {
	o := ledger.Owing{Number: number}
	var owner, state string
	var cents int64
	known, err := p.stage.one(`SELECT customer, state, cents FROM balances WHERE number = ?`, []any{number}, &owner, &state, &cents)
	if err != nil {
		return o, err
	}
	if !known {
		i, err := p.q.FindInvoice(ctx, number)
		if errors.Is(err, sql.ErrNoRows) {
			return o, fault.Field("apply_to", "there is no invoice %s", strconv.Quote(shorten(number)))
		}
		if err != nil {
			return o, fmt.Errorf("books: invoice %s: %w", number, err)
		}
		owner, state, cents = i.CustomerNumber, i.State, int64(i.BalanceCents)
		if err := p.stage.exec(`INSERT INTO balances (number, customer, new, state, cents) VALUES (?, ?, 0, ?, ?)`, number, owner, state, cents); err != nil {
			return o, err
		}
	}
	if !sameFold(owner, customer) {
		return o, fault.Field("apply_to", "invoice %s is not one of customer %s", number, customer)
	}
	o.Issued, o.Balance = state == "issued", money.Cents(cents)
	return o, nil
}

// samePayment compares a payment of the files with the one in the books, which
// never changes.
func (p *planner) samePayment(ctx context.Context, r paymentRow, shares []share, old db.FindPaymentRow) error {
	p.report.Files[r.file].Unchanged++
	column, was := "", ""
	differ := func(name, books, file string) {
		if column == "" && !strings.EqualFold(books, file) {
			column, was = name, books
		}
	}
	differ("customer_number", old.CustomerNumber, r.customer)
	differ("payment_date", old.PaymentDate.ISO(), r.date.ISO())
	differ("payment_type", old.TypeLabel, r.label)
	if r.number != "" {
		differ("reference", old.NumberLabel, r.number)
	}
	if money.Cents(old.Held) != r.amount { // what was given back since is not in an export
		differ("amount", old.AmountCents.Plain(), r.amount.Plain())
	}
	if column == "" && !slices.ContainsFunc(shares, func(s share) bool { return s.rest }) {
		booked, err := bookedShares(ctx, p.q, old.ID)
		if err != nil {
			return err
		}
		if !sameShares(booked, shares) {
			differ("apply_to", formatApplyTo(booked), formatApplyTo(shares))
		}
	}
	if column != "" {
		p.report.Files[r.file].Kept++
		note(&p.report.Kept, Finding{p.inputs[r.file].Name, r.line, column,
			fmt.Sprintf("payment %s is in the books and stays as it is, with %s", r.reference, orNothing(was))})
	}
	return nil
}

// bookedShares returns what the invoices have of a payment by the ledger.
func bookedShares(ctx context.Context, q *db.Queries, paymentID int64) ([]share, error) {
	rows, err := q.ExportShares(ctx, db.NullID(paymentID))
	if err != nil {
		return nil, fmt.Errorf("books: payment %d: %w", paymentID, err)
	}
	shares := make([]share, len(rows))
	for i, r := range rows {
		shares[i] = share{invoice: r.Number, cents: money.Cents(r.Cents)}
	}
	return shares, nil
}

func sameShares(a, b []share) bool {
	if len(a) != len(b) {
		return false
	}
	for _, s := range a {
		if !slices.ContainsFunc(b, func(o share) bool { return sameFold(o.invoice, s.invoice) && o.cents == s.cents }) {
			return false
		}
	}
	return true
}
