package account_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
)

// employee adds a staff member who can log in.
func (e *env) employee(email, role string) int64 {
	e.t.Helper()
	var id int64
	err := e.db.Write(e.t.Context(), func(q *db.Queries) (err error) {
		if id, err = q.AddStaff(e.t.Context(), db.AddStaffParams{Email: email, Name: role, Role: role, CreatedAt: 1}); err != nil {
			return err
		}
		return q.SetStaffPassword(e.t.Context(), db.SetStaffPasswordParams{PasswordHash: "x", ID: id})
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return id
}

func TestEditCustomer(t *testing.T) {
	e := newEnv(t)
	by := audit.Actor{Kind: audit.Staff, StaffID: e.employee("service@hometown.example", "service"), Role: "service"}
	id := e.customer(account.Record{Number: "1042", FirstName: "Zoë", LastName: "O'Neil", City: "Troy", Phones: []string{"518-555-0142"}, Emails: []string{"zoe@example.com"}})
	row := func() db.Customer {
		t.Helper()
		c, err := e.db.Read().GetCustomer(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	key, seen := row().RegistrationKey, row().UpdatedAt
	e.fake.Advance(time.Minute)
	next := account.Record{Number: "9999", RegistrationKey: account.NewRegistrationKey(), BusinessName: "O'Neil & Co", FirstName: "Zoë", LastName: "O'Neil", City: "Albany",
		Phones: []string{"518-555-0142", "518 555 0199"}, Emails: []string{"zoe@example.com", "pay@example.com"}, Terms: "Net 30", Status: "inactive"}
	if err := e.accounts.EditCustomer(t.Context(), by, id, seen, next); err != nil {
		t.Fatal(err)
	}
	c := row()
	if c.Number != "1042" || c.RegistrationKey != key || c.DisplayName != "O'Neil & Co" || c.City != "Albany" || c.Terms != "Net 30" || c.Status != "inactive" || c.ContactEditedAt != 0 {
		t.Errorf("the customer became %+v", c)
	}
	for _, word := range []string{"albany", "518-555-0199", "pay@example.com", "neil"} {
		if found, err := e.accounts.Search(t.Context(), word); err != nil || len(found) != 1 {
			t.Errorf("a search for %q finds %v, %v", word, found, err)
		}
	}
	trail, err := e.db.Read().ListAuditForCustomer(t.Context(), db.ListAuditForCustomerParams{CustomerID: db.NullID(id), BeforeAt: math.MaxInt64, BeforeID: math.MaxInt64, Most: 9})
	if err != nil || len(trail) != 1 || trail[0].Action != "customer.contact" || !strings.Contains(trail[0].BeforeJson, `"city":"Troy"`) || !strings.Contains(trail[0].AfterJson, `"city":"Albany"`) ||
		strings.Contains(trail[0].AfterJson, "first_name") {
		t.Errorf("the trail: %+v, %v", trail, err)
	}

	// who knows an older state is told; who refuses to name anybody too
	if err := e.accounts.EditCustomer(t.Context(), by, id, seen, next); !fault.Is(err, fault.Conflict) {
		t.Errorf("an older state: %v", err)
	}
	err = e.accounts.EditCustomer(t.Context(), by, id, c.UpdatedAt, account.Record{Phones: []string{"call me"}, Emails: []string{"a@b\r\nBcc: x@y"}, SalespersonEmail: "nobody", Status: "gone"})
	if got := strings.Join(fieldsOf(err), " "); got != "last_name status phone email salesperson_email" {
		t.Errorf("refused: %s", got)
	}
	if err := e.accounts.EditCustomer(t.Context(), by, 99, 1, next); !fault.Is(err, fault.NotFound) {
		t.Errorf("nobody: %v", err)
	}
	// saved again as it is: no new state, no new line
	if err := e.accounts.EditCustomer(t.Context(), by, id, c.UpdatedAt, next); err != nil || row().UpdatedAt != c.UpdatedAt {
		t.Errorf("unchanged: %v", err)
	}
}

func TestStaffComeAndGo(t *testing.T) {
	e := newEnv(t)
	first := e.employee("first@hometown.example", "owner")
	by := audit.Actor{Kind: audit.Staff, StaffID: first, Role: "owner"}
	link, err := e.accounts.Invite(t.Context(), by, account.StaffInvite{Email: "second@hometown.example", Name: "Second", Role: "owner"})
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(link, "?t=")
	if setup, err := e.accounts.CheckSetup(t.Context(), token); err != nil || setup.Email != "second@hometown.example" || setup.Role != "owner" {
		t.Errorf("the link opens %+v, %v", setup, err)
	}
	if _, err := e.accounts.Invite(t.Context(), by, account.StaffInvite{Email: "SECOND@hometown.example", Name: "Again", Role: "sales"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("invited twice: %v", err)
	}
	// an owner who never logged in is none to leave the office to
	for name, do := range map[string]func() error{
		"role":    func() error { return e.accounts.SetStaffRole(t.Context(), by, first, "billing") },
		"disable": func() error { return e.accounts.DisableStaff(t.Context(), by, first) },
	} {
		if err := do(); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s of the only owner: %v", name, err)
		}
	}
	login, err := e.accounts.SetUp(t.Context(), visitor, account.SetupForm{Token: token, Name: "Second", Password: "a long enough phrase", Confirm: "a long enough phrase"})
	if err != nil {
		t.Fatal(err)
	}
	second := audit.Actor{Kind: audit.Staff, StaffID: login.StaffID, Role: "owner"}
	login.Stage = ""
	cookie, err := e.accounts.OpenSession(t.Context(), by, account.Login{StaffID: first, Role: "owner"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.accounts.DisableStaff(t.Context(), second, first); err != nil {
		t.Fatal(err)
	}
	if _, err := e.accounts.FindSession(t.Context(), cookie); !fault.Is(err, fault.SignedOut) {
		t.Errorf("a disabled staff member's session: %v", err)
	}
	if _, err := e.accounts.InviteAgain(t.Context(), second, first, false); !fault.Is(err, fault.Conflict) {
		t.Errorf("a link for somebody disabled: %v", err)
	}
	if err := e.accounts.EnableStaff(t.Context(), second, first); err != nil {
		t.Fatal(err)
	}
	fresh, err := e.accounts.InviteAgain(t.Context(), second, first, true)
	if err != nil {
		t.Fatal(err)
	}
	mails, err := e.db.Read().ListMail(t.Context(), db.ListMailParams{BeforeAt: 1 << 60, BeforeID: 1 << 60, MaxRows: 9})
	if err != nil || len(mails) != 1 || mails[0].ToEmail != "first@hometown.example" {
		t.Fatalf("mails %+v, %v", mails, err)
	}
	mail, err := e.db.Read().GetMail(t.Context(), mails[0].ID)
	if err != nil || mail.Secret != 1 || !strings.Contains(mail.TextBody, fresh) || !strings.Contains(mail.HtmlBody, fresh) {
		t.Errorf("the mail: %+v, %v", mail, err)
	}
	if err := e.accounts.SetStaffRole(t.Context(), second, first, "technician"); err != nil {
		t.Error(err)
	}
	if err := e.accounts.SetStaffRole(t.Context(), second, first, "god"); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown role: %v", err)
	}
}
