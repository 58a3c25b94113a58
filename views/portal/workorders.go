package portal

import "customerportal/views"

// WorkOrdersPage is the tab "Work Orders".
type WorkOrdersPage struct {
	views.Base
	Follow string // address of the event stream
	Orders []WorkOrderRow
	Later  bool   // the page is not the first
	More   string // address of the next page, "" on the last
}

// WorkOrderRow is one work order of the list.
type WorkOrderRow struct {
	Number, Href string
	Title        string
	Site, System string
	State        views.WorkOrderState
	Appointment  string // "" = none, or over
	Changed      string
}

// WorkOrderNewPage is "New Work Order": first the place, then the rest.
type WorkOrderNewPage struct {
	views.Base
	Place *WorkOrderPlace // nil when the place is known
	Form  *WorkOrderForm  // nil as long as it is not
}

// WorkOrderPlace asks where the work is.
type WorkOrderPlace struct {
	Sites []Choice
	// Systems are those at the site that is chosen, SiteChosen says whether one is.
	Systems    []Choice
	SiteChosen bool
	Errors     views.FieldErrors
}

// WorkOrderForm asks what it is about.
type WorkOrderForm struct {
	Nonce        string
	SiteID       int64
	SystemID     int64
	Site, System string // System "" = none
	Address      string
	Change       string // where another place is chosen, "" when there is none
	Note         string
	Times        []PreferredTime
	Words        views.Input
	Kept         []KeptPhoto
	Room         int // how many photos still fit
	Errors       views.FieldErrors
}

// PreferredTime is one of the times that suit the customer.
type PreferredTime struct {
	Day   views.Input
	Part  string // name of the field
	Parts []Choice
	Label string
}

// KeptPhoto is a photo that was taken already, though the form was refused.
type KeptPhoto struct {
	ID   int64
	Name string
	Keep bool
}

// WorkOrderPage is one work order.
type WorkOrderPage struct {
	views.Base
	Number string
	Follow string
	Live   WorkOrderLive
	// NoteForm and PhotoForm are nil when the work order is closed, unless what
	// was typed was refused.
	NoteForm  *WorkOrderNoteForm
	PhotoForm *WorkOrderPhotoForm
}

// WorkOrderLive is what changes while the page is open.
type WorkOrderLive struct {
	Number, Href string
	Follow       string
	Title        string
	State        views.WorkOrderState
	Said         string // the state as it is read out when it changes
	Meaning      string
	Reason       string // why it was cancelled
	Merged       string // the number of the one that goes on instead
	MergedHref   string
	Site, System string
	Technician   string
	Appointment  string
	Calendar     string // address of the calendar file, "" when there is none
	Preferred    []string
	Timeline     []WorkOrderStep
	Notes        []WorkOrderNote
	Photos       []WorkOrderPhoto
	Work         []string
	SignedBy     string
	SignedAt     string
	Signature    views.Drawing
	Phone, Link  string // the dealer's
}

// WorkOrderStep is one line of the timeline.
type WorkOrderStep struct {
	State   views.WorkOrderState // State "" = words alone
	Words   string
	Details string
	When    string
}

// WorkOrderNote is one note.
type WorkOrderNote struct {
	Who  string
	When string
	// Lines are as they were typed.
	Lines []string
	Staff bool
}

// WorkOrderPhoto is one photo.
type WorkOrderPhoto struct {
	Href, Thumb string
	Label       string
}

// WorkOrderNoteForm adds a note.
type WorkOrderNoteForm struct {
	Number, Nonce, Note string
	Errors              views.FieldErrors
}

// WorkOrderPhotoForm adds photos.
type WorkOrderPhotoForm struct {
	Number, Nonce string
	Errors        views.FieldErrors
}

// Choice is one entry of a drop-down.
type Choice struct {
	Value, Label string
	Chosen       bool
}
