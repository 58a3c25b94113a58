package sandbox

// How the records look in the API. Only fields that exist in Stripe's objects
// are written, under Stripe's names.

func (c *call) customerJSON(r *customer) object {
	return object{
		"id": r.ID, "object": "customer", "created": r.Created, "livemode": false,
		"name": nullable(r.Name), "email": nullable(r.Email), "phone": nullable(r.Phone), "metadata": metadata(r.Metadata),
		"address": object{
			"line1": nullable(r.Line1), "line2": nullable(r.Line2), "city": nullable(r.City), "state": nullable(r.State),
			"postal_code": nullable(r.Zip), "country": "US",
		},
	}
}

func methodJSON(r *method) object {
	o := object{
		"id": r.ID, "object": "payment_method", "type": r.Type, "created": r.Created, "livemode": false,
		"customer": nullable(r.Customer), "metadata": object{},
		"billing_details": object{"name": nullable(r.Name), "email": nil, "phone": nil, "address": object{}},
	}
	if r.Type == "card" {
		o["card"] = object{
			"brand": r.Brand, "display_brand": r.Brand, "last4": r.Last4, "exp_month": r.ExpMonth, "exp_year": r.ExpYear,
			"fingerprint": r.Fingerprint, "funding": "credit", "country": "US",
		}
	} else {
		o["us_bank_account"] = object{
			"bank_name": r.Brand, "last4": r.Last4, "routing_number": testRouting, "fingerprint": r.Fingerprint,
			"account_holder_type": "individual", "account_type": "checking",
		}
	}
	return o
}

// ref renders a reference to another object: its id, or the object if it was
// asked for in full.
func ref[R any](c *call, path, id string, m map[string]R, render func(R) object) any {
	r, found := m[id]
	switch {
	case id == "":
		return nil
	case found && c.expands(path):
		return render(r)
	}
	return id
}

func (c *call) intentJSON(r *intent, at string) object {
	o := object{
		"id": r.ID, "object": "payment_intent", "created": r.Created, "livemode": false, "status": r.Status,
		"amount": r.Amount, "amount_received": 0, "currency": "usd", "customer": nullable(r.Customer),
		"payment_method_types": []string{r.MethodType}, "description": nullable(r.Description), "metadata": metadata(r.Metadata),
		"client_secret": r.ID + "_secret_" + r.Secret, "capture_method": "automatic", "confirmation_method": "automatic",
		"payment_method":     ref(c, at+"payment_method", r.Method, c.books.methods, methodJSON),
		"latest_charge":      ref(c, at+"latest_charge", r.Charge, c.books.charges, func(x *charge) object { return c.chargeJSON(x, at+"latest_charge.") }),
		"last_payment_error": nil, "next_action": nil, "canceled_at": nil,
	}
	if r.Status == "succeeded" {
		o["amount_received"] = r.Amount
	}
	if r.CanceledAt != 0 {
		o["canceled_at"] = r.CanceledAt
	}
	if r.KeepOnFile {
		o["setup_future_usage"] = "off_session"
	}
	if r.Problem != nil {
		o["last_payment_error"] = c.problemJSON(r.Problem)
	}
	switch {
	case r.VerifyUntil != 0:
		o["next_action"] = c.verifyJSON(r.ID, r.Secret, r.Created)
	case r.Status == "requires_action":
		o["next_action"] = object{"type": "redirect_to_url", "redirect_to_url": object{
			"url": c.authenticateURL(r.ID, r.Secret), "return_url": nullable(r.ReturnURL),
		}}
	}
	return o
}

func (c *call) verifyJSON(id, secret string, created int64) object {
	return object{"type": "verify_with_microdeposits", "verify_with_microdeposits": object{
		"arrival_date": created + 2*24*60*60, "microdeposit_type": "amounts",
		"hosted_verification_url": c.base.String() + "/verify/" + id + "/" + secret,
	}}
}

func (c *call) problemJSON(p *problem) object {
	o := object{"type": "card_error", "code": p.Code, "message": p.Message}
	if p.Decline != "" {
		o["decline_code"] = p.Decline
	}
	if p.Charge != "" {
		o["charge"] = p.Charge
	}
	if m := c.books.methods[p.Method]; m != nil {
		o["payment_method"] = methodJSON(m)
	}
	return o
}

func (c *call) chargeJSON(r *charge, at string) object {
	o := object{
		"id": r.ID, "object": "charge", "created": r.Created, "livemode": false, "status": r.Status,
		"amount": r.Amount, "amount_captured": r.Amount, "amount_refunded": r.Refunded, "refunded": r.Refunded == r.Amount,
		"currency": "usd", "customer": nullable(r.Customer), "payment_intent": r.Intent, "payment_method": r.Method,
		"paid": r.Status != "failed", "captured": true, "disputed": r.Disputed,
		"failure_code": nullable(r.FailureCode), "failure_message": nullable(r.Message),
		"outcome":             object{"type": "authorized", "network_decline_code": nullable(r.Network)},
		"balance_transaction": nil,
	}
	if r.Status == "succeeded" {
		o["balance_transaction"] = "txn_" + r.ID[3:]
		if c.expands(at + "balance_transaction") {
			o["balance_transaction"] = object{
				"id": "txn_" + r.ID[3:], "object": "balance_transaction", "amount": r.Amount, "fee": r.Fee,
				"net": r.Amount - r.Fee, "currency": "usd", "type": "charge",
			}
		}
	}
	return o
}

func (c *call) sessionJSON(r *session) object {
	o := object{
		"id": r.ID, "object": "checkout.session", "created": r.Created, "livemode": false, "mode": r.Mode, "status": r.Status,
		"payment_status": "no_payment_required", "client_reference_id": nullable(r.Reference), "customer": nullable(r.Customer),
		"metadata": metadata(r.Metadata), "payment_method_types": []string{r.MethodType}, "expires_at": r.ExpiresAt,
		"success_url": r.SuccessURL, "cancel_url": r.CancelURL, "url": nil, "currency": nil, "amount_total": nil,
		"payment_intent": ref(c, "payment_intent", r.Intent, c.books.intents, func(x *intent) object { return c.intentJSON(x, "payment_intent.") }),
		"setup_intent":   ref(c, "setup_intent", r.Setup, c.books.setups, func(x *setupIntent) object { return c.setupJSON(x, "setup_intent.") }),
	}
	if r.Status == "open" {
		o["url"] = c.base.String() + "/pay/" + r.ID
	}
	if r.Mode == "payment" {
		o["currency"], o["amount_total"], o["payment_status"] = "usd", r.Amount, "unpaid"
		if pi := c.books.intents[r.Intent]; pi != nil && pi.Status == "succeeded" {
			o["payment_status"] = "paid"
		}
	}
	return o
}

func (c *call) setupJSON(r *setupIntent, at string) object {
	o := object{
		"id": r.ID, "object": "setup_intent", "created": r.Created, "livemode": false, "status": r.Status,
		"customer": nullable(r.Customer), "metadata": metadata(r.Metadata), "payment_method_types": []string{r.MethodType},
		"client_secret": r.ID + "_secret_" + r.Secret, "usage": "off_session", "last_setup_error": nil, "next_action": nil,
		"payment_method": ref(c, at+"payment_method", r.Method, c.books.methods, methodJSON),
	}
	if r.Problem != nil {
		o["last_setup_error"] = c.problemJSON(r.Problem)
	}
	if r.VerifyUntil != 0 {
		o["next_action"] = c.verifyJSON(r.ID, r.Secret, r.Created)
	}
	return o
}

func (c *call) listenerJSON(r *listener) object {
	return object{
		"id": r.ID, "object": "webhook_endpoint", "created": r.Created, "livemode": false, "status": "enabled", "url": r.URL,
		"enabled_events": r.Events, "description": nullable(r.Description), "metadata": object{},
	}
}

func (c *call) refundJSON(r *refund) object {
	return object{
		"id": r.ID, "object": "refund", "created": r.Created, "status": r.Status, "amount": r.Amount, "currency": "usd",
		"payment_intent": r.Intent, "charge": r.Charge, "metadata": metadata(r.Metadata), "failure_reason": nullable(r.FailureReason),
	}
}

func (c *call) disputeJSON(r *dispute) object {
	o := object{
		"id": r.ID, "object": "dispute", "created": r.Created, "livemode": false, "status": r.Status, "amount": r.Amount,
		"currency": "usd", "payment_intent": r.Intent, "charge": r.Charge, "reason": r.Reason, "metadata": object{},
		"is_charge_refundable": false,
		// card networks leave about three weeks, processors take some for themselves
		"evidence_details": object{"due_by": r.Created + 14*24*3600, "has_evidence": false, "past_due": false, "submission_count": 0},
	}
	if r.Network != "" {
		o["network_reason_code"] = r.Network
	}
	return o
}

func eventJSON(r *event) object {
	return object{
		"id": r.ID, "object": "event", "created": r.Created, "livemode": false, "type": r.Type, "api_version": apiVersion,
		"pending_webhooks": 1, "data": object{"object": object{"id": r.ObjectID, "object": r.Object}},
	}
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func metadata(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
