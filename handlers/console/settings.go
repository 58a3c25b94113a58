package console

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/config"
	"customerportal/internal/settings"
)

// set lists or changes settings.
func (c *console) set(ctx context.Context, args []string, stdout io.Writer) error {
	return c.with(ctx, "settings", args, stdout, func(p *Portal, args []string) error {
		changes, err := settings.ParseChanges(args, os.Stdin)
		if err != nil {
			return err
		}
		if len(changes) > 0 {
			if err := p.Settings.Set(ctx, audit.Program, changes); err != nil {
				return settings.Explain(err)
			}
			fmt.Fprintln(stdout, "Set.")
			return nil
		}
		return p.Settings.List(ctx, stdout)
	})
}

// staff lets somebody into the office, or starts somebody anew who lost the
// password or the phone. It prints a one-time link: who has the console has the
// books.
func (c *console) staff(ctx context.Context, args []string, stdout io.Writer) error {
	role, name := "", ""
	usage := errors.New("write: portal staff add EMAIL --role " + strings.Join(account.Roles, "|"))
	if len(args) < 2 || args[0] != "add" || strings.HasPrefix(args[1], "-") {
		return usage
	}
	email := args[1]
	cfg, rest, err := config.Parse("staff", args[2:], os.Getenv, stdout, func(fs *flag.FlagSet) {
		fs.StringVar(&role, "role", "", strings.Join(account.Roles, ", "))
		fs.StringVar(&name, "name", "", "the person's name")
	})
	if err != nil {
		return err
	}
	if role == "" || len(rest) > 0 {
		return usage
	}
	p, err := c.open(ctx, cfg)
	if err != nil {
		return err
	}
	path, err := p.Accounts.InviteStaff(ctx, audit.Program, email, name, role)
	if err = errors.Join(err, p.Close()); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s chooses a password here, within 24 hours; the link works once:\n%s%s\n", email, cfg.PublicURL, path)
	return nil
}
