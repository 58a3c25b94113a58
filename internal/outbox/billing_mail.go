package outbox

import "customerportal/internal/settings"

// BillingDone tells the dealer's office what a billing run made.
type BillingDone struct {
	Month    string // "December 2026"
	Lines    []string
	Problems []string // the first of them
	More     int      // how many problems are not listed
	Path     string   // of the run's page
}

// Template implements [Body].
func (BillingDone) Template() string { return "billing_done" }

// Subject implements [Body].
func (b BillingDone) Subject(settings.Company) string { return b.Month + " is billed" }
