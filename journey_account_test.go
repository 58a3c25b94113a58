package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"customerportal/internal/account"
)

// TestJourneyAccount changes the password and looks at the signed-in devices.
func TestJourneyAccount(t *testing.T) {
	modes(t, func(p *person) {
		c := p.site.Guide.Customers[0]
		p.logIn(c.Email, c.Password)
		p.follow("Account")
		p.see("Signed-in devices", "This device")
		p.audit("account")
		p.fill("Present Password", "wrong")
		p.fill("New Password", "nine green pears")
		p.fill("Confirm Password", "nine green pears")
		p.press("Change Password")
		p.see("This is not your present password")
		p.audit("password refused")
		p.fill("Present Password", c.Password)
		p.fill("New Password", "nine green pears")
		p.fill("Confirm Password", "nine green pears")
		p.press("Change Password")
		p.see("Your password is changed.")
	})
}

// TestJourneyStaffLogIn needs the code of the moment.
func TestJourneyStaffLogIn(t *testing.T) {
	modes(t, func(p *person) {
		s := p.site.Guide.Staff
		p.visit("/login")
		p.fill("Username", s.Email)
		p.fill("Password", s.Password)
		p.press("Log In")
		p.see("Second step")
		p.audit("code")
		p.fill("Code", "000000")
		p.press("Log In")
		p.see("This code is not right")
		p.audit("code refused")
		code, err := account.CodeAt(s.Secret, time.Now())
		p.must(err)
		p.fill("Code", code)
		p.press("Log In")
		p.miss("Second step")
	})
}

// TestJourneyInvitedStaff begins at the link that the console prints.
func TestJourneyInvitedStaff(t *testing.T) {
	modes(t, func(p *person) {
		var printed bytes.Buffer
		p.must(run(t.Context(), []string{"staff", "add", "ben@example.com", "--role", "billing", "--db", filepath.Join(p.site.Dir, "portal.db"), "--public-url", p.site.URL}, &printed))
		_, link, _ := strings.Cut(printed.String(), p.site.URL)
		p.visit(strings.TrimSpace(link))
		p.see("You join as billing")
		p.audit("set up")
		p.fill("Your name", "Ben")
		p.fill("Password", "short")
		p.fill("Confirm Password", "short")
		p.press("Go on")
		p.see("at least 10 characters")
		p.audit("set up refused")
		p.fill("Password", "nine small boats")
		p.fill("Confirm Password", "nine small boats")
		p.press("Go on")
		p.see("Set up your second step")
		p.audit("enrol")
		_, rest, _ := strings.Cut(p.text(), "Key: ")
		code, err := account.CodeAt(strings.ReplaceAll(strings.Fields(rest)[0], "-", ""), time.Now())
		p.must(err)
		p.fill("Code", code)
		p.press("Confirm")
		p.see("Keep these recovery codes")
		p.audit("recovery codes")
		p.follow("I have kept them")
		p.see("Ben")
		p.follow("Account")
		p.see("10 recovery codes are left")
		p.audit("staff account")
	})
}

// TestJourneyNoAddressOnFile asks the dealer to add one.
func TestJourneyNoAddressOnFile(t *testing.T) {
	modes(t, func(p *person) {
		n := p.site.Guide.New[0]
		for _, one := range p.site.Guide.New {
			if one.Email == "" {
				n = one
			}
		}
		if n.Email != "" {
			t.Fatal("everybody in the demonstration has an address on file")
		}
		p.visit("/register")
		p.fill("Registration Key", n.Key)
		p.fill("Customer #", n.Number)
		p.fill("Zip Code", n.Zip)
		p.fill("First Name", n.FirstName)
		p.fill("Last Name", n.LastName)
		p.fill("Phone", n.Phone)
		p.fill("Email", "somebody@example.com")
		p.press("Create")
		p.see("has no e-mail address of yours on file yet")
		p.audit("no address on file")
		p.press("Ask ")
		p.see("has been asked")
		p.audit("asked")
	})
}
