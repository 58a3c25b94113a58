package sandbox

import (
	"maps"
	"slices"
)

// What happens to money. All of it runs under the lock of the Sandbox; whoever
// calls it commits the books before answering.

// fee is what a payment costs: Stripe's list prices in the US, 2.9 % and 30
// cents for cards, 0.8 % and at most $5 for bank debits, rounded half up.
func fee(kind string, amount int64) int64 {
	if kind == "card" {
		return (amount*29+500)/1000 + 30
	}
	return min((amount*8+500)/1000, 500)
}

// confirm charges a method, or asks the customer to authenticate first.
func (c *call) confirm(r *intent, m *method, offSession bool) {
	r.Method, r.Problem = m.ID, nil
	c.books.put(m)
	defer c.books.put(r)
	if m.Unverified {
		r.Status, r.VerifyUntil = "requires_action", c.now+verifyLife
		c.emit("payment_intent.requires_action", "payment_intent", r.ID)
		c.completePage(r.Session)
		return
	}
	if m.Type != "card" {
		c.charge(r, m)
		return
	}
	asks := m.Behavior == AsksAlways || m.Behavior == AsksThenDeclines || m.Behavior == AsksUnlessSetUp && (!offSession || !m.OffSession)
	switch {
	case asks && offSession:
		c.decline(r, m, needsAuthentication)
	case asks:
		r.Status = "requires_action"
		c.emit("payment_intent.requires_action", "payment_intent", r.ID)
	default:
		c.charge(r, m)
	}
}

// charge takes the money of a confirmed payment or declines it.
func (c *call) charge(r *intent, m *method) {
	defer c.books.put(r)
	if no := m.Behavior.declines(); m.Type == "card" && (no != nil || expired(m, c)) {
		if no == nil {
			no = DeclinesExpired.declines()
		}
		c.decline(r, m, no)
		return
	}
	ch := &charge{
		ID: "ch_3" + token(12), Seq: c.books.next(), Created: c.now, Intent: r.ID, Customer: r.Customer, Method: m.ID,
		Amount: r.Amount, Fee: fee(m.Type, r.Amount), Status: "succeeded",
	}
	r.Charge = ch.ID
	if r.KeepOnFile {
		m.Customer, m.OffSession = r.Customer, true
	} else if m.Customer == "" {
		m.Once = true
	}
	c.books.put(m)
	if m.Type == "card" {
		r.Status = "succeeded"
		c.books.put(ch)
		c.emit("payment_intent.succeeded", "payment_intent", r.ID)
		if m.Behavior == DisputedAtOnce {
			c.openDispute(r, ch, "needs_response", "fraudulent", "10.4")
		}
	} else {
		r.Status, ch.Status = "processing", "pending"
		if c.settleAfter > 0 && m.Behavior != BankNeverSettles {
			ch.SettleAt = c.now + max(int64(c.settleAfter.Seconds()), 1)
		}
		c.books.put(ch)
		c.emit("payment_intent.processing", "payment_intent", r.ID)
	}
	c.completePage(r.Session)
}

func expired(m *method, c *call) bool {
	now := c.clock().UTC()
	return m.ExpYear < now.Year() || m.ExpYear == now.Year() && m.ExpMonth < int(now.Month())
}

func (c *call) decline(r *intent, m *method, no *refusal) {
	ch := &charge{
		ID: "ch_3" + token(12), Seq: c.books.next(), Created: c.now, Intent: r.ID, Customer: r.Customer, Method: m.ID,
		Amount: r.Amount, Status: "failed", FailureCode: no.code, Message: no.message,
	}
	c.books.put(ch)
	if m.Customer == "" {
		m.Once = true
	}
	c.books.put(m)
	r.Charge, r.Status, r.Method = ch.ID, "requires_payment_method", ""
	r.Problem = &problem{Code: no.code, Decline: no.decline, Message: no.message, Method: m.ID, Charge: ch.ID}
	c.books.put(r)
	c.emit("payment_intent.payment_failed", "payment_intent", r.ID)
}

// authenticated ends the customer's visit to the bank's page.
func (c *call) authenticated(r *intent, passed bool) {
	m := c.books.methods[r.Method]
	if passed {
		c.charge(r, m)
		return
	}
	r.Status, r.Method = "requires_payment_method", ""
	r.Problem = &problem{
		Code: "payment_intent_authentication_failure", Method: m.ID,
		Message: "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
	}
	c.books.put(r)
	c.emit("payment_intent.payment_failed", "payment_intent", r.ID)
}

// setUp puts a method on file through a set-up page, or asks for authentication.
func (c *call) setUp(r *setupIntent, m *method, authenticated bool) {
	defer c.books.put(r)
	r.Method, r.Problem = m.ID, nil
	c.books.put(m)
	if m.Unverified {
		r.Status, r.VerifyUntil = "requires_action", c.now+verifyLife
		c.completePage(r.Session)
		return
	}
	asks := m.Behavior == AsksAlways || m.Behavior == AsksUnlessSetUp || m.Behavior == AsksThenDeclines
	if asks && !authenticated {
		r.Status = "requires_action"
		return
	}
	if no := m.Behavior.declines(); m.Type == "card" && no != nil && m.Behavior != DeclinesOnceOnFile {
		r.Status, r.Method = "requires_payment_method", ""
		r.Problem = &problem{Code: no.code, Decline: no.decline, Message: no.message, Method: m.ID}
		m.Once = true
		c.books.put(m)
		c.emit("setup_intent.setup_failed", "setup_intent", r.ID)
		return
	}
	r.Status = "succeeded"
	m.Customer, m.OffSession = r.Customer, true
	c.books.put(m)
	c.emit("setup_intent.succeeded", "setup_intent", r.ID)
	c.completePage(r.Session)
}

func (c *call) setUpRefused(r *setupIntent) {
	r.Problem = &problem{
		Code: "setup_intent_authentication_failure", Method: r.Method,
		Message: "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
	}
	r.Status, r.Method = "requires_payment_method", ""
	c.books.put(r)
	c.emit("setup_intent.setup_failed", "setup_intent", r.ID)
}

// Two deposits of a few cents prove that the account is the customer's. There are
// three tries, within ten days
// (https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment, on
// verification with micro-deposits).
const (
	verifyLife  = 10 * 24 * 60 * 60
	verifyTries = 3
)

// testDeposits are the amounts that verify every test account, in cents.
var testDeposits = [2]string{"32", "45"}

// verification reads what the two kinds of record that wait for micro-deposits
// have in common.
func verification(r record) (secret string, until int64, sessionID string) {
	switch r := r.(type) {
	case *intent:
		return r.Secret, r.VerifyUntil, r.Session
	case *setupIntent:
		return r.Secret, r.VerifyUntil, r.Session
	}
	return "", 0, ""
}

// verify ends the wait for micro-deposits, with "" or with why it failed.
func (c *call) verify(r record, failed string) {
	p := &problem{Code: failed, Message: "The bank account could not be verified."}
	switch r := r.(type) {
	case *intent:
		m := c.books.methods[r.Method]
		r.VerifyUntil = 0
		if failed == "" {
			m.Unverified = false
			c.charge(r, m)
			return
		}
		p.Method, r.Problem, r.Status, r.Method = m.ID, p, "requires_payment_method", ""
		c.books.put(r)
		c.emit("payment_intent.payment_failed", "payment_intent", r.ID)
		c.emit("checkout.session.async_payment_failed", "checkout.session", r.Session)
	case *setupIntent:
		m := c.books.methods[r.Method]
		r.VerifyUntil = 0
		if failed == "" {
			m.Unverified = false
			c.setUp(r, m, true)
			return
		}
		p.Method, r.Problem, r.Status, r.Method = m.ID, p, "requires_payment_method", ""
		c.books.put(r)
		c.emit("setup_intent.setup_failed", "setup_intent", r.ID)
	}
}

func (c *call) completePage(id string) {
	if p := c.books.sessions[id]; p != nil && p.Status == "open" {
		p.Status = "complete"
		c.books.put(p)
		c.emit("checkout.session.completed", "checkout.session", p.ID)
	}
}

func (c *call) expirePage(p *session) {
	p.Status = "expired"
	c.books.put(p)
	if r := c.books.intents[p.Intent]; r != nil {
		c.cancel(r)
	}
	c.emit("checkout.session.expired", "checkout.session", p.ID)
}

func (c *call) cancel(r *intent) {
	r.Status, r.CanceledAt, r.Problem = "canceled", c.now, nil
	c.books.put(r)
	c.emit("payment_intent.canceled", "payment_intent", r.ID)
}

// settle ends a bank debit: taken, or returned by the bank with a Nacha code.
func (c *call) settle(ch *charge, nacha string) {
	r, m := c.books.intents[ch.Intent], c.books.methods[ch.Method]
	ch.SettleAt = 0
	if ret, bad := bankReturns[nacha]; bad {
		ch.Status, ch.FailureCode, ch.Message, ch.Network = "failed", ret.code, ret.message, ret.network
		c.books.put(ch)
		r.Status, r.Method = "requires_payment_method", ""
		r.Problem = &problem{Code: ret.code, Decline: ret.code, Message: ret.message, Method: m.ID, Charge: ch.ID}
		c.books.put(r)
		c.emit("payment_intent.payment_failed", "payment_intent", r.ID)
		if r.Session != "" {
			c.emit("checkout.session.async_payment_failed", "checkout.session", r.Session)
		}
		return
	}
	ch.Status, r.Status = "succeeded", "succeeded"
	c.books.put(ch)
	c.books.put(r)
	c.emit("payment_intent.succeeded", "payment_intent", r.ID)
	if r.Session != "" {
		c.emit("checkout.session.async_payment_succeeded", "checkout.session", r.Session)
	}
	if m.Behavior == BankDisputed {
		c.bankReturn(ch, "R10")
	}
}

// bankReturn sends a debit back, before or after it was settled.
func (c *call) bankReturn(ch *charge, nacha string) {
	if ch.Status == "pending" {
		c.settle(ch, nacha)
		return
	}
	ret := bankReturns[nacha]
	c.openDispute(c.books.intents[ch.Intent], ch, "lost", ret.reason, ret.network)
}

func (c *call) openDispute(r *intent, ch *charge, status, reason, network string) {
	d := &dispute{
		ID: "du_1" + token(12), Seq: c.books.next(), Created: c.now, Intent: r.ID, Charge: ch.ID, Amount: ch.Amount - ch.Refunded,
		Status: status, Reason: reason, Network: network,
	}
	ch.Disputed = true
	c.books.put(ch)
	c.books.put(d)
	c.emit("charge.dispute.created", "dispute", d.ID)
	if status == "lost" {
		c.emit("charge.dispute.closed", "dispute", d.ID)
	}
}

func (c *call) makeRefund(r *intent, ch *charge, amount int64) *refund {
	re := &refund{
		ID: "re_3" + token(12), Seq: c.books.next(), Created: c.now, Intent: r.ID, Charge: ch.ID, Amount: amount,
		Status: "succeeded", Metadata: c.dict("metadata"),
	}
	m := c.books.methods[ch.Method]
	if m.Type != "card" {
		re.Status = "pending"
	}
	ch.Refunded += amount
	c.books.put(ch)
	c.books.put(re)
	c.emit("charge.refunded", "charge", ch.ID)
	if m.Behavior == RefundFails {
		c.endRefund(re, false)
	}
	return re
}

// endRefund settles a refund; a failed one comes back to the dealer.
func (c *call) endRefund(re *refund, paid bool) {
	if re.Status = "succeeded"; !paid {
		re.Status, re.FailureReason = "failed", "expired_or_canceled_card"
		ch := c.books.charges[re.Charge]
		ch.Refunded -= re.Amount
		c.books.put(ch)
		c.emit("refund.failed", "refund", re.ID)
	}
	c.books.put(re)
	c.emit("refund.updated", "refund", re.ID)
}

// advance does what time alone brings about: pages expire, debits settle.
func (s *Sandbox) advance(now int64) {
	if now == s.advanced {
		return // nothing falls due within the second it was made
	}
	s.advanced = now
	c := &call{Sandbox: s, now: now}
	for _, p := range newest(s.books.open, func(p *session) int64 { return -p.Seq }, func(p *session) bool { return p.ExpiresAt <= now }) {
		c.expirePage(p)
	}
	due := newest(s.books.pending, func(ch *charge) int64 { return -ch.Seq }, func(ch *charge) bool { return ch.SettleAt <= now })
	for _, ch := range due {
		m := s.books.methods[ch.Method]
		c.settle(ch, m.Behavior.returnsWith())
	}
	for _, r := range slices.Collect(maps.Values(s.books.verifying)) {
		if _, until, _ := verification(r); until <= now {
			c.verify(r, "payment_method_microdeposit_verification_timeout")
		}
	}
	if wait := int64(s.settleAfter.Seconds()); wait > 0 {
		sent := newest(s.books.refunding, func(re *refund) int64 { return -re.Seq }, func(re *refund) bool { return re.Created+wait <= now })
		for _, re := range sent {
			c.endRefund(re, true)
		}
	}
}

func (c *call) emit(kind, object, id string) {
	c.books.put(&event{
		ID: "evt_1" + token(12), Seq: c.books.next(), Created: c.now, Type: kind, Object: object, ObjectID: id,
		Delivered: c.deliver == nil,
	})
}
