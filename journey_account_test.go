package main

import (
	"strings"
	"testing"
	"time"

	"customerportal/internal/account"
)

// TestJourneyFirstLogIn goes the manual's way in: from the key on the paper to
// the portal, with the mistakes people make.
func TestJourneyFirstLogIn(t *testing.T) {
	modes(t, func(p *person) {
		n := p.site.Guide.New[0]
		p.visit("/")
		p.see("Log in to")
		p.audit("log in")
		p.follow("New Customer Registration")
		p.see("Registration Key")
		p.audit("registration")
		p.fill("Registration Key", strings.ToLower(n.Key))
		p.fill("Customer #", n.Number)
		p.fill("Zip Code", n.Zip)
		p.fill("First Name", "Nobody")
		p.fill("Last Name", strings.ToUpper(n.LastName))
		p.fill("Phone", n.Phone)
		p.fill("Email", n.Email)
		p.press("Create")
		p.see("The first name does not match what we have on file")
		p.audit("registration refused")
		p.fill("First Name", n.FirstName)
		p.press("Create")
		p.see("Look into your mailbox", n.Email)
		p.audit("registered")
		p.mail(n.Email, "Your log-in")
		p.see("Username: "+n.Email, "Temporary Password: ")
		_, rest, _ := strings.Cut(p.text(), "Temporary Password: ")
		temporary := strings.Fields(rest)[0]

		p.visit("/login")
		p.fill("Username", n.Email)
		p.fill("Password", temporary+"x")
		p.press("Log In")
		p.see("is not right")
		p.audit("log-in refused")
		p.fill("Password", temporary)
		p.press("Log In")
		p.see("Choose a password")
		p.audit("reset")
		p.fill("Password", "four green apples")
		p.fill("Confirm Password", "four green pears")
		p.press("Reset Password")
		p.see("The two passwords are not the same")
		p.audit("reset refused")
		p.fill("Password", "four green apples")
		p.fill("Confirm Password", "four green apples")
		p.press("Reset Password")
		p.see("Your password is set.")
		p.audit("log in again")
		p.fill("Username", n.Email)
		p.fill("Password", "four green apples")
		p.press("Log In")
		p.see("Invoices", n.Number)

		p.visit("/account")
		p.see("Signed-in devices", "This device")
		p.audit("account")
		p.fill("Present Password", "wrong")
		p.fill("New Password", "nine green pears")
		p.fill("Confirm Password", "nine green pears")
		p.press("Change Password")
		p.see("This is not your present password")
		p.audit("password refused")
		p.press("Log Out")
		p.see("You are logged out.")
		p.back()
		p.miss("Signed-in devices")
	})
}

// TestJourneyForgotPassword comes back by a mailed link.
func TestJourneyForgotPassword(t *testing.T) {
	modes(t, func(p *person) {
		c := p.site.Guide.Customers[0]
		p.visit("/login")
		p.follow("Forgot Password?")
		p.see("We mail you a link")
		p.audit("forgot password")
		p.fill("Username", c.Email)
		p.press("Send the link")
		p.see("is on its way")
		p.mail(c.Email, "A new password")
		_, rest, _ := strings.Cut(p.text(), "/password/recover?t=")
		link := "/password/recover?t=" + strings.Fields(rest)[0]
		p.visit(link)
		p.see("Choose a password")
		p.audit("recover")
		p.fill("Password", "five green apples")
		p.fill("Confirm Password", "five green apples")
		p.press("Reset Password")
		p.see("Your password is set.")
		p.visit(link)
		p.see("has been used or is too old")
		p.audit("link over")
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
