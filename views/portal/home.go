package portal

import (
	"customerportal/internal/calendar"
	"customerportal/internal/money"
	"customerportal/views"
)

// HomePage is the first page after log-in: who the customer is, what is owed,
// and the invoices.
type HomePage struct {
	views.Base
	// Editing shows the contact form as a page of its own, for browsers without
	// script.
	Editing bool
	Contact ContactBlock
	Form    ContactForm
	Owed    OwedBlock
	Lists   InvoiceLists
}

// ContactBlock is the contact information as the dealer has it.
type ContactBlock struct {
	Name    string
	Number  string
	Address []string // lines
	Phones  []Phone
	Emails  []string
	New     string // the address that was asked for and waits to be confirmed
}

// Phone is a phone number as written and as a browser dials it.
type Phone struct{ Text, Link string }

// ContactForm is the box that "Edit" opens.
type ContactForm struct {
	Errors views.FieldErrors
	Name   []views.Input
	Street []views.Input
	Town   []views.Input
	Reach  []views.Input // phones
	Mail   []views.Input // the e-mail address, and the password that changing it asks for
}

// OwedBlock is what is owed at first glance.
type OwedBlock struct {
	Due        money.Cents
	PastDue    money.Cents
	InProgress money.Cents   // of what the books say, under way
	Next       calendar.Date // the next due date, none when nothing is due
	PayHref    string        // "" when nothing can be paid
	Unapplied  money.Cents
	AutoPay    AutoPayBlock
}

// AutoPayBlock is the next auto payment, or the offer to set one up.
type AutoPayBlock struct {
	On     bool
	Date   calendar.Date
	Amount money.Cents // what it will come to as things stand; 0 = nothing
	Method string      // "Visa ending 4242"
}

// InvoiceLists are the open invoices and, when asked for, a page of the paid ones.
type InvoiceLists struct {
	Open     []InvoiceRow
	ShowPaid bool
	Paid     []InvoiceRow
	Later    bool   // the page is not the first
	Older    string // address of the next page, "" on the last
}

// InvoiceRow is one invoice of a list.
type InvoiceRow struct {
	Number     string
	Date, Due  calendar.Date
	Site       string
	Total      money.Cents
	Balance    money.Cents
	State      string // in words
	StateClass string
	Age        string      // "3 days past due"
	InProgress money.Cents // of the balance, under way
	PayHref    string      // "" when nothing is left to pay
	ViewHref   string
}
