package office_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"customerportal/db"
	"customerportal/internal/billing"
)

// TestRecurringAndBilling adds an item, changes its price, runs a month, ends
// the item and gives the credit, as a plain form and as htmx sends it.
func TestRecurringAndBilling(t *testing.T) {
	for way, headers := range ways {
		t.Run(way, func(t *testing.T) {
			d := newDesk(t)
			at := d.path + "/recurring"
			if doc := d.page("billing", at); !strings.Contains(doc.Text(), "Nothing recurs for this customer yet") {
				t.Errorf("the empty list says %s", doc.Find("main").Text())
			}
			// refused: what was typed stays, each wrong field says why
			form := url.Values{"description": {"Monitoring <xpr0be>"}, "amount": {"45.005"}, "quantity": {"1"}, "cycle_months": {"1"}, "start_date": {"2026-12-01"},
				"prorate": {"yes"}, "arrears": {"advance"}, "taxable": {"yes"}}
			doc := d.parse(d.send("billing", at, form, headers...), 422)
			if v, _ := doc.Find("#f-description").Attr("value"); v != "Monitoring <xpr0be>" || doc.Find("#e-amount").Length() != 1 || doc.Find("#e-reason").Length() != 1 || doc.Find(".error-summary").Length() != 1 {
				t.Errorf("the refused form: %s", doc.Find("form").Text())
			}
			form.Set("amount", "45.00")
			form.Set("reason", "New system")
			d.done(d.send("billing", at, form, headers...), at)
			id := d.count(`SELECT id FROM recurring_items`)
			one := at + "/" + strconv.FormatInt(id, 10)

			d.parse(d.send("billing", one+"/price", url.Values{"price-amount": {"50.00"}, "price-from_date": {"2026-11-30"}, "price-reason": {"Tariff"}}, headers...), 422)
			d.done(d.send("billing", one+"/price", url.Values{"price-amount": {"50.00"}, "price-from_date": {"2026-12-16"}, "price-reason": {"Tariff"}}, headers...), one)

			// the preview and its file say the same
			if text := d.page("billing", "/office/billing?month=2026-12").Find("main").Text(); !strings.Contains(text, "$47.58") || !strings.Contains(text, "15 of 31 days") {
				t.Errorf("the preview: %s", text)
			}
			if w := d.send("billing", "/office/billing/preview.csv?month=2026-12", nil); w.Code != 200 || !strings.Contains(w.Body.String(), "25.81") {
				t.Errorf("the file: %d %s", w.Code, w.Body)
			}
			run := url.Values{"month": {"2026-12"}, "invoice_date": {"2026-11-15"}, "due_date": {"2026-11-14"}, "per": {"customer"}, "mail": {"no"}}
			d.parse(d.send("billing", "/office/billing/run", run, headers...), 422)
			run.Set("due_date", "2026-12-01")
			d.done(d.send("billing", "/office/billing/run", run, headers...), billing.RunPath(1))
			if doc := d.page("billing", billing.RunPath(1)); doc.Find("#run[hx-get]").Length() != 1 {
				t.Error("the page of a running run does not ask again")
			}
			must(t, d.screens.Billing.Run(t.Context()))
			doc = d.page("billing", billing.RunPath(1))
			if doc.Find("#run[hx-get]").Length() != 0 || !strings.Contains(doc.Text(), "1 invoice, $47.58 in all") || doc.Find(`a[href$="/paper?from=0"]`).Length() != 1 {
				t.Errorf("the result: %s", doc.Find("main").Text())
			}
			if w := d.send("billing", billing.RunPath(1)+"/paper?from=0", nil); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "%PDF-") {
				t.Errorf("the batch: %d", w.Code)
			}
			if w := d.send("billing", billing.RunPath(1)+"/paper?from=1", nil); w.Code != 404 {
				t.Errorf("a batch that is not there: %d", w.Code)
			}

			// the end is shown with its credit before it is booked
			end := url.Values{"end-end_date": {"2026-12-10"}, "end-end_reason": {"Moved"}, "end-credit": {"yes"}}
			doc = d.parse(d.send("billing", one+"/end", end, headers...), 200)
			// 45.00 x 10/31 = 14.516 is kept of 47.58
			if !strings.Contains(doc.Text(), "$33.06") || d.text(`SELECT end_date FROM recurring_items`) != "" {
				t.Errorf("before the end: %s", doc.Find("#end").Text())
			}
			d.done(d.send("billing", one+"/end?sure=yes", end, headers...), one)
			if n := d.count(`SELECT coalesce(-sum(cents), 0) FROM ledger WHERE invoice_id IS NULL`); n != 3306 || d.text(`SELECT end_date FROM recurring_items`) != "2026-12-10" {
				t.Errorf("credit of %d", n)
			}
			if w := d.send("billing", one+"/end?sure=yes", end, headers...); w.Code != 409 {
				t.Errorf("the end again: %d", w.Code)
			}
			d.write(func(q *db.Queries) error {
				found, err := billing.Check(t.Context(), q, 1)
				for _, f := range found {
					t.Error(f)
				}
				return err
			})
		})
	}
}

// TestTaxScreens sets a code up, gives it a new rate and puts a site under it.
func TestTaxScreens(t *testing.T) {
	for way, headers := range ways {
		t.Run(way, func(t *testing.T) {
			d := newDesk(t)
			const at = "/office/settings/tax"
			form := url.Values{"code": {"MA"}, "name": {"Massachusetts"}, "rate": {"6,25"}, "from_date": {""}, "taxes": {"other"}}
			if doc := d.parse(d.send("owner", at, form, headers...), 422); doc.Find("#e-rate").Length() != 1 || doc.Find("#e-from_date").Length() != 1 {
				t.Errorf("the refused form: %s", doc.Find("form").Text())
			}
			form.Set("rate", "6.25")
			form.Set("from_date", "2009-08-01")
			d.done(d.send("owner", at, form, headers...), at)
			d.parse(d.send("owner", at+"/1/rate", url.Values{"rate": {"7"}, "from_date": {"2009-08-01"}}, headers...), 422)
			d.done(d.send("owner", at+"/1/rate", url.Values{"rate": {"7"}, "from_date": {"2027-01-01"}}, headers...), at+"/1")
			d.done(d.send("owner", at+"/1/edit", url.Values{"name": {"Bay State"}, "taxes": {"both"}}, headers...), at+"/1")
			if text := d.page("owner", at+"/1").Find("main").Text(); !strings.Contains(text, "7 %") || !strings.Contains(text, "To come") || !strings.Contains(text, "Bay State") {
				t.Errorf("the code: %s", text)
			}
			d.done(d.send("owner", at+"/1/remove?from=2027-01-01", url.Values{}, headers...), at+"/1")
			if w := d.send("owner", at+"/1/remove?from=2009-08-01", url.Values{}, headers...); w.Code != 409 {
				t.Errorf("a rate that holds was taken back: %d", w.Code)
			}
			site := strconv.FormatInt(d.count(`SELECT id FROM sites`), 10)
			tax := url.Values{"tax_code-" + site: {"MA"}, "exempt-" + site: {"yes"}, "certificate-" + site: {"ST-5"}, "expires_date-" + site: {"soon"}}
			if doc := d.parse(d.send("billing", d.path+"/tax/"+site, tax, headers...), 422); doc.Find("#e-expires_date-"+site).Length() != 1 {
				t.Errorf("the refused site: %s", doc.Text())
			}
			tax.Set("expires_date-"+site, "2026-01-31")
			d.done(d.send("billing", d.path+"/tax/"+site, tax, headers...), d.path+"/tax")
			if text := d.page("billing", d.path+"/tax").Find("main").Text(); !strings.Contains(text, "The certificate ended on Jan 31, 2026") {
				t.Errorf("the site: %s", text)
			}
		})
	}
}
