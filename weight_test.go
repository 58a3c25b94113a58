package main

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// What a first visit may cost, all files of a page together as they come over
// the wire, headers left out.
const (
	visitBytes    = 60 << 10
	visitRequests = 6
)

// TestFirstVisit weighs pages as a browser that has never been here loads them.
func TestFirstVisit(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/login", "/register", "/password/forgot", "/no-such-page"} {
		s.weigh(t, path, "")
	}
	cookie := s.logIn(t, s.Guide.Customers[0].Email, s.Guide.Customers[0].Password)
	for _, path := range []string{"/", "/?paid=1", "/contact/edit", "/pay", "/methods", "/methods/new?kind=card", "/payments", "/account", "/workorders", "/workorders/new"} {
		s.weigh(t, path, cookie)
	}
}

// weigh loads a page with everything in it and holds it to the budget.
func (s *site) weigh(t *testing.T, path, cookie string) {
	t.Helper()
	weight, requests := 0, 0
	load := func(path string) []byte {
		t.Helper()
		resp, packed := s.get(t, path, "Accept-Encoding", "gzip", "Cookie", cookie)
		if resp.StatusCode != http.StatusOK && path != "/no-such-page" {
			t.Fatalf("%s answered %s to %s", path, resp.Status, resp.Header.Get("Location"))
		}
		weight, requests = weight+len(packed), requests+1
		return packed
	}
	load(path)
	_, page := s.get(t, path, "Cookie", cookie)
	for _, file := range parts(t, string(page)) {
		load(file)
	}
	t.Logf("%-18s %5.1f KB in %d requests", path, float64(weight)/1024, requests)
	if weight > visitBytes || requests > visitRequests {
		t.Errorf("%s costs %d bytes in %d requests; at most %d in %d", path, weight, requests, visitBytes, visitRequests)
	}
}

// parts lists the files that a browser loads for a page.
func parts(t *testing.T, page string) []string {
	t.Helper()
	var files []string
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		if z.Next() == html.ErrorToken {
			break
		}
		token := z.Token()
		attr := map[string]string{}
		for _, a := range token.Attr {
			attr[a.Key] = a.Val
		}
		switch token.Data {
		case "link":
			files = append(files, attr["href"])
		case "script", "img", "iframe":
			files = append(files, attr["src"])
		}
	}
	for i := len(files) - 1; i >= 0; i-- {
		if files[i] == "" || strings.HasPrefix(files[i], "data:") {
			files = append(files[:i], files[i+1:]...)
		}
	}
	if len(files) < 3 {
		t.Fatalf("the page has %d files:\n%s", len(files), page)
	}
	return files
}

// logIn logs in without a browser and returns the session's cookie.
func (s *site) logIn(t *testing.T, username, password string) string {
	t.Helper()
	resp, body := s.post(t, "/login", "", "username", username, "password", password)
	for _, c := range resp.Cookies() {
		if c.Name == "session" && resp.StatusCode == http.StatusSeeOther {
			return c.Name + "=" + c.Value
		}
	}
	t.Fatalf("%s could not log in: %s\n%s", username, resp.Status, body)
	return ""
}
