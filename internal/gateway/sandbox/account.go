package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// What an account has beside customers and payments: what it may do, the
// addresses its events are sent to, and set-ups that need no page because a
// ready-made test method is used.

func (c *call) getAccount() answer {
	return ok(object{
		"id": "acct_sandbox", "object": "account", "charges_enabled": true, "country": "US", "default_currency": "usd",
		"settings":     object{"dashboard": object{"display_name": nullable(c.business)}},
		"capabilities": object{"card_payments": "active", "us_bank_account_ach_payments": "active"},
	})
}

// createSetup makes and confirms a set-up with a test method in one go.
func (c *call) createSetup() answer {
	types, customerID, shortcut := c.list("payment_method_types"), c.str("customer"), c.str("payment_method")
	number, known := shortcuts[shortcut]
	switch {
	case c.books.customers[customerID] == nil:
		return noSuch(http.StatusBadRequest, "customer", "customer", customerID)
	case !known:
		return noSuch(http.StatusBadRequest, "PaymentMethod", "payment_method", shortcut)
	case c.str("confirm") != "true" || c.str("usage") != "off_session":
		return invalid(http.StatusBadRequest, "", "confirm", "The sandbox makes set-ups that are confirmed at once, for use off session.")
	}
	m := c.shortcut(number)
	if !slices.Equal(types, []string{m.Type}) {
		return invalid(http.StatusBadRequest, "", "payment_method_types", "Invalid payment_method_types.")
	}
	if m.Type == "us_bank_account" {
		if c.str("mandate_data[customer_acceptance][type]") != "offline" {
			return invalid(http.StatusBadRequest, "", "mandate_data", "This payment method requires mandate_data.")
		}
		// test accounts wait for their micro-deposits
		// (https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment#test-account-numbers)
		m.Unverified = true
	}
	r := &setupIntent{
		ID: "seti_1" + token(12), Secret: token(12), Seq: c.books.next(), Created: c.now, Status: "requires_payment_method",
		Customer: customerID, MethodType: m.Type, Metadata: c.dict("metadata"),
	}
	c.setUp(r, m, false)
	return ok(c.setupJSON(r, ""))
}

func (c *call) verifySetup() answer {
	r := c.books.setups[c.path[1]]
	if r == nil {
		return noSuch(http.StatusNotFound, "setup_intent", "intent", c.path[1])
	}
	if r.VerifyUntil == 0 {
		return invalid(http.StatusBadRequest, "setup_intent_unexpected_state", "", "This SetupIntent does not wait for micro-deposits.")
	}
	if !slices.Equal(c.list("amounts"), testDeposits[:]) {
		return invalid(http.StatusBadRequest, "payment_method_microdeposit_verification_amounts_mismatch", "amounts", "The amounts provided do not match.")
	}
	c.verify(r, "")
	return ok(c.setupJSON(r, ""))
}

// listListeners begins with the portal itself, which is called without HTTP.
func (c *call) listListeners() answer {
	list := newest(c.books.listeners, func(l *listener) int64 { return l.Seq }, func(*listener) bool { return true })
	if c.deliver != nil {
		list = append(list, &listener{ID: "we_portal", URL: strings.TrimSuffix(c.base.String(), "/sandbox") + "/webhooks/sandbox", Events: []string{"*"}})
	}
	return page(c, list, func(l *listener) string { return l.ID }, c.listenerJSON)
}

// createListener keeps the address; the account signs all with the one secret.
func (c *call) createListener() answer {
	r := &listener{ID: "we_1" + token(12), Seq: c.books.next(), Created: c.now, URL: c.str("url"), Events: c.list("enabled_events"), Description: c.str("description")}
	switch {
	case !absolute(r.URL):
		return invalid(http.StatusBadRequest, "url_invalid", "url", "Not a valid URL")
	case len(r.Events) == 0:
		return invalid(http.StatusBadRequest, "parameter_missing", "enabled_events", "Missing required param: enabled_events.")
	}
	c.books.put(r)
	o := c.listenerJSON(r)
	o["secret"] = c.secret
	return ok(o)
}
