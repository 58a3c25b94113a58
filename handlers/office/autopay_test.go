package office_test

import (
	"encoding/csv"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"customerportal/internal/money"
)

// planned is a desk with two customers who pay by auto pay: one whose card is
// good, and one whose card has expired.
func planned(t *testing.T) *till {
	t.Helper()
	d := newTill(t)
	for i, total := range []money.Cents{8000, 2500} {
		id := d.card(d.customer[i], "pm_card_visa")
		d.on(d.customer[i], id)
		d.issue(d.customer[i], "70"+strconv.Itoa(i), "2026-12-01", total)
	}
	d.exec(`UPDATE methods SET exp_year = 2026, exp_month = 11 WHERE customer_id = ?`, d.customer[1])
	return d
}

func TestThePlan(t *testing.T) {
	d := planned(t)
	doc := d.page("sales", "/office/autopay")
	says(t, doc, "Dec 1, 2026", "$80.00", "of 1 customer", "Zoë O'Neil #A/10 42", "Will be taken", "Acme <xpr0be> Corp", "Will fail", "expired at the end of 11/2026", "Credit Card, 1",
		"1: Card or bank account that cannot be charged, $25.00", "Cards that expire", "2 customers, $80.00 will be taken", "Page 1 of 1")
	if doc.Find("main form[method=post]").Length() != 0 {
		t.Error("sales may act")
	}
	for show, want := range map[string][2]string{"fail": {"Acme", "Zoë"}, "take": {"Zoë", "Acme"}, "held": {"Nobody in the plan is like that", "Zoë"}, "nothing": {"Nobody in the plan", "Acme"}} {
		got := d.parse(d.send("billing", "/office/autopay?show="+show, nil, htmx...), 200)
		says(t, got, want[0])
		hides(t, got, want[1])
	}
	for query, want := range map[string]string{"zo": "1 customer,", "1043 visa": "1 customer,", "nobody": "0 customers", "4242": "2 customers"} {
		says(t, d.parse(d.send("billing", "/office/autopay?q="+url.QueryEscape(query), nil, htmx...), 200), want)
	}
	for _, odd := range []string{"?page=99", "?page=-1", "?page=x", "?day=x", "?show=x", "?day=2030-01-01", "?day=all&page=2"} {
		d.page("billing", "/office/autopay"+odd)
	}
	home := d.page("billing", "/office")
	says(t, home, "Next Auto Pay, Dec 1, 2026", "$80.00", "of 1 customer", "1 customer will fail")
	if home.Find("main a[href='/office/autopay']").Length() != 1 {
		t.Error("no way from the home page to the plan")
	}
	hides(t, d.page("service", "/office"), "Next Auto Pay")
	says(t, d.page("billing", "/office/autopay/cards"), "Acme", "11/2026", "Expires soon", "not yet")

	// on hold, from the plan and back to it
	hold, _ := d.page("billing", "/office/autopay?show=take").Find("#plan td .actions a").Attr("href")
	if !strings.HasPrefix(hold, d.path+"/autopay?back=") {
		t.Fatalf("hold leads to %q", hold)
	}
	back, _ := d.page("billing", hold).Find("#hold-form input[name=back]").Attr("value")
	if back == "" {
		t.Error("the form does not know the way back")
	}
	d.done(d.send("billing", d.path+"/autopay/hold", url.Values{"hold_reason": {"asked to wait"}, "back": {back}}), back)
	doc = d.page("billing", "/office/autopay?day=all&show=held")
	says(t, doc, "Zoë", "asked to wait", "Release")
	says(t, d.page("billing", "/office"), "Next Auto Pay", "Nothing is to be taken.")

	r := httptest.NewRequest(http.MethodGet, "/office/autopay.csv?day=all", nil)
	r.Host = "portal.example"
	r.Header.Set("X-Role", "sales")
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(w.Body.String(), "\ufeff"))).ReadAll()
	must(t, err)
	if len(rows) != 3 || rows[1][2] != "Acme <xpr0be> Corp" || rows[1][9] != "Will fail" || rows[2][9] != "On hold" || rows[2][7] != "80.00" {
		t.Errorf("%q", rows)
	}
}

func TestHoldAll(t *testing.T) {
	for way, headers := range ways {
		t.Run(way, func(t *testing.T) {
			d := planned(t)
			says(t, d.parse(d.send("billing", "/office/autopay/hold", url.Values{}, headers...), 422), "Say why")
			d.done(d.send("billing", "/office/autopay/hold", url.Values{"hold_reason": {"the bank is closed"}}, headers...), "/office/autopay")
			doc := d.page("owner", "/office/autopay")
			says(t, doc, "All are on hold: the bank is closed", "Release everybody")
			says(t, d.parse(d.send("owner", "/office/autopay/release", url.Values{"hold_reason": {""}}, headers...), 422), "Say why", "Release all")
			d.done(d.send("owner", "/office/autopay/release", url.Values{"hold_reason": {"open again"}}, headers...), "/office/autopay")
			d.done(d.send("owner", "/office/autopay/release", url.Values{"hold_reason": {"open again"}}, headers...), "/office/autopay")
			doc = d.page("owner", "/office/autopay")
			says(t, doc, "Put everybody on hold")
			hides(t, doc, "All are on hold")
		})
	}
}
