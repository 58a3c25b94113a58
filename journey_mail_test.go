package main

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
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
		// nobody can look into the frame: where its button is shows the same mail in
		// a window of the frame's size
		type frame struct {
			Src           string
			X, Y          float64
			Width, Height int64
		}
		look := `
			const f = document.querySelector("iframe.letter");
			f.scrollIntoView({behavior: "instant"});
			const r = f.getBoundingClientRect(), s = getComputedStyle(f);
			const [left, right, top, bottom] = [s.paddingLeft, s.paddingRight, s.paddingTop, s.paddingBottom].map(parseFloat);
			return {Src: f.getAttribute("src"), X: r.x + f.clientLeft + left, Y: r.y + f.clientTop + top, Width: Math.round(f.clientWidth - left - right), Height: Math.round(f.clientHeight - top - bottom)}`
		letter, err := eval[string](p, `return location.pathname`)
		p.must(err)
		f := *await[*frame](p, "the frame", look)
		_, err = chromedp.Call(p.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: f.Width, Height: f.Height, DeviceScaleFactor: 1})
		p.must(err)
		p.visit(f.Src)
		button := *await[*point](p, "the button", `const r = document.querySelector("a[href*='/password/']")?.getBoundingClientRect(); return r ? {X: r.x + r.width / 2, Y: r.y + r.height / 2} : null`)
		p.resize(p.mode.width, p.mode.height)
		p.visit(letter)
		// a press on a frame that was just scrolled may go beside it
		for range 6 {
			f = *await[*frame](p, "the frame", look)
			p.tap(point{f.X + button.X, f.Y + button.Y})
			for until := time.Now().Add(patience / 6); time.Now().Before(until); {
				if path, err := eval[string](p, `return location.pathname`); err == nil && path != letter {
					p.see("Confirm Password")
					return
				}
			}
		}
		p.Fatalf("%s: the button of the mail leads nowhere", p.mode.name)
	})
}
