package authorizenettest

import (
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
)

// Effect is how a request goes wrong.
type Effect string

// The effects.
const (
	Refuse      Effect = "connection refused"
	CutBefore   Effect = "cut before it was carried out"
	CutAfter    Effect = "cut after it was carried out"
	CutMid      Effect = "answer cut in the middle"
	ErrorBefore Effect = "500 before it was carried out"
	ErrorAfter  Effect = "500 after it was carried out"
	RateLimit   Effect = "429"
	BadGateway  Effect = "502 in HTML"
	Slow        Effect = "carried out when released"
	Maintenance Effect = "E00104"
	Busy        Effect = "E00053 after it was carried out"
	Twice       Effect = "carried out twice" // as by a careless proxy
)

// Fault is something that goes wrong once.
type Fault struct {
	Method  string // of the API, "" for any
	Effect  Effect
	Release <-chan struct{} // with Slow
}

// Order lets the next request that fits go wrong.
func (f *Fake) Order(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, fault)
}

// Wait waits until the slow requests are carried out.
func (f *Fake) Wait() { f.pending.Wait() }

func (f *Fake) take(method string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.faults, func(o Fault) bool { return o.Method == "" || o.Method == method })
	if i < 0 {
		return Fault{}
	}
	fault := f.faults[i]
	f.faults = slices.Delete(f.faults, i, i+1)
	return fault
}

var errReset = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// faulty answers a request, or lets it go wrong as ordered.
func (f *Fake) faulty(r *http.Request, method string, carryOut func() []byte) (*http.Response, error) {
	fault := f.take(method)
	html := func(status int) *http.Response {
		return respond(r, status, "text/html", strings.NewReader("<html><body>trouble</body></html>"))
	}
	switch fault.Effect {
	case Refuse:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case CutBefore:
		return nil, errReset
	case CutAfter:
		carryOut()
		return nil, errReset
	case CutMid:
		body := carryOut()
		return respond(r, http.StatusOK, "application/json", io.MultiReader(strings.NewReader(string(body[:len(body)/2])), broken{})), nil
	case ErrorBefore:
		return html(http.StatusInternalServerError), nil
	case ErrorAfter:
		carryOut()
		return html(http.StatusInternalServerError), nil
	case RateLimit:
		return html(http.StatusTooManyRequests), nil
	case BadGateway:
		return html(http.StatusBadGateway), nil
	case Maintenance:
		return respondJSON(r, answer(refuse("E00104", "The server is in maintenance, so the requested method is unavailable."), &node{})), nil
	case Busy:
		carryOut()
		return respondJSON(r, answer(refuse("E00053", "The server is currently too busy, please try again later."), &node{})), nil
	case Twice:
		carryOut()
	case Slow:
		f.pending.Go(func() {
			<-fault.Release
			carryOut()
		})
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return respondJSON(r, carryOut()), nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }
