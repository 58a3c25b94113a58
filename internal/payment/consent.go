package payment

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
	"customerportal/internal/ledger"
	"customerportal/internal/money"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

// ConsentVersion names the wording below; a changed wording gets a new one.
const ConsentVersion = "2026-11.2"

// allOpen marks the version of the wording that covers all open invoices, those
// that are not due yet too.
const allOpen = "-all"

// CoversAll reports whether a consent of that version permits to take all open
// invoices rather than those due by the day.
func CoversAll(version string) bool { return strings.HasSuffix(version, allOpen) }

// consentVersion names the wording that the dealer's settings lead to.
func consentVersion(set *settings.Settings) string {
	if set.Value("autopay.takes") == "all" {
		return ConsentVersion + allOpen
	}
	return ConsentVersion
}

// consentLife is how long a shown form can be accepted.
const consentLife = 24 * time.Hour

// Consent is the text beside "Auto Recurring" as one customer is shown it.
type Consent struct {
	Paragraphs []string
	// Token goes into the form and comes back when the box was ticked. It holds
	// what was shown, sealed, so that exactly that is what is recorded.
	Token string
	// First is the day of the first payment and Estimate what it would be today.
	First    calendar.Date
	Estimate money.Cents
	// Limit is the most that the text allows in one month, 0 for no limit.
	Limit money.Cents
}

// shown is what the token and the row of the visit hold.
type shown struct {
	CustomerID int64
	Kind       string
	Method     int64 // 0 for one that is not on file yet
	Text       string
	Version    string
	Day        int64
	Cap        money.Cents
	ShownAt    calendar.Instant

	// filled in when it is accepted
	AcceptedAt    calendar.Instant
	IP, UserAgent string
	Authenticated string
	UserID        int64
}

// consentText is the authorization in full. For bank accounts the Nacha rules
// ask for a readily identifiable authorization with amount, timing and how to
// revoke it (Nacha Operating Rules 2.3.2); for both Regulation E asks for a copy
// (12 CFR 1005.10(b)), and for a notice of varying amounts ten days ahead
// (1005.10(d)).
func consentText(set *settings.Settings, kind gateway.Kind, method string, day int64, limit money.Cents, email string) []string {
	c := set.Company
	contact := c.Name
	if c.Phone != "" {
		contact += ", " + c.Phone
	}
	what := "the credit card I enter on the next page"
	if kind == gateway.ECheck {
		what = "the bank account I enter on the next page"
	}
	if method != "" {
		what = method
	}
	how := "I authorize " + c.Name + " to charge " + what + " for recurring payments until I revoke this authorization."
	if kind == gateway.ECheck {
		how = "I authorize " + c.Name + " to debit " + what + " electronically (ACH) for recurring payments until I revoke this authorization. " +
			"I am an owner of this account or authorized to sign on it. A debit that is returned for insufficient funds may be presented up to two more times."
	}
	most := "I set no maximum."
	if limit > 0 {
		most = "Never more than " + limit.String() + " in one month."
	}
	copyTo := "I get a copy of this authorization."
	if email != "" {
		copyTo = "A copy of this authorization is mailed to " + email + "."
	}
	which := "my invoices that are due by that day"
	if CoversAll(consentVersion(set)) {
		which = "all my open invoices"
	}
	return []string{
		how,
		"When: on the " + ordinal(day) + " of each month. Amount: the open balance of " + which + ", less what is already being paid; nothing is taken when nothing is due. " +
			most + " The amount varies. When it differs from the payment before, I am told by e-mail at least ten days ahead; so I am when another day is arranged.",
		"How to revoke: I can switch Auto Recurring off at any time under CC/eCheck, which counts at once, or by telling " + contact + " at least three business days before a payment. " + copyTo,
	}
}

func ordinal(day int64) string {
	suffix := "th"
	switch {
	case day >= 11 && day <= 13:
	case day%10 == 1:
		suffix = "st"
	case day%10 == 2:
		suffix = "nd"
	case day%10 == 3:
		suffix = "rd"
	}
	return fmt.Sprintf("%d%s", day, suffix)
}

// AutoPay is the customer's auto pay as it stands.
type AutoPay struct {
	On     bool
	Method string // "Visa ending 4242", with On
	Since  calendar.Instant
	Day    int // of the month, as it is now
	// Then is the day that was arranged from the payment on ThenFrom on, 0 when
	// no other day is to come.
	Then     int
	ThenFrom calendar.Date
	// Limit is the most that may be taken in one month, 0 for no limit.
	Limit money.Cents
	// Next is the day of the next payment, or of the first one should it be
	// switched on now, and Estimate what would be taken as the books stand.
	Next     calendar.Date
	Estimate money.Cents
}

// DayInWords is "1st", "2nd", ...
func (a AutoPay) DayInWords() string { return DayInWords(a.Day) }

// DayInWords writes a day of the month: "1st", "2nd", ...
func DayInWords(day int) string { return ordinal(int64(day)) }

// AutoPay returns how the customer's auto pay stands.
func (s *Service) AutoPay(ctx context.Context, customerID int64) (AutoPay, error) {
	var a AutoPay
	err := s.db.View(ctx, func(q *db.Queries) error {
		var err error
		a, err = s.autoPay(ctx, q, customerID)
		return err
	})
	return a, err
}

func (s *Service) autoPay(ctx context.Context, q *db.Queries, customerID int64) (AutoPay, error) {
	var a AutoPay
	c, err := q.GetBillTo(ctx, customerID)
	if err != nil {
		return a, found(err, "customer")
	}
	days := ledger.AutoPayDays{{Day: int(c.AutoPayDay)}}
	consent, err := q.GetMandateForCustomer(ctx, customerID)
	switch {
	case err == nil:
		m, err := q.GetMethod(ctx, consent.MethodID)
		if err != nil {
			return a, fmt.Errorf("payment: %w", err)
		}
		a.On, a.Since, a.Limit = true, consent.AcceptedAt, consent.CapCents
		a.Method = labelOf(m)
		if days, err = ledger.DaysOfAutoPay(ctx, q, customerID); err != nil {
			return a, err
		}
	case !errors.Is(err, sql.ErrNoRows):
		return a, fmt.Errorf("payment: %w", err)
	}
	today, err := s.ledger.Today(ctx)
	if err != nil {
		return a, err
	}
	a.Next = days.Next(today)
	now := ledger.AutoPayPeriod(today)
	a.Day = days.In(now)
	if coming := days[len(days)-1]; coming.From > now && coming.Day != a.Day {
		a.Then, a.ThenFrom = coming.Day, ledger.AutoPayOn(coming.From, coming.Day)
	}
	open, err := ledger.Payable(ctx, q, customerID)
	if err != nil {
		return a, err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return a, err
	}
	version := consent.ConsentVersion
	if !a.On {
		version = consentVersion(set)
	}
	a.Estimate, err = s.estimate(ctx, q, set, customerID, open, version, a.Next, consent.CapCents)
	return a, err
}

// estimate is what auto pay would take on a day as things stand, by the dealer's
// settings and within what the consent covers.
func (s *Service) estimate(ctx context.Context, q *db.Queries, set *settings.Settings, customerID int64, open []ledger.OpenInvoice, version string, on calendar.Date, limit money.Cents) (money.Cents, error) {
	credit := money.Cents(0)
	if set.Yes("autopay.credit_first") {
		var err error
		if credit, err = ledger.Unapplied(ctx, q, customerID); err != nil {
			return 0, err
		}
	}
	if set.Value("autopay.takes") == "all" && CoversAll(version) {
		for _, o := range open {
			on = max(on, o.Due)
		}
	}
	return ledger.EstimateAutoPay(open, on, limit, credit), nil
}

// Consent returns the text to be shown beside "Auto Recurring": for a method on
// file, or with id 0 for one of a kind that is about to be entered. It sets no
// limit.
func (s *Service) Consent(ctx context.Context, customerID, userID int64, kind gateway.Kind, id int64) (Consent, error) {
	return s.ConsentUpTo(ctx, customerID, userID, kind, id, 0)
}

// ConsentUpTo is [Service.Consent] with the most that may be taken in one month,
// 0 for no limit.
func (s *Service) ConsentUpTo(ctx context.Context, customerID, userID int64, kind gateway.Kind, id int64, limit money.Cents) (Consent, error) {
	set, err := s.settings.Current(ctx)
	if err != nil {
		return Consent{}, err
	}
	label := ""
	if id != 0 {
		m, err := s.Method(ctx, customerID, id)
		if err != nil {
			return Consent{}, err
		}
		kind, label = m.Kind, m.Label()
	}
	who, err := s.db.Read().GetPayer(ctx, db.GetPayerParams{UserID: userID, CustomerID: customerID})
	if err != nil {
		return Consent{}, found(err, "customer")
	}
	open, err := ledger.Payable(ctx, s.db.Read(), customerID)
	if err != nil {
		return Consent{}, err
	}
	c, err := s.db.Read().GetBillTo(ctx, customerID)
	if err != nil {
		return Consent{}, found(err, "customer")
	}
	today := s.clock.Today(set.Zone)
	out := Consent{Paragraphs: consentText(set, kind, label, c.AutoPayDay, limit, who.Email), First: ledger.NextAutoPay(today, int(c.AutoPayDay)), Limit: limit}
	if out.Estimate, err = s.estimate(ctx, s.db.Read(), set, customerID, open, consentVersion(set), out.First, limit); err != nil {
		return Consent{}, err
	}
	body, err := json.Marshal(shown{CustomerID: customerID, Kind: string(kind), Method: id, Text: strings.Join(out.Paragraphs, "\n\n"),
		Version: consentVersion(set), Day: c.AutoPayDay, Cap: limit, ShownAt: s.clock.Now()})
	if err != nil {
		return Consent{}, err
	}
	out.Token = s.settings.Sealer().Seal(string(body), "consent")
	return out, nil
}

// ParseLimit reads the most that may be taken in one month as it was typed; ""
// is no limit, 0. It is Invalid, field "cap", for what is no such amount.
func (s *Service) ParseLimit(ctx context.Context, typed string) (money.Cents, error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return 0, nil
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return 0, err
	}
	limit, err := money.Parse(typed)
	switch least := max(minimum(set), 1); {
	case err != nil:
		return 0, fault.Field("cap", "Maximum per month: %s", lowerFirst(err.Error()))
	case limit < least:
		return 0, fault.Field("cap", "Maximum per month: at least %s, or leave it empty for no maximum", least)
	}
	return limit, nil
}

// SameLimit tells whether the text that a token stands for has the limit that
// was typed beside it: what is recorded is what was read. When it has not it is
// Invalid, field "cap", and the form is to be shown again with the new text.
func (s *Service) SameLimit(ctx context.Context, customerID int64, token, typed string) error {
	limit, err := s.ParseLimit(ctx, typed)
	if err != nil {
		return err
	}
	c, err := s.open(token, customerID)
	if err != nil || c.Cap == limit {
		return err
	}
	if limit == 0 {
		return fault.Field("cap", "The authorization now sets no maximum. Please read it and save again.")
	}
	return fault.Field("cap", "The authorization now says: never more than %s in one month. Please read it and save again.", limit)
}

// open reads a token back.
func (s *Service) open(token string, customerID int64) (shown, error) {
	stale := fault.Field("auto", "This form is too old. Please read the authorization again and save.")
	var c shown
	body, err := s.settings.Sealer().Open(token, "consent")
	if err != nil {
		return c, stale
	}
	if err := json.Unmarshal([]byte(body), &c); err != nil || c.CustomerID != customerID || s.clock.Now().Sub(c.ShownAt) > consentLife {
		return c, stale
	}
	return c, nil
}

// accept makes of a ticked box what is recorded once the method exists: the
// consent with who, from where and when, as JSON. It is "" for no token.
func (s *Service) accept(ctx context.Context, by audit.Actor, customerID int64, kind gateway.Kind, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	c, err := s.open(token, customerID)
	if err != nil {
		return "", err
	}
	if c.Kind != string(kind) {
		return "", fault.Field("auto", "This form is too old. Please read the authorization again and save.")
	}
	who, err := s.db.Read().GetPayer(ctx, db.GetPayerParams{UserID: by.UserID, CustomerID: customerID})
	if err != nil {
		return "", found(err, "customer")
	}
	c.AcceptedAt, c.IP, c.UserAgent, c.UserID = s.clock.Now(), by.IP, by.UserAgent, by.UserID
	c.Authenticated = "signed in with password as " + who.Email
	body, err := json.Marshal(c)
	return string(body), err
}

// TurnOn switches auto pay on for a method on file, with the consent of a shown
// token. The same token twice is one consent. A consent that stood before is
// replaced.
func (s *Service) TurnOn(ctx context.Context, by audit.Actor, customerID, id int64, token string) error {
	if token == "" {
		return fault.Field("auto", "Tick Auto Recurring to give your permission.")
	}
	m, err := s.Method(ctx, customerID, id)
	if err != nil {
		return err
	}
	if m.Expired {
		return fault.Field("auto", "This card has expired. Replace it first.")
	}
	c, err := s.open(token, customerID)
	if err != nil {
		return err
	}
	if c.Method != id {
		return fault.Missing("payment method")
	}
	accepted, err := s.accept(ctx, by, customerID, m.Kind, token)
	if err != nil {
		return err
	}
	given, err := s.consentGiven(ctx, accepted, m.Label())
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		standing, err := q.GetMandateForCustomer(ctx, customerID)
		if err == nil && standing.MethodID == id && standing.ShownAt == c.ShownAt {
			return nil // the same form a second time
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("payment: %w", err)
		}
		return s.recordConsent(ctx, q, s.clock.Now(), given, id)
	})
}

// given is a consent that is ready to be recorded, its paper drawn: nobody waits
// for the drawing while the books are open for writing.
type given struct {
	row    db.AddMandateParams
	by     audit.Actor
	method string // in words
	record []byte // the PDF
	form   *form  // the signed form it was entered from, nil for one given in the portal
}

// consentGiven makes ready what the customer accepted in the portal, as accept
// returned it, for the method in words.
func (s *Service) consentGiven(ctx context.Context, accepted, method string) (*given, error) {
	var c shown
	if err := json.Unmarshal([]byte(accepted), &c); err != nil {
		return nil, fmt.Errorf("payment: consent: %w", err)
	}
	g := &given{by: audit.Actor{Kind: audit.Customer, UserID: c.UserID, IP: c.IP}, method: method, row: db.AddMandateParams{CustomerID: c.CustomerID,
		ConsentText: c.Text, ConsentSha256: sha256Hex([]byte(c.Text)), ConsentVersion: c.Version, CapCents: c.Cap, Day: c.Day, ShownAt: c.ShownAt,
		AcceptedAt: c.AcceptedAt, IP: c.IP, UserAgent: c.UserAgent, Authenticated: c.Authenticated, UserID: db.NullID(c.UserID)}}
	var err error
	g.record, err = s.drawConsent(ctx, g.row, method, "")
	return g, err
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// recordConsent writes a consent down for a method with its paper, replaces the
// one that stood, and mails the copy. It runs in the caller's transaction.
func (s *Service) recordConsent(ctx context.Context, q *db.Queries, now calendar.Instant, g *given, methodID int64) error {
	customerID := g.row.CustomerID
	if _, err := q.RevokeMandate(ctx, db.RevokeMandateParams{RevokedAt: now, RevokedBy: "replaced", CustomerID: customerID}); err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	g.row.MethodID = methodID
	id, err := q.AddMandate(ctx, g.row)
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	paper, err := keepPaper(ctx, q, now, id, "record", db.AddDocumentParams{Kind: "consent", Name: consentName(g.row.AcceptedAt), Mime: "application/pdf", Body: g.record})
	if err != nil {
		return err
	}
	after := map[string]string{"consent": g.row.ConsentSha256, "version": g.row.ConsentVersion, "day": DayInWords(int(g.row.Day))}
	if g.row.CapCents > 0 {
		after["maximum"] = g.row.CapCents.Plain()
	}
	if g.form != nil {
		if _, err := keepPaper(ctx, q, now, id, "form", g.form.document()); err != nil {
			return err
		}
		after["signed"], after["form"] = g.row.SignedDate.ISO(), sha256Hex(g.form.body)
	}
	if err := audit.Record(ctx, q, now, g.by, audit.Entry{Action: "autopay.on", CustomerID: customerID, Object: g.method, After: after}); err != nil {
		return err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	mail := outbox.ConsentCopy{Method: g.method, Paragraphs: strings.Split(g.row.ConsentText, "\n\n"), Accepted: g.row.AcceptedAt.Format(set.Zone),
		Signed: g.row.SignedDate, SHA256: g.row.ConsentSha256, First: ledger.NextAutoPay(g.row.AcceptedAt.Date(set.Zone), int(g.row.Day)), Path: "/methods"}
	err = s.tellCustomer(ctx, q, now, fmt.Sprintf("consent %d copy", id), customerID, g.row.UserID.Int64, mail, paper)
	if err != nil || g.by.Kind == audit.Staff { // the office knows what it did
		return err
	}
	return s.tellDealer(ctx, q, now, fmt.Sprintf("consent %d", id), customerID, outbox.PaymentNotice{
		Title: "Auto Recurring switched on", Lines: []string{"The customer switched Auto Recurring on with " + g.method + "."}, Path: "/office"})
}

// TurnOff switches the customer's auto pay off at once and confirms it by mail;
// what was planned and not sent yet is canceled. It is no error when it is off
// already.
func (s *Service) TurnOff(ctx context.Context, by audit.Actor, customerID int64) error {
	return s.db.Write(ctx, func(q *db.Queries) error {
		return s.endConsent(ctx, q, s.clock.Now(), by, customerID, 0, "")
	})
}

// TurnOffAtTheOffice is [Service.TurnOff] by staff, with a reason that the
// customer is told, "" for none. A reason that is too long is Invalid, field
// "reason".
func (s *Service) TurnOffAtTheOffice(ctx context.Context, by audit.Actor, customerID int64, reason string) error {
	reason, err := oneLine("reason", reason)
	if err != nil {
		return err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	words := set.Company.Name + " switched it off"
	if reason != "" {
		words += " (" + reason + ")"
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		return s.endConsent(ctx, q, s.clock.Now(), by, customerID, 0, words)
	})
}

// oneLine trims what was typed into a line of a form; it is Invalid when it is
// longer than a line.
func oneLine(field, typed string) (string, error) {
	typed = strings.Join(strings.Fields(typed), " ")
	if len(typed) > 200 || strings.ContainsFunc(typed, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", fault.Field(field, "This is too long: a line of at most 200 letters")
	}
	return typed, nil
}

// endConsent revokes the standing consent: any when methodID is 0, else only one
// that draws on that method. What was planned and not sent yet is canceled. Both
// sides are told, but not the office of what it did itself. It runs in the
// caller's transaction.
func (s *Service) endConsent(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, customerID, methodID int64, reason string) error {
	consent, err := q.GetMandateForCustomer(ctx, customerID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	if methodID != 0 && consent.MethodID != methodID {
		return nil
	}
	who := string(by.Kind)
	if by.StaffID != 0 {
		clerk, err := q.GetStaff(ctx, by.StaffID)
		if err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		who += " " + clerk.Name
	}
	if reason != "" {
		who += ": " + reason
	}
	if _, err := q.RevokeMandate(ctx, db.RevokeMandateParams{RevokedAt: now, RevokedBy: who, CustomerID: customerID}); err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	planned, err := q.ListPlannedAutoPayForCustomer(ctx, customerID)
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	for _, p := range planned {
		if _, err := s.CancelAutoPay(ctx, q, now, p, SwitchedOff, "Auto Recurring was switched off."); err != nil {
			return err
		}
	}
	m, err := q.GetMethod(ctx, consent.MethodID)
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	label := labelOf(m)
	err = audit.Record(ctx, q, now, by, audit.Entry{Action: "autopay.off", CustomerID: customerID, Object: label, After: map[string]string{"by": who}})
	if err != nil {
		return err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	err = s.tellCustomer(ctx, q, now, fmt.Sprintf("consent %d off", consent.ID), customerID, consent.UserID.Int64,
		outbox.AutoPayOff{Method: label, When: now.Format(set.Zone), Reason: reason, Path: "/methods"})
	if err != nil || by.Kind == audit.Staff {
		return err
	}
	words := "Auto Recurring with " + label + " is off."
	if reason != "" {
		words = "Auto Recurring with " + label + " is off: " + reason + "."
	}
	return s.tellDealer(ctx, q, now, fmt.Sprintf("consent %d off", consent.ID), customerID, outbox.PaymentNotice{
		Title: "Auto Recurring switched off", Lines: []string{words}, Path: "/office"})
}

// tellCustomer queues a mail to a customer: to the given user or else the first
// address on file, with papers by their ids. It runs in the caller's transaction.
func (s *Service) tellCustomer(ctx context.Context, q *db.Queries, now calendar.Instant, fact string, customerID, userID int64, body outbox.Body, papers ...int64) error {
	to, err := q.GetPayer(ctx, db.GetPayerParams{UserID: userID, CustomerID: customerID})
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	if to.Email == "" {
		return nil
	}
	return s.mail.Enqueue(ctx, q, now, outbox.Mail{Fact: fact, CustomerID: customerID, ToName: to.DisplayName, ToEmail: to.Email, Body: body, Documents: papers})
}

// payPath leads to the payment screen with one invoice on Yes.
func payPath(number string) string { return "/pay?invoice=" + url.QueryEscape(number) }
