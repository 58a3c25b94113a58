package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// call is one request to the fake API.
type call struct {
	*Sandbox
	now    int64
	path   []string // after /v1
	params url.Values
	expand []string
}

// answer is a status and a body that marshals to JSON. executed says that the
// endpoint had begun, so that the answer is stored under the idempotency key.
type answer struct {
	status   int
	body     any
	executed bool
}

func ok(body any) answer { return answer{http.StatusOK, body, true} }

// invalid refuses a request the way Stripe does before anything is carried out.
func invalid(status int, code, param, message string) answer {
	e := object{"type": "invalid_request_error", "message": message}
	if code != "" {
		e["code"] = code
	}
	if param != "" {
		e["param"] = param
	}
	return answer{status, object{"error": e}, false}
}

func noSuch(status int, what, param, id string) answer {
	return invalid(status, "resource_missing", param, fmt.Sprintf("No such %s: '%s'", what, id))
}

// object is a JSON object of the API.
type object map[string]any

// endpoint is one route of the API with the top-level parameters it knows; any
// other is refused, as Stripe refuses it.
type endpoint struct {
	method, path string // * stands for an id
	params       []string
	do           func(*call) answer
}

var endpoints = []endpoint{
	{"POST", "customers", []string{"name", "email", "phone", "address", "metadata", "description"}, (*call).createCustomer},
	{"POST", "customers/*", []string{"name", "email", "phone", "address", "metadata", "description"}, (*call).updateCustomer},
	{"GET", "customers/*/payment_methods", []string{"type", "limit", "starting_after"}, (*call).listMethods},
	{"GET", "payment_methods/*", nil, (*call).getMethod},
	{"POST", "payment_methods/*/attach", []string{"customer"}, (*call).attachMethod},
	{"POST", "payment_methods/*/detach", nil, (*call).detachMethod},
	{"POST", "checkout/sessions", []string{
		"mode", "customer", "client_reference_id", "metadata", "payment_method_types", "line_items",
		"payment_intent_data", "setup_intent_data", "submit_type", "success_url", "cancel_url", "expires_at",
	}, (*call).createSession},
	{"GET", "checkout/sessions", []string{"customer", "payment_intent", "created", "limit", "starting_after"}, (*call).listSessions},
	{"GET", "checkout/sessions/*", nil, (*call).getSession},
	{"POST", "checkout/sessions/*/expire", nil, (*call).expireSession},
	{"POST", "payment_intents", []string{
		"amount", "currency", "customer", "payment_method", "payment_method_types", "confirm", "description",
		"metadata", "off_session", "return_url",
	}, (*call).createIntent},
	{"GET", "payment_intents", []string{"customer", "created", "limit", "starting_after"}, (*call).listIntents},
	{"GET", "payment_intents/*", nil, (*call).getIntent},
	{"POST", "payment_intents/*/cancel", []string{"cancellation_reason"}, (*call).cancelIntent},
	{"POST", "setup_intents", []string{
		"customer", "payment_method", "payment_method_types", "usage", "confirm", "mandate_data",
	}, (*call).createSetup},
	{"POST", "setup_intents/*/verify_microdeposits", []string{"amounts"}, (*call).verifySetup},
	{"GET", "setup_intents/*", nil, (*call).getSetup},
	{"GET", "account", nil, (*call).getAccount},
	{"GET", "webhook_endpoints", []string{"limit", "starting_after"}, (*call).listListeners},
	{"POST", "webhook_endpoints", []string{"url", "enabled_events", "description"}, (*call).createListener},
	{"GET", "charges/*", nil, (*call).getCharge},
	{"POST", "refunds", []string{"payment_intent", "amount", "metadata", "reason"}, (*call).createRefund},
	{"GET", "refunds", []string{"payment_intent", "limit", "starting_after"}, (*call).listRefunds},
	{"GET", "refunds/*", nil, (*call).getRefund},
	{"GET", "disputes", []string{"payment_intent", "charge", "limit", "starting_after"}, (*call).listDisputes},
	{"GET", "disputes/*", nil, (*call).getDispute},
	{"GET", "events", []string{"created", "types", "limit", "starting_after"}, (*call).listEvents},
}

func findEndpoint(method string, path []string) *endpoint {
	for i := range endpoints {
		e := &endpoints[i]
		pattern := strings.Split(e.path, "/")
		if e.method == method && len(pattern) == len(path) {
			match := true
			for j, p := range pattern {
				if p != "*" && p != path[j] {
					match = false
				}
			}
			if match {
				return e
			}
		}
	}
	return nil
}

// roundTripper is the fake's API as the transport of an HTTP client.
type roundTripper struct{ *Sandbox }

// RoundTrip answers one API request, with the faults that were ordered for it.
func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	query, bodyParams := r.URL.Query(), url.Values{}
	if r.Method == http.MethodPost {
		var err error
		if bodyParams, err = url.ParseQuery(string(body)); err != nil {
			return respond(r, http.StatusBadRequest, jsonBody(invalid(400, "", "", "The request body is not a form.").body), nil)
		}
	}
	for k, v := range query {
		bodyParams[k] = append(bodyParams[k], v...)
	}
	fault := t.takeFault(opOf(r.Method, r.URL.Path, bodyParams))
	if fault != nil && fault.Effect == Slow {
		return t.slowly(r, bodyParams, fault)
	}
	if fault != nil {
		if done, resp, err := fault.before(r); done {
			return resp, err
		}
	}
	status, answer, header := t.answer(r, bodyParams, fault)
	if fault != nil && fault.Effect == CutAfter {
		return nil, errCut
	}
	resp, err := respond(r, status, answer, header)
	if fault != nil && fault.Effect == CutMidAnswer {
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(answer[:len(answer)/2]), brokenReader{}))
	}
	return resp, err
}

func respond(r *http.Request, status int, body []byte, header http.Header) (*http.Response, error) {
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/json")
	return &http.Response{
		Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}, nil
}

// keyLife is how long an answer is stored under its key.
const keyLife = 24 * 60 * 60

// answer carries out a request under its idempotency key.
func (s *Sandbox) answer(r *http.Request, params url.Values, fault *Fault) (int, []byte, http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	header := http.Header{"Request-Id": {"req_" + token(7)}}
	fail := func(a answer) (int, []byte, http.Header) { return a.status, jsonBody(a.body), header }
	if r.Header.Get("Authorization") != "Bearer "+SecretKey {
		return fail(invalid(http.StatusUnauthorized, "", "", "Invalid API Key provided."))
	}
	key := ""
	if r.Method == http.MethodPost {
		key = r.Header.Get("Idempotency-Key")
	}
	now := s.clock().Unix()
	request := r.Method + " " + r.URL.Path + "?" + params.Encode()
	if key != "" {
		header.Set("Idempotency-Key", key)
		if s.inFlight[key] > 0 && (fault == nil || fault.Effect != Slow) {
			return fail(answer{http.StatusConflict, object{"error": object{
				"type": "idempotency_error", "code": "idempotency_key_in_use",
				"message": "There is currently another in-progress request using this Idempotency-Key.",
			}}, false})
		}
		if a := s.books.answers[key]; a != nil && now-a.Created < keyLife {
			if a.Request != request {
				return fail(answer{http.StatusBadRequest, object{"error": object{
					"type":    "idempotency_error",
					"message": "Keys for idempotent requests can only be used with the same parameters they were first used with.",
				}}, false})
			}
			header.Set("Idempotent-Replayed", "true")
			return a.Status, a.Body, header
		}
	}
	s.advance(now)
	var a answer
	if fault != nil && fault.Effect == ErrorBefore {
		a = trouble()
	} else {
		a = s.dispatch(r, params, now)
	}
	if fault != nil && fault.Effect == ErrorAfter && a.status < 300 {
		a = trouble()
	}
	body := jsonBody(a.body)
	if key != "" && a.executed {
		s.books.put(&storedAnswer{Key: key, Created: now, Request: request, Status: a.status, Body: body})
	}
	if err := s.books.commit(); err != nil {
		return fail(answer{http.StatusInternalServerError, object{"error": object{"type": "api_error", "message": err.Error()}}, false})
	}
	s.wakeUp()
	return a.status, body, header
}

func trouble() answer {
	return answer{http.StatusInternalServerError, object{"error": object{
		"type": "api_error", "message": "Something went wrong on our end. (ordered fault)",
	}}, true}
}

var paramName = regexp.MustCompile(`^([a-z_]+)(?:\[.*)?$`)

func (s *Sandbox) dispatch(r *http.Request, params url.Values, now int64) answer {
	rest, ok := strings.CutPrefix(r.URL.Path, "/v1/")
	path := strings.Split(rest, "/")
	e := findEndpoint(r.Method, path)
	if !ok || e == nil {
		return invalid(http.StatusNotFound, "", "", "Unrecognized request URL ("+r.Method+": "+r.URL.Path+").")
	}
	c := &call{Sandbox: s, now: now, path: path, params: params}
	for name, values := range params {
		m := paramName.FindStringSubmatch(name)
		switch {
		case m != nil && m[1] == "expand":
			c.expand = append(c.expand, values...)
		case m == nil || !slices.Contains(e.params, m[1]):
			return invalid(http.StatusBadRequest, "parameter_unknown", name, "Received unknown parameter: "+name)
		}
	}
	return e.do(c)
}

func (c *call) str(name string) string { return c.params.Get(name) }

func (c *call) list(name string) []string {
	var out []string
	for i := 0; ; i++ {
		v, ok := c.params[fmt.Sprintf("%s[%d]", name, i)]
		if !ok {
			return out
		}
		out = append(out, v...)
	}
}

func (c *call) dict(name string) map[string]string {
	out := map[string]string{}
	for k, v := range c.params {
		if key, ok := strings.CutPrefix(k, name+"["); ok {
			out[strings.TrimSuffix(key, "]")] = v[0]
		}
	}
	return out
}

// cents reads an amount as Stripe bounds it for US dollars.
func (c *call) cents(name string) (int64, *answer) {
	n, err := strconv.ParseInt(c.str(name), 10, 64)
	if err != nil {
		a := invalid(http.StatusBadRequest, "parameter_invalid_integer", name, "Invalid integer: "+c.str(name))
		return 0, &a
	}
	if n < 50 {
		a := invalid(http.StatusBadRequest, "amount_too_small", name, "Amount must be at least $0.50 usd")
		return 0, &a
	}
	if n > 999999_99 {
		a := invalid(http.StatusBadRequest, "amount_too_large", name, "Amount must be no more than $999,999.99")
		return 0, &a
	}
	return n, nil
}

// created filters a list by its created[...] parameters.
func (c *call) created(t int64) bool {
	for op, v := range c.dict("created") {
		n, _ := strconv.ParseInt(v, 10, 64)
		if op == "gte" && t < n || op == "gt" && t <= n || op == "lt" && t >= n || op == "lte" && t > n {
			return false
		}
	}
	return true
}

// expands reports whether the object under path was asked for in full.
func (c *call) expands(path string) bool {
	return slices.ContainsFunc(c.expand, func(e string) bool { return e == path || strings.HasPrefix(e, path+".") })
}

// page cuts one page out of a list that is sorted newest first.
func page[R any](c *call, list []R, id func(R) string, render func(R) object) answer {
	limit, err := strconv.Atoi(c.str("limit"))
	if err != nil || limit < 1 || limit > 100 {
		limit = 10
	}
	if after := c.str("starting_after"); after != "" {
		i := slices.IndexFunc(list, func(r R) bool { return id(r) == after })
		if i < 0 {
			return noSuch(http.StatusBadRequest, "object", "starting_after", after)
		}
		list = list[i+1:]
	}
	more := len(list) > limit
	data := []object{}
	for _, r := range list[:min(limit, len(list))] {
		data = append(data, render(r))
	}
	return ok(object{"object": "list", "url": "/v1/" + strings.Join(c.path, "/"), "has_more": more, "data": data})
}
