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
	"customerportal/internal/outbox"
)

// Method is a card or bank account on file, as its owner sees it.
type Method struct {
	ID       int64
	Kind     gateway.Kind
	Brand    string // "Visa", or the bank's name
	Last4    string
	ExpMonth int // 0 for bank accounts
	ExpYear  int
	Name     string // on the bill
	Expired  bool
	// ExpiresSoon is true in the last 45 days before the card runs out.
	ExpiresSoon   bool
	AutoRecurring bool
}

// Label names the method: "Visa ending 4242".
func (m Method) Label() string { return inWords(string(m.Kind), m.Brand, m.Last4) }

// Expiry is "04/2027", "" for bank accounts.
func (m Method) Expiry() string {
	if m.ExpYear == 0 {
		return ""
	}
	return fmt.Sprintf("%02d/%d", m.ExpMonth, m.ExpYear)
}

func labelOf(m db.Method) string { return inWords(m.Kind, m.Brand, m.Last4) }

func inWords(kind, brand, last4 string) string {
	return ledger.MethodInWords(ledger.Kind(kind), ledger.Kind(kind).Label(), brand, last4)
}

const soon = 45 // days before a card runs out

// lastDay is the last day a card is good for: that of its month.
func lastDay(m db.Method) calendar.Date {
	return calendar.NewDate(int(m.ExpYear), time.Month(m.ExpMonth)+1, 0)
}

func expired(m db.Method, today calendar.Date) bool {
	return m.ExpYear != 0 && lastDay(m) < today
}

func methodOf(m db.Method, today calendar.Date, auto int64) Method {
	v := Method{ID: m.ID, Kind: gateway.Kind(m.Kind), Brand: m.Brand, Last4: m.Last4, ExpMonth: int(m.ExpMonth), ExpYear: int(m.ExpYear),
		Name: m.BillingName, Expired: expired(m, today), AutoRecurring: m.ID == auto}
	v.ExpiresSoon = m.ExpYear != 0 && !v.Expired && today.DaysUntil(lastDay(m)) <= soon
	return v
}

// ExpiringMonths returns the first and the last month in which a card on file
// runs out that is marked as expiring soon on a day, as year*12 + month.
func ExpiringMonths(today calendar.Date) (first, last int64) {
	index := func(d calendar.Date) int64 { return int64(d.Year())*12 + int64(d.Month()) }
	// its last day is at most so many days away: the next month has begun one day after them
	return index(today), index(today.AddDays(soon+1)) - 1
}

// methods lists what the customer has on file with a gateway.
func (s *Service) methods(ctx context.Context, q *db.Queries, customerID int64, gatewayName string) ([]Method, error) {
	today, err := s.ledger.Today(ctx)
	if err != nil {
		return nil, err
	}
	list, err := q.ListMethodsForCustomer(ctx, db.ListMethodsForCustomerParams{CustomerID: customerID, Gateway: gatewayName})
	if err != nil {
		return nil, fmt.Errorf("payment: methods: %w", err)
	}
	consent, err := q.GetMandateForCustomer(ctx, customerID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("payment: %w", err)
	}
	out := make([]Method, len(list))
	for i, m := range list {
		out[i] = methodOf(m, today, consent.MethodID)
	}
	return out, nil
}

// Wallet is the "CC/eCheck" tab.
type Wallet struct {
	Methods   []Method
	Verifying []Verifying
	Kinds     []gateway.Kind
	Closed    string // why nothing can be put on file now, "" when it can
	AutoPay   AutoPay
	// SelfDelete says that the customer may remove methods without the dealer.
	SelfDelete bool
}

// Verifying is a bank account whose micro-deposits wait to be confirmed.
type Verifying struct {
	Kind gateway.Kind
	URL  string // where they are confirmed, "" when the bank's mail says it
}

// Wallet returns what the customer has on file.
func (s *Service) Wallet(ctx context.Context, customerID int64) (*Wallet, error) {
	w := &Wallet{}
	g, set, err := s.active(ctx)
	name := ""
	switch {
	case fault.Is(err, fault.Unavailable):
		w.Closed, name = words(err), set.Gateway
	case err != nil:
		return nil, err
	default:
		w.Kinds, name = g.Info().Kinds, g.Info().Name
	}
	w.SelfDelete = set.Yes("methods.delete") && w.Closed == ""
	err = s.db.View(ctx, func(q *db.Queries) error {
		if w.Methods, err = s.methods(ctx, q, customerID, name); err != nil {
			return err
		}
		waiting, err := q.ListVerifyingForCustomer(ctx, customerID)
		if err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		for _, v := range waiting {
			w.Verifying = append(w.Verifying, Verifying{Kind: gateway.Kind(v.Kind), URL: v.SessionUrl})
		}
		w.AutoPay, err = s.autoPay(ctx, q, customerID)
		return err
	})
	return w, err
}

// Method returns one method on file.
func (s *Service) Method(ctx context.Context, customerID, id int64) (Method, error) {
	today, err := s.ledger.Today(ctx)
	if err != nil {
		return Method{}, err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return Method{}, err
	}
	m, err := s.db.Read().GetMethodForCustomer(ctx, db.GetMethodForCustomerParams{ID: id, CustomerID: customerID, Gateway: set.Gateway})
	if err != nil {
		return Method{}, found(err, "payment method")
	}
	consent, err := s.db.Read().GetMandateForCustomer(ctx, customerID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Method{}, fmt.Errorf("payment: %w", err)
	}
	return methodOf(m, today, consent.MethodID), nil
}

// Billing is "Bill To Options".
type Billing struct {
	Name, Line1, Line2, City, State, Zip string
}

// BillTo returns the options filled from the customer's account.
func (s *Service) BillTo(ctx context.Context, customerID int64) (Billing, error) {
	c, err := s.db.Read().GetBillTo(ctx, customerID)
	if err != nil {
		return Billing{}, found(err, "customer")
	}
	return Billing{Name: c.DisplayName, Line1: c.Address1, Line2: c.Address2, City: c.City, State: c.State, Zip: c.Zip}, nil
}

// check names what is missing or too long.
func (b *Billing) check() error {
	var refused fault.Fields
	fields := []struct {
		name, label string
		value       *string
		needed      bool
	}{
		{"name", "Name", &b.Name, true}, {"line1", "Address", &b.Line1, true}, {"line2", "Address line 2", &b.Line2, false},
		{"city", "City", &b.City, true}, {"state", "State", &b.State, true}, {"zip", "Zip Code", &b.Zip, true},
	}
	for _, f := range fields {
		*f.value = strings.Join(strings.Fields(*f.value), " ")
		switch {
		case f.needed && *f.value == "":
			refused.Add(f.name, "%s: please fill this in", f.label)
		case len(*f.value) > 120 || strings.ContainsFunc(*f.value, func(r rune) bool { return r < ' ' || r == 0x7f }):
			refused.Add(f.name, "%s: this is too long", f.label)
		}
	}
	return refused.Err()
}

// customer returns the processor's id of the customer and makes its record when
// there is none, or when the one it had is dead. No money is at stake in it.
func (s *Service) customer(ctx context.Context, g gateway.Adapter, customerID int64, dead string) (string, error) {
	name := g.Info().Name
	ref, err := s.db.Read().GetGatewayCustomer(ctx, db.GetGatewayCustomerParams{CustomerID: customerID, Gateway: name})
	if err == nil && ref != dead {
		return ref, nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("payment: %w", err)
	}
	return s.saveCustomer(ctx, g, customerID, "", dead, nil)
}

// saveCustomer makes or renews the processor's record of the customer.
func (s *Service) saveCustomer(ctx context.Context, g gateway.Adapter, customerID int64, ref, salt string, bill *Billing) (string, error) {
	c, err := s.db.Read().GetBillTo(ctx, customerID)
	if err != nil {
		return "", found(err, "customer")
	}
	record := gateway.Customer{Reference: c.Number, Name: c.DisplayName, Email: c.Email, Phone: c.Phone,
		Line1: c.Address1, Line2: c.Address2, City: c.City, State: c.State, Zip: c.Zip}
	if bill != nil {
		record.Name, record.Line1, record.Line2 = bill.Name, bill.Line1, bill.Line2
		record.City, record.State, record.Zip = bill.City, bill.State, bill.Zip
	}
	// the same fields make the same key: a repeated call makes one record
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %+v", s.mail.PublicURL(""), ref, salt, record))
	key := "customer-" + hex.EncodeToString(sum[:16])
	var saved string
	err = s.again(ctx, func() error {
		saved, err = g.SaveCustomer(ctx, key, ref, record)
		return err
	})
	if errors.Is(err, gateway.ErrNotFound) && ref != "" {
		return s.saveCustomer(ctx, g, customerID, "", ref+salt, bill)
	}
	if err != nil || saved == ref {
		return saved, err
	}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		return q.PutGatewayCustomer(ctx, db.PutGatewayCustomerParams{CustomerID: customerID, Gateway: g.Info().Name, Ref: saved})
	})
	if err != nil {
		return "", fmt.Errorf("payment: %w", err)
	}
	return saved, nil
}

// keeping is a method that the processor keeps on file from now on.
type keeping struct {
	customerID int64
	userID     sql.NullInt64
	gateway    string
	method     gateway.Method
	name       string
}

// keepMethod puts a method on file and returns its id. It runs in the caller's
// transaction; one that is there already is returned.
func (s *Service) keepMethod(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, k keeping) (int64, error) {
	known, err := q.GetMethodByRef(ctx, db.GetMethodByRefParams{Gateway: k.gateway, Ref: k.method.ID})
	if err == nil {
		return known.ID, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("payment: %w", err)
	}
	m := k.method
	id, err := q.AddMethod(ctx, db.AddMethodParams{CustomerID: k.customerID, Gateway: k.gateway, Ref: m.ID, Kind: string(m.Kind), Brand: m.Brand,
		Last4: m.Last4, ExpYear: int64(m.ExpYear), ExpMonth: int64(m.ExpMonth), BillingName: k.name, UserID: k.userID, CreatedAt: now})
	if err != nil {
		return 0, fmt.Errorf("payment: %w", err)
	}
	return id, audit.Record(ctx, q, now, by, audit.Entry{Action: "method.add", CustomerID: k.customerID,
		Object: inWords(string(m.Kind), m.Brand, m.Last4)})
}

// endMethod takes a method off the file, with the consent that named it. It runs
// in the caller's transaction.
func (s *Service) endMethod(ctx context.Context, q *db.Queries, now calendar.Instant, by audit.Actor, id int64, reason string) error {
	m, err := q.GetMethod(ctx, id)
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	n, err := q.EndMethod(ctx, db.EndMethodParams{EndedAt: now, EndedReason: reason, ID: id})
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	if n == 0 {
		return nil
	}
	label := labelOf(m)
	err = audit.Record(ctx, q, now, by, audit.Entry{Action: "method.end", CustomerID: m.CustomerID, Object: label, After: map[string]string{"reason": reason}})
	if err != nil {
		return err
	}
	err = s.tellDealer(ctx, q, now, fmt.Sprintf("method %d ended", id), m.CustomerID, outbox.PaymentNotice{
		Title: "A payment method is gone", Lines: []string{label + " is no longer on file: " + reason + "."}, Path: "/office"})
	if err != nil {
		return err
	}
	return s.endConsent(ctx, q, now, by, m.CustomerID, id, reason)
}

// SetupOrder is one press of "Save" on "New Credit Card" or "New eCheck".
type SetupOrder struct {
	Nonce   string
	Kind    string
	Billing Billing
	// Auto is the token of the consent that was shown, when "Auto Recurring" was
	// ticked; "" when it was not.
	Auto string
	// Replaces is the method that the new one takes the place of, 0 for none.
	Replaces int64
}

// SetupResult is what became of a set-up so far.
type SetupResult struct {
	Reference string
	// Redirect is the processor's page, "" when the visit is over.
	Redirect string
	Done     bool
	// Waiting says that the bank account has still to be verified.
	Waiting bool
	Label   string // of the method, with Done
	Message string // why nothing was put on file, "" otherwise
}

// StartSetup opens the processor's page on which a card or bank account is put
// on file, and keeps what was chosen, the consent included, until the method
// exists. It returns Invalid for refused fields, NotFound for a method to be
// replaced that is not the customer's, Unavailable when the processor cannot be
// reached. The same form twice opens one page.
func (s *Service) StartSetup(ctx context.Context, by audit.Actor, customerID int64, o SetupOrder) (SetupResult, error) {
	if !validNonce(o.Nonce) {
		return SetupResult{}, fault.New(fault.Conflict, "This form is too old. Please save it again.")
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	g, _, err := s.active(ctx)
	if err != nil {
		return SetupResult{}, err
	}
	if !takes(g, o.Kind) {
		return SetupResult{}, fault.Missing("kind of payment method")
	}
	if err := o.Billing.check(); err != nil {
		return SetupResult{}, err
	}
	accepted, err := s.accept(ctx, by, customerID, gateway.Kind(o.Kind), o.Auto)
	if err != nil {
		return SetupResult{}, err
	}
	reference := "S" + ledger.NewReference()
	if err := s.busy.take(ctx, reference); err != nil {
		return SetupResult{}, err
	}
	defer s.busy.release(reference)
	row, earlier, err := s.writeSetup(ctx, by, customerID, o, reference, g.Info().Name, accepted)
	if err != nil {
		return SetupResult{}, err
	}
	if earlier {
		wait, stop := context.WithTimeout(ctx, 15*time.Second)
		defer stop()
		if s.busy.take(wait, row.Reference) == nil {
			s.busy.release(row.Reference)
		}
		return s.Setup(ctx, customerID, row.Reference)
	}
	page, err := s.openSetupPage(ctx, g, row, o.Billing)
	if err != nil {
		s.log.Error("payment: set-up page", "setup", reference, "error", err.Error())
		moveErr := s.endSetup(ctx, row, "canceled", "")
		return SetupResult{}, errors.Join(&fault.Error{Kind: fault.Unavailable, Err: err, RetryAfter: 30 * time.Second,
			Message: "We could not reach the payment processor. Nothing was saved. Please try again in a few minutes."}, moveErr)
	}
	address := ""
	err = s.db.Write(ctx, func(q *db.Queries) error {
		now := s.clock.Now()
		if address, err = s.pageAddress(ctx, q, now, page, setupReturn(row)+"&back=1"); err != nil {
			return err
		}
		_, err := q.OpenMethodSetupPage(ctx, db.OpenMethodSetupPageParams{SessionRef: page.ID, SessionUrl: address, CheckedAt: now, ID: row.ID})
		return err
	})
	if err != nil {
		return SetupResult{}, fmt.Errorf("payment: %w", err)
	}
	return SetupResult{Reference: reference, Redirect: address}, nil
}

func takes(g gateway.Adapter, kind string) bool {
	for _, k := range g.Info().Kinds {
		if string(k) == kind {
			return true
		}
	}
	return false
}

// writeSetup writes the visit down, or finds the one this form made before.
func (s *Service) writeSetup(ctx context.Context, by audit.Actor, customerID int64, o SetupOrder, reference, gatewayName string, accepted string) (row db.MethodSetup, earlier bool, err error) {
	billing, err := json.Marshal(o.Billing)
	if err != nil {
		return row, false, err
	}
	err = s.db.Write(ctx, func(q *db.Queries) error {
		row, err = q.GetMethodSetupByNonce(ctx, o.Nonce)
		if err == nil {
			earlier = true
			if row.CustomerID != customerID || row.Kind != o.Kind {
				return fault.New(fault.Conflict, "This form is too old. Please save it again.")
			}
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("payment: %w", err)
		}
		if o.Replaces != 0 {
			_, err := q.GetMethodForCustomer(ctx, db.GetMethodForCustomerParams{ID: o.Replaces, CustomerID: customerID, Gateway: gatewayName})
			if err != nil {
				return found(err, "payment method")
			}
		}
		_, err = q.AddMethodSetup(ctx, db.AddMethodSetupParams{Reference: reference, CustomerID: customerID, UserID: db.NullID(by.UserID), Nonce: o.Nonce,
			Gateway: gatewayName, Kind: o.Kind, BillingJson: string(billing), ConsentJson: accepted, ReplacesID: db.NullID(o.Replaces), CreatedAt: s.clock.Now()})
		if err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		row, err = q.GetMethodSetupByReference(ctx, reference)
		return err
	})
	return row, earlier, err
}

// setupReturn is where the processor's page sends the customer back to.
func setupReturn(row db.MethodSetup) string {
	return "/methods/return?setup=" + url.QueryEscape(row.Reference)
}

func (s *Service) openSetupPage(ctx context.Context, g gateway.Adapter, row db.MethodSetup, bill Billing) (gateway.Page, error) {
	ref, err := s.customer(ctx, g, row.CustomerID, "")
	if err == nil {
		ref, err = s.saveCustomer(ctx, g, row.CustomerID, ref, row.Reference, &bill)
	}
	if err != nil {
		return gateway.Page{}, err
	}
	back := s.mail.PublicURL(setupReturn(row))
	var page gateway.Page
	err = s.again(ctx, func() error {
		page, err = g.OpenSetupPage(ctx, "setup-"+row.Reference, gateway.SetupPage{Reference: row.Reference, CustomerID: ref, Kind: gateway.Kind(row.Kind),
			SuccessURL: back, CancelURL: back + "&back=1", ExpiresAt: row.CreatedAt.Add(setupLife)})
		return err
	})
	return page, err
}

// Setup brings a visit to the processor's page up to date and says how it
// stands, for the page the customer comes back to.
func (s *Service) Setup(ctx context.Context, customerID int64, reference string) (SetupResult, error) {
	read := func() (db.MethodSetup, error) {
		return s.db.Read().GetMethodSetupByReferenceForCustomer(ctx, db.GetMethodSetupByReferenceForCustomerParams{Reference: reference, CustomerID: customerID})
	}
	row, err := read()
	if err != nil {
		return SetupResult{}, found(err, "visit")
	}
	if row.State == "open" || row.State == "verifying" {
		// a webhook may be at work on it at this very moment: its result is ours
		work, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.pageTime)
		defer cancel()
		if s.busy.take(work, reference) == nil {
			err := s.settleSetup(work, reference)
			s.busy.release(reference)
			if err != nil {
				return SetupResult{}, err
			}
		}
		if row, err = read(); err != nil {
			return SetupResult{}, found(err, "visit")
		}
	}
	r := SetupResult{Reference: reference, Done: row.State == "done", Waiting: row.State == "verifying", Message: row.FailureMessage}
	switch row.State {
	case "open":
		r.Redirect = row.SessionUrl
	case "done":
		m, err := s.db.Read().GetMethod(ctx, row.MethodID.Int64)
		if err != nil {
			return r, fmt.Errorf("payment: %w", err)
		}
		r.Label = labelOf(m)
	case "canceled", "expired":
		r.Message = "Nothing was saved. You can start again."
	}
	return r, nil
}

// settleSetup brings one visit up to what the processor says. The caller holds
// its lock.
func (s *Service) settleSetup(ctx context.Context, reference string) error {
	row, err := s.db.Read().GetMethodSetupByReference(ctx, reference)
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	if row.State != "open" && row.State != "verifying" {
		return nil
	}
	if row.SessionRef == "" {
		// a kill came before the page was open: nobody has its address
		return s.endSetup(ctx, row, "canceled", "")
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	// what was learnt is written down even when the caller's time is over by then
	asking, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	ctx = context.WithoutCancel(ctx)
	touch := func(why error) error {
		s.log.Warn("payment: set-up not looked up", "setup", reference, "error", why.Error())
		return s.db.Write(ctx, func(q *db.Queries) error {
			return q.TouchMethodSetup(ctx, db.TouchMethodSetupParams{CheckedAt: s.clock.Now(), ID: row.ID})
		})
	}
	g, err := s.adapter(set, row.Gateway)
	if err != nil {
		return touch(err)
	}
	out, err := g.LookupSetup(asking, row.SessionRef)
	if errors.Is(err, gateway.ErrNotFound) {
		return s.endSetup(ctx, row, "expired", "")
	}
	if err != nil {
		return touch(err)
	}
	switch out.State {
	case gateway.Succeeded:
		return s.finishSetup(ctx, g, row, out)
	case gateway.Canceled:
		return s.endSetup(ctx, row, "expired", "")
	case gateway.Failed:
		words := "The processor could not put this on file. Please try again or use another one."
		if out.Failure != nil {
			words = out.Failure.Message
		}
		return s.endSetup(ctx, row, "failed", words)
	case gateway.Action:
		if s.clock.Now() >= row.CreatedAt.Add(verifyLife) {
			return s.endSetup(ctx, row, "expired", "")
		}
		return s.db.Write(ctx, func(q *db.Queries) error {
			_, err := q.MoveMethodSetup(ctx, db.MoveMethodSetupParams{State: "verifying", SessionUrl: out.ActionURL, CheckedAt: s.clock.Now(), ID: row.ID})
			return err
		})
	case gateway.Open:
		if s.clock.Now() >= row.CreatedAt.Add(setupLife+10*time.Minute) {
			if _, err := g.Cancel(asking, "setup-"+reference+"-cancel", row.SessionRef); err != nil {
				return touch(err)
			}
		}
	}
	return s.db.Write(ctx, func(q *db.Queries) error {
		return q.TouchMethodSetup(ctx, db.TouchMethodSetupParams{CheckedAt: s.clock.Now(), ID: row.ID})
	})
}

func (s *Service) endSetup(ctx context.Context, row db.MethodSetup, state, words string) error {
	err := s.db.Write(ctx, func(q *db.Queries) error {
		_, err := q.MoveMethodSetup(ctx, db.MoveMethodSetupParams{State: state, FailureMessage: words, CheckedAt: s.clock.Now(), ID: row.ID})
		return err
	})
	if err != nil {
		return fmt.Errorf("payment: set-up: %w", err)
	}
	return nil
}

// finishSetup puts the method on file, records the consent that was given with
// it, and takes the replaced method off.
func (s *Service) finishSetup(ctx context.Context, g gateway.Adapter, row db.MethodSetup, out gateway.Setup) error {
	var bill Billing
	if err := json.Unmarshal([]byte(row.BillingJson), &bill); err != nil {
		return fmt.Errorf("payment: set-up %s: %w", row.Reference, err)
	}
	by := audit.Actor{Kind: audit.Customer, UserID: row.UserID.Int64}
	if !row.UserID.Valid {
		by = audit.Program
	}
	now := s.clock.Now()
	var consent *given
	if row.ConsentJson != "" {
		var err error
		if consent, err = s.consentGiven(ctx, row.ConsentJson, inWords(string(out.Method.Kind), out.Method.Brand, out.Method.Last4)); err != nil {
			return err
		}
	}
	var detach string
	err := s.db.Write(ctx, func(q *db.Queries) error {
		id, err := s.keepMethod(ctx, q, now, by, keeping{customerID: row.CustomerID, userID: row.UserID, gateway: row.Gateway, method: *out.Method, name: bill.Name})
		if err != nil {
			return err
		}
		n, err := q.MoveMethodSetup(ctx, db.MoveMethodSetupParams{State: "done", MethodID: db.NullID(id), CheckedAt: now, ID: row.ID})
		if err != nil || n == 0 {
			return err
		}
		if consent != nil {
			if err := s.recordConsent(ctx, q, now, consent, id); err != nil {
				return err
			}
		}
		if !row.ReplacesID.Valid || row.ReplacesID.Int64 == id {
			return nil
		}
		// a method that auto pay still draws on stays until that is moved
		standing, err := q.GetMandateForCustomer(ctx, row.CustomerID)
		if err == nil && standing.MethodID == row.ReplacesID.Int64 {
			return nil
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("payment: %w", err)
		}
		old, err := q.GetMethod(ctx, row.ReplacesID.Int64)
		if err != nil {
			return fmt.Errorf("payment: %w", err)
		}
		detach = old.Ref
		return s.endMethod(ctx, q, now, by, old.ID, "replaced by "+inWords(string(out.Method.Kind), out.Method.Brand, out.Method.Last4))
	})
	if err != nil {
		return err
	}
	detaching, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	s.detach(detaching, g, detach)
	return nil
}

// detach takes a method off the file at the processor too. Here it is ended
// already and never offered again, so trouble is logged and no more.
func (s *Service) detach(ctx context.Context, g gateway.Adapter, ref string) {
	if ref == "" {
		return
	}
	if err := g.DetachMethod(ctx, "detach-"+ref, ref); err != nil {
		s.log.Warn("payment: a method stays on file at the processor", "error", err.Error())
	}
}

// RequestDelete mails the dealer that the customer wants a method removed, once
// per method and day. It is Unavailable when the dealer has no address for it.
func (s *Service) RequestDelete(ctx context.Context, by audit.Actor, customerID, id int64) error {
	m, err := s.Method(ctx, customerID, id)
	if err != nil {
		return err
	}
	set, err := s.settings.Current(ctx)
	if err != nil {
		return err
	}
	if set.Company.Email == "" {
		return fault.New(fault.Unavailable, "Please call %s at %s.", set.Company.Name, set.Company.Phone)
	}
	today, now := s.clock.Today(set.Zone), s.clock.Now()
	return s.db.Write(ctx, func(q *db.Queries) error {
		err := s.tellDealer(ctx, q, now, fmt.Sprintf("method %d delete %s", id, today.ISO()), customerID, outbox.PaymentNotice{
			Title: "Please delete a payment method",
			Lines: []string{"The customer asks you to delete " + m.Label() + " from the customer portal."},
			Path:  "/office",
		})
		if err != nil {
			return err
		}
		return audit.Record(ctx, q, now, by, audit.Entry{Action: "method.ask_delete", CustomerID: customerID, Object: m.Label()})
	})
}

// Delete removes a method where the dealer allows customers to do so themselves;
// it is Forbidden otherwise.
func (s *Service) Delete(ctx context.Context, by audit.Actor, customerID, id int64) error {
	g, set, err := s.active(ctx)
	if err != nil {
		return err
	}
	if !set.Yes("methods.delete") {
		return fault.New(fault.Forbidden, "To delete a card or bank account contact %s, %s.", set.Company.Name, set.Company.Phone)
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	var ref string
	err = s.db.Write(ctx, func(q *db.Queries) error {
		m, err := q.GetMethodForCustomer(ctx, db.GetMethodForCustomerParams{ID: id, CustomerID: customerID, Gateway: set.Gateway})
		if err != nil {
			return found(err, "payment method")
		}
		ref = m.Ref
		return s.endMethod(ctx, q, s.clock.Now(), by, id, "deleted by the customer")
	})
	if err != nil {
		return err
	}
	s.detach(ctx, g, ref)
	return nil
}

// renewMethod follows a card that its bank replaced and the processor brought up
// to date by itself (https://docs.stripe.com/payments/cards/overview#automatic-card-updates).
// Consents to auto pay go on: they are for the card as the bank renews it.
func (s *Service) renewMethod(ctx context.Context, q *db.Queries, now calendar.Instant, m db.Method, have gateway.Method) error {
	row := db.RenewMethodParams{Brand: have.Brand, Last4: have.Last4, ExpYear: int64(have.ExpYear), ExpMonth: int64(have.ExpMonth), ID: m.ID}
	if row.Brand == m.Brand && row.Last4 == m.Last4 && row.ExpYear == m.ExpYear && row.ExpMonth == m.ExpMonth {
		return nil
	}
	if err := q.RenewMethod(ctx, row); err != nil {
		return err
	}
	type shown struct{ Brand, Last4, Expires string }
	return audit.Record(ctx, q, now, audit.Program, audit.Entry{
		Action: "method.renew", CustomerID: m.CustomerID, Object: m.Brand + " ending " + m.Last4,
		Before: shown{m.Brand, m.Last4, fmt.Sprintf("%02d/%d", m.ExpMonth, m.ExpYear)},
		After:  shown{row.Brand, row.Last4, fmt.Sprintf("%02d/%d", row.ExpMonth, row.ExpYear)},
	})
}

// syncMethod follows a change of a method at the processor: a renewed card, one
// that was removed there.
func (s *Service) syncMethod(ctx context.Context, g gateway.Adapter, ref string) (string, error) {
	name := g.Info().Name
	m, err := s.db.Read().GetMethodByRef(ctx, db.GetMethodByRefParams{Gateway: name, Ref: ref})
	if errors.Is(err, sql.ErrNoRows) {
		return "not from here", nil
	}
	if err != nil || m.EndedAt != 0 {
		return "nothing to do", err
	}
	customer, err := s.db.Read().GetGatewayCustomer(ctx, db.GetGatewayCustomerParams{CustomerID: m.CustomerID, Gateway: name})
	if err != nil {
		return "", err
	}
	list, err := g.Methods(ctx, customer)
	if err != nil && !errors.Is(err, gateway.ErrNotFound) {
		return "", err
	}
	now := s.clock.Now()
	err = s.db.Write(ctx, func(q *db.Queries) error {
		for _, have := range list {
			if have.ID == ref {
				return s.renewMethod(ctx, q, now, m, have)
			}
		}
		return s.endMethod(ctx, q, now, audit.Program, m.ID, "it was removed at the payment processor")
	})
	return "method", err
}
