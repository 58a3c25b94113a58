package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// logIn logs in as the nth customer who has a log-in, or by a page's form that
// is already there.
func (p *person) logIn(username, password string) {
	p.Helper()
	p.visit("/login")
	p.fill("Username", username)
	p.fill("Password", password)
	p.follow("Log In")
}

// customer logs in as the customer whose log-in shows something.
func (p *person) customer(about string) {
	p.Helper()
	for _, c := range p.site.Guide.Customers {
		if strings.Contains(c.About, about) {
			p.logIn(c.Email, c.Password)
			p.see(c.Number, "Amount due")
			return
		}
	}
	p.Fatalf("the demonstration has nobody with %q", about)
}

// TestJourneyRegister is the manual's way in: the key on the invoice, the mail
// with the temporary password, the reset, the log-in.
func TestJourneyRegister(t *testing.T) {
	modes(t, func(p *person) {
		n := p.site.Guide.New[0]
		p.visit("/login")
		p.see("Forgot Password?")
		p.audit("log in")
		p.follow("New Customer Registration")
		p.audit("registration")
		p.fill("Registration Key", strings.ToLower(strings.ReplaceAll(n.Key, "-", " ")))
		p.fill("Customer #", n.Number)
		p.fill("Zip Code", n.Zip)
		p.fill("First Name", "Bob")
		p.fill("Last Name", n.LastName)
		p.fill("Phone", n.Phone)
		p.fill("Email", n.Email)
		p.press("Create")
		p.see("Please check one thing", "first name")
		p.until("the focus on the summary", `return document.activeElement?.classList.contains("error-summary") && document.title.startsWith("Error: ")`)
		p.audit("registration refused")
		if got := p.value("Phone"); got != n.Phone {
			t.Errorf("the phone that was typed came back as %q", got)
		}
		p.fill("First Name", n.FirstName)
		p.follow("Create")
		p.see(n.Email)
		p.audit("registered")

		p.mail(n.Email, "")
		username := regexp.MustCompile(`Username: (\S+)`).FindStringSubmatch(p.text())
		temporary := regexp.MustCompile(`Temporary Password: (\S+)`).FindStringSubmatch(p.text())
		if username == nil || temporary == nil {
			p.Fatalf("the mail says:\n%s", p.text())
		}
		p.logIn(username[1], temporary[1])
		p.see("Choose a password")
		p.audit("choose a password")
		// the temporary password opens nothing else
		p.visit("/payments")
		p.at("/password/reset")
		p.fill("Password", "short")
		p.fill("Confirm Password", "short")
		p.press("Reset Password")
		p.see("Please check")
		p.fill("Password", "four brown mice at nine")
		p.fill("Confirm Password", "four brown mice at nine")
		p.follow("Reset Password")
		p.at("/login")
		p.audit("password chosen")
		p.fill("Username", n.Email)
		p.fill("Password", "four brown mice at nine")
		p.follow("Log In")
		p.see(n.Number, "Amount due")
		p.audit("home of a new customer")

		// and the temporary one is dead
		p.follow("Log Out")
		p.logInRefused(n.Email, temporary[1])
	})
}

// logInRefused tries a log-in that is not let in.
func (p *person) logInRefused(username, password string) {
	p.Helper()
	p.visit("/login")
	p.fill("Username", username)
	p.fill("Password", password)
	p.press("Log In")
	p.see("Please check")
	p.at("/login")
}

// TestJourneyBoundAtOnce presses a form that an answer brought as soon as it is
// there: there is no moment at which htmx has not bound it yet.
func TestJourneyBoundAtOnce(t *testing.T) {
	p := newPerson(t, newSite(t), desk)
	p.visit("/login")
	p.fill("Username", "somebody@example.com")
	p.fill("Password", "not it")
	_, err := eval[bool](p, `
		window.unbound = 0;
		new MutationObserver(() => { window.unbound += document.querySelectorAll("[hx-post]:not([data-htmx-powered])").length; })
			.observe(document.body, {childList: true, subtree: true});
		return true`)
	p.must(err)
	p.press("Log In")
	p.see("Please check")
	if n, err := eval[int](p, `return window.unbound`); err != nil || n != 0 {
		t.Errorf("%d forms were there before htmx had bound them (%v)", n, err)
	}
}

// TestJourneyForgotPassword gets back in by a mailed link.
func TestJourneyForgotPassword(t *testing.T) {
	modes(t, func(p *person) {
		c := p.site.Guide.Customers[0]
		p.logInRefused(c.Email, "not it")
		p.audit("log-in refused")
		p.follow("Forgot Password?")
		p.audit("forgot password")
		p.fill("Username", c.Email)
		p.follow("Send the link")
		p.mail(c.Email, "assword")
		link := await[string](p, "the link in the mail", `return [...document.querySelectorAll("pre.letter a")].find((a) => a.href.includes("/password/"))?.href || ""`)
		p.visit(strings.TrimPrefix(link, p.site.URL))
		p.fill("Password", "a new one for the door")
		p.fill("Confirm Password", "a new one for the door")
		p.follow("Reset Password")
		p.logIn(c.Email, "a new one for the door")
		p.see(c.Number)
	})
}

// TestJourneyLogOut: after the log-out, Back shows nothing private, neither
// from the network nor from the browser's memory.
func TestJourneyLogOut(t *testing.T) {
	p := newPerson(t, newSite(t), desk)
	p.customer("past due")
	c := p.site.Guide.Customers[0]
	p.follow("Payment History")
	p.at("/payments")
	p.follow("Log Out")
	p.at("/login")
	for range 2 {
		p.back()
		p.until("the log-in page", `return document.readyState === "complete" && location.pathname === "/login" && !!document.querySelector("#login, form[action='/login']")`)
		for _, private := range []string{c.Number, c.Name, "Payment Date"} {
			if strings.Contains(p.text(), private) {
				t.Errorf("Back shows %q after the log-out", private)
			}
		}
	}
}

// TestJourneyKeyboard logs in and reaches an invoice's payment by the keyboard
// alone, with every focus in sight.
func TestJourneyKeyboard(t *testing.T) {
	p := newPerson(t, newSite(t), desk)
	c := p.site.Guide.Customers[0]
	p.visit("/login")
	p.key(kb.Tab)
	if got := p.focused(); got != "Skip to content" {
		t.Errorf("the first Tab goes to %q", got)
	}
	p.tabTo("Username")
	p.key(c.Email)
	p.tabTo("Password")
	p.key(c.Password)
	p.next(func() { p.key(kb.Enter) })
	p.see(c.Number, "Amount due")

	// the box opens, holds the focus, and gives it back
	p.tabTo("Edit")
	p.key(kb.Enter)
	p.until("the box", `return !!document.querySelector("dialog:modal")`)
	for range 25 {
		p.key(kb.Tab)
		p.until("the focus in the box", `return document.activeElement === document.body || !!document.activeElement.closest("dialog:modal")`)
	}
	p.key(kb.Escape)
	p.until("the box to close", `return !document.querySelector("dialog:modal")`)
	if got := p.focused(); got != "Edit" {
		t.Errorf("after Escape the focus is on %q", got)
	}
	// the browser tells of the end a moment later, when the focus may already be
	// where its owner moved it: there it stays
	p.tabTo("Edit")
	p.key(kb.Enter)
	p.until("the box again", `return !!document.querySelector("dialog:modal")`)
	where, err := eval[string](p, `
		const dialog = document.querySelector("dialog:modal");
		const closed = new Promise((done) => dialog.addEventListener("close", done, {once: true}));
		dialog.close();
		document.querySelector("[name=paid]").focus();
		return closed.then(() => document.activeElement.name)`)
	if err != nil || where != "paid" {
		t.Errorf("after the box was closed the focus was taken to %q (%v)", where, err)
	}
	p.tabTo("Edit")
	p.tabTo("Show Paid Invoices")
	p.key(" ")
	p.see("Paid invoices")
	p.tabTo("Pay It")
	p.next(func() { p.key(kb.Enter) })
	p.see("Amount Applied")
}

// TestJourneySessionEnding: the warning two minutes before the end goes away by
// one key, and what was typed is still there.
func TestJourneySessionEnding(t *testing.T) {
	p := newPerson(t, newSite(t), desk)
	p.customer("past due")
	p.visit("/account")
	p.fill("Present Password", "typed before the warning")
	// the page believes that half an hour has passed: the script reads the
	// length of the session when it starts, and the clock from Date
	if _, err := eval[bool](p, `const now = Date.now; Date.now = () => now() + 28.5 * 60 * 1000; return true`); err != nil {
		t.Fatal(err)
	}
	p.see("Are you still there?")
	p.until("the focus on the button", `return document.activeElement?.textContent === "Stay logged in"`)
	p.audit("session ending")
	p.key(kb.Enter)
	p.until("the warning to go away", `return !document.querySelector("dialog:modal")`)
	if got := p.value("Present Password"); got != "typed before the warning" {
		t.Errorf("what was typed came to %q", got)
	}
	p.at("/account")
}
