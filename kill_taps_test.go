package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"customerportal/db"
	"customerportal/internal/account"
)

// TestKillTaps kills the portal while a technician's phone sends what waited in
// it, again and again, each time a moment after the phone began to send. The
// phone sends the same keys in order until each has its answer, as the page does:
// in the end everything is in the books once.
func TestKillTaps(t *testing.T) {
	t.Parallel()
	s := copiedDemo(t)
	v := s.sendOut(t)
	cmd, _ := s.serve(t)
	address := strings.TrimPrefix(s.URL, "http://")
	half := s.logIn(t, technicianEmail, technicianPassword)
	code, err := account.CodeAt(technicianSecret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	resp, _ := s.post(t, "/office/code", half, "code", code)
	cookie := ""
	for _, c := range resp.Cookies() {
		if c.Name == "session" {
			cookie = c.Name + "=" + c.Value
		}
	}
	// send is one try of the phone: the status, or 0 when no answer came.
	send := func(number string, form url.Values) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/office/day/"+number+"/taps", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", "Cookie": cookie, "HX-Request": "true"} {
			r.Header.Set(name, value)
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return 0
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // moments to kill at
	taps := []url.Values{
		{"action": {"dispatch"}}, {"action": {"arrive"}}, {"action": {"note"}, "note": {"Replaced the battery"}},
		{"action": {"work"}, "line": {"1"}, "kind-1": {"part"}, "description-1": {"Battery"}, "quantity-1": {"1"}, "price-1": {"24.50"}},
		{"action": {"complete"}, "name": {"Ann Lee"}},
	}
	kills := 0
	for n, number := range v.today[:2] {
		for i, tap := range taps {
			tap.Set("key", fmt.Sprintf("%032d", 100*n+i))
			tap.Set("ago", "60000")
			for tries := 0; ; tries++ {
				if tries == 0 {
					// before it is there, while it is booked, or when the answer is on its way
					wait := time.Duration(random.IntN(12)) * time.Millisecond
					go func() { time.Sleep(wait); _ = cmd.Process.Kill() }()
					send(number, tap)
					_ = cmd.Wait()
					kills++
					cmd = process(t, "serve", "--db", filepath.Join(s.Dir, "portal.db"), "--listen", address, "--log", "json")
					awaitPortal(t, cmd, address)
				}
				if status := send(number, tap); status == http.StatusOK {
					break
				} else if status != 0 || tries > 3 {
					t.Fatalf("%s: %d", tap.Get("action"), status)
				}
			}
		}
	}
	stop(t, cmd)
	books, err := db.Open(t.Context(), filepath.Join(s.Dir, "portal.db-live"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = books.Close() }()
	for _, number := range v.today[:2] {
		for kind, want := range map[string]int{"dispatched": 1, "arrived": 1, "note": 1, "work": 1, "signed": 1, "completed": 1} {
			got := 0
			if err := books.Reader().QueryRow(`SELECT count(*) FROM work_order_events e JOIN work_orders w ON w.id = e.work_order_id WHERE w.number = ? AND e.kind = ?`, number, kind).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%s of %s: %d times after %d kills", kind, number, got, kills)
			}
		}
	}
	for what, query := range map[string]string{
		"taps": `SELECT count(*) <> 10 FROM work_order_taps WHERE refused = '' AND staff_id = (SELECT id FROM staff WHERE email = 'riley@hometown.example')`,
		"work orders that are not at the state and version of their history": `SELECT count(*) FROM work_orders w WHERE w.technician_id = (SELECT id FROM staff WHERE email = 'riley@hometown.example')
			AND w.version <> (SELECT count(*) FROM work_order_events e WHERE e.work_order_id = w.id)`,
		"mails of one event that are there twice": `SELECT count(*) FROM (SELECT fact FROM outbox WHERE fact <> '' GROUP BY fact HAVING count(*) > 1)`,
	} {
		n := 0
		if err := books.Reader().QueryRow(query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != 0 {
			t.Errorf("%s: %d", what, n)
		}
	}
}
