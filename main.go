// Portal is a customer portal for security-alarm dealers: one program, one file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
	_ "time/tzdata" // a small server may have no time zones of its own

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers"
	"customerportal/handlers/web"
	"customerportal/internal/config"
	"customerportal/internal/settings"
	"customerportal/static"
	"customerportal/views"
	"customerportal/views/office"
	"customerportal/views/portal"
)

func main() {
	syscall.Umask(0o077) // the books are nobody else's to read
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		if !errors.Is(err, config.ErrUsage) {
			fmt.Fprintln(os.Stderr, "portal:", err)
		}
		os.Exit(1)
	}
}

// command is one word behind `portal`.
type command struct {
	name, help string
	run        func(ctx context.Context, args []string, stdout io.Writer) error
}

func commands() []command {
	return []command{
		{"serve", "run the dealer's portal", serve},
	}
}

// run carries out one command and returns when it is done or ctx ends.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) > 0 {
		for _, c := range commands() {
			if c.name == args[0] {
				return c.run(ctx, args[1:], stdout)
			}
		}
	}
	for _, c := range commands() {
		fmt.Fprintf(stdout, "portal %-10s %s\n", c.name, c.help)
	}
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("there is no command %q", args[0])
}

func serve(ctx context.Context, args []string, stdout io.Writer) error {
	cfg, _, err := config.Parse("serve", args, os.Getenv, stdout, nil)
	if err != nil {
		return err
	}
	books, err := db.Open(ctx, cfg.DB+"-live")
	if err != nil {
		return err
	}
	defer func() { _ = books.Close() }()
	sealer, err := settings.LoadSealer(filepath.Join(filepath.Dir(cfg.DB), "portal.key"))
	if err != nil {
		return err
	}
	assets, err := static.New()
	if err != nil {
		return err
	}
	renderer, err := newRenderer(assets)
	if err != nil {
		return err
	}
	app := &web.App{
		DB: books, Clock: time.Now, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Settings: settings.New(books, time.Now, sealer), Views: renderer, Assets: assets, PublicURL: cfg.PublicURL,
		Authenticate: func(echo.Context) (web.Viewer, error) { return web.Viewer{}, nil },
	}
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The portal is at %s\n", cfg.PublicURL)
	return listen(ctx, listener, handlers.New(app, cfg.Trusted))
}

// newRenderer parses the templates of all areas.
func newRenderer(assets *static.Assets) (*views.Renderer, error) {
	return views.New(views.Shared, map[string]fs.FS{"portal": portal.Files, "office": office.Files}, assets.URL)
}

// listen serves until ctx ends, then lets running requests finish.
func listen(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	return server.Shutdown(stopping)
}
