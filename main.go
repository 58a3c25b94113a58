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
	"customerportal/handlers/office"
	"customerportal/handlers/portal"
	"customerportal/handlers/web"
	"customerportal/internal/calendar"
	"customerportal/internal/config"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
	"customerportal/static"
	"customerportal/views"
	officeviews "customerportal/views/office"
	portalviews "customerportal/views/portal"
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

// program is the wired-up portal: the open books and the nouns that work on them.
type program struct {
	cfg      config.Config
	clock    calendar.Clock
	log      *slog.Logger
	books    *db.DB
	settings *settings.Store
	mail     *outbox.Writer
}

// open opens the books and wires the nouns together, the same for every command.
func open(ctx context.Context, cfg config.Config) (*program, error) {
	p := &program{cfg: cfg, clock: time.Now, log: newLog(cfg)}
	sealer, err := settings.LoadSealer(filepath.Join(filepath.Dir(cfg.DB), "portal.key"))
	if err != nil {
		return nil, err
	}
	if p.books, err = db.Open(ctx, cfg.DB+"-live"); err != nil {
		return nil, err
	}
	p.settings = settings.New(p.books, p.clock, sealer)
	if p.mail, err = outbox.NewWriter(p.settings, cfg.PublicURL); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// close releases what open took.
func (p *program) close() error { return p.books.Close() }

// handler puts the screens together.
func (p *program) handler() (http.Handler, error) {
	assets, err := static.New()
	if err != nil {
		return nil, err
	}
	renderer, err := views.New(views.Shared, map[string]fs.FS{"portal": portalviews.Files, "office": officeviews.Files}, assets.URL)
	if err != nil {
		return nil, err
	}
	app := &web.App{
		DB: p.books, Clock: p.clock, Log: p.log, Settings: p.settings, Views: renderer, Assets: assets, PublicURL: p.cfg.PublicURL,
		Authenticate: func(echo.Context) (web.Viewer, error) { return web.Viewer{}, nil },
	}
	customers := &portal.Handlers{App: app}
	staff := &office.Handlers{App: app}
	return handlers.New(app, p.cfg.Trusted, customers.Routes(), staff.Routes()), nil
}

// newLog writes to standard error, as text for people or JSON for machines.
func newLog(cfg config.Config) *slog.Logger {
	if cfg.LogJSON {
		return slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil))
}

func serve(ctx context.Context, args []string, stdout io.Writer) error {
	cfg, _, err := config.Parse("serve", args, os.Getenv, stdout, nil)
	if err != nil {
		return err
	}
	p, err := open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = p.close() }()
	h, err := p.handler()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The portal is at %s\n", cfg.PublicURL)
	return listen(ctx, l, h)
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
