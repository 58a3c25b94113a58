package payment_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/payment"
)

// differences are what comparing with the processor finds, in words.
func (b *books) differences() []string {
	b.Helper()
	found, err := b.pay.CheckProcessor(b.Context(), calendar.InstantOf(b.clock.Now().Add(-30*24*time.Hour)))
	b.ok(err)
	var list []string
	for _, f := range found {
		if f.Do == "" {
			b.Errorf("%s: does not say what to do", f)
		}
		list = append(list, f.String())
	}
	slices.Sort(list)
	return list
}

func TestTheBooksAreComparedWithTheProcessor(t *testing.T) {
	b := open(t)
	method := b.method("pm_card_visa")
	var paid []payment.Result
	for _, number := range []string{"10001", "10002", "10003", "10004", "10005"} {
		b.invoice(number, 4500)
		paid = append(paid, b.submit(order("card", method, map[string]string{number: ""})))
	}
	b.invoice("10006", 4500)
	b.submit(order("card", b.method("pm_card_chargeCustomerFail"), map[string]string{"10006": ""}))
	b.pay.ShortWebhooks()
	b.selfTest("sandbox", payment.TestKeys{}) // its charges are nobody's
	if list := b.differences(); len(list) != 0 {
		t.Fatalf("sound books: %v", list)
	}

	p := b.payment(paid[0].Reference)
	charge := func(reference string) {
		m, err := b.db.Read().GetMethod(t.Context(), p.MethodID.Int64)
		b.ok(err)
		_, err = b.sandbox.Charge(t.Context(), "stray "+reference, gateway.Charge{Reference: reference, CustomerID: p.CustomerRef, MethodID: m.Ref, Kind: gateway.Card, Amount: 4500, OffSession: true})
		b.ok(err)
	}
	charge("STRAY-00001")
	charge(paid[0].Reference)
	b.ok(b.db.WriteTx(t.Context(), func(tx *sql.Tx) error {
		for reference, change := range map[string]string{
			paid[1].Reference: `amount_cents = 4400`, paid[2].Reference: `state = 'failed'`,
			paid[3].Reference: `charge_ref = 'pi_nobody'`, paid[4].Reference: `refunded_cents = 100`,
		} {
			if _, err := tx.Exec(`UPDATE payments SET `+change+` WHERE reference = ?`, reference); err != nil {
				return err
			}
		}
		return nil
	}))
	list := b.differences()
	for reference, want := range map[string]string{
		"STRAY-00001": "the books know nothing of it", paid[0].Reference: "the processor took it twice", paid[1].Reference: "stands in the books with $44.00, and the processor took $45.00",
		paid[2].Reference: "stands in the books as failed, and the processor took $45.00", paid[3].Reference: "knows no such payment", paid[4].Reference: "$1.00 of it are refunded in the books and $0.00",
	} {
		if !slices.ContainsFunc(list, func(line string) bool {
			return strings.HasPrefix(line, "payment "+reference+":") && strings.Contains(line, want)
		}) {
			t.Errorf("nothing about %s: %s in\n%s", reference, want, strings.Join(list, "\n"))
		}
	}
}

func TestNothingIsComparedWhilePaymentsAreOff(t *testing.T) {
	b := open(t)
	b.ok(b.settings.Set(t.Context(), audit.Program, map[string]string{"payments.gateway": "off"}))
	if _, err := b.pay.CheckProcessor(t.Context(), 0); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
}
