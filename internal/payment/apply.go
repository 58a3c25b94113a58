package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
)

// apply moves a payment on to what the processor says of it: state, books, mail
// and trail in one transaction. The processor's answer, the return page,
// webhooks and the poller all end here. Live says that the customer is looking
// at the result, so that a failure needs no mail. The caller holds the
// payment's lock.
func (s *Service) apply(ctx context.Context, by audit.Actor, reference string, out gateway.Outcome, live bool) (db.Payment, error) {
	today, err := s.ledger.Today(ctx)
	if err != nil {
		return db.Payment{}, err
	}
	given, err := s.listRefunds(ctx, reference, out)
	if err != nil {
		return db.Payment{}, err
	}
	var p db.Payment
	err = s.db.Write(ctx, func(q *db.Queries) error {
		if p, err = q.GetPaymentByReference(ctx, reference); err != nil {
			return fmt.Errorf("payment: %s: %w", reference, err)
		}
		if today, err = ledger.OpenDay(ctx, q, today); err != nil {
			return err
		}
		a := application{Service: s, q: q, by: by, live: live, now: s.clock.Now(), today: today, p: &p, out: out, given: given}
		return a.run(ctx)
	})
	return p, err
}

// application is one run of apply, in its transaction.
type application struct {
	*Service
	q     *db.Queries
	by    audit.Actor
	live  bool
	now   calendar.Instant
	today calendar.Date
	p     *db.Payment
	out   gateway.Outcome
	given *listed // the processor's refunds of it, nil when nothing has changed there
}

func (a *application) run(ctx context.Context) error {
	if err := a.describe(ctx); err != nil {
		return err
	}
	switch a.out.State {
	case gateway.Action:
		return a.wait(ctx)
	case gateway.Processing:
		return a.processing(ctx)
	case gateway.Succeeded:
		if err := a.succeed(ctx); err != nil {
			return err
		}
		return a.settled(ctx)
	case gateway.Failed:
		return a.fail(ctx)
	case gateway.Canceled:
		return a.cancel(ctx)
	}
	return nil // Open, Unclear: nothing is known yet
}

// describe writes down what the processor told beside the state.
func (a *application) describe(ctx context.Context) error {
	p, out := a.p, a.out
	if out.PaymentID != "" {
		p.ChargeRef = out.PaymentID
	}
	if out.PageID != "" {
		p.SessionRef = out.PageID
	}
	moved := out.State == gateway.Succeeded || out.State == gateway.Processing || out.State == gateway.Action && p.Hosted != 0
	if m := out.Method; m != nil && moved {
		p.Brand, p.NumberLabel = m.Brand, m.Last4
		if p.Hosted != 0 && p.KeepMethod != 0 && m.OnFile && !p.MethodID.Valid {
			id, err := a.keepMethod(ctx, a.q, a.now, a.by, keeping{customerID: p.CustomerID, userID: p.UserID, gateway: p.Gateway, method: *m})
			if err != nil {
				return err
			}
			p.MethodID = db.NullID(id)
		}
	}
	p.CheckedAt = a.now
	if err := a.fee(ctx); err != nil {
		return err
	}
	if len(out.Duplicates) > 0 {
		err := a.tellDealer(ctx, a.q, a.now, "payment "+p.Reference+" duplicates", p.CustomerID, outbox.PaymentNotice{
			Title: "A payment stands twice at the processor",
			Lines: []string{fmt.Sprintf("Payment %s of %s was found more than once at the processor. One of them is in the books.", p.Reference, p.AmountCents),
				"Please look at the others there and refund what was taken twice: " + fmt.Sprint(out.Duplicates)},
			Path: "/office",
		})
		if err != nil {
			return err
		}
	}
	err := a.q.DescribePayment(ctx, db.DescribePaymentParams{ChargeRef: p.ChargeRef, SessionRef: p.SessionRef, MethodID: p.MethodID,
		Brand: p.Brand, NumberLabel: p.NumberLabel, RefundedCents: p.RefundedCents, CheckedAt: a.now, ID: p.ID})
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	return nil
}

// move is the one place where a payment's state changes. It reports whether the
// row changed; when it did not, this is done already and nothing else follows.
func (a *application) move(ctx context.Context, to State, failure *gateway.Failure) (bool, error) {
	p := a.p
	from := make([]string, len(before[to]))
	for i, f := range before[to] {
		from[i] = string(f)
	}
	row := db.MovePaymentParams{State: string(to), SettledAt: p.SettledAt, ID: p.ID, Before: from}
	if !to.UnderWay() && p.SettledAt == 0 {
		row.SettledAt = a.now
	}
	if to == Action {
		row.SessionUrl = a.out.ActionURL
	}
	if failure != nil {
		row.FailureCode, row.FailureMessage = string(failure.Code), failure.Message
	}
	n, err := a.q.MovePayment(ctx, row)
	if err != nil {
		return false, fmt.Errorf("payment: %s to %s: %w", p.Reference, to, err)
	}
	if n == 0 {
		return false, nil
	}
	was := p.State
	p.State, p.SettledAt, p.SessionUrl = row.State, row.SettledAt, row.SessionUrl
	p.FailureCode, p.FailureMessage = row.FailureCode, row.FailureMessage
	if p.Source == autoPay {
		if err := a.q.MarkAutoPayMoved(ctx, p.ID); err != nil {
			return false, fmt.Errorf("payment: %w", err)
		}
	}
	after := map[string]string{"state": p.State, "amount": p.AmountCents.Plain()}
	if p.FailureCode != "" {
		after["reason"] = p.FailureCode
	}
	return true, audit.Record(ctx, a.q, a.now, a.by, audit.Entry{Action: "payment." + p.State, CustomerID: p.CustomerID,
		Object: "payment " + p.Reference, Before: map[string]string{"state": was}, After: after})
}

func (a *application) wait(ctx context.Context) error {
	_, err := a.move(ctx, Action, nil)
	return err
}

func (a *application) processing(ctx context.Context) error {
	moved, err := a.move(ctx, Processing, nil)
	if err != nil || !moved {
		return err
	}
	letter := a.letter(ctx)
	for i := range letter.Invoices {
		// the books count the payment once it is settled, who made it counts it already
		letter.Invoices[i].Left = max(letter.Invoices[i].Left-letter.Invoices[i].Amount, 0)
	}
	return a.tellPayer(ctx, "submitted", outbox.PaymentSubmitted{Payment: letter})
}

// succeed books money that was received, once.
func (a *application) succeed(ctx context.Context) error {
	p := a.p
	if State(p.State).kept() {
		return nil
	}
	if a.out.Received != p.AmountCents {
		// never book an amount that nobody ordered; the payment stays as it is
		// and a person must look
		a.log.Error("payment: received another amount than was asked for", "payment", p.Reference,
			"asked", p.AmountCents.Plain(), "received", a.out.Received.Plain())
		return a.tellDealer(ctx, a.q, a.now, "payment "+p.Reference+" amount", p.CustomerID, outbox.PaymentNotice{
			Title: "A payment of another amount than was asked for",
			Lines: []string{fmt.Sprintf("Payment %s asked for %s; the processor says it received %s.", p.Reference, p.AmountCents, a.out.Received),
				"It was not booked. Please look at it on the processor's site."},
			Path: "/office",
		})
	}
	late := State(p.State).GaveUp()
	moved, err := a.move(ctx, Succeeded, nil)
	if err != nil || !moved {
		return err
	}
	err = ledger.Book(ctx, a.q, ledger.Booking{PaymentID: p.ID, CustomerID: p.CustomerID, Amount: p.AmountCents,
		Reason: ledger.Payment, Fact: "payment " + p.Reference, Date: a.today, At: a.now})
	if err != nil {
		return err
	}
	if late {
		err := a.tellDealer(ctx, a.q, a.now, "payment "+p.Reference+" late", p.CustomerID, outbox.PaymentNotice{
			Title: "A payment was found after it was given up",
			Lines: []string{fmt.Sprintf("Payment %s of %s had been taken for not made; the processor now says it was received. It is in the books.", p.Reference, p.AmountCents)},
			Path:  "/office",
		})
		if err != nil {
			return err
		}
	}
	return a.tellPayer(ctx, "receipt", outbox.PaymentReceipt{Payment: a.letter(ctx)})
}

func (a *application) fail(ctx context.Context) error {
	was := State(a.p.State)
	failure := a.out.Failure
	if failure == nil {
		failure = gateway.NewFailure(gateway.Kind(a.p.Kind), gateway.Declined, "")
	}
	moved, err := a.move(ctx, Failed, failure)
	if err != nil || !moved {
		return err
	}
	if err := a.consequences(ctx, failure.Code); err != nil {
		return err
	}
	words := failure.Message
	if was == Processing && returnCode.MatchString(failure.Network) {
		fee, err := a.returnFee(ctx, false)
		if err != nil {
			return err
		}
		words += fee
	}
	if a.live && was != Processing || a.p.Source == autoPay {
		return nil // the customer reads it on the screen, or auto pay tells what follows
	}
	return a.tellPayer(ctx, "failed", outbox.PaymentFailed{Payment: a.letter(ctx), Reason: words, PayPath: a.payPath(ctx)})
}

func (a *application) cancel(ctx context.Context) error {
	to := Canceled
	if a.p.Hosted != 0 && a.now >= a.p.CreatedAt.Add(pageLife) {
		to = Expired
	}
	var failure *gateway.Failure
	was := State(a.p.State)
	if was == Processing {
		failure = &gateway.Failure{Message: "The payment was stopped before the bank had settled it. Nothing was taken."}
	}
	moved, err := a.move(ctx, to, failure)
	if err != nil || !moved || was != Processing || a.p.Source == autoPay {
		return err // auto pay tells what follows
	}
	return a.tellPayer(ctx, "failed", outbox.PaymentFailed{Payment: a.letter(ctx), Reason: failure.Message, PayPath: a.payPath(ctx)})
}

// settled follows a received payment through refunds, returns and disputes. Each
// of them claims a part of the money; what a claim has taken and what it ought
// to have taken is compared, so that hearing of it twice books it once, and in
// whatever order they are heard of the books come out the same.
func (a *application) settled(ctx context.Context) error {
	if !State(a.p.State).kept() {
		return nil
	}
	claims, err := a.refunds(ctx)
	if err != nil {
		return err
	}
	more, err := a.disputes(ctx)
	if err != nil {
		return err
	}
	return a.balance(ctx, append(claims, more...))
}

// consequences ends what the bank says is over: the account itself, or the
// leave to debit it (Nacha return codes; see [gateway.Code]).
func (a *application) consequences(ctx context.Context, code gateway.Code) error {
	if !a.p.MethodID.Valid {
		return nil
	}
	switch code {
	case gateway.AccountClosed, gateway.NoAccount, gateway.MethodGone:
		return a.endMethod(ctx, a.q, a.now, a.by, a.p.MethodID.Int64, "the bank says that this account cannot be used any more")
	case gateway.DebitNotAuthorized:
		return a.endConsent(ctx, a.q, a.now, a.by, a.p.CustomerID, a.p.MethodID.Int64, "the bank says that debits are not authorized")
	}
	return nil
}

// ending says why a payment is given up.
type ending struct {
	code, words string
	cause       error // of the processor, may be nil
	tell        bool  // by mail, because the customer is not looking
}

// giveUp ends a payment of which it is certain that nothing was charged. The
// caller holds its lock.
func (s *Service) giveUp(ctx context.Context, by audit.Actor, p db.Payment, e ending) (db.Payment, error) {
	err := s.db.Write(ctx, func(q *db.Queries) error {
		var err error
		if p, err = q.GetPayment(ctx, p.ID); err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		a := application{Service: s, q: q, by: by, now: s.clock.Now(), p: &p}
		to := Failed
		if State(p.State) == Planned {
			to = Canceled
		}
		moved, err := a.move(ctx, to, &gateway.Failure{Code: gateway.Code(e.code), Message: e.words})
		if err != nil || !moved {
			return err
		}
		if e.tell && p.Source != autoPay {
			return a.tellPayer(ctx, "failed", outbox.PaymentFailed{Payment: a.letter(ctx), Reason: e.words, PayPath: a.payPath(ctx)})
		}
		if e.cause == nil || gateway.ClassOf(e.cause) != gateway.Config {
			return nil
		}
		return s.tellDealer(ctx, q, a.now, "gateway configuration "+p.PaymentDate.ISO(), 0, outbox.PaymentNotice{
			Title: "Online payments do not work",
			Lines: []string{"The payment processor refuses what the portal sends: " + e.cause.Error(), "Until this is set right customers cannot pay online."},
			Path:  "/office",
		})
	})
	return p, err
}

// letter gathers what mails about a payment show.
func (a *application) letter(ctx context.Context) outbox.Payment {
	return letterOf(ctx, a.q, *a.p)
}

func letterOf(ctx context.Context, q *db.Queries, p db.Payment) outbox.Payment {
	l := outbox.Payment{Reference: p.Reference, Date: p.PaymentDate, Amount: p.AmountCents, Method: inWords(p.Kind, p.Brand, p.NumberLabel),
		Path: "/payments/" + p.Reference}
	allocations, err := q.ListAllocations(ctx, p.ID)
	if err != nil {
		return l // the mail does without the split rather than the payment without its mail
	}
	for _, part := range allocations {
		l.Invoices = append(l.Invoices, outbox.PaidInvoice{Number: part.Number, Amount: part.Cents, Left: part.BalanceCents})
	}
	return l
}

// payPath leads to the payment screen with the payment's first invoice.
func (a *application) payPath(ctx context.Context) string {
	allocations, err := a.q.ListAllocations(ctx, a.p.ID)
	if err != nil || len(allocations) == 0 {
		return "/"
	}
	if byLink(*a.p) {
		// who paid by a link may have no login to pay again by
		if link, err := a.ledger.PayLinkInMail(ctx, a.q, a.now, allocations[0].InvoiceID); err == nil {
			return strings.TrimPrefix(link, a.mail.PublicURL(""))
		}
	}
	return payPath(allocations[0].Number)
}

// tellPayer queues a mail to the one who paid, once for each word about a payment.
func (a *application) tellPayer(ctx context.Context, word string, body outbox.Body) error {
	p := a.p
	to, err := a.q.GetPayer(ctx, db.GetPayerParams{UserID: p.UserID.Int64, CustomerID: p.CustomerID})
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	if to.Email == "" {
		return nil
	}
	return a.mail.Enqueue(ctx, a.q, a.now, outbox.Mail{Fact: "payment " + p.Reference + " " + word, CustomerID: p.CustomerID,
		ToName: to.DisplayName, ToEmail: to.Email, Body: body})
}

// tellDealer queues a mail to the dealer's office, once for each fact. It runs in
// the caller's transaction.
func (s *Service) tellDealer(ctx context.Context, q *db.Queries, now calendar.Instant, fact string, customerID int64, notice outbox.PaymentNotice) error {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	if set.Company.Email == "" {
		return nil
	}
	if customerID != 0 {
		who, err := q.GetPayer(ctx, db.GetPayerParams{CustomerID: customerID})
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("payment: %w", err)
		}
		notice.Customer = fmt.Sprintf("%s (customer %s)", who.DisplayName, who.Number)
	}
	return s.mail.Enqueue(ctx, q, now, outbox.Mail{Fact: fact + " dealer", CustomerID: customerID, ToName: set.Company.Name, ToEmail: set.Company.Email, Body: notice})
}
