package office_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"customerportal/internal/audit"
	"customerportal/internal/calendar"
)

func TestPayLinks(t *testing.T) {
	for name, headers := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.issue(d.customer[0], "A/3 b", "2026-11-30", 4500)
			d.issue(d.customer[1], "20001", "2026-11-30", 700)
			base := "/office/customers/" + url.PathEscape(d.number) + "/paylinks"
			says(t, d.page("billing", base), "A/3 b", "None yet", "never")
			of := base + "/" + url.PathEscape("A/3 b")

			// a look at the link is written down, and opens it
			doc := d.parse(d.send("billing", of+"/show", url.Values{}, headers...), 200)
			link := doc.Find("#f-link").AttrOr("value", "")
			token := strings.TrimPrefix(link, "http://portal.example/p/")
			if v, err := d.ledger.OpenPayLink(t.Context(), token); err != nil || v.CustomerID != d.customer[0] {
				t.Fatalf("%s: %+v, %v", link, v, err)
			}
			if d.count(`SELECT count(*) FROM audit WHERE action = 'paylink.show' AND staff_id = ?`, d.staff["billing"]) != 1 {
				t.Error("nobody wrote down who looked")
			}
			if page := d.page("billing", base); page.Find("#f-link").Length() != 0 {
				t.Error("it is shown again unasked")
			} else {
				says(t, page, "Opens")
			}

			// mailed, once for one form
			nonce := d.page("billing", base).Find("input[name=nonce]").AttrOr("value", "")
			for range 2 {
				d.done(d.send("billing", of+"/mail", url.Values{"nonce": {nonce}}, headers...), base)
			}
			if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'invoice_issued'`); n != 1 {
				t.Errorf("%d mails", n)
			}

			d.done(d.send("billing", of+"/revoke", url.Values{}, headers...), base)
			if _, err := d.ledger.OpenPayLink(t.Context(), token); err == nil {
				t.Error("the link opens after it was revoked")
			}
			says(t, d.page("billing", base), "Revoked")
			d.parse(d.send("billing", of+"/show", url.Values{}, headers...), 200)
			d.done(d.send("billing", base+"/revoke", url.Values{}, headers...), base)
			if n := d.count(`SELECT count(*) FROM pay_links WHERE revoked_at = 0`); n != 0 {
				t.Errorf("%d links are left", n)
			}
			for _, foreign := range []string{"/20001/show", "/20001/revoke", "/20001/mail", "/nothing/show", "/20001/open"} {
				if w := d.send("billing", base+foreign, url.Values{"nonce": {"n"}}, headers...); w.Code != 404 {
					t.Errorf("%s: %d", foreign, w.Code)
				}
			}
		})
	}
}

func TestRemindersAreHeldAndShown(t *testing.T) {
	d := newDesk(t)
	today := calendar.DateOf(d.clock.Now())
	says(t, d.page("billing", "/office/reminders"), "Reminders are off")
	must(t, d.store.Set(t.Context(), audit.Program, map[string]string{"reminders.days": "-1, 7", "latefee.days": "7", "latefee.flat": "5.00"}))
	must(t, d.screens.Reminders.Run(t.Context()))
	d.issue(d.customer[0], "10001", today.AddDays(2), 4500)
	base := "/office/customers/" + url.PathEscape(d.number)
	doc := d.page("billing", "/office/reminders")
	says(t, doc, "1 customer gets a mail", "10001, $45.00, due tomorrow", "No late fee is due")
	for name, headers := range ways {
		if w := d.send("billing", base+"/reminders/hold", url.Values{"reason": {" "}}, headers...); w.Code != 422 || !strings.Contains(w.Body.String(), "Enter why") {
			t.Errorf("%s, without a reason: %d", name, w.Code)
		}
		d.done(d.send("billing", base+"/reminders/hold", url.Values{"reason": {"moving <xpr0be>"}}, headers...), base+"/paylinks")
		says(t, d.page("billing", "/office/reminders"), "0 customers get a mail", "On hold: moving")
		says(t, d.page("billing", base+"/paylinks"), "This customer is left alone")
		says(t, d.page("billing", base), "Left alone")
		d.done(d.send("billing", base+"/reminders/release", url.Values{}, headers...), base+"/paylinks")
	}
	// the days go by
	for range 9 {
		d.clock.Advance(24 * time.Hour)
		must(t, d.screens.Reminders.Run(t.Context()))
	}
	doc = d.page("billing", "/office/reminders")
	says(t, doc, "What was done", "1 before it is due", "7 past due", "Mailed", "$5.00", "Open")
	if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'reminder'`); n != 2 {
		t.Errorf("%d reminders", n)
	}
}

func TestStatementForACustomer(t *testing.T) {
	d := newDesk(t)
	d.issue(d.customer[0], "10001", "2026-11-10", 4500)
	base := "/office/customers/" + url.PathEscape(d.number)
	nonce := d.page("billing", base+"/paylinks").Find("form[action$=statement\\.pdf] input[name=nonce]").AttrOr("value", "")
	if nonce == "" {
		t.Fatal("the form has no nonce")
	}
	w := d.send("billing", base+"/statement.pdf?from=2026-01-01&to=2026-11-30", nil)
	if w.Code != 200 || !strings.HasPrefix(w.Body.String(), "%PDF") {
		t.Errorf("PDF: %d", w.Code)
	}
	if w := d.send("billing", base+"/statement.csv?from=2026-01-01&to=2026-11-30", nil); w.Code != 200 || !strings.Contains(w.Body.String(), "10001") {
		t.Errorf("CSV: %d", w.Code)
	}
	for name, headers := range ways {
		for _, bad := range []url.Values{{}, {"from": {"2026-11-30"}, "to": {"2026-01-01"}}, {"from": {"x"}, "to": {"2026-01-01"}}} {
			if w := d.send("billing", base+"/statement/mail", bad, headers...); w.Code != 422 {
				t.Errorf("%s %v: %d", name, bad, w.Code)
			}
		}
		d.done(d.send("billing", base+"/statement/mail", url.Values{"nonce": {nonce}, "from": {"2026-01-01"}, "to": {"2026-11-30"}}, headers...), base+"/paylinks")
	}
	if n := d.count(`SELECT count(*) FROM outbox o JOIN outbox_attachments a ON a.outbox_id = o.id WHERE o.kind = 'statement'`); n != 1 {
		t.Errorf("%d statements for one form", n)
	}
	d.exec(`DELETE FROM customer_emails`)
	if w := d.send("billing", base+"/statement/mail", url.Values{"nonce": {"other"}, "from": {"2026-01-01"}, "to": {"2026-11-30"}}); w.Code != 422 || !strings.Contains(w.Body.String(), "no e-mail address") {
		t.Errorf("to nobody: %d", w.Code)
	}
}
