package sandbox_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
	"customerportal/internal/gateway/gatewaytest"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/gateway/stripe"
)

// TestRequestsFitStripesPublishedAPI runs the contract suite, keeps every kind of
// request the Stripe adapter makes, and sends one of each to stripe-mock, which
// checks the parameters' names and types against Stripe's OpenAPI description
// (those inside an object are held by the library's types alone). What is to be
// expanded must exist, and the fake may only use fields that Stripe's objects
// have. stripe-mock has no state, so it proves nothing else.
func TestRequestsFitStripesPublishedAPI(t *testing.T) {
	mock := startStripeMock(t)
	seen := &tap{requests: map[string]exchange{}}
	gatewaytest.Run(t, func(t *testing.T) gatewaytest.Processor {
		clock := calendar.NewFake(start)
		s := open(t, sandbox.Config{Clock: clock.Now})
		adapter, err := stripe.New(stripe.Config{
			SecretKey: sandbox.SecretKey, WebhookSecret: s.WebhookSecret(), Clock: clock.Now,
			Transport: tapped{s.Transport(), seen},
		})
		if err != nil {
			t.Fatal(err)
		}
		return tappedProcessor{processor{s, clock}, adapter}
	})
	if len(seen.requests) < 20 {
		t.Fatalf("only %d kinds of request were seen", len(seen.requests))
	}
	for shape, x := range seen.requests {
		req, err := http.NewRequestWithContext(t.Context(), x.method, mock+x.path+"?"+x.query, strings.NewReader(x.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = x.header
		req.Header.Set("Authorization", "Bearer sk_test_123")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s\nis refused: %s", shape, answer)
			continue
		}
		if x.method == http.MethodPost && x.header.Get("Idempotency-Key") == "" {
			t.Errorf("%s\nhas no idempotency key", shape)
		}
		var ours, theirs map[string]any
		if err := json.Unmarshal(x.answer, &ours); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(answer, &theirs); err != nil {
			t.Fatal(err)
		}
		params, err := url.ParseQuery(x.query + "&" + x.body)
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range params {
			if strings.HasPrefix(name, "expand[") && !expandable(theirs, v[0]) {
				t.Errorf("%s\nexpands %s, which Stripe's object does not have", shape, v[0])
			}
		}
		for _, field := range invented(ours, theirs, "") {
			t.Errorf("%s\nis answered by the fake with %s, which Stripe's object does not have", shape, field)
		}
	}
}

// expandable reports whether each name along the path is a field.
func expandable(o map[string]any, path string) bool {
	name, rest, deeper := strings.Cut(path, ".")
	v, has := o[name]
	if inner, ok := v.(map[string]any); ok && deeper {
		return expandable(inner, rest)
	}
	return has
}

// optional are fields that exist in Stripe's description and not in the example
// objects of stripe-mock.
var optional = []string{
	"failure_reason", "network_reason_code", "us_bank_account", "us_bank_account_ach_payments", "verify_with_microdeposits",
	"secret", // of a webhook endpoint, told when it is made
}

// invented lists the fields of ours that theirs does not have. Objects that are
// null or only an id on their side are passed over.
func invented(ours, theirs map[string]any, at string) []string {
	var list []string
	for k, v := range ours {
		other, has := theirs[k]
		if !has && !slices.Contains(optional, k) {
			list = append(list, at+k)
		}
		if k == "metadata" || k == "last_payment_error" || k == "last_setup_error" {
			continue // free, or made of whatever fields the error has
		}
		if a, ok := v.(map[string]any); ok {
			if b, ok := other.(map[string]any); ok {
				list = append(list, invented(a, b, at+k+".")...)
			}
		}
		if a, ok := v.([]any); ok && len(a) > 0 {
			if b, ok := other.([]any); ok && len(b) > 0 {
				x, ok1 := a[0].(map[string]any)
				y, ok2 := b[0].(map[string]any)
				if ok1 && ok2 {
					list = append(list, invented(x, y, at+k+"[].")...)
				}
			}
		}
	}
	return list
}

// startStripeMock runs the tool that is pinned in .tools/go.mod and returns its
// address.
func startStripeMock(t *testing.T) string {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", "tool", "-n", "stripe-mock")
	build.Dir = filepath.Join("..", "..", "..", ".tools")
	out, err := build.CombinedOutput()
	if err != nil {
		t.Fatalf("go tool stripe-mock: %v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	mock := exec.CommandContext(t.Context(), lines[len(lines)-1], "-http-addr", "127.0.0.1:0")
	stdout, err := mock.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := mock.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = mock.Process.Kill()
		_ = mock.Wait() // always "killed"
	})
	address := regexp.MustCompile(`HTTP at address: (127\.0\.0\.1:\d+)`)
	scan := bufio.NewScanner(stdout)
	var said []string
	for scan.Scan() {
		if m := address.FindStringSubmatch(scan.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return "http://" + m[1]
		}
		said = append(said, scan.Text())
	}
	t.Fatalf("stripe-mock did not start: %s", strings.Join(said, "\n"))
	return ""
}

type tappedProcessor struct {
	processor
	adapter gateway.Adapter
}

func (p tappedProcessor) Adapter() gateway.Adapter { return p.adapter }

// exchange is one request that was answered well, and the answer.
type exchange struct {
	method, path, query, body string
	header                    http.Header
	answer                    []byte
}

// tap keeps one exchange for every shape of request: method, kind of path, names
// of the parameters.
type tap struct {
	mu       sync.Mutex
	requests map[string]exchange
}

type tapped struct {
	http.RoundTripper
	tap *tap
}

var ids = regexp.MustCompile(`_[0-9a-zA-Z_]{10,}|_nobody`)

func (t tapped) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	x := exchange{method: r.Method, path: r.URL.Path, query: r.URL.RawQuery, body: string(body), header: r.Header.Clone()}
	resp, err := t.RoundTripper.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	if x.answer, err = io.ReadAll(resp.Body); err != nil {
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(x.answer), failing{err}))
		return resp, nil
	}
	resp.Body = io.NopCloser(bytes.NewReader(x.answer))
	params, err := url.ParseQuery(x.query + "&" + x.body)
	if err != nil {
		return nil, err
	}
	var names []string
	for name, v := range params {
		if name == "mode" || strings.HasPrefix(name, "expand") || strings.HasPrefix(name, "payment_method_types") {
			name += "=" + v[0]
		}
		names = append(names, name)
	}
	slices.Sort(names)
	shape := fmt.Sprintf("%s %s %s", x.method, ids.ReplaceAllString(x.path, "_*"), strings.Join(names, " "))
	t.tap.mu.Lock()
	defer t.tap.mu.Unlock()
	t.tap.requests[shape] = x
	return resp, nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
