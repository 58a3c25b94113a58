package proposal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"modernc.org/sqlite"

	"customerportal/db"
	"customerportal/db/dbtest"
	"customerportal/internal/calendar"
	"customerportal/internal/proposal"
)

// The portal is killed while it writes an answer: before the first row that is
// changed, the second, and so on to the commit, until it comes to its end. After
// each kill nothing of the answer is there, and the form sent again is carried
// out, once.

const childEnv = "PROPOSAL_CHILD"

// task is what a child is to do.
type task struct {
	Path   string
	DieAt  int
	Now    int64
	Accept *proposal.Acceptance
	Reject *proposal.Rejection
}

// TestKilledChild is the portal that is killed, when it is told to be one.
func TestKilledChild(t *testing.T) {
	told := os.Getenv(childEnv)
	if told == "" {
		return
	}
	var do task
	if err := json.Unmarshal([]byte(told), &do); err != nil {
		t.Fatal(err)
	}
	steps, armed := 0, false
	step := func() {
		if !armed {
			return
		}
		if steps++; steps == do.DieAt {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, dsn string) error {
		if hooks, ok := conn.(sqlite.HookRegisterer); ok && strings.Contains(dsn, "immediate") {
			hooks.RegisterPreUpdateHook(func(sqlite.SQLitePreUpdateData) { step() })
			hooks.RegisterCommitHook(func() int32 { step(); return 0 })
		}
		return nil
	})
	d, err := db.Open(t.Context(), do.Path)
	if err != nil {
		t.Fatal(err)
	}
	clock := calendar.NewFake(time.UnixMilli(do.Now))
	_, noun := wire(t, d, do.Path, clock.Now)
	armed = true // the writer is one connection, used by nobody else here
	if do.Accept != nil {
		err = noun.Accept(t.Context(), ann(), *do.Accept)
	} else {
		err = noun.Reject(t.Context(), ann(), *do.Reject)
	}
	armed = false
	if err = errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	fmt.Println("steps", steps)
}

func TestKilledBetweenAnyTwoSteps(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many programs")
	}
	b := newDesk(t)
	b.send("P-1", nil)
	accept := b.form("P-1", 3)
	reject := proposal.Rejection{Answer: b.form("P-1").Answer, Reason: "no"}
	now := b.clock.Now().UnixMilli()
	b.must(b.db.Close())
	before, err := os.ReadFile(b.path)
	b.must(err)
	key, err := os.ReadFile(filepath.Join(filepath.Dir(b.path), "portal.key"))
	b.must(err)
	for name, do := range map[string]task{"accept": {Accept: &accept}, "reject": {Reject: &reject}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killed := 0
			for dieAt := 1; ; dieAt++ {
				dir := t.TempDir()
				path := filepath.Join(dir, "portal.db-live")
				for file, body := range map[string][]byte{path: before, filepath.Join(dir, "portal.key"): key} {
					if err := os.WriteFile(file, body, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				do := do
				do.Path, do.DieAt, do.Now = path, dieAt, now
				told, err := json.Marshal(do)
				if err != nil {
					t.Fatal(err)
				}
				child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledChild$", "-test.v")
				child.Env = append(os.Environ(), childEnv+"="+string(told))
				out, err := child.CombinedOutput()
				alive := err == nil
				if !alive && child.ProcessState.ExitCode() != -1 {
					t.Fatalf("step %d: %v\n%s", dieAt, err, out)
				}
				after := &desk{TB: t, path: path, clock: calendar.NewFake(time.UnixMilli(now)), db: dbtest.Open(t, path)}
				after.store, after.noun = wire(t, after.db, path, after.clock.Now)
				left := after.text(`SELECT count(*) || ' ' || (SELECT count(*) FROM outbox) || ' ' || (SELECT count(*) FROM invoices) || ' ' || (SELECT count(*) FROM documents) || ' ' || (SELECT count(*) FROM proposal_events) FROM proposal_decisions`)
				if !alive {
					killed++
					if left != "0 0 0 1 1" {
						t.Fatalf("killed at step %d, decisions, mails, invoices, documents, entries are %s", dieAt, left)
					}
				}
				if found := after.check(); len(found) > 0 {
					t.Fatalf("killed at step %d: %v", dieAt, found)
				}
				// the form is sent again
				if do.Accept != nil {
					err = after.noun.Accept(t.Context(), ann(), *do.Accept)
				} else {
					err = after.noun.Reject(t.Context(), ann(), *do.Reject)
				}
				if err != nil {
					t.Fatalf("killed at step %d, again: %v", dieAt, err)
				}
				want := "1 2 1 2 4"
				if do.Reject != nil {
					want = "1 1 0 1 3"
				}
				if got := after.text(`SELECT count(*) || ' ' || (SELECT count(*) FROM outbox) || ' ' || (SELECT count(*) FROM invoices) || ' ' || (SELECT count(*) FROM documents) || ' ' || (SELECT count(*) FROM proposal_events) FROM proposal_decisions`); got != want {
					t.Fatalf("killed at step %d, sent again: %s, want %s", dieAt, got, want)
				}
				if found := after.check(); len(found) > 0 {
					t.Fatalf("killed at step %d, sent again: %v", dieAt, found)
				}
				if err := after.db.Close(); err != nil {
					t.Fatal(err)
				}
				if alive {
					break
				}
			}
			if killed < 6 {
				t.Errorf("killed only %d times", killed)
			}
			t.Log("killed " + strconv.Itoa(killed) + " times")
		})
	}
}
