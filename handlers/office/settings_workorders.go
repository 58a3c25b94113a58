package office

import view "customerportal/views/office"

// yesFirst are the choices of what is on until somebody switches it off.
var yesFirst = []view.Option{{Value: "yes", Label: "Yes"}, {Value: "no", Label: "No"}}

var (
	// tabsSection is which of the tabs customers see.
	tabsSection = section{key: "tabs", title: "Tabs", hint: "What customers see of the portal. A tab that is switched off is gone with all its pages; the office keeps its own.", fields: []field{
		{key: "portal.workorders", label: "Customers see Work Orders", options: yesFirst},
		{key: "portal.proposals", label: "Customers see Proposals", options: yesFirst},
	}}
	// workOrderSection is which mails go out about a work order, and what an hour costs.
	workOrderSection = section{key: "workorders", title: "Work orders", hint: "Customers follow their work orders in the portal in any case. New ones are mailed to the e-mail for service, above.", fields: []field{
		{key: "workorders.mail_scheduled", label: "Mail the customer when it is scheduled", options: yesFirst},
		{key: "workorders.mail_dispatched", label: "Mail the customer when it is dispatched", options: yesFirst},
		{key: "workorders.mail_completed", label: "Mail the customer when it is completed", options: yesFirst},
		{key: "workorders.labour_rate", label: "Labour, an hour", inputmode: "decimal", hint: "In dollars, like 95.00; empty: technicians enter it each time"},
	}}
)
