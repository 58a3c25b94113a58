package demo

import (
	"context"
	"fmt"
	"slices"

	"customerportal/internal/audit"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// handwritten are the invoices that the office wrote this morning: one that went
// out by mail, one for a customer without e-mail that waits to be printed, and
// one that is still a draft.
var handwritten = []struct {
	last  string // of the customer
	state string
	lines []billing.DraftLine
}{
	{"Abernathy", "mailed", []billing.DraftLine{
		{Description: "Service call: front door contact replaced", Quantity: 1 * money.QuantityScale, UnitPrice: 9500},
		{Description: "Labor, hours", Quantity: 1500, UnitPrice: 12000},
	}},
	{"Pemberton-Fotheringay", "issued", []billing.DraftLine{
		{Description: "Annual inspection of the burglar alarm", Quantity: 1 * money.QuantityScale, UnitPrice: 14900},
	}},
	{"Volkov", "draft", []billing.DraftLine{
		{Description: "Moving the keypad to the hallway: labor, hours", Quantity: 2250, UnitPrice: 12000},
		{Description: "Discount for ten years with us", Quantity: 1 * money.QuantityScale, UnitPrice: -2500},
	}},
}

// byHand writes them, as the office does.
func (b *books) byHand(ctx context.Context, drafts *billing.Drafts, today calendar.Date) error {
	for _, w := range handwritten {
		i := slices.IndexFunc(households, func(h household) bool { return h.last == w.last })
		if i < 0 {
			return fmt.Errorf("nobody is called %s", w.last)
		}
		id, err := drafts.Save(ctx, audit.Program, billing.Draft{Nonce: "demo " + w.last, CustomerID: b.customers[i], Date: today, Lines: w.lines})
		if err != nil {
			return err
		}
		if w.state == "draft" {
			continue
		}
		var total money.Cents
		for _, l := range w.lines {
			total += money.Extend(l.Quantity, l.UnitPrice)
		}
		if _, err := drafts.Issue(ctx, audit.Program, id, 1, total, w.state == "mailed"); err != nil {
			return err
		}
	}
	return nil
}
