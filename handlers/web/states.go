package web

import (
	"customerportal/internal/ledger"
	"customerportal/internal/proposal"
)

// InvoiceClass is the look of an invoice's state, for customers and staff alike.
func InvoiceClass(s ledger.State) string {
	switch s {
	case ledger.PastDue:
		return "state-past"
	case ledger.InProgress:
		return "state-progress"
	case ledger.Paid:
		return "state-paid"
	}
	return "state-due"
}

// PaymentClass is the look of a payment's state.
func PaymentClass(s ledger.PaymentState) string {
	switch s {
	case ledger.Received:
		return "state-ok"
	case ledger.Submitted, ledger.Checking, ledger.Waiting, ledger.Disputed:
		return "state-progress"
	case ledger.Returned, ledger.Declined:
		return "state-failed"
	}
	return "state-off"
}

// ProposalClass is the look of a proposal's state.
func ProposalClass(s proposal.State) string {
	switch s {
	case proposal.StateAccepted:
		return "state-ok"
	case proposal.StateRejected:
		return "state-failed"
	case proposal.StateViewed:
		return "state-viewed"
	case proposal.StateNew:
		return "state-new"
	}
	return "state-off"
}
