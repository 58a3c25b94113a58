package demo

import (
	"context"
	"fmt"

	"github.com/pquerna/otp/totp"

	"customerportal/db"
	"customerportal/internal/account"
	"customerportal/internal/audit"
	"customerportal/internal/calendar"
	"customerportal/internal/settings"
)

// Tools are what the demonstration is built with: empty books and the nouns
// that work on them, all on the same clock, which Build sets.
type Tools struct {
	DB       *db.DB
	Clock    *calendar.Fake
	Settings *settings.Store
	Accounts *account.Service
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
	s, err := t.Settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	var b *books
	m := history(calendar.DateOf(now.In(s.Zone)))
	err = t.DB.Write(ctx, func(q *db.Queries) (err error) {
		b, err = m.write(ctx, q, s.Zone)
		return err
	})
	if err != nil {
		return nil, err
	}
	g := &Guide{Made: calendar.InstantOf(now)}
	if err := b.logins(ctx, t.Accounts, g); err != nil {
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

// logins makes the log-ins of customers and of the owner.
func (b *books) logins(ctx context.Context, accounts *account.Service, g *Guide) error {
	for _, p := range people {
		ids := make([]int64, 0, len(p.customers))
		for _, i := range p.customers {
			ids = append(ids, b.customers[i])
		}
		first := p.customers[0]
		email := households[first].address()
		if _, err := accounts.SaveUser(ctx, email, password, ids...); err != nil {
			return err
		}
		g.Customers = append(g.Customers, Login{Email: email, Password: password, Name: households[first].display(), Number: customerNumber(first), About: p.about})
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: dealer["company.name"], AccountName: staffEmail})
	if err != nil {
		return err
	}
	g.Staff = Staff{Email: staffEmail, Password: staffPassword, Secret: key.Secret()}
	_, err = accounts.SaveStaff(ctx, account.StaffRecord{Email: staffEmail, Name: "Olivia Hartwell", Role: "owner", Password: staffPassword, Secret: g.Staff.Secret})
	return err
}
