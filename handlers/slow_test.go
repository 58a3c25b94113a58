package handlers

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections never leave the process, so that a
// test's own clock rules them.
type pipes struct {
	queue chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{queue: make(chan net.Conn), done: make(chan struct{})} }

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// dial connects a client.
func (l *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	l.queue <- theirs
	return ours
}

// TestSlowClientsAreSentAway lets a thousand clients hold the server up in each
// way there is, a byte a second, and somebody else ask for a page meanwhile.
func TestSlowClientsAreSentAway(t *testing.T) {
	const head = "POST /login HTTP/1.1\r\nHost: portal.example.com\r\n"
	for name, tt := range map[string]struct {
		sent   string // at once
		drip   string // one byte a second, again and again
		within time.Duration
	}{
		"nothing sent":    {"", "", 5 * time.Second},
		"slow headers":    {head, "X-A: b\r\n", 5 * time.Second},
		"slow body":       {head + "Content-Length: 1000000\r\n\r\n", "x", 15 * time.Second},
		"slow chunks":     {head + "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", 15 * time.Second},
		"idle between":    {"GET / HTTP/1.1\r\nHost: portal.example.com\r\n\r\n", "", 120 * time.Second},
		"reads no answer": {"GET /long HTTP/1.1\r\nHost: portal.example.com\r\n\r\n", "", 75 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newPipes()
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() {
					ended <- Serve(ctx, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/long" {
							_, _ = io.Copy(w, io.LimitReader(endless{}, 10<<20))
							return
						}
						if _, err := io.Copy(io.Discard, r.Body); err != nil {
							w.WriteHeader(http.StatusBadRequest)
						}
					}), slog.New(slog.DiscardHandler))
				}()
				var clients sync.WaitGroup
				for range 1000 {
					conn := l.dial()
					clients.Go(func() {
						defer func() { _ = conn.Close() }()
						began := time.Now()
						if tt.sent != "" {
							if _, err := io.WriteString(conn, tt.sent); err != nil {
								t.Errorf("refused at once: %v", err)
								return
							}
						}
						gone := make(chan struct{})
						go func() {
							defer close(gone)
							if name != "reads no answer" {
								_, _ = io.Copy(io.Discard, conn)
								return
							}
							<-time.After(tt.within)
							// what had been written into the pipe is cut off
							if n, err := io.Copy(io.Discard, conn); n >= 10<<20 || err != nil && !errors.Is(err, io.ErrClosedPipe) {
								t.Errorf("%d bytes came after all, %v", n, err)
							}
						}()
						for i := 0; ; i++ {
							select {
							case <-gone:
								if took := time.Since(began); took > tt.within+time.Second {
									t.Errorf("held for %v", took)
								}
								return
							case <-time.After(time.Second):
							}
							if tt.drip != "" {
								_, _ = conn.Write([]byte{tt.drip[i%len(tt.drip)]})
							}
						}
					})
				}
				time.Sleep(2 * time.Second)
				began := time.Now()
				conn := l.dial()
				if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: portal.example.com\r\nConnection: close\r\n\r\n"); err != nil {
					t.Error(err)
				}
				line, err := bufio.NewReader(conn).ReadString('\n')
				if err != nil || !strings.Contains(line, "200 OK") || time.Since(began) >= time.Second {
					t.Errorf("%q after %v, %v", line, time.Since(began), err)
				}
				_ = conn.Close()
				clients.Wait()
				stop()
				if err := <-ended; err != nil && !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
			})
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
