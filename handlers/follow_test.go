package handlers_test

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/handlers"
	"customerportal/handlers/web"
)

// followed is a site with an event stream at /thing/follow, served on a real
// connection.
type followed struct {
	*site
	changed chan struct{}
	address string
	stop    func() error
}

func newFollowed(t *testing.T) *followed {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	f := &followed{site: newSite(t, "http://"+l.Addr().String()), changed: make(chan struct{}), address: "http://" + l.Addr().String()}
	show := func(c echo.Context) error { return c.String(http.StatusOK, "ok") }
	portal := handlers.New(f.app, nil, []web.Route{
		{Name: "follow", Method: http.MethodGet, Path: "/thing/follow", Access: web.SignedIn(), Handler: func(c echo.Context) error {
			return f.app.Follow(c, f.changed, c.QueryParam("seen") == "old")
		}},
		{Name: "thing", Method: http.MethodGet, Path: "/thing", Access: web.SignedIn(), Handler: show},
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- handlers.Serve(ctx, l, portal, slog.New(slog.DiscardHandler)) }()
	stopped := false
	f.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() { must(t, f.stop()) })
	f.fake.Set(time.Now()) // the deadlines of connections are of real time
	id := f.customer("1001", nil)
	_, err = f.accounts.SaveUser(t.Context(), "siobhan@example.com", goodPass, id)
	must(t, err)
	return f
}

// open opens the stream with a session; the answer's body is closed with ctx.
func (f *followed) open(ctx context.Context, b *browser, query string) (*http.Response, *bufio.Reader) {
	f.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.address+"/thing/follow"+query, nil)
	must(f, err)
	r.Header.Set("Accept", "text/event-stream")
	for _, c := range b.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	must(f, err)
	f.Cleanup(func() { _ = answer.Body.Close() })
	return answer, bufio.NewReader(answer.Body)
}

// piece reads up to the next empty line.
func piece(t *testing.T, from *bufio.Reader) string {
	t.Helper()
	var b strings.Builder
	for {
		line, err := from.ReadString('\n')
		if err != nil {
			return b.String() + "<" + err.Error() + ">"
		}
		if line == "\n" {
			return b.String()
		}
		b.WriteString(line)
	}
}

func TestStreamTellsAndEndsWithThePortal(t *testing.T) {
	f := newFollowed(t)
	b := f.browser(false)
	b.logIn("siobhan@example.com", goodPass)
	answer, stream := f.open(t.Context(), b, "?seen=old")
	if kind := answer.Header.Get("Content-Type"); kind != "text/event-stream" || answer.Header.Get("Content-Encoding") != "" || answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("%v", answer.Header)
	}
	if got := piece(t, stream) + piece(t, stream); got != "retry: 2000\nevent: changed\ndata:\n" {
		t.Errorf("%q", got)
	}
	f.changed <- struct{}{}
	if got := piece(t, stream); got != "event: changed\ndata:\n" {
		t.Errorf("%q", got)
	}
	// a stop does not wait for it: it ends as it should, and is not cut off when
	// the time for a stop is over
	must(t, f.stop())
	if got := piece(t, stream); got != "<EOF>" {
		t.Errorf("the stream ended with %q", got)
	}
	// one that begins afterwards ends at once
	f.app.StopStreams()
}

func TestStreamsAreLimited(t *testing.T) {
	f := newFollowed(t)
	b := f.browser(false)
	b.logIn("siobhan@example.com", goodPass)
	ctx, cancel := context.WithCancel(t.Context())
	_, first := f.open(ctx, b, "")
	_, second := f.open(t.Context(), b, "")
	piece(t, first)
	piece(t, second)
	if third, _ := f.open(t.Context(), b, ""); third.StatusCode != http.StatusTooManyRequests || third.Header.Get("Retry-After") == "" {
		t.Errorf("the third stream of a session: %d", third.StatusCode)
	}
	// another session has its own
	other := f.browser(false)
	other.logIn("siobhan@example.com", goodPass)
	if answer, _ := f.open(t.Context(), other, ""); answer.StatusCode != http.StatusOK {
		t.Errorf("another session's: %d", answer.StatusCode)
	}
	// and one that ends makes room
	cancel()
	deadline := time.Now().Add(time.Minute)
	for {
		again, _ := f.open(t.Context(), b, "")
		if again.StatusCode == http.StatusOK {
			break
		}
		_ = again.Body.Close()
		if time.Now().After(deadline) {
			t.Fatal("a stream that ended keeps its place")
		}
	}
	nobody := f.browser(false)
	if answer, _ := f.open(t.Context(), nobody, ""); answer.StatusCode == http.StatusOK {
		t.Errorf("nobody's stream: %d", answer.StatusCode)
	}
}

// TestStreamEndsWithTheSession tells nothing to a page whose session has ended,
// and neither it nor what the page asks for by itself makes the session live
// longer.
func TestStreamEndsWithTheSession(t *testing.T) {
	f := newFollowed(t)
	b := f.browser(false)
	b.logIn("siobhan@example.com", goodPass)
	_, stream := f.open(t.Context(), b, "")
	piece(t, stream)
	seen := func() int { return f.count(`SELECT last_seen_at FROM sessions`) }
	before := seen()
	f.fake.Advance(10 * time.Minute)
	f.changed <- struct{}{}
	piece(t, stream)
	ask := func(header ...string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.address+"/thing", nil)
		must(t, err)
		for _, c := range b.cookies {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		answer, err := http.DefaultTransport.RoundTrip(r)
		must(t, err)
		must(t, answer.Body.Close())
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%d", answer.StatusCode)
		}
	}
	ask("X-Follow", "1", "HX-Request", "true")
	if after := seen(); after != before {
		t.Error("a page that follows makes its session live longer")
	}
	ask()
	if after := seen(); after == before {
		t.Error("a person does not")
	}
	f.fake.Advance(31 * time.Minute)
	f.changed <- struct{}{}
	if got := piece(t, stream); !strings.Contains(got, "EOF") {
		t.Errorf("after the session: %q", got)
	}
}

// TestHeadOfAStream waits for nothing.
func TestHeadOfAStream(t *testing.T) {
	f := newFollowed(t)
	b := f.browser(false)
	b.logIn("siobhan@example.com", goodPass)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, f.address+"/thing/follow", nil)
	must(t, err)
	for _, c := range b.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	must(t, err)
	must(t, answer.Body.Close())
	if answer.StatusCode == http.StatusOK {
		t.Errorf("%d", answer.StatusCode)
	}
}
