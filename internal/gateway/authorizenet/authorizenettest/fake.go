// Package authorizenettest is a stand-in for Authorize.Net: its JSON API as an
// [http.RoundTripper] with books of its own, the customer at its hosted pages,
// settlement, returns and chargebacks, and faults to order. Requests are held to
// the order, the names and the lengths of AnetApiSchema.xsd.
//
// It was written from the published reference and schema, not from recordings of
// a real account. Where the reference says nothing it assumes the harder case.
package authorizenettest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"customerportal/internal/gateway"
	"customerportal/internal/money"
)

// The credentials of the account.
const (
	LoginID        = "5KP3u95bQpv"
	TransactionKey = "346HZ32z3fP4hTG2"
)

// SignatureKey signs the account's webhooks.
var SignatureKey = strings.Repeat("0123456789ABCDEF", 8)

// Numbers with a behavior of their own; all others are good.
const (
	GoodCard    = "4242424242424242"
	PoorCard    = "4000000000009995" // declined, no reason told
	LostCard    = "4000000000009987" // declined: pick the card up
	ExpiredCard = "4000000000000069" // error: the card has expired
	HeldCard    = "4000000000009235" // approved and held for review
	GoodAccount = "000123456789"
	HeldAccount = "000111111116" // an eCheck under review
	routing     = "110000000"
)

// Fake is one account. Its methods may be called concurrently.
type Fake struct {
	now func() time.Time

	mu       sync.Mutex
	faults   []Fault
	pending  sync.WaitGroup
	serial   uint64
	profiles map[string]*profile
	txs      []*transaction // in the order they were made
	batches  []*settlement
	tokens   map[string]*hosted
	requests map[string]int
}

// New returns an account without customers.
func New(now func() time.Time) *Fake {
	return &Fake{now: now, serial: 60_000_000_000, profiles: map[string]*profile{}, tokens: map[string]*hosted{}, requests: map[string]int{}}
}

type profile struct {
	id, number, name, email string
	methods                 []*instrument
}

type instrument struct {
	id      string // "" when it is not on file
	kind    gateway.Kind
	number  string
	expires string // YYYY-MM
}

func (i *instrument) masked() string { return "XXXX" + i.number[len(i.number)-4:] }

type transaction struct {
	id, ref             string
	kind                string // transactionTypeEnum
	status              string
	response, reason    string
	amount              money.Cents
	invoice, text, po   string
	customer            string
	profile             string
	with                *instrument
	at                  time.Time
	batch               *settlement
	returned            []returned
	failedBeforeSettled bool
}

type returned struct {
	id, code string
	at       time.Time
}

type settlement struct {
	id string
	at time.Time
}

type hosted struct {
	setup    bool
	customer string // profile, "" when nothing is to be kept
	request  *node
	settings map[string]string
	issued   time.Time
	used     bool
}

func (f *Fake) id() string {
	f.serial++
	return strconv.FormatUint(f.serial, 10)
}

func (f *Fake) find(id string) *transaction {
	for _, t := range f.txs {
		if t.id == id {
			return t
		}
	}
	return nil
}

// Requests is how often a method was called.
func (f *Fake) Requests(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests[method]
}

// RoundTrip answers a request as https://apitest.authorize.net does.
func (f *Fake) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if r.Header.Get(name) != "" {
			return nil, errors.New("authorizenettest: a POST with " + name + " would be sent twice by net/http")
		}
	}
	if r.GetBody != nil {
		return nil, errors.New("authorizenettest: a POST that can be rewound may be sent twice by net/http")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/xml/v1/request.api") || r.Header.Get("Content-Type") != "application/json" {
		return nil, fmt.Errorf("authorizenettest: %s %s", r.Method, r.URL)
	}
	method, request, problem := f.read(body)
	return f.faulty(r, method, func() []byte {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.requests[method]++
		if problem != nil {
			return answer(problem, request)
		}
		return answer(f.carryOut(method, request), request)
	})
}

// read checks a request against the schema.
func (f *Fake) read(body []byte) (method string, request *node, problem result) {
	root, err := parse(body)
	if err != nil || len(root.names) != 1 {
		return "", &node{}, refuse("E00003", fmt.Sprint("The request is not JSON: ", err))
	}
	method = root.names[0]
	request = root.fields[method]
	elements, ok := types[method]
	if !ok || !strings.HasSuffix(method, "Request") {
		return method, request, refuse("E00004", "The name of the requested API method is invalid.")
	}
	all := append([]element{need("merchantAuthentication", "merchantAuthenticationType"), may("refId", "string", 20)}, elements...)
	if err := checkFields(method, request, all); err != nil {
		return method, request, refuse("E00003", err.Error())
	}
	if request.at("merchantAuthentication", "name").text() != LoginID || request.at("merchantAuthentication", "transactionKey").text() != TransactionKey {
		return method, request, refuse("E00007", "User authentication failed due to invalid authentication values.")
	}
	return method, request, nil
}

// result is an answer.
type result map[string]any

func refuse(code, text string) result {
	return result{"messages": map[string]any{"resultCode": "Error", "message": []any{map[string]any{"code": code, "text": text}}}}
}

func good(r result) result {
	if r == nil {
		r = result{}
	}
	r["messages"] = map[string]any{"resultCode": "Ok", "message": []any{map[string]any{"code": "I00001", "text": "Successful."}}}
	return r
}

func answer(r result, request *node) []byte {
	if ref := request.at("refId").text(); ref != "" {
		r["refId"] = ref
	}
	body, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	return append([]byte("\xef\xbb\xbf"), body...)
}

func (f *Fake) carryOut(method string, q *node) result {
	switch method {
	case "authenticateTestRequest":
		return good(nil)
	case "createCustomerProfileRequest":
		return f.createProfile(q.at("profile"))
	case "updateCustomerProfileRequest":
		return f.updateProfile(q.at("profile"))
	case "getCustomerProfileRequest":
		return f.getProfile(q)
	case "deleteCustomerPaymentProfileRequest":
		return f.deleteMethod(q)
	case "getHostedPaymentPageRequest":
		return f.paymentToken(q)
	case "getHostedProfilePageRequest":
		return f.setupToken(q)
	case "createTransactionRequest":
		return f.transact(q.at("transactionRequest"))
	case "getTransactionDetailsRequest":
		t := f.find(q.at("transId").text())
		if t == nil {
			return refuse("E00040", "The record cannot be found.")
		}
		return good(result{"transaction": f.details(t)})
	case "getUnsettledTransactionListRequest":
		return f.list(q, func(t *transaction) bool { return t.batch == nil })
	case "getTransactionListRequest":
		return f.list(q, func(t *transaction) bool { return t.batch != nil && t.batch.id == q.at("batchId").text() })
	case "getTransactionListForCustomerRequest":
		return f.list(q, func(t *transaction) bool { return t.profile == q.at("customerProfileId").text() })
	case "getSettledBatchListRequest":
		return f.settledBatches(q)
	}
	return refuse("E00004", "The name of the requested API method is invalid.")
}

func (f *Fake) createProfile(q *node) result {
	p := &profile{number: q.at("merchantCustomerId").text(), name: q.at("description").text(), email: q.at("email").text()}
	if p.number == "" && p.name == "" && p.email == "" {
		return refuse("E00041", "One or more fields in the profile must contain a value.")
	}
	if p.email != "" && !strings.Contains(p.email, "@") {
		return refuse("E00013", "The field 'email' is invalid.")
	}
	for _, have := range f.profiles {
		if have.number == p.number && have.name == p.name && have.email == p.email {
			return refuse("E00039", "A duplicate record with ID "+have.id+" already exists.")
		}
	}
	p.id = f.id()
	f.profiles[p.id] = p
	return good(result{"customerProfileId": p.id, "customerPaymentProfileIdList": []string{}})
}

func (f *Fake) updateProfile(q *node) result {
	p := f.profiles[q.at("customerProfileId").text()]
	if p == nil {
		return refuse("E00040", "The record cannot be found.")
	}
	if email := q.at("email").text(); email != "" && !strings.Contains(email, "@") {
		return refuse("E00013", "The field 'email' is invalid.")
	}
	p.number, p.name, p.email = q.at("merchantCustomerId").text(), q.at("description").text(), q.at("email").text()
	return good(nil)
}

func (f *Fake) getProfile(q *node) result {
	p := f.profiles[q.at("customerProfileId").text()]
	if p == nil {
		return refuse("E00040", "The record cannot be found.")
	}
	var methods []any
	for _, m := range p.methods {
		methods = append(methods, map[string]any{"customerPaymentProfileId": m.id, "payment": masked(m, q.at("unmaskExpirationDate").text() == "true")})
	}
	return good(result{"profile": map[string]any{"customerProfileId": p.id, "merchantCustomerId": p.number, "description": p.name, "email": p.email, "paymentProfiles": methods}})
}

func masked(m *instrument, unmask bool) map[string]any {
	if m.kind == gateway.ECheck {
		return map[string]any{"bankAccount": map[string]any{"accountType": "checking", "routingNumber": "XXXX0000", "accountNumber": m.masked(),
			"nameOnAccount": "Zoe O'Brien", "echeckType": "WEB", "bankName": "First Bank"}}
	}
	expires := "XXXX"
	if unmask {
		expires = m.expires
	}
	return map[string]any{"creditCard": map[string]any{"cardNumber": m.masked(), "expirationDate": expires, "cardType": "Visa"}}
}

func (f *Fake) deleteMethod(q *node) result {
	p := f.profiles[q.at("customerProfileId").text()]
	id := q.at("customerPaymentProfileId").text()
	if p == nil || !slices.ContainsFunc(p.methods, func(m *instrument) bool { return m.id == id }) {
		return refuse("E00040", "The record cannot be found.")
	}
	p.methods = slices.DeleteFunc(p.methods, func(m *instrument) bool { return m.id == id })
	return good(nil)
}

// transact carries out a charge, a void or a refund.
func (f *Fake) transact(q *node) result {
	amount, ok := cents(q.at("amount").text())
	switch kind := q.at("transactionType").text(); kind {
	case "authCaptureTransaction":
		p := f.profiles[q.at("profile", "customerProfileId").text()]
		id := q.at("profile", "paymentProfile", "paymentProfileId").text()
		if p == nil {
			return refuse("E00040", "Customer Profile ID or Customer Payment Profile ID not found.")
		}
		i := slices.IndexFunc(p.methods, func(m *instrument) bool { return m.id == id })
		if i < 0 {
			return refuse("E00040", "Customer Profile ID or Customer Payment Profile ID not found.")
		}
		if !ok || amount <= 0 {
			return outcome(&transaction{response: "3", reason: "5", with: p.methods[i]})
		}
		return outcome(f.charge(q, amount, p.methods[i], p.id))
	case "voidTransaction":
		t := f.find(q.at("refTransId").text())
		switch {
		case t == nil:
			return outcome(&transaction{response: "3", reason: "16"})
		case t.batch != nil || t.response != "1" && t.response != "4" || t.status == "voided":
			return outcome(&transaction{response: "3", reason: "310", with: t.with})
		}
		t.status = "voided"
		return outcome(&transaction{id: t.id, response: "1", reason: "1", with: t.with})
	case "refundTransaction":
		return f.refund(q, amount, ok)
	default:
		return refuse("E00003", "transactionType "+kind)
	}
}

// charge makes a transaction, unless it is a duplicate.
func (f *Fake) charge(q *node, amount money.Cents, with *instrument, profileID string) *transaction {
	t := &transaction{kind: "authCaptureTransaction", amount: amount, with: with, profile: profileID, at: f.now(),
		invoice: q.at("order", "invoiceNumber").text(), text: q.at("order", "description").text(), po: q.at("poNumber").text(), customer: q.at("customer", "id").text()}
	if p := f.profiles[profileID]; p != nil {
		t.customer = p.number
	}
	window := 2 * time.Minute
	for _, s := range q.at("transactionSettings", "setting").items {
		if seconds, err := strconv.Atoi(s.at("settingValue").text()); err == nil && s.at("settingName").text() == "duplicateWindow" && seconds <= 28800 {
			window = time.Duration(seconds) * time.Second
		}
	}
	if f.repeats(t, window) {
		return &transaction{response: "3", reason: "11", with: with}
	}
	t.id, t.response, t.reason, t.status = f.id(), "1", "1", "capturedPendingSettlement"
	switch with.number {
	case PoorCard:
		t.response, t.reason, t.status = "2", "2", "declined"
	case LostCard:
		t.response, t.reason, t.status = "2", "4", "declined"
	case ExpiredCard:
		t.response, t.reason, t.status = "3", "8", "generalError"
	case HeldCard:
		t.response, t.reason, t.status = "4", "252", "FDSAuthorizedPendingReview"
	case HeldAccount:
		t.response, t.reason, t.status = "4", "193", "underReview"
	}
	f.txs = append(f.txs, t)
	return t
}

// repeats reports a transaction like this one within the window.
func (f *Fake) repeats(t *transaction, window time.Duration) bool {
	return slices.ContainsFunc(f.txs, func(have *transaction) bool {
		return have.kind == t.kind && have.amount == t.amount && have.with != nil && have.with.number == t.with.number && have.invoice == t.invoice &&
			have.po == t.po && (have.response == "1" || have.response == "4") && t.at.Sub(have.at) < window
	})
}

func (f *Fake) refund(q *node, amount money.Cents, ok bool) result {
	paid := f.find(q.at("refTransId").text())
	refused := func(reason string) result { return outcome(&transaction{response: "3", reason: reason}) }
	switch {
	case paid == nil:
		return refused("16")
	case !ok || amount <= 0:
		return refused("5")
	case paid.batch == nil || paid.status != "settledSuccessfully":
		return refused("54")
	}
	number := q.at("payment", "creditCard", "cardNumber").text() + q.at("payment", "bankAccount", "accountNumber").text()
	if number == "" || !strings.HasSuffix(paid.with.number, strings.TrimPrefix(number, "XXXX")) {
		return refused("54")
	}
	t := &transaction{kind: "refundTransaction", ref: paid.id, amount: amount, with: paid.with, at: f.now(), invoice: q.at("order", "invoiceNumber").text(),
		text: q.at("order", "description").text(), response: "1", reason: "1", status: "refundPendingSettlement"}
	if f.repeats(t, 8*time.Hour) {
		return refused("11")
	}
	left := paid.amount
	for _, have := range f.txs {
		if have.kind == t.kind && have.ref == paid.id {
			left -= have.amount
		}
	}
	if amount > left {
		return refused("55")
	}
	t.id = f.id()
	f.txs = append(f.txs, t)
	return outcome(t)
}

// reasons are the texts of the response reason codes.
var reasons = map[string]string{
	"2": "This transaction has been declined.", "4": "This transaction has been declined.", "5": "A valid amount is required.",
	"8": "The credit card has expired.", "11": "A duplicate transaction has been submitted.", "16": "The transaction cannot be found.",
	"54": "The referenced transaction does not meet the criteria for issuing a credit.", "55": "The sum of credits against the referenced transaction would exceed original debit amount.",
	"310": "This transaction has already been voided.",
}

// outcome is createTransactionResponse.
func outcome(t *transaction) result {
	r := map[string]any{"responseCode": t.response, "authCode": "", "avsResultCode": "P", "transId": t.id, "refTransID": t.ref, "testRequest": "0", "accountNumber": "", "accountType": ""}
	if t.id == "" {
		r["transId"] = "0"
	}
	if t.with != nil {
		r["accountNumber"], r["accountType"] = t.with.masked(), accountType(t.with)
	}
	out := result{"transactionResponse": r}
	if t.response == "1" || t.response == "4" {
		r["messages"] = []any{map[string]any{"code": t.reason, "description": "This transaction has been approved."}}
		return good(out)
	}
	r["errors"] = []any{map[string]any{"errorCode": t.reason, "errorText": reasons[t.reason]}}
	maps.Copy(out, refuse("E00027", "The transaction was unsuccessful."))
	return out
}

func accountType(m *instrument) string {
	if m.kind == gateway.ECheck {
		return "eCheck"
	}
	return "Visa"
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999Z") }

func number(c money.Cents) json.Number { return json.Number(c.Plain()) }

func (f *Fake) details(t *transaction) map[string]any {
	response, _ := strconv.Atoi(t.response)
	reason, _ := strconv.Atoi(t.reason)
	d := map[string]any{"transId": t.id, "submitTimeUTC": stamp(t.at), "submitTimeLocal": stamp(t.at), "transactionType": t.kind, "transactionStatus": t.status,
		"responseCode": response, "responseReasonCode": reason, "responseReasonDescription": reasons[t.reason], "authAmount": number(t.amount), "settleAmount": number(t.amount),
		"payment": masked(t.with, false)}
	if t.ref != "" {
		d["refTransId"] = t.ref
	}
	order := map[string]any{}
	for name, value := range map[string]string{"invoiceNumber": t.invoice, "description": t.text, "purchaseOrderNumber": t.po} {
		if value != "" {
			order[name] = value
		}
	}
	if len(order) > 0 {
		d["order"] = order
	}
	if t.customer != "" {
		d["customer"] = map[string]any{"id": t.customer}
	}
	if t.profile != "" && t.with.id != "" {
		d["profile"] = map[string]any{"customerProfileId": t.profile, "customerPaymentProfileId": t.with.id}
	}
	if t.batch != nil {
		d["batch"] = map[string]any{"batchId": t.batch.id, "settlementTimeUTC": stamp(t.batch.at), "settlementState": "settledSuccessfully"}
	}
	if len(t.returned) > 0 {
		var items []any
		for _, r := range t.returned {
			items = append(items, map[string]any{"id": r.id, "dateUTC": stamp(r.at), "dateLocal": stamp(r.at), "code": r.code, "description": "returned"})
		}
		d["returnedItems"] = items
	}
	return d
}

// list answers with a page of the transactions that match.
func (f *Fake) list(q *node, match func(*transaction) bool) result {
	limit, err1 := strconv.Atoi(q.at("paging", "limit").text())
	page, err2 := strconv.Atoi(q.at("paging", "offset").text())
	if err1 != nil || err2 != nil || limit < 1 || limit > 1000 || page < 1 {
		return refuse("E00013", "The field 'paging' is invalid.")
	}
	var all []*transaction
	for _, t := range slices.Backward(f.txs) {
		if match(t) {
			all = append(all, t)
		}
	}
	from := min((page-1)*limit, len(all))
	var items []any
	for _, t := range all[from:min(from+limit, len(all))] {
		item := map[string]any{"transId": t.id, "submitTimeUTC": stamp(t.at), "submitTimeLocal": stamp(t.at), "transactionStatus": t.status,
			"accountType": accountType(t.with), "accountNumber": t.with.masked(), "settleAmount": number(t.amount), "hasReturnedItems": len(t.returned) > 0}
		if t.invoice != "" {
			item["invoiceNumber"] = t.invoice
		}
		items = append(items, item)
	}
	if len(items) == 0 {
		r := good(nil)
		r["messages"].(map[string]any)["message"] = []any{map[string]any{"code": "I00004", "text": "No records found."}}
		return r
	}
	return good(result{"transactions": items, "totalNumInResultSet": len(all)})
}

func (f *Fake) settledBatches(q *node) result {
	first, err1 := time.Parse(time.RFC3339, q.at("firstSettlementDate").text())
	last, err2 := time.Parse(time.RFC3339, q.at("lastSettlementDate").text())
	if err1 != nil || err2 != nil || last.Sub(first) > 31*24*time.Hour || last.Before(first) {
		return refuse("E00013", "The date range is invalid.")
	}
	var items []any
	for _, b := range slices.Backward(f.batches) {
		if b.at.Before(first) || b.at.After(last) {
			continue
		}
		refunds := 0
		for _, t := range f.txs {
			if t.batch == b && t.kind == "refundTransaction" {
				refunds++
			}
		}
		items = append(items, map[string]any{"batchId": b.id, "settlementTimeUTC": stamp(b.at), "settlementState": "settledSuccessfully",
			"statistics": []any{map[string]any{"accountType": "Visa", "refundCount": refunds}}})
	}
	return good(result{"batchList": items})
}

// cents reads an amount of a request.
func cents(s string) (money.Cents, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole+(fraction + "00")[:2], 10, 64)
	return money.Cents(n), err == nil && len(fraction) <= 2
}

// Attach puts a card or an account on a customer's file and returns the id of
// its payment profile.
func (f *Fake) Attach(customerID string, kind gateway.Kind, number string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.profiles[customerID]
	if p == nil {
		return "", fmt.Errorf("authorizenettest: no customer %q", customerID)
	}
	m := &instrument{id: f.id(), kind: kind, number: number, expires: "2030-12"}
	p.methods = append(p.methods, m)
	return m.id, nil
}

// Settle puts transactions that wait for it into a batch that is settled now.
func (f *Fake) Settle(ids ...string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := &settlement{id: f.id(), at: f.now()}
	for _, id := range ids {
		t := f.find(id)
		if t == nil || t.batch != nil {
			return fmt.Errorf("authorizenettest: transaction %q does not wait for settlement", id)
		}
		switch t.status {
		case "capturedPendingSettlement":
			t.status = "settledSuccessfully"
		case "refundPendingSettlement":
			t.status = "refundSettledSuccessfully"
		}
		t.batch = b
	}
	f.batches = append(f.batches, b)
	return nil
}

// SettleAll is the daily cut-off: all that was captured, declined or voided
// settles, in one batch.
func (f *Fake) SettleAll() {
	f.mu.Lock()
	var ids []string
	for _, t := range f.txs {
		if t.batch == nil && t.status != "underReview" && t.status != "FDSAuthorizedPendingReview" && !t.failedBeforeSettled {
			ids = append(ids, t.id)
		}
	}
	f.mu.Unlock()
	_ = f.Settle(ids...) // each of them waits
}

// Review decides about a transaction that is held for review.
func (f *Fake) Review(id string, approve bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.find(id)
	if t == nil || t.status != "underReview" && t.status != "FDSAuthorizedPendingReview" {
		return fmt.Errorf("authorizenettest: transaction %q is not held", id)
	}
	if t.status = "voided"; approve {
		t.status = "capturedPendingSettlement"
	}
	return nil
}

// Void is the dealer's, on Authorize.Net's own site.
func (f *Fake) Void(id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.find(id)
	if t == nil || t.batch != nil {
		return fmt.Errorf("authorizenettest: transaction %q cannot be voided", id)
	}
	t.status = "voided"
	return nil
}

// Return is the bank's: before the debit has settled it fails.
func (f *Fake) Return(id, code string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.find(id)
	if t == nil || t.with.kind != gateway.ECheck {
		return fmt.Errorf("authorizenettest: transaction %q is no eCheck", id)
	}
	t.failedBeforeSettled = t.batch == nil
	f.sendBack(t, "returnedItem", code)
	return nil
}

// sendBack makes the transaction of a return or chargeback, in a batch of its
// own.
func (f *Fake) sendBack(t *transaction, status, code string) {
	b := &settlement{id: f.id(), at: f.now()}
	f.batches = append(f.batches, b)
	item := &transaction{id: f.id(), ref: t.id, kind: t.kind, status: status, response: "1", reason: "1", amount: t.amount, invoice: t.invoice, with: t.with, at: f.now(), batch: b}
	f.txs = append(f.txs, item)
	t.returned = append(t.returned, returned{item.id, code, f.now()})
}

// Chargeback is the card's bank's; reversed when the dealer wins.
func (f *Fake) Chargeback(id string, reversed bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.find(id)
	if t == nil || t.with.kind != gateway.Card {
		return fmt.Errorf("authorizenettest: transaction %q is no card's", id)
	}
	if t.batch == nil {
		b := &settlement{id: f.id(), at: f.now()}
		f.batches = append(f.batches, b)
		t.batch, t.status = b, "settledSuccessfully"
	}
	status := "chargeback"
	if reversed {
		status = "chargebackReversal"
	}
	f.sendBack(t, status, "")
	return nil
}

// Taken is what was charged for a reference and not voided, and in how many
// transactions; for "" all of them.
func (f *Fake) Taken(reference string) (sum money.Cents, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.txs {
		charged := t.kind == "authCaptureTransaction" && t.ref == "" && t.response == "1" && t.status != "voided" && !t.failedBeforeSettled
		if charged && (reference == "" || t.invoice == reference) {
			sum += t.amount
			n++
		}
	}
	return sum, n
}

// Force charges a customer's method behind the adapter's back, as another
// program with the account's keys could.
func (f *Fake) Force(reference, customerID, profileID string, amount money.Cents) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.profiles[customerID]
	if p == nil {
		return "", fmt.Errorf("authorizenettest: no customer %q", customerID)
	}
	for _, m := range p.methods {
		if m.id == profileID {
			q := &node{fields: map[string]*node{"order": {fields: map[string]*node{"invoiceNumber": {scalar: reference}}}}}
			return f.charge(q, amount, m, customerID).id, nil
		}
	}
	return "", fmt.Errorf("authorizenettest: no method %q", profileID)
}

func respond(r *http.Request, status int, contentType string, body io.Reader) *http.Response {
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {contentType}},
		Body: io.NopCloser(body), Request: r}
}

func respondJSON(r *http.Request, body []byte) *http.Response {
	return respond(r, http.StatusOK, "application/json; charset=utf-8", bytes.NewReader(body))
}
