package office

// Choice is a labelled drop-down list of a form, shown by the part "choice".
type Choice struct {
	Label   string // also the accessible name
	Name    string // form field; the control's id is "f-" and this
	Options []Option
	Hint    string
	Error   string
}

// Option is one entry of a Choice.
type Option struct {
	Value, Label string
	Chosen       bool
}

// Text is a labelled box of several lines, shown by the part "text".
type Text struct {
	Label     string
	Name      string
	Value     string
	Rows      int
	MaxLength int
	Hint      string
	Error     string
}
