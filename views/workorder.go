package views

// WorkOrderState is how a work order stands, shown by the part "workorder_state".
type WorkOrderState struct {
	State string // "requested", "scheduled", "dispatched", "arrived", "completed" or "cancelled"
	Word  string
	When  string // since when, "" = not shown
	Big   bool
}
