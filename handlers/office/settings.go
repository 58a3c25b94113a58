package office

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/fault"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

// section is one form of the settings page.
type section struct {
	key, title, hint string
	fields           []field
}

// field is one setting in a form: an input, or a list when it has options.
type field struct {
	key, label, hint, kind, inputmode string
	options                           []view.Option
}

// zones are the time zones dealers live in; one that was set otherwise is added.
var zones = []view.Option{
	{Value: "America/New_York", Label: "Eastern"}, {Value: "America/Chicago", Label: "Central"}, {Value: "America/Denver", Label: "Mountain"},
	{Value: "America/Phoenix", Label: "Arizona"}, {Value: "America/Los_Angeles", Label: "Pacific"}, {Value: "America/Anchorage", Label: "Alaska"},
	{Value: "Pacific/Honolulu", Label: "Hawaii"}, {Value: "America/Puerto_Rico", Label: "Puerto Rico"},
}

var yesNo = []view.Option{{Value: "no", Label: "No"}, {Value: "yes", Label: "Yes"}}

// sections are the settings page in order.
var sections = []section{
	{key: "company", title: "Company", hint: "As customers see it on pages, mails and papers.", fields: []field{
		{key: "company.name", label: "Name"},
		{key: "company.phone", label: "Phone", kind: "tel"},
		{key: "company.email", label: "E-mail", kind: "email", hint: "Replies to mails go there"},
		{key: "company.web", label: "Web site", kind: "url", hint: "Beginning with https://"},
		{key: "company.address1", label: "Address"},
		{key: "company.address2", label: "Address, second line"},
		{key: "company.city", label: "City"},
		{key: "company.state", label: "State"},
		{key: "company.zip", label: "Zip Code"},
		{key: "service.email", label: "E-mail for service", kind: "email", hint: "Where requests for service go"},
		{key: "time.zone", label: "Time zone", hint: "The day and hour everything is dated by", options: zones},
		{key: "company.color", label: "Accent colour", kind: "color"},
	}},
	{key: "mail", title: "Mail server", hint: "Your provider's server for sending. A test goes out from the page Mail.", fields: []field{
		{key: "mail.server", label: "Server", hint: "smtp://mail.example.com:587, or smtps:// with port 465"},
		{key: "mail.user", label: "User"},
		{key: "mail.password", label: "Password"},
		{key: "mail.from", label: "Sent from", kind: "email", hint: "The company's address when empty"},
	}},
	{key: "payments", title: "Payments", hint: "Cards and bank accounts are entered on the processor's own pages; the portal never sees their numbers.", fields: []field{
		{key: "payments.gateway", label: "Processor", options: []view.Option{{Value: "off", Label: "Off: no payments in the portal"}, {Value: "stripe", Label: "Stripe"}, {Value: "authorizenet", Label: "Authorize.Net"}, {Value: "sandbox", Label: "Sandbox: no money moves"}}},
		{key: "payments.minimum", label: "Least part payment", inputmode: "decimal", hint: "In dollars, like 1.00"},
		{key: "methods.delete", label: "Customers may delete their own cards and accounts", options: yesNo},
		{key: "stripe.secret_key", label: "Stripe secret key"},
		{key: "stripe.webhook_secret", label: "Stripe webhook signing secret"},
	}},
	authorizeNetSection,
	invoiceSection,
	billingSection,
	approvalsSection,
	proposalsSection,
	mailSection, reminderSection, lateFeeSection,
	tabsSection, workOrderSection,
	accountingSection,
	{key: "autopay", title: "Auto Pay", hint: "Every day at six in the morning Auto Pay takes what is due of the customers whose day it is. Customers are written to ten days ahead when the amount differs from the last, and seven working days ahead after six months without a payment.", fields: []field{
		{key: "autopay.takes", label: "It takes", hint: "All open invoices are taken only of customers who authorized it after this was set", options: []view.Option{{Value: "due", Label: "Invoices that are due by the day"}, {Value: "all", Label: "All open invoices"}}},
		{key: "autopay.credit_first", label: "Use credit on the account first", options: yesNo},
	}},
	{key: "registration", title: "Registration", hint: "Key, customer number, zip code and e-mail must always match.", fields: []field{
		{key: "registration.names", label: "Names", options: []view.Option{{Value: "strict", Label: "First and last name must match"}, {Value: "loose", Label: "The last name must match"}}},
		{key: "registration.phone", label: "Phone", options: []view.Option{{Value: "strict", Label: "The phone must match"}, {Value: "loose", Label: "Any phone will do"}}},
		{key: "registration.key_once", label: "A Registration Key is void after use", options: yesNo},
	}},
}

// settings shows everything the owner can set.
func (h *Handlers) settings(c echo.Context) error {
	p, err := h.settingsPage(c)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/settings", p)
}

func (h *Handlers) settingsPage(c echo.Context) (*view.SettingsPage, error) {
	s, err := h.Settings.Current(c.Request().Context())
	if err != nil {
		return nil, err
	}
	p := &view.SettingsPage{Base: views.Base{Title: "Settings", Tab: "settings"}, LogoAction: web.LogoPath}
	for _, sec := range sections {
		p.Sections = append(p.Sections, *sec.form(s.Value, s.Value, nil))
	}
	return p, nil
}

// form fills a section: shown is what its boxes hold, stored what is set.
func (sec section) form(shown, stored func(string) string, refused views.FieldErrors) *view.Section {
	out := &view.Section{Base: views.Base{Title: sec.title, Errors: refused}, Key: sec.key, Title: sec.title, Hint: sec.hint, Action: "/office/settings/" + sec.key}
	for _, f := range sec.fields {
		out.Fields = append(out.Fields, f.control(shown(f.key), stored(f.key), refused.Of(f.key)))
	}
	return out
}

func (f field) control(shown, stored, refused string) view.SettingField {
	key, _ := settings.Find(f.key)
	if key.Lines {
		return view.SettingField{Text: &view.Text{Name: f.key, Label: f.label, Hint: f.hint, Value: shown, Rows: 10, MaxLength: 20_000, Error: refused}}
	}
	input := views.Input{Name: f.key, Label: f.label, Type: f.kind, Inputmode: f.inputmode, Value: shown, Hint: f.hint, Error: refused, Autocomplete: "off", MaxLength: 300}
	switch {
	case key.Secret:
		input.Type, input.Value, input.Autocomplete, input.Hint = "password", "", "new-password", "Not set"
		if stored != "" {
			input.Hint = "Set, and never shown. Leave empty to keep it"
		}
		return view.SettingField{Secret: &view.Secret{Input: input, Set: stored != "", Remove: f.key + ".remove"}}
	case f.options != nil:
		choice := &view.Choice{Name: f.key, Label: f.label, Hint: f.hint, Error: refused}
		known := false
		for _, o := range f.options {
			o.Chosen = o.Value == shown
			known = known || o.Chosen
			choice.Options = append(choice.Options, o)
		}
		if !known {
			choice.Options = append(choice.Options, view.Option{Value: shown, Label: shown, Chosen: true})
		}
		return view.SettingField{Choice: choice}
	}
	return view.SettingField{Input: &input}
}

// saveSettings stores one section.
func (h *Handlers) saveSettings(c echo.Context) error {
	ctx := c.Request().Context()
	i := slices.IndexFunc(sections, func(s section) bool { return s.key == c.Param("section") })
	if i < 0 {
		return fault.Missing("page")
	}
	sec := sections[i]
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	changes := map[string]string{}
	typed := map[string]string{}
	form := c.Request().Form
	for _, f := range sec.fields {
		value := form.Get(f.key)
		key, _ := settings.Find(f.key)
		if key.Lines { // as browsers send the ends of lines
			value = strings.ReplaceAll(value, "\r\n", "\n")
		}
		typed[f.key] = value
		switch {
		case key.Secret && form.Get(f.key+".remove") != "":
			changes[f.key] = ""
		case key.Secret && value == "", !form.Has(f.key):
			// kept as it is
		case value != s.Value(f.key):
			changes[f.key] = value
		}
	}
	err = checkPayments(s, sec, changes)
	if err == nil && len(changes) > 0 {
		err = h.Settings.Set(ctx, web.Actor(c), changes)
	}
	if refused, ok := web.FieldErrors(err); ok {
		again := sec.form(func(key string) string { return typed[key] }, s.Value, refused)
		if web.IsHTMX(c) {
			return h.Fragment(c, http.StatusUnprocessableEntity, "office/settings", "section", again)
		}
		p, err := h.settingsPage(c)
		if err != nil {
			return err
		}
		p.Sections[i] = *again
		p.Title = "Error: " + p.Title
		return h.Page(c, http.StatusUnprocessableEntity, "office/settings", p)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, "/office/settings#"+sec.key, "Saved.")
}

// processorKeys are the settings that a processor cannot work without.
var processorKeys = map[string][]string{
	"stripe":       {"stripe.secret_key", "stripe.webhook_secret"},
	"authorizenet": {"authorizenet.login_id", "authorizenet.transaction_key", "authorizenet.signature_key"},
}

// checkPayments refuses to choose a processor before its keys are there, and to
// take the keys of the chosen one away: customers would be offered payments that
// cannot be made.
func checkPayments(s *settings.Settings, sec section, changes map[string]string) error {
	after := func(key string) string {
		if v, changed := changes[key]; changed {
			return v
		}
		return s.Value(key)
	}
	chosen := after("payments.gateway")
	var refused fault.Fields
	for _, key := range processorKeys[chosen] {
		switch {
		case after(key) != "":
		case slices.ContainsFunc(sec.fields, func(f field) bool { return f.key == key }):
			refused.Add(key, "%s needs this", processorNames[chosen])
		case sec.key == "payments":
			refused.Add("payments.gateway", "%s needs its keys first: see the section %s", processorNames[chosen], processorNames[chosen])
			return refused.Err()
		}
	}
	return refused.Err()
}

// setLogo stores an uploaded picture as the logo.
func (h *Handlers) setLogo(c echo.Context) error {
	ctx := c.Request().Context()
	body, err := uploaded(c, "logo", settings.MaxLogoBytes)
	if err != nil {
		return err
	}
	err = h.Settings.SetLogo(ctx, web.Actor(c), body)
	if refused, ok := web.FieldErrors(err); ok {
		p, err := h.settingsPage(c)
		if err != nil {
			return err
		}
		p.LogoError, p.Title = refused[0].Message, "Error: "+p.Title
		return h.Refused(c, "office/settings", "logo", p)
	}
	if err != nil {
		return err
	}
	return h.SeeNotice(c, "/office/settings#logo", "The logo is on every page now.")
}

// removeLogo lets the pages go without one.
func (h *Handlers) removeLogo(c echo.Context) error {
	if err := h.Settings.RemoveLogo(c.Request().Context(), web.Actor(c)); err != nil {
		return err
	}
	return h.SeeNotice(c, "/office/settings#logo", "The logo is removed.")
}

// uploaded is the content of a file of the form, nothing when none was chosen;
// one byte more than most tells that it is too large.
func uploaded(c echo.Context, name string, most int64) ([]byte, error) {
	part, err := c.FormFile(name)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	file, err := part.Open()
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(file, most+1))
	return body, errors.Join(err, file.Close())
}
