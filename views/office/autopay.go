package office

import "customerportal/views"

// AutoPayPage is the tab "Auto Pay": who is charged next, how much, with what,
// and what will fail and why. Its define "plan" is what typing in the search box
// is answered with.
type AutoPayPage struct {
	views.Base
	CanAct bool
	// Stopped says why nothing at all is taken, "" when it is.
	Stopped string
	Hold    ReasonForm // holds all, or releases all
	Held    bool
	Late    []LateRun
	Now     *RunLine // the run that is at work or stopped
	RunHref string   // where a run by hand is confirmed, "" when there is none to be
	CSV     string
	Days    []PlanDay
	AllDays string
	Day     *PlanDay // the one that is shown, nil for all days
	Kinds   []PlanSum
	Causes  []PlanSum
	Plan    PlanList
	Runs    []RunLine
	// MoreRuns is the list of all of them, "" when these are all.
	MoreRuns string
	Cards    int64 // that auto pay draws on and that run out soon or have
}

// PlanDay adds up one day of the plan.
type PlanDay struct {
	Day, Amount, Credit           string // Credit "" for none
	Count, Troubled, Held, Nobody int
	Href                          string
	Shown                         bool
}

// PlanSum adds up a part of the plan.
type PlanSum struct {
	Label  string
	Count  int
	Amount string
}

// PlanList is a page of the plan.
type PlanList struct {
	Query  string
	Day    string // in the address, "all" or the day
	Show   string
	Shows  []PlanFilter
	Found  string
	Rows   []PlanRow
	Before string // the pages beside this one, "" for none
	After  string
	Page   string // "Page 2 of 40"
}

// PlanFilter is one of the links that narrow the plan down.
type PlanFilter struct {
	Label string
	Count int
	Href  string
	Shown bool
}

// PlanRow is one customer in the plan.
type PlanRow struct {
	Number, Name, Href       string
	Day, Method              string
	Amount, Credit, InFlight string // Credit and InFlight "" for none
	State, StateClass        string
	Words                    []string
	Act, ActWord             string // where the customer is put on hold or released
}

// LateRun is a run that asks whether to take what is late.
type LateRun struct {
	Title string
	Lines []string
	// Decide is the page that asks whether it is taken or skipped.
	Decide string
}

// RunLine is one run in the list.
type RunLine struct {
	Title, Kind, State, StateClass  string
	Started                         string
	Amount                          string
	Taken, Processing, Failed, Rest int64
	Href                            string
}

// AutoPayCardsPage lists the cards that auto pay draws on and that run out.
type AutoPayCardsPage struct {
	views.Base
	Rows          []CardRow
	Before, After string
}

// CardRow is one such card.
type CardRow struct {
	Number, Name, Href, Card, Expires, Told string
	Expired                                 bool
}

// AutoPayRunsPage lists all runs.
type AutoPayRunsPage struct {
	views.Base
	Runs []RunLine
	More string
}

// AutoPayRunPage is one run.
type AutoPayRunPage struct {
	views.Base
	Run Run
}

// Run is how a run stands; it is also what the page asks for again while the run
// is at work.
type Run struct {
	Title, Path       string
	State, StateClass string
	Trouble           string // why it stopped or waits, "" when it does not
	Working           bool
	CanAct            bool
	Percent           int
	Done, All         int
	Said              string // for those who do not see the bar
	Resume, Decide    string // where it is let go on, or decided about
	Facts             []Fact
	Sums              []PlanSum
	Shows             []PlanFilter
	Asks              string // the address of what is shown
	Rows              []RunRow
	More              string
}

// RunRow is one customer in a run.
type RunRow struct {
	Number, Name, Href, Due, Method, Amount string
	State, StateClass, Attempt, Words       string
	Payment, Reference                      string
	Retry                                   string // when it is tried again, "" = not by itself
	Again, Period, Confirm                  string // where it is tried again by hand
}

// AutoPayConfirmPage asks before anything is taken.
type AutoPayConfirmPage struct {
	views.Base
	Why    string // there is nothing to be confirmed, "" when there is
	See    string // the run in question, "" for none
	Words  []string
	Amount string
	Kinds  []PlanSum
	Action string
	Button string
	Skip   string // the other choice's button, "" for none
	Back   string
}

// MonthRow is what became of one of a customer's months.
type MonthRow struct {
	Due, State, StateClass, Words, Amount, Retry string
	Run, Payment, Reference                      string
	Again, Period                                string
}
