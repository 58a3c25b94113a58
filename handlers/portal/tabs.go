package portal

import (
	"context"
	"fmt"

	"customerportal/db"
	"customerportal/internal/payment"
	"customerportal/views"
)

// Tabs lists the customer's tabs with a count on each of what waits for the
// customer there.
func (h *Handlers) Tabs(ctx context.Context, customerID int64) ([]views.Tab, error) {
	tabs := []views.Tab{
		{Key: "invoices", Label: "Invoices", Href: "/", Waits: "past due"},
		{Key: "methods", Label: "CC/eCheck", Href: "/methods", Waits: "to look at"},
		{Key: "payments", Label: "Payment History", Href: "/payments"},
	}
	set, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range []views.Tab{
		{Key: "workorders", Label: "Work Orders", Href: "/workorders", Waits: "under way or today"},
		{Key: "proposals", Label: "Proposals", Href: "/proposals", Waits: "to answer"},
	} {
		if set.Yes(switchOf(t.Href)) {
			tabs = append(tabs, t)
		}
	}
	if customerID == 0 {
		return tabs, nil // a log-in that may see no customer
	}
	today, err := h.Ledger.Today(ctx)
	if err != nil {
		return nil, err
	}
	first, last := payment.ExpiringMonths(today)
	waiting, err := h.DB.Read().GetWaitingForCustomer(ctx, db.GetWaitingForCustomerParams{CustomerID: customerID, Today: today, FirstMonth: first, LastMonth: last})
	if err != nil {
		return nil, fmt.Errorf("what waits behind the tabs: %w", err)
	}
	sales, err := h.DB.Read().GetSalesWaitingForCustomer(ctx, db.GetSalesWaitingForCustomerParams{CustomerID: customerID, Today: today})
	if err != nil {
		return nil, fmt.Errorf("what waits behind the tabs: %w", err)
	}
	counts := map[string]int64{"invoices": waiting.PastDue, "methods": waiting.Cards + waiting.Accounts, "workorders": sales.Visits, "proposals": sales.Proposals}
	for i := range tabs {
		tabs[i].Count = int(counts[tabs[i].Key])
	}
	return tabs, nil
}
