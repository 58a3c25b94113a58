package office

import "customerportal/views"

// DeedPage is one thing that staff do about money after it was paid or invoiced:
// give it back, mark it as returned, void, credit. The form stands above what it
// would do; its define "effects" is what a change of the form is answered with.
type DeedPage struct {
	views.Base
	Customer Ref
	Heading  string
	Lines    []string // what it is about, in sentences
	Blocked  string   // why it cannot be done now, "" when it can
	Back     Link
	Nonce    string
	// Preview and Do are the addresses the form goes to.
	Preview, Do string
	Fields      []DeedField
	Effects     Effects
}

// Link is an address with its words.
type Link struct{ Label, Href string }

// DeedField is one field of the form: one of them is set.
type DeedField struct {
	Input  *views.Input
	Choice *Choice
	Text   *Text
	Tick   *Tick
}

// Tick is a labelled box to tick.
type Tick struct {
	Name, Label, Hint, Error string
	Ticked                   bool
}

// Effects is what the deed would do.
type Effects struct {
	Caption string
	Rows    []EffectRow
	// Auto is what the program proposed for the rows' boxes, so that a change of
	// the amount proposes anew unless somebody has typed parts of their own.
	Auto  string
	Facts []Fact
	Error string
	// Button is what the form's last button says, "" when it cannot be done as it
	// stands.
	Button string
}

// EffectRow is one invoice, or the unapplied credit.
type EffectRow struct {
	Label, Now, After string
	Name, Value       string // of the box for its part, "" = no box
	Change            string // shown instead of a box
	Error             string
}

// CreditPage is a customer's unapplied money and what is applied.
type CreditPage struct {
	views.Base
	Customer Ref
	Credit   string
	Nonce    string
	GiveHref string // "" for a role that may not
	// Apply and Unapply are the addresses of the forms.
	Apply, Unapply string
	Held           []CreditHeld
	Invoices       []Option // open ones, to apply to
	Applied        []CreditApplied
	Waiting        []Link
}

// CreditHeld is unapplied credit of one payment.
type CreditHeld struct {
	Reference, Label, Date, Amount, Plain string
	Href                                  string // of the payment, "" when it came from none
	Key                                   string // of its form's fields
}

// CreditApplied is money of one payment on one open or paid invoice.
type CreditApplied struct {
	Invoice, Reference, Label, Amount, Plain, Balance, Key string
}

// ApprovalsPage lists what waits for a second person, and what was decided.
type ApprovalsPage struct {
	views.Base
	Limit    string // "" when none is set
	Waiting  []Approval
	Decided  []Approval
	Settings string // where the limit is set, "" for a role that may not
}

// Approval is one thing that was asked for.
type Approval struct {
	ID                          int64
	What, Reason                string
	Object                      string
	Href                        string
	Customer                    Ref
	Asked, By, Until            string
	State, StateClass, Decision string
	// Decide is the address of approving and declining, Withdraw of taking back;
	// "" when the viewer may not.
	Decide, Withdraw string
	ReasonField      Text
}

// DisputesPage lists disputes and bank returns.
type DisputesPage struct {
	views.Base
	Open  []DisputeRow
	Ended []DisputeRow
}

// DisputeRow is one dispute in a list.
type DisputeRow struct {
	Href, Payment, Customer, Amount, Reason, Opened, Until, State, StateClass string
	Late                                                                      bool
}

// DisputePage is one dispute.
type DisputePage struct {
	views.Base
	Customer          Ref
	Payment           Link
	Amount            string
	State, StateClass string
	Meaning           string
	Facts             []Fact
	// Steps say how it is answered, none once it is over.
	Steps    []string
	Invoices []DisputeInvoice
}

// DisputeInvoice is an invoice the disputed payment was for.
type DisputeInvoice struct{ Number, Due, Total, Held, Balance string }
