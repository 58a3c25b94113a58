package console

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"customerportal/db"
	"customerportal/internal/autopay"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/config"
	"customerportal/internal/ledger"
	"customerportal/internal/proposal"
	"customerportal/internal/reminder"
	"customerportal/internal/sale"
	"customerportal/internal/workorder"
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
	workorder.Check,
	proposal.Check,
	sale.Check,
}

// compareDays is how far back the doctor compares with the processor: as long as
// Stripe keeps its list of changes (https://docs.stripe.com/api/events).
const compareDays = 30

func (c *console) doctor(ctx context.Context, args []string, stdout io.Writer) error {
	processor := false
	verify := ""
	cfg, rest, err := config.Parse("doctor", args, os.Getenv, stdout, func(fs *flag.FlagSet) {
		fs.BoolVar(&processor, "processor", false, fmt.Sprintf("compare the payments of the last %d days with the processor's own", compareDays))
		fs.StringVar(&verify, "verify", "", "tell whether this PDF of a proposal is genuine, instead; more files may follow")
	})
	if err != nil {
		return err
	}
	if verify != "" {
		rest = append([]string{verify}, rest...)
	}
	p, err := c.open(ctx, cfg)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return errors.Join(verifyFiles(ctx, p, rest, stdout), p.Close())
	}
	return errors.Join(examine(ctx, p, processor, stdout), p.Close())
}

// verifyFiles tells of each file whether it is a genuine paper of a proposal; it
// fails when one is not.
func verifyFiles(ctx context.Context, p *Portal, files []string, stdout io.Writer) error {
	doubtful := 0
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		v, err := p.Proposals.Verify(ctx, body)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%s: %s\n", name, v.Words())
		fmt.Fprintf(stdout, "  SHA-256 %s\n", v.SHA256)
		if v.Kind == "signed" {
			fmt.Fprintf(stdout, "  %s; %s once and %s a month\n", v.Authenticated, v.Total, v.Monthly)
		}
		if !v.Genuine() {
			doubtful++
		}
	}
	if doubtful > 0 {
		return fmt.Errorf("%d of %d files cannot be vouched for", doubtful, len(files))
	}
	return nil
}

// examine looks at everything and says what it found.
func examine(ctx context.Context, p *Portal, processor bool, stdout io.Writer) error {
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
	if processor {
		set, err := p.Settings.Current(ctx)
		if err != nil {
			return err
		}
		if set.Gateway == "sandbox" {
			return errors.New("the sandbox keeps its books in the running portal; there is no processor to compare with")
		}
		since := p.Clock.Now().Add(-compareDays * 24 * time.Hour)
		more, err := p.Payments.CheckProcessor(ctx, since)
		if err != nil {
			return fmt.Errorf("the processor could not be compared with: %w", err)
		}
		findings = append(findings, more...)
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
