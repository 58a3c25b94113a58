// Package document makes the PDFs a customer keeps: the invoice, the receipt of
// a payment and the statement of an account. A filled struct goes in, the bytes
// of the file come out; nothing here reads the database or the clock, so the
// same struct always gives the same bytes and a document can be known by its
// hash.
//
// Every text may hold anything a person typed or a file contained: control
// characters are dropped, line breaks become blanks, and a character the
// embedded font lacks is shown as an empty box. Empty fields leave no gap.
// All functions may be called by several goroutines at once.
package document

import (
	"customerportal/internal/calendar"
	"customerportal/internal/money"
)

// Dealer is the letterhead: who the document comes from.
type Dealer struct {
	Name    string
	Address []string // lines, without the name
	Phone   string
	Email   string
	Web     string // the dealer's own site, as it is to be printed

	// Remit holds the lines of the address payments are mailed to, the payee's
	// name first. Empty means Name and Address.
	Remit []string

	// Logo is a PNG or JPEG, or nil. Transparency is kept.
	Logo []byte

	// Accent is the dealer's colour as "#1a5fb4", or "" for a neutral dark
	// grey. It is used for rules only, never for text, so any colour will do.
	Accent string
}

// InvoiceData is one invoice as it was issued. Subtotal, Tax and Total must be
// the sums of the lines; [Invoice] refuses to print an invoice that does not
// add up.
type InvoiceData struct {
	Dealer         Dealer
	CustomerNumber string
	BillTo         []string // lines: name, then address
	Site           []string // lines of the place served: name, then address; may be empty

	Number   string
	Date     calendar.Date
	Due      calendar.Date
	PONumber string
	Terms    string

	Lines    []Line
	Subtotal money.Cents
	Tax      money.Cents
	Total    money.Cents
	Balance  money.Cents // what was due when the invoice was issued
	Note     string      // a message to the customer below the totals, or ""

	// PortalURL is printed and put into the QR code; "" leaves both out.
	PortalURL string
	// PayURL is what the QR code holds instead when it is not "": a link to pay
	// by without a login, too long to be typed.
	PayURL string
	// RegistrationKey is printed in red at the bottom as it is given, with its
	// dashes; "" leaves it out.
	RegistrationKey string

	// Draft marks every page as what is not an invoice yet: without a slip, a
	// code or a number that could be paid by.
	Draft bool

	// Created is written into the file as its creation time. When it is zero,
	// noon UTC of Date is used.
	Created calendar.Instant
}

// Line is one line of an invoice. A credit has a negative amount.
type Line struct {
	Description string
	Quantity    money.Quantity
	UnitPrice   money.Cents
	Tax         money.Cents
	Amount      money.Cents // without tax
}

// The states a [ReceiptData] knows how to explain. They are the words the
// customer reads on the screen too.
const (
	Received  = "Received"
	Submitted = "Submitted"
	Returned  = "Returned"
	Refunded  = "Refunded"
)

// ReceiptData is one payment. The sum of the allocations and Unapplied must be
// Amount; [Receipt] refuses to print one that does not add up.
type ReceiptData struct {
	Dealer         Dealer
	CustomerNumber string
	BillTo         []string // lines: name, then address

	Reference string        // what the customer quotes when asking about it
	Date      calendar.Date // the day it was paid
	Method    string        // "Visa ending 4242", "Check 1042"
	Amount    money.Cents
	Refunded  money.Cents // how much of it was given back since, or 0

	// State is one of the constants above, which print a sentence on what they
	// mean, or any other word, printed as it is.
	State string

	Allocations []Allocation
	Unapplied   money.Cents // kept as credit on the account

	// Sandbox prints a banner saying that no money moved.
	Sandbox   bool
	PortalURL string           // where the customer sees the payment, or ""
	Created   calendar.Instant // see InvoiceData
}

// Allocation is the part of a payment that went to one invoice.
type Allocation struct {
	Invoice string
	Date    calendar.Date // of the invoice
	Total   money.Cents   // of the invoice
	Amount  money.Cents   // of this payment
	Left    money.Cents   // still owed on the invoice after this payment
}

// StatementData is the account over a period. Opening plus all entries must be
// Closing; [Statement] refuses to print one that does not add up.
type StatementData struct {
	Dealer         Dealer
	CustomerNumber string
	BillTo         []string // lines: name, then address

	From, To calendar.Date // both days included
	Opening  money.Cents   // owed at the start of From; negative is credit
	Entries  []Entry       // in the order they are to be printed
	Closing  money.Cents   // owed at the end of To; negative is credit

	// InFlight is the sum of payments submitted but not settled by the end of
	// To; it is mentioned below the balance and is not part of it.
	InFlight money.Cents

	Sandbox   bool             // see ReceiptData
	PortalURL string           // where to pay, or ""
	Created   calendar.Instant // when zero, noon UTC of To
}

// Entry is one line of a statement.
type Entry struct {
	Date        calendar.Date
	Description string      // "Invoice", "Payment, Visa ending 4242", "Refund"
	Reference   string      // the invoice's or payment's number
	Amount      money.Cents // positive is owed by the customer, negative paid or credited
}
