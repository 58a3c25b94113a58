package main

import (
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestJourneyWorkOrdersNarrow reads every page of work orders on the narrowest
// phone that WCAG 1.4.10 knows with the letters twice as large (1.4.4): nothing
// hangs out at the side.
func TestJourneyWorkOrdersNarrow(t *testing.T) {
	t.Parallel()
	s := copiedDemo(t)
	v := s.sendOut(t)
	startSite(t, s)
	tiny := phone
	tiny.width = 320
	look := func(p *person, paths ...string) {
		p.Helper()
		_, err := chromedp.Call(p.ctx, page.SetFontSizes, page.SetFontSizesParams{FontSizes: &page.FontSizes{Standard: 32, Fixed: 32}})
		p.must(err)
		for _, path := range paths {
			p.visit(path)
			size, err := eval[float64](p, `
				for (const d of document.querySelectorAll("details")) d.open = true;
				return parseFloat(getComputedStyle(document.body).fontSize)`)
			if err != nil || size < 30 {
				t.Fatalf("letters of %v, %v", size, err)
			}
			for _, f := range p.overhang(320) {
				t.Errorf("%s: %s", path, f)
			}
		}
	}
	hrefs := func(p *person, start string) []string {
		p.Helper()
		found, err := eval[[]string](p, `return [...new Set([...document.querySelectorAll("main a")].map((e) => e.getAttribute("href")).filter((h) => h && h.startsWith(a) && !h.includes("?")))]`, start)
		p.must(err)
		if len(found) == 0 {
			t.Fatalf("no page begins with %s", start)
		}
		return found
	}
	customer := newPerson(t, s, tiny)
	customer.customer("two sites")
	look(customer, "/workorders", "/workorders/new")
	customer.visit("/workorders")
	look(customer, hrefs(customer, "/workorders/W-")...)

	technician := newPerson(t, s, tiny)
	technician.technician()
	look(technician, "/office/day", "/office/day/"+v.today[0], "/office/day/"+v.today[0]+"?step=complete")

	office := newPerson(t, s, tiny)
	office.staff()
	look(office, "/office/workorders", "/office/workorders/list", "/office/workorders/new", "/office/day")
	one := "/office/workorders/" + url.PathEscape(v.today[0])
	for _, end := range []string{"", "/move", "/edit", "/work", "/move?to=scheduled", "/move?to=cancelled"} {
		look(office, one+end)
	}
}
