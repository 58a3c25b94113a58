package office_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/settings"
)

// processor puts a sandbox behind the desk, with a card of the first customer's on
// file, and returns it with the card's id.
func (d *desk) processor() (*sandbox.Sandbox, string) {
	d.Helper()
	var pay *payment.Service
	box, err := sandbox.New(sandbox.Config{BaseURL: "http://portal.example/sandbox", Business: "Acme", Clock: d.clock.Now,
		Deliver: func(ctx context.Context, body []byte, signature string) error {
			return pay.Receive(ctx, "sandbox", body, func(string) string { return signature })
		}})
	must(d, err)
	writer, err := outbox.NewWriter(d.store, "http://portal.example")
	must(d, err)
	pay = payment.New(d.db, d.clock.Now, d.store, writer, d.ledger, payment.Gateways{"sandbox": func(*settings.Settings) (gateway.Adapter, error) { return box, nil }},
		slog.New(slog.DiscardHandler))
	d.screens.Payments = pay
	must(d, d.store.Set(d.Context(), audit.Program, map[string]string{"payments.gateway": "sandbox", "company.email": "office@dealer.example"}))
	ref, err := box.SaveCustomer(d.Context(), "c", "", gateway.Customer{Reference: d.number, Name: "Zoë"})
	must(d, err)
	token, err := box.Attach(ref, "pm_card_visa")
	must(d, err)
	var id int64
	d.write(func(q *db.Queries) error {
		if err := q.PutGatewayCustomer(d.Context(), db.PutGatewayCustomerParams{CustomerID: d.customer[0], Gateway: "sandbox", Ref: ref}); err != nil {
			return err
		}
		var err error
		id, err = q.AddMethod(d.Context(), db.AddMethodParams{CustomerID: d.customer[0], Gateway: "sandbox", Ref: token, Kind: "card", Brand: "Visa", Last4: "4242", ExpYear: 2030, ExpMonth: 12, CreatedAt: 1})
		return err
	})
	return box, fmt.Sprint(id)
}

// paid pays invoices in full by the card on file.
func (d *desk) paid(card string, numbers ...string) string {
	d.Helper()
	rows := map[string]payment.RowChoice{}
	for _, n := range numbers {
		rows[n] = payment.RowChoice{Yes: true}
	}
	r, err := d.screens.Payments.Submit(d.Context(), audit.Program, d.customer[0], payment.Order{Nonce: payment.NewNonce(),
		Choice: payment.Choice{Rows: rows, Kind: "card", Method: card}})
	must(d, err)
	if r.State != payment.Succeeded {
		d.Fatalf("%+v", r)
	}
	return r.Reference
}

func (d *desk) balance(number string) money.Cents {
	d.Helper()
	return money.Cents(d.count(`SELECT balance_cents FROM invoices WHERE number = ?`, number))
}

// nonce reads the nonce of a form that is shown.
func (d *desk) nonceOf(role, address string) string {
	d.Helper()
	nonce, ok := d.page(role, address).Find(`input[name=nonce]`).First().Attr("value")
	if !ok || len(nonce) != 32 {
		d.Fatalf("%s has no nonce", address)
	}
	return nonce
}

func (d *desk) sound() {
	d.Helper()
	must(d, d.db.View(d.Context(), func(q *db.Queries) error {
		found, err := ledger.CheckBooks(d.Context(), q, 1)
		for _, f := range found {
			d.Errorf("the books: %s", f)
		}
		return err
	}))
}

// TestAPaymentThatTookNothing says so in place of a table of what it paid.
func TestAPaymentThatTookNothing(t *testing.T) {
	d := newDesk(t)
	first, second := d.issue(d.customer[0], "10/1", today.AddDays(-20), 50_00), d.issue(d.customer[0], "10023", today, 30_00)
	for state, meaning := range map[string]string{"failed": "Declined It did not go through and nothing was charged.", "canceled": "Not made It was given up before anything was charged."} {
		d.exec(`INSERT INTO payments (reference, customer_id, state, source, kind, type_label, number_label, brand, amount_cents, payment_date, idempotency_key, nonce, created_at, settled_at)
			VALUES (?1, ?2, ?1, 'portal', 'card', 'Credit Card', '0002', 'Visa', 6000, '2026-11-15', ?1, ?1, 1, 2)`, state, d.customer[0])
		d.exec(`INSERT INTO allocations (payment_id, invoice_id, cents) SELECT p.id, a.column1, a.column2 FROM payments p, (VALUES (?, 5000), (?, 1000)) a WHERE p.reference = ?`, first, second, state)
		doc := d.page("billing", d.path+"/payments/"+state)
		says(t, doc, meaning, "PaidNothing", "Was meant forInvoice 10/1, $50.00Invoice 10023, $10.00")
		hides(t, doc, "What it paid", "Left", "Receipt")
		if doc.Find("table").Length() != 0 {
			t.Errorf("%s: a table says what it paid", state)
		}
	}
}

func TestRefundScreens(t *testing.T) {
	for name, headers := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			box, card := d.processor()
			d.issue(d.customer[0], "10001", "2026-11-20", 4500)
			d.issue(d.customer[0], "10002", "2026-12-20", 3000)
			reference := d.paid(card, "10001", "10002")
			at := d.path + "/payments/" + reference
			says(t, d.page("billing", at), "Give money back")
			hides(t, d.page("sales", at), "Give money back")
			says(t, d.page("billing", at+"/refund"), "up to $75.00 can be given back", "Invoice 10002", "Back to Visa ending 4242", "Give back $75.00")
			nonce := d.nonceOf("billing", at+"/refund")
			form := url.Values{"nonce": {nonce}, "amount": {"40"}, "way": {"gateway"}, "reason": {"Charged <xpr0be> twice"}}
			// what it would do, the invoice that is due last first
			doc := d.parse(d.send("billing", at+"/refund/preview", form, headers...), 200)
			says(t, doc, "Give back $40.00", "Left of the payment$35.00")
			if v, _ := doc.Find(`input[name="` + payment.PartField("10002") + `"]`).Attr("value"); v != "30.00" {
				t.Errorf("off invoice 10002: %q", v)
			}
			if box.Charges()[0].Refunded != 0 || d.count(`SELECT count(*) FROM refunds`) != 0 {
				t.Fatal("a look at it gave money back")
			}
			// refused: every value still there
			for field, value := range map[string]string{"amount": "75.01", "reason": "", payment.PartField("10001"): "99"} {
				bad := url.Values{}
				for k, v := range form {
					bad[k] = v
				}
				bad.Set(field, value)
				w := d.send("billing", at+"/refund", bad, headers...)
				if w.Code != 422 || !strings.Contains(w.Body.String(), "error-summary") || field != "reason" && !strings.Contains(w.Body.String(), `value="`+value+`"`) {
					t.Errorf("%s=%q: %d\n%s", field, value, w.Code, w.Body)
				}
			}
			d.done(d.send("billing", at+"/refund", form, headers...), at)
			d.done(d.send("billing", at+"/refund", form, headers...), at) // a second press
			if d.balance("10002") != 3000 || d.balance("10001") != 1000 || box.Charges()[0].Refunded != 4000 {
				t.Errorf("balances %s and %s, given back %s", d.balance("10001"), d.balance("10002"), box.Charges()[0].Refunded)
			}
			says(t, d.page("sales", at), "Partly refunded", "Given back", "To Visa ending 4242", "Charged <xpr0be> twice")
			// parts of one's own
			form = url.Values{"nonce": {d.nonceOf("owner", at+"/refund")}, "amount": {"10"}, "way": {"cash"}, "reason": {"x"}, payment.PartField("10001"): {"10"}}
			d.done(d.send("owner", at+"/refund", form, headers...), at)
			if d.balance("10001") != 2000 {
				t.Errorf("balance %s", d.balance("10001"))
			}
			form.Set("nonce", "")
			if w := d.send("owner", at+"/refund", form, headers...); w.Code != 409 {
				t.Errorf("without a nonce: %d", w.Code)
			}
			d.sound()
		})
	}
}

func TestReturnedScreens(t *testing.T) {
	for name, headers := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			must(t, d.store.Set(t.Context(), audit.Program, map[string]string{"fees.return": "25.00", "company.email": "office@dealer.example"}))
			id := d.issue(d.customer[0], "10001", "2026-11-20", 4500)
			reference, err := d.ledger.EnterPayment(t.Context(), audit.Actor{Kind: audit.Staff, StaffID: d.staff["owner"]}, ledger.Entering{Nonce: "n", CustomerID: d.customer[0],
				Kind: ledger.Check, Number: "77", Amount: 5000, Date: "2026-11-10", Allocations: []ledger.Allocation{{InvoiceID: id}}})
			must(t, err)
			at := d.path + "/payments/" + reference
			says(t, d.page("billing", at), "Returned by the bank")
			says(t, d.page("billing", at+"/returned"), "Charge the return fee of $25.00", "What your state allows", "zoe@example.com", "Invoice 10001")
			form := url.Values{"nonce": {d.nonceOf("billing", at+"/returned")}, "date": {"2026-11-09"}, "reason": {"Not enough money"}, "fee": {"yes"}, "mail": {"yes"}}
			w := d.send("billing", at+"/returned", form, headers...)
			if w.Code != 422 || !strings.Contains(w.Body.String(), "before the payment was made") {
				t.Errorf("too early: %d", w.Code)
			}
			form.Set("date", "2026-11-14")
			d.done(d.send("billing", at+"/returned", form, headers...), at)
			d.done(d.send("billing", at+"/returned", form, headers...), at)
			if d.balance("10001") != 4500 || d.count(`SELECT count(*) FROM ledger WHERE reason = 'return'`) != 2 || d.count(`SELECT -sum(cents) FROM ledger`) != 0 {
				t.Errorf("balance %s", d.balance("10001"))
			}
			if n := d.count(`SELECT count(*) FROM invoices WHERE total_cents = 2500`); n != 1 {
				t.Errorf("%d fees", n)
			}
			if d.count(`SELECT count(*) FROM outbox WHERE to_email = 'zoe@example.com' AND kind = 'payment_reversed'`) != 1 || d.count(`SELECT count(*) FROM outbox WHERE to_email = 'office@dealer.example'`) != 1 {
				t.Error("both sides are told once")
			}
			doc := d.page("billing", at)
			says(t, doc, "Returned", "Not enough money", "Return fee$25.00")
			hides(t, doc, "Give money back", "Mark as returned")
			says(t, d.page("billing", at+"/returned"), "was returned already")
			d.sound()
		})
	}
}

func TestVoidAndCreditScreens(t *testing.T) {
	for name, headers := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			one := d.issue(d.customer[0], "10001", "2026-11-20", 4500)
			d.issue(d.customer[0], "10002", "2026-12-20", 3000)
			_, err := d.ledger.EnterPayment(t.Context(), audit.Actor{Kind: audit.Staff, StaffID: d.staff["owner"]}, ledger.Entering{Nonce: "n", CustomerID: d.customer[0],
				Kind: ledger.Check, Number: "77", Amount: 2000, Date: "2026-11-10", Allocations: []ledger.Allocation{{InvoiceID: one}}})
			must(t, err)
			// a credit on the second
			at := d.path + "/credit/new"
			form := url.Values{"nonce": {d.nonceOf("billing", at+"?invoice=10002")}, "invoice": {"10002"}, "amount": {"5"}, "reason": {"No service on the 3rd"}, "mail": {"yes"}}
			says(t, d.parse(d.send("billing", at+"/preview", form, headers...), 200), "Give a credit of $5.00", "$25.00")
			bad := url.Values{"nonce": {payment.NewNonce()}, "invoice": {"10002"}, "amount": {"30.01"}, "reason": {"x"}}
			if w := d.send("billing", at, bad, headers...); w.Code != 422 || !strings.Contains(w.Body.String(), "left to pay") {
				t.Errorf("more than is owed: %d", w.Code)
			}
			d.done(d.send("billing", at, form, headers...), d.path+"/credit")
			d.done(d.send("billing", at, form, headers...), d.path+"/credit")
			if d.balance("10002") != 2500 || d.count(`SELECT count(*) FROM ledger WHERE reason = 'credit'`) != 1 {
				t.Errorf("balance %s", d.balance("10002"))
			}
			// void the first
			at = d.path + "/invoices/10001/void"
			says(t, d.page("billing", at), "becomes unapplied credit", "Becomes unapplied credit$20.00", "Void invoice 10001")
			form = url.Values{"nonce": {d.nonceOf("billing", at)}, "reason": {""}, "mail": {"yes"}}
			if w := d.send("billing", at, form, headers...); w.Code != 422 {
				t.Errorf("without a reason: %d", w.Code)
			}
			form.Set("reason", "Never ordered")
			d.done(d.send("billing", at, form, headers...), "/office/invoices/10001")
			d.done(d.send("billing", at, form, headers...), "/office/invoices/10001")
			says(t, d.page("billing", "/office/invoices/10001"), "Void")
			if d.balance("10001") != 0 || d.text(`SELECT state FROM invoices WHERE number = '10001'`) != "void" {
				t.Error("not void")
			}
			if d.count(`SELECT count(*) FROM outbox WHERE kind = 'invoice_voided'`) != 1 || d.count(`SELECT count(*) FROM outbox WHERE kind = 'credit_given'`) != 1 {
				t.Error("mails")
			}
			says(t, d.page("billing", at), "void already")
			// the paper stays
			if w := d.send("billing", d.path+"/invoices/10001.pdf", nil); w.Code != 200 {
				t.Errorf("the paper of a void invoice: %d", w.Code)
			}
			// the freed money goes to the second, and comes off again
			doc := d.page("billing", d.path+"/credit")
			says(t, doc, "$20.00 unapplied credit", "Check 77", "Credit memo")
			reference := d.text(`SELECT reference FROM payments WHERE kind = 'check'`)
			form = url.Values{"nonce": {payment.NewNonce()}, "payment": {reference}, "invoice": {"10002"}, "amount": {"20.01"}}
			w := d.send("billing", d.path+"/credit/apply", form, headers...)
			if w.Code != 422 || !strings.Contains(w.Body.String(), "only $20.00") || !strings.Contains(w.Body.String(), `value="20.01"`) {
				t.Errorf("more than there is: %d\n%s", w.Code, w.Body)
			}
			form.Set("amount", "15")
			d.done(d.send("billing", d.path+"/credit/apply", form, headers...), d.path+"/credit")
			d.done(d.send("billing", d.path+"/credit/apply", form, headers...), d.path+"/credit")
			if d.balance("10002") != 1000 {
				t.Errorf("balance %s", d.balance("10002"))
			}
			form.Set("nonce", payment.NewNonce())
			form.Set("amount", "4")
			d.done(d.send("billing", d.path+"/credit/unapply", form, headers...), d.path+"/credit")
			d.done(d.send("billing", d.path+"/credit/unapply", form, headers...), d.path+"/credit")
			if d.balance("10002") != 1400 {
				t.Errorf("balance %s", d.balance("10002"))
			}
			if d.send("sales", d.path+"/credit/apply", form).Code != 403 {
				t.Error("sales moved money")
			}
			hides(t, d.page("sales", d.path+"/credit"), "Give a credit", "Take off")
			d.sound()
		})
	}
}

func TestApprovalScreens(t *testing.T) {
	for name, headers := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			box, card := d.processor()
			must(t, d.store.Set(t.Context(), audit.Program, map[string]string{"approvals.above": "20.00"}))
			d.issue(d.customer[0], "10001", "2026-11-20", 4500)
			reference := d.paid(card, "10001")
			at := d.path + "/payments/" + reference + "/refund"
			form := url.Values{"nonce": {d.nonceOf("owner", at)}, "amount": {"30"}, "way": {"gateway"}, "reason": {"Charged twice"}}
			// nobody else can log in with that role yet
			w := d.send("owner", at, form, headers...)
			if w.Code != 409 || !strings.Contains(w.Body.String(), "nobody else on the staff") {
				t.Errorf("alone: %d", w.Code)
			}
			d.exec(`UPDATE staff SET password_hash = 'x'`)
			says(t, d.page("owner", at), "above $20.00", "Ask to give back $45.00")
			d.done(d.send("owner", at, form, headers...), "/office/approvals")
			d.done(d.send("owner", at, form, headers...), "/office/approvals")
			if d.count(`SELECT count(*) FROM approvals`) != 1 || box.Charges()[0].Refunded != 0 {
				t.Fatal("asked twice, or done at once")
			}
			if got := d.text(`SELECT group_concat(to_email) FROM outbox WHERE subject LIKE 'Waits for you%'`); got != "billing@dealer.example" {
				t.Errorf("mailed to %s", got)
			}
			says(t, d.page("billing", "/office"), "Waiting for a second person", "1 request over $30.00")
			says(t, d.page("owner", "/office"), "You asked for it yourself")
			doc := d.page("owner", "/office/approvals")
			says(t, doc, "Refund of $30.00", "somebody else has to decide", "Take it back")
			if doc.Find(`form[action$="/approve"]`).Length() != 0 {
				t.Error("the one who asked may approve")
			}
			one := "/office/approvals/1/"
			if w := d.send("owner", one+"approve", url.Values{}, headers...); w.Code != 403 {
				t.Errorf("the one who asked approves: %d", w.Code)
			}
			if w := d.send("billing", one+"decline", url.Values{"reason-1": {""}}, headers...); w.Code != 422 || !strings.Contains(w.Body.String(), "Enter a reason") {
				t.Errorf("declined without a reason: %d", w.Code)
			}
			says(t, d.page("billing", d.path+"/payments/"+reference), "Waits for a second person: Refund of $30.00")
			// what changed meanwhile is looked at again
			d.exec(`INSERT INTO refunds (reference, payment_id, source, way, cents, reason, state, idempotency_key, nonce, refund_date, created_at) SELECT 'Rx', id, 'office', 'gateway', 2000, 'x', 'submitted', 'k', 'k', '2026-11-15', 1 FROM payments`)
			if w := d.send("billing", one+"approve", url.Values{}, headers...); w.Code != 422 || !strings.Contains(w.Body.String(), "Only $25.00") {
				t.Errorf("more than is left by now: %d", w.Code)
			}
			d.exec(`DELETE FROM refunds`)
			d.done(d.send("billing", one+"approve", url.Values{}, headers...), "/office/approvals")
			if w := d.send("billing", one+"approve", url.Values{}, headers...); w.Code != 409 || !strings.Contains(w.Body.String(), "approved already") {
				t.Errorf("approved twice: %d", w.Code)
			}
			if box.Charges()[0].Refunded != 3000 || d.balance("10001") != 3000 {
				t.Errorf("given back %s", box.Charges()[0].Refunded)
			}
			if d.count(`SELECT count(*) FROM outbox WHERE to_email = 'owner@dealer.example' AND subject LIKE 'Approved%'`) != 1 {
				t.Error("the one who asked is not told")
			}
			if got := d.text(`SELECT group_concat(action) FROM audit WHERE action LIKE 'refund.%' ORDER BY id`); got != "refund.ask,refund.planned,refund.approved,refund.succeeded" {
				t.Errorf("trail: %s", got)
			}
			says(t, d.page("billing", "/office/approvals"), "Approved", "The billing")

			// a void that is declined, a credit that nobody decides, one that is taken back
			d.issue(d.customer[0], "10002", "2026-12-20", 3000)
			v := d.path + "/invoices/10002/void"
			d.done(d.send("billing", v, url.Values{"nonce": {d.nonceOf("billing", v)}, "reason": {"x"}}, headers...), "/office/approvals")
			d.done(d.send("owner", "/office/approvals/2/decline", url.Values{"reason-2": {"It was ordered"}}, headers...), "/office/approvals")
			cr := d.path + "/credit/new"
			d.done(d.send("billing", cr, url.Values{"nonce": {payment.NewNonce()}, "amount": {"50"}, "reason": {"x"}}, headers...), "/office/approvals")
			d.done(d.send("billing", cr, url.Values{"nonce": {payment.NewNonce()}, "amount": {"60"}, "reason": {"x"}}, headers...), "/office/approvals")
			d.done(d.send("billing", "/office/approvals/4/withdraw", url.Values{}, headers...), "/office/approvals")
			d.clock.Advance(8 * 24 * time.Hour)
			if w := d.send("owner", "/office/approvals/3/approve", url.Values{}, headers...); w.Code != 409 || !strings.Contains(w.Body.String(), "seven days") {
				t.Errorf("too late: %d", w.Code)
			}
			must(t, d.screens.Payments.Settle(t.Context()))
			says(t, d.page("billing", "/office/approvals"), "Declined", "It was ordered", "Expired", "Taken back")
			if d.text(`SELECT state FROM invoices WHERE number = '10002'`) != "issued" || d.count(`SELECT count(*) FROM payments WHERE kind = 'credit'`) != 0 {
				t.Error("done without a second person")
			}
			// a credit that is approved
			d.done(d.send("billing", cr, url.Values{"nonce": {payment.NewNonce()}, "invoice": {"10002"}, "amount": {"25"}, "reason": {"x"}}, headers...), "/office/approvals")
			d.done(d.send("owner", "/office/approvals/5/approve", url.Values{}, headers...), "/office/approvals")
			d.done(d.send("billing", v, url.Values{"nonce": {d.nonceOf("billing", v)}, "reason": {"x"}, "mail": {"yes"}}, headers...), "/office/approvals")
			d.done(d.send("owner", "/office/approvals/6/approve", url.Values{}, headers...), "/office/approvals")
			if d.text(`SELECT state FROM invoices WHERE number = '10002'`) != "void" {
				t.Error("not void")
			}
			d.sound()
		})
	}
}

func TestDisputeScreens(t *testing.T) {
	d := newDesk(t)
	says(t, d.page("billing", "/office/disputes"), "No payment is disputed")
	box, card := d.processor()
	d.issue(d.customer[0], "10001", "2026-11-20", 4500)
	reference := d.paid(card, "10001")
	id := box.Charges()[0].PaymentID
	must(t, box.Dispute(id))
	box.DeliverPending(t.Context())
	says(t, d.page("billing", "/office"), "Disputes to be answered", "1 payment is disputed", "must be answered by Nov 29, 2026")
	says(t, d.page("billing", "/office/disputes"), reference, "Zoë O'Neil", "$45.00", "Nov 29, 2026")
	says(t, d.page("owner", "/office/disputes/1"), "Disputed: $45.00", "How to answer it", "Do not refund the payment meanwhile", "10001")
	at := d.path + "/payments/" + reference
	doc := d.page("billing", at)
	says(t, doc, "Disputed")
	hides(t, doc, "Give money back")
	says(t, d.page("billing", at+"/refund"), "While that is open nothing is given back")
	must(t, box.EndDispute(id, false))
	box.DeliverPending(t.Context())
	says(t, d.page("billing", "/office/disputes"), "Lost", "No payment is disputed")
	doc = d.page("billing", "/office/disputes/1")
	says(t, doc, "the invoices that the payment had paid are open again", "$45.00")
	hides(t, doc, "How to answer it")
	d.sound()
}
