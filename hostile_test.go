package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"customerportal/handlers/office"
	"customerportal/handlers/portal"
)

// TestHostileRequestsEverywhere sends to every address of the portal, as whoever
// may open it, what no page of ours sends: ids that are none, values
// for every field that any form has, and bodies that are no forms. None makes an
// error of ours, and the books are sound afterwards.
func TestHostileRequestsEverywhere(t *testing.T) {
	s := copiedDemo(t)
	cmd, _ := s.serve(t)
	customer, owner := s.logIn(t, s.Guide.Customers[0].Email, s.Guide.Customers[0].Password), s.owner(t)
	names := map[string]bool{}
	for _, pages := range [][]walked{
		s.pages(t, customer, []string{"/", "/pay", "/methods/new?kind=card", "/account", "/contact/edit", "/payments", "/workorders", "/workorders/new", "/proposals"}),
		s.pages(t, owner, officePages),
	} {
		for _, p := range pages {
			p.doc.Find("input[name], select[name], textarea[name], button[name]").Each(func(_ int, e *goquery.Selection) { names[e.AttrOr("name", "")] = true })
		}
	}
	// of forms that come after a choice
	for _, name := range []string{"note", "nonce", "day1", "part1", "times", "kept", "keep", "system"} {
		names[name] = true
	}
	if len(names) < 120 {
		t.Errorf("only %d fields were found", len(names))
	}
	values := []string{"", "9223372036854775808", "-1", "NaN", "1e309", "0x1p-2", "' OR 1=1 --", "\"; DROP TABLE customers; --", "{{.}}${7*7}%n", "\u202e", strings.Repeat("ä", 5000), "2026-02-30", "../../etc/passwd", "١٢", "\t\r\n"}
	bodies := map[string][2]string{ // type and body
		"no body": {"application/x-www-form-urlencoded", ""}, "NUL": {"application/x-www-form-urlencoded", "email=a%00b"}, "bad UTF-8": {"application/x-www-form-urlencoded", "email=%ff"},
		"JSON": {"application/json", `{"email":["a",1]}`}, "cut off": {"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"logo\"; filename=\"a.png\"\r\n\r\nPN"},
		"a file for a field": {"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"email\"; filename=\"../a\"\r\n\r\nabc\r\n--x--\r\n"},
		"many fields":        {"application/x-www-form-urlencoded", strings.Repeat("row=1&pay=1&", 3000)},
	}
	ids := []string{"0", "-1", "9223372036854775808", "x", "%00", "%ff", "..%2f..", "1%20OR%201=1", strings.Repeat("9", 2000), "%E2%80%AE"}
	asked := 0
	ask := func(method, path, kind, body string) {
		asked++
		cookie := customer
		if strings.HasPrefix(path, "/office") {
			cookie = owner // nobody else comes past the door
		}
		resp, answer := s.send(t, method, path, strings.NewReader(body), "Content-Type", kind, "Sec-Fetch-Site", "same-origin", "Cookie", cookie)
		s.held(t, method+" "+path, resp, answer)
	}
	for _, r := range append((&portal.Handlers{}).Routes(), (&office.Handlers{}).Routes()...) {
		if r.Path == "/logout" || r.Path == "/login" {
			continue // the one would end the walk, the other is braked
		}
		path := strings.NewReplacer(":gateway", "sandbox", ":number", s.Guide.Customers[0].Number, ":id", "1", ":verb", "unlock", ":section", "company", ":paper", "1.pdf", ":ref", "A", ":invoice", "20418",
			":token", strings.Repeat("a", 26), ":key", strings.Repeat("a", 32), ":report", "aging", ":file", "invoices.csv", ":name", "customers.csv").Replace(r.Path)
		if path != r.Path {
			for _, id := range ids {
				parts := strings.Split(r.Path, "/")
				for i, part := range parts {
					if strings.HasPrefix(part, ":") {
						parts[i] = id
					}
				}
				ask(r.Method, strings.Join(parts, "/"), "application/x-www-form-urlencoded", "")
			}
		}
		for _, value := range values {
			form := url.Values{}
			for name := range names {
				form.Set(name, value)
			}
			if r.Method == http.MethodGet {
				if len(value) < 1000 {
					ask(r.Method, path+"?q="+url.QueryEscape(value)+"&before="+url.QueryEscape(value)+"&invoice="+url.QueryEscape(value)+"&payment="+url.QueryEscape(value)+"&from="+url.QueryEscape(value)+"&to="+url.QueryEscape(value)+"&page="+url.QueryEscape(value)+"&state="+url.QueryEscape(value)+"&t="+url.QueryEscape(value)+"&kind="+url.QueryEscape(value), "", "")
				}
				continue
			}
			ask(r.Method, path, "application/x-www-form-urlencoded", form.Encode())
		}
		if r.Method == http.MethodPost {
			for _, b := range bodies {
				ask(r.Method, path, b[0], b[1])
			}
		}
	}
	if resp, _ := s.get(t, "/", "Cookie", customer); resp.StatusCode != http.StatusOK {
		t.Errorf("the customer was thrown out on the way: %s", resp.Status)
	}
	if resp, _ := s.get(t, "/office", "Cookie", owner); resp.StatusCode != http.StatusOK {
		t.Errorf("the owner was thrown out on the way: %s", resp.Status)
	}
	stop(t, cmd)
	t.Logf("%d requests", asked)
	if out, err := portalSays(t, "doctor", "--db", s.Dir+"/portal.db"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
