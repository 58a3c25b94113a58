package account_test

import (
	"slices"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/fault"
)

func TestUpdateContact(t *testing.T) {
	e := newEnv(t)
	userID, id := e.user()
	by := audit.Actor{Kind: audit.Customer, UserID: userID, IP: "203.0.113.7"}
	c, err := e.accounts.ContactOf(t.Context(), id)
	if err != nil || c.Email != "siobhan@example.com" || len(c.Phones) != 2 {
		t.Fatalf("%+v %v", c, err)
	}
	if err := e.accounts.UpdateContact(t.Context(), by, id, c); err != nil || len(e.mails()) != 0 {
		t.Errorf("nothing changed: %v, %d mails", err, len(e.mails()))
	}
	c.Address1, c.Phones = " 14  Elm\tSt ", []string{"518-555-0199"}
	if err := e.accounts.UpdateContact(t.Context(), by, id, c); err != nil {
		t.Fatal(err)
	}
	m := e.last("contact_changed")
	if m.to != "office@hometown.example" || !strings.Contains(m.text, "14 Elm St") || !strings.Contains(m.text, "12 Elm St") {
		t.Errorf("the dealer is told %s:\n%s", m.to, m.text)
	}
	if found, err := e.accounts.Search(t.Context(), "14 elm"); err != nil || len(found) != 1 {
		t.Errorf("the search box finds %v (%v)", found, err)
	}
	// an import does not take it back unasked
	var change account.Change
	err = e.db.Write(t.Context(), func(q *db.Queries) (err error) {
		_, change, err = account.SaveCustomer(t.Context(), q, e.clock().Now(), known())
		return err
	})
	if err != nil || change.State != account.Unchanged || !slices.Equal(change.Kept, []string{"address1", "phone"}) {
		t.Errorf("import afterwards: %+v %v", change, err)
	}
	for field, edit := range map[string]func(*account.Contact){
		"last_name": func(c *account.Contact) { c.LastName = " " },
		"phone":     func(c *account.Contact) { c.Phones = []string{"555-0101"} },
		"email":     func(c *account.Contact) { c.Email = "not an address" },
		"zip":       func(c *account.Contact) { c.Zip = strings.Repeat("1", 30) },
		"password":  func(c *account.Contact) { c.Email = "new@example.com" },
	} {
		bad := c
		edit(&bad)
		if err := e.accounts.UpdateContact(t.Context(), by, id, bad); !slices.Equal(fieldsOf(err), []string{field}) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestChangeEmail(t *testing.T) {
	e := newEnv(t)
	userID, id := e.user()
	by := audit.Actor{Kind: audit.Customer, UserID: userID}
	c, err := e.accounts.ContactOf(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	move := func(to string) string {
		t.Helper()
		c.Email, c.Password = to, password
		if err := e.accounts.UpdateContact(t.Context(), by, id, c); err != nil {
			t.Fatal(err)
		}
		for _, m := range e.mails() {
			if m.kind == "confirm_email" && m.to == to {
				return e.find(tokenIn, m.text)
			}
		}
		t.Fatalf("no mail to %s", to)
		return ""
	}
	dead, link := move("typo@example.com"), move("new@example.com")
	told := false
	for _, m := range e.mails() {
		told = told || m.kind == "email_changing" && m.to == "siobhan@example.com" && strings.Contains(m.text, "new@example.com")
		if m.kind == "email_changing" && tokenIn.MatchString(m.text) {
			t.Error("the old address was mailed the link")
		}
	}
	if !told {
		t.Error("the old address was not told")
	}
	if home, err := e.db.Read().GetHomeForCustomer(t.Context(), db.GetHomeForCustomerParams{CustomerID: id, NowAt: e.clock().Now()}); err != nil || home.NewEmail != "new@example.com" {
		t.Errorf("waiting: %q %v", home.NewEmail, err)
	}
	if now, err := e.accounts.ContactOf(t.Context(), id); err != nil || now.Email != "siobhan@example.com" {
		t.Errorf("before it is confirmed: %q %v", now.Email, err)
	}
	if _, err := e.accounts.ConfirmEmail(t.Context(), visitor, dead); !fault.Is(err, fault.NotFound) {
		t.Errorf("the link of the address before: %v", err)
	}
	if p, err := e.accounts.CheckEmail(t.Context(), link); err != nil || p != "new@example.com" {
		t.Errorf("%q %v", p, err)
	}
	if _, err := e.accounts.ConfirmEmail(t.Context(), visitor, link); err != nil {
		t.Fatal(err)
	}
	if _, err := e.accounts.ConfirmEmail(t.Context(), visitor, link); !fault.Is(err, fault.NotFound) {
		t.Errorf("the link again: %v", err)
	}
	if _, err := e.logIn(visitor, "new@example.com", password); err != nil {
		t.Errorf("logging in with the new address: %v", err)
	}
	if _, err := e.logIn(visitor, "siobhan@example.com", password); !fault.Is(err, fault.Invalid) {
		t.Errorf("logging in with the old address: %v", err)
	}
	if emails, err := e.db.Read().ListEmailsForCustomer(t.Context(), id); err != nil || !slices.Equal(emails, []string{"new@example.com"}) {
		t.Errorf("on file: %v %v", emails, err)
	}
	// an address that is somebody else's username stays theirs
	if _, err := e.accounts.SaveUser(t.Context(), "eve@example.com", "five green apples"); err != nil {
		t.Fatal(err)
	}
	link = move("eve@example.com")
	if _, err := e.accounts.ConfirmEmail(t.Context(), visitor, link); !fault.Is(err, fault.Conflict) {
		t.Errorf("taking another's username: %v", err)
	}
	if _, err := e.logIn(visitor, "eve@example.com", "five green apples"); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the other log-in afterwards: %v", err)
	}
}

func TestCustomerUsersOfTheOffice(t *testing.T) {
	e := newEnv(t)
	id := e.customer(known())
	staff := audit.Actor{Kind: audit.Staff, Role: "owner"}
	if err := e.accounts.AddCustomerUser(t.Context(), staff, id, "bob@example.com"); err != nil {
		t.Fatal(err)
	}
	first := e.find(temporaryIn, e.last("registered").text)
	users, err := e.accounts.UsersOf(t.Context(), id)
	if err != nil || len(users) != 1 || !users[0].Waiting {
		t.Fatalf("%+v %v", users, err)
	}
	if err := e.accounts.SendRegistrationMail(t.Context(), staff, id, users[0].ID); err != nil {
		t.Fatal(err)
	}
	if second := e.find(temporaryIn, e.last("registered").text); second == first {
		t.Error("the same temporary password again")
	}
	if _, err := e.accounts.SaveUser(t.Context(), "bob@example.com", password); err != nil {
		t.Fatal(err)
	}
	if err := e.accounts.SendRegistrationMail(t.Context(), staff, id, users[0].ID); err != nil {
		t.Fatal(err)
	}
	if m := e.last("recover"); temporaryIn.MatchString(m.text) {
		t.Error("a log-in in use was sent a temporary password")
	}
	shop := known()
	shop.Number, shop.RegistrationKey = "2002", ""
	second := e.customer(shop)
	if err := e.accounts.AddCustomerUser(t.Context(), staff, second, "bob@example.com"); err != nil {
		t.Fatal(err)
	}
	e.last("joined")
	if err := e.accounts.AddCustomerUser(t.Context(), staff, second, "bob@example.com"); !slices.Equal(fieldsOf(err), []string{"email"}) {
		t.Errorf("added twice: %v", err)
	}
	before, err := e.accounts.KeyOf(t.Context(), staff, id)
	if err != nil || before != key {
		t.Fatalf("%q %v", before, err)
	}
	if err := e.accounts.NewKey(t.Context(), staff, id); err != nil {
		t.Fatal(err)
	}
	if after, err := e.accounts.KeyOf(t.Context(), staff, id); err != nil || after == before {
		t.Errorf("the key stays %q (%v)", after, err)
	}
	if n := e.count(`SELECT count(*) FROM audit WHERE action = 'customer.key_seen'`); n != 2 {
		t.Errorf("the key was looked at %d times in the trail", n)
	}
	if n := e.count(`SELECT count(*) FROM audit WHERE before_json || after_json || object LIKE '%' || ? || '%'`, key); n != 0 {
		t.Error("the key stands in the trail")
	}
	if err := e.accounts.RemoveCustomerUser(t.Context(), staff, id, users[0].ID); err != nil {
		t.Fatal(err)
	}
	if own, err := e.accounts.CustomersOf(t.Context(), users[0].ID); err != nil || len(own) != 1 || own[0].ID != second {
		t.Errorf("afterwards: %v %v", own, err)
	}
}
