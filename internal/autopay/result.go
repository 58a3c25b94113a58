package autopay

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
)

// RunPath is where the office sees a run.
func RunPath(runID int64) string { return fmt.Sprintf("/office/autopay/runs/%d", runID) }

// RunInfo is one run as it stands.
type RunInfo struct {
	ID      int64
	Kind    string // "daily", "hand", "late"
	State   string // "asks", "planning", "charging", "stopped", "finished", "skipped"
	Day     calendar.Date
	By      string // who began or decided it, "" for the program
	Trouble string // why it stopped or waits, "" when it does not
	Started calendar.Instant
	Ended   calendar.Instant // 0 = not yet
	Count   RunTotals
}

// RunTotals adds up a run: attempts by where their payments stand now, and the
// months that were decided without one.
type RunTotals struct {
	Waiting, Sent, OnTheWay, Taken, Failed, Returned, Canceled                   int
	WaitingAmount, SentAmount, OnTheWayAmount, TakenAmount, FailedAmount         money.Cents
	ReturnedAmount                                                               money.Cents
	ByCredit, NothingDue, Held, Trouble, LeftOut, SwitchedOff, Asks, PaidOtherly int
	AsksAmount                                                                   money.Cents
	// Credit is what was used of credit on accounts.
	Credit money.Cents
}

// Attempts is how many payments the run made.
func (t RunTotals) Attempts() int {
	return t.Waiting + t.Sent + t.OnTheWay + t.Taken + t.Failed + t.Returned + t.Canceled
}

// Done is how many of them have an outcome or are on their way to one at a bank.
func (t RunTotals) Done() int { return t.Attempts() - t.Waiting - t.Sent }

// Percent is how far the run has come.
func (t RunTotals) Percent() int {
	if t.Attempts() == 0 {
		return 100
	}
	return 100 * t.Done() / t.Attempts()
}

func totalsOf(ctx context.Context, q *db.Queries, runID int64) (RunTotals, error) {
	var t RunTotals
	attempts, err := q.SumAutoPayAttempts(ctx, runID)
	if err != nil {
		return t, fmt.Errorf("autopay: run: %w", err)
	}
	for _, a := range attempts {
		n, amount := int(a.Count), money.Cents(a.Amount)
		switch payment.State(a.State) {
		case payment.Planned:
			t.Waiting, t.WaitingAmount = t.Waiting+n, t.WaitingAmount+amount
		case payment.Submitted, payment.Action:
			t.Sent, t.SentAmount = t.Sent+n, t.SentAmount+amount
		case payment.Processing:
			t.OnTheWay, t.OnTheWayAmount = t.OnTheWay+n, t.OnTheWayAmount+amount
		case payment.Failed, payment.Expired:
			t.Failed, t.FailedAmount = t.Failed+n, t.FailedAmount+amount
		case payment.Canceled:
			t.Canceled += n
		case payment.Returned:
			t.Returned, t.ReturnedAmount = t.Returned+n, t.ReturnedAmount+amount
		default:
			t.Taken, t.TakenAmount = t.Taken+n, t.TakenAmount+amount
		}
	}
	months, err := q.SumAutoPayPeriods(ctx, runID)
	if err != nil {
		return t, fmt.Errorf("autopay: run: %w", err)
	}
	for _, m := range months {
		n := int(m.Count)
		switch State(m.State) {
		case Paid:
			if m.Credit > 0 {
				t.ByCredit += n
			} else {
				t.PaidOtherly += n
			}
		case Nothing:
			t.NothingDue += n
		case Held:
			t.Held += n
		case Trouble:
			t.Trouble += n
		case Skipped:
			t.LeftOut += n
		case Off:
			t.SwitchedOff += n
		case Asks:
			t.Asks, t.AsksAmount = t.Asks+n, t.AsksAmount+money.Cents(m.Amount)
		}
	}
	credit, err := q.SumAutoPayCredit(ctx, runID)
	if err != nil {
		return t, fmt.Errorf("autopay: run: %w", err)
	}
	t.Credit = money.Cents(credit)
	return t, nil
}

// Progress is how auto pay stands at this moment, for the office's screen.
type Progress struct {
	// Run is the run at work, or the one that finished last; nil before the first.
	Run *RunInfo
	// Working says that it goes on; Stopped that it waits for a person.
	Working, Stopped bool
	// Late is the run that waits for the office's decision; nil when none does.
	Late *RunInfo
	// Hold is that of everybody, nil when there is none.
	Hold *Hold
	// Next is the day of the next search: today before six in the morning.
	Next calendar.Date
}

// Progress tells how the run at work stands.
func (s *Service) Progress(ctx context.Context) (*Progress, error) {
	_, day, err := s.today(ctx)
	if err != nil {
		return nil, err
	}
	p := &Progress{Next: day.AddDays(1)}
	err = s.db.View(ctx, func(q *db.Queries) error {
		if p.Hold, err = holdOfAll(ctx, q); err != nil {
			return err
		}
		rows, err := q.ListAutoPayRuns(ctx, db.ListAutoPayRunsParams{Before: math.MaxInt64, Every: 1, Most: 10})
		if err != nil {
			return fmt.Errorf("autopay: runs: %w", err)
		}
		for _, r := range rows {
			open := r.State == "planning" || r.State == "charging" || r.State == "stopped"
			if r.State == "asks" || p.Run != nil && !open {
				continue
			}
			info, err := infoOf(ctx, q, r)
			if err != nil {
				return err
			}
			p.Run, p.Working, p.Stopped = info, open && r.State != "stopped", r.State == "stopped"
			if open {
				break
			}
		}
		late, err := q.GetAutoPayLateRun(ctx)
		if errors.Is(err, sql.ErrNoRows) || err == nil && late.State != "asks" {
			return nil
		}
		if err != nil {
			return fmt.Errorf("autopay: runs: %w", err)
		}
		p.Late, err = runInfo(ctx, q, late.ID)
		return err
	})
	return p, err
}

func infoOf(ctx context.Context, q *db.Queries, r db.ListAutoPayRunsRow) (*RunInfo, error) {
	totals, err := totalsOf(ctx, q, r.ID)
	if err != nil {
		return nil, err
	}
	return &RunInfo{ID: r.ID, Kind: r.Kind, State: r.State, Day: r.RunDate, By: r.Staff, Trouble: r.Trouble, Started: r.StartedAt, Ended: r.FinishedAt, Count: totals}, nil
}

func runInfo(ctx context.Context, q *db.Queries, id int64) (*RunInfo, error) {
	rows, err := q.ListAutoPayRuns(ctx, db.ListAutoPayRunsParams{Before: id + 1, Every: 1, Most: 1})
	if err != nil {
		return nil, fmt.Errorf("autopay: run: %w", err)
	}
	if len(rows) == 0 || rows[0].ID != id {
		return nil, fault.Missing("run")
	}
	return infoOf(ctx, q, rows[0])
}

// Runs lists runs, the latest first, at most so many, from the one before a
// certain run on; 0 begins with the latest.
func (s *Service) Runs(ctx context.Context, before int64, most int) ([]RunInfo, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	var list []RunInfo
	err := s.db.View(ctx, func(q *db.Queries) error {
		rows, err := q.ListAutoPayRuns(ctx, db.ListAutoPayRunsParams{Before: before, Most: int64(most)})
		if err != nil {
			return fmt.Errorf("autopay: runs: %w", err)
		}
		for _, r := range rows {
			info, err := infoOf(ctx, q, r)
			if err != nil {
				return err
			}
			list = append(list, *info)
		}
		return nil
	})
	return list, err
}

// Show names which customers of a run are listed.
type Show string

// What may be shown of a run.
const (
	ShowFailed  Show = "failed"  // failed and returned attempts
	ShowTaken   Show = "taken"   // received, and on their way at a bank
	ShowWaiting Show = "waiting" // to be sent, or not known yet
	ShowSkipped Show = "skipped" // held, in trouble, left out, switched off, asked about
	ShowIdle    Show = "idle"    // nothing due, or paid another way
)

// Line is one customer in the result of a run.
type Line struct {
	Cursor         int64 // of this line, to go on after it
	CustomerID     int64
	Number         string
	Name           string
	Period         string
	Due            calendar.Date
	AttemptNumber  int
	Reference      string // of the payment
	State          payment.State
	Month          State
	Amount, Credit money.Cents
	Method         string
	Words          string        // why nothing was taken
	Retry          calendar.Date // when it is tried again, "" = not by itself
	// CanRetry says that [Service.Take] may have it taken.
	CanRetry bool
}

// Result returns a run with its failures and those it skipped, at most so many as
// a page bears; [Service.Lines] lists the rest.
func (s *Service) Result(ctx context.Context, runID int64) (*RunInfo, []Line, error) {
	var info *RunInfo
	var lines []Line
	err := s.db.View(ctx, func(q *db.Queries) error {
		var err error
		if info, err = runInfo(ctx, q, runID); err != nil {
			return err
		}
		for _, show := range []Show{ShowFailed, ShowSkipped} {
			more, err := linesOf(ctx, q, runID, show, 0, onAPage)
			if err != nil {
				return err
			}
			lines = append(lines, more...)
		}
		return nil
	})
	return info, lines, err
}

const onAPage = 200

// Lines lists customers of a run after a line's cursor, at most so many.
func (s *Service) Lines(ctx context.Context, runID int64, show Show, after int64, most int) ([]Line, error) {
	var lines []Line
	err := s.db.View(ctx, func(q *db.Queries) error {
		var err error
		lines, err = linesOf(ctx, q, runID, show, after, most)
		return err
	})
	return lines, err
}

// attemptStates and monthStates are what each list shows.
var attemptStates = map[Show]string{
	ShowFailed:  " failed returned expired ",
	ShowTaken:   " processing succeeded partially_refunded refunded disputed won lost ",
	ShowWaiting: " planned submitted action ",
}

var monthStates = map[Show]string{
	ShowSkipped: " held trouble skipped off asks ",
	ShowIdle:    " nothing paid ",
}

func linesOf(ctx context.Context, q *db.Queries, runID int64, show Show, after int64, most int) ([]Line, error) {
	var lines []Line
	if states := attemptStates[show]; states != "" {
		rows, err := q.ListAutoPayRunAttempts(ctx, db.ListAutoPayRunAttemptsParams{RunID: runID, States: states, After: after, Most: int64(most)})
		if err != nil {
			return nil, fmt.Errorf("autopay: run: %w", err)
		}
		for _, r := range rows {
			l := Line{Cursor: r.ID, CustomerID: r.CustomerID, Number: r.CustomerNumber, Name: r.DisplayName, Period: r.Period, Due: r.DueDate,
				AttemptNumber: int(r.Number), Reference: r.Reference, State: payment.State(r.State), Month: State(r.Month), Amount: r.AmountCents, Credit: r.CreditCents,
				Method: methodLabel(r.Kind, r.Brand, r.NumberLabel), Words: r.FailureMessage}
			if r.Number == r.Attempts && show == ShowFailed {
				l.Retry = r.RetryDate
				l.CanRetry = l.Month == Failed || l.Month == Retrying
			}
			lines = append(lines, l)
		}
	}
	if states := monthStates[show]; states != "" {
		rows, err := q.ListAutoPayRunPeriods(ctx, db.ListAutoPayRunPeriodsParams{RunID: runID, States: states, After: after, Most: int64(most)})
		if err != nil {
			return nil, fmt.Errorf("autopay: run: %w", err)
		}
		for _, r := range rows {
			l := Line{Cursor: r.CustomerID, CustomerID: r.CustomerID, Number: r.Number, Name: r.DisplayName, Period: r.Period, Due: r.DueDate,
				Month: State(r.State), Amount: r.AmountCents, Credit: r.CreditCents, Words: r.Reason, Retry: r.RetryDate}
			l.CanRetry = l.Month == Held || l.Month == Trouble || l.Month == Skipped
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// Month is what became of one of a customer's months.
type Month struct {
	Period         string
	Due            calendar.Date
	State          State
	Words          string
	Amount, Credit money.Cents
	Retry          calendar.Date
	Attempts       int
	RunID          int64
	Reference      string
}

// Months lists a customer's latest months, the latest first.
func (s *Service) Months(ctx context.Context, customerID int64) ([]Month, error) {
	rows, err := s.db.Read().ListAutoPayMonthsOfCustomer(ctx, customerID)
	if err != nil {
		return nil, fmt.Errorf("autopay: months: %w", err)
	}
	list := make([]Month, len(rows))
	for i, r := range rows {
		list[i] = Month{Period: r.Period, Due: r.DueDate, State: State(r.State), Words: r.Reason, Amount: r.AmountCents, Credit: r.CreditCents,
			Retry: r.RetryDate, Attempts: int(r.Attempts), RunID: r.RunID, Reference: r.Reference}
	}
	return list, nil
}

// inSummary is how many customers a summary names.
const inSummary = 50

// finish ends the runs that have nothing left to do, each with one mail to the
// dealer.
func (s *Service) finish(ctx context.Context) error {
	runs, err := s.db.Read().ListAutoPayOpenRuns(ctx)
	if err != nil {
		return fmt.Errorf("autopay: runs: %w", err)
	}
	for _, r := range runs {
		if r.State != "charging" {
			continue
		}
		err := s.db.Write(ctx, func(q *db.Queries) error { return s.finishRun(ctx, q, r) })
		if err != nil && !errors.Is(err, errMoved) {
			return err
		}
	}
	return nil
}

func (s *Service) finishRun(ctx context.Context, q *db.Queries, r db.AutoPayRun) error {
	left, err := q.CountAutoPayUnfinished(ctx, db.CountAutoPayUnfinishedParams{Since: s.clock.Now().Add(-patience), RunID: r.ID})
	if err != nil {
		return fmt.Errorf("autopay: run: %w", err)
	}
	if left.Planned+left.Submitted+left.Moved > 0 {
		return nil
	}
	dropped, err := q.DropAutoPayRun(ctx, r.ID)
	if err != nil {
		return fmt.Errorf("autopay: run: %w", err)
	}
	if dropped > 0 {
		return nil
	}
	if err := s.moveRun(ctx, q, r, "finished", ""); err != nil {
		return err
	}
	summary, err := s.summary(ctx, q, r)
	if err != nil || summary == nil {
		return err
	}
	if err := q.ReportAutoPayFailures(ctx); err != nil {
		return fmt.Errorf("autopay: %w", err)
	}
	return s.tellDealer(ctx, q, fmt.Sprintf("auto pay run %d summary", r.ID), *summary)
}

// summary puts a run into words for the dealer, nil when there is nothing to
// tell.
func (s *Service) summary(ctx context.Context, q *db.Queries, r db.AutoPayRun) (*outbox.AutoPaySummary, error) {
	t, err := totalsOf(ctx, q, r.ID)
	if err != nil {
		return nil, err
	}
	m := &outbox.AutoPaySummary{Day: r.RunDate, Path: RunPath(r.ID)}
	line := func(n int, words string, amount money.Cents) {
		if n > 0 {
			text := count(n, "payment", "payments") + " " + words
			if amount > 0 {
				text += ", " + amount.String()
			}
			m.Lines = append(m.Lines, text)
		}
	}
	line(t.Taken, "taken", t.TakenAmount)
	line(t.OnTheWay, "on the way at the banks", t.OnTheWayAmount)
	line(t.Sent, "whose outcome is not known yet; they are looked up until it is", t.SentAmount)
	line(t.Failed+t.Returned, "failed", t.FailedAmount+t.ReturnedAmount)
	customers := func(n int, words string) {
		if n > 0 {
			m.Lines = append(m.Lines, count(n, "customer", "customers")+" "+words)
		}
	}
	if t.Credit > 0 {
		m.Lines = append(m.Lines, t.Credit.String()+" of credit on accounts used first")
	}
	customers(t.ByCredit, "covered by credit alone")
	customers(t.Trouble, "could not be charged")
	customers(t.Held, "on hold, skipped")
	customers(t.LeftOut, "left out")
	customers(t.SwitchedOff, "had switched Auto Recurring off")
	failures, err := q.ListAutoPayUnreported(ctx, inSummary+1)
	if err != nil {
		return nil, fmt.Errorf("autopay: summary: %w", err)
	}
	total, err := q.CountAutoPayUnreported(ctx)
	if err != nil {
		return nil, fmt.Errorf("autopay: summary: %w", err)
	}
	for _, f := range failures[:min(len(failures), inSummary)] {
		words := f.FailureMessage
		if f.State == string(payment.Returned) {
			words = "Returned by the bank. " + words
		}
		switch {
		case f.RetryDate != "":
			words += " It is tried again on " + f.RetryDate.String() + "."
		case f.Month == string(Failed):
			words += " It is not tried again by itself."
		}
		if f.RunID != r.ID {
			words = "From an earlier run. " + words
		}
		m.Failed = append(m.Failed, outbox.AutoPayLine{Customer: fmt.Sprintf("%s (customer %s)", f.DisplayName, f.Number), Amount: f.AmountCents, Words: words})
	}
	m.More = int(total) - len(m.Failed)
	skipped, err := linesOf(ctx, q, r.ID, ShowSkipped, 0, inSummary)
	if err != nil {
		return nil, err
	}
	for _, l := range skipped {
		words := l.Words
		if l.Month == Held {
			words = "On hold: " + words
		}
		m.Failed = append(m.Failed, outbox.AutoPayLine{Customer: fmt.Sprintf("%s (customer %s)", l.Name, l.Number), Words: words})
	}
	m.More += max(0, t.Held+t.Trouble+t.LeftOut+t.SwitchedOff-len(skipped))
	if len(m.Lines)+len(m.Failed) == 0 {
		return nil, nil
	}
	return m, nil
}
