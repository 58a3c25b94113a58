package office

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"customerportal/handlers/web"
	"customerportal/internal/fault"
	"customerportal/internal/payment"
	"customerportal/internal/settings"
	"customerportal/views"
	view "customerportal/views/office"
)

const processorPath = "/office/settings/processor"

// processorNames are the processors that can be tried out, as people call them.
var processorNames = map[string]string{"stripe": "Stripe", "sandbox": "the sandbox", "authorizenet": "Authorize.Net"}

// tried is the processor the page is about: the one that is chosen, and before
// that Stripe as soon as its key is there. "" when there is none to be tried.
func tried(s *settings.Settings) string {
	switch {
	case processorNames[s.Gateway] != "":
		return s.Gateway
	case s.Value("stripe.secret_key") != "":
		return "stripe"
	}
	return ""
}

// processor shows how the portal stands with the payment processor.
func (h *Handlers) processor(c echo.Context) error {
	p, err := h.processorPage(c)
	if err != nil {
		return err
	}
	return h.Page(c, http.StatusOK, "office/processor", p)
}

func (h *Handlers) processorPage(c echo.Context) (*view.ProcessorPage, error) {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	name := tried(s)
	p := &view.ProcessorPage{Base: views.Base{Title: "Payment processor", Tab: "settings"}, Name: name, Start: processorPath + "/selftest"}
	switch {
	case name == "" && s.Gateway == "off":
		p.Taking = "Payments are off. Put the processor's keys into the settings first; then it can be tried out here before customers use it."
		return p, nil
	case name == "":
		p.Taking = "This processor cannot be tried out from here."
		return p, nil
	case s.Gateway == "off":
		p.Taking = "Payments are off. " + processorNames[name] + " can be tried out before it is chosen in the settings."
	default:
		p.Taking = "Customers pay through " + processorNames[name] + "."
	}
	if name == "authorizenet" {
		p.Start = "" // its account is not tried out from here
	}
	p.WebhookAddress = h.PublicURL + "/webhooks/" + name
	if at, err := h.Payments.LastWebhook(ctx, name); err != nil {
		return nil, err
	} else if at != 0 {
		p.WebhookSeen = at.Format(s.Zone)
	}
	if at, err := h.Payments.ChangesRead(ctx, name); err != nil {
		return nil, err
	} else if at != 0 {
		p.ListRead = at.Format(s.Zone)
	}
	if name == "stripe" {
		if s.Value("stripe.webhook_secret") == "" {
			p.AddWebhook = processorPath + "/webhook"
		}
		p.Live = strings.Contains(s.Value("stripe.secret_key"), "_live_")
		p.SecretKey = views.Input{Name: "secret_key", Label: "Secret key of the test mode", Type: "password", Autocomplete: "new-password", MaxLength: 300}
		p.WebhookSecret = views.Input{Name: "webhook_secret", Label: "Signing secret of the test mode's webhook", Type: "password", Autocomplete: "new-password", MaxLength: 300, Hint: "Of a webhook to the address above"}
	}
	t, err := h.Payments.LatestSelfTest(ctx)
	if fault.Is(err, fault.NotFound) {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	p.Latest = selfTest(s, t)
	return p, nil
}

// selfTest puts a self-test into words.
func selfTest(s *settings.Settings, t payment.SelfTest) *view.SelfTestResult {
	out := &view.SelfTestResult{When: t.Started.Format(s.Zone), Running: t.Finished == 0, Well: t.Well(), Poll: processorPath, Mode: "with live keys"}
	if t.Test {
		out.Mode = "with test keys"
	}
	warnings := 0
	for _, step := range t.Steps {
		row := view.SelfTestStep{Title: step.Title, Words: step.Words, Result: "Failed", Class: "state-failed"}
		switch step.Result {
		case payment.StepOK:
			row.Result, row.Class = "Good", "state-ok"
		case payment.StepWarning:
			row.Result, row.Class = "Look at this", "state-due"
			warnings++
		case payment.StepSkipped:
			row.Result, row.Class = "Not tried", "state-off"
		}
		out.Steps = append(out.Steps, row)
	}
	switch {
	case !out.Well:
		out.Verdict = "Not everything works yet: see the steps that failed."
	case warnings > 0:
		out.Verdict = "Payments work. One thing or more should be looked at."
	case !t.Test:
		out.Verdict = "What can be read with live keys is in order."
	default:
		out.Verdict = "Everything works."
	}
	return out
}

// startSelfTest begins a self-test and shows it.
func (h *Handlers) startSelfTest(c echo.Context) error {
	ctx := c.Request().Context()
	s, err := h.Settings.Current(ctx)
	if err != nil {
		return err
	}
	keys := payment.TestKeys{SecretKey: strings.TrimSpace(c.FormValue("secret_key")), WebhookSecret: strings.TrimSpace(c.FormValue("webhook_secret"))}
	err = h.Payments.StartSelfTest(ctx, web.Actor(c), tried(s), keys)
	return h.processorDone(c, err, "The self-test has begun.")
}

// addWebhook has the processor send its webhooks here.
func (h *Handlers) addWebhook(c echo.Context) error {
	err := h.Payments.AddWebhook(c.Request().Context(), web.Actor(c))
	return h.processorDone(c, err, "The webhook is added, and its signing secret is in the settings.")
}

// processorDone shows the page again, with what was refused beside its field or
// on top. The keys are not shown again.
func (h *Handlers) processorDone(c echo.Context, err error, notice string) error {
	if err == nil {
		return h.SeeNotice(c, processorPath, notice)
	}
	refused, ok := web.FieldErrors(err)
	if f, is := errors.AsType[*fault.Error](err); is && f.Kind == fault.Unavailable {
		refused, ok = views.FieldErrors{{Message: f.Message}}, true
	}
	if !ok {
		return err
	}
	p, perr := h.processorPage(c)
	if perr != nil {
		return perr
	}
	p.Errors, p.Title = refused, "Error: "+p.Title
	p.SecretKey.Error, p.WebhookSecret.Error = refused.Of("secret_key"), refused.Of("webhook_secret")
	return h.Page(c, http.StatusUnprocessableEntity, "office/processor", p)
}
