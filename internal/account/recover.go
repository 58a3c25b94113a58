package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/outbox"
)

// The limits on asking for a new password.
const (
	attemptRecover   = "recover"
	attemptRecoverIP = "recover_ip"
	recoversPerEmail = 3
	recoversPerIP    = 10
	recoverWindow    = time.Hour
)

// ForgotPassword mails a one-time link to the owner of the address, customer or
// staff. An address that nobody has gets the same answer after the same work:
// its mail is made and dropped again.
func (s *Service) ForgotPassword(ctx context.Context, by audit.Actor, email string) error {
	email, ok := CleanEmail(email)
	if !ok {
		return fault.Field("username", "Enter your username: your e-mail address")
	}
	now := s.clock.Now()
	return s.db.Write(ctx, func(q *db.Queries) error {
		if err := limit(ctx, q, now, attemptRecover, subjectOf(email), recoversPerEmail, recoverWindow); err != nil {
			return err
		}
		if err := limit(ctx, q, now, attemptRecoverIP, subnet(by.IP), recoversPerIP, recoverWindow); err != nil {
			return err
		}
		if _, err := q.AddAttempt(ctx, db.AddAttemptParams{Kind: attemptRecover, Subject: subjectOf(email), At: now}); err != nil {
			return err
		}
		if _, err := q.AddAttempt(ctx, db.AddAttemptParams{Kind: attemptRecoverIP, Subject: subnet(by.IP), At: now}); err != nil {
			return err
		}
		user, err := q.GetUserByEmail(ctx, email)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		staff, err := q.GetStaffByEmail(ctx, email)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		t := db.AddTokenParams{Purpose: purposeRecover, UserID: db.NullID(user.ID)}
		known := user.ID != 0 && user.LockedAt == 0
		if staff.ID != 0 {
			t.UserID, t.StaffID = sql.NullInt64{}, db.NullID(staff.ID)
			known = staff.DisabledAt == 0 && staff.PasswordHash != ""
		}
		fact, err := s.sendRecover(ctx, q, now, recoverAge, t, email)
		if err != nil {
			return err
		}
		action := "password.forgot"
		if !known {
			action = "password.forgot_unknown"
			if err := q.DropMail(ctx, fact); err != nil {
				return err
			}
		}
		by := by
		by.UserID, by.StaffID = t.UserID.Int64, t.StaffID.Int64
		return audit.Record(ctx, q, now, by, audit.Entry{Action: action})
	})
}

// sendRecover stores a one-time link to a new password and queues its mail. It
// runs in the caller's transaction and returns the mail's fact.
func (s *Service) sendRecover(ctx context.Context, q *db.Queries, now calendar.Instant, age time.Duration, t db.AddTokenParams, email string) (string, error) {
	token, err := addToken(ctx, q, now, age, t)
	if err != nil {
		return "", err
	}
	fact := "recover " + freshFact()
	return fact, s.mail.Enqueue(ctx, q, now, outbox.Mail{
		Fact: fact, ToEmail: email, Secret: true,
		Body: outbox.Recover{Username: email, Link: s.mail.PublicURL(recoverPath(token)), Hours: int(age.Hours())},
	})
}

// Recovering is whose password a one-time link lets choose.
type Recovering struct {
	Email string
	First bool // it is the first password of this log-in
}

// CheckRecover returns what the link opens, and uses nothing up.
func (s *Service) CheckRecover(ctx context.Context, token string) (Recovering, error) {
	r, err := s.recovering(ctx, s.db.Read(), token)
	return Recovering{Email: r.email, First: r.first}, err
}

type recovering struct {
	token           db.Token
	userID, staffID int64
	email           string
	first           bool
	customers       []db.ListCustomersOfUserRow
}

func (s *Service) recovering(ctx context.Context, q *db.Queries, token string) (recovering, error) {
	t, err := findToken(ctx, q, s.clock.Now(), token, purposeRecover, purposeFirstLogin)
	if err != nil {
		return recovering{}, err
	}
	if t.StaffID.Valid {
		staff, err := q.GetStaff(ctx, t.StaffID.Int64)
		if err != nil || staff.DisabledAt != 0 {
			return recovering{}, errors.Join(linkOver(), err)
		}
		return recovering{token: t, staffID: staff.ID, email: staff.Email}, nil
	}
	user, err := q.GetUser(ctx, t.UserID.Int64)
	if err != nil || user.LockedAt != 0 {
		return recovering{}, linkOver()
	}
	customers, err := q.ListCustomersOfUser(ctx, user.ID)
	return recovering{token: t, userID: user.ID, email: user.Email, first: user.PasswordHash == "", customers: customers}, err
}

// RecoverPassword uses the link up and sets the password; every session of the
// log-in ends. Staff still need their second factor to log in.
func (s *Service) RecoverPassword(ctx context.Context, by audit.Actor, token, password, confirm string) error {
	r, err := s.recovering(ctx, s.db.Read(), token)
	if err != nil {
		return err
	}
	hash, err := s.newHash(ctx, password, confirm, r.email, r.customers)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		now := s.clock.Now()
		r, err := s.recovering(ctx, q, token)
		if err != nil {
			return err
		}
		if err := useToken(ctx, q, now, r.token); err != nil {
			return err
		}
		by := Login{UserID: r.userID, StaffID: r.staffID}.actor(by)
		if r.staffID == 0 {
			return s.setPassword(ctx, q, now, by, hash, nil)
		}
		if err := q.SetStaffPassword(ctx, db.SetStaffPasswordParams{PasswordHash: hash, ID: r.staffID}); err != nil {
			return err
		}
		if _, err := q.DeleteSessionsOfStaff(ctx, db.NullID(r.staffID)); err != nil {
			return err
		}
		if err := q.VoidStaffTokens(ctx, db.VoidStaffTokensParams{UsedAt: now, StaffID: db.NullID(r.staffID)}); err != nil {
			return err
		}
		if err := q.DeleteAttempts(ctx, db.DeleteAttemptsParams{Kind: attemptLogin, Subject: subjectOf(r.email)}); err != nil {
			return err
		}
		return s.passwordChanged(ctx, q, now, by, r.email)
	})
}

// ResetPassword sets the first password of a log-in that came in with its
// temporary one; every session of it ends, this one too, and the temporary
// password is dead.
func (s *Service) ResetPassword(ctx context.Context, by audit.Actor, password, confirm string) error {
	q := s.db.Read()
	user, err := q.GetUser(ctx, by.UserID)
	if err != nil {
		return noRow(err, "log-in")
	}
	customers, err := q.ListCustomersOfUser(ctx, user.ID)
	if err != nil {
		return err
	}
	hash, err := s.newHash(ctx, password, confirm, user.Email, customers)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		user, err := q.GetUser(ctx, by.UserID)
		if err != nil {
			return noRow(err, "log-in")
		}
		if user.TemporaryHash == "" || user.LockedAt != 0 {
			return signedOut() // used in another window meanwhile
		}
		return s.setPassword(ctx, q, s.clock.Now(), by, hash, nil)
	})
}

// ChangePassword sets a new password for somebody who knows the present one.
// All sessions end but the one given.
func (s *Service) ChangePassword(ctx context.Context, by audit.Actor, session []byte, present, password, confirm string) error {
	user, err := s.confirmPassword(ctx, by, "current", present)
	if err != nil {
		return err
	}
	customers, err := s.db.Read().ListCustomersOfUser(ctx, user.ID)
	if err != nil {
		return err
	}
	hash, err := s.newHash(ctx, password, confirm, user.Email, customers)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		return s.setPassword(ctx, q, s.clock.Now(), by, hash, session)
	})
}

// confirmPassword checks that whoever sits at a signed-in browser knows the
// password, behind the same delay as the log-in.
func (s *Service) confirmPassword(ctx context.Context, by audit.Actor, field, password string) (db.User, error) {
	user, err := s.db.Read().GetUser(ctx, by.UserID)
	if err != nil {
		return db.User{}, noRow(err, "log-in")
	}
	return user, s.confirmHash(ctx, by, user.Email, user.PasswordHash, field, password)
}

// confirmHash compares a password with a hash as the log-in does: counted, and
// with the same delay.
func (s *Service) confirmHash(ctx context.Context, by audit.Actor, email, hash, field, password string) error {
	if password == "" {
		return fault.Field(field, "Enter your present password")
	}
	attempt, err := s.beginLogIn(ctx, email, by.IP)
	if err != nil {
		return err
	}
	ok, _, err := checkPassword(ctx, hash, cut(password, 4*MaxPassword))
	if err != nil {
		return err
	}
	if !ok {
		if err := s.failLogIn(ctx, by, Login{UserID: by.UserID, StaffID: by.StaffID}); err != nil {
			return err
		}
		return fault.Field(field, "This is not your present password")
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		if err := q.DeleteAttempts(ctx, db.DeleteAttemptsParams{Kind: attemptLogin, Subject: subjectOf(email)}); err != nil {
			return err
		}
		return q.DeleteAttempt(ctx, attempt)
	})
}

// newHash checks a new password against the rules and hashes it.
func (s *Service) newHash(ctx context.Context, password, confirm, email string, customers []db.ListCustomersOfUserRow) (string, error) {
	current, err := s.settings.Current(ctx)
	if err != nil {
		return "", err
	}
	known := []string{email, current.Company.Name}
	for _, c := range customers {
		known = append(known, c.Number)
	}
	if err := checkNewPassword(password, confirm, known...); err != nil {
		return "", err
	}
	return HashPassword(ctx, password)
}

// setPassword stores the password of by.UserID, ends the sessions but the one
// to keep, kills the mailed links and the temporary password, and tells the
// owner by mail unless it is the first. It runs in the caller's transaction.
func (s *Service) setPassword(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, hash string, keep []byte) error {
	user, err := q.GetUser(ctx, by.UserID)
	if err != nil {
		return noRow(err, "log-in")
	}
	if err := q.SetUserPassword(ctx, db.SetUserPasswordParams{PasswordHash: hash, ID: user.ID}); err != nil {
		return err
	}
	if keep == nil {
		_, err = q.DeleteSessionsOfUser(ctx, db.NullID(user.ID))
	} else {
		_, err = q.DeleteOtherSessionsOfUser(ctx, db.DeleteOtherSessionsOfUserParams{UserID: db.NullID(user.ID), Keep: keep})
	}
	if err != nil {
		return err
	}
	for _, purpose := range []string{purposeRecover, purposeFirstLogin} {
		if err := q.VoidUserTokens(ctx, db.VoidUserTokensParams{UsedAt: now, UserID: db.NullID(user.ID), Purpose: purpose}); err != nil {
			return err
		}
	}
	if err := q.DeleteAttempts(ctx, db.DeleteAttemptsParams{Kind: attemptLogin, Subject: subjectOf(user.Email)}); err != nil {
		return err
	}
	if user.PasswordHash != "" {
		return s.passwordChanged(ctx, q, now, by, user.Email)
	}
	if err := audit.Record(ctx, q, now, by, audit.Entry{Action: "user.password", Object: "the first"}); err != nil {
		return err
	}
	return s.voidKeys(ctx, q, now, by)
}

// passwordChanged records the change and tells the owner of the log-in.
func (s *Service) passwordChanged(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, email string) error {
	if err := audit.Record(ctx, q, now, by, audit.Entry{Action: "user.password", Object: "changed"}); err != nil {
		return err
	}
	current, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	return s.mail.Enqueue(ctx, q, now, outbox.Mail{
		Fact: "password changed " + freshFact(), ToEmail: email,
		Body: outbox.PasswordChanged{When: now.Format(current.Zone)},
	})
}

// voidKeys makes the Registration Keys of a log-in's customers anew once its
// first password is set, when the dealer wants keys to be good once.
func (s *Service) voidKeys(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor) error {
	current, err := s.settings.Current(ctx)
	if err != nil || !current.Yes("registration.key_once") {
		return err
	}
	customers, err := q.ListCustomersOfUser(ctx, by.UserID)
	if err != nil {
		return fmt.Errorf("new keys: %w", err)
	}
	for _, c := range customers {
		if err := newKey(ctx, q, now, by, c.ID); err != nil {
			return err
		}
	}
	return nil
}

// newKey makes a customer's Registration Key anew. It runs in the caller's
// transaction; the trail does not hold the key.
func newKey(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, customerID int64) error {
	err := q.SetRegistrationKey(ctx, db.SetRegistrationKeyParams{RegistrationKey: NewRegistrationKey(), UpdatedAt: now, ID: customerID})
	if err != nil {
		return fmt.Errorf("new key: %w", err)
	}
	return audit.Record(ctx, q, now, by, audit.Entry{Action: "customer.new_key", CustomerID: customerID})
}
