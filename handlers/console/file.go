package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"customerportal/db"
	"customerportal/internal/autopay"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/config"
	"customerportal/internal/ledger"
	"customerportal/internal/reminder"
)

func (c *console) backup(ctx context.Context, args []string, stdout io.Writer) error {
	return c.with(ctx, "backup", args, stdout, func(p *Portal, args []string) error {
		if len(args) != 1 {
			return errors.New("name the file or folder to write to: portal backup FILE|DIR")
		}
		to, err := p.DB.Backup(ctx, args[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "The books were copied to %s\n", to)
		return nil
	})
}

func (c *console) restore(ctx context.Context, args []string, stdout io.Writer) error {
	cfg, rest, err := config.Parse("restore", args, os.Getenv, stdout, nil)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return errors.New("name the file to go back to: portal restore FILE")
	}
	kept, err := db.Restore(ctx, cfg.DB, rest[0], c.clock)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The books are restored; what they replaced is kept in %s\n%s\nTo confirm them: portal confirm\n", kept, db.Restored.Describe())
	return nil
}

func (c *console) confirm(ctx context.Context, args []string, stdout io.Writer) error {
	return c.with(ctx, "confirm", args, stdout, func(p *Portal, _ []string) error {
		if err := p.DB.Confirm(ctx); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "Confirmed: this is the one running copy of the books. Payments are taken again.")
		return nil
	})
}

// checks are what the doctor looks at, a line for each noun.
var checks = []func(context.Context, *db.Queries, calendar.Instant) ([]ledger.Finding, error){
	ledger.CheckBooks,
	autopay.Check,
	billing.Check,
	billing.CheckDrafts,
	reminder.Check,
}

func (c *console) doctor(ctx context.Context, args []string, stdout io.Writer) error {
	return c.with(ctx, "doctor", args, stdout, func(p *Portal, _ []string) error {
		found, err := p.DB.Integrity(ctx)
		if err != nil {
			return err
		}
		hold, err := p.DB.Hold(ctx)
		if err != nil {
			return err
		}
		if hold != db.NoHold {
			fmt.Fprintln(stdout, hold.Describe())
		}
		var findings []ledger.Finding
		err = p.DB.View(ctx, func(q *db.Queries) error {
			for _, check := range checks {
				more, err := check(ctx, q, p.Clock.Now())
				if err != nil {
					return err
				}
				findings = append(findings, more...)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, f := range findings {
			found = append(found, f.String())
		}
		for _, line := range found {
			fmt.Fprintln(stdout, "-", line)
		}
		if len(found) > 0 {
			return fmt.Errorf("the doctor found %d things wrong with the books", len(found))
		}
		fmt.Fprintln(stdout, "The books are sound.")
		return nil
	})
}

func version(_ context.Context, _ []string, stdout io.Writer) error {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("this program was built without its version")
	}
	revision := "unknown"
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	fmt.Fprintf(stdout, "portal %s, revision %s, %s\n", info.Main.Version, revision, info.GoVersion)
	return nil
}
