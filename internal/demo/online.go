package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"time"

	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/payment"
)

// online is what customers did in the portal itself. It goes through the
// payment engine and the sandbox, each step on its own day.
type online struct {
	Tools
	box   *sandbox.Sandbox
	zone  *time.Location
	made  *maker
	books *books
	users map[int]int64  // who logs in for the customer at a place of households
	paid  map[int]string // the reference of that customer's latest payment
	steps []step
}

// step is one thing done on one day.
type step struct {
	at calendar.Instant
	do func(ctx context.Context) error
}

// on plans a step for an hour of a day. What would lie ahead is left out.
func (o *online) on(day calendar.Date, hour int, do func(ctx context.Context) error) {
	at := calendar.InstantOf(day.Time(o.zone).Add(time.Duration(hour) * time.Hour))
	if at < calendar.InstantOf(o.Clock.Now()) {
		o.steps = append(o.steps, step{at, do})
	}
}

// run does the steps in the order of their days.
func (o *online) run(ctx context.Context) error {
	now := o.Clock.Now()
	defer func() { o.Clock.Set(now) }()
	slices.SortStableFunc(o.steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	for _, s := range o.steps {
		o.Clock.Set(s.at.Time())
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("on %s: %w", s.at.Date(o.zone).ISO(), err)
		}
		// what the processor has to tell, and the mails, on the same day
		o.Clock.Advance(10 * time.Second)
		o.box.DeliverPending(ctx)
		if err := o.Payments.Settle(ctx); err != nil {
			return err
		}
		if err := o.Mail.Run(ctx); err != nil {
			return err
		}
	}
	// what is still at the bank was asked about just now, as in a portal that ran
	// all the time
	o.Clock.Set(now)
	return o.Payments.Settle(ctx)
}

func (o *online) who(customer int) audit.Actor {
	return audit.Actor{Kind: audit.Customer, UserID: o.users[customer], IP: fmt.Sprintf("203.0.113.%d", 20+customer),
		UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"}
}

// left lists the bills of a customer that the history left to be paid online,
// the oldest first.
func (o *online) left(customer int) []int {
	var own []int
	for n, b := range o.made.bills {
		if b.customer == customer {
			own = append(own, n)
		}
	}
	return own[max(0, len(own)-households[customer].online):]
}

// plan lays out who did what when.
func (o *online) plan() {
	const maria, siobhan, harbor, minh, ebenezer, james, priya, deshawn, zoe = 0, 1, 2, 3, 4, 5, 15, 20, 21
	today := o.made.today

	o.on(today.AddDays(-64), 19, o.keep(maria, gateway.Card, sandbox.Entry{Number: "4242424242424242", Expiry: o.expiry(29), CVC: "123"}, false))
	o.on(today.AddDays(-3), 18, o.keep(maria, gateway.Card, sandbox.Entry{Number: "4000000000000341", Expiry: o.expiry(17), CVC: "123"}, false))
	o.on(today.AddDays(-3), 19, o.pay(maria, gateway.Card, nil, 1, payment.Failed))

	o.monthly(siobhan, deshawn, priya)

	bills := o.left(harbor)
	first := o.made.bills[bills[0]].date
	o.on(first.AddDays(4), 9, o.keep(harbor, gateway.ECheck, sandbox.Entry{Routing: "110000000", Account: "000123456789"}, false))
	o.on(first.AddDays(5), 9, o.pay(harbor, gateway.ECheck, bills[:1], 1, payment.Processing))
	o.on(first.AddDays(8), 6, o.bank(harbor, o.box.Settle))
	o.on(today.AddDays(-1), 15, o.pay(harbor, gateway.ECheck, bills[1:2], 1, payment.Processing))

	bills = o.left(minh)
	o.on(o.made.bills[bills[0]].date.AddDays(1), 21, o.keep(minh, gateway.Card, sandbox.Entry{Number: "5555555555554444", Expiry: o.expiry(0), CVC: "123"}, false))
	o.on(o.made.bills[bills[0]].date.AddDays(2), 21, o.pay(minh, gateway.Card, bills[:1], 1, payment.Succeeded))

	o.on(max(today.AddDays(-2), o.made.bills[bills[0]].date.AddDays(3)), 9, o.bank(minh, o.box.Dispute))

	o.on(today.AddDays(-45), 10, o.keep(ebenezer, gateway.ECheck, sandbox.Entry{Routing: "110000000", Account: "000123456789"}, false))
	o.on(today.AddDays(-44), 10, o.pay(ebenezer, gateway.ECheck, nil, 2, payment.Processing))
	o.on(today.AddDays(-40), 6, o.bank(ebenezer, o.box.Settle))
	o.on(today.AddDays(-33), 6, o.bank(ebenezer, func(id string) error { return o.box.Return(id, "R01") }))

	o.on(today.AddDays(-90), 12, o.keep(james, gateway.Card, sandbox.Entry{Number: "378282246310005", Expiry: o.expiry(22), CVC: "1234"}, false))
	o.on(today.AddDays(-6), 20, o.autoPay(james, 6000))

	bills = o.left(zoe)
	o.on(o.made.bills[bills[0]].date.AddDays(2), 11, o.keep(zoe, gateway.Card, sandbox.Entry{Number: "6011111111111117", Expiry: o.expiry(26), CVC: "123"}, false))
	o.on(o.made.bills[bills[0]].date.AddDays(2), 12, o.pay(zoe, gateway.Card, bills[:1], 1, payment.Succeeded))
	o.on(today.AddDays(-2), 20, o.autoPay(zoe, 0))
	o.on(o.made.bills[bills[0]].date.AddDays(refundAfter), 14, o.refund(zoe, 1000, "The technician came a day late"))
	o.on(today.AddDays(-1), 10, o.askCredit(zoe, 15000, "No monitoring while the panel was out for repair"))
}

// autoPay switches auto pay on with the newest method on file, with the most that
// may be taken in one month.
func (o *online) autoPay(customer int, limit money.Cents) func(context.Context) error {
	return func(ctx context.Context) error {
		id := o.books.customers[customer]
		wallet, err := o.Payments.Wallet(ctx, id)
		if err != nil {
			return err
		}
		method := wallet.Methods[0].ID
		consent, err := o.Payments.ConsentUpTo(ctx, id, o.users[customer], "", method, limit)
		if err != nil {
			return err
		}
		return o.Payments.TurnOn(ctx, o.who(customer), id, method, consent.Token)
	}
}

// refundAfter is how many days after her bill Zoë gets a part of it back.
const refundAfter = 9

// expiry is a card's last month, so many months after the one that is about to
// end: with 0 it expires soon on whatever day the demonstration is made.
func (o *online) expiry(months int) string {
	last := o.made.today.AddDays(20).AddMonths(months)
	return fmt.Sprintf("%02d / %02d", last.Month(), last.Year()%100)
}

// page is the id of a hosted page, the last part of its address.
func page(address string) string { return path.Base(address) }

// keep puts a card or bank account on the customer's file, with auto pay when
// the box is ticked.
func (o *online) keep(customer int, kind gateway.Kind, e sandbox.Entry, auto bool) func(context.Context) error {
	return func(ctx context.Context) error {
		h, id := households[customer], o.books.customers[customer]
		e.Name, e.Zip = h.first+" "+h.last, h.zip
		order := payment.SetupOrder{Nonce: payment.NewNonce(), Kind: string(kind),
			Billing: payment.Billing{Name: e.Name, Line1: h.street, City: h.city, State: "MA", Zip: h.zip}}
		if auto {
			consent, err := o.Payments.Consent(ctx, id, o.users[customer], kind, 0)
			if err != nil {
				return err
			}
			order.Auto = consent.Token
		}
		visit, err := o.Payments.StartSetup(ctx, o.who(customer), id, order)
		if err != nil {
			return err
		}
		_, problems, err := o.box.Submit(page(visit.Redirect), e)
		if err != nil || len(problems) > 0 {
			return fmt.Errorf("putting on file for %s: %v, %w", h.display(), problems, err)
		}
		done, err := o.Payments.Setup(ctx, id, visit.Reference)
		if err == nil && !done.Done {
			err = fmt.Errorf("nothing on file for %s: %s", h.display(), done.Message)
		}
		return err
	}
}

// pay pays some bills, or without any the oldest open ones, by the newest method
// of a kind.
func (o *online) pay(customer int, kind gateway.Kind, bills []int, oldest int, want payment.State) func(context.Context) error {
	return func(ctx context.Context) error {
		id := o.books.customers[customer]
		rows, total, err := o.choose(ctx, id, bills, oldest)
		if err != nil {
			return err
		}
		wallet, err := o.Payments.Wallet(ctx, id)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(wallet.Methods, func(m payment.Method) bool { return m.Kind == kind })
		if i < 0 {
			return errors.New("no method on file for " + households[customer].display())
		}
		got, err := o.Payments.Submit(ctx, o.who(customer), id, payment.Order{
			Choice: payment.Choice{Rows: rows, Kind: string(kind), Method: strconv.FormatInt(wallet.Methods[i].ID, 10)},
			Nonce:  payment.NewNonce(), Total: total.Plain(),
		})
		if err != nil {
			return err
		}
		if got.State != want {
			return fmt.Errorf("payment of %s is %s instead of %s: %s", households[customer].display(), got.State, want, got.Message)
		}
		o.paid[customer] = got.Reference
		return nil
	}
}

// choose puts rows on Yes: the bills given, or so many of the oldest.
func (o *online) choose(ctx context.Context, customerID int64, bills []int, oldest int) (map[string]payment.RowChoice, money.Cents, error) {
	wanted := map[int64]bool{}
	for _, n := range bills {
		wanted[o.books.invoices[n]] = true
	}
	open, err := ledger.Payable(ctx, o.DB.Read(), customerID)
	if err != nil {
		return nil, 0, err
	}
	rows, total := map[string]payment.RowChoice{}, money.Cents(0)
	for i, invoice := range open {
		if wanted[invoice.ID] || len(bills) == 0 && i < oldest {
			rows[invoice.Number] = payment.RowChoice{Yes: true, Amount: invoice.Payable().Plain()}
			total += invoice.Payable()
		}
	}
	return rows, total, nil
}

// charge is the customer's latest payment as the processor has it.
func (o *online) charge(customer int) (sandbox.ChargeRecord, error) {
	for _, c := range o.box.Charges() {
		if c.Reference == o.paid[customer] {
			return c, nil
		}
	}
	return sandbox.ChargeRecord{}, errors.New("no charge for " + households[customer].display())
}

// bank lets the bank do something about the customer's latest payment.
func (o *online) bank(customer int, do func(paymentID string) error) func(context.Context) error {
	return func(context.Context) error {
		charge, err := o.charge(customer)
		if err != nil {
			return err
		}
		return do(charge.PaymentID)
	}
}

// desk is somebody at the office's desk.
func (o *online) desk(id int64, role string) audit.Actor {
	return audit.Actor{Kind: audit.Staff, StaffID: id, Role: role, IP: "203.0.113.9", UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"}
}

// refund gives part of the customer's latest payment back.
func (o *online) refund(customer int, amount money.Cents, reason string) func(context.Context) error {
	return func(ctx context.Context) error {
		done, err := o.Payments.Refund(ctx, o.desk(o.books.owner, "owner"), payment.RefundOrder{CustomerID: o.books.customers[customer], Payment: o.paid[customer],
			Amount: amount, Way: payment.WayGateway, Reason: reason, Nonce: payment.NewNonce()})
		if err == nil && done.State != "succeeded" {
			err = fmt.Errorf("refund of %s is %+v", households[customer].display(), done)
		}
		return err
	}
}

// askCredit has the clerk ask for a credit that only two people give.
func (o *online) askCredit(customer int, amount money.Cents, reason string) func(context.Context) error {
	return func(ctx context.Context) error {
		done, err := o.Payments.GiveCredit(ctx, o.desk(o.books.clerk, "billing"), payment.CreditOrder{CustomerID: o.books.customers[customer],
			Amount: amount, Reason: reason, Mail: true, Nonce: payment.NewNonce()})
		if err == nil && done.Asked == 0 {
			err = errors.New("the credit needed no second person")
		}
		return err
	}
}
