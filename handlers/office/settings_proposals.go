package office

// proposalsSection is what the owner sets about proposals.
var proposalsSection = section{key: "proposals", title: "Proposals", hint: "What a new proposal begins with; each can be changed on the proposal itself.", fields: []field{
	{key: "proposals.terms", label: "Terms", hint: "They stand below the lines and are part of what the customer signs"},
	{key: "proposals.valid_days", label: "Valid for", inputmode: "numeric", hint: "Days"},
	{key: "proposals.reminder_days", label: "Remind customers before it expires", inputmode: "numeric", hint: "So many days ahead, like 5; empty: no reminder"},
}}
