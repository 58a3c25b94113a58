package workorder

import "slices"

// State is where a work order stands.
type State string

// The states, in the order in which they come.
const (
	Requested  State = "requested"
	Scheduled  State = "scheduled"
	Dispatched State = "dispatched"
	Arrived    State = "arrived"
	Completed  State = "completed"
	Cancelled  State = "cancelled"
)

// States lists them in the order in which they come.
var States = []State{Requested, Scheduled, Dispatched, Arrived, Completed, Cancelled}

// Moves says to which states a work order may go from each. A technician may go
// straight from Scheduled to Arrived; the state that is skipped gets no time. Work
// that is not finished in one visit goes back to Scheduled, and what was
// Completed or Cancelled may be opened again.
var Moves = map[State][]State{
	Requested:  {Scheduled, Cancelled},
	Scheduled:  {Scheduled, Requested, Dispatched, Arrived, Cancelled},
	Dispatched: {Scheduled, Requested, Arrived, Cancelled},
	Arrived:    {Scheduled, Completed, Cancelled},
	Completed:  {Requested, Scheduled},
	Cancelled:  {Requested, Scheduled},
}

// undoes says back to which states a tap may be taken.
var undoes = map[State][]State{
	Dispatched: {Scheduled},
	Arrived:    {Scheduled, Dispatched},
	Completed:  {Arrived},
}

// May reports whether a work order may go from s to another state.
func (s State) May(to State) bool { return slices.Contains(Moves[s], to) }

// Open reports whether there is still something to come.
func (s State) Open() bool { return s != Completed && s != Cancelled }

// Word is the state as people read it.
func (s State) Word() string { return words[s] }

var words = map[State]string{
	Requested: "Requested", Scheduled: "Scheduled", Dispatched: "Dispatched",
	Arrived: "Arrived", Completed: "Completed", Cancelled: "Cancelled",
}

// Meaning says to the customer what the state is about.
func (s State) Meaning() string { return meanings[s] }

var meanings = map[State]string{
	Requested:  "We have your request and will call or write to make an appointment.",
	Scheduled:  "We have an appointment with you.",
	Dispatched: "The technician is on the way.",
	Arrived:    "The technician is at work.",
	Completed:  "The work is done.",
	Cancelled:  "Nobody comes for this work order.",
}
