package autopay

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/settings"
)

// Plan is the coming run as it would be if nothing changed: each customer with a
// standing consent on his next day, and the months that are tried again.
type Plan struct {
	// Day is the next day on which anything is taken; "" when nothing is.
	Day  calendar.Date
	Rows []Row // by day, then by name
	// Stopped says why nothing at all is taken at the moment, "" when it is.
	Stopped string
	Hold    *Hold // of everybody, nil when there is none
}

// Row is one customer in the plan.
type Row struct {
	CustomerID int64
	Number     string
	Name       string
	Day        calendar.Date
	Period     string // "2026-11"
	// Retry is the number of the attempt that comes, from 2 on; 0 = the first.
	Retry  int
	Method string // "Visa ending 4242"
	Kind   gateway.Kind
	Open   money.Cents // owed on the invoices in question
	// InFlight is what of Open is being paid already.
	InFlight money.Cents
	Credit   money.Cents // used first, of the credit on the account
	Amount   money.Cents // what is taken
	Cap      money.Cents // the customer's own limit, 0 = none
	Invoices []Part
	Hold     *Hold // of this customer
	// Trouble says why nothing is taken, "" when Amount is, and Problem whether
	// somebody has to do something about it: not for a customer who owes nothing.
	Trouble string
	Problem bool
	Cause   string // the sort of trouble, for adding up; "" without a Problem
	// Warnings are what else is to be known: a card that runs out, a cap that cuts,
	// a customer without an e-mail address.
	Warnings []string
}

// Part is what goes to one invoice, from credit and from the method.
type Part struct {
	Number string
	Due    calendar.Date
	Credit money.Cents
	Amount money.Cents
}

// Totals adds up the rows of one day.
type Totals struct {
	Day    calendar.Date
	Count  int // customers of whom something is taken
	Amount money.Cents
	Credit money.Cents
	// Troubled is how many need somebody to do something, Held how many are on
	// hold, Idle how many owe nothing or are being paid for already.
	Troubled, Held, Idle int
}

// Days adds up the plan by its days, in order.
func (p *Plan) Days() []Totals {
	var days []Totals
	for _, r := range p.Rows {
		if len(days) == 0 || days[len(days)-1].Day != r.Day {
			days = append(days, Totals{Day: r.Day})
		}
		t := &days[len(days)-1]
		t.Credit += r.Credit
		switch {
		case r.Hold != nil:
			t.Held++
		case r.Trouble == "" && r.Amount > 0:
			t.Count++
			t.Amount += r.Amount
		case r.Problem:
			t.Troubled++
		default:
			t.Idle++
		}
	}
	return days
}

// soon is how many days before it runs out a card is warned of.
const expiresSoon = 45

// Preview shows who would be charged next, how much, with what, and what will
// fail and why. It only reads. The rows are shared with whoever asks next: nobody
// may change them.
func (s *Service) Preview(ctx context.Context) (*Plan, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	_, day, err := s.today(ctx)
	if err != nil {
		return nil, err
	}
	p := &Plan{}
	info, err := s.payments.AutoPayGateway(ctx)
	if err != nil && !fault.Is(err, fault.Unavailable) {
		return nil, err
	}
	if err != nil {
		p.Stopped = "Online payments are switched off: nothing is taken."
		hold, err := s.db.Hold(ctx)
		if err != nil {
			return nil, fmt.Errorf("autopay: %w", err)
		}
		if hold != db.NoHold {
			p.Stopped = hold.Describe()
		}
		// what would be taken if they were on
		info = gateway.Info{Name: set.Gateway, Kinds: []gateway.Kind{gateway.Card, gateway.ECheck}}
	}
	r := rulesOf(set, info)
	if p.Hold, err = holdOfAll(ctx, s.db.Read()); err != nil {
		return nil, err
	}
	if p.Hold != nil && p.Stopped == "" {
		p.Stopped = "All are on hold: " + p.Hold.Reason
	}
	rows, err := s.preview.Get(ctx, s.db, fmt.Sprint(day, r), func() (*[]Row, error) { return s.rows(ctx, set, day, r) })
	if err != nil {
		return nil, err
	}
	p.Rows = *rows
	for _, row := range p.Rows {
		if row.Amount+row.Credit > 0 && row.Trouble == "" {
			p.Day = row.Day
			break
		}
	}
	return p, nil
}

// rows are those of the plan of a day, in their order.
func (s *Service) rows(ctx context.Context, set *settings.Settings, day calendar.Date, r rules) (*[]Row, error) {
	type named struct {
		Row
		name string // as it is sorted
	}
	var list []named
	add := func(r Row) { list = append(list, named{r, strings.ToLower(r.Name)}) }
	err := s.db.View(ctx, func(q *db.Queries) error {
		return s.eachAccount(ctx, q, func(accounts []*account, undecided map[int64]bool) error {
			for _, a := range accounts {
				due := latest(day, a.days)
				late := due.DaysUntil(day) > catchUp
				if !undecided[a.CustomerID] || !a.started(due, set.Zone) || late {
					due = a.days.Next(day)
				}
				if !a.started(due, set.Zone) { // given after midnight of the very day
					due = a.days.Next(due)
				}
				add(a.row(due, a.take(due, due, r)))
				for _, again := range a.retries {
					on := max(again.RetryDate, day)
					row := a.row(on, a.again(again, on, r))
					row.Period, row.Retry, row.Cap = again.Period, int(again.Attempts)+1, 0
					add(row)
				}
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b named) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.name, b.name), cmp.Compare(a.CustomerID, b.CustomerID))
	})
	rows := make([]Row, len(list))
	for i := range list {
		rows[i] = list[i].Row
	}
	return &rows, nil
}

// eachAccount calls f with all customers who have a standing consent, some
// hundred at a time, and with those whose latest month is not decided.
func (s *Service) eachAccount(ctx context.Context, q *db.Queries, f func(list []*account, undecided map[int64]bool) error) error {
	_, day, err := s.today(ctx)
	if err != nil {
		return err
	}
	const page = 400
	after := int64(0)
	for {
		ids, err := q.ListAutoPayCustomers(ctx, db.ListAutoPayCustomersParams{After: after, Most: page})
		if err != nil {
			return fmt.Errorf("autopay: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		due, err := q.ListAutoPayDue(ctx, dueParams(day, after, page))
		if err != nil {
			return fmt.Errorf("autopay: %w", err)
		}
		undecided := make(map[int64]bool, len(due))
		for _, d := range due {
			undecided[d.CustomerID] = true
		}
		list, err := load(ctx, q, ids)
		if err != nil {
			return err
		}
		if err := f(list, undecided); err != nil {
			return err
		}
		after = ids[len(ids)-1]
	}
}

// dueParams asks for the customers whose latest day is not after a day.
func dueParams(day calendar.Date, after, most int64) db.ListAutoPayDueParams {
	this := calendar.NewDate(day.Year(), day.Month(), 1)
	return db.ListAutoPayDueParams{After: after, Most: most, Dom: int64(this.DaysUntil(day) + 1), This: ledger.AutoPayPeriod(day), Last: lastPeriod(day)}
}

// causes are the obstacles that somebody has to do something about.
var causes = map[obstacle]string{
	brokenCard:  "Card or bank account that cannot be charged",
	wrongAmount: "Amount that the processor does not take",
	closedDoor:  "Customer who is not active",
}

// row puts a taking into the plan.
func (a *account) row(on calendar.Date, t taking) Row {
	r := Row{CustomerID: a.CustomerID, Number: a.Number, Name: a.DisplayName, Day: on, Period: ledger.AutoPayPeriod(on), Method: a.label(), Kind: gateway.Kind(a.Kind),
		Open: t.open, InFlight: t.inFlight, Credit: t.credit, Amount: t.amount, Cap: a.CapCents, Hold: a.hold, Trouble: t.words}
	r.Cause = causes[t.obstacle]
	r.Problem = r.Cause != ""
	for _, p := range t.parts {
		r.Invoices = append(r.Invoices, Part{Number: p.number, Due: p.due, Credit: p.credit, Amount: p.take})
	}
	if t.amount == 0 {
		return r
	}
	if t.capped {
		r.Warnings = append(r.Warnings, fmt.Sprintf("The customer's limit of %s leaves the rest open.", a.CapCents))
	}
	if t.inFlight > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s of it is being paid already.", t.inFlight))
	}
	if a.ExpYear != 0 && t.obstacle == free {
		if last := calendar.NewDate(int(a.ExpYear), time.Month(a.ExpMonth)+1, 0); on.DaysUntil(last) <= expiresSoon {
			r.Warnings = append(r.Warnings, fmt.Sprintf("The card runs out at the end of %02d/%d.", a.ExpMonth, a.ExpYear))
		}
	}
	if p := a.latest; p != nil && p.MethodID.Int64 == a.MethodID && p.FailureMessage != "" && t.obstacle == free {
		r.Warnings = append(r.Warnings, fmt.Sprintf("The last attempt with it, on %s, failed: %s", p.PaymentDate, p.FailureMessage))
	}
	if a.Email == "" {
		r.Warnings = append(r.Warnings, "The customer has no e-mail address: notices cannot be mailed.")
	}
	return r
}

// Next is the coming run in one line.
type Next struct {
	// Totals are those of the next day on which anything is taken; its Day is ""
	// when nothing is.
	Totals
	Stopped string // why nothing at all is taken at the moment, "" when it is
}

// nextShare is how many times as long as it took to work out the coming run is
// remembered.
const nextShare = 100

// nextMemo remembers the coming run for [Service.Next].
type nextMemo struct {
	sync.Mutex
	next  *Next
	until calendar.Instant
}

// Next is the line of the plan that a page shows which is opened many times a
// day: it may be older than [Service.Preview] by a hundred times what the preview
// took, which is nothing for a few hundred customers and a minute for ten
// thousand. A hold and its release are in it at once.
func (s *Service) Next(ctx context.Context) (Next, error) {
	s.next.Lock()
	defer s.next.Unlock()
	began := s.clock.Now()
	if s.next.next != nil && began < s.next.until {
		return *s.next.next, nil
	}
	plan, err := s.Preview(ctx)
	if err != nil {
		return Next{}, err
	}
	next := Next{Totals: Totals{Day: plan.Day}, Stopped: plan.Stopped}
	for _, t := range plan.Days() {
		if t.Day == plan.Day {
			next.Totals = t
		}
	}
	now := s.clock.Now()
	s.next.next, s.next.until = &next, now.Add(nextShare*now.Sub(began))
	return next, nil
}

// forgetNext has the coming run worked out anew: who it takes changed.
func (s *Service) forgetNext() {
	s.next.Lock()
	s.next.next = nil
	s.next.Unlock()
}
