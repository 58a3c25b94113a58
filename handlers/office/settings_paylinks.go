package office

// What the owner sets about what goes out to customers: invoices by mail,
// reminders, late fees. All but the mail of an invoice is off until it is set.
var (
	mailSection = section{key: "invoice-mail", title: "Invoices by mail", hint: "Each invoice is mailed with its amount, its due date and a link that pays it without a login.", fields: []field{
		{key: "invoices.attach_pdf", label: "Attach the PDF", options: yesNo, hint: "Mails with attachments are more often taken for spam; the PDF is in the portal in any case"},
	}}
	reminderSection = section{key: "reminders", title: "Reminders", hint: "One mail a day and customer at most, at nine in the morning. Nobody is reminded of what auto pay takes or what is being paid. Only invoices that reach a step from now on count: old debts are left to you.", fields: []field{
		{key: "reminders.days", label: "Days from the due date", hint: "Like -3, 7, 21: three days before, one and three weeks after. Empty: no reminders"},
	}}
	lateFeeSection = section{key: "late-fee", title: "Late fee", hint: "Once for an invoice, as an invoice of its own that you can void. Not where auto pay takes it or a payment is under way. Make sure that your contracts and your state allow it.", fields: []field{
		{key: "latefee.days", label: "Days past due", inputmode: "numeric", hint: "Empty: no late fee"},
		{key: "latefee.flat", label: "Fixed amount", inputmode: "decimal", hint: "In dollars, like 5.00"},
		{key: "latefee.percent", label: "Percent of what is past due", inputmode: "decimal", hint: "Like 1.5"},
		{key: "latefee.most", label: "At most", inputmode: "decimal", hint: "In dollars; 0.00 for no limit"},
	}}
)
