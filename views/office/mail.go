package office

import "customerportal/views"

// MailPage is the mail log; its define "test" is what a test that did not go is
// answered with.
type MailPage struct {
	views.Base
	Server  string // host:port, "" for none
	Trouble string // why mail waits, "" when all is well
	Waiting int64
	Failed  int64
	// OnlyFailed shows those that did not go.
	OnlyFailed bool
	// RemindersHref is the page of reminders, "" for a role that may not.
	RemindersHref string
	Rows          []MailRow
	Next          string
	// CanTest shows "Send a test".
	CanTest bool
	To      views.Input
	// SettingsHref is where the server is set, "" for a role that may not.
	SettingsHref string
}

// MailRow is one mail in a list.
type MailRow struct {
	When, Subject, Kind, To, State, StateClass string
	Tries                                      int64
	Trouble                                    string // the error in words
	Href                                       string // of the mail, "" for a role that may not open it
	Customer, CustomerHref                     string
	Retry                                      string // where "Send again" goes, "" when it cannot
}

// OneMailPage is one mail of the log.
type OneMailPage struct {
	views.Base
	Mail     MailRow
	Facts    []Fact
	Text     string
	Withheld string // why the text is not shown, "" when it is
}
