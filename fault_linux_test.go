package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
)

// TestDiskFull lets the disk fill up under the running portal: pages are still
// read, writes are refused in words, and all goes on once there is room.
func TestDiskFull(t *testing.T) {
	s := copiedDemo(t)
	cmd, log := s.serve(t)
	c := s.Guide.Customers[0]
	cookie := s.logIn(t, c.Email, c.Password)
	contact := func(city string) (*http.Response, string) {
		form := filled(s.show(t, "/contact/edit", cookie).Find("#contact-form"))
		form.Set("city", city)
		resp, body := s.send(t, http.MethodPost, "/contact", strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Cookie", cookie)
		return resp, string(body)
	}
	if resp, body := contact("Marblehead"); resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s\n%s", resp.Status, body)
	}
	form := filled(s.show(t, "/pay", cookie).Find("#pay-form"))
	form["pay"] = form["row"][:1]
	form.Set("kind", "card")
	_, doc := s.submit(t, "/pay/preview", cookie, form)
	payForm := filled(doc.Find("#pay-form"))

	// no file may grow any more, which a full disk is for whoever writes
	var before unix.Rlimit
	if err := unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 4096, Max: unix.RLIM_INFINITY}, &before); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		resp, body := contact("Nowhere")
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, "cannot save anything at the moment. Nothing was changed") {
			t.Errorf("a write to a full disk: %s\n%s", resp.Status, body)
		}
		if resp.Header.Get("Content-Security-Policy") == "" || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("the refusal lacks headers: %v", resp.Header)
		}
	}
	if resp, body := s.send(t, http.MethodPost, "/pay", strings.NewReader(payForm.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Cookie", cookie); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("paying on a full disk: %s\n%s", resp.Status, body)
	}
	for _, path := range []string{"/", "/?paid=1", "/pay", "/payments", "/account", "/contact/edit", "/healthz"} {
		if resp, body := s.get(t, path, "Cookie", cookie); resp.StatusCode != http.StatusOK || strings.Contains(string(body), "Nowhere") {
			t.Errorf("%s on a full disk: %s", path, resp.Status)
		}
	}
	if text, err := os.ReadFile(log); err != nil || strings.Count(string(text), `"route":"/contact","error"`) > 3 {
		t.Errorf("each refusal is logged more than once: %v\n%s", err, text)
	}

	if err := unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: before.Max, Max: before.Max}, nil); err != nil {
		t.Fatal(err)
	}
	if resp, body := contact("Salem"); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("with room again: %s\n%s", resp.Status, body)
	}
	if doc := s.show(t, "/", cookie); !strings.Contains(doc.Text(), "Salem") {
		t.Error("what was saved is not there")
	}
	s.payNew(t, cookie, "card")
	stop(t, cmd)
	if out, err := portalSays(t, "doctor", "--db", filepath.Join(s.Dir, "portal.db")); err != nil {
		t.Errorf("afterwards: %v\n%s", err, out)
	}
}

// TestStoppedUnderLoad stops the portal while many read and write: whatever it
// took on it answers whole, so nothing was cut off because the time for a stop was
// over.
func TestStoppedUnderLoad(t *testing.T) {
	s := copiedDemo(t)
	cmd, _ := s.serve(t)
	c := s.Guide.Customers[0]
	cookie := s.logIn(t, c.Email, c.Password)
	var clients sync.WaitGroup
	var answered, late atomic.Int64
	var down atomic.Bool
	warm := make(chan struct{}, 1)
	for range 16 {
		clients.Go(func() {
			// a connection of its own for each request: what is taken is answered
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			for i := 0; ; i++ {
				path := []string{"/", "/pay", "/payments", "/contact/edit", "/session/extend"}[i%5]
				method := http.MethodGet
				if path == "/session/extend" {
					method = http.MethodPost
				}
				r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("Cookie", cookie)
				stopping := down.Load()
				resp, err := client.Do(r)
				if err != nil {
					// nobody listens any more, or the connection was closed
					// before a word of the request was read
					if !down.Load() || !strings.Contains(err.Error(), "connection re") && !strings.HasSuffix(err.Error(), ": EOF") {
						t.Errorf("%s: %v", path, err)
					}
					return
				}
				buffer := make([]byte, 1<<20)
				n := 0
				for err == nil {
					var m int
					m, err = resp.Body.Read(buffer)
					n += m
				}
				_ = resp.Body.Close()
				if err.Error() != "EOF" || resp.StatusCode >= 500 || n == 0 && resp.StatusCode == http.StatusOK {
					t.Errorf("%s: %s, %d bytes, %v", path, resp.Status, n, err)
				}
				if stopping {
					late.Add(1)
				}
				if answered.Add(1) == 200 {
					warm <- struct{}{}
				}
			}
		})
	}
	select {
	case <-warm:
	case <-time.After(2 * time.Minute):
		t.Fatalf("only %d requests were answered", answered.Load())
	}
	began := time.Now()
	down.Store(true)
	stop(t, cmd)
	took := time.Since(began)
	clients.Wait()
	t.Logf("%d answered, %d of them asked after the stop, which took %v", answered.Load(), late.Load(), took)
	if out, err := portalSays(t, "doctor", "--db", filepath.Join(s.Dir, "portal.db")); err != nil {
		t.Errorf("afterwards: %v\n%s", err, out)
	}
}

// TestPowerLoss stops the world under the running portal again and again and
// opens what lies on the disk at that moment: it is whole, and whatever was
// answered is in it.
func TestPowerLoss(t *testing.T) {
	s := copiedDemo(t)
	cmd, _ := s.serve(t)
	c := s.Guide.Customers[0]
	cookie := s.logIn(t, c.Email, c.Password)
	form := filled(s.show(t, "/contact/edit", cookie).Find("#contact-form"))
	var saved atomic.Int64
	ctx, end := context.WithCancel(t.Context())
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := int64(1); ctx.Err() == nil; i++ {
			form.Set("city", fmt.Sprint("Town ", i))
			resp, body := s.send(t, http.MethodPost, "/contact", strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Cookie", cookie)
			if resp.StatusCode != http.StatusSeeOther {
				t.Errorf("%s\n%s", resp.Status, body)
				return
			}
			saved.Store(i)
		}
	})
	live := filepath.Join(s.Dir, "portal.db-live")
	for range 6 {
		from, within := saved.Load(), time.Now().Add(patience)
		for saved.Load() < from+2 && time.Now().Before(within) {
			time.Sleep(time.Duration(rand.IntN(5)) * time.Millisecond) // at any moment
		}
		pid := cmd.Process.Pid
		if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		if _, err := syscall.Wait4(pid, nil, syscall.WUNTRACED, nil); err != nil {
			t.Fatal(err)
		}
		answered := saved.Load()
		image := filepath.Join(t.TempDir(), "image")
		for _, suffix := range []string{"", "-wal"} {
			body, err := os.ReadFile(live + suffix)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(image+suffix, body, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		books, err := db.Open(t.Context(), image)
		if err != nil {
			t.Fatal(err)
		}
		if found, err := books.Integrity(t.Context()); err != nil || len(found) > 0 {
			t.Errorf("the image: %v %v", found, err)
		}
		if err := books.View(t.Context(), func(q *db.Queries) error {
			found, err := ledger.CheckBooks(t.Context(), q, calendar.InstantOf(time.Now()))
			if len(found) > 0 {
				t.Errorf("the image: %v", found)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		var city string
		if err := books.Reader().QueryRowContext(t.Context(), `SELECT city FROM customers WHERE number = ?`, c.Number).Scan(&city); err != nil {
			t.Fatal(err)
		}
		var last int64
		if _, err := fmt.Sscanf(city, "Town %d", &last); err != nil || last < answered {
			t.Errorf("the image has %q, answered was %d", city, answered)
		}
		if err := books.Close(); err != nil {
			t.Error(err)
		}
	}
	end()
	writer.Wait()
	stop(t, cmd)
}
