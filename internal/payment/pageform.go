package payment

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/gateway"
)

// PageForm opens a processor's page that must be posted to.
type PageForm struct {
	URL    string
	Fields []PageField
	// Back is where the customer goes without opening it.
	Back string
	// Over says that the processor does not take the form any more.
	Over bool
}

// PageField is one hidden field of a [PageForm].
type PageField struct{ Name, Value string }

// PageForm returns the form behind an address that a Result's Redirect named. It
// is NotFound when there is none, or none any more. Whoever has the address may
// have it: like the address of a processor's page it lets nobody do more than pay
// there, or leave a card.
func (s *Service) PageForm(ctx context.Context, key string) (PageForm, error) {
	row, err := s.db.Read().GetPageForm(ctx, key)
	if err != nil {
		return PageForm{}, found(err, "page")
	}
	fields, err := url.ParseQuery(row.Fields)
	if err != nil {
		return PageForm{}, fmt.Errorf("payment: page form: %w", err)
	}
	f := PageForm{URL: row.Url, Back: row.Back, Over: s.clock.Now() >= row.EndsAt}
	for name, values := range fields {
		for _, v := range values {
			f.Fields = append(f.Fields, PageField{name, v})
		}
	}
	slices.SortFunc(f.Fields, func(x, y PageField) int {
		if x.Name < y.Name {
			return -1
		}
		return 1
	})
	return f, nil
}

// pageAddress is where the customer is sent to for a processor's page: the page
// itself, or the address of ours that posts its form. It runs in the caller's
// transaction.
func (s *Service) pageAddress(ctx context.Context, q *db.Queries, now calendar.Instant, page gateway.Page, back string) (string, error) {
	if page.Post == "" {
		return page.URL, nil
	}
	key := random(16)
	err := q.DeleteOldPageForms(ctx, now.Add(-24*time.Hour))
	if err == nil {
		err = q.AddPageForm(ctx, db.AddPageFormParams{Key: key, Url: page.URL, Fields: page.Post, Back: back, EndsAt: page.PostUntil})
	}
	if err != nil {
		return "", fmt.Errorf("payment: page form: %w", err)
	}
	return s.mail.PublicURL("/go/" + key), nil
}

// stillOpen answers an order for invoices whose earlier page the processor cannot
// close: the same order goes on there, another one has to wait.
func (s *Service) stillOpen(ctx context.Context, p db.Payment, o Order, life time.Duration) (Result, error) {
	wait := p.SubmittedAt.Add(life).Sub(s.clock.Now())
	minutes := max(1, int((wait+time.Minute-1)/time.Minute))
	plural := "s"
	if minutes == 1 {
		plural = ""
	}
	var earlier error // what is the customer's own is not the guest's to know
	if o.Guest == byLink(p) {
		earlier = &Earlier{Reference: p.Reference}
		same, err := s.same(ctx, p, o)
		if err != nil {
			return Result{}, err
		}
		if same && o.Keep == (p.KeepMethod != 0) {
			return resultOf(p), nil
		}
	}
	return Result{}, &fault.Error{Kind: fault.Conflict, Err: earlier, RetryAfter: time.Duration(minutes) * time.Minute,
		Message: fmt.Sprintf("You opened a payment page for these invoices before, and it can still be used. Nothing new was started, so that nothing is paid twice. "+
			"Pay on that page, or change your choices in %d minute%s.", minutes, plural)}
}
