package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"customerportal/db"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/settings"
)

// NewMethod is the choice of the drop-down's last entry: a card or account that
// is typed on the processor's page.
const NewMethod = "new"

// Choice is what the payment screen's form holds, as it was sent.
type Choice struct {
	// Rows are the invoices by number; one that is not named is on No with its
	// balance.
	Rows map[string]RowChoice
	// Kind is "card" or "echeck", "" when neither is chosen yet.
	Kind string
	// Method is the id of a method on file or [NewMethod].
	Method string
	// Keep asks the processor's page to keep a new method on file.
	Keep bool
	// Guest is whoever pays by a pay link: on the processor's page alone, without
	// the customer's methods and credit, and nothing is kept on file.
	Guest bool
}

// RowChoice is one invoice of a Choice. Was is the amount that was shown before
// Amount was edited; it stays in force when Amount is refused.
type RowChoice struct {
	Yes         bool
	Amount, Was string
}

// Row is an open invoice as the payment screen shows it.
type Row struct {
	ledger.OpenInvoice
	Yes    bool
	Amount money.Cents // in force: what is paid when the row says Yes
	Typed  string      // what stands in the box when it was refused, else ""
	Error  string      // why the amount was refused, "" when it was not
	// Reason says why nothing can be paid on it now, "" when it can.
	Reason string
}

// Screen is the payment screen as far as money goes.
type Screen struct {
	Rows    []Row
	Total   money.Cents // over the Yes rows
	Credit  money.Cents // unapplied credit the dealer holds
	Kinds   []gateway.Kind
	Methods []Method // on file, of the kinds above, the newest first
	// Kind and Method are what is ready to be paid with: as chosen, and while
	// nothing is, the method on file that was paid with last, or the newest
	// that works. Kind is "" when the customer has to choose first.
	Kind   gateway.Kind
	Method string
	// Closed says in words why no payment can be taken online, "" when it can.
	Closed string
	// Minimum is the least part payment.
	Minimum money.Cents
}

// Preview returns the payment screen for a choice: every amount checked against
// the books, the sum, the methods on file. An invoice that is not the
// customer's is NotFound. Nothing is written.
func (s *Service) Preview(ctx context.Context, customerID int64, c Choice) (*Screen, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	screen := &Screen{}
	g, _, err := s.active(ctx)
	switch {
	case fault.Is(err, fault.Unavailable):
		screen.Closed = words(err)
	case err != nil:
		return nil, err
	default:
		screen.Kinds = g.Info().Kinds
	}
	err = s.db.View(ctx, func(q *db.Queries) error {
		if screen.Rows, err = rows(ctx, q, set, customerID, c); err != nil {
			return err
		}
		if c.Guest {
			if screen.Kind = gateway.Kind(c.Kind); c.Kind == "" && len(screen.Kinds) == 1 {
				screen.Kind = screen.Kinds[0]
			}
			screen.Method = NewMethod
			return nil
		}
		if screen.Credit, err = ledger.Unapplied(ctx, q, customerID); err != nil {
			return err
		}
		if screen.Closed == "" {
			if screen.Methods, err = s.methods(ctx, q, customerID, g.Info().Name); err != nil {
				return err
			}
			screen.Kind, screen.Method = gateway.Kind(c.Kind), c.Method
			if c.Kind == "" {
				return screen.suggest(ctx, q, customerID, g.Info().Name)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	screen.Minimum = minimum(set)
	for _, r := range screen.Rows {
		if r.Yes {
			screen.Total += r.Amount
		}
	}
	return screen, nil
}

// suggest makes ready what the customer most likely pays with. It runs in the
// caller's transaction.
func (s *Screen) suggest(ctx context.Context, q *db.Queries, customerID int64, gatewayName string) error {
	usable := slices.DeleteFunc(slices.Clone(s.Methods), func(m Method) bool { return m.Expired || !slices.Contains(s.Kinds, m.Kind) })
	if len(usable) == 0 {
		if len(s.Kinds) == 1 {
			s.Kind = s.Kinds[0]
		}
		return nil
	}
	ready := usable[0]
	if len(usable) > 1 {
		last, err := q.GetLastPaidMethodForCustomer(ctx, db.GetLastPaidMethodForCustomerParams{CustomerID: customerID, Gateway: gatewayName})
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("payment: method last paid with: %w", err)
		}
		for _, m := range usable {
			if last.Valid && m.ID == last.Int64 {
				ready = m
			}
		}
	}
	s.Kind, s.Method = ready.Kind, strconv.FormatInt(ready.ID, 10)
	return nil
}

// rows puts the customer's open invoices and a choice together. It runs in the
// caller's transaction.
func rows(ctx context.Context, q *db.Queries, set *settings.Settings, customerID int64, c Choice) ([]Row, error) {
	open, err := ledger.Payable(ctx, q, customerID)
	if err != nil {
		return nil, err
	}
	unsettled, err := q.ListUnsettledInvoicesForCustomer(ctx, customerID)
	if err != nil {
		return nil, fmt.Errorf("payment: %w", err)
	}
	checking := map[int64]bool{}
	for _, u := range unsettled {
		checking[u.InvoiceID] = true
	}
	left := make(map[string]RowChoice, len(c.Rows))
	for number, r := range c.Rows {
		left[strings.ToLower(number)] = r
	}
	list := make([]Row, len(open))
	for i, invoice := range open {
		r := &list[i]
		*r = Row{OpenInvoice: invoice, Amount: invoice.Payable()}
		chosen, named := left[strings.ToLower(invoice.Number)]
		delete(left, strings.ToLower(invoice.Number))
		switch {
		case checking[invoice.ID]:
			r.Reason = "A payment on this invoice is being checked."
		case invoice.Payable() == 0:
			r.Reason = "A payment of the whole balance is in progress."
		case named:
			r.choose(chosen, minimum(set))
		}
	}
	if c.Guest {
		return list, nil // which other invoices there are is not a guest's to know
	}
	for number := range left {
		n, err := q.CountInvoicesForCustomer(ctx, db.CountInvoicesForCustomerParams{Number: number, CustomerID: customerID})
		if err != nil {
			return nil, fmt.Errorf("payment: %w", err)
		}
		if n == 0 {
			return nil, fault.Missing("invoice")
		}
	}
	return list, nil
}

// choose puts what was chosen for the row into force, as far as it may be.
// Editing the amount of a No row turns it to Yes.
func (r *Row) choose(c RowChoice, least money.Cents) {
	r.Yes = c.Yes
	if was, refusal := checkAmount(c.Was, r.Payable(), least); refusal == "" {
		r.Amount = was
	}
	if c.Amount == "" && c.Was == "" {
		return
	}
	amount, refusal := checkAmount(c.Amount, r.Payable(), least)
	if refusal != "" {
		// an untouched amount that the balance has fallen below is no mistake of
		// the customer's: the row is back at its balance
		if c.Amount == c.Was {
			return
		}
		r.Typed, r.Error = c.Amount, refusal
		return
	}
	if c.Was != "" {
		if was, err := money.Parse(c.Was); err == nil && was != amount {
			r.Yes = true
		}
	}
	r.Amount = amount
}

// checkAmount reads an amount to be paid and says why it is refused, "" when it
// is not: 0 < amount <= payable, whole cents, and a part no smaller than least.
func checkAmount(typed string, payable, least money.Cents) (money.Cents, string) {
	amount, err := money.Parse(typed)
	switch {
	case err != nil:
		return 0, err.Error()
	case amount == 0:
		return 0, "Enter an amount above zero"
	case amount > payable:
		return 0, fmt.Sprintf("This is more than the %s left to pay", payable)
	case amount < least && amount < payable:
		return 0, fmt.Sprintf("A part payment is at least %s", least)
	}
	return amount, ""
}

// minimum is the least part payment the dealer takes.
func minimum(set *settings.Settings) money.Cents {
	least, err := money.Parse(set.Value("payments.minimum"))
	if err != nil {
		return 0
	}
	return least
}

// AmountField is the name of the form field with the amount of an invoice.
func AmountField(number string) string { return "amount-" + Key(number) }

// Key makes an invoice number fit for names and ids in HTML: letters, digits and
// dashes as they are, anything else as its code.
func Key(number string) string {
	var b strings.Builder
	for _, r := range number {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r == '-' {
			b.WriteRune(r)
			continue
		}
		b.WriteByte('_')
		b.WriteString(strconv.FormatInt(int64(r), 16))
		b.WriteByte('_')
	}
	return b.String()
}

// words is what a fault says to the customer.
func words(err error) string {
	if f, ok := asFault(err); ok {
		return f.Message
	}
	return ""
}
