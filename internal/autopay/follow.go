package autopay

import (
	"context"
	"errors"
	"fmt"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
)

// follow acts on the attempts whose payments moved on, whoever moved them: the
// answer of the run's own call, a webhook, the poller days later.
// One that cannot be acted on keeps none of the others waiting; it is tried again
// the next time, and what failed is returned at the end.
func (s *Service) follow(ctx context.Context) error {
	var failed []error
	for after := int64(0); ctx.Err() == nil; {
		rows, err := s.db.Read().ListAutoPayMoved(ctx, db.ListAutoPayMovedParams{After: after, Most: most})
		if err != nil {
			return errors.Join(append(failed, fmt.Errorf("autopay: attempts: %w", err))...)
		}
		if len(rows) == 0 {
			return errors.Join(failed...)
		}
		done, err := s.followSome(ctx, rows)
		if err != nil {
			// one of them spoiled the transaction of them all
			done = 1
			if _, err := s.followSome(ctx, rows[:1]); err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", rows[0].Reference, err))
			}
		}
		after = rows[done-1].ID
	}
	return errors.Join(append(failed, ctx.Err())...)
}

// followSome acts on as many as fit into a moment, in one transaction, and says
// how many.
func (s *Service) followSome(ctx context.Context, rows []db.ListAutoPayMovedRow) (done int, err error) {
	today, _, err := s.today(ctx)
	if err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		began := s.clock()
		for done = range rows {
			if done > 0 && s.clock().Sub(began) > breath {
				return nil
			}
			if err := s.followOne(ctx, q, rows[done], today); err != nil {
				return err
			}
		}
		done = len(rows)
		return nil
	})
	return done, err
}

func (s *Service) followOne(ctx context.Context, q *db.Queries, r db.ListAutoPayMovedRow, today calendar.Date) error {
	// what it is at this moment, for the list was read before the transaction
	p, err := q.GetPayment(ctx, r.PaymentID)
	if err != nil {
		return fmt.Errorf("autopay: payment: %w", err)
	}
	m, err := q.GetAutoPayPeriod(ctx, db.GetAutoPayPeriodParams{CustomerID: r.CustomerID, Period: r.Period})
	if err != nil {
		return fmt.Errorf("autopay: month: %w", err)
	}
	next, unreported := m, int64(0)
	var letter *outbox.AutoPayFailed
	state := payment.State(p.State)
	switch {
	case state == payment.Planned || state == payment.Submitted || state == payment.Action:
		next.State = string(Planned)
	case state == payment.Processing:
		next.State = string(Processing)
	case state == payment.Canceled && p.FailureCode == payment.SwitchedOff:
		next.State, next.Reason, next.RetryDate = string(Off), p.FailureMessage, "" // the customer was mailed that it is off
	case state == payment.Failed || state == payment.Returned || state == payment.Canceled || state == payment.Expired:
		if next, letter, err = s.failed(ctx, q, m, p, today); err != nil {
			return err
		}
		if afterFailure(gateway.Code(p.FailureCode)) != soon || next.RetryDate == "" {
			unreported = 1
		}
	default:
		next.State, next.Reason, next.RetryDate = string(Paid), "", ""
	}
	n, err := q.FollowAutoPayAttempt(ctx, db.FollowAutoPayAttemptParams{Outcome: p.State, Unreported: unreported, ID: r.ID})
	if err != nil {
		return fmt.Errorf("autopay: attempt: %w", err)
	}
	if n == 0 || r.Number != m.Attempts {
		return nil // acted on by somebody else; or a later attempt is the month's by now
	}
	moved, err := s.move(ctx, q, m, next)
	if err != nil || !moved || letter == nil {
		return err
	}
	return s.tellFailed(ctx, q, m, p, *letter)
}

// failed works out what becomes of a month whose latest attempt failed, and what
// the customer is told: at the first failure, and when it is given up after
// several.
func (s *Service) failed(ctx context.Context, q *db.Queries, m db.AutoPayPeriod, p db.Payment, today calendar.Date) (db.AutoPayPeriod, *outbox.AutoPayFailed, error) {
	next := m
	code := gateway.Code(p.FailureCode)
	next.State, next.Reason, next.RetryDate = string(Failed), p.FailureMessage, ""
	what := afterFailure(code)
	switch what {
	case soon:
		next.Unsent++
		switch {
		case next.Unsent == 1:
			next.RetryDate = today
		case next.Unsent <= unsentTries:
			next.RetryDate = today.AddDays(1)
		}
	case later:
		next.Declines++
		if next.FailedDate == "" {
			next.FailedDate = today
		}
		next.RetryDate = nextTry(gateway.Kind(p.Kind), next.FailedDate, today, int(next.Declines))
	}
	over, err := s.overBy(ctx, q, m, next.RetryDate)
	if err != nil {
		return next, nil, err
	}
	if over {
		next.RetryDate = ""
	}
	if next.RetryDate != "" {
		next.State = string(Retrying)
	}
	first := m.ToldAt.IsZero()
	if what == soon && next.RetryDate != "" || code == "configuration" || !first && next.RetryDate != "" {
		return next, nil, nil
	}
	next.ToldAt = s.clock.Now()
	letter := &outbox.AutoPayFailed{Reason: p.FailureMessage, Retry: next.RetryDate, Last: !first, Returned: p.State == string(payment.Returned)}
	if what != soon && code != gateway.AuthenticationRequired && code != gateway.AuthenticationFailed && code != gateway.AmountNotAccepted {
		letter.FixPath = methodsPath
	}
	return next, letter, nil
}

// overBy tells whether the month is over by the day of another attempt: a later
// month is decided, or its day comes first and takes what is open then.
func (s *Service) overBy(ctx context.Context, q *db.Queries, m db.AutoPayPeriod, day calendar.Date) (bool, error) {
	if day == "" {
		return false, nil
	}
	n, err := q.CountLaterAutoPayPeriods(ctx, db.CountLaterAutoPayPeriodsParams{CustomerID: m.CustomerID, Period: m.Period})
	if err != nil {
		return false, fmt.Errorf("autopay: %w", err)
	}
	if n > 0 {
		return true, nil
	}
	days, err := ledger.DaysOfAutoPay(ctx, q, m.CustomerID)
	if err != nil {
		return false, err
	}
	if len(days) == 0 {
		return true, nil // nothing is taken without a consent
	}
	next := ledger.AutoPayPeriod(calendar.NewDate(m.DueDate.Year(), m.DueDate.Month()+1, 1))
	return ledger.AutoPayOn(next, days.In(next)) <= day, nil
}

// tellFailed mails the customer what failed and what mends it.
func (s *Service) tellFailed(ctx context.Context, q *db.Queries, m db.AutoPayPeriod, p db.Payment, letter outbox.AutoPayFailed) error {
	to, err := q.GetPayer(ctx, db.GetPayerParams{UserID: p.UserID.Int64, CustomerID: p.CustomerID})
	if err != nil {
		return fmt.Errorf("autopay: %w", err)
	}
	if to.Email == "" {
		return nil
	}
	letter.Payment = outbox.Payment{Reference: p.Reference, Date: p.PaymentDate, Amount: p.AmountCents, Method: methodLabel(p.Kind, p.Brand, p.NumberLabel),
		Path: "/payments/" + p.Reference}
	letter.PayPath = "/"
	parts, err := q.ListAllocations(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("autopay: %w", err)
	}
	for i, a := range parts {
		if i == 0 {
			letter.PayPath = payPath(a.Number)
		}
		letter.Invoices = append(letter.Invoices, outbox.PaidInvoice{Number: a.Number, Amount: a.Cents, Left: a.BalanceCents})
	}
	fact := failedFact(m.CustomerID, m.Period)
	if letter.Last {
		fact += " for good"
	}
	return s.mail.Enqueue(ctx, q, s.clock.Now(), outbox.Mail{Fact: fact, CustomerID: p.CustomerID, ToName: to.DisplayName, ToEmail: to.Email, Body: letter})
}
