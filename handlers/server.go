package handlers

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/sync/errgroup"
)

// stopWithin is how long running requests may take to finish at a stop.
const stopWithin = 8 * time.Second

// newServer bounds what one client can hold: slow headers, slow bodies, idle
// connections and headers without end.
func newServer(h http.Handler, log *slog.Logger) *http.Server {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	if p, ok := h.(interface{ Stop() }); ok {
		server.RegisterOnShutdown(p.Stop)
	}
	return server
}

// Serve answers on the listener until ctx ends, then takes no new requests and
// lets the running ones finish.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	return serve(ctx, newServer(h, log), l)
}

func serve(ctx context.Context, server *http.Server, l net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	err := server.Shutdown(stopping)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	return err
}

// ServeTLS answers https for one domain on port 443 with certificates by ACME
// (RFC 8555), kept in the folder certificates, and sends http on port 80 there.
func ServeTLS(ctx context.Context, domain, certificates string, h http.Handler, log *slog.Logger) error {
	if err := os.MkdirAll(certificates, 0o700); err != nil {
		return err
	}
	manager, config := certified(domain, certificates)
	secure, err := net.Listen("tcp", ":443")
	if err != nil {
		return err
	}
	plain, err := net.Listen("tcp", ":80")
	if err != nil {
		return errors.Join(err, secure.Close())
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve(ctx, newServer(h, log), tls.NewListener(secure, config)) })
	group.Go(func() error {
		return serve(ctx, newServer(manager.HTTPHandler(http.HandlerFunc(toHTTPS)), log), plain)
	})
	return group.Wait()
}

// certified asks for certificates of the one domain, and speaks TLS 1.2 and later.
func certified(domain, certificates string) (*autocert.Manager, *tls.Config) {
	manager := &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(certificates), HostPolicy: autocert.HostWhitelist(domain),
	}
	config := manager.TLSConfig()
	config.MinVersion = tls.VersionTLS12
	return manager, config
}

// toHTTPS answers plain http with the same address on https.
func toHTTPS(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	http.Redirect(w, r, "https://"+host+r.URL.RequestURI(), http.StatusPermanentRedirect)
}
