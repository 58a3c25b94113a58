package ledger

import (
	"context"
	"fmt"
	"strconv"

	"customerportal/db"
	"customerportal/internal/calendar"
)

// firstNumber is the first invoice's in books that have none.
const firstNumber = 1001

// nextNumber takes the next number of the dealer's sequence. The counter is the
// row of the setting invoices.next_number itself, read and moved on in the
// caller's transaction: two at once wait for each other and get different
// numbers, and a transaction that is rolled back gives its number back. The
// cached settings are never asked; they only show it.
//
// Numbers that are taken, by an import or by hand, are passed over. As long as
// nobody set where to begin, the numbers go on after the highest one of the same
// prefix.
func nextNumber(ctx context.Context, q *db.Queries, now calendar.Instant) (string, error) {
	set, err := q.GetInvoiceNumbering(ctx)
	if err != nil {
		return "", fmt.Errorf("ledger: invoice number: %w", err)
	}
	width := len(set.Next) // "00042" goes on with "00043"
	n, err := strconv.ParseInt(set.Next, 10, 64)
	if err != nil { // never set
		highest, err := q.GetHighestInvoiceNumber(ctx, set.Prefix)
		if err != nil {
			return "", fmt.Errorf("ledger: invoice number: %w", err)
		}
		n = max(highest+1, firstNumber)
	}
	for {
		number := fmt.Sprintf("%s%0*d", set.Prefix, width, n)
		n++
		taken, err := q.CountInvoiceNumber(ctx, number)
		if err != nil {
			return "", fmt.Errorf("ledger: invoice number: %w", err)
		}
		if taken > 0 {
			continue
		}
		err = q.PutSetting(ctx, db.PutSettingParams{Key: "invoices.next_number", Value: fmt.Sprintf("%0*d", width, n), UpdatedAt: now})
		if err != nil {
			return "", fmt.Errorf("ledger: invoice number: %w", err)
		}
		return number, nil
	}
}
