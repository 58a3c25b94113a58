// Package console carries out the commands that are typed beside the running
// portal: arguments in, text out. Like the other handlers it leaves the business
// to the nouns.
package console

import (
	"context"
	"errors"
	"io"
	"os"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/calendar"
	"customerportal/internal/config"
	"customerportal/internal/payment"
	"customerportal/internal/proposal"
	"customerportal/internal/settings"
)

// Command is one word behind `portal`.
type Command struct {
	Name, Help string
	// Run carries the command out and returns when it is done or ctx ends. Its
	// arguments are those behind the word.
	Run func(ctx context.Context, args []string, stdout io.Writer) error
}

// Portal is what the commands work on: the open books and their nouns.
type Portal struct {
	DB        *db.DB
	Clock     calendar.Clock
	Settings  *settings.Store
	Accounts  *account.Service
	Proposals *proposal.Service
	Payments  *payment.Service
	Close     func() error
}

// Open opens the books of a configuration; each command closes what it opened.
type Open func(ctx context.Context, cfg config.Config) (*Portal, error)

type console struct {
	open  Open
	clock calendar.Clock
}

// Commands lists the commands in the order the help shows them.
func Commands(open Open, clock calendar.Clock) []Command {
	c := &console{open, clock}
	return []Command{
		{"staff", "let somebody into the office: portal staff add EMAIL --role owner", c.staff},
		{"import", "take in the books of DIR or FILE...: customers, sites, systems, invoices, payments", c.importBooks},
		{"export", "write the books to DIR as CSV files", c.exportBooks},
		{"settings", "list the settings, or set KEY=VALUE ...", c.set},
		{"backup", "write a whole copy of the books to FILE or into DIR", c.backup},
		{"restore", "go back to the books in FILE", c.restore},
		{"confirm", "confirm that this is the one running copy of the books", c.confirm},
		{"doctor", "check the books and say what is wrong", c.doctor},
		{"version", "print the version", version},
	}
}

// with runs a command on the books, which a running portal may share.
func (c *console) with(ctx context.Context, name string, args []string, stdout io.Writer, fn func(p *Portal, args []string) error) error {
	cfg, rest, err := config.Parse(name, args, os.Getenv, stdout, nil)
	if err != nil {
		return err
	}
	p, err := c.open(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(fn(p, rest), p.Close())
}
