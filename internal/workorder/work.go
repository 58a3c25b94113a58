package workorder

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
)

// Line is a line of parts and labour: what the invoice will be made of.
type Line struct {
	Labour      bool
	Description string
	// Quantity is in pieces, of labour in hours.
	Quantity  money.Quantity
	UnitPrice money.Cents
	Taxable   bool
}

// Amount is what the line comes to, without tax.
func (l Line) Amount() money.Cents { return money.Extend(l.Quantity, l.UnitPrice) }

// String is the line as a customer signs for it: "2 x Smoke detector".
func (l Line) String() string { return l.Quantity.String() + " x " + l.Description }

// Shown is parts and labour as one text, a line each: what a customer's signature
// stands under.
func Shown(lines []Line) string {
	texts := make([]string, len(lines))
	for i, l := range lines {
		texts[i] = l.String()
	}
	return strings.Join(texts, "\n")
}

// MaxLines bounds parts and labour of one work order.
const MaxLines = 60

const (
	descriptionMost = 200
	quantityMost    = 10_000 * money.QuantityScale
	unitPriceMost   = money.Cents(100_000_00)
)

// SetWork puts parts and labour in the place of those there are. seen is the
// version that the caller saw, or [Any]. It is refused for a work order that is
// cancelled or has its invoice, to a technician also for one that is completed.
// The fields of its Invalid fault are "lines", and for the first line
// "description-1", "quantity-1" and "price-1". The same lines again change
// nothing.
func (s *Service) SetWork(ctx context.Context, by audit.Actor, number string, seen int64, lines []Line) error {
	return s.change(ctx, by, number, seen, func(q *db.Queries, now calendar.Instant, o *db.WorkOrder) error {
		return setWork(ctx, q, now, by, o, lines)
	})
}

// setWork is SetWork in the caller's transaction.
func setWork(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, o *db.WorkOrder, lines []Line) error {
	invoice, err := invoiceOf(ctx, q, o)
	switch {
	case err != nil:
		return err
	case invoice != "":
		return fault.New(fault.Conflict, "Work order %s has its invoice already; parts and labour stay as they are.", o.Number)
	case State(o.State) == Cancelled:
		return wrongState(o, "Parts and labour cannot be entered any more.")
	case State(o.State) == Completed && by.Role == "technician":
		return wrongState(o, "Ask the office to change parts and labour.")
	}
	lines = slices.Clone(lines)
	var refused fault.Fields
	if len(lines) > MaxLines {
		refused.Add("lines", "A work order has at most %d lines", MaxLines)
	}
	var total money.Cents
	for i := range lines {
		l := &lines[i]
		field := func(name string) string { return fmt.Sprintf("%s-%d", name, i+1) }
		l.Description = strings.Join(strings.Fields(l.Description), " ")
		switch n := len([]rune(l.Description)); {
		case n == 0:
			refused.Add(field("description"), "Say what it was")
		case n > descriptionMost:
			refused.Add(field("description"), "This is %d characters long; %d fit", n, descriptionMost)
		}
		if l.Quantity <= 0 || l.Quantity > quantityMost {
			refused.Add(field("quantity"), "Enter how many, like 1 or 1.5")
		}
		if l.UnitPrice < 0 || l.UnitPrice > unitPriceMost {
			refused.Add(field("price"), "Enter a price up to %s", unitPriceMost)
		}
		if refused.Err() == nil {
			total += l.Amount()
		}
	}
	if total > money.Max {
		refused.Add("lines", "Together this is too much")
	}
	if err := refused.Err(); err != nil {
		return err
	}
	was, err := work(ctx, q, o.ID)
	if err != nil {
		return err
	}
	if slices.Equal(was, lines) {
		return errUnchanged
	}
	if err := q.DeleteWorkLines(ctx, o.ID); err != nil {
		return fmt.Errorf("work order %s: parts and labour: %w", o.Number, err)
	}
	for i, l := range lines {
		kind := "part"
		if l.Labour {
			kind = "labour"
		}
		err := q.AddWorkLine(ctx, db.AddWorkLineParams{WorkOrderID: o.ID, Position: int64(i + 1), Kind: kind, Description: l.Description,
			Quantity: l.Quantity, UnitPriceCents: l.UnitPrice, Taxable: db.Flag(l.Taxable)})
		if err != nil {
			return fmt.Errorf("work order %s: parts and labour: %w", o.Number, err)
		}
	}
	details := fmt.Sprintf("%d lines, %s", len(lines), total)
	if len(lines) == 1 {
		details = "1 line, " + total.String()
	}
	if _, err := keep(ctx, q, now, by, o, event{kind: "work", details: details}); err != nil {
		return err
	}
	return record(ctx, q, now, by, o, "work", lineTexts(was), lineTexts(lines))
}

// lineTexts is parts and labour with prices, for the audit trail.
func lineTexts(lines []Line) []string {
	var texts []string
	for _, l := range lines {
		texts = append(texts, l.String()+" at "+l.UnitPrice.Plain())
	}
	return texts
}

// work reads parts and labour in the caller's transaction.
func work(ctx context.Context, q *db.Queries, orderID int64) ([]Line, error) {
	rows, err := q.ListWorkOrderLines(ctx, orderID)
	if err != nil {
		return nil, fmt.Errorf("parts and labour of %d: %w", orderID, err)
	}
	var lines []Line
	for _, r := range rows {
		lines = append(lines, Line{Labour: r.Kind == "labour", Description: r.Description, Quantity: r.Quantity, UnitPrice: r.UnitPriceCents, Taxable: r.Taxable != 0})
	}
	return lines, nil
}
