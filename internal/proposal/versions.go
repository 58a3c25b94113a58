package proposal

import (
	"context"
	"fmt"
	"strings"
	"time"

	"customerportal/db"
	"customerportal/internal/calendar"
	"customerportal/internal/fault"
	"customerportal/internal/money"
)

// Sibling is a version of a proposal as the others of its number see it. The zero
// Sibling is none.
type Sibling struct {
	ID, Version int64
	State       State
	Accepted    calendar.Instant // none = it was not
}

// Deposit is an invoice over a deposit that was asked with an accepted version.
type Deposit struct {
	Version     int64
	InvoiceID   int64
	Invoice     string // its number
	Asked, Left money.Cents
}

// Kin is how one version stands to the others of its number. A version that was
// accepted stands until a later one is accepted, too: that one takes its place,
// and the deposits that were asked count for it. Of all of them one at most is
// carried out.
type Kin struct {
	Version int64
	// Standing is the version that was accepted last, whichever it is.
	Standing Sibling
	// Before is the one that was accepted last before this one.
	Before Sibling
	// Successor is the version that was accepted in the place of this one, which
	// was accepted itself.
	Successor Sibling
	// Open is a later version that the customer can decide on.
	Open Sibling
	// Carried is the version that was carried out.
	Carried Sibling
	// Deposits are those of the accepted versions up to this one, the oldest first.
	// A voided one is none.
	Deposits []Deposit
}

// KinOf returns how a version stands to the others of its number on a day. It
// reads in the caller's transaction.
func KinOf(ctx context.Context, q *db.Queries, number string, version int64, today calendar.Date) (Kin, error) {
	k := Kin{Version: version}
	rows, err := q.ListProposalKin(ctx, number)
	if err != nil {
		return k, fmt.Errorf("proposal: versions of %s: %w", number, err)
	}
	accepted := false
	for _, r := range rows {
		one := Sibling{ID: r.ID, Version: r.Version, State: StateOf(r.State, calendar.Date(r.ValidUntil), today)}
		if r.CarriedAt != 0 {
			k.Carried = one
		}
		if one.State.Open() && r.Version > version {
			k.Open = one
		}
		if r.State != "accepted" {
			continue
		}
		one.Accepted = r.DecidedAt
		k.Standing = one
		switch {
		case r.Version < version:
			k.Before = one
		case r.Version == version:
			accepted = true
		case accepted && k.Successor.ID == 0:
			k.Successor = one
		}
		if r.InvoiceID != 0 && r.Version <= version {
			k.Deposits = append(k.Deposits, Deposit{Version: r.Version, InvoiceID: r.InvoiceID, Invoice: r.Invoice, Asked: money.Cents(r.Asked), Left: money.Cents(r.Unpaid)})
		}
	}
	return k, nil
}

// Asked is what was asked as deposits with the versions before this one.
func (k Kin) Asked() (sum money.Cents) {
	for _, d := range k.Deposits {
		if d.Version < k.Version {
			sum += d.Asked
		}
	}
	return sum
}

// askedWith says with which versions that was.
func (k Kin) askedWith() string {
	var with []string
	for _, d := range k.Deposits {
		if d.Version < k.Version {
			with = append(with, fmt.Sprint(d.Version))
		}
	}
	if len(with) == 1 {
		return "with version " + with[0]
	}
	return "with versions " + strings.Join(with, " and ")
}

// Deposited is what was asked as deposits with this version and those before it.
func (k Kin) Deposited() (sum money.Cents) {
	for _, d := range k.Deposits {
		sum += d.Asked
	}
	return sum
}

// stillFree refuses what would go on with a proposal of which another version was
// carried out: that would be charged for twice.
func (k Kin) stillFree() error {
	if k.Carried.ID == 0 || k.Carried.Version == k.Version {
		return nil
	}
	return errCarried(k.Carried.Version)
}

func errCarried(version int64) error {
	return fault.New(fault.Conflict, "Version %d was carried out. What comes on top of it is a proposal of its own: make a copy and send that.", version)
}

// words tell the customer how a version in that state stands to those that were
// accepted, and which one that is about; "" when there is nothing to say.
func (k Kin) words(state State, decided calendar.Instant, zone *time.Location) (string, int64) {
	on := func(i calendar.Instant) string { return i.Date(zone).String() }
	switch {
	case k.Successor.ID != 0:
		return fmt.Sprintf("Accepted %s; replaced by version %d, accepted %s.", on(decided), k.Successor.Version, on(k.Successor.Accepted)), k.Successor.Version
	case state == StateAccepted && k.Open.ID != 0:
		return fmt.Sprintf("There is a newer version for you to decide on, version %d. Until you accept that one, this one stands.", k.Open.Version), k.Open.Version
	case state == StateAccepted && k.Before.ID != 0:
		return fmt.Sprintf("It took the place of version %d, which you accepted on %s.", k.Before.Version, on(k.Before.Accepted)), k.Before.Version
	case state == StateAccepted:
		return "", 0
	case state.Open() && k.Before.ID != 0:
		return fmt.Sprintf("You accepted version %d on %s. It stands until you accept this one; if you reject this one or leave it, nothing changes.", k.Before.Version, on(k.Before.Accepted)), k.Before.Version
	case k.Standing.ID != 0 && k.Standing.Version < k.Version:
		return fmt.Sprintf("Version %d, which you accepted on %s, stands.", k.Standing.Version, on(k.Standing.Accepted)), k.Standing.Version
	}
	return "", 0
}

// takesPlace says on the paper of a version what becomes of the one that was
// accepted before it; "" when there is none.
func (k Kin) takesPlace(acceptedOn calendar.Date) string {
	if k.Before.ID == 0 {
		return ""
	}
	words := fmt.Sprintf("When it is accepted, this version takes the place of version %d, which was accepted on %s. Until then, and when it is not accepted, version %d stands.",
		k.Before.Version, acceptedOn, k.Before.Version)
	for _, d := range k.Deposits {
		if d.Version < k.Version {
			words += fmt.Sprintf(" The deposit of %s that was asked with version %d (invoice %s) counts for this one.", d.Asked, d.Version, d.Invoice)
		}
	}
	return words
}
