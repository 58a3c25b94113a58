package authorizenet

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/gateway"
)

// signatureHeader is "sha512=" and the hexadecimal HMAC-SHA512 of the body
// (https://developer.authorize.net/api/reference/features/webhooks.html).
const signatureHeader = "X-ANET-Signature"

// signingKeys are what the signature key may be used as. Authorize.Net's pages
// show it as hexadecimal digits and do not say whether the digits or the bytes
// they stand for are the key; programs that are known to work use either. Both
// are known to nobody else.
func signingKeys(signatureKey string) [][]byte {
	if signatureKey == "" {
		return nil
	}
	keys := [][]byte{[]byte(signatureKey)}
	if raw, err := hex.DecodeString(signatureKey); err == nil {
		keys = append(keys, raw)
	}
	return keys
}

// SignWebhook returns the signature header's value. Tests sign with it.
func SignWebhook(body []byte, signatureKey string) string { return sign(body, []byte(signatureKey)) }

func sign(body, key []byte) string {
	mac := hmac.New(sha512.New, key)
	mac.Write(body)
	return "sha512=" + strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))
}

// VerifyWebhook implements [gateway.Adapter]. A notification carries no signed
// time, so that an old one can be sent again by somebody who saw it; all it does
// is to have its object looked up once more.
func (a *Adapter) VerifyWebhook(body []byte, header func(string) string) (gateway.Event, error) {
	signature := strings.ToUpper(strings.TrimSpace(header(signatureHeader)))
	signed := false
	for _, key := range a.webhook {
		signed = signed || hmac.Equal([]byte(signature), []byte(strings.ToUpper(sign(body, key))))
	}
	if !signed {
		return gateway.Event{}, fmt.Errorf("%w: %s does not fit", gateway.ErrSignature, signatureHeader)
	}
	var n struct {
		ID      string `json:"notificationId"`
		Type    string `json:"eventType"`
		Payload struct {
			Entity            string `json:"entityName"`
			ID                text   `json:"id"`
			CustomerProfileID text   `json:"customerProfileId"`
		} `json:"payload"`
	}
	if err := json.Unmarshal(body, &n); err != nil {
		return gateway.Event{}, fmt.Errorf("%w: %w", gateway.ErrSignature, err)
	}
	if n.ID == "" || !strings.HasPrefix(n.Type, "net.authorize.") {
		return gateway.Event{}, fmt.Errorf("%w: not a notification", gateway.ErrSignature)
	}
	e := gateway.Event{ID: n.ID, Type: n.Type, Subject: gateway.AboutOther, ObjectID: string(n.Payload.ID)}
	switch {
	case !numeric(e.ObjectID):
	case n.Payload.Entity == "transaction":
		e.Subject = gateway.AboutPayment
	case n.Payload.Entity == "customerPaymentProfile" && numeric(string(n.Payload.CustomerProfileID)):
		e.Subject, e.ObjectID = gateway.AboutMethod, joinMethod(string(n.Payload.CustomerProfileID), e.ObjectID)
	}
	return e, nil
}

// The window of Changes.
const (
	stretch = 7 * 24 * time.Hour // that one call reads of settled batches
	// overlap is how late a batch may appear on the list after its own time.
	overlap = 48 * time.Hour
)

// cursor is where Changes goes on: the time up to which batches were read, and
// the batches within the overlap that need not be read again.
type cursor struct {
	at      time.Time
	batches []string
}

func (c cursor) String() string {
	return strings.Join(append([]string{strconv.FormatInt(c.at.Unix(), 10)}, c.batches...), " ")
}

func parseCursor(s string) (c cursor, err error) {
	for i, word := range strings.Fields(s) {
		if !numeric(word) {
			return c, fmt.Errorf("cursor %q", s)
		}
		if i == 0 {
			unix, err := strconv.ParseInt(word, 10, 64)
			if err != nil {
				return c, err
			}
			c.at = time.Unix(unix, 0)
			continue
		}
		c.batches = append(c.batches, word)
	}
	return c, nil
}

// Changes implements [gateway.Adapter]. Authorize.Net has no list of events: the
// transactions of the batches settled since the cursor are listed, and in the
// last stretch all those that are not settled. An event is a transaction in a
// status, so that one in the same status comes again under the same id. Returns
// and chargebacks are transactions of their own. An empty cursor begins 31 days
// ago.
func (a *Adapter) Changes(ctx context.Context, s string) ([]gateway.Event, string, bool, error) {
	const op = "list changes"
	now := a.clock()
	from, err := parseCursor(s)
	if err != nil {
		return nil, "", false, &gateway.Error{Class: gateway.Config, Op: op, Err: err}
	}
	if first := now.Add(-oldest); from.at.IsZero() {
		from.at = first
	}
	end, more := from.at.Add(stretch), true
	if !end.Before(now) {
		end, more = now, false
	}
	var events []gateway.Event
	add := func(at time.Time) func([]summary) error {
		return func(list []summary) error {
			for _, t := range list {
				when := at
				if when.IsZero() {
					when = t.SubmitTime.Time
				}
				events = append(events, gateway.Event{ID: string(t.TransID) + ":" + t.Status, Type: t.Status, Subject: gateway.AboutPayment,
					ObjectID: string(t.TransID), Created: calendar.InstantOf(when)})
			}
			return nil
		}
	}
	if !more {
		if err := a.unsettled(ctx, op, time.Time{}, add(time.Time{})); err != nil {
			return nil, "", false, err
		}
	}
	next := cursor{at: end}
	err = a.batches(ctx, op, from.at.Add(-overlap), end, func(b batch) error {
		if b.State == "pendingSettlement" {
			return nil
		}
		id := string(b.ID)
		if !b.Settled.Before(end.Add(-overlap)) {
			next.batches = append(next.batches, id)
		}
		if slices.Contains(from.batches, id) {
			return nil
		}
		return a.inBatch(ctx, op, id, add(b.Settled.Time))
	})
	if err != nil {
		return nil, "", false, err
	}
	slices.SortStableFunc(events, func(x, y gateway.Event) int { return int(min(max(int64(x.Created)-int64(y.Created), -1), 1)) })
	return events, next.String(), more, nil
}
