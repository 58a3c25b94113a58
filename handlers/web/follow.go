package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"customerportal/internal/fault"
)

// FollowPath ends the address of every event stream.
const FollowPath = "/follow"

// unattended marks what a page asks for by itself: nobody need be there, so it
// does not make a session live longer.
const unattended = "X-Follow"

// The bounds of event streams.
const (
	streamsPerSession = 2
	streamsInAll      = 500
	// beatEvery keeps what stands in between from taking the stream for dead. The
	// session is looked at as often.
	beatEvery = 20 * time.Second
	// beatWithin is how long a browser may take for a piece of the stream.
	beatWithin = 30 * time.Second
)

// streams counts those that are open.
type streams struct {
	mu       sync.Mutex
	all      int
	sessions map[string]int
	stopped  chan struct{}
	once     sync.Once
}

// done is closed when the portal stops.
func (s *streams) done() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped == nil {
		s.stopped = make(chan struct{})
	}
	return s.stopped
}

// begin takes a place for a stream of the session; false when there is none.
func (s *streams) begin(session string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions == nil {
		s.sessions = map[string]int{}
	}
	if s.all >= streamsInAll || s.sessions[session] >= streamsPerSession {
		return false
	}
	s.all++
	s.sessions[session]++
	return true
}

func (s *streams) end(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.sessions[session]--; s.sessions[session] == 0 {
		delete(s.sessions, session)
	}
}

// StopStreams ends all event streams at once, and those that begin later: the
// portal stops. Browsers connect again when it is back.
func (a *App) StopStreams() {
	done := a.streams.done()
	a.streams.once.Do(func() { close(done) })
}

// WantsEvents reports whether the request asks for an event stream. Whoever
// opens the address otherwise is sent to the page.
func WantsEvents(c echo.Context) bool {
	return strings.HasPrefix(c.Request().Header.Get(echo.HeaderAccept), "text/event-stream")
}

// Follow sends a stream of server-sent events (HTML Living Standard, 9.2) that
// says "changed" whenever changed does, at once when stale, and nothing else: the
// page reads what it shows itself. It ends with the session, with the portal, and
// when the browser goes.
func (a *App) Follow(c echo.Context, changed <-chan struct{}, stale bool) error {
	session := string(Who(c).Session)
	if !a.streams.begin(session) {
		return &fault.Error{Kind: fault.TooMany, Message: "Too many pages are followed at once.", RetryAfter: time.Minute}
	}
	defer a.streams.end(session)
	stopped := a.streams.done()
	control := http.NewResponseController(c.Response())
	send := func(text string) error {
		if err := control.SetWriteDeadline(a.Clock().Add(beatWithin)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		if _, err := c.Response().Write([]byte(text)); err != nil {
			return err
		}
		return control.Flush()
	}
	// reading on tells when the browser goes; it may be silent for long
	if err := control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would keep it back
	c.Response().WriteHeader(http.StatusOK)
	first := "retry: 2000\n\n"
	if stale {
		first += event
	}
	// from here on there is no other answer: whatever fails ends the stream
	if err := send(first); err != nil {
		return nil
	}
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		text := event
		select {
		case <-c.Request().Context().Done():
			return nil
		case <-stopped:
			return nil
		case <-beat.C:
			text = ":\n\n"
		case <-changed:
		}
		if !a.live(c) || send(text) != nil {
			return nil
		}
	}
}

const event = "event: changed\ndata:\n\n"

// live reports whether the session of a stream has not ended meanwhile.
func (a *App) live(c echo.Context) bool {
	if a.Sessions == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), 5*time.Second)
	defer cancel()
	cookie, err := c.Cookie(a.Sessions.CookieName())
	if err != nil {
		return false
	}
	_, err = a.Sessions.accounts.FindSession(ctx, cookie.Value)
	// trouble with the books is no reason to end it
	return !fault.Is(err, fault.SignedOut)
}

// followed reports whether the request is for an event stream, which lasts, or
// made by a page that follows one: neither shows that somebody is there.
func followed(r *http.Request) bool {
	return r.Header.Get(unattended) != "" || streamed(r)
}

// streamed reports whether the address is of an event stream.
func streamed(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, FollowPath) }
