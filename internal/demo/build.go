package demo

import (
	"context"
	"fmt"

	"github.com/pquerna/otp/totp"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/autopay"
	"customerportal/internal/billing"
	"customerportal/internal/calendar"
	"customerportal/internal/gateway/sandbox"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/payment"
	"customerportal/internal/proposal"
	"customerportal/internal/sale"
	"customerportal/internal/settings"
	"customerportal/internal/workorder"
)

// Tools are what the demonstration is built with: empty books and the nouns
// that work on them, all on the same clock, which Build sets.
type Tools struct {
	DB        *db.DB
	Clock     *calendar.Fake
	Settings  *settings.Store
	Accounts  *account.Service
	Payments  *payment.Service
	AutoPay   *autopay.Service
	Ledger    *ledger.Service
	Orders    *workorder.Service
	Proposals *proposal.Service
	Sale      *sale.Service
	// Sandbox opens the sandbox that Payments works with.
	Sandbox func(*settings.Settings) (*sandbox.Sandbox, error)
	// Mail sends to the mailbox.
	Mail *outbox.Worker
}

// Build fills empty books as they would be on the clock's day and leaves the
// clock where it was.
func Build(ctx context.Context, t Tools) (*Guide, error) {
	g, err := build(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	return g, nil
}

func build(ctx context.Context, t Tools) (*Guide, error) {
	now := t.Clock.Now()
	if err := t.Settings.Set(ctx, audit.Program, dealer); err != nil {
		return nil, err
	}
	picture, err := logo()
	if err != nil {
		return nil, err
	}
	if err := t.Settings.SetLogo(ctx, audit.Program, picture); err != nil {
		return nil, err
	}
	s, err := t.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	var b *books
	m := history(calendar.DateOf(now.In(s.Zone)))
	err = t.DB.Write(ctx, func(q *db.Queries) (err error) {
		if b, err = m.write(ctx, q, s.Zone); err != nil {
			return err
		}
		if err := taxes(ctx, q, calendar.InstantOf(now)); err != nil {
			return err
		}
		return m.recurring(ctx, q, calendar.InstantOf(now), b)
	})
	if err != nil {
		return nil, err
	}
	g := &Guide{Made: calendar.InstantOf(now)}
	t.Clock.Set(now.AddDate(0, 0, -120))
	defer t.Clock.Set(now)
	users, err := b.logins(ctx, t.Accounts, g)
	if err != nil {
		return nil, err
	}
	t.Clock.Set(now)
	box, err := t.Sandbox(s)
	if err != nil {
		return nil, err
	}
	o := &online{Tools: t, box: box, zone: s.Zone, made: m, books: b, users: users, paid: map[int]string{}}
	o.plan()
	o.workOrders()
	o.proposals()
	if err := o.run(ctx); err != nil {
		return nil, err
	}
	if err := b.byHand(ctx, billing.NewDrafts(t.DB, t.Clock.Now, t.Ledger), calendar.DateOf(now.In(s.Zone))); err != nil {
		return nil, err
	}
	if err := t.Mail.Run(ctx); err != nil {
		return nil, err
	}
	if err := mailInvoice(ctx, t, b.customers[0]); err != nil {
		return nil, err
	}
	for _, n := range newcomers {
		h := households[n.customer]
		g.New = append(g.New, Newcomer{
			Key: account.FormatKey(b.keys[n.customer]), Number: customerNumber(n.customer), Zip: h.zip,
			FirstName: h.first, LastName: h.last, Phone: h.phone(n.customer), Email: h.address(), About: n.about,
		})
	}
	return g, nil
}

// mailInvoice mails the newest open invoice of a customer, so that the mailbox
// has a pay link in it.
func mailInvoice(ctx context.Context, t Tools, customer int64) error {
	err := t.DB.Write(ctx, func(q *db.Queries) error {
		open, err := ledger.Payable(ctx, q, customer)
		if err != nil || len(open) == 0 {
			return err
		}
		_, err = t.Ledger.MailInvoice(ctx, q, calendar.InstantOf(t.Clock.Now()), open[len(open)-1].ID, "issued")
		return err
	})
	if err != nil {
		return err
	}
	return t.Mail.Run(ctx)
}

// logins makes the log-ins of customers and of the office. It returns who logs in
// for which customer, by their place in households.
func (b *books) logins(ctx context.Context, accounts *account.Service, g *Guide) (map[int]int64, error) {
	users := map[int]int64{}
	for _, p := range people {
		ids := make([]int64, 0, len(p.customers))
		for _, i := range p.customers {
			ids = append(ids, b.customers[i])
		}
		first := p.customers[0]
		email := households[first].address()
		user, err := accounts.SaveUser(ctx, email, password, ids...)
		if err != nil {
			return nil, err
		}
		for _, i := range p.customers {
			users[i] = user
		}
		g.Customers = append(g.Customers, Login{Email: email, Password: password, Name: households[first].display(), Number: customerNumber(first), About: p.about})
	}
	var second Staff // one who drives about, and nobody's to try
	b.techs = make([]int64, 2)
	for _, s := range []struct {
		into              *Staff
		id                *int64
		email, name, role string
	}{
		{&g.Staff, &b.owner, staffEmail, "Olivia Hartwell", "owner"}, {&g.Clerk, &b.clerk, clerkEmail, "Ben Whitaker", "billing"},
		{&g.Technician, &b.techs[0], technicianEmail, "Dana Whitcomb", "technician"}, {&second, &b.techs[1], "luis@beaconhillsecurity.example", "Luis Ortega", "technician"},
		{&g.Seller, &b.seller, sellerEmail, "Sam Delgado", "sales"},
	} {
		key, err := totp.Generate(totp.GenerateOpts{Issuer: dealer["company.name"], AccountName: s.email})
		if err != nil {
			return nil, err
		}
		*s.into = Staff{Email: s.email, Password: staffPassword, Secret: key.Secret()}
		if *s.id, err = accounts.SaveStaff(ctx, account.StaffRecord{Email: s.email, Name: s.name, Role: s.role, Password: staffPassword, Secret: key.Secret()}); err != nil {
			return nil, err
		}
	}
	return users, nil
}
