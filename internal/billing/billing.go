// Package billing charges customers for what recurs: it keeps the recurring
// items (monitoring, leases, inspections) with the history of their prices, the
// sales tax of the sites, and makes a month's invoices of both.
package billing

import (
	"log/slog"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

// Service is the billing of the open books. It is safe for use by several
// goroutines.
type Service struct {
	db       *db.DB
	clock    calendar.Clock
	settings *settings.Store
	mail     *outbox.Writer
	ledger   *ledger.Service
	log      *slog.Logger
	woken    chan struct{}
	overview db.Kept[overview]
}

// New returns the billing of the open books.
func New(d *db.DB, clock calendar.Clock, store *settings.Store, mail *outbox.Writer, books *ledger.Service, log *slog.Logger) *Service {
	return &Service{db: d, clock: clock, settings: store, mail: mail, ledger: books, log: log, woken: make(chan struct{}, 1)}
}
