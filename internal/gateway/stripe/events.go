package stripe

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"customerportal/internal/calendar"
	"customerportal/internal/gateway"

	stripego "github.com/stripe/stripe-go/v86"
)

// EventTypes are the events a webhook endpoint must be subscribed to, and those
// that Changes lists. Stripe filters by at most 20.
var EventTypes = []string{
	"checkout.session.completed", "checkout.session.async_payment_succeeded",
	"checkout.session.async_payment_failed", "checkout.session.expired",
	"payment_intent.succeeded", "payment_intent.processing", "payment_intent.requires_action",
	"payment_intent.payment_failed", "payment_intent.canceled",
	"charge.refunded", "refund.updated", "refund.failed",
	"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
	"setup_intent.succeeded", "setup_intent.setup_failed",
	"payment_method.detached", "payment_method.automatically_updated",
}

// webhookAge is how old, or how far ahead of our clock, a signature may be.
const webhookAge = 5 * time.Minute

// VerifyWebhook implements [gateway.Adapter]. The API version of the event does
// not matter because only ids are read.
func (a *Adapter) VerifyWebhook(body []byte, header func(string) string) (gateway.Event, error) {
	signature := header("Stripe-Signature")
	if a.webhookSecret == "" {
		return gateway.Event{}, fmt.Errorf("%w: no webhook secret is set", gateway.ErrSignature)
	}
	// The library compares with the machine's clock, so the age is checked here
	// with the injected one. The last t wins, as it does in the library.
	if err := stripego.ValidatePayload(body, signature, a.webhookSecret, stripego.WithIgnoreTolerance()); err != nil {
		return gateway.Event{}, fmt.Errorf("%w: %w", gateway.ErrSignature, err)
	}
	var signed time.Time
	for part := range strings.SplitSeq(signature, ",") {
		if t, ok := strings.CutPrefix(part, "t="); ok {
			unix, err := strconv.ParseInt(t, 10, 64)
			if err != nil {
				return gateway.Event{}, fmt.Errorf("%w: %w", gateway.ErrSignature, err)
			}
			signed = time.Unix(unix, 0)
		}
	}
	if age := a.clock().Sub(signed); age > webhookAge || age < -webhookAge {
		return gateway.Event{}, fmt.Errorf("%w: signed %s ago", gateway.ErrSignature, age.Round(time.Second))
	}
	var e struct {
		ID     string `json:"id"`
		Object string `json:"object"`
		Type   string `json:"type"`
		Data   struct {
			Object struct {
				ID string `json:"id"`
			} `json:"object"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return gateway.Event{}, fmt.Errorf("%w: %w", gateway.ErrSignature, err)
	}
	if e.Object != "event" || e.ID == "" {
		return gateway.Event{}, fmt.Errorf("%w: not an event", gateway.ErrSignature)
	}
	return event(e.ID, e.Type, e.Data.Object.ID, 0), nil
}

func event(id, kind, object string, created calendar.Instant) gateway.Event {
	e := gateway.Event{ID: id, Type: kind, Subject: gateway.AboutOther, ObjectID: object, Created: created}
	switch prefix, _, _ := strings.Cut(object, "_"); prefix {
	case "cs":
		e.Subject = gateway.AboutPage
	case "pi", "ch", "py", "re", "pyr", "dp", "du":
		e.Subject = gateway.AboutPayment
	case "seti":
		e.Subject = gateway.AboutSetup
	case "pm":
		e.Subject = gateway.AboutMethod
	}
	return e
}

// The window of Changes. Stripe lists events newest first and keeps them 30 days
// (https://docs.stripe.com/api/events), so one call reads a stretch of time as a
// whole. The overlap covers events that appear in the list a little after their
// own time.
const (
	eventLife    = 30*24*time.Hour - time.Hour
	eventStretch = 6 * time.Hour
	eventOverlap = 5 * time.Minute
)

// Changes implements [gateway.Adapter]. The cursor is a Unix time in seconds.
func (a *Adapter) Changes(ctx context.Context, cursor string) ([]gateway.Event, string, bool, error) {
	const op = "list changes"
	now := a.clock()
	from := now.Add(-eventLife)
	if cursor != "" {
		unix, err := strconv.ParseInt(cursor, 10, 64)
		if err != nil {
			return nil, "", false, &gateway.Error{Class: gateway.Config, Op: op, Detail: "cursor " + strconv.Quote(cursor), Err: err}
		}
		if t := time.Unix(unix, 0); t.After(from) {
			from = t
		}
	}
	window := &stripego.RangeQueryParams{GreaterThanOrEqual: from.Add(-eventOverlap).Unix()}
	end, more := from.Add(eventStretch), true
	if !end.Before(now) {
		end, more = now, false
	} else {
		window.LesserThan = end.Unix()
	}
	p := &stripego.EventListParams{CreatedRange: window, Types: stripego.StringSlice(EventTypes)}
	p.Limit = stripego.Int64(100)
	var events []gateway.Event
	for e, err := range a.client.V1Events.List(ctx, p).All(ctx) {
		if err != nil {
			return nil, "", false, classify(op, err)
		}
		object := ""
		if e.Data != nil {
			object, _ = e.Data.Object["id"].(string)
		}
		events = append(events, event(e.ID, string(e.Type), object, seconds(e.Created)))
	}
	slices.Reverse(events)
	return events, strconv.FormatInt(end.Unix(), 10), more, nil
}

// SignWebhook returns the Stripe-Signature header of a webhook signed at t. The
// sandbox and tests sign with it.
func SignWebhook(body []byte, secret string, t time.Time) string {
	return fmt.Sprintf("t=%d,v1=%x", t.Unix(), stripego.ComputeSignature(t, body, secret))
}
