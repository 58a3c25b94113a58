package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"golang.org/x/net/html"
)

// asks lets the demonstration's first customer ask for a work order in the
// portal, from another browser, and returns its number.
func (s *site) asks(t *testing.T, cookie, note string) string {
	t.Helper()
	fields, address := []string{"note", note}, "/workorders/new"
	_, page := s.get(t, address, "Cookie", cookie)
	for i, name := range []string{"site", "system"} {
		value := firstOption(string(page), name)
		if value == "" {
			t.Fatalf("the form has no %s:\n%s", name, page)
		}
		fields = append(fields, name, value)
		address += []string{"?", "&"}[i] + name + "=" + value
		_, page = s.get(t, address, "Cookie", cookie)
	}
	resp, body := s.post(t, "/workorders/new", cookie, append(fields, "nonce", firstOption(string(page), "nonce"))...)
	to := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/workorders/W-") {
		t.Fatalf("asking for a work order: %s to %s\n%s", resp.Status, to, body)
	}
	return strings.TrimPrefix(to, "/workorders/")
}

// firstOption is the first value that a drop-down offers, or what a hidden field
// of that name holds.
func firstOption(page, name string) string {
	within := false
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return ""
		}
		token := z.Token()
		attr := map[string]string{}
		for _, a := range token.Attr {
			attr[a.Key] = a.Val
		}
		switch {
		case token.Data == "select" && kind == html.StartTagToken:
			within = attr["name"] == name
		case token.Data == "select":
			within = false
		case token.Data == "option" && within && attr["value"] != "", token.Data == "input" && attr["name"] == name && attr["value"] != "":
			return attr["value"]
		}
	}
}

// column waits until a card stands in a column of the board.
func (p *person) column(number, state string) {
	p.Helper()
	p.until(number+" in "+state, `return !!document.querySelector("#column-" + b + " #card-" + a)`, number, state)
}

// heard waits until the board says something to who cannot see it.
func (p *person) heard(words string) {
	p.Helper()
	p.until(fmt.Sprintf("%q to be said", words), `return document.getElementById("board-said")?.textContent.includes(a)`, words)
}

// TestJourneyDispatch is a dispatcher's hour at the board with the keyboard alone:
// a request comes in while the board is open, gets an appointment, another is a
// duplicate, one is cancelled.
func TestJourneyDispatch(t *testing.T) {
	s := newSite(t)
	p := newPerson(t, s, desk)
	p.staff()
	p.visit("/office/workorders")
	p.see("Work orders", "Siobh")
	p.audit("board")

	// asked for in the portal, seen here without a reload
	cookie := s.logIn(t, s.Guide.Customers[0].Email, s.Guide.Customers[0].Password)
	first := s.asks(t, cookie, "The siren in the attic whistles")
	p.column(first, "requested")
	p.see("The siren in the attic whistles")

	// the arrow keys go from card to card
	p.tabTo("W-")
	at := p.focused()
	p.key(kb.ArrowDown)
	p.until("the next card", `return document.activeElement.matches(".work-number") && document.activeElement.innerText !== a`, at)
	p.key(kb.ArrowRight)
	p.until("the next column", `return !!document.activeElement.closest("#column-scheduled")`)
	p.key(kb.ArrowLeft)
	p.until("the column before", `return !!document.activeElement.closest("#column-requested")`)

	// to Scheduled
	p.tabTo("Move to… " + first)
	p.key("\r")
	p.see("Move "+first, "With a day and time.")
	p.audit("board move")
	p.tabTo("Scheduled")
	p.key("\r")
	p.see("Schedule " + first)
	p.until("the focus in the next step", `return !!document.activeElement.closest("#move-place select")`)
	p.tabTo("Technician")
	p.key("Dana")
	p.tabTo("Day")
	_, err := eval[bool](p, `document.querySelector("#f-date").value = a; return true`, "")
	p.must(err)
	p.key("11")
	day, err := eval[string](p, `const d = new Date(Date.now() + 9 * 864e5); return [d.getMonth() + 1, d.getDate()].map((n) => String(n).padStart(2, "0")).join("") + d.getFullYear()`)
	p.must(err)
	p.key(kb.ArrowLeft + day)
	p.tabTo("8–12")
	p.key("\r")
	p.until("the preset", `return document.querySelector("#f-from")?.value === "08:00" && document.querySelector("#f-until").value === "12:00"`)
	p.until("the day", `return document.querySelector(".technician-day")?.innerText.includes("Dana")`)
	p.audit("board schedule")
	p.tabTo("Schedule")
	p.key("\r")
	p.heard("Work order " + first + " is scheduled for")
	p.column(first, "scheduled")
	p.until("the focus on the card", `return document.activeElement?.id === "open-" + a && !document.querySelector("dialog[open]")`, first)

	// what is typed survives what others do meanwhile
	second := s.asks(t, cookie, "The attic siren again")
	p.column(second, "requested")
	p.tabTo("Move to… " + first)
	p.key("\r")
	p.tabTo("Cancelled")
	p.key("\r")
	p.tabTo("Reason")
	p.key("Half a rea")
	third := s.asks(t, cookie, "A third one about the attic")
	p.key("son")
	p.until("the reason", `return document.querySelector("#f-reason").value === "Half a reason"`)
	p.key("\x1b") // Escape leaves it
	p.column(third, "requested")
	p.until("no dialog", `return !document.querySelector("dialog[open]")`)

	// cancelled with a reason, refused without
	p.tabTo("Move to… " + third)
	p.key("\r")
	p.tabTo("Cancelled")
	p.key("\r")
	p.tabTo("Cancel work order")
	p.key("\r")
	p.see("Say why; the customer is told")
	p.audit("board cancel refused")
	p.tabTo("Reason")
	p.key("We spoke on the phone")
	p.tabTo("Cancel work order")
	p.key("\r")
	p.heard("is cancelled")
	p.until("the card to go", `return !document.getElementById("card-" + a)`, third)

	// a duplicate
	p.visit("/office/workorders/" + second)
	p.see("Is it a duplicate?", first)
	p.audit("work order")
	p.tabTo(first)
	p.key(" ")
	p.tabTo("Merge into the chosen one")
	p.next(func() { p.key("\r") })
	p.see(second+" is merged into this one", "The attic siren again", "on "+second)
	p.audit("work order merged")
	p.tabTo("New note")
	p.key("Ladder is in the garage")
	p.tabTo("Save internal note")
	p.next(func() { p.key("\r") })
	p.see("The internal note is saved", "Ladder is in the garage")

	// the customer's page of the duplicate leads to the other
	_, page := s.get(t, "/workorders/"+second, "Cookie", cookie)
	if !strings.Contains(string(page), `href="/workorders/`+first+`"`) || strings.Contains(string(page), "Ladder") {
		t.Errorf("the customer's page of the duplicate:\n%s", page)
	}

	// the other pages
	p.visit("/office/workorders/list?sort=window")
	p.see("All work orders")
	p.audit("work order list")
	p.visit("/office/workorders/" + first + "/edit")
	p.audit("work order place")
	p.visit("/office/workorders/" + first + "/work")
	p.audit("work order work")
	p.visit("/office/workorders/new")
	p.fill("Who is it for?", s.Guide.Customers[0].Number)
	p.see("1 customer")
	p.audit("work order who")
	p.follow(s.Guide.Customers[0].Name)
	p.see("Open for this customer already:", first)
	p.fill("Site and system", "Home")
	p.fill("What is it about", "Wants a second keypad")
	p.press("Schedule it at once")
	p.see("Technician")
	p.audit("work order new")
	p.press("Schedule it at once")
	p.follow("Save work order")
	p.see("Made. The customer is mailed the confirmation.", "Wants a second keypad")
}

// TestJourneyDispatchInOrder holds back what the board reads after a first change
// until a second one has been told of: the older answer does not take away what
// the newer one brought.
func TestJourneyDispatchInOrder(t *testing.T) {
	s := newSite(t)
	p := newPerson(t, s, desk)
	p.staff()
	p.visit("/office/workorders")
	p.see("Work orders")
	_, err := eval[bool](p, `
		window.asked = window.swapped = 0;
		const ask = window.fetch;
		let second;
		const told = new Promise((done) => { second = done; });
		window.fetch = async (...what) => {
			if (!what[1]?.headers?.["X-Follow"]) return ask(...what);
			const first = ++window.asked === 1;
			const answer = await ask(...what);
			if (!first) setTimeout(second, 500); // once it is shown
			else await Promise.race([told, new Promise((done) => setTimeout(done, 3000))]);
			return answer;
		};
		document.addEventListener("htmx:after:swap", () => window.swapped++);
		return true`)
	p.must(err)
	cookie := s.logIn(t, s.Guide.Customers[0].Email, s.Guide.Customers[0].Password)
	first := s.asks(t, cookie, "The siren in the attic whistles")
	p.until("the first reading", `return window.asked > 0`)
	second := s.asks(t, cookie, "The attic siren again")
	p.until("both readings", `return window.swapped > 1`)
	for _, number := range []string{first, second} {
		if there, err := eval[bool](p, `return !!document.getElementById("card-" + a)`, number); err != nil || !there {
			t.Errorf("%s was asked for, and is not on the board (%v)", number, err)
		}
	}
}

// TestJourneyDispatchByMouse carries a card to another column.
func TestJourneyDispatchByMouse(t *testing.T) {
	s := newSite(t)
	p := newPerson(t, s, desk)
	p.staff()
	cookie := s.logIn(t, s.Guide.Customers[0].Email, s.Guide.Customers[0].Password)
	number := s.asks(t, cookie, "The siren in the attic whistles")
	p.visit("/office/workorders")
	p.column(number, "requested")
	carry := func(to string) {
		t.Helper()
		type ways struct{ From, To point }
		w, err := eval[ways](p, `
			document.getElementById("card-" + a).scrollIntoView({block: "center"});
			const [c, d] = [document.querySelector("#card-" + a + " .work-title"), document.querySelector("#column-" + b + " h2")].map((e) => e.getBoundingClientRect());
			return {From: {X: c.x + 20, Y: c.y + 5}, To: {X: d.x + d.width / 2, Y: Math.min(Math.max(d.y + 40, 40), innerHeight - 40)}}`, number, to)
		p.must(err)
		mouse := func(kind input.DispatchMouseEventType, at point, buttons int64) {
			_, err := chromedp.Call(p.ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: at.X, Y: at.Y, Button: input.MouseButtonLeft, Buttons: buttons, ClickCount: 1})
			p.must(err)
		}
		mouse(input.DispatchMouseEventTypeMousePressed, w.From, 1)
		mouse(input.DispatchMouseEventTypeMouseMoved, point{X: w.From.X + 20, Y: w.From.Y + 5}, 1)
		mouse(input.DispatchMouseEventTypeMouseMoved, w.To, 1)
		p.picture("carried to " + to)
		mouse(input.DispatchMouseEventTypeMouseReleased, w.To, 0)
	}
	// a column that it cannot go to takes nothing
	carry("arrived")
	p.until("nothing", `return !document.querySelector(".lifted, .over, .dragging, .closed-to") && !!document.querySelector("#column-requested #card-" + a)`, number)
	left, err := eval[string](p, `return [...document.querySelectorAll("[style]")].map((e) => (e.getAttribute("style") + " " + e.outerHTML.slice(0, 60))).join("\n")`)
	p.must(err)
	if left != "" {
		t.Errorf("left behind: %s", left)
	}
	// one that needs more asks for it
	carry("scheduled")
	p.see("Schedule " + number)
	p.fill("Technician", "Dana")
	day, err := eval[string](p, `const d = new Date(Date.now() + 9 * 864e5); return [d.getFullYear(), d.getMonth() + 1, d.getDate()].map((n) => String(n).padStart(2, "0")).join("-")`)
	p.must(err)
	_, err = eval[bool](p, `const e = document.querySelector("#f-date"); e.value = a; e.dispatchEvent(new Event("change", {bubbles: true})); return true`, day)
	p.must(err)
	p.until("the day", `return document.querySelector(".technician-day")?.innerText.includes("Dana")`)
	p.press("10–12")
	p.until("the preset", `return document.querySelector("#f-from")?.value === "10:00"`)
	p.press("Schedule")
	p.column(number, "scheduled")
	// one that needs nothing takes it at once
	carry("dispatched")
	p.column(number, "dispatched")
	p.heard("is dispatched")
	p.visit("/office/workorders/" + number)
	p.see("Dispatched", "Dana")
}

// TestJourneyDispatchOnAPhone looks at the board by a finger: one column at a time.
func TestJourneyDispatchOnAPhone(t *testing.T) {
	p := newPerson(t, newSite(t), phone)
	p.staff()
	p.visit("/office/workorders")
	p.see("Requested")
	p.audit("board")
	p.press("Scheduled")
	p.until("the other column", `const c = [...document.querySelectorAll(".board-column")].filter((e) => e.checkVisibility()); return c.length === 1 && c[0].dataset.state === "scheduled"`)
	p.audit("board scheduled")
	p.press("Move to…")
	p.see("Leave it")
	p.audit("board move")
	p.press("Scheduled…")
	p.see("Another appointment for")
	p.audit("board schedule")
	p.press("Leave it")
	p.until("no dialog", `return !document.querySelector("dialog[open]")`)
	p.follow("W-")
	p.see("History")
	p.audit("work order")
	p.visit("/office/workorders/list")
	p.audit("work order list")
}
