package proposal

import "customerportal/internal/calendar"

// State is where a version stands, in the word that screens show.
type State string

// The states. StateExpired is an open one whose last day is over.
const (
	StateDraft     State = "Draft"
	StateNew       State = "New" // sent and not looked at yet
	StateViewed    State = "Viewed"
	StateAccepted  State = "Accepted"
	StateRejected  State = "Rejected"
	StateExpired   State = "Expired"
	StateWithdrawn State = "Withdrawn"
	StateReplaced  State = "Replaced" // by a newer version, before it was answered or after it was accepted
)

// StateOf puts a stored state into its word, on the dealer's local day.
func StateOf(stored string, validUntil, today calendar.Date) State {
	switch stored {
	case "draft":
		return StateDraft
	case "accepted":
		return StateAccepted
	case "rejected":
		return StateRejected
	case "withdrawn":
		return StateWithdrawn
	case "replaced", "superseded": // the latter is accepted, and so is a later version
		return StateReplaced
	}
	switch {
	case validUntil != "" && validUntil < today:
		return StateExpired
	case stored == "viewed":
		return StateViewed
	}
	return StateNew
}

// Open reports whether it can be accepted or rejected.
func (s State) Open() bool { return s == StateNew || s == StateViewed }
