package autopay

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
)

// State is how a customer's month stands.
type State string

// The states of a month.
const (
	Planned    State = "planned"    // to be sent, or sent and not known yet
	Processing State = "processing" // a bank debit on its way
	Paid       State = "paid"       // by auto pay, by credit, or another way before another attempt
	Retrying   State = "retry"      // waits for another attempt
	Failed     State = "failed"     // and not tried again by itself
	Trouble    State = "trouble"    // nothing was sent: the customer or the office has to do something
	Nothing    State = "nothing"    // nothing was due
	Held       State = "held"       // skipped, for the customer was on hold
	Asks       State = "asks"       // too late to be taken without asking the office
	Skipped    State = "skipped"    // by the office's decision
	Off        State = "off"        // the consent was revoked before it was taken
)

// planner decides customers' months for one run.
type planner struct {
	*Service
	run        db.AutoPayRun
	today, day calendar.Date
	zone       *time.Location
	rules      rules
	// pages are open at the processor for what is to be taken, and deferred the
	// customers who wait for them to be closed.
	pages    []string
	deferred []int64
	last     bool // the pages were closed as far as that can be
	troubled int  // customers about whom nothing could be decided
}

// errHeldAll ends the planning: everybody is on hold, or the run was ended by
// somebody else.
var errHeldAll = errors.New("autopay: nothing is planned now")

// batch decides about some customers in one transaction, each in a savepoint, as
// many as fit into a moment, and returns how many it came to. An account is nil
// for a customer without a standing consent.
func (p *planner) batch(ctx context.Context, customers []int64, decide func(ctx context.Context, q *db.Queries, id int64, a *account) error) (int, error) {
	n := 0
	err := p.db.WriteTx(ctx, func(tx *sql.Tx) error {
		n = 0
		q := db.New(tx)
		run, err := q.GetAutoPayRun(ctx, p.run.ID)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("autopay: %w", err)
		}
		hold, err := holdOfAll(ctx, q)
		if err != nil {
			return err
		}
		if hold != nil || run.State != "planning" {
			return errHeldAll
		}
		accounts, err := load(ctx, q, customers)
		if err != nil {
			return err
		}
		byID := make(map[int64]*account, len(accounts))
		for _, a := range accounts {
			byID[a.CustomerID] = a
		}
		began := p.clock()
		for _, id := range customers {
			if n > 0 && p.clock().Sub(began) > breath {
				return nil
			}
			n++
			if _, err := tx.ExecContext(ctx, `SAVEPOINT month`); err != nil {
				return fmt.Errorf("autopay: %w", err)
			}
			if err := decide(ctx, q, id, byID[id]); err != nil {
				if ctx.Err() != nil {
					return err
				}
				p.troubled++
				p.log.Error("autopay: a month could not be decided", "customer", id, "error", err.Error())
				if _, undo := tx.ExecContext(ctx, `ROLLBACK TO month`); undo != nil {
					return errors.Join(err, undo)
				}
			}
			if _, err := tx.ExecContext(ctx, `RELEASE month`); err != nil {
				return fmt.Errorf("autopay: %w", err)
			}
		}
		return nil
	})
	return n, err
}

// all decides about customers that are listed page by page.
func (p *planner) all(ctx context.Context, list func(after int64) ([]int64, error), decide func(ctx context.Context, q *db.Queries, id int64, a *account) error) error {
	for after := int64(0); ; {
		ids, err := list(after)
		if err != nil {
			return fmt.Errorf("autopay: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		for len(ids) > 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			n, err := p.batch(ctx, ids, decide)
			if err != nil {
				return err
			}
			after, ids = ids[n-1], ids[n:]
		}
	}
}

// plan decides about everybody whose day has come, whose month is to be tried
// again, and about whom the office was asked and said yes.
func (p *planner) plan(ctx context.Context) error {
	q := p.db.Read()
	due := func(after int64) ([]int64, error) {
		rows, err := q.ListAutoPayDue(ctx, dueParams(p.day, after, most))
		ids := make([]int64, len(rows))
		for i, r := range rows {
			ids[i] = r.CustomerID
		}
		return ids, err
	}
	if p.run.Kind == "late" {
		return p.decided(ctx, func(after int64) ([]int64, error) {
			rows, err := q.ListAutoPayAsked(ctx, db.ListAutoPayAskedParams{RunID: p.run.ID, After: after, Most: most})
			ids := make([]int64, len(rows))
			for i, r := range rows {
				ids[i] = r.CustomerID
			}
			return ids, err
		}, p.asked)
	}
	if err := p.decided(ctx, due, p.due); err != nil {
		return err
	}
	return p.decided(ctx, func(after int64) ([]int64, error) {
		return q.ListAutoPayRetriesDue(ctx, db.ListAutoPayRetriesDueParams{Day: p.day, After: after, Most: most})
	}, p.retry)
}

// decided is [planner.all], and once more for those who had left the processor's
// page open, after that was closed.
func (p *planner) decided(ctx context.Context, list func(after int64) ([]int64, error), decide func(ctx context.Context, q *db.Queries, id int64, a *account) error) error {
	if err := p.all(ctx, list, decide); err != nil {
		return err
	}
	again, pages := slices.Compact(p.deferred), p.pages
	p.deferred, p.pages = nil, nil
	if len(again) == 0 {
		return nil
	}
	if err := p.payments.ClosePages(ctx, pages); err != nil {
		p.log.Warn("autopay: a page at the processor could not be closed", "error", err.Error())
	}
	p.last = true
	defer func() { p.last = false }()
	for len(again) > 0 {
		n, err := p.batch(ctx, again[:min(most, len(again))], decide)
		if err != nil {
			return err
		}
		again = again[n:]
	}
	p.troubled += len(p.deferred)
	p.deferred, p.pages = nil, nil
	return nil
}

// due decides the latest month of one customer.
func (p *planner) due(ctx context.Context, q *db.Queries, _ int64, a *account) error {
	if a == nil {
		return nil // revoked a moment ago
	}
	due := latest(p.day, a.days)
	if !a.started(due, p.zone) {
		return nil
	}
	m := db.AutoPayPeriod{CustomerID: a.CustomerID, Period: ledger.AutoPayPeriod(due), DueDate: due}
	if _, err := q.GetAutoPayPeriod(ctx, db.GetAutoPayPeriodParams{CustomerID: m.CustomerID, Period: m.Period}); err == nil {
		return nil // decided meanwhile
	} else if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("autopay: %w", err)
	}
	for _, r := range a.retries {
		if r.Period >= m.Period {
			continue
		}
		next := r.AutoPayPeriod
		next.State, next.Reason, next.RetryDate = string(Failed), "What is still open of it belongs to the next month's payment now.", ""
		if _, err := p.move(ctx, q, r.AutoPayPeriod, next); err != nil {
			return err
		}
	}
	t := a.take(due, p.today, p.rules)
	if due.AddDays(catchUp) < p.day && t.obstacle != nothingDue {
		return p.ask(ctx, q, m, t)
	}
	return p.decide(ctx, q, a, m, true, t)
}

// ask puts a month that is too late into the run that waits for the office.
func (p *planner) ask(ctx context.Context, q *db.Queries, m db.AutoPayPeriod, t taking) error {
	now := p.clock.Now()
	if _, err := q.AddAutoPayRun(ctx, db.AddAutoPayRunParams{Kind: "late", State: "asks", RunDate: p.day, StartedAt: now}); err != nil {
		return fmt.Errorf("autopay: %w", err)
	}
	late, err := q.GetAutoPayLateRun(ctx)
	if err != nil {
		return fmt.Errorf("autopay: %w", err)
	}
	if late.State != "asks" {
		return nil // the one before is at work: after it there is room for another
	}
	_, err = q.AddAutoPayPeriod(ctx, db.AddAutoPayPeriodParams{CustomerID: m.CustomerID, Period: m.Period, DueDate: m.DueDate, RunID: late.ID, State: string(Asks),
		Reason: fmt.Sprintf("It was due on %s and was not taken then.", m.DueDate), AmountCents: t.amount, DecidedAt: now})
	if err != nil {
		return fmt.Errorf("autopay: %w", err)
	}
	return nil
}

// asked decides a month that the office decided to take after all.
func (p *planner) asked(ctx context.Context, q *db.Queries, id int64, a *account) error {
	rows, err := q.ListAutoPayAsked(ctx, db.ListAutoPayAskedParams{RunID: p.run.ID, After: id - 1, Most: 1})
	if err != nil {
		return fmt.Errorf("autopay: %w", err)
	}
	if len(rows) == 0 || rows[0].CustomerID != id {
		return nil
	}
	m, err := q.GetAutoPayPeriod(ctx, db.GetAutoPayPeriodParams{CustomerID: id, Period: rows[0].Period})
	if err != nil {
		return fmt.Errorf("autopay: %w", err)
	}
	if a == nil {
		return p.off(ctx, q, m)
	}
	t := a.take(m.DueDate, p.today, p.rules)
	if t.obstacle == underWay {
		t.obstacle = nothingDue
	}
	return p.decide(ctx, q, a, m, false, t)
}

// retry makes another attempt at the months of a customer for which it is time.
func (p *planner) retry(ctx context.Context, q *db.Queries, id int64, a *account) error {
	if a == nil {
		months, err := q.ListAutoPayRetriesOf(ctx, []int64{id})
		if err != nil {
			return fmt.Errorf("autopay: %w", err)
		}
		for _, m := range months {
			if err := p.off(ctx, q, m); err != nil {
				return err
			}
		}
		return nil
	}
	for _, r := range a.retries {
		next := r.AutoPayPeriod
		switch {
		case r.RetryDate > p.day:
			continue
		case r.RetryDate.AddDays(catchUp) < p.day:
			next.State, next.RetryDate = string(Failed), ""
			next.Reason = fmt.Sprintf("It was to be tried again on %s and was not: the portal or payments were off.", r.RetryDate)
			if _, err := p.move(ctx, q, r.AutoPayPeriod, next); err != nil {
				return err
			}
			continue
		}
		t := a.again(r, p.today, p.rules)
		if t.obstacle == underWay {
			next.RetryDate = p.day.AddDays(1)
			if _, err := p.move(ctx, q, r.AutoPayPeriod, next); err != nil {
				return err
			}
			continue
		}
		if err := p.decide(ctx, q, a, r.AutoPayPeriod, false, t); err != nil {
			return err
		}
	}
	return nil
}

// off ends a month of a customer whose consent is revoked.
func (p *planner) off(ctx context.Context, q *db.Queries, m db.AutoPayPeriod) error {
	next := m
	next.State, next.Reason, next.RetryDate = string(Off), "Auto Recurring was switched off.", ""
	_, err := p.move(ctx, q, m, next)
	return err
}

// move writes down what becomes of a month, unless it became something else
// meanwhile.
func (s *Service) move(ctx context.Context, q *db.Queries, was, next db.AutoPayPeriod) (bool, error) {
	n, err := q.MoveAutoPayPeriod(ctx, db.MoveAutoPayPeriodParams{State: next.State, Reason: next.Reason, RunID: next.RunID, AmountCents: next.AmountCents,
		CreditCents: next.CreditCents, Attempts: next.Attempts, Declines: next.Declines, Unsent: next.Unsent, FailedDate: next.FailedDate,
		RetryDate: next.RetryDate, ToldAt: next.ToldAt, DecidedAt: s.clock.Now(), CustomerID: was.CustomerID, Period: was.Period,
		Was: was.State, After: was.Attempts, WasRetry: was.RetryDate})
	if err != nil {
		return false, fmt.Errorf("autopay: month %s: %w", was.Period, err)
	}
	return n == 1, nil
}

// decide writes down what is done about a month: the payment that is taken, or
// why none is.
func (p *planner) decide(ctx context.Context, q *db.Queries, a *account, m db.AutoPayPeriod, fresh bool, t taking) error {
	now := p.clock.Now()
	next := m
	next.RunID, next.RetryDate, next.Reason = p.run.ID, "", t.words
	switch t.obstacle {
	case free:
		if len(t.pages) > 0 && p.last && !fresh {
			// a month that was decided before is not looked for again by itself
			next = m
			next.State, next.Reason, next.RetryDate = string(Retrying), "The processor's page is still open for it.", p.day.AddDays(1)
			_, err := p.move(ctx, q, m, next)
			return err
		}
		if len(t.pages) > 0 {
			p.pages, p.deferred = append(p.pages, t.pages...), append(p.deferred, a.CustomerID)
			return nil
		}
		next.CreditCents += t.credit
		if m.Attempts == 0 {
			next.AmountCents = t.amount
		}
		if t.amount > 0 {
			next.State, next.Attempts = string(Planned), m.Attempts+1
		} else {
			next.State, next.Reason = string(Paid), "The credit on the account covered it."
		}
	case underWay:
		if p.day < m.DueDate.AddDays(catchUp) {
			return nil // it is not known yet whether anything is left to take
		}
		next.State = string(Nothing)
	case nothingDue:
		next.State = string(Nothing)
		if m.Attempts > 0 {
			next.State, next.Reason = string(Paid), "It was paid another way."
		}
	case held:
		next.State, next.Reason = string(Held), a.hold.Reason
	case brokenCard:
		next.State = string(Trouble)
		if next.ToldAt.IsZero() {
			next.ToldAt = now
		}
	case closedDoor:
		next.State = string(Skipped)
	case wrongAmount:
		next.State = string(Trouble)
	}
	done, err := p.settle(ctx, q, m, next, fresh)
	if err != nil || !done {
		return err
	}
	if t.obstacle == brokenCard && m.ToldAt.IsZero() {
		if err := p.tellBroken(ctx, q, a, m, t); err != nil {
			return err
		}
	}
	if t.obstacle != free {
		return nil
	}
	if err := p.useCredit(ctx, q, a, m.Period, t); err != nil {
		return err
	}
	if t.amount == 0 {
		return nil
	}
	return p.attempt(ctx, q, a, next, t)
}

// settle writes the month's row, and reports whether it was this that decided it.
func (p *planner) settle(ctx context.Context, q *db.Queries, was, next db.AutoPayPeriod, fresh bool) (bool, error) {
	if !fresh {
		return p.move(ctx, q, was, next)
	}
	n, err := q.AddAutoPayPeriod(ctx, db.AddAutoPayPeriodParams{CustomerID: next.CustomerID, Period: next.Period, DueDate: next.DueDate, RunID: next.RunID,
		State: next.State, Reason: next.Reason, AmountCents: next.AmountCents, CreditCents: next.CreditCents, Attempts: next.Attempts, DecidedAt: p.clock.Now()})
	if err != nil {
		return false, fmt.Errorf("autopay: month %s: %w", next.Period, err)
	}
	return n == 1, nil
}

// useCredit puts the credit on the account towards the invoices first, so that a
// customer who overpaid is not charged while his money lies with the dealer.
func (p *planner) useCredit(ctx context.Context, q *db.Queries, a *account, period string, t taking) error {
	now := p.clock.Now()
	for _, part := range t.parts {
		if part.credit == 0 {
			continue
		}
		err := ledger.ApplyCredit(ctx, q, ledger.CreditUse{CustomerID: a.CustomerID, InvoiceID: part.id, Cents: part.credit,
			Fact: fmt.Sprintf("auto pay %d %s credit to %d", a.CustomerID, period, part.id), Date: p.today, At: now})
		if err != nil {
			return err
		}
		err = audit.Record(ctx, q, now, audit.Program, audit.Entry{Action: "credit.apply", CustomerID: a.CustomerID, Object: "invoice " + part.number,
			After: map[string]string{"amount": part.credit.Plain()}})
		if err != nil {
			return err
		}
	}
	return nil
}

// attempt plans the payment of a month's attempt.
func (p *planner) attempt(ctx context.Context, q *db.Queries, a *account, m db.AutoPayPeriod, t taking) error {
	o := payment.AutoOrder{CustomerID: a.CustomerID, MethodID: a.MethodID, UserID: a.UserID.Int64, Date: p.today}
	for _, part := range t.parts {
		if part.take > 0 {
			o.Allocations = append(o.Allocations, ledger.Allocation{InvoiceID: part.id, Cents: part.take})
		}
	}
	if m.Attempts > 1 {
		last, err := q.GetLastAutoPayAttempt(ctx, db.GetLastAutoPayAttemptParams{CustomerID: m.CustomerID, Period: m.Period})
		if err != nil {
			return fmt.Errorf("autopay: %w", err)
		}
		o.PreviousID = last.PaymentID
	}
	now := p.clock.Now()
	var id int64
	var err error
	for salt := range 8 {
		o.Reference = referenceOf(a.CustomerID, a.CreatedAt, m.Period, m.Attempts, salt)
		if id, err = p.payments.PlanAutoPay(ctx, q, now, o); !fault.Is(err, fault.Conflict) {
			break
		}
	}
	if err != nil {
		return err
	}
	err = q.AddAutoPayAttempt(ctx, db.AddAutoPayAttemptParams{CustomerID: m.CustomerID, Period: m.Period, Number: m.Attempts, PaymentID: id, RunID: p.run.ID, CreatedAt: now})
	if err != nil {
		return fmt.Errorf("autopay: attempt: %w", err)
	}
	return nil
}

// methodsPath is where customers replace cards and accounts.
const methodsPath = "/methods"

// payPath leads to the payment screen with an invoice on Yes.
func payPath(number string) string { return "/pay?invoice=" + url.QueryEscape(number) }

// tellBroken mails the customer that nothing could be sent, with what mends it.
func (p *planner) tellBroken(ctx context.Context, q *db.Queries, a *account, m db.AutoPayPeriod, t taking) error {
	if a.Email == "" {
		return nil
	}
	letter := outbox.AutoPayFailed{Payment: outbox.Payment{Date: p.today, Amount: t.amount, Method: a.label(), Path: "/"},
		Reason: t.words + " Replace it, and pay this amount by hand.", FixPath: methodsPath, PayPath: "/"}
	for _, part := range t.parts {
		if part.take > 0 {
			letter.Invoices = append(letter.Invoices, outbox.PaidInvoice{Number: part.number, Amount: part.take, Left: max(0, part.balance-part.take)})
		}
	}
	if len(letter.Invoices) > 0 {
		letter.PayPath = payPath(letter.Invoices[0].Number)
	}
	return p.mail.Enqueue(ctx, q, p.clock.Now(), outbox.Mail{Fact: failedFact(m.CustomerID, m.Period), CustomerID: a.CustomerID,
		ToName: a.DisplayName, ToEmail: a.Email, Body: letter})
}

// failedFact names the first failure of a month, which is mailed once.
func failedFact(customerID int64, period string) string {
	return fmt.Sprintf("auto pay %d %s failed", customerID, period)
}
