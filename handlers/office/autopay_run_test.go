package office_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// work lets auto pay and the payment engine do what is to be done.
func (d *till) work() {
	d.Helper()
	must(d, d.auto.Run(d.Context()))
	must(d, d.pay.Settle(d.Context()))
	must(d, d.auto.Run(d.Context()))
}

func TestRunByHand(t *testing.T) {
	for way, headers := range ways {
		t.Run(way, func(t *testing.T) {
			d := planned(t)
			says(t, d.page("billing", "/office/autopay/run"), "Nothing is due today. The next payments are taken on Dec 1, 2026.")
			w := d.send("billing", "/office/autopay/run", url.Values{}, headers...)
			d.done(w, "/office/autopay")
			d.clock.Set(time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)) // five in the morning
			d.exec(`UPDATE methods SET exp_year = 2026, exp_month = 10 WHERE customer_id = ?`, d.customer[1])
			doc := d.page("billing", "/office/autopay")
			if href, _ := doc.Find("a.button:contains('Run now')").Attr("href"); href != "/office/autopay/run" {
				t.Errorf("run now leads to %q", href)
			}
			hides(t, d.page("sales", "/office/autopay"), "Run now")
			doc = d.page("billing", "/office/autopay/run")
			says(t, doc, "$80.00", "1 customer whose day has come", "1 more customer will fail", "Take $80.00 now")
			if n := d.count(`SELECT count(*) FROM payments`); n != 0 {
				t.Fatalf("looking made %d payments", n)
			}
			w = d.send("billing", "/office/autopay/run", url.Values{"decision": {"take"}}, headers...)
			at := w.Header().Get("Location") + w.Header().Get("HX-Redirect")
			if !strings.HasPrefix(at, "/office/autopay/runs/") {
				t.Fatalf("%d to %q", w.Code, at)
			}
			// a second press is shown the same run
			d.done(d.send("owner", "/office/autopay/run", url.Values{"decision": {"take"}}, headers...), at)
			doc = d.page("sales", at)
			says(t, doc, "Being planned", "The page follows by itself")
			if trigger, _ := doc.Find("#run").Attr("hx-trigger"); trigger != "every 2s" || doc.Find("#run [role=status]").Length() != 1 {
				t.Errorf("the page does not follow: %q", trigger)
			}
			says(t, d.page("billing", "/office/autopay/run"), "A run is at work already.")
			d.work()
			part := d.parse(d.send("sales", at, nil, htmx...), 200)
			says(t, part, "Succeeded", "$80.00", "Could not be charged", "Acme <xpr0be> Corp", "expired at the end of 10/2026")
			if part.Find("html head title").Length() != 0 {
				t.Error("the whole page came instead of the part")
			}
			says(t, d.page("sales", at+"?show=taken"), "Zoë O'Neil", "Received")
			says(t, d.page("sales", at+"?show=idle&after=99999"), "Nobody is in this list")
			if doc := d.page("sales", at); doc.Find("form[method=post] button:contains('Retry')").Length() != 0 {
				t.Error("sales may try again")
			}
			if sum, n := d.sandbox.Taken(""); sum != 8000 || n != 1 {
				t.Errorf("%s in %d charges", sum, n)
			}

			// another try of the one that failed, after the card was replaced
			again := d.page("billing", at).Find("form button:contains('Retry')").Parent()
			action, _ := again.Attr("action")
			form := url.Values{}
			again.Find("input").Each(func(_ int, in *goquery.Selection) { v, _ := in.Attr("value"); n, _ := in.Attr("name"); form.Set(n, v) })
			d.done(d.send("billing", action, form, headers...), at)
			says(t, d.page("billing", "/office/customers/1043/autopay"), "expired at the end of 10/2026")
			d.exec(`UPDATE methods SET exp_year = 2030 WHERE customer_id = ?`, d.customer[1])
			d.clock.Advance(3 * time.Hour) // after six
			d.done(d.send("billing", action, form, headers...), at)
			d.work()
			if sum, n := d.sandbox.Taken(""); sum != 10500 || n != 2 {
				t.Errorf("%s in %d charges", sum, n)
			}
			says(t, d.page("sales", "/office/customers/1043/autopay"), "Months", "Paid", "$25.00")
			says(t, d.page("sales", "/office/autopay/runs"), "Auto Pay of Dec 1, 2026", "Finished")
			if w := d.send("sales", "/office/autopay/runs/999", nil); w.Code != 404 {
				t.Errorf("a run that is not: %d", w.Code)
			}
		})
	}
}

func TestLateRunAsks(t *testing.T) {
	for _, decision := range []string{"take", "skip"} {
		d := planned(t)
		d.clock.Set(time.Date(2026, 12, 9, 15, 0, 0, 0, time.UTC)) // the portal was off for eight days
		d.exec(`UPDATE methods SET exp_year = 2030`)
		d.work()
		if n := d.count(`SELECT count(*) FROM payments`); n != 0 {
			t.Fatalf("taken without asking: %d", n)
		}
		doc := d.page("owner", "/office")
		says(t, doc, "Auto Pay is late: $105.00", "Take it now or skip it?")
		hides(t, d.page("service", "/office"), "Auto Pay is late")
		at, _ := d.page("billing", "/office/autopay").Find("a.button:contains('Take it or skip it')").Attr("href")
		says(t, d.page("billing", at), "$105.00", "more than five days late")
		if w := d.send("billing", at, url.Values{"decision": {"perhaps"}}); w.Code != 404 {
			t.Errorf("no decision: %d", w.Code)
		}
		for range 2 {
			if w := d.send("billing", at, url.Values{"decision": {decision}}); w.Code != 303 {
				t.Errorf("%s: %d", decision, w.Code)
			}
		}
		d.work()
		want := map[string]int64{"take": 2, "skip": 0}[decision]
		if _, n := d.sandbox.Taken(""); int64(n) != want {
			t.Errorf("%s: %d charges", decision, n)
		}
		hides(t, d.page("owner", "/office"), "Auto Pay is late")
	}
}

func TestAutoPayNeedsAndSettings(t *testing.T) {
	d := planned(t)
	d.done(d.send("billing", "/office/autopay/hold", url.Values{"hold_reason": {"the bank is closed"}}), "/office/autopay")
	says(t, d.page("billing", "/office"), "Auto Pay is on hold", "the bank is closed")
	d.exec(`INSERT INTO auto_pay_runs (id, kind, state, run_date, trouble, started_at, stopped_at) VALUES (77, 'daily', 'stopped', '2026-11-15', 'The processor does not know the key.', 1, 1)`)
	says(t, d.page("billing", "/office"), "Auto Pay stopped", "The processor does not know the key.")
	doc := d.page("billing", "/office/autopay/runs/77")
	says(t, doc, "Stopped", "The processor does not know the key.", "Resume")
	says(t, d.page("billing", "/office/autopay/run"), "Resume Auto Pay of Nov 15, 2026", "0 payments are still to be sent")
	says(t, d.page("owner", "/office/settings"), "Every day at six in the morning", "It takes", "Use credit on the account first")
	d.done(d.send("owner", "/office/settings/autopay", url.Values{"autopay.takes": {"all"}, "autopay.credit_first": {"no"}}), "/office/settings#autopay")
	if w := d.send("owner", "/office/settings/autopay", url.Values{"autopay.takes": {"everything"}}); w.Code != 422 {
		t.Errorf("%d", w.Code)
	}
}

// The report on auto pay, as a page, a part of it and a file.
func TestAutoPayHealth(t *testing.T) {
	d := planned(t)
	d.clock.Set(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)) // seven in the morning
	d.work()
	const address = "/office/accounting/reports/autopay"
	doc := d.page("billing", address)
	tells(t, doc, "December 2026 2 1 2 1 0 0 1 $80.00 0.0 %", "January 2026 0 0 0 0 0 0 0 $0.00 0.0 %", "Total  1 2 1 0 0 1 $80.00 76.1 %", "Not tried|December 2026 1|Total 1")
	if bars := doc.Find("figure.chart li"); bars.Length() != 12 || bars.Last().Text() != "Dec 2026$80.00" ||
		bars.Last().Find("rect").AttrOr("width", "") != "100" || doc.Find("main [style]").Length() != 0 {
		t.Errorf("the chart: %d bars, the last %q", bars.Length(), bars.Last().Text())
	}
	// all five reports stand together, for whoever may see them
	var links []string
	doc.Find("nav[aria-label=Accounting] a").Each(func(_ int, a *goquery.Selection) { links = append(links, a.AttrOr("href", "")) })
	for _, want := range []string{"/office/accounting/reports/aging", "/office/accounting/reports/cash", "/office/billing/revenue", address, "/office/accounting/reports/tax"} {
		if !slices.Contains(links, want) {
			t.Errorf("no link to %s in %v", want, links)
		}
		d.page("billing", want)
	}
	if got := doc.Find("nav[aria-label=Accounting] a[aria-current=page]").Text(); got != "Auto Pay health" {
		t.Errorf("%q is marked", got)
	}
	part := d.parse(d.send("billing", address, nil, htmx...), 200)
	says(t, part, "Why payments failed")
	if part.Find("#report").Length() != 1 || part.Find("h1").Length() != 0 {
		t.Error("the whole page came instead of the part")
	}
	w := d.send("billing", address+".csv", nil)
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(w.Header().Get("Content-Disposition"), "auto-pay-health-2026-12.csv") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, want := range []string{`"Month","Customers on auto pay","Runs","Planned","Taken","Recovered by a retry","Under way","Failed","Failed: Not enough money"`, `"2026-12","2","1","2","1","0","0","1","0","0","0","0","0","1","0","0","80.00","0.00","0.00","0.0"`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %s in\n%s", want, w.Body)
		}
	}
	if n := d.count(`SELECT count(*) FROM audit WHERE action = 'accounting.download' AND object LIKE 'auto-pay-health%'`); n != 1 {
		t.Errorf("%d downloads are recorded", n)
	}
	for _, role := range []string{"sales", "technician"} {
		for _, file := range []string{"", ".csv"} {
			if w := d.send(role, address+file, nil); w.Code != 403 {
				t.Errorf("%s%s for %s: %d", address, file, role, w.Code)
			}
		}
	}
	// before anybody was on it
	says(t, newTill(t).page("billing", address), "Nobody has been on Auto Pay in the last twelve months.")
}
