package account

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// Roles are what a staff member may be. The owner may do everything.
var Roles = []string{"owner", "billing", "service", "sales", "technician"}

const (
	totpPeriod    = 30 // seconds, as RFC 6238 recommends
	totpSkew      = 1  // steps of clock drift on either side
	recoveryCodes = 10
)

func secretContext(staffID int64) string { return fmt.Sprintf("staff %d totp", staffID) }

// newSecret gives the staff member a fresh, unconfirmed second factor. It runs
// in the caller's transaction.
func (s *Service) newSecret(ctx context.Context, q *db.Queries, staffID int64) error {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "portal", AccountName: "staff"})
	if err != nil {
		return fmt.Errorf("second factor: %w", err)
	}
	return q.SetStaffSecret(ctx, db.SetStaffSecretParams{TotpSecret: s.settings.Sealer().Seal(key.Secret(), secretContext(staffID)), ID: staffID})
}

// Enrolment is what a staff member puts into an authenticator app.
type Enrolment struct {
	Secret string // base32, to type by hand
	URI    string // otpauth:, for the QR code
}

// Enrolment returns the second factor that is not yet confirmed. One that is
// confirmed is never shown again: NotFound.
func (s *Service) Enrolment(ctx context.Context, staffID int64) (Enrolment, error) {
	staff, err := s.db.Read().GetStaff(ctx, staffID)
	if err != nil {
		return Enrolment{}, noRow(err, "staff member")
	}
	if staff.TotpConfirmedAt != 0 || staff.TotpSecret == "" {
		return Enrolment{}, fault.Missing("page")
	}
	secret, err := s.settings.Sealer().Open(staff.TotpSecret, secretContext(staffID))
	if err != nil {
		return Enrolment{}, err
	}
	current, err := s.settings.Current(ctx)
	if err != nil {
		return Enrolment{}, err
	}
	// the Key URI Format of authenticator apps; a colon would end the issuer
	issuer := strings.ReplaceAll(current.Company.Name, ":", " ")
	uri := "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(staff.Email) +
		"?secret=" + secret + "&issuer=" + url.QueryEscape(issuer) + "&period=" + strconv.Itoa(totpPeriod)
	return Enrolment{Secret: secret, URI: strings.ReplaceAll(uri, "+", "%20")}, nil
}

// Enrol confirms the second factor with its first code and returns the
// recovery codes, which are shown once and kept only as hashes.
func (s *Service) Enrol(ctx context.Context, by audit.Actor, code string) ([]string, error) {
	now := s.clock.Now()
	var codes []string
	err := s.guessed(ctx, by, func(q *db.Queries) error {
		staff, err := q.GetStaff(ctx, by.StaffID)
		if err != nil {
			return noRow(err, "staff member")
		}
		if staff.TotpConfirmedAt != 0 {
			return fault.Missing("page")
		}
		if err := s.useCode(ctx, q, staff, code); err != nil {
			return err
		}
		if err := q.ConfirmStaffSecret(ctx, db.ConfirmStaffSecretParams{TotpConfirmedAt: now, ID: staff.ID}); err != nil {
			return err
		}
		if codes, err = newRecoveryCodes(ctx, q, staff.ID); err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "staff.enrol", Object: staff.Email})
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// NewRecoveryCodes makes the recovery codes anew for somebody whose app shows
// the right code. The old ones are dead; the new ones are shown once.
func (s *Service) NewRecoveryCodes(ctx context.Context, by audit.Actor, code string) ([]string, error) {
	var codes []string
	err := s.guessed(ctx, by, func(q *db.Queries) error {
		staff, err := q.GetStaff(ctx, by.StaffID)
		if err != nil {
			return noRow(err, "staff member")
		}
		if err := s.useCode(ctx, q, staff, code); err != nil {
			return err
		}
		if codes, err = newRecoveryCodes(ctx, q, staff.ID); err != nil {
			return err
		}
		return audit.Record(ctx, q, s.clock.Now(), by, audit.Entry{Action: "staff.recovery_codes", Object: staff.Email})
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// newRecoveryCodes replaces a staff member's recovery codes. It runs in the
// caller's transaction.
func newRecoveryCodes(ctx context.Context, q *db.Queries, staffID int64) ([]string, error) {
	if err := q.DeleteRecoveryCodes(ctx, staffID); err != nil {
		return nil, err
	}
	var codes []string
	for range recoveryCodes {
		code := NewRegistrationKey()
		if err := q.AddRecoveryCode(ctx, db.AddRecoveryCodeParams{StaffID: staffID, CodeHash: hashRecovery(code)}); err != nil {
			return nil, err
		}
		codes = append(codes, FormatKey(code))
	}
	return codes, nil
}

// RecoveryCodesLeft counts the recovery codes that were not used yet.
func (s *Service) RecoveryCodesLeft(ctx context.Context, staffID int64) (int, error) {
	n, err := s.db.Read().CountRecoveryCodes(ctx, staffID)
	return int(n), err
}

// ChangeStaffPassword sets a new password for a staff member who knows the
// present one. All sessions end but the one given.
func (s *Service) ChangeStaffPassword(ctx context.Context, by audit.Actor, session []byte, present, password, confirm string) error {
	staff, err := s.db.Read().GetStaff(ctx, by.StaffID)
	if err != nil {
		return noRow(err, "staff member")
	}
	if err := s.confirmHash(ctx, by, staff.Email, staff.PasswordHash, "current", present); err != nil {
		return err
	}
	hash, err := s.newHash(ctx, password, confirm, staff.Email, nil)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		if err := q.SetStaffPassword(ctx, db.SetStaffPasswordParams{PasswordHash: hash, ID: staff.ID}); err != nil {
			return err
		}
		if _, err := q.DeleteOtherSessionsOfStaff(ctx, db.DeleteOtherSessionsOfStaffParams{StaffID: db.NullID(staff.ID), Keep: session}); err != nil {
			return err
		}
		return s.passwordChanged(ctx, q, s.clock.Now(), by, staff.Email)
	})
}

// CheckCode checks the second factor of a log-in: a code of the app, each good
// once, or a recovery code. A good one leaves the log-in complete.
func (s *Service) CheckCode(ctx context.Context, by audit.Actor, code string) (Login, error) {
	now := s.clock.Now()
	var login Login
	err := s.guessed(ctx, by, func(q *db.Queries) error {
		staff, err := q.GetStaff(ctx, by.StaffID)
		if err != nil {
			return noRow(err, "staff member")
		}
		if staff.DisabledAt != 0 || staff.TotpConfirmedAt == 0 {
			return signedOut()
		}
		login = Login{StaffID: staff.ID, Role: staff.Role}
		if key, ok := NormalizeKey(code); ok {
			n, err := q.UseRecoveryCode(ctx, db.UseRecoveryCodeParams{UsedAt: now, StaffID: staff.ID, CodeHash: hashRecovery(key)})
			if err != nil {
				return err
			}
			if n == 0 {
				return errCode()
			}
			left, err := q.CountRecoveryCodes(ctx, staff.ID)
			if err != nil {
				return err
			}
			return audit.Record(ctx, q, now, by, audit.Entry{Action: "staff.recovery_code", Object: staff.Email, After: map[string]int64{"left": left}})
		}
		return s.useCode(ctx, q, staff, code)
	})
	if err != nil {
		return Login{}, err
	}
	return login, nil
}

func errCode() error {
	return fault.Field("code", "This code is not right, or was used before. Enter the one your app shows now")
}

// guessed runs one try at a code behind the same growing delay as passwords. A
// wrong code is counted though the rest of the transaction is given up.
func (s *Service) guessed(ctx context.Context, by audit.Actor, try func(q *db.Queries) error) error {
	now := s.clock.Now()
	subject := strconv.FormatInt(by.StaffID, 10)
	err := s.db.Write(ctx, func(q *db.Queries) error {
		if err := brake(ctx, q, now, attemptCode, subject); err != nil {
			return err
		}
		if err := try(q); err != nil {
			return err
		}
		return q.DeleteAttempts(ctx, db.DeleteAttemptsParams{Kind: attemptCode, Subject: subject})
	})
	if !fault.Is(err, fault.Invalid) {
		return err
	}
	counted := s.db.Write(ctx, func(q *db.Queries) error {
		if _, err := q.AddAttempt(ctx, db.AddAttemptParams{Kind: attemptCode, Subject: subject, At: now}); err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "login.code_failed"})
	})
	if counted != nil {
		return counted
	}
	return err
}

// useCode accepts a code of RFC 6238 whose step is later than the last one
// used. It runs in the caller's transaction.
func (s *Service) useCode(ctx context.Context, q *db.Queries, staff db.Staff, code string) error {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return fault.Field("code", "Enter the six digits that your app shows")
	}
	secret, err := s.settings.Sealer().Open(staff.TotpSecret, secretContext(staff.ID))
	if err != nil {
		return err
	}
	step := s.clock().Unix() / totpPeriod
	for _, candidate := range []int64{step, step - totpSkew, step + totpSkew} {
		ok, err := hotp.ValidateCustom(code, uint64(candidate), secret, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return fmt.Errorf("second factor: %w", err)
		}
		if !ok {
			continue
		}
		n, err := q.UseStaffStep(ctx, db.UseStaffStepParams{Step: candidate, ID: staff.ID})
		if err != nil {
			return err
		}
		if n == 0 {
			return errCode()
		}
		return nil
	}
	return errCode()
}

func hashRecovery(code string) string {
	h := sha256.Sum256([]byte("recovery " + code))
	return hex.EncodeToString(h[:])
}

// FirstOwner returns the path of a fresh one-time link to the set-up page, ""
// when somebody can log in to the office already. `portal serve` prints it.
func (s *Service) FirstOwner(ctx context.Context) (string, error) {
	now := s.clock.Now()
	path := ""
	err := s.db.Write(ctx, func(q *db.Queries) error {
		n, err := q.CountStaff(ctx)
		if err != nil || n > 0 {
			return err
		}
		if err := q.VoidSetupTokens(ctx, now); err != nil {
			return err
		}
		token, err := addToken(ctx, q, now, setupAge, db.AddTokenParams{Purpose: purposeSetup})
		path = setupPath(token)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("set-up link: %w", err)
	}
	return path, nil
}

func setupPath(token string) string { return "/office/setup?t=" + token }

// InviteStaff adds a staff member, or starts one who is there anew with a new
// password and second factor, and returns the path of the one-time link on
// which they choose them. `portal staff add` prints it: who has the console has
// the books.
func (s *Service) InviteStaff(ctx context.Context, by audit.Actor, email, name, role string) (string, error) {
	email, ok := CleanEmail(email)
	if !ok {
		return "", fault.Field("email", "%q is not an e-mail address", email)
	}
	if !slices.Contains(Roles, role) {
		return "", fault.Field("role", "%q is not one of %s", role, strings.Join(Roles, ", "))
	}
	now := s.clock.Now()
	path := ""
	err := s.db.Write(ctx, func(q *db.Queries) error {
		id, err := putStaff(ctx, q, now, email, name, role)
		if err != nil {
			return err
		}
		if err := q.VoidStaffTokens(ctx, db.VoidStaffTokensParams{UsedAt: now, StaffID: db.NullID(id)}); err != nil {
			return err
		}
		token, err := addToken(ctx, q, now, setupAge, db.AddTokenParams{Purpose: purposeInvite, StaffID: db.NullID(id)})
		if err != nil {
			return err
		}
		path = setupPath(token)
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "staff.invite", Object: email, After: map[string]string{"role": role}})
	})
	if err != nil {
		return "", fmt.Errorf("inviting %s: %w", email, err)
	}
	return path, nil
}

// putStaff adds the staff member of that address, or gives one who is there
// the role and, unless it is empty, the name.
func putStaff(ctx context.Context, q *db.Queries, now calendar.Instant, email, name, role string) (int64, error) {
	old, err := q.GetStaffByEmail(ctx, email)
	if errors.Is(err, sql.ErrNoRows) {
		return q.AddStaff(ctx, db.AddStaffParams{Email: email, Name: name, Role: role, CreatedAt: now})
	}
	if err != nil {
		return 0, err
	}
	if name == "" {
		name = old.Name
	}
	return old.ID, q.UpdateStaff(ctx, db.UpdateStaffParams{Name: name, Role: role, ID: old.ID})
}

// Setup is what a set-up link opens.
type Setup struct {
	First bool   // the first owner, who still names an e-mail address
	Email string // of the staff member invited
	Name  string
	Role  string
}

// CheckSetup returns what the link opens, and uses nothing up.
func (s *Service) CheckSetup(ctx context.Context, token string) (Setup, error) {
	q := s.db.Read()
	t, err := findToken(ctx, q, s.clock.Now(), token, purposeSetup, purposeInvite)
	if err != nil {
		return Setup{}, err
	}
	if t.Purpose == purposeSetup {
		return Setup{First: true, Role: "owner"}, nil
	}
	staff, err := q.GetStaff(ctx, t.StaffID.Int64)
	if err != nil {
		return Setup{}, noRow(err, "staff member")
	}
	return Setup{Email: staff.Email, Name: staff.Name, Role: staff.Role}, nil
}

// SetupForm is what the set-up page is filled in with.
type SetupForm struct {
	Token, Email, Name, Password, Confirm string
}

// SetUp uses the link up: it makes the staff member with the chosen password
// and returns the log-in that goes on to the second factor.
func (s *Service) SetUp(ctx context.Context, by audit.Actor, f SetupForm) (Login, error) {
	setup, err := s.CheckSetup(ctx, f.Token)
	if err != nil {
		return Login{}, err
	}
	current, err := s.settings.Current(ctx)
	if err != nil {
		return Login{}, err
	}
	var refused fault.Fields
	if setup.First {
		email, ok := CleanEmail(f.Email)
		if !ok {
			refused.Add("email", "Enter an e-mail address, like name@example.com")
		}
		setup.Email = email
	}
	if f.Name = oneLine(f.Name); f.Name == "" || len(f.Name) > 100 {
		refused.Add("name", "Enter your name")
	}
	addFields(&refused, checkNewPassword(f.Password, f.Confirm, setup.Email, current.Company.Name))
	if err := refused.Err(); err != nil {
		return Login{}, err
	}
	hash, err := HashPassword(ctx, f.Password)
	if err != nil {
		return Login{}, err
	}
	now := s.clock.Now()
	var login Login
	err = s.db.Write(ctx, func(q *db.Queries) error {
		t, err := findToken(ctx, q, now, f.Token, purposeSetup, purposeInvite)
		if err != nil {
			return err
		}
		if err := useToken(ctx, q, now, t); err != nil {
			return err
		}
		id, err := putStaff(ctx, q, now, setup.Email, f.Name, setup.Role)
		if err != nil {
			return err
		}
		if err := s.startStaff(ctx, q, id, hash); err != nil {
			return err
		}
		login = Login{StaffID: id, Role: setup.Role, Stage: StageEnrol}
		return audit.Record(ctx, q, now, login.actor(by), audit.Entry{Action: "staff.setup", Object: setup.Email})
	})
	if err != nil {
		return Login{}, fmt.Errorf("set-up: %w", err)
	}
	return login, nil
}

// startStaff gives a staff member a password and a fresh second factor, and
// ends the sessions there were.
func (s *Service) startStaff(ctx context.Context, q *db.Queries, id int64, hash string) error {
	if err := q.SetStaffPassword(ctx, db.SetStaffPasswordParams{PasswordHash: hash, ID: id}); err != nil {
		return err
	}
	if err := s.newSecret(ctx, q, id); err != nil {
		return err
	}
	_, err := q.DeleteSessionsOfStaff(ctx, db.NullID(id))
	return err
}

// addFields puts the refused fields of err, if it is an Invalid fault, into f.
func addFields(f *fault.Fields, err error) {
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Kind == fault.Invalid {
		for _, one := range e.All() {
			f.Add(one.Field, "%s", one.Message)
		}
	}
}

// StaffRecord is a staff member who is set up by the program itself.
type StaffRecord struct {
	Email, Name, Role, Password string
	// Secret is the base32 second factor, as an authenticator app knows it.
	Secret string
}

// SaveStaff sets up a staff member with password and confirmed second factor:
// the made-up dealer of the demo, and tests.
func (s *Service) SaveStaff(ctx context.Context, r StaffRecord) (int64, error) {
	hash, err := HashPassword(ctx, r.Password)
	if err != nil {
		return 0, err
	}
	now := s.clock.Now()
	var id int64
	err = s.db.Write(ctx, func(q *db.Queries) error {
		if id, err = putStaff(ctx, q, now, r.Email, r.Name, r.Role); err != nil {
			return err
		}
		if err := q.SetStaffPassword(ctx, db.SetStaffPasswordParams{PasswordHash: hash, ID: id}); err != nil {
			return err
		}
		if err := q.SetStaffSecret(ctx, db.SetStaffSecretParams{TotpSecret: s.settings.Sealer().Seal(r.Secret, secretContext(id)), ID: id}); err != nil {
			return err
		}
		return q.ConfirmStaffSecret(ctx, db.ConfirmStaffSecretParams{TotpConfirmedAt: now, ID: id})
	})
	if err != nil {
		return 0, fmt.Errorf("staff member %s: %w", r.Email, err)
	}
	return id, nil
}

// CodeAt returns the six digits an authenticator app shows for a secret at a
// time: what the demo prints, and tests type.
func CodeAt(secret string, t time.Time) (string, error) {
	return totp.GenerateCode(secret, t)
}
