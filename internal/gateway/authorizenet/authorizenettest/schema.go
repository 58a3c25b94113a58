package authorizenettest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"
)

// element is one element of a type of AnetApiSchema.xsd, in its place.
type element struct {
	name string
	of   string // a type below, or one of the simple ones
	must bool
	max  int // characters, 0 for no bound
}

func need(name, of string, bound ...int) element {
	return element{name, of, true, append(bound, 0)[0]}
}
func may(name, of string, bound ...int) element {
	return element{name, of, false, append(bound, 0)[0]}
}

// The schema's types: of each request all that the adapter may send, with the
// elements in between that it does not. Sources: AnetApiSchema.xsd as published
// with Authorize.Net's own libraries (github.com/AuthorizeNet/sdk-python,
// script/AnetApiSchema.xsd) and, for what is newer than it, the API reference.
var types = map[string][]element{
	"authenticateTestRequest":      {},
	"createCustomerProfileRequest": {need("profile", "customerProfileType"), may("validationMode", "string")},
	"updateCustomerProfileRequest": {need("profile", "customerProfileExType")},
	"getCustomerProfileRequest": {may("customerProfileId", "numericString"), may("merchantCustomerId", "string", 20), may("email", "string", 255),
		may("unmaskExpirationDate", "boolean"), may("includeIssuerInfo", "boolean")},
	"deleteCustomerPaymentProfileRequest": {need("customerProfileId", "numericString"), need("customerPaymentProfileId", "numericString")},
	"getHostedProfilePageRequest":         {need("customerProfileId", "numericString"), may("hostedProfileSettings", "ArrayOfSetting")},
	"getHostedPaymentPageRequest":         {need("transactionRequest", "transactionRequestType"), may("hostedPaymentSettings", "ArrayOfSetting")},
	"createTransactionRequest":            {need("transactionRequest", "transactionRequestType")},
	"getTransactionDetailsRequest":        {need("transId", "numericString")},
	"getUnsettledTransactionListRequest":  {may("status", "string"), may("sorting", "TransactionListSorting"), may("paging", "Paging")},
	"getTransactionListRequest":           {may("batchId", "numericString"), may("sorting", "TransactionListSorting"), may("paging", "Paging")},
	"getTransactionListForCustomerRequest": {need("customerProfileId", "numericString"), may("customerPaymentProfileId", "numericString"),
		may("sorting", "TransactionListSorting"), may("paging", "Paging")},
	"getSettledBatchListRequest": {may("includeStatistics", "boolean"), may("firstSettlementDate", "dateTime"), may("lastSettlementDate", "dateTime")},

	"merchantAuthenticationType": {may("name", "string", 25), need("transactionKey", "string", 16)},
	"customerProfileType":        {may("merchantCustomerId", "string", 20), may("description", "string", 255), may("email", "string", 255), may("paymentProfiles", "none"), may("shipToList", "none")},
	"customerProfileExType":      {may("merchantCustomerId", "string", 20), may("description", "string", 255), may("email", "string", 255), may("customerProfileId", "numericString")},
	"ArrayOfSetting":             {may("setting", "[]settingType")},
	"settingType":                {may("settingName", "string"), may("settingValue", "string")},
	"transactionRequestType": {need("transactionType", "string"), may("amount", "decimal"), may("currencyCode", "string"), may("payment", "paymentType"),
		may("profile", "customerProfilePaymentType"), may("solution", "none"), may("callId", "string"), may("terminalNumber", "string"), may("authCode", "string"),
		may("refTransId", "string"), may("splitTenderId", "string"), may("order", "orderType"), may("lineItems", "none"), may("tax", "none"), may("duty", "none"),
		may("shipping", "none"), may("taxExempt", "boolean"), may("poNumber", "string", 25), may("customer", "customerDataType"), may("billTo", "none"),
		may("shipTo", "none"), may("customerIP", "string"), may("cardholderAuthentication", "none"), may("retail", "none"), may("employeeId", "string"),
		may("transactionSettings", "ArrayOfSetting"), may("userFields", "none"), may("surcharge", "none"), may("merchantDescriptor", "string"),
		may("subMerchant", "none"), may("tip", "none"), may("processingOptions", "processingOptions"), may("subsequentAuthInformation", "none")},
	"paymentType":                {may("creditCard", "creditCardType"), may("bankAccount", "bankAccountType")},
	"creditCardType":             {need("cardNumber", "string", 16), need("expirationDate", "string", 7), may("cardCode", "string", 4)},
	"bankAccountType":            {may("accountType", "string"), need("routingNumber", "string", 9), need("accountNumber", "string", 17), need("nameOnAccount", "string", 22), may("echeckType", "string"), may("bankName", "string", 50)},
	"customerProfilePaymentType": {may("createProfile", "boolean"), may("customerProfileId", "numericString"), may("paymentProfile", "paymentProfile"), may("shippingProfileId", "numericString")},
	"paymentProfile":             {need("paymentProfileId", "numericString"), may("cardCode", "string", 4)},
	"orderType":                  {may("invoiceNumber", "string", 20), may("description", "string", 255)},
	"customerDataType":           {may("type", "string"), may("id", "string", 20), may("email", "string", 255)},
	"processingOptions":          {may("isFirstRecurringPayment", "boolean"), may("isFirstSubsequentAuth", "boolean"), may("isSubsequentAuth", "boolean"), may("isStoredCredentials", "boolean")},
	"TransactionListSorting":     {need("orderBy", "string"), need("orderDescending", "boolean")},
	"Paging":                     {need("limit", "int"), need("offset", "int")},
}

// node is a JSON value that remembers the order of its fields.
type node struct {
	names  []string
	fields map[string]*node
	items  []*node
	scalar any // string, json.Number, bool; nil for null
	shape  byte
}

// at follows names down; an absent one is an empty node.
func (n *node) at(names ...string) *node {
	for _, name := range names {
		next := n.fields[name]
		if next == nil {
			return &node{}
		}
		n = next
	}
	return n
}

func (n *node) text() string {
	switch v := n.scalar.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func parse(body []byte) (*node, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	n, err := read(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one value")
	}
	return n, nil
}

func read(d *json.Decoder) (*node, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		n := &node{fields: map[string]*node{}, shape: '{'}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			value, err := read(d)
			if err != nil {
				return nil, err
			}
			n.names = append(n.names, name.(string))
			n.fields[name.(string)] = value
		}
		_, err := d.Token()
		return n, err
	case json.Delim('['):
		n := &node{shape: '['}
		for d.More() {
			item, err := read(d)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
		_, err := d.Token()
		return n, err
	}
	return &node{scalar: t}, nil
}

var simple = map[string]*regexp.Regexp{
	"string":        regexp.MustCompile(`(?s)^.*$`),
	"numericString": regexp.MustCompile(`^[0-9]+$`),
	"boolean":       regexp.MustCompile(`^(true|false|1|0)$`),
	"decimal":       regexp.MustCompile(`^[0-9]+(\.[0-9]{1,4})?$`),
	"int":           regexp.MustCompile(`^[0-9]{1,6}$`),
	"dateTime":      regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?$`),
}

// check compares a value with a type, as the XML validation behind the JSON does.
func check(path string, n *node, of string) error {
	if form, ok := simple[of]; ok {
		if n.shape != 0 || !form.MatchString(n.text()) {
			return fmt.Errorf("the element '%s' is invalid: the value '%s' is invalid according to its datatype '%s'", path, n.text(), of)
		}
		return nil
	}
	if len(of) > 2 && of[:2] == "[]" {
		if n.shape != '[' {
			return fmt.Errorf("the element '%s' is not a list", path)
		}
		for _, item := range n.items {
			if err := check(path, item, of[2:]); err != nil {
				return err
			}
		}
		return nil
	}
	elements, ok := types[of]
	if !ok || n.shape != '{' {
		return fmt.Errorf("the element '%s' cannot be used here", path)
	}
	return checkFields(path, n, elements)
}

func checkFields(path string, n *node, elements []element) error {
	next := 0
	for _, name := range n.names {
		i := slices.IndexFunc(elements, func(e element) bool { return e.name == name })
		if i < 0 {
			return fmt.Errorf("the element '%s' has invalid child element '%s'", path, name)
		}
		if i < next {
			return fmt.Errorf("the element '%s' has invalid child element '%s': it stands too late", path, name)
		}
		next = i + 1
		e := elements[i]
		value := n.fields[name]
		if e.max > 0 && utf8.RuneCountInString(value.text()) > e.max {
			return fmt.Errorf("the '%s' element is invalid: the actual length is greater than the MaxLength value %d", name, e.max)
		}
		if err := check(name, value, e.of); err != nil {
			return err
		}
	}
	for _, e := range elements {
		if e.must && n.fields[e.name] == nil {
			return fmt.Errorf("the element '%s' has incomplete content: '%s' is missing", path, e.name)
		}
	}
	return nil
}
