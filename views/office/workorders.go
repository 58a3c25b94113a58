package office

import "customerportal/views"

// BoardPage is the board of work orders; its define "board" is what following
// the changes is answered with.
type BoardPage struct {
	views.Base
	Query      views.Input
	Technician Choice
	When       Choice
	Done       Choice
	Filters    []Filter
	Filtered   bool   // something is filtered out
	Clear      string // the board without filters
	List, New  string // "" hides what the viewer may not
	Address    string // this board, filters and all
	Events     string // where changes are told
	Columns    []BoardColumn
	Note       string // what a filter does not hide, "" for nothing
}

// BoardColumn is one state of the board.
type BoardColumn struct {
	Key, Label string
	Switch     string // where a phone shows it
	Shown      bool   // a phone shows it
	Count      string
	Cards      []BoardCard
	More       string // the list of all of them, "" when all are here
	MoreLabel  string
	Empty      string
}

// BoardCard is one work order on the board.
type BoardCard struct {
	Number, Href     string
	Customer         string
	Where            string // site and system
	Age              string // how long it waits, or since when it is in its state
	AgeWords         string // the same in full
	Day              string // the day that begins with it, "" when it goes on
	Window           string // of its appointment, "" for none
	Late             bool   // the window went by
	Technician       string // "" for nobody
	Gone             bool   // who is to come may not log in any more
	Clash            string // the other appointment this one overlaps with, "" for none
	Title            string
	Photos, Notes    int64
	Merged, Invoiced bool
	Move             string // where it is moved, "" for who may not
	Version          int64
	Moves            string // states it can go to by dragging
	Direct           string // those of them that need nothing to be typed
}

// WorkOrdersPage is the list of all work orders; its define "results" is what
// typing is answered with.
type WorkOrdersPage struct {
	views.Base
	Query      views.Input
	Technician Choice
	State      Choice
	From, To   views.Input
	Overdue    bool
	Customer   *Ref // whose they are, nil for everybody's
	Board, New string
	Sorts      []Filter // the heads of the table that sort it
	Sort       string
	Rows       []WorkOrderRow
	Next       string
	Empty      string
	Found      string
}

// WorkOrderRow is one work order of a list.
type WorkOrderRow struct {
	Number, Href string
	Customer     string
	CustomerHref string
	Where        string
	Title        string
	State        views.WorkOrderState
	Window       string
	Technician   string
	Asked        string
	Late         bool
}

// MovePage asks for what a move of a work order needs. Its define "move-form" is
// shown in a dialog on the board and on the work order's own page.
type MovePage struct {
	views.Base
	Form MoveForm
}

// Moved tells the board what became of a work order.
type Moved struct{ Number, Said string }

// MoveForm is what a move of a work order needs.
type MoveForm struct {
	Errors   views.FieldErrors
	ID       string // of the form
	Dialog   bool   // it stands in a dialog on the board
	Number   string
	Href     string // the work order
	Where    string
	Title    string
	State    string
	Action   string
	Preview  string
	Back     string
	Version  int64
	To       string // "" = it is still to be chosen
	Heading  string
	Words    string // what happens, in a sentence
	Button   string
	Danger   bool
	Choices  []MoveChoice
	Schedule *ScheduleFields
	Reason   *Text
	Closed   string // why it cannot be moved, "" when it can
}

// MoveChoice is one state that a work order can go to.
type MoveChoice struct {
	To, Label, Words, Href string
	Direct                 bool // nothing has to be typed
	Danger                 bool
}

// ScheduleFields are technician and appointment.
type ScheduleFields struct {
	Technician Choice
	Only       bool // the technician alone is chosen; the window stays
	Date       views.Input
	From, To   views.Input
	Presets    []WindowPreset
	Preview    string // where what is typed is looked at
	Form       string // the id of the form
	Day        *TechnicianDay
	Conflicts  []DayEntry
	Anyway     string // what is confirmed by scheduling anyway, "" without a conflict
}

// WindowPreset fills in a window.
type WindowPreset struct{ Label, Value string }

// TechnicianDay is what somebody has on a day.
type TechnicianDay struct {
	Name, Day string
	Entries   []DayEntry
}

// DayEntry is one appointment of a technician's day.
type DayEntry struct {
	Number, Href, Window, What string
	Clash                      bool
}

// WorkOrderPage is one work order in the office.
type WorkOrderPage struct {
	views.Base
	Number     string
	Href       string
	State      views.WorkOrderState
	Title      string
	Customer   Ref
	Phones     []PhoneLink
	Facts      []Fact
	Late       string
	Gone       bool // who is to come may not log in any more
	Technician string
	Merged     *WorkLink // into which it was merged
	Reason     string
	Steps      []Step
	// Invoice is what it became, Voided one that was voided and has no successor.
	Invoice, Voided  *WorkLink
	MakeInvoice      string // where the invoice is made, "" when it cannot be
	MakeInvoiceLabel string
	NoInvoice        string // why it cannot, "" when it can or nobody asks
	EditWork         string // where parts and labour are changed
	Events           string
	Address          string
	Version          int64
	Board            string

	// What the viewer may do: nil or "" hides it.
	Move     []MoveChoice
	Schedule *MoveForm
	Edit     string
	Merge    *MergeForm
	NoteForm *NoteForm
	PhotoAdd *PhotoForm

	Notes      []WorkNote
	Photos     []WorkPhoto
	Work       []PricedLine
	WorkTotal  string
	Signature  *WorkSignature
	Duplicates []WorkLink
	History    []WorkEvent
}

// PhoneLink is a number to call.
type PhoneLink struct{ Label, Href string }

// WorkLink is something to go to.
type WorkLink struct{ Label, Href, More string }

// Step is one state of a work order with the time it was reached.
type Step struct {
	State         views.WorkOrderState
	When          string // it was reached, "" = never
	Done, Current bool
}

// WorkNote is a note of either side.
type WorkNote struct {
	When, Who string
	Internal  bool
	Customer  bool   // the customer wrote it
	From      string // the duplicate it was written on, "" for this one
	Lines     []string
}

// WorkPhoto is a picture of either side.
type WorkPhoto struct {
	Href, Thumb, Alt string
	When, Who        string
	Internal         bool
	From             string
}

// WorkSignature is the customer's word that it was done.
type WorkSignature struct {
	Name, When, Technician string
	Path, ViewBox          string // of the drawing, "" when there is none
}

// WorkEvent is one line of the history.
type WorkEvent struct {
	When, Who, What, Details, Booked string
	Shown                            bool
}

// NoteForm is the form of a note.
type NoteForm struct {
	Errors views.FieldErrors
	Action string
	Nonce  string
	Note   Text
}

// PhotoForm is the form of photos.
type PhotoForm struct {
	Errors   views.FieldErrors
	Action   string
	Nonce    string
	Internal bool
	Most     int
	Error    string
}

// MergeForm offers the customer's other open work orders to merge this one into.
type MergeForm struct {
	Errors  views.FieldErrors
	Action  string
	Version int64
	Others  []MergeChoice
}

// MergeChoice is a work order that could be the one to stay.
type MergeChoice struct {
	Number, Label, More, Href string
	Chosen                    bool
}

// WorkOrderEditPage is the form of where a work order is.
type WorkOrderEditPage struct {
	views.Base
	Number, Href string
	Version      int64
	Place        PlaceChoice
}

// PlaceChoice is the choice of a site and one of its systems.
type PlaceChoice struct {
	Error string
	Sites []PlaceGroup
}

// PlaceGroup is a site with its systems.
type PlaceGroup struct {
	Name    string
	Options []Option
}

// NewWorkOrderPage is the form of a work order for a customer who phoned.
type NewWorkOrderPage struct {
	views.Base
	Find CustomerFinder // while the customer is looked for
	// once the customer is known
	Customer  *Ref
	Action    string
	Nonce     string
	MailTo    string
	Others    []WorkLink
	Place     PlaceChoice
	NewSite   string
	Note      Text
	Preferred views.Input
	Internal  Text
	Schedule  *ScheduleFields
	Now       bool // it is to be scheduled at once
}

// CustomerWorkOrders are the newest work orders on a customer's page.
type CustomerWorkOrders struct {
	Rows     []WorkOrderRow
	All, New string
}

// WorkPage is the form of parts and labour; its define "lines" is what a change of
// the lines is answered with.
type WorkPage struct {
	views.Base
	Number, Href string
	Lines        WorkLines
}

// WorkInvoicePage shows an invoice before it is made of a work order.
type WorkInvoicePage struct {
	views.Base
	Customer Ref
	Number   string
	Href     string
	Version  int64
	Cents    int64 // what it comes to, so that nobody agrees to another sum
	Lines    []PricedLine
	Sums     DraftSums
	MailTo   string
	Mail     bool
	Button   string
	Why      string // why no invoice can be made, "" when one can
}

// WorkLines are parts and labour to be edited.
type WorkLines struct {
	Action  string
	Preview string
	Version int64
	Rows    []WorkLineRow
	Total   string // before tax
	Error   string
}

// WorkLineRow is one part or one stretch of labour.
type WorkLineRow struct {
	Key                                             int64
	Name                                            string
	Labour                                          bool
	Description, Quantity, UnitPrice                string
	Taxable, Only, Focus                            bool
	DescriptionError, QuantityError, UnitPriceError string
	Amount                                          string
}
