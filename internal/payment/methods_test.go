package payment_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/payment"
)

var billing = payment.Billing{Name: "Ann O'Neil", Line1: "1 Main St", City: "Troy", State: "NY", Zip: "12180"}

// page is the processor's id of the page a set-up leads to.
func page(redirect string) string { return redirect[strings.LastIndex(redirect, "/")+1:] }

func (b *books) wallet() *payment.Wallet {
	b.Helper()
	w, err := b.pay.Wallet(b.Context(), b.customer)
	b.ok(err)
	return w
}

func TestNewCardWithAutoRecurring(t *testing.T) {
	b := open(t)
	b.invoice("10001", 4500)
	consent, err := b.pay.Consent(t.Context(), b.customer, b.user, gateway.Card, 0)
	b.ok(err)
	text := strings.Join(consent.Paragraphs, "\n\n")
	for _, word := range []string{"I authorize Acme Alarm", "1st of each month", "open balance of my invoices", "revoke", "ann@example.com", "555-010-0100"} {
		if !strings.Contains(text, word) {
			t.Errorf("the consent does not say %q", word)
		}
	}
	if consent.First != "2026-12-01" || consent.Estimate != 4500 {
		t.Errorf("first payment %s of %s", consent.First, consent.Estimate)
	}
	b.clock.Advance(time.Minute)
	o := payment.SetupOrder{Nonce: payment.NewNonce(), Kind: "card", Billing: billing, Auto: consent.Token}
	r, err := b.pay.StartSetup(t.Context(), b.ann(), b.customer, o)
	b.ok(err)
	if again, err := b.pay.StartSetup(t.Context(), b.ann(), b.customer, o); err != nil || again.Redirect != r.Redirect {
		t.Errorf("the same form again: %+v %v", again, err)
	}
	if a := b.wallet().AutoPay; a.On {
		t.Error("on before the method exists")
	}
	_, problems, err := b.sandbox.Submit(page(r.Redirect), sandbox.Entry{Name: "Ann", Number: "4242424242424242", Expiry: "12/30", CVC: "123", Zip: "12180"})
	if err != nil || problems != nil {
		t.Fatal(problems, err)
	}
	for range 3 { // reload after reload, and the webhook
		done, err := b.pay.Setup(t.Context(), b.customer, r.Reference)
		if err != nil || !done.Done || !strings.Contains(done.Label, "4242") {
			t.Fatalf("%+v %v", done, err)
		}
		b.sandbox.DeliverPending(t.Context())
	}
	w := b.wallet()
	if len(w.Methods) != 1 || !w.Methods[0].AutoRecurring || !w.AutoPay.On || w.AutoPay.Next != "2026-12-01" || w.AutoPay.Estimate != 4500 {
		t.Errorf("%+v", w)
	}
	var got struct {
		n                                        int
		text, sha, version, ip, agent, authentic string
		shown, accepted                          int64
	}
	b.ok(b.db.Reader().QueryRow(`SELECT count(*), consent_text, consent_sha256, consent_version, ip, user_agent, authenticated, shown_at, accepted_at FROM mandates`).Scan(
		&got.n, &got.text, &got.sha, &got.version, &got.ip, &got.agent, &got.authentic, &got.shown, &got.accepted))
	sum := sha256.Sum256([]byte(text))
	if got.n != 1 || got.text != text || got.sha != hex.EncodeToString(sum[:]) || got.version != payment.ConsentVersion || got.ip != "192.0.2.7" ||
		got.agent != "Browser/1" || !strings.Contains(got.authentic, "ann@example.com") || got.accepted-got.shown != 60000 {
		t.Errorf("recorded %+v", got)
	}
	b.ok(b.pay.TurnOff(t.Context(), b.ann(), b.customer))
	b.ok(b.pay.TurnOff(t.Context(), b.ann(), b.customer))
	if b.wallet().AutoPay.On {
		t.Error("still on")
	}
	want := []string{"consent_copy ann@example.com", "payment_notice office@acme.test", "auto_pay_off ann@example.com", "payment_notice office@acme.test"}
	if got := b.mails(); !slices.Equal(got, want) {
		t.Errorf("mails %v", got)
	}
	if len(b.sandbox.Charges()) != 0 {
		t.Error("charged")
	}
}

func TestConsentIsWhatWasShown(t *testing.T) {
	b := open(t)
	id, err := strconv.ParseInt(b.method("pm_card_visa"), 10, 64)
	b.ok(err)
	other, otherUser := b.addCustomer("2002", "bob@example.com")
	consent, err := b.pay.Consent(t.Context(), b.customer, b.user, "", id)
	b.ok(err)
	theirs, err := b.pay.Consent(t.Context(), other, otherUser, gateway.Card, 0)
	b.ok(err)
	for name, token := range map[string]string{"unticked": "", "forged": "abc", "cut": consent.Token[:40], "another customer's": theirs.Token} {
		if err := b.pay.TurnOn(t.Context(), b.ann(), b.customer, id, token); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := b.pay.TurnOn(t.Context(), audit.Actor{Kind: audit.Customer, UserID: otherUser}, other, id, theirs.Token); !fault.Is(err, fault.NotFound) {
		t.Errorf("another customer's card: %v", err)
	}
	if _, err := b.pay.Consent(t.Context(), other, otherUser, "", id); !fault.Is(err, fault.NotFound) {
		t.Errorf("another customer's card: %v", err)
	}
	b.ok(b.pay.TurnOn(t.Context(), b.ann(), b.customer, id, consent.Token))
	b.ok(b.pay.TurnOn(t.Context(), b.ann(), b.customer, id, consent.Token))
	var n int
	b.ok(b.db.Reader().QueryRow(`SELECT count(*) FROM mandates`).Scan(&n))
	if n != 1 {
		t.Errorf("%d consents", n)
	}
	b.clock.Advance(25 * time.Hour)
	if err := b.pay.TurnOn(t.Context(), b.ann(), b.customer, id, consent.Token); !fault.Is(err, fault.Invalid) {
		t.Errorf("shown yesterday: %v", err)
	}
	// a method that goes takes its consent with it
	b.ok(b.settings.Set(t.Context(), audit.Program, map[string]string{"methods.delete": "yes"}))
	b.ok(b.pay.Delete(t.Context(), b.ann(), b.customer, id))
	w := b.wallet()
	if w.AutoPay.On || len(w.Methods) != 0 {
		t.Errorf("%+v", w)
	}
}

func TestDeletingAMethodIsTheDealersUnlessAllowed(t *testing.T) {
	b := open(t)
	id, err := strconv.ParseInt(b.method("pm_card_visa"), 10, 64)
	b.ok(err)
	other, _ := b.addCustomer("2002", "bob@example.com")
	if err := b.pay.Delete(t.Context(), b.ann(), b.customer, id); !fault.Is(err, fault.Forbidden) {
		t.Errorf("%v", err)
	}
	if err := b.pay.RequestDelete(t.Context(), b.ann(), other, id); !fault.Is(err, fault.NotFound) {
		t.Errorf("another customer's card: %v", err)
	}
	for range 3 {
		b.ok(b.pay.RequestDelete(t.Context(), b.ann(), b.customer, id))
	}
	if got := b.mails(); len(got) != 1 {
		t.Errorf("mails %v", got)
	}
	b.clock.Advance(24 * time.Hour)
	b.ok(b.pay.RequestDelete(t.Context(), b.ann(), b.customer, id))
	if got := b.mails(); len(got) != 2 {
		t.Errorf("mails %v", got)
	}
	b.ok(b.settings.Set(t.Context(), audit.Program, map[string]string{"methods.delete": "yes"}))
	if err := b.pay.Delete(t.Context(), b.ann(), other, id); !fault.Is(err, fault.NotFound) {
		t.Errorf("another customer's card: %v", err)
	}
}

func TestReplaceACardThatExpires(t *testing.T) {
	b := open(t)
	old, err := strconv.ParseInt(b.method("pm_card_visa"), 10, 64)
	b.ok(err)
	b.ok(b.db.WriteTx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec(`UPDATE methods SET exp_year = 2026, exp_month = 11`)
		return err
	}))
	if m := b.wallet().Methods[0]; !m.ExpiresSoon || m.Expired {
		t.Errorf("%+v", m)
	}
	b.clock.Advance(21 * 24 * time.Hour)
	if m := b.wallet().Methods[0]; !m.Expired || m.ExpiresSoon {
		t.Errorf("%+v", m)
	}
	b.invoice("10001", 4500)
	if _, err := b.pay.Submit(t.Context(), b.ann(), b.customer, order("card", strconv.FormatInt(old, 10), map[string]string{"10001": ""})); !fault.Is(err, fault.Invalid) {
		t.Errorf("paid with an expired card: %v", err)
	}
	r, err := b.pay.StartSetup(t.Context(), b.ann(), b.customer, payment.SetupOrder{Nonce: payment.NewNonce(), Kind: "card", Billing: billing, Replaces: old})
	b.ok(err)
	_, _, err = b.sandbox.Submit(page(r.Redirect), sandbox.Entry{Name: "Ann", Number: "5555555555554444", Expiry: "12/30", CVC: "123", Zip: "12180"})
	b.ok(err)
	b.later(time.Minute)
	if list := b.wallet().Methods; len(list) != 1 || list[0].Last4 != "4444" {
		t.Errorf("%+v", list)
	}
	if _, err := b.pay.StartSetup(t.Context(), b.ann(), b.customer, payment.SetupOrder{Nonce: payment.NewNonce(), Kind: "card", Billing: billing, Replaces: 999}); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
}

func TestSetUpsThatComeToNothing(t *testing.T) {
	b := open(t)
	for _, bad := range []payment.Billing{{}, {Name: " ", Line1: "1", City: "T", State: "NY", Zip: "1"}, {Name: strings.Repeat("x", 200), Line1: "1", City: "T", State: "NY", Zip: "1"}} {
		_, err := b.pay.StartSetup(t.Context(), b.ann(), b.customer, payment.SetupOrder{Nonce: payment.NewNonce(), Kind: "card", Billing: bad})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%v", err)
		}
	}
	b.sandbox.Order(sandbox.Fault{Op: sandbox.OpSetup, Effect: sandbox.CutAfter})
	if _, err := b.pay.StartSetup(t.Context(), b.ann(), b.customer, payment.SetupOrder{Nonce: payment.NewNonce(), Kind: "card", Billing: billing}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	r, err := b.pay.StartSetup(t.Context(), b.ann(), b.customer, payment.SetupOrder{Nonce: payment.NewNonce(), Kind: "echeck", Billing: billing})
	b.ok(err)
	b.later(4 * time.Hour)
	got, err := b.pay.Setup(t.Context(), b.customer, r.Reference)
	if err != nil || got.Done || got.Redirect != "" || got.Message == "" {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := b.pay.Setup(t.Context(), b.customer+1, r.Reference); !fault.Is(err, fault.NotFound) {
		t.Errorf("another customer's visit: %v", err)
	}
	b.ok(b.settings.Set(t.Context(), audit.Program, map[string]string{"payments.gateway": "off"}))
	w := b.wallet()
	if len(w.Kinds) != 0 || !strings.Contains(w.Closed, "555-010-0100") {
		t.Errorf("%+v", w)
	}
	if _, err := b.pay.StartSetup(t.Context(), b.ann(), b.customer, payment.SetupOrder{Nonce: payment.NewNonce(), Kind: "card", Billing: billing}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
}

// The months that are asked of the books are those that the screen marks.
func TestExpiringMonths(t *testing.T) {
	for day := calendar.Date("2026-01-01"); day < "2028-03-01"; day = day.AddDays(1) {
		first, last := payment.ExpiringMonths(day)
		for i := first - 3; i <= last+3; i++ {
			m := payment.MethodOf(db.Method{Kind: "card", ExpYear: (i - 1) / 12, ExpMonth: (i-1)%12 + 1}, day)
			if m.ExpiresSoon != (i >= first && i <= last) || m.Expired != (i < first) {
				t.Fatalf("on %s a card of %d/%d: soon %v, expired %v; the months are %d to %d", day, m.ExpMonth, m.ExpYear, m.ExpiresSoon, m.Expired, first, last)
			}
		}
	}
}

// A bank sends its customer a new card; the processor hears of it and the card
// on file follows, with auto pay on it.
func TestACardIsRenewedByItsBank(t *testing.T) {
	b := open(t)
	id, err := strconv.ParseInt(b.method("pm_card_visa"), 10, 64)
	b.ok(err)
	consent, err := b.pay.Consent(t.Context(), b.customer, b.user, "", id)
	b.ok(err)
	b.ok(b.pay.TurnOn(t.Context(), b.ann(), b.customer, id, consent.Token))
	m, err := b.db.Read().GetMethod(t.Context(), id)
	b.ok(err)
	for range 2 { // the processor may tell of it twice
		b.ok(b.sandbox.Renew(m.Ref, "1881", 7, 2031))
		b.sandbox.DeliverPending(t.Context())
		b.settle()
	}
	w := b.wallet()
	if len(w.Methods) != 1 || w.Methods[0].Label() != "Visa ending 1881" || w.Methods[0].Expiry() != "07/2031" || !w.AutoPay.On {
		t.Errorf("%+v", w)
	}
	if n := b.count(`SELECT count(*) FROM audit WHERE action = 'method.renew' AND before_json LIKE '%4242%' AND after_json LIKE '%1881%'`); n != 1 {
		t.Errorf("%d lines in the trail", n)
	}
}
