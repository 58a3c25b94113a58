package main

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// modes runs a journey at the desk and on a phone.
func modes(t *testing.T, journey func(p *person)) {
	for _, m := range []mode{desk, phone} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			journey(newPerson(t, newSite(t), m))
		})
	}
}

func TestJourneyMistypedAddress(t *testing.T) {
	modes(t, func(p *person) {
		p.visit("/no-such-page")
		p.see("There is no such page here.")
		p.audit("not found")
		p.visit("/demo")
		p.see("The demonstration")
		p.audit("demonstration")
		p.visit("/demo/mail")
		p.see("Mailbox")
		p.audit("mailbox")
	})
}

// TestJourneyAuditSees breaks a page in each way that audit looks for: a check
// that finds nothing wrong with that would be none.
func TestJourneyAuditSees(t *testing.T) {
	p := newPerson(t, newSite(t), phone)
	p.visit("/no-such-page")
	p.see("There is no such page here.")
	breaks := map[string]string{
		"image-alt":              `document.querySelector("main").append(new Image())`,
		"label":                  `document.querySelector("main").append(document.createElement("textarea"))`,
		"color-contrast":         `document.querySelector("main p").style.color = "#555"`,
		"2 h1":                   `document.querySelector("main").append(Object.assign(document.createElement("h1"), {textContent: "again"}))`,
		"the title x":            `document.title = "x"`,
		"the id main twice":      `document.querySelector("footer").id = "main"`,
		"kept in the browser":    `sessionStorage.setItem("a", "b")`,
		"for a finger: small":    `const b = document.createElement("button"); b.textContent = "small"; b.style.cssText = "min-height:0;height:20px;padding:0"; document.querySelector("main").append(b)`,
		"500 pixels wide at 320": `const d = document.createElement("div"); d.style.width = d.style.height = "500px"; document.body.append(d)`,
		"against its border":     `const d = document.createElement("p"); d.textContent = "close"; d.style.cssText = "border:1px solid;padding:0"; document.querySelector("main").append(d)`,
		"a style attribute":      `document.body.setAttribute("style", "margin:0")`,
	}
	for want, script := range breaks {
		p.visit("/no-such-page")
		if _, err := eval[bool](p, "sessionStorage.clear();"+script+"; return true"); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(p.faults(), "\n"); !strings.Contains(got, want) {
			t.Errorf("%s was not seen, only:\n%s", want, got)
		}
	}
	// the style attribute was refused, too
	p.mu.Lock()
	p.trouble = nil
	p.mu.Unlock()
	if _, err := eval[bool](p, `console.error("boo"); const s = document.createElement("script"); s.textContent = "1"; document.head.append(s); return true`); err != nil {
		t.Fatal(err)
	}
	p.until("the console", "return true")
	p.mu.Lock()
	heard := strings.Join(p.trouble, "\n")
	p.trouble = nil
	p.mu.Unlock()
	if !strings.Contains(heard, "boo") || !strings.Contains(heard, "Content Security Policy") {
		t.Errorf("the console was not heard: %s", heard)
	}
}

// TestJourneyTrouble: without a connection the page says so, and what was typed
// and chosen stays.
func TestJourneyTrouble(t *testing.T) {
	p := newPerson(t, newSite(t), desk)
	p.customer("past due")
	p.follow("Pay It")
	p.see("Amount Applied")
	offline := func(yes bool) {
		_, err := chromedp.Call(p.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{URLPattern: "", DownloadThroughput: -1, UploadThroughput: -1, Offline: yes}},
		})
		p.must(err)
	}
	offline(true)
	p.press("No, pay invoice")
	p.see("We could not reach the portal")
	p.mu.Lock()
	p.trouble = nil // the browser and htmx say so, too
	p.mu.Unlock()
	p.audit("no connection")
	offline(false)
	p.press("No, pay invoice")
	p.until("the sum over three", `return document.querySelectorAll("#pay-form button[aria-pressed=true]").length === 3`)
}
