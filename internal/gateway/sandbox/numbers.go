package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Behavior is what a test card or account does when it is charged.
type Behavior string

// The behaviors. A declining card is told by its decline code.
const (
	Pays               Behavior = "pays"
	DeclinesGeneric    Behavior = "generic_decline"
	DeclinesFunds      Behavior = "insufficient_funds"
	DeclinesExpired    Behavior = "expired_card"
	DeclinesLost       Behavior = "lost_card"
	DeclinesStolen     Behavior = "stolen_card"
	DeclinesCVC        Behavior = "incorrect_cvc"
	DeclinesProcessing Behavior = "processing_error"
	DeclinesVelocity   Behavior = "card_velocity_exceeded"
	DeclinesOnceOnFile Behavior = "on_file_then_declined" // can be put on file, then declines
	AsksUnlessSetUp    Behavior = "authenticate_unless_set_up"
	AsksAlways         Behavior = "authenticate_always"
	AsksThenDeclines   Behavior = "authenticate_then_declined"
	DisputedAtOnce     Behavior = "disputed"
	RefundFails        Behavior = "refund_fails"
	BankClosed         Behavior = "bank_account_closed"
	BankNoAccount      Behavior = "bank_account_invalid_details"
	BankNoFunds        Behavior = "bank_insufficient_funds"
	BankNotAuthorized  Behavior = "debit_not_authorized"
	BankDisputed       Behavior = "bank_disputed"
	BankNeverSettles   Behavior = "bank_never_settles"
)

// testNumber is one of Stripe's published test numbers
// (https://docs.stripe.com/testing and
// https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment#test-account-numbers).
type testNumber struct {
	Number   string
	Brand    string
	Behavior Behavior
	Says     string // on the sandbox's own pages
}

var cardNumbers = []testNumber{
	{"4242424242424242", "visa", Pays, "Visa, pays"},
	{"4000056655665556", "visa", Pays, "Visa debit, pays"},
	{"5555555555554444", "mastercard", Pays, "Mastercard, pays"},
	{"2223003122003222", "mastercard", Pays, "Mastercard, pays"},
	{"378282246310005", "amex", Pays, "American Express, pays"},
	{"6011111111111117", "discover", Pays, "Discover, pays"},
	{"3056930009020004", "diners", Pays, "Diners Club, pays"},
	{"3566002020360505", "jcb", Pays, "JCB, pays"},
	{"6200000000000005", "unionpay", Pays, "UnionPay, pays"},
	{"4000000000000002", "visa", DeclinesGeneric, "declined"},
	{"4000000000009995", "visa", DeclinesFunds, "not enough money"},
	{"4000000000000069", "visa", DeclinesExpired, "expired"},
	{"4000000000009987", "visa", DeclinesLost, "reported lost"},
	{"4000000000009979", "visa", DeclinesStolen, "reported stolen"},
	{"4000000000000127", "visa", DeclinesCVC, "wrong security code"},
	{"4000000000000119", "visa", DeclinesProcessing, "bank out of order"},
	{"4000000000006975", "visa", DeclinesVelocity, "limit reached"},
	{"4000000000000341", "visa", DeclinesOnceOnFile, "can be kept on file, then declines"},
	{"4000002500003155", "visa", AsksUnlessSetUp, "3-D Secure, not when auto pay is set up"},
	{"4000002760003184", "visa", AsksAlways, "3-D Secure every time"},
	{"4000008400001629", "visa", AsksThenDeclines, "3-D Secure, then declined"},
	{"4000000000000259", "visa", DisputedAtOnce, "pays, then is disputed"},
	{"4000000000005126", "visa", RefundFails, "pays, a refund fails"},
}

const (
	testRouting = "110000000"
	testBank    = "STRIPE TEST BANK"
)

var bankNumbers = []testNumber{
	{"000123456789", testBank, Pays, "pays"},
	{"000111111113", testBank, BankClosed, "account closed (R02)"},
	{"000111111116", testBank, BankNoAccount, "no such account (R03)"},
	{"000222222227", testBank, BankNoFunds, "not enough money (R01)"},
	{"000333333335", testBank, BankNotAuthorized, "debit not allowed (R29)"},
	{"000555555559", testBank, BankDisputed, "pays, then comes back (R10)"},
	{"000000000009", testBank, BankNeverSettles, "stays in processing"},
}

// shortcuts are Stripe's ready-made test methods by name, and for tests of what
// happens to a method on file some that Stripe refuses to put there.
var shortcuts = map[string]string{
	"pm_card_visa":                "4242424242424242",
	"pm_card_visa_debit":          "4000056655665556",
	"pm_card_mastercard":          "5555555555554444",
	"pm_card_amex":                "378282246310005",
	"pm_card_discover":            "6011111111111117",
	"pm_card_diners":              "3056930009020004",
	"pm_card_jcb":                 "3566002020360505",
	"pm_card_unionpay":            "6200000000000005",
	"pm_card_chargeDeclined":      "4000000000000002",
	"pm_card_visa_chargeDeclined": "4000000000000002",
	"pm_card_visa_chargeDeclinedInsufficientFunds":     "4000000000009995",
	"pm_card_chargeDeclinedInsufficientFunds":          "4000000000009995",
	"pm_card_chargeDeclinedExpiredCard":                "4000000000000069",
	"pm_card_visa_chargeDeclinedLostCard":              "4000000000009987",
	"pm_card_visa_chargeDeclinedStolenCard":            "4000000000009979",
	"pm_card_chargeDeclinedProcessingError":            "4000000000000119",
	"pm_card_visa_chargeDeclinedVelocityLimitExceeded": "4000000000006975",
	"pm_card_chargeCustomerFail":                       "4000000000000341",
	"pm_card_authenticationRequiredOnSetup":            "4000002500003155",
	"pm_card_authenticationRequired":                   "4000002760003184",
	"pm_card_createDispute":                            "4000000000000259",
	"pm_card_refundFail":                               "4000000000005126",
	"pm_usBankAccount":                                 "000123456789",
	"pm_usBankAccount_success":                         "000123456789",
	"pm_usBankAccount_accountClosed":                   "000111111113",
	"pm_usBankAccount_noAccount":                       "000111111116",
	"pm_usBankAccount_insufficientFunds":               "000222222227",
	"pm_usBankAccount_debitNotAuthorized":              "000333333335",
	"pm_usBankAccount_dispute":                         "000555555559",
	"pm_usBankAccount_processing":                      "000000000009",
}

func findNumber(list []testNumber, number string) (testNumber, bool) {
	for _, n := range list {
		if n.Number == number {
			return n, true
		}
	}
	return testNumber{}, false
}

// newMethod makes a method of a test number and forgets the number.
func (s *store) newMethod(kind string, n testNumber, now int64) *method {
	mac := hmac.New(sha256.New, s.account.Salt)
	mac.Write([]byte(kind + n.Number))
	return &method{
		ID: "pm_1" + token(12), Seq: s.next(), Created: now, Type: kind,
		Brand: n.Brand, Last4: n.Number[len(n.Number)-4:], Behavior: n.Behavior,
		Fingerprint: hex.EncodeToString(mac.Sum(nil)[:8]),
	}
}

// refusal is how a card is declined.
type refusal struct{ code, decline, message string }

func (b Behavior) declines() *refusal {
	switch b {
	case DeclinesGeneric, DeclinesOnceOnFile, AsksThenDeclines:
		return &refusal{"card_declined", "generic_decline", "Your card was declined."}
	case DeclinesFunds:
		return &refusal{"card_declined", "insufficient_funds", "Your card has insufficient funds."}
	case DeclinesLost, DeclinesStolen:
		return &refusal{"card_declined", string(b), "Your card was declined."}
	case DeclinesVelocity:
		return &refusal{"card_declined", string(b), "Your card was declined for making repeated attempts too frequently or exceeding its amount limit."}
	case DeclinesExpired:
		return &refusal{"expired_card", "expired_card", "Your card has expired."}
	case DeclinesCVC:
		return &refusal{"incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."}
	case DeclinesProcessing:
		return &refusal{"processing_error", "processing_error", "An error occurred while processing your card. Try again in a little bit."}
	}
	return nil
}

var needsAuthentication = &refusal{"authentication_required", "authentication_required", "Your card was declined. This transaction requires authentication."}

// bankReturn is a Nacha return in Stripe's words
// (https://docs.stripe.com/declines/network-codes).
type bankReturn struct{ network, code, reason, message string }

// bankReturns by Nacha code; reason is that of the dispute when the debit had
// succeeded before.
var bankReturns = map[string]bankReturn{
	"R01": {"R01", "insufficient_funds", "insufficient_funds", "The customer's account has insufficient funds to cover this payment."},
	"R02": {"R02", "bank_account_closed", "incorrect_account_details", "The customer's bank account has been closed."},
	"R03": {"R03", "bank_account_invalid_details", "incorrect_account_details", "The customer's bank account could not be located."},
	"R10": {"R10", "debit_not_authorized", "debit_not_authorized", "The customer has notified their bank that this payment was unauthorized."},
	"R16": {"R16", "bank_account_frozen", "bank_cannot_process", "The customer's bank account is frozen."},
	"R29": {"R29", "debit_not_authorized", "debit_not_authorized", "The customer's bank does not allow this debit."},
}

// returnsWith is the Nacha code a test account's debit comes back with before it
// settles; "" when it does not.
func (b Behavior) returnsWith() string {
	switch b {
	case BankClosed:
		return "R02"
	case BankNoAccount:
		return "R03"
	case BankNoFunds:
		return "R01"
	case BankNotAuthorized:
		return "R29"
	}
	return ""
}

// digits removes the blanks and dashes people type into numbers.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, s)
}
