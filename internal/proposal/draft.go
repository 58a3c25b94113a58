package proposal

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"unicode"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// Draft is a version of a proposal that staff are still writing. Customers do
// not see it.
type Draft struct {
	ID int64 // 0 = not saved yet
	// Saves is the one that was opened: what somebody else saved meanwhile is not
	// written over.
	Saves int64
	// Nonce is of the form a new draft is written in: saved twice, it makes one.
	Nonce      string
	CustomerID int64
	// Number is the dealer's own, "" for one that is made. Later versions keep it.
	Number        string
	Version       int64
	SiteID        int64 // 0 = none
	SystemID      int64 // 0 = none
	Title         string
	Introduction  string // words above the lines
	Terms         string
	Residential   bool // a sale at home: the notice of three days to cancel goes with it
	ValidUntil    calendar.Date
	SalespersonID int64 // 0 = none
	// The deposit, asked for with the acceptance: an amount, or parts per million
	// of what is paid once.
	DepositCents money.Cents
	DepositPPM   int64
	Lines        []Line // their positions and tax are worked out when it is saved
	// Attachments are the documents that go with it, of those it has already.
	Attachments []int64

	previous int64
}

// Bounds of what a draft holds.
const (
	MaxLines           = 200
	MaxAttachments     = 10
	MaxAttachmentBytes = 10 << 20
	MaxAttachedBytes   = 20 << 20
	maxText            = 20_000 // letters of the introduction and of the terms
)

// farthest is how many days ahead a proposal may be valid: a slip of the year is
// not found later.
const farthest = 731

// Taken are the words that no proposal may have for a number, as the office's
// pages have them in their addresses.
var taken = []string{"new", "verify", "drafts"}

// Check refuses what no proposal can be, without the books. The fields of its
// Invalid fault are number, title, introduction, terms, valid_until, deposit,
// lines, and for the first line description-1, quantity-1 and unit_price-1. A
// draft without lines passes: it only cannot be sent.
func (d Draft) Check(today calendar.Date) error {
	var refused fault.Fields
	switch {
	case len(d.Number) > 40:
		refused.Add("number", "A number has at most 40 letters")
	case strings.ContainsAny(d.Number, "/\\"):
		refused.Add("number", "A number has no slashes")
	case slices.Contains(taken, strings.ToLower(d.Number)) || strings.HasPrefix(d.Number, ".") || paperLike(d.Number):
		refused.Add("number", "This word cannot be a number")
	}
	switch {
	case d.Title == "":
		refused.Add("title", "Enter what is offered, like Burglar alarm for the shop")
	case len(d.Title) > 200:
		refused.Add("title", "This is longer than 200 letters")
	}
	if len(d.Introduction) > maxText {
		refused.Add("introduction", "This is longer than 20,000 letters")
	}
	if len(d.Terms) > maxText {
		refused.Add("terms", "This is longer than 20,000 letters. Longer terms go with it as a PDF.")
	}
	switch {
	case d.ValidUntil.IsZero():
	case d.ValidUntil < today:
		refused.Add("valid_until", "This day is past")
	case today.DaysUntil(d.ValidUntil) > farthest:
		refused.Add("valid_until", "This is more than two years from today; look at the year")
	}
	switch {
	case d.DepositCents < 0 || d.DepositCents > money.Max:
		refused.Add("deposit", "This amount is too large")
	case d.DepositPPM < 0 || d.DepositPPM > 1_000_000:
		refused.Add("deposit", "A deposit is at most 100 %%")
	}
	if len(d.Lines) > MaxLines {
		refused.Add("lines", "A proposal has at most %d lines", MaxLines)
	}
	for i, l := range d.Lines {
		if len(l.Description) > 1000 {
			refused.Add(lineField("description", i), "This is longer than 1000 characters")
		}
		err := ledger.Line{Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPrice}.Check()
		if f, ok := errors.AsType[*fault.Error](err); ok {
			message := f.Message
			if f.Field == "description" {
				message = "Enter what is offered"
			}
			refused.Add(lineField(f.Field, i), "%s", message)
		}
		if !slices.Contains(Cycles, l.Cycle) {
			refused.Add(lineField("cycle", i), "Choose how it is paid")
		}
	}
	return refused.Err()
}

// paperLike reports whether the address of a proposal with that number would be
// taken for that of its PDF.
func paperLike(number string) bool { return strings.HasSuffix(strings.ToLower(number), ".pdf") }

func lineField(name string, i int) string { return fmt.Sprintf("%s-%d", name, i+1) }

// tidy trims what was typed and brings line breaks to one form.
func (d *Draft) tidy() {
	d.Number, d.Title = oneLine(d.Number), oneLine(d.Title)
	d.Introduction, d.Terms = paragraphs(d.Introduction), paragraphs(d.Terms)
	for i := range d.Lines {
		l := &d.Lines[i]
		l.Position, l.Description = int64(i+1), oneLine(l.Description)
		if !l.Optional {
			l.Chosen = true
		}
	}
}

// oneLine trims text and makes one blank of what would break a line and of
// several blanks.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// paragraphs keeps the lines of a text and drops what is no writing.
func paragraphs(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	s = strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if r != '\n' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// Priced is what a draft comes to as things stand.
type Priced struct {
	Lines []Line // with the tax of each
	// Tax is what is charged on what is paid once, RecurringTax on the rest.
	Tax, RecurringTax billing.Tax
	// Totals is with the options chosen beforehand, Everything with all of them.
	Totals, Everything Totals
}

// Price works out what a draft comes to on a day, in the caller's transaction. A
// site or system that is not the customer's, or a site whose tax is not set up,
// is an Invalid fault of the field site or system.
func Price(ctx context.Context, q *db.Queries, d Draft, day calendar.Date) (Priced, error) {
	var p Priced
	if d.SiteID != 0 {
		place, err := q.GetProposalPlace(ctx, db.GetProposalPlaceParams{SiteID: d.SiteID, CustomerID: d.CustomerID, SystemID: d.SystemID})
		switch {
		case err != nil:
			return p, fmt.Errorf("proposal: draft: %w", err)
		case place.SiteTheirs == 0:
			return p, fault.Field("site", "This customer has no such site")
		case d.SystemID != 0 && place.SystemThere == 0:
			return p, fault.Field("system", "This site has no such system")
		}
	} else if d.SystemID != 0 {
		return p, fault.Field("system", "Choose its site, too")
	}
	for i, l := range d.Lines {
		l.Position, l.Tax = int64(i+1), 0
		if !l.Optional {
			l.Chosen = true
		}
		p.Lines = append(p.Lines, l)
	}
	for _, recurring := range []bool{false, true} {
		tax, err := billing.TaxOn(ctx, q, d.SiteID, day, recurring)
		taxed := func(l Line) bool { return l.Taxable && (l.Cycle != 0) == recurring }
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
			if !slices.ContainsFunc(p.Lines, taxed) {
				continue
			}
			return p, fault.Field("site", "%s", f.Message)
		}
		if err != nil {
			return p, err
		}
		if recurring {
			p.RecurringTax = tax
		} else {
			p.Tax = tax
		}
		for i, l := range p.Lines {
			if taxed(l) {
				p.Lines[i].Tax = tax.Of(l.Amount())
			}
		}
	}
	return p, p.sum(d)
}

func (p *Priced) sum(d Draft) error {
	var err error
	if p.Totals, err = TotalsOf(p.Lines, Preset(p.Lines), d.DepositCents, d.DepositPPM); err != nil {
		return err
	}
	var all []int64
	for _, l := range p.Lines {
		if l.Optional {
			all = append(all, l.Position)
		}
	}
	p.Everything, err = TotalsOf(p.Lines, all, d.DepositCents, d.DepositPPM)
	return err
}

// errQuicker tells the slower of two people.
var errQuicker = fault.New(fault.Conflict, "Somebody else changed this draft while you had it open. Compare with theirs, then save again to put yours in its place.")

// errSent tells who comes to a draft that is one no longer.
var errSent = fault.New(fault.Conflict, "This version was sent meanwhile; what was sent is not changed any more. Make a new version of it.")

// Saved is what saving a draft made of it.
type Saved struct {
	ID, Saves int64
	Number    string
}

// Save stores a draft, a new one when its ID is 0, with the PDFs that are brought
// with it and its line in the audit trail. A new form saved twice makes one
// draft. A draft that somebody saved meanwhile, or that was sent, is a Conflict
// and is left as it is. The Invalid faults are those of [Draft.Check], [Price]
// and of the files, in the field files.
func (s *Service) Save(ctx context.Context, by audit.Actor, d Draft, files ...File) (Saved, error) {
	today, err := s.books.Today(ctx)
	if err != nil {
		return Saved{}, err
	}
	d.tidy()
	if err := refuse(d.Check(today), checkFiles(files)); err != nil {
		return Saved{}, err
	}
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		var old db.GetProposalRow
		deed := "proposal.edit"
		if d.ID == 0 {
			deed = "proposal.new"
			d.Version = 1
		} else {
			if old, err = draft(ctx, q, d.ID); err != nil {
				return err
			}
			d.CustomerID, d.Version, d.previous = old.CustomerID, old.Version, old.PreviousID.Int64
			if d.Version > 1 {
				d.Number = old.Number
			}
			if d.Number == "" {
				d.Number = old.Number
			}
		}
		made, err := s.store(ctx, q, now, by, &d, today)
		if err != nil {
			return err
		}
		if !made {
			row, err := q.GetProposal(ctx, d.ID)
			d.Saves, d.Number = row.Saves, row.Number
			return err
		}
		if err := s.attach(ctx, q, now, d, files); err != nil {
			return err
		}
		row, err := q.GetProposal(ctx, d.ID)
		if err != nil {
			return missing(err)
		}
		d.Saves, d.Number = row.Saves, row.Number
		return audit.Record(ctx, q, now, by, audit.Entry{Action: deed, CustomerID: d.CustomerID, Object: object(row.Number, row.Version),
			After: map[string]string{"title": d.Title, "total": row.TotalCents.Plain(), "monthly": row.MonthlyCents.Plain()}})
	})
	return Saved{ID: d.ID, Saves: d.Saves, Number: d.Number}, err
}

// refuse puts the refusals of two checks together.
func refuse(errs ...error) error {
	var all fault.Fields
	for _, err := range errs {
		f, ok := errors.AsType[*fault.Error](err)
		if !ok {
			if err != nil {
				return err
			}
			continue
		}
		for _, one := range f.All() {
			all.Add(one.Field, "%s", one.Message)
		}
	}
	return all.Err()
}

func object(number string, version int64) string {
	if version == 1 {
		return "proposal " + number
	}
	return fmt.Sprintf("proposal %s, version %d", number, version)
}

// draft reads a version that must be a draft still.
func draft(ctx context.Context, q *db.Queries, id int64) (db.GetProposalRow, error) {
	row, err := q.GetProposal(ctx, id)
	if err != nil {
		return row, missing(err)
	}
	if row.State != "draft" {
		return row, errSent
	}
	return row, nil
}

func missing(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Missing("proposal")
	}
	return fmt.Errorf("proposal: %w", err)
}

// store writes the row and the lines. It reports false when the draft's form was
// saved before, and then d has the id of what that made.
func (s *Service) store(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, d *Draft, today calendar.Date) (bool, error) {
	p, err := Price(ctx, q, *d, today)
	if err != nil {
		return false, err
	}
	seller, err := salesperson(ctx, q, d.SalespersonID)
	if err != nil {
		return false, err
	}
	if d.ID == 0 {
		made, err := s.add(ctx, q, now, by, d, p, seller, today)
		if err != nil || !made {
			return false, err
		}
	} else if err := update(ctx, q, now, by, *d, p, seller, today); err != nil {
		return false, err
	}
	return true, addLines(ctx, q, d.ID, p.Lines)
}

func addLines(ctx context.Context, q *db.Queries, id int64, lines []Line) error {
	for _, l := range lines {
		err := q.AddProposalLine(ctx, db.AddProposalLineParams{ProposalID: id, Position: l.Position, Description: l.Description, Quantity: l.Quantity,
			UnitPriceCents: l.UnitPrice, Taxable: db.Flag(l.Taxable), CycleMonths: l.Cycle, Optional: db.Flag(l.Optional), Chosen: db.Flag(l.Chosen),
			AmountCents: l.Amount(), TaxCents: l.Tax})
		if err != nil {
			return fmt.Errorf("proposal: lines: %w", err)
		}
	}
	return nil
}

// salesperson is the e-mail address of who sells; somebody who left since, or
// does not sell, is an Invalid fault.
func salesperson(ctx context.Context, q *db.Queries, id int64) (email string, err error) {
	if id == 0 {
		return "", nil
	}
	row, err := q.GetSalesperson(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fault.Field("salesperson", "Choose somebody who sells here now")
	}
	if err != nil {
		return "", fmt.Errorf("proposal: salesperson: %w", err)
	}
	return row.Email, nil
}

// add puts in a new draft; it reports false when its form was saved before.
func (s *Service) add(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, d *Draft, p Priced, seller string, today calendar.Date) (bool, error) {
	if d.Nonce == "" {
		return false, errors.New("proposal: a form without a nonce")
	}
	first, err := q.GetProposalByNonce(ctx, d.Nonce)
	switch {
	case err == nil && first.CustomerID != d.CustomerID:
		return false, fault.New(fault.Conflict, "This form was used for another customer. Please open it again.")
	case err == nil:
		d.ID, d.Saves = first.ID, first.Saves
		return false, nil
	case !errors.Is(err, sql.ErrNoRows):
		return false, fmt.Errorf("proposal: adding a draft: %w", err)
	}
	if d.Version == 1 {
		if err := freeNumber(ctx, q, d); err != nil {
			return false, err
		}
	}
	id, err := q.AddProposalDraft(ctx, db.AddProposalDraftParams{Number: d.Number, Version: d.Version, CustomerID: d.CustomerID, SiteID: db.NullID(d.SiteID),
		SystemID: db.NullID(d.SystemID), Title: d.Title, Introduction: d.Introduction, Terms: d.Terms, Residential: db.Flag(d.Residential), ProposalDate: today,
		ValidUntil: d.ValidUntil.ISO(), SalespersonID: db.NullID(d.SalespersonID), SalespersonEmail: seller, DepositCents: d.DepositCents, DepositPpm: d.DepositPPM,
		TotalCents: p.Totals.Total, MonthlyCents: p.Totals.Monthly, PreviousID: db.NullID(d.previous), Nonce: d.Nonce, StaffID: db.NullID(by.StaffID), NowAt: now})
	if db.IsUnique(err) {
		return false, fault.New(fault.Conflict, "Somebody else made a new version of it just now.")
	}
	if err != nil || len(id) != 1 {
		return false, fmt.Errorf("proposal: adding a draft, %d rows: %w", len(id), err)
	}
	d.ID, d.Saves = id[0], 1
	return true, nil
}

func update(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, d Draft, p Priced, seller string, today calendar.Date) error {
	if d.Version == 1 {
		if err := freeNumber(ctx, q, &d); err != nil {
			return err
		}
	}
	n, err := q.UpdateProposalDraft(ctx, db.UpdateProposalDraftParams{Number: d.Number, SiteID: db.NullID(d.SiteID), SystemID: db.NullID(d.SystemID), Title: d.Title,
		Introduction: d.Introduction, Terms: d.Terms, Residential: db.Flag(d.Residential), ProposalDate: today, ValidUntil: d.ValidUntil.ISO(),
		SalespersonID: db.NullID(d.SalespersonID), SalespersonEmail: seller, DepositCents: d.DepositCents, DepositPpm: d.DepositPPM,
		TotalCents: p.Totals.Total, MonthlyCents: p.Totals.Monthly, StaffID: db.NullID(by.StaffID), UpdatedAt: now, ID: d.ID, Saves: d.Saves})
	if err != nil {
		return fmt.Errorf("proposal: draft %d: %w", d.ID, err)
	}
	if n == 0 { // the caller found it a draft in this transaction
		return errQuicker
	}
	if err := q.DeleteProposalLines(ctx, d.ID); err != nil {
		return fmt.Errorf("proposal: draft %d: %w", d.ID, err)
	}
	return nil
}

// freeNumber refuses a number that another proposal has, and makes one when none
// was typed: six random digits, which tell nobody how many there are.
func freeNumber(ctx context.Context, q *db.Queries, d *Draft) error {
	free := func() (bool, error) {
		n, err := q.CountProposalNumber(ctx, db.CountProposalNumberParams{Number: d.Number, ID: d.ID})
		if err != nil {
			return false, fmt.Errorf("proposal: number: %w", err)
		}
		return n == 0, nil
	}
	if d.Number != "" {
		ok, err := free()
		if err == nil && !ok {
			err = fault.Field("number", "There is a proposal %s already", d.Number)
		}
		return err
	}
	for range 50 {
		n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
		if err != nil {
			return fmt.Errorf("proposal: number: %w", err)
		}
		d.Number = fmt.Sprintf("P-%06d", n)
		if ok, err := free(); ok || err != nil {
			return err
		}
	}
	return errors.New("proposal: no number is free")
}

// Delete throws a draft away. One that was saved anew since it was looked at, or
// sent, is a Conflict; one that is gone is NotFound.
func (s *Service) Delete(ctx context.Context, by audit.Actor, id, saves int64) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		row, err := draft(ctx, q, id)
		if err != nil {
			return err
		}
		if row.Saves != saves {
			return fault.New(fault.Conflict, "Somebody else changed this draft while you had it open. Look at it again before it goes.")
		}
		if err := q.DeleteProposalLines(ctx, id); err != nil {
			return fmt.Errorf("proposal: draft %d: %w", id, err)
		}
		if err := detach(ctx, q, id, nil); err != nil {
			return err
		}
		if _, err := q.DeleteProposalDraft(ctx, db.DeleteProposalDraftParams{ID: id, Saves: saves}); err != nil {
			return fmt.Errorf("proposal: draft %d: %w", id, err)
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "proposal.delete", CustomerID: row.CustomerID, Object: object(row.Number, row.Version),
			Before: map[string]string{"title": row.Title, "total": row.TotalCents.Plain()}})
	})
}

// Read returns one version with its lines and attachments, in the caller's
// transaction, whatever state it is in.
func Read(ctx context.Context, q *db.Queries, id int64) (Draft, db.GetProposalRow, error) {
	row, err := q.GetProposal(ctx, id)
	if err != nil {
		return Draft{}, row, missing(err)
	}
	d := Draft{ID: id, Saves: row.Saves, CustomerID: row.CustomerID, Number: row.Number, Version: row.Version, SiteID: row.SiteID.Int64, SystemID: row.SystemID.Int64,
		Title: row.Title, Introduction: row.Introduction, Terms: row.Terms, Residential: row.Residential != 0, ValidUntil: calendar.Date(row.ValidUntil),
		SalespersonID: row.SalespersonID.Int64, DepositCents: row.DepositCents, DepositPPM: row.DepositPpm, previous: row.PreviousID.Int64}
	if d.Lines, err = lines(ctx, q, id); err != nil {
		return Draft{}, row, err
	}
	files, err := q.ListDraftProposalAttachments(ctx, id)
	if err != nil {
		return Draft{}, row, fmt.Errorf("proposal: attachments: %w", err)
	}
	for _, f := range files {
		d.Attachments = append(d.Attachments, f.DocumentID)
	}
	return d, row, nil
}

// lines returns the lines of one version as they were saved last.
func lines(ctx context.Context, q *db.Queries, id int64) ([]Line, error) {
	rows, err := q.ListDraftProposalLines(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("proposal: lines: %w", err)
	}
	var out []Line
	for _, l := range rows {
		out = append(out, Line{Position: l.Position, Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPriceCents, Taxable: l.Taxable != 0,
			Cycle: l.CycleMonths, Optional: l.Optional != 0, Chosen: l.Chosen != 0, Tax: l.TaxCents})
	}
	return out, nil
}

// Copy makes a draft for a customer of what any version offers: lines, words,
// terms and PDFs. The site is kept when it is that customer's. The same nonce
// again returns the copy that was made.
func (s *Service) Copy(ctx context.Context, by audit.Actor, id, customerID int64, validUntil calendar.Date, nonce string) (Saved, error) {
	return s.again(ctx, by, id, nonce, func(d *Draft) {
		if d.CustomerID != customerID {
			d.CustomerID, d.SiteID, d.SystemID = customerID, 0, 0
		}
		d.Number, d.Version, d.previous, d.ValidUntil = "", 1, 0, validUntil
	})
}

// NewVersion makes a draft of the next version of a proposal. The version that
// the customer has stays good until the new one is sent, and one that was accepted
// until the new one is accepted, too. There is one draft of a proposal at a time: a
// second is a Conflict, and so is a new version of what was carried out: what comes
// on top of that is a proposal of its own.
func (s *Service) NewVersion(ctx context.Context, by audit.Actor, id int64, validUntil calendar.Date, nonce string) (Saved, error) {
	return s.again(ctx, by, id, nonce, func(d *Draft) {
		d.previous, d.ValidUntil = id, max(d.ValidUntil, validUntil)
	})
}

// again makes a draft of another version; change says how it differs.
func (s *Service) again(ctx context.Context, by audit.Actor, id int64, nonce string, change func(d *Draft)) (Saved, error) {
	today, err := s.books.Today(ctx)
	if err != nil {
		return Saved{}, err
	}
	var saved Saved
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		d, row, err := Read(ctx, q, id)
		if err != nil {
			return err
		}
		from := object(row.Number, row.Version)
		change(&d)
		d.ID, d.Saves, d.Nonce = 0, 0, nonce
		if d.previous == id {
			versions, err := q.ListProposalVersions(ctx, row.Number)
			if err != nil || len(versions) == 0 {
				return missing(err)
			}
			if newest := versions[0]; newest.State == "draft" {
				first, err := q.GetProposalByNonce(ctx, nonce)
				if err == nil && first.ID == newest.ID {
					saved = Saved{ID: first.ID, Saves: first.Saves, Number: row.Number}
					return nil
				}
				return fault.New(fault.Conflict, "A new version of it is being written already.")
			}
			kin, err := KinOf(ctx, q, row.Number, 0, today)
			if err != nil {
				return err
			}
			if err := kin.stillFree(); err != nil {
				return err
			}
			d.Version = versions[0].Version + 1
		}
		// who left since does not sell any more
		if _, err := salesperson(ctx, q, d.SalespersonID); fault.Is(err, fault.Invalid) {
			d.SalespersonID = 0
		}
		files := d.Attachments
		made, err := s.store(ctx, q, now, by, &d, today)
		if err != nil {
			return err
		}
		saved = Saved{ID: d.ID, Saves: d.Saves, Number: d.Number}
		if !made {
			return nil
		}
		if err := share(ctx, q, id, d.ID, files); err != nil {
			return err
		}
		deed := "proposal.copy"
		if d.Version > 1 {
			deed = "proposal.version"
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: deed, CustomerID: d.CustomerID, Object: object(d.Number, d.Version),
			After: map[string]string{"from": from}})
	})
	return saved, err
}

// share gives a draft the PDFs of another version.
func share(ctx context.Context, q *db.Queries, from, to int64, documents []int64) error {
	rows, err := q.ListDraftProposalAttachments(ctx, from)
	if err != nil {
		return fmt.Errorf("proposal: attachments: %w", err)
	}
	for _, r := range rows {
		if !slices.Contains(documents, r.DocumentID) {
			continue
		}
		err := q.AddProposalAttachment(ctx, db.AddProposalAttachmentParams{ProposalID: to, Position: r.Position, DocumentID: r.DocumentID, Name: r.Name, Pages: r.Pages})
		if err != nil {
			return fmt.Errorf("proposal: attachments: %w", err)
		}
	}
	return nil
}
