// Package demo makes up a dealer with customers and two years of history, for
// `portal demo`: the whole product to be tried on one machine, where no money
// moves and no mail leaves. It writes by the same functions as an import and
// the portal itself.
package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"customerportal/internal/account"
	"customerportal/internal/calendar"
)

const (
	guideFile = "demo.json"     // says that a folder holds a finished demonstration
	sketch    = "demo.building" // says that one was begun
)

// Guide is what somebody who tries the demonstration needs to know. It is kept
// in the demonstration's folder, passwords and all: they open nothing else.
type Guide struct {
	Made  calendar.Instant
	Staff Staff
	Clerk Staff // a second person, for what one may not do alone
	// Technician has the work orders of a day on a phone, Seller the proposals.
	Technician, Seller Staff
	Customers          []Login
	New                []Newcomer
}

// Staff is the log-in of somebody in the office.
type Staff struct{ Email, Password, Secret string }

// Code returns the six digits of the second factor at a time, and for how many
// seconds they hold (RFC 6238).
func (s Staff) Code(at time.Time) (string, int, error) {
	code, err := account.CodeAt(s.Secret, at)
	if err != nil {
		return "", 0, fmt.Errorf("demo: %w", err)
	}
	return code, 30 - int(at.Unix()%30), nil
}

// Login is a customer who has a log-in.
type Login struct {
	Email, Password, Name, Number string
	About                         string // what is to be seen there
}

// Newcomer is a customer without a log-in: what the registration asks for.
type Newcomer struct {
	Key, Number, Zip, FirstName, LastName, Phone, Email string
	About                                               string
}

// Prepare makes the folder ready. It returns the guide of the demonstration
// that is there, or nil when a new one is to be made: the folder is then empty
// but for the file names in keep. It refuses a folder that holds anything that
// was not made by it.
func Prepare(dir string, fresh bool, keep ...string) (*Guide, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	var others []string
	ours := false
	for _, e := range entries {
		switch name := e.Name(); {
		case name == guideFile || name == sketch:
			ours = true
			others = append(others, name)
		case !contains(keep, name):
			others = append(others, name)
		}
	}
	if len(others) > 0 && !ours {
		return nil, fmt.Errorf("the folder %s holds other things; name an empty one for the demonstration, or one that does not exist", dir)
	}
	if !fresh {
		guide, err := readGuide(dir)
		if !errors.Is(err, fs.ErrNotExist) {
			return guide, err
		}
	}
	// the mark goes first on and last off, so that a half-cleared folder is still ours
	if err := os.WriteFile(filepath.Join(dir, sketch), nil, 0o600); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	for _, name := range others {
		if name == sketch {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
	}
	return nil, nil
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func readGuide(dir string) (*Guide, error) {
	raw, err := os.ReadFile(filepath.Join(dir, guideFile))
	if err != nil {
		return nil, err
	}
	var g Guide
	if err := json.Unmarshal(raw, &g); err != nil {
		return nil, fmt.Errorf("demo: %s: %w; --fresh makes it anew", guideFile, err)
	}
	return &g, nil
}

// Finish writes the guide, and with it that the folder's demonstration is whole.
func Finish(dir string, g *Guide) error {
	raw, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	temporary := filepath.Join(dir, guideFile+".new")
	if err := os.WriteFile(temporary, raw, 0o600); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := os.Rename(temporary, filepath.Join(dir, guideFile)); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := os.Remove(filepath.Join(dir, sketch)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// Print writes the guide for the console.
func (g *Guide) Print(out io.Writer, address string, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\nCustomers who can log in at %s/login\n", address)
	for _, l := range g.Customers {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", l.Email, l.Password, l.Name, l.About)
	}
	if g.Staff.Email != "" {
		code, seconds, err := g.Staff.Code(now)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "\nThe office, on the same page\n  %s\t%s\tcode %s for %d s, then see %s/demo\n", g.Staff.Email, g.Staff.Password, code, seconds, address)
	}
	if g.Clerk.Email != "" {
		fmt.Fprintf(w, "  %s\t%s\ta second person, for approvals\n", g.Clerk.Email, g.Clerk.Password)
	}
	if g.Technician.Email != "" {
		fmt.Fprintf(w, "  %s\t%s\ta technician: the work orders of the day\n  %s\t%s\ta salesperson: proposals\n",
			g.Technician.Email, g.Technician.Password, g.Seller.Email, g.Seller.Password)
	}
	fmt.Fprintf(w, "\nCustomers to register at %s/register\n", address)
	for _, n := range g.New {
		fmt.Fprintf(w, "  %s\tcustomer %s\tzip %s\t%s %s\t%s\t%s\n", n.Key, n.Number, n.Zip, n.FirstName, n.LastName, n.Phone, n.Email)
	}
	fmt.Fprintf(w, "\nEvery mail is in %s/demo/mail and all of this on %s/demo\n", address, address)
	if days := int(now.Sub(g.Made.Time()).Hours() / 24); days > 0 {
		fmt.Fprintf(w, "These books were made up %d days ago; portal demo --fresh makes them up for today.\n", days)
	}
	fmt.Fprintf(w, "Test card 4242 4242 4242 4242; test account 000123456789 with routing 110000000\n\n")
	return w.Flush()
}
