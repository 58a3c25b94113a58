package office

import "customerportal/views"

// AutoPayBrief is auto pay on the customer's page: how it stands, in a few lines.
type AutoPayBrief struct {
	On   bool
	Hold string // why it takes nothing, "" when it does
	Fact []Fact
	Href string
}

// AutoPayCustomerPage is one customer's auto pay: how it stands, what the office
// can do about it, and every authorization that was given.
type AutoPayCustomerPage struct {
	views.Base
	Customer Ref
	On       bool
	Hold     string // why it takes nothing, "" when it does
	Facts    []Fact
	CanAct   bool
	FormHref string // where a signed form is entered, "" when nothing is on file
	NoMail   bool   // no address to mail anything to
	Day      DayForm
	Off      *ReasonForm // nil while it is off
	HoldForm *ReasonForm
	Consents []ConsentRow
	Holds    []HoldRow
	Months   []MonthRow
}

// DayForm arranges the day of the month.
type DayForm struct {
	Errors views.FieldErrors
	Action string
	Day    Choice
	Reason views.Input
	On     bool // the customer is mailed the new date
}

// ReasonForm is a form that asks for nothing but a reason.
type ReasonForm struct {
	Errors  views.FieldErrors
	ID      string // of the form
	Action  string
	Title   string
	Words   string // what it does
	Button  string
	Reason  views.Input
	Confirm string
	Back    string // the page to go back to
}

// ConsentRow is one authorization that was given.
type ConsentRow struct {
	When, Method, Day, Limit, How, State string
	Active                               bool
	Record, Form                         string // addresses of the papers, Form "" for none
	SHA256                               string
}

// HoldRow is one hold of the customer's auto pay.
type HoldRow struct{ From, By, Reason, Until, ReleasedBy, ReleaseReason string }

// AutoPayFormPage switches auto pay on with a form the customer signed; its
// define "paper-text" is what a change of the form is answered with.
type AutoPayFormPage struct {
	views.Base
	Customer Ref
	Form     PaperForm
}

// PaperForm is that form.
type PaperForm struct {
	Errors   views.FieldErrors
	Action   string
	Back     string
	Method   Choice
	Limit    views.Input
	Signed   views.Input
	Says     bool
	SaysWord string // why it is refused
	FileWord string
	Replaces string // what it takes the place of, "" when auto pay is off
	NoMail   bool
	Text     PaperText
}

// PaperText is what the paper has to say.
type PaperText struct {
	Paragraphs []string
	First      string
	Print      string // the paper itself, to be signed
	Error      string // why there is no text
}
