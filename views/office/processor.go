package office

import "customerportal/views"

// ProcessorPage is how the portal stands with the payment processor; its define
// "selftest" is what the page asks for again while a self-test runs.
type ProcessorPage struct {
	views.Base
	// Name is the processor, "" while none can be tried out.
	Name string
	// Taking says in a sentence whether payments are taken.
	Taking string
	// WebhookAddress is where the processor is to send webhooks; WebhookSeen when
	// the last one came, and ListRead when its list of changes was last read.
	WebhookAddress, WebhookSeen, ListRead string
	// AddWebhook is where the webhook is added, "" when that is not to be done from
	// here.
	AddWebhook string
	// Start is where a self-test is started.
	Start string
	// Live says that the keys of the settings are live: SecretKey and
	// WebhookSecret then ask for those of the test mode.
	Live                     bool
	SecretKey, WebhookSecret views.Input
	Latest                   *SelfTestResult
}

// SelfTestResult is the latest self-test.
type SelfTestResult struct {
	When, Mode string
	Running    bool
	// Verdict is the whole of it in a sentence, once it is over.
	Verdict string
	Well    bool
	Steps   []SelfTestStep
	// Poll is where to look again while it runs.
	Poll string
}

// SelfTestStep is one step that ended.
type SelfTestStep struct {
	Title, Result, Class, Words string
}
