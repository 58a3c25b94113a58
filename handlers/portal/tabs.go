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
	tabs[0].Count, tabs[1].Count = int(waiting.PastDue), int(waiting.Cards+waiting.Accounts)
	return tabs, nil
}
