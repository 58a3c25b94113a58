package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/outbox"
)

// SaveUser sets up a customer's log-in with a password of its own, for the
// customers given: the made-up dealer of the demo, and tests.
func (s *Service) SaveUser(ctx context.Context, email, password string, customers ...int64) (int64, error) {
	hash, err := HashPassword(ctx, password)
	if err != nil {
		return 0, err
	}
	now := s.clock.Now()
	var id int64
	err = s.db.Write(ctx, func(q *db.Queries) error {
		user, err := q.GetUserByEmail(ctx, email)
		if id = user.ID; errors.Is(err, sql.ErrNoRows) {
			id, err = q.AddUser(ctx, db.AddUserParams{Email: email, CreatedAt: now})
		}
		if err != nil {
			return err
		}
		for _, c := range customers {
			if _, err := q.GrantCustomer(ctx, db.GrantCustomerParams{CustomerID: c, UserID: id, GrantedAt: now}); err != nil {
				return err
			}
		}
		return q.SetUserPassword(ctx, db.SetUserPasswordParams{PasswordHash: hash, ID: id})
	})
	if err != nil {
		return 0, fmt.Errorf("log-in %s: %w", email, err)
	}
	return id, nil
}

// User is one log-in that may see a customer, as the office's tab "Customer
// Users" lists it.
type User struct {
	ID          int64
	Email       string
	GrantedAt   calendar.Instant
	LastLoginAt calendar.Instant
	LockedAt    calendar.Instant
	// Waiting says that the first password has not been chosen yet; the
	// temporary one lives until TemporaryUntil.
	Waiting        bool
	TemporaryUntil calendar.Instant
	Devices        int // signed-in browsers
	Customers      int // how many customers this log-in may see
}

// UsersOf lists who may log in for a customer.
func (s *Service) UsersOf(ctx context.Context, customerID int64) ([]User, error) {
	rows, err := s.db.Read().ListUsersForCustomer(ctx, db.ListUsersForCustomerParams{NowAt: s.clock.Now(), CustomerID: customerID})
	if err != nil {
		return nil, fmt.Errorf("customer users: %w", err)
	}
	var out []User
	for _, r := range rows {
		out = append(out, User{
			ID: r.ID, Email: r.Email, GrantedAt: r.GrantedAt, LastLoginAt: r.LastLoginAt, LockedAt: r.LockedAt,
			Waiting: r.HasPassword == 0, TemporaryUntil: r.TemporaryExpiresAt, Devices: int(r.Devices), Customers: int(r.Customers),
		})
	}
	return out, nil
}

// KeyOf returns a customer's Registration Key for the office, and records that
// it was looked at.
func (s *Service) KeyOf(ctx context.Context, by audit.Actor, customerID int64) (string, error) {
	var key string
	err := s.db.Write(ctx, func(q *db.Queries) error {
		c, err := q.GetCustomer(ctx, customerID)
		if err != nil {
			return noRow(err, "customer")
		}
		key = c.RegistrationKey
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "customer.key_seen", CustomerID: customerID})
	})
	return key, err
}

// NewKey makes a customer's Registration Key anew: the one on papers already
// sent opens nothing any more.
func (s *Service) NewKey(ctx context.Context, by audit.Actor, customerID int64) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		if _, err := q.GetCustomer(ctx, customerID); err != nil {
			return noRow(err, "customer")
		}
		return newKey(ctx, q, s.clock.Now(), by, customerID)
	})
}

// AddCustomerUser lets an address log in for a customer, without a registration:
// a new log-in is mailed its temporary password, one in use is told.
func (s *Service) AddCustomerUser(ctx context.Context, by audit.Actor, customerID int64, email string) error {
	email, ok := CleanEmail(email)
	if !ok {
		return fault.Field("email", "Enter an e-mail address, like name@example.com")
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		c, err := q.GetCustomer(ctx, customerID)
		if err != nil {
			return noRow(err, "customer")
		}
		return s.addUser(ctx, q, s.clock.Now(), by, c, email)
	})
}

// addUser is what staff do for a customer. It runs in the caller's transaction.
func (s *Service) addUser(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, c db.Customer, email string) error {
	user, err := q.GetUserByEmail(ctx, email)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if user.PasswordHash == "" {
		_, err := s.grantByMail(ctx, q, now, by, c, email)
		return err
	}
	n, err := q.GrantCustomer(ctx, db.GrantCustomerParams{CustomerID: c.ID, UserID: user.ID, GrantedAt: now})
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.Field("email", "This address may log in for this customer already")
	}
	if err := audit.Record(ctx, q, now, by, audit.Entry{Action: "user.grant", CustomerID: c.ID, Object: user.Email}); err != nil {
		return err
	}
	return s.mail.Enqueue(ctx, q, now, outbox.Mail{
		Fact: "joined " + freshFact(), CustomerID: c.ID, ToName: c.DisplayName, ToEmail: user.Email,
		Body: outbox.Joined{Customer: c.DisplayName, Number: c.Number},
	})
}

// userOf runs fn with a log-in that may see the customer. Any other is the same
// NotFound.
func (s *Service) userOf(ctx context.Context, by audit.Actor, customerID, userID int64, action string, fn func(q *db.Queries, c db.Customer, u db.User) error) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		n, err := q.HasCustomer(ctx, db.HasCustomerParams{CustomerID: customerID, UserID: userID})
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Missing("log-in")
		}
		c, err := q.GetCustomer(ctx, customerID)
		if err != nil {
			return noRow(err, "customer")
		}
		u, err := q.GetUser(ctx, userID)
		if err != nil {
			return noRow(err, "log-in")
		}
		if err := fn(q, c, u); err != nil {
			return err
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: action, CustomerID: customerID, Object: u.Email})
	})
}

// RemoveCustomerUser ends a log-in's right to see the customer. The log-in stays
// for the others it may see.
func (s *Service) RemoveCustomerUser(ctx context.Context, by audit.Actor, customerID, userID int64) error {
	return s.userOf(ctx, by, customerID, userID, "user.revoke", func(q *db.Queries, _ db.Customer, u db.User) error {
		if _, err := q.RevokeCustomer(ctx, db.RevokeCustomerParams{CustomerID: customerID, UserID: u.ID}); err != nil {
			return err
		}
		_, err := q.DeleteSessionsOfUser(ctx, db.NullID(u.ID))
		return err
	})
}

// Lock keeps a log-in out, at once and wherever it is signed in.
func (s *Service) Lock(ctx context.Context, by audit.Actor, customerID, userID int64) error {
	return s.userOf(ctx, by, customerID, userID, "user.lock", func(q *db.Queries, _ db.Customer, u db.User) error {
		if err := q.SetUserLocked(ctx, db.SetUserLockedParams{LockedAt: s.clock.Now(), ID: u.ID}); err != nil {
			return err
		}
		_, err := q.DeleteSessionsOfUser(ctx, db.NullID(u.ID))
		return err
	})
}

// Unlock lets a log-in in again, and forgets its failed tries.
func (s *Service) Unlock(ctx context.Context, by audit.Actor, customerID, userID int64) error {
	return s.userOf(ctx, by, customerID, userID, "user.unlock", func(q *db.Queries, _ db.Customer, u db.User) error {
		if err := q.DeleteAttempts(ctx, db.DeleteAttemptsParams{Kind: attemptLogin, Subject: subjectOf(u.Email)}); err != nil {
			return err
		}
		return q.SetUserLocked(ctx, db.SetUserLockedParams{ID: u.ID})
	})
}

// EndSessions signs a log-in out everywhere.
func (s *Service) EndSessions(ctx context.Context, by audit.Actor, customerID, userID int64) error {
	return s.userOf(ctx, by, customerID, userID, "user.sign_out", func(q *db.Queries, _ db.Customer, u db.User) error {
		_, err := q.DeleteSessionsOfUser(ctx, db.NullID(u.ID))
		return err
	})
}

// SendRegistrationMail sends a log-in that was never used a fresh temporary
// password, and one in use a link to a new password.
func (s *Service) SendRegistrationMail(ctx context.Context, by audit.Actor, customerID, userID int64) error {
	return s.userOf(ctx, by, customerID, userID, "user.registration_mail", func(q *db.Queries, c db.Customer, u db.User) error {
		now := s.clock.Now()
		if u.LockedAt != 0 {
			return fault.New(fault.Conflict, "This log-in is locked. Unlock it first.")
		}
		if u.PasswordHash == "" {
			return s.sendTemporary(ctx, q, now, u, c)
		}
		_, err := s.sendRecover(ctx, q, now, temporaryAge, db.AddTokenParams{Purpose: purposeRecover, UserID: db.NullID(u.ID)}, u.Email)
		return err
	})
}

// RegistrationCase is a registration that needs help.
type RegistrationCase struct {
	ID           int64
	Asked        bool // asks for its e-mail address to be added; else it failed
	Limited      bool // there were too many tries
	FailedField  string
	CustomerID   int64 // 0 when the proof did not hold
	CustomerName string
	Form         RegistrationForm // as typed, without the key
	IP           string
	At           calendar.Instant
}

// ListRegistrations returns the registrations that need help, those that ask
// for an address first, then the newest.
func (s *Service) ListRegistrations(ctx context.Context) ([]RegistrationCase, error) {
	var out []RegistrationCase
	for _, state := range []string{"asked", "failed"} {
		rows, err := s.db.Read().ListRegistrations(ctx, db.ListRegistrationsParams{State: state, Limit: 100})
		if err != nil {
			return nil, fmt.Errorf("registrations: %w", err)
		}
		for _, r := range rows {
			out = append(out, RegistrationCase{
				ID: r.ID, Asked: r.State == "asked", Limited: r.FailedField == "limit", FailedField: r.FailedField,
				CustomerID: r.CustomerID, CustomerName: r.CustomerName, IP: r.IP, At: r.At,
				Form: RegistrationForm{Number: r.CustomerNumber, Zip: r.Zip, FirstName: r.FirstName, LastName: r.LastName, Phone: r.Phone, Email: r.Email},
			})
		}
	}
	return out, nil
}

// ApproveRegistration puts the typed address on file for the customer it proved
// to be, makes the log-in and sends the registration mail.
func (s *Service) ApproveRegistration(ctx context.Context, by audit.Actor, id int64) error {
	return s.decide(ctx, by, id, "approved", func(q *db.Queries, r db.Registration) error {
		if !r.CustomerID.Valid {
			return fault.New(fault.Conflict, "Nobody proved to be this customer, so there is nothing to approve.")
		}
		c, err := q.GetCustomer(ctx, r.CustomerID.Int64)
		if err != nil {
			return noRow(err, "customer")
		}
		emails, err := q.ListEmailsForCustomer(ctx, c.ID)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(emails, func(e string) bool { return strings.EqualFold(e, r.Email) }) {
			if err := putEmails(ctx, q, c.ID, append(emails, r.Email)); err != nil {
				return err
			}
		}
		if err := indexCustomer(ctx, q, c.ID); err != nil {
			return err
		}
		return s.addUser(ctx, q, s.clock.Now(), by, c, r.Email)
	})
}

// DismissRegistration takes a registration off the list.
func (s *Service) DismissRegistration(ctx context.Context, by audit.Actor, id int64) error {
	return s.decide(ctx, by, id, "dismissed", func(*db.Queries, db.Registration) error { return nil })
}

func (s *Service) decide(ctx context.Context, by audit.Actor, id int64, state string, fn func(q *db.Queries, r db.Registration) error) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		now := s.clock.Now()
		r, err := q.GetRegistration(ctx, id)
		if err != nil {
			return noRow(err, "registration")
		}
		n, err := q.DecideRegistration(ctx, db.DecideRegistrationParams{NewState: state, DecidedAt: now, StaffID: db.NullID(by.StaffID), ID: id})
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "Somebody has decided this registration already.")
		}
		if err := fn(q, r); err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "registration." + state, CustomerID: r.CustomerID.Int64, Object: r.Email})
	})
}
