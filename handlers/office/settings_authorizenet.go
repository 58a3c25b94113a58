package office

import view "customerportal/views/office"

// authorizeNetSection is a dealer's account at Authorize.Net. All of it stands in
// the merchant interface under Account, Settings, API Credentials & Keys.
var authorizeNetSection = section{
	key: "authorizenet", title: "Authorize.Net",
	hint: "Needed when Authorize.Net is the processor. The three keys stand in its merchant interface under Account, Settings, API Credentials & Keys; Customer Information Manager and the Transaction Details API must be enabled there. " +
		"Under Account, Settings, Webhooks an endpoint with the address on our page Payment processor, for the events of payments, fraud and payment profiles, tells the portal at once what happens. " +
		"Its payment pages cannot be closed early: a customer who leaves one can go on with the same payment, or make another one 20 minutes later. Card chargebacks are told only where your merchant bank reports them to Authorize.Net.",
	fields: []field{
		{key: "authorizenet.environment", label: "Account", options: []view.Option{{Value: "test", Label: "Test: no money moves"}, {Value: "production", Label: "Production"}}},
		{key: "authorizenet.login_id", label: "API login ID"},
		{key: "authorizenet.transaction_key", label: "Transaction key"},
		{key: "authorizenet.signature_key", label: "Signature key"},
		{key: "authorizenet.echeck", label: "The account takes eChecks, too", options: yesNo},
	},
}
