package books

import "time"

// Report tells what an import found, and what it did or would do.
type Report struct {
	DryRun bool
	// Written says that the accepted rows are in the books now.
	Written bool
	Files   []FileReport
	// Refused, Kept and Changed are the rows that want a look, each list cut off
	// at a thousand; the counts of Files are whole.
	Refused []Finding // rows that are not taken in, by column
	Kept    []Finding // rows whose difference to the books is not taken over
	Changed []Finding // rows that change something in the books
	Notes   []Note    // files and columns that were left out
	// Read is how long reading and checking took, Wrote how long the books were
	// held for writing.
	Read, Wrote time.Duration

	readRefused int // of Refused, those found before planning
}

// FileReport counts the rows of one file. Rows is the sum of New, Changed,
// Unchanged and Refused; Kept are some of those that are not refused.
type FileReport struct {
	Name                                     string
	Kind                                     string // "customers", "invoices", ...
	Charset                                  string // how its text is written: "UTF-8", "Windows-1252", ...
	Rows, New, Changed, Unchanged, Refused   int64
	Kept                                     int64
	readRows, readRefused, readUnchangedRows int64 // before planning
}

// Finding is what was found in a row.
type Finding struct {
	File   string
	Line   int64  // on which the row begins
	Column string // "" when it is about the whole row
	Text   string
}

// Note is what was found about a whole file or column.
type Note struct {
	File string
	Text string
}

// findingLimit bounds how many findings of each sort a report holds.
const findingLimit = 1000

// Totals adds up the files.
func (r *Report) Totals() FileReport {
	var t FileReport
	for _, f := range r.Files {
		t.Rows += f.Rows
		t.New += f.New
		t.Changed += f.Changed
		t.Unchanged += f.Unchanged
		t.Refused += f.Refused
		t.Kept += f.Kept
	}
	return t
}

// forgetPlan takes the report back to what reading alone found.
func (r *Report) forgetPlan() {
	r.Refused = r.Refused[:r.readRefused]
	r.Kept, r.Changed = nil, nil
	for i := range r.Files {
		f := &r.Files[i]
		f.Rows, f.Refused, f.Unchanged = f.readRows, f.readRefused, f.readUnchangedRows
		f.New, f.Changed, f.Kept = 0, 0, 0
	}
}

func note(list *[]Finding, f Finding) {
	if len(*list) < findingLimit {
		*list = append(*list, f)
	}
}

// Progress is how far an import is.
type Progress struct {
	Doing string // "Reading invoices.csv", "Checking", "Writing"
	Done  int64  // rows
	Total int64  // rows, as far as they can be known beforehand
}
