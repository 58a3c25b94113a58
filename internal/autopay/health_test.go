package autopay_test

import (
	"fmt"
	"strings"
	"testing"

	"customerportal/internal/audit"
	"customerportal/internal/autopay"
	"customerportal/internal/gateway"
)

// inWords is a month of the report with its causes.
func inWords(h *autopay.Health, m autopay.HealthMonth) string {
	var failed []string
	for i, n := range m.Failed {
		if n > 0 {
			failed = append(failed, fmt.Sprint(h.Causes[i], " ", n))
		}
	}
	return fmt.Sprintf("%d customers, %d runs: %d planned, %d taken (%d by a retry), %d under way, %d failed (%s); %s, %s of %s, %d", m.Customers, m.Runs, m.Planned, m.Taken, m.Recovered,
		m.Waiting, m.FailedInAll(), strings.Join(failed, ", "), m.Amount, m.Paid, m.Billed, m.Share())
}

func TestHealth(t *testing.T) {
	b := open(t, newYork, "2026-09-30 23:59")
	// of September still, by the dealer's clock
	good := b.customer("pm_card_visa", 1, 0)
	b.at("2026-10-20 12:00")
	soft, lost, bank := b.customer("pm_card_chargeCustomerFail", 1, 0), b.customer("pm_card_visa_chargeDeclinedLostCard", 1, 0), b.customer("pm_usBankAccount", 1, 0)
	expired, held, idle := b.customer("pm_card_visa", 1, 0), b.customer("pm_card_visa", 1, 0), b.customer("pm_card_visa", 1, 0)
	for _, c := range []*customer{good, soft, lost, bank, expired, held} {
		b.invoice(c, "2026-11-01", 1000)
	}
	b.expire(expired, 2026, 10)
	b.hold(held)
	h := func() *autopay.Health {
		t.Helper()
		h, err := b.auto.Health(t.Context())
		b.ok(err)
		if len(h.Months) != 12 {
			t.Fatalf("%d months", len(h.Months))
		}
		return h
	}
	now := h()
	if now.Months[0].Month != "2025-11-01" || now.Total.Planned != 0 || now.Months[10].Customers != 1 || now.Months[9].Customers != 0 || now.Months[11].Customers != 7 {
		t.Errorf("before the run: %+v", now)
	}

	b.on("2026-11-01 06:00")
	b.expect("2026-11", "nothing", idle)
	now = h()
	if got, want := inWords(now, now.Months[11]), "7 customers, 1 runs: 5 planned, 1 taken (0 by a retry), 1 under way, 3 failed (Declined 2, Not tried 1); $10.00, $0.00 of $0.00, 0"; got != want {
		t.Errorf("after the run:\n%s; want\n%s", got, want)
	}

	// the failed one is recovered, and one has had enough
	b.at("2026-11-01 12:00")
	b.method(soft, "pm_card_visa")
	b.consent(soft, 1, 0)
	b.ok(b.pay.TurnOff(t.Context(), audit.Program, idle.id))
	b.on("2026-11-02 06:00")
	now = h()
	if got, want := inWords(now, now.Months[11]), "6 customers, 2 runs: 5 planned, 2 taken (1 by a retry), 1 under way, 2 failed (Declined 1, Not tried 1); $20.00, $0.00 of $0.00, 0"; got != want {
		t.Errorf("after the retry:\n%s; want\n%s", got, want)
	}
	// the invoices are of October
	if m := now.Months[10]; m.Billed != 6000 || m.Paid != 2000 || m.Share() != 333 || m.Planned != 0 {
		t.Errorf("October: %s", inWords(now, m))
	}
	if got, want := inWords(now, now.Total), strings.Replace(inWords(now, now.Months[11]), "$0.00 of $0.00, 0", "$20.00 of $60.00, 333", 1); got != want {
		t.Errorf("the total is\n%s; want\n%s", got, want)
	}

	// a year on nothing of it is in the last twelve months but who stayed
	b.at("2027-11-05 12:00")
	now = h()
	if now.Months[0].Month != "2026-12-01" || now.Total.Planned+now.Total.Runs != 0 || now.Total.Billed != 0 || now.Months[0].Customers != 6 {
		t.Errorf("a year later: %s", inWords(now, now.Total))
	}
}

// Each reason that a payment can fail for has its cause, the ones that nobody
// but the processor can mend and unknown ones the last.
func TestEveryReasonHasItsCause(t *testing.T) {
	for code, want := range map[gateway.Code]string{gateway.InsufficientFunds: "Not enough money", gateway.LimitExceeded: "Not enough money", gateway.Declined: "Declined",
		gateway.CardLost: "Declined", gateway.CardExpired: "Expired or mistyped", gateway.IncorrectDetails: "Expired or mistyped", gateway.AccountClosed: "Account closed",
		gateway.NoAccount: "Account closed", gateway.MethodGone: "Account closed", gateway.DebitNotAuthorized: "Not authorized", gateway.AuthenticationRequired: "Not authorized",
		gateway.ProcessorTrouble: "Processor", "not_sent": "Processor", "": "Processor", "never heard of": "Processor"} {
		if got := autopay.CauseOf(code); got != want {
			t.Errorf("%q: %s, want %s", code, got, want)
		}
	}
}
