package payment

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

// approvalLife is how long a request waits for a second person.
const approvalLife = 7 * 24 * time.Hour

// Limit is the amount above which a refund, a voided invoice or a credit needs a
// second person; 0 = none does.
func Limit(set *settings.Settings) money.Cents {
	limit, err := money.Parse(set.Value("approvals.above"))
	if err != nil {
		return 0 // not set
	}
	return limit
}

// aboveLimit reports whether staff need a second person for the amount, together
// with what they have given alone before: parts of what needs one need one, too.
// What the program itself does nobody has to approve.
func aboveLimit(set *settings.Settings, by audit.Actor, cents, alone money.Cents) bool {
	limit := Limit(set)
	return limit > 0 && cents+alone > limit && by.Kind == audit.Staff
}

// creditedFor is how long a credit counts together with the next one.
const creditedFor = 24 * time.Hour

// RefundedAlone returns what staff have given back of a customer's payment without
// a second person; it counts towards the limit of the next refund.
func (s *Service) RefundedAlone(ctx context.Context, customerID int64, reference string) (alone money.Cents, err error) {
	err = s.db.View(ctx, func(q *db.Queries) error {
		p, err := q.GetPaymentByReferenceForCustomer(ctx, db.GetPaymentByReferenceForCustomerParams{Reference: reference, CustomerID: customerID})
		if err != nil {
			return found(err, "payment")
		}
		alone, err = refundedAlone(ctx, q, p.ID)
		return err
	})
	return alone, err
}

func refundedAlone(ctx context.Context, q *db.Queries, paymentID int64) (money.Cents, error) {
	cents, err := q.SumRefundsAlone(ctx, paymentID)
	if err != nil {
		return 0, fmt.Errorf("payment: given back alone: %w", err)
	}
	return money.Cents(cents), nil
}

// CreditedAlone returns what staff have credited a customer with in the last 24
// hours without a second person; it counts towards the limit of the next credit.
func (s *Service) CreditedAlone(ctx context.Context, customerID int64) (money.Cents, error) {
	return s.creditedAlone(ctx, s.db.Read(), customerID)
}

func (s *Service) creditedAlone(ctx context.Context, q *db.Queries, customerID int64) (money.Cents, error) {
	cents, err := q.SumCreditsAlone(ctx, db.SumCreditsAloneParams{CustomerID: customerID, Since: s.clock.Now().Add(-creditedFor)})
	if err != nil {
		return 0, fmt.Errorf("payment: credited alone: %w", err)
	}
	return money.Cents(cents), nil
}

// asking is what a second person is asked for.
type asking struct {
	kind       string // "refund", "void", "credit"
	customerID int64
	paymentID  int64
	invoiceID  int64
	cents      money.Cents
	reason     string
	order      any // as it is carried out once it is approved
	nonce      string
	object     string // for the trail: "payment 4F7K9-QXT2B"
}

// askedBefore returns the approval that this form asked for before, 0 for none.
func askedBefore(ctx context.Context, q *db.Queries, nonce string) (int64, error) {
	a, err := q.GetApprovalByNonce(ctx, nonce)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("payment: %w", err)
	}
	return a.ID, nil
}

// ask writes down what is asked for and mails those who may decide. It runs in
// the caller's transaction.
func (s *Service) ask(ctx context.Context, q *db.Queries, by audit.Actor, a asking) (int64, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return 0, err
	}
	others, err := q.ListDeciders(ctx, by.StaffID)
	if err != nil {
		return 0, fmt.Errorf("payment: %w", err)
	}
	if len(others) == 0 {
		return 0, fault.New(fault.Conflict, "More than %s needs a second person, and nobody else on the staff is an owner or has the role billing. "+
			"Invite somebody on the page Staff, or raise the limit in the settings.", Limit(set))
	}
	order, err := json.Marshal(a.order)
	if err != nil {
		return 0, fmt.Errorf("payment: %w", err)
	}
	now := s.clock.Now()
	id, err := q.AddApproval(ctx, db.AddApprovalParams{Kind: a.kind, CustomerID: a.customerID, PaymentID: db.NullID(a.paymentID), InvoiceID: db.NullID(a.invoiceID),
		Cents: a.cents, Reason: a.reason, OrderJson: string(order), Nonce: a.nonce, AskedID: by.StaffID, AskedAt: now, ExpiresAt: now.Add(approvalLife)})
	if err != nil {
		return 0, fmt.Errorf("payment: %w", err)
	}
	err = audit.Record(ctx, q, now, by, audit.Entry{Action: a.kind + ".ask", CustomerID: a.customerID, Object: a.object,
		After: map[string]string{"amount": a.cents.Plain(), "reason": a.reason}})
	if err != nil {
		return 0, err
	}
	who, err := q.GetStaffName(ctx, by.StaffID)
	if err != nil {
		return 0, fmt.Errorf("payment: %w", err)
	}
	for _, o := range others {
		err := s.tellStaff(ctx, q, now, staffMail{fact: fmt.Sprintf("approval %d asked %d", id, o.ID), name: o.Name, email: o.Email, customerID: a.customerID,
			notice: outbox.PaymentNotice{Title: "Waits for you: " + inWordsOf(a.kind, a.cents), Path: "/office/approvals",
				Lines: []string{fmt.Sprintf("%s asks for this: %s, %s.", nameOf(who.Name, who.Email), inWordsOf(a.kind, a.cents), a.object),
					"Reason: " + a.reason, "Approve or decline it by " + now.Add(approvalLife).Date(set.Zone).String() + "; nothing happens before."}}})
		if err != nil {
			return 0, err
		}
	}
	return id, nil
}

func nameOf(name, email string) string {
	if name != "" {
		return name
	}
	return email
}

// inWordsOf names what is asked for: "a refund of $250.00".
func inWordsOf(kind string, cents money.Cents) string {
	switch kind {
	case "refund":
		return "a refund of " + cents.String()
	case "void":
		return "voiding an invoice of " + cents.String()
	}
	return "a credit of " + cents.String()
}

// staffMail is a mail to one of the staff.
type staffMail struct {
	fact, name, email string
	customerID        int64
	notice            outbox.PaymentNotice
}

func (s *Service) tellStaff(ctx context.Context, q *db.Queries, now calendar.Instant, m staffMail) error {
	who, err := q.GetCustomerMail(ctx, m.customerID)
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	m.notice.Customer = fmt.Sprintf("%s (customer %s)", who.DisplayName, who.Number)
	return s.mail.Enqueue(ctx, q, now, outbox.Mail{Fact: m.fact, CustomerID: m.customerID, ToName: m.name, ToEmail: m.email, Body: m.notice})
}

// Approve carries out what somebody else asked for. All is checked again as it is
// now: a Conflict says what has changed, and then it still waits. The one who
// asked is Forbidden to approve it. Once it is decided or has expired it is a
// Conflict.
func (s *Service) Approve(ctx context.Context, by audit.Actor, id int64) (Done, error) {
	a, err := s.waiting(ctx, by, id)
	if err != nil {
		return Done{}, err
	}
	if a.AskedID == by.StaffID {
		return Done{}, fault.New(fault.Forbidden, "You asked for this yourself. A second person has to decide about it.")
	}
	switch a.Kind {
	case "refund":
		var o RefundOrder
		if err := json.Unmarshal([]byte(a.OrderJson), &o); err != nil {
			return Done{}, fmt.Errorf("payment: approval %d: %w", id, err)
		}
		return s.refund(ctx, by, o, a)
	case "void":
		var o VoidOrder
		if err := json.Unmarshal([]byte(a.OrderJson), &o); err != nil {
			return Done{}, fmt.Errorf("payment: approval %d: %w", id, err)
		}
		return s.voidInvoice(ctx, by, o, a)
	}
	var o CreditOrder
	if err := json.Unmarshal([]byte(a.OrderJson), &o); err != nil {
		return Done{}, fmt.Errorf("payment: approval %d: %w", id, err)
	}
	return s.giveCredit(ctx, by, o, a)
}

// waiting returns a request that can still be decided.
func (s *Service) waiting(ctx context.Context, by audit.Actor, id int64) (*db.Approval, error) {
	if by.StaffID == 0 || by.Role != "owner" && by.Role != "billing" {
		return nil, fault.New(fault.Forbidden, "Only an owner or somebody with the role billing decides about this.")
	}
	a, err := s.db.Read().GetApproval(ctx, id)
	if err != nil {
		return nil, found(err, "request")
	}
	if a.State != "waiting" {
		return nil, decidedBefore(a.State)
	}
	if a.ExpiresAt <= s.clock.Now() {
		return nil, decidedBefore("expired")
	}
	return &a, nil
}

func decidedBefore(state string) error {
	words := map[string]string{"approved": "This was approved already.", "declined": "This was declined already.",
		"withdrawn": "The one who asked for this has taken it back.", "expired": "Nobody decided about this within seven days. It has to be asked for again."}
	return fault.New(fault.Conflict, "%s", words[state])
}

// decide writes the decision down, once. It runs in the caller's transaction.
func (s *Service) decide(ctx context.Context, q *db.Queries, by audit.Actor, a *db.Approval, state, reason, result string) error {
	now := s.clock.Now()
	n, err := q.DecideApproval(ctx, db.DecideApprovalParams{State: state, DecidedID: db.NullID(by.StaffID), DecidedAt: now, Decision: reason, Result: result, ID: a.ID})
	if err != nil {
		return fmt.Errorf("payment: approval %d: %w", a.ID, err)
	}
	if n == 0 {
		again, err := q.GetApproval(ctx, a.ID)
		if err != nil {
			return fmt.Errorf("payment: approval %d: %w", a.ID, err)
		}
		if again.State == "waiting" {
			again.State = "expired"
		}
		return decidedBefore(again.State)
	}
	object, err := approvalObject(ctx, q, *a)
	if err != nil {
		return err
	}
	after := map[string]string{"amount": a.Cents.Plain(), "reason": a.Reason}
	if reason != "" {
		after["decision"] = reason
	}
	err = audit.Record(ctx, q, now, by, audit.Entry{Action: a.Kind + "." + state, CustomerID: a.CustomerID, Object: object, After: after})
	if err != nil || state == "withdrawn" {
		return err
	}
	asked, err := q.GetStaffName(ctx, a.AskedID)
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	decider, err := q.GetStaffName(ctx, by.StaffID)
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	notice := outbox.PaymentNotice{Title: strings.ToUpper(state[:1]) + state[1:] + ": " + inWordsOf(a.Kind, a.Cents), Path: "/office/approvals",
		Lines: []string{fmt.Sprintf("%s has %s what you asked for: %s, %s.", nameOf(decider.Name, decider.Email), state, inWordsOf(a.Kind, a.Cents), object)}}
	if reason != "" {
		notice.Lines = append(notice.Lines, "Reason: "+reason)
	}
	return s.tellStaff(ctx, q, now, staffMail{fact: fmt.Sprintf("approval %d %s", a.ID, state), name: asked.Name, email: asked.Email, customerID: a.CustomerID, notice: notice})
}

// approvalObject names what an approval is about, as the trail does.
func approvalObject(ctx context.Context, q *db.Queries, a db.Approval) (string, error) {
	switch {
	case a.PaymentID.Valid:
		p, err := q.GetPayment(ctx, a.PaymentID.Int64)
		return "payment " + p.Reference, err
	case a.InvoiceID.Valid:
		i, err := q.GetInvoiceBalanceForCustomer(ctx, db.GetInvoiceBalanceForCustomerParams{ID: a.InvoiceID.Int64, CustomerID: a.CustomerID})
		return "invoice " + i.Number, err
	}
	return "the account", nil
}

// Decline refuses what somebody else asked for, with a reason. Its Invalid fault
// names the field reason.
func (s *Service) Decline(ctx context.Context, by audit.Actor, id int64, reason string) error {
	a, err := s.waiting(ctx, by, id)
	if err != nil {
		return err
	}
	if a.AskedID == by.StaffID {
		return fault.New(fault.Forbidden, "You asked for this yourself. Take it back instead.")
	}
	reason = strings.TrimSpace(reason)
	var refused fault.Fields
	checkReason(&refused, reason)
	if err := refused.Err(); err != nil {
		return err
	}
	return s.db.Write(ctx, func(q *db.Queries) error { return s.decide(ctx, q, by, a, "declined", reason, "") })
}

// Withdraw takes back what the same person asked for.
func (s *Service) Withdraw(ctx context.Context, by audit.Actor, id int64) error {
	a, err := s.waiting(ctx, by, id)
	if err != nil {
		return err
	}
	if a.AskedID != by.StaffID {
		return fault.New(fault.Forbidden, "Only the one who asked for this can take it back.")
	}
	return s.db.Write(ctx, func(q *db.Queries) error { return s.decide(ctx, q, by, a, "withdrawn", "", "") })
}

// expireApprovals ends the requests about which nobody decided in time.
func (s *Service) expireApprovals(ctx context.Context) error {
	list, err := s.db.Read().ListExpiredApprovals(ctx, db.ListExpiredApprovalsParams{Now: s.clock.Now(), Most: batch})
	if err != nil {
		return fmt.Errorf("payment: approvals: %w", err)
	}
	for _, a := range list {
		err := s.db.Write(ctx, func(q *db.Queries) error {
			n, err := q.ExpireApproval(ctx, db.ExpireApprovalParams{DecidedAt: s.clock.Now(), ID: a.ID})
			if err != nil || n == 0 {
				return err
			}
			object, err := approvalObject(ctx, q, a)
			if err != nil {
				return err
			}
			now := s.clock.Now()
			err = audit.Record(ctx, q, now, audit.Program, audit.Entry{Action: a.Kind + ".expired", CustomerID: a.CustomerID, Object: object,
				After: map[string]string{"amount": a.Cents.Plain(), "reason": a.Reason}})
			if err != nil {
				return err
			}
			asked, err := q.GetStaffName(ctx, a.AskedID)
			if err != nil {
				return err
			}
			return s.tellStaff(ctx, q, now, staffMail{fact: fmt.Sprintf("approval %d expired", a.ID), name: asked.Name, email: asked.Email, customerID: a.CustomerID,
				notice: outbox.PaymentNotice{Title: "Expired: " + inWordsOf(a.Kind, a.Cents), Path: "/office/approvals",
					Lines: []string{"Nobody decided within seven days about what you asked for (" + object + "). Ask for it again when it is still wanted."}}})
		})
		if err != nil {
			return fmt.Errorf("payment: approval %d: %w", a.ID, err)
		}
	}
	return nil
}
