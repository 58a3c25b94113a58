package books

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

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

// perRow is about what writing a row takes, for [Report.WillTake].
const perRow = 100 * time.Microsecond

// WillTake guesses how long the books will be held for writing. A portal that
// runs on them can save nothing for so long.
func (r *Report) WillTake() time.Duration {
	t := r.Totals()
	return time.Duration(t.New+t.Changed) * perRow
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

// shown bounds how many findings of each sort are printed.
const shown = 40

// Print writes the report for people: the counts of each file, and the rows
// that want a look, as far as there is room for them.
func (r *Report) Print(to io.Writer) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "file\trows\tnew\tchanged\tunchanged\trefused\t")
	for _, f := range r.Files {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t\n", f.Name, grouped(f.Rows), grouped(f.New), grouped(f.Changed), grouped(f.Unchanged), grouped(f.Refused))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	totals := r.Totals()
	printFindings(&b, "Refused", r.Refused, totals.Refused)
	printFindings(&b, "Not taken over from the files", r.Kept, totals.Kept)
	printFindings(&b, "Changed", r.Changed, totals.Changed)
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "%s: %s\n", n.File, n.Text)
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// String puts the finding into one line: "customers.csv, line 12, zip: ...".
func (f Finding) String() string {
	s := fmt.Sprintf("%s, line %d", f.File, f.Line)
	if f.Column != "" {
		s += ", " + f.Column
	}
	return s + ": " + f.Text
}

func printFindings(b *strings.Builder, title string, list []Finding, rows int64) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "%s (%s):\n", title, rowsOf(rows))
	for i, f := range list {
		if i == shown {
			fmt.Fprintln(b, "  ... and more")
			break
		}
		fmt.Fprintf(b, "  %s\n", f)
	}
}

func rowsOf(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return grouped(n) + " rows"
}

// grouped writes a count with commas.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
