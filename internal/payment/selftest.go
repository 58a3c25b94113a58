package payment

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/money"
	"customerportal/internal/settings"
)

// TestKeys are the keys of a processor's test mode for one self-test. They are
// kept in memory while it runs and stored nowhere. Both empty means the keys of
// the settings.
type TestKeys struct {
	SecretKey     string
	WebhookSecret string
}

// SelfTest is a self-test as the office shows it.
type SelfTest struct {
	Gateway string
	// Test says that it ran with test keys; with live ones only what can be read
	// was looked at.
	Test     bool
	Started  calendar.Instant // UTC
	Finished calendar.Instant // 0 while it runs
	Steps    []SelfTestStep
}

// Well reports whether it is over and no step failed.
func (t SelfTest) Well() bool {
	return t.Finished != 0 && !slices.ContainsFunc(t.Steps, func(s SelfTestStep) bool { return s.Result == StepFailed })
}

// SelfTestStep is one thing that was tried.
type SelfTestStep struct {
	Title  string
	Result StepResult
	// Words say what was seen and what to do when it is not well.
	Words string
}

// StepResult is how a step ended.
type StepResult string

// The results of a step.
const (
	StepOK      StepResult = "ok"
	StepWarning StepResult = "warning" // payments work; something is not as it should be
	StepFailed  StepResult = "failed"
	StepSkipped StepResult = "skipped"
)

// SelfTestAsked tells that a self-test is to be run.
func (s *Service) SelfTestAsked() <-chan struct{} { return s.trials }

// StartSelfTest has a processor's account tried out: with test keys customer,
// set-up, charge, decline, refund and webhook, with live keys only what can be
// read. It returns at once; [Service.RunSelfTests] does the work.
//
// It is a Conflict while another one runs, Invalid when the keys will not do
// (fields secret_key and webhook_secret, or none), Unavailable while nobody has
// confirmed that these are the one running copy of the books. One transaction.
func (s *Service) StartSelfTest(ctx context.Context, by audit.Actor, name string, keys TestKeys) error {
	if held, err := s.held(ctx); err != nil || held {
		return errors.Join(err, &fault.Error{Kind: fault.Unavailable, Message: "These books may be a copy of others. Confirm on the office's first page that they are the ones in use; then the processor can be tried out.", Err: errHeld})
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	a, err := s.trialAdapter(set, name, keys)
	if err != nil {
		return err
	}
	t := &trial{name: name, adapter: a, address: s.webhookAddress(name), seen: map[string]bool{}, news: make(chan struct{}, 1)}
	now, test := s.clock.Now(), a.Info().Test
	err = s.db.Write(ctx, func(q *db.Queries) error {
		running, err := q.ListRunningSelfTests(ctx)
		if err != nil {
			return err
		}
		if len(running) > 0 {
			return &fault.Error{Kind: fault.Conflict, Message: "A self-test is running already."}
		}
		if t.id, err = q.AddSelfTest(ctx, db.AddSelfTestParams{Gateway: name, Test: db.Flag(test), StaffID: db.NullID(by.StaffID), StartedAt: now}); err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "gateway.selftest", Object: name})
	})
	if err != nil {
		return fmt.Errorf("payment: self-test: %w", err)
	}
	s.trial.put(t)
	select {
	case s.trials <- struct{}{}:
	default:
	}
	return nil
}

// trialAdapter is the adapter a self-test is run with.
func (s *Service) trialAdapter(set *settings.Settings, name string, keys TestKeys) (gateway.Trial, error) {
	var refused fault.Fields
	if keys != (TestKeys{}) {
		if name != "stripe" {
			return nil, &fault.Error{Kind: fault.Invalid, Message: "There are no keys to be typed for this processor."}
		}
		if !strings.HasPrefix(keys.SecretKey, "sk_test_") && !strings.HasPrefix(keys.SecretKey, "rk_test_") {
			refused.Add("secret_key", "A test key begins with sk_test_ or rk_test_")
		}
		if !strings.HasPrefix(keys.WebhookSecret, "whsec_") {
			refused.Add("webhook_secret", "The signing secret begins with whsec_; Stripe shows it with the webhook of the test mode")
		}
		if err := refused.Err(); err != nil {
			return nil, err
		}
		var err error
		if set, err = set.With(map[string]string{"stripe.secret_key": keys.SecretKey, "stripe.webhook_secret": keys.WebhookSecret}); err != nil {
			return nil, err
		}
	}
	g, err := s.adapter(set, name)
	if err != nil {
		return nil, &fault.Error{Kind: fault.Invalid, Message: "The processor's keys in the settings will not do: " + err.Error(), Err: err}
	}
	a, can := g.(gateway.Trial)
	if !can {
		return nil, &fault.Error{Kind: fault.Invalid, Message: "This processor cannot be tried out from here."}
	}
	return a, nil
}

// webhookAddress is where a processor is to send its webhooks.
func (s *Service) webhookAddress(name string) string { return s.mail.PublicURL("/webhooks/" + name) }

// LatestSelfTest returns the latest self-test, NotFound before the first.
func (s *Service) LatestSelfTest(ctx context.Context) (SelfTest, error) {
	var out SelfTest
	err := s.db.View(ctx, func(q *db.Queries) error {
		row, err := q.GetLatestSelfTest(ctx)
		if err != nil {
			return err
		}
		steps, err := q.ListSelfTestSteps(ctx, row.ID)
		if err != nil {
			return err
		}
		out = SelfTest{Gateway: row.Gateway, Test: row.Test != 0, Started: row.StartedAt, Finished: row.FinishedAt}
		for _, step := range steps {
			out.Steps = append(out.Steps, SelfTestStep{Title: step.Title, Result: StepResult(step.Result), Words: step.Words})
		}
		return nil
	})
	if err != nil {
		return out, found(err, "self-test")
	}
	return out, nil
}

// RunSelfTests runs the self-test that was asked for, step by step, each written
// down as it ends. One that the program was stopped in is closed with a word.
func (s *Service) RunSelfTests(ctx context.Context) error {
	running, err := s.db.Read().ListRunningSelfTests(ctx)
	if err != nil {
		return fmt.Errorf("payment: self-test: %w", err)
	}
	for _, row := range running {
		t := s.trial.get(row.ID)
		if t == nil {
			err = s.recordStep(ctx, row.ID, SelfTestStep{Title: "The self-test was interrupted", Result: StepFailed,
				Words: "The portal was stopped meanwhile. Start the self-test again."}, true)
		} else {
			err = s.runTrial(ctx, t)
			s.trial.put(nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) recordStep(ctx context.Context, id int64, step SelfTestStep, last bool) error {
	// what a step found is written down even when the program stops
	ctx = context.WithoutCancel(ctx)
	err := s.db.Write(ctx, func(q *db.Queries) error {
		if step.Title != "" {
			err := q.AddSelfTestStep(ctx, db.AddSelfTestStepParams{SelfTestID: id, Title: step.Title, Result: string(step.Result), Words: step.Words})
			if err != nil {
				return err
			}
		}
		if !last {
			return nil
		}
		return q.FinishSelfTest(ctx, db.FinishSelfTestParams{FinishedAt: s.clock.Now(), ID: id})
	})
	if err != nil {
		return fmt.Errorf("payment: self-test: %w", err)
	}
	return nil
}

// trial is a self-test under way.
type trial struct {
	id      int64
	name    string // of the gateway
	adapter gateway.Trial
	address string // of the webhook

	customer        string
	card, bank, bad gateway.Method
	paid            gateway.Outcome

	mu      sync.Mutex
	seen    map[string]bool // objects a webhook was about
	refused int             // webhooks whose signature did not fit
	news    chan struct{}
}

// trialSlot holds the one self-test that may be under way.
type trialSlot struct {
	mu  sync.Mutex
	now *trial
}

func (t *trialSlot) put(now *trial) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now = now
}

func (t *trialSlot) get(id int64) *trial {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now != nil && t.now.id == id {
		return t.now
	}
	return nil
}

// heard tells the self-test of a webhook that came, and reports whether it was
// for the self-test alone: signed with the secret of the test mode, which the
// settings do not know.
func (t *trialSlot) heard(name string, body []byte, header func(string) string, e gateway.Event, refused error) bool {
	t.mu.Lock()
	now := t.now
	t.mu.Unlock()
	if now == nil || now.name != name {
		return false
	}
	alone := false
	if refused != nil {
		if e, refused = now.adapter.VerifyWebhook(body, header); refused == nil {
			alone = true
		}
	}
	now.mu.Lock()
	defer now.mu.Unlock()
	if refused != nil {
		now.refused++
	} else {
		now.seen[e.ObjectID] = true
	}
	select {
	case now.news <- struct{}{}:
	default:
	}
	return alone
}

// trialAmount is what the self-test charges in test mode.
const trialAmount money.Cents = 100

// verdict is how a step ended, in words.
type verdict struct {
	result StepResult
	words  string
}

func fine(format string, args ...any) verdict { return verdict{StepOK, fmt.Sprintf(format, args...)} }
func warn(format string, args ...any) verdict {
	return verdict{StepWarning, fmt.Sprintf(format, args...)}
}
func bad(format string, args ...any) verdict {
	return verdict{StepFailed, fmt.Sprintf(format, args...)}
}

// failed puts an error of the processor into words for the dealer.
func failed(err error) verdict {
	e, ok := errors.AsType[*gateway.Error](err)
	if !ok {
		return bad("%s", err.Error())
	}
	said := strings.TrimSpace(e.Code + " " + e.Detail)
	switch {
	case e.Class == gateway.NotSent:
		return bad("The processor could not be reached from this machine. Is it on the internet, and does a firewall let it out to port 443? (%s)", e.Error())
	case e.Class == gateway.Config && said != "":
		return bad("The processor refused: %s", said)
	}
	return bad("No clear answer came: %s", e.Error())
}

// runTrial runs all steps. A step that others need and that failed leaves those
// untried.
func (s *Service) runTrial(ctx context.Context, t *trial) error {
	type step struct {
		title string
		// needs names what the step cannot do without; has is what it provides.
		needs, has string
		testOnly   bool
		do         func(context.Context, *trial) verdict
	}
	steps := []step{
		{"The keys open your account", "", "account", false, s.tryAccount},
		{"Webhooks are sent to this portal", "account", "", false, s.tryEndpoints},
		{"What happened can be asked for", "account", "", false, s.tryChanges},
		{"A customer is made", "account", "customer", true, s.tryCustomer},
		{"The processor's own page opens", "customer", "", true, s.tryPage},
		{"A card and a bank account are put on file", "customer", "methods", true, s.tryMethods},
		{"A charge is made, and only once", "methods", "charge", true, s.tryCharge},
		{"A declined card is told as one", "methods", "", true, s.tryDecline},
		{"A bank account is debited", "methods", "", true, s.tryDebit},
		{"The charge is refunded", "charge", "", true, s.tryRefund},
		{"A webhook arrives", "charge", "", true, s.tryWebhook},
	}
	have := map[string]bool{"": true}
	for _, step := range steps {
		v := verdict{StepSkipped, "Not tried, because of what failed above."}
		switch {
		case step.testOnly && !t.adapter.Info().Test:
			v.words = "Not tried: the keys are live, and no real money is moved for a test."
		case have[step.needs]:
			asking, cancel := context.WithTimeout(ctx, callTime+s.webhookTime)
			v = step.do(asking, t)
			cancel()
			if ctx.Err() != nil {
				return ctx.Err() // the next start closes it
			}
			have[step.has] = v.result == StepOK || v.result == StepWarning || step.has == ""
		}
		if err := s.recordStep(ctx, t.id, SelfTestStep{Title: step.title, Result: v.result, Words: v.words}, false); err != nil {
			return err
		}
	}
	s.tidyTrial(ctx, t)
	return s.recordStep(ctx, t.id, SelfTestStep{}, true)
}

// tidyTrial takes the test methods off the file again.
func (s *Service) tidyTrial(ctx context.Context, t *trial) {
	for _, m := range []gateway.Method{t.card, t.bad, t.bank} {
		if m.ID == "" {
			continue
		}
		if err := t.adapter.DetachMethod(ctx, t.key("detach-"+m.ID), m.ID); err != nil {
			s.log.Warn("payment: self-test: a test method stays on file", "error", err.Error())
		}
	}
}

// selfTestReference begins the references of a self-test's payments.
const selfTestReference = "selftest-"

// key is an idempotency key of this self-test, reference what its payments are
// found by.
func (t *trial) key(what string) string {
	return fmt.Sprintf(selfTestReference+"%d-%s-%s", t.id, what, t.customer)
}
func (t *trial) reference(what string) string {
	return fmt.Sprintf(selfTestReference+"%d-%s-%s", t.id, what, t.customer)
}

func (s *Service) tryAccount(ctx context.Context, t *trial) verdict {
	a, err := t.adapter.Account(ctx)
	if err != nil {
		return failed(err)
	}
	mode := "live"
	if t.adapter.Info().Test {
		mode = "test"
	}
	who := a.ID
	if a.Name != "" {
		who = a.Name + " (" + a.ID + ")"
	}
	if !a.Charges {
		return bad("The %s keys belong to %s, but the processor does not take payments for it yet. Finish the account's activation on the processor's site.", mode, who)
	}
	var without []string
	for kind, words := range map[gateway.Kind]string{gateway.Card: "cards", gateway.ECheck: "bank accounts (ACH)"} {
		if !slices.Contains(a.Kinds, kind) {
			without = append(without, words)
		}
	}
	if len(without) > 0 {
		slices.Sort(without)
		return warn("The %s keys belong to %s. It may not take %s yet: switch them on in the processor's payment method settings, or customers who choose them are refused.", mode, who, strings.Join(without, " and "))
	}
	return fine("The %s keys belong to %s, which may take cards and bank accounts.", mode, who)
}

func (s *Service) tryEndpoints(ctx context.Context, t *trial) verdict {
	list, err := t.adapter.Endpoints(ctx)
	if err != nil {
		return failed(err)
	}
	i := slices.IndexFunc(list, func(e gateway.Endpoint) bool { return e.URL == t.address })
	switch {
	case i < 0:
		return warn("No webhook goes to %s. Payments settle all the same, a few minutes later: the list of changes is read every five minutes. To hear at once, add the webhook.", t.address)
	case !list[i].On:
		return warn("The webhook to %s is switched off at the processor. Switch it on there; until then changes are seen up to five minutes later.", t.address)
	case len(list[i].Missing) > 0:
		return warn("The webhook to %s is not sent these events: %s. Add them at the processor; until then they are seen up to five minutes later.", t.address, strings.Join(list[i].Missing, ", "))
	}
	return fine("Every event this portal reads is sent to %s.", t.address)
}

func (s *Service) tryChanges(ctx context.Context, t *trial) verdict {
	since := fmt.Sprint(s.clock().Add(-time.Hour).Unix())
	if _, _, _, err := t.adapter.Changes(ctx, since); err != nil {
		return failed(err)
	}
	return fine("The list of changes can be read, so nothing is missed when a webhook does not arrive.")
}

func (s *Service) tryCustomer(ctx context.Context, t *trial) verdict {
	id, err := t.adapter.SaveCustomer(ctx, "selftest-"+random(12), "", gateway.Customer{Reference: "SELF-TEST", Name: "Portal Self-Test", Line1: "1 Test Street", City: "Boston", State: "MA", Zip: "02108"})
	if err != nil {
		return failed(err)
	}
	t.customer = id
	return fine("The test customer %s was made.", id)
}

func (s *Service) tryPage(ctx context.Context, t *trial) verdict {
	back := s.mail.PublicURL("/office/settings")
	page, err := t.adapter.OpenSetupPage(ctx, t.key("page"), gateway.SetupPage{Reference: t.reference("page"), CustomerID: t.customer, Kind: gateway.Card,
		SuccessURL: back, CancelURL: back, ExpiresAt: s.clock.Now().Add(time.Hour)})
	if err != nil {
		return failed(err)
	}
	out, err := t.adapter.Cancel(ctx, t.key("page-close"), page.ID)
	if err != nil {
		return failed(err)
	}
	where := page.URL
	if u, err := url.Parse(page.URL); err == nil {
		where = u.Host
	}
	if out.State != gateway.Canceled {
		return warn("A page to enter a card was opened at %s, but could not be closed again (%s).", where, out.State)
	}
	return fine("A page to enter a card was opened at %s and closed again.", where)
}

func (s *Service) tryMethods(ctx context.Context, t *trial) verdict {
	for _, put := range []struct {
		what gateway.TestMethod
		as   *gateway.Method
	}{{gateway.TestCard, &t.card}, {gateway.TestDecliner, &t.bad}, {gateway.TestAccount, &t.bank}} {
		m, err := t.adapter.PutOnFile(ctx, t.key("file-"+string(put.what)), t.customer, put.what)
		if err != nil {
			return failed(err)
		}
		*put.as = m
	}
	list, err := t.adapter.Methods(ctx, t.customer)
	if err != nil {
		return failed(err)
	}
	for _, want := range []gateway.Method{t.card, t.bank} {
		if !slices.ContainsFunc(list, func(m gateway.Method) bool { return m.ID == want.ID }) {
			return bad("%s ending %s was put on file, but is not on the customer's list.", want.Brand, want.Last4)
		}
	}
	return fine("%s ending %s and %s ending %s are on file.", t.card.Brand, t.card.Last4, t.bank.Brand, t.bank.Last4)
}

func (s *Service) charge(ctx context.Context, t *trial, what string, m gateway.Method) (gateway.Outcome, error) {
	return t.adapter.Charge(ctx, t.key(what), gateway.Charge{Reference: t.reference(what), CustomerID: t.customer, MethodID: m.ID, Kind: m.Kind,
		Amount: trialAmount, Description: "Portal self-test", OffSession: true})
}

func (s *Service) tryCharge(ctx context.Context, t *trial) verdict {
	since := s.clock.Now().Add(-time.Minute)
	first, err := s.charge(ctx, t, "charge", t.card)
	if err != nil {
		return failed(err)
	}
	if first.State != gateway.Succeeded {
		return bad("The test charge of %s did not succeed: %s", trialAmount, explain(first))
	}
	again, err := s.charge(ctx, t, "charge", t.card)
	if err != nil {
		return failed(err)
	}
	if again.PaymentID != first.PaymentID {
		return bad("The same charge sent twice was made twice (%s and %s). Take no payments with this account until that is understood.", first.PaymentID, again.PaymentID)
	}
	t.paid = first
	got, err := t.adapter.Find(ctx, gateway.Find{Reference: t.reference("charge"), CustomerID: t.customer, Since: since})
	if err != nil {
		return failed(err)
	}
	if got.PaymentID != first.PaymentID || len(got.Duplicates) > 0 {
		return bad("The charge is not found by its reference, by which a lost answer would be looked up.")
	}
	return fine("%s was taken from %s ending %s. Sent a second time it was not taken again, and it is found by its reference.", trialAmount, t.card.Brand, t.card.Last4)
}

// explain says why a charge did not end as it should.
func explain(out gateway.Outcome) string {
	if out.Failure != nil {
		return out.Failure.Message
	}
	return string(out.State)
}

func (s *Service) tryDecline(ctx context.Context, t *trial) verdict {
	out, err := s.charge(ctx, t, "decline", t.bad)
	if err != nil {
		return failed(err)
	}
	if out.State != gateway.Failed || out.Failure == nil {
		return bad("A card that declines every charge ended as %q.", out.State)
	}
	return fine("The customer would read: %s", out.Failure.Message)
}

func (s *Service) tryDebit(ctx context.Context, t *trial) verdict {
	out, err := s.charge(ctx, t, "debit", t.bank)
	if err != nil {
		return failed(err)
	}
	if out.State != gateway.Processing && out.State != gateway.Succeeded {
		return bad("The test debit of %s did not begin: %s", trialAmount, explain(out))
	}
	return fine("A debit of %s was accepted; a real one takes up to four business days.", trialAmount)
}

func (s *Service) tryRefund(ctx context.Context, t *trial) verdict {
	out, err := t.adapter.Refund(ctx, t.key("refund"), gateway.Refund{Reference: t.reference("refund"), PaymentID: t.paid.PaymentID, Amount: trialAmount})
	if err != nil {
		return failed(err)
	}
	if out.State == gateway.RefundFailed {
		return bad("The refund was not made.")
	}
	return fine("%s was sent back.", trialAmount)
}

// tryWebhook waits until a webhook tells of the charge.
func (s *Service) tryWebhook(ctx context.Context, t *trial) verdict {
	late := time.NewTimer(s.webhookTime)
	defer late.Stop()
	for {
		t.mu.Lock()
		came, refused := t.seen[t.paid.PaymentID] || t.paid.ChargeID != "" && t.seen[t.paid.ChargeID], t.refused
		t.mu.Unlock()
		if came {
			return fine("The webhook about the charge arrived, and its signature fits.")
		}
		select {
		case <-t.news:
			continue
		case <-ctx.Done():
		case <-late.C:
		}
		if refused > 0 {
			return bad("Webhooks arrive, but their signature does not fit: the signing secret is that of another webhook. Copy the secret of the webhook to %s.", t.address)
		}
		return warn("No webhook came within %s. It must be sent to %s, which must be reachable from the internet. Until it is, changes are seen up to five minutes later.", s.webhookTime, t.address)
	}
}

// AddWebhook has the processor's webhooks sent to this portal and stores the
// secret they are signed with, sealed.
//
// It is Invalid when there is no key yet or the portal's own address is not
// https, a Conflict when the processor sends to that address already: the secret
// is then shown on the processor's site alone.
func (s *Service) AddWebhook(ctx context.Context, by audit.Actor) error {
	const name = "stripe"
	if held, err := s.held(ctx); err != nil || held {
		return errors.Join(err, &fault.Error{Kind: fault.Unavailable, Message: "These books may be a copy of others. Confirm on the office's first page that they are the ones in use.", Err: errHeld})
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	a, err := s.trialAdapter(set, name, TestKeys{})
	if err != nil {
		return err
	}
	address := s.webhookAddress(name)
	if !strings.HasPrefix(address, "https://") {
		return &fault.Error{Kind: fault.Invalid, Message: "Webhooks are sent to https addresses only, and this portal's is " + address + ". Start it with --tls-domain, or with the --public-url customers use."}
	}
	list, err := a.Endpoints(ctx)
	if err != nil {
		return refusedBy(err)
	}
	if slices.ContainsFunc(list, func(e gateway.Endpoint) bool { return e.URL == address }) {
		return &fault.Error{Kind: fault.Conflict, Message: "Stripe sends webhooks to " + address + " already. Copy that webhook's signing secret from Stripe's site into the settings."}
	}
	secret, err := a.AddEndpoint(ctx, "webhook-"+random(12), address)
	if err != nil {
		return refusedBy(err)
	}
	return s.settings.Set(context.WithoutCancel(ctx), by, map[string]string{"stripe.webhook_secret": secret})
}

// refusedBy turns what the processor said into a fault with words for the office.
func refusedBy(err error) error {
	return &fault.Error{Kind: fault.Unavailable, Message: failed(err).words, Err: err}
}

// LastWebhook returns when a webhook of the processor last arrived, 0 for never.
func (s *Service) LastWebhook(ctx context.Context, name string) (calendar.Instant, error) {
	at, err := s.db.Read().GetLastWebhook(ctx, name)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("payment: %w", err)
	}
	return at, nil
}

// ChangesRead returns when a processor's list of changes was last read to its
// end, 0 for never.
func (s *Service) ChangesRead(ctx context.Context, name string) (calendar.Instant, error) {
	row, err := s.db.Read().GetGatewayCursor(ctx, name)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("payment: %w", err)
	}
	return row.ReadAt, nil
}
