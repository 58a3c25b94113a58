package main

import (
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestJourneyLargeText doubles the letters and spreads them as far as WCAG 1.4.4
// and 1.4.12 ask for: nothing is cut off or hangs out at the side.
func TestJourneyLargeText(t *testing.T) {
	p := newPerson(t, newSite(t), desk)
	look := func(path string) {
		for _, size := range []int64{32, 16} {
			// what a browser's own setting of the letters' size does
			_, err := chromedp.Call(p.ctx, page.SetFontSizes, page.SetFontSizesParams{FontSizes: &page.FontSizes{Standard: size, Fixed: size}})
			p.must(err)
			p.visit(path)
			spread := `return parseFloat(getComputedStyle(document.body).fontSize)`
			if size == 16 {
				spread = `Object.assign(document.body.style, {letterSpacing: "0.12em", wordSpacing: "0.16em", lineHeight: "1.5"}); ` + spread
			}
			if seen, err := eval[float64](p, spread); err != nil || size == 32 && seen < 30 {
				t.Fatalf("letters of %v, %v", seen, err)
			}
			for _, f := range p.overhang(p.mode.width) {
				t.Errorf("%s in letters of %d: %s", path, size, f)
			}
			cut, err := eval[[]string](p, `
				return [...document.querySelectorAll("main *, header *, footer *")].filter((e) => {
					const s = getComputedStyle(e);
					return e.checkVisibility() && e.innerText && e.clientWidth > 2 && s.overflow !== "visible" && s.overflow !== "auto" && s.overflow !== "scroll" && s.overflowX !== "auto" &&
						(e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1) && e.localName !== "input";
				}).map((e) => e.outerHTML.slice(0, 120))`)
			p.must(err)
			for _, e := range cut {
				t.Errorf("%s in letters of %d: cut off: %s", path, size, e)
			}
		}
	}
	for _, path := range []string{"/login", "/register"} {
		look(path)
	}
	p.customer("past due")
	for _, path := range []string{"/?paid=1", "/pay", "/methods", "/methods/new?kind=card", "/payments", "/account", "/contact/edit"} {
		look(path)
	}
}
