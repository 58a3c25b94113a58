package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
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
)

// payLinkLife is how long a pay link opens anything after its invoice is paid,
// or after it was last mailed when that is later.
const payLinkLife = 90 * 24 * time.Hour

// PayLink returns the working pay link of an issued invoice, for a mail that is
// about to go out: it makes one when there is none yet or the last one was
// revoked, and renews one that is there. It runs in the caller's transaction. An
// invoice that is missing or a draft is NotFound.
func (s *Service) PayLink(ctx context.Context, q *db.Queries, now calendar.Instant, invoiceID int64) (url string, err error) {
	generation, err := s.payLink(ctx, q, now, invoiceID, true)
	if err != nil {
		return "", err
	}
	return s.payLinkURL(invoiceID, generation), nil
}

func (s *Service) payLinkURL(invoiceID, generation int64) string {
	return s.mail.PublicURL("/p/" + outbox.PayLinkToken(s.settings.Sealer(), invoiceID, generation))
}

// payLink makes sure that the invoice has a pay link and returns its generation;
// renew makes it last again, and one that was revoked is followed by another. It
// runs in the caller's transaction.
func (s *Service) payLink(ctx context.Context, q *db.Queries, now calendar.Instant, invoiceID int64, renew bool) (generation int64, err error) {
	l, err := q.GetPayLink(ctx, invoiceID)
	if errors.Is(err, sql.ErrNoRows) || err == nil && l.State == "draft" {
		return 0, fault.Missing("invoice")
	}
	if err != nil {
		return 0, fmt.Errorf("ledger: pay link: %w", err)
	}
	generation = l.Generation
	hash := payLinkHash(outbox.PayLinkToken(s.settings.Sealer(), invoiceID, generation))
	// made with a key file that this machine has not: nobody here can tell it any more
	foreign := string(hash) != string(l.Hash)
	switch {
	case generation == 0 || foreign || l.Revoked != 0 && renew:
		generation++
		err = q.PutPayLink(ctx, db.PutPayLinkParams{InvoiceID: invoiceID, CustomerID: l.CustomerID, Generation: generation,
			Hash: payLinkHash(outbox.PayLinkToken(s.settings.Sealer(), invoiceID, generation)), MadeAt: now, RenewedAt: now})
	case renew:
		err = q.RenewPayLink(ctx, db.RenewPayLinkParams{RenewedAt: now, InvoiceID: invoiceID})
	}
	if err != nil {
		return 0, fmt.Errorf("ledger: pay link: %w", err)
	}
	return generation, nil
}

// printedLink returns the link that is printed on the paper of an invoice, ""
// when it was paid before anybody was given one. It runs in the caller's transaction.
func (s *Service) printedLink(ctx context.Context, q *db.Queries, invoiceID int64) (string, error) {
	l, err := q.GetPayLink(ctx, invoiceID)
	if err != nil {
		return "", fmt.Errorf("ledger: pay link: %w", err)
	}
	if l.State != "issued" || l.BalanceCents == 0 && l.Generation == 0 || l.Revoked != 0 {
		return "", nil
	}
	generation, err := s.payLink(ctx, q, s.clock.Now(), invoiceID, false)
	if err != nil {
		return "", err
	}
	return s.payLinkURL(invoiceID, generation), nil
}

func payLinkHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Visit is what a pay link opens: the open invoices of one customer.
type Visit struct {
	CustomerID   int64
	CustomerName string // as it is printed on the invoice
	Invoice      string // the number of the invoice the link belongs to
	Paid         bool   // nothing is left to pay on that one
}

// OpenPayLink returns whom a token lets pay. A token that never was, was
// revoked, or has run out is NotFound, all alike. It only reads.
func (s *Service) OpenPayLink(ctx context.Context, token string) (Visit, error) {
	token = strings.ToLower(strings.TrimSpace(token))
	if len(token) != 26 {
		return Visit{}, fault.Missing("page")
	}
	l, err := s.db.Read().FindPayLink(ctx, payLinkHash(token))
	if errors.Is(err, sql.ErrNoRows) {
		return Visit{}, fault.Missing("page")
	}
	if err != nil {
		return Visit{}, fmt.Errorf("ledger: pay link: %w", err)
	}
	if l.RevokedAt != 0 || l.BalanceCents == 0 && s.clock.Now() >= payLinkEnds(l.IssuedAt, calendar.Instant(l.Moved), l.RenewedAt) {
		return Visit{}, fault.Missing("page")
	}
	return Visit{CustomerID: l.CustomerID, CustomerName: l.DisplayName, Invoice: l.Number, Paid: l.BalanceCents == 0}, nil
}

// payLinkEnds returns when the link of an invoice that is paid runs out.
func payLinkEnds(issued, moved, renewed calendar.Instant) calendar.Instant {
	return max(issued, moved, renewed).Add(payLinkLife)
}

// RevokePayLink ends the pay link of one of a customer's invoices, or all of the
// customer's when number is "": at once, for good, on paper too. It returns how
// many it ended. The next mail of an invoice carries a new link.
func (s *Service) RevokePayLink(ctx context.Context, by audit.Actor, customerID int64, number string) (ended int64, err error) {
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		object := "all pay links"
		if number == "" {
			ended, err = q.RevokePayLinksOfCustomer(ctx, db.RevokePayLinksOfCustomerParams{RevokedAt: now, CustomerID: customerID})
		} else {
			object = "invoice " + number
			if n, err := q.CountInvoicesForCustomer(ctx, db.CountInvoicesForCustomerParams{Number: number, CustomerID: customerID}); err != nil {
				return fmt.Errorf("ledger: pay link: %w", err)
			} else if n == 0 {
				return fault.Missing("invoice")
			}
			ended, err = q.RevokePayLink(ctx, db.RevokePayLinkParams{RevokedAt: now, CustomerID: customerID, Number: number})
		}
		if err != nil {
			return fmt.Errorf("ledger: pay link: %w", err)
		}
		if ended == 0 {
			return nil
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "paylink.revoke", CustomerID: customerID, Object: object})
	})
	return ended, err
}

// ShowPayLink returns the pay link of a customer's invoice for staff to pass on,
// and makes one when there is none or the last was revoked. It renews it as a
// mail does, and is written into the audit trail. An invoice that is missing, a
// draft, or another customer's is NotFound.
func (s *Service) ShowPayLink(ctx context.Context, by audit.Actor, customerID int64, number string) (url string, err error) {
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		i, err := q.GetInvoicePositionForCustomer(ctx, db.GetInvoicePositionForCustomerParams{Number: number, CustomerID: customerID})
		if errors.Is(err, sql.ErrNoRows) {
			return fault.Missing("invoice")
		}
		if err != nil {
			return fmt.Errorf("ledger: pay link: %w", err)
		}
		if url, err = s.PayLink(ctx, q, now, i.ID); err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "paylink.show", CustomerID: customerID, Object: "invoice " + number})
	})
	return url, err
}

// PayLinkInMail is [Service.PayLink] for the text of a mail to the invoice's own
// customer: the mark that becomes the link on the wire.
func (s *Service) PayLinkInMail(ctx context.Context, q *db.Queries, now calendar.Instant, invoiceID int64) (string, error) {
	generation, err := s.payLink(ctx, q, now, invoiceID, true)
	if err != nil {
		return "", err
	}
	return s.mail.PayLinkMark(invoiceID, generation), nil
}

// SendInvoiceOf is [Service.SendInvoice] for an invoice of that customer;
// another's is NotFound.
func (s *Service) SendInvoiceOf(ctx context.Context, by audit.Actor, customerID int64, nonce, number string) error {
	_, err := s.db.Read().GetInvoicePositionForCustomer(ctx, db.GetInvoicePositionForCustomerParams{Number: number, CustomerID: customerID})
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Missing("invoice")
	}
	if err != nil {
		return fmt.Errorf("ledger: invoice %s: %w", number, err)
	}
	return s.SendInvoice(ctx, by, nonce, number)
}

// LinkState is how the pay link of one invoice stands.
type LinkState struct {
	Invoice string // its number
	Due     calendar.Date
	Balance money.Cents
	Made    bool
	Mailed  calendar.Instant // last, or shown to staff last
	Revoked calendar.Instant // 0 = not
	Ends    calendar.Instant // of an invoice that is paid; 0 = it has no end yet
}

// Opens reports whether the link opens anything at that instant.
func (l LinkState) Opens(now calendar.Instant) bool {
	return l.Made && l.Revoked == 0 && (l.Ends == 0 || now < l.Ends)
}

// PayLinks lists how the pay links of a customer's open invoices stand, and of
// paid ones those that were not revoked, sixty at most. It only reads.
func (s *Service) PayLinks(ctx context.Context, customerID int64) ([]LinkState, error) {
	rows, err := s.db.Read().ListPayLinksForCustomer(ctx, customerID)
	if err != nil {
		return nil, fmt.Errorf("ledger: pay links: %w", err)
	}
	list := make([]LinkState, len(rows))
	for i, r := range rows {
		list[i] = LinkState{Invoice: r.Number, Due: r.DueDate, Balance: r.BalanceCents, Made: r.Generation > 0,
			Mailed: calendar.Instant(r.Renewed), Revoked: calendar.Instant(r.Revoked)}
		if r.BalanceCents == 0 && r.Generation > 0 {
			list[i].Ends = payLinkEnds(r.IssuedAt, calendar.Instant(r.Moved), list[i].Mailed)
		}
	}
	return list, nil
}

// checkPayLinks finds links that open another customer's invoices.
func checkPayLinks(ctx context.Context, q *db.Queries, add func(object, problem string, args ...any)) error {
	rows, err := q.CheckPayLinks(ctx, most)
	if err != nil {
		return err
	}
	for _, number := range rows {
		add("invoice "+number, "has a pay link that is another customer's")
	}
	return nil
}
