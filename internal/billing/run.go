package billing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

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
	// perBatch is how many customers are billed in one transaction.
	perBatch = 64
	// batchTime ends a batch early: a customer's click waits no longer than this
	// and one invoice more.
	batchTime = 40 * time.Millisecond
	// problemsInMail is how many problems the summary names.
	problemsInMail = 20
	// lateMonths is how far ahead a month may be billed.
	lateMonths = 2
)

// MonthInWords names a month: "December 2026".
func MonthInWords(month calendar.Date) string {
	return fmt.Sprintf("%s %d", month.Month(), month.Year())
}

// BillBy is the day by which a month is to be billed, by the dealer's setting:
// the 20th of the month before.
func BillBy(set *settings.Settings, month calendar.Date) calendar.Date {
	return firstOf(month).AddMonths(-1).AddDays(number(set, "billing.day") - 1)
}

// DefaultOrder is a run of a month made today as the settings have it: due on
// the 1st, when auto pay takes it, but with as many days' notice as the dealer
// gives.
func DefaultOrder(set *settings.Settings, today, month calendar.Date) Order {
	return Order{Month: firstOf(month), Date: today, Due: max(firstOf(month), today.AddDays(number(set, "billing.notice_days"))),
		PerSite: set.Value("billing.invoices") == "site", Mail: set.Yes("billing.mail")}
}

func number(set *settings.Settings, key string) int {
	n, _ := strconv.Atoi(set.Value(key)) // the settings check it
	return n
}

// NextMonth is the month that is to be billed next: the running one as long as
// something of it is not billed, else the one after it.
func (s *Service) NextMonth(ctx context.Context, q *db.Queries) (calendar.Date, error) {
	today, err := s.today(ctx)
	if err != nil {
		return "", err
	}
	month := firstOf(today)
	n, err := q.CountDueCustomers(ctx, month)
	if err != nil {
		return "", fmt.Errorf("billing: %w", err)
	}
	if n == 0 {
		month = month.AddMonths(1)
	}
	return month, nil
}

// Woken tells when a run was started or goes on.
func (s *Service) Woken() <-chan struct{} { return s.woken }

func (s *Service) wake() {
	select {
	case s.woken <- struct{}{}:
	default: // it has been told already
	}
}

// check refuses an order that cannot be meant. Its fields are month,
// invoice_date and due_date.
func (o Order) check(today calendar.Date) error {
	var refused fault.Fields
	switch {
	case o.Month.IsZero() || firstOf(o.Month) != o.Month:
		refused.Add("month", "Choose a month")
	case o.Month > firstOf(today).AddMonths(lateMonths):
		refused.Add("month", "This month is too far ahead")
	case o.Month < firstOf(today).AddMonths(-12):
		refused.Add("month", "This month is more than a year ago; a later one bills what was missed, too")
	}
	switch {
	case o.Date.IsZero():
		refused.Add("invoice_date", "Enter the date of the invoices")
	case o.Date < today.AddMonths(-2) || o.Date > today.AddMonths(2):
		refused.Add("invoice_date", "This is more than two months away")
	}
	switch {
	case o.Due.IsZero():
		refused.Add("due_date", "Enter the day on which the invoices are due")
	case o.Due < o.Date:
		refused.Add("due_date", "This is before the date of the invoices")
	case o.Due > today.AddMonths(6):
		refused.Add("due_date", "This is more than six months away")
	}
	return refused.Err()
}

// Start begins a run and returns its id; the job does the work. There is one at
// a time: while another is under way or stopped, and when nothing is to be
// billed, that is a Conflict.
func (s *Service) Start(ctx context.Context, by audit.Actor, o Order) (id int64, err error) {
	today, err := s.today(ctx)
	if err != nil {
		return 0, err
	}
	if err := o.check(today); err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		todo, err := q.CountDueCustomers(ctx, o.Month)
		if err != nil {
			return fmt.Errorf("billing: %w", err)
		}
		if open, err := q.GetOpenBillingRun(ctx); err == nil {
			return fault.New(fault.Conflict, "The run of %s is not finished.", MonthInWords(open.MonthDate))
		} else if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("billing: %w", err)
		}
		if todo == 0 {
			return fault.New(fault.Conflict, "Nothing is left to bill for %s.", MonthInWords(o.Month))
		}
		now := s.clock.Now()
		id, err = q.AddBillingRun(ctx, db.AddBillingRunParams{MonthDate: o.Month, InvoiceDate: o.Date, DueDate: o.Due, PerSite: db.Flag(o.PerSite), Mail: db.Flag(o.Mail),
			Automatic: db.Flag(by.Kind == audit.System), StaffID: db.NullID(by.StaffID), ToDo: todo, StartedAt: now})
		if err != nil {
			return fmt.Errorf("billing: starting a run: %w", err)
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "billing.run", Object: "billing of " + MonthInWords(o.Month),
			After: map[string]string{"date": o.Date.ISO(), "due": o.Due.ISO(), "mail": yesNo(o.Mail), "per_site": yesNo(o.PerSite)}})
	})
	if err == nil {
		s.wake()
	}
	return id, err
}

// Stop lets a run stop after the customers it is at.
func (s *Service) Stop(ctx context.Context, by audit.Actor, id int64) error {
	return s.turn(ctx, by, id, "running", "stopped", "It was stopped by hand.")
}

// Continue lets a stopped run go on where it stopped.
func (s *Service) Continue(ctx context.Context, by audit.Actor, id int64) error {
	err := s.turn(ctx, by, id, "stopped", "running", "")
	if err == nil {
		s.wake()
	}
	return err
}

// Close ends a stopped run for good: what it did stays, the rest is billed by
// the next one.
func (s *Service) Close(ctx context.Context, by audit.Actor, id int64) error {
	return s.turn(ctx, by, id, "stopped", "done", "It was ended by hand before all customers were billed.")
}

func (s *Service) turn(ctx context.Context, by audit.Actor, id int64, from, to, trouble string) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		run, err := q.GetBillingRun(ctx, id)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.Missing("billing run")
		}
		if err != nil {
			return fmt.Errorf("billing: run %d: %w", id, err)
		}
		now := s.clock.Now()
		finished := calendar.Instant(0)
		if to == "done" {
			finished = now
		}
		n, err := q.SetBillingRunState(ctx, db.SetBillingRunStateParams{State: to, Trouble: trouble, FinishedAt: finished, ID: id, Was: from})
		if err != nil {
			return fmt.Errorf("billing: run %d: %w", id, err)
		}
		if n == 0 {
			return fault.New(fault.Conflict, "The run is %s by now.", run.State)
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "billing." + to, Object: "billing of " + MonthInWords(run.MonthDate)})
	})
}

// Run is the job: it works off the run that is under way, wherever a stop of
// the program left it, and begins a month's run by itself when the dealer has
// set that. It returns when there is nothing to do.
func (s *Service) Run(ctx context.Context) error {
	for {
		run, err := s.db.Read().GetOpenBillingRun(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			if started, err := s.startDue(ctx); err != nil || !started {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("billing: %w", err)
		}
		if run.State != "running" {
			return nil
		}
		if err := s.batch(ctx, run.ID); err != nil {
			if ctx.Err() != nil {
				// the program stops; what the books answered to a transaction that was
				// rolled back under it is no news. The next run of the job goes on
				return ctx.Err()
			}
			if fault.Is(err, fault.Unavailable) {
				return err // so it does here
			}
			stop := s.turn(context.WithoutCancel(ctx), audit.Program, run.ID, "running", "stopped",
				"An error of the program stopped it; the program's log says which. What was billed is billed, and it can go on.")
			return errors.Join(err, stop)
		}
	}
}

// startDue begins the run of a month by itself when the dealer has set that and
// its day has come, and reports whether it did. A month that somebody has run
// already is left alone. When the program was off on the day it is made up for,
// if there ever was a run before: books that are new begin on their first
// billing day.
func (s *Service) startDue(ctx context.Context) (bool, error) {
	set, err := s.settings.Current(ctx)
	if err != nil || !set.Yes("billing.automatic") {
		return false, err
	}
	today := s.clock.Today(set.Zone)
	month := firstOf(today)
	late := today < BillBy(set, month.AddMonths(1))
	if !late {
		month = month.AddMonths(1)
	}
	q := s.db.Read()
	if late {
		ever, err := q.CountBillingRuns(ctx, "")
		if err != nil || ever == 0 {
			return false, err
		}
	}
	made, err := q.CountBillingRuns(ctx, month)
	if err != nil || made > 0 {
		return false, err
	}
	due, err := q.CountDueCustomers(ctx, month)
	if err != nil || due == 0 {
		return false, err
	}
	_, err = s.Start(ctx, audit.Program, DefaultOrder(set, today, month))
	if fault.Is(err, fault.Conflict) {
		return false, nil // somebody was quicker
	}
	return err == nil, err
}

// batch bills the next customers of a run in one transaction, each behind a
// savepoint of its own, or finishes it.
func (s *Service) batch(ctx context.Context, id int64) error {
	return s.db.WriteTx(ctx, func(tx *sql.Tx) error {
		q := db.New(db.NewPrepared(tx))
		run, err := q.GetBillingRun(ctx, id)
		if err != nil {
			return fmt.Errorf("billing: run %d: %w", id, err)
		}
		if run.State != "running" {
			return nil
		}
		p, err := newPlanner(ctx, q, Order{Month: run.MonthDate, Date: run.InvoiceDate, Due: run.DueDate, PerSite: run.PerSite != 0, Mail: run.Mail != 0})
		if err != nil {
			return err
		}
		plans, err := p.customers(ctx, run.AfterID, perBatch)
		if err != nil {
			return err
		}
		if len(plans) == 0 {
			return s.finish(ctx, q, run)
		}
		sum := db.MoveBillingRunParams{ID: id}
		began := s.clock()
		for _, plan := range plans {
			if err := s.bill(ctx, tx, q, id, plan, &sum); err != nil {
				return err
			}
			sum.AfterID = plan.id
			if s.clock().Sub(began) > batchTime {
				break
			}
		}
		if err := q.MoveBillingRun(ctx, sum); err != nil {
			return fmt.Errorf("billing: run %d: %w", id, err)
		}
		return nil
	})
}

// bill does what is planned for one customer, all of it or nothing: when it
// fails, that is a problem of this customer and the run goes on.
func (s *Service) bill(ctx context.Context, tx *sql.Tx, q *db.Queries, runID int64, plan customerPlan, sum *db.MoveBillingRunParams) error {
	if _, err := tx.ExecContext(ctx, `SAVEPOINT customer`); err != nil {
		return fmt.Errorf("billing: %w", err)
	}
	done := db.MoveBillingRunParams{}
	failed := s.make(ctx, q, runID, plan, &done)
	if failed != nil {
		if ctx.Err() != nil {
			return failed
		}
		if _, err := tx.ExecContext(ctx, `ROLLBACK TO customer`); err != nil {
			return errors.Join(failed, fmt.Errorf("billing: %w", err))
		}
		done = db.MoveBillingRunParams{}
		words := "An error of the program kept this customer from being billed; the program's log says which."
		if f, ok := errors.AsType[*fault.Error](failed); ok && f.Kind != fault.Internal {
			words = "Nothing was billed: " + f.Message
		} else {
			s.log.LogAttrs(ctx, slog.LevelError, "customer not billed", slog.Int64("run", runID), slog.Int64("customer", plan.id), slog.String("error", failed.Error()))
		}
		plan.problems = append(plan.problems, Problem{CustomerID: plan.id, Words: words, Held: true})
	}
	if _, err := tx.ExecContext(ctx, `RELEASE customer`); err != nil {
		return fmt.Errorf("billing: %w", err)
	}
	for _, problem := range plan.problems {
		err := q.AddBillingRunProblem(ctx, db.AddBillingRunProblemParams{RunID: runID, CustomerID: plan.id, Words: problem.Words, Held: db.Flag(problem.Held)})
		if err != nil {
			return fmt.Errorf("billing: run %d: %w", runID, err)
		}
	}
	sum.MoreCustomers++
	sum.MoreProblems += int64(len(plan.problems))
	sum.MoreInvoices += done.MoreInvoices
	sum.MorePeriods += done.MorePeriods
	sum.MoreMailed += done.MoreMailed
	sum.MoreTax += done.MoreTax
	sum.MoreTotal += done.MoreTotal
	return nil
}

// make issues the invoices of a plan, marks their periods as billed, queues the
// mails and moves the items on.
func (s *Service) make(ctx context.Context, q *db.Queries, runID int64, plan customerPlan, done *db.MoveBillingRunParams) error {
	now := s.clock.Now()
	for _, inv := range plan.invoices {
		id, err := ledger.IssueInvoice(ctx, q, now, inv.record())
		if err != nil {
			return err
		}
		for _, p := range inv.periods {
			if err := addPeriod(ctx, q, runID, id, p); err != nil {
				return err
			}
		}
		mailed := false
		if inv.Mail {
			if mailed, err = s.ledger.MailInvoice(ctx, q, now, id, "issued"); err != nil {
				return err
			}
		}
		if err := q.AddBillingRunInvoice(ctx, db.AddBillingRunInvoiceParams{RunID: runID, InvoiceID: id, Mailed: db.Flag(mailed)}); err != nil {
			return fmt.Errorf("billing: invoice %d: %w", id, err)
		}
		done.MoreInvoices++
		done.MorePeriods += int64(len(inv.periods))
		done.MoreMailed += db.Flag(mailed)
		done.MoreTax += inv.Tax
		done.MoreTotal += inv.Total
	}
	for _, p := range plan.free {
		if err := addPeriod(ctx, q, runID, 0, p); err != nil {
			return err
		}
		done.MorePeriods++
	}
	for _, m := range plan.moves {
		if err := q.MoveRecurringItem(ctx, db.MoveRecurringItemParams{NextDate: m.next, BillDate: m.month, ID: m.itemID}); err != nil {
			return fmt.Errorf("billing: recurring item %d: %w", m.itemID, err)
		}
	}
	return nil
}

// addPeriod marks a period as billed. That it is there already means that two
// runs bill the same, which the database refuses.
func addPeriod(ctx context.Context, q *db.Queries, runID, invoiceID int64, p plannedPeriod) error {
	err := q.AddRecurringPeriod(ctx, db.AddRecurringPeriodParams{ItemID: p.itemID, FromDate: p.from, UntilDate: p.until, RunID: db.NullID(runID), InvoiceID: db.NullID(invoiceID),
		Position: int64(p.position), Lines: int64(p.lines), AmountCents: p.amount, TaxCents: p.tax})
	if err != nil {
		return fmt.Errorf("billing: recurring item %d, %s: %w", p.itemID, daysInWords(p.from, p.until), err)
	}
	return nil
}

// finish ends a run and queues the one mail that tells the dealer of it.
func (s *Service) finish(ctx context.Context, q *db.Queries, run db.GetBillingRunRow) error {
	now := s.clock.Now()
	if _, err := q.SetBillingRunState(ctx, db.SetBillingRunStateParams{State: "done", FinishedAt: now, ID: run.ID, Was: "running"}); err != nil {
		return fmt.Errorf("billing: run %d: %w", run.ID, err)
	}
	err := audit.Record(ctx, q, now, audit.Program, audit.Entry{Action: "billing.done", Object: "billing of " + MonthInWords(run.MonthDate),
		After: map[string]string{"invoices": fmt.Sprint(run.Invoices), "total": run.TotalCents.Plain(), "problems": fmt.Sprint(run.Problems)}})
	if err != nil {
		return err
	}
	set, err := s.settings.Current(ctx)
	if err != nil || set.Company.Email == "" {
		return err
	}
	problems, err := q.ListBillingRunProblems(ctx, db.ListBillingRunProblemsParams{RunID: run.ID, Most: problemsInMail})
	if err != nil {
		return fmt.Errorf("billing: run %d: %w", run.ID, err)
	}
	body := outbox.BillingDone{Month: MonthInWords(run.MonthDate), Path: RunPath(run.ID), More: int(run.Problems) - len(problems),
		Lines: RunInWords(run.Invoices, run.Mailed, run.TaxCents, run.TotalCents)}
	for _, p := range problems {
		body.Problems = append(body.Problems, fmt.Sprintf("%s #%s: %s", p.DisplayName, p.CustomerNumber, p.Words))
	}
	return s.mail.Enqueue(ctx, q, now, outbox.Mail{Fact: fmt.Sprintf("billing run %d done", run.ID), ToName: set.Company.Name, ToEmail: set.Company.Email, Body: body})
}

// RunPath is the address of a run's page in the office.
func RunPath(id int64) string { return fmt.Sprintf("/office/billing/runs/%d", id) }

// RunInWords says what a run made.
func RunInWords(invoices, mailed int64, tax, total money.Cents) []string {
	lines := []string{fmt.Sprintf("%s, %s in all, %s of it tax.", count(invoices, "invoice", "invoices"), total, tax)}
	if mailed > 0 {
		lines = append(lines, count(mailed, "was mailed.", "were mailed."))
	}
	if rest := invoices - mailed; rest > 0 {
		lines = append(lines, count(rest, "is to be printed: it was not mailed.", "are to be printed: they were not mailed."))
	}
	return lines
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
