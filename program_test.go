package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestProgram is the program itself when another test starts this test binary
// as a process of its own: a process can be killed, a goroutine cannot.
func TestProgram(t *testing.T) {
	args := os.Getenv("PORTAL_TEST_ARGS")
	if args == "" {
		return
	}
	os.Args = append([]string{"portal"}, strings.Split(args, "\x1f")...)
	main()
	os.Exit(0)
}

// process starts `portal args…` as a process of its own.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProgram$")
	cmd.Env = append(os.Environ(), "PORTAL_TEST_ARGS="+strings.Join(args, "\x1f"))
	return cmd
}

// nextPort is where freeAddress looks next. It begins anywhere below the ports
// that systems give to outgoing connections (Linux from 32768, RFC 6335 from
// 49152): one of those could be taken by a browser's connection between the
// moment it was found free and the moment somebody listens on it. It begins above
// 10080, where no browser goes (https://fetch.spec.whatwg.org/#port-blocking).
var nextPort = func() *atomic.Uint32 {
	var n atomic.Uint32
	n.Store(10080 + rand.Uint32N(20000))
	return &n
}()

// freeAddress is an address on this machine that nobody listens on, another one
// at each call.
func freeAddress(t testing.TB) string {
	t.Helper()
	var err error
	for range 100 {
		var l net.Listener
		address := fmt.Sprintf("127.0.0.1:%d", nextPort.Add(1))
		if l, err = net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal(err)
	return ""
}

// serving starts `portal serve` and returns once it answers.
func serving(t *testing.T, path, address string) *exec.Cmd {
	t.Helper()
	cmd := process(t, "serve", "--db", path, "--listen", address)
	cmd.Stderr = os.Stderr
	awaitPortal(t, cmd, address)
	return cmd
}

// awaitPortal starts a process that serves and returns once it answers.
func awaitPortal(t *testing.T, cmd *exec.Cmd, address string) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "The portal is at http://"+address) {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return
		}
	}
	t.Fatalf("serve ended without its address: %v", lines.Err())
}

func TestServeRefusesASecondAndSurvivesAKill(t *testing.T) {
	path, address := filepath.Join(t.TempDir(), "portal.db"), freeAddress(t)
	first := serving(t, path, address)
	second := process(t, "serve", "--db", path, "--listen", freeAddress(t))
	out, err := second.CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("another portal is running")) {
		t.Errorf("a second serve: %v\n%s", err, out)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()

	again := serving(t, path, address)
	resp, err := http.Get("http://" + address + "/healthz")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("after a kill: %v, %v", resp, err)
	}
	_ = resp.Body.Close()
	if err := again.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := again.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	for _, name := range []string{path, path + "-live"} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", filepath.Base(name), info, err)
		}
	}
}

func TestCommandsOnBooks(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "portal.db")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	portal := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := run(ctx, append([]string{args[0], "--db", path}, args[1:]...), &out)
		return out.String(), err
	}
	if out, err := portal("doctor"); err != nil || !strings.Contains(out, "sound") {
		t.Errorf("doctor: %v\n%s", err, out)
	}
	copied := filepath.Join(dir, "copy.db")
	if out, err := portal("backup", copied); err != nil || !strings.Contains(out, copied) {
		t.Errorf("backup: %v\n%s", err, out)
	}
	if out, err := portal("restore", copied); err != nil || !strings.Contains(out, "portal confirm") {
		t.Errorf("restore: %v\n%s", err, out)
	}
	if out, err := portal("doctor"); err != nil || !strings.Contains(out, "No money is taken") {
		t.Errorf("doctor on hold: %v\n%s", err, out)
	}
	if _, err := portal("confirm"); err != nil {
		t.Error(err)
	}
	if out, err := portal("doctor"); err != nil || strings.Contains(out, "No money is taken") {
		t.Errorf("doctor after confirm: %v\n%s", err, out)
	}
	if _, err := portal("restore", filepath.Join(dir, "missing.db")); err == nil {
		t.Error("restored from nothing")
	}
	if out, err := portal("nonsense"); err == nil || !strings.Contains(out, "portal serve") {
		t.Errorf("nonsense: %v\n%s", err, out)
	}
}
