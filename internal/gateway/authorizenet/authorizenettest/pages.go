package authorizenettest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"customerportal/internal/gateway"
)

// tokenLife is how long a token opens its page.
const tokenLife = 15 * time.Minute

func (f *Fake) issue(h *hosted) result {
	h.issued = f.now()
	token := "token+/=" + f.id()
	f.tokens[token] = h
	return good(result{"token": token})
}

func settingsOf(n *node) map[string]string {
	out := map[string]string{}
	for _, s := range n.at("setting").items {
		out[s.at("settingName").text()] = s.at("settingValue").text()
	}
	return out
}

// paymentToken answers getHostedPaymentPageRequest.
func (f *Fake) paymentToken(q *node) result {
	t := q.at("transactionRequest")
	amount, ok := cents(t.at("amount").text())
	if t.at("transactionType").text() != "authCaptureTransaction" || !ok || amount <= 0 {
		return refuse("E00013", "The field 'transactionRequest' is invalid.")
	}
	h := &hosted{customer: t.at("profile", "customerProfileId").text(), request: t, settings: settingsOf(q.at("hostedPaymentSettings"))}
	if h.customer != "" && f.profiles[h.customer] == nil {
		return refuse("E00040", "The record cannot be found.")
	}
	var back struct{ URL, CancelURL string }
	if err := json.Unmarshal([]byte(h.settings["hostedPaymentReturnOptions"]), &back); err != nil || !strings.HasPrefix(back.URL, "https://") || !strings.HasPrefix(back.CancelURL, "https://") {
		return refuse("E00013", "hostedPaymentReturnOptions must begin with http:// or https://.")
	}
	for name, value := range h.settings {
		if !json.Valid([]byte(value)) {
			return refuse("E00013", name+" is no JSON")
		}
	}
	return f.issue(h)
}

// setupToken answers getHostedProfilePageRequest.
func (f *Fake) setupToken(q *node) result {
	h := &hosted{setup: true, customer: q.at("customerProfileId").text(), settings: settingsOf(q.at("hostedProfileSettings"))}
	if f.profiles[h.customer] == nil {
		return refuse("E00040", "The record cannot be found.")
	}
	if !strings.HasPrefix(h.settings["hostedProfileReturnUrl"], "https://") {
		return refuse("E00013", "hostedProfileReturnUrl is invalid.")
	}
	return f.issue(h)
}

// Entry is what the customer types into a hosted page.
type Entry struct {
	Card    string
	Account string
	Save    bool // the page's own box, where it is offered
}

// Submit is the customer at a hosted page who types something and presses its
// button. Where he is sent to is "" when the page refuses what was typed.
func (f *Fake) Submit(page gateway.Page, e Entry) (location string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fields, err := url.ParseQuery(page.Post)
	if err != nil {
		return "", err
	}
	h := f.tokens[fields.Get("token")]
	at, err := url.Parse(page.URL)
	if err != nil {
		return "", err
	}
	want := map[bool]string{false: "/payment/payment", true: "/customer/addPayment"}
	switch {
	case h == nil || at.Scheme+"://"+at.Host != "https://test.authorize.net" || at.Path != want[h.setup]:
		return "", fmt.Errorf("authorizenettest: %s knows no such token", page.URL)
	case !f.now().Before(h.issued.Add(tokenLife)):
		return "", errors.New("authorizenettest: the token has expired")
	}
	m := &instrument{kind: gateway.Card, number: strings.ReplaceAll(e.Card, " ", ""), expires: "2030-12"}
	if e.Account != "" {
		m = &instrument{kind: gateway.ECheck, number: e.Account}
	}
	if !h.offers(m.kind) || m.kind == gateway.Card && !luhn(m.number) {
		return "", nil
	}
	if h.setup {
		return f.putOnFile(h, m)
	}
	var back struct{ URL string }
	if err := json.Unmarshal([]byte(h.settings["hostedPaymentReturnOptions"]), &back); err != nil {
		return "", err
	}
	if h.used {
		return back.URL, nil
	}
	amount, _ := cents(h.request.at("amount").text())
	keep := e.Save && strings.Contains(h.settings["hostedPaymentCustomerOptions"], `"addPaymentProfile":true`) && h.customer != ""
	owner := ""
	if keep {
		owner = h.customer
	}
	t := f.charge(h.request, amount, m, owner)
	if t.response != "1" && t.response != "4" {
		t.profile = ""
		return "", nil
	}
	h.used = true
	if keep {
		m.id = f.id()
		f.profiles[h.customer].methods = append(f.profiles[h.customer].methods, m)
	}
	return back.URL, nil
}

// putOnFile is the set-up page's button; the card is tried with the bank first.
func (f *Fake) putOnFile(h *hosted, m *instrument) (string, error) {
	if m.number == PoorCard || m.number == LostCard || m.number == ExpiredCard {
		return "", nil
	}
	p := f.profiles[h.customer]
	for _, have := range p.methods {
		if have.kind == m.kind && have.number == m.number {
			return "", nil // a duplicate record
		}
	}
	m.id = f.id()
	p.methods = append(p.methods, m)
	return h.settings["hostedProfileReturnUrl"], nil
}

// offers reports whether the page has a form for the kind.
func (h *hosted) offers(kind gateway.Kind) bool {
	if h.setup {
		show := h.settings["hostedProfilePaymentOptions"]
		return show == "showAll" || show == "" || (show == "showCreditCard") == (kind == gateway.Card)
	}
	var show struct{ ShowCreditCard, ShowBankAccount bool }
	if err := json.Unmarshal([]byte(h.settings["hostedPaymentPaymentOptions"]), &show); err != nil {
		return false
	}
	return kind == gateway.Card && show.ShowCreditCard || kind == gateway.ECheck && show.ShowBankAccount
}

// luhn reports whether the digits are a card's number.
func luhn(number string) bool {
	if len(number) < 13 {
		return false
	}
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if d < 0 || d > 9 {
			return false
		}
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
