package office

// accountingSection is what the owner sets about the files for QuickBooks.
var accountingSection = section{key: "accounting", title: "Accounting", hint: "Names as they stand in QuickBooks, an account below another as Parent:Account. The files of the page Accounting are written under them.", fields: []field{
	{key: "accounting.receivable", label: "Account of what customers owe"},
	{key: "accounting.undeposited", label: "Account of money on its way to the bank"},
	{key: "accounting.bank", label: "Account of the bank"},
	{key: "accounting.income", label: "Account of sales"},
	{key: "accounting.tax", label: "Account of sales tax owed"},
	{key: "accounting.credits", label: "Account of credits given"},
	{key: "accounting.refunds", label: "Account of refunds and returns"},
	{key: "accounting.fees", label: "Account of processors' fees"},
	{key: "accounting.item", label: "Item of invoice lines"},
	{key: "accounting.tax_item", label: "Item of sales tax"},
	{key: "accounting.tax_agency", label: "Vendor sales tax is paid to"},
}}
