package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"
	"time"
)

// restartable is a site that can be stopped and started again at its address.
type restartable struct {
	*site
	t    *testing.T
	stop func()
}

// newRestartable starts the demonstration on fresh books.
func newRestartable(t *testing.T) *restartable {
	t.Helper()
	r := &restartable{site: copiedDemo(t), t: t}
	l := freeAddress(t)
	r.start(l)
	t.Cleanup(func() { r.stop() })
	return r
}

func (r *restartable) start(address string) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done, ready := make(chan error, 1), make(chan string, 1)
	go func() { done <- runDemo(ctx, r.Dir, address, func(url string) { ready <- url }) }()
	select {
	case r.URL = <-ready:
	case err := <-done:
		cancel()
		r.t.Fatalf("the portal did not start: %v", err)
	case <-time.After(patience):
		cancel()
		r.t.Fatal("the portal did not start in time")
	}
	r.stop = func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Errorf("the portal ended with: %v", err)
		}
	}
}

// restart stops the portal, with pages open, and starts it again.
func (r *restartable) restart() {
	r.t.Helper()
	r.stop()
	r.start(strings.TrimPrefix(r.URL, "http://"))
}

// choosePhotos puts files into the page's file field, as its box does.
func (p *person) choosePhotos(files map[string][]byte) {
	p.Helper()
	packed := map[string]string{}
	for name, body := range files {
		packed[name] = base64.StdEncoding.EncodeToString(body)
	}
	if _, err := eval[bool](p, `
		const chosen = new DataTransfer();
		for (const [name, body] of Object.entries(a)) chosen.items.add(new File([Uint8Array.from(atob(body), (c) => c.charCodeAt(0))], name));
		document.querySelector("#f-photos").files = chosen.files;
		return true`, packed); err != nil {
		p.Fatal(err)
	}
}

// doing presses what is named: with the finger on a phone, else by the keyboard
// alone.
func (p *person) doing(name string) {
	p.Helper()
	if p.mode.phone {
		p.press(name)
		return
	}
	p.tabTo(name)
	p.key("\r")
}

// TestJourneyWorkOrder asks for service with a photo and follows it: the open
// page shows what the office does without a reload, also when the program is
// started anew meanwhile.
func TestJourneyWorkOrder(t *testing.T) {
	photo := image.NewRGBA(image.Rect(0, 0, 900, 600))
	for x := range 900 {
		for y := range 600 {
			photo.Set(x, y, color.RGBA{uint8(x / 4), uint8(y / 3), 90, 255})
		}
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, photo, nil); err != nil {
		t.Fatal(err)
	}
	for _, m := range []mode{desk, phone} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			r := newRestartable(t)
			p := newPerson(t, r.site, m)
			p.customer("a business with two sites")
			p.visit("/workorders")
			p.audit("work orders")
			p.next(func() { p.doing("New Work Order") })

			// the systems follow the site
			p.audit("new work order, site")
			p.fill("Site", "Long Wharf")
			p.see("System")
			p.fill("System", "Burglary")
			p.audit("new work order, system")
			p.next(func() { p.doing("Ok") })

			// what is refused keeps all the rest, the good photo, too
			p.see("Add Note")
			p.audit("new work order")
			p.fill("Add Note", "The keypad beeps.\nPlease look at the back door, too.")
			p.fill("Anything else about the time", "not before ten")
			p.choosePhotos(map[string][]byte{"keypad.jpg": file.Bytes(), "door.heic": []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00")})
			p.doing("Save Work Order")
			p.see("door.heic is a HEIC picture", "These photos are here already", "keypad.jpg")
			p.until("the focus on the summary", `return document.activeElement?.classList.contains("error-summary") && document.title.startsWith("Error: ")`)
			p.audit("new work order refused")
			if got := p.value("Add Note"); got != "The keypad beeps.\nPlease look at the back door, too." {
				t.Errorf("the note is %q", got)
			}
			p.next(func() { p.doing("Save Work Order") })
			p.see("Your work order is saved. Its number is W-", "Requested", "not before ten", "Long Wharf")
			p.until("the photo", `const i = document.querySelector(".photos img"); return !!i && i.complete && i.naturalWidth === 320`)
			p.audit("work order")
			at, err := eval[string](p, `return location.pathname`)
			p.must(err)
			number := strings.TrimPrefix(at, "/workorders/")
			p.mail("service", number)
			p.see("The keypad beeps.", "(617) 555-0102")
			p.visit(at)

			// the office answers, and the open page shows it, with what is being typed
			// and the focus where they were
			office := newPerson(t, r.site, desk)
			office.staff()
			office.visit("/office" + at)
			p.fill("Add Note", "I am at home until")
			_, err = eval[bool](p, `window.sameDocument = true; return true`)
			p.must(err)
			office.fill("New note", "We bring a new keypad")
			office.press("Send note to customer")
			p.see("We bring a new keypad", "Beacon Hill Security")
			if got := p.value("Add Note"); got != "I am at home until" || !strings.HasPrefix(p.focused(), "Add Note") {
				t.Errorf("what was typed is %q, the focus on %q", got, p.focused())
			}

			// also across a restart
			r.restart()
			office.visit("/office" + at)
			office.see(number)
			office.fill("New note", "The keypad has come in")
			office.press("Send note to customer")
			p.see("The keypad has come in")
			same, err := eval[bool](p, `return window.sameDocument === true`)
			p.must(err)
			if got := p.value("Add Note"); !same || got != "I am at home until" {
				t.Errorf("the page was loaded anew (%v), what was typed is %q", !same, got)
			}
			// out of reach for a while, the browser says so
			p.mu.Lock()
			p.trouble = nil
			p.mu.Unlock()
			office.mu.Lock()
			office.trouble = nil
			office.mu.Unlock()

			p.next(func() { p.doing("Save Note") })
			p.see("Your note is saved", "I am at home until")
			p.audit("work order with notes")
			p.visit("/workorders")
			p.see(number, "Requested", "Long Wharf")
			p.audit("work orders with one")
			office.visit("/office" + at)
			office.press("Cancel work order")
			office.fill("Reason", "Asked for twice")
			office.press("Cancel work order")
			p.see("Cancelled")
			p.audit("work orders with a cancelled one")
			p.visit(at)
			p.see("Reason: Asked for twice")
			p.audit("work order cancelled")
		})
	}
}

// TestJourneyWorkOrderWithoutScript asks for service by plain forms and links.
func TestJourneyWorkOrderWithoutScript(t *testing.T) {
	p := newPerson(t, newSite(t), plain)
	c := p.site.Guide.Customers[0]
	p.visit("/login")
	p.fill("Username", c.Email)
	p.fill("Password", c.Password)
	p.follow("Log In")
	p.visit("/workorders/new?site=")
	p.see("Choose the site")
	p.fill("Site", "Home")
	p.follow("Ok")
	p.fill("System", "Burglary")
	p.follow("Ok")
	p.fill("Add Note", "The siren is silent")
	p.follow("Save Work Order")
	p.see("Your work order is saved", "The siren is silent", "Refresh")
	p.fill("Add Note", "It was loud before")
	p.follow("Save Note")
	p.see("It was loud before")
}
