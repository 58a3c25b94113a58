package account_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
)

const key = "4F7K92QMXW3C8H1R"

// form is the good registration of customer 1001.
func form() account.RegistrationForm {
	return account.RegistrationForm{
		Key: "4F7K-92QM-XW3C-8H1R", Number: "1001", Zip: "12207", FirstName: "Siobhán", LastName: "O'Brien",
		Phone: "518-555-0101", Email: "siobhan@example.com",
	}
}

func known() account.Record {
	r := brien()
	r.RegistrationKey = key
	return r
}

func TestRegistrationRules(t *testing.T) {
	type edit = func(*account.RegistrationForm)
	tests := []struct {
		name     string
		customer func(*account.Record)
		typed    edit
		settings map[string]string
		refused  []string // nil = registered; "" = the neutral message
	}{
		{"as printed", nil, func(*account.RegistrationForm) {}, nil, nil},
		{"key without dashes, small, with o for 0", func(r *account.Record) { r.RegistrationKey = "0F7K92QMXW3C8H1R" }, func(f *account.RegistrationForm) { f.Key = " of7k92qm xw3c8hlr" }, nil, nil},
		{"names without accent, case, punctuation", nil, func(f *account.RegistrationForm) { f.FirstName, f.LastName = "SIOBHAN", " obrien " }, nil, nil},
		{"letters that do not come apart", func(r *account.Record) { r.FirstName, r.LastName = "Łukasz", "Sørensen-Æbelø" }, func(f *account.RegistrationForm) { f.FirstName, f.LastName = "lukasz", "Sorensen Aebelo" }, nil, nil},
		{"the second phone, with country code", nil, func(f *account.RegistrationForm) { f.Phone = "+1 (518) 555 0102" }, nil, nil},
		{"zip with four more digits", nil, func(f *account.RegistrationForm) { f.Zip = "12207-4411" }, nil, nil},
		{"zip that lost its zero on file", func(r *account.Record) { r.Zip = "2134" }, func(f *account.RegistrationForm) { f.Zip = "02134" }, nil, nil},
		{"customer number in another case", func(r *account.Record) { r.Number = "ab-1001" }, func(f *account.RegistrationForm) { f.Number = "AB-1001" }, nil, nil},
		{"e-mail in another case", nil, func(f *account.RegistrationForm) { f.Email = "SIOBHAN@Example.com" }, nil, nil},
		{"the second e-mail", func(r *account.Record) { r.Emails = append(r.Emails, "two@example.com") }, func(f *account.RegistrationForm) { f.Email = "two@example.com" }, nil, nil},
		{"a business without a contact", func(r *account.Record) { r.BusinessName, r.FirstName, r.LastName = "Acme", "", "" }, func(f *account.RegistrationForm) { f.FirstName, f.LastName = "Wile", "Coyote" }, nil, nil},
		{"a business with a contact", func(r *account.Record) { r.BusinessName = "Acme" }, func(f *account.RegistrationForm) { f.FirstName = "Wile" }, nil, []string{"first_name"}},
		{"no phone on file", func(r *account.Record) { r.Phones = nil }, func(*account.RegistrationForm) {}, nil, nil},

		{"wrong key", nil, func(f *account.RegistrationForm) { f.Key = "4F7K-92QM-XW3C-8H1S" }, nil, []string{""}},
		{"wrong number", nil, func(f *account.RegistrationForm) { f.Number = "1002" }, nil, []string{""}},
		{"wrong zip", nil, func(f *account.RegistrationForm) { f.Zip = "12208" }, nil, []string{""}},
		{"wrong zip and names", nil, func(f *account.RegistrationForm) { f.Zip, f.FirstName = "12208", "Eve" }, nil, []string{""}},
		{"no zip on file", func(r *account.Record) { r.Zip = "" }, func(*account.RegistrationForm) {}, nil, []string{""}},
		{"inactive customer", func(r *account.Record) { r.Status = "inactive" }, func(*account.RegistrationForm) {}, nil, []string{""}},
		{"key in the box of the number", nil, func(f *account.RegistrationForm) { f.Number = f.Key }, nil, []string{"number"}},
		{"key in the box of the number, none in its own", nil, func(f *account.RegistrationForm) { f.Number, f.Key = f.Key, "1001" }, nil, []string{"number"}},

		{"first name", nil, func(f *account.RegistrationForm) { f.FirstName = "Jim" }, nil, []string{"first_name"}},
		{"all four", nil, func(f *account.RegistrationForm) {
			f.FirstName, f.LastName, f.Phone, f.Email = "Jim", "Kirk", "212-555-0000", "jim@example.com"
		}, nil, []string{"first_name", "last_name", "phone", "email"}},
		{"e-mail not on file", nil, func(f *account.RegistrationForm) { f.Email = "eve@example.com" }, nil, []string{"email"}},
		{"no e-mail on file", func(r *account.Record) { r.Emails = nil }, func(*account.RegistrationForm) {}, nil, []string{"email"}},
		{"loose names", nil, func(f *account.RegistrationForm) { f.FirstName = "Jim" }, map[string]string{"registration.names": "loose"}, nil},
		{"loose names, other last name", nil, func(f *account.RegistrationForm) { f.LastName = "Kirk" }, map[string]string{"registration.names": "loose"}, []string{"last_name"}},
		{"loose phone", nil, func(f *account.RegistrationForm) { f.Phone = "212-555-0000" }, map[string]string{"registration.phone": "loose"}, nil},

		{"nothing typed", nil, func(f *account.RegistrationForm) { *f = account.RegistrationForm{} }, nil, []string{"key", "number", "zip", "first_name", "last_name", "phone", "email"}},
		{"no key, no address, no phone", nil, func(f *account.RegistrationForm) { f.Key, f.Email, f.Phone = "4F7K", "siobhan", "555-0101" }, nil, []string{"key", "email", "phone"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newEnv(t)
			r, f := known(), form()
			if tt.customer != nil {
				tt.customer(&r)
			}
			tt.typed(&f)
			for k, v := range tt.settings {
				e.set(k, v)
			}
			e.customer(r)
			done, err := e.accounts.Register(t.Context(), visitor, f)
			if tt.refused == nil {
				if err != nil || !strings.EqualFold(done.Email, strings.TrimSpace(f.Email)) {
					t.Fatalf("refused: %v", err)
				}
				e.last("registered")
				return
			}
			if got := fieldsOf(err); !slices.Equal(got, tt.refused) {
				t.Fatalf("refused %q, want %q (%v)", got, tt.refused, err)
			}
			if len(e.mails()) != 0 || e.count(`SELECT count(*) FROM users`) != 0 {
				t.Error("something was made all the same")
			}
			for _, secret := range []string{r.FirstName, r.LastName, "555-0101", "siobhan@example.com", key} {
				if secret != "" && strings.Contains(err.Error(), secret) {
					t.Errorf("the refusal shows %q: %v", secret, err)
				}
			}
		})
	}
}

// TestRegistrationProofSaysNothing compares the three ways in which a proof can
// be wrong: nobody can tell them apart.
// TestKeyInTheWrongBoxIsNotKept holds that the office's list of failed
// registrations does not show a key that was typed as the customer number.
func TestKeyInTheWrongBoxIsNotKept(t *testing.T) {
	e := newEnv(t)
	e.customer(known())
	f := form()
	f.Number = f.Key
	if _, err := e.accounts.Register(t.Context(), visitor, f); !fault.Is(err, fault.Invalid) {
		t.Fatal(err)
	}
	if e.count(`SELECT count(*) FROM registrations`) != 1 || e.count(`SELECT count(*) FROM registrations WHERE replace(customer_number, '-', '') LIKE '%' || ? || '%'`, key) != 0 {
		t.Error("the key stands in the list of registrations")
	}
}

func TestRegistrationProofSaysNothing(t *testing.T) {
	e := newEnv(t)
	e.customer(known())
	seen := map[string]bool{}
	for _, f := range []account.RegistrationForm{
		{Key: key, Number: "9999", Zip: "12207"}, {Key: key, Number: "1001", Zip: "99999"}, {Key: "0000000000000000", Number: "1001", Zip: "12207"},
	} {
		g := form()
		g.Key, g.Number, g.Zip = f.Key, f.Number, f.Zip
		_, err := e.accounts.Register(t.Context(), visitor, g)
		seen[err.Error()] = true
	}
	if len(seen) != 1 {
		t.Errorf("the answers differ: %v", seen)
	}
	cases, err := e.accounts.ListRegistrations(t.Context())
	if err != nil || len(cases) != 3 || cases[0].FailedField != "proof" {
		t.Errorf("the office sees %+v (%v)", cases, err)
	}
	if n := e.count(`SELECT count(*) FROM registrations WHERE customer_number || first_name || last_name || zip || phone || email LIKE '%' || ? || '%'`, key); n != 0 {
		t.Error("the key stands in the office's list")
	}
}

func TestRegistrationMailAndTemporaryPassword(t *testing.T) {
	e := newEnv(t)
	id := e.customer(known())
	if _, err := e.accounts.Register(t.Context(), visitor, form()); err != nil {
		t.Fatal(err)
	}
	m := e.last("registered")
	first := e.find(temporaryIn, m.text)
	if m.to != "siobhan@example.com" || !strings.Contains(m.text, "\nUsername: siobhan@example.com\n") {
		t.Errorf("mail to %s:\n%s", m.to, m.text)
	}
	for _, body := range []string{m.text, m.html} {
		if !strings.Contains(body, first) || e.find(tokenIn, body) == "" {
			t.Errorf("no temporary password or link in\n%s", body)
		}
	}
	if !strings.HasSuffix(strings.TrimSpace(m.text), "https://portal.example.com/") {
		t.Errorf("the portal's address is not the last thing in\n%s", m.text)
	}
	if letters := strings.ReplaceAll(first, "-", ""); len(letters) != 16 || strings.ContainsAny(letters, "ilou") {
		t.Errorf("temporary password %q", first)
	}
	if n := e.count(`SELECT count(*) FROM users WHERE temporary_hash LIKE '%' || ? || '%'`, first); n != 0 {
		t.Error("the temporary password is stored")
	}

	// a second Create sends a fresh one; the old one and its link are dead
	if _, err := e.accounts.Register(t.Context(), visitor, form()); err != nil {
		t.Fatal(err)
	}
	second := e.find(temporaryIn, e.last("registered").text)
	if _, err := e.accounts.LogIn(t.Context(), visitor, "siobhan@example.com", first); !fault.Is(err, fault.Invalid) {
		t.Errorf("the old temporary password: %v", err)
	}
	if _, err := e.accounts.CheckRecover(t.Context(), e.find(tokenIn, m.text)); !fault.Is(err, fault.NotFound) {
		t.Errorf("the old link: %v", err)
	}
	for _, typed := range []string{second, strings.ToUpper(second), strings.ReplaceAll(second, "-", "")} {
		login, err := e.accounts.LogIn(t.Context(), visitor, "Siobhan@Example.com", typed)
		if err != nil || login.Stage != account.StageReset || login.CustomerID != id {
			t.Fatalf("%q: %+v %v", typed, login, err)
		}
	}

	// the new password ends it
	by := audit.Actor{Kind: audit.Customer, UserID: 1}
	if err := e.accounts.ResetPassword(t.Context(), by, "four green apples", "four green apples"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.accounts.LogIn(t.Context(), visitor, "siobhan@example.com", second); !fault.Is(err, fault.Invalid) {
		t.Errorf("the used temporary password: %v", err)
	}
	if err := e.accounts.ResetPassword(t.Context(), by, "five green apples", "five green apples"); !fault.Is(err, fault.SignedOut) {
		t.Errorf("a second reset: %v", err)
	}
	if login, err := e.accounts.LogIn(t.Context(), visitor, "siobhan@example.com", "four green apples"); err != nil || login.Stage != "" {
		t.Errorf("the new password: %+v %v", login, err)
	}

	// and now the address has a log-in for this customer
	_, err := e.accounts.Register(t.Context(), visitor, form())
	if !errors.Is(err, account.ErrHasLogin) || !fault.Is(err, fault.Conflict) {
		t.Errorf("a third Create: %v", err)
	}
}

func TestTemporaryPasswordLives72Hours(t *testing.T) {
	e := newEnv(t)
	e.customer(known())
	if _, err := e.accounts.Register(t.Context(), visitor, form()); err != nil {
		t.Fatal(err)
	}
	m := e.last("registered")
	temporary, token := e.find(temporaryIn, m.text), e.find(tokenIn, m.text)
	e.fake.Advance(72*time.Hour - time.Minute)
	if _, err := e.accounts.LogIn(t.Context(), visitor, "siobhan@example.com", temporary); err != nil {
		t.Errorf("just before: %v", err)
	}
	if r, err := e.accounts.CheckRecover(t.Context(), token); err != nil || !r.First {
		t.Errorf("the link just before: %+v %v", r, err)
	}
	e.fake.Advance(time.Minute)
	if _, err := e.accounts.LogIn(t.Context(), visitor, "siobhan@example.com", temporary); !fault.Is(err, fault.Invalid) {
		t.Errorf("afterwards: %v", err)
	}
	if _, err := e.accounts.CheckRecover(t.Context(), token); !fault.Is(err, fault.NotFound) {
		t.Errorf("the link afterwards: %v", err)
	}
}

func TestRegistrationKeyGoodOnce(t *testing.T) {
	e := newEnv(t)
	e.set("registration.key_once", "yes")
	id := e.customer(known())
	if _, err := e.accounts.Register(t.Context(), visitor, form()); err != nil {
		t.Fatal(err)
	}
	if err := e.accounts.RecoverPassword(t.Context(), visitor, e.find(tokenIn, e.last("registered").text), "four green apples", "four green apples"); err != nil {
		t.Fatal(err)
	}
	c, err := e.db.Read().GetCustomer(t.Context(), id)
	if err != nil || c.RegistrationKey == key {
		t.Errorf("the key is still %s (%v)", c.RegistrationKey, err)
	}
}

func TestRegisterSecondCustomer(t *testing.T) {
	e := newEnv(t)
	first := e.customer(known())
	shop := known()
	shop.Number, shop.BusinessName, shop.RegistrationKey = "2002", "O'Brien Books", "0000111122223333"
	second := e.customer(shop)
	user, err := e.accounts.SaveUser(t.Context(), "siobhan@example.com", "four green apples", first)
	if err != nil {
		t.Fatal(err)
	}
	f := form()
	f.Key, f.Number = "0000-1111-2222-3333", "2002"
	done, err := e.accounts.Register(t.Context(), visitor, f)
	if err != nil || !done.Join {
		t.Fatalf("%+v %v", done, err)
	}
	token := e.find(tokenIn, e.last("join").text)
	if own, err := e.accounts.CustomersOf(t.Context(), user); err != nil || len(own) != 1 {
		t.Fatalf("before the log-in: %v %v", own, err)
	}
	stranger, err := e.accounts.SaveUser(t.Context(), "eve@example.com", "five green apples")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.accounts.Join(t.Context(), audit.Actor{Kind: audit.Customer, UserID: stranger}, nil, token); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else's log-in: %v", err)
	}
	by := audit.Actor{Kind: audit.Customer, UserID: user}
	if j, err := e.accounts.CheckJoin(t.Context(), user, token); err != nil || j.Name != "O'Brien Books" {
		t.Errorf("%+v %v", j, err)
	}
	if _, err := e.accounts.Join(t.Context(), by, nil, token); err != nil {
		t.Fatal(err)
	}
	if own, err := e.accounts.CustomersOf(t.Context(), user); err != nil || len(own) != 2 || own[1].ID != second {
		t.Errorf("afterwards: %v %v", own, err)
	}
	if _, err := e.accounts.Join(t.Context(), by, nil, token); !fault.Is(err, fault.NotFound) {
		t.Errorf("the link again: %v", err)
	}
}

func TestAskForEmail(t *testing.T) {
	e := newEnv(t)
	r := known()
	r.Emails = nil
	id := e.customer(r)
	f := form()
	_, err := e.accounts.Register(t.Context(), visitor, f)
	if !errors.Is(err, account.ErrNoAddress) || !strings.Contains(err.Error(), "Hometown Alarm") {
		t.Fatalf("no offer: %v", err)
	}
	wrong := f
	wrong.Phone = "212-555-0000"
	if err := e.accounts.AskForEmail(t.Context(), visitor, wrong); !fault.Is(err, fault.Invalid) || errors.Is(err, account.ErrNoAddress) {
		t.Errorf("asking with a wrong phone: %v", err)
	}
	for range 2 {
		if err := e.accounts.AskForEmail(t.Context(), visitor, f); err != nil {
			t.Fatal(err)
		}
	}
	if m := e.last("email_asked"); m.to != "office@hometown.example" || len(e.mails()) != 1 {
		t.Errorf("%d mails, to %s", len(e.mails()), m.to)
	}
	cases, err := e.accounts.ListRegistrations(t.Context())
	if err != nil || !cases[0].Asked || cases[0].CustomerID != id {
		t.Fatalf("%+v %v", cases, err)
	}
	staffID, err := e.accounts.SaveStaff(t.Context(), account.StaffRecord{Email: "ann@hometown.example", Name: "Ann", Role: "owner", Password: "nine small boats", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	staff := audit.Actor{Kind: audit.Staff, StaffID: staffID, Role: "owner"}
	if err := e.accounts.ApproveRegistration(t.Context(), staff, cases[0].ID); err != nil {
		t.Fatal(err)
	}
	e.find(temporaryIn, e.last("registered").text)
	if emails, err := e.db.Read().ListEmailsForCustomer(t.Context(), id); err != nil || !slices.Equal(emails, []string{f.Email}) {
		t.Errorf("on file: %v %v", emails, err)
	}
	if err := e.accounts.ApproveRegistration(t.Context(), staff, cases[0].ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("approved twice: %v", err)
	}
}

func TestRegistrationLimits(t *testing.T) {
	t.Run("by customer number", func(t *testing.T) {
		e := newEnv(t)
		e.customer(known())
		f := form()
		f.Key = "0000000000000000"
		for i := range 5 {
			by := visitor
			by.IP = fmt.Sprintf("203.0.113.%d", i)
			if _, err := e.accounts.Register(t.Context(), by, f); !fault.Is(err, fault.Invalid) {
				t.Fatalf("try %d: %v", i, err)
			}
		}
		for range 3 {
			_, err := e.accounts.Register(t.Context(), visitor, form()) // even the right key waits
			if got, _ := errors.AsType[*fault.Error](err); got == nil || got.Kind != fault.TooMany || got.RetryAfter <= 0 {
				t.Fatalf("the sixth: %v", err)
			}
		}
		if n := e.count(`SELECT count(*) FROM registrations WHERE failed_field = 'limit'`); n != 1 {
			t.Errorf("%d alerts for the office", n)
		}
		e.fake.Advance(time.Hour)
		if _, err := e.accounts.Register(t.Context(), visitor, form()); err != nil {
			t.Errorf("an hour later: %v", err)
		}
	})
	t.Run("by address", func(t *testing.T) {
		e := newEnv(t)
		for i := range 21 {
			f := form()
			f.Number = fmt.Sprint(5000 + i)
			_, err := e.accounts.Register(t.Context(), visitor, f)
			if want := map[bool]fault.Kind{true: fault.Invalid, false: fault.TooMany}[i < 20]; !fault.Is(err, want) {
				t.Fatalf("try %d: %v", i, err)
			}
		}
	})
}
