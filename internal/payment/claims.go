package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
)

// listed is what the processor says of a payment's refunds, all of them.
type listed struct{ refunds []gateway.RefundOutcome }

// listRefunds asks the processor for the refunds of a payment when something has
// changed about them: their sum, or one of ours that is under way. It returns nil
// when nothing has.
func (s *Service) listRefunds(ctx context.Context, reference string, out gateway.Outcome) (*listed, error) {
	if out.State != gateway.Succeeded || out.PaymentID == "" {
		return nil, nil
	}
	known, err := s.db.Read().SumRefundsAtProcessor(ctx, reference)
	if err != nil {
		return nil, fmt.Errorf("payment: refunds of %s: %w", reference, err)
	}
	if money.Cents(known.Booked) == out.Refunded && known.Open == 0 {
		return nil, nil
	}
	p, err := s.db.Read().GetPaymentByReference(ctx, reference)
	if err != nil {
		return nil, fmt.Errorf("payment: %s: %w", reference, err)
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	g, err := s.adapter(set, p.Gateway)
	if err != nil {
		return nil, &notListed{err}
	}
	list, err := g.Refunds(ctx, out.PaymentID)
	if err != nil {
		return nil, &notListed{err}
	}
	return &listed{list}, nil
}

// notListed says that the processor did not tell its refunds now. Nothing was
// written; it is asked again later.
type notListed struct{ err error }

func (e *notListed) Error() string { return "payment: the refunds could not be read: " + e.err.Error() }
func (e *notListed) Unwrap() error { return e.err }

// claim is somebody's hold on the money of a received payment: a refund, a
// dispute, a bank's return. While it stands it ought to have taken an amount; once
// it has failed or was decided for the dealer, nothing.
type claim struct {
	fact    string      // begins the facts of its rows: "refund R4F7K9-QXT2B"
	want    money.Cents // what it ought to have taken by now
	carried money.Cents // taken by rows of older facts
	reason  ledger.Reason
	back    ledger.Reason // of the rows that bring it back
	parts   []ledger.Allocation
	turns   int64
	turn    func(ctx context.Context) error // writes down that it has moved money
	// tell is called after all is booked when the claim is new or over: with what
	// it took (negative: brought back) and the invoices that are open by it.
	tell func(ctx context.Context, took money.Cents, reopened []int64) error
}

// balance brings the books in line with the claims: first what is given up comes
// back, then what is missing is taken, as far as the payment holds so much. So the
// outcome does not depend on the order in which the claims were heard of. It ends
// with the payment's state, which follows from them.
func (a *application) balance(ctx context.Context, claims []claim) error {
	p := a.p
	rows, err := a.q.ListLedgerOfPayment(ctx, db.NullID(p.ID))
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	held := money.Cents(0)
	for _, r := range rows {
		held -= r.Cents
	}
	type change struct {
		cents    money.Cents
		reopened []int64
	}
	changes := make([]change, len(claims))
	missing := make([]money.Cents, len(claims))
	for i, c := range claims {
		net := c.carried
		for _, r := range rows {
			if strings.HasPrefix(r.Fact, c.fact+" ") || strings.HasPrefix(r.Fact, "won "+c.fact+" ") {
				net += r.Cents
			}
		}
		missing[i] = c.want - net
		if missing[i] >= 0 {
			continue
		}
		err := ledger.Book(ctx, a.q, ledger.Booking{PaymentID: p.ID, CustomerID: p.CustomerID, Amount: -missing[i], Reason: c.back,
			Fact: fmt.Sprintf("%s %d", c.fact, c.turns+1), Date: a.today, At: a.now})
		if err == nil {
			err = c.turn(ctx)
		}
		if err != nil {
			return err
		}
		held -= missing[i]
		changes[i].cents = missing[i]
	}
	for i, c := range claims {
		if missing[i] <= 0 || held <= 0 {
			continue
		}
		done, reopened, err := ledger.Reverse(ctx, a.q, ledger.Reversal{PaymentID: p.ID, CustomerID: p.CustomerID, Cents: missing[i], Parts: c.parts,
			Reason: c.reason, Fact: fmt.Sprintf("%s %d", c.fact, c.turns+1), Date: a.today, At: a.now})
		if err == nil {
			err = c.turn(ctx)
		}
		if err != nil {
			return err
		}
		held -= done
		changes[i] = change{done, reopened}
	}
	if err := a.restate(ctx); err != nil {
		return err
	}
	for i, c := range claims {
		if changes[i].cents != 0 {
			err := audit.Record(ctx, a.q, a.now, a.by, audit.Entry{Action: "payment.reverse", CustomerID: p.CustomerID, Object: "payment " + p.Reference,
				After: map[string]string{"amount": changes[i].cents.Plain(), "reason": string(c.reason)}})
			if err != nil {
				return err
			}
		}
		if c.tell == nil {
			continue
		}
		if err := c.tell(ctx, changes[i].cents, changes[i].reopened); err != nil {
			return err
		}
	}
	return nil
}

// restate puts the payment into the state that its refunds, disputes and returns
// lead to.
func (a *application) restate(ctx context.Context) error {
	p := a.p
	refunds, err := a.q.ListRefundsOfPayment(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	refunded := money.Cents(0)
	for _, r := range refunds {
		if r.Booked != 0 {
			refunded += r.Cents
		}
	}
	if refunded = min(refunded, p.AmountCents); refunded != p.RefundedCents {
		p.RefundedCents = refunded
		if err := a.q.SetRefunded(ctx, db.SetRefundedParams{RefundedCents: refunded, ID: p.ID}); err != nil {
			return fmt.Errorf("payment: %w", err)
		}
	}
	to, why, err := a.standing(ctx)
	if err != nil {
		return err
	}
	if to == "" || to == Won && refunded > 0 {
		switch {
		case refunded >= p.AmountCents:
			to = Refunded
		case refunded > 0:
			to = PartiallyRefunded
		case to == "":
			to = Succeeded
		}
	}
	if to == State(p.State) {
		return nil
	}
	if to != Succeeded {
		_, err = a.move(ctx, to, why)
		return err
	}
	was := p.State
	n, err := a.q.RestorePayment(ctx, p.ID)
	if err != nil || n == 0 {
		return err
	}
	p.State, p.FailureCode, p.FailureMessage = string(Succeeded), "", ""
	return audit.Record(ctx, a.q, a.now, a.by, audit.Entry{Action: "payment.succeeded", CustomerID: p.CustomerID, Object: "payment " + p.Reference,
		Before: map[string]string{"state": was}, After: map[string]string{"state": p.State, "amount": p.AmountCents.Plain()}})
}

// standing is the state that disputes and returns alone lead to, "" when they
// lead nowhere, and why.
func (a *application) standing(ctx context.Context) (State, *gateway.Failure, error) {
	rows, err := a.q.ListDisputesOfPayment(ctx, a.p.ID)
	if err != nil {
		return "", nil, fmt.Errorf("payment: %w", err)
	}
	if len(rows) == 0 {
		switch was := State(a.p.State); was {
		case Disputed, Won, Lost, Returned: // by hand, or before disputes were written down
			return was, nil, nil
		}
		return "", nil, nil
	}
	rank := []State{"", Won, Disputed, Lost, Returned}
	to, why := State(""), &gateway.Failure{}
	for _, d := range rows {
		if s := standsFor[d.State]; slices.Index(rank, s) > slices.Index(rank, to) {
			to, why = s, &gateway.Failure{Code: gateway.Code(d.Code), Message: d.Reason}
		}
	}
	if to == Won {
		return to, nil, nil
	}
	return to, why, nil
}

// refunds returns the claims of the payment's refunds, after what the processor
// tells of them is written down.
func (a *application) refunds(ctx context.Context) ([]claim, error) {
	rows, err := a.q.ListRefundsOfPayment(ctx, a.p.ID)
	if err != nil {
		return nil, fmt.Errorf("payment: %w", err)
	}
	tells := map[int64]func(context.Context, money.Cents, []int64) error{}
	var earlier *claim
	if a.given != nil {
		before := money.Cents(0)
		var drop int64
		for _, r := range rows {
			if r.Source == "earlier" && r.Way == "gateway" {
				before, drop = r.Cents, r.ID
				earlier = &claim{fact: "earlier refund " + a.p.Reference, reason: ledger.Refund, back: ledger.Refund,
					turn: func(context.Context) error { return nil }}
			}
		}
		// the oldest first
		for _, out := range slices.Backward(a.given.refunds) {
			i := slices.IndexFunc(rows, func(r db.Refund) bool { return sameRefund(r, out) })
			if i < 0 {
				if out.State == gateway.RefundFailed || out.Amount <= 0 {
					continue // never heard of, and nothing came of it
				}
				row, err := a.foundRefund(ctx, out, min(before, out.Amount))
				if err != nil {
					return nil, err
				}
				before -= min(before, out.Amount)
				rows = append(rows, row)
				i = len(rows) - 1
			}
			tell, err := a.advance(ctx, &rows[i], out)
			if err != nil {
				return nil, err
			}
			tells[rows[i].ID] = tell
		}
		if earlier != nil {
			// the processor has told all there is: what is left of that sum was
			// not given back in the end
			if earlier.carried = before; before == 0 {
				earlier = nil
			}
			if err := a.q.DropEarlierRefund(ctx, drop); err != nil {
				return nil, fmt.Errorf("payment: %w", err)
			}
			rows = slices.DeleteFunc(rows, func(r db.Refund) bool { return r.ID == drop })
		}
	}
	var claims []claim
	if earlier != nil {
		claims = append(claims, *earlier)
	}
	for _, r := range rows {
		c, err := a.refundClaim(ctx, r)
		if err != nil {
			return nil, err
		}
		c.tell = tells[r.ID]
		claims = append(claims, c)
	}
	return claims, nil
}

// sameRefund tells whether a refund of the processor's list is the one of that row:
// by the processor's id once it is known, by our reference when the answer that
// would have told it was lost, or by being the one that is out where a payment was
// voided.
func sameRefund(r db.Refund, out gateway.RefundOutcome) bool {
	if r.RefundRef != "" {
		return r.RefundRef == out.ID
	}
	ours := r.Reference == out.Reference || out.Void && r.State == "submitted"
	return r.Way == "gateway" && r.Source == "office" && ours && r.Cents == out.Amount
}

// refundClaim is what a refund claims as it stands.
func (a *application) refundClaim(ctx context.Context, r db.Refund) (claim, error) {
	c := claim{fact: "refund " + r.Reference, carried: r.CarriedCents, reason: ledger.Refund, back: ledger.Refund, turns: r.Turns,
		turn: func(ctx context.Context) error { return a.q.TurnRefund(ctx, r.ID) }}
	if r.Booked != 0 {
		c.want = r.Cents
	}
	parts, err := a.q.ListRefundParts(ctx, r.ID)
	if err != nil {
		return c, fmt.Errorf("payment: %w", err)
	}
	for _, p := range parts {
		c.parts = append(c.parts, ledger.Allocation{InvoiceID: p.InvoiceID.Int64, Cents: p.Cents})
	}
	return c, nil
}

// foundRefund writes down a refund that was made at the processor's own site.
func (a *application) foundRefund(ctx context.Context, out gateway.RefundOutcome, carried money.Cents) (db.Refund, error) {
	fact := "found " + a.p.Gateway + " " + out.ID
	made := out.Created
	if made.IsZero() {
		made = a.now
	}
	row, err := a.q.AddRefund(ctx, db.AddRefundParams{Reference: "R" + ledger.NewReference(), PaymentID: a.p.ID, Source: "processor", Way: "gateway",
		Cents: out.Amount, Reason: "Made on the processor's own site", State: "submitted", RefundRef: out.ID, IdempotencyKey: fact, Nonce: fact,
		RefundDate: a.today, CreatedAt: made, CarriedCents: carried})
	if err != nil {
		return row, fmt.Errorf("payment: refund %s: %w", out.ID, err)
	}
	return row, nil
}

// advance moves a refund on to what the processor says of it, and returns what is
// to be said about it once it is booked, nil when nothing has changed.
func (a *application) advance(ctx context.Context, r *db.Refund, out gateway.RefundOutcome) (func(context.Context, money.Cents, []int64) error, error) {
	to, live := "pending", int64(1)
	words := ""
	switch out.State {
	case gateway.RefundSucceeded:
		to = "succeeded"
	case gateway.RefundFailed:
		to, live = "failed", 0
		if words = "The processor did not make this refund."; out.Failure != nil {
			words = out.Failure.Message
		}
	}
	if r.State == to && r.Booked == live && (r.RefundRef == out.ID || out.ID == "") {
		return nil, a.q.TouchRefund(ctx, db.TouchRefundParams{CheckedAt: a.now, ID: r.ID})
	}
	was := *r
	if out.ID != "" {
		r.RefundRef = out.ID
	}
	r.State, r.Booked, r.FailureMessage, r.CheckedAt = to, live, words, a.now
	if to != "pending" {
		r.SettledAt = a.now
	}
	n, err := a.q.MoveRefund(ctx, db.MoveRefundParams{State: to, Booked: live, RefundRef: r.RefundRef, FailureMessage: words, CheckedAt: a.now,
		SettledAt: r.SettledAt, ID: r.ID, Was: was.State})
	if err != nil {
		return nil, fmt.Errorf("payment: refund %s: %w", r.Reference, err)
	}
	if n == 0 {
		return nil, fmt.Errorf("payment: refund %s is not %s any more", r.Reference, was.State)
	}
	if was.State != to {
		if err := a.recordRefund(ctx, *r, was.State); err != nil {
			return nil, err
		}
	}
	row := *r
	switch {
	case was.Booked == 0 && live == 1 && was.CarriedCents == 0:
		return func(ctx context.Context, took money.Cents, reopened []int64) error {
			return a.tellRefund(ctx, row, took, reopened)
		}, nil
	case was.Booked == 1 && live == 0:
		return func(ctx context.Context, _ money.Cents, _ []int64) error { return a.tellRefundBack(ctx, row) }, nil
	}
	return nil, nil
}

// recordRefund writes a change of a refund's state into the trail.
func (a *application) recordRefund(ctx context.Context, r db.Refund, was string) error {
	after := map[string]string{"refund": r.Reference, "amount": r.Cents.Plain(), "way": r.Way, "reason": r.Reason}
	if r.FailureMessage != "" {
		after["why"] = r.FailureMessage
	}
	return audit.Record(ctx, a.q, a.now, a.by, audit.Entry{Action: "refund." + r.State, CustomerID: a.p.CustomerID, Object: "payment " + a.p.Reference,
		Before: map[string]string{"state": was}, After: after})
}

// tellRefund tells the customer that money was given back.
func (a *application) tellRefund(ctx context.Context, r db.Refund, took money.Cents, reopened []int64) error {
	words := fmt.Sprintf("%s of your payment was given back to you. It can take a few days to show on your statement.", r.Cents)
	switch r.Way {
	case "check":
		words = fmt.Sprintf("%s of your payment was given back to you by check %s.", r.Cents, r.NumberLabel)
	case "cash":
		words = fmt.Sprintf("%s of your payment was given back to you in cash.", r.Cents)
	case "other":
		words = fmt.Sprintf("%s of your payment was given back to you.", r.Cents)
	}
	if a.p.Kind == string(ledger.CreditMemo) {
		words = strings.Replace(words, "of your payment", "of your credit", 1)
	}
	letter := outbox.PaymentReversed{Title: "Refund", Words: words}
	if r.Source == "office" {
		letter.Reason = r.Reason
	}
	if err := a.tellReversed(ctx, "refund "+r.Reference, letter, reopened); err != nil {
		return err
	}
	if took >= r.Cents {
		return nil
	}
	return a.tellDealer(ctx, a.q, a.now, "refund "+r.Reference+" beyond", a.p.CustomerID, outbox.PaymentNotice{
		Title: "More was given back than there was",
		Lines: []string{fmt.Sprintf("%s of payment %s was given back, but only %s of it was still in the books: the rest had been returned or disputed already.", r.Cents, a.p.Reference, took),
			"Please ask the customer for the difference, or answer the dispute at the processor with proof of the refund."},
		Path: "/office",
	})
}

// tellRefundBack tells both sides that a refund did not go through in the end.
func (a *application) tellRefundBack(ctx context.Context, r db.Refund) error {
	fact := fmt.Sprintf("refund %s back %d", r.Reference, r.Turns)
	err := a.tellDealer(ctx, a.q, a.now, fact, a.p.CustomerID, outbox.PaymentNotice{
		Title: "A refund did not go through",
		Lines: []string{fmt.Sprintf("%s of payment %s could not be given back: the bank refused it. It is in the books again.", r.Cents, a.p.Reference),
			"Give it back another way, for instance by check, from the payment's page."},
		Path: "/office",
	})
	if err != nil {
		return err
	}
	return a.tellReversed(ctx, fact, outbox.PaymentReversed{Title: "Refund not possible",
		Words: fmt.Sprintf("Your bank did not take the refund of %s that was sent to you. The amount counts as paid again, and we will find another way to give it back.", r.Cents)}, nil)
}

// tellReversed mails the payer what became of his payment, with what is owed again.
func (a *application) tellReversed(ctx context.Context, word string, letter outbox.PaymentReversed, reopened []int64) error {
	letter.Payment, letter.Reopened, letter.PayPath = a.letter(ctx), len(reopened) > 0, a.payPath(ctx)
	for _, id := range reopened {
		i, err := a.q.GetInvoiceBalanceForCustomer(ctx, db.GetInvoiceBalanceForCustomerParams{ID: id, CustomerID: a.p.CustomerID})
		if err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		letter.Owed = append(letter.Owed, outbox.PaidInvoice{Number: i.Number, Left: i.BalanceCents})
	}
	if len(letter.Owed) > 0 {
		letter.PayPath = payPath(letter.Owed[0].Number)
	}
	return a.tellPayer(ctx, word, letter)
}

// disputes writes down what the processor tells of disputes and returns, and
// gives back what they claim.
func (a *application) disputes(ctx context.Context) ([]claim, error) {
	var claims []claim
	// the oldest first
	for _, d := range slices.Backward(a.out.Disputes) {
		row, err := a.q.GetDispute(ctx, d.ID)
		fresh := errors.Is(err, sql.ErrNoRows)
		if fresh {
			row, err = a.q.AddDispute(ctx, db.AddDisputeParams{DisputeRef: d.ID, PaymentID: a.p.ID, Cents: d.Amount, OpenedAt: d.Created})
		}
		if err != nil {
			return nil, fmt.Errorf("payment: dispute %s: %w", d.ID, err)
		}
		was := row.State
		row.State = disputeState(d)
		if row.State != "open" && row.EndedAt.IsZero() {
			row.EndedAt = a.now
		}
		if row.State == "open" {
			row.EndedAt = 0
		}
		err = a.q.MoveDispute(ctx, db.MoveDisputeParams{State: row.State, Cents: d.Amount, Code: string(d.Failure.Code), ReasonCode: d.Failure.Raw, NetworkCode: d.Failure.Network,
			Reason: d.Failure.Message, AnswerByAt: d.AnswerBy, EndedAt: row.EndedAt, ID: row.ID})
		if err != nil {
			return nil, fmt.Errorf("payment: dispute %s: %w", d.ID, err)
		}
		c := claim{fact: "dispute " + d.ID, reason: ledger.Dispute, back: ledger.DisputeWon, turns: row.Turns,
			turn: func(ctx context.Context) error { return a.q.TurnDispute(ctx, row.ID) }}
		switch row.State {
		case "lost":
			c.want = d.Amount
		case "returned":
			c.want, c.reason = d.Amount, ledger.Return
		}
		if fresh {
			was = ""
		}
		// of one that was told before disputes were written down nothing is told again
		if was != row.State && !(fresh && standsFor[row.State] == State(a.p.State)) {
			c.tell = func(ctx context.Context, took money.Cents, reopened []int64) error {
				return a.tellDispute(ctx, d, was, row.State, took, reopened)
			}
		}
		claims = append(claims, c)
	}
	return claims, nil
}

// standsFor is the payment's state that a dispute's state leads to.
var standsFor = map[string]State{"open": Disputed, "won": Won, "lost": Lost, "returned": Returned}

func disputeState(d gateway.Dispute) string {
	switch {
	case d.State == gateway.DisputeOpen:
		return "open"
	case d.State == gateway.DisputeWon:
		return "won"
	case d.Return:
		return "returned"
	}
	return "lost"
}

// tellDispute tells both sides how a dispute stands now, and draws the
// consequences of a bank's return.
func (a *application) tellDispute(ctx context.Context, d gateway.Dispute, was, now string, took money.Cents, reopened []int64) error {
	p, fact := a.p, "dispute "+d.ID
	err := audit.Record(ctx, a.q, a.now, a.by, audit.Entry{Action: "dispute." + now, CustomerID: p.CustomerID, Object: "payment " + p.Reference,
		Before: map[string]string{"state": was}, After: map[string]string{"state": now, "amount": d.Amount.Plain()}})
	if err != nil {
		return err
	}
	notice := outbox.PaymentNotice{Path: "/office/disputes"}
	letter := outbox.PaymentReversed{}
	switch now {
	case "open":
		notice.Title = "A payment is disputed"
		notice.Lines = []string{fmt.Sprintf("The card holder disputes %s of payment %s.", d.Amount, p.Reference)}
		if !d.AnswerBy.IsZero() {
			set, err := a.settings.Current(ctx)
			if err != nil {
				return err
			}
			notice.Lines = append(notice.Lines, "It must be answered by "+d.AnswerBy.Date(set.Zone).String()+".")
		}
		notice.Lines = append(notice.Lines, "Answer it on the processor's site before it is lost. While it is open the payment cannot be refunded.")
		return a.tellDealer(ctx, a.q, a.now, fact+" opened", p.CustomerID, notice)
	case "won":
		notice.Title = "A dispute was decided for you"
		notice.Lines = []string{fmt.Sprintf("The dispute about %s of payment %s is over; the payment counts.", d.Amount, p.Reference)}
		if err := a.tellDealer(ctx, a.q, a.now, fact+" won", p.CustomerID, notice); err != nil || took >= 0 {
			return err
		}
		letter.Title = "Payment counts again"
		letter.Words = fmt.Sprintf("The bank has decided about your dispute: %s of this payment was received after all and counts as paid again.", -took)
		return a.tellReversed(ctx, fact+" won", letter, nil)
	case "returned":
		letter.Title, letter.Words = "Payment returned", d.Failure.Message
		if err := a.consequences(ctx, d.Failure.Code); err != nil {
			return err
		}
		fee, err := a.returnFee(ctx, false)
		if err != nil {
			return err
		}
		letter.Words += fee
	default:
		letter.Title = "Payment taken back"
		letter.Words = "This payment was disputed with your bank, which gave the money back to you. It does not count as paid any more."
	}
	// what a return of an auto payment leads to is told by auto pay
	if p.Source != autoPay || now != "returned" {
		if err := a.tellReversed(ctx, fact, letter, reopened); err != nil {
			return err
		}
	}
	return a.tellTakenBack(ctx, fact+" dealer", letter, took, reopened)
}

// tellTakenBack tells the dealer of money that left the account again.
func (a *application) tellTakenBack(ctx context.Context, fact string, letter outbox.PaymentReversed, took money.Cents, reopened []int64) error {
	notice := outbox.PaymentNotice{Title: letter.Title, Path: "/office",
		Lines: []string{fmt.Sprintf("%s of payment %s left the account again: %s", took, a.p.Reference, letter.Words)}}
	if len(reopened) > 0 {
		notice.Lines = append(notice.Lines, "The invoices it had paid are open again.")
	}
	notice.Lines = append(notice.Lines, a.closedNote(ctx)...)
	return a.tellDealer(ctx, a.q, a.now, fact, a.p.CustomerID, notice)
}

// returnCode is a bank's own reason for a return (Nacha: R01 to R85).
var returnCode = regexp.MustCompile(`^R[0-9]{2}$`)
