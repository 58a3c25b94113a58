package views

import (
	"embed"
	"slices"
)

// Shared holds the layout and the parts that all pages use.
//
//go:embed layout.html parts
var Shared embed.FS

// Base is what the layout shows around every page. Page structs embed it; the
// render verbs of handlers/web fill it, except for Title and Tab.
type Base struct {
	Title  string // "Invoices"; the layout adds the dealer's name
	Tab    string // which tab is the current one, "" for none
	Dealer Dealer
	Viewer Viewer
	// Notice is the word of success carried over a redirect, "" for none.
	Notice string
	// NoMoney puts the banner on the page that no money moves, and says why.
	NoMoney string
	// Errors are the refused fields of the page's form.
	Errors FieldErrors
	// IdleMinutes and SignedIn drive the warning before the session ends.
	IdleMinutes int
}

// SetBase lets the render verbs fill the base of any page struct.
func (b *Base) SetBase(base Base) {
	base.Title, base.Tab, base.Errors = b.Title, b.Tab, b.Errors
	if base.Notice == "" {
		base.Notice = b.Notice
	}
	*b = base
	b.Viewer.Tabs = slices.Clone(b.Viewer.Tabs)
	for i := range b.Viewer.Tabs {
		b.Viewer.Tabs[i].Current = b.Viewer.Tabs[i].Key == b.Tab
	}
}

// Dealer is the company whose portal this is.
type Dealer struct {
	Name, Phone, PhoneLink, Email, Web string
	Logo                               string // address of the logo, "" for none
	AccentCSS                          string // address of the style sheet with the accent colour
}

// Viewer is who looks at the page, as far as the layout shows it.
type Viewer struct {
	SignedIn bool
	Staff    bool
	Role     string // of a staff member
	Name     string // e-mail address or staff name
	Customer string // display name of the customer looked at
	Number   string // that customer's number
	Others   bool   // the log-in may see further customers
	Tabs     []Tab
}

// Tab is one entry of the navigation.
type Tab struct {
	Key, Label, Href string
	Count            int    // how many things wait there for the viewer
	Waits            string // what they are, after the count: "past due"
	Current          bool
}

// FieldErrors are the refused fields of a form in order.
type FieldErrors []FieldError

// FieldError is one refused field: the summary links to the input of that name.
type FieldError struct{ Field, Message string }

// Of returns the message for a field, "" when it is not refused.
func (f FieldErrors) Of(field string) string {
	for _, e := range f {
		if e.Field == field {
			return e.Message
		}
	}
	return ""
}

// Input is one labelled control of a form, shown by the part "input".
type Input struct {
	Label        string // also the accessible name
	Name         string // form field; the control's id is "f-" and this
	Type         string // "text" when empty
	Value        string
	Autocomplete string
	Inputmode    string
	Hint         string
	Error        string
	Required     bool
	MaxLength    int
}

// ErrorPage is the page for 404, 403, 500 and the like.
type ErrorPage struct {
	Base
	Status    int
	Heading   string
	Message   string
	Reference string // the request's id, for a call to the dealer; "" when it would not help
}
