package books

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"customerportal/internal/account"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// input is one file that is being read.
type input struct {
	Source
	kind   *kind
	survey survey
	head   heading
}

// reader reads the files into the stage.
type reader struct {
	stage    *stage
	inputs   []*input
	papers   map[string]Source // PDFs that go along with proposals, by their numbers
	report   *Report
	progress func(Progress)
	total    int64 // lines of all the files
	done     int64
}

// open looks at the files: what each is, how its text is written, how long it
// is. The files come back in the order in which they are taken in.
func (r *reader) open(sources []Source) error {
	for _, src := range sources {
		if isPaper(src.Name) {
			r.papers[paperNumber(src.Name)] = src
			continue
		}
		if why := written[stemOf(src.Name)]; why != "" {
			r.report.Notes = append(r.report.Notes, Note{src.Name, why})
			continue
		}
		k := kindOf(src.Name)
		if k == nil {
			return fault.New(fault.Invalid, "%s: the name does not say what is in the file; call it one of %s.", src.Name, kindNames())
		}
		in := &input{Source: src, kind: k}
		if err := in.look(); err != nil {
			return err
		}
		r.inputs = append(r.inputs, in)
		r.total += max(0, in.survey.lines-1)
	}
	slices.SortStableFunc(r.inputs, func(a, b *input) int { return a.kind.rank - b.kind.rank })
	for _, in := range r.inputs {
		r.report.Files = append(r.report.Files, FileReport{Name: in.Name, Kind: in.kind.name, Charset: in.survey.charset.String()})
	}
	return nil
}

func (in *input) look() (err error) {
	f, err := in.Open()
	if err != nil {
		return fmt.Errorf("books: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if in.survey, err = look(f); errors.Is(err, errNotText) {
		return fault.New(fault.Invalid, "%s: %s.", in.Name, err)
	} else if err != nil {
		return fmt.Errorf("books: reading %s: %w", in.Name, err)
	}
	return nil
}

// rows calls fn for every row of the file but the header and blank ones.
func (in *input) rows(ctx context.Context, fn func(cells []string, line int64) error) (err error) {
	f, err := in.Open()
	if err != nil {
		return fmt.Errorf("books: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	t := newTable(decode(f, in.survey.charset), in.survey.comma)
	header := false
	for n := 0; ; n++ {
		if n%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		cells, line, err := t.row()
		switch {
		case errors.Is(err, io.EOF) && !header:
			return fault.New(fault.Invalid, "%s: the file is empty; its first row must name the columns.", in.Name)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			if e, ok := errors.AsType[*tableError](err); ok {
				return fault.New(fault.Invalid, "%s, %s. Nothing was imported.", in.Name, e)
			}
			return fmt.Errorf("books: reading %s: %w", in.Name, err)
		}
		if n == 0 && strings.EqualFold(clean(cells[0]), "sep=") {
			continue // by this line Excel is told the separator
		}
		if !header {
			if in.head, err = in.kind.read(cells); err != nil {
				return fault.New(fault.Invalid, "%s: %s.", in.Name, err)
			}
			header = true
			continue
		}
		if !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" }) {
			continue // a row of separators, as spreadsheets leave them at the end
		}
		if err := fn(cells, line); err != nil {
			return err
		}
	}
}

// read reads all the files into the stage.
func (r *reader) read(ctx context.Context) error {
	for i, in := range r.inputs {
		f := &r.report.Files[i]
		err := in.rows(ctx, func(cells []string, line int64) error {
			f.Rows++
			r.done++
			if r.done%512 == 0 {
				r.progress(Progress{"Reading " + in.Name, r.done, max(r.total, r.done)})
			}
			w := &row{in: in, file: i, line: line, cells: cells}
			err := w.stage(r)
			if err == nil && w.reasons != nil {
				err = r.refuse(w)
			}
			return err
		})
		if err != nil {
			return err
		}
		if len(in.head.unknown) > 0 {
			r.report.Notes = append(r.report.Notes, Note{in.Name, "left out these columns, which are not known: " + shortList(in.head.unknown)})
		}
		f.readRows, f.readRefused, f.readUnchangedRows = f.Rows, f.Refused, f.Unchanged
	}
	r.progress(Progress{"Reading", r.done, r.done})
	return nil
}

// refuse notes a row that cannot be read.
func (r *reader) refuse(w *row) error {
	r.report.Files[w.file].Refused++
	for _, f := range w.reasons {
		note(&r.report.Refused, f)
	}
	return r.stage.exec(`INSERT INTO refused (file, line, planned, reason) VALUES (?, ?, 0, ?)`, w.file, w.line, reasonText(w.reasons))
}

func reasonText(findings []Finding) string {
	texts := make([]string, len(findings))
	for i, f := range findings {
		texts[i] = f.Text
		if f.Column != "" {
			texts[i] = f.Column + ": " + f.Text
		}
	}
	return strings.Join(texts, "; ")
}

// row is one row that is being read.
type row struct {
	in      *input
	file    int
	line    int64
	cells   []string
	reasons []Finding // why it is refused
}

// no refuses the row because of a column.
func (w *row) no(column, format string, args ...any) {
	w.reasons = append(w.reasons, Finding{w.in.Name, w.line, column, fmt.Sprintf(format, args...)})
}

// Most that fits into a cell, in bytes.
const (
	maxText        = 500
	maxDescription = 10_000
)

// raw returns the cleaned cell of a column, "" when the file has no such column.
func (w *row) raw(column string) string {
	place := w.in.head.columns[slices.Index(w.in.kind.columns, column)]
	if place < 0 || place >= len(w.cells) {
		return ""
	}
	return clean(w.cells[place])
}

// text returns the cell as one line.
func (w *row) text(column string) string {
	s := oneLine(w.raw(column))
	if len(s) > maxText {
		w.no(column, "this is longer than %d characters", maxText)
		return ""
	}
	return s
}

// needed is text that must be there.
func (w *row) needed(column string) string {
	s := w.text(column)
	if s == "" && !w.refused(column) {
		w.no(column, "this must not be empty")
	}
	return s
}

func (w *row) refused(column string) bool {
	return slices.ContainsFunc(w.reasons, func(f Finding) bool { return f.Column == column })
}

// readable refuses rows whose form is broken.
func (w *row) readable() bool {
	for place, cell := range w.cells {
		name := fmt.Sprintf("column %d", place+1)
		if place < len(w.in.head.written) && w.in.head.written[place] != "" {
			name = w.in.head.written[place]
		} else if strings.TrimSpace(cell) != "" && place >= len(w.in.head.written) {
			w.no(name, "this row has more cells than the first row names columns; a text with a separator in it must stand in quotes")
			return false
		}
		if !utf8.ValidString(cell) {
			w.no(name, "this holds characters that cannot be read; save the file as CSV UTF-8")
		} else if strings.Contains(cell, "\x00") {
			w.no(name, "this holds a character that is no text")
		}
	}
	return w.reasons == nil
}

// stage checks what can be checked of the row alone and puts it into the stage.
// What is wrong with it is in w.reasons afterwards.
func (w *row) stage(r *reader) error {
	readable := w.readable()
	switch w.in.kind {
	case invoicesFile:
		return w.stageLine(r, readable)
	case paymentsFile:
		if readable {
			return w.stagePayment(r)
		}
	case proposalsFile:
		return w.stageOffer(r, readable)
	default:
		if readable {
			return w.stageThing(r)
		}
	}
	return nil
}

// separator stands between the parts of a key; it cannot be in a text of one line.
const separator = "\x1f"

// stageThing takes a customer, site or system.
func (w *row) stageThing(r *reader) error {
	values := make([]string, len(w.in.kind.columns))
	for i, column := range w.in.kind.columns {
		switch w.in.kind {
		case recurringFile:
			values[i] = w.recurringValue(column)
			continue
		case taxesFile:
			values[i] = w.taxValue(column)
			continue
		}
		switch column {
		case "customer_number", "site_name", "system_name":
			values[i] = w.needed(column)
		case "phone":
			values[i] = strings.Join(parseList(w.raw(column)), ";")
		case "email":
			list, err := parseEmails(w.raw(column))
			if err != nil {
				w.no(column, "%s", err)
			}
			values[i] = strings.Join(list, ";")
		case "zip":
			values[i] = parseZip(w.text(column))
		case "status":
			values[i] = strings.ToLower(w.text(column))
		case "registration_key":
			if s := w.text(column); s != "" {
				key, ok := account.NormalizeKey(s)
				if !ok {
					w.no(column, "this is no Registration Key, which has 16 letters and digits")
				}
				values[i] = key
			}
		case "tax_exempt":
			values[i] = w.yes(column)
		case "exemption_certificate":
			values[i] = w.certificate(column)
		case "exemption_expires":
			values[i] = w.date(column, false).ISO()
		default:
			values[i] = w.text(column)
		}
	}
	if w.reasons != nil {
		return nil
	}
	parts := map[*kind]int{customersFile: 1, sitesFile: 2, systemsFile: 3}[w.in.kind] // none for the others, whose names stand apart
	named, last := values[:parts], max(0, parts-1)
	switch w.in.kind {
	case taxesFile:
		last = slices.Index(taxesFile.columns, "from_date")
		named = []string{values[0], values[last]}
	case recurringFile:
		named, last = nil, slices.Index(recurringFile.columns, "description")
		for _, column := range recurringKey {
			named = append(named, values[slices.Index(recurringFile.columns, column)])
		}
	}
	key := strings.Join(named, separator)
	cells, err := json.Marshal(values)
	if err != nil {
		return fmt.Errorf("books: %w", err)
	}
	var before string
	var line int64
	twice, err := r.stage.one(`SELECT cells, line FROM things WHERE kind = ? AND key = ?`, []any{w.in.kind.rank, key}, &before, &line)
	switch {
	case err != nil:
		return err
	case twice && before == string(cells):
		r.report.Files[w.file].Unchanged++
		return nil
	case twice:
		w.no(w.in.kind.columns[last], "%s stands on line %d already, with other values", strings.Join(named, ", "), line)
		return nil
	}
	return r.stage.exec(`INSERT INTO things (kind, key, file, line, cells) VALUES (?, ?, ?, ?, ?)`, w.in.kind.rank, key, w.file, w.line, string(cells))
}

// stageLine takes a row of an invoice. A refused row is staged as well, as long
// as its number can be read: the other rows of its invoice must know.
func (w *row) stageLine(r *reader, readable bool) error {
	number := oneLine(w.raw("invoice_number"))
	var l struct {
		customer, po, site, description, status string
		date, due                               calendar.Date
		line                                    ledger.Line
	}
	if readable {
		number = w.needed("invoice_number")
		if strings.Contains(number, ";") {
			w.no("invoice_number", "a number cannot hold a semicolon, which stands between the numbers in apply_to")
		}
		l.customer = w.text("customer_number")
		l.date = w.date("invoice_date", false)
		l.due = w.date("due_date", false)
		l.po = w.text("po_number")
		l.site = w.text("site_name")
		l.line.Description = w.description()
		l.line.Quantity = money.QuantityScale
		if s := w.text("quantity"); s != "" {
			q, err := parseQuantity(s)
			if err != nil {
				w.no("quantity", "%s", err)
			}
			l.line.Quantity = q
		}
		l.line.UnitPrice = w.money("unit_price", true)
		l.line.Tax = w.money("tax", false)
		l.status = voided(w.text("status"))
		if w.reasons == nil {
			if err := l.line.Check(); err != nil {
				w.fault(err)
			}
		}
	}
	if number == "" {
		return nil
	}
	bad := 0
	if w.reasons != nil {
		bad = 1
	}
	return r.stage.exec(`INSERT INTO lines (number, file, line, customer, date, due, po, site, description, quantity, price, tax, status, bad)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		number, w.file, w.line, l.customer, string(l.date), string(l.due), l.po, l.site, l.line.Description,
		int64(l.line.Quantity), int64(l.line.UnitPrice), int64(l.line.Tax), l.status, bad)
}

// voided reads what programs write as an invoice's status: "Void" for one that is
// not to be paid. Any other word, such as "Open" or "Paid", follows from the
// payments and says nothing here.
func voided(word string) string {
	switch strings.ToLower(word) {
	case "void", "voided", "cancelled", "canceled":
		return void
	}
	return ""
}

// void is the status of an invoice that is not to be paid.
const void = "Void"

// yes reads yes or no, "" for an empty cell.
func (w *row) yes(column string) string {
	s := w.text(column)
	if s == "" {
		return ""
	}
	yes, err := parseYes(s)
	if err != nil {
		w.no(column, "%s", err)
	}
	return map[bool]string{true: "yes", false: "no"}[yes]
}

// description is the one text that may have several lines.
func (w *row) description() string {
	s := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(w.raw("description"))
	if s == "" {
		w.no("description", "this must not be empty")
	}
	if len(s) > maxDescription {
		w.no("description", "this is longer than %d characters", maxDescription)
	}
	return s
}

func (w *row) date(column string, need bool) calendar.Date {
	s := w.text(column)
	if s == "" && !need {
		return ""
	}
	d, err := parseDate(s)
	if err != nil && !w.refused(column) {
		w.no(column, "%s", err)
	}
	return d
}

func (w *row) money(column string, need bool) money.Cents {
	s := w.text(column)
	if s == "" {
		if need && !w.refused(column) {
			w.no(column, "this must not be empty")
		}
		return 0
	}
	c, err := parseMoney(s)
	if err != nil {
		w.no(column, "%s", err)
	}
	return c
}

// fault takes over the refused columns of a noun's fault.
func (w *row) fault(err error) {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok {
		w.no("", "%s", err)
		return
	}
	for _, one := range e.All() {
		w.no(one.Field, "%s", one.Message)
	}
}

// stagePayment takes a payment.
func (w *row) stagePayment(r *reader) error {
	reference := w.text("payment_number")
	customer := w.needed("customer_number")
	date := w.date("payment_date", true)
	word := w.needed("payment_type")
	kind, label := ledger.ParseKind(word)
	number := ledger.NumberLabel(kind, w.text("reference"))
	amount := w.money("amount", true)
	if amount < 0 {
		w.no("amount", "a payment is more than zero; money given back cannot be imported")
	} else if amount == 0 && !w.refused("amount") {
		w.no("amount", "a payment is more than zero")
	}
	applyTo := w.raw("apply_to")
	shares, err := parseApplyTo(applyTo)
	if err != nil {
		w.no("apply_to", "%s", err)
	}
	if w.reasons != nil {
		return nil
	}
	if reference == "" {
		if reference, err = r.twin(customer, date, label, number, amount); err != nil {
			return err
		}
	}
	record := ledger.PaymentRecord{Reference: reference, Kind: kind, Label: label, Number: number, Amount: amount, Date: date, Source: source}
	if err := record.Check(); err != nil {
		w.fault(err)
		return nil
	}
	var line int64
	var before, again string
	again = strings.Join([]string{strings.ToLower(customer), string(date), label, number, amount.Plain(), formatApplyTo(shares)}, separator)
	twice, err := r.stage.one(`SELECT line, lower(customer) || char(31) || date || char(31) || label || char(31) || number || char(31)
		|| printf('%d.%02d', cents / 100, cents % 100) || char(31) || apply_to FROM payments WHERE reference = ?`, []any{reference}, &line, &before)
	switch {
	case err != nil:
		return err
	case twice && before == again:
		r.report.Files[w.file].Unchanged++
		return nil
	case twice:
		w.no("payment_number", "%s stands on line %d already, with other values", reference, line)
		return nil
	}
	return r.stage.exec(`INSERT INTO payments (reference, file, line, customer, date, kind, label, number, cents, apply_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		reference, w.file, w.line, customer, string(date), string(kind), label, number, int64(amount), formatApplyTo(shares))
}

// source marks what an import booked.
const source = "import"

// twin makes a number for a payment that has none: the same customer, day,
// type, reference and amount make the same number, so that reading a file twice
// books nothing twice. The second such row of the same files gets another, for
// two checks of one amount on one day are two payments. What a payment is
// applied to does not count, so that a file in which only that was changed does
// not book the payment again.
func (r *reader) twin(customer string, date calendar.Date, label, number string, amount money.Cents) (string, error) {
	twin := strings.Join([]string{strings.ToLower(customer), string(date), label, number, amount.Plain()}, separator)
	if err := r.stage.exec(`INSERT INTO twins (twin, times) VALUES (?, 1) ON CONFLICT (twin) DO UPDATE SET times = times + 1`, twin); err != nil {
		return "", err
	}
	var times int64
	if _, err := r.stage.one(`SELECT times FROM twins WHERE twin = ?`, []any{twin}, &times); err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s%s%d", twin, separator, times))
	return "N" + referenceOf(sum[:8]) + "-" + referenceOf(sum[8:13]), nil
}

// referenceOf writes bytes as letters and digits that are not misread.
func referenceOf(raw []byte) string {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	b := make([]byte, len(raw))
	for i, r := range raw {
		b[i] = alphabet[r&31]
	}
	return string(b)
}
