// Package proposal holds what the dealer offers a customer and how the customer
// decided: drafts that staff write, the frozen paper that was sent, the
// decision with its evidence, and the trail of all that happened to it.
//
// One row is one version. From the moment a version is sent nothing of it
// changes but where it stands; an edit makes a new version, unsigned, and the
// old one stays as it was.
package proposal

import (
	"log/slog"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/ledger"
	"customerportal/internal/outbox"
	"customerportal/internal/settings"
)

// Service is the proposals of the open books. It is safe for use by several
// goroutines.
type Service struct {
	db       *db.DB
	clock    calendar.Clock
	settings *settings.Store
	mail     *outbox.Writer
	books    *ledger.Service
	log      *slog.Logger
}

// New returns the proposals of the open books.
func New(d *db.DB, clock calendar.Clock, store *settings.Store, mail *outbox.Writer, books *ledger.Service, log *slog.Logger) *Service {
	return &Service{db: d, clock: clock, settings: store, mail: mail, books: books, log: log}
}
