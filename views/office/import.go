package office

import "customerportal/views"

// ImportPage is where files are brought and how their import stands; its define
// "import" is what is asked for while it runs.
type ImportPage struct {
	views.Base
	Tabs       []views.Tab
	Action     string
	Busy       bool // an import is open: no files are taken
	FilesError string
	Overwrite  bool
	Visit      *Import // the open or last one, nil for none
}

// Import is an import as it stands.
type Import struct {
	ID               string
	Title            string // its state in words
	Running          bool
	Waits            bool // to be confirmed
	Ready            bool // and there is something to import
	Done             bool
	Written          bool // it changed the books
	Files, Staff, At string
	Overwrite        bool
	Problem          string
	Start, Cancel    string // where its buttons go

	Doing, Rows string // "Checking", "12,000 of 50,000 rows, about a minute left"
	Value, Max  int64

	New, Changed string
	WillTake     string // for how long nothing else can be saved, "" for a moment
	Counts       []ImportCount
	Refused      Findings
	Kept         Findings
	Changes      Findings
	Notes        []string
	Downloads    []Download
}

// ImportCount is what becomes of the rows of a file.
type ImportCount struct{ Name, Rows, New, Changed, Unchanged, Refused string }

// Findings are rows that want a look.
type Findings struct {
	Rows string
	List []Finding
	More bool // than are listed
}

// Finding is what was found in a row.
type Finding struct{ File, Line, Column, Text string }

// Download is a file with refused rows.
type Download struct{ Name, Href string }

// ExportPage offers all the books as files.
type ExportPage struct {
	views.Base
	Tabs []views.Tab
	Href string
}
