package books

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/proposal"
)

// proposals.csv has one row a line, as invoices.csv: the rows of one number
// together are the proposal, and what stands once on it is repeated in them or
// not. A PDF of the same name as the number beside the file goes along with it.

// offerHead are the columns that stand once on a proposal, in this order.
var offerHead = []string{"customer_number", "title", "date", "valid_until", "salesperson_email", "site_name", "deposit", "introduction", "terms", "status"}

// offerRow is a staged row of proposals.csv.
type offerRow struct {
	file int
	line int64
	bad  bool
	head []string // in the order of offerHead
	item proposal.Line
}

// offer is the rows of one proposal.
type offer struct {
	number string
	count  int
	rows   []offerRow
	head   map[string]string
}

// The words of the column status, and what became of the proposal by them: ""
// when it waits for an answer or did so until it expired.
var offerStates = map[string]string{
	"": "", "new": "", "sent": "", "viewed": "", "open": "", "pending": "", "expired": "",
	"accepted": "accepted", "signed": "accepted", "won": "accepted",
	"rejected": "rejected", "declined": "rejected", "lost": "rejected",
	"withdrawn": "withdrawn", "void": "withdrawn", "cancelled": "withdrawn", "canceled": "withdrawn",
}

// stageOffer takes a row of a proposal. A refused row is staged as well, as long
// as its number can be read: the other rows of its proposal must know.
func (w *row) stageOffer(r *reader, readable bool) error {
	number := oneLine(w.raw("proposal_number"))
	head := make([]string, len(offerHead))
	item := proposal.Line{Quantity: money.QuantityScale, Chosen: true}
	if readable {
		number = w.needed("proposal_number")
		for i, column := range offerHead {
			head[i] = w.offerValue(column)
		}
		item.Description = w.description()
		if s := w.text("quantity"); s != "" {
			q, err := parseQuantity(s)
			if err != nil {
				w.no("quantity", "%s", err)
			}
			item.Quantity = q
		}
		item.UnitPrice = w.money("unit_price", true)
		item.Tax = w.money("tax", false)
		item.Taxable = item.Tax != 0
		if s := w.text("cycle_months"); s != "" {
			n, err := strconv.ParseInt(s, 10, 64)
			if item.Cycle = n; err != nil || !isCycle(n) {
				w.no("cycle_months", "%s is not 0 for once, or 1, 2, 3, 6 or 12 months", strconv.Quote(shorten(s)))
			}
		}
		switch s := strings.ToLower(w.text("optional")); s {
		case "chosen":
			item.Optional = true
		default:
			yes, err := parseYes(s)
			if err != nil {
				w.no("optional", "%s is not yes, no or chosen", strconv.Quote(shorten(s)))
			}
			item.Optional, item.Chosen = yes, !yes
		}
		if w.reasons == nil {
			if err := (ledger.Line{Description: item.Description, Quantity: item.Quantity, UnitPrice: item.UnitPrice, Tax: item.Tax}).Check(); err != nil {
				w.fault(err)
			}
		}
	}
	if number == "" {
		return nil
	}
	cells, err := json.Marshal(head)
	if err != nil {
		return fmt.Errorf("books: %w", err)
	}
	line, err := json.Marshal(item)
	if err != nil {
		return fmt.Errorf("books: %w", err)
	}
	return r.stage.exec(`INSERT INTO offers (number, file, line, head, item, bad) VALUES (?, ?, ?, ?, ?, ?)`, number, w.file, w.line, string(cells), string(line), w.reasons != nil)
}

func isCycle(n int64) bool {
	for _, c := range proposal.Cycles {
		if c == n {
			return true
		}
	}
	return false
}

// offerValue reads one cell of what stands once on a proposal into the form in
// which the books write it.
func (w *row) offerValue(column string) string {
	switch column {
	case "date", "valid_until":
		return w.date(column, false).ISO()
	case "deposit":
		if w.text(column) == "" {
			return ""
		}
		return w.money(column, false).Plain()
	case "salesperson_email":
		list, err := parseEmails(w.raw(column))
		if err != nil || len(list) > 1 {
			w.no(column, "this is not one e-mail address")
			return ""
		}
		return strings.Join(list, "")
	case "introduction", "terms":
		s := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(w.raw(column))
		if len(s) > maxTerms {
			w.no(column, "this is longer than %d characters", maxTerms)
			return ""
		}
		return s
	case "status":
		s := strings.ToLower(w.text(column))
		if _, known := offerStates[s]; !known {
			w.no(column, "%s is none of New, Viewed, Expired, Accepted, Rejected and Withdrawn", strconv.Quote(shorten(s)))
		}
		return offerStates[s]
	}
	return w.text(column)
}

// maxTerms is the most that a text of many lines has, in bytes.
const maxTerms = 20_000

// offers calls fn for each staged proposal, with its rows as far as a proposal
// may have them.
func (s *stage) offers(ctx context.Context, newOnly bool, fn func(o *offer) error) error {
	const query = `SELECT o.file, o.line, o.number, o.head, o.item, o.bad FROM offers o
		WHERE ? = 0 OR EXISTS (SELECT 1 FROM new_offers n WHERE n.number = o.number) ORDER BY o.number, o.seq`
	var o offer
	flush := func() error {
		if o.count == 0 {
			return nil
		}
		return fn(&o)
	}
	err := s.each(ctx, query, []any{db.Flag(newOnly)}, func(scan func(...any) error) error {
		var r offerRow
		var number, head, item string
		if err := scan(&r.file, &r.line, &number, &head, &item, &r.bad); err != nil {
			return err
		}
		if err := errors.Join(json.Unmarshal([]byte(head), &r.head), json.Unmarshal([]byte(item), &r.item)); err != nil {
			return fmt.Errorf("books: scratch: %w", err)
		}
		if o.count == 0 || !sameFold(o.number, number) {
			if err := flush(); err != nil {
				return err
			}
			o = offer{number: number}
		}
		o.count++
		if o.count <= maxLines {
			o.rows = append(o.rows, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// once takes what stands once on a proposal from its rows. It returns the row and
// the column in which two rows differ.
func (o *offer) once() (at *offerRow, column string) {
	o.head = map[string]string{}
	for n := range o.rows {
		for i, name := range offerHead {
			is := o.rows[n].head[i]
			switch was := o.head[name]; {
			case is == "":
			case was == "":
				o.head[name] = is
			case !strings.EqualFold(was, is):
				return &o.rows[n], name
			}
		}
	}
	return nil, ""
}

// record makes the proposal of its rows.
func (o *offer) record(customerID, siteID int64) (proposal.Record, error) {
	r := proposal.Record{Number: o.number, CustomerID: customerID, SiteID: siteID, Title: o.head["title"], Introduction: o.head["introduction"], Terms: o.head["terms"],
		Date: calendar.Date(o.head["date"]), ValidUntil: calendar.Date(o.head["valid_until"]), SalespersonEmail: o.head["salesperson_email"]}
	if r.Title == "" {
		r.Title = titleOf(o.rows[0].item.Description)
	}
	if s := o.head["deposit"]; s != "" {
		var err error
		if r.Deposit, err = parseMoney(s); err != nil {
			return r, err
		}
	}
	for n, row := range o.rows {
		row.item.Position = int64(n + 1)
		r.Lines = append(r.Lines, row.item)
	}
	return r, nil
}

// titleOf makes a title of what a proposal's first line says.
func titleOf(description string) string {
	line, _, _ := strings.Cut(description, "\n")
	if r := []rune(line); len(r) > 100 {
		line = string(r[:99]) + "…"
	}
	return line
}

func (p *planner) offers(ctx context.Context) error {
	if err := p.stage.exec(`CREATE INDEX IF NOT EXISTS offers_number ON offers (number)`); err != nil {
		return err
	}
	err := p.stage.offers(ctx, false, func(o *offer) error {
		p.tick(o.count)
		return p.offer(ctx, o)
	})
	if err != nil {
		return err
	}
	return p.strayPapers()
}

func (p *planner) offer(ctx context.Context, o *offer) error {
	if o.count > maxLines {
		return p.refuseOffer(o, nil, "proposal_number", "proposal %s has more than %d rows", o.number, maxLines)
	}
	for n := range o.rows {
		if o.rows[n].bad {
			return p.refuseOffer(o, &o.rows[n], "", "")
		}
	}
	if at, column := o.once(); at != nil {
		return p.refuseOffer(o, at, column, "this differs from the rows of proposal %s before it", o.number)
	}
	if o.head["customer_number"] == "" {
		return p.refuseOffer(o, &o.rows[0], "customer_number", "this must not be empty")
	}
	customerID, why, err := p.owner(ctx, o.head["customer_number"])
	if err != nil {
		return err
	}
	if why != "" {
		return p.refuseOffer(o, nil, "customer_number", "%s", why)
	}
	var siteID int64
	if site := o.head["site_name"]; site != "" {
		if siteID, why, err = p.place(ctx, customerID, o.head["customer_number"], site); err != nil {
			return err
		}
		if why != "" {
			return p.refuseOffer(o, nil, "site_name", "%s", why)
		}
	}
	if o.head["date"] == "" {
		o.head["date"] = p.today.ISO()
	}
	record, err := o.record(customerID, siteID)
	if err == nil {
		err = record.Check()
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return p.refuseOffer(o, nil, f.All()[0].Field, "%s", f.All()[0].Message)
	} else if err != nil {
		return err
	}
	if src, ok := p.papers[strings.ToLower(o.number)]; ok {
		if _, err := readPaper(src); err != nil {
			return p.refuseOffer(o, nil, "proposal_number", "%s: %s", src.Name, err)
		}
		if err := p.stage.exec(`INSERT OR IGNORE INTO used_papers (number) VALUES (?)`, strings.ToLower(o.number)); err != nil {
			return err
		}
	}
	old, err := p.q.FindProposal(ctx, o.number)
	if err == nil {
		return p.sameOffer(ctx, o, record, old)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("books: proposal %s: %w", o.number, err)
	}
	if closed := o.head["status"]; closed != "" {
		return p.leaveOffer(o, closed)
	}
	for _, r := range o.rows {
		p.report.Files[r.file].New++
	}
	return p.stage.exec(`INSERT INTO new_offers (number) VALUES (?)`, o.number)
}

// leaveOffer leaves out a proposal that was answered or withdrawn where it comes
// from: without its evidence it would be no decision here, and offering it again
// would be wrong.
func (p *planner) leaveOffer(o *offer, closed string) error {
	for _, r := range o.rows {
		p.report.Files[r.file].Unchanged++
	}
	first := o.rows[0]
	p.report.Files[first.file].Kept++
	note(&p.report.Kept, Finding{p.inputs[first.file].Name, first.line, "status",
		fmt.Sprintf("proposal %s was %s where it comes from and is not offered again; keep its PDF", o.number, closed)})
	return nil
}

// refuseOffer refuses all the rows of a proposal, for it is taken whole or not at
// all. At is the row to blame, nil when all are; one that was refused while
// reading is counted already.
func (p *planner) refuseOffer(o *offer, at *offerRow, column, format string, args ...any) error {
	for n := range o.rows {
		r := &o.rows[n]
		var err error
		switch {
		case r.bad:
		case at == nil || at == r:
			err = p.refuse(r.file, r.line, column, format, args...)
		default:
			err = p.refuse(r.file, r.line, "", "proposal %s is refused because of its row on line %d", o.number, at.line)
		}
		if err != nil {
			return err
		}
	}
	if o.count <= maxLines {
		return nil
	}
	// too many to hold; the rest is refused where it is
	last := o.rows[len(o.rows)-1]
	reason := column + ": " + fmt.Sprintf(format, args...)
	return p.stage.each(context.Background(), `SELECT file, line FROM offers WHERE number = ? AND bad = 0 AND (file > ? OR (file = ? AND line > ?)) ORDER BY seq`,
		[]any{o.number, last.file, last.file, last.line}, func(scan func(...any) error) error {
			var file int
			var line int64
			if err := scan(&file, &line); err != nil {
				return err
			}
			p.report.Files[file].Refused++
			return p.stage.exec(`INSERT INTO refused (file, line, planned, reason) VALUES (?, ?, 1, ?)`, file, line, reason)
		})
}

// sameOffer compares a proposal of the files with the one in the books, which
// never changes by a file.
func (p *planner) sameOffer(ctx context.Context, o *offer, r proposal.Record, old db.FindProposalRow) error {
	for _, row := range o.rows {
		p.report.Files[row.file].Unchanged++
	}
	first := &o.rows[0]
	at, column, was, is := first, "", "", ""
	differ := func(row *offerRow, name, books, file string) {
		if column == "" && !strings.EqualFold(books, file) {
			at, column, was, is = row, name, books, file
		}
	}
	given := func(name, books, file string) {
		if o.head[name] != "" {
			differ(first, name, books, file)
		}
	}
	differ(first, "customer_number", old.CustomerNumber, o.head["customer_number"])
	given("title", old.Title, r.Title)
	given("valid_until", old.ValidUntil, r.ValidUntil.ISO())
	given("salesperson_email", old.SalespersonEmail, r.SalespersonEmail)
	given("site_name", old.Site, o.head["site_name"])
	lines, err := p.q.ListLinesOfProposal(ctx, old.ID)
	if err != nil {
		return fmt.Errorf("books: proposal %s: %w", o.number, err)
	}
	for n := range o.rows {
		if n >= len(lines) {
			differ(&o.rows[n], "description", "", r.Lines[n].Description)
			break
		}
		f, l := r.Lines[n], lines[n]
		differ(&o.rows[n], "description", l.Description, f.Description)
		differ(&o.rows[n], "quantity", l.Quantity.String(), f.Quantity.String())
		differ(&o.rows[n], "unit_price", l.UnitPriceCents.Plain(), f.UnitPrice.Plain())
		differ(&o.rows[n], "tax", l.TaxCents.Plain(), f.Tax.Plain())
	}
	if len(lines) > len(o.rows) {
		differ(first, "description", lines[len(o.rows)].Description, "")
	}
	if column != "" {
		p.report.Files[at.file].Kept++
		note(&p.report.Kept, Finding{p.inputs[at.file].Name, at.line, column, fmt.Sprintf("proposal %s stays as it is, with %s; the file has %s", o.number, orNothing(was), orNothing(is))})
	}
	return nil
}

// offers takes the new proposals in.
func (w *writer) offers(ctx context.Context) error {
	quiet := context.WithoutCancel(ctx)
	return w.stage.offers(ctx, true, func(o *offer) error {
		w.tick(len(o.rows))
		first := o.rows[0]
		o.once() // the plan found no differences
		id, err := w.ids.find(quiet, w.q, o.head["customer_number"])
		if err != nil {
			return err
		}
		var siteID int64
		if site := o.head["site_name"]; site != "" {
			if siteID, err = w.q.FindSite(quiet, db.FindSiteParams{CustomerID: id, Name: site}); err != nil {
				return w.at(first.file, first.line, err)
			}
		}
		if o.head["date"] == "" {
			o.head["date"] = w.today.ISO()
		}
		r, err := o.record(id, siteID)
		if err != nil {
			return w.at(first.file, first.line, err)
		}
		if src, ok := w.papers[strings.ToLower(o.number)]; ok {
			if r.Paper, err = readPaper(src); err != nil {
				return w.at(first.file, first.line, err)
			}
		}
		return w.at(first.file, first.line, w.proposals.ImportIn(quiet, w.q, w.now, w.by, r))
	})
}

// maxPaper is how large a proposal's PDF may be, in bytes.
const maxPaper = proposal.MaxAttachmentBytes

// isPaper reports whether a file is a PDF, by its name.
func isPaper(name string) bool { return strings.EqualFold(filepath.Ext(name), ".pdf") }

// paperNumber is the number of the proposal that a PDF belongs to, by its name.
func paperNumber(name string) string {
	return strings.ToLower(strings.TrimSuffix(name, filepath.Ext(name)))
}

// readPaper reads a PDF that goes along with a proposal, or says in words why it
// cannot.
func readPaper(src Source) (_ []byte, err error) {
	f, err := src.Open()
	if err != nil {
		return nil, fmt.Errorf("it cannot be opened")
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	body, err := io.ReadAll(io.LimitReader(f, maxPaper+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("it cannot be read")
	case len(body) > maxPaper:
		return nil, fmt.Errorf("it is larger than %d MB", maxPaper>>20)
	}
	if _, err := document.Inspect(body); err != nil {
		return nil, err
	}
	return body, nil
}

// strayPapers notes the PDFs whose proposal is not in the files.
func (p *planner) strayPapers() error {
	for number, src := range p.papers {
		var used int
		found, err := p.stage.one(`SELECT 1 FROM used_papers WHERE number = ?`, []any{number}, &used)
		if err != nil {
			return err
		}
		if !found && !src.beside && !ourPaper(number) {
			p.report.Notes = append(p.report.Notes, Note{src.Name, "left out, for no row of proposals.csv that is taken in has this number"})
		}
	}
	return nil
}
