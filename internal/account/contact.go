package account

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/outbox"
)

// Contact is the contact block as "Edit" shows it.
type Contact struct {
	BusinessName, FirstName, LastName    string
	Address1, Address2, City, State, Zip string
	Phones                               []string
	// Email is the first of the addresses on file.
	Email string
	// Password is the customer's present password, asked for when Email
	// changes; staff are not asked.
	Password string
}

// ContactOf returns the customer's contact block for the form.
func (s *Service) ContactOf(ctx context.Context, customerID int64) (Contact, error) {
	c, _, err := contactOf(ctx, s.db.Read(), customerID)
	return c, err
}

func contactOf(ctx context.Context, q *db.Queries, customerID int64) (Contact, db.Customer, error) {
	c, err := q.GetCustomer(ctx, customerID)
	if err != nil {
		return Contact{}, c, noRow(err, "account")
	}
	out := Contact{
		BusinessName: c.BusinessName, FirstName: c.FirstName, LastName: c.LastName,
		Address1: c.Address1, Address2: c.Address2, City: c.City, State: c.State, Zip: c.Zip,
	}
	if out.Phones, err = phonesOf(ctx, q, customerID); err != nil {
		return Contact{}, c, err
	}
	emails, err := q.ListEmailsForCustomer(ctx, customerID)
	if err != nil {
		return Contact{}, c, fmt.Errorf("addresses of customer %d: %w", customerID, err)
	}
	if len(emails) > 0 {
		out.Email = emails[0]
	}
	return out, c, nil
}

// pendingEmail is what waits behind a link that was mailed to a new address.
type pendingEmail struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// UpdateContact stores the contact block, and mails the dealer what a customer
// changed. A changed e-mail address waits until the link that is mailed to it is
// opened and confirmed; the old address is told. Refusals are Invalid faults with
// the fields "business_name", "first_name", "last_name", "address1", "address2",
// "city", "state", "zip", "phone", "email" and "password".
func (s *Service) UpdateContact(ctx context.Context, by audit.Actor, customerID int64, next Contact) error {
	before, _, err := contactOf(ctx, s.db.Read(), customerID)
	if err != nil {
		return err
	}
	next, err = next.clean()
	if err != nil {
		return err
	}
	moved := fold(next.Email) != fold(before.Email)
	if moved && next.Email == "" {
		return fault.Field("email", "Enter an e-mail address")
	}
	if moved && by.Kind == audit.Customer {
		if _, err := s.confirmPassword(ctx, by, "password", next.Password); err != nil {
			return err
		}
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		before, c, err := contactOf(ctx, q, customerID)
		if err != nil {
			return err
		}
		now := s.clock.Now()
		lines := next.changes(before)
		if len(lines) > 0 {
			if err := putContact(ctx, q, now, by, c, next); err != nil {
				return err
			}
		}
		if moved {
			lines = append(lines, outbox.ContactLine{Field: "E-mail (once confirmed)", Before: before.Email, After: next.Email})
			if err := s.sendConfirm(ctx, q, now, by, c, pendingEmail{Old: before.Email, New: next.Email}); err != nil {
				return err
			}
		}
		if len(lines) == 0 {
			return nil
		}
		if err := audit.Record(ctx, q, now, by, audit.Entry{Action: "customer.contact", CustomerID: customerID, Object: "contact", Before: column(lines, false), After: column(lines, true)}); err != nil {
			return err
		}
		return s.tellDealer(ctx, q, now, by, c, lines)
	})
}

// clean trims the contact and refuses what cannot be stored.
func (c Contact) clean() (Contact, error) {
	var refused fault.Fields
	for _, f := range []struct {
		name string
		text *string
		most int
	}{
		{"business_name", &c.BusinessName, 200}, {"first_name", &c.FirstName, 100}, {"last_name", &c.LastName, 100},
		{"address1", &c.Address1, 200}, {"address2", &c.Address2, 200}, {"city", &c.City, 100}, {"state", &c.State, 40}, {"zip", &c.Zip, 20},
	} {
		*f.text = oneLine(*f.text)
		if len(*f.text) > f.most {
			refused.Add(f.name, "This is longer than %d characters", f.most)
		}
	}
	if c.BusinessName == "" && c.FirstName == "" {
		refused.Add("first_name", "Enter a first name, or the name of the business")
	}
	if c.BusinessName == "" && c.LastName == "" {
		refused.Add("last_name", "Enter a last name, or the name of the business")
	}
	c.Phones = cleanPhones(c.Phones, "phone", &refused)
	for _, p := range c.Phones {
		if len(phoneDigits(p)) < 10 {
			refused.Add("phone", "Enter the phone number with area code: ten digits")
		}
	}
	if strings.TrimSpace(c.Email) != "" {
		email, ok := CleanEmail(c.Email)
		if !ok {
			refused.Add("email", "Enter an e-mail address, like name@example.com")
		}
		c.Email = email
	} else {
		c.Email = ""
	}
	return c, refused.Err()
}

// changes lists what differs from before, the address for mail aside.
func (c Contact) changes(before Contact) []outbox.ContactLine {
	var lines []outbox.ContactLine
	for _, f := range []outbox.ContactLine{
		{Field: "Business", Before: before.BusinessName, After: c.BusinessName},
		{Field: "First name", Before: before.FirstName, After: c.FirstName},
		{Field: "Last name", Before: before.LastName, After: c.LastName},
		{Field: "Address", Before: before.Address1, After: c.Address1},
		{Field: "Address, second line", Before: before.Address2, After: c.Address2},
		{Field: "City", Before: before.City, After: c.City},
		{Field: "State", Before: before.State, After: c.State},
		{Field: "Zip", Before: before.Zip, After: c.Zip},
		{Field: "Phones", Before: strings.Join(before.Phones, ", "), After: strings.Join(c.Phones, ", ")},
	} {
		if f.Before != f.After {
			lines = append(lines, f)
		}
	}
	return lines
}

// column is one side of the changes, for the audit trail.
func column(lines []outbox.ContactLine, after bool) map[string]string {
	out := map[string]string{}
	for _, l := range lines {
		out[l.Field] = l.Before
		if after {
			out[l.Field] = l.After
		}
	}
	return out
}

// putContact stores the block, but for the address for mail. It runs in the
// caller's transaction.
func putContact(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, c db.Customer, next Contact) error {
	c.BusinessName, c.FirstName, c.LastName = next.BusinessName, next.FirstName, next.LastName
	c.Address1, c.Address2, c.City, c.State, c.Zip = next.Address1, next.Address2, next.City, next.State, next.Zip
	if by.Kind == audit.Customer {
		c.ContactEditedAt = now // an import does not overwrite this unasked
	}
	if err := writeCustomer(ctx, q, now, c); err != nil {
		return err
	}
	if err := putPhones(ctx, q, c.ID, next.Phones); err != nil {
		return err
	}
	return indexCustomer(ctx, q, c.ID)
}

// sendConfirm mails the link to the new address and a notice to the old one. A
// link that was mailed before is dead. It runs in the caller's transaction.
func (s *Service) sendConfirm(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, c db.Customer, p pendingEmail) error {
	payload, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if err := q.VoidCustomerTokens(ctx, db.VoidCustomerTokensParams{UsedAt: now, CustomerID: db.NullID(c.ID), Purpose: purposeChangeEmail}); err != nil {
		return err
	}
	token, err := addToken(ctx, q, now, emailAge, db.AddTokenParams{
		Purpose: purposeChangeEmail, CustomerID: db.NullID(c.ID), UserID: db.NullID(by.UserID), Payload: string(payload),
	})
	if err != nil {
		return err
	}
	fact := freshFact()
	err = s.mail.Enqueue(ctx, q, now, outbox.Mail{
		Fact: "confirm address " + fact, CustomerID: c.ID, ToName: c.DisplayName, ToEmail: p.New, Secret: true,
		Body: outbox.ConfirmEmail{Customer: c.DisplayName, New: p.New, Link: s.mail.PublicURL("/email/confirm?t=" + token), Hours: int(emailAge.Hours())},
	})
	if err != nil || p.Old == "" {
		return err
	}
	return s.mail.Enqueue(ctx, q, now, outbox.Mail{
		Fact: "address changing " + fact, CustomerID: c.ID, ToName: c.DisplayName, ToEmail: p.Old,
		Body: outbox.EmailChanging{Customer: c.DisplayName, New: p.New},
	})
}

// tellDealer mails the office what a customer changed; what staff changed it
// knows. It runs in the caller's transaction.
func (s *Service) tellDealer(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, c db.Customer, lines []outbox.ContactLine) error {
	current, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	if by.Kind != audit.Customer || current.Company.Email == "" {
		return nil
	}
	return s.mail.Enqueue(ctx, q, now, outbox.Mail{
		Fact: "contact changed " + freshFact(), CustomerID: c.ID, ToName: current.Company.Name, ToEmail: current.Company.Email,
		Body: outbox.ContactChanged{Customer: c.DisplayName, Number: c.Number, When: now.Format(current.Zone), Lines: lines},
	})
}

// CheckEmail returns the address that a mailed link would confirm, and uses
// nothing up.
func (s *Service) CheckEmail(ctx context.Context, token string) (string, error) {
	_, p, err := confirming(ctx, s.db.Read(), s.clock.Now(), token)
	return p.New, err
}

func confirming(ctx context.Context, q *db.Queries, now calendar.Instant, token string) (db.Token, pendingEmail, error) {
	var p pendingEmail
	t, err := findToken(ctx, q, now, token, purposeChangeEmail)
	if err != nil {
		return t, p, err
	}
	return t, p, json.Unmarshal([]byte(t.Payload), &p)
}

// ConfirmEmail uses the link up: the new address takes the place of the old one
// among those on file, and as the username when the log-in that asked for it had
// the old one. It returns the new address. An address that is another log-in's
// is a Conflict.
func (s *Service) ConfirmEmail(ctx context.Context, by audit.Actor, token string) (string, error) {
	var email string
	err := s.db.Write(ctx, func(q *db.Queries) error {
		now := s.clock.Now()
		t, p, err := confirming(ctx, q, now, token)
		if err != nil {
			return err
		}
		if err := useToken(ctx, q, now, t); err != nil {
			return err
		}
		email = p.New
		c, err := q.GetCustomer(ctx, t.CustomerID.Int64)
		if err != nil {
			return noRow(err, "account")
		}
		if err := replaceEmail(ctx, q, c.ID, p); err != nil {
			return err
		}
		if t.UserID.Valid {
			user, err := q.GetUser(ctx, t.UserID.Int64)
			if err != nil {
				return noRow(err, "log-in")
			}
			by = Login{UserID: user.ID}.actor(by)
			if fold(user.Email) == fold(p.Old) {
				err := q.SetUserEmail(ctx, db.SetUserEmailParams{Email: p.New, ID: user.ID})
				if db.IsUnique(err) {
					return fault.New(fault.Conflict, "%s is the username of another log-in. Please call us, and we will put it in order.", p.New)
				}
				if err != nil {
					return err
				}
			}
		}
		if err := indexCustomer(ctx, q, c.ID); err != nil {
			return err
		}
		if err := audit.Record(ctx, q, now, by, audit.Entry{Action: "customer.email", CustomerID: c.ID, Object: "e-mail", Before: p.Old, After: p.New}); err != nil {
			return err
		}
		return s.tellDealer(ctx, q, now, by, c, []outbox.ContactLine{{Field: "E-mail", Before: p.Old, After: p.New}})
	})
	return email, err
}

// replaceEmail puts the new address in the old one's place. It runs in the
// caller's transaction.
func replaceEmail(ctx context.Context, q *db.Queries, customerID int64, p pendingEmail) error {
	emails, err := q.ListEmailsForCustomer(ctx, customerID)
	if err != nil {
		return err
	}
	emails = slices.DeleteFunc(emails, func(e string) bool { return strings.EqualFold(e, p.New) })
	i := slices.IndexFunc(emails, func(e string) bool { return strings.EqualFold(e, p.Old) })
	if i < 0 {
		emails = slices.Insert(emails, 0, p.New)
	} else {
		emails[i] = p.New
	}
	return putEmails(ctx, q, customerID, emails)
}
