// Package reminder mails customers about what they owe, by the dealer's
// schedule, and charges late fees.
//
// What keeps it from being a nuisance:
//
//   - A step of an invoice is decided once: its row has the key (invoice, days).
//   - A customer gets one mail a day at most, about all that is open.
//   - Only what reaches a step after the dealer put it into the schedule counts:
//     switching reminders on sends nothing to old debts.
//   - Nobody is reminded of what auto pay takes, of what is being paid, of what
//     the bank has in dispute, or while staff said to leave the customer alone.
//   - A day that was missed is caught up for one day, not longer.
package reminder

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

const (
	// hour of the dealer's day at which reminders go out.
	hour = 9
	// catchUp is for how many days after its day a step is still taken.
	catchUp = 1
)

// Service sends the reminders of the open books. It is safe for use by several
// goroutines.
type Service struct {
	db       *db.DB
	clock    calendar.Clock
	settings *settings.Store
	mail     *outbox.Writer
	ledger   *ledger.Service
	log      *slog.Logger

	mu sync.Mutex
	// done is the day that was worked off, so that the job, which looks often,
	// does it once. It is only ever a saving: the rows are the guard.
	done calendar.Date
}

// New returns the reminders of the open books.
func New(d *db.DB, clock calendar.Clock, store *settings.Store, mail *outbox.Writer, books *ledger.Service, log *slog.Logger) *Service {
	return &Service{db: d, clock: clock, settings: store, mail: mail, ledger: books, log: log}
}

// Letter is one customer's reminder of one day.
type Letter struct {
	CustomerID     int64
	CustomerNumber string
	Name           string
	Invoices       []ledger.OpenInvoice // all that is past due, and what reaches its step
	Total          money.Cents
	// Why says why none is mailed, "" when one is.
	Why   string
	steps []step
	to    []string
}

// step is what one invoice has reached.
type step struct {
	invoice int64
	days    int64
	late    bool // by the day of catching up
}

// Fee is one late fee.
type Fee struct {
	CustomerID     int64
	CustomerNumber string
	Name           string
	Invoice        string // the number of the invoice that is past due
	Due            calendar.Date
	Cents          money.Cents
	// Why says why none is charged, "" when one is.
	Why string

	invoiceID, siteID int64
}

// Plan is what a day brings.
type Plan struct {
	Day     calendar.Date
	Letters []Letter
	Fees    []Fee
	// Reminders and LateFees say whether the dealer has switched them on.
	Reminders, LateFees bool
}

// Preview returns what the next run brings as things stand: today's before nine
// in the morning, else tomorrow's. It only reads.
func (s *Service) Preview(ctx context.Context) (*Plan, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	now := s.clock().In(set.Zone)
	day := calendar.DateOf(now)
	if now.Hour() >= hour {
		day = day.AddDays(1)
	}
	p := &Plan{Day: day}
	err = s.db.View(ctx, func(q *db.Queries) error {
		since, err := schedule(ctx, q)
		if err != nil {
			return err
		}
		terms, err := termsOf(set)
		if err != nil {
			return err
		}
		p.Reminders, p.LateFees = len(terms.days) > 0, terms.fee()
		if p.Letters, err = s.letters(ctx, q, terms, since, day, 0); err != nil {
			return err
		}
		p.Fees, err = fees(ctx, q, terms, since, day, 0)
		return err
	})
	return p, err
}

// Run is the job: once a day, at nine in the dealer's morning or when the portal
// is up again after that, it mails the reminders and charges the late fees of the
// day. Running it again changes nothing.
func (s *Service) Run(ctx context.Context) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	terms, err := termsOf(set)
	if err != nil {
		return err
	}
	now := s.clock().In(set.Zone)
	today := calendar.DateOf(now)
	since, err := s.keepSchedule(ctx, terms, today)
	if err != nil {
		return err
	}
	s.mu.Lock()
	done := s.done == today
	s.mu.Unlock()
	if now.Hour() < hour || done {
		return nil
	}
	var letters []Letter
	var due []Fee
	err = s.db.View(ctx, func(q *db.Queries) error {
		if letters, err = s.letters(ctx, q, terms, since, today, 0); err != nil {
			return err
		}
		due, err = fees(ctx, q, terms, since, today, 0)
		return err
	})
	if err != nil {
		return err
	}
	mailed, charged := 0, 0
	for _, l := range letters {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		sent, err := s.send(ctx, terms, since, today, l.CustomerID)
		if err != nil {
			return err
		}
		if sent {
			mailed++
		}
	}
	for _, f := range due {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if f.Why != "" {
			continue
		}
		done, err := s.charge(ctx, terms, since, today, f.invoiceID)
		if err != nil {
			return err
		}
		if done {
			charged++
		}
	}
	if mailed > 0 || charged > 0 {
		s.log.Info("reminders", "day", today.ISO(), "mailed", mailed, "late fees", charged)
	}
	s.mu.Lock()
	s.done = today
	s.mu.Unlock()
	return nil
}

// terms are the dealer's settings of reminders and late fees.
type terms struct {
	days           []int // of reminders, from the due date
	late           int   // days past due for a late fee, 0 = none
	flat, greatest money.Cents
	rate           money.RatePPM
}

// fee reports whether a late fee is charged at all.
func (t terms) fee() bool { return t.late > 0 && (t.flat > 0 || t.rate > 0) }

// of is the late fee on what is past due: the fixed amount and the percentage
// (rounded half up), at most the greatest.
func (t terms) of(pastDue money.Cents) money.Cents {
	fee := t.flat + money.Tax(pastDue, t.rate)
	if t.greatest > 0 {
		fee = min(fee, t.greatest)
	}
	return fee
}

func termsOf(set *settings.Settings) (terms, error) {
	var t terms
	var err error
	if t.days, err = settings.ReminderDays(set.Value("reminders.days")); err != nil {
		return t, fmt.Errorf("reminder: %w", err)
	}
	if v := set.Value("latefee.days"); v != "" {
		if _, err := fmt.Sscanf(v, "%d", &t.late); err != nil {
			return t, fmt.Errorf("reminder: latefee.days: %w", err)
		}
	}
	for key, into := range map[string]*money.Cents{"latefee.flat": &t.flat, "latefee.most": &t.greatest} {
		if *into, err = money.Parse(set.Value(key)); err != nil {
			return t, fmt.Errorf("reminder: %s: %w", key, err)
		}
	}
	if t.rate, err = settings.Percent(set.Value("latefee.percent")); err != nil {
		return t, fmt.Errorf("reminder: latefee.percent: %w", err)
	}
	return t, nil
}

// key is a step of the schedule.
type key struct {
	kind string
	days int64
}

const (
	kindReminder = "reminder"
	kindFee      = "fee"
)

// schedule returns since when each step counts. It runs in the caller's
// transaction.
func schedule(ctx context.Context, q *db.Queries) (map[key]calendar.Date, error) {
	rows, err := q.ListReminderSchedule(ctx)
	if err != nil {
		return nil, fmt.Errorf("reminder: %w", err)
	}
	since := map[key]calendar.Date{}
	for _, r := range rows {
		since[key{r.Kind, r.Days}] = r.SinceDate
	}
	return since, nil
}

// keepSchedule writes down which steps are new today and which are no more.
func (s *Service) keepSchedule(ctx context.Context, t terms, today calendar.Date) (map[key]calendar.Date, error) {
	want := map[key]bool{}
	for _, d := range t.days {
		want[key{kindReminder, int64(d)}] = true
	}
	if t.fee() {
		want[key{kindFee, int64(t.late)}] = true
	}
	same := func(since map[key]calendar.Date) bool {
		for k := range want {
			if since[k] == "" {
				return false
			}
		}
		return len(since) == len(want)
	}
	since, err := schedule(ctx, s.db.Read())
	if err != nil || same(since) {
		return since, err
	}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		if since, err = schedule(ctx, q); err != nil {
			return err
		}
		for k := range since {
			if !want[k] {
				if err := q.DropReminderStep(ctx, db.DropReminderStepParams{Kind: k.kind, Days: k.days}); err != nil {
					return fmt.Errorf("reminder: %w", err)
				}
			}
		}
		for k := range want {
			if err := q.AddReminderStep(ctx, db.AddReminderStepParams{Kind: k.kind, Days: k.days, SinceDate: today}); err != nil {
				return fmt.Errorf("reminder: %w", err)
			}
		}
		since, err = schedule(ctx, q)
		return err
	})
	return since, err
}

// counted reports from which day on a step counts: one that nobody wrote down
// yet counts from the day on.
func counted(since map[key]calendar.Date, k key, day calendar.Date) calendar.Date {
	if d, ok := since[k]; ok {
		return d
	}
	return day
}

// letters puts together who reaches a step on a day: of one customer, or of all
// (0). It runs in the caller's transaction.
func (s *Service) letters(ctx context.Context, q *db.Queries, t terms, since map[key]calendar.Date, day calendar.Date, customer int64) ([]Letter, error) {
	var list []Letter
	at := map[int64]int{}
	for _, days := range t.days {
		k := key{kindReminder, int64(days)}
		for lag := range catchUp + 1 {
			reached := day.AddDays(-lag)
			if reached < counted(since, k, day) {
				continue
			}
			rows, err := q.ListReminderCandidates(ctx, db.ListReminderCandidatesParams{DueDate: reached.AddDays(-days), Customer: customer, Days: k.days})
			if err != nil {
				return nil, fmt.Errorf("reminder: %w", err)
			}
			for _, r := range rows {
				i, known := at[r.CustomerID]
				if !known {
					i = len(list)
					at[r.CustomerID] = i
					list = append(list, Letter{CustomerID: r.CustomerID, CustomerNumber: r.Number, Name: r.DisplayName,
						Why: left(r.Hold, r.AutoPay != 0, r.UnderWay != 0, r.Disputed != 0)})
				}
				list[i].steps = append(list[i].steps, step{invoice: r.ID, days: k.days, late: lag > 0})
			}
		}
	}
	for i := range list {
		if err := list[i].fill(ctx, q, day); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b Letter) int { return strings.Compare(a.CustomerNumber, b.CustomerNumber) })
	return list, nil
}

// left says why a customer is left alone, "" when he is not.
func left(hold string, autoPay, underWay, disputed bool) string {
	switch {
	case hold != "":
		return "On hold: " + hold
	case autoPay:
		return "Auto pay takes it"
	case underWay:
		return "A payment is under way"
	case disputed:
		return "A payment is disputed"
	}
	return ""
}

// fill puts in what the letter lists and whom it goes to. It runs in the
// caller's transaction.
func (l *Letter) fill(ctx context.Context, q *db.Queries, day calendar.Date) error {
	open, err := ledger.Payable(ctx, q, l.CustomerID)
	if err != nil {
		return err
	}
	for _, o := range open {
		reached := slices.ContainsFunc(l.steps, func(s step) bool { return s.invoice == o.ID })
		if o.Payable() > 0 && (reached || o.Due < day) {
			l.Invoices = append(l.Invoices, o)
			l.Total += o.Payable()
		}
	}
	if l.Why != "" {
		return nil
	}
	if l.to, err = q.ListReminderTargets(ctx, l.CustomerID); err != nil {
		return fmt.Errorf("reminder: %w", err)
	}
	if len(l.to) == 0 {
		l.Why = "No e-mail address on file, or reminders switched off"
	}
	return nil
}

// send decides about one customer's steps of today in one transaction, and
// reports whether a mail was queued. What keeps a customer from being reminded
// today may be gone tomorrow, so only what is late by then is given up.
func (s *Service) send(ctx context.Context, t terms, since map[key]calendar.Date, today calendar.Date, customer int64) (sent bool, err error) {
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		list, err := s.letters(ctx, q, t, since, today, customer)
		if err != nil || len(list) == 0 {
			return err
		}
		l := list[0]
		before, err := q.CountRemindersOn(ctx, db.CountRemindersOnParams{CustomerID: customer, SentDate: today})
		if err != nil {
			return fmt.Errorf("reminder: %w", err)
		}
		if before > 0 {
			return nil // one mail a day; what came up since then is for tomorrow
		}
		outcome := "mailed"
		if l.Why != "" {
			outcome = "skipped"
		}
		kept := 0
		for _, st := range l.steps {
			if outcome == "skipped" && !st.late {
				continue
			}
			kept++
			err := q.AddReminder(ctx, db.AddReminderParams{InvoiceID: st.invoice, Days: st.days, CustomerID: customer, SentDate: today, Outcome: outcome, Reason: l.Why, At: now})
			if err != nil {
				return fmt.Errorf("reminder: %w", err)
			}
		}
		if outcome == "skipped" || kept == 0 {
			return nil
		}
		sent = true
		return s.queue(ctx, q, now, today, l)
	})
	return sent, err
}

// queue writes the mail, to every address. It runs in the caller's transaction.
func (s *Service) queue(ctx context.Context, q *db.Queries, now calendar.Instant, today calendar.Date, l Letter) error {
	link, err := s.ledger.PayLinkInMail(ctx, q, now, l.Invoices[0].ID)
	if err != nil {
		return err
	}
	body := outbox.Reminder{Name: l.Name, CustomerNumber: l.CustomerNumber, Total: l.Total, Link: link}
	for _, o := range l.Invoices {
		body.PastDue = body.PastDue || o.Due < today
		body.Invoices = append(body.Invoices, outbox.ReminderInvoice{Number: o.Number, Due: o.Due, Age: o.Age(today), Amount: o.Payable()})
	}
	for _, to := range l.to {
		err := s.mail.Enqueue(ctx, q, now, outbox.Mail{Fact: fmt.Sprintf("reminder %d %s to %s", l.CustomerID, today.ISO(), to), CustomerID: l.CustomerID,
			ToName: l.Name, ToEmail: to, Body: body})
		if err != nil {
			return err
		}
	}
	return nil
}

// fees puts together the late fees of a day: of one invoice, or of all (0). It
// runs in the caller's transaction.
func fees(ctx context.Context, q *db.Queries, t terms, since map[key]calendar.Date, day calendar.Date, only int64) ([]Fee, error) {
	if !t.fee() {
		return nil, nil
	}
	from := counted(since, key{kindFee, int64(t.late)}, day)
	rows, err := q.ListLateFeeCandidates(ctx, db.ListLateFeeCandidatesParams{FromDate: from.AddDays(-t.late), ToDate: day.AddDays(-t.late), Only: only})
	if err != nil {
		return nil, fmt.Errorf("reminder: late fees: %w", err)
	}
	var list []Fee
	for _, r := range rows {
		f := Fee{CustomerID: r.CustomerID, CustomerNumber: r.CustomerNumber, Name: r.DisplayName, Invoice: r.Number, Due: r.DueDate,
			Cents: t.of(r.BalanceCents), Why: left(r.Hold, r.AutoPay != 0, r.UnderWay != 0, r.Disputed != 0), invoiceID: r.ID, siteID: r.SiteID.Int64}
		if f.Cents > 0 {
			list = append(list, f)
		}
	}
	return list, nil
}

// charge makes the late fee of one invoice and mails it, in one transaction,
// when it is still due. A late fee is an invoice: voiding it takes it back.
func (s *Service) charge(ctx context.Context, t terms, since map[key]calendar.Date, today calendar.Date, invoice int64) (done bool, err error) {
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		list, err := fees(ctx, q, t, since, today, invoice)
		if err != nil || len(list) == 0 || list[0].Why != "" {
			return err
		}
		f := list[0]
		id, err := ledger.IssueInvoice(ctx, q, now, ledger.InvoiceRecord{CustomerID: f.CustomerID, SiteID: f.siteID, Date: today,
			Lines: []ledger.Line{{Description: fmt.Sprintf("Late fee: invoice %s was due %s", f.Invoice, f.Due), Quantity: money.QuantityScale, UnitPrice: f.Cents}}})
		if err != nil {
			return err
		}
		if err := q.AddLateFee(ctx, db.AddLateFeeParams{InvoiceID: f.invoiceID, FeeInvoiceID: id, Cents: f.Cents, At: now}); err != nil {
			return fmt.Errorf("reminder: late fee: %w", err)
		}
		if _, err := s.ledger.MailInvoice(ctx, q, now, id, "issued"); err != nil {
			return err
		}
		done = true
		return audit.Record(ctx, q, now, audit.Program, audit.Entry{Action: "latefee.charge", CustomerID: f.CustomerID, Object: "invoice " + f.Invoice,
			After: map[string]string{"amount": f.Cents.Plain()}})
	})
	return done, err
}

// Hold leaves a customer alone: no reminders and no late fees, until
// [Service.Release]. A reason is required.
func (s *Service) Hold(ctx context.Context, by audit.Actor, customerID int64, reason string) error {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > 300 {
		return fault.Field("reason", "Enter why, in at most 300 letters")
	}
	now := s.clock.Now()
	return s.db.Write(ctx, func(q *db.Queries) error {
		err := q.PutReminderHold(ctx, db.PutReminderHoldParams{CustomerID: customerID, Reason: reason, StaffID: db.NullID(by.StaffID), PlacedAt: now})
		if err != nil {
			return fmt.Errorf("reminder: hold: %w", err)
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "reminder.hold", CustomerID: customerID, After: reason})
	})
}

// Release lets a customer be reminded again. One who is not on hold stays so.
func (s *Service) Release(ctx context.Context, by audit.Actor, customerID int64) error {
	now := s.clock.Now()
	return s.db.Write(ctx, func(q *db.Queries) error {
		n, err := q.DropReminderHold(ctx, customerID)
		if err != nil {
			return fmt.Errorf("reminder: hold: %w", err)
		}
		if n == 0 {
			return nil
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "reminder.release", CustomerID: customerID})
	})
}

// HoldOn is why and since when a customer is left alone.
type HoldOn struct {
	Reason, By string
	At         calendar.Instant
}

// HoldOf returns the hold of a customer; nil when there is none.
func (s *Service) HoldOf(ctx context.Context, customerID int64) (*HoldOn, error) {
	h, err := s.db.Read().GetReminderHold(ctx, customerID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reminder: %w", err)
	}
	return &HoldOn{Reason: h.Reason, By: h.Staff, At: h.PlacedAt}, nil
}

// Check proves the late fees: each is the invoice it was charged as, of the same
// customer. It returns what is wrong, a hundred at most, and only reads.
func Check(ctx context.Context, q *db.Queries, _ calendar.Instant) ([]ledger.Finding, error) {
	rows, err := q.CheckLateFees(ctx, 100)
	if err != nil {
		return nil, fmt.Errorf("reminder: check: %w", err)
	}
	var found []ledger.Finding
	for _, r := range rows {
		found = append(found, ledger.Finding{Object: "invoice " + r.FeeNumber, Problem: "is not the late fee on invoice " + r.Number + " it was made as"})
	}
	return found, nil
}
