package autopay

import (
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
)

// remedy is what is done about a failed attempt.
type remedy int

const (
	// later: the same method is tried again on days 1, 4 and 8; a bank account at
	// most twice.
	later remedy = iota
	// soon: the request did not reach the processor, nobody refused anything.
	soon
	// person: nothing is tried again this month; the customer has to do something.
	person
	// never: the method is not charged again until it is replaced.
	never
	// endMethod: the payment engine takes the method off the file, and with it
	// the consent that draws on it.
	endMethod
	// endConsent: the payment engine ends the consent.
	endConsent
)

// remedies say what follows each reason.
//
// Cards: Visa sorts declines into those that an issuer will never approve, such
// as a lost or stolen card or a transaction that is not permitted to the holder,
// which must not be tried again at all; those that need other data first, such
// as a wrong number or expiry date; and those that may be tried again, at most 15
// times in 30 days (Visa Core Rules, 7.3.6, "Decline Response Categories");
// Mastercard's merchant advice codes 03 and 21 forbid another attempt likewise.
// Three more attempts within eight days stay well inside both.
//
// Bank debits: an entry returned as R01 or R09 may be reinitiated at most twice
// within 180 days of its settlement (Nacha Operating Rules, Subsection 2.13.4,
// "Reinitiation of Returned Entries"). R02, R03, R04, R13 and R20 say that there
// is no such account to debit; R05, R07, R08, R10, R11 and R29 that the customer
// or the account's owner does not, or no longer, authorize the debit (Appendix
// Four, "Return Entries"), and an entry returned so is never reinitiated.
var remedies = map[gateway.Code]remedy{
	gateway.Declined:               later,
	gateway.InsufficientFunds:      later, // R01, R09
	gateway.LimitExceeded:          later,
	gateway.ProcessorTrouble:       later,
	gateway.CardExpired:            person,
	gateway.IncorrectDetails:       person,
	gateway.AuthenticationRequired: person,
	gateway.AuthenticationFailed:   person,
	gateway.AmountNotAccepted:      person,
	gateway.HolderDispute:          person,
	gateway.NotRefundable:          person,
	gateway.CardLost:               never,
	gateway.CardNotSupported:       never,
	gateway.AccountFrozen:          never, // R16
	gateway.VerificationFailed:     never,
	gateway.AccountClosed:          endMethod,  // R02
	gateway.NoAccount:              endMethod,  // R03, R04, R13, R20
	gateway.MethodGone:             endMethod,  //
	gateway.DebitNotAuthorized:     endConsent, // R05, R07, R08, R10, R11, R29

	// the payment engine's own
	"not_sent":    soon,
	"interrupted": soon,
}

// afterFailure is what follows a reason. One that is not known is left to people.
func afterFailure(code gateway.Code) remedy {
	if r, known := remedies[code]; known {
		return r
	}
	return person
}

// ladder are the days after the first refusal on which is tried again.
var ladder = []int{1, 4, 8}

// bankTries is how often a returned debit is presented again.
const bankTries = 2

// unsentTries is how often in a month an attempt is made anew that did not reach
// the processor.
const unsentTries = 5

// nextTry is the day of the next attempt after the declines so far, of which the
// first was on a certain day; "" when there is none. The days are counted from
// the first, so that one late answer does not move the others; one that has
// passed by then is the day after today.
func nextTry(kind gateway.Kind, first, today calendar.Date, declines int) calendar.Date {
	tries := len(ladder)
	if kind == gateway.ECheck {
		tries = bankTries
	}
	if declines < 1 || declines > tries {
		return ""
	}
	return max(first.AddDays(ladder[declines-1]), today.AddDays(1))
}
