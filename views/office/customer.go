package office

import "customerportal/views"

// CustomerPage is all the office knows of one customer.
type CustomerPage struct {
	views.Base
	Customer Ref
	Inactive bool

	// What the viewer's role may do: "" hides the link.
	EditHref    string
	UsersHref   string
	PaymentHref string
	InvoiceHref string
	CreditHref  string
	// ProposalHref is where a proposal is begun.
	ProposalHref string
	// PayLinksHref is the page of pay links and reminders, LeftAlone why none go
	// out.
	PayLinksHref, LeftAlone string

	Due, Past, InFlight, Credit string // "" when there is none of it
	Balance                     string

	Facts      []Fact
	AutoPay    AutoPayBrief
	WorkOrders CustomerWorkOrders
	Sites      []Site
	Notes      []Note
	// where a site is added, "" for a role that may not
	SiteHref  string
	NotesHref string
	Users     []CustomerUser
	Invoices  InvoiceList
	Drafts    []DraftLine
	Payments  PaymentList
	Methods   []Method
	Mails     []MailRow
	History   History
	Recurring RecurringList
	Offers    []ProposalItem
	// OffersShown says that the viewer's role reads proposals.
	OffersShown bool
}

// Fact is one line of a block of facts; Lines holds several values of it.
type Fact struct {
	Label string
	Lines []string
	Href  string // where its lines lead, "" for nowhere
}

// Site is a place of a customer with the systems in it.
type Site struct {
	Name    string
	Href    string // where it is edited, "" for a role that may not
	Address []string
	Systems []System
}

// System is one alarm system.
type System struct{ Name, Type, Account, Href string }

// Method is a card or bank account on file.
type Method struct {
	Label, Expires, Added string
	Auto                  bool   // Auto Recurring uses it
	Remove                string // where it is taken off the file, "" for a role that may not
}

// CustomerUser is one log-in that may see the customer.
type CustomerUser struct {
	ID         int64
	Email      string
	LastLogin  string // "" = never
	State      string // "Active", "Locked", "Waiting for the first log-in"
	StateClass string
	Locked     bool
	Waiting    bool
	Devices    int
	Others     int // further customers this log-in may see
	Action     string
}

// InvoiceList is a page of a customer's invoices.
type InvoiceList struct {
	Rows []InvoiceRow
	More string // address of the next page or of the whole list, "" for none
}

// InvoiceRow is one invoice.
type InvoiceRow struct {
	Number, Date, Due, Site, Total, Balance, State, StateClass string
	Age                                                        string // "12 days past due"
	PDF                                                        string // address of the paper
	Href                                                       string
}

// PaymentList is a page of a customer's payments.
type PaymentList struct {
	Rows []PaymentRow
	More string
}

// PaymentRow is one payment.
type PaymentRow struct {
	Reference, Date, Type, Number, Amount, State, StateClass, Href string
}

// Change is one line of the history.
type Change struct {
	When, Who, What, Object string
	Details                 []string
}

// History is a part of what changed, and where what is older stands, "" for
// nothing.
type History struct {
	Rows []Change
	More string
}

// CustomerHistoryPage is the whole history of a customer, by pages.
type CustomerHistoryPage struct {
	views.Base
	Customer Ref
	History  History
}

// CustomerInvoicesPage is the whole list of a customer's invoices, by pages.
type CustomerInvoicesPage struct {
	views.Base
	Customer Ref
	Invoices InvoiceList
}

// CustomerPaymentsPage is the whole list of a customer's payments, by pages.
type CustomerPaymentsPage struct {
	views.Base
	Customer Ref
	Payments PaymentList
}

// RecurringList is what recurs for a customer now, and where all of it stands.
type RecurringList struct {
	Rows []RecurringRow
	Href string
}
