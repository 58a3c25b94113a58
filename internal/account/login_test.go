package account_test

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
)

const (
	password = "four green apples"
	secret   = "JBSWY3DPEHPK3PXP"
)

// user makes a log-in for customer 1001 and returns both ids.
func (e *env) user() (userID, customerID int64) {
	e.t.Helper()
	customerID = e.customer(known())
	userID, err := e.accounts.SaveUser(e.t.Context(), "siobhan@example.com", password, customerID)
	if err != nil {
		e.t.Fatal(err)
	}
	return userID, customerID
}

func (e *env) logIn(by audit.Actor, username, password string) (account.Login, error) {
	return e.accounts.LogIn(e.t.Context(), by, username, password)
}

func TestLogIn(t *testing.T) {
	e := newEnv(t)
	userID, customerID := e.user()
	for _, name := range []string{"siobhan@example.com", " SIOBHAN@Example.COM "} {
		login, err := e.logIn(visitor, name, password)
		if err != nil || login.UserID != userID || login.CustomerID != customerID || login.Stage != "" {
			t.Fatalf("%q: %+v %v", name, login, err)
		}
	}
	var messages []string
	for _, try := range [][2]string{{"siobhan@example.com", "Four green apples"}, {"siobhan@example.com", "x"}, {"nobody@example.com", password}, {"' OR 1=1 --", password}} {
		_, err := e.logIn(visitor, try[0], try[1])
		if !fault.Is(err, fault.Invalid) {
			t.Fatalf("%q: %v", try, err)
		}
		messages = append(messages, err.Error())
	}
	if len(slices.Compact(messages)) != 1 {
		t.Errorf("the failures differ: %q", messages)
	}
	if n := e.count(`SELECT count(*) FROM audit WHERE action = 'login.failed'`); n != 4 {
		t.Errorf("%d failures in the trail", n)
	}
}

// TestLogInBrake looks at the growing delay, and at what ends it.
func TestLogInBrake(t *testing.T) {
	e := newEnv(t)
	e.user()
	fail := func(name string) error {
		_, err := e.logIn(visitor, name, "wrong password")
		return err
	}
	for _, name := range []string{"siobhan@example.com", "nobody@example.com"} { // known or not is not to be told
		for i := range 10 {
			if err := fail(name); !fault.Is(err, fault.Invalid) {
				t.Fatalf("%s, try %d: %v", name, i, err)
			}
		}
		last := time.Duration(0)
		for i := range 8 {
			err := fail(name)
			f, _ := errors.AsType[*fault.Error](err)
			if f == nil || f.Kind != fault.TooMany || f.RetryAfter < last || f.RetryAfter > 15*time.Minute {
				t.Fatalf("%s, delay %d after %s: %v", name, i, last, err)
			}
			last = f.RetryAfter
			e.fake.Advance(f.RetryAfter)
			if err := fail(name); !fault.Is(err, fault.Invalid) {
				t.Fatalf("%s, after the delay: %v", name, err)
			}
		}
		if last != 15*time.Minute {
			t.Errorf("the delay grew to %s", last)
		}
	}
	if err := fail("siobhan@example.com"); !fault.Is(err, fault.Invalid) {
		t.Fatal(err)
	}
	if _, err := e.logIn(visitor, "siobhan@example.com", password); !fault.Is(err, fault.TooMany) {
		t.Errorf("the right password within the delay: %v", err)
	}
	// the owner of the mailbox gets in
	if err := e.accounts.ForgotPassword(t.Context(), visitor, "siobhan@example.com"); err != nil {
		t.Fatal(err)
	}
	if err := e.accounts.RecoverPassword(t.Context(), visitor, e.find(tokenIn, e.last("recover").text), "five green apples", "five green apples"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.logIn(visitor, "siobhan@example.com", "five green apples"); err != nil {
		t.Errorf("after the reset: %v", err)
	}
}

// TestLogInBrakeHoldsAtOnce sends many tries at the same moment.
func TestLogInBrakeHoldsAtOnce(t *testing.T) {
	e := newEnv(t)
	e.user()
	var wg sync.WaitGroup
	var mu sync.Mutex
	kinds := map[fault.Kind]int{}
	for range 30 {
		wg.Go(func() {
			_, err := e.logIn(visitor, "siobhan@example.com", "wrong password")
			mu.Lock()
			kinds[fault.KindOf(err)]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if kinds[fault.Invalid] != 10 || kinds[fault.TooMany] != 20 {
		t.Errorf("outcomes %v", kinds)
	}
}

func TestLogInLimitPerAddress(t *testing.T) {
	e := newEnv(t)
	by := visitor
	try := func(i int) error {
		by.IP = fmt.Sprintf("2001:db8::%x", i) // one /64 is one connection
		_, err := e.logIn(by, fmt.Sprintf("user%d@example.com", i), "x")
		return err
	}
	if err := try(0); !fault.Is(err, fault.Invalid) {
		t.Fatal(err)
	}
	// 94 more like it, without their hashes
	err := e.db.WriteTx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO attempts (kind, subject, at)
			SELECT a.kind, a.subject, a.at FROM attempts a, (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 94) SELECT i FROM n) WHERE a.kind = 'login_ip' `)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for i := range 15 {
		if err := try(100 + i); fault.Is(err, fault.TooMany) {
			refused++
		}
	}
	if refused != 10 {
		t.Errorf("%d of 110 refused", refused)
	}
}

func TestLockedAndEndedSessions(t *testing.T) {
	e := newEnv(t)
	userID, customerID := e.user()
	staff := audit.Actor{Kind: audit.Staff}
	open := func() string {
		t.Helper()
		login, err := e.logIn(visitor, "siobhan@example.com", password)
		if err != nil {
			t.Fatal(err)
		}
		token, err := e.accounts.OpenSession(t.Context(), visitor, login, nil)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	alive := func(token string) bool {
		t.Helper()
		_, err := e.accounts.FindSession(t.Context(), token)
		if err != nil && !fault.Is(err, fault.SignedOut) {
			t.Fatal(err)
		}
		return err == nil
	}
	a, b := open(), open()
	if a == b || !alive(a) || !alive(b) {
		t.Fatal("two sessions")
	}
	if err := e.accounts.EndSessions(t.Context(), staff, customerID, userID); err != nil || alive(a) || alive(b) {
		t.Errorf("ended by the office: %v", err)
	}
	a, b = open(), open()
	session, err := e.accounts.FindSession(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	by := audit.Actor{Kind: audit.Customer, UserID: userID}
	if err := e.accounts.ChangePassword(t.Context(), by, session.Hash, "wrong", "five green apples", "five green apples"); !slices.Equal(fieldsOf(err), []string{"current"}) {
		t.Errorf("changed with a wrong password: %v", err)
	}
	if err := e.accounts.ChangePassword(t.Context(), by, session.Hash, password, "five green apples", "five green apples"); err != nil {
		t.Fatal(err)
	}
	if !alive(a) || alive(b) {
		t.Error("a changed password must end all sessions but its own")
	}
	if m := e.last("password_changed"); m.to != "siobhan@example.com" {
		t.Errorf("told %s", m.to)
	}
	if err := e.accounts.Lock(t.Context(), staff, customerID, userID); err != nil || alive(a) {
		t.Errorf("locked: %v", err)
	}
	if _, err := e.logIn(visitor, "siobhan@example.com", "five green apples"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a locked log-in: %v", err)
	}
	mails := len(e.mails())
	if err := e.accounts.ForgotPassword(t.Context(), visitor, "siobhan@example.com"); err != nil || len(e.mails()) != mails {
		t.Errorf("a locked log-in asked for a link: %v, %d mails", err, len(e.mails())-mails)
	}
	if err := e.accounts.Unlock(t.Context(), staff, customerID, userID); err != nil {
		t.Fatal(err)
	}
	if _, err := e.logIn(visitor, "siobhan@example.com", "five green apples"); err != nil {
		t.Errorf("unlocked: %v", err)
	}
	// what staff do for one customer does not reach a log-in of another
	other := known()
	other.Number, other.RegistrationKey = "3003", ""
	elsewhere := e.customer(other)
	for name, do := range map[string]func() error{
		"lock":   func() error { return e.accounts.Lock(t.Context(), staff, elsewhere, userID) },
		"unlock": func() error { return e.accounts.Unlock(t.Context(), staff, elsewhere, userID) },
		"end":    func() error { return e.accounts.EndSessions(t.Context(), staff, elsewhere, userID) },
		"mail":   func() error { return e.accounts.SendRegistrationMail(t.Context(), staff, elsewhere, userID) },
		"remove": func() error { return e.accounts.RemoveCustomerUser(t.Context(), staff, elsewhere, userID) },
	} {
		if err := do(); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s through another customer: %v", name, err)
		}
	}
}

func TestSessionLimits(t *testing.T) {
	e := newEnv(t)
	userID, customerID := e.user()
	staffID, err := e.accounts.SaveStaff(t.Context(), account.StaffRecord{Email: "ann@hometown.example", Role: "owner", Password: "nine small boats", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name      string
		login     account.Login
		idle, age time.Duration
	}{
		{"customer", account.Login{UserID: userID, CustomerID: customerID}, 30 * time.Minute, 24 * time.Hour},
		{"staff", account.Login{StaffID: staffID, Role: "owner"}, time.Hour, 12 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			open := func() string {
				token, err := e.accounts.OpenSession(t.Context(), visitor, tt.login, nil)
				if err != nil {
					t.Fatal(err)
				}
				return token
			}
			token := open()
			e.fake.Advance(tt.idle - time.Second)
			if _, err := e.accounts.FindSession(t.Context(), token); err != nil {
				t.Errorf("just before it is idle too long: %v", err)
			}
			e.fake.Advance(time.Second)
			if _, err := e.accounts.FindSession(t.Context(), token); !fault.Is(err, fault.SignedOut) {
				t.Errorf("idle too long: %v", err)
			}
			token = open()
			start := e.fake.Now()
			for e.fake.Now().Sub(start) < tt.age-20*time.Minute {
				e.fake.Advance(20 * time.Minute)
				s, err := e.accounts.FindSession(t.Context(), token)
				if err != nil {
					t.Fatalf("in use after %s: %v", e.fake.Now().Sub(start), err)
				}
				if err := e.accounts.Seen(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
			e.fake.Advance(20 * time.Minute)
			if _, err := e.accounts.FindSession(t.Context(), token); !fault.Is(err, fault.SignedOut) {
				t.Errorf("too old though in use: %v", err)
			}
		})
	}
	if err := e.accounts.Sweep(t.Context()); err != nil || e.count(`SELECT count(*) FROM sessions`) != 0 {
		t.Errorf("the sweep left dead sessions (%v)", err)
	}
}

// TestSeenWritesOnceAMinute keeps reading from being writing.
func TestSeenWritesOnceAMinute(t *testing.T) {
	e := newEnv(t)
	userID, customerID := e.user()
	token, err := e.accounts.OpenSession(t.Context(), visitor, account.Login{UserID: userID, CustomerID: customerID}, nil)
	if err != nil {
		t.Fatal(err)
	}
	written := 0
	last := e.count(`SELECT last_seen_at FROM sessions`)
	for range 40 {
		e.fake.Advance(10 * time.Second)
		s, err := e.accounts.FindSession(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.accounts.Seen(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if now := e.count(`SELECT last_seen_at FROM sessions`); now != last {
			written, last = written+1, now
		}
	}
	if written != 6 {
		t.Errorf("400 seconds of use wrote %d times", written)
	}
}

func TestForgotPassword(t *testing.T) {
	e := newEnv(t)
	e.user()
	for _, name := range []string{"siobhan@example.com", "nobody@example.com"} {
		for i := range 4 {
			by := visitor
			by.IP = fmt.Sprintf("198.51.100.%d", i)
			err := e.accounts.ForgotPassword(t.Context(), by, name)
			if i < 3 && err != nil || i == 3 && !fault.Is(err, fault.TooMany) {
				t.Errorf("%s, request %d: %v", name, i, err)
			}
		}
	}
	var links []string
	for _, m := range e.mails() {
		if m.to != "siobhan@example.com" || m.kind != "recover" {
			t.Errorf("a mail to %s", m.to)
		}
		links = append(links, e.find(tokenIn, m.text))
	}
	if len(links) != 3 {
		t.Fatalf("%d mails", len(links))
	}
	for i := range 12 {
		err := e.accounts.ForgotPassword(t.Context(), visitor, fmt.Sprintf("n%d@example.com", i))
		if i < 10 && err != nil || i >= 10 && !fault.Is(err, fault.TooMany) {
			t.Errorf("request %d from one address: %v", i, err)
		}
	}
	// a link is used once, and kills its sisters
	if err := e.accounts.RecoverPassword(t.Context(), visitor, links[0], "short", "short"); !slices.Equal(fieldsOf(err), []string{"password"}) {
		t.Errorf("a short password: %v", err)
	}
	if err := e.accounts.RecoverPassword(t.Context(), visitor, links[0], "five green apples", "five green apples"); err != nil {
		t.Fatal(err)
	}
	for i, link := range links {
		if err := e.accounts.RecoverPassword(t.Context(), visitor, link, "nine green apples", "nine green apples"); !fault.Is(err, fault.NotFound) {
			t.Errorf("link %d afterwards: %v", i, err)
		}
	}
	e.fake.Advance(2 * time.Hour)
	if err := e.accounts.ForgotPassword(t.Context(), visitor, "siobhan@example.com"); err != nil {
		t.Fatal(err)
	}
	link := e.find(tokenIn, e.last("recover").text)
	e.fake.Advance(time.Hour)
	if _, err := e.accounts.CheckRecover(t.Context(), link); !fault.Is(err, fault.NotFound) {
		t.Errorf("an hour later: %v", err)
	}
}

// TestLogInTakesAsLongForUnknownNames compares the quickest of several tries, as
// a ratio: whatever else the machine does makes a try slower, never quicker, and
// a hash that is left out, which is what would tell, makes it many times quicker.
func TestLogInTakesAsLongForUnknownNames(t *testing.T) {
	e := newEnv(t)
	e.user()
	// one who has registered but not yet chosen a password must not show either
	waiting := known()
	waiting.Number, waiting.RegistrationKey, waiting.Emails = "4004", "", []string{"new@example.com"}
	if err := e.accounts.AddCustomerUser(t.Context(), audit.Actor{Kind: audit.Staff}, e.customer(waiting), "new@example.com"); err != nil {
		t.Fatal(err)
	}
	names := []string{"siobhan@example.com", "nobody@example.com", "new@example.com"}
	quickest := map[string]time.Duration{}
	for range 9 {
		for _, name := range names {
			start := time.Now()
			if _, err := e.logIn(visitor, name, "wrong password"); !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			if took := time.Since(start); quickest[name] == 0 || took < quickest[name] {
				quickest[name] = took
			}
		}
	}
	for _, name := range names[1:] {
		if ratio := float64(quickest[name]) / float64(quickest[names[0]]); ratio < 0.25 || ratio > 4 {
			t.Errorf("a known name takes %s, %s %s", quickest[names[0]], name, quickest[name])
		}
	}
}

func TestNewPasswordRules(t *testing.T) {
	e := newEnv(t)
	e.user()
	for i, tt := range []struct {
		password, confirm string
		refused           []string
	}{
		{"ten chars!", "", nil},
		{"пароль из слов", "", nil},
		{"  blanks  around  ", "", nil},
		{strings.Repeat("a1 ", 40), "", nil},
		{"9 chars !", "", []string{"password"}},
		{"", "", []string{"password"}},
		{strings.Repeat("x y", 50), "", []string{"password"}},
		{"qwertyuiop", "", []string{"password"}},
		{"QwertyUiop", "", []string{"password"}},
		{"Password123!", "", []string{"password"}},
		{"dragondragon", "", []string{"password"}},
		{"aaaaaaaaaaaa", "", []string{"password"}},
		{"hometown alarm", "", []string{"password"}},
		{"HometownAlarm1", "", []string{"password"}},
		{"siobhan@example.com", "", []string{"password"}},
		{"Siobhan1234567", "", []string{"password"}},
		{"1001100110011001", "", nil},
		{"four green pears", "four green pear", []string{"confirm"}},
		{"ab\xffcdefghijk", "", []string{"password"}},
	} {
		if tt.confirm == "" {
			tt.confirm = tt.password
		}
		e.fake.Advance(time.Hour)
		if err := e.accounts.ForgotPassword(t.Context(), visitor, "siobhan@example.com"); err != nil {
			t.Fatal(err)
		}
		err := e.accounts.RecoverPassword(t.Context(), visitor, e.find(tokenIn, e.last("recover").text), tt.password, tt.confirm)
		if got := fieldsOf(err); !slices.Equal(got, tt.refused) || err != nil && got == nil {
			t.Errorf("%d, %q: refused %v (%v), want %v", i, tt.password, got, err, tt.refused)
		}
	}
}

func TestHashIsMadeAnewWhenItsCostChanges(t *testing.T) {
	e := newEnv(t)
	e.user()
	// argon2id of "four green apples" with 8 MiB and one pass
	const old = "$argon2id$v=19$m=8192,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$"
	if err := e.setHash(old, password, 8192, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := e.logIn(visitor, "siobhan@example.com", password); err != nil {
		t.Fatal(err)
	}
	if n := e.count(`SELECT count(*) FROM users WHERE password_hash LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'`); n != 1 {
		t.Error("the hash was not made anew")
	}
	if _, err := e.logIn(visitor, "siobhan@example.com", password); err != nil {
		t.Errorf("with the new hash: %v", err)
	}
}

func TestSecondFactor(t *testing.T) {
	e := newEnv(t)
	path, err := e.accounts.FirstOwner(t.Context())
	if err != nil || path == "" {
		t.Fatalf("%q %v", path, err)
	}
	older := path[strings.Index(path, "=")+1:]
	if path, err = e.accounts.FirstOwner(t.Context()); err != nil {
		t.Fatal(err)
	}
	token := path[strings.Index(path, "=")+1:]
	f := account.SetupForm{Email: "ann@hometown.example", Name: "Ann", Password: "nine small boats", Confirm: "nine small boats"}
	for _, bad := range []string{"", "x", older} {
		f.Token = bad
		if _, err := e.accounts.SetUp(t.Context(), visitor, f); !fault.Is(err, fault.NotFound) {
			t.Errorf("set up with link %q: %v", bad, err)
		}
	}
	f.Token = token
	login, err := e.accounts.SetUp(t.Context(), visitor, f)
	if err != nil || login.Stage != account.StageEnrol {
		t.Fatalf("%+v %v", login, err)
	}
	if _, err := e.accounts.SetUp(t.Context(), visitor, f); !fault.Is(err, fault.NotFound) {
		t.Errorf("the link again: %v", err)
	}
	if path, err := e.accounts.FirstOwner(t.Context()); err != nil || path != "" {
		t.Errorf("a link for a second first owner: %q %v", path, err)
	}
	by := audit.Actor{Kind: audit.Staff, StaffID: login.StaffID, Role: "owner"}
	en, err := e.accounts.Enrolment(t.Context(), by.StaffID)
	if err != nil || !strings.HasPrefix(en.URI, "otpauth://totp/Hometown%20Alarm:ann@hometown.example?secret="+en.Secret) {
		t.Fatalf("%+v %v", en, err)
	}
	if n := e.count(`SELECT count(*) FROM staff WHERE totp_secret LIKE '%' || ? || '%'`, en.Secret); n != 0 {
		t.Error("the secret is stored unsealed")
	}
	code := func() string {
		c, err := account.CodeAt(en.Secret, e.fake.Now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if _, err := e.accounts.Enrol(t.Context(), by, "000000"); !slices.Equal(fieldsOf(err), []string{"code"}) {
		t.Errorf("a wrong code: %v", err)
	}
	codes, err := e.accounts.Enrol(t.Context(), by, code())
	if err != nil || len(codes) != 10 {
		t.Fatalf("%v %v", codes, err)
	}
	if _, err := e.accounts.Enrolment(t.Context(), by.StaffID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the secret is shown again: %v", err)
	}
	login, err = e.logIn(visitor, "ann@hometown.example", "nine small boats")
	if err != nil || login.Stage != account.StageCode {
		t.Fatalf("%+v %v", login, err)
	}
	if _, err := e.accounts.CheckCode(t.Context(), by, code()); !fault.Is(err, fault.Invalid) {
		t.Errorf("the code of the enrolment again: %v", err)
	}
	e.fake.Advance(30 * time.Second)
	now := code()
	if login, err = e.accounts.CheckCode(t.Context(), by, now[:3]+" "+now[3:]); err != nil || login.Stage != "" || login.Role != "owner" {
		t.Fatalf("%+v %v", login, err)
	}
	if _, err := e.accounts.CheckCode(t.Context(), by, now); !fault.Is(err, fault.Invalid) {
		t.Errorf("the same code twice: %v", err)
	}
	e.fake.Advance(5 * time.Minute)
	if _, err := e.accounts.CheckCode(t.Context(), by, now); !fault.Is(err, fault.Invalid) {
		t.Errorf("an old code: %v", err)
	}
	if _, err := e.accounts.CheckCode(t.Context(), by, strings.ToLower(codes[3])); err != nil {
		t.Errorf("a recovery code: %v", err)
	}
	if _, err := e.accounts.CheckCode(t.Context(), by, codes[3]); !fault.Is(err, fault.Invalid) {
		t.Errorf("a recovery code twice: %v", err)
	}
	refused := false
	for range 12 {
		if _, err := e.accounts.CheckCode(t.Context(), by, "123456"); fault.Is(err, fault.TooMany) {
			refused = true
		}
	}
	if !refused {
		t.Error("codes can be guessed without end")
	}
	// the console starts somebody anew who lost everything
	path, err = e.accounts.InviteStaff(t.Context(), audit.Program, "ann@hometown.example", "", "owner")
	if err != nil {
		t.Fatal(err)
	}
	f.Token = path[strings.Index(path, "=")+1:]
	if s, err := e.accounts.CheckSetup(t.Context(), f.Token); err != nil || s.First || s.Name != "Ann" {
		t.Errorf("%+v %v", s, err)
	}
	if login, err = e.accounts.SetUp(t.Context(), visitor, f); err != nil || login.Stage != account.StageEnrol || login.StaffID != by.StaffID {
		t.Errorf("%+v %v", login, err)
	}
}

func TestStaffForgetPassword(t *testing.T) {
	e := newEnv(t)
	id, err := e.accounts.SaveStaff(t.Context(), account.StaffRecord{Email: "ann@hometown.example", Role: "owner", Password: "nine small boats", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.accounts.ForgotPassword(t.Context(), visitor, "ann@hometown.example"); err != nil {
		t.Fatal(err)
	}
	link := e.find(tokenIn, e.last("recover").text)
	if err := e.accounts.RecoverPassword(t.Context(), visitor, link, "ten small boats", "ten small boats"); err != nil {
		t.Fatal(err)
	}
	login, err := e.logIn(visitor, "ann@hometown.example", "ten small boats")
	if err != nil || login.StaffID != id || login.Stage != account.StageCode {
		t.Errorf("a mailed link must not do without the second factor: %+v %v", login, err)
	}
}
