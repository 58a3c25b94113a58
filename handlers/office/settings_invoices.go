package office

// invoiceSection is what the owner sets about invoices.
var invoiceSection = section{key: "invoices", title: "Invoices", hint: "Numbers are given when an invoice is issued, one after the other; one that is taken already is passed over.", fields: []field{
	{key: "invoices.prefix", label: "Numbers begin with", hint: "Like INV-, or nothing"},
	{key: "invoices.next_number", label: "Next number", inputmode: "numeric", hint: "Empty: after the highest one in the books"},
}}
