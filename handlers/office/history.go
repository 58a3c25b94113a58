package office

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/db"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

// changesOnPage is how many entries of a customer's history one page shows.
const changesOnPage = 30

// deeds are the actions of the audit trail in words.
var deeds = map[string]string{
	"autopay.on":              "turned auto pay on",
	"autopay.day":             "arranged another day for auto pay",
	"autopay.off":             "turned auto pay off",
	"autopay.hold":            "put auto pay on hold",
	"autopay.decide":          "decided about a late run",
	"autopay.resume":          "let a stopped run go on",
	"autopay.retry":           "asked for another attempt at",
	"autopay.run":             "began a run",
	"payment.plan":            "planned",
	"autopay.release":         "released auto pay",
	"consent.download":        "downloaded",
	"books.import":            "imported books",
	"credit.apply":            "applied credit",
	"credit.ask":              "asked for a credit",
	"credit.approved":         "approved a credit",
	"credit.declined":         "declined a credit",
	"credit.expired":          "let a credit expire that was asked for",
	"credit.give":             "gave a credit",
	"credit.unapply":          "took money off again",
	"credit.withdrawn":        "took back asking for a credit",
	"dispute.lost":            "heard that a dispute is lost",
	"dispute.open":            "heard of a dispute",
	"dispute.returned":        "heard of a return by the bank",
	"dispute.won":             "heard that a dispute is won",
	"fee.return":              "charged a return fee",
	"customer.contact":        "changed the contact block",
	"customer.email":          "confirmed a new e-mail address",
	"customer.key_seen":       "looked at the Registration Key",
	"customer.new_key":        "made a new Registration Key",
	"customer.add":            "added",
	"site.add":                "added the",
	"site.edit":               "changed the",
	"system.add":              "added the",
	"system.edit":             "changed the",
	"proposal.copy":           "copied into",
	"proposal.download":       "downloaded",
	"proposal.edit":           "changed the draft of",
	"proposal.mail":           "e-mailed again",
	"proposal.new":            "began",
	"proposal.send":           "sent",
	"proposal.version":        "began",
	"proposal.withdraw":       "withdrew",
	"draft.delete":            "deleted",
	"draft.edit":              "changed",
	"draft.new":               "began",
	"invoice.void":            "voided",
	"invoice.download":        "downloaded",
	"invoice.issue":           "issued",
	"invoice.mail":            "e-mailed again",
	"invoice.print":           "printed",
	"login.done":              "logged in",
	"login.end":               "ended a session",
	"login.failed":            "failed to log in",
	"login.out":               "logged out",
	"login.temporary":         "logged in with the temporary password",
	"mail.resend":             "sent a mail again",
	"method.add":              "added a card or bank account",
	"method.ask_delete":       "asked to have a card or bank account removed",
	"method.end":              "removed a card or bank account",
	"method.renew":            "a card on file was renewed by its bank",
	"gateway.selftest":        "tried the payment processor out",
	"paylink.revoke":          "revoked a pay link",
	"paylink.show":            "looked at the pay link of",
	"reminder.hold":           "stopped reminders",
	"reminder.release":        "let reminders go out again",
	"latefee.charge":          "charged a late fee on",
	"statement.mail":          "mailed a statement",
	"statement.download":      "downloaded a statement",
	"payment.receipt_mailed":  "mailed the receipt of",
	"payment.canceled":        "canceled",
	"payment.enter":           "recorded a payment",
	"payment.reverse":         "reversed a payment",
	"payment.submit":          "submitted a payment",
	"payment.succeeded":       "received",
	"payment.failed":          "was declined",
	"payment.returned":        "was returned by the bank",
	"recurring.add":           "added to what recurs the",
	"recurring.bill_again":    "let a period be billed again of the",
	"recurring.bill_from":     "set the day from which is billed the",
	"recurring.end":           "ended the",
	"recurring.price":         "changed the price of the",
	"refund.approved":         "approved a refund",
	"refund.ask":              "asked for a refund",
	"refund.declined":         "declined a refund",
	"refund.expired":          "let a refund expire that was asked for",
	"refund.failed":           "could not give money back",
	"refund.pending":          "gave money back",
	"refund.planned":          "ordered a refund",
	"refund.succeeded":        "gave money back",
	"refund.withdrawn":        "took back asking for a refund",
	"void.approved":           "approved voiding",
	"void.ask":                "asked to void",
	"void.declined":           "declined voiding",
	"void.expired":            "let a request to void expire",
	"void.withdrawn":          "took back asking to void",
	"proposal.accept":         "accepted",
	"proposal.reject":         "rejected",
	"proposal.delete":         "threw away the draft of",
	"proposal.carry_out":      "carried out",
	"receipt.download":        "downloaded the receipt of",
	"registration.approved":   "approved a registration",
	"registration.ask":        "asked to add an e-mail address",
	"registration.dismissed":  "dismissed a registration",
	"registration.failed":     "failed to register",
	"tax.site":                "changed the sales tax of the",
	"user.grant":              "let a log-in see this customer",
	"user.join":               "added this customer to a log-in",
	"user.join_asked":         "asked to add this customer to a log-in",
	"user.mail_choices":       "chose which mails to get",
	"user.lock":               "locked a log-in",
	"user.password":           "set a password",
	"user.register":           "registered",
	"user.registration_mail":  "sent the registration mail",
	"user.revoke":             "took this customer away from a log-in",
	"user.sign_out":           "ended the sessions of a log-in",
	"user.unlock":             "unlocked a log-in",
	"workorder.arrive":        "recorded the arrival for",
	"workorder.cancel":        "cancelled",
	"workorder.complete":      "completed",
	"workorder.create":        "made",
	"workorder.dispatch":      "dispatched the technician for",
	"workorder.edit":          "changed site or system of",
	"workorder.merge":         "merged",
	"workorder.invoice":       "made the invoice of",
	"workorder.note":          "added a note to",
	"workorder.note_internal": "added an internal note to",
	"workorder.photo":         "added a photo to",
	"workorder.reopen":        "opened again",
	"workorder.sign":          "took the customer's signature for",
	"workorder.unsigned":      "found nobody on site to sign for",
	"workorder.work":          "changed parts and labour of",
	"workorder.schedule":      "changed the appointment of",
	"workorder.undo":          "took the last step back of",
	"workorder.unschedule":    "took away the appointment of",
}

// customerHistory is the whole history of a customer, by pages.
func (h *Handlers) customerHistory(c echo.Context) error {
	ctx := c.Request().Context()
	row, who, err := h.theCustomer(c)
	if err != nil {
		return err
	}
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	p := &view.CustomerHistoryPage{Base: views.Base{Title: "History of " + who.Name, Tab: "customers"}, Customer: who}
	if p.History, err = h.history(ctx, s, row, c.QueryParam("before")); err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/customer_history", p)
}

// history is the customer's part of the audit trail before a position, newest
// first.
func (h *Handlers) history(ctx context.Context, s *settings.Settings, row db.Customer, before string) (view.History, error) {
	var out view.History
	at, id := mailPosition(before)
	rows, err := h.DB.Read().ListAuditForCustomer(ctx, db.ListAuditForCustomerParams{CustomerID: db.NullID(row.ID), BeforeAt: at, BeforeID: id, Most: changesOnPage + 1})
	if err != nil {
		return out, err
	}
	if len(rows) > changesOnPage {
		rows = rows[:changesOnPage]
		out.More = fmt.Sprintf("%s/history?before=%d.%d", customerPath(row.Number), rows[changesOnPage-1].At, rows[changesOnPage-1].ID)
	}
	for _, r := range rows {
		change := view.Change{When: r.At.Format(s.Zone), Who: r.Who, What: deeds[r.Action], Object: r.Object, Details: differences(r.BeforeJson, r.AfterJson)}
		if change.What == "" {
			change.What = strings.NewReplacer(".", " ", "_", " ").Replace(r.Action)
		}
		if change.Who == "" {
			change.Who = actors[r.Actor]
		}
		out.Rows = append(out.Rows, change)
	}
	return out, nil
}

// actors are those who have no name.
var actors = map[string]string{"customer": "the customer", "staff": "staff", "system": "the portal", "visitor": "a visitor"}

// differences puts what changed into lines: "city: Troy → Albany".
func differences(before, after string) []string {
	from, to := values(before), values(after)
	var lines []string
	keys := slices.Collect(maps.Keys(to))
	for k := range from {
		if _, there := to[k]; !there {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		a, b := from[k], to[k]
		line := b
		switch {
		case a == b:
			continue
		case a != "" && b != "":
			line = a + " → " + b
		case a != "":
			line = a + " → nothing"
		}
		if k != "" {
			line = strings.ReplaceAll(k, "_", " ") + ": " + line
		}
		lines = append(lines, line)
	}
	return lines
}

// values reads one side of an entry: the fields of a small struct, or a single
// value under no name.
func values(side string) map[string]string {
	var decoded any
	if side == "" || json.Unmarshal([]byte(side), &decoded) != nil {
		return nil
	}
	fields, ok := decoded.(map[string]any)
	if !ok {
		return map[string]string{"": readable(decoded)}
	}
	out := map[string]string{}
	for k, v := range fields {
		out[k] = readable(v)
	}
	return out
}

// readable writes a value of an entry as people read it: what is not there is
// empty, a list is one thing after the other.
func readable(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case []any:
		parts := make([]string, len(v))
		for i, one := range v {
			parts[i] = readable(one)
		}
		return strings.Join(parts, "; ")
	default:
		return fmt.Sprint(v)
	}
}
