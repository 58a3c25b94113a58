package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/document"
	"customerportal/internal/fault"
	"customerportal/internal/money"
)

// PaymentState is a payment's state in the words customers read.
type PaymentState string

// The states of a payment. A payment is received once the money is there: an
// eCheck stays submitted until the bank settles it.
const (
	Received       PaymentState = document.Received
	Submitted      PaymentState = document.Submitted
	Checking       PaymentState = "Being checked"
	Waiting        PaymentState = "Waiting for you"
	Returned       PaymentState = document.Returned
	Disputed       PaymentState = "Disputed"
	Refunded       PaymentState = document.Refunded
	PartlyRefunded PaymentState = "Partly refunded"
	Declined       PaymentState = "Declined"
	NotMade        PaymentState = "Not made"
)

// StateOf puts the state of a payment, as it is stored, into words.
func StateOf(state string) PaymentState {
	switch state {
	case "succeeded", "won":
		return Received
	case "planned", "submitted":
		return Checking
	case "processing":
		return Submitted
	case "action":
		return Waiting
	case "returned", "lost":
		return Returned
	case "disputed":
		return Disputed
	case "refunded":
		return Refunded
	case "partially_refunded":
		return PartlyRefunded
	case "failed":
		return Declined
	}
	return NotMade // draft, canceled, expired
}

// HasReceipt reports whether there is a receipt of a payment in that state.
func (s PaymentState) HasReceipt() bool {
	switch s {
	case Received, Submitted, Returned, Refunded, PartlyRefunded, Disputed:
		return true
	}
	return false
}

// Meaning says in a sentence what the state means for the customer; "" when the
// word says it all.
func (s PaymentState) Meaning() string {
	switch s {
	case Submitted:
		return "This payment has been sent to your bank or card company. It counts as paid once it is settled; for an eCheck that takes a few business days."
	case Checking:
		return "We are asking the payment processor what became of this payment. Please do not pay again: this page shows the result as soon as it is known."
	case Waiting:
		return "This payment needs something from you before it can go through, such as a confirmation your bank asks for."
	case Returned:
		return "Your bank took this payment back, so it does not count as paid. The invoices it was for are open again."
	case Disputed:
		return "Your bank is looking into this payment. Until it decides, the payment counts."
	case Refunded:
		return "This payment was given back to you."
	case PartlyRefunded:
		return "A part of this payment was given back to you."
	case Declined:
		return "This payment did not go through and nothing was charged."
	case NotMade:
		return "This payment was given up before anything was charged."
	}
	return ""
}

// MethodInWords names what a payment was made with: "Visa ending 4242", "Check
// 1042", "Cash".
func MethodInWords(kind Kind, label, brand, number string) string {
	name := label
	if brand != "" {
		name = brand
	}
	switch {
	case number == "":
		return name
	case kind == Card || kind == ECheck:
		return name + " ending " + number
	}
	return name + " " + number
}

// Receipt is one payment with all that its page and its paper show.
type Receipt struct {
	Reference   string
	Date        calendar.Date
	Kind        Kind
	Type        string // "Credit Card"
	Method      string // "Visa ending 4242"
	Amount      money.Cents
	Refunded    money.Cents
	State       PaymentState
	Failure     string // why it was declined, in words; "" otherwise
	Parts       []ReceiptPart
	Unapplied   money.Cents // what went to no invoice
	Sandbox     bool        // no money moved
	SubmittedAt calendar.Instant

	customerNumber string
	billTo         []string
}

// ReceiptPart is what of a payment went, or is to go, to one invoice.
type ReceiptPart struct {
	Invoice string
	Date    calendar.Date
	Total   money.Cents
	Amount  money.Cents
	// Left is what was still owed right after the payment; of a payment that is
	// not received yet, what will be.
	Left money.Cents
	Owed money.Cents // what is owed now
}

// ReceiptFor returns one payment of a customer; NotFound when it is missing or
// another customer's. It only reads.
func (s *Service) ReceiptFor(ctx context.Context, customerID int64, reference string) (Receipt, error) {
	var r Receipt
	err := s.db.View(ctx, func(q *db.Queries) error {
		p, err := q.GetReceiptForCustomer(ctx, db.GetReceiptForCustomerParams{Reference: reference, CustomerID: customerID})
		if errors.Is(err, sql.ErrNoRows) {
			return fault.Missing("payment")
		}
		if err != nil {
			return fmt.Errorf("ledger: payment %s: %w", reference, err)
		}
		r = Receipt{
			Reference: p.Reference, Date: p.PaymentDate, Kind: Kind(p.Kind), Type: p.TypeLabel,
			Method: MethodInWords(Kind(p.Kind), p.TypeLabel, p.Brand, p.NumberLabel), Amount: p.AmountCents, Refunded: p.RefundedCents,
			State: StateOf(p.State), Sandbox: p.Gateway == "sandbox", SubmittedAt: p.SubmittedAt,
			customerNumber: p.CustomerNumber, billTo: AddressLines(p.DisplayName, p.Address1, p.Address2, p.City, p.Region, p.Zip),
		}
		if r.State == Declined {
			r.Failure = p.FailureMessage
		}
		rows, err := q.ListReceiptPartsForCustomer(ctx, db.ListReceiptPartsForCustomerParams{PaymentID: p.ID, CustomerID: customerID})
		if err != nil {
			return fmt.Errorf("ledger: payment %s: %w", reference, err)
		}
		booked := p.SettledAt != 0 && r.State != Declined && r.State != NotMade
		r.Unapplied = r.Amount
		for _, row := range rows {
			part := ReceiptPart{Invoice: row.Number, Date: row.InvoiceDate, Total: row.TotalCents, Amount: row.Cents,
				Left: max(0, row.BalanceCents-row.Cents), Owed: row.BalanceCents}
			if booked {
				if row.Booked == 0 { // all of it became credit
					continue
				}
				// a refund that did not go through is booked once more
				part.Amount, part.Left = min(money.Cents(row.Booked), row.Cents), money.Cents(row.LeftThen)
			}
			r.Unapplied -= part.Amount
			r.Parts = append(r.Parts, part)
		}
		return nil
	})
	return r, err
}

// ReceiptPaper returns the PDF of a payment as it stands now; NotFound when
// there is no such payment, or no receipt of it because no money moved.
func (s *Service) ReceiptPaper(ctx context.Context, customerID int64, reference string) (Paper, error) {
	r, err := s.ReceiptFor(ctx, customerID, reference)
	if err != nil {
		return Paper{}, err
	}
	if !r.State.HasReceipt() {
		return Paper{}, fault.Missing("receipt")
	}
	dealer, _, err := s.dealer(ctx, s.db.Read())
	if err != nil {
		return Paper{}, err
	}
	d := document.ReceiptData{
		Dealer: dealer, CustomerNumber: r.customerNumber, BillTo: r.billTo, Reference: r.Reference, Date: r.Date, Method: r.Method,
		Amount: r.Amount, Refunded: r.Refunded, State: string(r.State), Unapplied: r.Unapplied, Sandbox: r.Sandbox,
		PortalURL: s.mail.PublicURL("/"),
	}
	if r.State == PartlyRefunded {
		d.State = document.Refunded
	}
	for _, p := range r.Parts {
		d.Allocations = append(d.Allocations, document.Allocation{Invoice: p.Invoice, Date: p.Date, Total: p.Total, Amount: p.Amount, Left: p.Left})
	}
	body, err := document.Receipt(d)
	if err != nil {
		return Paper{}, fmt.Errorf("ledger: receipt %s: %w", reference, err)
	}
	return Paper{Name: "Receipt-" + r.Reference + ".pdf", MIME: pdf, Body: body}, nil
}
