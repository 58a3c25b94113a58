package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// How long a session lives, held on the server: idle is counted from the last
// request, age from the log-in (OWASP ASVS 5.0, 7.1.1 and 7.3).
const (
	CustomerIdle = 30 * time.Minute
	CustomerAge  = 24 * time.Hour
	StaffIdle    = 60 * time.Minute
	StaffAge     = 12 * time.Hour
	// unfinishedAge bounds a log-in that stopped half-way.
	unfinishedAge = 30 * time.Minute
	// touchEvery is how often a session's last request is written down.
	touchEvery = time.Minute
)

// The stages of a log-in that is not finished.
const (
	StageReset = "reset" // a temporary password: a new one must be chosen
	StageCode  = "totp"  // a staff member's second factor is still to come
	StageEnrol = "enrol" // a staff member has no second factor yet
)

// Session is one signed-in browser.
type Session struct {
	Hash           []byte // SHA-256 of the cookie's value
	UserID         int64
	StaffID        int64
	CustomerID     int64 // the customer looked at; 0 when the user may see none
	CustomerNumber string
	CustomerName   string
	Others         bool   // the user may see further customers
	Email          string // of the user or staff member
	StaffName      string
	Role           string
	Stage          string // "" when the log-in is complete
	Data           []byte
	CreatedAt      calendar.Instant
	LastSeenAt     calendar.Instant
	ExpiresAt      calendar.Instant
}

// Idle returns how long the session lives without a request.
func (s Session) Idle() time.Duration {
	if s.StaffID != 0 {
		return StaffIdle
	}
	return CustomerIdle
}

// NewReference returns a random 256-bit value for a cookie or a one-time link.
// It is given away once; only its hash is kept.
func NewReference() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // crypto/rand.Read never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

// hashOf is the form in which a reference is stored.
func hashOf(reference string) []byte {
	h := sha256.Sum256([]byte(reference))
	return h[:]
}

// FindSession returns the live session behind a cookie's value. A value that
// is unknown, idle for too long, too old, or of a log-in that was locked is a
// fault of kind SignedOut.
func (s *Service) FindSession(ctx context.Context, reference string) (Session, error) {
	row, err := s.db.Read().GetSession(ctx, hashOf(reference))
	if errors.Is(err, sql.ErrNoRows) {
		return Session{}, signedOut()
	}
	if err != nil {
		return Session{}, fmt.Errorf("session: %w", err)
	}
	out := Session{
		Hash: row.Hash, UserID: row.UserID, StaffID: row.StaffID,
		CustomerID: row.CustomerID, CustomerNumber: row.CustomerNumber, CustomerName: row.CustomerName, Others: row.Customers > 1,
		Email: row.Email, StaffName: row.StaffName, Role: row.Role, Stage: row.Stage, Data: row.Data,
		CreatedAt: row.CreatedAt, LastSeenAt: row.LastSeenAt, ExpiresAt: row.ExpiresAt,
	}
	now := s.clock.Now()
	if now >= out.ExpiresAt || now.Sub(out.LastSeenAt) >= out.Idle() || row.Closed != 0 {
		return Session{}, signedOut()
	}
	return out, nil
}

func signedOut() error { return fault.New(fault.SignedOut, "Please log in.") }

// OpenSession starts the session of a log-in and returns the value for its
// cookie, which is stored nowhere. One transaction.
func (s *Service) OpenSession(ctx context.Context, by audit.Actor, l Login, data []byte) (string, error) {
	now := s.clock.Now()
	age := CustomerAge
	switch {
	case l.Stage != "":
		age = unfinishedAge
	case l.StaffID != 0:
		age = StaffAge
	}
	reference := NewReference()
	if data == nil {
		data = []byte{}
	}
	err := s.db.Write(ctx, func(q *db.Queries) error {
		err := q.AddSession(ctx, db.AddSessionParams{
			Hash: hashOf(reference), UserID: db.NullID(l.UserID), StaffID: db.NullID(l.StaffID), CustomerID: db.NullID(l.CustomerID),
			Stage: l.Stage, Data: data, IP: by.IP, UserAgent: cut(by.UserAgent, 300), CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(age),
		})
		if err != nil || l.Stage != "" {
			return err
		}
		by := l.actor(by)
		if l.UserID != 0 {
			if err := q.SetUserLastLogin(ctx, db.SetUserLastLoginParams{LastLoginAt: now, ID: l.UserID}); err != nil {
				return err
			}
		} else if err := q.SetStaffLastLogin(ctx, db.SetStaffLastLoginParams{LastLoginAt: now, ID: l.StaffID}); err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "login.done", CustomerID: l.CustomerID})
	})
	if err != nil {
		return "", fmt.Errorf("opening a session: %w", err)
	}
	return reference, nil
}

// Seen notes that the session is in use, at most once a minute, so that
// reading stays reading. While something long is being written, as an import is,
// nobody waits for the note: the next request makes it.
func (s *Service) Seen(ctx context.Context, session Session) error {
	if s.clock.Now().Sub(session.LastSeenAt) < touchEvery {
		return nil
	}
	soon, cancel := context.WithTimeout(ctx, touchWithin)
	defer cancel()
	err := s.Extend(soon, session)
	if err != nil && soon.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// touchWithin is how long a request waits to note that its session is in use.
const touchWithin = 500 * time.Millisecond

// Extend starts the session's idle time anew: "stay signed in".
func (s *Service) Extend(ctx context.Context, session Session) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		return q.TouchSession(ctx, db.TouchSessionParams{LastSeenAt: s.clock.Now(), Hash: session.Hash})
	})
}

// KeepData stores what handlers keep in the session.
func (s *Service) KeepData(ctx context.Context, session []byte, data []byte) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		return q.SetSessionData(ctx, db.SetSessionDataParams{Data: data, Hash: session})
	})
}

// CloseSession ends one session by the hash of its cookie: log-out, or a new
// log-in in the same browser.
func (s *Service) CloseSession(ctx context.Context, by audit.Actor, session []byte) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		if err := q.DeleteSession(ctx, session); err != nil {
			return err
		}
		if by.UserID == 0 && by.StaffID == 0 {
			return nil
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "login.out"})
	})
}

// Device is one signed-in browser as /account lists it.
type Device struct {
	ID         string // names the device in the form; not its cookie
	Browser    string // "Chrome on Android"
	IP         string
	SignedInAt calendar.Instant
	LastSeenAt calendar.Instant
	Current    bool
}

// Devices lists where the user is signed in, the last used first.
func (s *Service) Devices(ctx context.Context, userID int64, current []byte) ([]Device, error) {
	now := s.clock.Now()
	rows, err := s.db.Read().ListSessionsOfUser(ctx, db.ListSessionsOfUserParams{
		UserID: db.NullID(userID), NowAt: now, SeenAfter: now.Add(-CustomerIdle),
	})
	if err != nil {
		return nil, fmt.Errorf("devices: %w", err)
	}
	var out []Device
	for _, r := range rows {
		out = append(out, Device{
			ID: base64.RawURLEncoding.EncodeToString(r.Hash), Browser: browserName(r.UserAgent), IP: r.IP,
			SignedInAt: r.CreatedAt, LastSeenAt: r.LastSeenAt, Current: string(r.Hash) == string(current),
		})
	}
	return out, nil
}

// SignOutDevice ends the session of one of the user's devices. A device that is
// unknown or somebody else's is the same NotFound.
func (s *Service) SignOutDevice(ctx context.Context, by audit.Actor, device string) error {
	hash, err := base64.RawURLEncoding.DecodeString(device)
	if err != nil {
		return fault.Missing("device")
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		n, err := q.DeleteSessionOfUser(ctx, db.DeleteSessionOfUserParams{UserID: db.NullID(by.UserID), Hash: hash})
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Missing("device")
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "login.end", Object: "one device"})
	})
}

// SignOutOthers ends all of the user's sessions but the one kept.
func (s *Service) SignOutOthers(ctx context.Context, by audit.Actor, keep []byte) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		n, err := q.DeleteOtherSessionsOfUser(ctx, db.DeleteOtherSessionsOfUserParams{UserID: db.NullID(by.UserID), Keep: keep})
		if err != nil {
			return err
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "login.end", Object: fmt.Sprintf("%d other devices", n)})
	})
}

// Owned is one customer that a log-in may see.
type Owned struct {
	ID                 int64
	Number, Name, City string
}

// CustomersOf lists the customers the log-in may see, by number.
func (s *Service) CustomersOf(ctx context.Context, userID int64) ([]Owned, error) {
	rows, err := s.db.Read().ListCustomersOfUser(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("accounts of a log-in: %w", err)
	}
	var out []Owned
	for _, r := range rows {
		out = append(out, Owned{ID: r.ID, Number: r.Number, Name: r.DisplayName, City: r.City})
	}
	return out, nil
}

// SwitchCustomer makes the session look at another of the user's customers,
// named by its number. One that is not the user's is NotFound.
func (s *Service) SwitchCustomer(ctx context.Context, by audit.Actor, session []byte, number string) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		c, err := q.GetCustomerByNumber(ctx, number)
		if err != nil {
			return noRow(err, "account")
		}
		n, err := q.HasCustomer(ctx, db.HasCustomerParams{CustomerID: c.ID, UserID: by.UserID})
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Missing("account")
		}
		return q.SetSessionCustomer(ctx, db.SetSessionCustomerParams{CustomerID: db.NullID(c.ID), Hash: session})
	})
}

// Sweep deletes what is over: dead sessions, used-up links, old tries. The
// scheduler calls it daily.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.clock.Now()
	return s.db.Write(ctx, func(q *db.Queries) error {
		if _, err := q.DeleteDeadSessions(ctx, db.DeleteDeadSessionsParams{NowAt: now, SeenBefore: now.Add(-StaffIdle)}); err != nil {
			return err
		}
		if _, err := q.DeleteOldTokens(ctx, now.Add(-30*24*time.Hour)); err != nil {
			return err
		}
		_, err := q.DeleteOldAttempts(ctx, now.Add(-2*24*time.Hour))
		return err
	})
}

// cut shortens text from outside to at most n bytes of whole characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}
