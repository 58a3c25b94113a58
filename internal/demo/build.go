package demo

import (
	"context"
	"fmt"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/settings"
)

// Tools are what the demonstration is built with: the nouns of empty books,
// wired to a clock that Build sets.
type Tools struct {
	DB       *db.DB
	Clock    *calendar.Fake
	Settings *settings.Store
}

// Build fills empty books as they would be on the clock's day and leaves the
// clock where it was.
func Build(ctx context.Context, t Tools) (*Guide, error) {
	if err := setDealer(ctx, t.Settings); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	return &Guide{Made: calendar.InstantOf(t.Clock.Now())}, nil
}
