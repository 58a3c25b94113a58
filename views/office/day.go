package office

import "customerportal/views"

// DayPage is a technician's day, or one work order of it.
type DayPage struct {
	views.Base
	Heading string
	// Me is the id of who looks at it: taps that wait in the browser are sent
	// for nobody else.
	Me string
	// Zone is the dealer's time zone by its name, for the times that the page
	// writes before the server does.
	Zone string
	// Refresh is where the page asks for itself anew, "" on the page of one.
	Refresh string
	// Follow is the event stream that tells when to, "" likewise.
	Follow string
	// Back leads from the page of one work order to the day.
	Back           string
	Earlier, Later DayLink
	Today          DayLink // when another day is shown
	Picker         *DayPicker
	Sections       []DaySection
	Recent         []RecentWork
}

// DayLink leads to another day.
type DayLink struct{ Href, Label string }

// DayPicker lets the office look at somebody's day.
type DayPicker struct {
	Technician Choice
	Date       views.Input
}

// DaySection is a part of the list: a day, or what was left from before.
type DaySection struct {
	Key, Title string
	Orders     []DayOrder
	Empty      string
}

// DayOrder is a work order on the technician's screen.
type DayOrder struct {
	Number, Href string
	// Taps is where what is pressed goes.
	Taps string
	// State is the state's key in the books; Before the one that Undo leads
	// back to, "" when there is nothing to undo.
	State, Before string
	// Seen is the newest entry of the history that the screen shows.
	Seen string
	// Key makes what a plain form sends count once.
	Key                  string
	Open                 bool // shown in full at once
	Closed               bool // parts and labour stay as they are
	Window               string
	Late                 string // "from Nov 21, 2026", for what was left
	Customer             string
	Site                 string
	Address              string
	Map                  string
	Phones               []DayPhone
	System, Account      string
	About                string // the first note
	Preferred            string
	Cancelled            string // why
	Times                []DayTime
	Undo                 *DayUndo
	Notes                []DayNote
	NoteTyped            string
	NoteInternal         bool
	Photos               []DayPhoto
	Rows                 []WorkRow
	Lines                []WorkLine
	Shown                string // the lines as one text, which is what a signature stands under
	Total                string
	Signed               string // "Signed by Pat Doe, 10:42 AM"
	SignTyped, SignError string
	Pad                  views.SignaturePad
	NoOne                bool
	Completing           bool              // the part that completes it is open
	FinishHref           string            // the part that completes it, without script
	Errors               views.FieldErrors // of what was refused just now
	Refused              string            // the same in one line, for the script
}

// DayPhone is a number to call.
type DayPhone struct{ Link, Text string }

// DayTime is when it got into a state.
type DayTime struct{ Label, At string }

// DayUndo offers to take back the last step.
type DayUndo struct {
	Text string // "Dispatched 10:42 AM"
	From string // the state it leads out of
	Left int    // seconds
}

// DayNote is what somebody wrote.
type DayNote struct {
	Who, At, Text string
	Internal      bool
}

// DayPhoto is a picture with the address of its small form.
type DayPhoto struct {
	Href, Thumb   string
	Alt           string
	Internal      bool
	Width, Height int64
}

// WorkRow is a line of parts and labour as it is typed.
type WorkRow struct {
	Key                          int
	Kind                         string // part or labour
	Labour                       bool
	Description, Quantity, Price string
	Taxable                      bool
	DescriptionError             string
	QuantityError, PriceError    string
}

// WorkLine is a line of parts and labour as it is kept.
type WorkLine struct{ Text, Amount string }

// RecentWork is what was entered before and is offered again.
type RecentWork struct {
	Description, Price string
	Labour, Taxable    bool
}
