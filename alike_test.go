package main

import (
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// filledIn is what a browser is told to fill into a field of that name, so that
// nobody types twice what the browser knows (WCAG 1.3.5).
var filledIn = map[string]string{
	"username": "username", "current": "current-password", "confirm": "new-password", "first_name": "given-name", "last_name": "family-name",
	"zip": "postal-code", "address1": "address-line1", "address2": "address-line2", "code": "one-time-code", "phone": "tel", "email": "email",
}

// TestEveryPageIsBuiltAlike holds every page that can be walked to, to what people
// who do not see it or use no mouse count on.
func TestEveryPageIsBuiltAlike(t *testing.T) {
	s := copiedDemo(t)
	cmd, _ := s.serve(t)
	pages := s.walk(t, "", nothing, "/login", "/register", "/password/forgot", "/register/done", "/register/asked")
	pages = append(pages, s.walk(t, s.logIn(t, s.Guide.Customers[0].Email, s.Guide.Customers[0].Password), nothing, "/?paid=1", "/pay", "/methods/new?kind=card", "/methods/new?kind=echeck", "/account", "/contact/edit")...)
	pages = append(pages, s.walk(t, s.owner(t), nothing, "/office", "/office/customers?q=a")...)
	stop(t, cmd)

	titles, fields, tables := map[string]string{}, map[string]bool{}, 0
	for _, p := range pages {
		bad := func(what string) { t.Errorf("%s: %s", p.path, what) }
		one := func(selector string) *goquery.Selection {
			found := p.doc.Find(selector)
			if found.Length() != 1 {
				bad(selector + " is not there once")
			}
			return found
		}
		one("html[lang=en]")
		one("h1")
		one("main#main")
		one("body > header")
		footer := one("body > footer")
		if p.doc.Find("body a").First().AttrOr("href", "") != "#main" {
			bad("the first link does not skip to the content")
		}
		if footer.Find(`a[href^="tel:"]`).Length() == 0 {
			bad("the dealer's phone is not at the foot")
		}
		kind := numbered.ReplaceAllString(strings.Split(p.path, "?")[0], "#")
		area, _, _ := strings.Cut(strings.TrimPrefix(p.path, "/"), "/")
		if area != "office" {
			area = "portal" // nobody sees both
		}
		title := area + ": " + numbered.ReplaceAllString(p.doc.Find("title").Text(), "#")
		if other, there := titles[title]; there && other != kind {
			bad("has the title of " + other + ": " + title)
		}
		titles[title] = kind
		if n := p.doc.Find("[style], [onclick], [onsubmit], [onchange], script:not([src]), [tabindex]:not([tabindex='0']):not([tabindex='-1'])").Length(); n > 0 {
			bad("inline style or script, or an order of its own")
		}
		p.doc.Find("table").Each(func(_ int, e *goquery.Selection) {
			tables++
			if strings.TrimSpace(e.Find("caption").Text()) == "" && e.AttrOr("aria-label", e.AttrOr("aria-labelledby", "")) == "" {
				bad("a table without a caption: " + words(e))
			}
			e.Find("th").Each(func(_ int, h *goquery.Selection) {
				if scope := h.AttrOr("scope", ""); scope != "col" && scope != "row" {
					bad("a heading without a scope: " + words(h))
				}
			})
		})
		p.doc.Find("button").Each(func(_ int, e *goquery.Selection) {
			if kind := e.AttrOr("type", ""); kind != "submit" && kind != "button" {
				bad("a button of no type: " + words(e))
			}
			if words(e) == "" && e.AttrOr("aria-label", "") == "" {
				bad("a button without a name")
			}
		})
		p.doc.Find("input:not([type=hidden]), select, textarea").Each(func(_ int, e *goquery.Selection) {
			name, id := e.AttrOr("name", ""), e.AttrOr("id", "")
			if e.AttrOr("aria-label", "") == "" && e.Closest("label").Length() == 0 && (id == "" || p.doc.Find("label[for='"+id+"']").Length() == 0) {
				bad("the field " + name + " has no label")
			}
			token := e.AttrOr("autocomplete", "")
			if e.AttrOr("type", "") == "password" && token != "current-password" && token != "new-password" {
				bad("the password " + name + " says " + token)
			}
			// in the office somebody else's name would be filled in
			if want := filledIn[name]; want != "" && !strings.HasPrefix(p.path, "/office") && e.AttrOr("type", "text") != "hidden" {
				fields[name] = true
				if strings.TrimPrefix(token, "billing ") != want {
					bad("the field " + name + " says " + token + ", not " + want)
				}
			}
			for _, described := range strings.Fields(e.AttrOr("aria-describedby", "")) {
				if p.doc.Find("[id='"+described+"']").Length() != 1 {
					bad("the field " + name + " is described by " + described + ", which is not there")
				}
			}
		})
		p.doc.Find("a[target=_blank]").Each(func(_ int, e *goquery.Selection) {
			if !strings.Contains(e.AttrOr("rel", ""), "noopener") {
				bad("a link opens a window that can reach back: " + words(e))
			}
		})
		if p.doc.Find("[aria-sort]").Length() == 0 && p.doc.Find("th a[href*=sort], th button").Length() > 0 {
			bad("a table is sorted without saying so")
		}
	}
	if len(pages) < 45 || tables < 20 || len(fields) < 8 {
		t.Errorf("only %d pages, %d tables and the fields %v were met", len(pages), tables, fields)
	}
	// the sum is a live region before anything changes it
	for _, p := range pages {
		if p.path == "/pay" && p.doc.Find("output#pay-sum, [role=status] #pay-sum, #pay-sum[role=status], [aria-live] #pay-sum").Length() != 1 {
			t.Error("nobody is told of a new sum")
		}
	}
}

// words is the text of an element with single spaces.
func words(e *goquery.Selection) string { return strings.Join(strings.Fields(e.Text()), " ") }
