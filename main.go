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
	"slices"
	"sync"
	"syscall"
	"time"
	_ "time/tzdata" // a small server may have no time zones of its own

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/handlers"
	"customerportal/handlers/console"
	demoscreens "customerportal/handlers/demo"
	"customerportal/handlers/office"
	"customerportal/handlers/portal"
	"customerportal/handlers/web"
	"customerportal/internal/account"
	"customerportal/internal/accounting"
	"customerportal/internal/autopay"
	"customerportal/internal/billing"
	"customerportal/internal/books"
	"customerportal/internal/calendar"
	"customerportal/internal/config"
	"customerportal/internal/demo"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/authorizenet"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/gateway/stripe"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/proposal"
	"customerportal/internal/reminder"
	"customerportal/internal/sale"
	"customerportal/internal/schedule"
	"customerportal/internal/settings"
	"customerportal/internal/workorder"
	"customerportal/static"
	"customerportal/views"
	demoviews "customerportal/views/demo"
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

// commands lists the words behind `portal`.
func commands() []console.Command {
	return append([]console.Command{
		{Name: "demo", Help: "try the whole product on made-up books", Run: demonstrate},
		{Name: "serve", Help: "run the dealer's portal", Run: serve},
	}, console.Commands(func(ctx context.Context, cfg config.Config) (*console.Portal, error) {
		p, err := open(ctx, cfg, time.Now)
		if err != nil {
			return nil, err
		}
		return &console.Portal{DB: p.books, Clock: p.clock, Settings: p.settings, Accounts: p.accounts, Proposals: p.proposals, Payments: p.payments, Close: p.close}, nil
	}, time.Now)...)
}

// run carries out one command and returns when it is done or ctx ends.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) > 0 {
		for _, c := range commands() {
			if c.Name == args[0] {
				return c.Run(ctx, args[1:], stdout)
			}
		}
	}
	for _, c := range commands() {
		fmt.Fprintf(stdout, "portal %-10s %s\n", c.Name, c.Help)
	}
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("there is no command %q", args[0])
}

// program is the wired-up portal: the open books and the nouns that work on them.
type program struct {
	cfg       config.Config
	clock     calendar.Clock
	log       *slog.Logger
	books     *db.DB
	settings  *settings.Store
	mail      *outbox.Writer
	sender    *outbox.Worker
	accounts  *account.Service
	ledger    *ledger.Service
	payments  *payment.Service
	autopay   *autopay.Service
	reminder  *reminder.Service
	billing   *billing.Service
	proposals *proposal.Service
	orders    *workorder.Service
	sale      *sale.Service
	gateways  *gateways
	desk      *books.Desk
	more      []schedule.Job // what a command has more
}

// open opens the books and wires the nouns together, the same for every command.
func open(ctx context.Context, cfg config.Config, clock calendar.Clock) (*program, error) {
	p := &program{cfg: cfg, clock: clock, log: newLog(cfg)}
	var err error
	if p.books, err = db.OpenBooks(ctx, cfg.DB, p.clock); err != nil {
		return nil, err
	}
	sealer, err := settings.LoadSealer(filepath.Join(filepath.Dir(cfg.DB), "portal.key"))
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	p.settings = settings.New(p.books, p.clock, sealer)
	if p.mail, err = outbox.NewWriter(p.settings, cfg.PublicURL); err != nil {
		return nil, errors.Join(err, p.close())
	}
	relay := outbox.Relay{Address: cfg.SMTP, User: cfg.SMTPUser, Password: cfg.SMTPPassword}
	p.sender = outbox.NewWorker(p.books, p.clock, p.settings, p.mail, relay, p.log)
	p.accounts = account.New(p.books, p.clock, p.settings, p.mail)
	p.ledger = ledger.New(p.books, p.clock, p.settings, p.mail)
	p.gateways = &gateways{cfg: cfg, clock: clock, deliver: p.deliver}
	p.payments = payment.New(p.books, p.clock, p.settings, p.mail, p.ledger,
		payment.Gateways{"sandbox": p.gateways.forSandbox, "stripe": p.gateways.forStripe, "authorizenet": p.gateways.forAuthorizeNet}, p.log)
	p.reminder = reminder.New(p.books, p.clock, p.settings, p.mail, p.ledger, p.log)
	p.billing = billing.New(p.books, p.clock, p.settings, p.mail, p.ledger, p.log)
	p.proposals = proposal.New(p.books, p.clock, p.settings, p.mail, p.ledger, p.log)
	p.orders = workorder.New(p.books, p.clock, p.settings, p.mail, p.log)
	p.desk = books.NewDesk(books.New(p.books, p.clock, p.settings, p.proposals), filepath.Join(filepath.Dir(cfg.DB), "import"), p.log)
	p.sale = sale.New(p.books, p.clock, p.ledger, p.orders)
	p.autopay = autopay.New(p.books, p.clock, p.settings, p.mail, p.payments, p.ledger, p.log)
	return p, nil
}

// close releases what open took.
func (p *program) close() error { return errors.Join(p.gateways.close(), p.books.Close()) }

// deliver hands the sandbox's webhooks to the engine without going through HTTP.
func (p *program) deliver(ctx context.Context, body []byte, signature string) error {
	return p.payments.Receive(ctx, "sandbox", body, func(string) string { return signature })
}

// gateways makes the processors' adapters when they are first asked for, and
// anew when their keys were changed.
type gateways struct {
	cfg     config.Config
	clock   calendar.Clock
	deliver sandbox.Deliver
	control bool // the demonstration's page to settle and return payments

	mu      sync.Mutex
	sandbox *sandbox.Sandbox
	stripe  *stripe.Adapter
	keys    stripe.Config // those that stripe was made with
	anet    *authorizenet.Adapter
	account [5]string // the settings that anet was made with
}

// sandboxSettles is how long a bank debit takes in the sandbox, a few days in
// real life.
const sandboxSettles = 10 * time.Minute

// openSandbox returns the sandbox; its books lie in a file of their own beside
// the dealer's, as a processor's would lie elsewhere.
func (g *gateways) openSandbox(s *settings.Settings) (*sandbox.Sandbox, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sandbox != nil {
		return g.sandbox, nil
	}
	c := sandbox.Config{BaseURL: g.cfg.PublicURL + "/sandbox", Business: s.Company.Name, Clock: g.clock, File: g.cfg.DB + "-sandbox",
		SettleAfter: sandboxSettles, Deliver: g.deliver, Control: g.control}
	if g.control {
		c.SettleAfter = 0 // when told
	}
	made, err := sandbox.New(c)
	g.sandbox = made
	return made, err
}

func (g *gateways) forSandbox(s *settings.Settings) (gateway.Adapter, error) {
	return g.openSandbox(s)
}

func (g *gateways) forStripe(s *settings.Settings) (gateway.Adapter, error) {
	keys := stripe.Config{SecretKey: s.Value("stripe.secret_key"), WebhookSecret: s.Value("stripe.webhook_secret")}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stripe != nil && keys.SecretKey == g.keys.SecretKey && keys.WebhookSecret == g.keys.WebhookSecret {
		return g.stripe, nil
	}
	made, err := stripe.New(stripe.Config{SecretKey: keys.SecretKey, WebhookSecret: keys.WebhookSecret, Clock: g.clock})
	if err != nil {
		return nil, err
	}
	g.stripe, g.keys = made, keys
	return made, nil
}

func (g *gateways) forAuthorizeNet(s *settings.Settings) (gateway.Adapter, error) {
	var account [5]string
	for i, key := range []string{"login_id", "transaction_key", "signature_key", "environment", "echeck"} {
		account[i] = s.Value("authorizenet." + key)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.anet != nil && account == g.account {
		return g.anet, nil
	}
	c := authorizenet.Config{LoginID: account[0], TransactionKey: account[1], SignatureKey: account[2], Production: account[3] == "production", Clock: g.clock}
	if account[4] != "yes" {
		c.Kinds = []gateway.Kind{gateway.Card}
	}
	made, err := authorizenet.New(c)
	if err != nil {
		return nil, err
	}
	g.anet, g.account = made, account
	return made, nil
}

func (g *gateways) close() error {
	if g == nil || g.sandbox == nil {
		return nil
	}
	return g.sandbox.Close()
}

// sandboxPages serves the sandbox's hosted pages while it is the dealer's choice.
func (p *program) sandboxPages(*web.App) []web.Route {
	show := func(c echo.Context) error {
		s, err := p.settings.Current(c.Request().Context())
		if err != nil {
			return err
		}
		if s.Gateway != "sandbox" {
			return fault.Missing("page")
		}
		box, err := p.gateways.openSandbox(s)
		if err != nil {
			return err
		}
		return echo.WrapHandler(box.Handler())(c)
	}
	return []web.Route{
		{Name: "sandbox", Method: http.MethodGet, Path: "/sandbox/*", Access: web.Anyone(), Handler: show},
		{Name: "sandbox.submit", Method: http.MethodPost, Path: "/sandbox/*", Access: web.Anyone(), Handler: show},
	}
}

// runSandbox lets the sandbox's time pass while it is the dealer's choice.
func (p *program) runSandbox(ctx context.Context) error {
	s, err := p.settings.Current(ctx)
	if err != nil || s.Gateway != "sandbox" {
		return err
	}
	box, err := p.gateways.openSandbox(s)
	if err != nil {
		return err
	}
	box.Run(ctx)
	return nil
}

// handler puts the screens together, with those that a command has more.
func (p *program) handler(more ...func(*web.App) []web.Route) (http.Handler, error) {
	assets, err := static.New()
	if err != nil {
		return nil, err
	}
	renderer, err := views.New(views.Shared, map[string]fs.FS{"portal": portalviews.Files, "office": officeviews.Files, "demo": demoviews.Files}, assets.URL)
	if err != nil {
		return nil, err
	}
	app := &web.App{
		DB: p.books, Clock: p.clock, Log: p.log, Settings: p.settings, Views: renderer, Assets: assets, PublicURL: p.cfg.PublicURL,
		FormTargets: slices.Concat(stripe.PageOrigins(), authorizenet.PageOrigins()),
	}
	app.Sessions = web.NewSessions(p.accounts, app.Secure())
	app.Sessions.OfficeTabs = office.Tabs
	app.Authenticate, app.Decorate = app.Sessions.Authenticate, app.Sessions.Decorate
	customers := &portal.Handlers{App: app, Accounts: p.accounts, Ledger: p.ledger, Payments: p.payments, Proposals: p.proposals, WorkOrders: p.orders}
	app.Sessions.PortalTabs = customers.Tabs
	staff := &office.Handlers{App: app, Accounts: p.accounts, Ledger: p.ledger, Drafts: billing.NewDrafts(p.books, p.clock, p.ledger), Payments: p.payments, AutoPay: p.autopay, Mail: p.sender}
	staff.Reminders = p.reminder
	staff.Billing = p.billing
	staff.WorkOrders = p.orders
	staff.Proposals, staff.Sale = p.proposals, p.sale
	staff.Accounting, staff.Books, staff.Desk = accounting.New(p.books, p.clock, p.settings), p.desk.Service, p.desk
	tables := [][]web.Route{customers.Routes(), staff.Routes(), p.sandboxPages(app)}
	for _, table := range more {
		tables = append(tables, table(app))
	}
	return handlers.New(app, p.cfg.Trusted, tables...), nil
}

// newLog writes to standard error, as text for people or JSON for machines.
func newLog(cfg config.Config) *slog.Logger {
	options := &slog.HandlerOptions{}
	if cfg.Quiet {
		options.Level = slog.LevelWarn
	}
	if cfg.LogJSON {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

func serve(ctx context.Context, args []string, stdout io.Writer) (err error) {
	cfg, _, err := config.Parse("serve", args, os.Getenv, stdout, nil)
	if err != nil {
		return err
	}
	release, err := db.Lock(cfg.DB)
	if err != nil {
		return err
	}
	defer release()
	p, err := open(ctx, cfg, time.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	h, err := p.handler()
	if err != nil {
		return err
	}
	first, err := p.accounts.FirstOwner(ctx)
	if err != nil {
		return err
	}
	if first != "" {
		fmt.Fprintf(stdout, "Nobody can log in to the office yet. Set it up here, within 24 hours:\n%s%s\n", cfg.PublicURL, first)
	}
	return p.work(ctx, h, stdout)
}

// work answers requests and runs the jobs until ctx ends.
func (p *program) work(ctx context.Context, h http.Handler, stdout io.Writer) error {
	// a listener that fails ends the background work too
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := p.books.Snapshot(ctx); err != nil {
		return err
	}
	var work sync.WaitGroup
	work.Go(func() { p.books.KeepSnapshots(ctx, p.log) })
	work.Go(func() { schedule.New(p.books, p.clock, p.log, p.jobs()...).Run(ctx) })
	err := p.listen(ctx, h, stdout)
	stop()
	work.Wait()
	return errors.Join(err, p.books.Snapshot(context.WithoutCancel(ctx)))
}

// jobs lists what is done again and again while the portal runs.
func (p *program) jobs() []schedule.Job {
	jobs := []schedule.Job{
		{Name: "mail", Every: 15 * time.Second, Wake: p.sender.Queued(), Run: p.sender.Run},
		{Name: "payments", Every: 5 * time.Second, Wake: p.payments.Woken(), Run: p.payments.Settle},
		{Name: "self-test", Every: time.Hour, Wake: p.payments.SelfTestAsked(), Run: p.payments.RunSelfTests},
		{Name: "expiring cards", Every: time.Hour, Limit: time.Minute, Run: p.payments.WarnOfExpiry},
		{Name: "auto pay", Every: 20 * time.Second, Wake: p.autopay.Woken(), Run: p.autopay.Run},
		{Name: "billing", Every: time.Minute, Wake: p.billing.Woken(), Run: p.billing.Run},
		{Name: "import", Every: 24 * time.Hour, Wake: p.desk.Woken(), Run: p.desk.Run},
		{Name: "sandbox", Every: 10 * time.Second, Run: p.runSandbox},
		{Name: "reminders", Every: 5 * time.Minute, Run: p.reminder.Run},
		{Name: "proposals", Every: 5 * time.Minute, Run: p.proposals.Remind},
		{Name: "sweep", Every: 24 * time.Hour, Limit: time.Minute, Run: func(ctx context.Context) error {
			return errors.Join(p.accounts.Sweep(ctx), p.payments.Sweep(ctx), p.orders.Sweep(ctx))
		}},
	}
	return append(jobs, p.more...)
}

// demonstrate runs the portal on made-up books, with a mail server of its own
// that keeps every mail here.
func demonstrate(ctx context.Context, args []string, stdout io.Writer) (err error) {
	fresh := false
	cfg, _, err := config.Parse("demo", args, os.Getenv, stdout, func(fs *flag.FlagSet) {
		fs.BoolVar(&fresh, "fresh", false, "throw the demonstration away and make it anew")
		if os.Getenv("PORTAL_DB") == "" {
			name := fs.Lookup("db")
			name.DefValue = filepath.Join("demo", "portal.db")
			_ = name.Value.Set(name.DefValue) // a string flag takes every string
		}
	})
	if err != nil {
		return err
	}
	dir := filepath.Dir(cfg.DB)
	release, err := db.Lock(cfg.DB)
	if err != nil {
		return err
	}
	defer release()
	guide, err := demo.Prepare(dir, fresh, filepath.Base(cfg.DB)+"-lock")
	if err != nil {
		return err
	}
	if guide == nil {
		fmt.Fprintln(stdout, "Making up a dealer with two years of history ...")
		if guide, err = makeDemo(ctx, cfg, dir); err != nil {
			return err
		}
	}

	mailbox, err := demo.OpenMailbox(filepath.Join(dir, "mail"), time.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mailbox.Close()) }()
	cfg.SMTP, cfg.Quiet = mailbox.Address(), true
	p, err := open(ctx, cfg, time.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	p.gateways.control = true
	h, err := p.handler(func(app *web.App) []web.Route {
		return (&demoscreens.Handlers{App: app, Mailbox: mailbox, Guide: *guide}).Routes()
	})
	if err != nil {
		return err
	}
	live := demo.NewLive(demo.Tools{DB: p.books, Settings: p.settings, Accounts: p.accounts, Orders: p.orders}, guide, p.clock)
	p.more = []schedule.Job{{Name: "live work order", Every: 5 * time.Second, Run: live.Run}}
	if err := guide.Print(stdout, cfg.PublicURL, p.clock()); err != nil {
		return err
	}
	return p.work(ctx, h, stdout)
}

// makeDemo makes the books of the demonstration up, on a clock that the maker
// sets so that the history has its own days, mails and payments included.
func makeDemo(ctx context.Context, cfg config.Config, dir string) (guide *demo.Guide, err error) {
	clock := calendar.NewFake(time.Now())
	mailbox, err := demo.OpenMailbox(filepath.Join(dir, "mail"), clock.Now)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, mailbox.Close()) }()
	cfg.SMTP, cfg.Quiet = mailbox.Address(), true
	p, err := open(ctx, cfg, clock.Now)
	if err != nil {
		return nil, err
	}
	p.gateways.control = true
	guide, err = demo.Build(ctx, demo.Tools{
		DB: p.books, Clock: clock, Settings: p.settings, Accounts: p.accounts, Payments: p.payments, AutoPay: p.autopay, Ledger: p.ledger,
		Orders: p.orders, Proposals: p.proposals, Sale: p.sale,
		Sandbox: p.gateways.openSandbox, Mail: p.sender,
	})
	if err = errors.Join(err, p.close()); err != nil {
		return nil, err
	}
	return guide, demo.Finish(dir, guide)
}

// listen answers requests until ctx ends.
func (p *program) listen(ctx context.Context, h http.Handler, stdout io.Writer) error {
	if p.cfg.TLSDomain != "" {
		fmt.Fprintf(stdout, "The portal is at %s\n", p.cfg.PublicURL)
		return handlers.ServeTLS(ctx, p.cfg.TLSDomain, filepath.Join(filepath.Dir(p.cfg.DB), "certificates"), h, p.log)
	}
	l, err := net.Listen("tcp", p.cfg.Listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The portal is at %s\n", p.cfg.PublicURL)
	return handlers.Serve(ctx, l, h, p.log)
}
