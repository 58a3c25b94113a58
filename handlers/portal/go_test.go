package portal_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/calendar"
)

// The way to a processor's page that must be posted to.
func TestGoOnToThePaymentPage(t *testing.T) {
	s := newScreens(t, dbtest.New(t)).fill()
	put := func(key string, ends calendar.Instant) {
		t.Helper()
		s.write(func(q *db.Queries) error {
			return q.AddPageForm(t.Context(), db.AddPageFormParams{Key: key, Url: "https://test.authorize.net/payment/payment",
				Fields: url.Values{"token": {`+/= "<b>`}}.Encode(), Back: "/pay/return?payment=4F7K9-QXT2B&back=1", EndsAt: ends})
		})
	}
	fresh, old := strings.Repeat("a", 32), strings.Repeat("b", 32)
	put(fresh, calendar.InstantOf(s.clock.Now())+1)
	put(old, calendar.InstantOf(s.clock.Now()))

	// whoever has the address: the customer, another one, a guest by a pay link
	for _, who := range []int{0, 1, -1} {
		w := s.get(who, "/go/"+fresh)
		doc, err := goquery.NewDocumentFromReader(w.Body)
		must(t, err)
		form := doc.Find("form[data-send]")
		if w.Code != http.StatusOK || form.AttrOr("action", "") != "https://test.authorize.net/payment/payment" || form.AttrOr("method", "") != "post" {
			t.Fatalf("%d %s", w.Code, doc.Text())
		}
		if input := form.Find("input"); input.Length() != 1 || input.AttrOr("name", "") != "token" || input.AttrOr("value", "") != `+/= "<b>` || form.Find("button").Length() != 1 {
			t.Errorf("the form holds %s", form.Text())
		}
		if w.Header().Get("Referrer-Policy") != "strict-origin" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", w.Header())
		}
	}
	w := s.get(0, "/go/"+old)
	doc, err := goquery.NewDocumentFromReader(w.Body)
	must(t, err)
	if w.Code != http.StatusGone || doc.Find("form[data-send], [value]").Length() != 0 || doc.Find("main a.button").AttrOr("href", "") != "/pay/return?payment=4F7K9-QXT2B&back=1" {
		t.Errorf("after its time: %d %s", w.Code, doc.Text())
	}
	if w := s.get(0, "/go/"+strings.Repeat("c", 32)); w.Code != http.StatusNotFound {
		t.Errorf("an address nobody was given: %d", w.Code)
	}
}
