package outbox

import (
	"fmt"

	"customerportal/internal/settings"
)

// WorkOrder is what all mails about a work order name.
type WorkOrder struct {
	Number       string
	Site, System string // System "" = none
	Link         string // to its page, behind the log-in
}

// WorkOrderText is the text of a mail about a work order: both layouts put the
// same parts one below the other.
type WorkOrderText struct {
	Words  []string // paragraphs
	Facts  []WorkOrderFact
	Quotes []WorkOrderQuote
	List   []string
	Action string // what the link is called
	Link   string
}

// WorkOrderFact is one line of it: "Site", "Shop".
type WorkOrderFact struct{ Label, Value string }

// WorkOrderQuote is what somebody wrote, line by line.
type WorkOrderQuote struct {
	Label string
	Lines []string
}

// Template names the pair of templates that all mails about work orders share.
func (WorkOrder) Template() string { return "work_order" }

// text begins the mail with its words and the facts that all have.
func (w WorkOrder) text(words ...string) WorkOrderText {
	t := WorkOrderText{Words: words, Facts: []WorkOrderFact{{"Work order", w.Number}}, Link: w.Link, Action: "See the work order"}
	return t.fact("Site", w.Site).fact("System", w.System)
}

// fact adds a line, unless there is nothing to say.
func (t WorkOrderText) fact(label, value string) WorkOrderText {
	if value != "" {
		t.Facts = append(t.Facts, WorkOrderFact{label, value})
	}
	return t
}

// quote adds what somebody wrote, unless it is nothing.
func (t WorkOrderText) quote(label string, lines []string) WorkOrderText {
	if len(lines) > 0 {
		t.Quotes = append(t.Quotes, WorkOrderQuote{label, lines})
	}
	return t
}

// photos says how many there are, in words.
func photos(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1, on the work order's page"
	}
	return fmt.Sprintf("%d, on the work order's page", n)
}

// mailedPhotos says how many there are and how many of them the mail carries.
func mailedPhotos(n, attached int) string {
	switch {
	case attached == 0:
		return photos(n)
	case attached == n:
		return fmt.Sprintf("%d, attached", n)
	}
	return fmt.Sprintf("%d, of which %d attached; together they are too large for a mail, and all of them are on the work order's page", n, attached)
}

// WorkOrderRequested brings a new work order to the dealer's service address
// with all of it.
type WorkOrderRequested struct {
	WorkOrder
	Customer, CustomerNumber string
	Phones, Emails           string
	Address                  string // of the site
	SystemType, Account      string // Account is the number at the central station
	Note, Preferred          []string
	Photos                   int
	Attached                 int    // how many of the photos the mail carries
	From                     string // who asked: "the customer, in the portal"
}

// Subject implements [Body].
func (w WorkOrderRequested) Subject(settings.Company) string {
	return "Work order " + w.Number + ": " + w.Customer + " (" + w.CustomerNumber + "), " + w.Site
}

// Text is what the layouts show.
func (w WorkOrderRequested) Text() WorkOrderText {
	t := w.text("A new work order from "+w.From+".").fact("System type", w.SystemType).fact("Account number", w.Account).
		fact("Address", w.Address).fact("Customer", w.Customer).fact("Customer #", w.CustomerNumber).fact("Phone", w.Phones).fact("E-mail", w.Emails)
	return t.fact("Photos", mailedPhotos(w.Photos, w.Attached)).quote("Note", w.Note).quote("Preferred times", w.Preferred)
}

// WorkOrderConfirmed tells the customer that the work order has come in.
type WorkOrderConfirmed struct {
	WorkOrder
	Note, Preferred []string
	Photos          int
}

// Subject implements [Body].
func (w WorkOrderConfirmed) Subject(dealer settings.Company) string {
	return dealer.Name + ": we have your work order " + w.Number
}

// Text is what the layouts show.
func (w WorkOrderConfirmed) Text() WorkOrderText {
	t := w.text("Thank you. We have your work order " + w.Number + " and will be in touch about an appointment.")
	return t.fact("Photos", photos(w.Photos)).quote("Your note", w.Note).quote("Your preferred times", w.Preferred)
}

// WorkOrderScheduled tells the customer of the appointment.
type WorkOrderScheduled struct {
	WorkOrder
	Window     string
	Technician string // "" = not known yet
	Moved      bool   // there was another one before
}

// Subject implements [Body].
func (w WorkOrderScheduled) Subject(dealer settings.Company) string {
	if w.Moved {
		return dealer.Name + ": your appointment has moved to " + w.Window
	}
	return dealer.Name + ": your appointment on " + w.Window
}

// Text is what the layouts show.
func (w WorkOrderScheduled) Text() WorkOrderText {
	words := "Your appointment is made."
	if w.Moved {
		words = "Your appointment has moved. This one takes the place of the one before."
	}
	t := w.text(words, "The calendar file is attached. If the time does not suit you, please tell us.")
	t.Facts = append([]WorkOrderFact{{"Appointment", w.Window}}, t.Facts...)
	return t.fact("Technician", w.Technician)
}

// WorkOrderUnscheduled tells the customer that the appointment does not take
// place and another one is to come.
type WorkOrderUnscheduled struct {
	WorkOrder
	Window string
	Into   string // the work order that goes on in its place, "" = this one
}

// Subject implements [Body].
func (w WorkOrderUnscheduled) Subject(dealer settings.Company) string {
	return dealer.Name + ": your appointment on " + w.Window + " does not take place"
}

// Text is what the layouts show.
func (w WorkOrderUnscheduled) Text() WorkOrderText {
	next := " We will be in touch about another one."
	if w.Into != "" {
		next = " What is to be done is in work order " + w.Into + ", which goes on."
	}
	return w.text("Your appointment on "+w.Window+" does not take place."+next,
		"The attached file takes it out of your calendar.")
}

// WorkOrderDispatched tells the customer that somebody is on the way.
type WorkOrderDispatched struct {
	WorkOrder
	Technician string
	Window     string
}

// Subject implements [Body].
func (w WorkOrderDispatched) Subject(dealer settings.Company) string {
	return dealer.Name + ": " + w.Technician + " is on the way"
}

// Text is what the layouts show.
func (w WorkOrderDispatched) Text() WorkOrderText {
	t := w.text(w.Technician+" is on the way to you.").fact("Appointment", w.Window)
	t.Action = "Follow it"
	return t
}

// WorkOrderCompleted tells the customer what was done.
type WorkOrderCompleted struct {
	WorkOrder
	When       string
	Technician string
	Work       []string // parts and labour without prices
	Signed     bool
}

// Subject implements [Body].
func (w WorkOrderCompleted) Subject(dealer settings.Company) string {
	return dealer.Name + ": work order " + w.Number + " is completed"
}

// Text is what the layouts show.
func (w WorkOrderCompleted) Text() WorkOrderText {
	t := w.text("The work is done.").fact("Completed", w.When).fact("Technician", w.Technician)
	if w.Signed {
		t = t.fact("Signature", "signed on site")
	}
	t.List = w.Work
	return t
}

// WorkOrderCancelled tells the customer that nobody comes.
type WorkOrderCancelled struct {
	WorkOrder
	Reason []string
}

// Subject implements [Body].
func (w WorkOrderCancelled) Subject(dealer settings.Company) string {
	return dealer.Name + ": work order " + w.Number + " is cancelled"
}

// Text is what the layouts show.
func (w WorkOrderCancelled) Text() WorkOrderText {
	return w.text("Your work order is cancelled; nobody comes for it. If that is not right, please call us.").quote("Reason", w.Reason)
}

// WorkOrderNote brings a note of the one side to the other.
type WorkOrderNote struct {
	WorkOrder
	Note     []string
	Customer string // who wrote, with the number; "" = the dealer's staff wrote
	Written  string // when, of one that was long on its way
}

// Subject implements [Body].
func (w WorkOrderNote) Subject(dealer settings.Company) string {
	if w.Customer != "" {
		return "Note on work order " + w.Number + ": " + w.Customer
	}
	return dealer.Name + ": a note on work order " + w.Number
}

// Text is what the layouts show.
func (w WorkOrderNote) Text() WorkOrderText {
	words := "We have added a note to your work order."
	if w.Customer != "" {
		words = w.Customer + " has added a note."
	}
	return w.text(words).fact("Written", w.Written).quote("Note", w.Note)
}
