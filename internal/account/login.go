package account

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// Login is the outcome of a good password: whose session to open, and how far
// the log-in has come.
type Login struct {
	UserID     int64
	StaffID    int64
	Role       string
	CustomerID int64
	Stage      string // "" when complete
}

// actor is the person of this log-in, at the address the request came from.
func (l Login) actor(by audit.Actor) audit.Actor {
	by.UserID, by.StaffID, by.Role = l.UserID, l.StaffID, l.Role
	switch {
	case l.StaffID != 0:
		by.Kind = audit.Staff
	case l.UserID != 0:
		by.Kind = audit.Customer
	}
	return by
}

// errLogin is the one message for every failed log-in.
func errLogin() error {
	return fault.Field("username", "The username or the password is not right. Passwords are case sensitive")
}

// LogIn checks a username and password of a customer or a staff member. Every
// failure is the same Invalid fault in about the same time; too many of them
// are a TooMany fault. The session is opened by [Service.OpenSession].
func (s *Service) LogIn(ctx context.Context, by audit.Actor, username, password string) (Login, error) {
	if username == "" || password == "" {
		var refused fault.Fields
		if username == "" {
			refused.Add("username", "Enter your username: your e-mail address")
		}
		if password == "" {
			refused.Add("password", "Enter your password")
		}
		return Login{}, refused.Err()
	}
	attempt, err := s.beginLogIn(ctx, username, by.IP)
	if err != nil {
		return Login{}, err
	}
	login, hash, stale, err := s.verify(ctx, username, cut(password, 4*MaxPassword))
	switch {
	case fault.Is(err, fault.Invalid):
		if failed := s.failLogIn(ctx, by, login); failed != nil {
			return Login{}, failed
		}
		return Login{}, err
	case err != nil:
		return Login{}, err
	}
	return s.finishLogIn(ctx, by, username, password, login, hash, stale, attempt)
}

// verify finds whose username and password these are, at the price of one slow
// hash whatever the outcome. On a refusal it returns whose log-in was tried.
func (s *Service) verify(ctx context.Context, username, password string) (login Login, hash string, stale bool, err error) {
	_ = dummy() // made before the first use, so that it does not show in the time of one
	q := s.db.Read()
	email := fold(username)
	user, err := q.GetUserByEmail(ctx, email)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Login{}, "", false, fmt.Errorf("log-in: %w", err)
	}
	staff, err := q.GetStaffByEmail(ctx, email)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Login{}, "", false, fmt.Errorf("log-in: %w", err)
	}
	hash, login = user.PasswordHash, Login{UserID: user.ID}
	if staff.ID != 0 && staff.DisabledAt == 0 {
		hash, login = staff.PasswordHash, Login{StaffID: staff.ID, Role: staff.Role}
	}
	ok, stale, err := checkPassword(ctx, hash, password)
	if err != nil {
		return Login{}, "", false, err
	}
	temporary, shaped := hashTemporary(password)
	if !ok && login.StaffID == 0 && shaped && s.clock.Now() < user.TemporaryExpiresAt &&
		subtle.ConstantTimeCompare([]byte(temporary), []byte(user.TemporaryHash)) == 1 {
		ok, stale, login.Stage = true, false, StageReset
	}
	if !ok || user.LockedAt != 0 && login.StaffID == 0 {
		return login, "", false, errLogin()
	}
	if login.StaffID != 0 {
		login.Stage = StageCode
		if staff.TotpConfirmedAt == 0 {
			login.Stage = StageEnrol
		}
	}
	return login, hash, stale, nil
}

// finishLogIn clears the failures before this log-in, makes a stale hash anew
// and prepares what the session starts with.
func (s *Service) finishLogIn(ctx context.Context, by audit.Actor, username, password string, login Login, hash string, stale bool, attempt int64) (Login, error) {
	fresh := ""
	if stale {
		var err error
		if fresh, err = HashPassword(ctx, password); err != nil {
			return Login{}, err
		}
	}
	now := s.clock.Now()
	err := s.db.Write(ctx, func(q *db.Queries) error {
		if err := q.DeleteAttempts(ctx, db.DeleteAttemptsParams{Kind: attemptLogin, Subject: subjectOf(username)}); err != nil {
			return err
		}
		if err := q.DeleteAttempt(ctx, attempt); err != nil {
			return err
		}
		switch {
		case login.Stage == StageEnrol:
			return s.newSecret(ctx, q, login.StaffID)
		case fresh != "" && login.StaffID != 0:
			return q.SetStaffPassword(ctx, db.SetStaffPasswordParams{PasswordHash: fresh, ID: login.StaffID})
		case login.StaffID != 0:
			return nil
		}
		if fresh != "" {
			if err := q.RehashUserPassword(ctx, db.RehashUserPasswordParams{NewHash: fresh, ID: login.UserID, OldHash: hash}); err != nil {
				return err
			}
		}
		customers, err := q.ListCustomersOfUser(ctx, login.UserID)
		if err != nil {
			return err
		}
		if len(customers) == 0 {
			return fault.New(fault.Forbidden, "This log-in no longer opens any account. Please call us.")
		}
		login.CustomerID = customers[0].ID
		if login.Stage == StageReset {
			return audit.Record(ctx, q, now, login.actor(by), audit.Entry{Action: "login.temporary", CustomerID: login.CustomerID})
		}
		return nil
	})
	if err != nil {
		return Login{}, fmt.Errorf("log-in: %w", err)
	}
	return login, nil
}

// failLogIn writes a failed try into the trail. The username is not written
// when nobody has it: people type passwords into the wrong box.
func (s *Service) failLogIn(ctx context.Context, by audit.Actor, tried Login) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		by := by
		by.UserID, by.StaffID = tried.UserID, tried.StaffID
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "login.failed"})
	})
}

// The limits on guessing a password.
const (
	attemptLogin   = "login"    // by account, as a growing delay
	attemptLoginIP = "login_ip" // by address, as a second net
	attemptCode    = "totp"

	freeFailures  = 10
	firstDelay    = 15 * time.Second
	longestDelay  = 15 * time.Minute
	failureMemory = 24 * time.Hour

	loginsPerIP    = 100
	loginsPerIPFor = 15 * time.Minute
)

// subjectOf is the form in which a username is counted: hashed, so that a
// password typed into the wrong box is not kept.
func subjectOf(username string) string {
	h := sha256.Sum256([]byte(fold(username)))
	return hex.EncodeToString(h[:16])
}

// beginLogIn counts the try before the password is looked at, so that many at
// once are counted too. It returns the row to take back when the try is good.
func (s *Service) beginLogIn(ctx context.Context, username, ip string) (int64, error) {
	now := s.clock.Now()
	var attempt int64
	err := s.db.Write(ctx, func(q *db.Queries) error {
		if err := limit(ctx, q, now, attemptLoginIP, subnet(ip), loginsPerIP, loginsPerIPFor); err != nil {
			return err
		}
		if err := brake(ctx, q, now, attemptLogin, subjectOf(username)); err != nil {
			return err
		}
		if _, err := q.AddAttempt(ctx, db.AddAttemptParams{Kind: attemptLogin, Subject: subjectOf(username), At: now}); err != nil {
			return err
		}
		var err error
		attempt, err = q.AddAttempt(ctx, db.AddAttemptParams{Kind: attemptLoginIP, Subject: subnet(ip), At: now})
		return err
	})
	return attempt, err
}

// brake refuses a try that comes too soon after many failures. The delay grows
// with each failure and is bounded, and refused tries do not lengthen it, so
// that a stranger can slow an account down but not lock it.
func brake(ctx context.Context, q *db.Queries, now calendar.Instant, kind, subject string) error {
	c, err := q.CountAttempts(ctx, db.CountAttemptsParams{Kind: kind, Subject: subject, After: now.Add(-failureMemory)})
	if err != nil {
		return err
	}
	if c.Tries < freeFailures {
		return nil
	}
	delay := longestDelay
	if n := c.Tries - freeFailures; n < 6 {
		delay = min(longestDelay, firstDelay<<n)
	}
	if wait := calendar.Instant(c.LastAt).Add(delay).Sub(now); wait > 0 {
		return tooMany(wait)
	}
	return nil
}

// limit refuses a try when there were already most of them within the window.
// It does not count this one.
func limit(ctx context.Context, q *db.Queries, now calendar.Instant, kind, subject string, most int64, window time.Duration) error {
	c, err := q.CountAttempts(ctx, db.CountAttemptsParams{Kind: kind, Subject: subject, After: now.Add(-window)})
	if err != nil {
		return err
	}
	if c.Tries < most {
		return nil
	}
	return tooMany(calendar.Instant(c.FirstAt).Add(window).Sub(now))
}

func tooMany(wait time.Duration) error {
	return &fault.Error{Kind: fault.TooMany, Message: "There were too many tries. Please wait " + inWords(wait) + " and try again.", RetryAfter: wait}
}

// inWords rounds a wait up to what people say.
func inWords(d time.Duration) string {
	if d <= time.Minute {
		n := max(1, int((d+time.Second-1)/time.Second))
		if n == 1 {
			return "a second"
		}
		return fmt.Sprintf("%d seconds", n)
	}
	return fmt.Sprintf("%d minutes", int((d+time.Minute-1)/time.Minute))
}
