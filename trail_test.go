package main

import (
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"customerportal/db"
)

// TestTrail does by hand whatever is to be found in the audit trail afterwards,
// with who did it and from where; and nobody can change a line of it, nor what
// else is written once and for all.
func TestTrail(t *testing.T) {
	s := copiedDemo(t)
	cmd, _ := s.serve(t)
	path := filepath.Join(s.Dir, "portal.db")
	before := latest(t, path)

	c := s.Guide.Customers[0]
	s.post(t, "/login", "", "username", c.Email, "password", "wrong password")
	cookie := s.logIn(t, c.Email, c.Password)
	s.payNew(t, cookie, "card")
	decline := filled(s.show(t, "/pay", cookie).Find("#pay-form"))
	decline["pay"] = decline["row"][:1]
	decline.Set("kind", "card")
	_, doc := s.submit(t, "/pay/preview", cookie, decline)
	decline = filled(doc.Find("#pay-form"))
	decline.Set("method-card", doc.Find(`#pay-form select[name=method-card] option:contains("0341")`).AttrOr("value", ""))
	s.submit(t, "/pay", cookie, decline)
	auto := s.show(t, "/methods", cookie).Find(`a[href$="/auto"]`).First().AttrOr("href", "")
	if auto == "" {
		// it is on already: off, and on again
		s.post(t, "/methods/auto/off", cookie)
		auto = s.show(t, "/methods", cookie).Find(`a[href$="/auto"]`).First().AttrOr("href", "")
	}
	consent := filled(s.show(t, auto, cookie).Find("#auto-form"))
	consent.Set("auto", "1")
	s.submit(t, auto, cookie, consent)
	s.post(t, "/methods/auto/off", cookie)
	s.post(t, strings.TrimSuffix(auto, "/auto")+"/ask-delete", cookie)
	contact := filled(s.show(t, "/contact/edit", cookie).Find("#contact-form"))
	contact.Set("city", "Marblehead")
	s.submit(t, "/contact", cookie, contact)
	s.post(t, "/account/password", cookie, "current", c.Password, "password", "nine green pears", "confirm", "nine green pears")
	s.post(t, "/logout", cookie)

	n := s.Guide.New[0]
	join := url.Values{"key": {n.Key}, "number": {n.Number}, "zip": {"00000"}, "first_name": {n.FirstName}, "last_name": {n.LastName}, "phone": {n.Phone}, "email": {n.Email}}
	s.submit(t, "/register", "", join)
	join.Set("zip", n.Zip)
	s.submit(t, "/register", "", join)

	half := s.logIn(t, s.Guide.Staff.Email, s.Guide.Staff.Password)
	s.post(t, "/office/code", half, "code", "000000")
	owner := s.owner(t)
	s.get(t, "/office/customers/"+url.PathEscape(n.Number)+"/users", "Cookie", owner)
	settings := filled(s.show(t, "/office/settings", owner).Find(`form[action="/office/settings/company"]`))
	settings.Set("company.name", "Beacon Hill Alarm")
	s.submit(t, "/office/settings/company", owner, settings)
	s.post(t, "/office/staff", owner, "email", "ben@example.com", "name", "Ben", "role", "billing")
	stop(t, cmd)
	file := filepath.Join(t.TempDir(), "customers.csv")
	if err := os.WriteFile(file, []byte("customer_number,business_name\n99001,A\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := portalSays(t, "import", file, "--db", path); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	books, err := db.Open(t.Context(), path+"-live")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = books.Close() }()
	for action, by := range map[string]string{
		"login.failed": "visitor", "login.done": "customer", "login.out": "customer", "login.code_failed": "", "user.password": "customer",
		"payment.submit": "customer", "payment.succeeded": "", "payment.failed": "", "method.add": "", "method.ask_delete": "customer", "autopay.on": "customer", "autopay.off": "customer",
		"customer.contact": "customer", "user.register": "visitor", "registration.failed": "visitor",
		"customer.key_seen": "staff", "settings.set": "staff", "staff.invite": "staff", "books.import": "system",
	} {
		var actor, ip string
		var who int64
		err := books.Reader().QueryRowContext(t.Context(), `SELECT actor, ip, coalesce(user_id, staff_id, 0) FROM audit WHERE id > ? AND action = ? AND (? = '' OR actor = ?) ORDER BY id DESC LIMIT 1`, before, action, by, by).Scan(&actor, &ip, &who)
		if err != nil {
			t.Errorf("%s by %q: %v", action, by, err)
			continue
		}
		if actor != "system" && ip != "127.0.0.1" || (actor == "customer" || actor == "staff") && who == 0 {
			t.Errorf("%s: by %s %d from %q", action, actor, who, ip)
		}
	}
	for _, action := range []string{"customer.contact", "settings.set"} {
		var changed bool
		if err := books.Reader().QueryRowContext(t.Context(), `SELECT before_json <> '' AND after_json <> '' AND before_json <> after_json FROM audit WHERE id > ? AND action = ? ORDER BY id DESC LIMIT 1`, before, action).Scan(&changed); err != nil || !changed {
			t.Errorf("%s does not say what it was and what it became (%v)", action, err)
		}
	}

	for _, statement := range []string{
		`UPDATE audit SET ip = ''`, `DELETE FROM audit`, `UPDATE ledger SET cents = cents + 1`, `DELETE FROM ledger`,
		`UPDATE invoices SET total_cents = total_cents + 1`, `DELETE FROM invoices`, `UPDATE mandates SET consent_text = ''`, `DELETE FROM mandates`,
	} {
		err := books.WriteTx(t.Context(), func(tx *sql.Tx) error {
			// by the trigger, not by what else refers to the row
			if _, err := tx.ExecContext(t.Context(), `PRAGMA defer_foreign_keys = 1`); err != nil {
				return err
			}
			_, err := tx.ExecContext(t.Context(), statement)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "append-only") && !strings.Contains(err.Error(), "never") && !strings.Contains(err.Error(), "consent") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// latest is the newest line of the trail.
func latest(t *testing.T, path string) (id int64) {
	t.Helper()
	books, err := db.Open(t.Context(), path+"-live")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = books.Close() }()
	if err := books.Reader().QueryRowContext(t.Context(), `SELECT coalesce(max(id), 0) FROM audit`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}
