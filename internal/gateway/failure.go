package gateway

// Code is why a payment failed or was sent back, in words that are the same for
// every processor. What is done about it (try again, give up, end the method) is
// decided elsewhere.
type Code string

// The reasons. Bank reasons name the Nacha return codes they stand for.
const (
	Declined               Code = "declined"                // no reason given, or none that may be told
	InsufficientFunds      Code = "insufficient_funds"      // card, or R01, R09
	CardExpired            Code = "card_expired"            //
	CardLost               Code = "card_lost"               // reported lost or stolen; the customer is told no more than "declined"
	CardNotSupported       Code = "card_not_supported"      // this kind of card or purchase
	LimitExceeded          Code = "limit_exceeded"          // the card's or the account's own limit
	IncorrectDetails       Code = "incorrect_details"       // number, expiry, security code or zip
	AuthenticationRequired Code = "authentication_required" // must be paid in person on the portal
	AuthenticationFailed   Code = "authentication_failed"   // 3-D Secure was refused or given up
	ProcessorTrouble       Code = "processor_trouble"       // the bank or processor had a fault; may be tried again
	AccountClosed          Code = "account_closed"          // R02
	AccountFrozen          Code = "account_frozen"          // R16
	NoAccount              Code = "no_account"              // R03, R04, R13, R20
	DebitNotAuthorized     Code = "debit_not_authorized"    // R05, R07, R08, R10, R11, R29
	VerificationFailed     Code = "verification_failed"     // micro-deposits were not confirmed
	MethodGone             Code = "method_gone"             // no longer on file at the processor
	NotRefundable          Code = "not_refundable"          // refunds: already sent back, disputed or too old
	HolderDispute          Code = "holder_dispute"          // the card holder disputes the charge
	AmountNotAccepted      Code = "amount_not_accepted"     // below or above what the processor takes, see [Info]
)

// Failure is why a payment, a set-up or a refund did not go through, or came
// back.
type Failure struct {
	Code Code
	Raw  string // the processor's own code, for the office
	// Network is the bank's or card network's own code when it is known, such as
	// the Nacha return code "R01".
	Network string
	// Message tells the customer in plain words what he can do. It never says
	// that a card was reported lost or stolen.
	Message string
}

// NewFailure returns the failure with the customer's message for its code.
func NewFailure(kind Kind, code Code, raw string) *Failure {
	return &Failure{Code: code, Raw: raw, Message: message(kind, code)}
}

// message is what the customer reads. Each sentence ends in something to do.
func message(kind Kind, code Code) string {
	if code == AmountNotAccepted {
		return "This amount cannot be paid online. Pay it together with another invoice, or call us."
	}
	if kind == ECheck {
		switch code {
		case InsufficientFunds:
			return "The bank returned this payment because there was not enough money in the account. Add money and pay again, or use another method."
		case AccountClosed:
			return "The bank says this account is closed. Use another bank account or a card."
		case AccountFrozen:
			return "The bank says this account is frozen. Use another bank account or a card, or call your bank."
		case NoAccount, IncorrectDetails:
			return "The bank could not find this account. Check the routing and account numbers, or use another method."
		case DebitNotAuthorized:
			return "The bank does not allow this payment from the account. Ask your bank, or use another method."
		case VerificationFailed:
			return "This bank account could not be verified. Add it again, or use another method."
		case MethodGone:
			return "This bank account is no longer on file. Choose another one or enter it again."
		case ProcessorTrouble:
			return "The bank could not process this payment. Nothing was taken. Try again in a few minutes, or use another method."
		default:
			return "The bank did not accept this payment. Use another bank account or a card, or call your bank."
		}
	}
	switch code {
	case InsufficientFunds:
		return "The card was declined because there is not enough money available. Use another card, or pay by eCheck."
	case LimitExceeded:
		return "The card was declined because its limit is reached. Use another card, pay by eCheck, or call the number on your card."
	case CardExpired:
		return "This card has expired. Use another card, or add the new one."
	case CardNotSupported:
		return "This card cannot be used for this payment. Use another card, or pay by eCheck."
	case IncorrectDetails:
		return "The card number, expiry date, security code or zip code is not right. Check them and try again."
	case AuthenticationRequired:
		return "Your bank wants you to confirm this payment yourself. Pay it here on the portal while you are signed in."
	case AuthenticationFailed:
		return "The payment was not confirmed with your bank. Try again and confirm it, or use another card."
	case ProcessorTrouble:
		return "Your bank could not process this payment. Nothing was charged. Try again in a few minutes, or use another card."
	case MethodGone:
		return "This card is no longer on file. Choose another one or enter it again."
	case NotRefundable:
		return "This payment cannot be sent back to the card or account it came from."
	case HolderDispute:
		return "This payment was disputed with your bank."
	default:
		return "The card was declined. Use another card, pay by eCheck, or call the number on your card to ask why."
	}
}
