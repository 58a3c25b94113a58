// Package config reads the flags and environment variables that the program is
// started with. Everything else is a setting in the database.
package config

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
)

// Config is how the program is started. Each flag is also an environment
// variable PORTAL_…; the flag wins.
type Config struct {
	DB           string       // --db: the snapshot's name; the live books lie beside it
	Listen       string       // --listen
	PublicURL    string       // --public-url, without a slash at the end
	SMTP         string       // --smtp: smtp://host:587 or smtps://host:465
	SMTPUser     string       // PORTAL_SMTP_USER
	SMTPPassword string       // PORTAL_SMTP_PASSWORD; never a flag, for flags are seen by all users
	TLSDomain    string       // --tls-domain
	Trusted      []*net.IPNet // --trusted-proxy, comma-separated CIDRs
	LogJSON      bool         // --log json
	Quiet        bool         // only trouble is logged: the console belongs to the command
}

// ErrUsage marks a wrong command line; its text has been written to the output.
var ErrUsage = errors.New("wrong command line")

// Parse reads the flags of a command from args and returns the rest. Extra may
// add flags of the command's own.
func Parse(command string, args []string, getenv func(string) string, out io.Writer, extra func(*flag.FlagSet)) (Config, []string, error) {
	var c Config
	var proxies, log string
	env := func(name, fallback string) string {
		if v := getenv("PORTAL_" + name); v != "" {
			return v
		}
		return fallback
	}
	fs := flag.NewFlagSet("portal "+command, flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&c.DB, "db", env("DB", "portal.db"), "the database's snapshot; the running books lie beside it")
	fs.StringVar(&c.Listen, "listen", env("LISTEN", "127.0.0.1:8080"), "address to listen on")
	fs.StringVar(&c.PublicURL, "public-url", env("PUBLIC_URL", ""), "the portal's own address (default http:// and the listen address)")
	fs.StringVar(&c.SMTP, "smtp", env("SMTP", ""), "mail server, smtp://host:587 or smtps://host:465")
	fs.StringVar(&c.TLSDomain, "tls-domain", env("TLS_DOMAIN", ""), "serve https for this name with certificates by ACME, on ports 80 and 443")
	fs.StringVar(&proxies, "trusted-proxy", env("TRUSTED_PROXY", ""), "addresses of reverse proxies, as CIDRs with commas")
	fs.StringVar(&log, "log", env("LOG", "text"), "text or json")
	if extra != nil {
		extra(fs)
	}
	rest, err := parseAnywhere(fs, args)
	if err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return c, nil, err
		}
		return c, nil, ErrUsage
	}
	c.SMTPUser, c.SMTPPassword = getenv("PORTAL_SMTP_USER"), getenv("PORTAL_SMTP_PASSWORD")
	c.LogJSON = log == "json"
	if log != "json" && log != "text" {
		return c, nil, fmt.Errorf("--log: %q is neither text nor json", log)
	}
	if c.PublicURL == "" {
		c.PublicURL = "http://" + c.Listen
		if c.TLSDomain != "" {
			c.PublicURL = "https://" + c.TLSDomain
		}
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	if u, err := url.Parse(c.PublicURL); err != nil || u.Host == "" || u.Path != "" || u.Scheme != "http" && u.Scheme != "https" {
		return c, nil, fmt.Errorf("--public-url: %q is not an address like https://portal.example.com", c.PublicURL)
	}
	if c.SMTP != "" {
		if u, err := url.Parse(c.SMTP); err != nil || u.Hostname() == "" || u.Port() == "" || u.User != nil || u.Scheme != "smtp" && u.Scheme != "smtps" {
			return c, nil, errors.New("--smtp: write smtp://host:587 or smtps://host:465, without user or password (PORTAL_SMTP_USER, PORTAL_SMTP_PASSWORD)")
		}
	}
	for _, p := range strings.FieldsFunc(proxies, func(r rune) bool { return r == ',' || r == ' ' }) {
		_, n, err := net.ParseCIDR(p)
		if err != nil {
			return c, nil, fmt.Errorf("--trusted-proxy: %q is not a CIDR like 10.0.0.0/8", p)
		}
		c.Trusted = append(c.Trusted, n)
	}
	return c, rest, nil
}

// parseAnywhere parses flags wherever they stand, as in `portal import DIR
// --dry-run`, and returns the rest. Behind -- there are no more flags.
func parseAnywhere(fs *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		parsed := len(args) - fs.NArg()
		if parsed > 0 && args[parsed-1] == "--" || fs.NArg() == 0 {
			return append(rest, fs.Args()...), nil
		}
		rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
	}
}
