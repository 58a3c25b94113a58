package billing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
)

// Drafts are the invoices that staff are still writing. A draft stands apart
// from the books: it has no number, nothing is owed on it, and customers cannot
// see it. It is safe for use by several goroutines.
type Drafts struct {
	db    *db.DB
	clock calendar.Clock
	books *ledger.Service
}

// NewDrafts returns the drafts of the open books.
func NewDrafts(d *db.DB, clock calendar.Clock, books *ledger.Service) *Drafts {
	return &Drafts{db: d, clock: clock, books: books}
}

// Draft is an invoice that is not issued yet.
type Draft struct {
	ID int64 // 0 = not saved yet
	// Version is the one that was opened: what somebody else saved meanwhile is
	// not written over.
	Version int64
	// Nonce is of the form a new draft is written in: saved twice, it makes one.
	Nonce      string
	CustomerID int64
	SiteID     int64 // 0 = none
	Date       calendar.Date
	Due        calendar.Date // none = by the customer's terms
	PONumber   string
	Lines      []DraftLine
}

// DraftLine is a line of a draft. A negative unit price is a credit.
type DraftLine struct {
	Description string
	Quantity    money.Quantity
	UnitPrice   money.Cents
	Taxable     bool
}

// Priced is what a draft comes to as things stand.
type Priced struct {
	Lines    []ledger.Line // with the tax of each
	Tax      Tax           // of the site on the draft's date
	Due      calendar.Date
	Subtotal money.Cents
	TaxTotal money.Cents
	Total    money.Cents
}

// MaxDraftLines bounds how many lines a draft has.
const MaxDraftLines = 200

// farthest is how many days from today a draft may be dated: a slip of the year
// is not found later.
const farthest = 366

// Check refuses what no invoice can be, without the books. The fields of its
// Invalid fault are invoice_date, due_date, po_number, lines, and for the first
// line description-1, quantity-1 and unit_price-1. A draft without lines passes:
// it only cannot be issued.
func (d Draft) Check(today calendar.Date) error {
	var refused fault.Fields
	switch {
	case d.Date.IsZero():
		refused.Add("invoice_date", "Enter a date, like 11/01/2026")
	case today.DaysUntil(d.Date) > farthest || today.DaysUntil(d.Date) < -farthest:
		refused.Add("invoice_date", "This is more than a year from today; look at the year")
	}
	switch {
	case d.Due.IsZero() || d.Date.IsZero():
	case d.Due < d.Date:
		refused.Add("due_date", "This is before the invoice's own date")
	case d.Date.DaysUntil(d.Due) > farthest:
		refused.Add("due_date", "This is more than a year later; look at the year")
	}
	if len(d.PONumber) > 100 {
		refused.Add("po_number", "This is longer than 100 characters")
	}
	if len(d.Lines) > MaxDraftLines {
		refused.Add("lines", "An invoice has at most %d lines", MaxDraftLines)
	}
	for i, l := range d.Lines {
		if len(l.Description) > 1000 {
			refused.Add(lineField("description", i), "This is longer than 1000 characters")
		}
		err := ledger.Line{Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPrice}.Check()
		if f, ok := errors.AsType[*fault.Error](err); ok {
			refused.Add(lineField(f.Field, i), "%s", f.Message)
		}
	}
	return refused.Err()
}

func lineField(name string, i int) string { return fmt.Sprintf("%s-%d", name, i+1) }

// Price works out what the draft comes to: the tax of each line that is taxable
// and the due date, as things stand. It runs in the caller's transaction. A site
// that is not the customer's is an Invalid fault of the field site.
func Price(ctx context.Context, q *db.Queries, d Draft) (Priced, error) {
	p := Priced{Due: d.Due}
	party, err := q.GetDraftParty(ctx, db.GetDraftPartyParams{SiteID: d.SiteID, CustomerID: d.CustomerID})
	if errors.Is(err, sql.ErrNoRows) {
		return p, fault.Missing("customer")
	}
	if err != nil {
		return p, fmt.Errorf("billing: draft: %w", err)
	}
	if p.Due.IsZero() && !d.Date.IsZero() {
		p.Due = ledger.DueDate(d.Date, party.Terms)
	}
	if d.SiteID != 0 {
		if party.Site == "" {
			return p, fault.Field("site", "This customer has no such site")
		}
		if !d.Date.IsZero() {
			if p.Tax, err = siteTax(ctx, q, d); err != nil {
				return p, err
			}
		}
	}
	for _, l := range d.Lines {
		line := ledger.Line{Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPrice}
		if l.Taxable {
			line.Tax = p.Tax.Of(line.Amount())
		}
		p.Subtotal += line.Amount()
		p.TaxTotal += line.Tax
		p.Lines = append(p.Lines, line)
	}
	p.Total = p.Subtotal + p.TaxTotal
	return p, nil
}

// siteTax is the tax of the draft's site. One that nobody set up refuses the
// draft, at its site, but only when a line is to be taxed.
func siteTax(ctx context.Context, q *db.Queries, d Draft) (Tax, error) {
	tax, err := TaxOn(ctx, q, d.SiteID, d.Date, false)
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
		if !slices.ContainsFunc(d.Lines, func(l DraftLine) bool { return l.Taxable }) {
			return Tax{}, nil
		}
		return Tax{}, fault.Field("site", "%s", f.Message)
	}
	return tax, err
}

// check refuses the draft and prices it, in the caller's transaction.
func (s *Drafts) check(ctx context.Context, q *db.Queries, d *Draft, today calendar.Date) (Priced, error) {
	d.PONumber = strings.TrimSpace(d.PONumber)
	for i := range d.Lines {
		d.Lines[i].Description = strings.Join(strings.Fields(d.Lines[i].Description), " ")
	}
	if err := d.Check(today); err != nil {
		return Priced{}, err
	}
	return Price(ctx, q, *d)
}

// errQuicker tells the slower of two people.
var errQuicker = fault.New(fault.Conflict, "Somebody else changed this draft while you had it open. Compare with theirs, then save again to put yours in its place.")

// errIssued tells who comes to a draft that is one no longer.
var errIssued = fault.New(fault.Conflict, "This draft was issued meanwhile; an issued invoice is not changed any more.")

// Save stores a draft, a new one when its ID is 0, with its line in the audit
// trail, and returns its id. A new form saved twice makes one draft. A draft
// that somebody saved meanwhile, or that was issued, is a Conflict and is left
// as it is. The Invalid faults are those of [Draft.Check] and [Price].
func (s *Drafts) Save(ctx context.Context, by audit.Actor, d Draft) (int64, error) {
	today, err := s.books.Today(ctx)
	if err != nil {
		return 0, err
	}
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		if d.ID != 0 {
			old, err := q.GetDraft(ctx, d.ID)
			if err != nil {
				return noDraft(err)
			}
			d.CustomerID = old.CustomerID
		}
		p, err := s.check(ctx, q, &d, today)
		if err != nil {
			return err
		}
		deed := "draft.edit"
		if d.ID == 0 {
			deed = "draft.new"
			made, err := s.add(ctx, q, now, by, &d, p.Total)
			if err != nil || !made {
				return err
			}
		} else if err := s.update(ctx, q, now, by, d, p.Total); err != nil {
			return err
		}
		for i, l := range d.Lines {
			err := q.AddDraftLine(ctx, db.AddDraftLineParams{DraftID: d.ID, Position: int64(i + 1), Description: l.Description,
				Quantity: l.Quantity, UnitPriceCents: l.UnitPrice, Taxable: db.Flag(l.Taxable)})
			if err != nil {
				return fmt.Errorf("billing: draft %d: %w", d.ID, err)
			}
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: deed, CustomerID: d.CustomerID, Object: object(d.ID),
			After: map[string]string{"date": d.Date.ISO(), "total": p.Total.Plain()}})
	})
	return d.ID, err
}

func object(id int64) string { return fmt.Sprintf("draft %d", id) }

// add puts in a new draft; it reports false when its form was saved before, and
// then d has the id of what that made.
func (s *Drafts) add(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, d *Draft, total money.Cents) (bool, error) {
	if d.Nonce == "" {
		return false, errors.New("billing: a form without a nonce")
	}
	id, err := q.AddDraft(ctx, db.AddDraftParams{CustomerID: d.CustomerID, SiteID: db.NullID(d.SiteID), InvoiceDate: d.Date, DueDate: d.Due,
		PoNumber: d.PONumber, TotalCents: total, Nonce: d.Nonce, StaffID: db.NullID(by.StaffID), CreatedAt: now, UpdatedAt: now})
	if err != nil {
		return false, fmt.Errorf("billing: adding a draft: %w", err)
	}
	if len(id) == 1 {
		d.ID = id[0]
		return true, nil
	}
	first, err := q.GetDraftByNonce(ctx, d.Nonce)
	if err != nil {
		return false, fmt.Errorf("billing: adding a draft: %w", err)
	}
	if first.CustomerID != d.CustomerID {
		return false, fault.New(fault.Conflict, "This form was used for another customer. Please open it again.")
	}
	d.ID = first.ID
	return false, nil
}

func (s *Drafts) update(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, d Draft, total money.Cents) error {
	n, err := q.UpdateDraft(ctx, db.UpdateDraftParams{SiteID: db.NullID(d.SiteID), InvoiceDate: d.Date, DueDate: d.Due, PoNumber: d.PONumber,
		TotalCents: total, StaffID: db.NullID(by.StaffID), UpdatedAt: now, ID: d.ID, Version: d.Version})
	if err != nil {
		return fmt.Errorf("billing: draft %d: %w", d.ID, err)
	}
	if n == 0 {
		return missed(ctx, q, d.ID)
	}
	if err := q.DeleteDraftLines(ctx, d.ID); err != nil {
		return fmt.Errorf("billing: draft %d: %w", d.ID, err)
	}
	return nil
}

// missed says why a draft could not be changed.
func missed(ctx context.Context, q *db.Queries, id int64) error {
	row, err := q.GetDraft(ctx, id)
	switch {
	case err != nil:
		return noDraft(err)
	case row.InvoiceID.Valid:
		return errIssued
	}
	return errQuicker
}

func noDraft(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Missing("draft")
	}
	return fmt.Errorf("billing: draft: %w", err)
}

// Delete throws a draft away. One that was saved anew since it was looked at, or
// issued, is a Conflict; one that is gone is NotFound.
func (s *Drafts) Delete(ctx context.Context, by audit.Actor, id, version int64) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		row, err := q.GetDraft(ctx, id)
		switch {
		case err != nil:
			return noDraft(err)
		case row.InvoiceID.Valid:
			return errIssued
		case row.Version != version:
			return fault.New(fault.Conflict, "Somebody else changed this draft while you had it open. Look at it again before it goes.")
		}
		if err := q.DeleteDraftLines(ctx, id); err != nil {
			return fmt.Errorf("billing: draft %d: %w", id, err)
		}
		if _, err := q.DeleteDraft(ctx, db.DeleteDraftParams{ID: id, Version: version}); err != nil {
			return fmt.Errorf("billing: draft %d: %w", id, err)
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "draft.delete", CustomerID: row.CustomerID, Object: object(id),
			Before: map[string]string{"date": row.InvoiceDate.ISO(), "total": row.TotalCents.Plain()}})
	})
}

// Read returns a draft with its lines, in the caller's transaction.
func Read(ctx context.Context, q *db.Queries, id int64) (Draft, db.GetDraftRow, error) {
	row, err := q.GetDraft(ctx, id)
	if err != nil {
		return Draft{}, row, noDraft(err)
	}
	lines, err := q.ListDraftLines(ctx, id)
	if err != nil {
		return Draft{}, row, fmt.Errorf("billing: draft %d: %w", id, err)
	}
	d := Draft{ID: id, Version: row.Version, CustomerID: row.CustomerID, SiteID: row.SiteID.Int64, Date: row.InvoiceDate, Due: row.DueDate, PONumber: row.PoNumber}
	for _, l := range lines {
		d.Lines = append(d.Lines, DraftLine{Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPriceCents, Taxable: l.Taxable != 0})
	}
	return d, row, nil
}

// record is the invoice that the draft becomes.
func (d Draft) record(p Priced) ledger.InvoiceRecord {
	return ledger.InvoiceRecord{CustomerID: d.CustomerID, SiteID: d.SiteID, Date: d.Date, Due: p.Due, PONumber: d.PONumber, Lines: p.Lines}
}

// Issued is what became of a draft.
type Issued struct {
	InvoiceID int64
	Number    string
	Mailed    bool // the mail is in the outbox
	// Before says that somebody had issued it before: nothing was done this time.
	Before bool
}

// Issue makes the draft an invoice, with the next number of the dealer's
// sequence, and queues its mail when asked to, all in one transaction. Issued
// twice it makes one invoice; the second is told of the first.
//
// Seen is the total that whoever issues it agreed to: when it comes to something
// else by now, or somebody saved the draft meanwhile, that is a Conflict. A draft
// that cannot be an invoice, such as one without lines or below zero, is Invalid.
func (s *Drafts) Issue(ctx context.Context, by audit.Actor, id, version int64, seen money.Cents, mail bool) (Issued, error) {
	var out Issued
	today, err := s.books.Today(ctx)
	if err != nil {
		return out, err
	}
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		d, row, err := Read(ctx, q, id)
		if err != nil {
			return err
		}
		if row.InvoiceID.Valid {
			out = Issued{InvoiceID: row.InvoiceID.Int64, Number: row.InvoiceNumber, Before: true}
			return nil
		}
		if row.Version != version {
			return fault.New(fault.Conflict, "Somebody else changed this draft while you had it open. Look at it again before it is issued.")
		}
		p, err := s.check(ctx, q, &d, today)
		if err != nil {
			return err
		}
		if p.Total != seen {
			return fault.New(fault.Conflict, "It comes to %s now, not to %s: a tax rate changed. Look at it again before it is issued.", p.Total, seen)
		}
		if out.InvoiceID, err = ledger.IssueInvoice(ctx, q, now, d.record(p)); err != nil {
			return err
		}
		n, err := q.IssueDraft(ctx, db.IssueDraftParams{InvoiceID: db.NullID(out.InvoiceID), UpdatedAt: now, StaffID: db.NullID(by.StaffID),
			TotalCents: p.Total, ID: id, Version: version})
		if err != nil || n != 1 {
			return fmt.Errorf("billing: issuing draft %d, %d rows: %w", id, n, err)
		}
		if err := q.DeleteDraftLines(ctx, id); err != nil {
			return fmt.Errorf("billing: issuing draft %d: %w", id, err)
		}
		if row, err = q.GetDraft(ctx, id); err != nil {
			return noDraft(err)
		}
		out.Number = row.InvoiceNumber
		if mail {
			if out.Mailed, err = s.books.MailInvoice(ctx, q, now, out.InvoiceID, "issued"); err != nil {
				return err
			}
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "invoice.issue", CustomerID: d.CustomerID, Object: "invoice " + out.Number,
			After: map[string]string{"date": d.Date.ISO(), "due": p.Due.ISO(), "total": p.Total.Plain()}})
	})
	return out, err
}

// Paper returns the PDF of a draft as it would be issued today, marked DRAFT.
func (s *Drafts) Paper(ctx context.Context, id int64) (ledger.Paper, error) {
	var r ledger.InvoiceRecord
	err := s.db.View(ctx, func(q *db.Queries) error {
		d, row, err := Read(ctx, q, id)
		if err != nil {
			return err
		}
		if row.InvoiceID.Valid {
			return errIssued
		}
		p, err := Price(ctx, q, d)
		r = d.record(p)
		return err
	})
	if err != nil {
		return ledger.Paper{}, err
	}
	return s.books.DraftPaper(ctx, r)
}

// CheckDrafts proves that drafts are no part of the books: none stands among the
// invoices or has a ledger row, and each is for one customer's site and became
// that customer's invoice. It only reads; give it one read transaction.
func CheckDrafts(ctx context.Context, q *db.Queries, _ calendar.Instant) ([]ledger.Finding, error) {
	const most = 100
	var found []ledger.Finding
	stray, err := q.CheckDraftInvoices(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("billing: check: %w", err)
	}
	for _, i := range stray {
		problem := "it stands as a draft among the invoices, where drafts are not kept"
		if i.RowsThere > 0 {
			problem = fmt.Sprintf("it is a draft, but the ledger has %d rows of it", i.RowsThere)
		}
		found = append(found, ledger.Finding{Object: "invoice " + i.Number, Problem: problem})
	}
	owners, err := q.CheckDraftOwners(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("billing: check: %w", err)
	}
	for _, d := range owners {
		found = append(found, ledger.Finding{Object: object(d.ID), Problem: "it was issued as invoice " + d.Number + ", which is another customer's"})
	}
	sites, err := q.CheckDraftSites(ctx, most)
	if err != nil {
		return nil, fmt.Errorf("billing: check: %w", err)
	}
	for _, d := range sites {
		found = append(found, ledger.Finding{Object: object(d.ID), Problem: "it is for customer " + d.Number + ", but for a site of another"})
	}
	return found, nil
}
