package portal_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// The maximum per month stands in the text that is agreed to, whether script
// fetches it while it is typed or the form comes back with it.
func TestMaximumPerMonth(t *testing.T) {
	for _, htmx := range []bool{false, true} {
		s, cards := paying(t)
		auto := "/methods/" + cards[0] + "/auto"
		v := form(page(t, s.get(0, auto), http.StatusOK))
		if v.Get("cap") != "" {
			t.Errorf("a maximum is filled in: %q", v.Get("cap"))
		}
		v.Set("auto", "1")
		for _, c := range [][2]string{{"ten", "Maximum per month:"}, {"0", "Maximum per month: at least $1.00"}, {"25.5", "never more than $25.50 in one month"}} {
			typed, want := c[0], c[1]
			v.Set("cap", typed)
			doc := page(t, s.post(0, auto, v, htmx), http.StatusUnprocessableEntity)
			if got := text(doc.Find("#e-cap")); !strings.Contains(got, want) {
				t.Errorf("%q: %s", typed, got)
			}
			again := form(doc)
			if again.Get("cap") != typed || again.Get("auto") != "1" || text(doc.Find(".error-summary")) == "" {
				t.Errorf("%q is not kept: %v", typed, again)
			}
			if typed == "25.5" {
				if got := text(doc.Find("#consent-text")); !strings.Contains(got, "Never more than $25.50 in one month.") {
					t.Errorf("%s", got)
				}
				v = again
			}
		}
		if w := s.post(0, auto, v, htmx); w.Code != http.StatusSeeOther && w.Header().Get("HX-Redirect") != "/methods" {
			t.Fatalf("%d\n%s", w.Code, w.Body)
		}
		doc := page(t, s.get(0, "/methods"), http.StatusOK)
		if got := text(doc.Find("main")); !strings.Contains(got, "never more than $25.50 in one month") || !strings.Contains(got, "In force") || named(doc, "Change the maximum").Length() != 1 {
			t.Errorf("%s", got)
		}
		if v := form(page(t, s.get(0, auto), http.StatusOK)); v.Get("cap") != "25.50" {
			t.Errorf("the maximum in force is not filled in: %q", v.Get("cap"))
		}
	}
}

func TestMaximumForANewCard(t *testing.T) {
	s, _ := paying(t)
	v := form(page(t, s.get(0, "/methods/new?kind=card"), http.StatusOK))
	v.Set("cap", "40")
	if w := s.post(0, "/methods", v, false); w.Code != http.StatusSeeOther {
		t.Errorf("not ticked, it does not matter: %d", w.Code)
	}
	v = form(page(t, s.get(0, "/methods/new?kind=card"), http.StatusOK))
	v.Set("auto", "1")
	v.Set("cap", "40")
	doc := page(t, s.post(0, "/methods", v, true), http.StatusUnprocessableEntity)
	if got := text(doc.Find("#consent-text")); !strings.Contains(got, "Never more than $40.00 in one month.") {
		t.Errorf("%s", got)
	}
	if w := s.post(0, "/methods", form(doc), true); !strings.Contains(w.Header().Get("HX-Redirect"), "/sandbox/") {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
}

func TestConsentTextWhileTyping(t *testing.T) {
	s, cards := paying(t)
	address := "/methods/consent?kind=card&id=" + cards[0] + "&cap="
	doc := page(t, s.get(0, address+"12.50", "HX-Request", "true"), http.StatusOK)
	if got := text(doc.Find("#consent-words")); !strings.Contains(got, "Never more than $12.50 in one month.") || !strings.Contains(got, "about $12.50") || doc.Find("[role=status]").Length() != 1 {
		t.Errorf("%s", got)
	}
	doc = page(t, s.get(0, address+"x", "HX-Request", "true"), http.StatusOK)
	if got := text(doc.Find("#consent-words")); !strings.Contains(got, "I set no maximum.") || !strings.Contains(text(doc.Find("[role=status]")), "Maximum per month:") {
		t.Errorf("%s", got)
	}
	if w := s.get(0, address+"1"); w.Code != http.StatusSeeOther {
		t.Errorf("without script: %d", w.Code)
	}
	for _, bad := range []string{"?kind=check&id=0", "?kind=card&id=x", "?kind=card&id=" + cards[1], ""} {
		if w := s.get(0, "/methods/consent"+bad, "HX-Request", "true"); w.Code != http.StatusNotFound {
			t.Errorf("%q: %d", bad, w.Code)
		}
	}
}

func TestAuthorizationPaper(t *testing.T) {
	s, cards := paying(t)
	auto := "/methods/" + cards[0] + "/auto"
	v := form(page(t, s.get(0, auto), http.StatusOK))
	v.Set("auto", "1")
	if w := s.post(0, auto, v, false); w.Code != http.StatusSeeOther {
		t.Fatalf("%d\n%s", w.Code, w.Body)
	}
	href := page(t, s.get(0, "/methods"), http.StatusOK).Find("a[download]").AttrOr("href", "")
	w := s.get(0, href)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/pdf" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment;") ||
		!strings.HasPrefix(w.Body.String(), "%PDF-") {
		t.Errorf("%q: %d %v", href, w.Code, w.Header())
	}
	for _, address := range []string{"/methods/authorizations/2.pdf", "/methods/authorizations/0.pdf", "/methods/authorizations/1", "/methods/authorizations/x.pdf", "/methods/authorizations/" + url.PathEscape("1.pdf ")} {
		if w := s.get(0, address); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", address, w.Code)
		}
	}
	if w := s.get(1, href); w.Code != http.StatusNotFound {
		t.Errorf("another customer's: %d", w.Code)
	}
}
