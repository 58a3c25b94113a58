package office

import view "customerportal/views/office"

// billingSection is the settings of recurring billing.
var billingSection = section{key: "billing", title: "Billing", hint: "What recurs is billed for the month to come, so that auto pay takes it on the 1st.", fields: []field{
	{key: "billing.day", label: "Billed by day", inputmode: "numeric", hint: "Of the month before, 1 to 28"},
	{key: "billing.notice_days", label: "Days of notice", inputmode: "numeric", hint: "An invoice is due so many days after its date at least"},
	{key: "billing.automatic", label: "Who begins the run", options: []view.Option{{Value: "no", Label: "We do, after looking at the preview"}, {Value: "yes", Label: "It begins by itself on its day"}}},
	{key: "billing.invoices", label: "Invoices", options: []view.Option{{Value: "customer", Label: "One for each customer"}, {Value: "site", Label: "One for each site"}}},
	{key: "billing.mail", label: "Mail", options: []view.Option{{Value: "yes", Label: "Mail invoices to those with an e-mail address"}, {Value: "no", Label: "Mail none; print them all"}}},
}}
