package main

import (
	"strings"
	"testing"
	"time"
)

// TestMailFrame presses the button of a mail in the mailbox: the frame that
// shows the mail runs nothing, yet its links open in the whole window.
func TestMailFrame(t *testing.T) {
	modes(t, func(p *person) {
		c := p.site.Guide.Customers[0]
		p.visit("/login")
		p.follow("Forgot Password?")
		p.fill("Username", c.Email)
		p.follow("Send the link")
		p.mail(c.Email, "assword")
		p.audit("a mail")
		type box struct{ X, Y, Width float64 }
		frame, err := eval[box](p, `
			const f = document.querySelector("iframe.letter");
			f.scrollIntoView();
			const r = f.getBoundingClientRect();
			return {X: r.x, Y: r.y, Width: r.width}`)
		p.must(err)
		// nobody can look into the frame: the button is found by pressing down
		// the left of the card until the page is left
		x := frame.X + max(0, (frame.Width-560)/2) + 60
		deadline := time.Now().Add(patience)
		for y := frame.Y + 150; ; y += 10 {
			p.tap(point{x, y})
			path, err := eval[string](p, `return location.pathname + location.search`)
			if err == nil && !strings.HasPrefix(path, "/demo/mail") {
				break
			}
			if time.Now().After(deadline) {
				p.Fatalf("%s: no link of the mail leads anywhere", p.mode.name)
			}
			if y > frame.Y+600 {
				y = frame.Y + 150
			}
		}
		p.see("Confirm Password")
	})
}
