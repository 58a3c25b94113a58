package office

import "customerportal/views"

// AccountingPage is what moved in a period, its files, and the closed period;
// its define "period" is what another period is answered with, "closed" what a
// refused lock is answered with.
type AccountingPage struct {
	views.Base
	Tabs   []views.Tab
	Period PeriodForm
	Shown  string // the period in words, "" when it was refused

	Summary []SummaryRow
	// Now says that the last line is what the open invoices come to today.
	Now          bool
	Count        int64 // invoices
	Tax, Fees    string
	Credit       string // held for customers at the end
	Everything   string // address of all files
	Files        []FileRow
	SettingsHref string // where account names are set, "" for a role that may not
	Locked       string // the last closed day, "" for none
	CanLock      bool
	LockErrors   views.FieldErrors
	Until        views.Input
	Keep         views.Input
	Reason       views.Input
}

// PeriodForm chooses a period.
type PeriodForm struct {
	Action   string
	Presets  []Preset
	From, To views.Input
}

// Preset is a period that is one press away.
type Preset struct {
	Label, Href string
	Current     bool
}

// SummaryRow is one line of the summary.
type SummaryRow struct {
	Label, Invoices, Credit, Net string
	Total                        bool
}

// FileRow is a file that can be downloaded.
type FileRow struct{ Name, Title, What, Href string }

// ReportPage is a report as chart and table; its define "report" is what another
// period is answered with.
type ReportPage struct {
	views.Base
	Tabs   []views.Tab
	Intro  string
	Period *PeriodForm // nil for a report of today
	CSV    string
	Chart  *Chart
	ReportTable
	// More is a second table, nil for none.
	More  *ReportTable
	Empty string // what stands there when there are no rows
}

// ReportTable is a table of amounts or counts.
type ReportTable struct {
	Caption string   // "" for the only table of a page
	Columns []string // beside the first
	Rows    []ReportRow
	Total   *ReportRow
}

// ReportRow is one line of a report.
type ReportRow struct {
	Label string
	Cells []Cell
}

// Cell is an amount or a count under the name of its column.
type Cell struct{ Name, Value string }

// Chart is a bar chart.
type Chart struct {
	Title string
	Bars  []Bar
}

// Bar is one bar of it.
type Bar struct {
	Label, Value string
	Width        int // of 100
	Below        bool
}

// Add adds a row, its values under the columns in order.
func (p *ReportTable) Add(label string, values ...string) {
	p.Rows = append(p.Rows, ReportRow{label, p.cells(values)})
}

// Sum makes the last row, which adds the others up.
func (p *ReportTable) Sum(values ...string) *ReportRow { return &ReportRow{"Total", p.cells(values)} }

func (p *ReportTable) cells(values []string) []Cell {
	cells := make([]Cell, len(values))
	for i, v := range values {
		cells[i] = Cell{p.Columns[i], v}
	}
	return cells
}
