package authorizenet

// The requests, each in the order of AnetApiSchema.xsd, and what is read of the
// answers. What is left out is not used here.

type setting struct {
	Name  string `json:"settingName"`
	Value string `json:"settingValue"`
}

type settings struct {
	Setting []setting `json:"setting"`
}

// customerProfile is customerProfileType and, with an id, customerProfileExType.
type customerProfile struct {
	MerchantCustomerID string `json:"merchantCustomerId,omitempty"`
	Description        string `json:"description,omitempty"`
	Email              string `json:"email,omitempty"`
	CustomerProfileID  string `json:"customerProfileId,omitempty"`
}

// saveProfile is createCustomerProfileRequest and updateCustomerProfileRequest.
type saveProfile struct {
	head
	Profile customerProfile `json:"profile"`
}

type profileSaved struct {
	verdict
	CustomerProfileID text `json:"customerProfileId"`
}

// getCustomerProfile is getCustomerProfileRequest.
type getCustomerProfile struct {
	head
	CustomerProfileID    string `json:"customerProfileId"`
	UnmaskExpirationDate bool   `json:"unmaskExpirationDate"`
}

type profileAnswer struct {
	verdict
	Profile struct {
		PaymentProfiles many[paymentProfile] `json:"paymentProfiles"`
	} `json:"profile"`
}

type paymentProfile struct {
	ID      text          `json:"customerPaymentProfileId"`
	Payment maskedPayment `json:"payment"`
}

// maskedPayment is paymentMaskedType: numbers are four X and four digits.
type maskedPayment struct {
	CreditCard *struct {
		CardNumber     string `json:"cardNumber"`
		ExpirationDate string `json:"expirationDate"`
		CardType       string `json:"cardType"`
	} `json:"creditCard"`
	BankAccount *bankAccount `json:"bankAccount"`
}

type bankAccount struct {
	AccountType   string `json:"accountType,omitempty"`
	RoutingNumber string `json:"routingNumber"`
	AccountNumber string `json:"accountNumber"`
	NameOnAccount string `json:"nameOnAccount"`
	ECheckType    string `json:"echeckType,omitempty"`
	BankName      string `json:"bankName,omitempty"`
}

// deletePaymentProfile is deleteCustomerPaymentProfileRequest.
type deletePaymentProfile struct {
	head
	CustomerProfileID string `json:"customerProfileId"`
	PaymentProfileID  string `json:"customerPaymentProfileId"`
}

// getHostedProfilePage is getHostedProfilePageRequest.
type getHostedProfilePage struct {
	head
	CustomerProfileID string   `json:"customerProfileId"`
	Settings          settings `json:"hostedProfileSettings"`
}

// getHostedPaymentPage is getHostedPaymentPageRequest.
type getHostedPaymentPage struct {
	head
	Transaction transactionRequest `json:"transactionRequest"`
	Settings    settings           `json:"hostedPaymentSettings"`
}

type tokenAnswer struct {
	verdict
	Token string `json:"token"`
}

// createTransaction is createTransactionRequest.
type createTransaction struct {
	head
	Transaction transactionRequest `json:"transactionRequest"`
}

// transactionRequest is transactionRequestType.
type transactionRequest struct {
	Type       string             `json:"transactionType"`
	Amount     string             `json:"amount,omitempty"`
	Payment    *refundTo          `json:"payment,omitempty"`
	Profile    *profileCharge     `json:"profile,omitempty"`
	RefTransID string             `json:"refTransId,omitempty"`
	Order      *order             `json:"order,omitempty"`
	PONumber   string             `json:"poNumber,omitempty"`
	Customer   *customer          `json:"customer,omitempty"`
	Settings   *settings          `json:"transactionSettings,omitempty"`
	Processing *processingOptions `json:"processingOptions,omitempty"`
}

// refundTo is paymentType with the masked numbers of the payment that is sent
// back.
type refundTo struct {
	CreditCard  *maskedCard  `json:"creditCard,omitempty"`
	BankAccount *bankAccount `json:"bankAccount,omitempty"`
}

type maskedCard struct {
	CardNumber     string `json:"cardNumber"`
	ExpirationDate string `json:"expirationDate"`
}

// profileCharge is customerProfilePaymentType.
type profileCharge struct {
	CustomerProfileID string           `json:"customerProfileId"`
	PaymentProfile    *profileToCharge `json:"paymentProfile,omitempty"`
}

type profileToCharge struct {
	ID string `json:"paymentProfileId"`
}

type order struct {
	InvoiceNumber string `json:"invoiceNumber,omitempty"`
	Description   string `json:"description,omitempty"`
	// PurchaseOrder is in answers only.
	PurchaseOrder string `json:"purchaseOrderNumber,omitempty"`
}

type customer struct {
	ID string `json:"id"`
}

type processingOptions struct {
	// IsSubsequentAuth: the dealer charges what the customer left on file.
	IsSubsequentAuth bool `json:"isSubsequentAuth,omitempty"`
	// IsStoredCredentials: the customer himself pays with what is on file.
	IsStoredCredentials bool `json:"isStoredCredentials,omitempty"`
}

type transactionAnswer struct {
	verdict
	Transaction *transactionResponse `json:"transactionResponse"`
}

type transactionResponse struct {
	ResponseCode  text   `json:"responseCode"` // 1 approved, 2 declined, 3 error, 4 held for review
	TransID       text   `json:"transId"`
	AccountNumber string `json:"accountNumber"`
	AccountType   string `json:"accountType"`
	SplitTenderID text   `json:"splitTenderId"`
	Messages      []struct {
		Code text `json:"code"`
	} `json:"messages"`
	Errors []struct {
		Code text   `json:"errorCode"`
		Text string `json:"errorText"`
	} `json:"errors"`
}

// reason is the response reason code.
func (r transactionResponse) reason() (code, words string) {
	if len(r.Errors) > 0 {
		return string(r.Errors[0].Code), r.Errors[0].Text
	}
	if len(r.Messages) > 0 {
		return string(r.Messages[0].Code), ""
	}
	return "", ""
}

// getTransactionDetails is getTransactionDetailsRequest.
type getTransactionDetails struct {
	head
	TransID string `json:"transId"`
}

type detailsAnswer struct {
	verdict
	Transaction details `json:"transaction"`
}

// details is transactionDetailsType.
type details struct {
	TransID            text               `json:"transId"`
	RefTransID         text               `json:"refTransId"`
	SubmitTime         stamp              `json:"submitTimeUTC"`
	Type               string             `json:"transactionType"`
	Status             string             `json:"transactionStatus"`
	ResponseCode       text               `json:"responseCode"`
	ResponseReasonCode text               `json:"responseReasonCode"`
	Batch              *batch             `json:"batch"`
	Order              order              `json:"order"`
	RequestedAmount    dollars            `json:"requestedAmount"`
	AuthAmount         dollars            `json:"authAmount"`
	SettleAmount       dollars            `json:"settleAmount"`
	Payment            maskedPayment      `json:"payment"`
	Customer           customer           `json:"customer"`
	Profile            *profileIDs        `json:"profile"`
	ReturnedItems      many[returnedItem] `json:"returnedItems"`
}

type profileIDs struct {
	CustomerProfileID text `json:"customerProfileId"`
	PaymentProfileID  text `json:"customerPaymentProfileId"`
}

type returnedItem struct {
	ID          text   `json:"id"`
	Date        stamp  `json:"dateUTC"`
	Code        string `json:"code"`
	Description string `json:"description"`
}

// batch is batchDetailsType.
type batch struct {
	ID         text            `json:"batchId"`
	Settled    stamp           `json:"settlementTimeUTC"`
	State      string          `json:"settlementState"`
	Statistics many[statistic] `json:"statistics"`
}

type statistic struct {
	RefundCount text `json:"refundCount"`
}

type sorting struct {
	OrderBy         string `json:"orderBy"`
	OrderDescending bool   `json:"orderDescending"`
}

type paging struct {
	Limit  int `json:"limit"`
	Offset int `json:"offset"` // the page, from 1
}

// listUnsettled is getUnsettledTransactionListRequest.
type listUnsettled struct {
	head
	Sorting sorting `json:"sorting"`
	Paging  paging  `json:"paging"`
}

// listBatch is getTransactionListRequest.
type listBatch struct {
	head
	BatchID string  `json:"batchId"`
	Sorting sorting `json:"sorting"`
	Paging  paging  `json:"paging"`
}

// listForCustomer is getTransactionListForCustomerRequest.
type listForCustomer struct {
	head
	CustomerProfileID string  `json:"customerProfileId"`
	Sorting           sorting `json:"sorting"`
	Paging            paging  `json:"paging"`
}

type listAnswer struct {
	verdict
	Total        text          `json:"totalNumInResultSet"`
	Transactions many[summary] `json:"transactions"`
}

// summary is transactionSummaryType.
type summary struct {
	TransID       text   `json:"transId"`
	SubmitTime    stamp  `json:"submitTimeUTC"`
	Status        string `json:"transactionStatus"`
	InvoiceNumber string `json:"invoiceNumber"`
	AccountNumber string `json:"accountNumber"`
}

// listBatches is getSettledBatchListRequest.
type listBatches struct {
	head
	IncludeStatistics   bool   `json:"includeStatistics"`
	FirstSettlementDate string `json:"firstSettlementDate"`
	LastSettlementDate  string `json:"lastSettlementDate"`
}

type batchesAnswer struct {
	verdict
	Batches many[batch] `json:"batchList"`
}
