package console

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/books"
	"customerportal/internal/config"
)

// importBooks takes CSV files in. It may run beside a running portal.
func (c *console) importBooks(ctx context.Context, args []string, stdout io.Writer) (err error) {
	var options books.Options
	var yes bool
	var rejects string
	cfg, paths, err := config.Parse("import", args, os.Getenv, stdout, func(fs *flag.FlagSet) {
		fs.BoolVar(&options.DryRun, "dry-run", false, "check the files and write nothing")
		fs.BoolVar(&yes, "yes", false, "do not ask")
		fs.BoolVar(&options.OverwriteContact, "overwrite-contact", false, "let the files replace what customers changed in the portal")
		fs.StringVar(&rejects, "rejects", "", "write refused rows to files named after this one, to be corrected and sent again")
	})
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return errors.New("name the folder or the files to read: portal import DIR|FILE...")
	}
	sources, notes, err := books.Files(paths...)
	if err != nil {
		return err
	}
	p, err := c.open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if rejects != "" {
		options.Rejects = books.RejectsFile(rejects)
	}
	screen := &screen{ctx: ctx, in: os.Stdin, out: os.Stderr}
	options.Progress = screen.progress
	options.Confirm = func(r *books.Report) error {
		r.Notes = append(notes, r.Notes...)
		notes = nil
		screen.clear()
		if err := r.Print(stdout); err != nil || yes {
			return err
		}
		if wait := r.WillTake(); wait > 3*time.Second && isRunning(cfg.DB) {
			if err := screen.ask(fmt.Sprintf("The portal is running, and can save nothing for about %s while this is written.", wait.Round(time.Second))); err != nil {
				return err
			}
		}
		if n := r.Totals().Refused; n > 0 {
			return screen.ask(fmt.Sprintf("%d rows are refused.", n))
		}
		return nil
	}
	report, err := books.New(p.DB, p.Clock, p.Settings, p.Proposals).Import(ctx, audit.Program, sources, options)
	screen.clear()
	if errors.Is(err, context.Canceled) {
		return errors.New("stopped; nothing was imported")
	}
	if err != nil {
		return fmt.Errorf("nothing was imported: %w", err)
	}
	if report.DryRun {
		report.Notes = append(notes, report.Notes...)
		if err := report.Print(stdout); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "This was a dry run: nothing was written.")
		return nil
	}
	if !report.Written {
		fmt.Fprintln(stdout, "There was nothing to write: the books are as they were.")
		return nil
	}
	fmt.Fprintf(stdout, "Imported. Checking took %s, writing %s.\n", report.Read.Round(time.Millisecond), report.Wrote.Round(time.Millisecond))
	if isRunning(cfg.DB) {
		return nil // the running portal makes the snapshot
	}
	return p.DB.Snapshot(ctx)
}

// isRunning reports whether a portal runs on the books.
func isRunning(path string) bool {
	release, err := db.Lock(path)
	if err == nil {
		release()
	}
	return err != nil
}

// screen is the terminal that a long command runs at, or the file instead of one.
type screen struct {
	ctx   context.Context
	in    *os.File
	out   *os.File
	doing string
	bar   *progressbar.ProgressBar
}

// progress moves the bar, on a terminal.
func (s *screen) progress(p books.Progress) {
	if !term.IsTerminal(int(s.out.Fd())) {
		return
	}
	if s.bar == nil || s.doing != p.Doing {
		s.clear()
		s.doing = p.Doing
		s.bar = progressbar.NewOptions64(p.Total, progressbar.OptionSetWriter(s.out), progressbar.OptionSetDescription(p.Doing),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("rows"), progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(20), progressbar.OptionClearOnFinish())
	}
	_ = s.bar.Set64(min(p.Done, p.Total)) // a bar that cannot be drawn is no reason to stop
}

func (s *screen) clear() {
	if s.bar != nil {
		_ = s.bar.Clear()
		s.bar = nil
	}
}

// ask asks whether to go on. Where nobody can be asked the answer is no.
func (s *screen) ask(why string) error {
	if !term.IsTerminal(int(s.in.Fd())) || !term.IsTerminal(int(s.out.Fd())) {
		return errors.New(why + " Add --yes to go on all the same.")
	}
	fmt.Fprintf(s.out, "%s Go on? [y/N] ", why)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(s.in).ReadString('\n') // no line is no yes
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case word := <-answer:
		if word == "y" || word == "yes" {
			return nil
		}
		return errors.New("stopped")
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

func (c *console) exportBooks(ctx context.Context, args []string, stdout io.Writer) error {
	return c.with(ctx, "export", args, stdout, func(p *Portal, args []string) error {
		if len(args) != 1 {
			return errors.New("name the folder to write to: portal export DIR")
		}
		create, err := books.Folder(args[0])
		if err != nil {
			return err
		}
		counts, err := books.New(p.DB, p.Clock, p.Settings, p.Proposals).Export(ctx, create)
		if err != nil {
			return err
		}
		for _, c := range counts {
			if strings.HasSuffix(c.Name, ".csv") {
				fmt.Fprintf(stdout, "%s: %d rows\n", c.Name, c.Rows)
			} else {
				fmt.Fprintf(stdout, "%d %s\n", c.Rows, c.Name)
			}
		}
		return nil
	})
}
