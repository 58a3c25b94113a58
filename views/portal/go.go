package portal

import "customerportal/views"

// GoPage posts a form to the processor's page.
type GoPage struct {
	views.Base
	Action string // the processor's page
	Fields []GoField
	Back   string // where the payment is started again
	Over   bool   // the form is not taken any more
}

// GoField is one hidden field.
type GoField struct{ Name, Value string }
