package autopay

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/payment"
	"customerportal/internal/settings"
)

// rules are what holds for everybody at one moment.
type rules struct {
	all         bool // invoices that are not due yet are taken too, where the consent covers them
	creditFirst bool
	gateway     gateway.Info
}

func rulesOf(set *settings.Settings, g gateway.Info) rules {
	return rules{all: set.Value("autopay.takes") == "all", creditFirst: set.Yes("autopay.credit_first"), gateway: g}
}

// account is all that is looked at to decide about one customer.
type account struct {
	db.ListAutoPayAccountsRow
	days    ledger.AutoPayDays
	hold    *Hold
	latest  *db.ListAutoPayLatestRow
	bills   []bill
	retries []retry
}

// bill is an open invoice.
type bill struct {
	id        int64
	number    string
	due       calendar.Date
	balance   money.Cents
	reserved  money.Cents
	unsettled bool        // the outcome of an attempt to pay it is not known
	page      string      // the payment whose page at the processor is open for it
	limit     money.Cents // of a retry: what was asked for at first; 0 = no limit
}

// retry is a month that waits for another attempt, with the invoices that it was
// for.
type retry struct {
	db.AutoPayPeriod
	bills []bill
}

func (a *account) label() string { return methodLabel(a.Kind, a.Brand, a.Last4) }

func methodLabel(kind, brand, last4 string) string {
	return ledger.MethodInWords(ledger.Kind(kind), ledger.Kind(kind).Label(), brand, last4)
}

// started reports whether the consent covers a day. The first payment is on the
// first of the customer's days after the one of the consent, as the copy of the
// consent says.
func (a *account) started(due calendar.Date, zone *time.Location) bool {
	return a.AcceptedAt.Date(zone) < due
}

// load gathers what is to be known of some customers, at most a few hundred. It
// runs in the caller's transaction. Customers without a standing consent are left
// out.
func load(ctx context.Context, q *db.Queries, customers []int64) ([]*account, error) {
	if len(customers) == 0 {
		return nil, nil
	}
	rows, err := q.ListAutoPayAccounts(ctx, customers)
	if err != nil {
		return nil, fmt.Errorf("autopay: consents: %w", err)
	}
	list, byID := make([]*account, len(rows)), make(map[int64]*account, len(rows))
	for i, r := range rows {
		list[i] = &account{ListAutoPayAccountsRow: r}
		byID[r.CustomerID] = list[i]
	}
	days, err := q.ListAutoPayDays(ctx, customers)
	if err != nil {
		return nil, fmt.Errorf("autopay: days: %w", err)
	}
	for _, d := range days {
		if a := byID[d.CustomerID]; a != nil {
			a.days = append(a.days, ledger.AutoPayDay{From: d.FromPeriod, Day: int(d.Day)})
		}
	}
	invoices, err := q.ListAutoPayInvoices(ctx, customers)
	if err != nil {
		return nil, fmt.Errorf("autopay: invoices: %w", err)
	}
	for _, i := range invoices {
		if a := byID[i.CustomerID]; a != nil {
			a.bills = append(a.bills, bill{id: i.ID, number: i.Number, due: i.DueDate, balance: i.BalanceCents,
				reserved: money.Cents(i.Reserved), unsettled: i.Unsettled != 0, page: i.Page})
		}
	}
	last, err := q.ListAutoPayLatest(ctx, customers)
	if err != nil {
		return nil, fmt.Errorf("autopay: payments: %w", err)
	}
	for _, p := range last {
		if a := byID[p.CustomerID]; a != nil {
			a.latest = &p
		}
	}
	ids := make([]sql.NullInt64, len(customers))
	for i, id := range customers {
		ids[i] = db.NullID(id)
	}
	holds, err := q.ListAutoPayHolds(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("autopay: holds: %w", err)
	}
	for _, h := range holds {
		if a := byID[h.CustomerID.Int64]; a != nil {
			a.hold = holdOf(h.Reason, h.Staff, h.PlacedAt)
		}
	}
	return list, loadRetries(ctx, q, customers, byID)
}

func loadRetries(ctx context.Context, q *db.Queries, customers []int64, byID map[int64]*account) error {
	periods, err := q.ListAutoPayRetriesOf(ctx, customers)
	if err != nil {
		return fmt.Errorf("autopay: retries: %w", err)
	}
	if len(periods) == 0 {
		return nil
	}
	parts, err := q.ListAutoPayRetryInvoices(ctx, customers)
	if err != nil {
		return fmt.Errorf("autopay: retries: %w", err)
	}
	for _, p := range periods {
		a := byID[p.CustomerID]
		if a == nil {
			continue
		}
		r := retry{AutoPayPeriod: p}
		for _, i := range parts {
			if i.CustomerID == p.CustomerID && i.Period == p.Period {
				r.bills = append(r.bills, bill{id: i.InvoiceID, number: i.Number, due: i.DueDate, balance: i.BalanceCents,
					reserved: money.Cents(i.Reserved), unsettled: i.Unsettled != 0, page: i.Page, limit: i.Cents})
			}
		}
		a.retries = append(a.retries, r)
	}
	return nil
}

// obstacle is the kind of thing that keeps auto pay from taking anything.
type obstacle int

const (
	free        obstacle = iota
	held                 // by the office
	brokenCard           // something the customer can mend: another card or account
	nothingDue           //
	underWay             // a payment of it all is under way, or its outcome not known
	closedDoor           // the customer is inactive
	wrongAmount          // the processor does not take such an amount
)

// notActive is why nothing is taken of a customer behind a closedDoor.
const notActive = "The customer is not active."

// part is what goes to one invoice.
type part struct {
	bill
	credit money.Cents // from the credit on the account
	take   money.Cents // from the card or bank account
}

// taking is what would be taken from a customer for a month.
type taking struct {
	obstacle obstacle
	words    string // of the obstacle
	parts    []part
	open     money.Cents // what is owed on the invoices in question
	inFlight money.Cents // of it, what is under way or not known
	credit   money.Cents
	amount   money.Cents
	capped   bool
	pages    []string // open at the processor: they are closed before anything is planned
}

// take works out what is taken on a customer's day: the oldest due date first,
// less what is under way, credit on the account before money, and not above the
// cap. It decides nothing by itself and reads nothing: the preview, the notices
// and the planning all ask it.
func (a *account) take(due, on calendar.Date, r rules) taking {
	var t taking
	all := r.all && payment.CoversAll(a.ConsentVersion)
	var bills []bill
	for _, b := range a.bills {
		if all || b.due <= due {
			bills = append(bills, b)
		}
	}
	t.fill(bills, a.credit(r), a.CapCents)
	t.judge(a, on, r)
	return t
}

// again works out what another attempt at a month takes: what is still open of
// the same invoices, never more than at first nor than the customer allows now.
func (a *account) again(p retry, on calendar.Date, r rules) taking {
	if p.Attempts == 0 { // nothing was asked for yet
		return a.take(p.DueDate, on, r)
	}
	var t taking
	limit := p.AmountCents
	if a.CapCents > 0 {
		limit = min(limit, a.CapCents)
	}
	t.fill(p.bills, 0, limit)
	t.capped = t.capped && limit < p.AmountCents
	t.judge(a, on, r)
	return t
}

func (a *account) credit(r rules) money.Cents {
	if !r.creditFirst {
		return 0
	}
	return max(0, money.Cents(-a.Unapplied))
}

// fill splits what may be taken over the invoices.
func (t *taking) fill(bills []bill, credit, limit money.Cents) {
	for _, b := range bills {
		t.open += b.balance
		left := max(0, b.balance-b.reserved)
		if b.unsettled {
			left = 0
		}
		t.inFlight += b.balance - left
		if b.limit > 0 {
			left = min(left, b.limit)
		}
		if left == 0 {
			continue
		}
		p := part{bill: b}
		p.credit = min(left, credit-t.credit)
		p.take = left - p.credit
		if limit > 0 && t.amount+p.take > limit {
			p.take, t.capped = limit-t.amount, true
		}
		if p.credit+p.take == 0 {
			continue
		}
		if b.page != "" {
			t.pages = append(t.pages, b.page)
		}
		t.credit += p.credit
		t.amount += p.take
		t.parts = append(t.parts, p)
	}
}

// judge names what stands in the way, the first thing that does.
func (t *taking) judge(a *account, on calendar.Date, r rules) {
	stop := func(o obstacle, words string, args ...any) {
		if t.obstacle == free {
			t.obstacle, t.words = o, fmt.Sprintf(words, args...)
		}
	}
	if a.hold != nil {
		stop(held, "On hold: %s", a.hold.Reason)
	}
	if a.Status != "active" {
		stop(closedDoor, notActive)
	}
	switch {
	case t.amount == 0 && t.credit == 0 && t.inFlight > 0:
		stop(underWay, "A payment of it is under way.")
	case t.amount == 0 && t.credit == 0:
		stop(nothingDue, "Nothing is due.")
	}
	if t.amount == 0 { // credit needs no card
		return
	}
	if words := a.methodTrouble(on, r); words != "" {
		stop(brokenCard, "%s", words)
	}
	switch {
	case t.amount < r.gateway.Min:
		stop(wrongAmount, "%s is below the least amount the payment processor takes, %s.", t.amount, r.gateway.Min)
	case r.gateway.Max > 0 && t.amount > r.gateway.Max:
		stop(wrongAmount, "%s is above the highest amount the payment processor takes, %s.", t.amount, r.gateway.Max)
	}
}

// methodTrouble says why the card or bank account cannot be charged on a day, ""
// when it can as far as is known.
func (a *account) methodTrouble(on calendar.Date, r rules) string {
	switch {
	case !a.EndedAt.IsZero():
		return a.label() + " is no longer on file."
	case a.Gateway != r.gateway.Name:
		return a.label() + " is on file with another payment processor than the one in use now."
	case a.ExpYear != 0 && calendar.NewDate(int(a.ExpYear), time.Month(a.ExpMonth)+1, 0) < on:
		return fmt.Sprintf("%s expired at the end of %02d/%d.", a.label(), a.ExpMonth, a.ExpYear)
	}
	for _, k := range r.gateway.Kinds {
		if string(k) != a.Kind {
			continue
		}
		if p := a.latest; p != nil && p.MethodID.Int64 == a.MethodID && (p.State == string(payment.Failed) || p.State == string(payment.Returned)) &&
			afterFailure(gateway.Code(p.FailureCode)) == never {
			return fmt.Sprintf("%s was refused for good on %s: %s", a.label(), p.PaymentDate, p.FailureMessage)
		}
		return ""
	}
	return "The payment processor does not take " + ledger.Kind(a.Kind).Label() + " payments at the moment."
}
