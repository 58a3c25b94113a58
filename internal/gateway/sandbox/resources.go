package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"
)

// The endpoints, in the order of the table.

func (c *call) createCustomer() answer {
	if wrong := c.checkCustomer(); wrong != nil {
		return *wrong
	}
	r := &customer{ID: "cus_" + token(7), Seq: c.books.next(), Created: c.now}
	c.fillCustomer(r)
	return ok(c.customerJSON(r))
}

func (c *call) updateCustomer() answer {
	r := c.books.customers[c.path[1]]
	if r == nil {
		return noSuch(http.StatusNotFound, "customer", "id", c.path[1])
	}
	if wrong := c.checkCustomer(); wrong != nil {
		return *wrong
	}
	c.fillCustomer(r)
	return ok(c.customerJSON(r))
}

func (c *call) checkCustomer() *answer {
	for name, most := range map[string]int{"name": 256, "phone": 20, "email": 512} {
		if utf8.RuneCountInString(c.str(name)) > most {
			a := invalid(http.StatusBadRequest, "", name, fmt.Sprintf("Invalid string: %s; must be at most %d characters", name, most))
			return &a
		}
	}
	if email := c.str("email"); email != "" {
		if at, err := mail.ParseAddress(email); err != nil || at.Address != email {
			a := invalid(http.StatusBadRequest, "email_invalid", "email", "Invalid email address: "+email)
			return &a
		}
	}
	return nil
}

func (c *call) fillCustomer(r *customer) {
	for name, field := range map[string]*string{
		"name": &r.Name, "email": &r.Email, "phone": &r.Phone, "address[line1]": &r.Line1, "address[line2]": &r.Line2,
		"address[city]": &r.City, "address[state]": &r.State, "address[postal_code]": &r.Zip,
	} {
		if v, given := c.params[name]; given {
			*field = v[0]
		}
	}
	if r.Metadata == nil {
		r.Metadata = map[string]string{}
	}
	maps.Copy(r.Metadata, c.dict("metadata"))
	c.books.put(r)
}

func (c *call) listMethods() answer {
	id := c.path[1]
	if c.books.customers[id] == nil {
		return noSuch(http.StatusNotFound, "customer", "customer", id)
	}
	list := newest(c.books.methods, func(m *method) int64 { return m.Seq }, func(m *method) bool {
		return m.Customer == id && (c.str("type") == "" || c.str("type") == m.Type)
	})
	return page(c, list, func(m *method) string { return m.ID }, methodJSON)
}

func (c *call) getMethod() answer {
	m := c.books.methods[c.path[1]]
	if m == nil {
		return noSuch(http.StatusNotFound, "PaymentMethod", "payment_method", c.path[1])
	}
	return ok(methodJSON(m))
}

func (c *call) attachMethod() answer {
	id := c.str("customer")
	if c.books.customers[id] == nil {
		return noSuch(http.StatusBadRequest, "customer", "customer", id)
	}
	m := c.books.methods[c.path[1]]
	if number, isShortcut := shortcuts[c.path[1]]; isShortcut {
		m = c.shortcut(number)
	}
	if m == nil {
		return noSuch(http.StatusNotFound, "PaymentMethod", "payment_method", c.path[1])
	}
	if m.Once {
		return invalid(http.StatusBadRequest, "", "payment_method", usedMessage)
	}
	m.Customer = id
	c.books.put(m)
	return ok(methodJSON(m))
}

const usedMessage = "This PaymentMethod was previously used with a PaymentIntent without Customer attachment, or was detached from a Customer. It may not be used again."

func (c *call) shortcut(number string) *method {
	if n, isCard := findNumber(cardNumbers, number); isCard {
		m := c.books.newMethod("card", n, c.now)
		m.ExpMonth, m.ExpYear = 12, c.clock().Year()+4
		return m
	}
	n, _ := findNumber(bankNumbers, number)
	return c.books.newMethod("us_bank_account", n, c.now)
}

func (c *call) detachMethod() answer {
	m := c.books.methods[c.path[1]]
	if m == nil {
		return noSuch(http.StatusNotFound, "PaymentMethod", "payment_method", c.path[1])
	}
	if m.Customer == "" {
		return invalid(http.StatusBadRequest, "", "payment_method", "The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	m.Customer, m.Once = "", true
	c.books.put(m)
	c.emit("payment_method.detached", "payment_method", m.ID)
	return ok(methodJSON(m))
}

// A page lives between half an hour and a day.
const (
	minPageLife = 30 * 60
	maxPageLife = 24 * 60 * 60
)

func (c *call) createSession() answer {
	types := c.list("payment_method_types")
	r := &session{
		ID: "cs_test_" + token(24), Seq: c.books.next(), Created: c.now, Status: "open",
		Mode: c.str("mode"), Customer: c.str("customer"), Reference: c.str("client_reference_id"),
		Metadata: c.dict("metadata"), SuccessURL: c.str("success_url"), CancelURL: c.str("cancel_url"),
	}
	expires, err := strconv.ParseInt(c.str("expires_at"), 10, 64)
	switch {
	case c.books.customers[r.Customer] == nil && (r.Customer != "" || r.Mode != "payment"):
		return noSuch(http.StatusBadRequest, "customer", "customer", r.Customer)
	case len(types) != 1 || types[0] != "card" && types[0] != "us_bank_account":
		return invalid(http.StatusBadRequest, "", "payment_method_types", "Invalid payment_method_types.")
	case utf8.RuneCountInString(r.Reference) > 200:
		return invalid(http.StatusBadRequest, "", "client_reference_id", "Invalid string: must be at most 200 characters")
	case !absolute(r.SuccessURL):
		return invalid(http.StatusBadRequest, "url_invalid", "success_url", "Not a valid URL")
	case !absolute(r.CancelURL):
		return invalid(http.StatusBadRequest, "url_invalid", "cancel_url", "Not a valid URL")
	case err != nil || expires < c.now+minPageLife || expires > c.now+maxPageLife:
		return invalid(http.StatusBadRequest, "", "expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.")
	}
	r.MethodType, r.ExpiresAt = types[0], expires
	switch r.Mode {
	case "payment":
		amount, refused := c.cents("line_items[0][price_data][unit_amount]")
		if refused != nil {
			return *refused
		}
		r.Item = c.str("line_items[0][price_data][product_data][name]")
		if c.str("line_items[0][price_data][currency]") != "usd" || c.str("line_items[0][quantity]") != "1" || r.Item == "" {
			return invalid(http.StatusBadRequest, "parameter_missing", "line_items", "Missing required param: line_items.")
		}
		r.Amount, r.Description = amount, c.str("payment_intent_data[description]")
		if utf8.RuneCountInString(r.Description) > 1000 || utf8.RuneCountInString(r.Item) > 250 {
			return invalid(http.StatusBadRequest, "", "payment_intent_data", "Invalid string: too long")
		}
		r.ChildMetadata = c.dict("payment_intent_data[metadata]")
		r.KeepOnFile = c.str("payment_intent_data[setup_future_usage]") == "off_session"
	case "setup":
		r.ChildMetadata = c.dict("setup_intent_data[metadata]")
		si := &setupIntent{
			ID: "seti_1" + token(12), Secret: token(12), Seq: c.books.next(), Created: c.now, Status: "requires_payment_method",
			Customer: r.Customer, MethodType: r.MethodType, Metadata: r.ChildMetadata, Session: r.ID,
		}
		r.Setup = si.ID
		c.books.put(si)
	default:
		return invalid(http.StatusBadRequest, "", "mode", "Invalid mode.")
	}
	c.books.put(r)
	return ok(c.sessionJSON(r))
}

func absolute(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func (c *call) listSessions() answer {
	list := newest(c.books.sessions, func(r *session) int64 { return r.Seq }, func(r *session) bool {
		return (c.str("customer") == "" || r.Customer == c.str("customer")) &&
			(c.str("payment_intent") == "" || r.Intent == c.str("payment_intent")) && c.created(r.Created)
	})
	return page(c, list, func(r *session) string { return r.ID }, c.sessionJSON)
}

func (c *call) getSession() answer {
	r := c.books.sessions[c.path[2]]
	if r == nil {
		return noSuch(http.StatusNotFound, "checkout.session", "session", c.path[2])
	}
	return ok(c.sessionJSON(r))
}

func (c *call) expireSession() answer {
	r := c.books.sessions[c.path[2]]
	if r == nil {
		return noSuch(http.StatusNotFound, "checkout.session", "session", c.path[2])
	}
	if r.Status != "open" {
		return invalid(http.StatusBadRequest, "", "session", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `"+r.Status+"`.")
	}
	c.expirePage(r)
	return ok(c.sessionJSON(r))
}

func (c *call) createIntent() answer {
	amount, refused := c.cents("amount")
	if refused != nil {
		return *refused
	}
	types := c.list("payment_method_types")
	m := c.books.methods[c.str("payment_method")]
	id := c.str("customer")
	switch {
	case c.str("currency") != "usd":
		return invalid(http.StatusBadRequest, "", "currency", "Invalid currency.")
	case utf8.RuneCountInString(c.str("description")) > 1000:
		return invalid(http.StatusBadRequest, "", "description", "Invalid string: must be at most 1000 characters")
	case c.str("confirm") != "true":
		return invalid(http.StatusBadRequest, "", "confirm", "The sandbox takes confirmed payments only.")
	case c.books.customers[id] == nil:
		return noSuch(http.StatusBadRequest, "customer", "customer", id)
	case m == nil:
		return noSuch(http.StatusBadRequest, "PaymentMethod", "payment_method", c.str("payment_method"))
	case m.Customer != id && m.Once:
		return invalid(http.StatusBadRequest, "", "payment_method", usedMessage)
	case m.Customer != id:
		return invalid(http.StatusBadRequest, "", "payment_method", "The provided PaymentMethod does not belong to the Customer.")
	case !slices.Equal(types, []string{m.Type}):
		return invalid(http.StatusBadRequest, "", "payment_method_types", "The provided PaymentMethod ("+m.Type+") is not allowed by payment_method_types.")
	case c.str("return_url") != "" && !absolute(c.str("return_url")):
		return invalid(http.StatusBadRequest, "url_invalid", "return_url", "Not a valid URL")
	}
	r := &intent{
		ID: "pi_3" + token(12), Secret: token(12), Seq: c.books.next(), Created: c.now, Amount: amount,
		Customer: id, MethodType: m.Type, Description: c.str("description"), ReturnURL: c.str("return_url"),
		Metadata: c.dict("metadata"),
	}
	c.confirm(r, m, c.str("off_session") == "true")
	if r.Problem != nil {
		e := c.problemJSON(r.Problem)
		e["payment_intent"] = c.intentJSON(r, "")
		return answer{http.StatusPaymentRequired, object{"error": e}, true}
	}
	return ok(c.intentJSON(r, ""))
}

func (c *call) listIntents() answer {
	list := newest(c.books.intents, func(r *intent) int64 { return r.Seq }, func(r *intent) bool {
		return (c.str("customer") == "" || r.Customer == c.str("customer")) && c.created(r.Created)
	})
	return page(c, list, func(r *intent) string { return r.ID }, func(r *intent) object { return c.intentJSON(r, "data.") })
}

func (c *call) getIntent() answer {
	r := c.books.intents[c.path[1]]
	if r == nil {
		return noSuch(http.StatusNotFound, "payment_intent", "intent", c.path[1])
	}
	return ok(c.intentJSON(r, ""))
}

func (c *call) cancelIntent() answer {
	r := c.books.intents[c.path[1]]
	switch {
	case r == nil:
		return noSuch(http.StatusNotFound, "payment_intent", "intent", c.path[1])
	case r.Session != "":
		return invalid(http.StatusBadRequest, "payment_intent_unexpected_state", "", "You cannot cancel this PaymentIntent because it was created by Checkout. Expire the Checkout Session instead.")
	case r.Status != "requires_action" && r.Status != "requires_payment_method":
		return invalid(http.StatusBadRequest, "payment_intent_unexpected_state", "", "You cannot cancel this PaymentIntent because it has a status of "+r.Status+".")
	}
	c.cancel(r)
	return ok(c.intentJSON(r, ""))
}

func (c *call) getSetup() answer {
	r := c.books.setups[c.path[1]]
	if r == nil {
		return noSuch(http.StatusNotFound, "setup_intent", "intent", c.path[1])
	}
	return ok(c.setupJSON(r, ""))
}

func (c *call) getCharge() answer {
	r := c.books.charges[c.path[1]]
	if r == nil {
		return noSuch(http.StatusNotFound, "charge", "id", c.path[1])
	}
	return ok(c.chargeJSON(r, ""))
}

func (c *call) createRefund() answer {
	pi := c.books.intents[c.str("payment_intent")]
	if pi == nil {
		return noSuch(http.StatusBadRequest, "payment_intent", "payment_intent", c.str("payment_intent"))
	}
	ch := c.books.charges[pi.Charge]
	amount, err := strconv.ParseInt(c.str("amount"), 10, 64)
	switch {
	case ch == nil || ch.Status != "succeeded":
		return invalid(http.StatusBadRequest, "", "payment_intent", "This PaymentIntent does not have a successful charge to refund.")
	case ch.Disputed:
		return invalid(http.StatusBadRequest, "charge_disputed", "", "Charge "+ch.ID+" has been charged back; cannot issue a refund.")
	case ch.Refunded == ch.Amount:
		return invalid(http.StatusBadRequest, "charge_already_refunded", "", "Charge "+ch.ID+" has already been refunded.")
	case err != nil || amount < 1 || amount > ch.Amount-ch.Refunded:
		return invalid(http.StatusBadRequest, "", "amount", "Refund amount is greater than unrefunded amount on charge.")
	}
	return ok(c.refundJSON(c.makeRefund(pi, ch, amount)))
}

func (c *call) listRefunds() answer {
	list := newest(c.books.refunds, func(r *refund) int64 { return r.Seq }, func(r *refund) bool {
		return c.str("payment_intent") == "" || r.Intent == c.str("payment_intent")
	})
	return page(c, list, func(r *refund) string { return r.ID }, c.refundJSON)
}

func (c *call) getRefund() answer {
	r := c.books.refunds[c.path[1]]
	if r == nil {
		return noSuch(http.StatusNotFound, "refund", "id", c.path[1])
	}
	return ok(c.refundJSON(r))
}

func (c *call) listDisputes() answer {
	list := newest(c.books.disputes, func(r *dispute) int64 { return r.Seq }, func(r *dispute) bool {
		return (c.str("payment_intent") == "" || r.Intent == c.str("payment_intent")) && (c.str("charge") == "" || r.Charge == c.str("charge"))
	})
	return page(c, list, func(r *dispute) string { return r.ID }, c.disputeJSON)
}

func (c *call) getDispute() answer {
	r := c.books.disputes[c.path[1]]
	if r == nil {
		return noSuch(http.StatusNotFound, "dispute", "id", c.path[1])
	}
	return ok(c.disputeJSON(r))
}

func (c *call) listEvents() answer {
	types := c.list("types")
	list := newest(c.books.events, func(r *event) int64 { return r.Seq }, func(r *event) bool {
		return (types == nil || slices.Contains(types, r.Type)) && c.created(r.Created)
	})
	return page(c, list, func(r *event) string { return r.ID }, eventJSON)
}
