package handlers_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"customerportal/handlers/office"
	"customerportal/handlers/portal"
	"customerportal/handlers/web"
	"customerportal/internal/account"
)

// surface is every address of the portal with who may call it. A new route
// fails the test until it has a line here.
const surface = `
GET  /login                                                  anyone
POST /login                                                  anyone
POST /logout                                                 anyone
POST /session/extend                                         signed in
GET  /register                                               anyone
POST /register                                               anyone
GET  /register/done                                          anyone
GET  /register/asked                                         anyone
GET  /register/join                                          anyone
POST /register/join                                          customer
GET  /password/forgot                                        anyone
POST /password/forgot                                        anyone
GET  /password/recover                                       anyone
POST /password/recover                                       anyone
GET  /password/reset                                         stage reset
POST /password/reset                                         stage reset
GET  /email/confirm                                          anyone
POST /email/confirm                                          anyone
POST /webhooks/:gateway                                      anyone
GET  /go/:key                                                unasked
GET  /account                                                customer
GET  /account/password                                       customer
POST /account/password                                       customer
GET  /account/mail                                           customer
POST /account/mail                                           customer
POST /account/devices/end                                    customer
POST /account/devices/end-others                             customer
POST /account/switch                                         customer
GET  /                                                       customer
GET  /contact/edit                                           customer
GET  /contact                                                customer
POST /contact                                                customer
GET  /invoices/:paper                                        customer
GET  /proposals                                              customer
GET  /proposals/:number                                      customer
GET  /proposals/:number/signed.pdf                           customer
GET  /proposals/:number/attachments/:paper                   customer
POST /proposals/:number/viewed                               customer
GET  /proposals/:number/accept                               customer
POST /proposals/:number/accept                               customer
GET  /proposals/:number/reject                               customer
POST /proposals/:number/reject                               customer
GET  /s/:token                                               unasked
POST /s/:token/code                                          unasked
GET  /s/:token/code                                          unasked
POST /s/:token/confirm                                       unasked
GET  /s/:token/confirm                                       unasked
GET  /s/:token/proposal.pdf                                  unasked
GET  /s/:token/signed.pdf                                    unasked
GET  /s/:token/attachments/:paper                            unasked
POST /s/:token/viewed                                        unasked
GET  /s/:token/accept                                        unasked
POST /s/:token/accept                                        unasked
GET  /s/:token/reject                                        unasked
POST /s/:token/reject                                        unasked
POST /s/:token/deposit                                       unasked
GET  /s/:token/deposit                                       unasked
GET  /p/:token                                               unasked
POST /p/:token                                               unasked
GET  /p/:token/preview                                       unasked
POST /p/:token/preview                                       unasked
GET  /p/return                                               unasked
GET  /p/:token/payments/:ref                                 unasked
GET  /p/:token/payments/:ref/mail                            unasked
POST /p/:token/payments/:ref/mail                            unasked
GET  /pay                                                    customer
POST /pay                                                    customer
GET  /pay/preview                                            customer
POST /pay/preview                                            customer
GET  /pay/credit                                             customer
POST /pay/credit                                             customer
GET  /pay/return                                             customer
GET  /methods                                                customer
POST /methods                                                customer
GET  /methods/new                                            customer
GET  /methods/consent                                        customer
GET  /methods/authorizations/:paper                          customer
GET  /methods/return                                         customer
POST /methods/auto/off                                       customer
GET  /methods/:id/auto                                       customer
POST /methods/:id/auto                                       customer
POST /methods/:id/ask-delete                                 customer
POST /methods/:id/delete                                     customer
GET  /payments                                               customer
GET  /payments/:ref                                          customer
GET  /statement.pdf                                          customer
GET  /workorders                                             customer
GET  /workorders/follow                                      customer
GET  /workorders/new                                         customer
POST /workorders/new                                         customer
GET  /workorders/:number                                     customer
GET  /workorders/:number/follow                              customer
GET  /workorders/:number/appointment.ics                     customer
GET  /workorders/:number/photos/:photo                       customer
GET  /workorders/:number/notes                               customer
POST /workorders/:number/notes                               customer
GET  /workorders/:number/photos                              customer
POST /workorders/:number/photos                              customer
GET  /statement.csv                                          customer
GET  /office/code                                            stage totp
POST /office/code                                            stage totp
GET  /office/enrol                                           stage enrol
GET  /office/enrol.png                                       stage enrol
POST /office/enrol                                           stage enrol
GET  /office/account                                         staff
POST /office/account/password                                staff
POST /office/account/codes                                   staff
GET  /office/setup                                           anyone
POST /office/setup                                           anyone
GET  /office                                                 staff
POST /office/hold/confirm                                    staff owner owner
GET  /office/day                                             staff owner service technician
GET  /office/day/follow                                      staff owner service technician
GET  /office/day/:number                                     staff owner service technician
GET  /office/day/:number/photos/:id                          staff owner service technician
POST /office/day/:number/taps                                staff owner service technician
GET  /office/customers                                       staff owner billing service sales
GET  /office/customers/new                                   staff owner billing service
POST /office/customers                                       staff owner billing service
GET  /office/customers/:number/sites/new                     staff owner billing service
POST /office/customers/:number/sites                         staff owner billing service
GET  /office/customers/:number/sites/:id                     staff owner billing service
POST /office/customers/:number/sites/:id                     staff owner billing service
GET  /office/customers/:number/sites/:id/systems/new         staff owner billing service
POST /office/customers/:number/sites/:id/systems             staff owner billing service
GET  /office/customers/:number/systems/:id                   staff owner billing service
POST /office/customers/:number/systems/:id                   staff owner billing service
GET  /office/customers/:number/notes                         staff owner billing service sales
POST /office/customers/:number/notes                         staff owner billing service sales
GET  /office/customers/:number                               staff owner billing service sales
GET  /office/customers/:number/invoices                      staff owner billing service sales
GET  /office/customers/:number/invoices/:paper               staff owner billing service sales
GET  /office/customers/:number/invoices/new                  staff owner billing
POST /office/customers/:number/invoices/preview              staff owner billing
POST /office/customers/:number/invoices                      staff owner billing
GET  /office/drafts/:id                                      staff owner billing
POST /office/drafts/:id                                      staff owner billing
POST /office/drafts/:id/preview                              staff owner billing
POST /office/drafts/:id/delete                               staff owner billing
GET  /office/drafts/:id/draft.pdf                            staff owner billing
GET  /office/drafts/:id/issue                                staff owner billing
POST /office/drafts/:id/issue                                staff owner billing
GET  /office/invoices                                        staff owner billing
POST /office/invoices/print                                  staff owner billing
GET  /office/invoices/:number                                staff owner billing service sales
POST /office/invoices/:number/mail                           staff owner billing
POST /office/invoices/:number/print                          staff owner billing
GET  /office/prints/:id                                      staff owner billing
GET  /office/prints/:id/invoices.pdf                         staff owner billing
GET  /office/customers/:number/history                       staff owner billing service sales
GET  /office/customers/:number/payments                      staff owner billing service sales
GET  /office/customers/:number/payments/:ref                 staff owner billing service sales
GET  /office/customers/:number/contact                       staff owner billing service
POST /office/customers/:number/contact                       staff owner billing service
GET  /office/customers/:number/users                         staff owner billing service
POST /office/customers/:number/users                         staff owner billing service
POST /office/customers/:number/users/key                     staff owner billing service
POST /office/customers/:number/users/:id/:verb               staff owner billing service
GET  /office/customers/:number/payments/new                  staff owner billing
POST /office/customers/:number/payments/preview              staff owner billing
POST /office/customers/:number/payments                      staff owner billing
GET  /office/customers/:number/payments/:ref/refund           staff owner billing
POST /office/customers/:number/payments/:ref/refund/preview   staff owner billing
POST /office/customers/:number/payments/:ref/refund           staff owner billing
GET  /office/customers/:number/payments/:ref/returned         staff owner billing
POST /office/customers/:number/payments/:ref/returned/preview staff owner billing
POST /office/customers/:number/payments/:ref/returned         staff owner billing
GET  /office/customers/:number/invoices/:invoice/void         staff owner billing
POST /office/customers/:number/invoices/:invoice/void/preview staff owner billing
POST /office/customers/:number/invoices/:invoice/void         staff owner billing
GET  /office/customers/:number/credit                        staff owner billing service sales
GET  /office/customers/:number/credit/new                    staff owner billing
POST /office/customers/:number/credit/new/preview            staff owner billing
POST /office/customers/:number/credit/new                    staff owner billing
POST /office/customers/:number/credit/apply                  staff owner billing
POST /office/customers/:number/credit/unapply                staff owner billing
GET  /office/approvals                                       staff owner billing
POST /office/approvals/:id/:verb                             staff owner billing
GET  /office/disputes                                        staff owner billing
GET  /office/disputes/:id                                    staff owner billing
POST /office/customers/:number/methods/:id/remove            staff owner billing
GET  /office/customers/:number/autopay                       staff owner billing service sales
GET  /office/customers/:number/autopay/papers/:paper         staff owner billing service sales
POST /office/customers/:number/autopay/day                   staff owner billing
POST /office/customers/:number/autopay/off                   staff owner billing
POST /office/customers/:number/autopay/hold                  staff owner billing
POST /office/customers/:number/autopay/release               staff owner billing
GET  /office/customers/:number/autopay/form                  staff owner billing
GET  /office/customers/:number/autopay/form.pdf              staff owner billing
POST /office/customers/:number/autopay/form                  staff owner billing
GET  /office/autopay                                         staff owner billing service sales
GET  /office/autopay.csv                                     staff owner billing service sales
GET  /office/autopay/cards                                   staff owner billing service sales
GET  /office/autopay/run                                     staff owner billing
POST /office/autopay/run                                     staff owner billing
GET  /office/autopay/runs                                    staff owner billing service sales
GET  /office/autopay/runs/:id                                staff owner billing service sales
GET  /office/autopay/late/:id                                staff owner billing
POST /office/autopay/late/:id                                staff owner billing
POST /office/customers/:number/autopay/retry                 staff owner billing
POST /office/autopay/hold                                    staff owner billing
POST /office/autopay/release                                 staff owner billing
GET  /office/customers/:number/paylinks                      staff owner billing
POST /office/customers/:number/paylinks/revoke               staff owner billing
POST /office/customers/:number/paylinks/:invoice/:verb       staff owner billing
POST /office/customers/:number/reminders/:verb               staff owner billing
GET  /office/customers/:number/statement.pdf                 staff owner billing
GET  /office/customers/:number/statement.csv                 staff owner billing
POST /office/customers/:number/statement/mail                staff owner billing
GET  /office/reminders                                       staff owner billing
GET  /office/workorders                                      staff owner billing service sales
GET  /office/workorders/list                                 staff owner billing service sales
GET  /office/workorders/follow                               staff owner billing service sales
GET  /office/workorders/:number/follow                       staff owner billing service sales
GET  /office/workorders/:number/invoice                      staff owner billing
POST /office/workorders/:number/invoice                      staff owner billing
GET  /office/workorders/:number/work                         staff owner billing service
POST /office/workorders/:number/work/preview                 staff owner billing service
POST /office/workorders/:number/work                         staff owner billing service
GET  /office/workorders/new                                  staff owner service
POST /office/workorders/preview                              staff owner service
POST /office/workorders                                      staff owner service
GET  /office/workorders/:number                              staff owner billing service sales
GET  /office/workorders/:number/move                         staff owner service
POST /office/workorders/:number/move                         staff owner service
POST /office/workorders/:number/preview                      staff owner service
POST /office/workorders/:number/notes                        staff owner service
POST /office/workorders/:number/photos                       staff owner service
GET  /office/workorders/:number/photos/:id                   staff owner billing service sales
POST /office/workorders/:number/merge                        staff owner service
GET  /office/workorders/:number/edit                         staff owner service
POST /office/workorders/:number/edit                         staff owner service
GET  /office/registrations                                   staff owner billing service
POST /office/registrations/:id/:verb                         staff owner billing service
GET  /office/mail                                            staff owner billing service
POST /office/mail/test                                       staff owner owner
GET  /office/mail/:id                                        staff owner billing service
POST /office/mail/:id/retry                                  staff owner billing service
GET  /office/billing                                         staff owner billing
GET  /office/billing/preview.csv                             staff owner billing
POST /office/billing/run                                     staff owner billing
GET  /office/billing/runs/:id                                staff owner billing
GET  /office/billing/runs/:id/paper                          staff owner billing
POST /office/billing/runs/:id/:verb                          staff owner billing
GET  /office/billing/revenue                                 staff owner billing
GET  /office/billing/revenue.csv                             staff owner billing
GET  /office/customers/:number/recurring                     staff owner billing service sales
GET  /office/customers/:number/recurring/new                 staff owner billing
POST /office/customers/:number/recurring                     staff owner billing
GET  /office/customers/:number/recurring/:id                 staff owner billing service sales
POST /office/customers/:number/recurring/:id/:verb           staff owner billing
GET  /office/customers/:number/tax                           staff owner billing
POST /office/customers/:number/tax/:id                       staff owner billing
GET  /office/proposals                                       staff owner billing sales
GET  /office/proposals/verify                                staff owner billing sales
POST /office/proposals/verify                                staff owner billing sales
GET  /office/proposals/new                                   staff owner sales
POST /office/proposals/new/preview                           staff owner sales
POST /office/proposals/new                                   staff owner sales
GET  /office/proposals/drafts/:id                            staff owner sales
POST /office/proposals/drafts/:id                            staff owner sales
POST /office/proposals/drafts/:id/preview                    staff owner sales
GET  /office/proposals/drafts/:id/draft.pdf                  staff owner sales
POST /office/proposals/drafts/:id/delete                     staff owner sales
GET  /office/proposals/drafts/:id/send                       staff owner sales
POST /office/proposals/drafts/:id/send                       staff owner sales
POST /office/proposals/versions/:id/mail                     staff owner sales
POST /office/proposals/versions/:id/withdraw                 staff owner sales
POST /office/proposals/versions/:id/again                    staff owner sales
POST /office/proposals/versions/:id/copy                     staff owner sales
GET  /office/proposals/versions/:id/carry-out                staff owner billing sales
POST /office/proposals/versions/:id/carry-out                staff owner billing sales
GET  /office/proposals/versions/:id/:paper                   staff owner billing sales
GET  /office/proposals/versions/:id/attachments/:document    staff owner billing sales
GET  /office/proposals/:number                               staff owner billing sales
GET  /office/settings/tax                                    staff owner owner
POST /office/settings/tax                                    staff owner owner
GET  /office/settings/tax/:id                                staff owner owner
POST /office/settings/tax/:id/:verb                          staff owner owner
GET  /office/accounting                                      staff owner billing
GET  /office/accounting/files/:file                          staff owner billing
GET  /office/accounting/reports/:report                      staff owner billing
POST /office/accounting/lock                                 staff owner owner
POST /office/accounting/unlock                               staff owner owner
GET  /office/import                                          staff owner owner
POST /office/import                                          staff owner owner
POST /office/import/start                                    staff owner owner
POST /office/import/cancel                                   staff owner owner
GET  /office/import/refused/:name                            staff owner owner
GET  /office/export                                          staff owner owner
GET  /office/export/books.zip                                staff owner owner
GET  /office/settings                                        staff owner owner
GET  /office/settings/processor                              staff owner owner
POST /office/settings/processor/selftest                     staff owner owner
POST /office/settings/processor/webhook                      staff owner owner
POST /office/settings/logo                                   staff owner owner
POST /office/settings/logo/remove                            staff owner owner
POST /office/settings/:section                               staff owner owner
GET  /office/staff                                           staff owner owner
POST /office/staff                                           staff owner owner
POST /office/staff/:id/:verb                                 staff owner owner
`

// tables are the routes of both areas.
func tables() []web.Route {
	return append((&portal.Handlers{}).Routes(), (&office.Handlers{}).Routes()...)
}

func TestEveryRouteIsListed(t *testing.T) {
	listed := map[string]string{}
	for line := range strings.Lines(surface) {
		if words := strings.Fields(line); len(words) > 2 {
			listed[words[0]+" "+words[1]] = strings.Join(words[2:], " ")
		}
	}
	names := map[string]bool{}
	for _, r := range tables() {
		address := r.Method + " " + r.Path
		if names[r.Name] {
			t.Errorf("two routes are called %s", r.Name)
		}
		names[r.Name] = true
		if listed[address] != r.Access.String() {
			t.Errorf("%s may be called by %s, the list says %q", address, r.Access, listed[address])
		}
		delete(listed, address)
	}
	for address := range maps.Keys(listed) {
		t.Errorf("%s is listed, but there is no such route", address)
	}
}

// TestNobodyOpensWhatIsNotTheirs walks every route as a visitor, as a customer
// and as each role of the staff, with every form as a form.
func TestNobodyOpensWhatIsNotTheirs(t *testing.T) {
	s := newSite(t, "https://portal.example.com")
	id := s.customer("1001", nil)
	_, err := s.accounts.SaveUser(t.Context(), "siobhan@example.com", goodPass, id)
	must(t, err)
	customer := s.browser(false)
	customer.logIn("siobhan@example.com", goodPass).goes("/").shows(200)
	staff := map[string]*browser{}
	for _, role := range account.Roles {
		_, err := s.accounts.SaveStaff(t.Context(), account.StaffRecord{Email: role + "@hometown.example", Name: role, Role: role, Password: staffPass, Secret: secret})
		must(t, err)
		b := s.browser(false)
		b.logIn(role+"@hometown.example", staffPass).goes("/office/code")
		code, err := account.CodeAt(secret, s.fake.Now())
		must(t, err)
		b.post("/office/code", "code", code)
		if b.to() != "/office" {
			t.Fatalf("%s is not in: %d", role, b.code)
		}
		staff[role] = b
	}
	for _, r := range tables() {
		access := r.Access.String()
		if access == "anyone" || access == "unasked" {
			continue
		}
		path := r.Path
		for _, part := range strings.Split(path, "/") {
			if strings.HasPrefix(part, ":") {
				path = strings.Replace(path, part, "1", 1)
			}
		}
		visitor := s.browser(false)
		visitor.send(r.Method, path, nil)
		if visitor.code != http.StatusSeeOther || !strings.HasPrefix(visitor.to(), "/login") {
			t.Errorf("a visitor on %s %s: %d, to %q", r.Method, path, visitor.code, visitor.to())
		}
		roles, forStaff := strings.CutPrefix(access, "staff")
		if forStaff {
			customer.send(r.Method, path, nil)
			if customer.code != http.StatusNotFound {
				t.Errorf("a customer on %s %s: %d", r.Method, path, customer.code)
			}
		}
		for role, b := range staff {
			switch {
			case access == "customer":
				if b.send(r.Method, path, nil); b.code != http.StatusNotFound {
					t.Errorf("%s on %s %s: %d", role, r.Method, path, b.code)
				}
			case forStaff && roles != "" && !slices.Contains(strings.Fields(roles), role):
				if b.send(r.Method, path, nil); b.code != http.StatusForbidden {
					t.Errorf("%s on %s %s: %d", role, r.Method, path, b.code)
				}
			}
		}
	}
}
