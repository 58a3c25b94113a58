package office

import "customerportal/views"

// SettingsPage is what the owner can set; its define "section" is what a
// refused section is answered with.
type SettingsPage struct {
	views.Base
	Sections []Section
	// LogoAction is where the dealer's logo is uploaded, LogoError what was wrong
	// with the last one.
	LogoAction, LogoError string
}

// Section is one form of settings. Its own errors are in it, so that a page of
// many forms shows them where they belong.
type Section struct {
	views.Base
	Key, Title, Hint string
	Action           string
	Fields           []SettingField
}

// SettingField is one of an input, a list or a secret.
type SettingField struct {
	Input  *views.Input
	Choice *Choice
	Secret *Secret
	Text   *Text
}

// Secret is a setting that is kept sealed and never shown.
type Secret struct {
	Input views.Input
	Set   bool
	// Remove is the name of the box that takes it away.
	Remove string
}
