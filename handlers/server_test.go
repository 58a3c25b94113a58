package handlers

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func start(t *testing.T, h http.Handler) (address string, stop func() error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, l, h, slog.New(slog.DiscardHandler)) }()
	return l.Addr().String(), func() error {
		cancel()
		return <-ended
	}
}

// A stop under load: the request that is being answered is answered whole.
func TestStopLetsRunningRequestsFinish(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	address, stop := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-finish
		_, _ = io.WriteString(w, "paid")
	}))
	got := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + address)
		if err != nil {
			got <- err.Error()
			return
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		got <- string(body)
	}()
	<-begun
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	// the listener closes at once: no new work is taken
	for {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	close(finish)
	if body := <-got; body != "paid" {
		t.Errorf("the running request got %q", body)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestServerBoundsWhatAClientCanHold(t *testing.T) {
	s := newServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if s.ReadHeaderTimeout <= 0 || s.ReadHeaderTimeout > 5*time.Second || s.ReadTimeout > 15*time.Second ||
		s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes > 64<<10 {
		t.Errorf("limits: %+v", s)
	}
	address, stop := start(t, http.NotFoundHandler())
	resp, err := http.Get("http://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Long", strings.Repeat("x", 100<<10))
	resp, err = http.DefaultClient.Do(request)
	if err == nil {
		if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("100 KB of headers: %s", resp.Status)
		}
		_ = resp.Body.Close()
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestPlainHTTPGoesToHTTPS(t *testing.T) {
	w := httptest.NewRecorder()
	toHTTPS(w, httptest.NewRequest(http.MethodGet, "http://portal.example.com:80/invoices/10023.pdf?x=1", nil))
	if w.Code != http.StatusPermanentRedirect || w.Header().Get("Location") != "https://portal.example.com/invoices/10023.pdf?x=1" {
		t.Errorf("%d %s", w.Code, w.Header().Get("Location"))
	}
}

func TestCertificates(t *testing.T) {
	manager, config := certified("portal.example.com", t.TempDir())
	for name, own := range map[string]bool{"portal.example.com": true, "evil.example": false, "a.portal.example.com": false, "127.0.0.1": false} {
		if err := manager.HostPolicy(t.Context(), name); (err == nil) != own {
			t.Errorf("a certificate for %s: %v", name, err)
		}
	}
	for version, spoken := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		ours, theirs := net.Pipe()
		client := tls.Client(theirs, &tls.Config{ServerName: "evil.example", MinVersion: version, MaxVersion: version})
		ended := make(chan error, 1)
		go func() { ended <- client.HandshakeContext(t.Context()); _ = theirs.Close() }()
		err := tls.Server(ours, config).HandshakeContext(t.Context())
		_ = ours.Close()
		<-ended
		// a spoken version is refused for the name alone
		if old := err != nil && strings.Contains(err.Error(), "version"); old == spoken {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
}
