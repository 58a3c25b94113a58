package sandbox

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Op is a kind of API request that a fault can be ordered for.
type Op string

// The kinds of request.
const (
	AnyOp      Op = ""
	OpCharge   Op = "charge"   // a saved method is charged
	OpPage     Op = "page"     // a payment page is opened
	OpSetup    Op = "setup"    // a set-up page is opened
	OpCancel   Op = "cancel"   // a page is closed or a payment canceled
	OpRefund   Op = "refund"   //
	OpCustomer Op = "customer" // a customer is saved
	OpDetach   Op = "detach"   //
	OpRead     Op = "read"     // any look-up or list
)

// Effect is what goes wrong with a request.
type Effect string

// The effects. "Before" and "after" are seen from the charge.
const (
	Refuse       Effect = "refuse"         // no connection: nothing was sent
	RateLimit    Effect = "rate_limit"     // 429, nothing carried out
	BadGateway   Effect = "bad_gateway"    // 502 in HTML, nothing carried out
	CutBefore    Effect = "cut_before"     // the connection breaks, nothing carried out
	CutAfter     Effect = "cut_after"      // carried out, then the connection breaks
	CutMidAnswer Effect = "cut_mid_answer" // carried out, the answer breaks off in its body
	ErrorBefore  Effect = "error_before"   // 500, nothing carried out; replayed for the key
	ErrorAfter   Effect = "error_after"    // carried out, then 500; replayed for the key
	Slow         Effect = "slow"           // carried out after Delay, or when Release is closed
)

// Fault is one thing that is to go wrong.
type Fault struct {
	Op     Op
	Effect Effect
	Times  int // how many requests it befalls; 0 means one
	// Slow: the request is carried out after Delay, or once Release is closed if
	// that is set, whether or not the client still waits.
	Delay   time.Duration
	Release <-chan struct{}
}

// Order adds a fault. Faults of the same kind of request befall it in turn.
func (s *Sandbox) Order(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults = append(s.faults, &f)
}

// ClearFaults forgets all faults that have not happened yet.
func (s *Sandbox) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Sandbox) takeFault(op Op) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Op != AnyOp && f.Op != op {
			continue
		}
		if f.Times--; f.Times == 0 {
			s.faults = append(s.faults[:i], s.faults[i+1:]...)
		}
		return f
	}
	return nil
}

func opOf(method, path string, params url.Values) Op {
	if method != http.MethodPost {
		return OpRead
	}
	switch {
	case path == "/v1/payment_intents":
		return OpCharge
	case path == "/v1/checkout/sessions" && params.Get("mode") == "setup":
		return OpSetup
	case path == "/v1/checkout/sessions":
		return OpPage
	case strings.HasSuffix(path, "/expire"), strings.HasSuffix(path, "/cancel"):
		return OpCancel
	case path == "/v1/refunds":
		return OpRefund
	case strings.HasSuffix(path, "/detach"):
		return OpDetach
	default:
		return OpCustomer
	}
}

var errCut = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// before plays the faults in which the request is not carried out.
func (f *Fault) before(r *http.Request) (done bool, _ *http.Response, _ error) {
	switch f.Effect {
	case Refuse:
		return true, nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case CutBefore:
		return true, nil, errCut
	case RateLimit:
		resp, err := respond(r, http.StatusTooManyRequests, jsonBody(object{"error": object{
			"type": "invalid_request_error", "code": "rate_limit", "message": "Request rate limit exceeded. (ordered fault)",
		}}), nil)
		return true, resp, err
	case BadGateway:
		resp, err := respond(r, http.StatusBadGateway, []byte("<html><h1>502 Bad Gateway</h1></html>"), nil)
		return true, resp, err
	}
	return false, nil, nil
}

// slowly carries the request out later, as a server does that does not know its
// client has given up.
func (t roundTripper) slowly(r *http.Request, params url.Values, f *Fault) (*http.Response, error) {
	key := r.Header.Get("Idempotency-Key")
	t.mu.Lock()
	t.inFlight[key]++
	t.mu.Unlock()
	type result struct {
		status int
		body   []byte
		header http.Header
	}
	done := make(chan result, 1)
	t.late.Go(func() {
		var after <-chan time.Time
		if f.Release == nil {
			after = time.After(f.Delay)
		}
		select {
		case <-f.Release:
		case <-after:
		}
		status, body, header := t.answer(r, params, f)
		t.mu.Lock()
		if t.inFlight[key]--; t.inFlight[key] == 0 {
			delete(t.inFlight, key)
		}
		t.mu.Unlock()
		done <- result{status, body, header}
	})
	select {
	case res := <-done:
		return respond(r, res.status, res.body, res.header)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// Wait returns when every slow request has been carried out.
func (s *Sandbox) Wait() { s.late.Wait() }

// brokenReader is a connection that breaks.
type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) {
	return 0, errors.Join(io.ErrUnexpectedEOF, syscall.ECONNRESET)
}
