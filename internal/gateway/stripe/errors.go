package stripe

import (
	"errors"
	"fmt"
	"net/http"

	"customerportal/internal/gateway"

	stripego "github.com/stripe/stripe-go/v86"
)

// classify says what an error of the library means for the money. What is not
// known for certain is [gateway.Unknown].
func classify(op string, err error) error {
	if missing(err) {
		return fmt.Errorf("%s: %w", op, gateway.ErrNotFound)
	}
	e, ok := errors.AsType[*stripego.Error](err)
	if !ok {
		return &gateway.Error{Class: gateway.TransportClass(err), Op: op, Err: err}
	}
	out := &gateway.Error{Op: op, Code: string(e.Code), Detail: e.Msg}
	if out.Code == "" {
		out.Code = string(e.Type)
	}
	if e.RequestID != "" {
		out.Detail += " [" + e.RequestID + "]"
	}
	switch status := e.HTTPStatusCode; {
	case e.Type == stripego.ErrorTypeIdempotency, e.Code == stripego.ErrorCodeIdempotencyKeyInUse, status == http.StatusConflict:
		// The first request with the key decides, and it may have succeeded.
		out.Class = gateway.Unknown
	case status == http.StatusTooManyRequests:
		// Refused before execution, lock_timeout included
		// (https://docs.stripe.com/rate-limits).
		out.Class = gateway.NotSent
	case status >= 400 && status < 500:
		out.Class = gateway.Config
	default:
		out.Class = gateway.Unknown
	}
	return out
}

// missing reports that the object asked for does not exist.
func missing(err error) bool {
	e, ok := errors.AsType[*stripego.Error](err)
	return ok && (e.HTTPStatusCode == http.StatusNotFound || e.Code == stripego.ErrorCodeResourceMissing)
}

// refused reports a request that was understood and not carried out because of
// the state of the object it names.
func refused(err error) bool {
	e, ok := errors.AsType[*stripego.Error](err)
	return ok && e.HTTPStatusCode == http.StatusBadRequest && e.Type != stripego.ErrorTypeIdempotency
}

// codes are Stripe's decline codes and error codes in our words
// (https://docs.stripe.com/declines/codes, https://docs.stripe.com/error-codes,
// https://docs.stripe.com/declines/network-codes).
var codes = map[string]gateway.Code{
	"insufficient_funds":                 gateway.InsufficientFunds,
	"expired_card":                       gateway.CardExpired,
	"invalid_expiry_month":               gateway.IncorrectDetails,
	"invalid_expiry_year":                gateway.IncorrectDetails,
	"incorrect_cvc":                      gateway.IncorrectDetails,
	"invalid_cvc":                        gateway.IncorrectDetails,
	"incorrect_number":                   gateway.IncorrectDetails,
	"invalid_number":                     gateway.IncorrectDetails,
	"incorrect_zip":                      gateway.IncorrectDetails,
	"incorrect_address":                  gateway.IncorrectDetails,
	"postal_code_invalid":                gateway.IncorrectDetails,
	"lost_card":                          gateway.CardLost,
	"stolen_card":                        gateway.CardLost,
	"pickup_card":                        gateway.CardLost,
	"restricted_card":                    gateway.CardLost,
	"card_not_supported":                 gateway.CardNotSupported,
	"currency_not_supported":             gateway.CardNotSupported,
	"transaction_not_allowed":            gateway.CardNotSupported,
	"service_not_allowed":                gateway.CardNotSupported,
	"not_permitted":                      gateway.CardNotSupported,
	"invalid_card_type":                  gateway.CardNotSupported,
	"card_velocity_exceeded":             gateway.LimitExceeded,
	"withdrawal_count_limit_exceeded":    gateway.LimitExceeded,
	"charge_exceeds_source_limit":        gateway.LimitExceeded,
	"charge_exceeds_transaction_limit":   gateway.LimitExceeded,
	"card_decline_rate_limit_exceeded":   gateway.LimitExceeded,
	"authentication_required":            gateway.AuthenticationRequired,
	"authentication_not_handled":         gateway.AuthenticationFailed,
	"processing_error":                   gateway.ProcessorTrouble,
	"issuer_not_available":               gateway.ProcessorTrouble,
	"reenter_transaction":                gateway.ProcessorTrouble,
	"try_again_later":                    gateway.ProcessorTrouble,
	"bank_account_unusable":              gateway.AccountFrozen,
	"bank_account_restricted":            gateway.AccountFrozen,
	"bank_account_frozen":                gateway.AccountFrozen,
	"bank_account_closed":                gateway.AccountClosed,
	"account_closed":                     gateway.AccountClosed,
	"no_account":                         gateway.NoAccount,
	"bank_account_invalid_details":       gateway.NoAccount,
	"account_number_invalid":             gateway.NoAccount,
	"routing_number_invalid":             gateway.NoAccount,
	"invalid_account_number":             gateway.NoAccount,
	"incorrect_account_details":          gateway.NoAccount,
	"debit_not_authorized":               gateway.DebitNotAuthorized,
	"recipient_deceased":                 gateway.DebitNotAuthorized,
	"customer_initiated":                 gateway.DebitNotAuthorized,
	"payment_intent_mandate_invalid":     gateway.DebitNotAuthorized,
	"payment_method_customer_decline":    gateway.DebitNotAuthorized,
	"setup_intent_mandate_invalid":       gateway.DebitNotAuthorized,
	"bank_account_declined":              gateway.Declined,
	"payment_method_provider_decline":    gateway.Declined,
	"bank_cannot_process":                gateway.ProcessorTrouble,
	"could_not_process":                  gateway.ProcessorTrouble,
	"payment_method_provider_timeout":    gateway.ProcessorTrouble,
	"payment_method_microdeposit_failed": gateway.VerificationFailed,
	"bank_account_verification_failed":   gateway.VerificationFailed,
	"bank_account_unverified":            gateway.VerificationFailed,

	"payment_intent_authentication_failure":                             gateway.AuthenticationFailed,
	"setup_intent_authentication_failure":                               gateway.AuthenticationFailed,
	"payment_intent_payment_attempt_expired":                            gateway.AuthenticationFailed,
	"setup_intent_setup_attempt_expired":                                gateway.AuthenticationFailed,
	"payment_method_bank_account_blocked":                               gateway.DebitNotAuthorized,
	"payment_method_microdeposit_verification_attempts_exceeded":        gateway.VerificationFailed,
	"payment_method_microdeposit_verification_timeout":                  gateway.VerificationFailed,
	"payment_method_microdeposit_verification_amounts_mismatch":         gateway.VerificationFailed,
	"payment_method_microdeposit_verification_descriptor_code_mismatch": gateway.VerificationFailed,
}

// declineCode finds our word for the first code that has one, the most telling
// one first. Without any it is [gateway.Declined] and not known.
func declineCode(raw ...string) (code gateway.Code, known bool) {
	for _, r := range raw {
		if code, known = codes[r]; known {
			return code, true
		}
	}
	return gateway.Declined, false
}

// networkCodes are the Nacha return codes in our words. They are more telling
// than the decline code, which folds several of them together.
var networkCodes = map[string]gateway.Code{
	"R01": gateway.InsufficientFunds, "R09": gateway.InsufficientFunds,
	"R02": gateway.AccountClosed, "R16": gateway.AccountFrozen,
	"R03": gateway.NoAccount, "R04": gateway.NoAccount, "R13": gateway.NoAccount, "R20": gateway.NoAccount,
	"R05": gateway.DebitNotAuthorized, "R07": gateway.DebitNotAuthorized, "R08": gateway.DebitNotAuthorized,
	"R10": gateway.DebitNotAuthorized, "R11": gateway.DebitNotAuthorized, "R29": gateway.DebitNotAuthorized,
}

// rawCode is what the office sees: "card_declined/insufficient_funds".
func rawCode(e *stripego.Error) string {
	raw := string(e.Code)
	if raw == "" {
		raw = string(e.Type)
	}
	if e.DeclineCode != "" {
		raw += "/" + string(e.DeclineCode)
	}
	return raw
}
