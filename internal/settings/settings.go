// Package settings holds what the dealer can set: the company's name and look,
// where mail goes, how payments are taken. They live in the database and are
// edited in the office or with `portal settings`.
package settings

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"customerportal/db"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
)

// Key is one setting as `portal settings` lists it.
type Key struct {
	Name    string
	Help    string
	Default string
	Secret  bool // sealed in the database and never shown
	Lines   bool // a text that may have several lines
	check   func(string) error
}

// Keys lists every setting in the order the office shows them.
var Keys = []Key{
	{Name: "company.name", Help: "the dealer's name as customers know it", Default: "Your security company"},
	{Name: "company.phone", Help: "the phone number shown on every page", check: optional(phone)},
	{Name: "company.email", Help: "the office's address; replies to mail go there", check: optional(email)},
	{Name: "company.web", Help: "the dealer's own web site", check: optional(link)},
	{Name: "company.address1", Help: "street, for invoices"},
	{Name: "company.address2", Help: "second address line"},
	{Name: "company.city", Help: "city"},
	{Name: "company.state", Help: "state"},
	{Name: "company.zip", Help: "zip code"},
	{Name: "company.color", Help: "accent colour, like #1d5fa8", Default: "#1d5fa8", check: color},
	{Name: "service.email", Help: "where requests for service go", check: optional(email)},
	{Name: "time.zone", Help: "the dealer's time zone", Default: "America/New_York", check: zone},
	{Name: "payments.gateway", Help: "sandbox, stripe, authorizenet or off", Default: "off", check: oneOf("off", "sandbox", "stripe", "authorizenet")},
	{Name: "payments.minimum", Help: "the least part payment, in dollars", Default: "1.00", check: amount},
	{Name: "invoices.attach_pdf", Help: "attach the PDF to the mail of an invoice", Default: "no", check: yesNo},
	{Name: "autopay.takes", Help: "what Auto Recurring takes: due (invoices due by the day) or all (all open invoices); all counts for permissions given under it", Default: "due", check: oneOf("due", "all")},
	{Name: "autopay.credit_first", Help: "Auto Recurring uses credit on the account before it takes money", Default: "yes", check: yesNo},
	{Name: "reminders.days", Help: "reminders: days from the due date, like -3, 7, 21; empty for none", check: optional(reminderDays)},
	{Name: "latefee.days", Help: "late fee: charged so many days past due; empty for none", check: optional(daysPastDue)},
	{Name: "latefee.flat", Help: "late fee: a fixed amount in dollars", Default: "0.00", check: amount},
	{Name: "latefee.percent", Help: "late fee: percent of what is past due", Default: "0", check: percent},
	{Name: "latefee.most", Help: "late fee: at most so many dollars; 0.00 for no limit", Default: "0.00", check: amount},
	{Name: "methods.delete", Help: "customers may delete their own cards and accounts", Default: "no", check: yesNo},
	{Name: "invoices.prefix", Help: "what invoice numbers begin with, like INV-", check: optional(prefix)},
	{Name: "invoices.next_number", Help: "the next invoice's number (empty: after the highest one)", check: optional(sequence)},
	{Name: "billing.day", Help: "the day of the month by which the next month is billed, 1 to 28", Default: "20", check: wholeNumber(1, 28)},
	{Name: "billing.notice_days", Help: "how many days customers have at least between a recurring invoice and its due date", Default: "10", check: wholeNumber(0, 60)},
	{Name: "billing.automatic", Help: "the billing run begins by itself on its day", Default: "no", check: yesNo},
	{Name: "billing.invoices", Help: "one recurring invoice for each customer, or for each site", Default: "customer", check: oneOf("customer", "site")},
	{Name: "billing.mail", Help: "recurring invoices are mailed to customers with an e-mail address", Default: "yes", check: yesNo},
	{Name: "books.locked_until", Help: "the last day of the closed period; closed and opened on the office's page Accounting", check: inOffice},
	{Name: "accounting.receivable", Help: "QuickBooks account of what customers owe", Default: "Accounts Receivable", check: accountName},
	{Name: "accounting.undeposited", Help: "QuickBooks account of money received and not in the bank yet", Default: "Undeposited Funds", check: accountName},
	{Name: "accounting.bank", Help: "QuickBooks account of the bank", Default: "Checking", check: accountName},
	{Name: "accounting.income", Help: "QuickBooks account of what is invoiced", Default: "Sales", check: accountName},
	{Name: "accounting.tax", Help: "QuickBooks account of sales tax owed", Default: "Sales Tax Payable", check: accountName},
	{Name: "accounting.credits", Help: "QuickBooks account of credits given", Default: "Credits Given", check: accountName},
	{Name: "accounting.refunds", Help: "QuickBooks account through which refunds and returns leave", Default: "Refunds and Returns", check: accountName},
	{Name: "accounting.fees", Help: "QuickBooks account of what processors charge", Default: "Merchant Fees", check: accountName},
	{Name: "accounting.item", Help: "QuickBooks item of invoice lines", Default: "Services", check: itemName},
	{Name: "accounting.tax_item", Help: "QuickBooks item of sales tax", Default: "Sales Tax", check: itemName},
	{Name: "accounting.tax_agency", Help: "QuickBooks vendor to whom sales tax is paid", Default: "Sales Tax Agency", check: itemName},
	{Name: "approvals.above", Help: "refunds, voids and credits above this need a second person, in dollars; empty = none does", check: optional(amount)},
	{Name: "fees.return", Help: "fee for a payment that the bank sent back, in dollars; empty = none", check: optional(amount)},
	{Name: "fees.return_auto", Help: "returned eChecks are charged the fee by themselves", Default: "no", check: yesNo},
	{Name: "portal.workorders", Help: "customers see the tab Work Orders", Default: "yes", check: yesNo},
	{Name: "portal.proposals", Help: "customers see the tab Proposals", Default: "yes", check: yesNo},
	{Name: "workorders.mail_scheduled", Help: "customers are mailed when a work order gets its appointment", Default: "yes", check: yesNo},
	{Name: "workorders.mail_dispatched", Help: "customers are mailed when the technician is on the way", Default: "yes", check: yesNo},
	{Name: "workorders.mail_completed", Help: "customers are mailed when a work order is completed", Default: "yes", check: yesNo},
	{Name: "workorders.labour_rate", Help: "what an hour of labour costs on a work order, in dollars; empty = technicians enter it", check: optional(amount)},
	{Name: "proposals.terms", Help: "the terms that a new proposal begins with", Lines: true, check: optional(atMost(20_000))},
	{Name: "proposals.valid_days", Help: "for how many days a new proposal is valid", Default: "30", check: wholeNumber(1, 365)},
	{Name: "proposals.reminder_days", Help: "customers are reminded of a proposal so many days before it expires; empty = they are not", check: optional(wholeNumber(1, 60))},
	{Name: "registration.names", Help: "how names are compared: strict or loose (last name only)", Default: "strict", check: oneOf("strict", "loose")},
	{Name: "registration.phone", Help: "whether the phone must match: strict or loose", Default: "strict", check: oneOf("strict", "loose")},
	{Name: "registration.key_once", Help: "the Registration Key is void after use", Default: "no", check: yesNo},
	{Name: "stripe.secret_key", Help: "Stripe's secret key", Secret: true},
	{Name: "stripe.webhook_secret", Help: "the signing secret of the Stripe webhook", Secret: true},
	{Name: "authorizenet.environment", Help: "Authorize.Net's production, where money moves, or test", Default: "test", check: oneOf("production", "test")},
	{Name: "authorizenet.login_id", Help: "Authorize.Net's API login ID", Secret: true, check: optional(loginID)},
	{Name: "authorizenet.transaction_key", Help: "Authorize.Net's transaction key", Secret: true, check: optional(transactionKey)},
	{Name: "authorizenet.signature_key", Help: "Authorize.Net's signature key, for webhooks", Secret: true, check: optional(signatureKey)},
	{Name: "authorizenet.echeck", Help: "the Authorize.Net account takes eChecks, too", Default: "yes", check: yesNo},
	{Name: "mail.server", Help: "smtp://host:587 or smtps://host:465", check: optional(mailServer)},
	{Name: "mail.user", Help: "user at the mail server"},
	{Name: "mail.password", Help: "password at the mail server", Secret: true},
	{Name: "mail.from", Help: "the address mail is sent from (company.email when empty)", check: optional(email)},
}

// Settings is all of them at one moment, ready to use.
type Settings struct {
	values map[string]string

	Company      Company
	ServiceEmail string
	Zone         *time.Location
	Gateway      string // "off", "sandbox", "stripe" or "authorizenet"
}

// Company is the dealer as customers see it.
type Company struct {
	Name, Phone, Email, Web              string
	Address1, Address2, City, State, Zip string
	Color                                string // "#rrggbb"
	Logo                                 string // the hash of the logo's picture, "" for none
}

// Value returns one setting by its key, its default when it was never set.
func (s *Settings) Value(name string) string { return s.values[name] }

// With returns a copy in which some settings are others, for one use; nothing is
// stored.
func (s *Settings) With(changes map[string]string) (*Settings, error) {
	values := maps.Clone(s.values)
	maps.Copy(values, changes)
	other, err := fill(values)
	if err != nil {
		return nil, err
	}
	other.Company.Logo = s.Company.Logo
	return other, nil
}

// NoMoney says why no money moves: "Sandbox" or "Test mode", "" when it does or
// payments are off.
func (s *Settings) NoMoney() string {
	switch {
	case s.Gateway == "sandbox":
		return "Sandbox"
	case s.Gateway == "authorizenet" && s.Value("authorizenet.environment") != "production",
		s.Gateway == "stripe" && strings.Contains(s.Value("stripe.secret_key"), "_test_"):
		return "Test mode"
	}
	return ""
}

// Yes reports whether a yes/no setting says yes.
func (s *Settings) Yes(name string) bool { return s.values[name] == "yes" }

// Store reads and writes the settings. It is safe for use by several
// goroutines, and notices within a second what another process set.
type Store struct {
	db     *db.DB
	clock  calendar.Clock
	sealer *Sealer

	mu     sync.Mutex
	cached *Settings
	readAt time.Time
}

// cacheFor bounds how long a change made by another process goes unseen.
const cacheFor = time.Second

// New returns the store of the open books.
func New(d *db.DB, clock calendar.Clock, sealer *Sealer) *Store {
	return &Store{db: d, clock: clock, sealer: sealer}
}

// Sealer returns what seals the secrets of these books.
func (s *Store) Sealer() *Sealer { return s.sealer }

// Current returns the settings. Secrets are opened; the caller must not log them.
func (s *Store) Current(ctx context.Context) (*Settings, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	if age := now.Sub(s.readAt); s.cached != nil && age >= 0 && age < cacheFor {
		return s.cached, nil
	}
	rows, err := s.db.Aside().ListSettings(ctx)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	values := make(map[string]string, len(Keys))
	for _, k := range Keys {
		values[k.Name] = k.Default
	}
	for _, row := range rows {
		value := row.Value
		if row.Sealed != 0 {
			// a copied file on another machine: the secret is lost, the rest works
			if value, err = s.sealer.Open(row.Value, row.Key); err != nil {
				value = ""
			}
		}
		values[row.Key] = value
	}
	loaded, err := fill(values)
	if err != nil {
		return nil, err
	}
	if loaded.Company.Logo, err = s.db.Aside().GetLogoHash(ctx); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("settings: logo: %w", err)
	}
	s.cached, s.readAt = loaded, now
	return loaded, nil
}

func fill(v map[string]string) (*Settings, error) {
	loc, err := time.LoadLocation(v["time.zone"])
	if err != nil {
		return nil, fmt.Errorf("settings: time.zone: %w", err)
	}
	return &Settings{
		values: v,
		Company: Company{
			Name: v["company.name"], Phone: v["company.phone"], Email: v["company.email"], Web: v["company.web"],
			Address1: v["company.address1"], Address2: v["company.address2"], City: v["company.city"],
			State: v["company.state"], Zip: v["company.zip"], Color: v["company.color"],
		},
		ServiceEmail: v["service.email"],
		Zone:         loc,
		Gateway:      v["payments.gateway"],
	}, nil
}

// Set checks and stores some settings in one transaction and records who did
// it. It returns an Invalid fault that names every refused key.
func (s *Store) Set(ctx context.Context, by audit.Actor, changes map[string]string) error {
	var refused fault.Fields
	names := make([]string, 0, len(changes))
	for name := range changes {
		names = append(names, name)
	}
	slices.Sort(names)
	clean := make(map[string]string, len(changes))
	for _, name := range names {
		key, ok := Find(name)
		if !ok {
			refused.Add(name, "There is no setting %q", name)
			continue
		}
		value := strings.TrimSpace(changes[name])
		if key.Lines {
			value = strings.ReplaceAll(strings.ReplaceAll(value, "\r\n", "\n"), "\r", "\n")
		} else if strings.ContainsAny(value, "\r\n") {
			refused.Add(name, "This must be one line")
			continue
		}
		if strings.ContainsRune(value, 0) {
			refused.Add(name, "This is not a text")
			continue
		}
		if key.check != nil {
			if err := key.check(value); err != nil {
				refused.Add(name, "%s", err.Error())
				continue
			}
		}
		clean[name] = value
	}
	if err := refused.Err(); err != nil {
		return err
	}
	now := s.clock.Now()
	before, err := s.Current(ctx)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		for _, name := range names {
			key, _ := Find(name)
			row := db.PutSettingParams{Key: name, Value: clean[name], UpdatedAt: now}
			entry := audit.Entry{Action: "settings.set", Object: name, Before: before.values[name], After: clean[name]}
			if key.Secret {
				row.Value, row.Sealed = s.sealer.Seal(clean[name], name), 1
				entry.Before, entry.After = nil, nil
			}
			if err := q.PutSetting(ctx, row); err != nil {
				return err
			}
			if err := audit.Record(ctx, q, now, by, entry); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	s.mu.Lock()
	s.cached = nil
	s.mu.Unlock()
	return nil
}

// Find returns the setting of that name.
func Find(name string) (Key, bool) {
	i := slices.IndexFunc(Keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return Key{}, false
	}
	return Keys[i], true
}

// atMost takes texts of so many letters at most.
func atMost(most int) func(string) error {
	return func(s string) error {
		if len(s) > most {
			return fmt.Errorf("%d letters are the most there is room for", most)
		}
		return nil
	}
}

func optional(check func(string) error) func(string) error {
	return func(s string) error {
		if s == "" {
			return nil
		}
		return check(s)
	}
}

func email(s string) error {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return fmt.Errorf("%q is not an e-mail address", s)
	}
	return nil
}

func phone(s string) error {
	digits := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if digits < 10 || len(s) > 40 {
		return fmt.Errorf("%q is not a phone number with area code", s)
	}
	return nil
}

var (
	colorForm  = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
	linkForm   = regexp.MustCompile(`^https?://[^\s"<>]+$`)
	serverForm = regexp.MustCompile(`^smtps?://[A-Za-z0-9.\-\[\]:]+:[0-9]{1,5}$`)
	prefixForm = regexp.MustCompile(`^[A-Za-z0-9._-]{0,11}[A-Za-z._-]$`)
	numberForm = regexp.MustCompile(`^[0-9]{1,12}$`)
	loginForm  = regexp.MustCompile(`^[!-~]{1,25}$`)
	keyForm    = regexp.MustCompile(`^[!-~]{1,16}$`)
	hexForm    = regexp.MustCompile(`^[0-9A-Fa-f]{128}$`)
	amountForm = regexp.MustCompile(`^[0-9]{1,5}\.[0-9]{2}$`)
)

func color(s string) error { return match(colorForm, s, "a colour like #1d5fa8") }

func link(s string) error { return match(linkForm, s, "a web address that begins with https://") }

func mailServer(s string) error { return match(serverForm, s, "smtp://host:587 or smtps://host:465") }

func amount(s string) error { return match(amountForm, s, "an amount like 1.00") }

func prefix(s string) error {
	return match(prefixForm, s, "a prefix like INV- (letters, digits, dots and dashes, with no digit at its end)")
}

func sequence(s string) error { return match(numberForm, s, "a number of at most twelve digits") }

// A refused key is not repeated: what was typed may be another secret.

func loginID(s string) error {
	return keyLike(loginForm, s, "An API login ID has at most 25 characters")
}

func transactionKey(s string) error {
	return keyLike(keyForm, s, "A transaction key has at most 16 characters")
}

func signatureKey(s string) error {
	return keyLike(hexForm, s, "A signature key has 128 digits and letters from A to F")
}

func keyLike(form *regexp.Regexp, s, words string) error {
	if !form.MatchString(s) {
		return errors.New(words)
	}
	return nil
}

func match(form *regexp.Regexp, s, want string) error {
	if !form.MatchString(s) {
		return fmt.Errorf("%s is not %s", strconv.Quote(s), want)
	}
	return nil
}

// accountName is a name of QuickBooks' chart of accounts: each part at most 31
// characters, a colon before that of an account below another.
func accountName(s string) error {
	for part := range strings.SplitSeq(s, ":") {
		if err := itemName(part); err != nil {
			return err
		}
	}
	return nil
}

// itemName is a name of QuickBooks' lists, at most 31 characters.
func itemName(s string) error {
	if strings.TrimSpace(s) == "" {
		return errors.New("Enter the name as it stands in QuickBooks")
	}
	if utf8.RuneCountInString(s) > 31 || strings.ContainsAny(s, "\"\t:") {
		return fmt.Errorf("%s is no name for QuickBooks: at most 31 characters without quotes", strconv.Quote(s))
	}
	return nil
}

// inOffice refuses what needs more than a value: closing and opening a period is
// confirmed, and opening one has a reason.
func inOffice(string) error { return errors.New("This is set on the office's page Accounting") }

func zone(s string) error {
	if _, err := time.LoadLocation(s); err != nil || s == "" || s == "Local" {
		return fmt.Errorf("%q is not a time zone; write one like America/Chicago", s)
	}
	return nil
}

// wholeNumber takes a number between two others.
func wholeNumber(least, most int) func(string) error {
	return func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most || strconv.Itoa(n) != s {
			return fmt.Errorf("%q is not a number from %d to %d", s, least, most)
		}
		return nil
	}
}

func yesNo(s string) error { return oneOf("yes", "no")(s) }

func oneOf(words ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(words, s) {
			return fmt.Errorf("%q is not one of %s", s, strings.Join(words, ", "))
		}
		return nil
	}
}
