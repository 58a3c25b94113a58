package main

import (
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
