// Package sale makes money of work and of promises: a completed work order
// becomes an invoice, an accepted proposal becomes a work order, an invoice and
// recurring items. It stands above the nouns that each know one of these, so
// that all of it happens in one transaction.
package sale

import (
	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/workorder"
)

// Service sells what was done and agreed to, in the open books. It is safe for
// use by several goroutines.
type Service struct {
	db     *db.DB
	clock  calendar.Clock
	books  *ledger.Service
	orders *workorder.Service
}

// New returns the service of the open books.
func New(d *db.DB, clock calendar.Clock, books *ledger.Service, orders *workorder.Service) *Service {
	return &Service{db: d, clock: clock, books: books, orders: orders}
}
