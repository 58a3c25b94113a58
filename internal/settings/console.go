package settings

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"customerportal/internal/fault"
)

// List writes every setting for people, one on a line. Of secrets it only says
// whether they are set.
func (s *Store) List(ctx context.Context, to io.Writer) error {
	current, err := s.Current(ctx)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, k := range Keys {
		value := current.Value(k.Name)
		if k.Secret {
			value = "not set"
			if current.Value(k.Name) != "" {
				value = "set"
			}
		}
		value = strings.ReplaceAll(value, "\n", " / ") // one on a line
		fmt.Fprintf(&b, "%-40s # %s\n", k.Name+"="+value, k.Help)
	}
	_, err = io.WriteString(to, b.String())
	return err
}

// ParseChanges reads KEY=VALUE arguments. The value of a secret is not taken
// from the command line, where other users see it in the list of processes and
// the shell keeps it: KEY=- reads it from in, a line each, unseen on a terminal.
func ParseChanges(args []string, in *os.File) (map[string]string, error) {
	changes := map[string]string{}
	lines := bufio.NewReader(in)
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not of the form KEY=VALUE", arg)
		}
		if _, twice := changes[name]; twice {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		if key, _ := Find(name); key.Secret {
			if value != "-" {
				return nil, fmt.Errorf("%s is secret, and on the command line others can see it; write %s=- and give it on standard input", name, name)
			}
			var err error
			if value, err = secret(name, in, lines); err != nil {
				return nil, err
			}
		}
		changes[name] = value
	}
	return changes, nil
}

// secret reads one line, without showing it when somebody types it.
func secret(name string, in *os.File, lines *bufio.Reader) (string, error) {
	if term.IsTerminal(int(in.Fd())) {
		fmt.Fprintf(os.Stderr, "%s: ", name)
		line, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(os.Stderr)
		if err != nil {
			return "", fmt.Errorf("reading %s: %w", name, err)
		}
		return strings.TrimSpace(string(line)), nil
	}
	line, err := lines.ReadString('\n')
	if err != nil && (!errors.Is(err, io.EOF) || line == "") {
		return "", fmt.Errorf("reading %s from standard input: %w", name, err)
	}
	return strings.TrimSpace(line), nil
}

// Explain puts the refused keys of [Store.Set] under each other, for a terminal.
func Explain(err error) error {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || e.Kind != fault.Invalid {
		return err
	}
	lines := []string{"nothing was set:"}
	for _, one := range e.All() {
		lines = append(lines, "  "+one.Field+": "+one.Message)
	}
	return errors.New(strings.Join(lines, "\n"))
}
