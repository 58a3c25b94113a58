package authorizenet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"customerportal/internal/gateway"
	"customerportal/internal/money"
)

// Addresses of the two environments
// (https://developer.authorize.net/api/reference/index.html, "API Endpoints").
const (
	productionAPI = "https://api.authorize.net/xml/v1/request.api"
	testAPI       = "https://apitest.authorize.net/xml/v1/request.api"
)

// client sends one request and reads one answer. Authorize.Net's JSON is its XML
// in other brackets: elements are refused (E00003) unless they stand in the order
// of AnetApiSchema.xsd, so every request is a struct and its fields are in that
// order (https://api.authorize.net/xml/v1/schema/AnetApiSchema.xsd).
type client struct {
	http *http.Client
	url  string
	auth merchantAuthentication
}

// newTransport carries every request on a connection of its own. A request that
// is written to an idle connection just as the other side closes it may or may
// not have arrived; on a fresh one that question does not come up.
func newTransport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true
	return t
}

// maxAnswer bounds an answer: a full page of a list is about half a megabyte.
const maxAnswer = 16 << 20

// send posts a request and reads the answer into the given struct. The error
// says what is known about the money when there is no readable answer; whether
// the answer itself is good is for the caller to see.
func (c *client) send(ctx context.Context, op, name string, request signer, answer any) error {
	request.sign(c.auth)
	fields, err := json.Marshal(request)
	if err != nil {
		return &gateway.Error{Class: gateway.Config, Op: op, Err: err}
	}
	body := fmt.Appendf(nil, "{%q:%s}", name, fields)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return &gateway.Error{Class: gateway.Config, Op: op, Err: err}
	}
	// net/http sends a POST again by itself when it can rewind the body and finds
	// an Idempotency-Key header, or when a connection fails early. Authorize.Net
	// has no such keys: whatever is sent twice is carried out twice.
	r.GetBody = nil
	r.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(r)
	if err != nil {
		return &gateway.Error{Class: gateway.TransportClass(err), Op: op, Err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return &gateway.Error{Class: gateway.Unknown, Op: op, Err: err}
	}
	if resp.StatusCode != http.StatusOK {
		return &gateway.Error{Class: statusClass(resp.StatusCode), Op: op, Code: fmt.Sprintf("HTTP %d", resp.StatusCode)}
	}
	if err := decode(raw, answer); err != nil {
		return &gateway.Error{Class: gateway.Unknown, Op: op, Err: err}
	}
	return nil
}

// decode reads an answer, which begins with a byte order mark.
func decode(raw []byte, answer any) error {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if err := json.Unmarshal(raw, answer); err != nil {
		return fmt.Errorf("unreadable answer: %w", err)
	}
	return nil
}

// ask sends a request that only reads, or one whose refusal is always an error.
func (c *client) ask(ctx context.Context, op, name string, request signer, answer resulting) error {
	if err := c.send(ctx, op, name, request, answer); err != nil {
		return err
	}
	return answer.result().err(op)
}

// statusClass is for answers that did not come from the API itself, which always
// says 200.
func statusClass(status int) gateway.Class {
	switch {
	case status == http.StatusTooManyRequests:
		return gateway.NotSent
	case status == http.StatusRequestTimeout || status == http.StatusConflict:
		return gateway.Unknown
	case status >= 400 && status < 500:
		return gateway.Config
	}
	return gateway.Unknown
}

// merchantAuthentication begins every request.
type merchantAuthentication struct {
	Name           string `json:"name"`
	TransactionKey string `json:"transactionKey"`
}

// head is what every request begins with.
type head struct {
	Auth  merchantAuthentication `json:"merchantAuthentication"`
	RefID string                 `json:"refId,omitempty"` // given back in the answer; at most 20 characters
}

func (h *head) sign(a merchantAuthentication) { h.Auth = a }

type signer interface{ sign(merchantAuthentication) }

// verdict is what every answer carries.
type verdict struct {
	RefID    string `json:"refId"`
	Messages struct {
		ResultCode string `json:"resultCode"`
		Message    []struct {
			Code string `json:"code"`
			Text string `json:"text"`
		} `json:"message"`
	} `json:"messages"`
}

func (v verdict) result() verdict { return v }

type resulting interface{ result() verdict }

// code is the first message's, such as "I00001" or "E00040".
func (v verdict) code() string {
	if len(v.Messages.Message) == 0 {
		return ""
	}
	return v.Messages.Message[0].Code
}

func (v verdict) text() string {
	if len(v.Messages.Message) == 0 {
		return ""
	}
	return v.Messages.Message[0].Text
}

// err is nil for an answer that says Ok.
func (v verdict) err(op string) error {
	if v.Messages.ResultCode == "Ok" {
		return nil
	}
	if v.code() == codeNotFound {
		return fmt.Errorf("%s: %s: %w", op, v.text(), gateway.ErrNotFound)
	}
	return &gateway.Error{Class: messageClass(v.code()), Op: op, Code: v.code(), Detail: v.text()}
}

// text is a value that comes as a JSON string in one answer and as a number in
// another.
type text string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *text) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(t))
	}
	if string(raw) == "null" {
		*t = ""
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil {
		return err
	}
	*t = text(n)
	return nil
}

// many is a list. In JSON Authorize.Net writes most of them as arrays, and some
// as in its XML: an object around the one field that is the list.
type many[T any] []T

// UnmarshalJSON implements [json.Unmarshaler].
func (m *many[T]) UnmarshalJSON(raw []byte) error {
	if len(raw) == 0 || raw[0] != '{' {
		return json.Unmarshal(raw, (*[]T)(m))
	}
	var around map[string]json.RawMessage
	if err := json.Unmarshal(raw, &around); err != nil {
		return err
	}
	if len(around) > 1 {
		return errors.New("an object instead of a list")
	}
	for _, inner := range around {
		if len(inner) > 0 && inner[0] == '{' { // a list of one
			inner = append(append([]byte("["), inner...), ']')
		}
		return json.Unmarshal(inner, (*[]T)(m))
	}
	return nil
}

// dollars is an amount in an answer: a decimal with up to four places, as number
// or string. Fractions of a cent are refused: we never asked for any.
type dollars money.Cents

// UnmarshalJSON implements [json.Unmarshaler].
func (d *dollars) UnmarshalJSON(raw []byte) error {
	var t text
	if err := t.UnmarshalJSON(raw); err != nil {
		return err
	}
	cents, err := parseAmount(string(t))
	*d = dollars(cents)
	return err
}

// parseAmount reads "12", "12.3", "12.30" and "12.3000" without a float.
func parseAmount(s string) (money.Cents, error) {
	if s == "" {
		return 0, nil
	}
	whole, fraction, pointed := bytes.Cut([]byte(s), []byte("."))
	if len(whole) == 0 || len(whole) > 12 || pointed && len(fraction) == 0 || len(fraction) > 4 {
		return 0, fmt.Errorf("amount %q", s)
	}
	var cents int64
	for i, digits := range [][]byte{whole, append(fraction[:len(fraction):len(fraction)], "0000"[len(fraction):]...)} {
		for j, c := range digits {
			if c < '0' || c > '9' || i == 1 && j > 1 && c != '0' {
				return 0, fmt.Errorf("amount %q", s)
			}
			if i == 0 || j < 2 {
				cents = cents*10 + int64(c-'0')
			}
		}
	}
	return money.Cents(cents), nil
}

// stamp is a time in an answer. Those in UTC end in Z; an empty or missing one
// is zero.
type stamp struct{ time.Time }

// UnmarshalJSON implements [json.Unmarshaler].
func (s *stamp) UnmarshalJSON(raw []byte) error {
	var t text
	if err := t.UnmarshalJSON(raw); err != nil {
		return err
	}
	if t == "" {
		s.Time = time.Time{}
		return nil
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		at, err := time.Parse(form, string(t))
		if err == nil {
			s.Time = at.UTC()
			return nil
		}
	}
	return fmt.Errorf("time %q", string(t))
}
