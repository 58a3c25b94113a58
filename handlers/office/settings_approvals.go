package office

import view "customerportal/views/office"

// approvalsSection holds the two people's rule and the fee for payments that the
// bank sends back.
var approvalsSection = section{key: "approvals", title: "Refunds and returns", hint: "Who decides about money that goes back, and what a returned payment costs.", fields: []field{
	{key: "approvals.above", label: "A second person approves above", inputmode: "decimal",
		hint: "Refunds, voided invoices and credits above this amount wait until somebody else who is an owner or has the role billing approves them; parts of a refund count together, and what a customer is credited with in 24 hours. In dollars, like 250.00; empty: nobody has to"},
	{key: "fees.return", label: "Fee for a returned payment", inputmode: "decimal",
		hint: "In dollars, like 25.00; empty: no fee. Most states set a maximum for returned checks: what applies to you is for you to know"},
	{key: "fees.return_auto", label: "Charge it for returned eChecks by itself", options: []view.Option{{Value: "no", Label: "No: only when staff tick it"}, {Value: "yes", Label: "Yes, once for each returned eCheck"}}},
}}
