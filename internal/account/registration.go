package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

// RegistrationForm is "New Customer Registration" as it was typed.
type RegistrationForm struct {
	Key, Number, Zip    string
	FirstName, LastName string
	Phone, Email        string
}

// Registered tells what a good registration led to.
type Registered struct {
	Email string
	// Join says that the address has a log-in already, for another customer:
	// this one is added once that person has logged in by the mailed link.
	Join bool
}

// ErrNoAddress is the cause of a refusal because the dealer holds no e-mail
// address of the customer, so that the screen can offer to ask for it.
var ErrNoAddress = errors.New("no e-mail address on file")

// ErrHasLogin is the cause of a refusal because the address has a log-in for
// this customer, so that the screen can offer the forgotten password.
var ErrHasLogin = errors.New("has a log-in")

// The limits on registration.
const (
	attemptNumber   = "register"
	attemptNumberIP = "register_ip"
	triesPerNumber  = 5
	triesPerIP      = 20
	triesWindow     = time.Hour
)

// Register checks the form against the dealer's books and, when all of it
// matches, makes the log-in and queues the mail with its temporary password. A
// second one while that password is unused sends a fresh one and kills the old.
// Refusals are Invalid faults with the fields "key", "number", "zip",
// "first_name", "last_name", "phone" and "email"; a proof that does not hold
// names no field. What failed is kept for the office.
func (s *Service) Register(ctx context.Context, by audit.Actor, f RegistrationForm) (Registered, error) {
	f, customer, err := s.match(ctx, by, f)
	if err != nil {
		return Registered{}, err
	}
	now := s.clock.Now()
	out := Registered{Email: f.Email}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		var err error
		out.Join, err = s.grantByMail(ctx, q, now, by, customer, f.Email)
		if err != nil {
			return err
		}
		return q.SettleRegistrationsForCustomer(ctx, db.SettleRegistrationsForCustomerParams{DecidedAt: now, CustomerID: db.NullID(customer.ID)})
	})
	if errors.Is(err, ErrHasLogin) {
		return Registered{}, err
	}
	if err != nil {
		return Registered{}, fmt.Errorf("registration: %w", err)
	}
	return out, nil
}

// AskForEmail puts the request to add the typed address into the office's list.
// All but the address must match, as for [Service.Register].
func (s *Service) AskForEmail(ctx context.Context, by audit.Actor, f RegistrationForm) error {
	f, customer, err := s.match(ctx, by, f)
	if !errors.Is(err, ErrNoAddress) {
		if err == nil {
			err = fault.New(fault.Conflict, "We have this e-mail address on file now. Press Create to go on.")
		}
		return err
	}
	current, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	return s.db.Write(ctx, func(q *db.Queries) error {
		n, err := q.CountAskedForCustomer(ctx, db.CountAskedForCustomerParams{CustomerID: db.NullID(customer.ID), Email: f.Email})
		if err != nil || n > 0 {
			return err // asked before: once is enough
		}
		id, err := q.AddRegistration(ctx, f.row(now, by.IP, customer.ID, "asked", "email"))
		if err != nil {
			return err
		}
		if err := audit.Record(ctx, q, now, by, audit.Entry{Action: "registration.ask", CustomerID: customer.ID, Object: f.Email}); err != nil {
			return err
		}
		if current.Company.Email == "" {
			return nil
		}
		return s.mail.Enqueue(ctx, q, now, outbox.Mail{
			Fact: fmt.Sprintf("registration %d asked", id), CustomerID: customer.ID, ToEmail: current.Company.Email,
			Body: outbox.EmailAsked{Customer: customer.DisplayName, Number: customer.Number, Email: f.Email, Phone: f.Phone, Link: s.mail.PublicURL("/office/registrations")},
		})
	})
}

// clean trims the form and refuses what cannot be right whoever sends it.
func (f RegistrationForm) clean() (RegistrationForm, error) {
	var refused fault.Fields
	for _, in := range []struct {
		field, missing string
		text           *string
	}{
		{"key", "Enter the Registration Key from the bottom of your invoice", &f.Key},
		{"number", "Enter your Customer # from the top of your invoice", &f.Number},
		{"zip", "Enter the zip code of your billing address", &f.Zip},
		{"first_name", "Enter your first name", &f.FirstName},
		{"last_name", "Enter your last name", &f.LastName},
		{"phone", "Enter your phone number with area code", &f.Phone},
		{"email", "Enter your e-mail address", &f.Email},
	} {
		*in.text = cut(oneLine(*in.text), 254)
		if *in.text == "" {
			refused.Add(in.field, "%s", in.missing)
		}
	}
	if !refused.Has("key") {
		if _, ok := NormalizeKey(f.Key); !ok {
			refused.Add("key", "A Registration Key has %d letters and digits; it stands in red at the bottom of your invoice", keyLength)
		}
	}
	if _, ok := CleanEmail(f.Email); !ok {
		refused.Add("email", "Enter an e-mail address, like name@example.com")
	}
	if len(phoneDigits(f.Phone)) < 10 {
		refused.Add("phone", "Enter your phone number with area code: ten digits")
	}
	return f, refused.Err()
}

// looksLikeKey reports whether a Registration Key was typed where the customer
// number belongs. Sixteen digits alone may well be a number.
func looksLikeKey(number string) bool {
	_, ok := NormalizeKey(number)
	return ok && strings.ContainsFunc(number, func(r rune) bool { return r >= 'A' })
}

// shownNumber is the customer number as the office may see it: a key that was
// typed in its place is not kept.
func (f RegistrationForm) shownNumber() string {
	if looksLikeKey(f.Number) {
		return "(the Registration Key)"
	}
	return f.Number
}

// row is what the office is told of a registration that did not go through.
// The key is not kept.
func (f RegistrationForm) row(now calendar.Instant, ip string, customerID int64, state, failed string) db.AddRegistrationParams {
	return db.AddRegistrationParams{
		CustomerID: db.NullID(customerID), State: state, FailedField: failed, CustomerNumber: f.shownNumber(),
		FirstName: f.FirstName, LastName: f.LastName, Zip: f.Zip, Phone: f.Phone, Email: f.Email, IP: ip, At: now,
	}
}

// match counts the try, checks the proof and then the rest, and returns the
// form as it was read with the customer it proves. With [ErrNoAddress] all but
// the address matched, and the customer is returned too.
func (s *Service) match(ctx context.Context, by audit.Actor, f RegistrationForm) (RegistrationForm, db.Customer, error) {
	current, err := s.settings.Current(ctx)
	if err != nil {
		return f, db.Customer{}, err
	}
	// the key in the wrong box has a hint of its own, before anything is said
	// to be missing
	keyed := looksLikeKey(f.Number)
	clean, err := f.clean()
	if err != nil {
		if keyed {
			return f, db.Customer{}, wrongBox()
		}
		return f, db.Customer{}, err
	}
	f = clean
	if err := s.countRegistration(ctx, by, f); err != nil {
		return f, db.Customer{}, err
	}
	customer, err := s.proof(ctx, f)
	if err != nil {
		return f, db.Customer{}, err
	}
	if customer.ID == 0 {
		refusal := fault.New(fault.Invalid, "The Registration Key, Customer # and Zip Code do not belong together. Please compare all three with your latest invoice%s.", orCall(current.Company))
		if keyed {
			refusal = wrongBox()
		}
		return f, customer, s.failRegistration(ctx, by, f, 0, "proof", refusal)
	}
	err = s.compare(ctx, f, customer, current)
	if e, ok := errors.AsType[*fault.Error](err); ok {
		var fields []string
		for _, one := range e.All() {
			fields = append(fields, one.Field)
		}
		return f, customer, s.failRegistration(ctx, by, f, customer.ID, strings.Join(fields, ", "), err)
	}
	return f, customer, err
}

func wrongBox() *fault.Error {
	return fault.Field("number", "This looks like your Registration Key. It belongs in the box \"Registration Key\"; your Customer # stands at the top left of your invoice")
}

// orCall ends a sentence with whom to call, when there is a number.
func orCall(c settings.Company) string {
	if c.Phone == "" {
		return ", or contact " + c.Name
	}
	return ", or call " + c.Name + " at " + c.Phone
}

// countRegistration counts the try by customer number and by address, and
// refuses it past the limits. The office is told of each limit once an hour.
func (s *Service) countRegistration(ctx context.Context, by audit.Actor, f RegistrationForm) error {
	now := s.clock.Now()
	err := s.db.Write(ctx, func(q *db.Queries) error {
		if err := limit(ctx, q, now, attemptNumber, subjectOf(f.Number), triesPerNumber, triesWindow); err != nil {
			return err
		}
		if err := limit(ctx, q, now, attemptNumberIP, subnet(by.IP), triesPerIP, triesWindow); err != nil {
			return err
		}
		if _, err := q.AddAttempt(ctx, db.AddAttemptParams{Kind: attemptNumber, Subject: subjectOf(f.Number), At: now}); err != nil {
			return err
		}
		_, err := q.AddAttempt(ctx, db.AddAttemptParams{Kind: attemptNumberIP, Subject: subnet(by.IP), At: now})
		return err
	})
	if !fault.Is(err, fault.TooMany) {
		return err
	}
	told := s.db.Write(ctx, func(q *db.Queries) error {
		n, err := q.CountLimitReports(ctx, db.CountLimitReportsParams{CustomerNumber: f.shownNumber(), IP: by.IP, At: now.Add(-triesWindow)})
		if err != nil || n > 0 {
			return err
		}
		_, err = q.AddRegistration(ctx, f.row(now, by.IP, 0, "failed", "limit"))
		return err
	})
	if told != nil {
		return told
	}
	return err
}

// proof returns the active customer whose key, number and zip these are
// together; the zero Customer when there is none.
func (s *Service) proof(ctx context.Context, f RegistrationForm) (db.Customer, error) {
	c, err := s.db.Read().GetCustomerByNumber(ctx, f.Number)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return db.Customer{}, fmt.Errorf("registration: %w", err)
	}
	key, _ := NormalizeKey(f.Key)
	if !sameKey(key, c.RegistrationKey) || c.Status != "active" || zipDigits(f.Zip) == "" || zipDigits(f.Zip) != zipDigits(c.Zip) {
		return db.Customer{}, nil
	}
	return c, nil
}

// compare checks names, phone and address against what the dealer holds. Names
// and phones that the dealer does not hold are not compared: the proof and the
// address stand without them.
func (s *Service) compare(ctx context.Context, f RegistrationForm, c db.Customer, current *settings.Settings) error {
	q := s.db.Read()
	var refused fault.Fields
	const onFile = " does not match what we have on file; use the one on your invoice"
	if c.FirstName != "" && current.Value("registration.names") == "strict" && !sameName(f.FirstName, c.FirstName) {
		refused.Add("first_name", "The first name"+onFile)
	}
	if c.LastName != "" && !sameName(f.LastName, c.LastName) {
		refused.Add("last_name", "The last name"+onFile)
	}
	phones, err := q.ListPhonesForCustomer(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("registration: %w", err)
	}
	if current.Value("registration.phone") == "strict" && len(phones) > 0 &&
		!slices.ContainsFunc(phones, func(p db.ListPhonesForCustomerRow) bool { return p.Digits == phoneDigits(f.Phone) }) {
		refused.Add("phone", "The phone number does not match what we have on file; use the one %s knows", current.Company.Name)
	}
	emails, err := q.ListEmailsForCustomer(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("registration: %w", err)
	}
	switch {
	case len(emails) == 0 && refused.Err() == nil:
		return &fault.Error{Kind: fault.Invalid, Field: "email", Err: ErrNoAddress,
			Message: fmt.Sprintf("%s has no e-mail address of yours on file yet", current.Company.Name)}
	case len(emails) > 0 && !slices.ContainsFunc(emails, func(e string) bool { return fold(e) == fold(f.Email) }):
		refused.Add("email", "The e-mail address does not match what we have on file; use the one you gave %s%s", current.Company.Name, orCall(current.Company))
	}
	return refused.Err()
}

// failRegistration keeps the try for the office and returns why it was refused.
func (s *Service) failRegistration(ctx context.Context, by audit.Actor, f RegistrationForm, customerID int64, failed string, refusal error) error {
	now := s.clock.Now()
	err := s.db.Write(ctx, func(q *db.Queries) error {
		if _, err := q.AddRegistration(ctx, f.row(now, by.IP, customerID, "failed", failed)); err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "registration.failed", CustomerID: customerID, After: map[string]string{"field": failed}})
	})
	if err != nil {
		return fmt.Errorf("registration: %w", err)
	}
	return refusal
}

// grantByMail lets the owner of the address see the customer: with a new
// log-in, a fresh temporary password for one that was never used, or, for one in
// use for another customer, a link to open after logging in (join). It runs in
// the caller's transaction.
func (s *Service) grantByMail(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, c db.Customer, email string) (join bool, err error) {
	user, err := q.GetUserByEmail(ctx, email)
	if errors.Is(err, sql.ErrNoRows) {
		user.Email = email
		user.ID, err = q.AddUser(ctx, db.AddUserParams{Email: email, CreatedAt: now})
	}
	if err != nil {
		return false, err
	}
	if user.PasswordHash != "" {
		n, err := q.HasCustomer(ctx, db.HasCustomerParams{CustomerID: c.ID, UserID: user.ID})
		if err != nil {
			return false, err
		}
		if n > 0 {
			return false, &fault.Error{Kind: fault.Conflict, Field: "email", Err: ErrHasLogin,
				Message: "This e-mail address has a log-in for this account already. If you do not know the password, choose a new one."}
		}
		return true, s.sendJoin(ctx, q, now, by, user, c)
	}
	if user.LockedAt != 0 {
		return false, &fault.Error{Kind: fault.Conflict, Field: "email", Message: "This log-in is locked. Please call us."}
	}
	if _, err := q.GrantCustomer(ctx, db.GrantCustomerParams{CustomerID: c.ID, UserID: user.ID, GrantedAt: now}); err != nil {
		return false, err
	}
	if err := audit.Record(ctx, q, now, by, audit.Entry{Action: "user.register", CustomerID: c.ID, Object: user.Email}); err != nil {
		return false, err
	}
	return false, s.sendTemporary(ctx, q, now, user, c)
}

// sendTemporary gives the log-in a fresh temporary password, kills the old one
// and what it opened, and queues the mail. It runs in the caller's transaction.
func (s *Service) sendTemporary(ctx context.Context, q *db.Queries, now calendar.Instant, user db.User, c db.Customer) error {
	temporary := newTemporary()
	hash, _ := hashTemporary(temporary)
	if err := q.SetTemporaryPassword(ctx, db.SetTemporaryPasswordParams{TemporaryHash: hash, TemporaryExpiresAt: now.Add(temporaryAge), ID: user.ID}); err != nil {
		return err
	}
	if _, err := q.DeleteSessionsOfUser(ctx, db.NullID(user.ID)); err != nil {
		return err
	}
	if err := q.VoidUserTokens(ctx, db.VoidUserTokensParams{UsedAt: now, UserID: db.NullID(user.ID), Purpose: purposeFirstLogin}); err != nil {
		return err
	}
	token, err := addToken(ctx, q, now, temporaryAge, db.AddTokenParams{Purpose: purposeFirstLogin, UserID: db.NullID(user.ID)})
	if err != nil {
		return err
	}
	return s.mail.Enqueue(ctx, q, now, outbox.Mail{
		Fact: "temporary password " + freshFact(), CustomerID: c.ID, ToName: c.DisplayName, ToEmail: user.Email, Secret: true,
		Body: outbox.Registered{Customer: c.DisplayName, Number: c.Number, Username: user.Email, TemporaryPassword: temporary,
			Link: s.mail.PublicURL(recoverPath(token)), Hours: int(temporaryAge.Hours())},
	})
}

// sendJoin queues the link by which a log-in in use takes a further customer.
func (s *Service) sendJoin(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, user db.User, c db.Customer) error {
	token, err := addToken(ctx, q, now, temporaryAge, db.AddTokenParams{Purpose: purposeJoin, UserID: db.NullID(user.ID), CustomerID: db.NullID(c.ID)})
	if err != nil {
		return err
	}
	if err := audit.Record(ctx, q, now, by, audit.Entry{Action: "user.join_asked", CustomerID: c.ID, Object: user.Email}); err != nil {
		return err
	}
	return s.mail.Enqueue(ctx, q, now, outbox.Mail{
		Fact: "join " + freshFact(), CustomerID: c.ID, ToName: c.DisplayName, ToEmail: user.Email, Secret: true,
		Body: outbox.Join{Customer: c.DisplayName, Number: c.Number, Link: s.mail.PublicURL("/register/join?t=" + token), Hours: int(temporaryAge.Hours())},
	})
}

// freshFact names a fact that happens anew each time.
func freshFact() string { return strings.ToLower(draw(crockford, 16)) }

func recoverPath(token string) string { return "/password/recover?t=" + token }

// Joining is a customer that waits to be added to a log-in.
type Joining struct{ Number, Name string }

// CheckJoin returns what a join link would add to the user's log-in, and uses
// nothing up. A link meant for another log-in is over.
func (s *Service) CheckJoin(ctx context.Context, userID int64, token string) (Joining, error) {
	c, _, err := s.joining(ctx, s.db.Read(), userID, token)
	return Joining{Number: c.Number, Name: c.DisplayName}, err
}

func (s *Service) joining(ctx context.Context, q *db.Queries, userID int64, token string) (db.Customer, db.Token, error) {
	t, err := findToken(ctx, q, s.clock.Now(), token, purposeJoin)
	if err != nil {
		return db.Customer{}, t, err
	}
	if t.UserID.Int64 != userID {
		return db.Customer{}, t, fault.New(fault.NotFound, "This link belongs to another log-in. Log out, and log in with the e-mail address it was sent to.")
	}
	c, err := q.GetCustomer(ctx, t.CustomerID.Int64)
	return c, t, noRow(err, "account")
}

// Join uses the link up: the customer is added to the log-in and becomes the
// one the session looks at.
func (s *Service) Join(ctx context.Context, by audit.Actor, session []byte, token string) (Joining, error) {
	now := s.clock.Now()
	var out Joining
	err := s.db.Write(ctx, func(q *db.Queries) error {
		c, t, err := s.joining(ctx, q, by.UserID, token)
		if err != nil {
			return err
		}
		if err := useToken(ctx, q, now, t); err != nil {
			return err
		}
		out = Joining{Number: c.Number, Name: c.DisplayName}
		if _, err := q.GrantCustomer(ctx, db.GrantCustomerParams{CustomerID: c.ID, UserID: by.UserID, GrantedAt: now}); err != nil {
			return err
		}
		if err := q.SetSessionCustomer(ctx, db.SetSessionCustomerParams{CustomerID: db.NullID(c.ID), Hash: session}); err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "user.join", CustomerID: c.ID})
	})
	return out, err
}
