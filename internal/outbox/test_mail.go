package outbox

import "customerportal/internal/settings"

// Test is the mail of the office's "Send a test".
type Test struct{ When string }

// Template implements [Body].
func (Test) Template() string { return "test" }

// Subject implements [Body].
func (Test) Subject(dealer settings.Company) string {
	return "Test from the customer portal of " + dealer.Name
}
