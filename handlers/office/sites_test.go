package office_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestNewCustomer(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			says(t, d.page("service", "/office/customers"), "New customer")
			hides(t, d.page("sales", "/office/customers"), "New customer")
			p := d.page("service", "/office/customers/new")
			if v, _ := p.Find("#f-customer_number").Attr("value"); v != "1044" {
				t.Errorf("the number proposed is %q", v)
			}
			form := url.Values{"customer_number": {"N/7 <xpr0be>"}, "business_name": {"New <xpr0be> Shop"}, "first_name": {"Ann"}, "last_name": {"Lee"}, "address1": {"1 Main St"}, "city": {"Troy"},
				"state": {"NY"}, "zip": {"12180"}, "phone": {"518-555-0199\n518-555-0198"}, "email": {"ann@example.com\nshop@example.com"}, "terms": {"Net 15"}, "salesperson_email": {"sam@dealer.example"}}
			at := "/office/customers/" + url.PathEscape("N/7 <xpr0be>")
			d.done(d.send("service", "/office/customers", form, way...), at)
			says(t, d.page("service", at), "New <xpr0be> Shop", "Net 15", "518-555-0198", "shop@example.com", "added")
			if key := d.text(`SELECT registration_key FROM customers WHERE number = 'N/7 <xpr0be>'`); len(key) != 16 {
				t.Errorf("the Registration Key is %q", key)
			}
			says(t, d.page("service", "/office/customers?q=shop%40example.com"), "New <xpr0be> Shop")
			// a second press is told
			p = d.parse(d.send("service", "/office/customers", form, way...), 422)
			says(t, p, "There is a customer with this number already")
			bad := with(form, "customer_number", "", "first_name", "", "business_name", "", "email", "nobody", "phone", "call me")
			p = d.parse(d.send("service", "/office/customers", bad, way...), 422)
			says(t, p, "Please check these 4 things", "neither a business name nor", "is not an e-mail address", "is not a phone number")
			if v, _ := p.Find("#f-city").Attr("value"); v != "Troy" || strings.TrimSpace(p.Find("#f-phone").Text()) != "call me" {
				t.Error("what was typed is gone")
			}
			if n := d.count(`SELECT count(*) FROM customers`); n != 3 {
				t.Errorf("%d customers", n)
			}
		})
	}
}

func TestSitesInTheOffice(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.taxed()
			at := d.path + "/sites"
			p := d.page("service", at+"/new")
			if v, _ := p.Find("#f-zip").Attr("value"); v != "12180" {
				t.Errorf("the billing address is not proposed: %q", v)
			}
			says(t, p, "NY, New York <xpr0be>")
			form := url.Values{"site_name": {" Cabin <xpr0be> "}, "address1": {"9 Lake Rd"}, "city": {"Lake George"}, "state": {"NY"}, "zip": {"12845"}, "tax_code": {"ny"}, "tax_exempt": {"yes"}}
			d.done(d.send("service", at, form, way...), at+"/2")
			says(t, d.page("service", d.path), "Cabin <xpr0be>", "9 Lake Rd", "added the", "site Cabin <xpr0be>")
			p = d.page("service", at+"/2")
			says(t, p, "Site Cabin <xpr0be>", "No system is on file", "Add a system")
			if p.Find("#f-tax_exempt[checked]").Length() != 1 || p.Find(`#f-tax_code option[selected]`).Text() != "NY, New York <xpr0be>" {
				t.Error("how it is taxed came back otherwise")
			}
			seen, _ := p.Find("[name=seen]").Attr("value")
			edit := with(form, "site_name", "Lake cabin", "zip", "12846", "seen", seen)
			edit.Del("tax_exempt")
			d.done(d.send("service", at+"/2", edit, way...), d.path+"#sites")
			d.done(d.send("service", at+"/2", edit, way...), d.path+"#sites") // a second press changes nothing
			if d.text(`SELECT name || zip || tax_exempt FROM sites WHERE id = 2`) != "Lake cabin128460" || d.count(`SELECT count(*) FROM audit WHERE action = 'site.edit'`) != 1 {
				t.Error("the site was not changed once")
			}
			says(t, d.page("service", d.path), "zip: 12845 → 12846")

			// refused: what is missing, taken, unknown, and what somebody else was quicker with
			for field, bad := range map[string]url.Values{
				"site_name": with(form, "site_name", " "), "zip": with(form, "zip", strings.Repeat("1", 21)), "tax_code": with(form, "tax_code", "NONE"),
			} {
				p := d.parse(d.send("service", at, with(bad, "address2", "kept"), way...), 422)
				if p.Find("#f-"+field+"[aria-invalid]").Length() != 1 {
					t.Errorf("%s is not refused beside it", field)
				}
				if v, _ := p.Find("#f-address2").Attr("value"); v != "kept" {
					t.Errorf("%s: what was typed is gone", field)
				}
			}
			says(t, d.parse(d.send("service", at, with(form, "site_name", "LAKE cabin"), way...), 422), "This customer has a site of that name already")
			says(t, d.parse(d.send("service", at+"/1", with(form, "site_name", "Lake Cabin"), way...), 422), "Somebody changed this site while you were editing")
			p = d.parse(d.send("service", at+"/2", with(edit, "city", "Bolton"), way...), 422)
			says(t, p, "Somebody changed this site while you were editing")
			seen, _ = p.Find("[name=seen]").Attr("value")
			d.done(d.send("service", at+"/2", with(edit, "city", "Bolton", "seen", seen), way...), d.path+"#sites")

			// another customer's is not there
			for _, address := range []string{at + "/99", "/office/customers/1043/sites/2", "/office/customers/1043/sites/2/systems/new", "/office/customers/1043/systems/1", d.path + "/systems/99"} {
				if w := d.send("service", address, nil); w.Code != 404 {
					t.Errorf("%s: %d", address, w.Code)
				}
			}
			for _, address := range []string{"/office/customers/1043/sites/2", "/office/customers/1043/sites/2/systems", "/office/customers/1043/systems/1"} {
				if w := d.send("service", address, with(form, "system_name", "x"), way...); w.Code != 404 {
					t.Errorf("%s: %d", address, w.Code)
				}
			}
		})
	}
}

func TestSystemsInTheOffice(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			at := d.path + "/sites/1"
			says(t, d.page("service", at+"/systems/new"), "New system", "Shop & <xpr0be>")
			form := url.Values{"system_name": {"Cameras <xpr0be>"}, "system_type": {"Video"}, "account_number": {"CS-1 <xpr0be>"}}
			d.done(d.send("service", at+"/systems", form, way...), at)
			says(t, d.page("service", at), "Fire", "CS-77", "Cameras <xpr0be>", "Video", "CS-1 <xpr0be>")
			says(t, d.page("service", d.path), "Cameras <xpr0be>", "system Cameras <xpr0be>")
			says(t, d.parse(d.send("service", at+"/systems", form, way...), 422), "This site has a system of that name already")
			says(t, d.parse(d.send("service", at+"/systems", with(form, "system_name", ""), way...), 422), "Enter what the system is called")
			p := d.page("service", d.path+"/systems/2")
			seen, _ := p.Find("[name=seen]").Attr("value")
			d.done(d.send("service", d.path+"/systems/2", with(form, "system_name", "Video", "seen", seen), way...), at)
			says(t, d.parse(d.send("service", d.path+"/systems/2", with(form, "system_name", "Videos", "seen", seen), way...), 422), "Somebody changed this system")
			if d.text(`SELECT group_concat(name) FROM (SELECT name FROM systems WHERE site_id = 1 ORDER BY id)`) != "Fire,Video" {
				t.Error(d.text(`SELECT group_concat(name) FROM systems`))
			}
		})
	}
}

func TestNotes(t *testing.T) {
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			p := d.page("sales", d.path+"/notes")
			nonce, _ := p.Find("[name=nonce]").Attr("value")
			form := url.Values{"nonce": {nonce}, "note": {" Dog in the <xpr0be> yard.\r\nCall before coming. "}}
			for range 2 {
				d.done(d.send("sales", d.path+"/notes", form, way...), d.path+"/notes")
			}
			if d.count(`SELECT count(*) FROM customer_notes`) != 1 {
				t.Error("a double click wrote two notes")
			}
			says(t, d.page("service", d.path), "Dog in the <xpr0be> yard.", "Call before coming.", "The sales")
			p = d.parse(d.send("sales", d.path+"/notes", with(form, "note", " "), way...), 422)
			says(t, p, "Enter what to remember")
			d.parse(d.send("sales", d.path+"/notes", with(form, "note", strings.Repeat("x", 4001)), way...), 422)
			d.parse(d.send("sales", d.path+"/notes", with(form, "nonce", ""), way...), 422)
			for i := range 45 {
				d.exec(`INSERT INTO customer_notes (customer_id, note, nonce, at) VALUES (?, ?, ?, 1)`, d.customer[0], fmt.Sprintf("note %d.", i), fmt.Sprint(i))
			}
			address, seen := d.path+"/notes", 0
			for range 5 {
				p := d.page("sales", address)
				seen += p.Find(".notes li").Length()
				next, more := p.Find(".paging a").Attr("href")
				if !more {
					break
				}
				address = next
			}
			if seen != 46 {
				t.Errorf("%d notes on all pages", seen)
			}
			hides(t, d.page("sales", "/office/customers/1043"), "note 1.")
		})
	}
}
