// Package gatewaytest is the contract of [gateway.Adapter] as a test suite: what
// the payment engine relies on, whatever the processor. Each test says which
// double charge, lost charge or false message it stands against.
package gatewaytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/money"
)

// Method is a card or account with a known behavior. A [Processor] has a test
// number for each.
type Method string

// The methods of the suite.
const (
	GoodCard      Method = "card that pays"
	PoorCard      Method = "card without enough money"
	LostCard      Method = "card reported lost"
	ExpiredCard   Method = "card that has expired"
	CheckedCard   Method = "card that asks for 3-D Secure every time"
	GoodBank      Method = "account that pays"
	PoorBank      Method = "account without enough money"
	ClosedBank    Method = "account that is closed"
	ProvedBank    Method = "account that is verified by micro-deposits" // Fill only
	WrongNumber   Method = "number that is no card"                     // Fill only
	TypedNonsense Method = "nothing at all"                             // Fill only
)

// Fault is what can go wrong on the way to the processor.
type Fault string

// The faults.
const (
	Refused     Fault = "connection refused"
	CutBefore   Fault = "connection cut, nothing carried out"
	CutAfter    Fault = "connection cut, carried out"
	CutMid      Fault = "answer cut in the middle, carried out"
	ErrorBefore Fault = "500, nothing carried out"
	ErrorAfter  Fault = "500, carried out"
	TooMany     Fault = "429"
	HTMLError   Fault = "502 in HTML"
	TimeOut     Fault = "no answer in time, carried out later"
)

// Limits are what a processor cannot do. The zero value can do everything the
// suite asks for. No promise about money is weaker for any of them.
type Limits struct {
	// NoKeys: there are no idempotency keys. The reference stands in for the key:
	// what is found under it is the answer, and within gateway.InFlight of a lost
	// answer what is not found is unknown.
	NoKeys bool
	NoFees bool // the fee is not told
	// NoAuthentication, NoVerification: no 3-D Secure, no micro-deposits.
	NoAuthentication, NoVerification bool
	// PagesStayOpen: a page cannot be closed before it runs out, and the processor
	// knows of it only once somebody has paid there.
	PagesStayOpen bool
	// SettlesFirst: a part can be refunded once the payment has settled, and a
	// refund is pending until it has settled too.
	SettlesFirst bool
	// FinalDisputes: a dispute is told when it has taken the money.
	FinalDisputes bool
	// NoExpiry: the answer to a charge does not tell when the card runs out.
	NoExpiry bool
	// Timeless: a webhook's signature does not grow old.
	Timeless bool
	// Declines are the codes of declines that are told less exactly.
	Declines map[Method]gateway.Code
	// Webhook is a kind of event about a payment, and an id of one.
	Webhook [2]string
	// Changes are the events after a card was charged and a bank debit was charged
	// and settled, as type and object.
	Changes func(card, bank string) []string
}

// Forcer charges behind the adapter's back, with a reference that was used
// before. A processor with Limits.NoKeys is one.
type Forcer interface {
	Force(reference, customerID, methodID string, amount money.Cents) (paymentID string, err error)
}

// Processor is the other side of the adapter under test: the processor itself,
// and the customer at its pages.
type Processor interface {
	Adapter() gateway.Adapter
	Clock() *calendar.Fake
	Limits() Limits

	// Attach puts a method on a customer's file.
	Attach(customerID string, m Method) (methodID string, err error)
	// Fill types the method into a hosted page and presses its button. Where the
	// customer is sent to is "" when the page refuses what was typed.
	Fill(page gateway.Page, m Method) (location string, err error)
	// Authenticate confirms or refuses at the bank's page.
	Authenticate(address string, pass bool) (location string, err error)
	// Verify types the amounts of the micro-deposits, right or wrong.
	Verify(address string, right bool) error
	Expire(page gateway.Page) error
	Settle(paymentID string) error
	Return(paymentID, nacha string) error
	Dispute(paymentID string) error
	EndDispute(paymentID string, won bool) error

	// Break lets the next charge go wrong. For TimeOut it returns how to let the
	// processor finish.
	Break(f Fault) (finish func())
	// Taken is what the processor has really charged for a reference.
	Taken(reference string) (money.Cents, int)
	// SignedWebhook is a webhook about the object as the processor signs it now.
	SignedWebhook(eventID, kind, objectID string) (body []byte, headerName, headerValue string)
}

// Run proves the contract on fresh processors.
func Run(t *testing.T, fresh func(t *testing.T) Processor) {
	able := fresh(t).Limits()
	for _, c := range []struct {
		name string
		test func(*suite)
	}{
		{"A saved card is charged once", (*suite).chargesOnce},
		{"A decline is a result", (*suite).declines},
		{"The same key with other fields charges nothing", (*suite).keyWithOtherFields},
		{"Parallel calls with one key charge once", (*suite).parallel},
		{"An answer that is lost is found by reference", (*suite).lostAnswers},
		{"What was not sent can be sent again", (*suite).notSent},
		{"A reference nobody sent is not found", (*suite).notFound},
		{"A reference that was used twice", (*suite).duplicates},
		{"A customer and his methods", (*suite).customers},
		{"A method that is gone", (*suite).methodGone},
		{"A payment page", (*suite).paymentPage},
		{"A payment page of no customer", (*suite).guestPage},
		{"A payment page is paid once", (*suite).pagePaidOnce},
		{"A payment page after a decline", (*suite).pageDeclined},
		{"A payment page runs out", (*suite).pageExpires},
		{"A payment page is closed", (*suite).pageCanceled},
		{"A set-up page", (*suite).setupPage},
		{"3-D Secure", (*suite).authentication},
		{"A bank debit settles", (*suite).bankSettles},
		{"A bank debit fails", (*suite).bankFails},
		{"A bank debit comes back", (*suite).bankReturns},
		{"A bank account is verified by micro-deposits", (*suite).microDeposits},
		{"Refunds", (*suite).refunds},
		{"A dispute", (*suite).disputes},
		{"Webhooks", (*suite).webhooks},
		{"Changes", (*suite).changes},
		{"A trial of the account", (*suite).trial},
	} {
		if able.NoAuthentication && c.name == "3-D Secure" || able.NoVerification && c.name == "A bank account is verified by micro-deposits" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			p := fresh(t)
			s := &suite{T: t, Processor: p, a: p.Adapter(), ctx: t.Context(), limits: p.Limits()}
			id, err := s.a.SaveCustomer(s.ctx, "customer-key", "", gateway.Customer{
				Reference: "10042", Name: "Zoë O'Brien", Email: "zoe@example.com", Phone: "555 010 0100",
				Line1: "1 Elm St", City: "Springfield", State: "IL", Zip: "62701",
			})
			s.must(err)
			s.customer = id
			c.test(s)
		})
	}
}

type suite struct {
	*testing.T
	Processor
	a        gateway.Adapter
	ctx      context.Context
	limits   Limits
	customer string
}

func (s *suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) attach(m Method) string {
	s.Helper()
	id, err := s.Attach(s.customer, m)
	s.must(err)
	return id
}

func kindOf(m Method) gateway.Kind {
	if m == GoodBank || m == ProvedBank || m == PoorBank || m == ClosedBank {
		return gateway.ECheck
	}
	return gateway.Card
}

func (s *suite) charge(reference string, m Method, amount money.Cents) gateway.Charge {
	s.Helper()
	return gateway.Charge{
		Reference: reference, CustomerID: s.customer, MethodID: s.attach(m), Kind: kindOf(m), Amount: amount,
		Description: "Invoice 1041", ReturnURL: "https://portal.example.com/back",
	}
}

func (s *suite) page(reference string, kind gateway.Kind, amount money.Cents) gateway.PaymentPage {
	return gateway.PaymentPage{
		Reference: reference, CustomerID: s.customer, Kind: kind, Amount: amount, Description: "Invoices 1041, 1042",
		SuccessURL: "https://portal.example.com/done", CancelURL: "https://portal.example.com/pay",
		ExpiresAt: calendar.InstantOf(s.Clock().Now().Add(gateway.MinPageLife)),
	}
}

func (s *suite) taken(reference string, want money.Cents, times int) {
	s.Helper()
	if sum, n := s.Taken(reference); sum != want || n != times {
		s.Errorf("the processor charged %s in %d charges for %s; want %s in %d", sum, n, reference, want, times)
	}
}

func (s *suite) state(o gateway.Outcome, want gateway.State) {
	s.Helper()
	if o.State != want {
		s.Fatalf("state is %q (failure %+v); want %q", o.State, o.Failure, want)
	}
}

func (s *suite) lookup(id string) gateway.Outcome {
	s.Helper()
	o, err := s.a.Lookup(s.ctx, id)
	s.must(err)
	return o
}

func (s *suite) find(reference string) (gateway.Outcome, error) {
	return s.a.Find(s.ctx, gateway.Find{Reference: reference, CustomerID: s.customer, Since: calendar.InstantOf(s.Clock().Now())})
}

func (s *suite) failure(f *gateway.Failure, want gateway.Code) {
	s.Helper()
	if f == nil || f.Code != want {
		s.Fatalf("failure is %+v; want %s", f, want)
	}
	if f.Message == "" || f.Raw == "" {
		s.Errorf("failure %+v has no message for the customer or no code for the office", f)
	}
	if m := strings.ToLower(f.Message); strings.Contains(m, "lost") || strings.Contains(m, "stolen") {
		s.Errorf("the customer is told %q", f.Message)
	}
}

func (s *suite) class(err error, want gateway.Class) {
	s.Helper()
	if err == nil || gateway.ClassOf(err) != want || errors.Is(err, gateway.ErrNotFound) {
		s.Fatalf("error is %v; want class %q", err, want)
	}
}

// code is the code of a decline, as exactly as this processor tells it.
func (s *suite) code(m Method, exact gateway.Code) gateway.Code {
	if told, ok := s.limits.Declines[m]; ok {
		return told
	}
	return exact
}

func (s *suite) chargesOnce() {
	c := s.charge("PAY-1", GoodCard, 75_00)
	first, err := s.a.Charge(s.ctx, "key-1", c)
	s.must(err)
	s.state(first, gateway.Succeeded)
	if first.Amount != 75_00 || first.Received != 75_00 || first.Reference != "PAY-1" || first.PaymentID == "" || first.ChargeID == "" || first.CustomerID != s.customer {
		s.Errorf("outcome %+v", first)
	}
	if !s.limits.NoFees && (first.Fee == nil || *first.Fee <= 0 || *first.Fee > 75_00) {
		s.Errorf("fee %v", first.Fee)
	}
	if m := first.Method; m == nil || m.Kind != gateway.Card || m.Brand != "Visa" || m.Last4 != "4242" || !s.limits.NoExpiry && (m.ExpMonth == 0 || m.ExpYear < 2020) || !m.OnFile {
		s.Errorf("method %+v", first.Method)
	}
	again, err := s.a.Charge(s.ctx, "key-1", c)
	s.must(err)
	if again.PaymentID != first.PaymentID || again.State != first.State {
		s.Errorf("the same key gave %+v after %+v", again, first)
	}
	s.taken("PAY-1", 75_00, 1)
	for _, id := range []string{first.PaymentID, first.ChargeID} {
		if o := s.lookup(id); o.PaymentID != first.PaymentID || o.State != gateway.Succeeded {
			s.Errorf("look-up of %s: %+v", id, o)
		}
	}
	found, err := s.find("PAY-1")
	s.must(err)
	if found.PaymentID != first.PaymentID || len(found.Duplicates) != 0 {
		s.Errorf("found %+v", found)
	}
}

func (s *suite) declines() {
	for m, want := range map[Method]gateway.Code{PoorCard: gateway.InsufficientFunds, LostCard: gateway.CardLost, ExpiredCard: gateway.CardExpired} {
		reference := "P-" + string(want)
		want = s.code(m, want)
		c := s.charge(reference, m, 10_00)
		o, err := s.a.Charge(s.ctx, reference, c)
		if err != nil {
			s.Fatalf("%s: a decline came as the error %v", m, err)
		}
		s.state(o, gateway.Failed)
		s.failure(o.Failure, want)
		again, err := s.a.Charge(s.ctx, reference, c)
		s.must(err)
		s.state(again, gateway.Failed)
		o, err = s.find(reference)
		s.must(err)
		s.state(o, gateway.Failed)
		s.failure(o.Failure, want)
		s.taken(reference, 0, 0)
	}
}

func (s *suite) keyWithOtherFields() {
	c := s.charge("PAY-1", GoodCard, 10_00)
	_, err := s.a.Charge(s.ctx, "key-1", c)
	s.must(err)
	c.Amount = 20_00
	_, err = s.a.Charge(s.ctx, "key-1", c)
	s.class(err, gateway.Unknown)
	s.taken("PAY-1", 10_00, 1)
}

func (s *suite) parallel() {
	c := s.charge("PAY-1", GoodCard, 10_00)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := s.a.Charge(s.ctx, "key-1", c); err != nil && gateway.ClassOf(err) != gateway.Unknown {
				s.Errorf("a parallel call failed with %v", err)
			}
		})
	}
	all.Wait()
	s.taken("PAY-1", 10_00, 1)
}

func (s *suite) lostAnswers() {
	for i, c := range []struct {
		fault   Fault
		charged bool
		replays bool // the same key gives the outcome
	}{
		{CutAfter, true, true}, {CutMid, true, true}, {ErrorAfter, true, false}, {TimeOut, true, true},
		{CutBefore, false, true}, {HTMLError, false, true}, {ErrorBefore, false, false},
	} {
		reference := fmt.Sprintf("PAY-%d", i)
		charge := s.charge(reference, GoodCard, 10_00)
		finish := s.Break(c.fault)
		ctx, cancel := s.ctx, func() {}
		if c.fault == TimeOut {
			ctx, cancel = context.WithTimeout(s.ctx, 50*time.Millisecond)
		}
		_, err := s.a.Charge(ctx, reference, charge)
		cancel()
		if err == nil || gateway.ClassOf(err) != gateway.Unknown {
			s.Fatalf("%s: error %v; want an unknown outcome", c.fault, err)
		}
		if c.fault == TimeOut {
			// While the first is at work, the same key charges nothing more.
			_, err := s.a.Charge(s.ctx, reference, charge)
			s.class(err, gateway.Unknown)
		}
		finish()
		o, err := s.find(reference)
		if c.charged {
			if err != nil {
				s.Fatalf("%s: charged, and not found: %v", c.fault, err)
			}
			s.state(o, gateway.Succeeded)
			s.taken(reference, 10_00, 1)
		} else if !errors.Is(err, gateway.ErrNotFound) {
			s.Fatalf("%s: nothing charged, and found %+v, %v", c.fault, o, err)
		}
		if s.limits.NoKeys && !c.charged {
			// It may still arrive: nothing is sent until it cannot any more.
			_, err := s.a.Charge(s.ctx, reference, charge)
			s.class(err, gateway.Unknown)
			s.taken(reference, 0, 0)
			s.Clock().Advance(gateway.InFlight)
		}
		if again, err := s.a.Charge(s.ctx, reference, charge); c.replays || s.limits.NoKeys {
			s.must(err)
			s.state(again, gateway.Succeeded)
			s.taken(reference, 10_00, 1)
		} else {
			s.class(err, gateway.Unknown)
		}
	}
}

func (s *suite) notSent() {
	for i, f := range []Fault{Refused, TooMany} {
		reference := fmt.Sprintf("PAY-%d", i)
		c := s.charge(reference, GoodCard, 10_00)
		s.Break(f)
		_, err := s.a.Charge(s.ctx, reference, c)
		s.class(err, gateway.NotSent)
		s.taken(reference, 0, 0)
		o, err := s.a.Charge(s.ctx, reference, c)
		s.must(err)
		s.state(o, gateway.Succeeded)
		s.taken(reference, 10_00, 1)
	}
	ended, cancel := context.WithCancel(s.ctx)
	cancel()
	_, err := s.a.Charge(ended, "key-9", s.charge("PAY-9", GoodCard, 10_00))
	s.class(err, gateway.NotSent)
}

func (s *suite) notFound() {
	if o, err := s.find("PAY-NOBODY"); !errors.Is(err, gateway.ErrNotFound) {
		s.Errorf("found %+v, %v", o, err)
	}
	for _, id := range []string{"pi_nobody", "cs_nobody", "ch_nobody", "nonsense", ""} {
		if o, err := s.a.Lookup(s.ctx, id); !errors.Is(err, gateway.ErrNotFound) {
			s.Errorf("look-up of %q: %+v, %v", id, o, err)
		}
	}
	if o, err := s.a.LookupSetup(s.ctx, "cs_nobody"); !errors.Is(err, gateway.ErrNotFound) {
		s.Errorf("look-up of a set-up: %+v, %v", o, err)
	}
	// A payment of somebody else never answers to this customer's look-up.
	other, err := s.a.SaveCustomer(s.ctx, "other-key", "", gateway.Customer{Reference: "2", Name: "Other"})
	s.must(err)
	_, err = s.a.Charge(s.ctx, "key", s.charge("PAY-1", GoodCard, 10_00))
	s.must(err)
	if _, err := s.a.Find(s.ctx, gateway.Find{Reference: "PAY-1", CustomerID: other}); !errors.Is(err, gateway.ErrNotFound) {
		s.Errorf("another customer's payment was found: %v", err)
	}
}

// A new key for the same reference is a fault of the caller: it charges again.
// The look-up must not hide it behind the payment that took nothing.
func (s *suite) duplicates() {
	good, poor := s.charge("PAY-1", GoodCard, 10_00), s.charge("PAY-1", PoorCard, 10_00)
	if s.limits.NoKeys {
		s.forced(good, poor)
		return
	}
	page, err := s.a.OpenPaymentPage(s.ctx, "page", s.page("PAY-1", gateway.Card, 10_00))
	s.must(err)
	taken, err := s.a.Charge(s.ctx, "good", good)
	s.must(err)
	s.Clock().Advance(time.Minute)
	declined, err := s.a.Charge(s.ctx, "poor", poor)
	s.must(err)
	found, err := s.find("PAY-1")
	s.must(err)
	if found.PaymentID != taken.PaymentID {
		s.Errorf("found %+v; want the payment that took money", found)
	}
	if len(found.Duplicates) != 2 || !slices.Contains(found.Duplicates, declined.PaymentID) || !slices.Contains(found.Duplicates, page.ID) {
		s.Errorf("duplicates %v", found.Duplicates)
	}
}

// forced is a reference that somebody else used again.
func (s *suite) forced(good, poor gateway.Charge) {
	taken, err := s.a.Charge(s.ctx, "good", good)
	s.must(err)
	if _, err := s.a.Charge(s.ctx, "poor", poor); err == nil {
		s.taken("PAY-1", 10_00, 1)
	}
	s.Clock().Advance(time.Minute)
	declined, err := s.Processor.(Forcer).Force("PAY-1", s.customer, poor.MethodID, 10_00)
	s.must(err)
	twice, err := s.Processor.(Forcer).Force("PAY-1", s.customer, good.MethodID, 11_00)
	s.must(err)
	found, err := s.find("PAY-1")
	s.must(err)
	if found.State != gateway.Succeeded || found.PaymentID != taken.PaymentID && found.PaymentID != twice {
		s.Errorf("found %+v; want a payment that took money", found)
	}
	all := append([]string{found.PaymentID}, found.Duplicates...)
	for _, id := range []string{taken.PaymentID, declined, twice} {
		if !slices.Contains(all, id) || len(all) != 3 {
			s.Errorf("found %v; want %s among them", all, id)
		}
	}
}

func (s *suite) customers() {
	c := gateway.Customer{Reference: "7", Name: "A"}
	id, err := s.a.SaveCustomer(s.ctx, "k1", "", c)
	s.must(err)
	same, err := s.a.SaveCustomer(s.ctx, "k1", "", c)
	s.must(err)
	if id == "" || id != same {
		s.Errorf("one key made the customers %q and %q", id, same)
	}
	c.Name = "B"
	if updated, err := s.a.SaveCustomer(s.ctx, "k2", id, c); err != nil || updated != id {
		s.Errorf("update: %q, %v", updated, err)
	}
	// Grown books: none of this may stand in the way of a payment.
	odd := gateway.Customer{
		Reference: "8", Name: strings.Repeat("é", 400), Email: "none", Phone: "555-010-0100 ext. 12 or 555-010-0199",
	}
	oddID, err := s.a.SaveCustomer(s.ctx, "k4", "", odd)
	s.must(err)
	if updated, err := s.a.SaveCustomer(s.ctx, "k5", oddID, odd); err != nil || updated != oddID {
		s.Errorf("update with odd fields: %q, %v", updated, err)
	}
	long := s.page("PAY-LONG", gateway.Card, 10_00)
	long.CustomerID, long.Description = oddID, "Invoices "+strings.Repeat("10441, ", 300)
	_, err = s.a.OpenPaymentPage(s.ctx, "k6", long)
	s.must(err)
	long.Reference, long.Description = "PAY-EMPTY", ""
	_, err = s.a.OpenPaymentPage(s.ctx, "k7", long)
	s.must(err)
	paid := s.charge("PAY-LONG-2", GoodCard, 10_00)
	paid.Description = strings.Repeat("ü", 2000)
	_, err = s.a.Charge(s.ctx, "k8", paid)
	s.must(err)
	s.must(s.a.DetachMethod(s.ctx, "k9", paid.MethodID))
	if _, err := s.a.SaveCustomer(s.ctx, "k3", "cus_nobody", c); !errors.Is(err, gateway.ErrNotFound) {
		s.Errorf("update of a deleted customer: %v", err)
	}
	if list, err := s.a.Methods(s.ctx, id); err != nil || len(list) != 0 {
		s.Errorf("methods of a new customer: %+v, %v", list, err)
	}
	card, bank := s.attach(GoodCard), s.attach(GoodBank)
	list, err := s.a.Methods(s.ctx, s.customer)
	s.must(err)
	if len(list) != 2 || list[0].ID != bank || list[1].ID != card {
		s.Fatalf("methods %+v", list)
	}
	if m := list[0]; m.Kind != gateway.ECheck || m.Brand == "" || m.Last4 != "6789" || m.ExpYear != 0 || !m.OnFile {
		s.Errorf("bank account %+v", m)
	}
	if m := list[1]; m.Kind != gateway.Card || m.Brand != "Visa" || m.Last4 != "4242" || m.ExpMonth == 0 || !m.OnFile {
		s.Errorf("card %+v", m)
	}
}

func (s *suite) methodGone() {
	c := s.charge("PAY-1", GoodCard, 10_00)
	s.must(s.a.DetachMethod(s.ctx, "d1", c.MethodID))
	s.must(s.a.DetachMethod(s.ctx, "d2", c.MethodID))
	s.must(s.a.DetachMethod(s.ctx, "d3", "pm_nobody"))
	if list, err := s.a.Methods(s.ctx, s.customer); err != nil || len(list) != 0 {
		s.Errorf("methods after detaching: %+v, %v", list, err)
	}
	for i, id := range []string{c.MethodID, "pm_nobody"} {
		c.MethodID = id
		o, err := s.a.Charge(s.ctx, fmt.Sprintf("key-%d", i), c)
		s.must(err)
		s.state(o, gateway.Failed)
		s.failure(o.Failure, gateway.MethodGone)
	}
	s.taken("PAY-1", 0, 0)
}

func (s *suite) paymentPage() {
	for i, keep := range []bool{false, true} {
		for _, m := range []Method{GoodCard, GoodBank} {
			reference := fmt.Sprintf("PAY-%d-%s", i, kindOf(m))
			p := s.page(reference, kindOf(m), 123_45)
			p.KeepOnFile = keep
			page, err := s.a.OpenPaymentPage(s.ctx, reference, p)
			s.must(err)
			again, err := s.a.OpenPaymentPage(s.ctx, reference, p)
			s.must(err)
			if page.URL == "" || page.ID != again.ID || page != again && !s.limits.NoKeys {
				s.Errorf("one key opened the pages %+v and %+v", page, again)
			}
			s.state(s.lookup(page.ID), gateway.Open)
			found, err := s.find(reference)
			if s.limits.PagesStayOpen {
				if !errors.Is(err, gateway.ErrNotFound) {
					s.Errorf("a page nobody has used was found: %+v, %v", found, err)
				}
			} else {
				s.must(err)
				s.state(found, gateway.Open)
				if found.PageID != page.ID || found.Amount != 123_45 {
					s.Errorf("an open page is found as %+v", found)
				}
			}
			before, err := s.a.Methods(s.ctx, s.customer)
			s.must(err)
			location, err := s.Fill(page, m)
			s.must(err)
			if location != p.SuccessURL {
				s.Errorf("the customer was sent to %q", location)
			}
			want := gateway.Succeeded
			if m == GoodBank {
				want = gateway.Processing
			}
			o := s.lookup(page.ID)
			s.state(o, want)
			if o.Reference != reference || o.PageID != page.ID || o.Amount != 123_45 || o.Method == nil || o.Method.OnFile != keep {
				s.Errorf("outcome %+v, method %+v", o, o.Method)
			}
			s.state(s.lookup(o.PaymentID), want)
			found, err = s.find(reference)
			s.must(err)
			if found.PaymentID != o.PaymentID || len(found.Duplicates) != 0 {
				s.Errorf("found %+v", found)
			}
			after, err := s.a.Methods(s.ctx, s.customer)
			s.must(err)
			if kept := len(after) - len(before); (kept == 1) != keep {
				s.Errorf("keep on file %v, and %d methods more are on file", keep, kept)
			}
			s.taken(reference, 123_45, 1)
		}
	}
}

// guestPage pays on a page that belongs to no customer's file.
func (s *suite) guestPage() {
	before, err := s.a.Methods(s.ctx, s.customer)
	s.must(err)
	for _, m := range []Method{GoodCard, GoodBank} {
		reference := "GUEST-" + string(kindOf(m))
		p := s.page(reference, kindOf(m), 50_00)
		p.CustomerID = ""
		page, err := s.a.OpenPaymentPage(s.ctx, reference, p)
		s.must(err)
		if again, err := s.a.OpenPaymentPage(s.ctx, reference, p); err != nil || page.URL == "" || again.ID != page.ID || again != page && !s.limits.NoKeys {
			s.Errorf("one key opened the pages %+v and %+v, %v", page, again, err)
		}
		_, err = s.Fill(page, m)
		s.must(err)
		o := s.lookup(page.ID)
		if o.State != gateway.Succeeded && (m != GoodBank || o.State != gateway.Processing) || o.Reference != reference || o.CustomerID != "" || o.Method == nil || o.Method.OnFile {
			s.Errorf("outcome %+v, method %+v", o, o.Method)
		}
		found, err := s.a.Find(s.ctx, gateway.Find{Reference: reference, Since: calendar.InstantOf(s.Clock().Now())})
		s.must(err)
		if found.PaymentID != o.PaymentID || len(found.Duplicates) != 0 {
			s.Errorf("found %+v", found)
		}
		s.taken(reference, 50_00, 1)
	}
	after, err := s.a.Methods(s.ctx, s.customer)
	s.must(err)
	if len(after) != len(before) {
		s.Errorf("%d methods more are on the customer's file", len(after)-len(before))
	}
}

func (s *suite) pagePaidOnce() {
	page, err := s.a.OpenPaymentPage(s.ctx, "key", s.page("PAY-1", gateway.Card, 50_00))
	s.must(err)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if location, err := s.Fill(page, GoodCard); err != nil || location == "" {
				s.Errorf("a second press of the button: %q, %v", location, err)
			}
		})
	}
	all.Wait()
	s.taken("PAY-1", 50_00, 1)
}

func (s *suite) pageDeclined() {
	page, err := s.a.OpenPaymentPage(s.ctx, "key", s.page("PAY-1", gateway.Card, 50_00))
	s.must(err)
	for _, m := range []Method{TypedNonsense, WrongNumber} {
		if location, err := s.Fill(page, m); err != nil || location != "" {
			s.Fatalf("%s: sent to %q, %v", m, location, err)
		}
	}
	s.state(s.lookup(page.ID), gateway.Open)
	if location, err := s.Fill(page, PoorCard); err != nil || location != "" {
		s.Fatalf("a declined card: sent to %q, %v", location, err)
	}
	// The page can still be paid: its payment is not to be given up.
	o := s.lookup(page.ID)
	s.state(o, gateway.Open)
	s.failure(o.Failure, s.code(PoorCard, gateway.InsufficientFunds))
	tries := o.PaymentID != ""
	if tries {
		s.state(s.lookup(o.PaymentID), gateway.Open)
	}
	s.taken("PAY-1", 0, 0)
	_, err = s.Fill(page, GoodCard)
	s.must(err)
	s.state(s.lookup(page.ID), gateway.Succeeded)
	if tries {
		s.state(s.lookup(o.PaymentID), gateway.Succeeded)
	}
	s.taken("PAY-1", 50_00, 1)
}

func (s *suite) pageExpires() {
	page, err := s.a.OpenPaymentPage(s.ctx, "key", s.page("PAY-1", gateway.Card, 50_00))
	s.must(err)
	_, err = s.Fill(page, PoorCard)
	s.must(err)
	s.must(s.Expire(page))
	if _, err := s.Fill(page, GoodCard); err == nil {
		s.Error("an expired page was paid")
	}
	s.state(s.lookup(page.ID), gateway.Canceled)
	found, err := s.find("PAY-1")
	s.must(err)
	s.state(found, gateway.Canceled)
	s.taken("PAY-1", 0, 0)
}

func (s *suite) pageCanceled() {
	page, err := s.a.OpenPaymentPage(s.ctx, "k1", s.page("PAY-1", gateway.Card, 50_00))
	s.must(err)
	o, err := s.a.Cancel(s.ctx, "c1", page.ID)
	s.must(err)
	if s.limits.PagesStayOpen {
		s.state(o, gateway.Open) // and says so
		s.must(s.Expire(page))
		o = s.lookup(page.ID)
	}
	s.state(o, gateway.Canceled)
	if _, err := s.Fill(page, GoodCard); err == nil {
		s.Error("a closed page was paid")
	}
	s.taken("PAY-1", 0, 0)
	// Paid first: the outcome tells, and nothing is undone.
	page, err = s.a.OpenPaymentPage(s.ctx, "k2", s.page("PAY-2", gateway.Card, 50_00))
	s.must(err)
	_, err = s.Fill(page, GoodCard)
	s.must(err)
	o, err = s.a.Cancel(s.ctx, "c2", page.ID)
	s.must(err)
	s.state(o, gateway.Succeeded)
	s.taken("PAY-2", 50_00, 1)
	// By the payment's id, while a declined try hangs on the open page.
	page, err = s.a.OpenPaymentPage(s.ctx, "k3", s.page("PAY-3", gateway.Card, 50_00))
	s.must(err)
	_, err = s.Fill(page, PoorCard)
	s.must(err)
	if s.limits.PagesStayOpen {
		s.must(s.Expire(page))
		o, err = s.a.Cancel(s.ctx, "c3", page.ID)
	} else {
		o, err = s.a.Cancel(s.ctx, "c3", s.lookup(page.ID).PaymentID)
	}
	s.must(err)
	s.state(o, gateway.Canceled)
	if _, err := s.Fill(page, GoodCard); err == nil {
		s.Error("a closed page was paid")
	}
	if _, err := s.a.Cancel(s.ctx, "c4", "cs_nobody"); !errors.Is(err, gateway.ErrNotFound) {
		s.Errorf("closing a page that is not there: %v", err)
	}
}

func (s *suite) setupPage() {
	for i, m := range []Method{GoodCard, GoodBank, CheckedCard} {
		if m == CheckedCard && s.limits.NoAuthentication {
			continue
		}
		p := gateway.SetupPage{
			Reference: fmt.Sprintf("SET-%d", i), CustomerID: s.customer, Kind: kindOf(m),
			SuccessURL: "https://portal.example.com/done", CancelURL: "https://portal.example.com/methods",
			ExpiresAt: calendar.InstantOf(s.Clock().Now().Add(gateway.MinPageLife)),
		}
		page, err := s.a.OpenSetupPage(s.ctx, p.Reference, p)
		s.must(err)
		setup, err := s.a.LookupSetup(s.ctx, page.ID)
		s.must(err)
		if setup.State != gateway.Open || setup.Reference != p.Reference || setup.PageID != page.ID {
			s.Errorf("open: %+v", setup)
		}
		if _, err := s.a.Lookup(s.ctx, page.ID); !errors.Is(err, gateway.ErrNotFound) {
			s.Errorf("a set-up was looked up as a payment: %v", err)
		}
		location, err := s.Fill(page, m)
		s.must(err)
		if m == CheckedCard {
			location, err = s.Authenticate(location, true)
			s.must(err)
		}
		if location != p.SuccessURL {
			s.Errorf("%s: the customer was sent to %q", m, location)
		}
		setup, err = s.a.LookupSetup(s.ctx, page.ID)
		s.must(err)
		if setup.State != gateway.Succeeded || setup.Method == nil || !setup.Method.OnFile || setup.Method.Kind != kindOf(m) || setup.CustomerID != s.customer {
			s.Fatalf("%s: %+v, method %+v", m, setup, setup.Method)
		}
		list, err := s.a.Methods(s.ctx, s.customer)
		s.must(err)
		if len(list) != i+1 || list[0] != *setup.Method {
			s.Errorf("on file %+v; want %+v first", list, setup.Method)
		}
	}
	closed, err := s.a.OpenSetupPage(s.ctx, "k9", gateway.SetupPage{
		Reference: "SET-9", CustomerID: s.customer, Kind: gateway.Card,
		SuccessURL: "https://portal.example.com/done", CancelURL: "https://portal.example.com/methods",
		ExpiresAt: calendar.InstantOf(s.Clock().Now().Add(gateway.MinPageLife)),
	})
	s.must(err)
	if location, err := s.Fill(closed, PoorCard); err != nil || location != "" {
		s.Errorf("a declined card was put on file: %q, %v", location, err)
	}
	if setup, err := s.a.LookupSetup(s.ctx, closed.ID); err != nil || setup.State != gateway.Open || setup.Failure == nil && !s.limits.PagesStayOpen {
		s.Errorf("after a decline: %+v, %v", setup, err)
	}
	o, err := s.a.Cancel(s.ctx, "c9", closed.ID)
	s.must(err)
	if s.limits.PagesStayOpen {
		s.state(o, gateway.Open)
		s.must(s.Expire(closed))
		o, err = s.a.Cancel(s.ctx, "c9", closed.ID)
		s.must(err)
	}
	s.state(o, gateway.Canceled)
	if o.Reference != "SET-9" || o.PageID != closed.ID {
		s.Errorf("closed set-up page: %+v", o)
	}
}

func (s *suite) authentication() {
	c := s.charge("PAY-1", CheckedCard, 10_00)
	o, err := s.a.Charge(s.ctx, "k1", c)
	s.must(err)
	s.state(o, gateway.Action)
	if o.ActionURL == "" {
		s.Fatal("no address to authenticate at")
	}
	s.taken("PAY-1", 0, 0)
	location, err := s.Authenticate(o.ActionURL, true)
	s.must(err)
	if !strings.HasPrefix(location, c.ReturnURL) {
		s.Errorf("the customer was sent to %q", location)
	}
	s.state(s.lookup(o.PaymentID), gateway.Succeeded)
	_, err = s.Authenticate(o.ActionURL, true)
	s.must(err)
	s.taken("PAY-1", 10_00, 1)

	c.Reference = "PAY-2"
	o, err = s.a.Charge(s.ctx, "k2", c)
	s.must(err)
	_, err = s.Authenticate(o.ActionURL, false)
	s.must(err)
	o = s.lookup(o.PaymentID)
	s.state(o, gateway.Failed)
	s.failure(o.Failure, gateway.AuthenticationFailed)
	s.taken("PAY-2", 0, 0)

	// Nobody is there to authenticate.
	c.Reference, c.OffSession = "PAY-3", true
	o, err = s.a.Charge(s.ctx, "k3", c)
	s.must(err)
	s.state(o, gateway.Failed)
	s.failure(o.Failure, gateway.AuthenticationRequired)
	s.taken("PAY-3", 0, 0)

	// Given up: once canceled, it cannot be authenticated any more.
	c.Reference, c.OffSession = "PAY-4", false
	o, err = s.a.Charge(s.ctx, "k4", c)
	s.must(err)
	canceled, err := s.a.Cancel(s.ctx, "c4", o.PaymentID)
	s.must(err)
	s.state(canceled, gateway.Canceled)
	_, err = s.Authenticate(o.ActionURL, true)
	s.must(err)
	s.state(s.lookup(o.PaymentID), gateway.Canceled)
	s.taken("PAY-4", 0, 0)

	// On a hosted page.
	page, err := s.a.OpenPaymentPage(s.ctx, "k5", s.page("PAY-5", gateway.Card, 10_00))
	s.must(err)
	location, err = s.Fill(page, CheckedCard)
	s.must(err)
	s.state(s.lookup(page.ID), gateway.Open)
	if back, err := s.Authenticate(location, false); err != nil || back != page.URL {
		s.Errorf("refused at the bank: sent to %q, %v", back, err)
	}
	s.state(s.lookup(page.ID), gateway.Open)
	location, err = s.Fill(page, CheckedCard)
	s.must(err)
	if back, err := s.Authenticate(location, true); err != nil || back != "https://portal.example.com/done" {
		s.Errorf("confirmed at the bank: sent to %q, %v", back, err)
	}
	s.state(s.lookup(page.ID), gateway.Succeeded)
	s.taken("PAY-5", 10_00, 1)
}

func (s *suite) bankSettles() {
	o, err := s.a.Charge(s.ctx, "k1", s.charge("PAY-1", GoodBank, 10_00))
	s.must(err)
	s.state(o, gateway.Processing)
	if o.Received != 0 || o.Method == nil || o.Method.Kind != gateway.ECheck {
		s.Errorf("in processing: %+v", o)
	}
	canceled, err := s.a.Cancel(s.ctx, "c1", o.PaymentID)
	s.must(err)
	s.state(canceled, gateway.Processing)
	s.must(s.Settle(o.PaymentID))
	o = s.lookup(o.PaymentID)
	s.state(o, gateway.Succeeded)
	if o.Received != 10_00 || o.Returned() || o.Disputed() {
		s.Errorf("settled: %+v", o)
	}
	s.taken("PAY-1", 10_00, 1)
}

func (s *suite) bankFails() {
	for m, want := range map[Method]gateway.Code{PoorBank: gateway.InsufficientFunds, ClosedBank: gateway.AccountClosed} {
		nacha := map[Method]string{PoorBank: "R01", ClosedBank: "R02"}[m]
		o, err := s.a.Charge(s.ctx, string(m), s.charge(string(want), m, 10_00))
		s.must(err)
		s.state(o, gateway.Processing)
		s.must(s.Return(o.PaymentID, nacha))
		o = s.lookup(o.PaymentID)
		s.state(o, gateway.Failed)
		s.failure(o.Failure, want)
		if o.Failure.Network != nacha {
			s.Errorf("the bank's code is %q; want %q", o.Failure.Network, nacha)
		}
		s.taken(string(want), 0, 0)
	}
}

func (s *suite) bankReturns() {
	for nacha, want := range map[string]gateway.Code{"R01": gateway.InsufficientFunds, "R10": gateway.DebitNotAuthorized} {
		o, err := s.a.Charge(s.ctx, nacha, s.charge("PAY-"+nacha, GoodBank, 10_00))
		s.must(err)
		s.must(s.Settle(o.PaymentID))
		s.must(s.Return(o.PaymentID, nacha))
		o = s.lookup(o.PaymentID)
		s.state(o, gateway.Succeeded)
		if !o.Returned() || len(o.Disputes) != 1 {
			s.Fatalf("after %s: %+v", nacha, o)
		}
		d := o.Disputes[0]
		s.failure(&d.Failure, want)
		if !d.Return || d.State != gateway.DisputeLost || d.Amount != 10_00 || d.Failure.Network != nacha {
			s.Errorf("after %s: %+v", nacha, d)
		}
		if by := s.lookup(d.ID); by.PaymentID != o.PaymentID {
			s.Errorf("looked up by the return's id: %+v", by)
		}
	}
}

func (s *suite) microDeposits() {
	for i, right := range []bool{true, false} {
		reference := fmt.Sprintf("PAY-%d", i)
		p := s.page(reference, gateway.ECheck, 10_00)
		p.KeepOnFile = true
		page, err := s.a.OpenPaymentPage(s.ctx, reference, p)
		s.must(err)
		if location, err := s.Fill(page, ProvedBank); err != nil || location != p.SuccessURL {
			s.Fatalf("sent to %q, %v", location, err)
		}
		o := s.lookup(page.ID)
		s.state(o, gateway.Action)
		if o.ActionURL == "" {
			s.Fatal("no address to verify at")
		}
		// The page is done and cannot be closed any more; the state says so.
		closed, err := s.a.Cancel(s.ctx, "close-"+reference, o.PaymentID)
		s.must(err)
		s.state(closed, gateway.Action)
		s.taken(reference, 0, 0)
		if right {
			s.must(s.Verify(o.ActionURL, false))
			s.must(s.Verify(o.ActionURL, true))
			s.state(s.lookup(page.ID), gateway.Processing)
			s.taken(reference, 10_00, 1)
			continue
		}
		for range 3 {
			s.must(s.Verify(o.ActionURL, false))
		}
		o = s.lookup(page.ID)
		s.state(o, gateway.Failed)
		s.failure(o.Failure, gateway.VerificationFailed)
		s.taken(reference, 0, 0)
	}
	for i, right := range []bool{true, false} {
		reference := fmt.Sprintf("SET-%d", i)
		page, err := s.a.OpenSetupPage(s.ctx, reference, gateway.SetupPage{
			Reference: reference, CustomerID: s.customer, Kind: gateway.ECheck,
			SuccessURL: "https://portal.example.com/done", CancelURL: "https://portal.example.com/methods",
			ExpiresAt: calendar.InstantOf(s.Clock().Now().Add(gateway.MinPageLife)),
		})
		s.must(err)
		_, err = s.Fill(page, ProvedBank)
		s.must(err)
		setup, err := s.a.LookupSetup(s.ctx, page.ID)
		s.must(err)
		if setup.State != gateway.Action || setup.ActionURL == "" {
			s.Fatalf("before it is verified: %+v", setup)
		}
		before, err := s.a.Methods(s.ctx, s.customer)
		s.must(err)
		want := gateway.Succeeded
		if right {
			s.must(s.Verify(setup.ActionURL, true))
		} else {
			want = gateway.Failed
			s.Clock().Advance(10 * 24 * time.Hour)
		}
		setup, err = s.a.LookupSetup(s.ctx, page.ID)
		s.must(err)
		after, err := s.a.Methods(s.ctx, s.customer)
		s.must(err)
		if setup.State != want || (len(after) == len(before)+1) != right {
			s.Errorf("verified %v: %+v, %d methods after %d", right, setup, len(after), len(before))
		}
		if !right {
			s.failure(setup.Failure, gateway.VerificationFailed)
		}
	}
}

func (s *suite) refunds() {
	o, err := s.a.Charge(s.ctx, "k1", s.charge("PAY-1", GoodCard, 10_00))
	s.must(err)
	done := gateway.RefundSucceeded
	if s.limits.SettlesFirst {
		s.must(s.Settle(o.PaymentID))
		done = gateway.RefundPending
	}
	part := gateway.Refund{Reference: "REF-1", PaymentID: o.PaymentID, Amount: 4_00}
	first, err := s.a.Refund(s.ctx, "r1", part)
	s.must(err)
	again, err := s.a.Refund(s.ctx, "r1", part)
	s.must(err)
	if first.State != done || first.ID == "" || first.ID != again.ID || first.Amount != 4_00 || first.Reference != "REF-1" || first.PaymentID != o.PaymentID {
		s.Errorf("refund %+v, again %+v", first, again)
	}
	if o = s.lookup(first.ID); o.Refunded != 4_00 || o.State != gateway.Succeeded {
		s.Errorf("after the refund: %+v", o)
	}
	tooMuch, err := s.a.Refund(s.ctx, "r2", gateway.Refund{Reference: "REF-2", PaymentID: o.PaymentID, Amount: 6_01})
	s.must(err)
	if tooMuch.State != gateway.RefundFailed || tooMuch.Failure == nil || tooMuch.Failure.Code != gateway.NotRefundable {
		s.Errorf("a refund of more than is left: %+v", tooMuch)
	}
	rest, err := s.a.Refund(s.ctx, "r3", gateway.Refund{Reference: "REF-3", PaymentID: o.PaymentID, Amount: 6_00})
	s.must(err)
	if rest.State != done {
		s.Errorf("the rest: %+v", rest)
	}
	list, err := s.a.Refunds(s.ctx, o.PaymentID)
	s.must(err)
	if len(list) != 2 || list[0] != rest || list[1] != first {
		s.Errorf("refunds %+v", list)
	}
	if _, err := s.a.Refund(s.ctx, "r4", gateway.Refund{Reference: "REF-4", PaymentID: "pi_nobody", Amount: 1_00}); !errors.Is(err, gateway.ErrNotFound) {
		s.Errorf("a refund of nothing: %v", err)
	}
}

func (s *suite) disputes() {
	o, err := s.a.Charge(s.ctx, "k1", s.charge("PAY-1", GoodCard, 10_00))
	s.must(err)
	s.must(s.Dispute(o.PaymentID))
	o = s.lookup(o.PaymentID)
	opened := gateway.DisputeOpen
	if s.limits.FinalDisputes {
		opened = gateway.DisputeLost
	}
	if o.State != gateway.Succeeded || o.Returned() || len(o.Disputes) != 1 || o.Disputes[0].State != opened || o.Disputes[0].Return {
		s.Fatalf("disputed: %+v", o)
	}
	refused, err := s.a.Refund(s.ctx, "r1", gateway.Refund{Reference: "REF-1", PaymentID: o.PaymentID, Amount: 10_00})
	s.must(err)
	if refused.State != gateway.RefundFailed {
		s.Errorf("a disputed payment was refunded as well: %+v", refused)
	}
	won := s.limits.FinalDisputes
	s.must(s.EndDispute(o.PaymentID, won))
	ended := gateway.DisputeLost
	if won {
		ended = gateway.DisputeWon
	}
	if o = s.lookup(o.PaymentID); len(o.Disputes) != 1 || o.Disputes[0].State != ended {
		s.Errorf("ended as %s: %+v", ended, o.Disputes)
	}
}

func (s *suite) webhooks() {
	kind, object := "payment_intent.succeeded", "pi_123"
	if w := s.limits.Webhook; w[0] != "" {
		kind, object = w[0], w[1]
	}
	body, name, value := s.SignedWebhook("evt_1", kind, object)
	header := func(v string) func(string) string {
		return func(asked string) string {
			if strings.EqualFold(asked, name) {
				return v
			}
			return ""
		}
	}
	e, err := s.a.VerifyWebhook(body, header(value))
	s.must(err)
	if e.ID != "evt_1" || e.Type != kind || e.ObjectID != object || e.Subject != gateway.AboutPayment {
		s.Errorf("event %+v", e)
	}
	refused := func(what string, body []byte, value string) {
		s.Helper()
		if e, err := s.a.VerifyWebhook(body, header(value)); !errors.Is(err, gateway.ErrSignature) || e.ID != "" {
			s.Errorf("%s: %+v, %v", what, e, err)
		}
	}
	refused("no signature", body, "")
	refused("nonsense", body, "t=1,v1=zz")
	refused("a changed body", slices.Concat(body, []byte(" ")), value)
	refused("a body that is no event", []byte("{}"), value)
	if s.limits.Timeless {
		return
	}
	s.Clock().Advance(4 * time.Minute)
	_, err = s.a.VerifyWebhook(body, header(value))
	s.must(err)
	s.Clock().Advance(2 * time.Minute)
	refused("six minutes old", body, value)
	s.Clock().Advance(-12 * time.Minute)
	refused("from the future", body, value)
}

func (s *suite) changes() {
	_, cursor, more, err := s.a.Changes(s.ctx, "")
	s.must(err)
	for more {
		_, cursor, more, err = s.a.Changes(s.ctx, cursor)
		s.must(err)
	}
	s.Clock().Advance(time.Hour)
	card, err := s.a.Charge(s.ctx, "k1", s.charge("PAY-1", GoodCard, 10_00))
	s.must(err)
	s.Clock().Advance(time.Minute)
	bank, err := s.a.Charge(s.ctx, "k2", s.charge("PAY-2", GoodBank, 10_00))
	s.must(err)
	// Two weeks away: nothing is skipped, whatever the number of calls.
	s.Clock().Advance(14 * 24 * time.Hour)
	s.must(s.Settle(bank.PaymentID))
	seen := map[string]bool{}
	var order []string
	calls := 0
	for more := true; more; calls++ {
		var events []gateway.Event
		events, cursor, more, err = s.a.Changes(s.ctx, cursor)
		s.must(err)
		for _, e := range events {
			if !seen[e.ID] {
				order = append(order, e.Type+" "+e.ObjectID)
			}
			seen[e.ID] = true
			if e.Created.IsZero() || e.Subject == gateway.AboutPayment && s.lookup(e.ObjectID).PaymentID == "" {
				s.Errorf("event %+v", e)
			}
		}
		if calls > 1000 {
			s.Fatal("the list of changes does not end")
		}
	}
	want := []string{"payment_intent.succeeded " + card.PaymentID, "payment_intent.processing " + bank.PaymentID, "payment_intent.succeeded " + bank.PaymentID}
	if s.limits.Changes != nil {
		want = s.limits.Changes(card.PaymentID, bank.PaymentID)
	}
	if !slices.Equal(order, want) {
		s.Errorf("changes %v; want %v", order, want)
	}
	if _, _, _, err := s.a.Changes(s.ctx, "nonsense"); err == nil {
		s.Error("a cursor of nonsense was taken")
	}
}
