package views_test

import (
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/jba/templatecheck"

	"customerportal/internal/calendar"
	"customerportal/static"
	"customerportal/views"
	"customerportal/views/demo"
	"customerportal/views/office"
	"customerportal/views/portal"
)

// areas are the folders of pages.
var areas = map[string]fs.FS{"portal": portal.Files, "office": office.Files, "demo": demo.Files}

// pages has one line for every page: its name and its struct.
var pages = map[string]any{
	"portal/error": &views.ErrorPage{},

	"portal/login":      &portal.LoginPage{},
	"portal/register":   &portal.RegisterPage{},
	"portal/registered": &portal.RegisteredPage{},
	"portal/asked":      &portal.RegisteredPage{},
	"portal/join":       &portal.JoinPage{},
	"portal/forgot":     &portal.ForgotPage{},
	"portal/password":   &portal.PasswordPage{},
	"portal/email":      &portal.EmailPage{},
	"portal/account":    &portal.AccountPage{},

	"office/code":    &office.CodePage{},
	"office/enrol":   &office.EnrolPage{},
	"office/account": &office.AccountPage{},
	"office/codes":   &office.CodesPage{},
	"office/setup":   &office.SetupPage{},

	"portal/home":            &portal.HomePage{},
	"portal/payments":        &portal.PaymentsPage{},
	"portal/payment":         &portal.PaymentPage{},
	"portal/pay":             &portal.PayPage{},
	"portal/methods":         &portal.MethodsPage{},
	"portal/pay_link":        &portal.PayLinkPage{},
	"portal/no_link":         &portal.NoLinkPage{},
	"portal/go":              &portal.GoPage{},
	"portal/link_payment":    &portal.LinkPaymentPage{},
	"portal/proposals":       &portal.ProposalsPage{},
	"portal/proposal":        &portal.ProposalPage{},
	"portal/proposal_accept": &portal.AcceptPage{},
	"portal/proposal_reject": &portal.RejectPage{},
	"portal/proposal_code":   &portal.CodePage{},
	"portal/method_new":      &portal.MethodNewPage{},
	"portal/method_auto":     &portal.MethodAutoPage{},

	"portal/workorders":    &portal.WorkOrdersPage{},
	"portal/workorder":     &portal.WorkOrderPage{},
	"portal/workorder_new": &portal.WorkOrderNewPage{},

	"office/home":               &office.HomePage{},
	"office/day":                &office.DayPage{},
	"office/customers":          &office.CustomersPage{},
	"office/customer":           &office.CustomerPage{},
	"office/autopay":            &office.AutoPayPage{},
	"office/autopay_run":        &office.AutoPayRunPage{},
	"office/autopay_runs":       &office.AutoPayRunsPage{},
	"office/autopay_confirm":    &office.AutoPayConfirmPage{},
	"office/autopay_cards":      &office.AutoPayCardsPage{},
	"office/autopay_customer":   &office.AutoPayCustomerPage{},
	"office/autopay_form":       &office.AutoPayFormPage{},
	"office/customer_invoices":  &office.CustomerInvoicesPage{},
	"office/customer_history":   &office.CustomerHistoryPage{},
	"office/customer_payments":  &office.CustomerPaymentsPage{},
	"office/customer_new":       &office.NewCustomerPage{},
	"office/site":               &office.SitePage{},
	"office/system":             &office.SystemPage{},
	"office/notes":              &office.NotesPage{},
	"office/draft":              &office.DraftPage{},
	"office/draft_issue":        &office.IssuePage{},
	"office/proposals":          &office.ProposalsPage{},
	"office/proposal":           &office.ProposalPage{},
	"office/proposal_draft":     &office.ProposalDraftPage{},
	"office/proposal_new":       &office.ProposalNewPage{},
	"office/proposal_send":      &office.ProposalSendPage{},
	"office/proposal_verify":    &office.ProposalVerifyPage{},
	"office/proposal_carry_out": &office.CarryOutPage{},
	"office/invoices":           &office.InvoicesPage{},
	"office/invoice":            &office.InvoicePage{},
	"office/prints":             &office.PrintsPage{},
	"office/contact":            &office.ContactPage{},
	"office/users":              &office.UsersPage{},
	"office/registrations":      &office.RegistrationsPage{},
	"office/payment":            &office.PaymentPage{},
	"office/deed":               &office.DeedPage{},
	"office/credit":             &office.CreditPage{},
	"office/approvals":          &office.ApprovalsPage{},
	"office/disputes":           &office.DisputesPage{},
	"office/dispute":            &office.DisputePage{},
	"office/payment_new":        &office.NewPaymentPage{},
	"office/mail":               &office.MailPage{},
	"office/mail_one":           &office.OneMailPage{},
	"office/billing":            &office.BillingPage{},
	"office/billing_run":        &office.BillingRunPage{},
	"office/billing_revenue":    &office.RevenuePage{},
	"office/recurring":          &office.RecurringPage{},
	"office/recurring_new":      &office.NewRecurringPage{},
	"office/recurring_item":     &office.RecurringItemPage{},
	"office/taxes":              &office.TaxesPage{},
	"office/tax":                &office.TaxPage{},
	"office/customer_tax":       &office.CustomerTaxPage{},
	"office/accounting":         &office.AccountingPage{},
	"office/report":             &office.ReportPage{},
	"office/import":             &office.ImportPage{},
	"office/export":             &office.ExportPage{},
	"office/settings":           &office.SettingsPage{},
	"office/processor":          &office.ProcessorPage{},
	"office/paylinks":           &office.PayLinksPage{},
	"office/reminders":          &office.RemindersPage{},
	"office/staff":              &office.StaffPage{},
	"office/staff_invited":      &office.InvitedPage{},

	"office/workorders":        &office.BoardPage{},
	"office/workorders_list":   &office.WorkOrdersPage{},
	"office/workorder":         &office.WorkOrderPage{},
	"office/workorder_move":    &office.MovePage{},
	"office/workorder_edit":    &office.WorkOrderEditPage{},
	"office/workorder_new":     &office.NewWorkOrderPage{},
	"office/workorder_work":    &office.WorkPage{},
	"office/workorder_invoice": &office.WorkInvoicePage{},

	"demo/guide":  &demo.GuidePage{},
	"demo/mail":   &demo.MailPage{},
	"demo/letter": &demo.LetterPage{},
}

func newRenderer(t *testing.T) *views.Renderer {
	t.Helper()
	assets, err := static.New()
	if err != nil {
		t.Fatal(err)
	}
	r, err := views.New(views.Shared, areas, assets.URL)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestEveryPageIsListed keeps the list above and the files in step.
func TestEveryPageIsListed(t *testing.T) {
	there := map[string]bool{}
	for _, name := range newRenderer(t).Pages() {
		there[name] = true
		if pages[name] == nil {
			t.Errorf("the page %s has no line in pages", name)
		}
	}
	for name := range pages {
		if !there[name] {
			t.Errorf("there is no page %s", name)
		}
	}
}

// TestPagesFitTheirStructs type-checks every branch of every page.
func TestPagesFitTheirStructs(t *testing.T) {
	r := newRenderer(t)
	for name, page := range pages {
		if err := templatecheck.CheckHTML(r.Define(name, "layout.html"), page); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// hostile is what a person could type anywhere. No page may show it as markup.
const hostile = `<xpr0be a='1'>"&lt;`

// TestPagesExecute renders every page with its zero struct and with structs
// filled in many ways, and looks at what comes out.
func TestPagesExecute(t *testing.T) {
	r := newRenderer(t)
	render := func(name string, page any) string {
		t.Helper()
		body, err := r.Page(name, page)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return string(body)
	}
	for name, page := range pages {
		render(name, reflect.New(reflect.TypeOf(page).Elem()).Interface())
		for seed := range 40 {
			filled := reflect.New(reflect.TypeOf(page).Elem())
			if err := fill(filled.Elem(), rand.New(rand.NewPCG(uint64(seed), 1)), seed == 0, 0); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			body := render(name, filled.Interface())
			if strings.Contains(body, "<xpr0be") {
				t.Errorf("%s shows what was typed as markup:\n%s", name, body)
			}
			if strings.Contains(body, "ZgotmplZ") {
				t.Errorf("%s puts a value where the template cannot make it safe:\n%s", name, body)
			}
			if bad := unsafeMarkup(body); bad != "" {
				t.Errorf("%s: %s", name, bad)
			}
			if t.Failed() {
				return
			}
		}
	}
}

// fill gives every field a value: all of them when whole, else each or none by
// chance, so that the branches of the templates are met in many combinations.
func fill(v reflect.Value, random *rand.Rand, whole bool, depth int) error {
	if !whole && random.IntN(3) == 0 {
		return nil
	}
	switch v.Interface().(type) {
	case template.HTML, template.JS, template.CSS, template.URL, template.HTMLAttr, template.Srcset:
		return fmt.Errorf("%s is trusted markup, which no page struct may hold", v.Type())
	case calendar.Date:
		v.SetString("2026-11-01")
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostile)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(random.Int64N(90) + 1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				if err := fill(f, random, whole, depth); err != nil {
					return fmt.Errorf("%s: %w", v.Type().Field(i).Name, err)
				}
			}
		}
	case reflect.Slice:
		if depth > 4 {
			return nil
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			if err := fill(v.Index(i), random, whole, depth+1); err != nil {
				return err
			}
		}
	case reflect.Pointer:
		if depth > 4 {
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return fill(v.Elem(), random, whole, depth+1)
	case reflect.Map, reflect.Interface, reflect.Func, reflect.Chan:
		return fmt.Errorf("a page struct holds a %s", v.Type())
	}
	return nil
}

// unsafe is what the Content-Security-Policy would refuse, and what htmx would
// need eval for. Attribute values are looked at with care: hx-trigger filters
// are brackets.
var unsafe = []struct {
	what string
	form *regexp.Regexp
}{
	{"a style attribute", regexp.MustCompile(`(?i)<[^>]*\sstyle\s*=`)},
	{"an inline style sheet", regexp.MustCompile(`(?i)<style`)},
	{"an inline script", regexp.MustCompile(`(?i)<script(?:\s+(?:defer|async|type=\S+))*\s*>`)},
	{"an event attribute", regexp.MustCompile(`(?i)<[^>]*\son[a-z]+\s*=`)},
	{"hx-on", regexp.MustCompile(`(?i)<[^>]*\s(?:data-)?hx-on\b`)},
	{"js: values", regexp.MustCompile(`(?i)=\s*["']?\s*(?:js|javascript):`)},
	{"an hx-trigger filter", regexp.MustCompile(`(?i)\shx-trigger[a-z:]*\s*=\s*(?:"[^"]*\[|'[^']*\[)`)},
	{"a file from elsewhere", regexp.MustCompile(`(?i)<(?:script|img|iframe|object|embed|link)[^>]*\s(?:src|href)\s*=\s*["']?(?:https?:)?//`)},
}

func unsafeMarkup(body string) string {
	for _, u := range unsafe {
		if found := u.form.FindString(body); found != "" {
			return u.what + ": " + found
		}
	}
	return ""
}

// TestTemplatesHoldTheContentSecurityPolicy reads the templates as they are
// written, branches and all.
func TestTemplatesHoldTheContentSecurityPolicy(t *testing.T) {
	folders := maps.Clone(areas)
	folders[""] = views.Shared
	for area, files := range folders {
		err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			body, err := fs.ReadFile(files, path)
			if err != nil {
				return err
			}
			if bad := unsafeMarkup(string(body)); bad != "" {
				t.Errorf("%s/%s has %s", area, path, bad)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestUnsafeMarkupIsSeen tests the test: each kind is found, what is harmless is not.
func TestUnsafeMarkupIsSeen(t *testing.T) {
	for _, bad := range []string{
		`<p style="color:red">`, `<style>p{}</style>`, `<script>alert(1)</script>`, `<script type="module">x</script>`, `<a onclick="x()">`,
		`<div hx-on:click="x()">`, `<div hx-on::after:swap="x()">`, `<div data-hx-on:click="x">`, `<div hx-vals="js:{a:1}">`, `<a href='javascript:x()'>`,
		`<input hx-trigger="keyup[key=='Enter']">`, `<script src="https://cdn.example/x.js"></script>`, `<link href="//cdn.example/x.css">`,
	} {
		if unsafeMarkup(bad) == "" {
			t.Errorf("not seen: %s", bad)
		}
	}
	for _, good := range []string{
		`<script src="/static/htmx.1.js" defer></script>`, `<a href="https://dealer.example">`, `<input name="items[]" hx-trigger="change delay:300ms">`,
		`<p class="style">style = on</p>`, `<option value="1">`, `<button data-confirm="Really?">`,
	} {
		if bad := unsafeMarkup(good); bad != "" {
			t.Errorf("%s is taken for %s", good, bad)
		}
	}
}

// TestFragmentsAreInTheirPages: what htmx is answered with is there, though a
// page's set holds only what the page itself shows.
func TestFragmentsAreInTheirPages(t *testing.T) {
	r := newRenderer(t)
	named := regexp.MustCompile(`"((?:portal|office|demo)/[a-z_]+)", "([a-z-]+)"`)
	seen := 0
	err := filepath.WalkDir("../handlers", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		text, err := os.ReadFile(file)
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			seen++
			if r.Define(m[1], m[2]) == nil {
				t.Errorf("%s: the page %s has no %q", file, m[1], m[2])
			}
		}
		return err
	})
	if err != nil || seen < 50 {
		t.Errorf("%d fragments: %v", seen, err)
	}
}
