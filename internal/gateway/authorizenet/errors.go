package authorizenet

import (
	"customerportal/internal/gateway"
)

// Message codes that decide something here
// (https://developer.authorize.net/api/reference/responseCodes.html, codes that
// begin with E).
const (
	codeDuplicate   = "E00039" // a record with the same fields exists; its id is in the text
	codeNotFound    = "E00040" // the record cannot be found
	codeMaintenance = "E00104" // in maintenance: the method is not available
)

// messageClass says what the refusal of a request means for the money. A code
// that is not known is [gateway.Unknown].
func messageClass(code string) gateway.Class {
	switch code {
	case "E00003", // not in the order or form of the schema
		"E00002", "E00004", "E00045", // content type, name of the method, root element
		"E00005", "E00006", "E00007", "E00008", "E00009", "E00010", "E00011", // keys, rights, account inactive or in test mode
		"E00013", "E00014", "E00015", "E00016", // a field is invalid, missing, too long, of the wrong type
		"E00028", "E00029", "E00030", "E00031", "E00043", "E00044", // access denied, payment information, CIM not enabled
		"E00051", "E00052", "E00060", "E00061", "E00063", "E00073", "E00091", "E00092", "E00093", "E00095", "E00101", "E00102", "E00103",
		"E00124": // expired access
		return gateway.Config
	case codeMaintenance:
		return gateway.NotSent
	}
	// E00001 (an error occurred during processing), E00053 (too busy), E00054 and
	// whatever comes later: it may have been carried out.
	return gateway.Unknown
}

// failures are the response reason codes in our words
// (https://developer.authorize.net/api/reference/responseCodes.html, numeric
// codes). Authorize.Net tells 2 for nearly every refusal of a card by its bank,
// one for lack of money included.
var failures = map[string]gateway.Code{
	"2": gateway.Declined, "3": gateway.Declined, "4": gateway.CardLost, "41": gateway.Declined, "45": gateway.IncorrectDetails,
	"6": gateway.IncorrectDetails, "7": gateway.IncorrectDetails, "8": gateway.CardExpired, "315": gateway.IncorrectDetails,
	"316": gateway.IncorrectDetails, "317": gateway.CardExpired,
	"27": gateway.IncorrectDetails, "44": gateway.IncorrectDetails, "65": gateway.IncorrectDetails, "78": gateway.IncorrectDetails, "127": gateway.IncorrectDetails,
	"9": gateway.NoAccount, "10": gateway.NoAccount, "100": gateway.NoAccount, "101": gateway.NoAccount, "77": gateway.NoAccount,
	"17": gateway.CardNotSupported, "28": gateway.CardNotSupported, "171": gateway.CardNotSupported, "185": gateway.CardNotSupported,
	"5": gateway.AmountNotAccepted, "47": gateway.AmountNotAccepted, "49": gateway.AmountNotAccepted, "261": gateway.AmountNotAccepted,
	"19": gateway.ProcessorTrouble, "20": gateway.ProcessorTrouble, "21": gateway.ProcessorTrouble, "22": gateway.ProcessorTrouble,
	"23": gateway.ProcessorTrouble, "25": gateway.ProcessorTrouble, "26": gateway.ProcessorTrouble, "57": gateway.ProcessorTrouble,
	"58": gateway.ProcessorTrouble, "59": gateway.ProcessorTrouble, "60": gateway.ProcessorTrouble, "61": gateway.ProcessorTrouble,
	"62": gateway.ProcessorTrouble, "63": gateway.ProcessorTrouble,
	"104": gateway.Declined, "105": gateway.Declined, "106": gateway.Declined, "107": gateway.Declined, "108": gateway.Declined, "109": gateway.Declined, "110": gateway.Declined,
	"145": gateway.Declined, "152": gateway.Declined, "165": gateway.IncorrectDetails,
	"170": gateway.Declined, "172": gateway.Declined, "174": gateway.Declined,
	"191": gateway.Declined, "200": gateway.IncorrectDetails, "201": gateway.Declined, "202": gateway.IncorrectDetails, "203": gateway.IncorrectDetails,
	"204": gateway.Declined, "205": gateway.Declined, "208": gateway.AccountClosed, "210": gateway.CardNotSupported, "211": gateway.IncorrectDetails,
	"212": gateway.CardNotSupported, "216": gateway.Declined, "218": gateway.Declined, "219": gateway.Declined, "220": gateway.Declined,
	"221": gateway.Declined, "222": gateway.Declined, "223": gateway.CardExpired, "224": gateway.Declined,
	"250": gateway.Declined, "251": gateway.Declined, "254": gateway.Declined,
}

// settings of the account that a person must put right; nothing was charged.
var misconfigured = map[string]bool{
	"13": true, "18": true, "24": true, "29": true, "30": true, "31": true, "34": true, "35": true, "38": true, "40": true, "43": true,
	"66": true, "67": true, "68": true, "69": true, "70": true, "71": true, "72": true, "73": true, "74": true, "75": true, "76": true,
	"82": true, "83": true, "84": true, "85": true, "86": true, "87": true, "88": true, "89": true, "90": true, "91": true, "92": true,
	"97": true, "98": true, "99": true, "102": true, "103": true, "116": true, "117": true, "118": true, "119": true, "123": true,
	"128": true, "243": true, "244": true, "245": true, "246": true, "247": true, "248": true, "270": true, "271": true,
}

// duplicate reports that a transaction like this one was made before, within the
// duplicate window: it is to be looked up and adopted.
func duplicate(reason string) bool { return reason == "11" || reason == "318" }

// uncertain reports an error after which the processor may have the money: the
// void of a transaction that ran out of time did not go through (121), or it is
// not known whether it did.
func uncertain(reason string) bool { return reason == "120" || reason == "121" || reason == "122" }

// notRefundable are the reasons that a credit is refused for: not settled or not
// found (54), more than is left (55), older than 180 days or not in this
// account.
var notRefundable = map[string]bool{"50": true, "51": true, "54": true, "55": true, "111": true, "310": true, "311": true, "312": true, "313": true}

// declineCode is our word for a response reason code.
func declineCode(reason string) gateway.Code {
	if code, ok := failures[reason]; ok {
		return code
	}
	return gateway.Declined
}

// returnCodes are the Nacha return codes in our words.
var returnCodes = map[string]gateway.Code{
	"R01": gateway.InsufficientFunds, "R09": gateway.InsufficientFunds,
	"R02": gateway.AccountClosed, "R16": gateway.AccountFrozen,
	"R03": gateway.NoAccount, "R04": gateway.NoAccount, "R13": gateway.NoAccount, "R20": gateway.NoAccount,
	"R05": gateway.DebitNotAuthorized, "R07": gateway.DebitNotAuthorized, "R08": gateway.DebitNotAuthorized,
	"R10": gateway.DebitNotAuthorized, "R11": gateway.DebitNotAuthorized, "R29": gateway.DebitNotAuthorized,
}

// returned is why a bank sent a debit back.
func returned(item returnedItem) *gateway.Failure {
	code, ok := returnCodes[item.Code]
	if !ok {
		code = gateway.Declined
	}
	f := gateway.NewFailure(gateway.ECheck, code, item.Code)
	f.Network = item.Code
	return f
}
