package sale

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/proposal"
	"customerportal/internal/workorder"
)

// Deal is an accepted proposal as it is to be carried out: what was chosen, split
// into what is paid once and what recurs, and what was made of it already.
type Deal struct {
	ProposalID     int64
	Number         string
	Version        int64
	Title          string
	CustomerID     int64
	CustomerNumber string
	Customer       string
	SiteID         int64 // 0 = none
	SystemID       int64 // 0 = none
	Accepted       calendar.Instant
	// Once are the lines of the invoice, without the one that takes off the
	// deposit; Total is what they come to with tax, as it was accepted.
	Once       []ledger.Line
	Tax, Total money.Cents
	// Deposits are what was asked as deposits with this version and with those that
	// were accepted before it. A voided one is none.
	Deposits  []proposal.Deposit
	Recurring []Recurring
	// Blocked says why nothing may be made of it now, "" when it may: a later
	// version, BlockedBy, was accepted in its place or may be yet.
	Blocked   string
	BlockedBy int64
	// What was made of it already, "" when nothing was.
	WorkOrder, Invoice string
}

// Recurring is an accepted line that is charged again and again.
type Recurring struct {
	Position    int64
	Description string
	Quantity    money.Quantity
	UnitPrice   money.Cents
	Taxable     bool
	Cycle       int64 // months
	// ItemID is the recurring item it became, 0 when it did not yet.
	ItemID int64
}

// Amount is what the line comes to each time, without tax.
func (r Recurring) Amount() money.Cents { return money.Extend(r.Quantity, r.UnitPrice) }

// LeftToInvoice reports whether an invoice can be made of it still.
func (d Deal) LeftToInvoice() bool { return d.Invoice == "" && len(d.Once) > 0 }

// LeftToRecur lists the recurring lines that became no item yet.
func (d Deal) LeftToRecur() []Recurring {
	return slices.DeleteFunc(slices.Clone(d.Recurring), func(r Recurring) bool { return r.ItemID != 0 })
}

// Due is what the invoice will come to: the accepted total less the deposits.
func (d Deal) Due() money.Cents { return d.Total - d.Deposited() }

// Deposited is what was asked as deposits.
func (d Deal) Deposited() (sum money.Cents) {
	for _, one := range d.Deposits {
		sum += one.Asked
	}
	return sum
}

// TooMuch says what to do where more was asked as deposits than is to be paid once,
// as can be when a later version comes to less; "" when that is not so.
func (d Deal) TooMuch() string {
	if d.Invoice != "" || d.Deposited() <= max(d.Total, 0) {
		return ""
	}
	var numbers []string
	for _, one := range d.Deposits {
		numbers = append(numbers, one.Invoice+" over "+one.Asked.String())
	}
	return fmt.Sprintf("The deposits that were asked (invoice %s) are more than the %s that is paid once. Void one of them first: what was paid on it becomes credit of the customer, and can be applied to the invoice that is made then.",
		strings.Join(numbers, ", "), max(d.Total, 0))
}

// DealOf reads what an accepted proposal is to become as of a day. It reads in the
// caller's transaction. A proposal that was not accepted is a Conflict, one that is missing
// NotFound.
func DealOf(ctx context.Context, q *db.Queries, proposalID int64, today calendar.Date) (Deal, error) {
	p, err := q.GetProposalToCarryOut(ctx, proposalID)
	if errors.Is(err, sql.ErrNoRows) {
		return Deal{}, fault.Missing("proposal")
	}
	if err != nil {
		return Deal{}, fmt.Errorf("sale: proposal %d: %w", proposalID, err)
	}
	if p.State != "accepted" || p.Accepted == 0 {
		return Deal{}, fault.New(fault.Conflict, "Proposal %s was not accepted, so there is nothing to carry out.", p.Number)
	}
	d := Deal{ProposalID: p.ID, Number: p.Number, Version: p.Version, Title: p.Title, CustomerID: p.CustomerID, CustomerNumber: p.CustomerNumber, Customer: p.DisplayName,
		SiteID: p.SiteID.Int64, SystemID: p.SystemID.Int64, Accepted: calendar.Instant(p.Accepted), WorkOrder: p.WorkOrder, Invoice: p.Invoice}
	kin, err := proposal.KinOf(ctx, q, p.Number, p.Version, today)
	if err != nil {
		return d, err
	}
	d.Deposits = kin.Deposits
	switch {
	case kin.Successor.ID != 0:
		d.BlockedBy = kin.Successor.Version
		d.Blocked = fmt.Sprintf("Version %d was accepted in the place of this one, so this one is not carried out any more.", d.BlockedBy)
	case kin.Open.ID != 0:
		d.BlockedBy = kin.Open.Version
		d.Blocked = fmt.Sprintf("Version %d is with the customer. This one can be carried out once that is rejected, withdrawn or has expired.", d.BlockedBy)
	}
	var chosen []int64
	if err := json.Unmarshal([]byte(p.Chosen), &chosen); err != nil {
		return d, fmt.Errorf("sale: choices of proposal %s: %w", p.Number, err)
	}
	lines, err := q.ListLinesToCarryOut(ctx, proposalID)
	if err != nil {
		return d, fmt.Errorf("sale: lines of proposal %s: %w", p.Number, err)
	}
	for _, l := range lines {
		switch {
		case l.Optional != 0 && !slices.Contains(chosen, l.Position):
		case l.CycleMonths != 0:
			d.Recurring = append(d.Recurring, Recurring{Position: l.Position, Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPriceCents,
				Taxable: l.Taxable != 0, Cycle: l.CycleMonths, ItemID: l.ItemID})
		default:
			d.Once = append(d.Once, ledger.Line{Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPriceCents, Tax: l.TaxCents})
			d.Tax += l.TaxCents
			d.Total += l.AmountCents + l.TaxCents
		}
	}
	if d.Total != money.Cents(p.Total) {
		// the trail and the file disagree: nothing is charged by either
		return d, fault.New(fault.Conflict, "The lines of proposal %s come to %s, but %s was accepted. Run portal doctor before anything is made of it.", p.Number, d.Total, money.Cents(p.Total))
	}
	return d, nil
}

// Order says what is to be made of an accepted proposal.
type Order struct {
	WorkOrder, Invoice, Recurring bool
	// SiteID is where the work is done, 0 = the proposal's site, or the customer's
	// only one.
	SiteID int64
	// From is the first day that recurring lines are charged for; none = the first
	// of next month.
	From calendar.Date
	// Mail sends the customer the invoice.
	Mail bool
	// Seen is what whoever presses was shown that the invoice comes to; nil when
	// nobody was shown anything.
	Seen *money.Cents
}

// Carried is what became of a proposal.
type Carried struct {
	Number    string // of the proposal
	Version   int64
	WorkOrder string // "" = none
	InvoiceID int64
	Invoice   string // "" = none
	Mailed    bool   // the invoice's mail is in the outbox
	Items     int    // recurring items, all that there are of it
	// Before says that all that was asked for had been made before: nothing was
	// done this time.
	Before bool
}

// furthest is how many days ahead recurring lines may begin, and how many days
// before today: a slip of the year is not found later.
const furthest = 366

// CarryOut makes of an accepted proposal what is asked for: a work order with
// what was chosen in its internal note, an invoice over what is paid once with the
// accepted tax and less the deposits, and a recurring item of each line that
// recurs. All of it happens in one transaction, or nothing does. Each is made
// once: pressed twice, the second is told of the first, and what was left out
// can be made later.
//
// Its Invalid faults have the fields site, from, recurring, invoice and those of
// [ledger.IssueInvoice] and [billing.AddItem]. A proposal that was not accepted is
// a Conflict, and so is one that a later version replaced or may replace yet, of
// which more was asked as deposits than is to be paid, or whose invoice comes to
// something else than was seen; one that is missing is NotFound.
func (s *Service) CarryOut(ctx context.Context, by audit.Actor, proposalID int64, o Order) (Carried, error) {
	var out Carried
	today, err := s.books.Today(ctx)
	if err != nil {
		return out, err
	}
	now := s.clock.Now()
	var d Deal
	err = s.db.Write(ctx, func(q *db.Queries) error {
		out = Carried{}
		if d, err = DealOf(ctx, q, proposalID, today); err != nil {
			return err
		}
		if d.Blocked != "" {
			return fault.New(fault.Conflict, "%s", d.Blocked)
		}
		if why := d.TooMuch(); why != "" {
			return fault.New(fault.Conflict, "%s", why)
		}
		out.Number, out.Version, out.WorkOrder, out.Invoice = d.Number, d.Version, d.WorkOrder, d.Invoice
		out.Items = len(d.Recurring) - len(d.LeftToRecur())
		made := map[string]string{}
		var parts []string
		result := db.PutProposalResultParams{ProposalID: d.ProposalID, StaffID: db.NullID(by.StaffID), At: now}
		if o.WorkOrder && d.WorkOrder == "" {
			if result.WorkOrderID, err = s.order(ctx, q, now, by, d, o.SiteID, &out); err != nil {
				return err
			}
			made["work order"] = out.WorkOrder
			parts = append(parts, "work order "+out.WorkOrder)
		}
		if o.Invoice && d.LeftToInvoice() {
			if o.Seen != nil && *o.Seen != d.Due() { // a deposit was voided, say
				return fault.New(fault.Conflict, "The invoice comes to %s now, not to what you saw before. Look at it again before it is made.", d.Due())
			}
			if err := s.invoice(ctx, q, now, today, d, o.Mail, &out); err != nil {
				return err
			}
			result.InvoiceID = db.NullID(out.InvoiceID)
			made["invoice"] = out.Invoice
			parts = append(parts, "invoice "+out.Invoice+" over "+d.Due().String())
		}
		if left := d.LeftToRecur(); o.Recurring && len(left) > 0 {
			from := o.From
			if from.IsZero() {
				from = FirstOfNextMonth(today)
			}
			if err := recur(ctx, q, now, today, d, left, from); err != nil {
				return err
			}
			out.Items = len(d.Recurring)
			made["recurring from"] = from.ISO()
			parts = append(parts, count(len(left), "recurring item", "recurring items")+" from "+from.String())
		}
		if len(parts) == 0 {
			out.Before = d.WorkOrder != "" || d.Invoice != "" || out.Items > 0
			if !out.Before {
				return fault.Field("parts", "Choose what is to be made of it")
			}
			return nil
		}
		if err := q.PutProposalResult(ctx, result); err != nil {
			return fmt.Errorf("sale: carrying out proposal %s: %w", d.Number, err)
		}
		if err := proposal.CarriedOutIn(ctx, q, now, by, d.ProposalID, strings.Join(parts, ", ")); err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "proposal.carry_out", CustomerID: d.CustomerID, Object: "proposal " + d.Number, After: made})
	})
	if err != nil {
		return Carried{}, err
	}
	if out.WorkOrder != "" && out.WorkOrder != d.WorkOrder {
		s.orders.Changed(d.CustomerID, out.WorkOrder)
	}
	return out, nil
}

// FirstOfNextMonth is the day from which recurring lines are charged unless
// another is asked for.
func FirstOfNextMonth(today calendar.Date) calendar.Date {
	return calendar.NewDate(today.Year(), today.Month(), 1).AddMonths(1)
}

// order makes the work order.
func (s *Service) order(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, d Deal, site int64, out *Carried) (sql.NullInt64, error) {
	none := sql.NullInt64{}
	n := workorder.NewOrder{CustomerID: d.CustomerID, SiteID: d.SiteID, SystemID: d.SystemID, Source: workorder.Proposal, Note: d.Title, Internal: d.list(),
		Nonce: fmt.Sprintf("proposal %d", d.ProposalID)}
	switch {
	case n.SiteID != 0:
	case site != 0:
		n.SiteID = site
	default:
		only, err := q.GetOnlySite(ctx, d.CustomerID)
		if err != nil {
			return none, fmt.Errorf("sale: sites of customer %s: %w", d.CustomerNumber, err)
		}
		if only.Sites != 1 {
			return none, fault.Field("site", "Choose the site where the work is done")
		}
		n.SiteID = only.ID
	}
	number, err := s.orders.CreateIn(ctx, q, now, by, n)
	if err != nil {
		return none, err
	}
	w, err := q.GetWorkOrderToInvoice(ctx, number)
	if err != nil {
		return none, fmt.Errorf("sale: work order %s: %w", number, err)
	}
	out.WorkOrder = number
	return db.NullID(w.ID), nil
}

// mostListed is how much of the lines the work order's internal note holds, in
// letters; the proposal itself has them all.
const mostListed = 3500

// list writes what was accepted, for those who do the work.
func (d Deal) list() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Proposal %s, accepted. It is charged by the proposal's own invoice; write down here only what comes on top.\n", d.Number)
	add := func(line string) bool {
		if b.Len()+len(line) > mostListed {
			b.WriteString("\n… and more: see the proposal")
			return false
		}
		b.WriteString("\n" + line)
		return true
	}
	for _, l := range d.Once {
		if !add(l.Quantity.String() + " × " + oneLine(l.Description)) {
			return b.String()
		}
	}
	for _, r := range d.Recurring {
		if !add(r.Quantity.String() + " × " + oneLine(r.Description) + ", " + billing.CycleInWords(int(r.Cycle))) {
			return b.String()
		}
	}
	return b.String()
}

// invoice issues the invoice.
func (s *Service) invoice(ctx context.Context, q *db.Queries, now calendar.Instant, today calendar.Date, d Deal, mail bool, out *Carried) error {
	if d.Due() < 0 {
		return fault.Field("invoice", "What is paid once comes to %s, which is a credit and no invoice; enter it as a credit on the account", d.Due())
	}
	r := ledger.InvoiceRecord{CustomerID: d.CustomerID, SiteID: d.SiteID, Date: today, PONumber: "Proposal " + d.Number, Lines: slices.Clone(d.Once)}
	for _, one := range d.Deposits {
		r.Lines = append(r.Lines, ledger.Line{Description: "Less deposit, invoice " + one.Invoice, Quantity: money.QuantityScale, UnitPrice: -one.Asked})
	}
	var err error
	if out.InvoiceID, err = ledger.IssueInvoice(ctx, q, now, r); err != nil {
		return err
	}
	if out.Invoice, err = q.GetInvoiceNumberOf(ctx, out.InvoiceID); err != nil {
		return fmt.Errorf("sale: invoice of proposal %s: %w", d.Number, err)
	}
	if mail {
		out.Mailed, err = s.books.MailInvoice(ctx, q, now, out.InvoiceID, "issued")
	}
	return err
}

// recur makes the recurring items.
func recur(ctx context.Context, q *db.Queries, now calendar.Instant, today calendar.Date, d Deal, left []Recurring, from calendar.Date) error {
	if days := today.DaysUntil(from); days > furthest || days < -furthest {
		return fault.Field("from", "This is more than a year from today; look at the year")
	}
	named := map[string]int{}
	for _, r := range left {
		if r.UnitPrice < 0 {
			return fault.Field("recurring", "%s is below zero; add a recurring item with the lower amount by hand instead", oneLine(r.Description))
		}
		description := oneLine(r.Description)
		// an item is known by its words: the second of the same gets a number
		if named[strings.ToLower(description)]++; named[strings.ToLower(description)] > 1 {
			description = fmt.Sprintf("%s (%d)", description, named[strings.ToLower(description)])
		}
		id, err := billing.AddItem(ctx, q, now, billing.ItemRecord{CustomerID: d.CustomerID, SiteID: d.SiteID, SystemID: d.SystemID, Description: description, Quantity: r.Quantity,
			Terms: billing.Terms{Start: from, Cycle: int(r.Cycle), Prorate: true}, Prices: []billing.DatedPrice{{From: from, Amount: r.UnitPrice}}, Taxable: r.Taxable,
			Reason: "Proposal " + d.Number})
		if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
			return fault.Field("recurring", "%s: %s", description, f.Message)
		}
		if err != nil {
			return err
		}
		if err := q.AddProposalResultItem(ctx, db.AddProposalResultItemParams{ProposalID: d.ProposalID, Position: r.Position, ItemID: id}); err != nil {
			return fmt.Errorf("sale: recurring item of proposal %s: %w", d.Number, err)
		}
	}
	return nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// count puts a number and its noun together.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
