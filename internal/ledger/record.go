package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
)

// Kind is what a payment was made with.
type Kind string

// The kinds of payment.
const (
	Card   Kind = "card"
	ECheck Kind = "echeck"
	Check  Kind = "check"
	Cash   Kind = "cash"
	Other  Kind = "other"
	// CreditMemo is no money: the dealer asks for less.
	CreditMemo Kind = "credit"
)

// Label is the "Payment Type" customers read.
func (k Kind) Label() string {
	switch k {
	case Card:
		return "Credit Card"
	case ECheck:
		return "eCheck"
	case Check:
		return "Check"
	case Cash:
		return "Cash"
	case CreditMemo:
		return "Credit memo"
	}
	return "Other"
}

// ParseKind reads a payment type as books write it and returns the label to
// show with it. A word that is not known is kept as it is.
func ParseKind(word string) (Kind, string) {
	word = strings.Join(strings.Fields(word), " ")
	switch strings.ToLower(strings.NewReplacer("-", "", " ", "", ".", "").Replace(word)) {
	case "check", "cheque", "ck", "chk":
		return Check, Check.Label()
	case "cash":
		return Cash, Cash.Label()
	case "creditcard", "card", "cc", "debitcard", "visa", "mastercard", "amex", "americanexpress", "discover":
		return Card, Card.Label()
	case "echeck", "ach", "eft", "bankdraft":
		return ECheck, ECheck.Label()
	case "creditmemo":
		return CreditMemo, CreditMemo.Label()
	case "":
		return Other, Other.Label()
	}
	return Other, word
}

// NumberLabel returns what may be kept and shown of a payment's number: of a
// card or bank account the last four digits, of a check its number. A number of
// nine digits or more, as accounts and cards have, is cut to its last four
// whatever it came with.
func NumberLabel(kind Kind, number string) string {
	number = strings.Join(strings.Fields(number), " ")
	var digits []byte
	for i := range len(number) {
		if c := number[i]; c >= '0' && c <= '9' {
			digits = append(digits, c)
		}
	}
	if kind == Card || kind == ECheck || len(digits) >= 9 {
		return string(digits[max(0, len(digits)-4):])
	}
	if runes := []rune(number); len(runes) > 20 {
		return string(runes[:20])
	}
	return number
}

// referenceAlphabet is Crockford's base32: no I, L, O or U, so that a reference
// read over the phone is not misheard (https://www.crockford.com/base32.html).
const referenceAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewReference returns what people quote of a payment, like "4F7K9-QXT2B": 50
// random bits, so that it tells nobody how many payments there are.
func NewReference() string {
	var raw [10]byte
	_, _ = rand.Read(raw[:]) // crypto/rand.Read never fails
	b := make([]byte, 0, 11)
	for i, r := range raw {
		if i == 5 {
			b = append(b, '-')
		}
		b = append(b, referenceAlphabet[r&31])
	}
	return string(b)
}

// PaymentRecord is a payment that was made outside the portal.
type PaymentRecord struct {
	// Reference is the payment's number in the dealer's books; one is made when
	// it is "".
	Reference   string
	CustomerID  int64
	Kind        Kind
	Label       string // the "Payment Type" shown; "" = the kind's own
	Number      string // of the check; see NumberLabel
	Brand       string // "Visa", or ""
	Amount      money.Cents
	Date        calendar.Date
	Memo        string
	Source      string // "office" or "import"
	StaffID     int64  // who entered it, 0 for an import
	Nonce       string // of the form it was entered with, "" for an import
	Allocations []Allocation
}

// Allocation is the part of a payment that is meant for one invoice.
type Allocation struct {
	InvoiceID int64
	Cents     money.Cents // 0 = what is owed there, as far as the payment goes
}

// RecordPayment puts a finished payment (a check, cash, a card charged
// elsewhere, a credit memo) into the books: the payment, its allocations and its ledger rows;
// what is not allocated becomes unapplied credit. It returns the payment's id,
// runs in the caller's transaction, and refuses before it writes.
//
// A payment whose reference is in the books already is not booked again: its id
// is returned when customer, amount, date and kind are the same, else a
// Conflict. The fields of its Invalid faults are the columns of payments.csv.
func RecordPayment(ctx context.Context, q *db.Queries, now calendar.Instant, r PaymentRecord) (int64, error) {
	r.Reference = strings.TrimSpace(r.Reference)
	if r.Label == "" {
		r.Label = r.Kind.Label()
	}
	if err := r.Check(); err != nil {
		return 0, err
	}
	if r.Reference == "" {
		r.Reference = NewReference()
	} else if id, err := recorded(ctx, q, r); id != 0 || err != nil {
		return id, err
	}
	if err := CheckOpen(ctx, q, "payment_date", r.Date); err != nil {
		return 0, err
	}
	parts, err := r.split(ctx, q)
	if err != nil {
		return 0, err
	}
	if r.Nonce == "" {
		r.Nonce = r.Source + " " + r.Reference
	}
	id, err := q.AddRecordedPayment(ctx, db.AddRecordedPaymentParams{
		Reference: r.Reference, CustomerID: r.CustomerID, Source: r.Source, Kind: string(r.Kind), TypeLabel: r.Label,
		NumberLabel: NumberLabel(r.Kind, r.Number), Brand: r.Brand, AmountCents: r.Amount, PaymentDate: r.Date,
		IdempotencyKey: r.Source + " " + r.Reference, Nonce: r.Nonce, Memo: strings.TrimSpace(r.Memo),
		StaffID: db.NullID(r.StaffID), CreatedAt: now, SubmittedAt: now, SettledAt: now,
	})
	if err != nil {
		return 0, fmt.Errorf("ledger: payment %s: %w", r.Reference, err)
	}
	for _, a := range parts {
		err := q.AddRecordedAllocation(ctx, db.AddRecordedAllocationParams{PaymentID: id, InvoiceID: a.InvoiceID, Cents: a.Cents})
		if err != nil {
			return 0, fmt.Errorf("ledger: payment %s: %w", r.Reference, err)
		}
	}
	reason := Payment
	if r.Kind == CreditMemo {
		reason = Credit
	}
	err = Book(ctx, q, Booking{PaymentID: id, CustomerID: r.CustomerID, Amount: r.Amount, Reason: reason,
		Fact: fmt.Sprintf("payment %d", id), Date: r.Date, At: now})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// Check refuses what no payment can be, without the books: with the Invalid
// fault that [RecordPayment] would return.
func (r PaymentRecord) Check() error {
	var refused fault.Fields
	switch {
	case r.Amount <= 0:
		refused.Add("amount", "Enter an amount above zero")
	case r.Amount > money.Max:
		refused.Add("amount", "This amount is too large")
	}
	if r.Date.IsZero() {
		refused.Add("payment_date", "Enter a date, like 11/01/2026")
	}
	if len(r.Reference) > 40 || strings.ContainsFunc(r.Reference, func(c rune) bool { return c <= ' ' || c == '/' || c == 0x7f }) {
		refused.Add("payment_number", "A payment number is at most 40 letters, digits and signs, without blanks")
	}
	if len(r.Label) > 40 {
		refused.Add("payment_type", "A payment type is at most 40 letters")
	}
	return refused.Err()
}

// recorded returns the id of the payment that holds the reference already, 0
// when there is none.
func recorded(ctx context.Context, q *db.Queries, r PaymentRecord) (int64, error) {
	p, err := q.GetRecordedPayment(ctx, r.Reference)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("ledger: payment %s: %w", r.Reference, err)
	case p.CustomerID != r.CustomerID || p.AmountCents != r.Amount || p.PaymentDate != r.Date || p.Kind != string(r.Kind):
		return 0, &fault.Error{Kind: fault.Conflict, Field: "payment_number", Message: "There is another payment with this number already"}
	}
	return p.ID, nil
}

// split works out what each invoice of the books gets.
func (r PaymentRecord) split(ctx context.Context, q *db.Queries) ([]Allocation, error) {
	return Split(r.Amount, r.Allocations, func(id int64) (Owing, error) {
		i, err := q.GetInvoiceBalanceForCustomer(ctx, db.GetInvoiceBalanceForCustomerParams{ID: id, CustomerID: r.CustomerID})
		if errors.Is(err, sql.ErrNoRows) {
			return Owing{}, fault.Field("apply_to", "This customer has no such invoice")
		}
		if err != nil {
			return Owing{}, fmt.Errorf("ledger: payment %s: %w", r.Reference, err)
		}
		return Owing{Number: i.Number, Issued: i.State == "issued", Balance: i.BalanceCents}, nil
	})
}

// Owing is what [Split] asks of an invoice.
type Owing struct {
	Number  string
	Issued  bool
	Balance money.Cents
}

// Split works out what each invoice gets of a payment and refuses what does not
// fit; what is left over becomes unapplied credit. The caller looks the invoices
// up: in the books, or among those that are about to be put there.
func Split(amount money.Cents, wanted []Allocation, invoice func(id int64) (Owing, error)) ([]Allocation, error) {
	rest := amount
	seen := map[int64]bool{}
	var parts []Allocation
	for _, a := range wanted {
		i, err := invoice(a.InvoiceID)
		switch {
		case err != nil:
			return nil, err
		case seen[a.InvoiceID]:
			return nil, fault.Field("apply_to", "Invoice %s is named twice", i.Number)
		case !i.Issued:
			return nil, fault.Field("apply_to", "Invoice %s is not open for payments", i.Number)
		case a.Cents < 0:
			return nil, fault.Field("apply_to", "Enter an amount above zero for invoice %s", i.Number)
		case a.Cents > i.Balance:
			return nil, fault.Field("apply_to", "Invoice %s has only %s left to pay", i.Number, i.Balance)
		case a.Cents > rest:
			return nil, fault.Field("apply_to", "The parts come to more than the payment of %s", amount)
		}
		seen[a.InvoiceID] = true
		part := a.Cents
		if part == 0 {
			part = min(i.Balance, rest)
		}
		if part == 0 {
			continue
		}
		parts = append(parts, Allocation{InvoiceID: a.InvoiceID, Cents: part})
		rest -= part
	}
	return parts, nil
}
